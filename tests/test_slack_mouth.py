"""What the bot says in Slack: once, in order, one a second, whatever happens on the way."""

from datetime import UTC, datetime, timedelta

import pytest

from bot import errors
from bot.ports import Draft, Operation, Platform
from handlers.slack.features import Features
from handlers.slack.looks import look
from handlers.slack.mouth import SlackMouth
from handlers.slack.standin.server import SlackStandin
from handlers.slack.standin.shapes import InstalledApp

from tests.standin_bot import ALL_SCOPES, ANA, PLAZA, slack, web_client, workspace_with_people

__all__ = ["slack"]


def draft(key: str = "1-note-slack-abc", text: str = "Hola", **more: object) -> Draft:
    """Something to say in #plaza."""
    fields: dict[str, object] = {"key": key, "kind": "note", "platform": Platform.SLACK, "place": PLAZA, "text": text}
    return Draft(**(fields | more))  # type: ignore[arg-type]  # the fields are checked by the dataclass


def mouth_of(slack: SlackStandin, **more: float) -> SlackMouth:
    """A mouth on the workspace that does not wait between posts."""
    between = more.get("between", 0.0)
    return SlackMouth(
        web_client(slack), slack.app.bot_id, Features(), channel_of=lambda _debate: PLAZA, between=between
    )


def since() -> datetime:
    """A moment ago."""
    return datetime.now(UTC) - timedelta(seconds=5)


async def test_a_post_carries_its_key_and_unfurls_nothing(slack: SlackStandin) -> None:
    """The metadata is the contract's, and links get no preview."""
    ts = await mouth_of(slack).send(draft(text="mirad https://example.org"))
    (post,) = slack.record.posts
    assert (post.ts, post.key, post.metadata["event_type"]) == (ts, "1-note-slack-abc", "tertulia_post")
    call = next(call for call in slack.record.calls if call.method == "chat.postMessage")
    assert [str(call.args[name]).lower() in {"false", "0"} for name in ("unfurl_links", "unfurl_media")] == [True, True]


async def test_a_question_starts_with_its_number_and_has_its_buttons(slack: SlackStandin) -> None:
    """Text and blocks both say the question; below it stand what people can do."""
    await mouth_of(slack).send(draft(kind="question", text="P1 ¿Quién *manda* aquí? <ninguno> #MeetAlfaro"))
    (post,) = slack.record.posts
    assert post.text == "P1 ¿Quién *manda* aquí? &lt;ninguno&gt; #MeetAlfaro"
    assert post.thread_ts == ""
    words, buttons = post.blocks
    assert words["elements"][0]["elements"][0]["text"] == "P1 ¿Quién *manda* aquí? <ninguno> #MeetAlfaro"
    assert [one["action_id"] for one in buttons["elements"]] == ["now", "ask"]


def test_nobody_is_woken_by_what_somebody_wrote() -> None:
    """A question that says @channel is said, and calls nobody."""
    assert look(draft(text="<!channel> @here hola")).text == "&lt;!channel&gt; @\u2060here hola"


async def test_one_post_a_second_in_a_channel(slack: SlackStandin) -> None:
    """Two posts to one channel are a second apart, as Slack wants it."""
    slack.rates.strict = True
    mouth = mouth_of(slack, between=1.05)
    await mouth.send(draft("a"))
    await mouth.send(draft("b"))
    first, second = slack.record.posts
    assert second.at - first.at >= 1.0


async def test_retry_after_is_kept(slack: SlackStandin) -> None:
    """429 is not now, for as long as Slack says."""
    slack.faults.rate_limit("chat.postMessage", retry_after=7)
    with pytest.raises(errors.NotNow) as caught:
        await mouth_of(slack).send(draft())
    assert caught.value.seconds == 7
    assert slack.record.posts == []


async def test_an_answer_that_was_lost_is_unsure_and_then_found(slack: SlackStandin) -> None:
    """The post stands, the answer was cut: nobody knows, until it is looked for."""
    slack.faults.drop_after_store("chat.postMessage")
    mouth = mouth_of(slack)
    with pytest.raises(errors.Unsure):
        await mouth.send(draft())
    assert await mouth.find(draft(), since()) == slack.record.posts[0].ts
    assert await mouth.find(draft("another-key"), since()) is None


async def test_what_is_not_there_is_not_found(slack: SlackStandin) -> None:
    """The connection was cut before Slack stored it: it may be sent again."""
    slack.faults.drop_before_store("chat.postMessage")
    mouth = mouth_of(slack)
    with pytest.raises(errors.Unsure):
        await mouth.send(draft())
    assert await mouth.find(draft(), since()) is None


async def test_without_metadata_the_words_are_looked_for(slack: SlackStandin) -> None:
    """A workspace that drops metadata: the bot's own post with the same words since then is the one."""
    mouth = mouth_of(slack)
    ts = await mouth.send(draft(text="Gracias a todas & todos: https://example.org/d/x"))
    slack.workspace.channels[PLAZA].messages[ts].pop("metadata")
    assert await mouth.find(draft(text="Gracias a todas & todos: https://example.org/d/x"), since()) == ts
    assert await mouth.find(draft(text="Otra cosa"), since()) is None


async def test_a_post_in_a_thread_is_found_there(slack: SlackStandin) -> None:
    """An answer below a question is looked for in the thread."""
    root = await slack.say(PLAZA, ANA, "raíz")
    mouth = mouth_of(slack)
    ts = await mouth.send(draft(thread=root))
    assert slack.record.posts[0].thread_ts == root
    assert await mouth.find(draft(thread=root), since()) == ts


async def test_a_private_word_goes_to_the_person_alone(slack: SlackStandin) -> None:
    """A notice for one is a direct message, and is found there."""
    mouth = mouth_of(slack)
    private = draft(place=ANA, operation=Operation.PRIVATE)
    ts = await mouth.send(private)
    assert slack.record.posts[0].channel == slack.workspace.direct_channel(ANA).id
    assert await mouth_of(slack).find(private, since()) == ts


async def test_where_nobody_can_be_written_to_the_channel_whispers(slack: SlackStandin) -> None:
    """Without direct messages the person reads it in the channel, alone; it is warned of once."""
    slack.faults.error("chat.postMessage", "missing_scope")
    features = Features()
    mouth = SlackMouth(web_client(slack), slack.app.bot_id, features, channel_of=lambda _id: PLAZA, between=0)
    await mouth.send(draft(place=ANA, operation=Operation.PRIVATE, text="Aviso"))
    assert [(one["channel"], one["user"], one["text"]) for one in slack.record.ephemerals] == [(PLAZA, ANA, "Aviso")]
    assert list(features.lost) == ["direct messages"]


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("channel_not_found", errors.NotEver), ("is_archived", errors.NotEver), ("msg_too_long", errors.NotEver),
        ("restricted_action", errors.NotEver), ("missing_scope", errors.NotEver), ("not_in_channel", errors.NotNow),
        ("service_unavailable", errors.NotNow), ("token_revoked", errors.NotNow), ("fatal_error", errors.Unsure),
        ("internal_error", errors.Unsure),
    ],
)  # fmt: skip
async def test_every_refusal_is_understood(slack: SlackStandin, code: str, error: type[Exception]) -> None:
    """What passes is tried again, what is for good is given up, a breakdown is looked into."""
    slack.faults.error("chat.postMessage", code)
    with pytest.raises(error):
        await mouth_of(slack).send(draft())


async def test_a_breakdown_in_html_is_unsure(slack: SlackStandin) -> None:
    """HTTP 500 may come after the post was stored."""
    slack.faults.http_500("chat.postMessage")
    with pytest.raises(errors.Unsure):
        await mouth_of(slack).send(draft())


async def test_nobody_listening_is_not_now() -> None:
    """Where no connection can be made, nothing was sent."""
    async with workspace_with_people() as slack:
        mouth = mouth_of(slack)
    with pytest.raises(errors.NotNow):
        await mouth.send(draft())


async def test_blocks_that_slack_refuses_are_left_out(slack: SlackStandin) -> None:
    """The words are what matters."""
    slack.faults.error("chat.postMessage", "invalid_blocks")
    await mouth_of(slack).send(draft(kind="question", text="P1 ¿Qué?"))
    (post,) = slack.record.posts
    assert post.text == "P1 ¿Qué?"


async def test_a_post_that_may_not_be_looked_for_is_never_said_again() -> None:
    """Without the scope to read, what may stand there stays unsure."""
    app = InstalledApp(scopes=tuple(scope for scope in ALL_SCOPES if not scope.endswith(":history")))
    async with workspace_with_people(app) as slack:
        with pytest.raises(errors.Unsure):
            await mouth_of(slack).find(draft(), since())


async def test_a_post_is_changed_and_taken_back(slack: SlackStandin) -> None:
    """Update and delete reach the post they name; what is gone already is gone."""
    mouth = mouth_of(slack)
    ts = await mouth.send(draft())
    await mouth.send(draft("b", "Hola otra vez", operation=Operation.UPDATE, target=ts))
    assert slack.workspace.channels[PLAZA].messages[ts]["text"] == "Hola otra vez"
    await mouth.send(draft("c", "", operation=Operation.DELETE, target=ts))
    assert ts not in slack.workspace.channels[PLAZA].messages
    assert await mouth.send(draft("d", "", operation=Operation.DELETE, target=ts)) == ts
