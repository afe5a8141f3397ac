"""X's ears on the stand-in, with a debate open at #coral: real client, stream, search, writer and rows."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TypeVar

import pytest
from sqlmodel import col, select

from bot import debatefile
from bot.actions import plan, run, send, tally
from bot.debate import Phase
from bot.ports import OPERATOR, House, Platform
from bot.store import debates
from bot.store.engine import Store, Tx
from bot.tables import Audit, Inbox, Message, Outbox
from bot.writer import Writer
from handlers.intake import Intake
from handlers.x import backoff, keeper, reconciler
from handlers.x.client import Keys, XClient
from handlers.x.ears import Hooks, Tempo, XEars
from handlers.x.refused import XRefused
from handlers.x.workspace import Account, Workspace

from tests.standin_x.server import XStandin
from tests.waiting import until

T = TypeVar("T")

CORAL = """
title = "Los corales"
starts = {starts}
timezone = "UTC"
hashtag = "Coral"
questions = ["¿Qué es un coral?", "¿Quién vive en él?", "¿Qué lo daña?"]
[where]
slack = false
room = false
x = true
"""
HOUSE = House(hashtag="Coral", x=True)
HASTY = Tempo(
    stream=backoff.Pace(
        silence=1.5, connect=2.0, proven=0.3, closed=0.1, closed_longest=0.4, network=0.02, network_longest=0.2,
        upset=0.1, upset_longest=0.5, limited=0.2, limited_longest=1.0, too_many=0.1, too_many_longest=0.5, window=2.0,
        connects=20,
    ),
    rules=keeper.Rhythm(retry=0.1, longest_retry=0.5, check=60.0),
    search=reconciler.Rhythm(
        up=60.0, down=0.2, hopeless=0.5, lag=0.3, overlap=20.0, sweeps=(0.2, 0.5, 1.1), pages=20
    ),
    look=0.02,
    ahead=600.0,
)  # fmt: skip


def planned(store: Store, *, starts: datetime, source: str = CORAL) -> int:
    """A debate is planned at #coral; returns its id."""
    wanted = debatefile.parse(source.format(starts=f"{starts:%Y-%m-%dT%H:%M:%S}"))
    now = starts - timedelta(days=3)
    return store.write(lambda tx: debates.ident(plan.add(tx, wanted, house=HOUSE, actor=OPERATOR, now=now)))


def open_up(store: Store, debate_id: int, now: datetime) -> None:
    """The debate is open since then, and what it had to say is said."""

    def begin(tx: Tx) -> None:
        run.open_now(tx, debates.get(tx, debate_id), actor=OPERATOR, now=now)
        for row in tx.session.exec(select(Outbox)).all():
            tx.session.delete(row)

    store.write(begin)


def opened(store: Store, *, ago: float = 2.0, source: str = CORAL) -> int:
    """A debate at #coral was opened so many seconds ago; returns its id."""
    now = datetime.now(UTC) - timedelta(seconds=ago)
    debate_id = planned(store, starts=now + timedelta(days=3), source=source)
    open_up(store, debate_id, now)
    return debate_id


def closed(tx: Tx, debate_id: int, at: datetime) -> None:
    """The debate took its last answer then, and is closed."""
    debate = debates.get(tx, debate_id)
    run.close(tx, debate, actor=OPERATOR, now=at, house=HOUSE)
    debate.phase, debate.grace_until = Phase.CLOSED, at
    tx.session.add(debate)


@dataclass
class Listening:
    """Ears at work, and what the log has of it."""

    x: XStandin
    store: Store
    writer: Writer
    workspace: Workspace
    ears: XEars
    intake: Intake
    debate_id: int
    billed: list[str]
    refused: list[XRefused]

    def look(self, reading: Callable[[Tx], T]) -> T:
        """What the reading finds among what is committed."""
        with self.store.read() as tx:
            return reading(tx)

    def rows(self) -> list[Message]:
        """Every message of the log, oldest first."""
        query = select(Message).order_by(col(Message.posted_at), col(Message.platform_id))
        return self.look(lambda tx: list(tx.session.exec(query).all()))

    def texts(self) -> list[str]:
        """The texts of the messages that stand, oldest first."""
        return [row.text for row in self.rows() if row.deleted_at is None]

    def gaps(self) -> list[bool]:
        """Whether each gap of the debate is closed, in order."""
        return [gap.closed_at is not None for gap in self.look(lambda tx: debates.gaps(tx, self.debate_id))]

    def covered(self) -> bool:
        """Whether there was a gap, and all that it missed has been fetched."""
        return set(self.gaps()) == {True}

    def counted(self) -> list[str]:
        """What is on record of X's own counts."""
        query = select(Audit.detail).where(Audit.action == tally.COUNTED)
        return self.look(lambda tx: list(tx.session.exec(query).all()))

    def notices(self) -> list[str]:
        """What whoever moderates was told of what is lacking."""
        query = select(Outbox.text).where(Outbox.kind == "lacking")
        return self.look(lambda tx: list(tx.session.exec(query).all()))

    def inbox(self) -> dict[str, str]:
        """The state of each delivery."""
        return self.look(lambda tx: {row.event_id: row.state for row in tx.session.exec(select(Inbox)).all()})

    def tags(self) -> list[str]:
        """The tags of the rules that stand at X."""
        return sorted(rule.tag for rule in self.x.rules)

    async def ask(self, *, minute: float = 0.0) -> str:
        """The next question stands on X, as if it were some minutes later; returns the id of its post."""
        now = datetime.now(UTC) + timedelta(minutes=minute)

        def ask(tx: Tx) -> None:
            run.ask_next(tx, debates.get(tx, self.debate_id), actor=OPERATOR, now=now, really=True)

        await self.writer.do(ask)
        return await self.posted()

    async def close(self, *, ago: float = 0.0) -> datetime:
        """The debate took its last answer so many seconds ago, and is closed; returns when that was."""
        ended = datetime.now(UTC) - timedelta(seconds=ago)
        await self.writer.do(partial(closed, debate_id=self.debate_id, at=ended))
        return ended

    async def posted(self) -> str:
        """What waits for X stands there; returns the id of the last of it."""
        ident = ""
        soon = datetime.now(UTC) + timedelta(minutes=10)
        while claimed := await self.writer.do(lambda tx: send.claim(tx, Platform.X, owner="t", now=soon)):
            for row_id, draft, _ in claimed:
                ident = await self.x.post(self.x.me.username, draft.text)
                await self.writer.do(partial(send.landed, row_id=row_id, platform_id=ident, now=datetime.now(UTC)))
        return ident


@asynccontextmanager
async def listening(
    x: XStandin, store: Store, *, tempo: Tempo = HASTY, debate_id: int | None = None, live: bool = True,
    away_since: datetime | None = None,
) -> AsyncIterator[Listening]:  # fmt: skip
    """Ears that listen until the block ends, to a debate that opens once they do, unless one is given.

    ``live`` off: X may not be heard, and the debate is open from the beginning. It could not be reached ``away_since``.
    """
    opens = live and debate_id is None
    if debate_id is None:
        debate_id = planned(store, starts=datetime.now(UTC) + timedelta(minutes=5)) if live else opened(store)
    writer = Writer(store)
    writer.start()
    billed: list[str] = []
    refused: list[XRefused] = []
    client = XClient(Keys(x.bearer), x.url, billed=lambda _kind, ids: billed.extend(ids))
    await client.start()
    me = Account(x.me.id, x.me.username)
    intake = Intake(writer)
    hooks = Hooks(lambda _kind, ids: billed.extend(ids), refused.append)
    workspace = Workspace(client, me, store, writer)
    ears = XEars(workspace, intake, tempo=tempo, hooks=hooks)
    bot = Listening(x, store, writer, workspace, ears, intake, debate_id, billed, refused)
    try:
        await ears.start(away_since)
        if live:
            await until(lambda: ears.stream.live and ears.keeper.ready)
            await asyncio.sleep(x.rule_delay + 0.02)
        if opens:
            open_up(store, debate_id, datetime.now(UTC))
            await until(lambda: ears.reconciler.counts.searches == 1)
        yield bot
    finally:
        await ears.stop()
        await client.close()
        writer.stop()


@pytest.fixture
async def x() -> AsyncIterator[XStandin]:
    """An X where Ana and Bea post."""
    async with XStandin(keep_alive=0.1) as standin:
        standin.person("Ana", "ana")
        standin.person("Bea", "bea")
        yield standin


@pytest.fixture
async def bot(x: XStandin, sqlite_store: Store) -> AsyncIterator[Listening]:
    """Ears on the stream, with a debate open at #coral; search is asked at connections alone."""
    async with listening(x, sqlite_store) as ears:
        yield ears


def searching(*, up: float = HASTY.search.up, lag: float = HASTY.search.lag) -> Tempo:
    """The hasty tempo with another rhythm of searching."""
    return replace(HASTY, search=replace(HASTY.search, up=up, lag=lag))


async def silenced(bot: Listening) -> None:
    """The stream is refused from now on, and the log knows it."""
    bot.x.faults.status("stream", 503, times=1_000)
    bot.x.disconnect()
    await until(lambda: bot.gaps()[-1:] == [False])
