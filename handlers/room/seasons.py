"""A year or a season planned from the room: a form, a preview that writes nothing, and a yes."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from bot import dates, errors, hours, localtime, rhythm, subjects
from bot.actions import seasons
from bot.actions.seasons import CHANGES, Fate, Preview, Wanted
from bot.ports import House
from bot.rhythm import Rhythm
from bot.store import seasons as store
from bot.store.engine import Tx
from bot.words.catalogue import words
from handlers.room import forms, problems
from handlers.room.context import Room, back_to, page, room_of, visitor_of

# What the form may say of a rhythm; weekdays and subjects are ticked.
_TEXTS = (
    "timezone", "at", "per_week", "first_week", "skip", "quiet", "host", "hashtag", "minutes", "begins", "ends",
)  # fmt: skip
_TICKED = ("weekday", "subjects")


@dataclass(frozen=True, slots=True)
class Form:
    """What is to be planned, as it was typed: a year, a season that is kept already, or one of its own with a title."""

    year: str
    season: str = ""
    title: str = ""
    rhythm: Mapping[str, str] = field(default_factory=dict)

    def fields(self) -> dict[str, str]:
        """All of it, for the yes that is sent behind a preview."""
        return {"year": self.year, "season": self.season, "title": self.title, **self.rhythm}


async def form(request: Request) -> Response:
    """The form; and once it was filled in, the preview of all that a yes would change."""
    room, visitor = room_of(request), visitor_of(request)
    if not visitor.moderator:
        sentence = words(visitor.locale)("Para planificar una temporada hace falta entrar a moderar.")
        return page(request, "enter.html", status=403, visitor=visitor, good=False, problem=sentence, name="")
    asked = request.query_params
    with room.store.read() as tx:
        kept = _kept(tx, asked.get("season", ""), room.house)
    if "show" not in asked:
        year = asked.get("year", "") or str(localtime.wall(room.clock(), room.house.timezone).year + 1)
        return _show(request, Form(year, asked.get("season", ""), "", kept.base.fields()), kept)
    sent = {name: asked.get(name, "") for name in ("year", "season", "title", *_TEXTS)}
    typed = _typed(sent | {name: ",".join(asked.getlist(name)) for name in _TICKED})
    try:
        preview = await asyncio.to_thread(_preview, room, typed, kept)
    except errors.Refusal as error:
        fault = words(visitor.locale).error(error)
        return _show(request, typed, kept, status=problems.status(error), fault=fault)
    return _show(request, typed, kept, preview=preview)


async def write(request: Request) -> Response:
    """What the preview showed is planned; where something else would be by now, the preview is shown again."""
    room, visitor = room_of(request), visitor_of(request)
    actor = visitor.moderating()
    sent = await forms.read(request)
    typed = _typed({name: sent.get(name, "") for name in ("year", "season", "title", *_TEXTS, *_TICKED)})

    with room.store.read() as tx:
        kept = _kept(tx, typed.season, room.house)
    asked, seen = wanted(typed, kept.base), sent.get("seen", "") or "nothing"
    try:
        made = await room.writer.do(
            lambda tx: seasons.write(tx, asked, house=room.house, actor=actor, now=room.clock(), seen=seen)
        )
    except errors.SeasonStale as error:
        preview = await asyncio.to_thread(_preview, room, typed, kept)
        fault = words(visitor.locale).error(error)
        return _show(request, typed, kept, preview=preview, status=problems.status(error), fault=fault)
    except errors.Refusal as error:
        fault = words(visitor.locale).error(error)
        return _show(request, typed, kept, status=problems.status(error), fault=fault)
    return back_to(f"/temporadas?year={_year(made, typed)}&done={made.count(*CHANGES)}")


def wanted(typed: Form, base: Rhythm) -> Wanted:
    """What was typed, as the action takes it.

    Of a year only what is not as usual is said, so that each of its seasons keeps its own rhythm; of one season all.
    """
    said = {name: text or "-" for name, text in typed.rhythm.items()}
    if not typed.season:
        usual = base.fields()
        said = {name: text for name, text in said.items() if text != (usual[name] or "-")}
        if not typed.title:
            said = {name: text for name, text in said.items() if name not in {"begins", "ends"}}
    year = int(typed.year) if typed.year.isascii() and typed.year.isdecimal() and len(typed.year) < 6 else 0
    return Wanted(year=year, typed=said, season=typed.season, title=typed.title)


@dataclass(frozen=True, slots=True)
class _Kept:
    """What is kept of the season that is to be changed; of a year, how its seasons usually are."""

    title: str
    kind: str
    year: str
    base: Rhythm


def _kept(tx: Tx, season: str, house: House) -> _Kept:
    """Raises ``NoSuchSeason``."""
    if not season:
        return _Kept("", "", "", Rhythm(timezone=house.timezone))
    row = store.get(tx, season)
    return _Kept(row.title, row.kind, str(row.year), rhythm.from_json(row.rhythm))


def _preview(room: Room, typed: Form, kept: _Kept) -> Preview:
    """In a thread of its own: the first one reads the library of holidays, a quarter of a second."""
    with room.store.read() as tx:
        return seasons.propose(tx, wanted(typed, kept.base), house=room.house, now=room.clock())


def _typed(sent: Mapping[str, str]) -> Form:
    said = {name: " ".join(sent[name].split()) for name in (*_TEXTS, *_TICKED)}
    said["minutes"] = said["minutes"] or "0"
    every = [one.name for one in subjects.ready_made()]
    if said["subjects"].split(",") == every:
        said["subjects"] = ""  # all there are
    return Form(sent["year"].strip(), sent["season"].strip(), " ".join(sent["title"].split()), said)


def _year(made: Preview, typed: Form) -> int:
    return made.lines[0].season.year if made.lines else made.wanted.year or int(typed.year or 0)


def _show(
    request: Request,
    typed: Form,
    kept: _Kept,
    *,
    preview: Preview | None = None,
    status: int = 200,
    fault: str = "",
) -> Response:
    house, visitor = room_of(request).house, visitor_of(request)
    ready = [(one.name, one.title) for one in subjects.ready_made()]
    chosen = typed.rhythm["subjects"].split(",") if typed.rhythm["subjects"] else [name for name, _ in ready]
    return page(
        request, "season.html", status=status, visitor=visitor, form=typed, kept=kept, fault=fault, preview=preview,
        tally=_tally(preview), days=_weekdays(typed.rhythm["weekday"]), quiet=_quiet(typed.rhythm["quiet"]),
        ready=ready, chosen=chosen, zones=house.zones, weekday=dates.weekday,
        city=partial(hours.city, locale=visitor.locale), again=words(visitor.locale).again,
    )  # fmt: skip


def _weekdays(ticked: str) -> Sequence[tuple[str, int, bool]]:
    """(code, number, whether it is ticked) of each day; what was typed otherwise is understood, where it can be."""
    try:
        chosen = rhythm.read({"weekday": ticked}).weekdays if ticked else ()
    except errors.BadRhythm:
        chosen = ()
    return [(code, number, number in chosen) for number, code in enumerate(rhythm.CODES)]


def _quiet(typed: str) -> Sequence[str]:
    """What can be chosen for the quiet months: the usual two, and what it is now."""
    return list(dict.fromkeys(("none", "monthly", typed or "none")))


def _tally(preview: Preview | None) -> Sequence[tuple[Fate, int]]:
    """How many dates have each fate, those that change something first."""
    if preview is None:
        return []
    return [(one, count) for one in Fate if (count := preview.count(one))]
