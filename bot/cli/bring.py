"""``tertulia import …``: what was said elsewhere, brought into the log."""

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot import localtime
from bot.cli import home, show
from bot.cli.language import say, speaking
from bot.ports import OPERATOR, Platform

if TYPE_CHECKING:
    from bot.actions.imports import Imported
    from bot.ports import Said
    from handlers.x.archive import Left

app = typer.Typer(no_args_is_help=True)


class Questions(StrEnum):
    """What becomes the questions of an imported debate."""

    NONE = "none"
    ROOTS = "roots"


# Messages that the log takes between two steps of the bar.
STEP = 1_000

Title = Annotated[str, typer.Option(help=say("Cómo se llamará; sin él, el canal o la etiqueta, y sus días."))]
From = Annotated[
    str, typer.Option("--from", help=say("Solo desde este día u hora: 2020-05-18 o 2020-05-18T19:00"))
]  # fmt: skip
To = Annotated[str, typer.Option("--to", help=say("Solo hasta este día (incluido) u hora (sin ella)."))]


@app.callback()
def several() -> None:
    """Each kind of export has its name."""


@app.command(
    "slack-export", help=say("Convierte un canal de Slack exportado en un debate. Queda cerrado; escribe su id.")
)
def slack_export(
    path: Annotated[Path, typer.Argument(metavar="PATH", help=say("La exportación: su carpeta o su zip."))],
    channel: Annotated[str, typer.Option(help=say("El canal, por su nombre o su identificador."))],
    start: From = "",
    end: To = "",
    title: Title = "",
    questions: Annotated[
        Questions, typer.Option(help=say("roots: los mensajes con hilo son las preguntas."))
    ] = Questions.NONE,
) -> None:
    """The channel is a closed debate; its id alone is printed, how much it holds on standard error."""
    house = home.settings().house()
    start_at, end_at = _instant(start, "--from", house.timezone), _instant(end, "--to", house.timezone, through=True)
    from bot.actions import imports
    from handlers.slack import ahead, export

    left = export.Left()
    opened = export.read(path)
    found, window = opened.channel(channel), export.Window(start_at, end_at)
    roots = opened.roots(found, window) if questions is Questions.ROOTS else []
    origin = imports.Origin(Platform.SLACK, found.id, f"#{found.name}", title.strip(), roots)
    batches = _watched(ahead.said(path, opened, found, window, left), len(found.days))
    done = home.write(
        lambda tx: imports.bring(tx, batches, origin, house=house, actor=OPERATOR, now=home.now()), once=True
    )
    skipped = speaking()(
        "Sin traer: {noise} avisos del sistema, {strange} que no se entienden.", noise=left.noise, strange=left.strange
    )
    _tell(done, skipped)


@app.command(
    "x-archive",
    help=say(
        "Convierte en un debate las publicaciones de X guardadas de una etiqueta. Queda cerrado; escribe su id. "
        "Entran las que la llevan, las de sus conversaciones y las que citan a una que la lleva; no los reposts."
    ),
)
def x_archive(
    path: Annotated[
        Path,
        typer.Argument(
            metavar="PATH", help=say("JSON Lines de la API v2 o de twarc, también .gz: un fichero o su carpeta.")
        ),
    ],
    hashtag: Annotated[str, typer.Option(help=say("La etiqueta, con # o sin ella."))],
    start: From = "",
    end: To = "",
    title: Title = "",
    host: Annotated[
        str,
        typer.Option(help=say("La cuenta cuyas publicaciones que empiezan por P1, P2… (o Q1, Q2…) son las preguntas.")),
    ] = "",
) -> None:
    """The hashtag is a closed debate; its id alone is printed, how much it holds on standard error."""
    house = home.settings().house()
    start_at, end_at = _instant(start, "--from", house.timezone), _instant(end, "--to", house.timezone, through=True)
    from handlers.x import ahead, archive

    name = _tag(hashtag)
    wanted, left = archive.Wanted(name.casefold(), start_at, end_at, host), archive.Left()
    with _uncollected(), ahead.Reader(path) as reader:
        from bot.actions import imports  # with the database's libraries, while the other process reads already

        with show.progress(speaking()("Leyendo"), reader.size) as advance:
            chat = reader.chat(wanted, left, advance)
        worded = {one.said.id: (one.number, one.words) for one in chat.questions}
        origin = imports.Origin(
            Platform.X, wanted.tag, f"#{name}", title.strip(), [one.said for one in chat.questions], worded,
            hashtag=name, host=chat.host, terms=reader.terms,
        )  # fmt: skip
        batches = _watched(reader.batches(chat.said, STEP), -(-len(chat.said) // STEP))
        done = home.write(
            lambda tx: imports.bring(tx, batches, origin, house=house, actor=OPERATOR, now=home.now()), once=True
        )
    _tell(done, _left_of(left))


def _tag(given: str) -> str:
    """A hashtag without its ``#``."""
    name = given.strip().lstrip("#＃")
    if not name or not name.replace("_", "a").isalnum():
        text = speaking()("«{given}» no es una etiqueta, por ejemplo #MeetAlfaro", given=given)
        raise typer.BadParameter(text, param_hint="--hashtag")
    return name


@contextmanager
def _uncollected() -> Iterator[None]:
    """Inside it nobody looks for circles of objects, nor at the end for those made in it.

    There are hundreds of thousands, and none of them in a circle.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _tell(done: "Imported", skipped: str) -> None:
    told = speaking()(
        "«{title}»: {messages} mensajes de {people} personas, {questions} preguntas.",
        title=done.title, messages=done.messages, people=done.people, questions=done.questions,
    )  # fmt: skip
    show.note(f"{told} {skipped}")
    show.line(str(done.debate_id))


def _left_of(left: "Left") -> str:
    text = speaking()
    told = text(
        "Sin traer: {retweets} reposts, {others} de otros temas, {withheld} retenidas por X, "
        "{strange} que no se entienden.",
        retweets=left.retweets, others=left.others, withheld=left.withheld, strange=left.strange,
    )  # fmt: skip
    return f"{told} {text('Ficheros cortados en su última línea: {cut}.', cut=left.cut)}" if left.cut else told


def _watched(pieces: "Iterator[Sequence[Said]]", total: int) -> "Iterator[Sequence[Said]]":
    """What was said, with a bar that counts its days or other pieces while a person looks on."""
    with show.progress(speaking()("Importando"), total) as advance:
        for piece in pieces:
            yield piece
            advance(1)


def _instant(given: str, option: str, zone: str, *, through: bool = False) -> datetime | None:
    """The instant of a local day or time; ``through`` means the end of a day that came without its time."""
    if not given:
        return None
    try:
        local = datetime.fromisoformat(given)
    except ValueError as error:
        text = speaking()("«{given}» no es un día ni una hora, por ejemplo 2020-05-18 o 2020-05-18T19:00", given=given)
        raise typer.BadParameter(text, param_hint=option) from error
    if through and len(given) <= len("2020-05-18"):
        local += timedelta(days=1)
    return localtime.resolve(local, zone)
