"""``tertulia export`` and ``tertulia search``: reading what was said."""

import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from bot import errors, localtime
from bot.cli import home, show
from bot.cli.language import say, speaking
from bot.cli.options import AsJson, DebateId

if TYPE_CHECKING:
    from bot.store.engine import Store
    from bot.transcript import Line, Transcript

app = typer.Typer()

# A few times a second is often enough to look alive, and seldom enough to cost nothing.
_EVERY_LINES = 2_000


@app.command(help=say("Escribe la transcripción de un debate. También mientras está en marcha."))
def export(
    debate: DebateId,
    out: Annotated[Path, typer.Option(help=say("El fichero que se escribe, o - para la salida."))],
    format: Annotated[
        str, typer.Option(help=say("html, md, txt, csv, jsonl o pdf; sin él, según el nombre del fichero."))
    ] = "",
    x_links: Annotated[
        bool, typer.Option("--x-links", help=say("Lo dicho en X, solo como enlaces: así puede publicarse."))
    ] = False,
) -> None:
    """The transcript stands in the file, whole or not at all."""
    from bot.exports.bounded import bounded, too_much
    from bot.exports.formats import named
    from bot.store import transcripts
    from bot.words.catalogue import words

    form = named(format or out.suffix.removeprefix("."))
    with home.opened() as store:
        transcript = transcripts.load(store, debate)
        told = words(transcript.head.locale)
        if x_links:
            transcript = bounded(transcript, too_much(told, 0))
        with _sink(out) as sink:
            form.write(_watched(transcript), sink, told)
        if not x_links:
            _warn_of_x(store, transcript.head.id)
    if str(out) != "-":
        count = transcript.head.messages
        show.note(speaking()("{count} mensajes en {file}", count=count, file=out))


def _warn_of_x(store: "Store", debate: str) -> None:
    """Who exports more of X than a person may be handed a day is told so: the file is theirs, handing it on is not."""
    from bot.actions import downloads

    with store.read() as tx:
        count = downloads.of_x(tx, int(debate))
    most = home.settings().x_downloads_a_day
    if count > most:
        show.note(speaking()(
            "Lleva {count} objetos de X (publicaciones y autores), y a una misma persona se le pueden pasar {most} "
            "al día; para publicarlo, usa --x-links.", count=count, most=most,
        ))  # fmt: skip


@contextmanager
def _sink(out: Path) -> Iterator[BinaryIO]:
    """Where an export goes: standard output, or a file that takes its name only when it is whole."""
    if str(out) == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    if not out.parent.is_dir():
        raise errors.BadExport(why=speaking()("no existe la carpeta {folder}", folder=out.parent))
    # Beside its place, for only there can it be renamed into it.
    part = out.with_name(f".{out.name}.{secrets.token_hex(4)}")
    try:
        with part.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)


def _watched(transcript: "Transcript") -> "Transcript":
    """The same transcript; while a person looks on, a bar shows how far its lines have been read."""
    if not show.watched():
        return transcript
    from bot.transcript import Transcript

    return Transcript(transcript.head, lambda: _counted(transcript))


def _counted(transcript: "Transcript") -> "Iterator[Line]":
    with show.progress(speaking()("Escribiendo"), transcript.head.messages) as advance:
        for number, line in enumerate(transcript.lines(), start=1):
            yield line
            if number % _EVERY_LINES == 0:
                advance(_EVERY_LINES)


@app.command(help=say("Busca en todos los debates; lo último que se dijo, primero."))
def search(
    words: Annotated[
        list[str], typer.Argument(metavar="WORDS", help=say("Lo que buscas: salen los mensajes que lo tienen todo."))
    ],
    debate: Annotated[str, typer.Option(help=say("Solo en este debate."))] = "",
    limit: Annotated[int, typer.Option(min=1, max=1000, help=say("Cuántos como mucho."))] = 20,
    by_rank: Annotated[bool, typer.Option("--by-rank", help=say("Lo que mejor encaja, primero."))] = False,
    as_json: AsJson = False,
) -> None:
    """What was said with all of the words is listed, newest first."""
    from bot.store.search import search as find

    hits = home.read(lambda tx: find(tx, " ".join(words), limit=limit, by_rank=by_rank, debate=debate or None))
    if as_json:
        show.data(
            [
                {
                    "debate": str(hit.debate_id), "slug": hit.slug, "title": hit.title, "message": str(hit.message_id),
                    "author": hit.author, "text": hit.text, "posted_at": localtime.iso(hit.posted_at),
                    "question": hit.question,
                }
                for hit in hits
            ]
        )  # fmt: skip
        return
    text = speaking()
    if not hits:
        show.note(text("Nadie ha dicho eso."))
    for hit in hits:
        where = f"P{hit.question}" if hit.question else "—"
        said = " ".join(hit.text.split())
        show.line(f"{hit.posted_at:%Y-%m-%d %H:%M}  {hit.debate_id} {where}  {hit.author}: {said}")
