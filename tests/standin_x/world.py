"""Who is on this X and what they have posted, every version of it."""

import bisect
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from functools import cached_property

from tests.standin_x.weight import LINK

EPOCH_MS = 1_288_834_974_657
TAG = re.compile(r"(?<![\w&/#])[#＃](\w*[^\W\d_]\w*)")
MENTION = re.compile(r"(?<![\w@/])@(\w{1,15})(?!\w)")


class Standing(StrEnum):
    """What has become of an account."""

    ACTIVE = "active"
    PROTECTED = "protected"
    SUSPENDED = "suspended"


@dataclass
class Person:
    """An account."""

    id: str
    username: str
    name: str
    standing: Standing = Standing.ACTIVE
    withheld: tuple[str, ...] = ()


@dataclass(frozen=True)
class Media:
    """A picture or film in a post; `alt` is its description."""

    kind: str = "photo"
    alt: str = ""
    url: str = "https://pbs.twimg.com/media/standin.jpg"


@dataclass(eq=False)
class Post:
    """One version of a post; the versions of one post share `chain`, oldest first."""

    id: str
    author: Person
    text: str
    posted_at: datetime
    conversation: str
    reply_to: str | None = None
    quotes: str | None = None
    retweets: str | None = None
    note: str | None = None
    media: tuple[Media, ...] = ()
    poll: tuple[str, ...] = ()
    chain: list[str] = field(default_factory=list)
    deleted: bool = False
    withheld: tuple[str, ...] = ()
    indexed: bool = True
    lead: str = ""

    @property
    def whole(self) -> str:
        """Everything that was said, with the leading mention of a reply and without escapes."""
        return self.lead + (self.note or self.text)

    @property
    def newest(self) -> bool:
        """Whether no later version exists."""
        return self.chain[-1] == self.id

    @property
    def nowhere(self) -> bool:
        """Whether it is withheld in the whole world."""
        return "XX" in (*self.withheld, *self.author.withheld)

    @cached_property
    def tags(self) -> frozenset[str]:
        """Its hashtags, casefolded, without the sign."""
        return frozenset(tag.casefold() for tag in TAG.findall(LINK.sub(" ", self.whole)))

    @cached_property
    def mentions(self) -> frozenset[str]:
        """The casefolded user names in it, the leading one of a reply included."""
        return frozenset(name.casefold() for name in MENTION.findall(self.whole))

    def calls(self, username: str) -> bool:
        """Whether its author wrote this user name with their own hand."""
        return username.casefold() in {name.casefold() for name in MENTION.findall(self.note or self.text)}


class World:
    """The people and the posts, by id; ids are snowflakes of the time of posting."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.clock = clock
        self.people: dict[str, Person] = {}
        self.posts: dict[str, Post] = {}
        self._ids: set[int] = set()
        self._order: list[int] = []
        self._names: dict[str, Person] = {}

    def new_id(self, at: datetime) -> str:
        """A snowflake of that time that nobody has."""
        number = snowflake(at)
        while number in self._ids:
            number += 1
        self._ids.add(number)
        return str(number)

    def add_person(self, name: str, username: str) -> Person:
        """The account is there; its id is a string of digits."""
        person = Person(str(700_000_000_000_000_001 + len(self.people)), username, name)
        self.people[person.id] = self._names[username.casefold()] = person
        return person

    def named(self, username: str) -> Person | None:
        """The account with this user name, or nobody."""
        return self._names.get(username.casefold())

    def rename(self, person: Person, name: str, username: str) -> None:
        """The account has these names, and nobody has its old one."""
        self._names.pop(person.username.casefold(), None)
        person.name, person.username = name, username
        self._names[username.casefold()] = person

    def who(self, author: str) -> Person:
        """The account with this id or user name, made when there is none."""
        username = author.lstrip("@")
        return self.people.get(author) or self.named(username) or self.add_person(username.capitalize(), username)

    def add_post(self, post: Post) -> Post:
        """The post is part of its conversation, with the mentions that X puts before a reply to all it goes to."""
        answered = self.posts.get(post.reply_to or "")
        if answered is not None:
            post.conversation = answered.conversation
            names = dict.fromkeys((answered.author.username, *MENTION.findall(answered.lead)))
            away = (name for name in names if name != post.author.username and not post.calls(name))
            post.lead = "".join(f"@{name} " for name in away)
        return self._keep(post)

    def add_version(self, old: Post, text: str, at: datetime) -> Post:
        """A later version of the post with this text, under an id of its own; a root's conversation takes that id."""
        new = Post(self.new_id(at), old.author, text, at, old.conversation, old.reply_to, old.quotes)
        new.media, new.chain, new.lead, new.withheld = old.media, old.chain, old.lead, old.withheld
        if old.conversation == old.id:
            new.conversation = new.id
        return self._keep(new)

    def _keep(self, post: Post) -> Post:
        post.chain.append(post.id)
        self.posts[post.id] = post
        bisect.insort(self._order, int(post.id))
        return post

    def versions(self, post_id: str) -> list[Post]:
        """Every version of the post of which this is one id, oldest first."""
        return [self.posts[version] for version in self.posts[post_id].chain]

    def public(self) -> Iterator[Post]:
        """The newest versions that anybody may read, newest post first."""
        for number in reversed(self._order):
            post = self.posts[str(number)]
            if post.newest and not post.deleted and post.author.standing is Standing.ACTIVE and not post.nowhere:
                yield post

    def by_author(self, author_id: str) -> Iterator[Post]:
        """The newest versions of what this account has posted, newest first."""
        return (post for post in self.public() if post.author.id == author_id)


def snowflake(at: datetime) -> int:
    """The smallest id of a post of that moment."""
    return max(0, int(at.timestamp() * 1000) - EPOCH_MS) << 22


def moment(number: int) -> datetime:
    """When the post with this id was posted, to the millisecond."""
    return datetime.fromtimestamp(((number >> 22) + EPOCH_MS) / 1000, UTC)


def stamp(at: datetime) -> str:
    """The moment as X writes it."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
