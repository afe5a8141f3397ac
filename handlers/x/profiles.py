"""Who spoke, by name: asked of X once, when a debate has closed, because every account that is read costs money."""

from collections.abc import Collection
from datetime import datetime, timedelta

import structlog

from bot.actions import listen, names
from bot.actions.listen import OnAir
from bot.ports import Platform
from handlers.x.refused import Json
from handlers.x.terms import LIMITS
from handlers.x.workspace import Workspace

# For so long after its last answer a debate may still bring somebody new.
BEHIND = timedelta(hours=2)


class Profiles:
    """The names of a debate's people, once it is over."""

    def __init__(self, workspace: Workspace) -> None:
        """Nothing is asked before ``look``."""
        self._client = workspace.client
        self._store = workspace.store
        self._writer = workspace.writer
        self._clock = workspace.clock
        self.looked_up = 0

    async def look(self, spent: Collection[int] = ()) -> None:
        """A hundred more of those who spoke in debates that have closed have a name, where X tells one.

        No more at a time, for each costs money: after every look it is reckoned who has ``spent`` all they had. Raises
        ``XRefused``.
        """
        wanted = self._nameless(spent)
        if not wanted:
            return
        found = await self._client.users(wanted)
        called = dict.fromkeys(wanted, "") | {str(one.get("id")): _name(one) for one in found}
        self.looked_up += len(found)
        structlog.get_logger().info("x's profiles", asked=len(wanted), found=len(found))
        now = self._clock()
        await self._writer.do(lambda tx: names.learn(tx, Platform.X, called, now=now))

    def _nameless(self, spent: Collection[int]) -> list[str]:
        now = self._clock()
        with self._store.read() as tx:
            near = listen.on_air(tx, Platform.X, now=now, ahead=timedelta(0), behind=BEHIND)
            for one in near:
                if one.debate_id not in spent and _closed(one, now):
                    found = names.nameless(tx, Platform.X, one.debate_id, limit=LIMITS.lookup_page)
                    if found:
                        return found
        return []


def _closed(one: OnAir, now: datetime) -> bool:
    """Whether the hour is over: in its grace a debate knows until when it takes late answers."""
    return one.opened_at is not None and (not one.live or one.until is not None) and one.opened_at <= now


def _name(profile: Json) -> str:
    return str(profile.get("name") or profile.get("username") or "")
