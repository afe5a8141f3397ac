"""Search beside the stream: what the one misses the other brings, and a gap closes only when it has been asked."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import NoReturn

import pytest

from bot import errors
from bot.actions import listen
from bot.ports import Platform
from bot.store import debates
from bot.store.engine import Store
from bot.tables import Gap
from handlers.x.client import Page, Rule
from handlers.x.ears import Tempo
from handlers.x.refused import Kind, XRefused

from tests.standin_x.server import XStandin
from tests.x_listening import HASTY, Listening, listening, open_up, opened, planned, until


@pytest.fixture
async def x() -> AsyncIterator[XStandin]:
    """An X where Ana and Bea post."""
    async with XStandin(keep_alive=0.1) as standin:
        standin.person("Ana", "ana")
        standin.person("Bea", "bea")
        yield standin


@pytest.fixture
async def bot(x: XStandin, sqlite_store: Store) -> AsyncIterator[Listening]:
    """Ears on the stream, with a debate open at #coral."""
    async with listening(x, sqlite_store) as ears:
        yield ears


def searching(*, up: float = HASTY.search.up, lag: float = HASTY.search.lag) -> Tempo:
    """The hasty tempo with another rhythm of searching."""
    return replace(HASTY, search=replace(HASTY.search, up=up, lag=lag))


def gap_rows(bot: Listening) -> list[Gap]:
    """The gaps of the debate, oldest first."""
    return bot.look(lambda tx: list(debates.gaps(tx, bot.debate_id)))


async def deaf(bot: Listening) -> None:
    """The stream is refused from now on, and the log knows it."""
    bot.x.faults.status("stream", 503, times=1_000)
    bot.x.disconnect()
    await until(lambda: bot.gaps()[-1:] == [False])


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
    await deaf(bot)
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
    await deaf(bot)
    last_byte = bot.ears.stream.last_byte
    bot.x.faults.clear()
    await until(bot.covered)
    (gap,) = gap_rows(bot)
    assert gap.to_at is not None and gap.closed_at is not None
    assert gap.from_at == last_byte
    assert gap.from_at < gap.to_at <= gap.closed_at


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


async def test_a_debate_that_ends_while_x_is_away_is_fetched_afterwards(bot: Listening) -> None:
    """Its gap ends with it, and the first search that answers after that closes it."""
    await deaf(bot)
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


def _full(_action: object) -> Awaitable[NoReturn]:
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
        await until(lambda: len(bot.texts()) == 250, 8)
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


# --- what is found ---------------------------------------------------------------------------------------------------


async def test_answers_without_the_hashtag_are_found_by_what_they_answer(bot: Listening) -> None:
    """Reply, nested reply, quote, mention: by stream or by search, each stands in the log once."""
    question = await bot.ask()
    await until(lambda: "tertulia:coral:1" in bot.tags())
    reply = await bot.x.post("ana", "una respuesta", reply_to=question)
    await bot.x.post("bea", "una respuesta a la respuesta", reply_to=reply)
    await bot.x.post("bea", "una cita", quotes=question)
    await bot.x.post("ana", f"hola @{bot.x.me.username}")
    await bot.x.post("ana", "nada que ver")
    await asyncio.sleep(0.1)
    bot.x.disconnect()
    expected = {"una respuesta", "una respuesta a la respuesta", "una cita", f"hola @{bot.x.me.username}"}
    await until(lambda: {text.removeprefix(f"@{bot.x.me.username} ") for text in bot.texts()} == expected)
    assert len(bot.rows()) == 4


async def test_an_edit_nobody_heard_is_found(bot: Listening) -> None:
    """Edited while the line was down: one message, in its newest words."""
    ident = await bot.x.post("ana", "con una errta #coral")
    await until(lambda: bot.texts() == ["con una errta #coral"])
    await deaf(bot)
    bot.x.edit(ident, "con una errata #coral")
    await until(lambda: bot.texts() == ["con una errata #coral"])
    assert len(bot.rows()) == 1


async def test_a_withheld_post_leaves_its_place_and_no_word(bot: Listening) -> None:
    """X does not want it shown everywhere: it stands in the log as deleted."""
    await deaf(bot)
    ident = await bot.x.post("ana", "retenido #coral")
    bot.x.withhold(ident, "DE")
    await until(lambda: len(bot.rows()) == 1)
    (row,) = bot.rows()
    assert (row.text, row.author, row.deleted_at is not None) == ("", "", True)


async def test_who_opts_out_stays_out_however_often_search_brings_them(x: XStandin, sqlite_store: Store) -> None:
    """What Ana had said is gone, and neither a search nor a restart brings it back."""
    debate_id = opened(sqlite_store)
    async with listening(x, sqlite_store, debate_id=debate_id) as bot:
        await x.post("ana", "digo algo #coral")
        await x.post("bea", "yo también #coral")
        await until(lambda: len(bot.texts()) == 2)
        await x.post("ana", f"@{x.me.username} STOP")
        await until(lambda: bot.texts() == ["yo también #coral"])
    async with listening(x, sqlite_store, debate_id=debate_id) as bot:
        await x.post("ana", "sigo hablando #coral")
        await x.post("bea", "hasta luego #coral")
        await until(lambda: bot.texts() == ["yo también #coral", "hasta luego #coral"] and bot.covered())
        assert bot.texts() == ["yo también #coral", "hasta luego #coral"]


async def test_a_strange_post_of_a_search_is_kept_once(
    x: XStandin, sqlite_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Search brings it at every look; one row of the quarantine is enough, and the others are in the log."""
    async with listening(x, sqlite_store, tempo=searching(up=0.1)) as bot:
        strange = _Strange(bot)
        monkeypatch.setattr(bot.ears.reconciler._client, "search", strange.search)
        await x.post("ana", "normal #coral")
        await until(lambda: bot.texts() == ["normal #coral"])
        searches = bot.ears.reconciler.counts.searches
        await until(lambda: bot.ears.reconciler.counts.searches > searches + 3)
        assert (sorted(bot.inbox().values()), bot.intake.counts.quarantined) == (["done", "quarantined"], 1)


class _Strange:
    """A client whose every page has a post without an author."""

    def __init__(self, bot: Listening) -> None:
        self.real = bot.ears.reconciler._client.search

    async def search(self, query: str, *, since_id: str | None = None, next_token: str | None = None) -> Page:
        """As the client's own, and one post more."""
        page = await self.real(query, since_id=since_id, next_token=next_token)
        return replace(page, posts=[{"id": "1900000000000000001", "text": "nadie"}, *page.posts])


async def test_what_stream_and_search_both_bring_is_paid_for_and_logged_once(bot: Listening) -> None:
    """Each post is one row; X's own meter counts each once a day."""
    for number in range(5):
        await bot.x.post("ana", f"mensaje {number} #coral")
    await until(lambda: len(bot.texts()) == 5)
    bot.x.disconnect()
    await until(bot.covered)
    assert len(bot.rows()) == 5
    assert len(set(bot.billed)) == 5


# --- trouble ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["html", "empty", ""])
async def test_an_upset_search_is_asked_again(bot: Listening, kind: str) -> None:
    """503 in all its forms: again a little later, and nothing is missing."""
    bot.x.faults.status("search", 503, kind, times=4)
    bot.x.faults.cut_line()
    await bot.x.post("ana", "a la tercera #coral")
    await until(lambda: bot.texts() == ["a la tercera #coral"])
    assert bot.ears.reconciler.counts.failures >= 1


async def test_a_full_window_is_waited_for(bot: Listening) -> None:
    """429: not asked again before the window is open, and the stream goes on meanwhile."""
    bot.x.faults.status("search", 429, "rate", times=1)
    bot.x.disconnect()
    await until(lambda: bot.ears.reconciler.refused is not None)
    asked = len(bot.x.asked("search"))
    await until(lambda: bool(bot.x.live) and bot.ears.stream.live)
    await bot.x.post("ana", "por la línea #coral")
    await until(lambda: bot.texts() == ["por la línea #coral"])
    assert len(bot.x.asked("search")) == asked


async def test_a_search_that_never_answers_delays_nobody(x: XStandin, sqlite_store: Store) -> None:
    """Search hangs: the stream is heard, the rules are kept, the gap is on record."""
    async with listening(x, sqlite_store) as bot:
        x.faults.hang("search", times=1_000)
        x.disconnect()
        await until(lambda: len(x.live) == 1 and bot.gaps() == [False])
        await x.post("ana", "por la línea #coral")
        await until(lambda: bot.texts() == ["por la línea #coral"])
        await bot.ask()
        await until(lambda: "tertulia:coral:1" in bot.tags())


async def test_search_that_is_forbidden_leaves_the_stream(bot: Listening) -> None:
    """403 for search: said so in the health, the stream goes on, and asked again now and then."""
    bot.x.faults.status("search", 403, times=1)
    bot.x.disconnect()
    await until(lambda: bot.ears.reconciler.refused is not None)
    assert bot.ears.health()["ok"] is False
    await until(lambda: bool(bot.x.live) and bot.ears.stream.live)
    await bot.x.post("ana", "por la línea #coral")
    await until(lambda: bot.texts() == ["por la línea #coral"])
    await until(bot.covered)


async def test_credit_that_ends_in_a_search_ends_everything(bot: Listening) -> None:
    """402 to a search: the stream is closed as well."""
    bot.x.faults.status("search", 402, "credits", times=1)
    bot.ears.reconciler.soon()
    await until(lambda: bot.ears.halted != "")
    await until(lambda: not bot.x.live)
    assert bot.ears.stream.live is False


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
    await deaf(bot)
    bot.x.faults.status("search", 503, times=1_000)
    await bot.close()
    await until(lambda: bot.ears.reconciler.counts.failures > 2)
    assert bot.gaps() == [False]
    assert bot.look(lambda tx: [one.place for one in listen.unheard(tx, Platform.X)]) == ["coral"]
