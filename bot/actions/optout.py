"""Opting out: who says so is heard no more, from that moment on, and what was heard of them is gone."""

from collections.abc import Sequence
from datetime import datetime

from bot import localtime
from bot.ports import Incoming, OptedOut, Platform, Renamed, Said
from bot.store import debates, erasure, passes, people
from bot.store import optout as store
from bot.store.engine import Tx


def sift(tx: Tx, incoming: Sequence[Incoming]) -> Sequence[Incoming]:
    """What was heard of everybody but those who have opted out; only on X can they."""
    speakers = {who for one in incoming if one.platform == Platform.X and (who := _who(one))}
    out = store.among(tx, Platform.X, speakers) if speakers else set()
    if not out:
        return incoming
    return [one for one in incoming if one.platform != Platform.X or _who(one) not in out]


def heard(tx: Tx, said: Sequence[Said]) -> Sequence[Said]:
    """What was said on X by everybody but those who have opted out."""
    out = store.among(tx, Platform.X, {one.author.id for one in said})
    return [one for one in said if one.author.id not in out] if out else said


def opt_out(tx: Tx, opted: OptedOut, *, now: datetime) -> int:
    """Nothing is logged of them any more, and nothing is left of what was; returns how many messages that emptied."""
    first = store.add(tx, opted.platform, opted.who, at=localtime.iso(now) or "")
    count = 0
    if passes.known(tx, opted.platform, opted.who):
        person = people.find(tx, f"{opted.platform}:{opted.who}")
        count = erasure.erase_person(tx, person.person_id, now=now)
        tx.scrub = True
    if first:
        debates.record(tx, who=opted.platform, action="opt out", debate_id=None, now=now, detail=f"{count} mensajes")
    return count


def _who(one: Incoming) -> str:
    if isinstance(one, Said):
        return one.author.id
    return one.who if isinstance(one, Renamed) else ""
