"""Planning: a debate file becomes a debate with its questions, places and cues."""

import json
import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime

from bot import cues as rules
from bot import errors, localtime, richtext
from bot.actions import brief, invited, leftovers, notices, reminders, say
from bot.dates import Moment
from bot.debate import Pace, Phase, Verb, check
from bot.debatefile import YEARS, DebateFile, PlannedQuestion
from bot.phrase import phrase
from bot.ports import LONGEST_HASHTAG, Actor, House, Platform
from bot.question import Source, State, clean
from bot.store import debates, polls
from bot.store.engine import Tx
from bot.tables import Cue, Debate, Place, Question
from bot.words.catalogue import words

# Planning a start this little in the past is a slow hand, not a mistake.
SLACKNESS_SECONDS = 5
LONGEST_REASON = 300


def add(tx: Tx, plan: DebateFile, *, house: House, actor: Actor, now: datetime) -> Debate:
    """The debate is planned with its questions, places and cues; raises ``PastStart``, ``NoHashtag`` or ``Overlap``."""
    require_moderator(actor)
    zone = plan.timezone or house.timezone
    starts_at = start(plan.starts, zone, now=now)
    pace = plan.pace.fitted(len(plan.questions))
    debate = Debate(
        slug=free_slug(tx, plan.title, localtime.wall(starts_at, zone)), title=plan.title, host=plan.host,
        hashtag=_hashtag(plan, house), labels=house.labels,
        locale=plan.locale or house.locale, timezone=zone, starts_at=starts_at, ends_at=starts_at + pace.minutes,
        pace=json.dumps(pace.as_seconds()), phase=Phase.SCHEDULED, created_at=now, rehearsal=plan.rehearsal,
        local_at=localtime.written(localtime.wall(starts_at, zone)), changed_at=now,
        questions_public=plan.questions_public,
    )  # fmt: skip
    wanted = wanted_places(plan, house, slug=debate.slug)
    clear(tx, wanted, start=debate.starts_at, end=debate.ends_at)
    debate_id = debates.add(tx, debate)
    tx.session.add_all(Place(debate_id=debate_id, platform=platform, address=address) for platform, address in wanted)
    for position, one in enumerate(plan.questions, start=1):
        tx.session.add(_question(debate_id, one, position=position, now=now))
    for cue in rules.plan(starts_at, zone, pace, questions=len(plan.questions), now=now):
        tx.session.add(Cue(debate_id=debate_id, key=cue.key, due_at=cue.due_at))
    tx.session.flush()
    announced = any(cue.key == rules.Kind.ANNOUNCE for cue in debates.cues(tx, debate_id))
    polls.begin(tx, debate_id, plan.poll, pulse=plan.pulse, announced=announced, now=now)
    leftovers.tell(tx, debate, now=now)
    invited.invite(tx, debate, plan.guests, house=house, now=now)
    debates.record(tx, who=actor.who, action="add", debate_id=debate_id, now=now, detail=plan.title)
    reminders.settle(tx, [debate], now=now)
    tx.cues = True
    debates.bump(tx, debate_id)
    return debate


def start(local: datetime | None, zone: str, *, now: datetime) -> datetime:
    """When a debate can begin (UTC); raises ``PastStart``, ``BadYear``, ``NoSuchTime`` and ``TwoTimes``."""
    if local is not None and not YEARS[0] <= local.year <= YEARS[1]:
        raise errors.BadYear(year=local.year, first=YEARS[0], last=YEARS[1])
    starts_at = localtime.resolve(local, zone) if local else None
    if starts_at is None or (now - starts_at).total_seconds() > SLACKNESS_SECONDS:
        raise errors.PastStart(starts=Moment(starts_at, zone) if starts_at else "?")
    return starts_at


def clear(tx: Tx, places: Sequence[tuple[str, str]], *, start: datetime, end: datetime, but: int | None = None) -> None:
    """In none of the places (platform, address) another debate is on then; raises ``Overlap``."""
    for platform, address in places:
        clash = debates.clash(tx, platform, address, start=start, end=end, but=but)
        if clash is not None:
            raise errors.Overlap(
                title=clash.title, starts=Moment(clash.starts_at, clash.timezone), place=f"{platform}:{address}"
            )


def changed(tx: Tx, debate: Debate, *, now: datetime, by_hand: bool = True) -> None:
    """Calendars take the debate as it is now for newer than what they have; a plan made anew leaves it alone.

    ``by_hand`` False is for what no person did to this one debate.
    """
    debate.sequence += 1
    debate.changed_at = now
    debate.touched = debate.touched or by_hand
    tx.session.add(debate)


def cancel(tx: Tx, debate: Debate, *, actor: Actor, now: datetime, why: str = "", by_hand: bool = True) -> bool:
    """A debate that has not begun will not be held; its cues are cancelled, and the reason is kept.

    Where it was announced people read of it; returns whether it was. ``by_hand`` as in ``changed``.
    """
    may(tx, debate, Verb.CANCEL, actor)
    debate.why = tidied(why)
    debate.phase = Phase.CANCELLED
    changed(tx, debate, now=now, by_hand=by_hand)
    for cue in debates.cues(tx, debates.ident(debate)):
        if cue.state in {"planned", "held"}:
            cue.state, cue.why = "cancelled", words(debate.locale)("el debate se canceló")
            tx.session.add(cue)
    told = notices.cancelled(tx, debate, now=now)
    invited.called_off(tx, debate, now=now)
    debates.record(tx, who=actor.who, action="cancel", debate_id=debate.id, now=now, detail=debate.why)
    debates.bump(tx, debates.ident(debate))
    return told


def add_question(tx: Tx, debate: Debate, text: str, *, actor: Actor, now: datetime, answer: str = "") -> Question:
    """The question stands at the end of the run-sheet, with a cue of its own where the hour has room for it."""
    may(tx, debate, Verb.ADD, actor)
    debate_id = debates.ident(debate)
    tidy = clean(text)
    waiting = [one for one in debates.questions(tx, debate_id) if one.state == State.APPROVED]
    position = max((one.position for one in debates.questions(tx, debate_id)), default=0) + 1
    question = _question(debate_id, PlannedQuestion(tidy, answer), position=position, now=now)
    question.rev = debates.bump(tx, debate_id)
    tx.session.add(question)
    tx.session.flush()
    make_room(tx, debate, waiting=len(waiting) + 1, now=now)
    debates.record(tx, who=actor.who, action="add question", debate_id=debate_id, now=now, detail=str(question.id))
    return question


def make_room(tx: Tx, debate: Debate, *, waiting: int, now: datetime) -> None:
    """There is a question cue for each waiting question, as far as the hour reaches."""
    debate_id = debates.ident(debate)
    planned = [
        rules.Cue(cue.key, cue.due_at) for cue in debates.cues(tx, debate_id) if cue.state in {"planned", "held"}
    ]
    asks = [cue for cue in planned if cue.kind is rules.Kind.ASK]
    if len(asks) >= waiting:
        return
    pace = pace_of(debate)
    before = max((cue.due_at for cue in asks), default=debate.asked_at)
    first = (debate.opened_at or debate.starts_at) + pace.first
    due = max(before + pace.step if before else first, now + pace.warning)
    if due < debate.ends_at:
        state = "held" if debate.phase == Phase.HELD else "planned"
        number = 1 + sum(1 for cue in debates.cues(tx, debate_id) if cue.key.startswith(f"{rules.Kind.ASK}:"))
        tx.session.add(Cue(debate_id=debate_id, key=f"{rules.Kind.ASK}:{number}", due_at=due, state=state))
        tx.cues = True


def reorder(tx: Tx, debate: Debate, order: list[int], *, actor: Actor, now: datetime) -> None:
    """The waiting questions will be asked in the given order of ids; those left out keep theirs, behind."""
    may(tx, debate, Verb.REORDER, actor)
    debate_id = debates.ident(debate)
    waiting = {one.id or 0: one for one in debates.questions(tx, debate_id) if one.state == State.APPROVED}
    for question_id in order:
        if question_id not in waiting:
            raise errors.NoSuchQuestion(question=question_id)
    rest = [question_id for question_id in waiting if question_id not in order]
    first = min((one.position for one in waiting.values()), default=1)
    rev = debates.bump(tx, debate_id)
    for position, question_id in enumerate([*order, *rest], start=first):
        waiting[question_id].position, waiting[question_id].rev = position, rev
        tx.session.add(waiting[question_id])
    debates.record(tx, who=actor.who, action="reorder", debate_id=debate_id, now=now)


def announce(tx: Tx, debate: Debate, house: House, *, now: datetime) -> None:
    """The invitation is on its way to every place."""
    text = brief.invitation(debate, house)
    say.everywhere(tx, debate, "announce", text, now=now)


def require_moderator(actor: Actor) -> None:
    """The actor moderates; raises ``NotModerator``."""
    if not actor.moderator:
        raise errors.NotModerator


def may(tx: Tx, debate: Debate, verb: Verb, actor: Actor) -> None:
    """The actor may do it to the debate as it is now, and until this is committed nobody else changes it."""
    require_moderator(actor)
    if not tx.sqlite:  # there nobody else writes, from this action's begin to its end
        debates.lock(tx, debates.ident(debate))
        tx.session.refresh(debate)
    check(verb, Phase(debate.phase))


def pace_of(debate: Debate) -> Pace:
    """The pace that a debate was planned with."""
    return Pace.from_seconds(json.loads(debate.pace))


def tidied(why: str) -> str:
    """A reason in one line; raises ``FilledUp``."""
    line = " ".join(richtext.storable(why).split())
    if len(line) > LONGEST_REASON:
        raise errors.FilledUp(limit=LONGEST_REASON, what=phrase("el motivo"), size=len(line))
    return line


def _question(debate_id: int, one: PlannedQuestion, *, position: int, now: datetime) -> Question:
    return Question(
        debate_id=debate_id, position=position, text=clean(one.text), answer=one.answer, state=State.APPROVED,
        source=Source.PLAN, created_at=now,
    )  # fmt: skip


def wanted_places(plan: DebateFile, house: House, *, slug: str = "") -> list[tuple[str, str]]:
    """Where (platform, address) the debate of a file would be held; raises ``NoHashtag``.

    Nobody else can have its room, whose address is its own ``slug``.
    """
    found: list[tuple[str, str]] = []
    hashtag = _hashtag(plan, house)
    # A rehearsal is not played before everybody.
    on_x = house.x and not plan.rehearsal if plan.x is None else plan.x
    channel = house.slack_channel if plan.slack is None else plan.slack
    if channel:
        found.append((Platform.SLACK, channel))
    if plan.x and not hashtag:
        raise errors.NoHashtag(title=plan.title)
    if on_x and hashtag:
        found.append((Platform.X, hashtag.casefold()))
    if plan.room:
        found.append((Platform.ROOM, slug))
    return found


def _hashtag(plan: DebateFile, house: House) -> str:
    """Raises ``FilledUp``: of a tag that is too long what is said on X would be cut."""
    tag = (plan.hashtag if plan.hashtag is not None else house.hashtag).lstrip("#")
    if len(tag) > LONGEST_HASHTAG:
        limit = phrase("{count} caracteres", count=LONGEST_HASHTAG)
        raise errors.FilledUp(limit=limit, what=phrase("la etiqueta"), size=len(tag))
    return tag


def free_slug(tx: Tx, title: str, local: datetime) -> str:
    """A short name for addresses that no debate has yet: the day and the first words of the title."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    words = re.findall(r"[a-z0-9]+", plain)[:8] or ["debate"]
    base = f"{local:%Y-%m-%d}-{'-'.join(words)}"[:70].rstrip("-")
    slug, number = base, 1
    while debates.slug_taken(tx, slug):
        number += 1
        slug = f"{base}-{number}"
    return slug
