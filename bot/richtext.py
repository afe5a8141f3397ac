"""The looks of a text: runs of bold, code, quotes and links beside the plain text that is the contract. Pure.

A span is ``(style, text)`` or ``(style, text, url)``. Style is made of the letters of ``LETTERS``: ``b`` bold,
``i`` italic, ``s`` struck, ``c`` code, ``p`` code block, ``q`` quote, ``l`` link; "" is plain. The texts of the
spans joined are the text. Where there is no span, the plain text says it all, and its web addresses are links.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from itertools import groupby

from bot.ports import Span

LETTERS = "pqbiscl"
_SCHEMES = ("http://", "https://", "mailto:")

# Characters that can end or disguise an address never belong to one: space, quotes, brackets, controls, bidi marks.
_NOT_IN_URL = r"\s<>\"'`«»“”\\^{}|\x00-\x20\x7f-\xa0\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff"
# Searched from its colon: a fixed beginning is what makes the search fast.
_AFTER_SCHEME = re.compile(rf"://[^{_NOT_IN_URL}/?#][^{_NOT_IN_URL}]*")
_GOOD_URL = re.compile(rf"(?:https?://[^{_NOT_IN_URL}/?#]|mailto:[^{_NOT_IN_URL}])[^{_NOT_IN_URL}]*", re.IGNORECASE)
_AFTER_URL = ".,;:!?…*_~)]'’"

# What would act on the page instead of being read: controls, and the marks that turn the direction of what follows.
_ACTING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")


def storable(text: str) -> str:
    """The text as every database can keep it: NUL becomes ␀, half a surrogate pair U+FFFD, CRLF a line feed."""
    if "\r" in text:
        text = text.replace("\r\n", "\n")
    return _UNSTORABLE.sub(lambda odd: "␀" if odd[0] == "\0" else "\ufffd", text)


def visible(text: str) -> str:
    """The text with each control character and each mark that overrides direction shown instead of obeyed."""
    if text.isprintable():
        return text
    return _ACTING.sub(_shown, text)


def _shown(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    if 0xD800 <= code <= 0xDFFF:
        return "\ufffd"
    return f"[U+{code:04X}]"


def plain(spans: Sequence[Span]) -> str:
    """The text that the spans show, without their looks."""
    return "".join([span[1] for span in spans])


def normalise(spans: Iterable[Span]) -> list[Span] | None:
    """The same looks in as few spans as can be; None where the plain text alone would look the same.

    Style letters come in the order of ``LETTERS``; a link that is not http, https or mailto keeps its text alone.
    """
    merged: list[Span] = []
    for span in spans:
        clean = _tidy(span)
        if not clean[1]:
            continue
        if merged and merged[-1][0] == clean[0] and merged[-1][2:] == clean[2:]:
            clean = _span(clean[0], merged.pop()[1] + clean[1], clean[2] if len(clean) == 3 else "")
        merged.append(clean)
    if all(style in {"", "l"} for style, *_ in merged) and merged == list(_linkified(plain(merged))):
        return None
    return merged


def _tidy(span: Span) -> Span:
    if not span[0]:
        return "", span[1]  # most of what is said
    style = "".join(letter for letter in LETTERS if letter in span[0])
    url = span[2] if len(span) == 3 else ""
    if "l" in style and not safe_url(url):
        style = style.replace("l", "")
    return _span(style, span[1], url)


def _span(style: str, text: str, url: str) -> Span:
    return (style, text, url) if "l" in style else (style, text)


def safe_url(url: str) -> bool:
    """Whether an address may become a link: http, https or mailto, with nothing in it that hides where it leads."""
    return _GOOD_URL.fullmatch(url) is not None


def dump(spans: Sequence[Span] | None) -> str | None:
    """The spans as the JSON list that the database keeps; None stays None."""
    if spans is None:
        return None
    return json.dumps(spans, ensure_ascii=False, separators=(",", ":"))


def load(kept: str | None) -> list[Span] | None:
    """The spans of a JSON list made by ``dump``; None stays None."""
    if kept is None:
        return None
    return [(s[0], s[1], s[2]) if len(s) == 3 else (s[0], s[1]) for s in json.loads(kept)]


def links(text: str, rich: Sequence[Span] | None = None) -> list[str]:
    """The addresses that the text leads to, each once, in order."""
    if rich is None:
        if "://" not in text:
            return []
        return list(dict.fromkeys(span[2] for span in _linkified(text) if len(span) == 3))
    return list(dict.fromkeys(span[2] for span in _spelled_out(rich) if len(span) == 3))


def _linkified(text: str) -> Iterator[Span]:
    """The plain text with its web addresses as links."""
    at = 0
    for match in _AFTER_SCHEME.finditer(text) if "://" in text else ():
        colon = match.start()
        start = colon - (5 if text[colon - 1 : colon] in {"s", "S"} else 4)
        if start < at or text[start : start + 4].lower() != "http" or text[start - 1 : start].isalnum():
            continue
        url = _without_tail(text[start : match.end()])
        if start > at:
            yield "", text[at:start]
        yield "l", url, url
        at = start + len(url)
    if at < len(text):
        yield "", text[at:]


def _without_tail(url: str) -> str:
    """The address without the punctuation of the sentence around it; a bracket it opened itself stays."""
    end = len(url)
    least = url.index("://") + 4
    while end > least and url[end - 1] in _AFTER_URL:
        if url[end - 1] == ")" and url.count("(", 0, end) >= url.count(")", 0, end):
            break
        end -= 1
    return url[:end]


def spelled_out(text: str, rich: Sequence[Span] | None = None) -> list[Span]:
    """The text as spans in which every address is a link."""
    return list(_linkified(text) if rich is None else _spelled_out(rich))


def _spelled_out(spans: Sequence[Span]) -> Iterator[Span]:
    """The spans with the web addresses in their uncoded text as links."""
    for span in spans:
        style = span[0]
        if "://" not in span[1] or "l" in style or "c" in style or "p" in style:
            yield span
            continue
        for part in _linkified(span[1]):
            yield (style + "l", part[1], part[2]) if len(part) == 3 else (style, part[1])


# --- HTML ----------------------------------------------------------------------------------------------------------

_TAGS = {"b": "strong", "i": "em", "s": "s", "c": "code"}


def to_html(text: str, rich: Sequence[Span] | None = None) -> str:
    """HTML for inside a ``<div>``: every character escaped, line feeds as ``<br>``, addresses as links.

    Only http, https and mailto become links, with ``rel="nofollow noopener ugc"``.
    """
    if rich is None:
        if "://" in text:
            return "".join([_inline(span) for span in _linkified(text)])
        return _escaped(text)
    return "".join(_blocks(_spelled_out(rich)))


def _escaped(text: str) -> str:
    if text.isprintable():
        return escape(text)
    return escape(_ACTING.sub(_shown, text)).replace("\n", "<br>")


def _inline(span: Span) -> str:
    style = span[0]
    html = _escaped(span[1])
    if not style:
        return html
    for letter in reversed(style):
        if letter == "l" and len(span) == 3 and safe_url(span[2]):
            html = f'<a href="{escape(span[2])}" rel="nofollow noopener ugc">{html}</a>'
        elif letter in _TAGS:
            html = f"<{_TAGS[letter]}>{html}</{_TAGS[letter]}>"
    return html


def block_of(span: Span) -> str:
    """``p`` for a span of a code block, ``q`` for one of a quote, else ""."""
    return "p" if "p" in span[0] else "q" if "q" in span[0] else ""


def _blocks(spans: Iterable[Span]) -> Iterator[str]:
    """Code blocks and quotes each in their element; the line feeds beside them are their own margins."""
    parts = [(kind, list(run)) for kind, run in groupby(spans, block_of)]
    for at, (kind, run) in enumerate(parts):
        if kind == "p":
            yield f"<pre>{escape(visible(plain(run)).strip(chr(10)))}</pre>"
            continue
        html = "".join([_inline(span) for span in run])
        if kind == "q":
            html = f"<blockquote>{html.removesuffix('<br>')}</blockquote>"
        else:
            html = html.removeprefix("<br>") if at else html
            html = html.removesuffix("<br>") if at + 1 < len(parts) else html
        yield html


# --- Markdown ------------------------------------------------------------------------------------------------------

# The backslash first, lest it escape the escapes.
_MD_ALWAYS = "\\`*[]<>~|"
# Markdown itself leaves an underscore between letters alone, and an ampersand that begins no entity.
_MD_UNDERSCORE = re.compile(r"_(?<![^\W_]_)|_(?![^\W_])")
_MD_ENTITY = re.compile(r"&(?=#?\w+;)")
_MD_START = re.compile(r"^(?:(#{1,6}(?=\s|$)|[-+=](?=[\s=-]|$)|={2,}|-{2,})|(\d{1,9})([.)])(?=\s|$))")
_MD_FIRST = frozenset("-+=#0123456789 \t")
_MARKS = {"b": "**", "i": "*", "s": "~~"}


def to_markdown(text: str, rich: Sequence[Span] | None = None) -> str:
    """CommonMark that reads as the text was said: what could be taken for markup is escaped, addresses are links."""
    if rich is not None:
        return "".join(_md_blocks(_spelled_out(rich)))
    if "://" in text:
        return _md_lines("".join([_md_inline(span) for span in _linkified(text)]))
    return _md_lines(_md_escaped(visible(text)))


def _md_escaped(text: str) -> str:
    for mark in _MD_ALWAYS:
        if mark in text:
            text = text.replace(mark, "\\" + mark)
    if "_" in text:
        text = _MD_UNDERSCORE.sub(r"\\_", text)
    return _MD_ENTITY.sub(r"\\&", text) if "&" in text else text


def _md_lines(text: str) -> str:
    """Marked text as lines that break where it does, and that none begins as a list or a heading would."""
    if "\n" not in text and text[:1] not in _MD_FIRST:
        return text
    return "  \n".join([_md_line(line) if line[:1] in _MD_FIRST else line for line in text.split("\n")])


def _md_line(line: str) -> str:
    return _MD_START.sub(_md_start, line.lstrip(" \t"))


def _md_start(match: re.Match[str]) -> str:
    return f"\\{match[1]}" if match[1] else f"{match[2]}\\{match[3]}"


def _md_inline(span: Span) -> str:
    style, said = span[0], visible(span[1])
    if not style:
        return _md_escaped(said)
    if len(span) == 3 and span[1] == span[2] and style == "l":
        return f"<{span[2]}>"
    marked = _md_code(said) if "c" in style else _md_marked(style, _md_escaped(said))
    if len(span) == 3 and safe_url(span[2]):
        target = span[2].replace("(", "%28").replace(")", "%29")
        return f"[{marked}](<{target}>)"
    return marked


def _md_marked(style: str, text: str) -> str:
    """The text in the marks of its style; Markdown wants no space just inside them, so that goes outside."""
    core = text.strip()
    if not core:
        return text
    before, _, after = text.partition(core)
    for letter in reversed(style):
        core = f"{_MARKS[letter]}{core}{_MARKS[letter]}" if letter in _MARKS else core
    return before + core + after


def _fence(text: str, least: int) -> str:
    runs = [len(run) for run in re.findall("`+", text)]
    return "`" * max(least, max(runs, default=0) + 1)


def _md_code(text: str) -> str:
    fence = _fence(text, 1)
    space = " " if text.startswith(("`", " ")) or text.endswith(("`", " ")) else ""
    return fence + space + text.replace("\n", " ") + space + fence


def _md_blocks(spans: Iterable[Span]) -> Iterator[str]:
    parts = [(kind, list(run)) for kind, run in groupby(spans, block_of)]
    parts = [(kind, run) for kind, run in parts if kind or len(parts) == 1 or plain(run).strip()]
    for at, (kind, run) in enumerate(parts):
        if kind == "p":
            said = visible(plain(run)).strip("\n")
            block = f"{_fence(said, 3)}\n{said}\n{_fence(said, 3)}"
        else:
            block = _md_lines("".join([_md_inline(span) for span in run]))
            block = block.strip() if len(parts) > 1 else block
        if kind == "q":
            block = "> " + block.replace("\n", "\n> ")
        yield ("\n\n" if at else "") + block
