"""What a debate will still say by itself, as it is planned now: every post of the run-sheet before it is one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.actions import brief, invited, say
from bot.actions.plan import pace_of
from bot.actions.run import PENDING_CUE
from bot.cues import Cue, Kind
from bot.guest import Step
from bot.ports import House
from bot.question import State
from bot.store import debates
from bot.store.engine import Tx
from bot.tables import Debate, Question


@dataclass(frozen=True, slots=True)
class Coming:
    """One post to come: when (UTC), of which kind, for which question, and its text where texts must be short."""

    due_at: datetime
    kind: str
    text: str
    number: int | None = None


def coming(tx: Tx, debate: Debate, *, house: House) -> list[Coming]:
    """The posts that the debate's planned cues will make on X, in order of time."""
    debate_id = debates.ident(debate)
    rows = debates.questions(tx, debate_id)
    waiting = [one for one in rows if one.state == State.APPROVED]
    number = max((one.number or 0 for one in rows), default=0)
    found: list[Coming] = []
    for cue in (Cue(row.key, row.due_at) for row in debates.cues(tx, debate_id) if row.state in PENDING_CUE):
        if cue.kind is Kind.ASK and waiting:
            number += 1
            question = waiting.pop(0)
            found += _question(question, debate, number=number, due_at=cue.due_at)
            answers = invited.answers(tx, debate, question)
            found += [Coming(cue.due_at, "answer", text, number) for text in answers]
        elif cue.key == Step.FRAMING.key:
            found += [Coming(cue.due_at, "framing", text) for text in invited.framings(tx, debate)]
        else:
            text = _text(tx, debate, cue, house=house, questions=len(waiting))
            if text is not None:
                found.append(Coming(cue.due_at, _KINDS[cue.kind], text))
    return found


# What a cue's post is called in the outbox.
_KINDS = {
    Kind.ANNOUNCE: "announce", Kind.REMIND: "remind", Kind.OPEN: "welcome", Kind.LABEL: "label",
    Kind.WRAP_UP: "wrap_up", Kind.CLOSE: "closing",
}  # fmt: skip


def _question(question: Question, debate: Debate, *, number: int, due_at: datetime) -> Sequence[Coming]:
    asked = Question(**question.model_dump(exclude={"number"}), number=number)
    posts = [Coming(due_at, "question", say.question_post(asked, debate), number)]
    if question.answer:
        posts.append(Coming(due_at, "answer", question.answer, number))
    return posts


def _text(tx: Tx, debate: Debate, cue: Cue, *, house: House, questions: int) -> str | None:
    match cue.kind:
        case Kind.ANNOUNCE:
            return brief.announcement(debate, house)
        case Kind.REMIND:
            return brief.reminder(debate, house, ahead=debate.starts_at - cue.due_at)
        case Kind.OPEN:
            return brief.welcome(debate, questions=questions)
        case Kind.LABEL:
            return brief.label_reminder(debate)
        case Kind.WRAP_UP:
            return brief.wrap_up(debate)
        case Kind.CLOSE:
            return _closing(tx, debate, cue.due_at, house)
        case _:
            return None


def _closing(tx: Tx, debate: Debate, at: datetime, house: House) -> str:
    """The closing as it will be then: a copy of the debate, closed at that time."""
    closed = Debate(
        **debate.model_dump(exclude={"closed_at", "grace_until"}), closed_at=at, grace_until=at + pace_of(debate).grace
    )
    others = [one for one in debates.coming(tx, limit=2) if one.id != debate.id]
    return brief.closing(closed, others[0] if others else None, house)
