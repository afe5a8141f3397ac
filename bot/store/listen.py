"""What a backfill compares with: threads, messages, our posts, gaps, and the last delivery."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import col, select

from bot.debate import LISTENING, Phase
from bot.store.engine import Tx
from bot.tables import Debate, Gap, Inbox, Message, Outbox, Question


def open_gaps(tx: Tx, platform: str) -> set[tuple[int, str]]:
    """The (debate, place) of gaps of a platform that are not covered yet."""
    query = select(Gap.debate_id, Gap.place).where(Gap.platform == platform, col(Gap.closed_at).is_(None))
    return set(tx.session.exec(query).all())


def uncovered(tx: Tx, platform: str) -> Sequence[Gap]:
    """The gaps of a platform that are not covered yet, oldest first."""
    query = select(Gap).where(Gap.platform == platform, col(Gap.closed_at).is_(None))
    return tx.session.exec(query.order_by(col(Gap.from_at), col(Gap.id))).all()


def about(tx: Tx, *, starts_before: datetime, ended_after: datetime) -> Sequence[Debate]:
    """Debates that take answers, that are to start before a time, or that stopped taking answers after one."""
    near = sa.and_(col(Debate.phase) == Phase.SCHEDULED, col(Debate.starts_at) <= starts_before)
    ended = sa.and_(col(Debate.phase) == Phase.CLOSED, col(Debate.grace_until) >= ended_after)
    query = select(Debate).where(sa.or_(col(Debate.phase).in_(LISTENING), near, ended))
    return tx.session.exec(query.where(col(Debate.imported).is_(False)).order_by(col(Debate.id))).all()


def posts(tx: Tx, debate_id: int, platform: str, place: str) -> dict[str, int | None]:
    """What we said of a debate in a place: the platform id, and the question's number where it is one (else None)."""
    o = Outbox
    query = (
        select(o.landed, o.kind, Question.number)
        .join(Question, col(Question.id) == col(o.question_id), isouter=True)
        .where(o.debate_id == debate_id, o.platform == platform, o.place == place, o.operation == "post")
        .where(col(o.landed).is_not(None))
        .order_by(col(o.id))
    )
    found = tx.session.exec(query).all()
    return {str(landed): number if kind == "question" else None for landed, kind, number in found}


def last_delivery(tx: Tx, platform: str) -> datetime | None:
    """When the last delivery of a platform came, or None."""
    query = select(Inbox.received_at).where(Inbox.platform == platform).order_by(col(Inbox.id).desc()).limit(1)
    return tx.session.exec(query).first()


def heard(tx: Tx, debate_id: int, platform: str, place: str) -> int:
    """How many messages were heard of a debate in a place, those counted that are gone since."""
    m = Message
    query = select(sa.func.count()).where(m.debate_id == debate_id, m.platform == platform, m.place == place)
    return tx.session.exec(query).one()


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
