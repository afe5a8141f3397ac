"""``tertulia rehearse``: a bot of its own, with a database of its own, plays a debate and leaves its transcript."""

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import SecretStr

from bot.app import App
from bot.cli import home
from bot.config import Settings
from bot.exports import formats
from bot.ports import Said
from bot.rehearsal import play
from bot.rehearsal.script import Script, from_conversation
from bot.store import transcripts
from bot.store.engine import Store
from bot.words.catalogue import Words
from handlers.slack import export

# The formats that a rehearsal leaves behind.
LEFT = ("html", "md", "jsonl")


@dataclass(frozen=True, slots=True)
class Watching:
    """Whoever watches: their language, ``tell`` for a line to them, ``step`` for the minutes of the script."""

    say: Words
    tell: Callable[[str], None]
    step: play.Step


def script_of(source: Path | None) -> Script:
    """The script that comes with Tertulia, or one made of the liveliest channel of a Slack export."""
    if source is None:
        return play.shipped()
    found = export.read(source)
    by_channel: dict[str, list[Said]] = {}
    for name in found.names():
        window, left = export.Window(), export.Left()
        by_channel[name] = [one for day in found.said(found.channel(name), window, left) for one in day]
    name = max(by_channel, key=lambda one: len(by_channel[one]))
    return from_conversation(by_channel[name], title=f"#{name}")


def folder_for(now: datetime) -> Path:
    """A new folder's name in the present one: ``ensayo-20270114-190000``."""
    return Path.cwd() / f"ensayo-{now:%Y%m%d-%H%M%S}"


def rehearse(settings: Settings, script: Script, *, speed: float, folder: Path, watching: Watching) -> Path:
    """The rehearsal has been played and its transcript stands in the folder; returns the path of the HTML one."""
    folder.mkdir(parents=True)
    nobody = SecretStr("")
    own = settings.model_copy(
        update={
            "database_url": f"sqlite:///{folder / 'tertulia.db'}", "web_host": "127.0.0.1", "web_port": _free_port(),
            "web_url": "", "moderators": (play.MODERATOR,), "slack_channel": "", "slack_bot_token": nobody,
            "slack_app_token": nobody, "slack_signing_secret": nobody, "x_bearer_token": nobody,
        }
    )  # fmt: skip
    played = home.run(_rehearse(own, script, speed=speed, watching=watching))
    for line in played.refused:
        watching.tell(watching.say("No se pudo decir: {line}", line=line))
    return _leave(own, played, folder, watching.say)


async def _rehearse(settings: Settings, script: Script, *, speed: float, watching: Watching) -> play.Played:
    app = App(settings, tell=watching.tell)
    running = asyncio.create_task(app.run())
    ready = asyncio.create_task(app.ready.wait())
    await asyncio.wait({running, ready}, return_when=asyncio.FIRST_COMPLETED)
    if running.done():
        ready.cancel()
        await running
    try:
        rehearsal = await app.rehearse(script, speed=speed, step=watching.step)
        url = f"{settings.address()}/d/{rehearsal.played.slug}"
        watching.tell(watching.say("El ensayo se ve aquí: {url}", url=url))
        playing = asyncio.create_task(rehearsal.perform())
        await asyncio.wait({playing, running}, return_when=asyncio.FIRST_COMPLETED)
        playing.cancel()  # harmless when it has ended; stopped by hand, what was said until now is kept
        (ended,) = await asyncio.gather(playing, return_exceptions=True)
        if isinstance(ended, Exception):
            raise ended
    finally:
        app.stop()
        await running
    return rehearsal.played


def _leave(settings: Settings, played: play.Played, folder: Path, say: Words) -> Path:
    store = Store(settings.database_url)
    try:
        transcript = transcripts.load(store, played.debate_id)
        for name in LEFT:
            wanted = formats.named(name)
            with (folder / f"transcript.{wanted.extension}").open("wb") as out:
                wanted.write(transcript, out, say)
    finally:
        store.close()
    return folder / "transcript.html"


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
