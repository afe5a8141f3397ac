"""One text of free words taken apart: its day, its hour, its place, and the title that is left. Pure."""

import re
from dataclasses import dataclass, replace

from bot import errors
from bot.phrase import Phrase, phrase
from bot.places import Places, strange
from bot.timewords import (
    Ahead,
    Date,
    Half,
    Hour,
    How,
    Nth,
    Number,
    Place,
    Value,
    Weekday,
    a_day,
    another_hour,
    fold,
    part_at,
)

# A title and the words of a date; what is longer is something else.
LONGEST = 400

_BETWEEN = re.compile(r"[\s,;·|]*(?:[–—-]\s+)?")
_CONNECTED = re.compile(r"(?:(?:o|u|y|e|or|and|a|hasta|to|until)\s+|[-–—/]\s*)(?:hasta\s+)?")
_OPEN_RANGE = re.compile(r"\d\s*(?:\b(?:a|o|u|y|hasta|to|until|or|and)|[-–—/])\s*$")
# «cada jueves», «entre las 7 y las»: words that no title ends with, and none begins with «y media».
_SERIES = re.compile(r"\b(?:cada|todos\s+los|todas\s+las|every|each)$")
_DANGLING = re.compile(
    r"(?:^|\s)(?:al?|las?|los|el|del?|entre|desde|hasta|no|from|to|the|until|on|at|of|not|between|and|or|[yoeu])$"
)
_MORE = re.compile(r"(?:y|menos)\s+(?:media|cuarto|\d)")
_QUOTES = tuple('«"“')
_SEVERAL = phrase("veo más de un día o más de una hora")
_EDGES = " \t-–—:,;·|."


@dataclass
class Said:
    """The parts that were found, at most one of each, and what is left."""

    day: Date | Ahead | Nth | None = None
    weekday: Weekday | None = None
    how: How | None = None
    hour: Hour | None = None
    half: Half | None = None
    number: Number | None = None
    place: Place | None = None
    rest: str = ""
    last: str = ""  # the part that was found last

    def take(self, value: Value) -> bool:
        """The part is among those found; False where there is one already, or it can be none here."""
        name = _slot(value)
        after_a_day = self.last in {"day", "weekday"}
        if getattr(self, name) is not None or (name == "number" and not (after_a_day and self._a_number_says_more())):
            return False
        if name == "half" and not self.last:
            return False
        setattr(self, name, value)
        self.last = name
        return True

    def _a_number_says_more(self) -> bool:
        """A number behind a weekday is its day; behind a date it is the hour, unless that is known."""
        return (self.day is None and self.weekday is not None) or self.hour is None

    @property
    def complete(self) -> bool:
        """A day and an hour are among the parts."""
        return self.hour is not None and (self.day is not None or self.weekday is not None)


def _slot(value: Value) -> str:
    if isinstance(value, (Date, Ahead, Nth)):
        return "day"
    return type(value).__name__.lower()


def read(typed: str, places: Places) -> Said:
    """The parts at the beginning of the text, or at its end; what is left of it is the title."""
    if not typed or len(typed) > LONGEST:
        why = phrase("no hay nada escrito") if not typed else phrase("es demasiado largo")
        raise errors.NotUnderstood(text=short(typed), why=why, example=phrase("jueves 19:00"))
    folded = fold(typed)
    said, end = _scan(folded, 0, Said(), places)
    rest, last = (end, len(typed)), said.last
    if not said.complete:
        for found in re.finditer(r"(?<!\S)\S", folded[end:]):
            start = end + found.start()
            more, until = _scan(folded, start, replace(said, last=""), places)
            if more.complete and not folded[until:].strip(_EDGES):
                said, rest = more, (end, start)
                break
    said.rest = _title(typed[slice(*rest)])
    doubt = _no_title(folded[slice(*rest)].strip(" ,;·|"), said.rest, last, before=rest[1] < len(typed))
    if doubt is not None:
        raise errors.NotUnderstood(text=short(typed), why=doubt, example=phrase("jueves 19:00"))
    return said


def _scan(folded: str, start: int, said: Said, places: Places) -> tuple[Said, int]:
    """What was found besides from a position on, part after part, and where the first thing stands that is none."""
    said, end = replace(said), start
    while True:
        between = _BETWEEN.match(folded, end)
        at = between.end() if between is not None else end
        part = places.at(folded, at, bare=bool(said.last)) or part_at(folded, at)
        if part is None and said.last:
            part = strange(folded, at)
        if part is None or not said.take(part.value):
            return said, end
        end = part.end


def _title(text: str) -> str:
    tidy = text.strip(_EDGES)
    return tidy[1:-1].strip() if tidy[:1] + tidy[-1:] in {"«»", '""', "“”"} and len(tidy) > 2 else tidy


def _no_title(left: str, rest: str, last: str, *, before: bool) -> Phrase | None:
    """Why what is left can be no title, or None: a second day or hour, half a range, a series, no words at all.

    ``last`` is the part found last in front of it; ``before``: more was found behind it. Nothing that somebody meant as
    a date is to end up in a title, where it would be read over.
    """
    joint = _CONNECTED.match(left)
    # Behind «jueves» or «jueves o …» a day is a second one; behind an hour it may be a title, «Lunes de CX».
    at = joint.end() if joint is not None else 0 if last in {"day", "weekday"} else None
    second = part_at(left, at) if at is not None else None
    if before and _SERIES.search(left):
        return phrase("eso sería una serie, y aquí se programa un solo debate")
    if second is not None and isinstance(second.value, (Hour, Date, Weekday, Ahead, Nth)):
        return _SEVERAL
    if another_hour(left) or _OPEN_RANGE.search(left) or (before and left[:1] not in _QUOTES and a_day(left)):
        return _SEVERAL
    if rest and (not any(one.isalpha() for one in rest) or _MORE.match(left) or (before and _DANGLING.search(left))):
        return phrase("no sé qué hacer con «{word}»", word=rest)
    return None


def short(typed: str) -> str:
    """As much of it as a sentence has room for."""
    return typed if len(typed) <= 80 else f"{typed[:79]}…"
