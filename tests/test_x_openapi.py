"""Every request that our client of X makes, held against X's own descriptions of its API (June and August 2026)."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jsonschema
import pytest

from handlers.x.client import Keys, Rule, XClient
from handlers.x.terms import FIELDS, Dialect

from tests.standin_x.backend import Arrived
from tests.standin_x.faults import Laid
from tests.standin_x.problems import bad_parameter
from tests.x_caller import Caller, caller, refused

__all__ = ["caller"]

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data" / "x"
LEGACY, CURRENT = "x-api-2.165-2026-06-03-legacy-dialect.json", "x-api-2.167-2026-08-22.json"


class Document:
    """One of X's OpenAPI documents: what it finds wrong with a request."""

    def __init__(self, name: str) -> None:
        path = SHARED / "openapi" / name
        if not path.exists():
            pytest.skip("no OpenAPI document of X beside the repository")
        self.root: dict[str, Any] = json.loads(path.read_text("utf-8"))

    def faults(self, request: Arrived, *, but: Sequence[str] = ()) -> list[str]:
        """All that is not as the document has it; parameters named in ``but`` are not looked at."""
        operation = self._operation(request.method.lower(), request.path)
        if operation is None:
            return [f"no {request.method} {request.path}"]
        wanted = {one["name"]: one for one in map(self._real, operation.get("parameters", [])) if one["in"] == "query"}
        found = [
            f"{name} is missing" for name, one in wanted.items() if one.get("required") and name not in request.query
        ]
        for name, value in request.query.items():
            if name in but:
                continue
            if name not in wanted:
                found.append(f"{name} is no parameter")
            else:
                found += self._wrong(_typed(value, self._real(wanted[name]["schema"])), wanted[name]["schema"])
        body = self._real(operation.get("requestBody") or {})
        if body:
            found += self._wrong(request.body, body["content"]["application/json"]["schema"])
        elif request.body is not None:
            found.append("a body")
        return found

    def _operation(self, method: str, path: str) -> dict[str, Any] | None:
        paths: dict[str, dict[str, Any]] = self.root["paths"]
        exact = paths.get(path, {}).get(method)
        if exact is not None:
            return dict(exact)
        for known, operations in paths.items():
            if re.fullmatch(re.sub(r"\{\w+\}", r"\\d{1,19}", known), path) and method in operations:
                return dict(operations[method])
        return None

    def _real(self, one: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in one:
            target: Any = self.root
            for part in one["$ref"].removeprefix("#/").split("/"):
                target = target[part]
            one = target
        return one

    def _wrong(self, value: object, schema: dict[str, Any]) -> list[str]:
        whole = {**schema, "components": self.root["components"]}
        return [error.message for error in jsonschema.Draft202012Validator(whole).iter_errors(value)]


def _typed(value: str, schema: Mapping[str, Any]) -> object:
    """A query's text as the value that its schema means."""
    if schema.get("type") == "array":
        return value.split(",")
    return int(value) if schema.get("type") == "integer" else value


async def _everything(caller: Caller) -> list[Arrived]:
    """Each call of the client has been made; returns the requests as they came."""
    caller.x.requests.clear()
    client = caller.client
    ana = caller.x.person("Ana", "ana")
    post = await caller.x.post(ana, "@tertulia_bot R1. Idea #MeetAlfaro")
    own = await client.create(f"P1 ¿Qué perfil? {len(caller.x.posts)}")
    await client.create(f"Gracias {len(caller.x.posts)}", reply_to=post)
    page = await client.search("#MeetAlfaro", since_id=str(int(post) - 1), next_token=None)
    assert [one["id"] for one in page.posts] == [post]
    await client.search("(#MeetAlfaro OR conversation_id:1) -is:retweet")
    await client.lookup([post, own])
    await client.users([ana])
    await client.own_posts(since_id=post)
    await client.own_mentions(since_id=str(int(post) - 1))
    await client.counts("#MeetAlfaro", start=caller.x.clock() - timedelta(hours=1))
    added = await client.add_rules([Rule("#MeetAlfaro -is:retweet", "c1:tag"), Rule("gato", "")])
    await client.rules()
    await client.delete_rules([one.id for one in added])
    await client.drop_connections()
    await client.delete(own)
    return list(caller.x.requests)


@pytest.mark.parametrize(("dialect", "document"), [(Dialect.TWEET, LEGACY), (Dialect.POST, CURRENT)])
async def test_every_request_is_as_the_document_of_its_dialect_has_it(
    caller: Caller, dialect: Dialect, document: str
) -> None:
    """Parameters, their values, bodies: nothing that X's own description does not know."""
    rules = Document(document)
    if dialect is Dialect.POST:
        no = bad_parameter("The query parameter [tweet.fields] is not one of [query,post.fields]")
        caller.x.faults.laid.append(Laid("status", 1, "search", no))
        await refused(caller.client.search("#MeetAlfaro"))

    requests = await _everything(caller)

    assert {one.route: rules.faults(one) for one in requests if rules.faults(one)} == {}
    assert caller.client.dialect is dialect
    assert {one.route for one in requests} == {
        "create", "delete", "lookup", "search", "counts", "rules", "change_rules", "users", "me", "own_posts",
        "mentions", "drop_connections",
    }  # fmt: skip


async def test_older_requests_differ_from_the_newer_document_in_the_fields_alone(caller: Caller) -> None:
    """What is left of them, where the fields of posts are not looked at, is right by it."""
    rules = Document(CURRENT)
    requests = await _everything(caller)

    assert [rules.faults(one, but=["tweet.fields"]) for one in requests] == [[]] * len(requests)
    assert {one.route for one in requests if rules.faults(one)} == {"search", "lookup", "own_posts", "mentions"}


@pytest.mark.parametrize("document", [LEGACY, CURRENT])
def test_address_of_the_stream_is_as_both_documents_have_it(document: str) -> None:
    """The stream has kept the older names in both."""
    address = urlsplit(XClient(Keys("b")).stream_url)
    query = {name: values[0] for name, values in parse_qs(address.query).items()}

    assert Document(document).faults(Arrived("GET", address.path, query, None, "stream")) == []
    assert (address.scheme, address.netloc) == ("https", "api.x.com")
    assert query == dict(FIELDS[Dialect.TWEET])
