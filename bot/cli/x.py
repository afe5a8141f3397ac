"""``tertulia x …``: what the log holds of X, kept as it stands there."""

import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot import errors
from bot.cli import home, show
from bot.cli.language import say, speaking
from bot.cli.options import AsJson, Really
from bot.cli.people import PAUSE_SECONDS, TRIES
from bot.ports import OPERATOR

if TYPE_CHECKING:
    from bot.actions.sync import Bill, Found
    from bot.config import Settings
    from bot.store.engine import Store

app = typer.Typer(no_args_is_help=True)


@app.callback()
def several() -> None:
    """Each thing that is done with X has its name."""


@app.command(
    help=say(
        "Vuelve a mirar en X lo que se guardó de un debate, o de todos. Lo que allí se ha borrado, protegido o "
        "suspendido se borra aquí; lo editado se cambia. X cobra cada publicación una vez al día: dice antes cuánto."
    )
)
def sync(
    debate: Annotated[str, typer.Argument(metavar="DEBATE", help=say("Solo este, por su id o nombre corto."))] = "",
    yes: Really = False,
    as_json: AsJson = False,
) -> None:
    """The log is as X stands; raises ``NotAgreed`` or ``OverBudget`` before anything was asked."""
    from bot import logs

    settings = home.settings()
    logs.set_up("warning", secrets=settings.secrets())
    if not settings.x_on:
        raise errors.BadSetting(why=speaking()("falta X_BEARER_TOKEN: sin él no se oye lo que se dice en X"))
    with home.opened() as store:
        bill = _bill(store, debate)
        if not as_json:
            _name_the_price(bill)
        bill.within(settings.x_budget_usd)
        if not yes:
            _agree(bill, as_json)
        with show.progress(speaking()("Mirando en X"), bill.posts) as advance:
            found = home.run(_look(settings, store, bill, advance))
        if sum(one.gone for one in found) and not _scrubbed(store):
            text = "Nadie puede leerlo ya, pero sus bytes siguen en el diario de la base de datos: está ocupada."
            show.note(speaking()(text))
    show.data(_data(bill, found)) if as_json else _tell(bill, found)


def _bill(store: "Store", debate: str) -> "Bill":
    from bot.actions import sync as actions
    from handlers.x.terms import PRICES

    with store.read() as tx:
        return actions.bill(tx, debate, prices=PRICES.by_kind(), now=home.now())


def _name_the_price(bill: "Bill") -> None:
    from bot.actions.budget import money
    from handlers.x.terms import PRICES

    told = speaking()(
        "Mirar {posts} publicaciones en X cuesta {usd} $: {to_pay} a {price} $ (precios del {day}), el resto ya se ha "
        "leído hoy. Cada una editada desde entonces, una lectura más.",
        posts=bill.posts, usd=money(bill.usd), to_pay=bill.to_pay, price=bill.price, day=PRICES.as_of.isoformat(),
    )  # fmt: skip
    show.note(told)


def _agree(bill: "Bill", as_json: bool) -> None:
    """Somebody has said yes, where it costs something; raises ``NotAgreed``."""
    from bot.actions.budget import money

    if not bill.to_pay:
        return
    if as_json or not sys.stdin.isatty() or not show.agreed(speaking()("¿De acuerdo?")):
        raise errors.NotAgreed(posts=bill.posts, usd=money(bill.usd))


async def _look(
    settings: "Settings", store: "Store", bill: "Bill", advance: Callable[[int], None]
) -> "list[Found]":  # fmt: skip
    from bot.writer import Writer
    from handlers.x.platform import Access
    from handlers.x.sync import Sync

    access = Access.of(settings)
    writer = Writer(store)
    writer.start()
    try:
        async with Sync(access.keys, access.api_url, store, writer, clock=home.now) as looking:
            return [await looking.run(due, who=OPERATOR.who, advance=advance) for due in bill.due]
    finally:
        writer.stop()


def _scrubbed(store: "Store") -> bool:
    """Whether no byte is left of what went."""
    from bot.store import erasure

    for _ in range(TRIES):
        if erasure.scrub(store):
            return True
        time.sleep(PAUSE_SECONDS)
    return False


def _tell(bill: "Bill", found: "list[Found]") -> None:
    text = speaking()
    for due, one in zip(bill.due, found, strict=True):
        told = text(
            "«{title}»: {posts} miradas, {gone} borradas, {edited} cambiadas.",
            title=due.title, posts=one.posts, gone=one.gone, edited=one.edited,
        )  # fmt: skip
        if one.unclear:
            told += " " + text("De {count} X no ha dicho nada; se quedan como estaban.", count=one.unclear)
        show.line(told)
    if not bill.due:
        show.line(text("No hay nada de X en el registro."))


def _data(bill: "Bill", found: "list[Found]") -> dict[str, Any]:
    debates = [
        {
            "id": str(due.debate_id), "title": due.title, "posts": one.posts, "deleted": one.gone,
            "edited": one.edited, "unclear": one.unclear,
        }
        for due, one in zip(bill.due, found, strict=True)
    ]  # fmt: skip
    return {"usd": float(bill.usd), "paid": bill.to_pay, "debates": debates}
