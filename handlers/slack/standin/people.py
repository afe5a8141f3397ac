"""What people do: say, edit, react, join, press, command, submit; the app hears of each as it really would."""

from collections.abc import Mapping
from typing import Any

from handlers.slack.standin.backend import Backend
from handlers.slack.standin.delivery import Delivery
from handlers.slack.standin.elements import action_of, find_element, state_of
from handlers.slack.standin.reading import shown, user_json
from handlers.slack.standin.shapes import Interaction, Json, Refusal
from handlers.slack.standin.workspace import ELSEWHERE, Channel


class People:
    """Everybody but the bot; each verb returns once it has happened, interactive ones once the app has answered."""

    def __init__(self, backend: Backend, delivery: Delivery) -> None:
        self._backend = backend
        self._delivery = delivery

    async def say(
        self,
        channel: str,
        user: str,
        text: str,
        thread_ts: str | None = None,
        *,
        broadcast: bool = False,
        **fields: Any,
    ) -> str:
        """The message is in the channel with these further fields (blocks, files, subtype…); its ts, or a Refusal."""
        place = self._place(channel, user)
        message = self._backend.workspace.human_message(user, text, fields.pop("blocks", None))
        if fields.get("files"):
            message |= {"subtype": "file_share", "upload": False}
        message |= {name: value for name, value in fields.items() if value is not None}
        stored = self._backend.workspace.store(place, message, thread_ts or "", broadcast=broadcast)
        return str(stored["ts"])

    async def dm(self, user: str, text: str) -> str:
        """The user wrote to the bot directly; the message's ts."""
        return await self.say(self._backend.workspace.direct_channel(user).id, user, text)

    async def me_message(self, channel: str, user: str, text: str) -> str:
        """The user said it with /me; the message's ts."""
        return await self.say(channel, user, text, subtype="me_message")

    async def edit(self, ts: str, text: str) -> None:
        """Its author changed the message."""
        channel, message = self._backend.workspace.find(ts)
        fresh = self._backend.workspace.human_message(message["user"], text)
        fields = {"text": fresh["text"], "blocks": fresh["blocks"]}
        self._backend.workspace.change(channel, ts, fields, edited_by=message["user"])

    async def delete(self, ts: str) -> None:
        """The message is gone; a root that has replies is a tombstone."""
        channel, _ = self._backend.workspace.find(ts)
        self._backend.workspace.remove(channel, ts)

    async def unfurl(self, ts: str, url: str, title: str = "A page") -> None:
        """A link's preview was attached: the message changed, and nobody edited it."""
        channel, _ = self._backend.workspace.find(ts)
        preview = {"id": 1, "from_url": url, "original_url": url, "title": title, "fallback": title}
        self._backend.workspace.change(channel, ts, {"attachments": [preview]})

    async def react(self, ts: str, user: str, name: str) -> None:
        """The user's reaction is on the message."""
        channel, _ = self._backend.workspace.find(ts)
        self._backend.workspace.react(channel, ts, user, name)

    async def unreact(self, ts: str, user: str, name: str) -> None:
        """The user's reaction is off the message."""
        channel, _ = self._backend.workspace.find(ts)
        self._backend.workspace.unreact(channel, ts, user, name)

    async def join(self, channel: str, user: str) -> None:
        """The user is a member of the channel."""
        self._backend.workspace.join(self._backend.workspace.channel(channel), user)

    async def leave(self, channel: str, user: str) -> None:
        """The user is no member of the channel any more."""
        self._backend.workspace.leave(self._backend.workspace.channel(channel), user)

    async def change_user(self, user: str, **profile: str | bool) -> None:
        """The account has these fields of `User` now, and the app knows."""
        person = self._backend.workspace.user(user)
        for name, value in profile.items():
            setattr(person, name, value)
        event = {"type": "user_change", "user": user_json(self._backend.workspace, person, locale=True)}
        self._backend.emit("user_change", {**event, "event_ts": self._backend.workspace.next_ts()})

    async def rename_channel(self, channel: str, name: str) -> None:
        """The channel has this name, and the app knows."""
        place = self._backend.workspace.channel(channel)
        place.name = name
        event = {"type": "channel_rename", "channel": {"id": place.id, "name": name, "created": 0}}
        self._backend.emit("channel_rename", {**event, "event_ts": self._backend.workspace.next_ts()}, place)

    async def lock_thread(self, ts: str) -> None:
        """Nobody can reply or react in this thread any more."""
        channel, _ = self._backend.workspace.find(ts)
        channel.locked.add(ts)

    async def archive(self, channel: str, user: str) -> None:
        """The channel takes no more messages, and the app knows."""
        place = self._backend.workspace.channel(channel)
        place.archived = True
        event = {"type": "channel_archive", "channel": place.id, "user": user}
        self._backend.emit("channel_archive", {**event, "event_ts": self._backend.workspace.next_ts()}, place)

    async def open_home(self, user: str, tab: str = "home") -> None:
        """The user opened the app's Home or Messages tab."""
        direct = self._backend.workspace.direct_channel(user)
        event: Json = {"type": "app_home_opened", "user": user, "channel": direct.id, "tab": tab}
        event["event_ts"] = self._backend.workspace.next_ts()
        if user in self._backend.views.homes:
            event["view"] = self._backend.views.homes[user]
        self._backend.emit("app_home_opened", event)

    async def slash(self, user: str, channel: str, command: str, text: str = "") -> Interaction:
        """The command was typed: what the app made of it; raises Refusal where a client refuses."""
        app, place = self._backend.app, self._place(channel, user)
        if "commands" not in app.scopes or (app.commands and command not in app.commands):
            raise Refusal("dispatch_unknown_command")
        self._own_member(user)
        about = {"team_id": app.team_id, "team_domain": app.team_domain, "api_app_id": app.app_id}
        where = {"channel_id": place.id, "channel_name": place.name or "directmessage"}
        who = {"user_id": user, "user_name": self._backend.workspace.user(user).name}
        payload = {"token": "standin", **about, **where, **who, "command": command, "text": text}
        payload["is_enterprise_install"] = "false"
        interaction = await self._ask("slash_commands", payload, user, place)
        if interaction.acked and interaction.payload:
            self._backend.answer(user, place.id, interaction.payload)
        return interaction

    async def shortcut(self, user: str, callback_id: str, message_ts: str | None = None) -> Interaction:
        """The shortcut was used, on a message when its ts is given; raises Refusal for strangers."""
        self._own_member(user)
        common = {"token": "standin", "action_ts": self._backend.workspace.next_ts(), "callback_id": callback_id}
        base = {**common, **self._who(user)}
        if message_ts is None:
            return await self._ask("interactive", {**base, "type": "shortcut"}, user, None)
        place, message = self._backend.workspace.find(message_ts)
        payload = {**base, "type": "message_action", "channel": {"id": place.id, "name": place.name}}
        payload |= {"message_ts": message_ts, "message": shown(place, message)}
        return await self._ask("interactive", payload, user, place, message_ts)

    async def press(self, user: str, where: str, action_id: str, value: Any = None) -> Interaction:
        """The element was used in a message (a ts) or a view (an id); raises Refusal `element_not_found`."""
        source, payload, place = self._surface(user, where)
        element, block_id = find_element(source["blocks"], action_id, value)
        action = action_of(element, block_id, value, self._backend.workspace.next_ts())
        payload |= {"type": "block_actions", "token": "standin", "actions": [action], **self._who(user)}
        if place is None:
            return await self._ask("interactive", payload, user, None, view_id=where)
        return await self._ask("interactive", payload, user, place, where)

    async def submit_view(
        self, user: str, view_id: str, values: Mapping[str, Mapping[str, Any]] | None = None
    ) -> Interaction:
        """The modal was sent with these values by block id and action id, and did what the app's answer said."""
        view = self._view(view_id)
        filled = {**view, "state": {"values": state_of(view["blocks"], values or {})}}
        payload = {
            "type": "view_submission",
            "token": "standin",
            "view": filled,
            "response_urls": [],
            **self._who(user),
        }
        interaction = await self._ask("interactive", payload, user, None, view_id=view_id)
        if interaction.acked:
            self._obey(user, view_id, interaction.payload)
        return interaction

    async def close_view(self, user: str, view_id: str, *, all_views: bool = False) -> Interaction:
        """The modal was closed; the app hears of it only if it asked for `notify_on_close`."""
        view = self._view(view_id)
        self._backend.views.close(user, view_id)
        if not view["notify_on_close"]:
            return Interaction(False, {})
        payload = {"type": "view_closed", "token": "standin", "view": view, "is_cleared": all_views, **self._who(user)}
        return await self._ask("interactive", payload, user, None)

    def _place(self, channel: str, user: str) -> Channel:
        place = self._backend.workspace.channel(channel)
        self._backend.workspace.user(user)
        if place.archived:
            raise Refusal("is_archived")
        if user not in place.members:
            raise Refusal("not_in_channel")
        return place

    def _own_member(self, user: str) -> None:
        if self._backend.workspace.user(user).stranger:
            raise Refusal("user_is_external")

    def _view(self, view_id: str) -> Json:
        if view_id not in self._backend.views.by_id:
            raise Refusal("not_found")
        return self._backend.views.by_id[view_id]

    def _who(self, user: str) -> Json:
        app, person = self._backend.app, self._backend.workspace.user(user)
        team = ELSEWHERE if person.stranger else app.team_id
        about = {"id": user, "username": person.name, "name": person.name, "team_id": team}
        home = {"team": {"id": app.team_id, "domain": app.team_domain}, "api_app_id": app.app_id}
        return {"user": about, **home, "enterprise": None, "is_enterprise_install": False}

    def _surface(self, user: str, where: str) -> tuple[Json, Json, Channel | None]:
        if where in self._backend.views.by_id:
            view = self._view(where)
            return view, {"container": {"type": "view", "view_id": where}, "view": view}, None
        whisper = next((one for one in self._backend.record.ephemerals if one["message_ts"] == where), None)
        if whisper is not None:
            if whisper["user"] != user:
                raise Refusal("message_not_found")
            place = self._backend.workspace.channel(whisper["channel"])
            return whisper, self._container(place, where, ephemeral=True), place
        place, message = self._backend.workspace.find(where)
        payload = self._container(place, where, ephemeral=False)
        state = {"values": state_of(message.get("blocks", []), {})}
        return message, {**payload, "message": shown(place, message), "state": state}, place

    def _container(self, place: Channel, ts: str, *, ephemeral: bool) -> Json:
        container = {"type": "message", "message_ts": ts, "channel_id": place.id, "is_ephemeral": ephemeral}
        return {"container": container, "channel": {"id": place.id, "name": place.name or "directmessage"}}

    async def _ask(
        self, kind: str, payload: Json, user: str, place: Channel | None, message_ts: str = "", *, view_id: str = ""
    ) -> Interaction:
        interaction = Interaction(False, {}, self._backend.views.trigger(user, view_id))
        payload["trigger_id"] = interaction.trigger_id
        if place is not None:
            payload["response_url"] = self._backend.hook(interaction, user, place.id, message_ts)
        answer = await self._delivery.attempt(kind, payload)
        interaction.acked, interaction.payload = answer.acked, answer.payload
        return interaction

    def _obey(self, user: str, view_id: str, answer: Json) -> None:
        action = answer.get("response_action")
        if action == "update":
            self._backend.views.update(view_id, answer.get("view"))
        elif action == "push":
            self._backend.views.put_on_top(user, answer.get("view"))
        elif action == "clear":
            self._backend.views.clear(user)
        elif action == "errors":
            inputs = {block["block_id"] for block in self._view(view_id)["blocks"] if block["type"] == "input"}
            if not answer.get("errors") or not set(answer["errors"]) <= inputs:
                raise Refusal("invalid_errors", detail=answer.get("errors"))
        else:
            self._backend.views.close(user, view_id)
