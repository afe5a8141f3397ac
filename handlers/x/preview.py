"""Posts as they will stand on X, before they do: how long each is, what it costs, and what is wrong with it. Pure."""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from bot.ports import Draft
from handlers.x.looks import LINKED, harmless, look, same
from handlers.x.terms import LIMITS, PRICES
from handlers.x.weight import addresses, weighted


class Fault(StrEnum):
    """Why a post cannot be sent as it was written."""

    TOO_LONG = "too_long"
    LINK = "link"  # an address where none may be: it will not work, for with it the post would cost much more


class Remark(StrEnum):
    """What will be done to a post, and is no fault."""

    DOMAIN = "domain"  # X would take a name such as «ejemplo.com» for an address
    REPEATED = "repeated"  # X refuses the same text twice: the second one gets a mark at its end
    NO_LINK = "no_link"  # the closing's address leads to nobody but this machine


@dataclass(frozen=True, slots=True)
class Preview:
    """One post: its text on X, its weighted length before anything is cut, its price (USD)."""

    text: str
    length: int
    price: Decimal
    faults: Sequence[Fault] = ()
    remarks: Sequence[Remark] = ()

    @property
    def link(self) -> bool:
        """Whether it is billed as a post with a link."""
        return self.price == PRICES.post_with_link


def preview(drafts: Iterable[Draft], *, said: Iterable[Draft] = ()) -> list[Preview]:
    """Each draft as a post on X, in their order; ``said`` are those that X has had from us not long ago."""
    before = [look(one) for one in said]
    found = []
    for draft in drafts:
        text = look(draft)
        repeated = any(same(text, other) for other in before)
        before.append(text)
        found.append(_one(draft, look(draft, variant=1) if repeated else text, repeated=repeated))
    return found


def _one(draft: Draft, text: str, *, repeated: bool) -> Preview:
    written = unicodedata.normalize("NFC", draft.text)
    # What keeps a name from being called takes its room, too.
    length, kept = max(weighted(written), weighted(harmless(draft))), addresses(text)
    broken = [one for one in addresses(written) if one not in kept]
    faults = [Fault.TOO_LONG] if length > LIMITS.post else []
    remarks = [Remark.REPEATED] if repeated else []
    if any("://" in one for one in broken):
        faults.append(Fault.LINK)
    elif broken and not faults:
        remarks.append(Remark.DOMAIN)
    if draft.kind in LINKED and not kept:
        remarks.append(Remark.NO_LINK)
    return Preview(text, length, PRICES.post_with_link if kept else PRICES.post, tuple(faults), tuple(remarks))
