"""What X costs: noted once a day for each thing, told of near the budget, and at its end without X."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa

from bot import budget as rules
from bot.actions import away, budget
from bot.budget import Verdict
from bot.ports import House
from bot.store import debates, meter
from bot.store.engine import Store, Tx
from handlers.x.client import Keys, XClient
from handlers.x.terms import PRICES, Billed

from tests.standin_x.server import XStandin
from tests.stories import STARTS, Evening

DAY = date(2027, 1, 14)
PRICE = PRICES.by_kind()
TWO_PLACES = """
title = "¿Quién es el CXO?"
starts = 2027-01-14T19:00:00
timezone = "Europe/Madrid"
hashtag = "MeetAlfaro"
questions = ["¿Qué perfil?"]
[where]
slack = "C0DEBATE"
x = true
room = true
"""


def ids(count: int, first: int = 1) -> list[str]:
    """So many ids of posts, none of which ever was."""
    return [str(9_000_000_000_000_000_000 + number) for number in range(first, first + count)]


def noted(evening: Evening, kind: str, some: list[str], day: date = DAY) -> None:
    """X has billed them for the evening's debate."""
    evening.store.write(lambda tx: budget.note(tx, evening.id, kind, some, day))


def checked(evening: Evening, limit: str) -> Verdict:
    """What the meter says of the evening with that budget."""
    look: Callable[[Tx], Verdict] = lambda tx: budget.check(  # noqa: E731  (one line of a story)
        tx, evening.id, prices=PRICE, budget=Decimal(limit), now=evening.now
    )
    return evening.store.write(look)


def said(evening: Evening, *kinds: str) -> list[tuple[str, str, str]]:
    """What was said of money: (kind, platform, text), in order."""
    with evening.store.read() as tx:
        query = sa.text(
            "SELECT kind, platform, text FROM outbox WHERE kind IN ('budget', 'without_x', 'crowd') ORDER BY id"
        )
        return [(row[0], row[1], row[2]) for row in tx.conn.execute(query) if row[0] in kinds]


@pytest.fixture
def evening(store: Store, house: House) -> Evening:
    """A debate on Slack, X and the room, open since five minutes."""
    evening = Evening(store, house, TWO_PLACES)
    evening.minute = 5
    return evening


# --- the meter -------------------------------------------------------------------------------------------------------


def test_meter_counts_a_thing_once_a_day_and_kind(evening: Evening) -> None:
    """Stream and search bring the same posts; after midnight X bills them again."""
    noted(evening, Billed.POST_READ, ids(3))
    noted(evening, Billed.POST_READ, ids(3, first=2))
    noted(evening, Billed.POST_READ, [*ids(1), *ids(1)])
    noted(evening, Billed.USER_READ, ids(2))
    noted(evening, Billed.POST_READ, ids(1), day=DAY + timedelta(days=1))

    with evening.store.read() as tx:
        found = budget.spent(tx, evening.id, PRICE)

    assert dict(found.counts) == {
        ("post_read", DAY): 4, ("user_read", DAY): 2, ("post_read", DAY + timedelta(days=1)): 1
    }  # fmt: skip
    assert found.by_kind == {"post_read": 5, "user_read": 2}
    assert found.usd == Decimal("0.045")


def test_meter_bills_what_two_debates_read_to_the_first(evening: Evening, house: House) -> None:
    """X asks for it once; and what no debate asked for is a debate's of nobody."""
    other = Evening(evening.store, house, TWO_PLACES.replace("2027-01-14T19", "2027-01-14T21"))
    noted(evening, Billed.POST_READ, ids(2))
    noted(other, Billed.POST_READ, ids(3))
    evening.store.write(lambda tx: budget.note(tx, None, Billed.POST_READ, ids(1, first=7), DAY))

    with evening.store.read() as tx:
        found = [budget.spent(tx, one.id, PRICE).by_kind for one in (evening, other)]
        day = dict(meter.on_day(tx, DAY))

    assert found == [{"post_read": 2}, {"post_read": 1}]
    assert day == {"post_read": 4}


def test_meter_keeps_no_id(evening: Evening) -> None:
    """A moment and a hash by the installation's own key: the same ids look otherwise in another installation."""
    noted(evening, Billed.POST_READ, ids(1))
    with evening.store.read() as tx:
        first = tx.conn.execute(sa.text("SELECT hash FROM metered")).scalar_one()
    evening.store.write(lambda tx: tx.conn.execute(sa.text("DELETE FROM metered")).rowcount)
    evening.store.write(lambda tx: tx.conn.execute(sa.text("DELETE FROM kept WHERE name = 'meter-key'")).rowcount)
    noted(evening, Billed.POST_READ, ids(1))
    with evening.store.read() as tx:
        second = tx.conn.execute(sa.text("SELECT hash FROM metered")).scalar_one()

    (moment, one), (again, other) = first.split("-"), second.split("-")
    assert (len(one), len(other), one == other) == (24, 24, False)
    assert moment == again == f"{int(ids(1)[0]) >> 29:x}"
    assert ids(1)[0] not in (first, second)


def test_meter_outlives_its_debate(evening: Evening) -> None:
    """The money is spent, whoever takes the debate back."""
    noted(evening, Billed.POST, ids(2))

    evening.store.write(lambda tx: debates.erase(tx, evening.id))

    with evening.store.read() as tx:
        assert dict(meter.on_day(tx, DAY)) == {"post": 2}


def test_day_of_the_meter_is_utc() -> None:
    """Half past midnight in Madrid is still yesterday for X."""
    madrid = datetime.fromisoformat("2027-01-15T00:30:00+01:00")
    assert meter.utc_day(madrid) == DAY


# --- the budget ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("usd", "limit", "expected"),
    [
        ("7.99", "10", Verdict.FINE), ("8", "10", Verdict.SOFT), ("9.999", "10", Verdict.SOFT),
        ("10", "10", Verdict.HARD), ("10.01", "10", Verdict.HARD), ("0", "0", Verdict.HARD),
    ],
)  # fmt: skip
def test_verdict_by_what_was_spent(usd: str, limit: str, expected: Verdict) -> None:
    """From eighty per cent on it is said, at the budget it ends."""
    assert rules.verdict(Decimal(usd), Decimal(limit)) is expected


def test_cost_of_what_has_no_price_is_nothing() -> None:
    """A kind of an older version is no error."""
    assert rules.cost({"post_read": 3, "gone": 5}, PRICE) == Decimal("0.015")


def test_moderators_are_warned_once_near_the_budget(evening: Evening) -> None:
    """At eighty per cent; not again at ninety; again when the budget has been raised and is near."""
    noted(evening, Billed.POST_READ, ids(15))
    assert checked(evening, "0.10") is Verdict.FINE
    noted(evening, Billed.POST_READ, ids(16))
    assert checked(evening, "0.10") is Verdict.SOFT
    noted(evening, Billed.POST_READ, ids(18))
    assert checked(evening, "0.10") is Verdict.SOFT

    text = "X lleva gastados 0.08 $ de 0.10 $ en «¿Quién es el CXO?». Al llegar al tope se desconecta."
    assert said(evening, "budget", "without_x") == [("budget", "room", text), ("budget", "slack", text)]

    assert checked(evening, "0.11") is Verdict.SOFT
    assert len(said(evening, "budget")) == 4


def test_end_of_the_budget_is_told_everywhere_but_on_x(evening: Evening) -> None:
    """X is to be disconnected, each time one asks; Slack and the room read it once, and moderators why."""
    noted(evening, Billed.POST_READ, ids(20))

    assert [checked(evening, "0.10") for _ in range(3)] == [Verdict.HARD] * 3

    why = "X ha llegado a su tope de gasto en «¿Quién es el CXO?» (0.10 $ de 0.10 $) y queda desconectado."
    everybody = "X queda desconectado de este debate. Seguimos aquí."
    assert said(evening, "budget", "without_x") == [
        ("budget", "room", why),
        ("budget", "slack", why),
        ("without_x", "room", everybody),
        ("without_x", "slack", everybody),
    ]  # fmt: skip
    with evening.store.read() as tx:
        told = meter.told(tx, evening.id, budget.HARD)
        assert told is not None
        assert (told.who, told.at, told.detail) == ("clock", evening.now, "0.10")


# --- a hashtag that is somebody else's -------------------------------------------------------------------------------


def test_hijack_is_more_posts_in_a_minute_than_a_debate_has() -> None:
    """Older ones do not count, nor those that are still to come by another clock."""
    now = datetime(2027, 1, 14, 18, 5, tzinfo=UTC)
    busy = [now - timedelta(seconds=second) for second in range(50)]

    assert rules.hijacked(busy, now=now, crowd=49)
    assert not rules.hijacked(busy, now=now, crowd=50)
    assert not rules.hijacked(busy, now=now + timedelta(seconds=59), crowd=9)
    assert not rules.hijacked(busy, now=now - timedelta(hours=1), crowd=0)


def test_crowd_is_asked_about_again_after_ten_minutes(evening: Evening) -> None:
    """Whether the hashtag was taken over is for people to say; nothing is narrowed by itself."""

    def crowded(minute: float, count: int) -> bool:
        now = STARTS + timedelta(minutes=minute)
        return evening.store.write(lambda tx: budget.crowded(tx, evening.id, a_minute=count, now=now))

    assert [crowded(6, 400), crowded(15.9, 900), crowded(16, 500)] == [True, False, True]
    assert [(platform, text.split(":")[0]) for _, platform, text in said(evening, "crowd")] == [
        ("room", "#MeetAlfaro recibe 400 mensajes por minuto en X"),
        ("slack", "#MeetAlfaro recibe 400 mensajes por minuto en X"),
        ("room", "#MeetAlfaro recibe 500 mensajes por minuto en X"),
        ("slack", "#MeetAlfaro recibe 500 mensajes por minuto en X"),
    ]


# --- the forecast ----------------------------------------------------------------------------------------------------


def test_forecast_of_an_evening_line_by_line() -> None:
    """A thousand posts by a hundred and fifty people, fourteen posts of ours and one with a link."""
    found = rules.forecast([False] * 14 + [True], posts=1_000, people=150, prices=PRICE)

    assert [(one.kind, one.count, one.usd) for one in found.items] == [
        ("post_read", 1_000, Decimal("5.000")), ("user_read", 151, Decimal("1.510")), ("post", 14, Decimal("0.210")),
        ("post_with_link", 1, Decimal("0.200")),
    ]  # fmt: skip
    assert found.usd == Decimal("6.920")


def test_prices_have_one_for_each_kind_and_a_date() -> None:
    """What can be billed has its price, and the table says of when it is."""
    assert set(PRICE) == {kind.value for kind in Billed}
    assert PRICES.as_of == date(2026, 8, 22)


# --- all of it together ----------------------------------------------------------------------------------------------


async def test_forecast_our_meter_and_the_bill_agree(sqlite_store: Store, house: House) -> None:
    """A thousand posts read twice over, profiles once, our posts once: what X bills is what both said, to the cent."""
    evening = Evening(sqlite_store, house, TWO_PLACES)
    bill: list[tuple[str, list[str]]] = []
    async with XStandin(search_lag=0, strict_rates=False) as x:
        client = XClient(Keys(x.bearer, *x.keys), x.url, billed=lambda kind, some: bill.append((str(kind), list(some))))
        await client.start()
        people = [x.person(f"Persona {number}", f"persona{number}") for number in range(150)]
        links = [number == 14 for number in range(15)]
        for number, link in enumerate(links):
            await client.create(f"Nuestro {number} {'https://tertulia.example/d/cxo' if link else ''} #Otro")
        for number in range(1_000):
            await x.post(people[number % 150], f"R1. Idea {number} #MeetAlfaro")
        for _ in range(2):
            await read_all(client)
        await client.me()
        await client.users(people)
        await client.close()

        for kind, some in bill:
            noted(evening, kind, some)
        with sqlite_store.read() as tx:
            found = budget.spent(tx, evening.id, PRICE)

        assert found.by_kind == dict(x.meter.counts)
        assert found.usd == Decimal(str(x.meter.usd))
        assert found.usd == rules.forecast(links, posts=1_000, people=150, prices=PRICE).usd


async def read_all(client: XClient) -> None:
    """Every page of search has been read."""
    page = await client.search("#MeetAlfaro -is:retweet")
    while page.next_token is not None:
        page = await client.search("#MeetAlfaro -is:retweet", next_token=page.next_token)


# --- X away ----------------------------------------------------------------------------------------------------------


def test_who_moderates_is_told_once_that_the_credit_is_gone_and_what_to_do(evening: Evening) -> None:
    """And everybody elsewhere that X is away; asked again, nothing is said again."""
    evening.open()
    for _ in range(2):
        evening.store.write(lambda tx: away.broke(tx, now=evening.now))

    told = "Se ha acabado el saldo de X: allí no se oye ni se publica nada hasta que compres más en console.x.com. El"
    assert [(kind, where, text[: len(told)]) for kind, where, text in said(evening, "budget")] == [
        ("budget", "room", told), ("budget", "slack", told),
    ]  # fmt: skip
    assert [where for _, where, _ in said(evening, "without_x")] == ["room", "slack"]


def test_a_debate_on_x_alone_is_not_said_to_go_on_elsewhere(sqlite_store: Store, house: House) -> None:
    """Its moderators read it in the room, which shows every debate to them."""
    alone = Evening(
        sqlite_store,
        house,
        TWO_PLACES.replace('slack = "C0DEBATE"', "slack = false").replace("room = true", "room = false"),
    )
    alone.open()
    alone.store.write(lambda tx: away.broke(tx, now=alone.now))
    alone.store.write(lambda tx: away.shut(tx, why="401", now=alone.now))

    with sqlite_store.read() as tx:
        texts = [row[0] for row in tx.conn.exec_driver_sql("SELECT text FROM outbox WHERE operation = 'private'").all()]
    assert len(texts) == 2
    assert [text for text in texts if "demás sitios" in text] == []
