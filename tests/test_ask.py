"""Questions from the audience: asked, voted for, decided, and what the asker is told."""

import pytest
from sqlmodel import col, select

from bot import errors
from bot.actions import ask
from bot.ports import Actor, House
from bot.question import State
from bot.store import debates, outbox, people, questions
from bot.store.engine import Store, Tx
from bot.tables import Audit

from tests.stories import MODERATOR, Evening

ANA = Actor("slack:UANA", "Ana")
LUIS = Actor("slack:ULUIS", "Luis")
EVA = Actor("room:eva", "Eva")


@pytest.fixture
def evening(store: Store, house: House) -> Evening:
    """A debate at minute 12; P1 is out."""
    return Evening(store, house).until(12)


def propose(evening: Evening, text: str, asker: Actor = ANA) -> int:
    """Somebody asks; returns the question's id."""

    def action(tx: Tx) -> int:
        return ask.propose(tx, debates.get(tx, evening.id), text, asker=asker, now=evening.now).id or 0

    number = evening.store.write(action)
    evening.deliver()
    return number


def vote(evening: Evening, question: int, voter: Actor) -> tuple[int, bool]:
    """Somebody presses the button; returns the votes and whether theirs is given."""
    return evening.store.write(lambda tx: ask.vote(tx, question, voter=voter)[1:])


def decide(evening: Evening, verb: str, question: int, actor: Actor = MODERATOR, **how: object) -> str:
    """A moderator decides; returns the state of the question afterwards."""

    def action(tx: Tx) -> str:
        getattr(ask, verb)(tx, question, actor=actor, now=evening.now, **how)
        return str(debates.question(tx, None, question).state)

    state = evening.store.write(action)
    evening.deliver()
    return state


def told(evening: Evening, who: str) -> list[tuple[str, str]]:
    """(kind, text) of what somebody was told in private, but for the warnings."""
    return [(kind, text) for _, place, kind, text in evening.slack.private if place == who and kind != "warning"]


def votes(evening: Evening) -> dict[int, int]:
    """How many votes each question has."""
    return evening.look(lambda tx: questions.votes(tx, evening.id))


def test_question_waits_for_a_moderator_with_its_askers_vote(evening: Evening) -> None:
    """Nobody hears of it in the channel; the moderators do, with the name."""
    question = propose(evening, "  ¿Y los\ndatos?  ")

    assert evening.questions()[-1] == ("¿Y los datos?", None, "pending")
    assert votes(evening) == {question: 1}
    assert told(evening, "UMOD") == [("proposed", "Nueva pregunta de Ana: «¿Y los datos?».")]


def test_same_question_again_is_a_vote_for_the_first(evening: Evening) -> None:
    """In other letters and by another person; by the same person it changes nothing."""
    first = propose(evening, "¿Y los datos?")

    assert propose(evening, "¿y LOS datos?", LUIS) == first
    assert propose(evening, "¿Y los datos?", ANA) == first
    assert votes(evening) == {first: 2}


@pytest.mark.parametrize(("text", "refusal"), [("  ", errors.Empty), ("x" * 1001, errors.FilledUp)])
def test_question_that_is_none_is_refused(evening: Evening, text: str, refusal: type[errors.Refusal]) -> None:
    """Empty, or too long for a post."""
    with pytest.raises(refusal):
        propose(evening, text)

    assert len(evening.questions()) == 3


def test_nobody_asks_a_debate_that_is_over(evening: Evening) -> None:
    """Refused, and not kept."""
    evening.until(80)

    with pytest.raises(errors.WrongPhase):
        propose(evening, "¿Y ahora?")


def test_one_vote_a_person_given_and_taken_back(evening: Evening) -> None:
    """The button toggles; two people are two votes, on whatever platform."""
    question = propose(evening, "¿Y los datos?")

    assert vote(evening, question, LUIS) == (2, True)
    assert vote(evening, question, EVA) == (3, True)
    assert vote(evening, question, LUIS) == (2, False)
    assert vote(evening, question, LUIS) == (3, True)


def test_person_with_two_identities_has_one_vote(evening: Evening) -> None:
    """Who linked Slack and the room cannot vote twice, and not for their own question from the other side."""
    question = propose(evening, "¿Y los datos?")
    vote(evening, question, LUIS)

    def link(tx: Tx) -> None:
        for slack, room in (("ANA", "ana"), ("LUIS", "luis")):
            identity = people.ensure(tx, "room", room)
            identity.person_id = people.find(tx, f"slack:U{slack}").person_id
            tx.session.add(identity)

    evening.store.write(link)

    with pytest.raises(errors.OwnVote):
        vote(evening, question, Actor("room:ana", "Ana"))
    assert vote(evening, question, Actor("room:luis", "Luis")) == (1, False)


def test_own_question_cannot_be_voted_for_again(evening: Evening) -> None:
    """It has its asker's vote from the start, and keeps it."""
    question = propose(evening, "¿Y los datos?")

    with pytest.raises(errors.OwnVote):
        vote(evening, question, ANA)

    assert votes(evening) == {question: 1}


def test_votes_are_for_what_is_still_open(evening: Evening) -> None:
    """A declined question and one that was asked take none."""
    question = propose(evening, "¿Y los datos?")
    decide(evening, "decline", question, reason="repetida")

    with pytest.raises(errors.CannotMove):
        vote(evening, question, LUIS)
    with pytest.raises(errors.CannotMove):
        vote(evening, 1, LUIS)
    with pytest.raises(errors.NoSuchQuestion):
        vote(evening, 999, LUIS)


def test_approved_question_gets_its_turn_and_its_asker_is_told_twice(evening: Evening) -> None:
    """At its approval, and when it is out as P4, at 40, behind the three of the plan."""
    question = propose(evening, "¿Y los datos?")

    assert decide(evening, "approve", question) == "approved"
    evening.until(45)

    assert evening.asked()[-1] == (40, "P4 ¿Y los datos? #MeetAlfaro")
    assert told(evening, "UANA") == [
        ("approved", "Tu pregunta «¿Y los datos?» está aprobada y saldrá en el debate."),
        ("asked", "Tu pregunta acaba de salir como P4."),
    ]


def test_question_approved_first_is_asked_next(evening: Evening) -> None:
    """At 20, before those of the plan; approving it again tells nobody again."""
    question = propose(evening, "¿Y los datos?")

    decide(evening, "approve", question, first=True)
    decide(evening, "approve", question, first=True)
    evening.until(25)

    assert evening.asked()[-1] == (20, "P2 ¿Y los datos? #MeetAlfaro")
    assert [kind for kind, _ in told(evening, "UANA")] == ["approved", "asked"]


def test_declined_question_is_told_with_its_reason(evening: Evening) -> None:
    """No reason, no refusal; a declined one may be approved after all."""
    question = propose(evening, "¿Y los datos?")

    with pytest.raises(errors.Empty):
        decide(evening, "decline", question, reason=" ")
    assert decide(evening, "decline", question, reason="ya salió") == "declined"
    assert told(evening, "UANA") == [("declined", "Tu pregunta «¿Y los datos?» no saldrá. Motivo: ya salió")]
    assert decide(evening, "approve", question) == "approved"


def test_merged_question_gives_its_votes_to_the_other_once(evening: Evening) -> None:
    """Ana and Luis for one, Luis and Eva for the other: three people, three votes; Ana is told."""
    first = propose(evening, "¿Y los datos?", ANA)
    second = propose(evening, "¿Qué datos hay?", LUIS)
    vote(evening, first, LUIS)
    vote(evening, second, EVA)

    assert decide(evening, "merge", first, into=second) == "merged"

    assert votes(evening) == {second: 3}
    assert told(evening, "UANA") == [("merged", "Tu pregunta se ha unido a «¿Qué datos hay?» y conserva sus votos.")]


def test_merge_into_itself_or_into_what_is_over_is_refused(evening: Evening) -> None:
    """Nothing changes; nor is a question merged into another debate's."""
    question = propose(evening, "¿Y los datos?")

    for target, refusal in ((question, errors.CannotMove), (1, errors.CannotMove), (999, errors.NoSuchQuestion)):
        with pytest.raises(refusal):
            decide(evening, "merge", question, into=target)

    assert votes(evening) == {question: 1}


def test_asker_in_a_place_where_the_debate_is_not_held_is_not_written_to(evening: Evening) -> None:
    """Eva asks in the room and is told there; nothing goes to Slack."""
    question = propose(evening, "¿Y los datos?", EVA)

    decide(evening, "decline", question, reason="ya salió")

    rows = evening.look(lambda tx: [
        (row.platform, row.place, row.kind, row.state)
        for row in outbox.of_debate(tx, evening.id) if row.kind == "declined"
    ])  # fmt: skip
    assert rows == [("room", "eva", "declined", "sent")]


def test_decisions_are_for_moderators_and_are_recorded(evening: Evening) -> None:
    """A member is refused; each decision has its audit row with who and what."""
    question = propose(evening, "¿Y los datos?")
    for verb, how in (("approve", {}), ("decline", {"reason": "no"}), ("merge", {"into": 2})):
        with pytest.raises(errors.NotModerator):
            decide(evening, verb, question, LUIS, **how)

    decide(evening, "decline", question, reason="no")

    assert evening.look(recorded)[-1] == ("slack:UMOD", "decline", str(question))


def test_unasked_questions_are_carried_over_at_the_end(evening: Evening) -> None:
    """Pending and approved ones wait for another debate; declined ones stay declined."""
    pending = propose(evening, "¿Y los datos?")
    declined = propose(evening, "¿Y el precio?")
    decide(evening, "decline", declined, reason="no")
    evening.close()

    states = evening.look(lambda tx: {one.id: State(one.state).value for one in debates.questions(tx, evening.id)})
    assert (states[pending], states[declined], states[2]) == ("carried", "declined", "carried")


def recorded(tx: Tx) -> list[tuple[str, str, str]]:
    """Who decided what."""
    return [(row.who, row.action, row.detail) for row in tx.session.exec(select(Audit).order_by(col(Audit.id))).all()]
