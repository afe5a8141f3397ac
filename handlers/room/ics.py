"""Debates as a calendar that phones and desks subscribe to: stable names, a sequence that grows, cancellations said."""

import asyncio
import functools
import hashlib
import json
from collections.abc import Callable, Sequence
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response

from bot import calendars, errors, localtime
from bot import season as year
from bot.debate import Pace, Phase
from bot.store import agenda, debates, seasons
from bot.store.agenda import Entry
from bot.store.engine import Tx
from bot.words.catalogue import words
from handlers.room.context import locale_of, room_of, visitor_of
from handlers.room.vcalendar import Event, Sheet, write


async def calendar(request: Request) -> Response:
    """All debates that were ever promised."""
    found = await asyncio.to_thread(_read, request, agenda.entries)
    return await _answer(request, found, "calendar")


async def season(request: Request) -> Response:
    """The debates of one season: those planned in it, and those that fall into it by their date."""
    slug = request.path_params["season"]
    with room_of(request).store.read() as tx:
        row = seasons.get(tx, slug)
        ident, title, slug = seasons.ident(row), row.title, row.slug

    def reading(tx: Tx) -> Sequence[Entry]:
        return [one for one in agenda.entries(tx) if _of_season(one, ident, slug)]

    found = await asyncio.to_thread(_read, request, reading)
    return await _answer(request, found, slug, title=title, season=slug)


async def one_debate(request: Request) -> Response:
    """One debate, to be kept in one's own calendar; a draft is shown to moderators alone, and as one."""
    slug, visitor = request.path_params["slug"], visitor_of(request)
    with room_of(request).store.read() as tx:
        row = debates.get(tx, slug)
        if row.phase == Phase.DRAFT and not visitor.moderator:
            raise errors.NoSuchDebate(debate=slug)
        found, slug = [_event(agenda.entry(tx, row))], row.slug
    return await _answer(request, found, slug)


def _read(request: Request, reading: Callable[[Tx], Sequence[Entry]]) -> list[Event]:
    with room_of(request).store.read() as tx:
        return [_event(one) for one in reading(tx)]


def _of_season(one: Entry, ident: int, slug: str) -> bool:
    if one.season_id is not None:
        return one.season_id == ident
    return year.of_day(localtime.wall(one.starts_at, one.timezone).date()).slug == slug


def _event(one: Entry) -> Event:
    # The hour as it was promised: one that was extended is over by the time a calendar hears of it.
    ends = one.ends_at if one.imported else one.starts_at + _length(one.pace)
    return Event(
        id=one.id, slug=one.slug, title=one.title, host=one.host, hashtag=one.hashtag, timezone=one.timezone,
        starts_at=one.starts_at, ends_at=ends, created_at=one.created_at, phase=one.phase, sequence=one.sequence,
        changed_at=one.changed_at, why=one.why,
    )  # fmt: skip


@functools.lru_cache(maxsize=64)
def _length(pace: str) -> timedelta:
    return Pace.from_seconds(json.loads(pace)).minutes


async def _answer(
    request: Request, events: Sequence[Event], name: str, *, title: str = "", season: str = ""
) -> Response:
    """The file, or nothing new: a calendar that asks every hour has most often seen it."""
    house, say = room_of(request).house, words(locale_of(request))
    sheet = Sheet(
        name=f"Tertulia · {title}" if title else "Tertulia", url=house.url,
        source=calendars.subscription(house, season=season).file, timezone=house.timezone, locale=say.locale,
    )  # fmt: skip
    # A second of work for ten years, so not in the loop where others wait; and the same for all who ask.
    body, mark = await asyncio.to_thread(_file, tuple(events), sheet)
    headers = {
        "content-disposition": f'inline; filename="{name}.ics"', "cache-control": "no-cache", "etag": mark,
        "vary": "Accept-Language",
    }  # fmt: skip
    if mark in [one.strip() for one in request.headers.get("if-none-match", "").split(",")]:
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type="text/calendar; charset=utf-8")


@functools.lru_cache(maxsize=8)
def _file(events: tuple[Event, ...], sheet: Sheet) -> tuple[bytes, str]:
    """The calendar and its mark; a weak one, for it may be packed on its way."""
    body = write(events, sheet)
    return body, f'W/"{hashlib.sha256(body).hexdigest()[:24]}"'
