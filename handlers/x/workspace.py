"""What X's parts share: the client, who we are there, the log, and the clock."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.store.engine import Store
from bot.writer import Writer
from handlers.x.client import XClient


@dataclass(frozen=True, slots=True)
class Account:
    """Who we are at X; ``username`` is without its @."""

    id: str
    username: str


@dataclass(frozen=True, slots=True)
class Workspace:
    """One account of X and one log; ``client`` is started and closed by whoever made it."""

    client: XClient
    me: Account
    store: Store
    writer: Writer
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
