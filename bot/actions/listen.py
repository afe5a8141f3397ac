"""What a platform's ears must know of the debates: where they are held now, and what of them was not heard."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.debate import LISTENING
from bot.ports import Platform
from bot.store import debates, gaps
from bot.store import listen as store
from bot.store.engine import Tx

_NONE = timedelta(0)


@dataclass(frozen=True, slots=True)
class Held:
    """A debate in one of its places: heard from ``opened_at`` until ``until`` (None: no end yet)."""

    debate_id: int
    place: str
    opened_at: datetime
    until: datetime | None


def held(tx: Tx, platform: Platform) -> Sequence[Held]:
    """The debates that take answers now (open, held or in their grace) at a platform."""
    found = []
    for debate in debates.listening(tx):
        for place in debates.places(tx, debates.ident(debate)):
            if place.platform == platform and debate.opened_at is not None and not debate.imported:
                found.append(Held(debates.ident(debate), place.address, debate.opened_at, debate.grace_until))
    return found


@dataclass(frozen=True, slots=True)
class OnAir:
    """A debate in one of its places, near enough in time to be listened for.

    ``opened_at`` is None before it opens, ``until`` before its end is known. ``posts`` are the platform ids of what we
    said there, with the number of the question (None: no question); ``live`` says whether it takes answers now.
    """

    debate_id: int
    place: str
    opened_at: datetime | None
    until: datetime | None
    posts: Mapping[str, int | None]
    live: bool


@dataclass(frozen=True, slots=True)
class Unheard:
    """A gap that is not covered yet; ``to_at`` is None while it lasts."""

    debate_id: int
    place: str
    from_at: datetime
    to_at: datetime | None


def on_air(
    tx: Tx, platform: Platform, *, now: datetime, ahead: timedelta, behind: timedelta, incomplete: timedelta = _NONE
) -> Sequence[OnAir]:
    """The debates at a platform that take answers, begin within ``ahead``, or ended ``behind`` ago or less.

    Those with a gap that is not covered yet, too, if they ended ``incomplete`` ago or less.
    """
    missing = {(one.debate_id, one.place) for one in unheard(tx, platform)} if incomplete else set()
    furthest = max(behind, incomplete) if missing else behind
    return [
        OnAir(
            one.debate_id, one.place, one.opened_at, one.until,
            store.posts(tx, one.debate_id, platform, one.place), one.phase in LISTENING,
        )
        for one in store.about(tx, platform, starts_before=now + ahead, ended_after=now - furthest)
        if one.phase in LISTENING or one.until is None or one.until >= now - behind
        or (one.debate_id, one.place) in missing
    ]  # fmt: skip


def unheard(tx: Tx, platform: Platform) -> Sequence[Unheard]:
    """What of a platform was not heard and is not covered yet, oldest first."""
    return [Unheard(*gap) for gap in store.uncovered(tx, platform)]


def over(tx: Tx, debate_id: int, platform: Platform, place: str, *, at: datetime) -> None:
    """The debate takes no more answers: what was not heard of it ended with it, and is still to be fetched."""
    gaps.end_gap(tx, debate_id, platform, place, to_at=at)


def deaf(tx: Tx, platform: Platform, *, since: datetime, why: str) -> None:
    """From a time on nothing is heard of the debates that are on; what stands open already stays as it is."""
    for one in held(tx, platform):
        from_at = max(since, one.opened_at)
        gaps.open_gap(tx, one.debate_id, platform, one.place, from_at=from_at, why=why)


def missed(tx: Tx, platform: Platform, *, at: datetime, why: str) -> None:
    """What came then of the debates that are on could not be kept: a gap that is open begins no later."""
    deaf(tx, platform, since=at, why=why)
    for one in held(tx, platform):
        gaps.begin_earlier(tx, one.debate_id, platform, one.place, from_at=max(at, one.opened_at))


def left(tx: Tx, debate_id: int, platform: Platform, place: str, *, since: datetime, why: str) -> None:
    """From a time on nothing is heard of this debate alone; what stands open already stays as it is."""
    gaps.open_gap(tx, debate_id, platform, place, from_at=since, why=why)


def heard_again(tx: Tx, platform: Platform, *, now: datetime, but: Collection[int] = ()) -> None:
    """The platform is heard again, ``but`` for these debates; what was missed until now is still to be fetched."""
    for debate_id, place in store.open_gaps(tx, platform):
        if debate_id not in but:
            gaps.end_gap(tx, debate_id, platform, place, to_at=now)


def covered(tx: Tx, debate_id: int, platform: Platform, place: str, *, until: datetime) -> None:
    """What was said in a place until then has been fetched."""
    gaps.close_gaps(tx, debate_id, platform, place, covered_until=until)


def last_heard(tx: Tx, platform: Platform) -> datetime | None:
    """When the last delivery of a platform came, or None."""
    return store.last_delivery(tx, platform)


def threads(tx: Tx, debate_id: int, platform: Platform, place: str) -> dict[str, int]:
    """The threads of a debate in a place (a thread is named by its root), with how many replies the log holds."""
    return store.threads(tx, debate_id, platform, place)


def kept(tx: Tx, debate_id: int, platform: Platform, place: str) -> dict[str, str | None]:
    """The platform ids of the messages that the log holds of a debate in a place, with the thread each stands in."""
    return store.kept(tx, debate_id, platform, place)
