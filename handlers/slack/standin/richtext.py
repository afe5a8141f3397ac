"""Slack's mrkdwn text as Slack stores it: strays escaped, bare links wrapped; and the `rich_text` block beside it."""

import html
import re

from handlers.slack.standin.shapes import Json

_CONTROL = re.compile(r"<(?:[@#!][^<>]+|(?:https?|mailto|slack):[^<>]+)>")
_BARE_LINK = re.compile(r"https?://[^\s<>|]+[^\s<>|.,;:!?)\]]")
_ENTITY = re.compile(r"&(?!(?:amp|lt|gt);)")
_PIECE = re.compile(r"<([@#!][^<>]+|(?:https?|mailto|slack):[^<>]+)>|:([a-z0-9_+-]+):")


def _escape(text: str) -> str:
    text = _ENTITY.sub("&amp;", text).replace("<", "&lt;").replace(">", "&gt;")
    return _BARE_LINK.sub(lambda found: f"<{found.group()}>", text)


def stored_text(text: str) -> str:
    """The text as Slack gives it back: `&`, `<` and `>` outside control sequences escaped, bare web links in angles."""
    if not any(sign in text for sign in ("&", "<", ">", "://")):
        return text
    pieces, end = [], 0
    for found in _CONTROL.finditer(text):
        pieces += [_escape(text[end : found.start()]), found.group()]
        end = found.end()
    return "".join([*pieces, _escape(text[end:])])


def _control_element(inner: str) -> Json:
    target, _, label = inner.partition("|")
    if target.startswith("@"):
        return {"type": "user", "user_id": target[1:]}
    if target.startswith("#"):
        return {"type": "channel", "channel_id": target[1:]}
    if target.startswith("!subteam^"):
        return {"type": "usergroup", "usergroup_id": target.removeprefix("!subteam^")}
    if target in ("!here", "!channel", "!everyone"):
        return {"type": "broadcast", "range": target[1:]}
    if target.startswith("!"):
        return {"type": "text", "text": label or target[1:]}
    return {"type": "link", "url": html.unescape(target)} | ({"text": html.unescape(label)} if label else {})


def _plain_element(text: str) -> Json:
    return {"type": "text", "text": html.unescape(text)}


def rich_text(text: str, block_id: str) -> list[Json]:
    """The one `rich_text` block that a Slack client makes of this stored text; [] for no text."""
    elements: list[Json] = []
    end = 0
    for found in _PIECE.finditer(text):
        if found.start() > end:
            elements.append(_plain_element(text[end : found.start()]))
        inner, emoji = found.group(1), found.group(2)
        elements.append(_control_element(inner) if inner else {"type": "emoji", "name": emoji})
        end = found.end()
    if end < len(text):
        elements.append(_plain_element(text[end:]))
    if not elements:
        return []
    section: Json = {"type": "rich_text_section", "elements": elements}
    return [{"type": "rich_text", "block_id": block_id, "elements": [section]}]
