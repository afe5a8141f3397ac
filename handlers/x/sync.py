"""The log compared with X, post by post: what was taken back or hidden there goes here, what was edited is replaced.

Looking a post up costs as much as reading it; what X does not show is not billed.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from types import TracebackType

import structlog

from bot import errors
from bot.actions import sync
from bot.actions.sync import Bill, Due, Found
from bot.ports import CLOCK, Deleted, Incoming, Platform
from bot.store.engine import Store
from bot.store.held import Held
from bot.tables import to_micros
from bot.writer import Writer
from handlers.x import posts
from handlers.x.client import Page, XClient, XRefused
from handlers.x.posts import Post, Strange
from handlers.x.refused import Json
from handlers.x.terms import LIMITS, PRICES
from handlers.x.wire import Keys

# The problems that say that a post, or an account with all its posts, is not to be shown any more. Others (a field
# that is not to be had, a fault of X's own) say nothing of the post.
_GONE = frozenset({"resource-not-found", "not-authorized-for-resource", "resource-unavailable"})
# That so many people have all of a sudden nothing left is a fault of X's, not theirs.
CROWD = 10


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a page says of the posts that were asked for, by their ids: ``behind`` names the version to be asked for.

    ``edited`` are those whose last edit the log has; what hangs on a version of theirs may not be tied to them.
    ``unclear`` were neither shown nor refused, or could not be understood.
    """

    gone: frozenset[str] = frozenset()
    newer: Mapping[str, Post] = field(default_factory=dict)
    edited: Mapping[str, Post] = field(default_factory=dict)
    behind: Mapping[str, str] = field(default_factory=dict)
    unclear: int = 0


def judge(held: Sequence[Held], page: Page) -> Verdict:
    """What is to be done with the posts of the log that were asked for. Pure."""
    asked = {one.post: one for one in held}
    gone, people = _refused(page.errors, asked)
    newer, edited, behind = dict[str, Post](), dict[str, Post](), dict[str, str]()
    seen: set[str] = set()
    for payload in page.posts:
        one = asked.get(str(payload.get("id")))
        try:
            post = posts.read(payload, includes=page.includes)
        except Strange:
            continue
        if one is None:
            continue
        seen.add(one.post)
        newest = max(posts.chain(payload), key=int, default=post.version)
        if post.withheld:
            gone.add(one.post)
        elif newest != post.version and _after(posts.time_of(newest), one):
            behind[one.post] = newest
        elif _after(post.edited_at, one):
            newer[one.post] = post
        elif post.later:
            edited[one.post] = post
    people |= {str(one.get("id")) for one in page.includes.get("users", ()) if one.get("protected") is True}
    gone |= {one.post for one in held if one.author in people}
    for ident in gone:
        for found in (newer, edited, behind):
            found.pop(ident, None)
    return Verdict(frozenset(gone), newer, edited, behind, len(asked.keys() - seen - gone))


def _refused(problems: Sequence[Json], asked: Mapping[str, Held]) -> tuple[set[str], set[str]]:
    """The posts that were asked for and the people that X does not show."""
    gone, people = set[str](), set[str]()
    for one in problems:
        if str(one.get("type")).rpartition("/")[2] not in _GONE:
            continue
        ident = str(one.get("resource_id") or one.get("value"))
        if one.get("resource_type") == "user":
            people.add(ident)
        elif ident in asked and one.get("section") != "includes":
            gone.add(ident)
    return gone, people


def _after(made_at: datetime | None, one: Held) -> bool:
    return made_at is not None and to_micros(made_at) > (one.edited_at or 0)


class Sync:
    """Looks debates up on X; for use in ``async with``, which gives it a session of its own."""

    def __init__(
        self, keys: Keys, api_url: str, store: Store, writer: Writer, *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:  # fmt: skip
        """Nothing is asked before ``run``."""
        self._client = XClient(keys, api_url, clock=clock, billed=self._note)
        self._store = store
        self._writer = writer
        self._clock = clock
        self._billed: list[tuple[str, Sequence[str]]] = []

    async def __aenter__(self) -> "Sync":
        await self._client.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.close()

    def bill(self, debate: str = "") -> Bill:
        """What a look at a debate, or at all of them, costs now; raises ``NoSuchDebate``."""
        with self._store.read() as tx:
            return sync.bill(tx, debate, prices=PRICES.by_kind(), now=self._clock())

    async def run(self, due: Due, *, who: str, advance: Callable[[int], None] = lambda _more: None) -> Found:
        """The debate is as it stands on X; ``advance`` hears of every part.

        Raises ``XAway`` (what was looked up is done) or ``AllGone`` (nothing of that part was).
        """
        found = Found()
        for start in range(0, len(due.posts), LIMITS.lookup_page):
            some = due.posts[start : start + LIMITS.lookup_page]
            try:
                found += await self._part(due.debate_id, some)
            except XRefused as refused:
                raise errors.XAway(why=str(refused)) from refused
            finally:
                await self._settle(due.debate_id)
            advance(len(some))
        done = partial(sync.finished, debate_id=due.debate_id, found=found, who=who, now=self._clock())
        await self._writer.do(done)
        structlog.get_logger().info("x looked up again", debate=due.debate_id, gone=found.gone, edited=found.edited)
        return found

    async def _part(self, debate_id: int, held: Sequence[Held]) -> Found:
        ids = [one.post for one in held]
        page = await self._client.lookup(ids)
        if page.missing:  # asked in the other dialect from now on
            page = await self._client.lookup(ids)
        verdict = judge(held, page)
        people = {one.author for one in held if one.post in verdict.gone}
        if len(verdict.gone) == len(held) and len(people) >= CROWD:
            raise errors.AllGone(posts=len(held), people=len(people))
        gone, newer = set(verdict.gone), dict(verdict.newer)
        if verdict.behind:
            await self._versions(verdict.behind, gone, newer)
        now = self._clock()
        incoming: list[Incoming] = []
        for one in held:
            if one.post in gone:
                incoming.append(Deleted(Platform.X, one.place, one.post, now))
            elif one.post in newer or one.post in verdict.edited:
                incoming.append(posts.said(newer.get(one.post) or verdict.edited[one.post], one.place))
        heard = partial(sync.looked_up, debate_id=debate_id, incoming=incoming, upto=held[-1].id, now=now)
        await self._writer.do(heard)
        return Found(len(held), len(gone), len(newer.keys() - gone), verdict.unclear)

    async def _versions(self, behind: Mapping[str, str], gone: set[str], newer: dict[str, Post]) -> None:
        """Posts that were edited are read as they are now; where any version is gone, all are."""
        first = {version: ident for ident, version in behind.items()}
        page = await self._client.lookup(list(first))
        for payload in page.posts:
            try:
                post = posts.read(payload, includes=page.includes)
            except Strange:
                continue
            if post.id in behind and not post.withheld:
                newer[post.id] = post
            elif post.id in behind:
                gone.add(post.id)
        asked = {version: Held(0, "", version, "", None) for version in first}
        gone |= {first[version] for version in _refused(page.errors, asked)[0]}

    def _note(self, kind: str, ids: Sequence[str]) -> None:
        self._billed.append((kind, tuple(ids)))

    async def _settle(self, debate_id: int) -> None:
        """What X has put on the bill is on record, whatever came of it."""
        billed, self._billed = self._billed, []
        if billed:
            await self._writer.do(partial(sync.noted, debate_id=debate_id, billed=billed, now=self._clock()))


@dataclass(frozen=True, slots=True)
class Plan:
    """How the running bot looks by itself: ``days`` back (0: never), for no more than ``budget`` USD a day."""

    days: int
    budget: Decimal
    pause: float = 3_600.0  # seconds between looks whether something is due
    hour: int = 3  # UTC: X's day is new, and no debate is on


class Daily:
    """Looks up, once a UTC day, the debates that have closed within some days."""

    def __init__(self, sync: Callable[[], Sync], store: Store, plan: Plan, *, clock: Callable[[], datetime]) -> None:
        """``sync`` makes a new session for each look; nothing is asked before ``run``."""
        self._sync = sync
        self._store = store
        self._plan = plan
        self._clock = clock
        self.found = Found()

    async def run(self) -> None:
        """Debates are looked up as they fall due, until this is cancelled; at once over without days."""
        while self._plan.days:
            try:
                await self.look()
            except errors.TertuliaError as refused:
                structlog.get_logger().warning("x was not looked up again", why=str(refused))
            except Exception as error:  # noqa: BLE001  (locked, full, away: looked up at the next time)
                structlog.get_logger().warning("x was not looked up again", why=f"{type(error).__name__}: {error}")
            await asyncio.sleep(self._plan.pause)

    async def look(self) -> None:
        """What is due now is looked up; raises ``OverBudget`` or ``XAway``. What is not to be believed waits."""
        now = self._clock()
        if now.astimezone(UTC).hour < self._plan.hour:
            return
        with self._store.read() as tx:
            wanted = sync.due_today(tx, self._plan.days, now=now)
            bill = sync.bill_of(tx, wanted, prices=PRICES.by_kind(), now=now)
        if not bill.due:
            return
        bill.within(self._plan.budget)
        async with self._sync() as looking:
            for due in bill.due:
                try:
                    self.found += await looking.run(due, who=CLOCK.who)
                except errors.AllGone as strange:
                    structlog.get_logger().warning("x is not believed", debate=due.debate_id, why=str(strange))
