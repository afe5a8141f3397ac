"""Forgetting a person: every row that holds what they said or were called, and then every byte."""

import json
import re
import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import col, select

from bot import analyser
from bot.question import OPEN_FOR_VOTES, State
from bot.store import attendance, debates, gone, guests, polls, reminders
from bot.store import log as messages
from bot.store.engine import Store, Tx
from bot.tables import Debate, Identity, Inbox, Outbox, Pass, Person, Question, Vote, to_micros

GONE = gone.OUT
# A shorter name is part of too many words to be looked for in what others said.
SHORTEST_NAME = 3
# How long the cut of the write-ahead log may keep writers waiting for a reader, in milliseconds.
CUT_WAITS_MS = 200


def debates_of(tx: Tx, person_id: int) -> list[int]:
    """The debates in which a person said or asked something, or to which they are invited."""
    query = sa.text(
        "SELECT DISTINCT m.debate_id FROM message m JOIN identity i ON i.id = m.identity_id WHERE i.person_id = :id "
        "UNION SELECT q.debate_id FROM question q JOIN identity i ON i.id = q.asker_id WHERE i.person_id = :id "
        "UNION SELECT g.debate_id FROM guest g JOIN identity i ON i.id = g.identity_id WHERE i.person_id = :id"
    )
    return sorted(tx.conn.execute(query, {"id": person_id}).scalars())


def erase_person(tx: Tx, person_id: int, *, now: datetime) -> int:
    """No row holds what the person said or was called; returns how many messages that emptied."""
    identities = tx.session.exec(select(Identity).where(Identity.person_id == person_id)).all()
    ids = [one.id for one in identities if one.id is not None]
    concerned = sorted({*debates_of(tx, person_id), *polls.concerned(tx, person_id)})
    revs = {debate_id: debates.bump(tx, debate_id) for debate_id in concerned}
    names = _names(tx, person_id, identities)
    said = _questions(tx, ids, revs) + _guests(tx, person_id)
    said += polls.forget(tx, person_id)
    count = _messages(tx, ids, revs, now)
    _reactions(tx, identities, now)
    tx.conn.execute(sa.delete(Vote).where(col(Vote.person_id) == person_id))
    reminders.drop(tx, person_id)
    for debate_id in attendance.forget(tx, person_id):
        debates.bump(tx, debate_id)  # one comes less
    tx.conn.execute(sa.delete(Pass).where(col(Pass.identity_id).in_(ids)))
    idents = [one.platform_id for one in identities]
    _outbox(tx, idents, [*said, *names])
    _others(tx, concerned, names, revs)
    _records(tx, identities, names)
    for one in identities:
        one.name, one.platform_id, one.role, one.seen_at = "", f"forgotten-{one.id}", "member", None
        tx.session.add(one)
    person = tx.session.get(Person, person_id)
    if person is not None:
        person.alias, person.forgotten_at = "", now
        tx.session.add(person)
    return count


def scrub(store: Store, *, deep: bool = False) -> bool:
    """What was deleted is gone from search's index and the write-ahead log; ``deep``: the file itself is written anew.

    SQLite overwrites what it frees (``secure_delete``), but its index keeps deleted words until its parts are merged,
    and its log keeps pages until it is cut. Returns False when a reader was in the way of the cut: try again later.
    On PostgreSQL the tables are vacuumed; its write-ahead log is its operator's (docs/operator.md).
    """
    with store.writing() as conn:
        raw = conn.connection.driver_connection
        if raw is None:
            return False
        if not store.sqlite:
            raw.autocommit = True
            raw.execute("VACUUM FULL" if deep else "VACUUM")
            raw.execute("CHECKPOINT")
            raw.autocommit = False
            return True
        _merge_index(raw)
        if deep:
            raw.execute("VACUUM")
        # The cut waits for readers while it keeps writers out: better to come again than to wait.
        raw.execute(f"PRAGMA busy_timeout={CUT_WAITS_MS}")
        try:
            busy = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        except sqlite3.OperationalError:  # somebody else is cutting
            busy = 1
        return not busy


def _merge_index(raw: sqlite3.Connection) -> None:
    """The index is one part, without a trace of deleted words; in small steps, so that writers get their turn."""
    raw.execute("INSERT INTO message_fts (message_fts, rank) VALUES ('merge', -200)")
    while True:
        before = raw.total_changes
        raw.execute("INSERT INTO message_fts (message_fts, rank) VALUES ('merge', 200)")
        if raw.total_changes - before < 2:  # SQLite's own sign that nothing was left to do (sqlite.org/fts5.html, 6.9)
            return


def _names(tx: Tx, person_id: int, identities: Sequence[Identity]) -> list[str]:
    """What the person was called and nobody else is, the longest first."""
    query = sa.text(
        "SELECT DISTINCT m.author FROM message m JOIN identity i ON i.id = m.identity_id WHERE i.person_id = :id "
        "UNION SELECT alias FROM person WHERE id = :id "
        "UNION SELECT g.name FROM guest g JOIN identity i ON i.id = g.identity_id WHERE i.person_id = :id"
    )
    names = set(tx.conn.execute(query, {"id": person_id}).scalars()) | {one.name for one in identities}
    others = select(Identity.name).where(col(Identity.name).in_(names), Identity.person_id != person_id)
    shared = set(tx.session.exec(others).all())
    return sorted((name for name in names - shared if len(name) >= SHORTEST_NAME), key=len, reverse=True)


def _questions(tx: Tx, ids: Sequence[int], revs: dict[int, int]) -> list[str]:
    said: list[str] = []
    for one in tx.session.exec(select(Question).where(col(Question.asker_id).in_(ids))).all():
        said += [one.text, one.reason]
        one.text, one.reason, one.asker_id, one.rev = GONE, "", None, revs[one.debate_id]
        if one.state in OPEN_FOR_VOTES:
            one.state = State.DECLINED  # an empty question must not be asked in front of everybody
        tx.session.add(one)
    tx.session.flush()
    return [text for text in said if text]


def _guests(tx: Tx, person_id: int) -> list[str]:
    """What they prepared as a guest is gone, and they are one no more; what is left of it elsewhere is returned."""
    said: list[str] = []
    for guest in guests.of_person(tx, person_id):
        said += [guest.framing, *(one.text for one in guests.prepared(tx, guest.id or 0).values())]
        guests.delete(tx, guest)
    return sorted((text for text in said if text), key=len, reverse=True)


def _messages(tx: Tx, ids: Sequence[int], revs: dict[int, int], now: datetime) -> int:
    query = sa.text("SELECT id, debate_id FROM message WHERE identity_id IN :ids").bindparams(
        sa.bindparam("ids", expanding=True)
    )
    rows = [(to_micros(now), revs[debate_id], ident) for ident, debate_id in tx.conn.execute(query, {"ids": list(ids)})]
    for start in range(0, len(rows), 500):
        messages.erase(tx, rows[start : start + 500])

    def rev(debate_id: int) -> int:
        if debate_id not in revs:
            revs[debate_id] = debates.bump(tx, debate_id)
        return revs[debate_id]

    for start in range(0, len(rows), 500):
        gone.cover(tx, [ident for _at, _rev, ident in rows[start : start + 500]], rev)
    return len(rows)


def _reactions(tx: Tx, identities: Sequence[Identity], now: datetime) -> None:
    """Their reactions still count, without their names."""
    at = to_micros(now)
    # On another platform's message a member of the room goes by the full name (handlers/room/spoken.py).
    names = [(one.platform_id, one.platform) for one in identities]
    names += [(f"{one.platform}:{one.platform_id}", where) for one in identities for where in ("slack", "x")]
    for who, platform in names:
        query = sa.text(
            "SELECT r.message_id, r.name, r.count + COALESCE((SELECT u.count FROM reaction u WHERE "
            "u.message_id = r.message_id AND u.name = r.name AND u.who = ''), 0) FROM reaction r "
            "JOIN message m ON m.id = r.message_id WHERE r.who = :who AND m.platform = :platform"
        )
        found = tx.conn.execute(query, {"who": who, "platform": platform}).all()
        messages.react(tx, [(ident, name, "", count, at) for ident, name, count in found])
        gone = sa.text(
            "DELETE FROM reaction WHERE who = :who AND message_id IN (SELECT id FROM message WHERE platform = :p)"
        )
        tx.conn.execute(gone, {"who": who, "p": platform})


def _outbox(tx: Tx, idents: Sequence[str], words: Sequence[str]) -> None:
    tx.conn.execute(sa.delete(Outbox).where(col(Outbox.place).in_(idents)))
    for row in tx.session.exec(select(Outbox)).all():
        text = _without(row.text, words)
        if text != row.text:
            row.text = text
            tx.session.add(row)
    tx.session.flush()


def _others(tx: Tx, debate_ids: Iterable[int], names: Sequence[str], revs: dict[int, int]) -> None:
    """Where others called the person by name, the name is taken out."""
    if not names:
        return
    for debate_id in debate_ids:
        for ident, text, rich in tx.conn.execute(
            sa.text("SELECT id, text, rich FROM message WHERE debate_id = :id AND deleted_at IS NULL"),
            {"id": debate_id},
        ).all():
            changed = _without(text, names)
            spans = json.dumps([[s[0], _without(s[1], names), *s[2:]] for s in json.loads(rich)]) if rich else None
            if changed != text or (rich and json.loads(spans or "") != json.loads(rich)):
                values = {"text": changed, "rich": spans, "terms": analyser.terms(changed), "rev": revs[debate_id]}
                tx.conn.execute(
                    sa.text("UPDATE message SET text = :text, rich = :rich, terms = :terms, rev = :rev WHERE id = :id"),
                    {**values, "id": ident},
                )
        polls.reword(tx, debate_id, lambda text: _without(text, names))
        for one in debates.questions(tx, debate_id):
            one.text, one.answer = _without(one.text, names), _without(one.answer, names)
            tx.session.add(one)


def _records(tx: Tx, identities: Sequence[Identity], names: Sequence[str]) -> None:
    for one in identities:
        who = f"{one.platform}:{one.platform_id}"
        tx.conn.execute(sa.text("UPDATE audit SET who = 'forgotten' WHERE who = :who"), {"who": who})
        tx.conn.execute(sa.text("UPDATE confirmation SET who = 'forgotten' WHERE who = :who"), {"who": who})
        raw = col(Inbox.payload)
        tx.conn.execute(sa.delete(Inbox).where(raw.is_not(None), raw.contains(one.platform_id, autoescape=True)))
    for name in names:
        tx.conn.execute(sa.update(Debate).where(col(Debate.host) == name).values(host=""))
        tx.conn.execute(sa.delete(Inbox).where(col(Inbox.payload).contains(name, autoescape=True)))


def _without(text: str, words: Sequence[str]) -> str:
    for word in words:
        text = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", GONE, text, flags=re.IGNORECASE)
    return text
