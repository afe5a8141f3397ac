"""Debates as a calendar that phones and desks subscribe to: stable names, a sequence that grows, cancellations said."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response

from bot import localtime
from bot.debate import Phase
from bot.store import debates
from bot.tables import Debate
from bot.words.catalogue import words
from handlers.room.context import locale_of, room_of

# The name of an event must never change, wherever the room is reached: it is made of the debate alone.
_HOST = "tertulia"


@dataclass(frozen=True, slots=True)
class Event:
    """A debate as a calendar knows it; ``sequence`` grows with every change of it."""

    id: int
    slug: str
    title: str
    host: str
    hashtag: str
    timezone: str
    starts_at: datetime
    ends_at: datetime
    created_at: datetime
    phase: str
    sequence: int


async def calendar(request: Request) -> Response:
    """All debates that were not hidden from the calendar."""
    with room_of(request).store.read() as tx:
        found = [_event(one) for one in debates.every(tx) if not one.imported and not one.rehearsal]
    return _answer(request, found, "calendar")


async def one_debate(request: Request) -> Response:
    """One debate, to be kept in one's own calendar."""
    with room_of(request).store.read() as tx:
        found = _event(debates.get(tx, request.path_params["slug"]))
    return _answer(request, [found], found.slug)


def write(events: Iterable[Event], *, url: str, locale: str) -> bytes:
    """The debates as an iCalendar (RFC 5545) in a language."""
    from icalendar import Calendar
    from icalendar import Event as Entry

    say = words(locale)
    made = Calendar()
    made.add("prodid", "-//Tertulia//debates//ES")
    made.add("version", "2.0")
    made.add("method", "PUBLISH")
    made.add("x-wr-calname", "Tertulia")
    for one in events:
        entry = Entry()
        entry.add("uid", f"debate-{one.id}-{int(one.created_at.timestamp())}@{_HOST}")
        entry.add("sequence", one.sequence)
        entry.add("status", "CANCELLED" if one.phase in {Phase.CANCELLED, Phase.MISSED} else "CONFIRMED")
        entry.add("dtstamp", one.created_at)
        entry.add("dtstart", localtime.wall(one.starts_at, one.timezone))
        entry.add("dtend", localtime.wall(one.ends_at, one.timezone))
        entry.add("summary", one.title)
        host = say("Conduce {host}", host=one.host) + ". " if one.host else ""
        tag = f"#{one.hashtag} " if one.hashtag else ""
        entry.add("description", f"{host}{tag}{url}/d/{one.slug}")
        entry.add("url", f"{url}/d/{one.slug}")
        made.add_component(entry)
    made.add_missing_timezones()
    return bytes(made.to_ical())


def _event(one: Debate) -> Event:
    names = ("slug", "title", "host", "hashtag", "timezone", "starts_at", "ends_at", "created_at", "phase")
    values = {name: getattr(one, name) for name in names}
    return Event(id=debates.ident(one), sequence=one.rev, **values)


def _answer(request: Request, events: list[Event], name: str) -> Response:
    body = write(events, url=room_of(request).house.url, locale=locale_of(request))
    headers = {"content-disposition": f'inline; filename="{name}.ics"', "cache-control": "no-cache"}
    return Response(body, headers=headers, media_type="text/calendar; charset=utf-8")
