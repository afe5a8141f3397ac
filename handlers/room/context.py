"""What every page of the room has at hand, and who asks for it."""

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from starlette.datastructures import URL
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from bot import calendars, errors
from bot.actions import people
from bot.ports import Actor, House
from bot.store.engine import Store
from bot.writer import Writer
from handlers.room import cookies, limits
from handlers.room.artist import Artist
from handlers.room.refusals import WhoAreYou
from handlers.room.stream import Hub
from handlers.room.views import Views, language

# A part of the bot and how it is: {"ok": bool, "vital": bool (True if not said), …}; what else it says is shown.
Health = Callable[[], Mapping[str, Mapping[str, object]]]


@dataclass(frozen=True, slots=True)
class Room:
    """The room's tools, made once (``site.create_room``)."""

    store: Store
    writer: Writer
    house: House
    hub: Hub
    views: Views
    artist: Artist
    limits: limits.Limits
    cookies: cookies.Cookies
    clock: Callable[[], datetime]
    start_rehearsal: Callable[[], Awaitable[str]] | None
    health: Health


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asks: their language, whether they moderate, and who they are once they have said their name."""

    actor: Actor | None
    locale: str
    address: str
    piece: bool  # a script asks for a piece of the page, not for the whole

    @property
    def moderator(self) -> bool:
        """Whether they moderate."""
        return self.actor is not None and self.actor.moderator

    def known(self) -> Actor:
        """Who they are; raises ``WhoAreYou`` when they have not said it yet."""
        if self.actor is None:
            raise WhoAreYou
        return self.actor

    def moderating(self) -> Actor:
        """Who they are; raises ``NotModerator`` when they do not moderate."""
        if self.actor is None or not self.actor.moderator:
            raise errors.NotModerator
        return self.actor


def ident_of(request: Request, name: str) -> int:
    """A row's number in the address; one that no database could hold is not found."""
    found = int(request.path_params[name])
    if found >= 2**53:
        raise HTTPException(404)
    return found


def room_of(request: Request) -> Room:
    """The room that answers the request."""
    found: Room = request.app.state.room
    return found


def visitor_of(request: Request) -> Visitor:
    """Who asks; a moderator's session comes before a member's cookie."""
    room = room_of(request)
    actor = room.cookies.read(request)
    secret = request.cookies.get(cookies.MODERATOR, "")
    if secret:
        with room.store.read() as tx:
            actor = people.session(tx, secret, now=room.clock()) or actor
    return Visitor(actor, locale_of(request), address_of(request), request.headers.get("hx-request") == "true")


def locale_of(request: Request) -> str:
    """The language in which to answer: the browser's, or the house's."""
    return language(request.headers.get("accept-language", ""), room_of(request).house.locale)


def address_of(request: Request) -> str:
    """Where the request comes from."""
    return request.client.host if request.client is not None else "?"


def page(request: Request, template: str, *, status: int = 200, **values: object) -> HTMLResponse:
    """A page for whoever asks, in their language; never kept by a cache that others share."""
    visitor = values.pop("visitor", None) or visitor_of(request)
    if not isinstance(visitor, Visitor):
        raise TypeError("visitor")
    room = room_of(request)
    values.setdefault("calendar", calendars.subscription(room.house))
    html = room.views.page(template, visitor.locale, visitor=visitor, path=request.url.path, **values)
    headers = {
        "cache-control": "private, no-cache", "vary": "Accept-Language, Cookie, HX-Request",
        "content-language": visitor.locale,
    }  # fmt: skip
    return HTMLResponse(html, status, headers)


def back_to(address: str | URL) -> RedirectResponse:
    """See there what has become of it (a form that was sent must not be sent again by a reload)."""
    return RedirectResponse(str(address), 303)


def nothing() -> Response:
    """Done; what changed comes through the stream."""
    return Response(status_code=204)


def slow_down(request: Request, visitor: Visitor, rate: limits.Rate) -> None:
    """One more thing done by the visitor and from their address is counted; raises ``TooFast``."""
    tally, now = room_of(request).limits, time.monotonic()
    if visitor.actor is not None:
        tally.take(visitor.actor.who, rate, now=now)
    tally.take(f"address:{visitor.address}", limits.ADDRESS, now=now)
