"""Bringing payloads to the app: events again and again until acknowledged, everything else once."""

import asyncio
import time
from collections.abc import AsyncIterable, Coroutine, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from handlers.slack.standin.faults import Faults
from handlers.slack.standin.shapes import Ack, Answer, Json, Record, Timing


class Pipe(Protocol):
    """A way to the app that answers with what the app said."""

    async def send(self, kind: str, payload: Json, attempt: int, reason: str) -> Answer:
        """One delivery was tried."""
        ...

    async def close(self) -> None:
        """The way is closed."""
        ...


@dataclass(slots=True)
class Blast:
    """What became of a burst of events: how many were sent, acknowledged and lost, in how long, each ack's seconds."""

    sent: int = 0
    acked: int = 0
    lost: int = 0
    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)


class Delivery:
    """Sends in the background and keeps the record; `settled` waits until nothing is on its way."""

    def __init__(self, pipe: Pipe, timing: Timing, faults: Faults, record: Record) -> None:
        self.pipe = pipe
        self._timing = timing
        self._faults = faults
        self._record = record
        self._tasks: set[asyncio.Task[bool]] = set()
        self._held: list[Json] = []

    def tell(self, payload: Json) -> None:
        """The event is on its way, twice or kept back if that was asked for."""
        left = self._faults.take_hold()
        if left is not None:
            self._held.append(payload)
            if left:
                return
            due, self._held = self._held[::-1], []
        else:
            due = [payload]
        for one in due:
            self._start(self.deliver(one))
            if self._faults.take_duplicate():
                self._start(self.deliver(one))

    async def deliver(self, payload: Json, kind: str = "events_api") -> bool:
        """True once the app has acknowledged this raw payload, False when every attempt was in vain."""
        answer = await self.attempt(kind, payload)
        if kind == "events_api":
            for number, delay in enumerate(self._timing.retry_delays, start=1):
                if answer.acked or answer.final:
                    break
                await asyncio.sleep(delay)
                answer = await self.attempt(kind, payload, number, answer.reason)
        if not answer.acked:
            self._record.lost.append(payload)
        return answer.acked

    async def attempt(self, kind: str, payload: Json, attempt: int = 0, reason: str = "") -> Answer:
        """The app's answer to a single delivery; an ack is written down with its latency."""
        answer = await self.pipe.send(kind, payload, attempt, reason)
        if answer.acked:
            self._record.acked.append(Ack(kind, str(payload.get("event_id", "")), attempt, answer.seconds))
        return answer

    async def blast(self, payloads: Iterable[Json] | AsyncIterable[Json], rate: float = 0.0) -> Blast:
        """The events went out at `rate` a second (0: as fast as they go, 1,000 under way at most) and were settled."""
        result, started = Blast(), time.perf_counter()
        open_slots = asyncio.Semaphore(1000)
        before = len(self._record.acked)
        async with asyncio.TaskGroup() as group:
            async for payload in _each(payloads):
                if rate and (ahead := result.sent / rate - (time.perf_counter() - started)) > 0.001:
                    await asyncio.sleep(ahead)
                await open_slots.acquire()
                result.sent += 1
                group.create_task(self._shot(payload, open_slots, result))
        result.seconds = time.perf_counter() - started
        result.latencies = [ack.seconds for ack in self._record.acked[before:]]
        return result

    async def settled(self) -> None:
        """Nothing is on its way: every event so far was acknowledged or given up."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def close(self) -> None:
        """Nothing is sent any more; what was on its way is dropped."""
        for task in (tasks := list(self._tasks)):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.pipe.close()

    async def _shot(self, payload: Json, slots: asyncio.Semaphore, result: Blast) -> None:
        try:
            if await self.deliver(payload):
                result.acked += 1
            else:
                result.lost += 1
        finally:
            slots.release()

    def _start(self, work: Coroutine[None, None, bool]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _each(payloads: Iterable[Json] | AsyncIterable[Json]) -> AsyncIterable[Json]:
    if isinstance(payloads, AsyncIterable):
        async for payload in payloads:
            yield payload
    else:
        for payload in payloads:
            yield payload
