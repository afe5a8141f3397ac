"""Templates turned into HTML: one environment, everything escaped, every sentence through the catalogue."""

import functools
import hashlib
from importlib import resources
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from bot import dates, localtime
from bot.words.catalogue import LANGUAGES, words
from handlers.room import looks

STATIC = Path(str(resources.files("handlers.room") / "static"))


@functools.cache
def _environment() -> Environment:
    """The templates with what each of them may use; compiled once, whatever the number of rooms."""
    made = Environment(
        loader=PackageLoader("handlers.room", "templates"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, auto_reload=False,
    )  # fmt: skip
    # A browser keeps each of our own files until its mark changes.
    marks = {name: _mark(name) for name in ("room.css", "room.js", "vendor/htmx.min.js", "icon.svg")}
    made.globals.update(
        asset=lambda name: f"/static/{name}?v={marks[name]}",
        day=dates.day, clock=dates.clock, iso=localtime.iso, palette=looks.PALETTE,
    )  # fmt: skip
    return made


class Views:
    """Renders templates in a language."""

    def __init__(self) -> None:
        """Bind to the templates."""
        self._env = _environment()

    def page(self, template: str, locale: str, /, **values: object) -> str:
        """The template as HTML in a language; ``say`` and ``lang`` are there in every one."""
        say = words(locale)
        return self._env.get_template(template).render(say=say, lang=say.locale, **values)


def language(accepted: str, otherwise: str) -> str:
    """The language of ours that an ``Accept-Language`` header likes best, or ``otherwise`` when it names none."""
    best, quality = otherwise, 0.0
    for part in accepted[:500].split(","):
        tag, _, weight = part.strip().partition(";")
        short = tag.partition("-")[0].lower()
        try:
            liked = float(weight.strip().removeprefix("q=")) if weight else 1.0
        except ValueError:
            continue
        if short in LANGUAGES and liked > quality:
            best, quality = short, liked
    return best


def _mark(name: str) -> str:
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
