"""Debates told minute by minute: ``evening.until(12)``, ``evening.says("Ana", "hola", under="P1")``.

Time is data: nothing here waits, and a whole hour is played in well under a second. Slack is a channel made by hand
that takes posts out of the outbox and gives each a place, as the real one does.
"""

from collections.abc import Callable
from copy import copy, deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from sqlmodel import col, select

from bot import debatefile
from bot.actions import clock, log, plan, run, send
from bot.ports import OPERATOR, Actor, Author, Deleted, Draft, House, Incoming, Operation, Platform, Reacted, Said
from bot.store import debates, people
from bot.store.engine import Store, Tx
from bot.tables import Debate, Message

T = TypeVar("T")

CHANNEL = "C0DEBATE"
STARTS = datetime(2027, 1, 14, 18, 0, tzinfo=UTC)  # 19:00 in Madrid
MODERATOR = Actor("slack:UMOD", "Marta", moderator=True)
FILE = """
title = "¿Quién es el CXO?"
starts = 2027-01-14T19:00:00
timezone = "Europe/Madrid"
questions = ["¿Qué perfil?", { text = "¿De quién depende?", answer = "Del comité." }, "¿Qué mide?"]
[where]
slack = "C0DEBATE"
"""


@dataclass
class Channel:
    """What arrived in Slack: posts by kind with the minute they came, and what single people were told."""

    starts: datetime
    posts: list[tuple[float, str, str]] = field(default_factory=list)
    private: list[tuple[float, str, str, str]] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    ids: dict[str, str] = field(default_factory=dict)  # "P1" -> platform id of its post

    def take(self, draft: Draft, now: datetime) -> str:
        """The draft stands here; returns its id."""
        minute = (now - self.starts).total_seconds() / 60
        ident = ts(now + timedelta(milliseconds=len(self.keys)))
        self.keys.append(draft.key)
        if draft.operation is Operation.PRIVATE:
            self.private.append((minute, draft.place, draft.kind, draft.text))
        elif draft.operation is Operation.DELETE:
            self.removed.append(draft.target or "")
        else:
            self.posts.append((minute, draft.kind, draft.text))
            if draft.kind == "question":
                self.ids[draft.text.split(" ")[0]] = ident
        return ident

    def kinds(self) -> list[tuple[float, str]]:
        """(minute, kind) of every post in the channel."""
        return [(minute, kind) for minute, kind, _ in self.posts]


class Evening:
    """One debate and the people who come to it. Minutes count from its start; ``minute`` is now."""

    def __init__(self, store: Store, house: House, source: str = FILE, *, planned: float = -3 * 24 * 60) -> None:
        """The debate of a debate file is planned ``planned`` minutes before its start."""
        self.store = store
        self.house = house
        wanted = debatefile.parse(source)
        self.minute = planned
        self.starts = STARTS
        self.id: int = store.write(
            lambda tx: debates.ident(plan.add(tx, wanted, house=house, actor=OPERATOR, now=self.now))
        )
        store.write(lambda tx: people.appoint(tx, ["slack:UMOD"]))
        self.slack = Channel(self.starts)
        self.messages: dict[str, Said] = {}

    def moved(self, store: Store) -> "Evening":
        """The same evening on a copy of its database; what happens there stays there."""
        other = copy(self)
        other.store, other.slack, other.messages = store, deepcopy(self.slack), dict(self.messages)
        return other

    @property
    def now(self) -> datetime:
        """The instant that it is."""
        return self.starts + timedelta(minutes=self.minute)

    # --- the clock ---------------------------------------------------------------------------------------------------

    def until(self, minute: float) -> "Evening":
        """The bot runs until that minute: each cue is done at its time, each post lands at once."""
        target = self.starts + timedelta(minutes=minute)
        while (due := self.look(debates.next_due)) is not None and due <= target:
            self.minute = max(self.minute, self._minute(due))
            self.wake()
        self.minute = minute
        return self

    def away(self, minute: float) -> "Evening":
        """The bot is off until that minute, and then starts again."""
        self.minute = minute
        self.wake()
        return self

    def wake(self) -> list[str]:
        """All that is due now is done; returns the keys of the cues in order."""
        done: list[str] = []
        while (due := self.look(debates.next_due)) is not None and due <= self.now:
            done.append(self.store.write(lambda tx: clock.do_due(tx, now=self.now, house=self.house)) or "")
            self.deliver()
        return done

    def deliver(self) -> None:
        """Every post that waits for Slack has landed there."""
        self.store.write(self._deliver)

    def _deliver(self, tx: Tx) -> None:
        while claimed := send.claim(tx, Platform.SLACK, owner="test", now=self.now):
            for row_id, draft, _ in claimed:
                send.landed(tx, row_id, self.slack.take(draft, self.now), now=self.now)

    # --- what a moderator does ---------------------------------------------------------------------------------------

    def open(self, actor: Actor = MODERATOR) -> None:
        """The debate is opened by hand."""
        self._do(lambda tx: run.open_now(tx, self._debate(tx), actor=actor, now=self.now))

    def next(self, actor: Actor = MODERATOR, *, really: bool = False) -> int | None:
        """The next question is asked by hand; returns its number."""

        def ask(tx: Tx) -> int | None:
            return run.ask_next(tx, self._debate(tx), actor=actor, now=self.now, really=really).number

        number = self.store.write(ask)
        self.deliver()
        return number

    def hold(self, actor: Actor = MODERATOR) -> None:
        """The hour stands still."""
        self._do(lambda tx: run.hold(tx, self._debate(tx), actor=actor, now=self.now))

    def resume(self, actor: Actor = MODERATOR) -> None:
        """The hour goes on."""
        self._do(lambda tx: run.resume(tx, self._debate(tx), actor=actor, now=self.now))

    def extend(self, minutes: float, actor: Actor = MODERATOR) -> None:
        """The hour is longer."""
        self._do(lambda tx: run.extend(tx, self._debate(tx), minutes, actor=actor, now=self.now))

    def skip(self, actor: Actor = MODERATOR) -> None:
        """The next question will not be asked."""
        self._do(lambda tx: run.skip(tx, self._debate(tx), actor=actor, now=self.now).id)

    def close(self, actor: Actor = MODERATOR) -> None:
        """The hour is over."""
        self._do(lambda tx: run.close(tx, self._debate(tx), actor=actor, now=self.now, house=self.house))

    def abort(self, actor: Actor = MODERATOR, *, really: bool = False) -> None:
        """The debate has left no trace."""
        self._do(lambda tx: run.abort(tx, self._debate(tx), actor=actor, now=self.now, really=really))

    def add(self, text: str, actor: Actor = MODERATOR) -> int:
        """A question more stands on the run-sheet; returns its id."""
        return self.store.write(
            lambda tx: plan.add_question(tx, self._debate(tx), text, actor=actor, now=self.now).id or 0
        )

    def reorder(self, *order: int, actor: Actor = MODERATOR) -> None:
        """The waiting questions will be asked in the order of these ids."""
        self._do(lambda tx: plan.reorder(tx, self._debate(tx), list(order), actor=actor, now=self.now))

    # --- what people say ---------------------------------------------------------------------------------------------

    def says(self, who: str, text: str, *, under: str | None = None) -> str:
        """Somebody says something in the channel, or under a post (``P1``) or message; returns its id."""
        at = self.now + timedelta(milliseconds=500 + len(self.messages))
        thread = self.slack.ids.get(under, under) if under is not None else None
        said = Said(Platform.SLACK, CHANNEL, ts(at), Author(f"U{who.upper()}", who), text, at, thread=thread)
        self.messages[said.id] = said
        self.hear(said)
        return said.id

    def deletes(self, ident: str) -> None:
        """A message is taken back."""
        at = self.messages[ident].posted_at
        self.hear(Deleted(Platform.SLACK, CHANNEL, ident, self.now, at))

    def reacts(self, who: str, ident: str, name: str) -> None:
        """Somebody puts a reaction on a message."""
        at = self.messages[ident].posted_at
        self.hear(Reacted(Platform.SLACK, CHANNEL, ident, name, f"U{who.upper()}", self.now, posted_at=at))

    def hear(self, *incoming: Incoming) -> None:
        """What comes from Slack is in the log."""
        self._do(lambda tx: log.hear(tx, incoming, now=self.now))

    # --- what there is to see ----------------------------------------------------------------------------------------

    def look(self, action: Callable[[Tx], T]) -> T:
        """What an action sees of the database."""
        with self.store.read() as tx:
            return action(tx)

    @property
    def debate(self) -> Debate:
        """The debate as it stands."""
        return self.look(self._debate)

    @property
    def phase(self) -> str:
        """Where the debate stands."""
        return str(self.debate.phase)

    def cues(self, *kinds: str) -> list[tuple[str, float, str]]:
        """(key, minute, state) of each cue of the kinds (all kinds when none is named), in order of time."""
        rows = self.look(lambda tx: debates.cues(tx, self.id))
        return [
            (row.key, self._minute(row.due_at), row.state)
            for row in rows
            if not kinds or row.key.partition(":")[0] in kinds
        ]

    def why(self, key: str) -> str:
        """The reason that is kept with a cue."""
        return next(row.why for row in self.look(lambda tx: debates.cues(tx, self.id)) if row.key == key)

    def questions(self) -> list[tuple[str, int | None, str]]:
        """(text, number, state) of each question."""
        return [(one.text, one.number, str(one.state)) for one in self.look(lambda tx: debates.questions(tx, self.id))]

    def question_ids(self) -> list[int]:
        """The ids of the questions in the order of the run-sheet."""
        return [one.id or 0 for one in self.look(lambda tx: debates.questions(tx, self.id))]

    def log(self) -> list[tuple[str, str, int | None, str, str]]:
        """(author, text, question, filed by, confidence) of each message, oldest first."""
        query = select(Message).where(Message.debate_id == self.id).order_by(col(Message.posted_at), col(Message.id))
        rows = self.look(lambda tx: tx.session.exec(query).all())
        return [(row.author, row.text, row.question, row.filed_by, row.confidence) for row in rows]

    def asked(self) -> list[tuple[float, str]]:
        """(minute, text) of the questions in the channel."""
        return [(minute, text) for minute, kind, text in self.slack.posts if kind == "question"]

    def _minute(self, instant: datetime) -> float:
        return (instant - self.starts).total_seconds() / 60

    def _do(self, action: Callable[[Tx], object]) -> None:
        self.store.write(action)
        self.deliver()

    def _debate(self, tx: Tx) -> Debate:
        return debates.get(tx, self.id)


def ts(instant: datetime) -> str:
    """An id as Slack gives them: seconds and microseconds of the instant."""
    return f"{instant.timestamp():.6f}"
