"""A start told in free words at a terminal: read back in full, taken after a yes; a script says it in ISO 8601."""

import io
import sys
from datetime import UTC, datetime

import pytest

from bot.cli import home

from tests.console import Terminal, tertulia

__all__ = ["tertulia"]

READY = ("debate", "add", "--ready", "quien-es-el-cxo", "--starts")
NOW = datetime(2027, 1, 13, 11, 0, tzinfo=UTC)  # a Wednesday


class Keyboard(io.StringIO):
    """Somebody sits at it."""

    def isatty(self) -> bool:
        """Yes."""
        return True


def typing(terminal: Terminal, answer: str) -> None:
    """Somebody sits at the terminal on that Wednesday and will answer so."""
    terminal.monkeypatch.setattr(sys, "stdin", Keyboard(answer))
    terminal.monkeypatch.setattr(home, "now", lambda: NOW)


def test_words_are_read_back_and_planned_after_a_yes(tertulia: Terminal) -> None:
    """The id alone is on the output; the date, on every zone's clocks, was before the question."""
    typing(tertulia, "sí\n")
    done = tertulia(*READY, "jueves a las 7 de la tarde, hora de Chile")
    assert (done.code, done.out) == (0, "1\n")
    assert done.err.startswith(
        "jueves 14 de enero de 2027, 19:00 (America/Santiago)\njueves 14 de enero de 2027, 23:00 (Europe/Madrid)\n"
    )
    shown = tertulia("debate", "show", "1", "--json").json
    assert (shown["starts_at"], shown["timezone"]) == ("2027-01-14T22:00:00Z", "America/Santiago")


def test_after_a_no_nothing_is_planned(tertulia: Terminal) -> None:
    """What could be read otherwise was said."""
    typing(tertulia, "n\n")
    done = tertulia(*READY, "el próximo jueves 19:00")
    assert (done.code, done.out) == (1, "")
    assert "Ojo: es el más cercano; el siguiente es el jueves 21/01/2027." in done.err
    assert tertulia("debate", "list", "--json").json == []


def test_without_a_terminal_words_are_refused(tertulia: Terminal) -> None:
    """Nobody is there to say yes."""
    done = tertulia(*READY, "jueves 19:00")
    assert done.code == 2
    assert "solo en una terminal" in " ".join(done.err.replace("│", " ").split())
    assert tertulia("debate", "list", "--json").json == []


@pytest.mark.parametrize(
    ("words", "why"),
    [("jueves", "falta la hora del jueves 14/01/2027"), ("jueves 19:00 hora de Marte", "no sé dónde es «Marte»")],
)
def test_what_is_not_understood_is_refused_in_one_line(tertulia: Terminal, words: str, why: str) -> None:
    """With the sentence why and an example."""
    typing(tertulia, "")
    assert why in tertulia(*READY, words).refusal


def test_a_title_has_no_place_here(tertulia: Terminal) -> None:
    """A ready-made debate has its own; words that would be lost are refused."""
    typing(tertulia, "y\n")
    done = tertulia(*READY, "jueves 19:00 ¿Quién manda?")
    assert done.code == 2
    assert "¿Quién manda?" in done.err


def test_a_zone_that_is_none_is_refused_before_anything_is_asked(tertulia: Terminal) -> None:
    """As with ISO 8601."""
    typing(tertulia, "y\n")
    assert tertulia(*READY, "jueves 19:00", "--timezone", "Marte/Base").code == 2
