"""What a person waits for: help at the command line, the room of a bot just started; and what it weighs when idle."""

import sys
import time

from bench import peers
from bench.measure import ROOT, TERTULIA, Job, Row, Unavailable, against, held, pairs, run, skipped
from bench.running import bot, resident

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
