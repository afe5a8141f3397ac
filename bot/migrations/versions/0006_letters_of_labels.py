"""Each debate has the letters of its labels"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("debate", sa.Column("labels", sa.String(), server_default="RAPQT", nullable=False))


def downgrade() -> None:
    op.drop_column("debate", "labels")
