"""``RESULTS.md``: the machine, and one section for each benchmark with the day it was run."""

import os
import platform
import re
import sqlite3
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from bench.measure import ROOT, Row

_HEAD = """# How fast, how big

Written by `make bench` (`make bench ONLY=search,export` for some; `make bench QUICK=1` to try it). A ratio is ours
divided by the peer's, taken in pairs side by side in one run (A B A B); three figures are the least, the median and the
most, and the median is held to the goal. Memory is the peak of the process. The data is made up: see `bench/data.py`.
"""
_PACKAGES = ("slack-bolt", "slack-sdk", "aiohttp", "sqlalchemy", "starlette", "uvicorn", "uvloop", "apscheduler")


def line(row: Row) -> str:
    """The figure on one line, for the terminal."""
    if not row.ours:
        return row.what
    against = f" against {row.peer}, ratio {row.ratio}" if row.peer else ""
    goal = f" [{row.goal}: {_met(row)}]" if row.goal else ""
    return f"{row.what}: {row.ours}{against}{goal}"


def write(page: Path, name: str, heading: str, rows: Sequence[Row], *, seconds: float, order: Sequence[str]) -> None:
    """The page has this section anew, the others as they were, the machine as it is."""
    sections = _sections(page)
    sections[name] = _section(name, heading, rows, seconds)
    told = [sections[one] for one in order if one in sections]
    page.write_text("\n".join([_HEAD, *told]), encoding="utf-8")


def _sections(page: Path) -> dict[str, str]:
    if not page.is_file():
        return {}
    parts = re.split(r"^(?=## )", page.read_text(encoding="utf-8"), flags=re.M)[1:]
    found = {re.search(r"`bench/(\w+)\.py`", part): part for part in parts}
    return {match[1]: part.rstrip("\n") + "\n" for match, part in found.items() if match}


def _section(name: str, heading: str, rows: Sequence[Row], seconds: float) -> str:
    at = datetime.now(UTC)
    told = [f"## {heading}", "", f"`bench/{name}.py`, {at:%Y-%m-%d %H:%M} UTC, {seconds:.0f} s, on {machine()}.", ""]
    measured = [row for row in rows if row.ours]
    if measured:
        told += ["| what | ours | against | ratio | goal | met |", "|---|---|---|---|---|---|"]
        for row in measured:
            cells = (row.what, row.ours, row.peer, row.ratio, row.goal, _met(row))
            told.append(f"| {' | '.join(cell or '—' for cell in cells)} |")
        told.append("")
    told += [f"- {row.what}" for row in rows if not row.ours]
    return "\n".join(told).rstrip("\n") + "\n"


def _met(row: Row) -> str:
    return "—" if row.met is None else "yes" if row.met else "**no**"


def machine() -> str:
    """The machine and what runs on it, on one line."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    versions = [f"Python {platform.python_version()}", f"SQLite {sqlite3.sqlite_version}"]
    versions += [f"{package} {metadata.version(package)}" for package in _PACKAGES]
    return (
        f"{platform.node()} ({_processor()}, {os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} "
        f"{platform.release().split('-')[0]}), {', '.join(versions)}, commit {_commit()}"
    )


def _processor() -> str:
    told = Path("/proc/cpuinfo")
    if told.is_file():
        match = re.search(r"model name\s*:\s*(.+)", told.read_text())
        if match:
            return " ".join(match[1].replace("(R)", "").replace("(TM)", "").split())
    return platform.machine()


def _commit() -> str:
    found = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return found.stdout.strip() or "unknown"
