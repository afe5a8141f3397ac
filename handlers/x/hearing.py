"""One line of the stream, or one post of a search, from its arrival to the word that it is committed.

The stream's reader leaves its lines here and reads on; they are understood afterwards, in their order. What could not
be kept is told as missed, for X itself is the journal: search brings it again.
"""

import asyncio
import hashlib
import json
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from typing import Any

import structlog

from bot.actions.inbox import Delivery
from bot.actions.listen import OnAir
from bot.ports import Incoming, OptedOut, Platform
from handlers.intake import Intake
from handlers.x import optout, posts, rules
from handlers.x.client import Page
from handlers.x.posts import Post, Strange
from handlers.x.readers import Read, Reader
from handlers.x.terms import Billed
from handlers.x.workspace import Account

# So many lines may wait to be understood, and so many deliveries to be committed; what comes beyond is fetched later.
MOST_WAITING = 20_000
MOST_UNDER_WAY = 200
# After so many lines in a row, of a longer queue a twentieth, everybody else gets a turn.
AT_ONCE = 32
# The versions of posts that are surely in the log, so that a search need not bring them again.
REMEMBERED = 20_000
# Of a line that is no post this much is kept to be looked at (characters).
STRANGE = 20_000


@dataclass(slots=True)
class Counts:
    """What has been heard since the start."""

    posts: int = 0  # that belong to a debate, each as often as it came
    new: int = 0  # of these, those that had not been heard before
    ours: int = 0
    retweets: int = 0
    astray: int = 0  # that belong to no debate
    strange: int = 0
    missed: int = 0  # that could not be kept
    without_fields: int = 0  # that came without a field that we asked for


@dataclass(frozen=True, slots=True)
class Roster:
    """Which debates are on, and how that is looked up again."""

    debates: Callable[[], Sequence[OnAir]]
    again: Callable[[], Sequence[OnAir]]


Settled = Callable[[bool], None]


class Hearing:
    """What X tells, on its way into the log."""

    def __init__(
        self, intake: Intake, roster: Roster, me: Account, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        billed: Callable[[str, Sequence[str]], None] = lambda _kind, _ids: None, most: int = MOST_WAITING,
    ) -> None:  # fmt: skip
        """``billed`` is told of what the stream brings (``terms.Billed``, ids); of searches the client tells."""
        self._intake = intake
        self._roster = roster
        self._me = me
        self._clock = clock
        self._billed = billed
        self._most = most
        self._reader = Reader()
        self._lines: deque[tuple[bytes, datetime]] = deque()
        self._woken = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._idle = asyncio.Event()
        self._idle.set()
        self._under_way = 0
        self._seen: dict[str, frozenset[str]] = {}
        self._missing: tuple[str, ...] = ()
        self.counts = Counts()
        self.last_post: datetime | None = None
        self.on_missed: Callable[[datetime], None] = lambda _at: None
        self.on_heard: Callable[[Post], None] = lambda _post: None

    @property
    def missing(self) -> Sequence[str]:
        """Fields that we asked for and that the last post came without: X did not understand us."""
        return self._missing

    # --- the stream --------------------------------------------------------------------------------------------------

    def take(self, raw: bytes) -> None:
        """The line will be understood and kept, or told as missed; returns at once."""
        now = self._clock()
        if len(self._lines) >= self._most:
            self._miss(now)
            return
        self._lines.append((raw, now))
        self._idle.clear()
        self._woken.set()

    async def run(self) -> None:
        """Lines are understood as they come, until this is cancelled."""
        while True:
            await self._woken.wait()
            self._woken.clear()
            while self._lines:
                await self._room.wait()
                await self._intake.pause()
                await self._some()
            self._rest()

    async def settled(self) -> None:
        """Nothing that was heard is on its way any more; only true while ``run`` runs."""
        await self._idle.wait()

    async def close(self) -> None:
        """Nobody reads lines any more; only after ``run`` has ended."""
        await self._reader.close()

    async def _some(self) -> None:
        some = list(islice(self._lines, max(AT_ONCE, len(self._lines) // 20)))
        billed: list[str] = []
        for (raw, at), read in zip(some, await self._reader.read([raw for raw, _ in some]), strict=True):
            self._lines.popleft()  # not before it is read: what waits is not forgotten
            try:
                self._line(raw, at, read, billed)
            except Strange as strange:
                self._strange(raw, str(strange), at)
            except Exception as error:  # noqa: BLE001  (a line may be anything; the next one must be read)
                structlog.get_logger().exception("ears stumbled")
                self._strange(raw, f"{type(error).__name__}: {error}", at)
        if billed:
            self._billed(Billed.POST_READ, billed)
        await asyncio.sleep(0)

    def _line(self, raw: bytes, at: datetime, read: Read, billed: list[str]) -> None:
        line = read.line
        if line is None:
            raise Strange(read.why)
        if line.disconnect:
            structlog.get_logger().warning("x ends the stream", why=line.disconnect)
        if line.deleted:
            self._gone(line.deleted, at)
        elif line.post is None and not (line.keepalive or line.disconnect):
            raise Strange(f"trouble: {line.errors[0].get('title') if line.errors else ''}"[:200])
        if line.post is None:
            return
        self._look_for(line.missing)
        billed.append(line.post.version)
        self._post(line.post, raw.decode(errors="replace"), at, partial(self._streamed, at))

    def _streamed(self, at: datetime, ok: bool) -> None:
        if not ok:
            self._miss(at)

    def _miss(self, at: datetime) -> None:
        self.counts.missed += 1
        self.on_missed(at)

    def _gone(self, post_id: str, at: datetime) -> None:
        # Without the time it was posted: of a post that the log does not hold nothing is to be kept.
        places = [one.place for one in self._roster.debates()]
        incoming = [replace(posts.gone(post_id, place, at), posted_at=None) for place in places]
        self._deliver(Delivery(Platform.X, f"x:gone:{_hash(post_id.encode())}", incoming), partial(self._streamed, at))

    # --- search ------------------------------------------------------------------------------------------------------

    async def seen(self, page: Page, tags: Sequence[str]) -> bool:
        """True once every post of a page of search is committed; ``tags`` are those of the query that found it."""
        now = self._clock()
        if page.posts:
            self._look_for(page.missing)
        answers: list[asyncio.Future[bool]] = []
        for payload in page.posts:
            answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
            answers.append(answer)
            settled = partial(_answer, answer)
            try:
                post = posts.read(payload, includes=page.includes, tags=tags)
            except Strange as strange:
                self._strange_found(payload, str(strange), now, settled)
            else:
                self._post(post, json.dumps(payload), now, settled)
        return all(await asyncio.gather(*answers))

    # --- both --------------------------------------------------------------------------------------------------------

    def _post(self, post: Post, raw: str, at: datetime, settled: Settled) -> None:
        event_id = f"x:post:{post.version}"
        if post.retweet or post.author_id == self._me.id:
            self.counts.ours += post.author_id == self._me.id
            self.counts.retweets += post.retweet
            settled(True)
            return
        if optout.asked(post, self._me.id):
            if post.version in self._seen:
                settled(True)
                return
            wish = Delivery(Platform.X, event_id, (OptedOut(Platform.X, post.author_id),))
            self._deliver(wish, partial(self._once, post.version, settled))
            return
        homes = self._homes(post)
        if not homes:
            # It came by a rule of ours, or nobody knows why: that it came is on record, what it says is not ours.
            self.counts.astray += 1
            self._deliver(Delivery(Platform.X, event_id, (), raw), settled)
            return
        self.counts.posts += 1
        self.last_post = at
        before = self._seen.get(post.version)
        if before is not None and before.issuperset(homes):
            settled(True)
            return
        incoming: list[Incoming] = []
        for place in homes:
            incoming.append(posts.gone(post.id, place, at) if post.withheld else posts.said(post, place))
        kept = partial(self._kept, post, frozenset(homes), settled)
        self._deliver(Delivery(Platform.X, event_id, incoming, raw), kept)

    def _homes(self, post: Post) -> Sequence[str]:
        homes = rules.homes(post, self._roster.debates())
        if not homes.sure:  # perhaps it answers a question that was posted this very second
            homes = rules.homes(post, self._roster.again())
        return homes.places

    def _kept(self, post: Post, homes: frozenset[str], settled: Settled, ok: bool) -> None:
        if ok:
            live = {one.place for one in self._roster.debates() if one.live}
            if post.version not in self._seen:
                self.counts.new += 1
                self.on_heard(post)
            if homes <= live:  # before its opening a debate's log takes nothing: then it has to come again
                self._remember(post.version, homes)
        settled(ok)

    def _once(self, version: str, settled: Settled, ok: bool) -> None:
        if ok:
            self._remember(version, frozenset())
        settled(ok)

    def _remember(self, version: str, homes: frozenset[str]) -> None:
        self._seen[version] = self._seen.get(version, frozenset()) | homes
        if len(self._seen) > REMEMBERED:
            del self._seen[next(iter(self._seen))]

    def _deliver(self, delivery: Delivery, settled: Settled) -> None:
        self._intake.take(delivery, self._on_its_way(settled))

    def _strange(
        self, raw: bytes, why: str, at: datetime, settled: Settled | None = None, *, ident: str = ""
    ) -> None:  # fmt: skip
        self.counts.strange += 1
        event_id = f"x:post:{ident}" if ident else f"x:line:{_hash(raw)}"
        delivery = Delivery(Platform.X, event_id, (), raw.decode(errors="replace")[:STRANGE])
        self._intake.quarantine(delivery, why, self._on_its_way(settled or partial(self._streamed, at)))

    def _strange_found(self, payload: Mapping[str, Any], why: str, at: datetime, settled: Settled) -> None:
        """Search brings it again and again: once is enough."""
        raw = json.dumps(payload).encode()
        ident = _version(payload) or _hash(raw)
        if ident in self._seen:
            settled(True)
        else:
            self._strange(raw, why, at, partial(self._once, ident, settled), ident=_version(payload))

    def _on_its_way(self, settled: Settled) -> Settled:
        self._under_way += 1
        self._idle.clear()
        if self._under_way >= MOST_UNDER_WAY:
            self._room.clear()
        return partial(self._arrived, settled)

    def _arrived(self, settled: Settled, ok: bool) -> None:
        self._under_way -= 1
        if self._under_way < MOST_UNDER_WAY:
            self._room.set()
        self._rest()
        settled(ok)

    def _rest(self) -> None:
        if not (self._lines or self._under_way):
            self._idle.set()

    def _look_for(self, missing: Collection[str]) -> None:
        if missing:
            self.counts.without_fields += 1
            if not self._missing:
                structlog.get_logger().error("x does not give the fields that we ask for", missing=sorted(missing))
        self._missing = tuple(sorted(missing))


def _version(payload: Mapping[str, Any]) -> str:
    ident = payload.get("id")
    return ident if isinstance(ident, str) and ident.isdecimal() else ""


def _hash(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()[:24]


def _answer(future: "asyncio.Future[bool]", ok: bool) -> None:
    if not future.done():
        future.set_result(ok)
