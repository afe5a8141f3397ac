"""Addresses under which somebody's own calendar takes in debates: to subscribe to, or to take one at a time. Pure."""

import ipaddress
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from bot.ports import House


@dataclass(frozen=True, slots=True)
class Subscription:
    """One calendar's addresses: the file itself, and what each kind of calendar opens to subscribe to it.

    Google takes it as ``webcal:`` alone, Outlook as ``https:``; both fetch it themselves, so that ``public`` says
    whether they could reach it at all.
    """

    file: str
    webcal: str
    google: str
    outlook: str
    office: str
    public: bool


def subscription(house: House, *, season: str = "") -> Subscription:
    """The addresses of all debates, or of a season's (its short name)."""
    file = f"{house.url}/calendar/{season}.ics" if season else f"{house.url}/calendar.ics"
    webcal = f"webcal:{file.partition(':')[2]}"
    there = f"url={quote(file, safe='')}&name=Tertulia"
    return Subscription(
        file, webcal, f"https://calendar.google.com/calendar/render?cid={quote(webcal, safe='')}",
        f"https://outlook.live.com/calendar/0/addfromweb?{there}",
        f"https://outlook.office.com/calendar/0/addfromweb?{there}", public=_public(house.url),
    )  # fmt: skip


def alone(house: House, slug: str) -> str:
    """The address of one debate's own file."""
    return f"{house.url}/d/{slug}/calendar.ics"


def _public(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return "." in host and not host.endswith((".local", ".localhost", ".internal"))
