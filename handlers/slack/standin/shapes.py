"""The plain values of the stand-in: what is installed, how it is timed, what it refuses, what it wrote down."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]
"""A JSON object at the border: shape known only to the platform's documentation."""

CORE_SCOPES = (
    "chat:write",
    "commands",
    "channels:read",
    "channels:history",
    "reactions:read",
    "users:read",
    "im:history",
    "im:write",
    "files:write",
)
"""The scopes granted unless the installation says otherwise."""

EVENT_SCOPES: Mapping[str, str] = {
    "message.channels": "channels:history",
    "message.groups": "groups:history",
    "message.im": "im:history",
    "app_mention": "app_mentions:read",
    "reaction_added": "reactions:read",
    "reaction_removed": "reactions:read",
    "member_joined_channel": "channels:read",
    "member_left_channel": "channels:read",
    "channel_rename": "channels:read",
    "channel_archive": "channels:read",
    "channel_id_changed": "channels:read",
    "user_change": "users:read",
    "app_home_opened": "",
    "app_uninstalled": "",
    "tokens_revoked": "",
}
"""Each event an app may subscribe to, and the scope without which it never comes (docs.slack.dev/reference/events)."""


class Refusal(Exception):
    """The workspace says no: `code` is Slack's own error code, `extra` the fields that go with it."""

    def __init__(self, code: str, **extra: Any) -> None:
        super().__init__(code)
        self.code = code
        self.extra: Json = extra


@dataclass(frozen=True, slots=True)
class InstalledApp:
    """One app as one workspace has installed it; `request_url` set means HTTP delivery in place of Socket Mode."""

    bot_token: str = "xoxb-standin"  # noqa: S105  # a pretend token of a pretend workspace
    app_token: str = "xapp-standin"  # noqa: S105
    signing_secret: str = "standin-signing-secret"  # noqa: S105
    team_id: str = "T0STANDIN"
    team_domain: str = "standin"
    app_id: str = "A0STANDIN"
    bot_id: str = "B0STANDIN"
    bot_user_id: str = "U0STANDIN"
    bot_name: str = "standin"
    scopes: tuple[str, ...] = CORE_SCOPES
    events: tuple[str, ...] = tuple(EVENT_SCOPES)
    commands: tuple[str, ...] = ()
    request_url: str = ""
    history_cap: int = 0


@dataclass(frozen=True, slots=True)
class Timing:
    """The patience of the platform in real seconds; `connection_seconds` 0 means sockets are never refreshed."""

    ack_seconds: float = 3.0
    retry_delays: tuple[float, ...] = (0.0, 60.0, 300.0)
    trigger_seconds: float = 3.0
    response_url_seconds: float = 1800.0
    connection_seconds: float = 0.0
    warning_seconds: float = 10.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What the app made of one delivery: acked or not, its response, seconds waited, why not, whether to give up."""

    acked: bool
    payload: Json = field(default_factory=dict)
    seconds: float = 0.0
    reason: str = ""
    final: bool = False


@dataclass(frozen=True, slots=True)
class Ack:
    """One acknowledged delivery: its kind, event id ("" for interactive), attempt counted from 0, seconds it took."""

    kind: str
    event_id: str
    attempt: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Post:
    """One message that the bot stored; `at` is workspace time in Unix seconds, `metadata` is {} when none was sent."""

    channel: str
    ts: str
    thread_ts: str
    text: str
    at: float
    metadata: Json = field(default_factory=dict)
    blocks: list[Json] = field(default_factory=list)

    @property
    def key(self) -> str:
        """The `key` of the metadata payload, or "" when there is none."""
        return str(self.metadata.get("event_payload", {}).get("key", ""))


@dataclass(frozen=True, slots=True)
class ApiCall:
    """One Web API request as it arrived, tokens left out; `outcome` is "ok", an error code, or the injected fault."""

    method: str
    args: Json
    outcome: str
    at: float


@dataclass(slots=True)
class Interaction:
    """One press, command, shortcut or submission: the app's ack, and every later use of its response_url."""

    acked: bool
    payload: Json
    trigger_id: str = ""
    response_url: str = ""
    posts: list[Json] = field(default_factory=list)


@dataclass(slots=True)
class Record:
    """Everything worth asserting on afterwards, in order of arrival."""

    posts: list[Post] = field(default_factory=list)
    calls: list[ApiCall] = field(default_factory=list)
    ephemerals: list[Json] = field(default_factory=list)
    homes: dict[str, Json] = field(default_factory=dict)
    response_posts: list[Json] = field(default_factory=list)
    acked: list[Ack] = field(default_factory=list)
    lost: list[Json] = field(default_factory=list)
