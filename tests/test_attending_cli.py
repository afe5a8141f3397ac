"""Who comes, at the command line: numbers in ``debate show``, names in ``debate attendance``."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.actions import attendance
from bot.invitation import Answer
from bot.ports import Actor
from bot.store import debates
from bot.store.engine import Store

from tests.console import Terminal, tertulia

__all__ = ["tertulia"]

NOW = datetime(2026, 6, 1, tzinfo=UTC)
DEBATE = """
title = "¿Quién es el CXO?"
starts = 2037-01-14T19:00:00
timezone = "Europe/Madrid"
questions = ["¿Qué perfil necesita?"]
"""


@pytest.fixture
def planned(tertulia: Terminal) -> Terminal:
    """A debate in January 2037; Ana comes, Luis may."""
    tertulia.write("debate.toml", DEBATE)
    assert tertulia("debate", "add", "debate.toml").out == "1\n"
    store = Store(f"sqlite:///{tertulia.folder}/tertulia.db")
    for at, (name, wanted) in enumerate((("Ana", Answer.YES), ("Luis", Answer.MAYBE))):
        who, now = Actor(f"room:{name.lower()}", name), NOW + timedelta(minutes=at)
        store.write(lambda tx, who=who, wanted=wanted, now=now: attendance.answer(  # type: ignore[misc]
            tx, debates.get(tx, 1), wanted, actor=who, now=now
        ))  # fmt: skip
    store.close()
    return tertulia


def test_show_counts_the_answers(planned: Terminal) -> None:
    """For programs in a key of its own, for people in a line, once anybody has answered."""
    assert planned("debate", "show", "1", "--json").json["attendance"] == {"yes": 1, "maybe": 1, "no": 0}
    assert "Van a venir: 1. Quizá: 1." in planned("debate", "show", "1").out

    planned("debate", "add", "debate.toml", "--starts", "2037-02-14T19:00")

    assert "Van a venir" not in planned("debate", "show", "2").out


def test_attendance_lists_who_answered(planned: Terminal) -> None:
    """In the order of their answers, with who is new."""
    assert planned("debate", "attendance", "1").out == (
        "PERSONA    NOMBRE  RESPUESTA\nroom:ana   Ana     viene      primera vez\n"
        "room:luis  Luis    quizá      primera vez\n"
    )
    assert planned("debate", "attendance", "1", "--json").json[0] == {
        "person": "room:ana", "name": "Ana", "answer": "yes", "at": "2026-06-01T00:00:00Z", "returning": False,
    }  # fmt: skip
    planned("debate", "add", "debate.toml", "--starts", "2037-02-14T19:00")
    assert planned("debate", "attendance", "2").out == "Nadie ha respondido todavía si viene.\n"
    assert planned("debate", "attendance", "2", "--json").json == []
    assert planned("debate", "attendance", "9").refusal.startswith("No hay ningún debate «9».")
