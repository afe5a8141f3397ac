"""The meter: what X has billed, one row for each resource, kind and UTC day. Hashes stand for the ids.

X bills a resource once a UTC day, however often and for however many debates it is read; so it counts for the debate
that read it first.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime

import sqlalchemy as sa
from sqlmodel import col, select

from bot.store import hashes
from bot.store.engine import Prepared, Tx
from bot.tables import Audit

_EPOCH = date(1970, 1, 1).toordinal()
# The name under which the installation keeps the key of its hashes.
_KEY = "meter-key"
_NOTE = Prepared(
    sa.text(
        "INSERT INTO metered (day, kind, hash, debate_id) VALUES (:day, :kind, :hash, :debate_id) "
        "ON CONFLICT DO NOTHING"
    ),
    ("day", "kind", "hash", "debate_id"),
)


def note(tx: Tx, debate_id: int | None, kind: str, ids: Sequence[str], *, day: date) -> None:
    """Each id has a row of this kind and UTC day; those that had one keep it."""
    key = hashes.key(tx, _KEY)
    number = day.toordinal() - _EPOCH
    _NOTE.run(tx.conn, [(number, kind, hashes.placed(key, ident), debate_id) for ident in ids])


def counts(tx: Tx, debate_id: int) -> Counter[tuple[str, date]]:
    """How many resources a debate was billed for, by kind and UTC day."""
    query = sa.text("SELECT kind, day, COUNT(*) FROM metered WHERE debate_id = :id GROUP BY kind, day")
    rows = tx.conn.execute(query, {"id": debate_id}).all()
    return Counter({(kind, date.fromordinal(day + _EPOCH)): count for kind, day, count in rows})


def billed(tx: Tx, kind: str, ids: Collection[str], *, day: date) -> set[str]:
    """Those of the ids that were billed on a UTC day already."""
    found: set[str] = set()
    key = hashes.known(tx, _KEY)
    if key is None:  # nothing ever was
        return found
    named = {hashes.placed(key, ident): ident for ident in ids}
    names = list(named)
    for start in range(0, len(names), 500):
        query = sa.text("SELECT hash FROM metered WHERE day = :day AND kind = :kind AND hash IN :hashes")
        query = query.bindparams(sa.bindparam("hashes", expanding=True))
        values = {"day": day.toordinal() - _EPOCH, "kind": kind, "hashes": names[start : start + 500]}
        found |= {named[name] for name in tx.conn.execute(query, values).scalars()}
    return found


def on_day(tx: Tx, day: date) -> Counter[str]:
    """How many resources were billed on a UTC day, by kind, whichever debate they were for, or none."""
    query = sa.text("SELECT kind, COUNT(*) FROM metered WHERE day = :day GROUP BY kind")
    found: Counter[str] = Counter()
    for kind, count in tx.conn.execute(query, {"day": day.toordinal() - _EPOCH}):
        found[kind] = count
    return found


def told(tx: Tx, debate_id: int, action: str) -> Audit | None:
    """The last time that a debate's people were told of something, or None."""
    query = select(Audit).where(Audit.debate_id == debate_id, Audit.action == action)
    return tx.session.exec(query.order_by(col(Audit.id).desc())).first()


def utc_day(now: datetime) -> date:
    """The day on which X bills what is read now."""
    return now.astimezone(UTC).date()
