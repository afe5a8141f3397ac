"""Debates as calendars show them: read in one plain statement, for a calendar of ten years holds thousands."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlmodel import col

from bot.cues import Kind
from bot.debate import Phase
from bot.store.engine import Tx
from bot.tables import Audit, Cue, Debate


class Entry(NamedTuple):
    """A debate's columns that a calendar needs; ``pace`` as it is kept (JSON)."""

    id: int
    slug: str
    title: str
    host: str
    hashtag: str
    timezone: str
    starts_at: datetime
    ends_at: datetime
    pace: str
    created_at: datetime
    changed_at: datetime | None
    phase: str
    why: str
    sequence: int
    season_id: int | None
    imported: bool


_COLUMNS = [col(getattr(Debate, name)) for name in Entry._fields]


def entries(tx: Tx) -> Sequence[Entry]:
    """All debates that anybody was ever promised, the earliest first: no drafts, nor what was cancelled as one.

    What was brought in from elsewhere and rehearsals are no dates.
    """
    debate, ident = Debate, col(Debate.id)
    draft = sa.exists().where(col(Cue.debate_id) == ident, col(Cue.key) == Kind.LAPSE.value)
    confirmed = sa.exists().where(col(Audit.debate_id) == ident, col(Audit.action) == "confirm")
    never = sa.and_(col(debate.phase) == Phase.CANCELLED.value, draft, sa.not_(confirmed))
    query = (
        sa.select(*_COLUMNS)
        .where(col(debate.imported).is_(False), col(debate.rehearsal).is_(False))
        .where(col(debate.phase) != Phase.DRAFT.value, sa.not_(never))
        .order_by(col(debate.starts_at), ident)
    )
    return [Entry(*row) for row in tx.conn.execute(query)]


def entry(tx: Tx, debate: Debate) -> Entry:
    """One debate, whatever it is."""
    return Entry(*tx.conn.execute(sa.select(*_COLUMNS).where(col(Debate.id) == debate.id)).one())
