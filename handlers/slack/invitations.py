"""An invitation and its reminders as Slack shows them: three answers, a button for a reminder, a form. Pure."""

from typing import NamedTuple

from bot import dates, invitation
from bot.actions.reminders import Chosen
from bot.invitation import Answer, Counts
from bot.tables import Debate
from bot.words.catalogue import Words
from handlers.slack import blocks
from handlers.slack.blocks import Block, Page
from handlers.slack.mrkdwn import moment, to_mrkdwn

# What the buttons are called; the value of each is the debate's id, and of those for all debates ``ALL``.
GOING = {answer: f"going_{answer.value}" for answer in Answer}
NOT_SAID = "going_off"
REMIND, REMIND_OFF, REMINDERS = "remind", "remind_off", "reminders"
CALENDAR = "calendar"  # a link: Slack opens it by itself, and tells us all the same
ALL = "0"
_LONGEST_TYPED = 80


class Invited(NamedTuple):
    """A coming debate as one person sees it: who comes, what they answered, how they are reminded."""

    counts: Counts
    answer: Answer | None
    chosen: Chosen


# --- below posts, and beside a coming debate -------------------------------------------------------------------------


def buttons(say: Words, debate_id: int, title: str, mine: Answer | None = None, *, calendar: str = "") -> Block:
    """The answers to an invitation and the reminder, below a post or an entry; the answer that was given is marked.

    With ``calendar``, the address of the debate's own calendar file, also the way into the reader's calendar.
    """
    value, labels = str(debate_id), {Answer.YES: say("Iré"), Answer.MAYBE: say("Quizá"), Answer.NO: say("No")}
    made = [
        blocks.button(
            GOING[one], f"✓ {label}" if one is mine else label, value, style="primary" if one is mine else "",
            about=f"{label}: {title}" if title else "",
        )
        for one, label in labels.items()
    ]  # fmt: skip
    remind = say("Recuérdamelo")
    made.append(blocks.button(REMIND, remind, value, about=f"{remind}: {title}" if title else ""))
    if calendar:
        made.append({**blocks.button(CALENDAR, say("Añadir a mi calendario")), "url": calendar})
    return blocks.actions(*made)


def state(say: Words, one: Invited) -> str:
    """Who comes, and how the reader is reminded, in one line; empty where there is nothing to say."""
    lines = [who_comes(say, one.counts)]
    if one.chosen.ahead and one.answer is not Answer.NO:
        lines.append(_reminded(say, one.chosen))
    return " ".join(line for line in lines if line)


def below(say: Words, debate_id: int | None) -> Block:
    """What stands below a reminder that somebody reads in private: no more of them, or others."""
    value = str(debate_id or ALL)
    return blocks.actions(
        blocks.button(REMIND_OFF, say("No más de este debate"), value), blocks.button(REMINDERS, say("Avisos…"), value)
    )


def local(say: Words, starts: str, when: str = "") -> str:
    """Markup that shows each reader the start (Unix seconds) on their own clock; ``when`` where Slack cannot."""
    return say("En tu hora: {time}", time=blocks.local_time(float(starts), when or moment(starts)))


# --- what the person is told -----------------------------------------------------------------------------------------


def told(say: Words, debate: Debate, one: Invited) -> Page:
    """What the person has answered, who else comes, and the reminder that they have or can have with one press."""
    when = dates.long(debate.starts_at, debate.timezone, locale=say.locale)
    sentences = {
        Answer.YES: say("Apuntado: vas a «{title}», {when}.", title=debate.title, when=when),
        Answer.MAYBE: say("Anotado: quizá vas a «{title}», {when}.", title=debate.title, when=when),
        Answer.NO: say("Anotado: no vas a «{title}».", title=debate.title),
    }
    gone = say("Tu respuesta a «{title}» está quitada.", title=debate.title)
    lines = [sentences[one.answer] if one.answer else gone, who_comes(say, one.counts)]
    if one.answer is not Answer.NO:
        lines.append(_reminded(say, one.chosen))
    made = [blocks.said("\n".join(line for line in lines if line))]
    if one.answer is not Answer.NO:
        made.append(blocks.marked(local(say, f"{debate.starts_at.timestamp():.0f}")))
    return Page(
        "\n".join(to_mrkdwn(line) for line in lines if line), [*made, blocks.actions(*_offers(say, debate, one))]
    )


def who_comes(say: Words, counts: Counts) -> str:
    """«Van a venir: 12. Quizá: 3.»; empty as long as nobody said so."""
    if not counts.yes and not counts.maybe:
        return ""
    return say("Van a venir: {yes}. Quizá: {maybe}.", yes=counts.yes, maybe=counts.maybe)


def _reminded(say: Words, chosen: Chosen) -> str:
    if not chosen.ahead:
        return say("Si quieres, te aviso por privado; si no, no te escribo.")
    return say("Te avisaré {before}.", before=invitation.before(say, chosen.ahead))


def _offers(say: Words, debate: Debate, one: Invited) -> list[Block]:
    value, made = str(debate.id), []
    if one.answer is not Answer.NO and not one.chosen.ahead:
        usual = say("Recuérdamelo {before}", before=invitation.before(say, invitation.DEFAULT))
        made.append(blocks.button(REMIND, usual, value, style="primary"))
    if one.answer is not Answer.NO and one.chosen.ahead:
        made.append(blocks.button(REMIND_OFF, say("Sin avisos"), value))
    made.append(blocks.button(REMINDERS, say("Avisos…"), value))
    if one.answer is not None:
        made.append(blocks.button(NOT_SAID, say("Quitar mi respuesta"), value))
    return made


def chosen_page(say: Words, chosen: Chosen, debate: Debate | None) -> Page:
    """How the person is reminded, in one sentence, and the two ways to change that."""
    before = invitation.before(say, chosen.ahead)
    if debate is None:
        sentence = (
            say("Te avisaré por privado de cada debate, {before}.", before=before)
            if chosen.ahead
            else say("No te aviso de ningún debate. Para que lo haga: /tertulia recordar 30m, o el botón.")
        )
    elif chosen.ahead:
        sentence = say("Te avisaré por privado de «{title}», {before}.", title=debate.title, before=before)
    else:
        sentence = say("No te avisaré de «{title}».", title=debate.title)
    if chosen.ahead and chosen.where.startswith("room:"):
        sentence += " " + say("Será en la sala web, mientras tengas abierta la página del debate.")
    value = str(debate.id) if debate is not None else ALL
    made = [blocks.button(REMINDERS, say("Avisos…"), value)]
    if chosen.ahead:
        made.insert(0, blocks.button(REMIND_OFF, say("Sin avisos"), value))
    return Page(to_mrkdwn(sentence), [blocks.said(sentence), blocks.actions(*made)])


# --- the form --------------------------------------------------------------------------------------------------------


def form(say: Words, chosen: Chosen, debate: Debate | None, ways: list[str], keep: str) -> Block:
    """Boxes for how long before, a line for another time, of which debates, and where, for who has several accounts."""
    made = [] if debate is None else [blocks.said(_titled(say, debate)), _of(say, debate, own=chosen.own)]
    offered = sorted({*invitation.SENSIBLE, *chosen.ahead}, reverse=True)
    options = [_option(say("{time} antes", time=invitation.span(say, one)), str(one)) for one in offered]
    boxes: Block = {"type": "checkboxes", "options": options}
    ticked = [one for one in options if int(one["value"]) in chosen.ahead]
    if ticked:
        boxes["initial_options"] = ticked
    made.append(
        blocks.field("ahead", say("Cuánto antes"), boxes, hint=say("Sin nada marcado, sin avisos."), optional=True)
    )
    line: Block = {"type": "plain_text_input", "max_length": _LONGEST_TYPED}
    made.append(
        blocks.field("other", say("Otra antelación"), line, hint=say("Por ejemplo 45m, 2h o 3d."), optional=True)
    )
    if len(ways) > 1:
        made.append(_where(say, ways, chosen.where))
    return blocks.modal(REMINDERS, say("Avisos"), made, submit=say("Guardar"), close=say("Cancelar"), keep=keep)


def _titled(say: Words, debate: Debate) -> str:
    return f"{debate.title}\n{dates.long(debate.starts_at, debate.timezone, locale=say.locale)}"


def _of(say: Words, debate: Debate, *, own: bool) -> Block:
    options = [_option(say("Solo de este debate"), str(debate.id)), _option(say("De todos los debates"), ALL)]
    element = {"type": "radio_buttons", "options": options, "initial_option": options[0]}
    hint = "" if own else say("De este debate no has pedido nada aparte.")
    return blocks.field("of", say("De qué"), element, hint=hint)


def _where(say: Words, ways: list[str], now: str) -> Block:
    names = {"slack": say("Aquí, en Slack"), "room": say("En la sala web, con su página abierta")}
    options = [_option(names[one.partition(":")[0]], one) for one in ways]
    first = next((one for one in options if one["value"] == now), options[0])
    return blocks.field("where", say("Dónde"), {"type": "radio_buttons", "options": options, "initial_option": first})


def _option(label: str, value: str) -> Block:
    return {"text": blocks.plain(label, blocks.LONGEST_OPTION), "value": value}
