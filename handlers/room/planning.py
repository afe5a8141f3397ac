"""«Programar un debate», and starting a rehearsal, from the room."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from starlette.requests import Request
from starlette.responses import Response

from bot import cues, dates, errors, localtime, places, subjects, when
from bot.actions import plan
from bot.debate import Pace
from bot.debatefile import LONGEST_HOST, LONGEST_TITLE, MOST_QUESTIONS, DebateFile, PlannedQuestion
from bot.ports import LONGEST_HASHTAG
from bot.question import LONGEST
from bot.store import debates
from bot.words.catalogue import Words, words
from handlers.room import forms, problems
from handlers.room.context import Room, back_to, page, room_of, visitor_of
from handlers.room.pages import may_rehearse, show_board
from handlers.room.refusals import NoRehearsal

MOST_MINUTES = 240


@dataclass(frozen=True, slots=True)
class Form:
    """What the form says, as it was typed."""

    base: str = ""
    title: str = ""
    starts: str = ""
    timezone: str = ""
    host: str = ""
    hashtag: str = ""
    x: str = ""
    questions: str = ""
    minutes: str = "60"
    when: str = ""


def _ready_made() -> Mapping[str, DebateFile]:
    return {one.name: one.plan for one in subjects.ready_made()}


async def form(request: Request) -> Response:
    """The form, empty or filled from a ready-made debate; for others, how to become a moderator."""
    room, visitor = room_of(request), visitor_of(request)
    if not visitor.moderator:
        sentence = words(visitor.locale)("Para programar un debate hace falta entrar a moderar.")
        return page(request, "enter.html", status=403, visitor=visitor, good=False, problem=sentence, name="")
    base = request.query_params.get("base", "")
    tomorrow = localtime.wall(room.clock() + timedelta(days=7), room.house.timezone)
    blank = Form(
        starts=f"{tomorrow:%Y-%m-%d}T19:00", timezone=room.house.timezone, hashtag=room.house.hashtag, x="1", base=base
    )
    typed, echo, faults = _heard(room, _filled(blank, _ready_made().get(base)), request.query_params.get("when", ""),
                                 words(visitor.locale))  # fmt: skip
    return _show(request, typed, faults=faults, echo=echo)


async def add(request: Request) -> Response:
    """The debate is planned; with faults, the form comes back as it was typed, with all of them."""
    room, visitor = room_of(request), visitor_of(request)
    actor = visitor.moderating()
    sent = await forms.read(request)
    typed = Form(**{name: sent.get(name, "") for name in Form.__slots__})
    file, faults = read(typed, words(visitor.locale), x=room.house.x)
    if faults:
        return _show(request, typed, status=422, faults=faults)
    try:
        slug = await room.writer.do(lambda tx: plan.add(tx, file, house=room.house, actor=actor, now=room.clock()).slug)
    except errors.Refusal as error:
        return _show(request, typed, status=problems.status(error), faults=[words(visitor.locale).error(error)])
    return back_to(f"/d/{slug}")


async def rehearse(request: Request) -> Response:
    """A rehearsal has begun, and its page is shown."""
    room, visitor = room_of(request), visitor_of(request)
    await forms.read(request)
    with room.store.read() as tx:
        empty = debates.empty(tx)
    if room.start_rehearsal is None or not may_rehearse(request, visitor, empty=empty):
        error = errors.NotModerator() if room.start_rehearsal is not None else NoRehearsal()
        sentence = words(visitor.locale).error(error)
        return show_board(request, problem=sentence, status=problems.status(error))
    return back_to(f"/d/{await room.start_rehearsal()}")


def _heard(room: Room, blank: Form, text: str, say: Words) -> tuple[Form, list[str], list[str]]:
    """The form with what free words mean, how they were read on every zone's clocks, or why they were not."""
    if not text.strip():
        return blank, [], []
    house = room.house
    try:
        found = when.understand(text, now=room.clock(), zone=house.timezone, zones=(*house.zones, *places.USUAL))
    except errors.Refusal as refusal:
        return replace(blank, when=text), [], [say.error(refusal)]
    zones = dict.fromkeys((found.zone, *house.zones))
    echo = [dates.long(found.instant, one, locale=say.locale) for one in zones]
    echo += [say("Ojo: {note}.", note=say.again(one)) for one in found.notes]
    starts = f"{found.local:%Y-%m-%dT%H:%M}"
    return replace(blank, starts=starts, timezone=found.zone, title=found.rest or blank.title, when=text), echo, []


def read(typed: Form, say: Words, *, x: bool) -> tuple[DebateFile, list[str]]:
    """The plan that was typed, and every fault in it; the plan is good only where there is none.

    ``x`` says whether X is on: without it, it is not held there.
    """
    faults: list[str] = []
    base = _ready_made().get(typed.base)
    title = " ".join(typed.title.split())
    if not 0 < len(title) <= LONGEST_TITLE:
        faults.append(say("El título lleva entre 1 y {limit} caracteres.", limit=LONGEST_TITLE))
    questions = _questions(typed, base, say, faults)
    hashtag = typed.hashtag.strip().lstrip("#")
    if len(hashtag) > LONGEST_HASHTAG or (hashtag and not re.fullmatch(r"\w+", hashtag)):
        limit = LONGEST_HASHTAG
        faults.append(say("La etiqueta lleva solo letras, cifras y guion bajo, {limit} como mucho.", limit=limit))
    host = " ".join(typed.host.split())
    if len(host) > LONGEST_HOST:
        faults.append(say("Quien conduce se escribe con {limit} caracteres como mucho.", limit=LONGEST_HOST))
    on_x = x and bool(typed.x)
    if on_x and not hashtag:
        faults.append(say("En X se participa con una etiqueta: escríbela, o quita X."))
    pace = _pace(typed, base, len(questions), say, faults)
    starts = _starts(typed, say, faults)
    file = DebateFile(
        title=title, questions=tuple(questions), starts=starts, timezone=typed.timezone.strip(), hashtag=hashtag,
        host=host, pace=pace, locale=base.locale if base else "", x=on_x,
        poll=base.poll if base else None, pulse=base.pulse if base else True,
    )  # fmt: skip
    return file, faults


def _questions(typed: Form, base: DebateFile | None, say: Words, faults: list[str]) -> list[PlannedQuestion]:
    prepared = {one.text: one.answer for one in base.questions} if base else {}
    texts = [tidy for line in typed.questions.splitlines() if (tidy := " ".join(line.split()))]
    if not 0 < len(texts) <= MOST_QUESTIONS:
        faults.append(say("Escribe entre 1 y {limit} preguntas, una por línea.", limit=MOST_QUESTIONS))
    if any(len(text) > LONGEST for text in texts):
        faults.append(say("Una pregunta lleva como mucho {limit} caracteres.", limit=LONGEST))
    return [PlannedQuestion(text, prepared.get(text, "")) for text in texts]


def _pace(typed: Form, base: DebateFile | None, count: int, say: Words, faults: list[str]) -> Pace:
    pace = base.pace if base else Pace()
    if not (typed.minutes.isascii() and typed.minutes.isdecimal() and 0 < int(typed.minutes[:6]) <= MOST_MINUTES):
        faults.append(say("La duración va de 1 a {limit} minutos.", limit=MOST_MINUTES))
        return pace
    minutes = timedelta(minutes=int(typed.minutes))
    if minutes != pace.minutes:
        # A short debate has a short welcome: a sixth of it, as in the hour.
        pace = replace(pace, minutes=minutes, first=min(pace.first, minutes / 6), every=None)
    if count and cues.overrun(pace, questions=count):
        pace = replace(pace, every=None)
    return pace


def _starts(typed: Form, say: Words, faults: list[str]) -> datetime | None:
    try:
        localtime.zone(typed.timezone.strip())
    except ValueError:
        faults.append(say("Esa zona horaria no existe; por ejemplo, Europe/Madrid."))
        return None
    try:
        local = datetime.fromisoformat(typed.starts.strip())
        localtime.resolve(local, typed.timezone.strip())
    except errors.Refusal as error:
        faults.append(say.error(error))
        return None
    except (ValueError, OverflowError):
        faults.append(say("Falta el día y la hora, por ejemplo 2027-01-14 19:00."))
        return None
    return local


def _filled(blank: Form, base: DebateFile | None) -> Form:
    if base is None:
        return replace(blank, base="")
    return replace(
        blank, title=base.title, host=base.host, hashtag=base.hashtag or blank.hashtag,
        questions="\n".join(one.text for one in base.questions),
        minutes=str(round(base.pace.minutes / timedelta(minutes=1))),
    )  # fmt: skip


def _show(
    request: Request, typed: Form, *, status: int = 200, faults: list[str] | None = None, echo: Sequence[str] = ()
) -> Response:
    ready = [{"key": key, "title": one.title} for key, one in _ready_made().items()]
    return page(
        request, "plan.html", status=status, form=typed, faults=faults or [], ready=ready, zones=places.USUAL,
        x=room_of(request).house.x, echo=echo,
    )  # fmt: skip
