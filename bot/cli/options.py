"""Arguments and options that several commands share."""

from typing import Annotated

import typer

from bot.cli.language import say

AsJson = Annotated[bool, typer.Option("--json", help=say("En JSON, para programas."))]
Really = Annotated[bool, typer.Option("--yes", "-y", help=say("De verdad: no preguntes ni te detengas."))]
DebateId = Annotated[str, typer.Argument(metavar="DEBATE", help=say("El id o el nombre corto del debate."))]
QuestionId = Annotated[int, typer.Argument(metavar="QUESTION", help=say("El id de la pregunta."))]
QuestionIds = Annotated[list[int], typer.Argument(metavar="QUESTION…", help=say("Los ids, en el orden nuevo."))]
Where = Annotated[
    str, typer.Argument(metavar="WHERE", help=say("x, room, slack (el canal de siempre) o slack:C0123456."))
]
Person = Annotated[str, typer.Argument(metavar="PERSON", help=say("PLATAFORMA:ID, por ejemplo slack:U123 o room:ana."))]
