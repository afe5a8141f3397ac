"""The tables: what is kept. Times are UTC, stored as microseconds since 1970 (see ``UTCDateTime``)."""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import BigInteger, Dialect, Index, Text, UniqueConstraint
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel

from bot.filing import LABELS

# Names that Alembic can address on both databases; set before the first table is made.
SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_micros(instant: datetime) -> int:
    """Microseconds since 1970 of an aware datetime; a naive one is refused with ``ValueError``."""
    if instant.tzinfo is None:
        raise ValueError("naive datetime refused")
    return (instant - _EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """The aware UTC datetime of microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=micros)


class UTCDateTime(TypeDecorator[datetime]):
    """An instant, exact and ordered alike on SQLite and PostgreSQL, which a zoned DATETIME on SQLite is not."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """An aware datetime as microseconds."""
        return None if value is None else to_micros(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        """Microseconds as an aware datetime in UTC."""
        return None if value is None else from_micros(value)


class Debate(SQLModel, table=True):
    """One debate: what it is, when, and where it stands now."""

    __table_args__ = (Index(None, "phase", "starts_at"),)  # which comes next is asked at every close

    id: int | None = Field(default=None, primary_key=True)
    slug: str = Field(unique=True)
    title: str
    hashtag: str = ""
    host: str = ""
    locale: str = "es"
    labels: str = Field(default=LABELS, sa_column_kwargs={"server_default": LABELS})  # their letters (bot/filing.py)
    timezone: str
    starts_at: datetime = Field(sa_type=UTCDateTime, index=True)
    ends_at: datetime = Field(sa_type=UTCDateTime)
    pace: str = Field(sa_type=Text)  # JSON, seconds: debate.Pace.as_seconds
    phase: str
    opened_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    closed_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    held_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    grace_until: datetime | None = Field(default=None, sa_type=UTCDateTime)  # until when late answers are taken
    asked_at: datetime | None = Field(default=None, sa_type=UTCDateTime)  # when the last question was asked
    asked_by_clock: bool = False
    imported: bool = False
    rehearsal: bool = False
    created_at: datetime = Field(sa_type=UTCDateTime)
    rev: int = 0  # the debate's own clock: every visible change gets the next number
    # Its place in the year. ``local_at`` is the hour that was promised, on the clocks of its zone; ``occurrence`` the
    # naive local time that its series gave it first, by which the series finds it again wherever it was moved.
    local_at: str = Field(default="", sa_column_kwargs={"server_default": ""})
    settled: str = Field(default="", sa_column_kwargs={"server_default": ""})  # gap or fold, where the clocks changed
    season_id: int | None = Field(default=None, index=True)
    series_id: int | None = Field(default=None, index=True)
    occurrence: str = Field(default="", sa_column_kwargs={"server_default": ""})
    touched: bool = Field(default=False, sa_column_kwargs={"server_default": sa.false()})  # a person changed it
    sequence: int = Field(default=0, sa_column_kwargs={"server_default": "0"})  # RFC 5545: grows as its date changes
    changed_at: datetime | None = Field(default=None, sa_type=UTCDateTime)  # when that was
    why: str = Field(default="", sa_type=Text, sa_column_kwargs={"server_default": ""})  # why it is cancelled or missed
    # Whether the planned questions can be read once it is announced.
    questions_public: bool = Field(default=True, sa_column_kwargs={"server_default": sa.true()})


class Place(SQLModel, table=True):
    """One place where a debate is held: a platform and the channel there (the room's is the slug)."""

    debate_id: int = Field(foreign_key="debate.id", primary_key=True, ondelete="CASCADE")
    platform: str = Field(primary_key=True)
    address: str
    __table_args__ = (Index(None, "platform", "address"),)


class Cue(SQLModel, table=True):
    """Something the clock will do; ``state`` is planned, held, done, skipped or cancelled."""

    id: int | None = Field(default=None, primary_key=True)
    debate_id: int = Field(foreign_key="debate.id", ondelete="CASCADE")
    key: str
    due_at: datetime = Field(sa_type=UTCDateTime)
    state: str = "planned"
    done_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    why: str = ""
    __table_args__ = (UniqueConstraint("debate_id", "key"), Index(None, "state", "due_at"))


class Question(SQLModel, table=True):
    """One question; ``number`` is its P-number, given when it is asked; ``position`` orders the run-sheet."""

    id: int | None = Field(default=None, primary_key=True)
    debate_id: int = Field(foreign_key="debate.id", index=True, ondelete="CASCADE")
    position: int
    number: int | None = None
    text: str
    answer: str = ""
    state: str
    source: str = "plan"
    asker_id: int | None = Field(default=None, foreign_key="identity.id")
    reason: str = ""  # why it was declined
    merged_into: int | None = Field(default=None, foreign_key="question.id")
    created_at: datetime = Field(sa_type=UTCDateTime)
    asked_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    rev: int = 0


class Vote(SQLModel, table=True):
    """One vote: a person's for a question."""

    question_id: int = Field(foreign_key="question.id", primary_key=True, ondelete="CASCADE")
    person_id: int = Field(foreign_key="person.id", primary_key=True)


class Person(SQLModel, table=True):
    """One participant, with the identities that they chose to link; ``alias`` is how the archive names them."""

    id: int | None = Field(default=None, primary_key=True)
    alias: str = ""
    forgotten_at: datetime | None = Field(default=None, sa_type=UTCDateTime)


class Identity(SQLModel, table=True):
    """A person on one platform: the platform's id for them and their name there now."""

    id: int | None = Field(default=None, primary_key=True)
    person_id: int = Field(foreign_key="person.id", index=True)
    platform: str
    platform_id: str
    name: str = ""
    role: str = "member"  # member, guest, host, moderator or bot
    seen_at: datetime | None = Field(default=None, sa_type=UTCDateTime)  # when the name was last looked up
    __table_args__ = (UniqueConstraint("platform", "platform_id"),)


class Message(SQLModel, table=True):
    """One thing said. Text and author go when it is deleted; its place in the order stays."""

    id: int | None = Field(default=None, primary_key=True)
    debate_id: int = Field(foreign_key="debate.id", ondelete="CASCADE")
    platform: str
    place: str
    platform_id: str
    thread: str | None = None
    reply_to: str | None = None
    quotes: str | None = None
    identity_id: int | None = Field(default=None, foreign_key="identity.id")
    author: str = ""  # the name at the time of speaking
    text: str = Field(default="", sa_type=Text)
    rich: str | None = Field(default=None, sa_type=Text)  # JSON list of spans (bot/richtext.py), or null: text is all
    files: str | None = Field(default=None, sa_type=Text)  # JSON list of [name, mimetype, url]
    posted_at: datetime = Field(sa_type=UTCDateTime)
    edited_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    deleted_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    late: bool = False
    question: int | None = None
    filed_by: str = "time"
    confidence: str = "guess"
    conflict: bool = False
    hand: int | None = None  # a moderator filed it: the question's number, 0 for none
    terms: str | None = Field(default=None, sa_type=Text)  # what search looks at (bot/analyser.py)
    rev: int = 0
    __table_args__ = (
        UniqueConstraint("platform_id", "place", "platform", "debate_id"),
        Index(None, "debate_id", "posted_at"),
        Index(None, "debate_id", "rev"),
        Index(
            None, "thread", sqlite_where=sa.text("thread IS NOT NULL"), postgresql_where=sa.text("thread IS NOT NULL")
        ),
        Index(
            None,
            "reply_to",
            sqlite_where=sa.text("reply_to IS NOT NULL"),
            postgresql_where=sa.text("reply_to IS NOT NULL"),
        ),
        Index(
            None, "quotes", sqlite_where=sa.text("quotes IS NOT NULL"), postgresql_where=sa.text("quotes IS NOT NULL")
        ),
    )


class Version(SQLModel, table=True):
    """A later version of a post of X, which has an id of its own; ``mark`` stands for that (bot/store/gone.py)."""

    mark: str = Field(primary_key=True)
    message_id: int = Field(
        foreign_key="message.id", primary_key=True, index=True, ondelete="CASCADE",
        sa_column_kwargs={"autoincrement": False},
    )  # fmt: skip


class Reaction(SQLModel, table=True):
    """A reaction's name on a message, and who gave it: the last word counts, by the time it was given.

    ``count`` is 0 once it was taken off; ``who`` is empty for a number of them that nobody is named for.
    """

    message_id: int = Field(foreign_key="message.id", primary_key=True, ondelete="CASCADE")
    name: str = Field(primary_key=True)
    who: str = Field(primary_key=True)
    count: int = 1
    at: datetime = Field(sa_type=UTCDateTime)


class Outbox(SQLModel, table=True):
    """One post to one place; ``state`` is queued, sending, sent, failed or expired; ``landed`` its platform id."""

    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True)
    debate_id: int | None = Field(default=None, foreign_key="debate.id", ondelete="SET NULL")
    question_id: int | None = Field(default=None, foreign_key="question.id", ondelete="SET NULL")
    platform: str
    place: str
    kind: str
    operation: str = "post"
    target: str | None = None  # platform id of what is updated or deleted
    under: int | None = None  # the outbox row in whose thread it goes, once that has landed
    text: str = Field(sa_type=Text)
    extra: str = Field(default="{}", sa_type=Text)
    state: str = "queued"
    attempts: int = 0
    created_at: datetime = Field(sa_type=UTCDateTime)
    next_at: datetime = Field(sa_type=UTCDateTime)
    first_try_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    lease_until: datetime | None = Field(default=None, sa_type=UTCDateTime)
    lease_owner: str = ""
    sent_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    landed: str | None = None
    error: str = ""
    rev: int = 0
    __table_args__ = (
        Index(None, "platform", "state", "next_at"),
        Index(None, "debate_id", "rev"),
        Index(None, "platform", "place", "landed"),
    )


class Inbox(SQLModel, table=True):
    """One delivery of a platform, committed before it was acknowledged; its payload goes once it is in the log."""

    id: int | None = Field(default=None, primary_key=True)
    platform: str
    event_id: str
    received_at: datetime = Field(sa_type=UTCDateTime)
    state: str = "new"  # new, done or quarantined
    payload: str | None = Field(default=None, sa_type=Text)
    error: str = ""
    __table_args__ = (
        UniqueConstraint("platform", "event_id"),
        # Only of what is in quarantine: every delivery would have to be written there, too.
        Index(
            None,
            "state",
            sqlite_where=sa.text("state = 'quarantined'"),
            postgresql_where=sa.text("state = 'quarantined'"),
        ),
    )


class Gap(SQLModel, table=True):
    """A stretch in which a place was not heard; open until a backfill has covered it."""

    id: int | None = Field(default=None, primary_key=True)
    debate_id: int = Field(foreign_key="debate.id", index=True, ondelete="CASCADE")
    platform: str
    place: str
    from_at: datetime = Field(sa_type=UTCDateTime)
    to_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    closed_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    why: str = ""


class Audit(SQLModel, table=True):
    """Who decided what, when; append-only."""

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(sa_type=UTCDateTime)
    who: str
    action: str
    debate_id: int | None = Field(default=None, index=True)
    detail: str = ""


class Pass(SQLModel, table=True):
    """A moderator's way in: a link (used once) or a session, known here only by the hash of its secret."""

    hash: str = Field(primary_key=True)
    kind: str  # link or session
    identity_id: int | None = Field(default=None, foreign_key="identity.id")
    created_at: datetime = Field(sa_type=UTCDateTime)
    expires_at: datetime = Field(sa_type=UTCDateTime)
    used_at: datetime | None = Field(default=None, sa_type=UTCDateTime)


class Metered(SQLModel, table=True):
    """One thing that X bills, once a UTC day: ``hash`` stands for its id, which is not kept (bot/store/meter.py)."""

    day: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})  # days since 1970, UTC
    kind: str = Field(primary_key=True)  # post_read, user_read, post …
    hash: str = Field(primary_key=True)
    debate_id: int | None = Field(default=None, foreign_key="debate.id", index=True, ondelete="SET NULL")


class Download(SQLModel, table=True):
    """How many objects of X (posts and their authors) a person took of a debate on a UTC day; ``person`` is a hash."""

    day: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})  # days since 1970, UTC
    person: str = Field(primary_key=True)
    debate_id: int = Field(
        foreign_key="debate.id", primary_key=True, ondelete="CASCADE", sa_column_kwargs={"autoincrement": False}
    )
    objects: int


class Kept(SQLModel, table=True):
    """A small secret or mark of this installation, by name (the key that signs cookies, the last backfill)."""

    name: str = Field(primary_key=True)
    value: str
