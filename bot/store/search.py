"""Search over all debates: FTS5 on SQLite, a tsvector on PostgreSQL, both over the terms of bot/analyser.py."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from bot import analyser
from bot.store import debates
from bot.store.engine import Tx
from bot.tables import from_micros


@dataclass(frozen=True, slots=True)
class Hit:
    """A message that was found, and where it stands."""

    debate_id: int
    slug: str
    title: str
    message_id: int
    author: str
    text: str
    posted_at: datetime
    question: int | None


_COLUMNS = (
    "SELECT d.id, d.slug, d.title, m.id, COALESCE(NULLIF(p.alias, ''), m.author), m.text, m.posted_at, m.question "
)
_REST = "JOIN debate d ON d.id = m.debate_id LEFT JOIN identity i ON i.id = m.identity_id LEFT JOIN person p ON p.id = i.person_id "
# Newest first walks the index from its end and stops; by rank every hit must be weighed (performance.md, 6).
_SQLITE = (
    f"{_COLUMNS} FROM (SELECT rowid FROM message_fts WHERE message_fts MATCH :query ORDER BY {{order}} LIMIT :limit) f "
    f"JOIN message m ON m.id = f.rowid {_REST}"
)
_SQLITE_IN = (
    f"{_COLUMNS} FROM message_fts f JOIN message m ON m.id = f.rowid {_REST} "
    "WHERE f.message_fts MATCH :query AND m.debate_id = :debate ORDER BY f.{order} LIMIT :limit"
)
_POSTGRESQL = (
    f"{_COLUMNS} FROM message m {_REST} WHERE m.tsv @@ to_tsquery('simple', :query) {{where}} ORDER BY {{order}} LIMIT :limit"
)


def search(tx: Tx, words: str, *, limit: int = 20, by_rank: bool = False, debate: str | None = None) -> list[Hit]:
    """The messages that have all the words (in any of their forms), newest first or by rank; no words, no hits."""
    groups = analyser.query(words)
    if not groups:
        return []
    inside = debates.ident(debates.get(tx, debate)) if debate is not None else None
    values: dict[str, object] = {"limit": limit}
    if inside is not None:
        values["debate"] = inside
    if tx.sqlite:
        values["query"] = " AND ".join("(" + " OR ".join(f'"{term}"' for term in group) + ")" for group in groups)
        statement = (_SQLITE_IN if inside is not None else _SQLITE).format(order="rank" if by_rank else "rowid DESC")
    else:
        values["query"] = " & ".join("(" + " | ".join(f"'{term}'" for term in group) + ")" for group in groups)
        order = "ts_rank(m.tsv, to_tsquery('simple', :query)) DESC, m.id DESC" if by_rank else "m.id DESC"
        statement = _POSTGRESQL.format(where="AND m.debate_id = :debate" if inside is not None else "", order=order)
    rows = tx.conn.execute(sa.text(statement), values)
    return [Hit(a, b, c, d, e, f, from_micros(posted), question) for a, b, c, d, e, f, posted, question in rows]
