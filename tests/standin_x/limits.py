"""How often each route may be asked, per application and per user, in windows of 15 minutes."""

from dataclasses import dataclass, field
from datetime import datetime

from tests.standin_x.problems import RefusedError, too_many

WINDOW = 900


@dataclass
class Limits:
    """What is left of each window; `strict` off means that requests are counted and never refused."""

    strict: bool = True
    allowed: dict[tuple[str, str], int] = field(default_factory=dict)
    _windows: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)

    def spend(self, route: str, caller: str, most: int, now: datetime) -> dict[str, str]:
        """One request less; the headers of the answer, or `RefusedError` when the window is full."""
        most = self.allowed.get((route, caller), self.allowed.get((route, ""), most))
        reset, used = self._windows.get((route, caller), (0, 0))
        if now.timestamp() >= reset:
            reset, used = int(now.timestamp()) + WINDOW, 0
        used += 1
        self._windows[route, caller] = (reset, used)
        if self.strict and used > most:
            raise RefusedError(too_many(most, reset))
        remaining = str(max(0, most - used))
        return {"x-rate-limit-limit": str(most), "x-rate-limit-remaining": remaining, "x-rate-limit-reset": str(reset)}
