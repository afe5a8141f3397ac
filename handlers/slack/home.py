"""The Home tab of one person: what is on, what comes, the questions to vote for, and help."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from bot import errors
from bot.question import State
from bot.store.engine import Tx
from handlers.slack import desk as border
from handlers.slack import questions, season, views
from handlers.slack.blocks import Block, Page
from handlers.slack.commands import coming
from handlers.slack.desk import Caller, Desk

# Somebody who votes for five questions in two seconds gets two new tabs, not five.
QUIET_SECONDS = 1.0
MOST_KEYS = 5_000
# On the Home tab the list of questions is a part of the page.
CARDS_AT_HOME = 10


async def publish(desk: Desk, caller: Caller, *, notice: str = "") -> None:
    """The person's Home tab shows how things are now, in their language."""

    def reading(tx: Tx) -> Block:
        say, moderator = caller.say, border.actor(tx, caller).moderator
        page: Page | None = None
        cards: Page | None = None
        waiting = 0
        try:
            debate = border.meant(tx, "", also_elsewhere=True)
        except errors.NoDebateHere:
            pass
        else:
            page = (
                views.now_page(say, desk.where(tx, debate), timezone=debate.timezone)
                if debate.phase != "scheduled"
                else None
            )
            found = questions.cards_of(tx, debate, caller, moderator=moderator)
            waiting = sum(1 for one in found if one.state == State.PENDING) if moderator else 0
            cards = views.questions_page(say, debate.title, found[:CARDS_AT_HOME], moderator=moderator)
            cards = views.with_planned(say, questions.planned_of(tx, debate, moderator=moderator), cards)
        ahead = views.calendar_at_home(say, coming(tx, desk, caller, limit=10))
        ahead += season.ahead(tx, desk, caller, moderator=moderator)
        return views.home(
            say, now=page, ahead=ahead, cards=cards, waiting=waiting if moderator else None, notice=notice
        )

    view = await desk.read(reading)
    await desk.call("views.publish", lambda: desk.client.views_publish(user_id=caller.user, view=view))


class Quiet:
    """Does the last thing asked for each key, at once when it was quiet, else when the quiet time is over."""

    def __init__(self, seconds: float = QUIET_SECONDS) -> None:
        """``seconds`` between two doings of one key."""
        self._seconds = seconds
        self._last: dict[str, float] = {}
        self._waiting: dict[str, Callable[[], Awaitable[None]]] = {}

    async def do(self, key: str, doing: Callable[[], Awaitable[None]]) -> None:
        """The doing was done, or a later one of the same key is, or will be within the quiet time."""
        left = self._last.get(key, -self._seconds) + self._seconds - time.monotonic()
        if key in self._waiting:
            self._waiting[key] = doing
            return
        if left > 0:
            self._waiting[key] = doing
            await asyncio.sleep(left)
            doing = self._waiting.pop(key)
        if len(self._last) >= MOST_KEYS:
            self._last.clear()
        self._last[key] = time.monotonic()
        await doing()
