"""The stand-in's payloads have every field of Slack's own recorded samples (shared data, never in the repository)."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from handlers.slack.standin.server import SlackStandin

from tests.standin_bot import ANA, BEA, PLAZA, web_client, workspace_with_people

SAMPLES = Path(__file__).resolve().parents[2] / "shared" / "data" / "slack" / "bolt-python-tests"
LEGACY = {"authed_users", "authed_teams", "enterprise_id", "token", "event_context", "is_ext_shared_channel"}
UNUSED = {"inviter", "display_as_bot", "upload", "subscribed"}


def sample(name: str) -> dict[str, Any]:
    """One recorded payload; the test is skipped where the shared data is not at hand."""
    path = SAMPLES / f"{name}.json"
    if not path.exists():
        pytest.skip(f"no shared Slack samples at {SAMPLES}")
    found: dict[str, Any] = json.loads(path.read_text())
    return found


@asynccontextmanager
async def envelopes(slack: SlackStandin) -> AsyncIterator[list[dict[str, Any]]]:
    """What arrives on one bare connection that acknowledges everything."""
    received: list[dict[str, Any]] = []
    async with aiohttp.ClientSession() as session:
        answer = await web_client(slack).apps_connections_open(app_token=slack.app.app_token)
        socket = await session.ws_connect(answer["url"])
        await socket.receive_json()

        async def read() -> None:
            async for frame in socket:
                received.append(frame.json())
                await socket.send_json({"envelope_id": received[-1]["envelope_id"]})

        reader = asyncio.create_task(read())
        yield received
        reader.cancel()


async def happen(slack: SlackStandin) -> None:
    """One of everything that there is a sample of."""
    root = await slack.say(PLAZA, ANA, "hola")
    await slack.say(PLAZA, BEA, "a todos", root, broadcast=True)
    await slack.say(PLAZA, BEA, "foto", files=[{"id": "F1", "name": "a.png"}])
    last = await slack.say(PLAZA, ANA, "borrar")
    await slack.edit(last, "editar")
    await slack.react(root, BEA, "heart")
    await slack.delete(last)
    await slack.open_home(ANA)
    button = {"type": "button", "action_id": "a", "value": "v", "text": {"type": "plain_text", "text": "x"}}
    posted = await slack.say(PLAZA, ANA, "x", blocks=[{"type": "actions", "block_id": "b", "elements": [button]}])
    await slack.settled()
    await slack.slash(ANA, PLAZA, "/eco", "hola")
    await slack.press(BEA, posted, "a")
    await slack.shortcut(BEA, "ask", root)


@pytest.mark.parametrize(
    ("name", "kind", "subtype"),
    [
        ("event_message.1368a3ff", "message", None),
        ("event_message_message_changed.6d6afa4b", "message", "message_changed"),
        ("event_message_message_deleted.16f941d3", "message", "message_deleted"),
        ("event_message_file_share.2ba84e5b", "message", "file_share"),
        ("event_message_thread_broadcast.5fa37ba6", "message", "thread_broadcast"),
        ("event_reaction_added.0b3a73fe", "reaction_added", None),
        ("event_app_home_opened.59d47560", "app_home_opened", None),
        ("block_actions.820d2c51", "block_actions", None),
        ("block_actions.1cf31dba", "block_actions", None),
        ("message_action.e965df0e", "message_action", None),
        ("slash_command.47dd61c7", "slash", None),
    ],
)
async def test_payloads_have_the_fields_of_the_samples(name: str, kind: str, subtype: str | None) -> None:
    """No field that Slack was seen to send is missing, neither outside nor inside the event."""
    real = sample(name)
    async with workspace_with_people() as slack, envelopes(slack) as received:
        await happen(slack)

    payloads = [envelope["payload"] for envelope in received]
    ours = next(
        payload
        for payload in payloads
        if (inner := payload.get("event", payload)).get("type", "slash") == kind and inner.get("subtype") == subtype
    )
    action_only = {"block_id", "action_id"} if kind == "block_actions" else set()
    assert set(real) - set(ours) - LEGACY - action_only == set()
    assert set(real.get("event", ())) - set(ours.get("event", ())) - UNUSED == set()


@pytest.mark.parametrize("kind", ["events_api.d7b9cc93", "interactive.41f46f70", "slash_commands.8abd7a5e"])
async def test_envelopes_have_the_fields_of_the_samples(kind: str) -> None:
    """Retry fields are on events alone, and only the others may be answered."""
    real = sample(f"socket_envelope_{kind}")
    async with workspace_with_people() as slack, envelopes(slack) as received:
        await happen(slack)

    ours = next(envelope for envelope in received if envelope["type"] == real["type"])
    assert set(ours) == set(real)
    assert ours["accepts_response_payload"] == real["accepts_response_payload"]
