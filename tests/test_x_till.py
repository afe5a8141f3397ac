"""The money of X as it is spent: who pays, who may go on, and what a hashtag that is too full does."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from sqlmodel import select

from bot.actions import listen, plan, run
from bot.debate import Phase
from bot.debatefile import DebateFile, PlannedQuestion
from bot.ports import CLOCK, OPERATOR, House, Platform
from bot.store import debates
from bot.store.engine import Store, Tx
from bot.tables import Outbox
from bot.writer import Writer
from handlers.x.terms import Billed
from handlers.x.till import Till

NOW = datetime(2027, 1, 14, 18, tzinfo=UTC)


class Hall:
    """Debates, and a till whose clock is set by hand."""

    def __init__(self, store: Store, writer: Writer, budget: str = "1") -> None:
        self.store = store
        self.now = NOW
        self.till = Till(store, writer, Decimal(budget), lambda: self.now)

    def planned(self, hashtag: str, *, starts: datetime) -> int:
        """A debate is planned under a hashtag."""
        wanted = DebateFile(hashtag, (PlannedQuestion("¿Una?"),), starts=starts, hashtag=hashtag, x=True, slack="")
        early = starts - timedelta(days=1)
        return self.store.write(
            lambda tx: debates.ident(plan.add(tx, wanted, house=House(), actor=OPERATOR, now=early))
        )

    def opened(self, hashtag: str, *, ago: timedelta = timedelta(0)) -> int:
        """A debate was opened some time ago."""
        debate_id = self.planned(hashtag, starts=NOW - ago)
        self.store.write(lambda tx: run.open_now(tx, debates.get(tx, debate_id), actor=CLOCK, now=NOW - ago))
        return debate_id

    def missed(self, debate_id: int, place: str) -> None:
        """Something of the debate was not heard."""
        self.store.write(lambda tx: listen.left(tx, debate_id, Platform.X, place, since=NOW, why="X no se oía"))

    def closed(self, debate_id: int, at: datetime) -> None:
        """The debate has taken its last answer."""

        def close(tx: Tx) -> None:
            debate = debates.get(tx, debate_id)
            run.close(tx, debate, actor=OPERATOR, now=at, house=House())
            debate.phase, debate.grace_until = Phase.CLOSED, at
            tx.session.add(debate)

        self.store.write(close)

    def bills(self) -> list[tuple[int | None, int]]:
        """(debate, how many) of what was billed."""
        query = "SELECT debate_id, count(*) FROM metered GROUP BY debate_id ORDER BY debate_id"
        with self.store.read() as tx:
            return [(debate_id, count) for debate_id, count in tx.conn.exec_driver_sql(query).all()]

    def told(self) -> list[str]:
        """The kinds of what the room's moderators and members were told."""
        with self.store.read() as tx:
            rows = tx.session.exec(select(Outbox).where(Outbox.platform == "room")).all()
        return [row.kind for row in rows if row.kind != "welcome"]


async def test_who_takes_answers_pays(sqlite_store: Store, sqlite_writer: Writer) -> None:
    """Before an hour the next debate pays, in it the open one; without any the house does."""
    hall = Hall(sqlite_store, sqlite_writer)
    hall.till.billed(Billed.USER_READ, ["me"])
    await hall.till.settle()
    coming = hall.planned("Luego", starts=NOW + timedelta(minutes=10))
    hall.till.billed(Billed.POST_READ, ["1"])
    await hall.till.settle()
    opened = hall.opened("Ahora", ago=timedelta(minutes=30))
    hall.till.billed(Billed.POST_READ, ["2", "3", "1"])
    await hall.till.settle()

    assert hall.bills() == [(None, 1), (coming, 1), (opened, 2)]


async def test_a_post_is_paid_for_by_its_own_debate(sqlite_store: Store, sqlite_writer: Writer) -> None:
    """The invitation of next week's goes out while this week's is on."""
    hall = Hall(sqlite_store, sqlite_writer)
    opened = hall.opened("Ahora")
    later = hall.planned("Luego", starts=NOW + timedelta(days=7))
    hall.till.billed(Billed.POST, ["1"])
    hall.till.posted("1", later)
    hall.till.billed(Billed.POST, ["2"])
    hall.till.posted("2", opened)
    await hall.till.settle()

    assert hall.bills() == [(opened, 1), (later, 1)]


async def test_a_debate_that_has_spent_its_budget_stops_alone(sqlite_store: Store, sqlite_writer: Writer) -> None:
    """Another one that is on goes on, and pays from then on."""
    hall = Hall(sqlite_store, sqlite_writer, budget="0.05")
    other = hall.opened("Otra", ago=timedelta(minutes=40))
    dear = hall.opened("Cara", ago=timedelta(minutes=30))
    hall.till.billed(Billed.POST_READ, [str(number) for number in range(10)])
    spent = await hall.till.settle()
    hall.till.billed(Billed.POST_READ, ["11"])
    await hall.till.settle()

    assert (sorted(spent.over), sorted(spent.going)) == ([dear], [other])
    assert hall.bills() == [(other, 1), (dear, 10)]
    assert hall.told() == ["budget", "without_x"]


async def test_a_full_hashtag_is_told_once_to_who_moderates(sqlite_store: Store, sqlite_writer: Writer) -> None:
    """Whether it is somebody else's by now is for people to say: nothing is narrowed or left."""
    hall = Hall(sqlite_store, sqlite_writer)
    debate_id = hall.opened("Llena")
    for _ in range(301):
        hall.till.heard(NOW)
    for _ in range(3):
        hall.till.billed(Billed.POST_READ, ["1"])
        await hall.till.settle()

    assert (hall.told(), sorted(hall.till.spent.going)) == (["crowd"], [debate_id])


async def test_what_search_brings_of_earlier_times_is_no_crowd(sqlite_store: Store, sqlite_writer: Writer) -> None:
    """A bot that was away for a while reads in a second what was said in twenty minutes: nobody is alarmed."""
    hall = Hall(sqlite_store, sqlite_writer)
    hall.opened("Llena", ago=timedelta(minutes=30))
    for number in range(400):
        hall.till.heard(NOW - timedelta(seconds=61 + 3 * number))
    hall.till.billed(Billed.POST_READ, ["1"])
    await hall.till.settle()

    assert hall.told() == []


async def test_a_spent_budget_is_spent_for_as_long_as_search_is_asked(
    sqlite_store: Store, sqlite_writer: Writer
) -> None:
    """Days later its gap is still open: what the stream was stopped for must not be bought by search."""
    hall = Hall(sqlite_store, sqlite_writer, budget="0.05")
    dear = hall.opened("Cara", ago=timedelta(minutes=30))
    hall.till.billed(Billed.POST_READ, [str(number) for number in range(10)])
    assert (await hall.till.settle()).shut
    hall.missed(dear, "cara")
    hall.closed(dear, NOW)
    hall.now = NOW + timedelta(days=3)
    spent = await hall.till.settle()

    assert (sorted(spent.over), spent.shut) == ([dear], False)


async def test_a_day_later_a_debate_pays_its_own_post_as_far_as_it_can(
    sqlite_store: Store, sqlite_writer: Writer
) -> None:
    """What tells of the next debate leaves when nothing is near; who has spent everything says nothing more."""
    hall = Hall(sqlite_store, sqlite_writer, budget="0.05")
    fine, dear = (hall.opened(tag, ago=timedelta(hours=ago)) for tag, ago in (("Normal", 5), ("Cara", 4)))
    hall.closed(fine, NOW - timedelta(hours=4.5))
    hall.till.billed(Billed.POST_READ, [str(number) for number in range(10)])
    await hall.till.settle()
    hall.closed(dear, NOW)
    hall.now = NOW + timedelta(days=1)
    await hall.till.settle()
    may = [not hall.till.over(one) for one in (fine, dear)]
    hall.till.billed(Billed.POST, ["100"])
    hall.till.posted("100", fine)
    spent = await hall.till.settle()

    assert (may, spent.over) == ([True, False], frozenset())
    assert hall.bills() == [(fine, 1), (dear, 10)]


async def test_a_budget_that_was_spent_before_a_restart_is_known_at_once(
    sqlite_store: Store, sqlite_writer: Writer
) -> None:
    """Nothing has been billed yet."""
    hall = Hall(sqlite_store, sqlite_writer, budget="0.05")
    dear = hall.opened("Cara", ago=timedelta(minutes=30))
    hall.till.billed(Billed.POST_READ, [str(number) for number in range(10)])
    await hall.till.settle()
    again = Till(sqlite_store, sqlite_writer, Decimal("0.05"), lambda: NOW)

    assert sorted((await again.settle()).over) == [dear]


async def test_what_could_not_be_noted_is_noted_later(sqlite_store: Store, sqlite_writer: Writer) -> None:
    """The database was locked when the bill came."""
    hall = Hall(sqlite_store, sqlite_writer)
    hall.opened("Ahora")
    sqlite_writer.stop()
    hall.till.billed(Billed.POST_READ, ["1"])
    with pytest.raises(Exception):  # noqa: B017, PT011  (whatever a stopped writer raises)
        await hall.till.settle()
    again = Writer(sqlite_store)
    again.start()
    hall.till._writer = again
    await hall.till.settle()
    again.stop()

    assert [count for _, count in hall.bills()] == [1]
