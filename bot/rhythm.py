"""The rhythm of a season: on which weekdays, at what hour, from which week on; as data, as text, as JSON. Pure."""

import json
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, time
from itertools import combinations

from bot import errors, localtime
from bot.phrase import phrase, several
from bot.ports import LONGEST_HASHTAG

THURSDAY = 3
# Months in which nobody decides to learn: those without a peak and without CX Day.
QUIET_MONTHS = (2, 3, 4, 5, 6, 7, 8, 11, 12)
MOST_SKIPPED = 100
LONGEST_MINUTES = 24 * 60

# What the fields of a rhythm are called where they are filled in (handlers/room/templates/season.html).
LABELS: Mapping[str, str] = {
    "timezone": phrase("Zona horaria"), "weekday": phrase("Días de la semana"), "at": phrase("Hora"),
    "per_week": phrase("Debates por semana"), "first_week": phrase("Desde la semana del mes"),
    "skip": phrase("Días sin debate"), "quiet": phrase("Los demás meses"), "subjects": phrase("Temas"),
    "host": phrase("Quién conduce"), "hashtag": phrase("Etiqueta"), "minutes": phrase("Duración en minutos"),
    "begins": phrase("Primer día"), "ends": phrase("Último día"),
}  # fmt: skip

CODES = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_NAMES = (
    ("lunes", "martes", "miercoles", "jueves", "viernes", "sabado", "domingo"),
    ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"),
)


@dataclass(frozen=True, slots=True)
class Rhythm:
    """What the dates of a season are made from. A season of its own goes from ``begins`` to ``ends``."""

    timezone: str = "Europe/Madrid"
    weekdays: tuple[int, ...] = (THURSDAY,)  # Monday is 0
    at: time = time(19)
    per_week: int = 1
    first_week: int = 2  # of the month, in whole weeks from its first day
    skip: tuple[date, ...] = ()
    quiet: tuple[int, ...] = ()  # the quiet months that have a debate
    subjects: tuple[str, ...] = ()  # names of debates, in their order; none: all there are
    host: str = ""  # "": whom the subject names
    hashtag: str = ""  # "": the subject's, or the house's
    minutes: int = 0  # 0: the subject's
    begins: date | None = None
    ends: date | None = None

    def days(self) -> tuple[int, ...]:
        """The weekdays of a week: those named and, for more debates a week, those that lie farthest apart."""
        missing = self.per_week - len(self.weekdays)
        if missing <= 0:
            return self.weekdays
        working = [day for day in range(5) if day not in self.weekdays]
        free = working if len(working) >= missing else [day for day in range(7) if day not in self.weekdays]
        choices = [tuple(sorted((*self.weekdays, *more))) for more in combinations(free, missing)]
        return max(choices, key=_spread)

    def fields(self) -> dict[str, str]:
        """The rhythm as text, as a form shows it and ``read`` takes it."""
        return {
            "timezone": self.timezone,
            "weekday": ",".join(CODES[day] for day in self.weekdays),
            "at": f"{self.at:%H:%M}",
            "per_week": str(self.per_week),
            "first_week": str(self.first_week),
            "skip": ",".join(day.isoformat() for day in self.skip),
            "quiet": "monthly" if self.quiet == QUIET_MONTHS else ",".join(map(str, self.quiet)) or "none",
            "subjects": ",".join(self.subjects),
            "host": self.host,
            "hashtag": self.hashtag,
            "minutes": str(self.minutes),
            "begins": self.begins.isoformat() if self.begins else "",
            "ends": self.ends.isoformat() if self.ends else "",
        }

    def to_json(self) -> str:
        """The rhythm as it is kept."""
        return json.dumps(self.fields(), ensure_ascii=False)


def from_json(text: str) -> Rhythm:
    """The rhythm that was kept; raises ``BadRhythm`` where it is none."""
    try:
        kept = json.loads(text)
        return read({str(name): str(value) for name, value in kept.items()})
    except (ValueError, AttributeError) as error:
        raise errors.BadRhythm(faults=str(error)) from error


def read(typed: Mapping[str, str], base: Rhythm | None = None) -> Rhythm:
    """The rhythm in what somebody typed, named as in ``Rhythm.fields``; what is missing or blank stays as in ``base``.

    Weekdays in Spanish or English («martes, jueves»), dates as 2027-01-14, ``quiet`` «monthly», «none» or numbers of
    months. A lone «-» empties a list or a text. Raises ``BadRhythm`` with every fault.
    """
    base = base or Rhythm()
    strange = sorted(set(typed) - set(_READERS) - {"weekday"})
    faults = [("", phrase("«{name}» no es parte de un ritmo", name=name)) for name in strange]
    found: dict[str, object] = {}
    for name, reader in (*_READERS.items(), ("weekday", _weekdays)):
        text = " ".join(typed.get(name, "").split())
        if not text:
            continue
        try:
            found["weekdays" if name == "weekday" else name] = reader("" if text == "-" else text)
        except (ValueError, OverflowError) as error:
            told = error.args[0] if isinstance(error, _Fault) else phrase("no se entiende «{text}»", text=text)
            faults.append((name, told))
    made = replace(base, **found)  # type: ignore[arg-type]  # each reader gives its field's own type
    if made.begins and made.ends and made.begins > made.ends:
        faults.append(("", phrase("acaba antes de empezar ({begins}, {ends})", begins=made.begins, ends=made.ends)))
    if faults:
        raise refused(faults)
    return made


def refused(faults: Sequence[tuple[str, str]], called: Mapping[str, str] = LABELS) -> errors.BadRhythm:
    """The refusal of faults, each with the field that has it (or ""), called as its reader sees it."""
    told = [phrase("{name}: {fault}", name=called.get(name, name), fault=it) if name else it for name, it in faults]
    return errors.BadRhythm(faults=several(told), by_field=tuple(faults))


def called(refusal: errors.BadRhythm, names: Mapping[str, str]) -> errors.BadRhythm:
    """The same refusal where people know the fields by other names: options, or the labels of another form."""
    faults = refusal.fields.get("by_field")
    return refused(faults, names) if isinstance(faults, tuple) else refusal


class _Fault(ValueError):
    """What is wrong, said."""


def _zone(text: str) -> str:
    try:
        localtime.zone(text)
    except ValueError as error:
        raise _Fault(error.args[0]) from error
    return text


def _weekdays(text: str) -> tuple[int, ...]:
    days = {_weekday(one) for one in _list(text)}
    if not days:
        raise _Fault(phrase("falta el día de la semana, por ejemplo jueves"))
    return tuple(sorted(days))


def _weekday(text: str) -> int:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().casefold()
    if plain.upper() in CODES:
        return CODES.index(plain.upper())
    for names in _NAMES:
        for day, name in enumerate(names):
            if len(plain) >= 3 and name.startswith(plain):
                return day
    raise _Fault(phrase("«{text}» no es un día de la semana, por ejemplo jueves", text=text))


def _at(text: str) -> time:
    found = re.fullmatch(r"(\d{1,2})(?:[:.h](\d{2})?)?h?", text)
    if found is None or int(found[1]) > 23 or int(found[2] or 0) > 59:
        raise _Fault(phrase("«{text}» no es una hora, por ejemplo 19:00", text=text))
    return time(int(found[1]), int(found[2] or 0))


def _number(least: int, most: int) -> Callable[[str], int]:
    def reader(text: str) -> int:
        if not re.fullmatch(r"\d{1,5}", text) or not least <= int(text) <= most:
            raise _Fault(phrase("va de {least} a {most}", least=least, most=most))
        return int(text)

    return reader


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise _Fault(phrase("«{text}» no es una fecha, por ejemplo 2027-01-14", text=text)) from error


def _dates(text: str) -> tuple[date, ...]:
    # A date in words, which is none, is named whole.
    days = {day for one in re.split(r"\s*[,;]\s*|\s+(?=\d{4}-)", text) if (day := _date(one)) is not None}
    if len(days) > MOST_SKIPPED:
        raise _Fault(phrase("caben {most} fechas", most=MOST_SKIPPED))
    return tuple(sorted(days))


def _quiet(text: str) -> tuple[int, ...]:
    if text.casefold() in {"none", "ninguno", "no", ""}:
        return ()
    if text.casefold() in {"monthly", "mensual"}:
        return QUIET_MONTHS
    months = tuple(sorted({int(one) if one.isdecimal() else 0 for one in _list(text)}))
    if not set(months) <= set(QUIET_MONTHS):
        raise _Fault(phrase("vale monthly, none o meses de entre {months}", months=", ".join(map(str, QUIET_MONTHS))))
    return months


def _names(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_list(text)))


def _text(limit: int) -> Callable[[str], str]:
    def reader(text: str) -> str:
        if len(text) > limit:
            raise _Fault(phrase("caben {limit} caracteres", limit=limit))
        return text

    return reader


def _hashtag(text: str) -> str:
    tag = text.lstrip("#")
    if len(tag) > LONGEST_HASHTAG:
        raise _Fault(phrase("caben {limit} caracteres", limit=LONGEST_HASHTAG))
    if tag and not re.fullmatch(r"\w+", tag):
        raise _Fault(phrase("solo letras, cifras y guion bajo, sin espacios"))
    return tag


def _list(text: str) -> list[str]:
    return [one for one in re.split(r"[\s,;]+", text) if one]


def _spread(days: tuple[int, ...]) -> tuple[int, ...]:
    """The pauses between the days of a week, the shortest first: the larger the better spread."""
    pauses = [after - day for day, after in zip(days, (*days[1:], days[0] + 7), strict=True)]
    return tuple(sorted(pauses))


_READERS: Mapping[str, Callable[[str], object]] = {
    "timezone": _zone, "at": _at, "per_week": _number(1, 7), "first_week": _number(1, 4), "skip": _dates,
    "quiet": _quiet, "subjects": _names, "host": _text(100), "hashtag": _hashtag,
    "minutes": _number(0, LONGEST_MINUTES), "begins": _date, "ends": _date,
}  # fmt: skip
