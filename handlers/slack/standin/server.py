"""`SlackStandin`: one workspace with one app in it, served on the loopback.

    async with SlackStandin(InstalledApp(bot_token="xoxb-1", app_token="xapp-1")) as slack:
        slack.workspace.add_user("U1", "ana")
        slack.workspace.add_channel("C1", "debates", ["U1", slack.app.bot_user_id])
        client = AsyncWebClient(token="xoxb-1", base_url=slack.url)       # and AsyncSocketModeHandler(app, "xapp-1")
        ts = await slack.say("C1", "U1", "hola")                          # goes out as an envelope
        await slack.settled()                                             # acknowledged, or given up

The verbs of `people.py` are methods of the stand-in; each event they cause is sent in the background, while commands,
presses and submissions return what the app answered (an `Interaction`).

    slack.workspace   add_user, add_channel, direct_channel: who and what there is
    slack.record      posts, calls, ephemerals, homes, response_posts, acked, lost: what came of it
    slack.faults      rate_limit, drop_after_store, drop_before_store, http_500, error, slow, revoke_token by method;
                      duplicate_events, reorder_events for what is told
    slack.sockets     connections, disconnect, abort_all, refuse_links, answer_pings, swallow, send_raw, late_acks
    slack.rates       strict: whether 429 is given at all
    slack.views       by_id, stacks, homes, trigger
    slack.deliver(payload), slack.blast(payloads, rate), slack.settled()

Rates are counted on the workspace's clock `now`, so a workspace whose clock runs twenty times faster is as much more
generous; acks, triggers, response_urls and retries are timed in real seconds (`Timing`). The official client reads
HTTP_PROXY and ignores NO_PROXY: leave it unset for a stand-in on the loopback.
"""

import json
import time
from collections.abc import AsyncIterable, Callable, Iterable
from types import TracebackType
from typing import Self

from aiohttp import web

from handlers.slack.standin.backend import Backend
from handlers.slack.standin.delivery import Blast, Delivery
from handlers.slack.standin.people import People
from handlers.slack.standin.shapes import InstalledApp, Json, Refusal, Timing
from handlers.slack.standin.sockets import SocketPipe
from handlers.slack.standin.web_api import WebApi
from handlers.slack.standin.webhooks import WebhookPipe

_MAX_BODY = 64 * 1024 * 1024


class SlackStandin(People):
    """A strict Slack on 127.0.0.1: `now` is the workspace's clock in Unix seconds, `strict_rates` its rate limits."""

    def __init__(
        self,
        app: InstalledApp | None = None,
        timing: Timing | None = None,
        *,
        now: Callable[[], float] = time.time,
        strict_rates: bool = True,
    ) -> None:
        self.app = app or InstalledApp()
        self.timing = timing or Timing()
        self.backend = Backend(self.app, self.timing, now, self._tell, strict=strict_rates)
        self.workspace, self.faults = self.backend.workspace, self.backend.faults
        self.rates, self.record = self.backend.rates, self.backend.record
        self.views = self.backend.views
        self.sockets = SocketPipe(self.app, self.timing, lambda: self.backend.origin)
        pipe = WebhookPipe(self.app, self.timing) if self.app.request_url else self.sockets
        self.delivery = Delivery(pipe, self.timing, self.faults, self.record)
        self._runner: web.AppRunner | None = None
        super().__init__(self.backend, self.delivery)

    @property
    def url(self) -> str:
        """The base address of the Web API, for `base_url`."""
        return self.backend.origin + "/api/"

    async def start(self, port: int = 0) -> None:
        """The stand-in answers on 127.0.0.1, on a free port when `port` is 0."""
        server = web.Application(client_max_size=_MAX_BODY)
        api = WebApi(self.backend, self.sockets.open_link)
        server.router.add_route("*", "/api/{method}", api.serve)
        server.router.add_get("/link", self.sockets.serve)
        server.router.add_get("/link/", self.sockets.serve)
        server.router.add_post("/respond/{team}/{hook}", self._respond)
        server.router.add_route("*", "/upload/{file}", self._upload)
        self._runner = web.AppRunner(server, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port).start()
        self.backend.origin = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        """Nothing is served or sent any more; state and record can still be read."""
        await self.delivery.close()
        await self.sockets.close()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def deliver(self, payload: Json, kind: str = "events_api") -> bool:
        """True once the app has acknowledged this raw payload, whatever its shape; False when it never did."""
        return await self.delivery.deliver(payload, kind)

    async def blast(self, payloads: Iterable[Json] | AsyncIterable[Json], rate: float = 0.0) -> Blast:
        """The raw events went out at `rate` a second (0: as fast as they go) and all were acknowledged or given up."""
        return await self.delivery.blast(payloads, rate)

    async def settled(self) -> None:
        """Everything that happened was acknowledged or given up."""
        await self.delivery.settled()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def _tell(self, payload: Json) -> None:
        if self._runner is not None:
            self.delivery.tell(payload)

    async def _respond(self, request: web.Request) -> web.Response:
        try:
            self.backend.respond(request.match_info["hook"], json.loads(await request.text()))
        except Refusal as refusal:
            return web.json_response({"ok": False, "error": refusal.code}, status=404)
        except ValueError:
            return web.Response(status=400, text="invalid_payload")
        return web.Response(text="ok")

    async def _upload(self, request: web.Request) -> web.Response:
        upload = self.backend.uploads.get(request.match_info["file"])
        content = await request.read()
        if upload is None or len(content) != upload.length:
            return web.Response(status=400, text="length does not match")
        upload.content, upload.sent = content, True
        return web.Response(text=f"OK - {len(content)}")
