"""How long to wait before a stream of X is opened again, by X's own rules (handling-disconnections). Pure."""

from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Pace:
    """The patience of the stream, in seconds unless said: X's figures, and less of them for tests."""

    silence: float = 25.0  # X sends a byte every 20
    connect: float = 15.0
    gather: float = 0.01  # what comes meanwhile is read in one go: a full stream wakes everybody up less often
    proven: float = 30.0  # a connection that lived so long has done its duty: the next failure is a first one
    closed: float = 1.0  # after a 200 that was closed for the second time; twice as long each time
    closed_longest: float = 60.0
    network: float = 0.25  # so much more each time
    network_longest: float = 16.0
    upset: float = 5.0  # after 5xx; twice as long each time
    upset_longest: float = 320.0
    limited: float = 60.0  # after 429 without a reset; twice as long each time
    limited_longest: float = 960.0
    too_many: float = 30.0  # so much more each time: the old connection still counts
    too_many_longest: float = 120.0
    window: float = 900.0
    connects: int = 40  # in a window; X allows 50
    longest_line: int = 2 * 1024 * 1024  # bytes


class End(StrEnum):
    """How a connection ended, or why there was none."""

    CLOSED = "closed"  # the server ended it
    NETWORK = "network"  # it broke, or said nothing for too long
    UPSET = "upset"  # 5xx and whatever else makes no sense
    LIMITED = "limited"  # 429
    TOO_MANY = "too_many"  # 429: the old connection still counts


class Backoff:
    """How long to wait before the next connection. Pure: time is an argument."""

    def __init__(self, pace: Pace) -> None:
        """Nothing has failed yet."""
        self._pace = pace
        self._failures: dict[End, int] = {}
        self._connects: deque[datetime] = deque(maxlen=pace.connects)

    @property
    def fresh(self) -> bool:
        """Whether nothing has failed since a connection that lived."""
        return not self._failures

    def tried(self, now: datetime) -> None:
        """A connection is being opened."""
        self._connects.append(now)

    def lived(self) -> None:
        """A connection has lived long enough: what fails next fails for the first time."""
        self._failures.clear()

    def pause(self, end: End, now: datetime, *, retry_at: datetime | None = None) -> float:
        """Seconds until the next connection may be opened; never more of them in a window than we allow ourselves."""
        times = self._failures[end] = self._failures.get(end, 0) + 1
        wait = self._after(end, times)
        if retry_at is not None:
            # X tells whole seconds. By a clock that goes ahead of X's the time is past, and tells nothing.
            told = max((retry_at - now).total_seconds(), 0.0) + 1.0
            wait = told if times == 1 else max(told, wait)
        return max(wait, self._window(now))

    def _after(self, end: End, times: int) -> float:
        pace = self._pace
        doubled = 2.0 ** min(times - 1, 30)
        if end is End.CLOSED:
            return 0.0 if times == 1 else min(pace.closed * doubled / 2, pace.closed_longest)
        if end is End.NETWORK:
            return min(pace.network * (times - 1), pace.network_longest)
        if end is End.UPSET:
            return min(pace.upset * doubled, pace.upset_longest)
        if end is End.LIMITED:
            return min(pace.limited * doubled, pace.limited_longest)
        return min(pace.too_many * times, pace.too_many_longest)

    def _window(self, now: datetime) -> float:
        if len(self._connects) < self._pace.connects:
            return 0.0
        free_at = self._connects[0] + timedelta(seconds=self._pace.window)
        return max((free_at - now).total_seconds(), 0.0)
