"""A guest's timeline: what is due when, what is done, what is late, and what is still missing."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import guest, localtime
from bot.guest import AHEAD, Progress, Standing, Step

STARTS = datetime(2027, 1, 14, 18, 0, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
NOTHING = Progress(questions=3)


def standings(progress: Progress, *, before: timedelta) -> list[Standing]:
    """Where a guest stands with each step so long before the start."""
    return [one.standing for one in guest.timeline(STARTS, "UTC", progress, now=STARTS - before)]


def test_steps_are_at_their_days() -> None:
    """Three weeks, two weeks, ten days, an hour."""
    planned = guest.cues(STARTS, "UTC", now=STARTS - 30 * DAY)

    assert [(cue.key, STARTS - cue.due_at) for cue in planned] == [
        ("guest:topic", 21 * DAY), ("guest:questions", 14 * DAY), ("guest:framing", 10 * DAY), ("guest:early", HOUR),
    ]  # fmt: skip


@pytest.mark.parametrize("starts", ["2027-04-08T19:00", "2027-11-11T19:00"])
def test_steps_in_days_keep_the_hour_through_a_change_of_the_clocks(starts: str) -> None:
    """Three weeks before 19:00 it is 19:00; and to come early is one hour early."""
    local = datetime.fromisoformat(starts)
    planned = guest.cues(localtime.resolve(local, "Europe/Madrid"), "Europe/Madrid", now=STARTS - 30 * DAY)
    told = [localtime.wall(cue.due_at, "Europe/Madrid").replace(tzinfo=None) for cue in planned]

    assert [local - one for one in told] == [21 * DAY, 14 * DAY, 10 * DAY, HOUR]


@pytest.mark.parametrize(
    ("before", "waiting", "passed"),
    [
        (22 * DAY, 4, None),
        (21 * DAY, 3, Step.TOPIC),  # at its very hour it is said at once
        (12 * DAY, 2, Step.QUESTIONS),
        (2 * DAY, 1, Step.FRAMING),
        (HOUR / 2, 0, Step.EARLY),
    ],
)
def test_who_is_invited_late_hears_of_the_last_step_that_passed(
    before: timedelta, waiting: int, passed: Step | None
) -> None:
    """What has passed is left out of the plan; one message stands for all of it."""
    now = STARTS - before

    assert len(guest.cues(STARTS, "UTC", now=now)) == waiting
    assert guest.passed(STARTS, "UTC", now=now) is passed


def test_timeline_names_what_is_next_and_what_is_late() -> None:
    """Late is what should have been done; next is the first of what comes, and only one."""
    done, late, following, ahead = Standing.DONE, Standing.LATE, Standing.NEXT, Standing.AHEAD

    assert standings(NOTHING, before=30 * DAY) == [following, ahead, ahead, ahead]
    assert standings(NOTHING, before=12 * DAY) == [late, late, following, ahead]
    assert standings(Progress(seen=True, questions=3), before=12 * DAY) == [done, late, following, ahead]
    assert standings(Progress(seen=True, answered=3, questions=3, framing=True), before=DAY) == [done] * 3 + [following]
    assert standings(Progress(True, 3, 3, framing=True, begun=True), before=-HOUR) == [done] * 4


def test_a_debate_without_questions_has_none_answered() -> None:
    """Nothing to prepare yet is not everything prepared."""
    assert not guest.done(Step.QUESTIONS, Progress(seen=True))
    assert guest.missing(Step.QUESTIONS, Progress(seen=True)) == [Step.QUESTIONS]


def test_missing_is_what_a_nudge_adds() -> None:
    """A nudge names what is undone up to its step; coming early cannot be done beforehand, the topic is the nudge."""
    assert guest.missing(Step.TOPIC, NOTHING) == []
    assert guest.missing(Step.EARLY, NOTHING) == [Step.QUESTIONS, Step.FRAMING]
    assert guest.missing(Step.EARLY, Progress(True, 3, 3)) == [Step.FRAMING]


@given(
    before=st.timedeltas(min_value=timedelta(days=-2), max_value=timedelta(days=60)),
    answered=st.integers(0, 5), questions=st.integers(0, 5), seen=st.booleans(), framing=st.booleans(),
)  # fmt: skip
def test_timeline_is_always_in_order_of_time(
    before: timedelta, answered: int, questions: int, *, seen: bool, framing: bool
) -> None:
    """Whenever one looks: four steps in order, at most one next, and nothing is late before its time."""
    progress = Progress(seen, answered, questions, framing=framing)
    found = guest.timeline(STARTS, "UTC", progress, now=STARTS - before)
    states = [one.standing for one in found]

    assert [one.due_at for one in found] == sorted(STARTS - ahead for ahead in AHEAD.values())
    assert states.count(Standing.NEXT) <= 1
    assert all((one.standing is Standing.LATE) <= (one.due_at <= STARTS - before) for one in found)
    assert Standing.NEXT in states or Standing.AHEAD not in states
    waiting = {cue.key for cue in guest.cues(STARTS, "UTC", now=STARTS - before)}
    assert waiting == {one.step.key for one in found if one.due_at > STARTS - before}
