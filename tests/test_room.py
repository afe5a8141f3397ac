"""The room by hand: forms that post, pages that answer, with no script anywhere."""

import re
from datetime import timedelta
from html.parser import HTMLParser
from importlib import resources
from pathlib import Path

import pytest
from httpx2 import Response
from starlette.applications import Starlette
from starlette.testclient import TestClient

from bot.actions import ask, clock, log, run
from bot.actions import people as acts
from bot.debate import Phase
from bot.ports import OPERATOR, Actor, House
from bot.store import debates, messages, passes, people
from handlers.room import security
from handlers.room.limits import CLICK

from tests.room_evening import Evening, browser, slack_said

FORM = {"content-type": "application/x-www-form-urlencoded"}


def join(client: TestClient, evening: Evening, name: str) -> Response:
    """The visitor has said their name."""
    return client.post(f"/d/{evening.slug}/join", data={"name": name}, follow_redirects=False)


def enter(client: TestClient, evening: Evening, name: str = "Elena") -> None:
    """The visitor has come in as a moderator."""
    assert client.post(f"/entrar/{evening.link()}", data={"name": name}).status_code == 200


def say(client: TestClient, evening: Evening, text: str, **fields: str) -> Response:
    """The visitor has sent an answer."""
    return client.post(f"/d/{evening.slug}/say", data={"text": text, **fields}, follow_redirects=False)


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_data(self, data: str) -> None:
        self.found.append(data)


def shown(response: Response) -> str:
    """What a reader sees of a page, on one line."""
    parser = _Text()
    parser.feed(response.text)
    return " ".join(" ".join(parser.found).split())


def dialogue(response: Response) -> list[str]:
    """The debate's stream as lines: ``P1 …`` for a question, ``name: text`` for what was said."""
    lines: list[str] = []
    for part in re.findall(r"<h2 id=\"q\d+-title\">.*?</h2>|<article.*?</article>", response.text, re.DOTALL):
        if part.startswith("<h2"):
            lines.append(" ".join(re.sub("<[^>]+>", " ", part).split()))
        elif "notice" not in part.partition(">")[0]:
            who, said = (
                re.search(r'class="who">(.*?)<', part),
                re.search(r'<div class="said">(.*?)</div>', part, re.DOTALL),
            )
            reply = "  > " if " reply" in part.partition(">")[0] else ""
            lines.append(f"{reply}{who[1]}: {said[1]}" if who and said else f"{reply}(retirado)")
    return lines


# --- the board -------------------------------------------------------------------------------------------------------


def test_board_of_an_empty_database_offers_two_ways_to_begin(tmp_path: Path) -> None:
    """With nothing planned, the page offers a rehearsal and a debate of one's own."""

    async def rehearse() -> str:
        return "ensayo"

    evening = Evening(tmp_path, start_rehearsal=rehearse)
    with TestClient(evening.app, base_url="http://127.0.0.1:8000", client=("127.0.0.1", 5000)) as client:
        page = client.get("/")
        begun = client.post("/ensayo", follow_redirects=False)
    evening.stop()
    assert re.findall(r'class="button[^"]*"[^>]*>([^<]+)<', page.text) == ["Empezar un ensayo", "Programar un debate"]
    assert (begun.status_code, begun.headers["location"]) == (303, "/d/ensayo")


def test_rehearsal_is_refused_to_a_stranger_once_there_are_debates(tmp_path: Path) -> None:
    """After the first debate only a moderator starts rehearsals."""
    begun: list[str] = []

    async def rehearse() -> str:
        begun.append("ensayo")
        return "ensayo"

    evening = Evening(tmp_path, start_rehearsal=rehearse)
    evening.plan()
    with browser(evening) as client:
        assert client.post("/ensayo").status_code == 403
        assert begun == []
        enter(client, evening)
        client.post("/ensayo", follow_redirects=False)
    evening.stop()
    assert begun == ["ensayo"]


@pytest.mark.parametrize(
    ("address", "base", "url", "headers"),
    [
        ("203.0.113.7", "http://127.0.0.1:8000", "http://127.0.0.1:8000", {}),
        ("127.0.0.1", "https://debates.example.org", "http://127.0.0.1:8000", {}),
        ("127.0.0.1", "http://127.0.0.1:8000", "https://debates.example.org", {}),
        ("127.0.0.1", "http://127.0.0.1:8000", "http://127.0.0.1:8000", {"x-forwarded-for": "203.0.113.7"}),
    ],
)
def test_rehearsal_is_refused_to_who_comes_from_afar(
    tmp_path: Path, address: str, base: str, url: str, headers: dict[str, str]
) -> None:
    """An empty database on a public server does not let anybody begin, behind whatever proxy."""

    async def rehearse() -> str:
        raise AssertionError

    evening = Evening(tmp_path, start_rehearsal=rehearse, house=House(url=url))
    with TestClient(evening.app, base_url=base, client=(address, 5000), headers=headers) as client:
        page, begun = client.get("/"), client.post("/ensayo")
    evening.stop()
    assert "Empezar un ensayo" not in page.text
    assert begun.status_code == 403


def test_board_shows_what_is_on_and_what_comes(evening: Evening, visitor: TestClient) -> None:
    """A live debate stands under «Ahora», one to come under «Próximos», with its local time."""
    evening.plan(title="El de hoy")
    evening.now = evening.now.replace(hour=22)
    page = visitor.get("/")
    assert re.findall(r"<h2 id=\"(\w+)\"", page.text) == ["live"]
    assert "jueves 14 de enero de 2027, 19:00 (Europe/Madrid)" in shown(page)


# --- taking part -----------------------------------------------------------------------------------------------------


def test_what_was_not_held_is_on_the_board_and_its_moderators_read_why(evening: Evening, visitor: TestClient) -> None:
    """Off for a day: everybody reads that it was not held, who moderates each thing that the clock did not do."""
    slug = evening.plan(opened=False)
    evening.now += timedelta(days=1)
    while evening.store.write(lambda tx: clock.do_due(tx, now=evening.now, house=evening.house)):
        pass
    enter(visitor, evening)
    stranger = browser(evening)

    for one in (visitor, stranger):
        assert "No se celebró: la hora ya había terminado" in shown(one.get("/"))
        assert "La hora de este debate pasó sin que se celebrara" in shown(one.get(f"/d/{slug}"))
    assert "Lo que el reloj no hizo" not in shown(stranger.get(f"/d/{slug}"))
    page = shown(visitor.get(f"/d/{slug}"))
    assert "Lo que el reloj no hizo: 11" in page
    assert re.search(r"recordatorio 10m, [^:]*14 de enero[^:]*, 18:50 : llegaba 24 h tarde \(límite 10 min\)", page)
    assert re.search(r"pregunta 1, [^:]*14 de enero[^:]*, 19:10 : la hora ya había terminado", page)


def test_debate_of_two_people_reads_as_it_was_said(evening: Evening, visitor: TestClient) -> None:
    """A name, an answer, a reply, an answer to an earlier question and one from Slack: all by question, in order."""
    evening.plan(asked=2)
    assert join(visitor, evening, "Ana").headers["location"] == f"/d/{evening.slug}#composer"
    first = say(visitor, evening, "Alguien que escuche", question="1")
    ident = re.search(r"#m(\d+)$", first.headers["location"])
    assert ident is not None
    evening.slack("R2 De dirección general", name="Marta")
    with browser(evening) as other:
        join(other, evening, "Luis")
        assert "Respondes a Ana: Alguien que escuche" in shown(other.get(f"/d/{evening.slug}?reply={ident[1]}"))
        say(other, evening, "Y que decida", reply=ident[1], question="2")
        say(other, evening, "De nadie", question="2")
        page = other.get(f"/d/{evening.slug}")
    assert dialogue(page) == [
        "P1 ¿Qué perfil necesita quien lleva la experiencia de cliente?",
        "Ana: Alguien que escuche",
        "  &gt; Luis: Y que decida".replace("&gt;", ">"),
        "P2 ¿De quién debería depender?",
        "Luis: De nadie",
        "Marta: R2 De dirección general",
    ]


def test_reply_to_a_slack_message_stands_below_it(evening: Evening, visitor: TestClient) -> None:
    """A member of the room answers somebody of the channel, under the same question."""
    evening.plan(asked=1)
    evening.slack("Empatía", name="Marta")
    join(visitor, evening, "Ana")
    evening.act(
        lambda tx, debate: run.ask_next(tx, debate, actor=OPERATOR, now=evening.clock().replace(minute=9), really=True)
    )
    evening.now = evening.now.replace(minute=10)
    say(visitor, evening, "Y datos", reply="1")
    assert dialogue(visitor.get(f"/d/{evening.slug}"))[1:3] == ["Marta: Empatía", "  > Ana: Y datos"]


def test_answer_goes_to_the_question_that_was_chosen(evening: Evening, visitor: TestClient) -> None:
    """The box proposes the open question; an earlier one can be chosen."""
    evening.plan(asked=2)
    join(visitor, evening, "Ana")
    page = visitor.get(f"/d/{evening.slug}")
    assert re.findall(r'<option value="(\d)"[^>]*?( selected)?>P\d', page.text) == [("1", ""), ("2", " selected")]
    say(visitor, evening, "A la primera", question="1")
    assert dialogue(visitor.get(f"/d/{evening.slug}"))[1] == "Ana: A la primera"


def test_own_message_can_be_changed_and_taken_back(evening: Evening, visitor: TestClient) -> None:
    """The author edits, then removes; what remains is its place."""
    evening.plan()
    join(visitor, evening, "Ana")
    say(visitor, evening, "Primera versoin")
    visitor.post(f"/d/{evening.slug}/m/1/edit", data={"text": "Primera versión"})
    page = visitor.get(f"/d/{evening.slug}")
    assert (dialogue(page)[1], "editado" in page.text) == ("Ana: Primera versión", True)
    visitor.post(f"/d/{evening.slug}/m/1/delete")
    assert dialogue(visitor.get(f"/d/{evening.slug}"))[1] == "(retirado)"
    assert evening.texts() == [""]


def test_message_of_another_stays_as_it_is(evening: Evening, visitor: TestClient) -> None:
    """Nobody edits or removes what somebody else said."""
    evening.plan()
    join(visitor, evening, "Ana")
    say(visitor, evening, "Mío")
    with browser(evening) as other:
        join(other, evening, "Luis")
        codes = [
            other.post(f"/d/{evening.slug}/m/1/edit", data={"text": "Tuyo"}).status_code,
            other.post(f"/d/{evening.slug}/m/1/delete").status_code,
        ]
    assert (codes, evening.texts()) == ([403, 403], ["Mío"])


def test_reaction_is_put_on_and_taken_off(evening: Evening, visitor: TestClient) -> None:
    """The same button twice leaves nothing; two people count as two."""
    evening.plan()
    join(visitor, evening, "Ana")
    say(visitor, evening, "Hola")
    react = f"/d/{evening.slug}/m/1/react"
    visitor.post(react, data={"name": "+1"})
    with browser(evening) as other:
        join(other, evening, "Luis")
        other.post(react, data={"name": "+1"})
    page = visitor.get(f"/d/{evening.slug}")
    assert re.findall(r'data-key="(r1:[^"]+)".*?</span> (\d+)</button>', page.text) == [("r1:+1", "2")]
    assert 'data-pressed="r1:+1"' in page.text
    visitor.post(react, data={"name": "+1"})
    assert re.findall(r'data-key="r1:[^"]+".*?</span> (\d+)</button>', visitor.get(f"/d/{evening.slug}").text) == ["1"]


def test_reaction_that_is_none_of_ours_is_refused(evening: Evening, visitor: TestClient) -> None:
    """A made-up name does not become a reaction."""
    evening.plan()
    join(visitor, evening, "Ana")
    say(visitor, evening, "Hola")
    assert visitor.post(f"/d/{evening.slug}/m/1/react", data={"name": "<b>"}).status_code == 422


def test_reaction_to_a_slack_message_counts_with_those_of_slack(evening: Evening, visitor: TestClient) -> None:
    """The room's hands and the channel's are one number."""
    evening.plan()
    evening.slack("Hola")
    join(visitor, evening, "Ana")
    visitor.post(f"/d/{evening.slug}/m/1/react", data={"name": "heart"})
    assert "r1:heart" in visitor.get(f"/d/{evening.slug}").text


def test_hand_on_a_slack_message_outlives_a_backfill_but_not_its_owner(evening: Evening, visitor: TestClient) -> None:
    """Slack does not know of the room's hands, so its silence takes none away; forgetting the owner takes the name."""
    evening.plan()
    evening.slack("Hola")
    join(visitor, evening, "Ana")
    visitor.post(f"/d/{evening.slug}/m/1/react", data={"name": "heart"})
    seen = slack_said("Hola", name="Marta", at=evening.now + timedelta(seconds=1))._replace(reactions={})
    evening.now += timedelta(minutes=1)
    evening.store.write(lambda tx: log.hear(tx, [seen], now=evening.now))
    with evening.store.read() as tx:
        assert messages.given(tx, 1, ("room:ana",)) == {(1, "heart")}
    evening.store.write(lambda tx: acts.forget(tx, "room:ana", actor=OPERATOR, now=evening.now))
    with evening.store.read() as tx:
        assert (messages.given(tx, 1, ("room:ana",)), messages.reactions(tx, 1)) == (set(), {"heart"})


def test_question_is_proposed_voted_and_answered_for(evening: Evening, visitor: TestClient) -> None:
    """Asked by one, voted by another once, approved by a moderator; the asker reads so."""
    evening.plan()
    join(visitor, evening, "Ana")
    visitor.post(f"/d/{evening.slug}/ask", data={"text": "¿Y en las pymes?"})
    with browser(evening) as other:
        join(other, evening, "Luis")
        other.post(f"/d/{evening.slug}/q/4/vote")
        page = other.get(f"/d/{evening.slug}")
        assert ("▲</span> 2" in page.text, 'data-pressed="v4"' in page.text) == (True, True)
        other.post(f"/d/{evening.slug}/q/4/vote")
        assert "▲</span> 1" in other.get(f"/d/{evening.slug}").text
    with browser(evening) as moderator:
        enter(moderator, evening)
        assert "Nueva pregunta de Ana" in shown(moderator.get(f"/d/{evening.slug}"))
        moderator.post(f"/d/{evening.slug}/q/4/approve", data={"first": "1"})
        assert "Nueva pregunta de Ana" not in shown(visitor.get(f"/d/{evening.slug}"))
    assert "Tu pregunta «¿Y en las pymes?» está aprobada" in shown(visitor.get(f"/d/{evening.slug}"))


def test_own_question_has_its_vote_already(evening: Evening, visitor: TestClient) -> None:
    """Voting for oneself is refused kindly."""
    evening.plan()
    join(visitor, evening, "Ana")
    visitor.post(f"/d/{evening.slug}/ask", data={"text": "¿Y en las pymes?"})
    refused = visitor.post(f"/d/{evening.slug}/q/4/vote")
    assert (refused.status_code, "Tu propia pregunta ya cuenta con tu voto." in shown(refused)) == (409, True)


def test_personal_notice_is_for_its_reader_alone(evening: Evening, visitor: TestClient) -> None:
    """What became of Ana's question is not on Luis's page."""
    evening.plan()
    join(visitor, evening, "Ana")
    visitor.post(f"/d/{evening.slug}/ask", data={"text": "¿Y en las pymes?"})
    evening.act(lambda tx, _: ask.decline(tx, 4, reason="Ya está en P3", actor=OPERATOR, now=evening.now))
    with browser(evening) as other:
        join(other, evening, "Luis")
        assert "Ya está en P3" not in other.get(f"/d/{evening.slug}").text
    assert "Motivo: Ya está en P3" in shown(visitor.get(f"/d/{evening.slug}"))


# --- when it does not listen -----------------------------------------------------------------------------------------


def test_answer_before_the_start_and_after_the_end_is_refused_with_its_text(
    evening: Evening, visitor: TestClient
) -> None:
    """Both times the page says why, and the log stays empty."""
    evening.plan(opened=False)
    join(visitor, evening, "Ana")
    early = say(visitor, evening, "Antes de hora")
    evening.act(lambda tx, debate: run.open_now(tx, debate, actor=OPERATOR, now=evening.now))
    evening.act(lambda tx, debate: run.close(tx, debate, actor=OPERATOR, now=evening.now, house=evening.house))
    evening.act(lambda tx, debate: run.settle(tx, debate, now=evening.now, house=evening.house))
    late = say(visitor, evening, "Tarde")
    assert (early.status_code, "aún no ha empezado: todavía no se recogen" in shown(early)) == (409, True)
    assert (late.status_code, "ya ha terminado y no recoge" in shown(late)) == (409, True)
    assert evening.texts() == []


def test_answer_in_the_grace_is_taken_and_marked(evening: Evening, visitor: TestClient) -> None:
    """Late is better than never, and the page says that it was late."""
    evening.plan()
    join(visitor, evening, "Ana")
    evening.act(lambda tx, debate: run.close(tx, debate, actor=OPERATOR, now=evening.now, house=evening.house))
    evening.now = evening.now.replace(minute=evening.now.minute + 1)
    say(visitor, evening, "Una más", question="1")
    assert "fuera de hora" in shown(visitor.get(f"/d/{evening.slug}"))


def test_writing_without_a_name_asks_for_one_and_keeps_the_text(evening: Evening, visitor: TestClient) -> None:
    """Who had no cookie (any more) says a name, and finds the text in the box."""
    evening.plan()
    refused = say(visitor, evening, "Lo que iba a decir")
    assert (refused.status_code, 'name="text" value="Lo que iba a decir"' in refused.text) == (401, True)
    page = visitor.post(f"/d/{evening.slug}/join", data={"name": "Ana", "text": "Lo que iba a decir"})
    assert ">Lo que iba a decir</textarea>" in page.text


@pytest.mark.parametrize("cookie", ["", "x", "WyJhbmEiLCJBbmEiXQ.ZZZZZZ.bm8"])
def test_forged_cookie_is_nobody(evening: Evening, visitor: TestClient, cookie: str) -> None:
    """A name that we did not sign does not speak."""
    evening.plan()
    refused = visitor.post(f"/d/{evening.slug}/say", data={"text": "Hola"}, headers={"cookie": f"tertulia={cookie}"})
    assert (refused.status_code, evening.texts()) == (401, [])


def test_cookies_outlive_a_restart(evening: Evening, visitor: TestClient, tmp_path: Path) -> None:
    """The key that signs them is kept with the data."""
    evening.plan()
    join(visitor, evening, "Ana")
    with evening.store.read() as tx:
        assert passes.kept(tx, "cookie key")
    again = Evening(tmp_path)
    again.now, again.slug = evening.now, evening.slug
    with browser(again) as client:
        client.cookies = visitor.cookies
        assert say(client, again, "Sigo aquí").status_code == 303
    again.stop()


# --- names and doors -------------------------------------------------------------------------------------------------


def test_name_that_is_taken_or_kept_is_refused(tmp_path: Path) -> None:
    """Two people cannot be one; a moderator's name needs the link."""
    evening = Evening(tmp_path, house=House(moderators=("room:elena",)))
    evening.plan()
    with browser(evening) as first, browser(evening) as second:
        join(first, evening, "Ana")
        taken, kept = join(second, evening, "ANA"), join(second, evening, "Élena")
        assert (taken.status_code, kept.status_code) == (409, 409)
        assert 'value="ANA"' in taken.text
        enter(second, evening, "Elena")
        assert "modera" in second.get(f"/d/{evening.slug}").text
    evening.stop()


def test_moderators_link_is_shown_without_being_used_and_works_once(evening: Evening, visitor: TestClient) -> None:
    """A preview that fetches the link leaves it good; the second person who posts it stays outside."""
    evening.plan()
    link = f"/entrar/{evening.link()}"
    for _ in range(3):
        assert visitor.get(link).status_code == 200
    assert visitor.post(link, data={"name": " "}).status_code == 422
    entered = visitor.post(link, data={"name": "Elena"}, follow_redirects=False)
    cookie = next(one for one in entered.headers.get_list("set-cookie") if one.startswith("tertulia_moderator="))
    assert sorted(one.partition("=")[0].strip().lower() for one in cookie.split(";")[1:]) == [
        "httponly", "max-age", "path", "samesite",
    ]  # fmt: skip
    with browser(evening) as stranger:
        again = stranger.post(link, data={"name": "Otra"})
        assert (again.status_code, "ya se ha usado" in shown(again)) == (410, True)
        assert stranger.get(link).status_code == 410
        assert stranger.post(f"/d/{evening.slug}/do/next").status_code == 403


def test_who_tries_what_moderators_do_is_on_record(evening: Evening, visitor: TestClient) -> None:
    """A member by name, and no more often than one may click; of a stranger there is nothing to write down."""
    evening.plan()
    assert visitor.post(f"/d/{evening.slug}/do/next").status_code == 403
    join(visitor, evening, "Ana")
    tried = [visitor.post(f"/d/{evening.slug}/do/next").status_code for _ in range(2 * CLICK.burst)]

    with evening.store.read() as tx:
        refused = tx.conn.exec_driver_sql("SELECT who, detail FROM audit WHERE action = 'refused'").all()
    assert (set(tried), set(refused)) == ({403}, {("room:ana", "next")})
    assert len(refused) < len(tried)


def test_session_ends_with_leaving(evening: Evening, visitor: TestClient) -> None:
    """The cookie that was copied before is worth nothing afterwards."""
    evening.plan()
    enter(visitor, evening)
    copied = visitor.cookies["tertulia_moderator"]
    visitor.post("/salir")
    assert dict(visitor.cookies) == {}
    refused = visitor.post(f"/d/{evening.slug}/do/hold", headers={"cookie": f"tertulia_moderator={copied}"})
    assert (refused.status_code, evening.debate().phase) == (403, Phase.OPEN)


def test_cookie_is_secure_where_the_house_is(tmp_path: Path) -> None:
    """Behind https no cookie travels in the open."""
    evening = Evening(tmp_path, house=House(url="https://debates.example.org"))
    evening.plan()
    with browser(evening) as client:
        assert join(client, evening, "Ana").headers["set-cookie"].endswith("; Secure")
    evening.stop()


# --- leading the hour ------------------------------------------------------------------------------------------------


def test_moderator_leads_the_hour_without_a_script(evening: Evening, visitor: TestClient) -> None:
    """Hold, resume, extend, skip, reorder, add, close: each one press, closing two."""
    evening.plan(asked=1)
    enter(visitor, evening)
    press = f"/d/{evening.slug}/do/"
    visitor.post(press + "hold")
    assert evening.debate().phase == Phase.HELD
    visitor.post(press + "resume")
    ends = evening.debate().ends_at
    visitor.post(press + "extend", data={"minutes": "5"})
    assert (evening.debate().ends_at - ends).total_seconds() == 300
    visitor.post(f"/d/{evening.slug}/add", data={"text": "¿Y mañana?"})
    visitor.post(f"/d/{evening.slug}/q/3/move", data={"way": "up"})
    visitor.post(press + "skip")
    with evening.store.read() as tx:
        left = [one.text for one in debates.questions(tx, 1) if one.state == "approved"]
    assert left == ["¿De quién debería depender?", "¿Y mañana?"]
    sure = visitor.post(press + "close")
    assert ("¿De verdad?" in shown(sure), evening.debate().phase) == (True, Phase.OPEN)
    visitor.post(press + "close", data={"really": "1"})
    assert evening.debate().phase == Phase.GRACE


def test_second_press_within_a_minute_is_refused(evening: Evening, visitor: TestClient) -> None:
    """Two moderators, or one nervous finger: one question."""
    evening.plan(asked=0)
    enter(visitor, evening)
    first, second = (visitor.post(f"/d/{evening.slug}/do/next") for _ in range(2))
    assert (first.status_code, second.status_code) == (200, 409)
    assert "parece una doble pulsación" in shown(second)


def test_pouring_answers_are_asked_about(evening: Evening, visitor: TestClient) -> None:
    """With answers coming in, «siguiente» asks first, and goes on when told so."""
    evening.plan(asked=1)
    enter(visitor, evening)
    evening.now = evening.now.replace(minute=evening.now.minute + 3)
    for number in range(6):
        evening.slack(f"Respuesta {number}", name=f"Voz{number}", after=-2.0 - number)
    unsure = visitor.post(f"/d/{evening.slug}/do/next")
    assert (unsure.status_code, "¿De verdad quieres sacar ya" in shown(unsure)) == (409, True)
    visitor.post(f"/d/{evening.slug}/do/next", data={"really": "1"})
    assert "P2 ¿De quién debería depender?" in dialogue(visitor.get(f"/d/{evening.slug}"))


def test_abort_leaves_nothing(evening: Evening, visitor: TestClient) -> None:
    """A start by mistake is gone after «¿de verdad?», its page too."""
    evening.plan()
    enter(visitor, evening)
    visitor.post(f"/d/{evening.slug}/do/abort", data={"really": "1"})
    gone = visitor.get(f"/d/{evening.slug}")
    assert gone.status_code == 404


def test_member_cannot_moderate(evening: Evening, visitor: TestClient) -> None:
    """Each moderator's door is closed to a member, and nothing changes."""
    evening.plan()
    join(visitor, evening, "Ana")
    say(visitor, evening, "Hola")
    rev = evening.debate().rev
    doors = ["do/next", "do/close", "add", "q/2/move", "q/2/decline", "m/1/file"]
    assert [visitor.post(f"/d/{evening.slug}/{door}", data={"really": "1"}).status_code for door in doors] == [403] * 6
    assert evening.debate().rev == rev


def test_moderator_files_by_hand(evening: Evening, visitor: TestClient) -> None:
    """A message moves under the question that it answers."""
    evening.plan(asked=2)
    enter(visitor, evening)
    evening.slack("Sobre la primera")
    visitor.post(f"/d/{evening.slug}/m/1/file", data={"number": "1"})
    assert dialogue(visitor.get(f"/d/{evening.slug}"))[1] == "Marta: Sobre la primera"


def test_declining_needs_a_reason(evening: Evening, visitor: TestClient) -> None:
    """Without one the page asks for it, and the question still waits."""
    evening.plan()
    enter(visitor, evening)
    asker = Actor("slack:U1", "Marta")
    evening.act(lambda tx, debate: ask.propose(tx, debate, "¿Otra?", asker=asker, now=evening.now))
    refused = visitor.post(f"/d/{evening.slug}/q/4/decline", data={"reason": " "})
    assert (refused.status_code, "No has escrito nada en el motivo" in shown(refused)) == (422, True)
    visitor.post(f"/d/{evening.slug}/q/4/decline", data={"reason": "Ya sale"})
    with evening.store.read() as tx:
        assert debates.question(tx, 1, 4).state == "declined"


# --- planning --------------------------------------------------------------------------------------------------------

PLAN = {
    "base": "", "title": "Un debate nuevo", "starts": "2027-02-18T19:00", "timezone": "Europe/Madrid", "host": "Elena",
    "hashtag": "MeetAlfaro", "questions": "¿Una?\n\n¿Dos?\n", "minutes": "60",
}  # fmt: skip


def test_debate_is_planned_from_the_form(evening: Evening, visitor: TestClient) -> None:
    """Title, local time, questions one a line: planned, and its page is shown."""
    enter(visitor, evening)
    planned = visitor.post("/programar", data=PLAN, follow_redirects=False)
    assert planned.headers["location"] == "/d/2027-02-18-un-debate-nuevo"
    page = visitor.get(planned.headers["location"])
    assert "jueves 18 de febrero de 2027, 19:00" in shown(page)


def test_ready_made_debate_fills_the_form_and_keeps_its_answers(evening: Evening, visitor: TestClient) -> None:
    """What was prepared with a question goes with it, while its text is left as it was."""
    enter(visitor, evening)
    form = visitor.get("/programar?base=quien-es-el-cxo")
    questions = re.search(r'name="questions"[^>]*>(.*?)</textarea>', form.text, re.DOTALL)
    assert questions is not None
    visitor.post("/programar", data={**PLAN, "base": "quien-es-el-cxo", "questions": questions[1]})
    with evening.store.read() as tx:
        found = debates.questions(tx, 1)
    assert (len(found), bool(found[1].answer), bool(found[0].answer)) == (6, True, False)


def test_free_words_fill_the_form_and_are_read_back(evening: Evening, visitor: TestClient) -> None:
    """On the clocks of every zone of the community; nothing is planned, and what is not understood says why."""
    enter(visitor, evening)
    form = visitor.get("/programar", params={"when": "18 de febrero 19:00 Bogotá <b>¿Quién manda?</b>"})
    assert 'name="starts" type="datetime-local" required value="2027-02-18T19:00"' in form.text
    assert 'name="timezone" list="zones" required value="America/Bogota"' in form.text
    assert 'value="&lt;b&gt;¿Quién manda?&lt;/b&gt;"' in form.text
    assert "viernes 19 de febrero de 2027, 01:00 (Europe/Madrid)" in shown(form)
    assert "Ojo: «Bogotá» es la zona de la hora, America/Bogota." in shown(form)
    refused = visitor.get("/programar", params={"when": "18 de febrero <i>a las 7"})
    assert "No entiendo «18 de febrero <i>a las 7» como día y hora" in shown(refused)
    assert "<i>a las 7" not in refused.text
    with evening.store.read() as tx:
        assert debates.every(tx) == []


def test_faulty_plan_comes_back_with_every_fault(evening: Evening, visitor: TestClient) -> None:
    """All that is wrong at once; what was typed stays; nothing is stored."""
    enter(visitor, evening)
    bad = {**PLAN, "title": " ", "timezone": "Europa/Madrit", "questions": "", "minutes": "0", "hashtag": "con espacio"}
    refused = visitor.post("/programar", data=bad)
    faults = re.findall(r"<li>([^<]+)</li>", refused.text)
    assert (refused.status_code, len(faults), 'value="Europa/Madrit"' in refused.text) == (422, 5, True)
    with evening.store.read() as tx:
        assert debates.every(tx) == []


@pytest.mark.parametrize(
    ("name", "most", "told"),
    [
        ("hashtag", 45, "La etiqueta lleva solo letras, cifras y guion bajo, 45 como mucho."),
        ("host", 100, "Quien conduce se escribe con 100 caracteres como mucho."),
    ],
)
def test_what_is_too_long_is_refused_and_never_cut(
    evening: Evening, visitor: TestClient, name: str, most: int, told: str
) -> None:
    """What just fits is kept whole; nothing of what does not."""
    enter(visitor, evening)
    assert told in shown(visitor.post("/programar", data={**PLAN, name: "x" * (most + 1)}))
    with evening.store.read() as tx:
        assert debates.every(tx) == []
    visitor.post("/programar", data={**PLAN, name: "x" * most})
    with evening.store.read() as tx:
        assert getattr(debates.get(tx, 1), name) == "x" * most


@pytest.mark.parametrize(
    ("x", "tick", "held"),
    [(True, "1", ["room", "slack", "x"]), (True, "", ["room", "slack"]), (False, "1", ["room", "slack"])],
)
def test_a_debate_is_planned_on_x_where_that_is_ticked(tmp_path: Path, x: bool, tick: str, held: list[str]) -> None:
    """Ticked from the beginning, as for a debate from a file; without X nothing is said of it, nor believed."""
    evening = Evening(tmp_path, house=House(slack_channel="C0123456", hashtag="MeetAlfaro", x=x))
    with browser(evening) as visitor:
        enter(visitor, evening)
        form = visitor.get("/programar").text
        assert ('name="x" value="1" checked' in form, "También en X" in form) == (x, x)
        visitor.post("/programar", data={**PLAN, **({"x": tick} if tick else {})})
    with evening.store.read() as tx:
        assert [one.platform for one in debates.places(tx, 1)] == held
    evening.stop()


def test_a_debate_on_x_has_a_hashtag(tmp_path: Path) -> None:
    """Without one nobody could take part there: said, and what was typed stays."""
    evening = Evening(tmp_path, house=House(x=True))
    with browser(evening) as visitor:
        enter(visitor, evening)
        refused = visitor.post("/programar", data={**PLAN, "x": "1", "hashtag": " "})
        assert (refused.status_code, "En X se participa con una etiqueta" in shown(refused)) == (422, True)
        assert 'name="x" value="1" checked' in refused.text
    evening.stop()


@pytest.mark.parametrize(
    ("starts", "why"),
    [("2027-03-28T02:30", "no existen"), ("2027-10-31T02:30", "dos veces"), ("2020-01-01T10:00", "ya ha pasado")],
)
def test_impossible_time_is_refused_by_its_name(evening: Evening, visitor: TestClient, starts: str, why: str) -> None:
    """The gap and the fold of a clock change, and the past."""
    enter(visitor, evening)
    refused = visitor.post("/programar", data={**PLAN, "starts": starts})
    assert (refused.status_code, why in shown(refused)) == (422, True)


def test_planning_tells_a_stranger_how_to_enter(evening: Evening, visitor: TestClient) -> None:
    """Nobody is left before a closed door without knowing where the key is."""
    page = visitor.get("/programar")
    assert (page.status_code, "tertulia moderator link" in shown(page)) == (403, True)
    assert visitor.post("/programar", data=PLAN).status_code == 403


# --- bad input -------------------------------------------------------------------------------------------------------

ATTACKS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg/onload=alert(1)>',
    "javascript:alert(1)",
    "[x](javascript:alert(1))",
    "</textarea><script>alert(1)</script>",
    "{{ 7*7 }}{% raw %}",
    "' onmouseover='alert(1)",
    "https://example.org/\"onmouseover=alert(1)",
    "&lt;script&gt;",
    "<!--", "]]>", "\u202egnp.exe", "a\x00b", "data: x\n\nevent: reload",
]  # fmt: skip


class _Tags(HTMLParser):
    """Collects elements and attributes that could act."""

    def __init__(self) -> None:
        super().__init__()
        self.acting: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"iframe", "object", "embed", "img"} or (tag == "script" and not dict(attrs).get("src")):
            self.acting.append(tag)
        for name, value in attrs:
            if name.startswith("on") or name == "style" or (value or "").lower().startswith("javascript:"):
                self.acting.append(f"{tag} {name}")


@pytest.mark.parametrize("attack", ATTACKS)
def test_markup_is_shown_and_never_obeyed(evening: Evening, visitor: TestClient, attack: str) -> None:
    """As a name, an answer, a question, a title and a kept text: no page holds anything that acts."""
    evening.plan(title=attack.replace("\x00", "")[:100])
    join(visitor, evening, attack[:50])
    join(visitor, evening, "Ana")
    say(visitor, evening, attack)
    say(visitor, evening, attack + "x" * 5000)
    visitor.post(f"/d/{evening.slug}/ask", data={"text": attack})
    evening.slack(attack, name="Marta")
    kept = say(visitor, evening, attack + "x" * 5000)
    for page in (
        kept,
        visitor.get(f"/d/{evening.slug}?reply=1"),
        visitor.get("/"),
        visitor.get(f"/d/{evening.slug}/m/1"),
    ):
        tags = _Tags()
        tags.feed(page.text)
        assert tags.acting == []
        assert "\x00" not in page.text
    assert "[U+202E]gnp.exe" in kept.text or "\u202e" not in attack


def test_right_to_left_override_is_shown_as_itself(evening: Evening, visitor: TestClient) -> None:
    """A mark that turns the text round is named instead."""
    evening.plan()
    join(visitor, evening, "Ana")
    say(visitor, evening, "factura\u202efdp.exe")
    assert dialogue(visitor.get(f"/d/{evening.slug}"))[1] == "Ana: factura[U+202E]fdp.exe"


@pytest.mark.parametrize(("text", "code"), [("x" * 5000, 303), ("x" * 5001, 422), ("x" * 40_000, 422), (" \n ", 422)])
def test_text_that_does_not_fit_stays_in_the_box(evening: Evening, visitor: TestClient, text: str, code: int) -> None:
    """Up to 5,000 characters; beyond, or with nothing, nothing is stored and nothing is lost."""
    evening.plan()
    join(visitor, evening, "Ana")
    answer = say(visitor, evening, text)
    assert (answer.status_code, len(evening.texts())) == (code, 1 if code == 303 else 0)
    assert code == 303 or f">{text}</textarea>" in answer.text


@pytest.mark.parametrize(
    ("body", "headers", "code"),
    [
        (b"text=%FF%FE", FORM, 400),
        (b"text=\xff\xfe", FORM, 400),
        (b"x" * 600_000, FORM, 413),
        (b'{"text": "hola"}', {"content-type": "application/json"}, 400),
        (b"&".join(b"a=1" for _ in range(300)), FORM, 400),
        (b"", FORM, 422),
    ],
)
def test_form_that_is_none_is_refused(
    evening: Evening, visitor: TestClient, body: bytes, headers: dict[str, str], code: int
) -> None:
    """Broken UTF-8, far too much, another type, too many fields, nothing: a kind page, and nothing stored."""
    evening.plan()
    join(visitor, evening, "Ana")
    answer = visitor.post(f"/d/{evening.slug}/say", content=body, headers=headers)
    assert (answer.status_code, evening.texts(), "<h1>" in answer.text) == (code, [], True)


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", "/d/nada", 404), ("GET", "/d/nada/stream", 404), ("GET", "/d/nada/transcript.md", 404),
        ("GET", "/d/{slug}/transcript.exe", 404), ("GET", "/d/{slug}/m/99", 404),
        ("GET", "/d/{slug}/m/9" + "9" * 40, 404),
        ("GET", "/d/{slug}/m/uno", 404), ("GET", "/d/{slug}/say", 405), ("DELETE", "/d/{slug}", 405),
        ("POST", "/", 405), ("POST", "/d/nada/say", 404), ("GET", "/d/{slug}/q/1", 403), ("PUT", "/healthz", 405),
        ("GET", "/../../etc/passwd", 404), ("GET", "/static/../site.py", 404), ("GET", "/d/%00", 404),
        ("GET", "/d/{slug}?reply=99999999999999999999", 200), ("GET", "/d/{slug}?reply=%FF", 200),
        ("POST", "/d/{slug}/do/fly", 404), ("GET", "/entrar/%FF%FE", 410),
    ],
)  # fmt: skip
def test_wrong_address_or_method_gets_the_right_status(
    evening: Evening, visitor: TestClient, method: str, path: str, code: int
) -> None:
    """Nothing unknown is a fault of ours, and nothing changes."""
    evening.plan()
    rev = evening.debate().rev
    answer = visitor.request(method, path.format(slug=evening.slug))
    assert (answer.status_code, evening.debate().rev) == (code, rev)


def test_forgotten_member_is_not_brought_back_by_a_cookie(evening: Evening, visitor: TestClient) -> None:
    """After erasure the old cookie does not speak for anybody."""
    evening.plan()
    join(visitor, evening, "Ana")
    say(visitor, evening, "Hola")
    evening.store.write(lambda tx: acts.forget(tx, "room:ana", actor=OPERATOR, now=evening.now))
    assert say(visitor, evening, "Otra vez").status_code == 401
    with evening.store.read() as tx, pytest.raises(Exception, match="room:ana"):
        people.find(tx, "room:ana")


# --- limits ----------------------------------------------------------------------------------------------------------


def test_writing_too_fast_is_slowed_down_with_the_text_in_the_box(evening: Evening, visitor: TestClient) -> None:
    """Six at once are taken; the seventh is told how long to wait, and is not lost."""
    evening.plan()
    join(visitor, evening, "Ana")
    codes = [say(visitor, evening, f"Mensaje {number}").status_code for number in range(6)]
    refused = say(visitor, evening, "El séptimo")
    assert (codes, refused.status_code) == ([303] * 6, 429)
    assert int(refused.headers["retry-after"]) in {1, 2}
    assert (">El séptimo</textarea>" in refused.text, "Vas muy deprisa" in shown(refused)) == (True, True)
    assert len(evening.texts()) == 6


# --- other sites and headers -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"sec-fetch-site": "same-origin"}, 303),
        ({"sec-fetch-site": "none"}, 303),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"origin": "http://testserver"}, 303),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({}, 303),
    ],
)
def test_writing_from_another_site_is_refused(evening: Evening, headers: dict[str, str], code: int) -> None:
    """The browser says where a form came from; only ours is taken, and reading stays open to all."""
    evening.plan()
    with TestClient(evening.app) as client:
        join(client, evening, "Ana")
        answer = client.post(f"/d/{evening.slug}/say", data={"text": "Hola"}, headers=headers, follow_redirects=False)
        assert (answer.status_code, len(evening.texts())) == (code, 1 if code == 303 else 0)
        assert client.get(f"/d/{evening.slug}", headers=headers).status_code == 200


@pytest.mark.parametrize("path", ["/", "/d/{slug}", "/nada", "/static/room.js", "/healthz", "/calendar.ics", "/entrar"])
def test_every_answer_carries_the_guards(evening: Evening, visitor: TestClient, path: str) -> None:
    """A strict policy, no sniffing, no framing, on whatever is answered."""
    evening.plan()
    answer = visitor.get(path.format(slug=evening.slug))
    assert {name: answer.headers[name] for name in security.HEADERS} == security.HEADERS


def test_pages_hold_nothing_inline(evening: Evening, visitor: TestClient) -> None:
    """The policy allows no inline script or style, so there is none."""
    evening.plan()
    enter(visitor, evening)
    for path in ("/", f"/d/{evening.slug}", "/programar", "/entrar"):
        page = visitor.get(path)
        assert re.findall(r"<style|style=|<script(?! src)|\son\w+=", page.text) == []


# --- languages -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("en", "en"), ("en-US,en;q=0.9", "en"), ("es-MX,es;q=0.9,en;q=0.8", "es"), ("fr,en;q=0.3", "en"), ("fr", "es"),
        ("", "es"), ("en;q=x,es;q=0.1", "es"), ("en;q=0", "es"), ("*", "es"), ("," * 4000, "es"),
    ],
)  # fmt: skip
def test_page_speaks_the_browsers_language(evening: Evening, visitor: TestClient, accepted: str, language: str) -> None:
    """Spanish unless the browser likes English better; the page says which it speaks."""
    _needs_the_catalogue()
    evening.plan()
    page = visitor.get(f"/d/{evening.slug}", headers={"accept-language": accepted})
    assert (page.headers["content-language"], f'<html lang="{language}">' in page.text) == (language, True)
    assert ("En directo" in shown(page)) == (language == "es")


def test_english_page_has_no_spanish_left(evening: Evening) -> None:
    """Every sentence of the pages has its English; what people said stays as it was."""
    _needs_the_catalogue()
    evening.plan(opened=False)
    with browser(evening, "en") as client:
        enter(client, evening)
        seen = " ".join(shown(client.get(path)) for path in ("/", "/programar", "/entrar", f"/d/{evening.slug}"))
    for word in ("Programar", "Todavía", "Aún", "Pregunta", "Salir", "Entrar", "Llevárselo", "Añadir"):
        assert word not in seen


# --- the rest of the contract ----------------------------------------------------------------------------------------


def test_health_tells_each_part(tmp_path: Path) -> None:
    """200 with all well; a part that is not turns it to 503 and is named."""
    evening = Evening(tmp_path)
    slack = {"ok": True}
    evening.app = _with_health(evening, slack)
    with browser(evening) as client:
        well = client.get("/healthz")
        slack["ok"] = False
        unwell = client.get("/healthz")
        slack["vital"] = False
        missed = client.get("/healthz")
    evening.stop()
    assert (well.status_code, sorted(well.json()["parts"])) == (200, ["database", "disk", "slack"])
    assert (unwell.status_code, unwell.json()["parts"]["slack"]) == (503, {"ok": False})
    assert (missed.status_code, missed.json()["parts"]["slack"]["ok"]) == (200, False)


def test_health_turns_when_the_database_is_locked(evening: Evening, visitor: TestClient) -> None:
    """A lock that another process holds shows within seconds, and passes with it."""
    conn = evening.store.writing()
    holding = conn.begin()
    locked = visitor.get("/healthz")
    holding.rollback()
    conn.close()
    assert (locked.status_code, locked.json()["parts"]["database"]["ok"]) == (503, False)


def test_metrics_count_what_the_room_does(evening: Evening, visitor: TestClient) -> None:
    """Prometheus reads readers, phases and parts."""
    evening.plan()
    lines = visitor.get("/metrics").text.splitlines()
    assert [one for one in lines if one.startswith(("tertulia_debates", "tertulia_stream_readers"))] == [
        "tertulia_stream_readers 0.0",
        'tertulia_debates{phase="open"} 1.0',
    ]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("html", "text/html; charset=utf-8"), ("md", "text/markdown; charset=utf-8"),
        ("txt", "text/plain; charset=utf-8"), ("csv", "text/csv; charset=utf-8; header=present"),
        ("jsonl", "application/x-ndjson; charset=utf-8"), ("pdf", "application/pdf"),
    ],
)  # fmt: skip
def test_transcript_is_there_while_the_debate_is_live(
    evening: Evening, visitor: TestClient, name: str, kind: str
) -> None:
    """In every format, with its own type, and with what was said a moment ago."""
    evening.plan()
    evening.slack("Recién dicho")
    answer = visitor.get(f"/d/{evening.slug}/transcript.{name}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, kind)
    assert name == "pdf" or "Recién dicho" in answer.text


def _needs_the_catalogue() -> None:
    if not resources.files("bot.words").joinpath("en.mo").is_file():
        pytest.skip("bot/words/en.mo is not built")


def _with_health(evening: Evening, slack: dict[str, bool]) -> Starlette:
    from handlers.room.site import create_room

    return create_room(evening.store, evening.writer, house=evening.house, health_of=lambda: {"slack": slack})
