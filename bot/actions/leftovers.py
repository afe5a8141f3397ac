"""Questions that earlier debates left open, and organisers who are told that they wait for the next one."""

from collections.abc import Sequence
from datetime import datetime

from bot.actions import say
from bot.store import debates
from bot.store import questions as store
from bot.store.engine import Tx
from bot.tables import Debate, Question
from bot.words.catalogue import words


def waiting(tx: Tx, target: Debate) -> list[tuple[Debate, Sequence[Question]]]:
    """The debates before this one, of its series or under its hashtag, with the questions they left open."""
    found = []
    for source in store.sources(tx, target):
        left = store.left_open(tx, debates.ident(source))
        if left:
            found.append((source, left))
    return found


def tell(tx: Tx, target: Debate, *, now: datetime) -> None:
    """Organisers know how many questions wait for the debate, when it is the next that could take them."""
    found = [] if target.rehearsal else waiting(tx, target)
    if not found or store.one_comes_before(tx, target):
        return
    text = words(target.locale)
    count = sum(len(left) for _source, left in found)
    titles = ", ".join(text("«{text}»", text=source.title) for source, _left in found)
    told = {"title": target.title, "titles": titles}
    if count == 1:
        sentence = text("Para «{title}» espera 1 pregunta que quedó abierta en {titles}.", **told)
    else:
        sentence = text(
            "Para «{title}» esperan {count} preguntas que quedaron abiertas en {titles}.", count=count, **told
        )
    how = text("Tráelas desde la página del debate en la sala, o con: tertulia question carry")
    say.to_moderators(tx, target, "carried", f"{sentence} {how}", now=now)
