"""Saying in the room whether one comes, and when to be reminded: forms, numbers for all, names for who moderates."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from bot.actions import attendance, clock, plan, reminders, run
from bot.debatefile import DebateFile
from bot.invitation import DEFAULT, Answer
from bot.ports import OPERATOR, Actor
from bot.store import debates
from handlers.room import looks
from handlers.room.artist import Artist
from handlers.room.stream import Reader

from tests.room_evening import QUESTIONS, Evening, browser
from tests.test_room import enter, join, shown


@pytest.fixture
def evening(evening: Evening) -> Evening:
    """A debate one hour and a quarter ahead."""
    evening.now -= timedelta(minutes=75)
    evening.plan(opened=False)
    return evening


@pytest.fixture
def ana(evening: Evening) -> Iterator[TestClient]:
    """A browser without scripts, whose visitor is Ana."""
    with browser(evening) as client:
        join(client, evening, "Ana")
        yield client


def answer(client: TestClient, evening: Evening, wanted: str, **fields: str) -> Response:
    """One of the three buttons is pressed."""
    return client.post(f"/d/{evening.slug}/going", data={"answer": wanted, **fields}, follow_redirects=False)


def remind(client: TestClient, evening: Evening, ahead: str, **fields: str) -> Response:
    """The form for reminders is sent."""
    return client.post(f"/d/{evening.slug}/remind", data={"ahead": ahead, **fields}, follow_redirects=False)


def pressed(response: Response) -> list[str]:
    """The labels of the buttons that are shown as pressed."""
    return re.findall(r'aria-pressed="true">([^<]+)<', response.text)


def counts(evening: Evening) -> tuple[int, ...]:
    """How many said yes, maybe and no."""
    with evening.store.read() as tx:
        return attendance.counts(tx, debates.get(tx, evening.slug))


def reminded(evening: Evening, who: str = "room:ana", *, of_all: bool = False) -> tuple[int, ...]:
    """How long before the debate somebody is reminded."""
    with evening.store.read() as tx:
        return reminders.chosen(tx, who, None if of_all else debates.get(tx, evening.slug)).ahead


def slack_answers(evening: Evening, who: str, wanted: Answer) -> None:
    """Somebody answers in Slack."""
    evening.act(
        lambda tx, debate: attendance.answer(tx, debate, wanted, actor=Actor(f"slack:{who}", who), now=evening.now)
    )


def test_three_buttons_on_the_page_and_the_numbers(evening: Evening, ana: TestClient) -> None:
    """Pressed, changed and taken back; the page shows what was answered, in Slack too, as numbers."""
    slack_answers(evening, "Luis", Answer.YES)
    assert "Van a venir: 1. Quizá: 0." in shown(ana.get(f"/d/{evening.slug}"))

    done = answer(ana, evening, "yes")

    assert (done.status_code, done.headers["location"]) == (303, f"/d/{evening.slug}#going")
    page = ana.get(f"/d/{evening.slug}")
    assert pressed(page) == ["Iré"]
    assert "Van a venir: 2. Quizá: 0." in shown(page)
    answer(ana, evening, "maybe")
    assert (counts(evening), pressed(ana.get(f"/d/{evening.slug}"))) == ((1, 1, 0), ["Quizá"])
    answer(ana, evening, "")
    assert (counts(evening), pressed(ana.get(f"/d/{evening.slug}"))) == ((1, 0, 0), [])


def test_the_board_has_them_beside_each_debate(evening: Evening, ana: TestClient) -> None:
    """Pressed there, one stays there; who has no name yet is led to where it is given."""
    assert answer(ana, evening, "yes", back="board").headers["location"] == "/#coming"
    board = ana.get("/")
    assert (pressed(board), "Van a venir: 1. Quizá: 0." in shown(board)) == (["Iré"], True)

    with browser(evening) as stranger:
        board = stranger.get("/")
        assert f'href="/d/{evening.slug}#going"' in board.text
        assert "aria-pressed" not in board.text
        assert answer(stranger, evening, "yes", back="board").status_code == 401
        assert answer(stranger, evening, "yes").status_code == 401
    assert counts(evening) == (1, 0, 0)


def test_one_press_reminds_and_the_page_says_how(evening: Evening, ana: TestClient) -> None:
    """The times of the house, of one's own, of all debates, and none."""
    assert remind(ana, evening, "").status_code == 303
    assert reminded(evening) == DEFAULT
    assert "Te avisaré aquí, 1 h antes y 10 min antes, mientras tengas abierta esta página." in shown(
        ana.get(f"/d/{evening.slug}")
    )
    remind(ana, evening, "45m")
    remind(ana, evening, "1d", of="all")
    assert (reminded(evening), reminded(evening, of_all=True)) == ((2700,), (86_400,))

    remind(ana, evening, "no")

    assert reminded(evening) == ()
    assert "Recuérdamelo 1 h antes y 10 min antes" in shown(ana.get(f"/d/{evening.slug}"))


def test_a_time_that_is_none_is_refused_on_the_page(evening: Evening, ana: TestClient) -> None:
    """With the sentence, and nothing changed."""
    page = remind(ana, evening, "<mañana>")

    assert page.status_code == 422
    assert "«<mañana>» no vale para avisarte" in shown(page)
    assert reminded(evening) == ()


def test_the_reminder_is_whispered_on_the_page(evening: Evening, ana: TestClient) -> None:
    """To the one who asked; gone once the debate is on."""
    remind(ana, evening, "1h")
    evening.now += timedelta(minutes=15)
    evening.store.write(lambda tx: clock.do_all_due(tx, now=evening.now, house=evening.house, most=9))
    said = "Me pediste que te avisara: en 1 h empieza «¿Quién es el CXO?», jueves 14 de enero de 2027, 19:00"

    assert said in shown(ana.get(f"/d/{evening.slug}"))
    with browser(evening) as other:
        join(other, evening, "Eva")
        assert said not in shown(other.get(f"/d/{evening.slug}"))
    evening.act(lambda tx, debate: run.open_now(tx, debate, actor=OPERATOR, now=evening.now))
    assert said not in shown(ana.get(f"/d/{evening.slug}"))


def test_names_are_for_who_moderates(evening: Evening, ana: TestClient) -> None:
    """Who comes, who may, who does not; new or seen before, whose names are escaped."""
    evening.act(lambda tx, debate: run.open_now(tx, debate, actor=OPERATOR, now=evening.now))
    evening.slack("hola", name="Luis")
    later(evening)
    answer(ana, evening, "yes")
    slack_answers(evening, "ULUIS", Answer.YES)
    slack_answers(evening, "U<b>X", Answer.NO)

    refused = ana.get(f"/d/{evening.slug}/attendance")
    assert refused.status_code == 403
    assert "Quién viene" not in shown(ana.get(f"/d/{evening.slug}"))
    with browser(evening) as moderator:
        enter(moderator, evening)
        assert f'href="/d/{evening.slug}/attendance"' in moderator.get(f"/d/{evening.slug}").text
        page = moderator.get(f"/d/{evening.slug}/attendance")
    assert "Van a venir: 2 Nuevas: 1. Ya han participado: 1. Ana room primera vez" in shown(page)
    assert "No vienen: 1 U<b>X slack primera vez" in shown(page)
    assert "<b>" not in page.text


def test_once_it_is_on_there_is_nothing_to_answer(evening: Evening, ana: TestClient) -> None:
    """An old page's button says so, and the page has none any more."""
    evening.act(lambda tx, debate: run.open_now(tx, debate, actor=OPERATOR, now=evening.now))

    page = answer(ana, evening, "yes")

    assert page.status_code == 409
    assert "«¿Quién es el CXO?» está abierto: ya no se apunta nadie" in shown(page)
    assert 'id="going"' not in page.text


def test_a_form_from_elsewhere_is_refused(evening: Evening, ana: TestClient) -> None:
    """Nobody is signed up by another site's page."""
    headers = {"sec-fetch-site": "cross-site", "origin": "https://elsewhere.example"}
    page = ana.post(f"/d/{evening.slug}/going", data={"answer": "yes"}, headers=headers)

    assert page.status_code == 403
    assert counts(evening) == (0, 0, 0)


def test_what_is_no_answer_changes_none(evening: Evening, ana: TestClient) -> None:
    """A forged value is refused, and what was answered stays."""
    answer(ana, evening, "yes")
    forged = [answer(ana, evening, one).status_code for one in ("perhaps <script>", "x" * 10_000)]

    assert (forged, counts(evening)) == ([404, 404], (1, 0, 0))


def later(evening: Evening) -> None:
    """Another debate is planned, a week after the first; it is the evening's now."""
    starts = datetime(2027, 1, 21, 19, 0)  # noqa: DTZ001  (on the clocks of its zone)
    file = DebateFile(title="El segundo", questions=QUESTIONS, starts=starts, timezone="Europe/Madrid")
    evening.slug = evening.store.write(
        lambda tx: plan.add(tx, file, house=evening.house, actor=OPERATOR, now=evening.now).slug
    )


def test_open_pages_are_told_the_numbers_and_that_it_has_begun(evening: Evening) -> None:
    """One event for all: who comes while people are invited, and no invitation once it is on."""
    since = evening.debate().rev
    slack_answers(evening, "ULUIS", Answer.MAYBE)
    assert 'id="comers" class="hint">Van a venir: 0. Quizá: 1.' in drawn(evening, since)

    evening.act(lambda tx, debate: run.open_now(tx, debate, actor=OPERATOR, now=evening.now))

    event = drawn(evening, since)
    assert ('<div id="going" hidden></div>' in event, 'id="comers"' in event) == (True, False)


def drawn(evening: Evening, since: int) -> str:
    """What an open page is sent of all that changed after a reading of the debate's clock."""
    with evening.store.read() as tx:
        view = looks.scene(tx, debates.get(tx, evening.slug), since)
    artist: Artist = evening.app.state.room.artist
    return " ".join(artist.draw(view, Reader("es", moderator=False)).split())
