"""The guest's own page: they come in by a link that is used once, read what comes, and write their answers ahead."""

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from bot import errors
from bot.actions import doors, preparing
from bot.debatefile import LONGEST_ANSWER
from bot.guest import LONGEST_FRAMING, Milestone, Standing, Step
from bot.ports import Platform
from bot.store import debates
from bot.store import guests as store
from bot.store.engine import Tx
from bot.words.catalogue import Words, words
from handlers.room import forms, problems
from handlers.room.context import back_to, ident_of, page, room_of, slow_down, visitor_of
from handlers.room.cookies import guest_cookie
from handlers.room.limits import JOIN, MEMBER

# What is here is for one person: no machine is to find it, and no cache to keep it.
_PRIVATE = {"x-robots-tag": "noindex, nofollow", "cache-control": "no-store"}


@dataclass(frozen=True, slots=True)
class Field:
    """One text of the page: as it was typed or is kept, the mark of what is kept, and what became of it."""

    ident: int
    text: str
    mark: str
    problem: str = ""


async def door(request: Request) -> Response:
    """A link shows its button and stays good (a preview must not burn it); pressed, its browser is the guest's."""
    room, visitor = room_of(request), visitor_of(request)
    ident, secret = _guest_id(request), request.path_params["secret"]
    if request.method != "POST":
        with room.store.read() as tx:
            good = doors.link_is_good(tx, ident, secret, now=room.clock())
            name = store.get(tx, ident).name if good else ""
        problem = "" if good else words(visitor.locale).error(errors.BadGuestLink())
        return _private(page(request, "guest_door.html", status=200 if good else 410, name=name, problem=problem))
    await forms.read(request)
    try:
        room.limits.take(f"guest:{visitor.address}", JOIN, now=problems.seconds())
        session, actor = await room.writer.do(lambda tx: doors.enter(tx, ident, secret, now=room.clock()))
    except errors.Refusal as error:
        sentence, status = words(visitor.locale).error(error), problems.status(error)
        return problems.wait(
            error, _private(page(request, "guest_door.html", status=status, name="", problem=sentence))
        )
    response = _private(back_to(f"/invitado/{ident}"))
    room.cookies.seat(request, response, ident, session)
    room.cookies.remember(request, response, actor)
    return response


async def desk(request: Request) -> Response:
    """The guest's page; for a browser that no link has let in, how to have one."""
    return _show(request)


async def save(request: Request) -> Response:
    """What the guest changed is kept; what could not be is still in its field, with the reason."""
    room, visitor, ident = room_of(request), visitor_of(request), _guest_id(request)
    form = await forms.read(request)
    session = request.cookies.get(guest_cookie(ident), "")
    changes = _changes(form)
    try:
        slow_down(request, visitor, MEMBER)
        outcome = await room.writer.do(lambda tx: _save(tx, ident, session, changes, request))
    except errors.BadGuestLink as error:
        return _shut(request, error)
    except errors.TertuliaError as error:
        sentence = words(visitor.locale).error(error)
        return problems.wait(error, _show(request, problem=sentence, status=problems.status(error), typed=changes))
    if outcome.refused:
        status = problems.status(next(iter(outcome.refused.values())))
        return _show(request, status=status, typed=changes, refused=outcome.refused)
    at = form.get("at", "")
    return _private(back_to(f"/invitado/{ident}{f'#a{at}' if at.isascii() and at.isdecimal() else ''}"))


def _save(
    tx: Tx, ident: int, session: str, changes: Mapping[int, preparing.Change], request: Request
) -> preparing.Outcome:
    now = room_of(request).clock()
    return preparing.save(tx, doors.inside(tx, ident, session, now=now), changes, now=now)


def _changes(form: Mapping[str, str]) -> dict[int, preparing.Change]:
    """The texts of the form by question id (``a12``, the framing ``a0``), each with the mark of what it was."""
    found = {}
    for name, text in form.items():
        if name.startswith("a") and name[1:].isascii() and name[1:].isdecimal() and len(name) < 12:
            found[int(name[1:])] = preparing.Change(text, form.get(f"was{name[1:]}", ""))
    return found


def _show(
    request: Request, *, status: int = 200, problem: str = "", typed: Mapping[int, preparing.Change] | None = None,
    refused: Mapping[int, errors.Refusal] | None = None,
) -> Response:  # fmt: skip
    room, visitor, ident = room_of(request), visitor_of(request), _guest_id(request)
    session, now, say = request.cookies.get(guest_cookie(ident), ""), room.clock(), words(visitor.locale)
    try:
        with room.store.read() as tx:
            guest = doors.inside(tx, ident, session, now=now)
            view = preparing.desk(tx, guest, now=now)
            places = {one.platform: one.address for one in debates.places(tx, guest.debate_id)}
    except errors.BadGuestLink as error:
        return _shut(request, error)
    kept = {one.question.id or 0: one.text for one in view.sheets} | {preparing.FRAMING: guest.framing}
    fields = {at: _field(at, text, typed or {}, refused or {}, say) for at, text in kept.items()}
    return _private(
        page(
            request, "guest.html", status=status, visitor=visitor, view=view, guest=guest, debate=view.debate,
            fields=fields, problem=problem, refused=bool(refused), longest=LONGEST_ANSWER,
            longest_framing=LONGEST_FRAMING, steps=[_step(one, say) for one in view.timeline], now=now,
            slack=Platform.SLACK in places, x=Platform.X in places, here=Platform.ROOM in places,
        )
    )  # fmt: skip


def _field(
    ident: int, kept: str, typed: Mapping[int, preparing.Change], refused: Mapping[int, errors.Refusal], say: Words
) -> Field:
    change, mark = typed.get(ident), preparing.mark(kept)
    # A text that this window did not touch shows what is kept now.
    touched = change is not None and preparing.mark(preparing.tidied(change.text)) != change.before
    text = change.text if change is not None and touched else kept
    return Field(ident, text, mark, say.error(refused[ident]) if ident in refused else "")


def _step(one: Milestone, say: Words) -> dict[str, object]:
    titles = {
        Step.TOPIC: say("Conocer el tema y abrir esta página"),
        Step.QUESTIONS: say("Preparar las respuestas"),
        Step.FRAMING: say("Escribir el texto que presenta el tema"),
        Step.EARLY: say("Entrar unos minutos antes"),
    }
    states = {
        Standing.DONE: say("hecho"), Standing.NEXT: say("lo siguiente"), Standing.LATE: say("pendiente"),
        Standing.AHEAD: say("más adelante"),
    }  # fmt: skip
    return {"title": titles[one.step], "at": one.due_at, "state": states[one.standing], "look": one.standing.value}


def _shut(request: Request, error: errors.Refusal) -> Response:
    sentence = words(visitor_of(request).locale).error(error)
    return _private(page(request, "guest_door.html", status=403, name="", problem=sentence))


def _guest_id(request: Request) -> int:
    found = ident_of(request, "guest")
    if found > debates.LARGEST_ID:
        raise HTTPException(404)
    return found


def _private(response: Response) -> Response:
    response.headers.update(_PRIVATE)
    return response
