"""What was said while nobody listened, read back from Slack: at the start, at the close, and now and then."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.actions import listen, run
from bot.ports import OPERATOR, Platform
from bot.store import debates
from bot.store.engine import Store, Tx
from handlers.slack.backfill import Rhythm
from handlers.slack.standin.server import SlackStandin
from handlers.slack.standin.shapes import InstalledApp

from tests.slack_live import HASTY, Live, live, open_debate
from tests.standin_bot import ALL_SCOPES, ANA, BEA, PLAZA, slack, workspace_with_people
from tests.waiting import until

__all__ = ["slack"]


def looks(bot: Live) -> int:
    """How many looks have been taken."""
    return bot.platform.backfill.looks if bot.platform.backfill is not None else 0


async def look(bot: Live, *, deep: bool, later: timedelta = timedelta()) -> None:
    """A look has been taken, this much later."""
    backfill = bot.platform.backfill
    assert backfill is not None
    backfill._clock = lambda: datetime.now(UTC) + later
    for held in bot.look(lambda tx: listen.held(tx, Platform.SLACK)):
        assert await backfill.look(held, deep=deep)


async def unheard(slack: SlackStandin) -> None:
    """From now on Slack tells the bot nothing; what it tried to tell is forgotten."""
    slack.delivery.tell = lambda payload: None  # type: ignore[method-assign]  # the silence is the point


async def test_what_was_said_before_the_start_is_in_the_log(slack: SlackStandin, sqlite_store: Store) -> None:
    """A bot that starts late has the channel, the threads, the reactions and the edits of a debate that is on."""
    debate_id = open_debate(sqlite_store)
    root = await slack.say(PLAZA, ANA, "primera")
    await slack.say(PLAZA, BEA, "respuesta", root)
    await slack.react(root, BEA, "clap")
    changed = await slack.say(PLAZA, BEA, "con herrata")
    await slack.edit(changed, "con errata")
    async with live(slack, sqlite_store, debate_id=debate_id) as bot:
        await until(lambda: len(bot.texts()) == 3)
        assert bot.texts() == [("Ana", "primera"), ("Bea", "respuesta"), ("Bea", "con errata")]
        assert [row.thread for row in bot.rows()] == [None, root, None]
        assert bot.reactions() == [("clap", BEA, 1)]
        await until(lambda: [gap.closed_at is not None for gap in bot.gaps()] == [True])


async def test_what_was_said_before_the_debate_stays_out(slack: SlackStandin, sqlite_store: Store) -> None:
    """The channel's earlier life is none of the debate's business."""
    await slack.say(PLAZA, ANA, "hace rato")
    debate_id = open_debate(sqlite_store, opened=datetime.now(UTC) + timedelta(seconds=6))
    async with live(slack, sqlite_store, debate_id=debate_id) as bot:
        await look(bot, deep=True)
        assert bot.rows() == []


async def test_a_deep_look_finds_what_was_deleted_meanwhile(slack: SlackStandin, sqlite_store: Store) -> None:
    """What Slack does not have any more is gone here too; what is young is not taken for deleted."""
    async with live(slack, sqlite_store) as bot:
        kept = await slack.say(PLAZA, ANA, "me quedo")
        gone = await slack.say(PLAZA, ANA, "me borran")
        reply = await slack.say(PLAZA, BEA, "yo también me voy", kept)
        await slack.settled()
        await unheard(slack)
        await slack.delete(gone)
        await slack.delete(reply)
        await look(bot, deep=True)
        assert len(bot.texts()) == 3
        await look(bot, deep=True, later=timedelta(minutes=5))
        assert bot.texts() == [("Ana", "me quedo")]


async def test_a_light_look_finds_new_messages_and_replies(slack: SlackStandin, sqlite_store: Store) -> None:
    """Between two deep looks the last stretch and the threads are read."""
    async with live(slack, sqlite_store) as bot:
        root = await slack.say(PLAZA, ANA, "oída")
        await slack.settled()
        await look(bot, deep=True)
        await unheard(slack)
        await slack.say(PLAZA, BEA, "no oída")
        await slack.say(PLAZA, BEA, "tampoco", root)
        await look(bot, deep=False)
        assert [text for _, text in bot.texts()] == ["oída", "no oída", "tampoco"]


async def test_looking_again_changes_nothing(slack: SlackStandin, sqlite_store: Store) -> None:
    """The same history read three times leaves the debate as it was."""
    async with live(slack, sqlite_store) as bot:
        root = await slack.say(PLAZA, ANA, "una")
        await slack.react(root, BEA, "tada")
        await slack.say(PLAZA, BEA, "dos", root)
        await slack.settled()
        await look(bot, deep=True)
        before = [(row.platform_id, row.rev) for row in bot.rows()]
        await look(bot, deep=True)
        await look(bot, deep=False)
        assert [(row.platform_id, row.rev) for row in bot.rows()] == before
        assert bot.reactions() == [("tada", BEA, 1)]


async def test_a_reaction_that_was_taken_off_unheard_is_off(slack: SlackStandin, sqlite_store: Store) -> None:
    """The history tells all reactions: what it lacks is off."""
    async with live(slack, sqlite_store) as bot:
        ts = await slack.say(PLAZA, ANA, "una")
        await slack.react(ts, BEA, "tada")
        await slack.settled()
        await unheard(slack)
        await slack.unreact(ts, BEA, "tada")
        await look(bot, deep=True, later=timedelta(minutes=1))
        assert bot.reactions() == [("tada", BEA, 0)]


async def test_the_end_of_a_debate_is_looked_at_once_more(slack: SlackStandin, sqlite_store: Store) -> None:
    """What was said in the last minutes and not heard is in the transcript all the same."""
    async with live(slack, sqlite_store) as bot:
        await look(bot, deep=True)
        await unheard(slack)
        await slack.say(PLAZA, ANA, "última palabra")

        def end(tx: Tx) -> None:
            debate = debates.get(tx, bot.debate_id)
            run.close(tx, debate, actor=OPERATOR, now=datetime.now(UTC), house=bot.platform._house)
            debate.phase, debate.grace_until = "closed", datetime.now(UTC)
            tx.session.add(debate)

        await bot.writer.do(end)
        await until(lambda: [text for _, text in bot.texts()] == ["última palabra"])


async def test_an_app_that_slack_caps_is_told_so(slack: SlackStandin, sqlite_store: Store) -> None:
    """Exactly 15 rows with more to come is the mark of an app that Slack takes for a commercial one."""
    app = InstalledApp(scopes=ALL_SCOPES, history_cap=15)
    async with workspace_with_people(app) as capped:
        debate_id = open_debate(sqlite_store)
        for number in range(20):
            await capped.say(PLAZA, ANA, f"mensaje {number}")
        async with live(capped, sqlite_store, debate_id=debate_id) as bot:
            await until(lambda: len(bot.texts()) == 20)
            assert (await bot.platform.health())["history_capped"] is True


async def test_without_the_scope_the_debate_goes_on_and_the_gap_stays(sqlite_store: Store) -> None:
    """History that may not be read costs the backfill alone, warned of once; the gap stays on record."""
    app = InstalledApp(scopes=tuple(one for one in ALL_SCOPES if one != "channels:history"))
    debate_id = open_debate(sqlite_store)
    async with workspace_with_people(app) as slack, live(slack, sqlite_store, debate_id=debate_id) as bot:
        await until(lambda: "backfill" in bot.platform.features.lost)
        assert bot.platform.features.lost["backfill"] == "missing_scope channels:history"
        assert [gap.closed_at for gap in bot.gaps()] == [None]
        await bot.post("sigo hablando")
        await until(lambda: bot.posted() == ["sigo hablando"])


async def test_slack_that_does_not_answer_is_asked_again(slack: SlackStandin, sqlite_store: Store) -> None:
    """A breakdown of the history is no end of it: the look is taken again until it is whole."""
    debate_id = open_debate(sqlite_store)
    await slack.say(PLAZA, ANA, "estoy en la historia")
    slack.faults.http_500("conversations.history", times=3)
    async with live(slack, sqlite_store, debate_id=debate_id) as bot:
        await until(lambda: [text for _, text in bot.texts()] == ["estoy en la historia"])


async def test_live_debates_are_looked_at_now_and_then(slack: SlackStandin, sqlite_store: Store) -> None:
    """Without any reconnection, what was missed is found at the next look."""
    tempo = replace(HASTY, backfill=Rhythm(every=0.2, look=0.05, retry=0.1, between=0.0))
    async with live(slack, sqlite_store, tempo=tempo) as bot:
        await until(lambda: looks(bot) > 0)
        await unheard(slack)
        await slack.say(PLAZA, BEA, "se perdió por el camino")
        await until(lambda: [text for _, text in bot.texts()] == ["se perdió por el camino"])
