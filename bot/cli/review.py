"""``tertulia review``: what of a debate's filing is doubtful, filed by hand from the terminal."""

import re
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot import errors, localtime
from bot.cli import home, show
from bot.cli.language import say, speaking
from bot.cli.options import AsJson, DebateId
from bot.ports import OPERATOR

if TYPE_CHECKING:
    from bot.store.engine import Tx
    from bot.tables import Debate
    from bot.transcript import Line

app = typer.Typer()

_FILED = re.compile(r"(\d{1,9}):[A-Za-z]?(\d{1,3})")


@app.command(help=say("Lo que está colocado sin certeza en un debate; colócalo a mano."))
def review(
    debate: DebateId,
    file: Annotated[
        list[str],
        typer.Option(
            "--file", metavar="MESSAGE:P", help=say("Coloca un mensaje, por ejemplo 12:P2; 12:0, en ninguna pregunta.")
        ),
    ] = [],  # noqa: B006  (typer reads it; nobody changes it)
    undo: Annotated[bool, typer.Option("--undo", help=say("Deshace la última corrección."))] = False,
    as_json: AsJson = False,
) -> None:
    """Guesses and contradictions are listed, or messages filed by hand, or the last of those taken back."""
    wanted = [_meant(one) for one in file]
    if wanted or undo:
        home.on_debate(debate, lambda tx, row: _correct(tx, row, wanted, undo=undo))
    with home.opened() as store, store.read() as tx:
        rows = _doubtful(tx, debate)
    if as_json:
        show.data([_shape(one) for one in rows])
    elif not (wanted or undo):
        _list(rows)
    else:
        show.line(speaking()("Hecho. Quedan {count} por repasar.", count=len(rows)))


def _meant(text: str) -> tuple[int, int]:
    """(message, question number) of «12:P2»; raises ``MissingArgument``."""
    match = _FILED.fullmatch(text.strip())
    if match is None:
        raise errors.MissingArgument(word="--file", what=speaking()("mensaje y pregunta"), example="--file 12:P2")
    return int(match[1]), int(match[2])


def _correct(tx: "Tx", debate: "Debate", wanted: list[tuple[int, int]], *, undo: bool) -> None:
    from bot.actions import refile

    if undo:
        refile.undo(tx, debate, actor=OPERATOR, now=home.now())
    for message, number in wanted:
        refile.by_hand(tx, debate, message, number or None, actor=OPERATOR, now=home.now())


def _doubtful(tx: "Tx", debate: str) -> "list[Line]":
    from bot.store import debates
    from bot.store import review as store

    return store.doubtful(tx, debates.ident(debates.get(tx, debate)))


def _list(rows: "list[Line]") -> None:
    from bot.store.review import doubt

    text = speaking()
    if not rows:
        show.note(text("No hay nada que repasar."))
    heads = ("ID", "P", text("MOTIVO"), text("DE"), text("MENSAJE"))
    show.table(heads, [(one.id, one.question, text.term("doubt", doubt(one)), one.author, one.text) for one in rows])


def _shape(one: "Line") -> dict[str, Any]:
    from bot.store.review import doubt

    return {
        "message": str(one.id), "platform": one.platform, "author": one.author, "text": one.text,
        "posted_at": localtime.iso(one.posted_at), "question": one.question, "filed_by": one.filed_by,
        "confidence": one.confidence, "conflict": one.conflict, "why": doubt(one),
    }  # fmt: skip
