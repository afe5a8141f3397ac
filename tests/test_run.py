"""The hour as stories: every verb of a moderator and of the clock, restarts, and two processes on one database.

Minutes count from the start. The default pace: welcome 0, labels 7, P1 10, P2 20, P3 30, wrap-up 55, close 60,
grace until 75; moderators are warned 2 minutes before each question.
"""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import select

from bot import errors
from bot.actions import ask, clock, run, send
from bot.ports import Actor, House, Platform
from bot.store import debates
from bot.store.engine import Store
from bot.tables import Outbox

from tests.stories import FILE, MODERATOR, Evening


@pytest.fixture
def evening(sqlite_store: Store, house: House) -> Evening:
    """A debate of three questions, planned three days ahead."""
    return Evening(sqlite_store, house)


@pytest.fixture
def anywhere(store: Store, house: House) -> Evening:
    """The same, on SQLite and on PostgreSQL."""
    return Evening(store, house)


def test_whole_hour_keeps_its_clock(anywhere: Evening) -> None:
    """With nobody touching it, everything comes at its minute and the debate closes itself."""
    anywhere.until(80)

    assert anywhere.slack.kinds() == [
        (-24 * 60, "remind"), (-60, "remind"), (-10, "remind"),
        (0, "welcome"), (7, "label"),
        (10, "question"), (20, "question"), (20, "answer"), (30, "question"),
        (55, "wrap_up"), (60, "closing"),
    ]  # fmt: skip
    assert [(minute, who, kind) for minute, who, kind, _ in anywhere.slack.private] == [
        (8, "UMOD", "warning"), (18, "UMOD", "warning"), (28, "UMOD", "warning"), (75, "UMOD", "ready"),
    ]  # fmt: skip
    assert anywhere.phase == "closed"
    assert anywhere.questions() == [
        ("¿Qué perfil?", 1, "answered"), ("¿De quién depende?", 2, "answered"), ("¿Qué mide?", 3, "answered"),
    ]  # fmt: skip


def test_next_by_hand_asks_now_and_the_rest_keep_their_distance(evening: Evening) -> None:
    """P2 comes at 14 instead of 20, so P3 comes at 24 (10 behind it) and is warned of at 22; the end stays at 60."""
    evening.until(14)

    number = evening.next()
    evening.until(60)

    assert number == 2
    assert [minute for minute, _ in evening.asked()] == [10, 14, 24]
    assert [minute for minute, _, kind, _ in evening.slack.private if kind == "warning"] == [8, 22]
    assert evening.slack.kinds()[-1] == (60, "closing")
    assert evening.why("ask:2") == "a mano"


def test_next_is_refused_as_a_double_press_within_a_minute(evening: Evening) -> None:
    """Two presses 59 s apart ask one question; ``really`` does not lift the guard; after 60 s it is a wish again."""
    evening.until(12)
    evening.next()
    evening.minute += 59 / 60

    with pytest.raises(errors.TooSoon) as refused:
        evening.next(really=True)
    evening.minute = 13
    evening.next()

    assert refused.value.fields == {"seconds": 59}
    assert [minute for minute, _ in evening.asked()] == [10, 12, 13]


def test_next_right_after_the_clock_asked_is_a_double_press_too(evening: Evening) -> None:
    """The moderator's finger was on its way when the clock asked P1."""
    evening.until(10.5)

    with pytest.raises(errors.TooSoon):
        evening.next()

    assert [minute for minute, _ in evening.asked()] == [10]


def test_next_asks_really_while_answers_pour_in(evening: Evening) -> None:
    """Five answers within 20 s: the moderator is asked, and answers yes."""
    evening.until(15)
    for name in ("Ana", "Luis", "Eva", "Juan", "Sara"):
        evening.says(name, "Yo creo que…", under="P1")
    evening.minute += 10 / 60

    with pytest.raises(errors.StillPouring) as refused:
        evening.next()
    number = evening.next(really=True)

    assert refused.value.fields == {"count": 5, "seconds": 20}
    assert number == 2


def test_next_does_not_ask_back_once_the_answers_are_older_than_the_window(evening: Evening) -> None:
    """21 s after the fifth answer nobody pours any more."""
    evening.until(15)
    for name in ("Ana", "Luis", "Eva", "Juan", "Sara"):
        evening.says(name, "Yo creo que…", under="P1")
    evening.minute += 21 / 60

    assert evening.next() == 2


def test_next_without_a_question_left_is_refused(evening: Evening) -> None:
    """After P3 there is nothing to ask, and nothing is."""
    evening.until(45)

    with pytest.raises(errors.NoQuestionLeft):
        evening.next()

    assert len(evening.asked()) == 3


def test_hold_stops_the_hour_and_resume_moves_it_by_as_long(evening: Evening) -> None:
    """Held at 15 for 7 minutes: P2 at 27, P3 at 37, wrap-up 62, close 67; answers in between are kept."""
    evening.until(15)
    evening.hold()
    evening.until(22)
    evening.says("Ana", "sigo aquí", under="P1")
    evening.resume()
    evening.until(90)

    assert [minute for minute, _ in evening.asked()] == [10, 27, 37]
    assert evening.slack.kinds()[-2:] == [(62, "wrap_up"), (67, "closing")]
    assert [text for _, text, *_ in evening.log()] == ["sigo aquí"]
    assert evening.cues("forgotten_hold") == [("forgotten_hold", 75, "skipped")]


def test_hold_twice_counts_from_the_second_time(anywhere: Evening) -> None:
    """Held 15-20 and 21-31: P2 is 15 minutes late, at 35; the second forgotten-hold cue counts from 21."""
    anywhere.until(15).hold()
    anywhere.until(20).resume()
    anywhere.until(21).hold()
    anywhere.until(31).resume()

    assert anywhere.cues("forgotten_hold") == [("forgotten_hold", 81, "skipped")]
    assert anywhere.cues("ask")[1] == ("ask:2", 35, "planned")


def test_forgotten_hold_closes_the_debate_after_an_hour(evening: Evening) -> None:
    """Held at 15 and left: closed at 75, settled at 90, what was not asked is carried over."""
    evening.until(15)
    evening.hold()
    evening.until(100)

    assert evening.slack.kinds()[-1] == (75, "closing")
    assert evening.phase == "closed"
    assert [state for _, _, state in evening.questions()] == ["answered", "carried", "carried"]


def test_extend_gives_the_open_question_more_time(evening: Evening) -> None:
    """Five minutes more at 12: P2 at 25, P3 at 35, wrap-up 60, close 65, grace until 80."""
    evening.until(12)
    evening.extend(5)
    evening.until(90)

    assert [minute for minute, _ in evening.asked()] == [10, 25, 35]
    assert evening.slack.kinds()[-2:] == [(60, "wrap_up"), (65, "closing")]
    assert evening.cues("end_grace") == [("end_grace", 80, "done")]


@pytest.mark.parametrize("minutes", [0, -5, 241, float("nan")])
def test_extend_by_nonsense_is_refused(evening: Evening, minutes: float) -> None:
    """Nothing moves."""
    evening.until(12)
    before = evening.cues()

    with pytest.raises(errors.BadMinutes):
        evening.extend(minutes)

    assert evening.cues() == before


def test_skip_carries_the_next_question_over_and_the_one_behind_takes_its_time(anywhere: Evening) -> None:
    """P2 is now the third question, at 20; nothing is asked at 30, nor warned of at 28."""
    anywhere.until(12)
    anywhere.skip()
    anywhere.until(60)

    assert anywhere.asked() == [(10, "P1 ¿Qué perfil? #MeetAlfaro"), (20, "P2 ¿Qué mide? #MeetAlfaro")]
    assert anywhere.cues("warn", "ask")[-2:] == [("warn:3", 28, "cancelled"), ("ask:3", 30, "cancelled")]
    assert anywhere.questions()[-1] == ("¿De quién depende?", None, "carried")


def test_reorder_changes_what_is_asked_next(evening: Evening) -> None:
    """The third goes before the second; the one that is left out keeps its turn behind."""
    second, third = evening.question_ids()[1:]
    evening.until(12)

    evening.reorder(third)
    evening.until(40)

    assert [text for _, text in evening.asked()] == [
        "P1 ¿Qué perfil? #MeetAlfaro", "P2 ¿Qué mide? #MeetAlfaro", "P3 ¿De quién depende? #MeetAlfaro",
    ]  # fmt: skip
    assert evening.question_ids() == [1, third, second]


def test_reorder_of_what_was_asked_already_is_refused(evening: Evening) -> None:
    """P1 is out; it has no turn to change."""
    evening.until(12)

    with pytest.raises(errors.NoSuchQuestion):
        evening.reorder(1)


def test_added_question_gets_a_turn_of_its_own_behind_the_others(evening: Evening) -> None:
    """P3 is at 30, so P4 comes at 40."""
    evening.until(12)
    evening.add("¿Y mañana?")
    evening.until(60)

    assert evening.asked()[-1] == (40, "P4 ¿Y mañana? #MeetAlfaro")


def test_question_added_after_a_skip_takes_the_turn_that_became_free(evening: Evening) -> None:
    """The skipped question leaves 30 free: the new one is asked then."""
    evening.until(12)
    evening.skip()
    evening.add("¿Y mañana?")
    evening.until(60)

    assert [minute for minute, _ in evening.asked()] == [10, 20, 30]


def test_question_added_when_all_were_asked_early_is_asked_by_the_clock(evening: Evening) -> None:
    """All three were out by 16; one added at 40 is asked after a warning's time, at 42, not left lying."""
    evening.until(12)
    evening.next()
    evening.until(16)
    evening.next()
    evening.until(40)
    evening.add("¿Y mañana?")
    evening.until(60)

    assert [minute for minute, _ in evening.asked()] == [10, 12, 16, 42]


def test_question_added_without_room_waits_for_a_hand(evening: Evening) -> None:
    """At 59 the hour has no room: no cue is made, but ``next`` asks it."""
    evening.until(59)
    evening.add("¿Y mañana?")

    assert evening.next() == 4
    assert evening.cues("close") == [("close", 60, "planned")]


def test_close_by_hand_ends_the_hour_and_opens_the_grace(evening: Evening) -> None:
    """Closed at 25: what was not asked is carried over, a late answer is taken and marked, settled at 40."""
    evening.until(25)
    evening.close()
    evening.until(30)
    evening.says("Ana", "llego tarde", under="P2")
    evening.until(41)
    evening.says("Luis", "ya es tarde del todo", under="P2")

    assert evening.slack.kinds()[-1] == (25, "closing")
    assert evening.log() == [("Ana", "llego tarde", 2, "thread", "certain")]
    assert evening.phase == "closed"
    assert evening.cues("ask", "wrap_up", "close", "end_grace", "recap") == [
        ("ask:1", 10, "done"), ("ask:2", 20, "done"), ("ask:3", 30, "skipped"), ("end_grace", 40, "done"),
        ("recap", 40, "done"), ("wrap_up", 55, "skipped"), ("close", 60, "done"),
    ]  # fmt: skip


def test_opened_early_by_hand_brings_the_whole_hour_forward(evening: Evening) -> None:
    """Opened at -20: P1 at -10, the last reminder is not sent, closed at 40."""
    evening.until(-20)
    evening.open()
    evening.until(50)

    assert evening.slack.kinds()[2:] == [
        (-20, "welcome"), (-13, "label"), (-10, "question"), (0, "question"), (0, "answer"), (10, "question"),
        (35, "wrap_up"), (40, "closing"),
    ]  # fmt: skip


def test_opened_late_by_hand_has_its_whole_hour(evening: Evening) -> None:
    """The bot was off at the start; opened by hand at 20 the hour counts from there: P1 at 30, closed at 80."""
    evening.minute = 20
    evening.open()
    evening.until(100)

    assert [minute for minute, _ in evening.asked()] == [30, 40, 50]
    assert evening.slack.kinds()[-1] == (80, "closing")


def test_verbs_out_of_their_phase_change_nothing(evening: Evening) -> None:
    """Before the opening and after the close each verb is refused by name."""
    verbs = (evening.next, evening.hold, evening.resume, evening.skip, evening.close, evening.abort)
    before = evening.cues()

    for verb in verbs:
        with pytest.raises(errors.WrongPhase):
            verb()
    with pytest.raises(errors.WrongPhase):
        evening.extend(5)

    assert evening.cues() == before
    evening.until(100)
    for verb in (*verbs, evening.open):
        with pytest.raises(errors.WrongPhase):
            verb()


def test_verbs_are_for_moderators(evening: Evening) -> None:
    """A member's commands are refused, and nothing of the hour moves."""
    ana = Actor("slack:UANA", "Ana")
    evening.until(12)
    before = evening.cues()

    for verb in (evening.next, evening.hold, evening.skip, evening.close, evening.abort):
        with pytest.raises(errors.NotModerator):
            verb(ana)

    assert evening.cues() == before


# --- abort -----------------------------------------------------------------------------------------------------------


def test_abort_leaves_no_trace_but_the_audit(anywhere: Evening) -> None:
    """A start by mistake: its posts are deleted in Slack, and no table but the audit has a row of it."""
    anywhere.until(10)
    posted = len(anywhere.slack.posts)
    anywhere.abort()

    assert len(anywhere.slack.removed) == posted
    assert rows(anywhere.store, but=("audit", "outbox", "person", "identity", "alembic_version")) == {}
    assert anywhere.look(lambda tx: [row.kind for row in tx.session.exec(select(Outbox)).all()]) == ["delete"] * posted


def test_abort_asks_back_once_somebody_has_spoken(evening: Evening) -> None:
    """What was said would be lost: it is asked first, and then done."""
    evening.until(12)
    evening.says("Ana", "¡hola!")

    with pytest.raises(errors.SomethingSaid) as refused:
        evening.abort()
    assert refused.value.fields == {"count": 1}
    assert evening.phase == "open"
    evening.abort(really=True)

    assert rows(evening.store, but=("audit", "outbox", "person", "identity", "alembic_version")) == {}


def test_post_that_lands_after_an_abort_is_taken_back(evening: Evening) -> None:
    """A post was on its way when the debate was aborted: it is deleted as soon as it is known where it stands."""
    evening.until(-10)
    evening.minute = 0
    evening.store.write(lambda tx: clock.do_due(tx, now=evening.now, house=evening.house))
    [(row_id, draft, _)] = evening.store.write(lambda tx: send.claim(tx, Platform.SLACK, owner="test", now=evening.now))

    evening.abort()
    ident = evening.slack.take(draft, evening.now)
    evening.store.write(lambda tx: send.landed(tx, row_id, ident, now=evening.now))
    evening.deliver()

    assert draft.kind == "welcome"
    assert evening.slack.removed[-1] == ident


def test_post_whose_answer_was_lost_is_known_by_its_words_after_an_abort(evening: Evening) -> None:
    """X knows our posts by nothing else: it is looked for, taken back once it is found, and its words go then."""
    evening.until(-10)
    evening.minute = 0
    evening.store.write(lambda tx: clock.do_due(tx, now=evening.now, house=evening.house))
    [(row_id, draft, _)] = evening.store.write(lambda tx: send.claim(tx, Platform.SLACK, owner="test", now=evening.now))

    evening.abort()
    evening.store.write(lambda tx: send.again(tx, row_id, owner="test", why="?", now=evening.now, seconds=0))
    [(_, again, since)] = evening.store.write(lambda tx: send.claim(tx, Platform.SLACK, owner="t", now=evening.now))
    assert (again.text, since is not None) == (draft.text, True)

    evening.store.write(lambda tx: send.landed(tx, row_id, "123.4", now=evening.now))
    evening.deliver()
    assert evening.slack.removed[-1] == "123.4"
    assert evening.look(lambda tx: {one.text for one in tx.session.exec(select(Outbox)).all()}) == {""}


def test_post_that_surely_did_not_leave_is_not_said_after_an_abort(evening: Evening) -> None:
    """The platform had no time for it: there is nothing to take back, and nothing to say any more."""
    evening.until(-10)
    evening.minute = 0
    evening.store.write(lambda tx: clock.do_due(tx, now=evening.now, house=evening.house))
    [(row_id, _, _)] = evening.store.write(lambda tx: send.claim(tx, Platform.SLACK, owner="test", now=evening.now))

    evening.abort()
    said = list(evening.slack.posts)
    assert not evening.store.write(
        lambda tx: send.again(tx, row_id, owner="test", why="429", now=evening.now, seconds=0, unsent=True)
    )
    evening.deliver()
    assert (evening.slack.posts, evening.look(lambda tx: send.due(tx, Platform.SLACK))) == (said, None)


# --- restarts --------------------------------------------------------------------------------------------------------


def test_restart_between_cues_does_the_next_once_and_on_time(evening: Evening) -> None:
    """Off from 12 to 17, nothing was due: nothing is skipped, P2 comes at 20."""
    evening.until(12)
    evening.away(17)
    evening.until(60)

    assert [minute for minute, _ in evening.asked()] == [10, 20, 30]
    assert [cue for cue in evening.cues() if cue[2] == "skipped"] == []


def test_restart_after_a_missed_question_asks_at_once_and_the_rest_keep_their_distance(anywhere: Evening) -> None:
    """Off from 12 to 24: P2 at 24 (4 late), P3 at 34, wrap-up 59, close 64; P2's warning is too late to be of use."""
    anywhere.until(12)
    anywhere.away(24)
    anywhere.until(70)

    assert [minute for minute, _ in anywhere.asked()] == [10, 24, 34]
    assert anywhere.slack.kinds()[-2:] == [(59, "wrap_up"), (64, "closing")]
    assert anywhere.why("warn:2") == "llegaba 6 min tarde (límite 60 s)"
    assert anywhere.why("ask:2") == "4 min tarde"


def test_restart_after_two_missed_questions_asks_one_and_then_the_other(evening: Evening) -> None:
    """Off from 12 to 35: P2 at 35, not P2 and P3 at once; P3 ten minutes behind."""
    evening.until(12)
    evening.away(35)

    assert evening.wake() == []
    evening.until(60)
    assert [minute for minute, _ in evening.asked()] == [10, 35, 45]


def test_restart_inside_the_hour_opens_late(evening: Evening) -> None:
    """Off from -30 to 20: opened at 20, P1 at once, the rest behind it; reminder and labels are skipped and say so."""
    evening.until(-30)
    evening.away(20)
    evening.until(80)

    assert evening.slack.kinds()[2:4] == [(20, "welcome"), (20, "question")]
    assert [minute for minute, _ in evening.asked()] == [20, 30, 40]
    assert evening.why("open") == "20 min tarde"
    assert evening.why("remind:10m") == "llegaba 30 min tarde (límite 10 min)"
    assert evening.why("label") == "llegaba 13 min tarde (límite 2 min)"
    assert evening.slack.kinds()[-1] == (70, "closing")


def test_reminder_that_is_nine_minutes_late_is_still_sent(evening: Evening) -> None:
    """The reminder of T-10 is of use until T."""
    evening.until(-30)
    evening.away(-1)

    assert evening.slack.kinds()[-1] == (-1, "remind")


def test_debate_whose_hour_is_over_is_missed_and_its_moderators_know(evening: Evening) -> None:
    """Off from -30 to 61: nothing is posted in the channel, every cue says why, the moderators are told."""
    evening.until(-30)
    evening.away(61)

    assert evening.phase == "missed"
    assert len(evening.slack.posts) == 2
    assert [(who, kind) for _, who, kind, _ in evening.slack.private] == [("UMOD", "missed")]
    assert {cue[2] for cue in evening.cues() if cue[1] >= -10} == {"skipped"}


def test_restart_after_the_hour_closes_what_was_open(evening: Evening) -> None:
    """Off from 12 to 70: no question is asked any more, the debate is closed at once and settled at 85."""
    evening.until(12)
    evening.away(70)

    assert [minute for minute, _ in evening.asked()] == [10]
    assert evening.slack.kinds()[-1] == (70, "closing")
    assert evening.why("ask:2") == "la hora ya había terminado"
    evening.until(90)
    assert evening.phase == "closed"


def test_cue_without_a_question_left_says_so(evening: Evening) -> None:
    """The last question was declined: its cue is skipped with the reason, not counted as done."""
    evening.until(25)
    evening.store.write(lambda tx: ask.decline(tx, 3, reason="repetida", actor=MODERATOR, now=evening.now).state)
    evening.until(40)

    assert evening.cues("ask")[-1] == ("ask:3", 30, "skipped")
    assert evening.why("ask:3") == "no quedaba ninguna pregunta"


def test_announcement_goes_out_a_week_ahead(sqlite_store: Store, house: House) -> None:
    """Planned ten days ahead: announced at T-7 d in every place."""
    evening = Evening(sqlite_store, house, planned=-10 * 24 * 60)

    evening.until(-7 * 24 * 60)

    assert evening.slack.kinds() == [(-7 * 24 * 60, "announce")]


def test_debate_in_seconds_runs_like_an_hour(sqlite_store: Store, house: House) -> None:
    """A pace in seconds: 0 welcome, questions at 10, 20 and 30 s, closed at 60 s, settled at 65 s."""
    source = (
        FILE + '[pace]\nminutes = "60s"\nfirst = "10s"\nevery = "10s"\nwarning = "2s"\nwrap_up = "5s"\ngrace = "5s"\n'
    )
    evening = Evening(sqlite_store, house, source, planned=-0.1)

    evening.until(2)

    assert [(round(minute * 60), kind) for minute, kind in evening.slack.kinds()] == [
        (0, "welcome"), (10, "question"), (20, "question"), (20, "answer"), (30, "question"),
        (55, "wrap_up"), (60, "closing"),
    ]  # fmt: skip
    assert evening.phase == "closed"


# --- several processes -----------------------------------------------------------------------------------------------


def test_two_processes_never_do_a_cue_twice(anywhere: Evening) -> None:
    """Four writers of their own ask "what is due?" at once, over a whole hour: each post is there once, in order."""
    anywhere.until(-11)
    barrier = threading.Barrier(4)

    def ticking() -> list[str]:
        store = Store(anywhere.store.url.render_as_string(hide_password=False))
        done: list[str] = []
        for minute in range(-10, 80):
            barrier.wait()
            now = anywhere.starts + timedelta(minutes=minute)
            while key := store.write(lambda tx, now=now: clock.do_due(tx, now=now, house=anywhere.house)):  # type: ignore[misc]
                done.append(key)
        store.close()
        return done

    with ThreadPoolExecutor(4) as pool:
        done = [key for future in [pool.submit(ticking) for _ in range(4)] for key in future.result()]

    assert sorted(done) == sorted(
        key for key, _, _ in anywhere.cues() if not key.startswith(("remind:24h", "remind:1h", "teaser", "pulse"))
    )
    assert [state for _, _, state in anywhere.cues("ask", "open", "close", "recap")] == ["done"] * 6
    posts = anywhere.look(
        lambda tx: [row.kind for row in tx.session.exec(select(Outbox)).all() if row.platform == "room"]
    )
    assert posts.count("question") == 3
    assert posts.count("closing") == 1


def test_clock_and_hand_at_once_ask_one_question(anywhere: Evening) -> None:
    """``next`` from one process in the instant the clock of another asks: one of them asks P1, none asks P2."""
    anywhere.until(9)
    anywhere.minute = 10
    barrier = threading.Barrier(2)

    def hand() -> str:
        store = Store(anywhere.store.url.render_as_string(hide_password=False))
        barrier.wait()
        try:
            return store.write(
                lambda tx: f"P{run.ask_next(tx, debates.get(tx, 1), actor=MODERATOR, now=anywhere.now).number}"
            )
        except errors.TooSoon:
            return "too soon"
        finally:
            store.close()

    def due() -> str | None:
        barrier.wait()
        return anywhere.store.write(lambda tx: clock.do_due(tx, now=anywhere.now, house=anywhere.house))

    with ThreadPoolExecutor(2) as pool:
        answers = (pool.submit(hand), pool.submit(due))
        results = (answers[0].result(), answers[1].result())
    anywhere.wake()

    assert results in {("too soon", "ask:1"), ("P1", None)}
    assert [number for _, number, _ in anywhere.questions()] == [1, None, None]


def rows(store: Store, *, but: tuple[str, ...]) -> dict[str, int]:
    """How many rows each table has, the empty ones and those named left out."""
    with store.read() as tx:
        names = [name for name in sa.inspect(tx.conn).get_table_names() if name not in but and "fts" not in name]
        counts = {name: tx.conn.execute(sa.text(f'SELECT count(*) FROM "{name}"')).scalar_one() for name in names}
    return {name: count for name, count in counts.items() if count}
