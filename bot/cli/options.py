"""Arguments and options that several commands share."""

from datetime import datetime
from typing import Annotated

import typer

from bot import localtime
from bot.cli.language import say, speaking

AsJson = Annotated[bool, typer.Option("--json", help=say("En JSON, para programas."))]
Really = Annotated[bool, typer.Option("--yes", "-y", help=say("De verdad: no preguntes ni te detengas."))]
DebateId = Annotated[str, typer.Argument(metavar="DEBATE", help=say("El id o el nombre corto del debate."))]
QuestionId = Annotated[int, typer.Argument(metavar="QUESTION", help=say("El id de la pregunta."))]
QuestionIds = Annotated[list[int], typer.Argument(metavar="QUESTION…", help=say("Los ids, en el orden nuevo."))]
Where = Annotated[
    str, typer.Argument(metavar="WHERE", help=say("x, room, slack (el canal de siempre) o slack:C0123456."))
]
Starts = Annotated[str, typer.Option(help=say("Cuándo empieza, en hora local: 2027-01-14T19:00"))]
Person = Annotated[str, typer.Argument(metavar="PERSON", help=say("PLATAFORMA:ID, por ejemplo slack:U123 o room:ana."))]


def start_of(starts: str, timezone: str) -> datetime | None:
    """The start that was given by hand, or None; a zone that is none is refused, too."""
    if timezone:
        try:
            localtime.zone(timezone)
        except ValueError as error:
            raise typer.BadParameter(speaking().again(error.args[0]), param_hint="--timezone") from error
    if not starts:
        return None
    try:
        return datetime.fromisoformat(starts)
    except ValueError as error:
        text = speaking()("«{starts}» no es una fecha con hora, por ejemplo 2027-01-14T19:00", starts=starts)
        raise typer.BadParameter(text, param_hint="--starts") from error
