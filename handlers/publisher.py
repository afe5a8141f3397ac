"""The way out: what waits in the outbox is claimed, said by a platform's mouth, and marked with where it landed.

One post at a time in each place, in the order in which they were decided; each place by itself, so that a slow one
delays no other. What may stand there already (a crash, a time-out) is looked for before it is said again. A process
that was frozen finds its claims to have run out, and leaves them to whoever has them now.
"""

import asyncio
import os
import socket
import time
import uuid
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

import structlog

from bot import errors
from bot.actions import send
from bot.outbox import ABORTED, LEASE
from bot.phrase import phrase
from bot.ports import Draft, Mouth
from bot.store.engine import Store, Tx
from bot.writer import Committed, Writer

# How often the outbox is looked at for what another process put there (seconds); our own commits wake us at once.
POLL = 0.5
# After the database would not let us claim (seconds).
PAUSE = 2.0
# How often it is looked whether another process of this machine has died with posts in its hands (seconds).
BURY = 5.0
# Whoever has not sent a post by then leaves it alone: another process may have it (seconds).
HOLD = LEASE.total_seconds() - 5.0
# The wall clock has jumped when it went so much more or less than the steady one.
JUMP = timedelta(seconds=5)
# How often it is tried to mark what has landed; after that the lease runs out, and the post is found where it stands.
MARKS = 5


@dataclass(slots=True)
class Counts:
    """What has gone out since the start."""

    sent: int = 0
    found: int = 0
    delayed: int = 0
    failed: int = 0
    lateness: list[float] = field(default_factory=list)  # seconds from claim to landing, the last hundred


def owner_name() -> str:
    """A name for this process that another can tell to be dead: host, process id, and what makes it unique."""
    return f"{socket.gethostname()}/{os.getpid()}/{uuid.uuid4().hex[:8]}"


def dead(owner: str, *, me: str) -> bool:
    """Whether a claim was made by a process of this machine that is no more."""
    host, _, rest = owner.partition("/")
    pid = rest.partition("/")[0]
    if owner == me or host != me.partition("/")[0] or not pid.isdecimal():
        return False
    if int(pid) == os.getpid():
        return True  # the number is ours now
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


class Publisher:
    """One platform's outbox, on its way."""

    def __init__(
        self, mouth: Mouth, store: Store, writer: Writer,
        *, clock: Callable[[], datetime] = lambda: datetime.now(UTC), poll: float = POLL,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        """``start`` begins; ``poll`` in seconds. ``clock`` is the wall's, ``steady`` (seconds) is never put back."""
        self._mouth = mouth
        self._store = store
        self._writer = writer
        self._clock = clock
        self._poll = poll
        self._steady = steady
        self._seen = (clock(), steady())
        self._buried_at = steady()
        self.holding: set[int] = set()  # rows that are being sent
        self._owner = owner_name()
        self._woken = asyncio.Event()
        self._sending: set[asyncio.Task[None]] = set()
        self._loop: asyncio.Task[None] | None = None
        self._stopping = False
        self.counts = Counts()

    def start(self) -> None:
        """Posts go out from now on."""
        loop = asyncio.get_running_loop()
        self._writer.on_commit(partial(self._committed, loop))
        self._loop = loop.create_task(self._run())

    def wake(self) -> None:
        """The outbox is looked at now; to be called in the loop."""
        self._woken.set()

    async def stop(self, *, within: float = 3.0) -> None:
        """Nothing new is sent, and what was under way has landed or is left to be looked for (seconds)."""
        self._stopping = True
        if self._loop is not None:
            self._loop.cancel()
            await asyncio.gather(self._loop, return_exceptions=True)
        if self._sending:
            await asyncio.wait(set(self._sending), timeout=within)
        for task in list(self._sending):
            task.cancel()
        await asyncio.gather(*self._sending, return_exceptions=True)

    def _committed(self, loop: asyncio.AbstractEventLoop, committed: Committed) -> None:
        if committed.outbox and not self._stopping:
            loop.call_soon_threadsafe(self._woken.set)

    async def _run(self) -> None:
        await self._guarded(self._begin())
        while True:
            self._woken.clear()
            if not (await self._guarded(self._keep()) and await self._guarded(self._send_due())):
                await asyncio.sleep(PAUSE)
            await self._rest()

    async def _guarded(self, work: Coroutine[None, None, None]) -> bool:
        """Whatever the database does, the loop goes on."""
        try:
            await work
        except Exception as error:  # noqa: BLE001  (locked, full, away: tried again)
            structlog.get_logger().warning("outbox not read", platform=self._mouth.platform, why=str(error))
            return False
        return True

    async def _rest(self) -> None:
        """Until a commit wakes us, something falls due, or another process may have written."""
        while not self._woken.is_set():
            try:
                async with asyncio.timeout(self._poll):
                    await self._woken.wait()
            except TimeoutError:
                with self._store.read() as tx:
                    due = send.due(tx, self._mouth.platform)
                if (due is not None and due <= self._clock()) or self._jumped() or self._to_bury():
                    return

    async def _begin(self) -> None:
        """What was left by an earlier life, or under another time of the machine's clock, need not wait."""
        await self._bury()
        now = self._clock()
        await self._writer.do(lambda tx: send.set_right(tx, self._mouth.platform, before=now, now=now))

    async def _keep(self) -> None:
        """What the machine's clock made wrong by jumping is right, and what the dead held is free."""
        if self._jumped():
            (wall, steady), now = self._seen, self._clock()
            before = wall + timedelta(seconds=self._steady() - steady)
            structlog.get_logger().warning("the clock has jumped", seconds=(now - before).total_seconds())
            await self._writer.do(lambda tx: send.set_right(tx, self._mouth.platform, before=before, now=now))
        self._seen = (self._clock(), self._steady())
        if self._to_bury():
            await self._bury()

    def _jumped(self) -> bool:
        wall, steady = self._seen
        return abs(self._clock() - wall - timedelta(seconds=self._steady() - steady)) > JUMP

    def _to_bury(self) -> bool:
        return self._steady() - self._buried_at > BURY

    async def _bury(self) -> None:
        """What a dead process of this machine held need not wait for its lease to run out."""
        self._buried_at = self._steady()
        await self._writer.do(lambda tx: send.abandoned(tx, self._mouth.platform, dead=partial(dead, me=self._owner)))

    async def _send_due(self) -> None:
        claimed, until = await self._writer.do(self._claim)
        for row_id, draft, since in claimed:
            if row_id in self.holding:
                continue  # we are at it still, whatever the wall clock says of our lease
            self.holding.add(row_id)
            task = asyncio.get_running_loop().create_task(self._hold(row_id, draft, since, until))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)

    def _claim(self, tx: Tx) -> tuple[list[send.Claimed], datetime]:
        now = self._clock()
        return send.claim(tx, self._mouth.platform, owner=self._owner, now=now), now + LEASE

    async def _hold(self, row_id: int, draft: Draft, since: datetime | None, until: datetime) -> None:
        try:
            await self._send(row_id, draft, since, until)
        finally:
            self.holding.discard(row_id)

    async def _send(self, row_id: int, draft: Draft, since: datetime | None, until: datetime) -> None:
        started = self._clock()
        log = structlog.get_logger().bind(platform=draft.platform, place=draft.place, key=draft.key)
        unsent = since is None
        try:
            # Frozen meanwhile, we are let go by the time-out before we go on.
            async with asyncio.timeout(HOLD):
                landed = await self._mouth.find(draft, since) if since is not None else None
                if landed is None:
                    unsent = True  # looked for and not there
                    if draft.kind == ABORTED:
                        raise errors.NotEver(why=phrase("su debate se ha anulado"))
                    if self._clock() >= until:
                        log.warning("post left alone, another may have it")
                        return
                    landed = await self._mouth.send(draft)
                else:
                    self.counts.found += 1
        except errors.NotNow as later:
            self.counts.delayed += 1
            log.info("post delayed", why=str(later), seconds=later.seconds)
            await self._again(row_id, str(later), later.seconds, unsent=unsent)
        except errors.NotEver as never:
            self.counts.failed += 1
            why = str(never)
            log.error("post refused", why=why)  # noqa: TRY400  (Slack's reason is all there is to say)
            await self._mark(lambda tx: send.refused(tx, row_id, owner=self._owner, why=why, now=self._clock()))
        except Exception as unsure:  # noqa: BLE001  (Unsure, and whatever else happened after it may have left)
            self.counts.delayed += 1
            log.warning("post may have arrived", why=f"{type(unsure).__name__}: {unsure}")
            await self._again(row_id, str(unsure) or type(unsure).__name__, None, unsent=False)
        else:
            now = self._clock()
            self.counts.sent += 1
            self.counts.lateness = [*self.counts.lateness[-99:], (now - started).total_seconds()]
            await self._mark(lambda tx: send.landed(tx, row_id, landed, now=now))

    async def _again(self, row_id: int, why: str, seconds: float | None, *, unsent: bool) -> None:
        def later(tx: Tx) -> None:
            if not send.again(
                tx, row_id, owner=self._owner, why=why, now=self._clock(), seconds=seconds, unsent=unsent
            ):
                structlog.get_logger().error("post given up", platform=self._mouth.platform, row=row_id, why=why)

        await self._mark(later)

    async def _mark(self, action: Callable[[Tx], None]) -> None:
        for attempt in range(MARKS):
            try:
                await self._writer.do(action)
            except Exception as error:  # noqa: BLE001  (it has landed: nothing but the mark may be tried again)
                structlog.get_logger().warning("post not marked", platform=self._mouth.platform, why=str(error))
                await asyncio.sleep(0.2 * 2**attempt)
            else:
                return
