"""The clock with 10,000 cues planned: how soon it is ready, how late cues are, how soon a post is on the wire.

And with 100,000: what a tick costs in which nothing is due, and how late cues are of which 200 fall due in one second.

The bot is ``tertulia run``; the cues are those of real debates, planned while it runs, with hours of half a minute.
"""

import asyncio
import re
import sqlite3
import time
from collections.abc import Container, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from bot.actions import plan
from bot.debate import Pace
from bot.debatefile import DebateFile
from bot.ports import OPERATOR
from bot.store import debates
from bot.store.engine import Store, Tx
from bot.writer import Writer
from schedules.runner import Runner

from bench import data, stock
from bench.measure import Job, Row, against, held, pairs, percentile, remark
from bench.running import bot, child
from bench.slack_events import connected, slack

# A debate of five questions has this many cues.
CUES = 18
# What is planned is planned this long before it is due, and so much for each, so that the planning itself is over.
AHEAD, EACH = timedelta(seconds=8), timedelta(milliseconds=50)
SHORT = Pace(
    minutes=timedelta(seconds=24), first=timedelta(seconds=4), every=timedelta(seconds=4), grace=timedelta(seconds=2),
    warning=timedelta(seconds=1), wrap_up=timedelta(0), label=timedelta(seconds=2), announce=timedelta(0), reminders=(),
)  # fmt: skip


def measure(job: Job) -> list[Row]:
    """The start, quiet lateness, lateness of a burst, and the way to Slack."""
    database = job.folder("cues") / "planned.db"
    count = _planned(database, job.size.cues)
    return [
        *_ready(job, database, "the cues"),
        *_lateness(job, database, "one after the other", _staggered(job.size.due), quiet=True),
        *_lateness(job, database, f"{job.size.burst} debates opening at one instant", [0.0] * job.size.burst),
        *_wire(job),
        remark(f"{count:,} cues planned"),
        *_many(job, database),
    ]


def _many(job: Job, planned: Path) -> list[Row]:
    database = job.folder("cues") / "years.db"
    with closing(sqlite3.connect(planned)) as few, closing(sqlite3.connect(database)) as many:
        few.backup(many)
    count = _multiplied(database, job.size.years)
    ticks = _ticks(database, job.size.ticks)
    burst = [number / job.size.same_second for number in range(job.size.same_second)]
    return [
        Row(
            "a tick, nothing due: p50, p99, most", _three(ticks), "", "", "p99 < 5 ms", percentile(ticks, 0.99) < 0.005
        ),
        *_ready(job, database, f"{count:,} cues"),
        *_lateness(job, database, f"{len(burst)} due in the same second", burst),
    ]


def _multiplied(database: Path, times: int) -> int:
    """Every debate of the database is there so many times, each a day later; returns how many cues are planned."""
    with closing(sqlite3.connect(database)) as found, found:
        step = found.execute("SELECT max(id) FROM debate").fetchone()[0]
        for copy in range(1, times):
            day, apart = copy * 86_400_000_000, copy * step
            later = {name: f"{name} + {day}" for name in ("starts_at", "ends_at", "due_at")}
            # Else the bot would move each of them back to the hour that was promised.
            later["local_at"] = f"substr(strftime('%Y-%m-%dT%H:%M:%S', local_at, '+{copy} days'), 1, length(local_at))"
            mine = {
                "debate_id": f"debate_id + {apart}",
                "slug": f"slug || '-year-{copy}'",
                "address": f"address || '-{copy}'",
            }
            for table in ("debate", "cue", "place", "question"):
                columns = {**later, **mine, "id": f"id + {apart}" if table == "debate" else "NULL"}
                names = [row[1] for row in found.execute(f"PRAGMA table_info({table})")]
                values = ", ".join(columns.get(name, name) for name in names)
                where = "id" if table == "debate" else "debate_id"
                found.execute(f"INSERT INTO {table} SELECT {values} FROM {table} WHERE {where} <= {step}")
        return int(found.execute("SELECT count(*) FROM cue WHERE state = 'planned'").fetchone()[0])


def _ticks(database: Path, count: int) -> list[float]:
    """How long the clock took each time it looked, in a bot's own way: by another thread, and nothing was due."""

    async def look() -> list[float]:
        store = Store(f"sqlite:///{database}")
        writer = Writer(store)
        writer.start()
        runner, taken = Runner(store, writer, stock.HOUSE, now=lambda: datetime.now(UTC)), []
        for _ in range(count):
            began = time.perf_counter()
            await runner.look()
            taken.append(time.perf_counter() - began)
        writer.stop()
        store.close()
        return taken

    return asyncio.run(look())


def _planned(database: Path, cues: int) -> int:
    """Debates over the next years have so many cues in a new database."""
    store = stock.empty(database)
    start = datetime.now(UTC).replace(microsecond=0) + timedelta(days=30)

    def add(tx: Tx) -> None:
        for number in range(-(-cues // CUES)):
            file = stock.debate_file(f"Debate {number}", start + timedelta(hours=3 * number), Pace())
            plan.add(tx, file, house=stock.HOUSE, actor=OPERATOR, now=datetime.now(UTC))

    store.write(add)
    store.close()
    with closing(sqlite3.connect(database)) as found:
        return int(found.execute("SELECT count(*) FROM cue WHERE state = 'planned'").fetchone()[0])


def _ready(job: Job, planned: Path, name: str) -> list[Row]:
    empty = job.folder("cues") / "empty.db"
    stock.empty(empty).close()

    def started(database: Path) -> float:
        with bot(job.folder("run"), _on(database)) as running:
            return running.ready

    taken = pairs(lambda: started(planned), lambda: started(empty), job.size.pairs)
    more = [max(0.0, pair.ours - pair.peer) for pair in taken]
    return [
        against(f"start until healthy with {name}, against the same without any", taken),
        held(f"what {name} add to the start", more, "s", below=1.0),
    ]


def _lateness(job: Job, database: Path, name: str, starts: Sequence[float], *, quiet: bool = False) -> list[Row]:
    with bot(job.folder("run"), _on(database)):
        ids = _held(database, starts)
    late = [done_at - due_at for _, _, due_at, done_at in _done(database, ids)]
    worst = percentile(late, 0.99)
    rows = [Row(f"lateness of {len(late)} cues, {name}: p50, p99, most", _three(late), "", "", "p99 < 1 s", worst < 1)]
    if quiet:
        rows.append(Row("the same, as a quiet hour", _three(late), "", "", "p99 ≤ 50 ms", worst <= 0.05))
    return rows


def _wire(job: Job) -> list[Row]:
    """From when a question is due until it stands at the stand-in, each debate in a channel of its own."""
    home = job.folder("wire")
    database = home / "tertulia.db"
    stock.empty(database).close()
    with child("slack_source", "10", str(job.size.wire)) as source, bot(home, slack(source)):
        connected(source, 1)
        ids = _held(database, _staggered(job.size.wire), in_slack=True)
        posts = source.ask(do="posts")["posts"]
    due = {(data.channel(ids[debate]), key): due_at for debate, key, due_at, _ in _done(database, ids)}
    late = []
    for post in posts:
        asked = re.match(r"\W*P(\d+)\b", post["text"])
        at = due.get((post["channel"], f"ask:{asked[1]}")) if asked else None
        if at is not None:
            late.append(post["at"] - at)
    if not late:
        return [remark("no question was seen on the wire")]
    name = f"from due to the wire, {len(late)} questions: p50, p99, most"
    return [Row(name, _three(late), "", "", "p99 < 100 ms", percentile(late, 0.99) < 0.1)]


def _on(database: Path) -> dict[str, str]:
    return {"TERTULIA_DATABASE_URL": f"sqlite:///{database}"}


def _staggered(count: int) -> list[float]:
    return [0.37 * number for number in range(count)]


def _held(database: Path, starts: Sequence[float], *, in_slack: bool = False) -> dict[int, int]:
    """Debates that begin these seconds from soon on were planned beside the running bot, and are over.

    Each id comes with its place in the list, which is its Slack channel too.
    """
    store = Store(f"sqlite:///{database}")
    first = datetime.now(UTC) + AHEAD + len(starts) * EACH
    ids: dict[int, int] = {}
    for number, after in enumerate(starts):
        at = first + timedelta(seconds=after)
        # A debate starts at a whole second; the fraction goes into its pace, and so into every question.
        pace = replace(SHORT, first=SHORT.first + timedelta(microseconds=at.microsecond))
        where = data.channel(number) if in_slack else ""
        file = stock.debate_file(f"Pronto {number}", at, pace, slack=where, questions=4)
        ids[store.write(partial(_add, file=file))] = number
    store.close()
    over = first + timedelta(seconds=max(starts)) + SHORT.minutes + SHORT.grace + timedelta(seconds=3)
    time.sleep((over - datetime.now(UTC)).total_seconds())
    return ids


def _add(tx: Tx, file: DebateFile) -> int:
    return debates.ident(plan.add(tx, file, house=stock.HOUSE, actor=OPERATOR, now=datetime.now(UTC)))


def _done(database: Path, ids: Container[int]) -> list[tuple[int, str, float, float]]:
    """The cues of these debates that were done: debate, key, when due, when done (Unix seconds)."""
    query = "SELECT debate_id, key, due_at / 1e6, done_at / 1e6 FROM cue WHERE state = 'done'"
    with closing(sqlite3.connect(database)) as log:
        return [row for row in log.execute(query) if row[0] in ids]


def _three(seconds: Sequence[float]) -> str:
    figures = (percentile(seconds, 0.5), percentile(seconds, 0.99), max(seconds))
    return f"{' / '.join(f'{figure * 1000:,.1f}' for figure in figures)} ms"
