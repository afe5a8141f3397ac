"""A stream of X: one connection, its lines handed on as they come, opened again by the rules of ``backoff.py``.

What a line means is nobody's business here. A connection that breaks is named with the time of its last byte, so that
search can be asked for what came after it.
"""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

import aiohttp
import structlog
from yarl import URL

from handlers.x.backoff import Backoff, End, Pace
from handlers.x.refused import Kind, XRefused, refusal

# A refusal's body is a few hundred bytes; of anything longer this much is read.
_BODY = 64 * 1024
# A line that says that it is not about a post begins with none of its data, and is short.
_TOLD = 4096


class State(StrEnum):
    """What the stream is doing."""

    IDLE = "idle"
    CONNECTING = "connecting"
    LIVE = "live"
    WAITING = "waiting"
    STOPPED = "stopped"  # X refused us: nobody tries again before a person has seen to it


@dataclass(slots=True)
class Counts:
    """What has come since the start."""

    connects: int = 0
    reconnects: int = 0  # connections after the first that worked
    lines: int = 0
    keepalives: int = 0
    cut: int = 0  # connections that ended in the middle of a line
    too_long: int = 0
    silences: int = 0


@dataclass(frozen=True, slots=True)
class Address:
    """Where the stream is, what is asked of it, and how a connection that still counts is got rid of."""

    url: str  # as it is to be sent, percent signs and all
    headers: Mapping[str, str]
    drop: Callable[[], Awaitable[object]] | None = None
    name: str = "posts"  # what it brings, for the log

    @property
    def secrets(self) -> Sequence[str]:
        """What of the headers must stand in no text."""
        return [one.removeprefix("Bearer ") for name, one in self.headers.items() if name == "Authorization"]


class Stream:
    """One connection at a time, for as long as it is wanted."""

    def __init__(
        self, address: Address, take: Callable[[bytes], None], *, pace: Pace | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:  # fmt: skip
        """``take`` is given every line that is no keep-alive, without its end; it must neither wait nor raise."""
        self._address = address
        self._take = take
        self._pace = pace or Pace()
        self._clock = clock
        self._task: asyncio.Task[None] | None = None
        self._rest = b""
        self._skipping = False
        self._told = ""  # what X said on the connection about its end
        self._dropped = False
        self.state = State.IDLE
        self.refused: XRefused | None = None
        self.last_byte: datetime | None = None
        self.deaf_since: datetime | None = clock()  # None while the stream is heard
        self.backoff = Backoff(self._pace)
        self.counts = Counts()
        self.on_change: Callable[[], None] = lambda: None
        self.on_connected: Callable[[], None] = lambda: None
        self.on_conflict: Callable[[], None] = lambda: None  # X has no rules of ours
        self.on_refused: Callable[[XRefused], None] = lambda _refused: None

    @property
    def live(self) -> bool:
        """Whether the stream is heard."""
        return self.state is State.LIVE

    @property
    def running(self) -> bool:
        """Whether the stream is wanted, and X has not refused us for good."""
        return self._task is not None and not self._task.done()

    def start(self) -> None:
        """The stream is being opened, and opened again whenever it ends; nothing happens where it runs already."""
        if self.running:
            return
        self.refused = None
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """The connection is closed and not opened again."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        if self.state is not State.STOPPED:
            self._be(State.IDLE)

    # --- connections -------------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        patience = aiohttp.ClientTimeout(total=None, sock_connect=self._pace.connect, sock_read=self._pace.silence)
        async with aiohttp.ClientSession(timeout=patience) as session:
            while True:
                self._be(State.CONNECTING)
                end, refused = await self._connection(session)
                if refused is not None and _for_good(refused):
                    self._refuse(refused)
                    return
                if refused is not None and refused.kind is Kind.CONFLICT:
                    self.on_conflict()
                now = self._clock()
                pause = self.backoff.pause(end, now, retry_at=refused.retry_at if refused is not None else None)
                self._be(State.WAITING)
                structlog.get_logger().warning(
                    "x's stream ended", of=self._address.name, how=end.value, told=self._told or str(refused or ""),
                    again_in=round(pause, 2),
                )  # fmt: skip
                if end is End.TOO_MANY and not await self._drop():
                    return
                await asyncio.sleep(pause)

    async def _connection(self, session: aiohttp.ClientSession) -> tuple[End, XRefused | None]:
        self._rest, self._skipping, self._told = b"", False, ""
        self.backoff.tried(self._clock())
        self.counts.connects += 1
        opened = None
        refused: XRefused | None = None
        try:
            # Compressed, a line would wait in a buffer for the next one.
            headers = {**self._address.headers, "Accept-Encoding": "identity"}
            async with session.get(URL(self._address.url, encoded=True), headers=headers) as answer:
                if answer.status != 200:
                    raw = await self._body(answer)
                    secrets = self._address.secrets
                    refused = refusal(answer.status, answer.headers, raw, now=self._clock(), secrets=secrets)
                    return _end_of(refused), refused
                opened = self._clock()
                await self._listen(answer)
            end = End.TOO_MANY if self._told == "TooManyConnections" else End.CLOSED
        except TimeoutError:
            self.counts.silences += opened is not None
            end = End.NETWORK
        except (aiohttp.ClientPayloadError, aiohttp.ServerDisconnectedError):
            # Ended without the last chunk: for X's front this is an ordinary way to close.
            end = End.CLOSED if opened is not None else End.NETWORK
        except (aiohttp.ClientError, OSError):
            end = End.NETWORK
        except Exception:  # noqa: BLE001  (whatever it was, the next connection may do better, and comes slower)
            structlog.get_logger().exception("x's stream stumbled")
            end = End.UPSET
        finally:
            self._ended(opened)
        return end, refused

    async def _body(self, answer: aiohttp.ClientResponse) -> bytes:
        """A refusal's body to its end, however many pieces it comes in: what is cut short says less than it means."""
        raw = b""
        async with asyncio.timeout(self._pace.connect):
            async for piece in answer.content.iter_any():
                raw += piece
                if len(raw) > _BODY:
                    break
        return raw[:_BODY]

    async def _listen(self, answer: aiohttp.ClientResponse) -> None:
        self.counts.reconnects += self.last_byte is not None
        if self.backoff.fresh:
            self._heard()
        self.on_connected()
        opened = asyncio.get_running_loop().time()
        async for chunk in answer.content.iter_any():
            self._heard()
            if not self.backoff.fresh and asyncio.get_running_loop().time() - opened >= self._pace.proven:
                self._lived()
            self._chunk(chunk)
            await self._gather(answer)

    async def _gather(self, answer: aiohttp.ClientResponse) -> None:
        """For a moment what comes is left to the system: a full stream would wake us up for every line."""
        transport = answer.connection.transport if answer.connection is not None else None
        if transport is not None:
            transport.pause_reading()
        try:
            await asyncio.sleep(self._pace.gather)
        finally:
            if transport is not None:
                transport.resume_reading()

    def _heard(self) -> None:
        """A sign of life; after a failure only a byte is one, or closing after each 200 would look like hearing."""
        self.last_byte = self._clock()
        if self.state is not State.LIVE:
            self.deaf_since = None
            self._be(State.LIVE)

    def _ended(self, opened: datetime | None) -> None:
        """The connection is gone: nothing is heard since its last byte."""
        rest, self._rest = self._rest.strip(), b""
        if rest and not self._skipping:
            if _whole(rest):
                self._line(rest)
            else:
                self.counts.cut += 1  # search is asked for what was in it
        if opened is None:
            self.deaf_since = self.deaf_since or self.last_byte or self._clock()
            return
        if (self._clock() - opened).total_seconds() >= self._pace.proven:
            self._lived()
        if self.deaf_since is None:
            self.deaf_since = self.last_byte or opened

    def _lived(self) -> None:
        self._dropped = False
        self.backoff.lived()

    async def _drop(self) -> bool:
        """X is told once to forget the connections that it still counts; False where that ends everything."""
        if self._dropped or self._address.drop is None:
            return True
        self._dropped = True
        try:
            await self._address.drop()
        except XRefused as refused:
            structlog.get_logger().warning("x's old connections are not dropped", why=str(refused))
            if refused.kind is Kind.CREDITS:
                self._refuse(refused)
                return False
        return True

    def _refuse(self, refused: XRefused) -> None:
        structlog.get_logger().error("x's stream is closed to us", of=self._address.name, why=str(refused))
        self.refused = refused
        self._be(State.STOPPED)
        self.on_refused(refused)

    def _be(self, state: State) -> None:
        if state is not self.state:
            self.state = state
            self.on_change()

    # --- lines -------------------------------------------------------------------------------------------------------

    def _chunk(self, chunk: bytes) -> None:
        *lines, self._rest = (self._rest + chunk).split(b"\n") if self._rest else chunk.split(b"\n")
        for line in lines:
            if self._skipping:
                self._skipping = False  # the end of a line too long, whose beginning was handed on
                continue
            self._line(line.strip())
        if len(self._rest) > self._pace.longest_line:
            if not self._skipping:
                self._skipping = True
                self.counts.too_long += 1
                self._take(self._rest[:_BODY])
            self._rest = b""

    def _line(self, line: bytes) -> None:
        if not line:
            self.counts.keepalives += 1
            return
        self.counts.lines += 1
        if len(line) < _TOLD and not line.startswith(b'{"data"'):
            self._told = _told(line) or self._told
        self._take(line)


def _for_good(refused: XRefused) -> bool:
    return refused.status in {401, 402, 403} or refused.kind is Kind.CAPPED


def _end_of(refused: XRefused) -> End:
    if refused.kind is Kind.CONNECTIONS:
        return End.TOO_MANY
    return End.LIMITED if refused.status == 429 else End.UPSET


def _whole(line: bytes) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def _told(line: bytes) -> str:
    """What X says of the connection in a line that is about no post: ``TooManyConnections``, ``ForceDisconnect`` …"""
    with contextlib.suppress(ValueError, RecursionError):
        told = json.loads(line)
        if isinstance(told, dict):
            errors = told.get("errors")
            for one in [told, *(errors if isinstance(errors, list) else ())]:
                why = one.get("connection_issue") or one.get("disconnect_type") if isinstance(one, dict) else None
                if isinstance(why, str):
                    return why
    return ""
