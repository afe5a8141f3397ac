"""How fast one may write: buckets that fill up again, per member and per address. Pure; ``now`` is in seconds."""

import math
from dataclasses import dataclass

from bot import errors

# More buckets than this are never kept: the fullest (the quietest people) are forgotten first.
MOST_BUCKETS = 10_000


@dataclass(frozen=True, slots=True)
class Rate:
    """``burst`` at once, and one more every ``every`` seconds."""

    burst: int
    every: float


# A person who types fast sends a line every two seconds; six at once is a list of points.
MEMBER = Rate(burst=6, every=2.0)
# A click is quicker than a line.
CLICK = Rate(burst=20, every=0.5)
# A whole classroom may sit behind one address.
ADDRESS = Rate(burst=80, every=0.1)
# Names are not taken by the dozen.
JOIN = Rate(burst=30, every=4.0)


class Limits:
    """Who has done how much lately."""

    def __init__(self) -> None:
        """Nobody has done anything yet."""
        self._buckets: dict[tuple[str, Rate], tuple[float, float]] = {}

    def take(self, key: str, rate: Rate, *, now: float) -> None:
        """One more by ``key`` is counted; raises ``TooFast`` with the seconds to wait when there is none left."""
        left, since = self._buckets.get((key, rate), (float(rate.burst), now))
        left = min(float(rate.burst), left + (now - since) / rate.every)
        if left < 1.0:
            self._buckets[key, rate] = (left, now)
            raise errors.TooFast(seconds=max(1, math.ceil((1.0 - left) * rate.every)))
        if len(self._buckets) >= MOST_BUCKETS:
            self._forget()
        self._buckets[key, rate] = (left - 1.0, now)

    def _forget(self) -> None:
        quietest = sorted(self._buckets.items(), key=lambda one: one[1][1])
        for key, _ in quietest[: MOST_BUCKETS // 2]:
            del self._buckets[key]
