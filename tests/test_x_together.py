"""One debate on X, on Slack and in the room: one run-sheet, one log, and no platform that can hold up another."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from sqlmodel import col, select

from bot.actions import plan
from bot.app import App
from bot.config import Settings
from bot.debate import Pace
from bot.debatefile import DebateFile, PlannedQuestion
from bot.ports import OPERATOR
from bot.store import debates
from bot.store.engine import Tx
from bot.tables import Message, Outbox
from handlers.slack.standin.server import SlackStandin
from handlers.x.platform import Tempo
from handlers.x.terms import LIMITS
from handlers.x.weight import weighted

from tests.slack_live import HASTY as SLACK_HASTY
from tests.standin_bot import ANA, BEA, PLAZA, workspace_with_people
from tests.standin_x.server import XStandin
from tests.test_app import Bot, refused
from tests.waiting import until
from tests.x_listening import HASTY as X_HASTY

X_TEMPO = Tempo(ears=X_HASTY, money=0.1, names=0.1)
PACE = Pace(
    minutes=timedelta(seconds=9), first=timedelta(seconds=1.5), every=timedelta(seconds=3),
    warning=timedelta(seconds=0.5), wrap_up=timedelta(seconds=1), grace=timedelta(seconds=3),
    announce=timedelta(0), reminders=(),
)  # fmt: skip


def x_settings(x: XStandin) -> dict[str, str]:
    """Everything that X wants, by the names of the settings."""
    return {
        "X_BEARER_TOKEN": x.bearer, "X_API_KEY": x.keys.api_key, "X_API_SECRET": x.keys.api_secret,
        "X_ACCESS_TOKEN": x.keys.access_token, "X_ACCESS_TOKEN_SECRET": x.keys.access_token_secret, "X_API_URL": x.url,
    }  # fmt: skip


@dataclass
class Evening:
    """A running bot, both stand-ins, and a browser in the room."""

    app: App
    x: XStandin
    slack: SlackStandin
    url: str
    slug: str = ""

    async def begin(self, *, starts_in: float) -> None:
        """A debate on all three is planned."""
        questions = (PlannedQuestion("¿Qué perfil?"), PlannedQuestion("¿De quién depende?"))
        starts = datetime.now(UTC) + timedelta(seconds=starts_in)
        wanted = DebateFile("El CXO", questions, starts=starts, pace=PACE, slack=PLAZA, hashtag="CXO")
        house, now = self.app.house, datetime.now(UTC)
        self.slug = await self.app.writer.do(lambda tx: plan.add(tx, wanted, house=house, actor=OPERATOR, now=now).slug)

    def rows(self) -> list[tuple[str, str, str, int | None, str]]:
        """(platform, author, text, question, filed by) of every message that stands, oldest first."""
        query = select(Message).where(col(Message.deleted_at).is_(None)).order_by(col(Message.posted_at))
        with self.app.store.read() as tx:
            return [(m.platform, m.author, m.text, m.question, m.filed_by) for m in tx.session.exec(query).all()]

    def posts(self, platform: str) -> list[Outbox]:
        """What was said on a platform."""
        query = select(Outbox).where(Outbox.platform == platform, Outbox.operation == "post").order_by(col(Outbox.id))
        with self.app.store.read() as tx:
            return list(tx.session.exec(query).all())

    def phase(self) -> str:
        """Where the debate stands."""
        return self.look(lambda tx: debates.get(tx, self.slug).phase)

    def look(self, reading: Callable[[Tx], str]) -> str:
        """What the reading finds among what is committed."""
        with self.app.store.read() as tx:
            return reading(tx)

    async def question(self, number: int) -> tuple[str, str]:
        """The ids of a question's posts, on X and on Slack, once it stands on both."""
        start = f"P{number} "
        await until(lambda: any(post.text.startswith(start) for post in self.x.posts))
        await until(lambda: any(post.text.startswith(start) for post in self.slack.record.posts))
        on_x = next(post.id for post in self.x.posts if post.text.startswith(start))
        return on_x, next(post.ts for post in self.slack.record.posts if post.text.startswith(start))


@asynccontextmanager
async def evening(folder: Path) -> AsyncIterator[Evening]:
    """A bot with both platforms, running until the block ends."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    async with workspace_with_people() as slack, XStandin(strict_rates=False) as x:
        values: dict[str, Any] = {
            "TERTULIA_DATABASE_URL": f"sqlite:///{folder / 'tertulia.db'}", "TERTULIA_WEB_PORT": str(port),
            "TERTULIA_WEB_URL": "http://debates.example.org", "SLACK_BOT_TOKEN": slack.app.bot_token,
            "SLACK_APP_TOKEN": slack.app.app_token, "SLACK_API_URL": slack.url, "SLACK_CHANNEL": PLAZA, **x_settings(x),
        }  # fmt: skip
        app = App(Settings(**values), tell=lambda _line: None, tempo=SLACK_HASTY, x_tempo=X_TEMPO)
        running = asyncio.create_task(app.run())
        try:
            await asyncio.wait_for(app.ready.wait(), 15)
            yield Evening(app, x, slack, f"http://127.0.0.1:{port}")
        finally:
            app.stop()
            await running


async def in_the_room(held: Evening, text: str) -> None:
    """Somebody new says something in the room, under the question that is open."""
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(held.url, cookie_jar=jar) as browser:
        for path, form in (("join", {"name": "Eva"}), ("say", {"text": text})):
            async with browser.post(f"/d/{held.slug}/{path}", data=form, allow_redirects=False) as answer:
                assert answer.status == 303


async def test_one_debate_on_three_places_has_one_log(tmp_path: Path) -> None:
    """Questions stand on all three within a second; answers from each come under them, once, with their names."""
    async with evening(tmp_path) as held:
        carla = held.x.person("Carla", "carla")
        await held.begin(starts_in=1.0)
        first, thread = await held.question(1)
        await asyncio.sleep(0.2)
        await held.x.post(carla, "Alguien que escuche", reply_to=first)
        await held.slack.say(PLAZA, ANA, "Alguien con mando", thread)
        await in_the_room(held, "R1 Alguien de la casa")
        await held.x.post("dani", "Lo dice bien la pregunta", quotes=first)
        second, thread = await held.question(2)
        await asyncio.sleep(0.2)
        await held.slack.say(PLAZA, BEA, "Del consejo", thread)
        await held.x.post(carla, "R1 Se me olvidaba: y que pregunte #cxo")
        await held.x.post("dani", "R2 De dirección #CXO", reply_to=second)
        await until(lambda: held.phase() == "closed")
        await until(lambda: all(author for _, author, *_ in held.rows()))
        rows, spoken = held.rows(), {name: held.posts(name) for name in ("x", "slack", "room")}

    assert sorted(rows) == sorted(
        [
            ("x", "Carla", "Alguien que escuche", 1, "thread"),
            ("slack", "Ana", "Alguien con mando", 1, "thread"),
            ("room", "Eva", "R1 Alguien de la casa", 1, "label"),
            ("x", "Dani", "Lo dice bien la pregunta", 1, "quote"),
            ("slack", "Bea", "Del consejo", 2, "thread"),
            ("x", "Carla", "R1 Se me olvidaba: y que pregunte #cxo", 1, "label"),
            ("x", "Dani", "R2 De dirección #CXO", 2, "thread"),
        ]
    )
    kinds = ["welcome", "question", "question", "wrap_up", "closing"]
    assert {name: [row.kind for row in rows] for name, rows in spoken.items()} == {
        "x": kinds, "slack": kinds, "room": kinds,
    }  # fmt: skip
    assert [row.state for rows in spoken.values() for row in rows] == ["sent"] * 15
    assert [row.text for row in spoken["x"] if "http://" in row.text] == [spoken["x"][-1].text]
    assert [row.text for row in spoken["x"] if weighted(row.text) > LIMITS.post] == []
    for one, other in zip(spoken["x"], spoken["slack"], strict=True):
        assert one.sent_at is not None
        assert other.sent_at is not None
        assert abs(one.sent_at - other.sent_at) < timedelta(seconds=1)


async def test_an_x_that_hangs_delays_nobody(tmp_path: Path) -> None:
    """Every request to X is taken and never answered: Slack and the room hold the debate by the clock."""
    async with evening(tmp_path) as held:
        held.x.faults.hang("*", times=10_000)
        held.x.disconnect()
        await held.begin(starts_in=0.5)
        await until(lambda: any(post.text.startswith("P1 ") for post in held.slack.record.posts))
        asked = held.posts("room")
        late = [row.sent_at - row.created_at for row in held.posts("slack") if row.sent_at is not None]

    assert [row.kind for row in asked] == ["welcome", "question"]
    assert max(late) < timedelta(seconds=5)  # who waits for X waits for eight
    assert held.x.posts == []


@pytest.mark.parametrize("wrong", ["X_BEARER_TOKEN", "X_ACCESS_TOKEN_SECRET"])
async def test_a_wrong_key_of_x_is_named_and_ends_it(tmp_path: Path, wrong: str) -> None:
    """One line that names the key, exit code 1, within ten seconds."""
    async with XStandin() as x:
        ended = await refused(tmp_path, {**x_settings(x), wrong: "wrong"})

    named = "X_BEARER_TOKEN" if wrong == "X_BEARER_TOKEN" else "X_ACCESS_TOKEN"
    assert (ended.code, ended.seconds < 10.0, ended.err.count("\n")) == (1, True, 1), ended.err
    assert ended.err.startswith(f"X rechaza {named}: 401")


async def test_with_the_bearer_alone_it_says_that_x_is_only_heard(tmp_path: Path) -> None:
    """Whoever started it reads it, and the health says so too."""
    async with XStandin() as x:
        bot = Bot(tmp_path, X_BEARER_TOKEN=x.bearer, X_API_URL=x.url)
        await bot.start()
        health = await bot.well("hears")
        ended = await bot.end()

    assert (ended.code, ended.out.count("En X solo se oye")) == (0, 1)
    assert health["status"] == "ok"
    parts = health["parts"]
    assert isinstance(parts, dict)
    assert parts["x"]["mode"] == "hears"
