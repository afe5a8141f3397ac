"""How what was said stands in the columns of the log, whoever puts it there. Pure."""

import json
from collections.abc import Sequence

from bot import richtext
from bot.ports import Attachment, Said


def rich(one: Said) -> str | None:
    """The spans of a message: JSON, or None where its text says it all."""
    return None if one.rich is None else richtext.dump(one.rich)


def files(some: Sequence[Attachment]) -> str | None:
    """The files of a message: JSON, or None without any."""
    return json.dumps([[f.name, f.mimetype, f.url] for f in some], ensure_ascii=False) if some else None


def reactions(message_id: int, seen: Said, at: int) -> list[tuple[object, ...]]:
    """The reactions that a message was seen with, as rows of ``store.log.react``; ``at`` in microseconds."""
    rows: list[tuple[object, ...]] = []
    for name, whos in (seen.reactions or {}).items():
        rows += [(message_id, name, who, 1, at) for who in whos]
        unnamed = seen.reaction_counts.get(name, len(whos)) - len(whos)
        if unnamed > 0:
            rows.append((message_id, name, "", unnamed, at))
    return rows
