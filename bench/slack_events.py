"""Slack events from the socket to the commit to the acknowledgement, beside a bare Bolt app that does nothing at all.

The bot is ``tertulia run`` as it is: ears, intake, log, search index, room and clock, on two connections. Bot, peer and
generator are processes of their own on the same machine, without TLS or a network between them.
"""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from bench import data, dispatch, stock
from bench.measure import Job, Pair, Row, Stolen, against, held, remark, spread
from bench.running import Child, bot, child, worked
from bench.slack_source import APP_TOKEN, BOT_TOKEN

PEOPLE = 1_096
WIDTH = 64
# The bot opens its second connection half a minute after the first.
SECOND_CONNECTION = 40.0
GOALS = {200: 25.0, 1000: 50.0}
"""p99 in ms by events a second."""


class Stage(NamedTuple):
    """Somebody who listens: the Slack that is heard, the listener's process, and its database where it has one."""

    source: Child
    pid: int
    database: Path = Path()


class Flood(NamedTuple):
    """How many events a second were taken at most, and the microseconds of work for each."""

    rate: float
    work: float


def measure(job: Job) -> list[Row]:
    """Latency at a steady rate, saturation, and what each listener costs."""
    rows: list[Row] = []
    for rate, seconds in job.size.events:
        rows += _steady(job, rate, seconds)
    count, times = job.size.saturation
    taken = [(_flooded(_ours(job), count), _flooded(_peer(), count)) for _ in range(times)]
    rates = [Pair(ours.rate, peer.rate) for ours, peer in taken]
    works = [Pair(ours.work, peer.work) for ours, peer in taken]
    return [
        *rows,
        against(
            f"saturation ({WIDTH} under way), against bare Bolt with one empty listener", rates, unit="/s", least=0.6
        ),
        against("work for each event, all threads, against bare Bolt's", works, unit="µs"),
        *dispatch.measure(job),
    ]


def slack(source: Child) -> dict[str, str]:
    """The settings of a bot that lives in the source's workspace."""
    return {"SLACK_BOT_TOKEN": BOT_TOKEN, "SLACK_APP_TOKEN": APP_TOKEN, "SLACK_API_URL": source.hello["url"]}


def connected(source: Child, wanted: int, *, seconds: float = SECOND_CONNECTION) -> int:
    """How many connections there are, once there are as many as wanted or the time is over."""
    deadline = time.monotonic() + seconds
    while (found := int(source.ask(do="connections")["connections"])) < wanted and time.monotonic() < deadline:
        time.sleep(0.1)
    return found


def _steady(job: Job, rate: int, seconds: float) -> list[Row]:
    count = int(rate * seconds)
    taken: list[tuple[dict[str, Any], dict[str, Any]]] = []
    stolen: list[float] = []
    with _ours(job) as ours, _peer() as peer:
        before = _messages(ours.database)
        for _ in range(job.size.pairs):
            during = Stolen()
            heard = ours.source.ask(do="blast", count=count, rate=rate)
            stolen.append(during.share())
            taken.append((heard, peer.source.ask(do="blast", count=count, rate=rate)))
        kept = _messages(ours.database) - before
    name = f"{rate}/s for {seconds:g} s"
    lost = sum(one["lost"] for one, _ in taken) + len(taken) * count - kept
    p50, beside = ([Pair(one[which], other[which]) for one, other in taken] for which in ("p50", "p99"))
    p99 = held(f"{name}: p99 from socket to ack", [pair.ours for pair in beside], "ms", below=GOALS[rate])
    told = against("", beside, unit="ms")
    reached, again = ([one[which] for one, _ in taken] for which in ("rate", "again"))
    return [
        Row(
            f"{name}: lost (peer: bare Bolt, which commits nothing)", str(lost), str(sum(o["lost"] for _, o in taken)),
            "", "0", lost == 0,
        ),
        against(f"{name}: p50 from socket to ack", p50, unit="ms"),
        Row(p99.what, p99.ours, told.peer, told.ratio, p99.goal, p99.met),
        remark(
            f"{name}: {min(reached):.0f}/s reached ours ({sum(again)} sent again); "
            f"the host took away {spread(stolen, '%')} of the processors meanwhile"
        ),
    ]  # fmt: skip


def _flooded(stage: AbstractContextManager[Stage], count: int) -> Flood:
    with stage as (source, pid, _):
        before = worked(pid)
        rate = float(source.ask(do="flood", count=count, width=WIDTH)["rate"])
        return Flood(rate, (worked(pid) - before) / count * 1e6)


@contextmanager
def _ours(job: Job) -> Iterator[Stage]:
    """A bot with a debate that is open, on two connections (in a quick run on one), warm."""
    home = job.folder("slack")
    database = home / "tertulia.db"
    store = stock.empty(database)
    stock.opened(store, "Carga", slack=data.channel(0))
    store.close()
    with child("slack_source", str(PEOPLE), "1") as source, bot(home, slack(source)) as running:
        connected(source, 1 if job.size.quick else 2)
        source.ask(do="blast", count=500, rate=250)
        yield Stage(source, running.pid, database)


@contextmanager
def _peer() -> Iterator[Stage]:
    """A bare Bolt app, warm."""
    with child("slack_source", str(PEOPLE), "1") as source, child("bolt_peer", source.hello["url"]) as peer:
        connected(source, 1)
        source.ask(do="blast", count=500, rate=250)
        yield Stage(source, peer.pid)


def _messages(database: Path) -> int:
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as log:
        return int(log.execute("SELECT count(*) FROM message").fetchone()[0])
