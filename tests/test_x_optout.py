"""STOP, BAJA or PARAR said to us: its author is heard no more, and what was heard of them is gone."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.actions import imports, inbox, plan, run
from bot.actions.imports import Origin
from bot.actions.inbox import Delivery
from bot.debatefile import DebateFile, PlannedQuestion
from bot.ports import CLOCK, OPERATOR, Author, House, Incoming, OptedOut, Platform, Renamed, Said
from bot.store import debates
from bot.store.engine import Store, Tx
from handlers.x import optout, posts

NOW = datetime(2027, 1, 14, 18, tzinfo=UTC)
ME = "700000000000000001"


def post(text: str, *mentioned: str) -> posts.Post:
    """A post with these accounts mentioned in it."""
    names = [{"start": 0, "end": 1, "username": f"u{one}", "id": one} for one in mentioned]
    return posts.read(
        {
            "id": "2000000000000000001", "author_id": "7", "text": text, "conversation_id": "2000000000000000001",
            "created_at": "2027-01-14T18:00:00.000Z", "edit_history_tweet_ids": ["2000000000000000001"],
            "entities": {"mentions": names},
        }
    )  # fmt: skip


@pytest.mark.parametrize(
    "text",
    ["@tertulia STOP", "stop @tertulia", "@tertulia Baja, por favor. #MeetAlfaro", "@tertulia ¡PARAR!",
     "@tertulia quiero darme de baja", "@tertulia stop please", "STOP"],
)  # fmt: skip
def test_the_word_alone_is_enough(text: str) -> None:
    """With or without a kind word, in whatever letters."""
    assert optout.asked(post(text, ME), ME) is True


@pytest.mark.parametrize(
    "text",
    ["@tertulia R1 Parar de improvisar", "@tertulia STOP a la burocracia", "@tertulia la baja fidelidad", "@tertulia",
     "@tertulia hola"],
)  # fmt: skip
def test_an_answer_with_the_word_in_it_is_an_answer(text: str) -> None:
    """Every reply to a question mentions us."""
    assert optout.asked(post(text, ME), ME) is False


def test_the_word_to_somebody_else_is_not_for_us() -> None:
    """STOP is said to many."""
    assert optout.asked(post("@ana STOP", "8"), ME) is False


def debate_on_x(store: Store) -> None:
    """A debate is open on X."""

    def begin(tx: Tx) -> None:
        wanted = DebateFile("De prueba", (PlannedQuestion("¿Una?"),), starts=NOW, x=True, hashtag="CX")
        debate = plan.add(tx, wanted, house=House(), actor=OPERATOR, now=NOW)
        run.open_now(tx, debate, actor=CLOCK, now=NOW)
        assert debates.ident(debate) == 1

    store.write(begin)


def said(number: int, who: str, text: str) -> Said:
    """Somebody said something on X."""
    at = NOW + timedelta(seconds=number)
    return Said(Platform.X, "cx", f"200000000000000000{number}", Author(who, who.title()), text, at)


def hear(store: Store, *incoming: Incoming) -> None:
    """What came in one delivery is in the log."""
    delivery = Delivery(Platform.X, f"x:post:{incoming!r}", incoming)
    store.write(lambda tx: inbox.take(tx, [delivery], now=NOW))


def log(store: Store) -> list[tuple[str, str]]:
    """(author, text) of every row of the log."""
    with store.read() as tx:
        rows = tx.conn.exec_driver_sql("SELECT author, text FROM message ORDER BY posted_at").all()
        return [(str(author), str(text)) for author, text in rows]


def test_who_opts_out_is_gone_and_heard_no_more(store: Store) -> None:
    """What they said keeps its place and nothing else; what they say later is not even a row; others' words stay."""
    debate_on_x(store)
    hear(store, said(1, "ana", "Yo digo"), said(2, "bea", "Pues yo, con Ana, también"))
    hear(store, said(3, "ana", "y más"), OptedOut(Platform.X, "ana"))
    hear(store, said(4, "ana", "se me olvidaba"), said(5, "bea", "Adiós"), Renamed(Platform.X, "ana", "Ana"))

    assert log(store) == [
        ("", ""), ("Bea", "Pues yo, con [retirado], también"), ("", ""), ("Bea", "Adiós"),
    ]  # fmt: skip


def test_nothing_tells_who_opted_out(store: Store) -> None:
    """A keyed hash is all that is kept of them; saying it twice changes nothing."""
    debate_on_x(store)
    hear(store, said(1, "ana77", "Yo digo"))
    hear(store, OptedOut(Platform.X, "ana77"))
    hear(store, OptedOut(Platform.X, "ana77"), OptedOut(Platform.X, "never heard of"))

    with store.read() as tx:
        kept = [str(row) for row in tx.conn.exec_driver_sql("SELECT name, value FROM kept").all()]
        people = [str(row) for row in tx.conn.exec_driver_sql("SELECT platform_id, name FROM identity").all()]
        audit = tx.conn.exec_driver_sql("SELECT who, detail FROM audit WHERE action = 'opt out'").all()
    assert "ana77" not in f"{kept} {people}"
    assert [tuple(row) for row in audit] == [("x", "1 mensajes"), ("x", "0 mensajes")]


def test_an_import_does_not_bring_them_back(store: Store) -> None:
    """An old archive still has what they said."""
    hear(store, OptedOut(Platform.X, "ana"))
    batch = [said(1, "ana", "Yo digo"), said(2, "bea", "Y yo")]
    origin = Origin(Platform.X, "cx", "#cx")
    store.write(lambda tx: imports.bring(tx, [batch], origin, house=House(), actor=OPERATOR, now=NOW).debate_id)

    assert log(store) == [("Bea", "Y yo")]


def test_on_slack_nobody_is_silenced_by_x(store: Store) -> None:
    """The same letters on another platform are another person."""
    debate_on_x(store)
    hear(store, OptedOut(Platform.X, "ana"))
    room = Said(Platform.ROOM, "2027-01-14-de-prueba", "r1", Author("ana", "Ana"), "Aquí sigo", NOW)
    hear(store, room)

    assert log(store) == [("Ana", "Aquí sigo")]
