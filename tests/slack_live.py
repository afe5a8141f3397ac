"""The product's whole Slack side on the stand-in, with a debate open in #plaza: real clients, sockets and rows."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from sqlmodel import col, select

from bot import debatefile
from bot.actions import plan, run, say
from bot.ports import OPERATOR, House
from bot.store import debates
from bot.store.engine import Store, Tx
from bot.tables import Debate, Gap, Inbox, Message, Outbox, Reaction
from bot.writer import Writer
from handlers.slack.backfill import Rhythm
from handlers.slack.platform import Keys, MakeListeners, SlackPlatform, Tempo
from handlers.slack.socket import Pace
from handlers.slack.standin.server import SlackStandin

from tests.standin_bot import PLAZA
from tests.waiting import until

T = TypeVar("T")

HASTY = Tempo(
    sockets=Pace(ping=0.3, look=0.05, failures=3, hello=2.0, stagger=0.02, first_pause=0.05, longest_pause=0.5),
    backfill=Rhythm(every=30.0, look=0.05, retry=0.1, between=0.0),
    between_posts=0.0,
    between_names=0.0,
)
FILE = """
title = "¿Quién es el CXO?"
starts = {starts}
timezone = "UTC"
questions = ["¿Qué perfil?", "¿De quién depende?", "¿Qué mide?"]
[where]
slack = "C0PLAZA"
"""
HOUSE = House(slack_channel=PLAZA)


@dataclass
class Live:
    """A bot that listens, and what it knows."""

    slack: SlackStandin
    store: Store
    writer: Writer
    platform: SlackPlatform
    debate_id: int

    def look(self, reading: Callable[[Tx], T]) -> T:
        """What the reading finds among what is committed."""
        with self.store.read() as tx:
            return reading(tx)

    def texts(self) -> list[tuple[str, str]]:
        """(author, text) of every message of the log that stands, in order."""
        return [(row.author, row.text) for row in self.rows() if row.deleted_at is None]

    def rows(self) -> list[Message]:
        """Every message of the log, oldest first."""
        return self.look(lambda tx: list(tx.session.exec(select(Message).order_by(col(Message.posted_at))).all()))

    def inbox(self) -> list[tuple[str, str]]:
        """(state, error) of every delivery."""
        return self.look(lambda tx: [(row.state, row.error) for row in tx.session.exec(select(Inbox)).all()])

    def gaps(self) -> list[Gap]:
        """The gaps of the debate."""
        return self.look(lambda tx: list(debates.gaps(tx, self.debate_id)))

    def outbox(self) -> list[Outbox]:
        """The posts, in the order in which they were decided."""
        return self.look(lambda tx: list(tx.session.exec(select(Outbox).order_by(col(Outbox.id))).all()))

    def reactions(self) -> list[tuple[str, str, int]]:
        """(name, who, count) of every reaction that was ever given."""
        return self.look(lambda tx: sorted((r.name, r.who, r.count) for r in tx.session.exec(select(Reaction)).all()))

    async def ask(self) -> int | None:
        """The next question is asked; its number."""

        def ask(tx: Tx) -> int | None:
            debate = debates.get(tx, self.debate_id)
            return run.ask_next(tx, debate, actor=OPERATOR, now=datetime.now(UTC), really=True).number

        return await self.writer.do(ask)

    async def post(self, text: str, kind: str = "note") -> None:
        """The bot wants to say this in the debate's channel."""

        def put(tx: Tx) -> None:
            say.everywhere(tx, debates.get(tx, self.debate_id), kind, text, now=datetime.now(UTC))

        await self.writer.do(put)

    def posted(self) -> list[str]:
        """The texts that the bot has posted, in order of arrival."""
        return [post.text for post in self.slack.record.posts]


def keys(slack: SlackStandin) -> Keys:
    """What lets the bot into this workspace, by Socket Mode."""
    return Keys(slack.app.bot_token, slack.app.app_token, api_url=slack.url)


def open_debate(store: Store, *, opened: datetime | None = None) -> int:
    """A debate is open in #plaza, and its welcome has been said long ago; returns its id."""
    now = opened or datetime.now(UTC) - timedelta(minutes=1)
    source = FILE.format(starts=f"{now + timedelta(days=3):%Y-%m-%dT%H:%M:%S}")

    def begin(tx: Tx) -> int:
        debate: Debate = plan.add(tx, debatefile.parse(source), house=HOUSE, actor=OPERATOR, now=now)
        run.open_now(tx, debate, actor=OPERATOR, now=now)
        for row in tx.session.exec(select(Outbox)).all():
            tx.session.delete(row)
        return debates.ident(debate)

    return store.write(begin)


@asynccontextmanager
async def live(
    slack: SlackStandin, store: Store, *, tempo: Tempo = HASTY, listeners: MakeListeners | None = None,
    connections: int = 2, debate_id: int | None = None, keys_of: Callable[[SlackStandin], Keys] = keys,
) -> AsyncIterator[Live]:  # fmt: skip
    """A bot that listens to the workspace until the block ends; a debate is open unless one is given."""
    debate_id = debate_id or open_debate(store)
    writer = Writer(store)
    writer.start()
    more = {} if listeners is None else {"listeners": listeners}
    platform = SlackPlatform(keys_of(slack), store, writer, HOUSE, tempo=tempo, **more)
    bot = Live(slack, store, writer, platform, debate_id)
    try:
        await platform.start()
        if platform.sockets is not None:
            await until(lambda: len(slack.sockets.connections) >= connections)
        yield bot
    finally:
        await platform.stop()
        writer.stop()
