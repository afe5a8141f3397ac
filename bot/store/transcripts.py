"""The log read back as a transcript: the head at once, the lines in pieces, so that length costs no memory."""

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import Any

import sqlalchemy as sa
from sqlmodel import col

from bot import richtext, tables
from bot.poll import Kind
from bot.ports import Attachment
from bot.question import Source, State
from bot.recap import Answer
from bot.store import debates, people, polls, questions
from bot.store.engine import Prepared, Store, Tx
from bot.tables import Debate, Identity, Message, Person, Question, from_micros, to_micros
from bot.transcript import Asked, Gap, Head, Line, Queued, Spot, Transcript, reading_order

# Rows read at a time: enough to be quick, few enough to be small.
PIECE = 2000

_message = Message.__table__  # type: ignore[attr-defined]  # SQLModel makes it
_identity = Identity.__table__  # type: ignore[attr-defined]
_person = Person.__table__  # type: ignore[attr-defined]

_m, _i, _p = _message.c, _identity.c, _person.c
# Who has no name in their profile, or none that we may read, is called by their id.
_no: sa.ColumnElement[str] = sa.literal_column("''")
_called = sa.func.coalesce(sa.func.nullif(_m.author, _no), sa.func.nullif(_i.name, _no), _i.platform_id, _no)
LINE = (
    sa.select(
        _m.id, _m.platform, _m.platform_id, _i.platform_id, _called, _i.role, _m.text, _m.rich, _m.files,
        sa.type_coerce(_m.posted_at, sa.BigInteger), sa.type_coerce(_m.edited_at, sa.BigInteger),
        _m.deleted_at.is_not(None), _m.question, _m.filed_by, _m.confidence, _m.conflict, _m.late, _m.reply_to,
        _m.thread, _p.alias, _p.id, _m.rev,
    )
    .select_from(_message)
    .outerjoin(_identity, _identity.c.id == _message.c.identity_id)
    .outerjoin(_person, _person.c.id == _identity.c.person_id)
)  # fmt: skip
# Compiled once, and its rows fetched by the driver: a long debate asks for a hundred thousand of them.
_PIECE_SQLITE = Prepared(LINE.where(sa.text("message.id IN (SELECT value FROM json_each(:ids))")), ("ids",))
_PIECE_POSTGRESQL = Prepared(LINE.where(sa.text("message.id = ANY(:ids)")), ("ids",))
_REACTIONS = (
    "SELECT message_id, name, sum(count) AS n FROM reaction WHERE {} AND count > 0 "
    "GROUP BY message_id, name ORDER BY n DESC, name"
)
_REACTIONS_SQLITE = Prepared(sa.text(_REACTIONS.format("message_id IN (SELECT value FROM json_each(:ids))")), ("ids",))
_REACTIONS_POSTGRESQL = Prepared(sa.text(_REACTIONS.format("message_id = ANY(:ids)")), ("ids",))
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
        "SELECT m.question, COALESCE(NULLIF(p.alias, ''), NULLIF(m.author, ''), NULLIF(i.name, ''), i.platform_id), "
        "m.text, "
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
        polls=polls.results(tx, debate_id, Kind.BEFORE),
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
            rows = {row[0]: row for row in _of_ids(tx, ids, _PIECE_SQLITE, _PIECE_POSTGRESQL)}
            reactions = reactions_of(tx, ids)
            for ident, depth in piece:
                yield line(rows[ident], reactions.get(ident, {}), depth)


def _order(tx: Tx, debate_id: int) -> list[tuple[int, int]]:
    asked = [(one.number or 0, one.asked_at) for one in debates.questions(tx, debate_id) if one.number is not None]
    asked.sort(key=lambda one: one[0])
    first = min((to_micros(at) for _, at in asked if at is not None), default=None)
    query = sa.select(
        _m.id, _m.question, _m.platform_id, _m.thread, sa.type_coerce(_m.posted_at, sa.BigInteger), _m.reply_to
    )
    spots = map(Spot._make, tx.conn.execute(query.where(_m.debate_id == debate_id, _HEARD)).all())
    return reading_order(spots, [number for number, _ in asked], first_asked=first)


def reactions_of(tx: Tx, ids: Sequence[int]) -> dict[int, dict[str, int]]:
    """The reactions of messages: by message id, each name with its count, the most frequent first."""
    found: dict[int, dict[str, int]] = {}
    for ident, name, count in _of_ids(tx, ids, _REACTIONS_SQLITE, _REACTIONS_POSTGRESQL):
        found.setdefault(ident, {})[name] = int(count)
    return found


def _of_ids(tx: Tx, ids: Sequence[int], sqlite: Prepared, postgresql: Prepared) -> Sequence[Sequence[Any]]:
    return sqlite.fetch(tx.conn, json.dumps(ids)) if tx.sqlite else postgresql.fetch(tx.conn, list(ids))


def line(row: Sequence[Any], reactions: dict[str, int], depth: int) -> Line:
    """A row of ``LINE`` as a line. Under an alias a person's platform id is not shown either."""
    (
        ident, platform, platform_id, who, author, role, text, rich, files, posted, edited, gone, question, filed_by,
        confidence, conflict, late, reply_to, thread, alias, person, _rev,
    ) = row  # fmt: skip
    author_id = "" if who is None or gone else (f"person:{person}" if alias else f"{platform}:{who}")
    # By place, in the order of the fields: naming them costs a third more.
    return Line(
        ident, platform, platform_id, author_id, alias or author, role or "member", text,
        richtext.load(rich) if rich else None, [Attachment(*one) for one in json.loads(files)] if files else (),
        from_micros(posted), None if edited is None else from_micros(edited), bool(gone), question, filed_by,
        confidence, bool(conflict), bool(late), reply_to, thread, reactions, depth,
    )  # fmt: skip
