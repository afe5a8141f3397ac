"""Deliveries on their way into the log: together when many come, each alone when one is poisonous."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import col, select
from structlog.testing import capture_logs

from bot.actions.inbox import Delivery
from bot.ports import Author, Platform, Said
from bot.store.engine import Store
from bot.tables import Inbox, Message
from bot.writer import Committed, Writer
from handlers.intake import Intake, Share

from tests.slack_live import open_debate
from tests.standin_bot import PLAZA


@pytest.fixture(autouse=True)
def _open(store: Store) -> None:
    """A debate is open."""
    open_debate(store)


def delivery(number: int, *, poisonous: bool = False) -> Delivery:
    """Something said in #plaza; a poisonous one has a time without a zone, which the log refuses."""
    at = datetime.now(UTC) + timedelta(milliseconds=number)
    said = Said(
        Platform.SLACK, PLAZA, f"{number}.0", Author("U1", "Ana"), f"mensaje {number}",
        at.replace(tzinfo=None) if poisonous else at,
    )  # fmt: skip
    return Delivery(Platform.SLACK, f"Ev{number}", [said], raw=f"raw {number}")


def kept(store: Store) -> tuple[list[str], list[tuple[str, str, str | None]]]:
    """The texts of the log, and (id, state, payload) of the inbox."""
    with store.read() as tx:
        texts = tx.session.exec(select(Message.text).order_by(col(Message.posted_at))).all()
        rows = tx.session.exec(select(Inbox).order_by(col(Inbox.event_id))).all()
        return list(texts), [(row.event_id, row.state, row.payload) for row in rows]


async def test_a_delivery_is_committed_by_the_time_it_is_answered(store: Store, writer: Writer) -> None:
    """True means that it is in the log."""
    assert await Intake(writer).put(delivery(1))
    assert kept(store) == (["mensaje 1"], [("Ev1", "done", None)])


async def test_what_comes_together_is_committed_together(store: Store, writer: Writer) -> None:
    """A hundred deliveries of one moment need few commits."""
    commits: list[Committed] = []
    writer.on_commit(commits.append)
    intake = Intake(writer)
    answers = await asyncio.gather(*(intake.put(delivery(number)) for number in range(100)))
    assert answers == [True] * 100
    assert len(kept(store)[0]) == 100
    assert len(commits) <= 3


async def test_a_share_lets_others_in_between_and_takes_a_quarter_of_a_long_queue(store: Store, writer: Writer) -> None:
    """Groups of four, one at a time; of a queue that is longer than four of them, a quarter."""
    intake = Intake(writer, share=Share(at_once=4, under_way=1))
    together: list[int] = []
    for number in range(32):
        intake.take(delivery(number), lambda _ok: together.append(intake.counts.deliveries))
    await intake.settled()
    assert list(Counter(together).items()) == [(8, 8), (14, 6), (18, 4), (22, 4), (26, 4), (30, 4), (32, 2)]


async def test_one_poisonous_delivery_harms_no_other(store: Store, writer: Writer) -> None:
    """The others are in the log; the poisonous one is kept as it came, counted, and acknowledged."""
    intake = Intake(writer)
    coming = [delivery(number, poisonous=number == 3) for number in range(6)]
    assert await asyncio.gather(*(intake.put(one) for one in coming)) == [True] * 6
    texts, rows = kept(store)
    assert texts == [f"mensaje {number}" for number in (0, 1, 2, 4, 5)]
    assert [row for row in rows if row[1] != "done"] == [("Ev3", "quarantined", "raw 3")]
    assert (intake.counts.deliveries, intake.counts.quarantined, intake.counts.refused) == (5, 1, 0)


@pytest.mark.parametrize(("platform", "shown"), [(Platform.X, "x:post"), (Platform.SLACK, "x:post:190000001")])
async def test_no_log_file_names_a_post_of_x(store: Store, writer: Writer, platform: Platform, shown: str) -> None:
    """Its id is X's content, and what a log file holds is not erased with the post."""
    strange = Delivery(platform, "x:post:190000001", (), "{}")
    with capture_logs() as told:
        Intake(writer).quarantine(strange, "no text", lambda _ok: None)
        await asyncio.sleep(0)
    assert [(one["event"], one["id"]) for one in told] == [("quarantined", shown)]


async def test_a_delivery_that_comes_again_changes_nothing(store: Store, writer: Writer) -> None:
    """Twice in one moment, and once more later."""
    intake = Intake(writer)
    one = delivery(1)
    assert list(await asyncio.gather(intake.put(one), intake.put(one))) == [True, True]
    assert await intake.put(one)
    assert kept(store) == (["mensaje 1"], [("Ev1", "done", None)])


async def test_a_database_that_fails_is_told_to_nobody_as_a_success(store: Store, writer: Writer) -> None:
    """While commits fail the answer is no; afterwards the same delivery is taken."""
    with store.writing() as conn:
        engine = conn.engine

    def broken(_conn: sa.Connection) -> None:
        raise sa.exc.OperationalError("COMMIT", None, Exception("disk is full"))

    intake = Intake(writer)
    sa.event.listen(engine, "commit", broken)
    try:
        assert await asyncio.gather(*(intake.put(delivery(number)) for number in range(3))) == [False] * 3
    finally:
        sa.event.remove(engine, "commit", broken)
    assert kept(store) == ([], [])
    assert intake.counts.refused == 3
    assert await intake.put(delivery(1))


async def test_settled_waits_for_all_that_is_on_its_way(store: Store, writer: Writer) -> None:
    """After it nothing is left to answer."""
    intake = Intake(writer)
    answers: list[bool] = []
    for number in range(50):
        intake.take(delivery(number, poisonous=number == 7), answers.append)
    await intake.settled()
    assert answers == [True] * 50


async def test_the_patient_write_in_the_pauses_of_others(store: Store) -> None:
    """A delivery of X's waits while Slack's are being committed, and no longer than its patience."""
    writer = Writer(store)
    slack, x = Intake(writer), Intake(writer, share=Share(under_way=1, patience=0.05))
    first = asyncio.ensure_future(slack.put(delivery(1)))
    await asyncio.sleep(0)
    second = asyncio.ensure_future(x.put(delivery(2)))
    await asyncio.sleep(0.2)  # nobody writes: Slack's waits, X's has lost its patience
    assert not (first.done() or second.done())
    writer.start()
    assert list(await asyncio.gather(first, second)) == [True, True]
    await x.settled()
    await asyncio.to_thread(writer.stop)
    assert kept(store)[0] == ["mensaje 1", "mensaje 2"]
