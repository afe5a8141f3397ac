"""Code of others that we ship is what its authors released, byte for byte, and carries its licence."""

import hashlib
import json
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = [ROOT / "handlers" / "room" / "static" / "vendor", ROOT / "tests" / "vendor"]


def recorded(folder: Path) -> dict[str, dict[str, str]]:
    """The rows of a folder's vendored.json, by file."""
    rows: list[dict[str, str]] = json.loads((folder / "vendored.json").read_text("utf-8"))
    return {row["file"]: row for row in rows}


def present(folder: Path) -> dict[str, str]:
    """The SHA-256 of every file in a folder but its vendored.json, by file."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != "vendored.json")
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.parametrize("folder", FOLDERS, ids=["room", "tests"])
def test_vendored_files_are_the_recorded_ones(folder: Path) -> None:
    """No file was changed, added or lost since it was recorded."""
    assert present(folder) == {file: row["sha256"] for file, row in recorded(folder).items()}


@pytest.mark.parametrize("folder", FOLDERS, ids=["room", "tests"])
def test_vendored_code_brings_its_licence(folder: Path) -> None:
    """Each vendored project has a licence file beside its code."""
    rows = recorded(folder).values()
    licensed = {row["name"] for row in rows if row["file"].startswith("LICENSE")}
    assert licensed == {row["name"] for row in rows}
