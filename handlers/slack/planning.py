"""A debate planned with free words, «/tertulia nuevo jueves 19:00 …»: what was understood is read and confirmed.

Nothing is planned from words: they fill in the form, and the form plans.
"""

import json
from collections.abc import Sequence
from datetime import datetime

from bot import dates, errors, localtime, places, when
from bot.actions import plan
from bot.debatefile import LONGEST_TITLE
from bot.phrase import phrase
from bot.when import Understood
from bot.words.catalogue import Words
from handlers import commands
from handlers.slack import blocks, forms, modal, views
from handlers.slack import desk as border
from handlers.slack.blocks import Page
from handlers.slack.desk import Caller, Desk
from handlers.slack.forms import Given
from handlers.slack.mrkdwn import to_mrkdwn

# Slack shows 3,000 characters in a block; a community has a handful of zones.
MOST_ZONES = 25


async def asked_for(desk: Desk, caller: Caller, text: str) -> None:
    """What ``/tertulia nuevo [CUÁNDO TÍTULO]`` asks for is before the moderator; raises ``NotModerator``."""
    if text:
        await heard(desk, caller, text)
    else:
        await modal.open_new_debate(desk, caller)


async def heard(desk: Desk, caller: Caller, text: str) -> None:
    """The moderator reads what the words mean, with a button that opens the form; raises ``NotModerator``.

    What was not understood is answered with the sentence why, and a button that opens the form as far as it was.
    """
    await desk.read(lambda tx: plan.require_moderator(border.actor(tx, caller)))
    try:
        found = read(desk, text)
    except errors.Refusal as refusal:
        sentence = caller.say.error(modal.readable(caller.say, refusal, desk.house.timezone))
        label = caller.say("Abrir el formulario")
        await desk.reply(caller, views.form_page(caller.say, sentence, "new_at", label, _value(_so_far(refusal))))
    else:
        await desk.reply(caller, echo(caller.say, found, zones=desk.house.zones))


async def open_at(desk: Desk, caller: Caller, value: str) -> None:
    """The form for a new debate is before the moderator with what had been understood; raises ``NotModerator``."""
    await modal.open_new_debate(desk, caller, given_in(value), again="new_at", value=value)


async def not_that(desk: Desk, caller: Caller, _value: str) -> Page:
    """What was understood is gone, nothing was planned, and there is another way."""
    await desk.read(lambda tx: plan.require_moderator(border.actor(tx, caller)))
    example = commands.rule(commands.Order.NEW).sample(caller.say.locale)
    sentence = caller.say(
        "De acuerdo: no se ha programado nada. Dilo de otra manera ({example}) o elige día y hora en el formulario.",
        example=f"/tertulia {example}",
    )
    return views.form_page(caller.say, sentence, "new", caller.say("Abrir el formulario"))


def means_a_date(desk: Desk, text: str) -> bool:
    """Whether a message that ends in a question is a debate to plan: «nuevo jueves 19:00 ¿Quién es el CXO?»."""
    try:
        command = commands.parse(text)
        return command.order is commands.Order.NEW and bool(command.text) and bool(read(desk, command.text).zone)
    except errors.Refusal:
        return False


def read(desk: Desk, text: str) -> Understood:
    """What the words mean in this house; raises ``Refusal``."""
    house = desk.house
    found = when.understand(text, now=desk.now(), zone=house.timezone, zones=(*house.zones, *places.USUAL))
    if len(found.rest) > LONGEST_TITLE:
        limit = phrase("{count} caracteres", count=LONGEST_TITLE)
        raise errors.FilledUp(what="el título", limit=limit, size=f"{len(found.rest)}")
    return found


def echo(say: Words, found: Understood, *, zones: Sequence[str]) -> Page:
    """What was understood, in full: on the clocks of its zone, of every zone of the community and of the reader."""
    lines = told(say, found, zones=zones)
    text = "\n".join(to_mrkdwn(line) for line in lines)
    fallback = dates.long(found.instant, found.zone, locale=say.locale)
    mine = say("en tu hora: {time}", time=blocks.local_time(found.instant.timestamp(), fallback))
    given = Given(found.rest, f"{found.local:%Y-%m-%d}", f"{found.local:%H:%M}", found.zone)
    made = [
        blocks.said(lines[0]), blocks.said("\n".join(lines[1:])), blocks.marked(mine),
        blocks.actions(
            blocks.button("new_at", say("Sí: abrir el formulario"), _value(given), style="primary"),
            blocks.button("not_that", say("No es eso")),
        ),
    ]  # fmt: skip
    return Page(text, made)


def told(say: Words, found: Understood, *, zones: Sequence[str]) -> list[str]:
    """The sentences of the echo: the day in full, the other zones, the title, what could be read otherwise."""
    instant = found.instant
    lines = [say("Entiendo: {when}.", when=dates.long(instant, found.zone, locale=say.locale))]
    others = [one for one in dict.fromkeys(zones) if one != found.zone][:MOST_ZONES]
    lines += [f"• {dates.long(instant, one, locale=say.locale)}" for one in others]
    if found.rest:
        lines.append(say("Título: «{title}».", title=found.rest))
    lines += [say("Ojo: {note}.", note=say.again(one)) for one in found.notes]
    lines.append(say("No se ha programado nada todavía: ¿es eso?"))
    return lines


def _so_far(refusal: errors.Refusal) -> Given:
    """What is known though the whole was not understood: its day; of an hour that comes twice, all but which."""
    if isinstance(refusal, errors.TwoTimes):
        first = datetime.fromisoformat(str(refusal.fields["first"]))
        return Given(date=f"{first:%Y-%m-%d}", time=f"{first:%H:%M}", zone=str(refusal.fields["zone"]))
    return Given(date=str(refusal.fields.get("day") or ""))


def _value(given: Given) -> str:
    return json.dumps([given.title, given.date, given.time, given.zone], ensure_ascii=False)


def given_in(value: str) -> Given:
    """What a button carries; nothing where it is not ours to read."""
    try:
        title, date, time, zone = (str(one) for one in json.loads(value))
        if date:
            datetime.fromisoformat(f"{date}T{time or '00:00'}")
        if zone:
            localtime.zone(zone)
    except (ValueError, TypeError):
        return forms.NOTHING
    return Given(title, date, time, zone)
