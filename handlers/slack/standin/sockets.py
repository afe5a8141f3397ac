"""The Socket Mode end: one-off links, hello and disconnect frames, envelopes to any open connection, acks back."""

import asyncio
import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from aiohttp import WSMsgType, web

from handlers.slack.standin.shapes import Answer, InstalledApp, Json, Timing

Reason = Literal["warning", "refresh_requested", "link_disabled", "too_many_websockets"]
MAX_CONNECTIONS = 10
_ANSWERABLE = {"slash_commands", "view_submission", "block_suggestion"}


@dataclass(slots=True, eq=False)
class Connection:
    """One open WebSocket with the request it grew from and the envelopes it has not acknowledged yet."""

    socket: web.WebSocketResponse
    request: web.Request
    waiting: set[str] = field(default_factory=set)

    def abort(self) -> None:
        """The TCP connection is reset, without a closing frame."""
        if self.request.transport is not None:
            self.request.transport.abort()


class SocketPipe:
    """Serves `/link` and carries envelopes; the public fields are its bad days."""

    def __init__(self, app: InstalledApp, timing: Timing, origin: Callable[[], str]) -> None:
        self.connections: list[Connection] = []
        self.answer_pings = True
        self.refuse_status = 0
        self.refuse_times = 0
        self.mute_times = self.muted = 0
        self.links_issued = 0
        self.links_refused = 0
        self.opened = 0
        self.swallow = 0
        self.late_acks: list[str] = []
        self.pings = 0
        self._app = app
        self._timing = timing
        self._origin = origin
        self._tickets: set[str] = set()
        self._waiting: dict[str, asyncio.Future[Json | None]] = {}
        self._turn = 0

    def open_link(self) -> str:
        """A WebSocket address that works once."""
        ticket = uuid.uuid4().hex
        self._tickets.add(ticket)
        self.links_issued += 1
        base = self._origin().replace("http://", "ws://")
        return f"{base}/link/?ticket={ticket}&app_id={self._app.app_id}"

    def refuse_links(self, status: int = 408, times: int = 1) -> None:
        """The next `times` WebSocket handshakes get this HTTP status, whatever their ticket."""
        self.refuse_status, self.refuse_times = status, times

    def mute(self, times: int = 1) -> None:
        """The next `times` connections open and answer pings, but are never greeted and carry nothing."""
        self.mute_times = times

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """One connection from its hello to its end; a used or unknown ticket gets 408."""
        if self.refuse_times:
            self.refuse_times -= 1
            self.links_refused += 1
            return web.Response(status=self.refuse_status)
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets:
            self.links_refused += 1
            return web.Response(status=408)
        self._tickets.remove(ticket)
        socket = web.WebSocketResponse(autoping=False, max_msg_size=0)
        await socket.prepare(request)
        connection = Connection(socket, request)
        if self.mute_times:
            self.mute_times -= 1
            self.muted += 1
            async for frame in socket:
                await self._received(connection, frame.type, frame.data)
            return socket
        if len(self.connections) >= MAX_CONNECTIONS:
            await socket.send_str(_disconnect("too_many_websockets"))
            await socket.close()
            return socket
        await self._live(connection, refresh="debug_reconnects" in request.query)
        return socket

    async def send(self, kind: str, payload: Json, attempt: int, reason: str) -> Answer:
        """One delivery to whichever connection has its turn, and the app's answer or the lack of one."""
        connection = self._next()
        if self.swallow:  # a ghost: Slack believes in a connection that nobody holds
            self.swallow -= 1
            connection = None
        if connection is None:
            await asyncio.sleep(self._timing.ack_seconds)
            return Answer(False, reason="timeout")
        envelope_id = str(uuid.uuid4())
        waiting: asyncio.Future[Json | None] = asyncio.get_running_loop().create_future()
        self._waiting[envelope_id] = waiting
        connection.waiting.add(envelope_id)
        started = time.perf_counter()
        try:
            await connection.socket.send_str(_envelope(envelope_id, kind, payload, attempt, reason))
            async with asyncio.timeout(self._timing.ack_seconds):
                body = await waiting
        except (TimeoutError, ConnectionError):
            body = None
        finally:
            self._waiting.pop(envelope_id, None)
            connection.waiting.discard(envelope_id)
        seconds = time.perf_counter() - started
        if body is None:
            return Answer(False, seconds=seconds, reason="timeout")
        return Answer(True, (body.get("payload") or {}) if _answerable(kind, payload) else {}, seconds)

    async def disconnect(self, reason: Reason, *, connection: Connection | None = None, close: bool = False) -> None:
        """The frame went to one connection or to all; with `close` they were closed after it."""
        for one in [connection] if connection else list(self.connections):
            await one.socket.send_str(_disconnect(reason))
            if close:
                await one.socket.close()

    def abort_all(self) -> int:
        """Every connection was reset; how many there were."""
        for one in (gone := list(self.connections)):
            one.abort()
        return len(gone)

    async def send_raw(self, text: str) -> None:
        """This text went to every connection as one frame, JSON or not."""
        for one in list(self.connections):
            await one.socket.send_str(text)

    async def close(self) -> None:
        """Every connection was closed politely and nothing waits for an ack any more."""
        for one in list(self.connections):
            await one.socket.close()
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_result(None)

    def _next(self) -> Connection | None:
        live = [one for one in self.connections if not one.socket.closed]
        self._turn += 1
        return live[self._turn % len(live)] if live else None

    async def _live(self, connection: Connection, *, refresh: bool) -> None:
        self.connections.append(connection)
        self.opened += 1
        seconds = 360.0 if refresh else self._timing.connection_seconds
        clock = asyncio.create_task(self._refresh(connection, seconds)) if seconds else None
        try:
            await connection.socket.send_str(self._hello(seconds))
            async for frame in connection.socket:
                await self._received(connection, frame.type, frame.data)
        except ConnectionError:
            pass  # the other end vanished in mid-frame: the same as its closing
        finally:
            self._bury(connection)
            if clock is not None:
                clock.cancel()

    async def _received(self, connection: Connection, kind: WSMsgType, data: Any) -> None:
        if kind is WSMsgType.TEXT:
            self._acknowledged(data)
        elif kind is WSMsgType.PING:
            self.pings += 1
            if self.answer_pings:
                await connection.socket.pong(data)

    def _acknowledged(self, text: str) -> None:
        ack = json.loads(text)
        envelope_id = ack.get("envelope_id", "")
        waiting = self._waiting.get(envelope_id)
        if waiting is None or waiting.done():
            self.late_acks.append(envelope_id)
        else:
            waiting.set_result(ack)

    def _bury(self, connection: Connection) -> None:
        self.connections.remove(connection)
        for envelope_id in connection.waiting:
            waiting = self._waiting.get(envelope_id)
            if waiting is not None and not waiting.done():
                waiting.set_result(None)

    async def _refresh(self, connection: Connection, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds - self._timing.warning_seconds))
        await self.disconnect("warning", connection=connection)
        await asyncio.sleep(self._timing.warning_seconds)
        await self.disconnect("refresh_requested", connection=connection, close=True)

    def _hello(self, seconds: float) -> str:
        debug = {"host": "standin", "build_number": 1, "approximate_connection_time": int(seconds or 18060)}
        hello = {"type": "hello", "num_connections": len(self.connections), "debug_info": debug}
        return json.dumps({**hello, "connection_info": {"app_id": self._app.app_id}})


def _answerable(kind: str, payload: Json) -> bool:
    return kind in _ANSWERABLE or payload.get("type") in _ANSWERABLE


def _disconnect(reason: Reason) -> str:
    return json.dumps({"type": "disconnect", "reason": reason, "debug_info": {"host": "standin"}})


def _envelope(envelope_id: str, kind: str, payload: Json, attempt: int, reason: str) -> str:
    envelope: Json = {"envelope_id": envelope_id, "type": kind, "payload": payload}
    envelope["accepts_response_payload"] = _answerable(kind, payload)
    if kind == "events_api":
        envelope |= {"retry_attempt": attempt, "retry_reason": reason}
    return json.dumps(envelope, ensure_ascii=False)
