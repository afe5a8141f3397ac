"""A small Bolt app on the stand-in, built from the official clients only, that remembers what it heard."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from handlers.slack.standin.server import SlackStandin
from handlers.slack.standin.shapes import InstalledApp, Timing

QUICK = Timing(ack_seconds=0.5, retry_delays=(0.01, 0.02, 0.03), trigger_seconds=3.0)
ALL_SCOPES = (
    *InstalledApp().scopes, "channels:join", "reactions:write", "pins:write", "team:read", "groups:read",
    "groups:history", "im:read", "app_mentions:read",
)  # fmt: skip
PLAZA, ANA, BEA = "C0PLAZA", "U0ANA", "U0BEA"


def workspace_with_people(app: InstalledApp | None = None, timing: Timing = QUICK, **options: Any) -> SlackStandin:
    """A stand-in, not started, with Ana, Bea and the bot in #plaza, and no rate limits unless asked for."""
    slack = SlackStandin(app or InstalledApp(scopes=ALL_SCOPES), timing, **({"strict_rates": False} | options))
    slack.workspace.add_user(ANA, "ana", display_name="Ana")
    slack.workspace.add_user(BEA, "bea", display_name="Bea")
    slack.workspace.add_channel(PLAZA, "plaza", [ANA, BEA, slack.app.bot_user_id])
    return slack


@pytest.fixture
async def slack() -> AsyncIterator[SlackStandin]:
    """A started workspace with Ana, Bea and the bot in #plaza."""
    async with workspace_with_people() as started:
        yield started


def web_client(slack: SlackStandin, token: str | None = None) -> AsyncWebClient:
    """The official client on the stand-in, without retries of its own."""
    return AsyncWebClient(token=token or slack.app.bot_token, base_url=slack.url, retry_handlers=[])


@pytest.fixture
def client(slack: SlackStandin) -> AsyncWebClient:
    """The official client with the bot's token."""
    return web_client(slack)


async def refusal(call: Any) -> str:
    """The Slack error code that this call is refused with."""
    with pytest.raises(SlackApiError) as refused:
        await call
    return str(refused.value.response["error"])


@dataclass
class BoltBot:
    """A Bolt app and what it has heard; `fails` is how many more events it will break on before it acknowledges."""

    app: AsyncApp
    events: list[dict[str, Any]] = field(default_factory=list)
    retries: list[tuple[str, str]] = field(default_factory=list)
    handlers: list[AsyncSocketModeHandler] = field(default_factory=list)
    fails: int = 0

    def texts(self) -> list[str]:
        """The text of every message event, in order of arrival."""
        return [event["text"] for event in self.events if event["type"] == "message" and "text" in event]


def bolt_bot(slack: SlackStandin) -> BoltBot:
    """A Bolt app that hears every event, answers `/eco` and presses, and opens no connection by itself."""

    async def authorize(enterprise_id: str | None, team_id: str | None, user_id: str | None) -> AuthorizeResult:
        about = slack.app
        return AuthorizeResult(
            enterprise_id=enterprise_id, team_id=team_id, bot_token=about.bot_token, bot_id=about.bot_id,
            bot_user_id=about.bot_user_id,
        )  # fmt: skip

    client = AsyncWebClient(base_url=slack.url, retry_handlers=[])
    app = AsyncApp(
        client=client, authorize=authorize, signing_secret=slack.app.signing_secret,
        process_before_response=True, ignoring_self_events_enabled=False,
    )  # fmt: skip
    bot = BoltBot(app)

    @app.event(re.compile(".*"))
    async def hear(event: dict[str, Any], request: Any) -> None:
        if bot.fails > 0:
            bot.fails -= 1
            raise RuntimeError("the bot is having a bad moment")
        bot.events.append(event)
        headers = request.headers
        number = headers.get("x-slack-retry-num", ["none"])[0]
        bot.retries.append((number, headers.get("x-slack-retry-reason", [""])[0]))

    @app.command("/eco")
    async def echo(ack: AsyncAck, respond: AsyncRespond, command: dict[str, Any]) -> None:
        await ack(command["text"])
        await respond(command["text"], response_type="in_channel")

    return bot


@asynccontextmanager
async def listening(slack: SlackStandin, connections: int = 2, ping_interval: float = 5) -> AsyncIterator[BoltBot]:
    """A Bolt app that listens on this many Socket Mode connections until the block ends."""
    bot = bolt_bot(slack)
    bot.handlers = [
        AsyncSocketModeHandler(bot.app, slack.app.app_token, ping_interval=ping_interval) for _ in range(connections)
    ]
    for handler in bot.handlers:
        await handler.connect_async()
    try:
        yield bot
    finally:
        for handler in bot.handlers:
            await handler.close_async()
