"""An archive of X of 100,000 posts into our log, search index included, beside ``twarc-csv`` on the same file."""

from pathlib import Path

from bench import peers, x_source
from bench.measure import ROOT, TERTULIA, Job, Ran, Row, against, held, pairs, run

# What is wanted at least, on the machine of the results (posts a second).
LEAST = 10_000


def measure(job: Job) -> list[Row]:
    """Whole processes: ``tertulia import x-archive`` and ``twarc2 csv``."""
    tool = peers.python_tool("twarc2")
    posts = x_source.archive(job.community, job.folder("x"))
    memory: list[float] = []

    def ours() -> float:
        ran = imported(job, posts)
        memory.append(ran.mib)
        return ran.seconds

    def peer() -> float:
        home = job.folder("twarc-csv")
        # It asks for a key before it does anything, though a conversion needs none.
        config = home / "config"
        config.write_text('bearer_token = "none"\n', encoding="utf-8")
        argv = [str(tool), "--config", str(config), "csv", "--hide-progress", str(posts), str(home / "posts.csv")]
        return run(argv, cwd=home, env={"HOME": str(home)}).seconds

    taken = pairs(ours, peer, job.size.pairs)
    count = job.size.shape.messages
    return [
        against("import with search index, against twarc-csv of the same file", taken, most=0.33),
        held("posts a second", [count / pair.ours for pair in taken], "/s", least=LEAST),
        held("import, peak memory", memory, "MiB"),
    ]


def imported(job: Job, posts: Path) -> Ran:
    """One import into a new database."""
    home = job.folder("import")
    env = {"TERTULIA_DATABASE_URL": f"sqlite:///{home / 'tertulia.db'}", "PYTHONPATH": str(ROOT)}
    return run([*TERTULIA, "import", "x-archive", str(posts), "--hashtag", x_source.TAG], cwd=home, env=env)
