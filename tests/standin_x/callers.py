"""Who calls the stand-in in its own tests: tweepy's client pointed at it, and a plain reader of the stream."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from oauthlib.oauth1 import Client as Signer
from tweepy.asynchronous import AsyncClient
from yarl import URL

from tests.standin_x.server import XStandin
from tests.waiting import PATIENCE

FIELDS = (
    "author_id,conversation_id,created_at,edit_controls,edit_history_tweet_ids,entities,in_reply_to_user_id,lang,note_tweet,"
    "public_metrics,referenced_tweets,attachments,withheld"
)
TAGGED = {"value": "#meetalfaro -is:retweet", "tag": "c1:tag"}
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
    """A started X with Ana and Bea on it, whose rules are in force at once, and whose search is up to date."""
    async with XStandin(rule_delay=0, keep_alive=0.05, search_lag=0) as started:
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
        except aiohttp.ClientPayloadError:
            lines.put_nowait(b"broken")
        finally:
            lines.put_nowait(b"")

    headers = {"Authorization": f"Bearer {x.bearer}"}
    async with session.get(f"{x.url}/2/tweets/search/stream", params=query, headers=headers) as response:
        if response.status != 200:
            raise RefusalError(response.status, await response.json())
        reading = asyncio.create_task(read(response))
        try:
            yield lines
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)


async def added(client: Client, *rules: Json) -> Json:
    """What X says when these rules are added."""
    answer: Json = await client._make_request("POST", "/2/tweets/search/stream/rules", json={"add": list(rules)})
    return answer


async def with_rules(x: XStandin, client: Client, *rules: Json) -> None:
    """The rules are in force."""
    await added(client, *rules)
    await asyncio.sleep(x.rule_delay + 0.01)


async def line(lines: "asyncio.Queue[bytes]") -> Json:
    """The next line of the stream."""
    found: Json = json.loads(await asyncio.wait_for(lines.get(), PATIENCE))
    return found


async def until_end(lines: "asyncio.Queue[bytes]") -> list[bytes]:
    """What still came until the stream ended."""
    rest = []
    while part := await asyncio.wait_for(lines.get(), PATIENCE):
        rest.append(part)
    return rest
