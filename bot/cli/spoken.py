"""A start that is told in free words at a terminal: read back on every zone's clocks, and taken after a yes alone."""

import sys
from datetime import datetime

import typer

from bot import dates, when
from bot.cli import home, show
from bot.cli.language import speaking
from bot.cli.options import start_of


def check(starts: str, timezone: str) -> None:
    """The start and its zone are such as can be read; words are refused where nobody is there to say yes."""
    if not starts or _is_iso(starts):
        start_of(starts, timezone)
        return
    start_of("", timezone)
    if not sys.stdin.isatty():
        told = speaking()(
            "«{starts}» no es una fecha con hora, por ejemplo 2027-01-14T19:00. Con palabras, solo en una terminal: "
            "hay que confirmar lo entendido", starts=starts,
        )  # fmt: skip
        raise typer.BadParameter(told, param_hint="--starts")


def start(starts: str, timezone: str, *, usual: str) -> tuple[datetime | None, str]:
    """The start that was given by hand, as ISO 8601 or in words, and its zone; ``usual`` is that of words without one.

    Words are read back, and taken after a yes.
    """
    if not starts or _is_iso(starts):
        return start_of(starts, timezone), timezone
    text, zones = speaking(), home.settings().house().zones
    found = when.understand(starts, now=home.now(), zone=timezone or usual, zones=zones)
    if found.rest:
        raise typer.BadParameter(text("no sé qué hacer con «{word}»", word=found.rest), param_hint="--starts")
    for one in dict.fromkeys((found.zone, *zones)):
        show.note(dates.long(found.instant, one, locale=text.locale))
    for note in found.notes:
        show.note(text("Ojo: {note}.", note=text.again(note)))
    if not show.agreed(text("¿Es eso?")):
        raise typer.Abort
    return found.local, found.zone


def _is_iso(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True
