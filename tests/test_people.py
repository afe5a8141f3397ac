"""People: the room's names, the moderators' way in, aliases, and being forgotten to the last byte."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot import errors
from bot.actions import ask, log, people
from bot.ports import OPERATOR, Actor, Author, House, Platform, Said
from bot.store import debates, erasure, search, transcripts
from bot.store.engine import Store, metadata

from tests.stories import CHANNEL, Evening, ts

NOW = datetime(2027, 1, 14, 18, 0, tzinfo=UTC)


def join(store: Store, name: str, house: House | None = None) -> Actor:
    """Somebody comes into the room."""
    return store.write(lambda tx: people.join(tx, name, house=house or House(), now=NOW))


def test_join_gives_an_id_made_of_the_name(store: Store) -> None:
    """A member is named as they wrote it, and known by its letters."""
    assert join(store, "  Ana   Mª ") == Actor("room:ana-ma", "Ana Mª")


@pytest.mark.parametrize("name", ["ANA", "Ána", "ana"])
def test_join_refuses_a_name_that_is_taken(store: Store, name: str) -> None:
    """Nobody speaks under another's name, however it is spelled."""
    join(store, "Ana")

    with pytest.raises(errors.NameTaken):
        join(store, name)


def test_join_keeps_a_moderators_name_for_the_moderator(store: Store) -> None:
    """Typing the name of a moderator makes nobody one."""
    with pytest.raises(errors.NameTaken):
        join(store, "Ana", House(moderators=("room:ana",)))


@pytest.mark.parametrize(
    ("name", "error"),
    [("", errors.Empty), ("\u202e \x00", errors.Empty), ("🙂", errors.Empty), ("a" * 61, errors.FilledUp)],
)
def test_join_refuses_what_is_no_name(store: Store, name: str, error: type[errors.Refusal]) -> None:
    """Nothing, invisible marks, and endless names are no names."""
    with pytest.raises(error):
        join(store, name)


def test_a_link_lets_one_moderator_in_once(store: Store) -> None:
    """The first to use it moderates; the second is refused."""
    secret = store.write(lambda tx: people.make_link(tx, now=NOW))

    session, who = store.write(lambda tx: people.enter(tx, secret, "Elena", now=NOW))

    assert who == Actor("room:elena", "Elena", moderator=True)
    assert store.write(lambda tx: people.session(tx, session, now=NOW)) == who
    with pytest.raises(errors.NotModerator):
        store.write(lambda tx: people.enter(tx, secret, "Mallory", now=NOW))


def test_a_link_expires(store: Store) -> None:
    """Two days later it lets nobody in."""
    secret = store.write(lambda tx: people.make_link(tx, now=NOW))

    with pytest.raises(errors.NotModerator):
        store.write(lambda tx: people.enter(tx, secret, "Elena", now=NOW + timedelta(days=2)))


def test_a_session_ends_when_left(store: Store) -> None:
    """Who has left has to come in by a link again."""
    secret = store.write(lambda tx: people.make_link(tx, now=NOW))
    session, _ = store.write(lambda tx: people.enter(tx, secret, "Elena", now=NOW))

    store.write(lambda tx: people.leave(tx, session))

    assert store.write(lambda tx: people.session(tx, session, now=NOW)) is None


def test_secrets_are_not_in_the_database(store: Store) -> None:
    """What is kept lets nobody in: only hashes."""
    secret = store.write(lambda tx: people.make_link(tx, now=NOW))
    session, _ = store.write(lambda tx: people.enter(tx, secret, "Elena", now=NOW))

    assert [word for word in (secret, session) if word in everything(store)] == []


def test_alias_names_a_person_in_the_archive(store: Store, house: House) -> None:
    """The transcript has the alias, and no way back to the account."""
    evening = Evening(store, house).until(12)
    evening.says("Zenobia", "R1 aquí estoy")

    store.write(lambda tx: people.alias(tx, "slack:UZENOBIA", "Voz del norte", actor=OPERATOR, now=evening.now))

    line = next(transcripts.load(store, evening.id).lines())
    assert (line.author, line.author_id.partition(":")[0]) == ("Voz del norte", "person")


def test_alias_is_for_moderators(store: Store, house: House) -> None:
    """A member cannot rename another."""
    Evening(store, house).until(12).says("Zenobia", "hola")

    with pytest.raises(errors.NotModerator):
        store.write(lambda tx: people.alias(tx, "slack:UZENOBIA", "x", actor=Actor("slack:UEVA"), now=NOW))


def test_forget_leaves_no_byte(store: Store, house: House) -> None:
    """What a person said, asked, was called and how they were addressed is gone; the others stay."""
    evening = zenobias_evening(store, house)

    count = store.write(lambda tx: people.forget(tx, "slack:UZENOBIA", actor=OPERATOR, now=evening.now))
    erasure.scrub(store, deep=True)

    assert count == 2
    left = everything(store).casefold() + files(store)
    assert [word for word in ("zenobia", "xilofonista", "marimba", "ocarina") if word in left] == []
    assert [line.text for line in transcripts.load(store, evening.id).lines()] == [
        "",
        "",
        "gracias [retirado], muy bien dicho",
    ]


def test_a_forgotten_persons_question_is_not_asked(store: Store, house: House) -> None:
    """What waits in the run-sheet without its words would go out to everybody."""
    evening = zenobias_evening(store, house)
    text = "¿Quién afina el xilofón de Iker?"
    asker = Actor("slack:UIKER", "Iker")
    ident = store.write(
        lambda tx: ask.propose(tx, debates.get(tx, evening.id), text, asker=asker, now=evening.now).id or 0
    )
    store.write(lambda tx: ask.approve(tx, ident, actor=OPERATOR, now=evening.now, first=True).id)

    store.write(lambda tx: people.forget(tx, "slack:UIKER", actor=OPERATOR, now=evening.now))

    assert evening.look(lambda tx: debates.question(tx, None, ident).state) == "declined"


def test_forgotten_words_are_not_found(store: Store, house: House) -> None:
    """Search knows nothing of them either."""
    evening = zenobias_evening(store, house)
    assert len(evening.look(lambda tx: search.search(tx, "xilofonista"))) == 1

    store.write(lambda tx: people.forget(tx, "slack:UZENOBIA", actor=OPERATOR, now=evening.now))

    assert evening.look(lambda tx: search.search(tx, "xilofonista")) == []


def test_a_backfill_does_not_bring_the_forgotten_back(store: Store, house: House) -> None:
    """Slack still has their messages; seeing them again changes nothing."""
    evening = zenobias_evening(store, house)
    store.write(lambda tx: people.forget(tx, "slack:UZENOBIA", actor=OPERATOR, now=evening.now))

    evening.hear(*evening.messages.values())

    assert [line.author for line in transcripts.load(store, evening.id).lines()] == ["", "", "Eva"]


def test_a_deleted_message_leaves_no_byte(store: Store, house: House) -> None:
    """What is deleted in Slack is gone from rows, index and write-ahead log once they are scrubbed."""
    evening = Evening(store, house).until(12)
    ident = evening.says("Ana", "soy xilofonista")
    evening.says("Eva", "qué bien")

    evening.deletes(ident)
    erasure.scrub(store)

    assert "xilofon" not in everything(store).casefold() + files(store)


def test_an_edited_text_leaves_no_byte(store: Store, house: House) -> None:
    """What a person took back by editing is gone as well."""
    evening = Evening(store, house).until(12)
    ident = evening.says("Ana", "soy xilofonista")
    first = evening.messages[ident]
    evening.minute = 13

    evening.hear(
        Said(Platform.SLACK, CHANNEL, ident, first.author, "soy otra cosa", first.posted_at, edited_at=evening.now)
    )
    erasure.scrub(store)

    assert "xilofon" not in everything(store).casefold() + files(store)


def test_nobody_is_forgotten_who_is_not_known(store: Store) -> None:
    """A wrong name is refused, with how people are named."""
    with pytest.raises(errors.NoSuchPerson, match="slack:U123"):
        store.write(lambda tx: people.forget(tx, "slack:NADIE", actor=OPERATOR, now=NOW))


# --- search ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("preguntas", ["La pregunta es buena", "Preguntas y más preguntas"]),
        ("REGULACION", ["Hace falta regulación"]),
        ("regulaciones", ["Hace falta regulación"]),
        ("pregunta buena", ["La pregunta es buena"]),
        ('"abc OR foo:bar -x*', []),
        ("¿¡!?", []),
        ("", []),
    ],
)
def test_search_finds_words_in_any_form(store: Store, house: House, words: str, found: list[str]) -> None:
    """Accents, plurals and capitals do not matter, and nothing that is typed is an operator."""
    evening = Evening(store, house).until(12)
    for text in ("Hace falta regulación", "Preguntas y más preguntas", "La pregunta es buena"):
        evening.says("Ana", text)

    assert [hit.text for hit in evening.look(lambda tx: search.search(tx, words))] == found


def test_search_is_newest_first_and_stops_at_the_limit(store: Store, house: House) -> None:
    """The latest are the first."""
    evening = Evening(store, house).until(12)
    for number in range(5):
        evening.says("Ana", f"cliente {number}")

    hits = evening.look(lambda tx: search.search(tx, "clientes", limit=2))

    assert [hit.text for hit in hits] == ["cliente 4", "cliente 3"]


def test_search_inside_one_debate(store: Store, house: House) -> None:
    """What was said elsewhere is left out."""
    evening = Evening(store, house).until(12)
    evening.says("Ana", "cliente")

    assert [len(evening.look(lambda tx: search.search(tx, "cliente", debate=str(evening.id)))), evening.id] == [1, 1]
    with pytest.raises(errors.NoSuchDebate):
        evening.look(lambda tx: search.search(tx, "cliente", debate="otro"))


# --- what they share -------------------------------------------------------------------------------------------------


def zenobias_evening(store: Store, house: House) -> Evening:
    """Zenobia speaks twice, asks something, reacts, and is thanked by name."""
    evening = Evening(store, house).until(12)
    evening.says("Zenobia", "R1 soy xilofonista")
    root = evening.says("Zenobia", "y toco la marimba")
    evening.says("Eva", "gracias Zenobia, muy bien dicho", under=root)
    evening.reacts("Zenobia", root, "+1")
    asker = Actor("slack:UZENOBIA", "Zenobia")
    store.write(
        lambda tx: (
            ask.propose(tx, debates.get(tx, evening.id), "¿Alguien toca la ocarina?", asker=asker, now=evening.now).id
        )
    )
    return evening


def everything(store: Store) -> str:
    """Every value of every row."""
    with store.read() as tx:
        tables = metadata().sorted_tables
        return "\n".join(str(row) for table in tables for row in tx.conn.execute(sa.select(table)))


def files(store: Store) -> str:
    """The bytes of a SQLite database and of its write-ahead log; nothing on PostgreSQL."""
    if store.path is None:
        return ""
    parts = [store.path, Path(f"{store.path}-wal")]
    return "".join(part.read_bytes().decode("latin-1").casefold() for part in parts if part.exists())


def test_a_message_of_one_batch_said_and_edited_has_the_edit(store: Store, house: House) -> None:
    """Both deliveries in one commit end in the later text."""
    evening = Evening(store, house).until(12)
    first = Said(Platform.SLACK, CHANNEL, ts(evening.now), Author("UANA", "Ana"), "uno", evening.now)
    edit = Said(Platform.SLACK, CHANNEL, first.id, first.author, "dos", evening.now, edited_at=evening.now)

    store.write(lambda tx: log.hear(tx, [first, edit], now=evening.now))

    assert [row[1] for row in evening.log()] == ["dos"]
