"""X's rules around a debate, and the looks that are taken after it."""

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial

from bot.actions import listen
from bot.ports import Platform
from bot.store.engine import Store
from handlers.x.client import Rule

from tests.standin_x.server import XStandin
from tests.waiting import until
from tests.x_listening import Listening, bot, listening, open_up, opened, planned, searching, silenced, x

__all__ = ["bot", "x"]


# --- rules -----------------------------------------------------------------------------------------------------------


async def test_rules_come_before_the_debate_grow_with_it_and_go_after_it(x: XStandin, sqlite_store: Store) -> None:
    """Ten minutes before: hashtag and mentions; with each question its conversation; after the grace none."""
    starts = datetime.now(UTC) + timedelta(minutes=10, seconds=0.7)
    debate_id = planned(sqlite_store, starts=starts.replace(microsecond=0) + timedelta(seconds=1))
    async with listening(x, sqlite_store, debate_id=debate_id, live=False) as bot:
        assert (bot.tags(), len(x.asked("stream"))) == ([], 0)
        await until(lambda: bot.tags() == ["tertulia:coral", "tertulia@"])
        await until(lambda: bot.ears.stream.live)
        open_up(sqlite_store, debate_id, datetime.now(UTC))
        for number in (1, 2):
            await bot.ask(minute=2 * number)
            await until(partial(lambda n: f"tertulia:coral:{n}" in bot.tags(), number))
        await bot.close()
        await until(lambda: bot.tags() == [])
        await until(lambda: not x.live)


async def test_rules_of_a_bot_that_was_killed_are_tidied_up(x: XStandin, sqlite_store: Store) -> None:
    """What an earlier run left at X goes; what somebody else put there stays, and is told of."""
    debate_id = planned(sqlite_store, starts=datetime.now(UTC) + timedelta(days=3))
    async with listening(x, sqlite_store, debate_id=debate_id, live=False) as bot:
        client = bot.ears.reconciler._client
        await client.add_rules([Rule("#ayer -is:retweet", "tertulia:ayer"), Rule("#ajeno", "de otro programa")])
        bot.ears.keeper.doubt()
        await until(lambda: bot.tags() == ["de otro programa"])
        await until(lambda: bot.ears.health()["foreign_rules"] == 1)


async def test_rules_that_somebody_took_away_are_put_back(bot: Listening) -> None:
    """X has no rules any more and so no stream for us (409): they are added again, and the stream is back."""
    await bot.ears.reconciler._client.delete_rules([rule.id for rule in bot.x.rules])
    bot.x.disconnect()
    await until(lambda: bot.tags() == ["tertulia:coral", "tertulia@"])
    await until(lambda: bool(bot.x.live))
    assert [409] in [one.answered for one in bot.x.asked("stream")]
    await asyncio.sleep(bot.x.rule_delay + 0.02)
    await bot.x.post("ana", "otra vez #coral")
    await until(lambda: bot.texts() == ["otra vez #coral"])


async def test_rules_that_cannot_be_set_are_tried_again(x: XStandin, sqlite_store: Store) -> None:
    """X would not take a rule: the debate is searched for meanwhile, and the rule is tried again."""
    x.faults.status("change_rules", 503, times=2)
    async with listening(x, sqlite_store, live=False) as bot:
        await x.post("ana", "sin reglas #coral")
        await until(lambda: bot.texts() == ["sin reglas #coral"])
        await until(lambda: bot.tags() == ["tertulia:coral", "tertulia@"])
        await until(lambda: bot.ears.stream.live)


async def test_posts_before_a_rule_is_in_force_are_found_by_search(x: XStandin, sqlite_store: Store) -> None:
    """X takes its seconds over a rule: nothing comes by the stream meanwhile, and nothing is missing."""
    x.rule_delay = 3.0
    debate_id = opened(sqlite_store)
    async with listening(x, sqlite_store, debate_id=debate_id, tempo=searching(up=0.3), live=False) as bot:
        await until(lambda: bot.ears.stream.live)
        await x.post("ana", "demasiado pronto #coral")
        await until(lambda: bot.texts() == ["demasiado pronto #coral"])
        assert [one.lines for one in x.connections] == [0]


# --- afterwards ------------------------------------------------------------------------------------------------------


async def test_after_the_close_there_are_four_looks_more_and_then_none(bot: Listening) -> None:
    """Late edits are found; nothing is asked once the last look is taken."""
    ident = await bot.x.post("ana", "hasta luego #coral")
    await until(lambda: len(bot.texts()) == 1)
    await asyncio.sleep(0.05)
    tempo = bot.ears.reconciler._rhythm
    await bot.close()
    bot.x.edit(ident, "hasta siempre #coral")
    await until(lambda: bot.ears.reconciler.counts.sweeps == len(tempo.sweeps))
    assert bot.texts() == ["hasta siempre #coral"]
    asked = len(bot.x.asked("search"))
    await asyncio.sleep(0.4)
    assert len(bot.x.asked("search")) == asked


async def test_what_is_said_after_the_grace_is_not_in_the_log(bot: Listening) -> None:
    """The looks after the close find it, and the debate does not take it."""
    await bot.close(ago=0.1)
    await bot.x.post("ana", "llego tarde #coral")
    await until(lambda: bot.ears.reconciler.counts.sweeps == 3)
    assert bot.texts() == []


async def test_a_gap_that_search_never_covered_stays_on_record(bot: Listening) -> None:
    """Search does not come back: the debate is over, the gap is not."""
    await silenced(bot)
    bot.x.faults.status("search", 503, times=1_000)
    await bot.close()
    await until(lambda: bot.ears.reconciler.counts.failures > 2)
    assert bot.gaps() == [False]
    assert bot.look(lambda tx: [one.place for one in listen.unheard(tx, Platform.X)]) == ["coral"]
