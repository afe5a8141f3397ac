"""One body of the Events API from its arrival to the word that it may be acknowledged, whichever way it came."""

import asyncio
import hashlib
from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from time import monotonic
from typing import Any

import structlog

from bot.actions.inbox import Delivery
from bot.ports import Incoming, Platform, Renamed, Said
from handlers.intake import Done, Intake
from handlers.slack import ears as hear
from handlers.slack.app import Listeners
from handlers.slack.ears import Ears, Json
from handlers.slack.names import People


class Hearing:
    """Ears, names, intake and listeners in one line."""

    def __init__(
        self, ears: Ears, people: People, intake: Intake, listeners: Listeners, *, missed: Callable[[], None]
    ) -> None:
        """``missed`` is called when Slack says that it has kept events from us."""
        self._ears = ears
        self._people = people
        self._intake = intake
        self._listeners = listeners
        self._kinds = frozenset(listeners.kinds)
        self._missed = missed
        self._tasks: set[asyncio.Task[None]] = set()
        self.last_event = 0.0  # on the monotonic clock
        self.events = 0

    def take(self, body: object, raw: str, done: Done) -> None:
        """The body will be in the log, or in the quarantine; ``done`` hears whether it may be acknowledged."""
        self.events += 1
        self.last_event = monotonic()
        try:
            self._take(body, raw, done)
        except Exception as error:  # noqa: BLE001  (a payload may be anything; the connection must go on)
            structlog.get_logger().exception("ears stumbled")
            self._strange({}, raw, f"{type(error).__name__}: {error}", done)

    def _take(self, body: object, raw: str, done: Done) -> None:
        if not isinstance(body, dict):
            self._strange({}, raw, "the body is no object", done)
            return
        if body.get("type") == "app_rate_limited":
            self._missed()
            self._strange(body, raw, "app_rate_limited", done)
            return
        event = body.get("event")
        if isinstance(event, dict):
            if event.get("type") == "message" and (unknown := self._unknown(event)):
                self._spawn(self._after_names(unknown, body, raw, done))
                return
            if self._kinds and (kind := _kind(event)) in self._kinds:
                done = partial(self._then_listeners, kind, event, _ident(body, raw), done)
        self._deliver(body, event, raw, done)

    async def put(self, body: object, raw: str) -> bool:
        """True once the body may be acknowledged; False when Slack must send it again."""
        answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self.take(body, raw, lambda ok: None if answer.done() else answer.set_result(ok))
        return await answer

    async def settled(self) -> None:
        """Nothing is on its way any more: neither what was heard nor the answers to it."""
        while self._tasks:
            await asyncio.wait(self._tasks)
        await self._intake.settled()
        await self._listeners.drain()

    def strange(self, raw: str, why: str, done: Done) -> None:
        """What is no body at all will be kept as it came."""
        self._strange({}, raw, why, done)

    def _deliver(self, body: Json, event: object, raw: str, done: Done) -> None:
        heard = self._ears.hear(event)
        if heard.trouble:
            self._strange(body, raw, heard.trouble, done)
            return
        for one in heard.incoming:
            self._note(one)
        self._intake.take(Delivery(Platform.SLACK, _ident(body, raw), heard.incoming, raw), done)

    def _note(self, one: Incoming) -> None:
        if isinstance(one, Said):
            self._people.note(one.author.id, one.author.name)
        elif isinstance(one, Renamed):
            self._people.note(one.who, one.name)

    def _strange(self, body: Json, raw: str, why: str, done: Done) -> None:
        self._intake.quarantine(Delivery(Platform.SLACK, _ident(body, raw), (), raw), why, done)

    def _unknown(self, event: Json) -> list[str]:
        inner = event.get("message")
        message = inner if isinstance(inner, dict) else event
        text = message.get("text")
        if not isinstance(text, str) or "<" not in text:
            return []
        self._people.note_labels(text)
        return self._people.strangers(hear.mentioned(message), text)

    async def _after_names(self, unknown: list[str], body: Json, raw: str, done: Done) -> None:
        """Whom a message mentions is to be read by name for ever, so it waits a moment for the name."""
        await self._people.learn(unknown)
        event: Mapping[str, Any] = body["event"]
        if (kind := _kind(event)) in self._kinds:
            done = partial(self._then_listeners, kind, event, _ident(body, raw), done)
        self._deliver(body, event, raw, done)

    def _then_listeners(self, kind: str, event: Json, event_id: str, done: Done, ok: bool) -> None:
        if ok:
            self._spawn(self._listen(kind, event, event_id, done))
        else:
            done(False)

    async def _listen(self, kind: str, event: Json, event_id: str, done: Done) -> None:
        try:
            await self._listeners.event(kind, event, event_id)
        except Exception as error:  # noqa: BLE001  (whatever it was, Slack sends the event again)
            structlog.get_logger().exception("listener failed", kind=kind, event=event_id, why=str(error))
            done(False)
        else:
            done(True)

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _kind(event: Json) -> str:
    kind = event.get("type")
    if kind == "message" and event.get("channel_type") == "im":
        # What the bot says in a direct talk, and edits of what was said there, ask for nothing.
        said = not event.get("bot_id") and event.get("subtype") in (None, "", "file_share")
        return "message.im" if said else ""
    return kind if isinstance(kind, str) else ""


def _ident(body: Json, raw: str) -> str:
    ident = body.get("event_id")
    if isinstance(ident, str) and ident:
        return ident
    return "raw-" + hashlib.sha256(raw.encode(errors="replace")).hexdigest()[:24]
