"""What stands behind `make bench`: made-up data that never changes, honest pairs, and a page that keeps what it has."""

import json
import os
import sys
from pathlib import Path

from handlers.x import posts

from bench import __main__ as runner
from bench import data, report, x_source
from bench.measure import Pair, Row, against, held, percentile, run, spread
from bench.x_stream_source import Source

SMALL = data.Shape(messages=400, channels=3, people=20)


def test_community_is_the_same_at_every_run() -> None:
    """Two communities of a shape say the same words at the same times, in as many channels and threads as asked for."""
    one, other = data.Community(SMALL).posts, data.Community(SMALL).posts
    assert one == other
    assert len(one) == 400
    assert {post.channel for post in one} == {0, 1, 2}
    assert sum(post.thread is not None for post in one) / len(one) > 0.85


def test_export_holds_every_message_once(tmp_path: Path) -> None:
    """The day files of an export have all posts of the community, in its channels or in a single one."""
    community = data.Community(SMALL)
    for channels, folders in ((None, {"canal-0", "canal-1", "canal-2"}), (1, {"canal-0"})):
        export = community.export(tmp_path / str(channels), channels=channels)
        days = list(export.glob("canal-*/*.json"))
        found = [message["ts"] for day in days for message in json.loads(day.read_text(encoding="utf-8"))]
        assert {day.parent.name for day in days} == folders
        assert sorted(found) == [post.ts for post in community.posts]


def test_archive_of_x_holds_every_post_once(tmp_path: Path) -> None:
    """In pages, the newest first, and each run writes the same bytes."""
    community = data.Community(SMALL)
    once, again = (x_source.archive(community, tmp_path / name) for name in ("a", "b"))
    pages = [json.loads(line) for line in once.read_text(encoding="utf-8").splitlines()]

    assert [post["id"] for page in pages for post in page["data"]] == [
        x_source.ident(post) for post in reversed(community.posts)
    ]
    assert once.read_bytes() == again.read_bytes()


def test_both_tellings_of_a_message_have_the_same_words() -> None:
    """A message in blocks says what it says in mrkdwn."""
    parts = [data.Part("text", "a & b "), data.Part("bold", "c"), data.Part("link", "d", "https://e.example/")]
    assert data.mrkdwn(parts) == "a &amp; b *c*<https://e.example/|d>"
    assert [one.get("text") for one in data.blocks(parts)[0]["elements"][0]["elements"]] == ["a & b ", "c", "d"]


def test_lean_x_says_what_our_ears_understand() -> None:
    """Its lines are posts with the fields that we ask for, none twice: with the hashtag, or under the question."""
    source = Source(people=20)
    source.rules = [{"id": "7", "value": "#Carga -is:retweet", "tag": "tertulia:carga"}]
    source.posts = [{"id": "42", "text": "P1 ¿Qué cambia?"}]
    lines = [posts.line(raw) for raw in source.lines(40)]
    heard = [line.post for line in lines if line.post is not None]
    assert [line.missing for line in lines] == [()] * 40
    assert len({post.id for post in heard}) == 40
    assert {post.tags for post in heard} == {("tertulia:carga",)}
    assert [post.replied_to for post in heard] == [None, "42"] * 20
    assert [post.text.endswith(" #Carga") for post in heard] == [True, False] * 20


def test_ratio_is_held_to_its_median() -> None:
    """One slow pair does not fail a goal that most pairs meet."""
    row = against("x", [Pair(1.0, 2.0), Pair(1.0, 2.0), Pair(9.0, 2.0)], most=0.5)
    assert (row.ratio, row.goal, row.met) == ("0.50 / 0.50 / 4.50 (n=3)", "ratio ≤ 0.5", True)
    assert held("x", [3.0, 1.0, 2.0], "s", below=2.0).met is False


def test_figures_are_short_and_percentiles_are_of_the_values() -> None:
    """Three figures are the least, the median and the most; a percentile is one of the values themselves."""
    assert spread([12345.6, 0.05, 12.34], "ms") == "0.05 / 12.3 / 12,346 ms"
    assert [percentile(list(range(100)), share) for share in (0.5, 0.99)] == [50, 99]


def test_process_is_measured_without_its_parents_memory(tmp_path: Path) -> None:
    """A small process is small however large the one that started it is."""
    ballast = bytearray(os.urandom(1 << 20) * 200)
    ran = run([sys.executable, "-S", "-c", "print('hola')"], cwd=tmp_path)
    assert ran.out == "hola\n"
    assert ran.mib < 60 < len(ballast) / 2**20


def test_page_keeps_the_sections_of_other_runs(tmp_path: Path) -> None:
    """Measuring one thing again leaves the figures of the others where they were, in the order of the table."""
    page, order = tmp_path / "RESULTS.md", list(runner.BENCHES)
    report.write(page, "search", "Search", [Row("p50", "1 ms")], seconds=1, order=order)
    report.write(page, "cli", "Starting up", [Row("help", "2 s", goal="< 1 s", met=False)], seconds=1, order=order)
    report.write(page, "search", "Search", [Row("p50", "3 ms")], seconds=1, order=order)
    lines = page.read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line.startswith("## ")] == ["## Starting up", "## Search"]
    assert [line for line in lines if line.startswith(("| help", "| p50"))] == [
        "| help | 2 s | — | — | < 1 s | **no** |",
        "| p50 | 3 ms | — | — | — | — |",
    ]
