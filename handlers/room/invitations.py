"""How a visitor stands to a debate that comes: who comes, what they answered, how they are reminded."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot import invitation
from bot.actions import attendance, reminders
from bot.actions.reminders import Chosen
from bot.debate import Phase
from bot.invitation import Answer, Counts
from bot.store import attendance as store
from bot.store import debates
from bot.store.engine import Tx
from bot.tables import Debate
from bot.words.catalogue import words
from handlers.room.context import Visitor


@dataclass(frozen=True, slots=True)
class Invitation:
    """A coming debate as its visitor sees it, on its page."""

    answer: Answer | None
    chosen: Chosen
    times: str  # when the visitor is reminded, in words
    usual: str  # when the house reminds, in words


@dataclass(frozen=True, slots=True)
class Reply:
    """A coming debate as its visitor sees it, on the board."""

    counts: Counts
    answer: Answer | None


def on_page(tx: Tx, debate: Debate, visitor: Visitor) -> Invitation | None:
    """How the visitor stands to the debate; None where nobody is invited (any more)."""
    if debate.phase != Phase.SCHEDULED:
        return None
    say, actor = words(visitor.locale), visitor.actor
    answer = attendance.mine(tx, actor).get(debates.ident(debate)) if actor is not None else None
    chosen = reminders.chosen(tx, actor.who, debate) if actor is not None else Chosen((), "", own=False)
    usual = invitation.before(say, invitation.DEFAULT)
    return Invitation(answer, chosen, invitation.before(say, chosen.ahead), usual)


def on_board(tx: Tx, coming: Sequence[Debate], visitor: Visitor) -> dict[int, Reply]:
    """How the visitor stands to each of the debates, by its id."""
    counts = store.counts(tx, *(debates.ident(one) for one in coming))
    answers = attendance.mine(tx, visitor.actor) if visitor.actor is not None else {}
    return {ident: Reply(found, answers.get(ident)) for ident, found in counts.items()}
