"""The HTTP end: the same payloads to the app's request URL, signed as Slack signs them."""

import hashlib
import hmac
import json
import time
from urllib.parse import urlencode

import aiohttp

from handlers.slack.standin.shapes import Answer, InstalledApp, Json, Timing


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """The `X-Slack-Signature` of this body at this time: `v0=` and an HMAC-SHA256 in hexadecimal."""
    base = b"v0:" + timestamp.encode() + b":" + body
    return "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()


class WebhookPipe:
    """Posts each delivery to `request_url`; 2xx is an ack, `x-slack-no-retry` ends the retries."""

    def __init__(self, app: InstalledApp, timing: Timing) -> None:
        self._app = app
        self._timing = timing
        self._client: aiohttp.ClientSession | None = None

    async def send(self, kind: str, payload: Json, attempt: int, reason: str) -> Answer:
        """One delivery, and the app's answer or the reason that there was none."""
        body, content_type = _body(kind, payload)
        headers = self._signed(body) | {"Content-Type": content_type}
        if attempt:
            headers |= {"x-slack-retry-num": str(attempt), "x-slack-retry-reason": reason}
        started = time.perf_counter()
        try:
            async with self._session().post(self._app.request_url, data=body, headers=headers) as response:
                text, status = await response.text(), response.status
                final = response.headers.get("x-slack-no-retry") == "1"
        except TimeoutError:
            return Answer(False, seconds=time.perf_counter() - started, reason="http_timeout")
        except aiohttp.ClientError:
            return Answer(False, seconds=time.perf_counter() - started, reason="connection_failed")
        seconds = time.perf_counter() - started
        if not 200 <= status < 300:
            return Answer(False, seconds=seconds, reason="http_error", final=final)
        return Answer(True, _payload(text), seconds)

    async def close(self) -> None:
        """No connection to the app is open."""
        if self._client is not None:
            await self._client.close()

    def _session(self) -> aiohttp.ClientSession:
        if self._client is None:
            self._client = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=self._timing.ack_seconds))
        return self._client

    def _signed(self, body: bytes) -> dict[str, str]:
        timestamp = str(int(time.time()))
        sign = signature(self._app.signing_secret, timestamp, body)
        return {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": sign}


def _body(kind: str, payload: Json) -> tuple[bytes, str]:
    if kind == "events_api":
        return json.dumps(payload).encode(), "application/json"
    fields = payload if kind == "slash_commands" else {"payload": json.dumps(payload)}
    return urlencode(fields).encode(), "application/x-www-form-urlencoded"


def _payload(text: str) -> Json:
    if not text:
        return {}
    try:
        found = json.loads(text)
    except ValueError:
        return {"text": text}
    return found if isinstance(found, dict) else {"text": text}
