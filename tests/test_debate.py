"""Phases, the double press, and the pace as plain data."""

from datetime import UTC, datetime, timedelta

import pytest

from bot import errors
from bot.debate import ALLOWED, LastQuestion, Pace, Phase, Verb, check, check_next, pace_from_file

NOW = datetime(2027, 1, 14, 18, 30, tzinfo=UTC)
TEN = timedelta(minutes=10)

MOVES = {Verb.JOIN, Verb.LEAVE}
CHANGES = {Verb.EDIT, Verb.MOVE}
# What may be done in which phase; everything else is refused.
TABLE = {
    Phase.DRAFT: {Verb.OPEN, Verb.REORDER, Verb.ADD, Verb.CANCEL, Verb.MISS, *CHANGES, *MOVES},
    Phase.SCHEDULED: {Verb.OPEN, Verb.REORDER, Verb.ADD, Verb.CANCEL, Verb.MISS, *CHANGES, *MOVES},
    Phase.OPEN: {Verb.NEXT, Verb.HOLD, Verb.EXTEND, Verb.SKIP, Verb.REORDER, Verb.ADD, Verb.CLOSE, Verb.ABORT, *MOVES},
    Phase.HELD: {Verb.RESUME, Verb.SKIP, Verb.REORDER, Verb.ADD, Verb.CLOSE, Verb.ABORT, *MOVES},
    Phase.GRACE: {Verb.ABORT, Verb.SETTLE, Verb.LEAVE},
    Phase.CLOSED: set(),
    Phase.CANCELLED: set(),
    Phase.MISSED: set(),
}


@pytest.mark.parametrize("phase", list(Phase))
@pytest.mark.parametrize("verb", list(Verb))
def test_verb_is_possible_in_its_phases_alone(verb: Verb, phase: Phase) -> None:
    """The table above is the whole rule."""
    assert set(ALLOWED) == set(Verb)
    if verb in TABLE[phase]:
        check(verb, phase)
    else:
        with pytest.raises(errors.WrongPhase):
            check(verb, phase)


@pytest.mark.parametrize(
    ("age", "by_clock", "every", "refused"),
    [
        (0, False, TEN, True), (59, False, TEN, True), (60, False, TEN, False),
        (59, True, TEN, True), (60, True, TEN, False),
        # In a debate of seconds the clock's question guards for half its step, a hand's for the whole minute.
        (4, True, timedelta(seconds=10), True), (5, True, timedelta(seconds=10), False),
        (5, False, timedelta(seconds=10), True),
    ],
)  # fmt: skip
def test_double_press_is_guarded(age: float, *, by_clock: bool, every: timedelta, refused: bool) -> None:
    """A minute behind the last question, whoever asked it; a quick debate stays steerable."""
    last = LastQuestion(NOW - timedelta(seconds=age), by_clock)
    if refused:
        with pytest.raises(errors.TooSoon):
            check_next(last, now=NOW, every=every, recent=0, really=True)
    else:
        check_next(last, now=NOW, every=every, recent=0, really=False)


def test_clock_that_went_back_does_not_count_below_zero() -> None:
    """The last question lies ahead of now: refused, 0 seconds ago."""
    with pytest.raises(errors.TooSoon) as refused:
        check_next(LastQuestion(NOW + timedelta(seconds=5), by_clock=False), now=NOW, every=TEN, recent=0, really=False)

    assert refused.value.fields == {"seconds": 0}


@pytest.mark.parametrize(("recent", "really", "refused"), [(4, False, False), (5, False, True), (5, True, False)])
def test_pouring_answers_are_asked_about(recent: int, *, really: bool, refused: bool) -> None:
    """Five within twenty seconds are pouring."""
    if refused:
        with pytest.raises(errors.StillPouring):
            check_next(None, now=NOW, every=TEN, recent=recent, really=really)
    else:
        check_next(None, now=NOW, every=TEN, recent=recent, really=really)


def test_pace_comes_back_from_the_database_as_it_was() -> None:
    """To the microsecond, with every field."""
    for pace in (Pace(), Pace().fitted(7), Pace(minutes=timedelta(seconds=61.5), reminders=())):
        assert Pace.from_seconds(pace.as_seconds()) == pace


def test_bare_number_is_minutes_and_text_is_a_duration() -> None:
    """``60`` and ``"60m"`` are one."""
    pace, faults = pace_from_file({"minutes": 45, "first": "90s", "every": 7.5, "reminders": ["1h", 5]})

    assert faults == []
    assert (pace.minutes, pace.first, pace.every) == (
        timedelta(minutes=45), timedelta(seconds=90), timedelta(seconds=450),
    )  # fmt: skip
    assert pace.reminders == (timedelta(hours=1), timedelta(minutes=5))
