"""The programs that we are compared with: fetched once into ``.cache/bench`` at pinned versions, left out where they
cannot be had.
"""

import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

from bench.measure import ROOT, Unavailable

SLACK_ARCHIVE = "1.6.1"
HOME = ROOT / ".cache" / "bench"


@cache
def python_tool(name: str) -> Path:
    """The command of a Python peer, in an environment of their own; raises ``Unavailable``."""
    venv = HOME / "venv"
    done, lock = venv / ".ready", ROOT / "requirements-bench.lock"
    if not done.is_file() or done.read_text() != lock.read_text():
        print("  fetching sqlite-utils, slack-export-viewer and twarc-csv", flush=True)
        _quiet([sys.executable, "-m", "venv", "--clear", str(venv)], "venv")
        pip = [str(venv / "bin/python"), "-m", "pip", "-qq", "--disable-pip-version-check", "install"]
        _quiet([*pip, "--require-hashes", "-r", str(lock)], "pip")
        done.write_text(lock.read_text())
    tool = venv / "bin" / name
    if not tool.is_file():
        raise Unavailable(f"{name} is not among the peers")
    return tool


@cache
def slack_archive() -> list[str]:
    """The command line of slack-archive, without options; raises ``Unavailable``."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise Unavailable("slack-archive needs node and npm")
    folder = HOME / f"slack-archive-{SLACK_ARCHIVE}"
    script = folder / "node_modules/slack-archive/bin/slack-archive.js"
    if not script.is_file():
        print("  fetching slack-archive", flush=True)
        folder.mkdir(parents=True, exist_ok=True)
        options = ["--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error", "--prefix", str(folder)]
        _quiet([npm, "install", *options, f"slack-archive@{SLACK_ARCHIVE}"], "npm")
    return [node, str(script)]


def _quiet(argv: list[str], name: str) -> None:
    done = subprocess.run(argv, capture_output=True, text=True, check=False, cwd=HOME if HOME.is_dir() else ROOT)
    if done.returncode:
        why = next((line for line in done.stderr.splitlines() if "404" in line or "rror" in line), "no word")
        raise Unavailable(f"{name} cannot fetch it ({' '.join(why.split())[:120]})")
