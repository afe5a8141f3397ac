"""Posts on their way: claimed under a lease, in order at each place, tried again, and never by two at once."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from bot.actions import send
from bot.outbox import LEASE, MOST_ATTEMPTS
from bot.ports import Platform
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

    store.write(lambda tx: send.again(tx, 1, why="429", now=NOW, seconds=30))

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
        store.write(lambda tx, at=now: send.again(tx, 1, why="no contesta", now=at))  # type: ignore[misc]  # bound now

    assert states(store) == [("a", "failed", "no contesta"), ("b", "queued", "")]
    assert claim(store, now) == [(2, "b", False)]


def test_post_that_comes_too_late_expires(store: Store) -> None:
    """A warning of five minutes ago warns nobody; one that may be there already is looked for all the same."""
    put(store, ("a", "C1"), kind="warning")
    put(store, ("b", "C2"), kind="warning")
    store.write(lambda tx: send.again(tx, 2, why="", now=NOW))
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
    store.write(lambda tx: send.refused(tx, 1, why="channel_not_found", now=NOW))

    assert claim(store) == []
    assert [state for _, state, _ in states(store)] == ["failed", "failed"]


def test_landing_twice_or_of_the_unknown_changes_nothing(store: Store) -> None:
    """The first place where it landed stands."""
    put(store, ("a", "C1"))
    claim(store)
    for ident in ("1.1", "2.2"):
        store.write(lambda tx, at=ident: send.landed(tx, 1, at, now=NOW))  # type: ignore[misc]  # bound now
    store.write(lambda tx: send.landed(tx, 99, "3.3", now=NOW))

    with store.read() as tx:
        row = outbox.get(tx, 1)
        assert row is not None
        assert (row.state, row.landed, row.sent_at) == ("sent", "1.1", NOW)
    assert next_at(store) is None


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
