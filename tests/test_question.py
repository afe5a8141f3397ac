"""States of a question, and its text."""

import pytest

from bot import errors
from bot.question import NEXT, State, clean, move

# From each state, what may follow.
TABLE = {
    State.PENDING: {State.APPROVED, State.DECLINED, State.MERGED, State.CARRIED},
    State.APPROVED: {State.ASKED, State.DECLINED, State.MERGED, State.CARRIED},
    State.ASKED: {State.ANSWERED},
    State.ANSWERED: {State.ASKED},
    State.DECLINED: {State.APPROVED, State.PENDING},
    State.MERGED: {State.PENDING},
    State.CARRIED: {State.APPROVED, State.DECLINED},
}


@pytest.mark.parametrize("wanted", list(State))
@pytest.mark.parametrize("state", list(State))
def test_state_follows_the_table(state: State, wanted: State) -> None:
    """Everything that the table does not hold is refused with both names."""
    assert set(NEXT) == set(State)
    if wanted in TABLE[state]:
        assert move(state, wanted) is wanted
    else:
        with pytest.raises(errors.CannotMove) as refused:
            move(state, wanted)
        assert refused.value.fields == {"state": state.value, "wanted": wanted.value}


def test_text_comes_on_one_line_without_surplus_space() -> None:
    """Line feeds, tabs and doubled spaces are one space each."""
    assert clean("  ¿Qué\n\n es\testo ?  ") == "¿Qué es esto ?"


def test_text_that_no_database_keeps_is_made_storable() -> None:
    """NUL and half a surrogate pair are shown, not stored as they are."""
    assert clean("a\0b\ud83d") == "a␀b\ufffd"


@pytest.mark.parametrize("text", ["", "   ", "\n\t"])
def test_empty_text_is_refused(text: str) -> None:
    """The refusal says of what."""
    with pytest.raises(errors.Empty) as refused:
        clean(text, what="el motivo")

    assert refused.value.fields == {"what": "el motivo"}


def test_text_of_1000_characters_fits_and_one_more_does_not() -> None:
    """Counted after tidying."""
    assert clean(" " + "x" * 1000 + " ") == "x" * 1000
    with pytest.raises(errors.FilledUp) as refused:
        clean("x" * 1001)
    assert refused.value.fields == {"what": "la pregunta", "limit": "1000 caracteres", "size": "1001"}
