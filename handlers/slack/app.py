"""The Bolt app, and the seam between Slack's two halves.

Every event is taken and committed (``hearing.py``) before Bolt could have any work with it: Bolt loses an event whose
listener fails, cannot acknowledge one of a shape that it does not know, and costs three times as much. What people
press, type as a command, submit or open goes on to Bolt and so to ``Listeners``: few registrations, routed inside by
dicts, because the price of each dispatch grows with every listener that Bolt has to ask.
"""

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
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

    async def drain(self) -> None:
        """What was begun is done."""
        ...


class Silent:
    """No listeners at all: a bot that only hears (for benchmarks and tests)."""

    kinds: Collection[str] = ()

    def register(self, app: AsyncApp) -> None:
        """Nothing is registered."""

    async def event(self, kind: str, event: Mapping[str, Any], event_id: str) -> None:
        """Nothing is done."""

    async def drain(self) -> None:
        """Nothing was begun."""


def build_app(bot: Bot, client: AsyncWebClient, listeners: Listeners, *, signing_secret: str = "") -> AsyncApp:
    """A Bolt app for all that is no event; it never asks Slack who it is.

    ``client`` has no token of its own: with ``authorize`` Bolt gives each listener a copy that has the bot's.
    """

    async def authorize(enterprise_id: str | None, team_id: str | None, user_id: str | None) -> AuthorizeResult:
        # An auth.test in the way of a request would lose the request whenever that call fails.
        return AuthorizeResult(
            enterprise_id=enterprise_id, team_id=team_id, bot_token=bot.token, bot_id=bot.bot_id,
            bot_user_id=bot.user_id,
        )  # fmt: skip

    app = AsyncApp(
        name="tertulia", logger=logging.getLogger("tertulia.slack.bolt"), client=client, authorize=authorize,
        signing_secret=signing_secret,
    )  # fmt: skip
    listeners.register(app)
    return app
