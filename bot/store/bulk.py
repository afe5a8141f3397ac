"""What an import brings: many rows at once into a debate that nobody else has seen yet."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import col, select

from bot.store.engine import Tx
from bot.tables import Debate, Message, Place, from_micros


def ids(tx: Tx, debate_id: int, *, after: int) -> dict[str, int]:
    """The ids of a debate's messages behind an id, by their platform ids."""
    query = sa.text("SELECT platform_id, id FROM message WHERE id > :after AND debate_id = :debate")
    return {str(ident): int(row_id) for ident, row_id in tx.conn.execute(query, {"after": after, "debate": debate_id})}


def twin(tx: Tx, debate: Debate, place: str) -> Debate | None:
    """Another imported debate of the same place that has as many messages of the same time, or None."""
    other = select(Debate).join(Place, col(Place.debate_id) == col(Debate.id)).where(
        col(Debate.imported).is_(True), col(Debate.id) != debate.id, Place.address == place,
        Debate.opened_at == debate.opened_at, Debate.closed_at == debate.closed_at,
    )  # fmt: skip
    for one in tx.session.exec(other).all():
        if count(tx, one.id) == count(tx, debate.id):
            return one
    return None


def count(tx: Tx, debate_id: int | None) -> int:
    """How many messages a debate has."""
    query = sa.select(sa.func.count()).select_from(Message).where(col(Message.debate_id) == debate_id)
    return int(tx.conn.execute(query).scalar_one())


def lasted(tx: Tx, debate_id: int) -> tuple[datetime, datetime]:
    """When the first and the last message of a debate were posted; it has at least one."""
    query = sa.text("SELECT min(posted_at), max(posted_at) FROM message WHERE debate_id = :id")
    first, last = tx.conn.execute(query, {"id": debate_id}).one()
    return from_micros(first), from_micros(last)
