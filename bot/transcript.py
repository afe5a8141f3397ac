"""The log as ordered plain data: what every export, the board and the recap read. Pure.

A transcript is streamed: its head is small, its lines come one after the other in reading order, so that a debate of
100,000 messages is exported in little memory.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from bot import intents
from bot.poll import Result
from bot.ports import Attachment, Span


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that was asked, with its P-number; ``source`` is ``plan`` or ``audience``."""

    number: int
    text: str
    asked_at: datetime
    answer: str = ""
    source: str = "plan"
    asker: str = ""
    messages: int = 0


@dataclass(frozen=True, slots=True)
class Queued:
    """A question from the audience that was not asked, its state and (where declined) the reason."""

    text: str
    state: str
    asker: str
    votes: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch in which a place was not heard; ``closed`` once a backfill has covered it."""

    platform: str
    start: datetime
    end: datetime | None
    closed: bool


@dataclass(frozen=True, slots=True)
class Head:
    """What the debate was. Times in UTC; ``timezone`` is where they are shown."""

    id: str
    slug: str
    title: str
    hashtag: str
    host: str
    locale: str
    timezone: str
    phase: str
    starts_at: datetime
    opened_at: datetime | None
    closed_at: datetime | None
    questions: Sequence[Asked]
    queue: Sequence[Queued]
    gaps: Sequence[Gap]
    people: int
    messages: int
    notice: str = ""  # what its reader must know of this copy, in a sentence
    polls: Sequence[Result] = ()  # what was answered before the debate, where anybody did


class Line(NamedTuple):
    """One message, ready to be written. A deleted one has no text, author or files; ``author_id`` is PLATFORM:ID.

    ``depth`` is 1 where it answers the line of another member above it, else 0.
    """

    id: int
    platform: str
    platform_id: str
    author_id: str
    author: str
    role: str
    text: str
    rich: Sequence[Span] | None
    files: Sequence[Attachment]
    posted_at: datetime
    edited_at: datetime | None
    deleted: bool
    question: int | None
    filed_by: str
    confidence: str
    conflict: bool
    late: bool
    reply_to: str | None
    thread: str | None
    reactions: dict[str, int]
    depth: int

    @property
    def told_id(self) -> str:
        """Its id on its platform; "" of a post on X that is gone or whose author goes by an alias: it leads to them."""
        hidden = self.platform == "x" and (self.deleted or self.author_id.startswith("person:"))
        return "" if hidden else self.platform_id

    @property
    def on_x(self) -> str:
        """Where it is read on X; "" where it was not said there, is gone, or its author goes by an alias here."""
        return intents.post(self.told_id) if self.platform == "x" and self.told_id else ""


@dataclass(frozen=True, slots=True)
class Transcript:
    """A debate to be written: its head, and its lines as often as they are asked for."""

    head: Head
    _lines: Callable[[], Iterator[Line]] = field(repr=False)

    def lines(self) -> Iterator[Line]:
        """The messages in reading order, from the first again at each call."""
        return self._lines()


class Spot(NamedTuple):
    """Of a message, just what decides its place in the order; ``posted`` in microseconds since 1970."""

    id: int
    question: int | None
    platform_id: str
    thread: str | None
    posted: int
    reply_to: str | None = None


def reading_order(spots: Iterable[Spot], asked: Sequence[int], *, first_asked: int | None) -> list[tuple[int, int]]:
    """(message id, depth) in reading order: by question, then by time, replies below what they answer.

    ``asked`` are question numbers in order of asking. What was said before the first question (``first_asked``,
    microseconds) comes first; what belongs to no question afterwards comes last.
    """
    rank = {number: at for at, number in enumerate(asked, start=1)}
    kept = list(spots)
    sections = {spot.platform_id: _section(spot, rank, first_asked) for spot in kept}
    above = _above(kept, sections)
    groups: dict[str, list[Spot]] = {}
    tops: list[tuple[int, int, int, Spot]] = []
    for spot in kept:
        top = _top(spot.platform_id, above)
        if top is None:
            tops.append((sections[spot.platform_id], spot.posted, spot.id, spot))
        else:
            groups.setdefault(top, []).append(spot)
    tops.sort(key=lambda top: top[:3])
    order: list[tuple[int, int]] = []
    for _section_of, _posted, _id, spot in tops:
        order.append((spot.id, 0))
        replies = groups.get(spot.platform_id)
        if replies:
            replies.sort(key=lambda reply: (reply.posted, reply.id))
            order.extend((reply.id, 1) for reply in replies)
    return order


def _above(spots: Iterable[Spot], sections: dict[str, int]) -> dict[str, str]:
    """What each stands below in its section: its conversation's first message, or else the message that it answers."""
    above: dict[str, str] = {}
    for spot in spots:
        for ident in (spot.thread, spot.reply_to):
            if ident is not None and ident != spot.platform_id and sections.get(ident) == sections[spot.platform_id]:
                above[spot.platform_id] = ident
                break
    return above


def _top(ident: str, above: dict[str, str]) -> str | None:
    """The first message of the chain of answers that a message stands in; None where it is the first itself."""
    top = above.get(ident)
    if top is None or top not in above:
        return top
    seen = {ident}
    while top in above and top not in seen:
        seen.add(top)
        top = above[top]
    if top in seen:  # they answer each other in a circle: one of them is the first, so that nobody is left out
        del above[top]
    if top == ident:
        return None
    above[ident] = top
    return top


def _section(spot: Spot, rank: dict[int, int], first_asked: int | None) -> int:
    if spot.question in rank:
        return rank[spot.question]
    if first_asked is None or spot.posted < first_asked:
        return 0
    return len(rank) + 1
