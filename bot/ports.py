"""What crosses the border of the house: small frozen values, and the few protocols at the edge.

A platform (``handlers/slack``, ``handlers/room``) translates what it hears into ``Incoming`` and what is
to be said out of a ``Draft``. Nothing inside ever sees a payload of a platform. What passes by the thousand is a tuple
with names: it is made in a fifth of the time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, Protocol

from bot.filing import LABELS, Marks


class Platform(StrEnum):
    """Where people talk."""

    SLACK = "slack"
    X = "x"
    ROOM = "room"


# One run of text with its looks: (style, text) or (style, text, url). See bot/richtext.py.
Span = tuple[str, str] | tuple[str, str, str]

# With a longer hashtag what is said on X would not fit into a post, and be cut (bot/actions/brief.py).
LONGEST_HASHTAG = 45


class Author(NamedTuple):
    """Who said it, as the platform knows them at that moment; ``id`` is the platform's own."""

    id: str
    name: str
    bot: bool = False


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that came with a message: its name and kind, never its bytes."""

    name: str
    mimetype: str = ""
    url: str = ""


class Said(NamedTuple):
    """One message as it is now: new, edited (``edited_at``), or seen again by a backfill.

    ``thread`` and ``reply_to`` are platform ids in the same place. ``reactions`` maps a reaction's name to
    who gave it (platform ids), or is None when the platform did not say; ``reaction_counts`` is right
    where the list of people was cut short. ``versions`` are the ids of its later versions, where each has its own.
    ``terms`` (``analyser.terms``) and ``marks`` (``filing.marks``) are those of the text, where whoever heard it has
    found them already.
    """

    platform: Platform
    place: str
    id: str
    author: Author
    text: str
    posted_at: datetime
    rich: Sequence[Span] | None = None
    thread: str | None = None
    reply_to: str | None = None
    quotes: str | None = None
    edited_at: datetime | None = None
    files: Sequence[Attachment] = ()
    reactions: Mapping[str, Sequence[str]] | None = None
    reaction_counts: Mapping[str, int] = {}  # a proxy could not be sent to another process
    versions: Sequence[str] = ()
    terms: str | None = None
    marks: Marks | None = None


@dataclass(frozen=True, slots=True)
class Deleted:
    """A message was taken back; ``posted_at`` where the platform tells when it had been said."""

    platform: Platform
    place: str
    id: str
    at: datetime
    posted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Reacted:
    """Somebody put a reaction on a message, or took it off (``added`` False)."""

    platform: Platform
    place: str
    id: str
    name: str
    who: str
    at: datetime
    added: bool = True
    posted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Renamed:
    """A person is now called otherwise on a platform; what they said before keeps the name it had."""

    platform: Platform
    who: str
    name: str


@dataclass(frozen=True, slots=True)
class OptedOut:
    """A person of a platform is to be heard no more, and nothing is to be left of what they said."""

    platform: Platform
    who: str


Incoming = Said | Deleted | Reacted | Renamed | OptedOut


@dataclass(frozen=True, slots=True)
class Ref:
    """Where something stands on a platform."""

    platform: Platform
    place: str
    id: str


class Operation(StrEnum):
    """What a publisher does with a draft."""

    POST = "post"
    UPDATE = "update"
    DELETE = "delete"
    PRIVATE = "private"  # to one person alone: `place` is the person's platform id


@dataclass(frozen=True, slots=True)
class Draft:
    """One thing the bot wants to say in one place; ``key`` names it for ever (it is never said twice).

    ``kind`` (welcome, question, warning …) lets a platform choose the looks. ``target`` is the platform id to
    update or delete, ``thread`` the platform id to answer under.
    """

    key: str
    kind: str
    platform: Platform
    place: str
    text: str
    operation: Operation = Operation.POST
    debate_id: int | None = None
    question_id: int | None = None
    target: str | None = None
    thread: str | None = None
    extra: Mapping[str, str] = field(default_factory=dict)


class Mouth(Protocol):
    """A platform's way to speak, driven by ``handlers/publisher.py``."""

    platform: Platform

    async def send(self, draft: Draft) -> str:
        """The draft stands on the platform; returns its platform id.

        Raises ``bot.errors.NotNow`` (try again later), ``bot.errors.Unsure`` (it may have arrived: look before
        sending again) or ``bot.errors.NotEver`` (the platform refuses it for good).
        """
        ...

    async def find(self, draft: Draft, since: datetime) -> str | None:
        """The platform id of a draft that is already there, or None; raises as ``send`` does."""
        ...


# Where the community meets, and the countries whose holidays it keeps, where nobody says otherwise.
ZONES = (
    "Europe/Madrid", "America/Mexico_City", "America/Bogota", "America/Lima", "America/Santiago",
    "America/Argentina/Buenos_Aires",
)  # fmt: skip
COUNTRIES = ("ES", "MX", "CO", "PE", "CL", "AR")


@dataclass(frozen=True, slots=True)
class House:
    """What every action may know of this installation; made once from the settings."""

    locale: str = "es"
    timezone: str = "Europe/Madrid"
    hashtag: str = "MeetAlfaro"
    url: str = "http://127.0.0.1:8000"
    slack_channel: str = ""
    moderators: Sequence[str] = ()  # PLATFORM:ID
    labels: str = LABELS
    x: bool = False  # X is on: a debate that does not say otherwise is held there, too
    zones: Sequence[str] = ZONES  # IANA, in which announcements name the hour, and seasons show it
    countries: Sequence[str] = COUNTRIES  # ISO 3166, whose public holidays a season is held against
    x_downloads: int = 500  # posts and people of X that one person may download on a UTC day


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks for something: a person ``platform:id``, the ``clock``, or the ``operator`` at the command line."""

    who: str
    name: str = ""
    moderator: bool = False

    @property
    def platform(self) -> str:
        """The part before the colon: ``slack``, ``room``, ``clock`` or ``operator``."""
        return self.who.partition(":")[0]


CLOCK = Actor("clock", "reloj", moderator=True)
OPERATOR = Actor("operator", "línea de órdenes", moderator=True)
