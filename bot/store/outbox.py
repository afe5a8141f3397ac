"""The outbox: rows to send, claimed under a lease, and where each of them landed."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import col, select

from bot.store.engine import Prepared, Tx
from bot.tables import Outbox, from_micros

WAITING = ("queued", "sending")
# Asked twice a second by every platform, in the loop.
_NEXT_AT = Prepared(
    sa.text(
        "SELECT min(CASE WHEN lease_until > next_at THEN lease_until ELSE next_at END) FROM outbox WHERE id IN ("  # noqa: S608
        f"SELECT min(id) FROM outbox WHERE platform = :platform AND state IN {WAITING} GROUP BY place)"
    ),
    ("platform",),
)


def of_debate(tx: Tx, debate_id: int) -> Sequence[Outbox]:
    """All posts of a debate in the order in which they were decided."""
    return tx.session.exec(select(Outbox).where(Outbox.debate_id == debate_id).order_by(col(Outbox.id))).all()


def claimable(tx: Tx, platform: str, now: datetime, *, limit: int) -> Sequence[Outbox]:
    """Posts of a platform whose time has come and that nobody holds, oldest first, at most one a place.

    One a place keeps the order of what is said there: a post waits until those before it are settled.
    """
    free = sa.or_(col(Outbox.lease_until).is_(None), col(Outbox.lease_until) <= now)
    query = select(Outbox).where(col(Outbox.id).in_(_firsts(platform)), col(Outbox.next_at) <= now, free)
    query = query.where(col(Outbox.state).in_(WAITING))  # once more: another process may have sent it just now
    return tx.session.exec(query.order_by(col(Outbox.id)).limit(limit).with_for_update(skip_locked=True)).all()


def _firsts(platform: str) -> sa.ScalarSelect[int]:
    """The first post that waits at each place."""
    query = select(sa.func.min(Outbox.id)).where(Outbox.platform == platform, col(Outbox.state).in_(WAITING))
    return query.group_by(col(Outbox.place)).scalar_subquery()


def next_at(tx: Tx, platform: str) -> datetime | None:
    """When the next post of a platform may be tried, or None when none waits: of each place only the first may."""
    found = _NEXT_AT.fetch(tx.conn, platform)[0][0]
    return None if found is None else from_micros(found)


def waiting(tx: Tx, platform: str) -> Sequence[Outbox]:
    """The posts of a platform that have not gone out, whoever holds them; nobody else changes them meanwhile."""
    query = select(Outbox).where(Outbox.platform == platform, col(Outbox.state).in_(WAITING))
    return tx.session.exec(query.order_by(col(Outbox.id)).with_for_update(skip_locked=True)).all()


def held(tx: Tx, platform: str) -> Sequence[Outbox]:
    """The posts of a platform that some process holds."""
    query = select(Outbox).where(Outbox.platform == platform, Outbox.state == "sending", Outbox.lease_owner != "")
    return tx.session.exec(query).all()


def get(tx: Tx, row_id: int) -> Outbox | None:
    """The post of an id, or None."""
    return tx.session.get(Outbox, row_id)


def stands(tx: Tx, platform: str, landed: str) -> bool:
    """Whether a post of ours stands on a platform under an id, wherever there."""
    query = select(Outbox.id).where(Outbox.platform == platform, Outbox.landed == landed)
    return tx.session.exec(query.limit(1)).first() is not None


def backlog(tx: Tx) -> dict[str, int]:
    """How many posts wait, by platform."""
    query = (
        select(Outbox.platform, sa.func.count())
        .where(col(Outbox.state).in_(("queued", "sending")))
        .group_by(col(Outbox.platform))
    )
    return dict(tx.session.exec(query).all())
