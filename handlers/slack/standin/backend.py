"""The parts one request may need, and the small rules that several of them share."""

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from handlers.slack.standin.faults import Faults
from handlers.slack.standin.limits import check_blocks
from handlers.slack.standin.rates import Rates
from handlers.slack.standin.shapes import EVENT_SCOPES, InstalledApp, Interaction, Json, Post, Record, Refusal, Timing
from handlers.slack.standin.views import Views
from handlers.slack.standin.workspace import Channel, Workspace

_MAX_USES = 5


@dataclass(slots=True)
class _Hook:
    interaction: Interaction
    user: str
    channel: str
    until: float
    message_ts: str = ""
    uses: int = 0


@dataclass(slots=True)
class Upload:
    """A file on its way: announced by name and length, then sent, then completed."""

    name: str
    length: int
    content: bytes = b""
    sent: bool = False
    shared: bool = False
    title: str = ""


class Backend:
    """One workspace with one app in it: state, limits and the written record; `tell` takes what the app must hear."""

    def __init__(
        self, app: InstalledApp, timing: Timing, now: Callable[[], float], tell: Callable[[Json], None], *, strict: bool
    ) -> None:
        self.app = app
        self.timing = timing
        self.workspace = Workspace(app, now, self.emit)
        self.faults = Faults()
        self.rates = Rates(now, strict=strict)
        self.record = Record()
        self.views = Views(app, timing.trigger_seconds)
        self.uploads: dict[str, Upload] = {}
        self.origin = ""
        self._tell = tell
        self._hooks: dict[str, _Hook] = {}
        self._events = 0

    def emit(self, subscription: str, event: Json, channel: Channel | None = None) -> None:
        """The app hears of the event if it subscribed, holds the scope, and its bot is in the channel."""
        scope = EVENT_SCOPES[subscription]
        if subscription not in self.app.events or (scope and scope not in self.app.scopes):
            return
        if channel is None or self.app.bot_user_id in channel.members:
            shared = channel is not None and self.workspace.is_shared(channel)
            self._tell({**self.wrapped(event), "is_ext_shared_channel": shared})

    def wrapped(self, event: Json) -> Json:
        """The outer `event_callback` of this event, with a new event id and the workspace's time."""
        self._events += 1
        app = self.app
        seat = {"enterprise_id": None, "team_id": app.team_id, "user_id": app.bot_user_id, "is_bot": True}
        return {
            "token": "standin",
            "team_id": app.team_id,
            "context_team_id": app.team_id,
            "context_enterprise_id": None,
            "api_app_id": app.app_id,
            "event": event,
            "type": "event_callback",
            "event_id": f"Ev0{self._events:09d}",
            "event_time": int(self.workspace.now()),
            "authorizations": [{**seat, "is_enterprise_install": False}],
            "is_ext_shared_channel": False,
            "event_context": f"4-{uuid.uuid4().hex}",
        }

    def post(self, channel: Channel, message: Json, thread_ts: str = "", *, broadcast: bool = False) -> Json:
        """The bot's message is stored, told and written down."""
        stored = self.workspace.store(channel, message, thread_ts, broadcast=broadcast)
        kept = Post(
            channel.id, stored["ts"], stored.get("thread_ts", ""), stored["text"], self.workspace.now(),
            stored.get("metadata", {}), stored["blocks"],
        )  # fmt: skip
        self.record.posts.append(kept)
        return stored

    def whisper(self, channel: str, user: str, fields: Json) -> Json:
        """The ephemeral message was shown to this user alone and is in nobody's history."""
        shown = {"channel": channel, "user": user, "text": "", "blocks": [], **fields}
        shown["message_ts"] = self.workspace.next_ts()
        self.record.ephemerals.append(shown)
        return shown

    def hook(self, interaction: Interaction, user: str, channel: str, message_ts: str = "") -> str:
        """A response_url for this interaction: five uses, half an hour."""
        hook_id = uuid.uuid4().hex
        until = time.monotonic() + self.timing.response_url_seconds
        self._hooks[hook_id] = _Hook(interaction, user, channel, until, message_ts)
        interaction.response_url = f"{self.origin}/respond/{self.app.team_id}/{hook_id}"
        return interaction.response_url

    def respond(self, hook_id: str, body: Json) -> None:
        """The app's use of a response_url took effect; raises Refusal `expired_url`, `used_url` or for the content."""
        hook = self._hooks.get(hook_id)
        if hook is None or time.monotonic() > hook.until:
            raise Refusal("expired_url")
        if hook.uses >= _MAX_USES:
            raise Refusal("used_url")
        check_blocks(body.get("blocks") or [])
        hook.uses += 1
        hook.interaction.posts.append(body)
        self.record.response_posts.append(body)
        self.answer(hook.user, hook.channel, body, hook.message_ts)

    def answer(self, user: str, channel_id: str, body: Json, message_ts: str = "") -> None:
        """An answer to a person is where it belongs: in the channel, over the message, or before their eyes only."""
        channel = self.workspace.channels.get(channel_id)
        text, blocks = body.get("text", ""), body.get("blocks") or []
        if channel is not None and message_ts in channel.messages and body.get("delete_original"):
            self.workspace.remove(channel, message_ts)
        elif channel is not None and message_ts in channel.messages and body.get("replace_original"):
            self.workspace.change(channel, message_ts, {"text": text, "blocks": blocks})
        elif not text and not blocks:
            return
        elif channel is not None and body.get("response_type") == "in_channel":
            self.post(channel, self.workspace.bot_message(text, blocks), body.get("thread_ts", ""))
        else:
            self.whisper(channel_id, user, {"text": text, "blocks": blocks})
