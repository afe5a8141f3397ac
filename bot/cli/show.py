"""What commands print: sentences and tables for people, JSON for scripts."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

import typer

from bot import richtext
from bot.cli.language import speaking


def line(text: str) -> None:
    """One line on standard output, with nothing in it that would act on a terminal."""
    typer.echo(richtext.visible(text))


def note(text: str) -> None:
    """One line on standard error: how it goes, or what was refused."""
    typer.echo(richtext.visible(" ".join(text.split())), err=True)


def agreed(question: str) -> bool:
    """Somebody at the terminal says yes, in Spanish or English; whatever else is typed, or nothing, is a no.

    Standard output stays free for what was asked for.
    """
    typer.echo(f"{richtext.visible(question)} {speaking()('[s/N]')} ", err=True, nl=False)
    return sys.stdin.readline().strip().casefold() in {"s", "si", "sí", "y", "yes"}


def data(value: object) -> None:
    """The value as JSON."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Columns under their heads; nothing at all where there is no row."""
    cells = [[_cell(one) for one in row] for row in rows]
    if not cells:
        return
    widths = [max(len(row[at]) for row in [list(heads), *cells]) for at in range(len(heads))]
    for row in [list(heads), *cells]:
        line("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _cell(value: object) -> str:
    return "—" if value is None or value == "" else " ".join(str(value).split())


def watched() -> bool:
    """Whether a person is looking at standard error: only then is progress drawn."""
    return sys.stderr.isatty()


@contextmanager
def progress(what: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """A bar on standard error while a person is looking; what it yields takes how much more has been done."""
    if not watched():
        yield lambda _more: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda more: bar.advance(task, more)
