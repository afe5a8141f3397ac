"""Search terms made anew from the texts of the log."""

from collections.abc import Callable, Iterator, Sequence

import sqlalchemy as sa

from bot.store import index
from bot.store.engine import Prepared, Tx

_STEP = 2_000  # messages looked at in one go: a long debate in little memory

_REWORD = Prepared(sa.text("UPDATE message SET terms = :terms WHERE id = :id"), ("terms", "id"))
_TEXTS = sa.text(
    "SELECT id, text, terms FROM message WHERE debate_id = :debate AND id > :after AND deleted_at IS NULL "
    "AND identity_id IS NOT NULL ORDER BY id LIMIT :step"
)


def reword(tx: Tx, debate_id: int, terms: Callable[[str], str]) -> tuple[int, int]:
    """Every message of a debate has the terms of its text: (messages looked at, messages changed)."""
    seen = changed = 0
    for rows in _batches(tx, debate_id):
        fresh = [(wanted, ident) for ident, text, had in rows if (wanted := terms(text)) != had]
        _REWORD.run(tx.conn, fresh)
        seen += len(rows)
        changed += len(fresh)
    if tx.sqlite:
        # The index itself is derived, too; it is made anew from the terms of all debates.
        index.rebuild(tx.conn)
    return seen, changed


def _batches(tx: Tx, debate_id: int) -> Iterator[Sequence[tuple[int, str, str | None]]]:
    after = 0
    while True:
        found = tx.conn.execute(_TEXTS, {"debate": debate_id, "after": after, "step": _STEP})
        rows = [(ident, text, terms) for ident, text, terms in found]
        if not rows:
            return
        yield rows
        after = rows[-1][0]
