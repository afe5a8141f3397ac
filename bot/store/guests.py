"""Guests, what they have prepared, and their room identity."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import col, select

from bot import errors
from bot.store import debates, passes
from bot.store.engine import Tx
from bot.tables import Identity, Outbox, Pass, Question
from bot.tables_year import Guest, Prepared

LINK, SESSION = "guest link", "guest"  # the kinds of a guest's passes


def get(tx: Tx, guest_id: int) -> Guest:
    """The guest of an id; raises ``NoSuchGuest``."""
    row = tx.session.get(Guest, guest_id) if guest_id <= debates.LARGEST_ID else None
    if row is None:
        raise errors.NoSuchGuest(guest=guest_id)
    return row


def of_debate(tx: Tx, debate_id: int) -> Sequence[Guest]:
    """The guests of a debate in the order in which they were invited."""
    return tx.session.exec(select(Guest).where(Guest.debate_id == debate_id).order_by(col(Guest.id))).all()


def of_identities(tx: Tx, identity_ids: Iterable[int]) -> Sequence[Guest]:
    """Every debate's guests who are these identities."""
    query = select(Guest).where(col(Guest.identity_id).in_(list(identity_ids)))
    return tx.session.exec(query.order_by(col(Guest.id))).all()


def of_person(tx: Tx, person_id: int) -> Sequence[Guest]:
    """Every debate's guests who are this person."""
    found = tx.session.exec(select(Identity.id).where(Identity.person_id == person_id)).all()
    return of_identities(tx, [one for one in found if one is not None])


def add(tx: Tx, guest: Guest) -> int:
    """The guest is stored; returns their id.

    SQLite gives the id of a guest who was removed to the next one: a pass is the identity's, never the id's.
    """
    tx.session.add(guest)
    tx.session.flush()
    return guest.id or 0


def delete(tx: Tx, guest: Guest) -> None:
    """The guest and what they prepared are gone."""
    tx.session.flush()
    tx.conn.execute(sa.delete(Prepared).where(col(Prepared.guest_id) == guest.id))
    tx.session.delete(guest)
    tx.session.flush()


def prepared(tx: Tx, guest_id: int) -> dict[int, Prepared]:
    """What a guest has prepared, by question id."""
    rows = tx.session.exec(select(Prepared).where(Prepared.guest_id == guest_id)).all()
    return {one.question_id: one for one in rows}


def to_question(tx: Tx, question_id: int) -> list[tuple[Guest, Prepared]]:
    """What guests have prepared to a question, in the order in which they were invited."""
    query = (
        select(Guest, Prepared)
        .join(Prepared, col(Prepared.guest_id) == col(Guest.id))
        .where(Prepared.question_id == question_id)
        .order_by(col(Guest.id))
    )
    return [(guest, text) for guest, text in tx.session.exec(query).all()]


def counts(tx: Tx, debate_id: int, states: Iterable[str]) -> dict[int, int]:
    """How many questions of these states each guest of a debate has prepared an answer to."""
    query = (
        sa.select(col(Prepared.guest_id), sa.func.count())
        .join(Question, col(Question.id) == col(Prepared.question_id))
        .where(col(Question.debate_id) == debate_id, col(Question.state).in_(list(states)))
        .group_by(col(Prepared.guest_id))
    )
    return {int(row[0]): int(row[1]) for row in tx.conn.execute(query)}


def keep(tx: Tx, guest_id: int, question_id: int, text: str, *, now: datetime) -> None:
    """The guest's answer to the question is this text; an empty one is none."""
    row = tx.session.get(Prepared, (question_id, guest_id))
    if row is None:
        if text:
            tx.session.add(Prepared(question_id=question_id, guest_id=guest_id, text=text, at=now))
    elif text:
        row.text, row.at = text, now
        tx.session.add(row)
    else:
        tx.session.delete(row)
    tx.session.flush()


def set_role(tx: Tx, identity: Identity) -> None:
    """The identity is a guest's or no longer, as the guests are now; any other role it has stays."""
    tx.session.flush()
    invited = bool(of_identities(tx, [identity.id or 0]))
    if identity.role in {"member", "guest"}:
        identity.role = "guest" if invited else "member"
        tx.session.add(identity)


def seat(tx: Tx, platform: str, platform_id: str, *, name: str, person_id: int) -> Identity:
    """A person has one more identity, a guest's."""
    row = Identity(person_id=person_id, platform=platform, platform_id=platform_id, name=name, role="guest")
    tx.session.add(row)
    tx.session.flush()
    return row


def free_room_id(tx: Tx, base: str, *, but: Iterable[str] = ()) -> str:
    """An id of the room that nobody has and that is none of ``but``: a namesake who was there first keeps theirs."""
    ident, number = base, 1
    while ident in but or passes.known(tx, "room", ident):
        number += 1
        ident = f"{base}-{number}"
    return ident


def posts(tx: Tx, debate_id: int) -> Sequence[Outbox]:
    """The posts of a debate that may hold a guest's words or be for one alone."""
    kinds = ("answer", "framing", "guest", "guest_early")
    query = select(Outbox).where(Outbox.debate_id == debate_id, col(Outbox.kind).in_(kinds))
    return tx.session.exec(query.order_by(col(Outbox.id))).all()


def in_room(tx: Tx, person_id: int) -> Identity | None:
    """The room identity of a person, or None."""
    query = select(Identity).where(Identity.person_id == person_id, Identity.platform == "room")
    return tx.session.exec(query.order_by(col(Identity.id))).first()


def revoke(tx: Tx, identity_id: int, kinds: Iterable[str] = (LINK, SESSION)) -> None:
    """None of these passes of the identity lets anybody in any more."""
    query = select(Pass).where(Pass.identity_id == identity_id, col(Pass.kind).in_(list(kinds)))
    for row in tx.session.exec(query).all():
        tx.session.delete(row)
    tx.session.flush()


def has_link(tx: Tx, identity_id: int, *, now: datetime) -> bool:
    """Whether a link of the identity waits to be used."""
    query = select(Pass.hash).where(Pass.identity_id == identity_id, Pass.kind == LINK, col(Pass.used_at).is_(None))
    return tx.session.exec(query.where(col(Pass.expires_at) > now).limit(1)).first() is not None
