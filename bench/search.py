"""Search over a large log: newest first and by rank, beside the bare index that it stands on."""

import random
import sqlite3
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from bot import analyser
from bot.store.engine import Store
from bot.store.search import search

from bench import data, stock
from bench.measure import Job, Pair, Row, against, percentile, remark, spread

RUNS = 3


def measure(job: Job) -> list[Row]:
    """Latencies of the same questions put to the product and to the bare index, in turn."""
    path = job.folder("search") / "search.db"
    stock.large_debate(path, job.community)
    store = Store(f"sqlite:///{path}")
    asked = questions(job.size.queries)
    found = sum(bool(_asked(store, words)) for words in asked)
    rows = _latencies(store, path, asked)
    rows += _by_rank(store, asked)
    store.close()
    told = f"{len(asked)} questions over {job.size.shape.messages:,} messages, {found} of them answered; {RUNS} runs"
    return [*rows, remark(told)]


def questions(count: int) -> list[str]:
    """Words as people look for them: common, rare, two together, one that everybody says, one that nobody does."""
    rng = random.Random(data.SEED)
    words = data.vocabulary()
    kinds: Sequence[Callable[[], str]] = (
        lambda: words[rng.randrange(30)],
        lambda: words[rng.randrange(data.WORDS // 4, data.WORDS)],
        lambda: f"{words[rng.randrange(200)]} {rng.choice(('cliente', 'confianza', 'encuestas'))}",
        lambda: rng.choice(("cliente", "experiencia", "Confianza", "líderes", "esperas", "métrica")),
        lambda: f"zzz{rng.randrange(99)}",
    )
    return [kinds[number % len(kinds)]() for number in range(count)]


def _latencies(store: Store, path: Path, asked: Sequence[str]) -> list[Row]:
    bare = sqlite3.connect(path)
    ours: list[list[float]] = []
    raw: list[list[float]] = []
    for _ in range(RUNS):
        ours.append([_timed(partial(_asked, store, words)) for words in asked])
        raw.append([_timed(partial(_bare, bare, words)) for words in asked])
    bare.close()
    medians = [Pair(percentile(a, 0.5), percentile(b, 0.5)) for a, b in zip(ours, raw, strict=True)]
    tails = [Pair(percentile(a, 0.99), percentile(b, 0.99)) for a, b in zip(ours, raw, strict=True)]
    rows = [
        against("newest first p50, against bare FTS5 of rows alone", medians, unit="ms"),
        against("newest first p99, against bare FTS5 of rows alone", tails, unit="ms"),
    ]
    goals = (5.0, 30.0)
    met = [percentile([pair.ours for pair in taken], 0.5) for taken in (medians, tails)]
    return [
        Row(row.what, row.ours, row.peer, row.ratio, f"< {goal:g} ms", figure < goal)
        for row, goal, figure in zip(rows, goals, met, strict=True)
    ]


def _by_rank(store: Store, asked: Sequence[str]) -> list[Row]:
    taken = [[_timed(partial(_asked, store, words, by_rank=True)) for words in asked] for _ in range(RUNS)]
    medians = spread([percentile(one, 0.5) for one in taken])
    return [Row("by rank p50; p99", f"{medians}; {spread([percentile(one, 0.99) for one in taken], 'ms')}")]


def _asked(store: Store, words: str, *, by_rank: bool = False) -> object:
    with store.read() as tx:
        return search(tx, words, by_rank=by_rank)


def _bare(connection: sqlite3.Connection, words: str) -> object:
    """What the product asks the index, without anything around it."""
    match = " AND ".join("(" + " OR ".join(f'"{term}"' for term in group) + ")" for group in analyser.query(words))
    query = (
        "SELECT m.id, m.author, m.text, m.posted_at FROM (SELECT rowid FROM message_fts WHERE message_fts MATCH ? "
        "ORDER BY rowid DESC LIMIT 20) f JOIN message m ON m.id = f.rowid"
    )
    return connection.execute(query, (match,)).fetchall()


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000
