"""The words of a post as its author wrote them: whole, unescaped, with the addresses that t.co hides. Pure."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from bot import richtext
from bot.ports import Span
from handlers.x.included import objects, word

Json = Mapping[str, Any]

# With the space before it, looked for from where that begins: a long run of space costs no more than its length.
_TCO = re.compile(r"(?<!\s)\s*+https?://t\.co/\w+")
_LAST_TCO = re.compile(r"(?<!\s)\s*+https?://t\.co/\w+\s*\Z")
# Whom a reply answers stands before its words, put there by X, not by the author.
_LEADING = re.compile(r"\s*(?:[@＠]\w{1,20}(?:\s+|\Z))+")
_OF_POST = re.compile(
    r"https?://(?:www\.|mobile\.)?(?:twitter|x)\.com/\w+(?:/web)?/status/(\d+)(/(?:photo|video)/\d+)?.*"
)


class Around(NamedTuple):
    """What a post's words go with: whether it is a reply, has media, quotes; the posts whose links say nothing more."""

    reply: bool = False
    media: bool = False
    quote: bool = False
    shown: Sequence[str | None] = ()


def wording(post: Json, around: Around) -> tuple[str, Sequence[Span] | None]:
    """The text of a post, and its spans where the text alone does not show its links."""
    note = post.get("note_tweet") or post.get("note_post")
    whole = note.get("text") if isinstance(note, dict) else None
    text = whole if isinstance(whole, str) and whole else post.get("text")
    text = unescaped(word(text))
    if around.reply:
        text = _without_leading(text, media=around.media)
    if "://t.co/" not in text:
        return text.strip(), None
    entities = [post.get("entities"), note.get("entities") if isinstance(note, dict) else None]
    return _spelled_out(text, _links(entities), around)


def _without_leading(text: str, *, media: bool) -> str:
    """The reply without the names before it, unless names are all it says."""
    match = _LEADING.match(text)
    return text if match is None or (match.end() == len(text) and not media) else text[match.end() :]


def unescaped(text: str) -> str:
    """The text without the escapes that X puts in: of ``&``, ``<`` and ``>``, once."""
    if "&" not in text:
        return text
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def carrying(tag: str) -> re.Pattern[str]:
    """What finds the hashtag (casefolded, without ``#``) in a casefolded text."""
    name = re.escape(tag)
    # The word first, and what is before it afterwards: a search for a fixed beginning is seven times as fast.
    return re.compile(rf"{name}(?!\w)(?<=(?<![\w&/#＃])[#＃]{name})")


def _links(entities: Sequence[object]) -> dict[str, Json]:
    urls = [one for some in entities if isinstance(some, dict) for one in objects(some.get("urls"))]
    return {one["url"]: one for one in urls if isinstance(one.get("url"), str)}


def _spelled_out(text: str, links: Mapping[str, Json], around: Around) -> tuple[str, Sequence[Span] | None]:
    shown: set[str] = set()

    def kept(match: re.Match[str]) -> str:
        link = links.get(match[0].strip())
        if link is None or not _says_nothing(link, around):
            return match[0]
        shown.add(match[0])
        return ""

    text = _TCO.sub(kept, text)
    last = _LAST_TCO.search(text)
    if last and (around.quote or around.media) and not shown and last[0].strip() not in links:
        text = text[: last.start()]  # X has left its entity out
    return _spans(text.strip(), links)


def _says_nothing(link: Json, around: Around) -> bool:
    """Whether the link leads to what stands beside the post anyway: its media, the post it quotes, itself."""
    if isinstance(link.get("media_key"), str):
        return True
    leads = _OF_POST.fullmatch(word(link.get("expanded_url")))
    return leads is not None and (leads[1] in around.shown or (around.media and leads[2] is not None))


def _spans(text: str, links: Mapping[str, Json]) -> tuple[str, Sequence[Span] | None]:
    spans: list[Span] = []
    at = 0
    for match in _TCO.finditer(text):
        tco = match[0].lstrip()
        expanded = word(links.get(tco, {}).get("expanded_url"))
        if expanded:
            spans += [("", text[at : match.end() - len(tco)]), ("l", expanded, expanded)]
            at = match.end()
    if not spans:
        return text, None
    spans.append(("", text[at:]))
    return richtext.plain(spans), richtext.normalise(spans)
