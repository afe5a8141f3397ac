"""How people are called on a platform, and when that was last looked up."""

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import col, select

from bot.store.engine import Tx
from bot.tables import Identity


def known(tx: Tx, platform: str) -> dict[str, str]:
    """The names by platform id, of everybody who has one."""
    query = select(Identity.platform_id, Identity.name).where(Identity.platform == platform, Identity.name != "")
    return dict(tx.session.exec(query).all())


def stale(tx: Tx, platform: str, before: datetime, *, limit: int) -> list[str]:
    """The platform ids of those whose name was not looked up since ``before``, the nameless first."""
    query = select(Identity.platform_id).where(Identity.platform == platform, Identity.platform_id != "")
    query = query.where(sa.or_(col(Identity.seen_at).is_(None), col(Identity.seen_at) < before))
    return list(tx.session.exec(query.order_by(col(Identity.name) != "", col(Identity.id)).limit(limit)).all())


def nameless(tx: Tx, platform: str, debate_id: int, *, limit: int) -> list[str]:
    """The platform ids of those who spoke in a debate and whose name was never looked up."""
    query = sa.text(
        "SELECT DISTINCT i.platform_id FROM message m JOIN identity i ON i.id = m.identity_id WHERE m.debate_id = :id "
        "AND i.platform = :platform AND i.name = '' AND i.seen_at IS NULL ORDER BY i.platform_id LIMIT :limit"
    )
    values = {"id": debate_id, "platform": platform, "limit": limit}
    return [str(ident) for ident in tx.conn.execute(query, values).scalars()]


def seen(tx: Tx, platform: str, ids: Iterable[str], *, now: datetime) -> None:
    """The names of these people were looked up at this time."""
    query = sa.update(Identity).where(col(Identity.platform) == platform, col(Identity.platform_id).in_(list(ids)))
    tx.conn.execute(query.values(seen_at=now))
