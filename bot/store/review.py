"""What a moderator may want to look at in a debate's filing, and what moderators have decided about it."""

from collections.abc import Sequence
from typing import NamedTuple

import sqlalchemy as sa
from sqlmodel import col

from bot.store.engine import Tx
from bot.store.transcripts import LINE, line
from bot.tables import Audit, Identity, Message
from bot.transcript import Line

FILED, UNDONE = "file", "unfile"  # as the audit rows call them


class Correction(NamedTuple):
    """A message filed by hand under the question of a number (0: none), and by which hand before (None: by no hand).

    ``id`` is that of its audit row.
    """

    id: int
    message_id: int
    number: int
    before: int | None


def doubtful(tx: Tx, debate_id: int) -> list[Line]:
    """The messages whose place is a guess, or whose label contradicts it: contradictions first, then by time."""
    m, i = Message, Identity
    unsure = sa.and_(col(m.confidence) == "guess", col(m.question).is_not(None))
    query = LINE.where(
        col(m.debate_id) == debate_id,
        sa.or_(col(m.conflict), unsure),
        col(m.deleted_at).is_(None),
        col(i.role) != "bot",
    )
    rows = tx.conn.execute(query.order_by(col(m.conflict).desc(), col(m.posted_at), col(m.id))).all()
    return [line(row, {}, 0) for row in rows]


def doubt(one: Line) -> str:
    """Why a message is doubtful: ``conflict``, or the reason of a guess (``time``, ``label``, ``conversation``)."""
    return "conflict" if one.conflict else one.filed_by


def corrections(tx: Tx, debate_id: int) -> Sequence[Correction]:
    """What moderators have filed by hand in a debate and not taken back, oldest first; from the audit rows."""
    query = (
        sa.select(col(Audit.id), col(Audit.action), col(Audit.detail))
        .where(col(Audit.debate_id) == debate_id, col(Audit.action).in_([FILED, UNDONE]))
        .order_by(col(Audit.id))
    )
    standing: list[Correction] = []
    for ident, action, detail in tx.conn.execute(query):
        if action == UNDONE:
            del standing[-1:]
            continue
        message, _, number = detail.partition(": P")
        before = [one.number for one in standing if one.message_id == int(message)]
        standing.append(Correction(int(ident or 0), int(message), int(number), before[-1] if before else None))
    return standing
