"""A script acted out: invented people speak in a local Slack and in the real room, at the pace of the rehearsal.

In Slack they go through the stand-in's sockets and so through the real adapter; in the room through its own forms, as
a browser without scripts would send them.
"""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib import resources
from typing import TYPE_CHECKING

import aiohttp
import structlog

from bot import errors
from bot.actions import ask, plan
from bot.debate import COMING, OVER, Phase
from bot.ports import OPERATOR, Actor, House
from bot.rehearsal.script import Act, Script, Voice, parse
from bot.store import debates
from bot.store.engine import Store, Tx
from bot.writer import Writer

if TYPE_CHECKING:
    from handlers.slack.standin.server import SlackStandin

CHANNEL = "C0ENSAYO"
MODERATOR = "slack:U0MODERA"
# Long enough to open the page before it begins.
STARTS_IN = timedelta(seconds=3)
# The script's audience question with the most votes is approved once this many have voted for it.
VOTES_TO_APPROVE = 3
# A room that says "not so fast" is asked again this often.
TRIES = 30
LOOK_SECONDS = 0.1

Step = Callable[[float], None]
"""Hears how many minutes of the script have passed."""


@dataclass(slots=True)
class Stage:
    """Where a rehearsal is played: a running bot, the address of its room, and a local Slack where there is one."""

    store: Store
    writer: Writer
    house: House
    url: str
    now: Callable[[], datetime]
    slack: "SlackStandin | None" = None


@dataclass(slots=True)
class Played:
    """What became of a rehearsal: what was said, what could not be, and the debate it made."""

    debate_id: int
    slug: str
    acts: int = 0
    refused: list[str] = field(default_factory=list)


def shipped() -> Script:
    """The script that comes with Tertulia: 25 voices, an hour and its grace."""
    return parse(resources.files("bot.rehearsal").joinpath("voices.toml").read_text(encoding="utf-8"))


def populate(slack: "SlackStandin", script: Script) -> None:
    """The local Slack has the script's people, and a channel with them and the bot in it."""
    # An export's people have nobody among them who moderates, and somebody must be there to be warned.
    moderator = MODERATOR.partition(":")[2]
    slack.workspace.add_user(moderator, "modera", display_name="modera", locale="es-ES")
    members = [slack.app.bot_user_id, moderator]
    for voice in script.voices:
        if voice.place == "slack":
            slack.workspace.add_user(slack_id(voice), voice.id.lower(), display_name=voice.name, locale="es-ES")
            members.append(slack_id(voice))
    slack.workspace.add_channel(CHANNEL, "debates", members)


def slack_id(voice: Voice) -> str:
    """The id of a voice in the local Slack."""
    if voice.moderator:
        return MODERATOR.partition(":")[2]
    letters = re.sub(r"[^A-Z0-9]", "", voice.id.upper())
    return letters if re.fullmatch(r"[UW][A-Z0-9]{6,}", letters) else f"U0{letters}"


async def start(stage: Stage, script: Script, *, speed: float) -> Played:
    """The rehearsal's debate is planned, to begin in a moment; where there is no Slack, everybody is in the room."""
    starts = stage.now() + STARTS_IN
    wanted = script.plan(starts=starts, speed=speed, slack=CHANNEL if stage.slack else "")

    def action(tx: Tx) -> tuple[int, str]:
        debate = plan.add(tx, wanted, house=stage.house, actor=OPERATOR, now=stage.now())
        return debates.ident(debate), debate.slug

    debate_id, slug = await stage.writer.do(action)
    return Played(debate_id, slug)


class Play:
    """One performance."""

    def __init__(self, stage: Stage, script: Script, played: Played, *, speed: float, step: Step) -> None:
        """``step`` hears how far it is; nothing is said before ``perform``."""
        self._stage = stage
        self._script = script
        self._played = played
        self._speed = speed
        self._step = step
        self._names: dict[str, str] = {}  # an act's name -> the id of its message, or of its question
        self._room: dict[str, aiohttp.ClientSession] = {}
        self._voices = {voice.id: voice for voice in script.voices}

    async def perform(self) -> None:
        """Everybody has said their lines, and the debate has ended by its own clock."""
        loop = asyncio.get_running_loop()
        try:
            await self._until(lambda phase: phase not in COMING)
            opened = loop.time()
            for act in self._script.acts:
                await asyncio.sleep(max(0.0, opened + act.at * 60 / self._speed - loop.time()))
                self._step(act.at)
                await self._act(act)
            await self._until(lambda phase: phase in OVER)
        finally:
            for session in self._room.values():
                await session.close()

    async def _until(self, wanted: Callable[[Phase], bool]) -> None:
        while not wanted(await asyncio.to_thread(self._phase)):  # noqa: ASYNC110  (it waits for a row)
            await asyncio.sleep(LOOK_SECONDS)

    def _phase(self) -> Phase:
        with self._stage.store.read() as tx:
            return Phase(debates.get(tx, self._played.debate_id).phase)

    async def _act(self, act: Act) -> None:
        voice = self._voices[act.who]
        in_slack = voice.place == "slack" and self._stage.slack is not None
        try:
            done = await (self._in_slack(voice, act) if in_slack else self._in_room(voice, act))
        except (errors.TertuliaError, KeyError, aiohttp.ClientError, RefusedLine) as error:
            # One line that cannot be said must not end the evening; the summary tells of it.
            self._played.refused.append(f"{act.at:g} {act.who} {act.kind}: {error}")
            structlog.get_logger().debug("a line was refused", who=act.who, kind=act.kind, why=str(error))
            return
        self._played.acts += 1
        if act.name:
            self._names[act.name] = done or self._names.get(act.to, "")

    # --- in Slack ----------------------------------------------------------------------------------------------------

    async def _in_slack(self, voice: Voice, act: Act) -> str:
        from handlers.slack.standin.shapes import Refusal

        slack = self._stage.slack
        if slack is None:
            raise KeyError("slack")
        who = slack_id(voice)
        try:
            match act.kind:
                case "say":
                    return await slack.say(CHANNEL, who, act.text)
                case "reply":
                    return await slack.say(CHANNEL, who, act.text, await self._post(act.to))
                case "edit":
                    await slack.edit(self._names[act.to], act.text)
                case "delete":
                    await slack.delete(self._names[act.to])
                case "react":
                    await slack.react(await self._post(act.to), who, act.emoji)
                case "ask":
                    await slack.slash(who, CHANNEL, "/pregunta", act.text)
                    return await self._question(act.text)
                case _:
                    await self._vote(Actor(f"slack:{who}", voice.name), act)
        except Refusal as refusal:
            raise RefusedLine(refusal.code) from refusal
        return ""

    async def _post(self, name: str) -> str:
        """The id of what a line refers to: an earlier line, or the post of a question (``P2``), once it is there."""
        slack = self._stage.slack
        if name in self._names or slack is None:
            return self._names[name]
        for _ in range(TRIES if re.fullmatch(r"P\d+", name) else 0):
            for post in reversed(slack.record.posts):
                if post.text.startswith(f"{name} "):
                    return post.ts
            await asyncio.sleep(LOOK_SECONDS)  # a fast rehearsal outruns the one post a second of a channel
        raise KeyError(name)

    # --- in the room -------------------------------------------------------------------------------------------------

    async def _in_room(self, voice: Voice, act: Act) -> str:
        session = await self._session(voice)
        here = f"/d/{self._played.slug}"
        match act.kind:
            case "say":
                return await self._send(session, f"{here}/say", {"text": act.text})
            case "reply":
                number = re.fullmatch(r"P(\d+)", act.to)
                below = {"question": number[1]} if number else {"reply": self._names[act.to]}
                return await self._send(session, f"{here}/say", {"text": act.text, **below})
            case "edit":
                await self._send(session, f"{here}/m/{self._names[act.to]}/edit", {"text": act.text})
            case "delete":
                await self._send(session, f"{here}/m/{self._names[act.to]}/delete", {})
            case "react":
                await self._send(session, f"{here}/m/{self._names[act.to]}/react", {"name": act.emoji})
            case "ask":
                await self._send(session, f"{here}/ask", {"text": act.text})
                return await self._question(act.text)
            case _:
                await self._send(session, f"{here}/q/{self._names[act.to]}/vote", {})
        return ""

    async def _session(self, voice: Voice) -> aiohttp.ClientSession:
        """The voice's browser, in the room under their name (with a number where somebody has it already)."""
        found = self._room.get(voice.id)
        if found is not None:
            return found
        session = aiohttp.ClientSession(self._stage.url, cookie_jar=aiohttp.CookieJar(unsafe=True))
        for number in range(1, TRIES):
            name = voice.name if number == 1 else f"{voice.name} {number}"
            with_name = {"name": name}
            async with session.post(f"/d/{self._played.slug}/join", data=with_name, allow_redirects=False) as answer:
                if answer.status == 303:
                    self._room[voice.id] = session
                    return session
        await session.close()
        raise RefusedLine("join")

    async def _send(self, session: aiohttp.ClientSession, path: str, form: dict[str, str]) -> str:
        """The form was taken; returns the id of the message it made, where it made one."""
        status, where = 0, ""
        for _ in range(TRIES):
            async with session.post(path, data=form, allow_redirects=False) as answer:
                status = answer.status
                if status != 429:
                    where = answer.headers.get("location", "")
                    break
                await asyncio.sleep(float(answer.headers.get("retry-after", "1")))
        if status != 303:
            raise RefusedLine(f"HTTP {status}")
        made = re.search(r"#m(\d+)$", where)
        return made[1] if made else ""

    # --- questions from the audience ---------------------------------------------------------------------------------

    async def _question(self, text: str) -> str:
        """The id of a question that was just proposed."""
        tidy = " ".join(text.split())

        def find(tx: Tx) -> str:
            found = [one.id for one in debates.questions(tx, self._played.debate_id) if one.text == tidy]
            return str(found[-1]) if found else ""

        for _ in range(TRIES):
            ident = await self._stage.writer.do(find)
            if ident:
                return ident
            await asyncio.sleep(0.1)
        raise RefusedLine("ask")

    async def _vote(self, voter: Actor, act: Act) -> None:
        ident = int(self._names[act.to])
        now = self._stage.now()

        def action(tx: Tx) -> None:
            question, votes, _given = ask.vote(tx, ident, voter=voter)
            if votes == VOTES_TO_APPROVE and question.state == "pending":
                ask.approve(tx, ident, actor=Actor(MODERATOR, "", moderator=True), now=now)

        await self._stage.writer.do(action)


class RefusedLine(Exception):
    """A line that the place would not take; its text is the place's reason."""
