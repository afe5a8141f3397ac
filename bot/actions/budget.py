"""The money that X costs: it is noted as it is spent, and a debate that has spent too much is told so.

Which prices there are is X's affair: they come in as an argument (``handlers/x/terms.py``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from bot import budget as rules
from bot.actions import say
from bot.budget import Verdict
from bot.ports import CLOCK, Platform
from bot.store import debates, meter
from bot.store.engine import Tx
from bot.tables import Debate
from bot.words.catalogue import words

SOFT, HARD, CROWD = "x budget soft", "x budget hard", "x crowd"
# A hashtag that stays full is told of again after this time.
CROWD_AGAIN = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Spent:
    """What a debate has cost on X: USD, and how many of each kind on each UTC day."""

    usd: Decimal
    counts: Mapping[tuple[str, date], int]

    @property
    def by_kind(self) -> dict[str, int]:
        """How many of each kind, over all days."""
        kinds: dict[str, int] = {}
        for (kind, _day), count in self.counts.items():
            kinds[kind] = kinds.get(kind, 0) + count
        return kinds


def note(tx: Tx, debate_id: int | None, kind: str, ids: Sequence[str], day: date) -> None:
    """X has billed these ids on this UTC day; what was noted on it already is not noted again."""
    meter.note(tx, debate_id, kind, ids, day=day)


def spent(tx: Tx, debate_id: int, prices: Mapping[str, Decimal]) -> Spent:
    """What a debate has cost so far, at these prices."""
    counts = meter.counts(tx, debate_id)
    found = Spent(Decimal(0), counts)
    return Spent(rules.cost(found.by_kind, prices), counts)


def check(tx: Tx, debate_id: int, *, prices: Mapping[str, Decimal], budget: Decimal, now: datetime) -> Verdict:
    """Whether the debate may go on on X; near the budget its moderators are warned, at its end everybody elsewhere.

    ``HARD`` says that X must be disconnected. It says so every time; each notice goes out once for a budget.
    """
    usd = spent(tx, debate_id, prices).usd
    found = rules.verdict(usd, budget)
    if found is not Verdict.FINE:
        debate = debates.get(tx, debate_id)
        if _first(tx, debate_id, SOFT if found is Verdict.SOFT else HARD, budget, now):
            tell = _warn if found is Verdict.SOFT else _part
            tell(tx, debate, usd, budget, now)
    return found


def _first(tx: Tx, debate_id: int, action: str, budget: Decimal, now: datetime) -> bool:
    """Whether this was not told of this budget before; an audit row says that it is now."""
    detail = money(budget)
    last = meter.told(tx, debate_id, action)
    if last is not None and last.detail == detail:
        return False
    debates.record(tx, who=CLOCK.who, action=action, debate_id=debate_id, now=now, detail=detail)
    return True


def _warn(tx: Tx, debate: Debate, usd: Decimal, budget: Decimal, now: datetime) -> None:
    text = words(debate.locale)(
        "X lleva gastados {spent} $ de {budget} $ en «{title}». Al llegar al tope se desconecta.",
        spent=money(usd), budget=money(budget), title=debate.title,
    )  # fmt: skip
    say.to_moderators(tx, debate, "budget", text, now=now)


def _part(tx: Tx, debate: Debate, usd: Decimal, budget: Decimal, now: datetime) -> None:
    text = words(debate.locale)(
        "X ha llegado a su tope de gasto en «{title}» ({spent} $ de {budget} $) y queda desconectado.",
        spent=money(usd), budget=money(budget), title=debate.title,
    )  # fmt: skip
    say.to_moderators(tx, debate, "budget", text, now=now)
    text = words(debate.locale)("X queda desconectado de este debate. Seguimos aquí.")
    say.elsewhere(tx, debate, "without_x", text, away=Platform.X, now=now)


def crowd_told(tx: Tx, debate_id: int, *, now: datetime) -> bool:
    """Whether the moderators were told of the crowd a short while ago."""
    last = meter.told(tx, debate_id, CROWD)
    return last is not None and now - last.at < CROWD_AGAIN


def crowded(tx: Tx, debate_id: int, *, a_minute: int, now: datetime) -> bool:
    """The moderators know that the hashtag has that many posts a minute; returns False where they were told just now.

    What is to be done is theirs to say: a narrower rule would lose answers.
    """
    if crowd_told(tx, debate_id, now=now):
        return False
    debate = debates.get(tx, debate_id)
    debates.record(tx, who=CLOCK.who, action=CROWD, debate_id=debate_id, now=now, detail=str(a_minute))
    text = words(debate.locale)(
        "#{hashtag} recibe {count} mensajes por minuto en X: puede que la etiqueta la esté usando otra gente. Cada uno "
        "cuesta dinero. Si no es el debate, quita X («tertulia debate leave {debate} x») o ciérralo.",
        hashtag=debate.hashtag, count=a_minute, debate=debate_id,
    )  # fmt: skip
    say.to_moderators(tx, debate, "crowd", text, now=now)
    return True


def money(usd: Decimal) -> str:
    """USD with two decimals, as people read it."""
    return str(usd.quantize(Decimal("0.01"), ROUND_HALF_UP))
