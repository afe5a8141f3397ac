"""The local X answers tweepy as X does, and refuses what X refuses."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from oauthlib.oauth1 import Client as Signer
from tweepy.asynchronous import AsyncClient
from yarl import URL

from tests.standin_x.server import XStandin

FIELDS = "author_id,conversation_id,created_at,edit_history_tweet_ids,entities,note_tweet,referenced_tweets"
Json = dict[str, Any]


class RefusalError(Exception):
    """An answer other than 2xx."""

    def __init__(self, status: int, body: Json) -> None:
        super().__init__(status, body)
        self.status = status
        self.body = body


class Client(AsyncClient):  # type: ignore[misc] # tweepy ships no types
    """Tweepy's client on the stand-in: the same signing, another host, errors with their bodies."""

    def __init__(self, x: XStandin, session: aiohttp.ClientSession) -> None:
        super().__init__(x.bearer, *x.keys, return_type=dict)
        self.base = x.url
        self.session = session

    async def request(
        self, method: str, route: str, params: Any = None, json: Any = None, user_auth: bool = False
    ) -> aiohttp.ClientResponse:
        """The answer of the stand-in, read; `RefusalError` when it is not 2xx."""
        url = URL(self.base + route).with_query(sorted((params or {}).items()))
        headers = {"Authorization": f"Bearer {self.bearer_token}"}
        if user_auth:
            keys = (self.consumer_key, self.consumer_secret, self.access_token, self.access_token_secret)
            signed, headers, _ = Signer(*keys).sign(str(url), method)
            before, mark, query = signed.partition("?")
            url = URL(before + mark + query.replace(":", "%3A"), encoded=True)
        async with self.session.request(method, url, json=json, headers=headers) as response:
            await response.read()
        if not response.ok:
            raise RefusalError(response.status, await response.json(content_type=None))
        return response


@pytest.fixture
async def x() -> AsyncIterator[XStandin]:
    """A started X with Ana and Bea on it."""
    async with XStandin() as started:
        started.person("Ana", "ana")
        started.person("Bea", "bea")
        yield started


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """One session for the whole test."""
    async with aiohttp.ClientSession() as opened:
        yield opened


@pytest.fixture
def client(x: XStandin, session: aiohttp.ClientSession) -> Client:
    """Tweepy with the right keys."""
    return Client(x, session)


async def refusal(call: Any) -> RefusalError:
    """What the call was refused with."""
    with pytest.raises(RefusalError) as refused:
        await call
    return refused.value


@asynccontextmanager
async def listening(x: XStandin, session: aiohttp.ClientSession, **query: str) -> AsyncIterator[asyncio.Queue[bytes]]:
    """The stream is open, and its lines (keep-alives left out) arrive in the queue; `b""` is its end."""
    lines: asyncio.Queue[bytes] = asyncio.Queue()

    async def read(response: aiohttp.ClientResponse) -> None:
        try:
            async for line in response.content:
                if line.strip():
                    lines.put_nowait(line)
        finally:
            lines.put_nowait(b"")

    headers = {"Authorization": f"Bearer {x.bearer}"}
    async with session.get(f"{x.url}/2/tweets/search/stream", params=query, headers=headers) as response:
        assert response.status == 200, await response.text()
        reading = asyncio.create_task(read(response))
        try:
            yield lines
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)


async def with_rules(x: XStandin, client: Client, *rules: Json) -> None:
    """The rules are in force."""
    await client._make_request("POST", "/2/tweets/search/stream/rules", json={"add": list(rules)})
    await asyncio.sleep(x.rule_delay + 0.01)


async def line(lines: "asyncio.Queue[bytes]") -> Json:
    """The next line of the stream."""
    found: Json = json.loads(await asyncio.wait_for(lines.get(), 2))
    return found


async def until(true: Callable[[], object]) -> None:
    """It has become true within two seconds."""
    async with asyncio.timeout(2):
        while not true():  # noqa: ASYNC110 - what is waited for has no event of its own
            await asyncio.sleep(0.005)


async def test_application_tokens_read_and_do_not_write(x: XStandin, client: Client) -> None:
    """The bearer token searches; posting with it is forbidden in X's words, and nothing is stored."""
    refused = await refusal(client.create_tweet(text="hola", user_auth=False))

    assert (refused.status, refused.body["title"]) == (403, "Unsupported Authentication")
    assert x.posts == []
    assert (await client.search_recent_tweets("#meetalfaro"))["meta"] == {"result_count": 0}


async def test_signatures_are_verified(x: XStandin, client: Client) -> None:
    """A signature of the right keys posts; one wrong secret is 401."""
    made = await client.create_tweet(text="P1. ¿Qué perfil? #MeetAlfaro")
    client.access_token_secret = "another"
    refused = await refusal(client.create_tweet(text="P2"))

    assert made["data"]["text"] == "P1. ¿Qué perfil? #MeetAlfaro"
    assert [post.id for post in x.posts] == [made["data"]["id"]]
    assert refused.status == 401


async def test_stream_carries_what_a_rule_wants(x: XStandin, client: Client, session: aiohttp.ClientSession) -> None:
    """A line has the post in the fields asked for and the rule with its tag."""
    await with_rules(x, client, {"value": "#meetalfaro -is:retweet", "tag": "c1:tag"})
    async with listening(x, session, **{"tweet.fields": FIELDS}) as lines:
        await until(lambda: x.live)
        await x.post("ana", "sin etiqueta")
        wanted = await x.post("ana", "R1 Uno con estudios & ganas #MeetAlfaro")
        heard = await line(lines)

    assert heard["data"]["id"] == wanted
    assert heard["data"]["text"] == "R1 Uno con estudios &amp; ganas #MeetAlfaro"
    assert heard["matching_rules"] == [{"id": x.rules[0].id, "tag": "c1:tag"}]


async def test_search_lags(x: XStandin, client: Client) -> None:
    """Search knows a post some time after it was posted."""
    x.search_lag = 0.2
    posted = await x.post("ana", "R1 hola #meetalfaro")
    at_once = await client.search_recent_tweets("#MeetAlfaro")
    await asyncio.sleep(0.25)
    later = await client.search_recent_tweets("#MeetAlfaro")

    assert at_once["meta"]["result_count"] == 0
    assert [post["id"] for post in later["data"]] == [posted]


async def test_people_and_posts_are_looked_up(x: XStandin, client: Client) -> None:
    """What is there comes as data, what is not as errors, with HTTP 200."""
    posted = await x.post("ana", "hola")
    found = await client.get_tweets([posted, "12"], tweet_fields=["author_id"])
    people = await client.get_users(ids=["700000000000000002", "13"])
    me = await client.get_me()

    assert [post["author_id"] for post in found["data"]] == ["700000000000000002"]
    assert [error["value"] for error in found["errors"]] == ["12"]
    assert [person["username"] for person in people["data"]] == ["ana"]
    assert [error["value"] for error in people["errors"]] == ["13"]
    assert me["data"] == {"id": x.me.id, "name": "Tertulia", "username": "tertulia_bot"}
