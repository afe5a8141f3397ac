"""A guest's way in to their page: a link that is used once, and the browser that used it."""

import json
import secrets
from datetime import datetime, timedelta

from bot import errors
from bot import guest as rules
from bot.debate import Phase
from bot.people import room_id
from bot.ports import Actor, Platform
from bot.store import debates, passes, people
from bot.store import guests as store
from bot.store.engine import Tx
from bot.tables import Identity, Outbox
from bot.tables_year import Guest

# The debate's end is the limit (``is_open``), wherever it is moved; a pass that nobody uses ends by itself, too.
PASS_LASTS = timedelta(days=120)


def fresh(tx: Tx, guest: Guest, *, now: datetime) -> str:
    """A secret that lets one browser in to the guest's page, once; only its hash is kept."""
    secret = secrets.token_urlsafe(24)
    expires_at = now + PASS_LASTS
    passes.add(
        tx, passes.hashed(secret), kind=store.LINK, identity_id=guest.identity_id, now=now, expires_at=expires_at
    )
    tx.session.flush()
    return secret


def signed(tx: Tx, row: Outbox, *, now: datetime) -> str:
    """The text of a post as it leaves: what a guest is told ends with a fresh link, which is kept nowhere."""
    extra = json.loads(row.extra) if row.kind.startswith("guest") else {}
    guest = _guest(tx, int(extra["guest"])) if "page" in extra else None
    return row.text if guest is None else f"{row.text} {extra['page']}/{fresh(tx, guest, now=now)}"


def is_open(tx: Tx, guest: Guest, *, now: datetime) -> bool:
    """Whether the guest's page is still there: until a day after the debate, wherever that is moved."""
    debate = debates.get(tx, guest.debate_id)
    return debate.phase != Phase.CANCELLED and now < (debate.closed_at or debate.ends_at) + rules.STAYS


def link_is_good(tx: Tx, guest_id: int, secret: str, *, now: datetime) -> bool:
    """Whether a link would let somebody in; looking does not use it up."""
    return _linked(tx, guest_id, secret, now=now) is not None


def enter(tx: Tx, guest_id: int, secret: str, *, now: datetime) -> tuple[str, Actor]:
    """The link is used up, and its browser is the guest's: (the secret of its session, who they are in the room).

    Raises ``BadGuestLink`` when the link was used, has expired, is another guest's or never was.
    """
    guest = _linked(tx, guest_id, secret, now=now)
    link = passes.find(tx, passes.hashed(secret), kind=store.LINK, now=now)
    if guest is None or link is None:
        raise errors.BadGuestLink
    passes.use(tx, link, now=now)
    session = secrets.token_urlsafe(32)
    expires_at = now + PASS_LASTS
    passes.add(
        tx, passes.hashed(session), kind=store.SESSION, identity_id=guest.identity_id, now=now, expires_at=expires_at
    )
    guest.seen_at = now
    tx.session.add(guest)
    who = _in_room(tx, guest)
    debates.record(tx, who=f"{who.platform}:{who.platform_id}", action="guest", debate_id=guest.debate_id, now=now)
    debates.bump(tx, guest.debate_id)
    return session, Actor(f"{who.platform}:{who.platform_id}", who.name)


def inside(tx: Tx, guest_id: int, session: str, *, now: datetime) -> Guest:
    """The guest whose page this browser may open; raises ``BadGuestLink``."""
    found = passes.find(tx, passes.hashed(session), kind=store.SESSION, now=now) if session else None
    guest = _guest(tx, guest_id)
    if found is None or guest is None or found.identity_id != guest.identity_id or not is_open(tx, guest, now=now):
        raise errors.BadGuestLink
    return guest


def _linked(tx: Tx, guest_id: int, secret: str, *, now: datetime) -> Guest | None:
    link = passes.find(tx, passes.hashed(secret), kind=store.LINK, now=now)
    guest = _guest(tx, guest_id)
    if link is None or guest is None or link.identity_id != guest.identity_id:
        return None
    return guest if is_open(tx, guest, now=now) else None


def _guest(tx: Tx, guest_id: int) -> Guest | None:
    try:
        return store.get(tx, guest_id)
    except errors.NoSuchGuest:
        return None


def _in_room(tx: Tx, guest: Guest) -> Identity:
    """Who the guest is in the room: the same person as in Slack, under their own name."""
    who = people.identity(tx, guest.identity_id)
    if who is None:
        raise errors.BadGuestLink
    if who.platform == Platform.ROOM:
        return who
    return store.in_room(tx, who.person_id) or store.seat(
        tx, Platform.ROOM, store.free_room_id(tx, room_id(guest.name)), name=guest.name, person_id=who.person_id
    )
