"""How X weighs a text: 280 is the most, a link weighs 23, CJK and emoji 2; and what X takes for a link."""

import re
import unicodedata

LONGEST = 280
LINK_WEIGHT = 23
LIGHT = ((0, 4351), (8192, 8205), (8208, 8223), (8242, 8247))
LINK = re.compile(
    r"https?://[^\s<>\"]*[^\s<>\".,;:!?)\]'»”]"
    r"|(?<![\w@#./-])(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+(?:com|org|net|es|io|eu|dev|info|app|co|me|tv)\b(?:/[^\s<>\"]*[\w/])?",
    re.IGNORECASE,
)
_PICTURE = "[\U0001f000-\U0001faff\u2190-\u21ff\u2300-\u27bf\u2900-\u297f\u2b00-\u2bff\u3030\u303d\u3297\u3299]"
_ONE = f"{_PICTURE}(?:\ufe0f|[\U0001f3fb-\U0001f3ff])?"
EMOJI = re.compile(f"[0-9#*]\ufe0f?\u20e3|[\U0001f1e6-\U0001f1ff]{{2}}|{_ONE}(?:\u200d{_ONE})*")


def weighted(text: str) -> int:
    """The weight of the text as X counts it before it accepts a post."""
    plain, links = LINK.subn("", unicodedata.normalize("NFC", text))
    plain, pictures = EMOJI.subn("", plain)
    letters = sum(1 if any(low <= ord(letter) <= high for low, high in LIGHT) else 2 for letter in plain)
    return letters + links * LINK_WEIGHT + pictures * 2
