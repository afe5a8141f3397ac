"""``tertulia series …``: debates that come back by a rule, confirmed season by season."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli import debate, home, show
from bot.cli.language import say, speaking
from bot.cli.options import AsJson, Really, Starts, start_of
from bot.cli.season import SeriesId
from bot.ports import OPERATOR

if TYPE_CHECKING:
    from bot.actions.series import Done, Terms
    from bot.store.engine import Tx

app = typer.Typer(no_args_is_help=True)

File = Annotated[
    Path | None,
    typer.Argument(metavar="FILE", help=say("El fichero de debate (TOML) del que sale cada uno, o - para la entrada.")),
]
Ready = Annotated[str, typer.Option(help=say("Uno de los debates ya escritos: tertulia debate ready"))]
Rule = Annotated[str, typer.Option(help=say("La regla, como en un calendario: FREQ=WEEKLY;BYDAY=TH"))]
Zone = Annotated[str, typer.Option(help=say("La zona de esa hora, por ejemplo Europe/Madrid."))]


@app.command(help=say("Añade una serie, con sus fechas en borrador; escribe solo su id."))
def add(rule: Rule, file: File = None, ready: Ready = "", starts: Starts = "", timezone: Zone = "") -> None:
    """There is a series; its id alone is printed, and on the other way what dates it has."""
    if (file is None) == (not ready):
        raise typer.BadParameter(speaking()("da un fichero de debate o --ready NOMBRE"), param_hint="FILE")
    terms = _terms(rule, starts, timezone)
    source = debate.source_of(file, ready)
    from bot.actions import series as actions
    from bot.cli import year as of_year

    house = home.settings().house()
    ident, done = home.write(
        lambda tx: _added(actions.add(tx, source, terms, house=house, actor=OPERATOR, now=home.now()))
    )
    of_year.told(speaking(), done)
    show.line(str(ident))


@app.command("list", help=say("Las series, con sus fechas por temporada y lo que falta por confirmar."))
def list_all(as_json: AsJson = False) -> None:
    """Every series is listed with the seasons in which it has dates, and until when these can be confirmed."""
    from bot.cli import year as shapes
    from bot.store import seasons

    now = home.now()
    rows = home.read(lambda tx: [shapes.series(tx, one, now=now) for one in seasons.every_series(tx)])
    if as_json:
        show.data(rows)
        return
    text = speaking()
    if not rows:
        show.line(
            text("Todavía no hay ninguna serie. Añade una: tertulia series add --rule REGLA --starts FECHA FICHERO")
        )
    show.table(
        ("ID", text("REGLA"), text("TEMPORADA"), text("FECHAS"), text("CONFIRMADA"), text("TÍTULO")),
        [line for one in rows for line in _rows(one)],
    )


def _rows(one: dict[str, Any]) -> list[tuple[Any, ...]]:
    text = speaking()
    if one["ended_at"]:
        return [(one["id"], one["rule"], None, None, text("terminada"), one["title"])]
    if not one["seasons"]:
        return [(one["id"], one["rule"], None, None, None, one["title"])]
    return [
        (
            one["id"],
            one["rule"],
            season["season"],
            len(season["debates"]),
            text("sí") if season["confirmed"] else text("no; hasta el {day}", day=(season["until"] or "")[:10]),
            one["title"],
        )
        for season in one["seasons"]
    ]


@app.command(help=say("Cambia la regla de una serie: mueve solo los debates que nadie ha tocado."))
def change(series: SeriesId, rule: Rule = "", starts: Starts = "", timezone: Zone = "") -> None:
    """The series has the rule from now on."""
    if not (rule or starts or timezone):
        raise typer.BadParameter(speaking()("di qué cambia: --rule, --starts o --timezone"))
    terms = _terms(rule, starts, timezone)
    from bot.actions import series as actions
    from bot.store import seasons

    house = home.settings().house()

    def verb(tx: "Tx") -> "Done":
        row = seasons.one_series(tx, series)
        return actions.change(tx, row, terms, house=house, actor=OPERATOR, now=home.now())

    _told(home.write(verb))


@app.command(help=say("Termina una serie: se cancelan sus debates por venir, menos los que alguien ha tocado."))
def end(series: SeriesId, yes: Really = False) -> None:
    """The series has no further dates."""
    text = speaking()
    # A script that says so means it.
    if not yes and sys.stdin.isatty() and not show.agreed(text("Se cancelarán sus debates por venir. ¿Seguro?")):
        raise typer.Abort
    from bot.actions import series as actions
    from bot.store import seasons

    _told(home.write(lambda tx: actions.end(tx, seasons.one_series(tx, series), actor=OPERATOR, now=home.now())))


def _told(done: "Done") -> None:
    from bot.cli import year as of_year

    of_year.told(speaking(), done)
    show.line(speaking()("Hecho."))


def _terms(rule: str, starts: str, timezone: str) -> "Terms":
    when = start_of(starts, timezone)
    from bot.actions.series import Terms

    return Terms(rule, when, timezone)


def _added(made: "tuple[Any, Done]") -> "tuple[int, Done]":
    row, done = made
    return row.id, done
