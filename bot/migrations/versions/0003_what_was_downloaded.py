"""What was downloaded of X"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "download",
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("debate_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("objects", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["debate_id"], ["debate.id"], name=op.f("fk_download_debate_id_debate"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("day", "person", "debate_id", name=op.f("pk_download")),
    )


def downgrade() -> None:
    op.drop_table("download")
