"""X as one part of the bot: it starts or says why not, costs no more than it may, and stops in time."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TypeVar

import pytest
from sqlmodel import col, select

from bot import errors
from bot.actions import places, run, say
from bot.ports import CLOCK, OPERATOR, House
from bot.store import debates
from bot.store.engine import Store, Tx
from bot.tables import Message, Outbox
from bot.writer import Writer
from handlers.x.client import Keys
from handlers.x.platform import Access, Tempo, XPlatform

from tests.standin_x.server import XStandin
from tests.waiting import until
from tests.x_listening import CORAL, HASTY, opened

T = TypeVar("T")

TEMPO = Tempo(ears=HASTY, money=0.05, names=0.05, broke=0.3)
IN_THE_ROOM_TOO = CORAL.replace("room = false\n", "")


def access_of(x: XStandin, *, budget: str = "10", speaks: bool = True) -> Access:
    """The right way in."""
    keys = Keys(x.bearer, x.keys.api_key, x.keys.api_secret, x.keys.access_token, x.keys.access_token_secret)
    return Access(keys if speaks else Keys(x.bearer), x.url, Decimal(budget))


@dataclass
class Bot:
    """A platform at work, and what is on record of it."""

    x: XStandin
    store: Store
    writer: Writer
    platform: XPlatform
    debate_id: int

    def look(self, reading: Callable[[Tx], T]) -> T:
        """What the reading finds among what is committed."""
        with self.store.read() as tx:
            return reading(tx)

    def log(self) -> list[tuple[str, str, int | None]]:
        """(author, text, question) of every message that stands, oldest first."""
        query = select(Message).where(col(Message.deleted_at).is_(None)).order_by(col(Message.posted_at))
        return self.look(lambda tx: [(row.author, row.text, row.question) for row in tx.session.exec(query).all()])

    def outbox(self, platform: str) -> list[tuple[str, str]]:
        """(kind, state) of what was to be said on a platform."""
        query = select(Outbox).where(Outbox.platform == platform).order_by(col(Outbox.id))
        return self.look(lambda tx: [(row.kind, row.state) for row in tx.session.exec(query).all()])

    async def ask(self) -> str:
        """The next question stands on X; returns its id there."""
        before = len(self.x.posts)
        await self.writer.do(self.asking)
        await until(lambda: len(self.x.posts) > before)
        return self.x.posts[-1].id

    def asking(self, tx: Tx) -> None:
        """The next question is on its way."""
        run.ask_next(tx, debates.get(tx, self.debate_id), actor=CLOCK, now=datetime.now(UTC))

    async def close(self) -> None:
        """The hour is over; late answers are still taken."""
        house, now = House(url="https://debates.example.org"), datetime.now(UTC)
        await self.writer.do(
            lambda tx: run.close(tx, debates.get(tx, self.debate_id), actor=OPERATOR, now=now, house=house)
        )

    async def listening(self) -> None:
        """The stream is heard, with every rule in force."""
        ears = self.platform.ears
        assert ears is not None
        await until(lambda: ears.stream.live and ears.keeper.ready)
        await asyncio.sleep(self.x.rule_delay + 0.05)


@asynccontextmanager
async def bot_on(x: XStandin, store: Store, access: Access) -> AsyncIterator[Bot]:
    """A platform that runs until the block ends, with a debate open."""
    debate_id = opened(store, source=IN_THE_ROOM_TOO)
    writer = Writer(store)
    writer.start()
    platform = XPlatform(access, store, writer, tempo=TEMPO)
    await platform.start()
    try:
        yield Bot(x, store, writer, platform, debate_id)
    finally:
        await platform.stop()
        writer.stop()


@pytest.fixture
async def x() -> AsyncIterator[XStandin]:
    """A strict X."""
    async with XStandin(strict_rates=False) as standin:
        yield standin


def stranger(store: Store, access: Access) -> tuple[XPlatform, Writer]:
    """A platform that has not started, and its writer, which runs."""
    writer = Writer(store)
    writer.start()
    return XPlatform(access, store, writer, tempo=TEMPO), writer


@pytest.mark.parametrize(
    ("wrong", "token"), [({"bearer": "wrong"}, "X_BEARER_TOKEN"), ({"api_secret": "wrong"}, "X_ACCESS_TOKEN")]
)
async def test_a_wrong_key_is_named(x: XStandin, sqlite_store: Store, wrong: dict[str, str], token: str) -> None:
    """The start fails at once, and says which setting is wrong; no key is in what it says."""
    right = access_of(x)
    platform, writer = stranger(sqlite_store, dataclasses.replace(right, keys=dataclasses.replace(right.keys, **wrong)))
    with pytest.raises(errors.BadToken) as caught:
        await platform.start()
    writer.stop()

    assert caught.value.fields["token"] == token
    assert [key for key in right.keys.secrets if key in str(caught.value)] == []


async def test_an_x_that_is_away_is_joined_when_it_is_back(x: XStandin, sqlite_store: Store) -> None:
    """503 at the start is no fault of a key: the bot starts, and listens as soon as it can."""
    x.faults.html_503("rules", times=1)
    platform, writer = stranger(sqlite_store, access_of(x))
    opened(sqlite_store, source=IN_THE_ROOM_TOO)
    await platform.start()
    assert (await platform.health())["ok"] is False
    try:
        await until(lambda: platform.ears is not None and platform.ears.stream.live)
        health = await platform.health()
    finally:
        await platform.stop()
        writer.stop()
    assert (health["ok"], health["mode"], health["account"]) == (True, "speaks", x.me.username)


async def test_questions_go_out_and_answers_come_in_under_them(x: XStandin, sqlite_store: Store) -> None:
    """The whole way: outbox, X, stream, log; our own posts are no messages, and names come once, at the end."""
    ana, bea = x.person("Ana", "ana"), x.person("Bea", "bea")
    async with bot_on(x, sqlite_store, access_of(x)) as bot:
        await bot.listening()
        first = await bot.ask()
        await x.post(ana, "R1 Un animal #coral", reply_to=first)
        await until(lambda: len(bot.log()) == 1)
        await x.post(bea, "Una colonia", reply_to=first)
        await until(lambda: len(bot.log()) == 2)
        assert bot.log() == [("", "R1 Un animal #coral", 1), ("", "Una colonia", 1)]
        assert x.asked("users") == []
        await bot.close()
        await until(lambda: bot.log()[0][0] != "" and len(x.posts) == 2)

        assert [post.text.split(" ")[0] for post in x.posts] == ["P1", "Gracias"]
        assert bot.log() == [("Ana", "R1 Un animal #coral", 1), ("Bea", "Una colonia", 1)]
        assert len(x.asked("users")) == 1


async def test_who_changes_their_name_in_the_middle_is_one_person(x: XStandin, sqlite_store: Store) -> None:
    """Name and handle are others from the second post on; both posts have the name that X tells at the end."""
    ana = x.person("Ana", "ana")
    async with bot_on(x, sqlite_store, access_of(x)) as bot:
        await bot.listening()
        await x.post(ana, "antes #coral")
        await until(lambda: len(bot.log()) == 1)
        x.rename("ana", "Ana María", "anam")
        await x.post(ana, "después #coral")
        await until(lambda: len(bot.log()) == 2)
        await bot.close()
        await until(lambda: [name for name, _, _ in bot.log()] == ["Ana María", "Ana María"])

        assert bot.look(lambda tx: tx.conn.exec_driver_sql("SELECT count(*) FROM person").scalar()) == 1


async def test_with_the_bearer_alone_x_is_heard(x: XStandin, sqlite_store: Store) -> None:
    """Nothing is posted, the reason is kept, and whoever uses the hashtag is in the log."""
    async with bot_on(x, sqlite_store, access_of(x, speaks=False)) as bot:
        await bot.listening()
        await bot.writer.do(bot.asking)
        await x.post("ana", "R1 Un animal #coral")
        await until(lambda: len(bot.log()) == 1)
        await until(lambda: bot.outbox("x") == [("question", "failed")])

        assert (x.posts, (await bot.platform.health())["mode"]) == ([], "hears")


async def test_a_word_puts_somebody_out_of_it(x: XStandin, sqlite_store: Store) -> None:
    """STOP to us: what they said goes, what they say is not heard; nobody else is touched."""
    async with bot_on(x, sqlite_store, access_of(x)) as bot:
        await bot.listening()
        await x.post("ana", "Yo digo #coral")
        await x.post("bea", "Yo también #coral")
        await until(lambda: len(bot.log()) == 2)
        await x.post("ana", f"@{x.me.username} BAJA, por favor")
        await until(lambda: len(bot.log()) == 1)
        await x.post("ana", "Se me olvidaba #coral")
        await x.post("bea", "Adiós #coral")
        await until(lambda: len(bot.log()) == 2)
        await asyncio.sleep(0.3)

        assert [text for _, text, _ in bot.log()] == ["Yo también #coral", "Adiós #coral"]


async def test_the_bill_is_x_s_own(x: XStandin, sqlite_store: Store) -> None:
    """What we reckon is what X reckons, kind by kind."""
    async with bot_on(x, sqlite_store, access_of(x)) as bot:
        await bot.listening()
        first = await bot.ask()
        for number in range(12):
            await x.post(f"persona{number % 4}", f"R1 Respuesta {number} #coral", reply_to=first)
        await until(lambda: len(bot.log()) == 12)
        await bot.close()
        await until(lambda: len(x.posts) == 2 and bot.platform.metrics()["x_profiles_total"] == 4)
        await asyncio.sleep(0.5)
    with sqlite_store.read() as tx:
        noted = tx.conn.exec_driver_sql("SELECT kind, count(*) FROM metered GROUP BY kind").all()

    assert {str(kind): count for kind, count in noted} == {
        kind: count for kind, count in x.meter.counts.items() if count
    }


async def test_a_budget_that_is_spent_disconnects_x_and_nothing_else(x: XStandin, sqlite_store: Store) -> None:
    """The moderators are warned, everybody elsewhere is told, X is asked nothing more, and the debate goes on."""
    async with bot_on(x, sqlite_store, access_of(x, budget="0.08")) as bot:
        await bot.listening()
        await bot.ask()
        for number in range(8):
            await x.post("ana", f"R1 Respuesta {number} #coral")
        await until(lambda: ("budget", "sent") in bot.outbox("room"))
        for number in range(4):
            await x.post("bea", f"R1 Otra {number} #coral")
        await until(lambda: ("without_x", "sent") in bot.outbox("room"))
        await until(lambda: x.live == [] and not x.rules)
        before = len(x.requests)
        await bot.writer.do(bot.asking)
        await until(lambda: ("question", "failed") in bot.outbox("x"))
        await asyncio.sleep(0.5)

        assert len(x.requests) == before
        told = [kind for kind, _ in bot.outbox("room")]
        assert told == ["question", "budget", "budget", "without_x", "question"]
        health = await bot.platform.health()
        assert (health["ok"], health["over_budget"]) == (False, True)


async def test_without_credit_every_call_stops_at_once(x: XStandin, sqlite_store: Store) -> None:
    """402 in the middle: nothing but, now and then, the one free question whether there is credit again."""
    async with bot_on(x, sqlite_store, access_of(x)) as bot:
        await bot.listening()
        await bot.ask()
        x.faults.credits_gone()
        x.disconnect()
        await bot.writer.do(bot.asking)
        await until(lambda: ("without_x", "sent") in bot.outbox("room"))
        await asyncio.sleep(0.1)
        before = len(x.requests)
        await asyncio.sleep(1.0)
        asked = [request.route for request in x.requests[before:]]

        assert (set(asked) <= {"rules"}, len(asked) <= 4) == (True, True)
        assert [kind for kind, _ in bot.outbox("room")] == ["question", "question", "budget", "without_x"]
        assert (await bot.platform.health())["no_credit"] is True

        opened(sqlite_store, source=IN_THE_ROOM_TOO.replace("Coral", "Otro"))
        await until(lambda: [kind for kind, _ in bot.outbox("room")] == ["budget", "without_x"])

        x.faults.clear()
        await until(lambda: bool(x.live))
        await x.post("ana", "Ya está #coral")
        await until(lambda: [text for _, text, _ in bot.log()] == ["Ya está #coral"])


async def test_a_door_that_x_shuts_is_told_to_who_moderates(x: XStandin, sqlite_store: Store) -> None:
    """401 in the middle: the stream is not tried again, and somebody who can do something about it knows."""
    async with bot_on(x, sqlite_store, access_of(x)) as bot:
        await bot.listening()
        x.faults.status("*", 401, "unauthorized", times=1_000)
        x.disconnect()
        await until(lambda: ("shut", "sent") in bot.outbox("room"))

        assert [kind for kind, _ in bot.outbox("room")].count("shut") == 1


async def test_what_was_being_said_has_landed_when_it_stops(x: XStandin, sqlite_store: Store) -> None:
    """Asked to stop, it is still in time with what was on its way."""
    async with bot_on(x, sqlite_store, access_of(x)) as bot:
        await bot.listening()

        def put(tx: Tx) -> None:
            say.everywhere(tx, debates.get(tx, bot.debate_id), "note", "Hola", now=datetime.now(UTC))

        await bot.writer.do(put)
        await until(lambda: bool(x.asked("create")))
        before = asyncio.get_running_loop().time()
        await bot.platform.stop()
        took = timedelta(seconds=asyncio.get_running_loop().time() - before)

        assert (took < timedelta(seconds=2), bot.outbox("x"), [post.text for post in x.posts]) == (
            True, [("note", "sent")], ["Hola"],
        )  # fmt: skip


async def test_troubles_on_the_way_double_nothing_and_lose_nothing(x: XStandin, sqlite_store: Store) -> None:
    """Stored without an answer, broken before it was stored, 503 in every form: each post stands once."""
    async with bot_on(x, sqlite_store, access_of(x)) as bot:
        await bot.listening()
        x.faults.drop_after_store()
        await bot.writer.do(bot.asking)
        await until(lambda: bot.outbox("x")[-1] == ("question", "sent"), 60)
        x.faults.html_503("create")
        x.faults.empty_503("own_posts")
        await bot.writer.do(bot.asking)
        await until(lambda: bot.outbox("x")[-1] == ("question", "sent"), 60)
        x.faults.drop_before_store()
        await bot.writer.do(bot.asking)
        await until(lambda: bot.outbox("x")[-1] == ("question", "sent"), 60)

        assert [post.text for post in x.posts] == [
            "P1 ¿Qué es un coral? #Coral", "P2 ¿Quién vive en él? #Coral", "P3 ¿Qué lo daña? #Coral",
        ]  # fmt: skip


async def test_x_is_left_and_joined_again_while_the_debate_goes_on(x: XStandin, sqlite_store: Store) -> None:
    """Left: no stream, no rule, no post. Joined again: the open question stands there, and answers come in under it."""
    now, house = datetime.now(UTC), House(x=True)
    async with bot_on(x, sqlite_store, access_of(x)) as bot:
        await bot.listening()
        await bot.ask()
        await bot.writer.do(lambda tx: places.leave(tx, debates.get(tx, bot.debate_id), "x", actor=OPERATOR, now=now))
        await until(lambda: x.live == [] and x.rules == [])
        await bot.writer.do(bot.asking)
        await bot.writer.do(
            lambda tx: (
                places.join(tx, debates.get(tx, bot.debate_id), "x", house=house, actor=OPERATOR, now=now).address
            )
        )
        await until(lambda: len(x.posts) == 3)
        await bot.listening()
        await x.post("ana", "Los peces", reply_to=x.posts[-1].id)
        await until(lambda: len(bot.log()) == 1)

        assert [post.text.partition(" ")[0] for post in x.posts] == ["P1", "Empieza", "P2"]
        assert bot.log() == [("", "Los peces", 2)]
