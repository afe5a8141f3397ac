"""A debate's rows as the values that pages show. Pure; ``now`` is an argument."""

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from markupsafe import Markup

from bot import cues, dates, intents, localtime, richtext
from bot.actions import guests, polls
from bot.debate import COMING, LISTENING, LIVE, OVER, Phase
from bot.invitation import Counts
from bot.ports import Attachment, Platform
from bot.question import OPEN_FOR_VOTES, Source, State
from bot.store import attendance, debates
from bot.store import feed as feeds
from bot.store import polls as ballots
from bot.store.engine import Tx
from bot.store.feed import Feed, FeedPost, FeedQuestion
from bot.tables import Cue, Debate, to_micros
from bot.transcript import Line, Spot, reading_order

# The reactions that the room offers, by the names that Slack gives them, so that both are counted together.
PALETTE: Mapping[str, str] = {"+1": "👍", "heart": "❤️", "clap": "👏", "bulb": "💡", "thinking_face": "🤔"}
# What comes from Slack most often, beside those.
_EMOJI: Mapping[str, str] = {
    **PALETTE, "thumbsup": "👍", "-1": "👎", "joy": "😂", "tada": "🎉", "raised_hands": "🙌", "fire": "🔥",
    "eyes": "👀", "rocket": "🚀", "100": "💯", "pray": "🙏", "white_check_mark": "✅", "smile": "😄",
    "muscle": "💪", "heart_eyes": "😍", "wave": "👋", "star": "⭐", "sweat_smile": "😅", "ok_hand": "👌",
}  # fmt: skip
START, END = "start", "end"
# As many colours stand for people in room.css.
TINTS = 8
# Posts of the bot that the page shows in its own way: as a heading, below one, or by its own clock.
_SHOWN_ELSEWHERE = frozenset({"question", "answer"})


@dataclass(frozen=True, slots=True)
class Reaction:
    """A reaction on a message: its name, how it looks, how often it was given."""

    name: str
    emoji: str
    count: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing in the stream: what somebody said, or (``notice``) what the bot did; ``at`` is in microseconds."""

    key: str
    id: int
    section: str
    at: int
    thread: str
    reply_to: str
    pid: str
    author: str
    author_id: str
    badge: str
    platform: str
    html: Markup
    clock: str
    iso: str
    initials: str = ""
    tint: int = 0
    reply: bool = False
    edited: bool = False
    deleted: bool = False
    late: bool = False
    unsure: bool = False
    notice: bool = False
    files: Sequence[Attachment] = ()
    reactions: Sequence[Reaction] = ()
    on_x: str = ""  # where it is read on X


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something that the clock was to do and did not: its kind, which of them, when it was due, and why."""

    kind: str
    which: str
    due_at: datetime
    why: str


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the stream: before the first question, one for each question, and what belongs to none.

    ``on_x`` is the address that opens a member's own composer on X to answer there.
    """

    key: str
    number: int | None
    text: str
    answer: str
    clock: str
    audience: bool
    entries: Sequence[Entry] = ()
    on_x: str = ""


@dataclass(frozen=True, slots=True)
class Scene:
    """All that a debate's page shows after a reading of its clock.

    ``starts_at`` is when it began, or is to; ``turn_until`` when the open question ends.
    """

    id: int
    slug: str
    title: str
    host: str
    hashtag: str
    locale: str
    timezone: str
    phase: Phase
    rehearsal: bool
    starts_at: datetime
    ends_at: datetime
    grace_until: datetime | None
    turn_until: datetime | None
    held_here: bool
    feed: Feed
    asked_at: Sequence[tuple[int, int]]  # (number, microseconds), in order of asking
    questions_changed: bool
    x_tag: str = ""  # the hashtag under which it is held on X; "" where it is not
    comers: Counts | None = None  # who said that they come, while people are invited
    readable: bool = False  # its planned questions, before it begins
    open_polls: Sequence[str] = ()  # the kinds of those that take answers

    @property
    def listening(self) -> bool:
        """Whether answers are taken."""
        return self.phase in LISTENING

    @property
    def live(self) -> bool:
        """Whether the hour runs or stands still."""
        return self.phase in LIVE

    @property
    def coming(self) -> bool:
        """Whether it has not begun."""
        return self.phase in COMING

    @property
    def ended(self) -> bool:
        """Whether its hour is behind it, late answers or not."""
        return self.over or self.phase is Phase.GRACE

    @property
    def over(self) -> bool:
        """Whether it has ended for good."""
        return self.phase in OVER

    @property
    def when(self) -> str:
        """The start as people read it, in the debate's own language; pages use ``dates`` for theirs."""
        return dates.long(self.starts_at, self.timezone, locale=self.locale)

    @property
    def asked(self) -> list[FeedQuestion]:
        """The questions asked so far, in order."""
        found = [one for one in self.feed.questions if one.number is not None]
        return sorted(found, key=lambda one: one.number or 0)

    @property
    def current(self) -> FeedQuestion | None:
        """The question that is open, or None."""
        asked = self.asked
        return asked[-1] if asked and self.live else None

    @property
    def write_on_x(self) -> str:
        """The address that opens a member's own composer on X with the hashtag; "" where X is not listened to."""
        return intents.write(self.x_tag) if self.x_tag and self.listening else ""

    def answer_on_x(self, one: FeedQuestion) -> str:
        """The same for the answer to a question, below its post once that stands on X."""
        if not self.x_tag or not self.listening or one.number is None:
            return ""
        return intents.answer(one.number, self.x_tag, to=one.x_post)

    @property
    def proposals(self) -> list[FeedQuestion]:
        """Questions from the audience that may be voted for, the most wanted first."""
        found = [one for one in self.feed.questions if one.source == Source.AUDIENCE and one.state in OPEN_FOR_VOTES]
        return sorted(found, key=lambda one: (-one.votes, one.id))

    @property
    def pending(self) -> list[FeedQuestion]:
        """Questions that wait for a moderator, the most wanted first."""
        return [one for one in self.proposals if one.state == State.PENDING]

    @property
    def run_sheet(self) -> list[FeedQuestion]:
        """The questions that are still to be asked, in their order."""
        found = [one for one in self.feed.questions if one.state == State.APPROVED]
        return sorted(found, key=lambda one: (one.position, one.id))

    @property
    def beforehand(self) -> list[FeedQuestion]:
        """The planned questions that everybody may read before the debate; empty where nobody may."""
        return [one for one in self.run_sheet if one.source == Source.PLAN] if self.readable else []

    def minutes_left(self, until: datetime | None, now: datetime) -> int | None:
        """Whole minutes left until then, rounded up; None where nothing is planned."""
        return None if until is None else max(0, -(-int((until - now).total_seconds()) // 60))


def scene(tx: Tx, debate: Debate, rev: int) -> Scene:
    """What a debate's page shows, with the messages and posts that changed after ``rev`` (0: all of them)."""
    debate_id = debates.ident(debate)
    fed = feeds.since(tx, debate_id, rev, moderator=True)
    everything = fed.questions if fed.questions or not rev else feeds.all_questions(tx, debate_id)
    clock = debates.cues(tx, debate_id)
    pending = [cues.Cue(cue.key, cue.due_at) for cue in clock if cue.state == "planned"]
    turns = [cue.due_at for cue in pending if cue.kind in {cues.Kind.ASK, cues.Kind.CLOSE}]
    held = {place.platform: place.address for place in debates.places(tx, debate_id)}
    asked = sorted((to_micros(q.asked_at), q.number or 0) for q in everything if q.asked_at is not None)
    return Scene(
        id=debate_id, slug=debate.slug, title=debate.title, host=debate.host, hashtag=debate.hashtag,
        locale=debate.locale, timezone=debate.timezone, phase=Phase(debate.phase), rehearsal=debate.rehearsal,
        starts_at=debate.opened_at or debate.starts_at, ends_at=debate.ends_at, grace_until=debate.grace_until,
        turn_until=min(turns, default=None) if debate.phase == Phase.OPEN else None,
        held_here=Platform.ROOM in held, x_tag=(debate.hashtag or held[Platform.X]) if Platform.X in held else "",
        feed=Feed(fed.rev, fed.phase, everything, fed.lines, fed.posts),
        asked_at=[(number, at) for at, number in asked], questions_changed=bool(fed.questions),
        comers=attendance.counts(tx, debate_id)[debate_id] if debate.phase == Phase.SCHEDULED else None,
        readable=guests.readable(debate, clock),
        # One that was opened is open or was closed since, whatever time it is.
        open_polls=[
            one.kind for one in ballots.every(tx, debate_id)
            if polls.is_open(one, debate, now=one.opens_at or debate.starts_at)
        ],
    )  # fmt: skip


def section_of(question: int | None, at: int, asked_at: Sequence[tuple[int, int]]) -> str:
    """The key of the section in which something stands, by its question and its time in microseconds."""
    numbers = {number for number, _ in asked_at}
    if question in numbers:
        return f"q{question}"
    return START if not asked_at or at < asked_at[0][1] else END


def entries(view: Scene) -> list[Entry]:
    """What people said and what the bot posted for all to read, as entries of the stream, in order of time."""
    said = [entry(one, view) for one in view.feed.lines]
    public = [post for post in view.feed.posts if not post.private and post.kind not in _SHOWN_ELSEWHERE]
    return sorted([*said, *(_notice(post, view) for post in public)], key=lambda one: (one.at, one.id))


def sections(view: Scene) -> list[Section]:
    """The whole stream by question, in reading order; the last section holds what belongs to no question."""
    found: dict[str, list[Entry]] = {START: [], **{f"q{number}": [] for number, _ in view.asked_at}, END: []}
    everything = entries(view)
    order = {ident: (at, depth) for at, (ident, depth) in enumerate(_reading(view, everything))}
    for one in sorted(everything, key=lambda one: order[one.id][0]):
        placed = one if not order[one.id][1] else _as_reply(one)
        found[one.section].append(placed)
    return [heading(key, view, found[key]) for key in found]


def shortened(view: Scene, most: int) -> Scene:
    """The same debate with its latest messages alone."""
    fed = view.feed
    kept = Feed(fed.rev, fed.phase, fed.questions, fed.lines[-most:], fed.posts)
    return replace(view, feed=kept)


def heading(key: str, view: Scene, inside: Sequence[Entry] = ()) -> Section:
    """A section with what its heading says."""
    for one in view.feed.questions:
        if one.number is not None and key == f"q{one.number}":
            asked = dates.clock(one.asked_at, view.timezone) if one.asked_at else ""
            audience = one.source == Source.AUDIENCE
            return Section(key, one.number, one.text, one.answer, asked, audience, inside, view.answer_on_x(one))
    return Section(key, None, "", "", "", audience=False, entries=inside)


def skipped(found: Iterable[Cue]) -> list[Skipped]:
    """What the clock did not do, of a debate's cues."""
    return [Skipped(*_named(one.key), one.due_at, one.why) for one in found if one.state == "skipped"]


def _named(key: str) -> tuple[str, str]:
    kind, _, rest = key.partition(":")
    return kind, rest if kind in {cues.Kind.ASK, cues.Kind.WARN, cues.Kind.REMIND} else ""


def notices_for(view: Scene, reader: str) -> list[FeedPost]:
    """What the bot told one reader alone: a member's id, or the debate's slug for the moderators."""
    return [post for post in view.feed.posts if post.private and post.reader == reader]


def emoji(name: str) -> str:
    """How a reaction looks; its name between colons where we have no picture of it."""
    return _EMOJI.get(name.partition("::")[0], name if not name.isascii() else f":{name}:")


def _reading(view: Scene, everything: Iterable[Entry]) -> list[tuple[int, int]]:
    numbers = [number for number, _ in view.asked_at]
    first = view.asked_at[0][1] if view.asked_at else None
    spots = [
        Spot(one.id, _number(one), one.pid, one.thread or None, one.at, one.reply_to or None) for one in everything
    ]
    return reading_order(spots, numbers, first_asked=first)


def _number(one: Entry) -> int | None:
    return int(one.section[1:]) if one.section[1:].isdecimal() else None


def _as_reply(one: Entry) -> Entry:
    return replace(one, reply=True)


def entry(one: Line, view: Scene) -> Entry:
    """A message as an entry of the stream."""
    at = to_micros(one.posted_at)
    name = "" if one.deleted else _name(one)
    return Entry(
        key=f"m{one.id}", id=one.id, section=section_of(one.question, at, view.asked_at), at=at,
        thread=one.thread or "", reply_to=one.reply_to or "", pid=one.platform_id, author=name, author_id=one.author_id,
        badge="host" if view.host and one.author == view.host else one.role, platform=one.platform,
        html=Markup("") if one.deleted else Markup(richtext.to_html(one.text, one.rich)),  # noqa: S704  (it escapes)
        clock=dates.clock(one.posted_at, view.timezone), iso=localtime.iso(one.posted_at) or "",
        edited=one.edited_at is not None, deleted=one.deleted, late=one.late,
        unsure=one.question is not None and one.confidence == "guess", files=one.files,
        reactions=[Reaction(each, emoji(each), count) for each, count in one.reactions.items()],
        initials="".join(word[0] for word in name.split() if word[0].isalnum())[:2].upper() or "·",
        tint=zlib.crc32(one.author_id.encode()) % TINTS, on_x=one.on_x,
    )  # fmt: skip


def _name(one: Line) -> str:
    """Whose message it is; until X's names are asked for, at the end, the last digits tell people apart."""
    if one.platform == "x" and one.author_id == f"x:{one.author}":
        return f"…{one.author[-4:]}"
    return richtext.visible(one.author)


def _notice(post: FeedPost, view: Scene) -> Entry:
    at = to_micros(post.at)
    open_then = [number for number, asked in view.asked_at if asked <= at]
    section = f"q{open_then[-1]}" if open_then else START
    # Its number is below those of all messages, so that it comes first among what has the same time.
    return Entry(
        key=f"n-{post.key}", id=-(at % 2**53) - 1, section=section, at=at, thread="", reply_to="", pid=post.key,
        author="Tertulia", author_id="", badge="bot", platform="", html=Markup(richtext.to_html(post.text)),  # noqa: S704  (it escapes)
        clock=dates.clock(post.at, view.timezone), iso=localtime.iso(post.at) or "", notice=True,
    )  # fmt: skip
