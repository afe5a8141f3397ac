"""What a member does in the room, as the actions keep it. Synchronous: each function is one action of the writer."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from bot import errors, richtext
from bot.actions import log
from bot.debate import COMING, LISTENING, Phase
from bot.phrase import phrase
from bot.ports import Actor, Author, Deleted, Platform, Reacted, Said
from bot.store import debates, feed, messages, people
from bot.store.engine import Tx
from bot.store.messages import Spoken
from bot.tables import Debate
from handlers.room import looks
from handlers.room.refusals import AlreadyOver, NotHere, NotStarted, NotYetAsked, NotYours, UnknownReaction, WhoAreYou

# Longer than any answer in an hour's debate; what is longer is an article, and belongs behind a link.
LONGEST = 5000


@dataclass(frozen=True, slots=True)
class Toward:
    """What a text answers: a question by its number, or a message by its id; neither, the debate as a whole."""

    question: int | None = None
    reply: int | None = None


def say(tx: Tx, slug: str, text: str, *, toward: Toward, actor: Actor, now: datetime) -> int:
    """The text is in the log, below a question or a message; returns the new message's id.

    Raises ``Empty``, ``FilledUp``, ``WhoAreYou``, ``NotHere``, ``NotStarted``, ``AlreadyOver``, ``NotYetAsked``.
    """
    tidy = clean(text)
    debate = taking_part(tx, slug, actor)
    debate_id = debates.ident(debate)
    thread, reply_to, quotes = None, None, None
    if toward.reply is not None:
        thread, reply_to, quotes = _below(tx, debate_id, messages.get(tx, debate_id, toward.reply))
    elif toward.question is not None:
        thread = reply_to = _post_of(tx, debate_id, toward.question)
    ident = uuid.uuid4().hex
    said = Said(
        Platform.ROOM, debate.slug, ident, Author(actor.who.removeprefix("room:"), actor.name), tidy, now,
        thread=thread, reply_to=reply_to, quotes=quotes,
    )  # fmt: skip
    log.hear(tx, [said], now=now)
    found = messages.find(tx, debate_id, ident)
    if found is None:
        raise AlreadyOver
    return found


def edit(tx: Tx, slug: str, message_id: int, text: str, *, actor: Actor, now: datetime) -> None:
    """The member's own message has a new text, and is marked as edited."""
    tidy = clean(text)
    debate, spoken = _own(tx, slug, message_id, actor)
    if tidy == spoken.text:
        return
    said = Said(
        Platform.ROOM, debate.slug, spoken.platform_id, Author(actor.who.removeprefix("room:"), actor.name), tidy,
        spoken.posted_at, thread=spoken.thread, reply_to=spoken.reply_to, quotes=spoken.quotes, edited_at=now,
    )  # fmt: skip
    log.hear(tx, [said], now=now)


def delete(tx: Tx, slug: str, message_id: int, *, actor: Actor, now: datetime) -> None:
    """The member's own message keeps its place and nothing else."""
    debate, spoken = _own(tx, slug, message_id, actor)
    log.hear(tx, [Deleted(Platform.ROOM, debate.slug, spoken.platform_id, now, spoken.posted_at)], now=now)


def react(tx: Tx, slug: str, message_id: int, name: str, *, actor: Actor, now: datetime) -> bool:
    """The member's reaction is on the message, or off it when it was there; returns whether it is on."""
    debate = debates.get(tx, slug)
    _known(tx, actor)
    debate_id = debates.ident(debate)
    spoken = messages.get(tx, debate_id, message_id)
    if spoken.deleted:
        raise errors.NoSuchMessage
    # On another platform's message a member goes by the full name, so as never to be taken for one of its people.
    who = actor.who.removeprefix("room:") if spoken.platform == Platform.ROOM else actor.who
    given = messages.given(tx, debate_id, (who,))
    added = (message_id, name) not in given
    if added and name not in looks.PALETTE and name not in messages.reactions(tx, message_id):
        raise UnknownReaction
    reacted = Reacted(Platform(spoken.platform), spoken.place, spoken.platform_id, name, who, now, added=added)
    log.hear(tx, [reacted], now=now)
    return added


def taking_part(tx: Tx, slug: str, actor: Actor) -> Debate:
    """The debate, when the member may say something in it now."""
    debate = debates.get(tx, slug)
    _known(tx, actor)
    if not any(place.platform == Platform.ROOM for place in debates.places(tx, debates.ident(debate))):
        raise NotHere
    if Phase(debate.phase) in COMING:
        raise NotStarted
    if Phase(debate.phase) not in LISTENING:
        raise AlreadyOver
    return debate


def clean(text: str) -> str:
    """The text of a message without space around it; raises ``Empty`` or ``FilledUp``."""
    tidy = richtext.storable(text).strip()
    if not tidy:
        raise errors.Empty(what="el mensaje")
    if len(tidy) > LONGEST:
        raise errors.FilledUp(what="un mensaje", limit=phrase("{count} caracteres", count=LONGEST), size=f"{len(tidy)}")
    return tidy


def _known(tx: Tx, actor: Actor) -> None:
    """Somebody who was forgotten since is not brought back by an old cookie."""
    try:
        people.find(tx, actor.who)
    except errors.NoSuchPerson:
        raise WhoAreYou from None


def _own(tx: Tx, slug: str, message_id: int, actor: Actor) -> tuple[Debate, Spoken]:
    debate = taking_part(tx, slug, actor)
    spoken = messages.get(tx, debates.ident(debate), message_id)
    if spoken.author_id != actor.who:
        raise NotYours
    return debate, spoken


def _post_of(tx: Tx, debate_id: int, number: int) -> str:
    for one in feed.all_questions(tx, debate_id):
        if one.number == number and one.post:
            return one.post
    raise NotYetAsked


def _below(tx: Tx, debate_id: int, spoken: Spoken) -> tuple[str, str, str | None]:
    """(thread, reply to, quotes) of an answer to a message."""
    if spoken.deleted:
        raise errors.NoSuchMessage
    # What stands directly below a question's post is the root of its own conversation.
    deeper = spoken.thread is not None and messages.find(tx, debate_id, spoken.thread) is not None
    root = spoken.thread if deeper and spoken.thread is not None else spoken.platform_id
    if spoken.platform == Platform.ROOM or spoken.question is None:
        return root, spoken.platform_id, None
    # Another platform's thread tells the room's messages nothing about their question: quote the question itself.
    return root, spoken.platform_id, _post_of(tx, debate_id, spoken.question)


def answerable(tx: Tx, debate_id: int, message_id: int | None) -> Spoken | None:
    """The message of an id, where there is one that can be answered."""
    if message_id is None:
        return None
    try:
        found = messages.get(tx, debate_id, message_id)
    except errors.NoSuchMessage:
        return None
    return None if found.deleted else found
