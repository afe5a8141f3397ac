"""What is gone on X is gone here, its id too: X counts the id of a post as its content.

A tombstone keeps its place in the order under a mark, a keyed hash of the id, so that the post is known again when it
is heard once more. What answered it hangs on the mark. The later versions of an edited post, whose ids are others, are
known by such marks from the beginning.
"""

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlmodel import col, select

from bot.ports import Platform
from bot.store import hashes
from bot.store.engine import Prepared, Tx
from bot.tables import Identity, Inbox, Message, Outbox, Pass, Person, Question, Vote

T = TypeVar("T")

# What every mark begins with; no id of a platform has a colon.
MARK = "gone:"
# What stands where something was taken out.
OUT = "[retirado]"
# The names under which the installation keeps the keys of its hashes.
_KEY, _ARRIVALS = "gone-key", "arrivals-key"

_m = Message.__table__.c  # type: ignore[attr-defined]  # SQLModel makes it
_MARKED = (
    "SELECT platform_id, platform_id FROM message WHERE platform = 'x' AND platform_id {among} "
    "UNION ALL SELECT v.mark, m.platform_id FROM version v JOIN message m ON m.id = v.message_id WHERE v.mark {among}"
)
_MARKED_SQLITE = Prepared(sa.text(_MARKED.format(among="IN (SELECT value FROM json_each(:marks))")), ("marks",))
_MARKED_POSTGRESQL = Prepared(sa.text(_MARKED.format(among="= ANY(:marks)")), ("marks",))
_LEARN = Prepared(
    sa.text("INSERT INTO version (mark, message_id) VALUES (:mark, :message_id) ON CONFLICT DO NOTHING"),
    ("mark", "message_id"),
)


def ever(tx: Tx) -> bool:
    """Whether any post ever went, or was edited."""
    return hashes.known(tx, _KEY) is not None


def known(tx: Tx, ids: Collection[str]) -> dict[str, str]:
    """What stands in the log for those of these posts that are gone (their marks) or are later versions of others."""
    key = hashes.known(tx, _KEY)
    if key is None or not ids:  # nothing ever went or was edited
        return {}
    marks = {_mark(key, ident): ident for ident in ids if not ident.startswith(MARK)}
    if tx.sqlite:
        found = _MARKED_SQLITE.fetch(tx.conn, json.dumps(list(marks)))
    else:
        found = _MARKED_POSTGRESQL.fetch(tx.conn, list(marks))
    # A post may stand in two debates: where it is gone from one of them, it is gone.
    return {marks[mark]: stands for mark, stands in sorted(found, key=lambda row: str(row[1]).startswith(MARK))}


def learn(tx: Tx, versions: Mapping[str, Collection[str]], rev: Callable[[int], int]) -> set[tuple[int, str]]:
    """Posts of the log stand for their later versions, by whose ids they are known from now on.

    What hung on such an id hangs on the post; returns the (debate, post) of which that was so.
    """
    query = sa.select(_m.id, _m.platform_id).where(_m.platform_id.in_(list(versions)), _m.platform == Platform.X.value)
    key = hashes.key(tx, _KEY)
    rows = [
        (_mark(key, version), ident) for ident, post in tx.conn.execute(query).all() for version in versions[post]
    ]  # fmt: skip
    _LEARN.run(tx.conn, rows)
    return _follow(tx, {version: post for post, some in versions.items() for version in some}, rev)


def cover(tx: Tx, message_ids: Sequence[int], rev: Callable[[int], int]) -> None:
    """Of these messages, which are erased, no row names the post that they were, where they came from X.

    ``rev`` tells the clock at which a debate changes: what hangs on them changes, too.
    """
    query = sa.select(_m.id, _m.platform_id).where(_m.id.in_(list(message_ids)), _m.platform == Platform.X.value)
    rows = tx.conn.execute(query).all()
    fresh = {ident: str(post) for ident, post in rows if not post.startswith(MARK)}
    if fresh:
        key = hashes.key(tx, _KEY)
        marks = {post: _mark(key, post) for post in fresh.values()}
        for ident, post in fresh.items():
            tx.conn.execute(sa.update(Message).where(col(Message.id) == ident).values(platform_id=marks[post]))
        _follow(tx, marks, rev)
        _unask(tx, marks, rev)
        _forget_arrivals(tx, list(marks))
    trim(tx, [ident for ident, _post in rows])
    tx.scrub = True


def trim(tx: Tx, message_ids: Sequence[int]) -> None:
    """Tombstones of X hang on nothing but what stands in the log or is a post of ours."""
    query = sa.select(_m.id, _m.thread, _m.reply_to, _m.quotes).where(_m.id.in_(list(message_ids)))
    rows = tx.conn.execute(query.where(_m.platform == Platform.X.value)).all()
    stays = _standing(tx, {one for row in rows for one in row[1:] if one is not None})
    for ident, *points in rows:
        left = [one if one in stays else None for one in points]
        if left != points:
            values = dict(zip(("thread", "reply_to", "quotes"), left, strict=True))
            tx.conn.execute(sa.update(Message).where(col(Message.id) == ident).values(**values))


def authors(tx: Tx, debate_id: int) -> set[int]:
    """The identities of those who said something on X in a debate."""
    query = sa.select(_m.identity_id).where(_m.debate_id == debate_id, _m.platform == Platform.X.value)
    return set(tx.conn.execute(query.where(_m.identity_id.is_not(None)).distinct()).scalars())


def forget_authors(tx: Tx, identity_ids: Collection[int]) -> bool:
    """Of people of X of whom nothing is left, nothing is left at all; returns whether there were any."""
    i = Identity
    # The rows of the log are looked through once, for all of them.
    left = set(identity_ids) - _among(tx, _m.identity_id, identity_ids)
    left -= _among(tx, col(Question.asker_id), left) | _among(tx, col(Pass.identity_id), left)
    query = sa.select(col(i.id), col(i.person_id)).where(col(i.id).in_(left), col(i.platform) == Platform.X.value)
    voters = sa.select(col(Vote.person_id))
    query = query.where(col(i.role) != "moderator", col(i.person_id).not_in(voters))
    rows = tx.conn.execute(query).all()
    if rows:
        persons = [row[1] for row in rows]
        tx.conn.execute(sa.delete(i).where(col(i.id).in_([row[0] for row in rows])))
        shared = _among(tx, col(i.person_id), persons)
        tx.conn.execute(sa.delete(Person).where(col(Person.id).in_([one for one in persons if one not in shared])))
    return bool(rows)


def arrival(tx: Tx, event_id: str) -> str:
    """Under which name the inbox knows a delivery of X: what holds the id of a post is hashed behind its kind."""
    kind, _, ident = event_id.rpartition(":")
    return f"{kind}:{hashes.placed(hashes.key(tx, _ARRIVALS), ident)}"


def _follow(tx: Tx, marks: Mapping[str, str], rev: Callable[[int], int]) -> set[tuple[int, str]]:
    """What hung on the posts hangs on their marks; returns each (debate, mark) that something hangs on now."""
    ids, found = list(marks), set[tuple[int, str]]()
    columns = {name: _m[name] for name in ("thread", "reply_to", "quotes")}
    # Each of the three has its index.
    query = sa.select(_m.id, _m.debate_id, *columns.values()).where(sa.or_(*(one.in_(ids) for one in columns.values())))
    for ident, debate_id, *points in tx.conn.execute(query).all():
        values: dict[str, object] = dict(zip(columns, (marks.get(one, one) for one in points), strict=True))
        tx.conn.execute(sa.update(Message).where(col(Message.id) == ident).values(**values, rev=rev(debate_id)))
        found |= {(debate_id, marks[one]) for one in points if one in marks}
    return found


def _unask(tx: Tx, marks: Mapping[str, str], rev: Callable[[int], int]) -> None:
    """A question that was one of these posts, in a debate that was imported, keeps its number and no word."""
    o = Outbox
    query = select(o).where(col(o.platform) == Platform.X.value, col(o.landed).in_(list(marks)))
    for post in tx.session.exec(query).all():
        post.landed, post.text = marks[str(post.landed)], ""
        tx.session.add(post)
        question = tx.session.get(Question, post.question_id) if post.question_id is not None else None
        if question is not None:
            question.text, question.reason, question.asker_id, question.rev = OUT, "", None, rev(question.debate_id)
            tx.session.add(question)
    tx.session.flush()


def _standing(tx: Tx, points: Collection[str]) -> set[str]:
    """Those of these ids that are posts of the log, or of ours."""
    held = _among(tx, _m.platform_id, points, _m.platform == Platform.X.value)
    return held | _among(tx, col(Outbox.landed), points, col(Outbox.platform) == Platform.X.value)


def _among(tx: Tx, column: Any, values: Iterable[T], *where: sa.ColumnElement[bool]) -> set[T]:
    """Those of the values that a column has in some row."""
    return set(tx.conn.execute(sa.select(column).where(column.in_(list(values)), *where).distinct()).scalars())


def _forget_arrivals(tx: Tx, posts: Sequence[str]) -> None:
    """No delivery in quarantine tells of the posts."""
    i = Inbox
    query = sa.select(col(i.id), col(i.payload)).where(col(i.platform) == Platform.X.value, col(i.payload).is_not(None))
    rows = tx.conn.execute(query).all()
    told = [ident for ident, payload in rows if any(post in str(payload) for post in posts)]
    tx.conn.execute(sa.delete(i).where(col(i.id).in_(told)))


def _mark(key: bytes, ident: str) -> str:
    return MARK + hashes.keyed(key, ident)
