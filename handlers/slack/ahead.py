"""A large export is read by a second process, while the first one writes what was read before.

Reading Slack's text costs about as much as writing it down with its index, and the two need nothing of each other.
"""

import multiprocessing
import os
import queue
from collections.abc import Iterator
from multiprocessing.process import BaseProcess
from multiprocessing.queues import Queue
from pathlib import Path
from typing import Any

from bot import errors
from bot.ports import Attachment, Author, Platform, Said
from handlers.slack.export import Channel, Export, Left, Window, read

# Below this the second process would take longer to start than it saves.
LARGE = 8 * 1024 * 1024
# Messages sent in one go, and how many such pieces may wait: a pipe alone holds less than one, and whoever wrote into
# it would stand still while the other works.
PIECE = 500
MOST_PIECES = 40
# After this long without a piece it is seen whether the second process still lives.
PATIENCE_SECONDS = 5.0

_Packed = tuple[Any, ...]
_Piece = tuple[str, Any]


def said(path: Path, opened: Export, channel: Channel, window: Window, left: Left) -> Iterator[list[Said]]:
    """What ``Export.said`` yields, a list for each day, read by a second process where that pays."""
    if channel.size() < LARGE or (os.cpu_count() or 1) < 2:
        yield from opened.said(channel, window, left)
        return
    spawned = multiprocessing.get_context("spawn")
    pieces: Queue[_Piece] = spawned.Queue(MOST_PIECES)
    reader = spawned.Process(target=_read, args=(pieces, path, channel.id, window), daemon=True)
    reader.start()
    try:
        yield from _received(pieces, reader, left)
    finally:
        reader.terminate()
        reader.join()
        pieces.close()


def _received(pieces: "Queue[_Piece]", reader: BaseProcess, left: Left) -> Iterator[list[Said]]:
    day: list[Said] = []
    while True:
        try:
            kind, content = pieces.get(timeout=PATIENCE_SECONDS)
        except queue.Empty as silent:
            if reader.is_alive():
                continue
            raise errors.BrokenFile(file="?", why="el proceso que leía se ha parado") from silent
        if kind == "said":
            day += [_unpacked(one) for one in content]
        elif kind == "day":
            yield day
            day = []
        elif kind == "broken":
            raise errors.BrokenFile(**content)
        else:
            left.noise, left.strange = content
            return


def _read(pieces: "Queue[_Piece]", path: Path, channel_id: str, window: Window) -> None:
    """The second process: every day in turn, and at the end what was left out."""
    left = Left()
    try:
        opened = read(path)
        for day in opened.said(opened.channel(channel_id), window, left):
            for start in range(0, len(day), PIECE):
                pieces.put(("said", [_packed(one) for one in day[start : start + PIECE]]))
            pieces.put(("day", None))
    except errors.BrokenFile as error:
        pieces.put(("broken", {name: str(value) for name, value in error.fields.items()}))
        return
    pieces.put(("end", (left.noise, left.strange)))


def _packed(one: Said) -> _Packed:
    """A message as plain tuples, which cross over ten times faster than the values themselves."""
    author = one.author
    return (
        one.place, one.id, author.id, author.name, author.bot, one.text, one.posted_at, one.rich, one.thread,
        one.reply_to, one.quotes, one.edited_at, [(file.name, file.mimetype, file.url) for file in one.files],
        one.reactions, one.reaction_counts,
    )  # fmt: skip


def _unpacked(packed: _Packed) -> Said:
    place, ident, who, name, bot, text, posted, rich, thread, reply_to, quotes, edited, files, reactions, counts = (
        packed
    )
    return Said(
        Platform.SLACK, place, ident, Author(who, name, bot), text, posted, rich, thread, reply_to, quotes, edited,
        tuple(Attachment(*file) for file in files), reactions, counts,
    )  # fmt: skip
