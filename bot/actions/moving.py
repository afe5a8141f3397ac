"""A debate that has not begun, changed by a person: other words, another date, another one like it.

Its short name and its name in calendars stay, so that no address breaks; its cues follow its start.
"""

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot import cues as rules
from bot import errors, localtime, richtext
from bot.actions import invited, notices, plan, polls, say
from bot.debate import Verb
from bot.debatefile import LONGEST_HOST, LONGEST_TITLE, DebateFile, PlannedQuestion
from bot.phrase import phrase
from bot.ports import CLOCK, LONGEST_HASHTAG, Actor, House, Platform
from bot.question import Source, State
from bot.store import debates, guests, outbox
from bot.store.engine import Tx
from bot.tables import Debate, Place, Question
from bot.words.catalogue import Words, words

# Another debate like one is most often wanted for a week later.
LATER = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Wording:
    """What a debate is to be called, who conducts it, its hashtag; None leaves as it is."""

    title: str | None = None
    host: str | None = None
    hashtag: str | None = None


@dataclass(frozen=True, slots=True)
class When:
    """A start as a person says it: on the clocks of a zone (the debate's own where none is named)."""

    local: datetime
    zone: str = ""


@dataclass(frozen=True, slots=True)
class Date:
    """A start: the instant (UTC), the zone, the naive time promised on its clocks, and what those do there."""

    instant: datetime
    zone: str
    local: datetime
    settled: str = ""  # gap or fold


def edit(tx: Tx, debate: Debate, wording: Wording, *, actor: Actor, now: datetime) -> bool:
    """The debate has the wording. Returns whether that changed anything.

    Raises ``Empty``, ``FilledUp``, ``BadHashtag``, ``NoHashtag``, and ``Overlap`` where another debate has the tag.
    """
    plan.may(tx, debate, Verb.EDIT, actor)
    changes = {name: value for name, value in _tidied(wording, debate).items() if getattr(debate, name) != value}
    if not changes:
        return False
    if "hashtag" in changes:
        _retag(tx, debate, changes["hashtag"])
    for name, value in changes.items():
        setattr(debate, name, value)
    plan.changed(tx, debate, now=now)
    told = "; ".join(f"{name}: {value}" for name, value in changes.items())
    debates.record(tx, who=actor.who, action=Verb.EDIT, debate_id=debate.id, now=now, detail=told)
    debates.bump(tx, debates.ident(debate))
    return True


def move(tx: Tx, debate: Debate, when: When, *, house: House, actor: Actor, now: datetime) -> bool:
    """The debate begins then; all else follows. Returns whether that is another date than it had.

    Raises ``NoSuchTime``, ``TwoTimes``, ``PastStart``, ``BadYear`` and ``Overlap``, and nothing is moved then.
    """
    plan.may(tx, debate, Verb.MOVE, actor)
    zone = when.zone or debate.timezone
    starts_at = plan.start(when.local, zone, now=now)
    before, after = localtime.wall(debate.starts_at, debate.timezone), localtime.wall(starts_at, zone)
    if not to(tx, debate, Date(starts_at, zone, after), house=house, now=now):
        return False
    told = f"{before.isoformat()} → {after.isoformat()}"
    debates.record(tx, who=actor.who, action=Verb.MOVE, debate_id=debate.id, now=now, detail=told)
    return True


def to(tx: Tx, debate: Debate, date: Date, *, house: House, now: datetime, by_hand: bool = True) -> bool:
    """The debate begins on the date; returns False where it did already.

    Its cues keep their distance from the start; those whose time is over then are skipped with the reason. Whoever was
    told of the old date is told of the new one. Raises ``Overlap``; whether it may be moved is for the caller to know.
    ``by_hand`` False is for a plan made anew, which goes on moving the debates that no person has touched.
    """
    debate_id = debates.ident(debate)
    on_clocks = date.zone, localtime.written(date.local), date.settled
    by = date.instant - debate.starts_at
    if not by and on_clocks == (debate.timezone, debate.local_at, debate.settled):
        return False
    held = [(place.platform, place.address) for place in debates.places(tx, debate_id)]
    plan.clear(tx, held, start=date.instant, end=debate.ends_at + by, but=debate_id)
    before = say.when(debate)
    debate.timezone, debate.local_at, debate.settled = on_clocks
    debate.starts_at, debate.ends_at = date.instant, debate.ends_at + by
    plan.changed(tx, debate, now=now, by_hand=by_hand)
    if by:
        _follow(tx, debate, by, now=now)
        notices.moved(tx, debate, before, house=house, now=now)
        invited.moved(tx, debate, house=house, now=now)
    debates.bump(tx, debate_id)
    return True


def keep(tx: Tx, *, house: House, now: datetime) -> list[Debate]:
    """Debates to come begin at the hour that was promised on their clocks, whatever a country has decided since.

    A zone whose rules are others than when the date was planned moves its debates, and they say so as any that moves;
    one that cannot go there stays, and its moderators are told. Returns those that were moved.
    """
    moved = []
    for debate_id, starts_at, zone, local_at in debates.promised(tx, after=now):
        if localtime.written(localtime.wall(starts_at, zone)) == local_at:
            continue
        debate, local = debates.get(tx, debate_id), datetime.fromisoformat(local_at)
        found = localtime.settle(local, zone)
        settled = "" if found.kind is localtime.Clock.NORMAL else found.kind.value
        if found.instant <= now:
            continue
        debates.lock(tx, debates.ident(debate))
        try:
            date = Date(found.instant, debate.timezone, local, settled)
            to(tx, debate, date, house=house, now=now, by_hand=False)
        except errors.Overlap as error:
            if all(row.kind != "clocks" for row in outbox.of_debate(tx, debates.ident(debate))):  # they are told once
                say.to_moderators(tx, debate, "clocks", words(debate.locale).error(error), now=now)
            continue
        debates.record(tx, who=CLOCK.who, action=Verb.MOVE, debate_id=debate.id, now=now, detail=debate.timezone)
        moved.append(debate)
    return moved


def clone(tx: Tx, debate: Debate, when: When, *, house: House, actor: Actor, now: datetime) -> Debate:
    """Another debate like this one, whatever became of it, is planned for then, with its questions and its poll.

    Nobody has answered that poll yet; guests do not come along, who said yes to one date. Raises as ``plan.add`` does.
    """
    plan.require_moderator(actor)
    twin = _as_file(tx, debate, house).starting(when.local, when.zone or debate.timezone)
    made = plan.add(tx, twin, house=house, actor=actor, now=now)
    told = f"{debate.id} ({debate.slug})"
    debates.record(tx, who=actor.who, action="clone", debate_id=made.id, now=now, detail=told)
    return made


def comes_along(tx: Tx, debate: Debate, text: Words) -> str:
    """What a clone of the debate has of it, and whom it has not, for who wants one or has just made one."""
    debate_id = debates.ident(debate)
    told = (
        text("Lleva las mismas preguntas, y la misma encuesta sin ninguna respuesta.")
        if polls.planned(tx, debate_id) is not None
        else text("Lleva las mismas preguntas.")
    )
    names = ", ".join(one.name for one in guests.of_debate(tx, debate_id))
    if not names:
        return told
    return f"{told} " + text(
        "No lleva a sus invitados ({names}), que aceptaron una fecha: invítalos otra vez.", names=names
    )


# --- what a change is made of ----------------------------------------------------------------------------------------


def _tidied(wording: Wording, debate: Debate) -> dict[str, str]:
    found = {}
    if wording.title is not None:
        found["title"] = _tidy(wording.title, phrase("el título"), LONGEST_TITLE, needed=True)
    if wording.host is not None:
        found["host"] = _tidy(wording.host, phrase("quién conduce"), LONGEST_HOST)
    if wording.hashtag is not None and wording.hashtag != debate.hashtag:
        found["hashtag"] = _tag(wording.hashtag)
    return found


def _tidy(text: str, what: str, limit: int, *, needed: bool = False) -> str:
    tidy = " ".join(richtext.storable(text).split())
    if needed and not tidy:
        raise errors.Empty(what=what)
    if len(tidy) > limit:
        raise errors.FilledUp(limit=limit, what=what, size=len(tidy))
    return tidy


def _tag(text: str) -> str:
    tag = _tidy(text.strip().lstrip("#"), phrase("la etiqueta"), LONGEST_HASHTAG)
    if tag and not re.fullmatch(r"\w+", tag):
        raise errors.BadHashtag(hashtag=tag)
    return tag


def _retag(tx: Tx, debate: Debate, tag: str) -> None:
    """On X a debate is held under its hashtag."""
    debate_id = debates.ident(debate)
    place = next((one for one in debates.places(tx, debate_id) if one.platform == Platform.X), None)
    if place is None:
        return
    if not tag:
        raise errors.NoHashtag(title=debate.title)
    address = tag.casefold()
    if address == place.address:
        return
    plan.clear(tx, [(Platform.X, address)], start=debate.starts_at, end=debate.ends_at, but=debate_id)
    tx.session.delete(place)
    tx.session.flush()
    tx.session.add(Place(debate_id=debate_id, platform=Platform.X, address=address))


def _follow(tx: Tx, debate: Debate, by: timedelta, *, now: datetime) -> None:
    """The cues keep their distance from the start; invitations that had no time before the old one are planned."""
    debate_id = debates.ident(debate)
    known = {row.key: row for row in debates.cues(tx, debate_id)}
    for row in known.values():
        followed = rules.follow(rules.Cue(row.key, row.due_at), row.state, by, now=now)
        if followed is None:
            continue
        cue, verdict = followed
        row.due_at = cue.due_at
        if verdict.fate is not rules.Fate.SKIP:
            row.state, row.done_at, row.why = "planned", None, ""
        elif row.state != "skipped":
            row.state, row.done_at, row.why = "skipped", now, words(debate.locale).again(verdict.why)
        tx.session.add(row)
    for cue in rules.plan(debate.starts_at, debate.timezone, plan.pace_of(debate), questions=0, now=now):
        before = known.get(cue.key)
        if before is not None and before.state == "planned" and cue.kind in rules.INVITING:
            before.due_at = cue.due_at  # days are counted on the clocks, which may change between the two dates
        missing = before is None and cue.kind in rules.INVITING
        if missing or (before is not None and before.state == "done" and rules.comes_back(cue, now=now)):
            debates.plan_cue(tx, debate_id, cue.key, cue.due_at)
    tx.session.flush()
    tx.cues = True


def _as_file(tx: Tx, debate: Debate, house: House) -> DebateFile:
    """The debate as a plan: its questions as they were planned or asked, where it was held as far as one still can."""
    debate_id = debates.ident(debate)
    held = {place.platform: place.address for place in debates.places(tx, debate_id)}
    questions = tuple(
        PlannedQuestion(one.text, invited.own_answer(tx, debate, one))
        for one in debates.questions(tx, debate_id)
        if _of_the_plan(one)
    )
    pace = plan.pace_of(debate)
    if rules.overrun(pace, questions=len(questions)) is not None:  # the hour was bent, or somebody added questions
        pace = replace(pace, every=None)
    usual = debate.imported or not held  # where an export came from is no place to meet
    return DebateFile(
        title=debate.title, questions=questions, timezone=debate.timezone, hashtag=debate.hashtag, host=debate.host,
        locale=debate.locale, pace=pace, rehearsal=debate.rehearsal,
        slack=None if usual else held.get(Platform.SLACK, ""),
        x=None if usual else Platform.X in held and house.x and bool(debate.hashtag),
        room=usual or Platform.ROOM in held, poll=polls.planned(tx, debate_id),
        pulse=not polls.never_pulsed(tx, debate_id), questions_public=debate.questions_public,
    )  # fmt: skip


def _of_the_plan(question: Question) -> bool:
    if question.number is not None:
        return True
    return question.state == State.APPROVED or (question.state == State.CARRIED and question.source == Source.PLAN)
