"""The tables of the year around the debates: seasons and series, who comes, what was asked before and after, guests."""

from datetime import datetime

from sqlalchemy import Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from bot.tables import UTCDateTime


class Season(SQLModel, table=True):
    """A stretch of the year with its rhythm; ``rhythm`` is what its debates were planned from."""

    id: int | None = Field(default=None, primary_key=True)
    slug: str = Field(unique=True)  # "2027-enero"
    year: int = Field(index=True)
    kind: str  # january, cx_day, september, quiet or own
    title: str
    timezone: str
    rhythm: str = Field(default="{}", sa_type=Text)  # JSON: bot/season.py
    created_at: datetime = Field(sa_type=UTCDateTime)
    changed_at: datetime = Field(sa_type=UTCDateTime)


class Series(SQLModel, table=True):
    """Debates that come back by a rule: RFC 5545 in naive local time, and the zone whose clocks show it."""

    id: int | None = Field(default=None, primary_key=True)
    season_id: int | None = Field(default=None, foreign_key="season.id", index=True, ondelete="SET NULL")
    title: str
    rule: str  # RRULE without its name: "FREQ=WEEKLY;BYDAY=TH"
    starts: str  # the first occurrence, naive local ISO: "2027-01-14T19:00"
    timezone: str
    plan: str = Field(default="{}", sa_type=Text)  # JSON: what each debate of it is made from
    created_at: datetime = Field(sa_type=UTCDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UTCDateTime)


class Confirmation(SQLModel, table=True):
    """A person said that a series takes place in a season; without it its debates leave the calendar."""

    series_id: int = Field(
        foreign_key="series.id", primary_key=True, ondelete="CASCADE", sa_column_kwargs={"autoincrement": False}
    )
    season: str = Field(primary_key=True)  # the season's slug
    who: str  # PLATFORM:ID
    at: datetime = Field(sa_type=UTCDateTime)


class Attendance(SQLModel, table=True):
    """What a person answered to an invitation: yes, maybe or no; ``identity_id`` is where they said so."""

    debate_id: int = Field(
        foreign_key="debate.id", primary_key=True, ondelete="CASCADE", sa_column_kwargs={"autoincrement": False}
    )
    person_id: int = Field(
        foreign_key="person.id", primary_key=True, index=True, sa_column_kwargs={"autoincrement": False}
    )
    identity_id: int = Field(foreign_key="identity.id", index=True)
    answer: str
    at: datetime = Field(sa_type=UTCDateTime)


class Reminding(SQLModel, table=True):
    """How a person wants to be reminded, of all debates (``debate_id`` 0) or of one: where, and how long before.

    ``ahead`` is a JSON list of seconds; an empty one is "not at all".
    """

    person_id: int = Field(foreign_key="person.id", primary_key=True, sa_column_kwargs={"autoincrement": False})
    debate_id: int = Field(primary_key=True, default=0, index=True, sa_column_kwargs={"autoincrement": False})
    identity_id: int = Field(foreign_key="identity.id", index=True)
    ahead: str = Field(default="[]", sa_type=Text)
    at: datetime = Field(sa_type=UTCDateTime)


class Poll(SQLModel, table=True):
    """A question with choices: before a debate, on the next subject, or the pulse after it.

    ``options`` is a JSON list of texts. It can be answered from ``opens_at`` until ``closed_at``.
    """

    id: int | None = Field(default=None, primary_key=True)
    debate_id: int = Field(foreign_key="debate.id", index=True, ondelete="CASCADE")
    kind: str  # before, topic or pulse
    text: str = Field(sa_type=Text)
    options: str = Field(default="[]", sa_type=Text)
    several: bool = False  # more than one choice
    other: bool = False  # and one in free words
    opens_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    closed_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    rev: int = 0
    __table_args__ = (UniqueConstraint("debate_id", "kind"),)


class Ballot(SQLModel, table=True):
    """One answer to a poll: the numbers of its choices (JSON), and free words. A pulse's has no person and no time."""

    id: int | None = Field(default=None, primary_key=True)
    poll_id: int = Field(foreign_key="poll.id", ondelete="CASCADE")
    person_id: int | None = Field(default=None, foreign_key="person.id", index=True)
    choices: str = Field(default="[]", sa_type=Text)
    other: str = Field(default="", sa_type=Text)
    at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    __table_args__ = (UniqueConstraint("poll_id", "person_id"),)


class Answered(SQLModel, table=True):
    """Somebody answered an anonymous poll: ``mark`` stands for them, and leads to no ballot."""

    poll_id: int = Field(
        foreign_key="poll.id", primary_key=True, ondelete="CASCADE", sa_column_kwargs={"autoincrement": False}
    )
    mark: str = Field(primary_key=True)


class Guest(SQLModel, table=True):
    """Somebody invited to a debate, who prepares on a page of their own; ``framing`` is the post that frames it.

    Their ways in are passes (bot/tables.py) of their identity.
    """

    id: int | None = Field(default=None, primary_key=True)
    debate_id: int = Field(foreign_key="debate.id", index=True, ondelete="CASCADE")
    identity_id: int = Field(foreign_key="identity.id", index=True)
    name: str
    framing: str = Field(default="", sa_type=Text)
    drafted_at: datetime | None = Field(default=None, sa_type=UTCDateTime)  # when that was last saved
    approved_at: datetime | None = Field(default=None, sa_type=UTCDateTime)  # when a moderator let it go out
    framed_at: datetime | None = Field(default=None, sa_type=UTCDateTime)  # when it went out
    created_at: datetime = Field(sa_type=UTCDateTime)
    seen_at: datetime | None = Field(default=None, sa_type=UTCDateTime)  # when they last opened their page


class Prepared(SQLModel, table=True):
    """What a guest wrote ahead to a question; it goes out under the question when that is asked."""

    question_id: int = Field(
        foreign_key="question.id", primary_key=True, ondelete="CASCADE", sa_column_kwargs={"autoincrement": False}
    )
    guest_id: int = Field(
        foreign_key="guest.id", primary_key=True, ondelete="CASCADE", sa_column_kwargs={"autoincrement": False}
    )
    text: str = Field(sa_type=Text)
    at: datetime = Field(sa_type=UTCDateTime)
