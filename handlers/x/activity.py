"""Deletions as X tells of them, whole: who is subscribed to, the stream of events, and what it brings.

X tells of what a person deletes within a second, and only to who listens at that time: what is deleted while nobody
does is found when posts are looked up (``handlers/x/sync.py``). Whatever X refuses here costs this and nothing else.
"""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import structlog

from bot.actions import sync
from bot.store import meter
from handlers.intake import Intake
from handlers.x import activity_keeper
from handlers.x.activity_hearing import DeletionHearing, Patience
from handlers.x.activity_keeper import SubscriptionKeeper
from handlers.x.backoff import Pace
from handlers.x.ears import Hooks
from handlers.x.refused import Kind, XRefused
from handlers.x.stream import Address, Stream
from handlers.x.terms import LIMITS, PRICES, Billed
from handlers.x.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Watch:
    """Whose deletions are to be told: of who spoke in debates that are on, or closed within ``days``.

    ``budget`` is what the events of a UTC day may cost, in USD.
    """

    days: int
    budget: Decimal


@dataclass(frozen=True, slots=True)
class Tempo:
    """How patient the parts are; tests have less time. Seconds."""

    stream: Pace = field(default_factory=Pace)
    subscriptions: activity_keeper.Rhythm = field(default_factory=activity_keeper.Rhythm)
    deletions: Patience = field(default_factory=Patience)
    look: float = 60.0  # how often it is seen whose deletions are wanted
    spoken: float = 5.0  # after somebody has spoken for the first time: others will, too
    soon: float = 0.5  # between two portions of subscriptions
    settle: float = 1.0  # so long what was told is waited for at the end


class Activity:
    """One app's ears for deletions."""

    def __init__(
        self, workspace: Workspace, intake: Intake, watch: Watch, *, tempo: Tempo | None = None,
        hooks: Hooks | None = None,
    ) -> None:  # fmt: skip
        """Nothing is asked of X before ``start``."""
        client, clock = workspace.client, workspace.clock
        self._store = workspace.store
        self._clock = clock
        self._watch = watch
        self._tempo = tempo or Tempo()
        hooks = hooks or Hooks()
        self._refused_hook = hooks.refused
        self._understanding: asyncio.Task[None] | None = None
        self._looking: asyncio.Task[None] | None = None
        self._woken = asyncio.Event()
        self._soon: asyncio.TimerHandle | None = None
        self.hearing = DeletionHearing(
            intake, workspace.store, clock=clock, billed=hooks.billed, patience=self._tempo.deletions
        )
        self.keeper = SubscriptionKeeper(client, clock=clock, rhythm=self._tempo.subscriptions)
        self.keeper.on_credits = hooks.refused
        # X drops all connections of an app at once: the other stream must not suffer for this one.
        address = Address(client.activity_url, client.stream_headers, name="deletions")
        self.stream = Stream(address, self.hearing.take, pace=self._tempo.stream, clock=clock)
        self.stream.on_conflict = self.keeper.doubt
        self.stream.on_refused = self._refused
        self.people: frozenset[str] = frozenset()
        self.halted = ""  # why nothing is asked of X any more
        self._dear = False

    async def start(self) -> None:
        """X is asked to tell of deletions, for as long as there are debates whose they might be."""
        loop = asyncio.get_running_loop()
        self._understanding = loop.create_task(self.hearing.run())
        self._looking = loop.create_task(self._run())

    async def stop(self) -> None:
        """X is not listened to any more, and what it told is in the log; the subscriptions stay for the next start."""
        if self._soon is not None:
            self._soon.cancel()
        await _cancelled(self._looking)
        await self.stream.stop()
        try:
            async with asyncio.timeout(self._tempo.settle):
                await self.hearing.settled()
        except TimeoutError:
            structlog.get_logger().warning("deletions are not in the log yet; x sync finds them")
        await _cancelled(self._understanding)

    def heard(self, author: str) -> None:
        """Somebody has spoken: what they delete is wanted from now on, and may be deleted in a minute."""
        if author not in self.people and self._soon is None:
            self._soon = asyncio.get_running_loop().call_later(self._tempo.spoken, self._woken.set)

    async def halt(self, why: str) -> None:
        """Nothing is asked of X any more, for a reason (no credit, the budget)."""
        self.halted = self.halted or why
        self.keeper.halted = True
        await self.stream.stop()

    def resume(self) -> None:
        """X is asked again, if it had not refused this very thing."""
        self.halted, self.keeper.halted = "", False
        if self.stream.refused is not None and self.stream.refused.kind is Kind.CREDITS:
            self.stream.refused = None
        self.keeper.doubt()
        self._woken.set()

    @property
    def refused(self) -> XRefused | None:
        """That X will not have us: nobody asks again before a person has seen to it."""
        return self.keeper.refused or self.stream.refused

    @property
    def state(self) -> str:
        """What the stream of deletions is doing, or why nothing is asked of X."""
        if self.refused is not None:
            return f"refused: {self.refused}"
        why = self.halted or ("budget" if self._dear else "")
        return f"halted: {why}" if why else self.stream.state.value

    def health(self) -> dict[str, Any]:
        """Whether deletions are heard of; nothing else of X depends on it."""
        return {
            "deletions": self.state,
            "deletions_people": len(self.people),
            "deletions_subscribed": self.keeper.ours,
            "deletions_trouble": str(self.keeper.trouble or ""),
        }

    def metrics(self) -> Mapping[str, float]:
        """Numbers that only grow, by name."""
        heard, line = self.hearing.counts, self.stream.counts
        return {
            "x_deletions_told_total": heard.told,
            "x_deletions_total": heard.gone,
            "x_deletions_strange_total": heard.strange,
            "x_deletions_missed_total": heard.missed,
            "x_deletions_connects_total": line.connects,
            "x_subscription_changes_total": self.keeper.changes,
        }

    # --- who is subscribed to ----------------------------------------------------------------------------------------

    async def _run(self) -> None:
        while True:
            self._woken.clear()
            self._soon = None
            more = False
            try:
                more = await self._look()
            except Exception as error:  # noqa: BLE001  (the next look may do better; the others go on)
                structlog.get_logger().warning("x's deletions stumbled", why=f"{type(error).__name__}: {error}")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._tempo.soon if more else self._tempo.look):
                    await self._woken.wait()

    async def _look(self) -> bool:
        """X is listened to where somebody is subscribed to; returns whether more are to be, at once."""
        if self._silent():
            return False
        people, told = await asyncio.to_thread(self._read)
        self._reckon(told)
        if self._dear:
            await self.stream.stop()
            return False
        self.people = frozenset(people)
        more = await self.keeper.keep(people)
        if people and self.keeper.subscribed and not self._silent():
            self.stream.start()
        else:
            await self.stream.stop()
        return more

    def _read(self) -> tuple[Sequence[str], int]:
        """Whose deletions are wanted, and of how many X has told today."""
        now = self._clock()
        with self._store.read() as tx:
            people = sync.authors(tx, self._watch.days, most=LIMITS.subscriptions, now=now)
            return people, meter.on_day(tx, meter.utc_day(now))[Billed.DELETE_EVENT]

    def _silent(self) -> bool:
        """Whether nothing is to be asked of X."""
        return bool(self.halted) or self.refused is not None

    def _reckon(self, told: int) -> None:
        """Whether the events of today have cost what they may: then X is left until its day is over."""
        dear = told * PRICES.delete_event >= self._watch.budget
        if dear and not self._dear:
            structlog.get_logger().warning("x's deletions are not listened to until tomorrow", told=told)
        self._dear = dear

    def _refused(self, refused: XRefused) -> None:
        self.keeper.halted = True  # whom would it subscribe for?
        if refused.kind is Kind.CREDITS:
            self._refused_hook(refused)


async def _cancelled(task: "asyncio.Task[None] | None") -> None:
    if task is not None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
