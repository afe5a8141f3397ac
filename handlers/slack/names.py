"""How people and channels of the workspace are called: kept at hand, looked up when unknown or old."""

import asyncio
import re
from collections.abc import Collection
from time import monotonic

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError

from bot.actions import names as action
from bot.ports import Platform
from handlers.slack import mrkdwn
from handlers.slack.ears import called
from handlers.slack.features import code
from handlers.slack.workspace import Workspace

# users.info is Tier 4: 100 a minute. Half of that is left for others.
BETWEEN_LOOKUPS = 1.2
# How often those are looked for whose name is unknown or old (seconds), when nobody asks sooner.
EVERY = 300.0
# A page of users.list, how many of them are read at the start (the names that people mention), and without a pause.
PAGE, PAGES, PAGES_AT_ONCE = 1_000, 25, 5
# So many ids are asked for at a time; and so long nobody waits for a name after Slack was slow with one (seconds).
MOST_ASKED = 20
PATIENCE = 30.0

_LABELLED = re.compile(r"<(?:#([A-Z0-9]+)\|([^>|]+)|!subteam\^([A-Z0-9]+)\|([^>|]+))>")
_CHANNEL = re.compile(r"<#([A-Z0-9]+)\|?>")


class People:
    """The names of a workspace."""

    def __init__(self, workspace: Workspace, *, between: float = BETWEEN_LOOKUPS) -> None:
        """``run`` begins; ``between`` two look-ups, in seconds."""
        self._client = workspace.client
        self._store = workspace.store
        self._writer = workspace.writer
        self._features = workspace.features
        self._clock = workspace.clock
        self._between = between
        self._people: dict[str, str] = {}
        self._channels: dict[str, str] = {}
        self._groups: dict[str, str] = {}
        self._nameless: set[str] = set()  # asked for, and Slack has no name for them
        self._asking: dict[str, asyncio.Task[bool]] = {}
        self._silent_until = 0.0  # on the monotonic clock
        self._poke = asyncio.Event()
        self._poked: set[str] = set()
        self.names = mrkdwn.Names(self._people.get, self._channels.get, self._groups.get)

    def load(self) -> None:
        """The names that the database holds are at hand."""
        with self._store.read() as tx:
            self._people.update(action.known(tx, Platform.SLACK))

    def note(self, who: str, name: str) -> None:
        """A person has said something or changed their name; one without a name is looked up soon."""
        if name:
            self._people[who] = name
        elif who[:1] in {"U", "W"} and who not in self._nameless and who not in self._poked:
            self._poked.add(who)
            self._poke.set()

    def note_labels(self, text: str) -> None:
        """Channels and groups that a text names beside their ids are called so."""
        for channel, name, group, handle in _LABELLED.findall(text):
            if channel:
                self._channels[channel] = name
            else:
                self._groups[group] = handle

    def strangers(self, people: Collection[str], text: str) -> list[str]:
        """Which of these people, and of the channels in the text, are worth waiting for: unnamed, and not asked for.

        Nobody, while Slack wants no more questions or too many are open: what is said goes on without the name.
        """
        unknown = [one for one in people if one not in self._people and one not in self._nameless]
        if "<#" in text:
            unknown += [c for c in _CHANNEL.findall(text) if c not in self._channels and c not in self._nameless]
        if unknown and (len(self._asking) >= MOST_ASKED or monotonic() < self._silent_until):
            return []
        return unknown

    async def learn(self, ids: Collection[str], *, within: float = 1.5) -> None:
        """These people and channels are asked for; done when they are known, or after ``within`` seconds."""
        asking = {self._ask(one) for one in list(ids)[:MOST_ASKED]}
        _, slow = await asyncio.wait(asking, timeout=within)
        if slow:
            # They are still being asked for; until Slack is quicker, nobody waits for names.
            self._silent_until = monotonic() + PATIENCE
            structlog.get_logger().info("names come too slowly", ids=len(slow))

    def _ask(self, ident: str) -> "asyncio.Task[bool]":
        """The one question about this id that is open."""
        task = self._asking.get(ident)
        if task is None:
            task = self._asking[ident] = asyncio.get_running_loop().create_task(self._look_up(ident))
            task.add_done_callback(lambda _task: self._asking.pop(ident, None))
        return task

    async def run(self) -> None:
        """Names stay known and fresh until this is cancelled."""
        await self._everybody()
        while True:
            try:
                await self._refresh()
            except Exception as error:  # noqa: BLE001  (names are a comfort: whatever fails is tried again later)
                structlog.get_logger().warning("names not refreshed", why=str(error))
            try:
                async with asyncio.timeout(EVERY):
                    await self._poke.wait()
            except TimeoutError:
                pass

    async def _everybody(self) -> None:
        """The members that the workspace lists are known, so that a mention can be written out at once."""
        cursor = ""
        for page in range(PAGES):
            if page >= PAGES_AT_ONCE:
                await asyncio.sleep(self._between * 3)  # Tier 2
            try:
                answer = await self._client.users_list(limit=PAGE, cursor=cursor)
            except SlackApiError as error:
                self._features.refused("names", error)
                return
            except (aiohttp.ClientError, OSError, TimeoutError):
                return
            for user in answer.get("members") or ():
                if name := called(user):
                    self._people.setdefault(str(user.get("id")), name)
            cursor = str((answer.get("response_metadata") or {}).get("next_cursor") or "")
            if not cursor:
                return

    async def _refresh(self) -> None:
        self._poke.clear()
        asked, self._poked = self._poked, set()
        with self._store.read() as tx:
            stale = action.to_look_up(tx, Platform.SLACK, now=self._clock())
        for who in dict.fromkeys([*asked, *(one for one in stale if one[:1] in {"U", "W"})]):
            if not self._features.has("names"):
                return
            if await self._ask(who):
                name, now = self._people.get(who, ""), self._clock()
                await self._writer.do(lambda tx: action.learn(tx, Platform.SLACK, {who: name}, now=now))  # noqa: B023
            await asyncio.sleep(self._between)

    async def _look_up(self, ident: str) -> bool:
        """The person or channel is known or known to have no name; False when Slack did not answer."""
        try:
            if ident[:1] in {"U", "W"}:
                answer = await self._client.users_info(user=ident)
                name, known = called(answer.get("user") or {}), self._people
            else:
                answer = await self._client.conversations_info(channel=ident)
                name, known = str((answer.get("channel") or {}).get("name") or ""), self._channels
        except SlackApiError as error:
            feature = "names" if ident[:1] in {"U", "W"} else "channel names"
            lost = self._features.refused(feature, error)
            if not lost and code(error) == "ratelimited":
                self._silent_until = monotonic() + PATIENCE
                return False
            self._nameless.add(ident)
            return not lost
        except (aiohttp.ClientError, OSError, TimeoutError):
            return False
        if name:
            known[ident] = name
        else:
            self._nameless.add(ident)
        return True
