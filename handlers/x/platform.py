"""X, whole: ears, mouth, money and names, started together and stopped together."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import Any

import structlog

from bot import errors
from bot.actions import away, send
from bot.config import Settings
from bot.phrase import phrase
from bot.ports import Platform
from bot.store.engine import Store
from bot.writer import Writer
from handlers import joining
from handlers.intake import Intake, Share
from handlers.publisher import Publisher
from handlers.x.activity import Activity, Watch
from handlers.x.activity import Tempo as ActivityTempo
from handlers.x.client import X_API, Keys, Kind, XClient, XRefused
from handlers.x.ears import Hooks, XEars
from handlers.x.ears import Tempo as EarsTempo
from handlers.x.mouth import XMouth
from handlers.x.posts import Post
from handlers.x.profiles import Profiles
from handlers.x.sync import Daily, Plan, Sync
from handlers.x.till import Till
from handlers.x.wishes import Wishes
from handlers.x.workspace import Account, Workspace

# The first questions to X (who are we, may we listen) are answered within this, or X is tried again later (seconds).
PREFLIGHT = 8.0
# Nobody on X waits for our word: a full stream is written in the pauses that Slack and the room leave, a little at a
# time, each bit after the commit of the one before.
SHARE = Share(at_once=24, under_way=1, patience=0.05, told_again=True)
# X has closed the door, and nobody but a person can open it.
_SHUT = frozenset({Kind.UNAUTHORISED, Kind.FORBIDDEN, Kind.CAPPED})


@dataclass(frozen=True, slots=True)
class Access:
    """What lets us in, where, and what a debate may cost there (USD)."""

    keys: Keys
    api_url: str = X_API
    budget: Decimal = Decimal(10)
    sync_days: int = 0  # for so many days after its close a debate is looked up again, once a day
    delete_events_days: int = 0  # and for so many X is asked to tell of deletions

    @classmethod
    def of(cls, settings: Settings) -> "Access":
        """The access that the settings give."""
        keys = Keys(
            settings.x_bearer_token.get_secret_value(), settings.x_api_key.get_secret_value(),
            settings.x_api_secret.get_secret_value(), settings.x_access_token.get_secret_value(),
            settings.x_access_token_secret.get_secret_value(),
        )  # fmt: skip
        days = settings.x_sync_days, settings.x_delete_events_days
        return cls(keys, settings.x_api_url, settings.x_budget_usd, *days)


@dataclass(frozen=True, slots=True)
class Tempo:
    """How patient the parts are; tests have less time. Seconds."""

    ears: EarsTempo = field(default_factory=EarsTempo)
    activity: ActivityTempo = field(default_factory=ActivityTempo)
    money: float = 1.0  # how often what was spent is reckoned up
    names: float = 10.0  # how often it is seen whether a debate has closed
    wishes: float = 300.0  # how often it is seen whether somebody wants to be left out, while no debate is near
    broke: float = 900.0  # how often it is asked, with a call that costs nothing, whether there is credit again
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)


class XPlatform:
    """One account of X, heard and spoken for."""

    def __init__(self, access: Access, store: Store, writer: Writer, *, tempo: Tempo | None = None) -> None:
        """Nothing is asked of X before ``start``."""
        self._access = access
        self._store = store
        self._writer = writer
        self._tempo = tempo or Tempo()
        clock = self._tempo.clock
        self._till = Till(store, writer, access.budget, clock)
        self._client = XClient(access.keys, access.api_url, clock=clock, billed=self._till.billed)
        self._tasks: set[asyncio.Task[None]] = set()
        self._broke = False
        self._over_budget = False
        self._mouth = XMouth(self._client, speaks=access.keys.can_post, taken=self._taken, clock=clock)
        self._mouth.on_stop = self._refused
        self._mouth.on_posted = self._till.posted
        self._mouth.spent = self._till.over
        self._profiles: Profiles | None = None
        self.me: Account | None = None
        self._came_at: datetime | None = None
        self.intake = Intake(writer, clock=clock, share=SHARE)
        self.ears: XEars | None = None
        self.activity: Activity | None = None  # only where deletions are asked for
        self.publisher = Publisher(self._mouth, store, writer, clock=clock)

    async def start(self) -> None:
        """X is heard and spoken to, or will be as soon as it can be reached.

        Raises ``BadToken``, which names the token, when X does not let us in.
        """
        self._came_at = self._tempo.clock()
        await self._client.start()
        try:
            await self._enter()
        except errors.NotNow as later:
            structlog.get_logger().warning("x cannot be reached; tried again", why=str(later))
            self._spawn(joining.later(self._enter, "x"))
        except BaseException:
            await self._client.close()
            raise

    async def _enter(self) -> None:
        me = await self._who_we_are()
        await self._begin(me)

    async def stop(self) -> None:
        """What was heard is committed, what was being said has landed, what was spent is on record."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        # An X that hangs must not keep everybody else from stopping: all are given their time at once.
        leaving = [self.publisher.stop(within=2.0)] if self.me is not None else []
        await asyncio.gather(*leaving, *(one.stop() for one in self._listening))
        with contextlib.suppress(Exception):  # the writer may be in trouble: what is not noted is lost, and not much
            async with asyncio.timeout(1.0):
                await self._till.settle()
        await self._client.close()

    # --- the way in --------------------------------------------------------------------------------------------------

    async def _who_we_are(self) -> Account:
        """Our account, and that X lets us listen; without keys to post with we are nobody there."""
        me = Account("", "")
        try:
            async with asyncio.timeout(PREFLIGHT):
                if self._access.keys.can_post:
                    found = await self._asked("X_ACCESS_TOKEN", self._client.me())
                    me = Account(str(found["id"]), str(found.get("username") or ""))
                await self._asked("X_BEARER_TOKEN", self._client.rules())
        except TimeoutError as error:
            raise errors.NotNow(type(error).__name__) from error
        return me

    async def _asked(self, token: str, call: Coroutine[Any, Any, Any]) -> Any:
        """What X answers; raises ``BadToken``, or ``NotNow`` where that is not the token's fault."""
        try:
            return await call
        except XRefused as refused:
            if refused.kind not in {Kind.UNAUTHORISED, Kind.FORBIDDEN}:
                raise errors.NotNow(str(refused)) from refused
            advice = phrase(_ADVICE[token])
            raise errors.BadToken(platform="X", token=token, why=str(refused), advice=advice) from refused

    async def _begin(self, me: Account) -> None:
        tempo = self._tempo
        workspace = Workspace(self._client, me, self._store, self._writer, tempo.clock)
        hooks = Hooks(billed=self._till.billed, refused=self._refused)
        self.ears = XEars(workspace, self.intake, tempo=tempo.ears, hooks=hooks)
        self.ears.hearing.on_heard = self._heard
        self._profiles = Profiles(workspace)
        self.publisher.start()
        self.me = me
        await self._reckoned()
        await self.ears.start(self._came_at)
        if self._access.delete_events_days:
            watch = Watch(self._access.delete_events_days, self._access.budget)
            self.activity = Activity(workspace, self.intake, watch, tempo=tempo.activity, hooks=hooks)
            if self._over_budget:
                await self.activity.halt("budget")
            await self.activity.start()
        self._spawn(self._mind_money())
        self._spawn(self._mind_names())
        if me.id:
            self._spawn(self._mind_wishes(Wishes(workspace, self.ears.hearing, self._access.budget), self.ears))
        plan = Plan(self._access.sync_days, self._access.budget)
        self._spawn(Daily(self._syncing, self._store, plan, clock=tempo.clock).run())

    @property
    def _listening(self) -> "list[XEars | Activity]":
        return [one for one in (self.ears, self.activity) if one is not None]

    def _syncing(self) -> Sync:
        access = self._access
        return Sync(access.keys, access.api_url, self._store, self._writer, clock=self._tempo.clock)

    # --- money -------------------------------------------------------------------------------------------------------

    async def _mind_money(self) -> None:
        while True:
            await asyncio.sleep(self._tempo.money)
            await self._reckoned()

    async def _reckoned(self) -> None:
        try:
            await self._reckon()
        except Exception as error:  # noqa: BLE001  (locked, full, away: reckoned up again)
            structlog.get_logger().warning("x's costs are not on record", why=f"{type(error).__name__}: {error}")

    async def _reckon(self) -> None:
        spent = await self._till.settle()
        if self.ears is not None:
            self.ears.leave(spent.over)
        if self._over_budget == spent.shut:
            return
        self._over_budget = spent.shut
        if self.activity is not None and not self._broke:
            if spent.shut:
                await self.activity.halt("budget")
            else:
                self.activity.resume()

    def _heard(self, post: Post) -> None:
        self._till.heard(post.posted_at)
        if self.activity is not None:
            self.activity.heard(post.author_id)

    # --- refusals ----------------------------------------------------------------------------------------------------

    def _refused(self, refused: XRefused) -> None:
        if refused.kind is Kind.CREDITS and not self._broke:
            self._broke = True
            self._mouth.closed = str(refused)
            structlog.get_logger().error("x has no credit left; nothing is asked of it any more")
            self._spawn(self._go_broke(str(refused)))
        elif refused.kind in _SHUT:
            now = self._tempo.clock()
            self._spawn(self._told(lambda tx: away.shut(tx, why=str(refused), now=now)))

    async def _go_broke(self, why: str) -> None:
        """Nothing is asked of X until there is credit again, which a free call tells."""
        for one in self._listening:
            await one.halt(why)
        while self._broke:
            now = self._tempo.clock()
            await self._told(partial(away.broke, now=now))  # each debate once: also the one that opens meanwhile
            await asyncio.sleep(self._tempo.broke)
            with contextlib.suppress(XRefused):
                await self._client.rules()
                self._broke, self._mouth.closed = False, ""
        if self.ears is not None:
            self.ears.resume()
        if self.activity is not None and not self._over_budget:
            self.activity.resume()

    async def _told(self, action: Callable[[Any], None]) -> None:
        try:
            await self._writer.do(action)
        except Exception as error:  # noqa: BLE001  (who is not told sees it in the health all the same)
            structlog.get_logger().warning("nobody was told about x", why=f"{type(error).__name__}: {error}")

    # --- names -------------------------------------------------------------------------------------------------------

    async def _mind_names(self) -> None:
        while True:
            await asyncio.sleep(self._tempo.names)
            if self._profiles is None or self._broke:
                continue
            try:
                await self._profiles.look(self._till.spent.over)
            except XRefused as refused:
                structlog.get_logger().warning("x's profiles are not to be had", why=str(refused))
                self._refused(refused)
            except Exception as error:  # noqa: BLE001  (locked, full, away: asked again)
                structlog.get_logger().warning("x's profiles are not kept", why=f"{type(error).__name__}: {error}")

    # --- wishes ------------------------------------------------------------------------------------------------------

    async def _mind_wishes(self, wishes: Wishes, ears: XEars) -> None:
        while True:
            await asyncio.sleep(self._tempo.wishes)
            if not ears.resting:
                wishes.rest()
            elif not self._broke:
                await self._wished(wishes)

    async def _wished(self, wishes: Wishes) -> None:
        try:
            if not await wishes.look():
                structlog.get_logger().warning("not everybody who spoke to us on x was heard")
        except XRefused as refused:
            structlog.get_logger().warning("who speaks to us on x is not heard", why=str(refused))
            self._refused(refused)
        except Exception as error:  # noqa: BLE001  (locked, full, away: looked at again)
            structlog.get_logger().warning("who speaks to us on x is not heard", why=f"{type(error).__name__}: {error}")

    def _taken(self, post_id: str) -> bool:
        with self._store.read() as tx:
            return send.stands(tx, Platform.X, post_id)

    # --- how it is ---------------------------------------------------------------------------------------------------

    async def health(self) -> dict[str, Any]:
        """Whether X is heard, and what is amiss."""
        heard = self.ears.health() if self.ears is not None else {"ok": False, "stream": "away"}
        return {
            **heard,
            "ok": bool(heard["ok"]) and not self._broke,
            "mode": "speaks" if self._access.keys.can_post else "hears",
            "account": self.me.username if self.me is not None else "",
            "over_budget": self._over_budget,
            "no_credit": self._broke,
            "refused_events": self.intake.counts.refused,
            "quarantined": self.intake.counts.quarantined,
            "posts": self.publisher.counts.sent,
            **(self.activity.health() if self.activity is not None else {"deletions": "off"}),
        }

    def metrics(self) -> Mapping[str, float]:
        """Numbers that only grow, by name."""
        return {
            **{name: count for one in self._listening for name, count in one.metrics().items()},
            "x_sent_total": self.publisher.counts.sent,
            "x_failed_total": self.publisher.counts.failed,
            "x_profiles_total": self._profiles.looked_up if self._profiles is not None else 0,
        }

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


_ADVICE = {
    "X_BEARER_TOKEN": "Copia el «Bearer Token» de la página de tu aplicación en console.x.com.",
    "X_ACCESS_TOKEN": "Copia otra vez las cuatro claves de la cuenta; su permiso ha de ser de lectura y escritura.",
}
