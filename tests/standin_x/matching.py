"""Rules of the stream and queries of search: read strictly, then asked of one post at a time."""

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from tests.standin_x.world import MENTION, TAG, Post, World

Test = Callable[[Post], bool]
TOKEN = re.compile(r'\(|\)|-?"[^"]*"|-?[^\s()]+')
WITH_ID = ("conversation_id", "quotes_of_tweet_id", "in_reply_to_tweet_id")
KINDS = ("retweet", "quote", "reply")


class Place(StrEnum):
    """Where a query is asked: the two know different operators, and search is looser with accents."""

    STREAM = "stream"
    SEARCH = "search"


class BadQueryError(Exception):
    """The query cannot be read; the message says what is wrong with it."""


@dataclass(frozen=True)
class Term:
    """A test, and whether it may stand alone (X wants one that does in each query)."""

    test: Test
    alone: bool


def reads(query: str, place: Place, world: World) -> Test:
    """The test that this query puts to a post; `BadQueryError` when X would refuse it."""
    tokens = TOKEN.findall(query)
    if "".join(tokens) != re.sub(r"\s", "", query) and '"' not in query:
        raise BadQueryError("there are characters that cannot be read")
    reader = _Reader(tokens, place, world)
    found = reader.either()
    if reader.left:
        raise BadQueryError(f"no viable alternative at input '{reader.left[0]}'")
    if not found.alone:
        raise BadQueryError("rules must contain at least one positive, non-stopword clause")
    return found.test


class _Reader:
    """Reads tokens from left to right: OR binds less than the blank between two terms."""

    def __init__(self, tokens: Sequence[str], place: Place, world: World) -> None:
        self.left = list(tokens)
        self._place = place
        self._world = world

    def either(self) -> Term:
        """What stands between two brackets."""
        terms = [self._all()]
        while self.left and self.left[0] == "OR":
            self.left.pop(0)
            terms.append(self._all())
        if len(terms) == 1:
            return terms[0]
        return Term(lambda post: any(term.test(post) for term in terms), all(term.alone for term in terms))

    def _all(self) -> Term:
        terms: list[Term] = []
        while self.left and self.left[0] not in {")", "OR"}:
            terms.append(self._one(self.left.pop(0)))
        if not terms:
            raise BadQueryError("missing term: an operator or a bracket has nothing beside it")
        return Term(lambda post: all(term.test(post) for term in terms), any(term.alone for term in terms))

    def _one(self, token: str) -> Term:
        if token == "(":
            inner = self.either()
            if not self.left or self.left.pop(0) != ")":
                raise BadQueryError("missing ')'")
            return inner
        if token in {"AND", "-"}:
            raise BadQueryError(f"'{token}' is no term; a blank means AND")
        if token.startswith("-"):
            negated = self._positive(token[1:])
            return Term(lambda post: not negated.test(post), alone=False)
        return self._positive(token)

    def _positive(self, token: str) -> Term:
        name, colon, value = token.partition(":")
        if colon and not token.startswith('"'):
            return Term(self._operator(name, value), alone=name not in {"is", "has", "lang"})
        if TAG.fullmatch(token):
            return Term(self._tag(token[1:]), alone=True)
        if MENTION.fullmatch(token):
            return Term(lambda post: token[1:].casefold() in post.mentions, alone=True)
        if token.startswith(("#", "@", "$")):
            raise BadQueryError(f"'{token}' is neither a hashtag nor a user name")
        return Term(self._words(token.strip('"')), alone=True)

    def _operator(self, name: str, value: str) -> Test:
        if name in WITH_ID:
            if not re.fullmatch(r"\d{1,19}", value):
                raise BadQueryError(f"'{name}' wants a numeric id, not '{value}'")
            return self._about(name, value)
        if name in {"to", "from"} and re.fullmatch(r"@?\w{1,15}", value):
            return self._person(name, value.lstrip("@").casefold())
        if name == "is" and value in KINDS:
            return lambda post: bool({"retweet": post.retweets, "quote": post.quotes, "reply": post.reply_to}[value])
        if name == "has" and value in {"media", "images"}:
            return lambda post: bool(post.media)
        raise BadQueryError(f"Reference to invalid operator '{name}'. Operator is not available in current product")

    def _about(self, name: str, value: str) -> Test:
        if name == "conversation_id":
            return lambda post: post.conversation == value
        if name == "in_reply_to_tweet_id":
            return lambda post: post.reply_to == value
        if self._place is Place.STREAM:
            raise BadQueryError(f"Reference to invalid operator '{name}'. Operator is not available in current product")
        return lambda post: post.quotes == value

    def _person(self, name: str, username: str) -> Test:
        if name == "from":
            return lambda post: post.author.username.casefold() == username

        def answers(post: Post) -> bool:
            answered = self._world.posts.get(post.reply_to or "")
            return answered is not None and answered.author.username.casefold() == username

        return answers

    def _tag(self, tag: str) -> Test:
        if self._place is Place.SEARCH:
            wanted = without_accents(tag)
            return lambda post: wanted in {without_accents(each) for each in post.tags}

        def carries(post: Post) -> bool:
            quoted = self._world.posts.get(post.quotes or "")
            return tag.casefold() in post.tags or (quoted is not None and tag.casefold() in quoted.tags)

        return carries

    def _words(self, words: str) -> Test:
        wanted = re.compile(rf"(?<!\w){re.escape(words.casefold())}(?!\w)")
        return lambda post: wanted.search(post.whole.casefold()) is not None


def without_accents(text: str) -> str:
    """The casefolded text without marks on its letters."""
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in parts if not unicodedata.combining(letter))
