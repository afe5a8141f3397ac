"""What X is asked for: rules of the stream, queries of search, and where a post that they bring belongs. Pure.

A rule's tag names the place (the hashtag) that it listens for, because the log finds the debate by place and time: two
debates of one hashtag, one in its grace and one about to begin, share their rule.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from bot.actions.listen import OnAir
from handlers.x.client import Rule
from handlers.x.posts import Post
from handlers.x.terms import LIMITS

# Every tag of ours begins so; rules of somebody else on the same app are left alone.
OURS = "tertulia:"
# Whoever speaks to us, in whatever debate.
MENTIONS = "tertulia@"
# What search finds beside the hashtag; nobody has seen yet which of them X lets every plan use.
OPERATORS = ("conversation_id", "quotes_of_tweet_id")
_HASHTAG = re.compile(r"(?<![\w&])[#＃](\w+)")


@dataclass(frozen=True, slots=True)
class Change:
    """What must be done to the rules that stand at X: ids to delete, then rules to add."""

    delete: Sequence[str]
    add: Sequence[Rule]


def wanted(debates: Iterable[OnAir], me: str) -> list[Rule]:
    """The rules that must stand while these debates are on, none of them twice; ``me`` is our user name, without @."""
    found: dict[str, Rule] = {}
    for one in debates:
        _add(found, f"#{one.place}", f"{OURS}{one.place}", me)
        for post, number in one.posts.items():
            if number is not None:
                _add(found, f"conversation_id:{post}", f"{OURS}{one.place}:{number}", me)
    if found and me:
        _add(found, f"(@{me} OR to:{me})", MENTIONS, me)
    return list(found.values())


def _add(rules: dict[str, Rule], term: str, tag: str, me: str) -> None:
    value = f"{term} {_without(me)}"
    rules.setdefault(value, Rule(value, tag))


def change(wanted: Sequence[Rule], standing: Sequence[Rule]) -> Change:
    """How the rules at X become the wanted ones; rules without a tag of ours stay."""
    want = {(one.value, one.tag) for one in wanted}
    have: set[tuple[str, str]] = set()
    delete = []
    for one in standing:
        key = (one.value, one.tag)
        if key in want and key not in have:
            have.add(key)
        elif one.tag.startswith((OURS, MENTIONS)):
            delete.append(one.id)
    return Change(delete, [one for one in wanted if (one.value, one.tag) not in have])


def queries(
    debate: OnAir, me: str, *, longest: int = LIMITS.query, without: Collection[str] = ()
) -> list[str]:  # fmt: skip
    """The queries of search that together find all of a debate, each at most ``longest`` characters.

    ``without`` are those of ``OPERATORS`` that X does not understand.
    """
    known = [one for one in OPERATORS if one not in without]
    terms = [f"{one}:{post}" for post in _questions(debate) for one in known]
    return _packed([f"#{debate.place}", *terms], me, longest)


def apart(debate: OnAir, me: str, *, longest: int = LIMITS.query) -> Sequence[tuple[str, str]]:
    """The same with each operator by itself: (operator, query); the hashtag's, which has none, comes first."""
    parts = [("", _query([f"#{debate.place}"], me))]
    for one in OPERATORS:
        terms = [f"{one}:{post}" for post in _questions(debate)]
        parts += [(one, query) for query in _packed(terms, me, longest)]
    return parts


def _questions(debate: OnAir) -> list[str]:
    return [post for post, number in debate.posts.items() if number is not None]


def mentions(me: str) -> str:
    """The query of search for whoever speaks to us."""
    return f"(@{me} OR to:{me}) {_without(me)}"


def _packed(terms: Sequence[str], me: str, longest: int) -> list[str]:
    if not terms:
        return []
    packed: list[str] = []
    some: list[str] = []
    for term in terms:
        if some and len(_query([*some, term], me)) > longest:
            packed.append(_query(some, me))
            some = []
        some.append(term)
    return [*packed, _query(some, me)]


def _query(terms: Sequence[str], me: str) -> str:
    together = f"({' OR '.join(terms)})" if len(terms) > 1 else terms[0]
    return f"{together} {_without(me)}"


def _without(me: str) -> str:
    # Our own posts would be paid for like everybody's, and are no messages.
    return f"-is:retweet -from:{me}" if me else "-is:retweet"


@dataclass(frozen=True, slots=True)
class Homes:
    """The places that a post belongs to; ``sure`` is False where it is only taken for somebody speaking to us."""

    places: Sequence[str]
    sure: bool


def homes(post: Post, debates: Sequence[OnAir]) -> Homes:
    """Where a post belongs: to the places that its tags name, else by what it answers, quotes or says.

    Who speaks to us and gives no other sign is heard wherever a debate takes answers.
    """
    places = {one.place for one in debates}
    named = {tag.removeprefix(OURS).partition(":")[0] for tag in post.tags if tag.startswith(OURS)} & places
    found = named or _evident(post, debates)
    if found:
        return Homes(sorted(found), True)
    spoken = {one.place for one in debates if one.live} if MENTIONS in post.tags else set()
    return Homes(sorted(spoken), False)


def _evident(post: Post, debates: Sequence[OnAir]) -> set[str]:
    points = {post.conversation, post.replied_to, post.quoted}
    found = {one.place for one in debates if not points.isdisjoint(one.posts)}
    said = {tag.casefold() for tag in _HASHTAG.findall(post.text)}
    return found | {one.place for one in debates if one.place in said}
