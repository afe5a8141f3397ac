"""What people call days and hours, in Spanish and English: the parts of «el próximo jueves a las 7 y media».

Each part is found where it stands in a folded text (``fold``); ``utterance.py`` takes a whole text
apart, and what its parts mean together is decided in ``when.py``.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum


class How(StrEnum):
    """Which of the weekdays of that name."""

    PLAIN = "plain"
    NEXT = "next"  # el próximo jueves, next Thursday
    THIS_WEEK = "this week"
    NEXT_WEEK = "next week"
    UNSURE = "unsure"  # el otro jueves, Thursday after next
    GONE = "gone"  # el jueves pasado


class Half(StrEnum):
    """Which part of the day an hour is in."""

    MORNING = "morning"
    BEFORE_DAWN = "before dawn"
    NOON = "noon"
    AFTERNOON = "afternoon"
    NIGHT = "night"
    AM = "am"
    PM = "pm"


@dataclass(frozen=True, slots=True)
class Weekday:
    """«el próximo jueves»; Monday is 0."""

    weekday: int
    how: How = How.PLAIN


@dataclass(frozen=True, slots=True)
class Date:
    """«14/1», «el 14 de enero de 2027», «el 14»; ``other`` where it is told by digits that could be the other way."""

    day: int
    month: int | None = None
    year: int | None = None
    other: bool = False


@dataclass(frozen=True, slots=True)
class Ahead:
    """«mañana», «dentro de dos semanas»: so many days from today, which lie behind when it is negative."""

    days: int


@dataclass(frozen=True, slots=True)
class Nth:
    """«el primer martes de octubre»; the last one is -1."""

    nth: int
    weekday: int
    month: int
    year: int | None


@dataclass(frozen=True, slots=True)
class Hour:
    """«19:00», «las siete y media»; ``clock`` where it was written with its minutes; ``nights`` is 1 at midnight."""

    hour: int
    minute: int = 0
    clock: bool = False
    nights: int = 0


@dataclass(frozen=True, slots=True)
class Number:
    """A number alone, «jueves 7»: a day of the month, or an hour."""

    number: int


@dataclass(frozen=True, slots=True)
class Place:
    """«hora de Chile»: its zone, or "" of a place that is not known; ``start`` and ``end`` in the text."""

    zone: str
    start: int
    end: int


Value = Weekday | How | Date | Ahead | Nth | Hour | Number | Half | Place


@dataclass(frozen=True, slots=True)
class Part:
    """One part of what was said, and where in the text it ends."""

    value: Value
    end: int


def fold(text: str) -> str:
    """The text as it is compared: no accents, no capitals, every character at its place."""
    return "".join(unicodedata.normalize("NFD", one)[0].casefold()[:1] or one for one in text)


# --- words -----------------------------------------------------------------------------------------------------------


def _table(*lines: str, first: int = 0) -> dict[str, int]:
    return {word: number for number, line in enumerate(lines, start=first) for word in line.split("|") if word}


_WEEKDAYS = _table(
    "lunes|lun|monday|mon", "martes|mar|tuesday|tues|tue", "miercoles|mierc|mie|wednesday|wed",
    "jueves|jue|thursday|thurs|thu", "viernes|vie|friday|fri", "sabado|sab|saturday|sat", "domingo|dom|sunday|sun",
)  # fmt: skip
_MONTHS = _table(
    "enero|ene|january|jan", "febrero|feb|february", "marzo|mar|march", "abril|abr|april|apr", "mayo|may",
    "junio|jun|june", "julio|jul|july", "agosto|ago|august|aug", "septiembre|setiembre|september|sept|sep|set",
    "octubre|oct|october", "noviembre|nov|november", "diciembre|dic|december|dec", first=1,
)  # fmt: skip
_HOURS = _table(
    "una|one", "dos|two", "tres|three", "cuatro|four", "cinco|five", "seis|six", "siete|seven", "ocho|eight",
    "nueve|nine", "diez|ten", "once|eleven", "doce|twelve", first=1,
)  # fmt: skip
_MINUTES = {
    "cinco": 5, "five": 5, "diez": 10, "ten": 10, "cuarto": 15, "quarter": 15, "veinte": 20, "twenty": 20,
    "veinticinco": 25, "twenty-five": 25, "media": 30, "half": 30,
}  # fmt: skip
_MANY = {**_HOURS, "un": 1, "a": 1, "an": 1, "quince": 15, "fifteen": 15}
_NTHS = {
    "primero": 1, "primer": 1, "first": 1, "1st": 1, "segundo": 2, "second": 2, "2nd": 2, "tercero": 3, "tercer": 3,
    "third": 3, "3rd": 3, "cuarto": 4, "fourth": 4, "4th": 4, "quinto": 5, "fifth": 5, "5th": 5, "ultimo": -1,
    "last": -1,
}  # fmt: skip
_HALVES = {
    "manana": Half.MORNING, "morning": Half.MORNING, "madrugada": Half.BEFORE_DAWN, "mediodia": Half.NOON,
    "tarde": Half.AFTERNOON, "afternoon": Half.AFTERNOON, "noche": Half.NIGHT, "night": Half.NIGHT,
    "evening": Half.NIGHT,
}  # fmt: skip


def _any(words: Mapping[str, object]) -> str:
    """One of the words; the longest first, so that none is taken for the beginning of another."""
    return "(?:" + "|".join(sorted(words, key=len, reverse=True)) + ")"


# --- patterns --------------------------------------------------------------------------------------------------------

_PIECES = {
    "W": _any(_WEEKDAYS), "M": _any(_MONTHS), "H": rf"(?:\d{{1,2}}|{_any(_HOURS)})",
    "MIN": rf"(?:\d{{1,2}}|{_any(_MINUTES)})", "MANY": rf"(?:\d{{1,2}}|{_any(_MANY)})", "NTH": _any(_NTHS),
    "HALF": _any(_HALVES), "END": r"(?![\w:])",
    # «mar 14» is Tuesday in Spanish and March in English: in front of a number only the whole name is a month.
    "NAMED": _any({name: 0 for name in _MONTHS if name != "mar"}),
    "DAY": r"(?:(?:para|for)\s+)?(?:(?:del|el|on\s+the|on|the)\s+)?(?:(?:dia|day)\s+)?",
    "AT": r"(?:(?:a|desde|sobre|hacia|para)\s+las?\s+|(?:at|from|around|by)\s+|@\s*)",
    "YEAR": r"(?:\s*,?\s*(?:de\s+|del\s+|of\s+)?(?P<year>\d{4})(?![\w:.]))?",
    "IN": r"(?:(?:de|por|en|a)\s+la|in\s+the|at)",
    "AMPM": r"[ap]\s?\.?\s?m\b\.?",
    "NEXTWEEK": r"(?:la\s+)?(?:semana\s+que\s+viene|proxima\s+semana|semana\s+proxima)|next\s+week",
    "THISWEEK": r"esta\s+semana|this\s+week",
}  # fmt: skip


def _p(pattern: str) -> re.Pattern[str]:
    """The pattern, each ``<NAME>`` in it replaced by the piece of that name."""
    for name, piece in _PIECES.items():
        pattern = pattern.replace(f"<{name}>", piece)
    return re.compile(pattern)


_Build = Callable[[re.Match[str]], Value]


def _weekday(found: re.Match[str]) -> Value:
    before, after = found["before"] or "", found["after"] or ""
    week = found["ahead"] or found["week"] or ""
    how = How.PLAIN
    if week:
        how = How.THIS_WEEK if re.search(r"esta|this", week) else How.NEXT_WEEK
    elif before in {"last", "pasado"} or after == "pasado":
        how = How.GONE
    elif before == "otro" or after not in {"", "que viene", "proximo", "siguiente"}:
        how = How.UNSURE
    elif after or before in {"proximo", "next", "siguiente"}:
        how = How.NEXT
    return Weekday(_WEEKDAYS[found["weekday"]], how)


def _digits(found: re.Match[str]) -> Value:
    first, second, year = int(found["first"]), int(found["second"]), _year(found["year"])
    if second > 12 >= first:  # 1/14 can only be January
        return Date(second, first, year, other=True)
    return Date(first, second, year, other=first != second and first <= 12)


def _year(digits: str | None) -> int | None:
    return int(digits) + (2000 if len(digits) == 2 else 0) if digits else None


def _named(found: re.Match[str]) -> Value:
    day = 1 if found["day"].isalpha() else int(found["day"])
    return Date(day, _MONTHS[found["month"]], _year(found["year"]))


def _ahead(found: re.Match[str]) -> Value:
    many = _number(found["many"], _MANY)
    return Ahead(many * 7 if found["unit"].startswith(("semana", "week")) else many)


def _clock(found: re.Match[str]) -> Value:
    return Hour(int(found["hour"]), int(found["minute"] or 0), clock=bool(found["minute"]))


def _spoken(found: re.Match[str]) -> Value:
    said = found.groupdict()
    hour, minute = _number(found["hour"], _HOURS), _number(said.get("minute") or "0", _MINUTES)
    if said.get("sign") in {"menos", "to"}:
        return Hour(hour - 1 or 12, 60 - minute)
    return Hour(hour, minute)


def _number(word: str, names: Mapping[str, int]) -> int:
    return int(word) if word.isdecimal() else names[word]


_PATTERNS: Sequence[tuple[re.Pattern[str], _Build]] = (
    # days
    (_p(r"<DAY>(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})(?:t(?=\d)|<END>)"),
     lambda m: Date(int(m["day"]), int(m["month"]), int(m["year"]))),
    (_p(r"<DAY>(?P<first>\d{1,2})/(?P<second>\d{1,2})(?:/(?P<year>\d{4}|\d\d))?(?![\w/])"), _digits),
    (_p(r"<DAY>(?P<first>\d{1,2})(?P<by>[.-])(?P<second>\d{1,2})(?P=by)(?P<year>\d{4}|\d\d)(?![\w.-])"), _digits),
    (_p(r"<DAY>(?P<nth><NTH>)\s+(?P<weekday><W>)\s+(?:de|of|in)\s+(?P<month><M>)\b<YEAR><END>"),
     lambda m: Nth(_NTHS[m["nth"]], _WEEKDAYS[m["weekday"]], _MONTHS[m["month"]], _year(m["year"]))),
    (_p(r"<DAY>(?P<day>\d{1,2}|primero|uno)(?:st|nd|rd|th|º|°|ro)?\s*(?:de\s+|of\s+)?(?P<month><M>)\b\.?<YEAR><END>"),
     _named),
    (_p(r"<DAY>(?P<month><NAMED>)\b\.?\s+(?:the\s+)?(?P<day>\d{1,2})(?:st|nd|rd|th)?"
        r"(?![\d:]|[.]\d|\s*(?:h|hs|hrs|horas)\b|\s*<AMPM>|\s+(?:de\s+)?<M>\b)<YEAR><END>"), _named),
    (_p(r"<DAY>(?:(?P<ahead><NEXTWEEK>|<THISWEEK>)\s*,?\s*(?:el\s+|on\s+)?)?"
        r"(?:(?P<before>proximo|next|siguiente|this\s+coming|this|coming|este|last|pasado|otro)\s+)?"
        r"(?P<weekday><W>)\b\.?"
        r"(?:\s+(?:(?:de\s+|of\s+)?(?P<week><NEXTWEEK>|<THISWEEK>)"
        r"|(?P<after>que\s+viene|proximo|siguiente|pasado|after\s+next|week|no,?\s+el\s+(?:otro|siguiente)"
        r"|(?:after|from)\s+(?:this|that|now)|de\s+(?:dentro|aqui)|de\s+la\s+otra)))?<END>"), _weekday),
    # «jueves a las 19:00 de la semana que viene»
    (_p(r"(?:de\s+|of\s+)?(?:(?P<next><NEXTWEEK>)|(?P<this><THISWEEK>)|que\s+viene)<END>"),
     lambda m: How.NEXT_WEEK if m["next"] else How.THIS_WEEK if m["this"] else How.NEXT),
    (_p(r"<DAY>(?:pasado\s+manana|(?:the\s+)?day\s+after\s+tomorrow)<END>"), lambda _: Ahead(2)),
    (_p(r"(?:para\s+|for\s+)?(?:hoy(?:\s+mismo)?|today)<END>"), lambda _: Ahead(0)),
    (_p(r"(?:para\s+|for\s+)?(?:manana(?:\s+mismo)?|tomorrow)<END>"), lambda _: Ahead(1)),
    (_p(r"(?:antes\s+de\s+ayer|anteayer|ayer|anoche|yesterday|last\s+night)<END>"), lambda _: Ahead(-1)),
    # «esta tarde» and "tonight" are today and a half of it: the half is read next
    (_p(r"(?:esta(?=\s+(?:manana|tarde|noche)<END>)|this(?=\s+(?:morning|afternoon|evening)<END>)|to(?=night<END>))"),
     lambda _: Ahead(0)),
    (_p(r"(?:en|dentro\s+de|de\s+aqui\s+a|in)\s+(?P<many><MANY>)\s+(?P<unit>dias?|semanas?|days?|weeks?)<END>"),
     _ahead),
    (_p(r"(?:el\s+dia|el|dia|on\s+the|the|day)\s+(?P<day>\d{1,2})(?:st|nd|rd|th|º)?"
        r"(?![\w:/]|[.]\d|\s*(?:h|hs|hrs|horas)\b|\s*<AMPM>)"), lambda m: Date(int(m["day"]))),
    (_p(r"(?P<day>\d{1,2})(?:st|nd|rd|th)(?!\w)"), lambda m: Date(int(m["day"]))),
    # hours, and the half of the day that they are in
    (_p(r"(?:<IN>\s+)?(?P<half><HALF>)<END>"), lambda m: _HALVES[m["half"]]),
    (_p(r"(?:del|de)\s+(?P<half>mediodia)<END>"), lambda _: Half.NOON),
    (_p(r"<AMPM>(?!\w)"), lambda m: Half.AM if m[0].startswith("a") else Half.PM),
    (_p(r"(?:<AT>|de\s+)?(?P<hour>\d{1,2})[:.](?P<minute>\d\d)(?::00)?(?!:?\d|[.]\d)(?:\s*(?:horas|hrs|hs|h)\b\.?)?"
        r"(?:(?!\w)|(?=[ap]\.?m|z\b))"), _clock),
    (_p(r"(?:<AT>|de\s+)?(?P<hour>\d{1,2})\s?(?:horas|hrs|hs|h)\.?(?:\s?(?P<minute>[0-5]\d))?<END>"), _clock),
    (_p(r"(?:a\s+|at\s+)?(?P<minute><MIN>)\s+(?P<sign>past|to)\s+(?P<hour><H>)<END>"), _spoken),
    (_p(r"<AT>(?P<hour>\d{1,2})\s+(?P<minute>[0-5]\d)(?=\s*$|\s+<IN>\s+<HALF><END>|\s*<AMPM>)"), _clock),
    (_p(r"<AT>(?P<hour><H>)(?!\w)(?:\s+(?P<sign>y|menos)\s+(?P<minute><MIN>)(?!\w))?(?:\s+en\s+punto|\s*o'?clock)?(?![:/])"),
     _spoken),
    (_p(r"(?:<AT>|de\s+)?(?P<hour><H>)(?:\s+(?P<sign>y|menos)\s+(?P<minute><MIN>))?"
        r"(?:\s+en\s+punto|\s*o'?clock|(?=\s+<IN>\s+<HALF><END>|\s+(?:del|de)\s+mediodia<END>|\s*<AMPM>))"), _spoken),
    (_p(r"(?:a\s+|al\s+|at\s+)?(?:medio\s?dia|noon|midday)<END>"), lambda _: Hour(12, clock=True)),
    (_p(r"(?:a\s+(?:la\s+)?|at\s+)?(?:media\s?noche|midnight)<END>"), lambda _: Hour(0, clock=True, nights=1)),
    (_p(r"(?P<number>\d{1,2})(?![\w:/%]|[.,]\d)"), lambda m: Number(int(m["number"]))),
)  # fmt: skip


def part_at(folded: str, start: int) -> Part | None:
    """The day, hour or number that begins at a position, or None where something else does."""
    for pattern, build in _PATTERNS:
        found = pattern.match(folded, start)
        if found is not None:
            return Part(build(found), found.end())
    return None


def another_hour(folded: str) -> str:
    """An hour somewhere in the text that can be nothing else; "" where there is none."""
    found = _AN_HOUR.search(folded)
    return found[0] if found is not None else ""


def a_day(folded: str) -> str:
    """A weekday or a month by its whole name somewhere in the text; "" where there is none."""
    found = _A_DAY.search(folded)
    return found[0] if found is not None else ""


_A_DAY = re.compile(
    rf"(?<!\w){_any({name: 0 for name in (*_WEEKDAYS, *_MONTHS) if len(name) > 4 or name == 'mayo'})}(?!\w)"
)
_AN_HOUR = _p(r"(?<!\w)(?:\d{1,2}:\d\d(?!\d)|\d{1,2}\s?<AMPM>(?!\w)|(?:a\s+las?|at)\s+<H>(?!\w))")
