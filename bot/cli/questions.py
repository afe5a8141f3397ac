"""``tertulia question …``: the run-sheet's questions and those that the audience proposes."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot import errors
from bot.cli import home, show
from bot.cli.language import say, speaking
from bot.cli.options import AsJson, DebateId, QuestionId
from bot.ports import OPERATOR
from bot.words.catalogue import Words

if TYPE_CHECKING:
    from bot.store.engine import Tx
    from bot.tables import Debate

app = typer.Typer(no_args_is_help=True)

AnyDebate = Annotated[
    str | None,
    typer.Argument(metavar="DEBATE", help=say("Su id o nombre corto; sin él, el que está en marcha o el que viene.")),
]


@app.command("list", help=say("Las preguntas de un debate, en su orden."))
def list_all(debate: AnyDebate = None, as_json: AsJson = False) -> None:
    """The questions of a debate are listed in the order of its run-sheet."""
    from bot.cli import shapes
    from bot.store import debates

    rows = home.read(lambda tx: shapes.asked(tx, debates.ident(_meant(tx, debate))))
    if as_json:
        show.data(rows)
        return
    text = speaking()
    heads = ("ID", "P", text("ESTADO"), text("VOTOS"), text("DE"), text("PREGUNTA"))
    show.table(heads, [_row(text, one) for one in rows])


def _row(text: Words, one: Mapping[str, Any]) -> tuple[Any, ...]:
    return one["id"], one["number"], text.term("state", one["state"]), one["votes"], one["asker"], one["text"]


def _meant(tx: "Tx", debate: str | None) -> "Debate":
    """The debate that was named, or else the one that is going on, or else the next to come."""
    from bot.store import debates

    if debate is not None:
        return debates.get(tx, debate)
    found = [*debates.listening(tx), *debates.coming(tx, limit=1)]
    if not found:
        raise errors.NoDebateHere
    return found[0]


@app.command(help=say("Añade una pregunta al final del guion; escribe solo su id."))
def add(
    debate: DebateId,
    text: Annotated[str, typer.Argument(metavar="TEXT", help=say("La pregunta."))],
    answer: Annotated[str, typer.Option(help=say("Una respuesta preparada, que sale con ella."))] = "",
) -> None:
    """The question stands at the end of the run-sheet; its id alone is printed."""
    from bot.actions import plan

    added = home.on_debate(
        debate, lambda tx, row: plan.add_question(tx, row, text, actor=OPERATOR, now=home.now(), answer=answer).id
    )
    show.line(str(added))


@app.command(help=say("Aprueba una pregunta propuesta."))
def approve(
    question: QuestionId,
    first: Annotated[bool, typer.Option("--next", help=say("Que sea la siguiente en salir."))] = False,
) -> None:
    """The question stands in the run-sheet."""
    from bot.actions import ask

    home.write(lambda tx: ask.approve(tx, question, actor=OPERATOR, now=home.now(), first=first))
    show.line(speaking()("Aprobada."))


@app.command(help=say("Rechaza una pregunta; a quien la propuso se le dice el motivo."))
def decline(
    question: QuestionId, reason: Annotated[str, typer.Option(help=say("El motivo, tal como lo leerá quien preguntó."))]
) -> None:
    """The question will not be asked."""
    from bot.actions import ask

    home.write(lambda tx: ask.decline(tx, question, reason=reason, actor=OPERATOR, now=home.now()))
    show.line(speaking()("Rechazada."))


@app.command(help=say("Lleva a otro debate, como propuestas, las preguntas que quedaron abiertas en uno."))
def carry(
    source: Annotated[str, typer.Argument(metavar="FROM", help=say("El debate en que quedaron."))],
    target: Annotated[str, typer.Argument(metavar="TO", help=say("El debate al que van."))],
    question: Annotated[
        list[int] | None, typer.Argument(metavar="QUESTION…", help=say("Solo estas; sin nada, todas."))
    ] = None,
) -> None:
    """The open questions of a debate wait in another; their new ids are printed, one a line."""
    from bot.actions import carry as actions
    from bot.store import debates

    def action(tx: "Tx") -> list[int]:
        where = debates.get(tx, source), debates.get(tx, target)
        made = actions.carry(tx, *where, actor=OPERATOR, now=home.now(), only=question or ())
        return [one.id or 0 for one in made]

    for ident in home.write(action):
        show.line(str(ident))


@app.command(help=say("Une una pregunta a otra, que se queda con los votos de las dos."))
def merge(
    question: QuestionId, into: Annotated[int, typer.Argument(metavar="INTO", help=say("El id de la que se queda."))]
) -> None:
    """The first question is one with the second."""
    from bot.actions import ask

    home.write(lambda tx: ask.merge(tx, question, into=into, actor=OPERATOR, now=home.now()))
    show.line(speaking()("Unida."))
