"""Questions that nobody answered go on to another debate, with asker and votes, for a moderator to decide."""

from collections.abc import Sequence
from datetime import datetime

from bot import errors
from bot.actions.plan import require_moderator
from bot.debate import OVER, Phase
from bot.ports import Actor
from bot.question import State
from bot.store import debates
from bot.store import questions as store
from bot.store.engine import Tx
from bot.tables import Debate, Question


def carry(
    tx: Tx, source: Debate, target: Debate, *, actor: Actor, now: datetime, only: Sequence[int] = ()
) -> list[Question]:
    """The open questions of one debate (all, or ``only`` those) wait in the other as proposals; each goes on once.

    Raises ``NothingCarried`` where none is left, ``NoSuchQuestion`` and ``WrongPhase``.
    """
    require_moderator(actor)
    source_id, target_id = debates.ident(source), debates.ident(target)
    for debate_id in sorted({source_id, target_id}):
        debates.lock(tx, debate_id)
    tx.session.refresh(target)
    if source_id == target_id:
        raise errors.NothingCarried(title=source.title)
    if Phase(target.phase) in OVER:
        raise errors.WrongPhase(phase=target.phase, verb="preguntar")
    left = {one.id or 0: one for one in store.left_open(tx, source_id)}
    for question_id in only:
        if question_id not in left:
            raise errors.NoSuchQuestion(question=question_id)
    chosen = [left[question_id] for question_id in (only or left)]
    if not chosen:
        raise errors.NothingCarried(title=source.title)
    position = max((one.position for one in debates.questions(tx, target_id)), default=0)
    made = [_copy(tx, one, target_id, position=position + at, now=now) for at, one in enumerate(chosen, start=1)]
    rev = debates.bump(tx, source_id)
    for old, new in zip(chosen, made, strict=True):
        old.merged_into, old.rev = new.id, rev
        tx.session.add(old)
    detail = f"{source_id}: {len(made)}"
    debates.record(tx, who=actor.who, action="carry", debate_id=target_id, now=now, detail=detail)
    return made


def _copy(tx: Tx, old: Question, target_id: int, *, position: int, now: datetime) -> Question:
    """The question again, as a proposal to another debate: of the same asker, with the same votes."""
    new = Question(
        debate_id=target_id, position=position, text=old.text, answer=old.answer, state=State.PENDING,
        source=old.source, asker_id=old.asker_id, created_at=now, rev=debates.bump(tx, target_id),
    )  # fmt: skip
    tx.session.add(new)
    tx.session.flush()
    store.copy_votes(tx, old.id or 0, new.id or 0)
    return new
