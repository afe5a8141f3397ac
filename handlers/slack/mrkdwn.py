"""What Slack calls text, as plain text with its looks; and our text, as Slack wants it.

``blocks`` are read first, because there nothing has to be guessed; ``text`` in mrkdwn is read where there are none.
Nothing here raises on any input: what is not understood stays as text.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

from bot import emoji, richtext
from bot.ports import Span


@dataclass(frozen=True, slots=True)
class Names:
    """How people, channels and groups of people are called by their ids; None for the unknown."""

    person: Callable[[str], str | None] = lambda _id: None
    channel: Callable[[str], str | None] = lambda _id: None
    group: Callable[[str], str | None] = lambda _id: None


Read = tuple[str, list[Span] | None]


def read(text: object, blocks: object = None, attachments: object = None, *, names: Names) -> Read:
    """The plain text of a message and its looks (None where plain says it all).

    ``text``, ``blocks`` and ``attachments`` are as they stand in Slack's message, of whatever shape; the attachments
    count only where there is nothing else to read.
    """
    if not blocks and isinstance(text, str) and text and _MARKED_UP.search(text) is None:
        # Most of what people say has no markup, and there is much of it when a whole export is read.
        said = emoji.shown(richtext.storable(text)).rstrip("\n")
        if said:
            return said, None
    alone = _one_text(blocks)
    if alone is not None and "://" not in alone:
        said = richtext.storable(alone).rstrip("\n")
        if said:
            return said, None
    spans = _trimmed(_of_blocks(blocks, names)) or _trimmed(_of_mrkdwn(_str(text), names))
    if not spans:
        spans = _trimmed(_of_attachments(attachments, names))
    return richtext.plain(spans), richtext.normalise(spans)


def to_mrkdwn(text: str) -> str:
    """A text that Slack shows as it is and that wakes nobody: no entities of its own, no @channel, @here, @everyone."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _WAKES.sub("@\u2060", escaped)  # a word joiner: unseen, but the word is another one


_WAKES = re.compile(r"@(?=(?:channel|here|everyone|canal|aquí|todos)\b)", re.IGNORECASE)


def _one_text(blocks: object) -> str | None:
    """The text of blocks that are one run without looks, as most of what people type is; None for anything else."""
    inside: object = blocks
    for kind in ("rich_text", "rich_text_section"):
        if not (isinstance(inside, list) and len(inside) == 1 and isinstance(inside[0], dict)):
            return None
        if inside[0].get("type") != kind:
            return None
        inside = inside[0].get("elements")
    if not (isinstance(inside, list) and len(inside) == 1 and isinstance(inside[0], dict)):
        return None
    text = inside[0].get("text")
    return text if inside[0].get("type") == "text" and "style" not in inside[0] and isinstance(text, str) else None


# --- small readings of what may have any shape ---------------------------------------------------------------------


def _str(value: object) -> str:
    return richtext.storable(value) if isinstance(value, str) else ""


def _list(value: object) -> Sequence[object]:
    return value if isinstance(value, list) else ()


def _maps(value: object) -> Iterator[Mapping[str, object]]:
    return (item for item in _list(value) if isinstance(item, dict))


def _trimmed(spans: Iterable[Span]) -> list[Span]:
    """Without the blank lines at the end, which Slack's composer leaves behind."""
    kept = [span for span in spans if span[1]]
    while kept:
        last = kept.pop()
        text = last[1].rstrip("\n")
        if text:
            kept.append((last[0], text, last[2]) if len(last) == 3 else (last[0], text))
            break
    return kept


def _lined(parts: Iterable[Sequence[Span]]) -> Iterator[Span]:
    """Each part on a line of its own."""
    fresh = True
    for part in parts:
        if not part:
            continue
        if not fresh:
            yield "", "\n"
        yield from part
        fresh = part[-1][1].endswith("\n")


# --- blocks --------------------------------------------------------------------------------------------------------


def _of_blocks(blocks: object, names: Names) -> Iterator[Span]:
    return _lined(list(_of_block(block, names)) for block in _maps(blocks))


def _of_block(block: Mapping[str, object], names: Names) -> Iterator[Span]:
    kind = _str(block.get("type"))
    if kind == "rich_text":
        return _lined(list(_of_rich(element, names)) for element in _maps(block.get("elements")))
    if kind in {"section", "header"}:
        return _lined(list(_of_object(part, names)) for part in [block.get("text"), *_list(block.get("fields"))])
    if kind == "context":
        return _lined(list(_of_object(part, names)) for part in _list(block.get("elements")))
    if kind == "markdown":
        return iter([("", _str(block.get("text")))])
    if kind in {"image", "video"}:
        return _of_object(block.get("title") or block, names)
    if kind == "table":
        return _lined(list(_of_row(row, names)) for row in _list(block.get("rows")))
    return iter(())


def _of_row(row: object, names: Names) -> Iterator[Span]:
    for at, cell in enumerate(_maps(row)):
        if at:
            yield "", " | "
        yield from _trimmed(_of_block(cell, names) if cell.get("type") == "rich_text" else _of_object(cell, names))


def _of_object(part: object, names: Names) -> Iterator[Span]:
    """A text object, or an image by its description."""
    if not isinstance(part, dict):
        return iter(())
    if part.get("type") == "mrkdwn":
        return _of_mrkdwn(_str(part.get("text")), names)
    text = _str(part.get("text")) or _str(part.get("alt_text"))
    return iter([("", emoji.shown(text))])


def _of_rich(element: Mapping[str, object], names: Names) -> Iterator[Span]:
    kind = _str(element.get("type"))
    if kind == "rich_text_list":
        return _of_list(element, names)
    block = {"rich_text_preformatted": "p", "rich_text_quote": "q"}.get(kind, "")
    return _of_section(element, names, block)


def _of_list(element: Mapping[str, object], names: Names) -> Iterator[Span]:
    indent, number = element.get("indent"), element.get("offset")
    # Slack's own client stops at 8 levels; what claims more is not a list that somebody wrote.
    before = "    " * min(indent, 8) if isinstance(indent, int) else ""
    ordered = element.get("style") == "ordered"
    start = number + 1 if isinstance(number, int) else 1
    items = (_trimmed(_of_section(item, names, "")) for item in _maps(element.get("elements")))
    return _lined(
        [("", f"{before}{at}. " if ordered else f"{before}• "), *item] for at, item in enumerate(items, start)
    )


def _of_section(section: Mapping[str, object], names: Names, block: str) -> Iterator[Span]:
    for element in _maps(section.get("elements")):
        kind = _str(element.get("type"))
        style = block + _style_of(element.get("style"))
        url = _str(element.get("url"))
        text = _element_text(element, names)
        yield (style + "l", text, url) if url and kind == "link" else (style, text)


def _style_of(style: object) -> str:
    if not isinstance(style, dict):
        return ""
    return "".join(name[0] for name in ("bold", "italic", "strike", "code") if style.get(name) is True)


def _element_text(element: Mapping[str, object], names: Names) -> str:
    kind = _str(element.get("type"))
    if kind == "text":
        return _str(element.get("text"))
    if kind == "link":
        return _str(element.get("text")) or _str(element.get("url"))
    if kind == "emoji":
        return _emoji_element(element)
    if kind == "user":
        return _person(_str(element.get("user_id")), "", names)
    if kind == "channel":
        return _channel(_str(element.get("channel_id")), "", names)
    if kind == "usergroup":
        return _group(_str(element.get("usergroup_id")), "", names)
    if kind == "broadcast":
        return "@" + _str(element.get("range"))
    if kind == "date":
        return _str(element.get("fallback")) or _moment(element.get("timestamp"))
    if kind == "color":
        return _str(element.get("value"))
    # Kinds that came later (canvas, citation, workflow …): by whatever they carry that is written to be read.
    readings = (_str(element.get(key)) for key in ("text", "fallback", "label", "title", "name", "url"))
    return next((reading for reading in readings if reading), "")


def _emoji_element(element: Mapping[str, object]) -> str:
    name, code = _str(element.get("name")), _str(element.get("unicode"))
    if re.fullmatch(r"[0-9a-fA-F]{2,5}(?:-[0-9a-fA-F]{2,5})*", code):
        return richtext.storable("".join(chr(int(part, 16)) for part in code.split("-")))
    tone = element.get("skin_tone")
    return emoji.character(name, str(tone) if isinstance(tone, int) else None) or f":{name}:"


def _person(id: str, label: str, names: Names) -> str:
    return "@" + _str(names.person(id) or label or id).removeprefix("@")


def _channel(id: str, label: str, names: Names) -> str:
    return "#" + _str(names.channel(id) or label or id).removeprefix("#")


def _group(id: str, label: str, names: Names) -> str:
    return "@" + _str(names.group(id) or label or id).removeprefix("@")


def _moment(stamp: object) -> str:
    try:
        return f"{datetime.fromtimestamp(int(str(stamp)), UTC):%Y-%m-%d %H:%M} UTC"
    except (ValueError, OverflowError, OSError):
        return _str(stamp)


# --- attachments of older bots -------------------------------------------------------------------------------------


def _of_attachments(attachments: object, names: Names) -> Iterator[Span]:
    for at, attachment in enumerate(_maps(attachments)):
        parts = [list(_of_mrkdwn(_str(attachment.get(key)), names)) for key in ("pretext", "title", "text")]
        parts.append(list(_of_blocks(attachment.get("blocks"), names)))
        if not any(parts):
            parts = [list(_of_mrkdwn(_str(attachment.get("fallback")), names))]
        if at:
            yield "", "\n"
        yield from _lined(parts)


# --- mrkdwn --------------------------------------------------------------------------------------------------------

_ENTITY = re.compile(r"<([^<>\n]+)>")
_CODE_BLOCK = re.compile(r"```\n?(.+?)\n?```", re.DOTALL)
_CODE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_QUOTE = re.compile(r"^(?:>>> ?(?s:(?P<rest>.*))|> ?(?P<line>[^\n]*))", re.MULTILINE)
# A mark opens after anything but a letter or digit, and closes before it: snake_case and 2*3*4 stay whole.
_LOOKS = [
    (letter, re.compile(rf"{mark}(?<![^\W_]{mark})(?=[^\s{mark}])([^{mark}\n]*[^\s{mark}]){mark}(?![^\W_])"))
    for letter, mark in (("b", r"\*"), ("i", "_"), ("s", "~"))
]
_MARKS = {"p": "```", "c": "`", "b": "*", "i": "_", "s": "~"}
_SPECIAL = re.compile(r"[<>&*_~`:]")
_MARKED_UP = re.compile(r"[<>&*_~`]|://")
_GONE, _WHOLE = "-", "!"  # beside the letters of richtext: not shown; shown as it is


@dataclass(frozen=True, slots=True)
class _Range:
    """From ``start`` to before ``end`` the text has this style."""

    start: int
    end: int
    style: str
    url: str = ""


def _of_mrkdwn(text: str, names: Names) -> Iterator[Span]:
    """The text cut where its looks change.

    The looks are found in a twin of the text, as long as it, in which what may not be read as markup (what an
    entity or code shows) is blotted out by full stops; so there is no placeholder that a message could forge.
    """
    if _SPECIAL.search(text) is None:
        return iter([("", text)] if text else ())
    shown, ranges = _without_entities(text, names)
    twin = _blotted(shown, ranges)
    for style, pattern in (("p", _CODE_BLOCK), ("c", _CODE)):
        coded = list(_marked(twin, style, pattern))
        twin = _blotted(twin, coded)
        ranges += coded
    ranges += _quoted(twin)
    for style, pattern in _LOOKS:
        ranges += _marked(twin, style, pattern)
    return _cut(shown, ranges)


def _without_entities(text: str, names: Names) -> tuple[str, list[_Range]]:
    """The text with what its ``<…>`` show, and where that stands."""
    shown: list[str] = []
    ranges = []
    length = at = 0
    for match in _ENTITY.finditer(text):
        before = _unescaped(text[at : match.start()])
        said, url = _entity(match[1], names)
        length += len(before)
        ranges.append(_Range(length, length + len(said), _WHOLE + "l" if url else _WHOLE, url))
        shown += before, said
        length += len(said)
        at = match.end()
    shown.append(_unescaped(text[at:]))
    return "".join(shown), ranges


def _unescaped(text: str) -> str:
    if "&" not in text:
        return text
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _entity(content: str, names: Names) -> tuple[str, str]:
    """What ``<content>`` shows, and where it leads ("" for nowhere)."""
    target, _, label = content.partition("|")
    target, label = _unescaped(target), _unescaped(label)
    if target.startswith("@"):
        return _person(target[1:], label, names), ""
    if target.startswith("#"):
        return _channel(target[1:], label, names), ""
    if target.startswith("!"):
        return _special(target[1:], label, names), ""
    if richtext.safe_url(target):
        return label or target.removeprefix("mailto:"), target
    if ":" in target:
        return label or target, ""
    return _unescaped(f"<{content}>"), ""


def _special(target: str, label: str, names: Names) -> str:
    kind, _, rest = target.partition("^")
    if kind == "date":
        return label or _moment(rest.partition("^")[0])
    if kind == "subteam":
        return _group(rest, label, names)
    return "@" + (label or kind).removeprefix("@")


def _blotted(text: str, ranges: Sequence[_Range]) -> str:
    """The text, as long as before, with full stops in these ranges; line feeds stay."""
    if not ranges:
        return text
    parts: list[str] = []
    at = 0
    for covered in sorted(ranges, key=lambda one: one.start):
        parts += text[at : covered.start], re.sub(r"[^\n]", ".", text[covered.start : covered.end])
        at = covered.end
    return "".join([*parts, text[at:]])


def _marked(twin: str, style: str, pattern: re.Pattern[str]) -> Iterator[_Range]:
    """What stands between two marks, and the marks."""
    if twin.count(_MARKS[style]) < 2:
        return
    for match in pattern.finditer(twin):
        start, end = match.span(1)
        yield _Range(match.start(), start, _GONE)
        yield _Range(start, end, style)
        yield _Range(end, match.end(), _GONE)


def _quoted(twin: str) -> Iterator[_Range]:
    if ">" not in twin:
        return
    for match in _QUOTE.finditer(twin):
        start, end = match.span("rest" if match["rest"] is not None else "line")
        yield _Range(match.start(), start, _GONE)
        # The line feed between two lines of one quote belongs to it.
        yield _Range(start, end + 1 if twin.startswith("\n>", end) else end, "q")


def _cut(text: str, ranges: Sequence[_Range]) -> Iterator[Span]:
    """The text in pieces of one style each."""
    changes: dict[int, list[tuple[int, _Range]]] = {0: [], len(text): []}
    for one in ranges:
        changes.setdefault(one.start, []).append((1, one))
        changes.setdefault(one.end, []).append((-1, one))
    depth = dict.fromkeys(richtext.LETTERS + _GONE + _WHOLE, 0)
    url = ""
    places = sorted(changes)
    for start, end in pairwise(places):
        for step, one in changes[start]:
            url = one.url if one.url and step > 0 else url
            for letter in one.style:
                depth[letter] += step
        if depth[_GONE]:
            continue
        style = "".join([letter for letter in richtext.LETTERS if depth[letter]])
        said = text[start:end]
        said = said if depth[_WHOLE] or depth["c"] or depth["p"] else emoji.shown(said)
        yield (style, said, url) if depth["l"] else (style, said)
