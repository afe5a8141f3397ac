"""The draft of the recap: the best of each question, the links, and what is left for another day."""

from bot.actions import ask
from bot.exports.as_recap import draft
from bot.ports import Actor, House
from bot.store import debates, transcripts
from bot.store.engine import Store
from bot.words.catalogue import words

from tests.stories import Evening


def test_draft_has_the_best_answers_first(store: Store, house: House) -> None:
    """What found more echo stands before what found less; deleted words are not in it."""
    evening = Evening(store, house).until(12)
    evening.says("Ana", "R1 poca cosa")
    loved = evening.says("Eva", "R1 *escuchar* https://example.com/a")
    for who in ("Ana", "Leo"):
        evening.reacts(who, loved, "+1")
    evening.deletes(evening.says("Leo", "R1 me retracto"))

    text = draft(transcripts.load(store, evening.id), words("es"))

    first, second = text.index("escuchar"), text.index("poca cosa")
    assert (first < second, "me retracto" in text, text.count("- <https://example.com/a>")) == (True, False, 1)


def test_draft_names_what_is_left_for_another_day(store: Store, house: House) -> None:
    """A question of the audience that was not asked is not forgotten."""
    evening = Evening(store, house).until(12)
    asker = Actor("slack:UANA", "Ana")
    store.write(lambda tx: ask.propose(tx, debates.get(tx, evening.id), "¿Y mañana?", asker=asker, now=evening.now).id)

    evening.until(80)

    assert "## Questions for another day\n\n- ¿Y mañana?" in draft(transcripts.load(store, evening.id), words("en"))


def test_draft_counts_one_person_as_one(store: Store, house: House) -> None:
    """In the words of every other transcript."""
    evening = Evening(store, house).until(12)
    evening.says("Ana", "R1 una sola voz")

    assert " · 1 persona, 1 mensaje\n" in draft(transcripts.load(store, evening.id), words("es"))
