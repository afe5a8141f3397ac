"""A place joins a debate that is on, or is left: what is said there follows, and nothing that was said is lost."""

from datetime import UTC, datetime, timedelta

import pytest

from bot import errors
from bot.actions import inbox, places, plan, run, send
from bot.actions.inbox import Delivery
from bot.debatefile import DebateFile, PlannedQuestion
from bot.ports import CLOCK, OPERATOR, Actor, Author, House, Platform, Said
from bot.store import debates, feed, outbox
from bot.store.engine import Store, Tx

from tests.console import Terminal, tertulia

__all__ = ["tertulia"]

NOW = datetime(2027, 1, 14, 18, tzinfo=UTC)
HOUSE = House(slack_channel="C0PLAZA", x=True)
QUESTIONS = (PlannedQuestion("¿Una?"), PlannedQuestion("¿Otra?"))


def opened(store: Store, *, questions: int = 1) -> int:
    """A debate is open in the room, and so many questions were asked."""
    wanted = DebateFile("De prueba", QUESTIONS, starts=NOW, hashtag="CX", slack="", x=False)
    debate_id = store.write(lambda tx: debates.ident(plan.add(tx, wanted, house=HOUSE, actor=OPERATOR, now=NOW)))
    store.write(lambda tx: run.open_now(tx, debates.get(tx, debate_id), actor=CLOCK, now=NOW))
    for _ in range(questions):
        store.write(lambda tx: run.ask_next(tx, debates.get(tx, debate_id), actor=CLOCK, now=NOW))
    return debate_id


def join(store: Store, debate_id: int, where: str) -> None:
    """A place joins."""
    store.write(lambda tx: places.join(tx, debates.get(tx, debate_id), where, house=HOUSE, actor=OPERATOR, now=NOW))


def leave(store: Store, debate_id: int, where: str) -> None:
    """A place is left."""
    store.write(lambda tx: places.leave(tx, debates.get(tx, debate_id), where, actor=OPERATOR, now=NOW))


def posts(store: Store, debate_id: int, platform: str) -> list[tuple[str, str, int | None]]:
    """(kind, state, question) of what a platform is told."""
    with store.read() as tx:
        rows = outbox.of_debate(tx, debate_id)
        return [(row.kind, row.state, row.question_id) for row in rows if row.platform == platform]


def texts(store: Store) -> list[str]:
    """What the log holds."""
    with store.read() as tx:
        return [str(row[0]) for row in tx.conn.exec_driver_sql("SELECT text FROM message ORDER BY posted_at").all()]


def hear(store: Store, number: int) -> None:
    """Somebody says something on X."""
    at = NOW + timedelta(seconds=number)
    said = Said(Platform.X, "cx", str(number), Author("7", "Ana"), f"Digo {number}", at)
    store.write(lambda tx: inbox.take(tx, [Delivery(Platform.X, f"x:post:{number}", (said,))], now=at))


def test_a_place_that_joins_is_told_what_is_going_on(store: Store) -> None:
    """The welcome and the question that is open, under which answers there will be filed; then what comes."""
    debate_id = opened(store)
    hear(store, 1)
    join(store, debate_id, "x")
    hear(store, 2)
    store.write(lambda tx: run.ask_next(tx, debates.get(tx, debate_id), actor=CLOCK, now=NOW))

    assert posts(store, debate_id, "x") == [
        ("welcome", "queued", None), ("question", "queued", 1), ("question", "queued", 2),
    ]  # fmt: skip
    assert [kind for kind, _, _ in posts(store, debate_id, "room")] == ["welcome", "question", "question"]
    assert texts(store) == ["Digo 2"]


def test_before_its_hour_a_place_joins_without_a_word(sqlite_store: Store) -> None:
    """There is nothing to catch up with."""
    wanted = DebateFile("De prueba", QUESTIONS, starts=NOW + timedelta(days=1), hashtag="CX", slack="", x=False)
    debate_id = sqlite_store.write(lambda tx: debates.ident(plan.add(tx, wanted, house=HOUSE, actor=OPERATOR, now=NOW)))
    join(sqlite_store, debate_id, "slack")

    assert posts(sqlite_store, debate_id, "slack") == []


def test_a_place_that_is_left_is_neither_told_nor_heard(store: Store) -> None:
    """What waited for it is not sent any more; what it has said stays."""
    debate_id = opened(store)
    join(store, debate_id, "x")
    hear(store, 1)
    leave(store, debate_id, "x")
    hear(store, 2)
    store.write(lambda tx: run.ask_next(tx, debates.get(tx, debate_id), actor=CLOCK, now=NOW))

    assert posts(store, debate_id, "x") == [("welcome", "expired", None), ("question", "expired", 1)]
    assert texts(store) == ["Digo 1"]


@pytest.mark.parametrize(
    ("where", "why"),
    [("room", "ya está allí"), ("plaza", "vale x, room, slack o slack:C0123456"), ("x:otra", "vale x, room")],
)
def test_what_is_no_new_place_is_refused(sqlite_store: Store, where: str, why: str) -> None:
    """With what would be one."""
    with pytest.raises(errors.BadPlace, match=why):
        join(sqlite_store, opened(sqlite_store), where)


def test_a_place_where_another_debate_is_held_is_refused(sqlite_store: Store) -> None:
    """Its answers would be anybody's."""
    other = DebateFile("La otra", QUESTIONS, starts=NOW + timedelta(minutes=10), hashtag="CX", slack="C1", x=True)
    debate_id = opened(sqlite_store)
    sqlite_store.write(lambda tx: plan.add(tx, other, house=HOUSE, actor=OPERATOR, now=NOW).id)

    with pytest.raises(errors.Overlap, match="La otra"):
        join(sqlite_store, debate_id, "x")


def test_a_rehearsal_stays_among_those_who_rehearse(sqlite_store: Store) -> None:
    """Whatever it would say on X everybody would read."""
    wanted = DebateFile("Ensayo", QUESTIONS, starts=NOW, hashtag="CX", slack="", rehearsal=True)
    debate_id = sqlite_store.write(lambda tx: debates.ident(plan.add(tx, wanted, house=HOUSE, actor=OPERATOR, now=NOW)))
    with pytest.raises(errors.BadPlace, match="ensayo"):
        join(sqlite_store, debate_id, "x")

    with sqlite_store.read() as tx:
        assert [one.platform for one in debates.places(tx, debate_id)] == ["room"]


def test_x_without_a_hashtag_is_refused(sqlite_store: Store) -> None:
    """It would be planned, and never be on X; nothing is."""
    house = House(slack_channel="", hashtag="", x=True)
    wanted = DebateFile("Sin etiqueta", QUESTIONS, starts=NOW, x=True)
    with pytest.raises(errors.NoHashtag):
        sqlite_store.write(lambda tx: plan.add(tx, wanted, house=house, actor=OPERATOR, now=NOW))
    with sqlite_store.read() as tx:
        assert debates.every(tx) == []


def test_a_post_that_was_being_tried_is_not_tried_again_where_the_debate_has_left(store: Store) -> None:
    """X does not answer, and is left for it: what it did not take stays unsaid, also when it is well again."""
    debate_id = opened(store)
    join(store, debate_id, "x")
    ((row_id, _draft, _since),) = store.write(lambda tx: send.claim(tx, Platform.X, owner="t", now=NOW))
    leave(store, debate_id, "x")

    assert store.write(lambda tx: send.again(tx, row_id, owner="t", why="503", now=NOW)) is False
    assert posts(store, debate_id, "x") == [("welcome", "expired", None), ("question", "expired", 1)]
    assert store.write(lambda tx: send.claim(tx, Platform.X, owner="t", now=NOW + timedelta(minutes=9))) == []


def test_the_only_place_cannot_be_left_and_no_other_one_at_all(sqlite_store: Store) -> None:
    """A debate is held somewhere."""
    debate_id = opened(sqlite_store)

    with pytest.raises(errors.BadPlace, match="es el único que tiene"):
        leave(sqlite_store, debate_id, "room")
    with pytest.raises(errors.NoSuchPlace, match="está en: room"):
        leave(sqlite_store, debate_id, "x")


@pytest.mark.parametrize(
    ("where", "why"),
    [
        ("x", "X está apagado"), ("slack:general", "por su identificador"), ("slack:#plaza", "por su identificador"),
        ("slack", "falta el canal"), ("room", "ya está allí"), ("teams", "vale x, room"), ("x:cx", "vale x, room"),
    ],
)  # fmt: skip
def test_a_place_where_nothing_could_be_said_does_not_join(sqlite_store: Store, where: str, why: str) -> None:
    """A name of a channel instead of its id, an X without keys: refused with what to do, and nothing is kept."""
    debate_id = opened(sqlite_store)
    with pytest.raises(errors.BadPlace) as refused:
        sqlite_store.write(
            lambda tx: (
                places.join(tx, debates.get(tx, debate_id), where, house=House(), actor=OPERATOR, now=NOW).address
            )
        )
    assert why in str(refused.value)
    with sqlite_store.read() as tx:
        assert [place.platform for place in debates.places(tx, debate_id)] == ["room"]


def test_a_question_of_x_is_answered_at_its_post_while_a_second_one_waits(sqlite_store: Store) -> None:
    """X was left and joined again: until its second post stands there, pages lead to the first."""
    debate_id = opened(sqlite_store)
    join(sqlite_store, debate_id, "x")

    def lands(tx: Tx) -> None:
        for row_id, draft, _ in send.claim(tx, Platform.X, owner="t", now=NOW):
            send.landed(tx, row_id, f"19{row_id:017}", now=NOW)
            assert draft.platform is Platform.X

    for _ in range(2):
        sqlite_store.write(lands)
    leave(sqlite_store, debate_id, "x")
    join(sqlite_store, debate_id, "x")

    with sqlite_store.read() as tx:
        stands = [one.x_post for one in feed.all_questions(tx, debate_id) if one.number]
    assert posts(sqlite_store, debate_id, "x")[-1] == ("question", "queued", 1)
    assert len(stands) == 1
    assert stands[0] is not None


def test_only_who_moderates_may(sqlite_store: Store) -> None:
    """Where a debate is held is no member's to say."""
    debate_id = opened(sqlite_store)
    ana = Actor("room:ana", "Ana")
    with pytest.raises(errors.NotModerator):
        sqlite_store.write(
            lambda tx: places.join(tx, debates.get(tx, debate_id), "x", house=HOUSE, actor=ana, now=NOW).address
        )


def test_places_are_changed_from_the_command_line(tertulia: Terminal) -> None:
    """A running bot takes it up within a second."""
    tertulia.write("d.toml", 'title = "T"\nstarts = 2099-01-14T19:00:00\nhashtag = "CX"\nquestions = ["q"]\n')
    ident = tertulia("debate", "add", "d.toml").out.strip()

    assert tertulia("debate", "join", ident, "x").refusal.startswith(
        "El debate no puede cambiar en «x»: X está apagado"
    )
    tertulia.monkeypatch.setenv("X_BEARER_TOKEN", "un-token")
    assert tertulia("debate", "join", ident, "x").out == "room, x\n"
    assert tertulia("debate", "join", ident, "slack:C0OTRA").out == "room, slack, x\n"
    assert tertulia("debate", "leave", ident, "room").out == "slack, x\n"
    assert tertulia("debate", "leave", ident, "room").code == 1
