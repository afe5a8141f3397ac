"""The two connections to the database: one that writes, in turn, and many that read.

SQLite: WAL, ``synchronous=FULL``, ``BEGIN IMMEDIATE`` for writers (a deferred one loses updates), foreign keys,
``secure_delete`` (what is erased is overwritten). PostgreSQL: psycopg, the same code; who stands still in the middle of
a change loses it, so that a frozen process does not keep another waiting for what it had locked.
"""

import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import sqlalchemy as sa
from sqlalchemy import event
from sqlmodel import Session, SQLModel

from bot.store import index

if TYPE_CHECKING:
    import psycopg

T = TypeVar("T")

# How long a writer waits for another one before it says so.
BUSY_MS = 10_000
# So long may one stand still in the middle of a change on PostgreSQL: then it is frozen, and its change is undone.
FROZEN_MS = 8_000
# A command may have much to think about between two statements.
THINKING_MS = 30_000
# A change that gave way to another is made again, so many times at the most.
TRIES = 5
# SQLite would empty its log into the file in the middle of a commit, and whoever waits for that commit waits for the
# disk. A running bot does it beside (``Store.checkpoint``); this many pages (80 MB) are the net below.
WAL_PAGES = 20_000
HEAD = "0009"  # the newest migration; a test compares it with the scripts


class Tx:
    """One action's view of the database, inside its savepoint.

    ``conn`` runs Core statements, ``session`` (made on first use) loads and keeps rows. ``touched`` collects the ids of
    debates whose visible state changed; ``outbox`` is set when something is to be sent, ``unindexed`` when search's
    index is to follow. ``memory`` outlives the action: what a writer remembers between actions, emptied whenever one of
    them fails.
    """

    def __init__(self, conn: sa.Connection, memory: dict[object, Any] | None = None) -> None:
        """Bind to an open connection whose transaction the caller owns."""
        self.conn = conn
        self.memory: dict[object, Any] = {} if memory is None else memory
        self.touched: set[int] = set()
        self.outbox = False
        self.cues = False
        self.scrub = False
        self.unindexed = False
        self._session: Session | None = None

    @property
    def session(self) -> Session:
        """The SQLModel session of this action."""
        if self._session is None:
            # The writer's savepoint is the caller's: a session's own savepoint inside it would outlive it.
            self._session = Session(
                bind=self.conn, autoflush=True, expire_on_commit=False, join_transaction_mode="rollback_only"
            )
        return self._session

    @property
    def sqlite(self) -> bool:
        """True on SQLite."""
        return self.conn.dialect.name == "sqlite"

    def loaded(self, kind: type[SQLModel], ident: int) -> SQLModel | None:
        """The row of a primary key where this action's session has it already; no statement runs."""
        if self._session is None:
            return None
        found = self._session.identity_map.get(self._session.identity_key(kind, ident))
        return found if isinstance(found, SQLModel) else None

    def forget(self, kind: type[SQLModel]) -> None:
        """The session's rows of this kind are read anew when they are looked at: they were changed past it."""
        for row in [] if self._session is None else list(self._session.identity_map.values()):
            if isinstance(row, kind):
                self.session.expire(row)

    def finish(self) -> None:
        """Everything the session holds is written to the connection."""
        if self._session is not None:
            self._session.flush()

    def drop(self) -> None:
        """The session forgets what it held."""
        if self._session is not None:
            self._session.expunge_all()
            self._session = None


# What an INSERT of literal rows inserts. SQLite's driver gives the interpreter away for each row of ``executemany``,
# and has to wait until it gets it back: rows go in by few statements of many (powers of two: the driver knows them).
# Of an archive's 100,000 rows those of 256 take a fifth less than those of 32; larger ones gain nothing.
_VALUES = re.compile(r"^INSERT INTO [^()]*\([^()]*\)\s+VALUES (\([^()]*\))")
_AT_ONCE = (256, 32, 16, 8, 4, 2, 1)


class Prepared:
    """A Core statement compiled once, run with plain values: the driver's own speed where every message passes."""

    def __init__(self, statement: sa.sql.ClauseElement, names: Sequence[str]) -> None:
        """``names`` are the bind parameters, in the order in which rows give them."""
        self._statement = statement
        self._names = tuple(names)
        self._sql: dict[str, tuple[str, tuple[int, ...] | None]] = {}

    def run(self, conn: sa.Connection, rows: Sequence[Sequence[Any]]) -> None:
        """The statement has run once for each row (values as the driver takes them: times in microseconds)."""
        if not rows:
            return
        sql, order = self._compiled(conn.dialect)
        if order is None:
            conn.exec_driver_sql(sql, [dict(zip(self._names, row, strict=True)) for row in rows])
            return
        if order != tuple(range(len(self._names))):
            rows = [tuple(row[i] for i in order) for row in rows]
        several = _several(sql)
        if not several:
            _sqlite(conn, sql, many=rows)
            return
        start = 0
        for at_once, statement in several:
            while len(rows) - start >= at_once:
                _sqlite(conn, statement, tuple(chain.from_iterable(rows[start : start + at_once])))
                start += at_once

    def fetch(self, conn: sa.Connection, *values: Any) -> Sequence[Sequence[Any]]:
        """The rows that the statement returns for these values (in the order of ``names``)."""
        sql, order = self._compiled(conn.dialect)
        if order is None:
            return conn.exec_driver_sql(sql, dict(zip(self._names, values, strict=True))).fetchall()
        return _sqlite(conn, sql, tuple(values[i] for i in order)).fetchall()

    def _compiled(self, dialect: sa.Dialect) -> tuple[str, tuple[int, ...] | None]:
        found = self._sql.get(dialect.name)
        if found is None:
            compiled = self._statement.compile(dialect=dialect)
            order: tuple[int, ...] | None = None
            positions = getattr(compiled, "positiontup", None)
            if positions is not None:
                order = tuple(self._names.index(name) for name in positions)
            found = self._sql[dialect.name] = (str(compiled), order)
        return found


@cache
def _several(sql: str) -> tuple[tuple[int, str], ...]:
    """The statement for 256 rows, for 32 … and for one; nothing where it is no INSERT of literal rows."""
    group = _VALUES.search(sql)
    if group is None or "?" in sql[group.end(1) :]:  # a value of its own for each row, behind them all
        return ()
    head, tail = sql[: group.start(1)], sql[group.end(1) :]
    return tuple((count, f"{head}{', '.join([group[1]] * count)}{tail}") for count in _AT_ONCE)


def _sqlite(
    conn: sa.Connection, sql: str, values: Sequence[Any] = (), *, many: Sequence[Sequence[Any]] = ()
) -> sqlite3.Cursor:
    """The statement has run in the connection's transaction, past SQLAlchemy but with its errors.

    A statement costs SQLAlchemy about 60 µs, and what a message needs of them is most of what it costs.
    """
    if not conn.in_transaction():
        conn.begin()
    return _past_sqlalchemy(conn, sql, values, many)


def _past_sqlalchemy(
    conn: sa.Connection, sql: str, values: Sequence[Any] = (), many: Sequence[Sequence[Any]] = ()
) -> sqlite3.Cursor:
    raw = cast("sqlite3.Connection", conn.connection.driver_connection)
    try:
        return raw.executemany(sql, many) if many else raw.execute(sql, values)
    except sqlite3.Error as error:
        raise sa.exc.DBAPIError.instance(sql, None, error, sqlite3.Error, hide_parameters=True) from error


class Store:
    """An open database."""

    def __init__(self, url: str) -> None:
        """Open the engines; no statement runs yet. ``url`` is ``sqlite:///path`` or ``postgresql+psycopg://…``."""
        self.url = sa.make_url(url)
        self.sqlite = self.url.get_backend_name() == "sqlite"
        if self.sqlite:
            self._writes = sa.create_engine(self.url, poolclass=sa.NullPool)
            self._reads = sa.create_engine(self.url, pool_size=4, max_overflow=28)
            event.listen(self._writes, "connect", _sqlite_connect)
            event.listen(self._reads, "connect", _sqlite_connect)
            event.listen(self._writes, "begin", _begin_immediate)
            _savepoints_past_sqlalchemy(self._writes.dialect)
            event.listen(self._reads, "begin", _begin)
        else:
            self._writes = sa.create_engine(self.url, pool_size=2, pool_pre_ping=True)
            event.listen(self._writes, "connect", _postgres_connect)
            # One snapshot for all that a reader asks, as SQLite gives by itself.
            self._reads = sa.create_engine(
                self.url, pool_size=4, max_overflow=28, pool_pre_ping=True, isolation_level="REPEATABLE READ"
            )

    @property
    def path(self) -> Path | None:
        """The file of a SQLite database; None on PostgreSQL."""
        return Path(self.url.database) if self.sqlite and self.url.database else None

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """A consistent view of what is committed; nothing can be written through it on SQLite by convention."""
        with self._reads.connect() as conn:
            tx = Tx(conn)
            try:
                yield tx
            finally:
                tx.drop()
                conn.rollback()

    def writing(self) -> sa.Connection:
        """The connection of a writer; the caller begins, commits and closes it."""
        return self._writes.connect()

    def begin(self, conn: sa.Connection, *, lazily: bool = False) -> sa.Transaction:
        """A transaction of the writer's.

        One done ``lazily`` is safe from a kill at once, and from a cut of the power with the next that is not, or with
        the next ``checkpoint``.
        """
        if not self.sqlite:
            transaction = conn.begin()
            if lazily:
                conn.exec_driver_sql("SET LOCAL synchronous_commit = off")
            return transaction
        if conn.info.get("lazily", False) != lazily:
            # In WAL mode what is synced later brings what was not along (https://sqlite.org/pragma.html).
            _past_sqlalchemy(conn, f"PRAGMA synchronous = {'NORMAL' if lazily else 'FULL'}")
            conn.info["lazily"] = lazily
        return conn.begin()

    def write(self, action: Callable[[Tx], T], *, once: bool = False) -> T:
        """The action's change is committed; returns what it returned. For commands: a running bot has its writer.

        An action that uses up what it was given is done ``once``: it raises where it gave way, and nothing is kept.
        """
        for _ in range(0 if once else TRIES - 1):
            try:
                return self._write(action)
            except sa.exc.OperationalError as error:
                if not gave_way(error):
                    raise
        return self._write(action)

    def _write(self, action: Callable[[Tx], T]) -> T:
        with self.writing() as conn, conn.begin():
            if not self.sqlite:
                conn.exec_driver_sql(f"SET LOCAL idle_in_transaction_session_timeout = {THINKING_MS}")
            tx = Tx(conn)
            result = action(tx)
            tx.finish()
            tx.drop()
            if self.sqlite and tx.unindexed:
                index.follow(conn)
        return result

    def revision(self) -> str | None:
        """The migration that the database is at, or None when it has no tables of ours."""
        with self._reads.connect() as conn:
            if not sa.inspect(conn).has_table("alembic_version"):
                return None
            return conn.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()

    def checkpoint(self) -> None:
        """What the write-ahead log of SQLite holds is in the file, as far as nobody is in the way; no writer waits."""
        if not self.sqlite:
            return
        # In trouble: the next time, then.
        with suppress(sqlite3.OperationalError, sa.exc.OperationalError), self.writing() as conn:
            raw = conn.connection.driver_connection
            if raw is not None:
                raw.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    def close(self) -> None:
        """All connections are closed."""
        self._reads.dispose()
        self._writes.dispose()


def gave_way(error: Exception) -> bool:
    """Whether two changes waited for each other, and PostgreSQL undid this one for the other to go on.

    Who has given way begins again (https://www.postgresql.org/docs/current/explicit-locking.html, 13.3.4).
    """
    return isinstance(error, sa.exc.DBAPIError) and getattr(error.orig, "sqlstate", "") == "40P01"


def metadata() -> sa.MetaData:
    """The tables as the code has them."""
    return SQLModel.metadata


def _sqlite_connect(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # the driver must not send BEGIN on its own
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout={BUSY_MS}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "secure_delete=ON",
        f"wal_autocheckpoint={WAL_PAGES}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _postgres_connect(connection: "psycopg.Connection[Any]", _record: object) -> None:
    connection.autocommit = True
    connection.execute(f"SET idle_in_transaction_session_timeout = {FROZEN_MS}".encode())
    connection.execute(f"SET lock_timeout = {BUSY_MS}".encode())
    with suppress(Exception):  # a server that is no Linux has it not
        # The same for one that stands still while the server is telling it something.
        connection.execute(f"SET tcp_user_timeout = {FROZEN_MS}".encode())
    connection.autocommit = False


def _begin_immediate(conn: sa.Connection) -> None:
    _past_sqlalchemy(conn, "BEGIN IMMEDIATE")


def _savepoints_past_sqlalchemy(dialect: sa.Dialect) -> None:
    """SQLAlchemy would compile each of them anew, which costs as much as a message's own statements."""
    for verb, kept in (("do_savepoint", "SAVEPOINT"), ("do_release_savepoint", "RELEASE SAVEPOINT")):
        setattr(dialect, verb, lambda conn, name, kept=kept: _past_sqlalchemy(conn, f"{kept} {name}"))


def _begin(conn: sa.Connection) -> None:
    _past_sqlalchemy(conn, "BEGIN")
