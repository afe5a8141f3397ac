"""Reminders that people asked for: each says where, how long before, of all debates or of one, or not at all.

Nobody is written to who did not ask: a «yes» to an invitation offers a reminder with one button and sends none without
it. What is asked for becomes cues (``nudge:3600``), one for each length of time that somebody wants; what such a cue
says goes to each person once for each start of the debate, however often the cue runs and the debate is moved.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from bot import cues as rules
from bot import errors, invitation, localtime
from bot.actions import say
from bot.debate import COMING
from bot.ports import Actor, House, Platform
from bot.store import debates, hashes, people
from bot.store import reminders as store
from bot.store.engine import Tx
from bot.store.reminders import ALL
from bot.tables import Cue, Debate, Identity, to_micros
from bot.words.catalogue import words

# The name under which the installation keeps the key that makes its messages' keys its own.
_KEY = "nudge-key"
WAYS = frozenset({Platform.SLACK, Platform.ROOM})  # X has no private way


class Chosen(NamedTuple):
    """How a person will be reminded of a debate, or of all: how long before (none: not at all), and where.

    ``own`` where it was said of this debate alone.
    """

    ahead: tuple[int, ...]
    where: str  # PLATFORM:ID
    own: bool


class _Whisper(NamedTuple):
    """What many are told in private: ``once`` names it, for each of them; ``text`` is for when it leaves, and where.

    That is in the room, where its second argument is true, or in Slack.
    """

    kind: str
    once: str
    text: Callable[[datetime, bool], str]


def choose(
    tx: Tx, ahead: Iterable[int], *, debate: Debate | None = None, actor: Actor, now: datetime, where: str = ""
) -> Chosen:
    """The person will be reminded so long before (seconds) the debate, or each debate; with none, not at all.

    ``where`` is an account of theirs (PLATFORM:ID), or the one from which they ask. What is said of one debate goes
    before what was said of all; «not at all» of all debates takes back what was said of single ones, too. Raises
    ``BadLead``, ``NoWayThere``, and ``NotToCome`` for a debate that does not come any more.
    """
    wanted = invitation.checked(ahead)
    platform, ident = people.parse(actor.who)
    me = people.ensure(tx, platform, ident, name=actor.name)
    told = _way(tx, me, where)
    if debate is None:
        store.drop(tx, me.person_id, ALL if wanted else None)
        if wanted:
            store.put(tx, told, ALL, wanted, now=now)
        settle(tx, store.coming(tx, now=now), now=now)
    else:
        debates.lock(tx, debates.ident(debate))
        tx.session.refresh(debate)
        if debate.phase not in COMING:
            raise errors.NotToCome(title=debate.title, phase=debate.phase)
        store.put(tx, told, debates.ident(debate), wanted, now=now)
        settle(tx, [debate], now=now)
    if not wanted:
        places = [one.platform_id for one in people.identities(tx, me.person_id)]
        store.withdraw(tx, debate.id if debate is not None else None, places=places)
    return Chosen(wanted, f"{told.platform}:{told.platform_id}", own=debate is not None)


def chosen(tx: Tx, who: str, debate: Debate | None = None) -> Chosen:
    """How the person (PLATFORM:ID) is reminded of the debate, or of all debates."""
    try:
        me = people.find(tx, who)
    except errors.NoSuchPerson:
        return Chosen((), who, own=False)
    wishes = store.wishes(tx, me.person_id)
    own = wishes.get(debates.ident(debate)) if debate is not None else None
    wish = own or wishes.get(ALL)
    told = people.identity(tx, wish.identity_id) if wish is not None else None
    if wish is None or told is None:
        return Chosen((), who, own=False)
    return Chosen(wish.ahead, f"{told.platform}:{told.platform_id}", own=own is not None)


def settle(tx: Tx, coming: Sequence[Debate], *, now: datetime) -> None:
    """The debates' cues are those that people's wishes ask for, at their times before the start as it is now.

    To be called for a debate that is new, was moved, or was confirmed; done twice it changes nothing.
    """
    ids = [debates.ident(one) for one in coming]
    wanted = store.wanted(tx, ids)
    planned = store.cues(tx, ids)
    for debate in coming:
        debate_id = debates.ident(debate)
        leads = wanted.get(debate_id, set()) | (wanted.get(ALL, set()) if not debate.rehearsal else set())
        for lead in leads | planned[debate_id].keys():
            _settle(tx, debate, planned[debate_id].get(lead), lead, wanted=lead in leads, now=now)


def nudge(tx: Tx, debate: Debate, cue: rules.Cue, *, now: datetime, house: House) -> int:
    """Everybody who asked for it is on the way to be told, each once; returns how many were to be told."""
    readers = store.readers(tx, debates.ident(debate), int(cue.key.partition(":")[2]))
    texts: dict[tuple[int, bool], str] = {}  # thousands are told in a few hundred sentences

    def text(leaves: datetime, here: bool) -> str:
        minutes = round((debate.starts_at - leaves).total_seconds() / 60)
        if (minutes, here) not in texts:
            texts[minutes, here] = say.nudge(debate, house, left=timedelta(minutes=minutes), here=here)
        return texts[minutes, here]

    once = f"{cue.key}/{to_micros(debate.starts_at)}"
    return _privately(tx, debate, _Whisper(str(rules.Kind.NUDGE), once, text), readers=readers, now=now)


def tell(tx: Tx, debate: Debate, kind: str, text: str, *, now: datetime) -> int:
    """Everybody who asked to be reminded of the debate reads this in private; returns how many they are."""
    readers = store.readers(tx, debates.ident(debate))
    once = f"{kind}/{debate.sequence}/{to_micros(now)}"
    return _privately(tx, debate, _Whisper(kind, once, lambda _leaves, _here: text), readers=readers, now=now)


def moved(tx: Tx, debate: Debate, *, now: datetime) -> None:
    """The reminders follow the debate's new date, and what waited to be said of the old one is not."""
    store.withdraw(tx, debate.id)
    settle(tx, [debate], now=now)


def over(tx: Tx, debate: Debate) -> None:
    """There is nothing to remind of any more: the debate is on, cancelled or missed. Its cues are left to the clock."""
    store.clear(tx, debates.ident(debate))


def _privately(tx: Tx, debate: Debate, said: _Whisper, *, readers: Sequence[store.Reader], now: datetime) -> int:
    """The readers are told, each once, in one statement however many they are; returns their number.

    In Slack one message leaves behind the other, so that what the debate itself says finds room between them.
    """
    if not readers:
        return 0
    debate_id = debates.ident(debate)
    secret, rev, at = hashes.key(tx, _KEY), debates.bump(tx, debate_id), to_micros(now)
    extra = json.dumps({"locale": debate.locale, "slug": debate.slug, "starts": f"{debate.starts_at.timestamp():.0f}"})
    rows: list[tuple[object, ...]] = []
    moments = invitation.moments(len(readers), now=now, starts_at=debate.starts_at)
    for reader, moment in zip(readers, moments, strict=True):
        here = reader.platform == Platform.ROOM  # committed is sent, as for all that is said in the room
        leaves = now if here else moment
        mark = hashes.keyed(secret, f"{debate_id}/{reader.person_id}/{said.once}")
        key = f"{debate_id}-{said.kind}-{reader.platform}-{mark}"
        sent = (at, key, rev) if here else (None, None, 0)
        rows.append((
            key, debate_id, reader.platform, reader.ident, said.kind, said.text(leaves, here), extra,
            "sent" if here else "queued", at, at if here else to_micros(leaves), *sent,
        ))  # fmt: skip
    store.queue(tx, rows)
    tx.outbox = True
    return len(rows)


def _settle(tx: Tx, debate: Debate, cue: Cue | None, lead: int, *, wanted: bool, now: datetime) -> None:
    due = localtime.apart(debate.starts_at, -timedelta(seconds=lead), debate.timezone)
    if not wanted:
        if cue is not None and cue.state == "planned":
            cue.state, cue.why = "cancelled", words(debate.locale)("nadie pide ya este aviso")
            tx.session.add(cue)
    elif cue is not None and cue.state == "planned":
        cue.due_at = due  # where that has passed, the clock says so
        tx.session.add(cue)
    # Done at this very time it is not done again: who asks when it has just run has asked too late.
    elif due > now and (cue is None or cue.due_at != due or cue.state == "cancelled"):
        again = cue or Cue(debate_id=debates.ident(debate), key=f"{rules.Kind.NUDGE}:{lead}", due_at=due)
        again.state, again.due_at, again.why, again.done_at = "planned", due, "", None
        tx.session.add(again)
        tx.cues = True


def _way(tx: Tx, me: Identity, where: str) -> Identity:
    """The identity that is to be told; raises ``NoWayThere`` for another's, and for one that cannot be written to."""
    try:
        told = people.find(tx, where) if where else me
    except errors.NoSuchPerson:
        told = None
    if told is None or told.person_id != me.person_id or told.platform not in WAYS:
        raise errors.NoWayThere(place=where or f"{me.platform}:{me.platform_id}")
    return told
