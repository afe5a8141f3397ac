"""Polls: what is asked before a debate and on its subject, who may answer, and what is told of it where."""

import io
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select

from bot import errors, poll
from bot.actions import moving, people, plan, polls
from bot.debatefile import parse
from bot.exports.formats import FORMATS
from bot.poll import Choice, Count, Kind, Planned
from bot.ports import OPERATOR, Actor, House
from bot.store import debates, transcripts
from bot.store import polls as kept
from bot.store.engine import Store, Tx
from bot.tables import Outbox
from bot.tables_year import Ballot, Poll
from bot.words.catalogue import words

from tests.stories import FILE, MODERATOR, Evening

ANA, LUIS, EVA = Actor("slack:UANA", "Ana"), Actor("slack:ULUIS", "Luis"), Actor("room:eva", "Eva")
POLL = """
[poll]
text = "¿Qué te mueve?"
options = ["Aprender", "Un título", "Me lo piden"]
several = true
other = true
"""
ASKED = Planned("¿Qué te mueve?", ("Aprender", "Un título", "Me lo piden"), several=True, other=True)
WEEK = -8 * 24 * 60.0


@pytest.fixture
def evening(store: Store, house: House) -> Evening:
    """A debate planned eight days ahead, with a poll before it."""
    return Evening(store, house, FILE + POLL, planned=WEEK)


def answer(evening: Evening, who: Actor, *options: int, other: str = "", kind: Kind = Kind.BEFORE) -> None:
    """Somebody answers."""
    given = Choice(options, other)

    def action(tx: Tx) -> None:
        polls.answer(tx, debates.get(tx, evening.id), kind, given, voter=who, now=evening.now)

    evening.store.write(action)
    evening.deliver()


def add(evening: Evening, made: Planned, *, kind: Kind = Kind.BEFORE, actor: Actor = MODERATOR) -> None:
    """A moderator writes a poll down."""
    evening.store.write(
        lambda tx: polls.add(tx, debates.get(tx, evening.id), made, kind=kind, actor=actor, now=evening.now).kind
    )
    evening.deliver()


def close(evening: Evening, kind: Kind, actor: Actor = MODERATOR) -> None:
    """A moderator closes it."""
    evening.store.write(
        lambda tx: polls.close(tx, debates.get(tx, evening.id), kind, actor=actor, now=evening.now).kind
    )
    evening.deliver()


def posts(evening: Evening, kind: str) -> list[tuple[str, str]]:
    """(platform, text) of the posts of a kind."""
    rows = evening.look(lambda tx: tx.session.exec(select(Outbox).order_by(Outbox.id)).all())  # type: ignore[arg-type]
    return [(row.platform, row.text) for row in rows if row.kind == kind]


def written(store: Store, evening: Evening, name: str) -> str:
    """The transcript in a format."""
    out = io.BytesIO()
    FORMATS[name].write(transcripts.load(store, evening.id), out, words("es"))
    return out.getvalue().decode()


# --- the rules -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("made", "fault"),
    [
        (Planned("", ("a", "b")), ("text", "falta el texto")),
        (Planned("x" * 301, ("a", "b")), ("text", "demasiado largo (301 caracteres; caben 300)")),
        (Planned("x", ()), ("options", "no hay opciones; van de 2 a 10")),
        (Planned("x", ("a",)), ("options", "hay 1 opción; van de 2 a 10")),
        (Planned("x", tuple("abcdefghijk")), ("options", "hay 11 opciones; van de 2 a 10")),
        (Planned("x", ("a", "")), ("options[2]", "está vacía")),
        (Planned("x", ("a", "b" * 76)), ("options[2]", "demasiado largo (76 caracteres; caben 75)")),
        (Planned("x", ("Sí", "no", "SÍ")), ("options[3]", "está repetida: «SÍ»")),
    ],
)
def test_a_poll_with_a_fault_is_refused_with_its_place(made: Planned, fault: tuple[str, str]) -> None:
    """Limits are Slack's, where the boxes are ticked."""
    assert poll.faults(made) == [fault]
    with pytest.raises(errors.BadPoll):
        poll.planned(made.text, made.options)


@pytest.mark.parametrize(
    ("several", "other", "options", "words_given", "why"),
    [
        (True, True, (), " ", "elige algo, o escríbelo"),
        (True, False, (), "", "elige una opción"),
        (True, False, (1,), "x", "esta encuesta no lleva texto libre"),
        (True, True, (4,), "", "esa opción no está en la encuesta"),
        (True, True, (0,), "", "esa opción no está en la encuesta"),
        (False, True, (1, 2), "", "aquí se elige una sola cosa"),
        (True, True, (1,), "x" * 501, "demasiado largo (501 caracteres; caben 500)"),
    ],
)
def test_an_answer_that_is_none_is_refused(
    several: bool, other: bool, options: Sequence[int], words_given: str, why: str
) -> None:
    """Each with its reason."""
    asked = Planned("x", ("a", "b", "c"), several, other)
    with pytest.raises(errors.BadBallot) as refused:
        poll.choice(Kind.BEFORE, asked, options, words_given)
    assert str(refused.value.fields["why"]) == why


def test_words_of_ones_own_replace_the_one_choice_but_stand_beside_a_pulse() -> None:
    """A choice of one cannot be unticked in a form."""
    one = Planned("x", ("a", "b"), several=False, other=True)
    assert poll.choice(Kind.BEFORE, one, (1,), " otra  cosa ") == Choice((), "otra cosa")
    assert poll.choice(Kind.PULSE, one, (1,), "bien") == Choice((1,), "bien")
    with pytest.raises(errors.BadBallot):
        poll.choice(Kind.PULSE, one, (), "solo palabras")


def test_the_tally_counts_people() -> None:
    """Three people, four boxes: hundredths are of the three, and add up to more than a hundred."""
    found = poll.tally(Kind.BEFORE, ASKED, [Choice((2,)), Choice((2, 3), "Ayudar"), Choice((), "ayudar")])
    assert found.people == 3
    assert found.counts == (Count("Un título", 2, 67), Count("Me lo piden", 1, 33), Count("Aprender", 0, 0))
    assert (found.others, found.wrote) == (("Ayudar",), Count("", 2, 67))


@given(st.lists(st.tuples(st.sets(st.integers(1, 3)), st.sampled_from(["", "algo", "ALGO", "otra"]))), st.randoms())
def test_the_order_of_ballots_tells_nothing(given_ones: list[tuple[set[int], str]], lot: object) -> None:
    """Counts are those of the boxes, between 0 and everybody, and the same however the ballots lie."""
    ballots = [Choice(tuple(sorted(options)), other) for options, other in given_ones]
    mixed = list(ballots)
    lot.shuffle(mixed)  # type: ignore[attr-defined]
    for kind in Kind:
        found = poll.tally(kind, ASKED, ballots)
        assert found == poll.tally(kind, ASKED, mixed)
        assert found.people == len(ballots)
        assert {one.text: one.people for one in found.counts} == {
            text: sum(number in one.options for one in ballots) for number, text in enumerate(ASKED.options, start=1)
        }
        for one in (*found.counts, found.wrote):
            assert 0 <= one.people <= found.people
            assert one.percent == 0 if not one.people else abs(one.percent - 100 * one.people / found.people) <= 0.5
    assert [one.text for one in poll.tally(Kind.PULSE, ASKED, ballots).counts] == list(ASKED.options)


# --- the debate file -------------------------------------------------------------------------------------------------


def test_a_debate_file_may_ask_before_and_leave_the_pulse_out() -> None:
    """What is not said is: no poll, and a pulse."""
    assert parse(FILE + POLL).poll == ASKED
    assert (parse(FILE).poll, parse(FILE).pulse) == (None, True)
    assert parse("pulse = false\n" + FILE).pulse is False


def test_faults_of_a_poll_are_told_with_line_and_key() -> None:
    """All at once."""
    lines = ['[poll]', 'text = ""', 'options = ["a", "a"]', "other = 3", 'color = "x"']  # fmt: skip
    begin = len(FILE.splitlines())
    with pytest.raises(errors.BadDebateFile) as refused:
        parse(FILE + "\n".join(lines))
    assert str(refused.value.fields["faults"]).split("; ") == [
        f"línea {begin + 5}, poll.color: clave desconocida (valen options, other, several, text)",
        f"línea {begin + 4}, poll.other: true o false",
        f"línea {begin + 2}, poll.text: falta el texto",
        f"línea {begin + 3}, poll.options[2]: está repetida: «a»",
    ]
    with pytest.raises(errors.BadDebateFile, match="debe ser una lista de textos"):
        parse(FILE + '[poll]\ntext = "x"\noptions = "a"')


# --- before the debate -----------------------------------------------------------------------------------------------


def test_the_poll_opens_with_the_announcement_and_closes_at_the_opening(evening: Evening) -> None:
    """Nobody answers before; each has one answer and may change it; what came out is said when the debate begins."""
    with pytest.raises(errors.PollClosed):
        answer(evening, ANA, 1)

    evening.until(-7 * 24 * 60 + 1)
    assert posts(evening, "poll") == [
        (one, "Antes del debate, una pregunta: ¿Qué te mueve?") for one in ("room", "slack")
    ]
    answer(evening, ANA, 1)
    answer(evening, ANA, 2, 3)
    answer(evening, LUIS, 2)
    answer(evening, EVA, other="Ayudar a otros")
    evening.until(1)

    said = "\n".join([
        "Antes del debate preguntamos: ¿Qué te mueve? (3 personas)", "67 % · Un título (2)", "33 % · Me lo piden (1)",
        "33 % · Otra cosa (1)", "«Ayudar a otros»",
    ])  # fmt: skip
    assert sorted(posts(evening, "poll_result")) == [("room", said), ("slack", said)]
    assert [kind for _minute, kind in evening.slack.kinds()][-2:] == ["welcome", "poll_result"]
    with pytest.raises(errors.PollClosed):
        answer(evening, ANA, 1)


def test_people_are_asked_once_and_also_when_the_announcement_was_missed(store: Store, house: House) -> None:
    """Planned three days ahead there is no announcement: the first reminder asks, the second does not."""
    late = Evening(store, house, FILE + POLL)
    answer(late, ANA, 1)
    late.until(-30)
    assert [(minute, kind) for minute, kind in late.slack.kinds() if kind in {"poll", "remind"}] == [
        (-1440, "remind"), (-1440, "poll"), (-60, "remind"),
    ]  # fmt: skip


def test_x_is_not_asked_but_told_in_one_short_post(store: Store, house: House) -> None:
    """Nobody can answer there; the result has no link and fits, whatever people wrote."""
    options = ", ".join(f'"{letter * 70}"' for letter in "abcdefghij")
    asked = POLL.replace('["Aprender", "Un título", "Me lo piden"]', f"[{options}]")
    evening = Evening(store, replace(house, x=True), FILE + asked, planned=WEEK).until(-60)
    for number, who in enumerate((ANA, LUIS, EVA), start=1):
        answer(evening, who, number, number + 1, other="https://example.org/" + "x" * 400)
    evening.until(1)
    assert "x" not in [platform for platform, _text in posts(evening, "poll")]
    (said,) = [text for platform, text in posts(evening, "poll_result") if platform == "x"]
    assert said.startswith("Lo que nos habéis dicho antes de empezar: ")
    assert said.endswith(" #MeetAlfaro")
    assert len(said) <= 280
    assert "http" not in said


def test_a_poll_that_nobody_answered_leaves_no_trace(store: Store, evening: Evening) -> None:
    """Neither at the opening nor in the transcript."""
    evening.until(100)
    assert posts(evening, "poll_result") == []
    for name in ("md", "txt", "html", "jsonl"):
        assert "mueve" not in written(store, evening, name)


def test_the_result_stands_in_the_transcript(store: Store, evening: Evening) -> None:
    """In every format but the spreadsheet, whose rows are messages; in JSONL behind all the rest."""
    evening.until(-60)
    answer(evening, ANA, 1, other="<b>=1+1</b>")
    evening.until(100)
    assert "67 %" not in written(store, evening, "csv")
    assert "\n## La encuesta de antes\n\n- ¿Qué te mueve? (1 persona)\n- 100 % · Aprender (1)\n" in written(
        store, evening, "md"
    )
    assert "* ¿Qué te mueve? (1 persona)\n* 100 % · Aprender (1)\n* 100 % · Otra cosa (1)\n" in written(
        store, evening, "txt"
    )
    html = written(store, evening, "html")
    assert "«&lt;b&gt;=1+1&lt;/b&gt;»" in html
    assert '<a href="#encuesta">' in html
    lines = [json.loads(line) for line in written(store, evening, "jsonl").splitlines()]
    assert lines[0]["type"] == "debate"
    assert lines[-1] == {
        "type": "poll", "kind": "before", "text": "¿Qué te mueve?", "several": True, "people": 1,
        "options": [
            {"text": "Aprender", "people": 1, "percent": 100}, {"text": "Un título", "people": 0, "percent": 0},
            {"text": "Me lo piden", "people": 0, "percent": 0},
        ],
        "other": {"people": 1, "percent": 100, "texts": ["<b>=1+1</b>"]},
    }  # fmt: skip


def test_a_poll_can_be_changed_until_it_opens(evening: Evening) -> None:
    """Then somebody may have answered."""
    other = Planned("¿Vienes?", ("Sí", "No"))
    with pytest.raises(errors.NotModerator):
        add(evening, other, actor=ANA)
    with pytest.raises(errors.BadPoll):
        add(evening, Planned("¿Vienes?", ("Sí",)))
    add(evening, other)
    evening.until(-60)
    with pytest.raises(errors.PollOpen):
        add(evening, ASKED)
    answer(evening, ANA, 2)
    assert [(one.text, one.people) for one in evening.look(lambda tx: kept.result(tx, _row(tx, evening))).counts] == [
        ("No", 1), ("Sí", 0)
    ]  # fmt: skip


def test_a_poll_added_after_the_announcement_asks_at_once(store: Store, house: House) -> None:
    """There is no announcement still to come."""
    evening = Evening(store, house, planned=WEEK).until(-100)
    add(evening, ASKED)
    assert [kind for _minute, kind in evening.slack.kinds()][-1] == "poll"
    answer(evening, ANA, 1)


def test_a_poll_closed_by_hand_takes_no_answer_and_is_still_told_at_the_opening(store: Store, evening: Evening) -> None:
    """At the opening, and in the transcript."""
    evening.until(-100)
    answer(evening, ANA, 1)
    close(evening, Kind.BEFORE)
    with pytest.raises(errors.PollClosed):
        answer(evening, LUIS, 1)
    evening.until(100)
    assert len(posts(evening, "poll_result")) == 2
    assert "100 % · Aprender (1)" in written(store, evening, "md")


def test_a_debate_that_is_aborted_or_cancelled_asks_nobody_any_more(store: Store, evening: Evening) -> None:
    """Cancelled, it cannot be answered; aborted, nothing of it is left."""
    evening.until(-100)
    answer(evening, ANA, 1)
    with pytest.raises(errors.Refusal):
        answer(evening, ANA, 1, kind=Kind.PULSE)
    evening.until(1).abort()
    assert evening.look(lambda tx: tx.session.exec(select(Ballot)).all()) == []

    other = Evening(store, evening.house, FILE + POLL, planned=WEEK).until(-100)
    store.write(lambda tx: plan.cancel(tx, debates.get(tx, other.id), actor=OPERATOR, now=other.now))
    with pytest.raises(errors.PollClosed):
        answer(other, ANA, 1)


def test_a_clone_asks_the_same(evening: Evening) -> None:
    """The poll is part of the plan."""
    evening.until(90)

    def cloned(tx: Tx) -> Planned | None:
        when = moving.When(datetime.fromisoformat("2027-02-11T19:00"))
        row = moving.clone(tx, debates.get(tx, evening.id), when, house=evening.house, actor=OPERATOR, now=evening.now)
        return polls.planned(tx, debates.ident(row))

    assert evening.store.write(cloned) == ASKED


@pytest.mark.parametrize(("locale", "told"), [("es", "«soy la de Quito»"), ("en", "“soy la de Quito”")])
def test_who_is_forgotten_has_answered_nothing(store: Store, evening: Evening, locale: str, told: str) -> None:
    """Ballot and words are gone, from the result that was posted, too; the others' stay."""

    def speaks(tx: Tx) -> None:
        debates.get(tx, evening.id).locale = locale

    store.write(speaks)
    evening.until(-60)
    answer(evening, ANA, 1, other="soy la de Quito")
    answer(evening, LUIS, 1)
    evening.until(5)
    assert told in posts(evening, "poll_result")[0][1]

    store.write(lambda tx: people.forget(tx, "slack:UANA", actor=OPERATOR, now=evening.now))

    assert "Quito" not in str([posts(evening, kind) for kind in ("poll_result",)])
    assert evening.look(lambda tx: kept.result(tx, _row(tx, evening))).people == 1
    assert "Quito" not in written(store, evening, "jsonl")


def test_a_post_tells_ten_texts_and_the_transcript_all(store: Store, evening: Evening) -> None:
    """However much people wrote."""
    evening.until(-60)
    for number in range(13):
        answer(evening, Actor(f"slack:UX{number}", f"V{number}"), 1, other=f"texto {number:02}")
    evening.until(1)
    said = posts(evening, "poll_result")[0][1].splitlines()
    assert (said[-2:], len(said)) == (["«texto 09»", "Y 3 más."], 14)
    assert "«texto 12»" in written(store, evening, "txt")


def test_moderators_strike_out_what_has_no_place_in_public(store: Store, evening: Evening) -> None:
    """Whoever wrote it, in whatever case; what else they chose counts."""
    evening.until(-60)
    answer(evening, ANA, 1, other="Vaya TIMO")
    answer(evening, LUIS, other="vaya timo")
    answer(evening, EVA, 2, other="Ayudar")

    def struck(actor: Actor, text: str) -> int:
        return store.write(
            lambda tx: polls.strike(tx, debates.get(tx, evening.id), Kind.BEFORE, text, actor=actor, now=evening.now)
        )

    with pytest.raises(errors.NotModerator):
        struck(ANA, "vaya timo")
    with pytest.raises(errors.NoSuchWords):
        struck(MODERATOR, "timo")
    assert struck(MODERATOR, "vaya timo") == 2
    found = evening.look(lambda tx: kept.result(tx, _row(tx, evening)))
    assert (found.people, found.others, found.wrote.people) == (2, ("Ayudar",), 1)


# --- the next subject ------------------------------------------------------------------------------------------------


def test_a_vote_on_the_subject_goes_to_moderators_alone(store: Store, house: House) -> None:
    """A week, or until the announcement; the debate is what it was."""
    evening = Evening(store, house, planned=-20 * 24 * 60.0)
    add(evening, Planned("Elige", ("Uno", "Dos"), several=True, other=True), kind=Kind.TOPIC)
    answer(evening, ANA, 2, kind=Kind.TOPIC)
    answer(evening, LUIS, 2, other="Tres", kind=Kind.TOPIC)
    evening.until(-12 * 24 * 60)

    assert posts(evening, "topic")[0][1].startswith("¿De qué hablamos ")
    told = [text for _minute, who, kind, text in evening.slack.private if (who, kind) == ("UMOD", "topic_result")]
    assert [text.splitlines()[1:] for text in told] == [["100 % · Dos (2)", "50 % · Otra cosa (1)", "«Tres»"]]
    assert evening.debate.title == "¿Quién es el CXO?"
    with pytest.raises(errors.PollClosed):
        answer(evening, EVA, 1, kind=Kind.TOPIC)


def _row(tx: Tx, evening: Evening) -> Poll:
    return kept.needed(tx, evening.id, Kind.BEFORE)
