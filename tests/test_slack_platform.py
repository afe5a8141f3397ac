"""Slack as one part of the bot: it starts or says why not, listens either way, and stops in time."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import uvicorn
from slack_bolt.async_app import AsyncAck, AsyncApp
from sqlmodel import select
from starlette.applications import Starlette

from bot import errors
from bot.ports import Said
from bot.store.engine import Store
from bot.tables import Inbox
from bot.writer import Writer
from handlers.slack.desk import Desk
from handlers.slack.ears import Ears
from handlers.slack.mrkdwn import Names
from handlers.slack.platform import Keys, SlackPlatform, Surroundings
from handlers.slack.reception import Reception
from handlers.slack.standin.server import SlackStandin
from handlers.slack.standin.shapes import InstalledApp

from tests.slack_live import HASTY, HOUSE, keys, live, open_debate
from tests.standin_bot import ALL_SCOPES, ANA, BEA, PLAZA, QUICK, slack, workspace_with_people
from tests.waiting import PATIENCE, until

__all__ = ["slack"]


class Guests:
    """Listeners made by hand: what they heard is in `heard`; the next `fails` events break them."""

    kinds: Collection[str] = ("app_home_opened", "message.im")

    def __init__(self) -> None:
        self.heard: list[tuple[str, str]] = []
        self.fails = 0
        self.around: Surroundings | None = None

    def made(self, around: Surroundings) -> "Guests":
        """These listeners, in these surroundings."""
        self.around = around
        return self

    def register(self, app: AsyncApp) -> None:
        """One command is answered."""

        @app.command("/tertulia")
        async def command(ack: AsyncAck) -> None:
            await ack("dicho")

    async def event(self, kind: str, event: Mapping[str, Any], event_id: str) -> None:
        """The event is remembered."""
        if self.fails:
            self.fails -= 1
            raise RuntimeError("the desk is on fire")
        self.heard.append((kind, str(event.get("text") or "")))

    async def drain(self) -> None:
        """Nothing is begun that takes its time."""


def platform_of(store: Store, keys: Keys) -> tuple[SlackPlatform, Writer]:
    """A platform that has not started, and its writer, which runs."""
    writer = Writer(store)
    writer.start()
    return SlackPlatform(keys, store, writer, HOUSE, tempo=HASTY), writer


@pytest.mark.parametrize(
    ("wrong", "token"),
    [({"bot_token": "xoxb-wrong"}, "SLACK_BOT_TOKEN"), ({"app_token": "xapp-wrong"}, "SLACK_APP_TOKEN")],
)
async def test_a_wrong_token_is_named(
    slack: SlackStandin, sqlite_store: Store, wrong: dict[str, str], token: str
) -> None:
    """The start fails at once, and says which setting is wrong."""
    platform, writer = platform_of(sqlite_store, replace(keys(slack), **wrong))
    with pytest.raises(errors.BadToken) as caught:
        await platform.start()
    writer.stop()
    assert caught.value.fields["token"] == token
    assert caught.value.fields["why"] == "invalid_auth"


async def test_tokens_that_were_swapped_are_named(slack: SlackStandin, sqlite_store: Store) -> None:
    """The app's token where the bot's should be."""
    swapped = replace(keys(slack), bot_token=slack.app.app_token, app_token=slack.app.bot_token)
    platform, writer = platform_of(sqlite_store, swapped)
    with pytest.raises(errors.BadToken) as caught:
        await platform.start()
    writer.stop()
    assert caught.value.fields["token"] == "SLACK_BOT_TOKEN"


async def test_a_slack_that_is_away_is_joined_when_it_is_back(sqlite_store: Store) -> None:
    """Nobody's token is wrong because the network is down: the bot starts, and listens as soon as it can."""
    slack = workspace_with_people()
    await slack.start()
    port = int(slack.url.split(":")[2].split("/")[0])
    await slack.stop()
    platform, writer = platform_of(sqlite_store, keys(slack))
    open_debate(sqlite_store)
    await platform.start()
    assert (await platform.health())["ok"] is False
    await slack.start(port)
    try:
        async with asyncio.timeout(PATIENCE):
            while (await platform.health())["connections"] < 2:  # noqa: ASYNC110  (Slack knows of one before we do)
                await asyncio.sleep(0.05)
        assert len(slack.sockets.connections) == 2
    finally:
        await platform.stop()
        writer.stop()
        await slack.stop()


async def test_slack_is_asked_once_who_we_are(slack: SlackStandin, sqlite_store: Store) -> None:
    """No event costs a call: one auth.test at the start, and none after it."""
    async with live(slack, sqlite_store) as bot:
        for number in range(5):
            await slack.say(PLAZA, ANA, f"mensaje {number}")
        await slack.settled()
        assert [call.method for call in slack.record.calls].count("auth.test") == 1
        health = await bot.platform.health()
        assert (health["ok"], health["mode"], health["connections"], health["events"]) == (True, "socket", 2, 5)
        assert bot.platform.metrics()["slack_events_total"] == 5
        assert bot.platform.bot is not None
        assert bot.platform.bot.scopes == frozenset(ALL_SCOPES)


async def test_commands_go_on_to_the_listeners(slack: SlackStandin, sqlite_store: Store) -> None:
    """What is no event is Bolt's: the command is answered in its acknowledgement."""
    async with live(slack, sqlite_store, listeners=Guests().made):
        interaction = await slack.slash(ANA, PLAZA, "/tertulia", "ahora")
        assert (interaction.acked, interaction.payload) == (True, {"text": "dicho"})


async def test_listeners_hear_the_events_they_asked_for(slack: SlackStandin, sqlite_store: Store) -> None:
    """Direct messages and the Home tab reach them; what is said in the channel does not, nor what the bot says."""
    guests = Guests()
    async with live(slack, sqlite_store, listeners=guests.made) as bot:
        await slack.dm(ANA, "tengo una pregunta")
        await slack.open_home(BEA)
        await slack.say(PLAZA, ANA, "en el canal")
        await slack.settled()
        assert sorted(guests.heard) == [("app_home_opened", ""), ("message.im", "tengo una pregunta")]
        assert [text for _, text in bot.texts()] == ["en el canal"]


async def test_an_event_whose_listener_failed_comes_again(slack: SlackStandin, sqlite_store: Store) -> None:
    """A direct message is not acknowledged until it was dealt with."""
    guests = Guests()
    guests.fails = 1
    async with live(slack, sqlite_store, listeners=guests.made):
        await slack.dm(ANA, "¿hay alguien?")
        await slack.settled()
        assert guests.heard == [("message.im", "¿hay alguien?")]
        assert [ack.attempt for ack in slack.record.acked] == [1]


async def test_a_refused_method_costs_its_feature_alone(sqlite_store: Store) -> None:
    """Without users:read nobody is named, and everybody is heard."""
    app = InstalledApp(scopes=tuple(scope for scope in ALL_SCOPES if scope != "users:read"))
    async with workspace_with_people(app) as slack, live(slack, sqlite_store) as bot:
        await slack.say(PLAZA, ANA, "gracias <@U0BEA>")
        await slack.settled()
        assert bot.texts() == [("", "gracias @U0BEA")]
        await until(lambda: "names" in bot.platform.features.lost)


async def test_the_stop_is_quick_and_loses_nothing(slack: SlackStandin, sqlite_store: Store) -> None:
    """Everything acknowledged before the stop is in the log after it."""
    async with live(slack, sqlite_store) as bot:
        for number in range(200):
            await slack.say(PLAZA, ANA, f"mensaje {number}")
        await asyncio.sleep(0.05)
        started = asyncio.get_running_loop().time()
        await bot.platform.stop()
        assert asyncio.get_running_loop().time() - started < 3
        acked = len({ack.event_id for ack in slack.record.acked})
        assert len(bot.texts()) >= acked


# --- HTTP ------------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def served(platform: SlackPlatform) -> AsyncIterator[int]:
    """The platform's routes on a free port."""
    config = uvicorn.Config(Starlette(routes=platform.routes), host="127.0.0.1", port=0, log_level="error", ws="none")
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await task


@asynccontextmanager
async def over_http(store: Store, guests: Guests) -> AsyncIterator[tuple[SlackStandin, SlackPlatform]]:
    """A bot that Slack reaches at an address, and the workspace that does so."""
    writer = Writer(store)
    writer.start()
    # The address has to be known before the workspace is made: the routes answer 503 until the start.
    secret = InstalledApp().signing_secret
    waiting = SlackPlatform(Keys("", signing_secret=secret), store, writer, HOUSE, tempo=HASTY, listeners=guests.made)
    async with served(waiting) as port:
        app = InstalledApp(scopes=ALL_SCOPES, request_url=f"http://127.0.0.1:{port}/slack/events")
        async with workspace_with_people(app, QUICK) as slack:
            waiting._keys = Keys(app.bot_token, signing_secret=secret, api_url=slack.url)
            await waiting.start()
            try:
                yield slack, waiting
            finally:
                await waiting.stop()
    writer.stop()


async def test_over_http_committed_means_acknowledged(sqlite_store: Store) -> None:
    """The same ears behind an address: messages, malformed bodies, commands and direct messages."""
    open_debate(sqlite_store)
    guests = Guests()
    async with over_http(sqlite_store, guests) as (slack, platform):
        await slack.say(PLAZA, ANA, "por la web")
        await slack.settled()
        assert await slack.deliver({"type": "event_callback", "event": None, "event_id": "EvNULL"})
        await slack.dm(ANA, "en privado")
        await slack.settled()
        assert guests.heard == [("message.im", "en privado")]
        interaction = await slack.slash(ANA, PLAZA, "/tertulia")
        assert (interaction.acked, interaction.payload.get("text")) == (True, "dicho")
        health = await platform.health()
        assert (health["mode"], health["ok"], health["quarantined"]) == ("http", True, 1)
        with sqlite_store.read() as tx:
            assert tx.conn.exec_driver_sql("SELECT text FROM message").scalars().all() == ["por la web"]


async def test_over_http_a_wrong_signature_is_refused(sqlite_store: Store) -> None:
    """Who does not have the secret is not heard."""
    guests = Guests()
    async with over_http(sqlite_store, guests) as (slack, platform):
        url, body = slack.app.request_url, '{"type":"event_callback","event_id":"EvX","event":{"type":"message"}}'
        headers = {"X-Slack-Signature": "v0=00", "X-Slack-Request-Timestamp": "1", "Content-Type": "application/json"}
        async with aiohttp.ClientSession() as session, session.post(url, data=body, headers=headers) as answer:
            assert answer.status == 401
        assert platform.metrics()["slack_events_total"] == 0


def reception(around: Surroundings) -> Reception:
    """The real listeners."""
    space = around.workspace
    return Reception(Desk(space.writer, space.store, around.house, space.client, around.bot.team_id, space.clock))


async def test_the_buttons_below_a_question_answer_to_who_pressed(slack: SlackStandin, sqlite_store: Store) -> None:
    """«¿Por dónde vamos?» is told to one person alone, «Proponer pregunta» opens a form; the post stays as it is."""
    async with live(slack, sqlite_store, listeners=reception) as bot:
        await bot.ask()
        await until(lambda: bot.outbox()[-1].landed is not None)
        (post,) = slack.record.posts
        pressed = await slack.press(BEA, post.ts, "now")
        await until(lambda: len(slack.record.ephemerals) == 1)
        assert pressed.acked
        assert (slack.record.ephemerals[0]["user"], "P1" in slack.record.ephemerals[0]["text"]) == (BEA, True)
        assert (await slack.press(BEA, post.ts, "ask")).acked
        await until(lambda: any(call.method == "views.open" for call in slack.record.calls))
        assert slack.workspace.channels[PLAZA].messages[post.ts]["text"].startswith("P1 ")


async def test_who_pressed_as_the_bot_stopped_is_still_answered(slack: SlackStandin, sqlite_store: Store) -> None:
    """Acknowledged, it was begun: the stop waits for it, even where Slack takes its time."""
    async with live(slack, sqlite_store, listeners=reception) as bot:
        await bot.ask()
        await until(lambda: bot.outbox()[-1].landed is not None)
        slack.faults.slow("users.info", 0.3)
        assert (await slack.press(BEA, slack.record.posts[0].ts, "now")).acked
        assert slack.record.ephemerals == []
        await bot.platform.stop()
        assert [one["user"] for one in slack.record.ephemerals] == [BEA]


DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "slack"


async def test_no_known_payload_loses_a_row(slack: SlackStandin, sqlite_store: Store) -> None:
    """Whatever Slack may send is acknowledged once it is a row: done, or in the quarantine as it came."""
    if not DATA.exists():
        pytest.skip("Slack's sample payloads are not beside the checkout (../shared/data/slack)")
    bodies = [body for path in sorted(DATA.rglob("*.json")) if isinstance(body := json.loads(path.read_bytes()), dict)]
    now = int(time.time())
    for number, body in enumerate(bodies):
        body["event_id"] = f"Ev{number}"
        if isinstance(event := body.get("event"), dict):
            event.update({"channel": PLAZA, "ts": f"{now}.{number:06}"} if event.get("type") == "message" else {})
    async with live(slack, sqlite_store) as bot:
        hearing = bot.platform.hearing
        assert hearing is not None
        took = await asyncio.gather(*(hearing.put(body, json.dumps(body)) for body in bodies))
        with sqlite_store.read() as tx:
            rows = {row.event_id: row for row in tx.session.exec(select(Inbox)).all()}
        strange = [row for row in rows.values() if row.state == "quarantined"]
        assert (set(took), set(rows), len(bodies) > 800) == ({True}, {body["event_id"] for body in bodies}, True)
        assert [row.event_id for row in strange if row.payload != json.dumps(bodies[int(row.event_id[2:])])] == []
        assert bot.platform.intake.counts.quarantined == len(strange)
        ears = Ears("U9", "B9", Names(str, str))
        said = [one.id for body in bodies for one in ears.hear(body.get("event")).incoming if isinstance(one, Said)]
        tonight = [one for one in said if one.startswith(f"{now}.")]  # not the edit of what was said years before
        assert len(tonight) > 10
        assert sorted(tonight) == [row.platform_id for row in bot.rows()]
