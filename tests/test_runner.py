"""The clock itself: what is due is done, late or not, and one cue that fails does not stop the others."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from bot.actions import plan, run
from bot.debate import Pace
from bot.debatefile import DebateFile, PlannedQuestion
from bot.ports import OPERATOR, House
from bot.store import debates, outbox
from bot.store.engine import Store, Tx
from bot.tables import Debate
from bot.writer import Writer
from schedules.runner import Runner

from tests.waiting import until


def planned(store: Store, *, starts: datetime, title: str = "Uno", now: datetime | None = None) -> int:
    """A debate whose first question comes half a second after its start."""
    pace = Pace(minutes=timedelta(minutes=1), first=timedelta(seconds=0.5), every=timedelta(seconds=20))
    wanted = DebateFile(title, (PlannedQuestion("¿Una?"), PlannedQuestion("¿Otra?")), starts=starts, pace=pace)
    now = now or datetime.now(UTC)
    return store.write(lambda tx: debates.ident(plan.add(tx, wanted, house=House(), actor=OPERATOR, now=now)))


async def asked(store: Store, debate_id: int) -> list[int]:
    """The numbers of the questions that are out, once there are any."""

    def numbers() -> list[int]:
        with store.read() as tx:
            return [one.number for one in debates.questions(tx, debate_id) if one.number is not None]

    await until(numbers)
    return numbers()


class Wall:
    """A clock on the wall, which can be put back and forward."""

    def __init__(self) -> None:
        """It tells the time."""
        self.wrong_by = timedelta(0)

    def __call__(self) -> datetime:
        """What it shows."""
        return datetime.now(UTC) + self.wrong_by


@asynccontextmanager
async def clock(store: Store, wall: Wall | None = None) -> AsyncIterator[Runner]:
    """The clock goes until the block ends."""
    writer = Writer(store)
    writer.start()
    runner = Runner(store, writer, House(), now=wall or Wall())
    runner.start()
    try:
        yield runner
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


HOUR = timedelta(hours=1)


def became(store: Store, debate_id: int) -> dict[str, tuple[str, str]]:
    """What became of each cue that is not planned any more, and why."""
    with store.read() as tx:
        return {cue.key: (cue.state, cue.why) for cue in debates.cues(tx, debate_id) if cue.state != "planned"}


def said(store: Store, debate_id: int) -> list[str]:
    """The kinds of all posts of a debate, in order."""
    with store.read() as tx:
        return [row.kind for row in outbox.of_debate(tx, debate_id)]


async def test_clock_put_back_by_an_hour_goes_on_and_does_nothing_twice(store: Store) -> None:
    """What is done stays done, what is planned by the new time comes at its time, and what had been, after an hour."""
    wall = Wall()
    before = planned(store, starts=wall() + timedelta(seconds=0.2))
    async with clock(store, wall) as runner:
        await asked(store, before)
        done = became(store, before), said(store, before)
        wall.wrong_by = -HOUR
        after = planned(store, starts=wall() + timedelta(seconds=0.2), title="Otro", now=wall())
        await asked(store, after)
        assert runner.ticking
        assert (became(store, before), said(store, before)) == done
        wall.wrong_by = timedelta(seconds=19)
        await until(lambda: "ask:2" in became(store, before))

    assert said(store, before).count("welcome") == 1
    with store.read() as tx:
        assert sorted(one.number for one in debates.questions(tx, before) if one.number is not None) == [1, 2]


async def test_clock_put_forward_by_an_hour_skips_by_name_and_does_nothing_twice(store: Store) -> None:
    """What was to come in that hour is as late as if the machine had been off."""
    wall = Wall()
    on = planned(store, starts=wall() + timedelta(seconds=0.2))
    missed = planned(store, starts=wall() + timedelta(minutes=30), title="Otro")
    async with clock(store, wall):
        await asked(store, on)
        wall.wrong_by = HOUR
        await until(lambda: "close" in became(store, on) and "open" in became(store, missed))
        wall.wrong_by = timedelta(0)
        planned(store, starts=wall() + timedelta(seconds=0.2), title="Uno más")
        await until(lambda: said_of(store, "Uno más"))

    over = ("skipped", "la hora ya había terminado")
    found = became(store, on)
    assert (found["ask:1"], found["ask:2"], found["close"]) == (("done", ""), over, ("done", "59 min tarde"))
    assert said(store, on) == ["welcome", "question", "closing"]
    gone = became(store, missed)
    assert gone["remind:10m"] == ("skipped", "llegaba 40 min tarde (límite 10 min)")
    assert (gone["open"], gone["ask:1"], gone["close"]) == (over, over, over)


@pytest.mark.parametrize("jump", [-HOUR, timedelta(days=90)], ids=["back-an-hour", "on-a-season"])
async def test_machines_own_clock_jumps_by_which_the_scheduler_waits(sqlite_store: Store, jump: timedelta) -> None:
    """The next debate is on time: it waits for no hour to come again, and counts no half seconds that it missed."""
    async with clock(sqlite_store):
        await asked(sqlite_store, planned(sqlite_store, starts=datetime.now(UTC) + timedelta(seconds=0.2)))
        with time_machine.travel(datetime.now(UTC) + jump, tick=True):
            starts = datetime.now(UTC) + timedelta(seconds=0.2)
            again = planned(sqlite_store, starts=starts, title="Otro", now=datetime.now(UTC))
            assert await asked(sqlite_store, again) == [1]


def said_of(store: Store, title: str) -> list[str]:
    """The same for a debate of a title."""
    with store.read() as tx:
        found = [debates.ident(one) for one in debates.every(tx) if one.title == title]
    return said(store, found[0])


async def test_another_bot_that_has_a_debate_in_hand_keeps_no_other_waiting(postgres_store: Store) -> None:
    """It is frozen there: its debate waits until its change is undone, all others are held on time."""
    starts = datetime.now(UTC) + timedelta(seconds=0.2)
    stuck, free = (planned(postgres_store, starts=starts, title=title) for title in ("Uno", "Otro"))
    with postgres_store.writing() as frozen, frozen.begin():
        debates.lock(Tx(frozen), stuck)
        async with clock(postgres_store):
            await asked(postgres_store, free)
            assert became(postgres_store, stuck) == {}
            frozen.rollback()
            await asked(postgres_store, stuck)
            assert said(postgres_store, stuck) == said(postgres_store, free) == ["welcome", "question"]
