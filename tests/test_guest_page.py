"""The guest's page and the moderators' list of guests, by hand: forms that post, with no script anywhere."""

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from bot.actions import ask, clock, guests, plan, run, send
from bot.debatefile import DebateFile
from bot.guest import Invited
from bot.ports import OPERATOR, Platform
from bot.store import debates
from bot.store import guests as store_of_guests

from tests.room_evening import QUESTIONS, START, Evening, browser
from tests.test_room import enter, shown

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{7*7}} \u202e& ñ 👩‍🚒"


def planned(evening: Evening, starts: datetime) -> str:
    """A debate is planned for a time in Madrid; returns its slug."""
    file = DebateFile(
        title="¿Quién es el CXO?", questions=QUESTIONS, starts=starts, timezone="Europe/Madrid", host="Elena",
        hashtag="MeetAlfaro",
    )  # fmt: skip
    return evening.store.write(lambda tx: plan.add(tx, file, house=evening.house, actor=OPERATOR, now=evening.now).slug)


@pytest.fixture
def evening(tmp_path: Path) -> Iterator[Evening]:
    """A debate in twelve days, in a room."""
    made = Evening(tmp_path)
    made.now = START - timedelta(days=12)
    made.slug = planned(made, datetime(2027, 1, 14, 19, 0))  # noqa: DTZ001
    yield made
    made.stop()


@contextmanager
def open_browser(evening: Evening, language: str = "es") -> Iterator[TestClient]:
    """A new browser."""
    with browser(evening, language) as client:
        yield client


def invite(evening: Evening, name: str = "Bruno Salas", slack: str = "") -> int:
    """Somebody is a guest; returns their id."""
    return evening.store.write(
        lambda tx: guests.add(
            tx, debates.get(tx, evening.slug), Invited(name, slack), house=evening.house, actor=OPERATOR,
            now=evening.now,
        ).id or 0
    )  # fmt: skip


def link(evening: Evening, guest: int) -> str:
    """The path of a new link of a guest."""
    secret = evening.store.write(lambda tx: guests.make_link(tx, guest, actor=OPERATOR, now=evening.now))
    return f"/invitado/{guest}/{secret}"


@pytest.fixture
def bruno(evening: Evening) -> int:
    """A guest of the debate."""
    return invite(evening)


@pytest.fixture
def inside(evening: Evening, bruno: int) -> Iterator[TestClient]:
    """The guest's own browser, on their page."""
    with browser(evening) as client:
        assert client.post(link(evening, bruno)).status_code == 200
        yield client


def fields(response: Response) -> dict[str, str]:
    """The texts and marks of the page's form, as a browser would send them back."""
    from html import unescape

    texts = re.findall(r'<textarea id="t\d+" name="(a\d+)"[^>]*>\n?(.*?)</textarea>', response.text, re.DOTALL)
    marks = re.findall(r'<input type="hidden" name="(was\d+)" value="([^"]*)">', response.text)
    return {name: unescape(value) for name, value in [*texts, *marks]}


def save(client: TestClient, guest: int, **changes: str) -> Response:
    """The form is sent with these texts in the place of what it held."""
    form = fields(client.get(f"/invitado/{guest}"))
    return client.post(f"/invitado/{guest}", data={**form, **changes})


def kept(evening: Evening, guest: int) -> dict[int, str]:
    """What the guest has prepared, by question id."""
    with evening.store.read() as tx:
        return {at: one.text for at, one in store_of_guests.prepared(tx, guest).items()}


def ids(evening: Evening) -> list[int]:
    """The ids of the questions in their order."""
    with evening.store.read() as tx:
        return [one.id or 0 for one in debates.questions(tx, debates.ident(debates.get(tx, evening.slug)))]


# --- coming in -------------------------------------------------------------------------------------------------------


def test_a_link_shows_a_button_and_stays_good(evening: Evening, bruno: int) -> None:
    """A preview of the link does not burn it; pressing the button opens the page in this browser."""
    path = link(evening, bruno)
    with open_browser(evening) as client:
        assert "Hola, Bruno Salas. Este enlace es solo para ti" in shown(client.get(path))
        assert client.get(path).status_code == 200

        answer = client.post(path, follow_redirects=False)

        assert (answer.status_code, answer.headers["location"]) == (303, f"/invitado/{bruno}")
        assert "Tu página, Bruno Salas" in shown(client.get(f"/invitado/{bruno}"))


def test_a_used_link_lets_no_other_browser_in(evening: Evening, bruno: int) -> None:
    """Who copies the link afterwards, or has none, stands before the door."""
    path = link(evening, bruno)
    with ExitStack() as stack:
        first, second = (stack.enter_context(open_browser(evening)) for _ in range(2))
        first.post(path)

        assert second.get(path).status_code == 410
        assert second.post(path).status_code == 410
        refused = second.get(f"/invitado/{bruno}")

    assert refused.status_code == 403
    assert "Este enlace ya se ha usado, ha caducado o no es el tuyo." in shown(refused)
    assert "Bruno" not in shown(refused)


@pytest.mark.parametrize("path", ["/invitado/999999", "/invitado/99999999999", "/invitado/0", "/invitado/{id}/nope"])
def test_what_is_no_guests_page_says_no(evening: Evening, bruno: int, path: str) -> None:
    """Numbers and secrets that are nobody's find nothing out."""
    with open_browser(evening) as client:
        for answer in (client.get(path.format(id=bruno)), client.post(path.format(id=bruno))):
            assert answer.status_code in {403, 404, 410}
            assert "Bruno" not in answer.text


def test_another_guests_page_is_shut(evening: Evening, bruno: int, inside: TestClient) -> None:
    """Being somebody's guest opens nobody else's page, not even with their cookie under another's name."""
    carla = invite(evening, "Carla Prado")
    session = inside.cookies[f"tertulia_guest_{bruno}"]

    assert inside.get(f"/invitado/{carla}").status_code == 403
    inside.cookies.set(f"tertulia_guest_{carla}", session)
    assert inside.get(f"/invitado/{carla}").status_code == 403
    assert inside.post(f"/invitado/{carla}", data={f"a{ids(evening)[0]}": "colada"}).status_code == 403
    assert kept(evening, carla) == {}


def test_a_page_closes_after_the_debate(evening: Evening, bruno: int, inside: TestClient) -> None:
    """A day later neither link nor session lets anybody in."""
    path = link(evening, bruno)
    evening.now = START + timedelta(days=3)

    assert inside.get(f"/invitado/{bruno}").status_code == 403
    assert inside.post(path).status_code == 410


def test_a_guests_page_is_private(evening: Evening, bruno: int, inside: TestClient) -> None:
    """Nobody keeps it, finds it, or frames it; its cookie goes nowhere else; another site cannot write to it."""
    answer = inside.get(f"/invitado/{bruno}")

    assert answer.headers["cache-control"] == "no-store"
    assert "noindex" in answer.headers["x-robots-tag"]
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert "Disallow: /invitado/" in inside.get("/robots.txt").text
    with open_browser(evening) as other:
        set_cookie = other.post(link(evening, bruno), follow_redirects=False).headers.get_list("set-cookie")
    (mine,) = [one for one in set_cookie if one.startswith("tertulia_guest_")]
    assert all(part in mine for part in (f"Path=/invitado/{bruno}", "HttpOnly", "SameSite=lax"))
    forged = inside.post(f"/invitado/{bruno}", data={"a0": "x"}, headers={"sec-fetch-site": "cross-site"})
    assert forged.status_code == 403
    assert "Marco" not in inside.get(f"/d/{evening.slug}").text


# --- writing ---------------------------------------------------------------------------------------------------------


def test_the_page_says_what_comes(evening: Evening, bruno: int, inside: TestClient) -> None:
    """Topic, host, hour with its zone, the dates with what is late and next, the questions in order."""
    page = shown(inside.get(f"/invitado/{bruno}"))

    assert "¿Quién es el CXO? jueves 14 de enero de 2027, 19:00 (Europe/Madrid) · Conduce Elena" in page
    assert "hecho Conocer el tema y abrir esta página jueves 24 de diciembre de 2026, 19:00" in page
    assert "pendiente Preparar las respuestas jueves 31 de diciembre de 2026, 19:00" in page
    assert "lo siguiente Escribir el texto que presenta el tema lunes 4 de enero de 2027, 19:00" in page
    assert "más adelante Entrar unos minutos antes jueves 14 de enero de 2027, 18:00" in page
    order = [page.index(one.text) for one in QUESTIONS]
    assert order == sorted(order)
    assert "en muchas empresas, de nadie" not in page  # the run-sheet's own answer is the moderators'


def test_an_answer_is_saved_and_says_so(evening: Evening, bruno: int, inside: TestClient) -> None:
    """It is there after a reload, with the hour at which it was saved; the others stay empty."""
    first = ids(evening)[0]

    save(inside, bruno, **{f"a{first}": "Oír.\r\nY volver a oír.", "at": str(first)})

    page = inside.get(f"/invitado/{bruno}")
    assert kept(evening, bruno) == {first: "Oír.\nY volver a oír."}
    assert fields(page)[f"a{first}"] == "Oír.\nY volver a oír."
    assert "Guardado a las 19:00 del sábado 2 de enero de 2027." in shown(page)
    assert shown(page).count("Sin guardar todavía") == 3


def test_saving_without_a_change_changes_nothing(evening: Evening, bruno: int, inside: TestClient) -> None:
    """Line ends as browsers send them are no change."""
    first = ids(evening)[0]
    save(inside, bruno, **{f"a{first}": "uno\r\ndos"})
    evening.now += timedelta(hours=1)

    save(inside, bruno, **{f"a{first}": "uno\r\ndos"})

    with evening.store.read() as tx:
        assert store_of_guests.prepared(tx, bruno)[first].at == evening.now - timedelta(hours=1)


@pytest.mark.parametrize("size", [3_001, 40_000])
def test_what_is_too_long_is_refused_and_not_lost(evening: Evening, bruno: int, inside: TestClient, size: int) -> None:
    """The text is still in its field, with the reason; what else was written is saved."""
    first, second, _ = ids(evening)

    answer = save(inside, bruno, **{f"a{first}": "ñ" * size, f"a{second}": "breve"})

    assert answer.status_code == 422
    assert fields(answer)[f"a{first}"] == "ñ" * size
    assert f"{size}" in shown(answer)
    assert "Algo no se ha guardado" in shown(answer)
    assert kept(evening, bruno) == {second: "breve"}


def test_a_framing_with_a_link_is_refused_at_its_field(evening: Evening, bruno: int, inside: TestClient) -> None:
    """The text is still there, with the reason; nothing of it is kept."""
    first = ids(evening)[0]
    answer = save(inside, bruno, a0="Leed www.ejemplo.es", **{f"a{first}": "breve"})

    assert (answer.status_code, fields(answer)["a0"]) == (422, "Leed www.ejemplo.es")
    assert "La presentación va sin enlaces y lleva «www.ejemplo.es»" in shown(answer)
    assert kept(evening, bruno) == {first: "breve"}
    with evening.store.read() as tx:
        assert store_of_guests.get(tx, bruno).framing == ""


def test_an_answer_shows_as_text_everywhere(evening: Evening, bruno: int, inside: TestClient) -> None:
    """Markup in an answer or a framing stays text: on the guest's page, the moderators', the debate's, the archive."""
    first = ids(evening)[0]
    save(inside, bruno, **{f"a{first}": HOSTILE, "a0": HOSTILE})
    with open_browser(evening) as moderator:
        enter(moderator, evening)
        pages = [inside.get(f"/invitado/{bruno}"), moderator.get(f"/d/{evening.slug}/guests")]
        evening.store.write(
            lambda tx: guests.release(tx, bruno, actor=OPERATOR, now=evening.now, at_once=True) and None
        )
        evening.act(lambda tx, debate: run.open_now(tx, debate, actor=OPERATOR, now=evening.now))
        evening.act(lambda tx, debate: run.ask_next(tx, debate, actor=OPERATOR, now=evening.now))
        pages += [moderator.get(f"/d/{evening.slug}{rest}") for rest in ("", "/transcript.html")]

    for page in pages:
        assert "alert(1)" in page.text
        assert "<script>alert" not in page.text
        assert "<img src=x" not in page.text
    assert fields(pages[0])["a0"].startswith("<script>alert(1)</script>\"'>")


def test_a_withdrawn_question_keeps_its_text_on_the_page(evening: Evening, bruno: int, inside: TestClient) -> None:
    """While the guest writes, a moderator takes the question away and moves another: nothing lost, nothing misfiled."""
    first, second, third = ids(evening)
    form = fields(inside.get(f"/invitado/{bruno}"))
    evening.store.write(lambda tx: ask.decline(tx, first, reason="hoy no", actor=OPERATOR, now=evening.now).id)
    evening.act(lambda tx, debate: plan.reorder(tx, debate, [third, second], actor=OPERATOR, now=evening.now))

    inside.post(f"/invitado/{bruno}", data={**form, f"a{first}": "uno", f"a{second}": "dos", f"a{third}": "tres"})

    assert kept(evening, bruno) == {first: "uno", second: "dos", third: "tres"}
    page = shown(inside.get(f"/invitado/{bruno}"))
    assert f"retirada {QUESTIONS[0].text}" in page
    assert page.index(QUESTIONS[2].text) < page.index(QUESTIONS[1].text) < page.index(QUESTIONS[0].text)


def test_two_windows_with_other_texts(evening: Evening, bruno: int, inside: TestClient) -> None:
    """The second is told, keeps what it wrote, and may save it knowingly."""
    first = ids(evening)[0]
    old = fields(inside.get(f"/invitado/{bruno}"))
    save(inside, bruno, **{f"a{first}": "del portátil"})

    answer = inside.post(f"/invitado/{bruno}", data={**old, f"a{first}": "del móvil"})

    assert (answer.status_code, fields(answer)[f"a{first}"]) == (409, "del móvil")
    assert kept(evening, bruno) == {first: "del portátil"}
    inside.post(f"/invitado/{bruno}", data=fields(answer))
    assert kept(evening, bruno) == {first: "del móvil"}


def test_during_the_debate_the_page_says_where_to_go(evening: Evening, bruno: int, inside: TestClient) -> None:
    """And what is out cannot be changed; in the room the guest is who they are."""
    evening.act(lambda tx, debate: run.open_now(tx, debate, actor=OPERATOR, now=evening.now))
    evening.act(lambda tx, debate: run.ask_next(tx, debate, actor=OPERATOR, now=evening.now))

    page = inside.get(f"/invitado/{bruno}")

    assert "El debate está en marcha Ir al debate En la sala entras con tu nombre" in shown(page)
    assert "Ya ha salido como P1." in shown(page)
    inside.post(f"/d/{evening.slug}/say", data={"text": "Aquí estoy", "question": "1"})
    room = inside.get(f"/d/{evening.slug}")
    assert "Bruno Salas" in shown(room)
    with evening.store.read() as tx:
        from bot.store import people

        assert people.find(tx, "room:bruno-salas").role == "guest"


def test_the_page_speaks_the_browsers_language(evening: Evening, bruno: int) -> None:
    """English for who asks for it."""
    with open_browser(evening, "en") as client:
        client.post(link(evening, bruno))

        assert "Your page, Bruno Salas" in shown(client.get(f"/invitado/{bruno}"))


# --- moderators ------------------------------------------------------------------------------------------------------


@pytest.fixture
def moderator(evening: Evening) -> Iterator[TestClient]:
    """A moderator's browser."""
    with browser(evening) as client:
        enter(client, evening)
        yield client


def test_a_moderator_invites_and_gets_a_link_once(evening: Evening, moderator: TestClient) -> None:
    """The link is on the page that answers, on no other, and it works."""
    where = f"/d/{evening.slug}/guests"
    moderator.post(where, data={"name": "Bruno Salas", "slack": ""})
    assert "No está en Slack: los avisos te llegan a ti" in shown(moderator.get(where))
    with evening.store.read() as tx:
        (guest,) = store_of_guests.of_debate(tx, debates.ident(debates.get(tx, evening.slug)))

    answer = moderator.post(f"{where}/{guest.id}/link")

    address = re.search(rf"<code>({re.escape(evening.house.url)}/invitado/{guest.id}/[\w-]+)</code>", answer.text)
    assert address is not None
    assert address[1] not in moderator.get(where).text
    with open_browser(evening) as client:
        assert "Tu página, Bruno Salas" in shown(client.post(address[1].removeprefix(evening.house.url)))


def test_a_refused_invitation_keeps_what_was_typed(evening: Evening, moderator: TestClient, bruno: int) -> None:
    """A faulty Slack id comes back in its field; a guest twice is a conflict."""
    where = f"/d/{evening.slug}/guests"

    faulty = moderator.post(where, data={"name": "Carla Prado", "slack": "carla"})
    twice = moderator.post(where, data={"name": "bruno salas"})

    assert (faulty.status_code, twice.status_code) == (422, 409)
    assert 'value="Carla Prado"' in faulty.text
    assert 'value="carla"' in faulty.text


def test_moderators_see_what_is_prepared_and_nobody_else(
    evening: Evening, moderator: TestClient, bruno: int, inside: TestClient
) -> None:
    """Neither the public page, its stream, the archive nor the guest list shows it before its question."""
    save(inside, bruno, **{f"a{ids(evening)[0]}": "ocarina", "a0": "marimba"})

    assert "ocarina" in moderator.get(f"/d/{evening.slug}/guests").text
    with open_browser(evening) as client:
        for rest in ("", "/transcript.html", "/transcript.jsonl", "/transcript.md", "/guests"):
            page = client.get(f"/d/{evening.slug}{rest}")
            assert "ocarina" not in page.text
            assert "marimba" not in page.text
        assert client.get(f"/d/{evening.slug}/guests").status_code == 403
        assert client.post(f"/d/{evening.slug}/guests/{bruno}/link").status_code == 403

    # Once nothing is left to be asked, nothing is counted as not prepared.
    counted = "Respuestas preparadas:"
    assert counted in moderator.get(f"/d/{evening.slug}/guests").text
    evening.act(lambda tx, row: run.open_now(tx, row, actor=OPERATOR, now=evening.now))
    evening.act(lambda tx, row: run.close(tx, row, actor=OPERATOR, now=evening.now, house=evening.house))
    assert counted not in moderator.get(f"/d/{evening.slug}/guests").text


def test_a_moderator_lets_the_framing_out(
    evening: Evening, moderator: TestClient, bruno: int, inside: TestClient
) -> None:
    """Approved it waits for its hour; «Publicar ya» does not; the guest's page says both."""
    save(inside, bruno, a0="marimba")
    where = f"/d/{evening.slug}/guests/{bruno}"

    moderator.post(f"{where}/release")
    assert "Tiene el visto bueno" in shown(inside.get(f"/invitado/{bruno}"))
    with open_browser(evening) as client:
        assert "marimba" not in client.get(f"/d/{evening.slug}").text
        moderator.post(f"{where}/now")
        assert "Bruno Salas, persona invitada a «¿Quién es el CXO?»: marimba" in shown(client.get(f"/d/{evening.slug}"))
    assert "Ya ha salido." in shown(inside.get(f"/invitado/{bruno}"))
    assert moderator.post(f"{where}/now").status_code == 409


def test_removing_asks_first(evening: Evening, moderator: TestClient, bruno: int, inside: TestClient) -> None:
    """Then page, texts and link are gone."""
    save(inside, bruno, a0="marimba")
    where = f"/d/{evening.slug}/guests/{bruno}/remove"

    assert "¿De verdad? Se borra lo que preparó" in shown(moderator.post(where))
    assert inside.get(f"/invitado/{bruno}").status_code == 200
    moderator.post(where, data={"really": "1"})

    assert inside.get(f"/invitado/{bruno}").status_code == 403
    assert "Nadie todavía." in shown(moderator.get(f"/d/{evening.slug}/guests"))
    assert moderator.post(where, data={"really": "1"}).status_code == 404


def test_a_guest_of_another_debate_is_not_reached_from_here(
    evening: Evening, moderator: TestClient, bruno: int
) -> None:
    """The address of one debate does nothing to another's guests; a way that is none is not found."""
    other = planned(evening, datetime(2027, 1, 21, 19, 0))  # noqa: DTZ001

    assert moderator.post(f"/d/{other}/guests/{bruno}/link").status_code == 404
    assert moderator.post(f"/d/{evening.slug}/guests/{bruno}/nonsense").status_code == 404


def test_planned_questions_can_be_read_and_hidden(evening: Evening, moderator: TestClient) -> None:
    """Once announced, in order, without the prepared answer; a moderator switches that off."""
    with open_browser(evening) as client:
        assert "Las preguntas previstas" not in client.get(f"/d/{evening.slug}").text
        evening.now = START - timedelta(days=6)
        evening.store.write(lambda tx: clock.do_due(tx, now=evening.now, house=evening.house) and None)

        page = client.get(f"/d/{evening.slug}")
        assert "Las preguntas previstas" in shown(page)
        assert [one.text in page.text for one in QUESTIONS] == [True] * 3
        assert "en muchas empresas, de nadie" not in page.text

        moderator.post(f"/d/{evening.slug}/guests/questions", data={"public": "0"})
        assert "Las preguntas previstas" not in client.get(f"/d/{evening.slug}").text
        assert client.post(f"/d/{evening.slug}/guests/questions", data={"public": "1"}).status_code == 403


def test_moderators_see_that_a_reminder_did_not_arrive(evening: Evening, moderator: TestClient) -> None:
    """An id of Slack that is nobody's: the list of guests says why, until a later one arrives."""
    invite(evening, "Elena Rosal", "U999")
    evening.store.write(lambda tx: clock.do_due(tx, now=evening.now, house=evening.house))
    claimed = evening.store.write(lambda tx: send.claim(tx, Platform.SLACK, owner="test", now=evening.now))
    (row,) = [row for row, draft, _ in claimed if draft.place == "U999"]
    assert "no le ha llegado" not in shown(moderator.get(f"/d/{evening.slug}/guests"))

    evening.store.write(lambda tx: send.refused(tx, row, owner="test", why="user_not_found", now=evening.now))

    assert "El último aviso no le ha llegado: user_not_found." in shown(moderator.get(f"/d/{evening.slug}/guests"))
