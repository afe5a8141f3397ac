"""The clock: APScheduler wakes the action that does what is due. What is due are rows; the scheduler remembers nothing.

``misfire_grace_time=None`` and coalescing: a wake-up that comes late is still a wake-up (by default APScheduler drops
one that is a second late). Beside it a tick every half second takes up what other processes planned.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.date import DateTrigger
from apscheduler.triggers.interval import IntervalTrigger

from bot.actions import run
from bot.ports import House
from bot.store import debates
from bot.store.engine import Store
from bot.writer import Writer

TICK_SECONDS = 0.5
WAKE = "wake"
# Cues that are done in one commit: enough that a full hour starts quickly, few enough that an answer need not wait.
MOST_AT_ONCE = 16
# A wake-up while another is at work only says "look again": it must not be skipped for that.
MOST_WAKES = 20

_log = structlog.get_logger(__name__)


class Runner:
    """Does what is due, at its time, as long as it runs."""

    def __init__(self, store: Store, writer: Writer, house: House, *, now: Callable[[], datetime]) -> None:
        """``now`` tells the time in UTC: the wall clock, or a rehearsal's."""
        self._store = store
        self._writer = writer
        self._house = house
        self._now = now
        self._scheduler = AsyncIOScheduler(
            timezone="UTC", job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": MOST_WAKES}
        )
        self._busy = asyncio.Lock()
        self._again = False
        self.last_tick: datetime | None = None

    def start(self) -> None:
        """The clock ticks."""
        self._scheduler.add_job(self.do_due, IntervalTrigger(seconds=TICK_SECONDS), id="tick", next_run_time=None)
        self._scheduler.start()
        self._scheduler.get_job("tick").resume()
        self.wake()

    async def stop(self) -> None:
        """The clock stands still, and what it was doing is done: a mere shutdown would cut it off."""
        if not self._scheduler.running:
            return
        self._scheduler.pause()
        async with self._busy:
            self._scheduler.shutdown(wait=False)

    def wake(self) -> None:
        """What is due is done now rather than at the next tick."""
        self._scheduler.add_job(self.do_due, id=WAKE, replace_existing=True)

    async def do_due(self) -> None:
        """Everything that is due has been done or skipped, and the next wake-up is set for when more is."""
        if self._busy.locked():
            self._again = True  # whoever is at it looks once more before leaving
            return
        async with self._busy:
            self._again = True
            while self._again:
                self._again = False
                await self._look()

    async def _look(self) -> None:
        self.last_tick = self._now()
        try:
            due_at = await asyncio.to_thread(self._next_due)
            while due_at is not None and due_at <= self._now():
                due_at = await self._do(MOST_AT_ONCE)
        except Exception:  # noqa: BLE001  (an ailing database must not stop the clock: the next tick tries again)
            _log.exception("clock.tick_failed")
            return
        self._arm(due_at)

    async def _do(self, most: int) -> datetime | None:
        """Some of what is due is done; one cue that cannot be is given up, so that it does not stop all the others."""
        try:
            return await self._writer.do(lambda tx: run.do_all_due(tx, now=self._now(), house=self._house, most=most))
        except Exception as error:
            if self._writer.trouble:
                raise
            if most > 1:
                return await self._do(1)
            _log.exception("clock.cue_failed")
            why = f"{type(error).__name__}: {error}"[:200]
            await self._writer.do(lambda tx: run.give_up(tx, now=self._now(), why=why))
            return self._now()

    def _next_due(self) -> datetime | None:
        with self._store.read() as tx:
            return debates.next_due(tx)

    def _arm(self, due_at: datetime | None) -> None:
        """A wake-up exactly when the next cue is due, where that is sooner than the next tick."""
        if due_at is None:
            return
        wait = (due_at - self._now()).total_seconds()
        if 0 < wait <= TICK_SECONDS * 2:
            self._scheduler.add_job(self.do_due, DateTrigger(due_at), id=WAKE, replace_existing=True)
