"""Reminders that people asked for: each once, at its time, where they said; nothing stale, nothing unasked."""

from collections.abc import Sequence
from datetime import datetime

import pytest

from bot.actions import attendance, moving, reminders
from bot.actions.reminders import Chosen
from bot.invitation import DEFAULT, Answer
from bot.ports import Actor, House
from bot.store import debates
from bot.store.engine import Store, Tx

from tests.stories import MODERATOR, Evening

ANA = Actor("slack:UANA", "Ana")
LUIS = Actor("slack:ULUIS", "Luis")
EVA = Actor("room:eva", "Eva")
HOUR, TEN = 3600, 600


@pytest.fixture
def evening(store: Store, house: House) -> Evening:
    """A debate three days ahead."""
    return Evening(store, house)


def choose(evening: Evening, ahead: Sequence[int], who: Actor = ANA, *, here: bool = True, where: str = "") -> Chosen:
    """Somebody says when to be reminded, of this debate or (``here`` False) of all."""

    def action(tx: Tx) -> Chosen:
        debate = debates.get(tx, evening.id) if here else None
        return reminders.choose(tx, ahead, debate=debate, actor=who, now=evening.now, where=where)

    return evening.store.write(action)


def answer(evening: Evening, wanted: Answer | None, who: Actor = ANA) -> None:
    """Somebody answers the invitation."""
    evening.store.write(
        lambda tx: attendance.answer(tx, debates.get(tx, evening.id), wanted, actor=who, now=evening.now) and None
    )


def move(evening: Evening, local: str) -> None:
    """A moderator moves the debate to another time in Madrid."""
    when = moving.When(datetime.fromisoformat(local))
    evening.store.write(
        lambda tx: moving.move(
            tx, debates.get(tx, evening.id), when, house=evening.house, actor=MODERATOR, now=evening.now
        )
    )


def nudges(evening: Evening) -> list[tuple[float, str]]:
    """(minute, who) of each reminder that arrived in Slack."""
    return [(round(minute), who) for minute, who, kind, _ in evening.slack.private if kind == "nudge"]


def test_the_reminder_comes_to_who_asked_and_to_nobody_else(evening: Evening) -> None:
    """At the two times of the house, in private, with all that one needs to know."""
    choose(evening, DEFAULT)
    answer(evening, Answer.YES, LUIS)

    evening.until(0)

    assert nudges(evening) == [(-60, "UANA"), (-10, "UANA")]
    assert next(text for *_, kind, text in evening.slack.private if kind == "nudge") == (
        "Me pediste que te avisara: en 1 h empieza «¿Quién es el CXO?», jueves 14 de enero de 2027, 19:00 "
        "(Europe/Madrid). https://tertulia.example/d/2027-01-14-quien-es-el-cxo "
        "Si no quieres más avisos: /tertulia recordar no"
    )
