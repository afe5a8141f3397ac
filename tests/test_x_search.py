"""What search finds of a debate, and what becomes of the others where it does not answer."""

import asyncio
from dataclasses import replace

import pytest

from bot.store.engine import Store
from handlers.x.client import Kind, Page, XRefused

from tests.standin_x.server import XStandin
from tests.waiting import until
from tests.x_listening import Listening, bot, listening, opened, searching, silenced, x

__all__ = ["bot", "x"]


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
    await silenced(bot)
    bot.x.edit(ident, "con una errata #coral")
    await until(lambda: bot.texts() == ["con una errata #coral"])
    assert len(bot.rows()) == 1


async def test_a_withheld_post_leaves_its_place_and_no_word(bot: Listening) -> None:
    """X does not want it shown everywhere: it stands in the log as deleted."""
    await silenced(bot)
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


async def test_a_page_in_a_dialect_that_x_does_not_understand_is_asked_for_again(
    x: XStandin, sqlite_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its posts are nobody's and of no time: they do not count as found, and nothing of them is put aside."""
    async with listening(x, sqlite_store, tempo=searching(up=0.1)) as bot:
        monkeypatch.setattr(x.hub, "publish", lambda _post: None)
        silent = _Silent(bot)
        monkeypatch.setattr(bot.ears.reconciler._client, "search", silent.search)
        await x.post("ana", "normal #coral")
        await until(lambda: bot.texts() == ["normal #coral"])
        assert (silent.asked_again, bot.intake.counts.quarantined) == (1, 0)


class _Silent(_Strange):
    """A client whose first page with a post lacks the fields that were asked for."""

    asked_again = 0

    async def search(self, query: str, *, since_id: str | None = None, next_token: str | None = None) -> Page:
        """As the client's own, but once."""
        page = await self.real(query, since_id=since_id, next_token=next_token)
        if not page.posts or self.asked_again:
            return page
        self.asked_again += 1
        bare = [{"id": one["id"], "text": one["text"]} for one in page.posts]
        return replace(page, posts=bare, missing=("author_id", "created_at"))


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


async def test_an_operator_that_x_does_not_know_takes_nothing_else_along(
    bot: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Search has no word for quotes: hashtag and conversation are found, the gap closes, and the health says so."""
    question = await bot.ask()
    await until(lambda: "tertulia:coral:1" in bot.tags())
    strict = _Strict(bot)
    monkeypatch.setattr(bot.ears.reconciler._client, "search", strict.search)
    await silenced(bot)
    await bot.x.post("ana", "con etiqueta #coral")
    await bot.x.post("bea", "sin ella", reply_to=question)
    await until(lambda: [text.rpartition(" ")[2] for text in bot.texts()] == ["#coral", "ella"])
    bot.x.faults.clear()
    await until(bot.covered)

    assert (strict.refused, bot.ears.health()["search_without"]) == (2, ["quotes_of_tweet_id"])


@pytest.mark.parametrize("word", ["#coral", "to:"])
async def test_a_word_that_nothing_can_do_without_keeps_the_gap_open(
    bot: Listening, monkeypatch: pytest.MonkeyPatch, word: str
) -> None:
    """Without the hashtag, or who speaks to us, search has not found it all; the health shows the refusal."""
    monkeypatch.setattr(bot.ears.reconciler._client, "search", _Strict(bot, word).search)
    await silenced(bot)
    bot.x.faults.clear()
    await until(lambda: bot.ears.stream.live and bot.ears.reconciler.counts.failures > 2)

    assert (bot.gaps(), bot.ears.health()["ok"], bot.ears.health()["search_without"]) == ([False], False, [])


class _Strict(_Strange):
    """A client of an X that does not understand every word."""

    def __init__(self, bot: Listening, word: str = "quotes_of_tweet_id") -> None:
        super().__init__(bot)
        self.word = word
        self.refused = 0

    async def search(self, query: str, *, since_id: str | None = None, next_token: str | None = None) -> Page:
        """As the client's own, but for that word."""
        if self.word in query:
            self.refused += 1
            raise XRefused(400, Kind.REFUSED, "Reference to invalid operator")
        return await self.real(query, since_id=since_id, next_token=next_token)


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
