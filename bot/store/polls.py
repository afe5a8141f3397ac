"""Polls and ballots. An anonymous ballot leads to nobody: it has no person, no time and no place in an order.

That somebody answered an anonymous poll stands apart from what they answered, as a keyed hash. So that nothing joins
the two, each new anonymous ballot has all of its poll written anew, in an order and under numbers drawn by lot: on
PostgreSQL a row knows the transaction that wrote it, and now they are all of the same one.
"""

import json
import secrets
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import col, select

from bot import errors, poll
from bot.debate import Phase
from bot.poll import Choice, Kind, Planned, Result
from bot.store import hashes
from bot.store.engine import Tx
from bot.tables import Debate
from bot.tables_year import Answered, Ballot, Poll

# The name under which the installation keeps the key of the marks.
_KEY = "pulse-key"
# Before and after free words where they are told, in Spanish and in English.
_QUOTATION = (("«", "»"), ("“", "”"))
_MOST_IDS = 2**31 - 1


def of(tx: Tx, debate_id: int, kind: Kind) -> Poll | None:
    """The poll of that kind that a debate has, or None."""
    return tx.session.exec(select(Poll).where(Poll.debate_id == debate_id, Poll.kind == kind)).first()


def needed(tx: Tx, debate_id: int, kind: Kind) -> Poll:
    """The poll of that kind that a debate has; raises ``NoSuchPoll``."""
    row = of(tx, debate_id, kind)
    if row is None:
        raise errors.NoSuchPoll
    return row


def get(tx: Tx, poll_id: int) -> Poll:
    """The poll of an id; raises ``NoSuchPoll``."""
    row = tx.session.get(Poll, poll_id) if 0 < poll_id <= _MOST_IDS else None
    if row is None:
        raise errors.NoSuchPoll
    return row


def every(tx: Tx, debate_id: int) -> Sequence[Poll]:
    """The polls of a debate, in the order in which they were made."""
    return tx.session.exec(select(Poll).where(Poll.debate_id == debate_id).order_by(col(Poll.id))).all()


def put(tx: Tx, debate_id: int, kind: Kind, made: Planned) -> Poll:
    """The debate has this poll, in the place of another of its kind; it does not open by this."""
    row = of(tx, debate_id, kind) or Poll(debate_id=debate_id, kind=kind, text=made.text)
    row.text, row.options = made.text, json.dumps(made.options, ensure_ascii=False)
    row.several, row.other = made.several, made.other
    tx.session.add(row)
    tx.session.flush()
    return row


def begin(tx: Tx, debate_id: int, made: Planned | None, *, pulse: bool, announced: bool, now: datetime) -> None:
    """A debate that is being planned has its poll, open at once where no announcement is to come; or no pulse."""
    if made is not None:
        row = put(tx, debate_id, Kind.BEFORE, made)
        row.opens_at = None if announced else now
        tx.session.add(row)
    if not pulse:
        never_a_pulse(tx, debate_id, now=now)


def never_a_pulse(tx: Tx, debate_id: int, *, now: datetime) -> Poll:
    """The debate will have no pulse: it is closed before it ever opened."""
    row = put(tx, debate_id, Kind.PULSE, Planned("", ()))
    row.closed_at = now
    tx.session.add(row)
    tx.session.flush()
    return row


def planned(row: Poll) -> Planned:
    """The poll as it was written down."""
    return Planned(row.text, tuple(json.loads(row.options)), row.several, row.other)


def result(tx: Tx, row: Poll) -> Result:
    """What has come out so far."""
    return poll.tally(Kind(row.kind), planned(row), answers(tx, row.id or 0))


def results(tx: Tx, debate_id: int, kind: Kind) -> tuple[Result, ...]:
    """What came out of the closed polls of a kind that somebody answered."""
    row = of(tx, debate_id, kind)
    found = result(tx, row) if row is not None and row.closed_at is not None else None
    return (found,) if found is not None and found.people else ()


def answers(tx: Tx, poll_id: int) -> list[Choice]:
    """All answers to a poll, in no order that means anything."""
    tx.finish()
    query = sa.select(col(Ballot.choices), col(Ballot.other)).where(col(Ballot.poll_id) == poll_id)
    return [_choice(choices, other) for choices, other in tx.conn.execute(query.order_by(col(Ballot.id)))]


def count(tx: Tx, poll_id: int) -> int:
    """How many have answered a poll."""
    query = sa.select(sa.func.count()).select_from(Ballot).where(col(Ballot.poll_id) == poll_id)
    return int(tx.conn.execute(query).scalar_one())


def mine(tx: Tx, poll_id: int, person_id: int) -> Choice | None:
    """What a person answered to a poll with names; None where they have not."""
    row = _ballot(tx, poll_id, person_id)
    return _choice(row.choices, row.other) if row is not None else None


def cast(tx: Tx, poll_id: int, person_id: int, given: Choice, *, now: datetime) -> None:
    """The person's answer is this one, in the place of what they answered before."""
    row = _ballot(tx, poll_id, person_id)
    if row is None:
        row = Ballot(id=_free_ids(tx, 1)[0], poll_id=poll_id, person_id=person_id)
    row.choices, row.other, row.at = json.dumps(given.options), given.other, now
    tx.session.add(row)
    tx.session.flush()


def cast_unnamed(tx: Tx, poll_id: int, person_id: int, given: Choice) -> None:
    """Somebody's answer is among the others; raises ``AnsweredBefore`` where theirs was there already."""
    tx.finish()
    mark = sa.text("INSERT INTO answered (poll_id, mark) VALUES (:poll, :mark) ON CONFLICT DO NOTHING")
    if not tx.conn.execute(mark, {"poll": poll_id, "mark": _mark(tx, poll_id, person_id)}).rowcount:
        raise errors.AnsweredBefore
    everything = [*answers(tx, poll_id), given]
    tx.conn.execute(sa.delete(Ballot).where(col(Ballot.poll_id) == poll_id))
    secrets.SystemRandom().shuffle(everything)
    rows = [
        {"id": ident, "poll_id": poll_id, "choices": json.dumps(one.options), "other": one.other}
        for ident, one in zip(_free_ids(tx, len(everything)), everything, strict=True)
    ]
    tx.conn.execute(sa.insert(Ballot), rows)


def has_answered(tx: Tx, poll_id: int, person_id: int) -> bool:
    """Whether a person has answered an anonymous poll; what they answered nobody knows."""
    key = hashes.known(tx, _KEY)
    if key is None:
        return False
    mark = hashes.keyed(key, f"{poll_id}:{person_id}")
    return tx.session.get(Answered, (poll_id, mark)) is not None


def forget(tx: Tx, person_id: int) -> list[str]:
    """No ballot is the person's any more, and no mark stands for them; returns the free words that went, as told.

    They are returned in the quotation marks of each language: a word alone would be found in much that others said.
    """
    tx.finish()
    said = select(Ballot.other).where(Ballot.person_id == person_id, Ballot.other != "")
    words = [f"{before}{text}{after}" for text in tx.session.exec(said).all() for before, after in _QUOTATION]
    tx.conn.execute(sa.delete(Ballot).where(col(Ballot.person_id) == person_id))
    key = hashes.known(tx, _KEY)
    if key is not None:
        polls = tx.conn.execute(sa.select(col(Poll.id)).where(col(Poll.kind) == Kind.PULSE)).scalars()
        marks = [hashes.keyed(key, f"{poll_id}:{person_id}") for poll_id in polls]
        tx.conn.execute(sa.delete(Answered).where(col(Answered.mark).in_(marks)))
    return words


def strike(tx: Tx, poll_id: int, text: str) -> int:
    """No answer to the poll has these free words, whatever their case; returns how many had. Empty ones are gone."""
    tx.finish()
    query = sa.select(col(Ballot.id), col(Ballot.other)).where(col(Ballot.poll_id) == poll_id)
    theirs = [ident for ident, other in tx.conn.execute(query) if other and other.casefold() == text.casefold()]
    tx.conn.execute(sa.update(Ballot).where(col(Ballot.id).in_(theirs)).values(other=""))
    tx.conn.execute(sa.delete(Ballot).where(col(Ballot.id).in_(theirs), col(Ballot.choices) == "[]"))
    return len(theirs)


def reword(tx: Tx, debate_id: int, change: Callable[[str], str]) -> None:
    """The free words in the polls of a debate are as ``change`` makes them."""
    tx.finish()
    query = (
        sa.select(col(Ballot.id), col(Ballot.other)).join(Poll, col(Poll.id) == col(Ballot.poll_id))
        .where(col(Poll.debate_id) == debate_id, col(Ballot.other) != "")
    )  # fmt: skip
    for ident, text in tx.conn.execute(query).all():
        if change(text) != text:
            tx.conn.execute(sa.update(Ballot).where(col(Ballot.id) == ident).values(other=change(text)))


def concerned(tx: Tx, person_id: int) -> list[int]:
    """The debates to whose polls a person has answered under their name."""
    query = (
        sa.select(col(Poll.debate_id)).distinct().join(Ballot, col(Ballot.poll_id) == col(Poll.id))
        .where(col(Ballot.person_id) == person_id)
    )  # fmt: skip
    return sorted(tx.conn.execute(query).scalars())


def titles_held(tx: Tx) -> dict[str, datetime]:
    """The titles of the debates held or still to come, in small letters, each with its latest start."""
    query = select(Debate.title, Debate.starts_at).where(
        col(Debate.rehearsal).is_(False), col(Debate.phase).not_in([Phase.CANCELLED, Phase.MISSED])
    )
    rows = tx.session.exec(query.order_by(col(Debate.starts_at))).all()
    return {title.casefold(): starts_at for title, starts_at in rows}


def _ballot(tx: Tx, poll_id: int, person_id: int) -> Ballot | None:
    return tx.session.exec(select(Ballot).where(Ballot.poll_id == poll_id, Ballot.person_id == person_id)).first()


def _choice(choices: str, other: str) -> Choice:
    return Choice(tuple(json.loads(choices)), other)


def _mark(tx: Tx, poll_id: int, person_id: int) -> str:
    return hashes.keyed(hashes.key(tx, _KEY), f"{poll_id}:{person_id}")


def _free_ids(tx: Tx, many: int) -> list[int]:
    """Numbers by lot that no ballot has."""
    while True:
        drawn = {1 + secrets.randbelow(_MOST_IDS) for _ in range(many)}
        if len(drawn) == many and not _taken(tx, drawn):
            return list(drawn)


def _taken(tx: Tx, idents: Iterable[int]) -> bool:
    query = select(Ballot.id).where(col(Ballot.id).in_(list(idents))).limit(1)
    return tx.session.exec(query).first() is not None
