"""Slack, whole: ears, mouth, names and backfill, started together and stopped together."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.async_handler import AsyncRetryHandler
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient
from starlette.routing import Route

from bot import errors
from bot.actions import listen
from bot.phrase import phrase
from bot.ports import House, Platform
from bot.store.engine import Store
from bot.writer import Writer
from handlers import joining
from handlers.intake import Intake
from handlers.publisher import Publisher
from handlers.slack.app import Bot, Listeners, Silent, build_app
from handlers.slack.backfill import Backfill, Rhythm
from handlers.slack.ears import Ears
from handlers.slack.features import Features, code
from handlers.slack.hearing import Hearing
from handlers.slack.mouth import SlackMouth
from handlers.slack.names import People
from handlers.slack.socket import Pace, Sockets
from handlers.slack.web import SlackEvents
from handlers.slack.workspace import Workspace

# The first questions to Slack (who are we, may we listen) are answered within this, or the start fails (seconds).
PREFLIGHT = 8.0
# Nothing heard for this long is a gap in the log (seconds); a shorter one Slack fills by itself, sending again.
DEAF = 3.0
# What Slack answers to a token that will never do.
_BAD_TOKEN = frozenset(
    {"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired", "not_allowed_token_type",
     "missing_scope", "user_is_restricted", "org_login_required", "team_access_not_granted"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Keys:
    """What lets us into a workspace; with an app token Socket Mode is spoken, with a signing secret HTTP."""

    bot_token: str
    app_token: str = ""
    signing_secret: str = ""
    api_url: str = ""


@dataclass(frozen=True, slots=True)
class Tempo:
    """How patient the parts are; tests and rehearsals have less time."""

    sockets: Pace = field(default_factory=Pace)
    backfill: Rhythm = field(default_factory=Rhythm)
    between_posts: float = 1.05
    between_names: float = 1.2
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What listeners may need of us, given to whoever makes them."""

    bot: Bot
    workspace: Workspace
    house: House
    people: People


MakeListeners = Callable[[Surroundings], Listeners]


class SlackPlatform:
    """One workspace, heard and spoken to."""

    def __init__(
        self, keys: Keys, store: Store, writer: Writer, house: House,
        *, listeners: MakeListeners = lambda _around: Silent(), tempo: Tempo | None = None,
    ) -> None:  # fmt: skip
        """Nothing is asked of Slack before ``start``."""
        self._keys = keys
        self._store = store
        self._writer = writer
        self._house = house
        self._make_listeners = listeners
        self._tempo = tempo or Tempo()
        self._session: aiohttp.ClientSession | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._gap = False
        self._people: People | None = None
        self.features = Features()
        self.bot: Bot | None = None
        self.intake = Intake(writer, clock=self._tempo.clock)
        self.hearing: Hearing | None = None
        self.sockets: Sockets | None = None
        self.backfill: Backfill | None = None
        self.publisher: Publisher | None = None
        self._http = SlackEvents(keys.signing_secret, lambda: self.hearing)

    @property
    def routes(self) -> list[Route]:
        """Where Slack reaches us over HTTP: ``/slack/events``; empty in Socket Mode."""
        if self._keys.app_token or not self._keys.signing_secret:
            return []
        return [Route("/slack/events", self._http.endpoint, methods=["POST"])]

    async def start(self) -> None:
        """Slack is heard and spoken to, or will be as soon as it can be reached.

        Raises ``BadToken``, which names the token, when Slack does not let us in.
        """
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30))
        try:
            await self._enter()
        except errors.NotNow as away:
            structlog.get_logger().warning("slack cannot be reached; tried again", why=str(away))
            self._spawn(joining.later(self._enter, "slack"))
        except BaseException:
            await self._session.close()
            raise

    async def _enter(self) -> None:
        bot = await self._who_we_are()
        await self._may_we_listen()
        self.bot = bot
        self._assemble(bot)
        await self._begin()

    async def stop(self) -> None:
        """What was heard is committed and acknowledged, what was being said has landed, all connections are closed."""
        if self.publisher is not None:
            await self.publisher.stop(within=2.0)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self.hearing is not None:
            try:
                async with asyncio.timeout(1.0):
                    await self.hearing.settled()
            except TimeoutError:
                structlog.get_logger().warning("slack events are left for Slack to send again")
        if self.sockets is not None:
            await self.sockets.stop()
        if self._session is not None:
            await self._session.close()

    async def health(self) -> dict[str, Any]:
        """Whether Slack is heard, and what is amiss."""
        connected = await self.sockets.connected() if self.sockets is not None else 0
        hearing, publisher = self.hearing, self.publisher
        last = monotonic() - hearing.last_event if hearing is not None and hearing.last_event else None
        return {
            "ok": self.bot is not None and (self.sockets is None or connected > 0),
            "mode": "socket" if self._keys.app_token else "http",
            "connections": connected,
            "reconnects": sum(line.reconnects for line in self.sockets.lines) if self.sockets is not None else 0,
            "last_event_seconds": None if last is None else round(last, 1),
            "events": hearing.events if hearing is not None else 0,
            "refused": self.intake.counts.refused,
            "quarantined": self.intake.counts.quarantined,
            "posts": publisher.counts.sent if publisher is not None else 0,
            "lost_features": dict(self.features.lost),
            "history_capped": self.backfill.capped if self.backfill is not None else False,
        }

    def metrics(self) -> Mapping[str, float]:
        """Numbers that only grow, by name."""
        publisher, backfill = self.publisher, self.backfill
        return {
            "slack_events_total": self.hearing.events if self.hearing is not None else 0,
            "slack_refused_total": self.intake.counts.refused,
            "slack_quarantined_total": self.intake.counts.quarantined,
            "slack_posts_total": publisher.counts.sent if publisher is not None else 0,
            "slack_posts_failed_total": publisher.counts.failed if publisher is not None else 0,
            "slack_reconnects_total": sum(line.reconnects for line in self.sockets.lines) if self.sockets else 0,
            "slack_backfilled_total": backfill.found if backfill is not None else 0,
        }

    # --- the way in --------------------------------------------------------------------------------------------------

    async def _who_we_are(self) -> Bot:
        client = self._client(self._keys.bot_token)
        answer = await self._asked("SLACK_BOT_TOKEN", client.auth_test())
        scopes = str(answer.headers.get("x-oauth-scopes") or "")
        return Bot(
            self._keys.bot_token, str(answer.get("user_id") or ""), str(answer.get("bot_id") or ""),
            str(answer.get("team_id") or ""), frozenset(one.strip() for one in scopes.split(",") if one.strip()),
        )  # fmt: skip

    async def _may_we_listen(self) -> None:
        if self._keys.app_token:
            client = self._client("")
            await self._asked("SLACK_APP_TOKEN", client.apps_connections_open(app_token=self._keys.app_token))

    async def _asked(self, token: str, call: Coroutine[Any, Any, Any]) -> Any:
        """What Slack answers; raises ``BadToken``, or ``NotNow`` where that is not the token's fault."""
        try:
            async with asyncio.timeout(PREFLIGHT):
                return await call
        except SlackApiError as error:
            why = code(error)
            if why not in _BAD_TOKEN:
                raise errors.NotNow(why or str(error)) from error
            advice = _ADVICE[token]
            if why == "missing_scope":
                needed = str(error.response.get("needed") or "connections:write")
                advice = phrase("Le falta el permiso {scope}.", scope=needed)
            raise errors.BadToken(platform="Slack", token=token, why=why, advice=advice) from error
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise errors.NotNow(type(error).__name__) from error

    # --- the parts ---------------------------------------------------------------------------------------------------

    def _client(self, token: str, *, patient: bool = False) -> AsyncWebClient:
        """A client on our one session, so that a post need not wait for a handshake; patient ones wait when told to."""
        handlers: list[AsyncRetryHandler] = [AsyncRateLimitErrorRetryHandler(max_retry_count=3)] if patient else []
        url = self._keys.api_url or AsyncWebClient.BASE_URL
        return AsyncWebClient(token=token or None, base_url=url, session=self._session, retry_handlers=handlers)

    def _assemble(self, bot: Bot) -> None:
        tempo = self._tempo
        workspace = Workspace(
            self._client(bot.token, patient=True), self._store, self._writer, self.features, tempo.clock
        )
        people = self._people = People(workspace, between=tempo.between_names)
        people.load()
        listeners = self._make_listeners(Surroundings(bot, workspace, self._house, people))
        ears = Ears(bot.user_id, bot.bot_id, people.names)
        backfill = self.backfill = Backfill(workspace, ears, people, rhythm=tempo.backfill)
        self.hearing = Hearing(ears, people, self.intake, listeners, missed=backfill.soon)
        app = self._http.app = build_app(bot, self._client(""), listeners, signing_secret=self._keys.signing_secret)
        if self._keys.app_token:
            self.sockets = Sockets(app, self._keys.app_token, self.hearing, pace=tempo.sockets)
            self.sockets.on_deaf, self.sockets.on_heard = self._deaf, self._heard
        client, between = self._client(bot.token), tempo.between_posts
        mouth = SlackMouth(client, bot.bot_id, self.features, channel_of=self._channel_of, between=between)
        self.publisher = Publisher(mouth, self._store, self._writer, clock=tempo.clock)

    async def _begin(self) -> None:
        if self.backfill is None or self.publisher is None or self._people is None:
            return
        await self.backfill.begin()
        self.publisher.start()
        self._spawn(self._people.run())
        self._spawn(self.backfill.run())
        if self.sockets is not None:
            await self.sockets.start()

    def _channel_of(self, debate_id: int | None) -> str:
        with self._store.read() as tx:
            held = listen.held(tx, Platform.SLACK)
        return next((one.place for one in held if one.debate_id == debate_id), self._house.slack_channel)

    def _deaf(self, seconds: float) -> None:
        if seconds < DEAF or self._gap:
            return
        self._gap = True
        since = self._tempo.clock() - timedelta(seconds=seconds)
        self._spawn(self._open_gap(since))

    async def _open_gap(self, since: datetime) -> None:
        structlog.get_logger().warning("slack is not heard", since=since.isoformat())
        await self._writer.do(lambda tx: listen.deaf(tx, Platform.SLACK, since=since, why="Slack no respondía"))

    def _heard(self, was_deaf: bool) -> None:
        if self.backfill is None:
            return
        if self._gap:
            self._gap = False
            self._spawn(self._end_gap())
        else:
            self.backfill.soon(deep=was_deaf)

    async def _end_gap(self) -> None:
        now = self._tempo.clock()
        await self._writer.do(lambda tx: listen.heard_again(tx, Platform.SLACK, now=now))
        if self.backfill is not None:
            self.backfill.soon(deep=True)

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


_ADVICE = {
    "SLACK_BOT_TOKEN": "Copia el «Bot User OAuth Token» (xoxb-…) de la página de tu aplicación en Slack.",
    "SLACK_APP_TOKEN": "Crea un «App-Level Token» (xapp-…) con el permiso connections:write.",
}
