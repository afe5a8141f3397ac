"""The inbox: every delivery of a platform is a committed row before it is acknowledged, and in the log with it."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from bot.actions import log, optout
from bot.ports import Incoming, OptedOut, Platform
from bot.store import gone
from bot.store import inbox as store
from bot.store.engine import Tx


class Delivery(NamedTuple):
    """One delivery of a platform: its id there, what it means for us, and (for the quarantine) how it came."""

    platform: Platform
    event_id: str
    incoming: Sequence[Incoming]
    raw: str = ""


def take(tx: Tx, deliveries: Sequence[Delivery], *, now: datetime) -> None:
    """The deliveries are known and what they say is in the log; one that came before changes nothing.

    Of those who have opted out nothing is; who does so with one of these is, with all of them, out.
    The payload itself is not kept: what it said is in the log, and must be erasable from there.
    """
    store.insert(tx, [(one.platform, _name(tx, one)) for one in deliveries], now=now)
    incoming = [each for one in deliveries for each in one.incoming]
    if incoming:
        log.hear(tx, optout.sift(tx, incoming), now=now)
    for one in incoming:
        if isinstance(one, OptedOut):
            optout.opt_out(tx, one, now=now)


def quarantine(tx: Tx, delivery: Delivery, *, error: str, now: datetime) -> None:
    """A delivery that could not be understood is kept as it came, counted, and disturbs nothing else."""
    store.keep(tx, delivery.platform, _name(tx, delivery), raw=delivery.raw, error=error, now=now)


def _name(tx: Tx, delivery: Delivery) -> str:
    """What the inbox calls it: X's hold the ids of posts, which must not outlive them."""
    return gone.arrival(tx, delivery.event_id) if delivery.platform == Platform.X else delivery.event_id
