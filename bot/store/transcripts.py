"""The log read back as a transcript: the head at once, the lines in pieces, so that length costs no memory."""

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import Any

import sqlalchemy as sa
from sqlmodel import col

from bot import richtext, tables
from bot.ports import Attachment
from bot.question import Source, State
from bot.recap import Answer
from bot.store import debates, people, questions
from bot.store.engine import Store, Tx
from bot.tables import Debate, Identity, Message, Person, Question, from_micros, to_micros
from bot.transcript import Asked, Gap, Head, Line, Queued, Spot, Transcript, reading_order

# Rows read at a time: enough to be quick, few enough to be small.
PIECE = 2000

_message = Message.__table__  # type: ignore[attr-defined]  # SQLModel makes it
_identity = Identity.__table__  # type: ignore[attr-defined]
_person = Person.__table__  # type: ignore[attr-defined]

_m, _i, _p = _message.c, _identity.c, _person.c
LINE = (
    sa.select(
        _m.id, _m.platform, _m.platform_id, _i.platform_id, _m.author, _i.role, _m.text, _m.rich, _m.files,
        sa.type_coerce(_m.posted_at, sa.BigInteger), sa.type_coerce(_m.edited_at, sa.BigInteger),
        _m.deleted_at.is_not(None), _m.question, _m.filed_by, _m.confidence, _m.conflict, _m.late, _m.reply_to,
        _m.thread, _p.alias, _p.id, _m.rev,
    )
    .select_from(_message)
    .outerjoin(_identity, _identity.c.id == _message.c.identity_id)
    .outerjoin(_person, _person.c.id == _identity.c.person_id)
)  # fmt: skip
# A row without author that was not deleted is a place kept for a message that has not been heard yet.
_HEARD = sa.or_(_m.identity_id.is_not(None), _m.deleted_at.is_not(None))


def load(store: Store, debate: int | str) -> Transcript:
    """The transcript of a debate as its log is now; raises ``NoSuchDebate``.

    Each call of ``lines()`` reads the log in one consistent view.
    """
    with store.read() as tx:
        row = debates.get(tx, debate)
        head = _head(tx, row)
    return Transcript(head, lambda: _lines(store, int(head.id)))


def answers(tx: Tx, debate_id: int) -> Iterator[Answer]:
    """The answers of a debate with the echo each found, oldest first."""
    query = sa.text(
        "SELECT m.question, COALESCE(NULLIF(p.alias, ''), m.author), m.text, "
        "(SELECT COALESCE(sum(r.count), 0) FROM reaction r WHERE r.message_id = m.id), "
        "(SELECT count(*) FROM message a WHERE a.thread = m.platform_id AND a.debate_id = m.debate_id "
        " AND a.platform_id <> m.platform_id AND a.deleted_at IS NULL) "
        "FROM message m JOIN identity i ON i.id = m.identity_id JOIN person p ON p.id = i.person_id "
        "WHERE m.debate_id = :id AND m.question IS NOT NULL AND m.deleted_at IS NULL AND i.role <> 'bot' "
        "AND m.text <> '' ORDER BY m.posted_at, m.id"
    )
    for row in tx.conn.execute(query, {"id": debate_id}):
        yield Answer(int(row[0]), row[1], row[2], int(row[3]), int(row[4]))


def _head(tx: Tx, row: Debate) -> Head:
    debate_id = debates.ident(row)
    counts = _counts(tx, debate_id)
    everything = debates.questions(tx, debate_id)
    names = _names(tx, [one.asker_id for one in everything if one.asker_id is not None])
    votes = questions.votes(tx, debate_id)
    asked = sorted((one for one in everything if one.number is not None), key=lambda one: one.number or 0)
    queued = [one for one in everything if one.number is None and one.source == Source.AUDIENCE]
    return Head(
        id=str(debate_id), slug=row.slug, title=row.title, hashtag=row.hashtag, host=row.host, locale=row.locale,
        timezone=row.timezone, phase=row.phase, starts_at=row.starts_at, opened_at=row.opened_at,
        closed_at=row.closed_at,
        questions=[_asked(one, names, counts) for one in asked],
        queue=[_queued(one, names, votes) for one in queued],
        gaps=[_gap(one) for one in debates.gaps(tx, debate_id)],
        people=people.participants(tx, debate_id), messages=sum(counts.values()),
    )  # fmt: skip


def _asked(one: Question, names: dict[int, str], counts: dict[int | None, int]) -> Asked:
    return Asked(
        number=one.number or 0, text=one.text, asked_at=one.asked_at or one.created_at, answer=one.answer,
        source=one.source, asker=names.get(one.asker_id or 0, ""), messages=counts.get(one.number, 0),
    )  # fmt: skip


def _queued(one: Question, names: dict[int, str], votes: dict[int, int]) -> Queued:
    state = State(one.state).value
    return Queued(one.text, state, names.get(one.asker_id or 0, ""), votes.get(one.id or 0, 0), one.reason)


def _gap(one: tables.Gap) -> Gap:
    return Gap(one.platform, one.from_at, one.to_at, one.closed_at is not None)


def _counts(tx: Tx, debate_id: int) -> dict[int | None, int]:
    query = sa.select(_m.question, sa.func.count()).where(_m.debate_id == debate_id, _HEARD).group_by(_m.question)
    return {number: int(count) for number, count in tx.conn.execute(query)}


def _names(tx: Tx, identity_ids: Sequence[int]) -> dict[int, str]:
    query = (
        sa.select(col(Identity.id), col(Identity.name), col(Person.alias))
        .join(Person, col(Person.id) == col(Identity.person_id))
        .where(col(Identity.id).in_(identity_ids))
    )
    return {ident or 0: alias or name for ident, name, alias in tx.conn.execute(query)}


def _lines(store: Store, debate_id: int) -> Iterator[Line]:
    with ExitStack() as stack:
        tx = stack.enter_context(store.read())
        order = _order(tx, debate_id)
        for start in range(0, len(order), PIECE):
            piece = order[start : start + PIECE]
            ids = [ident for ident, _ in piece]
            rows = {row[0]: row for row in tx.conn.execute(LINE.where(_m.id.in_(ids)))}
            reactions = reactions_of(tx, ids)
            for ident, depth in piece:
                yield line(rows[ident], reactions.get(ident, {}), depth)


def _order(tx: Tx, debate_id: int) -> list[tuple[int, int]]:
    asked = [(one.number or 0, one.asked_at) for one in debates.questions(tx, debate_id) if one.number is not None]
    asked.sort(key=lambda one: one[0])
    first = min((to_micros(at) for _, at in asked if at is not None), default=None)
    query = sa.select(_m.id, _m.question, _m.platform_id, _m.thread, sa.type_coerce(_m.posted_at, sa.BigInteger))
    spots = (Spot(*row) for row in tx.conn.execute(query.where(_m.debate_id == debate_id, _HEARD)))
    return reading_order(spots, [number for number, _ in asked], first_asked=first)


def reactions_of(tx: Tx, ids: Sequence[int]) -> dict[int, dict[str, int]]:
    """The reactions of messages: by message id, each name with its count, the most frequent first."""
    query = sa.text(
        "SELECT message_id, name, sum(count) AS n FROM reaction WHERE message_id IN :ids AND count > 0 "
        "GROUP BY message_id, name ORDER BY n DESC, name"
    ).bindparams(sa.bindparam("ids", expanding=True))
    found: dict[int, dict[str, int]] = {}
    for ident, name, count in tx.conn.execute(query, {"ids": list(ids)}):
        found.setdefault(ident, {})[name] = int(count)
    return found


def line(row: Sequence[Any], reactions: dict[str, int], depth: int) -> Line:
    """A row of ``LINE`` as a line. Under an alias a person's platform id is not shown either."""
    alias, deleted = row[19], bool(row[11])
    author_id = "" if row[3] is None or deleted else (f"person:{row[20]}" if alias else f"{row[1]}:{row[3]}")
    return Line(
        id=row[0], platform=row[1], platform_id=row[2], author_id=author_id, author=alias or row[4],
        role=row[5] or "member", text=row[6], rich=richtext.load(row[7]) if row[7] else None,
        files=[Attachment(*one) for one in json.loads(row[8])] if row[8] else (), posted_at=from_micros(row[9]),
        edited_at=from_micros(row[10]) if row[10] is not None else None, deleted=deleted, question=row[12],
        filed_by=row[13], confidence=row[14], conflict=bool(row[15]), late=bool(row[16]), reply_to=row[17],
        thread=row[18], reactions=reactions, depth=depth,
    )  # fmt: skip
