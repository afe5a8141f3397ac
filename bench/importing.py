"""A Slack export of 100,000 messages into our log, search index included, beside the same messages into bare SQLite."""

import json
from pathlib import Path

from bench import peers
from bench.measure import ROOT, TERTULIA, Job, Ran, Row, against, held, pairs, run


def measure(job: Job) -> list[Row]:
    """Whole processes: ``tertulia import slack-export`` and ``sqlite-utils insert``."""
    tool = peers.python_tool("sqlite-utils")
    export = job.export(channels=1)
    lines = job.folder("rows") / "rows.jsonl"
    _flat(export, lines)
    memory: list[float] = []

    def ours() -> float:
        ran = imported(job, export)
        memory.append(ran.mib)
        return ran.seconds

    def peer() -> float:
        home = job.folder("sqlite-utils")
        argv = [str(tool), "insert", "rows.db", "messages", str(lines), "--nl", "--pk", "ts", "--alter"]
        return run(argv, cwd=home).seconds

    taken = pairs(ours, peer, job.size.pairs)
    return [
        against("import with search index, against sqlite-utils insert of the same rows without", taken, most=1.0),
        held("messages a second", [job.size.shape.messages / pair.ours for pair in taken], "/s"),
        held("import, peak memory", memory, "MiB"),
    ]


def imported(job: Job, export: Path) -> Ran:
    """One import into a new database."""
    home = job.folder("import")
    env = {"TERTULIA_DATABASE_URL": f"sqlite:///{home / 'tertulia.db'}", "PYTHONPATH": str(ROOT)}
    return run([*TERTULIA, "import", "slack-export", str(export), "--channel", "canal-0"], cwd=home, env=env)


def _flat(export: Path, out: Path) -> None:
    """Every message of the export on a line, with all its keys, as ``sqlite-utils`` wants them."""
    with out.open("w", encoding="utf-8") as file:
        for day in sorted(export.glob("canal-*/*.json")):
            for message in json.loads(day.read_text(encoding="utf-8")):
                file.write(json.dumps({"channel": day.parent.name, **message}, ensure_ascii=False) + "\n")
