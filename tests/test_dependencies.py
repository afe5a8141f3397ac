"""The dependencies are the documented ones, each locked with its hash, and no file names a place to fetch them from."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
LOCKS = {"requirements.lock": ["postgres", "pdf", "dev"], "requirements-bench.lock": ["bench"]}


def project() -> dict[str, Any]:
    """The [project] table of pyproject.toml."""
    table: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return table


def names(requirements: list[str]) -> set[str]:
    """The distribution names of requirement lines, without extras, versions and markers."""
    return {re.split(r"[\[<>=!~; ]", line, maxsplit=1)[0].lower() for line in requirements}


def locked(text: str) -> dict[str, str]:
    """The locked blocks of a lock file, by distribution name."""
    blocks = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)
    return {block.split("==")[0]: block for block in blocks if "==" in block}


def test_every_direct_dependency_is_explained() -> None:
    """docs/dependencies.md has one line for each direct dependency, and for nothing that is none."""
    page = (ROOT / "docs" / "dependencies.md").read_text("utf-8").split("## Shipped")[0]
    explained = set(re.findall(r"^\| ([a-z0-9-]+) \|", page, flags=re.MULTILINE)) - {"name"}
    extras: dict[str, list[str]] = project()["optional-dependencies"]
    assert explained == names(project()["dependencies"]).union(*map(names, extras.values()))


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_holds_every_direct_dependency_with_hashes(lock: str) -> None:
    """Each direct dependency is locked, and everything locked has a hash."""
    blocks = locked((ROOT / lock).read_text("utf-8"))
    wanted = names([line for extra in LOCKS[lock] for line in project()["optional-dependencies"][extra]])
    if lock == "requirements.lock":
        wanted |= names(project()["dependencies"])
    assert wanted - blocks.keys() == set()
    assert [name for name, block in blocks.items() if "--hash=sha256:" not in block] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_names_no_address(lock: str) -> None:
    """Where packages come from is the machine's affair."""
    text = (ROOT / lock).read_text("utf-8")
    assert [line for line in text.splitlines() if re.search(r"://|--(extra-)?index|--find-links", line)] == []
