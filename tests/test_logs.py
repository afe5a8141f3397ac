"""Secrets never reach the log, whatever they came in: a value, an exception, an address, a library's own words."""

import io
import json
import logging
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from bot import logs

TOKENS = {
    "bot": "xoxb-12-34-abcDEF",
    "user": "xoxp-12-34-abcDEF",
    "app": "xapp-1-A1-23-abcdef",
    "rotated": "xoxe.xoxb-1-Mi0yLTEyMw",
    "refresh": "xoxe-1-My0xLTEyMw",
}


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What the log has written, not to a terminal; everything is as it was afterwards."""
    root, hooks = logging.getLogger(), (sys.excepthook, threading.excepthook)
    before = (root.handlers[:], root.level)
    stream = io.StringIO()
    logs.set_up("debug", secrets=["palabra-de-paso"], stream=stream)
    yield stream
    root.handlers[:], root.level = before
    sys.excepthook, threading.excepthook = hooks
    structlog.reset_defaults()


def events(written: io.StringIO) -> list[dict[str, Any]]:
    """The lines as JSON."""
    return [json.loads(line) for line in written.getvalue().splitlines()]


@pytest.mark.parametrize("token", TOKENS.values(), ids=TOKENS.keys())
def test_token_is_hidden_as_value_in_text_and_in_exception(token: str, written: io.StringIO) -> None:
    """The three ways into a line."""
    structlog.get_logger("t").info(f"con {token}", headers={"Authorization": f"Bearer {token}"}, token=token)
    try:
        raise ValueError(f"rechazada: {token}")
    except ValueError:
        structlog.get_logger("t").exception("mal")

    assert token not in written.getvalue()
    assert [event["event"] for event in events(written)] == ["con [oculto]", "mal"]
    assert events(written)[1]["exception"].endswith("ValueError: rechazada: [oculto]")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("wss://wss.slack.com/link/?ticket=ab12-cd&app_id=3", "wss://wss.slack.com/link/?ticket=[oculto]&app_id=3"),
        ("postgresql+psycopg://ana:clave@host/db", "postgresql+psycopg://[oculto]@host/db"),
        ("https://hooks.slack.com/commands/T1/2/abc", "https://hooks.slack.com/[oculto]"),
        ("http://127.0.0.1/entrar/lqahWIod4ElVJzzBn3", "http://127.0.0.1/entrar/[oculto]"),
        ("Authorization: Bearer abcdef123456", "Authorization: Bearer [oculto]"),
        ("{'token': 'abcdef', 'n': 1}", "{'token': '[oculto]', 'n': 1}"),
        ("la palabra-de-paso de siempre", "la [oculto] de siempre"),
        ("nada que ocultar: https://slack.com/api/auth.test", "nada que ocultar: https://slack.com/api/auth.test"),
    ],
)  # fmt: skip
def test_libraries_words_are_searched_for_secrets(text: str, shown: str, written: io.StringIO) -> None:
    """What comes through ``logging`` passes the same border, and stays otherwise as it was."""
    logging.getLogger("slack_bolt").warning("%s", text)

    assert [event["event"] for event in events(written)] == [shown]


def test_uncaught_exceptions_pass_the_same_border(written: io.StringIO) -> None:
    """Neither the main thread nor another one writes a traceback of its own."""

    def fall() -> None:
        raise RuntimeError(TOKENS["bot"])

    thread = threading.Thread(target=fall)
    thread.start()
    thread.join()

    assert [event["exception"].splitlines()[-1] for event in events(written)] == ["RuntimeError: [oculto]"]


def test_tracebacks_show_no_local_variables(written: io.StringIO) -> None:
    """A value beside the fault is nobody's business."""
    handler = logging.getLogger().handlers[0]
    local = "dato " + "privado"
    try:
        raise ValueError(len(local))
    except ValueError:
        record = logging.LogRecord("t", logging.ERROR, "f", 1, "mal", None, sys.exc_info())

    assert "dato privado" not in handler.format(record)


class Screen(io.StringIO):
    """A terminal that somebody looks at."""

    def isatty(self) -> bool:
        """Yes."""
        return True


def test_people_get_lines_and_programs_json(written: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal a line reads as one; elsewhere it is an object with its time, level and name."""
    structlog.get_logger("bot.app").info("hola", debate=3)
    event = events(written)[0]
    monkeypatch.setenv("NO_COLOR", "1")
    logs.set_up("info", stream=(screen := Screen()))
    structlog.get_logger("bot.app").info("hola", debate=3)
    structlog.get_logger("bot.app").debug("callado")

    assert {key: event[key] for key in ("event", "level", "logger", "debate")} == {
        "event": "hola", "level": "info", "logger": "bot.app", "debate": 3,
    }  # fmt: skip
    assert len(screen.getvalue().splitlines()) == 1
    assert screen.getvalue().split()[1:3] == ["[info", "]"]
