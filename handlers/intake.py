"""What a platform delivers, on its way into the log: gathered, written as one action, and answered once committed.

Deliveries that arrive while a commit is under way go into the next one together, so the busier it gets the less each
costs. If a group fails, each of it is tried alone; the one that fails again is kept raw in the quarantine. When it is
the database that fails, nobody is told "got it": the platform sends it again.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

import structlog

from bot import errors
from bot.actions import inbox
from bot.actions.inbox import Delivery
from bot.ports import Platform
from bot.store.engine import Tx
from bot.writer import Writer

Done = Callable[[bool], None]
"""Called in the loop, once: True when the delivery is committed and may be acknowledged."""

# One action takes at most this many, so that the first of them does not wait for the last.
MOST_AT_ONCE = 400
# This many groups may be with the writer at a time: one being committed, one ready to follow it.
UNDER_WAY = 2


@dataclass(frozen=True, slots=True)
class Share:
    """How much of the writer a platform's deliveries may have: so many in a group, so many groups at a time.

    Of a longer queue a group takes a quarter, so that who has fallen behind catches up. With ``patience`` (seconds) it
    is for so long that each group waits for a moment in which nobody else is waiting for a commit. ``told_again``: what
    a cut of the power takes away the platform is asked for again.
    """

    at_once: int = MOST_AT_ONCE
    under_way: int = UNDER_WAY
    patience: float = 0.0
    told_again: bool = False


@dataclass(slots=True)
class Counts:
    """What has come in since the start."""

    deliveries: int = 0
    refused: int = 0
    quarantined: int = 0


class Intake:
    """The way from a platform's ears to the log."""

    def __init__(
        self, writer: Writer, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC), share: Share | None = None
    ) -> None:
        """``clock`` tells the time of arrival."""
        self._share = share or Share()
        self._writer = writer
        self._clock = clock
        self._waiting: list[tuple[Delivery, Done]] = []
        self._under_way = 0
        self._soon = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._idle = asyncio.Event()
        self._idle.set()
        self.counts = Counts()

    def take(self, delivery: Delivery, done: Done) -> None:
        """The delivery will be committed with whatever else comes now; ``done`` hears how it went."""
        self._waiting.append((delivery, done))
        self._idle.clear()
        if self._under_way < self._share.under_way:
            self._flush_soon()

    async def put(self, delivery: Delivery) -> bool:
        """True once the delivery is committed; False when it could not be."""
        answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self.take(delivery, partial(_answer, answer))
        return await answer

    def quarantine(self, delivery: Delivery, error: str, done: Done) -> None:
        """What could not be understood will be kept as it came and counted; ``done`` hears how it went."""
        self._spawn(self._keep(delivery, error, done))

    async def pause(self) -> None:
        """Nobody waits for a commit, or this platform has been patient for long enough."""
        if self._share.patience:
            await self._writer.pause(self._share.patience)

    async def settled(self) -> None:
        """Nothing is on its way any more."""
        await self._idle.wait()

    def _flush_soon(self) -> None:
        if self._soon:
            return
        self._soon = True
        if self._share.patience:
            self._spawn(self._flush_in_a_pause())
        else:
            asyncio.get_running_loop().call_soon(self._flush)

    async def _flush_in_a_pause(self) -> None:
        await self.pause()
        self._flush()

    def _flush(self) -> None:
        self._soon = False
        while self._waiting and self._under_way < self._share.under_way:
            most = min(MOST_AT_ONCE, max(self._share.at_once, len(self._waiting) // 4))
            batch, self._waiting = self._waiting[:most], self._waiting[most:]
            deliveries = [delivery for delivery, _ in batch]
            try:
                action = partial(_take, deliveries=deliveries, now=self._clock())
                written = self._writer.do(action, patient=self._share.patience > 0, told_again=self._share.told_again)
            except errors.Overloaded:
                self._refuse(batch)
                continue
            self._under_way += 1
            asyncio.ensure_future(written).add_done_callback(partial(self._written, batch))
        self._rest()

    def _written(self, batch: Sequence[tuple[Delivery, Done]], written: "asyncio.Future[None]") -> None:
        self._under_way -= 1
        error = asyncio.CancelledError() if written.cancelled() else written.exception()
        if error is None:
            self.counts.deliveries += len(batch)
            for _, done in batch:
                done(True)
        elif written.cancelled() or self._writer.trouble:
            self._refuse(batch)
        else:
            self._spawn(self._one_by_one(batch, error))
        if self._waiting and self._share.patience:
            self._flush_soon()
        elif self._waiting:
            self._flush()
        self._rest()

    def _rest(self) -> None:
        if not (self._waiting or self._under_way or self._tasks):
            self._idle.set()

    def _finished(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        self._rest()

    async def _one_by_one(self, batch: Sequence[tuple[Delivery, Done]], first: BaseException) -> None:
        """The group failed for one of it: the others must not suffer."""
        for delivery, done in batch:
            error = f"{type(first).__name__}: {first}"
            if len(batch) > 1:
                try:
                    await self._writer.do(partial(_take, deliveries=[delivery], now=self._clock()))
                except Exception as own:  # noqa: BLE001  (whatever a payload does to the log, it is kept and looked at)
                    error = f"{type(own).__name__}: {own}"
                else:
                    self.counts.deliveries += 1
                    done(True)
                    continue
            if self._writer.trouble:
                self._refuse([(delivery, done)])
            else:
                await self._keep(delivery, error.splitlines()[0][:500], done)

    async def _keep(self, delivery: Delivery, error: str, done: Done) -> None:
        told = {"platform": delivery.platform, "id": _shown(delivery)}
        structlog.get_logger().warning("quarantined", **told, why=error)
        try:
            await self._writer.do(partial(_quarantine, delivery=delivery, error=error, now=self._clock()))
        except Exception as trouble:  # noqa: BLE001  (not kept: the platform must send it again)
            structlog.get_logger().error("not kept", **told, why=str(trouble))
            self._refuse([(delivery, done)])
        else:
            self.counts.quarantined += 1
            done(True)

    def _refuse(self, batch: Sequence[tuple[Delivery, Done]]) -> None:
        self.counts.refused += len(batch)
        for _, done in batch:
            done(False)

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        self._idle.clear()
        task.add_done_callback(self._finished)


def _take(tx: Tx, *, deliveries: Sequence[Delivery], now: datetime) -> None:
    inbox.take(tx, deliveries, now=now)


def _quarantine(tx: Tx, *, delivery: Delivery, error: str, now: datetime) -> None:
    inbox.quarantine(tx, delivery, error=error, now=now)


def _shown(delivery: Delivery) -> str:
    """A delivery's id as it may stand in a log file; X's hold the ids of posts, which are not to outlive them."""
    kind, _, _ident = delivery.event_id.rpartition(":")
    return kind if delivery.platform == Platform.X else delivery.event_id


def _answer(future: "asyncio.Future[bool]", ok: bool) -> None:
    if not future.done():
        future.set_result(ok)
