"""People and their identities."""

from collections.abc import Iterable, Sequence

import sqlalchemy as sa
from sqlmodel import col, select

from bot import errors
from bot.store.engine import Tx
from bot.tables import Identity, Person


def parse(who: str) -> tuple[str, str]:
    """(platform, id) of ``PLATFORM:ID``; raises ``NoSuchPerson``."""
    platform, _, ident = who.partition(":")
    if platform not in {"slack", "x", "room"} or not ident:
        raise errors.NoSuchPerson(who=who)
    return platform, ident


def find(tx: Tx, who: str) -> Identity:
    """The identity of ``PLATFORM:ID``; raises ``NoSuchPerson``."""
    platform, ident = parse(who)
    row = tx.session.exec(select(Identity).where(Identity.platform == platform, Identity.platform_id == ident)).first()
    if row is None:
        raise errors.NoSuchPerson(who=who)
    return row


def identity(tx: Tx, identity_id: int) -> Identity | None:
    """The identity of an id, or None."""
    return tx.session.get(Identity, identity_id)


def identities(tx: Tx, person_id: int) -> Sequence[Identity]:
    """All identities of a person."""
    return tx.session.exec(select(Identity).where(Identity.person_id == person_id).order_by(col(Identity.id))).all()


def ensure(tx: Tx, platform: str, ident: str, *, name: str = "", role: str = "") -> Identity:
    """The identity exists; a name or role that is given is now its own."""
    row = tx.session.exec(select(Identity).where(Identity.platform == platform, Identity.platform_id == ident)).first()
    if row is None:
        person = Person()
        tx.session.add(person)
        tx.session.flush()
        row = Identity(person_id=person.id or 0, platform=platform, platform_id=ident)
    if name:
        row.name = name
    if role:
        row.role = role
    tx.session.add(row)
    tx.session.flush()
    return row


def moderators(tx: Tx, platform: str) -> Sequence[Identity]:
    """The moderators of a platform."""
    query = select(Identity).where(Identity.platform == platform, Identity.role == "moderator")
    return tx.session.exec(query.order_by(col(Identity.id))).all()


def is_moderator(tx: Tx, who: str) -> bool:
    """Whether ``PLATFORM:ID`` moderates."""
    try:
        return find(tx, who).role == "moderator"
    except errors.NoSuchPerson:
        return False


def appoint(tx: Tx, whos: Iterable[str]) -> None:
    """Exactly the named people of Slack and X moderate; those of the room also keep the role a link gave them."""
    wanted = {parse(who) for who in whos}
    for row in tx.session.exec(select(Identity).where(Identity.role == "moderator", Identity.platform != "room")):
        if (row.platform, row.platform_id) not in wanted:
            row.role = "member"
            tx.session.add(row)
    for platform, ident in sorted(wanted):
        ensure(tx, platform, ident, role="moderator")


def participants(tx: Tx, debate_id: int) -> int:
    """How many people have said something in a debate and not taken it all back."""
    query = sa.text(
        "SELECT count(DISTINCT i.person_id) FROM message m JOIN identity i ON i.id = m.identity_id "
        "WHERE m.debate_id = :id AND m.deleted_at IS NULL AND i.role <> 'bot'"
    )
    return int(tx.conn.execute(query, {"id": debate_id}).scalar_one())


def set_alias(tx: Tx, person_id: int, name: str) -> None:
    """The person has this alias ("" for none)."""
    tx.conn.execute(sa.update(Person).where(col(Person.id) == person_id).values(alias=name))
