"""What the log holds of a platform's posts, to be compared with what stands there."""

from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlmodel import col, select

from bot.debate import Phase
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
