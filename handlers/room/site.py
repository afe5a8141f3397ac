"""The room put together: its pages, its stream, its guards."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from bot import errors
from bot.ports import House
from bot.store.engine import Store
from bot.writer import Writer
from handlers.room import (
    attending,
    changing,
    composer,
    cookies,
    downloads,
    guests,
    health,
    ics,
    inviting,
    limits,
    moderation,
    pages,
    planning,
    polls,
    problems,
    seasons,
    tray,
    year,
)
from handlers.room.artist import Artist
from handlers.room.context import Health, Room
from handlers.room.security import Guard
from handlers.room.stream import Hub
from handlers.room.views import STATIC, Views


def create_room(
    store: Store,
    writer: Writer,
    *,
    house: House,
    start_rehearsal: Callable[[], Awaitable[str]] | None = None,
    health_of: Health | None = None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Starlette:
    """The room over an open store whose schema is up to date, and a writer that runs (or will, before requests come).

    ``start_rehearsal`` begins a rehearsal and returns its slug. ``health_of`` tells of the other parts (Slack, the
    clock), each ``{"ok": bool, …}``; one that is not ok turns ``/healthz`` to 503, unless its ``"vital"`` is False.
    ``app.state.hub.close()`` ends all streams: call it before the server is asked to stop, so that it need not wait.
    """
    views = Views()
    artist = Artist(views, clock)
    hub = Hub(store, writer, artist)
    told = health_of or _nothing_else
    room = Room(
        store=store, writer=writer, house=house, hub=hub, views=views, artist=artist, limits=limits.Limits(),
        cookies=cookies.Cookies.make(store.write(cookies.key), house.url), clock=clock,
        start_rehearsal=start_rehearsal, health=told,
    )  # fmt: skip
    app = Starlette(
        routes=_routes(),
        middleware=[Middleware(Guard, refuse=problems.elsewhere), Middleware(_Gzip, compresslevel=4)],
        exception_handlers={
            errors.TertuliaError: problems.refused, HTTPException: problems.http, Exception: problems.failed,
        },
        lifespan=_lifespan,
    )  # fmt: skip
    app.state.room, app.state.hub = room, hub
    app.state.registry = health.registry(store, writer, hub, told)
    return app


@asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    hub: Hub = app.state.hub
    hub.start()
    try:
        yield
    finally:
        hub.close()


def _nothing_else() -> Mapping[str, Mapping[str, object]]:
    return {}


class _Gzip(GZipMiddleware):
    """Pages are packed; a stream is left alone, for each layer is paid once for each reader and event."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].endswith("/stream"):
            await self.app(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


class _Files(StaticFiles):
    """Our own files. Their addresses carry a mark of their content, so they may be kept for a year."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        if b"v=" in scope["query_string"]:
            response.headers["cache-control"] = "public, max-age=31536000, immutable"
        return response


def _routes() -> list[BaseRoute]:
    get, post, both = ["GET"], ["POST"], ["GET", "POST"]
    return [
        Route("/", pages.board, methods=get),
        Route("/healthz", health.healthz, methods=get),
        Route("/metrics", health.metrics, methods=get),
        Route("/calendar.ics", ics.calendar, methods=get),
        Route("/calendar/{season}.ics", ics.season, methods=get),
        Route("/entrar", moderation.how_to_enter, methods=get),
        Route("/entrar/{secret}", moderation.enter, methods=both),
        Route("/invitado/{guest:int}", guests.desk, methods=get),
        Route("/invitado/{guest:int}", guests.save, methods=post),
        Route("/invitado/{guest:int}/{secret}", guests.door, methods=both),
        Route("/salir", composer.leave, methods=post),
        Route("/programar", planning.form, methods=get),
        Route("/programar", planning.add, methods=post),
        Route("/temporadas", year.year, methods=get),
        Route("/temporadas/planificar", seasons.form, methods=get),
        Route("/temporadas/planificar", seasons.write, methods=post),
        Route("/ensayo", planning.rehearse, methods=post),
        Route("/robots.txt", _robots, methods=get),
        Mount("/static", _Files(directory=STATIC)),
        *_debate_routes(get, post),
    ]


def _debate_routes(get: list[str], post: list[str]) -> list[BaseRoute]:
    return [
        Route("/d/{slug}/calendar.ics", ics.one_debate, methods=get),
        Route("/d/{slug}/transcript.{format:str}", downloads.transcript, methods=get),
        Route("/d/{slug}/recap.md", downloads.recap, methods=get),
        Route("/d/{slug}/stream", pages.stream, methods=get),
        Route("/d/{slug}/join", composer.join, methods=post),
        Route("/d/{slug}/say", composer.say, methods=post),
        Route("/d/{slug}/ask", composer.propose, methods=post),
        Route("/d/{slug}/going", attending.going, methods=post),
        Route("/d/{slug}/remind", attending.remind, methods=post),
        Route("/d/{slug}/attendance", attending.who, methods=get),
        Route("/d/{slug}/add", moderation.add, methods=post),
        Route("/d/{slug}/do/{verb}", moderation.do, methods=post),
        Route("/d/{slug}/change", changing.form, methods=get),
        Route("/d/{slug}/change/{way}", changing.change, methods=post),
        Route("/d/{slug}/m/{message:int}", pages.message, methods=get),
        Route("/d/{slug}/m/{message:int}/react", composer.react, methods=post),
        Route("/d/{slug}/m/{message:int}/edit", composer.edit, methods=post),
        Route("/d/{slug}/m/{message:int}/delete", composer.delete, methods=post),
        Route("/d/{slug}/m/{message:int}/file", moderation.file, methods=post),
        Route("/d/{slug}/q/{question:int}", moderation.question, methods=get),
        Route("/d/{slug}/q/{question:int}/vote", composer.vote, methods=post),
        Route("/d/{slug}/q/{question:int}/move", moderation.move, methods=post),
        Route("/d/{slug}/q/{question:int}/{way}", moderation.decide, methods=post),
        Route("/d/{slug}/guests", inviting.listed, methods=get),
        Route("/d/{slug}/guests", inviting.add, methods=post),
        Route("/d/{slug}/guests/questions", inviting.questions, methods=post),
        Route("/d/{slug}/guests/{guest:int}/{way}", inviting.do, methods=post),
        Route("/d/{slug}/poll/{kind}", polls.answer, methods=post),
        Route("/d/{slug}/polls", polls.desk, methods=get),
        Route("/d/{slug}/polls", polls.plan, methods=post),
        Route("/d/{slug}/polls/{way}", polls.step, methods=post),
        Route("/d/{slug}/review", moderation.review, methods=get),
        Route("/d/{slug}/review/undo", moderation.undo, methods=post),
        Route("/d/{slug}/drafts", tray.tray, methods=get),
        Route("/d/{slug}/drafts/{way}", tray.mark, methods=post),
        Route("/d/{slug}", pages.debate, methods=get),
    ]


async def _robots(_request: Request) -> Response:
    """Machines may read debates; a moderator's or a guest's link is nobody's to follow."""
    return Response("User-agent: *\nDisallow: /entrar/\nDisallow: /invitado/\n", media_type="text/plain")
