"""The least that an export needs: read the rows of the database, write them in a format, and nothing else.

    python -m bench.bare FORMAT DATABASE OUT

What the product does beyond it (order by question, sections, wording, safety, atomic files) is what its ratio pays for.
"""

import csv
import json
import sqlite3
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any, TextIO

Rows = Iterator[Mapping[str, Any]]
_TAGS = {"b": "strong", "i": "em", "s": "s", "c": "code", "p": "pre", "q": "blockquote"}


def rows(database: Path) -> Rows:
    """Every message in the order of its thread and time, with its reactions and its author's id."""
    connection = sqlite3.connect(database)
    connection.row_factory = sqlite3.Row
    given: dict[int, dict[str, int]] = {}
    for ident, name, count in connection.execute(
        "SELECT message_id, name, sum(count) FROM reaction WHERE count > 0 GROUP BY message_id, name"
    ):
        given.setdefault(ident, {})[name] = count
    query = (
        "SELECT m.*, i.platform_id AS who, i.role FROM message m LEFT JOIN identity i ON i.id = m.identity_id "
        "ORDER BY m.question, COALESCE(m.thread, m.platform_id), m.posted_at"
    )
    for row in connection.execute(query):
        yield {**dict(row), "reactions": given.get(row["id"], {})}


def as_jsonl(messages: Rows, out: TextIO) -> None:
    """The contract's keys by the general encoder."""
    for one in messages:
        record = {
            "type": "message", "id": str(one["id"]), "platform": one["platform"], "platform_id": one["platform_id"],
            "author": {"id": f"{one['platform']}:{one['who']}", "name": one["author"], "role": one["role"]},
            "text": one["text"], "posted_at": _iso(one["posted_at"]),
            "edited_at": _iso(one["edited_at"]) if one["edited_at"] else None, "deleted": bool(one["deleted_at"]),
            "question": one["question"], "filed_by": one["filed_by"], "confidence": one["confidence"],
            "late": bool(one["late"]), "reply_to": one["reply_to"], "thread": one["thread"],
            "reactions": one["reactions"], "links": _links(one),
        }  # fmt: skip
        out.write(json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n")


def as_csv(messages: Rows, out: TextIO) -> None:
    """The product's columns, nothing defused."""
    writer = csv.writer(out)
    for one in messages:
        at = datetime.fromtimestamp(one["posted_at"] / 1e6, UTC)
        reactions = " ".join(f"{name} {count}" for name, count in one["reactions"].items())
        writer.writerow([
            one["question"], f"{at:%Y-%m-%d %H:%M:%S}", one["author"], one["role"], one["text"], "\n".join(_links(one)),
            one["files"], reactions, one["confidence"], one["platform"], one["platform_id"], one["thread"],
            _iso(one["posted_at"]),
        ])  # fmt: skip


def as_markdown(messages: Rows, out: TextIO) -> None:
    """A paragraph a message, with its looks and no escaping but of what begins a mark."""
    for one in messages:
        at = datetime.fromtimestamp(one["posted_at"] / 1e6, UTC)
        said = "".join(_marked(span) for span in _spans(one)).replace("\n", "\n  ")
        reactions = " ".join(f"{name} {count}" for name, count in one["reactions"].items())
        out.write(f"- **{one['author']}** {at:%H:%M}: {said}{'  ' + reactions if reactions else ''}\n")


def as_html(messages: Rows, out: TextIO) -> None:
    """An article a message, with its looks."""
    out.write('<!doctype html><meta charset="utf-8"><title>Debate</title>\n')
    for one in messages:
        at = datetime.fromtimestamp(one["posted_at"] / 1e6, UTC)
        said = "".join(_tagged(span) for span in _spans(one)).replace("\n", "<br>")
        reactions = "".join(f"<li>{escape(name)} {count}</li>" for name, count in one["reactions"].items())
        out.write(
            f'<article id="m{one["id"]}"><p><b>{escape(one["author"])}</b> <a href="#m{one["id"]}"><time '
            f'datetime="{at.isoformat()}">{at:%H:%M}</time></a></p><div>{said}</div><ul>{reactions}</ul></article>\n'
        )


def _spans(one: Mapping[str, Any]) -> list[list[str]]:
    found: list[list[str]] = json.loads(one["rich"]) if one["rich"] else [["", one["text"]]]
    return found


def _links(one: Mapping[str, Any]) -> list[str]:
    return [span[2] for span in _spans(one) if len(span) > 2]


def _tagged(span: list[str]) -> str:
    said = escape(span[1])
    for style in span[0]:
        tag = _TAGS.get(style)
        said = f"<{tag}>{said}</{tag}>" if tag else f'<a href="{escape(span[2])}">{said}</a>'
    return said


def _marked(span: list[str]) -> str:
    said = span[1].translate(_MARKS)
    for style in span[0]:
        said = f"[{said}]({span[2]})" if style == "l" else f"**{said}**" if style == "b" else f"*{said}*"
    return said


_MARKS = str.maketrans({letter: f"\\{letter}" for letter in "\\`*_[]<>#|"})


def _iso(micros: int) -> str:
    return datetime.fromtimestamp(micros / 1e6, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


WRITERS: Mapping[str, Callable[[Rows, TextIO], None]] = {
    "jsonl": as_jsonl, "csv": as_csv, "md": as_markdown, "html": as_html,
}  # fmt: skip


if __name__ == "__main__":
    form, database, target = sys.argv[1:]
    with Path(target).open("w", encoding="utf-8") as file:
        WRITERS[form](rows(Path(database)), file)
