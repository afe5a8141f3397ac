"""What X costs: the forecast of a debate, what it has cost, and what follows from that. Pure: prices are arguments.

The kinds are those of the meter (``bot/store/meter.py``): post_read, user_read, owned_read, post, post_with_link …
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

# From this share of the budget on, the moderators are warned.
SOFT = Decimal("0.8")
# A hashtag with more posts a minute than this is somebody else's by now (a debate of 1,000 posts has 17 a minute, its
# best minutes have five times as many): at this pace the budget of an evening is gone in minutes.
CROWD = 300
MINUTE = timedelta(minutes=1)


class Verdict(StrEnum):
    """What a debate's spending means for it."""

    FINE = "fine"
    SOFT = "soft"  # the moderators are warned
    HARD = "hard"  # X is disconnected; the debate goes on elsewhere


def cost(counts: Mapping[str, int], prices: Mapping[str, Decimal]) -> Decimal:
    """USD for so many of each kind; a kind without a price costs nothing."""
    return sum((count * prices.get(kind, Decimal(0)) for kind, count in counts.items()), Decimal(0))


def verdict(usd: Decimal, budget: Decimal) -> Verdict:
    """Whether so much spent is fine, near the budget, or all of it; a budget of 0 is spent from the start."""
    if usd >= budget:
        return Verdict.HARD
    return Verdict.SOFT if usd >= budget * SOFT else Verdict.FINE


def hijacked(heard: Sequence[datetime], *, now: datetime, crowd: int = CROWD) -> bool:
    """Whether more posts came in the last minute than a debate has; ``heard`` are the times at which they came."""
    return sum(now - MINUTE < at <= now for at in heard) > crowd


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a forecast: how many of a kind, the price of one, and what they cost together (USD)."""

    kind: str
    count: int
    price: Decimal

    @property
    def usd(self) -> Decimal:
        """The line's sum."""
        return self.count * self.price


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a debate will cost on X, line by line."""

    items: Sequence[Item]

    @property
    def usd(self) -> Decimal:
        """All of it."""
        return sum((one.usd for one in self.items), Decimal(0))


def forecast(links: Sequence[bool], *, posts: int, people: int, prices: Mapping[str, Decimal]) -> Forecast:
    """The cost of a debate with these posts of ours (True: with a link) and that many posts by that many people.

    Beside its posts and people a debate costs one look at our own account. What search brings once more is free.
    """
    counts = {
        "post_read": posts,
        "user_read": people + 1,
        "post": sum(not one for one in links),
        "post_with_link": sum(links),
    }
    return Forecast([Item(kind, count, prices[kind]) for kind, count in counts.items() if count])
