"""What of X may be downloaded: so many objects a person and day, whole within that, links beyond it."""

import csv
import json
from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO, StringIO
from pathlib import Path

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from bot.actions import downloads, log, people, plan
from bot.actions.downloads import Visitor
from bot.debatefile import DebateFile, PlannedQuestion
from bot.exports import formats
from bot.exports.as_recap import draft
from bot.exports.bounded import bounded, too_much
from bot.ports import OPERATOR, Actor, Author, Deleted, House, Platform, Said
from bot.store import debates, transcripts
from bot.store.engine import Store, Tx
from bot.tables import Debate, Place
from bot.transcript import Transcript
from bot.words.catalogue import words

from tests.console import Terminal, tertulia
from tests.room_evening import START, Evening
from tests.stories import Evening as Story

__all__ = ["tertulia"]

TAG = "meetalfaro"
ANA, EVA = Author("71", "Ana Pérez"), Author("72", "Eva Sol")
WHY = (
    "Lo dicho en X va aquí solo como enlaces. Cada persona puede descargar {most} objetos de X al día (publicaciones y "
    "autores), y con este debate pasarías de ahí."
)
LINK = "https://x.com/i/web/status/"


# --- the bound -------------------------------------------------------------------------------------------------------


def counted(store: Store, who: Visitor, debate: int, wanted: int, *, most: int = 500, hours: float = 0) -> bool:
    """Whether the visitor may have so much of a debate, so many hours later."""
    house, now = House(x_downloads=most), START + timedelta(hours=hours)
    return store.write(lambda tx: downloads.take(tx, debate, who, wanted=wanted, house=house, now=now))


def two_debates(store: Store) -> tuple[int, int]:
    """Two debates are planned; returns their ids."""
    first = Story(store, House())
    second = DebateFile("Otro", (PlannedQuestion("¿Qué?"),), STARTS_LATER, "UTC")
    return first.id, store.write(
        lambda tx: debates.ident(plan.add(tx, second, house=House(), actor=OPERATOR, now=START))
    )


STARTS_LATER = (START + timedelta(days=9)).replace(tzinfo=None)
MARTA = Visitor(Actor("room:marta", "Marta"), "203.0.113.7")
STRANGER = Visitor(None, "203.0.113.7")


def test_day_holds_its_bound_over_all_debates(store: Store) -> None:
    """What fits is counted, what does not fit is not; another person and another day begin anew."""
    one, other = two_debates(store)

    assert counted(store, MARTA, one, 300) is True
    assert counted(store, MARTA, other, 201) is False
    assert counted(store, MARTA, other, 200) is True
    assert counted(store, STRANGER, other, 201) is True
    assert counted(store, MARTA, other, 500, hours=5.9) is False
    # 19:00 in Madrid is 18:00 in UTC: the day ends six hours later.
    assert counted(store, MARTA, other, 500, hours=6) is True


def test_same_debate_again_gives_nothing_new(store: Store) -> None:
    """In a second format a debate holds what the person has got; what has come since counts alone."""
    one, other = two_debates(store)

    assert [counted(store, MARTA, one, 400), counted(store, MARTA, one, 400), counted(store, MARTA, one, 450)] == [
        True, True, True,
    ]  # fmt: skip
    assert (counted(store, MARTA, other, 51), counted(store, MARTA, other, 50)) == (False, True)


def test_nothing_is_anybodys_where_the_operator_sets_none(store: Store) -> None:
    """0 is ids and links only."""
    one, _ = two_debates(store)

    assert counted(store, MARTA, one, 1, most=0) is False


def test_no_address_or_person_is_kept_in_clear(store: Store) -> None:
    """The row has a keyed hash, and yesterday's row is gone."""
    one, _ = two_debates(store)
    for who in (MARTA, STRANGER):
        counted(store, who, one, 7)
    with store.read() as tx:
        rows = tx.conn.execute(sa.text("SELECT person, objects FROM download")).all()
    counted(store, MARTA, one, 9, hours=24)

    assert [(len(person), person.strip("0123456789abcdef"), count) for person, count in rows] == [(24, "", 7)] * 2
    with store.read() as tx:
        assert tx.conn.execute(sa.text("SELECT objects FROM download")).all() == [(9,)]


def test_debate_that_is_gone_takes_its_counts_with_it(store: Store) -> None:
    """A debate aborted without a trace leaves none here."""
    one, _ = two_debates(store)
    counted(store, MARTA, one, 7)
    store.write(lambda tx: tx.conn.execute(sa.text("DELETE FROM debate WHERE id = :id"), {"id": one}).rowcount)

    with store.read() as tx:
        assert tx.conn.execute(sa.text("SELECT count(*) FROM download")).scalar() == 0


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("203.0.113.7", "203.0.113.8", False),
        ("203.0.113.7", "::ffff:203.0.113.7", False),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("testclient", "testclient", True),
    ],
)
def test_stranger_is_their_network(one: str, other: str, same: bool) -> None:
    """Whoever has a whole network of IPv6 addresses to choose from is still one person."""
    assert (Visitor(None, one).known_as == Visitor(None, other).known_as) is same


# --- the copy with links ---------------------------------------------------------------------------------------------


class OnX:
    """An evening in the room that is held on X, too."""

    def __init__(self, folder: Path, house: House) -> None:
        """P1 is asked; Ana said two things on X and Eva one, Marta one in Slack, and one of Eva's was deleted."""
        self.evening = Evening(folder, house=house)
        self.slug = self.evening.plan()
        self.evening.act(_on_x)
        self.count = 0
        self.first = self.says(ANA, "R1 Escuchar, ante todo https://example.com/libro")
        self.says(EVA, "R1 Medir con el foco en la gente")
        self.says(ANA, "R1 Y contarlo sin adornos", reply_to=self.first)
        self.evening.slack("R1 Empatía y números")
        gone = self.says(EVA, "R1 Esto lo retiro")
        deleted = Deleted(Platform.X, TAG, gone, self.evening.now)
        self.evening.store.write(lambda tx: log.hear(tx, [deleted], now=self.evening.now))

    def says(self, who: Author, text: str, *, reply_to: str | None = None) -> str:
        """Somebody posted under the hashtag; returns the post's id."""
        self.count += 1
        self.evening.now += timedelta(seconds=20)
        said = Said(
            Platform.X, TAG, f"40000000000000{self.count:02}", who, text, self.evening.now,
            thread=reply_to, reply_to=reply_to,
        )  # fmt: skip
        self.evening.store.write(lambda tx: log.hear(tx, [said], now=self.evening.now))
        return said.id

    def transcript(self) -> Transcript:
        """The debate, whole."""
        return transcripts.load(self.evening.store, self.slug)


def _on_x(tx: Tx, debate: Debate) -> None:
    tx.session.merge(Place(debate_id=debates.ident(debate), platform=Platform.X, address=TAG))


@pytest.fixture
def on_x(tmp_path: Path) -> Iterator[OnX]:
    """A debate with three posts of two people on X: five objects, which is all that a person may have."""
    made = OnX(tmp_path, House(slack_channel="C0123456", x_downloads=5))
    yield made
    made.evening.stop()


def written(transcript: Transcript, name: str) -> str:
    """The transcript in a format."""
    out = BytesIO()
    formats.named(name).write(transcript, out, words("es"))
    return out.getvalue().decode("utf-8-sig")


def test_objects_are_posts_and_their_authors(on_x: OnX) -> None:
    """Each author counts once, what was deleted or said elsewhere not at all."""
    with on_x.evening.store.read() as tx:
        assert downloads.of_x(tx, on_x.slug) == 5


@pytest.mark.parametrize("name", ["html", "md", "txt", "csv", "jsonl", "recap"])
def test_nothing_of_x_but_links_is_in_a_bounded_copy(on_x: OnX, name: str) -> None:
    """No format has the words or the names; each has the links, the reason, and all that was said elsewhere."""
    copy = bounded(on_x.transcript(), too_much(words("es"), 5))

    text = draft(copy, words("es")) if name == "recap" else written(copy, name)

    for hidden in ("Escuchar", "Medir", "adornos", "example.com", "Ana Pérez", "Eva Sol", "x:71"):
        assert hidden not in text
    assert [text.count(f"{LINK}400000000000000{number}") > 0 for number in (1, 2, 3, 4)] == [True, True, True, False]
    # A recap has three answers to each question.
    assert (name == "recap" or "Empatía y números" in text, text.count(WHY.format(most=5))) == (True, 1)


def test_plain_copy_reads_as_a_list_of_links(on_x: OnX) -> None:
    """A line has its time and its link, below its question."""
    copy = written(bounded(on_x.transcript(), too_much(words("es"), 0)), "txt")
    alike = written(bounded(on_x.transcript(), too_much(words("es"), 0)), "md")

    assert copy.partition("P1. ")[2].splitlines()[4:8] == [
        f"[19:02] {LINK}4000000000000001",
        f"    [19:03] {LINK}4000000000000003",
        f"[19:02] {LINK}4000000000000002",
        "[19:03] Marta: R1 Empatía y números",
    ]
    assert f"- 19:02  \n  <{LINK}4000000000000001>\n" in alike
    assert "Lo dicho en X va aquí solo como enlaces.\n" in copy


def test_bounded_jsonl_keeps_the_keys_of_the_contract(on_x: OnX) -> None:
    """The lines have the keys, times, questions and ids that they have in the whole file; the head says why."""
    whole = [json.loads(line) for line in written(on_x.transcript(), "jsonl").splitlines()]
    bare = [
        json.loads(line) for line in written(bounded(on_x.transcript(), too_much(words("es"), 5)), "jsonl").splitlines()
    ]
    kept = ("id", "platform", "platform_id", "posted_at", "question", "reply_to", "thread", "deleted", "filed_by")

    assert bare[0] == {**whole[0], "notice": WHY.format(most=5)}
    assert [[line[key] for key in kept] for line in bare[1:]] == [[line[key] for key in kept] for line in whole[1:]]
    assert [list(line) for line in bare[1:]] == [list(line) for line in whole[1:]]
    first = next(line for line in bare if line.get("platform_id") == on_x.first)
    assert (first["text"], first["links"]) == (LINK + on_x.first, [LINK + on_x.first])
    assert first["author"] == {"id": None, "name": "", "role": "member"}


def test_bounded_csv_says_why_in_a_row_of_its_own(on_x: OnX) -> None:
    """Below the headings, among the notes; all rows are equally wide."""
    rows = list(csv.reader(StringIO(written(bounded(on_x.transcript(), "Por esto."), "csv"))))

    assert rows[1] == ["", "", "", "", "", "", "", "", "Por esto.", "", "", "", ""]
    assert {len(row) for row in rows} == {13}


def test_alias_is_not_undone_by_a_link(on_x: OnX) -> None:
    """Whoever goes by an alias in the archive is not a click away from their account."""
    on_x.evening.store.write(lambda tx: people.alias(tx, "x:71", "Una oyente", actor=OPERATOR, now=on_x.evening.now))

    assert written(on_x.transcript(), "html").count("Ver en X") == 1
    whole = [json.loads(line) for line in written(on_x.transcript(), "jsonl").splitlines()]
    told = [
        (one["author"]["name"], one["platform_id"])
        for one in whole
        if one.get("platform") == "x" and not one["deleted"]
    ]
    assert sorted(told, key=str) == [("Eva Sol", "4000000000000002"), ("Una oyente", None), ("Una oyente", None)]
    bare = written(bounded(on_x.transcript(), too_much(words("es"), 0)), "txt")
    assert [line for line in bare.splitlines() if line.endswith("] ") or LINK in line] == [
        "[19:02] ",
        "    [19:03] ",
        f"[19:02] {LINK}4000000000000002",
    ]


# --- the room --------------------------------------------------------------------------------------------------------


@pytest.fixture
def visitor(on_x: OnX) -> Iterator[TestClient]:
    """A browser at an address."""
    with TestClient(on_x.evening.app, headers={"sec-fetch-site": "same-origin"}) as client:
        yield client


def downloaded(client: TestClient, on_x: OnX, name: str = "transcript.txt", *, slug: str = "") -> str:
    """What the visitor was given of the debate, or of another."""
    answer = client.get(f"/d/{slug or on_x.slug}/{name}")
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "private, no-cache")
    return answer.text


@pytest.mark.parametrize(
    "name", ["transcript.html", "transcript.md", "transcript.txt", "transcript.csv", "transcript.jsonl", "recap.md"]
)
def test_download_is_whole_within_the_bound_and_links_beyond_it(on_x: OnX, visitor: TestClient, name: str) -> None:
    """Five objects are whole as often as one likes; with a sixth the file is links, and nothing is refused."""
    whole = [downloaded(visitor, on_x, name), downloaded(visitor, on_x, name)]
    on_x.says(ANA, "R1 Una más")
    bare = downloaded(visitor, on_x, name)

    assert whole[0] == whole[1]
    assert ("Medir con el foco en la gente" in whole[0], WHY.format(most=5) in whole[0]) == (True, False)
    assert ("Medir con el foco en la gente" in bare, WHY.format(most=5) in bare) == (False, True)


def test_pdf_is_bounded_like_the_others(on_x: OnX, visitor: TestClient) -> None:
    """It is there within the bound and beyond it."""
    on_x.says(ANA, "R1 Una más")

    assert visitor.get(f"/d/{on_x.slug}/transcript.pdf").content.startswith(b"%PDF")


def test_member_has_a_bound_of_their_own(on_x: OnX, visitor: TestClient) -> None:
    """All debates count together; who has said their name is counted by it, and the next day is a new one."""
    why = WHY.format(most=5)
    assert why not in downloaded(visitor, on_x)
    slug = with_evas_post(on_x.evening)
    assert why in downloaded(visitor, on_x, slug=slug)

    visitor.post(f"/d/{on_x.slug}/join", data={"name": "Leo"})
    assert why not in downloaded(visitor, on_x, slug=slug)
    assert why not in downloaded(visitor, on_x)
    on_x.says(ANA, "R1 Una más")
    assert why in downloaded(visitor, on_x)

    on_x.evening.now += timedelta(days=1)
    assert why not in downloaded(visitor, on_x)


def with_evas_post(evening: Evening) -> str:
    """Eva's post belongs to another debate: two objects there, and three where it was; returns the other's slug."""
    later = DebateFile("Otra tarde", (PlannedQuestion("¿Qué?"),), STARTS_LATER, "UTC", hashtag="OtraTarde")

    def move(tx: Tx) -> str:
        other = plan.add(tx, later, house=evening.house, actor=OPERATOR, now=evening.now)
        query = sa.text("UPDATE message SET debate_id = :id WHERE platform = 'x' AND text LIKE '%Medir%'")
        tx.conn.execute(query, {"id": debates.ident(other)})
        return other.slug

    return evening.store.write(move)


def test_debate_without_x_is_never_counted(tmp_path: Path) -> None:
    """Where nothing was said on X, the bound is nobody's concern, not even 0."""
    evening = Evening(tmp_path, house=House(slack_channel="C0123456", x_downloads=0))
    evening.plan()
    evening.slack("Recién dicho")
    with TestClient(evening.app) as client:
        text = client.get(f"/d/{evening.slug}/transcript.txt").text
    with evening.store.read() as tx:
        rows = tx.conn.execute(sa.text("SELECT count(*) FROM download")).scalar()
    evening.stop()

    assert ("Recién dicho" in text, rows) == (True, 0)


def test_page_of_the_debate_shows_everything_with_its_way_to_x(on_x: OnX, visitor: TestClient) -> None:
    """A page is display and no download: it is whole, counts nothing, and leads to each post on X."""
    on_x.says(ANA, "R1 Una más")

    page = visitor.get(f"/d/{on_x.slug}").text

    assert ("Medir con el foco en la gente" in page, "Una más" in page) == (True, True)
    assert [page.count(f'href="{LINK}400000000000000{number}"') for number in (1, 2, 3, 4, 5)] == [1, 1, 1, 0, 1]
    assert page.count(">Ver en X<") == 4
    with on_x.evening.store.read() as tx:
        assert tx.conn.execute(sa.text("SELECT count(*) FROM download")).scalar() == 0


def test_whole_html_leads_to_each_post_on_x(on_x: OnX) -> None:
    """What was said elsewhere, and what is gone, leads nowhere."""
    html = written(on_x.transcript(), "html")

    assert [html.count(f'href="{LINK}400000000000000{number}"') for number in (1, 2, 3, 4)] == [1, 1, 1, 0]
    assert html.count(">Ver en X</a>") == 3


# --- the command line ------------------------------------------------------------------------------------------------


def test_operator_exports_everything_and_is_told_what_may_be_handed_on(tmp_path: Path, tertulia: Terminal) -> None:
    """The operator's own file is whole; beyond the bound a line says so, and --x-links writes what may be published."""
    made = OnX(tmp_path, House(slack_channel="C0123456"))
    made.evening.stop()
    tertulia.monkeypatch.setenv("TERTULIA_DATABASE_URL", f"sqlite:///{tmp_path / 'room.db'}")
    quiet = tertulia("export", made.slug, "--out", "todo.txt")
    tertulia.monkeypatch.setenv("X_DOWNLOADS_A_DAY", "4")
    warned = tertulia("export", made.slug, "--out", "otra.txt")
    bare = tertulia("export", made.slug, "--out", "enlaces.txt", "--x-links")

    texts = [(tertulia.folder / name).read_text() for name in ("todo.txt", "otra.txt", "enlaces.txt")]
    assert [("Medir" in text, LINK in text) for text in texts] == [(True, False), (True, False), (False, True)]
    assert [answer.err.count("--x-links") for answer in (quiet, warned, bare)] == [0, 1, 0]
