"""Public holidays of the countries where the community lives; the library behind it is read when first asked. Pure."""

import functools
from collections.abc import Iterable, Mapping
from datetime import date
from importlib import resources

from bot import errors


def on(day: date, country: str, *, locale: str = "es") -> str | None:
    """What a country celebrates on a day, in the language where it has a name there; None where it is a day as any."""
    return of_year(country, day.year, locale).get(day)


@functools.lru_cache(maxsize=256)
def of_year(country: str, year: int, locale: str = "es") -> Mapping[date, str]:
    """The national holidays of a country (its two letters) in a year; raises ``NoSuchCountry``."""
    from holidays import country_holidays

    code = country.strip().upper()
    try:
        spoken = country_holidays(code)
    except (NotImplementedError, AttributeError) as error:
        raise errors.NoSuchCountry(country=country) from error
    wanted = [one for one in spoken.supported_languages or () if one.partition("_")[0] == locale]
    # Never without a language: the library would take that of the machine.
    language = wanted[0] if wanted else spoken.default_language
    return dict(country_holidays(code, years=year, language=language))


def check(countries: Iterable[str]) -> None:
    """The holidays of every country are known; raises ``NoSuchCountry`` for the first that is not."""
    for country in countries:
        of_year(country, 2027)  # any year will do


@functools.cache
def countries_of_zones() -> Mapping[str, str]:
    """The two letters of the country in which each zone is, by the tz database's own names."""
    lines = (resources.files("tzdata") / "zoneinfo" / "zone.tab").read_text(encoding="utf-8").splitlines()
    columns = [line.split("\t") for line in lines if line and not line.startswith("#")]
    return {column[2]: column[0] for column in columns}


def homes(countries: Iterable[str], zones: Iterable[str]) -> Mapping[str, str]:
    """The zone on whose clocks each country's day is read: the first of those given that is in the country."""
    known, found = countries_of_zones(), dict[str, str]()
    for zone in zones:
        found.setdefault(known.get(zone, ""), zone)
    return {country: found[country] for country in countries if country in found}
