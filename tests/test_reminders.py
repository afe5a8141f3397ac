"""Reminders that people asked for: each once, at its time, where they said; nothing stale, nothing unasked."""

import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot import debatefile, errors
from bot.actions import attendance, clock, moving, plan, reminders, send
from bot.actions import people as everybody
from bot.actions.reminders import Chosen
from bot.invitation import DEFAULT, Answer
from bot.ports import OPERATOR, Actor, House, Platform
from bot.store import debates, feed, outbox, people
from bot.store.engine import Store, Tx

from tests.planned_year import Year, day
from tests.stories import FILE, MODERATOR, Evening

ANA = Actor("slack:UANA", "Ana")
LUIS = Actor("slack:ULUIS", "Luis")
EVA = Actor("room:eva", "Eva")
HOUR, TEN = 3600, 600


@pytest.fixture
def evening(store: Store, house: House) -> Evening:
    """A debate three days ahead."""
    return Evening(store, house)


def choose(
    evening: Evening, ahead: Sequence[int], who: Actor = ANA, *, here: bool = True, where: str = "", debate: int = 0
) -> Chosen:
    """Somebody says when to be reminded, of this debate (or another), or of all (``here`` False)."""

    def action(tx: Tx) -> Chosen:
        one = debates.get(tx, debate or evening.id) if here else None
        return reminders.choose(tx, ahead, debate=one, actor=who, now=evening.now, where=where)

    return evening.store.write(action)


def answer(evening: Evening, wanted: Answer | None, who: Actor = ANA) -> None:
    """Somebody answers the invitation."""
    evening.store.write(
        lambda tx: attendance.answer(tx, debates.get(tx, evening.id), wanted, actor=who, now=evening.now)
    )


def move(evening: Evening, local: str) -> None:
    """A moderator moves the debate to another time in Madrid."""
    when = moving.When(datetime.fromisoformat(local))
    evening.store.write(
        lambda tx: moving.move(
            tx, debates.get(tx, evening.id), when, house=evening.house, actor=MODERATOR, now=evening.now
        )
    )


def nudges(evening: Evening) -> list[tuple[float, str]]:
    """(minute, who) of each reminder that arrived in Slack."""
    return [(round(minute), who) for minute, who, kind, _ in evening.slack.private if kind == "nudge"]


def test_the_reminder_comes_to_who_asked_and_to_nobody_else(evening: Evening) -> None:
    """At the two times of the house, in private, with all that one needs to know."""
    choose(evening, DEFAULT)
    answer(evening, Answer.YES, LUIS)

    evening.until(0)

    assert nudges(evening) == [(-60, "UANA"), (-10, "UANA")]
    assert next(text for *_, kind, text in evening.slack.private if kind == "nudge") == (
        "Me pediste que te avisara: en 1 h empieza «¿Quién es el CXO?», jueves 14 de enero de 2027, 19:00 "
        "(Europe/Madrid). https://tertulia.example/d/2027-01-14-quien-es-el-cxo "
        "Si no quieres más avisos: /tertulia recordar no"
    )


def test_a_yes_offers_and_does_not_send(evening: Evening) -> None:
    """Who says that they come has asked for no message; who says it after asking keeps theirs."""
    answer(evening, Answer.YES)
    choose(evening, [TEN], LUIS)
    answer(evening, Answer.YES, LUIS)

    assert [key for key, *_ in evening.cues("nudge")] == ["nudge:600"]
    assert nudges(evening.until(0)) == [(-10, "ULUIS")]


def test_one_cue_for_each_time_however_many_ask(evening: Evening) -> None:
    """Asked for twice, by two, it is still one; nobody asks any more, and it is taken off the clock."""
    for who in (ANA, LUIS, ANA):
        choose(evening, [HOUR, TEN], who)
    assert evening.cues("nudge") == [("nudge:3600", -60, "planned"), ("nudge:600", -10, "planned")]

    choose(evening, [], ANA)
    choose(evening, [TEN], LUIS)

    assert evening.cues("nudge") == [("nudge:3600", -60, "cancelled"), ("nudge:600", -10, "planned")]
    assert nudges(evening.until(0)) == [(-10, "ULUIS")]


def test_what_is_asked_for_all_reaches_the_debates_planned_later(evening: Evening) -> None:
    """One wish, every debate; a debate of its own wish goes before it, and can be left out."""
    choose(evening, [TEN], here=False)
    later = another(evening, "2027-01-21T19:00:00")
    third = another(evening, "2027-01-28T19:00:00")
    choose(evening, [HOUR], debate=third)
    choose(evening, [])

    week = 7 * 24 * 60
    assert evening.look(lambda tx: wishes(tx, evening.id, later, third)) == [
        ((), True), ((TEN,), False), ((HOUR,), True),
    ]  # fmt: skip
    assert nudges(evening.until(2 * week)) == [(week - 10, "UANA"), (2 * week - 60, "UANA")]


def test_no_more_of_all_takes_back_everything(evening: Evening) -> None:
    """Whatever was asked of single debates, too."""
    choose(evening, [TEN], here=False)
    choose(evening, [HOUR])

    assert choose(evening, [], here=False) == Chosen((), "slack:UANA", own=False)

    assert nudges(evening.until(0)) == []
    assert evening.cues("nudge") == [("nudge:3600", -60, "cancelled"), ("nudge:600", -10, "cancelled")]


def test_who_does_not_come_is_left_alone_until_they_ask_again(evening: Evening) -> None:
    """A «no» silences what was asked before; what is asked after it counts."""
    choose(evening, [HOUR])
    choose(evening, [TEN], LUIS, here=False)
    evening.until(-70)
    answer(evening, Answer.NO)
    answer(evening, Answer.NO, LUIS)
    evening.until(-30)
    assert nudges(evening) == []

    choose(evening, [TEN])

    assert nudges(evening.until(0)) == [(-10, "UANA")]


def test_asked_too_late_it_does_not_come_late(evening: Evening) -> None:
    """What should have been said already is not; a later one of the same wish is."""
    evening.until(-30)
    choose(evening, [HOUR, TEN])

    assert evening.cues("nudge") == [("nudge:600", -10, "planned")]
    assert nudges(evening.until(0)) == [(-10, "UANA")]


def test_a_moved_debate_moves_its_reminders_and_says_the_new_hour(evening: Evening) -> None:
    """Before the first has gone out, and after: each start has its own."""
    choose(evening, [HOUR])
    move(evening, "2027-01-14T20:00")
    assert evening.cues("nudge") == [("nudge:3600", 0, "planned")]
    assert nudges(evening.until(1)) == [(0, "UANA")]

    move(evening, "2027-01-15T20:00")
    evening.until(24 * 60 + 30)

    assert nudges(evening) == [(0, "UANA"), (24 * 60, "UANA")]


def test_there_and_back_again_is_one_reminder(evening: Evening) -> None:
    """Said of a start, it is not said of the same start a second time."""
    choose(evening, [3 * HOUR])
    evening.until(-170)
    move(evening, "2027-01-15T19:00")
    move(evening, "2027-01-14T19:00")
    rewind(evening)

    assert nudges(evening.until(0)) == [(-180, "UANA")]


def test_cue_that_runs_twice_tells_once(evening: Evening) -> None:
    """However it came to be done again: planned anew by hand, or by a process that knew no better."""
    choose(evening, [HOUR, TEN])
    evening.until(-55)
    rewind(evening)

    assert nudges(evening.until(0)) == [(-60, "UANA"), (-10, "UANA")]


@pytest.mark.parametrize("how", ["cancel", "open", "late", "missed"])
def test_nothing_stale(evening: Evening, how: str) -> None:
    """Cancelled, begun early, the bot away past the limit or past the hour: nobody is reminded of it."""
    choose(evening, [HOUR])
    match how:
        case "cancel":
            cancel(evening)
        case "open":
            evening.minute = -61
            evening.open()
        case _:
            evening.away(-45 if how == "late" else 61)

    assert nudges(evening.until(62)) == []
    assert evening.cues("nudge")[0][2] in {"skipped", "cancelled"}


def test_late_within_the_limit_it_says_what_is_left(evening: Evening) -> None:
    """Five minutes late is worth saying, and says fifty-five."""
    choose(evening, [HOUR])
    evening.away(-55)

    assert nudges(evening) == [(-55, "UANA")]
    assert "en 55 min empieza" in evening.slack.private[-1][3]


def test_what_waits_in_the_queue_is_taken_back_when_it_is_of_no_use(evening: Evening) -> None:
    """Slack is away and the debate is moved: nothing of the old hour is said when Slack is back."""
    choose(evening, [HOUR])
    run_without_slack(evening, -60)
    assert waiting(evening) == 1

    move(evening, "2027-01-14T21:00")

    assert waiting(evening) == 0
    assert nudges(evening.until(59)) == []
    assert nudges(evening.until(61)) == [(60, "UANA")]


def test_taken_back_by_who_asked_it_is_not_said(evening: Evening) -> None:
    """Off means off, for what waits to be sent this moment, too."""
    choose(evening, [HOUR])
    run_without_slack(evening, -60)

    choose(evening, [], here=False)

    assert waiting(evening) == 0


def test_who_comes_from_the_room_is_told_in_the_room(evening: Evening) -> None:
    """A whisper on the debate's page, and nothing anywhere else."""
    choose(evening, [HOUR], EVA)
    evening.until(-59)

    assert whispers(evening) == ["eva"]
    assert nudges(evening) == []


def test_told_where_they_want_among_their_own_accounts(evening: Evening) -> None:
    """Somebody with two linked accounts is told in the one they name; another's is not theirs to name."""
    link(evening, "room:ana", "slack:UANA")
    evening.store.write(lambda tx: people.ensure(tx, "slack", "ULUIS").id)
    told = choose(evening, [HOUR], Actor("room:ana", "Ana"), where="slack:UANA")
    assert told == Chosen((HOUR,), "slack:UANA", own=True)
    for place in ("slack:ULUIS", "x:12", "room:nobody"):
        with pytest.raises(errors.NoWayThere):
            choose(evening, [TEN], where=place)

    assert nudges(evening.until(0)) == [(-60, "UANA")]


def test_two_accounts_of_a_person_are_reminded_once(evening: Evening) -> None:
    """The last word counts, whichever account it was said from."""
    link(evening, "room:ana", "slack:UANA")
    choose(evening, [HOUR], Actor("room:ana", "Ana"))
    choose(evening, [HOUR])

    assert nudges(evening.until(-1)) == [(-60, "UANA")]
    assert whispers(evening) == []


@pytest.mark.parametrize("ahead", [[59], [90], [15 * 86400], [60, 120, 180, 240, 300, 360]])
def test_times_that_are_none_are_refused_and_change_nothing(evening: Evening, ahead: list[int]) -> None:
    """Under a minute, between minutes, over a fortnight, too many."""
    choose(evening, [TEN])

    with pytest.raises(errors.BadLead):
        choose(evening, ahead)

    assert evening.look(lambda tx: wishes(tx, evening.id)) == [((TEN,), True)]


def test_nobody_asks_of_a_debate_that_has_begun(evening: Evening) -> None:
    """Refused; of all debates it can be asked at any time."""
    evening.until(5)

    with pytest.raises(errors.NotToCome):
        choose(evening, [TEN])
    assert choose(evening, [TEN], here=False).ahead == (TEN,)


def test_once_the_debate_is_on_nothing_is_left_of_its_reminders(evening: Evening) -> None:
    """Who asked and who was told is of no use any more; what is wanted of all debates stays."""
    choose(evening, [HOUR], LUIS)
    choose(evening, [HOUR], EVA)
    choose(evening, [HOUR], here=False)
    evening.until(1)

    left = "SELECT (SELECT count(*) FROM outbox WHERE kind = 'nudge'), (SELECT count(*) FROM reminding)"
    assert evening.look(lambda tx: tuple(tx.conn.exec_driver_sql(left).one())) == (0, 1)


def test_forgotten_one_has_no_wish_and_no_answer(evening: Evening) -> None:
    """Not a row, not a reminder, not even one that waits to be sent."""
    choose(evening, [HOUR])
    choose(evening, [TEN], here=False)
    answer(evening, Answer.YES)
    answer(evening, Answer.YES, LUIS)
    run_without_slack(evening, -60)
    before = evening.debate.rev

    evening.store.write(lambda tx: everybody.forget(tx, "slack:UANA", actor=OPERATOR, now=evening.now))

    assert nudges(evening.until(-1)) == []
    assert evening.look(lambda tx: attendance.counts(tx, debates.get(tx, evening.id))) == (1, 0, 0)
    assert evening.debate.rev > before
    rows = "SELECT (SELECT count(*) FROM reminding), (SELECT count(*) FROM attendance)"
    assert evening.look(lambda tx: tuple(tx.conn.exec_driver_sql(rows).one())) == (0, 1)


def test_rehearsals_are_nobodys_debate(evening: Evening) -> None:
    """A wish for all debates is not one for practice."""
    choose(evening, [HOUR], here=False)
    practice = another(evening, "2027-01-20T19:00:00", rehearsal=True)

    assert [key for key in evening.look(lambda tx: keys(tx, practice)) if key.startswith("nudge")] == []
    assert "nudge:3600" in evening.look(lambda tx: keys(tx, evening.id))


def test_what_lapsed_and_came_back_reminds_who_asked_meanwhile(store: Store, house: House) -> None:
    """A date that nobody confirmed reminds nobody; confirmed late, it reminds those who asked while it was gone."""
    year = Year(store, house, day("2026-11-22"))
    year.do(lambda tx: reminders.choose(tx, [TEN], actor=LUIS, now=year.now))
    year.add("FREQ=WEEKLY;BYDAY=TH;UNTIL=20270131", "2027-01-14T19:00")
    year.until("2027-01-10")  # it has lapsed
    year.do(lambda tx: reminders.choose(tx, [HOUR], actor=ANA, now=year.now))
    year.confirm("2027-enero")
    year.until("2027-01-16")

    assert sorted(kind for _, kind, _ in year.told if kind == "nudge") == ["nudge", "nudge"]
    found = year.cues(year.at("2027-01-14T19:00"))
    assert {key: state for key, (_, state) in found.items() if key.startswith("nudge")} == {
        "nudge:3600": "done", "nudge:600": "done",
    }  # fmt: skip


def test_thousands_are_told_and_the_debate_is_not_kept_waiting(sqlite_store: Store, house: House) -> None:
    """All in one statement; they leave one behind the other, and what goes to the channel is said at once."""
    evening = Evening(sqlite_store, house)
    many = [{"id": number, "who": f"U{number}"} for number in range(100, 5100)]
    for insert in (
        "INSERT INTO person (id, alias) VALUES (:id, '')",
        "INSERT INTO identity (id, person_id, platform, platform_id, name, role) "
        "VALUES (:id, :id, 'slack', :who, '', 'member')",
        "INSERT INTO reminding (person_id, debate_id, identity_id, ahead, at) VALUES (:id, 0, :id, '[3600]', 0)",
    ):
        evening.store.write(lambda tx, insert=insert: tx.conn.execute(sa.text(insert), many))  # type: ignore[misc]
    choose(evening, [HOUR])
    begun = time.process_time()
    run_without_slack(evening, -60)

    assert time.process_time() - begun < 2  # 0.2 s on a machine that does nothing else
    assert waiting(evening) == 5001
    claimed = evening.store.write(lambda tx: send.claim(tx, Platform.SLACK, owner="test", now=evening.now))
    assert sorted(draft.kind for _, draft, _ in claimed) == ["nudge", "remind"]
    last = evening.look(lambda tx: max(row.next_at for row in outbox.of_debate(tx, evening.id)))
    assert timedelta(minutes=20) < last - evening.now < timedelta(minutes=21)


# --- whatever the order ----------------------------------------------------------------------------------------------

WHO = st.sampled_from([ANA, LUIS])
STEPS = st.one_of(
    st.tuples(st.just("choose"), WHO, st.sampled_from([(), (HOUR,), (TEN,), DEFAULT]), st.booleans()),
    st.tuples(st.just("answer"), WHO, st.sampled_from([None, *Answer])),
    st.tuples(st.just("move"), st.integers(-90, 240)),
    st.tuples(st.just("wait"), st.integers(1, 90)),
    st.tuples(st.just("away"), st.integers(1, 90)),
    st.tuples(st.just("again")),
    st.tuples(st.just("cancel")),
)


@pytest.fixture
def empty_house(_sqlite_template: Path) -> Callable[[str], Store]:
    """Makes an empty database in a folder."""

    def make(folder: str) -> Store:
        shutil.copy(_sqlite_template, Path(folder) / "tertulia.db")
        return Store(f"sqlite:///{folder}/tertulia.db")

    return make


@given(steps=st.lists(STEPS, max_size=14))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_each_reminder_at_most_once_and_none_unasked(
    empty_house: Callable[[str], Store], steps: list[tuple[Any, ...]]
) -> None:
    """Whatever people wish, however the debate moves and the bot stops: once for each time and start, and who asked."""
    told, asked = list[tuple[str, float, float]](), set[str]()
    with tempfile.TemporaryDirectory() as folder:
        store = empty_house(folder)
        try:
            evening = Evening(store, House(slack_channel="C0DEBATE"), planned=-150)
            for step in [*steps, ("wait", 600)]:
                told += _told_by(evening, step, asked)
        finally:
            store.close()
    assert {who for who, _, _ in told} <= asked
    assert max(Counter(told).values(), default=0) <= 1


def _told_by(evening: Evening, step: tuple[Any, ...], asked: set[str]) -> list[tuple[str, float, float]]:
    """(who, which of their reminders, start) of what was said in a step, all before the start of a debate to come."""
    before, starts = len(evening.slack.private), evening.look(lambda tx: _starts(tx, evening))
    _play(evening, step, asked)
    starts = evening.look(lambda tx: _starts(tx, evening)) if step[0] == "move" else starts
    new = [(who, minute) for minute, who, kind, _ in evening.slack.private[before:] if kind == "nudge"]
    assert all(minute < starts for _, minute in new)
    # Ten minutes late at most: an hour ahead and ten minutes ahead are told apart by when they came.
    return [(who, HOUR if starts - minute > 30 else TEN, starts) for who, minute in new]


def _play(evening: Evening, step: tuple[Any, ...], asked: set[str]) -> None:
    """The step is taken; what is refused at that moment changes nothing."""
    with suppress(errors.Refusal):
        match step:
            case ("choose", who, ahead, here):
                choose(evening, ahead, who, here=here)
                asked |= {who.who.removeprefix("slack:")} if ahead else set()
            case ("answer", who, wanted):
                answer(evening, wanted, who)
            case ("move", minutes):
                local = datetime.fromisoformat("2027-01-14T19:00") + timedelta(minutes=minutes)
                move(evening, local.isoformat())
            case ("wait", minutes):
                evening.until(evening.minute + minutes)
            case ("away", minutes):
                evening.away(evening.minute + minutes)
            case ("again",):
                rewind(evening)
                evening.wake()
            case ("cancel",):
                cancel(evening)


def _starts(tx: Tx, evening: Evening) -> float:
    return (debates.get(tx, evening.id).starts_at - evening.starts).total_seconds() / 60


# --- what the stories need -------------------------------------------------------------------------------------------


def another(evening: Evening, starts: str, *, rehearsal: bool = False) -> int:
    """One more debate is planned; returns its id."""
    wanted = replace(debatefile.parse(FILE.replace("2027-01-14T19:00:00", starts)), rehearsal=rehearsal)
    return evening.store.write(
        lambda tx: debates.ident(plan.add(tx, wanted, house=evening.house, actor=OPERATOR, now=evening.now))
    )


def cancel(evening: Evening) -> None:
    """The debate will not be held."""
    evening.store.write(lambda tx: plan.cancel(tx, debates.get(tx, evening.id), actor=MODERATOR, now=evening.now))
    evening.deliver()


def run_without_slack(evening: Evening, minute: float) -> None:
    """The clock does what is due at that minute, and Slack takes nothing."""
    evening.until(minute - 1)
    evening.minute = minute
    evening.store.write(lambda tx: clock.do_all_due(tx, now=evening.now, house=evening.house, most=9))


def wishes(tx: Tx, *debate_ids: int) -> list[tuple[tuple[int, ...], bool]]:
    """When Ana is reminded of each debate, and whether she said so of it alone."""
    found = [reminders.chosen(tx, ANA.who, debates.get(tx, one)) for one in debate_ids]
    return [(one.ahead, one.own) for one in found]


def whispers(evening: Evening) -> list[str]:
    """Who was reminded on the debate's page."""
    posts = evening.look(lambda tx: feed.since(tx, evening.id, 0, moderator=True).posts)
    return [one.reader for one in posts if one.kind == "nudge" and one.private]


def keys(tx: Tx, debate_id: int) -> list[str]:
    """The keys of a debate's cues."""
    return [one.key for one in debates.cues(tx, debate_id)]


def waiting(evening: Evening) -> int:
    """How many reminders wait to be sent."""
    return evening.look(lambda tx: sum(row.kind == "nudge" for row in outbox.of_debate(tx, evening.id)))


def rewind(evening: Evening) -> None:
    """Every reminder's cue that is over is planned once more, as if it had never been done."""
    again = "UPDATE cue SET state = 'planned' WHERE substr(key, 1, 5) = 'nudge' AND state IN ('done', 'skipped')"
    evening.store.write(lambda tx: tx.conn.exec_driver_sql(again))


def link(evening: Evening, one: str, other: str) -> None:
    """Two accounts are one person."""

    def action(tx: Tx) -> None:
        first, second = (people.ensure(tx, *people.parse(who)) for who in (one, other))
        first.person_id = second.person_id
        tx.session.add(first)

    evening.store.write(action)
