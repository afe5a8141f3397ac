"""What is derived from the log is made anew from it: filing and search terms."""

from dataclasses import dataclass

from bot import analyser
from bot.actions import refile
from bot.store import debates
from bot.store import rebuild as store
from bot.store.engine import Tx
from bot.tables import Debate


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """How many messages were looked at, filed otherwise than before, and found under other words than before."""

    messages: int
    moved: int
    reworded: int


def rebuild(tx: Tx, debate: Debate) -> Rebuilt:
    """Filing and search terms of a debate are what its log says, and the index what the terms say."""
    moved = refile.whole(tx, debate)
    messages, reworded = store.reword(tx, debates.ident(debate), analyser.terms)
    return Rebuilt(messages, moved, reworded)
