"""What the parts that read from one workspace share."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from slack_sdk.web.async_client import AsyncWebClient

from bot.store.engine import Store
from bot.writer import Writer
from handlers.slack.features import Features


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Workspace:
    """A client that has the bot's token and waits when Slack asks it to, the database, what is refused, the clock."""

    client: AsyncWebClient
    store: Store
    writer: Writer
    features: Features = field(default_factory=Features)
    clock: Callable[[], datetime] = _now
