"""``tertulia debate check ID``: every post of a run-sheet as it will stand on X, what each costs, and what all will."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from bot import budget, errors, localtime
from bot.cli import home, show
from bot.cli.language import speaking
from bot.ports import Draft, Platform
from bot.words.catalogue import Words

if TYPE_CHECKING:
    from bot.actions.runsheet import Coming
    from bot.store.engine import Tx
    from bot.tables import Debate
    from handlers.x.preview import Preview

# Where no debate on X is known yet.
POSTS, PEOPLE = 300, 60
# For so long X knows a text again.
REMEMBERED = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Checked:
    """A debate on X before it happens."""

    debate: "Debate"
    on_x: bool
    coming: Sequence["Coming"]
    posts: Sequence["Preview"]
    forecast: budget.Forecast
    expected: tuple[int, int]
    limit: Decimal

    @property
    def faults(self) -> int:
        """How many posts cannot be sent as they were written."""
        return sum(bool(one.faults) for one in self.posts)


def check(debate: str, *, posts: int | None, people: int | None, as_json: bool) -> None:
    """The debate's posts on X are shown with their prices; raises ``Unwell`` where one of them cannot be sent."""
    settings = home.settings()
    found = home.read(lambda tx: _checked(tx, debate, (posts, people), settings.house(), settings.x_budget_usd))
    if as_json:
        show.data(_data(found))
    else:
        _print(found, speaking())
    if found.faults:
        raise errors.Unwell(count=found.faults)


def _checked(tx: "Tx", wanted: str, given: tuple[int | None, int | None], house: Any, limit: Decimal) -> Checked:
    from bot.actions import runsheet
    from bot.store import debates, turnout
    from handlers.x.preview import preview
    from handlers.x.terms import PRICES

    debate = debates.get(tx, wanted)
    ident = debates.ident(debate)
    on_x = any(one.platform == Platform.X for one in debates.places(tx, ident))
    coming = runsheet.coming(tx, debate, house=house) if on_x else []
    earlier = turnout.said(tx, Platform.X, since=home.now() - REMEMBERED)
    shown = preview(
        [_draft(debate, one.kind, one.text) for one in coming],
        said=[_draft(debate, kind, text) for kind, text in earlier],
    )
    known = turnout.expected(tx, Platform.X, but=ident) or (POSTS, PEOPLE)
    expected = _expected(given, known)
    forecast = budget.forecast(
        [one.link for one in shown], posts=expected[0], people=expected[1], prices=PRICES.by_kind()
    )
    return Checked(debate, on_x, coming, shown, forecast, expected, limit)


def _expected(given: tuple[int | None, int | None], known: tuple[int, int]) -> tuple[int, int]:
    """The numbers that were given; where only the posts were, as many people to them as there usually are."""
    posts, people = given
    if posts is None:
        return known[0], known[1] if people is None else people
    usual = max(1, round(posts * known[1] / known[0])) if posts and known[0] else 0
    return posts, min(posts, usual) if people is None else people


def _draft(debate: "Debate", kind: str, text: str) -> Draft:
    return Draft(key="", kind=kind, platform=Platform.X, place="", text=text, extra={"slug": debate.slug})


# --- as data ---------------------------------------------------------------------------------------------------------


def _data(found: Checked) -> dict[str, Any]:
    from handlers.x.terms import LIMITS, PRICES

    return {
        "id": str(found.debate.id),
        "title": found.debate.title,
        "x": found.on_x,
        "sendable": not found.faults,
        "limit": LIMITS.post,
        "posts": [_post(coming, post) for coming, post in zip(found.coming, found.posts, strict=True)],
        "forecast": {
            "posts": found.expected[0],
            "people": found.expected[1],
            "items": [
                {"kind": one.kind, "count": one.count, "price": float(one.price), "usd": float(one.usd)}
                for one in found.forecast.items
            ],
            "usd": float(found.forecast.usd),
            "prices_of": PRICES.as_of.isoformat(),
        },
        "budget": float(found.limit),
        "within_budget": found.forecast.usd < found.limit,
    }


def _post(coming: "Coming", post: "Preview") -> dict[str, Any]:
    return {
        "due_at": localtime.iso(coming.due_at),
        "kind": coming.kind,
        "question": coming.number,
        "text": post.text,
        "length": post.length,
        "price": float(post.price),
        "faults": [one.value for one in post.faults],
        "remarks": [one.value for one in post.remarks],
    }


# --- for people ------------------------------------------------------------------------------------------------------


def _print(found: Checked, text: Words) -> None:
    if not found.on_x:
        show.line(text("«{title}» no se celebra en X: no hay nada que comprobar allí.", title=found.debate.title))
        return
    for coming, post in zip(found.coming, found.posts, strict=True):
        _print_post(found.debate, coming, post, text)
    _print_forecast(found, text)


def _print_post(debate: "Debate", coming: "Coming", post: "Preview", text: Words) -> None:
    from handlers.x.terms import LIMITS

    at = f"{localtime.wall(coming.due_at, debate.timezone):%Y-%m-%d %H:%M}"
    kind = _kind(coming, text)
    mark = "✗" if post.faults else "·"
    show.line(f"{mark} {at}  {kind}  {post.length}/{LIMITS.post}  {post.price} $")
    show.line(f"    {' '.join(post.text.split())}")
    for why in [*post.faults, *post.remarks]:
        show.line(f"    {_why(why.value, text)}")


def _kind(coming: "Coming", text: Words) -> str:
    kinds = {
        "announce": text("invitación"), "remind": text("recordatorio"), "welcome": text("bienvenida"),
        "label": text("cómo responder"), "question": f"P{coming.number}",
        "answer": text("respuesta a P{number}", number=coming.number), "wrap_up": text("últimos minutos"),
        "closing": text("cierre"), "framing": text("presentación de quien está invitado"),
        "poll_result": text("resultado de la encuesta"), "teaser": text("lo próximo"),
        "moved": text("cambio de fecha"), "cancelled": text("cancelación"),
    }  # fmt: skip
    return kinds.get(coming.kind, coming.kind)


def _why(code: str, text: Words) -> str:
    reasons = {
        "too_long": text("Demasiado largo para X: saldría cortado, como está aquí."),
        "link": text("Lleva un enlace, y en X solo lo lleva el cierre: saldría sin que se pueda pulsar."),
        "domain": text("Lleva algo que X tomaría por una dirección: saldrá sin que se pueda pulsar."),
        "repeated": text("X no admite dos textos iguales: saldrá con una marca al final."),
        "no_link": text("Su dirección no lleva a ninguna parte desde X: pon la pública en TERTULIA_WEB_URL."),
    }
    return reasons[code]


def _print_forecast(found: Checked, text: Words) -> None:
    from bot.actions.budget import money
    from handlers.x.terms import PRICES

    posts, people = found.expected
    show.line("")
    show.line(
        text(
            "Con {posts} mensajes de {people} personas, a precios de X del {date}:",
            posts=posts, people=people, date=PRICES.as_of.isoformat(),
        )
    )  # fmt: skip
    for one in found.forecast.items:
        show.line(f"  {money(one.usd):>8} $  {one.count} × {one.price} $  {_what(one.kind, text)}")
    fields = {"usd": money(found.forecast.usd), "budget": money(found.limit)}
    if found.forecast.usd < found.limit:
        show.line(text("En total {usd} $, de {budget} $ que se pueden gastar (X_BUDGET_USD).", **fields))
    else:
        show.line(
            text("En total {usd} $: más que los {budget} $ de X_BUDGET_USD. X se desconectaría a mitad.", **fields)
        )


def _what(kind: str, text: Words) -> str:
    kinds = {
        "post_read": text("mensajes leídos"), "user_read": text("perfiles leídos"),
        "post": text("mensajes nuestros"), "post_with_link": text("mensajes nuestros con enlace"),
    }  # fmt: skip
    return kinds[kind]
