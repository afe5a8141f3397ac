"""What Slack calls text, as plain text with its looks.

``blocks`` are read first, because there nothing has to be guessed; ``text`` in mrkdwn (``mrkdwn.py``) is read where
there are none. Nothing here raises on any input: what is not understood stays as text.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from bot import emoji, richtext
from bot.ports import Span
from handlers.slack import mrkdwn
from handlers.slack.mrkdwn import Names, text_of

Read = tuple[str, list[Span] | None]


def read(text: object, blocks: object = None, attachments: object = None, *, names: Names) -> Read:
    """The plain text of a message and its looks (None where plain says it all).

    ``text``, ``blocks`` and ``attachments`` are as they stand in Slack's message, of whatever shape; the attachments
    count only where there is nothing else to read.
    """
    if not blocks and isinstance(text, str) and text and mrkdwn.MARKED_UP.search(text) is None:
        # Most of what people say has no markup, and there is much of it when a whole export is read.
        said = emoji.shown(richtext.storable(text)).rstrip("\n")
        if said:
            return said, None
    alone = _one_text(blocks)
    if alone is not None and "://" not in alone:
        said = richtext.storable(alone).rstrip("\n")
        if said:
            return said, None
    spans = _trimmed(_of_blocks(blocks, names)) or _trimmed(mrkdwn.spans(text_of(text), names))
    if not spans:
        spans = _trimmed(_of_attachments(attachments, names))
    return richtext.plain(spans), richtext.normalise(spans)


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
    kind = text_of(block.get("type"))
    if kind == "rich_text":
        return _lined(list(_of_rich(element, names)) for element in _maps(block.get("elements")))
    if kind in {"section", "header"}:
        return _lined(list(_of_object(part, names)) for part in [block.get("text"), *_list(block.get("fields"))])
    if kind == "context":
        return _lined(list(_of_object(part, names)) for part in _list(block.get("elements")))
    if kind == "markdown":
        return iter([("", text_of(block.get("text")))])
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
        return mrkdwn.spans(text_of(part.get("text")), names)
    text = text_of(part.get("text")) or text_of(part.get("alt_text"))
    return iter([("", emoji.shown(text))])


def _of_rich(element: Mapping[str, object], names: Names) -> Iterator[Span]:
    kind = text_of(element.get("type"))
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
        kind = text_of(element.get("type"))
        style = block + _style_of(element.get("style"))
        url = text_of(element.get("url"))
        text = _element_text(element, names)
        yield (style + "l", text, url) if url and kind == "link" else (style, text)


def _style_of(style: object) -> str:
    if not isinstance(style, dict):
        return ""
    return "".join(name[0] for name in ("bold", "italic", "strike", "code") if style.get(name) is True)


def _element_text(element: Mapping[str, object], names: Names) -> str:
    kind = text_of(element.get("type"))
    if kind == "text":
        return text_of(element.get("text"))
    if kind == "link":
        return text_of(element.get("text")) or text_of(element.get("url"))
    if kind == "emoji":
        return _emoji_element(element)
    if kind == "user":
        return mrkdwn.person(text_of(element.get("user_id")), "", names)
    if kind == "channel":
        return mrkdwn.channel(text_of(element.get("channel_id")), "", names)
    if kind == "usergroup":
        return mrkdwn.group(text_of(element.get("usergroup_id")), "", names)
    if kind == "broadcast":
        return "@" + text_of(element.get("range"))
    if kind == "date":
        return text_of(element.get("fallback")) or mrkdwn.moment(element.get("timestamp"))
    if kind == "color":
        return text_of(element.get("value"))
    # Kinds that came later (canvas, citation, workflow …): by whatever they carry that is written to be read.
    readings = (text_of(element.get(key)) for key in ("text", "fallback", "label", "title", "name", "url"))
    return next((reading for reading in readings if reading), "")


def _emoji_element(element: Mapping[str, object]) -> str:
    name, code = text_of(element.get("name")), text_of(element.get("unicode"))
    if re.fullmatch(r"[0-9a-fA-F]{2,5}(?:-[0-9a-fA-F]{2,5})*", code):
        return richtext.storable("".join(chr(int(part, 16)) for part in code.split("-")))
    tone = element.get("skin_tone")
    return emoji.character(name, str(tone) if isinstance(tone, int) else None) or f":{name}:"


# --- attachments of older bots -------------------------------------------------------------------------------------


def _of_attachments(attachments: object, names: Names) -> Iterator[Span]:
    for at, attachment in enumerate(_maps(attachments)):
        parts = [list(mrkdwn.spans(text_of(attachment.get(key)), names)) for key in ("pretext", "title", "text")]
        parts.append(list(_of_blocks(attachment.get("blocks"), names)))
        if not any(parts):
            parts = [list(mrkdwn.spans(text_of(attachment.get("fallback")), names))]
        if at:
            yield "", "\n"
        yield from _lined(parts)
