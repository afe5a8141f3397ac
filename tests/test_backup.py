"""A copy of the database is whole, also when it is made while the bot writes."""

import sqlite3
import threading
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from bot import backup, errors
from bot.store import schema
from bot.store.engine import Store, Tx
from bot.tables import Kept

from tests.console import Terminal, tertulia

__all__ = ["tertulia"]

PAIRS = 400


def pairs(path: Path) -> list[tuple[str, int]]:
    """How many halves each pair has in a copy, having seen that the copy is sound."""
    with closing(sqlite3.connect(path)) as copy:
        assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return copy.execute("SELECT value, count(*) FROM kept GROUP BY value").fetchall()


def both_halves(pair: str, tx: Tx) -> None:
    """One transaction with both halves of a pair."""
    tx.session.add_all([Kept(name=f"{pair}{half}", value=pair) for half in "ab"])


def test_copy_made_while_a_writer_writes_is_whole(tmp_path: Path) -> None:
    """Every transaction is in the copy with both its rows, or not at all."""
    url = f"sqlite:///{tmp_path / 'tertulia.db'}"
    store = Store(url)
    schema.upgrade(store)
    begun, ended = threading.Event(), threading.Event()

    def write() -> None:
        number = 0
        while not ended.is_set():
            store.write(partial(both_halves, str(number)))
            number += 1
            if number == PAIRS // 20:
                begun.set()

    writer = threading.Thread(target=write)
    writer.start()
    begun.wait(10)
    copies = [tmp_path / f"copy{number}.db" for number in range(5)]
    for copy in copies:
        backup.back_up(url, copy)
    ended.set()
    writer.join()
    store.close()

    found = [pairs(copy) for copy in copies]
    assert [{count for _, count in one} for one in found] == [{2}] * 5
    assert len(found[0]) >= PAIRS // 20


def test_copy_can_be_started_from(tertulia: Terminal) -> None:
    """A command on the copy finds what was there."""
    ident = tertulia("debate", "add", "--ready", "quien-es-el-cxo", "--starts", "2037-01-14T19:00").out.strip()
    path = Path(tertulia("backup", str(tertulia.folder)).out.strip())
    tertulia.monkeypatch.setenv("TERTULIA_DATABASE_URL", f"sqlite:///{path}")

    assert [one["id"] for one in tertulia("debate", "list", "--json").json] == [ident]
    assert sorted(one.name for one in tertulia.folder.iterdir() if one.name.startswith(".")) == []


def test_copy_in_a_folder_is_named_by_its_time(tmp_path: Path) -> None:
    """Copies of several days stand beside each other."""
    now = datetime(2027, 1, 14, 18, 30, tzinfo=UTC)

    assert backup.target(tmp_path, now=now) == tmp_path / "tertulia-20270114T183000Z.db"


def test_copy_never_takes_the_place_of_a_file(tertulia: Terminal) -> None:
    """An older copy stays as it is."""
    tertulia("debate", "list")
    kept = tertulia.write("copy.db", "lo de ayer")

    assert tertulia("backup", "copy.db").refusal == (
        "No se puede copiar: ya hay algo en copy.db, y una copia no pisa a otra. No se ha escrito nada."
    )
    assert kept.read_text(encoding="utf-8") == "lo de ayer"


def test_nothing_to_copy_is_said(tertulia: Terminal) -> None:
    """An empty folder has no database, and gets none by the way."""
    assert tertulia("backup", "copy.db").refusal == (
        "No se puede copiar: todavía no hay base de datos en tertulia.db. No se ha escrito nada."
    )
    assert list(tertulia.folder.iterdir()) == []


def test_postgresql_is_left_to_its_own_tool(tmp_path: Path) -> None:
    """The refusal names pg_dump."""
    with pytest.raises(errors.BadBackup, match="pg_dump --format=custom"):
        backup.back_up("postgresql+psycopg://u@h/d", tmp_path / "copy")
