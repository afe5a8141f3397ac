"""A series: a rule of RFC 5545 on the clocks of a zone, the dates it gives, and what becomes of those planned before.

Pure. The rule is read in naive local time and each date is settled by one policy (`localtime.settle`): recurrence in
aware times fires twice in a fold, and from Santiago's midnight gap it loses a whole week.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from bot import errors, localtime, recurrence
from bot.localtime import Clock
from bot.phrase import phrase

# Beyond them calendars and zones run out of numbers.
YEARS = (1970, 2200)
# 29 February comes again within eight years, 2096 to 2104.
BARREN = timedelta(days=9 * 366)
# A date can be this far from its local time read as UTC: zones reach from -12 to +14, and Samoa once skipped a day.
MARGIN = timedelta(hours=48)

_UTC_END = re.compile(r"UNTIL=(\d{8}T\d{6}Z)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One date of a series: the local time asked for, what the clocks show then, and the instant."""

    asked: datetime  # naive
    wall: datetime  # naive: another than ``asked`` only in a gap
    instant: datetime  # UTC
    kind: Clock
    zone: str

    @property
    def key(self) -> str:
        """By what the series finds it again, wherever it is moved: ``2027-01-14T19:00``."""
        return key(self.asked)

    @property
    def notice(self) -> str:
        """What the organiser is told where the clocks change, and "" where they do not."""
        day, hour, then = f"{self.asked:%Y-%m-%d}", f"{self.asked:%H:%M}", f"{self.wall:%H:%M}"
        if self.kind is Clock.GAP:
            return phrase("el {day} las {hour} no existen en {zone}, porque cambia la hora: será a las {then}",
                          day=day, hour=hour, zone=self.zone, then=then)  # fmt: skip
        if self.kind is Clock.FOLD:
            return phrase("el {day} las {hour} ocurren dos veces en {zone}, porque cambia la hora: será la primera",
                          day=day, hour=hour, zone=self.zone)  # fmt: skip
        return ""


@dataclass(frozen=True, slots=True)
class Recurrence:
    """A rule that was read, in its one spelling, and its first date: naive, on the clocks of the zone."""

    rule: str
    starts: datetime
    zone: str


@dataclass(frozen=True, slots=True)
class Standing:
    """A debate that a series or season planned before: its key, where it stands now.

    ``fixed`` where it must stay: a person has touched or cancelled it, or its hour has come.
    """

    id: int
    key: str
    instant: datetime
    fixed: bool = False


@dataclass(frozen=True, slots=True)
class Move:
    """A debate that nobody touched goes to another date, and takes that date's key."""

    standing: Standing
    to: Occurrence


@dataclass(frozen=True, slots=True)
class Changes:
    """What becomes of what was planned: each debate is in ``keep``, ``move`` or ``drop``, once.

    ``stead`` are those kept that must stay where they are, with the date in whose stead they do.
    """

    keep: tuple[Standing, ...] = ()
    move: tuple[Move, ...] = ()
    add: tuple[Occurrence, ...] = ()
    drop: tuple[Standing, ...] = ()
    stead: tuple[Move, ...] = ()

    @property
    def nothing(self) -> bool:
        """Whether all stays as it is."""
        return not (self.move or self.add or self.drop)


def key(local: datetime) -> str:
    """A naive local time as the key of an occurrence: ``2027-01-14T19:00``."""
    return local.isoformat(timespec="seconds" if local.second else "minutes")


def occurrence(local: datetime, zone: str) -> Occurrence:
    """A naive local time as a date, settled by the one policy."""
    settled = localtime.settle(local, zone)
    wall = local
    if settled.kind is Clock.GAP:
        wall = localtime.wall(settled.instant, zone).replace(tzinfo=None)
    return Occurrence(local, wall, settled.instant, settled.kind, zone)


def parse(rule: str, starts: datetime, zone: str) -> Recurrence:
    """The rule that somebody typed, with its first date at ``starts`` or after; raises ``BadRule`` with every fault.

    ``UNTIL`` is read on the clocks of the zone, where one in UTC (``Z``) is brought, too.
    """
    localtime.zone(zone)
    if starts.tzinfo is not None:
        starts = localtime.wall(starts, zone).replace(tzinfo=None)
    starts = starts.replace(microsecond=0)
    if not YEARS[0] <= starts.year <= YEARS[1]:
        raise errors.BadRule(rule=rule, why=phrase("no empieza en un año de este siglo"))
    read = recurrence.read(_UTC_END.sub(lambda end: _local_end(rule, end[1], zone), rule))
    # Eight years hold a 29 February; a long interval needs more of them.
    barren = starts + BARREN * (read.interval if read.frequency == "YEARLY" else 4)
    first = next(recurrence.times(read, starts, since=starts, until=barren), None)
    if first is None:
        raise errors.BadRule(rule=rule, why=phrase("no da ninguna fecha"))
    return Recurrence(str(read), first, zone)


def expand(series: Recurrence, since: datetime, until: datetime) -> list[Occurrence]:
    """The dates whose instants are in [since, until), each later than the one before."""
    earliest, latest = since.astimezone(UTC).replace(tzinfo=None), until.astimezone(UTC).replace(tzinfo=None)
    rule = recurrence.read(series.rule)
    locals_ = recurrence.times(rule, series.starts, since=earliest - MARGIN, until=latest + MARGIN)
    found = [occurrence(local, series.zone) for local in locals_]
    # Where a whole day is skipped (Samoa, 2011), its date falls on the next day's: one debate, not two.
    twice = {one.key for one, after in pairwise(found) if one.instant >= after.instant}
    return [one for one in found if since <= one.instant < until and one.key not in twice]


def reconcile(wanted: Sequence[Occurrence], standing: Iterable[Standing]) -> Changes:
    """What to do so that the wanted dates are held, and nothing that a person changed is lost or held twice.

    Each debate is paired with a date: by its key, then by its instant, then the one that is left of its week, of its
    month, and last in order of time. A fixed one stays and its date with it; the others move to theirs, and those
    without are dropped. Planned again from what came of it, nothing changes.
    """
    pairs = _Pairs(wanted, sorted(standing, key=lambda one: (one.instant, one.id)))
    pairs.by(lambda one: one.key, lambda date: date.key)
    pairs.by(lambda one: one.instant, lambda date: date.instant)
    pairs.in_order(lambda one: _local(one).isocalendar()[:2], lambda date: date.asked.isocalendar()[:2])
    pairs.alone(lambda one: (_local(one).year, _local(one).month), lambda date: (date.asked.year, date.asked.month))
    pairs.in_order(lambda one: one.fixed, lambda date: False)
    return pairs.changes()


@dataclass
class _Pairs:
    """Debates and the dates that were found for them; what is in neither list of the rest has been paired."""

    dates: Sequence[Occurrence]
    standing: Sequence[Standing]
    found: dict[int, Occurrence] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)

    def rest(self) -> tuple[list[Standing], list[Occurrence]]:
        """What has no partner yet."""
        return (
            [one for one in self.standing if one.id not in self.found],
            [date for date in self.dates if date.key not in self.taken],
        )

    def pair(self, one: Standing, date: Occurrence) -> None:
        """They belong together."""
        self.found[one.id] = date
        self.taken.add(date.key)

    def by(self, of: Callable[[Standing], object], at: Callable[[Occurrence], object]) -> None:
        """Those that are alike; of two debates that are, the fixed one, for it stays in any case."""
        debates, dates = self.rest()
        open_dates = {at(date): date for date in dates}
        for one in sorted(debates, key=lambda one: not one.fixed):
            date = open_dates.pop(of(one), None)
            if date is not None:
                self.pair(one, date)

    def in_order(self, of: Callable[[Standing], object], at: Callable[[Occurrence], object]) -> None:
        """Within each group the first debate with the first date, and so on; where dates are few, the fixed ones'."""
        debates, dates = self.rest()
        for group in dict.fromkeys(at(date) for date in dates):
            theirs = [date for date in dates if at(date) == group]
            these = sorted((one for one in debates if of(one) == group), key=lambda one: not one.fixed)[: len(theirs)]
            for one, date in zip(sorted(these, key=lambda one: (one.instant, one.id)), theirs, strict=False):
                self.pair(one, date)

    def alone(self, of: Callable[[Standing], object], at: Callable[[Occurrence], object]) -> None:
        """Those that are the only ones of their group, on both sides and from the beginning."""
        debates, dates = self.rest()
        for one in debates:
            group = [date for date in dates if at(date) == of(one)]
            alike = [date for date in self.dates if at(date) == of(one)]
            others = [other for other in self.standing if of(other) == of(one)]
            if len(group) == len(alike) == len(others) == 1:
                self.pair(one, group[0])

    def changes(self) -> Changes:
        """What follows from the pairs."""
        keep, move, drop, stead = [], [], [], []
        for one in self.standing:
            date = self.found.get(one.id)
            if one.fixed and date is not None and date.key != one.key:
                stead.append(Move(one, date))
            if one.fixed or (date is not None and (date.key, date.instant) == (one.key, one.instant)):
                keep.append(one)
            elif date is None:
                drop.append(one)
            else:
                move.append(Move(one, date))
        add = [date for date in self.dates if date.key not in self.taken]
        return Changes(tuple(keep), tuple(move), tuple(add), tuple(drop), tuple(stead))


def _local(one: Standing) -> datetime:
    """The local time that the series gave a debate; where it has none that can be read, its instant."""
    try:
        return datetime.fromisoformat(one.key)
    except ValueError:
        return one.instant


def _local_end(rule: str, end: str, zone: str) -> str:
    """An end in UTC as the clocks of the zone show it."""
    try:
        return f"{localtime.wall(datetime.fromisoformat(end), zone):UNTIL=%Y%m%dT%H%M%S}"
    except (ValueError, OverflowError) as error:
        raise errors.BadRule(rule=rule, why=phrase("no se entiende «{part}»", part=f"UNTIL={end}")) from error
