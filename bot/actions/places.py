"""Where a debate is held, changed while it is on: a place joins in the middle of it, another one is left."""

from datetime import datetime

from bot import errors
from bot.actions import brief, say
from bot.actions.plan import changed, clear, may
from bot.debate import LIVE, Verb
from bot.debatefile import CHANNEL
from bot.phrase import phrase
from bot.ports import Actor, House, Operation, Platform
from bot.question import State
from bot.store import debates, outbox
from bot.store.engine import Tx
from bot.tables import Debate, Place
from bot.words.catalogue import words


def join(tx: Tx, debate: Debate, where: str, *, house: House, actor: Actor, now: datetime) -> Place:
    """The debate is held there, too; while it is on, the place has its welcome and the question that is open.

    ``where`` is ``x``, ``room``, ``slack`` (the usual channel) or ``slack:C0123456``. Raises ``BadPlace``, ``Overlap``.
    """
    may(tx, debate, Verb.JOIN, actor)
    debate_id = debates.ident(debate)
    platform, address = _address(debate, where, house)
    if debate.rehearsal and platform == Platform.X:
        raise errors.BadPlace(place=where, why=phrase("un ensayo no sale ante todo el mundo"))
    if any(place.platform == platform for place in debates.places(tx, debate_id)):
        raise errors.BadPlace(place=where, why=phrase("ya está allí"))
    clear(tx, [(platform, address)], start=debate.starts_at, end=debate.ends_at, but=debate_id)
    place = Place(debate_id=debate_id, platform=platform, address=address)
    tx.session.add(place)
    tx.session.flush()
    if debate.phase in LIVE:
        _catch_up(tx, debate, place, now)
    changed(tx, debate, now=now)
    debates.record(tx, who=actor.who, action=Verb.JOIN, debate_id=debate_id, now=now, detail=f"{platform}:{address}")
    debates.bump(tx, debate_id)
    return place


def leave(tx: Tx, debate: Debate, where: str, *, actor: Actor, now: datetime) -> None:
    """The debate is held there no more: nothing more is said or heard; what was said before stays in the log.

    Raises ``NoSuchPlace``, and ``BadPlace`` for the only place there is.
    """
    may(tx, debate, Verb.LEAVE, actor)
    debate_id = debates.ident(debate)
    held = debates.places(tx, debate_id)
    place = next((one for one in held if one.platform == where.partition(":")[0]), None)
    if place is None:
        raise errors.NoSuchPlace(place=where, places=", ".join(one.platform for one in held))
    if len(held) == 1:
        raise errors.BadPlace(place=where, why=phrase("es el único que tiene; añade antes otro, o cierra el debate"))
    for row in outbox.of_debate(tx, debate_id):
        if row.platform == place.platform and row.operation == Operation.POST and row.state == "queued":
            row.state, row.error = "expired", words(debate.locale)("el debate ya no está allí")
            tx.session.add(row)
    detail = f"{place.platform}:{place.address}"
    tx.session.delete(place)
    tx.session.flush()
    changed(tx, debate, now=now)
    debates.record(tx, who=actor.who, action=Verb.LEAVE, debate_id=debate_id, now=now, detail=detail)
    debates.bump(tx, debate_id)


def _address(debate: Debate, where: str, house: House) -> tuple[Platform, str]:
    name, _, given = where.partition(":")
    if name == Platform.ROOM and not given:
        return Platform.ROOM, debate.slug
    if name == Platform.X and not given:
        if not house.x:
            raise errors.BadPlace(place=where, why=phrase("X está apagado; enciéndelo con sus claves en .env"))
        if not debate.hashtag:
            raise errors.BadPlace(place=where, why=phrase("en X se participa con una etiqueta, y no tiene"))
        return Platform.X, debate.hashtag.casefold()
    if name == Platform.SLACK:
        if given and not CHANNEL.fullmatch(given):
            raise errors.BadPlace(
                place=where, why=phrase("un canal va por su identificador, por ejemplo slack:C0123456")
            )
        if not (given or house.slack_channel):
            raise errors.BadPlace(place=where, why=phrase("falta el canal, por ejemplo slack:C0123456"))
        return Platform.SLACK, given or house.slack_channel
    raise errors.BadPlace(place=where, why=phrase("vale x, room, slack o slack:C0123456"))


def _catch_up(tx: Tx, debate: Debate, place: Place, now: datetime) -> None:
    """Who is there knows what this is, and can answer what is being asked."""
    everything = debates.questions(tx, debates.ident(debate))
    count = sum(one.state in {State.APPROVED, State.ASKED, State.ANSWERED} for one in everything)
    welcome = say.Worded(say.welcome(debate, questions=count), brief.welcome(debate, questions=count))
    say.there(tx, debate, "welcome", welcome, place=place, now=now)
    asked = [one for one in everything if one.state == State.ASKED]
    if asked:
        question = asked[-1]
        row = say.there(tx, debate, "question", say.question_post(question, debate), place=place, now=now)
        row.question_id = question.id
        tx.session.add(row)
