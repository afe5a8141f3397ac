"""A year's seasons: proposed, written once, planned again, their rhythm changed; what a person touched stays."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from bot import errors
from bot.actions import plan, seasons
from bot.actions.seasons import Fate, Preview, Wanted
from bot.ports import OPERATOR, Actor, House
from bot.store import debates
from bot.store import seasons as kept
from bot.store.engine import Store
from bot.tables import Audit, Debate
from bot.tables_year import Season

from tests.planned_year import THURSDAYS, Year, day

JANUARY = ["2027-01-14T19:00", "2027-01-21T19:00", "2027-01-28T19:00"]
SEPTEMBER = ["2027-09-09T19:00", "2027-09-16T19:00", "2027-09-23T19:00", "2027-09-30T19:00"]
CX_DAY = ["2027-10-05T19:00"]


@pytest.fixture
def year(store: Store, house: House) -> Year:
    """A November, with nothing planned."""
    return Year(store, house, day("2026-11-22"))


def fates(preview: Preview) -> list[tuple[str, str]]:
    """(fate, key) of every line."""
    return [(one.fate.value, one.occurrence.key) for one in preview.lines]


def test_what_is_proposed_is_written_and_nothing_before_a_yes(year: Year) -> None:
    """Eight debates with their questions, places and cues, in three seasons; a mere proposal leaves no row."""
    preview = year.preview()
    assert fates(preview) == [("new", local) for local in (*JANUARY, *SEPTEMBER, *CX_DAY)]
    assert (year.debates(), year.look(kept.every)) == ([], [])

    year.plan()
    assert year.calendar() == [f"{local} scheduled" for local in (*JANUARY, *SEPTEMBER, *CX_DAY)]
    found = year.look(kept.every)
    assert [(one.slug, one.kind, one.title) for one in found] == [
        ("2027-enero", "january", "Enero de 2027"),
        ("2027-septiembre", "september", "Septiembre de 2027"),
        ("2027-cx-day", "cx_day", "Día de la CX de 2027"),
    ]
    first = year.debates()[0]
    assert (first.title, first.host, first.local_at, first.occurrence, first.touched) == (
        "Formarse en CX: ¿qué buscas de verdad?", "Elena Alfaro", JANUARY[0], JANUARY[0], False,
    )  # fmt: skip
    assert len(year.look(lambda tx: debates.questions(tx, 1))) == 6
    assert {place.platform for place in year.look(lambda tx: debates.places(tx, 1))} == {"slack", "room"}
    assert year.cues(1)["announce"] == ("2027-01-07", "planned")


def test_planned_twice_changes_nothing(year: Year) -> None:
    """Not a debate, not a season, not a line in the books, whatever the clock says by then."""
    year.plan(weekday="jueves")

    def everything() -> object:
        rows = [(one.id, one.slug, one.rev, one.sequence, one.starts_at) for one in year.debates()]
        audits = year.look(lambda tx: [one.id for one in tx.session.exec(select(Audit))])
        return rows, audits, year.look(lambda tx: [one.model_dump() for one in kept.every(tx)])

    before = everything()
    for after in (timedelta(0), timedelta(days=3)):
        year.now += after
        assert year.plan(weekday="TH").nothing
        assert year.plan().nothing
    assert everything() == before


def test_another_rhythm_moves_only_what_nobody_touched(year: Year) -> None:
    """Tuesdays at half past six: each in its week; retitled, moved and cancelled ones stay, and are held once."""
    year.plan(first_week="1")  # the 7th, too
    year.retitle("2027-01-14T19:00", "Muy especial")
    year.move("2027-01-21T19:00", "2027-01-22T17:00")
    year.cancel("2027-01-28T19:00")
    shown = year.preview(season="2027-enero", weekday="martes", at="18:30")
    done = year.plan(season="2027-enero", weekday="martes", at="18:30")

    assert fates(shown) == fates(done) == [
        ("move", "2027-01-05T18:30"), ("left", "2027-01-14T19:00"), ("left", "2027-01-22T17:00"),
        ("left", "2027-01-28T19:00"),
    ]  # fmt: skip
    assert [one.why for one in done.lines] == [
        "", "alguien lo ha cambiado a mano", "alguien lo ha cambiado a mano", "está cancelado",
    ]  # fmt: skip
    assert year.calendar()[:4] == [
        "2027-01-05T18:30 scheduled", "2027-01-14T19:00 scheduled", "2027-01-22T17:00 scheduled",
        "2027-01-28T19:00 cancelled",
    ]  # fmt: skip
    assert year.plan(season="2027-enero", weekday="martes", at="18:30").nothing
    assert year.plan().nothing, "the year keeps each season's own rhythm"


def test_the_moved_ones_keep_themselves(year: Year) -> None:
    """The same debates at the same address, their cues with them, a higher number for calendars; and still movable."""
    year.plan()
    before = [(one.id, one.slug, one.title) for one in year.debates()]
    year.plan(season="2027-enero", weekday="martes")
    year.plan(season="2027-enero", weekday="miércoles")

    assert [(one.id, one.slug, one.title) for one in year.debates()] == before
    assert year.calendar()[:3] == [f"2027-01-{number}T19:00 scheduled" for number in (13, 20, 27)]
    assert [(one.sequence, one.touched) for one in year.debates()[:3]] == [(2, False)] * 3
    assert year.cues(1)["announce"] == ("2027-01-06", "planned")


def test_more_and_fewer_a_week(year: Year) -> None:
    """A second one is added to each week; with one again, those are cancelled with the reason, and no date is lost."""
    year.plan()
    year.plan(season="2027-enero", per_week="2")
    assert len(year.calendar("scheduled")) == 8 + 3
    year.plan(season="2027-enero", per_week="1")

    assert year.calendar("scheduled") == [*JANUARY, *SEPTEMBER, *CX_DAY]
    assert {one.why for one in year.debates() if one.phase == "cancelled"} == {"cambió el ritmo de su temporada"}
    assert year.plan(season="2027-enero", per_week="2").count(Fate.NEW) == 3


def test_a_day_is_skipped_and_comes_back(year: Year) -> None:
    """Its debate is taken back; a later yes to that day plans another."""
    year.plan(skip="2027-01-21")
    assert year.calendar("scheduled")[:2] == [JANUARY[0], JANUARY[2]]
    year.plan(season="2027-enero", skip="-")
    assert year.calendar("scheduled")[:3] == JANUARY


def test_past_dates_of_the_year_are_left_out_and_said(year: Year) -> None:
    """In the middle of January what is past is not planned, and what was planned before is not planned again."""
    year.now = day("2027-01-15")
    preview = year.plan()

    assert fates(preview)[:3] == [("past", JANUARY[0]), ("new", JANUARY[1]), ("new", JANUARY[2])]
    year.now = day("2027-01-23")
    assert year.plan().nothing
    assert year.calendar()[:2] == [f"{local} scheduled" for local in JANUARY[1:]]


def test_a_year_that_is_over_is_refused_unless_it_was_planned(year: Year) -> None:
    """There is nothing to plan in it."""
    with pytest.raises(errors.NothingAhead):
        year.plan(2025)
    year.plan()
    year.now = day("2028-02-01")
    assert year.plan().nothing


def test_a_date_whose_place_is_taken_is_left_out_and_the_rest_is_planned(year: Year) -> None:
    """It is shown as a collision; once the place is free it is planned like the others."""
    year.add("FREQ=WEEKLY;COUNT=1", "2027-01-21T18:30", THURSDAYS.replace("C0CAFE", "C0DEBATE"))
    shown = year.preview()
    taken = next(one for one in shown.lines if one.occurrence.key == JANUARY[1])

    assert (taken.fate, taken.why) == (Fate.TAKEN, "se solapa con «Café de CX»")
    assert "se solapa con «Café de CX» (18:30)" in [one.what for one in taken.collisions]
    year.plan()
    assert [one for one in year.calendar("scheduled") if one.startswith("2027-01")] == [JANUARY[0], JANUARY[2]]
    assert year.plan().nothing
    year.cancel("2027-01-21T18:30")
    assert fates(year.plan())[1] == ("new", JANUARY[1])


def test_one_that_cannot_move_stays_and_says_why(year: Year) -> None:
    """Another debate is on where it should go."""
    year.plan()
    year.add("FREQ=WEEKLY;COUNT=1", "2027-01-19T19:30", THURSDAYS.replace("C0CAFE", "C0DEBATE"))
    done = year.plan(season="2027-enero", weekday="martes")

    lines = {one.occurrence.key: (one.fate, one.why) for one in done.lines}
    assert lines[JANUARY[1]] == (Fate.LEFT, "se solapa con «Café de CX»")
    assert year.calendar("scheduled")[:3] == ["2027-01-12T19:00", "2027-01-21T19:00", "2027-01-26T19:00"]


def test_what_changed_since_it_was_shown_is_not_written(year: Year) -> None:
    """Somebody takes a date's place in between: nothing at all is written, and it is to be looked at again."""
    shown = year.preview()
    year.add("FREQ=WEEKLY;COUNT=1", "2027-01-21T18:30", THURSDAYS.replace("C0CAFE", "C0DEBATE"))

    with pytest.raises(errors.SeasonStale):
        year.do(
            lambda tx: seasons.write(
                tx, Wanted(2027), house=year.house, actor=OPERATOR, now=year.now, seen=shown.mark
            )
        )  # fmt: skip
    assert year.look(kept.every) == []
    assert len(year.debates()) == 1


def test_two_organisers_plan_the_same_year_at_the_same_time(year: Year) -> None:
    """Both say yes to what they were shown; each date is planned once, and neither is refused."""
    mark = year.preview().mark
    together, done = threading.Barrier(2), list[Preview]()

    def say_yes() -> None:
        together.wait()
        done.append(
            year.store.write(
                lambda tx: seasons.write(tx, Wanted(2027), house=year.house, actor=OPERATOR, now=year.now, seen=mark)
            )
        )

    organisers = [threading.Thread(target=say_yes) for _ in range(2)]
    for one in organisers:
        one.start()
    for one in organisers:
        one.join(30)

    assert sorted(one.nothing for one in done) == [False, True]
    assert year.calendar() == [f"{local} scheduled" for local in (*JANUARY, *SEPTEMBER, *CX_DAY)]
    assert len(year.look(kept.every)) == 3


def test_nothing_is_written_by_halves(year: Year, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk fails at the fifth debate: no season and no debate is left of it."""
    add, count = plan.add, list[int]()

    def failing(*args: Any, **more: Any) -> Debate:
        count.append(1)
        if len(count) == 5:
            raise OSError("disk full")
        return add(*args, **more)

    monkeypatch.setattr(plan, "add", failing)
    with pytest.raises(OSError, match="disk full"):
        year.plan()
    assert (year.debates(), year.look(kept.every)) == ([], [])


def test_a_season_of_ones_own(year: Year) -> None:
    """From one day to another, named by its title; it is changed like the others."""

    def spring(**typed: str) -> Preview:
        wanted = Wanted(2027, {"begins": "2027-04-05", "ends": "2027-04-25", **typed}, title="Primavera de CX")
        return year.do(lambda tx: seasons.write(tx, wanted, house=year.house, actor=OPERATOR, now=year.now))

    spring()
    assert year.calendar() == [f"2027-04-{number} scheduled" for number in ("08T19:00", "15T19:00", "22T19:00")]
    (row,) = year.look(kept.every)
    assert (row.slug, row.kind, row.title) == ("2027-primavera-de-cx", "own", "Primavera de CX")
    assert spring().nothing
    year.plan(season="2027-primavera-de-cx", at="20:00")
    assert year.calendar()[0] == "2027-04-08T20:00 scheduled"


def test_a_title_that_does_not_fit_is_refused_and_never_cut(year: Year) -> None:
    """Not even its end."""
    wanted = Wanted(2027, {"begins": "2027-04-05", "ends": "2027-04-30"}, title="x" * 201)
    with pytest.raises(errors.FilledUp, match="Caben como mucho 200 caracteres en el título; esto ocupa 201"):
        year.look(lambda tx: seasons.propose(tx, wanted, house=year.house, now=year.now))


def test_dates_of_a_series_belong_to_the_season_but_not_to_its_rhythm(year: Year) -> None:
    """They are listed with it, and neither moved nor doubled by it, whichever was there first."""
    year.add("FREQ=WEEKLY;BYDAY=WE;COUNT=2", "2027-01-13T19:00")
    year.plan()
    year.add("FREQ=WEEKLY;BYDAY=FR;COUNT=1", "2027-01-15T19:00", THURSDAYS.replace("Café de CX", "Viernes"))
    (january,) = [one for one in year.look(kept.every) if one.slug == "2027-enero"]
    held = year.look(lambda tx: [one.occurrence for one in kept.held(tx, january.id or 0)])
    assert held == ["2027-01-13T19:00", JANUARY[0], "2027-01-15T19:00", "2027-01-20T19:00", *JANUARY[1:]]

    year.plan(season="2027-enero", weekday="lunes")
    assert year.calendar("draft") == ["2027-01-13T19:00", "2027-01-15T19:00", "2027-01-20T19:00"]


def test_an_hour_that_the_clocks_skip_is_settled_and_told(year: Year) -> None:
    """At half past two on the night of the change: the debate is at half past three, and the organiser reads why."""
    wanted = Wanted(
        2027, {"begins": "2027-03-28", "ends": "2027-03-28", "weekday": "domingo", "at": "02:30"}, title="Noche"
    )
    year.do(lambda tx: seasons.write(tx, wanted, house=year.house, actor=OPERATOR, now=year.now))

    (made,) = year.debates()
    assert (made.occurrence, made.local_at, made.settled) == ("2027-03-28T02:30", "2027-03-28T02:30", "gap")
    assert year.calendar() == ["2027-03-28T03:30 scheduled"]
    assert ["las 02:30 no existen" in text for _, kind, text in year.told if kind == "clocks"] == [True]


@pytest.mark.parametrize(
    ("wanted", "refusal"),
    [
        (Wanted(1200), errors.BadYear),
        (Wanted(99_999), errors.BadYear),
        (Wanted(2027, {"weekday": "juevs"}), errors.BadRhythm),
        (Wanted(2027, {"minutes": "15"}), errors.BadRhythm),
        (Wanted(2027, title="Primavera"), errors.BadRhythm),
        (Wanted(2027, {"begins": "2027-01-11", "ends": "2027-01-20"}, title="Enero"), errors.BadRhythm),
        (Wanted(season="2027-verano"), errors.NoSuchSeason),
        (Wanted(season="12345678901234567890"), errors.NoSuchSeason),
    ],
)
def test_what_is_no_season_is_refused(year: Year, wanted: Wanted, refusal: type[errors.Refusal]) -> None:
    """When it is proposed as when it is written, and nothing is kept."""
    with pytest.raises(refusal):
        year.look(lambda tx: seasons.propose(tx, wanted, house=year.house, now=year.now))
    with pytest.raises(refusal):
        year.do(lambda tx: seasons.write(tx, wanted, house=year.house, actor=OPERATOR, now=year.now))
    assert year.look(lambda tx: list(tx.session.exec(select(Season)))) == []


def test_only_who_moderates_writes(year: Year) -> None:
    """Anybody else is refused, and nothing is kept."""
    with pytest.raises(errors.NotModerator):
        year.do(
            lambda tx: seasons.write(
                tx, Wanted(2027), house=year.house, actor=Actor("slack:UANA", "Ana"), now=year.now
            )
        )  # fmt: skip
    assert year.debates() == []
