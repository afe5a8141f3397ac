"""What was said elsewhere becomes a closed debate: the rows that ``log.hear`` would make, made in bulk.

A debate that nobody else has seen yet needs no looking up: each row goes in once, in order of time, in one transaction.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain

from bot import analyser, errors, filing
from bot.actions import columns, gone, log, optout, refile
from bot.actions.plan import free_slug, require_moderator
from bot.debate import Pace, Phase
from bot.localtime import wall
from bot.ports import Actor, House, Operation, Platform, Said
from bot.question import LONGEST, Source, State
from bot.store import bulk, debates, people
from bot.store import log as store
from bot.store.engine import Tx
from bot.tables import Debate, Outbox, Place, Question, to_micros

# The database takes this many rows in one call: enough that the call costs nothing, few enough to be small.
ROWS = 5_000


@dataclass(frozen=True, slots=True)
class Origin:
    """Where it was said: the platform, the place's id and name there, and what the debate shall be called ("": as the
    place, with its days). ``questions`` are the messages whose threads are answers, in order of time; ``worded`` has
    by their ids the number and the words of those that are not asked one after the other in all of their text;
    ``terms`` may know what ``analyser.terms`` says of a text, where that was found out beforehand.
    """

    platform: Platform
    place: str
    name: str
    title: str = ""
    questions: Sequence[Said] = ()
    worded: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    hashtag: str = ""
    host: str = ""
    terms: Callable[[str], str] = analyser.terms


@dataclass(frozen=True, slots=True)
class Imported:
    """The debate that an import made, and how much it holds: as its transcript counts."""

    debate_id: int
    title: str
    messages: int
    questions: int
    people: int


def bring(
    tx: Tx, batches: Iterable[Sequence[Said]], origin: Origin, *, house: House, actor: Actor, now: datetime
) -> Imported:
    """All that the batches hold is in the log as one closed debate; each batch in order of time, and so the batches.

    Raises ``NothingSaid``, or ``AlreadyImported`` when the same was brought before.
    """
    require_moderator(actor)
    told = (batch for batch in batches if batch)
    first = next(told, None)
    if first is None:
        raise errors.NothingSaid(channel=origin.name)
    debate = _debate(tx, origin, first[0].posted_at, house=house, now=now)
    bulky = _Bulk(tx, origin, debates.ident(debate), now=now)
    bulky.ask(origin.questions)
    for batch in _gathered(chain([first], told)):
        bulky.say(batch)
    bulky.say_again()
    _finish(tx, debate, origin)
    other = bulk.twin(tx, debate, origin.place)
    if other is not None:
        raise errors.AlreadyImported(debate=other.id, title=other.title)
    debates.record(tx, who=actor.who, action="import", debate_id=debate.id, now=now, detail=origin.name)
    debate_id = debates.ident(debate)
    messages, told_by = bulk.count(tx, debate.id), people.participants(tx, debate_id)
    return Imported(debate_id, debate.title, messages, len(origin.questions), told_by)


def _debate(tx: Tx, origin: Origin, opened_at: datetime, *, house: House, now: datetime) -> Debate:
    debate = Debate(
        slug=free_slug(tx, origin.title or origin.name, wall(opened_at, house.timezone)), title=origin.title,
        hashtag=origin.hashtag, host=origin.host, labels=house.labels,
        locale=house.locale, timezone=house.timezone, starts_at=opened_at, ends_at=opened_at, opened_at=opened_at,
        closed_at=opened_at, pace=json.dumps(Pace().as_seconds()), phase=Phase.CLOSED, imported=True, created_at=now,
    )  # fmt: skip
    debate_id = debates.add(tx, debate)
    tx.session.add(Place(debate_id=debate_id, platform=origin.platform, address=origin.place))
    tx.session.flush()
    return debate


def _finish(tx: Tx, debate: Debate, origin: Origin) -> None:
    """The debate lasted from its first message to its last; without a title it is called by its place and days."""
    opened, closed = bulk.lasted(tx, debates.ident(debate))
    debate.starts_at, debate.ends_at, debate.opened_at, debate.closed_at = opened, closed, opened, closed
    if not debate.title:
        days = [f"{wall(instant, debate.timezone):%Y-%m-%d}" for instant in (opened, closed)]
        debate.title = f"{origin.name}, {' – '.join(dict.fromkeys(days))}"
    tx.session.add(debate)
    tx.session.flush()


def _gathered(batches: Iterable[Sequence[Said]]) -> Iterator[list[Said]]:
    """The same in pieces of about ``ROWS``, whatever the size of a batch."""
    piece: list[Said] = []
    for batch in batches:
        piece += batch
        if len(piece) >= ROWS:
            yield piece
            piece = []
    if piece:
        yield piece


class _Bulk:
    """Fills a debate that was empty, and remembers who and what is in it by now."""

    def __init__(self, tx: Tx, origin: Origin, debate_id: int, *, now: datetime) -> None:
        self.tx = tx
        self.origin = origin
        self.debate_id = debate_id
        self.now = now
        self.people: dict[str, int] = {}
        self._names: dict[str, str] = {}
        self._filed: dict[str, filing.Filing] = {}
        self._seen: set[str] = set()
        self._again: list[Said] = []
        self._rev = debates.bump(tx, debate_id)
        self._asked = filing.Asked([], [], {})

    def ask(self, roots: Sequence[Said]) -> None:
        """The messages are the debate's questions, each with the place where it stands."""
        self._know(roots)
        for position, one in enumerate(roots, start=1):
            number, said = self.origin.worded.get(one.id, (position, one.text))
            text = " ".join(said.split()) or next((file.name for file in one.files), "") or "…"
            question = Question(
                debate_id=self.debate_id, position=position, number=number, text=text[:LONGEST], state=State.ANSWERED,
                source=Source.AUDIENCE, asker_id=self.people[one.author.id], created_at=one.posted_at,
                asked_at=one.posted_at, rev=self._rev,
            )  # fmt: skip
            self.tx.session.add(question)
            self.tx.session.flush()
            self.tx.session.add(_post(one, question, number))
        self.tx.finish()
        self._asked = refile.asked_in(self.tx, self.debate_id)

    def say(self, said: Sequence[Said]) -> None:
        """The messages are in the log, with their reactions; those that were there wait for ``say_again``.

        What X has taken back before stays away, and so does what those said who have opted out.
        """
        if self.origin.platform == Platform.X:
            said = optout.heard(self.tx, gone.standing(self.tx, said))
        self._know(said)
        fresh: list[Said] = []
        for one in said:
            (self._again if one.id in self._seen else fresh).append(one)
            self._seen.add(one.id)
        after = store.newest(self.tx)
        store.insert(self.tx, [self._row(one) for one in fresh])
        reacted = [one for one in fresh if one.reactions]
        if reacted:
            ids = bulk.ids(self.tx, self.debate_id, after=after)
            at = to_micros(self.now)
            store.react(self.tx, [row for one in reacted for row in columns.reactions(ids[one.id], one, at)])

    def say_again(self) -> None:
        """What the export has twice is what its last edit says."""
        if self._again:
            log.hear(self.tx, self._again, now=self.now, into=self.debate_id)

    def _row(self, one: Said) -> tuple[object, ...]:
        """The columns ``store.log.NEW``: what ``log.hear`` makes of it. Keep the two alike (tests/test_import.py)."""
        # A question stands in the thread that it began, which makes its own filing certain.
        thread = one.id if one.id in self._asked.posts else one.thread
        parent = self._filed.get(one.reply_to or "") or (self._filed.get(thread or "") if thread != one.id else None)
        place = filing.by_place(self._asked, thread=thread, reply_to=one.reply_to, quotes=one.quotes, parent=parent)
        filed = self._filed[one.id] = filing.file(one.text, one.posted_at, self._asked, place)
        return (
            self.debate_id, self.origin.platform.value, one.place, one.id, thread, one.reply_to, one.quotes,
            self.people[one.author.id], one.author.name, one.text,
            columns.rich(one), columns.files(one.files), to_micros(one.posted_at),
            None if one.edited_at is None else to_micros(one.edited_at), None, False,
            filed.question, filed.reason.value, filed.confidence.value, filed.conflict,
            self.origin.terms(one.text), self._rev,
        )  # fmt: skip

    def _know(self, said: Sequence[Said]) -> None:
        """Everybody who speaks has an identity, by the last name they had."""
        names = {one.author.id: one.author.name for one in said}
        fresh = {ident: name for ident, name in names.items() if self._names.get(ident) != name}
        self.people |= store.identities(self.tx, self.origin.platform, fresh)
        bots = {one.author.id for one in said if one.author.bot and one.author.id in fresh}
        if bots:
            store.set_roles(self.tx, self.origin.platform, "bot", bots)
        self._names |= fresh


def _post(one: Said, question: Question, number: int) -> Outbox:
    """Where a question stands on the platform, so that whatever files the log again knows its thread."""
    at = one.posted_at
    return Outbox(
        key=f"import:{question.debate_id}:{number}", debate_id=question.debate_id, question_id=question.id,
        platform=one.platform, place=one.place, kind="question", operation=Operation.POST, text=question.text,
        state="sent", created_at=at, next_at=at, sent_at=at, landed=one.id,
    )  # fmt: skip
