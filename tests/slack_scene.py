"""A Slack with people in it, served by the real Bolt app over a socket: ``await scene.types("UMOD", "siguiente")``.

Every verb of a person returns what that person alone was answered. Time is the evening's: nothing waits for a clock.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_sdk.web.async_client import AsyncWebClient
from sqlmodel import col, select

from bot.ports import House
from bot.store import people
from bot.store.engine import Store
from bot.tables import Audit
from bot.writer import Writer
from handlers.slack.app import Bot, build_app
from handlers.slack.desk import Desk
from handlers.slack.mrkdwn import Names
from handlers.slack.reception import Reception
from handlers.slack.standin.server import SlackStandin
from handlers.slack.standin.shapes import InstalledApp, Interaction

from tests.stories import Evening
from tests.waiting import until

CHANNEL, ELSEWHERE, MOD, ANA, EVA, GUEST, BRIT = "C0DEBATE", "C0OTHER", "UMOD", "UANA", "UEVA", "UGUEST", "UBRIT"
_ALL = re.compile(".*")


class Scene:
    """An evening, the people in Slack, and the desk that serves them."""

    def __init__(self, slack: SlackStandin, evening: Evening, reception: Reception) -> None:
        self.slack = slack
        self.evening = evening
        self.reception = reception

    @property
    def desk(self) -> Desk:
        """The desk that serves."""
        return self.reception.desk

    # --- what people do ----------------------------------------------------------------------------------------------

    async def types(self, user: str, text: str, *, command: str = "/tertulia", channel: str = CHANNEL) -> str:
        """The command was typed; what its author alone reads."""
        answer = await self.answer(await self.slack.slash(user, channel, command, text))
        return str(answer["text"])

    async def page(self, user: str, text: str, *, command: str = "/tertulia") -> dict[str, Any]:
        """The command was typed; the private message that answers it, with its buttons."""
        await self.types(user, text, command=command)
        return self.whispers(user)[-1]

    async def presses(
        self, user: str, page: Mapping[str, Any], button: str, value: str | None = None
    ) -> dict[str, Any]:
        """The button of a private message was pressed; the message that is there afterwards."""
        await self.answer(await self.slack.press(user, page["message_ts"], button, value))
        return self.whispers(user)[-1]

    async def modal(self, interaction: Interaction, user: str) -> dict[str, Any]:
        """The modal that this person sees after the interaction, once it is complete."""
        assert interaction.acked
        views = self.slack.backend.views
        await until(lambda: bool(views.stacks.get(user)) and self.top(user)["callback_id"] != "wait")
        return self.top(user)

    def top(self, user: str) -> dict[str, Any]:
        """The modal on top of a person's screen."""
        found: dict[str, Any] = self.slack.backend.views.by_id[self.slack.backend.views.stacks[user][-1]]
        return found

    # --- what the house does -----------------------------------------------------------------------------------------

    def appoint(self, *moderators: str) -> None:
        """Exactly these people moderate."""
        self.evening.store.write(lambda tx: people.appoint(tx, [f"slack:{one}" for one in moderators]))

    def audit(self) -> list[tuple[str, str, str]]:
        """(who, action, detail) of the audit, oldest first."""
        query = select(Audit).order_by(col(Audit.id))
        return [(one.who, one.action, one.detail) for one in self.evening.look(lambda tx: tx.session.exec(query).all())]

    # --- what they see -----------------------------------------------------------------------------------------------

    async def answer(self, interaction: Interaction) -> dict[str, Any]:
        """The first private answer to an interaction."""
        assert interaction.acked
        await until(lambda: bool(interaction.posts))
        return interaction.posts[0]

    def whispers(self, user: str) -> list[dict[str, Any]]:
        """What this person alone was shown, in order."""
        return [one for one in self.slack.record.ephemerals if one["user"] == user]

    async def told(self, user: str, count: int = 1) -> str:
        """The text of what this person alone was shown, once there are so many."""
        await until(lambda: len(self.whispers(user)) >= count)
        return str(self.whispers(user)[-1]["text"])


def buttons(page: Mapping[str, Any]) -> list[str]:
    """The labels of all buttons of a message or view, in order."""
    rows = [block for block in page["blocks"] if block["type"] == "actions"]
    return [element["text"]["text"] for row in rows for element in row["elements"]]


def words_of(page: Mapping[str, Any]) -> list[str]:
    """The texts of all blocks of a message or view, in order."""
    found = []
    for block in page["blocks"]:
        parts = [block["text"]] if "text" in block else block.get("elements", []) if block["type"] == "context" else []
        found += [part["text"] for part in parts]
    return found


@asynccontextmanager
async def slack_scene(store: Store, house: House, *, planned: bool = True) -> AsyncIterator[Scene]:
    """An evening with its debate planned (or an empty house), and everybody in the channel."""
    installed = InstalledApp(commands=("/tertulia", "/pregunta"))
    slack = SlackStandin(installed, strict_rates=False)
    members = {MOD: "Marta", ANA: "Ana", EVA: "Eva"}
    for ident, name in members.items():
        slack.workspace.add_user(ident, name.lower(), display_name=name)
    slack.workspace.add_user(BRIT, "bob", display_name="Bob", locale="en-GB", tz="Europe/London")
    slack.workspace.add_user(GUEST, "gus", stranger=True)
    for channel in (CHANNEL, ELSEWHERE):
        slack.workspace.add_channel(channel, channel.lower(), [*members, BRIT, GUEST, installed.bot_user_id])
    evening = Evening(store, house)
    if not planned:
        store.write(lambda tx: tx.conn.exec_driver_sql("UPDATE debate SET phase = 'cancelled'"))
    writer = Writer(store)
    writer.start()
    async with slack:
        client = AsyncWebClient(token=installed.bot_token, base_url=slack.url, retry_handlers=[])
        names = Names(person=members.get)
        desk = Desk(writer, store, house, client, installed.team_id, lambda: evening.now, names=names)
        reception = Reception(desk)
        bot = Bot(installed.bot_token, installed.bot_user_id, installed.bot_id, installed.team_id)

        app = build_app(bot, AsyncWebClient(base_url=slack.url, retry_handlers=[]), reception)

        @app.event(_ALL)
        async def hear(event: dict[str, Any], body: dict[str, Any]) -> None:
            kind = "message.im" if event.get("channel_type") == "im" else event["type"]
            if kind in reception.kinds:
                await reception.event(kind, event, body["event_id"])

        handler = AsyncSocketModeHandler(app, installed.app_token)
        await handler.connect_async()
        try:
            yield Scene(slack, evening, reception)
        finally:
            await reception.drain()
            await handler.close_async()
            await asyncio.to_thread(writer.stop)
