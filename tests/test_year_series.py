"""Series: their dates are drafts until somebody confirms the season; what nobody confirms leaves the calendar."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlmodel import select

from bot import confirming, errors
from bot.actions import clock, run, series
from bot.actions import people as acts
from bot.ports import OPERATOR, Actor, House
from bot.store import debates, people
from bot.store import seasons as kept
from bot.store.engine import Store
from bot.tables import Audit, Cue
from bot.tables_year import Confirmation

from tests.planned_year import THURSDAYS, Year, day
from tests.stories import MODERATOR

JANUARY = ["2027-01-14T19:00", "2027-01-21T19:00", "2027-01-28T19:00"]
WEEKLY = "FREQ=WEEKLY;BYDAY=TH;UNTIL=20270131"


@pytest.fixture
def year(store: Store, house: House) -> Year:
    """A November, with nothing planned."""
    return Year(store, house, day("2026-11-22"))


def test_dates_stand_as_drafts_that_nobody_but_a_moderator_sees(year: Year) -> None:
    """They are what the rule says, each a whole debate; nothing is said of them, and the clock opens none."""
    done = year.add(WEEKLY, "2027-01-14T19:00")

    assert [one.occurrence for one in done.made] == JANUARY
    assert year.calendar("draft") == JANUARY
    assert year.look(debates.coming) == []
    assert year.look(lambda tx: debates.at_place(tx, "slack", "C0CAFE")) is None
    found = year.look(lambda tx: [one.text for one in debates.questions(tx, year.at(JANUARY[0]))])
    assert found == ["¿Qué has probado?", "¿Qué has aprendido?"]


def test_organisers_are_asked_once_and_told_how_to_answer(year: Year) -> None:
    """Four weeks before the first date of the season, in private, with the day until when, and never again."""
    year.add(WEEKLY, "2027-01-14T19:00")
    year.until("2027-01-03")

    assert year.told == [
        (
            "2026-12-17", "confirm",
            "¿Sigue la serie «Café de CX»? Sus fechas en la temporada 2027-enero están en borrador: 3; la primera, "
            "jueves 14 de enero de 2027, 19:00 (Europe/Madrid). Si sigue, confírmala antes del lunes 4 de enero de "
            "2027, en https://tertulia.example/d/2027-01-14-cafe-de-cx o con «tertulia season confirm 1 2027-enero». "
            "Si nadie la confirma, esas fechas salen del calendario.",
        )
    ]  # fmt: skip
    assert year.posts == []


def test_what_nobody_confirms_leaves_the_calendar(year: Year) -> None:
    """Ten days before the first date all of the season's go at once, with the reason; nothing was ever said of them."""
    year.add(WEEKLY, "2027-01-14T19:00")
    year.until("2027-02-15")

    assert year.calendar() == [f"{local} cancelled" for local in JANUARY]
    assert {one.why for one in year.debates()} == {"nadie confirmó su serie a tiempo"}
    assert [(when, kind) for when, kind, _ in year.told] == [("2026-12-17", "confirm"), ("2027-01-04", "lapsed")]
    assert year.told[1][2] == (
        "Nadie ha confirmado la serie «Café de CX» para la temporada 2027-enero, y sus fechas han salido del "
        "calendario: 3. Si sigue, todavía vuelven con «tertulia season confirm 1 2027-enero»."
    )
    assert year.posts == []


def test_what_somebody_confirms_is_held(year: Year) -> None:
    """Each is announced, opened and closed at its time; nobody is asked again, and nothing lapses."""
    year.add(WEEKLY, "2027-01-14T19:00")
    year.until("2026-12-20")
    done = year.confirm("2027-enero", actor=MODERATOR)
    year.until("2027-02-15")

    assert [one.occurrence for one in done.confirmed] == JANUARY
    assert year.calendar() == [f"{local} closed" for local in JANUARY]
    assert [when for when, kind in year.posts if kind == "announce"] == ["2027-01-07", "2027-01-14", "2027-01-21"]
    assert [kind for _, kind, _ in year.told if kind in {"confirm", "lapsed"}] == ["confirm"]
    first = year.cues(year.debates()[0].id or 0)
    assert (first["confirm"], first["lapse"]) == (("2026-12-17", "cancelled"), ("2027-01-04", "cancelled"))


def test_confirmed_before_anybody_asks_nobody_is_asked(year: Year) -> None:
    """Confirmed twice is confirmed once."""
    year.add(WEEKLY, "2027-01-14T19:00")
    year.confirm("2027-enero")
    again = year.confirm("2027-enero")
    year.until("2027-01-05")

    assert (again.confirmed, again.made) == ([], [])
    assert year.told == []
    rows = year.look(lambda tx: tx.session.exec(select(Confirmation)).all())
    assert [(one.series_id, one.season, one.who) for one in rows] == [(1, "2027-enero", "operator")]


def test_what_lapsed_comes_back_when_somebody_is_late(year: Year) -> None:
    """The dates still to come are held after all, announcement and all, but for one whose place was given away."""
    year.add(WEEKLY, "2027-01-14T19:00")
    year.until("2027-01-10")
    year.add("FREQ=WEEKLY;COUNT=1", "2027-01-28T19:30", THURSDAYS.replace("Café de CX", "Otra cosa"))
    done = year.confirm("2027-enero")

    assert [one.occurrence for one in done.confirmed] == JANUARY[:2]
    assert [(one.date, one.why) for one in done.left] == [(JANUARY[2], "se solapa con «Otra cosa»")]
    year.until("2027-01-22")
    assert year.calendar()[:2] == [f"{local} closed" for local in JANUARY[:2]]
    assert [when for when, kind in year.posts if kind == "announce"] == ["2027-01-10", "2027-01-14"]


def test_each_season_is_confirmed_for_itself(year: Year) -> None:
    """January's yes holds nothing of what comes after it."""
    year.add("FREQ=MONTHLY;BYDAY=2TH", "2027-01-14T19:00")
    year.confirm("2027-enero")
    year.until("2027-03-01")

    assert year.calendar() == [
        "2027-01-14T19:00 closed", "2027-02-11T19:00 cancelled", "2027-03-11T19:00 cancelled",
        "2027-04-08T19:00 cancelled", "2027-05-13T19:00 cancelled", "2027-06-10T19:00 cancelled",
        "2027-07-08T19:00 cancelled",
    ]  # fmt: skip


def test_dates_come_into_sight_as_time_goes_on_and_none_twice(year: Year) -> None:
    """Those of a season that was confirmed are promised at once; no date is beyond the horizon."""
    year.add("FREQ=MONTHLY;BYDAY=2TH", "2027-01-14T19:00")
    for season in ("2027-enero", "2027-resto"):
        year.confirm(season)
    assert year.calendar("scheduled")[-1] == "2027-05-13T19:00"
    year.until("2027-06-20")

    ahead = year.calendar("scheduled", "draft")
    assert ahead == ["2027-07-08T19:00", "2027-08-12T19:00", "2027-09-09T19:00", "2027-10-14T19:00",
                     "2027-11-11T19:00", "2027-12-09T19:00"]  # fmt: skip
    assert year.calendar("draft") == ["2027-09-09T19:00"], "September is for somebody to confirm"
    assert day(ahead[-1]) < year.now + confirming.HORIZON
    locals_ = [one.occurrence for one in year.debates()]
    assert len(locals_) == len(set(locals_))


def test_what_a_person_moved_retitled_or_cancelled_is_neither_lost_nor_doubled(year: Year) -> None:
    """By the date that the rule gave it the series knows it again, wherever it is now."""
    year.add(WEEKLY, "2027-01-14T19:00")
    year.confirm("2027-enero")
    year.move("2027-01-14T19:00", "2027-01-15T18:00")
    year.retitle("2027-01-21T19:00", "Café muy especial")
    year.cancel("2027-01-28T19:00")
    before = [(one.id, one.title, one.starts_at, one.phase) for one in year.debates()]
    for _ in range(3):
        year.do(lambda tx: series.extend(tx, house=year.house, now=year.now))
    year.confirm("2027-enero")

    assert [(one.id, one.title, one.starts_at, one.phase) for one in year.debates()] == before


def test_another_rule_moves_what_nobody_touched(year: Year) -> None:
    """From Thursdays to Tuesdays at half past six: each in its week; the touched one stays, and is held once."""
    year.add(WEEKLY, "2027-01-14T19:00")
    year.confirm("2027-enero")
    year.retitle("2027-01-21T19:00", "Café muy especial")

    done = year.change("FREQ=WEEKLY;BYDAY=TU;UNTIL=20270131", "2027-01-12T18:30")

    assert [one.occurrence for one in done.moved] == ["2027-01-12T18:30", "2027-01-26T18:30"]
    assert year.calendar() == ["2027-01-12T18:30 scheduled", "2027-01-21T19:00 scheduled", "2027-01-26T18:30 scheduled"]
    assert year.change("FREQ=WEEKLY;BYDAY=TU;UNTIL=20270131") == series.Done()
    assert year.do(lambda tx: series.extend(tx, house=year.house, now=year.now)) == []


def test_fewer_dates_and_more_again(year: Year) -> None:
    """What a rule takes back is cancelled with the reason; when the date comes again, so does a debate."""
    year.add(WEEKLY, "2027-01-14T19:00")
    year.confirm("2027-enero")

    fewer = year.change("FREQ=WEEKLY;BYDAY=TH;COUNT=1")
    assert [one.why for one in fewer.cancelled] == ["cambió la regla de su serie"] * 2
    assert year.calendar("scheduled") == JANUARY[:1]
    more = year.change(WEEKLY)
    assert [one.occurrence for one in more.made] == JANUARY[1:]
    assert year.calendar("scheduled") == JANUARY


def test_an_ended_series_leaves_nothing_behind_but_what_was_touched(year: Year) -> None:
    """And makes no further dates."""
    year.add("FREQ=WEEKLY;BYDAY=TH", "2027-01-14T19:00")
    year.confirm("2027-enero")
    year.retitle("2027-01-21T19:00", "Café muy especial")
    done = year.do(lambda tx: series.end(tx, kept.one_series(tx, 1), actor=OPERATOR, now=year.now))
    year.do(lambda tx: series.extend(tx, house=year.house, now=year.now + timedelta(days=60)))

    assert year.calendar("scheduled", "draft") == ["2027-01-21T19:00"]
    assert [(one.date, one.why) for one in done.left] == [("2027-01-21T19:00", "alguien lo ha cambiado a mano")]
    with pytest.raises(errors.SeriesOver):
        year.confirm("2027-enero")


@pytest.mark.parametrize(
    ("rule", "starts", "zone", "local", "instant", "settled", "notice"),
    [
        ("FREQ=YEARLY", "2027-03-28T02:30", "Europe/Madrid", "2027-03-28T03:30", "2027-03-28T01:30", "gap",
         "«Café de CX»: el 2027-03-28 las 02:30 no existen en Europe/Madrid, porque cambia la hora: será a las 03:30."),
        ("FREQ=YEARLY", "2026-12-01T19:00", "Europe/Madrid", "2026-12-01T19:00", "2026-12-01T18:00", "", None),
        ("FREQ=YEARLY", "2027-04-03T23:30", "America/Santiago", "2027-04-03T23:30", "2027-04-04T02:30", "fold",
         "«Café de CX»: el 2027-04-03 las 23:30 ocurren dos veces en America/Santiago, porque cambia la hora: será la "
         "primera."),
    ],
)  # fmt: skip
def test_the_organiser_is_told_where_the_clocks_change(  # noqa: PLR0917  (the columns of the table)
    year: Year, rule: str, starts: str, zone: str, local: str, instant: str, settled: str, notice: str | None
) -> None:
    """The debate keeps the hour that was promised, and what became of it."""
    year.add(rule, starts, zone=zone)
    (made,) = year.debates()

    assert (made.occurrence, made.local_at, made.settled) == (starts, starts, settled)
    assert f"{made.starts_at:%Y-%m-%dT%H:%M}" == instant
    assert year.calendar("draft") == [local]
    assert [text for _, kind, text in year.told if kind == "clocks"] == ([notice] if notice else [])


def test_a_late_series_is_asked_for_at_once_and_has_a_day(year: Year) -> None:
    """One that begins next week can still be confirmed; unconfirmed it is gone the day after."""
    year.add("FREQ=WEEKLY;COUNT=2", "2026-11-26T19:00")
    year.until("2026-11-23T12:00")
    assert [kind for _, kind, _ in year.told] == ["confirm"]
    year.until("2026-11-24T12:00")
    assert year.calendar() == ["2026-11-26T19:00 cancelled", "2026-12-03T19:00 cancelled"]


def test_a_date_in_whose_place_another_debate_is_held_is_left_out_and_told(year: Year) -> None:
    """The others are made; when the place is free again, so is that one."""
    year.add("FREQ=WEEKLY;COUNT=1", "2027-01-21T18:30", THURSDAYS.replace("Café de CX", "Otra cosa"))
    done = year.add(WEEKLY, "2027-01-14T19:00")
    assert [(one.date, one.why) for one in done.left] == [("2027-01-21T19:00", "se solapa con «Otra cosa»")]
    year.cancel("2027-01-21T18:30")
    made = year.do(lambda tx: series.extend(tx, house=year.house, now=year.now))
    assert [one.occurrence for one in made] == ["2027-01-21T19:00"]


def test_a_draft_is_opened_by_hand_and_then_it_is_a_debate_as_any(year: Year) -> None:
    """Nothing of it lapses afterwards."""
    year.add(WEEKLY, "2027-01-14T19:00")
    year.do(lambda tx: run.open_now(tx, debates.get(tx, year.at(JANUARY[0])), actor=MODERATOR, now=year.now))
    year.until("2027-01-05")

    assert year.debates()[0].phase == "closed"
    assert [one.phase for one in year.debates()[1:]] == ["cancelled", "cancelled"]


@pytest.mark.parametrize(
    ("rule", "starts", "source", "refusal"),
    [
        ("cada jueves", "2027-01-14T19:00", THURSDAYS, errors.BadRule),
        ("FREQ=WEEKLY;UNTIL=20200101", "2019-01-14T19:00", THURSDAYS, errors.NoDates),
        ("FREQ=WEEKLY;COUNT=2", "2026-01-14T19:00", THURSDAYS, errors.NoDates),
        ("FREQ=WEEKLY", "2027-01-14T19:00", "title = 3", errors.BadDebateFile),
    ],
)
def test_what_is_no_series_is_refused_and_nothing_is_kept(
    year: Year, rule: str, starts: str, source: str, refusal: type[errors.Refusal]
) -> None:
    """Neither a series nor a debate."""
    with pytest.raises(refusal):
        year.add(rule, starts, source)
    assert year.look(kept.every_series) == []
    assert year.debates() == []


def test_the_same_series_twice_is_refused(year: Year) -> None:
    """Written otherwise it is still the same."""
    year.add(WEEKLY, "2027-01-14T19:00")
    with pytest.raises(errors.SeriesThere):
        year.add("rrule:until=20270131;byday=th;freq=weekly", "2027-01-10T19:00")


def test_only_who_moderates_may(year: Year) -> None:
    """Nothing is changed, whoever asks for whatever."""
    ana = Actor("slack:UANA", "Ana")
    with pytest.raises(errors.NotModerator):
        year.add(WEEKLY, "2027-01-14T19:00", actor=ana)
    year.add(WEEKLY, "2027-01-14T19:00")
    with pytest.raises(errors.NotModerator):
        year.confirm("2027-enero", actor=ana)
    with pytest.raises(errors.NotModerator):
        year.do(lambda tx: series.end(tx, kept.one_series(tx, 1), actor=ana, now=year.now))
    assert year.calendar("draft") == JANUARY


def test_a_season_in_which_it_has_no_dates_cannot_be_confirmed(year: Year) -> None:
    """The refusal names those in which it can."""
    year.add(WEEKLY, "2027-01-14T19:00")
    with pytest.raises(errors.NotInSeason, match=r"2027-verano.*2027-enero$"):
        year.confirm("2027-verano")
    with pytest.raises(errors.NoSuchSeries):
        year.confirm("2027-enero", series_id=99)


def test_who_is_forgotten_has_confirmed_nothing_by_name(year: Year) -> None:
    """That somebody did stands."""
    year.add(WEEKLY, "2027-01-14T19:00")
    year.do(lambda tx: people.ensure(tx, "slack", "UMOD", name="Marta", role="moderator"))
    year.confirm("2027-enero", actor=MODERATOR)
    year.do(lambda tx: acts.forget(tx, "slack:UMOD", actor=OPERATOR, now=year.now))

    assert year.look(lambda tx: kept.confirmed(tx, 1)) == {"2027-enero"}
    rows = year.look(lambda tx: [one.who for one in tx.session.exec(select(Confirmation))])
    assert rows == ["forgotten"]
    assert year.look(lambda tx: [one.who for one in tx.session.exec(select(Audit)) if "UMOD" in one.who]) == []


def test_a_bot_that_was_away_asks_nothing_that_is_past(year: Year) -> None:
    """It was off from before it should have asked until after the last day: the dates are gone, and that is told."""
    year.add(WEEKLY, "2027-01-14T19:00")
    year.now = day("2027-01-08")
    year.until("2027-01-09")

    assert [(when, kind) for when, kind, _ in year.told] == [("2027-01-08", "lapsed")]
    states = year.look(lambda tx: [one.state for one in tx.session.exec(select(Cue)) if one.key == "confirm"])
    assert "done" not in states


def test_a_series_that_an_older_version_took_keeps_no_other_from_going_on(year: Year) -> None:
    """Its file is understood no more: what there is of it stays, and nothing fails."""
    year.add(WEEKLY, "2027-01-14T19:00")
    year.add("FREQ=MONTHLY;BYDAY=2WE", "2027-01-13T19:00", THURSDAYS.replace("Café de CX", "Otra"))
    year.do(lambda tx: tx.conn.exec_driver_sql("""UPDATE series SET plan = '{"file": "title = 3"}' WHERE id = 1"""))
    year.do(lambda tx: tx.conn.exec_driver_sql("UPDATE debate SET occurrence = '' WHERE id = 1"))
    made = year.do(lambda tx: series.extend(tx, house=year.house, now=year.now + timedelta(days=60)))

    assert {one.title for one in made} == {"Otra"}
    assert year.calendar()[1] == f"{JANUARY[0]} draft"


def test_two_bots_look_ahead_at_the_same_moment(year: Year) -> None:
    """Each date that has come into sight is planned once."""
    year.add("FREQ=WEEKLY;BYDAY=TH", "2027-01-14T19:00")
    before, later = len(year.debates()), year.now + timedelta(days=60)
    at_once(lambda: year.store.write(lambda tx: len(series.extend(tx, house=year.house, now=later))), times=2)

    locals_ = [one.occurrence for one in year.debates()]
    assert len(locals_) > before
    assert len(locals_) == len(set(locals_))


def test_a_series_is_confirmed_in_the_very_moment_in_which_it_lapses(year: Year) -> None:
    """Whichever comes first, its dates are held: what lapsed before the yes has come back."""
    year.add(WEEKLY, "2027-01-14T19:00")
    year.until("2027-01-04T18:59")
    year.now = day("2027-01-04T19:00")

    def lapse() -> None:
        year.store.write(lambda tx: clock.do_due(tx, now=year.now, house=year.house))

    at_once(lapse, lambda: year.confirm("2027-enero"))

    assert year.calendar() == [f"{local} scheduled" for local in JANUARY]
    year.until("2027-02-01")
    assert year.calendar() == [f"{local} closed" for local in JANUARY]


def at_once(*things: Callable[[], object], times: int = 1) -> None:
    """All of it is done at the same moment, and none of it fails."""
    together, failed = threading.Barrier(len(things) * times), list[BaseException]()

    def one(thing: Callable[[], object]) -> None:
        together.wait()
        try:
            thing()
        except BaseException as error:  # noqa: BLE001  (it is told below, where the test can fail)
            failed.append(error)

    workers = [threading.Thread(target=one, args=(thing,)) for thing in things * times]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
    assert failed == []
