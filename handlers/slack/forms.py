"""The modals: a new debate, a question, a reason; and what was filled in. Pure builders and readers."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot import errors, localtime
from bot.debatefile import LONGEST_TITLE, MOST_QUESTIONS, DebateFile, PlannedQuestion
from bot.phrase import phrase
from bot.question import LONGEST, clean
from bot.words.catalogue import Words
from handlers.slack import blocks
from handlers.slack.blocks import Block

MOST_ZONES = 100
# People number and bullet their lists; the P-number comes when the question is asked.
_NUMBERED = re.compile(r"^\s*(?:[-•*]|\d{1,2}[.)])\s+")
ROOM, X = "room", "x"

Filled = Mapping[str, Any]
"""``state.values`` of a submitted view: block id, action id, what the element holds."""


@dataclass(frozen=True, slots=True)
class NewDebate:
    """What somebody filled in for a new debate, not yet looked at."""

    title: str
    date: str
    time: str
    zone: str
    questions: str
    channel: str
    room: bool
    x: bool
    which: str  # of a time that occurs twice: its reading as ISO 8601 with offset, or empty


@dataclass(frozen=True, slots=True)
class Given:
    """What stands in the form for a new debate from the beginning; ``zone`` is the one that is chosen."""

    title: str = ""
    date: str = ""
    time: str = ""
    zone: str = ""
    channel: str = ""


NOTHING = Given()


def waiting(say: Words) -> Block:
    """What is before the person's eyes while the form is made."""
    text = say("Un momento…")
    return blocks.modal("wait", say("Nuevo debate"), [blocks.said(text)], close=say("Cerrar"))


def debate_form(
    say: Words, *, zones: Sequence[str], given: Given, keep: str, hashtag: str = "", twice: Sequence[str] = ()
) -> Block:
    """The form for a new debate; the first of ``zones`` is chosen. ``twice`` asks which of two equal times is meant.

    ``hashtag`` is that under which it can be held on X; without one X is not spoken of.
    """
    zones = [given.zone, *zones] if given.zone else zones
    options = [option(zone, zone) for zone in list(dict.fromkeys(zones))[:MOST_ZONES]]
    title = _initial("initial_value", given.title[:LONGEST_TITLE])
    date, time = _initial("initial_date", given.date), _initial("initial_time", given.time)
    text = {"type": "plain_text_input"}
    there = _initial("initial_conversation", given.channel)
    made = [
        blocks.field("title", say("Título"), {**text, "max_length": LONGEST_TITLE, **title}),
        blocks.field("date", say("Fecha"), {"type": "datepicker", **date}),
        blocks.field(
            "time", say("Hora"), {"type": "timepicker", **time}, hint=say("La de los relojes de la zona que elijas.")
        ),
        *([_which(say, twice)] if twice else []),
        blocks.field(
            "zone", say("Zona horaria"), {"type": "static_select", "options": options, "initial_option": options[0]}
        ),
        blocks.field(
            "questions", say("Preguntas"), {**text, "multiline": True, "max_length": blocks.LONGEST_INPUT},
            hint=say("Una por línea, en el orden en que saldrán."),
        ),
        blocks.field(
            "channel", say("Canal de Slack"),
            {"type": "conversations_select", "filter": {"include": ["public", "private"]}, **there},
            optional=True, hint=say("Invítame a ese canal: /invite @Tertulia. Vacío: no se celebra en Slack."),
        ),
        _ticked(ROOM, say("Sala web"), say("También en la sala web")),
        *([_ticked(X, "X", say("También en X, con #{hashtag}", hashtag=hashtag))] if hashtag else []),
    ]  # fmt: skip
    return blocks.modal(
        "new_debate", say("Nuevo debate"), made, submit=say("Programar"), close=say("Cancelar"), keep=keep
    )


def question_form(say: Words, *, text: str, keep: str) -> Block:
    """The form for a question, with the text it starts from."""
    element: dict[str, object] = {"type": "plain_text_input", "multiline": True, "max_length": LONGEST}
    if text:
        element["initial_value"] = text[:LONGEST]
    made = [blocks.field("question", say("Tu pregunta"), element)]
    return blocks.modal("ask", say("Proponer pregunta"), made, submit=say("Proponer"), close=say("Cancelar"), keep=keep)


def reason_form(say: Words, *, question: str, keep: str) -> Block:
    """The form for the reason why a question is declined."""
    element = {"type": "plain_text_input", "multiline": True, "max_length": 500}
    made = [
        blocks.said(question),
        blocks.field("reason", say("Motivo"), element, hint=say("Lo leerá quien la propuso.")),
    ]
    return blocks.modal(
        "decline", say("Rechazar pregunta"), made, submit=say("Rechazar"), close=say("Cancelar"), keep=keep
    )


def _initial(name: str, value: str) -> Block:
    """What an element shows from the beginning, where there is anything."""
    return {name: value} if value else {}


def _ticked(name: str, label: str, offer: str) -> Block:
    """A box that is ticked until somebody takes the tick away."""
    options = [option(offer, name)]
    return blocks.field(
        name, label, {"type": "checkboxes", "options": options, "initial_options": options}, optional=True
    )


def _which(say: Words, twice: Sequence[str]) -> Block:
    options = [option(f"{one[11:16]} (UTC{one[-6:]})", one) for one in twice]
    hint = say("Ese día se atrasan los relojes y esa hora ocurre dos veces.")
    return blocks.field("which", say("¿Cuál de las dos?"), {"type": "radio_buttons", "options": options}, hint=hint)


def option(label: str, value: str) -> Block:
    """One choice of a list."""
    return {"text": blocks.plain(label, blocks.LONGEST_OPTION), "value": value}


# --- what was filled in ----------------------------------------------------------------------------------------------


def read_debate(values: Filled) -> NewDebate:
    """What was filled in for a new debate; whatever is missing is empty."""
    return NewDebate(
        title=value(values, "title", "value"), date=value(values, "date", "selected_date"),
        time=value(values, "time", "selected_time"), zone=chosen(values, "zone"),
        questions=value(values, "questions", "value"), channel=value(values, "channel", "selected_conversation"),
        room=ROOM in ticked(values, ROOM), x=X in ticked(values, X),
        which=chosen(values, "which"),
    )  # fmt: skip


def text_of(values: Filled, name: str) -> str:
    """The text of a field."""
    return value(values, name, "value")


def plan_of(new: NewDebate, *, locale: str, hashtag: str = "") -> tuple[DebateFile | None, dict[str, errors.Refusal]]:
    """The debate as a plan, or what is wrong with each field by block id (every fault at once).

    Without a ``hashtag`` it is not held on X, whatever was filled in.
    """
    faults: dict[str, errors.Refusal] = {}
    title = " ".join(new.title.split())
    if not title:
        faults["title"] = errors.Empty(what="el título")
    elif len(title) > LONGEST_TITLE:
        faults["title"] = errors.FilledUp(
            what="el título", limit=phrase("{count} caracteres", count=LONGEST_TITLE), size=f"{len(title)}"
        )
    questions = _questions(new.questions, faults)
    starts = _starts(new, faults)
    on_x = new.x and bool(hashtag)
    if not (new.channel or new.room or on_x):
        faults["channel"] = (
            errors.Empty(what="los lugares: elige un canal, la sala o X") if hashtag
            else errors.Empty(what="los lugares: elige un canal o la sala")
        )  # fmt: skip
    if faults:
        return None, faults
    plan = DebateFile(
        title=title, questions=questions, starts=starts, timezone=new.zone, locale=locale, slack=new.channel,
        room=new.room, x=on_x,
    )  # fmt: skip
    return plan, {}


def _questions(text: str, faults: dict[str, errors.Refusal]) -> tuple[PlannedQuestion, ...]:
    lines = [line for line in (_NUMBERED.sub("", one).strip() for one in text.splitlines()) if line]
    if not lines:
        faults["questions"] = errors.Empty(what="las preguntas")
    if len(lines) > MOST_QUESTIONS:
        limit = phrase("{count} preguntas", count=MOST_QUESTIONS)
        faults["questions"] = errors.FilledUp(what="un debate", limit=limit, size=f"{len(lines)}")
    try:
        return tuple(PlannedQuestion(clean(line)) for line in lines)
    except errors.Refusal as refusal:
        faults["questions"] = refusal
        return ()


def _starts(new: NewDebate, faults: dict[str, errors.Refusal]) -> datetime | None:
    for name, value in (("date", new.date), ("time", new.time)):
        if not value:
            faults[name] = errors.Empty(what="la fecha" if name == "date" else "la hora")
    if not new.date or not new.time:
        return None
    local = datetime.fromisoformat(f"{new.date}T{new.time}")
    chosen = datetime.fromisoformat(new.which) if new.which else None
    # The choice between two readings counts for the time it was made for, not for one that was picked afterwards.
    if (
        chosen
        and chosen.replace(tzinfo=None) == local
        and localtime.wall(chosen, new.zone).replace(tzinfo=None) == local
    ):
        return chosen
    return local


def _element(values: Filled, name: str) -> Mapping[str, Any]:
    found = (values.get(name) or {}).get(name) or {}
    return found if isinstance(found, Mapping) else {}


def value(values: Filled, name: str, key: str) -> str:
    """What a field holds under a key of its element; empty where it holds nothing."""
    return str(_element(values, name).get(key) or "")


def ticked(values: Filled, name: str) -> list[str]:
    """The boxes that are ticked."""
    return [str(one.get("value")) for one in _element(values, name).get("selected_options") or ()]


def chosen(values: Filled, name: str) -> str:
    """The choice of a list or of radio buttons."""
    return str((_element(values, name).get("selected_option") or {}).get("value") or "")
