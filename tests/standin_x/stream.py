"""The filtered stream: one connection, a line for each post that a rule wants, a blank line when there is none."""

import asyncio
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from aiohttp import web

from tests.standin_x.faults import Faults
from tests.standin_x.meter import Meter
from tests.standin_x.problems import CONNECTIONS, NO_RULES, PROBLEMS, Json, RefusedError
from tests.standin_x.rulebook import Rule, Rulebook
from tests.standin_x.shapes import Fields, Shaper
from tests.standin_x.world import Post, World

MOST_WAITING = 50_000


@dataclass(frozen=True)
class Line:
    """A line to be sent, and what is billed when it is."""

    body: Json
    posts: Sequence[str]
    people: Sequence[str]


class ConnectionEnd(Exception):
    """The connection ends here; `broken` means without the end of an answer."""

    def __init__(self, *, broken: bool = False) -> None:
        super().__init__(broken)
        self.broken = broken


class Connection:
    """One reader of the stream: `open` while it is, `lines` as often as a post was written to it."""

    def __init__(self, fields: Fields, faults: Faults, most_waiting: int) -> None:
        self.id = str(uuid.uuid4())
        self.fields = fields
        self.open = True
        self.lines = 0
        self.keep_alives = 0
        self.waiting: asyncio.Queue[Line | Json | None] = asyncio.Queue()
        self._most = most_waiting
        self._faults = faults
        self._ended = asyncio.Event()
        self._held: list[bytes] = []
        self._hold = 0
        opening = faults.strike("close_after")
        self._last = opening.after if opening else None

    def say(self, what: Line | Json | None) -> None:
        """The line waits to be written; None ends the connection; a reader that is too slow is cut."""
        if self.waiting.qsize() >= self._most:
            while not self.waiting.empty():
                self.waiting.get_nowait()
            self.waiting.put_nowait(disconnect("SlowReader"))
            what = None
        self.waiting.put_nowait(what)
        if what is None:
            self._ended.set()

    async def serve(self, response: web.StreamResponse, keep_alive: float, meter: "Bill") -> None:
        """Lines are written until the end; `ConnectionEnd` is raised when the test wants one."""
        while self._last is None or self.lines < self._last:
            what = await self._next(response, keep_alive)
            await self._silence()
            if what is None:
                return
            if isinstance(what, Line):
                await self._write(response, what, meter)
            else:
                await response.write(encoded(what))

    async def _next(self, response: web.StreamResponse, keep_alive: float) -> Line | Json | None:
        while self.waiting.empty():
            try:
                return await asyncio.wait_for(self.waiting.get(), keep_alive)
            except TimeoutError:
                await self._silence()
                self.keep_alives += 1
                await response.write(b"\r\n")
        return self.waiting.get_nowait()

    async def _silence(self) -> None:
        if self._faults.strike("silence"):
            await self._ended.wait()
            raise ConnectionEnd

    async def _write(self, response: web.StreamResponse, line: Line, meter: "Bill") -> None:
        body = dict(line.body)
        if self._faults.strike("rule_without_tag"):
            body["matching_rules"] = [{"id": rule["id"]} for rule in body["matching_rules"]]
        if long := self._faults.strike("long_line"):
            body["data"] = body["data"] | {"context_annotations": [{"domain": {"id": "0", "name": "x" * long.size}}]}
        raw = encoded(body)
        if strange := self._faults.strike("strange_line"):
            await response.write(strange.payload + b"\r\n")
        if cut := self._faults.strike("cut_line"):
            await response.write(raw[: len(raw) // 2])
            raise ConnectionEnd(broken=bool(cut.after))
        self.lines += 1
        meter.charge(line)
        await self._send(response, raw)
        if self._faults.strike("operational_disconnect"):
            await response.write(encoded(disconnect("UpstreamOperationalDisconnect")))
            raise ConnectionEnd

    async def _send(self, response: web.StreamResponse, raw: bytes) -> None:
        if not self._hold and (reorder := self._faults.strike("reorder")):
            self._hold = reorder.after
        if self._hold:
            self._held.append(raw)
            if len(self._held) < self._hold:
                return
            raw, self._held, self._hold = b"".join(reversed(self._held)), [], 0
        if self._faults.strike("duplicate_lines"):
            raw += raw
        await response.write(raw)


class Bill:
    """Charges for what is written to the stream."""

    def __init__(self, meter: Meter, world: World) -> None:
        self._meter = meter
        self._world = world

    def charge(self, line: Line) -> None:
        """The post and the accounts of the line are billed."""
        self._meter.read("post_read", line.posts, self._world.clock())
        self._meter.read("user_read", line.people, self._world.clock())


class Hub:
    """Who reads the stream, and what they are to be told."""

    def __init__(self, rulebook: Rulebook, world: World, faults: Faults, meter: Meter) -> None:
        self.rulebook = rulebook
        self.opened: list[Connection] = []
        self.most_waiting = MOST_WAITING
        self._counted: dict[str, float] = {}
        self._world = world
        self._faults = faults
        self._bill = Bill(meter, world)

    @property
    def live(self) -> list[Connection]:
        """The connections that are open."""
        return [connection for connection in self.opened if connection.open]

    def publish(self, post: Post) -> None:
        """Whoever reads and has a rule for it will be told."""
        rules = self.rulebook.matching(post) if self.live else []
        for connection in self.live if rules else []:
            connection.say(shaped(self._world, post, rules, connection.fields))

    def admit(self, fields: Fields) -> Connection:
        """A new connection; `RefusedError` without rules, or while another one is counted."""
        if not self.rulebook.listed:
            raise RefusedError(NO_RULES)
        now = asyncio.get_running_loop().time()
        if any(until > now for until in self._counted.values()):
            raise RefusedError(CONNECTIONS)
        connection = Connection(fields, self._faults, self.most_waiting)
        self._counted = {connection.id: float("inf")}
        self.opened.append(connection)
        return connection

    async def serve(
        self, request: web.Request, connection: Connection, *, keep_alive: float, release: float
    ) -> web.StreamResponse:
        """The answer of a stream, which ends when either side wants it; its slot is free `release` seconds later."""
        response = web.StreamResponse(headers={"Content-Type": "application/json; charset=utf-8"})
        response.enable_chunked_encoding()
        try:
            await response.prepare(request)
            await connection.serve(response, keep_alive, self._bill)
        except ConnectionEnd as end:
            if end.broken and request.transport is not None:
                request.transport.abort()
        except ConnectionError:
            pass
        finally:
            connection.open = False
            if connection.id in self._counted:
                self._counted[connection.id] = asyncio.get_running_loop().time() + release
        return response

    def drop(self) -> list[Connection]:
        """Every connection ends and none is counted any more; those that there were."""
        ended = self.live
        self._counted.clear()
        for connection in ended:
            connection.say(None)
        return ended


def shaped(world: World, post: Post, rules: Sequence[Rule], fields: Fields) -> Line:
    """The post as a line of the stream."""
    shaper = Shaper(world, fields)
    shaper.add_post(post)
    body = shaper.page.body(one=True)
    body["matching_rules"] = [{"id": rule.id} | ({"tag": rule.tag} if rule.tag else {}) for rule in rules]
    return Line(shaper.in_dialect(body), shaper.page.posts, shaper.page.people)


def encoded(body: Json) -> bytes:
    """The JSON as one line of the stream."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode() + b"\r\n"


def disconnect(kind: str) -> Json:
    """The message with which X announces that it disconnects."""
    error = {"title": "operational-disconnect", "disconnect_type": kind, "type": PROBLEMS + "operational-disconnect",
             "detail": "This stream has been disconnected upstream for operational reasons."}  # fmt: skip
    return {"errors": [error]}
