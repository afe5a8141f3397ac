"""What people do in the stand-in reaches the official Bolt client in Slack's own shapes."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from slack_bolt.async_app import AsyncAck, AsyncRespond
from slack_sdk.web.async_client import AsyncWebClient

from handlers.slack.standin.server import SlackStandin
from handlers.slack.standin.shapes import Refusal, Timing

from tests.standin_bot import ANA, BEA, PLAZA, BoltBot, listening, refusal, slack, web_client, workspace_with_people

__all__ = ["slack"]


@pytest.fixture
async def bot(slack: SlackStandin) -> AsyncIterator[BoltBot]:
    """A Bolt app on one connection."""
    async with listening(slack, 1) as heard:
        yield heard


def plain(text: str) -> dict[str, str]:
    """A plain_text object."""
    return {"type": "plain_text", "text": text}


def modal(**extra: Any) -> dict[str, Any]:
    """A modal with one input."""
    box = {"type": "plain_text_input", "action_id": "words", "initial_value": "¿"}
    field = {"type": "input", "block_id": "question", "label": plain("Pregunta"), "element": box}
    return {"type": "modal", "title": plain("Preguntar"), "submit": plain("Enviar"), "blocks": [field], **extra}


async def test_a_message_has_the_fields_of_a_clients_own(slack: SlackStandin, bot: BoltBot) -> None:
    """A person's message has a client_msg_id and rich text; the bot's own has a bot_id, comes back, and has neither."""
    ts = await slack.say(PLAZA, ANA, "hola <@U0BEA> :wave: https://x.es")
    await web_client(slack).chat_postMessage(channel=PLAZA, text="soy yo")
    await slack.settled()

    said, own = bot.events
    elements = said["blocks"][0]["elements"][0]["elements"]
    assert [element["type"] for element in elements] == ["text", "user", "text", "emoji", "text", "link"]
    assert (said["ts"], said["user"], said["channel_type"], said["team"]) == (ts, ANA, "channel", "T0STANDIN")
    assert said["text"] == "hola <@U0BEA> :wave: <https://x.es>"
    assert "client_msg_id" in said and "bot_id" not in said
    assert (own["text"], own["bot_id"], own["user"]) == ("soy yo", "B0STANDIN", "U0STANDIN")
    assert "client_msg_id" not in own


async def test_edits_and_unfurls_differ_by_the_edited_mark(slack: SlackStandin, bot: BoltBot) -> None:
    """Both are `message_changed`; only the edit carries `edited`."""
    ts = await slack.say(PLAZA, ANA, "https://x.es")
    await slack.unfurl(ts, "https://x.es")
    await slack.edit(ts, "mejor no")
    await slack.settled()

    changes = sorted((event for event in bot.events if event.get("subtype")), key=lambda event: event["ts"])
    assert [change["subtype"] for change in changes] == ["message_changed"] * 2
    assert ["edited" in change["message"] for change in changes] == [False, True]
    assert changes[1]["message"]["text"] == "mejor no"
    assert changes[1]["previous_message"]["text"] == "<https://x.es>"


async def test_a_deleted_root_with_replies_is_a_tombstone(slack: SlackStandin, bot: BoltBot) -> None:
    """A reply goes without trace; its root stays as a tombstone while it has another."""
    root = await slack.say(PLAZA, ANA, "pregunta")
    gone, _ = [await slack.say(PLAZA, BEA, text, root) for text in ("una", "dos")]
    await slack.delete(gone)
    await slack.delete(root)
    await slack.settled()

    shapes = {(event["subtype"], event.get("deleted_ts", "")) for event in bot.events if event.get("subtype")}
    assert shapes == {("message_deleted", gone), ("message_changed", "")}
    thread = (await web_client(slack).conversations_replies(channel=PLAZA, ts=root))["messages"]
    assert [(one.get("subtype"), one.get("reply_count")) for one in thread] == [("tombstone", 1), (None, None)]


async def test_other_messages_have_their_subtypes(slack: SlackStandin, bot: BoltBot) -> None:
    """Broadcast replies, /me, files and joining each come under Slack's name for them."""
    root = await slack.say(PLAZA, ANA, "pregunta")
    await slack.say(PLAZA, BEA, "a todos", root, broadcast=True)
    await slack.me_message(PLAZA, ANA, "saluda")
    await slack.say(PLAZA, ANA, "foto", files=[{"id": "F1", "name": "a.png"}])
    slack.workspace.add_user("U0NEW", "new")
    await slack.join(PLAZA, "U0NEW")
    await slack.settled()

    found = sorted(event.get("subtype", event["type"]) for event in bot.events)
    named = ["channel_join", "file_share", "me_message", "member_joined_channel", "message", "thread_broadcast"]
    assert found == named
    broadcast = next(event for event in bot.events if event.get("subtype") == "thread_broadcast")
    assert (broadcast["thread_ts"], broadcast["root"]["text"]) == (root, "pregunta")


async def test_reactions_come_with_item_and_owner(slack: SlackStandin, bot: BoltBot) -> None:
    """Adding and removing are two events on the same item."""
    ts = await slack.say(PLAZA, ANA, "x")
    await slack.react(ts, BEA, "heart")
    await slack.unreact(ts, BEA, "heart")
    await slack.settled()

    kinds = [event["type"] for event in bot.events]
    assert sorted(kinds) == ["message", "reaction_added", "reaction_removed"]
    added = bot.events[kinds.index("reaction_added")]
    assert added["item"] == {"type": "message", "channel": PLAZA, "ts": ts}
    assert (added["user"], added["item_user"], added["reaction"]) == (BEA, ANA, "heart")


async def test_people_are_held_to_the_rules_too(slack: SlackStandin) -> None:
    """Who is not there cannot speak; strangers have no commands; nobody writes in an archive."""
    slack.workspace.add_user("U0FAR", "far", stranger=True)
    with pytest.raises(Refusal, match="not_in_channel"):
        await slack.say(PLAZA, "U0FAR", "hola")
    await slack.join(PLAZA, "U0FAR")
    with pytest.raises(Refusal, match="user_is_external"):
        await slack.slash("U0FAR", PLAZA, "/eco", "hola")
    await slack.archive(PLAZA, ANA)
    with pytest.raises(Refusal, match="is_archived"):
        await slack.say(PLAZA, ANA, "hola")


async def test_a_stranger_brings_another_team(slack: SlackStandin, bot: BoltBot) -> None:
    """In a shared channel the author's own team is on the message."""
    slack.workspace.add_user("U0FAR", "far", stranger=True)
    slack.workspace.add_channel("C0SHARED", "shared", ["U0FAR", slack.app.bot_user_id])
    await slack.say("C0SHARED", "U0FAR", "hola")
    await slack.settled()

    assert [(event["team"], event["user_team"]) for event in bot.events] == [("T0ELSEWHERE", "T0ELSEWHERE")]
    info = await web_client(slack).conversations_info(channel="C0SHARED")
    assert info["channel"]["is_ext_shared"] is True


async def test_a_slash_command_is_acked_and_responds(slack: SlackStandin, bot: BoltBot) -> None:
    """The ack is for the user's eyes, the `in_channel` response a message of the bot."""
    echo = await slack.slash(ANA, PLAZA, "/eco", "hola")
    await slack.settled()

    assert (echo.acked, echo.payload) == (True, {"text": "hola"})
    assert [(one["user"], one["text"]) for one in slack.record.ephemerals] == [(ANA, "hola")]
    assert [post.text for post in slack.record.posts] == ["hola"]


async def test_a_response_url_works_five_times(slack: SlackStandin, bot: BoltBot) -> None:
    """The sixth use is refused."""
    statuses: list[int] = []

    @bot.app.command("/mucho")
    async def often(ack: AsyncAck, respond: AsyncRespond) -> None:
        await ack()
        statuses.extend([(await respond(f"{number}")).status_code for number in range(6)])

    interaction = await slack.slash(ANA, PLAZA, "/mucho")

    assert statuses == [200] * 5 + [404]
    assert [post["text"] for post in interaction.posts] == ["0", "1", "2", "3", "4"]


async def test_a_press_must_find_its_button(slack: SlackStandin, bot: BoltBot) -> None:
    """The press carries the button's value and block; an absent button cannot be pressed."""
    pressed: list[dict[str, Any]] = []

    @bot.app.action("vote")
    async def vote(ack: AsyncAck, action: dict[str, Any], body: dict[str, Any], respond: AsyncRespond) -> None:
        await ack()
        pressed.append({**action, "user": body["user"]["id"], "on": body["container"]["message_ts"]})
        await respond("votado", replace_original=True)

    button = {"type": "button", "action_id": "vote", "text": plain("+1"), "value": "q7"}
    blocks = [{"type": "actions", "block_id": "b1", "elements": [button]}]
    ts = (await web_client(slack).chat_postMessage(channel=PLAZA, text="vota", blocks=blocks))["ts"]
    interaction = await slack.press(BEA, ts, "vote")

    assert interaction.acked
    seen = {name: pressed[0][name] for name in ("value", "block_id", "user", "on")}
    assert seen == {"value": "q7", "block_id": "b1", "user": BEA, "on": ts}
    assert slack.workspace.channels[PLAZA].messages[ts]["text"] == "votado"
    with pytest.raises(Refusal, match="element_not_found"):
        await slack.press(BEA, ts, "veto")


async def test_an_unacked_press_is_lost_for_good(slack: SlackStandin, bot: BoltBot) -> None:
    """Nothing but events is delivered twice."""
    button = {"type": "button", "action_id": "nobody", "text": plain("+1")}
    ts = await slack.say(PLAZA, ANA, "x", blocks=[{"type": "actions", "block_id": "b", "elements": [button]}])
    interaction = await slack.press(BEA, ts, "nobody")

    assert interaction.acked is False
    assert [ack.kind for ack in slack.record.acked if ack.kind == "interactive"] == []


async def test_a_modal_is_opened_filled_and_corrected(slack: SlackStandin, bot: BoltBot) -> None:
    """From message shortcut to submission: errors keep the modal open, the corrected one closes it."""
    shown: list[dict[str, Any]] = []
    sent: list[str] = []

    @bot.app.shortcut("ask")
    async def ask(ack: AsyncAck, shortcut: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        view = modal(callback_id="ask", private_metadata=shortcut["message"]["ts"])
        shown.append((await client.views_open(trigger_id=shortcut["trigger_id"], view=view))["view"])

    @bot.app.view("ask")
    async def submitted(ack: AsyncAck, view: dict[str, Any]) -> None:
        words = view["state"]["values"]["question"]["words"]["value"]
        sent.append(words)
        short = {"question": "¿Solo eso?"}
        await (ack(response_action="errors", errors=short) if len(words) < 5 else ack())

    ts = await slack.say(PLAZA, ANA, "buena pregunta")
    await slack.shortcut(BEA, "ask", ts)
    view_id = shown[0]["id"]
    corrected = await slack.submit_view(BEA, view_id)
    assert corrected.payload == {"response_action": "errors", "errors": {"question": "¿Solo eso?"}}
    assert slack.views.stacks[BEA] == [view_id]
    await slack.submit_view(BEA, view_id, {"question": {"words": "¿Quién manda?"}})

    assert sent == ["¿", "¿Quién manda?"]
    assert shown[0]["private_metadata"] == ts
    assert slack.views.stacks[BEA] == []


async def test_triggers_serve_once_and_not_for_long(slack: SlackStandin) -> None:
    """A second use, a late one and an invented id have three different names."""
    client, views = web_client(slack), slack.views
    trigger = views.trigger(ANA)
    await client.views_open(trigger_id=trigger, view=modal())

    assert await refusal(client.views_open(trigger_id=trigger, view=modal())) == "exchanged_trigger_id"
    assert await refusal(client.views_open(trigger_id="1.2.x", view=modal())) == "invalid_trigger_id"
    async with workspace_with_people(timing=Timing(trigger_seconds=0.0)) as hurried:
        late = hurried.views.trigger(ANA)
        assert await refusal(web_client(hurried).views_open(trigger_id=late, view=modal())) == "expired_trigger_id"


@pytest.mark.parametrize(
    ("view", "code"),
    [
        (modal(title=plain("Un título de más de veinticuatro")), "invalid_arguments"),
        (modal(submit=None), "invalid_arguments"),
        (modal(private_metadata="m" * 3001), "invalid_arguments"),
        (modal(blocks=[{"type": "divider"}] * 101), "invalid_arguments"),
        (modal(blocks=[{"type": "markdown", "text": "x"}]), "invalid_arguments"),
        (modal(type="home"), "invalid_arguments"),
        (modal(callback_id="c" * 250_001), "view_too_large"),
    ],
)
async def test_malformed_modals_are_refused(slack: SlackStandin, view: dict[str, Any], code: str) -> None:
    """A refused modal does not use up its trigger."""
    trigger = slack.views.trigger(ANA)

    assert await refusal(web_client(slack).views_open(trigger_id=trigger, view=view)) == code
    await web_client(slack).views_open(trigger_id=trigger, view=modal())


async def test_views_update_by_hash_and_stack_to_three(slack: SlackStandin) -> None:
    """A stale hash is refused, a fourth modal too."""
    client, views = web_client(slack), slack.views
    first = (await client.views_open(trigger_id=views.trigger(ANA), view=modal()))["view"]
    changed = (await client.views_update(view_id=first["id"], hash=first["hash"], view=modal()))["view"]
    stale = client.views_update(view_id=first["id"], hash=first["hash"], view=modal())

    assert changed["id"] == first["id"]
    assert await refusal(stale) == "hash_conflict"
    for _ in range(2):
        await client.views_push(trigger_id=views.trigger(ANA, first["id"]), view=modal())
    fourth = client.views_push(trigger_id=views.trigger(ANA, first["id"]), view=modal())
    assert await refusal(fourth) == "push_limit_reached"


async def test_home_is_opened_published_and_pressed(slack: SlackStandin, bot: BoltBot) -> None:
    """The tab's opening is an event; what is published there can be pressed."""
    pressed: list[str] = []

    @bot.app.action("more")
    async def more(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        pressed.append(body["container"]["view_id"])

    await slack.open_home(ANA)
    await slack.settled()
    button = {"type": "button", "action_id": "more", "text": plain("Más")}
    home = {"type": "home", "blocks": [{"type": "actions", "elements": [button]}]}
    view = (await web_client(slack).views_publish(user_id=ANA, view=home))["view"]
    await slack.press(ANA, view["id"], "more")

    assert [(event["type"], event["tab"]) for event in bot.events] == [("app_home_opened", "home")]
    assert pressed == [view["id"]]
    assert slack.record.homes[ANA]["id"] == view["id"]


async def test_news_of_people_and_rooms_arrive(slack: SlackStandin, bot: BoltBot) -> None:
    """A changed name, a renamed and an archived channel are events; so is a direct message."""
    await slack.change_user(ANA, display_name="Ana María")
    await slack.rename_channel(PLAZA, "agora")
    await slack.dm(BEA, "en privado")
    await slack.archive(PLAZA, ANA)
    await slack.settled()

    events = {event["type"]: event for event in bot.events}
    assert sorted(events) == ["channel_archive", "channel_rename", "message", "user_change"]
    assert events["user_change"]["user"]["profile"]["display_name"] == "Ana María"
    assert events["channel_rename"]["channel"]["name"] == "agora"
    assert (events["message"]["channel_type"], events["message"]["channel"]) == ("im", "D0BEA")
