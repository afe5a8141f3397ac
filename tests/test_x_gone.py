"""What is taken back on X leaves a place in the order and nothing else: no byte of its id, its words or its author."""

import io
import json
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import sqlalchemy as sa
from sqlmodel import col, select

from bot.actions import imports, inbox, people, places, plan, refile, run
from bot.actions.imports import Origin
from bot.actions.inbox import Delivery
from bot.debatefile import DebateFile, PlannedQuestion
from bot.exports import as_recap
from bot.exports.formats import FORMATS
from bot.ports import CLOCK, OPERATOR, Author, Deleted, House, Incoming, Platform, Renamed, Said
from bot.store import debates, erasure, gone, search, transcripts
from bot.store.engine import Store, Tx, metadata
from bot.tables import Identity, Inbox, Message, Question
from bot.words.catalogue import words

from tests.standin_x.server import XStandin
from tests.waiting import until
from tests.x_listening import listening

NOW = datetime(2027, 1, 14, 18, tzinfo=UTC)
ANA, BEA = "7000000000000000077", "7000000000000000088"


def debate_on_x(store: Store) -> None:
    """A debate is open at #cx."""

    def begin(tx: Tx) -> None:
        wanted = DebateFile("De prueba", (PlannedQuestion("¿Una?"),), starts=NOW, x=True, hashtag="CX")
        debate = plan.add(tx, wanted, house=House(), actor=OPERATOR, now=NOW)
        run.open_now(tx, debate, actor=CLOCK, now=NOW)

    store.write(begin)


def said(
    number: int, text: str, *, by: str = BEA, thread: int | None = None, reply_to: int | None = None, quotes: int = 0
) -> Said:
    """The post of a number, by somebody, below others of them."""
    at, names = NOW + timedelta(seconds=number), {ANA: "Anacleta Quisquilla", BEA: "Bea"}
    above, answered, quoted = (post(one) if one else None for one in (thread, reply_to, quotes))
    author = Author(by, names[by])
    return Said(
        Platform.X, "cx", post(number), author, text, at, thread=above, reply_to=answered, quotes=quoted
    )  # fmt: skip


def post(number: int) -> str:
    """The id of a post."""
    return f"20000000000000000{number:02}"


def taken_back(number: int, *, posted_at: datetime | None = None) -> Deleted:
    """X told that a post is gone."""
    return Deleted(Platform.X, "cx", post(number), NOW + timedelta(minutes=1), posted_at)


def hear(store: Store, *incoming: Incoming) -> None:
    """What came in one delivery is in the log."""
    event = f"x:post:{getattr(incoming[0], 'id', '')}"
    store.write(lambda tx: inbox.take(tx, [Delivery(Platform.X, event, incoming)], now=NOW))


def rows(store: Store) -> list[Message]:
    """Every row of the log, in order."""
    with store.read() as tx:
        return list(tx.session.exec(select(Message).order_by(col(Message.posted_at), col(Message.id))).all())


def everything(store: Store) -> str:
    """Every value of every row, and on SQLite every byte of the file and of its write-ahead log."""
    erasure.scrub(store)
    with store.read() as tx:
        values = [str(row) for table in metadata().sorted_tables for row in tx.conn.execute(sa.select(table))]
    parts = [] if store.path is None else [store.path, Path(f"{store.path}-wal")]
    return "\n".join([*values, *(part.read_bytes().decode("latin-1") for part in parts if part.exists())])


def exported(store: Store) -> str:
    """The debate in every format that can be had here."""
    speak, told = words("es"), []
    for name, one in FORMATS.items():
        if name != "pdf":
            out = io.BytesIO()
            one.write(transcripts.load(store, 1), out, speak)
            told.append(out.getvalue().decode())
    told.append(as_recap.draft(transcripts.load(store, 1), speak))
    return "\n".join(told)


def left_of(text: str, *wanted: str) -> list[str]:
    """What of it is in the text, in whatever letters."""
    return [one for one in wanted if one.casefold() in text.casefold()]


def a_conversation(store: Store) -> None:
    """Ana begins a conversation, Bea answers her, Ana answers Bea, and Bea quotes Ana."""
    debate_on_x(store)
    hear(store, said(1, "El xilofonista #cx", by=ANA))
    hear(store, said(2, "¿Cuál?", thread=1, reply_to=1))
    hear(store, said(3, "La marimba", by=ANA, thread=1, reply_to=2))
    hear(store, said(4, "Miren esto", quotes=1))


def test_a_post_taken_back_leaves_no_byte_where_x_was_left_since(store: Store) -> None:
    """The debate went on elsewhere; what answered the post does not name it either."""
    a_conversation(store)
    store.write(lambda tx: places.leave(tx, debates.get(tx, 1), "x", actor=OPERATOR, now=NOW))
    hear(store, taken_back(1))

    assert left_of(everything(store), post(1), "xilofonista") == []


def test_a_post_taken_back_leaves_no_byte(store: Store) -> None:
    """Neither its id nor its words are in a row, in the file, in its log or in an export; what it said last stays."""
    a_conversation(store)
    hear(store, taken_back(1))

    assert left_of(everything(store), post(1), "xilofonista") == []
    assert left_of(exported(store), post(1), "xilofonista") == []
    assert left_of(exported(store), "La marimba", "Miren esto") == ["La marimba", "Miren esto"]
    with store.read() as tx:
        assert search.search(tx, "xilofonista") == []


def test_who_has_nothing_left_is_forgotten(store: Store) -> None:
    """With the last post of somebody their name and their id go, from rows, file and exports; others stay."""
    a_conversation(store)
    hear(store, taken_back(1))
    assert left_of(everything(store), ANA, "Anacleta") == [ANA, "Anacleta"]
    hear(store, taken_back(3))

    assert left_of(everything(store), ANA, "Anacleta", post(3), "marimba") == []
    assert left_of(exported(store), ANA, "Anacleta", post(3), "marimba") == []
    with store.read() as tx:
        assert [one.name for one in tx.session.exec(select(Identity).where(Identity.platform == "x")).all()] == ["Bea"]


def test_who_comes_back_is_somebody_new(store: Store) -> None:
    """Forgotten and then heard again, their post is in the log under their name."""
    a_conversation(store)
    hear(store, taken_back(1), taken_back(3))
    hear(store, Renamed(Platform.X, ANA, "Anacleta Quisquilla"))
    assert left_of(everything(store), "Anacleta") == []
    hear(store, said(5, "Aquí sigo", by=ANA))

    assert [(row.author, row.text) for row in rows(store)][-1] == ("Anacleta Quisquilla", "Aquí sigo")


def test_the_tombstone_keeps_its_place_its_question_and_what_hangs_on_it(store: Store) -> None:
    """The conversation has the shape that it had: what answered the post hangs on its mark."""
    a_conversation(store)
    hear(store, taken_back(1))
    first, second, third, fourth = rows(store)

    assert first.platform_id.startswith(gone.MARK)
    assert (first.filed_by, first.question, first.identity_id, first.text) == ("time", None, None, "")
    assert [(row.thread, row.reply_to) for row in (second, third)] == [
        (first.platform_id, first.platform_id), (first.platform_id, post(2)),
    ]  # fmt: skip
    assert fourth.quotes == first.platform_id
    assert [(line.id, line.depth) for line in transcripts.load(store, 1).lines()] == [(1, 0), (2, 1), (3, 1), (4, 0)]


def test_what_hangs_on_it_is_told_anew(store: Store) -> None:
    """Whoever watches gets the tombstone and what hangs on it in one step."""
    a_conversation(store)
    before = max(row.rev for row in rows(store))
    hear(store, taken_back(1))

    assert [row.rev - before for row in rows(store)] == [1, 1, 1, 1]


def test_heard_again_it_is_known_to_be_gone(store: Store) -> None:
    """By stream or search, as it was or edited: no word of it comes back, and there is no second row."""
    a_conversation(store)
    hear(store, taken_back(1))
    again = said(1, "El xilofonista #cx", by=ANA)
    hear(store, again)
    hear(store, again._replace(text="El xilofonista, otra vez", edited_at=NOW + timedelta(minutes=2)))
    hear(store, taken_back(1))

    assert [row.text for row in rows(store)] == ["", "¿Cuál?", "La marimba", "Miren esto"]
    assert left_of(everything(store), post(1), "xilofonista") == []


def test_a_later_answer_hangs_on_the_mark(store: Store) -> None:
    """X still says which post it answers; the log knows that one by its mark alone."""
    a_conversation(store)
    hear(store, taken_back(1))
    hear(store, said(5, "Yo lo leí", thread=1, reply_to=1))

    mark = rows(store)[0].platform_id
    assert (rows(store)[-1].thread, rows(store)[-1].reply_to) == (mark, mark)
    assert left_of(everything(store), post(1)) == []


def test_gone_before_it_was_heard(store: Store) -> None:
    """A withheld post has its place in the order, and neither its id nor its words when search brings it."""
    debate_on_x(store)
    hear(store, taken_back(1, posted_at=NOW + timedelta(seconds=1)))
    hear(store, said(1, "El xilofonista #cx", by=ANA, thread=9, reply_to=9, quotes=8))

    (only,) = rows(store)
    assert (only.text, only.thread, only.reply_to, only.quotes) == ("", None, None, None)
    assert left_of(everything(store), post(1), post(8), post(9), "xilofonista") == []


def test_of_a_post_that_was_never_heard_nothing_is_kept(store: Store) -> None:
    """A delete event is about every post of its author, not only about those of the debate."""
    debate_on_x(store)
    hear(store, taken_back(1))

    assert (rows(store), left_of(everything(store), post(1))) == ([], [])


def test_forgetting_a_person_of_x_takes_their_posts_ids(store: Store) -> None:
    """As an erasure does by hand, or a word to us."""
    a_conversation(store)
    store.write(lambda tx: people.forget(tx, f"x:{ANA}", actor=OPERATOR, now=NOW))

    assert left_of(everything(store), post(1), post(3), ANA, "Anacleta", "xilofonista", "marimba") == []
    assert [row.text for row in rows(store)] == ["", "¿Cuál?", "", "Miren esto"]


def test_the_inbox_holds_no_id(store: Store) -> None:
    """What came is known by a hash; what nobody understood goes with the post that it tells of."""
    a_conversation(store)
    strange = Delivery(Platform.X, f"x:post:{post(1)}", (), f'{{"id": "{post(1)}", "text": 7}}')
    other = Delivery(Platform.X, "x:line:abc", (), '{"strange": 1}')
    for one in (strange, other):
        store.write(partial(inbox.quarantine, delivery=one, error="no text", now=NOW))
    hear(store, taken_back(1))

    assert left_of(everything(store), post(1)) == []
    with store.read() as tx:
        kept = tx.session.exec(select(Inbox.payload).where(Inbox.state == "quarantined")).all()
    assert kept == ['{"strange": 1}']


def test_on_slack_a_deleted_message_keeps_its_id(store: Store) -> None:
    """Slack's ids are no content, and the same message may be heard again under it."""
    debate_on_x(store)
    room = Said(Platform.ROOM, "2027-01-14-de-prueba", "r1", Author("ana", "Ana"), "Hola", NOW)
    hear(store, room)
    hear(store, Deleted(Platform.ROOM, room.place, "r1", NOW))

    assert [(row.platform_id, row.text) for row in rows(store)] == [("r1", "")]


def test_an_import_does_not_bring_it_back(store: Store) -> None:
    """What was taken back before an archive is read stays away; what answered it hangs on its mark."""
    a_conversation(store)
    hear(store, taken_back(1))
    archive = [said(1, "El xilofonista #cx", by=ANA), said(2, "¿Cuál?", thread=1, reply_to=1)]
    origin = Origin(Platform.X, "cx", "#cx", "Archivo", [])
    store.write(lambda tx: imports.bring(tx, [archive], origin, house=House(), actor=OPERATOR, now=NOW))

    assert [row.text for row in rows(store) if row.debate_id == 2] == ["¿Cuál?"]
    assert left_of(everything(store), post(1), "xilofonista") == []


def test_a_question_of_an_imported_debate_goes_with_its_post(store: Store) -> None:
    """The host took P1 back: its number stays, its words go from question, post and exports; answers stay below it."""
    root, answer = said(1, "P1 ¿Quién toca el xilófono?", by=ANA), said(2, "Yo", thread=1, reply_to=1)
    origin = Origin(Platform.X, "cx", "#cx", "Archivo", [root], {root.id: (1, "¿Quién toca el xilófono?")})
    store.write(lambda tx: imports.bring(tx, [[root, answer]], origin, house=House(), actor=OPERATOR, now=NOW))
    hear(store, taken_back(1))
    store.write(lambda tx: refile.whole(tx, debates.get(tx, 1)))

    assert left_of(everything(store) + exported(store), post(1), "xilófono", ANA, "Anacleta") == []
    with store.read() as tx:
        assert [one.text for one in tx.session.exec(select(Question)).all()] == [gone.OUT]
    assert [(row.question, row.filed_by) for row in rows(store)] == [(1, "thread"), (1, "thread")]


async def test_a_delete_event_on_the_stream_takes_the_post_back(sqlite_store: Store) -> None:
    """As X's documents show it: the post goes, whoever heard it, and with it everything it was."""
    async with XStandin(strict_rates=False) as x, listening(x, sqlite_store) as bot:
        ident = await x.post("anacleta", "El xilofonista #coral")
        await until(lambda: bot.texts() == ["El xilofonista #coral"])
        event = {
            "data": {"event_type": "post.delete", "payload": {"id": ident, "author_id": x.world.who("anacleta").id}}
        }
        bot.ears.hearing.take(json.dumps(event).encode())
        await until(lambda: bot.texts() == [])
        await bot.ears.hearing.settled()

        assert left_of(everything(sqlite_store), ident, "xilofonista") == []
