"""«¿Por dónde vamos?»: what somebody who has just come in wants to know."""

from dataclasses import dataclass
from datetime import datetime

from bot import cues as rules
from bot.debate import Phase
from bot.recap import Best, best
from bot.store import debates
from bot.store import transcripts as store
from bot.store.engine import Tx
from bot.tables import Debate


@dataclass(frozen=True, slots=True)
class AskedSoFar:
    """A question that was asked, with its best answers."""

    number: int
    text: str
    best: tuple[Best, ...]


@dataclass(frozen=True, slots=True)
class Now:
    """Where a debate stands. Seconds are None where nothing is planned (held, over, no question open)."""

    phase: Phase
    title: str
    starts_at: datetime
    number: int | None
    question: str
    seconds_for_question: int | None
    seconds_in_all: int | None
    asked: tuple[AskedSoFar, ...]
    to_come: int


def where_are_we(tx: Tx, debate: Debate, *, now: datetime) -> Now:
    """The question that is open, the time that is left, and the best answers so far."""
    debate_id = debates.ident(debate)
    phase = Phase(debate.phase)
    everything = debates.questions(tx, debate_id)
    asked = sorted((one for one in everything if one.number is not None), key=lambda one: one.number or 0)
    pending = [rules.Cue(cue.key, cue.due_at) for cue in debates.cues(tx, debate_id) if cue.state == "planned"]
    ends = [cue.due_at for cue in pending if cue.kind is rules.Kind.CLOSE]
    turns = [cue.due_at for cue in pending if cue.kind in {rules.Kind.ASK, rules.Kind.CLOSE}]
    answers = best(store.answers(tx, debate_id))
    current = asked[-1] if asked and phase in {Phase.OPEN, Phase.HELD} else None
    return Now(
        phase=phase,
        title=debate.title,
        starts_at=debate.starts_at,
        number=current.number if current else None,
        question=current.text if current else "",
        seconds_for_question=_seconds(min(turns), now) if current and turns and phase is Phase.OPEN else None,
        seconds_in_all=_seconds(min(ends), now) if ends and phase is Phase.OPEN else None,
        asked=tuple(AskedSoFar(q.number or 0, q.text, tuple(answers.get(q.number or 0, ()))) for q in asked),
        to_come=sum(1 for one in everything if one.state == "approved"),
    )


def _seconds(until: datetime, now: datetime) -> int:
    return max(0, round((until - now).total_seconds()))
