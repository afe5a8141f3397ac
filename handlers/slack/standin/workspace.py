"""The workspace itself: its people, its channels and what was said in them; every change tells `emit` what happened."""

import bisect
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Literal, Protocol

from handlers.slack.standin.richtext import rich_text, stored_text
from handlers.slack.standin.shapes import InstalledApp, Json, Refusal

ChannelKind = Literal["channel", "group", "im"]
ELSEWHERE = "T0ELSEWHERE"  # the team of every stranger


class Emit(Protocol):
    """Takes one event that happened; `channel` is where, when only its members may hear of it."""

    def __call__(self, subscription: str, event: Json, channel: "Channel | None" = None) -> None:
        """The event was told to whom it concerns."""
        ...


@dataclass(slots=True)
class User:
    """One account; a `stranger` comes from another organisation, an invisible one has no profile to read."""

    id: str
    name: str
    display_name: str = ""
    is_bot: bool = False
    tz: str = "Europe/Madrid"
    locale: str = "es-ES"
    stranger: bool = False
    visible: bool = True
    deleted: bool = False


@dataclass(slots=True)
class Channel:
    """One conversation and its messages by ts; `order` holds their times in microseconds, ascending."""

    id: str
    name: str
    kind: ChannelKind = "channel"
    members: dict[str, None] = field(default_factory=dict)
    archived: bool = False
    messages: dict[str, Json] = field(default_factory=dict)
    order: list[int] = field(default_factory=list)
    threads: dict[str, list[str]] = field(default_factory=dict)
    locked: set[str] = field(default_factory=set)
    pins: list[str] = field(default_factory=list)


def micros(ts: str) -> int:
    """The microseconds of a Slack ts or of any decimal Unix time; raises ValueError when it is neither."""
    whole, _, part = ts.partition(".")
    if not whole.isascii() or not (whole + part).isdigit():
        raise ValueError(ts)
    return int(whole) * 1_000_000 + int(part[:6].ljust(6, "0"))


def ts_of(at: int) -> str:
    """The Slack ts of this many microseconds since 1970."""
    return f"{at // 1_000_000}.{at % 1_000_000:06d}"


class Workspace:
    """State and rules of one workspace; ts are unique in it and only ever grow, whatever the clock does."""

    def __init__(self, app: InstalledApp, now: Callable[[], float], emit: Emit) -> None:
        self.app = app
        self.now = now
        self.users: dict[str, User] = {}
        self.channels: dict[str, Channel] = {}
        self.home_of: dict[str, Channel] = {}
        self._emit = emit
        self._last = 0
        self._strangers: set[str] = set()
        self.add_user(app.bot_user_id, app.bot_name, is_bot=True)

    def next_ts(self) -> str:
        """A ts that no message of this workspace has, later than all before it."""
        self._last = max(int(self.now() * 1_000_000), self._last + 1)
        return ts_of(self._last)

    def add_user(self, user_id: str, name: str, **profile: str | bool) -> User:
        """The account exists, with the fields of `User` given by name."""
        user = User(user_id, name, **profile)  # type: ignore[arg-type]  # the fields are checked by the dataclass
        self.users[user_id] = user
        if user.stranger:
            self._strangers.add(user_id)
        return user

    def add_channel(self, channel_id: str, name: str, members: Iterable[str] = (), *, private: bool = False) -> Channel:
        """The channel exists with these members; the bot is one only if it is named."""
        kind: ChannelKind = "group" if private else "channel"
        self.channels[channel_id] = Channel(channel_id, name, kind, dict.fromkeys(members))
        return self.channels[channel_id]

    def direct_channel(self, user_id: str) -> Channel:
        """The direct conversation of the bot with this user, made on first use; raises Refusal `user_not_found`."""
        user = self.user(user_id)
        if user_id not in self.home_of:
            members = dict.fromkeys((user_id, self.app.bot_user_id))
            channel = Channel("D" + user.id[1:], "", "im", members)
            self.home_of[user_id] = self.channels[channel.id] = channel
        return self.home_of[user_id]

    def user(self, user_id: str) -> User:
        """The account with this id; raises Refusal `user_not_found`."""
        if user_id not in self.users:
            raise Refusal("user_not_found")
        return self.users[user_id]

    def channel(self, name: str) -> Channel:
        """The conversation with this id or name, `#` allowed; raises Refusal `channel_not_found`."""
        if name in self.channels:
            return self.channels[name]
        plain = name.removeprefix("#")
        for channel in self.channels.values():
            if plain and channel.name == plain:
                return channel
        raise Refusal("channel_not_found")

    def find(self, ts: str) -> tuple[Channel, Json]:
        """The message with this ts, wherever it was said; raises Refusal `message_not_found`."""
        for channel in self.channels.values():
            if ts in channel.messages:
                return channel, channel.messages[ts]
        raise Refusal("message_not_found")

    def is_shared(self, channel: Channel) -> bool:
        """True when people of another organisation are members."""
        return not self._strangers.isdisjoint(channel.members)

    def message(self, channel: Channel, ts: str) -> Json:
        """The stored message; raises Refusal `message_not_found`."""
        if ts not in channel.messages:
            raise Refusal("message_not_found")
        return channel.messages[ts]

    def thread_root(self, channel: Channel, thread_ts: str) -> str:
        """The ts of the root that a reply to this ts hangs from; raises Refusal when there can be no reply."""
        try:
            micros(thread_ts)
        except ValueError:
            raise Refusal("invalid_thread_ts") from None
        if thread_ts not in channel.messages:
            raise Refusal("thread_not_found")
        root = str(channel.messages[thread_ts].get("thread_ts", thread_ts))
        if root in channel.locked:
            raise Refusal("restricted_action_thread_locked")
        return root

    def human_message(self, user_id: str, text: str, blocks: list[Json] | None = None) -> Json:
        """A message as a person's client sends it, not stored yet."""
        stored = stored_text(text)
        message = {
            "type": "message",
            "user": user_id,
            "text": stored,
            "client_msg_id": str(uuid.uuid4()),
            "team": self.app.team_id,
            "blocks": rich_text(stored, "b" + uuid.uuid4().hex[:4]) if blocks is None else blocks,
        }
        if self.user(user_id).stranger:
            message |= {"team": ELSEWHERE, "user_team": ELSEWHERE, "source_team": ELSEWHERE}
        return message

    def bot_message(self, text: str, blocks: list[Json]) -> Json:
        """A message of the app's bot, not stored yet; without blocks it gets the rich text that Slack makes of it."""
        stored = stored_text(text)
        app = self.app
        profile = {"id": app.bot_id, "app_id": app.app_id, "name": app.bot_name, "team_id": app.team_id}
        return {
            "type": "message",
            "user": app.bot_user_id,
            "text": stored,
            "bot_id": app.bot_id,
            "app_id": app.app_id,
            "team": app.team_id,
            "bot_profile": {**profile, "deleted": False, "updated": 0},
            "blocks": blocks or rich_text(stored, "b" + uuid.uuid4().hex[:4]),
        }

    def store(self, channel: Channel, message: Json, thread_ts: str = "", *, broadcast: bool = False) -> Json:
        """The message is in the channel under a new ts, replies under their root, and everybody was told."""
        message = {**message, "ts": self.next_ts()}
        if thread_ts:
            root = self.thread_root(channel, thread_ts)
            message |= {"thread_ts": root, "parent_user_id": channel.messages[root].get("user", "")}
            if broadcast:
                message |= {"subtype": "thread_broadcast", "root": without_payload(channel.messages[root])}
            channel.threads.setdefault(root, []).append(message["ts"])
        channel.messages[message["ts"]] = message
        channel.order.append(self._last)
        self._tell(channel, message)
        return message

    def change(self, channel: Channel, ts: str, fields: Json, *, edited_by: str = "") -> Json:
        """The message has these fields (None: has no more), `edited` if by somebody; `message_changed` went out."""
        previous = self.message(channel, ts)
        changed = {name: value for name, value in {**previous, **fields}.items() if value is not None}
        at = self.next_ts()
        if edited_by:
            changed["edited"] = {"user": edited_by, "ts": at}
        channel.messages[ts] = changed
        self._tell_change(channel, at, changed, previous)
        return changed

    def remove(self, channel: Channel, ts: str) -> None:
        """The message is gone; a root that has replies stays as a tombstone."""
        previous = self.message(channel, ts)
        at = self.next_ts()
        if channel.threads.get(ts):
            grave: Json = {"type": "message", "subtype": "tombstone", "user": "USLACKBOT", "hidden": True, "ts": ts}
            grave |= {"text": "This message was deleted.", "thread_ts": ts}
            channel.messages[ts] = grave
            self._tell_change(channel, at, grave, previous)
            return
        self._forget(channel, ts)
        event = {"type": "message", "subtype": "message_deleted", "hidden": True, "deleted_ts": ts}
        self._tell(channel, {**event, "ts": at, "previous_message": without_payload(previous)})

    def react(self, channel: Channel, ts: str, user_id: str, name: str) -> None:
        """The user's reaction is on the message; raises Refusal `already_reacted`, `thread_locked`, `invalid_name`."""
        message = self.message(channel, ts)
        if not name or any(sign in name for sign in " :<>"):
            raise Refusal("invalid_name")
        if message.get("thread_ts", ts) in channel.locked:
            raise Refusal("thread_locked")
        reactions = {one["name"]: list(one["users"]) for one in message.get("reactions", ())}
        if user_id in reactions.setdefault(name, []):
            raise Refusal("already_reacted")
        reactions[name].append(user_id)
        self._set_reactions(channel, message, reactions)
        self._tell_reaction("reaction_added", channel, message, user_id, name)

    def unreact(self, channel: Channel, ts: str, user_id: str, name: str) -> None:
        """The user's reaction is off the message; raises Refusal `no_reaction`."""
        message = self.message(channel, ts)
        reactions = {one["name"]: list(one["users"]) for one in message.get("reactions", ())}
        if user_id not in reactions.get(name, ()):
            raise Refusal("no_reaction")
        reactions[name].remove(user_id)
        self._set_reactions(channel, message, reactions)
        self._tell_reaction("reaction_removed", channel, message, user_id, name)

    def join(self, channel: Channel, user_id: str) -> None:
        """The user is a member, and the members were told."""
        self.user(user_id)
        if channel.archived:
            raise Refusal("is_archived")
        if user_id in channel.members:
            return
        channel.members[user_id] = None
        self._tell_membership("member_joined_channel", channel, user_id)
        text = f"<@{user_id}> has joined the channel"
        self.store(channel, {"type": "message", "subtype": "channel_join", "user": user_id, "text": text})

    def leave(self, channel: Channel, user_id: str) -> None:
        """The user is no member any more, and those who were members were told."""
        if user_id not in channel.members:
            raise Refusal("not_in_channel")
        self._tell_membership("member_left_channel", channel, user_id)
        channel.members.pop(user_id)

    def _forget(self, channel: Channel, ts: str) -> None:
        message = channel.messages.pop(ts)
        del channel.order[bisect.bisect_left(channel.order, micros(ts))]
        root = message.get("thread_ts", ts)
        if root != ts and ts in channel.threads.get(root, ()):
            channel.threads[root].remove(ts)
            if not channel.threads[root]:
                channel.threads.pop(root)

    def _tell(self, channel: Channel, message: Json) -> None:
        event = {**without_payload(message), "channel": channel.id, "channel_type": channel.kind}
        event["event_ts"] = message["ts"]
        subscription = {"channel": "message.channels", "group": "message.groups", "im": "message.im"}[channel.kind]
        self._emit(subscription, event, channel)
        if f"<@{self.app.bot_user_id}" in message.get("text", "") and "subtype" not in message:
            self._emit("app_mention", {**event, "type": "app_mention"}, channel)

    def _tell_change(self, channel: Channel, at: str, message: Json, previous: Json) -> None:
        event = {"type": "message", "subtype": "message_changed", "hidden": True, "ts": at}
        now, before = without_payload(message), without_payload(previous)
        self._tell(channel, {**event, "message": now, "previous_message": before})

    def _set_reactions(self, channel: Channel, message: Json, reactions: dict[str, list[str]]) -> None:
        shown = [{"name": name, "users": users, "count": len(users)} for name, users in reactions.items() if users]
        rest = {name: value for name, value in message.items() if name != "reactions"}
        channel.messages[message["ts"]] = {**rest, "reactions": shown} if shown else rest

    def _tell_reaction(self, kind: str, channel: Channel, message: Json, user_id: str, name: str) -> None:
        item = {"type": "message", "channel": channel.id, "ts": message["ts"]}
        event = {"type": kind, "user": user_id, "reaction": name, "item": item, "event_ts": self.next_ts()}
        self._emit(kind, {**event, "item_user": message.get("user", "")}, channel)

    def _tell_membership(self, kind: str, channel: Channel, user_id: str) -> None:
        initial = "G" if channel.kind == "group" else "C"
        event = {"type": kind, "user": user_id, "channel": channel.id, "channel_type": initial}
        self._emit(kind, {**event, "team": self.app.team_id, "event_ts": self.next_ts()}, channel)


def without_payload(message: Json) -> Json:
    """The message with its metadata reduced to `event_type`, as Slack shows it to who did not ask for all of it."""
    if "metadata" not in message:
        return message
    return {**message, "metadata": {"event_type": message["metadata"]["event_type"]}}
