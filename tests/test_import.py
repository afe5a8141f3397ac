"""A channel of a Slack export becomes a closed debate, with the same rows that hearing it live would have made."""

import json
import zipfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.actions import imports, log, rebuild
from bot.ports import OPERATOR, Author, House, Platform, Said
from bot.store import debates
from bot.store.engine import Store, Tx
from bot.store.search import search
from handlers.slack import ahead, export

from tests.console import Answer, Terminal, tertulia

__all__ = ["tertulia"]

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data" / "slack-exports" / "bcneng-2020-05"
NOW = datetime(2027, 1, 20, 12, tzinfo=UTC)

NO_EXPORT = "no hay una exportación de Slack (una carpeta o un zip con un fichero por canal y día)."

USERS = [
    {"id": "U1", "name": "ana", "profile": {"display_name": "Ana"}},
    {"id": "U2", "name": "bea", "profile": {"real_name": "Bea Gil"}},
    {"id": "U3", "name": "avisos", "is_bot": True, "profile": {"real_name": "Avisos"}},
]


def said(seconds: int, user: str, text: str, **more: Any) -> dict[str, Any]:
    """A message as an export has it, so many seconds after the first day began; ``root`` puts it in a thread."""
    root = more.pop("root", None)
    threaded = {"thread_ts": ts(root)} if root is not None else {}
    return {"type": "message", "user": user, "ts": ts(seconds), "text": text, **threaded, **more}


def ts(seconds: int) -> str:
    """Slack's way to write that instant."""
    return f"{1_800_000_000 + seconds}.000100"


DAY_ONE = [
    said(0, "U1", "<@U1> joined", subtype="channel_join"),
    said(
        100, "U1", "¿Qué es un *CXO*?", root=100, reply_count=2, reactions=[{"name": "+1", "users": ["U2"], "count": 3}]
    ),
    said(160, "U2", "Un puesto, <@U1>", root=100, edited={"user": "U2", "ts": "1800000190.000000"}),
    said(170, "U3", "recordatorio", bot_id="B3"),
    said(180, "U2", "", files=[{"name": "plan.pdf", "mimetype": "application/pdf"}]),
]
DAY_TWO = [
    said(80_000, "U2", "R1 tarde, pero llego"),
    said(80_010, "U1", "¿Y de quién depende?", root=80_010, reply_count=1),
    said(80_020, "U1", "De quien manda", root=80_010),
    said(80_030, "U1", "tema", subtype="channel_topic"),
    {"type": "message", "ts": ts(80_040), "text": "de nadie"},
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small export: two days of #cx, and an empty #vacio."""
    root = tmp_path / "export"
    write_export(root, {"2027-01-15": DAY_ONE, "2027-01-16": DAY_TWO})
    return root


def write_export(root: Path, days: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
    """An export of one channel with these days."""
    for name in ("cx", "vacio"):
        (root / name).mkdir(parents=True)
    listed = [{"id": "C1", "name": "cx"}, {"id": "C2", "name": "vacio"}]
    (root / "channels.json").write_text(json.dumps(listed), encoding="utf-8")
    (root / "users.json").write_text(json.dumps(USERS), encoding="utf-8")
    for day, messages in days.items():
        (root / "cx" / f"{day}.json").write_text(json.dumps(messages), encoding="utf-8")


def bring(store: Store, folder: Path, *, roots: bool = False) -> imports.Imported:
    """#cx has been imported."""
    opened = export.read(folder)
    channel, window = opened.channel("cx"), export.Window()
    questions = opened.roots(channel, window) if roots else []
    origin = imports.Origin(Platform.SLACK, channel.id, "#cx", "", questions)
    days = opened.said(channel, window, export.Left())
    return store.write(lambda tx: imports.bring(tx, days, origin, house=House(), actor=OPERATOR, now=NOW))


def rows(tx: Tx, debate_id: int) -> tuple[list[Any], list[Any]]:
    """Every column of the messages but their ids, clocks and debate; and every reaction."""
    found = tx.conn.execute(
        sa.text("SELECT * FROM message WHERE debate_id = :id ORDER BY posted_at"), {"id": debate_id}
    )
    skipped = {"id", "rev", "debate_id", "tsv"}
    messages = [{key: value for key, value in row._mapping.items() if key not in skipped} for row in found]
    reactions = tx.conn.execute(
        sa.text(
            "SELECT m.platform_id, r.name, r.who, r.count, r.at FROM reaction r JOIN message m ON m.id = r.message_id "
            "WHERE m.debate_id = :id ORDER BY 1, 2, 3"
        ),
        {"id": debate_id},
    )
    return messages, [tuple(row) for row in reactions]


def heard_live(store: Store, heard: Sequence[Said], imported: int) -> int:
    """The same messages in a debate of their own, by the way of the live log; returns the debate."""

    def action(tx: Tx) -> int:
        like = debates.get(tx, imported)
        twin = type(like)(**like.model_dump(exclude={"id", "slug"}), slug="en-vivo")
        tx.session.add(twin)
        tx.session.flush()
        log.hear(tx, heard, now=NOW, into=debates.ident(twin))
        return debates.ident(twin)

    return store.write(action)


def test_import_makes_the_rows_that_hearing_makes(store: Store, folder: Path) -> None:
    """Two ways into the log, one outcome, to the last column."""
    done = bring(store, folder)
    opened = export.read(folder)
    heard = [one for day in opened.said(opened.channel("cx"), export.Window(), export.Left()) for one in day]
    live = heard_live(store, heard, done.debate_id)

    with store.read() as tx:
        assert rows(tx, done.debate_id) == rows(tx, live)


def test_import_is_found_by_search_and_keeps_the_index_in_step(store: Store, folder: Path) -> None:
    """What was brought is found; so is what is said afterwards, by the same index."""
    done = bring(store, folder)
    later = Said(
        Platform.SLACK,
        "C1",
        "1800090000.000100",
        Author("U1", "Ana"),
        "Mandando cartas",
        NOW,
    )
    store.write(lambda tx: log.hear(tx, [later], now=NOW, into=done.debate_id))

    with store.read() as tx:
        assert [hit.text for hit in search(tx, "mandar")] == ["Mandando cartas", "De quien manda"]
        assert [hit.text for hit in search(tx, "puestos")] == ["Un puesto, @Ana"]


def test_thread_roots_become_the_questions(store: Store, folder: Path) -> None:
    """Each root is a question, its thread the certain answers, a label counts, and the rest goes by time."""
    done = bring(store, folder, roots=True)

    with store.read() as tx:
        asked = [(one.number, one.text, one.state) for one in debates.questions(tx, done.debate_id)]
        filed = [
            (one["text"], one["question"], one["filed_by"], one["confidence"]) for one in rows(tx, done.debate_id)[0]
        ]
    assert asked == [(1, "¿Qué es un CXO?", "answered"), (2, "¿Y de quién depende?", "answered")]
    assert filed == [
        ("¿Qué es un CXO?", 1, "thread", "certain"),
        ("Un puesto, @Ana", 1, "thread", "certain"),
        ("recordatorio", 1, "time", "guess"),
        ("", 1, "time", "guess"),
        ("R1 tarde, pero llego", 1, "label", "certain"),
        ("¿Y de quién depende?", 2, "thread", "certain"),
        ("De quien manda", 2, "thread", "certain"),
    ]


def test_rebuild_of_an_import_changes_nothing(store: Store, folder: Path) -> None:
    """What is derived says the same when it is derived again from the log alone."""
    done = bring(store, folder, roots=True)

    def action(tx: Tx) -> rebuild.Rebuilt:
        return rebuild.rebuild(tx, debates.get(tx, done.debate_id))

    assert store.write(action) == rebuild.Rebuilt(messages=7, moved=0, reworded=0)


def test_message_that_is_there_twice_is_what_its_last_edit_says(store: Store, tmp_path: Path) -> None:
    """Exports that were joined by hand repeat a day."""
    first = said(100, "U1", "antes")
    again = said(100, "U1", "después", edited={"user": "U1", "ts": ts(200)})
    write_export(tmp_path / "e", {"2027-01-15": [first], "2027-01-15 (1)": [again]})
    done = bring(store, tmp_path / "e")

    with store.read() as tx:
        assert [row["text"] for row in rows(tx, done.debate_id)[0]] == ["después"]


def test_second_process_reads_the_same(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A large export crosses from the process that reads it without losing anything."""
    opened = export.read(folder)
    channel, window, left, right = opened.channel("cx"), export.Window(), export.Left(), export.Left()
    here = list(opened.said(channel, window, left))
    monkeypatch.setattr(ahead, "LARGE", 0)

    assert (list(ahead.said(folder, opened, channel, window, right)), right) == (here, left)


# --- the command -----------------------------------------------------------------------------------------------------


def brought(tertulia: Terminal, path: Path, *more: str) -> Answer:
    """The command has been asked to bring #cx."""
    return tertulia("import", "slack-export", str(path), "--channel", "cx", *more)


def test_command_prints_the_id_alone_and_tells_the_rest(tertulia: Terminal, folder: Path) -> None:
    """Scripts read the output, people the error."""
    answer = brought(tertulia, folder)

    assert (answer.code, answer.out) == (0, "1\n")
    assert answer.err == (
        "«#cx, 2027-01-15 – 2027-01-16»: 7 mensajes de 2 personas, 0 preguntas. "
        "Sin traer: 2 avisos del sistema, 1 que no se entienden.\n"
    )
    shown = tertulia("debate", "show", "1", "--json").json
    assert (shown["phase"], shown["imported"], shown["places"], shown["counts"]["people"]) == (
        "closed",
        True,
        ["slack"],
        2,
    )


def test_zip_with_a_folder_around_it_is_read_alike(tertulia: Terminal, folder: Path) -> None:
    """As people pack it by hand."""
    packed = tertulia.folder / "export.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for file in sorted(folder.rglob("*.json")):
            archive.write(file, Path("mi export") / file.relative_to(folder))

    assert brought(tertulia, packed, "--title", "De un zip").err.startswith("«De un zip»: 7 mensajes de 2 personas")


@pytest.mark.parametrize(
    ("window", "count"),
    [
        (("--from", "2027-01-16"), 3),
        (("--to", "2027-01-15"), 4),
        (("--from", "2027-01-15T09:02:50", "--to", "2027-01-15T09:03:01"), 2),
    ],
)
def test_only_what_was_said_in_the_window_is_brought(
    tertulia: Terminal, folder: Path, window: tuple[str, ...], count: int
) -> None:
    """Days are those of our zone, the last one included; times are to the second."""
    brought(tertulia, folder, *window)

    assert tertulia("debate", "show", "1", "--json").json["counts"]["messages"] == count


def test_same_export_twice_is_refused_with_the_debate_it_is(tertulia: Terminal, folder: Path) -> None:
    """Nothing is stored a second time."""
    brought(tertulia, folder)

    assert brought(tertulia, folder).refusal == (
        "Eso ya está en el registro: es el debate 1, «#cx, 2027-01-15 – 2027-01-16». "
        "No se ha guardado nada por segunda vez."
    )
    assert len(tertulia("debate", "list", "--json").json) == 1


def test_broken_day_is_named_and_nothing_is_stored(tertulia: Terminal, folder: Path) -> None:
    """The first day was fine, and is not kept either."""
    (folder / "cx" / "2027-01-16.json").write_text('[{"ts": ', encoding="utf-8")
    refusal = brought(tertulia, folder).refusal

    assert refusal.startswith("No se entiende cx/2027-01-16.json: Expecting value")
    assert tertulia("debate", "list", "--json").json == []


@pytest.mark.parametrize(
    ("path", "channel", "refusal"),
    [
        ("export", "xc", "En la exportación no hay ningún canal «xc». ¿Querías decir «cx»?"),
        ("export", "vacio", "Nadie dijo nada en «#vacio» en ese tiempo. No se ha guardado nada."),
        ("nada", "cx", f"En nada {NO_EXPORT}"),
        ("vacia", "cx", f"En vacia {NO_EXPORT}"),
    ],
)  # fmt: skip
def test_wrong_path_or_channel_is_refused(
    tertulia: Terminal, folder: Path, path: str, channel: str, refusal: str
) -> None:
    """With the nearest name where there is one."""
    (tertulia.folder / "vacia").mkdir()

    assert folder.name == "export"
    assert tertulia("import", "slack-export", path, "--channel", channel).refusal == refusal


def test_every_channel_of_a_real_community_is_brought(tertulia: Terminal) -> None:
    """Each message that somebody said is in the log, none is strange, and exports twice are the same bytes."""
    if not SHARED.is_dir():
        pytest.skip("the real community's export is not here: ../shared/data/slack-exports/bcneng-2020-05")
    opened = export.read(SHARED)
    messages = {}
    for name in opened.names():
        answer = tertulia("import", "slack-export", str(SHARED), "--channel", name, "--questions", "roots")
        if answer.code == 0:
            assert answer.err.endswith(", 0 que no se entienden.\n")
            messages[name] = tertulia("debate", "show", answer.out.strip(), "--json").json["counts"]["messages"]
        else:
            assert answer.refusal.startswith("Nadie dijo nada")
    left = export.Left()
    for name in opened.names():
        assert sum(map(len, opened.said(opened.channel(name), export.Window(), left))) == messages.get(name, 0)

    assert sum(messages.values()) + left.noise == 1320
    assert left.strange == 0
