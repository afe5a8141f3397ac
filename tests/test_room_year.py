"""The year in the room: a picture in which the peaks are seen, and seasons planned with a form, a preview and a yes."""

import re
from datetime import UTC, datetime
from html import unescape

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from bot.actions import moving, seasons
from bot.actions.seasons import Wanted
from bot.debate import Phase
from bot.ports import OPERATOR
from bot.store import debates
from bot.store import seasons as store
from bot.store.engine import Tx
from bot.tables import Debate

from tests.room_evening import Evening, browser
from tests.test_room import enter, shown

AUTUMN = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
# The form as it stands when nothing is changed; the days and subjects that are ticked come several times.
USUAL = {
    "show": "1", "year": "2027", "weekday": "TH", "at": "19:00", "timezone": "Europe/Madrid", "per_week": "1",
    "first_week": "2", "host": "", "hashtag": "", "minutes": "", "quiet": "none", "skip": "", "title": "", "begins": "",
    "ends": "",
}  # fmt: skip


@pytest.fixture
def evening(evening: Evening) -> Evening:
    """An empty database with a room on it, in the autumn before the year."""
    evening.now = AUTUMN
    return evening


def preview(client: TestClient, **typed: str) -> Response:
    """What the form answers once it is filled in."""
    return client.get("/temporadas/planificar", params={**USUAL, **typed})


def yes(client: TestClient, page: Response) -> Response:
    """The visitor has pressed the button below a preview."""
    form = page.text[page.text.index('<form class="yes"') :]
    fields = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', form[: form.index("</form>")])
    return client.post(
        "/temporadas/planificar", data={name: unescape(text) for name, text in fields}, follow_redirects=False
    )


def planned(evening: Evening) -> list[tuple[str, str]]:
    """(when in Madrid, phase) of every debate."""
    with evening.store.read() as tx:
        found = sorted(debates.every(tx), key=lambda one: one.starts_at)
    return [(one.local_at, one.phase) for one in found]


def write(evening: Evening, **typed: str) -> None:
    """A year is planned, past the room."""
    asked = Wanted(year=2027, typed=typed)
    evening.store.write(lambda tx: seasons.write(tx, asked, house=evening.house, actor=OPERATOR, now=evening.now).mark)


def unconfirmed(tx: Tx, debate: Debate) -> None:
    """Nobody has said that it takes place."""
    debate.phase = Phase.DRAFT
    tx.session.add(debate)


def cells(page: Response) -> dict[str, list[str]]:
    """The picture by month: each week's days, and the month's total."""
    rows = re.findall(r'<tr><th scope="row">(.*?)</th>(.*?)</tr>', page.text, re.DOTALL)
    return {
        month: [
            " ".join(re.findall(r">(\d+)<", cell)) or re.sub("<[^>]+>", "", cell) for cell in row.split("</td>")[:-1]
        ]
        for month, row in rows
    }


# --- the picture -----------------------------------------------------------------------------------------------------


def test_the_peaks_of_a_year_are_seen(evening: Evening, visitor: TestClient) -> None:
    """Three Thursdays of January, four of September, CX Day; each a link to its debate, the full months the darkest."""
    write(evening)

    page = visitor.get("/temporadas?year=2027")

    drawn = cells(page)
    assert drawn["Enero"] == ["", "14", "21", "28", "", "3"]
    assert drawn["Septiembre"] == ["", "9", "16", "23", "30", "4"]
    assert drawn["Octubre"] == ["5", "", "", "", "", "1"]
    assert drawn["Mayo"] == [""] * 6
    assert len(re.findall(r'<td class="heat3"><a class="" href="/d/', page.text)) == 7
    assert len(re.findall(r'<td class="heat1"><a class="" href="/d/2027-10-05', page.text)) == 1
    assert "14 enero: Formarse en CX: ¿qué buscas de verdad?" in shown(page)
    assert "Septiembre de 2027 4" in shown(page) and 'href="/calendar/2027-septiembre.ics"' in page.text
    assert visitor.get("/calendar/2027-septiembre.ics").text.count("BEGIN:VEVENT") == 4


def test_a_year_is_drawn_by_the_clocks_of_each_debate(evening: Evening, visitor: TestClient) -> None:
    """00:30 in Madrid on 1 January is still the old year in UTC; it belongs to the new one."""
    write(evening, first_week="1", weekday="viernes", at="00:30")

    assert cells(visitor.get("/temporadas?year=2027"))["Enero"][0] == "1"
    assert "todavía ningún debate" in shown(visitor.get("/temporadas?year=2026"))


def test_the_public_year_has_neither_drafts_nor_ways_to_plan(evening: Evening, visitor: TestClient) -> None:
    """A draft is no promise; who moderates sees it, marked."""
    write(evening)
    evening.slug = "2027-01-21-pensar-desde-el-cliente-no-en-el-cliente"
    evening.act(unconfirmed)

    public = visitor.get("/temporadas?year=2027")
    enter(visitor, evening)
    moderated = visitor.get("/temporadas?year=2027")

    assert cells(public)["Enero"] == ["", "14", "", "28", "", "2"]
    assert "planificar" not in public.text and "/d/2027-01-21" not in public.text
    assert cells(moderated)["Enero"] == ["", "14", "21", "28", "", "3"]
    assert "(en borrador)" in shown(moderated) and "/temporadas/planificar?season=2027-enero" in moderated.text


def test_a_debate_that_was_called_off_is_listed_and_not_drawn(evening: Evening, visitor: TestClient) -> None:
    """Nobody plans for it, and nobody wonders where it went."""
    write(evening)
    enter(visitor, evening)
    visitor.post("/d/2027-01-14-formarse-en-cx-que-buscas-de-verdad/do/cancel", data={"really": "1"})

    page = visitor.get("/temporadas?year=2027")

    assert cells(page)["Enero"] == ["", "", "21", "28", "", "2"]
    assert "Formarse en CX: ¿qué buscas de verdad? Jueves" not in shown(page)
    assert "cancelado" in shown(page)
    assert "Enero de 2027 2 " in shown(page)
    board = visitor.get("/").text
    assert board.count('<a href="/temporadas">El año y sus temporadas</a>') == 1


@pytest.mark.parametrize("year", ["27", "abcd", "20277", "", "%32%30%32%37x", "-027", "0000", "9999"])
def test_a_year_that_is_none_is_not_there(visitor: TestClient, year: str) -> None:
    """A page that says so, no error of ours."""
    assert visitor.get(f"/temporadas?year={year}").status_code == 404


def test_years_are_linked_with_their_neighbours(evening: Evening, visitor: TestClient) -> None:
    """This one and the next are always there."""
    page = visitor.get("/temporadas")

    assert "El año 2026" in shown(page) and 'href="/temporadas?year=2027"' in page.text
    assert 'href="/temporadas"' in visitor.get("/").text


def test_a_year_without_debates_leads_to_the_nearest_that_has_some(evening: Evening, visitor: TestClient) -> None:
    """However far they are; drafts lead only whoever moderates there."""
    write(evening)
    evening.slug = "2027-01-21-pensar-desde-el-cliente-no-en-el-cliente"

    def in_2040(tx: Tx, debate: Debate) -> None:
        unconfirmed(tx, debate)
        debate.starts_at = debate.starts_at.replace(year=2040)

    evening.act(in_2040)

    public = visitor.get("/temporadas?year=2033")
    enter(visitor, evening)
    moderated = visitor.get("/temporadas?year=2033")

    assert 'href="/temporadas?year=2027"' in public.text and "year=2040" not in public.text
    assert 'href="/temporadas?year=2027"' in moderated.text and 'href="/temporadas?year=2040"' in moderated.text


# --- planning --------------------------------------------------------------------------------------------------------


def test_a_year_is_planned_after_a_preview_and_a_yes(evening: Evening, visitor: TestClient) -> None:
    """Every date with its subject, host, hours and clashes; nothing is written before the button is pressed."""
    enter(visitor, evening)

    page = preview(visitor)
    text = shown(page)

    assert "nuevo: 8" in text and planned(evening) == []
    first = text[text.index("jueves 14 de enero de 2027, 19:00") :]
    assert first.startswith(
        "jueves 14 de enero de 2027, 19:00 nuevo Formarse en CX: ¿qué buscas de verdad? · Conduce Elena Alfaro "
        "Madrid 19:00 · Ciudad de México 12:00 · Bogotá 13:00 · Lima 13:00 · Santiago 15:00 · Buenos Aires 15:00"
    )
    assert "festivo en México: Día de la Independencia" in text
    assert "semanas de cambio de hora: son las 14:00 en Santiago" in text

    done = yes(visitor, page)

    assert done.headers["location"] == "/temporadas?year=2027&done=8"
    assert "Fechas cambiadas: 8" in shown(visitor.get(done.headers["location"]))
    assert len(planned(evening)) == 8
    again = preview(visitor)
    assert "No cambiaría nada" in shown(again) and 'class="yes"' not in again.text


def test_a_season_is_changed_and_says_what_moves_and_what_stays(evening: Evening, visitor: TestClient) -> None:
    """From Thursday to Tuesday: the one that somebody moved by hand is left alone."""
    write(evening)
    enter(visitor, evening)
    slug = "2027-01-21-pensar-desde-el-cliente-no-en-el-cliente"
    evening.slug = slug
    evening.act(
        lambda tx, debate: moving.move(
            tx,
            debate,
            moving.When(datetime(2027, 1, 22, 18, tzinfo=UTC)),
            house=evening.house,
            actor=OPERATOR,
            now=evening.now,
        )
    )
    form = visitor.get("/temporadas/planificar?season=2027-enero")
    assert 'class="way" href="/temporadas?year=2027"' in form.text
    assert "Cambiar «Enero de 2027»" in shown(form) and 'value="TH" checked' in form.text

    page = preview(visitor, season="2027-enero", weekday="TU")
    text = shown(page)

    assert "cambia de fecha: 2 · no se toca: 1" in text
    assert "martes 12 de enero de 2027, 19:00 cambia de fecha" in text and "Estaba el jueves 14 de enero" in text
    assert "viernes 22 de enero de 2027, 19:00 no se toca" in text and "Motivo: alguien lo ha cambiado a mano" in text
    assert yes(visitor, page).status_code == 303
    assert [when for when, _ in planned(evening)][:3] == ["2027-01-12T19:00", "2027-01-22T19:00", "2027-01-26T19:00"]
    # The other seasons are as they were.
    assert [when for when, _ in planned(evening)][3] == "2027-09-09T19:00"


def test_a_year_planned_again_leaves_each_season_its_own_rhythm(evening: Evening, visitor: TestClient) -> None:
    """January is on Tuesdays by now; the form of the year as it usually is does not take it back to Thursday."""
    write(evening)
    enter(visitor, evening)
    yes(visitor, preview(visitor, season="2027-enero", weekday="TU"))

    assert "No cambiaría nada" in shown(preview(visitor))
    assert "uno al mes" in shown(preview(visitor, quiet="monthly")) and "nuevo: 9" in shown(
        preview(visitor, quiet="monthly")
    )


def test_a_season_of_ones_own_is_planned(evening: Evening, visitor: TestClient) -> None:
    """From a day to a day, over the leap day, with some of the subjects."""
    enter(visitor, evening)
    page = preview(
        visitor, title="Primavera", begins="2028-02-20", ends="2028-03-08", weekday="TU", subjects="quien-es-el-cxo"
    )
    yes(visitor, page)

    assert [when for when, _ in planned(evening)] == ["2028-02-22T19:00", "2028-02-29T19:00", "2028-03-07T19:00"]
    with evening.store.read() as tx:
        assert store.get(tx, "2028-primavera").title == "Primavera"
    assert "Primavera 3" in shown(visitor.get("/temporadas?year=2028"))


def test_a_preview_that_no_longer_holds_is_shown_again(evening: Evening, visitor: TestClient) -> None:
    """Between the preview and the yes somebody planned a debate on one of its dates."""
    enter(visitor, evening)
    page = preview(visitor)
    evening.plan(opened=False)

    late = yes(visitor, page)

    assert (late.status_code, "Entretanto ha cambiado el calendario" in shown(late)) == (409, True)
    assert "ocupado: 1" in shown(late) and len(planned(evening)) == 1
    assert yes(visitor, late).status_code == 303 and len(planned(evening)) == 8


def test_a_yes_without_a_preview_writes_nothing(evening: Evening, visitor: TestClient) -> None:
    """What nobody has seen, nobody has agreed to."""
    enter(visitor, evening)

    refused = visitor.post("/temporadas/planificar", data={**USUAL, "seen": ""}, follow_redirects=False)

    assert (refused.status_code, planned(evening)) == (409, [])


def test_faults_of_the_form_come_back_together_with_what_was_typed(evening: Evening, visitor: TestClient) -> None:
    """All of them, and nothing is written."""
    enter(visitor, evening)
    bad = preview(visitor, at="25:00", timezone="Europa/Madrit", per_week="9", skip="mañana", weekday="")

    text = shown(bad)
    assert bad.status_code == 422 and 'value="Europa/Madrit"' in bad.text and 'value="mañana"' in bad.text
    assert all(part in text for part in ("25:00", "Europa/Madrit", "«mañana» no es una fecha"))
    assert "Debates por semana: va de 1 a 7" in text and "per_week" not in text
    assert preview(visitor, year="20").status_code == 422
    assert preview(visitor, year="x").status_code == 422
    assert preview(visitor, title="Sin días").status_code == 422
    assert preview(visitor, season="2027-nada").status_code == 404
    assert visitor.post("/temporadas/planificar", data={**USUAL, "season": "2027-nada"}).status_code == 404


def test_a_script_in_a_form_is_only_text(evening: Evening, visitor: TestClient) -> None:
    """Whatever field it is typed into."""
    enter(visitor, evening)
    attack = '"><script>alert(1)</script>'
    for name in (
        "year",
        "at",
        "timezone",
        "host",
        "hashtag",
        "skip",
        "title",
        "begins",
        "quiet",
        "weekday",
        "subjects",
    ):
        page = preview(visitor, **{name: attack})
        assert "<script>alert" not in page.text
    made = preview(visitor, title="<b>Mía</b>", begins="2027-02-01", ends="2027-02-28", host="<i>Ana</i>")
    yes(visitor, made)
    year = visitor.get("/temporadas?year=2027")
    assert "<b>Mía" not in year.text and "<i>Ana" not in year.text and "<b>Mía</b>" in shown(year)


def test_only_moderators_plan(evening: Evening, visitor: TestClient) -> None:
    """A stranger reads how one becomes one; a yes of theirs, or from another site, is refused."""
    page = visitor.get("/temporadas/planificar")
    assert (page.status_code, "tertulia moderator link" in shown(page)) == (403, True)
    assert preview(visitor).status_code == 403
    assert "El año y sus temporadas" not in visitor.get("/").text
    assert visitor.post("/temporadas/planificar", data=USUAL).status_code == 403
    enter(visitor, evening)
    # Who has nothing yet finds the way to a whole year beside the way to one debate.
    assert '<a class="button second" href="/temporadas">El año y sus temporadas</a>' in visitor.get("/").text
    elsewhere = visitor.post("/temporadas/planificar", data=USUAL, headers={"sec-fetch-site": "cross-site"})
    assert (elsewhere.status_code, planned(evening)) == (403, [])


def test_the_year_speaks_english(evening: Evening) -> None:
    """Months, weekdays, what becomes of a date and what collides."""
    write(evening)
    with browser(evening, "en") as visitor:
        page = visitor.get("/temporadas?year=2027")
        assert set(cells(page)) >= {"January", "September"} and "The year 2027" in shown(page)
        enter(visitor, evening)
        text = shown(preview(visitor, season="2027-septiembre", weekday="WE"))
        assert "moves: 4" in text and "It was on Thursday, 9 September 2027, 19:00." in text
        assert "weeks between clock changes" in text and "Wednesday" in text
