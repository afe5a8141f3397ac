"""The log: where every message passes. Core statements compiled once, rows in batches."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlmodel import col

from bot import errors
from bot.store.engine import Prepared, Tx
from bot.tables import Debate, Identity, Message, Outbox, Place, Question, Reaction, from_micros

_message = Message.__table__  # type: ignore[attr-defined]  # SQLModel makes it
_reaction = Reaction.__table__  # type: ignore[attr-defined]
_identity = Identity.__table__  # type: ignore[attr-defined]

# Columns of a new message, in the order in which rows give them.
NEW = (
    "debate_id", "platform", "place", "platform_id", "thread", "reply_to", "quotes", "identity_id", "author", "text",
    "rich", "files", "posted_at", "edited_at", "deleted_at", "late", "question", "filed_by", "confidence", "conflict",
    "terms", "rev",
)  # fmt: skip
_SAID = (
    "thread", "reply_to", "quotes", "identity_id", "author", "text", "rich", "files", "posted_at", "edited_at", "late",
    "terms", "rev",
)  # fmt: skip
_FILED = ("question", "filed_by", "confidence", "conflict", "rev")


# The platform's clock and ours differ: what was said this little before the opening belongs to the debate.
EARLY_MICROS = 5_000_000


class Known(NamedTuple):
    """What the log already holds of a message; times in microseconds."""

    id: int
    debate_id: int
    platform_id: str
    place: str
    thread: str | None
    reply_to: str | None
    identity_id: int | None
    edited_at: int | None
    deleted_at: int | None
    question: int | None
    filed_by: str
    confidence: str
    hand: int | None


class Hearing(NamedTuple):
    """A debate that hears a place: from when to when (microseconds; None: still), and when its hour closed."""

    debate_id: int
    opened_at: int
    closed_at: int | None
    until: int | None

    def hears(self, at: int) -> bool:
        """Whether what was posted at a time (microseconds) belongs to the debate."""
        return self.opened_at - EARLY_MICROS <= at and (self.until is None or at <= self.until)


_bind = sa.bindparam
_INSERT = Prepared(
    sa.text(
        f"INSERT INTO message ({', '.join(NEW)}) VALUES ({', '.join(':' + name for name in NEW)}) "  # noqa: S608
        "ON CONFLICT (platform_id, place, platform, debate_id) DO NOTHING"
    ),
    NEW,
)
_NEWEST = Prepared(sa.text("SELECT coalesce(max(id), 0) FROM message"), ())
_SAY_AGAIN = Prepared(
    sa.text(f"UPDATE message SET {', '.join(f'{name} = :{name}' for name in _SAID)} WHERE id = :id"),  # noqa: S608
    (*_SAID, "id"),
)
_FILE = Prepared(
    sa.text(f"UPDATE message SET {', '.join(f'{name} = :{name}' for name in _FILED)} WHERE id = :id"),  # noqa: S608
    (*_FILED, "id"),
)
_ERASE = Prepared(
    sa.text(
        "UPDATE message SET identity_id = NULL, author = '', text = '', rich = NULL, files = NULL, terms = NULL, "
        "deleted_at = :at, rev = :rev WHERE id = :id"
    ),
    ("at", "rev", "id"),
)
_REACT = Prepared(
    sa.text(
        "INSERT INTO reaction (message_id, name, who, count, at) VALUES (:message_id, :name, :who, :count, :at) "
        "ON CONFLICT (message_id, name, who) DO UPDATE SET count = excluded.count, at = excluded.at "
        "WHERE reaction.at <= excluded.at"
    ),
    ("message_id", "name", "who", "count", "at"),
)
_CALLED = "SELECT platform_id, id, name FROM identity WHERE platform = :platform AND platform_id "
_CALLED_SQLITE = Prepared(sa.text(f"{_CALLED} IN (SELECT value FROM json_each(:ids))"), ("ids", "platform"))  # noqa: S608
_CALLED_POSTGRESQL = Prepared(sa.text(f"{_CALLED} = ANY(:ids)"), ("ids", "platform"))
_PERSON = Prepared(sa.text("INSERT INTO person (alias) VALUES (:alias) RETURNING id"), ("alias",))
_IDENTITY = Prepared(
    sa.text(
        "INSERT INTO identity (person_id, platform, platform_id, name, role) "
        "VALUES (:person, :platform, :ident, :name, 'member') RETURNING id"
    ),
    ("person", "platform", "ident", "name"),
)
_KNOWN = f"SELECT {', '.join(Known._fields)} FROM message WHERE platform = :platform AND "  # noqa: S608
# One look for all three: SQLite takes an index for each side of the ORs.
_KNOWN_SQLITE = Prepared(
    sa.text(
        "WITH wanted AS MATERIALIZED (SELECT value FROM json_each(:ids)), "  # noqa: S608
        "above AS MATERIALIZED (SELECT value FROM json_each(:above)) "
        f"{_KNOWN}(platform_id IN (SELECT value FROM wanted UNION SELECT value FROM above) "
        "OR thread IN (SELECT value FROM wanted) OR reply_to IN (SELECT value FROM wanted))"
    ),
    ("ids", "above", "platform"),
)
_KNOWN_POSTGRESQL = Prepared(
    sa.text(
        f"{_KNOWN}(platform_id = ANY(:ids) OR platform_id = ANY(:above) OR thread = ANY(:ids) OR reply_to = ANY(:ids))"
    ),
    ("ids", "above", "platform"),
)


def insert(tx: Tx, rows: Sequence[Sequence[object]]) -> None:
    """New messages (columns ``NEW``) are in the log; one that is there stays as it is. Search's index follows."""
    if rows:
        _INSERT.run(tx.conn, rows)
        tx.unindexed = True


def newest(tx: Tx) -> int:
    """The highest id of a message so far; 0 before the first."""
    return int(_NEWEST.fetch(tx.conn)[0][0])


def say_again(tx: Tx, rows: Sequence[Sequence[object]]) -> None:
    """Messages have the text and author of the rows (columns ``_SAID``, then the id)."""
    _SAY_AGAIN.run(tx.conn, rows)


def file(tx: Tx, rows: Sequence[Sequence[object]]) -> None:
    """Messages stand under the questions of the rows: ``question, filed_by, confidence, conflict, rev, id``."""
    _FILE.run(tx.conn, rows)


def erase(tx: Tx, rows: Sequence[Sequence[object]]) -> None:
    """Messages keep their place and nothing else; rows are ``deleted at (microseconds), rev, id``."""
    _ERASE.run(tx.conn, rows)
    ids = [row[2] for row in rows]
    tx.conn.execute(sa.delete(_reaction).where(_reaction.c.message_id.in_(ids)))
    tx.scrub = True


def react(tx: Tx, rows: Sequence[Sequence[object]]) -> None:
    """Reactions are kept, the later word winning; rows are ``message id, name, who, count, at (microseconds)``."""
    _REACT.run(tx.conn, rows)


def known(tx: Tx, platform: str, ids: Iterable[str], above: Iterable[str] = ()) -> list[Known]:
    """What the log holds, in whatever debate, of messages of these platform ids and of those that answer them.

    ``above`` are the ids of what the messages stand under: the conversations and the messages that they answer.
    """
    if tx.sqlite:
        rows = _KNOWN_SQLITE.fetch(tx.conn, json.dumps(list(ids)), json.dumps(list(above)), platform)
    else:
        rows = _KNOWN_POSTGRESQL.fetch(tx.conn, list(ids), list(above), platform)
    return [Known._make(row) for row in rows]


def replies(tx: Tx, debate_id: int, ids: Sequence[str], threads: Sequence[str]) -> Sequence[Sequence[Any]]:
    """The messages of a debate that stand under these, with what their filing depends on, oldest first.

    ``ids`` are roots of conversations, or messages that are answered in one of the ``threads``.
    """
    m = _message.c
    answers = sa.and_(m.thread.in_(threads), m.reply_to.in_(ids))
    return _for_filing(tx, m.debate_id == debate_id, sa.or_(m.thread.in_(ids), answers))


def all_for_filing(tx: Tx, debate_id: int) -> Sequence[Sequence[Any]]:
    """Every message of a debate with what its filing depends on, oldest first."""
    return _for_filing(tx, _message.c.debate_id == debate_id)


def _for_filing(tx: Tx, *where: sa.ColumnElement[bool]) -> Sequence[Sequence[Any]]:
    m = _message.c
    query = sa.select(
        m.id, m.platform, m.platform_id, m.thread, m.reply_to, m.quotes, m.text,
        sa.type_coerce(m.posted_at, sa.BigInteger), m.question, m.filed_by, m.confidence, m.conflict, m.hand,
        m.deleted_at.is_not(None),
    ).where(*where)  # fmt: skip
    return tx.conn.execute(query.order_by(m.posted_at, m.id)).all()


def hearing(tx: Tx, platform: str, place: str) -> list[Hearing]:
    """The debates that were ever opened in a place, the latest first."""
    big = sa.BigInteger
    query = (
        sa.select(
            col(Debate.id),
            sa.type_coerce(col(Debate.opened_at), big),
            sa.type_coerce(col(Debate.closed_at), big),
            sa.type_coerce(col(Debate.grace_until), big),
        )
        .join(Place, col(Place.debate_id) == col(Debate.id))
        .where(col(Place.platform) == platform, col(Place.address) == place, col(Debate.opened_at).is_not(None))
        .where(col(Debate.imported).is_(False))
        .order_by(col(Debate.opened_at).desc())
        .limit(20)
    )
    return [Hearing(int(row[0] or 0), *row[1:]) for row in tx.conn.execute(query)]


def asked(tx: Tx, debate_id: int) -> list[tuple[int, int]]:
    """(number, asked at in microseconds) of the questions asked so far, in order of asking."""
    query = (
        sa.select(col(Question.number), sa.type_coerce(col(Question.asked_at), sa.BigInteger))
        .where(col(Question.debate_id) == debate_id, col(Question.number).is_not(None))
        .order_by(col(Question.asked_at), col(Question.number))
    )
    return [(number or 0, int(at)) for number, at in tx.conn.execute(query)]


def question_posts(tx: Tx, debate_id: int) -> dict[str, int]:
    """The platform ids of the posts of asked questions, with the question's number."""
    query = (
        sa.select(col(Outbox.landed), col(Question.number))
        .join(Question, col(Question.id) == col(Outbox.question_id))
        .where(col(Outbox.debate_id) == debate_id, col(Outbox.landed).is_not(None), col(Outbox.kind) == "question")
    )
    return {str(landed): int(number) for landed, number in tx.conn.execute(query) if number is not None}


def identities(tx: Tx, platform: str, names: Mapping[str, str]) -> dict[str, int]:
    """The identity of each platform id, made where it was missing; ``names`` says what they are called (or "")."""
    if not names:
        return {}
    if tx.sqlite:
        rows = _CALLED_SQLITE.fetch(tx.conn, json.dumps(list(names)), platform)
    else:
        rows = _CALLED_POSTGRESQL.fetch(tx.conn, list(names), platform)
    found: dict[str, int] = {}
    for ident, row_id, name in rows:
        found[ident] = row_id
        if names[ident] and names[ident] != name:
            tx.conn.execute(sa.update(_identity).where(_identity.c.id == row_id).values(name=names[ident]))
    for ident, name in names.items():
        if ident not in found:
            person = _PERSON.fetch(tx.conn, "")[0][0]
            found[ident] = int(_IDENTITY.fetch(tx.conn, person, platform, ident, name)[0][0])
    return found


def set_roles(tx: Tx, platform: str, role: str, idents: Iterable[str]) -> None:
    """The identities have the role, unless they moderate."""
    query = sa.update(_identity).where(_identity.c.platform == platform, _identity.c.platform_id.in_(list(idents)))
    tx.conn.execute(query.where(_identity.c.role == "member").values(role=role))


def name_messages(tx: Tx, identity_id: int, name: str) -> Sequence[int]:
    """Messages of an identity whose author had no name yet have this one; returns the debates they are in."""
    m = _message.c
    query = sa.update(_message).where(m.identity_id == identity_id, m.author == "", m.deleted_at.is_(None))
    return sorted({row[0] for row in tx.conn.execute(query.values(author=name).returning(m.debate_id))})


def quench(tx: Tx, message_id: int, at: int) -> None:
    """No reaction is on the message any more, as of a time in microseconds; what came later stays."""
    r = _reaction.c
    query = sa.update(_reaction).where(r.message_id == message_id, sa.type_coerce(r.at, sa.BigInteger) <= at)
    # What the room's members put on it their platform has never heard of: its silence does not take it off.
    query = query.where(r.who.not_like("room:%"))
    # The time, too: a reaction heard again that was given before is not put back.
    tx.conn.execute(query.values(count=0, at=from_micros(at)))


def touch(tx: Tx, message_id: int, rev: int) -> None:
    """The message counts as changed."""
    tx.conn.execute(sa.update(_message).where(_message.c.id == message_id).values(rev=rev))


def by_hand(tx: Tx, debate_id: int, message_id: int, number: int | None, rev: int) -> None:
    """The message stands under the question of a number (0: none) by a moderator's hand; None takes the hand away.

    Where it stands then is for ``bot.actions.refile`` to say. Raises ``NoSuchMessage``.
    """
    m = _message.c
    values: dict[str, object] = {"hand": number, "rev": rev}
    if number is not None:
        values |= {"question": number or None, "filed_by": "hand", "confidence": "certain", "conflict": False}
    done = tx.conn.execute(sa.update(_message).where(m.id == message_id, m.debate_id == debate_id).values(**values))
    if done.rowcount != 1:
        raise errors.NoSuchMessage
