"""The clock: APScheduler wakes the action that does what is due. What is due are rows; the scheduler remembers nothing.

It has one job, the next wake-up: at the very moment for which the next cue is planned, and in half a second at the
latest, for other processes plan, too. When the machine's clock is put back by an hour APScheduler waits for the hour to
come again; what has not come by the steady clock is not waited for. (A job that repeats itself is no help when the
clock is put forward: APScheduler counts all the half seconds of a month that it has missed, and the bot stands still.)
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.date import DateTrigger

from bot.actions import clock
from bot.ports import House
from bot.store import debates
from bot.store.engine import Store
from bot.writer import Writer

TICK_SECONDS = 0.5
# So long (by the steady clock) the scheduler may say nothing.
SILENCE_SECONDS = 2 * TICK_SECONDS
# Cues that are done in one commit: enough that a full hour starts quickly, few enough that an answer need not wait.
MOST_AT_ONCE = 16
# A clock that has not looked for this long (seconds) has stopped.
SILENT = 10.0

_log = structlog.get_logger(__name__)


class Runner:
    """Does what is due, at its time, as long as it runs."""

    def __init__(self, store: Store, writer: Writer, house: House, *, now: Callable[[], datetime]) -> None:
        """``now`` tells the time in UTC: the wall clock, or a rehearsal's."""
        self._store = store
        self._writer = writer
        self._house = house
        self._now = now
        # A wake-up that comes late is still one: by default APScheduler drops what is a second late.
        self._scheduler = AsyncIOScheduler(timezone="UTC", job_defaults={"misfire_grace_time": None})
        self._woken = asyncio.Event()
        self._going: asyncio.Task[None] | None = None
        self._stopping = False
        self._looked_at = float("-inf")  # on the steady clock

    @property
    def ticking(self) -> bool:
        """Whether it has looked a moment ago."""
        return time.monotonic() - self._looked_at < SILENT

    def start(self) -> None:
        """The clock ticks."""
        self._scheduler.start()
        self._going = asyncio.get_running_loop().create_task(self._go())

    async def stop(self) -> None:
        """The clock stands still, and what it was doing is done."""
        self._stopping = True
        self._woken.set()
        if self._going is not None:
            await self._going
            self._scheduler.shutdown(wait=False)

    def wake(self) -> None:
        """What is due is done now rather than at the next tick; to be called in the loop."""
        self._woken.set()

    async def look(self) -> datetime | None:
        """Everything that is due has been done or skipped; returns when there is more to do, or None."""
        self._looked_at = time.monotonic()
        try:
            due_at = await asyncio.to_thread(self._next_due)
            while due_at is not None and due_at <= self._now() and not self._stopping:
                due_at = await self._do(MOST_AT_ONCE)
        except Exception:  # noqa: BLE001  (an ailing database must not stop the clock: the next tick tries again)
            _log.exception("clock.tick_failed")
            return None
        return due_at

    async def _go(self) -> None:
        while not self._stopping:
            self._woken.clear()
            self._arm(await self.look())
            with suppress(TimeoutError):
                async with asyncio.timeout(SILENCE_SECONDS):
                    await self._woken.wait()

    def _arm(self, due_at: datetime | None) -> None:
        """There is a wake-up when the next cue is due, or in a tick."""
        wait = TICK_SECONDS if due_at is None else min(TICK_SECONDS, (due_at - self._now()).total_seconds())
        # Its own time: a rehearsal's runs beside it.
        then = DateTrigger(datetime.now(UTC) + timedelta(seconds=wait), timezone=UTC)
        self._scheduler.add_job(self._ring, then, id="next", replace_existing=True)

    async def _ring(self) -> None:
        self._woken.set()

    async def _do(self, most: int) -> datetime | None:
        """Some of what is due is done; one cue that cannot be is given up, so that it does not stop all the others."""
        self._looked_at = time.monotonic()
        try:
            return await self._writer.do(lambda tx: clock.do_all_due(tx, now=self._now(), house=self._house, most=most))
        except Exception as error:
            if self._writer.trouble:
                raise
            if most > 1:
                return await self._do(1)
            _log.exception("clock.cue_failed")
            why = f"{type(error).__name__}: {error}"[:200]
            await self._writer.do(lambda tx: clock.give_up(tx, now=self._now(), why=why))
            return self._now()

    def _next_due(self) -> datetime | None:
        with self._store.read() as tx:
            return debates.next_due(tx)
