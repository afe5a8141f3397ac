"""X's stream at a thousand posts a second, and what it does to Slack meanwhile.

The bot is ``tertulia run`` with both platforms, in one debate: Slack's events come at a steady rate all the time, first
with an X that is connected and silent, then with one that says a thousand posts a second, in turn. Bot and generators
are processes of their own on the same machine, without TLS or a network between them.
"""

import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from bench import data, stock
from bench.measure import Job, Pair, Row, Stolen, Unavailable, against, held, remark, spread
from bench.running import Child, bot, child, resident
from bench.slack_events import PEOPLE, connected, slack
from bench.x_stream_source import KEYS

SLACK_RATE = 200
# How much slower Slack may be acknowledged while X speaks, and how much larger the bot may be after it has spoken.
SLOWER, LARGER = 1.5, 1.05
# So long the last posts may take into the log before they count as lost (seconds).
LAST = 60.0


class Stage(NamedTuple):
    """A bot that hears both generators, its process and its database."""

    slack: Child
    x: Child
    pid: int
    database: Path


class Heard(NamedTuple):
    """One half: what Slack's generator says, and of X what was sent, how fast, lost, and how late the last was kept."""

    acks: dict[str, Any]
    sent: int = 0
    rate: float = 0.0
    lost: int = 0
    late: float = 0.0


class Half(NamedTuple):
    """A pair of halves, and the share of the processors that the host took away during each (%)."""

    silent: Heard
    loud: Heard
    stolen: tuple[float, float]


def measure(job: Job) -> list[Row]:
    """Loss, memory, and Slack's acknowledgements with and without X's posts."""
    rate, seconds = job.size.stream
    with _stage(job) as stage:
        _loud(stage, rate, seconds)  # its memory is that of a bot that has heard an evening
        sizes = [resident(stage.pid)]
        taken: list[Half] = []
        for _ in range(job.size.pairs):
            during = Stolen()
            silent = Heard(_acks(stage, seconds))
            first, during = during.share(), Stolen()
            taken.append(Half(silent, _loud(stage, rate, seconds), (first, during.share())))
            sizes.append(resident(stage.pid))
    return _rows(f"{rate}/s for {seconds:g} s", taken, sizes)


def _rows(name: str, taken: list[Half], sizes: list[float]) -> list[Row]:
    lost = sum(one.loud.lost for one in taken)
    acks_lost = sum(heard.acks["lost"] for one in taken for heard in (one.silent, one.loud))
    p50, p99 = ([Pair(one.loud.acks[which], one.silent.acks[which]) for one in taken] for which in ("p50", "p99"))
    slowly = f"Slack's ack at {SLACK_RATE}/s meanwhile, against the same with X silent"
    larger = max(sizes) / sizes[0]
    return [
        Row(f"{name}: posts lost", str(lost), goal="0", met=lost == 0),
        held(f"{name}: from the last post to all of them in the log", [one.loud.late for one in taken], "s"),
        against(f"{slowly}: p50", p50, unit="ms"),
        against(f"{slowly}: p99", p99, unit="ms", most=SLOWER),
        Row(f"{slowly}: events lost", str(acks_lost), goal="0", met=acks_lost == 0),
        Row(
            f"the bot's memory after {len(sizes)} times as many posts, against after the first",
            f"{sizes[-1]:.0f} MiB", f"{sizes[0]:.0f} MiB", f"{larger:.2f} at most", f"ratio ≤ {LARGER:g}",
            larger <= LARGER,
        ),
        remark(
            f"{name}: {min(one.loud.rate for one in taken):.0f}/s were said; the host took away "
            f"{spread([one.stolen[0] for one in taken], '%')} of the processors while X was silent, "
            f"{spread([one.stolen[1] for one in taken], '%')} while it spoke"
        ),
    ]  # fmt: skip


def _loud(stage: Stage, rate: int, seconds: float) -> Heard:
    """Slack's events and X's posts at once; all of X's posts are in the log, or lost."""
    before, count = _messages(stage.database), int(rate * seconds)
    with ThreadPoolExecutor(1) as beside:
        asked = beside.submit(lambda: stage.x.ask(do="blast", count=count, rate=rate))
        acks = _acks(stage, seconds)
        said = asked.result()
    ended = time.monotonic()
    while (kept := _messages(stage.database) - before) < count and time.monotonic() - ended < LAST:
        time.sleep(0.05)
    return Heard(acks, count, float(said["rate"]), count - kept, time.monotonic() - ended)


def _acks(stage: Stage, seconds: float) -> dict[str, Any]:
    return stage.slack.ask(do="blast", count=int(SLACK_RATE * seconds), rate=SLACK_RATE)


@contextmanager
def _stage(job: Job) -> Iterator[Stage]:
    """A bot with a debate that is open in both places, both connected (to Slack twice, in a quick run once), warm."""
    home = job.folder("x")
    database = home / "tertulia.db"
    store = stock.empty(database)
    stock.opened(store, "Carga", slack=data.channel(0), x=True)
    store.close()
    with child("slack_source", str(PEOPLE), "1") as said, child("x_stream_source", str(PEOPLE)) as posted:
        # What so many posts would cost is not what is measured.
        env = {**slack(said), **KEYS, "X_API_URL": posted.hello["url"], "X_BUDGET_USD": "1000000"}
        with bot(home, env) as running:
            connected(said, 1 if job.size.quick else 2)
            _listening(posted)
            said.ask(do="blast", count=500, rate=250)
            yield Stage(said, posted, running.pid, database)


def _listening(posted: Child, *, seconds: float = 30.0) -> None:
    """The stream is read, and the question stands on X; raises ``Unavailable`` when that takes too long."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        ready = posted.ask(do="ready")
        if ready["readers"] == 1 and ready["question"]:
            time.sleep(2)  # until the bot knows that its question stands
            return
        time.sleep(0.1)
    raise Unavailable("the bot does not listen to X")


def _messages(database: Path) -> int:
    """How many posts of X are in the log."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as log:
        return int(log.execute("SELECT count(*) FROM message WHERE platform = 'x'").fetchone()[0])
