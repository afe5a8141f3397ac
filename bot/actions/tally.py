"""X's own count of a debate's posts beside what the log holds of them, once search has been asked for the last time.

What neither stream nor search has brought leaves no gap behind: only a count shows it.
"""

from datetime import datetime

from bot.actions import say
from bot.ports import CLOCK, Platform
from bot.store import debates, meter
from bot.store import listen as store
from bot.store.engine import Tx
from bot.words.catalogue import words

COUNTED = "x counted"
# X estimates, and counts who has opted out, or has taken a post back before it was heard: so many are ordinary.
FEW, SHARE = 5, 0.02


def wanted(tx: Tx, debate_id: int) -> bool:
    """Whether the debate was not counted yet: each count costs money."""
    return meter.told(tx, debate_id, COUNTED) is None


def counted(tx: Tx, debate_id: int, place: str, there: int, *, now: datetime) -> int:
    """The count is on record (log/X); returns how many posts are lacking that the moderators are told of."""
    debate = debates.get(tx, debate_id)
    here = store.heard(tx, debate_id, Platform.X, place)
    debates.record(tx, who=CLOCK.who, action=COUNTED, debate_id=debate_id, now=now, detail=f"{here}/{there}")
    lacking = there - here
    if lacking <= max(FEW, there * SHARE):
        return 0
    text = words(debate.locale)(
        "X cuenta {there} mensajes de «{title}» y en el registro hay {here}: puede que falten {lacking}.",
        there=there, title=debate.title, here=here, lacking=lacking,
    )  # fmt: skip
    say.to_moderators(tx, debate, "lacking", text, now=now)
    return lacking
