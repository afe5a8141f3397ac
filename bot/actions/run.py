"""The hour: every verb a moderator or the clock can do to a debate. Load, decide (bot/debate.py, bot/cues.py), save.

When the clock does them: bot/actions/clock.py.
"""

from datetime import datetime, timedelta

from bot import cues as rules
from bot import errors
from bot.actions import after, brief, invited, polls, refile, reminders, say
from bot.actions.plan import may, pace_of
from bot.debate import (
    HOLD_LIMIT,
    POURING_WINDOW,
    LastQuestion,
    Phase,
    Verb,
    check,
    check_next,
)
from bot.outbox import ABORTED
from bot.ports import CLOCK, Actor, House, Operation
from bot.question import State
from bot.store import debates, gone, outbox, people
from bot.store.engine import Tx
from bot.tables import Cue, Debate, Question
from bot.words.catalogue import words

MOST_MINUTES = 240  # nobody sits longer; more is a slip of the finger


def open_now(tx: Tx, debate: Debate, *, actor: Actor, now: datetime) -> None:
    """The debate is open: welcome is on its way, and the hour's cues count from now when it is opened by hand."""
    may(tx, debate, Verb.OPEN, actor)
    debate_id = debates.ident(debate)
    if now < debate.starts_at or actor is not CLOCK:
        # Opened by hand: the whole hour counts from now.
        shift(tx, debate_id, now - debate.starts_at)
        debate.ends_at += now - debate.starts_at
    approved = debates.count_questions(tx, debate_id, State.APPROVED)
    for cue in debates.pending_cues(tx, debate_id, until=max(now, debate.starts_at)):
        kind = rules.Cue(cue.key, cue.due_at).kind
        if kind is rules.Kind.OPEN:
            debates.done(tx, cue, now)
        elif kind in rules.AHEAD:
            debates.skipped(tx, cue, now, words(debate.locale)("ya estaba abierto"))
    debate.phase, debate.opened_at = Phase.OPEN, now
    tx.session.add(debate)
    reminders.over(tx, debate)
    text = say.Worded(say.welcome(debate, questions=approved), brief.welcome(debate, questions=approved))
    say.everywhere(tx, debate, "welcome", text, now=now)
    polls.opening(tx, debate, now=now)
    _decided(tx, debate, Verb.OPEN, actor, now)


def ask_next(tx: Tx, debate: Debate, *, actor: Actor, now: datetime, really: bool = False) -> Question:
    """The next question is on its way to every place, under its P-number; the rest of the run-sheet keeps its distance.

    Raises ``TooSoon``, ``StillPouring`` and ``NoQuestionLeft``.
    """
    may(tx, debate, Verb.NEXT, actor)
    debate_id = debates.ident(debate)
    if actor is not CLOCK:
        recent = debates.recent_messages(tx, debate_id, now - POURING_WINDOW)
        last = LastQuestion(debate.asked_at, debate.asked_by_clock) if debate.asked_at else None
        check_next(last, now=now, every=pace_of(debate).step, recent=recent, really=really)
    question = next_question(tx, debate_id)
    if question is None:
        raise errors.NoQuestionLeft
    if actor is not CLOCK:
        _take_cue(tx, debate, now)
    _ask(tx, debate, question, now=now, by_clock=actor is CLOCK)
    _decided(tx, debate, Verb.NEXT, actor, now, detail=f"P{question.number}")
    return question


def next_question(tx: Tx, debate_id: int) -> Question | None:
    """The approved question that comes next, or None."""
    for one in debates.questions(tx, debate_id):
        if one.state == State.APPROVED:
            return one
    return None


def hold(tx: Tx, debate: Debate, *, actor: Actor, now: datetime) -> None:
    """The hour stands still until it is resumed; answers are still taken. A forgotten hold ends the debate."""
    may(tx, debate, Verb.HOLD, actor)
    debate_id = debates.ident(debate)
    debate.phase, debate.held_at = Phase.HELD, now
    for cue in debates.cues(tx, debate_id):
        if cue.state == "planned" and rules.Cue(cue.key, cue.due_at).kind in rules.BENDING:
            cue.state = "held"
            tx.session.add(cue)
    debates.plan_cue(tx, debate_id, rules.Kind.FORGOTTEN_HOLD, now + HOLD_LIMIT)
    say.to_moderators(tx, debate, "held", words(debate.locale)("El debate está en pausa."), now=now)
    _decided(tx, debate, Verb.HOLD, actor, now)


def resume(tx: Tx, debate: Debate, *, actor: Actor, now: datetime) -> None:
    """The hour goes on; everything that was to come comes later by as long as it stood still."""
    may(tx, debate, Verb.RESUME, actor)
    debate_id = debates.ident(debate)
    stood = max(now - (debate.held_at or now), timedelta(0))  # the machine's clock may have gone back meanwhile
    for cue in debates.cues(tx, debate_id):
        if cue.state == "held":
            cue.state, cue.due_at = "planned", cue.due_at + stood
            tx.session.add(cue)
        elif cue.key == rules.Kind.FORGOTTEN_HOLD and cue.state == "planned":
            debates.skipped(tx, cue, now, words(debate.locale)("se reanudó"))
    debate.phase, debate.held_at, debate.ends_at = Phase.OPEN, None, debate.ends_at + stood
    _decided(tx, debate, Verb.RESUME, actor, now)


def extend(tx: Tx, debate: Debate, minutes: float, *, actor: Actor, now: datetime) -> None:
    """The question now open has that many minutes more; the rest of the hour moves with it."""
    may(tx, debate, Verb.EXTEND, actor)
    if not 0 < minutes <= MOST_MINUTES:
        raise errors.BadMinutes(most=MOST_MINUTES)
    shift(tx, debates.ident(debate), timedelta(minutes=minutes))
    debate.ends_at += timedelta(minutes=minutes)
    _decided(tx, debate, Verb.EXTEND, actor, now, detail=f"{minutes:g} min")


def skip(tx: Tx, debate: Debate, *, actor: Actor, now: datetime) -> Question:
    """The next question will not be asked today; it is carried over, and the one behind it takes its time."""
    may(tx, debate, Verb.SKIP, actor)
    debate_id = debates.ident(debate)
    question = next_question(tx, debate_id)
    if question is None:
        raise errors.NoQuestionLeft
    question.state = State.CARRIED
    question.rev = debates.bump(tx, debate_id)
    tx.session.add(question)
    asks = [cue for cue in debates.pending_cues(tx, debate_id) if cue.key.startswith("ask:")]
    waiting = sum(1 for one in debates.questions(tx, debate_id) if one.state == State.APPROVED)
    for cue in asks[waiting:]:
        _cancel_ask(tx, debate_id, cue, words(debate.locale)("se saltó una pregunta"))
    _decided(tx, debate, Verb.SKIP, actor, now, detail=str(question.id))
    return question


def close(tx: Tx, debate: Debate, *, actor: Actor, now: datetime, house: House) -> None:
    """The hour is over: thanks are on their way, late answers are taken during the grace, the rest is carried over."""
    may(tx, debate, Verb.CLOSE, actor)
    debate_id = debates.ident(debate)
    pace = pace_of(debate)
    debate.closed_at, debate.held_at = now, None
    debate.phase, debate.grace_until = Phase.GRACE, now + pace.grace
    tx.session.add(debate)
    _finish_questions(tx, debate_id)
    for cue in debates.pending_cues(tx, debate_id):
        if cue.key == rules.Kind.CLOSE:
            debates.done(tx, cue, now)
        else:
            debates.skipped(tx, cue, now, words(debate.locale)("el debate se cerró antes"))
    debates.plan_cue(tx, debate_id, rules.Kind.END_GRACE, now + pace.grace)
    following = debates.following(tx, debate_id, after=debate.opened_at or debate.starts_at)
    text = say.closing(debate, following, house, people_count=people.participants(tx, debate_id))
    worded = say.Worded(text, brief.closing(debate, following, house))
    say.everywhere(tx, debate, "closing", worded, now=now)
    _decided(tx, debate, Verb.CLOSE, actor, now)


def settle(tx: Tx, debate: Debate, *, now: datetime, house: House) -> None:
    """The grace is over: everything is filed once more with all that is known, and the moderators are told."""
    check(Verb.SETTLE, Phase(debate.phase))
    debate_id = debates.ident(debate)
    debate.phase = Phase.CLOSED
    tx.session.add(debate)
    refile.whole(tx, debate)
    debates.plan_cue(tx, debate_id, rules.Kind.RECAP, now)
    after.settled(tx, debate, now=now)
    debates.record(tx, who=CLOCK.who, action=Verb.SETTLE, debate_id=debate_id, now=now)
    debates.bump(tx, debate_id)


def abort(tx: Tx, debate: Debate, *, actor: Actor, now: datetime, really: bool = False) -> None:
    """A start made by mistake has left no trace: debate, log and posts are gone; only the audit row knows.

    Raises ``SomethingSaid`` when people have spoken, unless ``really``.
    """
    may(tx, debate, Verb.ABORT, actor)
    debate_id = debates.ident(debate)
    said = debates.message_count(tx, debate_id)
    if said and not really:
        raise errors.SomethingSaid(count=said)
    for row in outbox.of_debate(tx, debate_id):
        if row.operation == Operation.POST and row.state == "sending":
            row.kind, row.debate_id, row.question_id = ABORTED, None, None
            tx.session.add(row)  # it may be there any moment: send.landed takes it back then, and its text goes
            continue
        if row.operation == Operation.POST and row.state == "sent":
            say.take_back(tx, row, now=now)
        tx.session.delete(row)
    debates.record(tx, who=actor.who, action=Verb.ABORT, debate_id=debate_id, now=now, detail=f"{said} mensajes")
    invited.dismiss(tx, debate_id)
    tx.finish()
    authors = gone.authors(tx, debate_id)
    debates.erase(tx, debate_id)
    if gone.forget_authors(tx, authors):
        for other in debates.listening(tx):
            debates.bump(tx, debates.ident(other))  # who writes must not remember them
    tx.touched.add(debate_id)
    tx.cues = tx.scrub = True


def _ask(tx: Tx, debate: Debate, question: Question, *, now: datetime, by_clock: bool) -> None:
    debate_id = debates.ident(debate)
    everything = debates.questions(tx, debate_id)
    rev = debates.bump(tx, debate_id)
    for one in everything:
        if one.state == State.ASKED:
            one.state, one.rev = State.ANSWERED, rev
            tx.session.add(one)
    question.number = max((one.number or 0 for one in everything), default=0) + 1
    question.state, question.asked_at, question.rev = State.ASKED, now, rev
    debate.asked_at, debate.asked_by_clock = now, by_clock
    tx.session.add(question)
    tx.session.add(debate)
    tx.session.flush()
    posts = say.everywhere(tx, debate, "question", say.question_post(question, debate), now=now, question=question)
    if question.answer:
        say.under(tx, debate, "answer", question.answer, parents=posts, now=now)
    invited.release(tx, debate, question, parents=posts, now=now)
    if question.asker_id is not None:
        text = words(debate.locale)("Tu pregunta acaba de salir como P{number}.", number=question.number)
        say.to_person(tx, debate, "asked", text, identity_id=question.asker_id, now=now)


def _take_cue(tx: Tx, debate: Debate, now: datetime) -> None:
    """A question asked by hand uses the next question cue; those behind keep their distance from it."""
    debate_id = debates.ident(debate)
    pending = [cue for cue in debates.cues(tx, debate_id) if cue.state == "planned"]
    ask = rules.next_ask([rules.Cue(cue.key, cue.due_at) for cue in pending])
    if ask is None:
        return
    number = ask.key.partition(":")[2]
    for cue in pending:
        if cue.key == ask.key:
            cue.why = words(debate.locale)("a mano")
            debates.done(tx, cue, now)
        elif cue.key == f"{rules.Kind.WARN}:{number}":
            debates.skipped(tx, cue, now, words(debate.locale)("la pregunta salió a mano"))
    shift(tx, debate_id, now - ask.due_at, kinds=rules.QUESTIONS)


def shift(tx: Tx, debate_id: int, by: timedelta, *, kinds: frozenset[rules.Kind] = rules.BENDING) -> None:
    """What is still to come of the hour comes later by so much; the other kinds stay."""
    pending = {cue.key: cue for cue in debates.cues(tx, debate_id) if cue.state == "planned"}
    moved = rules.shifted((rules.Cue(cue.key, cue.due_at) for cue in pending.values()), by, kinds=kinds)
    for one in moved:
        pending[one.key].due_at = one.due_at
        tx.session.add(pending[one.key])
    tx.cues = True


def _finish_questions(tx: Tx, debate_id: int) -> None:
    rev = debates.bump(tx, debate_id)
    debates.turn_questions(tx, debate_id, {State.ASKED}, State.ANSWERED, rev=rev)
    debates.turn_questions(tx, debate_id, {State.APPROVED, State.PENDING}, State.CARRIED, rev=rev)


def _cancel_ask(tx: Tx, debate_id: int, ask: Cue, why: str) -> None:
    number = ask.key.partition(":")[2]
    for cue in debates.pending_cues(tx, debate_id):
        if cue.key in {ask.key, f"{rules.Kind.WARN}:{number}"}:
            cue.state, cue.why = "cancelled", why
            tx.session.add(cue)


def _decided(tx: Tx, debate: Debate, verb: Verb, actor: Actor, now: datetime, *, detail: str = "") -> None:
    tx.session.add(debate)
    debates.record(tx, who=actor.who, action=verb, debate_id=debate.id, now=now, detail=detail)
    debates.ticked(tx, debates.ident(debate))
    tx.cues = True
