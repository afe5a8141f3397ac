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


_CALLED = "COALESCE(NULLIF(p.alias, ''), NULLIF(m.author, ''), NULLIF(i.name, ''), i.platform_id)"
_COLUMNS = f"d.id, d.slug, d.title, m.id, {_CALLED}, m.text, m.posted_at, m.question"
_AROUND = (
    "JOIN debate d ON d.id = m.debate_id LEFT JOIN identity i ON i.id = m.identity_id "
    "LEFT JOIN person p ON p.id = i.person_id"
)
# Newest first walks the index from its end and stops at the limit; by rank every hit has to be weighed.
_SQLITE = (
    f"SELECT {_COLUMNS} FROM (SELECT rowid, {{column}} FROM message_fts WHERE message_fts MATCH :query "  # noqa: S608
    f"ORDER BY {{order}} LIMIT :limit) f JOIN message m ON m.id = f.rowid {_AROUND} ORDER BY f.{{order}}"
)
_SQLITE_IN = (
    f"SELECT {_COLUMNS} FROM message_fts f JOIN message m ON m.id = f.rowid {_AROUND} "  # noqa: S608
    "WHERE f.message_fts MATCH :query AND m.debate_id = :debate ORDER BY f.{order} LIMIT :limit"
)
_POSTGRESQL = (
    f"SELECT {_COLUMNS} FROM message m {_AROUND} "  # noqa: S608
    "WHERE m.tsv @@ to_tsquery('simple', :query) {where} ORDER BY {order} LIMIT :limit"
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
        column, order = ("rank", "rank") if by_rank else ("rowid AS at", "rowid DESC")
        template = _SQLITE_IN if inside is not None else _SQLITE
        statement = template.format(column=column, order=order)
    else:
        values["query"] = " & ".join("(" + " | ".join(f"'{term}'" for term in group) + ")" for group in groups)
        order = "ts_rank(m.tsv, to_tsquery('simple', :query)) DESC, m.id DESC" if by_rank else "m.id DESC"
        statement = _POSTGRESQL.format(where="AND m.debate_id = :debate" if inside is not None else "", order=order)
    rows = tx.conn.execute(sa.text(statement), values)
    return [Hit(a, b, c, d, e, f, from_micros(posted), question) for a, b, c, d, e, f, posted, question in rows]
