"""Slack over HTTP: one address, whose every request is signed.

Events are taken here, before Bolt: it cannot acknowledge a body of a shape that it does not know. Bolt checks the
signature again of what goes on to it.
"""

import json
from collections.abc import Callable

from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.signature import SignatureVerifier
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from handlers.slack.hearing import Hearing

# Slack's own bodies are far below this; whatever is longer is not read to its end (bytes).
LONGEST = 4 * 1024 * 1024
_TAKEN = frozenset({"event_callback", "app_rate_limited"})


class SlackEvents:
    """The endpoint; it answers 503 until the platform has started."""

    def __init__(self, signing_secret: str, hearing: Callable[[], Hearing | None]) -> None:
        """``hearing`` is None before the start."""
        self._secret = signing_secret
        self._hearing = hearing
        self.app: AsyncApp | None = None

    async def endpoint(self, request: Request) -> Response:
        """200 once it is committed; 401 for a bad signature, 413 for too much, 503 where it must be sent again."""
        hearing = self._hearing()
        if hearing is None or self.app is None:
            return PlainTextResponse("", status_code=503)
        if int(request.headers.get("content-length") or 0) > LONGEST:
            return PlainTextResponse("", status_code=413)
        raw = await request.body()
        if not SignatureVerifier(self._secret).is_valid_request(raw, dict(request.headers)):
            return PlainTextResponse("", status_code=401)
        if not request.headers.get("content-type", "").startswith("application/json"):
            return await AsyncSlackRequestHandler(self.app).handle(request)
        text = raw.decode(errors="replace")
        try:
            body = json.loads(text)
        except ValueError:
            body = None
        if isinstance(body, dict) and body.get("type") not in _TAKEN:
            return await AsyncSlackRequestHandler(self.app).handle(request)
        stored = await hearing.put(body, text)
        return PlainTextResponse("", status_code=200 if stored else 503)
