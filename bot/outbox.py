"""What to send next, when to try again, when to give up. Pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta

# A post that could not leave for this long is of no use any more; a question during its hour is worth waiting for.
STALE_AFTER: Mapping[str, timedelta] = {
    "warning": timedelta(minutes=2),
    "label": timedelta(minutes=5),
    "remind": timedelta(minutes=10),
    "nudge": timedelta(hours=1),  # thousands leave one behind the other; once the debate is on they are taken back
    "guest_early": timedelta(minutes=30),
    "welcome": timedelta(minutes=30),
    "poll_result": timedelta(minutes=30),
    "wrap_up": timedelta(minutes=10),
    "question": timedelta(hours=1),
    "answer": timedelta(hours=1),
}
STALE_OTHERWISE = timedelta(hours=24)
# A post that was being tried when its debate was aborted: it is looked for, to be taken back, and never said again.
ABORTED = "aborted"
# Who claimed a row and has not answered by then is taken for dead.
LEASE = timedelta(seconds=60)
MOST_ATTEMPTS = 12
FIRST_WAIT = 1.0
LONGEST_WAIT = 120.0


def stale(kind: str, created_at: datetime, now: datetime) -> bool:
    """Whether a post has waited so long that it is better not sent."""
    return now - created_at > STALE_AFTER.get(kind, STALE_OTHERWISE)


def wait(attempts: int, asked: float | None = None) -> timedelta:
    """How long to wait before the next attempt: what the platform asked for (seconds), else twice as long each time."""
    if asked is not None:
        return timedelta(seconds=max(asked, 0.0))
    return timedelta(seconds=min(FIRST_WAIT * 2 ** min(max(attempts - 1, 0), 32), LONGEST_WAIT))


def hopeless(attempts: int) -> bool:
    """Whether it has been tried often enough."""
    return attempts >= MOST_ATTEMPTS
