"""The Slack stand-in answers the official Web API client as Slack does, and refuses what Slack refuses."""

from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from handlers.slack.standin.server import SlackStandin
from handlers.slack.standin.shapes import InstalledApp

from tests.standin_bot import ANA, BEA, PLAZA, client, refusal, slack, web_client, workspace_with_people

__all__ = ["client", "slack"]


async def texts(client: AsyncWebClient, **arguments: Any) -> list[str]:
    """The texts of #plaza's history as read with these arguments."""
    return [message["text"] for message in (await client.conversations_history(channel=PLAZA, **arguments))["messages"]]


def section(text: str) -> dict[str, Any]:
    """A section block with this mrkdwn text."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


async def test_auth_test_names_the_bot_and_its_scopes(slack: SlackStandin, client: AsyncWebClient) -> None:
    """`doctor` can compare the granted scopes from the response header."""
    answer = await client.auth_test()

    assert (answer["user_id"], answer["bot_id"], answer["team_id"]) == ("U0STANDIN", "B0STANDIN", "T0STANDIN")
    assert answer.headers["x-oauth-scopes"] == ",".join(slack.app.scopes)


async def test_tokens_are_told_apart(slack: SlackStandin) -> None:
    """No token, a wrong one, one of the other kind and a revoked one each get Slack's own word."""
    assert await refusal(AsyncWebClient(base_url=slack.url).auth_test()) == "not_authed"
    assert await refusal(web_client(slack, "xoxb-other").auth_test()) == "invalid_auth"
    assert await refusal(web_client(slack, slack.app.app_token).auth_test()) == "not_allowed_token_type"
    wrong = web_client(slack).apps_connections_open(app_token=slack.app.bot_token)
    assert await refusal(wrong) == "not_allowed_token_type"
    slack.faults.revoke_token("account_inactive")
    assert await refusal(web_client(slack).auth_test()) == "account_inactive"


async def test_missing_scope_names_what_is_needed(client: AsyncWebClient) -> None:
    """The refusal carries `needed` and `provided`, by kind of channel where it matters."""
    async with workspace_with_people(InstalledApp(scopes=("chat:write", "channels:history"))) as poor:
        poor.workspace.add_channel("G0SECRET", "secret", [poor.app.bot_user_id], private=True)
        with pytest.raises(SlackApiError) as refused:
            await web_client(poor).conversations_history(channel="G0SECRET")

        body = refused.value.response.data
    expected = {"ok": False, "error": "missing_scope", "needed": "groups:history"}
    assert body == expected | {"provided": "chat:write,channels:history"}


async def test_unknown_method_is_refused(client: AsyncWebClient) -> None:
    """A method that Slack does not have, and one that the stand-in does not serve, fail alike."""
    assert await refusal(client.api_call("chat.sing")) == "unknown_method"


async def test_channels_that_cannot_be_written(slack: SlackStandin, client: AsyncWebClient) -> None:
    """Unknown, foreign, archived and private channels each refuse in their own way."""
    slack.workspace.add_channel("C0FAR", "far", [ANA])
    slack.workspace.add_channel("G0SHUT", "shut", [ANA], private=True)
    slack.workspace.add_channel("C0OLD", "old", [slack.app.bot_user_id]).archived = True

    assert await refusal(client.chat_postMessage(channel="C0NOWHERE", text="x")) == "channel_not_found"
    assert await refusal(client.chat_postMessage(channel="C0FAR", text="x")) == "not_in_channel"
    assert await refusal(client.chat_postMessage(channel="G0SHUT", text="x")) == "channel_not_found"
    assert await refusal(client.chat_postMessage(channel="C0OLD", text="x")) == "is_archived"
    assert await refusal(client.conversations_history(channel="C0FAR")) == "not_in_channel"


async def test_posting_stores_what_slack_would_store(slack: SlackStandin, client: AsyncWebClient) -> None:
    """Text is escaped, bare links are wrapped, and the record keeps the outbox key and the place."""
    metadata = {"event_type": "debate_post", "event_payload": {"key": "d1:q1"}}
    answer = await client.chat_postMessage(channel="#plaza", text="a < b & https://x.es", metadata=metadata)

    assert answer["message"]["text"] == "a &lt; b &amp; <https://x.es>"
    assert answer["message"]["metadata"] == metadata
    kept = slack.record.posts[0]
    assert (kept.channel, kept.ts, kept.key, kept.thread_ts) == (PLAZA, answer["ts"], "d1:q1", "")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({}, "no_text"),
        ({"text": "x", "thread_ts": "yesterday"}, "invalid_thread_ts"),
        ({"text": "x", "thread_ts": "1.000000"}, "thread_not_found"),
        ({"text": "x", "markdown_text": "y"}, "markdown_text_conflict"),
        ({"markdown_text": "y" * 12_001}, "msg_too_long"),
        ({"text": "x", "blocks": "{"}, "invalid_blocks_format"),
        ({"text": "x", "blocks": [section("y")] * 51}, "invalid_blocks"),
        ({"text": "x", "blocks": [section("y" * 3001)]}, "invalid_blocks"),
        ({"text": "x", "blocks": [section("")]}, "invalid_blocks"),
        ({"text": "x", "blocks": [{"type": "confetti"}]}, "invalid_blocks"),
        ({"text": "x", "blocks": [{**section("y"), "block_id": "b" * 256}]}, "invalid_blocks"),
        ({"text": "x", "blocks": [{"type": "actions", "elements": []}]}, "invalid_blocks"),
        ({"text": "x", "blocks": [{"type": "header", "text": {"type": "mrkdwn", "text": "y"}}]}, "invalid_blocks"),
        ({"text": "x", "metadata": {"event_type": "a.b", "event_payload": {}}}, "invalid_metadata_format"),
        ({"text": "x", "metadata": {"event_type": "a"}}, "invalid_metadata_format"),
        ({"text": "x", "metadata": {"event_type": "a", "event_payload": {"k": {"l": {}}}}}, "invalid_metadata_format"),
        ({"text": "x", "metadata": {"event_type": "a", "event_payload": {"k": "v" * 9000}}}, "metadata_too_large"),
    ],
)
async def test_malformed_posts_are_refused(
    slack: SlackStandin, client: AsyncWebClient, arguments: dict[str, Any], code: str
) -> None:
    """Nothing of a malformed post is kept."""
    call = client.api_call("chat.postMessage", json={"channel": PLAZA, **arguments})

    assert await refusal(call) == code
    assert slack.record.posts == []


async def test_block_limits_are_named_by_pointer(client: AsyncWebClient) -> None:
    """A refused post says where: a button label of 76, a value of 2,001, an action id of 256, an action id twice."""
    label = {"type": "plain_text", "text": "y" * 76}
    button = {"type": "button", "text": label, "value": "v" * 2001, "action_id": "a" * 256}
    blocks = [{"type": "actions", "elements": [button, button]}]
    with pytest.raises(SlackApiError) as refused:
        await client.chat_postMessage(channel=PLAZA, text="x", blocks=blocks)

    one = [
        "/action_id: must be less than 256 characters",
        "/text/text: must be less than 76 characters",
        "/value: must be less than 2001 characters",
    ]
    everything = ["/blocks/0/elements: action_id must be unique in its block"]
    everything += [f"/blocks/0/elements/{number}{fault}" for number in (0, 1) for fault in one]
    assert refused.value.response["errors"] == everything


async def test_long_text_is_cut_on_post_and_refused_on_update(slack: SlackStandin, client: AsyncWebClient) -> None:
    """A post is truncated at 40,000 characters; an update takes 4,000 and no more."""
    answer = await client.chat_postMessage(channel=PLAZA, text="y" * 40_001)

    assert len(answer["message"]["text"]) == 40_000
    assert answer["response_metadata"] == {"warnings": ["message_truncated"]}
    assert await refusal(client.chat_update(channel=PLAZA, ts=answer["ts"], text="y" * 4_001)) == "msg_too_long"


async def test_metadata_comes_back_only_when_all_of_it_is_asked_for(client: AsyncWebClient) -> None:
    """A plain read shows the event type alone."""
    metadata = {"event_type": "debate_post", "event_payload": {"key": "k1"}}
    await client.chat_postMessage(channel=PLAZA, text="x", metadata=metadata)

    plain = (await client.conversations_history(channel=PLAZA))["messages"][0]
    whole = (await client.conversations_history(channel=PLAZA, include_all_metadata=True))["messages"][0]
    assert plain["metadata"] == {"event_type": "debate_post"}
    assert whole["metadata"] == metadata


async def test_update_keeps_metadata_unless_emptied(slack: SlackStandin, client: AsyncWebClient) -> None:
    """`{}` removes it; text without blocks drops the blocks; somebody else's message cannot be changed."""
    metadata = {"event_type": "debate_post", "event_payload": {"key": "k1"}}
    post = await client.chat_postMessage(channel=PLAZA, text="x", blocks=[section("y")], metadata=metadata)

    kept = (await client.chat_update(channel=PLAZA, ts=post["ts"], text="z"))["message"]
    assert (kept["metadata"], kept["blocks"][0]["type"]) == (metadata, "rich_text")
    emptied = (await client.chat_update(channel=PLAZA, ts=post["ts"], text="z", metadata={}))["message"]
    assert "metadata" not in emptied
    human = await slack.say(PLAZA, ANA, "mine")
    assert await refusal(client.chat_update(channel=PLAZA, ts=human, text="z")) == "cant_update_message"
    assert await refusal(client.chat_delete(channel=PLAZA, ts=human)) == "cant_delete_message"


async def test_history_pages_newest_first_to_the_end(slack: SlackStandin, client: AsyncWebClient) -> None:
    """Cursors lead through every message once; a made-up cursor is refused."""
    for number in range(7):
        await slack.say(PLAZA, ANA, f"m{number}")
    seen, cursor, sizes = [], "", []
    while True:
        page = await client.conversations_history(channel=PLAZA, limit=3, cursor=cursor)
        seen += [message["text"] for message in page["messages"]]
        sizes.append(len(page["messages"]))
        if not page["has_more"]:
            break
        cursor = page["response_metadata"]["next_cursor"]

    assert seen == ["m6", "m5", "m4", "m3", "m2", "m1", "m0"]
    assert sizes == [3, 3, 1]
    assert await refusal(client.conversations_history(channel=PLAZA, cursor="abc")) == "invalid_cursor"


async def test_history_edges_are_out_unless_inclusive(slack: SlackStandin, client: AsyncWebClient) -> None:
    """`oldest` and `latest` exclude their own message by default; a ts that is no time is refused."""
    first, _, last = [await slack.say(PLAZA, ANA, text) for text in ("uno", "dos", "tres")]

    assert await texts(client, oldest=first, latest=last) == ["dos"]
    assert await texts(client, oldest=first, latest=last, inclusive=True) == ["tres", "dos", "uno"]
    assert await texts(client, latest=last, inclusive=True, limit=1) == ["tres"]
    assert await texts(client, oldest="0") == ["tres", "dos", "uno"]
    assert await refusal(client.conversations_history(channel=PLAZA, oldest="ayer")) == "invalid_ts_oldest"


async def test_replies_start_with_the_root(slack: SlackStandin, client: AsyncWebClient) -> None:
    """The thread is read oldest first, with counts on the root, and stays out of the channel unless broadcast."""
    root = await slack.say(PLAZA, ANA, "pregunta")
    one = await slack.say(PLAZA, BEA, "una", root)
    two = await slack.say(PLAZA, ANA, "dos", one, broadcast=True)

    thread = (await client.conversations_replies(channel=PLAZA, ts=root))["messages"]
    assert [message["ts"] for message in thread] == [root, one, two]
    assert (thread[0]["reply_count"], thread[0]["latest_reply"], thread[0]["reply_users"]) == (2, two, [BEA, ANA])
    assert (thread[2]["thread_ts"], thread[2]["parent_user_id"]) == (root, ANA)
    assert await texts(client) == ["dos", "pregunta"]
    late = await client.conversations_replies(channel=PLAZA, ts=root, oldest=one)
    assert [message["ts"] for message in late["messages"]] == [root, two]
    assert await refusal(client.conversations_replies(channel=PLAZA, ts="1.000000")) == "thread_not_found"


async def test_replies_page_on_without_the_root(slack: SlackStandin, client: AsyncWebClient) -> None:
    """Only the first page has the root; `limit` counts it."""
    root = await slack.say(PLAZA, ANA, "p")
    replies = [await slack.say(PLAZA, BEA, f"r{number}", root) for number in range(3)]

    first = await client.conversations_replies(channel=PLAZA, ts=root, limit=2)
    cursor = first["response_metadata"]["next_cursor"]
    second = await client.conversations_replies(channel=PLAZA, ts=root, limit=2, cursor=cursor)
    assert [message["ts"] for message in first["messages"]] == [root, replies[0]]
    assert [message["ts"] for message in second["messages"]] == replies[1:]
    assert (first["has_more"], second["has_more"]) == (True, False)


async def test_distributed_apps_get_fifteen_rows(client: AsyncWebClient) -> None:
    """An app that Slack caps sees exactly 15 rows and `has_more`, whatever it asked for."""
    async with workspace_with_people(InstalledApp(history_cap=15)) as capped:
        for number in range(16):
            await capped.say(PLAZA, ANA, f"m{number}")
        page = await web_client(capped).conversations_history(channel=PLAZA, limit=200)

    assert (len(page["messages"]), page["has_more"]) == (15, True)


async def test_ephemerals_are_in_nobodys_history(slack: SlackStandin, client: AsyncWebClient) -> None:
    """A whisper is recorded, refused for who is not there, and cannot be read back."""
    await client.chat_postEphemeral(channel=PLAZA, user=ANA, text="solo tú")
    slack.workspace.add_user("U0OUT", "out")

    assert [(one["user"], one["text"]) for one in slack.record.ephemerals] == [(ANA, "solo tú")]
    assert await texts(client) == []
    call = client.chat_postEphemeral(channel=PLAZA, user="U0OUT", text="x")
    assert await refusal(call) == "user_not_in_channel"


async def test_permalinks_name_the_thread(slack: SlackStandin, client: AsyncWebClient) -> None:
    """A reply's address carries its root."""
    root = await slack.say(PLAZA, ANA, "p")
    reply = await slack.say(PLAZA, BEA, "r", root)

    link = (await client.chat_getPermalink(channel=PLAZA, message_ts=reply))["permalink"]
    path = f"p{reply.replace('.', '')}?thread_ts={root}&cid={PLAZA}"
    assert link == f"https://standin.slack.com/archives/{PLAZA}/{path}"


async def test_people_and_rooms_can_be_read(slack: SlackStandin, client: AsyncWebClient) -> None:
    """Locale only on demand; strangers reduced; people without a record not found; members by pages."""
    slack.workspace.add_user("U0FAR", "far", stranger=True)
    slack.workspace.add_user("U0GHOST", "ghost", visible=False)

    assert "locale" not in (await client.users_info(user=ANA))["user"]
    assert (await client.users_info(user=ANA, include_locale=True))["user"]["locale"] == "es-ES"
    stranger = (await client.users_info(user="U0FAR", include_locale=True))["user"]
    assert (stranger["is_stranger"], "tz" in stranger, "locale" in stranger) == (True, False, False)
    assert await refusal(client.users_info(user="U0GHOST")) == "user_not_found"
    members = await client.conversations_members(channel=PLAZA, limit=2)
    assert members["members"] == [ANA, BEA]
    rest = await client.conversations_members(channel=PLAZA, cursor=members["response_metadata"]["next_cursor"])
    assert rest["members"] == ["U0STANDIN"]
    assert [one["id"] for one in (await client.users_conversations())["channels"]] == [PLAZA]
    assert (await client.bots_info(bot="B0STANDIN"))["bot"]["user_id"] == "U0STANDIN"
    assert (await client.team_info())["team"]["domain"] == "standin"


async def test_the_bot_can_join_and_open(slack: SlackStandin, client: AsyncWebClient) -> None:
    """After joining a public channel the bot can write there; a direct conversation takes posts by user id too."""
    slack.workspace.add_channel("C0NEW", "new", [ANA])
    await client.conversations_join(channel="C0NEW")
    await client.chat_postMessage(channel="C0NEW", text="hola")
    direct = (await client.conversations_open(users=ANA))["channel"]["id"]

    assert (await client.chat_postMessage(channel=ANA, text="psst"))["channel"] == direct
    assert await refusal(client.conversations_open(users="U0NOBODY")) == "user_not_found"


async def test_reactions_and_pins_count_once(slack: SlackStandin, client: AsyncWebClient) -> None:
    """A second equal reaction or pin is refused; a locked thread takes none."""
    ts = await slack.say(PLAZA, ANA, "x")
    await slack.react(ts, BEA, "heart")
    await client.reactions_add(channel=PLAZA, timestamp=ts, name="heart")

    found = (await client.reactions_get(channel=PLAZA, timestamp=ts))["message"]["reactions"]
    assert found == [{"name": "heart", "users": [BEA, "U0STANDIN"], "count": 2}]
    assert await refusal(client.reactions_add(channel=PLAZA, timestamp=ts, name="heart")) == "already_reacted"
    await client.pins_add(channel=PLAZA, timestamp=ts)
    assert await refusal(client.pins_add(channel=PLAZA, timestamp=ts)) == "already_pinned"
    await slack.lock_thread(ts)
    assert await refusal(client.reactions_add(channel=PLAZA, timestamp=ts, name="eyes")) == "thread_locked"
    locked = client.chat_postMessage(channel=PLAZA, text="x", thread_ts=ts)
    assert await refusal(locked) == "restricted_action_thread_locked"


async def test_files_go_up_in_three_steps(slack: SlackStandin, client: AsyncWebClient) -> None:
    """The official upload ends as a file message in the thread, with every byte kept."""
    root = await slack.say(PLAZA, ANA, "acta, por favor")
    answer = await client.files_upload_v2(
        channel=PLAZA, filename="acta.md", content="# Acta", initial_comment="Aquí", thread_ts=root
    )

    file_id = answer["files"][0]["id"]
    assert slack.backend.uploads[file_id].content == b"# Acta"
    last = (await client.conversations_replies(channel=PLAZA, ts=root))["messages"][-1]
    assert (last["subtype"], last["text"], last["files"][0]["name"]) == ("file_share", "Aquí", "acta.md")
    again = client.files_completeUploadExternal(files=[{"id": file_id}])
    assert await refusal(again) == "file_not_found"
