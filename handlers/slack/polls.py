"""Polls, as Slack sees them: a button below the post that invites, a form with boxes to tick, and a word of thanks.

Of an anonymous poll nothing is shown that was answered, and nothing said here is logged.
"""

from collections.abc import Mapping
from typing import Any

from bot import errors, poll
from bot.actions import polls
from bot.poll import Choice, Kind, Planned
from bot.ports import Actor
from bot.store import debates, people
from bot.store import polls as store
from bot.store.engine import Tx
from bot.tables import Debate
from bot.tables_year import Poll
from bot.words.catalogue import Words
from handlers.slack import blocks, modal
from handlers.slack.blocks import Block
from handlers.slack.desk import Caller, Desk, Json
from handlers.slack.looks import POLL
from handlers.slack.modal import Ack


async def open_form(desk: Desk, caller: Caller, value: str) -> None:
    """The form of the poll (``before:12``, kind and debate) is before the caller, with what they answered before.

    Raises ``NoSuchPoll``, ``PollClosed`` or ``AnsweredBefore``.
    """

    def reading(tx: Tx) -> Block:
        debate, row = _meant(tx, value)
        if not polls.is_open(row, debate, now=desk.now()):
            raise errors.PollClosed
        kind, mine = Kind(row.kind), None
        try:
            person = people.find(tx, caller.who).person_id
        except errors.NoSuchPerson:
            person = 0
        if kind is Kind.PULSE and store.has_answered(tx, row.id or 0, person):
            raise errors.AnsweredBefore
        if kind is not Kind.PULSE:
            mine = store.mine(tx, row.id or 0, person)
        return form(caller.say, kind, store.planned(row), mine, keep=modal.keep(caller, poll=value))

    await modal.open_view(desk, caller, await desk.read(reading), again=POLL, value=value)


async def sent(desk: Desk, caller: Caller, view: Json, ack: Ack) -> None:
    """The answer counts and its author is thanked, or the fault stands on the choice."""
    given = read(view["state"]["values"])
    value = modal.kept_in(view).get("poll", "")
    await modal.finish(desk, caller, ack, "choice", _answer(desk, caller, value, given))


async def _answer(desk: Desk, caller: Caller, value: str, given: Choice) -> str:
    now = desk.now()

    def action(tx: Tx) -> str:
        debate, row = _meant(tx, value)
        kind = Kind(row.kind)
        polls.answer(tx, debate, kind, given, voter=Actor(caller.who, caller.name), now=now)
        return thanks(caller.say, kind)

    return await desk.writer.do(action)


def thanks(say: Words, kind: Kind) -> str:
    """What somebody reads who has answered."""
    if kind is Kind.PULSE:
        return say("Gracias. Tu respuesta es anónima: está entre las demás y no se sabe cuál es.")
    if kind is Kind.TOPIC:
        return say("Gracias, tu voto cuenta. Puedes cambiarlo mientras la votación esté abierta.")
    return say("Gracias, tu respuesta cuenta. Puedes cambiarla hasta que empiece el debate.")


def _meant(tx: Tx, value: str) -> tuple[Debate, Poll]:
    kind, _, ident = value.partition(":")
    if not ident.isdecimal():
        raise errors.NoSuchPoll
    debate = debates.get(tx, ident)
    return debate, store.needed(tx, debates.ident(debate), poll.kind_of(kind))


# --- the form --------------------------------------------------------------------------------------------------------


def form(say: Words, kind: Kind, asked: Planned, mine: Choice | None, *, keep: str) -> Block:
    """The form of a poll: boxes where several may be chosen, else one of all, and a line for what is not among them."""
    options = [
        {"text": blocks.plain(text, blocks.LONGEST_OPTION), "value": str(number)}
        for number, text in enumerate(asked.options, start=1)
    ]
    element: Block = {"type": "checkboxes" if asked.several else "radio_buttons", "options": options}
    chosen = [options[number - 1] for number in (mine.options if mine else ()) if number <= len(options)]
    if chosen:
        element |= {"initial_options": chosen} if asked.several else {"initial_option": chosen[0]}
    label = say("Puedes elegir varias") if asked.several else say("Elige una")
    # A modal's blocks keep what was typed by their ids, also where a choice is only in free words.
    made = [blocks.said(asked.text), blocks.field("choice", label, element, optional=kind is not Kind.PULSE)]
    if asked.other:
        words: Block = {"type": "plain_text_input", "max_length": poll.LONGEST_OTHER, "multiline": kind is Kind.PULSE}
        if mine and mine.other:
            words["initial_value"] = mine.other
        about = say("¿Algo más que quieras decir?") if kind is Kind.PULSE else say("Otra cosa")
        made.append(blocks.field("other", about, words, optional=True))
    if kind is Kind.PULSE:
        made.append(blocks.small(_anonymous(say)))
    return blocks.modal(POLL, _title(say, kind), made, submit=say("Enviar"), close=say("Cancelar"), keep=keep)


def _anonymous(say: Words) -> str:
    return say(
        "Es anónima: no se guarda quién respondió qué ni cuándo, y quien modera solo ve el conjunto, si responden al "
        "menos {enough} personas. Por eso no se puede cambiar después.",
        enough=poll.ENOUGH,
    )  # fmt: skip


def _title(say: Words, kind: Kind) -> str:
    titles = {Kind.BEFORE: say("Antes del debate"), Kind.TOPIC: say("El próximo tema"), Kind.PULSE: say("El pulso")}
    return titles[kind]


def read(values: Mapping[str, Any]) -> Choice:
    """What was ticked and typed; what is missing is empty, and what is no number is no option (0)."""
    chosen = (values.get("choice") or {}).get("choice") or {}
    ticked = [*(chosen.get("selected_options") or ()), *filter(None, [chosen.get("selected_option")])]
    numbers = [str(one.get("value")) for one in ticked]
    typed = ((values.get("other") or {}).get("other") or {}).get("value") or ""
    return Choice(tuple(int(one) if one.isdecimal() and len(one) < 4 else 0 for one in numbers), str(typed))
