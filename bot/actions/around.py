"""What the clock does around the hour, weeks before a debate and days after it: one branch a kind of cue."""

from datetime import datetime

from bot.actions import after, invited, reminders, series
from bot.cues import Cue, Kind
from bot.ports import House
from bot.store.engine import Tx
from bot.tables import Debate


def perform(tx: Tx, debate: Debate, cue: Cue, *, now: datetime, house: House) -> None:
    """What the cue stands for is done, and what is to be said about it is on its way."""
    match cue.kind:
        case Kind.CONFIRM:
            series.ask(tx, debate, house=house, now=now)
        case Kind.LAPSE:
            series.lapse(tx, debate, now=now)
        case Kind.GUEST:
            invited.nudge(tx, debate, cue, house=house, now=now)
        case Kind.NUDGE:
            reminders.nudge(tx, debate, cue, now=now, house=house)
        case Kind.POLL_END:
            after.poll_end(tx, debate, cue, now=now)
        case Kind.PULSE:
            after.pulse(tx, debate, now=now)
        case Kind.TEASER:
            after.teaser(tx, debate, now=now, house=house)
        case _:
            raise ValueError(cue.kind)
