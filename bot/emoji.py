"""The names of emoji, as Slack spells them and its reactions come, as characters.

The table is made from emoji-datasource 16.0.0 (emoji.LICENSE), which is Slack's own.
"""

import json
import re
from functools import cache
from pathlib import Path

_NAME = re.compile(r":([a-z0-9_+'.-]+)(?:::skin-tone-([2-6]))?:")
_TONES = {str(number): chr(0x1F3FB + number - 2) for number in range(2, 7)}


def character(name: str, tone: str | None = None) -> str | None:
    """The character of an emoji's name, in skin tone ``"2"`` to ``"6"``; None where Slack's standard has no such name.

    A name may bring its own tone, as reactions do: ``+1::skin-tone-3``.
    """
    name, _, own = name.strip(":").partition("::skin-tone-")
    characters, toned = _table()
    found = characters.get(name)
    skin = _TONES.get(own or tone or "")
    if found is None or skin is None or found not in toned:
        return found
    return found[0] + skin + found[1:].removeprefix("\ufe0f")


def shown(text: str) -> str:
    """The text with each standard ``:name:`` as its character; a community's own emoji stay names."""
    if text.count(":") < 2:
        return text
    return _NAME.sub(lambda match: character(match[1], match[2]) or match[0], text)


@cache
def _table() -> tuple[dict[str, str], frozenset[str]]:
    table = json.loads(Path(__file__).with_name("emoji.json").read_text(encoding="utf-8"))
    return table["names"], frozenset(table["toned"])
