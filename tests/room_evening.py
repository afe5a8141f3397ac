"""A room for tests: a real store and writer, a clock that the test moves, and a debate that can be led."""

import asyncio
import functools
import socket
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.testclient import TestClient

from bot import debatefile
from bot.actions import log, people, plan, run
from bot.debate import Pace
from bot.debatefile import DebateFile, PlannedQuestion
from bot.ports import OPERATOR, Author, House, Incoming, Platform, Said
from bot.store import debates, schema
from bot.store.engine import Store
from bot.tables import Debate
from bot.writer import Writer
from handlers.room.site import create_room

START = datetime(2027, 1, 14, 18, 0, tzinfo=UTC)
QUESTIONS = (
    PlannedQuestion("¿Qué perfil necesita quien lleva la experiencia de cliente?"),
    PlannedQuestion("¿De quién debería depender?", "Un dato para empezar: en muchas empresas, de nadie."),
    PlannedQuestion("¿Cómo se mide su trabajo al cabo de un año?"),
)


@functools.cache
def _empty_database() -> bytes:
    """A database with its tables; made once, for the migrations take half a second."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(f"sqlite:///{folder}/room.db")
        schema.upgrade(store)
        store.close()
        return Path(folder, "room.db").read_bytes()


class Evening:
    """One evening in the room."""

    def __init__(
        self,
        folder: Path,
        *,
        house: House | None = None,
        start_rehearsal: Callable[[], Awaitable[str]] | None = None,
        live: bool = False,
    ) -> None:
        """An empty database in the folder; ``live`` lets the clock run from the start of the debate."""
        path = folder / "room.db"
        if not path.exists():
            path.write_bytes(_empty_database())
        self.store = Store(f"sqlite:///{path}")
        schema.upgrade(self.store)
        self.writer = Writer(self.store)
        self.writer.start()
        self.house = house or House(slack_channel="C0123456")
        self.now = START
        self._began = time.monotonic() if live else None
        self.app: Starlette = create_room(
            self.store, self.writer, house=self.house, start_rehearsal=start_rehearsal, clock=self.clock
        )
        self.slug = ""

    def clock(self) -> datetime:
        """What time it is."""
        if self._began is None:
            return self.now
        return self.now + timedelta(seconds=time.monotonic() - self._began)

    def stop(self) -> None:
        """Everything is closed."""
        self.writer.stop()
        self.store.close()

    def plan(self, *, title: str = "¿Quién es el CXO?", opened: bool = True, asked: int = 1, minutes: int = 60) -> str:
        """A debate is planned (and opened, and its first questions asked); returns its slug."""
        file = DebateFile(
            title=title, questions=QUESTIONS, starts=datetime(2027, 1, 14, 19, 0), timezone="Europe/Madrid",  # noqa: DTZ001
            host="Elena", hashtag="MeetAlfaro", pace=Pace(minutes=timedelta(minutes=minutes)),
        )  # fmt: skip
        self.slug = self.store.write(
            lambda tx: plan.add(tx, file, house=self.house, actor=OPERATOR, now=START - timedelta(hours=1)).slug
        )
        if opened:
            self.act(lambda tx, debate: run.open_now(tx, debate, actor=OPERATOR, now=self.now))
        for _ in range(asked if opened else 0):
            self.now += timedelta(minutes=2)
            self.act(lambda tx, debate: run.ask_next(tx, debate, actor=OPERATOR, now=self.now, really=True))
        return self.slug

    def act(self, action: Callable[..., object]) -> None:
        """The action has been done to the debate."""
        self.store.write(lambda tx: action(tx, debates.get(tx, self.slug)) and None)

    def slack(self, text: str, *, name: str = "Marta", thread: str | None = None, after: float = 1.0) -> str:
        """Somebody said something in the Slack channel; returns its platform id."""
        said = slack_said(text, name=name, at=self.now + timedelta(seconds=after), thread=thread)
        self.store.write(lambda tx: log.hear(tx, [said], now=self.now))
        return said.id

    def link(self) -> str:
        """A moderator's secret."""
        return self.store.write(lambda tx: people.make_link(tx, now=self.now))

    def debate(self) -> Debate:
        """The debate as it is now."""
        with self.store.read() as tx:
            return debates.get(tx, self.slug)

    def texts(self) -> Sequence[str]:
        """What has been said, oldest first."""
        from bot.store import transcripts

        return [line.text for line in transcripts.load(self.store, self.slug).lines()]


def browser(evening: Evening, language: str = "es") -> TestClient:
    """A new browser without scripts, in a language."""
    return TestClient(evening.app, headers={"accept-language": language, "sec-fetch-site": "same-origin"})


def slack_said(text: str, *, name: str, at: datetime, thread: str | None = None) -> Said:
    """A message of a Slack channel."""
    return Said(
        Platform.SLACK, "C0123456", f"{at.timestamp():.6f}", Author(f"U{name.upper()}", name), text, at, thread=thread
    )


async def hear(evening: Evening, incoming: Sequence[Incoming]) -> None:
    """The writer has put it into the log, as a platform would."""
    await evening.writer.do(lambda tx: log.hear(tx, incoming, now=evening.clock()))


@asynccontextmanager
async def served(app: Starlette) -> AsyncIterator[str]:
    """The room is reached at the address; it has stopped afterwards."""
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_level="warning", lifespan="on", timeout_graceful_shutdown=2)
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve(sockets=[listening]))
    while not server.started:  # noqa: ASYNC110  (uvicorn has no event for it)
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        app.state.hub.close()
        server.should_exit = True
        await task
        listening.close()


def ready_made(name: str) -> DebateFile:
    """A debate that comes with the program."""
    folder = Path(debatefile.__file__).parent / "debates"
    return debatefile.read(folder / f"{name}.toml", needs_start=False)
