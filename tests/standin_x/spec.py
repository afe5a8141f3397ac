"""X's OpenAPI documents as judges: of the requests that arrived, and of the answers that the stand-in gave."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from tests.standin_x.backend import Arrived
from tests.standin_x.shapes import RENAMED

Json = dict[str, Any]
LEGACY_FIELDS, NEW_FIELDS = "tweet.fields", "post.fields"


@dataclass(frozen=True)
class Operation:
    """One method of one path, with its query parameters by name."""

    path: str
    document: Json
    parameters: Mapping[str, Json]


class Spec:
    """One version of X's specification.

    Since July 2026 REST is written in `post.fields`, and X still takes `tweet.fields` for it: such a request is
    judged by what its names are called now, against the fields that a post has there.
    """

    def __init__(self, document: Json) -> None:
        self._document = document

    @staticmethod
    def load(path: Path) -> "Spec":
        """The specification in this file."""
        return Spec(json.loads(path.read_text(encoding="utf-8")))

    def faults(self, request: Arrived) -> list[str]:
        """What this specification forbids in the request, as sentences; nothing when it is a good one."""
        operation = self._operation(request.method, request.path)
        if operation is None:
            return [f"{request.method} {request.path}: there is no such operation"]
        found = list(self._query_faults(operation, request.query))
        body = operation.document.get("requestBody")
        if body is not None:
            found += self._body_faults(body["content"]["application/json"]["schema"], request.body)
        return [f"{request.method} {operation.path}: {fault}" for fault in found]

    def answer_faults(self, method: str, path: str, status: int, body: Json) -> list[str]:
        """In what the answer differs from the shape that this specification gives it."""
        operation = self._operation(method, path)
        if operation is None:
            return [f"{method} {path}: there is no such operation"]
        responses = operation.document["responses"]
        known = responses.get(str(status)) or responses.get("200")
        return self._body_faults(known["content"]["application/json"]["schema"], body)

    def _operation(self, method: str, path: str) -> Operation | None:
        paths: Json = self._document["paths"]
        fitting = [each for each in paths if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", each), path)]
        for each in sorted(fitting, key=lambda each: each.count("{")):
            if method.lower() in paths[each]:
                document = paths[each][method.lower()]
                listed = [self._resolved(one) for one in document.get("parameters", [])]
                return Operation(each, document, {one["name"]: one for one in listed if one["in"] == "query"})
        return None

    def _query_faults(self, operation: Operation, query: Mapping[str, str]) -> Iterator[str]:
        for name, one in operation.parameters.items():
            if one.get("required") and name not in query:
                yield f"`{name}` is missing"
        aliased = LEGACY_FIELDS not in operation.parameters and NEW_FIELDS in operation.parameters
        for name, value in query.items():
            if aliased and name == LEGACY_FIELDS:
                yield from self._alias_faults(value)
            elif aliased and name == "expansions" and LEGACY_FIELDS in query:
                yield from self._value_faults(operation.parameters[name], new_expansions(value))
            elif name not in operation.parameters:
                yield f"`{name}` is no parameter of it"
            else:
                yield from self._value_faults(operation.parameters[name], value)

    def _alias_faults(self, value: str) -> Iterator[str]:
        known = self._document["components"]["schemas"]["Post"]["properties"]
        for field in value.split(","):
            if RENAMED.get(field, field) not in known:
                yield f"`{field}` is no field of a post"

    def _value_faults(self, parameter: Json, value: str) -> Iterator[str]:
        schema = self._resolved(parameter["schema"])
        read: object = value
        if schema.get("type") == "array":
            read = value.split(",")
        elif schema.get("type") == "integer" and re.fullmatch(r"-?\d+", value):
            read = int(value)
        elif schema.get("type") == "boolean" and value in {"true", "false"}:
            read = value == "true"
        for fault in self._body_faults(schema, read):
            yield f"`{parameter['name']}`: {fault}"

    def _body_faults(self, schema: Json, value: object) -> list[str]:
        judge = Draft202012Validator({**schema, "components": self._document["components"]})
        return [f"{error.json_path}: {error.message[:300]}" for error in judge.iter_errors(value)]

    def _resolved(self, one: Json) -> Json:
        found: Any = one
        while "$ref" in found:
            reference = found["$ref"]
            found = self._document
            for step in reference.removeprefix("#/").split("/"):
                found = found[step]
        assert isinstance(found, dict)
        return found


def new_expansions(value: str) -> str:
    """The expansions in the names that they have since July 2026."""
    names = {"referenced_tweets.id": "referenced_posts", "edit_history_tweet_ids": "edit_history_post_ids"}
    return ",".join(names.get(each, each) for each in value.split(","))
