"""A platform has left a debate in the middle of it: who moderates is told why, and the others that it goes on."""

from datetime import datetime

from bot.actions import listen, say
from bot.ports import CLOCK, Platform
from bot.store import debates, meter
from bot.store.engine import Tx
from bot.tables import Debate
from bot.words.catalogue import words

BROKE, SHUT = "x broke", "x shut"


def broke(tx: Tx, *, now: datetime) -> None:
    """Every debate on X knows that X has no credit left, once."""
    for debate in _told(tx, BROKE, now):
        text = words(debate.locale)(
            "X se ha quedado sin saldo: allí no se oye ni se publica nada. El debate sigue en los demás sitios."
        )
        say.to_moderators(tx, debate, "budget", text, now=now)
        text = words(debate.locale)("X queda desconectado de este debate. Seguimos aquí.")
        say.elsewhere(tx, debate, "without_x", text, away=Platform.X, now=now)


def shut(tx: Tx, *, why: str, now: datetime) -> None:
    """The moderators of every debate on X know that X does not let us in, once."""
    for debate in _told(tx, SHUT, now):
        text = words(debate.locale)(
            "X nos rechaza ({why}). Mira sus claves con «tertulia doctor»; el debate sigue en los demás sitios.",
            why=why,
        )
        say.to_moderators(tx, debate, "shut", text, now=now)


def _told(tx: Tx, action: str, now: datetime) -> list[Debate]:
    """The debates on X that are told now for the first time."""
    found = []
    for one in listen.held(tx, Platform.X):
        if meter.told(tx, one.debate_id, action) is None:
            debates.record(tx, who=CLOCK.who, action=action, debate_id=one.debate_id, now=now)
            found.append(debates.get(tx, one.debate_id))
    return found
