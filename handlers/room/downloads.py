"""The transcript in every format, written in a thread and sent as it grows; also while the debate is live."""

import asyncio
import io
import threading
from collections.abc import AsyncIterator, Callable
from typing import BinaryIO

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from bot import errors
from bot.actions import downloads
from bot.debate import Phase
from bot.exports import formats
from bot.exports.as_recap import draft
from bot.exports.bounded import bounded, too_much
from bot.store import transcripts
from bot.transcript import Transcript
from bot.words.catalogue import words
from handlers.room.context import Room, locale_of, room_of, visitor_of

PIECE = 64 * 1024
# This many pieces wait for a slow reader; the thread then waits, too.
PIECES = 4
# The page brings its own style and filter; it runs apart from the room, whose cookies it never sees.
PAGE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; "
    "sandbox allow-scripts allow-popups"
)
_SHOWN = frozenset({"html", "txt"})
# How much of X is in it is this visitor's affair.
_OWN = {"cache-control": "private, no-cache", "vary": "Cookie"}


async def transcript(request: Request) -> Response:
    """The transcript as the log is now."""
    name = request.path_params["format"]
    if name not in formats.FORMATS:
        raise errors.NoSuchDebate(debate=request.url.path)
    chosen = formats.named(name)
    found = await _allowed(request)
    say = words(found.head.locale or locale_of(request))
    pieces = stream(lambda out: chosen.write(found, out, say))
    # The first piece tells whether it can be written at all, while there is still a status to say so with.
    first = await anext(pieces, b"")
    headers = dict(_OWN)
    if name == "html":
        headers["content-security-policy"] = PAGE_POLICY
    if name not in _SHOWN:
        headers["content-disposition"] = f'attachment; filename="{found.head.slug}.{chosen.extension}"'
    return StreamingResponse(_from(first, pieces), headers=headers, media_type=chosen.media_type)


async def recap(request: Request) -> Response:
    """The draft of the recap, as the log is now."""
    found = await _allowed(request)
    text = await asyncio.to_thread(draft, found, words(found.head.locale))
    return Response(text, headers=_OWN, media_type="text/markdown; charset=utf-8")


async def _allowed(request: Request) -> Transcript:
    """The debate as far as this visitor may download it today: what was said on X, whole or as links."""
    room = room_of(request)
    found, of_x = await asyncio.to_thread(_loaded, room, request.path_params["slug"])
    if found.head.phase == Phase.DRAFT and not visitor_of(request).moderator:
        raise errors.NoSuchDebate(debate=found.head.slug)  # as its page says
    most = room.house.x_downloads
    if not of_x or (of_x <= most and await _take(request, int(found.head.id), of_x)):
        return found
    return bounded(found, too_much(words(found.head.locale or locale_of(request)), most))


def _loaded(room: Room, slug: str) -> tuple[Transcript, int]:
    found = transcripts.load(room.store, slug)
    with room.store.read() as tx:
        return found, downloads.of_x(tx, found.head.id)


async def _take(request: Request, debate_id: int, wanted: int) -> bool:
    room, visitor = room_of(request), visitor_of(request)
    who, now = downloads.Visitor(visitor.actor, visitor.address), room.clock()
    return await room.writer.do(lambda tx: downloads.take(tx, debate_id, who, wanted=wanted, house=room.house, now=now))


async def _from(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in rest:
        yield piece


async def stream(write: Callable[[BinaryIO], None]) -> AsyncIterator[bytes]:
    """What ``write`` writes, in pieces, as fast as they are taken; its error is raised here."""
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[bytes | BaseException | None] = asyncio.Queue(PIECES)
    gone = threading.Event()
    pipe = _Pipe(loop, queue, gone)

    def work() -> None:
        end: BaseException | None = None
        try:
            with io.BufferedWriter(pipe, PIECE) as out:  # type: ignore[type-var]  # typeshed wants more of a raw file than is used
                write(out)
        except Exception as error:  # noqa: BLE001  (it is raised again where the pieces are taken)
            end = error
        pipe.put(end)

    task = loop.run_in_executor(None, work)
    try:
        while (piece := await queue.get()) is not None:
            if isinstance(piece, BaseException):
                raise piece
            yield piece
        await task
    finally:
        gone.set()
        while not queue.empty():
            queue.get_nowait()


class _Pipe(io.RawIOBase):
    """A file that is written in a thread and read in the loop."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        queue: "asyncio.Queue[bytes | BaseException | None]",
        gone: threading.Event,
    ) -> None:
        self._loop = loop
        self._queue = queue
        self._gone = gone

    def writable(self) -> bool:
        return True

    def write(self, data: "bytes | bytearray | memoryview") -> int:  # type: ignore[override]  # any buffer
        self.put(bytes(data))
        return len(data)

    def put(self, piece: bytes | BaseException | None) -> None:
        """The piece waits for the reader; raises ``BrokenPipeError`` when nobody reads any more."""
        if not self._gone.is_set():
            waiting = asyncio.run_coroutine_threadsafe(self._queue.put(piece), self._loop)
            while not self._gone.is_set():
                try:
                    waiting.result(0.2)
                except TimeoutError:
                    continue
                return
            waiting.cancel()
        if isinstance(piece, bytes):
            raise BrokenPipeError
