"""``tertulia import …``: what was said elsewhere, brought into the log."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot import localtime
from bot.cli import home, show
from bot.cli.language import say, speaking
from bot.ports import OPERATOR, Platform

if TYPE_CHECKING:
    from bot.ports import Said

app = typer.Typer(no_args_is_help=True)


class Questions(StrEnum):
    """What becomes the questions of an imported debate."""

    NONE = "none"
    ROOTS = "roots"


Title = Annotated[str, typer.Option(help=say("Cómo se llamará; sin él, el canal y sus días."))]


@app.callback()
def several() -> None:
    """There will be more kinds of exports than one, so each has its name."""


@app.command(
    "slack-export", help=say("Convierte un canal de Slack exportado en un debate. Queda cerrado; escribe su id.")
)
def slack_export(
    path: Annotated[Path, typer.Argument(metavar="PATH", help=say("La exportación: su carpeta o su zip."))],
    channel: Annotated[str, typer.Option(help=say("El canal, por su nombre o su identificador."))],
    start: Annotated[
        str, typer.Option("--from", help=say("Solo desde este día u hora: 2020-05-18 o 2020-05-18T19:00"))
    ] = "",
    end: Annotated[str, typer.Option("--to", help=say("Solo hasta este día (incluido) u hora (sin ella)."))] = "",
    title: Title = "",
    questions: Annotated[
        Questions, typer.Option(help=say("roots: los mensajes con hilo son las preguntas."))
    ] = Questions.NONE,
) -> None:
    """The channel is a closed debate; its id alone is printed, how much it holds on standard error."""
    house = home.settings().house()
    start_at, end_at = _instant(start, "--from", house.timezone), _instant(end, "--to", house.timezone, through=True)
    from bot.actions import imports
    from handlers.slack import ahead, export

    left = export.Left()
    opened = export.read(path)
    found, window = opened.channel(channel), export.Window(start_at, end_at)
    roots = opened.roots(found, window) if questions is Questions.ROOTS else []
    origin = imports.Origin(Platform.SLACK, found.id, f"#{found.name}", title.strip(), roots)
    batches = _watched(ahead.said(path, opened, found, window, left), len(found.days))
    done = home.write(lambda tx: imports.bring(tx, batches, origin, house=house, actor=OPERATOR, now=home.now()))
    text = speaking()
    told = text(
        "«{title}»: {messages} mensajes de {people} personas, {questions} preguntas.",
        title=done.title, messages=done.messages, people=done.people, questions=done.questions,
    )  # fmt: skip
    skipped = text(
        "Sin traer: {noise} avisos del sistema, {strange} que no se entienden.", noise=left.noise, strange=left.strange
    )
    show.note(f"{told} {skipped}")
    show.line(str(done.debate_id))


def _watched(days: "Iterator[list[Said]]", total: int) -> "Iterator[list[Said]]":
    """What was said, with a bar that counts the days while a person looks on."""
    with show.progress(speaking()("Importando"), total) as advance:
        for day in days:
            yield day
            advance(1)


def _instant(given: str, option: str, zone: str, *, through: bool = False) -> datetime | None:
    """The instant of a local day or time; ``through`` means the end of a day that came without its time."""
    if not given:
        return None
    try:
        local = datetime.fromisoformat(given)
    except ValueError as error:
        text = speaking()("«{given}» no es un día ni una hora, por ejemplo 2020-05-18 o 2020-05-18T19:00", given=given)
        raise typer.BadParameter(text, param_hint=option) from error
    if through and len(given) <= len("2020-05-18"):
        local += timedelta(days=1)
    return localtime.resolve(local, zone)
