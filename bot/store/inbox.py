"""Deliveries of the platforms: which ones came, and those that could not be understood."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from bot.store.engine import Prepared, Tx
from bot.tables import to_micros

# A platform resends within a day (Slack's delayed events: 24 h); after this a delivery's id is of no use.
KEEP = timedelta(days=7)

_INSERT = Prepared(
    sa.text(
        "INSERT INTO inbox (platform, event_id, received_at, state, error) "
        "VALUES (:platform, :event_id, :at, 'done', '') ON CONFLICT (platform, event_id) DO NOTHING"
    ),
    ("platform", "event_id", "at"),
)
_KEEP = Prepared(
    sa.text(
        "INSERT INTO inbox (platform, event_id, received_at, state, payload, error) "
        "VALUES (:platform, :event_id, :at, 'quarantined', :payload, :error) "
        "ON CONFLICT (platform, event_id) DO NOTHING"
    ),
    ("platform", "event_id", "at", "payload", "error"),
)


def insert(tx: Tx, ids: Sequence[tuple[str, str]], *, now: datetime) -> None:
    """The deliveries (platform, id) are known."""
    at = to_micros(now)
    _INSERT.run(tx.conn, [(str(platform), event_id, at) for platform, event_id in ids])


def keep(tx: Tx, platform: str, event_id: str, *, raw: str, error: str, now: datetime) -> None:
    """The delivery is in quarantine as it came."""
    # NUL is no text for PostgreSQL.
    _KEEP.run(tx.conn, [(str(platform), event_id, to_micros(now), raw.replace("\x00", "\ufffd"), error[:500])])


def quarantined(tx: Tx) -> int:
    """How many deliveries could not be understood."""
    return int(tx.conn.execute(sa.text("SELECT count(*) FROM inbox WHERE state = 'quarantined'")).scalar_one())


def forget_old(tx: Tx, *, now: datetime) -> int:
    """Deliveries older than ``KEEP`` are forgotten, quarantined ones excepted; returns how many."""
    query = sa.text("DELETE FROM inbox WHERE state = 'done' AND received_at < :before")
    return tx.conn.execute(query, {"before": to_micros(now - KEEP)}).rowcount
