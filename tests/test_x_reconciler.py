"""Search beside the stream: what the one misses the other brings, and a gap closes only when it has been asked."""

import asyncio
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import NoReturn

import pytest

from bot import errors
from bot.store import debates
from bot.store.engine import Store
from bot.tables import Gap
from handlers.x.refused import Kind, XRefused

from tests.standin_x.server import XStandin
from tests.waiting import until
from tests.x_listening import Listening, bot, closed, listening, open_up, opened, planned, searching, silenced, x

__all__ = ["bot", "x"]


def gap_rows(bot: Listening) -> list[Gap]:
    """The gaps of the debate, oldest first."""
    return bot.look(lambda tx: list(debates.gaps(tx, bot.debate_id)))


# --- when it is asked ------------------------------------------------------------------------------------------------


async def test_search_is_asked_at_once_after_every_connection(bot: Listening, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was said while the line was down is there as soon as the line is, long before a search would be due."""
    monkeypatch.setattr(bot.x.hub, "publish", lambda _post: None)
    for number in range(1, 4):
        await bot.x.post("ana", f"mensaje {number} #coral")
        await asyncio.sleep(bot.x.search_lag + 0.02)
        bot.x.disconnect()
        await until(partial(lambda n: len(bot.texts()) == n, number))
    assert bot.texts() == ["mensaje 1 #coral", "mensaje 2 #coral", "mensaje 3 #coral"]


async def test_search_goes_on_while_the_stream_is_down(bot: Listening) -> None:
    """Every post of a long silence is found, one after the other, and the gap stays open."""
    await silenced(bot)
    for number in range(3):
        await bot.x.post("ana", f"mensaje {number} #coral")
        await until(partial(lambda n: len(bot.texts()) == n, number + 1))
    assert (bot.texts(), bot.gaps()) == (["mensaje 0 #coral", "mensaje 1 #coral", "mensaje 2 #coral"], [False])


async def test_search_is_asked_now_and_then_while_the_stream_is_up(
    x: XStandin, sqlite_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A post that the stream never brought is found without any trouble on the line."""
    async with listening(x, sqlite_store, tempo=searching(up=0.2)) as bot:
        monkeypatch.setattr(x.hub, "publish", lambda _post: None)
        await x.post("ana", "perdido por el camino #coral")
        await until(lambda: bot.texts() == ["perdido por el camino #coral"])
        assert bot.gaps() == []


async def test_a_quiet_stream_is_searched_for_no_oftener_than_planned(bot: Listening) -> None:
    """While the stream is up a search waits for its two minutes."""
    await asyncio.sleep(0.5)
    assert bot.ears.reconciler.counts.searches <= 2


# --- gaps ------------------------------------------------------------------------------------------------------------


async def test_a_gap_begins_at_the_last_byte_and_ends_when_x_is_heard(bot: Listening) -> None:
    """From the last sign of life to the new connection; closed by a search that began later than that and the lag."""
    before = bot.ears.stream.last_byte
    await until(lambda: bot.ears.stream.last_byte != before)  # a sign of life since the debate is open
    await silenced(bot)
    last_byte = bot.ears.stream.last_byte
    bot.x.faults.clear()
    await until(bot.covered)
    (gap,) = gap_rows(bot)
    assert gap.to_at is not None and gap.closed_at is not None
    assert gap.from_at == last_byte
    assert gap.from_at < gap.to_at <= gap.closed_at


async def test_a_gap_that_is_open_begins_where_something_was_missed_before(x: XStandin, sqlite_store: Store) -> None:
    """A post from before the line broke is told late that it could not be kept: the gap begins with it."""
    async with listening(x, sqlite_store, debate_id=opened(sqlite_store)) as bot:
        await until(bot.covered)
        await silenced(bot)
        earlier = gap_rows(bot)[-1].from_at - timedelta(milliseconds=50)
        bot.ears.reconciler.lost(earlier)  # nothing came then, as far as anybody knows
        await asyncio.sleep(0.1)
        assert gap_rows(bot)[-1].from_at > earlier
        bot.ears.reconciler.missed(earlier)
        await until(lambda: gap_rows(bot)[-1].from_at == earlier)
        assert bot.gaps() == [True, False]


async def test_a_search_that_fails_closes_nothing(bot: Listening) -> None:
    """The line is back and search is not: the gap stays open until search has answered."""
    await bot.x.post("ana", "antes #coral")
    await until(lambda: len(bot.texts()) == 1)
    bot.x.faults.status("search", 503, times=1_000)
    bot.x.faults.close_after(0)
    bot.x.disconnect()
    await until(lambda: bot.ears.stream.live and bot.gaps() == [False])
    await asyncio.sleep(0.8)
    assert bot.gaps() == [False]
    bot.x.faults.clear()
    await until(bot.covered)


async def test_search_lags_and_the_gap_waits_for_it(x: XStandin, sqlite_store: Store) -> None:
    """Search does not know a post yet when the line is back: a later search finds it, and only that closes the gap."""
    x.search_lag = 0.6
    async with listening(x, sqlite_store, tempo=searching(lag=0.9)) as bot:
        x.faults.cut_line()
        await x.post("ana", "tardío #coral")
        await until(lambda: bot.ears.reconciler.counts.searches == 2 and bot.ears.stream.live)
        assert (bot.texts(), bot.gaps()) == ([], [False])
        await until(bot.covered)
        assert bot.texts() == ["tardío #coral"]


async def test_a_bot_that_was_away_has_a_gap_and_fetches_it(x: XStandin, store: Store) -> None:
    """Killed in the middle of a debate: what was said meanwhile is fetched, and the gap says when nobody listened."""
    debate_id = opened(store)
    async with listening(x, store, debate_id=debate_id) as bot:
        await x.post("ana", "antes #coral")
        await until(lambda: bot.texts() == ["antes #coral"] and False not in bot.gaps())
    await x.post("ana", "mientras tanto #coral")
    async with listening(x, store, debate_id=debate_id) as bot:
        await until(lambda: bot.texts() == ["antes #coral", "mientras tanto #coral"])
        await until(lambda: len(bot.gaps()) > 1 and bot.covered())


async def test_a_debate_that_opens_while_x_is_away_has_its_gap_from_the_opening(
    x: XStandin, sqlite_store: Store
) -> None:
    """Nobody listened before, but a debate that had not begun misses nothing."""
    x.faults.status("stream", 503, times=1_000)
    debate_id = planned(sqlite_store, starts=datetime.now(UTC) + timedelta(minutes=5))
    async with listening(x, sqlite_store, debate_id=debate_id, live=False) as bot:
        await asyncio.sleep(0.1)
        assert bot.gaps() == []
        now = datetime.now(UTC)
        open_up(sqlite_store, debate_id, now)
        await until(lambda: bot.gaps() == [False])
        assert gap_rows(bot)[0].from_at == now


async def test_a_debate_that_was_over_before_x_could_be_reached_is_fetched(x: XStandin, sqlite_store: Store) -> None:
    """The bot was there and X was not, from before the opening until hours after the close."""
    debate_id, ended = opened(sqlite_store, ago=4 * 3600), datetime.now(UTC) - timedelta(hours=2)
    sqlite_store.write(partial(closed, debate_id=debate_id, at=ended))
    await x.post("ana", "nadie lo oyó #coral", at=datetime.now(UTC) - timedelta(hours=3))
    away = datetime.now(UTC) - timedelta(hours=5)
    async with listening(x, sqlite_store, debate_id=debate_id, live=False, away_since=away) as bot:
        await until(lambda: bot.texts() == ["nadie lo oyó #coral"] and bot.covered())
        (gap,) = gap_rows(bot)
        assert (gap.to_at, gap.from_at < ended - timedelta(minutes=119)) == (ended, True)


async def test_a_debate_that_was_heard_is_not_read_again_at_every_start(x: XStandin, sqlite_store: Store) -> None:
    """It closed two hours ago, and X can be reached: nothing is asked, and nothing is paid for once more."""
    debate_id, ended = opened(sqlite_store, ago=4 * 3600), datetime.now(UTC) - timedelta(hours=2)
    sqlite_store.write(partial(closed, debate_id=debate_id, at=ended))
    async with listening(x, sqlite_store, debate_id=debate_id, live=False, away_since=datetime.now(UTC)) as bot:
        await asyncio.sleep(0.3)
        assert (x.asked("search"), bot.gaps()) == ([], [])


async def test_a_debate_that_ends_while_x_is_away_is_fetched_afterwards(bot: Listening) -> None:
    """Its gap ends with it, and the first search that answers after that closes it."""
    await silenced(bot)
    bot.x.faults.status("search", 503, times=1_000)
    await bot.x.post("ana", "al final #coral")
    await asyncio.sleep(0.05)
    ended = await bot.close()
    await until(lambda: gap_rows(bot)[0].to_at == ended)
    assert (bot.texts(), bot.gaps()) == ([], [False])
    bot.x.faults.clear()
    await until(bot.covered)
    assert bot.texts() == ["al final #coral"]


async def test_what_the_database_would_not_take_is_fetched_again(
    bot: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What could not be committed is missed for the stream, not for the log: search brings it when there is room."""
    monkeypatch.setattr(bot.writer, "do", _full)
    await bot.x.post("ana", "sin sitio #coral")
    await until(lambda: bot.ears.hearing.counts.missed == 1)
    assert bot.texts() == []
    monkeypatch.undo()
    await until(lambda: bot.texts() == ["sin sitio #coral"])
    await until(bot.covered)


def _full(_action: object, **_how: bool) -> Awaitable[NoReturn]:
    raise errors.Overloaded


# --- pages -----------------------------------------------------------------------------------------------------------


async def test_all_pages_are_read(x: XStandin, sqlite_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three hundred posts of a silence are three pages, and all of them are in the log."""
    async with listening(x, sqlite_store, live=False) as bot:
        await until(lambda: bot.ears.stream.live)
        monkeypatch.setattr(x.hub, "publish", lambda _post: None)
        for number in range(250):
            await x.post("ana", f"mensaje {number:03} #coral")
        x.disconnect()
        await until(lambda: len(bot.texts()) == 250)
        assert bot.texts() == [f"mensaje {number:03} #coral" for number in range(250)]


async def test_a_token_that_repeats_for_ever_ends_the_search(x: XStandin, sqlite_store: Store) -> None:
    """A page without a new post is the last one, whatever its token says."""
    x.faults.repeat_page_token()
    async with listening(x, sqlite_store) as bot:
        await x.post("ana", "una y otra vez #coral")
        await until(lambda: bot.texts() == ["una y otra vez #coral"])
        x.disconnect()
        await until(bot.covered)
        assert bot.ears.reconciler.counts.failures == 0
        assert bot.ears.reconciler.counts.pages < 20


async def test_a_search_that_breaks_off_begins_anew(bot: Listening, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second page is refused: nothing counts as covered, and the next search reads both."""
    monkeypatch.setattr(bot.x.hub, "publish", lambda _post: None)
    for number in range(120):
        await bot.x.post("ana", f"mensaje {number:03} #coral")
    await asyncio.sleep(0.1)
    failing = _Failing(bot)
    monkeypatch.setattr(bot.ears.reconciler._client, "search", failing.search)
    bot.x.disconnect()
    await until(lambda: failing.refused == 1)
    await until(lambda: len(bot.texts()) == 100)
    assert bot.gaps() == [False]
    await until(lambda: len(bot.texts()) == 120)
    await until(bot.covered)


class _Failing:
    """A client whose first second page is refused."""

    def __init__(self, bot: Listening) -> None:
        self.real = bot.ears.reconciler._client.search
        self.refused = 0

    async def search(self, query: str, *, since_id: str | None = None, next_token: str | None = None) -> object:
        """As the client's own, but once."""
        if next_token is not None and not self.refused:
            self.refused += 1
            raise XRefused(503, Kind.UPSET, "upset")
        return await self.real(query, since_id=since_id, next_token=next_token)


async def test_both_dialects_are_one_log(x: XStandin, sqlite_store: Store) -> None:
    """An answer in the newer names by search is the post that the stream brought in the older ones."""
    async with listening(x, sqlite_store) as bot:
        await x.post("ana", "por la línea #coral")
        await until(lambda: bot.texts() == ["por la línea #coral"])
        x.dialect = "post"
        x.faults.cut_line()
        await x.post("bea", "por la búsqueda #coral")
        await until(lambda: bot.texts() == ["por la línea #coral", "por la búsqueda #coral"])
        assert bot.intake.counts.quarantined == 0


# --- the count -------------------------------------------------------------------------------------------------------


async def test_after_the_last_sweep_x_is_asked_how_many_there_were(bot: Listening) -> None:
    """Once, for half a cent: as many as the log has; what comes after the end is not counted."""
    for number in range(3):
        await bot.x.post("ana", f"mensaje {number} #coral")
    await until(lambda: len(bot.texts()) == 3)
    ended = await bot.close()
    await bot.x.post("bea", "demasiado tarde #coral", at=ended + timedelta(seconds=2))
    await until(lambda: bot.counted() == ["3/3"])
    await asyncio.sleep(0.5)

    assert (len(bot.x.asked("counts")), bot.x.meter.counts["counts"]) == (1, 1)
    assert (bot.counted(), bot.ears.health()["lacking"], bot.notices()) == (["3/3"], 0, [])


async def test_posts_that_nobody_brought_are_told_of(bot: Listening, monkeypatch: pytest.MonkeyPatch) -> None:
    """X counts forty and the log has one: whoever moderates reads it, and the health says how many."""

    async def counts(_query: str, **_between: datetime) -> int:
        return 40

    monkeypatch.setattr(bot.ears.reconciler._client, "counts", counts)
    await bot.x.post("ana", "la única #coral")
    await until(lambda: len(bot.texts()) == 1)
    await bot.close()
    await until(lambda: bot.ears.health()["lacking"] == 39)

    assert bot.notices() == [
        "X cuenta 40 mensajes de «Los corales» y en el registro hay 1: puede que falten 39."
    ]  # fmt: skip


async def test_an_x_that_does_not_count_changes_nothing(bot: Listening) -> None:
    """403 to the count: it is not asked again, and nobody is alarmed."""
    bot.x.faults.status("counts", 403, times=10)
    await bot.close()
    await until(lambda: bool(bot.x.asked("counts")))
    await asyncio.sleep(0.5)

    assert (len(bot.x.asked("counts")), bot.counted(), bot.notices()) == (1, [], [])
