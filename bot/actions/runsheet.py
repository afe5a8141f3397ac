"""What a debate will still say by itself, as it is planned now: every post of the run-sheet before it is one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.actions import after, brief, invited, polls, say
from bot.actions.plan import pace_of
from bot.cues import Cue, Kind
from bot.guest import Step
from bot.ports import House, Operation, Platform
from bot.question import State
from bot.store import debates, outbox
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
    """The notices that wait to leave for X, and the posts that the debate's cues will make there, in order of time."""
    debate_id = debates.ident(debate)
    rows = debates.questions(tx, debate_id)
    waiting = [one for one in rows if one.state == State.APPROVED]
    number = max((one.number or 0 for one in rows), default=0)
    found = _notices(tx, debate_id)
    for cue in (Cue(row.key, row.due_at) for row in debates.pending_cues(tx, debate_id)):
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
            found += _behind(tx, debate, cue, house=house)
    return found


# What a cue's post is called in the outbox.
_KINDS = {
    Kind.ANNOUNCE: "announce", Kind.REMIND: "remind", Kind.OPEN: "welcome", Kind.LABEL: "label",
    Kind.WRAP_UP: "wrap_up", Kind.CLOSE: "closing",
}  # fmt: skip


# What tells of a change, and leaves with no cue.
_CHANGES = frozenset({"moved", "cancelled"})


def _notices(tx: Tx, debate_id: int) -> list[Coming]:
    rows = [row for row in outbox.of_debate(tx, debate_id) if row.platform == Platform.X and row.kind in _CHANGES]
    waiting = [row for row in rows if row.state == "queued" and row.operation == Operation.POST]
    return [Coming(row.next_at, row.kind, row.text) for row in waiting]


def _behind(tx: Tx, debate: Debate, cue: Cue, *, house: House) -> Sequence[Coming]:
    """What follows what the cue says: the poll's result the welcome, and a day after the close what comes next."""
    match cue.kind:
        case Kind.OPEN:
            told = polls.foreseen(tx, debate)
            return [Coming(cue.due_at, "poll_result", told)] if told is not None else []
        case Kind.CLOSE:
            at = after.teased_at(debate, cue.due_at)
        case Kind.END_GRACE:
            at = after.teased_at(debate, debate.closed_at or cue.due_at)
        case Kind.TEASER:
            at = cue.due_at
        case _:
            return []
    coming = debates.following(tx, debates.ident(debate), after=at)
    return [Coming(at, "teaser", brief.teaser(debate, coming, house))] if coming is not None else []


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
    following = debates.following(tx, debates.ident(debate), after=debate.opened_at or debate.starts_at)
    return brief.closing(closed, following, house)
