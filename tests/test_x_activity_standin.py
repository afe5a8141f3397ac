"""The Activity API of the local X: as strict as X's documents, which judge what our client asks and what it is told."""

import asyncio
import json
from contextlib import AsyncExitStack
from typing import Any

import aiohttp
import pytest

from handlers.x import activity_rules as rules
from handlers.x.client import SUBSCRIPTIONS, Subscription
from handlers.x.refused import Kind
from handlers.x.terms import LIMITS

from tests.standin_x.callers import Client, refusal
from tests.standin_x.problems import Answer
from tests.standin_x.server import XStandin
from tests.standin_x.spec import Spec
from tests.test_x_openapi import CURRENT, LEGACY, SHARED, Document
from tests.waiting import until
from tests.x_caller import Caller, caller, refused

__all__ = ["caller"]

# The older document is of the third of June 2026, and X has told of deletions since the fourth.
NOT_YET = "'post.delete' is not one of ['profile.update.bio', "


def people(x: XStandin, count: int) -> list[str]:
    """So many accounts; their ids."""
    return [x.person(f"Persona {number}", f"persona{number}") for number in range(count)]


async def ask(x: XStandin, method: str, path: str, *, token: str = "", **more: Any) -> tuple[int, dict[str, Any]]:
    """The status and the body with which the stand-in answers."""
    headers = {"Authorization": f"Bearer {token or x.bearer}"}
    async with aiohttp.ClientSession() as session, session.request(method, x.url + path, headers=headers, **more) as it:
        return it.status, await it.json()


async def everything(caller: Caller) -> None:
    """Each call of the client that has to do with deletions has been made."""
    some = people(caller.x, 3)
    caller.x.activities.page = 2
    made = [await caller.client.subscribe(rules.EVENT, one, rules.TAG) for one in some]
    await caller.client.subscriptions()
    await caller.client.unsubscribe([one.id for one in made])


# --- our requests ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("document", [LEGACY, CURRENT])
async def test_every_request_is_as_both_documents_have_it(caller: Caller, document: str) -> None:
    """But for the event, which is a day younger than the older one."""
    judge = Document(document)
    await everything(caller)
    found = {one.route: judge.faults(one) for one in caller.x.requests}

    assert list(found) == ["subscribe", "subscriptions", "unsubscribe"]
    young = found.pop("subscribe")
    assert [one[: len(NOT_YET)] for one in young] == ([NOT_YET] if document == LEGACY else [])
    assert found == {"subscriptions": [], "unsubscribe": []}
    assert caller.x.asked("subscribe")[0].body == {
        "event_type": "post.delete", "filter": {"user_id": caller.x.world.who("persona0").id},
        "tag": "tertulia:deletions",
    }  # fmt: skip


@pytest.mark.parametrize("document", [LEGACY, CURRENT])
async def test_the_stream_is_asked_for_as_both_documents_have_it(caller: Caller, document: str) -> None:
    """App-only, without a parameter: backfill is for others."""
    judge = Document(document)
    headers = caller.client.stream_headers
    async with aiohttp.ClientSession() as session, session.get(caller.client.activity_url, headers=headers) as stream:
        assert stream.status == 200
    (request,) = caller.x.asked("activity")

    assert (judge.faults(request), request.query, request.agent[:9]) == ([], {}, "Tertulia/")


async def test_requests_are_signed_by_the_app_alone(caller: Caller) -> None:
    """An account's keys would do for looking, and not for deleting or listening; a wrong token for nothing."""
    await everything(caller)
    assert {one.status for one in caller.x.requests} == {200}
    status, body = await ask(caller.x, "GET", SUBSCRIPTIONS, token="wrong")
    assert (status, body["title"]) == (401, "Unauthorized")

    async with aiohttp.ClientSession() as session:
        account = Client(caller.x, session)
        assert (await account.request("GET", SUBSCRIPTIONS, user_auth=True)).status == 200
        for method, path, query in (("DELETE", SUBSCRIPTIONS, {"ids": "1"}), ("GET", "/2/activity/stream", {})):
            refused_ = await refusal(account.request(method, path, query, user_auth=True))
            assert (refused_.status, refused_.body["title"]) == (403, "Unsupported Authentication")


async def test_all_pages_are_read_and_a_token_that_leads_nowhere_is_an_end(caller: Caller) -> None:
    """Whatever X makes of its tokens."""
    some = people(caller.x, 5)
    for one in some:
        caller.x.activities.add(rules.EVENT, one, rules.TAG)
    caller.x.activities.page = 2
    assert [one.user for one in await caller.client.subscriptions()] == some
    assert len(caller.x.requests) == 3

    page = {"data": [{"subscription_id": "1", "event_type": "post.delete"}], "meta": {"next_token": "0" * 16}}
    caller.x.faults.respond("subscriptions", Answer(200, page), times=9)
    assert await caller.client.subscriptions() == [Subscription("post.delete", "", "", "1")]
    assert len(caller.x.requests) == 5


@pytest.mark.parametrize(
    "data",
    [
        {"subscription": {"subscription_id": "19"}, "total_subscriptions_for_instance_id": 1},
        {"subscription_id": "19", "event_type": "post.delete"},
        [{"subscription_id": "19", "event_type": "post.delete"}],
    ],
    ids=["OpenAPI", "quickstart, at its end", "quickstart, at its beginning"],
)
async def test_a_new_subscription_is_understood_in_all_its_shapes(caller: Caller, data: object) -> None:
    """X's pages show three."""
    caller.x.faults.respond("subscribe", Answer(200, {"data": data}))

    assert (await caller.client.subscribe("post.delete", "7", "t")).id == "19"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"errors": [{"title": "DuplicateSubscription", "type": "about:blank"}]}, Kind.DUPLICATE),
        ({"errors": [{"title": "Invalid user", "type": "about:blank"}]}, Kind.REFUSED),
        ({"data": {}}, Kind.UPSET), ({"data": []}, Kind.UPSET), ({}, Kind.UPSET),
    ],
)  # fmt: skip
async def test_an_answer_without_a_subscription_is_a_refusal(caller: Caller, body: dict[str, Any], kind: Kind) -> None:
    """200 and errors, or 200 and nothing."""
    caller.x.faults.respond("subscribe", Answer(200, body))

    assert (await refused(caller.client.subscribe("post.delete", "7", "t"))).kind is kind


async def test_more_ids_than_x_takes_go_in_several_calls(caller: Caller) -> None:
    """A hundred each; ids that X does not know are no fault."""
    await caller.client.unsubscribe([str(number) for number in range(1, 251)])

    assert [len(one.query["ids"].split(",")) for one in caller.x.requests] == [100, 100, 50]


# --- the stand-in's strictness ---------------------------------------------------------------------------------------


async def test_there_are_so_many_subscriptions_and_no_more(caller: Caller) -> None:
    """1,500 of one app, each once, of accounts that are there and public."""
    some = people(caller.x, LIMITS.subscriptions + 1)
    for one in some[:-1]:
        caller.x.activities.add(rules.EVENT, one, rules.TAG)
    assert (await refused(caller.client.subscribe(rules.EVENT, some[-1], "t"))).kind is Kind.FORBIDDEN
    assert (await refused(caller.client.subscribe(rules.EVENT, some[0], "t"))).kind is Kind.CONFLICT

    caller.x.activities.subscriptions.clear()
    caller.x.protect(some[0])
    assert (await refused(caller.client.subscribe(rules.EVENT, some[0], "t"))).kind is Kind.FORBIDDEN
    assert (await refused(caller.client.subscribe(rules.EVENT, "12", "t"))).kind is Kind.GONE


@pytest.mark.parametrize(
    "body",
    [
        None, {}, {"event_type": "post.delete"}, {"event_type": "post.vanish", "filter": {"user_id": "7"}},
        {"event_type": "post.delete", "filter": {"keyword": "x"}},
        {"event_type": "post.delete", "filter": {"user_id": "7"}, "tag": ""},
        {"event_type": "post.delete", "filter": {"user_id": "7"}, "tag": "x" * 201},
        {"event_type": "post.delete", "filter": {"user_id": "7"}, "colour": "red"},
    ],
)  # fmt: skip
async def test_a_wrong_subscription_is_refused(caller: Caller, body: object) -> None:
    """400, as X does it."""
    assert (await ask(caller.x, "POST", SUBSCRIPTIONS, json=body))[0] == 400


@pytest.mark.parametrize(
    ("method", "query"),
    [
        ("GET", "max_results=1001"), ("GET", "max_results=0"), ("GET", "pagination_token=abc"), ("GET", "colour=red"),
        ("DELETE", ""), ("DELETE", "ids=a"), ("DELETE", "ids=" + ",".join(["1"] * 101)),
    ],
)  # fmt: skip
async def test_wrong_parameters_are_refused(caller: Caller, method: str, query: str) -> None:
    """400, too."""
    assert (await ask(caller.x, method, f"{SUBSCRIPTIONS}?{query}"))[0] == 400


@pytest.mark.parametrize(("name", "dialect"), [(LEGACY, ""), (CURRENT, "post")])
async def test_answers_and_events_have_the_shapes_of_the_documents(caller: Caller, name: str, dialect: str) -> None:
    """Every route, in either dialect, and the line that tells of a deletion."""
    path = SHARED / "openapi" / name
    if not path.exists():
        pytest.skip("no OpenAPI document of X beside the repository")
    judge, x = Spec.load(path), caller.x
    x.dialect = dialect
    ana = x.person("Ana", "ana")
    body = {"event_type": "post.delete", "filter": {"user_id": ana}, "tag": "t"}
    where = SUBSCRIPTIONS
    calls: list[tuple[str, str, dict[str, Any]]] = [("POST", where, {"json": body}), ("GET", where, {})]
    for method, path_, more in calls:
        status, told = await ask(x, method, path_, **more)
        assert judge.answer_faults(method, where, status, told) == []
    headers = caller.client.stream_headers
    async with aiohttp.ClientSession() as session, session.get(caller.client.activity_url, headers=headers) as stream:
        x.delete(await x.post(ana, "Un animal"))
        line = json.loads(await stream.content.readline())
    about = line["data"].pop("payload")
    assert judge.answer_faults("GET", "/2/activity/stream", 200, line) == []
    assert sorted(about) == ["author_id", "id"]
    ids = ",".join([*x.activities.subscriptions, "12"])
    status, told = await ask(x, "DELETE", f"{where}?ids={ids}")
    assert judge.answer_faults("DELETE", where, status, told) == []
    if name == CURRENT:
        assert [one["subscription_id"] for one in told["errors"]] == ["12"]


async def test_two_may_listen_and_a_third_may_not(caller: Caller) -> None:
    """Both are told; when all connections are dropped, these are, too."""
    ana = caller.x.person("Ana", "ana")
    caller.x.activities.add(rules.EVENT, ana, "t")
    headers, where = caller.client.stream_headers, caller.client.activity_url
    async with aiohttp.ClientSession() as session, AsyncExitStack() as open_:
        first, second, third = [await open_.enter_async_context(session.get(where, headers=headers)) for _ in range(3)]
        assert (third.status, (await third.json())["connection_issue"]) == (429, "TooManyConnections")
        caller.x.delete(await caller.x.post(ana, "Un animal"))
        lines = [json.loads(await one.content.readline()) for one in (first, second)]
        assert [one["data"]["payload"]["author_id"] for one in lines] == [ana, ana]
        assert caller.x.meter.counts["delete_event"] == 1

        await caller.client.drop_connections()
        await until(lambda: not caller.x.activities.live)
        fourth = await open_.enter_async_context(session.get(where, headers=headers))
        assert fourth.status == 200


async def test_who_does_not_listen_is_not_told_later(caller: Caller) -> None:
    """There is no backfill on our plan, and nothing is billed."""
    ana = caller.x.person("Ana", "ana")
    caller.x.activities.add(rules.EVENT, ana, "t")
    caller.x.delete(await caller.x.post(ana, "Un animal"))
    headers = caller.client.stream_headers
    async with aiohttp.ClientSession() as session, session.get(caller.client.activity_url, headers=headers) as stream:
        line = await asyncio.wait_for(stream.content.readline(), 5)

    assert (line, caller.x.meter.counts["delete_event"]) == (b"\r\n", 0)
