"""What a person waits for: help at the command line, the room of a bot just started; and what it weighs when idle."""

import contextlib
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench import peers
from bench.measure import ROOT, TERTULIA, Job, Row, Unavailable, against, held, pairs, run, skipped
from bench.ports import free_port

FLOOR = (sys.executable, "-c", "import argparse, sqlite3, json")
# After this, what starting needed has been given back.
IDLE_SECONDS = 5.0


def measure(job: Job) -> list[Row]:
    """Cold starts in turn with their peers; then a bot started from nothing, several times."""
    home = job.folder("cli")
    helped = [*TERTULIA, "--help"]
    env = {"PYTHONPATH": str(ROOT)}
    run(helped, cwd=home, env=env)  # once unmeasured: the files are in memory
    count = job.size.pairs * 2
    floor = pairs(lambda: run(helped, cwd=home, env=env).seconds, lambda: run(FLOOR, cwd=home).seconds, count)
    rows = [
        held("tertulia --help", [pair.ours for pair in floor], "s", below=0.4),
        against("tertulia --help, against Python with argparse, sqlite3 and json alone", floor),
    ]
    try:
        tool = str(peers.python_tool("sqlite-utils"))
        taken = pairs(
            lambda: run(helped, cwd=home, env=env).seconds, lambda: run([tool, "--help"], cwd=home).seconds, count
        )
        rows.append(against("tertulia --help, against sqlite-utils --help", taken))
    except Unavailable as why:
        rows.append(skipped("against sqlite-utils --help", why))
    try:
        return [*rows, *_bots(job)]
    except Unavailable as why:
        return [*rows, skipped("tertulia run", why)]


def _bots(job: Job) -> list[Row]:
    first, again, weights = [], [], []
    for _ in range(job.size.pairs):
        home = job.folder("run")
        with bot(home) as new:
            first.append(new.ready)
        with bot(home) as known:
            again.append(known.ready)
            time.sleep(IDLE_SECONDS)
            weights.append(resident(known.pid))
    return [
        held("tertulia run, from nothing until the room answers", first, "s", below=2.5),
        held("tertulia run, with its database there, until the room answers", again, "s", below=2.5),
        held("idle memory (room and clock, no Slack)", weights, "MiB", below=110),
    ]


class Bot:
    """A running bot: its process, its address, and the seconds until it was healthy."""

    def __init__(self, pid: int, url: str, ready: float) -> None:
        self.pid = pid
        self.url = url
        self.ready = ready


@contextmanager
def bot(home: Path, env: Mapping[str, str] | None = None, *, argv: Sequence[str] = TERTULIA) -> Iterator[Bot]:
    """A bot runs in a folder and is healthy; SIGTERM ends it. Raises ``Unavailable`` when it ends itself."""
    port = free_port()
    given = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("TERTULIA_", "SLACK_"))},
        "TERTULIA_WEB_PORT": str(port), "TERTULIA_DATABASE_URL": f"sqlite:///{home / 'tertulia.db'}",
        "TERTULIA_TIMEZONE": "UTC", "PYTHONPATH": str(ROOT), **(env or {}),
    }  # fmt: skip
    started = time.perf_counter()
    with (home / "run.log").open("ab") as log:
        process = subprocess.Popen([*argv, "run"], cwd=home, env=given, stdout=log, stderr=log)
    try:
        url = f"http://127.0.0.1:{port}"
        _wait(process, f"{url}/healthz", home / "run.log")
        yield Bot(process.pid, url, time.perf_counter() - started)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def resident(pid: int) -> float:
    """The resident memory of a process and of those it started, in MiB."""
    total = 0.0
    children = {pid}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, IndexError, ValueError):
            if int(path.read_text().rpartition(")")[2].split()[1]) in children:
                children.add(int(path.parent.name))
    for one in children:
        with contextlib.suppress(OSError):
            status = Path(f"/proc/{one}/status").read_text()
            total += sum(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1024
    return total


def _wait(process: "subprocess.Popen[bytes]", url: str, log: Path, *, seconds: float = 30) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            last = log.read_text(errors="replace").strip().splitlines()[-1:] or ["no word"]
            raise Unavailable(f"tertulia run ended with {process.returncode}: {last[0][:200]}")
        with contextlib.suppress(OSError), opener.open(url, timeout=2) as answer:
            if answer.status == 200:
                return
        time.sleep(0.01)
    raise Unavailable(f"tertulia run was not healthy within {seconds:g} s")
