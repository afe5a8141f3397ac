"""The room's stream: what is said reaches every open page, once, also after the line was cut."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import httpx2
import pytest

from bot.actions import after, ask, places, polls, run
from bot.poll import Kind, Planned
from bot.ports import OPERATOR, Actor, House, Platform
from bot.store import debates
from bot.store.engine import Tx
from bot.tables import Debate
from handlers.room import stream
from handlers.room.stream import QUEUE, Hub, Reader

from tests.room_evening import Evening, hear, served, slack_said
from tests.waiting import PATIENCE, until


@dataclass
class Event:
    """One server-sent event."""

    name: str
    id: str
    data: str


class Page:
    """An open page: its events one after the other."""

    def __init__(self, lines: AsyncIterator[str]) -> None:
        """Bind to the lines of a response."""
        self._lines = lines

    async def event(self) -> Event:
        """The next event; raises ``StopAsyncIteration`` at the end of the stream."""
        found = Event("message", "", "")
        async with asyncio.timeout(PATIENCE):
            while True:
                line = await anext(self._lines)
                name, _, value = line.partition(": ")
                if name == "data":
                    found.data += value + "\n"
                elif name == "id":
                    found.id = value
                elif name == "event":
                    found.name = value
                elif not line and found.data:
                    return found


@pytest.fixture
def evening(tmp_path: Path) -> Iterator[Evening]:
    """A debate with its first question asked."""
    made = Evening(tmp_path)
    made.plan()
    yield made
    made.stop()


def client(url: str) -> httpx2.AsyncClient:
    """A browser that follows a debate in Spanish."""
    return httpx2.AsyncClient(base_url=url, headers={"accept-language": "es"}, timeout=10)


async def says(evening: Evening, text: str, seconds: float = 1) -> None:
    """Somebody of the channel says something."""
    await hear(evening, [slack_said(text, name="Marta", at=evening.now + timedelta(seconds=seconds))])


async def test_stream_brings_what_is_said_while_one_looks(evening: Evening) -> None:
    """One message, one event, with the debate's clock as its id."""
    async with served(evening.app) as url, client(url) as http:
        rev = evening.debate().rev
        async with http.stream("GET", f"/d/{evening.slug}/stream?since={rev}") as response:
            page = Page(response.aiter_lines())
            await says(evening, "Recién dicho")
            event = await page.event()
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert (event.id, "Recién dicho" in event.data) == (str(rev + 1), True)


async def test_stream_replays_what_was_missed_and_nothing_else(evening: Evening) -> None:
    """``Last-Event-ID`` says where the line was cut: what came since is sent, what was seen is not."""
    async with served(evening.app) as url, client(url) as http:
        await says(evening, "Visto", 1)
        seen = evening.debate().rev
        await says(evening, "Perdido", 2)
        headers = {"last-event-id": str(seen)}
        async with http.stream("GET", f"/d/{evening.slug}/stream?since=0", headers=headers) as response:
            event = await Page(response.aiter_lines()).event()
    assert ("Perdido" in event.data, "Visto" in event.data) == (True, False)
    assert event.id == str(evening.debate().rev)


@pytest.mark.parametrize("since", ["0", "", "abc", "-5", "99999999"])
async def test_stream_without_a_place_to_go_on_from_asks_for_the_page(evening: Evening, since: str) -> None:
    """A page that cannot say what it has seen is told to load anew, not sent everything."""
    async with (
        served(evening.app) as url,
        client(url) as http,
        http.stream("GET", f"/d/{evening.slug}/stream?since={since}") as response,
    ):
        event = await Page(response.aiter_lines()).event()
    assert (event.name, event.data) == ("reload", "\n")


async def test_stream_notices_what_another_process_did(evening: Evening) -> None:
    """The command line writes past our writer; open pages see it by themselves, long before the next sign of life."""
    async with (
        served(evening.app) as url,
        client(url) as http,
        http.stream("GET", f"/d/{evening.slug}/stream?since={evening.debate().rev}") as response,
    ):
        page = Page(response.aiter_lines())
        await asyncio.sleep(0.05)
        began = time.monotonic()
        await asyncio.to_thread(
            evening.act,
            lambda tx, debate: run.ask_next(
                tx, debate, actor=OPERATOR, now=evening.now + timedelta(minutes=5), really=True
            ),
        )
        event = await page.event()
    assert ('id="q2"' in event.data, time.monotonic() - began < stream.PING_SECONDS / 2) == (True, True)


async def test_stream_ends_with_an_aborted_debate(evening: Evening) -> None:
    """Nothing is left to show: the page loads anew, and says so."""
    async with (
        served(evening.app) as url,
        client(url) as http,
        http.stream("GET", f"/d/{evening.slug}/stream?since={evening.debate().rev}") as response,
    ):
        page = Page(response.aiter_lines())
        await asyncio.sleep(0.05)
        await evening.writer.do(
            lambda tx: run.abort(tx, debates.get(tx, evening.slug), actor=OPERATOR, now=evening.now, really=True)
        )
        event = await page.event()
    assert event.name == "reload"


async def test_moderators_stream_alone_holds_what_is_for_moderators(evening: Evening) -> None:
    """A question proposed is told to those who decide; members see it on the list."""
    rev = evening.debate().rev
    member, moderator = await _two_readers(evening, rev)
    async with served(evening.app):
        await evening.writer.do(
            lambda tx: ask.propose(
                tx, debates.get(tx, evening.slug), "¿Otra?", asker=Actor("slack:U1", "Eva"), now=evening.now
            )
        )
        told, led = await anext(member), await anext(moderator)
    assert (b"\xc2\xbfOtra?" in told, b"Nueva pregunta" in told, b"Nueva pregunta" in led) == (True, False, True)


async def test_stream_says_which_polls_are_open(tmp_path: Path) -> None:
    """Each time one opens or is closed, so that pages fetch it; also where nothing of it is said in the room."""
    evening = Evening(tmp_path, house=House(slack_channel="C0123456"))
    evening.plan(opened=False)
    evening.act(lambda tx, row: places.leave(tx, row, Platform.ROOM, actor=OPERATOR, now=evening.now))
    opened: list[str] = []
    async with served(evening.app) as url, client(url) as http:
        rev = evening.debate().rev
        async with http.stream("GET", f"/d/{evening.slug}/stream?since={rev}") as response:
            page = Page(response.aiter_lines())
            for action in _polls_come_and_go(evening.now):
                evening.act(action)
                opened += re.findall(r'id="now"[^>]*data-polls="([a-z ]*)"', (await page.event()).data)
    assert opened == ["before", "before topic", "topic", "", "pulse", ""]
    evening.stop()


def _polls_come_and_go(now: datetime) -> list[Callable[[Tx, Debate], object]]:
    """One before a debate, one on its subject, and the pulse after it, each opened and closed."""
    asked = Planned("¿Qué te mueve?", ("Aprender", "Un título"))

    def over(tx: Tx, row: Debate) -> None:
        run.open_now(tx, row, actor=OPERATOR, now=now)
        run.close(tx, row, actor=OPERATOR, now=now, house=House())
        run.settle(tx, row, now=now, house=House())

    return [
        lambda tx, row: polls.add(tx, row, asked, kind=Kind.BEFORE, actor=OPERATOR, now=now),
        lambda tx, row: after.choose_topic(tx, row, actor=OPERATOR, now=now),
        lambda tx, row: polls.close(tx, row, Kind.BEFORE, actor=OPERATOR, now=now),
        over,
        lambda tx, row: after.pulse(tx, row, now=now),
        lambda tx, row: polls.close(tx, row, Kind.PULSE, actor=OPERATOR, now=now),
    ]


async def test_whisper_reaches_its_reader_alone(evening: Evening) -> None:
    """What became of Eva's question is in her stream, and in nobody else's."""
    hub: Hub = evening.app.state.hub
    asker = Actor("room:eva", "Eva")
    async with served(evening.app):
        question = await evening.writer.do(
            lambda tx: ask.propose(tx, debates.get(tx, evening.slug), "¿Otra?", asker=asker, now=evening.now).id or 0
        )
        rev = evening.debate().rev
        eva = hub.listen(1, Reader("es", moderator=False), rev, who="eva")
        luis = hub.listen(1, Reader("es", moderator=False), rev, who="luis")
        await anext(eva), await anext(luis)  # how soon to come back
        hers, his = asyncio.ensure_future(anext(eva)), asyncio.ensure_future(anext(luis))
        await asyncio.sleep(0.05)
        await evening.writer.do(
            lambda tx: ask.decline(tx, question, reason="Ya sale", actor=OPERATOR, now=evening.now).id
        )
        found = [b"Motivo: Ya sale" in await hers, b"Motivo: Ya sale" in await his]
    assert found == [True, False]


async def test_name_of_the_debate_does_not_open_the_moderators_ear(evening: Evening) -> None:
    """A member may call themselves like the debate's address; its notices are still not theirs."""
    hub: Hub = evening.app.state.hub
    async with served(evening.app):
        rev = evening.debate().rev
        spy = hub.listen(1, Reader("es", moderator=False), rev, who=evening.slug)
        await anext(spy)
        heard = asyncio.ensure_future(anext(spy))
        await asyncio.sleep(0.05)
        await evening.writer.do(lambda tx: run.hold(tx, debates.get(tx, evening.slug), actor=OPERATOR, now=evening.now))
        assert "El debate está en pausa." not in (await heard).decode()


async def test_slow_page_is_let_go_and_the_others_go_on(evening: Evening) -> None:
    """Who does not read is dropped once too much waits; who reads gets every change."""
    hub: Hub = evening.app.state.hub
    async with served(evening.app):
        rev = evening.debate().rev
        slow = hub.listen(1, Reader("es", moderator=False), rev)
        quick = hub.listen(1, Reader("es", moderator=False), rev)
        await anext(slow), await anext(quick)
        waiting = asyncio.ensure_future(anext(slow))
        first = asyncio.ensure_future(anext(quick))
        await says(evening, "Mensaje 0", 0.1)
        await waiting
        told = (await first).decode()
        for number in range(1, QUEUE + 2):
            await says(evening, f"Mensaje {number}.", number)
            told += (await anext(quick)).decode()
        assert all(f"Mensaje {number}." in told for number in range(1, QUEUE + 2))
        assert (hub.dropped, hub.readers) == (1, 1)
        with pytest.raises(StopAsyncIteration):
            await anext(slow)
        await quick.aclose()
    assert hub.readers == 0


async def test_burst_becomes_few_events_and_loses_nothing(evening: Evening) -> None:
    """Two hundred messages at once are gathered; every one of them arrives."""
    hub: Hub = evening.app.state.hub
    async with served(evening.app):
        rev = evening.debate().rev
        page = hub.listen(1, Reader("es", moderator=False), rev)
        await anext(page)
        first = asyncio.ensure_future(anext(page))
        await asyncio.sleep(0.05)
        await asyncio.gather(*(says(evening, f"Mensaje {number}.", number / 100) for number in range(200)))
        told = (await first).decode()
        while not all(f"Mensaje {number}." in told for number in range(200)):
            async with asyncio.timeout(3):
                told += (await anext(page)).decode()
    assert hub.events < 20


async def test_shutdown_ends_every_stream_at_once(evening: Evening) -> None:
    """A server that stops does not wait for its readers."""
    async with (
        served(evening.app) as url,
        client(url) as http,
        http.stream("GET", f"/d/{evening.slug}/stream?since={evening.debate().rev}") as response,
    ):
        page = Page(response.aiter_lines())
        ending = asyncio.create_task(page.event())
        await asyncio.sleep(0.1)
        began = time.monotonic()
        evening.app.state.hub.close()
        with pytest.raises(StopAsyncIteration):
            await ending
        assert time.monotonic() - began < stream.PING_SECONDS / 2
        after = await http.get(f"/d/{evening.slug}/stream?since=1")
    assert after.text == f"retry: {stream.RETRY_MS}\n\n"


async def test_reader_who_leaves_is_forgotten(evening: Evening) -> None:
    """A closed page costs nothing."""
    hub: Hub = evening.app.state.hub
    async with served(evening.app) as url, client(url) as http:
        async with http.stream("GET", f"/d/{evening.slug}/stream?since={evening.debate().rev}") as response:
            lines = response.aiter_lines()
            await anext(lines)
            await asyncio.sleep(0.05)
            looking = hub.readers
        await until(lambda: not hub.readers)
    assert looking == 1


async def _two_readers(evening: Evening, rev: int) -> tuple[AsyncIterator[bytes], AsyncIterator[bytes]]:
    hub: Hub = evening.app.state.hub
    found = []
    for moderator in (False, True):
        events = hub.listen(1, Reader("es", moderator=moderator), rev)
        await anext(events)
        found.append(events)
    return found[0], found[1]
