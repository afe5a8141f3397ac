"""What is gone on X is known again when it is heard once more."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot.ports import Deleted, Incoming, Reacted, Said
from bot.store import gone as store
from bot.store.engine import Tx


def recognised(tx: Tx, incoming: Sequence[Incoming]) -> list[Incoming]:
    """What X told, with their marks for posts that are known to be gone: what it is about, and what that hangs on."""
    named = [one for one in incoming if isinstance(one, Said | Deleted | Reacted)]
    points = {one.id for one in named}
    for one in named:
        if isinstance(one, Said):
            points |= {ident for ident in (one.thread, one.reply_to, one.quotes) if ident is not None}
    marks = store.known(tx, points)
    return [_marked(one, marks) for one in incoming] if marks else list(incoming)


def standing(tx: Tx, said: Sequence[Said]) -> list[Said]:
    """Of posts of X those that are not known to be gone; what hangs on one that is hangs on its mark."""
    again = recognised(tx, said)
    return [one for one in again if isinstance(one, Said) and not one.id.startswith(store.MARK)]


def _marked(one: Incoming, marks: Mapping[str, str]) -> Incoming:
    if isinstance(one, Deleted | Reacted):
        return replace(one, id=marks.get(one.id, one.id))
    if not isinstance(one, Said) or marks.keys().isdisjoint({one.id, one.thread, one.reply_to, one.quotes}):
        return one
    thread, reply_to, quotes = (marks.get(at, at) if at else None for at in (one.thread, one.reply_to, one.quotes))
    return replace(one, id=marks.get(one.id, one.id), thread=thread, reply_to=reply_to, quotes=quotes)
