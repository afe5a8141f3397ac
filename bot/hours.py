"""One instant on the clocks of several cities: «19:00 Madrid · 13:00 Bogotá y Lima · 12:00 Ciudad de México». Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from bot import localtime
from bot.phrase import Phrase, phrase
from bot.words.catalogue import Words, words

# What people call the cities of zones where the zone's own name will not do; any other is called by its last part.
_CITIES: Mapping[str, Phrase] = {
    "America/Mexico_City": phrase("Ciudad de México"), "America/Bogota": phrase("Bogotá"),
    "America/Panama": phrase("Panamá"), "America/Asuncion": phrase("Asunción"), "America/Havana": phrase("La Habana"),
    "America/New_York": phrase("Nueva York"), "America/Sao_Paulo": phrase("São Paulo"),
    "Atlantic/Canary": phrase("Canarias"), "Europe/London": phrase("Londres"), "Europe/Lisbon": phrase("Lisboa"),
    "Europe/Paris": phrase("París"), "Europe/Berlin": phrase("Berlín"),
}  # fmt: skip
# Where every letter counts, a country's.
_COUNTRIES = {
    "Europe/Madrid": "ES", "America/Mexico_City": "MX", "America/Bogota": "CO", "America/Lima": "PE",
    "America/Santiago": "CL", "America/Argentina/Buenos_Aires": "AR", "America/Montevideo": "UY",
    "America/Guayaquil": "EC", "America/Caracas": "VE", "America/La_Paz": "BO", "America/Asuncion": "PY",
    "America/Panama": "PA", "America/Costa_Rica": "CR",
}  # fmt: skip
# More letters than this are no short form.
LONGEST_SHORT = 64


def place(zone: str) -> str:
    """What people call the place whose clocks a zone names: for a sentence whose reader is not known yet."""
    return _CITIES.get(zone) or zone.rpartition("/")[2].replace("_", " ")


def city(zone: str, *, locale: str = "es") -> str:
    """The same, for a reader."""
    return words(locale).again(place(zone))


def everywhere(instant: datetime, zone: str, zones: Sequence[str], *, say: Words) -> str:
    """The hour in the zone and in each of the others, cities of one hour together; empty where all have the same.

    A day that is another than in the zone is said.
    """
    groups = _groups(instant, zone, zones)
    if len(groups) < 2:
        return ""
    return " · ".join(
        f"{clock} {_listed([city(one, locale=say.locale) for one in cities], say)}{_day(days, say)}"
        for (clock, days), cities in groups.items()
    )


def shortly(instant: datetime, zone: str, zones: Sequence[str], *, say: Words) -> str:
    """The same in few letters: «19:00 Madrid, 12:00 MX, 13:00 CO/PE»; empty where even that is long."""
    groups = _groups(instant, zone, zones)
    if len(groups) < 2:
        return ""
    told = []
    for (clock, days), cities in groups.items():
        names = [city(one, locale=say.locale) if one == zone else _COUNTRIES.get(one, "") for one in cities]
        names = [name or city(one, locale=say.locale) for name, one in zip(names, cities, strict=True)]
        told.append(f"{clock} {'/'.join(names)}{f' ({days:+d})' if days else ''}")
    found = ", ".join(told)
    return found if len(found) <= LONGEST_SHORT else ""


def _groups(instant: datetime, zone: str, zones: Sequence[str]) -> dict[tuple[str, int], list[str]]:
    """The zones by what their clocks show: the hour, and how many days it is from the day in the first of them."""
    here = localtime.wall(instant, zone).date()
    found: dict[tuple[str, int], list[str]] = {}
    for one in dict.fromkeys((zone, *zones)):
        local = localtime.wall(instant, one)
        found.setdefault((f"{local:%H:%M}", (local.date() - here).days), []).append(one)
    return found


def _listed(names: Sequence[str], say: Words) -> str:
    *head, last = names
    return say("{list} y {last}", list=", ".join(head), last=last) if head else last


def _day(days: int, say: Words) -> str:
    if not days:
        return ""
    return " " + (say("(el día siguiente)") if days > 0 else say("(el día anterior)"))
