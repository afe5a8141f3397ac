"""What a visitor sees when something cannot be done: the right status, a kind sentence, and the text they wrote."""

import time
from contextlib import suppress

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from bot import errors
from bot.store import debates
from bot.words.catalogue import Words, words
from handlers.room import refusals
from handlers.room.context import Visitor, address_of, locale_of, page, room_of, slow_down, visitor_of
from handlers.room.limits import CLICK

logger = structlog.get_logger(__name__)

_STATUS: tuple[tuple[type[errors.TertuliaError], int], ...] = (
    (errors.NoSuchDebate, 404), (errors.NoSuchMessage, 404), (errors.NoSuchQuestion, 404), (errors.NoSuchDraft, 404),
    (errors.NotModerator, 403), (refusals.NotYours, 403), (refusals.FromElsewhere, 403),
    (refusals.WhoAreYou, 401), (errors.TooFast, 429), (refusals.TooBig, 413), (refusals.Garbled, 400),
    (refusals.UsedLink, 410), (errors.WrongPhase, 409), (errors.NotToCome, 409),
    (refusals.NotStarted, 409), (refusals.AlreadyOver, 409), (refusals.NotHere, 409),
    (errors.TooSoon, 409), (errors.StillPouring, 409), (errors.SomethingSaid, 409),
    (errors.NoQuestionLeft, 409), (errors.CannotMove, 409), (errors.OwnVote, 409), (errors.NameTaken, 409),
    (refusals.NoRehearsal, 409), (errors.Overlap, 409), (errors.Overloaded, 503), (errors.BadExport, 409),
    (errors.NoSuchSeason, 404), (errors.SeasonStale, 409), (errors.NothingToUndo, 409), (errors.CorrectedSince, 409),
    (errors.NoSuchGuest, 404), (errors.BadGuestLink, 410), (errors.GuestTwice, 409), (errors.TooManyGuests, 409),
    (errors.NothingFramed, 409), (errors.AlreadyFramed, 409), (errors.AlreadyAsked, 409),
    (errors.ChangedMeanwhile, 409), (errors.NoSuchPoll, 404), (errors.PollClosed, 409), (errors.PollOpen, 409),
    (errors.AnsweredBefore, 409), (errors.NothingCarried, 409), (errors.NoSuchWords, 404),
)  # fmt: skip


def status(error: errors.TertuliaError) -> int:
    """The HTTP status of a refusal; 422 where the form was read and its content will not do."""
    for kind, code in _STATUS:
        if isinstance(error, kind):
            return code
    return 422 if isinstance(error, errors.Refusal) else 503


def wait(error: errors.TertuliaError, response: Response) -> Response:
    """The response says when to try again, where the error knows."""
    if isinstance(error, errors.TooFast):
        response.headers["retry-after"] = str(error.fields["seconds"])
    return response


def seconds() -> float:
    """A clock that only goes forward."""
    return time.monotonic()


async def refused(request: Request, error: Exception) -> Response:
    """A refusal that no page of its own took up."""
    if not isinstance(error, errors.TertuliaError):
        raise error
    if isinstance(error, errors.NotModerator) and request.method == "POST":
        await _note(request)
    return wait(error, show(request, status(error), words(locale_of(request)).error(error)))


async def _note(request: Request) -> None:
    """An audit row says which member tried what without the role for it; whoever keeps trying fills no disk with it."""
    room, visitor = room_of(request), visitor_of(request)
    if visitor.actor is None:
        return
    who, what, now = visitor.actor.who, request.url.path.rpartition("/")[2], room.clock()
    with suppress(errors.TertuliaError):
        slow_down(request, visitor, CLICK)
        await room.writer.do(
            lambda tx: debates.record(tx, who=who, action="refused", debate_id=None, now=now, detail=what)
        )


async def http(request: Request, error: Exception) -> Response:
    """There is no such page, or it cannot be used in this way."""
    if not isinstance(error, HTTPException):
        raise error
    say = words(locale_of(request))
    sentence = say("Eso aquí no se puede hacer. No se ha cambiado nada.")
    if error.status_code == 404:
        sentence = say("Aquí no hay nada. Puede que el enlace esté incompleto, o que el debate se anulara.")
    response = show(request, error.status_code, sentence)
    response.headers.update(error.headers or {})
    return response


async def failed(request: Request, error: Exception) -> Response:
    """Our own fault: it is in the log, and nothing of it on the page."""
    logger.error("the room could not answer", path=request.url.path, exc_info=error)
    say = words(locale_of(request))
    sentence = say(
        "Ha fallado algo nuestro, y lo que enviaste puede no haberse guardado. Prueba otra vez en un momento."
    )
    # The database may be what failed: who asks is not looked up in it.
    visitor = Visitor(None, say.locale, address_of(request), piece=request.headers.get("hx-request") == "true")
    return show(request, 500, sentence, visitor=visitor)


async def elsewhere(request: Request) -> Response:
    """A writing request that another site sent."""
    error = refusals.FromElsewhere()
    say = words(locale_of(request))
    visitor = Visitor(None, say.locale, address_of(request), piece=False)
    return show(request, status(error), say.error(error), visitor=visitor)


def show(request: Request, code: int, sentence: str, *, visitor: Visitor | None = None) -> Response:
    """A page (or, for a script, a piece) that says what is wrong."""
    who = visitor or visitor_of(request)
    if who.piece:
        return page(request, "problem_piece.html", status=code, visitor=who, sentence=sentence)
    title = _title(code, words(who.locale))
    path = request.path_params.get("slug", "")
    back = f"/d/{path}" if path and code != 404 else "/"
    return page(request, "problem.html", status=code, visitor=who, title=title, sentence=sentence, back=back, kept="")


def _title(code: int, say: Words) -> str:
    if code == 404:
        return say("No está")
    if code >= 500:
        return say("Algo ha fallado")
    return say("No se ha podido")
