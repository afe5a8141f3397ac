"""Who comes: an answer to the invitation, given, changed and taken back; numbers for all, names for who moderates."""

from collections.abc import Sequence
from datetime import datetime

from bot import errors
from bot.actions.plan import require_moderator
from bot.debate import Phase
from bot.invitation import Answer, Counts
from bot.ports import Actor
from bot.store import attendance as store
from bot.store import debates, people
from bot.store.attendance import Comer
from bot.store.engine import Tx
from bot.tables import Debate


def answer(tx: Tx, debate: Debate, wanted: Answer | None, *, actor: Actor, now: datetime) -> Counts:
    """The person's answer is the wanted one, in the place of an earlier one (None: they have not answered).

    A «yes» asks for nothing else: no reminder is sent to who has not asked for one (``actions/reminders.py``). Raises
    ``NotToCome`` for a debate that nobody was invited to, or that has begun.
    """
    debate_id = debates.ident(debate)
    debates.lock(tx, debate_id)
    tx.session.refresh(debate)
    if debate.phase != Phase.SCHEDULED:
        raise errors.NotToCome(title=debate.title, phase=debate.phase)
    platform, ident = people.parse(actor.who)
    who = people.ensure(tx, platform, ident, name=actor.name)
    debates.bump(tx, debate_id)
    if wanted is None:
        store.drop(tx, debate_id, who.person_id)
    else:
        store.put(tx, debate_id, who, wanted, now=now)
    return counts(tx, debate)


def counts(tx: Tx, debate: Debate) -> Counts:
    """How many people gave each answer."""
    debate_id = debates.ident(debate)
    return store.counts(tx, debate_id)[debate_id]


def mine(tx: Tx, actor: Actor) -> dict[int, Answer]:
    """What the person has answered, by debate."""
    return store.answers_of(tx, *people.parse(actor.who))


def who_comes(tx: Tx, debate: Debate, *, actor: Actor) -> Sequence[Comer]:
    """Everybody who answered, with their names, and whether they are new; raises ``NotModerator``."""
    require_moderator(actor)
    return store.comers(tx, debate)
