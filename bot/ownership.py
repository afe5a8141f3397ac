"""Whether `bot`, `handlers` and `schedules` are ours: such plain names may be another package's, too.

Two installed packages with the same top-level name overwrite each other without a word, and whichever is uninstalled
takes both with it. So this is looked at before anything starts.
"""

import importlib.util
import sys
from collections.abc import Callable, Mapping
from importlib import metadata
from pathlib import Path

from bot import errors

OURS = ("bot", "handlers", "schedules")
DISTRIBUTION = "tertulia-debates"


def owners() -> Mapping[str, list[str]]:
    """The installed packages that bring each top-level name."""
    return metadata.packages_distributions()


def place(name: str) -> Path | None:
    """The folder that an import of the name would read, or None when there is none."""
    module = sys.modules.get(name)
    found = getattr(module, "__spec__", None) or importlib.util.find_spec(name)
    # A file handlers.py beside us hides the folder; its own folder is then where it stands.
    return Path(found.origin).resolve().parent if found is not None and found.origin else None


def check(owned: Callable[[], Mapping[str, list[str]]] = owners, placed: Callable[[str], Path | None] = place) -> None:
    """All three are ours; raises ``ForeignPackage`` with the name of the one that is not, and its owner's."""
    installed = owned()
    home = Path(__file__).resolve().parent.parent
    for name in OURS:
        others = [one for one in installed.get(name, ()) if one != DISTRIBUTION]
        if others:
            raise errors.ForeignPackage(package=name, owner=", ".join(sorted(set(others))))
        folder = placed(name)
        if folder != home / name:
            raise errors.ForeignPackage(package=name, owner=str(folder or "?"))
