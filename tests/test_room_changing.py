"""The room's forms with which a moderator rewords, moves, repeats and cancels a debate; and the ways to a calendar."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from bot.actions import plan, run
from bot.debatefile import DebateFile
from bot.ports import OPERATOR, House

from tests.room_evening import QUESTIONS, Evening, browser
from tests.test_room import enter, shown


@pytest.fixture
def evening(evening: Evening) -> Evening:
    """A planned debate."""
    evening.plan(opened=False)
    return evening


@pytest.fixture
def moderator(evening: Evening) -> Iterator[TestClient]:
    """Elena, without scripts."""
    with browser(evening) as client:
        enter(client, evening)
        yield client


def test_a_debate_is_reworded(evening: Evening, moderator: TestClient) -> None:
    """Its page shows it, at the same address."""
    there = f"/d/{evening.slug}"
    assert f'href="{there}/change"' in moderator.get(there).text
    words = {"title": "El <CXO>", "host": "Marta", "hashtag": "#CX"}
    answer = moderator.post(f"{there}/change/edit", data=words, follow_redirects=False)

    assert (answer.status_code, answer.headers["location"]) == (303, there)
    page = moderator.get(there)
    assert "El &lt;CXO&gt;" in page.text
    assert "Conduce Marta · #CX" in shown(page)


def test_a_debate_is_moved_to_other_clocks(evening: Evening, moderator: TestClient) -> None:
    """On its page and in its calendar."""
    when = {"starts": "2027-02-04T20:00", "timezone": "America/Santiago"}
    moderator.post(f"/d/{evening.slug}/change/move", data=when)

    assert "jueves 4 de febrero de 2027, 20:00 (America/Santiago)" in shown(moderator.get(f"/d/{evening.slug}"))
    assert b"DTSTART;TZID=America/Santiago:20270204T200000" in moderator.get(f"/d/{evening.slug}/calendar.ics").content


def test_another_one_like_it_is_planned(evening: Evening, moderator: TestClient) -> None:
    """The form offers a week later; the new debate's page comes up, with its questions."""
    form = moderator.get(f"/d/{evening.slug}/change")
    assert 'id="clone-starts" name="starts" type="datetime-local" required value="2027-01-21T19:00"' in form.text
    assert "Otro debate igual, con sus tiempos y sus lugares. Lleva las mismas preguntas." in shown(form)
    when = {"starts": "2027-01-21T19:00", "timezone": "Europe/Madrid"}
    answer = moderator.post(f"/d/{evening.slug}/change/clone", data=when)

    assert str(answer.url).endswith("/d/2027-01-21-quien-es-el-cxo")
    assert "¿Cómo se mide su trabajo al cabo de un año?" in shown(answer)


@pytest.mark.parametrize(
    ("way", "data", "status", "told"),
    [
        ("edit", {"title": " "}, 422, "No has escrito nada en el título"),
        ("edit", {"title": "A", "hashtag": "dos palabras"}, 422, "no vale como etiqueta"),
        ("move", {"starts": "2020-01-01T19:00", "timezone": "Europe/Madrid"}, 422, "ya ha pasado"),
        ("move", {"starts": "2027-03-28T02:30", "timezone": "Europe/Madrid"}, 422, "no existen en Europe/Madrid"),
        ("move", {"starts": "mañana", "timezone": "Europe/Madrid"}, 422, "no es un día y una hora"),
        ("move", {"starts": "2027-02-04T20:00", "timezone": "Marte"}, 422, "no es un día y una hora"),
        ("move", {}, 422, "no es un día y una hora"),
        ("clone", {"starts": "2027-01-14T19:30", "timezone": "Europe/Madrid"}, 409, "Se solapa con"),
    ],
)
def test_what_cannot_be_comes_back_as_it_was_typed(
    evening: Evening, moderator: TestClient, way: str, data: dict[str, str], status: int, told: str
) -> None:
    """With the reason above the form; the debate is as it was."""
    before = evening.debate().model_dump()
    answer = moderator.post(f"/d/{evening.slug}/change/{way}", data=data)

    assert answer.status_code == status
    assert told in shown(answer)
    assert all(value in answer.text for value in data.values())
    assert evening.debate().model_dump() == before


def test_only_moderators_come_here(evening: Evening) -> None:
    """Neither the form nor what it sends; an unknown verb is not found."""
    with browser(evening) as client:
        assert client.get(f"/d/{evening.slug}/change").status_code == 403
        assert client.post(f"/d/{evening.slug}/change/edit", data={"title": "Mío"}).status_code == 403
        enter(client, evening)
        assert client.post(f"/d/{evening.slug}/change/erase", data={}).status_code == 404
    assert evening.debate().title == "¿Quién es el CXO?"


def test_a_cancellation_asks_for_its_reason(evening: Evening, moderator: TestClient) -> None:
    """Beside «¿de verdad?»; it is kept."""
    assert 'name="why"' in moderator.post(f"/d/{evening.slug}/do/cancel", data={}).text
    moderator.post(f"/d/{evening.slug}/do/cancel", data={"really": "1", "why": "Es fiesta."})
    assert (evening.debate().phase, evening.debate().why) == ("cancelled", "Es fiesta.")


def test_one_subscribes_from_the_board_and_from_a_debate(tmp_path: Path) -> None:
    """Each kind of calendar has its link; a server at home is not offered to those that fetch it themselves."""
    for url, offered in (("https://debates.example.org", True), ("http://127.0.0.1:8000", False)):
        there = Evening(tmp_path, house=House(url=url))
        if not offered:
            there.slug = "2027-01-14-quien-es-el-cxo"
        else:
            there.plan(opened=False)
        with browser(there) as client:
            for page in (client.get("/").text, client.get(f"/d/{there.slug}").text):
                assert f'href="webcal:{url.partition(":")[2]}/calendar.ics"' in page
                assert ("calendar.google.com/calendar/render?cid=webcal%3A%2F%2F" in page) == offered
                assert f'href="/d/{there.slug}/calendar.ics"' in page
                assert '<time datetime="2027-01-14T18:00:00Z" data-zone="Europe/Madrid">' in page
        there.stop()


def test_the_page_of_a_debate_that_is_over_leads_to_the_next_date(evening: Evening, visitor: TestClient) -> None:
    """It is what the close on X links to: its page has the next one's day and its file for a calendar."""
    over = evening.debate()
    starts = datetime(2027, 1, 21, 19, 0)  # noqa: DTZ001  (on the clocks of its zone)
    file = DebateFile(title="¿Qué mide?", questions=QUESTIONS, starts=starts, timezone="Europe/Madrid")
    following = evening.store.write(
        lambda tx: plan.add(tx, file, house=evening.house, actor=OPERATOR, now=evening.now).slug
    )
    assert 'id="following"' not in visitor.get(f"/d/{over.slug}").text

    evening.act(lambda tx, debate: run.open_now(tx, debate, actor=OPERATOR, now=evening.now))
    evening.act(lambda tx, debate: run.close(tx, debate, actor=OPERATOR, now=evening.now, house=evening.house))

    said = visitor.get(f"/d/{over.slug}").text.partition('id="following"')[2].partition("</p>")[0]
    assert f'<a href="/d/{following}">¿Qué mide?</a>' in said
    assert "jueves 21 de enero de 2027, 19:00" in said
    assert f'href="/d/{following}/calendar.ics"' in said
