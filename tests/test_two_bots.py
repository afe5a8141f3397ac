"""Two bots on one PostgreSQL database, as their operator runs them: one is killed or frozen, and nobody notices."""

import asyncio
import os
import random
import signal
import threading
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from bot.actions import plan, run
from bot.debate import Pace
from bot.debatefile import DebateFile, PlannedQuestion
from bot.outbox import LEASE
from bot.ports import OPERATOR, House
from bot.store import debates, outbox, schema
from bot.store.engine import FROZEN_MS, Store, Tx
from handlers.room import cookies
from handlers.slack.standin.server import SlackStandin

from tests.conftest import PostgresServer
from tests.forked import freezing_clock_on
from tests.test_crash import CHANNEL, Victim, _environment, slack  # noqa: F401  (a fixture)
from tests.test_runner import clock
from tests.waiting import PATIENCE, until

pytestmark = [pytest.mark.crash, pytest.mark.postgres]

QUESTIONS = 12
EVERY = timedelta(seconds=2)
# A change that stands still is undone after FROZEN_MS; a process is killed or thawed again within two of them.
FROZEN = FROZEN_MS / 1000
# By then everything is over that waits for that; what is left to itself waits for ever.
SOON = FROZEN + PATIENCE


@pytest.fixture
def database(postgres: PostgresServer) -> Iterator[str]:
    """The address of a database of this test's own, with its tables."""
    name = f"tertulia_test_two_{os.getpid()}"
    url = postgres.make(name)
    store = Store(url)
    schema.upgrade(store)
    store.close()
    yield url
    postgres.drop(name)


@pytest.fixture
def shared(database: str) -> Iterator[Store]:
    """The same database, open here."""
    store = Store(database)
    yield store
    store.close()


def planned(store: Store, *, starts_in: float, questions: int) -> int:
    """A debate in Slack, with a question every two seconds."""
    pace = Pace(
        minutes=timedelta(minutes=2), first=timedelta(seconds=2), every=EVERY, warning=timedelta(0),
        label=EVERY * 9, wrap_up=timedelta(0), grace=timedelta(minutes=5), announce=timedelta(0), reminders=(),
    )  # fmt: skip
    asked = tuple(PlannedQuestion(f"¿Pregunta número {number}?") for number in range(1, questions + 1))
    starts = datetime.now(UTC) + timedelta(seconds=starts_in)
    file = DebateFile("A dos manos", asked, starts=starts, pace=pace, slack=CHANNEL, room=False)
    now = datetime.now(UTC)
    return store.write(lambda tx: debates.ident(plan.add(tx, file, house=House(), actor=OPERATOR, now=now)))


def done(store: Store, debate_id: int) -> list[tuple[str, float]]:
    """Each cue that was done, and how late it was, in seconds."""
    with store.read() as tx:
        rows = [cue for cue in debates.cues(tx, debate_id) if cue.state == "done" and cue.done_at]
        return [(cue.key, (cue.done_at - cue.due_at).total_seconds()) for cue in rows if cue.done_at]


@asynccontextmanager
async def bots(slack: SlackStandin, folder: Path, database: str) -> AsyncIterator[list[Victim]]:  # noqa: F811
    """Two bots run, with the same tokens."""
    pair = []
    for name in ("one", "two"):
        home = folder / name
        home.mkdir()
        pair.append(Victim({**_environment(slack, home), "TERTULIA_DATABASE_URL": database}, home))
    await asyncio.gather(*(one.start() for one in pair))
    try:
        yield pair
    finally:
        for one in pair:
            one.signal(signal.SIGCONT)
            await one.kill()


async def test_two_bots_of_which_one_is_killed_or_frozen_say_everything_once(
    slack: SlackStandin, tmp_path: Path, database: str, shared: Store  # noqa: F811
) -> None:  # fmt: skip
    """One after the other falls, dead or stiff, and comes back: each question is asked once, and none is missed."""
    chance = random.Random(20270115)
    async with bots(slack, tmp_path, database) as pair:
        debate_id = planned(shared, starts_in=1.0, questions=QUESTIONS)
        while len(done(shared, debate_id)) <= QUESTIONS:
            victim = chance.choice(pair)
            await asyncio.sleep(chance.uniform(0.2, 1.2))
            if chance.random() < 0.5:
                await victim.kill()
                await asyncio.sleep(chance.uniform(0.0, 1.0))
                await victim.start()
            else:
                victim.signal(signal.SIGSTOP)
                await asyncio.sleep(chance.uniform(0.5, FROZEN + 2))
                victim.signal(signal.SIGCONT)

        def standing() -> list[str]:
            gone = {str(call.args.get("ts")) for call in slack.record.calls if call.method == "chat.delete"}
            return [post.text for post in slack.record.posts if post.ts not in gone]

        # What a bot held as it was killed waits for the other to see it; what one held that froze, for its lease.
        await until(lambda: len(set(standing())) == QUESTIONS + 1, LEASE.total_seconds() + SOON)
        await asyncio.sleep(1.0)

    assert [text for text, count in Counter(standing()).items() if count > 1] == []
    late = dict(done(shared, debate_id))
    assert sorted(late) == sorted(["open", *(f"ask:{number}" for number in range(1, QUESTIONS + 1))])
    assert max(late.values()) < SOON


def test_two_bots_that_begin_at_once_sign_with_one_key(database: str, shared: Store) -> None:
    """Each would make one in an empty database: the second takes the first's, and does not fall over it."""
    other, begun = Store(database), threading.Event()

    def second() -> str:
        def action(tx: Tx) -> str:
            begun.set()
            return cookies.key(tx)

        return other.write(action)

    def first(tx: Tx) -> "tuple[str, Future[str]]":
        mine = cookies.key(tx)
        theirs = pool.submit(second)
        begun.wait(10)
        return mine, theirs

    with ThreadPoolExecutor(1) as pool:
        mine, theirs = shared.write(first)
        assert theirs.result(30) == mine
    other.close()


def stopped(process: BaseProcess) -> bool:
    """Whether a process stands still."""
    return Path(f"/proc/{process.pid}/stat").read_text().rpartition(") ")[2].startswith("T")


async def test_a_bot_that_freezes_in_the_middle_of_a_change_has_not_made_it(
    database: str, shared: Store, tmp_path: Path
) -> None:
    """Stopped with the opening done and not committed: the other opens, and when it thaws it does so no more."""
    debate_id = planned(shared, starts_in=1.0, questions=2)
    frozen = freezing_clock_on(database, tmp_path / "thawed")
    try:
        await until(lambda: stopped(frozen))
        assert done(shared, debate_id) == []
        async with clock(shared):
            await until(lambda: done(shared, debate_id), SOON)
            await until(lambda: len(done(shared, debate_id)) >= 3)
            os.kill(frozen.pid or 0, signal.SIGCONT)
            await until((tmp_path / "thawed").exists)
    finally:
        frozen.kill()
        frozen.join()

    late = dict(done(shared, debate_id))
    assert sorted(late) == ["ask:1", "ask:2", "open"]
    with shared.read() as tx:
        assert Counter(row.kind for row in outbox.of_debate(tx, debate_id)) == {"welcome": 1, "question": 2}
    assert "IdleInTransaction" in (tmp_path / "thawed").read_text()


async def test_a_frozen_bot_does_not_keep_the_other_from_writing(database: str, shared: Store, tmp_path: Path) -> None:
    """A moderator presses «siguiente» at the other one: it is done within seconds, once."""
    debate_id = planned(shared, starts_in=1.0, questions=2)
    frozen = freezing_clock_on(database, tmp_path / "thawed")
    try:
        await until(lambda: stopped(frozen))
        began = datetime.now(UTC)
        await asyncio.to_thread(
            shared.write, lambda tx: run.open_now(tx, debates.get(tx, debate_id), actor=OPERATOR, now=datetime.now(UTC))
        )
        assert (datetime.now(UTC) - began).total_seconds() < SOON
    finally:
        os.kill(frozen.pid or 0, signal.SIGCONT)
        await until((tmp_path / "thawed").exists)
        frozen.kill()
        frozen.join()

    with shared.read() as tx:
        assert Counter(row.kind for row in outbox.of_debate(tx, debate_id))["welcome"] == 1
