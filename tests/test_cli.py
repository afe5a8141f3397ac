"""The command line as a dialogue: what each command prints, what scripts read, and how each refusal ends."""

import json
import os
import re
import resource
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.core import TyperGroup

from bot.cli.language import speaking
from bot.cli.main import build
from bot.store import gaps
from bot.store.engine import Store, Tx
from bot.words.catalogue import words

from tests.console import Answer, Terminal, tertulia

__all__ = ["tertulia"]

DEBATE = """
title = "¿Quién es el CXO?"
starts = 2037-01-14T19:00:00
timezone = "Europe/Madrid"
questions = ["¿Qué perfil necesita?", { text = "¿De quién depende?", answer = "De dirección." }, "¿Qué cambia?"]
[pace]
minutes = 60
[where]
slack = "C0123456"
"""
SLUG = "2037-01-14-quien-es-el-cxo"


def planned(tertulia: Terminal) -> str:
    """A debate in January 2037 has been planned; its id."""
    tertulia.write("debate.toml", DEBATE)
    return tertulia("debate", "add", "debate.toml").out.strip()


def shown(tertulia: Terminal, ident: str = "1") -> Any:
    """What `debate show` says of it."""
    return tertulia("debate", "show", ident, "--json").json


# --- planning --------------------------------------------------------------------------------------------------------


def test_add_prints_the_id_alone(tertulia: Terminal) -> None:
    """What a script needs to go on, and nothing else."""
    tertulia.write("debate.toml", DEBATE)

    assert tertulia("debate", "add", "debate.toml") == Answer(0, "1\n", "")


def test_list_has_the_keys_of_the_contract(tertulia: Terminal) -> None:
    """Every key with its value, in winter time."""
    planned(tertulia)

    assert tertulia("debate", "list", "--json").json == [
        {
            "id": "1", "title": "¿Quién es el CXO?", "phase": "scheduled", "season": None,
            "starts_at": "2037-01-14T18:00:00Z", "timezone": "Europe/Madrid", "local": "2037-01-14T19:00:00+01:00",
            "places": ["room", "slack"],
        }
    ]  # fmt: skip


def test_show_adds_questions_cues_gaps_and_counts(tertulia: Terminal) -> None:
    """By id and by slug alike."""
    planned(tertulia)
    found = shown(tertulia)

    assert shown(tertulia, SLUG) == found
    assert (found["id"], found["slug"], found["gaps"], found["season"]) == ("1", SLUG, [], None)
    assert found["addresses"] == {"room": SLUG, "slack": "C0123456"}
    assert found["questions"][1] == {
        "id": "2", "number": None, "text": "¿De quién depende?", "answer": "De dirección.", "state": "approved",
        "source": "plan", "asked_at": None, "votes": 0, "asker": None, "reason": None, "merged_into": None,
    }  # fmt: skip
    assert next(one for one in found["cues"] if one["key"] == "ask:1") == {
        "key": "ask:1", "due_at": "2037-01-14T18:10:00Z", "state": "planned", "done_at": None, "why": "",
    }  # fmt: skip
    assert found["counts"] == {"messages": 0, "people": 0, "questions": 3, "posts": 0, "waiting": 0, "failed": 0}


def test_show_tells_of_each_gap_whether_what_was_said_in_it_is_there(tertulia: Terminal) -> None:
    """One that lasts, one that ended, one that was fetched."""
    planned(tertulia)
    at = datetime(2037, 1, 14, 18, tzinfo=UTC)

    def missed(tx: Tx) -> None:
        for minute, place in enumerate(("ended", "fetched", "lasts")):
            since = at + timedelta(minutes=minute)
            gaps.open_gap(tx, 1, "x", place, from_at=since, why="red")
            if place != "lasts":
                gaps.end_gap(tx, 1, "x", place, to_at=since + timedelta(seconds=9))
        gaps.close_gaps(tx, 1, "x", "fetched", covered_until=at + timedelta(hours=1))

    store = Store(f"sqlite:///{tertulia.folder / 'tertulia.db'}")
    store.write(missed)
    store.close()

    assert tertulia("debate", "show", "1").out.splitlines()[-3:] == [
        "Hueco en x: 2037-01-14T18:00:00Z – 2037-01-14T18:00:09Z; puede faltar algo",
        "Hueco en x: 2037-01-14T18:01:00Z – 2037-01-14T18:01:09Z; lo dicho se recuperó después",
        "Hueco en x: desde 2037-01-14T18:02:00Z",
    ]


def test_add_reads_standard_input(tertulia: Terminal) -> None:
    """A script may write the file nowhere."""
    answer = outside(tertulia.folder, "debate", "add", "-", stdin=DEBATE)

    assert (answer.code, answer.out) == (0, "1\n")


def test_ready_made_debates_can_be_planned(tertulia: Terminal) -> None:
    """The list's names are those that `--ready` takes."""
    ready = tertulia("debate", "ready", "--json").json
    for day, one in enumerate(ready, start=10):
        answer = tertulia(
            "debate", "add", "--ready", one["name"], "--starts", f"2037-01-{day}T19:00", "--timezone", "UTC"
        )
        assert answer.code == 0
    planned_titles = {row["title"] for row in tertulia("debate", "list", "--json").json}

    assert planned_titles == {one["title"] for one in ready}
    assert len(ready) == 5


def test_check_tells_good_from_bad_and_stores_nothing(tertulia: Terminal) -> None:
    """Every fault at once, on one line, with line and key."""
    tertulia.write("debate.toml", DEBATE)
    tertulia.write("bad.toml", 'title = ""\nstarts = 2037-01-14T19:00:00\nquestions = []\ncolour = 1\n')

    well = "Está bien: «¿Quién es el CXO?». Preguntas: 3.\n"
    assert tertulia("debate", "check", "debate.toml") == Answer(0, well, "")
    assert tertulia("debate", "check", "debate.toml", "--json").json == {"title": "¿Quién es el CXO?", "questions": 3}
    assert tertulia("debate", "check", "bad.toml").refusal.count("línea") == 3
    assert tertulia("debate", "add", "bad.toml").refusal == tertulia("debate", "check", "bad.toml").refusal
    assert tertulia("debate", "list", "--json").json == []


@pytest.mark.parametrize(
    ("args", "refusal"),
    [
        (("debate", "show", "7"), "No hay ningún debate «7». Míralos con: tertulia debate list"),
        (
            ("debate", "add", "debate.toml"),
            "Se solapa con «¿Quién es el CXO?» (miércoles 14 de enero de 2037, 19:00 (Europe/Madrid))",
        ),
        (
            ("debate", "add", "debate.toml", "--starts", "2020-01-14T19:00"),
            "El comienzo, martes 14 de enero de 2020, 19:00 (Europe/Madrid), ya ha pasado",
        ),
        (("debate", "add", "debate.toml", "--starts", "2037-03-29T02:30"), "Las 02:30 no existen en Europe/Madrid"),
        (
            ("debate", "add", "nada.toml"),
            "El fichero de debate tiene fallos y no se ha guardado nada: no existe el fichero nada.toml",
        ),
        (("debate", "add", "--ready", "nada", "--starts", "2037-01-14T19:00"), "No hay ningún debate ya escrito"),
        (("debate", "hold", "1"), "El debate está"),
        (("debate", "reorder", "1", "99"), "No hay ninguna pregunta «99»"),
        (("question", "approve", "99"), "No hay ninguna pregunta «99»"),
        (("question", "decline", "1", "--reason", " "), "No has escrito nada en el motivo"),
        (("export", "7", "--format", "md", "--out", "-"), "No hay ningún debate «7»"),
        (("export", "1", "--format", "doc", "--out", "-"), "No se puede exportar: no hay formato «doc»"),
        (("person", "alias", "slack:U9", "Ana"), "No conocemos a «slack:U9»"),
        (("person", "forget", "ana", "--yes"), "No conocemos a «ana»"),
    ],
)  # fmt: skip
def test_refusal_is_one_line_and_exit_1(tertulia: Terminal, args: tuple[str, ...], refusal: str) -> None:
    """Nothing on the output, one sentence on the error, and the debate as it was."""
    planned(tertulia)
    before = shown(tertulia)

    assert tertulia(*args).refusal.startswith(refusal)
    assert shown(tertulia) == before


@pytest.mark.parametrize(
    "args",
    [
        ("debate", "add"),
        ("debate", "add", "debate.toml", "--ready", "x"),
        ("debate", "add", "--ready", "quien-es-el-cxo"),
        ("debate", "add", "debate.toml", "--starts", "mañana"),
        ("debate", "add", "debate.toml", "--timezone", "Europe/Madri"),
        ("debate", "extend", "1", "cinco"),
        ("question", "decline", "1"),
        ("import", "slack-export", "x", "--channel", "y", "--from", "ayer"),
        ("seasons",),
        ("debate", "list", "--jason"),
    ],
)
def test_usage_is_exit_2(tertulia: Terminal, args: tuple[str, ...]) -> None:
    """What cannot be understood is not a refusal."""
    answer = tertulia(*args)

    assert (answer.code, answer.out, "Error: " in answer.err) == (2, "", True)


# --- the hour --------------------------------------------------------------------------------------------------------


def test_hour_is_held_by_hand(tertulia: Terminal) -> None:
    """Open, ask, hold, resume, extend, skip, close: each verb leaves its phase."""
    planned(tertulia)
    phases = []
    for verb in ("open", "hold", "resume"):
        assert tertulia("debate", verb, SLUG).code == 0
        phases.append(shown(tertulia)["phase"])
    first = tertulia("debate", "next", "1")
    ends = shown(tertulia)["ends_at"]
    tertulia("debate", "extend", "1", "5")
    skipped = tertulia("debate", "skip", "1")
    tertulia("debate", "close", "1")

    found = shown(tertulia)
    assert phases == ["open", "held", "open"]
    assert (first.out, skipped.out) == ("P1. ¿Qué perfil necesita?\n", "Saltada: ¿De quién depende?\n")
    assert found["ends_at"] > ends
    assert (found["phase"], [one["state"] for one in found["questions"]]) == (
        "grace",
        ["answered", "carried", "carried"],
    )
    assert found["counts"]["posts"] > 0


def test_double_press_is_refused_even_for_really(tertulia: Terminal) -> None:
    """`--yes` is for answers that still pour in, not for a finger that slipped."""
    planned(tertulia)
    tertulia("debate", "open", "1")
    tertulia("debate", "next", "1")

    assert tertulia("debate", "next", "1", "--yes").refusal.startswith("La última pregunta salió hace")


def test_reorder_changes_what_comes_next(tertulia: Terminal) -> None:
    """Those left out stay behind."""
    planned(tertulia)
    tertulia("debate", "reorder", "1", "3", "1")

    assert [one["id"] for one in tertulia("question", "list", "1", "--json").json] == ["3", "1", "2"]


def test_cancelled_debate_keeps_its_place_in_the_list(tertulia: Terminal) -> None:
    """It will not be held, and is not gone."""
    planned(tertulia)
    tertulia("debate", "cancel", "1")

    assert [row["phase"] for row in tertulia("debate", "list", "--json").json] == ["cancelled"]
    assert {one["state"] for one in shown(tertulia)["cues"]} == {"cancelled"}


def test_a_debate_is_reworded_moved_cloned_and_cancelled(tertulia: Terminal) -> None:
    """Before it begins; the clone's id alone is printed, and the reason of a cancellation is kept."""
    planned(tertulia)
    assert tertulia("debate", "edit", "1", "--title", "Otro  título", "--hashtag", "#CX").out == "Cambiado.\n"
    assert tertulia("debate", "edit", "1", "--title", "Otro título").out == "Ya era así; no cambia nada.\n"
    moved = tertulia("debate", "move", "1", "--starts", "2031-02-06T20:00", "--timezone", "America/Bogota")
    assert moved.out == "Será el jueves 6 de febrero de 2031, 20:00 (America/Bogota).\n"
    assert tertulia("debate", "clone", "1", "--starts", "2031-02-13T20:00") == Answer(
        0, "2\n", "Lleva las mismas preguntas.\n"
    )
    tertulia("debate", "cancel", "2", "--why", "Es fiesta.")

    rows = tertulia("debate", "list", "--json").json
    assert [(one["id"], one["title"], one["phase"], one["local"]) for one in rows] == [
        ("2", "Otro título", "cancelled", "2031-02-13T20:00:00-05:00"),
        ("1", "Otro título", "scheduled", "2031-02-06T20:00:00-05:00"),
    ]  # fmt: skip
    assert "ya ha pasado" in tertulia("debate", "move", "1", "--starts", "2020-02-06T20:00").refusal
    assert tertulia("debate", "edit", "1").code == 2
    assert tertulia("debate", "move", "1", "--starts", "mañana").code == 2


def test_aborted_debate_leaves_no_trace(tertulia: Terminal) -> None:
    """A start by mistake."""
    planned(tertulia)
    tertulia("debate", "open", "1")
    tertulia("debate", "abort", "1")

    assert tertulia("debate", "list", "--json").json == []


# --- questions, exports, people --------------------------------------------------------------------------------------


def test_questions_are_added_declined_and_merged(tertulia: Terminal) -> None:
    """The id of a new one alone is printed; without a debate the next one is meant."""
    planned(tertulia)
    added = tertulia("question", "add", "1", "¿Y   mañana?", "--answer", "Veremos.")
    tertulia("question", "decline", "1", "--reason", "Ya se habló")
    tertulia("question", "merge", "2", "3")

    rows = tertulia("question", "list", "--json").json
    assert added == Answer(0, "4\n", "")
    assert [(one["id"], one["state"], one["reason"], one["merged_into"]) for one in rows] == [
        ("1", "declined", "Ya se habló", None), ("2", "merged", None, "3"), ("3", "approved", None, None),
        ("4", "approved", None, None),
    ]  # fmt: skip
    assert (rows[3]["text"], rows[3]["answer"]) == ("¿Y mañana?", "Veremos.")
    assert tertulia("question", "approve", "1", "--next").code == 0
    assert [one["state"] for one in tertulia("question", "list", "1", "--json").json].count("approved") == 3


def test_export_to_output_and_to_file_are_the_same_bytes(tertulia: Terminal) -> None:
    """Standard output has the transcript alone; a file is written whole or not at all."""
    planned(tertulia)
    printed = outside(tertulia.folder, "export", "1", "--format", "jsonl", "--out", "-")
    written = tertulia("export", SLUG, "--format", "jsonl", "--out", "out.jsonl")

    assert (written.code, written.out, written.err) == (0, "", "0 mensajes en out.jsonl\n")
    assert (tertulia.folder / "out.jsonl").read_text(encoding="utf-8") == printed.out
    assert json.loads(printed.out.splitlines()[0])["title"] == "¿Quién es el CXO?"
    assert sorted(one.name for one in tertulia.folder.glob(".*")) == []


@pytest.mark.parametrize("format", ["html", "md", "txt", "csv", "jsonl"])
def test_rebuild_leaves_exports_byte_for_byte(tertulia: Terminal, format: str) -> None:
    """What is derived is derived again, and is the same."""
    planned(tertulia)
    tertulia("debate", "open", "1")
    tertulia("export", "1", "--out", f"before.{format}")
    assert tertulia("debate", "rebuild", "1").out.startswith("0 mensajes, 0 archivados de otro modo")
    tertulia("export", "1", "--out", f"after.{format}")

    before, after = (tertulia.folder / f"{name}.{format}" for name in ("before", "after"))
    assert before.read_bytes() == after.read_bytes()


def test_failed_export_leaves_the_older_file(tertulia: Terminal) -> None:
    """A folder that is not there, and a debate that is not there."""
    planned(tertulia)
    kept = tertulia.write("out.md", "lo de antes")

    assert tertulia("export", "9", "--out", "out.md").code == 1
    assert tertulia("export", "1", "--out", "no/out.md").refusal == "No se puede exportar: no existe la carpeta no."
    assert kept.read_text(encoding="utf-8") == "lo de antes"


def test_search_without_hits_is_done_and_empty(tertulia: Terminal) -> None:
    """Nothing found is no failure."""
    assert tertulia("search", "nada", "--json").json == []
    assert tertulia("search", "nada") == Answer(0, "", "Nadie ha dicho eso.\n")


def test_moderators_link_is_an_address_of_the_room(tertulia: Terminal) -> None:
    """Where people reach the room, with a secret that is known here by its hash alone."""
    tertulia.monkeypatch.setenv("TERTULIA_WEB_URL", "https://debates.example.org")
    link = tertulia("moderator", "link").out.strip()

    assert re.fullmatch(r"https://debates\.example\.org/entrar/[\w-]{32}", link)
    assert link.rpartition("/")[2].encode() not in (tertulia.folder / "tertulia.db").read_bytes()


# --- the program itself ----------------------------------------------------------------------------------------------


def outside(folder: Path, *args: str, stdin: str = "", **environment: str) -> Answer:
    """A command as a process of its own, in a folder."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("TERTULIA_", "SLACK_", "LANG", "LC_"))
    }
    done = subprocess.run(
        [sys.executable, "-m", "bot", *args],
        cwd=folder,
        env={**kept, "PYTHONPATH": str(Path(__file__).resolve().parents[1]), **environment},
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return Answer(done.returncode, done.stdout, done.stderr)


def test_help_is_quick_from_any_folder(tmp_path: Path) -> None:
    """The best of five starts, in the processor's time, for the machine may be busy; and no database is made."""
    times = []
    for _ in range(5):
        begun = resource.getrusage(resource.RUSAGE_CHILDREN)
        answer = outside(tmp_path, "--help")
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(ended.ru_utime + ended.ru_stime - begun.ru_utime - begun.ru_stime)
        assert (answer.code, "Planificar, llevar y mirar debates." in answer.out) == (0, True)

    assert list(tmp_path.iterdir()) == []
    assert min(times) < 0.4


def test_help_needs_no_heavy_library() -> None:
    """What costs most of a second to import is imported by the commands that use it."""
    heavy = {"sqlalchemy", "pydantic", "aiohttp", "rich", "structlog"}
    script = f"import sys, bot.cli.main; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"


def commands(tree: TyperGroup, path: str = "") -> dict[str, Any]:
    """Every command of the tree by its words."""
    found: dict[str, Any] = {}
    for name, one in tree.commands.items():
        found[f"{path}{name}"] = one
        if isinstance(one, TyperGroup):
            found |= commands(one, f"{path}{name} ")
    return found


def test_commands_are_those_of_the_contract() -> None:
    """Scripts type these words."""
    groups = {"debate", "season", "series", "guest", "poll", "question", "import", "person", "moderator", "x"}

    assert set(commands(build(words("es")))) - groups == {
        "run", "doctor", "backup", "rehearse", "review", "export", "search", "import slack-export", "import x-archive",
        "x sync", "person forget", "person alias",
        "moderator link", "question list", "question add", "question approve", "question decline",
        "question merge", "debate add", "debate list", "debate show", "debate ready", "debate check", "debate open",
        "debate next", "debate hold", "debate resume", "debate extend", "debate skip", "debate close",
        "debate cancel", "debate edit", "debate move", "debate clone", "debate attendance",
        "debate abort", "debate join", "debate leave", "debate reorder",
        "debate rebuild", "debate recap",
        "season plan", "season change", "season list", "season show", "season confirm",
        "series add", "series list", "series change", "series end",
        "guest add", "guest list", "guest link", "guest out", "guest questions", "guest release", "guest remove",
        "poll add", "poll show", "poll close", "poll strike", "question carry",
    }  # fmt: skip


def test_every_command_and_option_is_explained() -> None:
    """No word of the help is missing."""
    missing = [name for name, one in commands(build(words("es"))).items() if not one.help]
    missing += [
        f"{name} {param.name}" for name, one in commands(build(words("es"))).items() for param in one.params
        if not getattr(param, "help", None)
    ]  # fmt: skip

    assert missing == []


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "es"),
        ({"LANG": "es_ES.UTF-8"}, "es"),
        ({"LANG": "C.UTF-8"}, "es"),
        ({"LANG": "fr_FR.UTF-8"}, "es"),
        ({"LANG": "en_GB.UTF-8"}, "en"),
        ({"LC_ALL": "en_US.UTF-8", "LANG": "es_ES.UTF-8"}, "en"),
        ({"TERTULIA_LOCALE": "es", "LANG": "en_GB.UTF-8"}, "es"),
        ({"TERTULIA_LOCALE": "en"}, "en"),
    ],
)
def test_language_is_the_settings_or_the_terminals(environment: dict[str, str], language: str) -> None:
    """Spanish, unless English is asked for."""
    if language == "en" and not (Path(__file__).resolve().parents[1] / "bot" / "words" / "en.mo").exists():
        pytest.skip("the English catalogue has not been compiled")

    assert speaking(environment).locale == language


def test_database_that_is_no_file_of_ours_is_one_line(tertulia: Terminal) -> None:
    """The driver's fault without its traceback."""
    tertulia.write("tertulia.db", "no es una base de datos" * 50)

    assert tertulia("debate", "list").refusal == "La base de datos no lo ha hecho: file is not a database"


def test_commands_work_while_another_writes(tertulia: Terminal) -> None:
    """A command waits for its turn beside a running bot, and is taken up when it is committed."""
    ident = planned(tertulia)
    store = Store(f"sqlite:///{tertulia.folder / 'tertulia.db'}")
    with store.writing() as conn, conn.begin():
        waiting = subprocess.Popen(
            [sys.executable, "-m", "bot", "debate", "cancel", ident],
            cwd=tertulia.folder,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[1])},
            stdout=subprocess.PIPE,
        )
        time.sleep(1.5)
        assert waiting.poll() is None
    out, _ = waiting.communicate(timeout=30)
    store.close()

    assert (waiting.returncode, out.decode()) == (0, "Cancelado.\n")
    assert shown(tertulia)["phase"] == "cancelled"
