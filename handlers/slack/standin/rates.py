"""Slack's rate limits: a tier per method and minute, and one message a second to one channel."""

import math
from collections.abc import Callable

_PER_MINUTE = {1: 1, 2: 20, 3: 50, 4: 100, 0: 600}
_MARGIN = 0.02  # seconds: a client that waits a full second is not refused for the jitter of two clocks


class Rates:
    """Counts calls in workspace time; with `strict` False nothing is ever refused."""

    def __init__(self, now: Callable[[], float], *, strict: bool = True) -> None:
        self.strict = strict
        self._now = now
        self._tokens: dict[str, tuple[float, float]] = {}
        self._next_post: dict[str, float] = {}

    def wait_for_method(self, method: str, tier: int) -> int:
        """Whole seconds until this method may be called again; 0 and one call counted when it may be called now."""
        if not self.strict:
            return 0
        now, limit = self._now(), float(_PER_MINUTE[tier])
        tokens, since = self._tokens.get(method, (limit, now))
        tokens = min(limit, tokens + max(0.0, now - since) * limit / 60)
        if tokens < 1:
            self._tokens[method] = (tokens, now)
            return max(1, math.ceil((1 - tokens) * 60 / limit))
        self._tokens[method] = (tokens - 1, now)
        return 0

    def wait_for_post(self, channel: str) -> int:
        """Whole seconds until this channel takes another message; 0 and the message counted when it takes one now."""
        if not self.strict:
            return 0
        now = self._now()
        if now + _MARGIN < self._next_post.get(channel, 0.0):
            return max(1, math.ceil(self._next_post[channel] - now))
        self._next_post[channel] = now + 1.0
        return 0
