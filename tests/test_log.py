"""What was heard goes into the log: in any order and however often, the same rows; and filing done as it comes in is
what a rebuild from the log alone would do.
"""

import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot import errors
from bot.actions import clock, log, refile, send
from bot.ports import Author, Deleted, House, Incoming, Platform, Reacted, Renamed, Said
from bot.store import debates
from bot.store.engine import Store, Tx

from tests.stories import CHANNEL, MODERATOR, STARTS, Evening, ts

Rows = list[tuple[object, ...]]
HOUSE = House(slack_channel=CHANNEL, url="https://tertulia.example")


@pytest.fixture(scope="module")
def _told_once(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Evening:
    """A debate at minute 25: P1 was asked at 10, P2 at 20."""
    path = tmp_path_factory.mktemp("log") / "minute25.db"
    shutil.copy(_sqlite_template, path)
    evening = Evening(Store(f"sqlite:///{path}"), HOUSE).until(25)
    evening.store.close()
    return evening


@pytest.fixture
def evening(_told_once: Evening, tmp_path: Path) -> Iterator[Evening]:
    """A debate at minute 25 on a SQLite database of its own."""
    path = tmp_path / "minute25.db"
    shutil.copy(_told_once.store.path or "", path)
    mine = _told_once.moved(Store(f"sqlite:///{path}"))
    yield mine
    mine.store.close()


@pytest.fixture
def anywhere(store: Store) -> Evening:
    """The same on SQLite and on PostgreSQL."""
    return Evening(store, HOUSE).until(25)


# --- any order -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Life:
    """What happened to one message: when it was said (minute), by whom, below what, and what became of it."""

    minute: float
    who: str
    texts: tuple[str, ...]
    below: int  # -2 nothing, -1 P1, else the message of that index where it is an earlier one
    deleted: bool
    reactions: tuple[tuple[str, str, bool], ...]


LIVES = st.lists(
    st.builds(
        Life,
        minute=st.integers(1, 24),
        who=st.sampled_from(["Ana", "Luis", "Eva"]),
        # A message keeps its label through its edits: only who was there before the deletion could know of another.
        texts=st.sampled_from(["", "R1 ", "R2 ", "p1: "]).flatmap(
            lambda label: st.lists(st.sampled_from(["sí", "no", ""]), min_size=1, max_size=3).map(
                lambda texts: tuple(label + text for text in texts)
            )
        ),
        below=st.integers(-2, 4),
        deleted=st.booleans(),
        reactions=st.lists(
            st.tuples(st.sampled_from(["+1", "heart"]), st.sampled_from(["UEVA", "UANA"]), st.booleans()), max_size=3
        ).map(tuple),
    ),
    min_size=1,
    max_size=5,
)


def told(lives: Sequence[Life], p1: str) -> list[Incoming]:
    """The events of these messages in the order in which they happened."""
    lives = sorted(lives, key=lambda life: life.minute)
    events: list[Incoming] = []
    for index, life in enumerate(lives):
        posted = STARTS + timedelta(minutes=life.minute, milliseconds=index)
        ident = ts(posted)
        thread = p1 if life.below == -1 else None
        if 0 <= life.below < index:
            thread = ts(STARTS + timedelta(minutes=lives[life.below].minute, milliseconds=life.below))
        if thread is None and life.below != -2:
            lives[index] = replace(life, below=-2)
        said = Said(
            Platform.SLACK,
            CHANNEL,
            ident,
            Author(f"U{life.who.upper()}", life.who),
            life.texts[0],
            posted,
            thread=thread,
        )
        events.append(said)
        at = posted
        for text in life.texts[1:]:
            at += timedelta(seconds=1)
            events.append(said._replace(text=text, edited_at=at))
        for name, who, added in life.reactions:
            at += timedelta(seconds=1)
            events.append(Reacted(Platform.SLACK, CHANNEL, ident, name, who, at, added, posted))
        if life.deleted:
            events.append(Deleted(Platform.SLACK, CHANNEL, ident, at + timedelta(seconds=1), posted))
    return events


ANY_ORDER = settings(
    max_examples=60, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip


@ANY_ORDER
@given(lives=LIVES, data=st.data())
def test_any_order_and_repetition_ends_in_the_same_rows(
    evening: Evening, lives: list[Life], data: st.DataObject
) -> None:
    """One by one as it happened, or shuffled, repeated and in batches of any size: the same log and the same filing."""
    events = told(lives, evening.slack.ids["P1"])
    again = data.draw(st.lists(st.sampled_from(events), max_size=3), label="again")

    expected = outcome(evening, [[event] for event in events])
    assert outcome(evening, shuffled(events + again, data)) == expected


def shuffled(events: Sequence[Incoming], data: st.DataObject) -> list[Sequence[Incoming]]:
    """The events in any order, and in batches of any size."""
    order = data.draw(st.permutations(events), label="order")
    size = data.draw(st.integers(1, len(order)), label="size")
    return [order[start : start + size] for start in range(0, len(order), size)]


def outcome(evening: Evening, batches: Iterable[Sequence[Incoming]]) -> tuple[Rows, Rows]:
    """The rows that hearing these leaves, filed as a rebuild would file them; nothing stays behind."""
    with undone(evening.store) as tx:
        for batch in batches:
            log.hear(tx, batch, now=evening.now)
        rows = kept(tx)
        assert refile.whole(tx, debates.get(tx, 1)) == 0
    return rows


@contextmanager
def undone(store: Store) -> Iterator[Tx]:
    """An action that leaves nothing behind."""
    with store.writing() as conn:
        transaction = conn.begin()
        tx = Tx(conn)
        yield tx
        tx.drop()
        transaction.rollback()


def kept(tx: Tx) -> tuple[Rows, Rows]:
    """All messages and reactions, without the numbers that depend on the order of arrival."""
    messages = tx.conn.execute(sa.text(
        "SELECT m.platform_id, m.thread, i.platform_id, m.author, m.text, m.posted_at, m.edited_at, m.deleted_at, "
        "m.late, m.question, m.filed_by, m.confidence, m.conflict, m.terms "
        "FROM message m LEFT JOIN identity i ON i.id = m.identity_id ORDER BY m.posted_at, m.platform_id"
    )).all()  # fmt: skip
    reactions = tx.conn.execute(sa.text(
        "SELECT m.platform_id, r.name, r.who, r.count, r.at FROM reaction r JOIN message m ON m.id = r.message_id "
        "ORDER BY m.platform_id, r.name, r.who"
    )).all()  # fmt: skip
    return [tuple(row) for row in messages], [tuple(row) for row in reactions]


# --- one story each --------------------------------------------------------------------------------------------------


def said(evening: Evening, text: str = "hola", **more: object) -> Said:
    """A message of Ana at minute 22, not heard yet."""
    at = evening.starts + timedelta(minutes=22)
    return Said(Platform.SLACK, CHANNEL, ts(at), Author("UANA", "Ana"), text, at)._replace(**more)  # type: ignore[arg-type]  # its fields


def test_edit_before_its_message_is_the_last_word(evening: Evening) -> None:
    """The edit came first, the original after it: the edited text stands."""
    original = said(evening)
    edited = original._replace(text="adiós", edited_at=original.posted_at + timedelta(seconds=9))

    evening.hear(edited)
    evening.hear(original)
    evening.hear(edited)

    assert evening.log() == [("Ana", "adiós", 2, "time", "guess")]


def test_older_edit_does_not_undo_a_newer_one(evening: Evening) -> None:
    """In one batch or in two."""
    original = said(evening)
    first = original._replace(text="uno", edited_at=original.posted_at + timedelta(seconds=1))
    second = original._replace(text="dos", edited_at=original.posted_at + timedelta(seconds=2))

    evening.hear(original)
    evening.hear(second, first)
    evening.hear(first)

    assert [text for _, text, *_ in evening.log()] == ["dos"]


def test_a_debate_keeps_the_letters_that_it_was_planned_with(store: Store, house: House) -> None:
    """Another setting later, or a rebuild, files nothing anew: the log alone says where it stands."""
    evening = Evening(store, replace(house, labels="RS")).until(21)
    evening.says("Ana", "S1 svar")
    evening.says("Ana", "A1 no es ninguna")
    evening.says("Ana", "R1 siempre vale")
    evening.house = house

    assert [(question, by) for _, _, question, by, _ in evening.log()] == [(1, "label"), (2, "time"), (1, "label")]
    assert evening.store.write(lambda tx: refile.whole(tx, debates.get(tx, evening.id))) == 0


def test_edit_that_brings_a_label_moves_the_message_and_its_replies(anywhere: Evening) -> None:
    """«hola» during P2 becomes «R1 hola»: it and what answers it belong to P1."""
    root = anywhere.says("Ana", "hola")
    anywhere.says("Luis", "sí", under=root)
    original = anywhere.messages[root]

    anywhere.hear(original._replace(text="R1 hola", edited_at=original.posted_at + timedelta(seconds=5)))

    assert anywhere.log() == [("Ana", "R1 hola", 1, "label", "certain"), ("Luis", "sí", 1, "conversation", "likely")]


def test_deletion_empties_the_message_and_keeps_its_place(anywhere: Evening) -> None:
    """Text, author, looks, files, reactions and search terms are gone; its question and thread stay."""
    ident = anywhere.says("Ana", "R1 un secreto")
    anywhere.says("Luis", "¿seguro?", under=ident)
    anywhere.reacts("Luis", ident, "heart")

    anywhere.deletes(ident)

    assert anywhere.log() == [("", "", 1, "label", "certain"), ("Luis", "¿seguro?", 1, "conversation", "likely")]
    assert rows(anywhere, "SELECT identity_id, rich, files, terms FROM message WHERE text = ''") == [(None,) * 4]
    assert rows(anywhere, "SELECT * FROM reaction") == []


def test_deleted_message_does_not_come_back(evening: Evening) -> None:
    """Redelivery and an edit after the deletion bring no word of it back."""
    ident = evening.says("Ana", "un secreto")
    original = evening.messages[ident]
    evening.deletes(ident)

    evening.hear(original)
    evening.hear(original._replace(text="otro", edited_at=original.posted_at + timedelta(seconds=9)))

    assert evening.log() == [("", "", 2, "time", "guess")]


def test_deletion_before_its_message_leaves_no_word_but_its_place(evening: Evening) -> None:
    """The log learns where it stood, below P1, and nothing of what it said."""
    message = said(evening, "un secreto", thread=evening.slack.ids["P1"])

    evening.hear(Deleted(Platform.SLACK, CHANNEL, message.id, evening.now, message.posted_at))
    evening.hear(message)

    assert evening.log() == [("", "", 1, "thread", "certain")]


def test_deletion_of_the_unknown_does_no_harm(evening: Evening) -> None:
    """Of another time, another channel, or with no time told: nothing is kept."""
    evening.hear(
        Deleted(Platform.SLACK, CHANNEL, "1.1", evening.now),
        Deleted(Platform.SLACK, CHANNEL, "1.2", evening.now, evening.starts - timedelta(days=1)),
        Deleted(Platform.SLACK, "C0OTHER", "1.3", evening.now, evening.now),
    )

    assert evening.log() == []


def test_reaction_before_its_message_waits_for_it(evening: Evening) -> None:
    """The reaction came first: the message has it, and its thread too, once it is heard."""
    message = said(evening, "hola", thread=evening.slack.ids["P1"])

    evening.hear(Reacted(Platform.SLACK, CHANNEL, message.id, "+1", "UEVA", evening.now, posted_at=message.posted_at))
    evening.hear(message)

    assert evening.log() == [("Ana", "hola", 1, "thread", "certain")]
    assert rows(evening, "SELECT name, who, count FROM reaction") == [("+1", "UEVA", 1)]
    assert rows(evening, "SELECT thread FROM message") == [(evening.slack.ids["P1"],)]


def test_backfill_puts_reactions_right(anywhere: Evening) -> None:
    """What it names is on, what it lacks is off, unnamed ones are counted; replies already known are no obstacle."""
    ident = anywhere.says("Ana", "hola")
    anywhere.says("Luis", "¿sí?", under=ident)
    anywhere.reacts("Luis", ident, "heart")
    given_at = anywhere.now
    anywhere.minute += 1

    seen = anywhere.messages[ident]._replace(reactions={"+1": ["UEVA"]}, reaction_counts={"+1": 3})
    anywhere.hear(seen)
    anywhere.hear(Reacted(Platform.SLACK, CHANNEL, ident, "heart", "ULUIS", given_at, posted_at=seen.posted_at))

    assert rows(anywhere, "SELECT name, who, count FROM reaction ORDER BY name, who") == [
        ("+1", "", 2), ("+1", "UEVA", 1), ("heart", "ULUIS", 0),
    ]  # fmt: skip


def test_backfill_of_a_reply_alone_is_heard(evening: Evening) -> None:
    """Its root is known and not part of what was fetched."""
    root = evening.says("Ana", "hola")
    reply = said(evening, "sí", thread=root, reactions={"+1": ["UEVA"]})

    evening.hear(reply)

    assert rows(evening, "SELECT name, who, count FROM reaction") == [("+1", "UEVA", 1)]


def test_name_that_comes_later_is_the_name_of_what_was_said(anywhere: Evening) -> None:
    """A message without a name has it as soon as it is looked up; what had one keeps it."""
    anywhere.hear(said(anywhere, author=Author("UANA", "")))
    anywhere.hear(said(anywhere, "otra", id="2.2", author=Author("UANA", "Anita")))

    anywhere.hear(Renamed(Platform.SLACK, "UANA", "Ana Ruiz"))

    assert sorted(author for author, *_ in anywhere.log()) == ["Ana Ruiz", "Anita"]


def test_reply_below_a_question_whose_post_lands_later_is_filed_by_its_thread(evening: Evening) -> None:
    """The answer was here before Slack told us where P3 stands."""
    evening.until(29.9)
    evening.minute = 30
    evening.store.write(lambda tx: clock.do_due(tx, now=evening.now, house=evening.house))
    [(row_id, draft, _)] = evening.store.write(lambda tx: send.claim(tx, Platform.SLACK, owner="a", now=evening.now))
    ident = evening.slack.take(draft, evening.now)
    evening.store.write(
        lambda tx: log.hear(tx, [said(evening, "contesto", thread=ident, posted_at=evening.now)], now=evening.now)
    )
    assert evening.log() == [("Ana", "contesto", 3, "time", "guess")]

    evening.store.write(lambda tx: send.landed(tx, row_id, ident, now=evening.now))

    assert evening.log() == [("Ana", "contesto", 3, "thread", "certain")]
    assert evening.store.write(lambda tx: refile.whole(tx, debates.get(tx, 1))) == 0


@pytest.mark.parametrize(
    ("minute", "heard"), [(-1, False), (-0.08, True), (0, True), (60, True), (75, True), (75.01, False)]
)
def test_debate_hears_from_its_opening_to_the_end_of_its_grace(
    sqlite_store: Store, minute: float, *, heard: bool
) -> None:
    """Five seconds early to the end of the grace, by the platform's own time, however late it is told."""
    evening = Evening(sqlite_store, HOUSE).until(100)

    evening.hear(said(evening, posted_at=evening.starts + timedelta(minutes=minute)))

    assert len(evening.log()) == int(heard)


def test_late_answer_is_marked(sqlite_store: Store) -> None:
    """Behind the close, within the grace."""
    evening = Evening(sqlite_store, HOUSE).until(59)
    evening.says("Ana", "a tiempo")
    evening.until(61)
    evening.says("Luis", "tarde")

    assert rows(evening, "SELECT author, late FROM message ORDER BY id") == [("Ana", False), ("Luis", True)]


def test_another_channel_is_not_heard(evening: Evening) -> None:
    """What people say elsewhere is none of our business."""
    evening.hear(said(evening, place="C0OTHER"))

    assert evening.log() == []
    assert rows(evening, "SELECT platform_id FROM identity WHERE platform_id = 'UANA'") == []


def test_hand_of_a_moderator_outlives_everything(anywhere: Evening) -> None:
    """Filed by hand under P1: replies follow, an edit with another label and a rebuild do not move it."""
    root = anywhere.says("Ana", "hola")
    anywhere.says("Luis", "sí", under=root)
    anywhere.store.write(lambda tx: refile.by_hand(tx, debates.get(tx, 1), 1, 1, actor=MODERATOR, now=anywhere.now))
    original = anywhere.messages[root]

    anywhere.hear(original._replace(text="R2 hola", edited_at=original.posted_at + timedelta(seconds=5)))

    assert anywhere.log() == [("Ana", "R2 hola", 1, "hand", "certain"), ("Luis", "sí", 1, "conversation", "likely")]
    assert anywhere.store.write(lambda tx: refile.whole(tx, debates.get(tx, 1))) == 0


def test_hand_cannot_file_under_a_question_that_was_not_asked(evening: Evening) -> None:
    """P9 does not exist; nothing moves. None takes the message out of all questions."""
    evening.says("Ana", "hola")

    with pytest.raises(errors.NoSuchQuestion):
        evening.store.write(lambda tx: refile.by_hand(tx, debates.get(tx, 1), 1, 9, actor=MODERATOR, now=evening.now))
    with pytest.raises(errors.NoSuchMessage):
        evening.store.write(lambda tx: refile.by_hand(tx, debates.get(tx, 1), 7, 1, actor=MODERATOR, now=evening.now))
    evening.store.write(lambda tx: refile.by_hand(tx, debates.get(tx, 1), 1, None, actor=MODERATOR, now=evening.now))

    assert evening.log() == [("Ana", "hola", None, "hand", "certain")]


def test_everything_of_a_batch_has_one_reading_of_the_debates_clock(anywhere: Evening) -> None:
    """Ten messages heard in one go are one change, stamped on each of them."""
    before = anywhere.debate.rev

    anywhere.hear(*(said(anywhere, f"nº {n}", id=f"1.{n}") for n in range(10)))

    assert anywhere.debate.rev == before + 1
    assert rows(anywhere, "SELECT DISTINCT rev FROM message") == [(before + 1,)]


def rows(evening: Evening, query: str) -> Rows:
    """What a query finds."""
    return evening.look(lambda tx: [tuple(row) for row in tx.conn.execute(sa.text(query))])
