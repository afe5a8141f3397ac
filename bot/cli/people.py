"""``tertulia person …`` and ``tertulia moderator …``: who is who, what the archive calls them, who may moderate."""

import sys
import time
from typing import Annotated

import typer

from bot.cli import home, show
from bot.cli.language import say, speaking
from bot.cli.options import Person, Really
from bot.ports import OPERATOR

# How often, and after how long (seconds), the write-ahead log is tried again while somebody reads.
TRIES, PAUSE_SECONDS = 40, 0.25

people = typer.Typer(no_args_is_help=True)
moderators = typer.Typer(no_args_is_help=True)


@people.command(
    help=say("Olvida a una persona, para siempre. Lo que dijo y cómo se llamaba desaparece de todas partes.")
)
def forget(person: Person, yes: Really = False) -> None:
    """No byte of what the person said or was called is left."""
    from bot.actions import people as actions
    from bot.store import erasure

    text = speaking()
    asked = text("Se borrará todo lo que dijo {person}, para siempre. ¿Seguro?", person=person)
    if not yes and sys.stdin.isatty() and not show.agreed(asked):  # a script that says so means it
        raise typer.Abort
    with home.opened() as store:
        store.write(lambda tx: actions.forget(tx, person, actor=OPERATOR, now=home.now()))
        gone = erasure.scrub(store, deep=True)
        for _ in range(TRIES):
            if gone:
                break
            time.sleep(PAUSE_SECONDS)  # somebody was reading: the log is cut once they are done
            gone = erasure.scrub(store)
    if not gone:
        show.note(text("Nadie puede leerlo ya, pero sus bytes siguen en el diario de la base de datos: está ocupada."))
    show.line(text("Olvidada."))


@people.command(help=say("Nombra en el archivo a una persona por un alias. Vacío, otra vez por su nombre."))
def alias(
    person: Person, name: Annotated[str, typer.Argument(metavar="ALIAS", help=say("Cómo la nombra el archivo."))]
) -> None:
    """Exports and board name the person by the alias."""
    from bot.actions import people as actions

    home.write(lambda tx: actions.alias(tx, person, name, actor=OPERATOR, now=home.now()))
    show.line(speaking()("Hecho."))


@moderators.command(help=say("Un enlace de un solo uso para entrar en la sala a moderar."))
def link() -> None:
    """A link is printed that makes whoever opens it first a moderator of the room."""
    from bot.actions import people as actions

    address = home.settings().house().url
    secret = home.write(lambda tx: actions.make_link(tx, now=home.now()))
    show.line(f"{address}/entrar/{secret}")
