"""Replies upon replies, as X has them: where each is filed, and below whom it is read."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.actions import refile
from bot.ports import Deleted, Platform, Said
from bot.store import debates, transcripts
from bot.transcript import Spot, reading_order

from tests.hashtag_evening import HASHTAG, HashtagEvening, alone, evening
from tests.stories import MODERATOR
from tests.test_log import ANY_ORDER, outcome, shuffled

__all__ = ["alone", "evening"]


def filed(evening: HashtagEvening) -> list[tuple[str, int | None, str, str]]:
    """(text, question, filed by, confidence) of each message."""
    return [(text, question, by, sure) for _, text, question, by, sure in evening.log()]


def test_reply_and_quote_and_what_hangs_below(evening: HashtagEvening) -> None:
    """A reply to P1's post is sure; a reply to that reply belongs to P1's conversation; a quote of P2 is likely."""
    answer = evening.posts("ana", "la escucha", reply_to="P1")
    below = evening.posts("luis", "de acuerdo", reply_to=answer)
    evening.posts("eva", "y yo", reply_to=below)
    evening.posts("ana", "mirad", quotes="P2")

    assert filed(evening) == [
        ("la escucha", 1, "thread", "certain"), ("de acuerdo", 1, "conversation", "likely"),
        ("y yo", 1, "conversation", "likely"), ("mirad", 2, "quote", "likely"),
    ]  # fmt: skip


def test_deeper_in_a_conversation_whose_middle_was_not_heard(evening: HashtagEvening) -> None:
    """Only the conversation is known: it is P1's."""
    said = evening.post("luis", "de acuerdo", reply_to="1777", thread="P1")
    evening.hear(said)

    assert filed(evening) == [("de acuerdo", 1, "conversation", "likely")]


def test_what_is_below_an_answer_follows_its_label(evening: HashtagEvening) -> None:
    """In P1's conversation somebody answers P3: whoever agrees with that speaks of P3."""
    answer = evening.posts("ana", "R3: el NPS", reply_to="P1")
    evening.posts("luis", "de acuerdo", reply_to=answer)

    assert filed(evening) == [("R3: el NPS", 3, "label", "certain"), ("de acuerdo", 3, "conversation", "likely")]


def test_hand_moves_what_is_below(evening: HashtagEvening) -> None:
    """A moderator moves an answer of P1's conversation to P2; what answers it goes along, its neighbours stay."""
    answer = evening.posts("ana", "la escucha", reply_to="P1")
    evening.posts("luis", "de acuerdo", reply_to=answer)
    evening.posts("eva", "otra cosa", reply_to="P1")
    evening.store.write(lambda tx: refile.by_hand(tx, debates.get(tx, 1), 1, 2, actor=MODERATOR, now=evening.now))

    assert [question for _, question, _, _ in filed(evening)] == [2, 2, 1]


def test_answer_that_comes_with_its_parent_s_edit_takes_its_own_answers_along(evening: HashtagEvening) -> None:
    """The parent moves to P3 and the answer arrives in one delivery; what answers the answer was there before."""
    parent = evening.post("ana", "R2 la escucha")
    answer = evening.post("luis", "de acuerdo", reply_to=parent.id)
    below = evening.post("eva", "y yo", reply_to=answer.id)
    evening.hear(below)
    evening.hear(parent)
    evening.hear(answer, parent._replace(text="R3 la escucha", edited_at=parent.posted_at + timedelta(seconds=9)))

    assert [question for _, question, _, _ in filed(evening)] == [3, 3, 3]


def test_placeholder_of_a_parent_tells_less_than_its_conversation(evening: HashtagEvening) -> None:
    """The answer in between was taken back before it was heard: its reply belongs to the conversation's question."""
    answer = evening.post("ana", "la escucha", reply_to="P1")
    evening.hear(Deleted(Platform.X, HASHTAG, answer.id, evening.now, answer.posted_at))
    evening.posts("luis", "de acuerdo", reply_to=answer.id)

    assert filed(evening)[-1] == ("de acuerdo", 1, "conversation", "likely")


def test_reply_stands_below_the_top_of_its_chain(alone: HashtagEvening) -> None:
    """In the transcript each answer to P1 has all that was said about it right below, in order of time."""
    first = alone.posts("ana", "uno", reply_to="P1")
    alone.posts("luis", "dos", reply_to="P1")
    below = alone.posts("eva", "uno.uno", reply_to=first)
    alone.posts("ana", "uno.uno.uno", reply_to=below)
    lines = transcripts.load(alone.store, 1).lines()

    assert [(line.text, line.depth) for line in lines] == [("uno", 0), ("uno.uno", 1), ("uno.uno.uno", 1), ("dos", 0)]


def test_answers_in_a_circle_are_all_read() -> None:
    """A platform that says that each answers the other loses nobody."""
    spots = [Spot(1, 1, "a", "q", 1, "b"), Spot(2, 1, "b", "q", 2, "a"), Spot(3, 1, "c", "q", 3, "b")]

    assert sorted(reading_order(spots, [1], first_asked=0)) == [(1, 0), (2, 1), (3, 1)]


TEXTS = st.sampled_from(["sí", "R1 sí", "R3: esto", "lo vi en P2", "R2 y R3"])
# (text, what it answers: -1 a question's post, -2 nothing, else an earlier post), and whether it is edited.
POSTS = st.lists(st.tuples(TEXTS, st.integers(-2, 4), st.booleans()), min_size=1, max_size=7)


@ANY_ORDER
@given(posts=POSTS, data=st.data())
def test_any_order_of_a_conversation_ends_in_the_same_rows(
    alone: HashtagEvening, posts: list[tuple[str, int, bool]], data: st.DataObject
) -> None:
    """Whether an answer or what it answers is heard first, alone or together, each stands in the same place."""
    said: list[Said] = []
    heard: list[str] = []
    for at, (text, target, edited) in enumerate(posts):
        earlier = heard[target] if 0 <= target < at else "P2"
        above = {-1: "P1", -2: None}.get(target, earlier)
        # X's times are of whole seconds: an answer may have the time of what it answers.
        one = alone.post("ana", text, reply_to=above)._replace(posted_at=alone.now + timedelta(seconds=at // 3))
        alone.messages[one.id] = one
        said.append(one)
        heard.append(one.id)
        if edited:
            said.append(one._replace(text="R2 mejor", edited_at=one.posted_at + timedelta(seconds=9)))

    assert outcome(alone, shuffled(said, data)) == outcome(alone, [said])
