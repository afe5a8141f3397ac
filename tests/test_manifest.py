"""The manifest that an administrator pastes into Slack: valid, modest, and in step with the code."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from handlers.commands import GRAMMAR, Order
from handlers.slack import checkup, reception
from handlers.slack.ears import _READINGS
from handlers.slack.standin.shapes import EVENT_SCOPES

ROOT = Path(__file__).resolve().parents[1]
MANIFEST = ROOT / "handlers" / "slack" / "manifest.json"
SCHEMA = ROOT.parent / "shared" / "data" / "slack" / "manifest-schema" / "manifest.schema.2.0.0.json"
PAGES = [ROOT / "docs" / language / "slack.md" for language in ("es", "en")]


@pytest.fixture
def manifest() -> dict[str, Any]:
    """The manifest as it is shipped."""
    found: dict[str, Any] = json.loads(MANIFEST.read_text(encoding="utf-8"))
    return found


def test_the_manifest_is_valid(manifest: dict[str, Any]) -> None:
    """Slack's own schema finds no fault in it."""
    if not SCHEMA.is_file():
        pytest.skip(f"Slack's manifest schema is not at {SCHEMA}")
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    validator = jsonschema.validators.validator_for(schema)(schema)
    assert [error.message for error in validator.iter_errors(manifest)] == []


def test_the_manifest_keeps_to_limits_that_its_schema_does_not_hold(manifest: dict[str, Any]) -> None:
    """Slack refuses longer names when the application is made."""
    about, features = manifest["display_information"], manifest["features"]
    assert len(about["name"]) <= 35
    assert len(about["description"]) <= 140
    assert 175 <= len(about["long_description"]) <= 4000
    assert [one["name"] for one in features["shortcuts"] if len(one["name"]) > 24] == []


def test_it_asks_for_the_scopes_that_the_code_uses_and_no_more(manifest: dict[str, Any]) -> None:
    """The doctor knows what each is for; each event has the scope without which it never comes."""
    scopes = set(manifest["oauth_config"]["scopes"]["bot"])
    assert scopes == {*checkup.NEEDED, *checkup.WANTED}
    events = manifest["settings"]["event_subscriptions"]["bot_events"]
    assert {EVENT_SCOPES[event] for event in events} - {""} <= scopes


def test_it_subscribes_to_what_is_heard(manifest: dict[str, Any]) -> None:
    """Every event that is asked for has somebody who listens."""
    heard = {*_READINGS, *reception.Reception.kinds}
    events = manifest["settings"]["event_subscriptions"]["bot_events"]
    assert [event for event in events if event not in heard and event.split(".", maxsplit=1)[0] not in heard] == []


def test_its_commands_and_shortcuts_are_those_of_the_code(manifest: dict[str, Any]) -> None:
    """What can be typed or chosen in Slack is answered."""
    features = manifest["features"]
    assert [one["command"] for one in features["slash_commands"]] == list(reception.COMMANDS)
    assert {one["callback_id"] for one in features["shortcuts"]} == set(reception.SHORTCUTS)
    assert (manifest["settings"]["socket_mode_enabled"], manifest["settings"]["interactivity"]["is_enabled"]) == (
        True, True,
    )  # fmt: skip


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.parent.name)
def test_the_setup_page_names_every_scope_and_setting(page: Path, manifest: dict[str, Any]) -> None:
    """An administrator who reads the page knows what the application may do, and what to write where."""
    text = page.read_text(encoding="utf-8")
    wanted = [*manifest["oauth_config"]["scopes"]["bot"], "connections:write", "SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"]
    wanted += ["SLACK_CHANNEL", "SLACK_SIGNING_SECRET", "TERTULIA_MODERATORS", "tertulia doctor", "Delayed Events"]
    wanted += [*reception.COMMANDS, "handlers/slack/manifest.json"]
    assert [one for one in wanted if one not in text] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.parent.name)
def test_the_setup_page_has_every_command_of_the_grammar(page: Path) -> None:
    """What the page says can be typed is what can be typed, in the page's language."""
    text = page.read_text(encoding="utf-8")
    names = [one.name(page.parent.name) for one in GRAMMAR if one.order is not Order.ASK]
    assert [name for name in names if f" {name}`" not in text and f"`{name}`" not in text] == []
