"""What changes, sent to everybody who is looking: read once, drawn once for each kind of reader, the same bytes to all.

Server-sent events: ``id`` is the debate's clock, so a browser that comes back says with ``Last-Event-ID`` where it was,
and is sent what it missed. A reader who does not keep up is let go, and comes back the same way.
"""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import NamedTuple, Protocol

from bot import errors
from bot.store import debates, feed
from bot.store.engine import Store
from bot.writer import Committed, Writer
from handlers.room import looks

logger = logging.getLogger(__name__)

# This many events may wait for one reader; then their line is too slow.
QUEUE = 64
# Proxies close a line that is silent for a minute; many after 30 seconds.
PING_SECONDS = 15.0
# A burst of messages becomes one event; alone, a message goes at once.
GATHER_SECONDS = 0.05
# What other processes (the command line) commit is noticed within this time.
POLL_SECONDS = 0.8
# Who missed more than this is quicker with the whole page.
MOST_REPLAYED = 400
RETRY_MS = 2000

PING = b": ping\n\n"


class Reader(NamedTuple):
    """A kind of reader: all of a kind are sent the same bytes."""

    locale: str
    moderator: bool


class Artist(Protocol):
    """Draws what changed."""

    def draw(self, view: looks.Scene, reader: Reader) -> str:
        """What all readers of a kind see of it, as HTML."""
        ...

    def whisper(self, view: looks.Scene, reader: Reader, who: str) -> str:
        """What one member alone is told (their id in the room), as HTML; "" where there is nothing."""
        ...


class Client:
    """One open page."""

    __slots__ = ("lost", "queue", "reader", "who")

    def __init__(self, reader: Reader, who: str) -> None:
        """Nothing waits."""
        self.reader = reader
        self.who = who
        self.queue: asyncio.Queue[bytes | None] = asyncio.Queue(QUEUE)
        self.lost = False

    def give(self, event: bytes) -> bool:
        """The event waits for the client; False when too much waits already, and the stream will end."""
        try:
            self.queue.put_nowait(event)
        except asyncio.QueueFull:
            self.end()
            self.lost = True
            return False
        return True

    def end(self) -> None:
        """The stream ends when the client next listens; what waited is dropped."""
        while not self.queue.empty():
            self.queue.get_nowait()
        self.queue.put_nowait(None)


class Channel:
    """The open pages of one debate, and up to where they have been told."""

    def __init__(self, debate_id: int, rev: int) -> None:
        """Nobody looks yet."""
        self.debate_id = debate_id
        self.rev = rev
        self.clients: set[Client] = set()
        self.replays: dict[tuple[int, Reader, str], bytes] = {}
        self.told_at = 0.0
        self.waiting = False


class Hub:
    """All open pages. Lives in the event loop; only ``committed`` is called from another thread."""

    def __init__(self, store: Store, writer: Writer, artist: Artist) -> None:
        """Bind to the store; ``start`` begins."""
        self._store = store
        self._artist = artist
        self._channels: dict[int, Channel] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._closed = False
        self.dropped = 0
        self.events = 0
        writer.on_commit(self.committed)

    @property
    def readers(self) -> int:
        """How many pages are open."""
        return sum(len(channel.clients) for channel in self._channels.values())

    def start(self) -> None:
        """Changes are sent from now on; called in the loop."""
        self._loop = asyncio.get_running_loop()
        self._closed = False
        self._tasks = [self._loop.create_task(self._look_around()), self._loop.create_task(self._ping())]

    def close(self) -> None:
        """Every stream ends, and no new one begins; harmless when it is done already."""
        self._closed = True
        for task in self._tasks:
            task.cancel()
        self._tasks = []
        for channel in self._channels.values():
            for client in channel.clients:
                client.end()

    def committed(self, committed: Committed) -> None:
        """What a commit changed is on its way to those who look at it; called in the writer's thread."""
        loop = self._loop
        if loop is None or self._closed or not committed.debates:
            return
        try:
            loop.call_soon_threadsafe(self._changed, frozenset(committed.debates))
        except RuntimeError:  # the loop has closed
            self._loop = None

    async def listen(self, debate_id: int, reader: Reader, since: int, *, who: str = "") -> AsyncGenerator[bytes, None]:
        """The events of a debate for one page, from after a reading of its clock until either side ends.

        ``who`` is the id in the room of the member who looks.
        """
        yield f"retry: {RETRY_MS}\n\n".encode()
        if self._closed:
            return
        client = Client(reader, who)
        channel = self._channels.setdefault(debate_id, Channel(debate_id, since))
        missed = self._missed(channel, client, since)
        channel.clients.add(client)
        try:
            if missed:
                yield missed
            while (event := await client.queue.get()) is not None:
                yield event
        finally:
            channel.clients.discard(client)
            if not channel.clients and self._channels.get(debate_id) is channel:
                del self._channels[debate_id]

    def _missed(self, channel: Channel, client: Client, since: int) -> bytes:
        """What one page has missed. Many come back at once after a restart: they are sent the same bytes."""
        found = channel.replays.get((since, client.reader, client.who)) or channel.replays.get(
            (since, client.reader, "")
        )
        if found is not None:
            return found
        view, key = self._read(channel.debate_id, since), (since, client.reader, "")
        if view is None:
            return _event(None, "", name="reload")
        if not channel.clients:
            channel.rev = view.feed.rev
        if view.feed.rev == since:
            found = b""
        elif since <= 0 or since > view.feed.rev or len(view.feed.lines) > MOST_REPLAYED:
            found = _event(view.feed.rev, "", name="reload")
        else:
            whisper = self._artist.whisper(view, client.reader, client.who)
            found = _event(view.feed.rev, self._artist.draw(view, client.reader) + whisper)
            if any(post.private for post in view.feed.posts):
                key = (since, client.reader, client.who)
        channel.replays[key] = found
        return found

    def _changed(self, debate_ids: frozenset[int]) -> None:
        for debate_id in debate_ids:
            channel = self._channels.get(debate_id)
            if channel is None or channel.waiting:
                continue
            channel.replays.clear()
            channel.waiting = True
            wait = channel.told_at + GATHER_SECONDS - time.monotonic()
            if self._loop is not None:
                self._loop.call_later(max(0.0, wait), self._tell, channel)

    def _tell(self, channel: Channel) -> None:
        channel.waiting = False
        channel.told_at = time.monotonic()
        channel.replays.clear()
        if self._closed or not channel.clients:
            return
        try:
            self._tell_all(channel)
        except Exception:  # whatever the database did, the next change or look around tries again
            logger.exception("could not tell the pages of debate %s", channel.debate_id)

    def _tell_all(self, channel: Channel) -> None:
        view = self._read(channel.debate_id, channel.rev)
        readers = {client.reader for client in channel.clients}
        if view is None:
            self._give(channel, dict.fromkeys(readers, _event(None, "", name="reload")), {})
        elif view.feed.rev > channel.rev:
            drawn = {reader: self._artist.draw(view, reader) for reader in readers}
            self._give(
                channel,
                {reader: _event(view.feed.rev, html) for reader, html in drawn.items()},
                self._whispers(channel, view, drawn),
            )
            channel.rev = view.feed.rev

    def _whispers(self, channel: Channel, view: looks.Scene, drawn: Mapping[Reader, str]) -> dict[Client, bytes]:
        """For each member who is told something alone, the event of their kind with that in it."""
        told = {post.reader for post in view.feed.posts if post.private}
        return {
            client: _event(view.feed.rev, drawn[client.reader] + self._artist.whisper(view, client.reader, client.who))
            for client in channel.clients
            if client.who in told
        }

    def _give(self, channel: Channel, events: Mapping[Reader, bytes], own: Mapping[Client, bytes]) -> None:
        self.events += 1
        slow = [one for one in channel.clients if not one.give(own.get(one) or events[one.reader])]
        for client in slow:
            channel.clients.discard(client)
            self.dropped += 1

    def _read(self, debate_id: int, rev: int) -> looks.Scene | None:
        """What changed, or None when the debate is gone. A read of well under a millisecond: it stays in the loop."""
        with self._store.read() as tx:
            try:
                return looks.scene(tx, debates.get(tx, debate_id), rev)
            except errors.NoSuchDebate:
                return None

    def _revs(self, debate_ids: Sequence[int]) -> dict[int, int]:
        with self._store.read() as tx:
            return feed.revs(tx, debate_ids)

    async def _ping(self) -> None:
        """One clock for all readers: a timer for each of them would cost more than what they are sent."""
        while True:
            await asyncio.sleep(PING_SECONDS)
            for channel in self._channels.values():
                for client in channel.clients:
                    if client.queue.empty():
                        client.give(PING)

    async def _look_around(self) -> None:
        while True:
            await asyncio.sleep(POLL_SECONDS)
            watched = list(self._channels)
            if not watched:
                continue
            try:
                revs = await asyncio.to_thread(self._revs, watched)
            except Exception:  # the database may be away for a while; the pages wait
                logger.exception("could not look for changes")
                continue
            changed = {one for one in watched if one in self._channels and revs.get(one) != self._channels[one].rev}
            self._changed(frozenset(changed))


def _event(rev: int | None, html: str, *, name: str = "") -> bytes:
    lines = [f"event: {name}"] if name else []
    if rev is not None:
        lines.append(f"id: {rev}")
    lines += [f"data: {part}" for part in html.replace("\r", "").split("\n")]
    return ("\n".join(lines) + "\n\n").encode()
