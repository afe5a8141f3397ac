"""What Slack tells us, as ``Incoming``. Pure: a payload in, values out; no payload whatsoever makes it raise.

What concerns nobody (joins, topics, our own posts, previews of links) comes out as nothing; what claims to be a message
or a reaction and cannot be one comes out with the trouble named, so that it can be looked at.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.ports import Attachment, Author, Deleted, Incoming, Platform, Reacted, Renamed, Said
from handlers.slack import mrkdwn, reading

Json = Mapping[str, Any]

# Subtypes in which somebody says something; every other one is the system's voice. `reply_broadcast` (the old pointer
# to a thread's reply) and `message_replied` repeat what the reply itself says.
_SAYING = frozenset({"thread_broadcast", "file_share", "me_message", "bot_message"})
_SYSTEM_USERS = frozenset({"USLACKBOT", "USLACK"})
_TS = re.compile(r"(\d{1,11})\.(\d{1,6})")
_MENTION = re.compile(r"<@([UW][A-Z0-9]+)")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Heard:
    """What one event means for us, and the trouble with it ("" for none)."""

    incoming: Sequence[Incoming] = ()
    trouble: str = ""


NOTHING = Heard()


class Strange(Exception):
    """The payload does not have the shape that its type promises."""


def moment(ts: object) -> datetime:
    """The instant of a Slack ts, exact to the microsecond; raises ``Strange``."""
    match = _TS.fullmatch(ts) if isinstance(ts, str) else None
    if match is None:
        raise Strange(f"no ts: {str(ts)[:40]!r}")
    seconds, micros = match.groups()
    return _EPOCH + timedelta(0, int(seconds), int(micros.ljust(6, "0")))


def mentioned(message: Json) -> set[str]:
    """The ids of the people that a message names."""
    text = message.get("text")
    return set(_MENTION.findall(text)) if isinstance(text, str) and "<@" in text else set()


def called(user: Json) -> str:
    """How a user object wants to be called: display name, else real name, else handle, else ""."""
    profile = user.get("profile")
    about: list[Json] = [profile if isinstance(profile, dict) else {}, user]
    for key in ("display_name", "real_name", "name"):
        for one in about:
            name = one.get(key)
            if isinstance(name, str) and name.strip():
                return name.strip()
    return ""


@dataclass(frozen=True, slots=True)
class Ears:
    """One workspace's ears: who we are there, and how people are called."""

    user_id: str
    bot_id: str
    names: mrkdwn.Names = field(default_factory=mrkdwn.Names)

    def hear(self, event: object) -> Heard:
        """What an event of the Events API means for us."""
        if not isinstance(event, dict):
            return Heard(trouble="the event is no object")
        kind = event.get("type")
        if not isinstance(kind, str) or not kind:
            return Heard(trouble="the event has no type")
        reading = _READINGS.get(kind)
        if reading is None:
            return NOTHING
        try:
            return Heard(reading(self, event))
        except Strange as strange:
            return Heard(trouble=str(strange))

    def said(self, message: Json, place: str, *, seen: bool = False) -> Said | None:
        """A message as it stands, or None when nobody says anything in it; raises ``Strange``.

        ``seen`` is for messages read from the history, which tell all their reactions.
        """
        if not self.counts(message):
            return None
        ts = message.get("ts")
        posted_at = moment(ts)
        thread = message.get("thread_ts")
        thread = thread if isinstance(thread, str) and thread != ts else None
        attachments = message.get("attachments")
        text, rich = reading.read(message.get("text"), message.get("blocks"), attachments, names=self.names)
        edited = message.get("edited")
        reactions, counts = _reactions(message) if seen else (None, {})
        return Said(
            Platform.SLACK, place, str(ts), self._author(message), text, posted_at, rich, thread, thread,
            _quoted(attachments, place) if attachments else None,
            moment(edited.get("ts")) if isinstance(edited, dict) and edited.get("ts") else None,
            _files(message.get("files")), reactions, counts,
        )  # fmt: skip

    def counts(self, message: Json) -> bool:
        """Whether somebody other than us and the system says something in it."""
        subtype = message.get("subtype")
        says = not subtype or _word(subtype) in _SAYING
        return says and not self.ours(message) and _word(message.get("user")) not in _SYSTEM_USERS

    def ours(self, message: Json) -> bool:
        """Whether the bot itself posted it."""
        return message.get("user") == self.user_id or (bool(self.bot_id) and message.get("bot_id") == self.bot_id)

    def _author(self, message: Json) -> Author:
        user, bot = message.get("user"), message.get("bot_id")
        is_bot = bool(bot) or message.get("subtype") == "bot_message"
        ident = user if isinstance(user, str) and user else bot if isinstance(bot, str) and bot else ""
        if not ident:
            raise Strange("a message of nobody")
        profile = message.get("bot_profile") if is_bot else message.get("user_profile")
        told = message.get("username") if is_bot else None
        name = told if isinstance(told, str) and told else self.names.person(ident) or ""
        if not name and isinstance(profile, dict):
            name = called(profile)
        return Author(ident, name, is_bot)

    # --- one reading for each kind of event --------------------------------------------------------------------------

    def _message(self, event: Json) -> Sequence[Incoming]:
        if event.get("channel_type") == "im":
            return ()  # between one person and the bot: not said in the debate
        subtype, place = event.get("subtype"), event.get("channel")
        if subtype == "message_changed":
            return self._changed(event, _place(place))
        if subtype == "message_deleted":
            return self._deleted(event, _place(place))
        if not self.counts(event):
            return ()
        said = self.said(event, _place(place))
        return () if said is None else (said,)

    def _changed(self, event: Json, place: str) -> Sequence[Incoming]:
        message, before = event.get("message"), event.get("previous_message")
        if not isinstance(message, dict):
            raise Strange("a change without its message")
        before = before if isinstance(before, dict) else {}
        if message.get("subtype") == "tombstone":
            if before and not self.counts(before):
                return ()
            ident = message.get("ts")
            return (Deleted(Platform.SLACK, place, str(ident), _at(event), moment(ident)),)
        edited = message.get("edited")
        if edited and edited != before.get("edited"):
            said = self.said(message, place)
        elif before and _content(message) != _content(before):
            # Another bot changed its words, which Slack does not call an edit.
            said = self.said({**message, "edited": {"ts": event.get("event_ts") or event.get("ts")}}, place)
        else:
            said = None  # a preview of a link, a thread's new count: nobody edited anything
        return () if said is None else (said,)

    def _deleted(self, event: Json, place: str) -> Sequence[Incoming]:
        before = event.get("previous_message")
        if isinstance(before, dict) and not self.counts(before):
            return ()
        ident = event.get("deleted_ts") or (before.get("ts") if isinstance(before, dict) else None)
        return (Deleted(Platform.SLACK, place, str(ident), _at(event), moment(ident)),)

    def _reaction(self, event: Json) -> Sequence[Incoming]:
        item, who, name = event.get("item"), event.get("user"), event.get("reaction")
        if not isinstance(item, dict):
            raise Strange("a reaction to nothing")
        if item.get("type") != "message" or who == self.user_id or event.get("item_user") == self.user_id:
            return ()
        if not isinstance(who, str) or not who or not isinstance(name, str) or not name:
            raise Strange("a reaction of nobody")
        ident = item.get("ts")
        return (
            Reacted(
                Platform.SLACK, _place(item.get("channel")), str(ident), name, who, moment(event.get("event_ts")),
                event.get("type") == "reaction_added", moment(ident),
            ),
        )  # fmt: skip

    def _person(self, event: Json) -> Sequence[Incoming]:
        user = event.get("user")
        ident = user.get("id") if isinstance(user, dict) else None
        if not isinstance(user, dict) or not isinstance(ident, str) or not ident:
            raise Strange("a change of nobody")
        name = called(user)
        return (Renamed(Platform.SLACK, ident, name),) if name else ()


_Reading = Callable[[Ears, Json], Sequence[Incoming]]
_READINGS: Mapping[str, _Reading] = {
    "message": Ears._message,
    "reaction_added": Ears._reaction,
    "reaction_removed": Ears._reaction,
    "user_change": Ears._person,
    "user_profile_changed": Ears._person,
    "team_join": Ears._person,
}


def _place(channel: object) -> str:
    if not isinstance(channel, str) or not channel:
        raise Strange("no channel")
    return channel


def _at(event: Json) -> datetime:
    return moment(event.get("event_ts") or event.get("ts"))


def _content(message: Json) -> tuple[object, object]:
    return message.get("text") or "", message.get("blocks") or []


def _files(files: object) -> tuple[Attachment, ...]:
    if not isinstance(files, list):
        return ()
    found = []
    for one in files:
        if isinstance(one, dict):
            name = one.get("title") or one.get("name") or one.get("id")
            found.append(Attachment(_word(name), _word(one.get("mimetype")), _word(one.get("permalink"))))
    return tuple(found)


def _word(value: object) -> str:
    return value if isinstance(value, str) else ""


def _quoted(attachments: object, place: str) -> str | None:
    """The ts of a message of this very channel that was shared in another."""
    for one in attachments if isinstance(attachments, list) else ():
        shared = isinstance(one, dict) and (one.get("is_msg_unfurl") or one.get("is_share"))
        if shared and one.get("channel_id") == place and isinstance(one.get("ts"), str):
            return str(one["ts"])
    return None


def _reactions(message: Json) -> tuple[dict[str, list[str]], dict[str, int]]:
    """Who reacted how, and how many; the list of people may be cut short, the number is right."""
    whos: dict[str, list[str]] = {}
    counts: dict[str, int] = {}
    given = message.get("reactions")
    for one in given if isinstance(given, list) else ():
        name = one.get("name") if isinstance(one, dict) else None
        if not isinstance(name, str) or not name:
            continue
        users, count = one.get("users"), one.get("count")
        whos[name] = [user for user in users if isinstance(user, str)] if isinstance(users, list) else []
        counts[name] = count if isinstance(count, int) else len(whos[name])
    return whos, counts
