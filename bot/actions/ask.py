"""Questions from the audience: asked, voted for, approved or declined, and the asker told what became of theirs."""

from datetime import datetime

from bot import errors
from bot.actions import say
from bot.actions.plan import make_room, require_moderator
from bot.debate import OVER, Phase
from bot.ports import Actor
from bot.question import OPEN_FOR_VOTES, Source, State, clean, move
from bot.store import debates, people
from bot.store import questions as store
from bot.store.engine import Tx
from bot.tables import Debate, Question
from bot.words.catalogue import words


def propose(tx: Tx, debate: Debate, text: str, *, asker: Actor, now: datetime) -> Question:
    """The question waits for a moderator, with its asker's vote; the same text again is a vote for the first.

    Raises ``Empty``, ``FilledUp`` or ``WrongPhase``.
    """
    tidy = clean(text)
    if Phase(debate.phase) in OVER | {Phase.DRAFT}:
        raise errors.WrongPhase(phase=debate.phase, verb="preguntar")
    debate_id = debates.ident(debate)
    platform, ident = people.parse(asker.who)
    who = people.ensure(tx, platform, ident, name=asker.name)
    for one in debates.questions(tx, debate_id):
        if one.text.casefold() == tidy.casefold() and State(one.state) in OPEN_FOR_VOTES:
            store.add_vote(tx, one.id or 0, who.person_id)
            one.rev = debates.bump(tx, debate_id)
            tx.session.add(one)
            return one
    position = max((one.position for one in debates.questions(tx, debate_id)), default=0) + 1
    question = Question(
        debate_id=debate_id, position=position, text=tidy, state=State.PENDING, source=Source.AUDIENCE,
        asker_id=who.id, created_at=now, rev=debates.bump(tx, debate_id),
    )  # fmt: skip
    tx.session.add(question)
    tx.session.flush()
    store.add_vote(tx, question.id or 0, who.person_id)
    sentence = words(debate.locale)("Nueva pregunta de {name}: «{text}».", name=who.name or asker.who, text=tidy)
    say.to_moderators(tx, debate, "proposed", sentence, now=now)
    return question


def vote(tx: Tx, question_id: int, *, voter: Actor) -> tuple[Question, int, bool]:
    """The voter's vote for the question is given, or taken back when it was there: (question, votes, given)."""
    question = _held(tx, question_id)
    if State(question.state) not in OPEN_FOR_VOTES:
        raise errors.CannotMove(state=question.state, wanted="votada")
    platform, ident = people.parse(voter.who)
    who = people.ensure(tx, platform, ident, name=voter.name)
    asker = people.identity(tx, question.asker_id) if question.asker_id is not None else None
    if asker is not None and asker.person_id == who.person_id:
        raise errors.OwnVote
    given = store.add_vote(tx, question_id, who.person_id)
    if not given:
        store.drop_vote(tx, question_id, who.person_id)
    question.rev = debates.bump(tx, question.debate_id)
    tx.session.add(question)
    return question, store.votes(tx, question.debate_id).get(question_id, 0), given


def approve(tx: Tx, question_id: int, *, actor: Actor, now: datetime, first: bool = False) -> Question:
    """The question stands at the end of the run-sheet, or (``first``) is the next to be asked; its asker is told."""
    require_moderator(actor)
    question = _held(tx, question_id)
    debate = debates.get(tx, question.debate_id)
    if question.state != State.APPROVED:
        question.state = move(State(question.state), State.APPROVED)
        text = words(debate.locale)("Tu pregunta «{text}» está aprobada y saldrá en el debate.", text=question.text)
        _tell(tx, debate, question, "approved", text, now)
    everything = debates.questions(tx, question.debate_id)
    waiting = [one for one in everything if one.state == State.APPROVED and one.id != question.id]
    if first and waiting:
        question.position = min(one.position for one in waiting) - 1
    elif not first:
        question.position = max(one.position for one in everything) + 1
    question.rev = debates.bump(tx, question.debate_id)
    tx.session.add(question)
    tx.session.flush()
    if Phase(debate.phase) not in OVER:
        make_room(tx, debate, waiting=len(waiting) + 1, now=now)
    detail = f"{question.id}{' first' if first else ''}"
    debates.record(tx, who=actor.who, action="approve", debate_id=question.debate_id, now=now, detail=detail)
    return question


def decline(tx: Tx, question_id: int, *, reason: str, actor: Actor, now: datetime) -> Question:
    """The question will not be asked; its asker is told the reason. Raises ``Empty`` without one."""
    require_moderator(actor)
    reason = clean(reason, what="el motivo")
    question = _held(tx, question_id)
    debate = debates.get(tx, question.debate_id)
    question.state, question.reason = move(State(question.state), State.DECLINED), reason
    question.rev = debates.bump(tx, question.debate_id)
    tx.session.add(question)
    text = words(debate.locale)("Tu pregunta «{text}» no saldrá. Motivo: {reason}", text=question.text, reason=reason)
    _tell(tx, debate, question, "declined", text, now)
    debates.record(tx, who=actor.who, action="decline", debate_id=question.debate_id, now=now, detail=str(question.id))
    return question


def merge(tx: Tx, question_id: int, *, into: int, actor: Actor, now: datetime) -> Question:
    """The first question is one with the second, which has the votes of both; the asker of the first is told."""
    require_moderator(actor)
    question = _held(tx, question_id)
    target = debates.question(tx, question.debate_id, into)
    if question.id == target.id or State(target.state) not in OPEN_FOR_VOTES:
        raise errors.CannotMove(state=target.state, wanted="unida a otra")
    question.state, question.merged_into = move(State(question.state), State.MERGED), target.id
    store.move_votes(tx, question_id, into)
    question.rev = target.rev = debates.bump(tx, question.debate_id)
    tx.session.add(question)
    tx.session.add(target)
    debate = debates.get(tx, question.debate_id)
    text = words(debate.locale)("Tu pregunta se ha unido a «{text}» y conserva sus votos.", text=target.text)
    _tell(tx, debate, question, "merged", text, now)
    debates.record(tx, who=actor.who, action="merge", debate_id=debate.id, now=now, detail=f"{question_id}>{into}")
    return target


def _held(tx: Tx, question_id: int) -> Question:
    """The question as it is now; until this is committed nobody else moves it. Raises ``NoSuchQuestion``."""
    question = debates.question(tx, None, question_id)
    debates.lock(tx, question.debate_id)
    tx.session.refresh(question)
    return question


def _tell(tx: Tx, debate: Debate, question: Question, kind: str, text: str, now: datetime) -> None:
    if question.asker_id is not None:
        say.to_person(tx, debate, kind, text, identity_id=question.asker_id, now=now)
