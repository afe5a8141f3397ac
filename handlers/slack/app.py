"""The Bolt app, and the seam between its two halves.

The ears (``socket.py``, ``hears`` below) take every event before Bolt has any work with it, and commit it. What people
press, type as a command, submit or open goes on to ``Listeners``: few registrations, routed inside by dicts,
because the price of each dispatch grows with every listener that Bolt has to ask.
"""

import logging
import re
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient


@dataclass(frozen=True, slots=True)
class Bot:
    """Who we are in the workspace, from the one ``auth.test`` at the start; ``scopes`` are those that were granted."""

    token: str
    user_id: str
    bot_id: str
    team_id: str
    scopes: frozenset[str] = frozenset()


class Listeners(Protocol):
    """What answers people: commands, buttons, modals, shortcuts, App Home, direct messages."""

    kinds: Collection[str]
    """The events it wants to hear of, such as ``app_home_opened``; ``message.im`` is a message in a direct talk."""

    def register(self, app: AsyncApp) -> None:
        """The few listeners for commands, actions, views and shortcuts are on the app; none for events."""
        ...

    async def event(self, kind: str, event: Mapping[str, Any], event_id: str) -> None:
        """The event was dealt with; what this raises keeps it from being acknowledged, so that Slack sends it again."""
        ...


class Silent:
    """No listeners at all: a bot that only hears (for benchmarks and tests)."""

    kinds: Collection[str] = ()

    def register(self, app: AsyncApp) -> None:
        """Nothing is registered."""

    async def event(self, kind: str, event: Mapping[str, Any], event_id: str) -> None:
        """Nothing is done."""


Hear = Callable[[Mapping[str, Any]], Awaitable[bool]]
"""Takes one body of the Events API; True once it is committed and may be acknowledged."""


def build_app(bot: Bot, client: AsyncWebClient, listeners: Listeners, *, hear: Hear, signing_secret: str = "") -> AsyncApp:
    """A Bolt app that never asks Slack who it is, commits events before anything else, and acknowledges all else.

    ``client`` has no token of its own: with ``authorize`` Bolt gives each listener a copy that has the bot's.
    """

    async def authorize(enterprise_id: str | None, team_id: str | None, user_id: str | None) -> AuthorizeResult:
        # An auth.test in the way of a request would lose the event whenever that call fails.
        return AuthorizeResult(
            enterprise_id=enterprise_id, team_id=team_id, bot_token=bot.token, bot_id=bot.bot_id,
            bot_user_id=bot.user_id,
        )  # fmt: skip

    async def inbox(
        body: dict[str, Any], req: AsyncBoltRequest, next: Callable[[], Awaitable[BoltResponse]]
    ) -> BoltResponse | None:
        if body.get("type") not in {"event_callback", "app_rate_limited"}:
            await next()
            return None
        if await hear(body):
            return BoltResponse(status=200, body="")
        return BoltResponse(status=503, body="")  # not stored: Slack sends it again

    app = AsyncApp(
        name="tertulia", logger=logging.getLogger("tertulia.slack.bolt"), client=client, authorize=authorize,
        before_authorize=inbox, signing_secret=signing_secret,
    )  # fmt: skip
    listeners.register(app)

    @app.event(re.compile(".*"))
    async def rest() -> None:
        """Whatever else comes is acknowledged; not to do so would have it sent three times more."""

    return app
