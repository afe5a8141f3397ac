"""On X the run-sheet is said in short: under the hashtag, no two alike, within what X takes, one link in all."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from bot import errors
from bot.actions import brief, plan, run, say
from bot.debatefile import DebateFile, PlannedQuestion, parse
from bot.ports import CLOCK, LONGEST_HASHTAG, OPERATOR, House, Platform
from bot.store import debates, outbox, people
from bot.store.engine import Store, Tx
from bot.tables import Debate
from handlers.x.weight import LONGEST, weighted

NOW = datetime(2027, 1, 14, 18, tzinfo=UTC)
HOUSE = House(url="https://debates.example.org", x=True)
LONG = (
    "¿Quién es de verdad el Chief Customer Experience Officer y por qué lo necesita una empresa de seguros en España?"
)


def debate_of(
    locale: str = "es", hashtag: str = "MeetAlfaro", starts: datetime = NOW, zone: str = "Europe/Madrid"
) -> Debate:
    """A debate of long names, as it is kept."""
    return Debate(
        slug="2027-01-14-quien-es-de-verdad-el-chief-customer-experience-officer", title=LONG, hashtag=hashtag,
        host="María de los Ángeles Fernández de Córdoba", timezone=zone, starts_at=starts, locale=locale,
        ends_at=starts + timedelta(hours=1), pace="{}", phase="scheduled", created_at=NOW,
    )  # fmt: skip


def run_sheet(debate: Debate) -> list[str]:
    """Every sentence of the run-sheet on X."""
    debate.closed_at, debate.grace_until = debate.ends_at, debate.ends_at + timedelta(minutes=15)
    following = debate_of(debate.locale, debate.hashtag, debate.starts_at, debate.timezone)
    return [
        brief.announcement(debate, HOUSE), brief.moved(debate, HOUSE), brief.cancelled(debate),
        brief.teaser(debate, following, HOUSE),
        *(brief.reminder(debate, HOUSE, ahead=timedelta(minutes=left)) for left in (1440, 60, 10)),
        brief.welcome(debate, questions=5), brief.label_reminder(debate), brief.wrap_up(debate),
        brief.closing(debate, following, HOUSE),
    ]  # fmt: skip


@pytest.mark.parametrize("hashtag", ["MeetAlfaro", "LaExperienciaDeClienteEnEspaña2027".ljust(LONGEST_HASHTAG, "a")])
@pytest.mark.parametrize("starts", [NOW, datetime(2027, 9, 22, 18, tzinfo=UTC)])
@pytest.mark.parametrize("zone", ["Europe/Madrid", "America/Argentina/Buenos_Aires", "America/Mexico_City"])
@pytest.mark.parametrize("locale", ["es", "en"])
def test_run_sheet_fits_into_a_post_with_the_longest_names(
    locale: str, zone: str, starts: datetime, hashtag: str
) -> None:
    """Titles, host, date and hashtag are as long as they come; every post has the hashtag, one a link."""
    said = run_sheet(debate_of(locale, hashtag, starts, zone))

    assert [text for text in said if weighted(text) > LONGEST] == []
    assert [f"#{hashtag}" in text for text in said] == [True] * len(said)
    assert ["https://" in text for text in said] == [False] * (len(said) - 1) + [True]
    assert len(set(said)) == len(said)
    # A sentence begins with a capital letter, also where it begins with a day.
    assert [text for text in said if re.search(r"[.!?] [a-zñ]", text)] == []


def planned(store: Store, house: House = HOUSE, **more: object) -> int:
    """A debate is planned to start now; returns its id."""
    fields: dict[str, object] = {"title": "De prueba", "questions": (PlannedQuestion("¿Una?", "Sí."),), "starts": NOW}
    wanted = DebateFile(**(fields | more))  # type: ignore[arg-type]  # the fields are checked by the dataclass
    return store.write(lambda tx: debates.ident(plan.add(tx, wanted, house=house, actor=OPERATOR, now=NOW)))


def places(store: Store, debate_id: int) -> dict[str, str]:
    """Where a debate is held."""
    with store.read() as tx:
        return {place.platform: place.address for place in debates.places(tx, debate_id)}


def test_a_debate_is_on_x_under_its_hashtag(sqlite_store: Store) -> None:
    """The place is the hashtag as X compares it; where X is on, that is so without a word in the file."""
    assert places(sqlite_store, planned(sqlite_store, hashtag="#MeetAlfaroÑ", room=False)) == {"x": "meetalfaroñ"}


@pytest.mark.parametrize(
    ("house", "more", "there"),
    [
        (House(x=True), {}, True),
        (House(x=True), {"x": False}, False),
        (House(x=False), {}, False),
        (House(x=False), {"x": True}, True),
        (House(x=True), {"rehearsal": True}, False),
        (House(x=True), {"hashtag": ""}, False),
    ],
)
def test_who_says_whether_it_is_on_x(sqlite_store: Store, house: House, more: dict[str, object], there: bool) -> None:
    """The file, or else whether X is on; a rehearsal never goes before everybody."""
    assert ("x" in places(sqlite_store, planned(sqlite_store, house, **more))) is there


def test_no_debate_is_planned_under_a_hashtag_that_x_would_make_us_cut(sqlite_store: Store) -> None:
    """Whoever plans it, and if it is the house's; the longest that fits is kept whole."""
    for house, more in ((HOUSE, {"hashtag": "x" * 46}), (House(x=True, hashtag="x" * 46), {})):
        with pytest.raises(errors.FilledUp, match="Caben como mucho 45 caracteres en la etiqueta; esto ocupa 46"):
            planned(sqlite_store, house, **more)
    assert places(sqlite_store, planned(sqlite_store, hashtag="#" + "x" * 45, room=False)) == {"x": "x" * 45}


def test_a_file_that_wants_x_without_a_hashtag_is_told() -> None:
    """There would be nothing to hear."""
    with pytest.raises(errors.BadDebateFile, match=r"línea 5, where\.x: en X se participa con una etiqueta"):
        parse('title = "t"\nhashtag = ""\nquestions = ["q"]\n[where]\nx = true', needs_start=False)


@pytest.mark.parametrize(("line", "wanted"), [("", None), ("x = true", True), ("x = false", False)])
def test_a_file_says_whether_it_is_on_x(line: str, wanted: bool | None) -> None:
    """Three answers: yes, no, and as the installation has it."""
    assert parse(f'title = "t"\nquestions = ["q"]\n[where]\n{line}', needs_start=False).x is wanted


def posts(store: Store, debate_id: int) -> list[tuple[str, str, str, str]]:
    """(platform, place, kind, text) of everything in the outbox."""
    with store.read() as tx:
        return [(row.platform, row.place, row.kind, row.text) for row in outbox.of_debate(tx, debate_id)]


def test_a_question_goes_out_everywhere_and_its_answer_below_it(sqlite_store: Store) -> None:
    """The same words on X and in the room; the prepared answer is a reply to our own post."""
    debate_id = planned(sqlite_store, hashtag="CX")

    def hold(tx: Tx) -> None:
        debate = debates.get(tx, debate_id)
        run.open_now(tx, debate, actor=CLOCK, now=NOW)
        run.ask_next(tx, debate, actor=CLOCK, now=NOW)

    sqlite_store.write(hold)
    assert sorted(one for one in posts(sqlite_store, debate_id) if one[2] != "welcome") == [
        ("room", "2027-01-14-de-prueba", "answer", "Sí."), ("room", "2027-01-14-de-prueba", "question", "P1 ¿Una? #CX"),
        ("x", "cx", "answer", "Sí."), ("x", "cx", "question", "P1 ¿Una? #CX"),
    ]  # fmt: skip


def test_nothing_private_is_ever_meant_for_x(sqlite_store: Store) -> None:
    """A moderator of X reads in the room what moderators read, also of a debate that is on X alone."""
    debate_id = planned(sqlite_store, room=False)

    def tell(tx: Tx) -> None:
        debate = debates.get(tx, debate_id)
        ana = people.ensure(tx, Platform.X, "12345", name="Ana", role="moderator")
        say.to_moderators(tx, debate, "warning", "Faltan dos minutos.", now=NOW)
        say.to_person(tx, debate, "asked", "Tu pregunta salió.", identity_id=ana.id or 0, now=NOW)

    sqlite_store.write(tell)
    assert posts(sqlite_store, debate_id) == [("room", "2027-01-14-de-prueba", "warning", "Faltan dos minutos.")]


def test_what_moderators_read_stays_where_the_debate_is(sqlite_store: Store) -> None:
    """On X and Slack: in Slack alone, privately."""
    debate_id = planned(sqlite_store, room=False, slack="C1")

    def tell(tx: Tx) -> None:
        people.ensure(tx, Platform.SLACK, "U1", role="moderator")
        say.to_moderators(tx, debates.get(tx, debate_id), "warning", "Faltan dos minutos.", now=NOW)

    sqlite_store.write(tell)
    assert posts(sqlite_store, debate_id) == [("slack", "U1", "warning", "Faltan dos minutos.")]
