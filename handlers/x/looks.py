"""What a draft is as a post on X: within 280, calling nobody, and without a link unless it is the closing's. Pure."""

import re
import unicodedata
from collections.abc import Mapping

from bot.ports import Draft
from handlers.x.terms import LIMITS
from handlers.x.weight import addresses, weighted

# The kinds of post that may hold a link: it costs thirteen times as much as a post without.
LINKED = frozenset({"closing"})
# Not seen, and enough for X to find no mention, price or address.
_APART = "\u2060"
# X reads a name behind an accented letter, and one that begins with a figure.
_CALL = re.compile(r"(?<![A-Za-z0-9_])(?:[@＠](?=\w)|\$(?=[^\W\d]))")
# What a post ends with must survive when it is cut.
_TAG = re.compile(r"\s+#\w+\.?$")
# A text that X has had from us already goes out with so many of these behind it.
_AGAIN = " ·"


def look(draft: Draft, *, variant: int = 0) -> str:
    """The draft as X takes it; each ``variant`` is another text that reads the same, for X refuses to repeat one."""
    return fitted(harmless(draft), LIMITS.post - weighted(_AGAIN) * variant) + _AGAIN * variant


def harmless(draft: Draft) -> str:
    """The draft as long as it is: what would call somebody, or be an address that may not be there, is plain text."""
    text = unicodedata.normalize("NFC", draft.text)
    link = _own_link(text, draft.extra) if draft.kind in LINKED else ""
    for one in dict.fromkeys(addresses(text)):
        if one != link:
            text = text.replace(one, one.replace(".", f".{_APART}"))
    return _CALL.sub(rf"\g<0>{_APART}", text)


def same(text: str, other: str) -> bool:
    """Whether two texts are one post of ours, in whichever variant, whatever X made of spaces and addresses."""
    return _bare(text) == _bare(other)


def fitted(text: str, longest: int = LIMITS.post) -> str:
    """The text, or as many words of it as weigh ``longest`` with «…» and the hashtag at its end."""
    if weighted(text) <= longest:
        return text
    found = _TAG.search(text)
    tail = found[0] if found else ""
    body = text[: len(text) - len(tail)]
    low, high = 0, len(body)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if weighted(f"{body[:middle]}…{tail}") <= longest else (low, middle - 1)
    head = body[:low].rpartition(" ")[0] or body[:low]
    return f"{head.rstrip(' ,;:')}…{tail}"


def _own_link(text: str, extra: Mapping[str, str]) -> str:
    """The address of the debate's page in the text; empty where it is none that X knows as one."""
    slug = extra.get("slug") or ""
    return next((one for one in addresses(text) if slug and one.endswith(f"/d/{slug}")), "")


def _bare(text: str) -> str:
    plain = re.sub(r"https?://\S+", "…", unicodedata.normalize("NFC", text).replace(_APART, ""))
    return " ".join(plain.split()).rstrip(" ·")
