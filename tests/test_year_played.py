"""The year 2027 played in seconds by a bot that is killed at random, and its first season by two on one database.

They wake for every moment at which something is due, with the machine's clock set to it. They die before a commit,
after it, with a post in their hands and with one that stands already; now and then both are off for minutes or for
days. An organiser moves and cancels debates meanwhile. Every cue is done once or skipped with its reason, every post
stands once, and nothing is said that is not true when it is said.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
import sqlalchemy as sa
import time_machine
from sqlmodel import col, select
from structlog.testing import capture_logs

from bot import errors, localtime
from bot.actions import moving, plan, seasons, send, series
from bot.debate import LISTENING, Phase
from bot.outbox import LEASE
from bot.ports import OPERATOR, Draft, House, Operation, Platform
from bot.store import debates, outbox, people
from bot.store.engine import Store, Tx
from bot.tables import Cue, Debate, Outbox
from bot.tables_year import Series
from bot.writer import Writer
from schedules.runner import Runner

from tests.planned_year import THURSDAYS

BEGINS, ENDS = datetime(2026, 12, 20, 9, 0, tzinfo=UTC), datetime(2028, 1, 10, tzinfo=UTC)
# So far two bots play it on PostgreSQL, past the night on which the clocks change: each of their commits takes longer.
SEASON_ENDS = datetime(2027, 4, 20, tzinfo=UTC)
# Of a hundred chances to die, so many are taken; of a hundred days, on so many an organiser changes something.
DEATHS, CHANGES, OUTAGES = 5, 8, 2
# Said of what is to come, and untrue once it has.
BEFORE = {"announce", "remind", "nudge"}


class Killed(Exception):
    """The process is no more."""


@dataclass
class Slack:
    """A channel that knows what stands in it; ``wrong`` is what was not true as it was said."""

    store: Store
    standing: dict[str, str] = field(default_factory=dict)
    posts: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def say(self, draft: Draft) -> str:
        """It stands there, and was worth saying."""
        now = datetime.now(UTC)
        if draft.operation is Operation.POST and draft.debate_id is not None:
            with self.store.read() as tx:
                debate = debates.get(tx, draft.debate_id)
            if draft.kind in BEFORE and (debate.phase != Phase.SCHEDULED or now >= debate.starts_at):
                self.wrong.append(f"{draft.kind} of a debate that is {debate.phase}: {draft.text}")
            if draft.kind in {"welcome", "question", "label", "wrap_up"} and debate.phase not in LISTENING:
                self.wrong.append(f"{draft.kind} of a debate that is {debate.phase}")
        self.posts.append(draft.key)
        self.standing[draft.key] = f"{len(self.posts)}.000"
        return self.standing[draft.key]


class Bot:
    """One of the two: a clock, a writer and a way out, all of which die with it."""

    def __init__(self, url: str, house: House, slack: Slack, chance: random.Random) -> None:
        """Nothing runs yet; the engines of its database are kept from life to life, for they take long to warm up."""
        self.store = Store(url)
        self.house = house
        self.lives = 0
        self._slack = slack
        self._chance = chance
        self._dying = False
        with self.store.writing() as conn:
            sa.event.listen(conn.engine, "commit", self._maybe)

    @property
    def name(self) -> str:
        """What it calls itself in this life."""
        return f"{id(self)}/{self.lives}"

    def begin(self) -> None:
        """It runs, and remembers nothing."""
        self.lives += 1
        self.writer = Writer(self.store)
        self.writer.start()
        self.runner = Runner(self.store, self.writer, self.house, now=lambda: datetime.now(UTC))
        mine = f"{id(self)}/"
        self.store.write(lambda tx: send.abandoned(tx, Platform.SLACK, dead=lambda owner: owner.startswith(mine)))
        self._dying = True

    def end(self) -> None:
        """It is gone."""
        self._dying = False
        self.writer.stop()
        self.store.close()

    def _maybe(self, _conn: object = None) -> None:
        if self._dying and self._chance.random() < DEATHS / 100:
            raise Killed

    async def extend(self) -> None:
        """It looks which dates of the series come into sight."""
        await self.writer.do(lambda tx: series.extend(tx, house=self.house, now=datetime.now(UTC)))

    async def wake(self) -> None:
        """It does what is due, as far as it comes."""
        await self.runner.look()
        if "Killed" in self.writer.trouble:
            raise Killed
        while self._waits():
            claimed = await self.writer.do(self._claim)
            self._maybe()
            for row_id, draft, since in claimed:
                landed = self._slack.standing.get(draft.key) if since else None
                landed = landed or self._slack.say(draft)
                self._maybe()
                await self.writer.do(partial(send.landed, row_id=row_id, platform_id=landed, now=datetime.now(UTC)))

    def _waits(self) -> bool:
        with self.store.read() as tx:
            due = send.due(tx, Platform.SLACK)
        return due is not None and due <= datetime.now(UTC)

    def _claim(self, tx: Tx) -> list[send.Claimed]:
        return send.claim(tx, Platform.SLACK, owner=self.name, now=datetime.now(UTC))


class Year:
    """The bots, an organiser, and the machine's clock."""

    def __init__(self, store: Store, url: str, clock: time_machine.Traveller, seed: int) -> None:
        """The year is about to begin."""
        self.store, self.clock = store, clock
        self.ends = ENDS if store.sqlite else SEASON_ENDS
        self.chance = random.Random(seed)
        self.house = House(slack_channel="C0DEBATE", moderators=("slack:UMOD",))
        self.slack = Slack(store)
        self.off: list[tuple[datetime, datetime]] = []
        # Their threads draw in any order: each dies by dice of its own, and the organiser does the same every time.
        fates = [random.Random(seed + number) for number in range(1 if store.sqlite else 2)]
        self.bots = [Bot(url, self.house, self.slack, fate) for fate in fates]
        for bot in self.bots:
            bot.begin()

    async def play(self) -> None:
        """The year, or its season, passes."""
        today = BEGINS
        while (moment := self.next()) < self.ends:
            if moment >= today + timedelta(days=1):
                today = moment.replace(hour=9, minute=0)
                await self.day()
                continue
            self.clock.move_to(max(datetime.now(UTC), moment))
            await self.all(Bot.wake)

    async def day(self) -> None:
        """A new day: dates come into sight, somebody changes something, or the machine is off."""
        if datetime.now(UTC).weekday() == 0 and datetime.now(UTC).day <= 7:
            await self.all(Bot.extend)
        if self.chance.random() < CHANGES / 100:
            self.change()
        if self.chance.random() < CHANGES / 100:
            self.confirm()
        if self.chance.random() < OUTAGES / 100:
            began = datetime.now(UTC)
            self.clock.shift(timedelta(hours=self.chance.choice((0.2, 1, 5, 30, 60))))
            self.off.append((began, datetime.now(UTC)))

    def next(self) -> datetime:
        """When something is due, or the next morning."""
        with self.store.read() as tx:
            found = [debates.next_due(tx), outbox.next_at(tx, Platform.SLACK)]
        tomorrow = datetime.now(UTC) + timedelta(days=1)
        return min([tomorrow, *(max(one, datetime.now(UTC)) for one in found if one is not None)])

    async def all(self, what: Callable[[Bot], Awaitable[None]]) -> None:
        """Both do it at once; who dies is born again."""
        ended = await asyncio.gather(*(what(bot) for bot in self.bots), return_exceptions=True)
        for bot, error in zip(self.bots, ended, strict=True):
            if error is None:
                continue
            if "Killed" not in f"{type(error).__name__} {error}":
                raise error
            bot.end()
            bot.begin()

    def confirm(self) -> None:
        """An organiser says that the series goes on."""
        now = datetime.now(UTC)

        def action(tx: Tx) -> None:
            for one in tx.session.exec(select(Debate).where(Debate.phase == Phase.DRAFT).limit(1)).all():
                (kept,) = tx.session.exec(select(Series)).all()
                series.confirm(tx, kept, series.season_of(one), house=self.house, actor=OPERATOR, now=now)

        with suppress(errors.Refusal):  # its last date has passed
            self.store.write(action)

    def change(self) -> None:
        """An organiser moves a debate that is to come, or cancels it."""
        now = datetime.now(UTC)
        with self.store.read() as tx:
            coming = [one for one in debates.coming(tx, limit=4) if one.starts_at > now + timedelta(hours=2)]
        if not coming:
            return
        one = self.chance.choice(coming)
        days = self.chance.choice((-3, -1, 1, 2, 9))
        when = moving.When(localtime.wall(one.starts_at, one.timezone).replace(tzinfo=None) + timedelta(days=days))

        def action(tx: Tx) -> None:
            debate = debates.get(tx, one.id or 0)
            if self.chance.random() < 0.25:
                plan.cancel(tx, debate, actor=OPERATOR, now=now)
            else:
                moving.move(tx, debate, when, house=self.house, actor=OPERATOR, now=now)

        with suppress(errors.Refusal):  # another one is on then, or it would be in the past
            self.store.write(action)


@contextmanager
def played(store: Store, seed: int) -> Iterator[Year]:
    """A year with its seasons and a weekly series, planned before Christmas; its bots are gone in the end."""
    # What it logs of each death, with the way there, would take longer than the year.
    with time_machine.travel(BEGINS, tick=False) as clock, capture_logs():
        url = store.url.render_as_string(hide_password=False)
        year = Year(store, url, clock, seed)
        store.write(lambda tx: people.appoint(tx, ["slack:UMOD"]))
        wanted = seasons.Wanted(2027)
        store.write(lambda tx: seasons.write(tx, wanted, house=year.house, actor=OPERATOR, now=BEGINS))
        terms = series.Terms("FREQ=WEEKLY;INTERVAL=6;BYDAY=TH", datetime.fromisoformat("2027-01-14T17:00"))
        store.write(lambda tx: series.add(tx, THURSDAYS, terms, house=year.house, actor=OPERATOR, now=BEGINS))
        try:
            yield year
        finally:
            for bot in year.bots:
                bot.end()


@pytest.mark.parametrize("seed", [20270101])
async def test_a_year_by_bots_that_are_killed_at_random(store: Store, seed: int) -> None:
    """Each cue once, each post once, nothing stale, and every debate at the hour that was promised."""
    with played(store, seed) as year:
        await year.play()

    months = (year.ends - BEGINS) / timedelta(days=30)
    assert sum(bot.lives for bot in year.bots) > 1.5 * months
    assert year.slack.wrong == []
    assert [key for key, count in Counter(year.slack.posts).items() if count > 1] == []
    with store.read() as tx:
        rows = tx.session.exec(select(Debate).order_by(col(Debate.starts_at))).all()
        cues = tx.session.exec(select(Cue)).all()
        posts = tx.session.exec(select(Outbox).where(Outbox.platform == Platform.SLACK)).all()
    by_debate = {debates.ident(one): [cue for cue in cues if cue.debate_id == one.id] for one in rows}
    said = Counter((one.debate_id, one.kind) for one in posts if one.operation == Operation.POST)

    over = [one for one in rows if one.starts_at < year.ends - timedelta(days=2)]
    assert len(over) > months - 3
    for one in over:
        mine = by_debate[debates.ident(one)]
        assert [cue.key for cue in mine if cue.state in {"planned", "held"} and cue.due_at < year.ends] == [], one.slug
        assert [cue.key for cue in mine if cue.state in {"skipped", "cancelled"} and not cue.why] == [], one.slug
        asked = sum(cue.state == "done" and cue.key.startswith("ask:") for cue in mine)
        assert (said[one.id, "question"], said[one.id, "welcome"]) == (asked, int(one.opened_at is not None)), one.slug
        assert said[one.id, "closing"] == int(one.closed_at is not None), one.slug
        assert localtime.written(localtime.wall(one.starts_at, one.timezone)) == one.local_at, one.slug

    held = [one for one in over if one.phase == Phase.CLOSED]
    assert len(held) > months / 3
    for one in held:
        late = (one.opened_at or year.ends) - one.starts_at
        down = any(began <= one.starts_at <= ended for began, ended in year.off)
        assert late <= (timedelta(hours=1) if down else LEASE), one.slug
