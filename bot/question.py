"""States of a question, and what may become of it (docs/design.md, 3). Pure."""

from collections.abc import Mapping
from enum import StrEnum

from bot import errors
from bot.phrase import phrase
from bot.richtext import storable

# A question fits in one post on every network, label included.
LONGEST = 1000


class State(StrEnum):
    """Where a question stands."""

    PENDING = "pending"
    APPROVED = "approved"
    ASKED = "asked"
    ANSWERED = "answered"
    DECLINED = "declined"
    MERGED = "merged"
    CARRIED = "carried"


class Source(StrEnum):
    """Who thought of it: the run-sheet or somebody in the audience."""

    PLAN = "plan"
    AUDIENCE = "audience"


NEXT: Mapping[State, frozenset[State]] = {
    State.PENDING: frozenset({State.APPROVED, State.DECLINED, State.MERGED, State.CARRIED}),
    State.APPROVED: frozenset({State.ASKED, State.DECLINED, State.MERGED, State.CARRIED}),
    State.ASKED: frozenset({State.ANSWERED}),
    State.ANSWERED: frozenset({State.ASKED}),
    State.DECLINED: frozenset({State.APPROVED, State.PENDING}),
    State.MERGED: frozenset({State.PENDING}),
    State.CARRIED: frozenset({State.APPROVED, State.DECLINED}),
}

OPEN_FOR_VOTES = frozenset({State.PENDING, State.APPROVED})


def move(state: State, wanted: State) -> State:
    """The wanted state, when it may follow; raises ``CannotMove``."""
    if wanted not in NEXT[state]:
        raise errors.CannotMove(state=state.value, wanted=wanted.value)
    return wanted


def clean(text: str, *, what: str = "la pregunta") -> str:
    """The text of a question on one line, without surplus space; raises ``Empty`` or ``FilledUp``."""
    tidy = " ".join(storable(text).split())
    if not tidy:
        raise errors.Empty(what=what)
    if len(tidy) > LONGEST:
        raise errors.FilledUp(what=what, limit=phrase("{count} caracteres", count=LONGEST), size=f"{len(tidy)}")
    return tidy
