"""A large archive is read by two processes, a part of it each; then one writes while the other analyses the words.

Reading and analysing cost more than writing it all down with its index.
"""

import contextlib
import gc
import multiprocessing
import os
import queue
import signal
from collections.abc import Iterator, Sequence
from dataclasses import astuple
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
# The share of the first process, which has to load the database's libraries beside it.
MINE = 0.4
# Posts sent in one go.
PIECE = 500
# After this long without a piece it is seen whether the second process still lives.
PATIENCE_SECONDS = 5.0
# Analysed texts that are remembered until they are written down.
MOST_TEXTS = 50_000

_Piece = tuple[str, Any]


class Stopped(Exception):
    """The second process is not there any more."""


class Reader:
    """An archive and whoever reads it (``with Reader(path) as reader``); the second process ends with it."""

    def __init__(self, path: Path) -> None:
        """Find the files; raises ``NotAnArchive``."""
        self._path = path
        self._found = archive.stretches(path)
        self._mine: list[Stretch] = []
        self._second: BaseProcess | None = None
        self._pieces: Queue[_Piece] | None = None
        self._texts: Queue[Sequence[str]] | None = None
        self._known: dict[str, str] = {}

    @property
    def size(self) -> int:
        """How many bytes the files have as they lie there."""
        return sum(one.end for one in self._found)

    def __enter__(self) -> "Reader":
        self._mine, others = archive.parts(self._found, MINE)
        if self.size >= LARGE and (os.cpu_count() or 1) > 1 and self._mine and others:
            self._start(others)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._second is not None:
            self._second.terminate()
            self._second.join()
        for one in (self._pieces, self._texts):
            if one is not None:
                one.cancel_join_thread()
                one.close()

    def chat(self, wanted: Wanted, left: Left, advance: Advance = lambda _bytes: None) -> Chat:
        """What ``archive.chat`` returns and raises; a part of it is read by the second process where that pays."""
        if self._second is None:
            return archive.chat(self._path, wanted, left, advance)
        pile = Pile(left)
        archive.read(self._mine, pile, lambda read: advance(round(read / MINE)))  # the other part is about as far
        try:
            self._receive(pile)
        except Stopped as stopped:
            raise errors.BrokenFile(file="?", why="el proceso que leía se ha parado") from stopped
        if not pile.newest:
            raise errors.NotAnArchive(path=self._path)
        return pile.chat(wanted)

    def batches(self, said: Sequence[Said], size: int) -> Iterator[Sequence[Said]]:
        """The messages in pieces of that size; ``terms`` knows those of a piece once it is there."""
        pieces = [said[at : at + size] for at in range(0, len(said), size)]
        if self._second is None or self._texts is None:
            yield from pieces
            return
        for piece in pieces:
            self._texts.put([one.text for one in piece])
        for piece in pieces:
            if len(self._known) > MOST_TEXTS:
                self._known.clear()
            try:
                _, terms = self._next()
                self._known |= zip((one.text for one in piece), terms, strict=True)
            except Stopped:
                self._second = None  # slower, and none the worse
            yield piece

    def terms(self, text: str) -> str:
        """What ``analyser.terms`` says of a text, mostly known before it is asked."""
        known = self._known.get(text)
        return analyser.terms(text) if known is None else known

    def _start(self, second: list[Stretch]) -> None:
        spawned = multiprocessing.get_context("spawn")
        self._pieces, self._texts = spawned.Queue(), spawned.Queue()
        self._second = spawned.Process(target=_read, args=(self._pieces, self._texts, second), daemon=True)
        self._second.start()

    def _next(self) -> _Piece:
        """The next piece of the second process; raises ``Stopped``."""
        while self._pieces is not None and self._second is not None:
            try:
                return self._pieces.get(timeout=PATIENCE_SECONDS)
            except queue.Empty:
                if not self._second.is_alive():
                    break
        raise Stopped

    def _receive(self, pile: Pile) -> None:
        """All that the second process has read is on the pile, as if it had been read here."""
        said = pile.newest.keys() - pile.beside
        while True:
            kind, content = self._next()
            if kind == "posts":
                for post in content:
                    pile.put(post)
            elif kind == "broken":
                raise errors.BrokenFile(**content)
            else:
                _merge(pile, said, content)
                return


def _merge(pile: Pile, said: set[str], end: tuple[Any, ...]) -> None:
    """What the second process knows besides its posts; ``said`` are those that did not stand beside others here."""
    said_there, beside, withheld, names, firsts, left = end
    pile.beside = (pile.beside | beside) - said - said_there
    pile.withheld |= withheld
    pile.names |= names
    pile.firsts |= firsts
    for name, more in zip(Left.__slots__, left, strict=True):
        setattr(pile.left, name, getattr(pile.left, name) + more)


# --- the second process ----------------------------------------------------------------------------------------------


def _read(pieces: "Queue[_Piece]", texts: "Queue[Sequence[str]]", found: list[Stretch]) -> None:
    """Its posts in pieces, then what else it knows; then the terms of whatever texts it is given, until it is ended."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who reads ends with who writes, and says nothing about it
    gc.disable()  # it makes hundreds of thousands of objects, of which none refers to itself
    pile = Pile(Left())
    try:
        archive.read(found, pile, lambda _bytes: None)
    except errors.BrokenFile as error:
        pieces.put(("broken", {name: str(value) for name, value in error.fields.items()}))
        return
    everything = list(pile.newest.values())
    for start in range(0, len(everything), PIECE):
        pieces.put(("posts", everything[start : start + PIECE]))
    said = pile.newest.keys() - pile.beside
    pieces.put(("end", (said, pile.beside, pile.withheld, pile.names, pile.firsts, astuple(pile.left))))
    while True:
        pieces.put(("terms", [analyser.terms(text) for text in _given(texts)]))


def _given(texts: "Queue[Sequence[str]]") -> Sequence[str]:
    """The next texts; if whoever gives them was killed, nobody will end this process but itself."""
    parent = multiprocessing.parent_process()
    while parent is not None and parent.is_alive():
        with contextlib.suppress(queue.Empty):
            return texts.get(timeout=PATIENCE_SECONDS)
    os._exit(1)  # an ordinary end would wait for the pieces that nobody takes
