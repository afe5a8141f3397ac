"""What the commands of the year print: a preview for people, date by date, and the shapes that scripts read."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from bot import dates, hours, localtime
from bot.cli import show
from bot.cli.language import speaking
from bot.words.catalogue import Words

if TYPE_CHECKING:
    from bot.actions.seasons import Line, Preview
    from bot.actions.series import Done
    from bot.season import Hour
    from bot.store.engine import Tx
    from bot.tables import Debate
    from bot.tables_year import Season, Series

Shape = dict[str, Any]


# --- a preview -------------------------------------------------------------------------------------------------------


def draw(text: Words, preview: "Preview") -> None:
    """Every date with what becomes of it, its subject and host, the hour in each zone, and what it collides with."""
    season = ""
    for line in preview.lines:
        if line.season.slug != season:
            season = line.season.slug
            show.line(f"{text.again(line.season.title)} ({season})")
        _draw(text, line)


def _draw(text: Words, line: "Line") -> None:
    when = dates.long(line.occurrence.instant, line.occurrence.zone, locale=text.locale)
    show.line(f"  {when} · {fates(text)[line.fate]}")
    host = " · " + text("Conduce {host}", host=line.host) if line.host else ""
    show.line(f"    {line.title}{host}")
    if line.was is not None and line.was != line.occurrence.instant:
        show.line(
            "    " + text("Ahora está el {when}.", when=dates.long(line.was, line.occurrence.zone, locale=text.locale))
        )
    show.line("    " + " · ".join(_hour(text, one, line) for one in line.hours if one.zone != line.occurrence.zone))
    for why in [*([line.why] if line.why else []), *(one.what for one in line.collisions)]:
        show.line(f"    ! {text.again(why)}")


def _hour(text: Words, hour: "Hour", line: "Line") -> str:
    """«Santiago 15:00», with the day where it is another one there."""
    city = hours.city(hour.zone, locale=text.locale)
    day = f" ({hour.wall:%d/%m})" if hour.wall.date() != line.occurrence.wall.date() else ""
    return f"{city} {hour.wall:%H:%M}{day}"


def fates(text: Words) -> dict[str, str]:
    """What becomes of a date, in words."""
    return {
        "new": text("nuevo"),
        "move": text("se mueve aquí"),
        "stay": text("ya está"),
        "left": text("se queda como está"),
        "drop": text("se quita"),
        "taken": text("no cabe: se deja fuera"),
        "past": text("ya ha pasado: se deja fuera"),
    }


def counted(text: Words, preview: "Preview") -> str:
    """How many dates have which fate: «8 nuevo, 2 ya está»."""
    named = [(preview.count(fate), name) for fate, name in fates(text).items()]  # type: ignore[arg-type]  # a StrEnum's
    return ", ".join(f"{name}: {count}" for count, name in named if count)


def planned(preview: "Preview", *, written: bool) -> Shape:
    """A preview as scripts read it."""
    return {
        "written": written,
        "nothing": preview.nothing,
        "seasons": [{"slug": slug, "rhythm": beat.fields()} for slug, beat in preview.rhythms.items()],
        "dates": [_line(one) for one in preview.lines],
    }


def _line(line: "Line") -> Shape:
    return {
        "season": line.season.slug,
        "fate": line.fate.value,
        "starts_at": localtime.iso(line.occurrence.instant),
        "timezone": line.occurrence.zone,
        "local": localtime.wall(line.occurrence.instant, line.occurrence.zone).isoformat(),
        "title": line.title,
        "host": line.host,
        "debate": str(line.debate) if line.debate is not None else None,
        "was": localtime.iso(line.was),
        "why": line.why or None,
        "hours": [
            {"zone": one.zone, "local": localtime.written(one.wall), "unusual": one.unusual} for one in line.hours
        ],
        "collisions": [{"kind": one.kind.value, "what": str(one.what), "where": one.where} for one in line.collisions],
    }


# --- what is kept ----------------------------------------------------------------------------------------------------


def season(tx: "Tx", row: "Season") -> Shape:
    """A season with how many debates it has and between which dates."""
    from bot import rhythm
    from bot.store import seasons

    return {
        "slug": row.slug,
        "year": row.year,
        "kind": row.kind,
        "title": row.title,
        "timezone": row.timezone,
        "rhythm": rhythm.from_json(row.rhythm).fields(),
        **_span(seasons.planned(tx, seasons.ident(row))),
    }


def shown(tx: "Tx", wanted: str) -> Shape:
    """A season with all its debates; one that only series name has no rhythm. Raises ``NoSuchSeason``."""
    from bot import errors
    from bot.actions.seasons import of_series_alone
    from bot.cli import shapes
    from bot.store import seasons

    try:
        row = seasons.get(tx, wanted)
    except errors.NoSuchSeason:
        stretch, held = of_series_alone(tx, wanted)
        found: Shape = {
            "slug": stretch.slug, "year": stretch.year, "kind": stretch.kind, "title": speaking().again(stretch.title),
            "timezone": held[0].timezone, "rhythm": None, **_span(held),
        }  # fmt: skip
    else:
        held = seasons.held(tx, seasons.ident(row))
        found = season(tx, row)
    return {**found, "dates": [shapes.debate(tx, one) for one in held]}


def _span(rows: "Sequence[Debate]") -> Shape:
    """How many debates stand, and between which dates."""
    starts = sorted(one.starts_at for one in rows if one.phase != "cancelled")
    return {
        "debates": len(starts),
        "first": localtime.iso(starts[0]) if starts else None,
        "last": localtime.iso(starts[-1]) if starts else None,
    }


def series(tx: "Tx", row: "Series", *, now: datetime) -> Shape:
    """A series with its debates to come by season, and until when each season can be confirmed."""
    from bot.actions.series import season_of
    from bot.store import seasons

    ident = seasons.series_ident(row)
    known = seasons.confirmed(tx, ident)
    found: dict[str, list[Debate]] = {}
    for one in seasons.unheld(tx, ident):
        if one.occurrence and one.starts_at > now:
            found.setdefault(season_of(one), []).append(one)
    return {
        "id": str(row.id),
        "title": row.title,
        "rule": row.rule,
        "starts": row.starts,
        "timezone": row.timezone,
        "ended_at": localtime.iso(row.ended_at),
        "seasons": [
            {
                "season": slug,
                "confirmed": slug in known,
                "until": None if slug in known else localtime.iso(_until(tx, group)),
                "debates": [_debate(one) for one in group],
            }
            for slug, group in found.items()
        ],
    }


def _debate(row: "Debate") -> Shape:
    local = localtime.wall(row.starts_at, row.timezone).isoformat()
    return {"id": str(row.id), "phase": row.phase, "title": row.title, "local": local, "timezone": row.timezone}


def _until(tx: "Tx", group: "list[Debate]") -> datetime | None:
    """When the first of a season's drafts leaves the calendar."""
    from bot.store import debates

    cues = [cue for one in group for cue in debates.cues(tx, debates.ident(one))]
    return min((cue.due_at for cue in cues if cue.key == "lapse" and cue.state == "planned"), default=None)


def told(text: Words, done: "Done") -> None:
    """What came of a change of a series: on standard error, for the output is for scripts."""
    for what, found in (
        (text("nuevos"), done.made),
        (text("movidos"), done.moved),
        (text("confirmados"), done.confirmed),
        (text("cancelados"), done.cancelled),
    ):
        starts = sorted(found, key=lambda one: one.starts_at)
        if starts:
            first, last = (
                dates.long(one.starts_at, one.timezone, locale=text.locale) for one in (starts[0], starts[-1])
            )
            show.note(
                text("{what}: {count}, del {first} al {last}", what=what, count=len(starts), first=first, last=last)
                if len(starts) > 1
                else f"{what}: {first}"
            )
    for left in done.left:
        show.note(text("se queda como está: {date}: {why}", date=left.date.replace("T", " "), why=text.again(left.why)))
