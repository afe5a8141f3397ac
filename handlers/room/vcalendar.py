"""Debates as an iCalendar (RFC 5545), the way Google, Apple and Outlook take it. Pure.

Each debate is an event of its own, also one of a series, so that every one can be moved, edited and cancelled. The
lines of an event are put together here, for the library needs a millisecond for each, and a calendar of ten years has
thousands; it escapes the texts, and writes the zones.
"""

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot import localtime
from bot.debate import Phase
from bot.words.catalogue import Words, words
from handlers.room.vtimezone import vtimezone

# The name of an event must never change, wherever the room is reached: it is made of the debate alone.
_HOST = "tertulia"
# How often a calendar should look for changes. Google decides for itself (half a day), Apple and Outlook ask.
REFRESH = "PT1H"
# A day before, to keep the hour free; a quarter of an hour before, to sit down.
ALARMS = (timedelta(days=1), timedelta(minutes=15))
LONGEST_LINE = 75  # octets
# Nothing of these may stand in a text, and some programs take the last ones for line ends; tab and line feed may.
_FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f\x85\u2028\u2029]+")
_STATUS = {Phase.DRAFT: "TENTATIVE", Phase.CANCELLED: "CANCELLED", Phase.MISSED: "CANCELLED"}


@dataclass(frozen=True, slots=True)
class Event:
    """A debate as a calendar knows it; ``sequence`` is the number of what a calendar shows of it (RFC 5545)."""

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
    changed_at: datetime | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """The calendar around the events: what it is called, its own address, the zone it is shown in."""

    name: str
    url: str
    source: str
    timezone: str
    locale: str


def write(events: Sequence[Event], sheet: Sheet) -> bytes:
    """The debates as a calendar file, in the order in which they are given."""
    say = words(sheet.locale)
    lines = [
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Tertulia//debates//ES", "CALSCALE:GREGORIAN", "METHOD:PUBLISH",
        f"NAME:{_text(sheet.name)}", f"X-WR-CALNAME:{_text(sheet.name)}", f"X-WR-TIMEZONE:{sheet.timezone}",
        f"URL:{sheet.url}", f"SOURCE;VALUE=URI:{sheet.source}",
        f"REFRESH-INTERVAL;VALUE=DURATION:{REFRESH}", f"X-PUBLISHED-TTL:{REFRESH}",
    ]  # fmt: skip
    zones = b"".join(_zones(events))
    alarms = _alarms(say)
    entries = b"".join(_entry(one, sheet, say, alarms) for one in events)
    return _folded(lines) + zones + entries + b"END:VCALENDAR\r\n"


def _zones(events: Sequence[Event]) -> list[bytes]:
    """Every zone that an event is in, from the year of its first to that of its last."""
    years: dict[str, tuple[int, int]] = {}
    for one in events:
        first, last = years.get(one.timezone, (one.starts_at.year, one.starts_at.year))
        years[one.timezone] = min(first, one.starts_at.year), max(last, one.ends_at.year)
    return [vtimezone(zone, *years[zone]) for zone in sorted(years) if zone != "UTC"]


def _entry(one: Event, sheet: Sheet, say: Words, alarms: bytes) -> bytes:
    page = f"{sheet.url}/d/{one.slug}"
    changed = _utc(one.changed_at or one.created_at)
    over = one.phase in {Phase.CANCELLED, Phase.MISSED}
    tags = f"Tertulia,{_text(one.hashtag)}" if one.hashtag else "Tertulia"
    lines = [
        "BEGIN:VEVENT",
        f"UID:debate-{one.id}-{int(one.created_at.timestamp())}@{_HOST}",
        f"DTSTAMP:{changed}", f"CREATED:{_utc(one.created_at)}", f"LAST-MODIFIED:{changed}",
        f"SEQUENCE:{one.sequence}", f"STATUS:{_STATUS.get(Phase(one.phase), 'CONFIRMED')}",
        f"DTSTART{_local(one.starts_at, one.timezone)}", f"DTEND{_local(one.ends_at, one.timezone)}",
        f"SUMMARY:{_text(one.title)}", f"DESCRIPTION:{_text(_about(one, say, page))}",
        f"LOCATION:{_text(page)}", f"URL:{page}", f"CATEGORIES:{tags}",
        f"TRANSP:{'TRANSPARENT' if over else 'OPAQUE'}",
    ]  # fmt: skip
    return _folded(lines) + (b"" if over else alarms) + b"END:VEVENT\r\n"


def _about(one: Event, say: Words, page: str) -> str:
    """What the event says below its title: who conducts it, why it is not held, its hashtag, where it is."""
    unheld = ""
    if one.phase in {Phase.CANCELLED, Phase.MISSED}:
        unheld = f"{say('No se celebra.')} {one.why}".strip()
    host = say("Conduce {host}.", host=one.host) if one.host and not unheld else ""
    return "\n".join(part for part in (unheld, host, f"#{one.hashtag}" if one.hashtag else "", page) if part)


@functools.lru_cache(maxsize=8)
def _alarms(say: Words) -> bytes:
    lines = []
    for ahead in ALARMS:
        trigger = f"-P{ahead.days}D" if ahead.days else f"-PT{ahead.seconds // 60}M"
        told = f"DESCRIPTION:{_text(say('Debate de Tertulia'))}"
        lines += ["BEGIN:VALARM", "ACTION:DISPLAY", f"TRIGGER:{trigger}", told, "END:VALARM"]
    return _folded(lines)


def _local(instant: datetime, zone: str) -> str:
    if zone == "UTC":
        return f":{_utc(instant)}"
    return f";TZID={zone}:{localtime.wall(instant, zone):%Y%m%dT%H%M%S}"


def _utc(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _text(text: str) -> str:
    from icalendar import vText

    return vText(_FORBIDDEN.sub(" ", text)).to_ical().decode()


def _folded(lines: Sequence[str]) -> bytes:
    return b"".join(_fold(line.encode()) for line in lines)


def _fold(line: bytes) -> bytes:
    """The line, in pieces where it is too long; no letter is cut in two, and nothing from the sign that escapes it."""
    pieces = []
    room = LONGEST_LINE
    while len(line) > room:
        cut = room
        while line[cut] & 0xC0 == 0x80:
            cut -= 1
        escaping = len(line[:cut]) - len(line[:cut].rstrip(b"\\"))
        cut -= escaping % 2
        pieces.append(line[:cut])
        line, room = line[cut:], LONGEST_LINE - 1  # a space stands before what goes on
    return b"\r\n ".join([*pieces, line]) + b"\r\n"
