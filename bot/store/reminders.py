"""Who wants to be reminded of debates, how long before and where; the cues that do it, and what they say."""

import functools
import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlmodel import col, select

from bot.cues import Kind
from bot.debate import COMING
from bot.invitation import Answer
from bot.store.engine import Prepared, Tx
from bot.tables import Cue, Debate, Identity, Outbox, to_micros
from bot.tables_year import Attendance, Reminding

ALL = 0  # in the place of a debate's id: a wish for every debate
NUDGE = Kind.NUDGE.value
_PUT = Prepared(
    sa.text(
        "INSERT INTO reminding (person_id, debate_id, identity_id, ahead, at) "
        "VALUES (:person, :debate, :identity, :ahead, :at) ON CONFLICT (person_id, debate_id) "
        "DO UPDATE SET identity_id = excluded.identity_id, ahead = excluded.ahead, at = excluded.at"
    ),
    ("person", "debate", "identity", "ahead", "at"),
)
_QUEUE = Prepared(
    sa.text(
        "INSERT INTO outbox (key, debate_id, platform, place, kind, text, extra, state, created_at, next_at, sent_at, "
        "landed, rev, operation, attempts, lease_owner, error) VALUES (:key, :debate, :platform, :place, :kind, :text, "
        ":extra, :state, :created, :next, :sent, :landed, :rev, 'private', 0, '', '') ON CONFLICT (key) DO NOTHING"
    ),
    (
        "key", "debate", "platform", "place", "kind", "text", "extra", "state", "created", "next", "sent", "landed",
        "rev",
    ),
)  # fmt: skip
_FORGET = Prepared(sa.text("DELETE FROM reminding WHERE debate_id = :debate"), ("debate",))
_UNSAY = Prepared(
    sa.text(f"DELETE FROM outbox WHERE debate_id = :debate AND kind = '{NUDGE}' AND state <> 'sending'"),  # noqa: S608
    ("debate",),
)


class Wish(NamedTuple):
    """How long before a debate (seconds, the longest first; none: not at all), and the identity that is told."""

    ahead: tuple[int, ...]
    identity_id: int


class Reader(NamedTuple):
    """Somebody to be reminded, and where."""

    person_id: int
    platform: str
    ident: str


# --- what people want ------------------------------------------------------------------------------------------------


def put(tx: Tx, who: Identity, debate_id: int, ahead: Sequence[int], *, now: datetime) -> None:
    """The person wants to be reminded so, of a debate or of ``ALL``, in the place of an earlier wish."""
    tx.finish()
    _PUT.run(tx.conn, [(who.person_id, debate_id, who.id, json.dumps(list(ahead)), to_micros(now))])


def drop(tx: Tx, person_id: int, debate_id: int | None = None) -> None:
    """The person has no wish for a debate (or for ``ALL``); with None, none whatever."""
    query = sa.delete(Reminding).where(col(Reminding.person_id) == person_id)
    if debate_id is not None:
        query = query.where(col(Reminding.debate_id) == debate_id)
    tx.conn.execute(query)


def wishes(tx: Tx, person_id: int) -> dict[int, Wish]:
    """All that a person wants, by debate; the wish for every debate under ``ALL``."""
    rows = tx.session.exec(select(Reminding).where(Reminding.person_id == person_id)).all()
    return {row.debate_id: Wish(tuple(json.loads(row.ahead)), row.identity_id) for row in rows}


def wanted(tx: Tx, debate_ids: Iterable[int]) -> dict[int, set[int]]:
    """How long before, in seconds, somebody wants to be reminded, by debate and ``ALL``; at most a few for each."""
    query = sa.select(col(Reminding.debate_id), col(Reminding.ahead)).distinct()
    found: dict[int, set[int]] = {}
    for debate_id, ahead in tx.conn.execute(query.where(col(Reminding.debate_id).in_([ALL, *debate_ids]))):
        found.setdefault(debate_id, set()).update(_leads(ahead))
    return found


def readers(tx: Tx, debate_id: int, ahead: int | None = None) -> list[Reader]:
    """Who is to be reminded of a debate so long before it, or (None) at whatever time.

    A wish for the debate goes before the person's wish for all. Who said that they do not come is left alone, unless
    they have asked for a reminder of this debate since.
    """
    r, a = Reminding, Attendance
    said_no = sa.and_(
        col(a.person_id) == col(r.person_id), col(a.debate_id) == debate_id, col(a.answer) == Answer.NO.value,
        sa.or_(col(r.debate_id) == ALL, col(a.at) >= col(r.at)),
    )  # fmt: skip
    silenced = sa.func.coalesce(col(a.answer), "")  # of who has not said so there is no such row
    query = (
        sa.select(col(r.person_id), col(r.ahead), col(Identity.platform), col(Identity.platform_id), silenced)
        .join(Identity, col(Identity.id) == col(r.identity_id))
        .outerjoin(a, said_no)
        .where(col(r.debate_id).in_([ALL, debate_id]))
        .order_by(col(r.debate_id), col(r.person_id))
    )
    found: dict[int, Reader | None] = {}
    for person_id, wish, platform, ident, no in tx.conn.execute(query):  # what is wanted of all comes first
        leads = _leads(wish)
        told = not no and (ahead in leads if ahead is not None else bool(leads))
        found[person_id] = Reader(person_id, platform, ident) if told else None
    return [reader for reader in found.values() if reader is not None]


@functools.lru_cache(maxsize=256)
def _leads(wish: str) -> frozenset[int]:
    """The times of a wish; thousands of people have a few of them between them."""
    return frozenset(json.loads(wish))


# --- what the clock does about it ------------------------------------------------------------------------------------


def coming(tx: Tx, *, now: datetime) -> Sequence[Debate]:
    """The debates that a wish for all is about, nobody else changing them: no rehearsals, none that should be on."""
    query = select(Debate).where(col(Debate.phase).in_(COMING), Debate.starts_at > now).order_by(col(Debate.id))
    if not tx.sqlite:
        query = query.with_for_update()
    return tx.session.exec(query.where(col(Debate.rehearsal).is_(False))).all()


def cues(tx: Tx, debate_ids: Sequence[int]) -> dict[int, dict[int, Cue]]:
    """The cues that remind in private, by debate and by how long before, in seconds."""
    query = select(Cue).where(col(Cue.debate_id).in_(debate_ids), col(Cue.key).startswith(f"{NUDGE}:"))
    found: dict[int, dict[int, Cue]] = {debate_id: {} for debate_id in debate_ids}
    for cue in tx.session.exec(query):
        found[cue.debate_id][int(cue.key.partition(":")[2])] = cue
    return found


def queue(tx: Tx, rows: Sequence[Sequence[object]]) -> None:
    """The private messages are in the outbox, each once by its key (values in the order of ``_QUEUE``)."""
    tx.finish()
    _QUEUE.run(tx.conn, rows)


def withdraw(tx: Tx, debate_id: int | None, *, places: Sequence[str] | None = None) -> None:
    """What waits to be said of a debate (of all, with None), and was not tried yet, is gone; to ``places`` alone."""
    waiting = [col(Outbox.kind) == NUDGE, col(Outbox.state) == "queued", col(Outbox.first_try_at).is_(None)]
    if debate_id is not None:
        waiting.append(col(Outbox.debate_id) == debate_id)
    if places is not None:
        waiting.append(col(Outbox.place).in_(places))
    tx.conn.execute(sa.delete(Outbox).where(*waiting))


def clear(tx: Tx, debate_id: int) -> None:
    """Nothing is left of a debate's reminders, wanted or sent, but what is under way this moment."""
    tx.finish()
    for statement in (_FORGET, _UNSAY):  # every opening does this
        statement.run(tx.conn, [(debate_id,)])
