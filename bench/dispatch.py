"""What Bolt's dispatch costs with all of our listeners registered, beside an app that has only the one that is meant.

Bolt asks its listeners one by one, so the price of each request grows with their number. The listeners are the
product's own registrations with nothing inside; the request is of the kind that is asked for last.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any, cast

from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncBoltRequest
from slack_sdk.web.async_client import AsyncWebClient

from handlers.slack.app import Bot, build_app
from handlers.slack.desk import Desk
from handlers.slack.reception import Reception

from bench.measure import Job, Pair, Row, Size, Unavailable, against

_WHO = {"user": {"id": "U1", "team_id": "T1"}, "team": {"id": "T1"}, "token": "t", "trigger_id": "1.2"}
_VIEW = {"type": "modal", "callback_id": "x", "id": "V1", "state": {"values": {}}}
REQUESTS: Mapping[str, dict[str, Any]] = {
    "command": {"command": "/x", "text": "", "user_id": "U1", "team_id": "T1", "channel_id": "C1", "token": "t"},
    "action": {**_WHO, "type": "block_actions", "actions": [{"type": "button", "action_id": "x", "block_id": "b"}]},
    "view": {**_WHO, "type": "view_submission", "view": _VIEW},
    "shortcut": {**_WHO, "type": "shortcut", "callback_id": "x"},
}


class Hollow(Reception):
    """The product's listeners with nothing inside: all of them, or the one that is registered at a place."""

    def __init__(self, only: int | None = None) -> None:
        super().__init__(cast(Desk, None))  # nothing is ever done at it
        self._only = only
        self.registered: list[str] = []

    def register(self, app: AsyncApp) -> None:
        """What the product registers is registered, each time as an empty function."""
        super().register(cast(AsyncApp, _Registrar(self, app)))

    def take(self, app: AsyncApp, kind: str, *about: object) -> Callable[[object], object]:
        """The registration of a kind, emptied; nothing happens where it is not the only one wanted."""
        place = len(self.registered)
        self.registered.append(kind)

        def emptied(listener: object) -> object:
            if self._only in {None, place}:
                getattr(app, kind)(*about)(_nothing)
            return listener

        return emptied


class _Registrar:
    def __init__(self, hollow: Hollow, app: AsyncApp) -> None:
        self._hollow = hollow
        self._app = app

    def __getattr__(self, kind: str) -> Callable[..., object]:
        return lambda *about: self._hollow.take(self._app, kind, *about)


async def _nothing(ack: AsyncAck) -> None:
    await ack()


def measure(job: Job) -> list[Row]:
    """The time of a dispatch, in pairs."""
    every = Hollow()
    with_all = _app(every)
    kind = every.registered[-1]
    if kind not in REQUESTS:
        raise Unavailable(f"no request to try the listener {kind} with")
    with_one = _app(Hollow(only=len(every.registered) - 1))
    taken = asyncio.run(_pairs(with_all, with_one, REQUESTS[kind], job.size))
    name = f"Bolt's dispatch with all {len(every.registered)} listeners of ours, against the one that is meant"
    return [against(name, taken, unit="µs of work", most=1.5)]


def _app(listeners: Hollow) -> AsyncApp:
    return build_app(Bot("xoxb-1", "U0", "B0", "T1"), AsyncWebClient(), listeners)


async def _pairs(with_all: AsyncApp, with_one: AsyncApp, request: dict[str, Any], size: Size) -> list[Pair]:
    for app in (with_all, with_one):
        await _dispatched(app, request, 50)
    count = size.dispatches
    return [
        Pair(await _dispatched(with_all, request, count), await _dispatched(with_one, request, count))
        for _ in range(size.pairs)
    ]


async def _dispatched(app: AsyncApp, request: dict[str, Any], count: int) -> float:
    """Microseconds of work for a dispatch: Bolt looks only every 10 ms whether the listener has acknowledged."""
    started = time.process_time()
    for _ in range(count):
        answer = await app.async_dispatch(AsyncBoltRequest(mode="socket_mode", body=request))
        if answer.status != 200:
            raise Unavailable(f"Bolt answered {answer.status}")
    return (time.process_time() - started) / count * 1e6
