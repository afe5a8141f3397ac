"""The year: its seasons, the dates that a rhythm gives them, who debates what on which, and what collides.

Pure. Peaks are January and September, weekly from the second week and never on 6 January; CX Day is the first Tuesday
of October; the other months are quiet.
"""

import functools
import re
import unicodedata
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from bot import errors, holiday, localtime
from bot.debatefile import LONGEST_TITLE, DebateFile
from bot.hours import place
from bot.localtime import Clock
from bot.phrase import phrase
from bot.ports import COUNTRIES, ZONES, House
from bot.rhythm import Rhythm
from bot.series import YEARS, Occurrence, occurrence
from bot.subjects import Kind, Subject

# Who has Epiphany at home is not at a debate.
NEVER = ((1, 6),)
LONGEST_OWN = timedelta(days=366)
TUESDAY = 1
A_DAY = timedelta(hours=25)  # the longest there is, when the clocks go back


@dataclass(frozen=True, slots=True)
class Stretch:
    """A season of a year; ``slug`` names it for ever, as in ``2027-enero``."""

    kind: Kind
    year: int
    slug: str
    title: str


@dataclass(frozen=True, slots=True)
class Taken:
    """Another debate that stands in the calendar."""

    title: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Ground:
    """What dates are held against: the community's zones and countries, and the debates that stand already."""

    zones: tuple[str, ...] = ZONES
    countries: tuple[str, ...] = COUNTRIES
    taken: tuple[Taken, ...] = ()
    locale: str = "es"


class Clash(StrEnum):
    """What a date can collide with."""

    HOLIDAY = "holiday"
    DEBATE = "debate"
    CLOCK = "clock"  # its hour does not exist that day, or exists twice
    HOURS = "hours"  # another zone is for some weeks not as far away as it usually is


@dataclass(frozen=True, slots=True)
class Collision:
    """One thing that a date collides with, and the sentence about it; ``where`` a country, a zone, or ""."""

    kind: Clash
    what: str
    where: str = ""


@dataclass(frozen=True, slots=True)
class Hour:
    """What the clocks of a zone show when a debate begins (naive); ``unusual`` in the weeks between clock changes."""

    zone: str
    wall: datetime
    unusual: bool = False


@dataclass(frozen=True, slots=True)
class Checked:
    """A date held against its ground."""

    occurrence: Occurrence
    hours: tuple[Hour, ...]
    collisions: tuple[Collision, ...]


@dataclass(frozen=True, slots=True)
class Proposal:
    """One debate of a season as it would be planned; nothing is written yet."""

    season: Stretch
    occurrence: Occurrence
    subject: Subject
    host: str
    hashtag: str | None
    minutes: int
    hours: tuple[Hour, ...]
    collisions: tuple[Collision, ...] = field(default=())

    def file(self) -> DebateFile:
        """The proposal as a debate file, its start settled whatever the clocks do."""
        zone = self.occurrence.zone
        plan = self.subject.plan.starting(localtime.wall(self.occurrence.instant, zone), zone)
        pace = replace(plan.pace, minutes=timedelta(minutes=self.minutes))
        return replace(plan, host=self.host, hashtag=self.hashtag, pace=pace)


def ground(house: House, taken: Iterable[Taken] = ()) -> Ground:
    """What the dates of this installation are held against; raises ``NoSuchCountry``."""
    holiday.check(house.countries)
    return Ground(tuple(house.zones), tuple(house.countries), tuple(taken), house.locale)


# --- the year --------------------------------------------------------------------------------------------------------


def is_year(year: int) -> bool:
    """Whether a season can be of that year."""
    return YEARS[0] < year < YEARS[1]


def stretches(year: int) -> tuple[Stretch, ...]:
    """The seasons of a year in their order, the quiet months last; raises ``BadYear``."""
    if not is_year(year):
        raise errors.BadYear(year=year, first=YEARS[0] + 1, last=YEARS[1] - 1)
    return (
        Stretch(Kind.JANUARY, year, f"{year}-enero", phrase("Enero de {year}", year=year)),
        Stretch(Kind.SEPTEMBER, year, f"{year}-septiembre", phrase("Septiembre de {year}", year=year)),
        Stretch(Kind.CX_DAY, year, f"{year}-cx-day", phrase("Día de la CX de {year}", year=year)),
        Stretch(Kind.QUIET, year, f"{year}-resto", phrase("El resto de {year}", year=year)),
    )


def of_day(day: date) -> Stretch:
    """The season of the year in which a day falls; one that somebody made up is not looked for."""
    january, september, cx, quiet = stretches(day.year)
    if day == cx_day(day.year):
        return cx
    return {1: january, 9: september}.get(day.month, quiet)


def own(title: str, begins: date) -> Stretch:
    """A season that somebody made up, named by its title; raises ``FilledUp``."""
    tidy = " ".join(title.split())
    if len(tidy) > LONGEST_TITLE:
        limit = phrase("{count} caracteres", count=LONGEST_TITLE)
        raise errors.FilledUp(limit=limit, what=phrase("el título"), size=len(tidy))
    plain = unicodedata.normalize("NFKD", tidy).encode("ascii", "ignore").decode().lower()
    name = "-".join(re.findall(r"[a-z0-9]+", plain)[:6]) or "temporada"
    return Stretch(Kind.OWN, begins.year, f"{begins.year}-{name}"[:60].rstrip("-"), tidy)


def days(stretch: Stretch, rhythm: Rhythm) -> list[date]:
    """The days of a season in their order; raises ``BadRhythm`` for one of its own that has no beginning or end."""
    year = stretch.year
    if stretch.kind is Kind.CX_DAY:
        found = [cx_day(year)]
    elif stretch.kind is Kind.OWN:
        found = _within(*_bounds(rhythm), rhythm.days())
    elif stretch.kind is Kind.QUIET:
        found = [day for month in rhythm.quiet for day in _month(year, month, rhythm)[:1]]
    else:
        found = _month(year, 1 if stretch.kind is Kind.JANUARY else 9, rhythm)
    return [day for day in found if day not in rhythm.skip and (day.month, day.day) not in NEVER]


def cx_day(year: int) -> date:
    """The first Tuesday of October."""
    first = date(year, 10, 1)
    return first + timedelta(days=(TUESDAY - first.weekday()) % 7)


def plan(year: int, rhythm: Rhythm, debates: Sequence[Subject], ground: Ground) -> list[Proposal]:
    """Every debate of the year in order of time; raises ``BadRhythm`` where there is nothing to debate."""
    return _proposals([(one, day) for one in stretches(year) for day in days(one, rhythm)], rhythm, debates, ground)


def plan_season(stretch: Stretch, rhythm: Rhythm, debates: Sequence[Subject], ground: Ground) -> list[Proposal]:
    """The debates of one season, on the subjects that the year's plan gives it."""
    if stretch.kind is Kind.OWN:
        return _proposals([(stretch, day) for day in days(stretch, rhythm)], rhythm, debates, ground)
    return [one for one in plan(stretch.year, rhythm, debates, ground) if one.season.slug == stretch.slug]


def check(occurrences: Iterable[Occurrence], ground: Ground, *, minutes: int = 60) -> list[Checked]:
    """Each date with the hour in every zone of the community and all that it collides with."""
    checker = _Checker(ground)
    return [checker.check(one, minutes) for one in occurrences]


def _proposals(
    wanted: Sequence[tuple[Stretch, date]], rhythm: Rhythm, debates: Sequence[Subject], ground: Ground
) -> list[Proposal]:
    checker = _Checker(ground)
    found: list[Proposal] = []
    dealer = _Dealer(_chosen(rhythm, debates))
    for stretch, day in sorted(wanted, key=lambda one: one[1]):
        subject = dealer.deal(stretch)
        minutes = rhythm.minutes or int(subject.plan.pace.minutes.total_seconds() // 60)
        checked = checker.check(occurrence(datetime.combine(day, rhythm.at), rhythm.timezone), minutes)
        host, hashtag = rhythm.host or subject.plan.host, rhythm.hashtag or subject.plan.hashtag
        one = Proposal(stretch, checked.occurrence, subject, host, hashtag, minutes, checked.hours, checked.collisions)
        found.append(one)
    return found


def _month(year: int, month: int, rhythm: Rhythm) -> list[date]:
    """The days of the rhythm in a month, from its first week on."""
    begins = date(year, month, 1) + timedelta(weeks=rhythm.first_week - 1)
    ends = date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
    return _within(begins, ends, rhythm.days())


def _within(begins: date, ends: date, weekdays: Sequence[int]) -> list[date]:
    span = (begins + timedelta(days=number) for number in range((ends - begins).days + 1))
    return [day for day in span if day.weekday() in weekdays]


def _bounds(rhythm: Rhythm) -> tuple[date, date]:
    if rhythm.begins is None or rhythm.ends is None:
        raise errors.BadRhythm(faults=phrase("una temporada propia necesita su primer y su último día"))
    if rhythm.ends - rhythm.begins > LONGEST_OWN:
        raise errors.BadRhythm(faults=phrase("una temporada dura un año como mucho"))
    return rhythm.begins, rhythm.ends


# --- who debates what ------------------------------------------------------------------------------------------------


def _chosen(rhythm: Rhythm, debates: Sequence[Subject]) -> Sequence[Subject]:
    """The subjects of a rhythm in its order; where it names none, all."""
    known = {one.name: one for one in debates}
    unknown = [name for name in rhythm.subjects if name not in known]
    if unknown:
        faults = phrase("no hay ningún debate «{name}» (hay: {known})", name=unknown[0], known=", ".join(known))
        raise errors.BadRhythm(faults=faults)
    chosen = [known[name] for name in rhythm.subjects] or list(debates)
    if not chosen:
        raise errors.BadRhythm(faults=phrase("no hay ningún tema que debatir"))
    return chosen


class _Dealer:
    """Deals subjects to dates: first those at home in the season, then whichever was debated least."""

    def __init__(self, subjects: Sequence[Subject]) -> None:
        self.subjects = subjects
        self.dealt: Counter[str] = Counter()
        self.here: Counter[tuple[str, str]] = Counter()

    def deal(self, stretch: Stretch) -> Subject:
        at_home = [one for one in self.subjects if stretch.kind in one.seasons]
        fresh = [one for one in at_home if not self.here[stretch.slug, one.name]]
        # CX Day's subject is for that day alone, unless there is nothing else.
        others = [one for one in self.subjects if one.seasons != (Kind.CX_DAY,)] or self.subjects
        choice = fresh[:1] or sorted(others, key=lambda one: (self.here[stretch.slug, one.name], self.dealt[one.name]))
        self.dealt[choice[0].name] += 1
        self.here[stretch.slug, choice[0].name] += 1
        return choice[0]


# --- what collides ---------------------------------------------------------------------------------------------------


class _Checker:
    """Holds dates against one ground, with all that can be known of it before."""

    def __init__(self, ground: Ground) -> None:
        self.zones = [(name, localtime.zone(name)) for name in ground.zones]
        homes = holiday.homes(ground.countries, ground.zones)
        self.countries = [(country, homes.get(country, "")) for country in ground.countries]
        self.locale = ground.locale
        self.taken = sorted(ground.taken, key=lambda one: one.starts_at)
        self.starts = [one.starts_at for one in self.taken]
        self.longest = max((one.ends_at - one.starts_at for one in self.taken), default=timedelta(0))

    def check(self, one: Occurrence, minutes: int) -> Checked:
        hours = tuple(self._hours(one))
        found = [Collision(Clash.CLOCK, one.notice, one.zone)] if one.kind is not Clock.NORMAL else []
        found += [*self._holidays(one, hours), *self._debates(one, minutes)]
        found += [self._strange(hour) for hour in hours if hour.unusual]
        return Checked(one, hours, tuple(found))

    def _hours(self, one: Occurrence) -> Iterable[Hour]:
        for name, zone in self.zones:
            there = one.instant.astimezone(zone).replace(tzinfo=None)
            yield Hour(name, there, there - one.wall not in _usual(one.instant.year, one.zone, name))

    def _holidays(self, one: Occurrence, hours: Iterable[Hour]) -> Iterable[Collision]:
        # It is the day there that counts: late in Madrid is the eve in Lima.
        days = {hour.zone: hour.wall.date() for hour in hours}
        for country, home in self.countries:
            day = days.get(home) or one.wall.date()
            name = holiday.of_year(country, day.year, self.locale).get(day)
            if name:
                what = phrase("festivo en {country}: {name}", country=country, name=name)
                yield Collision(Clash.HOLIDAY, what, country)

    def _debates(self, one: Occurrence, minutes: int) -> Iterable[Collision]:
        ends = one.instant + timedelta(minutes=minutes)
        first = bisect_left(self.starts, one.instant - max(A_DAY, self.longest))
        last = bisect_left(self.starts, ends + A_DAY, lo=first)
        zone, day = localtime.zone(one.zone), one.wall.date()
        for other in self.taken[first:last]:
            local = other.starts_at.astimezone(zone)
            title, clock = other.title, f"{local:%H:%M}"
            if other.starts_at < ends and other.ends_at > one.instant:
                yield Collision(Clash.DEBATE, phrase("se solapa con «{title}» ({clock})", title=title, clock=clock))
            elif local.date() == day:
                yield Collision(Clash.DEBATE, phrase("ese día ya hay «{title}» ({clock})", title=title, clock=clock))

    def _strange(self, hour: Hour) -> Collision:
        then = f"{hour.wall:%H:%M}"
        what = phrase("semanas de cambio de hora: son las {then} en {city}", then=then, city=place(hour.zone))
        return Collision(Clash.HOURS, what, hour.zone)


@functools.lru_cache(maxsize=1024)
def _usual(year: int, base: str, zone: str) -> frozenset[timedelta]:
    """How far the clocks of two zones are apart in the depth of winter and of summer."""
    found = set[timedelta]()
    for month in (1, 7):
        instant = datetime(year, month, 1, 12, tzinfo=UTC)
        here, there = localtime.wall(instant, base), localtime.wall(instant, zone)
        found.add(there.replace(tzinfo=None) - here.replace(tzinfo=None))
    return frozenset(found)
