"""Search's index follows the log: how far it has come is on record, and triggers leave alone what is behind that"""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_DELETE = "INSERT INTO message_fts (message_fts, rowid, terms) SELECT 'delete', old.id, old.terms"
_INSERT = "INSERT INTO message_fts (rowid, terms) SELECT new.id, new.terms"
_OLD, _NEW = "old.terms IS NOT NULL", "new.terms IS NOT NULL"
_UPTO = "(SELECT upto FROM message_fts_upto)"
_REACHED = f"old.id <= {_UPTO}"
# The id of a deleted message is given again where it was the last one.
_LAST = "UPDATE message_fts_upto SET upto = min(upto, (SELECT coalesce(max(id), 0) FROM message)) WHERE old.id >= upto"


def upgrade() -> None:
    if op.get_bind().dialect.name != "sqlite":
        return
    op.execute("CREATE TABLE message_fts_upto (upto INTEGER NOT NULL)")
    op.execute("INSERT INTO message_fts_upto SELECT coalesce(max(id), 0) FROM message")
    _drop("changed", "again", "gone")
    # One trigger for both: SQLite fires two of them in an order of its own, and what said the same again was lost.
    _create("changed", f"UPDATE OF terms ON message WHEN {_REACHED}", f"{_DELETE} WHERE {_OLD}; {_INSERT} WHERE {_NEW}")
    _create("gone", "DELETE ON message", f"{_DELETE} WHERE {_OLD} AND {_REACHED}; {_LAST}")
    op.execute("INSERT INTO message_fts (message_fts) VALUES ('rebuild')")


def downgrade() -> None:
    if op.get_bind().dialect.name != "sqlite":
        return
    _drop("changed", "gone")
    _create("changed", f"UPDATE OF terms ON message WHEN {_OLD}", _DELETE)
    _create("again", f"UPDATE OF terms ON message WHEN {_NEW}", _INSERT)
    _create("gone", f"DELETE ON message WHEN {_OLD}", _DELETE)
    op.execute("DROP TABLE message_fts_upto")
    op.execute("INSERT INTO message_fts (message_fts) VALUES ('rebuild')")


def _drop(*names: str) -> None:
    for name in names:
        op.execute(f"DROP TRIGGER message_fts_{name}")


def _create(name: str, when: str, what: str) -> None:
    op.execute(f"CREATE TRIGGER message_fts_{name} AFTER {when} BEGIN {what}; END")
