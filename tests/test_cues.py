"""Run-sheets as timed cues, and what becomes of a cue that is late."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from bot import localtime
from bot.cues import LATE_LIMIT, Cue, Fate, Kind, Verdict, ahead, hour, judge, next_ask, overrun, plan, shifted
from bot.debate import Pace, Phase

STARTS = datetime(2027, 1, 14, 18, 0, tzinfo=UTC)
ENDS = STARTS + timedelta(minutes=60)
LONG_BEFORE = STARTS - timedelta(days=30)


def minutes(cues: list[Cue]) -> list[tuple[str, float]]:
    """(key, minute) of each cue."""
    return [(cue.key, (cue.due_at - STARTS).total_seconds() / 60) for cue in cues]


def test_default_debate_has_the_run_sheet_of_an_hour() -> None:
    """Five questions, 60 minutes: docs/design.md, section 4, minute by minute."""
    assert minutes(plan(STARTS, "UTC", Pace(), questions=5, now=LONG_BEFORE)) == [
        ("announce", -7 * 1440), ("remind:24h", -1440), ("remind:1h", -60), ("remind:10m", -10),
        ("open", 0), ("label", 7),
        ("warn:1", 8), ("ask:1", 10), ("warn:2", 18), ("ask:2", 20), ("warn:3", 28), ("ask:3", 30),
        ("warn:4", 38), ("ask:4", 40), ("warn:5", 48), ("ask:5", 50),
        ("wrap_up", 55), ("close", 60),
    ]  # fmt: skip


@pytest.mark.parametrize("change", ["2027-03-28", "2027-10-31"])
def test_days_ahead_are_counted_on_the_clocks_and_hours_as_they_pass(change: str) -> None:
    """The day after a change: the announcement is at the debate's own hour, the reminder 24 hours before it."""
    starts = localtime.resolve(datetime.fromisoformat(f"{change}T19:00"), "Europe/Madrid")
    pace = Pace(reminders=(timedelta(days=2), timedelta(hours=24), timedelta(hours=1)))
    due = {one.key: one.due_at for one in plan(starts, "Europe/Madrid", pace, questions=1, now=LONG_BEFORE)}

    for key, days in (("announce", 7), ("remind:2d", 2)):
        told = localtime.wall(due[key], "Europe/Madrid").replace(tzinfo=None)
        assert datetime.fromisoformat(f"{change}T19:00") - told == timedelta(days=days)
    assert starts - due["remind:24h"] == timedelta(hours=24)
    assert starts - due["remind:1h"] == timedelta(hours=1)


def test_planned_late_has_no_cue_for_what_has_passed() -> None:
    """Planned half an hour before: only the last reminder is left of what comes ahead."""
    cues = plan(STARTS, "UTC", Pace(), questions=1, now=STARTS - timedelta(minutes=30))

    assert [cue.key for cue in cues][:2] == ["remind:10m", "open"]


def test_seven_questions_fit_into_the_hour_by_coming_closer() -> None:
    """60 - 5 (wrap-up) - 10 (first) = 45 minutes for 6.5 steps: 6.9, rounded down to 6 minutes."""
    asks = [minute for key, minute in minutes(hour(STARTS, Pace(), questions=7)) if key.startswith("ask")]

    assert asks == [10, 16, 22, 28, 34, 40, 46]


def test_pace_that_says_how_often_is_kept() -> None:
    """``every`` of the file is not fitted, even where a question falls behind the end: overrun names it."""
    pace = Pace(every=timedelta(minutes=20))

    assert pace.fitted(5) == pace
    # 10, 30, 50 fit; the fourth at 70 does not.
    assert overrun(pace, questions=5) == 4
    assert overrun(pace, questions=3) is None
    assert overrun(Pace(), questions=50) is None


@pytest.mark.parametrize("questions", [0, 1, 2, 5, 13, 50])
def test_fitted_questions_all_come_before_the_end(questions: int) -> None:
    """However many they are, in an hour and in a minute."""
    for pace in (Pace(), Pace(minutes=timedelta(seconds=60), first=timedelta(seconds=5))):
        asks = [cue for cue in hour(STARTS, pace, questions=questions) if cue.kind is Kind.ASK]

        assert len(asks) == questions
        assert all(cue.due_at < STARTS + pace.minutes for cue in asks)
        assert len({cue.due_at for cue in asks}) == questions


def test_debate_in_seconds_leaves_out_what_does_not_fit() -> None:
    """A minute's debate: no label reminder behind the first question, no wrap-up before the last, no long warning."""
    pace = Pace(
        minutes=timedelta(seconds=60), first=timedelta(seconds=10), every=timedelta(seconds=20),
        announce=timedelta(0), reminders=(),
    )  # fmt: skip

    found = plan(STARTS, "UTC", pace, questions=2, now=LONG_BEFORE)
    assert [cue.key for cue in found] == ["open", "ask:1", "ask:2", "close"]


def test_cues_of_one_instant_have_different_keys() -> None:
    """Reminders of 60 minutes and of an hour are one reminder, not two rows with one key."""
    pace = Pace(reminders=(timedelta(minutes=60), timedelta(hours=1), timedelta(days=1), timedelta(hours=24)))

    keys = [cue.key for cue in plan(STARTS, "UTC", pace, questions=1, now=LONG_BEFORE)]

    assert sorted(keys) == sorted(set(keys))
    assert keys[:3] == ["announce", "remind:24h", "remind:1h"]


# A phase in which each kind is of use, and the cue's time from the start, in minutes.
USED: Mapping[str, tuple[Phase, float]] = {
    "announce": (Phase.SCHEDULED, -7 * 1440), "remind:1h": (Phase.SCHEDULED, -60), "open": (Phase.SCHEDULED, 0),
    "label": (Phase.OPEN, 7), "warn:2": (Phase.OPEN, 18), "ask:2": (Phase.OPEN, 20), "wrap_up": (Phase.OPEN, 55),
    "close": (Phase.OPEN, 60), "forgotten_hold": (Phase.HELD, 80), "end_grace": (Phase.GRACE, 75),
    "recap": (Phase.CLOSED, 75), "confirm": (Phase.DRAFT, -60 * 1440), "lapse": (Phase.DRAFT, -30 * 1440),
    "guest:topic": (Phase.SCHEDULED, -21 * 1440), "nudge:3600": (Phase.SCHEDULED, -60), "pulse": (Phase.CLOSED, 80),
    "poll_end:12": (Phase.OPEN, 30), "teaser": (Phase.CLOSED, 1440),
}  # fmt: skip
LONG = 400 * 86_400.0
# Seconds: so late it is still done, and so late it no longer is (None: it always is), and what is said of that.
LIMITS: Mapping[str, tuple[float, float | None, str]] = {
    "announce": (86_400, 86_401, "llegaba 24 h tarde (límite 24 h)"),
    "remind:1h": (600, 601, "llegaba 10 min tarde (límite 10 min)"),
    "open": (3599.9, 3600, "la hora ya había terminado"),
    "label": (120, 121, "llegaba 2 min tarde (límite 2 min)"),
    "warn:2": (60, 61, "llegaba 61 s tarde (límite 60 s)"),
    "ask:2": (2399.9, 2400, "la hora ya había terminado"),
    "wrap_up": (180, 181, "llegaba 3 min tarde (límite 3 min)"),
    "close": (LONG, None, ""), "forgotten_hold": (LONG, None, ""), "end_grace": (LONG, None, ""),
    "recap": (LONG, None, ""), "lapse": (LONG, None, ""), "poll_end:12": (LONG, None, ""),
    "confirm": (1_555_200, 1_555_201, "llegaba 432 h tarde (límite 432 h)"),
    "guest:topic": (172_800, 172_801, "llegaba 48 h tarde (límite 48 h)"),
    "nudge:3600": (600, 601, "llegaba 10 min tarde (límite 10 min)"),
    "pulse": (86_400, 86_401, "llegaba 24 h tarde (límite 24 h)"),
    "teaser": (86_400, 86_401, "llegaba 24 h tarde (límite 24 h)"),
}  # fmt: skip


def judged(key: str, phase: Phase, late: float, *, due: datetime) -> Verdict:
    """What becomes of a cue so many seconds late in a debate that began, or was to, at 18:00."""
    return judge(Cue(key, due), phase, starts_at=STARTS, ends_at=ENDS, now=due + timedelta(seconds=late))


def test_every_kind_has_its_limit_and_is_in_the_table() -> None:
    """Whoever adds a kind says how late it may be, and tries it here."""
    assert set(LATE_LIMIT) == set(Kind)
    assert {Cue(key, STARTS).kind for key in USED} == set(Kind)
    assert set(LIMITS) == set(USED)


@pytest.mark.parametrize("key", USED)
def test_late_cue_is_done_just_inside_its_limit_and_skipped_just_outside(key: str) -> None:
    """Each kind has its limit; the reason is kept in words."""
    phase, minute = USED[key]
    due = STARTS + timedelta(minutes=minute)
    inside, outside, why = LIMITS[key]

    assert judged(key, phase, 0, due=due) == Verdict(Fate.DO)
    assert judged(key, phase, 2, due=due) == Verdict(Fate.DO)
    assert judged(key, phase, inside, due=due).fate is Fate.DO
    if outside is not None:
        assert judged(key, phase, outside, due=due) == Verdict(Fate.MISS if key == "open" else Fate.SKIP, why)


@pytest.mark.parametrize(
    ("key", "phase", "late", "verdict"),
    [
        # a question is asked at once, and the rest keep their distance
        ("ask:2", Phase.OPEN, 240, Verdict(Fate.DO, "4 min tarde", timedelta(seconds=240))),
        ("ask:2", Phase.CLOSED, 0, Verdict(Fate.SKIP, "el debate está closed")),
        ("remind:1h", Phase.SCHEDULED, 600, Verdict(Fate.DO, "10 min tarde")),
        ("remind:1h", Phase.OPEN, 0, Verdict(Fate.SKIP, "el debate está open")),
        ("remind:1h", Phase.CANCELLED, 0, Verdict(Fate.SKIP, "el debate está cancelled")),
        # a closing comes however late, a settling only once the grace has begun
        ("close", Phase.OPEN, 86_400, Verdict(Fate.DO, "24 h tarde")),
        ("close", Phase.HELD, 0, Verdict(Fate.DO)),
        ("close", Phase.GRACE, 0, Verdict(Fate.SKIP, "el debate está grace")),
        ("end_grace", Phase.OPEN, 0, Verdict(Fate.SKIP, "el debate está open")),
        ("forgotten_hold", Phase.OPEN, 0, Verdict(Fate.SKIP, "el debate está open")),
        # a draft is no promise
        ("open", Phase.DRAFT, 0, Verdict(Fate.SKIP, "nadie lo había confirmado")),
        ("open", Phase.GRACE, 0, Verdict(Fate.SKIP, "ya estaba abierto")),
        ("open", Phase.CANCELLED, 0, Verdict(Fate.SKIP, "el debate está cancelled")),
        ("announce", Phase.DRAFT, 0, Verdict(Fate.SKIP, "el debate está draft")),
        ("lapse", Phase.SCHEDULED, 0, Verdict(Fate.SKIP, "el debate está scheduled")),
    ],
)
def test_late_cue_is_judged_by_its_kind_and_the_phase(key: str, phase: Phase, late: float, verdict: Verdict) -> None:
    """What the debate has come to decides before the limit does."""
    assert judged(key, phase, late, due=STARTS + timedelta(minutes=USED[key][1])) == verdict


@pytest.mark.parametrize("key", ["announce", "remind:10m", "nudge:300", "guest:early"])
def test_what_looks_ahead_is_not_said_once_the_hour_has_come(key: str) -> None:
    """A reminder five minutes late is worth it at 17:59, and not at 18:00."""
    due = STARTS - timedelta(minutes=5)

    assert judged(key, Phase.SCHEDULED, 299, due=due).fate is Fate.DO
    assert judged(key, Phase.SCHEDULED, 300, due=due) == Verdict(Fate.SKIP, "ya era la hora del debate")


def test_late_reminder_says_what_is_left() -> None:
    """«En una hora» while it is about right; after eight minutes it is 52."""
    cue = Cue("remind:1h", STARTS - timedelta(hours=1))

    for late, left in ((0, 3600), (30, 3600), (480, 3120)):
        now = cue.due_at + timedelta(seconds=late)
        assert ahead(cue, starts_at=STARTS, now=now) == timedelta(seconds=left)


@pytest.mark.parametrize(
    ("phase", "minute", "fate"),
    [
        (Phase.SCHEDULED, 0, Fate.DO), (Phase.SCHEDULED, 59.9, Fate.DO),
        (Phase.DRAFT, 0, Fate.SKIP), (Phase.DRAFT, 9999, Fate.SKIP),
        (Phase.SCHEDULED, 60, Fate.MISS), (Phase.SCHEDULED, 9999, Fate.MISS),
        (Phase.OPEN, 0, Fate.SKIP), (Phase.CANCELLED, 0, Fate.SKIP),
    ],
)  # fmt: skip
def test_late_opening_opens_inside_the_hour_and_is_missed_behind_it(phase: Phase, minute: float, fate: Fate) -> None:
    """A debate whose hour is over is missed."""
    now = STARTS + timedelta(minutes=minute)

    assert judge(Cue("open", STARTS), phase, starts_at=STARTS, ends_at=ENDS, now=now).fate is fate


def test_shifted_moves_the_hour_and_leaves_the_rest() -> None:
    """What bends comes with it; the grace and the reminders stay."""
    cues = [Cue("remind:1h", STARTS), Cue("ask:1", STARTS), Cue("close", ENDS), Cue("end_grace", ENDS)]

    assert minutes(shifted(cues, timedelta(minutes=5))) == [("ask:1", 5), ("close", 65)]


def test_next_ask_is_the_earliest_question() -> None:
    """Whatever the order in which they are given."""
    cues = [Cue("ask:3", ENDS), Cue("warn:2", STARTS), Cue("ask:2", STARTS + timedelta(minutes=1))]

    assert next_ask(cues) == cues[2]
    assert next_ask(cues[1:2]) is None
