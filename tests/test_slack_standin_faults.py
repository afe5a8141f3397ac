"""The Slack stand-in limits rates as Slack does, and has the bad days that it is told to have."""

from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from handlers.slack.standin.server import SlackStandin

from tests.standin_bot import ANA, PLAZA, client, slack, web_client, workspace_with_people

__all__ = ["client", "slack"]


async def history(client: AsyncWebClient, **arguments: Any) -> list[dict[str, Any]]:
    """#plaza's messages as read with these arguments."""
    return list((await client.conversations_history(channel=PLAZA, **arguments))["messages"])


async def test_one_message_a_second_and_channel(slack: SlackStandin, client: AsyncWebClient) -> None:
    """The second post within a second gets 429 and `Retry-After`; another channel is not held up."""
    slack.rates.strict = True
    slack.workspace.add_channel("C0TWO", "two", [slack.app.bot_user_id])
    await client.chat_postMessage(channel=PLAZA, text="1")
    with pytest.raises(SlackApiError) as refused:
        await client.chat_postMessage(channel=PLAZA, text="2")

    assert (refused.value.response.status_code, refused.value.response.headers["Retry-After"]) == (429, "1")
    await client.chat_postMessage(channel="C0TWO", text="3")
    assert [post.text for post in slack.record.posts] == ["1", "3"]


async def test_a_tier_lets_its_minute_pass_and_no_more() -> None:
    """Twenty pins a minute are fine, the twenty-first waits three seconds of workspace time."""
    clock = [1_800_000_000.0]
    async with workspace_with_people(now=lambda: clock[0], strict_rates=True) as slack:
        client = web_client(slack)
        for number in range(20):
            await client.pins_add(channel=PLAZA, timestamp=await slack.say(PLAZA, ANA, f"m{number}"))
        ts = await slack.say(PLAZA, ANA, "one more")

        with pytest.raises(SlackApiError) as refused:
            await client.pins_add(channel=PLAZA, timestamp=ts)
        assert (refused.value.response["error"], refused.value.response.headers["Retry-After"]) == ("ratelimited", "3")
        clock[0] += 3.0
        await client.pins_add(channel=PLAZA, timestamp=ts)


async def test_ts_grow_when_the_clock_stands_still() -> None:
    """Two messages never share a ts."""
    async with workspace_with_people(now=lambda: 1_800_000_000.0) as slack:
        said = [await slack.say(PLAZA, ANA, "x") for _ in range(3)]

    assert said == ["1800000000.000000", "1800000000.000001", "1800000000.000002"]


async def test_a_dropped_answer_leaves_the_post_stored(slack: SlackStandin, client: AsyncWebClient) -> None:
    """The client sees a cut connection, history has the post once, and the key finds it."""
    slack.faults.drop_after_store("chat.postMessage")
    metadata = {"event_type": "debate_post", "event_payload": {"key": "k1"}}
    with pytest.raises(aiohttp.ClientError):
        await client.chat_postMessage(channel=PLAZA, text="x", metadata=metadata)

    found = await history(client, include_all_metadata=True)
    assert [message["metadata"]["event_payload"]["key"] for message in found] == ["k1"]
    slack.faults.drop_before_store("chat.postMessage")
    with pytest.raises(aiohttp.ClientError):
        await client.chat_postMessage(channel=PLAZA, text="never")
    assert [message["text"] for message in await history(client)] == ["x"]


async def test_faults_strike_as_often_as_laid_out(slack: SlackStandin, client: AsyncWebClient) -> None:
    """A rate limit, a server error and an error code once each; the fourth call works, and all are on record."""
    slack.faults.rate_limit("chat.postMessage", retry_after=7)
    slack.faults.http_500("chat.postMessage", status=503)
    slack.faults.error("chat.postMessage", "internal_error")
    outcomes = []
    for _ in range(3):
        with pytest.raises(SlackApiError) as refused:
            await client.chat_postMessage(channel=PLAZA, text="x")
        outcomes.append((refused.value.response.status_code, refused.value.response.headers.get("Retry-After")))
    await client.chat_postMessage(channel=PLAZA, text="x")

    assert outcomes == [(503, None), (429, "7"), (200, None)]
    assert [call.outcome for call in slack.record.calls] == ["http", "rate_limit", "internal_error", "ok"]
    assert slack.record.calls[-1].args == {"channel": PLAZA, "text": "x"}
