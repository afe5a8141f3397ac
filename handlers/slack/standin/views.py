"""Modals and Home tabs: triggers that live three seconds and serve once, stacks of three, hashes that must agree."""

import re
import time
import uuid
from dataclasses import dataclass
from typing import Any

from handlers.slack.standin.limits import check_view
from handlers.slack.standin.shapes import InstalledApp, Json, Refusal

_TRIGGER = re.compile(r"\d+\.\d+\.[0-9a-f]+")
_MAX_STACK = 3


@dataclass(slots=True)
class _Trigger:
    user: str
    until: float
    view_id: str
    used: bool = False


class Views:
    """Every view of every user; times are real seconds, since it is a real person who waits."""

    def __init__(self, app: InstalledApp, trigger_seconds: float) -> None:
        self.by_id: dict[str, Json] = {}
        self.stacks: dict[str, list[str]] = {}
        self.homes: dict[str, Json] = {}
        self._app = app
        self._seconds = trigger_seconds
        self._triggers: dict[str, _Trigger] = {}
        self._count = 0

    def trigger(self, user: str, view_id: str = "") -> str:
        """A fresh trigger id for something this user did, in that view when it was done in one."""
        self._count += 1
        trigger_id = f"{self._count}.{int(time.time())}.{uuid.uuid4().hex}"
        self._triggers[trigger_id] = _Trigger(user, time.monotonic() + self._seconds, view_id)
        return trigger_id

    def open(self, trigger_id: str, view: Any) -> Json:
        """The modal is what its user sees; raises Refusal for the trigger or for the view."""
        checked = check_view(view, "modal")
        trigger = self._redeem(trigger_id)
        shown = self._place(checked, trigger.user)
        self.stacks[trigger.user] = [shown["id"]]
        return shown

    def push(self, trigger_id: str, view: Any) -> Json:
        """The modal lies on top of the one the trigger came from; raises Refusal also for a fourth."""
        checked = check_view(view, "modal")
        trigger = self._redeem(trigger_id)
        if trigger.view_id not in self.by_id:
            raise Refusal("not_found")
        return self.put_on_top(trigger.user, checked)

    def put_on_top(self, user: str, view: Any) -> Json:
        """The modal lies on top of this user's stack; raises Refusal `push_limit_reached`."""
        checked = check_view(view, "modal")
        stack = self.stacks.setdefault(user, [])
        if len(stack) >= _MAX_STACK:
            raise Refusal("push_limit_reached")
        shown = self._place(checked, user)
        shown |= {"previous_view_id": stack[-1] if stack else None, "root_view_id": stack[0] if stack else shown["id"]}
        stack.append(shown["id"])
        return shown

    def update(self, view_id: str, view: Any, *, external_id: str = "", expected: str = "") -> Json:
        """The open view shows this now; raises Refusal `not_found` or `hash_conflict`."""
        if external_id:
            view_id = next((one["id"] for one in self.by_id.values() if one["external_id"] == external_id), "")
        if view_id not in self.by_id:
            raise Refusal("not_found")
        old = self.by_id[view_id]
        checked = check_view(view, old["type"])
        if expected and expected != old["hash"]:
            raise Refusal("hash_conflict")
        kept = {name: old[name] for name in ("id", "root_view_id", "previous_view_id", "state")}
        self.by_id[view_id] = {**self._fresh(checked), **kept}
        return self.by_id[view_id]

    def publish(self, user: str, view: Any, expected: str = "") -> Json:
        """The user's Home tab shows this; raises Refusal `hash_conflict` when it has changed meanwhile."""
        checked = check_view(view, "home")
        old = self.homes.get(user)
        if expected and (old is None or old["hash"] != expected):
            raise Refusal("hash_conflict")
        shown = self._fresh(checked)
        if old is not None:
            shown |= {"id": old["id"], "root_view_id": old["id"]}
        self.homes[user] = self.by_id[shown["id"]] = shown
        return shown

    def close(self, user: str, view_id: str) -> None:
        """The view is off the user's screen; the one below it is seen again."""
        stack = self.stacks.get(user, [])
        if view_id in stack:
            stack.remove(view_id)
        self.by_id.pop(view_id, None)

    def clear(self, user: str) -> None:
        """No modal is on the user's screen."""
        for view_id in self.stacks.pop(user, []):
            self.by_id.pop(view_id, None)

    def _redeem(self, trigger_id: str) -> _Trigger:
        if not _TRIGGER.fullmatch(trigger_id) or trigger_id not in self._triggers:
            raise Refusal("invalid_trigger_id")
        trigger = self._triggers[trigger_id]
        if trigger.used:
            raise Refusal("exchanged_trigger_id")
        if time.monotonic() > trigger.until:
            raise Refusal("expired_trigger_id")
        trigger.used = True
        return trigger

    def _place(self, view: Json, user: str) -> Json:
        external = view.get("external_id")
        if external and any(one["external_id"] == external for one in self.by_id.values()):
            raise Refusal("duplicate_external_id")
        shown = self._fresh(view)
        self.by_id[shown["id"]] = shown
        self.stacks.setdefault(user, [])
        return shown

    def _fresh(self, view: Json) -> Json:
        view_id = "V" + uuid.uuid4().hex[:10].upper()
        given = {"private_metadata": "", "callback_id": "", "external_id": "", "clear_on_close": False}
        ours = {"id": view_id, "root_view_id": view_id, "previous_view_id": None, "hash": uuid.uuid4().hex}
        about = {"team_id": self._app.team_id, "app_id": self._app.app_id, "bot_id": self._app.bot_id}
        blocks = [{"block_id": uuid.uuid4().hex[:5], **block} for block in view["blocks"]]
        return {"notify_on_close": False, **given, **view, "blocks": blocks, "state": {"values": {}}, **ours, **about}
