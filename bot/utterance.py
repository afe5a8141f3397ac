"""One text of free words taken apart: its day, its hour, its place, and the title that is left. Pure."""

import re
from dataclasses import dataclass, replace

from bot import errors
from bot.phrase import phrase
from bot.places import Places, strange
from bot.timewords import Ahead, Date, Half, Hour, How, Nth, Number, Place, Value, Weekday, another_hour, fold, part_at

# A title and the words of a date; what is longer is something else.
LONGEST = 400

_BETWEEN = re.compile(r"[\s,;·|]*(?:[–—-]\s+)?")
_CONNECTED = re.compile(r"(?:(?:o|u|y|e|or|and|a|hasta|to|until)\s+|[-–—/]\s*)(?:hasta\s+)?")
_OPEN_RANGE = re.compile(r"\d\s*(?:\b(?:a|o|u|y|hasta|to|until|or|and)|[-–—/])\s*$")
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
    left = folded[slice(*rest)]
    said.rest = _title(typed[slice(*rest)])
    _is_a_title(typed, replace(said, last=last), left)
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


def _is_a_title(typed: str, said: Said, left: str) -> None:
    """What is left can be a title; raises ``NotUnderstood`` where it is a second day or hour, or no words at all."""
    left = left.strip(" ,;·|")
    joint = _CONNECTED.match(left)
    # Behind «jueves» or «jueves o …» a day is a second one; behind an hour it may be a title, «Lunes de CX».
    at = joint.end() if joint is not None else 0 if said.last in {"day", "weekday"} else None
    second = part_at(left, at) if at is not None else None
    several = second is not None and isinstance(second.value, (Hour, Date, Weekday, Ahead, Nth))
    if several or another_hour(left) or _OPEN_RANGE.search(left):
        why = phrase("veo más de un día o más de una hora")
    elif said.rest and not any(one.isalpha() for one in said.rest):
        why = phrase("no sé qué hacer con «{word}»", word=said.rest)
    else:
        return
    raise errors.NotUnderstood(text=short(typed), why=why, example=phrase("jueves 19:00"))


def short(typed: str) -> str:
    """As much of it as a sentence has room for."""
    return typed if len(typed) <= 80 else f"{typed[:79]}…"
