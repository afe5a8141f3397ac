"""When a post is too late to be of use, when it is tried again, when it is given up."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.outbox import hopeless, stale, wait

NOW = datetime(2027, 1, 14, 18, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "minutes"),
    [
        ("warning", 2), ("label", 5), ("remind", 10), ("wrap_up", 10), ("welcome", 30), ("question", 60),
        ("answer", 60), ("closing", 24 * 60), ("approved", 24 * 60),
    ],
)  # fmt: skip
def test_post_goes_stale_by_its_kind(kind: str, minutes: float) -> None:
    """Up to its limit it is sent, a second later it is not."""
    limit = timedelta(minutes=minutes)

    assert (stale(kind, NOW, NOW + limit), stale(kind, NOW, NOW + limit + timedelta(seconds=1))) == (False, True)


@pytest.mark.parametrize(
    ("attempts", "seconds"), [(0, 1), (1, 1), (2, 2), (3, 4), (4, 8), (7, 64), (8, 120), (12, 120), (5000, 120)]
)
def test_wait_doubles_up_to_two_minutes(attempts: int, seconds: float) -> None:
    """1, 2, 4 … 64, and then 120 seconds for ever."""
    assert wait(attempts) == timedelta(seconds=seconds)


@pytest.mark.parametrize(("asked", "seconds"), [(30.0, 30), (0.5, 0.5), (0, 0), (-3, 0), (3600, 3600)])
def test_wait_is_what_the_platform_asked_for(asked: float, seconds: float) -> None:
    """``Retry-After`` is kept, whatever the number of attempts; a time in the past is now."""
    assert wait(11, asked) == timedelta(seconds=seconds)


def test_post_is_given_up_after_twelve_attempts() -> None:
    """Not before."""
    assert [attempts for attempts in range(15) if hopeless(attempts)] == [12, 13, 14]
