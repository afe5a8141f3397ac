"""Socket Mode: two connections, so that one can be renewed while the other listens, and a watchdog over both.

Event envelopes are taken as they come off the wire and acknowledged once they are committed; all else goes on to Bolt.
What the SDK's client does badly is mended here: it lives for ever on a dead address, reconnects without a pause, and
parses, queues and spawns for each event.
"""

import asyncio
import contextlib
import json
import logging
import random
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import Any

import structlog
from aiohttp import ClientWebSocketResponse
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.web.async_client import AsyncWebClient

from handlers.slack.hearing import Hearing

# A Slack that does not answer our goodbye is not waited for (seconds): the bot has to stop in five.
GOODBYE = 1.5


@dataclass(frozen=True, slots=True)
class Pace:
    """The patience of the connections, in seconds: tests and rehearsals have less of it."""

    ping: float = 5.0
    look: float = 1.0  # how often the watchdog looks
    failures: int = 3  # looks without a connection until a fresh address is fetched
    hello: float = 15.0  # a connection that says no hello within this is none
    stagger: float = 30.0  # between the two, so that they are not renewed together
    first_pause: float = 1.0  # after `too_many_websockets`, twice as long each time
    longest_pause: float = 60.0


class Line(SocketModeClient):
    """One connection of the SDK's client, with our hands on its wire."""

    def __init__(self, app_token: str, web: AsyncWebClient, hearing: Hearing, pace: Pace) -> None:
        """``web`` fetches the addresses."""
        logger = logging.getLogger("tertulia.slack.socket")
        super().__init__(app_token, logger, web, ping_interval=pace.ping)
        self._hearing = hearing
        self._pace = pace
        self._acks: list[tuple[ClientWebSocketResponse | None, str]] = []
        self._sender: asyncio.Task[None] | None = None
        self._renewing = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._too_many = 0
        self.hellos = 0
        self._opened_at = self._hello_at = 0.0  # on the monotonic clock
        self.num_connections = 0
        self.reconnects = 0

    # --- frames ------------------------------------------------------------------------------------------------------

    async def enqueue_message(self, message: str) -> None:
        """The frame is on its way; called by the SDK for each frame as it comes, in place of its queue."""
        try:
            envelope = json.loads(message)
        except ValueError:
            envelope = None
        if not isinstance(envelope, dict):
            self._hearing.strange(message, "the frame is no JSON object", _nothing)
            return
        kind = envelope.get("type")
        if kind == "events_api":
            done = partial(self._done, self.current_session, envelope.get("envelope_id"))
            self._hearing.take(envelope.get("payload"), message, done)
        elif kind == "hello":
            self._hello(envelope)
        elif kind == "disconnect":
            self._disconnect(str(envelope.get("reason") or ""))
        elif kind in ("interactive", "slash_commands"):
            self._spawn(self.run_message_listeners(envelope, message))
        else:
            done = partial(self._done, self.current_session, envelope.get("envelope_id"))
            self._hearing.strange(message, f"an envelope of unknown type {str(kind)[:40]!r}", done)

    def _hello(self, envelope: dict[str, Any]) -> None:
        self.hellos += 1
        self._hello_at = monotonic()
        self._too_many = 0
        number = envelope.get("num_connections")
        self.num_connections = number if isinstance(number, int) else 0

    def _disconnect(self, reason: str) -> None:
        structlog.get_logger().info("slack asks us to reconnect", reason=reason)
        if reason == "too_many_websockets":
            self._too_many += 1
        if not self._renewing:
            self._spawn(self.renewed())

    def _done(self, session: ClientWebSocketResponse | None, envelope_id: object, ok: bool) -> None:
        if not ok or not isinstance(envelope_id, str):
            return
        self._acks.append((session, envelope_id))
        if self._sender is None:
            self._sender = asyncio.get_running_loop().create_task(self._send_acks())

    async def _send_acks(self) -> None:
        """One task for as many acknowledgements as one commit made."""
        try:
            while self._acks:
                acks, self._acks = self._acks, []
                for session, envelope_id in acks:
                    await self._ack(session, json.dumps({"envelope_id": envelope_id}))
        finally:
            self._sender = None

    async def _ack(self, session: ClientWebSocketResponse | None, text: str) -> None:
        # On the connection it came by; if that is gone, on the one that took its place (Slack sends it again else).
        for one in (session, self.current_session):
            if one is not None and not one.closed:
                with contextlib.suppress(ConnectionError, RuntimeError):
                    await one.send_str(text)
                    return

    # --- connection --------------------------------------------------------------------------------------------------

    async def connect_to_new_endpoint(self, force: bool = False) -> None:
        """There is a new connection, after a pause where Slack found that there are too many; one renewal at a time."""
        if self._renewing or self.closed:
            return
        self._renewing = True
        try:
            if self._too_many:
                longest = min(self._pace.first_pause * 2 ** (self._too_many - 1), self._pace.longest_pause)
                await asyncio.sleep(longest * random.uniform(0.5, 1.0))
            if force or not await self.is_connected():
                self.reconnects += 1
                self.wss_uri = await self.issue_new_wss_url()
                await self.connect()
        finally:
            self._renewing = False

    async def connect(self) -> None:
        """The socket is open; whether Slack is at its other end, its hello tells."""
        await super().connect()  # type: ignore[no-untyped-call]  # the SDK leaves it untyped
        self._opened_at = monotonic()

    @property
    def silent(self) -> bool:
        """Open for the look of it, but Slack has not greeted us on it: none that events would come by."""
        return self._opened_at > self._hello_at and monotonic() - self._opened_at > self._pace.hello

    async def renewed(self) -> None:
        """A renewal was tried; its failure is the watchdog's next look."""
        try:
            await self.connect_to_new_endpoint(force=True)
        except Exception as error:  # noqa: BLE001  (no network, no token, no Slack: tried again at the next look)
            structlog.get_logger().warning("slack cannot be reached", why=str(error))

    def fresh_address(self) -> None:
        """The SDK's loop, if it is stuck on a dead address, fetches another."""
        self.wss_uri = None
        if not self._renewing:
            self._spawn(self.renewed())

    @property
    def waits(self) -> bool:
        """Whether a renewal is under way (it may be pausing on purpose)."""
        return self._renewing and self._too_many > 0

    async def close(self) -> None:
        """The acknowledgements are sent and the connection is closed."""
        if self._sender is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(self._sender), 1.0)
        await super().close()  # type: ignore[no-untyped-call]  # the SDK leaves it untyped
        for task in list(self._tasks):
            task.cancel()

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class _Handler(AsyncSocketModeHandler):
    """Bolt's handler on a line of ours."""

    def __init__(self, app: AsyncApp, app_token: str, line: Line) -> None:  # the line stands in for Bolt's own client
        self.app, self.app_token, self.client = app, app_token, line
        line.socket_mode_request_listeners.append(self.handle)  # type: ignore[arg-type]  # as Bolt's own does


class Sockets:
    """The connections of one app, watched."""

    def __init__(
        self, app: AsyncApp, app_token: str, hearing: Hearing, *, pace: Pace | None = None, connections: int = 2
    ) -> None:
        """``app`` answers what is no event; nothing is connected before ``start``.

        ``on_deaf`` is called at each look without any connection, with the seconds since the last; ``on_heard`` when a
        connection is new, with whether nothing was heard before it.
        """
        self._app = app
        self._app_token = app_token
        self._hearing = hearing
        self._pace = pace or Pace()
        self._wanted = connections
        self._failures: list[int] = []  # looks in vain, of each line
        self._tasks: list[asyncio.Task[None]] = []
        self._warned = False
        self.lines: list[Line] = []
        self.on_deaf: Callable[[float], None] = lambda _seconds: None
        self.on_heard: Callable[[bool], None] = lambda _was_deaf: None
        self._hellos = 0
        self._deaf_since: float | None = None

    async def start(self) -> None:
        """The first connection is being opened, the others follow; all are watched."""
        await self._open()
        self._tasks.append(asyncio.create_task(self._open_others()))
        self._tasks.append(asyncio.create_task(self._watch()))

    async def stop(self) -> None:
        """All connections are closed."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GOODBYE):
                await asyncio.gather(*(line.close() for line in self.lines), return_exceptions=True)
        for line in self.lines:
            await line.aiohttp_client_session.close()

    async def connected(self) -> int:
        """How many connections are up."""
        return sum([await line.is_connected() for line in self.lines])

    async def _open(self) -> None:
        line = Line(self._app_token, self._app.client, self._hearing, self._pace)
        _Handler(self._app, self._app_token, line)
        self.lines.append(line)
        self._failures.append(0)
        # Not awaited: the SDK tries for as long as it takes, and the watchdog helps it.
        self._tasks.append(asyncio.create_task(line.renewed()))

    async def _open_others(self) -> None:
        for _ in range(self._wanted - 1):
            await asyncio.sleep(self._pace.stagger)
            await self._open()

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(self._pace.look)
            up = 0
            for number, line in enumerate(self.lines):
                alive = await line.is_connected() and not line.silent
                up += alive
                self._failures[number] = 0 if alive or line.waits else self._failures[number] + 1
                if self._failures[number] >= self._pace.failures:
                    self._failures[number] = 0
                    line.fresh_address()
            self._count(up)
            self._warn_of_others()

    def _count(self, up: int) -> None:
        if up == 0:
            self._deaf_since = self._deaf_since or monotonic()
            self.on_deaf(monotonic() - self._deaf_since)
            return
        hellos = sum(line.hellos for line in self.lines)
        if self._deaf_since is not None or hellos > self._hellos:
            self.on_heard(self._deaf_since is not None)
        self._deaf_since, self._hellos = None, hellos

    def _warn_of_others(self) -> None:
        most = max((line.num_connections for line in self.lines), default=0)
        if most > self._wanted and not self._warned:
            self._warned = True
            structlog.get_logger().warning(
                "another program listens with this app token and takes part of the events", connections=most
            )


def _nothing(ok: bool) -> None:
    """A frame that names no envelope has nobody to answer."""
