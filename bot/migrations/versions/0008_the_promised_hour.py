"""Debates to come keep what hour they were promised at; what is asked at every close and opening has an index"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # For a while the revision below made these itself.
    op.create_index(op.f("ix_reminding_debate_id"), "reminding", ["debate_id"], if_not_exists=True)
    op.drop_index(op.f("ix_debate_phase"), table_name="debate", if_exists=True)
    op.create_index(op.f("ix_debate_phase_starts_at"), "debate", ["phase", "starts_at"], if_not_exists=True)
    _promise()


def _promise() -> None:
    """Debates to come keep what hour their clocks show, as it was promised: a zone may get other rules before it."""
    conn = op.get_bind()
    coming = "SELECT id, starts_at, timezone FROM debate WHERE phase IN ('draft', 'scheduled') AND local_at = ''"
    for ident, starts_at, zone in conn.execute(sa.text(coming)).all():
        local = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=starts_at)).astimezone(ZoneInfo(zone))
        bare = local.replace(tzinfo=None)
        written = bare.isoformat(timespec="auto" if bare.second or bare.microsecond else "minutes")
        conn.execute(
            sa.text("UPDATE debate SET local_at = :written WHERE id = :ident"), {"written": written, "ident": ident}
        )


def downgrade() -> None:
    # The promised hours stay: the revision below has their column, too.
    op.drop_index(op.f("ix_debate_phase_starts_at"), table_name="debate")
    op.create_index(op.f("ix_debate_phase"), "debate", ["phase"])
    op.drop_index(op.f("ix_reminding_debate_id"), table_name="reminding")
