"""What X costs, as it is spent: noted a moment after each answer, and told when a debate's budget is used up.

A post is paid for by its debate. What is read X does not tell apart: the debate that takes answers pays for it, else
the one that is nearest.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial

from bot import budget as rules
from bot.actions import budget, listen
from bot.actions.listen import OnAir
from bot.budget import Verdict
from bot.ports import Platform
from bot.store.engine import Store, Tx
from bot.writer import Writer
from handlers.x.reconciler import KNOWS
from handlers.x.terms import PRICES

Bill = tuple[str, Sequence[str]]
"""What X has billed: its kind, and the ids of what it was."""

# What is read so long before a debate begins, or after it took its last answer, is read for it.
AHEAD, BEHIND = timedelta(minutes=15), timedelta(hours=2)
# About so many are noted in one go, so that nobody's message waits for the notes of a full stream.
PIECE = 100
# So long they wait for a pause of the writer's (seconds).
PATIENCE = 0.1


@dataclass(frozen=True, slots=True)
class Spent:
    """Debates near this time: ``over`` have used up their budget, ``going`` have not and want X.

    ``shut``: X is to be left altogether, for one of them is over and none other is going.
    """

    over: frozenset[int] = frozenset()
    going: frozenset[int] = frozenset()
    shut: bool = False


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was looked up: who may go on if nobody is over, whose budget is not far off, whether a crowd was told of."""

    spent: Spent
    dear: frozenset[int]
    told: bool


class Till:
    """The money of one account."""

    def __init__(self, store: Store, writer: Writer, budget: Decimal, clock: Callable[[], datetime]) -> None:
        """``budget`` is what a debate may cost, in USD."""
        self._store = store
        self._writer = writer
        self._budget = budget
        self._clock = clock
        self._waiting: list[Bill] = []
        self._posts: dict[str, int] = {}  # whose our posts are that are not on record yet
        self._heard: deque[datetime] = deque(maxlen=rules.CROWD * 10)
        self.spent = Spent()
        self._reckoned = False

    def billed(self, kind: str, ids: Sequence[str]) -> None:
        """X has billed these; it is on record at the next ``settle``."""
        self._waiting.append((kind, tuple(ids)))

    def posted(self, post_id: str, debate_id: int | None) -> None:
        """A post of ours is a debate's, and so is its price."""
        if debate_id is not None:
            self._posts[post_id] = debate_id

    def heard(self, posted_at: datetime) -> None:
        """One more post has come, of whoever it may be; what search brings of earlier times is no crowd."""
        if self._clock() - posted_at < rules.MINUTE:
            self._heard.append(posted_at)

    def over(self, debate_id: int) -> bool:
        """Whether the debate has used up its budget: also one that was held yesterday, or is still far off."""
        if debate_id in self.spent.over or debate_id in self.spent.going:
            return debate_id in self.spent.over
        with self._store.read() as tx:
            usd = budget.spent(tx, debate_id, PRICES.by_kind()).usd
        return rules.verdict(usd, self._budget) is Verdict.HARD

    async def settle(self) -> Spent:
        """What was billed is on record, and it is known who may go on; raises what the writer raises."""
        now = self._clock()
        crowd = rules.hijacked(self._heard, now=now)
        if self._reckoned and not (self._waiting or self.spent.over or crowd):
            return self.spent
        await self._note(now)
        seen = await asyncio.to_thread(self._look, now)
        telling = seen.dear or (crowd and not seen.told)
        self.spent = await self._writer.do(partial(self._reckon, seen, crowd, now)) if telling else seen.spent
        self._reckoned = True
        return self.spent

    async def _note(self, now: datetime) -> None:
        """What was billed is on record, a little at a time; when the writer raises, the rest of it waits."""
        day = now.astimezone(UTC).date()
        with self._store.read() as tx:
            payer = _payer(_near(tx, now), self.spent.over)
        taken, self._waiting = self._waiting, []
        owners, self._posts = self._posts, {}
        try:
            while taken:
                some, rest = _portion(taken)
                await self._writer.pause(PATIENCE)
                await self._writer.do(partial(_noted, billed=some, owners=owners, payer=payer, day=day), patient=True)
                taken = rest
        except BaseException:
            self._waiting, self._posts = taken + self._waiting, owners | self._posts
            raise

    def _look(self, now: datetime) -> "_Seen":
        """What there is to tell, and to whom: counted here, because it takes longer than a writer may."""
        prices = PRICES.by_kind()
        with self._store.read() as tx:
            near = _near(tx, now)
            spent = {one.debate_id: budget.spent(tx, one.debate_id, prices).usd for one in near}
            payer = _payer(near, self.spent.over)
            told = payer is None or budget.crowd_told(tx, payer, now=now)
        dear = frozenset(one for one, usd in spent.items() if rules.verdict(usd, self._budget) is not Verdict.FINE)
        return _Seen(Spent(frozenset(), _going(near), shut=False), dear, told)

    def _reckon(self, seen: "_Seen", crowd: bool, now: datetime, tx: Tx) -> Spent:
        near = _near(tx, now)
        payer = _payer(near, self.spent.over)
        dear = [one for one in near if one.debate_id in seen.dear]
        over = frozenset(one.debate_id for one in dear if self._verdict(tx, one, now) is Verdict.HARD)
        going = _going(near) - over
        if crowd and payer is not None and payer in going:
            minute = sum(now - rules.MINUTE < at <= now for at in self._heard)
            budget.crowded(tx, payer, a_minute=minute, now=now)
        near_and_over = any(one.debate_id in over and _recent(one, now) for one in near)
        return Spent(over, going, near_and_over and not going)

    def _verdict(self, tx: Tx, one: OnAir, now: datetime) -> Verdict:
        return budget.check(tx, one.debate_id, prices=PRICES.by_kind(), budget=self._budget, now=now)


def _near(tx: Tx, now: datetime) -> Sequence[OnAir]:
    """The debates that X may cost something for; a gap is searched for as long as search knows of it."""
    return listen.on_air(tx, Platform.X, now=now, ahead=AHEAD, behind=BEHIND, incomplete=KNOWS)


def _going(near: Sequence[OnAir]) -> frozenset[int]:
    """Those that want X: they take answers, or are about to open."""
    return frozenset(one.debate_id for one in near if one.live or one.opened_at is None)


def _recent(one: OnAir, now: datetime) -> bool:
    return one.live or one.until is None or one.until >= now - BEHIND


def _portion(billed: Sequence[Bill]) -> tuple[list[Bill], list[Bill]]:
    """Bills of about ``PIECE`` ids together, at least one, and the rest of them."""
    count = 0
    for place, (_kind, ids) in enumerate(billed, 1):
        count += len(ids)
        if count >= PIECE:
            return list(billed[:place]), list(billed[place:])
    return list(billed), []


def _noted(tx: Tx, *, billed: Sequence[Bill], owners: Mapping[str, int], payer: int | None, day: date) -> None:
    """Each of what was billed is on record once: a post of ours for its debate, the rest for who pays."""
    notes: dict[tuple[int | None, str], list[str]] = {}
    for kind, ids in billed:
        for ident in ids:
            notes.setdefault((owners.get(ident, payer), kind), []).append(ident)
    for (debate_id, kind), some in notes.items():
        budget.note(tx, debate_id, kind, some, day)


def _payer(near: Sequence[OnAir], over: frozenset[int]) -> int | None:
    """Who pays: the latest that takes answers, else the next to open, else the last that closed."""
    if not near:
        return None
    able = [one for one in near if one.debate_id not in over] or list(near)
    live = [one for one in able if one.live and one.opened_at is not None]
    if live:
        return max(live, key=lambda one: one.opened_at or datetime.min.replace(tzinfo=UTC)).debate_id
    coming = [one for one in able if one.opened_at is None]
    if coming:
        return coming[0].debate_id
    return max(able, key=lambda one: one.until or datetime.max.replace(tzinfo=UTC)).debate_id
