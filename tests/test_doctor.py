"""The doctor looks at each part, says what to do about it, and ends with 1 when a debate could not be held."""

import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from bot import doctor
from bot.finding import Finding
from bot.words.catalogue import words
from handlers.slack import checkup
from handlers.slack.checkup import Access
from handlers.slack.standin.server import SlackStandin

from tests.console import Terminal, tertulia
from tests.standin_bot import PLAZA, slack

__all__ = ["slack", "tertulia"]

Line = tuple[str, str, str, str]


def told(findings: list[Finding]) -> list[Line]:
    """Part, state, what and advice, in Spanish."""
    say = words("es")
    return [(one.part, one.state, one.what(say), one.advise(say)) for one in findings]


def access(slack: SlackStandin) -> Access:
    """The right way in."""
    return Access(slack.url, PLAZA, slack.app.bot_token, slack.app.app_token)


# --- Slack -----------------------------------------------------------------------------------------------------------


async def test_slack_in_order_is_said_part_by_part(slack: SlackStandin) -> None:
    """Tokens, scopes, clock, way in and channel."""
    assert told(await checkup.examine(access(slack))) == [
        ("slack", "ok", "SLACK_BOT_TOKEN vale: standin en standin", ""),
        ("slack", "ok", "tiene todos los permisos", ""),
        ("clock", "ok", "en hora con Slack", ""),
        ("slack", "ok", "SLACK_APP_TOKEN vale: oye por Socket Mode", ""),
        ("slack", "ok", "está en #plaza", ""),
    ]


async def test_wrong_bot_token_is_named_and_the_other_looked_at_all_the_same(slack: SlackStandin) -> None:
    """Slack's word for it, and where the right one is; whoever mixed up both is told of both at once."""
    wrong = replace(access(slack), bot_token="xoxb-otra", app_token="xapp-otra")

    advice = "cópiala otra vez de la página de tu aplicación de Slack"
    assert told(await checkup.examine(wrong)) == [
        ("slack", "fault", "Slack rechaza SLACK_BOT_TOKEN: invalid_auth", advice),
        ("slack", "fault", "Slack rechaza SLACK_APP_TOKEN: invalid_auth", advice),
    ]


async def test_wrong_app_token_is_named(slack: SlackStandin) -> None:
    """The bot's token is right, the other is not."""
    findings = told(await checkup.examine(replace(access(slack), app_token="xapp-otra")))

    assert findings[3][:3] == ("slack", "fault", "Slack rechaza SLACK_APP_TOKEN: invalid_auth")


async def test_channel_without_the_bot_tells_how_to_invite_it(slack: SlackStandin) -> None:
    """A bot that is not a member hears nothing."""
    slack.workspace.add_channel("C0OTRO", "otro", [])
    findings = told(await checkup.examine(replace(access(slack), channel="C0OTRO")))

    assert findings[4] == ("slack", "fault", "el bot no está en #otro", "escribe allí /invite y el nombre del bot")


async def test_unknown_channel_is_a_fault(slack: SlackStandin) -> None:
    """A name in place of the id is the usual mistake."""
    findings = told(await checkup.examine(replace(access(slack), channel="C0NADA")))

    assert findings[4][:3] == ("slack", "fault", "Slack rechaza SLACK_CHANNEL: channel_not_found")


async def test_slack_that_cannot_be_reached_is_a_fault_and_no_hang() -> None:
    """Nobody listens on this port."""
    findings = told(await checkup.examine(Access("http://127.0.0.1:9/api/", PLAZA, "xoxb-1")))

    assert [(one[1], one[2].partition(": ")[0]) for one in findings] == [
        ("fault", "no se llega a http://127.0.0.1:9/api/"),
        ("fault", "sin SLACK_APP_TOKEN ni SLACK_SIGNING_SECRET no se oye a Slack"),
    ]


@pytest.mark.parametrize(
    ("granted", "states"),
    [
        ("chat:write,commands,channels:read,channels:history,reactions:read,users:read,im:history,im:write", ["ok"]),
        ("chat:write,commands,channels:read,reactions:read,users:read,im:history,im:write", ["fault"]),
        ("chat:write,channels:read,channels:history,users:read,im:history,im:write", ["warning", "warning"]),
        ("", ["warning"]),
    ],
)
def test_missing_scope_is_as_bad_as_what_it_is_for(granted: str, states: list[str]) -> None:
    """Without hearing there is no debate; without reactions there is."""
    assert [one.state for one in checkup.scopes(granted)] == states


@pytest.mark.parametrize(("seconds", "state"), [(2, "ok"), (30, "warning"), (-30, "warning"), (600, "fault")])
def test_clock_is_compared_with_slacks(seconds: int, state: str) -> None:
    """Debates begin by this machine's clock, and people come by theirs."""
    now = datetime(2027, 1, 14, 18, tzinfo=UTC)

    assert [one.state for one in checkup.clock(format_datetime(now + timedelta(seconds=seconds)), now=now)] == [state]


# --- the house -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("free", "state"), [(10 * 1024**3, "ok"), (100 * 1024**2, "warning"), (1024**2, "fault")])
def test_disk_is_judged_by_what_is_left(free: int, state: str) -> None:
    """A full disk is the end of hearing."""
    assert doctor.space(Path(), free=lambda _folder: free).state == state


def test_fresh_folder_is_well_and_stays_as_it_was(tertulia: Terminal) -> None:
    """Looking makes no database."""
    answer = tertulia("doctor", "--json")

    assert (answer.code, [(one["part"], one["state"]) for one in answer.json]) == (
        0, [("tertulia", "ok"), ("database", "ok"), ("disk", "ok"), ("slack", "ok"), ("x", "ok")],
    )  # fmt: skip
    assert list(tertulia.folder.iterdir()) == []


def test_newer_database_is_a_fault(tertulia: Terminal) -> None:
    """A database of tomorrow's program is not touched."""
    tertulia("debate", "list")
    with sqlite3.connect(tertulia.folder / "tertulia.db") as conn:
        conn.execute("UPDATE alembic_version SET version_num = '9999'")
    answer = tertulia("doctor")

    assert answer.code == 1
    assert "✗ database: La base de datos es de una versión más nueva (9999)" in answer.out
    assert answer.err == "Por arreglar antes de un debate: 1. Están marcadas con ✗.\n"


def test_file_that_is_no_database_is_a_fault(tertulia: Terminal) -> None:
    """The driver's own words tell why."""
    tertulia.write("tertulia.db", "esto no es una base de datos, ni de lejos" * 20)

    assert "file is not a database" in tertulia("doctor").out


def test_misspelt_setting_is_a_warning_with_the_right_name(tertulia: Terminal) -> None:
    """It would otherwise be silently nothing."""
    tertulia.write(".env", "TERTULIA_HASTAG=CX\n")
    answer = tertulia("doctor")

    assert answer.code == 0
    assert "! .env: no hay ningún ajuste TERTULIA_HASTAG → ¿querías decir TERTULIA_HASHTAG?\n" in answer.out


def test_half_an_x_is_a_fault(tertulia: Terminal) -> None:
    """Keys to speak with, and none to hear."""
    tertulia.write(".env", "X_API_KEY=k\nX_API_SECRET=s\n")

    assert "✗ x: faltan X_BEARER_TOKEN, X_ACCESS_TOKEN, X_ACCESS_TOKEN_SECRET" in tertulia("doctor").out


def test_half_a_slack_is_a_fault(tertulia: Terminal) -> None:
    """An app token alone was meant as more."""
    tertulia.write(".env", "SLACK_APP_TOKEN=xapp-1\n")

    assert "✗ slack: falta SLACK_BOT_TOKEN" in tertulia("doctor").out
