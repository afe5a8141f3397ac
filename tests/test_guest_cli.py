"""Guests at the command line: invited, listed, let in, let out, as a dialogue."""

import pytest

from tests.console import Answer, Terminal, tertulia

__all__ = ["tertulia"]

DEBATE = """
title = "¿Quién es el CXO?"
starts = 2037-01-14T19:00:00
timezone = "Europe/Madrid"
questions = ["¿Qué perfil necesita?", "¿Qué cambia?"]
guests = ["Bruno Salas", { name = "Elena Rosal", slack = "U123" }]
[where]
slack = "C0123456"
"""


@pytest.fixture
def planned(tertulia: Terminal) -> Terminal:
    """A debate in January 2037 with two guests."""
    tertulia.write("debate.toml", DEBATE)
    assert tertulia("debate", "add", "debate.toml") == Answer(0, "1\n", "")
    return tertulia


def test_list_says_how_far_each_is(planned: Terminal) -> None:
    """For people a table, for programs every key; what was written is in neither."""
    assert planned("guest", "add", "1", "Carla Prado", "--slack", "U456") == Answer(0, "3\n", "")

    found = planned("guest", "list", "1", "--json").json

    assert [(one["id"], one["name"], one["slack"]) for one in found] == [
        ("1", "Bruno Salas", None), ("2", "Elena Rosal", "U123"), ("3", "Carla Prado", "U456"),
    ]  # fmt: skip
    assert {key: found[0][key] for key in ("answered", "questions", "framing", "seen_at")} == {
        "answered": 0, "questions": 2, "framing": "", "seen_at": None,
    }  # fmt: skip
    assert "Elena Rosal  U123   0/2" in planned("guest", "list", "1").out


def test_link_prints_an_address_that_is_new_each_time(planned: Terminal) -> None:
    """On the room's address, for the guest of that id."""
    first, second = (planned("guest", "link", "1").out.strip() for _ in range(2))

    assert first.startswith("http://127.0.0.1:8000/invitado/1/")
    assert first != second
    assert planned("guest", "out", "1") == Answer(0, "Hecho.\n", "")


def test_steps_are_in_the_run_sheet(planned: Terminal) -> None:
    """``debate show`` has the cues of the timeline."""
    keys = [one["key"] for one in planned("debate", "show", "1", "--json").json["cues"]]

    assert [key for key in keys if key.startswith("guest:")] == [
        "guest:topic", "guest:questions", "guest:framing", "guest:early",
    ]  # fmt: skip


def test_remove_leaves_the_others(planned: Terminal) -> None:
    """With its word to a script."""
    assert planned("guest", "remove", "1", "--yes") == Answer(0, "Hecho.\n", "")

    assert [one["name"] for one in planned("guest", "list", "1", "--json").json] == ["Elena Rosal"]


def test_questions_are_shown_or_hidden(planned: Terminal) -> None:
    """Both ways."""
    assert planned("guest", "questions", "1", "--hide") == Answer(0, "Hecho.\n", "")
    assert planned("guest", "questions", "1") == Answer(0, "Hecho.\n", "")


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (("add", "1", "bruno salas"), "bruno salas ya tiene invitación a este debate. No se ha cambiado nada."),
        (("add", "9", "Carla"), "No hay ningún debate «9». Míralos con: tertulia debate list"),
        (
            ("add", "1", "Carla", "--slack", "carla"),
            "«carla» no es el identificador de una persona en Slack (por ejemplo U0123456): cópialo de su perfil.",
        ),
        (("link", "9"), "No hay ningún invitado «9». Míralos con: tertulia guest list"),
        (("remove", "99999999999"), "No hay ningún invitado «99999999999». Míralos con: tertulia guest list"),
        (("release", "1"), "Bruno Salas todavía no ha escrito su texto de presentación. No se ha cambiado nada."),
    ],
)
def test_what_is_refused_is_one_line(planned: Terminal, command: tuple[str, ...], sentence: str) -> None:
    """A guest twice, ids of nobody, a framing that was never written."""
    assert planned("guest", *command).refusal == sentence
