"""The clock itself: what is due is done, late or not, and one cue that fails does not stop the others."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from bot.actions import plan, run
from bot.debate import Pace
from bot.debatefile import DebateFile, PlannedQuestion
from bot.ports import OPERATOR, House
from bot.store import debates
from bot.store.engine import Store, Tx
from bot.tables import Debate
from bot.writer import Writer
from schedules.runner import Runner

from tests.waiting import until


def planned(store: Store, *, starts: datetime, title: str = "Uno") -> int:
    """A debate whose first question comes half a second after its start."""
    pace = Pace(minutes=timedelta(minutes=1), first=timedelta(seconds=0.5), every=timedelta(seconds=20))
    wanted = DebateFile(title, (PlannedQuestion("¿Una?"), PlannedQuestion("¿Otra?")), starts=starts, pace=pace)
    now = datetime.now(UTC)
    return store.write(lambda tx: debates.ident(plan.add(tx, wanted, house=House(), actor=OPERATOR, now=now)))


async def asked(store: Store, debate_id: int) -> list[int]:
    """The numbers of the questions that are out, once there are any."""

    def numbers() -> list[int]:
        with store.read() as tx:
            return [one.number for one in debates.questions(tx, debate_id) if one.number is not None]

    await until(numbers)
    return numbers()


@asynccontextmanager
async def clock(store: Store) -> AsyncIterator[None]:
    """The clock goes until the block ends."""
    writer = Writer(store)
    writer.start()
    runner = Runner(store, writer, House(), now=lambda: datetime.now(UTC))
    runner.start()
    try:
        yield
    finally:
        await runner.stop()
        writer.stop()


async def test_runner_asks_at_the_time_of_the_cue(sqlite_store: Store) -> None:
    """Nobody presses anything: the debate opens, and the first question goes out."""
    starts = datetime.now(UTC) + timedelta(seconds=0.4)
    debate_id = planned(sqlite_store, starts=starts)
    async with clock(sqlite_store):
        found = await asked(sqlite_store, debate_id)

    with sqlite_store.read() as tx:
        done = [cue.key for cue in debates.cues(tx, debate_id) if cue.state == "done"]
    assert (found, done) == ([1], ["open", "ask:1"])


async def test_a_cue_that_fails_is_given_up_and_the_others_go_on(
    sqlite_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One debate's opening breaks: its cue says why, and the other debate is held."""
    starts = datetime.now(UTC) + timedelta(seconds=0.2)
    broken = planned(sqlite_store, starts=starts, title="Roto")
    whole = planned(sqlite_store, starts=starts + timedelta(milliseconds=10), title="Entero")
    real = run.open_now

    def open_now(tx: Tx, debate: Debate, **how: object) -> None:
        if debate.title == "Roto":
            raise ValueError("no abre")
        real(tx, debate, **how)  # type: ignore[arg-type]  # handed on as it came

    monkeypatch.setattr(run, "open_now", open_now)
    async with clock(sqlite_store):
        found = await asked(sqlite_store, whole)

    with sqlite_store.read() as tx:
        (why,) = [cue.why for cue in debates.cues(tx, broken) if cue.key == "open"]
    assert (found, why) == ([1], "ValueError: no abre")
