"""What a guest does on their page: reads what comes, and writes what is to be said in their name."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bot import errors, richtext
from bot import guest as rules
from bot.actions import invited
from bot.debate import COMING, Phase
from bot.debatefile import LONGEST_ANSWER
from bot.guest import Milestone
from bot.question import State
from bot.store import debates
from bot.store import guests as store
from bot.store.engine import Tx
from bot.tables import Debate, Question
from bot.tables_year import Guest

FRAMING = 0  # stands for the framing where others are named by their question's id
# Questions of these states are still to come, or were taken off the run-sheet: a text to them stays the guest's.
_COMING = frozenset({State.APPROVED})


@dataclass(frozen=True, slots=True)
class Change:
    """One text as the guest wants it, and the ``mark`` of what it was when they began to write."""

    text: str
    before: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the changes: saved, and refused with the reason, each by question id (0: the framing)."""

    saved: Sequence[int] = ()
    refused: Mapping[int, errors.Refusal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sheet:
    """One question on the guest's page, and what they have prepared; ``gone`` when it will not be asked."""

    question: Question
    text: str
    at: datetime | None
    asked: bool
    gone: bool


@dataclass(frozen=True, slots=True)
class Desk:
    """All that a guest's page shows."""

    guest: Guest
    debate: Debate
    timeline: Sequence[Milestone]
    sheets: Sequence[Sheet]
    framing_open: bool


def desk(tx: Tx, guest: Guest, *, now: datetime) -> Desk:
    """What the guest's page shows now: their timeline, the questions in order, what they prepared."""
    debate = debates.get(tx, guest.debate_id)
    texts = store.prepared(tx, guest.id or 0)
    sheets = [
        Sheet(
            one, texts[one.id or 0].text if one.id in texts else "", texts[one.id or 0].at if one.id in texts else None,
            asked=one.number is not None, gone=one.number is None and one.state not in _COMING,
        )
        for one in debates.questions(tx, guest.debate_id)
        if one.number is not None or one.state in _COMING or one.id in texts
    ]  # fmt: skip
    progress = invited.progress(tx, debate, guest)
    return Desk(
        guest, debate, rules.timeline(debate.starts_at, debate.timezone, progress, now=now),
        sorted(sheets, key=lambda one: one.gone), framing_open=_framing_open(debate, guest),
    )  # fmt: skip


def save(tx: Tx, guest: Guest, changes: Mapping[int, Change], *, now: datetime) -> Outcome:
    """What the guest changed is kept, each text by itself: one that is refused does not hold back the others.

    A text that stayed as it was is left alone, so that an old window takes nothing back. Refused are ``FilledUp``,
    ``NoSuchQuestion``, ``AlreadyAsked`` once the question is out, ``AlreadyFramed``, ``FramingLink``, and
    ``ChangedMeanwhile`` when another window saved a text of its own.
    """
    debate = debates.get(tx, guest.debate_id)
    debates.lock(tx, guest.debate_id)
    tx.session.refresh(guest)
    tx.session.refresh(debate)
    saved: list[int] = []
    refused: dict[int, errors.Refusal] = {}
    for ident, change in changes.items():
        text = tidied(change.text)
        if mark(text) == change.before:
            continue
        try:
            if ident == FRAMING:
                _frame(tx, debate, guest, text, change.before, now=now)
            else:
                _prepare(tx, guest, ident, text, change.before, now=now)
            saved.append(ident)
        except errors.Refusal as error:
            refused[ident] = error
    guest.seen_at = now
    tx.session.add(guest)
    debates.bump(tx, guest.debate_id)
    return Outcome(saved, refused)


def tidied(text: str) -> str:
    """The text as it is kept: its lines as they are, without what no database holds and without space around it."""
    return richtext.storable(text).replace("\r\n", "\n").replace("\r", "\n").strip()


def mark(text: str) -> str:
    """What stands for a text as it is kept; "" for none."""
    return hashlib.sha256(text.encode()).hexdigest()[:16] if text else ""


def _prepare(tx: Tx, guest: Guest, ident: int, text: str, before: str, *, now: datetime) -> None:
    question = debates.question(tx, guest.debate_id, ident)
    if question.number is not None:
        raise errors.AlreadyAsked(number=question.number)
    found = store.prepared(tx, guest.id or 0).get(ident)
    _unchanged(found.text if found else "", before, text)
    if len(text) > LONGEST_ANSWER:
        raise errors.FilledUp(what="la respuesta", limit=LONGEST_ANSWER, size=len(text))
    store.keep(tx, guest.id or 0, ident, text, now=now)


def _frame(tx: Tx, debate: Debate, guest: Guest, text: str, before: str, *, now: datetime) -> None:
    if guest.framed_at is not None:
        raise errors.AlreadyFramed(name=guest.name)
    if not _framing_open(debate, guest):
        raise errors.WrongPhase(phase=debate.phase, verb="publicar la presentación")
    _unchanged(guest.framing, before, text)
    if len(text) > rules.LONGEST_FRAMING:
        raise errors.FilledUp(what="el texto de presentación", limit=rules.LONGEST_FRAMING, size=len(text))
    link = rules.link_in(text)
    if link:
        raise errors.FramingLink(text=link)
    # What a moderator has read and let go out was another text.
    guest.framing, guest.drafted_at, guest.approved_at = text, now, None
    tx.session.add(guest)


def _framing_open(debate: Debate, guest: Guest) -> bool:
    return guest.framed_at is None and Phase(debate.phase) in COMING


def _unchanged(kept: str, before: str, wanted: str) -> None:
    if kept != wanted and mark(kept) != before:
        raise errors.ChangedMeanwhile
