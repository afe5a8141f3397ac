"""What the rows of gaps must say now of debates on X: since when they are not heard, until when, and why."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.actions import listen
from bot.ports import Platform
from bot.store.engine import Tx


@dataclass(frozen=True, slots=True)
class Marks:
    """What is to be said of gaps: not heard ``since``, ``missed`` then, ``over`` at its end, ``left`` for its budget.

    ``again``: X is heard, and some gap does not know it yet.
    """

    since: datetime | None
    missed: datetime | None
    over: Mapping[tuple[int, str], datetime | None]
    left: Collection[tuple[int, str]]
    again: bool
    heard: bool

    @property
    def any(self) -> bool:
        """Whether there is anything to be said."""
        return self.since is not None or self.missed is not None or bool(self.over or self.left or self.again)

    def write(self, tx: Tx, *, now: datetime, spent: Collection[int]) -> None:
        """The rows say so; of debates that are ``spent`` nothing is heard again."""
        if self.since is not None:
            listen.deaf(tx, Platform.X, since=self.since, why="X no se oía")
        if self.missed is not None:
            listen.missed(tx, Platform.X, at=self.missed, why="X no se oía")
        for (debate_id, place), until in self.over.items():
            listen.over(tx, debate_id, Platform.X, place, at=min(until or now, now))
        for debate_id, place in self.left:
            listen.left(tx, debate_id, Platform.X, place, since=now, why="X no se oía")
        if self.heard:
            listen.heard_again(tx, Platform.X, now=now, but=spent)
