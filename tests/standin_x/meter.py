"""What X would bill: each resource once a UTC day, each writing once, in thousandths of a dollar."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

MILLS = {
    "post_read": 5, "user_read": 10, "owned_read": 1, "post": 15, "post_with_link": 200, "summoned_reply": 10,
    "delete": 10, "counts": 5, "delete_event": 5,
}  # fmt: skip


class Meter:
    """The bill so far: `counts` by kind, `usd` in all."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._seen: set[tuple[str, str, str]] = set()

    @property
    def usd(self) -> float:
        """The sum in dollars at the prices of 2026-08-22."""
        return sum(MILLS[kind] * count for kind, count in self.counts.items()) / 1000

    def read(self, kind: str, ids: Iterable[str], now: datetime) -> None:
        """Each of these is billed, unless it has been this UTC day."""
        day = now.date().isoformat()
        for one in ids:
            if (day, kind, one) not in self._seen:
                self._seen.add((day, kind, one))
                self.counts[kind] += 1

    def wrote(self, kind: str) -> None:
        """One writing or one count is billed."""
        self.counts[kind] += 1
