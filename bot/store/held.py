"""What the log holds of a platform's posts, to be compared with what stands there."""

from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlmodel import col, select

from bot.debate import LISTENING, Phase
from bot.store.engine import Tx
from bot.tables import Debate, Identity, Message


class Held(NamedTuple):
    """One standing message: where it stands, by whom it is, and when its newest version was made (microseconds)."""

    id: int
    place: str
    post: str
    author: str
    edited_at: int | None


def posts(tx: Tx, debate_id: int, platform: str, *, after: int = 0) -> list[Held]:
    """The standing messages of a debate that came from a platform, with ids behind ``after``, in their order."""
    m, i = Message, Identity
    query = (
        sa.select(
            col(m.id), col(m.place), col(m.platform_id), col(i.platform_id),
            sa.type_coerce(col(m.edited_at), sa.BigInteger),
        )
        .join(i, col(i.id) == col(m.identity_id))
        .where(col(m.debate_id) == debate_id, col(m.platform) == platform, col(m.deleted_at).is_(None))
        .where(col(m.id) > after)
        .order_by(col(m.id))
    )  # fmt: skip
    return [Held(int(row[0] or 0), *row[1:]) for row in tx.conn.execute(query)]


def debates_with(tx: Tx, platform: str) -> list[int]:
    """The debates that hold standing messages of a platform."""
    query = select(Message.debate_id).where(Message.platform == platform, col(Message.deleted_at).is_(None))
    return sorted(tx.session.exec(query.distinct()).all())


def closed_since(tx: Tx, since: datetime) -> set[int]:
    """The debates that were held here and have closed since then."""
    query = select(Debate.id).where(Debate.phase == Phase.CLOSED, col(Debate.closed_at) >= since)
    return {ident for ident in tx.session.exec(query.where(col(Debate.imported).is_(False))).all() if ident is not None}


def authors(tx: Tx, platform: str, *, closed_after: datetime, most: int) -> list[str]:
    """The ids on a platform of who has a standing message in a debate that is on, or has closed since then.

    At most so many: those of the debates that opened last.
    """
    d, m, i = Debate, Message, Identity
    near = sa.or_(
        col(d.phase).in_(LISTENING), sa.and_(col(d.phase) == Phase.CLOSED, col(d.closed_at) >= closed_after)
    )  # fmt: skip
    newest = select(d.id).where(near, col(d.imported).is_(False)).order_by(col(d.opened_at).desc(), col(d.id))
    spoken = sa.select(col(m.identity_id)).where(col(m.platform) == platform, col(m.deleted_at).is_(None))
    found: dict[str, None] = {}
    # Debate by debate: a message tells its author to no index, and the first few debates may be enough.
    for debate_id in tx.session.exec(newest).all():
        who = col(i.id).in_(spoken.where(col(m.debate_id) == debate_id))
        query = sa.select(col(i.platform_id)).where(who).order_by(col(i.platform_id))
        found |= dict.fromkeys(tx.conn.execute(query).scalars())
        if len(found) >= most:
            break
    return list(found)[:most]


def places(tx: Tx, platform: str, post: str) -> list[str]:
    """Where a message of this id stands, in whatever debate."""
    m = Message
    query = select(m.place).where(m.platform_id == post, m.platform == platform, col(m.deleted_at).is_(None))
    return sorted(tx.session.exec(query.distinct()).all())
