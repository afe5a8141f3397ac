"""Debates as readable scripts (``tests/scripts``) and the transcripts that they must give (``tests/golden``).

Each is played once from Slack, as its Events API would tell it, and once from the room. After a change that was meant:
``TERTULIA_WRITE_GOLDEN=1 pytest tests/test_scripts.py``, and read the difference.
"""

import io
import os
import re
from collections.abc import Callable
from datetime import timedelta
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from bot.actions import people
from bot.exports import formats
from bot.ports import Actor, House
from bot.store import debates, transcripts
from bot.store.engine import Store, Tx
from bot.words.catalogue import words
from handlers.room import spoken
from handlers.slack import mrkdwn
from handlers.slack.ears import Ears

from tests.stories import CHANNEL, Evening, ts

HERE = Path(__file__).parent
TITLES = {
    "es": ("¿Quién es el CXO?", "¿Qué perfil?", "¿De quién depende?", "¿Qué mide?"),
    "en": ("Who is the CXO?", "What profile?", "Reporting to whom?", "Measuring what?"),
}
VERBS = {
    "dice": "says", "corrige": "corrects", "borra": "deletes", "reacciona": "reacts", "modera": "moderates", "a": "to",
}  # fmt: skip
# Ids that are drawn by lot, in the order in which they come: room messages and posts.
BY_LOT = re.compile(r"\b[0-9a-f]{32}\b|(?<=-room-)[0-9a-f]{12}\b")


class Voice:
    """How people of a script speak; remembers the last message of each."""

    def __init__(self, evening: Evening) -> None:
        """Bind to an evening."""
        self.evening = evening
        self.last: dict[str, Any] = {}


class SlackVoice(Voice):
    """Through the payloads of Slack's Events API and the ears that read them."""

    def tell(self, event: dict[str, Any]) -> None:
        """An event arrives, twice, as Slack is wont to."""
        ears = Ears("UBOT", "BBOT", mrkdwn.Names(person={f"U{name.upper()}": name for name in self.last}.get))
        for _ in range(2):
            heard = ears.hear(event)
            assert heard.trouble == ""
            self.evening.hear(*heard.incoming)

    def says(self, who: str, text: str, thread: str | None = None) -> None:
        """A new message, in the channel or in a thread."""
        escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        message = {
            "type": "message", "user": f"U{who.upper()}", "text": re.sub(r"https://\S+", r"<\g<0>>", escaped),
            "ts": ts(self.evening.now), "user_profile": {"display_name": who, "real_name": who},
        }  # fmt: skip
        if thread is not None:
            message["thread_ts"] = thread
        self.last[who] = message
        self.tell({**message, "channel": CHANNEL, "event_ts": message["ts"]})

    def answers(self, who: str, label: str, text: str) -> None:
        """In the thread of a question."""
        self.says(who, text, self.evening.slack.ids[label])

    def replies(self, who: str, whom: str, text: str) -> None:
        """In the thread of somebody's last message; Slack's threads have one level."""
        on = self.last[whom]
        self.says(who, text, on.get("thread_ts", on["ts"]))

    def corrects(self, who: str, text: str) -> None:
        """The last message is edited."""
        before, now = self.last[who], ts(self.evening.now)
        self.last[who] = {**before, "text": text, "edited": {"user": before["user"], "ts": now}}
        self.tell({
            "type": "message", "subtype": "message_changed", "channel": CHANNEL, "ts": now, "event_ts": now,
            "message": self.last[who], "previous_message": before,
        })  # fmt: skip

    def deletes(self, who: str) -> None:
        """The last message is taken back."""
        before, now = self.last[who], ts(self.evening.now)
        self.tell({
            "type": "message", "subtype": "message_deleted", "channel": CHANNEL, "ts": now, "event_ts": now,
            "deleted_ts": before["ts"], "previous_message": before,
        })  # fmt: skip

    def reacts(self, who: str, whom: str, name: str) -> None:
        """A reaction on somebody's last message."""
        on = self.last[whom]
        self.tell({
            "type": "reaction_added", "user": f"U{who.upper()}", "reaction": name, "item_user": on["user"],
            "item": {"type": "message", "channel": CHANNEL, "ts": on["ts"]}, "event_ts": ts(self.evening.now),
        })  # fmt: skip


class RoomVoice(Voice):
    """Through what the room's pages do."""

    def act(self, who: str, action: Callable[[Tx, str, Actor], Any]) -> Any:
        """Who speaks has joined, and does it."""

        def doing(tx: Tx) -> Any:
            actor = self.last.get(f"actor {who}") or people.join(
                tx, who, house=self.evening.house, now=self.evening.now
            )
            self.last[f"actor {who}"] = actor
            return action(tx, debates.get(tx, self.evening.id).slug, actor)

        return self.evening.store.write(doing)

    def says(self, who: str, text: str, toward: spoken.Toward | None = None) -> None:
        """A new message."""
        now, where = self.evening.now, toward or spoken.Toward()
        self.last[who] = self.act(
            who, lambda tx, slug, actor: spoken.say(tx, slug, text, toward=where, actor=actor, now=now)
        )

    def answers(self, who: str, label: str, text: str) -> None:
        """Below a question."""
        self.says(who, text, spoken.Toward(question=int(label[1:])))

    def replies(self, who: str, whom: str, text: str) -> None:
        """Below somebody's last message."""
        self.says(who, text, spoken.Toward(reply=self.last[whom]))

    def corrects(self, who: str, text: str) -> None:
        """The last message is edited."""
        now = self.evening.now
        self.act(who, lambda tx, slug, actor: spoken.edit(tx, slug, self.last[who], text, actor=actor, now=now))

    def deletes(self, who: str) -> None:
        """The last message is taken back."""
        now = self.evening.now
        self.act(who, lambda tx, slug, actor: spoken.delete(tx, slug, self.last[who], actor=actor, now=now))

    def reacts(self, who: str, whom: str, name: str) -> None:
        """A reaction on somebody's last message."""
        now = self.evening.now
        self.act(who, lambda tx, slug, actor: spoken.react(tx, slug, self.last[whom], name, actor=actor, now=now))


def play(script: str, evening: Evening, voice: SlackVoice | RoomVoice) -> None:
    """Every line of the script has happened at its time."""
    for line in script.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        at, who, verb, *rest = line.split(maxsplit=3)
        minutes, seconds = at.split(":")
        evening.until(int(minutes) + int(seconds) / 60)
        said = rest[0] if rest else ""
        match VERBS.get(verb, verb):
            case "says":
                voice.says(who, said)
            case "corrects":
                voice.corrects(who, said)
            case "deletes":
                voice.deletes(who)
            case "to":
                voice.replies(who, *said.split(maxsplit=1))
            case "reacts":
                voice.reacts(who, *said.split())
            case "moderates":
                getattr(evening, said)()
            case label:
                voice.answers(who, label, said)
    evening.until(90)


@pytest.mark.parametrize("voice", [SlackVoice, RoomVoice], ids=["slack", "room"])
@pytest.mark.parametrize("language", ["es", "en"])
def test_script_gives_its_transcript(
    sqlite_store: Store, house: House, language: str, voice: type[SlackVoice | RoomVoice]
) -> None:
    """JSONL and Markdown, byte for byte but for ids drawn by lot; and the same again from the log alone."""
    if language != "es" and not resources.files("bot.words").joinpath(f"{language}.mo").is_file():
        pytest.skip(f"no catalogue of sentences in «{language}» yet")
    title, *questions = TITLES[language]
    source = (
        f'title = "{title}"\nstarts = 2027-01-14T19:00:00\ntimezone = "Europe/Madrid"\nlocale = "{language}"\n'
        f'host = "Elena"\nquestions = {questions!r}\n[where]\nslack = "{CHANNEL}"\n'
    )
    evening = Evening(sqlite_store, house, source)

    play((HERE / "scripts" / f"{language}.txt").read_text(encoding="utf-8"), evening, voice(evening))

    place = "slack" if voice is SlackVoice else "room"
    for name in ("jsonl", "md"):
        assert_golden(f"script-{language}-{place}.{name}", written(sqlite_store, name, language))


def written(store: Store, name: str, language: str) -> str:
    """The first debate's transcript in a format, ids drawn by lot numbered."""
    out = io.BytesIO()
    formats.named(name).write(transcripts.load(store, 1), out, words(language))
    drawn: dict[str, str] = {}
    return BY_LOT.sub(lambda match: drawn.setdefault(match[0], f"id{len(drawn) + 1}"), out.getvalue().decode())


def assert_golden(name: str, found: str) -> None:
    """The text is that of the golden file (and becomes it with ``TERTULIA_WRITE_GOLDEN``)."""
    path = HERE / "golden" / name
    if os.environ.get("TERTULIA_WRITE_GOLDEN"):
        path.write_text(found, encoding="utf-8")
    assert found == path.read_text(encoding="utf-8")


def test_scripts_begin_when_the_debate_does() -> None:
    """Nobody speaks before the opening, and the lines are in order of time."""
    for path in sorted((HERE / "scripts").glob("*.txt")):
        lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
        times = [timedelta(minutes=int(line[:2]), seconds=int(line[3:5])) for line in lines]
        assert times == sorted(times)
