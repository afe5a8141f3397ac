"""Dates as people read them, in Spanish and English: small enough to need no locale library at run time."""

from dataclasses import dataclass
from datetime import datetime

from bot import localtime

_DAYS = {
    "es": ("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
_MONTHS = {
    "es": (
        "enero", "febrero", "marzo", "abril", "mayo", "junio",
        "julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre",
    ),
    "en": (
        "January", "February", "March", "April", "May", "June",
        "July", "August", "September", "October", "November", "December",
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant on the clocks of a zone, in a sentence whose reader is not known yet: `words` says it in theirs."""

    instant: datetime
    zone: str

    def said(self, locale: str) -> str:
        """In a language."""
        return long(self.instant, self.zone, locale=locale)

    def __str__(self) -> str:
        """In Spanish."""
        return self.said("es")


def long(instant: datetime, zone: str, *, locale: str = "es") -> str:
    """«jueves 14 de enero de 2027, 19:00 (Europe/Madrid)»: the instant on the zone's clocks."""
    return f"{day(instant, zone, locale=locale)}, {clock(instant, zone)} ({zone})"


def day(instant: datetime, zone: str, *, locale: str = "es") -> str:
    """«jueves 14 de enero de 2027»."""
    language = locale if locale in _DAYS else "es"
    local = localtime.wall(instant, zone)
    name, month = _DAYS[language][local.weekday()], _MONTHS[language][local.month - 1]
    if language == "en":
        return f"{name}, {local.day} {month} {local.year}"
    return f"{name} {local.day} de {month} de {local.year}"


def weekday(number: int, *, locale: str = "es") -> str:
    """«lunes» of 0."""
    return _DAYS[locale if locale in _DAYS else "es"][number]


def month(number: int, *, locale: str = "es") -> str:
    """«enero» of 1."""
    return _MONTHS[locale if locale in _MONTHS else "es"][number - 1]


def clock(instant: datetime, zone: str) -> str:
    """«19:00»."""
    return f"{localtime.wall(instant, zone):%H:%M}"
