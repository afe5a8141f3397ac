"""One message of the log, for whoever answers it, reacts to it or takes it back."""

from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlmodel import col

from bot import errors
from bot.store import people, questions
from bot.store.debates import LARGEST_ID
from bot.store.engine import Tx
from bot.tables import Identity, Message, Reaction


class Spoken(NamedTuple):
    """What was said, where and by whom; ``author_id`` is PLATFORM:ID, "" once it was taken back."""

    id: int
    platform: str
    place: str
    platform_id: str
    thread: str | None
    reply_to: str | None
    quotes: str | None
    author_id: str
    author: str
    text: str
    posted_at: datetime
    deleted: bool
    question: int | None


def get(tx: Tx, debate_id: int, message_id: int) -> Spoken:
    """The message of an id in a debate; raises ``NoSuchMessage``."""
    if message_id > LARGEST_ID:
        raise errors.NoSuchMessage
    m, i = Message, Identity
    query = (
        sa.select(
            col(m.id), col(m.platform), col(m.place), col(m.platform_id), col(m.thread), col(m.reply_to),
            col(m.quotes), col(i.platform_id), col(m.author), col(m.text), col(m.posted_at),
            col(m.deleted_at).is_not(None), col(m.question),
        )
        .outerjoin(i, col(i.id) == col(m.identity_id))
        .where(col(m.id) == message_id, col(m.debate_id) == debate_id)
    )  # fmt: skip
    row = tx.conn.execute(query).first()
    if row is None:
        raise errors.NoSuchMessage
    author_id = f"{row[1]}:{row[7]}" if row[11] is False and row[7] else ""
    return Spoken(row[0] or 0, *row[1:7], author_id, row[8], row[9], row[10], bool(row[11]), row[12])


def find(tx: Tx, debate_id: int, platform_id: str) -> int | None:
    """The id of a debate's message by its platform id, or None."""
    query = sa.select(col(Message.id)).where(
        col(Message.platform_id) == platform_id, col(Message.debate_id) == debate_id
    )
    return tx.conn.execute(query).scalars().first()


def reactions(tx: Tx, message_id: int) -> set[str]:
    """The names of the reactions that are on a message."""
    query = sa.select(col(Reaction.name)).where(col(Reaction.message_id) == message_id, col(Reaction.count) > 0)
    return set(tx.conn.execute(query).scalars())


def voted(tx: Tx, debate_id: int, who: str) -> set[int]:
    """The questions of a debate that ``PLATFORM:ID`` has voted for; none for somebody we do not know."""
    try:
        return questions.voted(tx, debate_id, people.find(tx, who).person_id)
    except errors.NoSuchPerson:
        return set()


def given(tx: Tx, debate_id: int, who: tuple[str, ...]) -> set[tuple[int, str]]:
    """(message id, reaction) of all that a person, by any of these ids, has put on a debate's messages."""
    query = (
        sa.select(col(Reaction.message_id), col(Reaction.name))
        .join(Message, col(Message.id) == col(Reaction.message_id))
        .where(col(Message.debate_id) == debate_id, col(Reaction.who).in_(who), col(Reaction.count) > 0)
    )
    return {(int(ident), name) for ident, name in tx.conn.execute(query)}
