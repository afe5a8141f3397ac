"""The moderators' tray: drafts to send on X from their own account, and what becomes of each."""

import re
from dataclasses import dataclass
from datetime import datetime

from bot import drafts as rules
from bot import errors
from bot.actions.plan import require_moderator
from bot.ports import Actor, Platform
from bot.store import debates
from bot.store import drafts as store
from bot.store.engine import Tx
from bot.tables import Debate
from bot.words.catalogue import words

_KEY = re.compile(rf"({'|'.join(rules.Kind)}):([0-9]{{1,9}})")


@dataclass(frozen=True, slots=True)
class Tray:
    """The drafts that wait, and those that were put away."""

    waiting: list[rules.Draft]
    done: list[rules.Draft]


def tray(tx: Tx, debate: Debate, *, actor: Actor) -> Tray:
    """The drafts of a debate; none where it is not held on X. Raises ``NotModerator``."""
    require_moderator(actor)
    everything, done = _drafts(tx, debate), store.put_away(tx, debate)
    return Tray(
        [one for one in everything if one.key not in done],
        [one for one in everything if one.key in done],
    )


def put_away(tx: Tx, debate: Debate, key: str, *, actor: Actor, now: datetime) -> None:
    """The draft waits no more, and an audit row says who sent it; raises ``NotModerator`` or ``NoSuchDraft``."""
    _mark(tx, debate, key, store.DONE, actor=actor, now=now)


def bring_back(tx: Tx, debate: Debate, key: str, *, actor: Actor, now: datetime) -> None:
    """The draft waits again; raises ``NotModerator`` or ``NoSuchDraft``."""
    _mark(tx, debate, key, store.BACK, actor=actor, now=now)


def _mark(tx: Tx, debate: Debate, key: str, action: str, *, actor: Actor, now: datetime) -> None:
    require_moderator(actor)
    named = _KEY.fullmatch(key)
    # The tray itself is not made for it: it takes a tenth of a second of a long debate, and all writing waits.
    if named is None or not store.stands(tx, debates.ident(debate), rules.Kind(named[1]), int(named[2])):
        raise errors.NoSuchDraft
    if (key in store.put_away(tx, debate)) != (action == store.DONE):  # two moderators press at once: one row
        debates.record(tx, who=actor.who, action=action, debate_id=debate.id, now=now, detail=key)


def _drafts(tx: Tx, debate: Debate) -> list[rules.Draft]:
    debate_id = debates.ident(debate)
    place = next((one for one in debates.places(tx, debate_id) if one.platform == Platform.X), None)
    if place is None:
        return []
    speeches, asked = store.material(tx, debate_id)
    return rules.drafts(speeches, asked, hashtag=debate.hashtag or place.address, say=words(debate.locale))
