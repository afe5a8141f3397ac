"""Search's index on SQLite comes behind the log: whatever happens to messages meanwhile, it ends with what they say."""

import asyncio
import threading
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from bot import writer as module
from bot.actions import log
from bot.ports import Author, House, Platform, Said
from bot.store import index
from bot.store import log as rows
from bot.store.engine import Store, Tx
from bot.writer import Writer

from tests.stories import CHANNEL, Evening
from tests.test_store import debate, found, keep, message
from tests.waiting import until

WORDS = ("gato", "perro", "loro")
_MESSAGES = st.tuples(st.just("say"), st.lists(st.sampled_from((*WORDS, None)), min_size=1, max_size=4))
_CHANGES = st.tuples(st.just("change"), st.integers(0, 5), st.sampled_from((*WORDS, None)))
_DELETIONS = st.tuples(st.just("delete"), st.integers(0, 5))
_PIECES = st.tuples(st.just("follow"), st.integers(1, 3))


@example([("say", ["gato"]), ("follow", 1), ("change", 0, "gato")])
@given(st.lists(st.one_of(_MESSAGES, _CHANGES, _DELETIONS, _PIECES), max_size=14))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_it_ends_with_what_the_messages_say(sqlite_store: Store, doings: list[tuple[object, ...]]) -> None:
    """Said, said otherwise, emptied, deleted (so that ids are given again), indexed for a piece: in any order."""
    with sqlite_store.writing() as conn, conn.begin():
        conn.exec_driver_sql("DELETE FROM message")
        conn.exec_driver_sql("DELETE FROM debate")
    keep(sqlite_store, debate())
    with sqlite_store.writing() as conn:
        for number, doing in enumerate(doings):
            with conn.begin():
                _do(conn, number, doing)
        with conn.begin():
            assert not index.follow(conn)
            said = {row[0]: row[1] for row in conn.exec_driver_sql("SELECT id, terms FROM message")}
            # FTS5's own check that it has what the messages have (sqlite.org/fts5.html, 6.4).
            conn.exec_driver_sql("INSERT INTO message_fts (message_fts, rank) VALUES ('integrity-check', 1)")
    for word in WORDS:
        assert found(sqlite_store, word) == [ident for ident, terms in sorted(said.items()) if terms == word]


def _do(conn: sa.Connection, number: int, doing: tuple[object, ...]) -> None:
    kind, *values = doing
    if kind == "say":
        assert isinstance(values[0], list)
        debate_id = conn.exec_driver_sql("SELECT id FROM debate").scalar_one()
        for place, terms in enumerate(values[0]):
            one = message(debate_id, platform_id=f"{number}.{place}", terms=terms)
            values_of = {name: value for name, value in one.model_dump().items() if value is not None}
            conn.execute(sa.insert(type(one)).values(**values_of))
        return
    if kind == "follow":
        index.follow(conn, most=int(str(values[0])))
        return
    ids = conn.exec_driver_sql("SELECT id FROM message ORDER BY id DESC").scalars().all()
    if int(str(values[0])) >= len(ids):
        return
    ident = ids[int(str(values[0]))]
    if kind == "delete":
        conn.exec_driver_sql("DELETE FROM message WHERE id = ?", (ident,))
    else:
        conn.exec_driver_sql("UPDATE message SET terms = ? WHERE id = ?", (values[1], ident))


def test_a_piece_says_whether_more_waits(sqlite_store: Store) -> None:
    """Of three messages two go in, then the last one, then nothing."""
    keep(sqlite_store, debate())
    rows_of = [message(platform_id=f"1.{number}", terms="gato") for number in range(3)]
    with sqlite_store.writing() as conn, conn.begin():
        tx = Tx(conn)
        for one in rows_of:
            tx.session.add(one)
        tx.finish()
        assert index.follow(conn, most=2)
        assert not index.follow(conn, most=2)
        assert not index.follow(conn, most=2)
    assert len(found(sqlite_store, "gato")) == 3


def spoken(evening: Evening) -> Said:
    """One message of this moment, with a word that nobody else says."""
    return Said(Platform.SLACK, CHANNEL, "1.1", Author("UANA", "Ana"), "El xilófono", evening.now)


@contextmanager
def writing(store: Store) -> Iterator[Writer]:
    """A writer runs."""
    writer = Writer(store)
    writer.start()
    try:
        yield writer
    finally:
        writer.stop()


async def test_what_a_writer_has_committed_is_found_a_moment_later(sqlite_store: Store, house: House) -> None:
    """The commit does not wait for the index, and the index for nobody."""
    evening = Evening(sqlite_store, house).until(12)
    with writing(sqlite_store) as writer:
        await writer.do(lambda tx: log.hear(tx, [spoken(evening)], now=evening.now))
        await until(lambda: len(found(sqlite_store, "xilofon")) == 1)


async def test_a_writer_that_stops_leaves_nothing_to_index(sqlite_store: Store, house: House) -> None:
    """What was said in its last moment is found by whoever looks next."""
    evening = Evening(sqlite_store, house).until(12)
    with writing(sqlite_store) as writer:
        await writer.do(lambda tx: log.hear(tx, [spoken(evening)], now=evening.now))
    assert len(found(sqlite_store, "xilofon")) == 1


async def test_what_a_killed_writer_left_is_indexed_by_the_next(sqlite_store: Store, house: House) -> None:
    """Its messages are in the log, and the next writer sees that the index is behind."""
    evening = Evening(sqlite_store, house).until(12)
    with sqlite_store.writing() as conn, conn.begin():
        tx = Tx(conn)
        log.hear(tx, [spoken(evening)], now=evening.now)
        tx.finish()
    assert found(sqlite_store, "xilofon") == []
    with writing(sqlite_store) as writer:
        await writer.do(rows.newest)
        await until(lambda: len(found(sqlite_store, "xilofon")) == 1)


async def test_a_locked_database_delays_the_index_and_nothing_else(
    sqlite_store: Store, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The writer goes on, says that search is behind, and comes back to it."""
    monkeypatch.setattr(module, "INDEX_AGAIN_SECONDS", 0.05)
    evening = Evening(sqlite_store, house).until(12)
    follow, failures = index.follow, [sa.exc.OperationalError("INSERT", None, Exception("database is locked"))]

    def failing(conn: sa.Connection, *, most: int = index.ALL) -> bool:
        if failures:
            raise failures.pop()
        return follow(conn, most=most)

    monkeypatch.setattr(index, "follow", failing)
    with capture_logs() as told, writing(sqlite_store) as writer:
        await writer.do(lambda tx: log.hear(tx, [spoken(evening)], now=evening.now))
        await until(lambda: len(found(sqlite_store, "xilofon")) == 1)
        assert await writer.do(rows.newest) == 1
    assert [one["event"] for one in told if one["log_level"] == "warning"] == ["search is behind the log"]


@pytest.mark.parametrize(("patience", "expected"), [(60.0, ["a", "b", "index"]), (0.0, ["a", "index", "b"])])
async def test_who_waits_goes_before_the_index_for_a_moment(
    sqlite_store: Store, monkeypatch: pytest.MonkeyPatch, patience: float, expected: list[str]
) -> None:
    """Search has time; but it gets its turn, too, though there be always somebody waiting."""
    monkeypatch.setattr(module, "INDEX_SECONDS", 0.0)
    monkeypatch.setattr(module, "LET_BY_SECONDS", patience)
    order: list[str] = []
    follow = index.follow

    def noted(conn: sa.Connection, *, most: int = index.ALL) -> bool:
        order.append("index")
        return follow(conn, most=most)

    monkeypatch.setattr(index, "follow", noted)
    writer = Writer(sqlite_store)
    loop, doing = asyncio.get_running_loop(), list[Awaitable[None]]()

    def first(tx: Tx) -> None:
        """Somebody else waits by the time that this one is committed."""
        order.append("a")
        tx.unindexed = True
        queued = threading.Event()
        loop.call_soon_threadsafe(another, queued)
        queued.wait(5.0)

    def another(queued: threading.Event) -> None:
        doing.append(writer.do(lambda _tx: order.append("b")))
        queued.set()

    doing.append(writer.do(first))
    writer.start()
    await until(lambda: len(order) == 3)
    await asyncio.gather(*doing)
    await asyncio.to_thread(writer.stop)
    assert order[:3] == expected
