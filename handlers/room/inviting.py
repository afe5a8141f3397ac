"""Guests as moderators see them: who is invited, how far they are, what they wrote, and their links."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from bot import errors
from bot import guest as rules
from bot.actions import guests, invited, preparing
from bot.debate import COMING, Phase
from bot.guest import Invited
from bot.ports import Actor
from bot.store import debates, people
from bot.store import guests as store
from bot.store.engine import Tx
from bot.tables import Debate
from bot.tables_year import Guest
from bot.words.catalogue import words
from handlers.room import forms, problems
from handlers.room.context import back_to, ident_of, page, room_of, visitor_of


@dataclass(frozen=True, slots=True)
class Card:
    """One guest on the moderators' page."""

    guest: Guest
    slack: str
    progress: rules.Progress
    waits: bool  # a link of theirs has not been used yet
    trouble: str  # why the last reminder did not reach them
    sheets: list[preparing.Sheet]


async def listed(request: Request) -> Response:
    """The guests of a debate, and how to invite one more."""
    return _show(request)


async def add(request: Request) -> Response:
    """Somebody is invited."""
    room, visitor, slug = room_of(request), visitor_of(request), request.path_params["slug"]
    actor, form = visitor.moderating(), await forms.read(request)
    wanted = Invited(form.get("name", ""), form.get("slack", "").strip())

    def action(tx: Tx) -> None:
        guests.add(tx, debates.get(tx, slug), wanted, house=room.house, actor=actor, now=room.clock())

    try:
        await room.writer.do(action)
    except errors.Refusal as error:
        return _show(request, status=problems.status(error), problem=words(visitor.locale).error(error), typed=wanted)
    return back_to(f"/d/{slug}/guests")


async def do(request: Request) -> Response:
    """What a moderator does about one guest; a new link is shown here, and nowhere ever again."""
    room, visitor, slug = room_of(request), visitor_of(request), request.path_params["slug"]
    ident, way = ident_of(request, "guest"), request.path_params["way"]
    actor, form = visitor.moderating(), await forms.read(request)
    if way not in WAYS:
        raise HTTPException(404)
    if way == "remove" and form.get("really") != "1":
        return _show(request, sure=ident)

    def action(tx: Tx) -> object:
        debate = debates.get(tx, slug)
        if store.get(tx, ident).debate_id != debate.id:
            raise errors.NoSuchGuest(guest=ident)
        return WAYS[way](tx, ident, actor=actor, now=room.clock())

    try:
        done = await room.writer.do(action)
    except errors.Refusal as error:
        return _show(request, status=problems.status(error), problem=words(visitor.locale).error(error))
    if way == "link":
        return _show(request, link=(ident, f"{room.house.url}/invitado/{ident}/{done}"))
    return back_to(f"/d/{slug}/guests#g{ident}")


async def questions(request: Request) -> Response:
    """The planned questions can be read before the debate, or not."""
    room, visitor, slug = room_of(request), visitor_of(request), request.path_params["slug"]
    actor, form = visitor.moderating(), await forms.read(request)
    public = form.get("public") == "1"
    await room.writer.do(
        lambda tx: guests.show_questions(tx, debates.get(tx, slug), public=public, actor=actor, now=room.clock())
    )
    return back_to(f"/d/{slug}/guests#questions")


Way = Callable[..., object]
WAYS: Mapping[str, Way] = {
    "link": guests.make_link,
    "out": guests.revoke,
    "release": guests.release,
    "now": partial(guests.release, at_once=True),
    "remove": guests.remove,
}


def _show(
    request: Request, *, status: int = 200, problem: str = "", typed: Invited | None = None, sure: int = 0,
    link: tuple[int, str] = (0, ""),
) -> Response:  # fmt: skip
    room, visitor = room_of(request), visitor_of(request)
    actor, now = visitor.moderating(), room.clock()
    with room.store.read() as tx:
        debate = debates.get(tx, request.path_params["slug"])
        cards = [_card(tx, debate, one, actor=actor, now=now) for one in store.of_debate(tx, debates.ident(debate))]
        planned = [one for one in debates.questions(tx, debates.ident(debate)) if one.state in invited.PREPARED_FOR]
    response = page(
        request, "guests.html", status=status, visitor=visitor, debate=debate, cards=cards, planned=planned, sure=sure,
        problem=problem, typed=typed or Invited(""), link=link, coming=Phase(debate.phase) in COMING,
        most=rules.MOST_GUESTS, now=now,
    )  # fmt: skip
    response.headers["cache-control"] = "no-store"  # a link may be on it
    return response


def _card(tx: Tx, debate: Debate, guest: Guest, *, actor: Actor, now: datetime) -> Card:
    if not actor.moderator:
        raise errors.NotModerator
    who = people.identity(tx, guest.identity_id)
    view = preparing.desk(tx, guest, now=now)
    return Card(
        guest, who.platform_id if who is not None and who.platform == "slack" else "",
        invited.progress(tx, debate, guest), store.has_link(tx, guest.identity_id, now=now),
        invited.unreached(tx, guest),
        [one for one in view.sheets if one.text],
    )  # fmt: skip
