"""``tertulia debate edit, move, clone, cancel``: a debate that has not begun is changed by hand."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from bot import dates
from bot.cli import home, show
from bot.cli.language import say, speaking
from bot.cli.options import DebateId, Starts, start_of
from bot.ports import OPERATOR

if TYPE_CHECKING:
    from bot.actions.moving import When
    from bot.store.engine import Tx
    from bot.tables import Debate

app = typer.Typer()

Title = Annotated[str | None, typer.Option(help=say("El título nuevo."))]
Host = Annotated[str | None, typer.Option(help=say("Quién conduce."))]
Hashtag = Annotated[str | None, typer.Option(help=say("La etiqueta, sin espacios."))]
Zone = Annotated[str, typer.Option(help=say("La zona de esa hora; si no se dice, la que tiene el debate."))]
Why = Annotated[str, typer.Option(help=say("El motivo: se lee donde se anunció el debate, y queda guardado."))]


@app.command(help=say("Cambia el título, la etiqueta o quién conduce un debate que no ha empezado."))
def edit(debate: DebateId, title: Title = None, host: Host = None, hashtag: Hashtag = None) -> None:
    """The debate is called so; what is not given stays."""
    if (title, host, hashtag) == (None, None, None):
        raise typer.BadParameter(speaking()("di qué cambia: --title, --host o --hashtag"))
    from bot.actions import moving

    wording = moving.Wording(title, host, hashtag)
    changed = home.on_debate(debate, lambda tx, row: moving.edit(tx, row, wording, actor=OPERATOR, now=home.now()))
    show.line(speaking()("Cambiado.") if changed else speaking()("Ya era así; no cambia nada."))


@app.command(help=say("Lleva a otra fecha un debate que no ha empezado; lo demás se mueve con él."))
def move(debate: DebateId, starts: Starts, timezone: Zone = "") -> None:
    """The debate begins then; its new date is printed."""
    when = _when(starts, timezone)
    from bot.actions import moving

    house = home.settings().house()

    def verb(tx: "Tx", row: "Debate") -> tuple[bool, datetime, str]:
        moved = moving.move(tx, row, when, house=house, actor=OPERATOR, now=home.now())
        return moved, row.starts_at, row.timezone

    moved, starts_at, zone = home.on_debate(debate, verb)
    text = speaking()
    told = dates.long(starts_at, zone, locale=text.locale)
    show.line(text("Será el {when}.", when=told) if moved else text("Ya era así; no cambia nada."))


@app.command(
    help=say("Planifica otro debate igual, con sus preguntas y su encuesta, en otra fecha; escribe solo su id.")
)
def clone(debate: DebateId, starts: Starts, timezone: Zone = "") -> None:
    """Another debate like it is planned; its id alone is printed, and on standard error what came along."""
    when = _when(starts, timezone)
    from bot.actions import moving

    house = home.settings().house()

    def verb(tx: "Tx", row: "Debate") -> tuple[int | None, str]:
        made = moving.clone(tx, row, when, house=house, actor=OPERATOR, now=home.now())
        return made.id, moving.comes_along(tx, row, speaking())

    made, along = home.on_debate(debate, verb)
    show.line(str(made))
    show.note(along)


@app.command(help=say("Cancela un debate que no ha empezado."))
def cancel(debate: DebateId, why: Why = "") -> None:
    """The debate will not be held."""
    from bot.actions import plan

    told = home.on_debate(debate, lambda tx, row: plan.cancel(tx, row, actor=OPERATOR, now=home.now(), why=why))
    show.line(speaking()("Cancelado; se avisa donde se anunció.") if told else speaking()("Cancelado."))


def _when(starts: str, timezone: str) -> "When":
    local = start_of(starts, timezone)
    if local is None:
        raise typer.BadParameter(speaking()("falta cuándo empieza: --starts 2027-01-14T19:00"), param_hint="--starts")
    from bot.actions.moving import When

    return When(local, timezone)
