"""The arguments of one Web API call, whether they came as a form, as JSON or in the query."""

import json
from typing import Any

from handlers.slack.standin.shapes import Json, Refusal

_TRUE = {"1", "true", "True", "t"}


class Args:
    """Reads arguments the way Slack does: strings, numbers, booleans and JSON are all welcome as text."""

    def __init__(self, given: Json) -> None:
        self.given = given

    def text(self, name: str, default: str = "") -> str:
        """The argument as text, `default` when it is absent."""
        value = self.given.get(name)
        return default if value is None else str(value)

    def needed(self, *names: str) -> list[str]:
        """The arguments as text; raises Refusal `invalid_arguments` naming the first that is absent or empty."""
        for name in names:
            if self.given.get(name) in (None, ""):
                message = f"[ERROR] missing required field: {name}"
                raise Refusal("invalid_arguments", response_metadata={"messages": [message]})
        return [self.text(name) for name in names]

    def has(self, name: str) -> bool:
        """True when the argument was sent and is not null."""
        return self.given.get(name) is not None

    def flag(self, name: str) -> bool:
        """The argument as a truth value, False when it is absent."""
        value = self.given.get(name)
        return value is True or str(value) in _TRUE

    def limit(self, default: int, most: int) -> int:
        """How many rows to give, never above `most`; raises Refusal `invalid_limit`."""
        value = self.text("limit", str(default))
        if not value.isdigit() or int(value) < 1:
            raise Refusal("invalid_limit")
        return min(int(value), most)

    def json(self, name: str, refusal: str) -> Any:
        """The argument as JSON, None when absent; raises Refusal with this code when it is not JSON."""
        value = self.given.get(name)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except ValueError:
            raise Refusal(refusal) from None
