"""What is gone on X is known again when it is heard once more, and so is an edited post by the ids of its versions."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot.ports import Deleted, Incoming, Reacted, Said
from bot.store import gone as store
from bot.store.engine import Tx


def recognised(tx: Tx, incoming: Sequence[Incoming]) -> list[Incoming]:
    """What X told, in the log's own names of posts: what it is about, and what that hangs on.

    A post that is known to be gone has its mark for a name, a later version of another that one's.
    """
    if not store.ever(tx):
        return list(incoming)
    named = [one for one in incoming if isinstance(one, Said | Deleted | Reacted)]
    points = {one.id for one in named}
    for one in named:
        if isinstance(one, Said):
            points |= {ident for ident in (one.thread, one.reply_to, one.quotes) if ident is not None}
    names = store.known(tx, points)
    return [_named(one, names) for one in incoming] if names else list(incoming)


def standing(tx: Tx, said: Sequence[Said]) -> list[Said]:
    """Of posts of X those that are not known to be gone; what hangs on one that is hangs on its mark."""
    again = recognised(tx, said)
    return [one for one in again if isinstance(one, Said) and not one.id.startswith(store.MARK)]


def _named(one: Incoming, names: Mapping[str, str]) -> Incoming:
    if isinstance(one, Deleted | Reacted):
        return replace(one, id=names.get(one.id, one.id))
    if not isinstance(one, Said) or names.keys().isdisjoint({one.id, one.thread, one.reply_to, one.quotes}):
        return one
    thread, reply_to, quotes = (names.get(at, at) if at else None for at in (one.thread, one.reply_to, one.quotes))
    return one._replace(id=names.get(one.id, one.id), thread=thread, reply_to=reply_to, quotes=quotes)
