"""The moderators' tray: drafts for X that each opens in their own composer, and puts away once it is sent."""

import asyncio

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from bot import errors
from bot.actions import drafts
from bot.drafts import Draft, Kind
from bot.store import debates
from bot.words.catalogue import Words, words
from handlers.room import forms, problems
from handlers.room.context import back_to, page, room_of, visitor_of

# More of a kind than anybody sends; the next ones move up.
MOST_SHOWN = 30
WAYS = {"done": drafts.put_away, "back": drafts.bring_back}


async def tray(request: Request) -> Response:
    """The drafts of a debate, those that wait and those that were put away; for a script, their list alone."""
    return await _show(request)


async def mark(request: Request) -> Response:
    """A draft is put away, or waits again; what it said is named, with the way back."""
    room, visitor, slug = room_of(request), visitor_of(request), request.path_params["slug"]
    if request.path_params["way"] not in WAYS:
        raise HTTPException(404)
    way, form = WAYS[request.path_params["way"]], await forms.read(request)
    actor, now = visitor.moderating(), room.clock()
    key = form.get("key", "")
    try:
        await room.writer.do(lambda tx: way(tx, debates.get(tx, slug), key, actor=actor, now=now))
    except errors.NoSuchDraft as error:
        return await _show(request, status=problems.status(error), problem=words(visitor.locale).error(error))
    if not visitor.piece:
        return back_to(f"/d/{slug}/drafts")
    return await _show(request, marked=key)


async def _show(request: Request, *, status: int = 200, problem: str = "", marked: str = "") -> Response:
    room, visitor = room_of(request), visitor_of(request)
    actor = visitor.moderating()

    def look() -> tuple[str, str, drafts.Tray]:
        with room.store.read() as tx:
            row = debates.get(tx, request.path_params["slug"])
            return row.slug, row.title, drafts.tray(tx, row, actor=actor)

    # Thousands of posts take a tenth of a second: not in the loop, where others wait.
    slug, title, found = await asyncio.to_thread(look)
    say = words(visitor.locale)
    return page(
        request, "tray_list.html" if visitor.piece else "tray.html", status=status, visitor=visitor, slug=slug,
        title=title, groups=_groups(found.waiting, say), done=found.done, problem=problem,
        marked=next((one for one in found.done if one.key == marked), None),
        most=MOST_SHOWN,
    )  # fmt: skip


def _groups(waiting: list[Draft], say: Words) -> list[tuple[str, str, list[Draft]]]:
    """(kind, heading, drafts) of each kind that has some."""
    headings = (
        (Kind.WELCOME, say("Dar la bienvenida")), (Kind.THANKS, say("Dar las gracias")),
        (Kind.FOLLOW_UP, say("Seguir la conversación")),
    )  # fmt: skip
    groups = [(kind.value, heading, [one for one in waiting if one.kind is kind]) for kind, heading in headings]
    return [group for group in groups if group[2]]
