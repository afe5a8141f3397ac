"""Polls around a debate: planned, opened, answered, closed, and what came out told to those whom it concerns.

That before a debate opens with its announcement and closes at its opening; one on the next subject, and the pulse
after a debate, stand open for some days. Nobody's role is looked at to answer: whoever may speak may answer.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from bot import cues as rules
from bot import errors, localtime, poll
from bot.actions import say
from bot.actions.plan import pace_of, require_moderator
from bot.debate import COMING, Phase
from bot.exports import wording
from bot.poll import Choice, Kind, Planned
from bot.ports import Actor, Platform
from bot.store import debates, outbox, people
from bot.store import polls as store
from bot.store.engine import Tx
from bot.tables import Debate
from bot.tables_year import Poll
from bot.words.catalogue import words

# How long the pulse can be answered, and how long people may choose the next subject.
PULSE_LASTS = timedelta(days=3)
TOPIC_LASTS = timedelta(days=7)
# Free words that a post tells; the transcript and `poll show` have them all.
MOST_TOLD = 10
# What X takes of a result: 280 letters with the hashtag, and room for the sentence around it.
LONGEST_ON_X = 240


def add(tx: Tx, debate: Debate, made: Planned, *, kind: Kind, actor: Actor, now: datetime) -> Poll:
    """The debate has this poll, in the place of one that has not opened yet; raises ``BadPoll`` or ``PollOpen``."""
    _may(tx, debate, actor)
    if kind is Kind.PULSE:
        raise errors.BadPoll(why="el pulso tiene siempre la misma pregunta")
    if debate.phase not in COMING:
        raise errors.WrongPhase(phase=debate.phase, verb="poner una encuesta")
    debate_id = debates.ident(debate)
    before = store.of(tx, debate_id, kind)
    if before is not None and before.opens_at is not None:
        raise errors.PollOpen
    tidy = poll.planned(made.text, made.options, several=made.several, other=made.other)
    row = store.put(tx, debate_id, kind, tidy)
    if kind is Kind.TOPIC:
        open_topic(tx, debate, row, now=now)
    elif not _announcement_comes(tx, debate_id):
        invite(tx, debate, now=now)
    debates.record(tx, who=actor.who, action="add poll", debate_id=debate_id, now=now, detail=kind)
    debates.bump(tx, debate_id)
    return row


def answer(tx: Tx, debate: Debate, kind: Kind, given: Choice, *, voter: Actor, now: datetime) -> Poll:
    """The voter's answer counts: with their name it replaces the one before, anonymous it is there once and for ever.

    Raises ``NoSuchPoll``, ``PollClosed``, ``BadBallot`` or ``AnsweredBefore``.
    """
    debate_id = debates.ident(debate)
    debates.lock(tx, debate_id)
    tx.session.refresh(debate)
    row = store.needed(tx, debate_id, kind)
    if not is_open(row, debate, now=now):
        raise errors.PollClosed
    given = poll.choice(kind, store.planned(row), given.options, given.other)
    platform, ident = people.parse(voter.who)
    who = people.ensure(tx, platform, ident, name=voter.name)
    if kind is Kind.PULSE:
        store.cast_unnamed(tx, row.id or 0, who.person_id, given)
    else:
        store.cast(tx, row.id or 0, who.person_id, given, now=now)
    row.rev = debates.bump(tx, debate_id)
    tx.session.add(row)
    return row


def close(tx: Tx, debate: Debate, kind: Kind, *, actor: Actor, now: datetime) -> Poll:
    """The poll takes no more answers, and who is to know what came out is told. One that never opened never will."""
    _may(tx, debate, actor)
    row = store.of(tx, debates.ident(debate), kind)
    if row is None and kind is Kind.PULSE:
        row = store.never_a_pulse(tx, debates.ident(debate), now=now)
    if row is None:
        raise errors.NoSuchPoll
    if row.closed_at is None:
        end(tx, debate, row, now=now)
        debates.record(tx, who=actor.who, action="close poll", debate_id=debate.id, now=now, detail=kind)
    return row


def is_open(row: Poll, debate: Debate, *, now: datetime) -> bool:
    """Whether the poll takes answers now."""
    return poll.is_open(
        Kind(row.kind), opens_at=row.opens_at, closed_at=row.closed_at, phase=Phase(debate.phase), now=now
    )


def state_of(row: Poll, debate: Debate, *, now: datetime) -> str:
    """``planned``, ``open``, ``closed``, or ``off`` where it will never be asked."""
    if row.opens_at is None:
        return "planned" if row.closed_at is None else "off"
    return "open" if is_open(row, debate, now=now) else "closed"


def may_show(row: Poll, found: poll.Result) -> bool:
    """Whether moderators may see what came out: of an anonymous poll once it is closed, and when enough answered.

    Who looked twice while it is open would see what came between, and from whom.
    """
    return poll.enough(found) and (found.kind is not Kind.PULSE or row.closed_at is not None)


def strike(tx: Tx, debate: Debate, kind: Kind, text: str, *, actor: Actor, now: datetime) -> int:
    """Free words that have no place in public are in no answer any more; returns in how many they were.

    What else those people chose counts as before. Raises ``NoSuchWords``.
    """
    _may(tx, debate, actor)
    row = store.needed(tx, debates.ident(debate), kind)
    count = store.strike(tx, row.id or 0, text)
    if not count:
        raise errors.NoSuchWords
    debates.record(tx, who=actor.who, action="strike poll", debate_id=debate.id, now=now, detail=kind)
    debates.bump(tx, debates.ident(debate))
    return count


# --- before the debate -----------------------------------------------------------------------------------------------


def planned(tx: Tx, debate_id: int) -> Planned | None:
    """The poll that a debate has before it, as it was written down: for a copy of the debate."""
    row = store.of(tx, debate_id, Kind.BEFORE)
    return store.planned(row) if row is not None else None


def never_pulsed(tx: Tx, debate_id: int) -> bool:
    """Whether the debate was to have no pulse, or was cut off from it before it opened."""
    row = store.of(tx, debate_id, Kind.PULSE)
    return row is not None and row.opens_at is None


def invite(tx: Tx, debate: Debate, *, now: datetime) -> None:
    """Who reads an announcement or a reminder is asked to answer, once; before that the poll was not open."""
    row = store.of(tx, debates.ident(debate), Kind.BEFORE)
    if row is None or row.closed_at is not None:
        return
    row.opens_at = row.opens_at or now
    tx.session.add(row)
    if not any(one.kind == _POST[Kind.BEFORE] for one in outbox.of_debate(tx, debates.ident(debate))):
        text = words(debate.locale)("Antes del debate, una pregunta: {text}", text=row.text)
        ask(tx, debate, Kind.BEFORE, text, now=now)


def opening(tx: Tx, debate: Debate, *, now: datetime) -> None:
    """The debate begins: its polls are closed, and what was answered before it is told in every place."""
    # One look for all of them: 200 debates may begin in one second, and most have none.
    before = [row for row in store.every(tx, debates.ident(debate)) if row.kind in {Kind.BEFORE, Kind.TOPIC}]
    for row in before:
        if row.closed_at is None:
            end(tx, debate, row, now=now)
    if not before:
        return
    for found in store.results(tx, debates.ident(debate), Kind.BEFORE):
        worded = say.Worded(told(debate, found), told_on_x(debate, found))
        say.everywhere(tx, debate, "poll_result", worded, now=now)


# --- the next subject ------------------------------------------------------------------------------------------------


def open_topic(tx: Tx, debate: Debate, row: Poll, *, now: datetime) -> None:
    """People choose what the debate to come is about, for a week, or until it is announced or begins."""
    debate_id = debates.ident(debate)
    row.opens_at = now
    tx.session.add(row)
    announced = localtime.apart(debate.starts_at, -pace_of(debate).announce, debate.timezone)
    week = localtime.apart(now, TOPIC_LASTS, debate.timezone)
    until = min(week, announced if announced > now + timedelta(days=1) else debate.starts_at)
    debates.plan_cue(tx, debate_id, f"{rules.Kind.POLL_END}:{row.id}", until)
    text = words(debate.locale)("¿De qué hablamos el {when}? {text}", when=say.when(debate), text=row.text)
    ask(tx, debate, Kind.TOPIC, text, now=now)


# --- how a poll is spoken of -----------------------------------------------------------------------------------------

# The kinds of our posts: Slack has a button below each (handlers/slack/looks.py).
_POST = {Kind.BEFORE: "poll", Kind.TOPIC: "topic", Kind.PULSE: "pulse"}


def ask(tx: Tx, debate: Debate, kind: Kind, text: str, *, now: datetime) -> None:
    """The places where people can answer ask them to: Slack and the room, never X, where there is no way to.

    Pages that stand open have the poll at once.
    """
    say.elsewhere(tx, debate, _POST[kind], text, away=Platform.X, now=now)
    debates.bump(tx, debates.ident(debate))


def end(tx: Tx, debate: Debate, row: Poll, *, now: datetime) -> None:
    """The poll is closed, and moderators are told what came out; that of one before a debate is told at its opening."""
    opened = row.opens_at is not None
    row.closed_at = now
    row.rev = debates.bump(tx, debates.ident(debate))
    tx.session.add(row)
    tx.session.flush()
    for cue in debates.cues(tx, debates.ident(debate)):
        if cue.key == f"{rules.Kind.POLL_END}:{row.id}" and cue.state == "planned":
            cue.state, cue.why, cue.done_at = "cancelled", words(debate.locale)("la encuesta ya está cerrada"), now
            tx.session.add(cue)
    found = store.result(tx, row)
    if opened and found.kind is not Kind.BEFORE:
        say.to_moderators(tx, debate, f"{_POST[found.kind]}_result", told(debate, found), now=now)


def told(debate: Debate, found: poll.Result) -> str:
    """What came out, a line for each option."""
    text = words(debate.locale)
    people = wording.people(text, found.people)
    if found.kind is Kind.PULSE and not poll.enough(found):
        return text(
            "Han respondido al pulso de «{title}» menos de {enough} personas: con tan pocas se sabría quién dijo qué, "
            "así que no se muestra.",
            title=debate.title, enough=poll.ENOUGH,
        )  # fmt: skip
    if found.kind is Kind.PULSE:
        head = text("El pulso de «{title}» ({people}): {text}", title=debate.title, people=people, text=found.text)
    elif found.kind is Kind.TOPIC:
        head = text(
            "Votación del tema para el {when} ({people}). No se cambia nada solo: el tema lo decides tú.",
            when=say.when(debate), people=people,
        )  # fmt: skip
    else:
        head = text("Antes del debate preguntamos: {text} ({people})", text=found.text, people=people)
    return "\n".join([head, *wording.poll_lines(text, found, most=MOST_TOLD)])


def foreseen(tx: Tx, debate: Debate) -> str | None:
    """What X will have of the poll before the debate, as it stands now; None where there is nothing to tell.

    As long as nobody has answered, every option is there.
    """
    row = store.of(tx, debates.ident(debate), Kind.BEFORE)
    found = store.result(tx, row) if row is not None else None
    if row is None or found is None or (row.closed_at is not None and not found.people):
        return None
    return told_on_x(debate, found)


def told_on_x(debate: Debate, found: poll.Result) -> str:
    """The same as one post of X: the options that most chose, as many as fit, and no link."""
    text = words(debate.locale)
    tag = f" #{debate.hashtag}" if debate.hashtag else ""
    said = text("Lo que nos habéis dicho antes de empezar:")
    chosen = [one for one in found.counts if one.people or not found.people]
    if found.wrote.people:
        chosen.append(replace(found.wrote, text=text("otra cosa")))
    parts: list[str] = []
    for one in sorted(chosen, key=lambda one: -one.people):
        part = f"{one.percent} % {one.text}"
        if len(f"{said} {'; '.join([*parts, part])}.{tag}") > LONGEST_ON_X:
            break
        parts.append(part)
    return f"{said} {'; '.join(parts)}.{tag}"


def _announcement_comes(tx: Tx, debate_id: int) -> bool:
    return any(cue.key == rules.Kind.ANNOUNCE and cue.state == "planned" for cue in debates.cues(tx, debate_id))


def _may(tx: Tx, debate: Debate, actor: Actor) -> None:
    require_moderator(actor)
    debates.lock(tx, debates.ident(debate))
    tx.session.refresh(debate)
