"""What X is asked to tell of deletions, what it tells, and what of that the log knows: without an X."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.actions import imports, inbox, plan, run, sync
from bot.actions.imports import Origin
from bot.actions.inbox import Delivery
from bot.debate import Phase
from bot.debatefile import DebateFile, PlannedQuestion
from bot.ports import CLOCK, OPERATOR, Author, Deleted, House, Platform, Said
from bot.store import debates
from bot.store.engine import Store, Tx
from handlers.x import activity_rules as rules
from handlers.x.activity_rules import Change, Taken, change, taken
from handlers.x.client import Subscription
from handlers.x.posts import Strange
from handlers.x.terms import LIMITS

EXAMPLES = Path(__file__).resolve().parents[2] / "shared" / "data" / "x" / "docs-examples"
NOW = datetime(2027, 1, 14, 18, tzinfo=UTC)


# --- who is subscribed to --------------------------------------------------------------------------------------------


def ours(*users: str) -> list[Subscription]:
    """Subscriptions as we make them; their ids are s and the person."""
    return [Subscription("post.delete", user, rules.TAG, f"s{user}") for user in users]


def theirs(*users: str, event: str = "post.delete") -> list[Subscription]:
    """Subscriptions of another program of the app."""
    return [Subscription(event, user, "ajena", f"t{user}") for user in users]


@pytest.mark.parametrize(
    ("wanted", "standing", "expected"),
    [
        ("", [], Change([], [])),
        ("ab", [], Change([], ["a", "b"])),
        ("ab", ours("a", "b"), Change([], [])),
        ("bc", ours("a", "b"), Change(["sa"], ["c"])),
        ("", ours("a"), Change(["sa"], [])),
        # Twice by an accident: one goes.
        ("a", ours("a", "a"), Change(["sa"], [])),
        # Another program's stays, and does for us; ours beside it is one too many.
        ("ab", theirs("a"), Change([], ["b"])),
        ("a", [*theirs("a"), *ours("a")], Change(["sa"], [])),
        ("a", theirs("a", event="profile.update.bio"), Change([], ["a"])),
        # An event that an older version of ours may have asked for.
        ("a", [Subscription("post.create", "a", rules.TAG, "old")], Change(["old"], ["a"])),
    ],
)
def test_subscriptions_become_one_a_person(wanted: str, standing: list[Subscription], expected: Change) -> None:
    """What is missing is added, what is over is deleted, what is not ours stays."""
    assert change(list(wanted), standing) == expected


def test_x_takes_so_many_and_the_last_are_left_out() -> None:
    """1,500 of one app, whoever made them; the first of the wanted are the newest debates' people."""
    people = [str(number) for number in range(2_000)]
    others = theirs(*(f"9{number}" for number in range(100)), event="follow.follow")

    assert change(people, others).add == people[:1_400]
    assert change(people, []).add == people[: LIMITS.subscriptions]


def test_who_cannot_be_had_is_not_asked_for_again() -> None:
    """Their place is kept: they may be wanted no more tomorrow."""
    assert change(["a", "b"], [], barred={"a"}) == Change([], ["b"])


# --- what X tells ----------------------------------------------------------------------------------------------------


def told(**event: Any) -> bytes:
    """A line of the activity stream."""
    return json.dumps({"data": event}).encode()


def test_a_deletion_is_understood() -> None:
    """Its post, and X's id for the telling; whose tag it has is of no matter."""
    payload = {"id": "2080761269309813134", "author_id": "7"}
    raw = told(event_uuid="-2781149976877970683", event_type="post.delete", tag="otra", payload=payload)

    assert taken(raw) == [Taken("2080761269309813134", "-2781149976877970683")]


def test_several_events_in_a_line_are_all_understood() -> None:
    """X's documents speak of one; that it may be a list costs nothing."""
    event = {"event_type": "post.delete", "payload": {"id": "1", "author_id": "7"}}
    raw = json.dumps({"data": [event, {"event_type": "follow.follow"}, event]})

    assert taken(raw) == [Taken("1", "")] * 2


@pytest.mark.parametrize(
    "raw",
    [
        told(event_type="dm.received", payload={"text": "hola"}),
        told(event_type="post.create", payload={"id": "1", "text": "hola"}),
        b'{"errors": [{"title": "operational-disconnect", "disconnect_type": "UpstreamOperationalDisconnect"}]}',
    ],
)
def test_what_is_no_deletion_is_none_of_our_business(raw: bytes) -> None:
    """Events of another program of the app, and X's own words."""
    assert taken(raw) == []


@pytest.mark.parametrize(
    "raw",
    [
        b'{"data": {"event_type": "post.del', b"[]", b"7", b"{}", b'{"data": 7}', b"\xff", b"[" * 100_000,
        told(event_type="post.delete"), told(event_type="post.delete", payload={"author_id": "7"}),
        told(event_type="post.delete", payload={"id": 7}), told(event_type="post.delete", payload={"id": "x1"}),
        told(event_type="post.delete", payload={"id": "1" * 21}),
    ],
)  # fmt: skip
def test_what_cannot_be_understood_is_strange(raw: bytes) -> None:
    """Nothing else is raised, whatever comes."""
    with pytest.raises(Strange):
        taken(raw)


def test_the_events_of_xs_own_pages_are_understood() -> None:
    """Of all its examples one is a deletion; the others are let pass."""
    if not EXAMPLES.exists():
        pytest.skip("no examples of X beside the repository")
    lines = [(each.name, each.read_bytes()) for each in sorted(EXAMPLES.glob("activity.*.json"))]
    found = {name: taken(raw) for name, raw in lines if not name.startswith("activity.01")}

    assert len(found) > 20
    assert {name: one for name, one in found.items() if one} == {
        "activity.03.post.delete.json": [Taken("2080761269309813134", "-2781149976877970683")]
    }


# --- what the log knows ----------------------------------------------------------------------------------------------


def debate(tx: Tx, tag: str, opened: datetime) -> int:
    """A debate was opened then at the hashtag."""
    wanted = DebateFile("De prueba", (PlannedQuestion("¿Una?"),), starts=opened, x=True, hashtag=tag)
    made = plan.add(tx, wanted, house=House(), actor=OPERATOR, now=opened)
    run.open_now(tx, made, actor=CLOCK, now=opened)
    return debates.ident(made)


def close(tx: Tx, debate_id: int, at: datetime) -> None:
    """It closed then."""
    found = debates.get(tx, debate_id)
    run.close(tx, found, actor=OPERATOR, now=at, house=House())
    found.phase, found.grace_until = Phase.CLOSED, at
    tx.session.add(found)


def said(post: str, who: str, place: str, at: datetime, edited: datetime | None = None) -> Said:
    """Somebody's post, edited or not."""
    return Said(Platform.X, place, post, Author(who, who), f"Soy {who} #{place}", at, edited_at=edited)


def hear(tx: Tx, *messages: Said) -> None:
    """They are in the log."""
    inbox.take(tx, [Delivery(Platform.X, f"x:post:{one.id}", [one]) for one in messages], now=NOW)


def spoken(tx: Tx, *messages: Said) -> None:
    """A debate is on, and they were said in it."""
    debate(tx, "a", NOW)
    hear(tx, *messages)


def authors(store: Store, days: int, most: int = 9) -> Sequence[str]:
    """Whose deletions are wanted."""
    with store.read() as tx:
        return sync.authors(tx, days, most=most, now=NOW)


def test_people_of_debates_on_air_and_of_the_last_days_are_wanted(store: Store) -> None:
    """The newest debates first, each person once; nobody of older ones, of archives, or from elsewhere."""

    def hold(tx: Tx) -> None:
        for number, (tag, days) in enumerate((("a", 9), ("b", 2), ("c", 0)), 1):
            opened = NOW - timedelta(days=days, hours=1)
            held = debate(tx, tag, opened)
            hear(tx, said(f"1{number}", f"7{number}", tag, opened), said(f"2{number}", "70", tag, opened))
            if days:
                close(tx, held, NOW - timedelta(days=days))
        room = Said(Platform.ROOM, debates.get(tx, 3).slug, "r1", Author("ana", "Ana"), "Hola", NOW)
        inbox.take(tx, [Delivery(Platform.ROOM, "r1", [room])], now=NOW)
        origin = Origin(Platform.X, "d", "#d", "Archivo", [])
        imports.bring(tx, [[said("31", "79", "d", NOW)]], origin, house=House(), actor=OPERATOR, now=NOW)

    store.write(hold)

    assert authors(store, 3) == ["70", "73", "72"]
    assert authors(store, 10) == ["70", "73", "72", "71"]
    assert authors(store, 3, most=2) == ["70", "73"]


def test_who_has_nothing_left_is_not_wanted(store: Store) -> None:
    """What was taken back leaves nobody to ask for."""
    store.write(lambda tx: spoken(tx, said("11", "70", "a", NOW)))
    gone = Delivery(Platform.X, "x:gone:11", [Deleted(Platform.X, "a", "11", NOW)])
    store.write(lambda tx: inbox.take(tx, [gone], now=NOW))

    assert authors(store, 3) == []


def test_a_deletion_means_every_place_where_the_post_stands(store: Store) -> None:
    """A debate on air, one that is closed, an archive: each by its place."""

    def hold(tx: Tx) -> None:
        held = debate(tx, "a", NOW - timedelta(hours=1))
        hear(tx, said("11", "70", "a", NOW - timedelta(minutes=30)))
        close(tx, held, NOW)
        origin = Origin(Platform.X, "d", "#d", "Archivo", [])
        imports.bring(tx, [[said("11", "70", "d", NOW)]], origin, house=House(), actor=OPERATOR, now=NOW)

    store.write(hold)
    with store.read() as tx:
        found = sync.taken_back(tx, "11", now=NOW)

    assert sorted((one.place, one.id, one.posted_at) for one in found) == [("a", "11", None), ("d", "11", None)]


@pytest.mark.parametrize(("named", "known"), [("11", ["11"]), ("12", ["11"]), ("13", ["11"]), ("14", [])])
def test_any_version_that_the_log_has_heard_of_names_the_post(store: Store, named: str, known: list[str]) -> None:
    """The first, the last, and the one between; nobody knows which of them X will name."""
    edited = said("11", "70", "a", NOW, NOW + timedelta(minutes=5))._replace(versions=("12", "13"))
    store.write(lambda tx: spoken(tx, edited))
    with store.read() as tx:
        found = sync.taken_back(tx, named, now=NOW)

    assert [one.id for one in found] == known


def test_what_is_gone_is_not_taken_back_again(store: Store) -> None:
    """Told twice, by whichever of its names: the second time there is nothing to do."""
    edited = said("11", "70", "a", NOW, NOW + timedelta(minutes=5))._replace(versions=("12",))

    def tell(tx: Tx) -> None:
        spoken(tx, edited)
        inbox.take(tx, [Delivery(Platform.X, "x:gone:12", sync.taken_back(tx, "12", now=NOW))], now=NOW)

    store.write(tell)
    with store.read() as tx:
        assert [sync.taken_back(tx, one, now=NOW) for one in ("11", "12")] == [[], []]
