"""Filing done again, from the log alone: after the close, when a thread's root becomes known, or by a moderator's hand.

The first filing, as a message comes in, is done in ``bot/actions/log.py``; both ask the rules of ``bot/filing.py``.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from bot import errors, filing
from bot.actions.plan import require_moderator
from bot.ports import Actor
from bot.store import debates, review
from bot.store import log as store
from bot.store.engine import Tx
from bot.tables import Debate, from_micros

Place = tuple[str, str]  # platform, platform id


class _Row(NamedTuple):
    """Of a message, what its filing depends on, and how it stands now; ``posted`` in microseconds since 1970."""

    id: int
    platform: str
    ident: str
    thread: str | None
    reply_to: str | None
    quotes: str | None
    text: str
    posted: int
    question: int | None
    filed_by: str
    confidence: str
    conflict: bool
    hand: int | None
    gone: bool

    @property
    def stands(self) -> tuple[int | None, str, str, bool]:
        """Where it stands, as ``columns`` says it."""
        return self.question, self.filed_by, self.confidence, bool(self.conflict)

    @property
    def above(self) -> list[Place]:
        """What it may follow: the message that it answers, or else the first of its conversation."""
        return [(self.platform, one) for one in (self.reply_to, self.thread) if one is not None and one != self.ident]


def whole(tx: Tx, debate: Debate) -> int:
    """Every message of a debate is filed anew from the log alone; returns how many moved."""
    debate_id = debates.ident(debate)
    asked = asked_in(tx, debate_id)
    filed: dict[Place, filing.Filing] = {}
    moved: list[tuple[object, ...]] = []
    for row in _from_the_top([_Row._make(row) for row in store.all_for_filing(tx, debate_id)]):
        found = columns(_file_row(row, asked, filed))
        if found != row.stands:
            moved.append((*found, row.id))
    if moved:
        rev = debates.bump(tx, debate_id)
        store.file(tx, [(*row[:4], rev, row[4]) for row in moved])
    return len(moved)


def by_hand(tx: Tx, debate: Debate, message_id: int, number: int | None, *, actor: Actor, now: datetime) -> None:
    """A moderator's hand decides which question a message answers (None: none of them).

    Raises ``NotModerator``, ``NoSuchQuestion`` or ``NoSuchMessage``.
    """
    require_moderator(actor)
    debate_id = debates.ident(debate)
    debates.lock(tx, debate_id)
    if number is not None and number not in [known for known, _ in store.asked(tx, debate_id)]:
        raise errors.NoSuchQuestion(question=f"P{number}")
    rev = debates.bump(tx, debate_id)
    store.by_hand(tx, debate_id, message_id, number or 0, rev)
    whole(tx, debate)  # what was said below it follows
    detail = f"{message_id}: P{number or 0}"
    debates.record(tx, who=actor.who, action=review.FILED, debate_id=debate_id, now=now, detail=detail)


def undo(tx: Tx, debate: Debate, *, actor: Actor, now: datetime, seen: int | None = None) -> int:
    """The last filing by hand that stands is taken back: the message is where it was before; returns its id.

    ``seen`` is the correction that was before the moderator's eyes (``review.Correction.id``): where somebody else has
    filed another message since, that one is not taken back. Raises ``NotModerator``, ``NothingToUndo`` or
    ``CorrectedSince``.
    """
    require_moderator(actor)
    debate_id = debates.ident(debate)
    debates.lock(tx, debate_id)
    standing = review.corrections(tx, debate_id)
    if not standing:
        raise errors.NothingToUndo
    last = standing[-1]
    if seen is not None and seen != last.id:
        raise errors.CorrectedSince
    rev = debates.bump(tx, debate_id)
    store.by_hand(tx, debate_id, last.message_id, last.before, rev)
    whole(tx, debate)
    detail = f"{last.message_id}: P{last.number}"
    debates.record(tx, who=actor.who, action=review.UNDONE, debate_id=debate_id, now=now, detail=detail)
    return last.message_id


def below(
    tx: Tx, debate_id: int, above: Iterable[tuple[str, str | None]], *, roots: dict[str, filing.Filing], rev: int
) -> dict[str, filing.Filing]:
    """What answers these messages is filed anew, now that they are known, and so on down the conversations.

    ``above`` are (platform id, thread) of what is answered; ``roots`` their filings, where they are messages. Returns
    the filings of all that was looked at, by platform id.
    """
    asked = asked_in(tx, debate_id)
    wanted, seen = list(above), set[int]()
    known: dict[Place, filing.Filing] = {}
    while wanted:
        ids, threads = [ident for ident, _ in wanted], [thread for _, thread in wanted if thread is not None]
        rows = [row for row in map(_Row._make, store.replies(tx, debate_id, ids, threads)) if row.id not in seen]
        known |= {(row.platform, ident): one for row in rows[:1] for ident, one in roots.items()}
        filed = [(columns(_file_row(row, asked, known)), row) for row in _from_the_top(rows)]
        store.file(tx, [(*found, rev, row.id) for found, row in filed])
        seen |= {row.id for row in rows}
        wanted = [(row.ident, row.thread) for found, row in filed if found != row.stands]
    return {ident: one for (_platform, ident), one in known.items()}


def asked_in(tx: Tx, debate_id: int) -> filing.Asked:
    """The questions asked so far in a debate and where they stand, for filing, with the letters of its labels."""
    rows = store.asked(tx, debate_id)
    letters = filing.letters_of(debates.labels(tx, debate_id))
    posts = store.question_posts(tx, debate_id)
    return filing.Asked([from_micros(at) for _, at in rows], [n for n, _ in rows], posts, letters)


def columns(one: filing.Filing) -> tuple[int | None, str, str, bool]:
    """Where a message stands, as its row keeps it: question, reason, confidence, conflict."""
    return one.question, one.reason.value, one.confidence.value, one.conflict


def _from_the_top(rows: Sequence[_Row]) -> Iterator[_Row]:
    """The rows in their order, but each behind what it answers, for it may follow that."""
    there = {(row.platform, row.ident): row for row in rows}
    done: set[int] = set()
    for row in rows:
        chain: list[_Row] = []
        above: _Row | None = row
        while above is not None and above.id not in done:
            done.add(above.id)
            chain.append(above)
            above = next((there[place] for place in above.above if place in there), None)
        yield from reversed(chain)


def _file_row(row: _Row, asked: filing.Asked, filed: dict[Place, filing.Filing]) -> filing.Filing:
    parent = next((filed[place] for place in row.above if place in filed), None)
    place = filing.by_place(asked, thread=row.thread, reply_to=row.reply_to, quotes=row.quotes, parent=parent)
    posted_at = from_micros(row.posted)
    if row.hand is not None:
        found = filing.Filing(row.hand or None, filing.Reason.HAND, filing.Confidence.CERTAIN)
    elif row.gone:
        before = filing.Filing(row.question, filing.Reason(row.filed_by), filing.Confidence(row.confidence))
        found = filing.file_again(before, posted_at, asked, place)
    else:
        found = filing.file(row.text, posted_at, asked, place)
    filed[row.platform, row.ident] = found
    return found
