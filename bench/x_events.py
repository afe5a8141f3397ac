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
from typing import NamedTuple

from bench import data, stock
from bench.measure import Job, Pair, Row, Stolen, Unavailable, against, held, percentile, remark, skipped, spread
from bench.running import Child, bot, child, resident
from bench.slack_events import PEOPLE, connected, slack
from bench.x_stream_source import KEYS

SLACK_RATE = 200
# How much slower Slack may be acknowledged while X speaks, and how much larger the bot may be after it has spoken.
SLOWER, LARGER = 1.5, 1.05
# So long the last posts may take into the log before they count as lost (seconds).
LAST = 60.0
# One tick of the host's within a second (percent of it): above that, and in the second after, an ack tells of the host.
QUIET = 0.5
# A pair tells something when of either half so much was quiet; so many more are tried where the host gives no peace.
SHARE = 1 / 3
AGAIN = 5


class Stage(NamedTuple):
    """A bot that hears both generators, its process and its database."""

    slack: Child
    x: Child
    pid: int
    database: Path


class Acks(NamedTuple):
    """Slack's side of one half: events lost, how long each ack of the quiet seconds took (ms), and their share."""

    lost: int
    each: list[float]
    quiet: float


class Heard(NamedTuple):
    """One half: Slack's acks, and of X's posts how fast they were said, how many lost, how late the last was kept."""

    acks: Acks
    rate: float = 0.0
    lost: int = 0
    late: float = 0.0


class Both(NamedTuple):
    """A pair of halves, one with a silent X and one with a loud one."""

    silent: Heard
    loud: Heard

    @property
    def quiet(self) -> bool:
        """Whether it tells of ours, and not of the host."""
        return min(self.silent.acks.quiet, self.loud.acks.quiet) >= SHARE


def measure(job: Job) -> list[Row]:
    """Loss, memory, and Slack's acknowledgements with and without X's posts."""
    rate, seconds = job.size.stream
    with _stage(job) as stage:
        _loud(stage, rate, seconds)  # its memory is that of a bot that has heard an evening
        sizes = [resident(stage.pid)]
        taken: list[Both] = []
        while sum(one.quiet for one in taken) < job.size.pairs and len(taken) < job.size.pairs + AGAIN:
            silent = Heard(_acks(stage, seconds))
            taken.append(Both(silent, _loud(stage, rate, seconds)))
            sizes.append(resident(stage.pid))
    return _rows(f"{rate}/s for {seconds:g} s", taken, sizes)


def _rows(name: str, taken: list[Both], sizes: list[float]) -> list[Row]:
    lost = sum(one.loud.lost for one in taken)
    acks_lost = sum(heard.acks.lost for one in taken for heard in (one.silent, one.loud))
    slowly = f"Slack's ack at {SLACK_RATE}/s meanwhile, against the same with X silent"
    larger = max(sizes) / sizes[0]
    silent, loud = ([heard.acks.quiet * 100 for heard in some] for some in zip(*taken, strict=True))
    return [
        Row(f"{name}: posts lost", str(lost), goal="0", met=lost == 0),
        held(f"{name}: from the last post to all of them in the log", [one.loud.late for one in taken], "s"),
        *_slower(slowly, [one for one in taken if one.quiet]),
        Row(f"{slowly}: events lost", str(acks_lost), goal="0", met=acks_lost == 0),
        Row(
            f"the bot's memory after {len(sizes)} times as many posts, against after the first",
            f"{sizes[-1]:.0f} MiB", f"{sizes[0]:.0f} MiB", f"{larger:.2f} at most", f"ratio ≤ {LARGER:g}",
            larger <= LARGER,
        ),
        remark(
            f"{name}: {min(one.loud.rate for one in taken):.0f}/s were said; of {len(taken)} pairs those tell of acks "
            f"of which a third of either half was quiet, and of these the quiet seconds: those in which the host took "
            f"away at most {QUIET:g} % of the processors, as in the second before ({spread(silent, '%')} of them while "
            f"X was silent, {spread(loud, '%')} while it spoke)"
        ),
    ]  # fmt: skip


def _slower(what: str, quiet: list[Both]) -> list[Row]:
    """Slack's acknowledgements beside X against those without it, of all pairs that tell something."""
    if not quiet:
        return [skipped(what, "the host was not quiet for long enough")]
    p50, p99 = (
        [Pair(percentile(one.loud.acks.each, share), percentile(one.silent.acks.each, share)) for one in quiet]
        for share in (0.5, 0.99)
    )
    return [against(f"{what}: p50", p50, unit="ms"), against(f"{what}: p99", p99, unit="ms", most=SLOWER)]


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
    return Heard(acks, float(said["rate"]), count - kept, time.monotonic() - ended)


def _acks(stage: Stage, seconds: float) -> Acks:
    """Slack's events for so long, second by second, for the host to be watched."""
    lost = quiet = 0
    each: list[float] = []
    calm = True
    for _ in range(round(seconds)):
        during, before = Stolen(), calm
        heard = stage.slack.ask(do="blast", count=SLACK_RATE, rate=SLACK_RATE)
        lost += heard["lost"]
        calm = during.share() <= QUIET
        if calm and before:
            quiet += 1
            each += heard["each"]
    return Acks(lost, each, quiet / round(seconds))


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
