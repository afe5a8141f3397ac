"""What the clock does around the hour, weeks before a debate and days after it: one branch a kind of cue."""

from datetime import datetime

from bot.cues import Cue
from bot.ports import House
from bot.store.engine import Tx
from bot.tables import Debate


def perform(tx: Tx, debate: Debate, cue: Cue, *, now: datetime, house: House) -> None:
    """What the cue stands for is done, and what is to be said about it is on its way."""
    match cue.kind:
        case _:
            raise ValueError(cue.kind)
