"""The `conversations.*`, `users.*`, `bots.*`, `team.*` and `auth.*` methods."""

from handlers.slack.standin.args import Args
from handlers.slack.standin.backend import Backend
from handlers.slack.standin.chat_methods import readable_channel
from handlers.slack.standin.reading import (
    Window,
    channel_json,
    history,
    page,
    position_of,
    replies,
    user_json,
    window,
)
from handlers.slack.standin.shapes import Json, Refusal
from handlers.slack.standin.workspace import Channel

_KINDS = {"public_channel": "channel", "private_channel": "group", "im": "im", "mpim": "mpim"}


def _window(backend: Backend, args: Args, default: int, most: int) -> Window:
    cap = backend.app.history_cap or most
    base = window(args.text("oldest"), args.text("latest"), args.flag("inclusive"), args.limit(default, min(cap, most)))
    cursor = args.text("cursor")
    after = position_of(cursor) if cursor else "0"
    if not after.isdigit():
        raise Refusal("invalid_cursor")
    return Window(base.oldest, base.latest, base.limit, int(after), args.flag("include_all_metadata"))


def _page(messages: list[Json], cursor: str) -> Json:
    found: Json = {"messages": messages, "has_more": bool(cursor)}
    return {**found, "response_metadata": {"next_cursor": cursor}} if cursor else found


def _joined(backend: Backend, name: str) -> Channel:
    channel = readable_channel(backend, name)
    if backend.app.bot_user_id not in channel.members:
        raise Refusal("not_in_channel")
    return channel


def conversations_history(backend: Backend, args: Args) -> Json:
    """conversations.history: newest first, 100 unless `limit` says otherwise, at most 999."""
    channel = _joined(backend, args.text("channel"))
    messages, cursor = history(channel, _window(backend, args, 100, 999))
    return {**_page(messages, cursor), "pin_count": len(channel.pins)}


def conversations_replies(backend: Backend, args: Args) -> Json:
    """conversations.replies: the root first, then oldest first; at most 1,000."""
    channel = _joined(backend, args.text("channel"))
    messages, cursor = replies(channel, args.text("ts"), _window(backend, args, 1000, 1000))
    return _page(messages, cursor)


def conversations_info(backend: Backend, args: Args) -> Json:
    """conversations.info: the channel; `num_members` only on demand."""
    found = channel_json(backend.workspace, readable_channel(backend, args.text("channel")))
    if not args.flag("include_num_members"):
        found.pop("num_members", None)
    return {"channel": found}


def conversations_members(backend: Backend, args: Args) -> Json:
    """conversations.members: user ids in order of joining, by pages."""
    channel = readable_channel(backend, args.text("channel"))
    members, cursor = page(list(channel.members), args.limit(100, 1000), args.text("cursor"))
    return {"members": members, "response_metadata": {"next_cursor": cursor}}


def conversations_join(backend: Backend, args: Args) -> Json:
    """conversations.join: the bot is a member of the public channel."""
    channel = readable_channel(backend, args.text("channel"))
    if channel.kind != "channel":
        raise Refusal("method_not_supported_for_channel_type")
    already = backend.app.bot_user_id in channel.members
    backend.workspace.join(channel, backend.app.bot_user_id)
    warning: Json = {"warning": "already_in_channel"} if already else {}
    return {"channel": channel_json(backend.workspace, channel), **warning}


def conversations_open(backend: Backend, args: Args) -> Json:
    """conversations.open: the direct conversation with one user."""
    users = [user for user in args.text("users").split(",") if user]
    if args.text("channel"):
        return {"channel": {"id": readable_channel(backend, args.text("channel")).id}}
    if not users:
        raise Refusal("users_list_not_supplied")
    if len(users) > 1:
        raise Refusal("method_not_supported_for_channel_type")
    known = users[0] in backend.workspace.home_of
    channel = backend.workspace.direct_channel(users[0])
    whole = channel_json(backend.workspace, channel) if args.flag("return_im") else {"id": channel.id}
    return {"channel": whole, "no_op": known, "already_open": known}


def _listed(backend: Backend, args: Args, channels: list[Channel]) -> Json:
    wanted = [kind for kind in args.text("types", "public_channel").split(",") if kind]
    if unknown := [kind for kind in wanted if kind not in _KINDS]:
        raise Refusal("invalid_types", detail=unknown)
    kinds = {_KINDS[kind] for kind in wanted}
    chosen = {one.id: one for one in channels if one.kind in kinds}
    if args.flag("exclude_archived"):
        chosen = {name: one for name, one in chosen.items() if not one.archived}
    ids, cursor = page(list(chosen), args.limit(100, 1000), args.text("cursor"))
    rows = [channel_json(backend.workspace, chosen[name]) for name in ids]
    return {"channels": rows, "response_metadata": {"next_cursor": cursor}}


def users_conversations(backend: Backend, args: Args) -> Json:
    """users.conversations: where this user is a member, the bot itself when none is named."""
    user = args.text("user") or backend.app.bot_user_id
    backend.workspace.user(user)
    mine = [one for one in backend.workspace.channels.values() if user in one.members]
    return _listed(backend, args, mine)


def conversations_list(backend: Backend, args: Args) -> Json:
    """conversations.list: public channels, and private ones the bot is in."""
    bot = backend.app.bot_user_id
    seen = [one for one in backend.workspace.channels.values() if one.kind == "channel" or bot in one.members]
    return _listed(backend, args, seen)


def users_info(backend: Backend, args: Args) -> Json:
    """users.info: the account, its locale only with `include_locale`, a stranger's reduced."""
    user = backend.workspace.user(args.text("user"))
    if not user.visible:
        raise Refusal("user_not_found")
    return {"user": user_json(backend.workspace, user, locale=args.flag("include_locale"))}


def users_list(backend: Backend, args: Args) -> Json:
    """users.list: everybody with a profile, by pages."""
    seen = [user.id for user in backend.workspace.users.values() if user.visible]
    ids, cursor = page(seen, args.limit(1000, 1000), args.text("cursor"))
    locale = args.flag("include_locale")
    rows = [user_json(backend.workspace, backend.workspace.users[one], locale=locale) for one in ids]
    return {"members": rows, "response_metadata": {"next_cursor": cursor}}


def bots_info(backend: Backend, args: Args) -> Json:
    """bots.info: the app's own bot."""
    app = backend.app
    if args.text("bot", app.bot_id) != app.bot_id:
        raise Refusal("bot_not_found")
    about = {"id": app.bot_id, "name": app.bot_name, "app_id": app.app_id, "user_id": app.bot_user_id}
    return {"bot": {**about, "deleted": False, "updated": 0}}


def team_info(backend: Backend, args: Args) -> Json:
    """team.info: the workspace."""
    app = backend.app
    if args.text("team", app.team_id) != app.team_id:
        raise Refusal("team_not_found")
    about = {"id": app.team_id, "name": app.team_domain, "domain": app.team_domain}
    return {"team": {**about, "url": f"https://{app.team_domain}.slack.com/"}}


def auth_test(backend: Backend, _args: Args) -> Json:
    """auth.test: who the bot is."""
    app = backend.app
    about = {"team": app.team_domain, "user": app.bot_name, "team_id": app.team_id, "user_id": app.bot_user_id}
    url = f"https://{app.team_domain}.slack.com/"
    return {**about, "url": url, "bot_id": app.bot_id, "is_enterprise_install": False}


def api_test(_backend: Backend, args: Args) -> Json:
    """api.test: the arguments back, or the error that was asked for."""
    if args.text("error"):
        raise Refusal(args.text("error"))
    return {"args": args.given}
