"""X's own OpenAPI documents judge what arrives at the local X, and what it answers."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.standin_x.backend import Arrived
from tests.standin_x.callers import FIELDS, Client, line, listening, with_rules
from tests.standin_x.server import XStandin
from tests.standin_x.spec import Spec
from tests.standin_x.world import Media

DOCUMENTS = Path(__file__).resolve().parents[2] / "shared" / "data" / "x" / "openapi"
LEGACY, CURRENT = "x-api-2.165-2026-06-03-legacy-dialect.json", "x-api-2.167-2026-08-22.json"
NEW_FIELDS = "created_at,conversation_id,edit_controls,entities,lang,note_post,public_metrics,attachments,withheld"
EXPANSIONS = "attachments.media_keys,attachments.poll_ids,author_id,referenced_tweets.id,edit_history_tweet_ids"
EXPANSIONS_NOW = "attachments.media_keys,attachments.poll_ids,author_id,referenced_posts,edit_history_post_ids"
SMALL: dict[str, Any] = {
    "components": {
        "schemas": {
            "Post": {"properties": {"note_post": {}, "text": {}}},
            "Number": {"type": "string", "pattern": "^[0-9]+$"},
        }
    },
    "paths": {
        "/2/posts/{id}": {
            "get": {
                "parameters": [
                    {"in": "path", "name": "id", "schema": {"$ref": "#/components/schemas/Number"}},
                    {"in": "query", "name": "ids", "required": True, "schema": {"$ref": "#/components/schemas/Number"}},
                    {"in": "query", "name": "most", "schema": {"type": "integer", "maximum": 100}},
                    {"in": "query", "name": "expansions",
                     "schema": {"type": "array", "items": {"enum": ["author_id", "referenced_posts"]}}},
                    {"in": "query", "name": "post.fields", "schema": {"type": "array", "items": {"enum": ["text"]}}},
                ],
                "responses": {"200": {"content": {"application/json": {"schema": {"required": ["data"]}}}}},
            },
            "put": {
                "requestBody": {"content": {"application/json": {"schema": {"required": ["text"]}}}},
                "responses": {},
            },
        }
    },
}  # fmt: skip


def document(name: str) -> Spec:
    """One of X's documents, or the test is skipped."""
    path = DOCUMENTS / name
    if not path.exists():
        pytest.skip(f"X's OpenAPI documents are not at {DOCUMENTS}")
    return Spec.load(path)


def asked(method: str = "GET", path: str = "/2/posts/1", body: object = None, **query: str) -> Arrived:
    """A request of the small specification."""
    return Arrived(method, path, {name.replace("_fields", ".fields"): value for name, value in query.items()}, body, "")


@pytest.fixture
async def x() -> AsyncIterator[XStandin]:
    """A started X with a question on it and one answer of each kind."""
    async with XStandin(search_lag=0, rule_delay=0) as started:
        question = await started.post("bea", "P1 #meetalfaro")
        first = await started.post(
            "ana", "R1 https://example.org/a #meetalfaro", reply_to=question, media=[Media(alt="foto")]
        )
        started.edit(first, "R1 uno & dos https://example.org/a @bea #meetalfaro")
        await started.post("ana", "R2 " + "largo " * 60 + "#meetalfaro", quotes=question)
        await started.post("ana", "¿sí? #meetalfaro", poll=["sí", "no"])
        started.withhold(await started.post("cris", "callada #meetalfaro"), "ES")
        yield started


@pytest.fixture
async def client(x: XStandin) -> AsyncIterator[Client]:
    """Tweepy with the right keys."""
    async with aiohttp.ClientSession() as session:
        yield Client(x, session)


@pytest.mark.parametrize(
    ("request_", "faults"),
    [
        (asked(ids="12", most="100", expansions="author_id"), []),
        (asked(path="/2/nothing"), ["GET /2/nothing: there is no such operation"]),
        (asked("DELETE", ids="1"), ["DELETE /2/posts/1: there is no such operation"]),
        (asked(), ["GET /2/posts/{id}: `ids` is missing"]),
        (asked(ids="1", colour="red"), ["GET /2/posts/{id}: `colour` is no parameter of it"]),
        (asked(ids="uno"), ["GET /2/posts/{id}: `ids`: $: 'uno' does not match '^[0-9]+$'"]),
        (asked(ids="1", most="101"), ["GET /2/posts/{id}: `most`: $: 101 is greater than the maximum of 100"]),
        (asked(ids="1", most="x"), ["GET /2/posts/{id}: `most`: $: 'x' is not of type 'integer'"]),
        (
            asked(ids="1", post_fields="text,note_tweet"),
            ["GET /2/posts/{id}: `post.fields`: $[1]: 'note_tweet' is not one of ['text']"],
        ),
        (asked(ids="1", tweet_fields="text,note_tweet", expansions="referenced_tweets.id"), []),
        (asked(ids="1", tweet_fields="colour"), ["GET /2/posts/{id}: `colour` is no field of a post"]),
        (asked("PUT", body={"text": "hola"}), []),
        (asked("PUT", body={}), ["PUT /2/posts/{id}: $: 'text' is a required property"]),
    ],
)
def test_a_specification_judges_requests(request_: Arrived, faults: list[str]) -> None:
    """Paths, parameters, their values and bodies; `tweet.fields` is taken for `post.fields` in its names of today."""
    assert Spec(SMALL).faults(request_) == faults


def test_a_specification_judges_answers() -> None:
    """What its schema wants must be there."""
    judge = Spec(SMALL)

    assert judge.answer_faults("GET", "/2/posts/1", 200, {"data": 1}) == []
    assert judge.answer_faults("GET", "/2/posts/1", 200, {}) == ["$: 'data' is a required property"]


@pytest.mark.parametrize(
    ("name", "fields", "expansions"),
    [
        (LEGACY, {"tweet.fields": FIELDS}, EXPANSIONS),
        (CURRENT, {"post.fields": NEW_FIELDS}, EXPANSIONS_NOW),
    ],
)
async def test_answers_have_the_shapes_of_the_documents(
    x: XStandin, client: Client, name: str, fields: dict[str, str], expansions: str
) -> None:
    """Every route, in either dialect, with everything that can be asked for: requests and answers alike."""
    judge = document(name)
    x.dialect = "post" if name == CURRENT else ""
    media = {"media.fields": "alt_text,type,url", "poll.fields": "voting_status,end_datetime,duration_minutes"}
    shape = fields | media | {"expansions": expansions, "user.fields": "created_at,protected,profile_image_url"}
    ids = ",".join(x.world.posts)
    people = {"ids": x.me.id, **({"tweet.fields": "text"} if name == LEGACY else {"post.fields": "text"})}
    calls: list[tuple[str, str, dict[str, str], object, bool]] = [
        ("GET", "/2/tweets", shape | {"ids": ids}, None, False),
        ("GET", "/2/tweets/search/recent", shape | {"query": "#meetalfaro", "max_results": "100"}, None, False),
        ("GET", "/2/tweets/counts/recent", {"query": "#meetalfaro", "granularity": "minute"}, None, False),
        ("GET", f"/2/users/{x.world.who('ana').id}/tweets", shape | {"max_results": "5"}, None, False),
        ("GET", f"/2/users/{x.world.who('bea').id}/mentions", shape, None, True),
        ("GET", f"/2/tweets/{ids.split(',', maxsplit=1)[0]}/quote_tweets", shape, None, False),
        ("GET", "/2/users", people, None, False),
        ("GET", "/2/users/me", {}, None, True),
        ("POST", "/2/tweets", {}, {"text": "P2"}, True),
        ("POST", "/2/tweets/search/stream/rules", {}, {"add": [{"value": "#meetalfaro", "tag": "c1"}]}, False),
        ("GET", "/2/tweets/search/stream/rules", {}, None, False),
        ("POST", "/2/tweets/search/stream/rules", {}, {"delete": {"ids": ["1"]}}, False),
        ("DELETE", "/2/connections/all", {}, None, False),
        ("GET", "/2/usage/tweets", {}, None, False),
    ]
    for method, path, query, body, user in calls:
        answer = await client.request(method, path, params=query, json=body, user_auth=user)
        assert judge.answer_faults(method, path, answer.status, without_errors(await answer.json())) == []
        assert x.requests[-1].path == path

    assert [fault for request in x.requests for fault in judge.faults(request)] == []


def without_errors(body: dict[str, Any]) -> dict[str, Any]:
    """The body but for its errors: the documents give them fewer types than X does."""
    return {name: value for name, value in body.items() if name != "errors"}


async def test_lines_of_the_stream_have_the_shape_of_the_document(x: XStandin, client: Client) -> None:
    """In the legacy dialect, the one that is documented for it."""
    judge = document(LEGACY)
    await with_rules(x, client, {"value": "#meetalfaro", "tag": "c1"})
    async with listening(x, client.session, **{"tweet.fields": FIELDS, "expansions": EXPANSIONS}) as lines:
        await x.post("ana", "R1 " + "largo " * 60 + "#meetalfaro", media=["foto"], poll=["sí", "no"])
        body = await line(lines)

    assert judge.answer_faults("GET", "/2/tweets/search/stream", 200, body) == []
    assert judge.faults(x.asked("stream")[0]) == []
    assert json.loads(json.dumps(body)) == body
