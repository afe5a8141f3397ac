"""What X is asked for before, during and after a debate, and where a post that comes of it belongs."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.actions import clock, listen, run, send
from bot.actions.listen import OnAir
from bot.ports import OPERATOR, House, Platform
from bot.store import debates
from bot.store.engine import Store, Tx
from handlers.x import rules
from handlers.x.client import Rule
from handlers.x.posts import Post

from tests.x_listening import CORAL, HOUSE, planned

AT = datetime(2027, 1, 14, 18, 0, tzinfo=UTC)
TAG = Rule("#coral -is:retweet -from:tertulia", "tertulia:coral")
SPOKEN_TO = Rule("(@tertulia OR to:tertulia) -is:retweet -from:tertulia", "tertulia@")


def on_air(place: str = "coral", *, posts: dict[str, int | None] | None = None, live: bool = True) -> OnAir:
    """A debate at a hashtag."""
    return OnAir(1, place, AT if live else None, None, posts or {}, live)


def heard(
    text: str = "hola", *, tags: tuple[str, ...] = (), conversation: str = "9", quoted: str | None = None
) -> Post:
    """A post of Ana's."""
    return Post(
        "9", "9", "77", "Ana", "ana", text, None, AT, None, conversation, None, quoted, (), False, False, tags
    )  # fmt: skip


def test_a_debate_wants_its_hashtag_and_whoever_speaks_to_us() -> None:
    """Before the first question there are two rules, retweets and our own posts left out."""
    assert rules.wanted([on_air()], "tertulia") == [TAG, SPOKEN_TO]


def test_each_question_that_stands_on_x_has_its_conversation() -> None:
    """A post of ours that is no question has none."""
    wanted = rules.wanted([on_air(posts={"100": None, "101": 1, "102": 2})], "tertulia")
    assert wanted[1:3] == [
        Rule("conversation_id:101 -is:retweet -from:tertulia", "tertulia:coral:1"),
        Rule("conversation_id:102 -is:retweet -from:tertulia", "tertulia:coral:2"),
    ]


def test_two_debates_of_one_hashtag_share_their_rule() -> None:
    """X refuses the same rule twice; the log tells by the time which debate a post belongs to."""
    assert rules.wanted([on_air(), on_air(live=False)], "tertulia") == [TAG, SPOKEN_TO]


def test_no_debate_wants_no_rule() -> None:
    """Nothing is paid for while nothing is on."""
    assert rules.wanted([], "tertulia") == []


def test_only_what_differs_is_changed() -> None:
    """A rule that stands stays; one too many goes, twins too; somebody else's is left alone."""
    standing = [
        Rule(TAG.value, TAG.tag, "1"),
        Rule(TAG.value, TAG.tag, "2"),
        Rule("#ayer", "tertulia:ayer", "3"),
        Rule("#ajeno", "otro programa", "4"),
    ]
    assert rules.change([TAG, SPOKEN_TO], standing) == rules.Change(["2", "3"], [SPOKEN_TO])


def test_rules_of_ours_under_another_tag_are_set_right() -> None:
    """The tag says where a post belongs: a rule with the wrong one is replaced."""
    standing = [Rule(TAG.value, "tertulia:otro", "1")]
    assert rules.change([TAG], standing) == rules.Change(["1"], [TAG])


def test_one_query_finds_a_debate_with_few_questions() -> None:
    """Hashtag, conversations and quotes stand in one query."""
    assert rules.queries(on_air(posts={"101": 1}), "tertulia") == [
        "(#coral OR conversation_id:101 OR quotes_of_tweet_id:101) -is:retweet -from:tertulia"
    ]


def test_a_query_is_never_longer_than_x_takes_and_no_term_is_lost() -> None:
    """Eight questions need two queries of at most 512 characters."""
    posts: dict[str, int | None] = {str(1_900_000_000_000_000_000 + number): number for number in range(1, 9)}
    found = rules.queries(on_air(posts=posts), "tertulia")
    assert [len(one) <= 512 for one in found] == [True, True]
    terms = [term for one in found for term in one.partition(")")[0].strip("(").split(" OR ")]
    assert terms == [
        "#coral",
        *(term for post in posts for term in (f"conversation_id:{post}", f"quotes_of_tweet_id:{post}")),
    ]


def test_a_single_term_needs_no_brackets() -> None:
    """Before the first question the query is the hashtag alone."""
    assert rules.queries(on_air(), "tertulia") == ["#coral -is:retweet -from:tertulia"]


DEBATES = [on_air("coral", posts={"101": 1}), on_air("faro", posts={"201": 1}), on_air("mañana", live=False)]


@pytest.mark.parametrize(
    ("post", "places", "sure"),
    [
        (heard(tags=("tertulia:coral",)), ["coral"], True),
        (heard(tags=("tertulia:faro:3", "tertulia@")), ["faro"], True),
        (heard(tags=("tertulia:coral", "tertulia:faro")), ["coral", "faro"], True),
        (heard(tags=("tertulia@",), conversation="201"), ["faro"], True),
        (heard(tags=("tertulia@",), quoted="101"), ["coral"], True),
        (heard("vivan los #Corales y el #FARO"), ["faro"], True),
        (heard("hasta #Mañana"), ["mañana"], True),
        (heard(tags=("tertulia@",)), ["coral", "faro"], False),
        (heard(tags=("otro programa",)), [], False),
        (heard(tags=("tertulia:ayer",)), [], False),
        (heard(), [], False),
    ],
)
def test_a_post_belongs_where_its_tags_or_its_words_say(post: Post, places: list[str], sure: bool) -> None:
    """Tag, conversation, quote, hashtag; who only speaks to us is heard where a debate takes answers."""
    assert rules.homes(post, DEBATES) == rules.Homes(places, sure)


# --- what the log knows of the debates -------------------------------------------------------------------------------


def on(store: Store, now: datetime) -> list[OnAir]:
    """The debates on X that are near, as X's ears see them."""
    with store.read() as tx:
        return list(listen.on_air(tx, Platform.X, now=now, ahead=timedelta(minutes=10), behind=timedelta(hours=1)))


def test_a_debate_is_near_from_ten_minutes_before_until_an_hour_after_its_end(store: Store) -> None:
    """Wanted before its opening, live until its grace is over, then looked for a while, then not at all."""
    debate_id = planned(store, starts=AT)
    assert on(store, AT - timedelta(minutes=11)) == []
    assert on(store, AT - timedelta(minutes=10)) == [OnAir(debate_id, "coral", None, None, {}, False)]
    drive(store, debate_id, AT)
    assert on(store, AT) == [OnAir(debate_id, "coral", AT, None, {}, True)]
    closed, until = AT + timedelta(minutes=60), AT + timedelta(minutes=75)
    store.write(lambda tx: run.close(tx, debates.get(tx, debate_id), actor=OPERATOR, now=closed, house=HOUSE))
    assert on(store, closed) == [OnAir(debate_id, "coral", AT, until, {}, True)]
    store.write(lambda tx: settle(tx, until, HOUSE))
    assert on(store, until) == [OnAir(debate_id, "coral", AT, until, {}, False)]
    assert on(store, until + timedelta(minutes=61)) == []


def test_what_landed_on_x_is_known_with_the_number_of_its_question(store: Store) -> None:
    """The welcome is a post of ours; the question is one with a conversation to listen to."""
    debate_id = planned(store, starts=AT)
    drive(store, debate_id, AT)
    store.write(lambda tx: run.ask_next(tx, debates.get(tx, debate_id), actor=OPERATOR, now=AT, really=True))
    store.write(lambda tx: land(tx, AT))
    (one,) = on(store, AT)
    assert sorted(one.posts.items()) == [("1001", None), ("1002", 1)]


def test_a_debate_elsewhere_is_none_of_x(store: Store) -> None:
    """A debate without X as a place is not listened for."""
    planned(store, starts=AT, source=CORAL.replace("x = true", "x = false"))
    assert on(store, AT) == []


def drive(store: Store, debate_id: int, now: datetime) -> None:
    """The debate is opened by hand."""
    store.write(lambda tx: run.open_now(tx, debates.get(tx, debate_id), actor=OPERATOR, now=now))


def settle(tx: Tx, now: datetime, house: House) -> None:
    """All that is due by now is done."""
    while (due := debates.next_due(tx)) is not None and due <= now:
        clock.do_due(tx, now=now, house=house)


def land(tx: Tx, now: datetime) -> None:
    """Every post that waits for X has landed there, under 1001, 1002 …"""
    number = 1000
    while claimed := send.claim(tx, Platform.X, owner="test", now=now):
        for row_id, _, _ in claimed:
            number += 1
            send.landed(tx, row_id, str(number), now=now)
