"""``tertulia debate check ID``: every post of the run-sheet as X will have it, what is wrong with it, what it costs."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlmodel import col, select

from bot.actions import moving, plan, polls, runsheet
from bot.actions.moving import When
from bot.debate import Phase
from bot.debatefile import parse
from bot.poll import Choice, Kind
from bot.ports import OPERATOR, Actor, Draft, House, Platform
from bot.store import debates, turnout
from bot.store.engine import Store, Tx
from bot.tables import Debate, Identity, Message, Outbox, Person
from handlers.x.preview import Preview, preview
from handlers.x.terms import LIMITS, PRICES
from handlers.x.weight import weighted

from tests.console import Terminal, tertulia
from tests.stories import STARTS, Evening

__all__ = ["tertulia"]

DEBATE = """
title = "¿Quién es el CXO?"
starts = 2037-01-14T19:00:00
timezone = "Europe/Madrid"
hashtag = "MeetAlfaro"
host = "Elena"
questions = ["¿Qué perfil?", { text = "¿De quién depende?", answer = "Del comité." }, "¿Qué mide?"]
[where]
slack = false
x = true
room = true
"""


def draft(text: str, kind: str = "question", slug: str = "cxo") -> Draft:
    """A draft for X."""
    return Draft(key="k", kind=kind, platform=Platform.X, place="meetalfaro", text=text, extra={"slug": slug})


def one(text: str, kind: str = "question") -> Preview:
    """The preview of one draft."""
    return preview([draft(text, kind)])[0]


# --- one post --------------------------------------------------------------------------------------------------------


def test_post_as_it_was_written_has_no_fault() -> None:
    """Its text, its weighted length, and the price of a post."""
    assert one("P1 ¿Qué perfil? 🙂 #MeetAlfaro") == Preview("P1 ¿Qué perfil? 🙂 #MeetAlfaro", 30, PRICES.post)


@pytest.mark.parametrize(("letters", "faults"), [(280, []), (281, ["too_long"])])
def test_longest_post_and_one_letter_more(letters: int, faults: list[str]) -> None:
    """What is longer is shown as it would be cut."""
    found = one("a" * letters)

    assert (found.length, [*found.faults]) == (letters, faults)
    assert weighted(found.text) <= LIMITS.post


def test_name_that_is_not_to_be_called_takes_its_room() -> None:
    """A guest's text that names somebody fits only without the mark that keeps them from being called."""
    found = one("Gracias, @ana. " + "a" * 265)

    assert ([*found.faults], found.length, "@ana" in found.text) == (["too_long"], 282, False)
    assert weighted(found.text) <= LIMITS.post


def test_emoji_and_ideographs_weigh_twice() -> None:
    """A hundred and forty-one of them are too many."""
    assert [(post.length, [*post.faults]) for post in (one("漢" * 140), one("漢" * 141))] == [
        (280, []), (282, ["too_long"]),
    ]  # fmt: skip


def test_link_in_a_question_is_a_fault_and_a_bare_name_is_not() -> None:
    """Somebody meant it to be pressed, or it was a word; neither costs the price of a link."""
    link, name = one("¿Has leído https://example.com/informe?"), one("¿Por qué gusta booking.com?")

    assert [(post.price, [*post.faults], [*post.remarks]) for post in (link, name)] == [
        (PRICES.post, ["link"], []), (PRICES.post, [], ["domain"]),
    ]  # fmt: skip


def test_closing_has_the_one_link_and_its_price() -> None:
    """The debate's own page; where that is on this machine alone, it is no link for anybody."""
    public = one("Gracias. Transcripción: https://tertulia.example/d/cxo #MeetAlfaro", "closing")
    local = one("Gracias. Transcripción: http://127.0.0.1:8000/d/cxo #MeetAlfaro", "closing")

    assert [(post.link, post.price, [*post.faults], [*post.remarks]) for post in (public, local)] == [
        (True, Decimal("0.200"), [], []), (False, Decimal("0.015"), [], ["no_link"]),
    ]  # fmt: skip


def test_text_that_x_has_had_is_marked() -> None:
    """From this run-sheet or from what went out not long ago."""
    found = preview([draft("Del comité."), draft("Otra cosa."), draft("Del comité.")], said=[draft("Otra cosa.")])

    assert [[*post.remarks] for post in found] == [[], ["repeated"], ["repeated"]]
    assert [post.text for post in found] == ["Del comité.", "Otra cosa. ·", "Del comité. ·"]


# --- the run-sheet ---------------------------------------------------------------------------------------------------


@pytest.fixture
def evening(store: Store, house: House) -> Evening:
    """A debate on Slack and X, planned for the day after tomorrow."""
    source = DEBATE.replace("2037", "2027").replace("slack = false", 'slack = "C0DEBATE"')
    return Evening(store, house, source, planned=-2 * 24 * 60)


def planned(evening: Evening) -> list[tuple[float, str, str]]:
    """(minute, kind, text) of what the evening will still say."""

    def look(tx: Tx) -> list[tuple[float, str, str]]:
        debate = tx.session.get(Debate, evening.id)
        assert debate is not None
        coming = runsheet.coming(tx, debate, house=evening.house)
        return [((post.due_at - STARTS).total_seconds() / 60, post.kind, post.text) for post in coming]

    with evening.store.read() as tx:
        return look(tx)


def posted(evening: Evening) -> list[tuple[float, str, str]]:
    """(minute, kind, text) of what was put into the outbox for X."""
    with evening.store.read() as tx:
        query = select(Outbox).where(Outbox.platform == "x", Outbox.debate_id == evening.id).order_by(col(Outbox.id))
        rows = tx.session.exec(query).all()
        return [((row.created_at - STARTS).total_seconds() / 60, row.kind, row.text) for row in rows]


def test_preview_is_what_is_said(evening: Evening) -> None:
    """Word for word and minute for minute, from the first reminder to the closing; before it and in the middle."""
    before = planned(evening)
    evening.until(25)
    middle = planned(evening)
    evening.until(90)

    assert [(minute, kind) for minute, kind, _ in before] == [
        (-1440, "remind"), (-60, "remind"), (-10, "remind"), (0, "welcome"), (7, "label"), (10, "question"),
        (20, "question"), (20, "answer"), (30, "question"), (55, "wrap_up"), (60, "closing"),
    ]  # fmt: skip
    assert before == posted(evening)
    assert middle == before[8:]
    assert planned(evening) == []


POLL = """
[poll]
text = "¿Dónde estás?"
options = ["Al principio", "A mitad de camino"]
"""


def test_preview_has_the_poll_and_what_comes_next(store: Store, house: House) -> None:
    """The poll's result behind the welcome, and a day after the close the next debate; not a rehearsal."""
    source = DEBATE.replace("2037", "2027").replace("slack = false", 'slack = "C0DEBATE"')
    evening = Evening(store, house, source + POLL, planned=-2 * 24 * 60)
    following = source.replace("01-14", "01-21").replace("¿Quién es el CXO?", "Pensar desde el cliente")
    tried = replace(parse(source.replace("01-14", "01-18")), rehearsal=True, x=False)

    def more(tx: Tx) -> None:
        for one in (parse(following), tried):
            plan.add(tx, one, house=house, actor=OPERATOR, now=evening.now)

    store.write(more)
    unanswered = planned(evening)[4]
    given = Choice((2,))

    def answer(tx: Tx) -> None:
        polls.answer(
            tx, debates.get(tx, evening.id), Kind.BEFORE, given, voter=Actor("slack:UANA", "Ana"), now=evening.now
        )

    evening.until(-30)
    store.write(answer)
    before = planned(evening)
    evening.until(62)
    grace = planned(evening)
    evening.until(100)
    closed = planned(evening)
    evening.until(60 + 24 * 60)

    assert unanswered[2] == (
        "Lo que nos habéis dicho antes de empezar: 0 % Al principio; 0 % A mitad de camino. #MeetAlfaro"
    )
    mine = [one for one in posted(evening) if one[0] >= -10]
    assert before == mine
    assert [(minute, kind) for minute, kind, _ in before] == [
        (-10, "remind"), (0, "welcome"), (0, "poll_result"), (7, "label"), (10, "question"), (20, "question"),
        (20, "answer"), (30, "question"), (55, "wrap_up"), (60, "closing"), (60 + 24 * 60, "teaser"),
    ]  # fmt: skip
    assert "Pensar desde el cliente" in before[-1][2]
    assert (grace, closed, planned(evening)) == (before[-1:], before[-1:], [])


def test_notice_of_a_change_that_has_not_left_is_seen(evening: Evening) -> None:
    """It waits for X, and has its price there."""
    evening.until(-60)
    evening.store.write(_everything_has_left)
    when = When(datetime.fromisoformat("2027-01-15T19:00"))

    def move(tx: Tx) -> bool:
        debate = debates.get(tx, evening.id)
        return moving.move(tx, debate, when, house=evening.house, actor=OPERATOR, now=evening.now)

    evening.store.write(move)

    assert next((kind, text) for _, kind, text in planned(evening)) == (
        "moved",
        "Cambio de fecha: «¿Quién es el CXO?» será el viernes 15 de enero de 2027: 19:00 Madrid, 12:00 MX, "
        "13:00 CO/PE, 15:00 CL/AR. #MeetAlfaro",
    )


def _everything_has_left(tx: Tx) -> None:
    for row in tx.session.exec(select(Outbox).where(Outbox.state == "queued")).all():
        row.state = "sent"
        tx.session.add(row)


def test_preview_changes_nothing(evening: Evening) -> None:
    """No question has a number, no debate is closed, after one has looked."""
    planned(evening)

    with evening.store.read() as tx:
        assert {one.number for one in debates.questions(tx, evening.id)} == {None}
        debate = tx.session.get(Debate, evening.id)
        assert debate is not None
        assert (debate.phase, debate.closed_at, debate.rev) == (Phase.SCHEDULED, None, 1)


# --- what is expected ------------------------------------------------------------------------------------------------


def heard(store: Store, slug: str, *, days: int, posts: int, people: int, **more: Any) -> None:
    """A debate that was held so many days before, with posts on X by so many people."""

    def keep(tx: Tx) -> None:
        start = STARTS - timedelta(days=days)
        values: dict[str, Any] = {"phase": "closed", "starts_at": start} | more
        debate = Debate(slug=slug, title=slug, timezone="UTC", ends_at=start, pace="{}", created_at=start, **values)
        tx.session.add(debate)
        tx.session.flush()
        idents = []
        for number in range(people):
            person = Person()
            tx.session.add(person)
            tx.session.flush()
            identity = Identity(person_id=person.id or 0, platform="x", platform_id=f"{slug}{number}")
            tx.session.add(identity)
            tx.session.flush()
            idents.append(identity.id)
        for number in range(posts):
            tx.session.add(
                Message(
                    debate_id=debate.id or 0, platform="x", place="meetalfaro", platform_id=f"{slug}{number}",
                    posted_at=start, identity_id=idents[number % people],
                )
            )  # fmt: skip

    store.write(keep)


def test_expected_is_the_busiest_of_the_last_three(store: Store) -> None:
    """Older ones, rehearsals and the debate itself don't count; where nothing is known, nothing is."""
    with store.read() as tx:
        assert turnout.expected(tx, "x", but=0) is None
    heard(store, "old", days=400, posts=50, people=20)
    for number, (posts, people) in enumerate([(12, 3), (9, 8), (4, 2)]):
        heard(store, f"d{number}", days=30 - number, posts=posts, people=people)
    heard(store, "ensayo", days=1, posts=40, people=9, rehearsal=True)
    heard(store, "abierto", days=0, posts=40, people=9, phase="open")

    with store.read() as tx:
        assert turnout.expected(tx, "x", but=0) == (12, 8)
        assert turnout.expected(tx, "slack", but=0) is None


# --- the command -----------------------------------------------------------------------------------------------------


def test_check_shows_each_post_and_the_sum(tertulia: Terminal) -> None:
    """An evening that is fine: exit 0, every post with length and price, and the forecast of what was asked."""
    tertulia.monkeypatch.setenv("TERTULIA_WEB_URL", "https://tertulia.example")
    tertulia.write("debate.toml", DEBATE)
    tertulia("debate", "add", "debate.toml")

    shown = tertulia("debate", "check", "1", "--posts", "1000", "--people", "150")

    lines = shown.out.splitlines()
    assert (shown.code, shown.err) == (0, "")
    assert "· 2037-01-14 19:10  P1  27/280  0.015 $" in lines
    assert lines[lines.index("· 2037-01-14 19:10  P1  27/280  0.015 $") + 1] == "    P1 ¿Qué perfil? #MeetAlfaro"
    assert next(line for line in lines if "cierre" in line).endswith("0.200 $")
    assert lines[-6:] == [
        "Con 1000 mensajes de 150 personas, a precios de X del 2026-08-22:",
        "      5.00 $  1000 × 0.005 $  mensajes leídos",
        "      1.51 $  151 × 0.010 $  perfiles leídos",
        "      0.17 $  11 × 0.015 $  mensajes nuestros",
        "      0.20 $  1 × 0.200 $  mensajes nuestros con enlace",
        "En total 6.88 $, de 10.00 $ que se pueden gastar (X_BUDGET_USD).",
    ]


def test_check_refuses_what_cannot_be_sent(tertulia: Terminal) -> None:
    """A question that is too long and an answer with a link: both are marked, and the exit code is 1."""
    tertulia.monkeypatch.setenv("X_BUDGET_USD", "1")
    tertulia.write("debate.toml", DEBATE.replace("¿Qué mide?", "¿Qué mide? " + "Y qué más. " * 30).replace(
        "Del comité.", "Está en https://example.com/a"
    ))  # fmt: skip
    tertulia("debate", "add", "debate.toml")

    shown = tertulia("debate", "check", "1")

    assert (shown.code, shown.err) == (1, "Por arreglar antes de un debate: 2. Están marcadas con ✗.\n")
    marked = [line.split("  ")[1] for line in shown.out.splitlines() if line.startswith("✗")]
    assert marked == ["respuesta a P2", "P3"]
    assert "En total 2.29 $: más que los 1.00 $ de X_BUDGET_USD. X se desconectaría a mitad." in shown.out


def test_check_as_data(tertulia: Terminal) -> None:
    """For scripts: the posts, the forecast, and whether it can be sent and paid."""
    tertulia.monkeypatch.setenv("TERTULIA_WEB_URL", "https://tertulia.example")
    tertulia.write("debate.toml", DEBATE)
    tertulia("debate", "add", "debate.toml")

    found = tertulia("debate", "check", "1", "--json").json

    assert [(post["kind"], post["question"]) for post in found["posts"]] == [
        ("announce", None), ("remind", None), ("remind", None), ("remind", None), ("welcome", None), ("label", None),
        ("question", 1), ("question", 2), ("answer", 2), ("question", 3), ("wrap_up", None), ("closing", None),
    ]  # fmt: skip
    assert found["posts"][6] == {
        "due_at": "2037-01-14T18:10:00Z", "kind": "question", "question": 1, "text": "P1 ¿Qué perfil? #MeetAlfaro",
        "length": 27, "price": 0.015, "faults": [], "remarks": [],
    }  # fmt: skip
    assert {name: found[name] for name in ("id", "x", "sendable", "limit", "budget", "within_budget")} == {
        "id": "1", "x": True, "sendable": True, "limit": 280, "budget": 10.0, "within_budget": True
    }  # fmt: skip
    forecast = found["forecast"]
    assert (forecast["posts"], forecast["people"], forecast["usd"], forecast["prices_of"]) == (
        300, 60, 2.475, "2026-08-22"
    )  # fmt: skip


def test_check_expects_as_many_people_as_usual_for_the_posts(tertulia: Terminal) -> None:
    """Half the posts, half the people; none, nobody."""
    tertulia.write("debate.toml", DEBATE)
    tertulia("debate", "add", "debate.toml")

    found = [
        tertulia("debate", "check", "1", "--json", "--posts", posts).json["forecast"] for posts in ("150", "1", "0")
    ]

    assert [(one["posts"], one["people"]) for one in found] == [(150, 30), (1, 1), (0, 0)]


def test_check_of_a_debate_that_is_not_on_x(tertulia: Terminal) -> None:
    """There is nothing to check, and that is no fault."""
    tertulia.write("debate.toml", DEBATE.replace("x = true", "x = false"))
    tertulia("debate", "add", "debate.toml")

    shown = tertulia("debate", "check", "1")

    assert (shown.code, shown.out, shown.err) == (
        0, "«¿Quién es el CXO?» no se celebra en X: no hay nada que comprobar allí.\n", ""
    )  # fmt: skip
    assert tertulia("debate", "check", "1", "--json").json["x"] is False


def test_check_of_no_debate_is_refused(tertulia: Terminal) -> None:
    """By the name that was given."""
    assert tertulia("debate", "check", "nada").refusal == (
        "No hay ningún debate «nada». Míralos con: tertulia debate list"
    )
