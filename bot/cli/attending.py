"""``tertulia debate attendance``: who said that they come."""

from typing import TYPE_CHECKING, Any

import typer

from bot.cli import home, show
from bot.cli.language import say, speaking
from bot.cli.options import AsJson, DebateId
from bot.ports import OPERATOR

if TYPE_CHECKING:
    from bot.store.engine import Tx

app = typer.Typer(no_args_is_help=True)


@app.command("attendance", help=say("Quién ha dicho que viene a un debate, quizá o no; y para quién es el primero."))
def attendance(debate: DebateId, as_json: AsJson = False) -> None:
    """Everybody who answered the invitation is listed, in the order in which they did."""
    found = home.read(lambda tx: _comers(tx, debate))
    if as_json:
        show.data(found)
        return
    text = speaking()
    if not found:
        show.line(text("Nadie ha respondido todavía si viene."))
        return
    answers = {"yes": text("viene"), "maybe": text("quizá"), "no": text("no viene")}
    show.table(
        (text("PERSONA"), text("NOMBRE"), text("RESPUESTA"), ""),
        [
            (one["person"], one["name"], answers[one["answer"]], "" if one["returning"] else text("primera vez"))
            for one in found
        ],
    )


def _comers(tx: "Tx", debate: str) -> list[dict[str, Any]]:
    from bot import localtime
    from bot.actions import attendance as actions
    from bot.store import debates

    return [
        {
            "person": one.who, "name": one.name, "answer": one.answer, "at": localtime.iso(one.at),
            "returning": one.returning,
        }
        for one in actions.who_comes(tx, debates.get(tx, debate), actor=OPERATOR)
    ]  # fmt: skip
