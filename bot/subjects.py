"""What a season can debate: what ships with Tertulia, each with its time of the year, and files of one's own."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources
from pathlib import Path

from bot import debatefile, errors
from bot.debatefile import DebateFile
from bot.phrase import phrase, several

# A folder that holds more is somebody's whole disk.
MOST_FILES = 500


class Kind(StrEnum):
    """The kinds of seasons: two peaks, one day between them, the quiet months, and any other stretch of the year."""

    JANUARY = "january"
    CX_DAY = "cx_day"
    SEPTEMBER = "september"
    QUIET = "quiet"
    OWN = "own"


@dataclass(frozen=True, slots=True)
class Subject:
    """A debate without its date; ``seasons`` where it is at home, none for one that fits everywhere."""

    name: str
    plan: DebateFile
    seasons: tuple[Kind, ...] = ()

    @property
    def title(self) -> str:
        """What the debate is called."""
        return self.plan.title


# In the order in which a season takes them up.
AT_HOME: Mapping[str, tuple[Kind, ...]] = {
    "formarse-en-cx": (Kind.JANUARY, Kind.SEPTEMBER),
    "pensar-desde-el-cliente": (Kind.JANUARY,),
    "quien-es-el-cxo": (Kind.JANUARY,),
    "sin-lider-no-hay-experiencia": (Kind.SEPTEMBER,),
    "dia-de-la-cx": (Kind.CX_DAY,),
}


@functools.cache
def ready_made() -> tuple[Subject, ...]:
    """The debates that ship with Tertulia, in the order of ``AT_HOME`` and then by name."""
    files = [one for one in resources.files("bot").joinpath("debates").iterdir() if one.name.endswith(".toml")]
    plans = {
        one.name.removesuffix(".toml"): debatefile.parse(one.read_text(encoding="utf-8"), needs_start=False)
        for one in files
    }
    order = {name: number for number, name in enumerate(AT_HOME)}
    names = sorted(plans, key=lambda name: (order.get(name, len(order)), name))
    return tuple(Subject(name, plans[name], AT_HOME.get(name, ())) for name in names)


def folder(path: Path) -> tuple[Subject, ...]:
    """The debate files of a folder by name; raises ``BadDebateFile`` with every fault, and where there is none.

    One that is called like a ready-made debate is at home where that is; any other is at home everywhere.
    """
    if not path.exists():
        raise errors.BadDebateFile(faults=phrase("no existe la carpeta {path}", path=path))
    if not path.is_dir():
        raise errors.BadDebateFile(faults=phrase("{path} es un fichero: da la carpeta que lo tiene", path=path))
    files = sorted(one for one in path.glob("*.toml") if one.is_file())
    if not files:
        raise errors.BadDebateFile(faults=phrase("en {path} no hay ningún fichero de debate (*.toml)", path=path))
    if len(files) > MOST_FILES:
        raise errors.BadDebateFile(faults=phrase("en {path} hay más de {most} ficheros", path=path, most=MOST_FILES))
    found: list[Subject] = []
    faults: list[str] = []
    for one in files:
        try:
            plan = debatefile.read(one, needs_start=False)
        except errors.BadDebateFile as error:
            faults.append(phrase("{file}: {fault}", file=one.name, fault=error.fields["faults"]))
            continue
        found.append(Subject(one.stem, plan, AT_HOME.get(one.stem, ())))
    if faults:
        raise errors.BadDebateFile(faults=several(faults))
    return tuple(found)
