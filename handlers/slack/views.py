"""The pages that one person alone reads: help, calendar, where we are, the questions, the Home tab. Pure builders.

Every page says in ``text`` all that its blocks say; blocks are kept under 45 a page.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot import dates
from bot.actions.now import AskedSoFar, Now
from bot.debate import Phase
from bot.question import State
from bot.words.catalogue import Words
from handlers.commands import GRAMMAR, Order
from handlers.slack import blocks, invitations
from handlers.slack.blocks import Block, Page
from handlers.slack.invitations import Invited
from handlers.slack.mrkdwn import to_mrkdwn

# Questions on one page: two blocks each, and room for heading, pager and notice.
CARDS_A_PAGE = 20
# Of the questions before the one that is open, the last ones are told again.
EARLIER = 8
# Slack takes 100 blocks on a Home tab.
MOST_AT_HOME = 100


@dataclass(frozen=True, slots=True)
class Coming:
    """A debate in the calendar: ``where`` is its Slack channel, empty when it is held elsewhere.

    ``invited`` is how the reader stands to it; None when it is on already. ``mine`` when the reader moderates it.
    """

    id: int
    title: str
    starts_at: datetime
    timezone: str
    where: str
    link: str
    invited: Invited | None
    mine: bool = False

    @property
    def live(self) -> bool:
        """Whether it is on."""
        return self.invited is None


@dataclass(frozen=True, slots=True)
class Card:
    """A question as its reader sees it; ``mine`` when they asked it, ``voted`` when it has their vote."""

    id: int
    text: str
    state: str
    votes: int
    asker: str
    mine: bool
    voted: bool
    next: bool


# --- help and calendar -----------------------------------------------------------------------------------------------


def help_page(say: Words, *, moderator: bool) -> Page:
    """What can be typed, for a member or for a moderator."""
    orders = (Order.NOW, Order.CALENDAR, Order.QUESTIONS, Order.GOING, Order.REMIND, Order.HELP)
    members = [_about(say, order) for order in orders]
    ask = "/pregunta " + ("TEXT" if say.locale == "en" else "TEXTO")
    members.insert(3, f"`{ask}`: " + say("propone una pregunta al debate"))
    how = say("Responde en el hilo de cada pregunta (P1, P2…), o empieza tu mensaje con R1, R2…")
    shortcut = say("En un hilo no hay órdenes: propón una pregunta desde el menú ⋮ de cualquier mensaje.")
    lines = [say("Esto es lo que puedes pedirme:"), *members, "", how, shortcut]
    if moderator:
        lines += ["", say("Y como moderas:"), *(_about(say, one.order) for one in GRAMMAR if one.moderator)]
    text = "\n".join(lines)
    return Page(text, [blocks.marked(text)])


def _about(say: Words, order: Order) -> str:
    one = next(one for one in GRAMMAR if one.order is order)
    return f"`/tertulia {one.name(say.locale)}`: {one.about(say)}"


def calendar_page(say: Words, debates: Sequence[Coming], *, most: int = 20) -> Page:
    """The debate that is on and those that come, each at its own zone's time and at the reader's."""
    if not debates:
        return Page(say("No hay ningún debate programado todavía."))
    texts, made = [say("Los próximos debates:")], [blocks.header(say("Los próximos debates"))]
    for one in debates[:most]:
        when = say("ahora mismo") if one.live else dates.long(one.starts_at, one.timezone, locale=say.locale)
        state = invitations.state(say, one.invited) if one.invited is not None else ""
        texts.append(f"{one.title}: {when}" + (f". {state}" if state else ""))
        made.append(blocks.marked(_entry(say, one, when) + (f"\n{state}" if state else "")))
        if one.invited is not None:
            calendar = f"{one.link}/calendar.ics"
            row = invitations.buttons(say, one.id, one.title, one.invited.answer, calendar=calendar)
            if one.mine:
                change = say("Cambiar o mover…")
                row["elements"].append(blocks.button("change", change, str(one.id), about=f"{change} {one.title}"))
                again = say("Repetir en otra fecha…")
                row["elements"].append(blocks.button("clone", again, str(one.id), about=f"{again} {one.title}"))
            made.append(row)
    return Page("\n".join(to_mrkdwn(line) for line in texts), made)


def _entry(say: Words, one: Coming, when: str) -> str:
    mine = (
        "" if one.live else " · " + say("en tu hora: {time}", time=blocks.local_time(one.starts_at.timestamp(), when))
    )
    where = f" · <#{one.where}>" if one.where else ""
    return f"*{to_mrkdwn(one.title)}*\n{when}{mine}{where} · <{one.link}|" + say("en la web") + ">"


# --- where we are ----------------------------------------------------------------------------------------------------


def now_page(say: Words, now: Now, *, timezone: str) -> Page:
    """The question that is open, the minutes left, and the best answers so far."""
    head = _where(say, now, timezone)
    current = [one for one in now.asked if one.number == now.number]
    earlier = [one for one in now.asked if one.number != now.number][-EARLIER:]
    texts, made = [head, *_answers(say, current)], [blocks.header(now.title), blocks.said(head)]
    made += [blocks.said(line) for line in _answers(say, current)]
    if earlier:
        made.append(blocks.small(say("Antes se preguntó:")))
    for one in earlier:
        whole = "\n".join([f"P{one.number} {one.text}", *_answers(say, [one], quiet=True)])
        texts.append(whole)
        made.append(blocks.said(whole))
    return Page("\n".join(to_mrkdwn(line) for line in texts), made[: blocks.MOST_BLOCKS])


def _where(say: Words, now: Now, timezone: str) -> str:
    left = [] if now.seconds_in_all is None else [say("{time} en total", time=_minutes(say, now.seconds_in_all))]
    if now.seconds_for_question is not None:
        left.insert(0, say("{time} para esta pregunta", time=_minutes(say, now.seconds_for_question)))
    time = "\n" + say("Tiempo: {left}.", left=" · ".join(left)) if left else ""
    question = say("Vamos por la P{number}: {text}", number=now.number, text=now.question) if now.number else ""
    if now.phase is Phase.HELD:
        return "\n".join(part for part in (question, say("El debate está en pausa: el reloj no corre.")) if part)
    if now.phase is Phase.OPEN:
        return (question or say("Acabamos de empezar: la primera pregunta está al llegar.")) + time
    if now.phase is Phase.GRACE:
        return say("El debate ha cerrado; aún se recogen respuestas tardías.")
    return say("Todavía no ha empezado: {when}.", when=dates.long(now.starts_at, timezone, locale=say.locale))


def _minutes(say: Words, seconds: int) -> str:
    if seconds < 60:
        return say("menos de un minuto")
    return say("{minutes} min", minutes=round(seconds / 60))


def _answers(say: Words, asked: Sequence[AskedSoFar], *, quiet: bool = False) -> list[str]:
    lines = [
        f"• {best.author}: {best.text}" + (f" ({_reactions(say, best.reactions)})" if best.reactions else "")
        for one in asked
        for best in one.best
    ]
    if quiet or not asked:
        return lines
    return [say("Lo mejor hasta ahora:"), *lines] if lines else [say("Aún no hay respuestas: estrena tú el hilo.")]


def _reactions(say: Words, count: int) -> str:
    return say("1 reacción") if count == 1 else say("{count} reacciones", count=count)


def votes_of(say: Words, count: int) -> str:
    """«3 votos»."""
    return say("1 voto") if count == 1 else say("{count} votos", count=count)


# --- the questions ---------------------------------------------------------------------------------------------------


def questions_page(
    say: Words, title: str, cards: Sequence[Card], *, moderator: bool, page: int = 0, notice: str = ""
) -> Page:
    """The questions of a debate with their buttons: voting for a member, deciding for a moderator."""
    last = max(0, (len(cards) - 1) // CARDS_A_PAGE)
    page = min(max(page, 0), last)
    shown = cards[page * CARDS_A_PAGE : (page + 1) * CARDS_A_PAGE]
    heading = say("Preguntas para «{title}»", title=title)
    made = [blocks.said(notice)] if notice else []
    made.append(blocks.header(heading))
    texts = [*([notice] if notice else []), heading]
    if not shown:
        empty = say("No hay ninguna todavía. Propón la tuya con /pregunta.")
        return Page("\n".join(to_mrkdwn(line) for line in (*texts, empty)), [*made, blocks.said(empty)])
    for card in shown:
        line = _line(say, card)
        texts.append(f"• {line}")
        made += [blocks.said(line), *_buttons(say, card, page=page, moderator=moderator)]
    if last:
        made.append(_pager(say, cards[0].id, page, last))
    return Page("\n".join(to_mrkdwn(line) for line in texts), made)


def with_planned(say: Words, planned: Sequence[str], page: Page) -> Page:
    """The page with the planned questions above it, where they can be read already."""
    if not planned:
        return page
    text = "\n".join([say("Las preguntas previstas:"), *(f"{at}. {one}" for at, one in enumerate(planned, start=1))])
    return Page(f"{to_mrkdwn(text)}\n\n{page.text}", [blocks.said(text), *page.blocks])


def _line(say: Words, card: Card) -> str:
    state = {
        State.PENDING: say("pendiente de aprobar"),
        State.APPROVED: say("es la siguiente") if card.next else say("aprobada"),
    }.get(State(card.state), card.state)
    asker = say("tuya") if card.mine else card.asker
    notes = [one for one in (state, asker, votes_of(say, card.votes) if card.votes else "") if one]
    return f"{card.text} ({' · '.join(notes)})"


def _buttons(say: Words, card: Card, *, page: int, moderator: bool) -> list[Block]:
    value, made = f"{card.id}:{page}", []
    if moderator:
        if card.state == State.PENDING:
            made.append(
                blocks.button(
                    "approve", say("Aprobar"), value, style="primary", about=say("Aprobar: {text}", text=card.text)
                )
            )
        if not card.next:
            made.append(
                blocks.button(
                    "first",
                    say("Que sea la siguiente"),
                    value,
                    about=say("Que sea la siguiente: {text}", text=card.text),
                )
            )
        made.append(
            blocks.button(
                "decline", say("Rechazar…"), value, style="danger", about=say("Rechazar: {text}", text=card.text)
            )
        )
    elif not card.mine:
        # The button says what it wants, not «the other way round»: pressed twice it does the same.
        if card.voted:
            made.append(
                blocks.button(
                    "unvote", say("Quitar mi voto"), value, about=say("Quitar mi voto: {text}", text=card.text)
                )
            )
        else:
            made.append(blocks.button("vote", say("Votar"), value, about=say("Votar: {text}", text=card.text)))
    return [blocks.actions(*made)] if made else []


def _pager(say: Words, any_question: int, page: int, last: int) -> Block:
    made = []
    if page > 0:
        made.append(blocks.button("page_back", say("Anteriores"), f"{any_question}:{page - 1}"))
    if page < last:
        made.append(blocks.button("page_on", say("Más preguntas"), f"{any_question}:{page + 1}"))
    return blocks.actions(*made)


# --- small answers ---------------------------------------------------------------------------------------------------


def really_page(say: Words, sentence: str, value: str) -> Page:
    """A refusal that a moderator can lift: the sentence, and the button that repeats the order."""
    return Page(
        to_mrkdwn(sentence),
        [blocks.said(sentence), blocks.actions(blocks.button("really", say("Sí, de verdad"), value, style="danger"))],
    )


def form_page(say: Words, sentence: str, action_id: str, label: str, value: str = "") -> Page:
    """A sentence and the button that opens a form."""
    return Page(to_mrkdwn(sentence), [blocks.said(sentence), blocks.actions(blocks.button(action_id, label, value))])


# --- the Home tab ----------------------------------------------------------------------------------------------------


def home(
    say: Words, *, now: Page | None, ahead: Sequence[Block], cards: Page | None, waiting: int | None, notice: str = ""
) -> Block:
    """The Home tab: what is on, the questions to vote for, what comes, and help.

    ``ahead`` is the calendar; ``waiting`` is how many questions a moderator has to decide, None for a member.
    """
    made = [blocks.said(notice)] if notice else []
    if now is not None:
        made += now.blocks
    else:
        made += [
            blocks.header(say("Ahora no hay ningún debate en marcha")),
            blocks.small(say("Aquí verás lo que viene.")),
        ]
    if waiting is not None:
        made += _for_moderators(say, waiting)
    if cards is not None:
        made += cards.blocks
        made.append(blocks.actions(blocks.button("ask", say("Proponer pregunta"))))
    made += [{"type": "divider"}, *ahead]
    made += [{"type": "divider"}, *help_page(say, moderator=waiting is not None).blocks]
    return {"type": "home", "blocks": made[:MOST_AT_HOME]}


def calendar_at_home(say: Words, coming: Sequence[Coming]) -> list[Block]:
    """The debates that come, or that there is none."""
    page = calendar_page(say, coming, most=10)
    return [*page.blocks] or [blocks.said(page.text)]


def _for_moderators(say: Words, waiting: int) -> list[Block]:
    sentence = say("Preguntas por decidir: {count}. Con /tertulia preguntas las apruebas o rechazas.", count=waiting)
    return [blocks.said(sentence), blocks.actions(blocks.button("new", say("Programar un debate"), style="primary"))]
