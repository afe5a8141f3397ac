"""A large archive is read by two processes, half of its lines each: reading costs more than writing it all down."""

import multiprocessing
import os
import queue
from dataclasses import astuple
from multiprocessing.process import BaseProcess
from multiprocessing.queues import Queue
from pathlib import Path
from typing import Any

from bot import errors
from bot.ports import Attachment
from handlers.x import archive
from handlers.x.archive import Advance, Chat, Left, Pile, Stretch, Wanted
from handlers.x.posts import Post

# Below this the second process would take longer to start than it saves (bytes).
LARGE = 16 * 1024 * 1024
# Posts sent in one go.
PIECE = 500
# After this long without a piece it is seen whether the second process still lives.
PATIENCE_SECONDS = 5.0

_Piece = tuple[str, Any]


def chat(path: Path, wanted: Wanted, left: Left, advance: Advance = lambda _bytes: None) -> Chat:
    """What ``archive.chat`` returns and raises; the second half is read by a second process where that pays."""
    found = archive.stretches(path)
    first, second = archive.halves(found)
    if sum(one.end for one in found) < LARGE or (os.cpu_count() or 1) < 2 or not second:
        return archive.chat(path, wanted, left, advance)
    spawned = multiprocessing.get_context("spawn")
    pieces: Queue[_Piece] = spawned.Queue()
    reader = spawned.Process(target=_read, args=(pieces, second), daemon=True)
    reader.start()
    pile = Pile(left)
    try:
        archive.read(first, pile, lambda read: advance(2 * read))  # the other half is about as far
        _receive(pieces, reader, pile)
    finally:
        reader.terminate()
        reader.join()
        pieces.close()
    if not pile.newest:
        raise errors.NotAnArchive(path=path)
    return pile.chat(wanted)


def _receive(pieces: "Queue[_Piece]", reader: BaseProcess, pile: Pile) -> None:
    """All that the second process has read is on the pile, as if it had been read here."""
    said = pile.newest.keys() - pile.beside
    while True:
        try:
            kind, content = pieces.get(timeout=PATIENCE_SECONDS)
        except queue.Empty as silent:
            if reader.is_alive():
                continue
            raise errors.BrokenFile(file="?", why="el proceso que leía se ha parado") from silent
        if kind == "posts":
            for packed in content:
                pile.put(_unpacked(packed))
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


def _read(pieces: "Queue[_Piece]", found: list[Stretch]) -> None:
    """The second process: its posts in pieces, and at the end what else it knows."""
    pile = Pile(Left())
    try:
        archive.read(found, pile, lambda _bytes: None)
    except errors.BrokenFile as error:
        pieces.put(("broken", {name: str(value) for name, value in error.fields.items()}))
        return
    everything = list(pile.newest.values())
    for start in range(0, len(everything), PIECE):
        pieces.put(("posts", [_packed(one) for one in everything[start : start + PIECE]]))
    said = pile.newest.keys() - pile.beside
    pieces.put(("end", (said, pile.beside, pile.withheld, pile.names, pile.firsts, astuple(pile.left))))


def _packed(one: Post) -> tuple[Any, ...]:
    """A post as plain tuples, which cross over faster than the values themselves."""
    return (
        one.id, one.version, one.author_id, one.name, one.username, one.text, one.rich, one.posted_at, one.edited_at,
        one.conversation, one.replied_to, one.quoted, [(file.name, file.mimetype, file.url) for file in one.files],
    )  # fmt: skip


def _unpacked(packed: tuple[Any, ...]) -> Post:
    ident, version, author, name, username, text, rich, posted, edited, conversation, replied, quoted, files = packed
    return Post(
        ident, version, author, name, username, text, rich, posted, edited, conversation, replied, quoted,
        tuple(Attachment(*file) for file in files), retweet=False, withheld=False,
    )  # fmt: skip
