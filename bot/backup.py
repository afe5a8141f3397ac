"""A copy of the database, made while the bot writes to it."""

import os
import secrets
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path

from bot import errors
from bot.phrase import phrase

# So many pages at a time (4 MiB): a writer waits for no more than that.
PAGES = 1024


def target(path: Path, *, now: datetime) -> Path:
    """The file that a copy goes to: the path itself, or one named by the time where the path is a folder."""
    return path / f"tertulia-{now:%Y%m%dT%H%M%SZ}.db" if path.is_dir() else path


def back_up(url: str, path: Path, *, step: Callable[[int], None] = lambda _pages: None) -> None:
    """A whole copy of the database stands at the path, which was free; ``step`` is told of each piece.

    Raises ``BadBackup`` when there is something at the path, when there is nothing to copy, and on PostgreSQL, whose
    own tool is the one to use.
    """
    if not url.startswith("sqlite:///"):
        raise errors.BadBackup(
            why="PostgreSQL se copia con su propia herramienta: pg_dump --format=custom --file COPIA BASE"
        )
    source = Path(url.removeprefix("sqlite:///").partition("?")[0])
    if not source.is_file():
        raise errors.BadBackup(why=phrase("todavía no hay base de datos en {file}", file=source))
    if path.exists():
        raise errors.BadBackup(why=phrase("ya hay algo en {file}, y una copia no pisa a otra", file=path))
    # It takes its name when it is whole: whoever finds a copy can trust it.
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        _copy(source, part, step)
        with part.open("rb") as file:
            os.fsync(file.fileno())
        os.link(part, path)  # unlike a rename it never takes the place of a file that came meanwhile
    except sqlite3.Error as error:
        raise errors.BadBackup(why=str(error)) from error
    finally:
        part.unlink(missing_ok=True)


def _copy(source: Path, part: Path, step: Callable[[int], None]) -> None:
    with closing(sqlite3.connect(source)) as original, closing(sqlite3.connect(part)) as copy:
        # A reader of one moment: a writer that goes on meanwhile would make the copying begin again and again.
        original.execute("PRAGMA busy_timeout=10000")
        original.execute("BEGIN")
        original.execute("SELECT count(*) FROM sqlite_master").fetchone()
        left = 0

        def told(_status: int, remaining: int, total: int) -> None:
            nonlocal left
            step((left or total) - remaining)
            left = remaining

        original.backup(copy, pages=PAGES, progress=told)
        copy.execute("PRAGMA journal_mode=DELETE")  # one file, with no log beside it
        fault = copy.execute("PRAGMA quick_check(1)").fetchone()[0]
        if fault != "ok":
            raise sqlite3.DatabaseError(fault)
