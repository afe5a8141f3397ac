"""The year as a picture: its months and weeks with the debates in them, and its seasons one below the other."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from bot import dates, localtime
from bot.debate import OVER, Phase
from bot.series import YEARS
from bot.store import debates
from bot.store import seasons as store
from bot.tables import Debate
from bot.tables_year import Season
from handlers.room.context import page, room_of, visitor_of

# What was called off or never took place is not in the picture.
_NOT_DRAWN = frozenset({Phase.CANCELLED, Phase.MISSED})
# With so many debates a month is a peak, and drawn the darkest.
PEAK = 3
_DAY = timedelta(days=1)
_NEVER = datetime.max.replace(tzinfo=UTC)
# The days of a month in sevens, as a rhythm counts its weeks (bot/rhythm.py).
WEEKS = ("1-7", "8-14", "15-21", "22-28", "29-31")


@dataclass(frozen=True, slots=True)
class Mark:
    """A debate in the picture."""

    slug: str
    title: str
    day: int
    draft: bool
    over: bool


@dataclass(frozen=True, slots=True)
class Week:
    """The debates in a week of a month; ``heat`` is 0 where there is none, and ``PEAK`` in a month full of them."""

    marks: tuple[Mark, ...]
    heat: int


@dataclass(frozen=True, slots=True)
class Month:
    """A row of the picture."""

    name: str
    weeks: tuple[Week, ...]
    total: int


@dataclass(frozen=True, slots=True)
class Group:
    """A season and its debates; without a season, those that belong to none."""

    season: Season | None
    debates: tuple[Debate, ...]

    @property
    def standing(self) -> int:
        """How many of them the picture has: a cancelled one is listed and not counted."""
        return sum(one.phase not in _NOT_DRAWN for one in self.debates)


async def year(request: Request) -> Response:
    """A year and its seasons; whoever moderates sees drafts, too, and the way to plan."""
    room, visitor = room_of(request), visitor_of(request)
    now = localtime.wall(room.clock(), room.house.timezone).year
    asked = request.query_params.get("year", str(now))
    if not (asked.isascii() and asked.isdecimal() and len(asked) == 4 and YEARS[0] <= int(asked) <= YEARS[1]):
        raise HTTPException(404)
    wanted = int(asked)
    # A day more on either side: a year begins on the clocks of each debate.
    since, until = datetime(wanted, 1, 1, tzinfo=UTC) - _DAY, datetime(wanted + 1, 1, 1, tzinfo=UTC) + _DAY
    with room.store.read() as tx:
        around = debates.around(tx, since, until, drafts=visitor.moderator)
        seasons = store.every(tx)
    years = sorted({now, now + 1, *map(_year_of, around), *(one.year for one in seasons)})
    here = [one for one in around if _year_of(one) == wanted]
    ours = [one for one in seasons if one.year == wanted]
    groups = [one for one in grouped(ours, here) if one.debates or visitor.moderator]
    return page(
        request, "year.html", visitor=visitor, year=wanted, months=drawn(here, visitor.locale), groups=groups,
        earlier=max((one for one in years if one < wanted), default=None),
        later=min((one for one in years if one > wanted), default=None), weeks=WEEKS,
        done=request.query_params.get("done", ""), may_plan=visitor.moderator and wanted >= now,
    )  # fmt: skip


def drawn(shown: Iterable[Debate], locale: str) -> list[Month]:
    """The rows of a year's picture, each debate on the day that its own zone has."""
    by_month: dict[int, list[Mark]] = {}
    for one in shown:
        if one.phase in _NOT_DRAWN:
            continue
        local = localtime.wall(one.starts_at, one.timezone)
        mark = Mark(one.slug, one.title, local.day, one.phase == Phase.DRAFT, one.phase in OVER)
        by_month.setdefault(local.month, []).append(mark)
    rows = []
    for month in range(1, 13):
        marks = sorted(by_month.get(month, []), key=lambda mark: mark.day)
        weeks = [tuple(mark for mark in marks if (mark.day - 1) // 7 == number) for number in range(len(WEEKS))]
        cells = [Week(week, min(len(marks), PEAK) if week else 0) for week in weeks]
        rows.append(Month(dates.month(month, locale=locale), tuple(cells), len(marks)))
    return rows


def grouped(seasons: Sequence[Season], shown: Sequence[Debate]) -> list[Group]:
    """The debates by season in the order in which the seasons begin, and those without one last."""
    found = [Group(one, tuple(debate for debate in shown if debate.season_id == one.id)) for one in seasons]
    found.sort(key=lambda group: group.debates[0].starts_at if group.debates else _NEVER)
    ids = {one.id for one in seasons}
    others = tuple(one for one in shown if one.season_id not in ids)
    return [*found, Group(None, others)] if others else found


def _year_of(one: Debate) -> int:
    return localtime.wall(one.starts_at, one.timezone).year
