"""The few kinds of block that our pages are made of, cut to Slack's limits. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from handlers.slack.mrkdwn import to_mrkdwn

Block: TypeAlias = dict[str, Any]
"""A block or a view, as Slack's JSON."""

# Limits of Block Kit (docs.slack.dev/reference/block-kit).
LONGEST_SECTION = 3_000
LONGEST_HEADER = 150
LONGEST_BUTTON = 75
LONGEST_TITLE = 24
LONGEST_OPTION = 75
LONGEST_INPUT = 3_000
# Slack takes 50 in a message; the rest is kept for a notice, the pager and a button.
MOST_BLOCKS = 45


@dataclass(frozen=True, slots=True)
class Page:
    """Something to show: ``text`` stands alone for notifications and screen readers, ``blocks`` say the same."""

    text: str
    blocks: Sequence[Block] = ()


def cut(text: str, limit: int) -> str:
    """The text, shortened with an ellipsis where it is longer than the limit."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def plain(text: str, limit: int = LONGEST_SECTION) -> Block:
    """A text that Slack shows as it is."""
    return {"type": "plain_text", "text": cut(text, limit) or " ", "emoji": False}


def said(text: str) -> Block:
    """A section with what people wrote, shown as it is."""
    return {"type": "section", "text": plain(text)}


def marked(mrkdwn: str) -> Block:
    """A section in Slack's own markup; whatever people wrote in it has gone through ``to_mrkdwn``."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": cut(mrkdwn, LONGEST_SECTION), "verbatim": True}}


def small(text: str) -> Block:
    """A line in small print."""
    return {"type": "context", "elements": [plain(text, 2_000)]}


def header(text: str) -> Block:
    """A heading."""
    return {"type": "header", "text": plain(text, LONGEST_HEADER)}


def button(action_id: str, label: str, value: str = "", *, style: str = "", about: str = "") -> Block:
    """A button; ``about`` is what a screen reader says where the label alone would not do."""
    made: Block = {"type": "button", "action_id": action_id, "text": plain(label, LONGEST_BUTTON)}
    if value:
        made["value"] = value
    if style:
        made["style"] = style
    if about:
        made["accessibility_label"] = cut(about, LONGEST_BUTTON)
    return made


def actions(*buttons: Block) -> Block:
    """A row of buttons."""
    return {"type": "actions", "elements": list(buttons)}


def field(block_id: str, label: str, element: Block, *, hint: str = "", optional: bool = False) -> Block:
    """An input of a modal; its element's action id is the block's."""
    made: Block = {
        "type": "input", "block_id": block_id, "label": plain(label), "optional": optional,
        "element": {"action_id": block_id, **element},
    }  # fmt: skip
    if hint:
        made["hint"] = plain(hint, 2_000)
    return made


def modal(
    callback_id: str, title: str, blocks: Sequence[Block], *, close: str, submit: str = "", keep: str = ""
) -> Block:
    """A modal; ``keep`` travels with it (ids only, 3,000 characters)."""
    made: Block = {
        "type": "modal", "callback_id": callback_id, "title": plain(title, LONGEST_TITLE),
        "close": plain(close, LONGEST_TITLE), "private_metadata": keep, "blocks": list(blocks),
    }  # fmt: skip
    if submit:
        made["submit"] = plain(submit, LONGEST_TITLE)
    return made


def local_time(instant: float, fallback: str) -> str:
    """Markup that shows each reader an instant (Unix seconds) on their own clock; ``fallback`` where it cannot."""
    return f"<!date^{int(instant)}^{{date_long_pretty}} {{time}}|{to_mrkdwn(fallback)}>"
