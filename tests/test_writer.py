"""The one thread that writes: commits in groups, fails each alone or all together, and gets up again."""

import asyncio
import sqlite3
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import select

from bot import debatefile, errors
from bot.actions import log, plan, run
from bot.ports import OPERATOR, Author, House, Platform, Said
from bot.store import debates, engine
from bot.store.engine import Store, Tx
from bot.tables import Kept, Message
from bot.writer import Committed, Writer

from tests.stories import CHANNEL, FILE, Evening


@pytest.fixture
def hasty(sqlite_store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[Writer]:
    """A writer on SQLite that waits for a lock 50 ms instead of ten seconds."""
    monkeypatch.setattr(engine, "BUSY_MS", 50)
    writer = Writer(sqlite_store)
    writer.start()
    yield writer
    writer.stop()


def note(name: str, value: str = "x") -> Callable[[Tx], Any]:
    """An action that keeps a row under a name."""

    def action(tx: Tx) -> str:
        tx.session.add(Kept(name=name, value=value))
        return name

    return action


def names(store: Store) -> list[str]:
    """The names under which rows are kept."""
    with store.read() as tx:
        return list(tx.conn.execute(sa.text("SELECT name FROM kept ORDER BY name")).scalars())


async def test_each_caller_gets_its_own_answer_once_it_is_committed(store: Store, writer: Writer) -> None:
    """A hundred at once: each its name, all of them there."""
    wanted = [f"{number:03}" for number in range(100)]

    answers = await asyncio.gather(*(writer.do(note(name)) for name in wanted))

    assert answers == wanted
    assert names(store) == wanted


async def test_actions_run_in_the_order_in_which_they_were_given(store: Store, writer: Writer) -> None:
    """A later one sees what an earlier one of the same group has done."""

    def count(tx: Tx) -> int:
        return int(tx.conn.execute(sa.text("SELECT count(*) FROM kept")).scalar_one())

    doing = [writer.do(action) for action in (note("a"), count, note("b"), count)]

    assert await asyncio.gather(*doing) == ["a", 1, "b", 2]


async def test_action_that_fails_is_undone_alone(store: Store, writer: Writer) -> None:
    """By a refusal, by a key that is taken, by a programming error: its neighbours are kept."""

    def refused(tx: Tx) -> None:
        tx.session.add(Kept(name="refused", value=""))
        tx.session.flush()
        raise errors.NoDebateHere

    def taken(tx: Tx) -> None:
        tx.session.add(Kept(name="taken", value=""))
        tx.session.flush()
        tx.session.add(Kept(name="a", value=""))
        tx.session.flush()

    def broken(tx: Tx) -> None:
        tx.session.add(Kept(name="broken", value=""))
        tx.finish()
        raise ZeroDivisionError

    doing = [writer.do(action) for action in (note("a"), refused, taken, broken, note("b"))]
    answers = await asyncio.gather(*doing, return_exceptions=True)

    assert [type(answer) for answer in answers] == [
        str, errors.NoDebateHere, sa.exc.IntegrityError, ZeroDivisionError, str,
    ]  # fmt: skip
    assert names(store) == ["a", "b"]
    assert writer.trouble == ""


async def test_locked_database_is_told_to_every_caller_and_then_works_again(sqlite_store: Store, hasty: Writer) -> None:
    """Another program holds the write lock: nothing is acknowledged, nothing half-written; then all is well."""
    await hasty.do(note("before"))
    other = sqlite3.connect(str(sqlite_store.path), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    answers = await asyncio.gather(hasty.do(note("a")), hasty.do(note("b")), return_exceptions=True)
    trouble = hasty.trouble
    other.execute("ROLLBACK")
    other.close()
    await hasty.do(note("after"))

    assert [type(answer) for answer in answers] == [sa.exc.OperationalError] * 2
    assert "database is locked" in trouble
    assert hasty.trouble == ""
    assert names(sqlite_store) == ["after", "before"]


async def test_full_disk_is_told_to_every_caller_of_the_group(sqlite_store: Store, hasty: Writer) -> None:
    """The database may not grow: the big one fails and with it who was in its group; small ones work afterwards."""

    def bound(tx: Tx) -> int:
        pages = tx.conn.exec_driver_sql("PRAGMA page_count").scalar_one()
        return int(tx.conn.exec_driver_sql(f"PRAGMA max_page_count = {pages + 2}").scalar_one())

    await hasty.do(bound)
    answers = await asyncio.gather(
        hasty.do(note("small")), hasty.do(note("big", "x" * 1_000_000)), return_exceptions=True
    )
    trouble = hasty.trouble
    await hasty.do(note("after"))

    assert type(answers[1]) is sa.exc.OperationalError
    assert "database or disk is full" in str(answers[1])
    assert trouble.startswith("OperationalError")
    # Small was in the big one's group, and fell with it, or in one before, and stands: what it was told is true.
    assert names(sqlite_store) == (["after"] if isinstance(answers[0], Exception) else ["after", "small"])


@pytest.fixture
def crossed(postgres_store: Store) -> Callable[[str, str], list[Callable[[Tx], Any]]]:
    """Two actions that sign what is kept as ``a`` and as ``b``, in the order of ``names``.

    Of two who sign, each has signed one of them before either goes on to the other.
    """
    for name in "ab":
        postgres_store.write(note(name, ""))
    begun, been = threading.Barrier(2), set[str]()
    sign = sa.text("UPDATE kept SET value = value || :who WHERE name = :name")

    def actions(who: str, names: str) -> list[Callable[[Tx], Any]]:
        def first(tx: Tx) -> str:
            tx.conn.execute(sign, {"who": who, "name": names[0]})
            if who not in been:
                been.add(who)
                begun.wait(10)
            return names[0]

        def second(tx: Tx) -> str:
            tx.conn.execute(sign, {"who": who, "name": names[1]})
            return names[1]

        return [first, second]

    return actions


def signed(store: Store) -> list[str]:
    """Who has signed each, in the order of the alphabet."""
    with store.read() as tx:
        return ["".join(sorted(value)) for value in tx.conn.execute(sa.text("SELECT value FROM kept")).scalars()]


@pytest.mark.postgres
async def test_two_writers_that_wait_for_each_other_are_both_done(
    postgres_store: Store, crossed: Callable[[str, str], list[Callable[[Tx], Any]]]
) -> None:
    """Each has what the other wants: the database undoes one of them, and all that was in it is done again."""
    writers = [Writer(postgres_store), Writer(postgres_store)]
    asked = [(writers[0], crossed("1", "ab")), (writers[1], crossed("2", "ba"))]
    doing = [writer.do(action) for writer, actions in asked for action in actions]
    for writer in writers:
        writer.start()
    answers = await asyncio.gather(*doing)
    for writer in writers:
        writer.stop()

    assert answers == ["a", "b", "b", "a"]
    assert signed(postgres_store) == ["12", "12"]
    assert [writer.trouble for writer in writers] == ["", ""]


@pytest.mark.postgres
async def test_a_command_and_a_bot_that_wait_for_each_other_are_both_done(
    postgres_store: Store, crossed: Callable[[str, str], list[Callable[[Tx], Any]]]
) -> None:
    """Whichever the database undoes."""
    by_bot, by_hand = crossed("1", "ab"), crossed("2", "ba")
    writer = Writer(postgres_store)
    doing = [writer.do(action) for action in by_bot]
    writer.start()
    done = await asyncio.to_thread(postgres_store.write, lambda tx: [action(tx) for action in by_hand])
    answers = await asyncio.gather(*doing)
    writer.stop()

    assert (done, answers) == (["b", "a"], ["a", "b"])
    assert signed(postgres_store) == ["12", "12"]


@pytest.mark.postgres
async def test_what_can_be_done_but_once_is_told_that_it_gave_way(
    postgres_store: Store, crossed: Callable[[str, str], list[Callable[[Tx], Any]]]
) -> None:
    """An import uses up what it reads: made again it would bring the rest alone. Nothing of it is kept."""
    by_bot, left = crossed("1", "ab"), iter(crossed("2", "ba"))

    def by_hand(tx: Tx) -> None:
        tx.conn.exec_driver_sql("SET LOCAL deadlock_timeout = '50ms'")  # it is the first to look, and so gives way
        for action in left:
            action(tx)

    writer = Writer(postgres_store)
    doing = [writer.do(action) for action in by_bot]
    writer.start()
    with pytest.raises(sa.exc.OperationalError, match="deadlock"):
        await asyncio.to_thread(postgres_store.write, by_hand, once=True)
    await asyncio.gather(*doing)
    writer.stop()

    assert signed(postgres_store) == ["1", "1"]


async def test_too_much_waiting_is_refused_at_once(
    sqlite_store: Store, hasty: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three may wait: the fourth is told so before it queues, and later there is room again."""
    monkeypatch.setattr("bot.writer.MOST_WAITING", 3)
    doing = [hasty.do(note(name)) for name in "abc"]

    with pytest.raises(errors.Overloaded):
        await hasty.do(note("d"))
    await asyncio.gather(*doing)
    await hasty.do(note("e"))

    assert names(sqlite_store) == ["a", "b", "c", "e"]


async def test_caller_that_gave_up_does_not_disturb_the_others(sqlite_store: Store, hasty: Writer) -> None:
    """Its action is done all the same: it was under way."""
    gone = asyncio.ensure_future(hasty.do(note("gone")))
    gone.cancel()

    assert await hasty.do(note("here")) == "here"
    assert names(sqlite_store) == ["gone", "here"]


async def test_listeners_hear_what_was_touched_and_cannot_stop_the_writer(store: Store, house: House) -> None:
    """One listener is broken; the other hears of the debate; what follows is still written."""
    evening = Evening(store, house).until(12)
    writer = Writer(store)
    heard: list[set[int]] = []

    def broken(_committed: Committed) -> None:
        raise ZeroDivisionError

    writer.on_commit(broken)
    writer.on_commit(lambda committed: heard.append(committed.debates))
    writer.start()

    await writer.do(lambda tx: debates.bump(tx, evening.id))
    await writer.do(note("quiet"))
    writer.stop()

    assert heard == [{evening.id}]
    assert names(store) == ["quiet"]


async def test_messages_in_one_group_with_a_failure_between_them_are_all_filed(store: Store, house: House) -> None:
    """What the writer remembers of people and debates between actions is never what was undone."""
    evening = Evening(store, house).until(12)
    writer = Writer(store)
    first = Said(Platform.SLACK, CHANNEL, "1.1", Author("UNEW", "Nueva"), "R1 uno", evening.now)

    def hear(one: Said, *, fail: bool = False) -> Callable[[Tx], Any]:
        def action(tx: Tx) -> None:
            log.hear(tx, [one], now=evening.now)
            if fail:
                raise ZeroDivisionError

        return action

    doing = [
        writer.do(hear(first, fail=True)),
        writer.do(hear(first._replace(id="1.2", text="R1 dos"))),
        writer.do(hear(first._replace(id="1.3", text="tres"))),
    ]
    writer.start()
    await asyncio.gather(*doing, return_exceptions=True)
    writer.stop()

    assert evening.log() == [("Nueva", "R1 dos", 1, "label", "certain"), ("Nueva", "tres", 1, "time", "guess")]
    assert [type(doing[0].exception())] == [ZeroDivisionError]  # type: ignore[attr-defined]


async def test_stop_commits_what_was_waiting(sqlite_store: Store) -> None:
    """Nothing that was taken is dropped."""
    writer = Writer(sqlite_store)
    doing = [writer.do(note(name)) for name in "abc"]
    writer.start()
    writer.stop()

    assert await asyncio.gather(*doing) == ["a", "b", "c"]
    assert names(sqlite_store) == ["a", "b", "c"]


async def test_what_is_said_after_an_abort_is_heard_by_the_debate_that_is_on_then(
    sqlite_store: Store, house: House
) -> None:
    """The writer remembers which debate was heard in a place: that it is gone is no message's fault."""
    evening = Evening(sqlite_store, house).until(12)
    at = evening.now
    said = [
        Said(Platform.SLACK, CHANNEL, f"{at.timestamp() + n:.6f}", Author("UANA", "Ana"), text, at)
        for n, text in enumerate(("antes", "después"))
    ]
    writer = Writer(sqlite_store)
    writer.start()
    try:
        await writer.do(lambda tx: log.hear(tx, said[:1], now=at))
        await writer.do(lambda tx: run.abort(tx, debates.get(tx, 1), actor=OPERATOR, now=at, really=True))
        wanted = debatefile.parse(FILE.replace("T19:00", "T21:00"))
        second = await writer.do(lambda tx: debates.ident(plan.add(tx, wanted, house=house, actor=OPERATOR, now=at)))
        await writer.do(lambda tx: run.open_now(tx, debates.get(tx, second), actor=OPERATOR, now=at))
        heard = await writer.do(lambda tx: log.hear(tx, said[1:], now=at))
    finally:
        writer.stop()

    with sqlite_store.read() as tx:
        kept = [(one.debate_id, one.text) for one in tx.session.exec(select(Message))]
    assert (heard, kept) == ([said[1].id], [(second, "después")])


async def test_the_patient_let_others_go_before_them(sqlite_store: Store) -> None:
    """What came in the same moment is committed first, without them; then they are, each by itself."""
    writer = Writer(sqlite_store)
    commits: list[list[str]] = []

    def seen(name: str) -> Callable[[Tx], None]:
        return lambda tx: commits[-1].append(name)

    commit = writer._commit

    def counted(*given: Any) -> Any:
        commits.append([])
        return commit(*given)

    writer._commit = counted  # type: ignore[method-assign,assignment]
    doing = [writer.do(seen(name), patient=name in {"x", "bill"}) for name in ("x", "slack", "bill", "room")]
    writer.start()
    await asyncio.gather(*doing)
    await asyncio.to_thread(writer.stop)
    assert commits == [["slack", "room"], ["x"], ["bill"]]


async def test_the_patient_are_written_though_others_never_cease(sqlite_store: Store) -> None:
    """There is always somebody else waiting: they go first for a moment, and then no more."""
    writer = Writer(sqlite_store)
    order: list[str] = []
    loop = asyncio.get_running_loop()
    hurried: list[Awaitable[None]] = []

    def busy(_tx: Tx) -> None:
        order.append("slack")
        if "x" not in order:
            queued = threading.Event()
            loop.call_soon_threadsafe(another, queued)
            queued.wait(5.0)

    def another(queued: threading.Event) -> None:
        hurried.append(writer.do(busy))
        queued.set()

    patient = writer.do(lambda _tx: order.append("x"), patient=True)
    hurried.append(writer.do(busy))
    writer.start()
    async with asyncio.timeout(30):
        await patient
    await asyncio.gather(*hurried)
    await asyncio.to_thread(writer.stop)
    assert order[0] == "slack"
    assert order.count("x") == 1


@pytest.fixture
def on_a_disk(
    store: Store, connected_as_a_bot: Callable[[sqlite3.Connection, object], None], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Writer]:
    """A writer whose commits wait for the disk, as a bot's do and no other test's."""
    monkeypatch.setattr(engine, "_sqlite_connect", connected_as_a_bot)
    own = Store(store.url.difference_update_query(["options"]).render_as_string(hide_password=False))
    writer = Writer(own)
    writer.start()
    yield writer
    writer.stop()
    own.close()


def waited_for(tx: Tx) -> str:
    """Whether the commit under way waits for the disk, in the database's own word."""
    asked = "PRAGMA synchronous" if tx.sqlite else "SHOW synchronous_commit"
    return {"2": "yes", "1": "no", "on": "yes", "off": "no"}[str(tx.conn.exec_driver_sql(asked).scalar())]


async def test_only_what_is_told_again_does_not_wait_for_the_disk(on_a_disk: Writer) -> None:
    """A kill takes nothing away from it, a cut of the power may."""
    assert await on_a_disk.do(waited_for) == "yes"
    assert await on_a_disk.do(waited_for, told_again=True) == "no"
    assert await on_a_disk.do(waited_for, patient=True) == "yes"


async def test_a_group_waits_for_the_disk_when_anybody_in_it_needs_it(on_a_disk: Writer) -> None:
    """One of many is not told again: the others come with it."""
    first = on_a_disk.do(lambda _tx: time.sleep(0.05))
    doing = [on_a_disk.do(waited_for, told_again=number != 3) for number in range(6)]
    await first
    assert await asyncio.gather(*doing) == ["yes"] * 6


def touching(tx: Tx) -> None:
    """Somebody is to hear of the commit."""
    tx.outbox = True


async def test_a_pause_is_when_nobody_waits_for_a_commit(sqlite_store: Store) -> None:
    """At once where nobody does; else once they are answered, or when patience ends."""
    writer = Writer(sqlite_store)
    await writer.pause(0.0)
    waiting = writer.do(note("a"))
    started = asyncio.get_running_loop().time()
    await writer.pause(0.05)
    assert asyncio.get_running_loop().time() - started >= 0.05
    writer.start()
    await writer.pause(60.0)
    assert await waiting == "a"
    await asyncio.to_thread(writer.stop)
