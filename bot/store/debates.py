"""Debates, their places, cues and questions: the quiet paths, through SQLModel rows."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlmodel import col, select

from bot import errors
from bot.debate import COMING, LISTENING, LIVE, OVER, Phase
from bot.store.engine import Prepared, Tx
from bot.tables import Cue, Debate, Gap, Message, Place, Question, Reaction, Vote, from_micros, to_micros

_BUMP = Prepared(sa.text("UPDATE debate SET rev = rev + 1 WHERE id = :id RETURNING rev"), ("id",))
# Asked twice a second, by every bot.
_NEXT_DUE = Prepared(sa.text("SELECT due_at FROM cue WHERE state = 'planned' ORDER BY due_at LIMIT 1"), ())
_COUNT_QUESTIONS = Prepared(
    sa.text("SELECT count(*) FROM question WHERE debate_id = :id AND state = :state"), ("id", "state")
)
_RECORD = Prepared(
    sa.text("INSERT INTO audit (at, who, action, debate_id, detail) VALUES (:at, :who, :action, :debate_id, :detail)"),
    ("at", "who", "action", "debate_id", "detail"),
)
_TURN_QUESTIONS = Prepared(
    sa.text("UPDATE question SET state = :new, rev = :rev WHERE debate_id = :id AND state = :old"),
    ("new", "rev", "id", "old"),
)
_ADDRESSES = Prepared(sa.text("SELECT platform, address FROM place WHERE debate_id = :id ORDER BY platform"), ("id",))

LARGEST_ID = 2**31 - 1  # PostgreSQL's INTEGER; it fails on a larger one where SQLite finds nothing


def get(tx: Tx, debate: int | str) -> Debate:
    """The debate of an id or slug; raises ``NoSuchDebate``."""
    key = str(debate)
    row = tx.session.get(Debate, int(key)) if key.isdecimal() and len(key) < 12 and int(key) <= LARGEST_ID else None
    if row is None:
        row = tx.session.exec(select(Debate).where(Debate.slug == key)).first()
    if row is None:
        raise errors.NoSuchDebate(debate=debate)
    return row


def of(tx: Tx, ids: Collection[int]) -> Sequence[Debate]:
    """The debates of these ids; as long as they are held, ``get`` asks the database for none of them."""
    return tx.session.exec(select(Debate).where(col(Debate.id).in_(ids))).all()


def ident(debate: Debate) -> int:
    """The id of a stored debate."""
    if debate.id is None:
        raise ValueError("not stored yet")
    return debate.id


def add(tx: Tx, debate: Debate) -> int:
    """The debate is stored under an id that no other ever had, whose audit rows would be taken for its own; returns it.

    SQLite gives the id of a debate that was aborted to the next one.
    """
    if tx.sqlite:
        known = "SELECT max(COALESCE((SELECT max(id) FROM debate), 0), COALESCE((SELECT max(debate_id) FROM audit), 0))"
        debate.id = int(tx.conn.execute(sa.text(known)).scalar_one()) + 1
    tx.session.add(debate)
    tx.session.flush()
    return ident(debate)


def every(tx: Tx) -> Sequence[Debate]:
    """All debates, newest start first."""
    return tx.session.exec(select(Debate).order_by(col(Debate.starts_at).desc(), col(Debate.id).desc())).all()


def around(tx: Tx, since: datetime, until: datetime, *, drafts: bool) -> Sequence[Debate]:
    """The debates that begin in the span and the nearest one on either side of it, by their start; no rehearsals."""
    shown = select(Debate).where(col(Debate.rehearsal).is_(False))
    if not drafts:
        shown = shown.where(Debate.phase != Phase.DRAFT)
    start, ident = col(Debate.starts_at), col(Debate.id)
    before = tx.session.exec(shown.where(start < since).order_by(start.desc()).limit(1)).all()
    within = tx.session.exec(shown.where(start >= since, start < until).order_by(start, ident)).all()
    after = tx.session.exec(shown.where(start >= until).order_by(start).limit(1)).all()
    return [*before, *within, *after]


def empty(tx: Tx) -> bool:
    """Whether there is no debate at all."""
    return tx.session.exec(select(Debate.id).limit(1)).first() is None


def past(tx: Tx, *, limit: int) -> Sequence[Debate]:
    """Debates that were held, or were to be and were missed; newest start first."""
    query = select(Debate).where(col(Debate.phase).in_((Phase.CLOSED, Phase.MISSED)))
    return tx.session.exec(query.order_by(col(Debate.starts_at).desc(), col(Debate.id).desc()).limit(limit)).all()


def phases(tx: Tx) -> dict[str, int]:
    """How many debates are in each phase."""
    return dict(tx.session.exec(select(Debate.phase, sa.func.count()).group_by(col(Debate.phase))).all())


def zones(tx: Tx) -> Sequence[str]:
    """The zones in which debates are held, those of the latest first."""
    query = select(Debate.timezone).group_by(col(Debate.timezone)).order_by(sa.func.max(Debate.starts_at).desc())
    return tx.session.exec(query).all()


def coming(tx: Tx, *, limit: int = 20) -> Sequence[Debate]:
    """Debates that will be held, soonest first; a draft is nothing that anybody was told of."""
    query = select(Debate).where(Debate.phase == Phase.SCHEDULED).order_by(col(Debate.starts_at)).limit(limit)
    return tx.session.exec(query).all()


def following(tx: Tx, debate_id: int, *, after: datetime) -> Debate | None:
    """The debate that is the next to be held from a time on, this one and rehearsals left out; or None."""
    query = select(Debate).where(Debate.phase == Phase.SCHEDULED, col(Debate.starts_at) >= after)
    query = query.where(col(Debate.rehearsal).is_(False), col(Debate.id) != debate_id)
    return tx.session.exec(query.order_by(col(Debate.starts_at)).limit(1)).first()


def promised(tx: Tx, *, after: datetime) -> Sequence[tuple[int, datetime, str, str]]:
    """Debates to come of which it is kept what hour was promised on the clocks of their zone, drafts among them.

    Of each its id, its start, its zone and that hour; not of one whose hour the clocks had twice, and which was chosen.
    """
    query = select(Debate.id, Debate.starts_at, Debate.timezone, Debate.local_at).where(
        col(Debate.phase).in_(COMING), Debate.local_at != "", Debate.settled == "", col(Debate.starts_at) > after
    )
    rows = tx.session.exec(query.order_by(col(Debate.starts_at)))
    return [(ident or 0, starts_at, zone, local_at) for ident, starts_at, zone, local_at in rows]


def listening(tx: Tx) -> Sequence[Debate]:
    """Debates that take answers now (open, held or in their grace), the latest opening first."""
    query = select(Debate).where(col(Debate.phase).in_(LISTENING)).order_by(col(Debate.opened_at).desc())
    return tx.session.exec(query).all()


def at_place(tx: Tx, platform: str, address: str, *, drafts: bool = False) -> Debate | None:
    """The debate that a command in a place means: the live one, else the one in its grace, else the next to come.

    Where there is none, one in draft with ``drafts``: a moderator may open it by hand.
    """
    query = (
        select(Debate)
        .join(Place, col(Place.debate_id) == col(Debate.id))
        .where(Place.platform == platform, Place.address == address, col(Debate.phase).not_in(OVER))
        .order_by(col(Debate.starts_at))
    )
    found = tx.session.exec(query).all()
    last = frozenset({Phase.DRAFT} if drafts else ())
    for wanted in (LIVE, frozenset({Phase.GRACE}), frozenset({Phase.SCHEDULED}), last):
        for debate in found:
            if debate.phase in wanted:
                return debate
    return None


def labels(tx: Tx, debate_id: int) -> str:
    """The letters of a debate's labels."""
    return str(tx.conn.execute(sa.select(col(Debate.labels)).where(col(Debate.id) == debate_id)).scalar_one())


def places(tx: Tx, debate_id: int) -> Sequence[Place]:
    """Where a debate is held."""
    return tx.session.exec(select(Place).where(Place.debate_id == debate_id).order_by(Place.platform)).all()


class Address(NamedTuple):
    """A place as posts go to it."""

    platform: str
    address: str


def addresses(tx: Tx, debate_id: int) -> list[Address]:
    """Where a debate is held, to be spoken to: asked with every post."""
    tx.finish()
    return [Address._make(row) for row in _ADDRESSES.fetch(tx.conn, debate_id)]


def clash(tx: Tx, platform: str, address: str, *, start: datetime, end: datetime, but: int | None) -> Debate | None:
    """A debate of the same place whose hour overlaps, or None; ``but`` is left out of the search."""
    query = (
        select(Debate)
        .join(Place, col(Place.debate_id) == col(Debate.id))
        .where(Place.platform == platform, Place.address == address, col(Debate.phase).not_in(OVER))
        .where(col(Debate.starts_at) < end, col(Debate.ends_at) > start, col(Debate.id) != (but or 0))
    )
    return tx.session.exec(query).first()


def slug_taken(tx: Tx, slug: str) -> bool:
    """Whether a debate has this slug."""
    return tx.session.exec(select(Debate.id).where(Debate.slug == slug)).first() is not None


# --- questions -------------------------------------------------------------------------------------------------------


def questions(tx: Tx, debate_id: int) -> Sequence[Question]:
    """All questions of a debate: the asked ones by number, then the run-sheet by position."""
    query = select(Question).where(Question.debate_id == debate_id)
    unasked = col(Question.number).is_(None)
    return tx.session.exec(
        query.order_by(unasked, col(Question.number), col(Question.position), col(Question.id))
    ).all()


def count_questions(tx: Tx, debate_id: int, state: str) -> int:
    """How many questions of a debate are in a state."""
    tx.finish()
    return int(_COUNT_QUESTIONS.fetch(tx.conn, debate_id, str(state))[0][0])


def turn_questions(tx: Tx, debate_id: int, states: Collection[str], to: str, *, rev: int) -> None:
    """The questions of a debate that are in one of the states are in another."""
    tx.finish()
    _TURN_QUESTIONS.run(tx.conn, [(str(to), rev, debate_id, str(state)) for state in states])
    tx.forget(Question)


def question(tx: Tx, debate_id: int | None, question_id: int) -> Question:
    """The question of an id (in the debate, where one is given); raises ``NoSuchQuestion``."""
    row = tx.session.get(Question, question_id) if question_id <= LARGEST_ID else None
    if row is None or (debate_id is not None and row.debate_id != debate_id):
        raise errors.NoSuchQuestion(question=question_id)
    return row


# --- cues ------------------------------------------------------------------------------------------------------------


def cues(tx: Tx, debate_id: int) -> Sequence[Cue]:
    """All cues of a debate in order of time."""
    return tx.session.exec(select(Cue).where(Cue.debate_id == debate_id).order_by(col(Cue.due_at), col(Cue.id))).all()


def pending_cues(tx: Tx, debate_id: int, *, until: datetime | None = None) -> Sequence[Cue]:
    """The cues of a debate that wait for their time, or for the end of a hold, in order; those due ``until`` then."""
    query = select(Cue).where(Cue.debate_id == debate_id, col(Cue.state).in_(("planned", "held")))
    if until is not None:
        query = query.where(col(Cue.due_at) <= until)
    return tx.session.exec(query.order_by(col(Cue.due_at), col(Cue.id))).all()


def due_cues(tx: Tx, now: datetime, most: int) -> list[Cue]:
    """What is due longest (``most`` at the most), their debates locked until this action is committed.

    Claiming and doing are one transaction: on SQLite there is one writer at a time; on PostgreSQL a debate belongs to
    one process at a time, and what that one has done in the meantime is looked at again. So a cue is done once, and
    after those before it, however many processes ask. A debate that another process has in hand is left to it: were
    that one frozen, all other debates would wait with this one.
    """
    query = select(Cue).where(Cue.state == "planned", col(Cue.due_at) <= now).order_by(col(Cue.due_at), col(Cue.id))
    elsewhere: set[int] = set()
    while found := list(tx.session.exec(query.where(col(Cue.debate_id).not_in(elsewhere)).limit(most)).all()):
        if tx.sqlite:
            return found
        mine = {debate_id for debate_id in sorted({cue.debate_id for cue in found}) if lock(tx, debate_id, wait=False)}
        elsewhere |= {cue.debate_id for cue in found} - mine
        ours = [cue for cue in found if cue.debate_id in mine]
        for cue in ours:
            tx.session.refresh(cue)
        if ours := [cue for cue in ours if is_due(cue, now)]:
            return ours
    return []


def is_due(cue: Cue, now: datetime) -> bool:
    """Whether it is planned for the time or before it."""
    return cue.state == "planned" and cue.due_at <= now


def lock(tx: Tx, debate_id: int, *, wait: bool = True) -> bool:
    """Nobody else changes the debate until this action is committed (on SQLite nobody else writes at all).

    Returns False where somebody else has it, and we do not ``wait``.
    """
    if tx.sqlite:
        return True
    query = sa.select(col(Debate.id)).where(col(Debate.id) == debate_id).with_for_update(skip_locked=not wait)
    return tx.conn.execute(query).first() is not None


def plan_cue(tx: Tx, debate_id: int, key: str, due_at: datetime) -> None:
    """The cue is planned for a time (UTC); one of that key, whatever became of it, is planned anew."""
    cue = tx.session.exec(select(Cue).where(Cue.debate_id == debate_id, Cue.key == key)).first()
    if cue is None:
        cue = Cue(debate_id=debate_id, key=key, due_at=due_at)
    cue.state, cue.due_at, cue.why, cue.done_at = "planned", due_at, "", None
    tx.session.add(cue)
    tx.cues = True


def done(tx: Tx, cue: Cue, now: datetime) -> None:
    """The clock, or somebody in its place, has done it."""
    cue.state, cue.done_at = "done", now
    tx.session.add(cue)


def skipped(tx: Tx, cue: Cue, now: datetime, why: str) -> None:
    """It will not be done, and this is why."""
    cue.state, cue.done_at, cue.why = "skipped", now, why
    tx.session.add(cue)


def next_due(tx: Tx) -> datetime | None:
    """When the next planned cue is due, or None."""
    tx.finish()
    found = _NEXT_DUE.fetch(tx.conn)
    return from_micros(found[0][0]) if found else None


# --- the rest --------------------------------------------------------------------------------------------------------


def bump(tx: Tx, debate_id: int) -> int:
    """The debate's clock has ticked; returns its new reading, for the rows that changed with it.

    Raises ``NoSuchDebate``.
    """
    tx.touched.add(debate_id)
    tx.finish()
    found = _BUMP.fetch(tx.conn, debate_id)
    if not found:
        raise errors.NoSuchDebate(debate=debate_id)
    rev = int(found[0][0])
    loaded = tx.loaded(Debate, debate_id)
    if loaded is not None:
        # The row is loaded: keep it in step without marking it changed.
        sa.orm.attributes.set_committed_value(loaded, "rev", rev)
    return rev


def ticked(tx: Tx, debate_id: int) -> None:
    """The debate's clock has ticked in this action, once at least; raises ``NoSuchDebate``."""
    if debate_id not in tx.touched:
        bump(tx, debate_id)


def record(tx: Tx, *, who: str, action: str, debate_id: int | None, now: datetime, detail: str = "") -> None:
    """An audit row says who did what."""
    _RECORD.run(tx.conn, [(to_micros(now), str(who), str(action), debate_id, str(detail))])


def gaps(tx: Tx, debate_id: int) -> Sequence[Gap]:
    """The gaps of a debate in order of time."""
    return tx.session.exec(select(Gap).where(Gap.debate_id == debate_id).order_by(col(Gap.from_at))).all()


def recent_messages(tx: Tx, debate_id: int, since: datetime) -> int:
    """How many messages were posted since a time."""
    query = sa.text("SELECT count(*) FROM message WHERE debate_id = :id AND posted_at >= :since")
    return int(tx.conn.execute(query, {"id": debate_id, "since": to_micros(since)}).scalar_one())


def message_count(tx: Tx, debate_id: int) -> int:
    """How many messages a debate's log holds, deleted ones included."""
    return int(
        tx.conn.execute(sa.text("SELECT count(*) FROM message WHERE debate_id = :id"), {"id": debate_id}).scalar_one()
    )


def erase(tx: Tx, debate_id: int) -> None:
    """The debate and all that hangs on it are gone."""
    tx.session.expunge_all()
    questions_of = sa.select(col(Question.id)).where(col(Question.debate_id) == debate_id)
    messages_of = sa.select(col(Message.id)).where(col(Message.debate_id) == debate_id)
    tx.conn.execute(sa.delete(Vote).where(col(Vote.question_id).in_(questions_of)))
    tx.conn.execute(sa.delete(Reaction).where(col(Reaction.message_id).in_(messages_of)))
    # What had come here from another debate waits there again.
    tx.conn.execute(sa.update(Question).where(col(Question.merged_into).in_(questions_of)).values(merged_into=None))
    for name in ("message", "question", "cue", "gap", "place"):
        tx.conn.execute(sa.text(f"DELETE FROM {name} WHERE debate_id = :id"), {"id": debate_id})  # noqa: S608
    tx.conn.execute(sa.delete(Debate).where(col(Debate.id) == debate_id))
