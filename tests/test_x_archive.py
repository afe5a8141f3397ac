"""What was saved of a hashtag on X becomes a closed debate: whatever wrote it down, in whatever order, however often.

After a wanted change of a format: ``TERTULIA_WRITE_GOLDEN=1 pytest tests/test_x_archive.py``, and read the difference.
"""

import gzip
import json
import multiprocessing
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot import analyser, errors
from bot.actions import imports, log
from bot.ports import OPERATOR, House, Platform
from bot.store import debates
from bot.store.engine import Store, Tx
from handlers.x import ahead, archive, posts
from handlers.x.archive import Left, Wanted

from tests.console import Answer, Terminal, tertulia

__all__ = ["tertulia"]

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data" / "x" / "twarc-csv"
GOLDEN = Path(__file__).parent / "golden"
WRITE_GOLDEN = bool(os.environ.get("TERTULIA_WRITE_GOLDEN"))  # the terminal of the tests forgets our settings
NOW = datetime(2027, 1, 20, 12, tzinfo=UTC)
SEVEN = datetime(2026, 1, 13, 18, tzinfo=UTC)  # seven in the evening in Madrid

USERS = [
    {"id": "7", "name": "Elena", "username": "elena_x"},
    {"id": "42", "name": "Ana 🌱", "username": "ana_x"},
    {"id": "43", "name": "Luis", "username": "luis_x"},
]
NOBODY = "En {path} no hay publicaciones de X (JSON Lines de la API v2 o de twarc: un fichero o una carpeta con ellos)."


def ident(minute: float) -> str:
    """The id of a post made so many minutes after seven."""
    return posts.id_at(SEVEN + timedelta(minutes=minute))


def post(minute: float, author: str, text: str, **more: Any) -> dict[str, Any]:
    """A post object of that minute; ``to`` answers the post of a minute in the conversation ``within``; ``quotes``."""
    me = ident(minute)
    refs = [
        {"type": kind, "id": ident(more.pop(word))}
        for kind, word in (("replied_to", "to"), ("quoted", "quotes"), ("retweeted", "retweets"))
        if word in more
    ]
    within = more.pop("within", None)
    told = {
        "id": me, "author_id": author, "text": text, "edit_history_tweet_ids": [me],
        "created_at": f"{SEVEN + timedelta(minutes=minute):%Y-%m-%dT%H:%M:%S}.000Z",
        "conversation_id": me if within is None else ident(within),
    }  # fmt: skip
    return told | ({"referenced_tweets": refs} if refs else {}) | more


def answer(*data: Mapping[str, Any], **includes: Any) -> str:
    """A line as twarc writes an answer of the API, with everybody's profile."""
    return json.dumps({"data": data, "includes": {"users": USERS, **includes}, "meta": {"result_count": len(data)}})


def streamed(one: Mapping[str, Any]) -> str:
    """A line of the stream, in the vocabulary of 2026, without profiles."""
    names = {"referenced_tweets": "referenced_posts", "edit_history_tweet_ids": "edit_history_post_ids"}
    names["note_tweet"] = "note_post"
    told = {names.get(key, key): value for key, value in one.items()}
    return json.dumps({"data": told, "matching_rules": [{"id": "1", "tag": "c1:tag"}]})


def flattened(one: Mapping[str, Any]) -> str:
    """A post as ``twarc2 flatten`` writes it."""
    author = next(user for user in USERS if user["id"] == one["author_id"])
    return json.dumps({**one, "author": author, "__twarc": {"version": "2.14.0"}})


FIRST = post(10, "7", "P1: ¿Qué es un CXO? #MeetAlfaro #CX")
SECOND = post(20, "7", "P2. ¿Y de quién depende? #MeetAlfaro")
LONG = "R2 " + "Depende de quien lo mire. " * 14 + "Fin & final. #meetalfaro"
SEARCHED = [
    # The newest first, as search tells them.
    post(31, "43", "RT @elena_x: P2. ¿Y de quién…", retweets=20),
    post(30, "42", "R2 esto no se ve #MeetAlfaro", withheld={"copyright": False, "country_codes": ["XX"]}),
    post(26, "43", "R1 tarde, pero llego #MEETALFARO"),
    post(24, "42", LONG[:270] + "…", note_tweet={"text": LONG}),
    post(23, "43", "No pongo etiqueta https://t.co/q", quotes=20, entities={
        "urls": [{"url": "https://t.co/q", "expanded_url": f"https://x.com/elena_x/status/{ident(20)}"}],
    }),
    SECOND,
    post(12, "43", "@elena_x @ana_x ¿seguro?", to=11, within=10),
    post(11, "42", "@elena_x Un puesto", to=10, within=10),
    FIRST,
]  # fmt: skip
STREAMED = [
    post(9, "42", "Otra cosa #MeetAlfaroX y https://es.example/#meetalfaro"),
    post(1, "7", "¡Bienvenidos! #MeetAlfaro", attachments={"media_keys": ["3_1"]}),
    post(26, "43", "R1 tarde, pero llego #MEETALFARO"),
]
EDITED = post(12, "43", "@elena_x @ana_x ¿seguro, seguro?", to=11, within=10) | {
    "id": ident(13), "created_at": "2026-01-13T18:13:00.000Z", "edit_history_tweet_ids": [ident(12), ident(13)],
}  # fmt: skip
LATER = post(14, "42", "@luis_x Segura", to=13, within=10)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One hour on X, saved three ways: by search, by the stream until its connection broke, flattened by twarc."""
    root = tmp_path / "archivo"
    root.mkdir()
    counts = json.dumps({"data": [], "meta": {"total_tweet_count": 9}})
    (root / "1.jsonl").write_text(f"{answer(*SEARCHED)}\n{counts}\n\n", encoding="utf-8")
    lines = [*map(streamed, STREAMED), streamed(SECOND)[:80]]
    (root / "2.jsonl.gz").write_bytes(gzip.compress("\r\n".join(lines).encode()))
    flat = [flattened(EDITED), flattened(LATER), '{"esto": "no', '{"id": "1", "text": "de nadie"}', "[]", "7"]
    (root / "3.json").write_text("\n".join(flat) + "\n", encoding="utf-8")
    (root / "notas.txt").write_text("nada", encoding="utf-8")
    return root


def chat(folder: Path, **wanted: Any) -> tuple[archive.Chat, Left]:
    """What the archive holds of the hashtag, and what was left out."""
    left = Left()
    return archive.chat(folder, Wanted("meetalfaro", **wanted), left), left


def brought(tertulia: Terminal, path: Path, *more: str) -> Answer:
    """The command has been asked to bring the hashtag."""
    return tertulia("import", "x-archive", str(path), "--hashtag", "#MeetAlfaro", *more)


def write(folder: Path, name: str, *lines: str) -> Path:
    """A file of these lines."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    return folder


# --- what is read ----------------------------------------------------------------------------------------------------


def test_talk_is_what_carries_the_hashtag_its_conversations_and_its_quotes(folder: Path) -> None:
    """In order of time, each post once in its newest version, whichever file had it."""
    found, left = chat(folder)

    assert [(one.author.name, one.text) for one in found.said] == [
        ("Elena", "¡Bienvenidos! #MeetAlfaro"),
        ("Elena", "P1: ¿Qué es un CXO? #MeetAlfaro #CX"),
        ("Ana 🌱", "Un puesto"),
        ("Luis", "¿seguro, seguro?"),
        ("Ana 🌱", "Segura"),
        ("Elena", "P2. ¿Y de quién depende? #MeetAlfaro"),
        ("Luis", "No pongo etiqueta"),
        ("Ana 🌱", LONG),
        ("Luis", "R1 tarde, pero llego #MEETALFARO"),
    ]
    assert left == Left(retweets=1, others=1, withheld=1, strange=3, cut=1)


def test_edit_is_known_by_its_first_version_wherever_it_is_named(folder: Path) -> None:
    """Who answered the second version answers the post."""
    found, _ = chat(folder)
    by_text = {one.text: one for one in found.said}

    assert by_text["¿seguro, seguro?"].id == ident(12)
    assert by_text["¿seguro, seguro?"].edited_at == SEVEN + timedelta(minutes=13)
    assert by_text["Segura"].reply_to == ident(12)


def test_older_version_read_later_changes_nothing(tmp_path: Path) -> None:
    """Whatever the order of the files: the newest version is what the post says."""
    old = post(12, "43", "antes #MeetAlfaro")
    new = old | {"id": ident(13), "text": "después #MeetAlfaro", "edit_history_tweet_ids": [ident(12), ident(13)]}
    orders = [
        write(tmp_path / name, "a.jsonl", answer(*pair)) for name, pair in {"1": (old, new), "2": (new, old)}.items()
    ]

    assert [[one.text for one in chat(path)[0].said] for path in orders] == [["después #MeetAlfaro"]] * 2


def test_post_that_stands_only_beside_others_is_of_the_talk(tmp_path: Path) -> None:
    """Who asked for a conversation alone was not given its root; a stranger beside it is not counted as left out."""
    stranger = post(5, "43", "nada que ver")
    root = post(10, "7", "P1: ¿Qué? #MeetAlfaro")
    path = write(
        tmp_path / "a", "a.jsonl", answer(post(11, "42", "@x algo", to=10, within=10), tweets=[root, stranger])
    )

    assert [one.text for one in chat(path)[0].said] == ["P1: ¿Qué? #MeetAlfaro", "algo"]
    assert chat(path)[1] == Left()


def test_root_that_twarc_put_inside_its_answer_is_of_the_talk(tmp_path: Path) -> None:
    """Flattened, it stands in the reference."""
    root = post(10, "7", "P1: ¿Qué? #MeetAlfaro")
    reply = post(11, "42", "@x algo", to=10, within=10)
    reply["referenced_tweets"] = [{"type": "replied_to", **root}]

    assert [one.text for one in chat(write(tmp_path / "a", "a.jsonl", flattened(reply)))[0].said] == [
        "P1: ¿Qué? #MeetAlfaro",
        "algo",
    ]


def test_post_that_was_withheld_later_is_not_said(tmp_path: Path) -> None:
    """One file still had it, another one knows better."""
    seen = post(10, "42", "algo #MeetAlfaro")
    hidden = seen | {"withheld": {"copyright": True, "country_codes": ["ES"]}}
    path = write(tmp_path / "a", "a.jsonl", answer(hidden), answer(seen, post(11, "42", "más #MeetAlfaro")))

    assert [one.text for one in chat(path)[0].said] == ["más #MeetAlfaro"]


def test_window_is_of_the_talk_and_not_of_what_joins_it(folder: Path) -> None:
    """An answer inside it counts, though the question that has the hashtag lies before."""
    found, _ = chat(folder, start=SEVEN + timedelta(minutes=11), end=SEVEN + timedelta(minutes=12))

    assert [one.text for one in found.said] == ["Un puesto"]


def test_names_are_found_wherever_they_were_told(tmp_path: Path) -> None:
    """The stream has no profiles; where no file has them, nobody is given a name that is none."""
    one, two = post(10, "42", "uno #MeetAlfaro"), post(11, "99", "dos #MeetAlfaro")
    path = write(tmp_path / "a", "a.jsonl", streamed(one), streamed(two), answer(post(1, "42", "otra")))

    assert [said.author.name for said in chat(path)[0].said] == ["Ana 🌱", ""]


@pytest.mark.parametrize("host", ["elena_x", "@Elena_X", "7"])
def test_labelled_posts_of_the_host_are_the_questions(folder: Path, host: str) -> None:
    """By handle or by number; without their label and hashtags."""
    found, _ = chat(folder, host=host)

    assert [(one.number, one.words, one.said.id) for one in found.questions] == [
        (1, "¿Qué es un CXO?", ident(10)),
        (2, "¿Y de quién depende?", ident(20)),
    ]
    assert found.host == "Elena"


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("P3 ¿Por qué? #MeetAlfaro", [(3, "¿Por qué?")]),
        ("📌 #MeetAlfaro P3: ¿Por qué?", [(3, "¿Por qué?")]),
        ("«Q3» — Why? #MeetAlfaro", [(3, "Why?")]),
        ("Q3) Why #CX matters? #MeetAlfaro", [(3, "Why #CX matters?")]),
        ("Pregunta 3. ¿Por qué? #MeetAlfaro", [(3, "¿Por qué?")]),
        ("P.12/ ¿Por qué? #MeetAlfaro", [(12, "¿Por qué?")]),
        ("P0: nada #MeetAlfaro", []),
        ("P3 #MeetAlfaro", []),
        ("R3 Yo diría #MeetAlfaro", []),
        ("Para P3 esperad #MeetAlfaro", []),
        ("P3M es una empresa #MeetAlfaro", []),
    ],
)
def test_question_is_a_post_that_begins_with_its_label(tmp_path: Path, text: str, asked: list[tuple[int, str]]) -> None:
    """In the host's spellings."""
    found, _ = chat(write(tmp_path / "a", "a.jsonl", answer(post(10, "7", text))), host="elena_x")

    assert [(one.number, one.words) for one in found.questions] == asked


def test_question_is_asked_once_and_never_in_answer_to_somebody(tmp_path: Path) -> None:
    """The reminder of a question is none, nor is what the host says to a guest; a thread of the host's own is fine."""
    path = write(tmp_path / "a", "a.jsonl", answer(
        post(10, "7", "P1: uno #MeetAlfaro"), post(15, "7", "P1: recordad, uno #MeetAlfaro"),
        post(16, "42", "hola #MeetAlfaro"), post(17, "7", "@ana_x P3 llegará", to=16, within=16),
        post(20, "7", "P2: dos", to=10, within=10),
    ))  # fmt: skip

    assert [(one.number, one.said.id) for one in chat(path, host="elena_x")[0].questions] == [
        (1, ident(10)), (2, ident(20)),
    ]  # fmt: skip


# --- files that are not as they should be ----------------------------------------------------------------------------


def test_cut_gzip_keeps_what_it_had(tmp_path: Path) -> None:
    """A download that broke off."""
    lines = "".join(answer(post(minute, "42", f"n.º {minute} #MeetAlfaro")) + "\n" for minute in range(200))
    whole = gzip.compress(lines.encode())
    (tmp_path / "a.jsonl.gz").write_bytes(whole[: len(whole) // 2])
    found, left = chat(tmp_path / "a.jsonl.gz")

    assert 0 < len(found.said) < 200
    assert left == Left(cut=1)


def test_broken_gzip_is_named(tmp_path: Path) -> None:
    """Nothing of it can be trusted."""
    whole = bytearray(gzip.compress((answer(post(1, "42", "hola #MeetAlfaro")) + "\n").encode()))
    whole[12] ^= 0xFF
    whole[-6] ^= 0xFF
    (tmp_path / "a.jsonl.gz").write_bytes(whole)

    with pytest.raises(errors.BrokenFile, match=r"^No se entiende a\.jsonl\.gz: "):
        chat(tmp_path / "a.jsonl.gz")


def test_strange_line_in_the_middle_is_counted_and_told(tmp_path: Path) -> None:
    """Half a surrogate pair is not strange, only rare."""
    rare = answer(post(1, "42", "medio \ud83d par #MeetAlfaro"))
    found, left = chat(write(tmp_path / "a", "a.jsonl", '{"data": [{"id": "1', rare, "\ufeff", "nulo"))

    assert [one.text for one in found.said] == ["medio \ufffd par #MeetAlfaro"]
    assert left == Left(strange=2, cut=1)


def test_second_process_reads_the_same(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut in two anywhere, nothing is lost, nothing doubled."""
    big = [
        answer(*(post(minute / 60, "42", f"n.º {minute} #MeetAlfaro") for minute in range(at, at + 9)))
        for at in range(0, 900, 9)
    ]
    write(folder, "4.jsonl", *big)
    here = chat(folder, host="elena_x")
    monkeypatch.setattr(ahead, "LARGE", 0)
    left = Left()

    with ahead.Reader(folder) as reader:
        there = reader.chat(Wanted("meetalfaro", host="elena_x"), left)
        pieces = list(reader.batches(there.said, 100))
        terms = [reader.terms(one.text) for one in there.said]
    assert (there, left) == here
    assert [one for piece in pieces for one in piece] == there.said
    assert terms == [analyser.terms(one.text) for one in there.said]


@pytest.mark.parametrize("size", [1, 7, 64, 1000, 10**6])
def test_slices_of_an_archive_have_each_line_once(folder: Path, size: int) -> None:
    """An empty file has none, a gzip is one; whatever their size, the line that a file ends in is known to be cut."""
    here_cut = chat(folder)[1].cut
    (folder / "0.jsonl").write_bytes(b"")
    (folder / "5.jsonl").write_text(answer(post(9, "42", "Casi #MeetAlfaro"))[:-9], encoding="utf-8")
    half = post(24, "42", "R2 Depende de… #MeetAlfaro")  # as it stands beside another
    write(folder, "7.jsonl", answer(post(25, "43", "@ana_x Cierto", to=24, within=24), tweets=[half]))
    (folder / "6.jsonl.gz").write_bytes(gzip.compress(answer(post(9.5, "42", "Denso #MeetAlfaro")).encode()))
    whole = chat(folder, host="elena_x")
    left = Left()
    pile = archive.Pile(left)
    for stretch in archive.slices(archive.stretches(folder), size):
        later = archive.Pile(Left())
        archive.read([stretch], later, lambda _bytes: None)
        pile.join(later)

    assert (pile.chat(Wanted("meetalfaro", host="elena_x")), left) == whole
    assert left.cut == here_cut + 1


def test_an_archive_that_cannot_be_cut_is_read_by_one_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A gzip cannot be entered in its middle: a second process would read it alone while the first waits."""
    monkeypatch.setattr(ahead, "LARGE", 0)
    packed = tmp_path / "a.jsonl.gz"
    packed.write_bytes(gzip.compress(answer(post(1, "42", "Hola #MeetAlfaro")).encode() + b"\n"))

    with ahead.Reader(packed) as reader:
        assert multiprocessing.active_children() == []
        found = reader.chat(Wanted("meetalfaro"), Left())
    assert [one.text for one in found.said] == ["Hola #MeetAlfaro"]


@pytest.mark.parametrize("moment", ["at once", "with the slices in hand", "in the middle of a word"])
def test_second_process_that_is_ended_while_it_reads_leaves_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """What it had taken nobody has read: the import is refused, and nobody waits for it."""
    write(folder, "4.jsonl", *(answer(post(minute / 60, "42", "largo " * 40 + "#MeetAlfaro")) for minute in range(900)))
    monkeypatch.setattr(ahead, "LARGE", 0)
    monkeypatch.setattr(ahead, "PATIENCE_SECONDS", 0.05)
    with ahead.Reader(folder) as reader, ThreadPoolExecutor(1) as other:
        assert reader.pieces is not None
        assert reader.untaken is not None
        if moment == "in the middle of a word":
            assert reader.pieces.poll(30)  # more is under way than fits between them
        for process in multiprocessing.active_children():
            process.kill()
            process.join()
        if moment == "with the slices in hand":
            other.submit(reader.untaken.lock.acquire).result()
        with pytest.raises(errors.BrokenFile):
            reader.chat(Wanted("meetalfaro"), Left())


def test_second_process_that_is_ended_costs_nothing_but_time(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While it analyses."""
    monkeypatch.setattr(ahead, "LARGE", 0)
    monkeypatch.setattr(ahead, "PATIENCE_SECONDS", 0.05)
    with ahead.Reader(folder) as reader:
        found = reader.chat(Wanted("meetalfaro"), Left())
        for process in multiprocessing.active_children():
            process.kill()
            process.join()
        pieces = list(reader.batches(found.said, 2))
        assert [one for piece in pieces for one in piece] == found.said
        assert reader.terms("Debates") == analyser.terms("Debates")


def test_large_archive_becomes_the_same_debate(
    tertulia: Terminal, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command with two processes leaves the bytes that it leaves with one."""
    written = []
    for large, name in ((10**9, "uno"), (0, "dos")):
        monkeypatch.setattr(ahead, "LARGE", large)
        monkeypatch.setenv("TERTULIA_DATABASE_URL", f"sqlite:///{name}.db")
        assert brought(tertulia, folder, "--host", "7").out == "1\n"
        out = tertulia.folder / name
        tertulia("export", "1", "--format", "jsonl", "--out", str(out))
        written.append((out.read_bytes(), tertulia("search", "seguro", "--json").json))

    assert written[0] == written[1]


@pytest.mark.parametrize("cut", range(0, 330, 11))
def test_halves_of_an_archive_have_each_line_once(tmp_path: Path, cut: int) -> None:
    """Wherever the middle falls, at the end of a line or inside it."""
    path = write(tmp_path / "a", "a.jsonl", *(json.dumps({"n": n, "x": "ñ" * n}) for n in range(12))) / "a.jsonl"
    size = path.stat().st_size
    halves = [archive.Stretch(path, 0, cut), archive.Stretch(path, cut, size)]
    read = [line for half in halves for line in archive.lines(half, Left(), lambda _bytes: None)]

    assert read == [{"n": n, "x": "ñ" * n} for n in range(12)]


# --- the debate ------------------------------------------------------------------------------------------------------


def rows(tx: Tx, debate_id: int) -> list[dict[str, Any]]:
    """Every column of the messages but their ids, clocks and debate."""
    found = tx.conn.execute(
        sa.text("SELECT * FROM message WHERE debate_id = :id ORDER BY posted_at"), {"id": debate_id}
    )
    skipped = {"id", "rev", "debate_id", "tsv"}
    return [{key: value for key, value in row._mapping.items() if key not in skipped} for row in found]


def bring(store: Store, found: archive.Chat) -> int:
    """The talk has been imported; returns its debate."""
    asked = found.questions
    worded = {one.said.id: (one.number, one.words) for one in asked}
    origin = imports.Origin(Platform.X, "meetalfaro", "#MeetAlfaro", "", [one.said for one in asked], worded)
    done = store.write(
        lambda tx: imports.bring(tx, [found.said], origin, house=House(), actor=OPERATOR, now=NOW)
    )  # fmt: skip
    return done.debate_id


def test_import_makes_the_rows_that_hearing_makes(store: Store, folder: Path) -> None:
    """Without questions, two ways into the log have one outcome, to the last column."""
    found, _ = chat(folder)
    imported = bring(store, found)

    def heard(tx: Tx) -> int:
        like = debates.get(tx, imported)
        twin = type(like)(**like.model_dump(exclude={"id", "slug"}), slug="en-vivo")
        tx.session.add(twin)
        tx.session.flush()
        log.hear(tx, found.said, now=NOW, into=debates.ident(twin))
        return debates.ident(twin)

    live = store.write(heard)
    with store.read() as tx:
        assert rows(tx, imported) == rows(tx, live)


def test_answers_are_filed_as_x_tells(store: Store, folder: Path) -> None:
    """Reply, deeper reply, quote, label, late label; the welcome before the first question."""
    found, _ = chat(folder, host="elena_x")
    imported = bring(store, found)

    with store.read() as tx:
        filed = [(one["text"][:12], one["question"], one["filed_by"]) for one in rows(tx, imported)]
    assert filed == [
        ("¡Bienvenidos", None, "time"),
        ("P1: ¿Qué es ", 1, "thread"),
        ("Un puesto", 1, "thread"),
        ("¿seguro, seg", 1, "conversation"),
        ("Segura", 1, "conversation"),
        ("P2. ¿Y de qu", 2, "thread"),
        ("No pongo eti", 2, "quote"),
        ("R2 Depende d", 2, "label"),
        ("R1 tarde, pe", 1, "label"),
    ]


def test_number_of_a_question_is_that_of_its_label(store: Store, tmp_path: Path) -> None:
    """Where the first is missing, R2 still answers P2."""
    path = write(tmp_path / "a", "a.jsonl", answer(SECOND, post(21, "42", "R2 de nadie #MeetAlfaro")))
    imported = bring(store, chat(path, host="elena_x")[0])

    with store.read() as tx:
        assert [(one.number, one.text) for one in debates.questions(tx, imported)] == [(2, "¿Y de quién depende?")]
        assert [one["question"] for one in rows(tx, imported)] == [2, 2]


# --- the command -----------------------------------------------------------------------------------------------------


def test_command_prints_the_id_alone_and_tells_the_rest(tertulia: Terminal, folder: Path) -> None:
    """Scripts read the output, people the error."""
    got = brought(tertulia, folder, "--host", "elena_x")

    assert (got.code, got.out) == (0, "1\n")
    assert got.err == (
        "«#MeetAlfaro, 2026-01-13»: 9 mensajes de 3 personas, 2 preguntas. "
        "Sin traer: 1 reposts, 1 de otros temas, 1 retenidas por X, 3 que no se entienden. "
        "Ficheros cortados en su última línea: 1.\n"
    )
    shown = tertulia("debate", "show", "1", "--json").json
    assert (shown["phase"], shown["imported"], shown["places"]) == ("closed", True, ["x"])


@pytest.mark.parametrize("name", ["jsonl", "md"])
def test_transcript_of_an_archive_equals_its_golden_file(tertulia: Terminal, folder: Path, name: str) -> None:
    """From X's own payloads to what organisers read."""
    brought(tertulia, folder, "--host", "elena_x", "--title", "¿Qué es un CXO?")
    out = tertulia.folder / f"x.{name}"
    assert tertulia("export", "1", "--format", name, "--out", str(out)).code == 0
    golden = GOLDEN / f"x-archive.{name}"
    if WRITE_GOLDEN:
        golden.write_bytes(out.read_bytes())

    assert out.read_text(encoding="utf-8") == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("window", "count"),
    [(("--from", "2026-01-14"), None), (("--to", "2026-01-13"), 9), (("--from", "2026-01-13T19:20"), 4)],
)
def test_only_what_was_said_in_the_window_is_brought(
    tertulia: Terminal, folder: Path, window: tuple[str, ...], count: int | None
) -> None:
    """Days and hours are those of our zone."""
    got = brought(tertulia, folder, *window)

    if count is None:
        assert got.refusal == "Nadie dijo nada en «#MeetAlfaro» en ese tiempo. No se ha guardado nada."
    else:
        assert tertulia("debate", "show", "1", "--json").json["counts"]["messages"] == count


def test_same_archive_twice_is_refused_with_the_debate_it_is(tertulia: Terminal, folder: Path) -> None:
    """Nothing is stored a second time, nor is anything changed."""
    brought(tertulia, folder)
    before = tertulia("debate", "show", "1", "--json").json

    assert brought(tertulia, folder).refusal == (
        "Eso ya está en el registro: es el debate 1, «#MeetAlfaro, 2026-01-13». No se ha guardado nada por segunda vez."
    )
    assert tertulia("debate", "show", "1", "--json").json == before
    assert len(tertulia("debate", "list", "--json").json) == 1


def test_import_that_was_interrupted_leaves_nothing_and_can_be_done_again(
    tertulia: Terminal, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a debate never shows; the second attempt knows nothing of the first."""

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("bot.actions.imports._finish", interrupted)
        assert brought(tertulia, folder).code != 0
    assert tertulia("debate", "list", "--json").json == []

    assert brought(tertulia, folder).out.strip() == "1"


@pytest.mark.parametrize(
    ("path", "more", "refusal"),
    [
        ("nada", (), NOBODY.format(path="nada")),
        ("vacia", (), NOBODY.format(path="vacia")),
        ("otra.jsonl", (), NOBODY.format(path="otra.jsonl")),
        (
            "archivo", ("--host", "@Nadie"),
            "En el archivo no hay ninguna publicación de «nadie». Sus nombres de usuario solo constan si se guardaron "
            "también los perfiles; si no, vale el número de su cuenta.",
        ),
    ],
)  # fmt: skip
def test_wrong_path_or_host_is_refused(
    tertulia: Terminal, folder: Path, path: str, more: Sequence[str], refusal: str
) -> None:
    """With what was looked for."""
    (tertulia.folder / "vacia").mkdir()
    tertulia.write("otra.jsonl", '{"esto": "no es de X"}\n')

    assert folder.name == "archivo"
    assert brought(tertulia, Path(path), *more).refusal == refusal


@pytest.mark.parametrize("given", ["", "#", "dos palabras", "a.b"])
def test_what_is_no_hashtag_is_refused(tertulia: Terminal, folder: Path, given: str) -> None:
    """As a mistake of the command line."""
    got = tertulia("import", "x-archive", str(folder), "--hashtag", given)

    assert (got.code, got.out) == (2, "")
    assert f"«{given}» no es una etiqueta, por ejemplo #MeetAlfaro" in got.err


def test_forgotten_person_is_gone_from_what_was_imported(tertulia: Terminal, folder: Path) -> None:
    """No byte of what Luis said or was called is left, nor is the id of his post."""
    brought(tertulia, folder)
    assert tertulia("person", "forget", "x:43", "--yes").code == 0
    out = tertulia.folder / "x.jsonl"
    tertulia("export", "1", "--format", "jsonl", "--out", str(out))
    left = out.read_bytes() + b"".join(one.read_bytes() for one in tertulia.folder.glob("tertulia.db*"))

    assert [word for word in ("Luis", "seguro", "tarde, pero", "No pongo") if word.encode() in left] == []


def test_every_shared_archive_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Real files that twarc wrote, in one process and in two; the one cut line among them is known as such."""
    if not SHARED.is_dir():
        pytest.skip("the recorded archives are not here: ../shared/data/x/twarc-csv")
    first, second = Left(), Left()
    here = archive.chat(SHARED, Wanted("dogs"), first)
    monkeypatch.setattr(ahead, "LARGE", 0)

    with ahead.Reader(SHARED) as reader:
        assert reader.chat(Wanted("dogs"), second) == here
    assert (first, first.cut, bool(here.said)) == (second, 1, True)
