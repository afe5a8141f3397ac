"""What people call the zones of a community: «Bogotá», «hora de Chile», "Madrid time", ``America/Lima``. Pure."""

import functools
import re
import zoneinfo
from collections.abc import Mapping, Sequence

from bot import hours
from bot.timewords import Part, Place, fold

# Where the communities that Spanish and English bring together meet; forms offer these behind their own community's.
USUAL = (
    "Europe/Madrid", "Atlantic/Canary", "America/Mexico_City", "America/Bogota", "America/Lima", "America/Caracas",
    "America/Santiago", "America/Argentina/Buenos_Aires", "Europe/London", "America/New_York", "America/Los_Angeles",
    "UTC",
)  # fmt: skip
# What a zone is called besides by its city, folded; a name counts where its zone is one of the community's.
_ALSO: Mapping[str, Sequence[str]] = {
    "Europe/Madrid": ("espana", "spain", "espanola", "peninsular"),
    "Atlantic/Canary": ("canaria",),
    "America/Mexico_City": ("mexico", "cdmx", "mexicana"),
    "America/Bogota": ("colombia", "colombiana"),
    "America/Lima": ("peru", "peruana"),
    "America/Caracas": ("venezuela", "venezolana"),
    "America/Santiago": ("chile", "chilena", "santiago de chile"),
    "America/Argentina/Buenos_Aires": ("argentina", "baires"),
    "Europe/London": ("uk",),
    "America/Los_Angeles": ("california",),
    "UTC": ("gmt", "z"),
}
_AREAS = "africa|america|antarctica|arctic|asia|atlantic|australia|etc|europe|indian|pacific"
_IANA = re.compile(rf"\(?\s*(?P<name>(?:{_AREAS})(?:/[a-z0-9_+-]+)+)\s*\)?")
_OFFSET = re.compile(r"\(?\s*(?P<name>(?:utc|gmt)\s?[+-]\s?\d{1,2}(?::?\d\d)?)\s*\)?")
# A word in the place of a place: nobody may take it for a title, and the debate for one at home.
_WORD = r"[^\W\d_]+(?:\s+[^\W\d_]+)?"
_STRANGE = re.compile(
    rf"\(?\s*(?:hora\s+(?:local\s+)?(?:de|del|en)\s+(?P<es>{_WORD})|(?P<en>{_WORD})\s+time\s*\)?\s*$"
    r"|(?:en|in)\s+(?P<at>[^\W\d_]+)\s*\)?\s*$|(?P<code>cest|cet|[ecmp][sd]t|bst|clst|clt)(?!\w))"
)


class Places:
    """The places of a community by what people call them."""

    def __init__(self, zones: Sequence[str]) -> None:
        """``zones`` are the community's, IANA; UTC is always among them."""
        self.zones = tuple(dict.fromkeys((*zones, "UTC")))
        self._zone = {fold(name): zone for zone in reversed(self.zones) for name in _names(zone)}
        names = "|".join(re.escape(name) for name in sorted(self._zone, key=len, reverse=True))
        clear = r"(?:a\s+)?(?:la\s+)?hora\s+(?:local\s+)?(?:(?:de|del|en)\s+)?"
        self._clear = re.compile(rf"\(?\s*(?:{clear}(?P<es>{names})|(?P<en>{names})\s+time)(?!\w)(?:\s*\))?")
        self._bare = re.compile(rf"\(?\s*(?:(?:en|in|de)\s+)?(?P<name>{names})(?!\w)(?:\s*\))?")

    def at(self, folded: str, start: int, *, bare: bool) -> Part | None:
        """The place named at a position, which may be one that is not known; None where none is named.

        ``bare``: also where nothing says that it is an hour's place, as in «19:00 Bogotá».
        """
        found = _OFFSET.match(folded, start)
        if found is not None:
            return _part("", found, "name")
        found = self._clear.match(folded, start)
        if found is not None:
            group = "es" if found["es"] else "en"
            return _part(self._zone[found[group]], found, group)
        found = _IANA.match(folded, start)
        if found is not None:
            return _part(_all().get(found["name"], ""), found, "name")
        found = self._bare.match(folded, start) if bare else None
        return _part(self._zone[found["name"]], found, "name") if found is not None else None


def strange(folded: str, start: int) -> Part | None:
    """What stands where a place would, and is none that the community knows: «hora de Marte»."""
    found = _STRANGE.match(folded, start)
    if found is None:
        return None
    return _part("", found, next(name for name, text in found.groupdict().items() if text))


def _names(zone: str) -> Sequence[str]:
    """All that a zone is called: its city in either language and as the tz database has it, and what it is besides."""
    own = zone.rpartition("/")[2].replace("_", " ")
    return (own, *(hours.city(zone, locale=one) for one in ("es", "en")), *_ALSO.get(zone, ()))


def _part(zone: str, found: re.Match[str], group: str) -> Part:
    return Part(Place(zone, found.start(group), found.end(group)), found.end())


@functools.cache
def _all() -> Mapping[str, str]:
    """Every zone there is by its folded name."""
    return {fold(name): name for name in zoneinfo.available_timezones()}
