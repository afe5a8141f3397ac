"""Who comes, and who wants to be reminded, in the room: forms on the debate's page and on the board, with no script.

A reminder in the room is a whisper on the debate's page, seen while that is open; a calendar's own alarm reaches
everybody else, and the page says so.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from bot import errors, invitation
from bot.actions import attendance, reminders
from bot.invitation import Answer
from bot.ports import Actor
from bot.store import debates
from bot.store.attendance import Comer
from bot.store.engine import Tx
from bot.tables import Debate
from bot.words.catalogue import Words, words
from handlers.room import forms, looks, problems
from handlers.room.context import Room, Visitor, back_to, page, room_of, slow_down, visitor_of
from handlers.room.limits import CLICK
from handlers.room.pages import show_board, show_debate


async def going(request: Request) -> Response:
    """The visitor's answer is what they pressed; nothing pressed takes it back."""
    sent = await forms.read(request)
    wanted = sent.get("answer", "")
    if wanted and wanted not in set(Answer):
        raise HTTPException(404)

    def action(tx: Tx, debate: Debate, room: Room, actor: Actor) -> None:
        answer = Answer(wanted) if wanted else None
        attendance.answer(tx, debate, answer, actor=actor, now=room.clock())

    return await _pressed(request, action, board=sent.get("back") == "board")


async def remind(request: Request) -> Response:
    """The visitor is reminded as they wrote, of the debate or of all (``of``), or not at all."""
    sent = await forms.read(request)

    def action(tx: Tx, debate: Debate, room: Room, actor: Actor) -> None:
        one = None if sent.get("of") == "all" else debate
        reminders.choose(tx, invitation.ahead(sent.get("ahead", "")), debate=one, actor=actor, now=room.clock())

    return await _pressed(request, action, board=sent.get("back") == "board")


async def who(request: Request) -> Response:
    """Everybody who answered, for moderators: their names, and who is new."""
    room, visitor = room_of(request), visitor_of(request)
    actor = visitor.moderating()

    def look() -> tuple[looks.Scene, Sequence[Comer]]:
        with room.store.read() as tx:
            row = debates.get(tx, request.path_params["slug"])
            return looks.scene(tx, row, row.rev), attendance.who_comes(tx, row, actor=actor)

    # Who has spoken before is looked for among all that was ever said: not in the loop, where others wait.
    view, comers = await asyncio.to_thread(look)
    groups = [(label, [one for one in comers if one.answer == code]) for code, label in _labels(visitor).items()]
    new = sum(1 for one in comers if one.answer == Answer.YES and not one.returning)
    return page(request, "attendance.html", visitor=visitor, view=view, groups=groups, new=new)


def _labels(visitor: Visitor) -> dict[str, str]:
    say: Words = words(visitor.locale)
    return {Answer.YES: say("Van a venir"), Answer.MAYBE: say("Quizá"), Answer.NO: say("No vienen")}


async def _pressed(request: Request, action: Callable[[Tx, Debate, Room, Actor], object], *, board: bool) -> Response:
    room, visitor, slug = room_of(request), visitor_of(request), request.path_params["slug"]
    try:
        actor = visitor.known()
        slow_down(request, visitor, CLICK)
        await room.writer.do(lambda tx: action(tx, debates.get(tx, slug), room, actor) and None)
    except errors.TertuliaError as error:
        sentence, status = words(visitor.locale).error(error), problems.status(error)
        # A script asks for a piece; these forms are whole pages with it, too.
        whole = replace(visitor, piece=False)
        shown = (
            show_board(request, status=status, problem=sentence)
            if board
            else show_debate(request, slug, status=status, kept={"problem": sentence}, visitor=whole)
        )
        return problems.wait(error, shown)
    return back_to("/#coming" if board else f"/d/{slug}#going")
