"""The `chat.*`, `reactions.*` and `pins.*` methods."""

from typing import Any

from handlers.slack.standin.args import Args
from handlers.slack.standin.backend import Backend
from handlers.slack.standin.limits import MAX_MARKDOWN, MAX_TEXT, MAX_UPDATE_TEXT, check_blocks, check_metadata
from handlers.slack.standin.reading import shown
from handlers.slack.standin.richtext import stored_text
from handlers.slack.standin.shapes import Json, Refusal
from handlers.slack.standin.workspace import Channel, micros


def _blocks(args: Args) -> list[Json]:
    blocks: Any = args.json("blocks", "invalid_blocks_format")
    return [] if blocks is None else check_blocks(blocks)


def _content(args: Args) -> tuple[str, list[Json]]:
    text, blocks, markdown = args.text("text"), _blocks(args), args.text("markdown_text")
    if markdown and (text or blocks):
        raise Refusal("markdown_text_conflict")
    if len(markdown) > MAX_MARKDOWN:
        raise Refusal("msg_too_long")
    if markdown:
        return markdown, [{"type": "markdown", "text": markdown}]
    if not text and not blocks and not args.json("attachments", "invalid_attachments"):
        raise Refusal("no_text")
    return text, blocks


def readable_channel(backend: Backend, name: str) -> Channel:
    """The channel if the bot may know of it: a private one only from inside; raises Refusal `channel_not_found`."""
    channel = backend.workspace.channel(name)
    if channel.kind == "group" and backend.app.bot_user_id not in channel.members:
        raise Refusal("channel_not_found")
    return channel


def posting_channel(backend: Backend, name: str) -> Channel:
    """The channel if the bot may write in it, a user id standing for the direct one; raises Refusal."""
    direct = name[:1] in ("U", "W") and name in backend.workspace.users
    channel = backend.workspace.direct_channel(name) if direct else readable_channel(backend, name)
    if channel.archived:
        raise Refusal("is_archived")
    if backend.app.bot_user_id not in channel.members and "chat:write.public" not in backend.app.scopes:
        raise Refusal("not_in_channel")
    return channel


def post_message(backend: Backend, args: Args) -> Json:
    """chat.postMessage: the message is stored; text beyond 40,000 characters is cut, one message a second a channel."""
    channel = posting_channel(backend, args.text("channel"))
    text, blocks = _content(args)
    metadata = check_metadata(args.json("metadata", "invalid_metadata_format"))
    thread_ts = args.text("thread_ts")
    if thread_ts:
        backend.workspace.thread_root(channel, thread_ts)
    if wait := backend.rates.wait_for_post(channel.id):
        raise Refusal("ratelimited", retry_after=wait)
    message = backend.workspace.bot_message(text[:MAX_TEXT], blocks)
    if metadata:
        message["metadata"] = metadata
    stored = backend.post(channel, message, thread_ts, broadcast=args.flag("reply_broadcast"))
    answer: Json = {"channel": channel.id, "ts": stored["ts"], "message": stored}
    if len(text) > MAX_TEXT:
        answer["response_metadata"] = {"warnings": ["message_truncated"]}
    return answer


def post_ephemeral(backend: Backend, args: Args) -> Json:
    """chat.postEphemeral: shown to one member, kept nowhere."""
    channel = posting_channel(backend, args.text("channel"))
    text, blocks = _content(args)
    user = args.text("user")
    if user not in channel.members:
        raise Refusal("user_not_in_channel")
    if len(text) > MAX_TEXT:
        raise Refusal("msg_too_long")
    fields = {"text": stored_text(text), "blocks": blocks, "thread_ts": args.text("thread_ts")}
    return {"message_ts": backend.whisper(channel.id, user, fields)["message_ts"]}


def update(backend: Backend, args: Args) -> Json:
    """chat.update: the bot's own message is changed; text alone drops the blocks, metadata stays unless sent."""
    channel = readable_channel(backend, args.text("channel"))
    message = backend.workspace.message(channel, args.text("ts"))
    if message.get("bot_id") != backend.app.bot_id:
        raise Refusal("cant_update_message")
    if channel.archived:
        raise Refusal("is_inactive")
    metadata = check_metadata(args.json("metadata", "invalid_metadata_format"))
    fields = _updated(backend, args, message)
    if args.has("metadata"):
        fields["metadata"] = metadata or None
    editor = "" if args.has("blocks") else backend.app.bot_user_id
    changed = backend.workspace.change(channel, message["ts"], fields, edited_by=editor)
    return {"channel": channel.id, "ts": message["ts"], "text": changed["text"], "message": changed}


def _updated(backend: Backend, args: Args, message: Json) -> Json:
    if not args.has("text") and not args.has("blocks") and args.has("metadata"):
        return {}
    text, blocks = _content(args)
    if len(text) > MAX_UPDATE_TEXT:
        raise Refusal("msg_too_long")
    if not args.has("text") and not args.has("markdown_text"):
        return {"blocks": blocks, "text": message["text"]}
    made = backend.workspace.bot_message(text, blocks)
    return {"text": made["text"], "blocks": made["blocks"]}


def delete(backend: Backend, args: Args) -> Json:
    """chat.delete: the bot's own message is gone, or a tombstone when it has replies."""
    channel = readable_channel(backend, args.text("channel"))
    message = backend.workspace.message(channel, args.text("ts"))
    if message.get("bot_id") != backend.app.bot_id:
        raise Refusal("cant_delete_message")
    backend.workspace.remove(channel, message["ts"])
    return {"channel": channel.id, "ts": message["ts"]}


def get_permalink(backend: Backend, args: Args) -> Json:
    """chat.getPermalink: the address of the message; a reply's names its thread."""
    channel = readable_channel(backend, args.text("channel"))
    message = backend.workspace.message(channel, args.text("message_ts"))
    ts, root = message["ts"], message.get("thread_ts", message["ts"])
    link = f"https://{backend.app.team_domain}.slack.com/archives/{channel.id}/p{ts.replace('.', '')}"
    tail = "" if root == ts else f"?thread_ts={root}&cid={channel.id}"
    return {"channel": channel.id, "permalink": link + tail}


def _item(backend: Backend, args: Args) -> tuple[Channel, str]:
    channel_id, ts = args.text("channel"), args.text("timestamp")
    if not channel_id or not ts:
        raise Refusal("no_item_specified")
    try:
        micros(ts)
    except ValueError:
        raise Refusal("bad_timestamp") from None
    channel = readable_channel(backend, channel_id)
    backend.workspace.message(channel, ts)
    return channel, ts


def reactions_add(backend: Backend, args: Args) -> Json:
    """reactions.add: the bot's reaction is on the message."""
    channel, ts = _item(backend, args)
    if channel.archived:
        raise Refusal("is_archived")
    backend.workspace.react(channel, ts, backend.app.bot_user_id, args.text("name").strip(":"))
    return {}


def reactions_remove(backend: Backend, args: Args) -> Json:
    """reactions.remove: the bot's reaction is off the message."""
    channel, ts = _item(backend, args)
    backend.workspace.unreact(channel, ts, backend.app.bot_user_id, args.text("name").strip(":"))
    return {}


def reactions_get(backend: Backend, args: Args) -> Json:
    """reactions.get: the message with its reactions; beyond 50 users the list is cut unless `full`, never the count."""
    channel, ts = _item(backend, args)
    message = shown(channel, channel.messages[ts])
    most = len(backend.workspace.users) if args.flag("full") else 50
    cut = [{**one, "users": one["users"][:most]} for one in message.get("reactions", ())]
    return {"type": "message", "channel": channel.id, "message": {**message, **({"reactions": cut} if cut else {})}}


def pins_add(backend: Backend, args: Args) -> Json:
    """pins.add: the message is pinned; raises Refusal `already_pinned` the second time."""
    channel, ts = _item(backend, args)
    if backend.app.bot_user_id not in channel.members:
        raise Refusal("not_in_channel")
    if ts in channel.pins:
        raise Refusal("already_pinned")
    channel.pins.append(ts)
    return {}
