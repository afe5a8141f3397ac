"""Later versions of posts"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "version",
        sa.Column("mark", sa.String(), nullable=False),
        sa.Column("message_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"], ["message.id"], name=op.f("fk_version_message_id_message"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("mark", "message_id", name=op.f("pk_version")),
    )
    op.create_index(op.f("ix_version_message_id"), "version", ["message_id"])
    quotes = sa.text("quotes IS NOT NULL")
    op.create_index(op.f("ix_message_quotes"), "message", ["quotes"], sqlite_where=quotes, postgresql_where=quotes)


def downgrade() -> None:
    op.drop_index(op.f("ix_message_quotes"), table_name="message")
    op.drop_table("version")
