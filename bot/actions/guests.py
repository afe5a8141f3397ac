"""What a moderator does about guests: invites them, gives them their link, lets their framing go out, takes leave."""

from collections.abc import Iterable
from datetime import datetime

from bot import cues as clock
from bot import errors
from bot.actions import doors, invited
from bot.actions.plan import require_moderator
from bot.debate import COMING, Phase
from bot.guest import Invited, Step
from bot.ports import Actor, House
from bot.question import Source
from bot.store import debates
from bot.store import guests as store
from bot.store.engine import Tx
from bot.tables import Cue, Debate, Question
from bot.tables_year import Guest


def add(tx: Tx, debate: Debate, wanted: Invited, *, house: House, actor: Actor, now: datetime) -> Guest:
    """Somebody is a guest of the debate, their timeline is planned, and they are told what of it has passed.

    Raises ``WrongPhase``, ``GuestTwice``, ``TooManyGuests``, ``BadSlackId``, ``Empty`` or ``FilledUp``.
    """
    require_moderator(actor)
    _held(tx, debate)
    guest = invited.invite(tx, debate, [wanted], house=house, now=now)[0]
    debates.record(tx, who=actor.who, action="invite", debate_id=debate.id, now=now, detail=str(guest.id))
    return guest


def remove(tx: Tx, guest_id: int, *, actor: Actor, now: datetime) -> None:
    """The guest is one no more: what they prepared, what was said in their name and their ways in are gone.

    Raises ``NoSuchGuest``, and ``WrongPhase`` once the debate has begun: then a person can only be forgotten.
    """
    require_moderator(actor)
    guest = store.get(tx, guest_id)
    debate = debates.get(tx, guest.debate_id)
    _held(tx, debate)
    if Phase(debate.phase) not in COMING:
        raise errors.WrongPhase(phase=debate.phase, verb="retirar una invitación")
    detail = str(guest.id)
    drop(tx, guest, now=now)
    debates.record(tx, who=actor.who, action="uninvite", debate_id=debate.id, now=now, detail=detail)
    tx.scrub = True


def drop(tx: Tx, guest: Guest, *, now: datetime) -> None:
    """Nothing is left of the guest but the person they are."""
    debate_id = guest.debate_id
    invited.unsay(tx, guest, now=now)
    invited.let_go(tx, guest)
    if not store.of_debate(tx, debate_id):
        invited.unplan(tx, debates.get(tx, debate_id), now=now)
    debates.bump(tx, debate_id)


def make_link(tx: Tx, guest_id: int, *, actor: Actor, now: datetime) -> str:
    """A new secret that lets one browser in to the guest's page, once; links given before that wait are good no more.

    Raises ``NoSuchGuest``, and ``WrongPhase`` once the page is closed.
    """
    require_moderator(actor)
    guest = store.get(tx, guest_id)
    if not doors.is_open(tx, guest, now=now):
        raise errors.WrongPhase(phase=debates.get(tx, guest.debate_id).phase, verb="invitar a nadie")
    store.revoke(tx, guest.identity_id, [store.LINK])
    debates.record(tx, who=actor.who, action="guest link", debate_id=guest.debate_id, now=now, detail=str(guest.id))
    return doors.fresh(tx, guest, now=now)


def revoke(tx: Tx, guest_id: int, *, actor: Actor, now: datetime) -> None:
    """No link and no browser lets anybody in as this guest; what they wrote stays."""
    require_moderator(actor)
    guest = store.get(tx, guest_id)
    store.revoke(tx, guest.identity_id)
    debates.record(tx, who=actor.who, action="guest out", debate_id=guest.debate_id, now=now, detail=str(guest.id))


def release(tx: Tx, guest_id: int, *, actor: Actor, now: datetime, at_once: bool = False) -> bool:
    """The guest's framing may go out as it is: at its time, or now where that has passed or ``at_once``.

    Returns whether it is on its way. Raises ``NoSuchGuest``, ``NothingFramed``, ``AlreadyFramed`` or ``WrongPhase``.
    """
    require_moderator(actor)
    guest = store.get(tx, guest_id)
    debate = debates.get(tx, guest.debate_id)
    _held(tx, debate)
    tx.session.refresh(guest)
    if debate.phase != Phase.SCHEDULED:
        raise errors.WrongPhase(phase=debate.phase, verb="publicar la presentación")
    if guest.framed_at is not None:
        raise errors.AlreadyFramed(name=guest.name)
    if not guest.framing:
        raise errors.NothingFramed(name=guest.name)
    guest.approved_at = now
    tx.session.add(guest)
    waits = any(cue.key == Step.FRAMING.key and cue.state == "planned" for cue in debates.cues(tx, guest.debate_id))
    if at_once or not waits:
        invited.frame(tx, debate, guest, now=now)
    detail = f"{guest.id}{' at once' if at_once else ''}"
    debates.record(tx, who=actor.who, action="frame", debate_id=debate.id, now=now, detail=detail)
    return guest.framed_at is not None


def show_questions(tx: Tx, debate: Debate, *, public: bool, actor: Actor, now: datetime) -> None:
    """The planned questions can be read before the debate, once it is announced, or not."""
    require_moderator(actor)
    _held(tx, debate)
    debate.questions_public = public
    tx.session.add(debate)
    told = "on" if public else "off"
    debates.record(tx, who=actor.who, action="questions public", debate_id=debate.id, now=now, detail=told)
    debates.bump(tx, debates.ident(debate))


def readable(debate: Debate, cues: Iterable[Cue]) -> bool:
    """Whether the planned questions of a debate to come can be read: it is announced, and nobody has said otherwise."""
    waiting = any(cue.key == clock.Kind.ANNOUNCE and cue.state == "planned" for cue in cues)
    return debate.phase == Phase.SCHEDULED and debate.questions_public and not waiting


def beforehand(tx: Tx, debate: Debate) -> list[Question]:
    """The planned questions of a debate to come in their order, as far as they can be read.

    Those that the audience proposed stand among the proposals.
    """
    debate_id = debates.ident(debate)
    if not readable(debate, debates.cues(tx, debate_id)):
        return []
    waiting = [one for one in debates.questions(tx, debate_id) if one.state in invited.PREPARED_FOR]
    return [one for one in waiting if one.source == Source.PLAN]


def _held(tx: Tx, debate: Debate) -> None:
    """Nobody else changes the debate until this is committed."""
    debates.lock(tx, debates.ident(debate))
    tx.session.refresh(debate)
