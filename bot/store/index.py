"""Search's index on SQLite, which follows the log: how far it has come, and the next piece. PostgreSQL keeps its own.

FTS5 writes its index out at the end of each statement, which costs a single message as much as all the rest of its
commit. So messages go in behind it, many at a time; triggers (migration 0009) leave alone what is not in it yet.
"""

import sqlalchemy as sa

_REACHED = "(SELECT upto FROM message_fts_upto)"
_NEXT = f"SELECT max(id) FROM (SELECT id FROM message WHERE id > {_REACHED} ORDER BY id LIMIT ?)"  # noqa: S608
_ADD = (
    f"INSERT INTO message_fts (rowid, terms) SELECT id, terms FROM message WHERE id > {_REACHED} AND id <= ? "  # noqa: S608
    "AND terms IS NOT NULL ORDER BY id"
)
_SET = "UPDATE message_fts_upto SET upto = ?"
# No limit, for SQLite.
ALL = -1


def follow(conn: sa.Connection, *, most: int = ALL) -> bool:
    """The next ``most`` messages (all by default) are in the index; returns whether others still wait."""
    last = conn.exec_driver_sql(_NEXT, (most,)).scalar()
    if last is None:
        return False
    conn.exec_driver_sql(_ADD, (last,))
    conn.exec_driver_sql(_SET, (last,))
    return most != ALL and conn.exec_driver_sql(_NEXT, (1,)).scalar() is not None


def rebuild(conn: sa.Connection) -> None:
    """The index is made anew from the terms of all messages."""
    conn.exec_driver_sql("INSERT INTO message_fts (message_fts) VALUES ('rebuild')")
    conn.exec_driver_sql("UPDATE message_fts_upto SET upto = (SELECT coalesce(max(id), 0) FROM message)")
