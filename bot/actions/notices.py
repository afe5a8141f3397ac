"""What was said of a debate's date is put right: nobody who has read of the old one is left with it."""

from datetime import datetime

from bot.actions import say
from bot.ports import Operation
from bot.store import debates, outbox
from bot.store.engine import Tx
from bot.tables import Debate, Place
from bot.words.catalogue import words

# The posts that name a debate's date while it is still to come.
TELLING = frozenset({"announce", "remind", "moved"})


def silence(tx: Tx, debate: Debate, *, why: str) -> frozenset[str]:
    """Posts about the date that nobody has tried to send yet are not sent; returns their kinds."""
    held_back = set()
    for row in outbox.of_debate(tx, debates.ident(debate)):
        if row.kind in TELLING and row.operation == Operation.POST and row.state == "queued" and not row.first_try_at:
            row.state, row.error = "expired", words(debate.locale)(why)
            tx.session.add(row)
            held_back.add(row.kind)
    tx.session.flush()
    return frozenset(held_back)


def readers(tx: Tx, debate: Debate) -> list[Place]:
    """The places of the debate in which its date was said, or may have been."""
    debate_id = debates.ident(debate)
    told = {
        (row.platform, row.place)
        for row in outbox.of_debate(tx, debate_id)
        if row.kind in TELLING and row.operation == Operation.POST and row.state in {"queued", "sending", "sent"}
    }
    return [place for place in debates.places(tx, debate_id) if (place.platform, place.address) in told]


def correct(tx: Tx, debate: Debate, kind: str, text: say.Worded, *, places: list[Place], now: datetime) -> None:
    """The text is on its way to the places, and in private to everybody who said that they come."""
    for place in places:
        say.there(tx, debate, kind, text, place=place, now=now)
