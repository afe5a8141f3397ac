"""Phases and the run-sheet of a debate: what may happen next, and what follows from it (docs/design.md, 4).

Pure: values in, decisions out; ``now`` is an argument.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar

from bot import errors, localtime
from bot.phrase import phrase


class Phase(StrEnum):
    """Where a debate stands.

    A draft is a date that nobody has confirmed yet: those who moderate see it and may open it, the clock does not, and
    neither the board nor a calendar tells of it, so that no date is taken for a promise.
    """

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    OPEN = "open"
    HELD = "held"
    GRACE = "grace"
    CLOSED = "closed"
    CANCELLED = "cancelled"
    MISSED = "missed"


LIVE = frozenset({Phase.OPEN, Phase.HELD})
LISTENING = frozenset({Phase.OPEN, Phase.HELD, Phase.GRACE})
COMING = frozenset({Phase.DRAFT, Phase.SCHEDULED})
OVER = frozenset({Phase.CLOSED, Phase.CANCELLED, Phase.MISSED})


class Verb(StrEnum):
    """What a moderator or the clock can do to a debate."""

    OPEN = "open"
    NEXT = "next"
    HOLD = "hold"
    RESUME = "resume"
    EXTEND = "extend"
    SKIP = "skip"
    REORDER = "reorder"
    ADD = "add"
    CLOSE = "close"
    EDIT = "edit"
    MOVE = "move"
    CANCEL = "cancel"
    ABORT = "abort"
    JOIN = "join"  # one more place
    LEAVE = "leave"  # one place less
    SETTLE = "settle"  # the grace is over
    MISS = "miss"


ALLOWED: Mapping[Verb, frozenset[Phase]] = {
    Verb.OPEN: COMING,
    Verb.NEXT: frozenset({Phase.OPEN}),
    Verb.HOLD: frozenset({Phase.OPEN}),
    Verb.RESUME: frozenset({Phase.HELD}),
    Verb.EXTEND: frozenset({Phase.OPEN}),
    Verb.SKIP: LIVE,
    Verb.REORDER: COMING | LIVE,
    Verb.ADD: COMING | LIVE,
    Verb.CLOSE: LIVE,
    Verb.EDIT: COMING,
    Verb.MOVE: COMING,
    Verb.CANCEL: COMING,
    Verb.ABORT: LISTENING,
    Verb.JOIN: COMING | LIVE,
    Verb.LEAVE: COMING | LISTENING,
    Verb.SETTLE: frozenset({Phase.GRACE}),
    Verb.MISS: COMING,
}

# `next` twice within this time is a double press (Zakim refuses an agendum younger than a minute).
DOUBLE_PRESS = timedelta(minutes=1)
# Answers count as pouring in when this many came within this time.
POURING_WINDOW = timedelta(seconds=20)
POURING_COUNT = 5
# A hold that everybody forgot ends the debate by itself after this time.
HOLD_LIMIT = timedelta(hours=1)


def check(verb: Verb, phase: Phase) -> None:
    """The verb is possible in the phase; raises ``WrongPhase`` otherwise."""
    if phase not in ALLOWED[verb]:
        raise errors.WrongPhase(phase=phase.value, verb=verb.value)


@dataclass(frozen=True, slots=True)
class LastQuestion:
    """The question that was asked last: when, and whether a person or the clock did it."""

    asked_at: datetime
    by_clock: bool


def check_next(last: LastQuestion | None, *, now: datetime, every: timedelta, recent: int, really: bool) -> None:
    """The next question may be asked by hand now; ``recent`` answers came within ``POURING_WINDOW``.

    Raises ``TooSoon`` for a double press (``really`` does not lift it) and ``StillPouring`` unless ``really``.
    """
    if last is not None:
        # A press just after the clock has asked is the same accident, but a quick debate must stay steerable.
        guard = min(DOUBLE_PRESS, every / 2) if last.by_clock else DOUBLE_PRESS
        age = now - last.asked_at
        # Asked long before its time has come is what a clock that was put back makes of it: that guards nothing.
        if -guard < age < guard:
            raise errors.TooSoon(seconds=max(0, int(age.total_seconds())))
    if recent >= POURING_COUNT and not really:
        raise errors.StillPouring(count=recent, seconds=int(POURING_WINDOW.total_seconds()))


@dataclass(frozen=True, slots=True)
class Pace:
    """The timing of a debate, as offsets from its start; what the debate file's ``[pace]`` says.

    ``every`` is None until it is fitted to the number of questions (``fitted``).
    """

    minutes: timedelta = timedelta(minutes=60)
    first: timedelta = timedelta(minutes=10)
    every: timedelta | None = None
    warning: timedelta = timedelta(minutes=2)
    wrap_up: timedelta = timedelta(minutes=5)
    grace: timedelta = timedelta(minutes=15)
    label: timedelta = timedelta(minutes=7)
    announce: timedelta = timedelta(days=7)
    reminders: tuple[timedelta, ...] = (timedelta(hours=24), timedelta(hours=1), timedelta(minutes=10))

    DEFAULT_EVERY: ClassVar[timedelta] = timedelta(minutes=10)

    def fitted(self, questions: int) -> "Pace":
        """The same pace with ``every`` set: ten minutes, or less when more questions must fit before the wrap-up."""
        if self.every is not None:
            return self
        room = self.minutes - min(self.wrap_up, self.minutes / 4) - self.first
        share = room / max(questions - 0.5, 0.5)
        every = min(self.DEFAULT_EVERY, share)
        if every > timedelta(minutes=2):
            every = timedelta(minutes=every // timedelta(minutes=1))
        return self._with(every=max(every, timedelta(seconds=1)))

    @property
    def step(self) -> timedelta:
        """The distance between two questions."""
        return self.every or self.DEFAULT_EVERY

    def _with(self, **changes: timedelta) -> "Pace":
        return Pace(**{field.name: changes.get(field.name, getattr(self, field.name)) for field in fields(self)})

    def as_seconds(self) -> dict[str, object]:
        """Plain data, lengths in seconds: what the database keeps."""
        return {
            "minutes": self.minutes.total_seconds(),
            "first": self.first.total_seconds(),
            "every": self.every.total_seconds() if self.every is not None else None,
            "warning": self.warning.total_seconds(),
            "wrap_up": self.wrap_up.total_seconds(),
            "grace": self.grace.total_seconds(),
            "label": self.label.total_seconds(),
            "announce": self.announce.total_seconds(),
            "reminders": [one.total_seconds() for one in self.reminders],
        }

    @classmethod
    def from_seconds(cls, data: Mapping[str, object]) -> "Pace":
        """The pace that ``as_seconds`` wrote."""
        values: dict[str, object] = {}
        for key, value in data.items():
            if isinstance(value, list):
                values[key] = tuple(timedelta(seconds=float(one)) for one in value)
            elif isinstance(value, int | float):
                values[key] = timedelta(seconds=float(value))
        return cls(**values)  # type: ignore[arg-type]  # the keys are ours: as_seconds wrote them


def pace_from_file(table: Mapping[str, object]) -> tuple[Pace, list[tuple[str, str]]]:
    """The pace of a debate file's ``[pace]`` table, and every fault found in it by its key (empty when there is none).

    A bare number is minutes, a text is a duration such as ``"90s"``.
    """
    known = {field.name for field in fields(Pace)}
    values: dict[str, object] = {}
    faults: list[tuple[str, str]] = []
    for key, raw in table.items():
        if key not in known:
            unknown = phrase("clave desconocida (valen {known})", known=", ".join(sorted(known)))
            faults.append((f"pace.{key}", unknown))
            continue
        try:
            if key == "reminders":
                if not isinstance(raw, list):
                    raise ValueError('debe ser una lista, por ejemplo ["24h", "1h"]')
                values[key] = tuple(_length(one) for one in raw)
            else:
                values[key] = _length(raw)
        except ValueError as error:
            faults.append((f"pace.{key}", error.args[0]))
    pace = Pace(**values)  # type: ignore[arg-type]  # the keys were checked against the fields above
    return pace, faults


def _length(raw: object) -> timedelta:
    if isinstance(raw, bool) or not isinstance(raw, int | float | str):
        raise ValueError('debe ser una duración, por ejemplo "10m"')
    if isinstance(raw, float) and math.isnan(raw):
        raise ValueError('debe ser una duración, por ejemplo "10m"')
    try:
        length = timedelta(minutes=raw) if isinstance(raw, int | float) else localtime.duration(raw)
    except OverflowError:
        length = timedelta.max
    if length < timedelta(0) or length > timedelta(days=60):
        raise ValueError("debe estar entre 0 y 60 días")
    return length
