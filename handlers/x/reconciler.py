"""Search beside the stream, always: what the one missed the other brings, and a gap closes only once it has been asked.

Each debate is searched for by a task of its own, so that no search waits for another one, and nothing else for any.
"""

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import structlog

from bot.actions import listen, tally
from bot.actions.listen import OnAir, Unheard
from bot.ports import Platform
from bot.store.engine import Tx
from handlers.x import posts, rules
from handlers.x.hearing import Hearing
from handlers.x.marks import Marks
from handlers.x.refused import Kind, XRefused
from handlers.x.workspace import Workspace

# What is said a moment before the opening belongs to the debate; X's clock and ours differ.
EARLY = timedelta(minutes=1)
# Search knows the last seven days.
KNOWS = timedelta(days=7) - timedelta(hours=1)
# Refusals that a person must see to; asked again all the same, now and then, because X errs too.
_HOPELESS = frozenset({Kind.UNAUTHORISED, Kind.FORBIDDEN, Kind.CAPPED})


@dataclass(frozen=True, slots=True)
class Rhythm:
    """When search is asked, in seconds."""

    up: float = 120.0  # while the stream is heard
    down: float = 30.0  # while it is not, and after a search that failed
    hopeless: float = 120.0  # after a refusal that will hardly change
    lag: float = 60.0  # search may learn of a post so much later than it was posted
    overlap: float = 300.0  # a search begins so much before what the last one has covered
    sweeps: Sequence[float] = (120.0, 600.0, 1800.0, 3600.0)  # after a debate's last answer was taken
    pages: int = 500  # of a hundred posts


@dataclass(slots=True)
class _Watch:
    """What is known of one debate's searches."""

    debate: OnAir
    started: datetime | None = None  # the last search that found all
    tried: datetime | None = None
    not_before: datetime | None = None  # after a failure
    limited: bool = False  # it was X that named the time
    wanted: bool = True  # at once
    swept: int = 0
    counted: bool = False
    floor: datetime | None = None  # until here all has been found
    task: asyncio.Task[None] | None = None

    @property
    def searching(self) -> bool:
        return self.task is not None and not self.task.done()


@dataclass(slots=True)
class Counts:
    """What has been asked since the start."""

    searches: int = 0
    pages: int = 0
    failures: int = 0
    sweeps: int = 0


class Reconciler:
    """Keeps the log of X whole."""

    def __init__(self, workspace: Workspace, hearing: Hearing, *, rhythm: Rhythm | None = None) -> None:
        """Nothing is asked before ``look``."""
        self._client = workspace.client
        self._hearing = hearing
        self._store = workspace.store
        self._writer = workspace.writer
        self._me = workspace.me.username
        self._clock = workspace.clock
        self._rhythm = rhythm or Rhythm()
        self._watches: dict[tuple[int, str], _Watch] = {}
        self._lost: datetime | None = None  # not heard since; not on record yet
        self._missed: datetime | None = None  # heard and not kept; not on record yet
        self.halted = False
        self.spent: Collection[int] = ()  # debates for which nothing may be read any more
        self.unknown: frozenset[str] = frozenset()  # operators that X does not understand
        self.refused: XRefused | None = None
        self.counts = Counts()
        self.lacking: dict[int, int] = {}  # by debate, how many posts X counts more than the log has
        self.on_refused: Callable[[XRefused], None] = lambda _refused: None

    @property
    def keeps_for(self) -> timedelta:
        """How long after its end a debate is still looked for; with a gap, for as long as search knows it."""
        return timedelta(seconds=max(self._rhythm.sweeps, default=0.0) + 10 * self._rhythm.down)

    def soon(self) -> None:
        """Debates that are on are searched for at the next look, whatever was asked before; X's own limits hold."""
        for watch in self._watches.values():
            if watch.debate.live:
                watch.wanted = True
                watch.not_before = watch.not_before if watch.limited else None

    def lost(self, since: datetime) -> None:
        """What came since then may not have been heard, and a gap will say so."""
        self._lost = since if self._lost is None else min(self._lost, since)

    def missed(self, at: datetime) -> None:
        """What came then was heard and could not be kept: a gap begins no later than that."""
        self._missed = at if self._missed is None else min(self._missed, at)

    async def begin(self, away_since: datetime | None = None) -> None:
        """Debates that went on while nobody listened have a gap from the last delivery on.

        Also those that are over: X could not be reached since ``away_since``, when we were there already.
        """
        now = self._clock()
        with self._store.read() as tx:
            held = listen.held(tx, Platform.X)
            since = listen.last_heard(tx, Platform.X)
            behind = min(now - (away_since or now), KNOWS)
            near = listen.on_air(tx, Platform.X, now=now, ahead=timedelta(0), behind=behind)
        if held:
            opened = min(one.opened_at for one in held)
            self.lost(opened if since is None else max(since, opened))
        for one in near:
            if one.opened_at is not None and one.until is not None and not one.live:
                begun = one.opened_at if since is None else max(since, one.opened_at)
                await self._writer.do(partial(_unheard, one=one, since=begun, until=one.until))

    async def stop(self) -> None:
        """No search is under way any more."""
        tasks = [watch.task for watch in self._watches.values() if watch.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # --- gaps --------------------------------------------------------------------------------------------------------

    async def look(self, debates: Sequence[OnAir], deaf_since: datetime | None) -> None:
        """Gaps say what is not heard now, and every search that is due is under way; ``deaf_since`` None: heard."""
        await self._mark(debates, deaf_since)
        with self._store.read() as tx:
            gaps = listen.unheard(tx, Platform.X)
        now = self._clock()
        self._note(debates)
        if self.halted:
            return
        for watch in self._watches.values():
            mine = [gap for gap in gaps if (gap.debate_id, gap.place) == (watch.debate.debate_id, watch.debate.place)]
            if watch.searching or watch.debate.debate_id in self.spent:
                continue
            if self._due(watch, mine, now, deaf=deaf_since is not None):
                watch.wanted, watch.tried = False, now
                watch.task = asyncio.get_running_loop().create_task(self._search(watch, mine))

    async def _mark(self, debates: Sequence[OnAir], deaf_since: datetime | None) -> None:
        """The rows of the gaps are as things stand."""
        marks = self._marks(debates, deaf_since)
        if not marks.any:
            return
        now, spent = self._clock(), frozenset(self.spent)
        self._lost = self._missed = None
        try:
            await self._writer.do(lambda tx: marks.write(tx, now=now, spent=spent))
        except BaseException:
            if marks.since is not None:
                self.lost(marks.since)
            if marks.missed is not None:
                self.missed(marks.missed)
            raise

    def _marks(self, debates: Sequence[OnAir], deaf_since: datetime | None) -> Marks:
        live = {(one.debate_id, one.place) for one in debates if one.live}
        with self._store.read() as tx:
            lasting = {(gap.debate_id, gap.place) for gap in listen.unheard(tx, Platform.X) if gap.to_at is None}
        since = self._lost
        if deaf_since is not None and live - lasting:
            since = deaf_since if since is None else min(since, deaf_since)
        ends = {(one.debate_id, one.place): one.until for one in debates}
        return Marks(
            since,
            self._missed,
            {key: ends.get(key) for key in lasting - live},
            {key for key in live - lasting if key[0] in self.spent},
            deaf_since is None and any(debate_id not in self.spent for debate_id, _ in lasting),
            deaf_since is None,
        )

    # --- what is due -------------------------------------------------------------------------------------------------

    def _note(self, debates: Sequence[OnAir]) -> None:
        now = {(one.debate_id, one.place): one for one in debates if one.opened_at is not None}
        for key, debate in now.items():
            self._watches.setdefault(key, _Watch(debate)).debate = debate
        for key in [key for key, watch in self._watches.items() if key not in now and not watch.searching]:
            del self._watches[key]

    def _due(self, watch: _Watch, gaps: Sequence[Unheard], now: datetime, *, deaf: bool) -> bool:
        rhythm = self._rhythm
        if watch.not_before is not None and now < watch.not_before:
            return False
        if watch.wanted or watch.tried is None:
            return True
        since = (now - watch.tried).total_seconds()
        lag = timedelta(seconds=rhythm.lag)
        if any(gap.to_at is not None and watch.tried < gap.to_at + lag <= now for gap in gaps):
            return True
        if watch.debate.live:
            return since >= (rhythm.down if deaf else rhythm.up)
        return self._sweeps_due(watch, now) > watch.swept or (bool(gaps) and since >= rhythm.up)

    def _sweeps_due(self, watch: _Watch, now: datetime) -> int:
        """How many of the looks after the end should have been taken by now."""
        if watch.debate.live or watch.debate.until is None:
            return 0
        after = (now - watch.debate.until).total_seconds()
        return sum(after >= one for one in self._rhythm.sweeps)

    # --- one search --------------------------------------------------------------------------------------------------

    async def _search(self, watch: _Watch, gaps: Sequence[Unheard]) -> None:
        started = self._clock()
        sweeps = self._sweeps_due(watch, started)
        floor = self._floor(watch, gaps, started, sweep=sweeps > watch.swept)
        since_id = posts.id_at(max(floor, started - KNOWS))
        self.counts.searches += 1
        try:
            if not await self._found(watch.debate, since_id):
                self._failed(watch, self._rhythm.down)
                return
            if floor >= started - KNOWS:
                until = started - timedelta(seconds=self._rhythm.lag)
                await self._writer.do(partial(_covered, debate=watch.debate, until=until))
        except XRefused as refused:
            self._refuse(watch, refused)
        except Exception as error:  # noqa: BLE001  (a search that fails is made again, and disturbs nobody)
            structlog.get_logger().warning("x's search failed", why=f"{type(error).__name__}: {error}")
            self._failed(watch, self._rhythm.down)
        else:
            watch.started, watch.floor = started, started - timedelta(seconds=self._rhythm.lag)
            watch.not_before, self.refused = None, None
            self.counts.sweeps += sweeps > watch.swept
            watch.swept = sweeps
            if sweeps and sweeps == len(self._rhythm.sweeps) and not watch.counted:
                watch.counted = True
                await self._count(watch.debate)

    def _floor(self, watch: _Watch, gaps: Sequence[Unheard], now: datetime, *, sweep: bool) -> datetime:
        """Where a search begins: before what is covered, and before each gap that is not."""
        overlap = timedelta(seconds=self._rhythm.overlap)
        opened = (watch.debate.opened_at or now) - EARLY
        # What was read today is read again for nothing; after midnight (UTC) the whole debate would be paid for twice.
        whole = watch.floor is None or (sweep and opened.date() == now.date())
        floors = [opened if whole or watch.floor is None else watch.floor - overlap]
        floors += [gap.from_at - overlap for gap in gaps]
        return max(min(floors), opened)

    async def _found(self, debate: OnAir, since_id: str) -> bool:
        """Everything that search has of the debate is in the log; one query that fails does not spare the others."""
        tag = f"{rules.OURS}{debate.place}"
        asked = [(query, tag) for query in rules.queries(debate, self._me, without=self.unknown)]
        if self._me:
            asked.append((rules.mentions(self._me), rules.MENTIONS))
        whole, apart = True, False
        trouble: XRefused | None = None
        for query, tag in asked:
            try:
                whole = await self._pages(debate, query, tag, since_id) and whole
            except XRefused as refused:
                if refused.kind in {Kind.CREDITS, Kind.LIMITED}:
                    raise
                if refused.kind is Kind.REFUSED and tag != rules.MENTIONS:
                    apart = True
                else:
                    trouble = refused
        if apart:
            whole = await self._apart(debate, since_id) and whole
        if trouble is not None:
            raise trouble
        return whole

    async def _apart(self, debate: OnAir, since_id: str) -> bool:
        """All that X lets us find is in the log: an operator that it does not understand takes no other along.

        That one is not asked again: nothing would come of it, and a gap would stay open for what nobody can fetch.
        """
        whole = True
        for operator, query in rules.apart(debate, self._me):
            try:
                whole = await self._pages(debate, query, f"{rules.OURS}{debate.place}", since_id) and whole
            except XRefused as refused:
                if refused.kind is not Kind.REFUSED or not operator:
                    raise
                self.unknown |= {operator}
                structlog.get_logger().error("x's search does not understand us", operator=operator, why=str(refused))
        return whole

    async def _pages(self, debate: OnAir, query: str, tag: str, since_id: str) -> bool:
        seen: set[object] = set()
        tokens: set[str] = set()
        token: str | None = None
        for _ in range(self._rhythm.pages):
            if self.halted or debate.debate_id in self.spent:
                return False
            page = await self._client.search(query, since_id=since_id, next_token=token)
            if page.missing:  # asked in the other dialect from now on
                page = await self._client.search(query, since_id=since_id, next_token=token)
            self.counts.pages += 1
            if not await self._hearing.seen(page, [tag]):
                return False
            ids = {one.get("id") for one in page.posts}
            nothing_new = ids <= seen
            seen |= ids
            token = page.next_token
            # X has been seen to give tokens for ever; an empty page with a new one may still have others behind it.
            if token is None or (nothing_new and (ids or token in tokens)):
                return True
            tokens.add(token)
        return False

    async def _count(self, debate: OnAir) -> None:
        """X's own count stands beside the log's, once for each debate."""
        if debate.opened_at is None or debate.until is None:
            return
        try:
            with self._store.read() as tx:
                if not tally.wanted(tx, debate.debate_id):
                    return
            asked = rules.queries(debate, self._me, without=self.unknown)
            end = debate.until + timedelta(seconds=1)  # X is asked in whole ones
            # A post that two queries find is counted twice: there are at least as many as one of them finds.
            there = max([await self._client.counts(one, start=debate.opened_at, end=end) for one in asked])
            counted = partial(tally.counted, debate_id=debate.debate_id, place=debate.place, there=there)
            lacking = await self._writer.do(partial(counted, now=self._clock()))
        except XRefused as refused:
            structlog.get_logger().warning("x does not count", why=str(refused))
            self.on_refused(refused)
        except Exception as error:  # noqa: BLE001  (a count is a help, and disturbs nobody)
            structlog.get_logger().warning("x's count is not kept", why=f"{type(error).__name__}: {error}")
        else:
            if lacking:
                structlog.get_logger().error("x counts more posts than the log has", lacking=lacking, of=there)
                self.lacking[debate.debate_id] = lacking

    def _refuse(self, watch: _Watch, refused: XRefused) -> None:
        structlog.get_logger().warning("x's search refused", why=str(refused))
        self.refused = refused
        wait = self._rhythm.hopeless if refused.kind in _HOPELESS else self._rhythm.down
        if refused.kind is Kind.LIMITED and refused.retry_at is not None:
            wait = max(wait, (refused.retry_at - self._clock()).total_seconds() + 1.0)
        self._failed(watch, wait)
        watch.limited = refused.kind is Kind.LIMITED
        self.on_refused(refused)

    def _failed(self, watch: _Watch, wait: float) -> None:
        self.counts.failures += 1
        watch.wanted, watch.limited = True, False
        watch.not_before = self._clock() + timedelta(seconds=wait)


def _unheard(tx: Tx, *, one: OnAir, since: datetime, until: datetime) -> None:
    listen.left(tx, one.debate_id, Platform.X, one.place, since=min(since, until), why="X no se oía")
    listen.over(tx, one.debate_id, Platform.X, one.place, at=until)


def _covered(tx: Tx, *, debate: OnAir, until: datetime) -> None:
    listen.covered(tx, debate.debate_id, Platform.X, debate.place, until=until)
