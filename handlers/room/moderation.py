"""What a moderator does from the room: comes in, and leads the hour."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from bot import errors
from bot.actions import ask, people, plan, refile, run, series
from bot.ports import Actor, House
from bot.store import debates, messages
from bot.store import review as doubts
from bot.store.engine import Tx
from bot.tables import Debate
from bot.words.catalogue import words
from handlers.room import forms, looks, problems
from handlers.room.context import Visitor, back_to, ident_of, nothing, page, room_of, visitor_of
from handlers.room.limits import JOIN
from handlers.room.refusals import UsedLink


@dataclass(frozen=True, slots=True)
class Press:
    """One press of a moderator's button: who, when, and what the form said."""

    actor: Actor
    now: datetime
    house: House
    form: Mapping[str, str]

    @property
    def really(self) -> bool:
        """Whether «¿de verdad?» was answered."""
        return self.form.get("really") == "1"

    def number(self, name: str) -> int:
        """A number of the form; raises ``MissingArgument``."""
        value = self.form.get(name, "")
        if not (value.isascii() and value.isdecimal() and len(value) < 12):
            raise errors.MissingArgument(word=name, what="un número", example="5")
        return int(value)


Action = Callable[[Tx, Debate, Press], object]

VERBS: Mapping[str, Action] = {
    "open": lambda tx, debate, press: run.open_now(tx, debate, actor=press.actor, now=press.now),
    "next": lambda tx, debate, press: run.ask_next(tx, debate, actor=press.actor, now=press.now, really=press.really),
    "hold": lambda tx, debate, press: run.hold(tx, debate, actor=press.actor, now=press.now),
    "resume": lambda tx, debate, press: run.resume(tx, debate, actor=press.actor, now=press.now),
    "extend": lambda tx, debate, press: run.extend(
        tx, debate, press.number("minutes"), actor=press.actor, now=press.now
    ),
    "skip": lambda tx, debate, press: run.skip(tx, debate, actor=press.actor, now=press.now),
    "confirm": lambda tx, debate, press: series.goes_on(
        tx, debate, house=press.house, actor=press.actor, now=press.now
    ),
    "close": lambda tx, debate, press: run.close(tx, debate, actor=press.actor, now=press.now, house=press.house),
    "cancel": lambda tx, debate, press: plan.cancel(
        tx, debate, actor=press.actor, now=press.now, why=press.form.get("why", "")
    ),
    "abort": lambda tx, debate, press: run.abort(tx, debate, actor=press.actor, now=press.now, really=press.really),
}
# What cannot be taken back asks first.
_GRAVE = frozenset({"close", "cancel", "abort"})


# More than a moderator looks through in one go; the rest comes as these are done.
REVIEWED_AT_ONCE = 100


# --- coming in -------------------------------------------------------------------------------------------------------


async def how_to_enter(request: Request) -> Response:
    """How one becomes a moderator."""
    return page(request, "enter.html", good=False, problem="", name="")


async def enter(request: Request) -> Response:
    """A link shows its form and stays good (a preview must not burn it); the form sent, it is used up."""
    room, secret = room_of(request), request.path_params["secret"]
    visitor = visitor_of(request)
    if request.method != "POST":
        with room.store.read() as tx:
            good = people.link_is_good(tx, secret, now=room.clock())
        problem = "" if good else words(visitor.locale).error(UsedLink())
        return _door(request, 200 if good else 410, good=good, problem=problem)
    name = ""
    try:
        form = await forms.read(request)
        name = form.get("name", "")
        room.limits.take(f"enter:{visitor.address}", JOIN, now=problems.seconds())
        session, actor = await room.writer.do(lambda tx: people.enter(tx, secret, name, now=room.clock()))
    except errors.NotModerator:
        return _door(request, 410, problem=words(visitor.locale).error(UsedLink()))
    except errors.Refusal as error:
        sentence = words(visitor.locale).error(error)
        return problems.wait(error, _door(request, problems.status(error), good=True, problem=sentence, name=name))
    response = back_to("/")
    room.cookies.let_in(request, response, session)
    room.cookies.remember(request, response, actor)
    return response


def _door(request: Request, status: int, *, good: bool = False, problem: str = "", name: str = "") -> Response:
    return page(request, "enter.html", status=status, good=good, problem=problem, name=name)


# --- the hour --------------------------------------------------------------------------------------------------------


async def do(request: Request) -> Response:
    """The debate has taken the moderator's step; what cannot be taken back is asked for twice."""
    verb = request.path_params["verb"]
    if verb not in VERBS:
        raise HTTPException(404)
    return await _press(request, VERBS[verb], verb=verb)


async def add(request: Request) -> Response:
    """A question stands at the end of the run-sheet."""
    return await _press(
        request,
        lambda tx, debate, press: plan.add_question(
            tx, debate, press.form.get("text", ""), actor=press.actor, now=press.now
        ),
    )


async def decide(request: Request) -> Response:
    """A question from the audience is approved, declined with a reason, or one with another."""
    ident, way = ident_of(request, "question"), request.path_params["way"]

    def action(tx: Tx, debate: Debate, press: Press) -> None:
        debates.question(tx, debates.ident(debate), ident)
        if way == "approve":
            first = press.form.get("first") == "1"
            ask.approve(tx, ident, actor=press.actor, now=press.now, first=first)
        elif way == "decline":
            ask.decline(tx, ident, reason=press.form.get("reason", ""), actor=press.actor, now=press.now)
        elif way == "merge":
            ask.merge(tx, ident, into=press.number("into"), actor=press.actor, now=press.now)
        else:
            raise errors.NoSuchQuestion(question=way)

    return await _press(request, action)


async def move(request: Request) -> Response:
    """A question of the run-sheet comes one place earlier or later."""
    ident = ident_of(request, "question")

    def action(tx: Tx, debate: Debate, press: Press) -> None:
        waiting = [one.id or 0 for one in debates.questions(tx, debates.ident(debate)) if one.state == "approved"]
        if ident not in waiting:
            raise errors.NoSuchQuestion(question=ident)
        at = waiting.index(ident)
        to = max(0, at - 1) if press.form.get("way") == "up" else min(len(waiting) - 1, at + 1)
        waiting.insert(to, waiting.pop(at))
        plan.reorder(tx, debate, waiting, actor=press.actor, now=press.now)

    return await _press(request, action)


async def file(request: Request) -> Response:
    """A message stands under the question that the moderator says."""
    ident = ident_of(request, "message")

    def action(tx: Tx, debate: Debate, press: Press) -> None:
        messages.get(tx, debates.ident(debate), ident)
        number = press.number("number") or None
        refile.by_hand(tx, debate, ident, number, actor=press.actor, now=press.now)

    reviewing = request.query_params.get("back") == "review"
    return await _press(request, action, back="/review" if reviewing else f"#m{ident}")


async def review(request: Request) -> Response:
    """What stands in its place without certainty, with a button for each question."""
    room, visitor = room_of(request), visitor_of(request)
    visitor.moderating()

    def look() -> dict[str, Any]:
        with room.store.read() as tx:
            row = debates.get(tx, request.path_params["slug"])
            view = looks.scene(tx, row, row.rev)
            doubtful = doubts.doubtful(tx, view.id)
            decided = next(reversed(doubts.corrections(tx, view.id)), None)
            last = messages.get(tx, view.id, decided.message_id) if decided else None
        shown = [(doubts.doubt(one), looks.entry(one, view)) for one in doubtful[:REVIEWED_AT_ONCE]]
        return {"view": view, "doubtful": shown, "count": len(doubtful), "decided": decided, "last": last}

    # Thousands of guesses take a tenth of a second: not in the loop, where others wait.
    return page(request, "review.html", visitor=visitor, **await asyncio.to_thread(look))


async def undo(request: Request) -> Response:
    """The last message filed by hand is where it was before, if it is still the one that the page has named."""

    def action(tx: Tx, debate: Debate, press: Press) -> None:
        seen = press.number("last") if "last" in press.form else None
        refile.undo(tx, debate, actor=press.actor, now=press.now, seen=seen)

    return await _press(request, action, back="/review")


async def question(request: Request) -> Response:
    """The page of one question from the audience, for who decides about it."""
    return _question(request)


def _question(request: Request, *, status: int = 200, problem: str = "", kept: str = "") -> Response:
    visitor = visitor_of(request)
    visitor.moderating()
    with room_of(request).store.read() as tx:
        row = debates.get(tx, request.path_params["slug"])
        view = looks.scene(tx, row, row.rev)
    ident = ident_of(request, "question")
    one = next((each for each in view.feed.questions if each.id == ident), None)
    if one is None:
        raise errors.NoSuchQuestion(question=ident)
    others = [each for each in [*view.proposals, *view.run_sheet] if each.id != ident]
    unique = list({each.id: each for each in others}.values())
    return page(
        request, "question.html", status=status, visitor=visitor, view=view, one=one, others=unique, problem=problem,
        kept=kept,
    )  # fmt: skip


async def _press(request: Request, action: Action, *, verb: str = "", back: str = "#now") -> Response:
    room, slug, visitor = room_of(request), request.path_params["slug"], visitor_of(request)
    press = Press(visitor.moderating(), room.clock(), room.house, await forms.read(request))
    if verb in _GRAVE and not press.really:
        return _sure(request, visitor, verb, None)
    try:
        await room.writer.do(lambda tx: action(tx, debates.get(tx, slug), press) and None)
    except (errors.StillPouring, errors.SomethingSaid) as error:
        return _sure(request, visitor, verb, error)
    except errors.Refusal as error:
        return _refused(request, visitor, error)
    if verb == "abort" and not visitor.piece:
        return back_to("/")
    return nothing() if visitor.piece else back_to(f"/d/{slug}{back}")


def _refused(request: Request, visitor: Visitor, error: errors.Refusal) -> Response:
    status, sentence = problems.status(error), words(visitor.locale).error(error)
    if "question" in request.path_params and not visitor.piece and status != 404:
        return _question(request, status=status, problem=sentence)
    return problems.show(request, status, sentence, visitor=visitor)


def _sure(request: Request, visitor: Visitor, verb: str, error: errors.Refusal | None) -> Response:
    say = words(visitor.locale)
    questions = {
        "next": say("Siguen llegando respuestas. ¿De verdad quieres sacar ya la siguiente pregunta?"),
        "close": say("¿De verdad quieres cerrar el debate? Las preguntas que faltan no saldrán."),
        "cancel": say("¿De verdad quieres cancelar este debate? No se celebrará."),
        "abort": say("¿De verdad? Se borra todo lo dicho, como si el debate no se hubiera abierto."),
    }
    labels = {
        "next": say("Sí, la siguiente"), "close": say("Sí, cerrar"), "cancel": say("Sí, cancelar"),
        "abort": say("Sí, borrarlo"),
    }  # fmt: skip
    with room_of(request).store.read() as tx:
        row = debates.get(tx, request.path_params["slug"])
        view = looks.scene(tx, row, row.rev)
    return page(
        request, "sure_piece.html" if visitor.piece else "sure.html", status=409 if error else 200, visitor=visitor,
        view=view, question=questions.get(verb, ""), label=labels.get(verb, ""), action=request.url.path,
        asks_why=verb == "cancel",
    )  # fmt: skip
