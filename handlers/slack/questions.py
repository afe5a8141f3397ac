"""Questions from the audience, as Slack sees them: proposed, listed, voted for, approved, declined, put first.

Each press is decided anew in its own action, by who presses and by what the question is at that moment: pressed twice,
or in an old list, it does nothing more.
"""

from dataclasses import replace

from bot import errors
from bot.actions import ask, guests
from bot.ports import Actor
from bot.question import Source, State
from bot.store import debates, people
from bot.store import questions as store
from bot.store.engine import Tx
from bot.tables import Debate
from handlers.slack import desk as border
from handlers.slack import views
from handlers.slack.blocks import Page
from handlers.slack.desk import Caller, Desk


async def propose(desk: Desk, caller: Caller, text: str) -> str:
    """The question waits for a moderator with the caller's vote; returns what to tell them. Raises Refusal."""
    now = desk.now()

    def action(tx: Tx) -> str:
        debate = border.meant(tx, caller.channel, also_elsewhere=True)
        known = {one.id for one in debates.questions(tx, debates.ident(debate))}
        question = ask.propose(tx, debate, text, asker=Actor(caller.who, caller.name), now=now)
        if question.id not in known:
            return caller.say(
                "Recogida para «{title}»: «{text}». Ya tiene tu voto; te avisaré de lo que decida quien modera.",
                title=debate.title, text=question.text,
            )  # fmt: skip
        votes = store.votes(tx, question.debate_id).get(question.id or 0, 0)
        return caller.say(
            "Alguien la había propuesto ya: «{text}». Tu voto cuenta ({votes}).", text=question.text, votes=votes
        )

    return await desk.writer.do(action)


async def show(desk: Desk, caller: Caller) -> Page:
    """The questions of the debate that is meant, as the caller may see them. Raises ``NoDebateHere``."""

    def reading(tx: Tx) -> Page:
        return page_of(tx, border.meant(tx, caller.channel, also_elsewhere=True), caller)

    return await desk.read(reading)


async def turn(desk: Desk, caller: Caller, value: str) -> Page:
    """Another page of the list that a question belongs to."""
    question_id, number = _value(value)

    def reading(tx: Tx) -> Page:
        debate = debates.get(tx, debates.question(tx, None, question_id).debate_id)
        return page_of(tx, debate, caller, page=number)

    return await desk.read(reading)


async def vote(desk: Desk, caller: Caller, value: str, *, wanted: bool) -> Page:
    """The caller has a vote for the question, or none (``wanted`` False), however often they pressed; the list anew."""
    question_id, number = _value(value)

    def action(tx: Tx) -> Page:
        question = debates.question(tx, None, question_id)
        who = people.ensure(tx, "slack", caller.user, name=caller.name)
        has = question_id in store.voted(tx, question.debate_id, who.person_id)
        if has is not wanted:
            ask.vote(tx, question_id, voter=Actor(caller.who, caller.name))
        votes = store.votes(tx, question.debate_id).get(question_id, 0)
        say = caller.say
        if wanted:
            notice = say("Has votado por «{text}»: {votes}.", text=question.text, votes=views.votes_of(say, votes))
        else:
            notice = say(
                "Has quitado tu voto a «{text}»: {votes}.", text=question.text, votes=views.votes_of(say, votes)
            )
        return page_of(tx, debates.get(tx, question.debate_id), caller, page=number, notice=notice)

    return await desk.writer.do(action)


async def approve(desk: Desk, caller: Caller, value: str, *, first: bool) -> Page:
    """The question is on the run-sheet, or (``first``) the next to be asked; the list anew. Raises Refusal."""
    question_id, number = _value(value)
    now = desk.now()

    def action(tx: Tx) -> Page:
        by = border.actor(tx, caller)
        question = debates.question(tx, None, question_id)
        # An approved one would go to the end of the run-sheet once more: a second press must not move it.
        if first or question.state != State.APPROVED or not by.moderator:
            ask.approve(tx, question_id, actor=by, now=now, first=first)
        say = caller.say
        notice = say("Será la siguiente: «{text}».", text=question.text) if first else ""
        notice = notice or say("Aprobada: «{text}».", text=question.text)
        return page_of(tx, debates.get(tx, question.debate_id), caller, page=number, notice=notice)

    return await desk.writer.do(action)


async def decline(desk: Desk, caller: Caller, question_id: int, reason: str) -> str:
    """The question is declined and its asker told why; returns what to tell the moderator. Raises Refusal."""
    now = desk.now()

    def action(tx: Tx) -> str:
        question = ask.decline(tx, question_id, reason=reason, actor=border.actor(tx, caller), now=now)
        return caller.say(
            "Rechazada: «{text}». Quien la propuso sabrá el motivo: {reason}",
            text=question.text,
            reason=question.reason,
        )

    return await desk.writer.do(action)


def page_of(tx: Tx, debate: Debate, caller: Caller, *, page: int = 0, notice: str = "") -> Page:
    """A debate's questions as the caller may see them now."""
    moderator = border.actor(tx, caller).moderator
    cards = cards_of(tx, debate, caller, moderator=moderator)
    shown = views.questions_page(caller.say, debate.title, cards, moderator=moderator, page=page, notice=notice)
    return views.with_planned(caller.say, [] if page or notice else planned_of(tx, debate, moderator=moderator), shown)


def planned_of(tx: Tx, debate: Debate, *, moderator: bool) -> list[str]:
    """The planned questions that a member can read before the debate; a moderator has them among the others."""
    return [] if moderator else [one.text for one in guests.beforehand(tx, debate)]


def cards_of(tx: Tx, debate: Debate, caller: Caller, *, moderator: bool) -> list[views.Card]:
    """The questions that the caller may see: those to decide, most votes first, then the run-sheet.

    A member sees the approved ones of the audience, most votes first, and their own.
    """
    debate_id = debates.ident(debate)
    votes = store.votes(tx, debate_id)
    try:
        me = people.find(tx, caller.who)
        voted = store.voted(tx, debate_id, me.person_id)
    except errors.NoSuchPerson:
        me, voted = None, set()
    pending, approved = [], []
    for one in debates.questions(tx, debate_id):
        asker = people.identity(tx, one.asker_id) if one.asker_id is not None else None
        mine = me is not None and asker is not None and asker.id == me.id
        ident = one.id or 0
        card = views.Card(
            ident,
            one.text,
            one.state,
            votes.get(ident, 0),
            asker.name if asker else "",
            mine,
            ident in voted,
            next=False,
        )
        seen = moderator or mine or one.source == Source.AUDIENCE
        if one.state == State.PENDING and (moderator or mine):
            pending.append(card)
        elif one.state == State.APPROVED and seen:
            approved.append(card)
    pending.sort(key=lambda card: -card.votes)
    if not moderator:
        return [*pending, *sorted(approved, key=lambda card: -card.votes)]
    return [*pending, *(replace(card, next=at == 0) for at, card in enumerate(approved))]


def _value(value: str) -> tuple[int, int]:
    """(question id, page) of a button; raises ``NoSuchQuestion`` for anything else."""
    question, _, page = value.partition(":")
    if not question.isdecimal() or (page and not page.isdecimal()) or len(value) > 20:
        raise errors.NoSuchQuestion(question=value[:20])
    return int(question), int(page or 0)
