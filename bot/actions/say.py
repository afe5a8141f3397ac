"""The bot's own voice: what is to be said becomes outbox rows in the same commit as the change that caused it."""

import json
import uuid
from datetime import datetime, timedelta
from typing import NamedTuple

from bot import dates, hours, invitation
from bot.ports import House, Operation, Platform
from bot.store import debates, people
from bot.store.debates import Address
from bot.store.engine import Tx
from bot.tables import Debate, Outbox, Place, Question
from bot.words.catalogue import Words, words

# A reminder this early, or earlier, is read by people who have yet to find out what hour it is with them.
ON_THE_EVE = timedelta(hours=12)


class Worded(NamedTuple):
    """A sentence of the run-sheet, and the same as X takes it (bot/actions/brief.py).

    ``calendar`` is the address under which somebody's own calendar takes in the date that it names.
    """

    full: str
    brief: str
    calendar: str = ""


def elsewhere(tx: Tx, debate: Debate, kind: str, text: str, *, away: Platform, now: datetime) -> None:
    """The text goes to every place of the debate but those of one platform, which cannot be spoken to."""
    for place in debates.addresses(tx, debates.ident(debate)):
        if place.platform != away:
            _put(tx, _row(debate, kind, text, platform=place.platform, place=place.address, now=now), now)


def everywhere(
    tx: Tx, debate: Debate, kind: str, text: str | Worded, *, now: datetime, question: Question | None = None
) -> dict[str, Outbox]:
    """The text goes to every place of the debate; returns the new outbox rows by platform."""
    rows = {}
    for place in debates.addresses(tx, debates.ident(debate)):
        row = _worded(debate, kind, text, place=place, now=now)
        row.question_id = question.id if question else None
        rows[place.platform] = _put(tx, row, now)
    return rows


def there(tx: Tx, debate: Debate, kind: str, text: str | Worded, *, place: Place, now: datetime) -> Outbox:
    """The text goes to one place of the debate; returns its row."""
    return _put(tx, _worded(debate, kind, text, place=place, now=now), now)


def under(tx: Tx, debate: Debate, kind: str, text: str, *, parents: dict[str, Outbox], now: datetime) -> list[Outbox]:
    """The text goes below the given posts, in their threads, once they have landed; returns the new rows."""
    rows = []
    tx.session.flush()  # a parent has its id
    for platform, parent in parents.items():
        row = _row(debate, kind, text, platform=platform, place=parent.place, now=now)
        row.question_id, row.under = parent.question_id, parent.id
        rows.append(_put(tx, row, now))
    return rows


def to_moderators(tx: Tx, debate: Debate, kind: str, text: str, *, now: datetime) -> list[Outbox]:
    """The moderators alone read the text: privately on Slack, in the moderators' view of the room; never on X.

    Returns the new rows.
    """
    rows = []
    held = {place.platform: place.address for place in debates.addresses(tx, debates.ident(debate))}
    if held.pop(Platform.X, None) and not held:
        held = {str(Platform.ROOM): debate.slug}  # X has no private way; the room shows every debate to moderators
    for platform, address in held.items():
        if platform == Platform.ROOM:
            readers = [address]
        else:
            readers = [person.platform_id for person in people.moderators(tx, platform)]
        for reader in readers:
            row = _row(debate, kind, text, platform=platform, place=reader, now=now)
            row.operation = Operation.PRIVATE
            rows.append(_put(tx, row, now))
    return rows


def to_person(tx: Tx, debate: Debate, kind: str, text: str, *, identity_id: int, now: datetime) -> Outbox | None:
    """One person reads the text, where they spoke from; a person of another platform, or of X, is not written to.

    Returns the new row, or None where nobody is written to.
    """
    person = people.identity(tx, identity_id)
    held = {place.platform for place in debates.addresses(tx, debates.ident(debate))}
    if person is None or person.platform not in held - {Platform.X}:
        return None
    row = _row(debate, kind, text, platform=person.platform, place=person.platform_id, now=now)
    row.operation = Operation.PRIVATE
    return _put(tx, row, now)


def take_back(tx: Tx, row: Outbox, *, now: datetime, landed: str | None = None) -> None:
    """A post that stands on its platform, there under ``landed`` where it stands twice, will be deleted."""
    landed = landed or row.landed
    if row.platform == Platform.ROOM or landed is None:
        return
    gone = Outbox(
        key=_key("delete", row.platform), platform=row.platform, place=row.place, kind="delete",
        operation=Operation.DELETE, target=landed, text="", created_at=now, next_at=now,
    )  # fmt: skip
    _put(tx, gone, now)


def _worded(debate: Debate, kind: str, text: str | Worded, *, place: Place | Address, now: datetime) -> Outbox:
    worded = Worded(text, text) if isinstance(text, str) else text
    said = worded.brief if place.platform == Platform.X else worded.full
    row = _row(debate, kind, said, platform=place.platform, place=place.address, now=now)
    if worded.calendar:
        starts = f"{debate.starts_at.timestamp():.0f}"
        dated = {"starts": starts, "when": when(debate), "calendar": worded.calendar}
        row.extra = json.dumps({**json.loads(row.extra), **dated})
    return row


def _row(debate: Debate, kind: str, text: str, *, platform: str, place: str, now: datetime) -> Outbox:
    extra = {"locale": debate.locale, "slug": debate.slug}
    return Outbox(
        key=_key(f"{debate.id}-{kind}", platform), debate_id=debate.id, platform=platform, place=place, kind=kind,
        text=text, extra=json.dumps(extra), created_at=now, next_at=now,
    )  # fmt: skip


def _put(tx: Tx, row: Outbox, now: datetime) -> Outbox:
    if row.platform == Platform.ROOM:
        # The room reads its posts from here: committed is sent.
        row.state, row.sent_at, row.landed = "sent", now, row.key
        if row.debate_id is not None:
            row.rev = debates.bump(tx, row.debate_id)
    tx.session.add(row)
    tx.outbox = True
    return row


def _key(what: str, platform: str) -> str:
    # Random, so that two databases that speak in one channel never take each other's posts for their own.
    return f"{what}-{platform}-{uuid.uuid4().hex[:12]}"


# --- the sentences of the run-sheet ----------------------------------------------------------------------------------


def announcement(debate: Debate, house: House) -> str:
    """The invitation, a week ahead: to the debate, and to say now what should be asked there."""
    say = words(debate.locale)
    link = f"{house.url}/d/{debate.slug}"
    ask = say("Propón ya tu pregunta en {link}", link=link)
    if house.slack_channel:
        ask = say("Propón ya tu pregunta con /pregunta, o en {link}", link=link)
    invited = say(
        "Próximo debate: «{title}», {when}.{hours}{host} Participa aquí o con #{hashtag}. Te esperamos.",
        title=debate.title, when=when(debate), hours=by_zone(debate, house), host=host(debate),
        hashtag=debate.hashtag or house.hashtag,
    )  # fmt: skip
    return f"{invited} {ask}"


def moved(debate: Debate, before: str, house: House) -> str:
    """What those read who know of the old date."""
    say = words(debate.locale)
    return say(
        "Cambio de fecha: «{title}» será el {when} (antes: {before}).{hours} {link}",
        title=debate.title, when=when(debate), before=before, hours=by_zone(debate, house),
        link=f"{house.url}/d/{debate.slug}",
    )  # fmt: skip


def cancelled(debate: Debate) -> str:
    """What those read who know of a debate that will not be held."""
    text = words(debate.locale)("«{title}» ({when}) no se celebrará.", title=debate.title, when=when(debate))
    return f"{text} {debate.why}" if debate.why else text


def reminder(debate: Debate, house: House, *, ahead: timedelta) -> str:
    """The reminder before the start; as long as somebody may still have to look at the clock, with the hour of each."""
    say = words(debate.locale)
    text = say("En {left}: «{title}», {when}.", left=left(debate, ahead), title=debate.title, when=when(debate))
    return text + (by_zone(debate, house) if ahead >= ON_THE_EVE else "")


def nudge(debate: Debate, house: House, *, left: timedelta, here: bool) -> str:
    """What somebody reads who asked to be reminded of a debate that begins in so long, and how to have no more.

    ``here``: in the room, where its page is what they are looking at.
    """
    say = words(debate.locale)
    fields = {"left": invitation.span(say, left.total_seconds()), "title": debate.title, "when": when(debate)}
    if here:
        return say(
            "Me pediste que te avisara: en {left} empieza «{title}», {when}. En esta página puedes quitar los avisos.",
            **fields,
        )
    return say(
        "Me pediste que te avisara: en {left} empieza «{title}», {when}. {link} "
        "Si no quieres más avisos: /tertulia recordar no", link=f"{house.url}/d/{debate.slug}", **fields,
    )  # fmt: skip


def welcome(debate: Debate, *, questions: int) -> str:
    """The opening: welcome, how to take part, and the notice that it is kept."""
    say = words(debate.locale)
    return say(
        "Te damos la bienvenida a «{title}».{host} Habrá {questions} preguntas, P1, P2…: responde en el hilo de cada "
        "una, o empieza tu mensaje con R1, R2… Este debate se registra y se publicará su transcripción; si no quieres "
        "figurar, díselo a quien modera.",
        title=debate.title, host=host(debate), questions=questions,
    )  # fmt: skip


def label_reminder(debate: Debate) -> str:
    """The reminder of the labels, shortly before the first question."""
    return words(debate.locale)(
        "Enseguida llega la P1. Para que tu respuesta quede en su sitio, responde en su hilo o empieza con R1."
    )


def question_post(question: Question, debate: Debate) -> str:
    """The question as it is posted: it starts with its P-number (the contract)."""
    tag = f" #{debate.hashtag}" if debate.hashtag else ""
    return f"P{question.number} {question.text}{tag}"


def warning(debate: Debate, question: Question, *, number: int, left: timedelta) -> str:
    """What moderators read before the next question goes out."""
    return words(debate.locale)(
        "En {seconds} s sale la P{number}: «{text}». Puedes pausar, extender o saltar.",
        seconds=int(left.total_seconds()), number=number, text=question.text,
    )  # fmt: skip


def wrap_up(debate: Debate) -> str:
    """The last minutes."""
    return words(debate.locale)("Vamos cerrando: ¿con qué idea te quedas de «{title}»?", title=debate.title)


def closing(debate: Debate, following: Debate | None, house: House, *, people_count: int) -> str:
    """The thanks, the next date, and the one link."""
    say = words(debate.locale)
    next_date = ""
    if following is not None:
        next_date = " " + say("Próximo debate: «{title}», {when}.", title=following.title, when=when(following))
    rest = {"late": still_taken(debate), "link": f"{house.url}/d/{debate.slug}", "next": next_date}
    if people_count < 2:
        return say(
            "Gracias por participar en «{title}».{late} La transcripción: {link}{next}", title=debate.title, **rest
        )
    return say(
        "Gracias a las {people} personas que habéis participado en «{title}».{late} La transcripción: {link}{next}",
        people=people_count, title=debate.title, **rest,
    )  # fmt: skip


def ready(debate: Debate, house: House) -> str:
    """What moderators read when the transcript is ready."""
    return words(debate.locale)(
        "La transcripción de «{title}» está lista, con un borrador del resumen: {link} y {recap}",
        title=debate.title, link=f"{house.url}/d/{debate.slug}/transcript.html",
        recap=f"{house.url}/d/{debate.slug}/recap.md",
    )  # fmt: skip


def missed(debate: Debate) -> str:
    """What moderators read when a debate's hour passed while the bot was away."""
    return words(debate.locale)(
        "«{title}» no se celebró: su hora, {when}, pasó mientras Tertulia estaba parada. "
        "No se ha publicado nada; prográmalo de nuevo cuando quieras.",
        title=debate.title, when=when(debate),
    )  # fmt: skip


# --- what they are made of -------------------------------------------------------------------------------------------


def when(debate: Debate) -> str:
    """The day and hour of a debate, in its own zone and language."""
    return dates.long(debate.starts_at, debate.timezone, locale=debate.locale)


def by_zone(debate: Debate, house: House) -> str:
    """The hour in each zone of the community, as a sentence with a space before it; empty where all have the same."""
    say = words(debate.locale)
    told = hours.everywhere(debate.starts_at, debate.timezone, house.zones, say=say)
    return " " + say("Por zonas: {hours}.", hours=told) if told else ""


def left(debate: Debate, ahead: timedelta) -> str:
    """How long it is until a debate, in words."""
    say = words(debate.locale)
    minutes = round(ahead.total_seconds() / 60)
    if minutes >= 120:
        return say("{hours} horas", hours=round(minutes / 60))
    return say("una hora") if minutes == 60 else _minutes(say, max(minutes, 1))


def host(debate: Debate) -> str:
    """Who conducts the debate, as a sentence with a space before it; empty without a host."""
    return " " + words(debate.locale)("Conduce {host}.", host=debate.host) if debate.host else ""


def still_taken(debate: Debate) -> str:
    """For how long answers are still taken after the close, with a space before it; empty without a grace."""
    say = words(debate.locale)
    minutes = round(
        ((debate.grace_until or debate.ends_at) - (debate.closed_at or debate.ends_at)).total_seconds() / 60
    )
    return " " + say("Aún recogemos respuestas durante {time}.", time=_minutes(say, minutes)) if minutes > 0 else ""


def _minutes(say: Words, minutes: int) -> str:
    return say("un minuto") if minutes == 1 else say("{minutes} minutos", minutes=minutes)
