"""A large archive is read by two processes at once; then one writes while the other analyses the words.

One takes slices of it from the front and the other from the back until they meet, however quick each of them is: the
first has the database's libraries to load beside it. Reading and analysing cost more than writing it all down.
"""

import contextlib
import gc
import multiprocessing
import os
import queue
import signal
import threading
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from multiprocessing.queues import Queue
from pathlib import Path
from types import TracebackType
from typing import Any

from bot import analyser, errors
from bot.ports import Said
from handlers.x import archive
from handlers.x.archive import Advance, Chat, Left, Pile, Stretch, Wanted

# Below this the second process would take longer to start than it saves (bytes).
LARGE = 16 * 1024 * 1024
# So much is read, and sent, in one go (bytes).
SLICE = 8 * 1024 * 1024
# After this long in vain it is seen whether the other process still lives.
PATIENCE_SECONDS = 5.0
# Analysed texts that are remembered until they are written down.
MOST_TEXTS = 50_000

# What the second process tells: its kind, and the content.
_Piece = tuple[str, Any]


class Stopped(Exception):
    """The second process is not there any more."""


class Untaken:
    """The slices of an archive that neither process has taken yet."""

    def __init__(self, slices: Sequence[Stretch]) -> None:
        """All of them; who has the ``lock`` takes one."""
        self._slices = slices
        self._ends = multiprocessing.get_context("spawn").Array("l", [0, len(slices)])
        self.lock = self._ends.get_lock()

    def from_the_front(self) -> Iterator[Stretch]:
        """One slice after the other, until those from the back are met; raises ``Stopped``."""
        while (at := self._take(0, 1)) is not None:
            yield self._slices[at]

    def from_the_back(self) -> Iterator[Stretch]:
        """The same, from the last one on."""
        while (at := self._take(1, -1)) is not None:
            yield self._slices[at - 1]

    def _take(self, side: int, step: int) -> int | None:
        if not self.lock.acquire(timeout=PATIENCE_SECONDS):  # who was killed with it in hand never gives it back
            raise Stopped
        try:
            if self._ends[0] == self._ends[1]:
                return None
            at: int = self._ends[side]
            self._ends[side] += step
            return at
        finally:
            self.lock.release()


class Reader:
    """An archive and whoever reads it (``with Reader(path) as reader``); the second process ends with it."""

    def __init__(self, path: Path) -> None:
        """Find the files; raises ``NotAnArchive``."""
        self._path = path
        self._found = archive.stretches(path)
        self.untaken: Untaken | None = None
        self._second: BaseProcess | None = None
        self.pieces: Connection | None = None
        self._texts: Queue[Sequence[str]] | None = None
        self._known: dict[str, str] = {}

    @property
    def size(self) -> int:
        """How many bytes the files have as they lie there."""
        return sum(one.end for one in self._found)

    def __enter__(self) -> "Reader":
        if self.size >= LARGE and (os.cpu_count() or 1) > 1:
            slices = list(archive.slices(self._found, SLICE))
            if len(slices) > 1:
                self._start(slices)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._second is not None:
            self._second.terminate()
            self._second.join()
        if self.pieces is not None:
            self.pieces.close()
        if self._texts is not None:
            self._texts.cancel_join_thread()
            self._texts.close()

    def chat(self, wanted: Wanted, left: Left, advance: Advance = lambda _bytes: None) -> Chat:
        """What ``archive.chat`` returns and raises; a part of it is read by the second process where that pays."""
        if self.untaken is None:
            return archive.chat(self._path, wanted, left, advance)
        pile = Pile(left)
        try:
            self._read(self.untaken, pile, advance)
        except Stopped as stopped:
            raise errors.BrokenFile(file="?", why="el proceso que leía se ha parado") from stopped
        if not pile.newest:
            raise errors.NotAnArchive(path=self._path)
        return pile.chat(wanted)

    def batches(self, said: Sequence[Said], size: int) -> Iterator[Sequence[Said]]:
        """The messages in pieces of that size; ``terms`` knows those of a piece once it is there.

        The second process begins with the first of them at once.
        """
        pieces = [said[at : at + size] for at in range(0, len(said), size)]
        if self._second is not None and self._texts is not None:
            for piece in pieces:
                self._texts.put([one.text for one in piece])
        return self._analysed(pieces)

    def _analysed(self, pieces: Sequence[Sequence[Said]]) -> Iterator[Sequence[Said]]:
        for piece in pieces:
            if len(self._known) > MOST_TEXTS:
                self._known.clear()
            if self._second is not None:
                try:
                    _, terms = self._next()
                    self._known |= zip((one.text for one in piece), terms, strict=True)
                except Stopped:
                    self._second = None  # slower, and none the worse
            if self._second is not None and piece is pieces[-1]:
                self._second.terminate()  # it goes while the last is written down
            yield piece

    def terms(self, text: str) -> str:
        """What ``analyser.terms`` says of a text, mostly known before it is asked."""
        known = self._known.get(text)
        return analyser.terms(text) if known is None else known

    def _start(self, slices: Sequence[Stretch]) -> None:
        self.untaken = Untaken(slices)
        spawned = multiprocessing.get_context("spawn")
        self.pieces, telling = spawned.Pipe(duplex=False)
        self._texts = spawned.Queue()
        self._second = spawned.Process(target=_read, args=(telling, self._texts, self.untaken), daemon=True)
        self._second.start()
        telling.close()  # nobody else has this end: however the second process ends, so does what it tells

    def _next(self) -> _Piece:
        """The next piece of the second process; raises ``Stopped``."""
        if self.pieces is None or self._second is None:
            raise Stopped
        try:
            piece: _Piece = self.pieces.recv()
        except (EOFError, OSError) as error:
            raise Stopped from error
        return piece

    def _read(self, untaken: Untaken, pile: Pile, advance: Advance) -> None:
        """Everything is on the pile, in the order of the archive whoever read it; raises ``Stopped``."""
        theirs: list[Pile] = []
        ended = False
        for stretch in untaken.from_the_front():
            archive.read([stretch], pile, advance)
            while not ended and self.pieces is not None and self.pieces.poll():
                ended = self._receive(theirs, advance)
        while not ended:
            ended = self._receive(theirs, advance)
        for later in reversed(theirs):
            pile.join(later)

    def _receive(self, theirs: list[Pile], advance: Advance) -> bool:
        """What the second process has read next is among theirs; returns whether that was all."""
        kind, content = self._next()
        if kind == "broken":
            raise errors.BrokenFile(**content)
        if kind == "read":
            size, later = content
            theirs.append(later)
            advance(size)
        return kind == "end"


# --- the second process ----------------------------------------------------------------------------------------------


def _read(telling: Connection, texts: "Queue[Sequence[str]]", untaken: Untaken) -> None:
    """What it reads, slice by slice; then the terms of whatever texts it is given, until it is ended."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who reads ends with who writes, and says nothing about it
    gc.disable()  # it makes hundreds of thousands of objects, of which none refers to itself
    pieces = queue.SimpleQueue[_Piece]()
    threading.Thread(target=_tell, args=(telling, pieces), daemon=True).start()
    try:
        for stretch in untaken.from_the_back():
            pile = Pile(Left())
            archive.read([stretch], pile, lambda _bytes: None)
            pieces.put(("read", (stretch.end - stretch.start, pile)))
        pieces.put(("end", None))
    except errors.BrokenFile as error:
        pieces.put(("broken", {name: str(value) for name, value in error.fields.items()}))
    while True:
        pieces.put(("terms", [analyser.terms(text) for text in _given(texts)]))


def _tell(telling: Connection, pieces: "queue.SimpleQueue[_Piece]") -> None:
    """The pieces are told, in their order, while others are read."""
    with contextlib.suppress(OSError):  # nobody listens any more
        while True:
            telling.send(pieces.get())


def _given(texts: "Queue[Sequence[str]]") -> Sequence[str]:
    """The next texts; if whoever gives them was killed, nobody will end this process but itself."""
    parent = multiprocessing.parent_process()
    while parent is not None and parent.is_alive():
        with contextlib.suppress(queue.Empty):
            return texts.get(timeout=PATIENCE_SECONDS)
    os._exit(1)  # an ordinary end would wait for the pieces that nobody takes
