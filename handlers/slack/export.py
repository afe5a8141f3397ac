"""A standard Slack export (a folder or a zip: one JSON file for each channel and day), read as ``Said``.

The people, and what they wrote, are read by the same ears that hear a live channel, so that both end in the same log.
"""

import difflib
import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from bot import errors
from bot.ports import Said
from handlers.slack import ears, mrkdwn

Json = Mapping[str, Any]

# The lists of what there are conversations in; a public export has only the first.
_LISTS = ("channels.json", "groups.json", "mpims.json", "dms.json")
_USERS = ("users.json", "org_users.json")


@dataclass(frozen=True, slots=True)
class Channel:
    """A conversation of the export: its id, its name, and the day files that hold it, oldest first."""

    id: str
    name: str
    days: Sequence[Traversable] = field(repr=False)

    def size(self) -> int:
        """How many bytes its day files have, unpacked."""
        return sum(_size(day) for day in self.days)


@dataclass(frozen=True, slots=True)
class Window:
    """From when (inclusive) to when (exclusive) messages count; None is without end."""

    start: datetime | None = None
    end: datetime | None = None

    def holds(self, instant: datetime) -> bool:
        """Whether the instant lies in it."""
        return (self.start is None or instant >= self.start) and (self.end is None or instant < self.end)

    def may_hold(self, day: str) -> bool:
        """Whether a day file of this name may have something of it: its day is that of some zone on Earth."""
        try:
            when = date.fromisoformat(day)
        except ValueError:
            return True
        early = self.start is not None and when < self.start.date() - timedelta(days=1)
        return not (early or (self.end is not None and when > self.end.date() + timedelta(days=1)))


@dataclass(slots=True)
class Left:
    """What an import leaves out: what nobody said (joins, topics, the system), and what could not be understood."""

    noise: int = 0
    strange: int = 0


class Export:
    """An export that has been opened."""

    def __init__(self, root: Traversable) -> None:
        """Read who is who and which channels there are; raises ``NotAnExport`` or ``BrokenFile``."""
        self._root = root
        self._folders = {one.name: one for one in root.iterdir() if one.is_dir()}
        self._channels = {str(one["id"]): one for name in _LISTS for one in self._list(name) if one.get("id")}
        people = [one for name in _USERS for one in self._list(name) if one.get("id")]
        if not self._channels and not people:
            raise errors.NotAnExport(path=root)
        names = {str(one["id"]): ears.called(one) for one in people}
        called = {ident: str(one.get("name") or ident) for ident, one in self._channels.items()}
        self._bots = {str(one["id"]) for one in people if one.get("is_bot")}
        self._ears = ears.Ears("", "", mrkdwn.Names(person=names.get, channel=called.get))

    def _list(self, name: str) -> Sequence[Json]:
        file = self._root.joinpath(name)
        return _objects(file) if file.is_file() else ()

    def names(self) -> list[str]:
        """What can be asked for: the names of the channels that have a folder."""
        listed = {str(one.get("name") or ident) for ident, one in self._channels.items()}
        return sorted(listed & set(self._folders)) or sorted(self._folders)

    def channel(self, name: str) -> Channel:
        """The channel of a name or id; raises ``NoSuchChannel`` with the nearest name."""
        wanted = name.removeprefix("#")
        for ident, one in self._channels.items():
            called = str(one.get("name") or ident)
            if wanted in {ident, called}:
                return self._found(ident, called)
        if wanted in self._folders:  # left out of the lists, as archived channels can be
            return self._found(wanted, wanted)
        names = self.names()
        near = difflib.get_close_matches(wanted, names, n=1, cutoff=0) or names[:1]
        raise errors.NoSuchChannel(channel=wanted, nearest=near[0] if near else "—")

    def _found(self, ident: str, name: str) -> Channel:
        folder = self._folders.get(name) or self._folders.get(ident)
        days = [one for one in folder.iterdir() if one.name.endswith(".json")] if folder is not None else []
        return Channel(ident, name, sorted(days, key=lambda day: day.name))

    def said(self, channel: Channel, window: Window, left: Left) -> Iterator[list[Said]]:
        """What was said in the channel, day by day, each day in order of time; ``left`` counts what was left out."""
        for day in channel.days:
            said = (
                list(self._day(day, channel, window, left)) if window.may_hold(day.name.removesuffix(".json")) else []
            )
            said.sort(key=lambda one: one.posted_at)
            yield said

    def roots(self, channel: Channel, window: Window) -> list[Said]:
        """The messages that others answered in a thread, in order of time."""
        found: list[Said] = []
        for day in channel.days:
            if not window.may_hold(day.name.removesuffix(".json")):
                continue
            for message in _objects(day):
                if message.get("thread_ts") == message.get("ts") and (
                    message.get("reply_count") or message.get("replies")
                ):
                    found += self._read(message, channel, window, Left())
        return sorted(found, key=lambda one: one.posted_at)

    def _day(self, day: Traversable, channel: Channel, window: Window, left: Left) -> Iterator[Said]:
        for message in _objects(day):
            yield from self._read(message, channel, window, left)

    def _read(self, message: Json, channel: Channel, window: Window, left: Left) -> Sequence[Said]:
        try:
            said = self._ears.said(message, channel.id, seen=True)
        except ears.Strange:
            left.strange += 1
            return ()
        if said is None:
            left.noise += 1
            return ()
        if not window.holds(said.posted_at):
            return ()
        if said.author.id in self._bots and not said.author.bot:
            said = said._replace(author=said.author._replace(bot=True))
        return (said,)


def read(path: Path) -> Export:
    """The export at a path; raises ``NotAnExport``, or ``BrokenFile`` with the name of the file."""
    root: Traversable
    if path.is_dir():
        root = path
    elif zipfile.is_zipfile(path):
        root = zipfile.Path(path)
    else:
        raise errors.NotAnExport(path=path)
    inside: list[Traversable] = list(root.iterdir())
    # A zip that was packed by hand often has one folder around everything.
    return Export(inside[0] if len(inside) == 1 and inside[0].is_dir() else root)


def _size(file: Traversable) -> int:
    if isinstance(file, zipfile.Path):
        return file.root.getinfo(file.at).file_size
    return file.stat().st_size if isinstance(file, Path) else len(file.read_bytes())


def _objects(file: Traversable) -> list[Json]:
    """The objects of a JSON list; raises ``BrokenFile``."""
    name = "/".join(Path(str(file)).parts[-2:])
    try:
        found = json.loads(file.read_bytes())
    except (ValueError, RecursionError) as error:
        raise errors.BrokenFile(file=name, why=error) from error
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise errors.BrokenFile(file=name, why="[{…}, …]")
    return found
