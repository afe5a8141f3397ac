"""The year: seasons, series, who comes, polls, guests"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "season",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("timezone", sa.String(), nullable=False),
        sa.Column("rhythm", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_season")),
        sa.UniqueConstraint("slug", name=op.f("uq_season_slug")),
    )
    op.create_index(op.f("ix_season_year"), "season", ["year"])
    op.create_table(
        "poll",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("debate_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("options", sa.Text(), nullable=False),
        sa.Column("several", sa.Boolean(), nullable=False),
        sa.Column("other", sa.Boolean(), nullable=False),
        sa.Column("opens_at", sa.BigInteger(), nullable=True),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.Column("rev", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["debate_id"], ["debate.id"], name=op.f("fk_poll_debate_id_debate"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_poll")),
        sa.UniqueConstraint("debate_id", "kind", name=op.f("uq_poll_debate_id_kind")),
    )
    op.create_index(op.f("ix_poll_debate_id"), "poll", ["debate_id"])
    op.create_table(
        "series",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("season_id", sa.Integer(), nullable=True),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("starts", sa.String(), nullable=False),
        sa.Column("timezone", sa.String(), nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["season_id"], ["season.id"], name=op.f("fk_series_season_id_season"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_series")),
    )
    op.create_index(op.f("ix_series_season_id"), "series", ["season_id"])
    op.create_table(
        "answered",
        sa.Column("poll_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("mark", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["poll_id"], ["poll.id"], name=op.f("fk_answered_poll_id_poll"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("poll_id", "mark", name=op.f("pk_answered")),
    )
    op.create_table(
        "attendance",
        sa.Column("debate_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("person_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("identity_id", sa.Integer(), nullable=False),
        sa.Column("answer", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["debate_id"], ["debate.id"], name=op.f("fk_attendance_debate_id_debate"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["identity_id"], ["identity.id"], name=op.f("fk_attendance_identity_id_identity")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_attendance_person_id_person")),
        sa.PrimaryKeyConstraint("debate_id", "person_id", name=op.f("pk_attendance")),
    )
    op.create_index(op.f("ix_attendance_identity_id"), "attendance", ["identity_id"])
    op.create_index(op.f("ix_attendance_person_id"), "attendance", ["person_id"])
    op.create_table(
        "ballot",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("poll_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("choices", sa.Text(), nullable=False),
        sa.Column("other", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_ballot_person_id_person")),
        sa.ForeignKeyConstraint(["poll_id"], ["poll.id"], name=op.f("fk_ballot_poll_id_poll"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ballot")),
        sa.UniqueConstraint("poll_id", "person_id", name=op.f("uq_ballot_poll_id_person_id")),
    )
    op.create_index(op.f("ix_ballot_person_id"), "ballot", ["person_id"])
    op.create_table(
        "confirmation",
        sa.Column("series_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("season", sa.String(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["series_id"], ["series.id"], name=op.f("fk_confirmation_series_id_series"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("series_id", "season", name=op.f("pk_confirmation")),
    )
    op.create_table(
        "guest",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("debate_id", sa.Integer(), nullable=False),
        sa.Column("identity_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("framing", sa.Text(), nullable=False),
        sa.Column("drafted_at", sa.BigInteger(), nullable=True),
        sa.Column("approved_at", sa.BigInteger(), nullable=True),
        sa.Column("framed_at", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["debate_id"], ["debate.id"], name=op.f("fk_guest_debate_id_debate"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["identity_id"], ["identity.id"], name=op.f("fk_guest_identity_id_identity")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_guest")),
    )
    op.create_index(op.f("ix_guest_debate_id"), "guest", ["debate_id"])
    op.create_index(op.f("ix_guest_identity_id"), "guest", ["identity_id"])
    op.create_table(
        "reminding",
        sa.Column("person_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("debate_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("identity_id", sa.Integer(), nullable=False),
        sa.Column("ahead", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["identity_id"], ["identity.id"], name=op.f("fk_reminding_identity_id_identity")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_reminding_person_id_person")),
        sa.PrimaryKeyConstraint("person_id", "debate_id", name=op.f("pk_reminding")),
    )
    op.create_index(op.f("ix_reminding_identity_id"), "reminding", ["identity_id"])
    op.create_table(
        "prepared",
        sa.Column("question_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("guest_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["guest_id"], ["guest.id"], name=op.f("fk_prepared_guest_id_guest"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["question_id"], ["question.id"], name=op.f("fk_prepared_question_id_question"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("question_id", "guest_id", name=op.f("pk_prepared")),
    )
    op.add_column("debate", sa.Column("local_at", sa.String(), server_default="", nullable=False))
    op.add_column("debate", sa.Column("settled", sa.String(), server_default="", nullable=False))
    op.add_column("debate", sa.Column("season_id", sa.Integer(), nullable=True))
    op.add_column("debate", sa.Column("series_id", sa.Integer(), nullable=True))
    op.add_column("debate", sa.Column("occurrence", sa.String(), server_default="", nullable=False))
    op.add_column("debate", sa.Column("touched", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("debate", sa.Column("sequence", sa.Integer(), server_default="0", nullable=False))
    # Calendars have had its other number until now, and take nothing that is lower.
    op.execute("UPDATE debate SET sequence = rev")
    op.add_column("debate", sa.Column("changed_at", sa.BigInteger(), nullable=True))
    op.add_column("debate", sa.Column("why", sa.Text(), server_default="", nullable=False))
    op.add_column("debate", sa.Column("questions_public", sa.Boolean(), server_default=sa.true(), nullable=False))
    op.create_index(op.f("ix_debate_season_id"), "debate", ["season_id"])
    op.create_index(op.f("ix_debate_series_id"), "debate", ["series_id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_debate_series_id"), table_name="debate")
    op.drop_index(op.f("ix_debate_season_id"), table_name="debate")
    op.drop_column("debate", "questions_public")
    op.drop_column("debate", "why")
    op.drop_column("debate", "changed_at")
    op.drop_column("debate", "sequence")
    op.drop_column("debate", "touched")
    op.drop_column("debate", "occurrence")
    op.drop_column("debate", "series_id")
    op.drop_column("debate", "season_id")
    op.drop_column("debate", "settled")
    op.drop_column("debate", "local_at")
    op.drop_table("prepared")
    op.drop_index(op.f("ix_reminding_identity_id"), table_name="reminding")
    op.drop_table("reminding")
    op.drop_index(op.f("ix_guest_identity_id"), table_name="guest")
    op.drop_index(op.f("ix_guest_debate_id"), table_name="guest")
    op.drop_table("guest")
    op.drop_table("confirmation")
    op.drop_index(op.f("ix_ballot_person_id"), table_name="ballot")
    op.drop_table("ballot")
    op.drop_index(op.f("ix_attendance_person_id"), table_name="attendance")
    op.drop_index(op.f("ix_attendance_identity_id"), table_name="attendance")
    op.drop_table("attendance")
    op.drop_table("answered")
    op.drop_index(op.f("ix_series_season_id"), table_name="series")
    op.drop_table("series")
    op.drop_index(op.f("ix_poll_debate_id"), table_name="poll")
    op.drop_table("poll")
    op.drop_index(op.f("ix_season_year"), table_name="season")
    op.drop_table("season")
