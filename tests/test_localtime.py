"""Local times of a zone as instants: the hours that clock changes skip and repeat, and lengths of time."""

from datetime import UTC, datetime, timedelta

import pytest

from bot import dates, errors, localtime


@pytest.mark.parametrize(
    ("local", "zone", "instant"),
    [
        ("2027-01-14T19:00", "Europe/Madrid", "2027-01-14T18:00Z"),  # winter: UTC+1
        ("2027-07-14T19:00", "Europe/Madrid", "2027-07-14T17:00Z"),  # summer: UTC+2
        ("2027-03-28T01:59", "Europe/Madrid", "2027-03-28T00:59Z"),  # the last minute before the gap
        ("2027-03-28T03:00", "Europe/Madrid", "2027-03-28T01:00Z"),  # the first behind it
        ("2027-10-31T01:59", "Europe/Madrid", "2027-10-30T23:59Z"),
        ("2027-10-31T03:00", "Europe/Madrid", "2027-10-31T02:00Z"),
        ("2027-01-14T19:00", "Atlantic/Canary", "2027-01-14T19:00Z"),
        ("2027-01-14T19:00", "Asia/Kolkata", "2027-01-14T13:30Z"),  # half an hour
        ("2027-01-14T19:00-05:00", "Europe/Madrid", "2027-01-15T00:00Z"),  # its own offset says it all
    ],
)
def test_resolve_gives_the_instant(local: str, zone: str, instant: str) -> None:
    """Each local time that exists once has one instant."""
    assert localtime.resolve(datetime.fromisoformat(local), zone) == datetime.fromisoformat(instant)


@pytest.mark.parametrize(
    ("local", "zone", "before", "after"),
    [
        # Madrid, 28 March 2027: 02:00 becomes 03:00.
        ("2027-03-28T02:30", "Europe/Madrid", "01:30", "03:30"),
        ("2027-03-28T02:00", "Europe/Madrid", "01:00", "03:00"),
        # Santiago, 5 September 2027: midnight becomes 01:00, so the hour before is on the eve.
        ("2027-09-05T00:30", "America/Santiago", "23:30", "01:30"),
        # Lord Howe, 3 October 2027: half an hour is skipped.
        ("2027-10-03T02:15", "Australia/Lord_Howe", "01:45", "02:45"),
    ],
)
def test_resolve_refuses_a_time_that_does_not_exist(local: str, zone: str, before: str, after: str) -> None:
    """Both readings are named."""
    with pytest.raises(errors.NoSuchTime) as refused:
        localtime.resolve(datetime.fromisoformat(local), zone)

    assert (refused.value.fields["before"], refused.value.fields["after"]) == (before, after)


@pytest.mark.parametrize(
    ("local", "zone", "first", "second"),
    [
        ("2027-10-31T02:30", "Europe/Madrid", "2027-10-31T02:30:00+02:00", "2027-10-31T02:30:00+01:00"),
        ("2027-10-31T02:00", "Europe/Madrid", "2027-10-31T02:00:00+02:00", "2027-10-31T02:00:00+01:00"),
        ("2027-04-03T23:30", "America/Santiago", "2027-04-03T23:30:00-03:00", "2027-04-03T23:30:00-04:00"),
    ],
)
def test_resolve_refuses_a_time_that_comes_twice(local: str, zone: str, first: str, second: str) -> None:
    """Both are named in full, and each of them is taken as it is written."""
    with pytest.raises(errors.TwoTimes) as refused:
        localtime.resolve(datetime.fromisoformat(local), zone)

    assert (refused.value.fields["first"], refused.value.fields["second"]) == (first, second)
    assert localtime.resolve(datetime.fromisoformat(second), zone) - localtime.resolve(
        datetime.fromisoformat(first), zone
    ) == timedelta(hours=1)


@pytest.mark.parametrize(
    ("local", "zone", "instant", "kind"),
    [
        ("2027-01-14T19:00", "Europe/Madrid", "2027-01-14T18:00Z", "normal"),
        # A time that does not exist moves forward by what is skipped: an hour, and at Lord Howe half of one.
        ("2027-03-28T02:30", "Europe/Madrid", "2027-03-28T01:30Z", "gap"),  # 03:30 at UTC+2
        ("2027-09-05T00:00", "America/Santiago", "2027-09-05T04:00Z", "gap"),  # 01:00 at UTC-3
        ("2027-10-03T02:15", "Australia/Lord_Howe", "2027-10-02T15:45Z", "gap"),  # 02:45 at UTC+11
        # One that exists twice is the first.
        ("2027-10-31T02:30", "Europe/Madrid", "2027-10-31T00:30Z", "fold"),  # at UTC+2
        ("2027-04-03T23:30", "America/Santiago", "2027-04-04T02:30Z", "fold"),  # at UTC-3
        # The minutes beside them are as any.
        ("2027-03-28T01:59", "Europe/Madrid", "2027-03-28T00:59Z", "normal"),
        ("2027-03-28T03:00", "Europe/Madrid", "2027-03-28T01:00Z", "normal"),
        ("2027-10-31T03:00", "Europe/Madrid", "2027-10-31T02:00Z", "normal"),
    ],
)
def test_settle_gives_an_instant_whatever_the_clocks_do(local: str, zone: str, instant: str, kind: str) -> None:
    """By one policy, and it says what the clocks did."""
    settled = localtime.settle(datetime.fromisoformat(local), zone)

    assert (settled.instant, settled.kind) == (datetime.fromisoformat(instant), kind)


@pytest.mark.parametrize(
    ("instant", "by", "told"),
    [
        # Madrid puts its clocks forward on 28 March, and back on 31 October.
        ("2027-04-08T19:00+02:00", timedelta(days=-21), "2027-03-18T19:00+01:00"),
        ("2027-11-11T19:00+01:00", timedelta(days=-21), "2027-10-21T19:00+02:00"),
        ("2027-03-27T19:00+01:00", timedelta(days=1), "2027-03-28T19:00+02:00"),
        ("2027-10-30T19:00+02:00", timedelta(days=3), "2027-11-02T19:00+01:00"),
        # Hours are hours, and those beside days are counted once the days are.
        ("2027-03-28T10:00+02:00", timedelta(hours=-10), "2027-03-27T23:00+01:00"),
        ("2027-03-29T04:00+02:00", timedelta(days=-1, hours=-2), "2027-03-28T01:00+01:00"),
        ("2027-10-31T10:00+01:00", timedelta(hours=-10), "2027-10-31T01:00+02:00"),
        # That there is no such time, or two, is no reason to fail.
        ("2027-03-29T02:30+02:00", timedelta(days=-1), "2027-03-28T03:30+02:00"),
        ("2027-11-01T02:30+01:00", timedelta(days=-1), "2027-10-31T02:30+02:00"),
        ("2027-01-14T19:00+01:00", timedelta(0), "2027-01-14T19:00+01:00"),
    ],
)
def test_apart_counts_days_on_the_clocks_and_hours_as_they_pass(instant: str, by: timedelta, told: str) -> None:
    """Through both changes of the clocks, there and back."""
    found = localtime.apart(datetime.fromisoformat(instant), by, "Europe/Madrid")

    assert localtime.wall(found, "Europe/Madrid").isoformat(timespec="minutes") == told


@pytest.mark.parametrize("name", ["", "Madrid", "Europe/Nowhere", "../../etc/passwd", "/etc/passwd", "Europe", "x\0y"])
def test_zone_refuses_what_is_none(name: str) -> None:
    """A name of no zone is a ValueError, never another error."""
    with pytest.raises(ValueError, match="no es una zona horaria"):
        localtime.zone(name)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("10m", 600), ("10min", 600), ("1h", 3600), ("7d", 604_800), ("1h30m", 5400), ("1h 30m", 5400),
     ("1.5h", 5400), ("10 M", 600), ("0s", 0)],
)  # fmt: skip
def test_duration_reads_lengths(text: str, seconds: float) -> None:
    """Seconds, minutes, hours, days, and sums of them."""
    assert localtime.duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "10", "m", "-5m", "10x", "10m foo", "diez minutos", "1,5h", "9" * 30 + "d"])
def test_duration_refuses_anything_else(text: str) -> None:
    """A ValueError that shows how it is written."""
    with pytest.raises(ValueError, match="no es una duración"):
        localtime.duration(text)


def test_iso_is_utc_with_z_and_keeps_microseconds_where_there_are_any() -> None:
    """The contract's form of a time."""
    madrid = datetime.fromisoformat("2027-01-14T19:00:00.000250+01:00")

    assert localtime.iso(madrid) == "2027-01-14T18:00:00.000250Z"
    assert localtime.iso(madrid.replace(microsecond=0)) == "2027-01-14T18:00:00Z"
    assert localtime.iso(None) is None


def test_dates_read_like_a_sentence_in_both_languages() -> None:
    """Spanish for a language that we do not speak."""
    instant = datetime(2027, 1, 14, 23, 30, tzinfo=UTC)

    assert dates.long(instant, "Europe/Madrid") == "viernes 15 de enero de 2027, 00:30 (Europe/Madrid)"
    assert dates.long(instant, "America/Bogota", locale="en") == "Thursday, 14 January 2027, 18:30 (America/Bogota)"
    assert dates.day(instant, "Europe/Madrid", locale="fr") == "viernes 15 de enero de 2027"
