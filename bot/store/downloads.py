"""What people took of X's content on a UTC day, so that it stays within what X lets be handed on.

A row holds how much of one debate a person has: the same debate in a second format gives them nothing new.
"""

from datetime import UTC, date, datetime

import sqlalchemy as sa

from bot.store import hashes
from bot.store.engine import Tx

_EPOCH = date(1970, 1, 1).toordinal()
# The name under which the installation keeps the key of its hashes.
_KEY = "downloads-key"
_OBJECTS = sa.text(
    "SELECT COUNT(*) + COUNT(DISTINCT identity_id) FROM message "
    "WHERE debate_id = :debate AND platform = 'x' AND identity_id IS NOT NULL AND deleted_at IS NULL"
)
_ELSEWHERE = sa.text(
    "SELECT COALESCE(SUM(objects), 0) FROM download WHERE day = :day AND person = :person AND debate_id <> :debate"
)
_HERE = sa.text("SELECT objects FROM download WHERE day = :day AND person = :person AND debate_id = :debate")
_TAKEN = sa.text(
    "INSERT INTO download (day, person, debate_id, objects) VALUES (:day, :person, :debate, :objects) "
    "ON CONFLICT (day, person, debate_id) DO UPDATE SET objects = excluded.objects"
)


def objects(tx: Tx, debate_id: int) -> int:
    """How much of a debate is X's content, as X counts it: posts and the people who wrote them."""
    return int(tx.conn.execute(_OBJECTS, {"debate": debate_id}).scalar_one())


def take(tx: Tx, debate_id: int, who: str, *, wanted: int, most: int, now: datetime) -> bool:
    """Whether so many objects of a debate may go to ``who`` today; if so they count instead of those of before.

    ``who`` is a person or an address, kept as a hash; what was counted on earlier days is gone.
    """
    day = now.astimezone(UTC).date().toordinal() - _EPOCH
    person = hashes.keyed(hashes.key(tx, _KEY), who)
    tx.conn.execute(sa.text("DELETE FROM download WHERE day < :day"), {"day": day})
    key = {"day": day, "person": person, "debate": debate_id}
    taken = max(wanted, int(tx.conn.execute(_HERE, key).scalar() or 0))
    if int(tx.conn.execute(_ELSEWHERE, key).scalar_one()) + taken > most:
        return False
    tx.conn.execute(_TAKEN, {**key, "objects": taken})
    return True
