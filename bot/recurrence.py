"""RRULE of RFC 5545 for what comes back by days: read, refused, and expanded in naive local time. Pure.

Our own, for the usual library looks for the next date of a rule that has none until the year 9999, which takes it ten
seconds. Here every step is a period of the rule, and the last one is where the caller said.
"""

import re
from calendar import monthrange
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time

from bot import errors
from bot.phrase import phrase, several

LONGEST = 200
MOST_INTERVAL = 400  # a year and more of days
MOST_COUNT = 5_000

_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
# At most once a day: nobody debates every hour.
_FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
_DAY = rf"(?:[+-]?\d{{1,2}})?(?:{'|'.join(_DAYS)})"
_NUMBER = r"[+-]?\d{1,3}"
_PARTS: Mapping[str, str] = {
    "FREQ": "|".join(_FREQUENCIES),
    "INTERVAL": r"\d{1,4}",
    "COUNT": r"\d{1,5}",
    "UNTIL": r"\d{8}(?:T\d{6}Z?)?",
    "BYMONTH": r"\d{1,2}(?:,\d{1,2})*",
    "BYMONTHDAY": rf"{_NUMBER}(?:,{_NUMBER})*",
    "BYDAY": rf"{_DAY}(?:,{_DAY})*",
    "BYSETPOS": rf"{_NUMBER}(?:,{_NUMBER})*",
    "WKST": "|".join(_DAYS),
}
# The largest number in a list; a negative one counts from the end, where that means something.
_LARGEST = {"BYMONTH": 12, "BYMONTHDAY": 31, "BYSETPOS": 366}


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that was read. Empty sets say nothing; ``nth`` holds (number, weekday), as in ``-1FR``."""

    frequency: str
    interval: int = 1
    count: int | None = None
    until: datetime | None = None  # naive local, itself still in
    months: frozenset[int] = frozenset()
    month_days: frozenset[int] = frozenset()
    weekdays: frozenset[int] = frozenset()
    nth: frozenset[tuple[int, int]] = frozenset()
    positions: frozenset[int] = frozenset()
    week_start: int = 0

    def __str__(self) -> str:
        """The rule in its one spelling."""
        days = [_DAYS[day] for day in sorted(self.weekdays)]
        days += [f"{number}{_DAYS[day]}" for number, day in sorted(self.nth)]
        told: list[tuple[str, Iterable[object]]] = [
            ("FREQ", [self.frequency]),
            ("INTERVAL", [self.interval] if self.interval > 1 else []),
            ("COUNT", [self.count] if self.count else []),
            ("UNTIL", [f"{self.until:%Y%m%dT%H%M%S}"] if self.until else []),
            ("BYMONTH", sorted(self.months)),
            ("BYMONTHDAY", sorted(self.month_days)),
            ("BYDAY", days),
            ("BYSETPOS", sorted(self.positions)),
            ("WKST", [_DAYS[self.week_start]] if self.week_start else []),
        ]
        lists = [(name, ",".join(str(one) for one in values)) for name, values in told]
        return ";".join(f"{name}={values}" for name, values in lists if values)


def read(text: str) -> Rule:
    """The rule in a text; raises ``BadRule`` with every fault. ``UNTIL`` is local: one in UTC (``Z``) is refused."""
    parts = _parts(text)
    days = re.findall(r"([+-]?\d+)?([A-Z]{2})", parts.get("BYDAY", ""))
    try:
        until = _until(parts["UNTIL"]) if "UNTIL" in parts else None
    except ValueError as error:
        why = phrase("no se entiende «{part}»", part=f"UNTIL={parts['UNTIL']}")
        raise errors.BadRule(rule=text, why=why) from error
    return Rule(
        frequency=parts["FREQ"], interval=int(parts.get("INTERVAL", 1)), until=until,
        count=int(parts["COUNT"]) if "COUNT" in parts else None,
        months=_numbers(parts, "BYMONTH"), month_days=_numbers(parts, "BYMONTHDAY"),
        weekdays=frozenset(_DAYS.index(day) for number, day in days if not number),
        nth=frozenset((int(number), _DAYS.index(day)) for number, day in days if number),
        positions=_numbers(parts, "BYSETPOS"), week_start=_DAYS.index(parts.get("WKST", "MO")),
    )  # fmt: skip


def times(rule: Rule, starts: datetime, *, since: datetime, until: datetime) -> Iterator[datetime]:
    """The local times of a rule in [since, until], in order; ``starts`` itself is one only where the rule gives it."""
    rule_ends = min(until, rule.until or until)
    rule = _filled(rule, starts)
    made = 0
    for period in _periods(rule, starts.date(), since.date(), rule_ends.date()):
        for day in _positioned(rule, [day for day in _days(rule, period) if _matches(rule, day)]):
            local = datetime.combine(day, starts.time())
            if local < starts:
                continue
            made += 1
            if local > rule_ends or (rule.count is not None and made > rule.count):
                return
            if local >= since:
                yield local


def _filled(rule: Rule, starts: datetime) -> Rule:
    """The rule with what it takes from its start: a weekly one without a day is held on the first one's weekday."""
    if rule.weekdays or rule.nth or rule.month_days or rule.frequency == "DAILY":
        return rule
    if rule.frequency == "WEEKLY":
        return replace(rule, weekdays=frozenset({starts.weekday()}))
    rule = replace(rule, month_days=frozenset({starts.day}))
    if rule.frequency == "YEARLY" and not rule.months:
        rule = replace(rule, months=frozenset({starts.month}))
    return rule


def _period(rule: Rule, day: date) -> int:
    """The number of the day, week, month or year in which a day is."""
    if rule.frequency == "DAILY":
        return day.toordinal()
    if rule.frequency == "WEEKLY":  # day 1 was a Monday
        return (day.toordinal() - 1 - rule.week_start) // 7
    return day.year * 12 + day.month - 1 if rule.frequency == "MONTHLY" else day.year


def _periods(rule: Rule, starts: date, since: date, until: date) -> Iterable[int]:
    """The periods to look at. Only a rule with a count must be followed from its start."""
    first, last = _period(rule, starts), _period(rule, until)
    if rule.count is None and since > starts:
        first += (_period(rule, since) - first) // rule.interval * rule.interval
    return range(first, last + 1, rule.interval)


def _days(rule: Rule, period: int) -> Iterable[date]:
    """The days of a period that come into question: of a week those that the rule names, of a year its months."""
    if rule.frequency == "DAILY":
        return (date.fromordinal(period),)
    if rule.frequency == "WEEKLY":
        first = period * 7 + 1 + rule.week_start
        return [date.fromordinal(first + (day - rule.week_start) % 7) for day in _in_week(rule)]
    if rule.frequency == "MONTHLY":
        return _month(*divmod(period, 12))
    return (day for month in sorted(rule.months) or range(1, 13) for day in _month(period, month - 1))


def _in_week(rule: Rule) -> list[int]:
    """The weekdays of a weekly rule in the order of its week."""
    return sorted(rule.weekdays, key=lambda day: (day - rule.week_start) % 7)


def _month(year: int, month: int) -> Iterator[date]:
    return (date(year, month + 1, day) for day in range(1, monthrange(year, month + 1)[1] + 1))


def _matches(rule: Rule, day: date) -> bool:
    if rule.months and day.month not in rule.months:
        return False
    if rule.month_days:
        length = monthrange(day.year, day.month)[1]
        if day.day not in rule.month_days and day.day - length - 1 not in rule.month_days:
            return False
    if not rule.weekdays and not rule.nth:
        return True
    return day.weekday() in rule.weekdays or (bool(rule.nth) and _is_nth(rule, day))


def _is_nth(rule: Rule, day: date) -> bool:
    """Whether it is, say, the last Friday: of its month, or of its year in a yearly rule that names no month."""
    if rule.frequency == "YEARLY" and not rule.months:
        before = day.timetuple().tm_yday - 1
        behind = (date(day.year, 12, 31) - day).days
    else:
        before, behind = day.day - 1, monthrange(day.year, day.month)[1] - day.day
    return (before // 7 + 1, day.weekday()) in rule.nth or (-(behind // 7) - 1, day.weekday()) in rule.nth


def _positioned(rule: Rule, days: list[date]) -> list[date]:
    if not rule.positions:
        return days
    size = len(days)
    return [day for index, day in enumerate(days) if index + 1 in rule.positions or index - size in rule.positions]


def _numbers(parts: Mapping[str, str], name: str) -> frozenset[int]:
    return frozenset(int(one) for one in parts[name].split(",")) if name in parts else frozenset()


def _until(value: str) -> datetime:
    if "T" in value:
        return datetime.fromisoformat(value)
    # A mere day is meant whole.
    return datetime.combine(date.fromisoformat(value), time(23, 59, 59))


def _parts(text: str) -> dict[str, str]:
    """The parts of a rule by name; raises ``BadRule`` with every fault."""
    compact = re.sub(r"\s+", "", text).upper().removeprefix("RRULE:").strip(";")
    if not compact or len(text) > LONGEST:
        raise errors.BadRule(rule=text[:LONGEST], why=phrase("no es una regla"))
    faults: list[str] = []
    parts: dict[str, str] = {}
    for part in compact.split(";"):
        name, _, value = part.partition("=")
        if name not in _PARTS:
            faults.append(phrase("no vale «{part}»", part=part))
        elif name in parts:
            faults.append(phrase("«{part}» sobra: {name} ya está dicho", part=part, name=name))
        elif not re.fullmatch(_PARTS[name], value) or value.endswith("Z"):
            faults.append(phrase("no se entiende «{part}»", part=part))
        parts[name] = value
    if "FREQ" not in parts:
        faults.append(phrase("falta FREQ: DAILY, WEEKLY, MONTHLY o YEARLY"))
    if not faults:
        faults = list(_limits(parts))
    if faults:
        raise errors.BadRule(rule=text, why=several(faults))
    return parts


def _limits(parts: Mapping[str, str]) -> Iterator[str]:
    """What is wrong with parts that are well written."""
    for name, most in (("INTERVAL", MOST_INTERVAL), ("COUNT", MOST_COUNT)):
        if name in parts and not 1 <= int(parts[name]) <= most:
            yield phrase("{name} va de 1 a {most}", name=name, most=most)
    for name, most in _LARGEST.items():
        if any(not 1 <= abs(number) <= most for number in _numbers(parts, name)):
            yield phrase("{name} va de 1 a {most}", name=name, most=most)
    if "COUNT" in parts and "UNTIL" in parts:
        yield phrase("COUNT o UNTIL, no los dos")
    if "BYMONTHDAY" in parts and parts["FREQ"] == "WEEKLY":
        yield phrase("BYMONTHDAY no vale con FREQ=WEEKLY")
    numbers = [abs(int(number)) for number in re.findall(r"\d+", parts.get("BYDAY", ""))]
    if numbers and parts["FREQ"] not in {"MONTHLY", "YEARLY"}:
        yield phrase("un número delante del día solo vale con FREQ=MONTHLY o YEARLY")
    if any(not 1 <= number <= 53 for number in numbers):
        yield phrase("{name} va de 1 a {most}", name="BYDAY", most=53)
