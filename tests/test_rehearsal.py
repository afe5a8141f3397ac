"""A rehearsal played from beginning to end: a bot of its own, the real Slack adapter, the real room, a transcript."""

import json
import shutil
import sqlite3
from collections import Counter
from pathlib import Path
from typing import Any

from bot.rehearsal import play

from tests.console import Answer, Terminal, tertulia
from tests.test_import import folder

__all__ = ["folder", "tertulia"]

# An hour and its grace in fifteen seconds: no slower than the channel's one post a second lets it be whole. A busy
# machine, which cannot keep up, has more time.
SPEEDS = ("300", "100", "50")


def lines(folder: Path) -> list[dict[str, Any]]:
    """The transcript that the one rehearsal in the folder has left, line by line."""
    (left,) = folder.glob("ensayo-*/transcript.jsonl")
    return [json.loads(line) for line in left.read_text(encoding="utf-8").splitlines()]


def refused(folder: Path) -> list[tuple[str, str]]:
    """(kind, text) of what the bot decided to say and no place would take."""
    (path,) = folder.glob("ensayo-*/tertulia.db")
    with sqlite3.connect(path) as database:
        return database.execute("SELECT kind, text FROM outbox WHERE state = 'failed'").fetchall()


def played(tertulia: Terminal, count: int, speeds: tuple[str, ...] = SPEEDS) -> tuple[Answer, list[dict[str, Any]]]:
    """How the rehearsal ended, and its transcript; played slower where the machine could not keep up."""
    answer, found = tertulia("rehearse", "--speed", speeds[0]), lines(tertulia.folder)
    if len(speeds) == 1 or ("No se pudo decir" not in answer.err and len(found) == 1 + count):
        return answer, found
    for left in tertulia.folder.glob("ensayo-*"):
        shutil.rmtree(left)
    return played(tertulia, count, speeds[1:])


def test_the_script_that_comes_along_is_played_whole(tertulia: Terminal) -> None:
    """Each line is said in its place, in Slack or in the room, and what is told at the end is where it all stands."""
    script = play.shipped()
    kinds = Counter(act.kind for act in script.acts)
    answer, (debate, *said) = played(tertulia, kinds["say"] + kinds["reply"])

    assert (answer.code, [line for line in answer.err.splitlines() if "No se pudo decir" in line]) == (0, [])
    assert answer.out.startswith("La transcripción del ensayo: ")
    assert Path(answer.out.partition(": ")[2].strip()).name == "transcript.html"
    assert (len(debate["questions"]), debate["phase"], refused(tertulia.folder)) == (5, "closed", [])
    assert len(said) == kinds["say"] + kinds["reply"]
    assert sum(one["deleted"] for one in said) == kinds["delete"]
    assert {one["platform"] for one in said} == {"slack", "room"}
    assert {one["author"]["name"] for one in said if not one["deleted"]} <= {voice.name for voice in script.voices}


def test_an_exports_conversation_is_played_with_somebody_to_be_warned(tertulia: Terminal, folder: Path) -> None:
    """Nobody among an export's people moderates, and yet what moderators alone are told arrives."""
    answer = tertulia("rehearse", "--speed", "900", "--from", str(folder))

    debate, *said = lines(tertulia.folder)
    assert (answer.code, debate["title"], refused(tertulia.folder)) == (0, "#cx", [])
    assert sorted(one["text"] for one in said) == [
        "De quien manda", "R1 tarde, pero llego", "Un puesto, @Ana", "¿Qué es un CXO?", "¿Y de quién depende?",
    ]  # fmt: skip
