"""People: joining the room, the moderators' way in, aliases, and being forgotten."""

import secrets
from datetime import datetime, timedelta

from bot import errors
from bot.actions import invited
from bot.actions.plan import require_moderator
from bot.people import person_name, room_id
from bot.ports import Actor, House, Platform
from bot.store import debates, erasure, guests, people
from bot.store import passes as store
from bot.store.engine import Tx

LINK_LASTS = timedelta(days=2)
SESSION_LASTS = timedelta(days=30)


def join(tx: Tx, name: str, *, house: House, now: datetime) -> Actor:
    """Somebody is in the room under a name that is theirs alone; raises ``Empty``, ``FilledUp`` or ``NameTaken``.

    The name of a moderator (``room:ana`` in the settings) is kept for who comes in by a moderator's link.
    """
    tidy = person_name(name)
    ident = room_id(tidy)
    if f"room:{ident}" in house.moderators or store.known(tx, Platform.ROOM, ident):
        raise errors.NameTaken(name=tidy)
    people.ensure(tx, Platform.ROOM, ident, name=tidy)
    return Actor(f"room:{ident}", tidy)


def make_link(tx: Tx, *, now: datetime) -> str:
    """A secret that lets one person in as a moderator, once, within two days; only its hash is kept."""
    secret = secrets.token_urlsafe(24)
    store.add(tx, store.hashed(secret), kind="link", identity_id=None, now=now, expires_at=now + LINK_LASTS)
    debates.record(tx, who="operator", action="moderator link", debate_id=None, now=now)
    return secret


def link_is_good(tx: Tx, secret: str, *, now: datetime) -> bool:
    """Whether a link would let somebody in; looking does not use it up."""
    return store.find(tx, store.hashed(secret), kind="link", now=now) is not None


def enter(tx: Tx, secret: str, name: str, *, now: datetime) -> tuple[str, Actor]:
    """The link is used up, and its bearer moderates: (the secret of their session, who they are).

    Raises ``NotModerator`` when the link was used, has expired or never was.
    """
    link = store.find(tx, store.hashed(secret), kind="link", now=now)
    if link is None:
        raise errors.NotModerator
    tidy = person_name(name)
    who = people.ensure(tx, Platform.ROOM, room_id(tidy), name=tidy, role="moderator")
    store.use(tx, link, now=now)
    session = secrets.token_urlsafe(32)
    store.add(tx, store.hashed(session), kind="session", identity_id=who.id, now=now, expires_at=now + SESSION_LASTS)
    debates.record(tx, who=f"room:{who.platform_id}", action="enter", debate_id=None, now=now)
    return session, Actor(f"room:{who.platform_id}", tidy, moderator=True)


def session(tx: Tx, secret: str, *, now: datetime) -> Actor | None:
    """The moderator whose session has this secret, or None when it has ended."""
    found = store.find(tx, store.hashed(secret), kind="session", now=now)
    who = people.identity(tx, found.identity_id) if found is not None and found.identity_id else None
    if who is None:
        return None
    return Actor(f"{who.platform}:{who.platform_id}", who.name, moderator=who.role == "moderator")


def leave(tx: Tx, secret: str) -> None:
    """The session has ended."""
    store.drop(tx, store.hashed(secret))


def alias(tx: Tx, who: str, name: str, *, actor: Actor, now: datetime) -> None:
    """The archive names the person by this alias in every debate (their own name again when it is empty)."""
    require_moderator(actor)
    person = people.find(tx, who)
    tidy = person_name(name) if name.strip() else ""
    people.set_alias(tx, person.person_id, tidy)
    for debate_id in erasure.debates_of(tx, person.person_id):
        debates.bump(tx, debate_id)
    debates.record(tx, who=actor.who, action="alias", debate_id=None, now=now, detail=str(person.person_id))


def forget(tx: Tx, who: str, *, actor: Actor, now: datetime) -> int:
    """Nothing that the person said or was called is left; returns how many messages that emptied.

    Their lines stay in the order, as deleted ones. The bytes are gone once ``store.scrub`` has run after the commit.
    """
    require_moderator(actor)
    person = people.find(tx, who)
    for guest in guests.of_person(tx, person.person_id):
        invited.unsay(tx, guest, now=now)
    count = erasure.erase_person(tx, person.person_id, now=now)
    debates.record(tx, who="operator", action="forget", debate_id=None, now=now, detail=f"{count} mensajes")
    tx.scrub = True
    return count
