"""What was taken back on X is taken back here: which posts are to be looked up, for how much, and what comes of it.

X counts a post once a UTC day: what was read today costs nothing more. How far a day's look has come is kept, so that
one that was interrupted goes on from there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from bot import errors
from bot.actions import budget, log, optout
from bot.debate import LISTENING
from bot.ports import Deleted, Incoming, Platform
from bot.store import debates, gone, held, meter, passes
from bot.store.engine import Tx
from bot.store.held import Held

POST_READ = "post_read"
_MARK = "x sync"


@dataclass(frozen=True, slots=True)
class Due:
    """The posts of a debate that are to be looked up; of these, ``to_pay`` were not read today.

    ``spent`` (USD) is what a debate that still goes on has cost so far; 0 for others.
    """

    debate_id: int
    title: str
    posts: Sequence[Held]
    to_pay: int
    spent: Decimal


@dataclass(frozen=True, slots=True)
class Bill:
    """What a look at debates will cost: USD for each post that is to be paid."""

    due: Sequence[Due]
    price: Decimal

    @property
    def posts(self) -> int:
        """How many posts are looked up."""
        return sum(len(one.posts) for one in self.due)

    @property
    def to_pay(self) -> int:
        """How many of them X puts on the bill."""
        return sum(one.to_pay for one in self.due)

    @property
    def usd(self) -> Decimal:
        """The sum."""
        return self.to_pay * self.price

    def within(self, limit: Decimal) -> None:
        """The bill is no more than ``X_BUDGET_USD``, nor is that of a debate that goes on; raises ``OverBudget``."""
        for usd in (self.usd, *(one.spent + one.to_pay * self.price for one in self.due if one.spent)):
            if usd > limit:
                raise errors.OverBudget(posts=self.posts, usd=budget.money(usd), budget=budget.money(limit))


@dataclass(frozen=True, slots=True)
class Found:
    """What a look has found: posts that were asked for, gone, edited; ``unclear`` are those X said nothing of."""

    posts: int = 0
    gone: int = 0
    edited: int = 0
    unclear: int = 0

    def __add__(self, other: "Found") -> "Found":
        """Both together."""
        return Found(
            self.posts + other.posts, self.gone + other.gone, self.edited + other.edited, self.unclear + other.unclear
        )


def bill(tx: Tx, debate: str, *, prices: Mapping[str, Decimal], now: datetime) -> Bill:
    """The bill of a debate (id or slug), or of all for ""; raises ``NoSuchDebate``."""
    wanted = [debates.ident(debates.get(tx, debate))] if debate else held.debates_with(tx, Platform.X)
    return bill_of(tx, wanted, prices=prices, now=now)


def bill_of(tx: Tx, debate_ids: Sequence[int], *, prices: Mapping[str, Decimal], now: datetime) -> Bill:
    """The bill of these debates."""
    day, counted, due = meter.utc_day(now), set[str](), []
    for debate_id in debate_ids:
        debate = debates.get(tx, debate_id)
        posts = held.posts(tx, debate_id, Platform.X, after=_left_off(tx, debate_id, now))
        fresh = {one.post for one in posts} - counted
        to_pay = len(fresh) - len(meter.billed(tx, POST_READ, fresh, day=day))
        counted |= fresh
        spent = budget.spent(tx, debate_id, prices).usd if debate.phase in LISTENING else Decimal(0)
        due.append(Due(debate_id, debate.title, posts, to_pay, spent))
    return Bill(due, prices[POST_READ])


def due_today(tx: Tx, days: int, *, now: datetime) -> list[int]:
    """The debates that closed within so many days and were not looked at since midnight (UTC)."""
    closed = held.closed_since(tx, now - timedelta(days=days))
    today = meter.utc_day(now).isoformat()
    return [one for one in held.debates_with(tx, Platform.X) if one in closed and passes.kept(tx, _mark(one)) != today]


def looked_up(tx: Tx, debate_id: int, incoming: Sequence[Incoming], *, upto: int, now: datetime) -> None:
    """What a part of the look has found is in the log, which is known to be right up to a message's id."""
    log.hear(tx, optout.sift(tx, incoming), now=now)
    passes.keep(tx, _mark(debate_id), f"{meter.utc_day(now).isoformat()} {upto}")


def noted(tx: Tx, debate_id: int, billed: Sequence[tuple[str, Sequence[str]]], *, now: datetime) -> None:
    """What X has put on the bill is on record, on the debate's account."""
    for kind, ids in billed:
        budget.note(tx, debate_id, kind, ids, meter.utc_day(now))


def finished(tx: Tx, debate_id: int, found: Found, *, who: str, now: datetime) -> None:
    """The debate is as it stands on X; an audit row says what that has changed."""
    passes.keep(tx, _mark(debate_id), meter.utc_day(now).isoformat())
    detail = f"{found.posts} miradas, {found.gone} retiradas, {found.edited} editadas"
    debates.record(tx, who=who, action=_MARK, debate_id=debate_id, now=now, detail=detail)


def authors(tx: Tx, days: int, *, most: int, now: datetime) -> list[str]:
    """Whose deletions X is to tell: who spoke there in a debate that is on, or closed within so many days."""
    return held.authors(tx, Platform.X, closed_after=now - timedelta(days=days), most=most)


def taken_back(tx: Tx, post: str, *, now: datetime) -> list[Deleted]:
    """What it means for the log that a post was deleted: nothing where it does not stand there.

    Of an edited post any version that the log has heard of may be named; with one of them all are gone.
    """
    ident = gone.known(tx, [post]).get(post, post)
    return [Deleted(Platform.X, place, ident, now) for place in held.places(tx, Platform.X, ident)]


def _left_off(tx: Tx, debate_id: int, now: datetime) -> int:
    """Behind which message an interrupted look of today goes on; 0: from the beginning."""
    day, _, upto = (passes.kept(tx, _mark(debate_id)) or "").partition(" ")
    return int(upto) if upto and day == meter.utc_day(now).isoformat() else 0


def _mark(debate_id: int) -> str:
    return f"{_MARK} {debate_id}"
