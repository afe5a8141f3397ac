"""How a conversation is read back: windows of time, pages with cursors, thread counts, metadata only on demand."""

import base64
import binascii
import bisect
from dataclasses import dataclass

from handlers.slack.standin.shapes import Json, Refusal
from handlers.slack.standin.workspace import ELSEWHERE, Channel, User, Workspace, micros, ts_of, without_payload

_FOREVER = 10**18


@dataclass(frozen=True, slots=True)
class Window:
    """Which messages of which time, in microseconds, both ends inside; `cursor` is the last one already shown, or 0."""

    oldest: int
    latest: int
    limit: int
    cursor: int = 0
    all_metadata: bool = False


def window(oldest: str, latest: str, inclusive: bool, limit: int) -> Window:
    """The window these arguments name; raises Refusal `invalid_ts_oldest` or `invalid_ts_latest`."""
    first, last = _edge(oldest, "invalid_ts_oldest", 0), _edge(latest, "invalid_ts_latest", _FOREVER)
    shift = 0 if inclusive else 1
    return Window(first + (shift if first else 0), last - (shift if last != _FOREVER else 0), limit)


def _edge(ts: str, code: str, default: int) -> int:
    if not ts or ts == "now":
        return default
    try:
        return micros(ts)
    except ValueError:
        raise Refusal(code) from None


def cursor_of(position: int | str) -> str:
    """The opaque word that stands for this position."""
    return base64.b64encode(f"next:{position}".encode()).decode()


def position_of(cursor: str) -> str:
    """The position inside a cursor; raises Refusal `invalid_cursor` for a word that this workspace never gave."""
    try:
        word, _, position = base64.b64decode(cursor, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise Refusal("invalid_cursor") from None
    if word != "next" or not position:
        raise Refusal("invalid_cursor")
    return position


def page(items: list[str], limit: int, cursor: str) -> tuple[list[str], str]:
    """One page of a list and the cursor of the next one ("" at the end)."""
    start = int(position_of(cursor)) if cursor else 0
    end = start + limit
    return items[start:end], cursor_of(end) if end < len(items) else ""


def history(channel: Channel, at: Window) -> tuple[list[Json], str]:
    """The newest messages of the window outside threads, newest first, and the next cursor ("" when that was all)."""
    end = bisect.bisect_right(channel.order, at.latest if not at.cursor else min(at.latest, at.cursor - 1))
    found: list[Json] = []
    for moment in reversed(channel.order[:end]):
        if moment < at.oldest:
            break
        message = channel.messages[ts_of(moment)]
        if message.get("thread_ts", message["ts"]) != message["ts"] and message.get("subtype") != "thread_broadcast":
            continue
        if len(found) == at.limit:
            return found, cursor_of(micros(found[-1]["ts"]))
        found.append(shown(channel, message, all_metadata=at.all_metadata))
    return found, ""


def replies(channel: Channel, ts: str, at: Window) -> tuple[list[Json], str]:
    """The root and then its replies in the window, oldest first; later pages go on without the root."""
    if ts not in channel.messages:
        raise Refusal("thread_not_found")
    inside = [reply for reply in channel.threads.get(ts, ()) if at.oldest <= micros(reply) <= at.latest]
    rows = [ts, *inside] if not at.cursor else [reply for reply in inside if micros(reply) > at.cursor]
    chosen = rows[: at.limit]
    messages = [shown(channel, channel.messages[row], all_metadata=at.all_metadata) for row in chosen]
    return messages, cursor_of(micros(chosen[-1])) if len(rows) > at.limit else ""


def shown(channel: Channel, message: Json, *, all_metadata: bool = False) -> Json:
    """The message as a read gives it: a root with its thread counts, metadata whole only on demand."""
    seen = message if all_metadata else without_payload(message)
    under = channel.threads.get(message["ts"])
    if not under:
        return seen
    people = list(dict.fromkeys(channel.messages[reply].get("user", "") for reply in under))
    return {
        **seen,
        "thread_ts": message["ts"],
        "reply_count": len(under),
        "reply_users_count": len(people),
        "reply_users": people[:5],
        "latest_reply": under[-1],
        "is_locked": message["ts"] in channel.locked,
        "subscribed": False,
    }


def channel_json(space: Workspace, channel: Channel) -> Json:
    """The conversation object of the Web API."""
    if channel.kind == "im":
        person = next(user for user in channel.members if user != space.app.bot_user_id)
        return {"id": channel.id, "is_im": True, "user": person, "is_archived": False, "created": 0}
    return {
        "id": channel.id,
        "name": channel.name,
        "name_normalized": channel.name,
        "is_channel": channel.kind == "channel",
        "is_group": channel.kind == "group",
        "is_im": False,
        "is_mpim": False,
        "is_private": channel.kind == "group",
        "is_archived": channel.archived,
        "is_general": False,
        "is_member": space.app.bot_user_id in channel.members,
        "is_ext_shared": space.is_shared(channel),
        "created": 0,
        "num_members": len(channel.members),
        "topic": {"value": "", "creator": "", "last_set": 0},
        "purpose": {"value": "", "creator": "", "last_set": 0},
    }


def user_json(space: Workspace, user: User, *, locale: bool = False) -> Json:
    """The user object of the Web API; a stranger's is reduced, and has neither zone nor locale."""
    name = user.name.title().replace(".", " ")
    profile = {"real_name": name, "display_name": user.display_name, "display_name_normalized": user.display_name}
    base: Json = {"id": user.id, "name": user.name, "deleted": user.deleted, "is_bot": user.is_bot, "profile": profile}
    if user.stranger:
        return {**base, "team_id": ELSEWHERE, "is_stranger": True}
    whole = {**base, "team_id": space.app.team_id, "real_name": name, "tz": user.tz, "tz_label": user.tz}
    return {**whole, "locale": user.locale} if locale else whole
