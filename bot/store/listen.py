"""What a backfill compares with: threads, messages, our posts, gaps, and the last delivery."""

from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlmodel import col, select

from bot.debate import LISTENING, Phase
from bot.store.engine import Prepared, Tx
from bot.tables import Gap, Inbox, Message, Outbox, from_micros, to_micros


class About(NamedTuple):
    """A debate in one of its places, with where it stands; ``until`` is when it stopped taking answers."""

    debate_id: int
    place: str
    phase: str
    opened_at: datetime | None
    until: datetime | None


# A platform's ears ask these every second, in the loop in which everybody is heard: rows would cost ten times as much.
_LISTENING = ", ".join(f"'{phase.value}'" for phase in sorted(LISTENING))
_ABOUT = Prepared(
    sa.text(
        "SELECT d.id, p.address, d.phase, d.opened_at, d.grace_until "  # noqa: S608
        "FROM debate d JOIN place p ON p.debate_id = d.id WHERE p.platform = :platform AND NOT d.imported "
        f"AND (d.phase IN ({_LISTENING}) OR (d.phase = '{Phase.SCHEDULED}' AND d.starts_at <= :before) "
        f"OR (d.phase = '{Phase.CLOSED}' AND d.grace_until >= :after)) ORDER BY d.id"
    ),
    ("platform", "before", "after"),
)
_POSTS = Prepared(
    sa.text(
        "SELECT o.landed, o.kind, q.number FROM outbox o LEFT JOIN question q ON q.id = o.question_id "
        "WHERE o.debate_id = :debate AND o.platform = :platform AND o.place = :place AND o.operation = 'post' "
        "AND o.landed IS NOT NULL ORDER BY o.id"
    ),
    ("debate", "platform", "place"),
)
_UNCOVERED = Prepared(
    sa.text(
        "SELECT debate_id, place, from_at, to_at FROM gap WHERE platform = :platform AND closed_at IS NULL "
        "ORDER BY from_at, id"
    ),
    ("platform",),
)


def open_gaps(tx: Tx, platform: str) -> set[tuple[int, str]]:
    """The (debate, place) of gaps of a platform that are not covered yet."""
    query = select(Gap.debate_id, Gap.place).where(Gap.platform == platform, col(Gap.closed_at).is_(None))
    return set(tx.session.exec(query).all())


def uncovered(tx: Tx, platform: str) -> list[tuple[int, str, datetime, datetime | None]]:
    """The gaps of a platform that are not covered yet, oldest first: debate, place, from, to."""
    tx.finish()
    found = _UNCOVERED.fetch(tx.conn, str(platform))
    return [(int(ident), str(place), from_micros(start), _instant(end)) for ident, place, start, end in found]


def about(tx: Tx, platform: str, *, starts_before: datetime, ended_after: datetime) -> list[About]:
    """Debates of a platform that take answers, are to start before a time, or stopped taking answers after one."""
    tx.finish()
    found = _ABOUT.fetch(tx.conn, str(platform), to_micros(starts_before), to_micros(ended_after))
    return [
        About(int(ident), str(place), str(phase), _instant(opened), _instant(until))
        for ident, place, phase, opened, until in found
    ]


def posts(tx: Tx, debate_id: int, platform: str, place: str) -> dict[str, int | None]:
    """What we said of a debate in a place: the platform id, and the question's number where it is one (else None)."""
    tx.finish()
    found = _POSTS.fetch(tx.conn, debate_id, str(platform), place)
    return {str(landed): number if kind == "question" else None for landed, kind, number in found}


def _instant(micros: int | None) -> datetime | None:
    return None if micros is None else from_micros(micros)


def last_delivery(tx: Tx, platform: str) -> datetime | None:
    """When the last delivery of a platform came, or None."""
    query = select(Inbox.received_at).where(Inbox.platform == platform).order_by(col(Inbox.id).desc()).limit(1)
    return tx.session.exec(query).first()


def heard(tx: Tx, debate_id: int, platform: str, place: str) -> int:
    """How many messages were heard of a debate in a place, those counted that are gone since."""
    m = Message
    query = select(sa.func.count()).where(m.debate_id == debate_id, m.platform == platform, m.place == place)
    return tx.session.exec(query).one()


def threads(tx: Tx, debate_id: int, platform: str, place: str) -> dict[str, int]:
    """The threads of a debate in a place, by their roots, with how many standing replies are kept; our posts count."""
    m = Message
    query = (
        select(m.thread, sa.func.count())
        .where(m.debate_id == debate_id, m.platform == platform, m.place == place)
        .where(col(m.thread).is_not(None), m.thread != m.platform_id, col(m.deleted_at).is_(None))
        .group_by(col(m.thread))
    )
    found = {str(thread): count for thread, count in tx.session.exec(query).all()}
    posts = select(Outbox.landed).where(
        Outbox.debate_id == debate_id, Outbox.platform == platform, Outbox.place == place, Outbox.kind == "question"
    )
    for landed in tx.session.exec(posts).all():
        if landed:
            found.setdefault(landed, 0)
    return found


def kept(tx: Tx, debate_id: int, platform: str, place: str) -> dict[str, str | None]:
    """The standing messages of a debate in a place: platform id and thread."""
    m = Message
    query = select(m.platform_id, m.thread).where(m.debate_id == debate_id, m.platform == platform, m.place == place)
    return dict(tx.session.exec(query.where(col(m.deleted_at).is_(None))).all())
