"""The outbox on its way out: in order in each place, at once, and never twice."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from time import monotonic

import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from bot import errors
from bot.outbox import ABORTED
from bot.ports import Draft, Platform
from bot.store.engine import Store, Tx
from bot.tables import Outbox
from bot.writer import Writer
from handlers.publisher import BURY, Publisher, dead, owner_name

from tests.slack_live import live
from tests.standin_bot import workspace_with_people
from tests.waiting import until


@dataclass
class Throat:
    """A mouth made by hand: what it says is in `said`; `troubles` come first, one for each attempt at a key."""

    said: list[tuple[str, str]] = field(default_factory=list)
    troubles: dict[str, list[Exception]] = field(default_factory=dict)
    standing: dict[str, str] = field(default_factory=dict)  # key -> id, of what stands there already
    asked_for: list[str] = field(default_factory=list)
    slow: dict[str, float] = field(default_factory=dict)
    platform: Platform = Platform.SLACK

    async def send(self, draft: Draft) -> str:
        """The draft stands here, unless there is trouble."""
        await asyncio.sleep(self.slow.get(draft.place, 0.0))
        if self.troubles.get(draft.key):
            trouble = self.troubles[draft.key].pop(0)
            if isinstance(trouble, errors.Unsure):
                self._say(draft)  # it arrived, and nobody was told
            raise trouble
        return self._say(draft)

    async def find(self, draft: Draft, since: datetime) -> str | None:
        """Where the draft stands."""
        self.asked_for.append(draft.key)
        return self.standing.get(draft.key)

    def _say(self, draft: Draft) -> str:
        self.said.append((draft.place, draft.key))
        self.standing[draft.key] = f"{draft.place}-{len(self.said)}"
        return self.standing[draft.key]


class Clocks:
    """The two clocks of a machine; the wall's can be put back and forward, and time can pass quickly."""

    def __init__(self) -> None:
        """They agree."""
        self.wrong_by = timedelta(0)
        self.passed = timedelta(0)

    def wall(self) -> datetime:
        """What the wall's shows."""
        return datetime.now(UTC) + self.passed + self.wrong_by

    def steady(self) -> float:
        """Seconds that have passed since whenever."""
        return monotonic() + self.passed.total_seconds()


@asynccontextmanager
async def publishing(
    throat: Throat, store: Store, writer: Writer, poll: float = 0.05, clocks: "Clocks | None" = None
) -> AsyncIterator[Publisher]:
    """A publisher that runs until the block ends."""
    clocks = clocks or Clocks()
    publisher = Publisher(throat, store, writer, poll=poll, clock=clocks.wall, steady=clocks.steady)
    publisher.start()
    try:
        yield publisher
    finally:
        await publisher.stop()


def row(key: str, place: str = "C1") -> Outbox:
    """A post that waits."""
    now = datetime.now(UTC)
    return Outbox(key=key, platform="slack", place=place, kind="note", text=key, created_at=now, next_at=now)


def held(key: str, place: str, owner: str) -> Outbox:
    """A post that somebody claimed a moment ago, for an hour, and has not marked."""
    post, now = row(key, place), datetime.now(UTC)
    post.state, post.attempts, post.first_try_at = "sending", 1, now
    post.lease_owner, post.lease_until = owner, now + timedelta(hours=1)
    return post


def put(tx: Tx, *rows: Outbox) -> None:
    """The posts wait in the outbox."""
    for one in rows:
        tx.session.add(one)
        tx.session.flush()
    tx.outbox = True


def _put_one(tx: Tx, *, key: str) -> None:
    put(tx, row(key))


def states(store: Store) -> list[tuple[str, str, str | None]]:
    """(key, state, where it landed) of every post, in order."""
    with store.read() as tx:
        rows = tx.session.exec(select(Outbox).order_by(col(Outbox.id))).all()
        return [(one.key, one.state, one.landed) for one in rows]


async def test_posts_go_out_in_the_order_of_their_place(store: Store, writer: Writer) -> None:
    """Within a place nothing overtakes; every post is marked with where it landed."""
    throat = Throat()
    async with publishing(throat, store, writer):
        await writer.do(lambda tx: put(tx, row("a"), row("b", "C2"), row("c"), row("d", "C2"), row("e")))
        await until(lambda: len(throat.said) == 5)
        await until(lambda: all(state == "sent" for _, state, _ in states(store)))
    assert [key for place, key in throat.said if place == "C1"] == ["a", "c", "e"]
    assert [key for place, key in throat.said if place == "C2"] == ["b", "d"]
    assert [landed is not None for _, _, landed in states(store)] == [True] * 5


async def test_a_commit_wakes_the_publisher_at_once(store: Store, writer: Writer) -> None:
    """A post is on its way well within 100 ms of its commit, however seldom the outbox is looked at (best of five)."""
    throat = Throat()
    async with publishing(throat, store, writer, poll=60.0):
        await asyncio.sleep(0.05)
        delays = []
        for number in range(5):
            await writer.do(partial(_put_one, key=f"k{number}"))
            started = asyncio.get_running_loop().time()
            while len(throat.said) <= number:  # noqa: ASYNC110  (measured closer than `until` looks)
                await asyncio.sleep(0.001)
            delays.append(asyncio.get_running_loop().time() - started)
    assert min(delays) < 0.1  # the machine may be busy


async def test_what_another_process_wrote_goes_out_soon(store: Store, writer: Writer) -> None:
    """A row that came without waking us is found by looking."""
    throat = Throat()
    async with publishing(throat, store, writer):
        await asyncio.sleep(0.1)
        store.write(lambda tx: put(tx, row("from elsewhere")))
        await until(lambda: throat.said == [("C1", "from elsewhere")])


async def test_a_slow_place_delays_no_other(store: Store, writer: Writer) -> None:
    """While one place takes its time, another gets all of its posts."""
    throat = Throat(slow={"SLOW": 90.0})
    async with publishing(throat, store, writer) as publisher:
        await writer.do(lambda tx: put(tx, row("stuck", "SLOW"), row("a", "C2"), row("b", "C2"), row("c", "C2")))
        await until(lambda: [key for _, key in throat.said] == ["a", "b", "c"])
        await publisher.stop(within=0.05)


async def test_an_answer_that_was_lost_leads_to_one_post(store: Store, writer: Writer) -> None:
    """What may have arrived is looked for, found, and not said again."""
    throat = Throat(troubles={"a": [errors.Unsure(why="timeout")]})
    async with publishing(throat, store, writer):
        await writer.do(lambda tx: put(tx, row("a")))
        await until(lambda: states(store) == [("a", "sent", "C1-1")])
    assert throat.said == [("C1", "a")]
    assert throat.asked_for == ["a"]


async def test_a_refusal_for_now_is_tried_again_without_looking(store: Store, writer: Writer) -> None:
    """After 429 the post surely does not stand there; it goes out when the platform said."""
    throat = Throat(troubles={"a": [errors.NotNow("ratelimited", seconds=0.2), errors.NotNow("x", seconds=0.0)]})
    async with publishing(throat, store, writer):
        started = asyncio.get_running_loop().time()
        await writer.do(lambda tx: put(tx, row("a"), row("b")))
        await until(lambda: len(throat.said) == 2)
        took = asyncio.get_running_loop().time() - started
    assert throat.said == [("C1", "a"), ("C1", "b")]
    assert took >= 0.2
    assert throat.asked_for == []


async def test_a_refusal_for_good_lets_the_next_one_pass(store: Store, writer: Writer) -> None:
    """What the platform will never take is marked with its reason, and does not stand in the way."""
    throat = Throat(troubles={"a": [errors.NotEver(why="is_archived")]})
    async with publishing(throat, store, writer):
        await writer.do(lambda tx: put(tx, row("a"), row("b")))
        await until(lambda: [state for _, state, _ in states(store)] == ["failed", "sent"])
    with store.read() as tx:
        why = tx.session.exec(select(Outbox.error).where(Outbox.key == "a")).one()
    assert why == "La plataforma lo rechaza: is_archived."


async def test_what_a_dead_process_held_is_looked_for_and_then_said(store: Store, writer: Writer) -> None:
    """A crash between claim and mark: found where it stands, or said once; nobody waits for the lease."""
    host = owner_name().partition("/")[0]
    owner = f"{host}/4194999/gone"  # above the largest process id that Linux gives by default
    store.write(lambda tx: put(tx, held("stands", "C1", owner), held("never left", "C2", owner)))
    throat = Throat(standing={"stands": "C1-old"})
    async with publishing(throat, store, writer):
        await until(lambda: [state for _, state, _ in states(store)] == ["sent", "sent"])
    assert throat.said == [("C2", "never left")]
    assert states(store)[0] == ("stands", "sent", "C1-old")


async def test_what_a_process_dies_with_later_is_found_soon(store: Store, writer: Writer) -> None:
    """The other bot is killed while this one runs: nobody waits for its lease."""
    clocks, throat = Clocks(), Throat()
    async with publishing(throat, store, writer, clocks=clocks):
        await writer.do(lambda tx: put(tx, row("first")))
        await until(lambda: throat.said)
        owner = f"{owner_name().partition('/')[0]}/4194999/gone"
        store.write(lambda tx: put(tx, held("later", "C1", owner)))
        clocks.passed += timedelta(seconds=BURY + 1)
        await until(lambda: [key for _, key in throat.said] == ["first", "later"])


async def test_who_thaws_after_its_lease_leaves_the_post_to_whoever_has_it(store: Store, writer: Writer) -> None:
    """Frozen between looking and saying for more than a minute: another bot has said it since."""
    clocks = Clocks()
    throat = Throat()

    class Frozen(Throat):
        async def find(self, draft: Draft, since: datetime) -> str | None:
            clocks.passed += timedelta(minutes=2)
            async with publishing(throat, store, writer, clocks=clocks):
                await until(lambda: throat.said)
                await until(lambda: [state for _, state, _ in states(store)] == ["sent"])
            return None

    mine = Frozen()
    post = held("a", "C1", "elsewhere/1/x")
    post.lease_until = post.created_at
    store.write(lambda tx: put(tx, post))
    async with publishing(mine, store, writer, clocks=clocks) as publisher:
        await until(lambda: states(store) == [("a", "sent", "C1-1")] and not publisher.holding)
    assert (mine.said, throat.said) == ([], [("C1", "a")])


async def test_clock_put_back_keeps_no_post_waiting(store: Store, writer: Writer) -> None:
    """What was decided a moment before goes out now, not in an hour; and so does what comes after."""
    clocks = Clocks()
    throat = Throat(troubles={"a": [errors.NotNow("ratelimited", seconds=600.0)]})
    async with publishing(throat, store, writer, clocks=clocks):
        await writer.do(lambda tx: put(tx, row("a")))
        await until(lambda: states(store)[0][1] == "queued" and not throat.troubles["a"])
        clocks.wrong_by = -timedelta(hours=1)
        await until(lambda: throat.said == [("C1", "a")])
        await writer.do(lambda tx: put(tx, row("b")))  # by the clock that was right before
        clocks.wrong_by = -timedelta(hours=2)
        await until(lambda: [key for _, key in throat.said] == ["a", "b"])


async def test_clock_put_forward_sends_nothing_twice_that_is_on_its_way(
    store: Store, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the wall clock its lease has run out an hour ago, for us and for the other bot of this machine."""
    owners = iter(("one/1/x", "two/1/x"))  # one process would take the other's claims for those of an earlier life
    monkeypatch.setattr("handlers.publisher.owner_name", lambda: next(owners))
    clocks = Clocks()
    ours, theirs = Throat(slow={"C1": 1.0}), Throat()
    async with publishing(ours, store, writer, poll=60.0, clocks=clocks):
        await writer.do(lambda tx: put(tx, row("a")))
        await until(lambda: states(store)[0][1] == "sending")
        async with publishing(theirs, store, writer, clocks=clocks):
            await asyncio.sleep(0.1)
            clocks.wrong_by = timedelta(hours=1)
            await until(lambda: states(store)[0][1] == "sent")
    assert (ours.said, theirs.said) == ([("C1", "a")], [])


def test_only_processes_of_this_machine_are_taken_for_dead() -> None:
    """A claim of another host, of a living process or of ourselves stands until its lease runs out."""
    me = owner_name()
    host, pid, _ = me.split("/")
    assert not dead(me, me=me)
    assert not dead("elsewhere/4194999/x", me=me)
    assert not dead(f"{host}/1/x", me=me)
    assert not dead("nonsense", me=me)
    assert dead(f"{host}/4194999/x", me=me)
    assert dead(f"{host}/{pid}/another life", me=me)


async def test_a_post_that_landed_is_marked_even_after_the_database_faltered(store: Store, writer: Writer) -> None:
    """The mark is tried again; the post is not."""
    throat = Throat(slow={"C1": 0.1})
    async with publishing(throat, store, writer):
        await writer.do(lambda tx: put(tx, row("a")))
        await asyncio.sleep(0.05)
        fail = {"times": 1}

        def broken(_conn: sa.Connection) -> None:
            if fail["times"]:
                fail["times"] -= 1
                raise sa.exc.OperationalError("COMMIT", None, Exception("database is locked"))

        with store.writing() as conn:
            engine = conn.engine
        sa.event.listen(engine, "commit", broken)
        try:
            await until(lambda: [state for _, state, _ in states(store)] == ["sent"])
        finally:
            sa.event.remove(engine, "commit", broken)
    assert throat.said == [("C1", "a")]


async def test_slack_gets_one_post_when_its_answer_is_lost(sqlite_store: Store) -> None:
    """On the stand-in, with the real client: stored, connection cut, found, not said again."""
    async with workspace_with_people() as slack:
        slack.faults.drop_after_store("chat.postMessage")
        async with live(slack, sqlite_store) as bot:
            await bot.ask()
            await until(lambda: bot.outbox()[-1].state == "sent")
        assert bot.posted() == ["P1 ¿Qué perfil? #MeetAlfaro"]
        assert bot.outbox()[-1].landed == slack.record.posts[0].ts


async def test_slack_keeps_us_waiting_and_the_order_stands(sqlite_store: Store) -> None:
    """On the stand-in: 429 for a second, and then everything in its order, with nothing twice."""
    async with workspace_with_people() as slack:
        slack.faults.rate_limit("chat.postMessage", retry_after=1)
        async with live(slack, sqlite_store) as bot:
            for number in range(4):
                await bot.post(f"aviso {number}")
            await until(lambda: len(bot.posted()) == 4)
        assert bot.posted() == [f"aviso {number}" for number in range(4)]


async def test_a_restart_in_the_middle_of_a_post_leads_to_one_post(sqlite_store: Store, tmp_path: Path) -> None:
    """Stopped while Slack is slow to answer, the next start finds the post where it stands."""
    async with workspace_with_people() as slack:
        slack.faults.slow("chat.postMessage", 3.0)
        async with live(slack, sqlite_store) as bot:
            await bot.post("solo una vez")
            await until(lambda: len(bot.posted()) == 1)
            await bot.platform.publisher.stop(within=0.01) if bot.platform.publisher else None
        assert bot.outbox()[-1].state == "sending"
        async with live(slack, sqlite_store, debate_id=bot.debate_id) as again:
            await until(lambda: again.outbox()[-1].state == "sent")
        assert bot.posted() == ["solo una vez"]


async def test_a_post_of_an_aborted_debate_is_looked_for_and_never_said(store: Store, writer: Writer) -> None:
    """One stands there and is taken back; the other does not, and stays unsaid."""
    throat = Throat(standing={"stands": "C1-9"})
    rows = [held(key, place, "elsewhere/1") for key, place in (("stands", "C1"), ("lost", "C2"))]
    for one in rows:
        one.kind, one.lease_until = ABORTED, datetime.now(UTC)
    async with publishing(throat, store, writer):
        await writer.do(lambda tx: put(tx, *rows))
        await until(lambda: sorted(state for _, state, _ in states(store)) == ["failed", "sent", "sent"])
    assert sorted(throat.asked_for) == ["lost", "stands"]
    assert [place for place, _ in throat.said] == ["C1"]
