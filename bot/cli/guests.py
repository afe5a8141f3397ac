"""``tertulia guest …``: who is invited to a debate, their links, and what they let out before it."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli import home, show
from bot.cli.language import say, speaking
from bot.cli.options import AsJson, DebateId, Really
from bot.ports import OPERATOR

if TYPE_CHECKING:
    from bot.store.engine import Tx

app = typer.Typer(no_args_is_help=True)

GuestId = Annotated[int, typer.Argument(metavar="GUEST", help=say("El id de la invitación: tertulia guest list."))]


@app.command(help=say("Invita a alguien a un debate; escribe solo el id de su invitación."))
def add(
    debate: DebateId,
    name: Annotated[str, typer.Argument(metavar="NAME", help=say("Su nombre, como se leerá."))],
    slack: Annotated[str, typer.Option(help=say("Su identificador en Slack (U0123456): así le avisa el bot."))] = "",
) -> None:
    """Somebody is a guest of the debate; their id alone is printed."""
    from bot.actions import guests
    from bot.guest import Invited

    house = home.settings().house()
    wanted = Invited(name, slack)
    made = home.on_debate(
        debate, lambda tx, row: guests.add(tx, row, wanted, house=house, actor=OPERATOR, now=home.now()).id
    )
    show.line(str(made))


@app.command("list", help=say("Las personas invitadas a un debate y lo que les queda por preparar."))
def list_all(debate: DebateId, as_json: AsJson = False) -> None:
    """The guests of a debate are listed in the order in which they were invited."""
    from bot.cli import shapes
    from bot.store import debates

    rows: list[dict[str, Any]] = home.read(lambda tx: shapes.guests(tx, debates.get(tx, debate)))
    if as_json:
        show.data(rows)
        return
    text = speaking()
    heads = ("ID", text("NOMBRE"), "SLACK", text("RESPUESTAS"), text("PRESENTACIÓN"), text("ESTUVO"))
    show.table(heads, [_row(one) for one in rows])


def _row(one: dict[str, Any]) -> tuple[Any, ...]:
    text = speaking()
    framing = {
        "": text("no"), "written": text("escrita"), "approved": text("con visto bueno"), "out": text("publicada")
    }  # fmt: skip
    answers = f"{one['answered']}/{one['questions']}"
    return one["id"], one["name"], one["slack"] or "", answers, framing[one["framing"]], (one["seen_at"] or "")[:16]


@app.command(help=say("Un enlace nuevo, de un solo uso, para su página; el que no usó deja de valer."))
def link(guest: GuestId) -> None:
    """A link is printed that lets the browser which opens it first in to the guest's page."""
    from bot.actions import guests

    address = home.settings().house().url
    secret = home.write(lambda tx: guests.make_link(tx, guest, actor=OPERATOR, now=home.now()))
    show.line(f"{address}/invitado/{guest}/{secret}")


@app.command(help=say("Cierra sus entradas: ni enlaces ni navegadores le abren ya su página. Lo que escribió queda."))
def out(guest: GuestId) -> None:
    """Neither a link nor a browser lets anybody in as the guest."""
    from bot.actions import guests

    home.write(lambda tx: guests.revoke(tx, guest, actor=OPERATOR, now=home.now()))
    show.line(speaking()("Hecho."))


@app.command(help=say("Da el visto bueno a su presentación del tema: sale a su hora, o ya con --now."))
def release(
    guest: GuestId,
    at_once: Annotated[bool, typer.Option("--now", help=say("Que salga ya, sin esperar a su hora."))] = False,
) -> None:
    """The guest's framing may go out as it is."""
    from bot.actions import guests

    text = speaking()
    gone = home.write(lambda tx: guests.release(tx, guest, actor=OPERATOR, now=home.now(), at_once=at_once))
    show.line(text("Sale ya.") if gone else text("Con visto bueno: saldrá a su hora."))


@app.command(help=say("Retira una invitación: lo que preparó se borra y su enlace deja de valer."))
def remove(guest: GuestId, yes: Really = False) -> None:
    """The guest is one no more, and what they prepared is gone."""
    from bot.actions import guests
    from bot.store import erasure

    # A script that says so means it.
    if not yes and sys.stdin.isatty() and not show.agreed(speaking()("Se borrará lo que preparó. ¿Seguro?")):
        raise typer.Abort

    def action(tx: "Tx") -> None:
        guests.remove(tx, guest, actor=OPERATOR, now=home.now())

    with home.opened() as store:
        store.write(action)
        erasure.scrub(store)
    show.line(speaking()("Hecho."))


@app.command(help=say("Las preguntas previstas se pueden leer antes del debate, desde su anuncio; con --hide, no."))
def questions(
    debate: DebateId,
    hide: Annotated[bool, typer.Option("--hide", help=say("Que no se puedan leer."))] = False,
) -> None:
    """The planned questions can be read before the debate, or not."""
    from bot.actions import guests

    home.on_debate(
        debate, lambda tx, row: guests.show_questions(tx, row, public=not hide, actor=OPERATOR, now=home.now())
    )
    show.line(speaking()("Hecho."))
