"""Gaps: stretches in which a place was not heard."""

from datetime import datetime

from sqlmodel import col, select

from bot.store import debates
from bot.store.engine import Tx
from bot.tables import Gap


def open_gap(tx: Tx, debate_id: int, platform: str, place: str, *, from_at: datetime, why: str) -> None:
    """From this time on the place is not heard; an open gap of the place stays the one it is."""
    if _lasting(tx, debate_id, platform, place) is None:
        tx.session.add(Gap(debate_id=debate_id, platform=platform, place=place, from_at=from_at, why=why))
        debates.bump(tx, debate_id)


def begin_earlier(tx: Tx, debate_id: int, platform: str, place: str, *, from_at: datetime) -> None:
    """An open gap of the place began no later than that."""
    gap = _lasting(tx, debate_id, platform, place)
    if gap is not None and from_at < gap.from_at:
        gap.from_at = from_at
        tx.session.add(gap)
        debates.bump(tx, debate_id)


def end_gap(tx: Tx, debate_id: int, platform: str, place: str, *, to_at: datetime) -> None:
    """The place is heard again from this time on; the gap stays open until a backfill covers it."""
    for gap in _open(tx, debate_id, platform, place):
        if gap.to_at is None:
            gap.to_at = to_at
            tx.session.add(gap)


def close_gaps(tx: Tx, debate_id: int, platform: str, place: str, *, covered_until: datetime) -> None:
    """What was missed until then has been fetched: gaps that ended before it are closed."""
    closed = False
    for gap in _open(tx, debate_id, platform, place):
        if gap.to_at is not None and gap.to_at <= covered_until:
            gap.closed_at = covered_until
            tx.session.add(gap)
            closed = True
    if closed:
        debates.bump(tx, debate_id)


def _lasting(tx: Tx, debate_id: int, platform: str, place: str) -> Gap | None:
    return next((gap for gap in _open(tx, debate_id, platform, place) if gap.to_at is None), None)


def _open(tx: Tx, debate_id: int, platform: str, place: str) -> list[Gap]:
    query = select(Gap).where(Gap.debate_id == debate_id, Gap.platform == platform, Gap.place == place)
    return list(tx.session.exec(query.where(col(Gap.closed_at).is_(None))).all())
