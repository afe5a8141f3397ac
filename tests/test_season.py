"""The year: the dates of its seasons computed by hand, whose subject each is, and what collides."""

from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import errors, holiday, rhythm, season, subjects
from bot.localtime import Clock
from bot.ports import COUNTRIES, ZONES, House
from bot.rhythm import QUIET_MONTHS, Rhythm
from bot.season import Clash, Ground, Stretch, Taken
from bot.series import occurrence
from bot.subjects import Kind
from bot.words.catalogue import words

MADRID, SANTIAGO = "Europe/Madrid", "America/Santiago"
READY = subjects.ready_made()
NOWHERE = Ground(zones=(), countries=())


def at(text: str) -> datetime:
    """A time as it is written."""
    return datetime.fromisoformat(text)


def days(year: int, slug: str, **typed: str) -> list[str]:
    """The days of a season, as month and day."""
    (stretch,) = [one for one in season.stretches(year) if one.slug == slug]
    return [f"{day:%m-%d}" for day in season.days(stretch, rhythm.read(typed))]


# --- dates -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("year", "january", "september", "cx_day"),
    [
        # Thursdays from the 8th on. 1 January 2026 is one itself.
        (2026, ["01-08", "01-15", "01-22", "01-29"], ["09-10", "09-17", "09-24"], "10-06"),
        (2027, ["01-14", "01-21", "01-28"], ["09-09", "09-16", "09-23", "09-30"], "10-05"),
        # 6 January 2028 is a Thursday, in the first week.
        (2028, ["01-13", "01-20", "01-27"], ["09-14", "09-21", "09-28"], "10-03"),
        (2029, ["01-11", "01-18", "01-25"], ["09-13", "09-20", "09-27"], "10-02"),
        # 1 October 2030 is a Tuesday.
        (2030, ["01-10", "01-17", "01-24", "01-31"], ["09-12", "09-19", "09-26"], "10-01"),
    ],
)
def test_peaks_are_weekly_from_the_second_week_and_cx_day_is_the_first_tuesday(
    year: int, january: list[str], september: list[str], cx_day: str
) -> None:
    """As the calendar on the wall has it."""
    assert days(year, f"{year}-enero") == january
    assert days(year, f"{year}-septiembre") == september
    assert days(year, f"{year}-cx-day") == [cx_day]
    assert days(year, f"{year}-resto") == []


def test_nobody_debates_on_epiphany() -> None:
    """From the first week on, and every day of the week: 6 January is left out, of a season of one's own too."""
    assert days(2028, "2028-enero", first_week="1") == ["01-13", "01-20", "01-27"]
    assert "01-06" not in days(2027, "2027-enero", first_week="1", per_week="7")
    made = season.days(
        season.own("Reyes", date(2028, 1, 5)), rhythm.read({"begins": "2028-01-05", "ends": "2028-01-14"})
    )
    assert made == [date(2028, 1, 13)]


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ({"weekday": "martes"}, ["01-12", "01-19", "01-26"]),
        ({"weekday": "Tuesday"}, ["01-12", "01-19", "01-26"]),
        ({"weekday": "mié"}, ["01-13", "01-20", "01-27"]),
        # The day that lies farthest from Thursday in a working week is Monday.
        ({"per_week": "2"}, ["01-11", "01-14", "01-18", "01-21", "01-25", "01-28"]),
        ({"weekday": "martes, jueves"}, ["01-12", "01-14", "01-19", "01-21", "01-26", "01-28"]),
        ({"first_week": "1"}, ["01-07", "01-14", "01-21", "01-28"]),
        ({"first_week": "4"}, ["01-28"]),
        ({"skip": "2027-01-21, 2027-09-16"}, ["01-14", "01-28"]),
        ({"weekday": "domingo"}, ["01-10", "01-17", "01-24", "01-31"]),
    ],
)  # fmt: skip
def test_the_rhythm_says_which_days(typed: dict[str, str], wanted: list[str]) -> None:
    """January 2027, which begins on a Friday."""
    assert days(2027, "2027-enero", **typed) == wanted


def test_quiet_months_have_one_debate_or_none() -> None:
    """In their second week; October has CX Day, and the peaks are not quiet."""
    assert days(2027, "2027-resto", quiet="monthly") == [
        "02-11", "03-11", "04-08", "05-13", "06-10", "07-08", "08-12", "11-11", "12-09",
    ]  # fmt: skip
    assert days(2027, "2027-resto", quiet="11 3") == ["03-11", "11-11"]
    assert days(2027, "2027-resto", quiet="none") == []


def test_a_season_of_ones_own_goes_from_day_to_day() -> None:
    """Over the leap day, too."""
    spring = season.own("Primavera, ¡ya!", date(2028, 2, 20))

    assert spring == Stretch(Kind.OWN, 2028, "2028-primavera-ya", "Primavera, ¡ya!")
    made = season.days(spring, rhythm.read({"weekday": "martes", "begins": "2028-02-20", "ends": "2028-03-08"}))
    assert made == [date(2028, 2, 22), date(2028, 2, 29), date(2028, 3, 7)]


@pytest.mark.parametrize(
    ("typed", "why"),
    [({}, "necesita su primer y su último día"), ({"begins": "2027-01-01"}, "necesita su primer y su último día"),
     ({"begins": "2027-01-01", "ends": "2029-01-01"}, "un año como mucho")],
)  # fmt: skip
def test_a_season_of_ones_own_has_a_beginning_and_an_end(typed: dict[str, str], why: str) -> None:
    """Within a year."""
    with pytest.raises(errors.BadRhythm, match=why):
        season.days(season.own("Mía", date(2027, 1, 1)), rhythm.read(typed))


@pytest.mark.parametrize("year", [0, 1970, 2200, 99999])
def test_a_year_out_of_this_world_is_refused(year: int) -> None:
    """Zones have no clocks there."""
    with pytest.raises(errors.BadYear):
        season.stretches(year)


# --- the plan of a year ----------------------------------------------------------------------------------------------


def test_a_year_is_planned_with_what_fits_its_seasons() -> None:
    """2027 as the ready-made debates say of themselves; in September the third and fourth are those heard least."""
    made = season.plan(2027, Rhythm(), READY, NOWHERE)

    assert [(one.season.slug, one.occurrence.key, one.subject.name) for one in made] == [
        ("2027-enero", "2027-01-14T19:00", "formarse-en-cx"),
        ("2027-enero", "2027-01-21T19:00", "pensar-desde-el-cliente"),
        ("2027-enero", "2027-01-28T19:00", "quien-es-el-cxo"),
        ("2027-septiembre", "2027-09-09T19:00", "formarse-en-cx"),
        ("2027-septiembre", "2027-09-16T19:00", "sin-lider-no-hay-experiencia"),
        ("2027-septiembre", "2027-09-23T19:00", "pensar-desde-el-cliente"),
        ("2027-septiembre", "2027-09-30T19:00", "quien-es-el-cxo"),
        ("2027-cx-day", "2027-10-05T19:00", "dia-de-la-cx"),
    ]
    assert {(one.host, one.hashtag, one.minutes) for one in made} == {("Elena Alfaro", "MeetAlfaro", 60)}


def test_one_season_is_planned_as_the_year_does() -> None:
    """With the same subjects on the same dates."""
    year = season.plan(2027, Rhythm(), READY, NOWHERE)
    september = season.stretches(2027)[1]

    assert season.plan_season(september, Rhythm(), READY, NOWHERE) == year[3:7]


def test_the_rhythm_says_on_what_with_whom_and_how_long() -> None:
    """Its own subjects in their order, its host, its label; CX Day takes what there is."""
    typed = {
        "subjects": "quien-es-el-cxo sin-lider-no-hay-experiencia",
        "host": "Ana",
        "hashtag": "#CX",
        "minutes": "45",
    }

    made = season.plan(2027, rhythm.read(typed), READY, NOWHERE)

    assert [one.subject.name for one in made][:3] == [
        "quien-es-el-cxo", "sin-lider-no-hay-experiencia", "quien-es-el-cxo",
    ]  # fmt: skip
    assert {(one.host, one.hashtag, one.minutes) for one in made} == {("Ana", "CX", 45)}


def test_a_subject_that_is_not_there_is_refused() -> None:
    """With those that are."""
    with pytest.raises(errors.BadRhythm, match=r"no hay ningún debate «nada» \(hay: formarse-en-cx, "):
        season.plan(2027, rhythm.read({"subjects": "nada"}), READY, NOWHERE)
    with pytest.raises(errors.BadRhythm, match="ningún tema"):
        season.plan(2027, Rhythm(), [], NOWHERE)


def test_files_of_a_folder_are_debated_one_after_another(tmp_path: Path) -> None:
    """Three files over a year: none twice before each was once, and September goes on where January ended."""
    for name in ("a", "b", "c", "d"):
        (tmp_path / f"{name}.toml").write_text(f'title = "Tema {name}"\nquestions = ["¿?"]\n', encoding="utf-8")
    (tmp_path / "notes.txt").write_text("no", encoding="utf-8")

    made = season.plan(2027, Rhythm(), subjects.folder(tmp_path), NOWHERE)

    assert "".join(one.subject.name for one in made) == "abcdabcd"
    assert made[0].subject.title == "Tema a"


def test_a_folder_with_a_faulty_file_or_none_is_refused(tmp_path: Path) -> None:
    """The file is named, with its fault."""
    with pytest.raises(errors.BadDebateFile, match="no hay ningún fichero de debate"):
        subjects.folder(tmp_path)
    (tmp_path / "roto.toml").write_text("questions = []\n", encoding="utf-8")
    with pytest.raises(errors.BadDebateFile, match=r"roto\.toml: .*falta el título"):
        subjects.folder(tmp_path)
    with pytest.raises(errors.BadDebateFile, match=r"no existe la carpeta \S*nowhere"):
        subjects.folder(tmp_path / "nowhere")
    with pytest.raises(errors.BadDebateFile, match=r"roto\.toml es un fichero: da la carpeta que lo tiene"):
        subjects.folder(tmp_path / "roto.toml")


def test_a_proposal_is_a_debate_file_that_can_be_planned_whatever_the_clocks_do() -> None:
    """On the fold its start has an offset: the first of the two hours."""
    typed = {"weekday": "domingo", "at": "02:30", "begins": "2027-10-25", "ends": "2027-10-31", "minutes": "30"}

    (one,) = season.plan_season(season.own("x", date(2027, 10, 25)), rhythm.read(typed), READY[:1], NOWHERE)
    file = one.file()

    assert one.occurrence.kind is Clock.FOLD
    assert file.starts is not None and file.starts.isoformat() == "2027-10-31T02:30:00+02:00"
    assert (file.title, file.timezone, file.pace.minutes) == (READY[0].title, MADRID, timedelta(minutes=30))
    assert (file.host, file.hashtag, file.questions) == ("Elena Alfaro", "MeetAlfaro", READY[0].plan.questions)


@given(
    st.integers(2026, 2100), st.integers(0, 6), st.integers(1, 7), st.integers(1, 4), st.sampled_from(ZONES),
    st.sampled_from([time(0, 30), time(2, 30), time(19), time(23, 30)]),
)  # fmt: skip
def test_every_year_keeps_the_rules(year: int, weekday: int, per_week: int, first: int, zone: str, clock: time) -> None:
    """One debate a day at most, in order, in its season's months, from its first week on; CX Day once."""
    wanted = Rhythm(zone, (weekday,), clock, per_week, first, quiet=QUIET_MONTHS)

    made = season.plan(year, wanted, READY, NOWHERE)

    asked = [one.occurrence.asked for one in made]
    assert asked == sorted(set(asked)) and {one.time() for one in asked} == {clock}
    assert (1, 6) not in {(one.month, one.day) for one in asked}
    months = {Kind.JANUARY: {1}, Kind.SEPTEMBER: {9}, Kind.CX_DAY: {10}, Kind.QUIET: set(QUIET_MONTHS)}
    for one in made:
        day = one.occurrence.asked.date()
        assert day.month in months[one.season.kind]
        if one.season.kind is Kind.CX_DAY:
            assert day.weekday() == 1 and day.day <= 7 and one.subject.name == "dia-de-la-cx"
        else:
            assert day.day > 7 * (first - 1) and day.weekday() in wanted.days()
    assert sum(one.season.kind is Kind.CX_DAY for one in made) == 1
    assert len(wanted.days()) == per_week and weekday in wanted.days()


# --- what collides ---------------------------------------------------------------------------------------------------


def collisions(local: str, zone: str = MADRID, **ground: object) -> list[tuple[str, str, str]]:
    """What a date collides with: kind, place and sentence."""
    (checked,) = season.check([occurrence(at(local), zone)], Ground(**ground))  # type: ignore[arg-type]  # each test gives its own
    return [(one.kind, one.where, one.what) for one in checked.collisions]


def test_holidays_are_named_with_their_country() -> None:
    """12 October is one in Spain, and by other names in some of America; in 2027 Argentina moves it to the 11th."""
    found = collisions("2027-10-12T19:00", zones=())

    assert ("holiday", "ES", "festivo en ES: Fiesta Nacional de España") in found
    # Colombia keeps it on the Monday behind; Mexico and Peru do not.
    assert {where for _, where, _ in found} == {"ES"}
    assert collisions("2027-10-13T19:00", zones=()) == []


def test_the_day_that_counts_is_the_day_there() -> None:
    """A quarter to one in Madrid on 2 January is still New Year's Day in America, and no holiday in Spain."""
    found = collisions("2027-01-02T00:45")

    assert {where for kind, where, _ in found if kind == Clash.HOLIDAY} == set(COUNTRIES) - {"ES"}


def test_a_country_whose_zone_is_not_ours_is_read_on_the_debates_clocks() -> None:
    """The community has members there, but no hour is announced for them."""
    assert collisions("2027-11-25T19:00", zones=(MADRID,), countries=("US",)) == [
        ("holiday", "US", "festivo en US: Thanksgiving Day")
    ]


def test_a_country_that_nobody_knows_is_refused() -> None:
    """Before anything is planned."""
    with pytest.raises(errors.NoSuchCountry, match="«XX»"):
        season.ground(House(countries=("ES", "XX")))


def test_holidays_speak_the_language_of_the_reader_where_they_can() -> None:
    """And never that of the machine."""
    assert holiday.on(date(2027, 1, 6), "ES") == "Epifanía del Señor"
    assert holiday.on(date(2027, 1, 6), "es", locale="en") == "Epiphany"
    assert holiday.on(date(2027, 1, 7), "ES") is None
    assert holiday.on(date(2027, 7, 4), "US", locale="es") == "Independence Day"


def test_another_debate_overlaps_or_is_on_the_same_day() -> None:
    """By the minute: one that begins when the other ends does not overlap."""
    taken = (
        Taken("Antes", at("2027-01-14T17:00Z"), at("2027-01-14T18:00Z")),
        Taken("Encima", at("2027-01-14T18:59Z"), at("2027-01-14T19:30Z")),
        Taken("Madrugada", at("2027-01-14T23:30Z"), at("2027-01-15T00:00Z")),  # the 15th in Madrid
        Taken("Víspera", at("2027-01-13T21:00Z"), at("2027-01-13T22:00Z")),
    )

    assert collisions("2027-01-14T19:00", taken=taken, zones=(), countries=()) == [
        ("debate", "", "ese día ya hay «Antes» (18:00)"),
        ("debate", "", "se solapa con «Encima» (19:59)"),
    ]


def test_a_long_debate_that_began_the_day_before_is_found() -> None:
    """Of those that stand, the longest says how far back to look."""
    taken = (
        Taken("Maratón", at("2027-01-13T12:00Z"), at("2027-01-14T20:00Z")),
        Taken("Corto", at("2027-01-13T12:30Z"), at("2027-01-13T13:00Z")),
    )

    assert [what for _, _, what in collisions("2027-01-14T19:00", taken=taken, zones=(), countries=())] == [
        "se solapa con «Maratón» (13:00)"
    ]


def test_clock_changes_are_told() -> None:
    """The gap and the fold, with what will be done."""
    assert collisions("2027-03-28T02:30", zones=(), countries=())[0][:2] == ("clock", MADRID)
    assert collisions("2027-09-05T00:30", SANTIAGO, zones=(), countries=())[0][:2] == ("clock", SANTIAGO)
    assert collisions("2027-03-28T19:00", zones=(), countries=()) == []


# Madrid and Santiago are 4 hours apart in January and 6 in July; 5 only in the weeks between their clock changes.
@pytest.mark.parametrize(
    ("local", "there", "unusual"),
    [
        ("2026-03-26T19:00", "15:00", False), ("2026-04-02T19:00", "14:00", True), ("2026-04-09T19:00", "13:00", False),
        ("2026-09-03T19:00", "13:00", False), ("2026-09-10T19:00", "14:00", True), ("2026-10-29T19:00", "15:00", False),
        ("2027-03-25T19:00", "15:00", False), ("2027-04-01T19:00", "14:00", True), ("2027-04-08T19:00", "13:00", False),
        ("2027-09-02T19:00", "13:00", False), ("2027-10-28T19:00", "14:00", True), ("2027-11-04T19:00", "15:00", False),
        ("2028-03-23T19:00", "15:00", False), ("2028-03-30T19:00", "14:00", True), ("2028-04-06T19:00", "13:00", False),
        ("2028-08-31T19:00", "13:00", False), ("2028-09-07T19:00", "14:00", True), ("2028-11-02T19:00", "15:00", False),
    ],
)  # fmt: skip
def test_weeks_in_which_santiago_is_not_as_far_as_usual_are_told(local: str, there: str, unusual: bool) -> None:
    """The others do not change their clocks; with them, winter and summer are all there is."""
    (checked,) = season.check([occurrence(at(local), MADRID)], Ground(countries=()))

    told = {hour.zone: (f"{hour.wall:%H:%M}", hour.unusual) for hour in checked.hours}
    assert told[SANTIAGO] == (there, unusual)
    assert [zone for zone, (_, strange) in told.items() if strange] == [SANTIAGO] * unusual
    assert [one.where for one in checked.collisions] == [SANTIAGO] * unusual
    assert list(told) == list(ZONES)


def test_each_reader_reads_cities_in_their_own_language() -> None:
    """Whatever the house speaks: the sentence knows no reader until there is one."""
    for locale in ("es", "en"):
        ground = Ground(zones=(MADRID, "America/New_York"), countries=(), locale=locale)
        (checked,) = season.check([occurrence(at("2027-03-18T19:00"), MADRID)], ground)
        (one,) = checked.collisions
        assert words("es").again(one.what) == "semanas de cambio de hora: son las 14:00 en Nueva York"
        assert words("en").again(one.what) == "weeks between clock changes: it is 14:00 in New York"


def test_a_debate_of_september_2027_has_every_hour_and_every_clash() -> None:
    """16 September is Mexico's holiday, and Santiago is an hour nearer than in July."""
    made = season.plan(2027, Rhythm(), READY, season.ground(House()))
    (one,) = [one for one in made if one.occurrence.key == "2027-09-16T19:00"]

    assert {hour.zone.rpartition("/")[2]: f"{hour.wall:%H:%M}" for hour in one.hours} == {
        "Madrid": "19:00", "Mexico_City": "11:00", "Bogota": "12:00", "Lima": "12:00", "Santiago": "14:00",
        "Buenos_Aires": "14:00",
    }  # fmt: skip
    assert [(clash.kind, clash.where) for clash in one.collisions] == [("holiday", "MX"), ("hours", SANTIAGO)]


# --- a rhythm as text ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("timezone", "Madrid", "no es una zona horaria"),
        ("weekday", "juernes", "«juernes» no es un día de la semana"),
        ("weekday", "ju", "no es un día de la semana"),
        ("weekday", "-", "falta el día de la semana"),
        ("at", "25:00", "«25:00» no es una hora"),
        ("at", "siete", "«siete» no es una hora"),
        ("per_week", "0", "va de 1 a 7"),
        ("per_week", "muchos", "va de 1 a 7"),
        ("first_week", "6", "va de 1 a 4"),
        ("skip", "21/01/2027", "«21/01/2027» no es una fecha"),
        ("skip", "2027-02-29", "«2027-02-29» no es una fecha"),
        ("skip", " ".join(f"20{year}-01-0{day}" for year in range(10, 70) for day in (1, 2)), "caben 100 fechas"),
        ("quiet", "9", "vale monthly, none o meses"),
        ("quiet", "a veces", "vale monthly, none o meses"),
        ("host", "x" * 101, "caben 100 caracteres"),
        ("hashtag", "dos palabras", "sin espacios"),
        ("hashtag", "x" * 46, "caben 45 caracteres"),
        ("minutes", "1441", "va de 0 a 1440"),
        ("begins", "pronto", "«pronto» no es una fecha"),
        ("color", "azul", "«color» no es parte de un ritmo"),
    ],
)
def test_what_is_no_rhythm_is_refused_with_its_name(name: str, text: str, why: str) -> None:
    """And how it is written."""
    with pytest.raises(errors.BadRhythm) as refused:
        rhythm.read({name: text})

    told = refused.value.sentence()
    assert why in told and f"{rhythm.LABELS.get(name, name)}" in told
    assert why in (by_option := rhythm.called(refused.value, {name: f"--{name}"}).sentence())
    assert name not in rhythm.LABELS or f"--{name}: " in by_option


def test_a_form_and_its_readers_call_the_fields_alike() -> None:
    """Every field has a name for people, in their language; none is called as the program calls it."""
    assert set(rhythm.LABELS) == set(Rhythm().fields())
    with pytest.raises(errors.BadRhythm) as refused:
        rhythm.read({"per_week": "9", "skip": "mañana"})
    assert words("es").error(refused.value) == (
        "El ritmo de la temporada tiene fallos y no se ha guardado nada: Debates por semana: va de 1 a 7; Días sin "
        "debate: «mañana» no es una fecha, por ejemplo 2027-01-14"
    )
    assert "Debates a week: it goes from 1 to 7; " in words("en").error(refused.value)


def test_days_to_skip_are_parted_as_people_part_them() -> None:
    """By commas, semicolons or spaces."""
    for typed in ("2027-01-21,2027-09-16", "2027-01-21 2027-09-16", "2027-09-16; 2027-01-21 ,"):
        assert rhythm.read({"skip": typed}).skip == (date(2027, 1, 21), date(2027, 9, 16))


def test_all_faults_of_a_rhythm_are_named_at_once() -> None:
    """A form shows them together."""
    with pytest.raises(errors.BadRhythm) as refused:
        rhythm.read({"at": "25:00", "per_week": "0", "begins": "2027-02-01", "ends": "2027-01-01"})

    told = refused.value.sentence()
    assert "25:00" in told and "va de 1 a 7" in told and "acaba antes de empezar" in told


def test_what_is_left_blank_stays_and_a_dash_empties() -> None:
    """A template is changed by saying only what is to be another."""
    base = rhythm.read({"host": "Ana", "skip": "2027-01-21", "at": "18h"})

    changed = rhythm.read({"at": "20:15", "host": "", "skip": "-"}, base)

    assert (changed.at, changed.host, changed.skip) == (time(20, 15), "Ana", ())
    assert (base.at, base.skip) == (time(18), (date(2027, 1, 21),))


rhythms = st.builds(
    Rhythm, timezone=st.sampled_from(ZONES), weekdays=st.sets(st.integers(0, 6), min_size=1).map(sorted).map(tuple),
    at=st.times().map(lambda one: one.replace(second=0, microsecond=0)), per_week=st.integers(1, 7),
    first_week=st.integers(1, 4), skip=st.sets(st.dates(), max_size=5).map(sorted).map(tuple),
    quiet=st.sets(st.sampled_from(QUIET_MONTHS)).map(sorted).map(tuple),
    subjects=st.lists(st.sampled_from([one.name for one in READY]), unique=True).map(tuple),
    host=st.sampled_from(["", "Elena Alfaro"]), hashtag=st.sampled_from(["", "MeetAlfaro"]),
    minutes=st.integers(0, 1440),
)  # fmt: skip


@given(rhythms)
def test_a_rhythm_is_kept_and_read_back_the_same(one: Rhythm) -> None:
    """As JSON, and as the fields of a form."""
    assert rhythm.from_json(one.to_json()) == one
    assert rhythm.read(one.fields()) == one


@pytest.mark.parametrize("kept", ["", "[]", "7", '{"at": "25:00"}', '{"colour": "blue"}'])
def test_what_was_not_kept_by_us_is_refused(kept: str) -> None:
    """One error, whatever is wrong."""
    with pytest.raises(errors.BadRhythm):
        rhythm.from_json(kept)


def test_nothing_kept_is_the_usual_rhythm() -> None:
    """As a new column has it."""
    assert rhythm.from_json("{}") == Rhythm()


def test_ready_made_debates_are_at_home_somewhere() -> None:
    """All five, in the order in which a year takes them up."""
    assert [one.name for one in READY] == list(subjects.AT_HOME)
    assert all(one.seasons for one in READY)


def test_zones_and_countries_of_the_house_belong_together() -> None:
    """Each country's day is read on its own clocks."""
    assert holiday.homes(COUNTRIES, ZONES) == dict(zip(COUNTRIES, ZONES, strict=True))
    assert holiday.homes(("US",), ZONES) == {}
