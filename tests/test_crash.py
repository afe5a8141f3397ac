"""Killed in the middle, again and again: nothing that was acknowledged is lost, and nothing is posted twice."""

import asyncio
import itertools
import os
import random
import re
import socket
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path

import aiohttp
import pytest
import sqlalchemy as sa

from bot import errors
from bot.actions import plan, run
from bot.debate import Pace
from bot.debatefile import DebateFile, PlannedQuestion
from bot.ports import OPERATOR, House
from bot.store import debates, schema, transcripts
from bot.store.engine import Store
from handlers.slack.standin.server import SlackStandin
from handlers.slack.standin.shapes import InstalledApp, Timing

from tests.forked import bot_in
from tests.standin_x.server import XStandin
from tests.test_x_together import x_settings

pytestmark = pytest.mark.crash

CHANNEL = "C0CRASH"
HASHTAG = "golpes"
KILLS = int(os.environ.get("TERTULIA_KILLS", "30"))
QUESTIONS = 40
EVERY = timedelta(seconds=2)
PER_SECOND = 60
POSTS_PER_SECOND = 20
# As many as an evening has questions: after a fall each is read back, at the fifty calls a minute that Slack allows.
THREADS = 8


class Victim:
    """The bot in a process of its own, as its operator would run it."""

    def __init__(self, environment: dict[str, str], folder: Path) -> None:
        """Keep what it is started with."""
        self._environment = environment
        self._folder = folder
        self._process: BaseProcess | None = None
        self.url = f"http://127.0.0.1:{environment['TERTULIA_WEB_PORT']}"

    async def start(self) -> None:
        """It runs and answers that it is well."""
        self._process = await asyncio.to_thread(bot_in, self._folder, self._environment)
        async with aiohttp.ClientSession() as client:
            for _ in range(1200):
                with suppress(aiohttp.ClientError):
                    async with client.get(f"{self.url}/healthz") as answer:
                        if answer.status == 200:
                            return
                if self._process.exitcode is not None:
                    break
                await asyncio.sleep(0.05)
        raise AssertionError((self._folder / "output.txt").read_text()[-3000:])

    async def kill(self) -> None:
        """It is gone without a word."""
        assert self._process is not None
        self._process.kill()
        await asyncio.to_thread(self._process.join)

    def signal(self, number: int) -> None:
        """It is told something (SIGSTOP, SIGCONT)."""
        if self._process is not None and self._process.pid is not None and self._process.is_alive():
            os.kill(self._process.pid, number)

    async def stop(self) -> float:
        """It has stopped as asked; returns how long that took, in seconds."""
        assert self._process is not None
        before = asyncio.get_running_loop().time()
        self._process.terminate()
        await asyncio.to_thread(self._process.join)
        return asyncio.get_running_loop().time() - before


@pytest.fixture
async def slack() -> AsyncIterator[SlackStandin]:
    """A Slack with twenty people, quick to send again what was not acknowledged."""
    timing = Timing(ack_seconds=1.0, retry_delays=(0.2, 1.0, 4.0))
    async with SlackStandin(InstalledApp(), timing, strict_rates=False) as standin:
        people = [f"U0P{number:03d}" for number in range(20)]
        for ident in people:
            standin.workspace.add_user(ident, ident.lower(), display_name=f"Persona {ident[-3:]}")
        standin.workspace.add_channel(CHANNEL, "debates", [*people, standin.app.bot_user_id])
        yield standin


@pytest.fixture
async def x() -> AsyncIterator[XStandin]:
    """An X whose search learns of a post a little after it was posted, as it does."""
    async with XStandin(search_lag=0.3, strict_rates=False) as standin:
        yield standin


@pytest.mark.parametrize(
    ("kills", "on_x"), [pytest.param(KILLS, False, id="slack"), pytest.param(-(-KILLS // 3), True, id="slack-and-x")]
)
async def test_nothing_is_lost_and_nothing_is_said_twice(
    slack: SlackStandin, x: XStandin, tmp_path: Path, *, kills: int, on_x: bool
) -> None:
    """Killed again and again under load: all that was said is in the log, once; each question in each place, once."""
    chance = random.Random(20270114)
    store = Store(f"sqlite:///{tmp_path / 'tertulia.db'}")
    schema.upgrade(store)
    house = House(x=on_x)
    debate_id = store.write(lambda tx: debates.ident(plan.add(tx, _file(), house=house, actor=OPERATOR, now=_now())))
    victim = Victim(_environment(slack, tmp_path) | (_on_x(x) if on_x else {}), tmp_path)
    await victim.start()
    await _opened(slack)
    said: list[str] = []
    talking = [asyncio.create_task(_talk(slack, said, chance))]
    if on_x:
        talking.append(asyncio.create_task(_post(x, said, random.Random(20270115))))

    for _ in range(kills):
        await asyncio.sleep(chance.uniform(0.1, 1.5))
        await victim.kill()
        await victim.start()

    await _silent(talking)
    await slack.settled()
    logged = await _logged(store, debate_id, len(said))
    await _at_rest(store, debate_id)
    seconds = await victim.stop()
    assert seconds < 5.0
    assert [text for text, count in logged.items() if count > 1] == []
    assert [text for text in said if text not in logged] == []
    posted = Counter(post.key for post in slack.record.posts)
    assert [key for key, count in posted.items() if count > 1] == []
    asked = _numbers(post.text for post in slack.record.posts)
    done = _asked(store, debate_id)
    assert (asked, len(asked) > kills // 4) == (done, True)
    if on_x:
        assert [text for text, count in Counter(post.text for post in x.posts).items() if count > 1] == []
        assert _numbers(post.text for post in x.posts) == done


async def _opened(slack: SlackStandin) -> None:
    """The welcome stands in the channel."""
    for _ in range(1200):
        if slack.record.posts:
            return
        await asyncio.sleep(0.05)
    raise AssertionError("the debate did not open")


async def _talk(slack: SlackStandin, said: list[str], chance: random.Random) -> None:
    """Twenty people talk, in the channel and in threads, until they are told to stop."""
    threads: list[str] = []
    for number in itertools.count():
        text = f"mensaje número {number} de la prueba"
        under = chance.choice(threads) if threads and chance.random() < 0.5 else None
        said.append(text)
        ident = await slack.say(CHANNEL, f"U0P{number % 20:03d}", text, under)
        if under is None and len(threads) < THREADS:
            threads.append(ident)
        await asyncio.sleep(1 / PER_SECOND)


async def _post(x: XStandin, said: list[str], chance: random.Random) -> None:
    """Ten people post on X, with the hashtag or in answer to a question, until they are told to stop."""
    for number in itertools.count():
        questions = [post.id for post in x.posts if _numbers([post.text])]
        under = chance.choice(questions) if questions and chance.random() < 0.5 else None
        text = f"mensaje número {number} en X" + ("" if under else f" #{HASHTAG}")
        said.append(text)
        await x.post(f"persona{number % 10}", text, reply_to=under)
        await asyncio.sleep(1 / POSTS_PER_SECOND)


async def _silent(talking: Iterable["asyncio.Task[None]"]) -> None:
    """Nobody says anything any more; fails where somebody had stopped before they were told to."""
    for task in talking:
        assert not task.done(), task.exception()
        task.cancel()
    await asyncio.gather(*talking, return_exceptions=True)


async def _logged(store: Store, debate_id: int, wanted: int) -> Counter[str]:
    """What the log holds once all is in it, or after waiting for as long as a backfill may take."""
    found: Counter[str] = Counter()
    for _ in range(300):
        found = Counter(line.text for line in transcripts.load(store, debate_id).lines())
        if len(found) >= wanted:
            break
        await asyncio.sleep(0.3)
    return found


async def _at_rest(store: Store, debate_id: int) -> None:
    """The clock stands still, and what it decided has gone out (or a minute has passed)."""
    with suppress(errors.WrongPhase):  # its hour may be over by itself
        store.write(lambda tx: run.hold(tx, debates.get(tx, debate_id), actor=OPERATOR, now=_now()))
    for _ in range(600):
        with store.read() as tx:
            waiting = tx.conn.execute(sa.text("SELECT count(*) FROM outbox WHERE state IN ('queued', 'sending')"))
            if waiting.scalar_one() == 0:
                return
        await asyncio.sleep(0.1)


def _numbers(texts: Iterable[str]) -> list[int]:
    """The numbers of the questions among the texts."""
    return sorted(int(found[1]) for text in texts if (found := re.match(r"P(\d+) ", text)))


def _asked(store: Store, debate_id: int) -> list[int]:
    with store.read() as tx:
        return sorted(one.number for one in debates.questions(tx, debate_id) if one.number is not None)


def _environment(slack: SlackStandin, folder: Path) -> dict[str, str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "PYTHONPATH": str(Path(__file__).resolve().parents[1]),
        "TERTULIA_DATABASE_URL": f"sqlite:///{folder / 'tertulia.db'}",
        "TERTULIA_WEB_PORT": str(port),
        "SLACK_BOT_TOKEN": slack.app.bot_token,
        "SLACK_APP_TOKEN": slack.app.app_token,
        "SLACK_CHANNEL": CHANNEL,
        "SLACK_API_URL": slack.url,
    }


def _on_x(x: XStandin) -> dict[str, str]:
    """The settings of X; what a thousand posts cost is not what is tried here."""
    return {**x_settings(x), "X_BUDGET_USD": "1000"}


def _now() -> datetime:
    return datetime.now(UTC)


def _file() -> DebateFile:
    pace = Pace(
        minutes=timedelta(minutes=30), first=timedelta(seconds=3), every=EVERY, warning=timedelta(0),
        label=timedelta(0), wrap_up=timedelta(0), grace=timedelta(minutes=5), announce=timedelta(0), reminders=(),
    )  # fmt: skip
    questions = tuple(PlannedQuestion(f"¿Pregunta número {number}?") for number in range(1, QUESTIONS + 1))
    starts = _now() + timedelta(seconds=2)
    return DebateFile("A prueba de golpes", questions, starts=starts, pace=pace, hashtag=HASHTAG, slack=CHANNEL)
