"""The slash commands and what is typed to the bot directly: understood, done in one action, answered in private."""

import json
from typing import Any

from bot import errors
from bot.store import debates
from bot.store.engine import Tx
from bot.tables import Debate
from handlers import commands
from handlers.commands import Command, Order, Request
from handlers.slack import attending, planning, questions, season, views
from handlers.slack import desk as border
from handlers.slack.blocks import Page
from handlers.slack.desk import Caller, Desk
from handlers.slack.invitations import Invited

PREFIX = "/tertulia "
CALENDAR = 20


async def typed(desk: Desk, caller: Caller, text: str) -> None:
    """What the text asks for is done and answered. Raises Refusal."""
    await given(desk, caller, commands.parse(text, prefix=PREFIX, language=caller.say.locale))


async def asked(desk: Desk, caller: Caller, text: str) -> None:
    """The text of ``/pregunta`` is proposed as a question; without one, the form for it is offered."""
    if text.strip():
        await desk.reply(caller, await questions.propose(desk, caller, text))
        return
    missing = errors.MissingArgument(
        word="/pregunta", what="el texto de la pregunta", example="/pregunta " + caller.say("¿De quién depende?")
    )
    page = views.form_page(caller.say, caller.say.error(missing), "ask", caller.say("Escribirla en un formulario"))
    await desk.reply(caller, page)


async def given(desk: Desk, caller: Caller, command: Command) -> None:
    """The command is done and answered. Raises Refusal."""
    match command.order:
        case Order.HELP:
            await desk.reply(caller, await help_for(desk, caller))
        case Order.NOW:
            await desk.reply(caller, await now_for(desk, caller))
        case Order.CALENDAR:
            found = await desk.read(lambda tx: coming(tx, desk, caller))
            await desk.reply(caller, views.calendar_page(caller.say, found))
        case Order.GOING:
            await desk.reply(caller, await attending.typed(desk, caller, command.text))
        case Order.REMIND:
            await desk.reply(caller, await attending.typed_wish(desk, caller, command.text))
        case Order.QUESTIONS:
            await desk.reply(caller, await questions.show(desk, caller))
        case Order.ASK:
            await asked(desk, caller, command.text)
        case Order.NEW:
            await planning.asked_for(desk, caller, command.text)
        case Order.SEASON:
            await season.open_for(desk, caller, command.text)
        case _:
            await _order(desk, caller, command)


async def help_for(desk: Desk, caller: Caller) -> Page:
    """What the caller may ask for."""
    moderator = await desk.read(lambda tx: border.actor(tx, caller).moderator)
    return views.help_page(caller.say, moderator=moderator)


async def now_for(desk: Desk, caller: Caller) -> Page:
    """Where the debate stands that the caller means. Raises ``NoDebateHere``."""

    def reading(tx: Tx) -> Page:
        debate = border.meant(tx, caller.channel, also_elsewhere=True)
        return views.now_page(caller.say, desk.where(tx, debate), timezone=debate.timezone)

    return await desk.read(reading)


def coming(tx: Tx, desk: Desk, caller: Caller, *, limit: int = CALENDAR) -> list[views.Coming]:
    """What is on, and what comes, soonest first; of what comes, how the caller stands to it."""
    on = [one for one in debates.listening(tx) if one.phase in {"open", "held"}]
    found = [*((one, True) for one in on), *((one, False) for one in debates.coming(tx, limit=limit))]
    mine = border.actor(tx, caller).moderator
    return [
        _coming(tx, one, desk, None if live else attending.invited(tx, one, caller), mine=mine)
        for one, live in found[:limit]
    ]


def _coming(tx: Tx, debate: Debate, desk: Desk, invited: Invited | None, *, mine: bool) -> views.Coming:
    held = {place.platform: place.address for place in debates.places(tx, debates.ident(debate))}
    link = f"{desk.house.url}/d/{debate.slug}"
    return views.Coming(
        debates.ident(debate),
        debate.title,
        debate.starts_at,
        debate.timezone,
        held.get("slack", ""),
        link,
        invited,
        mine,
    )


# --- orders ----------------------------------------------------------------------------------------------------------


async def _order(desk: Desk, caller: Caller, command: Command) -> None:
    now = desk.now()

    def action(tx: Tx) -> str:
        debate = border.meant(tx, caller.channel, also_elsewhere=False)
        by = Request(border.actor(tx, caller), now, desk.house, caller.say)
        return commands.obey(tx, debate, command, by)

    try:
        done = await desk.writer.do(action)
    except (errors.StillPouring, errors.SomethingSaid) as doubt:
        value = await desk.read(lambda tx: _ticket(tx, border.meant(tx, caller.channel, also_elsewhere=False), command))
        await desk.reply(caller, views.really_page(caller.say, caller.say.error(doubt), value))
    else:
        await desk.reply(caller, done)


async def really(desk: Desk, caller: Caller, value: str) -> str:
    """The order of a «¿de verdad?» button is done, once: returns what to tell the moderator. Raises Refusal.

    A button that is pressed again, or when the debate has gone on since, does nothing.
    """
    ticket = _read_ticket(value)
    now = desk.now()

    def action(tx: Tx) -> str:
        debate = debates.get(tx, int(ticket["debate"]))
        command = Command(Order(ticket["order"]), really=True)
        by = Request(border.actor(tx, caller), now, desk.house, caller.say)
        if by.actor.moderator and _ticket(tx, debate, command) != value:
            return caller.say("El debate ha seguido desde entonces; no se ha hecho nada.")
        return commands.obey(tx, debate, command, by)

    return await desk.writer.do(action)


def _ticket(tx: Tx, debate: Debate, command: Command) -> str:
    """The order, and how far the debate is: it is good for as long as no further question has been asked."""
    asked_so_far = sum(1 for one in debates.questions(tx, debates.ident(debate)) if one.number is not None)
    ticket = {"order": command.order.value, "debate": debate.id, "asked": asked_so_far}
    return json.dumps(ticket)


def _read_ticket(value: str) -> dict[str, Any]:
    try:
        found = json.loads(value)
        return {"order": Order(found["order"]), "debate": int(found["debate"])}
    except (ValueError, TypeError, KeyError) as error:
        raise errors.NoDebateHere from error
