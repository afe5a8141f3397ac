"""Databases to measure on, filled through the product's own actions."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.actions import log, plan, run
from bot.debate import Pace
from bot.debatefile import DebateFile, PlannedQuestion
from bot.ports import OPERATOR, House
from bot.store import debates, schema
from bot.store.engine import Store, Tx
from handlers.slack.ears import Ears
from handlers.slack.mrkdwn import Names

from bench import data

PIECE = 2_000
HOUSE = House(timezone="UTC")


def empty(path: Path) -> Store:
    """A new database with our tables."""
    store = Store(f"sqlite:///{path}")
    schema.upgrade(store)
    return store


def debate_file(
    title: str, starts: datetime, pace: Pace, *, slack: str = "", x: bool = False, questions: int = 5
) -> DebateFile:
    """A debate to be planned, in the room, (where one is given) in a Slack channel, and (where it is to be) on X."""
    asked = tuple(PlannedQuestion(f"¿Qué cambia en la pregunta {number}?") for number in range(1, questions + 1))
    local = starts.astimezone(UTC).replace(tzinfo=None, microsecond=0)
    return DebateFile(title=title, starts=local, timezone="UTC", questions=asked, pace=pace, slack=slack, x=x)


def opened(store: Store, title: str, *, slack: str = "", x: bool = False, hours: int = 10) -> tuple[int, str]:
    """A debate that is open now, its first question asked; returns its id and slug."""
    now = datetime.now(UTC)
    pace = Pace(minutes=timedelta(hours=hours), first=timedelta(hours=hours - 1))

    def begin(tx: Tx) -> tuple[int, str]:
        file = debate_file(title, now, pace, slack=slack, x=x, questions=2)
        debate = plan.add(tx, file, house=HOUSE, actor=OPERATOR, now=now - timedelta(seconds=2))
        run.open_now(tx, debate, actor=OPERATOR, now=now)
        run.ask_next(tx, debate, actor=OPERATOR, now=now, really=True)
        return debates.ident(debate), debate.slug

    return store.write(begin)


def large_debate(path: Path, community: data.Community) -> str:
    """The whole community as one closed debate of five questions stands in a new database; returns the debate's id."""
    store = empty(path)
    posts = community.posts
    start = datetime.fromtimestamp(posts[0].at / 1e6, UTC)
    step = timedelta(days=data.DAYS) / 5
    file = debate_file("Noventa días de conversación", start, Pace(minutes=step * 6), slack=data.channel(0))

    def begin(tx: Tx) -> int:
        debate = plan.add(tx, file, house=HOUSE, actor=OPERATOR, now=start)
        run.open_now(tx, debate, actor=OPERATOR, now=start)
        for number in range(5):
            run.ask_next(tx, debate, actor=OPERATOR, now=start + step * number, really=True)
        return debates.ident(debate)

    debate_id = store.write(begin)
    ears = Ears("U0BOT", "B0BOT", Names(person=lambda ident: data.name(int(ident[1:], 16))))
    for at in range(0, len(posts), PIECE):
        _hear(store, debate_id, ears, posts[at : at + PIECE])
    end = start + step * 5
    store.write(lambda tx: run.close(tx, debates.get(tx, debate_id), actor=OPERATOR, now=end, house=HOUSE))
    store.write(lambda tx: run.settle(tx, debates.get(tx, debate_id), now=end + timedelta(hours=1), house=HOUSE))
    store.close()
    return str(debate_id)


def _hear(store: Store, debate_id: int, ears: Ears, posts: Sequence[data.Post]) -> None:
    heard = [ears.said(data.message(post), data.channel(0), seen=True) for post in posts]
    said = [one for one in heard if one is not None]
    store.write(lambda tx: log.hear(tx, said, now=said[-1].posted_at, into=debate_id))
