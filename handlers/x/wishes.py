"""Who speaks to us while no debate is near: a wish to be left out counts from the moment in which it is said.

Near a debate stream and search hear it. In between our own mentions are read, at a fifth of the price, and mostly there
are none.
"""

from datetime import datetime, timedelta
from decimal import Decimal

from bot.actions import listen
from bot.ports import Platform
from bot.store import meter
from handlers.x import posts, rules
from handlers.x.client import Page
from handlers.x.hearing import Hearing
from handlers.x.terms import PRICES, Billed
from handlers.x.workspace import Workspace

# X shows the last eight hundred.
PAGES = 8
# X lists a post a little after it was made.
LAG = timedelta(minutes=2)
# After a longer silence this much is read.
FURTHEST = timedelta(days=7)


class Wishes:
    """Reads what people say to our account, and hands it to whoever hears the rest of X."""

    def __init__(self, workspace: Workspace, hearing: Hearing, budget: Decimal) -> None:
        """``budget`` is what a UTC day of it may cost, in USD; nothing is asked before ``look``."""
        self._client = workspace.client
        self._store = workspace.store
        self._clock = workspace.clock
        self._hearing = hearing
        self._budget = budget
        self._since: datetime | None = None  # heard until here; None: until the last delivery

    def rest(self) -> None:
        """Somebody else hears it for now."""
        self._since = None

    async def look(self) -> bool:
        """Whoever has asked to be left out since the last look, or the last debate, is out.

        Returns False where that must be looked at again, or the day's budget is spent; raises ``XRefused``.
        """
        now = self._clock()
        with self._store.read() as tx:
            last = self._since or listen.last_heard(tx, Platform.X)
            read = meter.on_day(tx, meter.utc_day(now))[Billed.OWNED_READ]
        if read * PRICES.owned_read >= self._budget:
            return False
        since = max(last or now - FURTHEST, now - FURTHEST) - LAG
        for page in reversed(await self._pages(posts.id_at(since))):
            if not await self._hearing.seen(page, [rules.MENTIONS]):
                return False
        self._since = now
        return True

    async def _pages(self, since_id: str) -> list[Page]:
        found: list[Page] = []
        token: str | None = None
        while len(found) < PAGES:
            page = await self._client.own_mentions(since_id=since_id, next_token=token)
            if page.missing:  # asked in the other dialect from now on
                page = await self._client.own_mentions(since_id=since_id, next_token=token)
            found.append(page)
            token = page.next_token
            if token is None or not page.posts:
                break
        return found
