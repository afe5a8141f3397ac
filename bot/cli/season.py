"""``tertulia season …``: a year proposed date by date, planned after a yes, and changed."""

import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli import home, show
from bot.cli.language import say, speaking
from bot.cli.options import AsJson, Really
from bot.ports import OPERATOR

if TYPE_CHECKING:
    from bot.actions.seasons import Wanted
    from bot.cli.year import Shape
    from bot.subjects import Subject

app = typer.Typer(no_args_is_help=True)
# What is left of a value with spaces that nobody put between quotes: named, with what to do.
_SPARE = {"allow_extra_args": True}


def _year(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise typer.BadParameter(speaking()("«{text}» no es un año, por ejemplo 2027", text=text[:40]))
    return int(text)


Year = Annotated[int, typer.Argument(parser=_year, metavar="YEAR", help=say("El año, por ejemplo 2027."))]
SeasonId = Annotated[str, typer.Argument(metavar="SEASON", help=say("El nombre corto de la temporada: 2027-enero"))]
SeriesId = Annotated[str, typer.Argument(metavar="SERIES", help=say("El id de la serie: tertulia series list"))]
Zone = Annotated[str, typer.Option("--zone", help=say("La zona de la hora, por ejemplo Europe/Madrid."))]
Weekday = Annotated[
    list[str] | None, typer.Option(help=say("Los días de la semana, por ejemplo jueves o martes,jueves."))
]
At = Annotated[str, typer.Option(help=say("La hora, por ejemplo 19:00."))]
PerWeek = Annotated[str, typer.Option(help=say("Cuántos debates por semana en los picos."))]
Skip = Annotated[
    list[str] | None, typer.Option(metavar="DATE", help=say("Un día que se salta: 2027-01-21. Puede repetirse."))
]
Quiet = Annotated[
    str, typer.Option(help=say("Los meses tranquilos: none, monthly (el primer día de cada uno) o sus números, 3,5."))
]
Topics = Annotated[list[str] | None, typer.Option("--subject", help=say("Qué debates, por su nombre y en su orden."))]
Host = Annotated[str, typer.Option(help=say("Quién conduce; si no, quien diga cada debate."))]
Hashtag = Annotated[str, typer.Option(help=say("La etiqueta; si no, la de cada debate."))]
Minutes = Annotated[str, typer.Option(help=say("Cuántos minutos dura cada debate; si no, los suyos."))]
Folder = Annotated[
    Path | None, typer.Option("--debates", metavar="DIR", help=say("Una carpeta con ficheros de debate: sus temas."))
]
Begins = Annotated[str, typer.Option("--from", metavar="DATE", help=say("El primer día de una temporada propia."))]
Ends = Annotated[str, typer.Option("--to", metavar="DATE", help=say("El último día de una temporada propia."))]
Title = Annotated[str, typer.Option(help=say("El título de una temporada propia, que va de --from a --to."))]

# By which option each field of a rhythm is said.
OPTIONS: Mapping[str, str] = {
    "timezone": "--zone", "weekday": "--weekday", "at": "--at", "per_week": "--per-week", "skip": "--skip",
    "quiet": "--quiet", "subjects": "--subject", "host": "--host", "hashtag": "--hashtag", "minutes": "--minutes",
    "begins": "--from", "ends": "--to",
}  # fmt: skip


@app.command(
    context_settings=_SPARE,
    help=say("Propone todas las fechas de un año, con lo que chocan, y las planifica si dices que sí."),
)
def plan(  # noqa: PLR0913, PLR0917  (the options of a rhythm)
    context: typer.Context, year: Year,
    timezone: Zone = "", weekday: Weekday = None, at: At = "", per_week: PerWeek = "", skip: Skip = None,
    quiet: Quiet = "", subjects: Topics = None, host: Host = "", hashtag: Hashtag = "", minutes: Minutes = "",
    debates: Folder = None, title: Title = "", begins: Begins = "", ends: Ends = "", yes: Really = False,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """The dates of a year are shown and, after a yes, planned; those that somebody touched stay as they are."""
    from bot.actions.seasons import Wanted

    if any((title, begins, ends)) and not all((title, begins, ends)):
        raise typer.BadParameter(speaking()("una temporada propia lleva --title, --from y --to"), param_hint="--title")
    _plan(Wanted(year, _typed(context), _subjects(debates), title=title), yes=yes, as_json=as_json)


@app.command(
    context_settings=_SPARE, help=say("Cambia el ritmo de una temporada: mueve solo los debates que nadie ha tocado.")
)
def change(  # noqa: PLR0913, PLR0917  (the options of a rhythm)
    context: typer.Context, season: SeasonId,
    timezone: Zone = "", weekday: Weekday = None, at: At = "", per_week: PerWeek = "", skip: Skip = None,
    quiet: Quiet = "", subjects: Topics = None, host: Host = "", hashtag: Hashtag = "", minutes: Minutes = "",
    debates: Folder = None, begins: Begins = "", ends: Ends = "", yes: Really = False, as_json: AsJson = False,
) -> None:  # fmt: skip
    """The dates that a season would have are shown and, after a yes, its debates moved, added and taken back."""
    from bot.actions.seasons import Wanted

    _plan(Wanted(typed=_typed(context), subjects=_subjects(debates), season=season), yes=yes, as_json=as_json)


@app.command("list", help=say("Las temporadas planificadas."))
def list_all(as_json: AsJson = False) -> None:
    """Every season is listed, with how many debates it has and between which dates."""
    from bot.cli import year as shapes
    from bot.store import seasons

    rows = home.read(lambda tx: [shapes.season(tx, one) for one in seasons.every(tx)])
    if as_json:
        show.data(rows)
        return
    text = speaking()
    if not rows:
        show.line(text("Todavía no hay ninguna temporada. Planifica un año: tertulia season plan 2027"))
    show.table(
        (text("TEMPORADA"), text("DEBATES"), text("PRIMERO"), text("ÚLTIMO"), text("ZONA"), text("TÍTULO")),
        [
            (one["slug"], one["debates"], _day(one["first"]), _day(one["last"]), one["timezone"], one["title"])
            for one in rows
        ],
    )


@app.command("show", help=say("Una temporada con su ritmo y sus debates."))
def show_one(season: SeasonId, as_json: AsJson = False) -> None:
    """The season is shown with its rhythm and all its debates, those of series among them."""
    from bot.cli import year as of_year

    found = home.read(lambda tx: of_year.shown(tx, season))
    if as_json:
        show.data(found)
        return
    text = speaking()
    show.line(f"{found['title']}  ({found['slug']})")
    show.line(_rhythm(found))
    show.line("")
    show.table(
        ("ID", text("FASE"), text("COMIENZO"), text("ZONA"), text("TÍTULO")),
        [
            (one["id"], text.term("phase", one["phase"]), one["local"][:16], one["timezone"], one["title"])
            for one in found["dates"]
        ],
    )


def _rhythm(found: "Shape") -> str:
    """The rhythm of a season as it is typed; where it has none, whose dates they are."""
    if found["rhythm"] is None:
        return speaking()(
            "Nadie la ha planificado: sus fechas son de series (tertulia series list). Para darle más: tertulia season "
            "plan {year}", year=found["year"],
        )  # fmt: skip
    said = {option: found["rhythm"][name] for name, option in OPTIONS.items()}
    return " ".join(f"{option} {shlex.quote(value)}" for option, value in said.items() if value not in {"", "0"})


@app.command(help=say("Confirma que una serie sigue en una temporada: sus fechas dejan de ser borradores."))
def confirm(series: SeriesId, season: SeasonId) -> None:
    """The drafts of the series in the season will be held."""
    from bot.actions import series as actions
    from bot.cli import year as of_year
    from bot.store import seasons

    house = home.settings().house()
    done = home.write(
        lambda tx: actions.confirm(
            tx, seasons.one_series(tx, series), season, house=house, actor=OPERATOR, now=home.now()
        )
    )  # fmt: skip
    of_year.told(speaking(), done)
    show.line(speaking()("Confirmada."))


def _plan(wanted: "Wanted", *, yes: bool, as_json: bool) -> None:
    """What is wanted is shown; it is written after a yes, and only as it was shown."""
    from bot import errors, rhythm
    from bot.actions import seasons
    from bot.cli import year as of_year

    text, house = speaking(), home.settings().house()
    try:
        preview = home.read(lambda tx: seasons.propose(tx, wanted, house=house, now=home.now()))
    except errors.BadRhythm as refusal:
        raise rhythm.called(refusal, OPTIONS) from None
    if not as_json:
        of_year.draw(text, preview)
        show.line(of_year.counted(text, preview))
    if preview.nothing or (as_json and not yes):
        if as_json:
            show.data(of_year.planned(preview, written=False))
        else:
            show.line(text("No hay nada que cambiar."))
        return
    if not yes and not _agreed():
        raise typer.Exit(1)
    done = home.write(
        lambda tx: seasons.write(
            tx, wanted, house=house, actor=OPERATOR, now=home.now(), seen=preview.mark
        )
    )  # fmt: skip
    if as_json:
        show.data(of_year.planned(done, written=True))
    else:
        show.line(text("Escrito."))


def _agreed() -> bool:
    """Whether somebody at a terminal says yes; says why nothing is written otherwise."""
    text = speaking()
    if not sys.stdin.isatty():
        show.note(text("No se ha escrito nada: aquí no hay a quién preguntar. Si te parece bien, añade --yes."))
        return False
    if not show.agreed(text("¿Lo escribo?")):
        show.note(text("No se ha escrito nada."))
        return False
    return True


def _typed(context: typer.Context) -> dict[str, str]:
    """What was said of the rhythm, by its fields: each has an option's value under its own name."""
    if context.args:
        spare = " ".join(context.args)[:80]
        raise typer.BadParameter(
            speaking()("sobra «{spare}»: lo que lleva espacios va entre comillas. No se ha guardado nada.", spare=spare)
        )
    said = {name: context.params.get(name) for name in OPTIONS}
    return {name: ",".join(value) if isinstance(value, list) else str(value) for name, value in said.items() if value}


def _subjects(folder: Path | None) -> "tuple[Subject, ...]":
    from bot import subjects

    return subjects.folder(folder) if folder is not None else ()


def _day(instant: str | None) -> str | None:
    return instant[:10] if instant else None
