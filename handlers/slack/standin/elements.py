"""What a press or a filled form looks like, element by element."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from handlers.slack.standin.shapes import Json, Refusal

_FIELD = {
    "plain_text_input": "value",
    "number_input": "value",
    "email_text_input": "value",
    "url_text_input": "value",
    "datepicker": "selected_date",
    "timepicker": "selected_time",
    "datetimepicker": "selected_date_time",
    "users_select": "selected_user",
    "multi_users_select": "selected_users",
    "conversations_select": "selected_conversation",
    "channels_select": "selected_channel",
    "rich_text_input": "rich_text_value",
}
_INITIAL = {
    "datepicker": "initial_date",
    "timepicker": "initial_time",
    "datetimepicker": "initial_date_time",
    "users_select": "initial_user",
    "conversations_select": "initial_conversation",
    "channels_select": "initial_channel",
}
_ONE = {"static_select", "radio_buttons", "overflow", "external_select"}


def _all(blocks: Sequence[Json]) -> Iterator[tuple[Json, str]]:
    for block in blocks:
        block_id = block.get("block_id", "")
        inside = [*block.get("elements", ()), block.get("accessory"), block.get("element")]
        for element in inside:
            if isinstance(element, dict) and "action_id" in element:
                yield element, block_id


def find_element(blocks: Sequence[Json], action_id: str, value: Any = None) -> tuple[Json, str]:
    """The element with this action id and its block id; of several buttons, the one with this value."""
    found = [pair for pair in _all(blocks) if pair[0]["action_id"] == action_id]
    for element, block_id in found:
        if element["type"] != "button" or value is None or element.get("value") == value:
            return element, block_id
    raise Refusal("element_not_found", detail=action_id)


def action_of(element: Json, block_id: str, value: Any, ts: str) -> Json:
    """The entry of `actions` that using this element makes."""
    base = {"action_id": element["action_id"], "block_id": block_id, "type": element["type"], "action_ts": ts}
    if element["type"] == "button":
        return {**base, **{name: element[name] for name in ("text", "value", "style", "url") if name in element}}
    return {**base, **_chosen(element, value)}


def state_of(blocks: Sequence[Json], values: Mapping[str, Mapping[str, Any]]) -> Json:
    """`state.values` of a form with these answers, the rest as it stood; raises Refusal for unknown ids."""
    state: Json = {}
    for element, block_id in _all(blocks):
        if element["type"] == "button":
            continue
        given = values.get(block_id, {})
        value = given[element["action_id"]] if element["action_id"] in given else _initial(element)
        state.setdefault(block_id, {})[element["action_id"]] = {"type": element["type"], **_chosen(element, value)}
    for block_id, given in values.items():
        if unknown := [name for name in given if name not in state.get(block_id, {})]:
            raise Refusal("element_not_found", detail=[block_id, *unknown])
    return state


def _initial(element: Json) -> Any:
    kind = element["type"]
    if kind in _ONE:
        return element.get("initial_option", {}).get("value")
    if kind not in _FIELD:
        return [option["value"] for option in element.get("initial_options", ())]
    return element.get(_INITIAL.get(kind, "initial_value"))


def _chosen(element: Json, value: Any) -> Json:
    kind = element["type"]
    if kind in _FIELD:
        return {_FIELD[kind]: value}
    if kind in _ONE:
        return {"selected_option": _option(element, value)}
    return {"selected_options": [_option(element, one) for one in value or ()]}


def _option(element: Json, value: Any) -> Json | None:
    if value is None:
        return None
    options = element.get("options") or [one for group in element.get("option_groups", ()) for one in group["options"]]
    for option in options:
        if option["value"] == value:
            return dict(option)
    raise Refusal("element_not_found", detail=value)
