"""Series: the dates that a rule gives on the clocks of a zone, computed by hand, and what becomes of planned ones."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, pairwise

import pytest
from dateutil.rrule import rrulestr
from hypothesis import assume, given
from hypothesis import strategies as st

from bot import errors, localtime, recurrence
from bot.localtime import Clock
from bot.series import Changes, Occurrence, Recurrence, Standing, expand, occurrence, parse, reconcile
from bot.words.catalogue import words

MADRID, SANTIAGO = "Europe/Madrid", "America/Santiago"
THURSDAYS = "FREQ=WEEKLY;BYDAY=TH"


def at(text: str) -> datetime:
    """A time as it is written: with Z an instant, without a naive local time."""
    return datetime.fromisoformat(text)


def instants(rule: str, starts: str, zone: str, *, since: str, until: str) -> list[str]:
    """The instants of a series between two days of UTC, to the minute."""
    found = expand(parse(rule, at(starts), zone), at(f"{since}T00:00Z"), at(f"{until}T00:00Z"))
    return [f"{one.instant:%Y-%m-%dT%H:%M}Z" for one in found]


# --- by hand ---------------------------------------------------------------------------------------------------------

# 19:00 in Madrid, which is at UTC+1, and at UTC+2 from the last Sunday of March to the last of October. Santiago is at
# UTC-3, and at UTC-4 from the first Sunday of April to that of September (Sunday 2 to 8). The others never change.
#        Madrid       UTC      Santiago  Mexico    Bogotá    Lima   Buenos Aires
EVENINGS = """
    2026-01-08   18:00    15:00     12:00     13:00     13:00    15:00
    2026-03-26   18:00    15:00     12:00     13:00     13:00    15:00
    2026-04-02   17:00    14:00     11:00     12:00     12:00    14:00
    2026-04-09   17:00    13:00     11:00     12:00     12:00    14:00
    2026-09-03   17:00    13:00     11:00     12:00     12:00    14:00
    2026-09-10   17:00    14:00     11:00     12:00     12:00    14:00
    2026-10-22   17:00    14:00     11:00     12:00     12:00    14:00
    2026-10-29   18:00    15:00     12:00     13:00     13:00    15:00
    2027-01-14   18:00    15:00     12:00     13:00     13:00    15:00
    2027-03-25   18:00    15:00     12:00     13:00     13:00    15:00
    2027-04-01   17:00    14:00     11:00     12:00     12:00    14:00
    2027-04-08   17:00    13:00     11:00     12:00     12:00    14:00
    2027-09-02   17:00    13:00     11:00     12:00     12:00    14:00
    2027-09-09   17:00    14:00     11:00     12:00     12:00    14:00
    2027-10-28   17:00    14:00     11:00     12:00     12:00    14:00
    2027-11-04   18:00    15:00     12:00     13:00     13:00    15:00
    2028-01-13   18:00    15:00     12:00     13:00     13:00    15:00
    2028-02-24   18:00    15:00     12:00     13:00     13:00    15:00
    2028-03-23   18:00    15:00     12:00     13:00     13:00    15:00
    2028-03-30   17:00    14:00     11:00     12:00     12:00    14:00
    2028-04-06   17:00    13:00     11:00     12:00     12:00    14:00
    2028-08-31   17:00    13:00     11:00     12:00     12:00    14:00
    2028-09-07   17:00    14:00     11:00     12:00     12:00    14:00
    2028-10-26   17:00    14:00     11:00     12:00     12:00    14:00
    2028-11-02   18:00    15:00     12:00     13:00     13:00    15:00
"""
ELSEWHERE = (SANTIAGO, "America/Mexico_City", "America/Bogota", "America/Lima", "America/Argentina/Buenos_Aires")


@pytest.mark.parametrize("evening", EVENINGS.strip().splitlines(), ids=lambda row: row.split()[0])
def test_seven_in_madrid_is_the_hour_of_the_table_everywhere(evening: str) -> None:
    """Three years of Thursdays, each week beside a clock change of Madrid or Santiago among them."""
    day, utc, *walls = evening.split()
    series = parse(THURSDAYS, at("2026-01-08T19:00"), MADRID)

    (found,) = expand(series, at(f"{day}T00:00Z"), at(f"{day}T23:59Z"))

    assert (found.key, found.instant, found.kind) == (f"{day}T19:00", at(f"{day}T{utc}Z"), Clock.NORMAL)
    assert [f"{localtime.wall(found.instant, zone):%H:%M}" for zone in ELSEWHERE] == walls
    assert found.notice == ""


def test_a_year_of_thursdays_is_one_a_week_at_one_local_hour() -> None:
    """2027 has 52 of them, from 7 January to 30 December; in UTC it is 18:00 in winter and 17:00 in summer."""
    found = expand(parse(THURSDAYS, at("2027-01-01T19:00"), MADRID), at("2027-01-01T00:00Z"), at("2028-01-01T00:00Z"))

    assert (len(found), found[0].key, found[-1].key) == (52, "2027-01-07T19:00", "2027-12-30T19:00")
    assert {f"{one.wall:%H:%M}" for one in found} == {"19:00"}
    # 12 Thursdays before 28 March and 9 behind 31 October.
    assert sum(one.instant.hour == 18 for one in found) == 12 + 9


# Each Sunday in the small hours; the middle one does not exist, and is held later on the same day.
GAPS = [
    (MADRID, "02:30", ["2026-03-22T01:30Z", "2026-03-29T01:30Z", "2026-04-05T00:30Z"], "03:30"),
    (MADRID, "02:00", ["2027-03-21T01:00Z", "2027-03-28T01:00Z", "2027-04-04T00:00Z"], "03:00"),
    (MADRID, "02:59", ["2028-03-19T01:59Z", "2028-03-26T01:59Z", "2028-04-02T00:59Z"], "03:59"),
    # Santiago's midnight: a scheduler that looks for 00:30 passes the whole Sunday by.
    (SANTIAGO, "00:30", ["2026-08-30T04:30Z", "2026-09-06T04:30Z", "2026-09-13T03:30Z"], "01:30"),
    (SANTIAGO, "00:00", ["2027-08-29T04:00Z", "2027-09-05T04:00Z", "2027-09-12T03:00Z"], "01:00"),
    (SANTIAGO, "00:30", ["2028-08-27T04:30Z", "2028-09-03T04:30Z", "2028-09-10T03:30Z"], "01:30"),
]


@pytest.mark.parametrize(("zone", "clock", "wanted", "then"), GAPS)
def test_a_time_that_does_not_exist_moves_forward_and_no_week_is_lost(
    zone: str, clock: str, wanted: list[str], then: str
) -> None:
    """The organiser is told which day, and what the clocks will show."""
    year = wanted[0][:4]
    series = parse("FREQ=WEEKLY;BYDAY=SU", at(f"{year}-01-01T{clock}"), zone)

    found = expand(series, at(wanted[0]), at(wanted[2]) + timedelta(minutes=1))

    assert [one.instant for one in found] == [at(one) for one in wanted]
    assert [one.kind for one in found] == [Clock.NORMAL, Clock.GAP, Clock.NORMAL]
    assert [f"{one.wall:%H:%M}" for one in found] == [clock, then, clock]
    day = wanted[1][:10]
    assert found[1].notice == f"el {day} las {clock} no existen en {zone}, porque cambia la hora: será a las {then}"
    assert found[1].key == f"{day}T{clock}"


# The middle one exists twice; the first of the two is meant, and it is held once.
FOLDS = [
    (MADRID, "SU", "02:30", ["2026-10-18T00:30Z", "2026-10-25T00:30Z", "2026-11-01T01:30Z"]),
    (MADRID, "SU", "02:00", ["2027-10-24T00:00Z", "2027-10-31T00:00Z", "2027-11-07T01:00Z"]),
    (MADRID, "SU", "02:59", ["2028-10-22T00:59Z", "2028-10-29T00:59Z", "2028-11-05T01:59Z"]),
    (SANTIAGO, "SA", "23:30", ["2026-03-29T02:30Z", "2026-04-05T02:30Z", "2026-04-12T03:30Z"]),
    (SANTIAGO, "SA", "23:00", ["2027-03-28T02:00Z", "2027-04-04T02:00Z", "2027-04-11T03:00Z"]),
    (SANTIAGO, "SA", "23:59", ["2028-03-26T02:59Z", "2028-04-02T02:59Z", "2028-04-09T03:59Z"]),
]


@pytest.mark.parametrize(("zone", "weekday", "clock", "wanted"), FOLDS)
def test_a_time_that_exists_twice_is_the_first_once(zone: str, weekday: str, clock: str, wanted: list[str]) -> None:
    """The wall shows what was asked, and the organiser is told."""
    series = parse(f"FREQ=WEEKLY;BYDAY={weekday}", at(f"{wanted[0][:4]}-01-01T{clock}"), zone)

    found = expand(series, at(wanted[0]), at(wanted[2]) + timedelta(minutes=1))

    assert [one.instant for one in found] == [at(one) for one in wanted]
    assert [one.kind for one in found] == [Clock.NORMAL, Clock.FOLD, Clock.NORMAL]
    assert {f"{one.wall:%H:%M}" for one in found} == {clock}
    assert "ocurren dos veces" in found[1].notice
    assert "happens twice" in words("en").again(found[1].notice)


def test_leap_day_comes_in_leap_years() -> None:
    """2100 is none; a yearly rule waits for eight years there."""
    rule = "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29"

    assert instants(rule, "2026-01-01T19:00", MADRID, since="2026-01-01", until="2037-01-01") == [
        "2028-02-29T18:00Z", "2032-02-29T18:00Z", "2036-02-29T18:00Z",
    ]  # fmt: skip
    assert instants(rule, "2096-01-01T19:00", MADRID, since="2096-01-01", until="2105-01-01") == [
        "2096-02-29T18:00Z", "2104-02-29T18:00Z",
    ]  # fmt: skip
    assert parse(rule, at("2097-01-01T19:00"), MADRID).starts == at("2104-02-29T19:00")


# 1 October is a Thursday, a Friday, a Sunday, a Monday and a Tuesday; Madrid is at UTC+2, Santiago at UTC-3.
CX_DAYS = ["2026-10-06", "2027-10-05", "2028-10-03", "2029-10-02", "2030-10-01"]


def test_first_tuesday_of_october() -> None:
    """By a yearly rule and by position."""
    for rule in ("FREQ=YEARLY;BYMONTH=10;BYDAY=1TU", "FREQ=YEARLY;BYMONTH=10;BYDAY=TU;BYSETPOS=1"):
        madrid = instants(rule, "2026-01-01T19:00", MADRID, since="2026-01-01", until="2031-01-01")
        santiago = instants(rule, "2026-01-01T19:00", SANTIAGO, since="2026-01-01", until="2031-01-01")

        assert madrid == [f"{day}T17:00Z" for day in CX_DAYS]
        assert santiago == [f"{day}T22:00Z" for day in CX_DAYS]


@pytest.mark.parametrize(
    ("rule", "wanted"),
    [
        ("FREQ=MONTHLY;BYMONTHDAY=31", ["01-31", "03-31", "05-31", "07-31", "08-31", "10-31", "12-31"]),
        ("FREQ=MONTHLY;BYDAY=-1FR;COUNT=3", ["01-29", "02-26", "03-26"]),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;COUNT=3", ["01-29", "02-26", "03-31"]),
        ("FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", ["08-13"]),
        ("FREQ=WEEKLY;BYDAY=MO,TH;BYSETPOS=1;COUNT=2", ["01-04", "01-11"]),  # the first of each whole week
        ("FREQ=WEEKLY;INTERVAL=2;COUNT=3", ["01-01", "01-15", "01-29"]),  # on the weekday it starts on: Friday
        ("FREQ=WEEKLY;BYDAY=TH;UNTIL=20270121", ["01-07", "01-14", "01-21"]),  # the last day is meant whole
        ("FREQ=WEEKLY;BYDAY=TH;UNTIL=20270121T185959", ["01-07", "01-14"]),
        # 18:00 in UTC is 19:00 in Madrid, just in.
        ("RRULE:freq=weekly; byday=th; until=20270121T180000Z", ["01-07", "01-14", "01-21"]),
        ("FREQ=DAILY;INTERVAL=100", ["01-01", "04-11", "07-20", "10-28"]),
        ("FREQ=DAILY;BYMONTH=1;BYDAY=MO", ["01-04", "01-11", "01-18", "01-25"]),
        ("FREQ=YEARLY", ["01-01"]),
        ("FREQ=YEARLY;BYDAY=-1TH", ["12-30"]),
        ("FREQ=MONTHLY;INTERVAL=5", ["01-01", "06-01", "11-01"]),
        ("FREQ=MONTHLY;BYDAY=1MO,3TH;COUNT=4", ["01-04", "01-21", "02-01", "02-18"]),
        ("FREQ=MONTHLY;BYDAY=SU,1MO;COUNT=3", ["01-03", "01-04", "01-10"]),  # all Sundays and the first Monday
    ],
)  # fmt: skip
def test_rules_give_the_days_of_the_year(rule: str, wanted: list[str]) -> None:
    """2027, which begins on a Friday."""
    found = expand(parse(rule, at("2027-01-01T19:00"), MADRID), at("2027-01-01T00:00Z"), at("2028-01-01T00:00Z"))

    assert [f"{one.asked:%m-%d}" for one in found] == wanted


def test_a_day_that_samoa_skipped_is_not_debated_twice() -> None:
    """30 December 2011 did not take place at Apia; its 19:00 falls on the 31st, which has its own."""
    found = instants("FREQ=DAILY", "2011-12-29T19:00", "Pacific/Apia", since="2011-12-29", until="2012-01-02")

    # 29 December at UTC-10, from the 31st on at UTC+14.
    assert found == ["2011-12-30T05:00Z", "2011-12-31T05:00Z", "2012-01-01T05:00Z"]


# --- refused ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ("", "no es una regla"),
        ("jueves", "no vale «JUEVES»"),
        ("BYDAY=TH", "falta FREQ"),
        ("FREQ=SECONDLY", "no se entiende «FREQ=SECONDLY»"),
        ("FREQ=HOURLY;BYDAY=TH", "no se entiende «FREQ=HOURLY»"),
        ("FREQ=DAILY;BYHOUR=1,2,3", "no vale «BYHOUR=1,2,3»"),
        ("FREQ=YEARLY;BYEASTER=0", "no vale «BYEASTER=0»"),
        ("FREQ=WEEKLY;BYDAY=TH;BYDAY=FR", "BYDAY ya está dicho"),
        ("FREQ=WEEKLY;BYDAY=JU", "no se entiende «BYDAY=JU»"),
        ("FREQ=WEEKLY;BYDAY=1TH", "un número delante del día"),
        ("FREQ=WEEKLY;BYMONTHDAY=3", "BYMONTHDAY no vale con FREQ=WEEKLY"),
        ("FREQ=WEEKLY;INTERVAL=0", "INTERVAL va de 1 a 400"),
        ("FREQ=WEEKLY;INTERVAL=9999", "INTERVAL va de 1 a 400"),
        ("FREQ=WEEKLY;COUNT=0", "COUNT va de 1 a 5000"),
        ("FREQ=WEEKLY;COUNT=5;UNTIL=20270101", "COUNT o UNTIL"),
        ("FREQ=WEEKLY;UNTIL=20271399", "no se entiende «UNTIL=20271399»"),
        ("FREQ=WEEKLY;UNTIL=20271399T000000Z", "no se entiende «UNTIL=20271399T000000Z»"),
        ("FREQ=WEEKLY;UNTIL=20200101", "no da ninguna fecha"),
        ("FREQ=MONTHLY;BYMONTHDAY=0", "BYMONTHDAY va de 1 a 31"),
        ("FREQ=MONTHLY;BYMONTHDAY=32", "BYMONTHDAY va de 1 a 31"),
        ("FREQ=YEARLY;BYMONTH=13", "BYMONTH va de 1 a 12"),
        ("FREQ=MONTHLY;BYDAY=0MO", "BYDAY va de 1 a 53"),
        # There is no such day, however long one looks.
        ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "no da ninguna fecha"),
        ("FREQ=MONTHLY;BYDAY=6MO", "no da ninguna fecha"),
        ("FREQ=WEEKLY;BYDAY=TH;BYSETPOS=2", "no da ninguna fecha"),
        ("FREQ=DAILY;INTERVAL=7;BYDAY=MO", "no da ninguna fecha"),  # every seventh day from a Friday on
        ("FREQ=WEEKLY;" + "BYDAY=TH;" * 40, "no es una regla"),
    ],
)  # fmt: skip
def test_a_rule_that_is_none_is_refused_and_says_why(rule: str, why: str) -> None:
    """All that is wrong, and an example."""
    with pytest.raises(errors.BadRule) as refused:
        parse(rule, at("2027-01-01T19:00"), MADRID)

    assert why in refused.value.sentence() and "FREQ=WEEKLY;BYDAY=TH" in refused.value.sentence()


def test_several_faults_are_named_at_once() -> None:
    """Nobody mends one to be told of the next."""
    with pytest.raises(errors.BadRule) as refused:
        parse("FREQ=HOURLY;BYDAY=JU", at("2027-01-01T19:00"), MADRID)

    assert {"FREQ=HOURLY" in refused.value.sentence(), "BYDAY=JU" in refused.value.sentence()} == {True}


@pytest.mark.parametrize("starts", ["1066-10-14T19:00", "2300-01-01T19:00"])
def test_a_start_out_of_this_world_is_refused(starts: str) -> None:
    """Zones have no clocks there."""
    with pytest.raises(errors.BadRule):
        parse(THURSDAYS, at(starts), MADRID)


def test_a_zone_that_is_none_is_refused() -> None:
    """As everywhere."""
    with pytest.raises(ValueError, match="no es una zona horaria"):
        parse(THURSDAYS, at("2027-01-01T19:00"), "Madrid")


def test_a_start_with_an_offset_is_read_on_the_clocks_of_the_zone() -> None:
    """18:00 in UTC is 19:00 in Madrid."""
    assert parse(THURSDAYS, at("2027-01-14T18:00Z"), MADRID).starts == at("2027-01-14T19:00")


@pytest.mark.parametrize("rule", ["FREQ=WEEKLY;BYDAY=TU,TH", "FREQ=MONTHLY;INTERVAL=2;BYDAY=-1FR,2MO;WKST=SU",
                                  "FREQ=YEARLY;COUNT=3;BYMONTH=1,9;BYMONTHDAY=-1,8;BYSETPOS=1,-1",
                                  "FREQ=DAILY;UNTIL=20270121T185959"])  # fmt: skip
def test_a_rule_is_read_back_as_it_is_written(rule: str) -> None:
    """What is kept says the same."""
    assert recurrence.read(str(recurrence.read(rule))) == recurrence.read(rule)


# --- properties ------------------------------------------------------------------------------------------------------

ZONES = [MADRID, SANTIAGO, "America/Mexico_City", "America/Bogota", "Australia/Lord_Howe", "Africa/Casablanca", "UTC"]
DAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]


@st.composite
def rules(draw: st.DrawFn) -> str:
    """A rule of any kind that we read; some give no date."""
    frequency = draw(st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]))
    parts = [f"FREQ={frequency}"]
    if draw(st.booleans()):
        parts.append(f"INTERVAL={draw(st.integers(1, 5))}")
    if draw(st.booleans()):
        parts.append(f"BYMONTH={_some(draw, st.integers(1, 12))}")
    if frequency != "WEEKLY" and draw(st.booleans()):
        parts.append(f"BYMONTHDAY={_some(draw, st.integers(1, 31) | st.integers(-31, -1))}")
    if draw(st.booleans()):
        day = st.sampled_from(DAYS)
        if frequency in {"MONTHLY", "YEARLY"} and draw(st.booleans()):
            day = st.tuples(st.integers(1, 5) | st.integers(-5, -1), day).map(lambda one: f"{one[0]}{one[1]}")
        parts.append(f"BYDAY={_some(draw, day)}")
        # Of the week in which a series starts dateutil counts positions only from that day on; the RFC counts the week.
        if frequency != "WEEKLY" and draw(st.booleans()):
            parts.append(f"BYSETPOS={_some(draw, st.integers(1, 4) | st.integers(-4, -1))}")
    if draw(st.booleans()):
        parts.append(f"COUNT={draw(st.integers(1, 30))}")
    if draw(st.booleans()):
        parts.append(f"WKST={draw(st.sampled_from(DAYS))}")
    return ";".join(parts)


def _some(draw: st.DrawFn, one: st.SearchStrategy[int] | st.SearchStrategy[str]) -> str:
    chosen: list[int | str] = draw(st.lists(one, min_size=1, max_size=3, unique=True))
    return ",".join(map(str, chosen))


starts_ = st.datetimes(at("2026-01-01"), at("2029-12-31")).map(lambda one: one.replace(second=0, microsecond=0))


@given(rule=rules(), starts=starts_)
def test_another_library_finds_the_same_dates(rule: str, starts: datetime) -> None:
    """By dateutil, which looks for a date behind its end until the year 9999, so there must be one."""
    until = starts + timedelta(days=3 * 365)
    ours, counted = recurrence.read(rule), re.search("COUNT=([0-9]+)", rule)
    endless = replace(ours, count=None)
    assume(next(recurrence.times(endless, starts, since=until, until=until + timedelta(days=3000)), None) is not None)
    theirs = rrulestr(f"{endless};UNTIL={until:%Y%m%dT%H%M%S}", dtstart=starts)

    wanted = list(islice(theirs, int(counted[1]) if counted else None))

    assert list(recurrence.times(ours, starts, since=starts, until=until)) == wanted


COMMON = ["FREQ=DAILY", "FREQ=WEEKLY", "FREQ=WEEKLY;BYDAY=SA,SU", "FREQ=MONTHLY;BYDAY=-1SU", "FREQ=MONTHLY",
          "FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,TH", "FREQ=DAILY;COUNT=200"]  # fmt: skip


@st.composite
def series(draw: st.DrawFn) -> Recurrence:
    """A series that has dates, by day or by night, in a zone whose clocks change or do not."""
    rule = draw(st.sampled_from(COMMON))
    clock = draw(st.times(time(0), time(3, 30)) | st.times(time(23), time(23, 59)) | st.just(time(19)))
    day = draw(st.dates(date(2026, 1, 1), date(2028, 12, 31)))
    return parse(rule, datetime.combine(day, clock.replace(second=0, microsecond=0)), draw(st.sampled_from(ZONES)))


moments = st.datetimes(at("2026-01-01"), at("2029-12-31"), timezones=st.just(UTC))


@given(series())
def test_the_clocks_show_the_series_hour_or_the_notice_says_why(series: Recurrence) -> None:
    """And the wall that is told is the wall that there is."""
    for one in expand(series, at("2026-01-01T00:00Z"), at("2029-01-01T00:00Z")):
        shown = localtime.wall(one.instant, series.zone).replace(tzinfo=None)

        assert shown == one.wall
        assert one.asked.time() == series.starts.time()
        assert one.wall == one.asked or (one.kind is Clock.GAP and f"{one.wall:%H:%M}" in one.notice)
        assert bool(one.notice) == (one.kind is not Clock.NORMAL)


@given(series(), moments, moments, moments)
def test_expansion_is_monotone_and_the_same_in_parts(
    series: Recurrence, one: datetime, two: datetime, three: datetime
) -> None:
    """Each date is later than the one before, and two windows side by side hold what the whole one does."""
    first, middle, last = sorted((one, two, three))
    whole = expand(series, first, last)

    assert all(before.instant < after.instant and before.asked < after.asked for before, after in pairwise(whole))
    assert expand(series, first, middle) + expand(series, middle, last) == whole
    assert all(first <= date.instant < last for date in whole)


@given(series())
def test_a_series_read_again_is_the_same(series: Recurrence) -> None:
    """Its first date is its start, so what is kept starts where it did."""
    assert parse(series.rule, series.starts, series.zone) == series


# --- planned again ---------------------------------------------------------------------------------------------------


def dates(*locals_: str) -> list[Occurrence]:
    """Dates of Madrid."""
    return [occurrence(at(one), MADRID) for one in locals_]


def standing(*locals_: str, fixed: Sequence[int] = ()) -> list[Standing]:
    """Debates numbered from 1, each where its key says."""
    return [
        Standing(number, date.key, date.instant, fixed=number in fixed)
        for number, date in enumerate(dates(*locals_), start=1)
    ]


def told(changes: Changes) -> tuple[list[int], list[tuple[int, str]], list[str], list[int]]:
    """The changes as numbers and keys: kept, moved, added, dropped."""
    return (
        [one.id for one in changes.keep],
        [(move.standing.id, move.to.key) for move in changes.move],
        [one.key for one in changes.add],
        [one.id for one in changes.drop],
    )


JANUARY = ("2027-01-14T19:00", "2027-01-21T19:00", "2027-01-28T19:00")


def test_what_is_planned_as_wanted_stays() -> None:
    """Planned twice, nothing changes."""
    changes = reconcile(dates(*JANUARY), standing(*JANUARY))

    assert told(changes) == ([1, 2, 3], [], [], [])
    assert changes.nothing


def test_another_weekday_moves_only_what_nobody_touched() -> None:
    """From Thursday to Tuesday: the second was touched and stays, and its week gets no second debate."""
    tuesdays = ("2027-01-12T19:00", "2027-01-19T19:00", "2027-01-26T19:00")

    changes = reconcile(dates(*tuesdays), standing(*JANUARY, fixed=[2]))

    assert told(changes) == ([2], [(1, "2027-01-12T19:00"), (3, "2027-01-26T19:00")], [], [])


def test_a_debate_that_was_moved_by_hand_is_found_by_its_key() -> None:
    """Its date is not planned anew, wherever it is held now."""
    thursday, _, last = standing(*JANUARY)
    moved = Standing(2, JANUARY[1], at("2027-02-02T18:00Z"), fixed=True)

    assert told(reconcile(dates(*JANUARY), [thursday, moved, last])) == ([1, 3, 2], [], [], [])


def test_another_hour_moves_all_and_drops_none() -> None:
    """The same days, an hour earlier."""
    earlier = [one.replace("19:00", "18:00") for one in JANUARY]

    assert told(reconcile(dates(*earlier), standing(*JANUARY))) == (
        [],
        list(zip((1, 2, 3), earlier, strict=True)),
        [],
        [],
    )


def test_another_zone_moves_the_instants_under_the_same_keys() -> None:
    """19:00 stays 19:00, on other clocks."""
    santiago = [occurrence(at(one), SANTIAGO) for one in JANUARY]

    assert told(reconcile(santiago, standing(*JANUARY)))[1] == list(zip((1, 2, 3), JANUARY, strict=True))


def test_a_shorter_season_drops_what_nobody_touched() -> None:
    """Every second week: the one in between goes; had somebody touched it, it would stay."""
    fortnightly = dates(JANUARY[0], JANUARY[2])

    assert told(reconcile(fortnightly, standing(*JANUARY))) == ([1, 3], [], [], [2])
    assert told(reconcile(fortnightly, standing(*JANUARY, fixed=[2]))) == ([1, 2, 3], [], [], [])


def test_a_longer_season_gets_what_is_missing() -> None:
    """Added in the order of time."""
    assert told(reconcile(dates(*JANUARY, "2027-02-04T19:00"), standing(*JANUARY)))[2] == ["2027-02-04T19:00"]


def test_a_week_with_fewer_debates_keeps_the_touched_one() -> None:
    """Two a week become one: the touched one is it."""
    week = standing("2027-01-12T19:00", "2027-01-14T19:00", fixed=[2])

    assert told(reconcile(dates("2027-01-13T19:00"), week)) == ([2], [], [], [1])


def test_a_monthly_debate_goes_with_its_month() -> None:
    """From the first Thursday to the third; the touched one of March stays, and March gets no second."""
    first = ("2027-02-04T19:00", "2027-03-04T19:00", "2027-04-01T19:00")
    third = ("2027-02-18T19:00", "2027-03-18T19:00", "2027-04-15T19:00")

    changes = reconcile(dates(*third), standing(*first, fixed=[2]))

    assert told(changes) == ([2], [(1, third[0]), (3, third[2])], [], [])


def test_a_season_in_another_month_takes_its_untouched_debates_along() -> None:
    """In their order; the touched one stays in January, and February is complete without it."""
    february = ("2027-02-11T19:00", "2027-02-18T19:00", "2027-02-25T19:00")

    changes = reconcile(dates(*february), standing(*JANUARY, fixed=[1]))

    assert told(changes) == ([1], [(2, february[0]), (3, february[1])], [february[2]], [])


def test_a_debate_without_a_key_that_can_be_read_is_known_by_its_instant() -> None:
    """One that was planned by hand and joined a season later."""
    (date,) = dates(JANUARY[0])

    assert reconcile([date], [Standing(1, "", date.instant, fixed=True)]).nothing


key_dates = st.lists(
    st.datetimes(at("2027-01-01"), at("2027-03-31")).map(lambda one: one.replace(second=0, microsecond=0)),
    max_size=8, unique=True,
).map(lambda locals_: dates(*(one.isoformat() for one in sorted(locals_))))  # fmt: skip


@st.composite
def planned(draw: st.DrawFn) -> list[Standing]:
    """Debates as they may stand after some weeks: some touched, some of these moved."""
    found = []
    for number, one in enumerate(draw(key_dates), start=1):
        fixed = draw(st.booleans())
        by = draw(st.integers(-40, 40)) if fixed else 0
        found.append(Standing(number, one.key, one.instant + timedelta(days=by), fixed=fixed))
    return draw(st.permutations(found))


def applied(standing: Sequence[Standing], changes: Changes) -> list[Standing]:
    """What stands once the changes are made."""
    moved = [Standing(one.standing.id, one.to.key, one.to.instant) for one in changes.move]
    added = [Standing(1000 + number, one.key, one.instant) for number, one in enumerate(changes.add)]
    return [*changes.keep, *moved, *added]


@given(key_dates, planned())
def test_planning_again_loses_nothing_that_was_touched_and_then_changes_nothing(
    wanted: list[Occurrence], before: list[Standing]
) -> None:
    """Every debate is in one list, touched ones stay, and the second time all is as it should be."""
    changes = reconcile(wanted, before)
    after = applied(before, changes)

    parted = [*changes.keep, *(one.standing for one in changes.move), *changes.drop]
    assert sorted(one.id for one in parted) == sorted(one.id for one in before)
    assert {one.id for one in before if one.fixed} <= {one.id for one in changes.keep}
    assert all(one in before for one in changes.keep)
    # No date twice: what is not fixed stands at a wanted date, each at its own.
    loose = [one.key for one in after if not one.fixed]
    assert len(set(loose)) == len(loose) and set(loose) <= {one.key for one in wanted}
    # No date without a debate, but for those that a touched one holds.
    assert len({one.key for one in wanted} - set(loose)) <= sum(one.fixed for one in after)
    assert reconcile(wanted, after).nothing


@given(series(), moments, st.sets(st.integers(0, 30)))
def test_a_series_planned_further_keeps_every_edited_date(
    series: Recurrence, until: datetime, edited: set[int]
) -> None:
    """What was planned to one day is planned on to a later: only new dates come, behind the old ones."""
    since = at("2026-01-01T00:00Z")
    before = [
        Standing(
            number, one.key, one.instant + timedelta(days=3) if number in edited else one.instant, number in edited
        )
        for number, one in enumerate(expand(series, since, until))
    ]

    changes = reconcile(expand(series, since, until + timedelta(days=60)), before)

    assert len(changes.keep) == len(before) and not changes.move and not changes.drop
    assert all(one.instant >= until for one in changes.add)
