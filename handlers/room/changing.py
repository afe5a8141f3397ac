"""A debate that has not begun is reworded or moved from the room; one of any kind is the pattern for another."""

from collections.abc import Callable, Mapping
from datetime import datetime

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from bot import errors, localtime, places
from bot.actions import moving
from bot.actions.moving import When, Wording
from bot.debate import COMING
from bot.store import debates
from bot.store.engine import Tx
from bot.tables import Debate
from bot.words.catalogue import words
from handlers.room import forms, problems
from handlers.room.context import back_to, page, room_of, visitor_of
from handlers.room.moderation import Press

Action = Callable[[Tx, Debate, Press], str]
"""Does it and returns the short name of the debate to be shown then."""


async def form(request: Request) -> Response:
    """What the debate is called, when it begins, and the way to another one like it."""
    visitor_of(request).moderating()
    return _show(request, {})


async def change(request: Request) -> Response:
    """The debate is as the form says; with a fault the forms come back as they were typed."""
    room, visitor, way = room_of(request), visitor_of(request), request.path_params["way"]
    if way not in _WAYS:
        raise HTTPException(404)
    slug = request.path_params["slug"]
    press = Press(visitor.moderating(), room.clock(), room.house, await forms.read(request))
    try:
        shown = await room.writer.do(lambda tx: _WAYS[way](tx, debates.get(tx, slug), press))
    except errors.Refusal as error:
        return _show(
            request, press.form, way=way, status=problems.status(error), problem=words(visitor.locale).error(error)
        )
    return back_to(f"/d/{shown}")


def _edit(tx: Tx, debate: Debate, press: Press) -> str:
    wording = Wording(*(press.form.get(name, "") for name in ("title", "host", "hashtag")))
    moving.edit(tx, debate, wording, actor=press.actor, now=press.now)
    return debate.slug


def _move(tx: Tx, debate: Debate, press: Press) -> str:
    moving.move(tx, debate, _when(press.form), house=press.house, actor=press.actor, now=press.now)
    return debate.slug


def _clone(tx: Tx, debate: Debate, press: Press) -> str:
    return moving.clone(tx, debate, _when(press.form), house=press.house, actor=press.actor, now=press.now).slug


_WAYS: Mapping[str, Action] = {"edit": _edit, "move": _move, "clone": _clone}


def _when(form: Mapping[str, str]) -> When:
    """The start that was typed; raises ``BadStart``."""
    zone = form.get("timezone", "").strip()
    try:
        localtime.zone(zone)
        return When(datetime.fromisoformat(form.get("starts", "").strip()), zone)
    except ValueError as error:
        raise errors.BadStart(starts=form.get("starts", ""), zone=zone) from error


def _show(
    request: Request, typed: Mapping[str, str], *, way: str = "", status: int = 200, problem: str = ""
) -> Response:
    with room_of(request).store.read() as tx:
        row = debates.get(tx, request.path_params["slug"])
        starts = localtime.wall(row.starts_at, row.timezone)
        named = {"title": row.title, "host": row.host, "hashtag": row.hashtag}
        along = moving.comes_along(tx, row, words(visitor_of(request).locale))
        facts = {"slug": row.slug, "title": row.title, "coming": row.phase in COMING, "along": along}
        values = {
            "edit": named,
            "move": {"starts": _local(starts), "timezone": row.timezone},
            "clone": {"starts": _local(starts + moving.LATER), "timezone": row.timezone},
        }
    if way:
        values[way] = {name: typed.get(name, "") for name in values[way]}
    return page(
        request, "change.html", status=status, view=facts, values=values, zones=places.USUAL, problem=problem, way=way
    )


def _local(starts: datetime) -> str:
    """As an input for a local time takes it."""
    return starts.replace(tzinfo=None).isoformat(timespec="minutes")
