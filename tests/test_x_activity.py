"""Deletions as X tells of them: heard after the close too, once, for people of the log alone; and X's refusals."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from sqlmodel import select
from structlog.testing import capture_logs

from bot.actions import people
from bot.config import Settings
from bot.ports import OPERATOR
from bot.store import gone, search
from bot.store.engine import Store
from bot.tables import Inbox
from bot.writer import Writer
from handlers.intake import Intake
from handlers.x import activity_rules as rules
from handlers.x.activity import Activity, Tempo, Watch
from handlers.x.activity_hearing import MOST_WAITING, DeletionHearing, Patience
from handlers.x.activity_keeper import Rhythm
from handlers.x.client import XClient
from handlers.x.ears import Hooks
from handlers.x.platform import Access, XPlatform
from handlers.x.platform import Tempo as PlatformTempo
from handlers.x.refused import XRefused
from handlers.x.workspace import Account, Workspace

from tests.standin_x import activity as standin
from tests.standin_x.problems import too_many
from tests.standin_x.server import XStandin
from tests.test_x_gone import everything, exported, left_of
from tests.waiting import until
from tests.x_caller import keys_of
from tests.x_held import NOW, Log
from tests.x_listening import HASTY

TEMPO = Tempo(
    stream=HASTY.stream, subscriptions=Rhythm(retry=0.1, longest_retry=0.3, check=60.0, portion=3),
    deletions=Patience(again=0.05, fresh=60.0), look=0.05, spoken=0.05, soon=0.01, settle=1.0,
)  # fmt: skip
BEGUN = time.monotonic()


def clock() -> datetime:
    """The day of the debates, and it goes on."""
    return NOW + timedelta(seconds=time.monotonic() - BEGUN)


@pytest.fixture
def writer(sqlite_store: Store) -> Iterator[Writer]:
    """A writer at work."""
    writer = Writer(sqlite_store)
    writer.start()
    yield writer
    writer.stop()


@pytest.fixture
async def held(sqlite_store: Store, writer: Writer) -> AsyncIterator[Log]:
    """A debate that was held on X and closed two days ago, with whatever is said in it later."""
    async with XStandin(strict_rates=False, clock=clock) as x:
        log = Log(x, sqlite_store, writer)
        log.close()
        yield log


@dataclass
class Bot:
    """Ears for deletions at work."""

    activity: Activity
    billed: list[str]
    refused: list[XRefused]

    def told(self) -> int:
        """How many deletions X has told us of."""
        return self.activity.hearing.counts.told


@asynccontextmanager
async def attentive(held: Log, *, tempo: Tempo = TEMPO) -> AsyncIterator[Bot]:
    """X is asked to tell of deletions until the block ends."""
    billed: list[str] = []
    refused: list[XRefused] = []
    async with started(held) as client:
        workspace = Workspace(client, Account("", ""), held.store, held.writer, clock)
        hooks = Hooks(lambda kind, ids: billed.extend([kind] * len(ids)), refused.append)
        intake, watch = Intake(held.writer, clock=clock), Watch(3, Decimal(10))
        bot = Activity(workspace, intake, watch, tempo=tempo, hooks=hooks)
        await bot.start()
        try:
            yield Bot(bot, billed, refused)
        finally:
            await bot.stop()


@asynccontextmanager
async def started(held: Log) -> AsyncIterator[XClient]:
    """A client with its session."""
    client = XClient(keys_of(held.x), held.x.url, clock=clock)
    await client.start()
    try:
        yield client
    finally:
        await client.close()


async def subscribed(held: Log, *people: str) -> None:
    """X tells of the deletions of exactly these people, to one who listens."""
    wanted = sorted(held.x.world.who(one).id for one in people)
    await until(lambda: sorted(held.x.activities.users(rules.TAG)) == wanted and held.x.activities.live)


def asked(held: Log) -> list[str]:
    """What X was asked that has to do with deletions."""
    names = ("activity", "subscriptions", "subscribe", "unsubscribe")
    return [one.route for one in held.x.requests if one.route in names]


# --- what is deleted goes --------------------------------------------------------------------------------------------


async def test_a_deletion_after_the_close_empties_transcript_search_and_exports(held: Log) -> None:
    """Two days later somebody deletes what they said: no byte of it is left, and the others' words stay."""
    ident = await held.says("anacleta", "El xilofonista #coral")
    answer = await held.says("bea", "La marimba", reply_to=ident)
    async with attentive(held) as bot:
        await subscribed(held, "anacleta", "bea")
        held.x.delete(ident)
        await until(lambda: held.texts() == ["La marimba"])
        await bot.activity.hearing.settled()

        assert (bot.billed, bot.activity.hearing.counts.gone) == (["delete_event"], 1)
    assert left_of(everything(held.store), ident, "xilofonista", "anacleta") == []
    assert left_of(exported(held.store), ident, "xilofonista", "anacleta") == []
    assert left_of(exported(held.store), "La marimba") == ["La marimba"]
    with held.store.read() as tx:
        assert (search.search(tx, "xilofonista"), len(search.search(tx, "marimba"))) == ([], 1)
    first, second = held.rows()
    assert (first.platform_id.startswith(gone.MARK), first.text) == (True, "")
    assert (second.platform_id, second.reply_to) == (answer, first.platform_id)


async def test_a_deletion_in_a_debate_that_is_on_goes_as_well(sqlite_store: Store, writer: Writer) -> None:
    """Whoever speaks is subscribed to, and one who speaks later as well."""
    async with XStandin(strict_rates=False, clock=clock) as x:
        held = Log(x, sqlite_store, writer)
        first = await held.says("ana", "Un animal #coral")
        async with attentive(held):
            await subscribed(held, "ana")
            second = await held.says("bea", "Una planta #coral")
            await subscribed(held, "ana", "bea")
            x.delete(second)
            await until(lambda: held.texts() == ["Un animal #coral"])
            x.delete(first)
            await until(lambda: held.texts() == [])


async def test_a_post_that_is_not_ours_does_nothing_and_keeps_nothing(held: Log) -> None:
    """Somebody of the debate deletes something else: it is counted, and not a byte tells which."""
    await held.says("ana", "Un animal #coral")
    other = await held.x.post("ana", "De otra cosa", at=NOW - timedelta(days=1))
    async with attentive(held) as bot:
        await subscribed(held, "ana")
        held.x.delete(other)
        await until(lambda: bot.told() == 1)
        await bot.activity.hearing.settled()

        assert (bot.activity.hearing.counts.gone, bot.billed) == (0, ["delete_event"])
    with held.store.read() as tx:
        assert len(tx.session.exec(select(Inbox)).all()) == 1
    assert (held.texts(), left_of(everything(held.store), other)) == (["Un animal #coral"], [])


async def test_with_one_version_all_are_deleted(held: Log) -> None:
    """X names the newest version of a post that was edited; the log knows the first, and when the newest was made."""
    first = await held.says("ana", "Un animal #coral")
    held.x.edit(first, "Una colonia #coral", at=NOW - timedelta(days=2, minutes=40))
    await held.look()
    assert held.texts() == ["Una colonia #coral"]
    async with attentive(held):
        await subscribed(held, "ana")
        held.x.delete(first)
        await until(lambda: held.texts() == [])
    assert left_of(everything(held.store), *held.x.world.posts[first].chain) == []


async def test_a_deletion_that_comes_before_its_post_is_remembered(held: Log) -> None:
    """Events come within a second, the stream of posts takes seven: posted and deleted at once, it does not stay."""
    await held.says("ana", "Un animal #coral")
    async with attentive(held) as bot:
        await subscribed(held, "ana")
        hasty = await held.x.post("ana", "El xilofonista #coral", at=NOW - timedelta(days=2, minutes=5))
        with pytest.MonkeyPatch.context() as patch:
            # The id tells the time of the debate, two days ago; here it is just then.
            patch.setattr(bot.activity.hearing, "_clock", lambda: NOW - timedelta(days=2, minutes=5))
            held.x.delete(hasty)
            await until(lambda: bot.told() == 1)
            held.hears(hasty)
            await until(lambda: held.texts() == ["Un animal #coral"])


async def test_what_is_not_ours_is_forgotten_once_it_is_no_more_fresh(held: Log) -> None:
    """A new post of somebody about something else is remembered for a moment, in no row."""
    await held.says("ana", "Un animal #coral")
    tempo = replace(TEMPO, deletions=Patience(again=0.02, fresh=0.3))
    async with attentive(held, tempo=tempo) as bot:
        await subscribed(held, "ana")
        held.x.delete(await held.x.post("ana", "De otra cosa"))
        await until(lambda: bot.told() == 1)
        await until(lambda: not bot.activity.hearing._fresh)
    assert held.texts() == ["Un animal #coral"]


async def test_a_deletion_waits_for_a_database_that_is_away(held: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    """X tells it once: it is in the log as soon as the log can be written again."""
    ident = await held.says("ana", "Un animal #coral")
    async with attentive(held) as bot:
        await subscribed(held, "ana")
        put, tried = bot.activity.hearing._intake.put, asyncio.Event()

        async def away(_delivery: object) -> bool:
            tried.set()
            return False

        with monkeypatch.context() as patch:
            patch.setattr(bot.activity.hearing._intake, "put", away)
            held.x.delete(ident)
            await tried.wait()
            assert held.texts() == ["Un animal #coral"]
        assert bot.activity.hearing._intake.put == put
        await until(lambda: held.texts() == [])


async def test_a_log_that_cannot_be_read_is_asked_again(held: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    """For whom X is to tell of, and for what it tells: neither is forgotten."""
    ident = await held.says("ana", "Un animal #coral")
    read, broken = held.store.read, asyncio.Event()

    def away() -> None:
        broken.set()
        raise OSError("database is locked")

    async with attentive(held):
        await subscribed(held, "ana")
        monkeypatch.setattr(held.store, "read", away)
        held.x.delete(ident)
        await broken.wait()
        await asyncio.sleep(0.2)
        monkeypatch.setattr(held.store, "read", read)
        await until(lambda: held.texts() == [])
        await held.says("bea", "Una planta #coral")
        await subscribed(held, "bea")


async def test_what_is_not_in_the_log_at_the_end_is_said(held: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that stays away does not keep the bot from stopping; the next look finds what was deleted."""
    ident = await held.says("ana", "Un animal #coral")
    with capture_logs() as logs:
        async with attentive(held, tempo=replace(TEMPO, settle=0.05)) as bot:
            await subscribed(held, "ana")

            async def away(_delivery: object) -> bool:
                return False

            monkeypatch.setattr(bot.activity.hearing._intake, "put", away)
            held.x.delete(ident)
            await until(lambda: bot.told() == 1)
    await held.look()

    assert "deletions are not in the log yet; x sync finds them" in [one["event"] for one in logs]
    assert held.texts() == []


def test_more_than_can_be_held_is_counted(sqlite_store: Store, writer: Writer) -> None:
    """Memory has an end; what is beyond it is found when posts are looked up."""
    hearing = DeletionHearing(Intake(writer), sqlite_store)
    for _ in range(MOST_WAITING + 2):
        hearing.take(b"{}")

    assert hearing.counts.missed == 2


async def test_what_else_comes_on_the_stream_disturbs_nothing(held: Log) -> None:
    """Another program's events are let pass and kept nowhere; what nobody understands is in quarantine."""
    ident = await held.says("ana", "Un animal #coral")
    async with attentive(held) as bot:
        await subscribed(held, "ana")
        (connection,) = held.x.activities.live
        connection.say({"data": {"event_type": "dm.received", "payload": {"text": "secreto"}}})
        connection.say({"data": {"event_type": "post.delete", "payload": {"strange": 1}}})
        held.x.delete(ident)
        await until(lambda: held.texts() == [])

        assert (bot.told(), bot.activity.metrics()["x_deletions_strange_total"]) == (1, 1)
    with held.store.read() as tx:
        kept = tx.session.exec(select(Inbox.payload).where(Inbox.state == "quarantined")).all()
    assert [json.loads(str(one))["data"]["payload"] for one in kept] == [{"strange": 1}]
    assert left_of(everything(held.store), "secreto") == []


# --- connections and restarts ----------------------------------------------------------------------------------------


async def test_a_stream_that_is_cut_is_opened_again(held: Log) -> None:
    """After a cut, and after a silence, what is deleted is heard; what was deleted meanwhile is left to x sync."""
    posts = [await held.says(who, f"Yo, {who} #coral") for who in ("ana", "bea", "carla")]
    async with attentive(held) as bot:
        await subscribed(held, "ana", "bea", "carla")
        held.x.faults.status("activity", 503, times=3)
        held.x.activities.drop()
        await until(lambda: not held.x.activities.live)
        held.x.delete(posts[0])
        await until(lambda: held.x.activities.live)
        held.x.delete(posts[1])
        await until(lambda: held.texts() == ["Yo, ana #coral", "Yo, carla #coral"])
        held.x.faults.silence()
        await until(lambda: bot.activity.stream.counts.silences == 1)
        await until(lambda: held.x.activities.live and bot.activity.stream.live)
        held.x.delete(posts[2])
        await until(lambda: held.texts() == ["Yo, ana #coral"])
    await held.look()

    assert held.texts() == []


async def test_the_next_start_finds_its_subscriptions_and_tidies_up(held: Log) -> None:
    """Nobody is asked for twice; who is wanted no more goes; another program's stays."""
    await held.says("ana", "Un animal #coral")
    await held.says("bea", "Una planta #coral")
    stranger = held.x.person("Cris", "cris")
    held.x.activities.add("post.delete", stranger, "ajena")
    held.x.activities.add("post.delete", held.x.person("Dora", "dora"), rules.TAG)
    async with attentive(held):
        await subscribed(held, "ana", "bea")
    before = len(held.x.asked("subscribe"))
    async with attentive(held):
        await until(lambda: len(held.x.asked("subscriptions")) == 2 and held.x.activities.live)
        await subscribed(held, "ana", "bea")

    assert (before, len(held.x.asked("subscribe"))) == (2, 2)
    assert [len(one.query["ids"].split(",")) for one in held.x.asked("unsubscribe")] == [1]
    assert held.x.activities.users("ajena") == [stranger]


async def test_when_the_days_are_over_nothing_is_left_at_x(held: Log) -> None:
    """Subscriptions go, in as many calls as X's bound of ids takes, and nobody listens any more."""
    for number in range(7):
        await held.says(f"persona{number}", f"Soy {number} #coral")
    async with attentive(held) as bot:
        await subscribed(held, *(f"persona{number}" for number in range(7)))
        bot.activity._watch = Watch(1, Decimal(10))
        await until(lambda: not held.x.activities.subscriptions and not held.x.activities.live)

        assert bot.activity.health()["deletions"] == "idle"


async def test_an_x_that_hangs_does_not_keep_the_bot_from_stopping(held: Log) -> None:
    """The list is never answered."""
    await held.says("ana", "Un animal #coral")
    held.x.faults.hang("subscriptions")
    async with asyncio.timeout(3), attentive(held):
        await until(lambda: asked(held) == ["subscriptions"])


# --- what X will not have --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("route", "warning"),
    [
        ("subscriptions", "x does not tell of deletions; look posts up with x sync"),
        ("subscribe", "x does not tell of deletions; look posts up with x sync"),
        ("activity", "x's stream is closed to us"),
    ],
)
async def test_a_refusal_costs_this_alone_and_is_warned_of_once(held: Log, route: str, warning: str) -> None:
    """403, not part of the plan: nothing more is asked, nobody else hears of it."""
    for who in ("ana", "bea", "carla", "dora"):
        await held.says(who, f"Yo, {who} #coral")
    held.x.faults.respond(route, standin.NOT_ENROLLED, times=1_000)
    with capture_logs() as logs:
        async with attentive(held) as bot:
            await until(lambda: bot.activity.refused is not None)
            await asyncio.sleep(0.1)  # what is under way arrives
            before = len(asked(held))
            await asyncio.sleep(0.3)

            assert (len(asked(held)), bot.refused, held.x.activities.live) == (before, [], [])
            assert str(bot.activity.health()["deletions"]).startswith("refused: 403 forbidden")
    assert [one["event"] for one in logs if one["log_level"] in {"warning", "error"}] == [warning]


async def test_no_credit_is_told_and_waited_for(held: Log) -> None:
    """402: whoever minds the money hears of it, and stops this too; with credit again it goes on."""
    ident = await held.says("ana", "Un animal #coral")
    held.x.faults.status("subscribe", 402, "credits")
    async with attentive(held, tempo=replace(TEMPO, subscriptions=Rhythm(retry=60.0))) as bot:
        await until(lambda: [one.status for one in bot.refused] == [402])
        await bot.activity.halt("sin saldo")
        before = len(asked(held))
        await asyncio.sleep(0.2)
        assert (len(asked(held)), bot.activity.health()["deletions"]) == (before, "halted: sin saldo")

        bot.activity.resume()
        await subscribed(held, "ana")
        held.x.delete(ident)
        await until(lambda: held.texts() == [])


async def test_no_credit_for_the_stream_is_the_same(held: Log) -> None:
    """402 when listening: told, and listened to again once it is taken up."""
    await held.says("ana", "Un animal #coral")
    held.x.faults.status("activity", 402, "credits")
    async with attentive(held) as bot:
        await until(lambda: [one.status for one in bot.refused] == [402])
        await bot.activity.halt("sin saldo")
        bot.activity.resume()
        await subscribed(held, "ana")

        assert bot.activity.refused is None


async def test_a_plan_that_ends_is_noticed(held: Log) -> None:
    """Subscribed and listening, and then the list is refused: nobody listens any more, and it is said."""
    await held.says("ana", "Un animal #coral")
    tempo = replace(TEMPO, subscriptions=replace(TEMPO.subscriptions, check=0.2))
    async with attentive(held, tempo=tempo) as bot:
        await subscribed(held, "ana")
        held.x.faults.respond("subscriptions", standin.NOT_ENROLLED, times=1_000)
        await until(lambda: not held.x.activities.live)

        assert bot.activity.keeper.refused is not None


async def test_one_who_is_not_to_be_had_keeps_nobody_else_waiting(held: Log) -> None:
    """Protected and suspended accounts are refused; the others are subscribed to, and those are not asked for again."""
    for who in ("ana", "bea", "carla", "dora"):
        await held.says(who, f"Yo, {who} #coral")
    held.x.protect("ana")
    held.x.suspend("bea")
    async with attentive(held):
        await subscribed(held, "carla", "dora")
        await asyncio.sleep(0.2)

    assert len(held.x.asked("subscribe")) == 4


@pytest.mark.parametrize("status", [409, 403])
async def test_a_subscription_that_is_there_already_is_no_fault(held: Log, status: int) -> None:
    """X does not say in which words it refuses a second one."""
    for who in ("ana", "bea", "carla", "dora", "eva"):
        await held.says(who, f"Yo, {who} #coral")
    held.x.faults.status("subscribe", status, "duplicate", times=4)
    async with attentive(held) as bot:
        await until(lambda: len(held.x.activities.users()) == 1 and held.x.activities.live)

        assert (bot.activity.refused, len(held.x.asked("subscribe"))) == (None, 5)


async def test_a_full_window_is_waited_for_and_an_upset_x_asked_again(held: Log) -> None:
    """429 until its reset, and 503: what was subscribed to stays, the rest comes later."""
    for who in ("ana", "bea"):
        await held.says(who, f"Yo, {who} #coral")
    held.x.faults.respond("subscribe", too_many(500, int(clock().timestamp()) + 1))
    held.x.faults.html_503("subscriptions")
    async with attentive(held) as bot:
        await until(lambda: bot.activity.keeper.trouble is not None)
        await subscribed(held, "ana", "bea")
        await until(lambda: bot.activity.keeper.trouble is None)


async def test_events_of_a_day_cost_no_more_than_the_budget(held: Log) -> None:
    """Two events at half a cent each use up a cent: X is left until the UTC day is over."""
    posts = [await held.x.post("ana", f"De otra cosa {number}", at=NOW - timedelta(days=1)) for number in range(3)]
    await held.says("ana", "Un animal #coral")
    platform = XPlatform(
        Access(keys_of(held.x), held.x.url, Decimal("0.01"), delete_events_days=3), held.store, held.writer,
        tempo=PlatformTempo(ears=HASTY, activity=TEMPO, money=0.02, names=60.0, clock=clock),
    )  # fmt: skip
    await platform.start()
    try:
        await subscribed(held, "ana")
        for ident in posts[:2]:
            held.x.delete(ident)
        await until(lambda: not held.x.activities.live)
        health = await platform.health()

        assert (health["ok"], health["deletions"], held.x.meter.counts["delete_event"]) == (True, "halted: budget", 2)
        assert held.metered()["delete_event"] == 2
    finally:
        await platform.stop()


# --- as a part of the bot --------------------------------------------------------------------------------------------


async def test_the_setting_is_all_that_it_takes(held: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    """X_DELETE_EVENTS_DAYS; health and numbers say how it stands."""
    ident = await held.says("ana", "Un animal #coral")
    for name, value in (("X_BEARER_TOKEN", held.x.bearer), ("X_API_URL", held.x.url), ("X_DELETE_EVENTS_DAYS", "3")):
        monkeypatch.setenv(name, value)
    tempo = PlatformTempo(ears=HASTY, activity=TEMPO, money=0.05, names=60.0, clock=clock)
    platform = XPlatform(Access.of(Settings()), held.store, held.writer, tempo=tempo)
    await platform.start()
    try:
        await subscribed(held, "ana")
        await until(lambda: platform.activity is not None and platform.activity.stream.live)
        health = await platform.health()
        assert {name: health[name] for name in health if name.startswith("deletions")} == {
            "deletions": "live", "deletions_people": 1, "deletions_subscribed": 1, "deletions_trouble": "",
        }  # fmt: skip
        held.x.delete(ident)
        await until(lambda: held.texts() == [])
        await until(lambda: platform.metrics()["x_deletions_total"] == 1)
    finally:
        await platform.stop()


@pytest.mark.parametrize(("days", "budget", "state"), [(0, "10", "off"), (3, "0", "halted: budget")])
async def test_with_the_setting_off_or_no_money_the_bot_asks_nothing(
    held: Log, days: int, budget: str, state: str
) -> None:
    """As it comes; and a budget of 0 keeps all of X off."""
    await held.says("ana", "Un animal #coral")
    platform = XPlatform(
        Access(keys_of(held.x), held.x.url, Decimal(budget), delete_events_days=days), held.store, held.writer,
        tempo=PlatformTempo(ears=HASTY, activity=TEMPO, money=0.05, names=60.0, clock=clock),
    )  # fmt: skip
    await platform.start()
    await asyncio.sleep(0.3)
    health = await platform.health()
    await platform.stop()

    assert (asked(held), health["deletions"]) == ([], state)


async def test_no_credit_for_this_stops_every_call_until_there_is_some(held: Log) -> None:
    """The whole of X is left, as with any 402, and taken up again."""
    await held.says("ana", "Un animal #coral")
    held.x.faults.status("subscribe", 402, "credits")
    platform = XPlatform(
        Access(keys_of(held.x), held.x.url, delete_events_days=3), held.store, held.writer,
        tempo=PlatformTempo(ears=HASTY, activity=TEMPO, money=0.05, names=60.0, broke=0.3, clock=clock),
    )  # fmt: skip
    await platform.start()
    try:
        await until(lambda: platform._broke)
        assert (await platform.health())["no_credit"] is True
        await subscribed(held, "ana")
        assert (await platform.health())["no_credit"] is False
    finally:
        await platform.stop()


@asynccontextmanager
async def live(x: XStandin, held: Log, tempo: Tempo = TEMPO) -> AsyncIterator[XPlatform]:
    """The bot while the debate is on; the hashtag is heard."""
    platform = XPlatform(
        Access(keys_of(x), x.url, delete_events_days=3), held.store, held.writer,
        tempo=PlatformTempo(ears=HASTY, activity=tempo, money=0.05, names=60.0),
    )  # fmt: skip
    await platform.start()
    try:
        await until(lambda: platform.ears is not None and platform.ears.stream.live and platform.ears.keeper.ready)
        await asyncio.sleep(x.rule_delay + 0.05)
        yield platform
    finally:
        await platform.stop()


async def test_a_refusal_leaves_the_debate_alone(sqlite_store: Store, writer: Writer) -> None:
    """While a debate is on X: the hashtag is heard, X is well, and only deletions are not told."""
    async with XStandin(strict_rates=False) as x:
        held = Log(x, sqlite_store, writer)
        x.faults.respond("subscriptions", standin.NOT_ENROLLED, times=1_000)
        async with live(x, held) as platform:
            await until(lambda: platform.activity is not None and platform.activity.refused is not None)
            await x.post("bea", "Una planta #coral")
            await until(lambda: held.texts() == ["Una planta #coral"])

            assert (await platform.health())["ok"] is True


async def test_who_speaks_for_the_first_time_is_subscribed_to_at_once(sqlite_store: Store, writer: Writer) -> None:
    """And not at the next look only: what is regretted is regretted within a minute."""
    async with XStandin(strict_rates=False) as x:
        held = Log(x, sqlite_store, writer)
        async with live(x, held, replace(TEMPO, look=60.0)):
            for who in ("ana", "bea"):
                ident = await x.post(who, f"Yo, {who} #coral")
                await until(lambda: held.texts() == [f"Yo, {who} #coral"])  # noqa: B023
                await subscribed(held, who)
                x.delete(ident)
                await until(lambda: held.texts() == [])


async def test_an_opt_out_ends_a_subscription(held: Log) -> None:
    """Of whom nothing is left in the log X is asked nothing more."""
    await held.says("ana", "Un animal #coral")
    await held.says("bea", "Una planta #coral")
    async with attentive(held):
        await subscribed(held, "ana", "bea")
        who = f"x:{held.x.world.who('ana').id}"
        await held.writer.do(lambda tx: people.forget(tx, who, actor=OPERATOR, now=NOW))
        await subscribed(held, "bea")
