"""The rules of X's stream, as the debates want them: added before each, one more with each question, then removed."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from bot.actions.listen import OnAir
from handlers.x import rules
from handlers.x.client import Rule, XClient
from handlers.x.refused import Kind, XRefused


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often X's rules are looked at, in seconds."""

    retry: float = 10.0  # after X would not
    longest_retry: float = 120.0
    check: float = 300.0  # somebody else may have changed them


class Keeper:
    """X's rules, as they are wanted now."""

    def __init__(
        self, client: XClient, me: str, *, clock: Callable[[], datetime], rhythm: Rhythm | None = None
    ) -> None:
        """``me`` is our user name; nothing is asked before ``keep``."""
        self._client = client
        self._me = me
        self._clock = clock
        self._rhythm = rhythm or Rhythm()
        self._standing: list[Rule] | None = None  # as X has them; None: to be asked
        self._asked_at: datetime | None = None
        self._retry_at: datetime | None = None
        self.failures = 0
        self._lock = asyncio.Lock()
        self.refused: XRefused | None = None
        self.foreign = 0
        self.changes = 0

    @property
    def ready(self) -> bool:
        """Whether there are rules at X, so that its stream will have us."""
        return bool(self._standing)

    def doubt(self) -> None:
        """X's rules are asked for again at the next ``keep``."""
        self._standing = None
        self._retry_at = None

    async def keep(self, debates: Sequence[OnAir]) -> bool:
        """X's rules are those that the debates want; False where X would not, or is not to be asked yet."""
        async with self._lock:
            now = self._clock()
            if self._retry_at is not None and now < self._retry_at:
                return False
            wanted = rules.wanted(debates, self._me)
            try:
                await self._keep(wanted, now)
            except XRefused as refused:
                self._failed(refused, now)
                return False
            self.failures, self._retry_at, self.refused = 0, None, None
            return True

    async def _keep(self, wanted: Sequence[Rule], now: datetime) -> None:
        old = self._asked_at is None or (now - self._asked_at).total_seconds() >= self._rhythm.check
        if self._standing is None or (old and wanted):
            self._standing = await self._client.rules()
            self._asked_at = now
        change = rules.change(wanted, self._standing)
        if change.delete:
            await self._client.delete_rules(change.delete)
            self._standing = [one for one in self._standing if one.id not in set(change.delete)]
        if change.add:
            self._standing = [*self._standing, *await self._added(change.add)]
        if change.add or change.delete:
            self.changes += 1
            structlog.get_logger().info("x's rules", added=[one.tag for one in change.add], deleted=len(change.delete))
        wants = {(one.value, one.tag) for one in wanted}
        self.foreign = sum((one.value, one.tag) not in wants for one in self._standing)

    async def _added(self, some: Sequence[Rule]) -> list[Rule]:
        """The rules stand at X, all but those that it refuses: one bad rule must not take the others with it."""
        try:
            return await self._client.add_rules(some)
        except XRefused as refused:
            if refused.kind is not Kind.REFUSED or len(some) == 1:
                raise
        added: list[Rule] = []
        bad: XRefused | None = None
        for one in some:
            try:
                added += await self._client.add_rules([one])
            except XRefused as refused:
                if refused.kind is not Kind.REFUSED:
                    raise
                bad = refused
        if bad is not None:
            raise bad
        return added

    def _failed(self, refused: XRefused, now: datetime) -> None:
        self._standing = None
        self.refused = refused
        self.failures += 1
        wait = min(self._rhythm.retry * 2.0 ** min(self.failures - 1, 10), self._rhythm.longest_retry)
        if refused.kind is Kind.LIMITED and refused.retry_at is not None:
            wait = max(wait, (refused.retry_at - now).total_seconds())
        self._retry_at = now + timedelta(seconds=wait)
        structlog.get_logger().warning("x's rules are not as wanted", why=str(refused), again_in=round(wait, 1))
