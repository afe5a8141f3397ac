"""Debates whose date a rule gave them, a season's or a series': made, moved and taken back without a person's hand.

Whatever a person has touched is left alone, and told of.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from bot import cues as rules
from bot import errors, localtime
from bot.actions import moving, plan, say
from bot.debate import COMING
from bot.localtime import Clock
from bot.phrase import phrase
from bot.ports import Actor, House
from bot.series import Move, Occurrence, Standing
from bot.store import debates
from bot.store.engine import Tx
from bot.tables import Debate
from bot.words.catalogue import words


@dataclass(frozen=True, slots=True)
class Left:
    """A date (naive, as the rule gave it) with which something could not be done, and why."""

    date: str
    why: str


def standing(debate: Debate, *, now: datetime) -> Standing:
    """The debate as the rules see it; what a person touched or cancelled stays, and so does what has begun."""
    fixed = debate.touched or debate.phase not in COMING or debate.starts_at <= now
    return Standing(debates.ident(debate), debate.occurrence, debate.starts_at, fixed=fixed)


def mark(tx: Tx, debate: Debate, date: Occurrence, *, now: datetime) -> None:
    """The debate knows the date that its plan gave it; where the clocks change then, the organisers are told."""
    debate.occurrence, debate.local_at, debate.settled = date.key, localtime.written(date.asked), _settled(date)
    tx.session.add(debate)
    tx.session.flush()
    if date.notice:
        notice = words(debate.locale).again(date.notice)
        text = words(debate.locale)("«{title}»: {notice}.", title=debate.title, notice=notice)
        say.to_moderators(tx, debate, "clocks", text, now=now)


def shift(tx: Tx, moves: Iterable[Move], *, house: House, now: datetime) -> tuple[list[Debate], list[Left]]:
    """Debates that nobody touched begin at their new dates; those whose place is taken then stay, and are told of.

    One may go where another leaves, so they are tried until none goes any more.
    """
    waiting, moved, left = list(moves), list[Debate](), list[Left]()
    while waiting:
        left, rest = [], list[Move]()
        for one in waiting:
            debate, to = debates.get(tx, one.standing.id), one.to
            try:
                date = moving.Date(to.instant, to.zone, to.asked, _settled(to))
                moving.to(tx, debate, date, house=house, now=now, by_hand=False)
            except errors.Overlap as error:
                left.append(Left(one.standing.key, why(error)))
                rest.append(one)
                continue
            mark(tx, debate, to, now=now)
            moved.append(debate)
        if len(rest) == len(waiting):
            break
        waiting = rest
    return moved, left


def stand_in(tx: Tx, stead: Iterable[Move]) -> None:
    """Debates that a person touched are known by the dates in whose stead they are held, so that none is held twice."""
    for one in stead:
        debate = debates.get(tx, one.standing.id)
        debate.occurrence = one.to.key
        tx.session.add(debate)
    tx.session.flush()


def take_back(tx: Tx, debate: Debate, reason: str, *, actor: Actor, now: datetime, lapsed: bool = False) -> None:
    """A debate that nobody touched will not be held, and lets go of its date; one that has ``lapsed`` may come back."""
    ident = debates.ident(debate)
    text = words(debate.locale).again(reason)
    if lapsed:
        for cue in debates.cues(tx, ident):
            if cue.key == rules.Kind.LAPSE and cue.state == "planned":
                cue.state, cue.done_at, cue.why = "done", now, text
                tx.session.add(cue)
        tx.session.flush()
    plan.cancel(tx, debate, actor=actor, now=now, why=text, by_hand=False)
    if not lapsed:
        debate.occurrence = ""
        tx.session.add(debate)


def why(error: errors.Refusal) -> str:
    """Why a debate could not have its date, without what the reader of a single refusal is advised."""
    if isinstance(error, errors.Overlap):
        return phrase("se solapa con «{title}»", title=error.fields["title"])
    return phrase(error.template(), **error.fields)


def _settled(date: Occurrence) -> str:
    """What a debate keeps of a date at which the clocks change."""
    return "" if date.kind is Clock.NORMAL else date.kind.value
