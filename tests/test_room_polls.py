"""Polls in the room by hand: forms that post and pages that answer, with no script anywhere."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from bot.actions import ask, clock, plan, polls, run
from bot.debatefile import DebateFile, PlannedQuestion
from bot.poll import Choice, Kind, Planned
from bot.ports import OPERATOR, Actor
from bot.store import debates
from bot.store import polls as kept
from bot.store.engine import Tx

from tests.room_evening import Evening, browser
from tests.test_room import enter, join, shown

ASKED = Planned("¿Qué <te> mueve?", ("Aprender", "Un título"), several=True, other=True)


@pytest.fixture
def evening(evening: Evening) -> Evening:
    """A debate that has not begun, with a poll that is open."""
    evening.plan(opened=False)
    evening.act(lambda tx, row: polls.add(tx, row, ASKED, kind=Kind.BEFORE, actor=OPERATOR, now=evening.now).id)
    return evening


def answers(evening: Evening, kind: Kind = Kind.BEFORE) -> list[Choice]:
    """All answers."""
    with evening.store.read() as tx:
        row = kept.needed(tx, debates.ident(debates.get(tx, evening.slug)), kind)
        return kept.answers(tx, row.id or 0)


def vote(client: TestClient, evening: Evening, kind: str = "before", **fields: str) -> int:
    """The form of a poll was sent; the status, redirects not followed."""
    return client.post(f"/d/{evening.slug}/poll/{kind}", data=fields, follow_redirects=False).status_code


def test_a_visitor_answers_and_changes_their_mind(evening: Evening, visitor: TestClient) -> None:
    """Only with a name; what was ticked is ticked when the page is seen again."""
    page = visitor.get(f"/d/{evening.slug}").text
    assert "¿Qué &lt;te&gt; mueve?" in page
    assert 'name="o1"' not in page
    assert vote(visitor, evening, o1="1") == 401

    join(visitor, evening, "Ana")
    assert vote(visitor, evening, o1="1", other="Ayudar") == 303
    page = visitor.get(f"/d/{evening.slug}").text
    assert re.findall(r'name="(o\d)" value="1"( checked)?', page) == [("o1", " checked"), ("o2", "")]
    assert 'value="Ayudar"' in page
    assert "Cambiar mi respuesta" in page

    assert vote(visitor, evening, o2="1", other="") == 303
    assert answers(evening) == [Choice((2,))]


def test_a_refused_answer_says_why(evening: Evening, visitor: TestClient) -> None:
    """Nothing chosen, no such option, no such poll, and one that is over."""
    join(visitor, evening, "Ana")
    empty = visitor.post(f"/d/{evening.slug}/poll/before", data={"other": " "})
    assert (empty.status_code, "elige algo, o escríbelo" in shown(empty)) == (422, True)
    assert [vote(visitor, evening, o7="1"), vote(visitor, evening, "topic", o1="1"), vote(visitor, evening, "x")] == [
        422, 404, 404,
    ]  # fmt: skip
    evening.act(lambda tx, row: run.open_now(tx, row, actor=OPERATOR, now=evening.now))
    late = visitor.post(f"/d/{evening.slug}/poll/before", data={"o1": "1"})
    assert (late.status_code, "no está abierta ahora" in shown(late)) == (409, True)
    assert answers(evening) == []


def test_moderators_alone_plan_and_close_polls(tmp_path: Path) -> None:
    """With a fault the form comes back as it was; once it is open it cannot be changed."""
    made = Evening(tmp_path)
    made.plan(opened=False)
    with browser(made) as client:
        join(client, made, "Ana")
        path = f"/d/{made.slug}/polls"
        assert [client.get(path).status_code, client.post(path, data={}).status_code] == [403, 403]
        assert client.post(f"{path}/close", data={"kind": "before"}).status_code == 403
        enter(client, made)
        assert "/polls" in client.get(f"/d/{made.slug}").text

        bad = client.post(path, data={"text": "¿Vienes?", "options": "Sí\nSí"})
        assert (bad.status_code, "está repetida: «Sí»" in shown(bad), "¿Vienes?" in bad.text) == (422, True, True)
        assert "No hacer esta encuesta" not in bad.text
        good = client.post(path, data={"text": "¿Vienes?", "options": "Sí\n\n No ", "other": "1"})
        assert (good.status_code, "¿Vienes?" in good.text, "Abierta." in shown(good)) == (200, True, True)
        assert client.post(path, data={"text": "¿Otra?", "options": "Sí\nNo"}).status_code == 409

        client.post(f"/d/{made.slug}/poll/before", data={"other": "<Vaya> timo"})
        assert 'value="&lt;Vaya&gt; timo"' in client.get(path).text
        gone = client.post(f"{path}/strike", data={"kind": "before", "text": "<Vaya> timo"})
        assert (gone.status_code, "timo" in gone.text) == (200, False)
        assert client.post(f"{path}/strike", data={"kind": "before", "text": "nada"}).status_code == 404
        assert "Cerrada." in shown(client.post(f"{path}/close", data={"kind": "before"}))
        assert "Elige los temas" in shown(client.post(f"{path}/topic"))
        assert "No se preguntará." in shown(client.post(f"{path}/close", data={"kind": "pulse"}))
        assert client.post(f"{path}/nada").status_code == 404
    made.stop()


def test_the_pulse_is_a_form_that_is_answered_once_and_shown_to_nobody_before_it_is_closed(tmp_path: Path) -> None:
    """Five people; the moderator's page has the whole afterwards."""
    made = Evening(tmp_path)
    made.plan()
    with browser(made) as client:
        join(client, made, "Ana")
        client.post(f"/d/{made.slug}/say", data={"text": "hola"})

        def over(tx: Tx, _row: object) -> None:
            for hours in (1, 2, 3):
                clock.do_all_due(tx, now=made.now + timedelta(hours=hours), house=made.house, most=50)

        made.act(over)
        made.now += timedelta(hours=3)
        page = client.get(f"/d/{made.slug}").text
        assert (page.count('type="radio"'), " checked" in page.partition("poll-pulse")[2]) == (5, False)
        assert vote(client, made, "pulse", one="4", other="palabra") == 303
        again = client.get(f"/d/{made.slug}").text
        assert "Tu respuesta es anónima" in again
        assert vote(client, made, "pulse", one="1") == 409
    for number in range(4):
        given = Choice((5,), "")
        who = Actor(f"slack:U{number}", f"V{number}")
        made.act(lambda tx, row, who=who, given=given: polls.answer(
            tx, row, Kind.PULSE, given, voter=who, now=made.now
        ).id)  # fmt: skip
    with browser(made) as client:
        enter(client, made)
        desk = f"/d/{made.slug}/polls"
        before = shown(client.get(desk))
        assert ("Abierta. Respuestas: 5." in before, "palabra" in before) == (True, False)
        after = shown(client.post(f"{desk}/close", data={"kind": "pulse"}))
        assert "80 % · 5 · mucha (4)" in after
        assert "«palabra»" in after
    made.stop()


def test_open_questions_are_brought_with_a_button(tmp_path: Path) -> None:
    """From the debate before, as proposals."""
    made = Evening(tmp_path)
    first = made.plan()
    eva = Actor("room:eva", "Eva")
    made.act(lambda tx, row: ask.propose(tx, row, "¿Y los datos?", asker=eva, now=made.now).id)
    made.act(lambda tx, row: run.close(tx, row, actor=OPERATOR, now=made.now, house=made.house))
    made.act(lambda tx, row: run.settle(tx, row, now=made.now, house=made.house))

    def following(tx: Tx) -> str:
        starts = (made.now + timedelta(days=7)).replace(tzinfo=None)
        file = DebateFile(title="Otro", questions=(PlannedQuestion("¿Y bien?"),), starts=starts, timezone="UTC",
                          hashtag="MeetAlfaro")  # fmt: skip
        return plan.add(tx, file, house=made.house, actor=OPERATOR, now=made.now).slug

    slug = made.store.write(following)
    with browser(made) as client:
        enter(client, made)
        page = client.get(f"/d/{slug}/polls").text
        source = re.findall(r'name="source" value="(\d+)"', page)
        assert ("¿Y los datos?" in page, len(source)) == (True, 1)
        done = client.post(f"/d/{slug}/polls/carry", data={"source": source[0]})
        assert (done.status_code, "¿Y los datos?" in done.text) == (200, False)
        assert client.post(f"/d/{slug}/polls/carry", data={"source": source[0]}).status_code == 409
        assert client.post(f"/d/{slug}/polls/carry", data={"source": "nada"}).status_code == 404
        assert "¿Y los datos?" in client.get(f"/d/{slug}").text
    assert first != slug
    made.stop()
