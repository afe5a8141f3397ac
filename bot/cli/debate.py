"""``tertulia debate …``: planning a debate, holding it, looking at it."""

import sys
from collections.abc import Mapping
from datetime import datetime
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot import dates, errors
from bot.cli import home, show
from bot.cli.language import say, speaking
from bot.cli.options import AsJson, DebateId, Starts
from bot.ports import OPERATOR
from bot.words.catalogue import Words

if TYPE_CHECKING:
    from bot.debatefile import DebateFile
    from bot.store.engine import Tx

app = typer.Typer(help=say("Planificar, llevar y mirar debates."), no_args_is_help=True)

File = Annotated[
    Path | None, typer.Argument(metavar="FILE", help=say("Un fichero de debate (TOML), o - para leerlo de la entrada."))
]
Ready = Annotated[str, typer.Option(help=say("Uno de los debates ya escritos: tertulia debate ready"))]
Zone = Annotated[str, typer.Option(help=say("La zona de esa hora, por ejemplo Europe/Madrid."))]

Checkable = Annotated[
    str, typer.Argument(metavar="FILE|DEBATE", help=say("Un fichero de debate (TOML), o el id de un debate."))
]
Posts = Annotated[
    int | None, typer.Option(min=0, help=say("Cuántos mensajes se esperan en X; si no, como otras veces."))
]
People = Annotated[int | None, typer.Option(min=0, help=say("De cuántas personas; si no, como otras veces."))]


@app.command(help=say("Planifica un debate; escribe solo su id."))
def add(file: File = None, ready: Ready = "", starts: Starts = "", timezone: Zone = "") -> None:
    """The debate of a file, or a ready-made one, is planned; its id alone is printed."""
    if (file is None) == (not ready):
        raise typer.BadParameter(speaking()("da un fichero de debate o --ready NOMBRE"), param_hint="FILE")
    from bot.cli import spoken

    spoken.check(starts, timezone)
    plan = _plan(file, ready, timed=bool(starts))
    when, timezone = spoken.start(starts, timezone, usual=plan.timezone or home.settings().house().timezone)
    when = when or plan.starts
    if when is None:
        raise typer.BadParameter(speaking()("falta cuándo empieza: --starts 2027-01-14T19:00"), param_hint="--starts")
    plan = plan.starting(when, timezone)
    from bot.actions import plan as actions

    house = home.settings().house()
    ident = home.write(lambda tx: actions.add(tx, plan, house=house, actor=OPERATOR, now=home.now()).id)
    show.line(str(ident))


def _plan(file: Path | None, ready: str, *, timed: bool) -> "DebateFile":
    from bot import debatefile

    return debatefile.parse(source_of(file, ready), needs_start=file is not None and not timed)


def source_of(file: Path | None, ready: str) -> str:
    """The text of a debate file, ``-`` for standard input, or of a ready-made debate where there is no file."""
    from bot import debatefile

    if file is None:
        if ready not in _ready_made():
            raise errors.NoSuchReady(name=ready)
        return resources.files("bot").joinpath("debates", f"{ready}.toml").read_text(encoding="utf-8")
    return sys.stdin.read() if str(file) == "-" else debatefile.text_of(file)


def _ready_made() -> list[str]:
    folder = resources.files("bot").joinpath("debates")
    return sorted(one.name.removesuffix(".toml") for one in folder.iterdir() if one.name.endswith(".toml"))


@app.command(help=say("Los debates ya escritos que puedes planificar."))
def ready(as_json: AsJson = False) -> None:
    """The ready-made debates are listed."""
    plans = [(name, _plan(None, name, timed=False)) for name in _ready_made()]
    if as_json:
        show.data(
            [{"name": name, "title": one.title, "questions": [q.text for q in one.questions]} for name, one in plans]
        )
        return
    text = speaking()
    show.table(
        (text("NOMBRE"), text("PREGUNTAS"), text("TÍTULO")),
        [(name, len(one.questions), one.title) for name, one in plans],
    )


@app.command(help=say("Comprueba un fichero de debate sin guardar nada, o cómo saldrá en X un debate planificado."))
def check(what: Checkable, posts: Posts = None, people: People = None, as_json: AsJson = False) -> None:
    """The file is known to be good, or the debate's posts for X are; refused otherwise, with every fault."""
    from bot.cli import checking

    if not _is_file(what):
        checking.check(what, posts=posts, people=people, as_json=as_json)
        return
    plan = _plan(Path(what), "", timed=True)
    if as_json:
        show.data({"title": plan.title, "questions": len(plan.questions)})
        return
    show.line(speaking()("Está bien: «{title}». Preguntas: {count}.", title=plan.title, count=len(plan.questions)))


def _is_file(what: str) -> bool:
    """An id or a short name of a debate has neither a dot nor a slash."""
    return what == "-" or "." in what or "/" in what or Path(what).is_file()


@app.command("list", help=say("Los debates, del más nuevo al más antiguo."))
def list_all(as_json: AsJson = False) -> None:
    """Every debate is listed, the newest start first."""
    from bot.cli import shapes
    from bot.store import debates

    rows = home.read(lambda tx: [shapes.debate(tx, one) for one in debates.every(tx)])
    if as_json:
        show.data(rows)
        return
    text = speaking()
    if not rows:
        show.line(
            text("Todavía no hay ningún debate. Planifica uno: tertulia debate add --ready NOMBRE --starts FECHA")
        )
    show.table(
        ("ID", text("FASE"), text("COMIENZO"), text("ZONA"), text("DÓNDE"), text("TÍTULO")),
        [
            (
                row["id"],
                text.term("phase", row["phase"]),
                row["local"][:16],
                row["timezone"],
                ",".join(row["places"]),
                row["title"],
            )
            for row in rows
        ],
    )


@app.command("show", help=say("Todo lo que se sabe de un debate."))
def show_one(debate: DebateId, as_json: AsJson = False) -> None:
    """The debate is shown with its questions, cues, gaps and counts."""
    found = home.read(lambda tx: _shape(tx, debate))
    if as_json:
        show.data(found)
        return
    text = speaking()
    when = dates.long(datetime.fromisoformat(found["starts_at"]), found["timezone"], locale=text.locale)
    show.line(f"{found['id']}  {found['title']}  ({found['slug']})")
    show.line(f"{text.term('phase', found['phase'])} · {when} · {', '.join(found['places'])}")
    show.line(" · ".join(f"{text.term('count', name)} {count}" for name, count in found["counts"].items()))
    comers = found["attendance"]
    if any(comers.values()):
        show.line(text("Van a venir: {yes}. Quizá: {maybe}.", yes=comers["yes"], maybe=comers["maybe"]))
    show.line("")
    heads = ("ID", "P", text("ESTADO"), text("VOTOS"), text("PREGUNTA"))
    show.table(heads, [_question(text, one) for one in found["questions"]])
    show.line("")
    heads_of_cues = (text("SEÑAL"), text("HORA (UTC)"), text("ESTADO"), text("POR QUÉ"))
    show.table(heads_of_cues, [(c["key"], c["due_at"], text.term("cue", c["state"]), c["why"]) for c in found["cues"]])
    for one in found["gaps"]:
        show.line(_gap(text, one))


def _gap(text: Words, one: Mapping[str, Any]) -> str:
    stretch = {"platform": one["platform"], "start": one["from"], "end": one["to"]}
    if one["to"] is None:
        return text("Hueco en {platform}: desde {start}", **stretch)
    if one["closed"]:
        return text("Hueco en {platform}: {start} – {end}; lo dicho se recuperó después", **stretch)
    return text("Hueco en {platform}: {start} – {end}; puede faltar algo", **stretch)


def _question(text: Words, one: Mapping[str, Any]) -> tuple[Any, ...]:
    return one["id"], one["number"], text.term("state", one["state"]), one["votes"], one["text"]


def _shape(tx: "Tx", debate: str) -> dict[str, Any]:
    from bot.cli import shapes
    from bot.store import debates

    return shapes.whole(tx, debates.get(tx, debate))
