"""The stand-in as a test holds it: people post on it by hand, programs through its HTTP, troubles through `faults`."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from aiohttp import web

from tests.standin_x.backend import Arrived, Backend, Call, Tempo
from tests.standin_x.problems import Answer, RefusedError, named, problem
from tests.standin_x.routes import NOT_FOR_US, ROUTES, UNKNOWN, Route
from tests.standin_x.rulebook import Rule
from tests.standin_x.stream import Connection
from tests.standin_x.world import Media, Post, Standing


def utc_now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


class XStandin(Backend):
    """A strict X on 127.0.0.1 (`async with XStandin() as x`).

    Delays are seconds and may be changed at any time in `tempo`: a rule is in force `rule_delay` after it was
    added, search knows a post `search_lag` after it was posted, the stream says `\\r\\n` after `keep_alive` without
    a line, a stream that ended is counted for `slot_release` more. `dialect` ("tweet" or "post") answers in those
    names whatever was asked. `strict_rates` off: full windows refuse nobody; `limits.allowed["search", ""] = 3`
    makes a window small. From `spend_limit` dollars on everything is refused with 402.
    """

    def __init__(
        self,
        *,
        rule_delay: float = 0.05,
        search_lag: float = 0.05,
        keep_alive: float = 0.5,
        slot_release: float = 0.0,
        strict_rates: bool = True,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        super().__init__(clock, Tempo(rule_delay, search_lag, keep_alive, slot_release), strict_rates=strict_rates)
        self.url = ""
        self.spend_limit: float | None = None
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> "XStandin":
        app = web.Application(client_max_size=2**22)
        for route in (*ROUTES, *NOT_FOR_US, UNKNOWN):
            app.router.add_route(route.method, route.path, self._handler(route))
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.hub.drop()
        self.activities.drop()
        if self._runner is not None:
            await self._runner.cleanup()

    # What people do.

    def person(self, name: str, username: str) -> str:
        """A new account; its id."""
        return self.world.add_person(name, username).id

    async def post(
        self,
        author: str,
        text: str,
        *,
        reply_to: str | None = None,
        quotes: str | None = None,
        at: datetime | None = None,
        note: str | None = None,
        media: Sequence[Media | str] = (),
        poll: Sequence[str] = (),
        heard: bool = True,
        indexed: bool = True,
    ) -> str:
        """The account (an id, or a user name that is made when nobody has it) has posted; the id of the post.

        `note` is the whole of a long post of which `text` is the beginning; a text over 280 becomes one by itself.
        `media` are `Media`, or the descriptions of photos. X puts the mention of the answered author before a reply.
        Not `heard`: the stream loses it; not `indexed`: search never finds it.
        """
        when = at or self.clock()
        new_id = self.world.new_id(when)
        pictures = tuple(each if isinstance(each, Media) else Media(alt=each) for each in media)
        made = Post(new_id, self.world.who(author), text, when, new_id, reply_to, quotes, note=note, media=pictures)
        made.poll, made.indexed = tuple(poll), indexed
        self.world.add_post(made)
        if heard:
            self._publish(made)
        await asyncio.sleep(0)
        return made.id

    async def repost(self, author: str, post_id: str) -> str:
        """The account has reposted it; the id of the repost, which the stream carries and search does not."""
        original, when = self.world.posts[post_id], self.clock()
        new_id = self.world.new_id(when)
        text = f"RT @{original.author.username}: {original.whole}"[:140]
        made = Post(new_id, self.world.who(author), text, when, new_id, retweets=post_id, indexed=False)
        self._publish(self.world.add_post(made))
        await asyncio.sleep(0)
        return new_id

    def edit(self, post_id: str, text: str, at: datetime | None = None, *, heard: bool = True) -> str:
        """Its author has edited the post; the id of the new version, which the stream carries as a post."""
        version = self.world.add_version(self.world.posts[post_id], text, at or self.clock())
        if heard:
            self._publish(version)
        return version.id

    def delete(self, post_id: str) -> None:
        """The post is gone, every version of it: whoever subscribed to that is told, and the stream does not say so."""
        for version in self.world.versions(post_id):
            version.deleted = True
        self.activities.deleted(self.world.posts[post_id])

    def protect(self, author: str) -> None:
        """Only followers read the account now."""
        self.world.who(author).standing = Standing.PROTECTED

    def suspend(self, author: str) -> None:
        """The account is suspended."""
        self.world.who(author).standing = Standing.SUSPENDED

    def withhold(self, post_id: str, *countries: str) -> None:
        """The post is withheld in these countries; `XX` is everywhere: then it cannot be looked up."""
        for version in self.world.versions(post_id):
            version.withheld = countries

    def withhold_author(self, author: str, *countries: str) -> None:
        """Everything of the account is withheld in these countries."""
        self.world.who(author).withheld = countries

    def rename(self, author: str, name: str, username: str) -> None:
        """The account has another name."""
        self.world.rename(self.world.who(author), name, username)

    # What a test looks at.

    @property
    def rules(self) -> list[Rule]:
        """The rules as they are listed, in force or not yet."""
        return list(self.rulebook.listed)

    @property
    def connections(self) -> list[Connection]:
        """Every connection of the stream there has been, oldest first."""
        return list(self.hub.opened)

    @property
    def live(self) -> list[Connection]:
        """The connections that are open now."""
        return self.hub.live

    @property
    def rule_delay(self) -> float:
        """Seconds until a rule is in force."""
        return self.tempo.rule_delay

    @rule_delay.setter
    def rule_delay(self, seconds: float) -> None:
        self.tempo.rule_delay = seconds

    @property
    def search_lag(self) -> float:
        """Seconds until search knows a post."""
        return self.tempo.search_lag

    @search_lag.setter
    def search_lag(self, seconds: float) -> None:
        self.tempo.search_lag = seconds

    @property
    def unasked(self) -> list[Post]:
        """The posts of the API that name somebody, which X's rules forbid when nobody asked for it."""
        return [post for post in self.posts if post.mentions and not post.reply_to]

    def asked(self, route: str) -> list[Arrived]:
        """The requests of the route with this name, in order."""
        return [request for request in self.requests if request.route == route]

    def disconnect(self) -> None:
        """The stream ends without a word; its slot is counted for `slot_release` seconds."""
        for connection in self.live:
            connection.say(None)

    # How it answers.

    def _publish(self, post: Post) -> None:
        if post.author.standing is Standing.ACTIVE:
            self.hub.publish(post)

    def _handler(self, route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            call = Call(self, request, dict(request.query), _json(await request.read()))
            shown = None if call.body is INVALID else call.body
            agent = request.headers.get("User-Agent", "")
            arrived = Arrived(request.method, request.path, call.query, shown, route.name, agent)
            self.requests.append(arrived)
            if self.faults.hangs(route.name):
                await asyncio.Event().wait()
            headers: dict[str, str] = {}
            try:
                self._admit(route, call, headers)
                if route.does is None:
                    return await self._stream(call, arrived, route)
                answer = await self._answered(route, call)
            except RefusedError as refused:
                answer = refused.answer
            if answer is None:
                return _broken(request)
            arrived.answered.append(answer.status)
            return _response(answer, headers)

        return handle

    def _admit(self, route: Route, call: Call, headers: dict[str, str]) -> None:
        """Who calls is known and may; `headers` say what is left of the window, even when credits are gone."""
        if laid := self.faults.refusal(route.name):
            raise RefusedError(laid)
        call.caller = self.door.caller(call.request, time.time())
        route.check(call.caller, call.query)
        most = route.app if call.caller == "app" else route.user
        headers.update(self.limits.spend(route.name, call.caller, most, self.clock()))
        if self.spend_limit is not None and self.meter.usd >= self.spend_limit:
            raise RefusedError(named("credits"))
        if gone := self.faults.strike("credits_gone"):
            raise RefusedError(gone.answer or named("credits"))
        if call.body is INVALID:
            raise RefusedError(problem(400, "Invalid Request", "The body is not JSON."))

    async def _answered(self, route: Route, call: Call) -> Answer | None:
        assert route.does is not None
        if route.name != "create":
            return route.does(call)
        if self.faults.strike("drop_before_store"):
            return None
        answer = route.does(call)
        if self.faults.strike("hang_after_store"):
            await asyncio.Event().wait()
        return None if self.faults.strike("drop_after_store") else answer

    async def _stream(self, call: Call, arrived: Arrived, route: Route) -> web.StreamResponse:
        hub = self.activities if route.name == "activity" else self.hub
        connection = hub.admit(call.fields)
        arrived.answered.append(200)
        return await hub.serve(
            call.request, connection, keep_alive=self.tempo.keep_alive, release=self.tempo.slot_release
        )


INVALID = object()


def _json(raw: bytes) -> Any:
    try:
        return json.loads(raw) if raw else None
    except ValueError:
        return INVALID


def _broken(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def _response(answer: Answer, headers: dict[str, str]) -> web.Response:
    text = json.dumps(answer.body, ensure_ascii=False) if answer.body is not None else answer.text
    sent = {"Content-Type": answer.content_type} | headers | dict(answer.headers)
    return web.Response(status=answer.status, body=text.encode(), headers=sent)
