"""What drafts for X are made from: who said what there, what found an echo, and which drafts were put away.

A draft is put away by its audit row, the last of each key: it says who did it and when, and needs no table of its own.
"""

import sqlalchemy as sa
from sqlmodel import col, select

from bot.drafts import Asked, Speech
from bot.ports import Platform
from bot.store.engine import Tx
from bot.tables import Audit, Debate, Outbox, Question

DONE, BACK = "draft done", "draft back"

# Who replied to whose post, and how often; people who answer themselves are no echo.
_REPLIES = sa.text(
    "SELECT a.reply_to, count(*), max(CASE WHEN i.role = 'moderator' THEN 1 ELSE 0 END) "
    "FROM message a JOIN identity i ON i.id = a.identity_id "
    "LEFT JOIN message m ON m.debate_id = a.debate_id AND m.platform = a.platform AND m.platform_id = a.reply_to "
    "WHERE a.debate_id = :id AND a.platform = 'x' AND a.reply_to IS NOT NULL AND a.deleted_at IS NULL "
    "AND (m.identity_id IS NULL OR m.identity_id <> a.identity_id) GROUP BY a.reply_to"
)
_SPEECHES = sa.text(
    "SELECT m.id, m.identity_id, COALESCE(NULLIF(m.author, ''), i.name), m.platform_id, m.text, m.question, "
    "(SELECT COALESCE(sum(r.count), 0) FROM reaction r WHERE r.message_id = m.id), p.alias "
    "FROM message m JOIN identity i ON i.id = m.identity_id JOIN person p ON p.id = i.person_id "
    "WHERE m.debate_id = :id AND m.platform = 'x' AND m.deleted_at IS NULL AND i.role NOT IN ('bot', 'moderator') "
    "ORDER BY m.posted_at, m.id"
)


def speeches(tx: Tx, debate_id: int) -> list[Speech]:
    """What participants said on X and have not taken back, oldest first; an alias stands for the name it hides."""
    replies = _replies(tx, debate_id)
    found: list[Speech] = []
    for ident, who, name, post, text, question, reactions, alias in tx.conn.execute(_SPEECHES, {"id": debate_id}):
        count, answered = replies.get(post, (0, False))
        echo = int(reactions) + count
        found.append(Speech(ident, who, alias or name, post, text, question, echo, answered, bool(alias)))
    return found


def asked(tx: Tx, debate_id: int) -> list[Asked]:
    """The questions that stand on X, by number."""
    replies = _replies(tx, debate_id)
    query = (
        select(Question.id, Question.number, Question.text, Outbox.landed)
        .join(Outbox, col(Outbox.question_id) == col(Question.id))
        .where(Outbox.debate_id == debate_id, Outbox.platform == Platform.X, Outbox.kind == "question")
        .where(col(Outbox.landed).is_not(None), col(Question.number).is_not(None))
        .order_by(col(Question.number))
    )
    return [
        Asked(ident or 0, number or 0, text, landed or "", replies.get(landed or "", (0, False))[1])
        for ident, number, text, landed in tx.session.exec(query).all()
    ]


def put_away(tx: Tx, debate: Debate) -> set[str]:
    """The keys of the debate's drafts that were put away and not brought back."""
    query = select(Audit.detail, Audit.action).where(Audit.debate_id == debate.id)
    # An aborted debate leaves its number to a later one.
    query = query.where(col(Audit.action).in_((DONE, BACK)), col(Audit.at) >= debate.created_at)
    last = dict(tx.session.exec(query.order_by(col(Audit.id))).all())
    return {key for key, action in last.items() if action == DONE}


def _replies(tx: Tx, debate_id: int) -> dict[str, tuple[int, bool]]:
    rows = tx.conn.execute(_REPLIES, {"id": debate_id})
    return {str(post): (int(count), bool(moderated)) for post, count, moderated in rows}
