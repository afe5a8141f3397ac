"""The first tables"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("debate_id", sa.Integer(), nullable=True),
        sa.Column("detail", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_debate_id"), ["debate_id"], unique=False)

    op.create_table(
        "debate",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("hashtag", sa.String(), nullable=False),
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("locale", sa.String(), nullable=False),
        sa.Column("timezone", sa.String(), nullable=False),
        sa.Column("starts_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.Column("pace", sa.Text(), nullable=False),
        sa.Column("phase", sa.String(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=True),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.Column("held_at", sa.BigInteger(), nullable=True),
        sa.Column("grace_until", sa.BigInteger(), nullable=True),
        sa.Column("asked_at", sa.BigInteger(), nullable=True),
        sa.Column("asked_by_clock", sa.Boolean(), nullable=False),
        sa.Column("imported", sa.Boolean(), nullable=False),
        sa.Column("rehearsal", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("rev", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_debate")),
        sa.UniqueConstraint("slug", name=op.f("uq_debate_slug")),
    )
    with op.batch_alter_table("debate", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_debate_phase"), ["phase"], unique=False)
        batch_op.create_index(batch_op.f("ix_debate_starts_at"), ["starts_at"], unique=False)

    op.create_table(
        "inbox",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("platform", sa.String(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=True),
        sa.Column("error", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbox")),
        sa.UniqueConstraint("platform", "event_id", name=op.f("uq_inbox_platform_event_id")),
    )
    with op.batch_alter_table("inbox", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_inbox_state_id"), ["state", "id"], unique=False)

    op.create_table(
        "kept",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_kept")),
    )
    op.create_table(
        "person",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("alias", sa.String(), nullable=False),
        sa.Column("forgotten_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
    )
    op.create_table(
        "cue",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("debate_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("done_at", sa.BigInteger(), nullable=True),
        sa.Column("why", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["debate_id"], ["debate.id"], name=op.f("fk_cue_debate_id_debate"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cue")),
        sa.UniqueConstraint("debate_id", "key", name=op.f("uq_cue_debate_id_key")),
    )
    with op.batch_alter_table("cue", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_cue_state_due_at"), ["state", "due_at"], unique=False)

    op.create_table(
        "gap",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("debate_id", sa.Integer(), nullable=False),
        sa.Column("platform", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("from_at", sa.BigInteger(), nullable=False),
        sa.Column("to_at", sa.BigInteger(), nullable=True),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.Column("why", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["debate_id"], ["debate.id"], name=op.f("fk_gap_debate_id_debate"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gap")),
    )
    with op.batch_alter_table("gap", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_gap_debate_id"), ["debate_id"], unique=False)

    op.create_table(
        "identity",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("platform", sa.String(), nullable=False),
        sa.Column("platform_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_identity_person_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity")),
        sa.UniqueConstraint("platform", "platform_id", name=op.f("uq_identity_platform_platform_id")),
    )
    with op.batch_alter_table("identity", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_identity_person_id"), ["person_id"], unique=False)

    op.create_table(
        "place",
        sa.Column("debate_id", sa.Integer(), nullable=False),
        sa.Column("platform", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["debate_id"], ["debate.id"], name=op.f("fk_place_debate_id_debate"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("debate_id", "platform", name=op.f("pk_place")),
    )
    with op.batch_alter_table("place", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_place_platform_address"), ["platform", "address"], unique=False)

    op.create_table(
        "message",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("debate_id", sa.Integer(), nullable=False),
        sa.Column("platform", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("platform_id", sa.String(), nullable=False),
        sa.Column("thread", sa.String(), nullable=True),
        sa.Column("reply_to", sa.String(), nullable=True),
        sa.Column("quotes", sa.String(), nullable=True),
        sa.Column("identity_id", sa.Integer(), nullable=True),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("rich", sa.Text(), nullable=True),
        sa.Column("files", sa.Text(), nullable=True),
        sa.Column("posted_at", sa.BigInteger(), nullable=False),
        sa.Column("edited_at", sa.BigInteger(), nullable=True),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("question", sa.Integer(), nullable=True),
        sa.Column("filed_by", sa.String(), nullable=False),
        sa.Column("confidence", sa.String(), nullable=False),
        sa.Column("conflict", sa.Boolean(), nullable=False),
        sa.Column("hand", sa.Integer(), nullable=True),
        sa.Column("terms", sa.Text(), nullable=True),
        sa.Column("rev", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["debate_id"], ["debate.id"], name=op.f("fk_message_debate_id_debate"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["identity_id"], ["identity.id"], name=op.f("fk_message_identity_id_identity")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
        sa.UniqueConstraint(
            "platform_id",
            "place",
            "platform",
            "debate_id",
            name=op.f("uq_message_platform_id_place_platform_debate_id"),
        ),
    )
    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_message_debate_id_posted_at"), ["debate_id", "posted_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_message_debate_id_rev"), ["debate_id", "rev"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_message_thread"),
            ["thread"],
            unique=False,
            sqlite_where=sa.text("thread IS NOT NULL"),
            postgresql_where=sa.text("thread IS NOT NULL"),
        )

    op.create_table(
        "pass",
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("identity_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["identity_id"], ["identity.id"], name=op.f("fk_pass_identity_id_identity")),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_pass")),
    )
    op.create_table(
        "question",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("debate_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("answer", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("asker_id", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("merged_into", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=True),
        sa.Column("rev", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["asker_id"], ["identity.id"], name=op.f("fk_question_asker_id_identity")),
        sa.ForeignKeyConstraint(
            ["debate_id"], ["debate.id"], name=op.f("fk_question_debate_id_debate"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["merged_into"], ["question.id"], name=op.f("fk_question_merged_into_question")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_question")),
    )
    with op.batch_alter_table("question", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_question_debate_id"), ["debate_id"], unique=False)

    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("debate_id", sa.Integer(), nullable=True),
        sa.Column("question_id", sa.Integer(), nullable=True),
        sa.Column("platform", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("operation", sa.String(), nullable=False),
        sa.Column("target", sa.String(), nullable=True),
        sa.Column("under", sa.Integer(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("extra", sa.Text(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.Column("first_try_at", sa.BigInteger(), nullable=True),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("lease_owner", sa.String(), nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=True),
        sa.Column("landed", sa.String(), nullable=True),
        sa.Column("error", sa.String(), nullable=False),
        sa.Column("rev", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["debate_id"], ["debate.id"], name=op.f("fk_outbox_debate_id_debate"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["question_id"], ["question.id"], name=op.f("fk_outbox_question_id_question"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("key", name=op.f("uq_outbox_key")),
    )
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_outbox_debate_id_rev"), ["debate_id", "rev"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_outbox_platform_place_landed"), ["platform", "place", "landed"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_outbox_platform_state_next_at"), ["platform", "state", "next_at"], unique=False
        )

    op.create_table(
        "reaction",
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"], ["message.id"], name=op.f("fk_reaction_message_id_message"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("message_id", "name", "who", name=op.f("pk_reaction")),
    )
    op.create_table(
        "vote",
        sa.Column("question_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_vote_person_id_person")),
        sa.ForeignKeyConstraint(
            ["question_id"], ["question.id"], name=op.f("fk_vote_question_id_question"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("question_id", "person_id", name=op.f("pk_vote")),
    )

    _search_up()


def _search_up() -> None:
    """What search looks at: FTS5 over ``terms`` on SQLite, a generated tsvector on PostgreSQL."""
    if op.get_bind().dialect.name != "sqlite":
        op.execute(
            "ALTER TABLE message ADD COLUMN tsv tsvector "
            "GENERATED ALWAYS AS (to_tsvector('simple', coalesce(terms, ''))) STORED"
        )
        op.execute("CREATE INDEX ix_message_tsv ON message USING gin (tsv)")
        return
    # Only stems are searched, never phrases: without positions the index is half the size and twice as fast.
    op.execute(
        "CREATE VIRTUAL TABLE message_fts USING fts5"
        "(terms, content='message', content_rowid='id', detail=none, columnsize=0, tokenize='ascii')"
    )
    # No trigger for new rows: FTS5 writes its index out for each statement, so the store adds them a batch at a time.
    op.execute(
        "CREATE TRIGGER message_fts_changed AFTER UPDATE OF terms ON message WHEN old.terms IS NOT NULL BEGIN "
        "INSERT INTO message_fts (message_fts, rowid, terms) VALUES ('delete', old.id, old.terms); END"
    )
    op.execute(
        "CREATE TRIGGER message_fts_again AFTER UPDATE OF terms ON message WHEN new.terms IS NOT NULL BEGIN "
        "INSERT INTO message_fts (rowid, terms) VALUES (new.id, new.terms); END"
    )
    op.execute(
        "CREATE TRIGGER message_fts_gone AFTER DELETE ON message WHEN old.terms IS NOT NULL BEGIN "
        "INSERT INTO message_fts (message_fts, rowid, terms) VALUES ('delete', old.id, old.terms); END"
    )


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for trigger in ("changed", "again", "gone"):
            op.execute(f"DROP TRIGGER message_fts_{trigger}")
        op.execute("DROP TABLE message_fts")
    op.drop_table("vote")
    op.drop_table("reaction")
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_outbox_platform_state_next_at"))
        batch_op.drop_index(batch_op.f("ix_outbox_platform_place_landed"))
        batch_op.drop_index(batch_op.f("ix_outbox_debate_id_rev"))

    op.drop_table("outbox")
    with op.batch_alter_table("question", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_question_debate_id"))

    op.drop_table("question")
    op.drop_table("pass")
    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.drop_index(
            batch_op.f("ix_message_thread"),
            sqlite_where=sa.text("thread IS NOT NULL"),
            postgresql_where=sa.text("thread IS NOT NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_message_debate_id_rev"))
        batch_op.drop_index(batch_op.f("ix_message_debate_id_posted_at"))

    op.drop_table("message")
    with op.batch_alter_table("place", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_place_platform_address"))

    op.drop_table("place")
    with op.batch_alter_table("identity", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_identity_person_id"))

    op.drop_table("identity")
    with op.batch_alter_table("gap", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_gap_debate_id"))

    op.drop_table("gap")
    with op.batch_alter_table("cue", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_cue_state_due_at"))

    op.drop_table("cue")
    op.drop_table("person")
    op.drop_table("kept")
    with op.batch_alter_table("inbox", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_inbox_state_id"))

    op.drop_table("inbox")
    with op.batch_alter_table("debate", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_debate_starts_at"))
        batch_op.drop_index(batch_op.f("ix_debate_phase"))

    op.drop_table("debate")
    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_audit_debate_id"))

    op.drop_table("audit")
