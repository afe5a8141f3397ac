"""A debate that has not begun is renamed, moved, cloned or cancelled: its cues, its calendar and its readers follow."""

from datetime import UTC, datetime, timedelta

from bot.actions import moving, plan, run
from bot.actions.moving import When, Wording
from bot.debatefile import DebateFile, PlannedQuestion
from bot.ports import OPERATOR, Actor, House
from bot.store import debates, outbox
from bot.store.engine import Store, Tx
from bot.tables import Debate

HOUSE = House(slack_channel="C0PLAZA", x=True)
DAY = timedelta(days=1)
STARTS = datetime(2027, 1, 14, 18, tzinfo=UTC)  # 19:00 in Madrid
PLANNED = STARTS - 20 * DAY
QUESTIONS = (PlannedQuestion("¿Una?", "Sí."), PlannedQuestion("¿Otra?"))


def planned(store: Store, *, starts: datetime = STARTS, title: str = "De prueba", channel: str = "C0PLAZA") -> int:
    """A debate of two questions stands in Slack, on X and in the room, planned twenty days ahead."""
    wanted = DebateFile(title, QUESTIONS, starts=starts, timezone="Europe/Madrid", hashtag="CX", slack=channel)
    if channel != "C0PLAZA":
        wanted = DebateFile(title, QUESTIONS, starts=starts, timezone="Europe/Madrid", slack=channel, x=False)
    return store.write(lambda tx: debates.ident(plan.add(tx, wanted, house=HOUSE, actor=OPERATOR, now=PLANNED)))


def local(text: str) -> When:
    """A start on the debate's own clocks."""
    return When(datetime.fromisoformat(text))


def move(store: Store, debate_id: int, when: When, *, now: datetime = PLANNED, actor: Actor = OPERATOR) -> bool:
    """The debate is moved."""
    return store.write(lambda tx: moving.move(tx, debates.get(tx, debate_id), when, house=HOUSE, actor=actor, now=now))


def edit(store: Store, debate_id: int, wording: Wording, *, actor: Actor = OPERATOR) -> bool:
    """The debate is edited."""
    return store.write(lambda tx: moving.edit(tx, debates.get(tx, debate_id), wording, actor=actor, now=PLANNED))


def row(store: Store, debate_id: int) -> Debate:
    """The debate as it is stored."""
    with store.read() as tx:
        found = debates.get(tx, debate_id)
        tx.session.expunge(found)
        return found


def cues(store: Store, debate_id: int) -> dict[str, tuple[timedelta, str]]:
    """How far each cue is from the start, and its state."""
    with store.read() as tx:
        starts = debates.get(tx, debate_id).starts_at
        return {one.key: (one.due_at - starts, one.state) for one in debates.cues(tx, debate_id)}


def said(store: Store, debate_id: int, kind: str) -> list[tuple[str, str, str]]:
    """(platform, state, text) of the debate's posts of a kind."""
    with store.read() as tx:
        return [(one.platform, one.state, one.text) for one in outbox.of_debate(tx, debate_id) if one.kind == kind]


def tick(store: Store, now: datetime) -> None:
    """The clock has done all that was due."""

    def due(tx: Tx) -> None:
        run.do_all_due(tx, now=now, house=HOUSE, most=100)

    store.write(due)


def test_all_that_hangs_on_the_start_moves_with_it(store: Store) -> None:
    """The same distance for every cue; the address and the calendar's name stay, the sequence grows."""
    debate_id = planned(store)
    before, distances = row(store, debate_id), cues(store, debate_id)
    assert move(store, debate_id, local("2027-01-21T20:30"))
    after = row(store, debate_id)

    assert cues(store, debate_id) == distances
    assert (after.starts_at, after.ends_at) == (
        STARTS + 7 * DAY + timedelta(minutes=90),
        after.starts_at + timedelta(hours=1),
    )
    assert (before.local_at, after.local_at) == ("2027-01-14T19:00", "2027-01-21T20:30")
    assert (after.slug, after.touched, after.sequence, after.changed_at) == (before.slug, True, 1, PLANNED)
