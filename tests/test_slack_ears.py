"""What Slack tells, as values: a table of its forms, every payload we could find, and whatever else may come."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.ports import Attachment, Deleted, Incoming, Platform, Reacted, Renamed, Said
from handlers.slack.ears import Ears, called, mentioned
from handlers.slack.mrkdwn import Names

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "slack"
PEOPLE = {"U1": "Ana", "U2": "Bea", "U9": "Tertulia"}
EARS = Ears("U9", "B9", Names(PEOPLE.get, {"C1": "plaza"}.get))
TS, LATER = "1768413600.000100", "1768413660.000200"
AT, AT_LATER = datetime(2026, 1, 14, 18, 0, 0, 100, UTC), datetime(2026, 1, 14, 18, 1, 0, 200, UTC)


def message(**fields: Any) -> dict[str, Any]:
    """A message event by Ana; None takes a field away."""
    base = {"type": "message", "channel": "C1", "channel_type": "channel", "user": "U1", "text": "hola", "ts": TS}
    return {name: value for name, value in (base | {"event_ts": TS} | fields).items() if value is not None}


def change(now: dict[str, Any], before: dict[str, Any] | None) -> dict[str, Any]:
    """The event that a message has changed."""
    event = {"type": "message", "subtype": "message_changed", "channel": "C1", "hidden": True, "message": now}
    return event | {"ts": LATER, "event_ts": LATER} | ({"previous_message": before} if before else {})


def hear(event: object) -> list[Incoming]:
    """What the event means; fails the test when the ears find it strange."""
    heard = EARS.hear(event)
    assert heard.trouble == ""
    return list(heard.incoming)


def said(event: object) -> Said:
    """The one message that the event says."""
    (one,) = hear(event)
    assert isinstance(one, Said)
    return one


def test_a_message_is_said_by_its_author_at_its_time() -> None:
    """The ts is the id and, exact to the microsecond, the time."""
    one = said(message())
    assert (one.platform, one.place, one.id, one.posted_at) == (Platform.SLACK, "C1", TS, AT)
    assert (one.author.id, one.author.name, one.author.bot, one.text) == ("U1", "Ana", False, "hola")
    assert (one.thread, one.reply_to, one.edited_at, one.reactions) == (None, None, None, None)


def test_a_reply_hangs_from_its_thread_and_a_root_from_nothing() -> None:
    """`thread_ts` counts where it is not the message's own."""
    assert (said(message(thread_ts="1768413000.000001")).thread) == "1768413000.000001"
    assert said(message(thread_ts="1768413000.000001")).reply_to == "1768413000.000001"
    assert said(message(thread_ts=TS)).thread is None


@pytest.mark.parametrize(
    "fields",
    [
        {"subtype": "channel_join"}, {"subtype": "channel_leave"}, {"subtype": "channel_topic"},
        {"subtype": "pinned_item"}, {"subtype": "message_replied"}, {"subtype": "huddle_thread"},
        {"subtype": "reply_broadcast"}, {"user": "USLACKBOT"}, {"user": "USLACK"}, {"user": "U9"},
        {"user": None, "bot_id": "B9", "subtype": "bot_message"}, {"channel_type": "im"},
    ],
)  # fmt: skip
def test_what_nobody_said_in_the_debate_is_nothing(fields: dict[str, Any]) -> None:
    """The system's voice, our own, and what is said to us alone stay out."""
    assert hear(message(**fields)) == []


@pytest.mark.parametrize("subtype", [None, "thread_broadcast", "file_share", "me_message"])
def test_what_somebody_said_is_said_whatever_its_form(subtype: str | None) -> None:
    """A broadcast reply, a file, a /me are said like any other message."""
    assert said(message(subtype=subtype)).text == "hola"


def test_a_bot_is_known_as_one() -> None:
    """Its name is the one that it posts under, or its profile's."""
    named = said(message(user=None, subtype="bot_message", bot_id="B1", username="Encuestas"))
    assert (named.author.id, named.author.name, named.author.bot) == ("B1", "Encuestas", True)
    profiled = said(message(user="U7", bot_id="B1", bot_profile={"name": "RSS"}))
    assert (profiled.author.id, profiled.author.name, profiled.author.bot) == ("U7", "RSS", True)


def test_a_stranger_has_the_name_that_came_with_the_message() -> None:
    """People of other organisations come with a small profile, or with nothing at all."""
    told = said(message(user="W5", user_profile={"display_name": "Nora", "real_name": "Nora N."}))
    assert told.author.name == "Nora"
    assert said(message(user="W6")).author.name == ""


def test_files_are_named_and_never_fetched() -> None:
    """A file is its title, its kind, and where its people find it."""
    files = [{"id": "F1", "title": "Informe", "name": "i.pdf", "mimetype": "application/pdf", "permalink": "https://x"}]
    one = said(message(subtype="file_share", files=[*files, {"id": "F2", "file_access": "check_file_info"}, None]))
    assert one.files == (Attachment("Informe", "application/pdf", "https://x"), Attachment("F2", "", ""))


def test_a_message_of_the_channel_that_is_shared_is_quoted() -> None:
    """Sharing a question's post answers it; sharing one of elsewhere does not."""
    shared = {"is_msg_unfurl": True, "channel_id": "C1", "ts": "1768413000.000001"}
    assert said(message(attachments=[shared])).quotes == "1768413000.000001"
    assert said(message(attachments=[shared | {"channel_id": "C2"}])).quotes is None


def test_an_edit_is_one_only_when_somebody_edited() -> None:
    """A new `edited` is an edit; a preview or a thread's count is not; a bot's silent change of words is."""
    before = {"type": "message", "user": "U1", "text": "hola", "ts": TS}
    edited = before | {"text": "hola a todas", "edited": {"user": "U1", "ts": LATER}}
    one = said(change(edited, before))
    assert (one.id, one.text, one.edited_at, one.posted_at) == (TS, "hola a todas", AT_LATER, AT)
    assert hear(change(before | {"attachments": [{"title": "Una página"}]}, before)) == []
    assert hear(change(edited | {"attachments": [{"title": "x"}]}, edited)) == []
    assert hear(change(before | {"reply_count": 3}, before)) == []
    other = before | {"bot_id": "B1", "text": "3 votos"}
    assert said(change(other, before | {"bot_id": "B1"})).edited_at == AT_LATER
    assert said(change(edited, None)).text == "hola a todas"


def test_a_deletion_says_what_and_when() -> None:
    """Deleted, or left as a tombstone under which replies stand: the same; our own posts are not our business."""
    gone = {"type": "message", "subtype": "message_deleted", "channel": "C1", "deleted_ts": TS, "ts": LATER}
    expected = [Deleted(Platform.SLACK, "C1", TS, AT_LATER, AT)]
    assert hear(gone) == expected
    assert hear(gone | {"previous_message": {"user": "U1", "ts": TS}}) == expected
    assert hear(change({"subtype": "tombstone", "ts": TS}, {"user": "U1", "ts": TS})) == expected
    assert hear(gone | {"previous_message": {"user": "U9", "ts": TS}}) == []
    assert hear(gone | {"previous_message": {"user": "U1", "subtype": "channel_join", "ts": TS}}) == []


def test_a_reaction_is_given_and_taken_back() -> None:
    """Reactions to messages count; ours, those to our posts and to files do not."""
    event: dict[str, Any] = {"type": "reaction_added", "user": "U2", "reaction": "tada", "event_ts": LATER}
    event |= {"item_user": "U1", "item": {"type": "message", "channel": "C1", "ts": TS}}
    assert hear(event) == [Reacted(Platform.SLACK, "C1", TS, "tada", "U2", AT_LATER, True, AT)]
    (taken,) = hear(event | {"type": "reaction_removed"})
    assert isinstance(taken, Reacted)
    assert taken.added is False
    assert hear(event | {"user": "U9"}) == hear(event | {"item_user": "U9"}) == []
    assert hear(event | {"item": {"type": "file", "file": "F1"}}) == []


def test_a_message_of_the_history_tells_its_reactions() -> None:
    """Who reacted, and how many where the list of people was cut short."""
    row = message(reactions=[{"name": "tada", "users": ["U1", "U2"], "count": 60}, {"name": 3}, "nonsense"])
    one = EARS.said(row, "C1", seen=True)
    assert one is not None
    assert (one.reactions, one.reaction_counts) == ({"tada": ["U1", "U2"]}, {"tada": 60})
    bare = EARS.said(message(), "C1", seen=True)
    assert bare is not None
    assert bare.reactions == {}


def test_a_person_is_renamed() -> None:
    """A changed account says how its person is called now."""
    user = {"id": "U1", "name": "ana", "profile": {"display_name": "", "real_name": "Ana Ruiz"}}
    assert hear({"type": "user_change", "user": user}) == [Renamed(Platform.SLACK, "U1", "Ana Ruiz")]


def test_names_are_the_chosen_one_first() -> None:
    """Display name, else real name, else handle, else nothing."""
    assert called({"name": "ana", "profile": {"display_name": "Anita", "real_name": "Ana"}}) == "Anita"
    assert called({"name": "ana", "real_name": "Ana Ruiz", "profile": {}}) == "Ana Ruiz"
    assert called({"name": "ana", "profile": None}) == "ana"
    assert called({"profile": {"display_name": 3}}) == ""


def test_the_people_whom_a_message_names() -> None:
    """Mentions, with and without a label."""
    assert mentioned({"text": "<@U1> y <@W2|dani>, no <#C1|plaza>"}) == {"U1", "W2"}
    assert mentioned({"text": None}) == set()


@pytest.mark.parametrize(
    "event",
    [
        None, "nonsense", [], {}, {"type": 3}, message(ts=None), message(ts="ayer"), message(ts=1.5),
        message(channel=None), message(user=None), change({"ts": TS}, None) | {"message": None},
        {"type": "reaction_added"}, {"type": "reaction_added", "item": {"type": "message"}, "user": "U1"},
        {"type": "user_change", "user": "U1"},
        {"type": "message", "subtype": "message_deleted", "channel": "C1", "ts": LATER},
    ],
)  # fmt: skip
def test_what_is_no_event_is_named_as_trouble(event: object) -> None:
    """A payload that breaks its type's promise is neither said nor silently dropped."""
    heard = EARS.hear(event)
    assert heard.incoming == ()
    assert heard.trouble != ""


def objects(value: object) -> Iterator[dict[str, Any]]:
    """Every object inside a value."""
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from objects(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from objects(inner)


def test_every_known_payload_passes_the_ears() -> None:
    """Each sample of Slack's own repositories, and every object in it, goes in without a stumble."""
    if not DATA.exists():
        pytest.skip("Slack's sample payloads are not beside the checkout (../shared/data/slack)")
    files = sorted(DATA.rglob("*.json"))
    heard = troubled = 0
    for path in files:
        for one in objects(json.loads(path.read_text(encoding="utf-8"))):
            result = EARS.hear(one)
            heard += len(result.incoming)
            troubled += bool(result.trouble) and isinstance(one.get("type"), str)
    assert len(files) > 800
    assert heard >= 20
    assert troubled > 0  # samples with their values blanked out: no ts, no channel


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
_FIELDS = (
    "channel", "user", "text", "ts", "event_ts", "thread_ts", "subtype", "message", "previous_message", "blocks",
    "attachments", "files", "edited", "item", "reaction", "bot_id", "bot_profile", "user_profile", "reactions",
)  # fmt: skip


@given(
    kind=st.sampled_from(["message", "reaction_added", "user_change", "other"]),
    fields=st.dictionaries(
        st.sampled_from(_FIELDS),
        _json | st.sampled_from([TS, "C1", "U1", "message_changed", "message_deleted", "file_share"]),
    ),
)
def test_nothing_makes_the_ears_raise(kind: str, fields: dict[str, Any]) -> None:
    """Whatever stands in whatever field, the ears answer."""
    EARS.hear(message(**fields) | {"type": kind})
    EARS.hear(fields | {"type": kind})
