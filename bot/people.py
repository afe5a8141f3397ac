"""What people may be called, and the room's ids of them. Pure."""

import re
import unicodedata

from bot import errors
from bot.phrase import phrase
from bot.question import clean

LONGEST_NAME = 60


def person_name(name: str) -> str:
    """A name as it is shown: one line, no control or direction marks; raises ``Empty`` or ``FilledUp``."""
    shown = "".join(char for char in name if unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Co", "Cn"})
    tidy = clean(shown, what="el nombre")
    if len(tidy) > LONGEST_NAME:
        raise errors.FilledUp(
            what="el nombre", limit=phrase("{count} caracteres", count=LONGEST_NAME), size=f"{len(tidy)}"
        )
    return tidy


def room_id(name: str) -> str:
    """The room's id of a name: its letters and figures, lowered, without accents (``Ana Mª`` is ``ana-ma``)."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    ident = "-".join(re.findall(r"\w+", "".join(char for char in plain if not unicodedata.combining(char))))
    if not ident:
        raise errors.Empty(what="el nombre")
    return ident
