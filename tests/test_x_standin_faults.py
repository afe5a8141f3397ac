"""The troubles that can be laid in the local X, each struck once and counted."""

import asyncio
import json

import aiohttp
import pytest

from tests.standin_x.callers import (
    TAGGED,
    Client,
    RefusalError,
    client,
    line,
    listening,
    refusal,
    session,
    until_end,
    with_rules,
    x,
)
from tests.standin_x.server import XStandin
from tests.waiting import until

__all__ = ["client", "session", "x"]


async def test_lines_are_cut_in_the_middle(x: XStandin, client: Client, session: aiohttp.ClientSession) -> None:
    """Half a line and then the end, of the answer or of the connection."""
    await with_rules(x, client, TAGGED)
    x.faults.cut_line()
    async with listening(x, session) as lines:
        await x.post("ana", "uno #meetalfaro")
        half = await until_end(lines)
    x.faults.cut_line(clean=False)
    async with listening(x, session) as lines:
        await x.post("ana", "uno #meetalfaro")
        broken = await until_end(lines)

    assert [part[:9] for part in half] == [b'{"data":{']
    with pytest.raises(json.JSONDecodeError):
        json.loads(half[0])
    assert broken == [b"broken"]
    assert x.faults.fired == {"cut_line": 2}
    assert x.meter.counts == {}


async def test_silence_is_an_open_connection_that_says_nothing(
    x: XStandin, client: Client, session: aiohttp.ClientSession
) -> None:
    """Neither lines nor keep-alives come, and the next connection is a good one."""
    await with_rules(x, client, TAGGED)
    async with listening(x, session) as lines:
        x.faults.silence()
        await until(lambda: x.faults.fired["silence"])
        await x.post("ana", "uno #meetalfaro")
        said = x.connections[0].keep_alives
        await asyncio.sleep(0.15)
        assert (lines.qsize(), x.connections[0].keep_alives) == (0, said)
    await until(lambda: not x.live)
    async with listening(x, session) as lines:
        await x.post("ana", "dos #meetalfaro")
        assert (await line(lines))["data"]["text"] == "dos #meetalfaro"


async def test_connections_close_after_some_lines(x: XStandin, client: Client, session: aiohttp.ClientSession) -> None:
    """200 and then the end: at once, or after so many lines; then X is well again."""
    await with_rules(x, client, TAGGED)
    x.faults.close_after(0)
    x.faults.close_after(1)
    async with listening(x, session) as lines:
        assert await until_end(lines) == []
    async with listening(x, session) as lines:
        await x.post("ana", "uno #meetalfaro")
        assert len(await until_end(lines)) == 1
    async with listening(x, session) as lines:
        await x.post("ana", "dos #meetalfaro")
        await x.post("ana", "tres #meetalfaro")
        assert [(await line(lines))["data"]["text"] for _ in range(2)] == ["dos #meetalfaro", "tres #meetalfaro"]
    assert x.faults.fired == {"close_after": 2}


async def test_x_announces_that_it_disconnects(x: XStandin, client: Client, session: aiohttp.ClientSession) -> None:
    """A line with the kind of disconnect, then the end; and the end without a word."""
    await with_rules(x, client, TAGGED)
    x.faults.operational_disconnect()
    async with listening(x, session) as lines:
        await x.post("ana", "uno #meetalfaro")
        await line(lines)
        last = json.loads((await until_end(lines))[0])
    async with listening(x, session) as lines:
        x.disconnect()
        assert await until_end(lines) == []

    assert [error["disconnect_type"] for error in last["errors"]] == ["UpstreamOperationalDisconnect"]


async def test_readers_that_are_too_slow_are_cut(x: XStandin, client: Client, session: aiohttp.ClientSession) -> None:
    """What waited for them is lost, and the last line says why."""
    x.hub.most_waiting = 3
    await with_rules(x, client, TAGGED)
    async with listening(x, session) as lines:
        post = await x.post("ana", "cero #meetalfaro", heard=False)
        for number in range(4):
            x.edit(post, f"{number} #meetalfaro")
        said = [json.loads(part) for part in await until_end(lines)]

    assert [error["disconnect_type"] for each in said for error in each["errors"]] == ["SlowReader"]


async def test_strange_lines(x: XStandin, client: Client, session: aiohttp.ClientSession) -> None:
    """A shape of its own, a rule without a tag, a line of two megabytes, twice the same, and the wrong order."""
    await with_rules(x, client, TAGGED)
    async with listening(x, session) as lines:
        x.faults.strange_line(b'{"extra": true}')
        x.faults.rule_without_tag()
        x.faults.duplicate_lines()
        await x.post("ana", "uno #meetalfaro")
        strange, bare, twice = [await line(lines) for _ in range(3)]
        x.faults.reorder(2)
        await x.post("ana", "dos #meetalfaro")
        await x.post("ana", "tres #meetalfaro")
        turned = [(await line(lines))["data"]["text"] for _ in range(2)]

    assert strange == {"extra": True}
    assert bare == twice
    assert bare["matching_rules"] == [{"id": x.rules[0].id}]
    assert turned == ["tres #meetalfaro", "dos #meetalfaro"]
    assert x.faults.fired == {"strange_line": 1, "rule_without_tag": 1, "duplicate_lines": 1, "reorder": 1}


async def test_lines_can_be_longer_than_readers_like(x: XStandin, client: Client) -> None:
    """The whole line comes, whatever its length."""
    await with_rules(x, client, TAGGED)
    x.faults.long_line(2_000_000)
    headers = {"Authorization": f"Bearer {x.bearer}"}
    async with client.session.get(f"{x.url}/2/tweets/search/stream", headers=headers) as response:
        await x.post("ana", "uno #meetalfaro")
        raw = b""
        async with asyncio.timeout(5):
            while not raw.endswith(b"}\r\n"):
                raw += await response.content.readany()

    assert len(raw) > 2_000_000
    assert json.loads(raw)["data"]["text"] == "uno #meetalfaro"


@pytest.mark.parametrize(
    ("lay", "status", "starts"),
    [
        (lambda faults: faults.status("search", 500), 500, '{"title": "Trouble"'),
        (lambda faults: faults.status("search", 429, "capped"), 429, '{"account_id": 1'),
        (lambda faults: faults.status("*", 429, "rate-bare"), 429, '{"title": "Too Many Requests"'),
        (lambda faults: faults.html_503("search"), 503, "<html>"),
        (lambda faults: faults.empty_503(), 503, ""),
        (lambda faults: faults.credits_gone(times=1), 402, '{"title": "Payment Required"'),
        (lambda faults: faults.credits_gone(old=True, times=1), 402, '{"title": "CreditsDepleted"'),
    ],
)
async def test_answers_of_trouble(x: XStandin, client: Client, lay: object, status: int, starts: str) -> None:
    """Each body with its status, once; other routes are well."""
    assert callable(lay)
    lay(x.faults)
    if x.faults.laid[0].route == "search":
        await client.get_users(ids=["1"])
    url, headers = f"{x.url}/2/tweets/search/recent?query=hola", {"Authorization": f"Bearer {x.bearer}"}
    async with client.session.get(url, headers=headers) as answer:
        text = await answer.text()
    async with client.session.get(url, headers=headers) as well:
        assert well.status == 200

    assert answer.status == status
    assert text[: len(starts)] == starts
    assert (text == "") is (starts == "")
    assert ("x-rate-limit-remaining" in answer.headers) is (status == 402)
    assert x.faults.laid == []


async def test_credits_that_are_gone_stay_gone(x: XStandin, client: Client) -> None:
    """402 for every call, also once the bill has reached the limit; then nothing more is billed."""
    x.spend_limit = 0.015
    await client.create_tweet(text="P1")
    refused = [await refusal(client.create_tweet(text="P2")), await refusal(client.get_me())]
    x.spend_limit = None
    x.faults.credits_gone()
    refused += [await refusal(client.search_recent_tweets("hola")), await refusal(client.get_me())]

    assert [each.status for each in refused] == [402] * 4
    assert x.meter.usd == 0.015


async def test_posts_are_stored_and_not_answered_for(x: XStandin, client: Client) -> None:
    """The connection breaks, or nothing ever comes: after the post was stored, or before."""
    x.faults.drop_after_store()
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await client.create_tweet(text="P1")
    x.faults.drop_before_store()
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await client.create_tweet(text="P2")
    x.faults.hang_after_store()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(client.create_tweet(text="P3"), 0.1)
    x.faults.hang("create")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(client.create_tweet(text="P4"), 0.1)

    assert [post.text for post in x.posts] == ["P1", "P3"]
    assert [request.status for request in x.asked("create")] == [0, 0, 0, 0]
    assert sum(x.faults.fired.values()) == 4


async def test_page_tokens_may_repeat_for_ever(x: XStandin, client: Client) -> None:
    """The last page leads to itself, as often as one asks."""
    posted = [await x.post("ana", f"R{number} #meetalfaro") for number in range(12)]
    x.faults.repeat_page_token()
    token, pages = None, []
    for _ in range(4):
        page = await client.search_recent_tweets("#meetalfaro", next_token=token)
        token = page["meta"]["next_token"]
        pages.append([post["id"] for post in page["data"]])

    assert pages == [posted[:1:-1], posted[1::-1], posted[1::-1], posted[1::-1]]
    assert x.faults.fired == {"repeat_page_token": 3}


async def test_too_many_connections_can_be_laid(x: XStandin, client: Client, session: aiohttp.ClientSession) -> None:
    """As if an old connection was still counted, so many times."""
    await with_rules(x, client, TAGGED)
    x.faults.too_many_connections(2)
    for _ in range(2):
        with pytest.raises(RefusalError) as refused:
            await listening(x, session).__aenter__()
        assert refused.value.body["connection_issue"] == "TooManyConnections"
    async with listening(x, session):
        assert len(x.connections) == 1
