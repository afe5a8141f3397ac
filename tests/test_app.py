"""The whole bot as its operator runs it: it starts, answers, refuses with one line, and stops when asked."""

import asyncio
import os
import signal
import socket
import sqlite3
import sys
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import aiohttp
import pytest

from bot import app
from bot.actions import plan
from bot.config import Settings
from bot.debate import Pace
from bot.debatefile import DebateFile, PlannedQuestion
from bot.ports import OPERATOR, House
from bot.store import debates, erasure, schema
from bot.store.engine import Store
from handlers.slack.standin.server import SlackStandin

from tests.conftest import PostgresServer
from tests.waiting import PATIENCE, until

CHECKOUT = Path(__file__).resolve().parents[1]


class Ended(NamedTuple):
    """How a process ended: its exit code, what it said, and after how many seconds."""

    code: int | None
    out: str
    err: str
    seconds: float


class Bot:
    """``tertulia run`` in a folder of its own."""

    def __init__(self, folder: Path, **settings: str) -> None:
        """Settings are given as its environment."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.folder = folder
        self.url = f"http://127.0.0.1:{port}"
        self.database = settings.get("TERTULIA_DATABASE_URL", f"sqlite:///{folder / 'tertulia.db'}")
        self._environment = {
            "PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": str(CHECKOUT), "LANG": "es_ES.UTF-8",
            "TERTULIA_WEB_PORT": str(port), **settings,
        }  # fmt: skip
        self.process: asyncio.subprocess.Process | None = None

    async def start(self) -> asyncio.subprocess.Process:
        """The process runs."""
        pipe = asyncio.subprocess.PIPE
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", "run", env=self._environment, cwd=self.folder, stdout=pipe, stderr=pipe
        )
        return self.process

    async def answering(self) -> dict[str, object]:
        """What its health is once it answers."""
        async with aiohttp.ClientSession() as client:
            for _ in range(1200):
                with suppress(aiohttp.ClientError):
                    async with client.get(f"{self.url}/healthz") as answer:
                        found: dict[str, object] = await answer.json()
                        return found
                await asyncio.sleep(0.05)
        raise AssertionError("it does not answer")

    async def well(self, word: str = "") -> dict[str, object]:
        """What its health is once all is well with it, and the word is in it."""
        async with asyncio.timeout(2 * PATIENCE):
            while (health := await self.answering())["status"] != "ok" or word not in str(health):  # noqa: ASYNC110  (another process)
                await asyncio.sleep(0.05)
        return health

    async def end(self, *, stop: bool = True) -> Ended:
        """It has ended, asked to stop or by itself."""
        assert self.process is not None
        before = asyncio.get_running_loop().time()
        if stop:
            self.process.send_signal(signal.SIGTERM)
        out, err = await asyncio.wait_for(self.process.communicate(), 2 * PATIENCE)
        seconds = asyncio.get_running_loop().time() - before
        return Ended(self.process.returncode, out.decode(), err.decode(), seconds)


async def refused(folder: Path, settings: dict[str, str], tries: int = 3) -> Ended:
    """How a bot that cannot start with these settings ended; once more where a busy machine took too long."""
    bot = Bot(folder, **settings)
    await bot.start()
    ended = await bot.end(stop=False)
    return ended if ended.seconds < 10.0 or tries == 1 else await refused(folder, settings, tries - 1)


async def test_it_runs_with_no_settings_at_all(tmp_path: Path) -> None:
    """The room answers, the link for one moderator is printed once, and SIGTERM ends it within five seconds."""
    bot = Bot(tmp_path)
    await bot.start()

    health = await bot.answering()
    ended = await bot.end()

    assert health["status"] == "ok"
    assert (ended.code, ended.seconds < 5.0, ended.out.count("/entrar/")) == (0, True, 1)
    with sqlite3.connect(tmp_path / "tertulia.db") as database:
        assert database.execute("SELECT count(*) FROM debate").fetchone() == (0,)


@pytest.mark.postgres
async def test_it_runs_on_postgresql(tmp_path: Path, postgres: PostgresServer) -> None:
    """An empty database becomes a bot's: a debate opens by the clock, an answer is in its transcript."""
    name = f"tertulia_test_app_{os.getpid()}"
    bot = Bot(tmp_path, TERTULIA_DATABASE_URL=postgres.make(name))
    try:
        slug = _planned(bot, starts_in=0.5)
        await bot.start()
        assert (await bot.answering())["status"] == "ok"
        page = f"{bot.url}/d/{slug}"
        async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as client:
            await client.post(f"{page}/join", data={"name": "Ana"})
            for _ in range(100):
                async with client.post(f"{page}/say", data={"text": "R1 desde otra base"}) as said:
                    if said.status == 200:
                        break
                await asyncio.sleep(0.1)
            async with client.get(f"{page}/transcript.txt") as transcript:
                assert "R1 desde otra base" in await transcript.text()
        ended = await bot.end()
    finally:
        postgres.drop(name)

    assert (ended.code, ended.seconds < 5.0) == (0, True)


async def test_a_rehearsal_is_begun_from_the_empty_board(tmp_path: Path) -> None:
    """One press and no token: invented voices are heard through a local Slack, and a second press is for moderators."""
    bot = Bot(tmp_path)
    await bot.start()
    await bot.answering()

    async with aiohttp.ClientSession() as client:
        async with client.post(f"{bot.url}/ensayo", data={"go": "1"}, allow_redirects=False) as begun:
            page = begun.headers["location"]
        async with client.post(f"{bot.url}/ensayo", data={"go": "1"}) as again:
            assert (begun.status, again.status) == (303, 403)
        for _ in range(200):
            async with client.get(f"{bot.url}{page}") as answer:
                if "Marisa (moder" in await answer.text():
                    break
            await asyncio.sleep(0.1)
        else:
            raise AssertionError("nobody has spoken")
    ended = await bot.end()

    assert (ended.code, ended.seconds < 5.0) == (0, True)


async def test_it_stops_with_readers_on_the_line(tmp_path: Path) -> None:
    """An open page does not keep it from stopping."""
    bot = Bot(tmp_path)
    slug = _planned(bot, starts_in=3600)
    await bot.start()
    await bot.answering()

    async with aiohttp.ClientSession() as client, client.get(f"{bot.url}/d/{slug}/stream") as stream:
        assert await stream.content.readline() != b""
        ended = await bot.end()

    assert (ended.code, ended.seconds < 5.0) == (0, True)


@pytest.mark.parametrize(
    ("bot_token", "app_token", "named"),
    [("xoxb-wrong", "xapp-standin", "SLACK_BOT_TOKEN"), ("xoxb-standin", "xapp-wrong", "SLACK_APP_TOKEN")],
)
async def test_a_wrong_token_is_named_and_ends_it(tmp_path: Path, bot_token: str, app_token: str, named: str) -> None:
    """One line that names the token, exit code 1, within ten seconds."""
    async with SlackStandin() as slack:
        tokens = {"SLACK_BOT_TOKEN": bot_token, "SLACK_APP_TOKEN": app_token}
        ended = await refused(tmp_path, {**tokens, "SLACK_API_URL": slack.url})

    assert (ended.code, ended.seconds < 10.0, ended.err.count("\n")) == (1, True, 1)
    assert ended.err.startswith(f"Slack rechaza {named}: invalid_auth")


async def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    """One line says which setting to change."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        bot = Bot(tmp_path, TERTULIA_WEB_PORT=str(taken.getsockname()[1]))
        await bot.start()
        ended = await bot.end(stop=False)

    assert (ended.code, "TERTULIA_WEB_PORT" in ended.err, ended.err.count("\n")) == (1, True, 1)


async def test_an_overdue_question_is_asked_at_once(tmp_path: Path) -> None:
    """The bot was down when the first question was due: it is asked within three seconds of being healthy."""
    bot = Bot(tmp_path)
    _planned(bot, starts_in=0.5)
    await asyncio.sleep(1.6)
    await bot.start()
    store = Store(bot.database)

    def asked() -> list[int]:
        with store.read() as tx:
            return [one.number for one in debates.questions(tx, 1) if one.number is not None]

    await bot.answering()
    await until(asked, 3.0)
    await bot.end()
    assert asked() == [1]
    store.close()


async def test_a_database_that_is_locked_is_a_503(tmp_path: Path) -> None:
    """While somebody holds the database, the health says so; afterwards all is well again."""
    bot = Bot(tmp_path)
    await bot.start()
    await bot.answering()

    with sqlite3.connect(tmp_path / "tertulia.db", isolation_level=None) as lock:
        lock.execute("BEGIN IMMEDIATE")
        during = await bot.answering()
        lock.execute("ROLLBACK")
    after = await bot.well()
    await bot.end()

    assert (during["status"], after["status"]) == ("unwell", "ok")


async def test_what_is_erased_is_scrubbed_after_a_trouble_of_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A first try that fails is not the last: erased words do not stay in the file until the next start."""
    failed, done = threading.Event(), threading.Event()

    def scrub(_store: Store) -> bool:
        if not failed.is_set():
            failed.set()
            raise sqlite3.OperationalError("disk I/O error")
        done.set()
        return True

    monkeypatch.setattr(erasure, "scrub", scrub)
    for name in ("SCRUB_AFTER_SECONDS", "TROUBLED_SECONDS"):
        monkeypatch.setattr(app, name, 0.05)
    settings = Settings(TERTULIA_DATABASE_URL=f"sqlite:///{tmp_path / 'tertulia.db'}", TERTULIA_WEB_PORT="0")
    bot = app.App(settings, tell=lambda _line: None)
    running = asyncio.create_task(bot.run())
    try:
        assert await asyncio.to_thread(done.wait, 30)
    finally:
        bot.stop()
        await running


def _planned(bot: Bot, *, starts_in: float) -> str:
    """A debate is planned in the bot's database; returns its slug."""
    store = Store(bot.database)
    schema.upgrade(store)
    now = datetime.now(UTC)
    pace = Pace(minutes=timedelta(minutes=2), first=timedelta(seconds=1), every=timedelta(seconds=50))
    questions = (PlannedQuestion("¿Una?"), PlannedQuestion("¿Otra?"))
    wanted = DebateFile("De prueba", questions, starts=now + timedelta(seconds=starts_in), pace=pace)
    slug = store.write(lambda tx: plan.add(tx, wanted, house=House(), actor=OPERATOR, now=now).slug)
    store.close()
    return slug
