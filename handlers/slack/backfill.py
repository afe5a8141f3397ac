"""What the ears missed, read back from Slack's history: at the start, after reconnecting, now and then, at the close.

Two depths. A light look reads the last stretch and the threads that have grown; a deep one reads the whole debate and
each of its threads, and so also finds what was edited and deleted while nobody listened, and can close a gap.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError

from bot.actions import listen, log
from bot.actions.listen import Held
from bot.ports import Deleted, Incoming, Platform
from bot.store.engine import Tx
from handlers.slack import ears as hear
from handlers.slack.ears import Ears
from handlers.slack.features import code
from handlers.slack.names import People
from handlers.slack.workspace import Workspace

# What is said a moment before the opening belongs to the debate (the same as the log's own margin).
EARLY = timedelta(seconds=5)
# A light look goes back this much further than the last one.
OVERLAP = timedelta(minutes=10)
# Slack may show a message a little later than it tells of it: younger ones are not taken for deleted.
SETTLED = timedelta(seconds=60)
# Reactions given while a page is read are newer than what it says of them, and our clock is not Slack's.
SKEW = timedelta(seconds=2)
# An app that Slack takes for a commercial one gets this many rows a minute, whatever it asks for.
CAPPED = 15


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often, and how fast; seconds."""

    every: float = 180.0  # a light look while a debate is on
    look: float = 2.0  # how often it is seen which debates are on
    retry: float = 15.0  # after Slack would not answer
    between: float = 1.2  # Tier 3: 50 calls a minute
    burst: int = 20  # that many may go at once
    page: int = 200


@dataclass(slots=True)
class _Look:
    """One look at one debate: what was found so far."""

    held: Held
    deep: bool
    started: datetime
    oldest: datetime
    seen: set[str] = field(default_factory=set)
    roots: dict[str, int] = field(default_factory=dict)  # thread -> replies that Slack counts
    calls: int = 0
    changed: int = 0


class Backfill:
    """Keeps the log whole."""

    def __init__(self, workspace: Workspace, ears: Ears, people: People, *, rhythm: Rhythm | None = None) -> None:
        """``begin`` and ``run`` begin."""
        self._client = workspace.client
        self._store = workspace.store
        self._writer = workspace.writer
        self._features = workspace.features
        self._clock = workspace.clock
        self._ears = ears
        self._people = people
        self._rhythm = rhythm or Rhythm()
        self._woken = asyncio.Event()
        self._deep = False
        self._due_at = self._retry_at = 0.0
        self._held: Mapping[tuple[int, str], Held] = {}
        self._owed: dict[tuple[int, str], Held] = {}  # closed debates whose last look is still to be made
        self._covered: dict[tuple[int, str], datetime] = {}
        self.looks = 0
        self.found = 0
        self.capped = False

    def soon(self, *, deep: bool = False) -> None:
        """A look is taken now."""
        self._deep = self._deep or deep
        self._due_at = 0.0
        self._woken.set()

    async def begin(self) -> None:
        """Debates that went on while nobody listened have a gap, which the first look is to close."""
        now = self._clock()
        with self._store.read() as tx:
            held = listen.held(tx, Platform.SLACK)
            since = listen.last_heard(tx, Platform.SLACK)
        if held:
            since = since or min(one.opened_at for one in held)

            def away(tx: Tx) -> None:
                listen.deaf(tx, Platform.SLACK, since=since, why="Tertulia estaba parada")
                listen.heard_again(tx, Platform.SLACK, now=now)

            await self._writer.do(away)
        self.soon(deep=True)

    async def run(self) -> None:
        """The log is kept whole until this is cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            self._woken.clear()
            try:
                whole = await self._round(loop.time())
            except Exception as error:  # noqa: BLE001  (a look that fails is taken again)
                structlog.get_logger().warning("backfill failed", why=f"{type(error).__name__}: {error}")
                whole = False
            if not whole:
                self._deep, self._due_at = True, 0.0
                self._retry_at = loop.time() + self._rhythm.retry
            try:
                async with asyncio.timeout(self._rhythm.look):
                    await self._woken.wait()
            except TimeoutError:
                pass

    async def _round(self, now: float) -> bool:
        """Whoever is due is looked at; False when Slack would not tell all."""
        with self._store.read() as tx:
            held = {(one.debate_id, one.place): one for one in listen.held(tx, Platform.SLACK)}
        self._owed |= {key: one for key, one in self._held.items() if key not in held}
        self._held = held
        if now < self._retry_at:
            return True
        whole = True
        if now >= self._due_at:
            deep, self._deep = self._deep, False
            self._due_at = now + self._rhythm.every
            for one in held.values():
                whole = await self.look(one, deep=deep) and whole
        for key, one in list(self._owed.items()):
            if await self.look(one, deep=True):
                del self._owed[key]
            else:
                whole = False
        return whole

    async def look(self, held: Held, *, deep: bool) -> bool:
        """What Slack has of the debate, and we had not, is in the log; False when Slack would not tell all."""
        if not self._features.has("backfill"):
            return True  # warned of once; the gap stays on record
        covered = self._covered.get((held.debate_id, held.place))
        started = self._clock()
        oldest = held.opened_at - EARLY
        if not deep and covered is not None:
            oldest = max(oldest, covered - OVERLAP)
        look = _Look(held, deep or covered is None, started, oldest)
        try:
            await self._read(look)
        except SlackApiError as error:
            lost = self._features.refused("backfill", error)
            structlog.get_logger().warning("history not read", place=held.place, why=code(error) or str(error)[:200])
            return lost
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            structlog.get_logger().warning("history not read", place=held.place, why=type(error).__name__)
            return False
        self._covered[held.debate_id, held.place] = started
        self.looks += 1
        if look.deep:
            await self._writer.do(partial(_covered, held=held, until=started))
        if look.changed:
            structlog.get_logger().info("backfilled", place=held.place, messages=look.changed)
        return True

    async def _read(self, look: _Look) -> None:
        held = look.held
        latest = f"{held.until.timestamp():.6f}" if held.until is not None else ""
        args: dict[str, Any] = {"channel": held.place, "oldest": _ts(look.oldest), "inclusive": True}
        if latest:
            args["latest"] = latest
        await self._pages(look, partial(self._client.conversations_history, **args))
        with self._store.read() as tx:
            known = listen.threads(tx, held.debate_id, Platform.SLACK, held.place)
        for thread in self._threads(look, known):
            args = {"channel": held.place, "ts": thread, "inclusive": True}
            if not look.deep:
                args["oldest"] = _ts(look.oldest)
            try:
                await self._pages(look, partial(self._client.conversations_replies, **args))
            except SlackApiError as error:
                if code(error) not in {"thread_not_found", "message_not_found"}:
                    raise
        if look.deep:
            await self._deletions(look)

    def _threads(self, look: _Look, known: Mapping[str, int]) -> list[str]:
        """The threads to read: all of them for a deep look, else those that may have grown."""
        if look.deep:
            return sorted(look.roots.keys() | known.keys())
        grown = {thread for thread, count in look.roots.items() if count != known.get(thread, 0)}
        return sorted(grown | (known.keys() - look.roots.keys()))

    async def _pages(self, look: _Look, call: Callable[..., Any]) -> None:
        cursor = ""
        while True:
            look.calls += 1
            if look.calls > self._rhythm.burst:
                await asyncio.sleep(self._rhythm.between)
            at = self._clock() - SKEW
            answer = await call(limit=self._rhythm.page, **({"cursor": cursor} if cursor else {}))
            rows = [row for row in answer.get("messages") or () if isinstance(row, dict)]
            self._watch_cap(len(rows), bool(answer.get("has_more")))
            await self._take(look, rows, at)
            cursor = str((answer.get("response_metadata") or {}).get("next_cursor") or "")
            if not cursor:
                return

    async def _take(self, look: _Look, rows: Sequence[Mapping[str, Any]], at: datetime) -> None:
        await self._names(rows)
        said: list[Incoming] = []
        for row in rows:
            ts = str(row.get("ts") or "")
            look.seen.add(ts)
            replies = row.get("reply_count")
            if isinstance(replies, int) and replies > 0:
                look.roots[ts] = replies
            try:
                one = self._ears.said(row, look.held.place, seen=True)
            except hear.Strange:
                continue
            if one is not None:
                said.append(one)
                self._people.note(one.author.id, one.author.name)
            elif row.get("subtype") == "tombstone":
                said.append(Deleted(Platform.SLACK, look.held.place, ts, at, hear.moment(ts)))
        if said:
            changed = await self._writer.do(partial(_hear, incoming=said, now=at))
            look.changed += len(changed)
            self.found += len(changed)

    async def _names(self, rows: Sequence[Mapping[str, Any]]) -> None:
        unknown: set[str] = set()
        for row in rows:
            text = row.get("text")
            if isinstance(text, str) and "<" in text:
                self._people.note_labels(text)
                unknown.update(self._people.strangers(hear.mentioned(row), text))
        if unknown:
            await self._people.learn(unknown)

    async def _deletions(self, look: _Look) -> None:
        """What the log holds of what was read, and Slack does not have any more, was deleted meanwhile."""
        held = look.held
        with self._store.read() as tx:
            kept = listen.kept(tx, held.debate_id, Platform.SLACK, held.place)
        gone: list[Incoming] = []
        for ts in kept.keys() - look.seen:
            try:
                posted_at = hear.moment(ts)
            except hear.Strange:
                continue  # not one of Slack's
            if look.oldest <= posted_at <= look.started - SETTLED:
                gone.append(Deleted(Platform.SLACK, held.place, ts, look.started, posted_at))
        if gone:
            changed = await self._writer.do(partial(_hear, incoming=gone, now=look.started))
            look.changed += len(changed)

    def _watch_cap(self, rows: int, more: bool) -> None:
        if rows == CAPPED and more and self._rhythm.page > CAPPED and not self.capped:
            self.capped = True
            structlog.get_logger().warning(
                "slack gives this app 15 messages a minute of the history: make your own app from the manifest"
            )


def _ts(at: datetime) -> str:
    return f"{at.timestamp():.6f}"


def _hear(tx: Tx, *, incoming: Sequence[Incoming], now: datetime) -> Collection[str]:
    return log.hear(tx, incoming, now=now)


def _covered(tx: Tx, *, held: Held, until: datetime) -> None:
    listen.covered(tx, held.debate_id, Platform.SLACK, held.place, until=until)
