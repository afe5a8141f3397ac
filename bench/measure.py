"""Measuring: whole processes with their time and memory, pairs taken side by side, and what a figure is held to.

The machine's speed drifts, so a peer is never compared with a figure of another hour: A B A B, the ratio of each pair,
and the median of the ratios. Nothing here asserts: a figure is written down with its goal and whether it was met.
"""

import os
import signal
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NamedTuple

from bench.data import Community, Shape

ROOT = Path(__file__).resolve().parents[1]
TERTULIA = (str(ROOT / ".venv/bin/python"), "-m", "bot")


class Unavailable(Exception):
    """A peer, or a part of the product, that cannot be had here; the text says why, and its figures are left out."""


class Ran(NamedTuple):
    """A process that has ended well: seconds from start to end, peak resident memory in MiB, standard output."""

    seconds: float
    mib: float
    out: str


class Pair(NamedTuple):
    """One measurement of ours and the peer's that followed it at once."""

    ours: float
    peer: float

    @property
    def ratio(self) -> float:
        """Ours as a multiple of the peer's."""
        return self.ours / self.peer


@dataclass(frozen=True)
class Size:
    """How much is measured; ``quick`` tries the harness alone."""

    shape: Shape
    quick: bool = False
    pairs: int = 3
    slow_pairs: int = 2  # of what takes minutes
    events: Sequence[tuple[int, float]] = ((200, 60.0), (1000, 20.0))  # (events a second, seconds)
    saturation: tuple[int, int] = (6_000, 3)  # (events, pairs)
    stream: tuple[int, float] = (1_000, 30.0)  # (posts of X a second, seconds)
    dispatches: int = 2_000
    cues: int = 10_000
    years: int = 10  # so many times as many, for the clock of many years
    same_second: int = 200  # debates of which each has a cue due in the same second
    ticks: int = 300
    due: int = 20  # debates, one after the other, of which each has a dozen cues that fall due while we look
    burst: int = 100  # debates that open at one instant
    wire: int = 20  # debates in Slack channels of their own
    readers: int = 500
    posts: int = 20
    queries: int = 200


FULL = Size(Shape())
QUICK = Size(
    Shape(messages=2_000, people=100), quick=True, pairs=2, slow_pairs=1, events=((200, 3.0), (1000, 2.0)),
    saturation=(1_000, 1), stream=(1_000, 2.0), dispatches=200,
    cues=500, years=2, same_second=5, ticks=30, due=3, burst=5, wire=4, readers=20, posts=5, queries=50,
)  # fmt: skip


@dataclass(frozen=True)
class Job:
    """One run of the benchmarks: its size, a folder that is kept between runs, and one for this run alone."""

    size: Size
    cache: Path
    scratch: Path
    community: Community

    def folder(self, name: str) -> Path:
        """A new empty folder of this run."""
        return Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self.scratch))

    def export(self, *, channels: int | None = None) -> Path:
        """The community as a Slack export (see ``Community.export``), made once for all runs."""
        shape = self.community.shape
        folder = self.cache / f"export-{shape.messages}-{channels or shape.channels}"
        return self.community.export(folder, channels=channels)


@dataclass(frozen=True)
class Row:
    """One figure: what, how much (with its unit), against what, the ratio, the goal and whether it was met.

    One without ``ours`` is a remark.
    """

    what: str
    ours: str
    peer: str = ""
    ratio: str = ""
    goal: str = ""
    met: bool | None = None


def run(argv: Sequence[str], *, cwd: Path, env: Mapping[str, str] | None = None, seconds: float = 900) -> Ran:
    """The process has ended well; raises ``Unavailable`` with its last words when it did not."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, tempfile.NamedTemporaryFile() as told:
        launch = [sys.executable, "-S", "-E", "-c", _LAUNCHER, told.name, *argv]
        process = subprocess.Popen(
            launch, cwd=cwd, env={**os.environ, **(env or {})}, stdout=out, stderr=err, start_new_session=True
        )
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        said, complained = (_all_of(file) for file in (out, err))
        figures = told.read().split()
    name = " ".join(Path(part).name for part in argv[:4])
    if len(figures) != 3:
        raise Unavailable(f"{name} was ended after {seconds:g} s")
    if (code := int(figures[0])) != 0:
        last = (complained or said).strip().splitlines()[-1:] or ["no word"]
        raise Unavailable(f"{name} ended with {code}: {last[0][:200]}")
    return Ran(float(figures[1]), float(figures[2]) / 1024, said)


# A process inherits its parent's peak memory: so its parent is as small as can be, and does the timing as well.
_LAUNCHER = """
import os, sys, time
started = time.perf_counter()
_, status, usage = os.wait4(os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ), 0)
taken = time.perf_counter() - started
with open(sys.argv[1], "w") as told:
    told.write(f"{os.waitstatus_to_exitcode(status)} {taken} {usage.ru_maxrss}")
"""


class Stolen:
    """The share of this machine's processors that its host gave to others, in percent, since this was made.

    On a virtual machine that is what makes one run's latency ten times another's; 0 where there is no ``/proc/stat``.
    """

    def __init__(self) -> None:
        self._before = self._read()

    def share(self) -> float:
        """The percentage so far."""
        stolen, ticks = (now - then for now, then in zip(self._read(), self._before, strict=True))
        return 100 * stolen / ticks if ticks else 0.0

    @staticmethod
    def _read() -> tuple[int, int]:
        try:
            fields = [int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
        except OSError:
            return 0, 0
        return fields[7], sum(fields)


def _all_of(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")


def pairs(ours: Callable[[], float], peer: Callable[[], float], count: int) -> list[Pair]:
    """Ours and the peer's in turn; what each returns is its figure."""
    return [Pair(ours(), peer()) for _ in range(count)]


def against(
    what: str, taken: Sequence[Pair], *, unit: str = "s", most: float | None = None, least: float | None = None
) -> Row:
    """The row of some pairs; the goal is a bound of their ratios' median, from above or from below."""
    ours, peer = spread([pair.ours for pair in taken], unit), spread([pair.peer for pair in taken], unit)
    ratios = [pair.ratio for pair in taken]
    told, middle = f"{spread(ratios)} (n={len(taken)})", statistics.median(ratios)
    if most is not None:
        return Row(what, ours, peer, told, f"ratio ≤ {most:g}", middle <= most)
    if least is not None:
        return Row(what, ours, peer, told, f"ratio ≥ {least:g}", middle >= least)
    return Row(what, ours, peer, told)


def held(
    what: str, values: Sequence[float], unit: str, *, below: float | None = None, least: float | None = None
) -> Row:
    """The row of some figures of ours alone, by their median; the goal is a bound from above or from below."""
    middle = statistics.median(values)
    goal = f"< {below:g} {unit}" if below is not None else f"≥ {least:g} {unit}" if least is not None else ""
    met = middle < below if below is not None else middle >= least if least is not None else None
    return Row(what, spread(values, unit), goal=goal, met=met)


def remark(what: str) -> Row:
    """A sentence below the figures."""
    return Row(what, "")


def skipped(what: str, why: object) -> Row:
    """The row of a figure that could not be taken."""
    return Row(f"{what}: skipped, {why}", "")


def spread(values: Sequence[float], unit: str = "") -> str:
    """«1.20 / 1.31 / 1.52 s»: least, median, most; a single figure where there is but one."""
    three = [min(values), statistics.median(values), max(values)] if len(values) > 1 else list(values)
    return f"{' / '.join(_short(value) for value in three)} {unit}".strip()


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share (0.5, 0.99) of the values does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _short(value: float) -> str:
    for size, form in ((100, ",.0f"), (10, ".1f"), (0.1, ".2f")):
        if abs(value) >= size:
            return format(value, form)
    return f"{value:.3g}"
