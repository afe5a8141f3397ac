"""What ``tertulia doctor`` looks at: the house here, Slack and X in the ``checkup.py`` of each."""

import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bot import errors, ownership
from bot.config import Settings, strangers
from bot.finding import Finding

if TYPE_CHECKING:
    from bot.store.engine import Store

# Below this a debate of a few thousand messages with its copies may still fill the disk.
LITTLE_SPACE = 200 * 1024 * 1024
NO_SPACE = 20 * 1024 * 1024


async def examine(settings: Settings) -> list[Finding]:
    """Everything has been looked at: the house first, then Slack and X where they are on."""
    house = [*packages(), *unknown_settings(strangers()), *database(settings.database_url)]
    return [*house, *await slack(settings), *await x(settings)]


async def slack(settings: Settings) -> list[Finding]:
    """Slack as it answers, or that it is off."""
    if settings.slack_on:
        from handlers.slack import checkup

        return await checkup.examine(checkup.Access.of(settings))
    half = settings.slack_app_token.get_secret_value() or settings.slack_signing_secret.get_secret_value()
    return half_a_slack() if half else no_slack()


async def x(settings: Settings) -> list[Finding]:
    """X as it answers, or that it is off, or that some of its keys are missing."""
    missing = settings.x_missing()
    if missing:
        advice = "cópialas de la página de tu aplicación en console.x.com"
        return [Finding("x", "fault", "faltan {missing}", advice, {"missing": ", ".join(missing)})]
    if not settings.x_on:
        return [Finding("x", "ok", "apagado: no hay X_BEARER_TOKEN")]
    from handlers.x import checkup
    from handlers.x.platform import Access

    return await checkup.examine(Access.of(settings))


def packages() -> list[Finding]:
    """Whether the program's own packages are its own."""
    part = "tertulia"
    try:
        ownership.check()
    except errors.ForeignPackage as error:
        return [Finding(part, "fault", error.template(), fields=dict(error.fields))]
    return [Finding(part, "ok", "el programa está entero")]


def unknown_settings(strangers: Sequence[tuple[str, str]]) -> list[Finding]:
    """A warning for each stranger: a name that looks like a setting of ours and is none, and the nearest that is."""
    return [
        Finding(
            ".env", "warning", "no hay ningún ajuste {name}", "¿querías decir {nearest}?" if nearest else "bórralo",
            {"name": name, "nearest": nearest},
        )
        for name, nearest in strangers
    ]  # fmt: skip


def database(url: str) -> list[Finding]:
    """Whether the database can be written to, is at this program's migration, and has space to grow."""
    from bot.store.engine import Store

    store = Store(url)
    try:
        path = store.path
        if path is None:
            return [_tables(store)]
        folder = path.resolve().parent
        if not folder.is_dir():
            return [Finding("database", "fault", "no existe la carpeta {folder}", "créala", {"folder": folder})]
        return [_tables(store) if path.exists() else _not_yet(folder, path), space(folder)]
    finally:
        store.close()


def _tables(store: "Store") -> Finding:
    from bot.store import schema
    from bot.store.engine import HEAD

    shown = store.url.render_as_string(hide_password=True)
    try:
        ready = schema.ready(store)
        found = store.revision()
        store.write(lambda _tx: None)
    except errors.DatabaseAhead as error:
        return Finding("database", "fault", error.template(), fields=dict(error.fields))
    except Exception as error:  # noqa: BLE001  (whatever the driver raises is what is wrong with the database)
        why = str(getattr(error, "orig", None) or error).partition("\n")[0]
        advice = "mira que el fichero sea de quien arranca el bot, que haya sitio y que nadie lo tenga bloqueado"
        return Finding("database", "fault", "no se puede escribir en {url}: {why}", advice, {"url": shown, "why": why})
    if not ready:
        fields = {"found": found or "—", "wanted": HEAD}
        return Finding("database", "ok", "se actualizará de {found} a {wanted} al arrancar", fields=fields)
    return Finding("database", "ok", "{url}, versión {found}", fields={"url": shown, "found": found})


def _not_yet(folder: Path, path: Path) -> Finding:
    if not os.access(folder, os.W_OK | os.X_OK):
        fields: dict[str, object] = {"folder": folder}
        return Finding(
            "database", "fault", "no se puede escribir en {folder}", "cambia sus permisos o su dueño", fields
        )
    return Finding("database", "ok", "{path} se hará al arrancar", fields={"path": path})


def space(folder: Path, *, free: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free) -> Finding:
    """Whether the disk of a folder has space left; ``free`` tells how many bytes."""
    left = free(folder)
    fields: dict[str, object] = {"mib": left // (1024 * 1024), "folder": folder}
    seen, advice = "{mib} MiB libres en {folder}", "haz sitio: con el disco lleno no se guarda lo que se dice"
    if left < NO_SPACE:
        return Finding("disk", "fault", seen, advice, fields)
    return (
        Finding("disk", "warning", seen, advice, fields)
        if left < LITTLE_SPACE
        else Finding("disk", "ok", seen, "", fields)
    )


def no_slack() -> list[Finding]:
    """Slack is off, which is no fault: the room needs none of it."""
    return [Finding("slack", "ok", "apagado: no hay SLACK_BOT_TOKEN; el debate es en la sala web")]


def half_a_slack() -> list[Finding]:
    """Slack was meant to be on, and is not."""
    advice = "cópiala de la página de tu aplicación de Slack, OAuth & Permissions (empieza por xoxb-)"
    return [Finding("slack", "fault", "falta SLACK_BOT_TOKEN: sin él, Slack no tiene con qué hablar", advice)]
