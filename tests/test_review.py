"""What is filed without certainty is listed, filed by hand, and a hand's last word is taken back."""

import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest
from sqlmodel import col, select
from starlette.testclient import TestClient

from bot import errors
from bot.actions import budget, plan, refile
from bot.budget import Verdict
from bot.debatefile import parse
from bot.exports.wording import Wording
from bot.ports import OPERATOR, Actor, House
from bot.store import debates, feed, messages, review, transcripts
from bot.store.engine import Store, Tx
from bot.tables import Audit, Identity, Outbox
from bot.words.catalogue import words

from tests.console import Terminal, tertulia
from tests.hashtag_evening import FILE, HashtagEvening
from tests.room_evening import Evening, browser
from tests.stories import MODERATOR
from tests.test_room import enter, shown

__all__ = ["tertulia"]

NO_P9 = "No hay ninguna pregunta «P9» en este debate. Míralas con: tertulia question list"


@pytest.fixture
def anywhere(store: Store, house: House) -> HashtagEvening:
    """P2 is open on X, on both databases; five things were said, of which three are doubtful."""
    evening = HashtagEvening(store, house)
    evening.until(21)
    evening.posts("ana", "R2: del CEO")
    evening.posts("luis", "del dueño")
    answer = evening.posts("eva", "R2: del comité", reply_to="P1")
    evening.posts("ana", "de acuerdo", reply_to=answer)
    evening.posts("luis", "R1: humildad. R2: CEO.")
    return evening


def listed(evening: HashtagEvening) -> list[tuple[str, int | None, str]]:
    """(text, question, why) of what is doubtful."""
    rows = evening.look(lambda tx: review.doubtful(tx, evening.id))
    return [(one.text, one.question, review.doubt(one)) for one in rows]


def standing(evening: HashtagEvening) -> list[tuple[int | None, str]]:
    """(question, filed by) of each message, oldest first."""
    return [(question, by) for _, _, question, by, _ in evening.log()]


def by_hand(evening: HashtagEvening, message: int, number: int | None) -> None:
    """A moderator files a message."""
    evening.store.write(
        lambda tx: refile.by_hand(tx, debates.get(tx, evening.id), message, number, actor=MODERATOR, now=evening.now)
    )


def undone(evening: HashtagEvening, *, seen: int | None = None) -> int:
    """A moderator takes the last correction back; returns the message that it was about."""
    return evening.store.write(
        lambda tx: refile.undo(tx, debates.get(tx, evening.id), actor=MODERATOR, now=evening.now, seen=seen)
    )


def decided(evening: HashtagEvening) -> list[tuple[int, int, int | None]]:
    """(message, number, before) of the corrections that stand."""
    return [one[1:] for one in evening.look(lambda tx: review.corrections(tx, evening.id))]


def test_guesses_and_contradictions_are_listed(anywhere: HashtagEvening) -> None:
    """Contradictions first; what is certain or likely, what was deleted and what was said before P1 is not there."""
    assert listed(anywhere) == [
        ("R2: del comité", 2, "conflict"), ("del dueño", 2, "time"), ("R1: humildad. R2: CEO.", 1, "label"),
    ]  # fmt: skip


def test_what_is_filed_by_hand_is_not_doubtful_any_more(anywhere: HashtagEvening) -> None:
    """Under the question where it was, too: somebody has looked at it."""
    by_hand(anywhere, 2, 2)
    by_hand(anywhere, 5, None)

    assert listed(anywhere) == [("R2: del comité", 2, "conflict")]


def test_undo_takes_back_one_after_the_other(anywhere: HashtagEvening) -> None:
    """Twice the same message and then another: each undo is one step back, what hangs below goes along."""
    before = standing(anywhere)
    by_hand(anywhere, 3, 1)
    once = standing(anywhere)
    by_hand(anywhere, 3, None)
    by_hand(anywhere, 2, 1)

    assert once == [(2, "label"), (2, "time"), (1, "hand"), (1, "conversation"), (1, "label")]
    assert (undone(anywhere), standing(anywhere)[1]) == (2, (2, "time"))
    assert (undone(anywhere), standing(anywhere)) == (3, once)
    assert (undone(anywhere), standing(anywhere)) == (3, before)
    with pytest.raises(errors.NothingToUndo):
        undone(anywhere)


def test_corrections_and_their_undoing_are_audit_rows(anywhere: HashtagEvening) -> None:
    """Who filed what where, and who took it back; a new correction after an undo can be taken back itself."""
    by_hand(anywhere, 2, 1)
    undone(anywhere)
    by_hand(anywhere, 2, None)

    query = select(Audit).where(col(Audit.who) == "slack:UMOD").order_by(col(Audit.id))
    rows = anywhere.look(lambda tx: [(one.action, one.detail) for one in tx.session.exec(query)])
    assert rows == [("file", "2: P1"), ("unfile", "2: P1"), ("file", "2: P0")]
    assert decided(anywhere) == [(2, 0, None)]


def test_undo_takes_back_what_was_seen_and_nothing_else(anywhere: HashtagEvening) -> None:
    """Two moderators review at once: what the other has filed since is not taken back by a press on an old page."""
    by_hand(anywhere, 2, 1)
    (seen,) = anywhere.look(lambda tx: review.corrections(tx, anywhere.id))
    by_hand(anywhere, 5, None)

    with pytest.raises(errors.CorrectedSince):
        undone(anywhere, seen=seen.id)
    assert decided(anywhere) == [(2, 1, None), (5, 0, None)]
    undone(anywhere)
    assert (undone(anywhere, seen=seen.id), decided(anywhere)) == (2, [])


def test_only_a_moderator_files_by_hand(anywhere: HashtagEvening) -> None:
    """Whoever else asks for it, by whatever way, changes nothing."""
    member = Actor("room:eva", "Eva")
    for action in (refile.undo, partial(refile.by_hand, message_id=2, number=1)):
        with pytest.raises(errors.NotModerator):
            anywhere.store.write(partial(_as, action, anywhere, member))
    assert decided(anywhere) == []


def test_a_message_that_no_database_could_hold_is_not_there(anywhere: HashtagEvening) -> None:
    """Its number is in an address that anybody may type: a refusal, not a failure of the database."""
    for number in (999, 2**31, 2**53):
        with pytest.raises(errors.NoSuchMessage):
            anywhere.look(partial(messages.get, debate_id=anywhere.id, message_id=number))
    assert anywhere.look(partial(feed.since, debate_id=anywhere.id, rev=10**17)).lines == []


def _as(action: Callable[..., object], evening: HashtagEvening, actor: Actor, tx: Tx) -> None:
    action(tx, debates.get(tx, evening.id), actor=actor, now=evening.now)


def test_an_aborted_debate_leaves_nothing_to_the_next(anywhere: HashtagEvening) -> None:
    """Neither its number, nor its corrections, nor that its moderators were told of money; nor who spoke on X."""
    by_hand(anywhere, 2, 1)
    prices, budget_of_it = {"post_read": Decimal(1)}, Decimal(2)

    def overspend(tx: Tx, debate_id: int) -> Verdict:
        budget.note(tx, debate_id, "post_read", [f"{debate_id}-{n}" for n in range(2)], anywhere.now.date())
        return budget.check(tx, debate_id, prices=prices, budget=budget_of_it, now=anywhere.now)

    first = anywhere.id
    assert anywhere.store.write(lambda tx: overspend(tx, first)) is Verdict.HARD
    anywhere.abort(really=True)
    names = anywhere.look(lambda tx: list(tx.session.exec(select(Identity.platform_id))))
    file = parse(FILE.replace("2027-01-14", "2027-02-11"))
    second = anywhere.store.write(
        lambda tx: debates.ident(plan.add(tx, file, house=House(), actor=OPERATOR, now=anywhere.now))
    )
    anywhere.store.write(lambda tx: overspend(tx, second))

    told = select(Outbox.debate_id).where(Outbox.kind == "budget").distinct()
    assert (names, second > first) == (["UMOD"], True)
    assert anywhere.look(lambda tx: review.corrections(tx, second)) == []
    assert anywhere.look(lambda tx: list(tx.session.exec(told))) == [second]


def test_undo_of_a_rebuilt_debate_is_as_good(anywhere: HashtagEvening) -> None:
    """The hand outlives a rebuild, and so does the way back."""
    by_hand(anywhere, 2, 1)
    assert anywhere.store.write(lambda tx: refile.whole(tx, debates.get(tx, anywhere.id))) == 0
    undone(anywhere)

    assert standing(anywhere)[1] == (2, "time")
    assert anywhere.store.write(lambda tx: refile.whole(tx, debates.get(tx, anywhere.id))) == 0


def test_transcript_marks_what_is_doubtful(anywhere: HashtagEvening) -> None:
    """Whoever reads it knows, with the reason: the hour, a doubtful label, a label against its thread."""
    transcript = transcripts.load(anywhere.store, anywhere.id)
    wording = Wording(transcript.head, words("es"))

    assert {line.text: wording.marks(line) for line in transcript.lines()} == {
        "R2: del CEO": [], "del dueño": ["colocado por la hora"], "de acuerdo": [],
        "R2: del comité": ["la etiqueta no cuadra con el hilo"], "R1: humildad. R2: CEO.": ["etiqueta dudosa"],
    }  # fmt: skip


# --- the terminal ----------------------------------------------------------------------------------------------------


@pytest.fixture
def debate(tertulia: Terminal, house: House) -> str:
    """The id of a debate of the terminal's folder: P1 was asked; one message has a label, two have none."""
    from bot.store import schema

    store = Store(f"sqlite:///{tertulia.folder}/tertulia.db")
    schema.upgrade(store)
    evening = HashtagEvening(store, house)
    evening.until(21)
    for text in ("R1: la escucha", "del CEO", "del\tdueño"):
        evening.posts("ana", text)
    store.close()
    return str(evening.id)


def test_terminal_lists_and_files(tertulia: Terminal, debate: str) -> None:
    """The list has a line each with its reason; several are filed at once, and the last is taken back."""
    first = tertulia("review", debate)
    assert [re.split(r"\s{2,}", one) for one in first.out.splitlines()] == [
        ["ID", "P", "MOTIVO", "DE", "MENSAJE"],
        ["2", "2", "colocado por la hora", "ana", "del CEO"], ["3", "2", "colocado por la hora", "ana", "del dueño"],
    ]  # fmt: skip
    assert tertulia("review", debate, "--file", "2:P1", "--file", "3:0").out == "Hecho. Quedan 0 por repasar.\n"
    assert (tertulia("review", debate).out, tertulia("review", debate).err) == ("", "No hay nada que repasar.\n")
    assert tertulia("review", debate, "--undo").out == "Hecho. Quedan 1 por repasar.\n"
    assert [(one["message"], one["why"]) for one in tertulia("review", debate, "--json").json] == [("3", "time")]


def test_terminal_lists_for_programs(tertulia: Terminal, debate: str) -> None:
    """Every field of a doubtful message, as data."""
    assert tertulia("review", debate, "--json").json[0] == {
        "message": "2", "platform": "x", "author": "ana", "text": "del CEO", "posted_at": "2027-01-14T18:21:00Z",
        "question": 2, "filed_by": "time", "confidence": "guess", "conflict": False, "why": "time",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("args", "refusal"),
    [
        (["--file", "dos"], "A «--file» le falta un dato: mensaje y pregunta. Por ejemplo: --file 12:P2"),
        (
            ["--file", "3:P1", "--file", "2:P9"],
            "No hay ninguna pregunta «P9» en este debate. Míralas con: tertulia question list",
        ),
        (["--file", "12345678901:P1"], "A «--file» le falta un dato: mensaje y pregunta. Por ejemplo: --file 12:P2"),
        (["--undo"], "En este debate no queda ninguna corrección que deshacer. No se ha cambiado nada."),
    ],
)
def test_terminal_refuses_what_cannot_be(tertulia: Terminal, debate: str, args: list[str], refusal: str) -> None:
    """One line that says why; a message that was named with it is not filed either."""
    assert tertulia("review", debate, *args).refusal == refusal
    assert len(tertulia("review", debate, "--json").json) == 2


# --- the room --------------------------------------------------------------------------------------------------------


@pytest.fixture
def evening(tmp_path: Path) -> Iterator[Evening]:
    """An evening in the room; P2 is open."""
    made = Evening(tmp_path)
    made.plan(asked=2)
    yield made
    made.stop()


@pytest.fixture
def visitor(evening: Evening) -> Iterator[TestClient]:
    """A moderator's browser without a script."""
    with browser(evening) as client:
        enter(client, evening)
        yield client


def test_room_lists_files_and_undoes_without_a_script(evening: Evening, visitor: TestClient) -> None:
    """From the debate to the list, a button for each question, back to the list, and one step back."""
    evening.slack("Sobre la primera, que nadie se ofenda")
    at = f"/d/{evening.slug}"
    assert f'href="{at}/review"' in visitor.get(at).text
    page = visitor.get(f"{at}/review")
    assert "P2 · colocado por la hora" in shown(page)
    assert re.findall(r'name="number" value="(\d)"', page.text) == ["1", "2", "0"]

    filed = visitor.post(f"{at}/m/1/file?back=review", data={"number": "1"})
    assert "No hay nada que repasar." in shown(filed)
    assert "Lo último: un mensaje de Marta, a la P1." in shown(filed)

    (last,) = re.findall(r'name="last" value="(\d+)"', filed.text)
    assert "P2 · colocado por la hora" in shown(visitor.post(f"{at}/review/undo", data={"last": last}))
    again = visitor.post(f"{at}/review/undo", data={"last": last})
    assert (again.status_code, "ninguna corrección que deshacer" in shown(again)) == (409, True)


def test_room_does_not_undo_what_another_moderator_has_filed_since(evening: Evening, visitor: TestClient) -> None:
    """The page names one correction, and its button takes that one back or none."""
    evening.slack("Sobre la primera, que nadie se ofenda")
    evening.slack("Y otra cosa sin etiqueta", after=2)
    at = f"/d/{evening.slug}"
    visitor.post(f"{at}/m/1/file", data={"number": "1"})
    (last,) = re.findall(r'name="last" value="(\d+)"', visitor.get(f"{at}/review").text)
    visitor.post(f"{at}/m/2/file", data={"number": "1"})

    refused = visitor.post(f"{at}/review/undo", data={"last": last})
    assert (refused.status_code, "ya no es la última corrección" in shown(refused)) == (409, True)
    assert visitor.post(f"{at}/review/undo", data={"last": "x"}).status_code == 422


def test_room_shows_markup_of_a_doubtful_message_as_text(evening: Evening, visitor: TestClient) -> None:
    """What people write is never obeyed, here neither."""
    evening.slack("<script>alert(1)</script>")
    assert "<script>alert" not in visitor.get(f"/d/{evening.slug}/review").text


def test_room_closes_the_review_to_members(evening: Evening) -> None:
    """Neither the list nor the undo is anybody's."""
    with browser(evening) as client:
        codes = [
            client.get(f"/d/{evening.slug}/review").status_code,
            client.post(f"/d/{evening.slug}/review/undo").status_code,
        ]
    assert codes == [403, 403]


def test_room_refuses_an_undo_of_nothing(evening: Evening, visitor: TestClient) -> None:
    """A second press on a page that is old says so."""
    refused = visitor.post(f"/d/{evening.slug}/review/undo")
    assert (refused.status_code, "ninguna corrección que deshacer" in shown(refused)) == (409, True)
