"""What was said of a debate's date is put right: nobody who has read of the old one is left with it."""

from datetime import datetime

from bot import calendars
from bot.actions import brief, reminders, say
from bot.ports import House, Operation, Platform
from bot.store import debates, outbox
from bot.store.engine import Tx
from bot.tables import Debate, Outbox, Place
from bot.words.catalogue import words

# The posts that name a debate's date while it is still to come.
TELLING = frozenset({"announce", "remind", "moved"})


def moved(tx: Tx, debate: Debate, before: str, *, house: House, now: datetime) -> bool:
    """Who read of the date ``before`` reads of the new one; an invitation that had not left yet leaves with that.

    So do those, in private, who asked to be reminded; their reminders follow. Returns whether anybody was told.
    """
    reminders.moved(tx, debate, now=now)
    unsaid = _silence(tx, debate, words(debate.locale)("el debate cambió de fecha"))
    readers = _readers(tx, debate)
    full = say.moved(debate, before, house)
    worded = say.Worded(full, brief.moved(debate, house), calendars.alone(house, debate.slug))
    for place in readers:
        say.there(tx, debate, "moved", worded, place=place, now=now)
    told = {place.platform for place in readers}
    invitation = brief.invitation(debate, house)
    for place in debates.places(tx, debates.ident(debate)):
        if (place.platform, place.address) in unsaid and place.platform not in told:
            say.there(tx, debate, "announce", invitation, place=place, now=now)
    if told:
        reminders.tell(tx, debate, "moved", full, now=now)
    return bool(told)


def cancelled(tx: Tx, debate: Debate, *, now: datetime) -> bool:
    """Who read of the debate reads that it will not be held, and why; returns whether anybody was told.

    So do those, in private, who asked to be reminded of it.
    """
    _silence(tx, debate, words(debate.locale)("el debate se canceló"))
    readers = _readers(tx, debate)
    text = say.cancelled(debate)
    for place in readers:
        say.there(tx, debate, "cancelled", say.Worded(text, brief.cancelled(debate)), place=place, now=now)
    if readers:
        reminders.tell(tx, debate, "cancelled", text, now=now)
    reminders.over(tx, debate)
    return bool(readers)


def _silence(tx: Tx, debate: Debate, why: str) -> set[tuple[str, str]]:
    """Posts about the date that nobody has tried to send yet are not sent; returns where they were to stand."""
    held_back = set()
    for row in _telling(tx, debate):
        if row.state == "queued" and row.first_try_at is None:
            row.state, row.error = "expired", why
            tx.session.add(row)
            held_back.add((row.platform, row.place))
    tx.session.flush()
    return held_back


def _readers(tx: Tx, debate: Debate) -> list[Place]:
    """The places of the debate where its date was said, or may have been."""
    rows = [row for row in _telling(tx, debate) if row.state in {"queued", "sending", "sent"}]
    told = {_readership(row.platform, row.place) for row in rows}
    places = debates.places(tx, debates.ident(debate))
    return [place for place in places if _readership(place.platform, place.address) in told]


def _readership(platform: str, address: str) -> tuple[str, str]:
    """On X our account is read, whatever the hashtag was when it spoke."""
    return platform, "" if platform == Platform.X else address


def _telling(tx: Tx, debate: Debate) -> list[Outbox]:
    rows = outbox.of_debate(tx, debates.ident(debate))
    return [row for row in rows if row.kind in TELLING and row.operation == Operation.POST]
