"""Free words as a local date and time: «jueves 19:00 ¿Quién es el CXO?», "next Thursday at 7pm, Bogotá time". Pure.

What can be read in two ways is said (``notes``) or refused, never guessed; and nobody plans anything from words alone:
whoever typed them sees the day in full and confirms it.
"""

import calendar
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

from bot import errors, hours, localtime
from bot.dates import Moment
from bot.phrase import Phrase, listed, phrase
from bot.places import Places
from bot.ports import ZONES
from bot.timewords import Ahead, Date, Half, Hour, How, Nth, Weekday
from bot.utterance import Said, read, short

# Who types a year beyond has mistyped it.
MOST_YEARS = 10
# The hour of the examples, at which debates are held.
USUAL = "19:00"

_WEEKDAYS = (
    phrase("lunes"), phrase("martes"), phrase("miércoles"), phrase("jueves"), phrase("viernes"), phrase("sábado"),
    phrase("domingo"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Understood:
    """What was meant: a local time that exists once and lies ahead, its zone, what else was said, what to know.

    ``rest`` is the title, empty where nothing is left. ``notes`` say how that was read which has another reading.
    """

    local: datetime
    zone: str
    rest: str
    notes: tuple[Phrase, ...]

    @property
    def instant(self) -> datetime:
        """The instant in UTC."""
        return localtime.resolve(self.local, self.zone)


def understand(text: str, *, now: datetime, zone: str, zones: Sequence[str] = ZONES) -> Understood:
    """What the words mean, said at ``now``; without a place they mean ``zone``, and ``zones`` are the places known.

    Raises ``NotUnderstood`` with the nearest reading and an example, ``PastStart``, and ``NoSuchTime`` or ``TwoTimes``
    as ``localtime.resolve`` does.
    """
    typed = " ".join(unicodedata.normalize("NFC", text).split())
    places = Places((zone, *zones))
    said = read(typed, places)
    reading = _Reading(typed, said, zone, now, places)
    return reading.understood()


# --- deciding --------------------------------------------------------------------------------------------------------


@dataclass
class _Reading:
    """One text on its way to a meaning."""

    typed: str
    said: Said
    home: str
    now: datetime
    places: Places
    notes: list[Phrase] = field(default_factory=list)

    def understood(self) -> Understood:
        zone = self._zone()
        local_now = localtime.wall(self.now, zone).replace(tzinfo=None)
        hour = self._hour(local_now)
        day = self._day(local_now, hour)
        if hour.nights:
            self.notes.append(phrase("medianoche: la noche del {day} al día siguiente", day=_named(day)))
        local = datetime.combine(day, datetime.min.time()) + timedelta(
            days=hour.nights, hours=hour.hour, minutes=hour.minute
        )
        instant = localtime.resolve(local, zone)
        if instant <= self.now.astimezone(UTC):
            raise errors.PastStart(starts=Moment(instant, zone))
        return Understood(local, zone, self.said.rest, tuple(self.notes))

    def refused(self, why: Phrase, *, day: date | None = None, hour: str = USUAL) -> errors.NotUnderstood:
        """The refusal, with an example that would be understood: the nearest there is to what was typed."""
        example = phrase("jueves {time}", time=hour) if day is None else f"{day:%d/%m/%Y} {hour}"
        known = "" if day is None else day.isoformat()
        return errors.NotUnderstood(text=short(self.typed), why=why, example=example, day=known)

    # --- where ---------------------------------------------------------------------------------------------------

    def _zone(self) -> str:
        place = self.said.place
        if place is None:
            return self.home
        word = self.typed[place.start : place.end]
        zone = place.zone or self._abbreviated(word)
        if not zone:
            known = listed([hours.place(zone) for zone in self.places.zones])
            raise self.refused(phrase("no sé dónde es «{word}»; conozco {places}", word=word, places=known))
        if self.said.rest or not place.zone:
            self.notes.append(phrase("«{word}» es la zona de la hora, {zone}", word=word, zone=zone))
        return zone

    def _abbreviated(self, word: str) -> str:
        """The one zone of the community that goes by the abbreviation in some part of the year, or ""."""
        year = [datetime(self.now.year, month, 1, tzinfo=UTC) for month in (1, 7)]
        found = {
            zone for zone in self.places.zones for moment in year
            if localtime.wall(moment, zone).tzname() == word.upper()
        }  # fmt: skip
        return found.pop() if len(found) == 1 else ""

    # --- at what hour --------------------------------------------------------------------------------------------

    def _hour(self, local_now: datetime) -> Hour:
        said, number = self.said, self.said.number
        if said.hour is not None and number is not None and said.day is None and said.weekday is not None:
            said.day, said.number = Date(number.number), None  # «jueves 14, 19:00»
        if said.number is not None and said.hour is None and said.half is not None:
            said.hour, said.number = Hour(said.number.number), None  # «jueves por la tarde, 7»
        if said.number is not None and said.hour is not None:
            raise self.refused(phrase("no sé qué hacer con «{word}»", word=str(said.number.number)))
        if said.number is not None:
            raise self._which_hour(said.number.number, local_now)
        if said.hour is None:
            raise self._no_hour(local_now)
        return self._in_its_half(said.hour, said.half, local_now)

    def _no_hour(self, local_now: datetime) -> errors.NotUnderstood:
        if self.said.day is None and self.said.weekday is None:
            return self.refused(phrase("no veo ni el día ni la hora"))
        day = self._day(local_now, Hour(23, 59, clock=True))
        return self.refused(phrase("falta la hora del {day}", day=_named(day)), day=day)

    def _which_hour(self, number: int, local_now: datetime) -> errors.NotUnderstood:
        day = self._day(local_now, Hour(23, 59, clock=True)) if self.said.day or self.said.weekday else None
        if not 0 <= number <= 23:
            return self.refused(phrase("no sé qué hacer con «{word}»", word=str(number)), day=day)
        if 1 <= number <= 11:
            first, second = f"{number:02}:00", f"{number + 12}:00"
            why = phrase("«{word}» puede ser las {first} o las {second}", word=str(number), first=first, second=second)
            return self.refused(why, day=day, hour=second)
        why = phrase("«{word}» puede ser un día o las {first}", word=str(number), first=f"{number:02}:00")
        return self.refused(why, day=day, hour=f"{number:02}:00")

    def _in_its_half(self, hour: Hour, half: Half | None, local_now: datetime) -> Hour:
        """The hour of the 24; raises ``NotUnderstood`` where it has none, or could be two."""
        if hour.hour == 24 and not hour.minute:
            hour = Hour(0, clock=True, nights=1)
        if hour.hour > 23 or hour.minute > 59:
            raise self.refused(phrase("no hay ninguna hora «{word}»", word=f"{hour.hour}:{hour.minute:02}"))
        if half is None:
            return self._of_the_clock(hour, local_now)
        found = _HOURS_OF[half].get(hour.hour)
        if hour.nights or found is None:
            why = phrase("las {time} no son esa parte del día", time=f"{hour.hour}:{hour.minute:02}")
            raise self.refused(why)
        return replace(hour, hour=found % 24, nights=found // 24)

    def _of_the_clock(self, hour: Hour, local_now: datetime) -> Hour:
        if hour.hour > 11 or not hour.hour:
            return hour
        first, second = f"{hour.hour:02}:{hour.minute:02}", f"{hour.hour + 12}:{hour.minute:02}"
        if hour.clock and first in self.typed:
            return hour
        if hour.clock:
            self.notes.append(phrase("son las {first}, por la mañana; por la tarde serían las {second}", first=first,
                                     second=second))  # fmt: skip
            return hour
        day = self._day(local_now, Hour(23, 59, clock=True)) if self.said.day or self.said.weekday else None
        why = phrase("«{word}» puede ser las {first} o las {second}", word=f"{hour.hour}:{hour.minute:02}", first=first,
                     second=second)  # fmt: skip
        raise self.refused(why, day=day, hour=second)

    # --- on what day ---------------------------------------------------------------------------------------------

    def _day(self, local_now: datetime, hour: Hour) -> date:
        today = local_now.date()
        over = not hour.nights and (hour.hour, hour.minute) <= (local_now.hour, local_now.minute)
        if self.said.day is None:
            if self.said.weekday is None:
                raise self.refused(phrase("falta el día"), hour=f"{hour.hour:02}:{hour.minute:02}")
            return self._of_the_week(self._which(self.said.weekday), today, over=over)
        if self.said.how is not None:
            raise self.refused(phrase("no sé de qué semana hablas"))
        day = self._of_the_calendar(self.said.day, today, over=over)
        if self.said.weekday is not None and day.weekday() != self.said.weekday.weekday:
            wanted = _WEEKDAYS[self.said.weekday.weekday]
            raise self.refused(phrase("el {day} no es {weekday}", day=_named(day), weekday=wanted), day=day)
        return day

    def _which(self, said: Weekday) -> Weekday:
        """The weekday with what was said of its week afterwards."""
        if self.said.how is None:
            return said
        if said.how is not How.PLAIN:
            raise self.refused(phrase("no sé de qué semana hablas"))
        return replace(said, how=self.said.how)

    def _of_the_calendar(self, said: Date | Ahead | Nth, today: date, *, over: bool) -> date:
        if isinstance(said, Ahead):
            return today + timedelta(days=said.days)
        if isinstance(said, Nth):
            return self._nth(said, today)
        if said.month is None:
            return self._of_the_month(said.day, today, over=over)
        return self._of_the_year(said, said.month, today)

    def _of_the_week(self, said: Weekday, today: date, *, over: bool) -> date:
        ahead = (said.weekday - today.weekday()) % 7
        nearest, monday = today + timedelta(days=ahead), today - timedelta(days=today.weekday())
        later = nearest + timedelta(days=7)
        if said.how is How.GONE:
            raise self.refused(phrase("eso ya ha pasado"), day=nearest if ahead else later)
        if said.how is How.UNSURE:
            why = phrase("puede ser el {first} o el {second}", first=_named(later), second=_named(nearest))
            raise self.refused(why, day=later)
        if said.how is How.THIS_WEEK:
            return monday + timedelta(days=said.weekday)
        if said.how is How.NEXT_WEEK:
            return monday + timedelta(days=7 + said.weekday)
        if said.how is How.NEXT and ahead:
            # On a Wednesday «el próximo jueves» is tomorrow for some and in eight days for others.
            if nearest < monday + timedelta(days=7):
                self.notes.append(phrase("es el más cercano; el siguiente es el {day}", day=_named(later)))
            return nearest
        if ahead:
            return nearest
        if said.how is How.NEXT or over:
            gone = phrase(
                "hoy es {weekday} y esa hora ya ha pasado: es el de la semana que viene",
                weekday=_WEEKDAYS[said.weekday],
            )
            self.notes.append(phrase("no es hoy: es el de la semana que viene") if said.how is How.NEXT else gone)
            return later
        self.notes.append(phrase("es hoy mismo; el siguiente es el {day}", day=_named(later)))
        return nearest

    def _of_the_month(self, number: int, today: date, *, over: bool) -> date:
        """The next month's day of that number."""
        for months in range(13):
            year, month = divmod(today.year * 12 + today.month - 1 + months, 12)
            if 1 <= number <= calendar.monthrange(year, month + 1)[1]:
                day = date(year, month + 1, number)
                if day > today or (day == today and not over):
                    return day
        raise self.refused(phrase("no hay ningún día «{word}»", word=str(number)))

    def _of_the_year(self, said: Date, month: int, today: date) -> date:
        if said.year is not None:
            self._near(said.year, today)
        # Without a year it is the next one that has the day, which for 29 February may take a few.
        for year in range(today.year, today.year + 9) if said.year is None else [said.year]:
            if not 1 <= month <= 12 or not 1 <= said.day <= calendar.monthrange(year, month)[1]:
                continue
            day = date(year, month, said.day)
            if said.year is not None or day >= today:
                self._how_it_was_read(said, day, today)
                return day
        raise self.refused(phrase("no hay ningún día «{word}»", word=f"{said.day}/{said.month}"))

    def _near(self, year: int, today: date) -> None:
        if year < today.year - 1:
            raise self.refused(phrase("eso ya ha pasado"))
        if year > today.year + MOST_YEARS:
            raise self.refused(phrase("el año {year} queda demasiado lejos", year=year))

    def _how_it_was_read(self, said: Date, day: date, today: date) -> None:
        if said.other and day.day > 12:
            self.notes.append(phrase("lo leo como mes/día: el {day}", day=_named(day)))
        elif said.other and said.month is not None:
            other = f"{said.day:02}/{said.month:02}"
            self.notes.append(phrase("lo leo como día/mes, no como mes/día: {digits} es el {day}", digits=other,
                                     day=_named(day)))  # fmt: skip
        if said.year is None and day.year != today.year:
            self.notes.append(phrase("sin año, es el que viene: el {day}", day=_named(day)))

    def _nth(self, said: Nth, today: date) -> date:
        if said.year is not None:
            self._near(said.year, today)
        for year in (said.year or today.year, said.year or today.year + 1):
            month = [day for day in calendar.Calendar().itermonthdates(year, said.month) if day.month == said.month]
            days = [day for day in month if day.weekday() == said.weekday]
            if said.nth > len(days):
                raise self.refused(phrase("ese mes no tiene tantos"), day=days[-1] if days[-1] > today else None)
            found = days[said.nth - 1] if said.nth > 0 else days[-1]
            if said.year is not None or found >= today:
                return found
        raise self.refused(phrase("eso ya ha pasado"))


# The hour of each half of the day on a 24-hour clock; 24 is the midnight that ends it.
_HOURS_OF = {
    Half.AM: {12: 0, **{hour: hour for hour in range(12)}},
    Half.PM: {12: 12, **{hour: hour + 12 for hour in range(1, 12)}, **{hour: hour for hour in range(13, 24)}},
    Half.BEFORE_DAWN: {12: 0, **{hour: hour for hour in range(7)}},
    Half.MORNING: {hour: hour for hour in range(13)},
    Half.NOON: {12: 12, 1: 13, 2: 14, 3: 15, **{hour: hour for hour in range(13, 16)}},
    Half.AFTERNOON: {12: 12, **{hour: hour + 12 for hour in range(1, 9)}, **{hour: hour for hour in range(13, 22)}},
    Half.NIGHT: {12: 24, **{hour: hour + 12 for hour in range(5, 12)}, **{hour: hour for hour in range(17, 24)}},
}


def _named(day: date) -> Phrase:
    """«jueves 14/01/2027»: a day that is read in any language."""
    return phrase(
        "{weekday} {day}/{month}/{year}", weekday=_WEEKDAYS[day.weekday()], day=f"{day:%d}", month=f"{day:%m}",
        year=day.year,
    )  # fmt: skip
