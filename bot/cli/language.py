"""The language of the command line: Spanish, or English where the terminal asks for it."""

import os
from collections.abc import Mapping

from bot.words.catalogue import Words, words


def say(sentence: str) -> str:
    """The Spanish sentence itself: help is written down when modules are read, and ``bot.cli.main`` translates it."""
    return sentence


def speaking(environment: Mapping[str, str] = os.environ) -> Words:
    """The sentences in ``TERTULIA_LOCALE``, or else the terminal's language where we speak it, or else in Spanish."""
    for name in ("TERTULIA_LOCALE", "LC_ALL", "LC_MESSAGES", "LANG"):
        value = environment.get(name, "")
        if value and value.partition(".")[0] not in {"C", "POSIX"}:
            return words(value)
    return words("es")
