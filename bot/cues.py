"""A run-sheet as timed cues, and what becomes of a cue that is late (docs/design.md, 4).

Pure: the clock asks "what is due?", and for each cue these rules answer "do it", "skip it" or "the hour is over".
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.confirming import ASKED_AHEAD, LAPSES_AHEAD
from bot.debate import LISTENING, LIVE, Pace, Phase
from bot.localtime import apart
from bot.phrase import phrase


class Kind(StrEnum):
    """What a cue makes happen. A cue's key is its kind, with a number where there are several: ``ask:2``."""

    ANNOUNCE = "announce"
    REMIND = "remind"
    OPEN = "open"
    LABEL = "label"
    WARN = "warn"
    ASK = "ask"
    WRAP_UP = "wrap_up"
    CLOSE = "close"
    FORGOTTEN_HOLD = "forgotten_hold"
    END_GRACE = "end_grace"
    RECAP = "recap"
    # The year around the hour (bot/actions/clock.py).
    CONFIRM = "confirm"  # organisers are asked whether the series goes on
    LAPSE = "lapse"  # nobody said so: the debate leaves the calendar
    GUEST = "guest"  # guest:topic, guest:questions, guest:framing, guest:early
    NUDGE = "nudge"  # nudge:3600 reminds in private those who asked for it, so many seconds ahead
    PULSE = "pulse"  # the survey after the debate is open
    POLL_END = "poll_end"  # poll_end:12, the poll of that id is closed
    TEASER = "teaser"  # the next debate is told of


# Kinds that move when the hour is bent (hold, extend, a late question), in the order of the hour.
BENDING = frozenset({Kind.LABEL, Kind.WARN, Kind.ASK, Kind.WRAP_UP, Kind.CLOSE})
QUESTIONS = frozenset({Kind.WARN, Kind.ASK})


class Until(StrEnum):
    """A limit that is no length of time."""

    THE_HOUR = "the hour"  # until the debate's hour is over
    NEVER = "never late"  # something has to come to its end, whenever that is


# How late a cue may be and still be worth doing: every kind has its limit.
LATE_LIMIT: Mapping[Kind, timedelta | Until] = {
    Kind.ANNOUNCE: timedelta(days=1),
    Kind.REMIND: timedelta(minutes=10),
    Kind.OPEN: Until.THE_HOUR,
    Kind.LABEL: timedelta(minutes=2),
    Kind.WARN: timedelta(minutes=1),
    Kind.ASK: Until.THE_HOUR,
    Kind.WRAP_UP: timedelta(minutes=3),
    Kind.CLOSE: Until.NEVER,
    Kind.FORGOTTEN_HOLD: Until.NEVER,
    Kind.END_GRACE: Until.NEVER,
    Kind.RECAP: Until.NEVER,
    Kind.CONFIRM: ASKED_AHEAD - LAPSES_AHEAD,
    Kind.LAPSE: Until.NEVER,
    Kind.GUEST: timedelta(days=2),
    Kind.NUDGE: timedelta(minutes=10),
    Kind.PULSE: timedelta(days=1),
    Kind.POLL_END: Until.NEVER,
    Kind.TEASER: timedelta(days=1),
}
# What looks ahead to the start is of no use once that has come, however little late it is.
AHEAD = frozenset({Kind.ANNOUNCE, Kind.REMIND, Kind.NUDGE, Kind.GUEST})
# What invites to a date, and is of use before another one.
INVITING = frozenset({Kind.ANNOUNCE, Kind.REMIND, Kind.GUEST})
# What has to come to an end, however late: a date that moves towards it makes it due at once.
DEADLINES = frozenset({Kind.CONFIRM, Kind.LAPSE, Kind.POLL_END})
# A new date is announced once more where it leaves this much time before that; who read of the old one is told anyway.
ANNOUNCED_ANEW = timedelta(days=7)
# A reminder so long ahead is called 24h, and comes 24 hours ahead; longer ones are counted in days on the clocks.
EVE = timedelta(days=1)
# Below this a question is on time, and the rest of the run-sheet stays where it is.
ON_TIME = timedelta(seconds=2)
# Below this nobody minds that a reminder says "in an hour".
ROUNDED = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Cue:
    """Something the clock will do: ``key`` is unique in its debate, ``due_at`` an instant in UTC."""

    key: str
    due_at: datetime

    @property
    def kind(self) -> Kind:
        """What it makes happen."""
        return Kind(self.key.partition(":")[0])


class Fate(StrEnum):
    """What becomes of a due cue."""

    DO = "do"
    SKIP = "skip"
    MISS = "miss"  # the whole debate is missed


@dataclass(frozen=True, slots=True)
class Verdict:
    """The fate of a due cue, why, and by how much the rest of the run-sheet moves."""

    fate: Fate
    why: str = ""
    shift: timedelta = timedelta(0)


def plan(starts_at: datetime, zone: str, pace: Pace, *, questions: int, now: datetime) -> list[Cue]:
    """The cues of a debate in order of time; those whose time had passed at planning are left out."""
    pace = pace.fitted(questions)
    # Each once: "60m" and "1h" in a debate file are one reminder.
    cues = [
        Cue(f"{Kind.REMIND}:{_label(ahead)}", starts_at - EVE if ahead == EVE else apart(starts_at, -ahead, zone))
        for ahead in dict.fromkeys(pace.reminders)
    ]
    if pace.announce:
        cues.append(Cue(Kind.ANNOUNCE, apart(starts_at, -pace.announce, zone)))
    cues = [cue for cue in cues if cue.due_at > now]
    cues += [Cue(Kind.OPEN, starts_at), *hour(starts_at, pace, questions=questions)]
    return sorted(cues, key=lambda cue: cue.due_at)


def hour(opened_at: datetime, pace: Pace, *, questions: int) -> list[Cue]:
    """The cues from the opening to the closing, the opening itself left out."""
    pace = pace.fitted(questions)
    ends = opened_at + pace.minutes
    cues = [Cue(Kind.LABEL, opened_at + pace.label)] if pace.label < pace.first else []
    for number in range(1, questions + 1):
        asked = opened_at + pace.first + (number - 1) * pace.step
        cues.append(Cue(f"{Kind.ASK}:{number}", asked))
        if timedelta(0) < pace.warning < min(pace.step, pace.first):
            cues.append(Cue(f"{Kind.WARN}:{number}", asked - pace.warning))
    last = opened_at + pace.first + max(questions - 1, 0) * pace.step
    if pace.wrap_up and last < ends - pace.wrap_up:
        cues.append(Cue(Kind.WRAP_UP, ends - pace.wrap_up))
    cues.append(Cue(Kind.CLOSE, ends))
    return sorted(cues, key=lambda cue: cue.due_at)


def overrun(pace: Pace, *, questions: int) -> int | None:
    """The number of the first question that would come after the closing, or None when all fit."""
    pace = pace.fitted(questions)
    for number in range(1, questions + 1):
        if pace.first + (number - 1) * pace.step >= pace.minutes:
            return number
    return None


def judge(cue: Cue, phase: Phase, *, starts_at: datetime, ends_at: datetime, now: datetime) -> Verdict:
    """What becomes of a due cue in a debate whose hour ends at ``ends_at`` (its closing cue's time)."""
    late = now - cue.due_at
    kind = cue.kind
    unfit = _unfit(kind, phase)
    if unfit:
        return Verdict(Fate.SKIP, unfit)
    limit = LATE_LIMIT[kind]
    if isinstance(limit, timedelta) and late > limit:
        return Verdict(Fate.SKIP, phrase("llegaba {late} tarde (límite {limit})", late=_span(late), limit=_span(limit)))
    if kind in AHEAD and now >= starts_at:
        return Verdict(Fate.SKIP, phrase("ya era la hora del debate"))
    if limit is Until.THE_HOUR and now >= ends_at:
        return Verdict(Fate.MISS if kind is Kind.OPEN else Fate.SKIP, phrase("la hora ya había terminado"))
    shift = late if kind is Kind.ASK and late > ON_TIME else timedelta(0)
    return Verdict(Fate.DO, _lateness(late), shift=shift)


def ahead(cue: Cue, *, starts_at: datetime, now: datetime) -> timedelta:
    """How long it is until the start when a cue is done: what was planned, or what is left where it comes too late."""
    return starts_at - (now if now - cue.due_at > ROUNDED else cue.due_at)


def shifted(cues: Iterable[Cue], by: timedelta, *, kinds: frozenset[Kind] = BENDING) -> list[Cue]:
    """The cues of the kinds, moved by ``by``; the others are left out, for they stay."""
    return [Cue(cue.key, cue.due_at + by) for cue in cues if cue.kind in kinds]


def follow(cue: Cue, state: str, by: timedelta, *, now: datetime) -> tuple[Cue, Verdict] | None:
    """Where a cue goes as its debate, which has not begun, moves ``by``, and what becomes of it; None where it stays.

    What was skipped keeps its distance, too, and is planned anew where its time is still to come. For what was done see
    ``comes_back``; for those who asked to be reminded, bot/actions/reminders.py.
    """
    moved = Cue(cue.key, cue.due_at + by)
    if state == "skipped" and moved.kind in INVITING:
        return moved, Verdict(Fate.DO if moved.due_at > now else Fate.SKIP)
    if state in {"done", "skipped", "cancelled"}:
        return None
    if moved.kind in DEADLINES:
        return Cue(cue.key, max(moved.due_at, now)), Verdict(Fate.DO)
    limit = LATE_LIMIT[moved.kind]
    if isinstance(limit, timedelta) and now - moved.due_at > limit:
        return moved, Verdict(Fate.SKIP, phrase("el debate cambió de fecha y ya había pasado su momento"))
    return moved, Verdict(Fate.DO)


def comes_back(cue: Cue, *, now: datetime) -> bool:
    """Whether what was done before an old date is done again before the new one: ``cue`` is when that would be."""
    if cue.kind is Kind.ANNOUNCE:
        return cue.due_at > now + ANNOUNCED_ANEW
    return cue.kind is Kind.REMIND and cue.due_at > now


def next_ask(cues: Sequence[Cue]) -> Cue | None:
    """The earliest question cue of those given, or None."""
    asks = [cue for cue in cues if cue.kind is Kind.ASK]
    return min(asks, key=lambda cue: cue.due_at, default=None)


def _unfit(kind: Kind, phase: Phase) -> str:
    """Why a debate in this phase has no use for a cue of the kind; empty where it has."""
    if kind is Kind.OPEN and phase is Phase.DRAFT:
        return phrase("nadie lo había confirmado")
    if kind is Kind.OPEN and phase in LISTENING | {Phase.CLOSED}:
        return phrase("ya estaba abierto")
    return "" if _fits(kind, phase) else phrase("el debate está {phase}", phase=phase.value)


def _fits(kind: Kind, phase: Phase) -> bool:
    if kind in AHEAD or kind is Kind.OPEN:
        return phase is Phase.SCHEDULED
    if kind in {Kind.CONFIRM, Kind.LAPSE}:
        return phase is Phase.DRAFT
    if kind is Kind.POLL_END:
        return phase is not Phase.CANCELLED
    if kind in {Kind.ASK, Kind.WARN, Kind.LABEL, Kind.WRAP_UP}:
        return phase is Phase.OPEN
    if kind is Kind.CLOSE:
        return phase in LIVE
    if kind is Kind.FORGOTTEN_HOLD:
        return phase is Phase.HELD
    if kind is Kind.END_GRACE:
        return phase is Phase.GRACE
    return phase is Phase.CLOSED


def _lateness(late: timedelta) -> str:
    return phrase("{late} tarde", late=_span(late)) if late > ON_TIME else ""


def _span(length: timedelta) -> str:
    seconds = int(length.total_seconds())
    if seconds < 120:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds < 7200 else f"{seconds // 3600} h"


def _label(ahead: timedelta) -> str:
    seconds = int(ahead.total_seconds())
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds and seconds % size == 0 and not (unit == "d" and ahead == EVE):
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
