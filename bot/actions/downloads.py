"""What of a debate may be downloaded: of X's content only so much a person and UTC day, as X's terms have it."""

from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv6Address, ip_address

from bot.ports import Actor, House
from bot.store import debates
from bot.store import downloads as kept
from bot.store.engine import Tx


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who downloads: the person, or where they are while they have not said their name."""

    actor: Actor | None
    address: str

    @property
    def known_as(self) -> str:
        """What a day's downloads are counted by; of an IPv6 address the part that its owner cannot choose."""
        if self.actor is not None:
            return self.actor.who
        try:
            found = ip_address(self.address)
        except ValueError:
            return f"address:{self.address}"
        if isinstance(found, IPv6Address) and found.ipv4_mapped is None:
            return f"network:{int(found) >> 64:x}"
        return f"address:{found}"


def of_x(tx: Tx, debate: int | str) -> int:
    """How many objects of X a debate holds: posts, and the people who wrote them; raises ``NoSuchDebate``."""
    return kept.objects(tx, debates.ident(debates.get(tx, debate)))


def take(tx: Tx, debate: int | str, visitor: Visitor, *, wanted: int, house: House, now: datetime) -> bool:
    """Whether the visitor may have so many objects of a debate today; if so they are counted."""
    debate_id = debates.ident(debates.get(tx, debate))
    return kept.take(tx, debate_id, visitor.known_as, wanted=wanted, most=house.x_downloads, now=now)
