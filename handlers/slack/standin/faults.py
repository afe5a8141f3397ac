"""Bad days on request: each fault waits for its method and strikes as often as it was told to."""

from collections import deque
from dataclasses import dataclass
from typing import Literal

FaultKind = Literal["rate_limit", "drop_before", "drop_after", "http", "error", "slow"]


@dataclass(slots=True)
class Fault:
    """One kind of trouble still to come `times` more times; `number` is seconds or an HTTP status, `code` an error."""

    kind: FaultKind
    times: int
    number: float = 0.0
    code: str = ""


class Faults:
    """The troubles laid out for the Web API and for event delivery; method "*" means whichever is called next."""

    def __init__(self) -> None:
        self._waiting: dict[str, deque[Fault]] = {}
        self._duplicates = 0
        self._held_events = 0
        self.revoked = ""

    def rate_limit(self, method: str, retry_after: int = 1, times: int = 1) -> None:
        """The next `times` calls get 429 with `Retry-After` in whole seconds, and nothing is done."""
        self._lay(method, Fault("rate_limit", times, retry_after))

    def drop_after_store(self, method: str, times: int = 1) -> None:
        """The next `times` calls take effect, and then the connection is cut without an answer."""
        self._lay(method, Fault("drop_after", times))

    def drop_before_store(self, method: str, times: int = 1) -> None:
        """The next `times` calls have the connection cut and take no effect."""
        self._lay(method, Fault("drop_before", times))

    def http_500(self, method: str, times: int = 1, status: int = 500) -> None:
        """The next `times` calls get this HTTP status with an HTML body, and nothing is done."""
        self._lay(method, Fault("http", times, status))

    def error(self, method: str, code: str, times: int = 1) -> None:
        """The next `times` calls are refused with this Slack error code."""
        self._lay(method, Fault("error", times, code=code))

    def slow(self, method: str, seconds: float, times: int = 1) -> None:
        """The next `times` calls take effect at once and are answered only after `seconds`."""
        self._lay(method, Fault("slow", times, seconds))

    def duplicate_events(self, times: int = 1) -> None:
        """The next `times` events are delivered twice, the same event id in two envelopes."""
        self._duplicates += times

    def reorder_events(self, count: int) -> None:
        """The next `count` events are kept back until all have happened, and then go out last one first."""
        self._held_events = count

    def revoke_token(self, code: str = "token_revoked") -> None:
        """Every call from now on is refused with `code` (`token_revoked`, `account_inactive`, `token_expired`)."""
        self.revoked = code

    def clear(self) -> None:
        """No trouble is waiting any more."""
        self._waiting.clear()
        self._duplicates = self._held_events = 0
        self.revoked = ""

    def take(self, method: str, *kinds: FaultKind) -> Fault | None:
        """The first waiting fault of these kinds for the method, counted down; None when there is none."""
        for name in (method, "*"):
            for fault in self._waiting.get(name, ()):
                if fault.kind in kinds:
                    return self._count_down(name, fault)
        return None

    def take_duplicate(self) -> bool:
        """True when the event at hand must go out twice."""
        self._duplicates -= (due := self._duplicates > 0)
        return due

    def take_hold(self) -> int | None:
        """How many more events to keep back after this one; None when the event goes out at once."""
        if not self._held_events:
            return None
        self._held_events -= 1
        return self._held_events

    def _lay(self, method: str, fault: Fault) -> None:
        self._waiting.setdefault(method, deque()).append(fault)

    def _count_down(self, name: str, fault: Fault) -> Fault:
        fault.times -= 1
        if fault.times <= 0:
            self._waiting[name].remove(fault)
        return fault
