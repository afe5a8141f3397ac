"""What a member writes: a name, an answer, a reply, a reaction, a question, a vote, a change of mind.

Each is a form that works without a script (post, then see the page again); with one, a piece comes back, and what
changed comes through the stream. A refusal never loses the text.
"""

from collections.abc import Callable, Mapping
from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from bot import errors
from bot.actions import ask, people
from bot.ports import Actor
from bot.store import debates
from bot.store.engine import Tx
from bot.words.catalogue import words
from handlers.room import forms, looks, problems, spoken
from handlers.room.context import Room, Visitor, back_to, ident_of, nothing, page, room_of, slow_down, visitor_of
from handlers.room.limits import CLICK, JOIN, MEMBER, Rate
from handlers.room.pages import composer_values, show_debate, show_message


async def join(request: Request) -> Response:
    """The visitor is in the room under the name they gave; what they had written already waits in the box."""
    room, slug = room_of(request), request.path_params["slug"]
    form = await forms.read(request)
    name, kept = form.get("name", ""), form.get("text", "")
    visitor = visitor_of(request)
    try:
        slow_down(request, Visitor(None, visitor.locale, visitor.address, visitor.piece), MEMBER)
        room.limits.take(f"join:{visitor.address}", JOIN, now=problems.seconds())
        actor = await room.writer.do(lambda tx: people.join(tx, name, house=room.house, now=room.clock()))
    except errors.Refusal as error:
        values = {"problem": words(visitor.locale).error(error), "name": name, "kept": kept}
        return problems.wait(error, show_debate(request, slug, status=problems.status(error), kept=values))
    response: Response = back_to(f"/d/{slug}#composer")
    if kept:
        now_known = Visitor(actor, visitor.locale, visitor.address, visitor.piece)
        response = show_debate(request, slug, kept={"kept": kept}, visitor=now_known)
    room.cookies.remember(request, response, actor)
    return response


async def leave(request: Request) -> Response:
    """The browser does not know the visitor any more; a moderator's session has ended."""
    room = room_of(request)
    secret = request.cookies.get("tertulia_moderator", "")
    if secret:
        await room.writer.do(lambda tx: people.leave(tx, secret))
    response = back_to("/")
    room.cookies.forget(response)
    return response


async def say(request: Request) -> Response:
    """What the visitor wrote is in the debate, below a question or a message; refused, it is still in the box."""
    room, visitor, slug = room_of(request), visitor_of(request), request.path_params["slug"]
    form = await forms.read(request)
    text, question, reply = form.get("text", ""), _number(form, "question"), _number(form, "reply")
    toward = spoken.Toward(question, reply)
    try:
        actor = _may(request, visitor, MEMBER)
        ident = await room.writer.do(
            lambda tx: spoken.say(tx, slug, text, toward=toward, actor=actor, now=room.clock())
        )
    except errors.TertuliaError as error:
        kept = {"problem": words(visitor.locale).error(error), "kept": text, "chosen": question}
        if not visitor.piece:
            return problems.wait(
                error, show_debate(request, slug, status=problems.status(error), reply=reply, kept=kept)
            )
        return problems.wait(error, _composer(request, slug, status=problems.status(error), reply=reply, kept=kept))
    if visitor.piece:
        return _composer(request, slug, kept={"chosen": question})
    return back_to(f"/d/{slug}#m{ident}")


async def react(request: Request) -> Response:
    """The visitor's reaction is on the message, or off it again."""
    form = await forms.read(request)
    ident = ident_of(request, "message")

    def action(tx: Tx, slug: str, room: Room, actor: Actor) -> None:
        spoken.react(tx, slug, ident, form.get("name", ""), actor=actor, now=room.clock())

    return await _click(request, action, f"#m{ident}")


async def vote(request: Request) -> Response:
    """The visitor's vote is given to a question, or taken back."""
    await forms.read(request)
    ident = ident_of(request, "question")

    def action(tx: Tx, slug: str, room: Room, actor: Actor) -> None:
        debates.question(tx, debates.ident(debates.get(tx, slug)), ident)
        ask.vote(tx, ident, voter=actor)

    return await _click(request, action, "#ask")


async def propose(request: Request) -> Response:
    """The visitor's question waits for a moderator."""
    form = await forms.read(request)
    text = form.get("text", "")

    def action(tx: Tx, slug: str, room: Room, actor: Actor) -> None:
        ask.propose(tx, debates.get(tx, slug), text, asker=actor, now=room.clock())

    return await _click(request, action, "#ask", rate=MEMBER, text=text)


async def edit(request: Request) -> Response:
    """The visitor's own message has a new text."""
    form = await forms.read(request)
    text, ident = form.get("text", ""), ident_of(request, "message")
    return await _change(request, partial(spoken.edit, message_id=ident, text=text), kept=text)


async def delete(request: Request) -> Response:
    """The visitor's own message is gone."""
    await forms.read(request)
    return await _change(request, partial(spoken.delete, message_id=ident_of(request, "message")))


async def _change(request: Request, action: Callable[..., None], *, kept: str | None = None) -> Response:
    room, visitor, slug = room_of(request), visitor_of(request), request.path_params["slug"]
    try:
        actor = _may(request, visitor, MEMBER)
        await room.writer.do(lambda tx: action(tx, slug, actor=actor, now=room.clock()))
    except errors.TertuliaError as error:
        sentence = words(visitor.locale).error(error)
        answer = show_message(request, status=problems.status(error), problem=sentence, kept=kept)
        return problems.wait(error, answer)
    return back_to(f"/d/{slug}#m{ident_of(request, 'message')}")


async def _click(
    request: Request,
    action: Callable[[Tx, str, Room, Actor], object],
    anchor: str,
    *,
    rate: Rate = CLICK,
    text: str = "",
) -> Response:
    room, visitor, slug = room_of(request), visitor_of(request), request.path_params["slug"]
    try:
        actor = _may(request, visitor, rate)
        await room.writer.do(lambda tx: action(tx, slug, room, actor))
    except errors.TertuliaError as error:
        sentence = words(visitor.locale).error(error)
        if visitor.piece:
            answer: Response = page(request, "problem_piece.html", status=problems.status(error), sentence=sentence)
        else:
            answer = show_debate(
                request, slug, status=problems.status(error), kept={"problem": sentence, "asked_text": text}
            )
        return problems.wait(error, answer)
    return nothing() if visitor.piece else back_to(f"/d/{slug}{anchor}")


def _may(request: Request, visitor: Visitor, rate: Rate) -> Actor:
    actor = visitor.known()
    slow_down(request, visitor, rate)
    return actor


def _composer(
    request: Request, slug: str, *, status: int = 200, reply: int | None = None, kept: Mapping[str, object]
) -> Response:
    room, visitor = room_of(request), visitor_of(request)
    with room.store.read() as tx:
        row = debates.get(tx, slug)
        view = looks.scene(tx, row, row.rev)
        answered = spoken.answerable(tx, view.id, reply)
    return page(
        request,
        "composer.html",
        status=status,
        visitor=visitor,
        view=view,
        **{**composer_values(view), **kept, "reply": answered},
    )


def _number(form: Mapping[str, str], name: str) -> int | None:
    value = form.get(name, "")
    return int(value) if value.isascii() and value.isdecimal() and len(value) < 12 else None
