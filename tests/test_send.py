"""Posts on their way: claimed under a lease, in order at each place, tried again, and never by two at once."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from bot.actions import send
from bot.outbox import LEASE, MOST_ATTEMPTS
from bot.ports import Operation, Platform
from bot.store import outbox
from bot.store.engine import Store, Tx
from bot.tables import Outbox

NOW = datetime(2027, 1, 14, 18, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def put(store: Store, *posts: tuple[str, str], kind: str = "closing", under: int | None = None) -> None:
    """Posts (key, place) wait for Slack, decided now."""

    def add(tx: Tx) -> None:
        for key, place in posts:
            tx.session.add(
                Outbox(
                    key=key, platform="slack", place=place, kind=kind, text=key, under=under,
                    created_at=NOW, next_at=NOW,
                )
            )  # fmt: skip
            tx.session.flush()

    store.write(add)


def claim(store: Store, now: datetime = NOW, owner: str = "me") -> list[tuple[int, str, bool]]:
    """(row, key, whether it may have been sent before) of what may be sent now."""
    claimed = store.write(lambda tx: send.claim(tx, Platform.SLACK, owner=owner, now=now))
    return [(row_id, draft.key, before is not None) for row_id, draft, before in claimed]


def next_at(store: Store) -> datetime | None:
    """When the publisher is to look again."""
    with store.read() as tx:
        return outbox.next_at(tx, "slack")


def states(store: Store) -> list[tuple[str, str, str]]:
    """(key, state, error) of every post."""
    with store.read() as tx:
        rows = [outbox.get(tx, number) for number in range(1, 9)]
        return [(row.key, row.state, row.error) for row in rows if row is not None]


def test_posts_of_a_place_go_one_after_the_other(store: Store) -> None:
    """The second waits until the first has landed; another place does not wait for either."""
    put(store, ("a", "C1"), ("b", "C1"), ("c", "C2"))

    assert claim(store) == [(1, "a", False), (3, "c", False)]
    assert claim(store) == []
    store.write(lambda tx: send.landed(tx, 1, "1.1", now=NOW))
    assert claim(store) == [(2, "b", False)]


def test_post_that_nobody_answers_for_is_taken_up_as_perhaps_sent(store: Store) -> None:
    """Its sender died: when the lease is over somebody looks whether it is there already."""
    put(store, ("a", "C1"))
    claim(store)

    assert next_at(store) == NOW + LEASE
    assert claim(store, NOW + LEASE - SECOND, "other") == []
    assert claim(store, NOW + LEASE, "other") == [(1, "a", True)]


def test_post_that_has_to_wait_keeps_those_behind_it_waiting(store: Store) -> None:
    """``Retry-After`` 30: nothing overtakes it, and nobody looks before then."""
    put(store, ("a", "C1"), ("b", "C1"))
    claim(store)

    store.write(lambda tx: send.again(tx, 1, owner="me", why="429", now=NOW, seconds=30))

    assert claim(store, NOW + 29 * SECOND) == []
    assert next_at(store) == NOW + 30 * SECOND
    assert claim(store, NOW + 30 * SECOND) == [(1, "a", True)]


def test_post_is_given_up_and_the_next_one_goes(store: Store) -> None:
    """After its last attempt it has failed for good, with the reason."""
    put(store, ("a", "C1"), ("b", "C1"))
    now = NOW
    for _ in range(MOST_ATTEMPTS):
        now += timedelta(minutes=3)
        claim(store, now)
        store.write(lambda tx, at=now: send.again(tx, 1, owner="me", why="no contesta", now=at))  # type: ignore[misc]  # bound now

    assert states(store) == [("a", "failed", "no contesta"), ("b", "queued", "")]
    assert claim(store, now) == [(2, "b", False)]


def test_post_that_comes_too_late_expires(store: Store) -> None:
    """A warning of five minutes ago warns nobody; one that may be there already is looked for all the same."""
    put(store, ("a", "C1"), kind="warning")
    put(store, ("b", "C2"), kind="warning")
    store.write(lambda tx: send.again(tx, 2, owner="", why="", now=NOW))
    later = NOW + timedelta(minutes=5)

    assert claim(store, NOW + SECOND) == [(1, "a", False), (2, "b", False)]
    assert claim(store, later) == [(1, "a", True), (2, "b", True)]
    put(store, ("c", "C3"), kind="warning")
    assert claim(store, later) == []
    assert states(store)[-1] == ("c", "expired", "llegaba demasiado tarde")


def test_answer_below_a_post_that_failed_fails_with_it(store: Store) -> None:
    """There is nothing to answer under."""
    put(store, ("a", "C1"))
    put(store, ("b", "C1"), under=1)
    claim(store)
    store.write(lambda tx: send.refused(tx, 1, owner="me", why="channel_not_found", now=NOW))

    assert claim(store) == []
    assert [state for _, state, _ in states(store)] == ["failed", "failed"]


def test_landing_again_or_of_the_unknown_changes_nothing(store: Store) -> None:
    """It stands where it stands, however often that is told."""
    put(store, ("a", "C1"))
    claim(store)
    for row_id, ident in ((1, "1.1"), (1, "1.1"), (99, "3.3")):
        store.write(lambda tx, row_id=row_id, at=ident: send.landed(tx, row_id, at, now=NOW))  # type: ignore[misc]  # bound now

    with store.read() as tx:
        row = outbox.get(tx, 1)
        assert row is not None
        assert (row.state, row.landed, row.sent_at) == ("sent", "1.1", NOW)
    assert next_at(store) is None


def test_post_that_was_said_twice_is_taken_back_where_it_landed_second(store: Store) -> None:
    """Frozen as it was saying it, a process said it once more when it thawed: one is left standing."""
    put(store, ("a", "C1"))
    claim(store)
    claim(store, NOW + LEASE, "other")
    store.write(lambda tx: send.landed(tx, 1, "1.1", now=NOW + LEASE))
    store.write(lambda tx: send.landed(tx, 1, "2.2", now=NOW + LEASE))

    [(_, draft, _)] = store.write(lambda tx: send.claim(tx, Platform.SLACK, owner="other", now=NOW + LEASE))
    assert (draft.operation, draft.target) == (Operation.DELETE, "2.2")
    with store.read() as tx:
        assert outbox.stands(tx, "slack", "1.1")


def test_who_has_lost_a_post_to_another_can_neither_give_it_back_nor_give_it_up(store: Store) -> None:
    """Thawed after its lease, with a failure to tell: the other is at it."""
    put(store, ("a", "C1"))
    claim(store)
    claim(store, NOW + LEASE, "other")
    store.write(lambda tx: send.again(tx, 1, owner="me", why="no contesta", now=NOW + LEASE))
    store.write(lambda tx: send.refused(tx, 1, owner="me", why="is_archived", now=NOW + LEASE))

    assert states(store) == [("a", "sending", "")]
    assert claim(store, NOW + LEASE + SECOND, "third") == []


HOUR = timedelta(hours=1)


def test_clock_put_back_by_an_hour_keeps_nothing_waiting_for_it(store: Store) -> None:
    """What waits is tried now; what is held is held for as long as any lease, and no longer."""
    put(store, ("a", "C1"), ("b", "C2"), ("c", "C3"))
    claim(store)
    for row_id in (1, 2):
        store.write(lambda tx, row_id=row_id: send.again(tx, row_id, owner="me", why="429", now=NOW, seconds=30))  # type: ignore[misc]  # bound now
    back = NOW - HOUR

    assert claim(store, back) == []
    store.write(lambda tx: send.set_right(tx, Platform.SLACK, before=NOW, now=back))

    assert claim(store, back, "other") == [(1, "a", True), (2, "b", True)]
    assert claim(store, back + LEASE - SECOND, "other") == []
    assert [key for _, key, _ in claim(store, back + LEASE, "third")] == ["a", "b", "c"]


def test_clock_put_forward_by_an_hour_gives_away_nothing_that_is_being_sent(store: Store) -> None:
    """The lease is one of minutes that pass, not of what the clock says; what had run out before stays free."""
    put(store, ("a", "C1"))
    claim(store)
    put(store, ("b", "C2"))
    claim(store, NOW + 30 * SECOND)
    before, now = NOW + LEASE, NOW + LEASE + HOUR
    store.write(lambda tx: send.set_right(tx, Platform.SLACK, before=before, now=now))

    assert claim(store, now, "other") == [(1, "a", True)]
    assert claim(store, now + LEASE, "third") == [(1, "a", True), (2, "b", True)]


@pytest.mark.parametrize(
    ("before", "now", "since"),
    [
        (NOW + SECOND, NOW + SECOND - HOUR, NOW - HOUR),  # put back under our eyes
        (NOW + SECOND, NOW + SECOND + HOUR, NOW),  # put forward: to look further back does no harm
        (NOW - HOUR, NOW - HOUR, NOW - HOUR - timedelta(days=1)),  # put back while we were off
    ],
)
def test_post_is_looked_for_since_it_was_tried_by_the_platforms_clock(
    store: Store, before: datetime, now: datetime, since: datetime
) -> None:
    """Looked for an hour too late it would not be found, and be said once more."""
    put(store, ("a", "C1"))
    claim(store)
    store.write(lambda tx: send.set_right(tx, Platform.SLACK, before=before, now=now))

    [(_, _, found)] = store.write(lambda tx: send.claim(tx, Platform.SLACK, owner="other", now=now + LEASE))
    assert found == since


def test_post_of_a_time_to_come_counts_from_now_at_the_start(store: Store) -> None:
    """The bot was off while its machine's clock was set right."""
    put(store, ("a", "C1"))
    store.write(lambda tx: send.set_right(tx, Platform.SLACK, before=NOW - HOUR, now=NOW - HOUR))

    assert claim(store, NOW - HOUR) == [(1, "a", False)]


@pytest.mark.parametrize("claimers", [4])
def test_two_publishers_never_hold_the_same_post(store: Store, claimers: int) -> None:
    """Forty places, four processes that claim at once: every post once."""
    put(store, *((f"k{number:02}", f"C{number}") for number in range(40)))
    start = threading.Barrier(claimers)

    def work(owner: str) -> list[str]:
        start.wait()
        return [key for _ in range(4) for _, key, _ in claim(store, owner=owner)]

    with ThreadPoolExecutor(claimers) as pool:
        working = [pool.submit(work, f"p{number}") for number in range(claimers)]
        keys = [key for one in working for key in one.result()]

    assert sorted(keys) == [f"k{number:02}" for number in range(40)]
