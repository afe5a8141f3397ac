"""``tertulia run``, ``doctor``, ``backup`` and ``rehearse``: keeping it going."""

from pathlib import Path
from typing import Annotated

import typer

from bot import errors
from bot.cli import home, show
from bot.cli.language import say, speaking
from bot.cli.options import AsJson

app = typer.Typer()


@app.command(help=say("Pone en marcha el bot y la sala web, hasta que lo pares."))
def run() -> None:
    """The bot has run and stopped."""
    from bot import logs, ownership

    ownership.check()
    settings = home.settings()
    settings.complete()
    logs.set_up(settings.log_level, secrets=settings.secrets())
    from bot.app import App

    home.run(App(settings).run())


@app.command(help=say("Mira si todo está en orden y dice qué hacer con lo que no."))
def doctor(as_json: AsJson = False) -> None:
    """Every part has been looked at; the exit code is 1 when one of them would keep a debate from being held."""
    import asyncio

    from bot.doctor import examine

    text = speaking()
    settings = home.settings()
    findings = asyncio.run(examine(settings))
    if as_json:
        show.data(
            [
                {"part": one.part, "state": one.state, "what": one.what(text), "advice": one.advise(text)}
                for one in findings
            ]
        )
    else:
        marks = {"ok": "✓", "warning": "!", "fault": "✗"}
        for one in findings:
            advice = one.advise(text)
            show.line(f"{marks[one.state]} {one.part}: {one.what(text)}{' → ' + advice if advice else ''}")
    faults = sum(one.state == "fault" for one in findings)
    if faults:
        raise errors.Unwell(count=faults)


@app.command(help=say("Copia la base de datos a un fichero. También con el bot en marcha."))
def backup(
    path: Annotated[Path, typer.Argument(metavar="PATH", help=say("El fichero de la copia, o su carpeta."))],
) -> None:
    """A whole copy of the database stands at the path; its name is printed."""
    from bot import backup as copies

    url = home.settings().database_url
    target = copies.target(path, now=home.now())
    with show.progress(speaking()("Copiando"), None) as advance:
        copies.back_up(url, target, step=advance)
    show.line(str(target))


@app.command(help=say("Ensaya un debate entero con voces inventadas. Slack es de mentira; la sala, la de verdad."))
def rehearse(
    speed: Annotated[float, typer.Option(min=0.1, max=1000, help=say("Cuántas veces más deprisa que de verdad."))] = 20,
    source: Annotated[
        Path | None, typer.Option("--from", metavar="EXPORT", help=say("Las voces de una exportación de Slack."))
    ] = None,
) -> None:
    """A debate has been played, and where its transcript is has been printed."""
    from bot import logs, ownership
    from bot.cli import rehearsing

    ownership.check()
    settings, text = home.settings(), speaking()
    logs.set_up("warning", secrets=settings.secrets())
    script = rehearsing.script_of(source)
    folder = rehearsing.folder_for(home.now())
    with show.progress(text("Ensayo, minuto"), round(script.acts[-1].at) if script.acts else None) as advance:
        minutes = 0

        def step(minute: float) -> None:
            nonlocal minutes
            advance(int(minute) - minutes)
            if int(minute) // 10 > minutes // 10 and not show.watched():
                show.note(text("Minuto {minute} del ensayo…", minute=int(minute)))
            minutes = int(minute)

        watching = rehearsing.Watching(text, show.note, step)
        left = rehearsing.rehearse(settings, script, speed=speed, folder=folder, watching=watching)
    show.line(text("La transcripción del ensayo: {path}", path=left))
