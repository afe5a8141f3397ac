"""The clock: it wakes the action that does what is due. What is due are rows; the clock itself remembers nothing.

It looks at least every half second, for other processes plan, too, and at the very moment for which the next cue is
planned. It waits on the machine's steady clock and reads the wall clock anew each time it looks, so that it goes on at
once when that one is put back or forward by an hour. (A scheduler that keeps its own wake-up times stands still then.)
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

import structlog

from bot.actions import run
from bot.ports import House
from bot.store import debates
from bot.store.engine import Store
from bot.writer import Writer

TICK_SECONDS = 0.5
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
        self._going = asyncio.get_running_loop().create_task(self._go())

    async def stop(self) -> None:
        """The clock stands still, and what it was doing is done."""
        self._stopping = True
        self._woken.set()
        if self._going is not None:
            await self._going

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
            due_at = await self.look()
            wait = TICK_SECONDS if due_at is None else (due_at - self._now()).total_seconds()
            with suppress(TimeoutError):
                async with asyncio.timeout(min(max(wait, 0.0), TICK_SECONDS)):
                    await self._woken.wait()

    async def _do(self, most: int) -> datetime | None:
        """Some of what is due is done; one cue that cannot be is given up, so that it does not stop all the others."""
        self._looked_at = time.monotonic()
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
