"""Slack heard over Socket Mode: committed means acknowledged, whatever becomes of the connections."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from bot.store.engine import Store
from handlers.slack.socket import Pace
from handlers.slack.standin.server import SlackStandin
from handlers.slack.standin.shapes import Timing

from tests.slack_live import HASTY, Live, live
from tests.standin_bot import ANA, BEA, PLAZA, workspace_with_people
from tests.waiting import until


@pytest.fixture
async def slack() -> AsyncIterator[SlackStandin]:
    """A workspace with Ana, Bea and the bot in #plaza, patient enough for a busy machine."""
    timing = Timing(ack_seconds=1.0, retry_delays=(0.01, 0.02, 0.03))
    async with workspace_with_people(timing=timing) as workspace:
        yield workspace


@pytest.fixture
async def bot(slack: SlackStandin, sqlite_store: Store) -> AsyncIterator[Live]:
    """A bot that listens on two connections, with a debate open in #plaza."""
    async with live(slack, sqlite_store) as running:
        yield running


async def test_a_message_is_in_the_log_by_the_time_it_is_acknowledged(bot: Live) -> None:
    """What was acknowledged is committed, with the author's name as it was."""
    await bot.slack.say(PLAZA, ANA, "Hola a todas")
    await bot.slack.settled()
    assert bot.texts() == [("Ana", "Hola a todas")]
    assert [ack.attempt for ack in bot.slack.record.acked] == [0]


async def test_two_connections_are_open_and_share_the_events(bot: Live) -> None:
    """Both connections carry events, and each is acknowledged on its own."""
    for number in range(6):
        await bot.slack.say(PLAZA, ANA, f"mensaje {number}")
    await bot.slack.settled()
    assert len(bot.slack.sockets.connections) == 2
    assert [text for _, text in bot.texts()] == [f"mensaje {number}" for number in range(6)]
    assert bot.slack.sockets.late_acks == []


async def test_a_delivery_that_comes_twice_is_one_message(bot: Live) -> None:
    """The same event in two envelopes is acknowledged twice and logged once."""
    bot.slack.faults.duplicate_events(3)
    for number in range(3):
        await bot.slack.say(PLAZA, ANA, f"mensaje {number}")
    await bot.slack.settled()
    assert [text for _, text in bot.texts()] == ["mensaje 0", "mensaje 1", "mensaje 2"]
    assert len(bot.slack.record.acked) == 6


async def test_events_out_of_order_end_in_the_same_log(bot: Live) -> None:
    """The edit before its message, the reaction before its message: one correct final state."""
    bot.slack.faults.reorder_events(4)
    ts = await bot.slack.say(PLAZA, ANA, "primera versión")
    await bot.slack.edit(ts, "segunda versión")
    await bot.slack.react(ts, BEA, "tada")
    await bot.slack.say(PLAZA, BEA, "después")
    await bot.slack.settled()
    assert bot.texts() == [("Ana", "segunda versión"), ("Bea", "después")]
    assert bot.reactions() == [("tada", BEA, 1)]


async def test_a_deletion_leaves_the_place_and_no_word(bot: Live) -> None:
    """A message that was deleted has a row without text or name."""
    ts = await bot.slack.say(PLAZA, ANA, "me arrepentiré")
    await bot.slack.settled()
    await bot.slack.delete(ts)
    await bot.slack.settled()
    (row,) = bot.rows()
    assert (row.platform_id, row.text, row.author, row.deleted_at is not None) == (ts, "", "", True)


async def test_the_preview_of_a_link_is_no_edit(bot: Live) -> None:
    """A message that got a preview has no time of editing."""
    ts = await bot.slack.say(PLAZA, ANA, "mirad https://example.org/cx")
    await bot.slack.settled()
    await bot.slack.unfurl(ts, "https://example.org/cx")
    await bot.slack.settled()
    (row,) = bot.rows()
    assert (row.text, row.edited_at) == ("mirad https://example.org/cx", None)


async def test_a_root_that_was_deleted_with_its_replies_standing_is_deleted(bot: Live) -> None:
    """The tombstone that Slack leaves is a deletion of the root; the reply stays."""
    root = await bot.slack.say(PLAZA, ANA, "pregunta suelta")
    await bot.slack.say(PLAZA, BEA, "respuesta", root)
    await bot.slack.settled()
    await bot.slack.delete(root)
    await bot.slack.settled()
    assert [(row.text, row.deleted_at is not None) for row in bot.rows()] == [("", True), ("respuesta", False)]


async def test_a_reply_also_sent_to_the_channel_is_said_once(bot: Live) -> None:
    """A broadcast reply is one message, in its thread."""
    root = await bot.slack.say(PLAZA, ANA, "raíz")
    await bot.slack.say(PLAZA, BEA, "para todos", root, broadcast=True)
    await bot.slack.settled()
    assert [(row.text, row.thread) for row in bot.rows()] == [("raíz", None), ("para todos", root)]


async def test_the_noise_of_joining_is_left_out(bot: Live) -> None:
    """Who comes in says nothing by it."""
    bot.slack.workspace.add_user("U0CARO", "caro")
    await bot.slack.join(PLAZA, "U0CARO")
    await bot.slack.say(PLAZA, "U0CARO", "ya estoy")
    await bot.slack.settled()
    assert [text for _, text in bot.texts()] == ["ya estoy"]


async def test_our_own_posts_are_not_messages_of_the_log(bot: Live) -> None:
    """What the bot says comes back as an event and stays out of the log; so do reactions to it."""
    await bot.ask()
    await until(lambda: len(bot.posted()) == 1)
    await bot.slack.react(bot.slack.record.posts[0].ts, ANA, "eyes")
    await bot.slack.settled()
    assert bot.rows() == []


async def test_an_answer_below_a_question_is_filed_there(bot: Live) -> None:
    """A reply in the thread of P1's post answers question 1."""
    await bot.ask()
    await until(lambda: bot.outbox()[-1].landed is not None)
    await bot.slack.say(PLAZA, ANA, "alguien curioso", bot.slack.record.posts[0].ts)
    await bot.slack.settled()
    assert [(row.text, row.question, row.filed_by) for row in bot.rows()] == [("alguien curioso", 1, "thread")]


async def test_what_the_database_will_not_take_is_not_acknowledged(slack: SlackStandin, sqlite_store: Store) -> None:
    """While another holds the database nothing is acknowledged; Slack sends again and it is logged once."""
    async with live(slack, sqlite_store) as bot:
        fail = {"times": 1}
        original = sqlite_store.writing

        def broken(conn: sa.Connection) -> None:
            # The commit that brings the delivery, whatever else is being written.
            if fail["times"] and conn.exec_driver_sql("SELECT count(*) FROM inbox").scalar():
                fail["times"] -= 1
                raise sa.exc.OperationalError("COMMIT", None, Exception("disk I/O error"))

        sa.event.listen(original().engine, "commit", broken)
        await slack.say(PLAZA, ANA, "¿me oís?")
        await slack.settled()
        assert bot.texts() == [("Ana", "¿me oís?")]
        assert [ack.attempt > 0 for ack in slack.record.acked] == [True]


async def test_malformed_frames_are_kept_and_disturb_nobody(bot: Live) -> None:
    """Broken JSON, a null event and a message without ts go to the quarantine; the next message is heard."""
    await bot.slack.sockets.send_raw("{esto no es json")
    assert await bot.slack.deliver({"type": "event_callback", "event": None, "event_id": "EvNULL"})
    assert await bot.slack.deliver(
        {"type": "event_callback", "event": {"type": "message", "channel": PLAZA}, "event_id": "EvNOTS"}
    )
    await bot.slack.say(PLAZA, ANA, "sigo aquí")
    await bot.slack.settled()
    assert bot.texts() == [("Ana", "sigo aquí")]
    await until(lambda: sum(state == "quarantined" for state, _ in bot.inbox()) == 3)


async def test_too_many_events_an_hour_is_acknowledged_and_makes_us_look_back(bot: Live) -> None:
    """`app_rate_limited` has no event in it; what Slack kept from us is read from the history."""
    looks = bot.platform.backfill.looks if bot.platform.backfill else 0
    assert await bot.slack.deliver({"type": "app_rate_limited", "minute_rate_limited": 1, "team_id": "T0STANDIN"})
    await until(lambda: bot.platform.backfill is not None and bot.platform.backfill.looks > looks)


async def test_every_connection_cut_at_once_loses_nothing(bot: Live) -> None:
    """After a reset of both, what was said meanwhile is in the log, and the gap is closed."""
    await bot.slack.say(PLAZA, ANA, "antes")
    await bot.slack.settled()
    opened = bot.slack.sockets.opened
    assert bot.slack.sockets.abort_all() == 2
    await bot.slack.say(PLAZA, ANA, "durante")
    await until(lambda: bot.slack.sockets.opened == opened + 2)
    await bot.slack.say(PLAZA, ANA, "después")
    await bot.slack.settled()
    await until(lambda: len(bot.texts()) == 3)
    assert [text for _, text in bot.texts()] == ["antes", "durante", "después"]


async def test_a_connection_is_renewed_while_the_other_listens(bot: Live) -> None:
    """Slack asks one connection after the other to go; everything is heard once."""
    connections = list(bot.slack.sockets.connections)
    for number, connection in enumerate(connections):
        await bot.slack.sockets.disconnect("warning", connection=connection)
        for part in range(5):
            await bot.slack.say(PLAZA, ANA, f"{number}-{part}")
            await asyncio.sleep(0.01)
    await bot.slack.settled()
    await until(lambda: len(bot.slack.sockets.connections) == 2)
    assert sorted(text for _, text in bot.texts()) == [f"{n}-{p}" for n in range(2) for p in range(5)]
    assert not set(connections) & set(bot.slack.sockets.connections)


async def test_a_dead_address_is_given_up_for_a_fresh_one(bot: Live) -> None:
    """Where Slack refuses the address it gave, another is asked for, and the bot hears again."""
    issued, opened = bot.slack.sockets.links_issued, bot.slack.sockets.opened
    bot.slack.sockets.refuse_links(408, times=4)
    bot.slack.sockets.abort_all()
    await until(lambda: bot.slack.sockets.opened == opened + 2)
    assert bot.slack.sockets.links_issued > issued + 2
    await bot.slack.say(PLAZA, ANA, "otra vez")
    await bot.slack.settled()
    assert bot.texts() == [("Ana", "otra vez")]


async def test_a_connection_without_a_hello_is_none(bot: Live) -> None:
    """What opens and answers pings but is never greeted is given up, and the bot hears by another."""
    bot.slack.sockets.mute(times=2)
    bot.slack.sockets.abort_all()
    await until(lambda: bot.slack.sockets.muted == 2)
    await until(lambda: len(bot.slack.sockets.connections) == 2)
    await bot.slack.say(PLAZA, ANA, "¿se me oye?")
    await bot.slack.settled()
    assert bot.texts() == [("Ana", "¿se me oye?")]


async def test_too_many_connections_are_not_answered_by_a_storm(bot: Live) -> None:
    """Each `too_many_websockets` makes the next attempt wait longer."""
    opened = bot.slack.sockets.opened
    for _ in range(10):
        for connection in list(bot.slack.sockets.connections):
            await bot.slack.sockets.disconnect("too_many_websockets", connection=connection, close=True)
        await asyncio.sleep(0.1)
    assert bot.slack.sockets.opened - opened < 30
    await until(lambda: len(bot.slack.sockets.connections) == 2)


async def test_while_nothing_is_heard_there_is_a_gap_until_it_is_read_back(
    slack: SlackStandin, sqlite_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both connections down long enough is a gap in the log; the look after reconnecting closes it."""
    monkeypatch.setattr("handlers.slack.platform.DEAF", 0.1)
    async with live(slack, sqlite_store) as bot:
        slack.sockets.refuse_links(503, times=12)
        slack.sockets.abort_all()
        await until(lambda: [gap.why for gap in bot.gaps() if gap.closed_at is None] == ["Slack no respondía"])
        await slack.say(PLAZA, BEA, "nadie me oye")
        await until(lambda: all(gap.closed_at is not None for gap in bot.gaps()))
        assert [text for _, text in bot.texts()] == ["nadie me oye"]


async def test_people_without_a_profile_are_heard(bot: Live) -> None:
    """A stranger whom Slack will not show is in the log by id, without a name."""
    bot.slack.workspace.add_user("U0EXT", "ext", stranger=True, visible=False)
    bot.slack.workspace.channels[PLAZA].members["U0EXT"] = None
    await bot.slack.say(PLAZA, "U0EXT", "vengo de fuera")
    await bot.slack.settled()
    assert [text for _, text in bot.texts()] == ["vengo de fuera"]


async def test_who_is_mentioned_is_named_for_ever(bot: Live) -> None:
    """A mention of somebody whom nobody has heard yet is looked up before the message is kept."""
    bot.slack.workspace.add_user("U0DANI", "dani", display_name="Dani")
    await bot.slack.say(PLAZA, ANA, "gracias, <@U0DANI>")
    await bot.slack.settled()
    assert bot.texts() == [("Ana", "gracias, @Dani")]


async def test_an_author_unknown_at_first_gets_a_name_later(bot: Live) -> None:
    """The message is not held up for its author's name; the name comes after it."""
    bot.slack.workspace.add_user("U0EVA", "eva", display_name="Eva")
    bot.slack.workspace.channels[PLAZA].members["U0EVA"] = None
    await bot.slack.say(PLAZA, "U0EVA", "acabo de llegar")
    await bot.slack.settled()
    await until(lambda: bot.texts() == [("Eva", "acabo de llegar")])


async def test_a_new_name_does_not_change_what_was_said_before(bot: Live) -> None:
    """The transcript keeps the name that a person had when they spoke."""
    await bot.slack.say(PLAZA, ANA, "uno")
    await bot.slack.settled()
    await bot.slack.change_user(ANA, display_name="Ana María")
    await bot.slack.settled()
    await bot.slack.say(PLAZA, ANA, "dos")
    await bot.slack.settled()
    assert bot.texts() == [("Ana", "uno"), ("Ana María", "dos")]


async def test_a_burst_is_acknowledged_whole(sqlite_store: Store) -> None:
    """A thousand events at once are all in the log and all acknowledged."""
    # Patient on both sides: on a busy machine Slack would send again for minutes what nobody has lost.
    calm = replace(HASTY, sockets=Pace(stagger=0.02))
    timing = Timing(ack_seconds=60.0)
    async with workspace_with_people(timing=timing) as slack, live(slack, sqlite_store, tempo=calm) as bot:
        now = int(datetime.now(UTC).timestamp())
        payloads = []
        for number in range(1000):
            ts = f"{now}.{number:06d}"
            message = slack.workspace.human_message(ANA, f"R1 mensaje {number}")
            payloads.append(slack.backend.wrapped({**message, "ts": ts, "channel": PLAZA, "event_ts": ts}))
        blast = await slack.blast(payloads)
        assert (blast.acked, blast.lost) == (1000, 0)
        assert len(bot.texts()) == 1000
