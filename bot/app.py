"""The composition root: the one place that knows every concrete part, and the order in which they start and stop.

Everything lives in one process and one event loop; the database has its writer's thread.
"""

import asyncio
import contextlib
import dataclasses
import functools
import gc
import os
import signal
import socket
from collections.abc import Callable, Coroutine, Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import structlog
import uvicorn

from bot import errors
from bot.actions import moving, series
from bot.actions import people as verbs
from bot.config import Settings
from bot.store import erasure, inbox, people, schema
from bot.store.engine import Store, Tx
from bot.words.catalogue import words
from bot.writer import Committed, Writer
from handlers.room import door
from handlers.room.site import create_room
from schedules.runner import Runner

if TYPE_CHECKING:
    from bot.rehearsal.play import Step
    from bot.rehearsal.script import Script
    from bot.rehearsal.under_way import Rehearsal
    from handlers.slack.platform import SlackPlatform, Surroundings, Tempo
    from handlers.slack.reception import Reception
    from handlers.slack.standin.server import SlackStandin
    from handlers.x.platform import Tempo as XTempo
    from handlers.x.platform import XPlatform

# Asked to stop, everything has stopped within five seconds: each part has less, and at last nobody is waited for.
DRAIN_SECONDS = 4.0
WEB_SECONDS = 1
# Erased words leave the index and the log a moment later, so that a burst of deletions costs once.
SCRUB_AFTER_SECONDS = 2.0
HOUSEKEEPING_SECONDS = 3600.0
CHECKPOINT_SECONDS = 1.0
LOOK_AT_PLATFORMS_SECONDS = 1.0
# What failed, for the disk was full or the database locked, is tried again after this time.
TROUBLED_SECONDS = 5.0
# The rehearsal that the room offers: an hour and its grace in under four minutes.
REHEARSAL_SPEED = 20.0

# At once, also into a journal or a file: the link must be there before the bot stops.
_aloud = functools.partial(print, flush=True)

_log = structlog.get_logger(__name__)


def utcnow() -> datetime:
    """The wall clock, in UTC."""
    return datetime.now(UTC)


class App:
    """Tertulia, running: the store and its writer, the room, the clock, and Slack and X where they have tokens."""

    def __init__(
        self, settings: Settings, *, tell: Callable[[str], None] = _aloud, tempo: "Tempo | None" = None,
        x_tempo: "XTempo | None" = None,
    ) -> None:  # fmt: skip
        """``tell`` says a line to whoever started it; the tempos make Slack's and X's parts more or less patient."""
        self.settings = settings
        self.house = settings.house()
        self.store = Store(settings.database_url)
        self.writer = Writer(self.store)
        self.runner = Runner(self.store, self.writer, self.house, now=utcnow)
        self.slack: SlackPlatform | None = None
        self.x: XPlatform | None = None
        self.ready = asyncio.Event()
        self._stopping = asyncio.Event()
        self._tell = tell
        self._tempo = tempo
        self._x_tempo = x_tempo
        self._say = words(settings.locale)
        self._server: door.Server | None = None
        self._scrub_wanted = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._slack_health: Mapping[str, object] = {"ok": True}
        self._x_health: Mapping[str, object] = {"ok": True}
        self._rehearsing = ""  # the slug of the rehearsal that is on
        self._inside = ""  # where this process reaches its own room
        self._hub_close: Callable[[], None] = lambda: None

    def stop(self) -> None:
        """Everything will stop, in order."""
        self._stopping.set()

    async def run(self) -> None:
        """Everything runs until it is told to stop; raises a refusal when something keeps it from starting."""
        with door.listening(self.settings, self._say) as listener, self._signals():
            schema.upgrade(self.store)
            self.store.write(lambda tx: people.appoint(tx, self.settings.moderators))
            self.writer.start()
            self.writer.on_commit(self._committed_in(asyncio.get_running_loop()))
            try:
                await self._serve(listener)
            finally:
                self.writer.stop()
                self.store.close()

    async def _serve(self, listener: socket.socket) -> None:
        web = asyncio.create_task(self._open_room(listener))
        # X is not waited for: an X that takes its time must not keep the clock from starting.
        x = asyncio.create_task(self._join_x())
        try:
            if self.settings.slack_on:
                await self._join_slack()
            self.runner.start()
            for turn in (self._keep_scrubbed, self._keep_house, self._keep_log_short, self._look_at_platforms):
                self._spawn(_over_and_over(turn))
            await self._until_answering(web)
            self._inside = door.inside(listener)
            await self._welcome()
            # What is loaded by now stays: to look through it again would stop everybody for a tenth of a second.
            gc.freeze()
            self.ready.set()
            await self._until_stopped(web, x)
        finally:
            x.cancel()
            await asyncio.gather(x, return_exceptions=True)
            await self._drain(web)

    async def _until_stopped(self, web: "asyncio.Task[None]", x: "asyncio.Task[None]") -> None:
        """Somebody has asked to stop, or the room has ended; raises what keeps X from ever letting us in."""
        stopped = asyncio.create_task(self._stopping.wait())
        try:
            waiting: set[asyncio.Task[Any]] = {stopped, web, x}
            while not (stopped.done() or web.done()):
                done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                if x in done:
                    x.result()
        finally:
            stopped.cancel()

    # --- starting ----------------------------------------------------------------------------------------------------

    async def _open_room(self, listener: socket.socket) -> None:
        slack = self._make_slack() if self.settings.slack_on else None
        room = create_room(
            self.store, self.writer, house=self.house, start_rehearsal=self._start_rehearsal, health_of=self.health,
            clock=utcnow,
        )  # fmt: skip
        if slack is not None:
            room.router.routes.extend(slack.routes)
        config = uvicorn.Config(
            room, log_config=None, access_log=False, timeout_graceful_shutdown=WEB_SECONDS, lifespan="on",
            server_header=False, proxy_headers=False,
        )  # fmt: skip
        self._server = door.Server(config)
        self._hub_close = room.state.hub.close
        await self._server.serve(sockets=[listener])

    def _make_slack(self) -> "SlackPlatform":
        """Slack's part, made here so that a bot without Slack never loads its libraries (0.6 s, 30 MiB)."""
        if self.slack is None:
            from handlers.slack.platform import Keys, SlackPlatform

            settings = self.settings
            keys = Keys(
                settings.slack_bot_token.get_secret_value(), settings.slack_app_token.get_secret_value(),
                settings.slack_signing_secret.get_secret_value(), settings.slack_api_url,
            )  # fmt: skip
            self.slack = SlackPlatform(
                keys, self.store, self.writer, self.house, listeners=self._reception, tempo=self._tempo
            )
        return self.slack

    def _reception(self, around: "Surroundings") -> "Reception":
        from handlers.slack.desk import Desk
        from handlers.slack.reception import Reception

        desk = Desk(
            self.writer, self.store, self.house, around.workspace.client, around.bot.team_id, utcnow,
            around.workspace.features, around.people.names,
        )  # fmt: skip
        return Reception(desk)

    async def _join_slack(self) -> None:
        await self._make_slack().start()

    async def _join_x(self) -> None:
        if not self.settings.x_on:
            return
        from handlers.x.platform import Access, XPlatform

        self.x = XPlatform(Access.of(self.settings), self.store, self.writer, tempo=self._x_tempo)
        try:
            await self.x.start()
        except errors.Refusal:
            raise  # a person must see to it
        except Exception:  # noqa: BLE001  (whatever it is, Slack and the room hold the debate without X)
            _log.exception("x has not started")

    async def _until_answering(self, web: "asyncio.Task[None]") -> None:
        while not web.done() and (self._server is None or not self._server.started):  # noqa: ASYNC110  (uvicorn's way)
            await asyncio.sleep(0.005)

    async def _welcome(self) -> None:
        """Whoever started it reads where the room is, and the link that lets one moderator in."""
        secret = await self.writer.do(lambda tx: verbs.make_link(tx, now=utcnow()))
        url = self.house.url
        self._tell(self._say("Tertulia está en marcha. La sala: {url}", url=url))
        self._tell(self._say("Para moderar, entra una sola vez (vale dos días): {link}", link=f"{url}/entrar/{secret}"))
        if self.settings.x_on and not self.settings.x_speaks:
            self._tell(self._say("En X solo se oye: sin las cuatro claves de la cuenta, allí no se publica nada."))

    # --- rehearsing --------------------------------------------------------------------------------------------------

    async def rehearse(self, script: "Script", *, speed: float, step: "Step") -> "Rehearsal":
        """A rehearsal has been planned in this bot, and is played by ``Rehearsal.perform``.

        Without Slack its voices get a local one of their own; where there is a real one, they all come to the room.
        """
        from bot.rehearsal import play
        from bot.rehearsal.under_way import Rehearsal

        slack = await self._local_slack(script) if self.slack is None else None
        await self.writer.do(_appointing(play.MODERATOR))
        standin = slack[0] if slack is not None else None
        stage = play.Stage(self.store, self.writer, self.house, self._inside, utcnow, standin)
        played = await play.start(stage, script, speed=speed)
        return Rehearsal(played, play.Play(stage, script, played, speed=speed, step=step), slack)

    async def _local_slack(self, script: "Script") -> "tuple[SlackStandin, SlackPlatform]":
        from bot.rehearsal import play
        from handlers.slack.platform import Keys, SlackPlatform, Tempo
        from handlers.slack.socket import Pace
        from handlers.slack.standin.server import SlackStandin

        for proxy in ("http_proxy", "https_proxy", "all_proxy"):
            # The official client would ask a proxy for this machine's own addresses.
            os.environ.pop(proxy, None)
            os.environ.pop(proxy.upper(), None)
        standin = SlackStandin()
        await standin.start()
        play.populate(standin, script)
        keys = Keys(standin.app.bot_token, standin.app.app_token, "", standin.url)
        house = dataclasses.replace(self.house, slack_channel=play.CHANNEL)
        tempo = Tempo(sockets=Pace(stagger=1.0), between_names=0.0)
        platform = SlackPlatform(keys, self.store, self.writer, house, listeners=self._reception, tempo=tempo)
        await platform.start()
        return standin, platform

    async def _start_rehearsal(self) -> str:
        """The room's own: the script that comes with Tertulia, twenty times as fast; one at a time."""
        from bot.rehearsal import play

        if self._rehearsing:
            return self._rehearsing
        rehearsal = await self.rehearse(play.shipped(), speed=REHEARSAL_SPEED, step=lambda _minute: None)
        self._rehearsing = rehearsal.played.slug
        self._spawn(self._play(rehearsal))
        return rehearsal.played.slug

    async def _play(self, rehearsal: "Rehearsal") -> None:
        try:
            await rehearsal.perform()
        finally:
            self._rehearsing = ""

    # --- running -----------------------------------------------------------------------------------------------------

    def health(self) -> Mapping[str, Mapping[str, object]]:
        """How the parts are that the room does not know of; a platform's absence is a trouble, but not the house's."""
        parts: dict[str, Mapping[str, object]] = {"clock": {"ok": self.runner.ticking}}
        if self.slack is not None:
            parts["slack"] = {**self._slack_health, "vital": False}
        if self.x is not None:
            parts["x"] = {**self._x_health, "vital": False}
        return parts

    def _committed_in(self, loop: asyncio.AbstractEventLoop) -> Callable[[Committed], None]:
        """What the writer's thread calls after a commit: the clock and the scrubber hear of it in the loop."""

        def committed(what: Committed) -> None:
            if what.cues:
                loop.call_soon_threadsafe(self.runner.wake)
            if what.scrub:
                loop.call_soon_threadsafe(self._scrub_wanted.set)

        return committed

    async def _keep_scrubbed(self) -> None:
        await self._scrub_wanted.wait()
        await asyncio.sleep(SCRUB_AFTER_SECONDS)
        self._scrub_wanted.clear()
        done = False
        try:
            done = await asyncio.to_thread(erasure.scrub, self.store)
        finally:
            if not done:  # a reader was in the way, or the disk was in trouble
                self._scrub_wanted.set()

    async def _keep_log_short(self) -> None:
        await asyncio.sleep(CHECKPOINT_SECONDS)
        await asyncio.to_thread(self.store.checkpoint)

    async def _keep_house(self) -> None:
        await self.writer.do(lambda tx: _forget_old(tx, utcnow()))
        await self.writer.do(lambda tx: moving.keep(tx, house=self.house, now=utcnow()) and None)
        await self.writer.do(lambda tx: series.extend(tx, house=self.house, now=utcnow()))
        self._scrub_wanted.set()  # the command line may have erased something while nobody listened
        await asyncio.sleep(HOUSEKEEPING_SECONDS)

    async def _look_at_platforms(self) -> None:
        if self.slack is not None:
            self._slack_health = await self.slack.health()
        if self.x is not None:
            self._x_health = {**await self.x.health(), **self.x.metrics()}
        await asyncio.sleep(LOOK_AT_PLATFORMS_SECONDS)

    # --- stopping ----------------------------------------------------------------------------------------------------

    async def _drain(self, web: "asyncio.Task[None]") -> None:
        """What was heard is committed, what was being said has landed, every page's stream has ended."""
        try:
            async with asyncio.timeout(DRAIN_SECONDS):
                await self.runner.stop()
                for task in self._tasks:
                    task.cancel()
                leaving = [platform.stop() for platform in (self.slack, self.x) if platform is not None]
                for trouble in await asyncio.gather(*leaving, return_exceptions=True):
                    if isinstance(trouble, Exception):
                        _log.error("a platform has not stopped as it should", exc_info=trouble)
                if self._server is not None:
                    self._hub_close()
                    self._server.should_exit = True
                await asyncio.wait({web})
        except TimeoutError:
            _log.warning("stopped without waiting any longer")
        if web.done() and not web.cancelled() and (error := web.exception()) is not None:
            raise error

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("a part has failed", exc_info=error)

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        wanted = (signal.SIGTERM, signal.SIGINT)
        try:
            for one in wanted:
                loop.add_signal_handler(one, self.stop)
            yield
        finally:
            for one in wanted:
                loop.remove_signal_handler(one)


async def _over_and_over(turn: Callable[[], Coroutine[None, None, None]]) -> None:
    """One turn after the other; one that fails is told of, and is not the last."""
    while True:
        try:
            await turn()
        except Exception:  # noqa: BLE001  (what keeps the house must outlive a trouble of the house)
            _log.exception("a part has failed; it is tried again")
            await asyncio.sleep(TROUBLED_SECONDS)


def _appointing(who: str) -> Callable[[Tx], None]:
    def action(tx: Tx) -> None:
        people.ensure(tx, *people.parse(who), role="moderator")

    return action


def _forget_old(tx: Tx, now: datetime) -> None:
    inbox.forget_old(tx, now=now)
