"""What X tells of deletions, on its way into the log. X tells it once: what the database cannot take now waits for it.

A post that the log does not hold is nobody's business: nothing of it is kept. Only of a fresh one the telling is
remembered for a moment, for it may come before the post itself.
"""

import asyncio
import contextlib
import hashlib
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog

from bot.actions import sync
from bot.actions.inbox import Delivery
from bot.ports import Deleted, Platform
from bot.store.engine import Store
from handlers.intake import Intake
from handlers.x import activity_rules as rules
from handlers.x import posts
from handlers.x.activity_rules import Taken
from handlers.x.posts import Strange
from handlers.x.terms import Billed

# So many lines may wait; what comes beyond is found when posts are looked up.
MOST_WAITING = 20_000
# Of a line that is nothing we know this much is kept to be looked at (characters).
STRANGE = 20_000


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a deletion is remembered, in seconds."""

    again: float = 5.0  # between two tries to have it in the log
    fresh: float = 180.0  # so long after it was made a post may still be on its way to the log


@dataclass(slots=True)
class Counts:
    """What has been told since the start."""

    told: int = 0  # deletions, of whatever post
    gone: int = 0  # of these, those of posts in the log
    strange: int = 0
    missed: int = 0


class DeletionHearing:
    """The way of a deletion from the activity stream to the log."""

    def __init__(
        self, intake: Intake, store: Store, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        billed: Callable[[str, Sequence[str]], None] = lambda _kind, _ids: None, patience: Patience | None = None,
    ) -> None:  # fmt: skip
        """``billed`` is told of every deletion that X told us of (``terms.Billed``, ids)."""
        self._intake = intake
        self._store = store
        self._clock = clock
        self._billed = billed
        self._patience = patience or Patience()
        self._lines: deque[bytes] = deque()
        self._fresh: deque[tuple[Taken, datetime]] = deque(maxlen=MOST_WAITING)  # until when each is remembered
        self._woken = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self.counts = Counts()

    def take(self, raw: bytes) -> None:
        """The line will be understood; returns at once."""
        if len(self._lines) >= MOST_WAITING:
            self.counts.missed += 1
            return
        self._lines.append(raw)
        self._idle.clear()
        self._woken.set()

    async def run(self) -> None:
        """Lines are understood as they come, until this is cancelled."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._patience.again if self._fresh else None):
                    await self._woken.wait()
            self._woken.clear()
            while self._lines:
                await self._line(self._lines[0])
                self._lines.popleft()
            self._idle.set()
            await self._remembered()

    async def settled(self) -> None:
        """Nothing that was told is on its way any more; only true while ``run`` runs."""
        await self._idle.wait()

    async def _line(self, raw: bytes) -> None:
        try:
            told = rules.taken(raw)
        except Strange as strange:
            await self._strange(raw, str(strange))
            return
        for one in told:
            self.counts.told += 1
            self._billed(Billed.DELETE_EVENT, [one.event or hashlib.sha256(raw).hexdigest()])
            made_at = posts.time_of(one.post)
            if not await self._gone(one) and made_at is not None:
                until = made_at + timedelta(seconds=self._patience.fresh)
                if until > self._clock():
                    self._fresh.append((one, until))

    async def _remembered(self) -> None:
        """Those whose post has come meanwhile are gone; those whose time is over are forgotten."""
        for _ in range(len(self._fresh)):
            one, until = self._fresh.popleft()
            if not await self._gone(one) and until > self._clock():
                self._fresh.append((one, until))

    async def _gone(self, one: Taken) -> bool:
        """The post is gone from the log, however long the database takes; False where it does not stand there."""
        while True:
            try:
                # Beside the loop: of who clears out their whole account X tells thousands in a row.
                incoming = await asyncio.to_thread(self._meant, one)
                if not incoming:
                    return False
                # Named by the post, like one that the stream of posts tells of.
                if await self._intake.put(Delivery(Platform.X, f"x:gone:{one.post}", incoming)):
                    self.counts.gone += 1
                    return True
            except Exception as error:  # noqa: BLE001  (locked, full, away: X does not tell it again)
                structlog.get_logger().warning("a deletion waits", why=f"{type(error).__name__}: {error}")
            await asyncio.sleep(self._patience.again)

    def _meant(self, one: Taken) -> Sequence[Deleted]:
        with self._store.read() as tx:
            return sync.taken_back(tx, one.post, now=self._clock())

    async def _strange(self, raw: bytes, why: str) -> None:
        self.counts.strange += 1
        name = f"x:line:{hashlib.sha256(raw).hexdigest()[:24]}"
        delivery = Delivery(Platform.X, name, (), raw.decode(errors="replace")[:STRANGE])
        self._intake.quarantine(delivery, why, lambda _kept: None)
