"""``make bench``: every figure that the project claims, measured here and now, into ``bench/RESULTS.md``.

``--only search,export`` measures these and leaves the other sections of the page as they were; ``--quick`` tries the
whole harness on little data and writes beside it, into ``.cache/bench/quick.md``: its figures mean nothing.
"""

import argparse
import importlib
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from bench import peers, report
from bench.data import Community
from bench.measure import FULL, QUICK, Job, Row, Unavailable, skipped

BENCHES: Mapping[str, str] = {
    "cli": "Starting up",
    "search": "Search",
    "export": "Exports",
    "importing": "Import of a Slack export",
    "import_x": "Import of an archive of X",
    "cues": "The clock",
    "year": "The year",
    "slack_events": "Slack events",
    "x_events": "Posts of X",
    "room": "The room",
}
"""Each module of this folder that measures, with its heading."""


def main() -> int:
    """What was asked for is measured and written down; 2 when there is no such benchmark."""
    options = _options()
    wanted = [name for name in options.only.split(",") if name] or list(BENCHES)
    if strange := [name for name in wanted if name not in BENCHES]:
        print(f"no such benchmark: {', '.join(strange)}; there are {', '.join(BENCHES)}", file=sys.stderr)
        return 2
    peers.HOME.mkdir(parents=True, exist_ok=True)
    size = QUICK if options.quick else FULL
    page = peers.HOME / "quick.md" if options.quick else Path(__file__).with_name("RESULTS.md")
    with tempfile.TemporaryDirectory(prefix="scratch-", dir=peers.HOME) as scratch:
        job = Job(size, peers.HOME, Path(scratch), Community(size.shape))
        for name in wanted:
            print(f"{name}: {BENCHES[name]}", flush=True)
            started = time.monotonic()
            rows = _measured(importlib.import_module(f"bench.{name}").measure, job)
            for row in rows:
                print("  " + report.line(row), flush=True)
            report.write(page, name, BENCHES[name], rows, seconds=time.monotonic() - started, order=list(BENCHES))
    print(f"written to {page}")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", default="", help=f"of {','.join(BENCHES)}")
    parser.add_argument("--quick", action="store_true", help="little data, to try the harness")
    return parser.parse_args()


def _measured(measure: Callable[[Job], list[Row]], job: Job) -> list[Row]:
    """The figures; one benchmark that breaks must not cost the others theirs."""
    try:
        return measure(job)
    except Unavailable as why:
        return [skipped("all of it", why)]


if __name__ == "__main__":
    sys.exit(main())
