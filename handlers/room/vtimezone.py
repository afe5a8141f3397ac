"""A zone as a calendar explains it to programs that do not know its name (RFC 5545, 3.6.5). Pure."""

import functools
from calendar import monthrange
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from bot import localtime

_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
# No zone changes its clocks for less than this; Morocco's month of Ramadan is the shortest.
_STEP = timedelta(days=7)
_SECOND = timedelta(seconds=1)
# After so many years every date falls on the same weekday again: what was the first Sunday in all of them always is.
_ROUND = 28
# So often a change must be seen to be taken for a rule.
_RULE = 3


class _Observance(NamedTuple):
    """What the clocks show from a change on: the offset before it and since, its name, whether it is summer time."""

    before: timedelta
    since: timedelta
    name: str
    summer: bool


@functools.lru_cache(maxsize=256)
def vtimezone(zone: str, first: int, last: int) -> bytes:
    """What the clocks of an IANA zone do from the first year to the last, both within it: lines of a calendar.

    Where they change on the same weekday of the same month every year it is said as a rule, which all programs know and
    which goes on; any other change is named by its dates. The library has a way of its own to say this, which puts
    the beginning of summer time an hour late.
    """
    from icalendar import Timezone, TimezoneDaylight, TimezoneStandard

    made = Timezone()
    made.add("tzid", zone)
    # A year is begun before the first date, so that the offset of every date follows from a change before it.
    begins = datetime(first - 1, 1, 1, tzinfo=UTC)
    ends = max(last + 2, first + _ROUND)
    for observance, onsets in _observances(localtime.zone(zone), begins, datetime(ends, 1, 1, tzinfo=UTC)).items():
        rule = _rule(onsets, observance.before, ends - 1)
        named = [] if rule else [one for one in onsets[1:] if one.year <= last + 1]
        if onsets[0].year > last + 1:
            continue
        part = TimezoneDaylight() if observance.summer else TimezoneStandard()
        part.add("dtstart", onsets[0])
        part.add("tzoffsetfrom", observance.before)
        part.add("tzoffsetto", observance.since)
        part.add("tzname", observance.name)
        if rule:
            part.add("rrule", rule)
        if named:
            part.add("rdate", named)
        made.add_component(part)
    return bytes(made.to_ical())


def _observances(tz: ZoneInfo, begins: datetime, ends: datetime) -> dict[_Observance, list[datetime]]:
    """When each kind of change sets in, on the clocks as they were before it; first what they showed at first."""
    at = begins.astimezone(tz)
    offset = at.utcoffset() or timedelta(0)
    found = {_Observance(offset, offset, str(at.tzname()), bool(at.dst())): [at.replace(tzinfo=None)]}
    for instant in _changes(tz, begins, ends):
        since = instant.astimezone(tz)
        before, offset = offset, since.utcoffset() or timedelta(0)
        kind = _Observance(before, offset, str(since.tzname()), bool(since.dst()))
        found.setdefault(kind, []).append((instant + before).replace(tzinfo=None))
    return found


def _changes(tz: ZoneInfo, begins: datetime, ends: datetime) -> Iterator[datetime]:
    """The instants at which the clocks of a zone change, found to the second."""
    at = begins
    while at < ends:
        low, high = at, at + _STEP
        offset = low.astimezone(tz).utcoffset()
        if high.astimezone(tz).utcoffset() != offset:
            while high - low > _SECOND:
                middle = low + (high - low) // 2
                same = middle.astimezone(tz).utcoffset() == offset
                low, high = (middle, high) if same else (low, middle)
            yield high.replace(microsecond=0)
        at += _STEP


def _rule(onsets: Sequence[datetime], before: timedelta, last: int) -> dict[str, object]:
    """The rule that gives these onsets and no other; empty where there is none."""
    first, latest = onsets[0], onsets[-1]
    every_year = [one.year for one in onsets] == list(range(first.year, latest.year + 1))
    nth = _nth(onsets)
    if len(onsets) < _RULE or not every_year or nth is None:
        return {}
    rule: dict[str, object] = {"freq": "yearly", "bymonth": first.month, "byday": f"{nth}{_DAYS[first.weekday()]}"}
    return rule if latest.year >= last else {**rule, "until": (latest - before).replace(tzinfo=UTC)}


def _nth(onsets: Sequence[datetime]) -> int | None:
    """Which of its weekdays in its month each of these is: -1 the last, 1 the first …; None where they differ."""
    if len({(one.month, one.weekday(), one.time()) for one in onsets}) > 1:
        return None
    if all(one.day + 7 > monthrange(one.year, one.month)[1] for one in onsets):
        return -1
    numbers = {(one.day - 1) // 7 + 1 for one in onsets}
    return numbers.pop() if len(numbers) == 1 else None
