"""When organisers are asked whether a series goes on, until when they can say so, and in which season a day falls."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import localtime, season
from bot.confirming import AT_LEAST, deadlines

FIRST = datetime(2027, 1, 14, 18, tzinfo=UTC)


@pytest.mark.parametrize(
    ("days_before", "asked", "lapses"),
    [
        # added long before: four weeks ahead, and ten days
        (200, 28, 10), (28, 28, 10),
        # added later: asked at once, while there is time as long as ever
        (20, 20, 10), (11, 11, 10),
        # added when that is over: a day, and never behind the first date
        (10.5, 10.5, 9.5), (3, 3, 2), (0.5, 0.5, 0),
    ],
)  # fmt: skip
def test_organisers_have_their_time(days_before: float, asked: float, lapses: float) -> None:
    """In days before the first date of the season."""
    found = deadlines(FIRST, "UTC", since=FIRST - timedelta(days=days_before))

    assert (FIRST - found.ask_at, FIRST - found.lapse_at) == (timedelta(days=asked), timedelta(days=lapses))


@pytest.mark.parametrize("first", ["2027-04-01T19:00", "2027-11-02T19:00"])
def test_days_are_those_of_the_clocks(first: str) -> None:
    """Asked and lapsed at the hour of the debate, though the clocks change in between."""
    local = datetime.fromisoformat(first)
    found = deadlines(localtime.resolve(local, "Europe/Madrid"), "Europe/Madrid", since=FIRST - timedelta(days=200))
    told = [localtime.wall(one, "Europe/Madrid").replace(tzinfo=None) for one in (found.ask_at, found.lapse_at)]

    assert [local - one for one in told] == [timedelta(days=28), timedelta(days=10)]


@given(ahead=st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=400)))
def test_nobody_lapses_unasked_nor_after_the_first_date(ahead: timedelta) -> None:
    """And there is a day to answer, where there still is one."""
    since = FIRST - ahead
    found = deadlines(FIRST, "UTC", since=since)

    assert since <= found.ask_at <= found.lapse_at <= FIRST
    assert found.lapse_at - since >= min(AT_LEAST, ahead)


@pytest.mark.parametrize(
    ("day", "slug"),
    [
        ("2027-01-01", "2027-enero"), ("2027-01-31", "2027-enero"), ("2027-02-01", "2027-resto"),
        ("2027-08-31", "2027-resto"), ("2027-09-01", "2027-septiembre"), ("2027-09-30", "2027-septiembre"),
        ("2027-10-04", "2027-resto"), ("2027-10-05", "2027-cx-day"), ("2027-10-06", "2027-resto"),
        ("2028-10-03", "2028-cx-day"), ("2027-12-31", "2027-resto"), ("2028-01-01", "2028-enero"),
    ],
)  # fmt: skip
def test_a_day_falls_in_one_season(day: str, slug: str) -> None:
    """CX Day is a season of a single day."""
    assert season.of_day(date.fromisoformat(day)).slug == slug
