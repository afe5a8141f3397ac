"""STOP, BAJA or PARAR said to us on a day without a debate: it counts all the same, and costs next to nothing."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from bot.store.engine import Store
from bot.writer import Writer
from handlers.x.platform import Tempo, XPlatform

from tests.standin_x.server import XStandin
from tests.test_x_platform import access_of
from tests.waiting import until
from tests.x_held import Log
from tests.x_listening import HASTY

LOOKS = Tempo(ears=HASTY, money=0.05, names=60.0, wishes=0.05)


@pytest.fixture
async def x() -> AsyncIterator[XStandin]:
    """A strict X."""
    async with XStandin(strict_rates=False) as standin:
        yield standin


@pytest.fixture
async def held(x: XStandin, sqlite_store: Store, sqlite_writer: Writer) -> AsyncIterator[Log]:
    """A debate of the day before yesterday in which Ana and Bea spoke, and the bot, which has nothing else to do."""
    log = Log(x, sqlite_store, sqlite_writer)
    await log.says("ana", "Un animal #coral")
    await log.says("bea", "Una planta #coral")
    log.close()
    platform = XPlatform(access_of(x), sqlite_store, sqlite_writer, tempo=LOOKS)
    await platform.start()
    yield log
    await platform.stop()


async def test_a_wish_is_granted_on_any_day(held: Log) -> None:
    """What Ana had said is gone within a look, and Bea's stands."""
    await until(lambda: bool(held.x.asked("mentions")))
    await held.x.post("bea", f"@{held.x.me.username} ¿cuándo es el próximo?")
    await held.x.post("ana", f"@{held.x.me.username} BAJA, por favor")
    await until(lambda: held.texts() == ["Una planta #coral"])


async def test_looking_costs_what_is_read_and_that_once(held: Log) -> None:
    """A look without a new post is free; the others are owned reads, on record as X has them."""
    await held.x.post("bea", f"@{held.x.me.username} hola")
    before = len(held.x.asked("mentions"))
    await until(lambda: len(held.x.asked("mentions")) > before + 4)
    await asyncio.sleep(0.1)

    assert held.metered() == {kind: count for kind, count in held.x.meter.counts.items() if count}
    assert held.metered()["owned_read"] == 1
    assert held.x.asked("search") == held.x.asked("stream") == []


async def test_what_was_said_while_the_bot_was_away_is_heard(
    x: XStandin, sqlite_store: Store, sqlite_writer: Writer
) -> None:
    """Since the last thing that was heard, an hour of it or a day."""
    log = Log(x, sqlite_store, sqlite_writer)
    await log.says("ana", "Un animal #coral")
    log.close()
    for number in range(150):
        await x.post(
            f"persona{number}", f"@{x.me.username} hola", at=datetime.now(UTC) - timedelta(minutes=200 - number)
        )
    await x.post("ana", f"@{x.me.username} STOP", at=datetime.now(UTC) - timedelta(hours=5))
    platform = XPlatform(access_of(x), sqlite_store, sqlite_writer, tempo=LOOKS)
    await platform.start()
    await until(lambda: log.texts() == [])
    await platform.stop()


async def test_a_day_of_it_costs_no_more_than_the_budget(
    x: XStandin, sqlite_store: Store, sqlite_writer: Writer
) -> None:
    """Who is spoken to by thousands does not pay for all of it."""
    platform = XPlatform(access_of(x, budget="0.02"), sqlite_store, sqlite_writer, tempo=LOOKS)
    await platform.start()
    for number in range(30):
        await x.post(f"persona{number}", f"@{x.me.username} hola")
    await until(lambda: x.meter.counts["owned_read"] >= 20)
    await asyncio.sleep(0.3)
    asked = len(x.asked("mentions"))
    await asyncio.sleep(0.3)
    await platform.stop()

    assert len(x.asked("mentions")) == asked
    assert Decimal(x.meter.counts["owned_read"]) * Decimal("0.001") < Decimal("0.04")
