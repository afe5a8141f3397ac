"""Votes for questions."""

import sqlalchemy as sa
from sqlmodel import col

from bot.store.engine import Tx
from bot.tables import Question, Vote


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
