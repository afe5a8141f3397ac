"""What drafts for X are made from: who said what there, what found an echo, and which drafts were put away.

A draft is put away by its audit row, the last of each key: it says who did it and when, and needs no table of its own.
"""

from collections import Counter

import sqlalchemy as sa
from sqlmodel import col, select

from bot.drafts import Asked, Kind, Speech
from bot.ports import Platform
from bot.store.engine import Tx
from bot.tables import Audit, Debate, Outbox, Question

DONE, BACK = "draft done", "draft back"

_SAID = sa.text(
    "SELECT m.id, m.identity_id, COALESCE(NULLIF(m.author, ''), i.name), m.platform_id, m.text, m.question, "
    "(SELECT COALESCE(sum(r.count), 0) FROM reaction r WHERE r.message_id = m.id), p.alias, i.role, m.reply_to "
    "FROM message m JOIN identity i ON i.id = m.identity_id JOIN person p ON p.id = i.person_id "
    "WHERE m.debate_id = :id AND m.platform = 'x' AND m.deleted_at IS NULL AND i.role <> 'bot' "
    "ORDER BY m.posted_at, m.id"
)
_ON_X = "SELECT 1 FROM message WHERE debate_id = :id AND platform = 'x' AND deleted_at IS NULL AND "
_STANDS = {
    Kind.WELCOME: sa.text(_ON_X + "identity_id = :ident LIMIT 1"),
    Kind.THANKS: sa.text(_ON_X + "id = :ident"),
    Kind.FOLLOW_UP: sa.text("SELECT 1 FROM question WHERE debate_id = :id AND id = :ident AND number IS NOT NULL"),
}


def material(tx: Tx, debate_id: int) -> tuple[list[Speech], list[Asked]]:
    """What participants said on X and have not taken back, oldest first, and the questions that stand there, by number.

    An alias stands for the name it hides.
    """
    rows = tx.conn.execute(_SAID, {"id": debate_id}).all()
    by = {row[3]: row[1] for row in rows}
    echo: Counter[str] = Counter()
    answered: set[str] = set()
    for row in rows:
        who, role, to = row[1], row[8], row[9]
        if to is not None and by.get(to) != who:  # people who answer themselves are no echo
            echo[to] += 1
            if role == "moderator":
                answered.add(to)
    speeches = [
        Speech(ident, who, alias or name, post, text, question, int(given) + echo[post], post in answered, bool(alias))
        for ident, who, name, post, text, question, given, alias, role, _to in rows
        if role != "moderator"
    ]
    return speeches, _asked(tx, debate_id, answered)


def _asked(tx: Tx, debate_id: int, answered: set[str]) -> list[Asked]:
    query = (
        select(Question.id, Question.number, Question.text, Outbox.landed)
        .join(Outbox, col(Outbox.question_id) == col(Question.id))
        .where(Outbox.debate_id == debate_id, Outbox.platform == Platform.X, Outbox.kind == "question")
        .where(col(Outbox.landed).is_not(None), col(Question.number).is_not(None))
        .order_by(col(Question.number))
    )
    # A question that X was left and joined with has two posts.
    rows = {row[0]: row for row in tx.session.exec(query.order_by(col(Outbox.id))).all()}.values()
    return [Asked(ident or 0, number or 0, text, post or "", post in answered) for ident, number, text, post in rows]


def stands(tx: Tx, debate_id: int, kind: Kind, ident: int) -> bool:
    """Whether what a draft answers is there: a person's post on X, one post of them all, a question of the debate."""
    return tx.conn.execute(_STANDS[kind], {"id": debate_id, "ident": ident}).first() is not None


def put_away(tx: Tx, debate: Debate) -> set[str]:
    """The keys of the debate's drafts that were put away and not brought back."""
    query = select(Audit.detail, Audit.action).where(Audit.debate_id == debate.id)
    query = query.where(col(Audit.action).in_((DONE, BACK)))
    last = dict(tx.session.exec(query.order_by(col(Audit.id))).all())
    return {key for key, action in last.items() if action == DONE}
