"""What X bills"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "metered",
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("debate_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["debate_id"], ["debate.id"], name=op.f("fk_metered_debate_id_debate"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("day", "kind", "hash", name=op.f("pk_metered")),
    )
    with op.batch_alter_table("metered", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_metered_debate_id"), ["debate_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("metered", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_metered_debate_id"))

    op.drop_table("metered")
