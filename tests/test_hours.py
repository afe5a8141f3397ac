"""One instant on many clocks: grouped, named as people name them, and never a day off unsaid."""

from datetime import UTC, datetime

import pytest

from bot import hours
from bot.ports import ZONES
from bot.words.catalogue import words

WINTER = datetime(2027, 1, 14, 18, tzinfo=UTC)  # 19:00 in Madrid; Santiago has summer time
SUMMER = datetime(2027, 7, 15, 17, tzinfo=UTC)  # 19:00 in Madrid; Santiago has winter time


@pytest.mark.parametrize(
    ("instant", "locale", "told"),
    [
        (
            WINTER, "es",
            "19:00 Madrid · 12:00 Ciudad de México · 13:00 Bogotá y Lima · 15:00 Santiago y Buenos Aires",
        ),
        (
            SUMMER, "en",
            "19:00 Madrid · 11:00 Mexico City · 12:00 Bogotá and Lima · 13:00 Santiago · 14:00 Buenos Aires",
        ),
    ],
)  # fmt: skip
def test_cities_of_one_hour_stand_together(instant: datetime, locale: str, told: str) -> None:
    """The debate's own first, the others in the community's order, whatever the clocks do in summer and winter."""
    assert hours.everywhere(instant, "Europe/Madrid", ZONES, say=words(locale)) == told


def test_another_day_is_said() -> None:
    """20:00 of a Thursday in Lima is Friday in Madrid; Auckland is ahead by a day for half of the world."""
    late = datetime(2027, 1, 15, 1, tzinfo=UTC)
    assert hours.everywhere(late, "America/Lima", ["Europe/Madrid"], say=words("es")) == (
        "20:00 Lima · 02:00 Madrid (el día siguiente)"
    )
    early = datetime(2027, 1, 14, 0, tzinfo=UTC)
    assert hours.everywhere(early, "Europe/Madrid", ["America/Bogota"], say=words("en")) == (
        "01:00 Madrid · 19:00 Bogotá (the day before)"
    )
    assert hours.shortly(early, "Europe/Madrid", ["America/Bogota"], say=words("es")) == "01:00 Madrid, 19:00 CO (-1)"


def test_where_all_have_one_hour_nothing_is_said_twice() -> None:
    """A community of one country, or of one clock."""
    assert hours.everywhere(WINTER, "Europe/Madrid", ["Europe/Madrid", "Europe/Paris"], say=words("es")) == ""
    assert hours.everywhere(WINTER, "Europe/Madrid", [], say=words("es")) == ""
    assert hours.shortly(WINTER, "America/Bogota", ["America/Lima"], say=words("es")) == ""


def test_the_short_form_is_short_or_nothing() -> None:
    """Countries in two letters; with a dozen zones none fits into a post."""
    assert hours.shortly(WINTER, "Europe/Madrid", ZONES, say=words("es")) == (
        "19:00 Madrid, 12:00 MX, 13:00 CO/PE, 15:00 CL/AR"
    )
    many = ["Asia/Kolkata", "Asia/Tokyo", "Pacific/Auckland", "Asia/Dubai", "America/New_York", "America/Denver"]
    assert hours.shortly(WINTER, "Europe/Madrid", many, say=words("es")) == ""


def test_a_city_without_a_name_of_its_own_is_called_by_its_zone() -> None:
    """And the others as people write them."""
    assert [hours.city(zone) for zone in ("America/Port_of_Spain", "America/Bogota", "UTC")] == [
        "Port of Spain", "Bogotá", "UTC",
    ]  # fmt: skip
