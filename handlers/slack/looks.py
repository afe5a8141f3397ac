"""How a draft looks on Slack. Pure.

The text stands alone (notifications and screen readers have nothing else); a question also has blocks: the same text
in bold, and what people can do with it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bot.poll import Kind
from bot.ports import Draft, Operation
from bot.words.catalogue import words
from handlers.slack import blocks, invitations
from handlers.slack.blocks import Block
from handlers.slack.mrkdwn import to_mrkdwn

# The buttons below a question; `reception.py` answers them, to the person alone: the post itself stays as it is.
NOW = "now"
ASK = "ask"
# The button below the post that invites to a poll, and which poll each kind of post means.
POLL = "poll"
POLLS = {"poll": Kind.BEFORE, "topic": Kind.TOPIC, "pulse": Kind.PULSE}
# The private ones about a series that somebody has to confirm, and the button by which they do (`confirming.py`).
CONFIRMING = frozenset({"confirm", "lapsed"})
CONFIRM = "confirm_series"
# The posts that invite: below them people say whether they come. And the private one that reminds of a debate.
INVITING = frozenset({"announce", "remind", "moved"})
NUDGE = "nudge"
# Slack cuts a text at 40,000 characters; a rich text as long as this is one that its clients still show whole.
LONGEST = 39_000
LONGEST_RICH = 3_000

_URL = re.compile(r"https?://[^\s<>]+[^\s<>.,;:!?)\]»”\"']")


@dataclass(frozen=True, slots=True)
class Look:
    """What is sent: the text as Slack's markup, and the blocks (none: the text is all)."""

    text: str
    blocks: Sequence[Block] = ()


def look(draft: Draft) -> Look:
    """The draft as Slack is to show it."""
    text = to_mrkdwn(draft.text[:LONGEST])
    if draft.kind in POLLS:
        answer = words(draft.extra.get("locale", "es"))("Responder a la encuesta")
        which = f"{POLLS[draft.kind]}:{draft.debate_id}"
        return Look(text, [rich(draft.text), blocks.actions(blocks.button(POLL, answer, which, style="primary"))])
    say = words(draft.extra.get("locale", "es"))
    starts, when = draft.extra.get("starts", ""), draft.extra.get("when", "")
    mine = [blocks.marked(invitations.local(say, starts, when))] if starts else []
    if draft.kind in INVITING and draft.debate_id is not None and draft.operation is Operation.POST:
        below = invitations.buttons(say, draft.debate_id, "", calendar=draft.extra.get("calendar", ""))
        return Look(text, [rich(draft.text), *mine, below])
    if draft.kind in CONFIRMING and draft.debate_id is not None:
        yes = blocks.button(CONFIRM, say("Sí, sigue"), str(draft.debate_id), style="primary")
        return Look(text, [rich(draft.text), blocks.actions(yes)])
    if draft.kind == NUDGE:
        return Look(text, [rich(draft.text), *mine, invitations.below(say, draft.debate_id)])
    if draft.kind != "question":
        return Look(text)
    buttons = blocks.button(NOW, say("¿Por dónde vamos?")), blocks.button(ASK, say("Proponer pregunta"))
    return Look(text, [rich(draft.text, bold=True), blocks.actions(*buttons)])


def rich(text: str, *, bold: bool = False) -> Block:
    """A text as it is, whatever signs it holds, with its addresses as links."""
    text = blocks.cut(text, LONGEST_RICH)
    style: dict[str, Any] = {"style": {"bold": True}} if bold else {}
    elements: list[Block] = []
    at = 0
    for match in _URL.finditer(text):
        if match.start() > at:
            elements.append({"type": "text", "text": text[at : match.start()], **style})
        elements.append({"type": "link", "url": match[0], **style})
        at = match.end()
    if at < len(text):
        elements.append({"type": "text", "text": text[at:], **style})
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": elements}]}
