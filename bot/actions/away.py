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
            "Se ha acabado el saldo de X: allí no se oye ni se publica nada hasta que compres más en console.x.com."
        )
        say.to_moderators(tx, debate, "budget", text + _goes_on(tx, debate), now=now)
        text = words(debate.locale)("X queda desconectado de este debate. Seguimos aquí.")
        say.elsewhere(tx, debate, "without_x", text, away=Platform.X, now=now)


def shut(tx: Tx, *, why: str, now: datetime) -> None:
    """The moderators of every debate on X know that X does not let us in, once."""
    for debate in _told(tx, SHUT, now):
        text = words(debate.locale)("X nos rechaza ({why}). Mira sus claves con «tertulia doctor».", why=why)
        say.to_moderators(tx, debate, "shut", text + _goes_on(tx, debate), now=now)


def _goes_on(tx: Tx, debate: Debate) -> str:
    """That it is held elsewhere, too, as a sentence with a space before it; empty where it is on X alone."""
    if len(debates.places(tx, debates.ident(debate))) == 1:
        return ""
    return " " + words(debate.locale)("El debate sigue en los demás sitios.")


def _told(tx: Tx, action: str, now: datetime) -> list[Debate]:
    """The debates on X that are told now for the first time."""
    found = []
    for one in listen.held(tx, Platform.X):
        if meter.told(tx, one.debate_id, action) is None:
            debates.record(tx, who=CLOCK.who, action=action, debate_id=one.debate_id, now=now)
            found.append(debates.get(tx, one.debate_id))
    return found
