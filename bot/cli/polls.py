"""``tertulia poll …``: what is asked before a debate, on the next subject, and how it was."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli import home, show
from bot.cli.language import say, speaking
from bot.cli.options import AsJson, DebateId
from bot.ports import OPERATOR

if TYPE_CHECKING:
    from bot.store.engine import Tx
    from bot.tables import Debate
    from bot.tables_year import Poll

app = typer.Typer(no_args_is_help=True)

KindName = Annotated[str, typer.Option("--kind", help=say("before, topic o pulse."))]


@app.command(help=say("Pone una encuesta antes de un debate, o abre la votación de su tema (--kind topic)."))
def add(
    debate: DebateId,
    text: Annotated[str, typer.Argument(metavar="TEXT", help=say("Lo que se pregunta."))] = "",
    option: Annotated[
        list[str] | None, typer.Option("--option", "-o", help=say("Una opción; repítelo para cada una."))
    ] = None,
    several: Annotated[bool, typer.Option("--several", help=say("Se pueden elegir varias."))] = False,
    other: Annotated[bool, typer.Option("--other", help=say("Con «otra cosa», en texto libre."))] = False,
    kind: KindName = "before",
) -> None:
    """The debate has the poll; a vote on its subject without a text offers the ready-made ones."""
    from bot import poll
    from bot.actions import after, polls

    wanted = poll.kind_of(kind)

    def action(tx: "Tx", row: "Debate") -> None:
        if wanted is poll.Kind.TOPIC and not text and not option:
            after.choose_topic(tx, row, actor=OPERATOR, now=home.now())
            return
        made = poll.Planned(text, tuple(option or ()), several, other)
        polls.add(tx, row, made, kind=wanted, actor=OPERATOR, now=home.now())

    home.on_debate(debate, action)
    show.line(speaking()("Guardada."))


@app.command("show", help=say("Las encuestas de un debate y lo que ha salido."))
def show_all(debate: DebateId, as_json: AsJson = False) -> None:
    """Every poll of a debate is shown; an anonymous one only closed, and when enough have answered."""
    from bot.exports.wording import people, poll_lines
    from bot.store import debates

    def look(tx: "Tx") -> list[tuple[dict[str, Any], list[str]]]:
        from bot.store import polls

        row = debates.get(tx, debate)
        found = []
        for one in polls.every(tx, debates.ident(row)):
            shape = _shape(tx, one, row)
            lines = poll_lines(speaking(), polls.result(tx, one)) if shape["options"] is not None else []
            found.append((shape, lines))
        return found

    rows = home.read(look)
    if as_json:
        show.data([shape for shape, _lines in rows])
        return
    text = speaking()
    for shape, lines in rows:
        if shape["state"] == "off":
            show.line(f"{shape['kind']} · {text('No se preguntará.')}")
            continue
        state = {"planned": text("por abrir"), "open": text("abierta"), "closed": text("cerrada")}[shape["state"]]
        show.line(f"{shape['kind']} · {state} · {people(text, shape['people'])}")
        for line in [shape["text"], *lines]:
            show.line(f"  {line}")
        if shape["options"] is None:
            show.line("  " + text("No se muestra todavía: es anónima."))
    if not rows:
        show.line(text("Este debate no tiene encuestas."))


@app.command(help=say("Cierra una encuesta; la que aún no se ha abierto ya no se abre."))
def close(debate: DebateId, kind: KindName = "before") -> None:
    """The poll takes no more answers."""
    from bot import poll
    from bot.actions import polls

    wanted = poll.kind_of(kind)
    home.on_debate(debate, lambda tx, row: polls.close(tx, row, wanted, actor=OPERATOR, now=home.now()).kind)
    show.line(speaking()("Cerrada."))


@app.command(help=say("Quita de una encuesta un texto libre que no deba leerse."))
def strike(
    debate: DebateId,
    text: Annotated[str, typer.Argument(metavar="TEXT", help=say("El texto, tal como aparece."))],
    kind: KindName = "before",
) -> None:
    """No answer has these free words any more."""
    from bot import poll
    from bot.actions import polls

    wanted = poll.kind_of(kind)
    home.on_debate(debate, lambda tx, row: polls.strike(tx, row, wanted, text, actor=OPERATOR, now=home.now()))
    show.line(speaking()("Quitado."))


def _shape(tx: "Tx", row: "Poll", debate: "Debate") -> dict[str, Any]:
    """A poll as plain data; what came out of an anonymous one is null while it may not be shown."""
    from bot import localtime
    from bot.actions import polls
    from bot.exports.as_jsonl import poll_shape
    from bot.store import polls as store

    found = store.result(tx, row)
    shape: dict[str, Any] = poll_shape(found)
    if not polls.may_show(row, found):
        shape |= {"options": None, "other": None}
    return {
        **shape,
        "state": polls.state_of(row, debate, now=home.now()),
        "opens_at": localtime.iso(row.opens_at),
        "closed_at": localtime.iso(row.closed_at),
    }
