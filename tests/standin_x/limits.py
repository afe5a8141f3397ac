"""How often each route may be asked, per application and per user, in windows of 15 minutes."""

from dataclasses import dataclass, field
from datetime import datetime

from tests.standin_x.problems import RefusedError, too_many

WINDOW, DAY = 900, 86_400
POSTS_A_DAY = 10_000


@dataclass
class Limits:
    """What is left of each window; `strict` off means that requests are counted and never refused."""

    strict: bool = True
    allowed: dict[tuple[str, str], int] = field(default_factory=dict)
    _windows: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)

    def spend(self, route: str, caller: str, most: int, now: datetime) -> dict[str, str]:
        """One request less; the headers of the answer, or `RefusedError` when the window is full."""
        most = self.allowed.get((route, caller), self.allowed.get((route, ""), most))
        reset, used = self._count(route, caller, WINDOW, now)
        if self.strict and used > most:
            raise RefusedError(too_many(most, reset))
        headers = _headers("x-rate-limit", most, used, reset)
        if route != "create":
            return headers
        app_reset, app_used = self._count(route, "app-day", DAY, now)
        return headers | _headers("x-app-limit-24hour", POSTS_A_DAY, app_used, app_reset)

    def _count(self, route: str, caller: str, seconds: int, now: datetime) -> tuple[int, int]:
        reset, used = self._windows.get((route, caller), (0, 0))
        if now.timestamp() >= reset:
            reset, used = int(now.timestamp()) + seconds, 0
        self._windows[route, caller] = (reset, used + 1)
        return reset, used + 1


def _headers(name: str, most: int, used: int, reset: int) -> dict[str, str]:
    return {f"{name}-limit": str(most), f"{name}-remaining": str(max(0, most - used)), f"{name}-reset": str(reset)}
