"""Votes for questions, and which questions a debate has left open."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlmodel import col, select

from bot.debate import COMING, Phase
from bot.question import State
from bot.store.engine import Tx
from bot.tables import Debate, Identity, Message, Question, Vote

# Debates further back than this have left nothing that anybody still waits for.
MOST_SOURCES = 12


def add_vote(tx: Tx, question_id: int, person_id: int) -> bool:
    """The person has voted for the question; returns whether the vote is new."""
    tx.finish()
    query = sa.text("INSERT INTO vote (question_id, person_id) VALUES (:q, :p) ON CONFLICT DO NOTHING")
    return tx.conn.execute(query, {"q": question_id, "p": person_id}).rowcount == 1


def drop_vote(tx: Tx, question_id: int, person_id: int) -> None:
    """The person has no vote for the question."""
    query = sa.delete(Vote).where(col(Vote.question_id) == question_id, col(Vote.person_id) == person_id)
    tx.conn.execute(query)


def votes(tx: Tx, debate_id: int) -> dict[int, int]:
    """How many votes each question of a debate has."""
    query = (
        sa.select(col(Vote.question_id), sa.func.count())
        .join(Question, col(Question.id) == col(Vote.question_id))
        .where(col(Question.debate_id) == debate_id)
        .group_by(col(Vote.question_id))
    )
    return {int(row[0] or 0): int(row[1]) for row in tx.conn.execute(query)}


def voted(tx: Tx, debate_id: int, person_id: int) -> set[int]:
    """The questions of a debate that a person has voted for."""
    query = (
        sa.select(col(Vote.question_id))
        .join(Question, col(Question.id) == col(Vote.question_id))
        .where(col(Question.debate_id) == debate_id, col(Vote.person_id) == person_id)
    )
    return set(tx.conn.execute(query).scalars())


def move_votes(tx: Tx, source: int, target: int) -> None:
    """Whoever voted for the source has now voted for the target, once."""
    tx.finish()
    query = sa.text(
        "INSERT INTO vote (question_id, person_id) SELECT :target, person_id FROM vote WHERE question_id = :source "
        "ON CONFLICT DO NOTHING"
    )
    tx.conn.execute(query, {"target": target, "source": source})
    tx.conn.execute(sa.delete(Vote).where(col(Vote.question_id) == source))


def copy_votes(tx: Tx, source: int, target: int) -> None:
    """Whoever voted for the source has voted for the target, too."""
    tx.finish()
    query = sa.text(
        "INSERT INTO vote (question_id, person_id) SELECT :target, person_id FROM vote WHERE question_id = :source "
        "ON CONFLICT DO NOTHING"
    )
    tx.conn.execute(query, {"target": target, "source": source})


# --- what stays open -------------------------------------------------------------------------------------------------


def left_open(tx: Tx, debate_id: int) -> Sequence[Question]:
    """The questions of a debate that nobody answered, and that have not gone on to another: kept over, then silent."""
    answered = (
        sa.select(col(Message.id))
        .join(Identity, col(Identity.id) == col(Message.identity_id))
        .where(
            col(Message.debate_id) == debate_id, col(Message.question) == col(Question.number),
            col(Message.deleted_at).is_(None), col(Identity.role) != "bot",
        )
        .exists()
    )  # fmt: skip
    query = select(Question).where(
        Question.debate_id == debate_id, col(Question.merged_into).is_(None),
        sa.or_(col(Question.state) == State.CARRIED, sa.and_(col(Question.state) == State.ANSWERED, ~answered)),
    )  # fmt: skip
    return tx.session.exec(query.order_by(col(Question.number).is_not(None), col(Question.position))).all()


def sources(tx: Tx, target: Debate) -> Sequence[Debate]:
    """The debates held before this one, of its series or under its hashtag, the latest first."""
    kin = [sa.func.lower(col(Debate.hashtag)) == target.hashtag.lower()] if target.hashtag else []
    if target.series_id is not None:
        kin.append(col(Debate.series_id) == target.series_id)
    if not kin:
        return []
    query = select(Debate).where(
        Debate.phase == Phase.CLOSED, col(Debate.starts_at) < target.starts_at, Debate.id != target.id,
        col(Debate.rehearsal).is_(target.rehearsal), col(Debate.imported).is_(False), sa.or_(*kin),
    )  # fmt: skip
    return tx.session.exec(query.order_by(col(Debate.starts_at).desc()).limit(MOST_SOURCES)).all()


def one_comes_before(tx: Tx, target: Debate) -> bool:
    """Whether another debate under the same hashtag is planned before this one."""
    query = select(Debate.id).where(
        col(Debate.phase).in_(COMING), col(Debate.starts_at) < target.starts_at,
        sa.func.lower(col(Debate.hashtag)) == target.hashtag.lower(), col(Debate.rehearsal).is_(False),
    )  # fmt: skip
    return tx.session.exec(query).first() is not None
