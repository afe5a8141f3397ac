"""A debate whose budget is spent is left on X, alone: what would be read for it is not bought, and others go on."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from bot.store import debates
from bot.store.engine import Store
from bot.tables import Gap
from handlers.x.profiles import Profiles

from tests.standin_x.server import XStandin
from tests.waiting import until
from tests.x_listening import CORAL, Listening, listening, opened, searching

KELP = CORAL.replace("Los corales", "Las algas").replace("Coral", "Kelp")


@pytest.fixture
async def x() -> AsyncIterator[XStandin]:
    """An X that does not count our calls."""
    async with XStandin(keep_alive=0.1, strict_rates=False) as standin:
        yield standin


@pytest.fixture
async def both(x: XStandin, sqlite_store: Store) -> AsyncIterator[Listening]:
    """Ears on two debates that are on, at #coral and at #kelp; the one at #coral is the one that is looked at."""
    coral = opened(sqlite_store)
    opened(sqlite_store, source=KELP)
    async with listening(x, sqlite_store, debate_id=coral, tempo=searching(up=0.2)) as bot:
        await until(lambda: bot.tags() == ["tertulia:coral", "tertulia:kelp", "tertulia@"] and bot.covered())
        yield bot


def gaps_of(bot: Listening, debate_id: int) -> list[Gap]:
    """The gaps of a debate that are not covered."""
    return [gap for gap in bot.look(lambda tx: debates.gaps(tx, debate_id)) if gap.closed_at is None]


async def test_a_debate_that_is_left_is_asked_for_no_more_and_the_other_goes_on(both: Listening) -> None:
    """No rule and no search of it, and a gap says since when; the other one is heard as ever."""
    before = datetime.now(UTC)
    both.ears.leave({1})
    await until(lambda: both.tags() == ["tertulia:kelp", "tertulia@"])
    await until(lambda: len(gaps_of(both, 1)) == 1)
    asked = len(both.x.asked("search"))
    await asyncio.sleep(both.x.rule_delay + 0.1)
    await both.x.post("ana", "de nadie más #coral")
    await both.x.post("bea", "un alga #kelp")
    await until(lambda: both.texts() == ["un alga #kelp"])
    await asyncio.sleep(0.8)

    searches = [one.query.get("query", "") for one in both.x.asked("search")[asked + 2 :]]
    assert (bool(searches), [one for one in searches if "#coral" in one]) == (True, [])
    assert (both.texts(), both.ears.stream.live, gaps_of(both, 2)) == (["un alga #kelp"], True, [])
    (gap,) = gaps_of(both, 1)
    assert (gap.from_at >= before, gap.to_at) == (True, None)
    assert both.ears.health()["ok"] is False


async def test_after_its_close_a_debate_that_was_left_stays_unread(both: Listening) -> None:
    """Its gap ends with it and is not covered: what everybody was told is left is not bought afterwards."""
    both.ears.leave({1})
    await until(lambda: both.tags() == ["tertulia:kelp", "tertulia@"] and len(gaps_of(both, 1)) == 1)
    await asyncio.sleep(both.x.rule_delay + 0.1)
    await both.x.post("ana", "de nadie más #coral")
    ended = await both.close()
    await until(lambda: gaps_of(both, 1)[0].to_at == ended)
    await asyncio.sleep(1.5)  # all its sweeps would have been

    assert (both.texts(), len(gaps_of(both, 1))) == ([], 1)
    assert both.ears.health()["ok"] is True


async def test_a_debate_that_may_go_on_is_read_whole(both: Listening) -> None:
    """With a larger budget: heard again, and what it missed is fetched."""
    both.ears.leave({1})
    await until(lambda: both.tags() == ["tertulia:kelp", "tertulia@"])
    await asyncio.sleep(both.x.rule_delay + 0.1)
    await both.x.post("ana", "entretanto #coral")
    both.ears.leave(())
    await until(lambda: both.texts() == ["entretanto #coral"])
    await until(lambda: gaps_of(both, 1) == [])


async def test_names_are_bought_a_hundred_at_a_time(x: XStandin, sqlite_store: Store) -> None:
    """Between two looks it is reckoned whether the debate may go on costing money; if not, the rest stays nameless."""
    async with listening(x, sqlite_store, debate_id=opened(sqlite_store)) as bot:
        for number in range(130):
            await x.post(f"persona{number}", f"mensaje {number} #coral")
        await until(lambda: len(bot.rows()) == 130)
        await bot.close()
        profiles = Profiles(bot.workspace)
        await profiles.look()
        await profiles.look({1})

        assert profiles.looked_up == 100
        await profiles.look()
        assert profiles.looked_up == 130
