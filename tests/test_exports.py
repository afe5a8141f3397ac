"""Every export of one small debate, compared with its golden file byte for byte.

After a wanted change of a format: ``TERTULIA_WRITE_GOLDEN=1 pytest tests/test_exports.py``, and read the difference.
"""

import csv
import json
import os
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO, StringIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from bot import errors, richtext
from bot.exports import as_csv, as_html, formats
from bot.exports.sections import sections
from bot.ports import Attachment
from bot.transcript import Asked, Gap, Head, Line, Queued, Transcript
from bot.words.catalogue import Words

GOLDEN = Path(__file__).with_name("golden")
START = datetime(2027, 1, 14, 18, 0, tzinfo=UTC)


def at(minute: int, second: int = 0) -> datetime:
    """So many minutes into the debate."""
    return START + timedelta(minutes=minute, seconds=second)


HEAD = Head(
    id="7",
    slug="quien-es-el-cxo",
    title="¿Quién es el <b>CXO</b>?",
    hashtag="MeetAlfaro",
    host="Elena",
    locale="es",
    timezone="Europe/Madrid",
    phase="closed",
    starts_at=START,
    opened_at=at(0, 1),
    closed_at=at(60) + timedelta(microseconds=123_456),  # as a real clock closes it
    questions=[
        Asked(1, "¿Qué perfil necesita un CXO?", at(10), answer="Escucha.\nY *datos*.", messages=6),
        Asked(3, "¿Y el presupuesto?", at(20), messages=0),
        Asked(2, "¿De quién depende?\n(y <script>por qué</script>)", at(30), "", "audience", "Marta", 3),
    ],
    queue=[
        Queued("¿Y en las pymes?", "declined", "=Pau", 3, "Ya se habló de ello"),
        Queued("¿Qué es un *NPS*?", "pending", "", 1),
    ],
    gaps=[
        Gap("slack", at(12), at(14), closed=True),
        Gap("room", at(40), at(41), closed=False),
        Gap("x", at(50), None, closed=False),
    ],
    people=5,
    messages=12,
)

LINE = Line(
    id=1,
    platform="slack",
    platform_id="1799953200.000100",
    author_id="slack:U1",
    author="Ana",
    role="member",
    text="",
    rich=None,
    files=(),
    posted_at=at(1),
    edited_at=None,
    deleted=False,
    question=1,
    filed_by="label",
    confidence="certain",
    conflict=False,
    late=False,
    reply_to=None,
    thread=None,
    reactions={},
    depth=0,
)

LINES = [
    LINE._replace(
        id=1, text="¡Hola a todos! 👋🏽 Soy Ana", posted_at=at(1, 5), question=None, filed_by="time", confidence="guess"
    ),
    LINE._replace(
        id=2,
        author="Elena",
        role="host",
        author_id="room:elena",
        platform="room",
        platform_id="r2",
        text="R1. Escuchar.\n- y medir\n1. y volver",
        posted_at=at(11),
        reactions={"+1": 3, "🎉": 1},
    ),
    LINE._replace(
        id=3,
        text='<script>alert("x")</script> & <img src=x onerror=alert(1)>',
        posted_at=at(11, 30),
        thread="r2",
        reply_to="r2",
        depth=1,
        filed_by="thread",
    ),
    LINE._replace(
        id=4,
        text='=HYPERLINK("http://malo.example";"pulsa")',
        posted_at=at(12),
        edited_at=at(12, 20),
        confidence="guess",
        filed_by="time",
    ),
    LINE._replace(
        id=5,
        author="@marta_\u202egnp",
        text="bueno\u202egpj.exe y \x1b[31mrojo\x00",
        posted_at=at(
            12,
            30,
        ),
        conflict=True,
    ),
    LINE._replace(
        id=6,
        text="Mirad la web y el código:\nimport this\nEso dijo\nfin",
        posted_at=at(13),
        rich=[
            ("", "Mirad "),
            ("bl", "la web", "https://a.example/?a=1&b=(2)"),
            ("", " y "),
            ("i", "el código"),
            ("", ":\n"),
            ("p", "import this"),
            ("", "\n"),
            ("q", "Eso dijo"),
            ("", "\nfin"),
        ],
        files=(Attachment("informe <1>.pdf", "application/pdf"), Attachment("+foto.png")),
    ),
    LINE._replace(
        id=7,
        author="",
        text="",
        deleted=True,
        posted_at=at(14),
        platform="x",
        platform_id="987",
        author_id="x:55",
        thread="987",
    ),
    LINE._replace(
        id=8,
        author="＝Luis",
        text="Depende: https://b.example/x_y, ¿no?",
        posted_at=at(31),
        question=2,
        reactions={"eyes": 2},
    ),
    LINE._replace(id=9, author="", text="", deleted=True, posted_at=at(32), question=2),
    LINE._replace(
        id=10, text="# no es un título\n> ni una cita\nsnake_case 2*3*4 _x_", posted_at=at(70), late=True, question=2
    ),
    LINE._replace(
        id=11,
        role="bot",
        author="Avisos",
        text="",
        files=(Attachment("acta.txt", "text/plain"),),
        posted_at=at(55),
        question=None,
        filed_by="hand",
    ),
    LINE._replace(id=12, text="\t-1+1", posted_at=at(60 * 24), question=None, confidence="likely"),
]


def transcript(lines: list[Line] | None = None, head: Head = HEAD) -> Transcript:
    """The small debate, or other lines of it."""

    def again() -> Iterator[Line]:
        return iter(LINES if lines is None else lines)

    return Transcript(head, again)


def written(name: str, what: Transcript | None = None) -> bytes:
    """The export in a format."""
    out = BytesIO()
    formats.named(name).write(what or transcript(), out, Words("es"))
    return out.getvalue()


@pytest.mark.parametrize("name", ["jsonl", "md", "html", "csv", "txt"])
def test_export_equals_its_golden_file(name: str) -> None:
    """Whoever changes a format sees what changes for its readers."""
    golden = GOLDEN / f"debate.{name}"
    if os.environ.get("TERTULIA_WRITE_GOLDEN"):
        golden.write_bytes(written(name))
    assert written(name).decode() == golden.read_bytes().decode()


def test_sections_keep_the_order_of_asking_and_the_silent_questions() -> None:
    """What was said before the first question comes first; a question that nobody answered has its place."""
    got = [(section.anchor, [line.id for line in lines]) for section, lines in sections(transcript())]
    assert got == [("antes", [1]), ("p1", [2, 3, 4, 5, 6, 7]), ("p3", []), ("p2", [8, 9, 10]), ("otros", [11, 12])]


def test_sections_of_a_debate_in_which_nobody_spoke() -> None:
    """The questions stand there all the same."""
    assert [section.anchor for section, _ in sections(transcript([]))] == ["p1", "p3", "p2"]


def test_jsonl_keeps_the_contract() -> None:
    """Exactly the promised keys in front, times with Z, a deleted message without text, name and X post id."""
    records = [json.loads(line) for line in written("jsonl").splitlines()]
    assert list(records[0])[:12] == [
        "type",
        "id",
        "title",
        "hashtag",
        "host",
        "timezone",
        "starts_at",
        "opened_at",
        "closed_at",
        "questions",
        "people",
        "messages",
    ]
    assert [list(asked)[:3] for asked in records[0]["questions"]] == [["number", "text", "asked_at"]] * 3
    messages = [record for record in records if record["type"] == "message"]
    assert [message["id"] for message in messages] == [str(line.id) for line in LINES]
    for message in messages:
        assert list(message)[:18] == [
            "type",
            "id",
            "platform",
            "platform_id",
            "author",
            "text",
            "posted_at",
            "edited_at",
            "deleted",
            "question",
            "filed_by",
            "confidence",
            "late",
            "reply_to",
            "thread",
            "reactions",
            "links",
            "conflict",
        ]
        assert list(message["author"]) == ["id", "name", "role"]
        assert re.fullmatch(r"2027-01-1\dT\d\d:\d\d:\d\dZ", message["posted_at"])
    on_x, on_slack = messages[6], messages[8]
    assert (on_x["text"], on_x["author"], on_x["platform_id"], on_x["thread"]) == (
        None,
        {"id": None, "name": None, "role": "member"},
        None,
        None,
    )
    assert (on_slack["text"], on_slack["author"]["name"], on_slack["platform_id"]) == (None, None, LINE.platform_id)
    assert messages[3]["text"] == LINES[3].text
    assert messages[4]["text"] == LINES[4].text
    assert messages[5]["links"] == ["https://a.example/?a=1&b=(2)"]
    assert messages[1]["reactions"] == {"+1": 3, "🎉": 1}
    assert records[-1] == {"type": "gap", "platform": "x", "from": "2027-01-14T18:50:00Z", "to": None, "closed": False}
    assert [record["type"] for record in records] == ["debate"] + ["message"] * 12 + ["gap"] * 3


@given(st.text(max_size=30), st.text(max_size=10))
def test_jsonl_reads_back_any_text(text: str, name: str) -> None:
    """Whatever was said comes back the same through a JSON reader, on a line of its own."""
    line = LINE._replace(text=text, author=name, reactions={name: 1})
    rows = written("jsonl", transcript([line])).decode().split("\n")
    message = json.loads(rows[1])
    assert (message["text"], message["author"]["name"], message["reactions"]) == (text, name, {name: 1})
    assert len(rows) == 1 + 1 + 3 + 1


def test_csv_reads_back_with_every_cell_harmless() -> None:
    """A reader of CSV gets the rows back; what Excel could take for a formula begins with an apostrophe."""
    data = written("csv")
    assert data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(StringIO(data.decode("utf-8-sig"), newline=""), strict=True))
    assert [len(row) for row in rows] == [13] * 13
    texts = [row[4] for row in rows[1:]]
    assert texts[3] == "'" + LINES[3].text
    assert texts[9] == LINES[9].text
    assert texts[11] == "'\t-1+1"
    assert [row[2] for row in rows[1:]][4:8] == ["'@marta_[U+202E]gnp", "Ana", "", "'＝Luis"]
    assert rows[1][1] == "2027-01-14 19:01:05"
    for row in rows:
        for cell in row:
            assert not re.match(r"[\s\x00-\x20\u200b\ufeff]*[=+\-@＝＋－＠]|[\t\r]", cell), cell


@given(st.text(max_size=30), st.text(max_size=10))
def test_csv_reads_back_any_text(text: str, name: str) -> None:
    """Whatever was said stands in its own cell, as it is shown, at most behind an apostrophe."""
    rows = written("csv", transcript([LINE._replace(text=text, author=name)])).decode("utf-8-sig")
    _, row = csv.reader(StringIO(rows, newline=""), strict=True)
    assert (row[2], row[4]) == (as_csv.defused(name), as_csv.defused(text))
    assert row[4].removeprefix("'") == richtext.visible(text).removeprefix("'")


@pytest.mark.parametrize(
    "cell", ["=1", " =1", "\u200b@x", "\ufeff+1", "\x00-1", "＝1", "\n=1", "\t", "\rx", "−1", "\xa0=1"]
)
def test_csv_defuses(cell: str) -> None:
    """Formulas, also hidden behind what nobody sees."""
    assert as_csv.defused(cell).startswith("'")


def test_html_runs_nothing_but_its_own() -> None:
    """One file: no address is loaded, the policy names its style and script by hash, and nothing said is markup."""
    html = written("html").decode()
    assert as_html.content_security_policy() in html
    assert re.findall(r"<script[^>]*>", html) == ["<script>"]
    assert not re.search(r"(?<![\w-])(?:src|srcset|action|style|on\w+)\s*=\s*[\"']", html)
    assert not re.search(r"<(?:link|img|iframe|form|object|base)\b", html)
    assert re.findall(r'href="(?!#)([^"]*)"', html) == [
        "http://malo.example",
        "https://a.example/?a=1&amp;b=(2)",
        "https://b.example/x_y",
    ]
    assert "\u202e" not in html


def test_html_has_an_anchor_for_every_message_and_question() -> None:
    """Each link within the page leads somewhere, and no name is given twice."""
    html = written("html").decode()
    ids = re.findall(r'\bid="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', html)) <= set(ids)
    assert {f"m{line.id}" for line in LINES} <= set(ids)


def test_html_of_each_debates_own_policy_is_the_same() -> None:
    """The hashes are of the page's fixed parts, so that a server can send the policy as a header."""
    policy = as_html.content_security_policy()
    html = written("html", transcript([])).decode()
    assert f'content="{policy}"' in html


def test_markdown_says_what_was_said() -> None:
    """A Markdown reader finds three levels of ours and no heading, quote, list or element of theirs."""
    html = MarkdownIt("commonmark").render(written("md").decode())
    assert re.findall(r"<h(\d)>", html) == ["1"] + ["2"] * 7
    assert "<script>" not in html
    assert "<img" not in html
    assert "<p># no es un título<br" not in html
    assert "# no es un título" in html
    assert "&gt; ni una cita" in html


def test_every_export_hides_what_was_deleted() -> None:
    """No format has a word of a deleted message, even where its row still had some."""
    ghost = LINE._replace(
        deleted=True,
        text="SECRETO https://secreto.example",
        author="NADIE",
        files=(Attachment("SECRETO.pdf"),),
        rich=[("b", "SECRETO")],
        platform="x",
        platform_id="IDX",
    )
    for name in ("jsonl", "md", "html", "csv", "txt"):
        data = written(name, transcript([ghost])).decode().lower()
        assert "secreto" not in data
        assert "nadie" not in data
        assert "idx" not in data.replace("aria-", "")


class English:
    """A catalogue that marks each sentence it was asked for."""

    locale = "en"

    def __call__(self, sentence: str, /, **fields: object) -> str:
        """The sentence between marks, its fields filled."""
        return f"⟦{sentence.format(**fields)}⟧"


@pytest.mark.parametrize("name", ["md", "html", "csv", "txt"])
def test_export_speaks_its_readers_language(name: str) -> None:
    """Every word of ours goes through the catalogue, and dates are the reader's; what people said stays as it was."""
    out = BytesIO()
    formats.named(name).write(transcript(), out, English())
    told = out.getvalue().decode()
    spanish = re.sub(r"(?s)<style>.*?</style>|<script>.*?</script>", "", told)
    while "⟦" in spanish:
        spanish = re.sub(r"⟦[^⟦⟧]*⟧", "", spanish)
    for word in (
        "Mensaje",
        "mensajes",
        "Archivo",
        "Preguntada",
        "pendiente",
        "editado",
        "sin escucha",
        "Fuera",
        "Conduce",
    ):
        assert word not in spanish
    assert ("Thursday, 14 January 2027" in told) is (name != "csv")
    assert ('<html lang="en">' in told) is (name == "html")
    assert "Escuchar" in told


def test_pdf_holds_the_debate() -> None:
    """A tagged PDF with title and language; everything that acts in Typst is set as text."""
    pytest.importorskip("typst")
    hostile = LINE._replace(
        text='#panic("x") $a$ *b* _c_ `d` @e <f> \\ #read("/etc/passwd") // no\n= no', author="#panic()"
    )
    data = written("pdf", transcript([*LINES, hostile]))
    assert data.startswith(b"%PDF-")
    assert b"/Lang" in data
    assert b"/StructTreeRoot" in data
    assert written("pdf", transcript([*LINES, hostile])) == data
    longer = written("pdf", transcript([*LINES, *[hostile._replace(id=number) for number in range(100, 400)]]))
    assert len(longer) > len(data) + 10_000


def test_pdf_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Typst the reader learns what is missing."""
    monkeypatch.setitem(sys.modules, "typst", None)
    with pytest.raises(errors.BadExport, match="tertulia-debates"):
        written("pdf")


def test_format_that_there_is_not() -> None:
    """The formats that there are get named."""
    with pytest.raises(errors.BadExport, match="html, md, txt, csv, jsonl, pdf"):
        formats.named("docx")
