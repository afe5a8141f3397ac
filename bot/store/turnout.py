"""What earlier debates had on a platform: how many spoke there, and what we said ourselves."""

from datetime import datetime

import sqlalchemy as sa

from bot.store.engine import Tx
from bot.tables import to_micros

# So many debates back is what the next one may be like.
LAST = 3

_LAST = sa.text(
    "SELECT count(*), count(DISTINCT m.identity_id) FROM message m JOIN debate d ON d.id = m.debate_id "
    "WHERE m.platform = :platform AND d.phase = 'closed' AND NOT d.rehearsal AND d.id <> :but "
    "GROUP BY d.id, d.starts_at ORDER BY d.starts_at DESC LIMIT :last"
)


def expected(tx: Tx, platform: str, *, but: int) -> tuple[int, int] | None:
    """The most posts and the most people that one of the last debates had on a platform, or None where none had any."""
    rows = tx.conn.execute(_LAST, {"platform": platform, "but": but, "last": LAST}).all()
    return (max(posts for posts, _ in rows), max(people for _, people in rows)) if rows else None


def said(tx: Tx, platform: str, *, since: datetime) -> list[tuple[str, str]]:
    """(kind, text) of our own posts that went out there since a time."""
    query = sa.text(
        "SELECT kind, text FROM outbox WHERE platform = :platform AND state = 'sent' AND operation = 'post' "
        "AND sent_at >= :since ORDER BY id"
    )
    rows = tx.conn.execute(query, {"platform": platform, "since": to_micros(since)}).all()
    return [(str(kind), str(text)) for kind, text in rows]
