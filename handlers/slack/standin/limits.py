"""What Slack takes in a message or a view: block counts, lengths, metadata (docs.slack.dev/reference/block-kit)."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal

from handlers.slack.standin.shapes import Json, Refusal

Surface = Literal["message", "modal", "home"]

MAX_BLOCKS: Mapping[Surface, int] = {"message": 50, "modal": 100, "home": 100}
MAX_VIEW_BYTES = 250_000
MAX_TEXT = 40_000
MAX_UPDATE_TEXT = 4_000
MAX_MARKDOWN = 12_000
MAX_METADATA_BYTES = 8_000  # Slack publishes no number; this one is far above a handful of ids
_EVENT_TYPE = re.compile(r"[A-Za-z0-9_]{1,255}")
_CHOICES = {"static_select": 100, "multi_static_select": 100, "overflow": 5, "checkboxes": 10, "radio_buttons": 10}
_INPUTS = {
    "plain_text_input", "rich_text_input", "email_text_input", "url_text_input", "number_input", "file_input",
    "datepicker", "timepicker", "datetimepicker", "external_select", "users_select", "conversations_select",
    "channels_select", "multi_users_select", "multi_conversations_select", "multi_channels_select",
    "multi_external_select", *(_CHOICES.keys() - {"overflow"}),
}  # fmt: skip
_ELEMENTS = _INPUTS | {"button", "overflow", "image", "workflow_button", "feedback_buttons", "icon_button"}
_MESSAGE_ONLY = {"markdown", "table", "data_table", "video", "file", "card", "carousel", "context_actions"}
_PLAIN_BLOCKS = {"divider", "rich_text", "image", "container", "plan", "task_card", "call"} | _MESSAGE_ONLY

Problems = Iterator[str]


def _length(value: Any, where: str, most: int, least: int = 1) -> Problems:
    if not isinstance(value, str):
        yield f"{where}: must be a string"
    elif len(value) < least:
        yield f"{where}: must be more than {least - 1} characters"
    elif len(value) > most:
        yield f"{where}: must be less than {most + 1} characters"


def _text(value: Any, where: str, most: int, *, plain: bool = True) -> Problems:
    if not isinstance(value, dict):
        yield f"{where}: missing required field: text object"
        return
    kind = value.get("type")
    if kind != "plain_text" and (plain or kind != "mrkdwn"):
        yield f"{where}: unsupported type: {kind}"
    yield from _length(value.get("text"), f"{where}/text", most)


def _optional(value: Json, name: str, where: str, most: int) -> Problems:
    if name in value:
        yield from _length(value[name], f"{where}/{name}", most, 0)


def _confirm(value: Any, where: str) -> Problems:
    if not isinstance(value, dict):
        yield f"{where}: must be an object"
        return
    yield from _text(value.get("title"), f"{where}/title", 100)
    yield from _text(value.get("text"), f"{where}/text", 300, plain=False)
    for name in ("confirm", "deny"):
        if name in value:
            yield from _text(value[name], f"{where}/{name}", 30)


def _options(element: Json, where: str) -> Problems:
    options = element.get("options") or [
        option for group in element.get("option_groups", ()) for option in group.get("options", ())
    ]
    most = _CHOICES[element["type"]]
    if not 1 <= len(options) <= most:
        yield f"{where}/options: must have between 1 and {most} items"
    for number, option in enumerate(options):
        yield from _text(option.get("text"), f"{where}/options/{number}/text", 75, plain=False)
        yield from _length(option.get("value"), f"{where}/options/{number}/value", 150)


def _button(element: Json, where: str) -> Problems:
    yield from _text(element.get("text"), f"{where}/text", 75)
    yield from _optional(element, "value", where, 2000)
    yield from _optional(element, "url", where, 3000)
    yield from _optional(element, "accessibility_label", where, 75)
    if element.get("style", "primary") not in ("primary", "danger"):
        yield f"{where}/style: must be primary or danger"


def _element(element: Any, where: str) -> Problems:
    kind = element.get("type") if isinstance(element, dict) else None
    if kind not in _ELEMENTS:
        yield f"{where}: unsupported type: {kind}"
        return
    yield from _optional(element, "action_id", where, 255)
    if kind == "button":
        yield from _button(element, where)
    if kind == "image":
        yield from _length(element.get("alt_text"), f"{where}/alt_text", 2000)
    if kind in _CHOICES:
        yield from _options(element, where)
    if "placeholder" in element:
        yield from _text(element["placeholder"], f"{where}/placeholder", 150)
    if "confirm" in element:
        yield from _confirm(element["confirm"], f"{where}/confirm")
    if kind == "datetimepicker" and "initial_date_time" in element:
        yield from _length(str(element["initial_date_time"]), f"{where}/initial_date_time", 10, 10)


def _section(block: Json, where: str) -> Problems:
    fields = block.get("fields", [])
    if "text" not in block and not fields:
        yield f"{where}: missing required field: text or fields"
    if "text" in block:
        yield from _text(block["text"], f"{where}/text", 3000, plain=False)
    if len(fields) > 10:
        yield f"{where}/fields: no more than 10 items allowed"
    for number, item in enumerate(fields):
        yield from _text(item, f"{where}/fields/{number}", 2000, plain=False)
    if "accessory" in block:
        yield from _element(block["accessory"], f"{where}/accessory")


def _header(block: Json, where: str) -> Problems:
    yield from _text(block.get("text"), f"{where}/text", 150)


def _actions(block: Json, where: str) -> Problems:
    elements = block.get("elements", [])
    if not 1 <= len(elements) <= 25:
        yield f"{where}/elements: must have between 1 and 25 items"
    named = [element.get("action_id") for element in elements if isinstance(element, dict)]
    given = [name for name in named if name is not None]
    if len(given) != len(set(given)):
        yield f"{where}/elements: action_id must be unique in its block"
    for number, element in enumerate(elements):
        yield from _element(element, f"{where}/elements/{number}")


def _context(block: Json, where: str) -> Problems:
    elements = block.get("elements", [])
    if not 1 <= len(elements) <= 10:
        yield f"{where}/elements: must have between 1 and 10 items"
    for number, element in enumerate(elements):
        if isinstance(element, dict) and element.get("type") == "image":
            yield from _element(element, f"{where}/elements/{number}")
        else:
            yield from _text(element, f"{where}/elements/{number}", 2000, plain=False)


def _input(block: Json, where: str) -> Problems:
    yield from _text(block.get("label"), f"{where}/label", 2000)
    if "hint" in block:
        yield from _text(block["hint"], f"{where}/hint", 2000)
    element = block.get("element")
    if not isinstance(element, dict) or element.get("type") not in _INPUTS:
        yield f"{where}/element: unsupported type"
        return
    yield from _element(element, f"{where}/element")


def _image(block: Json, where: str) -> Problems:
    yield from _length(block.get("alt_text"), f"{where}/alt_text", 2000)
    if not block.get("image_url") and not block.get("slack_file"):
        yield f"{where}: missing required field: image_url"


def _markdown(block: Json, where: str) -> Problems:
    yield from _length(block.get("text"), f"{where}/text", MAX_MARKDOWN)


_BLOCKS: Mapping[str, Callable[[Json, str], Problems]] = {
    "section": _section,
    "header": _header,
    "actions": _actions,
    "context": _context,
    "input": _input,
    "image": _image,
    "markdown": _markdown,
}


def _block(block: Any, where: str, surface: Surface) -> Problems:
    kind = block.get("type") if isinstance(block, dict) else None
    if kind not in _BLOCKS and kind not in _PLAIN_BLOCKS and not (kind == "alert" and surface == "modal"):
        yield f"{where}: unsupported type: {kind}"
        return
    if kind in _MESSAGE_ONLY and surface != "message":
        yield f"{where}: {kind} is for messages only"
    yield from _optional(block, "block_id", where, 255)
    if check := _BLOCKS.get(kind or ""):
        yield from check(block, where)


def block_faults(blocks: Sequence[Any], surface: Surface) -> list[str]:
    """Every way in which these blocks break Slack's limits on this surface, each with its pointer; [] when none."""
    faults = [] if len(blocks) <= MAX_BLOCKS[surface] else [f"no more than {MAX_BLOCKS[surface]} items allowed"]
    named = [block["block_id"] for block in blocks if isinstance(block, dict) and block.get("block_id")]
    if len(named) != len(set(named)):
        faults.append("block_id must be unique")
    for number, block in enumerate(blocks):
        faults += _block(block, f"/blocks/{number}", surface)
    return faults


def check_blocks(blocks: Any) -> list[Json]:
    """The blocks of a message, sound; raises Refusal `invalid_blocks_format` or `invalid_blocks`."""
    if not isinstance(blocks, list):
        raise Refusal("invalid_blocks_format")
    if faults := block_faults(blocks, "message"):
        messages = [f"[ERROR] {fault}" for fault in faults]
        raise Refusal("invalid_blocks", errors=faults, response_metadata={"messages": messages})
    return blocks


def check_view(view: Any, surface: Surface) -> Json:
    """The view, sound for a modal or a Home tab; raises Refusal `view_too_large` or `invalid_arguments`."""
    if not isinstance(view, dict):
        raise _bad_view(["[ERROR] must provide an object [json-pointer:/view]"])
    if len(json.dumps(view, ensure_ascii=False).encode()) > MAX_VIEW_BYTES:
        raise Refusal("view_too_large")
    if faults := list(_view_faults(view, surface)):
        raise _bad_view([f"[ERROR] {fault}" for fault in faults])
    return view


def _bad_view(messages: list[str]) -> Refusal:
    return Refusal("invalid_arguments", response_metadata={"messages": messages})


def _view_faults(view: Json, surface: Surface) -> Problems:
    if view.get("type") != surface:
        yield f"/view/type: must be {surface}"
    yield from _optional(view, "callback_id", "/view", 255)
    yield from _optional(view, "private_metadata", "/view", 3000)
    yield from _optional(view, "external_id", "/view", 255)
    blocks = view.get("blocks")
    if not isinstance(blocks, list):
        yield "/view/blocks: missing required field: blocks"
        return
    yield from (f"/view{fault}" if fault.startswith("/") else f"/view/blocks: {fault}"
                for fault in block_faults(blocks, surface))  # fmt: skip
    if surface == "modal":
        yield from _text(view.get("title"), "/view/title", 24)
        for name in ("submit", "close"):
            if name in view:
                yield from _text(view[name], f"/view/{name}", 24)
        if "submit" not in view and any(block.get("type") == "input" for block in blocks if isinstance(block, dict)):
            yield "/view/submit: missing required field: submit (the view has input blocks)"


def _flat(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float | bool)


def _shallow(value: Any) -> bool:
    if isinstance(value, dict):
        return all(_flat(item) for item in value.values())
    if isinstance(value, list):
        return all(_flat(item) for item in value)
    return _flat(value)


def check_metadata(metadata: Any) -> Json:
    """Message metadata, sound ({} stays {}: none); raises Refusal `invalid_metadata_format` or `metadata_too_large`."""
    if metadata in (None, {}):
        return {}
    if not isinstance(metadata, dict) or not isinstance(metadata.get("event_payload"), dict):
        raise Refusal("invalid_metadata_format")
    event_type, payload = metadata.get("event_type"), metadata["event_payload"]
    if not isinstance(event_type, str) or not _EVENT_TYPE.fullmatch(event_type):
        raise Refusal("invalid_metadata_format")
    if not all(_shallow(value) for value in payload.values()):
        raise Refusal("invalid_metadata_format")
    if len(json.dumps(payload, ensure_ascii=False).encode()) > MAX_METADATA_BYTES:
        raise Refusal("metadata_too_large")
    return {"event_type": event_type, "event_payload": payload}
