"""Messages are found by what they answer; of the inbox, only what is in quarantine is"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    answers = sa.text("reply_to IS NOT NULL")
    op.create_index(
        op.f("ix_message_reply_to"), "message", ["reply_to"], sqlite_where=answers, postgresql_where=answers
    )
    kept = sa.text("state = 'quarantined'")
    op.drop_index(op.f("ix_inbox_state_id"), table_name="inbox")
    op.create_index(op.f("ix_inbox_state"), "inbox", ["state"], sqlite_where=kept, postgresql_where=kept)


def downgrade() -> None:
    op.drop_index(op.f("ix_inbox_state"), table_name="inbox")
    op.create_index(op.f("ix_inbox_state_id"), "inbox", ["state", "id"])
    op.drop_index(op.f("ix_message_reply_to"), table_name="message")
