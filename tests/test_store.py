"""The same storage on SQLite and on PostgreSQL: types, keys, migrations, search index, and who may write when."""

import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import select

from bot import errors
from bot.store import debates, schema
from bot.store.engine import HEAD, Prepared, Store, Tx, metadata
from bot.tables import Cue, Debate, Gap, Identity, Message, Outbox, Person, Place, Question, Reaction, Vote

from tests.conftest import PostgresServer

NOW = datetime(2027, 1, 14, 18, 0, 0, 1, tzinfo=UTC)


def debate(slug: str = "uno", **more: Any) -> Debate:
    """A debate with the least that a row needs."""
    values: dict[str, Any] = {
        "slug": slug, "title": "T", "timezone": "Europe/Madrid", "starts_at": NOW, "ends_at": NOW, "pace": "{}",
        "phase": "open", "created_at": NOW,
    }  # fmt: skip
    return Debate(**(values | more))


def message(debate_id: int = 1, platform_id: str = "1.1", **more: Any) -> Message:
    """A message with the least that a row needs."""
    return Message(debate_id=debate_id, platform="slack", place="C1", platform_id=platform_id, posted_at=NOW, **more)


def keep(store: Store, *rows: object) -> None:
    """The rows are in the database, in this order; messages are in search's index, as the log puts them there."""

    def add(tx: Tx) -> None:
        for row in rows:
            tx.session.add(row)
            tx.session.flush()
        tx.unindexed = True

    store.write(add)


def ask(store: Store, query: str, **values: object) -> list[tuple[object, ...]]:
    """What a query finds."""
    with store.read() as tx:
        return [tuple(row) for row in tx.conn.execute(sa.text(query), values)]


# --- types -----------------------------------------------------------------------------------------------------------


def test_times_come_back_to_the_microsecond_and_in_utc(store: Store) -> None:
    """Before 1970, at its edge, far ahead, and from another zone."""
    madrid = timezone(timedelta(hours=1))
    times = [
        datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime(2027, 1, 14, 19, 0, 0, 1, tzinfo=madrid),
        datetime(2199, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    ]

    keep(store, *(debate(f"d{number}", opened_at=at) for number, at in enumerate(times)))

    with store.read() as tx:
        found = [row.opened_at for row in tx.session.exec(select(Debate).order_by(sa.column("opened_at"))).all()]
    assert found == times
    assert {at.tzinfo for at in found if at is not None} == {UTC}


def test_sqlite_keeps_what_is_committed_and_overwrites_what_is_erased(
    sqlite_store: Store, connected_as_a_bot: Callable[[sqlite3.Connection, object], None]
) -> None:
    """No kill would show that a commit is not on the disk, only a power cut: so the settings are looked at."""
    wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1}
    with closing(sqlite3.connect(str(sqlite_store.path))) as conn:
        connected_as_a_bot(conn, None)
        assert {name: conn.execute(f"PRAGMA {name}").fetchone()[0] for name in wanted} == wanted


def test_time_without_zone_is_refused(store: Store) -> None:
    """It could be any of 24 hours."""
    with pytest.raises(sa.exc.StatementError, match="naive datetime refused"):
        keep(store, debate(opened_at=datetime(2027, 1, 14)))  # noqa: DTZ001  (what is to be refused)

    assert ask(store, "SELECT * FROM debate") == []


# --- keys ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [
        debate,
        message,
        lambda: Cue(debate_id=1, key="ask:1", due_at=NOW),
        lambda: Identity(person_id=1, platform="slack", platform_id="U1"),
        lambda: Outbox(key="k", platform="slack", place="C1", kind="x", text="", created_at=NOW, next_at=NOW),
        lambda: Place(debate_id=1, platform="slack", address="C2"),
        lambda: Vote(question_id=1, person_id=1),
        lambda: Reaction(message_id=1, name="+1", who="U1", at=NOW),
    ],
    ids=["slug", "message", "cue", "identity", "outbox key", "place", "vote", "reaction"],
)
def test_what_is_unique_is_refused_the_second_time(store: Store, make: object) -> None:
    """One of each; the second leaves the first as it was."""
    everything(store)
    assert callable(make)

    with pytest.raises(sa.exc.IntegrityError):
        keep(store, make())


def everything(store: Store) -> None:
    """A debate with one of all that can hang on it."""
    keep(
        store, debate(), Person(), Identity(person_id=1, platform="slack", platform_id="U1"),
        Place(debate_id=1, platform="slack", address="C1"), Cue(debate_id=1, key="ask:1", due_at=NOW),
        Question(debate_id=1, position=1, text="¿?", state="asked", created_at=NOW, asker_id=1),
        Vote(question_id=1, person_id=1), message(identity_id=1, terms="hol hello"),
        Reaction(message_id=1, name="+1", who="U1", at=NOW),
        Gap(debate_id=1, platform="slack", place="C1", from_at=NOW),
        Outbox(key="k", platform="slack", place="C1", kind="question", text="", created_at=NOW, next_at=NOW,
               debate_id=1, question_id=1),
    )  # fmt: skip


@pytest.mark.parametrize("by_hand", [True, False], ids=["erase", "cascade"])
def test_debate_that_goes_takes_all_that_hangs_on_it(store: Store, *, by_hand: bool) -> None:
    """Rows of every table go; people stay, and a post that was to be sent stays without its debate."""
    everything(store)

    if by_hand:
        store.write(lambda tx: debates.erase(tx, 1))
    else:
        store.write(lambda tx: tx.conn.execute(sa.text("DELETE FROM debate")).rowcount)

    for table in ("debate", "place", "cue", "question", "vote", "message", "reaction", "gap"):
        assert ask(store, f"SELECT count(*) FROM {table}") == [(0,)]
    assert ask(store, "SELECT debate_id, question_id FROM outbox") == [(None, None)]
    assert ask(store, "SELECT count(*) FROM identity") == [(1,)]


def test_row_of_a_debate_that_does_not_exist_is_refused(store: Store) -> None:
    """Foreign keys are held on both."""
    with pytest.raises(sa.exc.IntegrityError):
        keep(store, Cue(debate_id=7, key="ask:1", due_at=NOW))


# --- reading and writing ---------------------------------------------------------------------------------------------


def test_reader_sees_one_moment(store: Store) -> None:
    """What is committed while it reads is not there until it reads anew."""
    keep(store, debate())
    with store.read() as tx:
        before = tx.conn.execute(sa.text("SELECT count(*) FROM debate")).scalar_one()
        keep(store, debate("dos"))
        during = tx.conn.execute(sa.text("SELECT count(*) FROM debate")).scalar_one()

    assert (before, during, ask(store, "SELECT count(*) FROM debate")) == (1, 1, [(2,)])


def test_action_that_fails_leaves_nothing(store: Store) -> None:
    """Half of it was written, none of it is kept."""

    def half(tx: Tx) -> None:
        tx.session.add(debate())
        tx.session.flush()
        raise errors.NoDebateHere

    with pytest.raises(errors.NoDebateHere):
        store.write(half)

    assert ask(store, "SELECT * FROM debate") == []


def test_clock_of_a_debate_ticks_once_a_change_and_keeps_what_is_loaded_in_step(store: Store) -> None:
    """A row that was loaded and changed before the tick does not set the clock back."""
    keep(store, debate())

    def change(tx: Tx) -> tuple[int, int, int]:
        row = debates.get(tx, 1)
        row.title = "Otro"
        first, second = debates.bump(tx, 1), debates.bump(tx, 1)
        row.host = "Ana"
        tx.session.add(row)
        return first, second, row.rev

    assert store.write(change) == (1, 2, 2)
    assert ask(store, "SELECT title, host, rev FROM debate") == [("Otro", "Ana", 2)]


@pytest.mark.parametrize("wanted", ["7", "99999999999", "9" * 40, "no-such", "", "-1", "١", "1 OR 1=1"])
def test_debate_that_does_not_exist_is_refused_by_name(store: Store, wanted: str) -> None:
    """Numbers of any size, slugs, and what is neither."""
    keep(store, debate("0"))
    with store.read() as tx, pytest.raises(errors.NoSuchDebate):
        debates.get(tx, wanted if wanted != "١" else "٢")


def test_prepared_statement_takes_its_values_by_name_whatever_their_order(store: Store) -> None:
    """Also where a name stands twice in the statement, and for many rows at once."""
    insert = Prepared(
        sa.text(
            "INSERT INTO kept (value, name) VALUES (:value, :name) ON CONFLICT (name) DO UPDATE SET value = :value"
        ),
        ("name", "value"),
    )
    fetch = Prepared(sa.text("SELECT value FROM kept WHERE name = :name"), ("name",))

    store.write(lambda tx: insert.run(tx.conn, [("a", "1"), ("b", "2"), ("a", "3")]))
    store.write(lambda tx: insert.run(tx.conn, []))

    with store.read() as tx:
        assert [tuple(row) for row in fetch.fetch(tx.conn, "a")] == [("3",)]
    assert ask(store, "SELECT name, value FROM kept ORDER BY name") == [("a", "3"), ("b", "2")]


@pytest.mark.parametrize("count", [0, 1, 2, 31, 32, 33, 100])
def test_many_rows_are_all_there_and_the_first_of_each_name_stays(store: Store, count: int) -> None:
    """However many go into one statement: each row once, in its order, one that is there already left as it is."""
    insert = Prepared(
        sa.text("INSERT INTO kept (value, name) VALUES (:value, :name) ON CONFLICT (name) DO NOTHING"),
        ("name", "value"),
    )
    rows = [(f"name {number:03d}", f"value {number}") for number in range(count)]
    store.write(lambda tx: insert.run(tx.conn, [*rows, *((name, "another") for name, _ in rows)]))
    assert ask(store, "SELECT name, value FROM kept WHERE name LIKE 'name %' ORDER BY name") == rows


def test_search_index_follows_the_log(store: Store) -> None:
    """New, said otherwise, emptied and gone: the index has what the log has."""
    keep(store, debate(), message(terms="gato cat"), message(platform_id="1.2", terms="perro dog"))
    assert (found(store, "gato"), found(store, "perro")) == ([1], [2])

    store.write(lambda tx: tx.conn.execute(sa.text("UPDATE message SET terms = 'loro' WHERE id = 1")).rowcount)
    assert (found(store, "gato"), found(store, "loro")) == ([], [1])

    store.write(lambda tx: tx.conn.execute(sa.text("UPDATE message SET terms = NULL WHERE id = 1")).rowcount)
    store.write(lambda tx: tx.conn.execute(sa.text("DELETE FROM message WHERE id = 2")).rowcount)
    assert (found(store, "loro"), found(store, "perro")) == ([], [])


def found(store: Store, term: str) -> list[object]:
    """The ids of the messages that the index has under a term."""
    query = "SELECT rowid FROM message_fts WHERE message_fts MATCH :term"
    if not store.sqlite:
        query = "SELECT id FROM message WHERE tsv @@ to_tsquery('simple', :term)"
    return [row[0] for row in ask(store, query, term=term)]


# --- several writers -------------------------------------------------------------------------------------------------

COUNT_UP = """
import sys
from bot.store.engine import Store
from bot.tables import Kept
store = Store(sys.argv[1])
def count(tx):
    row = tx.session.get(Kept, "n")
    row.value = str(int(row.value) + 1)
    tx.session.add(row)
for _ in range(30):
    store.write(count)
"""


def test_no_update_is_lost_between_processes(sqlite_store: Store) -> None:
    """Two processes read, add one and write, thirty times each: 60. (A deferred BEGIN loses some.)"""
    sqlite_store.write(lambda tx: tx.conn.execute(sa.text("INSERT INTO kept VALUES ('n', '0')")).rowcount)
    url = sqlite_store.url.render_as_string(hide_password=False)

    running = [subprocess.Popen([sys.executable, "-c", COUNT_UP, url], cwd=Path(__file__).parents[1]) for _ in range(2)]

    assert [process.wait(60) for process in running] == [0, 0]
    assert ask(sqlite_store, "SELECT value FROM kept") == [("60",)]


def test_no_change_of_a_locked_debate_is_lost_between_threads(store: Store) -> None:
    """Four threads lock the debate, read its title, add one and write it: 80."""
    keep(store, debate(title="0"))
    start = threading.Barrier(4)

    def count(tx: Tx) -> None:
        debates.lock(tx, 1)
        row = debates.get(tx, 1)
        row.title = str(int(row.title) + 1)
        tx.session.add(row)

    def work() -> None:
        start.wait()
        for _ in range(20):
            store.write(count)

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(work) for _ in range(4)]:
            done.result()

    assert ask(store, "SELECT title FROM debate") == [("80",)]


# --- migrations ------------------------------------------------------------------------------------------------------


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def bare(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A database without any table."""
    if request.param == "sqlite":
        store = Store(f"sqlite:///{tmp_path / 'bare.db'}")
        yield store
        store.close()
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    name = f"tertulia_test_bare_{os.getpid()}"  # of this process alone: tests run in several
    store = Store(server.make(name))
    yield store
    store.close()
    server.drop(name)


def revisions() -> list[str]:
    """All migrations, the oldest first."""
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory.from_config(schema.configuration())
    return [script.revision for script in scripts.walk_revisions()][::-1]


def test_head_is_the_newest_migration() -> None:
    """The program knows it without loading Alembic."""
    assert revisions()[-1] == HEAD


@pytest.mark.parametrize("start", revisions())
def test_upgrade_from_every_revision_keeps_the_rows(bare: Store, start: str) -> None:
    """A debate that was there is there, the schema is the program's, and a second upgrade changes nothing."""
    schema.upgrade(bare, to=start)
    keep_old(bare)

    schema.upgrade(bare)
    schema.upgrade(bare)

    assert bare.revision() == HEAD
    assert ask(bare, "SELECT slug FROM debate") == [("viejo",)]
    assert differences(bare) == []
    assert search_parts(bare) == (["message_fts_changed", "message_fts_gone"] if bare.sqlite else ["ix_message_tsv"])


@pytest.mark.parametrize("start", ["0006", "0007"])
def test_an_upgrade_keeps_the_hour_that_was_promised_on_the_clocks(bare: Store, start: str) -> None:
    """Of what is still to come: if its zone gets other rules, it goes with its clocks."""
    schema.upgrade(bare, to=start)
    keep_old(bare, starts_at=1_799_949_600_000_000, phase="scheduled")

    schema.upgrade(bare)

    assert ask(bare, "SELECT starts_at, local_at FROM debate") == [(1_799_949_600_000_000, "2027-01-14T19:00")]


def keep_old(store: Store, *, starts_at: int = 0, phase: str = "closed") -> None:
    """A debate is in the database, by the columns that it has had since the first revision."""
    values = (
        f"('viejo', 'T', '', '', 'es', 'Europe/Madrid', {starts_at}, {starts_at}, '{{}}', '{phase}', "
        "false, false, false, 0, 0)"
    )
    store.write(lambda tx: tx.conn.execute(sa.text(
        "INSERT INTO debate (slug, title, hashtag, host, locale, timezone, starts_at, ends_at, pace, phase, "
        f"asked_by_clock, imported, rehearsal, created_at, rev) VALUES {values}"
    )).rowcount)  # fmt: skip


def differences(store: Store) -> list[object]:
    """What `alembic check` would say: how the database differs from the tables in the code."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with store.writing() as conn:
        context = MigrationContext.configure(
            conn, opts={"compare_type": True, "include_object": _not_of_search, "render_as_batch": True}
        )
        return list(compare_metadata(context, metadata()))


def _not_of_search(_object: object, name: str | None, kind: str, _reflected: bool, _other: object) -> bool:
    return not (name or "").startswith(("message_fts", "ix_message_tsv")) and (kind, name) != ("column", "tsv")


def search_parts(store: Store) -> list[object]:
    """What search has of its own in the database."""
    if store.sqlite:
        query = "SELECT name FROM sqlite_master WHERE type = 'trigger' ORDER BY name"
    else:
        query = "SELECT indexname FROM pg_indexes WHERE indexdef LIKE '%tsv%'"
    return [row[0] for row in ask(store, query)]


def test_all_the_way_down_and_up_again(bare: Store) -> None:
    """Nothing of ours is left at the bottom, and the way up works a second time."""
    from alembic import command

    schema.upgrade(bare)
    with bare.writing() as conn:
        config = schema.configuration()
        config.attributes["connection"] = conn
        command.downgrade(config, "base")
        conn.commit()
    with bare.read() as tx:
        assert sa.inspect(tx.conn).get_table_names() == ["alembic_version"]
    schema.upgrade(bare)

    assert differences(bare) == []


def test_database_of_a_newer_program_is_left_alone(store: Store) -> None:
    """It is refused by name, and its revision stays."""
    try:
        store.write(lambda tx: tx.conn.execute(sa.text("UPDATE alembic_version SET version_num = '9999'")).rowcount)

        with pytest.raises(errors.DatabaseAhead) as refused:
            schema.upgrade(store)

        assert refused.value.fields == {"found": "9999", "wanted": HEAD}
        assert store.revision() == "9999"
    finally:
        store.write(
            lambda tx: (
                tx.conn.execute(sa.text("UPDATE alembic_version SET version_num = :head"), {"head": HEAD}).rowcount
            )
        )


def test_two_programs_that_start_at_once_upgrade_once(bare: Store) -> None:
    """Both find no tables; one makes them, the other waits and finds them."""
    url = bare.url.render_as_string(hide_password=False)
    program = "import sys; from bot.store import engine, schema; schema.upgrade(engine.Store(sys.argv[1]))"

    running = [subprocess.Popen([sys.executable, "-c", program, url], cwd=Path(__file__).parents[1]) for _ in range(2)]

    assert [process.wait(120) for process in running] == [0, 0]
    assert bare.revision() == HEAD


def test_checkpoint_brings_the_log_into_the_file(sqlite_store: Store) -> None:
    """What was committed stands in the file itself afterwards, and nothing is lost by it."""
    path = sqlite_store.path
    assert path is not None
    # Whoever closes the last connection empties the log: a running bot always has one open.
    with sqlite_store.writing():
        keep(sqlite_store, debate(slug="en-el-fichero"))
        before = b"en-el-fichero" in path.read_bytes()

        sqlite_store.checkpoint()

        assert (before, b"en-el-fichero" in path.read_bytes()) == (False, True)
    assert ask(sqlite_store, "SELECT slug FROM debate") == [("en-el-fichero",)]
