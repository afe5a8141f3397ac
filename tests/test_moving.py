"""A debate that has not begun is renamed, moved, cloned or cancelled: its cues, its calendar and its readers follow."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import cues as rules
from bot import errors, localtime
from bot.actions import attendance, clock, guests, moving, plan, polls, reminders, run, send
from bot.actions.moving import When, Wording
from bot.debate import Pace
from bot.debatefile import DebateFile, PlannedQuestion
from bot.guest import Invited
from bot.invitation import Answer
from bot.poll import Choice, Planned
from bot.poll import Kind as PollKind
from bot.ports import CLOCK, OPERATOR, Actor, House, Platform
from bot.store import debates, outbox
from bot.store import guests as invited
from bot.store import polls as kept
from bot.store.engine import Store, Tx
from bot.tables import Debate
from bot.words.catalogue import words

HOUSE = House(slack_channel="C0PLAZA", x=True)
DAY = timedelta(days=1)
STARTS = datetime(2027, 1, 14, 18, tzinfo=UTC)  # 19:00 in Madrid
PLANNED = STARTS - 20 * DAY
QUESTIONS = (PlannedQuestion("¿Una?", "Sí."), PlannedQuestion("¿Otra?"))


def planned(store: Store, *, starts: datetime = STARTS, title: str = "De prueba", channel: str = "C0PLAZA") -> int:
    """A debate of two questions stands in Slack, on X and in the room, planned twenty days ahead."""
    wanted = DebateFile(title, QUESTIONS, starts=starts, timezone="Europe/Madrid", hashtag="CX", slack=channel)
    if channel != "C0PLAZA":
        wanted = DebateFile(title, QUESTIONS, starts=starts, timezone="Europe/Madrid", slack=channel, x=False)
    return store.write(lambda tx: debates.ident(plan.add(tx, wanted, house=HOUSE, actor=OPERATOR, now=PLANNED)))


def local(text: str, zone: str = "") -> When:
    """A start on the debate's own clocks, or on those of a zone."""
    return When(datetime.fromisoformat(text), zone)


def move(store: Store, debate_id: int, when: When, *, now: datetime = PLANNED, actor: Actor = OPERATOR) -> bool:
    """The debate is moved."""
    return store.write(lambda tx: moving.move(tx, debates.get(tx, debate_id), when, house=HOUSE, actor=actor, now=now))


def edit(store: Store, debate_id: int, wording: Wording, *, actor: Actor = OPERATOR) -> bool:
    """The debate is edited."""
    return store.write(lambda tx: moving.edit(tx, debates.get(tx, debate_id), wording, actor=actor, now=PLANNED))


def row(store: Store, debate_id: int) -> Debate:
    """The debate as it is stored."""
    with store.read() as tx:
        found = debates.get(tx, debate_id)
        tx.session.expunge(found)
        return found


def cues(store: Store, debate_id: int) -> dict[str, tuple[timedelta, str]]:
    """How far each cue is from the start, and its state."""
    with store.read() as tx:
        starts = debates.get(tx, debate_id).starts_at
        return {one.key: (one.due_at - starts, one.state) for one in debates.cues(tx, debate_id)}


def said(store: Store, debate_id: int, kind: str) -> list[tuple[str, str, str]]:
    """(platform, state, text) of the debate's posts of a kind."""
    with store.read() as tx:
        return [(one.platform, one.state, one.text) for one in outbox.of_debate(tx, debate_id) if one.kind == kind]


def tick(store: Store, now: datetime) -> None:
    """The clock has done all that was due."""

    def due(tx: Tx) -> None:
        clock.do_all_due(tx, now=now, house=HOUSE, most=100)

    store.write(due)


def test_all_that_hangs_on_the_start_moves_with_it(store: Store) -> None:
    """The same distance for every cue; the address and the calendar's name stay, the sequence grows."""
    debate_id = planned(store)
    before, distances = row(store, debate_id), cues(store, debate_id)
    assert move(store, debate_id, local("2027-01-21T20:30"))
    after = row(store, debate_id)

    assert cues(store, debate_id) == distances
    assert (after.starts_at, after.ends_at) == (
        STARTS + 7 * DAY + timedelta(minutes=90),
        after.starts_at + timedelta(hours=1),
    )
    assert (before.local_at, after.local_at) == ("2027-01-14T19:00", "2027-01-21T20:30")
    assert (after.slug, after.touched, after.sequence, after.changed_at) == (before.slug, True, 1, PLANNED)


@pytest.mark.parametrize("date", ["2027-04-01T19:00", "2027-11-02T19:00"])
def test_what_is_days_ahead_keeps_its_hour_on_the_clocks_of_the_new_date(store: Store, date: str) -> None:
    """A week before 19:00 it is 19:00 there, though the clocks change in that week; an hour ahead is an hour."""
    debate_id = planned(store)
    assert move(store, debate_id, local(date))
    found, starts = cues(store, debate_id), row(store, debate_id).starts_at
    announced = localtime.wall(starts + found["announce"][0], "Europe/Madrid").replace(tzinfo=None)

    assert datetime.fromisoformat(date) - announced == 7 * DAY
    assert [found[key][0] for key in ("remind:24h", "remind:1h")] == [-DAY, -timedelta(hours=1)]


def test_what_was_still_to_come_before_the_old_date_comes_before_the_new_one(store: Store) -> None:
    """Announced, reminded a day before and then moved by six days: the reminders come again."""
    debate_id = planned(store)
    tick(store, STARTS - 7 * DAY)
    tick(store, STARTS - DAY)
    assert move(store, debate_id, local("2027-01-20T19:00"), now=STARTS - timedelta(hours=20))
    found = cues(store, debate_id)

    assert [found[key] for key in ("announce", "remind:24h", "remind:1h")] == [
        (-13 * DAY, "done"), (-DAY, "planned"), (timedelta(hours=-1), "planned"),
    ]  # fmt: skip


def test_a_date_far_away_is_announced_anew(store: Store) -> None:
    """Who read of the change two months ahead has forgotten it a week before."""
    debate_id = planned(store)
    tick(store, STARTS - 7 * DAY)
    move(store, debate_id, local("2027-03-18T19:00"), now=STARTS - 6 * DAY)

    assert cues(store, debate_id)["announce"] == (-7 * DAY, "planned")


def test_a_debate_planned_late_and_moved_further_has_its_announcement(store: Store) -> None:
    """Planned two days ahead it had none; a month ahead it has."""
    starts = PLANNED + 2 * DAY
    debate_id = planned(store, starts=starts)
    assert "announce" not in cues(store, debate_id)
    move(store, debate_id, local("2027-01-28T19:00"))

    assert cues(store, debate_id)["announce"] == (-7 * DAY, "planned")
    assert cues(store, debate_id)["ask:2"] == (timedelta(minutes=20), "planned")


def test_what_would_lie_in_the_past_is_skipped_with_the_reason(store: Store) -> None:
    """Moved to the day after tomorrow: no week is left to announce it in; nothing is said late."""
    debate_id = planned(store)
    move(store, debate_id, local("2026-12-27T19:00"))
    with store.read() as tx:
        announce = next(one for one in debates.cues(tx, debate_id) if one.key == "announce")

    assert (announce.state, announce.done_at) == ("skipped", PLANNED)
    assert announce.why == "el debate cambió de fecha y ya había pasado su momento"
    assert cues(store, debate_id)["remind:24h"] == (-DAY, "planned")


@pytest.mark.parametrize("back", ["2027-01-14T19:00", "2027-01-15T19:00"])
def test_moved_there_and_back_it_is_announced_once(store: Store, back: str) -> None:
    """What one move skipped, the next one brings back."""
    debate_id = planned(store)
    move(store, debate_id, local("2026-12-27T19:00"))
    move(store, debate_id, local(back))
    tick(store, STARTS - 6 * DAY)

    assert [platform for platform, _, _ in said(store, debate_id, "announce")] == ["room", "slack", "x"]
    assert said(store, debate_id, "moved") == []


def test_who_read_of_the_old_date_reads_of_the_new_one(store: Store) -> None:
    """Where it was announced, and nowhere before it was."""
    debate_id = planned(store)
    move(store, debate_id, local("2027-01-15T19:00"))
    assert said(store, debate_id, "moved") == []
    tick(store, STARTS + DAY - 7 * DAY)
    send_all(store)
    move(store, debate_id, local("2027-01-18T20:00"), now=STARTS - 5 * DAY)
    found = said(store, debate_id, "moved")

    assert [platform for platform, _, _ in found] == ["room", "slack", "x"]
    assert found[1][2] == (
        "Cambio de fecha: «De prueba» será el lunes 18 de enero de 2027, 20:00 (Europe/Madrid) "
        "(antes: viernes 15 de enero de 2027, 19:00 (Europe/Madrid)). Por zonas: 20:00 Madrid · 13:00 Ciudad de "
        "México · 14:00 Bogotá y Lima · 16:00 Santiago y Buenos Aires. "
        "http://127.0.0.1:8000/d/2027-01-14-de-prueba"
    )
    assert found[2][2] == (
        "Cambio de fecha: «De prueba» será el lunes 18 de enero de 2027: 20:00 Madrid, 13:00 MX, 14:00 CO/PE, "
        "16:00 CL/AR. #CX"
    )


def test_who_read_of_it_under_its_old_hashtag_reads_of_the_new_date(sqlite_store: Store) -> None:
    """On X it is the same account that speaks."""
    debate_id = planned(sqlite_store)
    tick(sqlite_store, STARTS - 7 * DAY)
    send_all(sqlite_store)
    edit(sqlite_store, debate_id, Wording(hashtag="Otra"))
    move(sqlite_store, debate_id, local("2027-01-15T19:00"), now=STARTS - 6 * DAY)

    told = {platform: text for platform, _, text in said(sqlite_store, debate_id, "moved")}
    assert sorted(told) == ["room", "slack", "x"]
    assert told["x"].endswith("#Otra")


def test_an_invitation_that_has_not_left_leaves_with_the_new_date(store: Store) -> None:
    """Slack was away while it was announced and moved: there nobody reads of a change of what they never read."""
    debate_id = planned(store)
    tick(store, STARTS - 7 * DAY)
    move(store, debate_id, local("2027-01-18T20:00"), now=STARTS - 7 * DAY)
    found = [(platform, state) for platform, state, text in said(store, debate_id, "announce") if "lunes 18" in text]

    assert found == [("slack", "queued"), ("x", "queued")]
    old = [(platform, state) for platform, state, text in said(store, debate_id, "announce") if "jueves 14" in text]
    assert old == [
        ("room", "sent"), ("slack", "expired"), ("x", "expired"),
    ]  # fmt: skip
    assert [platform for platform, _, _ in said(store, debate_id, "moved")] == ["room"]


def test_the_same_hour_on_other_clocks_disturbs_nobody(store: Store) -> None:
    """13:00 in Bogotá is 19:00 in Madrid: calendars learn of it, readers and cues need not."""
    debate_id = planned(store)
    tick(store, STARTS - 7 * DAY)
    send_all(store)
    assert move(store, debate_id, local("2027-01-14T13:00", "America/Bogota"), now=STARTS - 6 * DAY)
    after = row(store, debate_id)

    assert (after.starts_at, after.timezone, after.local_at) == (STARTS, "America/Bogota", "2027-01-14T13:00")
    assert (after.sequence, said(store, debate_id, "moved")) == (1, [])
    assert not move(store, debate_id, local("2027-01-14T13:00", "America/Bogota"), now=STARTS - 6 * DAY)
    assert row(store, debate_id).sequence == 1


@pytest.mark.parametrize(
    ("when", "refusal"),
    [
        (local("2027-03-28T02:30"), errors.NoSuchTime),  # Madrid's clocks go from 2 to 3
        (local("2027-10-31T02:30"), errors.TwoTimes),  # and from 3 back to 2
        (local("2026-12-01T19:00"), errors.PastStart),
        (local("9999-12-31T23:00"), errors.BadYear),
        (local("2027-02-04T19:59"), errors.Overlap),  # the other debate is on from 19:00 to 20:00
    ],
)
def test_a_date_that_cannot_be_is_refused_and_nothing_moves(store: Store, when: When, refusal: type[Exception]) -> None:
    """As when it is planned."""
    planned(store, starts=datetime(2027, 2, 4, 18, tzinfo=UTC), title="Otro")
    debate_id = planned(store)
    before, distances = row(store, debate_id), cues(store, debate_id)
    with pytest.raises(refusal):
        move(store, debate_id, when)

    assert (row(store, debate_id), cues(store, debate_id)) == (before, distances)


def test_a_debate_is_not_in_its_own_way(store: Store) -> None:
    """Half an hour later it overlaps with nothing but where it was."""
    debate_id = planned(store)
    assert move(store, debate_id, local("2027-01-14T19:30"))


def test_only_who_moderates_changes_a_debate_and_only_before_it_begins(store: Store) -> None:
    """A member is told the role; a debate that is on is led, not edited."""
    debate_id = planned(store)
    member = Actor("slack:U1", "Ana")
    with pytest.raises(errors.NotModerator):
        move(store, debate_id, local("2027-01-15T19:00"), actor=member)
    with pytest.raises(errors.NotModerator):
        edit(store, debate_id, Wording(title="Mío"), actor=member)
    with pytest.raises(errors.NotModerator):
        clone(store, debate_id, local("2027-01-21T19:00"), actor=member)
    store.write(lambda tx: run.open_now(tx, debates.get(tx, debate_id), actor=CLOCK, now=STARTS))
    with pytest.raises(errors.WrongPhase):
        move(store, debate_id, local("2027-01-15T19:00"))
    with pytest.raises(errors.WrongPhase):
        edit(store, debate_id, Wording(title="Otro"))


def test_a_debate_has_other_words(store: Store) -> None:
    """Its address stays; on X it is heard under the new hashtag."""
    debate_id = planned(store)
    assert edit(store, debate_id, Wording(title="  El  CXO\n", host="Elena", hashtag="#Nueva"))
    after = row(store, debate_id)

    assert (after.title, after.host, after.hashtag, after.slug) == ("El CXO", "Elena", "Nueva", "2027-01-14-de-prueba")
    assert (after.touched, after.sequence, after.changed_at) == (True, 1, PLANNED)
    with store.read() as tx:
        assert {one.platform: one.address for one in debates.places(tx, debate_id)}["x"] == "nueva"
    assert not edit(store, debate_id, Wording(title="El CXO"))
    assert row(store, debate_id).sequence == 1


@pytest.mark.parametrize(
    ("wording", "refusal"),
    [
        (Wording(title=" "), errors.Empty),
        (Wording(title="a" * 201), errors.FilledUp),
        (Wording(host="a" * 101), errors.FilledUp),
        (Wording(hashtag="dos palabras"), errors.BadHashtag),
        (Wording(hashtag="#" + "x" * 46), errors.FilledUp),
        (Wording(hashtag=""), errors.NoHashtag),
    ],
)
def test_words_that_cannot_be_are_refused(store: Store, wording: Wording, refusal: type[Exception]) -> None:
    """And nothing is changed."""
    debate_id = planned(store)
    before = row(store, debate_id)
    with pytest.raises(refusal):
        edit(store, debate_id, wording)
    assert row(store, debate_id) == before


def clone(store: Store, debate_id: int, when: When, *, now: datetime = PLANNED, actor: Actor = OPERATOR) -> int:
    """A debate like it is planned."""
    return store.write(
        lambda tx: debates.ident(moving.clone(tx, debates.get(tx, debate_id), when, house=HOUSE, actor=actor, now=now))
    )


def test_a_clone_is_a_debate_of_its_own(store: Store) -> None:
    """Questions, answers, pace and places are the same; the date, the address and the calendar's name are not."""
    debate_id = planned(store)
    twin = clone(store, debate_id, local("2027-01-21T19:00"))
    first, second = row(store, debate_id), row(store, twin)

    assert (second.title, second.hashtag, second.pace, second.timezone) == (
        first.title, first.hashtag, first.pace, first.timezone,
    )  # fmt: skip
    assert (second.slug, second.local_at, second.sequence) == ("2027-01-21-de-prueba", "2027-01-21T19:00", 0)
    with store.read() as tx:
        assert [(one.text, one.answer) for one in debates.questions(tx, twin)] == [("¿Una?", "Sí."), ("¿Otra?", "")]
        assert [one.platform for one in debates.places(tx, twin)] == ["room", "slack", "x"]


def test_a_clone_has_the_poll_without_its_answers_and_no_guest(store: Store) -> None:
    """Who answered did so before another date, and so did who agreed to come; whoever clones it is told."""
    debate_id, asked = planned(store), Planned("¿Qué te mueve?", ("Aprender", "Un título"), several=True, other=True)

    def before(tx: Tx) -> None:
        debate = debates.get(tx, debate_id)
        polls.add(tx, debate, asked, kind=PollKind.BEFORE, actor=OPERATOR, now=PLANNED)
        kept.needed(tx, debate_id, PollKind.BEFORE).opens_at = PLANNED
        polls.answer(tx, debate, PollKind.BEFORE, Choice((1,)), voter=Actor("room:ana", "Ana"), now=PLANNED)
        for name in ("Bruno Salas", "Eva Luz"):
            guests.add(tx, debate, Invited(name), house=HOUSE, actor=OPERATOR, now=PLANNED)

    store.write(before)
    twin = clone(store, debate_id, local("2027-01-21T19:00"))
    with store.read() as tx:
        first, second = (kept.needed(tx, one, PollKind.BEFORE) for one in (debate_id, twin))
        assert kept.planned(second) == kept.planned(first) == asked
        assert (len(kept.answers(tx, first.id or 0)), kept.answers(tx, second.id or 0)) == (1, [])
        assert (second.opens_at, second.closed_at) == (None, None)
        assert (len(invited.of_debate(tx, debate_id)), invited.of_debate(tx, twin)) == (2, [])
        assert moving.comes_along(tx, debates.get(tx, debate_id), words("es")) == (
            "Lleva las mismas preguntas, y la misma encuesta sin ninguna respuesta. No lleva a sus invitados "
            "(Bruno Salas, Eva Luz), que aceptaron una fecha: invítalos otra vez."
        )
        assert moving.comes_along(tx, debates.get(tx, twin), words("en")).startswith("It has the same questions, and")


def test_a_closed_debate_is_cloned_with_what_was_asked_and_what_was_left(store: Store) -> None:
    """The hour was bent by a question from the floor, and one was not reached: all of them fit into the next hour."""
    debate_id = planned(store)

    def the_hour(tx: Tx) -> None:
        debate = debates.get(tx, debate_id)
        run.open_now(tx, debate, actor=CLOCK, now=STARTS)
        run.ask_next(tx, debate, actor=CLOCK, now=STARTS)
        for number in range(9):
            plan.add_question(tx, debate, f"¿Y {number}?", actor=OPERATOR, now=STARTS)
        run.close(tx, debate, actor=CLOCK, now=STARTS, house=HOUSE)

    store.write(the_hour)
    twin = clone(store, debate_id, local("2027-01-21T19:00"), now=STARTS)
    with store.read() as tx:
        found = debates.questions(tx, twin)
        asks = [one for one in debates.cues(tx, twin) if one.key.startswith("ask:")]
        assert ([one.text for one in found][:2], {one.state for one in found}) == (["¿Una?", "¿Otra?"], {"approved"})
        assert len(asks) == len(found) == 11
        assert all(one.due_at < debates.get(tx, twin).ends_at for one in asks)


def test_a_cancelled_debate_says_why_where_it_was_announced(store: Store) -> None:
    """A calendar that has it sees a higher number; nobody waits in front of a closed door."""
    debate_id = planned(store)
    tick(store, STARTS - 7 * DAY)
    send_all(store)
    now = STARTS - DAY * 6
    cancelled = store.write(
        lambda tx: plan.cancel(tx, debates.get(tx, debate_id), actor=OPERATOR, now=now, why="  Elena está enferma. ")
    )
    after = row(store, debate_id)

    assert (cancelled, after.phase, after.why, after.sequence) == (True, "cancelled", "Elena está enferma.", 1)
    found = said(store, debate_id, "cancelled")
    assert [platform for platform, _, _ in found] == ["room", "slack", "x"]
    assert found[1][2] == (
        "«De prueba» (jueves 14 de enero de 2027, 19:00 (Europe/Madrid)) no se celebrará. Elena está enferma."
    )


def test_a_debate_that_nobody_knows_of_is_cancelled_without_a_word(store: Store) -> None:
    """Nothing is published; a reason longer than a sentence or two is refused."""
    debate_id = planned(store)

    def cancel(tx: Tx, why: str) -> bool:
        return plan.cancel(tx, debates.get(tx, debate_id), actor=OPERATOR, now=PLANNED, why=why)

    with pytest.raises(errors.FilledUp):
        store.write(lambda tx: cancel(tx, "a" * 301))
    assert not store.write(lambda tx: cancel(tx, ""))
    assert said(store, debate_id, "cancelled") == []


def test_a_missed_debate_keeps_the_reason(store: Store) -> None:
    """Calendars do not go on promising it."""
    debate_id = planned(store)
    tick(store, STARTS + DAY)
    after = row(store, debate_id)

    assert (after.phase, after.why, after.sequence, after.touched) == (
        "missed", "la hora ya había terminado", 1, False,
    )  # fmt: skip


def send_all(store: Store) -> None:
    """Every post that waits has landed."""

    def deliver(tx: Tx) -> None:
        for platform in (Platform.SLACK, Platform.X):
            while claimed := send.claim(tx, platform, owner="test", now=STARTS - 6 * DAY):
                for row_id, draft, _ in claimed:
                    send.landed(tx, row_id, draft.key, now=STARTS - 6 * DAY)

    store.write(deliver)


def as_if_planned_under_other_rules(store: Store, debate_id: int, by: timedelta) -> None:
    """The country has changed its clocks since: what was 19:00 when it was planned is another hour now."""

    def shift(tx: Tx) -> None:
        debate = debates.get(tx, debate_id)
        debate.starts_at, debate.ends_at = debate.starts_at + by, debate.ends_at + by
        for cue in debates.cues(tx, debate_id):
            cue.due_at += by
            tx.session.add(cue)
        tx.session.add(debate)

    store.write(shift)


def keep(store: Store, now: datetime = PLANNED) -> list[int]:
    """What was promised is looked after."""
    return store.write(lambda tx: [debates.ident(one) for one in moving.keep(tx, house=HOUSE, now=now)])


@pytest.mark.parametrize("by", [timedelta(hours=1), timedelta(hours=-1)])
def test_a_country_that_changes_its_rules_does_not_move_the_promised_hour(store: Store, by: timedelta) -> None:
    """It begins at 19:00 on its clocks, its cues with it; calendars see it, and nobody has touched it."""
    debate_id = planned(store)
    distances = cues(store, debate_id)
    assert keep(store) == []
    as_if_planned_under_other_rules(store, debate_id, by)
    assert keep(store) == [debate_id]
    after = row(store, debate_id)

    assert (after.starts_at, after.local_at, after.sequence, after.touched) == (STARTS, "2027-01-14T19:00", 1, False)
    assert cues(store, debate_id) == distances
    assert keep(store) == []


def test_where_another_debate_is_in_the_way_moderators_are_told_once(store: Store) -> None:
    """The debate stays where it stands until a person decides."""
    debate_id = planned(store)
    as_if_planned_under_other_rules(store, debate_id, timedelta(hours=2))
    planned(store, title="Otro")
    assert (keep(store), keep(store)) == ([], [])
    assert [platform for platform, _, _ in said(store, debate_id, "clocks")] == ["room"]


def test_a_time_that_the_clocks_have_twice_stays_the_one_that_was_chosen(store: Store) -> None:
    """The second half past two of that Sunday in Madrid."""
    debate_id = planned(store, starts=datetime(2027, 10, 31, 1, 30, tzinfo=UTC))
    assert keep(store) == []
    assert row(store, debate_id).starts_at == datetime(2027, 10, 31, 1, 30, tzinfo=UTC)


# --- the rule: any order of moves ------------------------------------------------------------------------------------


Known = dict[str, tuple[datetime, str]]
"""When each cue is due, and its state."""


def moved(found: Known, starts: datetime, by: timedelta, *, now: datetime) -> Known:
    """The cues after a move, as the action takes the rules together; what came due until now was done before."""
    after = {}
    for key, (due, state) in found.items():
        now_is = "done" if state == "planned" and due <= now and due < starts else state
        followed = rules.follow(rules.Cue(key, due), now_is, by, now=now)
        after[key] = (due, now_is)
        if followed is not None:
            after[key] = followed[0].due_at, "skipped" if followed[1].fate is rules.Fate.SKIP else "planned"
    for one in rules.plan(starts + by, "UTC", Pace(), questions=3, now=now):
        if after[one.key][1] == "done" and rules.comes_back(one, now=now):
            after[one.key] = one.due_at, "planned"
    return after


@given(st.lists(st.tuples(st.integers(1, 400), st.integers(0, 900)), max_size=12))
def test_however_often_it_moves_everything_is_where_it_belongs(moves: list[tuple[int, int]]) -> None:
    """The hour keeps its distances; what still has its time before the start is planned, what has not is not."""
    now, starts = PLANNED, STARTS
    first = rules.plan(starts, "UTC", Pace(), questions=3, now=now)
    found: Known = {one.key: (one.due_at, "planned") for one in first}
    distances = {one.key: one.due_at - starts for one in first}
    for wait, ahead in moves:
        now += timedelta(hours=wait)
        by = now + timedelta(hours=ahead + 1) - starts
        found = moved(found, starts, by, now=now)
        starts += by

    late = {key: now - due for key, (due, state) in found.items() if state == "planned" and due <= now}
    hour = {key: one for key, one in distances.items() if one >= timedelta(0)}
    ahead_of_it = {key: one for key, one in distances.items() if key.startswith("remind") and starts + one > now}
    wanted = {key: (starts + one, "planned") for key, one in (hour | ahead_of_it).items()}
    assert {key: found[key] for key in wanted} == wanted
    assert {key for key, span in late.items() if span > timedelta(days=1)} == set()


def test_a_reminder_that_was_done_knows_its_distance_after_two_moves(store: Store) -> None:
    """An hour before the old date it was said; the debate went to the next hour, and then to another week."""
    debate_id = planned(store)
    tick(store, STARTS - timedelta(hours=1))
    move(store, debate_id, local("2027-01-14T19:30"), now=STARTS - timedelta(minutes=50))
    move(store, debate_id, local("2027-01-21T19:00"), now=STARTS - timedelta(minutes=40))

    found = cues(store, debate_id)
    assert [found[key] for key in ("remind:24h", "remind:1h", "remind:10m")] == [
        (-DAY, "planned"), (timedelta(hours=-1), "planned"), (timedelta(minutes=-10), "planned"),
    ]  # fmt: skip


def test_who_asked_to_be_reminded_is_told_in_private_and_nobody_else(store: Store) -> None:
    """Eva said that she comes and asked for nothing: she reads it where everybody does."""
    debate_id = planned(store)
    tick(store, STARTS - 7 * DAY)
    now = STARTS - 6 * DAY
    ana, eva = Actor("slack:U1", "Ana"), Actor("slack:U2", "Eva")

    def wishes(tx: Tx) -> None:
        debate = debates.get(tx, debate_id)
        attendance.answer(tx, debate, Answer.YES, actor=eva, now=now)
        reminders.choose(tx, [3600], debate=debate, actor=ana, now=now)

    store.write(wishes)
    move(store, debate_id, local("2027-01-18T20:00"), now=now)
    store.write(lambda tx: plan.cancel(tx, debates.get(tx, debate_id), actor=OPERATOR, now=now, why="Es fiesta."))
    with store.read() as tx:
        rows = [(one.kind, one.place) for one in outbox.of_debate(tx, debate_id) if one.operation == "private"]

    assert rows == [("moved", "U1"), ("cancelled", "U1")]
