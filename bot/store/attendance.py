"""Who said that they come to a debate, and which of them have spoken in one before."""

from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlmodel import col, select

from bot.invitation import Answer, Counts
from bot.store.engine import Prepared, Tx
from bot.tables import Debate, Identity, to_micros
from bot.tables_year import Attendance

_PUT = Prepared(
    sa.text(
        "INSERT INTO attendance (debate_id, person_id, identity_id, answer, at) "
        "VALUES (:debate, :person, :identity, :answer, :at) ON CONFLICT (debate_id, person_id) "
        "DO UPDATE SET identity_id = excluded.identity_id, answer = excluded.answer, at = excluded.at"
    ),
    ("debate", "person", "identity", "answer", "at"),
)


class Comer(NamedTuple):
    """Somebody who answered an invitation; ``returning`` when they have spoken in an earlier debate."""

    name: str
    who: str  # PLATFORM:ID
    answer: str
    at: datetime
    returning: bool


def put(tx: Tx, debate_id: int, who: Identity, answer: Answer, *, now: datetime) -> None:
    """The person's answer to the invitation is this one, in the place of an earlier one."""
    tx.finish()
    _PUT.run(tx.conn, [(debate_id, who.person_id, who.id, answer.value, to_micros(now))])


def drop(tx: Tx, debate_id: int, person_id: int) -> None:
    """The person has not answered."""
    mine = col(Attendance.debate_id) == debate_id, col(Attendance.person_id) == person_id
    tx.conn.execute(sa.delete(Attendance).where(*mine))


def forget(tx: Tx, person_id: int) -> list[int]:
    """The person has answered no invitation; returns the debates that they had answered for."""
    tx.finish()
    query = sa.delete(Attendance).where(col(Attendance.person_id) == person_id).returning(col(Attendance.debate_id))
    return sorted(tx.conn.execute(query).scalars())


def answers_of(tx: Tx, platform: str, ident: str) -> dict[int, Answer]:
    """What the person of an identity answered, by debate."""
    query = (
        sa.select(col(Attendance.debate_id), col(Attendance.answer))
        .join(Identity, col(Identity.person_id) == col(Attendance.person_id))
        .where(col(Identity.platform) == platform, col(Identity.platform_id) == ident)
    )
    return {int(debate_id): Answer(answer) for debate_id, answer in tx.conn.execute(query)}


def counts(tx: Tx, *debate_ids: int) -> dict[int, Counts]:
    """How many people gave each answer, by debate; each that was asked for is there."""
    query = (
        sa.select(col(Attendance.debate_id), col(Attendance.answer), sa.func.count())
        .where(col(Attendance.debate_id).in_(debate_ids))
        .group_by(col(Attendance.debate_id), col(Attendance.answer))
    )
    found: dict[int, dict[str, int]] = {debate_id: {} for debate_id in debate_ids}
    for debate_id, answer, count in tx.conn.execute(query):
        found[debate_id][answer] = count
    return {debate_id: Counts(**answers) for debate_id, answers in found.items()}


def comers(tx: Tx, debate: Debate) -> list[Comer]:
    """Everybody who answered, in the order of their answers' times."""
    spoke = _spoke_before(tx, debate)
    query = (
        select(Attendance, Identity)
        .join(Identity, col(Identity.id) == col(Attendance.identity_id))
        .where(Attendance.debate_id == debate.id)
        .order_by(col(Attendance.at), col(Attendance.person_id))
    )
    return [
        Comer(who.name, f"{who.platform}:{who.platform_id}", row.answer, row.at, row.person_id in spoke)
        for row, who in tx.session.exec(query)
    ]


def _spoke_before(tx: Tx, debate: Debate) -> set[int]:
    """Those of the people who answered that have said something in an earlier debate which was none for practice."""
    query = sa.text(
        "SELECT DISTINCT a.person_id FROM attendance a JOIN identity i ON i.person_id = a.person_id "
        "JOIN message m ON m.identity_id = i.id JOIN debate d ON d.id = m.debate_id "
        "WHERE a.debate_id = :id AND d.id <> :id AND d.starts_at < :starts AND NOT d.rehearsal "
        "AND m.deleted_at IS NULL"
    )
    return set(tx.conn.execute(query, {"id": debate.id, "starts": to_micros(debate.starts_at)}).scalars())
