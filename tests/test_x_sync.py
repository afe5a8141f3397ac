"""The log looked up again on X: what went there goes here, for a price that is named first and never paid twice."""

from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlmodel import select

from bot import errors
from bot.actions.sync import Bill, Due, Found
from bot.config import Settings
from bot.ports import OPERATOR
from bot.store import gone
from bot.store.engine import Store
from bot.store.held import Held
from bot.tables import Audit
from bot.writer import Writer
from handlers.x.client import Page
from handlers.x.platform import Access, Tempo, XPlatform
from handlers.x.sync import Daily, Plan, judge

from tests.standin_x.server import XStandin
from tests.waiting import until
from tests.x_held import NOW, Log
from tests.x_listening import HASTY


@pytest.fixture
async def held(sqlite_store: Store, sqlite_writer: Writer) -> AsyncIterator[Log]:
    """A debate that was held on X two days ago, on a strict X whose day is ours."""
    async with XStandin(strict_rates=False, clock=lambda: NOW) as x:
        yield Log(x, sqlite_store, sqlite_writer)


# --- what went there goes here ---------------------------------------------------------------------------------------


async def test_what_was_deleted_hidden_or_suspended_goes_and_the_rest_stays(held: Log) -> None:
    """Deleted, protected, suspended, withheld everywhere or in a country: of each only its place is left."""
    deleted, _, _, nowhere, somewhere, _ = [
        await held.says(who, f"Yo, {who} #coral") for who in ("ana", "bea", "carla", "dora", "eva", "fina")
    ]
    held.x.delete(deleted)
    held.x.protect("bea")
    held.x.suspend("carla")
    held.x.withhold(nowhere, "XX")
    held.x.withhold(somewhere, "DE")

    assert await held.look() == Found(posts=6, gone=5)
    assert held.texts(gone=True) == ["", "", "", "", "", "Yo, fina #coral"]
    assert [row.platform_id.startswith(gone.MARK) for row in held.rows()] == [True] * 5 + [False]


async def test_what_was_edited_is_replaced(held: Log) -> None:
    """The newest version is read, which is one read more; once it is in the log there is nothing to do."""
    first = await held.says("ana", "Un animal #coral")
    await held.says("bea", "Una planta #coral")
    held.x.edit(first, "Una colonia #coral", at=NOW - timedelta(days=2, minutes=40))

    assert await held.look() == Found(posts=2, edited=1)
    assert held.texts() == ["Una colonia #coral", "Una planta #coral"]
    assert await held.look() == Found(posts=2)
    assert held.looked_up() == [2, 1, 2]


async def test_every_version_of_a_deleted_post_is_gone(held: Log) -> None:
    """Edited, heard, and then deleted: the first id of the chain is what the log knows."""
    first = await held.says("ana", "Un animal #coral")
    held.x.edit(first, "Una colonia #coral", at=NOW - timedelta(days=2, minutes=40))
    await held.look()
    held.x.delete(first)

    assert await held.look() == Found(posts=1, gone=1)
    assert held.texts() == []


async def test_the_newer_dialect_is_understood(held: Log) -> None:
    """An X that answers in the names of July 2026."""
    held.x.dialect = "post"
    first = await held.says("ana", "Un animal #coral")
    held.x.delete(await held.says("bea", "Una planta #coral"))
    held.x.edit(first, "Una colonia #coral", at=NOW - timedelta(days=2, minutes=40))
    await held.look()

    assert held.texts() == ["Una colonia #coral"]


async def test_replies_keep_the_shape_of_the_conversation(held: Log) -> None:
    """What answered a post that went hangs on its mark."""
    first = await held.says("ana", "Un animal #coral")
    await held.says("bea", "No, una planta", reply_to=first)
    held.x.delete(first)
    await held.look()

    root, answer = held.rows()
    assert (answer.reply_to, answer.text) == (root.platform_id, "No, una planta")


async def test_that_nobody_is_left_is_not_believed(held: Log) -> None:
    """Ten people's posts that X knows nothing of all at once are X's trouble: none of them is deleted."""
    for number in range(10):
        held.x.delete(await held.says(f"persona{number}", f"Soy {number} #coral"))
    with pytest.raises(errors.AllGone):
        await held.look()

    assert len(held.texts()) == 10


# --- the price -------------------------------------------------------------------------------------------------------


async def test_the_price_is_what_x_bills(held: Log) -> None:
    """A hundred a call, half a cent each; what X does not show is not billed, and the meter knows exactly what was."""
    for number in range(205):
        ident = await held.says(f"persona{number % 7}", f"Digo {number} #coral")
        if number < 5:
            held.x.delete(ident)
    bill = held.bill()
    assert (bill.posts, bill.to_pay, bill.usd) == (205, 205, Decimal("1.025"))
    await held.look()

    assert held.looked_up() == [100, 100, 5]
    assert held.metered() == {"post_read": 200} == dict(held.x.meter.counts)


async def test_what_was_read_today_is_not_paid_again(held: Log) -> None:
    """A second look on the same UTC day costs nothing, and finds what has gone since; the next day it costs again."""
    first = await held.says("ana", "Un animal #coral")
    await held.says("bea", "Una planta #coral")
    await held.look()
    assert (held.bill().posts, held.bill().usd) == (2, Decimal(0))
    held.x.delete(first)
    assert await held.look() == Found(posts=2, gone=1)
    held.now += timedelta(days=1)

    assert (held.bill().posts, held.bill().usd) == (1, Decimal("0.005"))


async def test_an_interrupted_look_goes_on_where_it_was(held: Log) -> None:
    """X refuses in the middle: what was looked up is done, and only the rest is asked for and paid."""
    for number in range(250):
        await held.says(f"persona{number % 7}", f"Digo {number} #coral")
    (due,) = held.bill().due
    async with held.syncing() as looking:
        parts: list[int] = []

        def advance(more: int) -> None:
            parts.append(more)
            held.x.faults.status("lookup", 429, "rate")

        with pytest.raises(errors.XAway):
            await looking.run(due, who=OPERATOR.who, advance=advance)
    held.x.faults.clear()
    assert (parts, held.bill().posts, held.bill().to_pay) == ([100], 150, 150)
    await held.look()

    assert held.looked_up() == [100, 100, 100, 50]
    assert held.metered() == {"post_read": 250} == dict(held.x.meter.counts)


async def test_a_bill_over_the_budget_is_refused_with_the_figures(held: Log) -> None:
    """Before anything is asked."""
    await held.says("ana", "Un animal #coral")
    with pytest.raises(errors.OverBudget) as refused:
        held.bill().within(Decimal("0.004"))

    assert refused.value.fields == {"posts": 1, "usd": "0.01", "budget": "0.00"}
    assert held.x.requests == []


def test_a_debate_that_goes_on_counts_what_it_has_cost() -> None:
    """A look must not be what disconnects X in the middle of it."""
    going = Due(1, "Los corales", [], to_pay=100, spent=Decimal("9.60"))
    with pytest.raises(errors.OverBudget):
        Bill([going], Decimal("0.005")).within(Decimal(10))
    Bill([going], Decimal("0.005")).within(Decimal("10.10"))


# --- what an answer says ---------------------------------------------------------------------------------------------


def problem(kind: str, ident: str, **more: str) -> dict[str, object]:
    """A partial error as X writes it."""
    there = {"value": ident, "resource_id": ident, "resource_type": "tweet", "parameter": "ids"}
    return {**there, "type": f"https://api.twitter.com/2/problems/{kind}", **more}


@pytest.mark.parametrize(
    ("error", "gone_ids", "unclear"),
    [
        (problem("resource-not-found", "1"), {"1"}, 1),
        (problem("not-authorized-for-resource", "1"), {"1"}, 1),
        (problem("resource-unavailable", "1"), {"1"}, 1),
        (problem("resource-not-found", "7", resource_type="user", parameter="author_id"), {"1", "2"}, 0),
        (problem("resource-not-found", "1", section="includes"), set[str](), 2),
        (problem("resource-not-found", "99"), set[str](), 2),
        (problem("not-authorized-for-field", "1"), set[str](), 2),
        (problem("internal-error", "1"), set[str](), 2),
    ],
)
def test_only_a_problem_that_says_so_takes_a_post_away(
    error: dict[str, object], gone_ids: set[str], unclear: int
) -> None:
    """A field that is not to be had, or a fault of X's own, says nothing of the post; who is gone takes all along."""
    ours = [Held(1, "coral", "1", "7", None), Held(2, "coral", "2", "7", None)]
    verdict = judge(ours, Page([], {}, [error]))

    assert (set(verdict.gone), verdict.unclear) == (gone_ids, unclear)


# --- by itself -------------------------------------------------------------------------------------------------------


def daily(held: Log, days: int, budget: str = "10") -> Daily:
    """The running bot, as its settings have it."""
    return Daily(held.syncing, held.store, Plan(days, Decimal(budget)), clock=lambda: held.now)


async def test_the_bot_looks_once_a_day_at_debates_that_closed_not_long_ago(held: Log) -> None:
    """After three in the morning, UTC, once; not at older ones; an audit row says what came of it."""
    held.x.delete(await held.says("ana", "Un animal #coral"))
    held.close()
    await daily(held, 1).look()
    assert held.looked_up() == []
    bot = daily(held, 3)
    held.now = NOW.replace(hour=2)
    await bot.look()
    assert held.looked_up() == []
    held.now = NOW
    await bot.look()
    await bot.look()

    assert (held.looked_up(), held.texts(), bot.found) == ([1], [], Found(posts=1, gone=1))
    with held.store.read() as tx:
        told = tx.session.exec(select(Audit).where(Audit.action == "x sync")).all()
    assert [(row.who, row.detail) for row in told] == [("clock", "1 miradas, 1 retiradas, 0 editadas")]


async def test_the_bot_does_not_pay_more_than_its_budget(held: Log) -> None:
    """It says why it does not look, and asks nothing."""
    await held.says("ana", "Un animal #coral")
    held.close()
    with pytest.raises(errors.OverBudget):
        await daily(held, 3, budget="0").look()

    assert held.x.requests == []


async def test_a_debate_that_is_not_to_be_believed_keeps_no_other_waiting(held: Log) -> None:
    """X knows nothing of ten people of one debate: it is left alone, and the other one is looked up."""
    for number in range(10):
        held.x.delete(await held.says(f"persona{number}", f"Soy {number} #coral"))
    held.close()
    other = Log(held.x, held.store, held.writer, tag="Kelp")
    await other.says("ana", "Un alga #kelp")
    other.close()
    bot = daily(held, 3)
    await bot.look()

    assert (len(held.texts()), bot.found) == (11, Found(posts=1))


async def test_the_bot_looks_by_itself_where_its_settings_say_so(held: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    """X_SYNC_DAYS is all that it takes; the bot listens meanwhile as ever."""
    held.x.delete(await held.says("ana", "Un animal #coral"))
    held.close()
    for name, value in (("X_BEARER_TOKEN", held.x.bearer), ("X_API_URL", held.x.url), ("X_SYNC_DAYS", "3")):
        monkeypatch.setenv(name, value)
    tempo = Tempo(ears=HASTY, money=0.05, names=60.0, clock=lambda: NOW)
    platform = XPlatform(Access.of(Settings()), held.store, held.writer, tempo=tempo)
    await platform.start()
    try:
        await until(lambda: held.texts() == [])
    finally:
        await platform.stop()

    assert held.looked_up() == [1]


async def test_without_days_the_bot_looks_at_nothing(held: Log) -> None:
    """The default: it is over at once."""
    await held.says("ana", "Un animal #coral")
    held.close()
    await daily(held, 0).run()

    assert held.x.requests == []
