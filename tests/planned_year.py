"""A year told day by day: ``year.until("2027-01-20")``, and the clock has done all that was due by then."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from sqlmodel import col, select

from bot import localtime
from bot.actions import clock, moving, plan, seasons, send, series
from bot.actions.seasons import Preview, Wanted
from bot.actions.series import Done, Terms
from bot.ports import OPERATOR, Actor, House, Operation, Platform
from bot.store import debates, people
from bot.store import seasons as kept
from bot.store.engine import Store, Tx
from bot.tables import Debate

T = TypeVar("T")

MADRID = "Europe/Madrid"
# The questions of every debate of a series, in a channel of its own, so that it is in no season's way.
THURSDAYS = """
title = "Café de CX"
questions = ["¿Qué has probado?", "¿Qué has aprendido?"]
[where]
slack = "C0CAFE"
"""


def day(text: str) -> datetime:
    """Noon of a day in UTC, or the minute of a local time in Madrid (``2027-01-14T19:00``)."""
    if "T" in text:
        return localtime.resolve(datetime.fromisoformat(text), MADRID)
    return datetime.fromisoformat(f"{text}T12:00").replace(tzinfo=UTC)


@dataclass
class Year:
    """An installation with a moderator, on a day; ``told`` is what she was told in private: (day, kind, text)."""

    store: Store
    house: House
    now: datetime
    told: list[tuple[str, str, str]] = field(default_factory=list)
    posts: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.store.write(lambda tx: people.appoint(tx, ["slack:UMOD"]))

    def do(self, action: Callable[[Tx], T]) -> T:
        """The action's change is committed, and what it says has arrived."""
        result = self.store.write(action)
        self.store.write(self._deliver)
        return result

    def look(self, question: Callable[[Tx], T]) -> T:
        """What the database answers."""
        with self.store.read() as tx:
            return question(tx)

    # --- the clock ---------------------------------------------------------------------------------------------------

    def until(self, when: str) -> "Year":
        """The bot runs until then: each cue at its time, and once a day it looks which dates come into sight."""
        target = day(when)
        while self.now < target:
            self.do(lambda tx: series.extend(tx, house=self.house, now=self.now))
            tomorrow = min(self.now + timedelta(days=1), target)
            while (due := self.look(debates.next_due)) is not None and due <= tomorrow:
                self.now = max(self.now, due)
                self.do(lambda tx: clock.do_due(tx, now=self.now, house=self.house))
            self.now = tomorrow
        return self

    def _deliver(self, tx: Tx) -> None:
        while claimed := send.claim(tx, Platform.SLACK, owner="test", now=self.now):
            for row_id, draft, _ in claimed:
                if draft.operation is Operation.PRIVATE:
                    self.told.append((f"{self.now:%Y-%m-%d}", draft.kind, draft.text))
                else:
                    self.posts.append((f"{self.now:%Y-%m-%d}", draft.kind))
                send.landed(tx, row_id, f"{row_id}.000", now=self.now)

    # --- what organisers do ------------------------------------------------------------------------------------------

    def add(self, rule: str, starts: str, source: str = THURSDAYS, *, zone: str = "", actor: Actor = OPERATOR) -> Done:
        """There is a series."""
        terms = Terms(rule, datetime.fromisoformat(starts), zone)
        return self.do(lambda tx: series.add(tx, source, terms, house=self.house, actor=actor, now=self.now)[1])

    def change(self, rule: str, starts: str = "") -> Done:
        """The first series has another rule."""
        terms = Terms(rule, datetime.fromisoformat(starts) if starts else None)
        return self.do(
            lambda tx: series.change(
                tx, kept.one_series(tx, 1), terms, house=self.house, actor=OPERATOR, now=self.now
            )
        )  # fmt: skip

    def confirm(self, season: str, *, series_id: int = 1, actor: Actor = OPERATOR) -> Done:
        """A person says that the series goes on."""
        return self.do(
            lambda tx: series.confirm(
                tx, kept.one_series(tx, series_id), season, house=self.house, actor=actor, now=self.now
            )
        )  # fmt: skip

    def plan(self, year: int = 2027, season: str = "", **typed: str) -> Preview:
        """The season is written as it is proposed."""
        wanted = Wanted(0 if season else year, typed, season=season)
        return self.do(lambda tx: seasons.write(tx, wanted, house=self.house, actor=OPERATOR, now=self.now))

    def preview(self, year: int = 2027, season: str = "", **typed: str) -> Preview:
        """What would be written."""
        wanted = Wanted(0 if season else year, typed, season=season)
        return self.look(lambda tx: seasons.propose(tx, wanted, house=self.house, now=self.now))

    def move(self, local: str, to: str) -> None:
        """Somebody moves the debate that is at a local time."""
        debate, when = self.at(local), moving.When(datetime.fromisoformat(to))
        self.do(
            lambda tx: moving.move(tx, debates.get(tx, debate), when, house=self.house, actor=OPERATOR, now=self.now)
        )

    def retitle(self, local: str, title: str) -> None:
        """Somebody calls the debate that is at a local time otherwise."""
        debate, wording = self.at(local), moving.Wording(title=title)
        self.do(lambda tx: moving.edit(tx, debates.get(tx, debate), wording, actor=OPERATOR, now=self.now))

    def cancel(self, local: str) -> None:
        """Somebody cancels the debate that is at a local time."""
        self.do(lambda tx: plan.cancel(tx, debates.get(tx, self.at(local)), actor=OPERATOR, now=self.now))

    # --- what there is -----------------------------------------------------------------------------------------------

    def debates(self) -> list[Debate]:
        """All debates in order of time."""
        query = select(Debate).order_by(col(Debate.starts_at), col(Debate.id))
        return self.look(lambda tx: list(tx.session.exec(query).all()))

    def at(self, local: str) -> int:
        """The id of the debate that is at a local time of its zone."""
        (found,) = [one.id or 0 for one in self.debates() if _local(one) == local]
        return found

    def calendar(self, *phases: str) -> list[str]:
        """The local times of the debates in these phases; of all, with their phase, where none is named."""
        if phases:
            return [_local(one) for one in self.debates() if one.phase in phases]
        return [f"{_local(one)} {one.phase}" for one in self.debates()]

    def cues(self, debate_id: int) -> dict[str, tuple[str, str]]:
        """The cues of a debate: when (day in UTC), and their state."""
        return self.look(
            lambda tx: {one.key: (f"{one.due_at:%Y-%m-%d}", one.state) for one in debates.cues(tx, debate_id)}
        )


def _local(debate: Debate) -> str:
    return localtime.written(localtime.wall(debate.starts_at, debate.timezone))
