"""What a backfill compares with: threads, messages, gaps, and the last delivery."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import col, select

from bot.store.engine import Tx
from bot.tables import Gap, Inbox, Message, Outbox


def open_gaps(tx: Tx, platform: str) -> set[tuple[int, str]]:
    """The (debate, place) of gaps of a platform that are not covered yet."""
    query = select(Gap.debate_id, Gap.place).where(Gap.platform == platform, col(Gap.closed_at).is_(None))
    return set(tx.session.exec(query).all())


def last_delivery(tx: Tx, platform: str) -> datetime | None:
    """When the last delivery of a platform came, or None."""
    query = select(Inbox.received_at).where(Inbox.platform == platform).order_by(col(Inbox.id).desc()).limit(1)
    return tx.session.exec(query).first()


def threads(tx: Tx, debate_id: int, platform: str, place: str) -> dict[str, int]:
    """The threads of a debate in a place, by their roots, with how many standing replies are kept; our posts count."""
    m = Message
    query = (
        select(m.thread, sa.func.count())
        .where(m.debate_id == debate_id, m.platform == platform, m.place == place)
        .where(col(m.thread).is_not(None), m.thread != m.platform_id, col(m.deleted_at).is_(None))
        .group_by(col(m.thread))
    )
    found = {str(thread): count for thread, count in tx.session.exec(query).all()}
    posts = select(Outbox.landed).where(
        Outbox.debate_id == debate_id, Outbox.platform == platform, Outbox.place == place, Outbox.kind == "question"
    )
    for landed in tx.session.exec(posts).all():
        if landed:
            found.setdefault(landed, 0)
    return found


def kept(tx: Tx, debate_id: int, platform: str, place: str) -> dict[str, str | None]:
    """The standing messages of a debate in a place: platform id and thread."""
    m = Message
    query = select(m.platform_id, m.thread).where(m.debate_id == debate_id, m.platform == platform, m.place == place)
    return dict(tx.session.exec(query.where(col(m.deleted_at).is_(None))).all())
