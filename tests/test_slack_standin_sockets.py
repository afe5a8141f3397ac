"""The stand-in delivers as Slack does: to any connection, again until acknowledged, also over HTTP."""

import asyncio
import json
from dataclasses import replace
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from slack_bolt.async_app import AsyncBoltRequest

from handlers.slack.standin.server import SlackStandin
from handlers.slack.standin.shapes import InstalledApp, Timing
from handlers.slack.standin.webhooks import signature

from tests.standin_bot import (
    ALL_SCOPES,
    ANA,
    BEA,
    PLAZA,
    QUICK,
    bolt_bot,
    listening,
    slack,
    web_client,
    workspace_with_people,
)
from tests.waiting import until

__all__ = ["slack"]


async def link(slack: SlackStandin, session: aiohttp.ClientSession) -> aiohttp.ClientWebSocketResponse:
    """One bare WebSocket to the workspace, past its hello."""
    answer = await web_client(slack).apps_connections_open(app_token=slack.app.app_token)
    socket = await session.ws_connect(answer["url"])
    assert (await socket.receive_json())["type"] == "hello"
    return socket


async def test_events_go_to_any_connection_once(slack: SlackStandin) -> None:
    """Four messages over two connections: each heard once, each acknowledged at its first attempt."""
    async with listening(slack) as bot:
        for number in range(4):
            await slack.say(PLAZA, ANA, f"m{number}")
        await slack.settled()

        assert sorted(bot.texts()) == ["m0", "m1", "m2", "m3"]
        assert [(ack.kind, ack.attempt) for ack in slack.record.acked] == [("events_api", 0)] * 4
        assert bot.retries == [("0", "")] * 4
        assert slack.sockets.opened == 2


async def test_an_event_not_acknowledged_comes_again(slack: SlackStandin) -> None:
    """The bot breaks twice on the same event; the third delivery has its number and reason."""
    async with listening(slack) as bot:
        bot.fails = 2
        await slack.say(PLAZA, ANA, "insisto")
        await slack.settled()

        assert bot.texts() == ["insisto"]
        assert bot.retries == [("2", "timeout")]
        assert [ack.attempt for ack in slack.record.acked] == [2]


async def test_an_event_is_given_up_after_three_retries(slack: SlackStandin) -> None:
    """Four deliveries in vain, and the event is on the list of the lost."""
    async with listening(slack) as bot:
        bot.fails = 4
        await slack.say(PLAZA, ANA, "adiós")
        await slack.settled()

        assert (bot.fails, bot.events, slack.record.acked) == (0, [], [])
        assert [lost["event"]["text"] for lost in slack.record.lost] == ["adiós"]


async def test_an_event_without_any_socket_waits_for_a_retry(slack: SlackStandin) -> None:
    """What happened while nobody listened arrives as a retry."""
    await slack.say(PLAZA, ANA, "¿hay alguien?")
    await asyncio.sleep(0)
    async with listening(slack, 1) as bot:
        await slack.settled()

        assert bot.texts() == ["¿hay alguien?"]
        assert [ack.attempt for ack in slack.record.acked] == [1]


async def test_an_aborted_socket_loses_nothing() -> None:
    """The connections are reset with an event under way; the official client comes back and gets it."""
    patient = replace(QUICK, retry_delays=(0.01, 1.0, 10.0))  # it comes back in its own time
    async with workspace_with_people(timing=patient) as slack, listening(slack, 2, ping_interval=0.1) as bot:
        bot.fails = 1
        await slack.say(PLAZA, ANA, "antes")
        assert slack.sockets.abort_all() == 2
        await until(lambda: len(slack.sockets.connections) == 2)
        await slack.say(PLAZA, ANA, "después")
        await slack.settled()

        assert sorted(bot.texts()) == ["antes", "después"]


async def test_a_warned_client_connects_anew(slack: SlackStandin) -> None:
    """On `disconnect` the official client asks for a new link and goes on hearing."""
    async with listening(slack, 1, ping_interval=0.1) as bot:
        await slack.sockets.disconnect("warning")
        await until(lambda: slack.sockets.opened == 2 and len(slack.sockets.connections) == 1)
        await slack.say(PLAZA, ANA, "sigo")
        await slack.settled()

        assert bot.texts() == ["sigo"]
        assert slack.sockets.links_issued == 2


async def test_a_ghost_connection_swallows_a_delivery(slack: SlackStandin) -> None:
    """What went to a connection that nobody holds comes again, when it was an event."""
    async with listening(slack, 1) as bot:
        slack.sockets.swallow = 1
        await slack.say(PLAZA, ANA, "¿me oyes?")
        await slack.settled()

        assert bot.retries == [("1", "timeout")]


async def test_links_work_once_and_can_be_refused(slack: SlackStandin) -> None:
    """A used ticket gets 408, and so does a fresh one while links are refused."""
    async with aiohttp.ClientSession() as session:
        answer = await web_client(slack).apps_connections_open(app_token=slack.app.app_token)
        async with session.ws_connect(answer["url"]):
            with pytest.raises(aiohttp.WSServerHandshakeError, match="408"):
                await session.ws_connect(answer["url"])
        slack.sockets.refuse_links(503)
        fresh = await web_client(slack).apps_connections_open(app_token=slack.app.app_token)
        with pytest.raises(aiohttp.WSServerHandshakeError, match="503"):
            await session.ws_connect(fresh["url"])
        async with session.ws_connect(fresh["url"]) as socket:
            hello = await socket.receive_json()

    assert (hello["type"], hello["connection_info"]) == ("hello", {"app_id": "A0STANDIN"})
    assert slack.sockets.links_refused == 2


async def test_the_eleventh_connection_is_one_too_many(slack: SlackStandin) -> None:
    """Ten are welcome, the next is told `too_many_websockets` and closed."""
    async with aiohttp.ClientSession() as session:
        sockets = [await link(slack, session) for _ in range(10)]
        answer = await web_client(slack).apps_connections_open(app_token=slack.app.app_token)
        extra = await session.ws_connect(answer["url"])

        assert (await extra.receive_json())["reason"] == "too_many_websockets"
        assert (await extra.receive()).type is aiohttp.WSMsgType.CLOSE
        assert [socket.closed for socket in sockets] == [False] * 10


async def test_pings_can_go_unanswered(slack: SlackStandin) -> None:
    """While the other end is deaf a heartbeat ends the connection."""
    async with aiohttp.ClientSession() as session:
        slack.sockets.answer_pings = False
        answer = await web_client(slack).apps_connections_open(app_token=slack.app.app_token)
        async with session.ws_connect(answer["url"], heartbeat=0.1) as socket:
            assert (await socket.receive_json())["type"] == "hello"
            assert (await socket.receive(5)).type is aiohttp.WSMsgType.ERROR

    assert slack.sockets.pings == 1


async def test_a_late_ack_counts_for_nothing(slack: SlackStandin) -> None:
    """An ack after the deadline is noted as late, and the event is given up all the same."""
    hasty = Timing(ack_seconds=0.05, retry_delays=())
    async with workspace_with_people(timing=hasty) as impatient, aiohttp.ClientSession() as session:
        socket = await link(impatient, session)
        await impatient.say(PLAZA, ANA, "rápido")
        envelope = await socket.receive_json()
        await impatient.settled()
        await socket.send_json({"envelope_id": envelope["envelope_id"]})
        await until(lambda: impatient.sockets.late_acks == [envelope["envelope_id"]])

        assert (len(impatient.record.lost), impatient.record.acked) == (1, [])


async def test_events_can_come_twice_and_out_of_order(slack: SlackStandin) -> None:
    """The next event twice under one event id; then three events, the last one first."""
    async with aiohttp.ClientSession() as session:
        socket = await link(slack, session)
        received: list[dict[str, Any]] = []

        async def read() -> None:
            async for frame in socket:
                received.append(frame.json())
                await socket.send_json({"envelope_id": received[-1]["envelope_id"]})

        reader = asyncio.create_task(read())
        slack.faults.duplicate_events()
        await slack.say(PLAZA, ANA, "doble")
        await slack.settled()
        slack.faults.reorder_events(3)
        for text in ("uno", "dos", "tres"):
            await slack.say(PLAZA, ANA, text)
        await slack.settled()
        reader.cancel()

    texts = [envelope["payload"]["event"]["text"] for envelope in received]
    assert texts == ["doble", "doble", "tres", "dos", "uno"]
    assert received[0]["payload"]["event_id"] == received[1]["payload"]["event_id"]
    assert received[0]["envelope_id"] != received[1]["envelope_id"]


async def test_raw_frames_and_raw_payloads_pass_as_they_are(slack: SlackStandin) -> None:
    """Broken JSON can be sent, and any payload delivered with its ack awaited."""
    async with aiohttp.ClientSession() as session:
        socket = await link(slack, session)
        await slack.sockets.send_raw('{"type": "events_')
        assert (await socket.receive_str()) == '{"type": "events_'
        delivery = asyncio.create_task(slack.deliver({"type": "app_rate_limited", "minute_rate_limited": 1}))
        envelope = await socket.receive_json()
        await socket.send_json({"envelope_id": envelope["envelope_id"]})

        assert await delivery is True
        assert envelope["payload"] == {"type": "app_rate_limited", "minute_rate_limited": 1}


async def test_a_burst_is_paced_and_counted(slack: SlackStandin) -> None:
    """Two hundred events at a thousand a second take a fifth of a second, and every one is acknowledged."""
    event = slack.backend.wrapped({"type": "message", "channel": PLAZA, "user": ANA, "text": "x", "ts": "1.000001"})
    async with listening(slack) as bot:
        blast = await slack.blast(({**event, "event_id": f"Ev{number}"} for number in range(200)), rate=1000)

        assert (blast.sent, blast.acked, blast.lost, len(blast.latencies)) == (200, 200, 0, 200)
        assert blast.seconds >= 0.19
        assert len(bot.events) == 200


async def test_the_app_hears_only_what_it_may(slack: SlackStandin) -> None:
    """Without the scope, the subscription or the membership there is no event."""
    deaf = InstalledApp(scopes=("channels:history",), events=("message.channels", "reaction_added"))
    async with workspace_with_people(deaf) as poor, listening(poor) as bot:
        poor.workspace.add_channel("C0FAR", "far", [ANA])
        await poor.say("C0FAR", ANA, "lejos")
        ts = await poor.say(PLAZA, ANA, "cerca")
        await poor.react(ts, BEA, "heart")
        await poor.dm(ANA, "aparte")
        await poor.settled()

        assert bot.texts() == ["cerca"]


async def test_http_delivery_is_signed_and_retried() -> None:
    """With a request URL the event comes by HTTP: Bolt accepts the signature, the second attempt is numbered."""
    seen: list[tuple[str, str]] = []

    async def receive(request: web.Request) -> web.Response:
        body = await request.read()
        expected = signature("shh", request.headers["X-Slack-Request-Timestamp"], body)
        assert request.headers["X-Slack-Signature"] == expected
        headers = request.headers
        seen.append((headers.get("x-slack-retry-num", ""), headers.get("x-slack-retry-reason", "")))
        if len(seen) == 1:
            return web.Response(status=500)
        answer = await bot.app.async_dispatch(AsyncBoltRequest(body=body.decode(), headers=dict(headers)))
        return web.Response(status=answer.status, text=answer.body, headers=answer.first_headers_without_set_cookie())

    server = web.Application()
    server.router.add_post("/slack/events", receive)
    runner = web.AppRunner(server)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
    app = InstalledApp(signing_secret="shh", request_url=url, scopes=ALL_SCOPES)
    async with workspace_with_people(app, QUICK) as slack:
        bot = bolt_bot(slack)
        await slack.say(PLAZA, ANA, "por HTTP")
        await slack.settled()
        echo = await slack.slash(ANA, PLAZA, "/eco", "eco")
        await slack.settled()
    await runner.cleanup()

    assert seen[:2] == [("", ""), ("1", "http_error")]
    assert bot.retries[0] == ("1", "http_error")
    assert bot.texts() == ["por HTTP", "eco"]
    assert (echo.acked, echo.payload) == (True, {"text": "eco"})
    assert [json.dumps(post["text"]) for post in echo.posts] == ['"eco"']
