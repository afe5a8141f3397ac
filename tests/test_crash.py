"""Killed in the middle, again and again: nothing that was acknowledged is lost, and nothing is posted twice."""

import asyncio
import itertools
import os
import random
import re
import signal
import socket
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest

from bot.actions import plan
from bot.debate import Pace
from bot.debatefile import DebateFile, PlannedQuestion
from bot.ports import OPERATOR, House
from bot.store import debates, schema, transcripts
from bot.store.engine import Store
from handlers.slack.standin.server import SlackStandin
from handlers.slack.standin.shapes import InstalledApp, Timing

pytestmark = pytest.mark.crash

CHANNEL = "C0CRASH"
KILLS = int(os.environ.get("TERTULIA_KILLS", "30"))
QUESTIONS = 40
EVERY = timedelta(seconds=2)
PER_SECOND = 60
# As many as an evening has questions: after a fall each is read back, at the fifty calls a minute that Slack allows.
THREADS = 8


class Victim:
    """The bot in a process of its own, as its operator would run it."""

    def __init__(self, environment: dict[str, str], folder: Path) -> None:
        """Keep what it is started with."""
        self._environment = environment
        self._folder = folder
        self._process: asyncio.subprocess.Process | None = None
        self.url = f"http://127.0.0.1:{environment['TERTULIA_WEB_PORT']}"

    async def start(self) -> None:
        """It runs and answers that it is well."""
        with (self._folder / "output.txt").open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "bot",
                "run",
                env=self._environment,
                stdout=output,
                stderr=output,
                cwd=self._folder,
            )
        async with aiohttp.ClientSession() as client:
            for _ in range(400):
                with suppress(aiohttp.ClientError):
                    async with client.get(f"{self.url}/healthz") as answer:
                        if answer.status == 200:
                            return
                if self._process.returncode is not None:
                    break
                await asyncio.sleep(0.05)
        raise AssertionError((self._folder / "output.txt").read_text()[-3000:])

    async def kill(self) -> None:
        """It is gone without a word."""
        assert self._process is not None
        self._process.kill()
        await self._process.wait()

    async def stop(self) -> float:
        """It has stopped as asked; returns how long that took, in seconds."""
        assert self._process is not None
        before = asyncio.get_running_loop().time()
        self._process.send_signal(signal.SIGTERM)
        await self._process.wait()
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


async def test_nothing_is_lost_and_nothing_is_said_twice(slack: SlackStandin, tmp_path: Path) -> None:
    """Killed thirty times under load: all that was said is in the log, once; each question in the channel, once."""
    chance = random.Random(20270114)
    store = Store(f"sqlite:///{tmp_path / 'tertulia.db'}")
    schema.upgrade(store)
    debate_id = store.write(lambda tx: debates.ident(plan.add(tx, _file(), house=House(), actor=OPERATOR, now=_now())))
    victim = Victim(_environment(slack, tmp_path), tmp_path)
    await victim.start()
    await _opened(slack)
    said: list[str] = []
    talking = asyncio.create_task(_talk(slack, said, chance))

    for _ in range(KILLS):
        await asyncio.sleep(chance.uniform(0.1, 1.5))
        await victim.kill()
        await victim.start()

    talking.cancel()
    await slack.settled()
    logged = await _logged(store, debate_id, len(said))
    seconds = await victim.stop()
    assert seconds < 5.0
    assert [text for text, count in logged.items() if count > 1] == []
    assert [text for text in said if text not in logged] == []
    posted = Counter(post.key for post in slack.record.posts)
    assert [key for key, count in posted.items() if count > 1] == []
    asked = [int(found[1]) for post in slack.record.posts if (found := re.match(r"P(\d+) ", post.text))]
    done = _asked(store, debate_id)
    assert (sorted(asked), len(asked) > KILLS // 4) == (done, True)


async def _opened(slack: SlackStandin) -> None:
    """The welcome stands in the channel."""
    for _ in range(400):
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


async def _logged(store: Store, debate_id: int, wanted: int) -> Counter[str]:
    """What the log holds once all is in it, or after waiting for as long as a backfill may take."""
    found: Counter[str] = Counter()
    for _ in range(200):
        found = Counter(line.text for line in transcripts.load(store, debate_id).lines())
        if len(found) >= wanted:
            break
        await asyncio.sleep(0.3)
    return found


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


def _now() -> datetime:
    return datetime.now(UTC)


def _file() -> DebateFile:
    pace = Pace(
        minutes=timedelta(minutes=30), first=timedelta(seconds=3), every=EVERY, warning=timedelta(0),
        label=timedelta(0), wrap_up=timedelta(0), grace=timedelta(minutes=5), announce=timedelta(0), reminders=(),
    )  # fmt: skip
    questions = tuple(PlannedQuestion(f"¿Pregunta número {number}?") for number in range(1, QUESTIONS + 1))
    starts = _now() + timedelta(seconds=2)
    return DebateFile("A prueba de golpes", questions, starts=starts, pace=pace, slack=CHANNEL)
