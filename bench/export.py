"""Exports of a large debate, each by a process of its own as a person would start it, beside its peers.

HTML against slack-archive and slack-export-viewer on the same messages, and against a bare writer of our own that does
the least that the work needs (``bench/bare.py``); Markdown, CSV and JSONL against bare writers.
"""

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bench import data, peers, stock
from bench.measure import ROOT, TERTULIA, Job, Pair, Ran, Row, Unavailable, against, held, pairs, run, skipped, spread

MOST_MIB = 300
# slack-archive took 2.45 / 2.88 / 3.24 times as long as a bare writer of HTML, in five pairs of November 2026. Where it
# cannot be had, that stands in for it: half of its time is this many times the bare writer's.
HALF_OF_SLACK_ARCHIVE = 1.44


def measure(job: Job) -> list[Row]:
    """Time and memory of every format."""
    home = job.folder("export")
    debate = stock.large_debate(home / "tertulia.db", job.community)
    rows = [*_html(job, home, debate)]
    for name in ("md", "csv", "jsonl"):
        taken = _pairs(job, home, debate, name)
        rows.append(against(f"{name}, against a bare writer", [Pair(a.seconds, b.seconds) for a, b in taken], most=1.5))
        rows.append(held(f"{name}, peak memory", [a.mib for a, _ in taken], "MiB", below=MOST_MIB))
    return rows


def ours(home: Path, debate: str, form: str) -> Ran:
    """Our export of a debate as a process of its own."""
    out = home / f"ours.{form}"
    env = {"TERTULIA_DATABASE_URL": f"sqlite:///{home / 'tertulia.db'}", "PYTHONPATH": str(ROOT)}
    return run([*TERTULIA, "export", debate, "--format", form, "--out", str(out)], cwd=home, env=env)


def _pairs(job: Job, home: Path, debate: str, form: str) -> list[tuple[Ran, Ran]]:
    bare = [sys.executable, "-m", "bench.bare", form, str(home / "tertulia.db"), str(home / f"bare.{form}")]
    return [(ours(home, debate, form), run(bare, cwd=ROOT)) for _ in range(job.size.pairs)]


def _html(job: Job, home: Path, debate: str) -> list[Row]:
    taken = _pairs(job, home, debate, "html")
    rate = [job.size.shape.messages / a.seconds for a, _ in taken]
    rows = [
        held("HTML, messages a second", rate, "/s", least=15_000),
        held("HTML, peak memory", [a.mib for a, _ in taken], "MiB", below=MOST_MIB),
        against(
            "HTML, against a bare writer (half of slack-archive's time is 1.44 of it, by the reference)",
            [Pair(a.seconds, b.seconds) for a, b in taken], most=HALF_OF_SLACK_ARCHIVE,
        ),
    ]  # fmt: skip
    todo: Sequence[tuple[str, float, int, Callable[[Job, Path], Callable[[], Ran]]]] = (
        ("slack-archive", 0.5, job.size.pairs, _slack_archive),
        ("slack-export-viewer", 0.1, job.size.slow_pairs, _slack_export_viewer),
    )
    for name, goal, count, prepared in todo:
        try:
            rows += _beside(name, goal, count, prepared(job, home), lambda: ours(home, debate, "html"))
        except Unavailable as why:
            rows.append(skipped(f"HTML, against {name}", why))
    return rows


def _beside(name: str, goal: float, count: int, peer: Callable[[], Ran], own: Callable[[], Ran]) -> list[Row]:
    memory: list[float] = []

    def seconds(start: Callable[[], Ran], keep: bool) -> float:
        ran = start()
        if keep:
            memory.append(ran.mib)
        return ran.seconds

    taken = pairs(lambda: seconds(own, False), lambda: seconds(peer, True), count)
    return [against(f"HTML, against {name}", taken, most=goal), Row(f"{name}, peak memory", spread(memory, "MiB"))]


def _slack_export_viewer(job: Job, home: Path) -> Callable[[], Ran]:
    tool = peers.python_tool("slack-export-viewer")
    export = job.export()
    argv = [str(tool), "-z", str(export), "--no-browser", "--html-only", "-o", str(home / "viewer")]
    return lambda: run(argv, cwd=home, seconds=1800)


def _slack_archive(job: Job, home: Path) -> Callable[[], Ran]:
    command = peers.slack_archive()
    _as_slack_archive(job.community, home / "slack-archive" / "data")
    options = ["--automatic", "--no-slack-connect", "--no-backup", "--no-search", "--no-file-download"]
    return lambda: run([*command, *options, "--force-html-generation"], cwd=home)


def _as_slack_archive(community: data.Community, folder: Path) -> None:
    """The community as slack-archive keeps it: newest first, replies inside their root."""
    folder.mkdir(parents=True)
    roots: dict[int, list[dict[str, Any]]] = {}
    by_ts: dict[tuple[int, int], dict[str, Any]] = {}
    for post in community.posts:
        told = data.message(post)
        if post.thread is None:
            roots.setdefault(post.channel, []).append(told)
            by_ts[post.channel, post.at] = told
        else:
            by_ts[post.channel, post.thread].setdefault("replies", []).append(told)
    for where, messages in roots.items():
        (folder / f"{data.channel(where)}.json").write_text(json.dumps(messages[::-1], indent=2, ensure_ascii=False))
    people = range(community.shape.people)
    users = {
        data.person(one): {"id": data.person(one), "name": data.name(one), "profile": {"real_name": data.name(one)}}
        for one in people
    }
    channels = [
        {"id": data.channel(one), "name": f"canal-{one}", "is_channel": True, "created": data.START}
        for one in sorted(roots)
    ]
    counts = {data.channel(one): {"messages": len(messages)} for one, messages in roots.items()}
    files = {"users": users, "channels": channels, "slack-archive": {"channels": counts}, "emojis": {}}
    for name, content in files.items():
        (folder / f"{name}.json").write_text(json.dumps(content, ensure_ascii=False))
