"""``tertulia``: every command, in the language of the terminal; what is refused is one line, and exit 1."""

import os
import sys
from collections.abc import Sequence
from typing import NoReturn

import typer
from typer.core import TyperGroup

from bot import errors
from bot.cli import (
    attending,
    bring,
    changing,
    debate,
    guests,
    hour,
    look,
    operate,
    people,
    polls,
    questions,
    review,
    season,
    series,
    show,
    x,
)
from bot.cli.language import say, speaking
from bot.words.catalogue import Words


def build(words: Words) -> TyperGroup:
    """The whole program as a tree of commands whose help speaks a language."""
    app = _typer(say("Debates en directo en Slack y en una sala web, con su transcripción al terminar."))
    app.add_typer(operate.app)
    debates = _typer(say("Planificar, llevar y mirar debates."))
    debates.add_typer(debate.app)
    debates.add_typer(changing.app)
    debates.add_typer(attending.app)
    debates.add_typer(hour.app)
    app.add_typer(debates, name="debate")
    app.add_typer(season.app, name="season", help=say("Las temporadas del año: proponer sus fechas y planificarlas."))
    app.add_typer(series.app, name="series", help=say("Debates que vuelven por una regla, confirmados por temporada."))
    app.add_typer(questions.app, name="question", help=say("Las preguntas de un debate y las que propone el público."))
    app.add_typer(polls.app, name="poll", help=say("Encuestas: antes de un debate, su tema, y qué tal ha ido."))
    app.add_typer(guests.app, name="guest", help=say("Las personas invitadas a un debate y lo que preparan."))
    app.add_typer(review.app)
    app.add_typer(look.app)
    app.add_typer(bring.app, name="import", help=say("Traer al registro lo que se dijo en otra parte."))
    app.add_typer(people.people, name="person", help=say("Las personas y cómo las nombra el archivo."))
    app.add_typer(people.moderators, name="moderator", help=say("Quien modera."))
    app.add_typer(x.app, name="x", help=say("Lo que el registro guarda de X, al día con lo que X muestra."))
    tree = typer.main.get_command(app)
    _speak(tree, words)
    if not isinstance(tree, TyperGroup):
        raise TypeError("a tree of commands begins with a group")
    return tree


def _typer(help: str) -> typer.Typer:
    return typer.Typer(
        help=help, no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False
    )


def _speak(command: object, words: Words) -> None:
    """The help of a command, of its options and of the commands below it is in the language."""
    for name in ("help", "short_help"):
        if getattr(command, name, None):
            setattr(command, name, words(getattr(command, name)))
    for below in [*getattr(command, "params", ()), *getattr(command, "commands", {}).values()]:
        _speak(below, words)


def main(args: Sequence[str] | None = None) -> NoReturn:
    """The command has run, and the process ends: 0 done, 1 refused with one line on stderr, 2 not understood."""
    words = speaking()
    try:
        build(words).main(args=args, prog_name="tertulia")
    except errors.TertuliaError as error:
        show.note(words.error(error))
    except ModuleNotFoundError as error:
        if error.name not in {"psycopg", "typst"}:
            raise
        show.note(words("Falta {package}: instala tertulia-debates con el extra que lo trae.", package=error.name))
    except OSError as error:
        show.note(f"{error.strerror or error}: {error.filename}" if error.filename else str(error))
    except Exception as error:
        # SQLAlchemy is not imported for its exceptions alone.
        if os.environ.get("TERTULIA_LOG_LEVEL") == "debug" or not type(error).__module__.startswith("sqlalchemy"):
            raise
        cause = str(getattr(error, "orig", None) or error)
        show.note(words("La base de datos no lo ha hecho: {why}", why=cause.partition("\n")[0]))
    sys.exit(1)
