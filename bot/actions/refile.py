"""Filing done again, from the log alone: after the close, when a thread's root becomes known, or by a moderator's hand.

The first filing, as a message comes in, is done in ``bot/actions/log.py``; both ask the rules of ``bot/filing.py``.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from bot import errors, filing
from bot.store import debates
from bot.store import log as store
from bot.store.engine import Tx
from bot.tables import Debate, from_micros


def whole(tx: Tx, debate: Debate) -> int:
    """Every message of a debate is filed anew from the log alone; returns how many moved."""
    debate_id = debates.ident(debate)
    asked = asked_in(tx, debate_id)
    roots: dict[tuple[str, str], filing.Filing] = {}
    moved: list[tuple[object, ...]] = []
    for row in store.all_for_filing(tx, debate_id):
        found = columns(_file_row(row, asked, roots))
        if found != (*row[7:10], bool(row[10])):
            moved.append((*found, row[0]))
    if moved:
        rev = debates.bump(tx, debate_id)
        store.file(tx, [(*row[:4], rev, row[4]) for row in moved])
    return len(moved)


def by_hand(tx: Tx, debate: Debate, message_id: int, number: int | None, *, who: str, now: datetime) -> None:
    """A moderator's hand decides which question a message answers (None: none of them)."""
    debate_id = debates.ident(debate)
    if number is not None and number not in [known for known, _ in store.asked(tx, debate_id)]:
        raise errors.NoSuchQuestion(question=f"P{number}")
    rev = debates.bump(tx, debate_id)
    store.by_hand(tx, debate_id, message_id, number or 0, rev)
    whole(tx, debate)  # what was said below it follows
    debates.record(tx, who=who, action="file", debate_id=debate_id, now=now, detail=f"{message_id}: P{number or 0}")


def threads(tx: Tx, debate_id: int, threads: Iterable[str], *, roots: dict[str, filing.Filing], rev: int) -> None:
    """The messages in these threads are filed anew, now that what they answer is known, and so on down the thread."""
    wanted, seen = list(threads), set[object]()
    known: dict[tuple[str, str], filing.Filing] = {}
    while rows := [row for row in store.replies(tx, debate_id, wanted) if row[0] not in seen]:
        asked = asked_in(tx, debate_id)
        known |= {(str(row[1]), ident): one for row in rows[:1] for ident, one in roots.items()}
        filed = [(_file_row(row, asked, known), row) for row in rows]
        store.file(tx, [(*columns(one), rev, row[0]) for one, row in filed])
        seen |= {row[0] for row in rows}
        wanted = [str(row[2]) for one, row in filed if columns(one) != (*row[7:10], bool(row[10]))]


def asked_in(tx: Tx, debate_id: int) -> filing.Asked:
    """The questions asked so far in a debate and where they stand, for filing."""
    rows = store.asked(tx, debate_id)
    return filing.Asked([from_micros(at) for _, at in rows], [n for n, _ in rows], store.question_posts(tx, debate_id))


def columns(one: filing.Filing) -> tuple[int | None, str, str, bool]:
    """Where a message stands, as its row keeps it: question, reason, confidence, conflict."""
    return one.question, one.reason.value, one.confidence.value, one.conflict


def _file_row(row: Sequence[object], asked: filing.Asked, roots: dict[tuple[str, str], filing.Filing]) -> filing.Filing:
    _id, platform, ident, thread, quotes, text, posted, number, by, sure, _conflict, hand, gone = row
    root = roots.get((str(platform), str(thread))) if thread is not None and thread != ident else None
    posted_at = from_micros(int(str(posted)))
    answers = str(thread) if thread is not None else None
    quoted = str(quotes) if quotes is not None else None
    if hand is not None:
        found = filing.Filing(int(str(hand)) or None, filing.Reason.HAND, filing.Confidence.CERTAIN)
    elif gone:
        kept = int(str(number)) if number is not None else None
        before = filing.Filing(kept, filing.Reason(str(by)), filing.Confidence(str(sure)))
        found = filing.file_again(before, posted_at, asked, thread=answers, quotes=quoted, root=root)
    else:
        found = filing.file(str(text), posted_at, asked, thread=answers, quotes=quoted, root=root)
    roots[str(platform), str(ident)] = found
    return found
