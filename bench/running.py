"""Programs that run while others measure them: the bot itself, and children that take orders line by line."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.measure import ROOT, TERTULIA, Unavailable


class Bot:
    """A running bot: its process, its address, and the seconds until it was healthy."""

    def __init__(self, pid: int, url: str, ready: float) -> None:
        self.pid = pid
        self.url = url
        self.ready = ready


@contextmanager
def bot(home: Path, env: Mapping[str, str] | None = None) -> Iterator[Bot]:
    """A bot runs in a folder and is healthy; SIGTERM ends it. Raises ``Unavailable`` when it ends itself."""
    port = free_port()
    given = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("TERTULIA_", "SLACK_", "X_"))},
        "TERTULIA_WEB_PORT": str(port), "TERTULIA_DATABASE_URL": f"sqlite:///{home / 'tertulia.db'}",
        "TERTULIA_TIMEZONE": "UTC", "PYTHONPATH": str(ROOT), **(env or {}),
    }  # fmt: skip
    started = time.perf_counter()
    with (home / "run.log").open("ab") as log:
        process = subprocess.Popen([*TERTULIA, "run"], cwd=home, env=given, stdout=log, stderr=log)
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


def worked(pid: int) -> float:
    """The seconds of processor time that a process has used so far, in all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _wait(process: "subprocess.Popen[bytes]", url: str, log: Path, *, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            last = log.read_text(errors="replace").strip().splitlines()[-1:] or ["no word"]
            raise Unavailable(f"tertulia run ended with {process.returncode}: {last[0][:200]}")
        with contextlib.suppress(OSError), _OPENER.open(url, timeout=2) as answer:
            if answer.status == 200:
                return
        time.sleep(0.01)
    raise Unavailable(f"tertulia run was not healthy within {seconds:g} s")


class Child:
    """A module of this folder in a process of its own, told what to do and answering in lines of JSON."""

    def __init__(self, module: str, *args: str) -> None:
        """It runs; its first line, which tells that it is ready, is ``hello``."""
        argv = [sys.executable, "-m", f"bench.{module}", *args]
        self._process = subprocess.Popen(argv, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._name = module
        self.pid = self._process.pid
        self.hello = self._answer()

    def ask(self, **order: Any) -> dict[str, Any]:
        """What the child answers to an order; raises ``Unavailable`` when it has ended."""
        if self._process.stdin is None:
            raise Unavailable("the child does not listen")
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
        return self._answer()

    def end(self) -> None:
        """The process has ended."""
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()

    def _answer(self) -> dict[str, Any]:
        line = self._process.stdout.readline() if self._process.stdout is not None else ""
        if not line:
            raise Unavailable(
                f"{self._process.args[2:] if isinstance(self._process.args, list) else 'a child'} has ended"
            )
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextmanager
def child(module: str, *args: str) -> Iterator[Child]:
    """A child that ends with the block."""
    one = Child(module, *args)
    try:
        yield one
    finally:
        one.end()


def healthy(url: str) -> dict[str, Any]:
    """What ``/healthz`` of a bot says."""
    with _OPENER.open(f"{url}/healthz", timeout=5) as answer:
        told: dict[str, Any] = json.load(answer)
    return told


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listened on a moment ago."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


# What runs here is on the loopback, whatever the environment says of proxies.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
