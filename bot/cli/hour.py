"""``tertulia debate open, next, hold …``: the verbs that bend a debate's hour, done by hand."""

from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli import home, show
from bot.cli.language import say, speaking
from bot.cli.options import DebateId, QuestionIds, Really, Where
from bot.ports import OPERATOR

if TYPE_CHECKING:
    from bot.store.engine import Tx
    from bot.tables import Debate

app = typer.Typer()


@app.command("open", help=say("Abre el debate ya, aunque no sea su hora."))
def open_now(debate: DebateId) -> None:
    """The debate is open."""
    from bot.actions import run

    home.on_debate(debate, lambda tx, row: run.open_now(tx, row, actor=OPERATOR, now=home.now()))
    show.line(speaking()("Abierto."))


@app.command("next", help=say("Lanza la siguiente pregunta."))
def ask_next(debate: DebateId, yes: Really = False) -> None:
    """The next question is on its way; it is printed with its number."""
    from bot.actions import run

    asked = home.on_debate(debate, lambda tx, row: run.ask_next(tx, row, actor=OPERATOR, now=home.now(), really=yes))
    show.line(f"P{asked.number}. {asked.text}")


@app.command(help=say("Para el reloj del debate; se siguen tomando respuestas."))
def hold(debate: DebateId) -> None:
    """The debate's hour stands still."""
    from bot.actions import run

    home.on_debate(debate, lambda tx, row: run.hold(tx, row, actor=OPERATOR, now=home.now()))
    show.line(speaking()("En pausa."))


@app.command(help=say("El reloj del debate sigue donde se paró."))
def resume(debate: DebateId) -> None:
    """The debate's hour goes on."""
    from bot.actions import run

    home.on_debate(debate, lambda tx, row: run.resume(tx, row, actor=OPERATOR, now=home.now()))
    show.line(speaking()("En marcha."))


@app.command(help=say("Da más minutos a la pregunta de ahora. Lo demás se corre con ella."))
def extend(
    debate: DebateId, minutes: Annotated[float, typer.Argument(metavar="MINUTES", help=say("Cuántos minutos más."))]
) -> None:
    """The question now open has that many minutes more."""
    from bot.actions import run

    home.on_debate(debate, lambda tx, row: run.extend(tx, row, minutes, actor=OPERATOR, now=home.now()))
    show.line(speaking()("{minutes} minutos más.", minutes=f"{minutes:g}"))


@app.command(help=say("Salta la siguiente pregunta; queda para otro día."))
def skip(debate: DebateId) -> None:
    """The next question is carried over; it is printed."""
    from bot.actions import run

    skipped = home.on_debate(debate, lambda tx, row: run.skip(tx, row, actor=OPERATOR, now=home.now()).text)
    show.line(speaking()("Saltada: {text}", text=skipped))


@app.command(help=say("Cierra el debate; empieza el tiempo de gracia."))
def close(debate: DebateId) -> None:
    """The debate's hour is over."""
    from bot.actions import run

    house = home.settings().house()
    home.on_debate(debate, lambda tx, row: run.close(tx, row, actor=OPERATOR, now=home.now(), house=house))
    show.line(speaking()("Cerrado."))


@app.command(help=say("Borra sin rastro un debate abierto por error."))
def abort(debate: DebateId, yes: Really = False) -> None:
    """The debate has left no trace; what was posted of it is being taken back."""
    from bot.actions import run

    home.on_debate(debate, lambda tx, row: run.abort(tx, row, actor=OPERATOR, now=home.now(), really=yes))
    show.line(speaking()("Anulado sin dejar rastro."))


@app.command(help=say("Añade un lugar al debate, también en marcha. Allí salen la bienvenida y la pregunta abierta."))
def join(debate: DebateId, where: Where) -> None:
    """The debate is held there, too; its places are printed."""
    from bot.actions import places
    from bot.store import debates

    house = home.settings().house()

    def verb(tx: "Tx", row: "Debate") -> list[str]:
        places.join(tx, row, where, house=house, actor=OPERATOR, now=home.now())
        return [place.platform for place in debates.places(tx, debates.ident(row))]

    show.line(", ".join(home.on_debate(debate, verb)))


@app.command(help=say("Quita un lugar del debate, también en marcha. Lo que se dijo allí se queda."))
def leave(debate: DebateId, where: Where) -> None:
    """The debate is held there no more; its places are printed."""
    from bot.actions import places
    from bot.store import debates

    def verb(tx: "Tx", row: "Debate") -> list[str]:
        places.leave(tx, row, where, actor=OPERATOR, now=home.now())
        return [place.platform for place in debates.places(tx, debates.ident(row))]

    show.line(", ".join(home.on_debate(debate, verb)))


@app.command(help=say("Pone las preguntas que esperan en este orden."))
def reorder(debate: DebateId, questions: QuestionIds) -> None:
    """The waiting questions will be asked in the order of the ids."""
    from bot.actions import plan

    home.on_debate(debate, lambda tx, row: plan.reorder(tx, row, questions, actor=OPERATOR, now=home.now()))
    show.line(speaking()("En el nuevo orden."))


@app.command(help=say("Escribe un borrador del resumen. Las mejores respuestas a cada pregunta y los enlaces."))
def recap(debate: DebateId) -> None:
    """The draft of the recap is printed, in Markdown."""
    from bot.exports.as_recap import draft
    from bot.store import transcripts
    from bot.words.catalogue import words

    with home.opened() as store:
        transcript = transcripts.load(store, debate)
        text = draft(transcript, words(transcript.head.locale))
    for line in text.splitlines():
        show.line(line)


@app.command(help=say("Rehace lo que se deriva del registro. A qué pregunta responde cada cosa, y la búsqueda."))
def rebuild(debate: DebateId) -> None:
    """Filing and search terms of the debate are what the log says."""
    from bot.actions import rebuild as actions

    done = home.on_debate(debate, actions.rebuild)
    text = speaking()(
        "{messages} mensajes, {moved} archivados de otro modo, {reworded} con otros términos de búsqueda.",
        messages=done.messages,
        moved=done.moved,
        reworded=done.reworded,
    )
    show.line(text)
