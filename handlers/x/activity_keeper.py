"""The subscriptions of X's Activity API, as they are wanted now: a few added at a time, what is over removed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from handlers.x import activity_rules as rules
from handlers.x.client import Subscription, XClient
from handlers.x.refused import Kind, XRefused

# So many people refused in a row, when X has never let us have anybody: it is not the people.
NEVER = 3
# X will not tell of this person: protected, suspended, gone. In answer to a list it means us.
_PERSONAL = frozenset({Kind.FORBIDDEN, Kind.REFUSED, Kind.GONE, Kind.REPLY_RULE})
# Somebody has that subscription already; X's documents do not say with which status it says so.
_THERE = frozenset({Kind.CONFLICT, Kind.DUPLICATE})


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often X's subscriptions are looked at, in seconds."""

    retry: float = 30.0  # after X would not
    longest_retry: float = 900.0
    check: float = 3_600.0  # somebody else may have changed them
    portion: int = 50  # so many are added in a row; then it is seen again what is wanted


class SubscriptionKeeper:
    """X's subscriptions to deletions."""

    def __init__(self, client: XClient, *, clock: Callable[[], datetime], rhythm: Rhythm | None = None) -> None:
        """Nothing is asked before ``keep``."""
        self._client = client
        self._clock = clock
        self._rhythm = rhythm or Rhythm()
        self._standing: list[Subscription] | None = None  # as X has them; None: to be asked
        self._asked_at: datetime | None = None
        self._retry_at: datetime | None = None
        self._barred: set[str] = set()  # not to be had, or had by somebody whom X does not show
        self._in_vain = 0
        self.failures = 0
        self.changes = 0
        self.ours = 0
        self.trouble: XRefused | None = None
        self.refused: XRefused | None = None  # we may not subscribe: nobody asks again before a person has seen to it
        self.halted = False
        self.on_credits: Callable[[XRefused], None] = lambda _refused: None

    @property
    def subscribed(self) -> bool:
        """Whether X tells this app of anybody's deletions."""
        return any(one.event == rules.EVENT for one in self._standing or ())

    def doubt(self) -> None:
        """X's subscriptions are asked for again at the next ``keep``."""
        self._standing = self._retry_at = None

    async def keep(self, wanted: Sequence[str]) -> bool:
        """A portion more of what these people's deletions take stands at X; True where more is to be done at once."""
        now = self._clock()
        if self.halted or self.refused is not None or (self._retry_at is not None and now < self._retry_at):
            return False
        try:
            more = await self._keep(wanted, now)
        except XRefused as refused:
            self._failed(refused, now)
            return False
        if self.refused is None:
            self.failures, self._retry_at, self.trouble = 0, None, None
        return more

    async def _keep(self, wanted: Sequence[str], now: datetime) -> bool:
        old = self._asked_at is None or (now - self._asked_at).total_seconds() >= self._rhythm.check
        if self._standing is None or (old and wanted):
            if not await self._ask():
                return False
            self._asked_at = now
        change = rules.change(wanted, self._standing or (), barred=self._barred)
        if change.delete:
            await self._client.unsubscribe(change.delete)
            gone = set(change.delete)
            self._stand([one for one in self._standing or () if one.id not in gone])
            self.changes += len(gone)
        added = await self._add(change.add[: self._rhythm.portion])
        if added or change.delete:
            structlog.get_logger().info("x's subscriptions", added=added, deleted=len(change.delete), stand=self.ours)
        return len(change.add) > self._rhythm.portion and not self.halted and self.refused is None

    async def _ask(self) -> bool:
        """X's subscriptions are known; False where they are nothing for us."""
        try:
            self._stand(await self._client.subscriptions())
        except XRefused as refused:
            if refused.kind not in _PERSONAL | {Kind.UNAUTHORISED}:
                raise
            self._never(refused)
            return False
        return True

    async def _add(self, people: Sequence[str]) -> int:
        added = 0
        for user in people:
            if self.halted or self.refused is not None:
                break
            try:
                made = await self._client.subscribe(rules.EVENT, user, rules.TAG)
            except XRefused as refused:
                if refused.kind not in _PERSONAL | _THERE:
                    raise
                self._bar(user, refused)
                continue
            self._stand([*(self._standing or ()), made])
            self._in_vain = 0
            added += 1
            self.changes += 1
        return added

    def _bar(self, user: str, refused: XRefused) -> None:
        """One person who is not to be had must not take the others with them."""
        self._barred.add(user)
        if refused.kind in _THERE:
            return
        self._in_vain += 1
        if not self.ours and self._in_vain >= NEVER:
            self._never(refused)

    def _stand(self, standing: list[Subscription]) -> None:
        self._standing = standing
        self.ours = sum(one.tag == rules.TAG for one in standing)

    def _never(self, refused: XRefused) -> None:
        self.refused = refused
        structlog.get_logger().warning("x does not tell of deletions; look posts up with x sync", why=str(refused))

    def _failed(self, refused: XRefused, now: datetime) -> None:
        self._standing = None
        self.trouble = refused
        self.failures += 1
        wait = min(self._rhythm.retry * 2.0 ** min(self.failures - 1, 10), self._rhythm.longest_retry)
        if refused.retry_at is not None:
            wait = max(wait, (refused.retry_at - now).total_seconds() + 1.0)
        self._retry_at = now + timedelta(seconds=wait)
        structlog.get_logger().warning("x's subscriptions are not as wanted", why=str(refused), again_in=round(wait, 1))
        if refused.kind is Kind.CREDITS:
            self.on_credits(refused)
