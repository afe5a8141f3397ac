"""The polls that a visitor can answer now, as the debate's page shows them."""

from dataclasses import dataclass
from datetime import datetime

from bot import errors
from bot.actions import polls
from bot.poll import Choice, Kind, Planned
from bot.store import debates, people
from bot.store import polls as store
from bot.store.engine import Tx
from bot.tables import Debate
from handlers.room.context import Visitor


@dataclass(frozen=True, slots=True)
class Panel:
    """A poll that a visitor can answer now; ``mine`` is their answer, ``done`` that an anonymous one has it."""

    kind: Kind
    asked: Planned
    mine: Choice | None
    done: bool


def panels(tx: Tx, debate: Debate, visitor: Visitor, *, now: datetime) -> list[Panel]:
    """The polls of a debate that are open, as the visitor sees them."""
    found = []
    person = _person(tx, visitor)
    for row in store.every(tx, debates.ident(debate)):
        if polls.is_open(row, debate, now=now):
            kind, ident = Kind(row.kind), row.id or 0
            done = kind is Kind.PULSE and store.has_answered(tx, ident, person)
            mine = store.mine(tx, ident, person) if kind is not Kind.PULSE and person else None
            found.append(Panel(kind, store.planned(row), mine, done))
    return found


def _person(tx: Tx, visitor: Visitor) -> int:
    if visitor.actor is None:
        return 0
    try:
        return people.find(tx, visitor.actor.who).person_id
    except errors.NoSuchPerson:
        return 0
