"""Addresses on X: of a post, and of a member's own composer, filled in; what is posted there is theirs. Pure.

X lets a program answer hardly anybody (it must have been mentioned first); people may answer whomever they like.
"""

import re
import unicodedata
from urllib.parse import quote, urlencode

from bot import richtext

COMPOSER = "https://x.com/intent/post"
_POST = "https://x.com/i/web/status/"
# X's own measure: letters of most scripts weigh one, all else two, and any link as much as its short form.
LONGEST = 280
_LINK = 23
_HEAVY = re.compile(r"[^\u0000-\u10ff\u2000-\u200d\u2010-\u201f\u2032-\u2037]")
# What X may take for a link: something on both sides of a dot.
_MAY_BE_LINK = re.compile(r"\S\.\w")


def post(ident: str) -> str:
    """Where the post of an id is read on X, in its latest version; "" where that is no id of X's."""
    return _POST + ident if ident.isdecimal() and ident.isascii() else ""


def answer(number: int, hashtag: str, *, to: str | None = None) -> str:
    """Where one answers a question: its label, room to write, the hashtag; below the question's post where it is known.

    ``to`` is the post's id on X.
    """
    return _address(f"R{number} ", hashtag, to)


def write(hashtag: str) -> str:
    """Where one writes whatever one likes, with the hashtag."""
    return _address("", hashtag, None)


def reply(text: str, hashtag: str, *, to: str) -> str:
    """Where one answers the post of an id with a text; what X has no room for is left out at the text's end."""
    return _address(text, hashtag, to)


def fitted(text: str, hashtag: str) -> str:
    """The text with its hashtag as one post: at most ``LONGEST`` by X's measure, the text cut where it is too long."""
    tag = f"#{hashtag.lstrip('#')}" if hashtag.strip("#") else ""
    tail = (f" {tag}" if text else f"{tag} ") if tag and weight(tag) < LONGEST else ""
    body = richtext.storable(text)
    if weight(body + tail) <= LONGEST:
        return body + tail
    body = body[:LONGEST]
    while body and weight(f"{body}…{tail}") > LONGEST:
        body = body[:-1]
    return f"{body.rsplit(' ', 1)[0]}…{tail}"


def weight(text: str) -> int:
    """What X counts for a text, or somewhat more: an emoji of several parts counts with all of them."""
    text = unicodedata.normalize("NFC", text)
    return len(text) + len(_HEAVY.findall(text)) + _LINK * len(_MAY_BE_LINK.findall(text))


def _address(text: str, hashtag: str, to: str | None) -> str:
    fields = {"text": fitted(text, hashtag)} | ({"in_reply_to": to} if to else {})
    return f"{COMPOSER}?{urlencode(fields, quote_via=quote)}"
