"""The door of the Web API: token, scope, rate and injected faults first, then the method, then the written record."""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from aiohttp import web

from handlers.slack.standin import chat_methods as chat
from handlers.slack.standin import room_methods as room
from handlers.slack.standin import surface_methods as surface
from handlers.slack.standin.args import Args
from handlers.slack.standin.backend import Backend
from handlers.slack.standin.shapes import ApiCall, Json, Refusal


@dataclass(frozen=True, slots=True)
class Method:
    """One method: what does it, its rate tier (0 is special), its scopes, any one enough ("*": by channel kind)."""

    run: Callable[[Backend, Args], Json]
    tier: int
    scopes: tuple[str, ...] = ()


_READ = ("channels:read", "groups:read", "im:read", "mpim:read")
METHODS: Mapping[str, Method] = {
    "api.test": Method(room.api_test, 4),
    "auth.test": Method(room.auth_test, 0),
    "bots.info": Method(room.bots_info, 3, ("users:read",)),
    "chat.delete": Method(chat.delete, 3, ("chat:write",)),
    "chat.getPermalink": Method(chat.get_permalink, 0),
    "chat.postEphemeral": Method(chat.post_ephemeral, 4, ("chat:write",)),
    "chat.postMessage": Method(chat.post_message, 0, ("chat:write",)),
    "chat.update": Method(chat.update, 3, ("chat:write",)),
    "conversations.history": Method(room.conversations_history, 3, ("*:history",)),
    "conversations.info": Method(room.conversations_info, 3, ("*:read",)),
    "conversations.join": Method(room.conversations_join, 3, ("channels:join",)),
    "conversations.list": Method(room.conversations_list, 2, _READ),
    "conversations.members": Method(room.conversations_members, 4, ("*:read",)),
    "conversations.open": Method(room.conversations_open, 3, ("im:write", "mpim:write", "channels:manage")),
    "conversations.replies": Method(room.conversations_replies, 3, ("*:history",)),
    "files.completeUploadExternal": Method(surface.complete_upload, 4, ("files:write",)),
    "files.getUploadURLExternal": Method(surface.get_upload_url, 4, ("files:write",)),
    "pins.add": Method(chat.pins_add, 2, ("pins:write",)),
    "reactions.add": Method(chat.reactions_add, 3, ("reactions:write",)),
    "reactions.get": Method(chat.reactions_get, 3, ("reactions:read",)),
    "reactions.remove": Method(chat.reactions_remove, 2, ("reactions:write",)),
    "team.info": Method(room.team_info, 3, ("team:read",)),
    "users.conversations": Method(room.users_conversations, 3, _READ),
    "users.info": Method(room.users_info, 4, ("users:read",)),
    "users.list": Method(room.users_list, 2, ("users:read",)),
    "views.open": Method(surface.views_open, 4),
    "views.publish": Method(surface.views_publish, 4),
    "views.push": Method(surface.views_push, 4),
    "views.update": Method(surface.views_update, 4),
}
"""Every method there is; any other is `unknown_method`."""

_FAMILY = {"channel": "channels", "group": "groups", "im": "im"}


class WebApi:
    """Serves `/api/<method>`; `open_link` makes the one-off WebSocket address of `apps.connections.open`."""

    def __init__(self, backend: Backend, open_link: Callable[[], str]) -> None:
        self._backend = backend
        self._open_link = open_link

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """One call, answered like Slack: 200 with `ok`, 429 with `Retry-After`, or whatever fault was laid out."""
        method, faults = request.match_info["method"], self._backend.faults
        try:
            args, token = await _arguments(request)
        except ValueError:
            return web.json_response({"ok": False, "error": "invalid_json"})
        for kind in ("drop_before", "http", "rate_limit"):
            if fault := faults.take(method, kind):
                self._write_down(method, args, kind)
                return _troubled(request, kind, int(fault.number))
        body = self._outcome(method, Args(args), token)
        self._write_down(method, args, "ok" if body["ok"] else body["error"])
        if body["ok"] and faults.take(method, "drop_after"):
            return _cut(request)
        if slow := faults.take(method, "slow"):
            await asyncio.sleep(slow.number)
        return self._response(body, method)

    def _write_down(self, method: str, args: Json, outcome: str) -> None:
        self._backend.record.calls.append(ApiCall(method, args, outcome, self._backend.workspace.now()))

    def _outcome(self, method: str, args: Args, token: str) -> Json:
        try:
            return {"ok": True, **self._run(method, args, token)}
        except Refusal as refusal:
            return {"ok": False, "error": refusal.code, **refusal.extra}

    def _run(self, method: str, args: Args, token: str) -> Json:
        self._check_token(method, token)
        if method == "apps.connections.open":
            self._check_rate(method, 3)
            return {"url": self._open_link()}
        if method not in METHODS:
            raise Refusal("unknown_method", req_method=method)
        self._check_scope(METHODS[method], args)
        self._check_rate(method, METHODS[method].tier)
        if fault := self._backend.faults.take(method, "error"):
            raise Refusal(fault.code)
        return METHODS[method].run(self._backend, args)

    def _check_token(self, method: str, token: str) -> None:
        app = self._backend.app
        if not token:
            raise Refusal("not_authed")
        if token not in (app.bot_token, app.app_token):
            raise Refusal("invalid_auth")
        if self._backend.faults.revoked:
            raise Refusal(self._backend.faults.revoked)
        wants_app_token = method == "apps.connections.open"
        if wants_app_token != (token == app.app_token):
            raise Refusal("not_allowed_token_type")

    def _check_scope(self, method: Method, args: Args) -> None:
        granted = self._backend.app.scopes
        needed = tuple(self._scope(scope, args) for scope in method.scopes)
        if needed and not set(needed) & set(granted):
            raise Refusal("missing_scope", needed=",".join(needed), provided=",".join(granted))

    def _scope(self, scope: str, args: Args) -> str:
        if not scope.startswith("*"):
            return scope
        channel = self._backend.workspace.channels.get(args.text("channel"))
        return (_FAMILY[channel.kind] if channel else "channels") + scope[1:]

    def _check_rate(self, method: str, tier: int) -> None:
        if wait := self._backend.rates.wait_for_method(method, tier):
            raise Refusal("ratelimited", retry_after=wait)

    def _response(self, body: Json, method: str) -> web.Response:
        headers = {"x-oauth-scopes": ",".join(self._backend.app.scopes)}
        if method in METHODS:
            headers["x-accepted-oauth-scopes"] = ",".join(METHODS[method].scopes)
        if body.get("error") == "ratelimited":
            headers["Retry-After"] = str(body.pop("retry_after", 1))
            return web.json_response(body, status=429, headers=headers)
        return web.json_response(body, headers=headers)


async def _arguments(request: web.Request) -> tuple[Json, str]:
    args: Json = dict(request.query)
    if request.content_type == "application/json":
        text = await request.text()
        given = json.loads(text) if text else {}
        args |= given if isinstance(given, dict) else {}
    elif request.method == "POST":
        args |= {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
    named = args.pop("token", "")
    bearer = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
    return args, bearer or named


def _cut(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)


def _troubled(request: web.Request, kind: str, number: int) -> web.Response:
    if kind == "drop_before":
        return _cut(request)
    if kind == "rate_limit":
        body = {"ok": False, "error": "ratelimited"}
        return web.json_response(body, status=429, headers={"Retry-After": str(number)})
    return web.Response(status=number, text="<html>upstream trouble</html>", content_type="text/html")
