"""X's ears, whole: rules, stream, search and what they bring, for as long as a debate is near."""

import asyncio
import contextlib
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog

from bot.actions import listen
from bot.actions.listen import OnAir
from bot.ports import Platform
from handlers.intake import Intake
from handlers.x import keeper, reconciler
from handlers.x.backoff import Pace
from handlers.x.hearing import Hearing, Roster
from handlers.x.keeper import Keeper
from handlers.x.reconciler import KNOWS, Reconciler
from handlers.x.refused import Kind, XRefused
from handlers.x.stream import Address, Stream
from handlers.x.workspace import Workspace

# Which debates are on is looked up no oftener than this, however many posts ask for it (seconds).
FRESH = 0.25


@dataclass(frozen=True, slots=True)
class Tempo:
    """How patient the ears are; tests and rehearsals have less time. Seconds."""

    stream: Pace = field(default_factory=Pace)
    rules: keeper.Rhythm = field(default_factory=keeper.Rhythm)
    search: reconciler.Rhythm = field(default_factory=reconciler.Rhythm)
    look: float = 1.0  # how often it is seen what is on
    ahead: float = 600.0  # so long before a debate X's ears are opened
    settle: float = 1.0  # so long what was heard is waited for at the end


@dataclass(frozen=True, slots=True)
class Hooks:
    """Who else wants to know: ``billed`` of each post read from the stream, ``refused`` of each refusal of X."""

    billed: Callable[[str, Sequence[str]], None] = lambda _kind, _ids: None
    refused: Callable[[XRefused], None] = lambda _refused: None


class XEars:
    """One account's ears."""

    def __init__(
        self, workspace: Workspace, intake: Intake, *, tempo: Tempo | None = None, hooks: Hooks | None = None
    ) -> None:
        """Nothing is asked of X before ``start``."""
        client, me, clock = workspace.client, workspace.me, workspace.clock
        self._store = workspace.store
        self._clock = clock
        self._tempo = tempo or Tempo()
        self._hooks = hooks or Hooks()
        self._debates: Sequence[OnAir] = ()
        self._read_at = float("-inf")
        self._woken = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._looking: asyncio.Task[None] | None = None
        self._understanding: asyncio.Task[None] | None = None
        self._keeping = False
        roster = Roster(lambda: self._debates, self._again)
        self.hearing = Hearing(intake, roster, me, clock=clock, billed=self._hooks.billed)
        self.keeper = Keeper(client, me.username, clock=clock, rhythm=self._tempo.rules)
        address = Address(client.stream_url, client.stream_headers, client.drop_connections)
        self.stream = Stream(address, self.hearing.take, pace=self._tempo.stream, clock=clock)
        self.reconciler = Reconciler(workspace, self.hearing, rhythm=self._tempo.search)
        self.halted = ""  # why nothing is asked of X any more
        self._spent: frozenset[int] = frozenset()
        self._wire()

    def _wire(self) -> None:
        self.hearing.on_missed = self.reconciler.missed
        self.stream.on_change = self._changed
        self.stream.on_connected = self._connected
        self.stream.on_conflict = self.keeper.doubt
        self.stream.on_refused = self._refused
        self.reconciler.on_refused = self._refused

    async def start(self, away_since: datetime | None = None) -> None:
        """X is listened to whenever a debate is near; what was missed meanwhile is being fetched.

        ``away_since``: from then on we were there, and X could not be reached.
        """
        await self.reconciler.begin(away_since)
        loop = asyncio.get_running_loop()
        self._understanding = loop.create_task(self.hearing.run())
        self._looking = loop.create_task(self._run())

    async def stop(self) -> None:
        """X is not listened to any more, and what was heard is committed, or is fetched at the next start."""
        await _cancelled(self._looking, *self._tasks)
        await self.stream.stop()
        await self.reconciler.stop()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._tempo.settle):
                await self.hearing.settled()
        await _cancelled(self._understanding)
        await self.hearing.close()

    def leave(self, spent: Collection[int]) -> None:
        """For these debates nothing is read any more, their budget is spent: a gap says since when; others go on."""
        if self._spent != spent:
            self._spent = self.reconciler.spent = frozenset(spent)
            self._woken.set()

    async def halt(self, why: str) -> None:
        """Nothing is asked of X any more, for a reason (no credit); a gap says since when."""
        if not self.halted:
            structlog.get_logger().error("x is not listened to any more", why=why)
        self.halted = self.halted or why
        self.reconciler.halted = True
        await self.stream.stop()
        await self.reconciler.stop()

    def resume(self) -> None:
        """X is listened to again, and what was missed is fetched."""
        self.halted = ""
        self.reconciler.halted = False
        self.stream.refused = None
        self.keeper.doubt()
        self.reconciler.soon()
        self._woken.set()

    @property
    def resting(self) -> bool:
        """Whether no debate is near for which anybody would be heard."""
        since = self._clock() - self.reconciler.keeps_for
        near = (one for one in self._debates if one.live or one.until is None or one.until >= since)
        return all(one.debate_id in self._spent for one in near)

    def soon(self) -> None:
        """What has changed among the debates is looked at now."""
        self._woken.set()

    def health(self) -> dict[str, Any]:
        """Whether X is heard, and what is amiss."""
        line, last = self.stream, self.stream.last_byte
        refused = line.refused or self.reconciler.refused or self.keeper.refused
        left = any(one.live and one.debate_id in self._spent for one in self._debates)
        return {
            "ok": not (self.halted or refused or left) and (line.live or not self._wanted()),
            "stream": line.state.value,
            "last_byte_seconds": None if last is None else round((self._clock() - last).total_seconds(), 1),
            "reconnects": line.counts.reconnects,
            "halted": self.halted,
            "refused": str(refused) if refused is not None else "",
            "missing_fields": list(self.hearing.missing),
            "search_without": sorted(self.reconciler.unknown),
            "lacking": sum(self.reconciler.lacking.values()),
            "foreign_rules": self.keeper.foreign,
            "debates": len(self._wanted()),
        }

    def metrics(self) -> Mapping[str, float]:
        """Numbers that only grow, by name."""
        heard, line, search = self.hearing.counts, self.stream.counts, self.reconciler.counts
        return {
            "x_posts_total": heard.new,
            "x_strange_total": heard.strange,
            "x_missed_total": heard.missed,
            "x_stream_lines_total": line.lines,
            "x_stream_connects_total": line.connects,
            "x_stream_cut_total": line.cut,
            "x_searches_total": search.searches,
            "x_search_pages_total": search.pages,
            "x_search_failures_total": search.failures,
            "x_rule_changes_total": self.keeper.changes,
        }

    # --- what is on --------------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        while True:
            self._woken.clear()
            try:
                await self._look()
            except Exception as error:  # noqa: BLE001  (the next look may do better; the others go on)
                structlog.get_logger().warning("x's ears stumbled", why=f"{type(error).__name__}: {error}")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._tempo.look):
                    await self._woken.wait()

    async def _look(self) -> None:
        self._read()
        wanted = self._wanted()
        if not self.halted:
            self._keep_rules(wanted)
            # Without rules there is no stream; where X does not tell its rules, the old ones may do.
            if wanted and (self.keeper.ready or self.keeper.refused is not None):
                if self.stream.refused is None:
                    self.stream.start()
            elif not wanted and self.stream.running:
                await self.stream.stop()
        await self.reconciler.look(self._debates, self.stream.deaf_since)

    def _wanted(self) -> list[OnAir]:
        """The debates for which the stream is to bring posts: those before their opening, and those that are on."""
        on = (one for one in self._debates if one.live or one.opened_at is None)
        return [one for one in on if one.debate_id not in self._spent]

    def _keep_rules(self, wanted: Sequence[OnAir]) -> None:
        """In a task of its own: an X that takes its time with rules must not delay a search."""
        if not self._keeping:
            self._keeping = True
            self._spawn(self._kept(wanted))

    async def _kept(self, wanted: Sequence[OnAir]) -> None:
        ready, failures = self.keeper.ready, self.keeper.failures
        try:
            await self.keeper.keep(wanted)
        finally:
            self._keeping = False
        if self.keeper.refused is not None and self.keeper.failures > failures:
            self._refused(self.keeper.refused)
        if self.keeper.ready != ready:
            self._woken.set()

    def _read(self) -> None:
        now, ahead, behind = self._clock(), timedelta(seconds=self._tempo.ahead), self.reconciler.keeps_for
        with self._store.read() as tx:
            self._debates = listen.on_air(tx, Platform.X, now=now, ahead=ahead, behind=behind, incomplete=KNOWS)
        self._read_at = asyncio.get_running_loop().time()

    def _again(self) -> Sequence[OnAir]:
        if asyncio.get_running_loop().time() - self._read_at >= FRESH:
            self._read()
        return self._debates

    # --- what X does -------------------------------------------------------------------------------------------------

    def _changed(self) -> None:
        if not self.stream.live and self.stream.deaf_since is not None:
            self.reconciler.lost(self.stream.deaf_since)
        self._woken.set()

    def _connected(self) -> None:
        self.reconciler.soon()
        self._woken.set()

    def _refused(self, refused: XRefused) -> None:
        if refused.kind is Kind.CREDITS and not self.halted:
            self._spawn(self.halt(str(refused)))
        self._hooks.refused(refused)

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _cancelled(*tasks: "asyncio.Task[None] | None") -> None:
    for task in tasks:
        if task is not None:
            task.cancel()
    await asyncio.gather(*(task for task in tasks if task is not None), return_exceptions=True)
