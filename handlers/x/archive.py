"""Posts that were collected before, as v2 JSON Lines: what the API, its streams and twarc write, plain or gzipped.

A line is an answer (``data`` and ``includes``), a line of the stream, or a single post as twarc flattens it. A file
that was cut in the middle of its last line keeps all others; every line that says nothing we know is counted.
"""

import gzip
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from bot import errors
from bot.ports import Said
from handlers.x import included, posts
from handlers.x.included import Included, objects
from handlers.x.posts import Post, Strange
from handlers.x.wording import carrying

Json = Mapping[str, Any]
Advance = Callable[[int], None]

_ENDINGS = (".jsonl", ".ndjson", ".json", ".jsonl.gz", ".ndjson.gz", ".json.gz")
# A line of a hundred posts is read in one go, and not in twenty (bytes).
_AT_ONCE = 1024 * 1024
# What an answer may say without saying any post.
_SILENT = frozenset({"meta", "errors", "includes"})
_QUESTION = re.compile(
    r"[^\w#@]*+(?:[#@]\w+[\s,:]++)*+[^\w#@]*+(?:P|Q|Pregunta|Question)[\s.]{0,2}(?P<number>\d{1,2})"
    r"[\s:.)\]/»”\"–—-]+(?P<words>\S.*)",
    re.IGNORECASE | re.DOTALL,
)
_LAST_TAGS = re.compile(r"(?:(?<!\s)\s+#\w+)+\s*\Z")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which posts count: those of a hashtag (casefolded, without ``#``), from ``start`` on, before ``end``.

    ``host`` is the handle or id of whose labelled posts are the questions; "" for nobody's.
    """

    tag: str
    start: datetime | None = None
    end: datetime | None = None
    host: str = ""

    def holds(self, instant: datetime) -> bool:
        """Whether the instant lies in the time that is wanted."""
        return (self.start is None or instant >= self.start) and (self.end is None or instant < self.end)


@dataclass(slots=True)
class Left:
    """What an import leaves out: retweets, other talk, what is withheld, what was not understood, lines cut short."""

    retweets: int = 0
    others: int = 0
    withheld: int = 0
    strange: int = 0
    cut: int = 0

    def join(self, other: "Left") -> None:
        """What another leaves out is left out here, too."""
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass(frozen=True, slots=True)
class Question:
    """A post of the host's that asks: its number and its words without label and hashtag."""

    said: Said
    number: int
    words: str


@dataclass(frozen=True, slots=True)
class Chat:
    """What an archive holds of a hashtag: everything said and, of it, the questions, both in order of time."""

    said: list[Said] = field(repr=False)
    questions: list[Question]
    host: str


class Stretch(NamedTuple):
    """A stretch of a file: the lines that begin in it, from ``start`` on, before ``end`` (bytes)."""

    file: Path
    start: int
    end: int


def stretches(path: Path) -> list[Stretch]:
    """The files of an archive: itself, or those of a folder in order of name; raises ``NotAnArchive``."""
    found = sorted(one for one in path.rglob("*") if one.name.lower().endswith(_ENDINGS)) if path.is_dir() else [path]
    found = [one for one in found if one.is_file()]
    if not found:
        raise errors.NotAnArchive(path=path)
    return [Stretch(one, 0, one.stat().st_size) for one in found]


def slices(found: Iterable[Stretch], size: int) -> Iterator[Stretch]:
    """The same lines in slices of about that many bytes; a gzip cannot be entered in its middle."""
    for one in found:
        step = one.end if _packed(one.file) else size
        for start in range(one.start, one.end, step):
            yield one._replace(start=start, end=min(start + step, one.end))


def chat(path: Path, wanted: Wanted, left: Left, advance: Advance = lambda _bytes: None) -> Chat:
    """What an archive holds of a hashtag; ``left`` counts what was left out.

    Raises ``NotAnArchive``, ``BrokenFile`` or ``NoSuchHost``.
    """
    pile = Pile(left)
    read(stretches(path), pile, advance)
    if not pile.newest:
        raise errors.NotAnArchive(path=path)
    return pile.chat(wanted)


# --- the files -------------------------------------------------------------------------------------------------------


def read(found: Iterable[Stretch], pile: "Pile", advance: Advance) -> None:
    """Every post of the stretches is on the pile; raises ``BrokenFile``."""
    for stretch in found:
        for line in lines(stretch, pile.left, advance):
            pile.add(line)


def _packed(file: Path) -> bool:
    with file.open("rb") as raw:
        return raw.read(2) == b"\x1f\x8b"


def lines(stretch: Stretch, left: Left, advance: Advance) -> Iterator[object]:
    """The JSON of each line; the last one of a file may be cut short, any other that is no JSON is strange."""
    failed = last = False
    told = _packed_lines if _packed(stretch.file) else _plain_lines
    for line, last in told(stretch, left, advance):  # noqa: B007  (what is said of the last one is asked below)
        if not line.strip():
            continue
        left.strange += failed
        failed = False
        try:
            yield posts.parsed(line)
        except (ValueError, RecursionError):
            failed = True
    left.cut += failed and last
    left.strange += failed and not last


def _plain_lines(stretch: Stretch, _left: Left, advance: Advance) -> Iterator[tuple[bytes, bool]]:
    """Each line, and whether the file ends with it."""
    size = stretch.file.stat().st_size
    with stretch.file.open("rb", _AT_ONCE) as raw:
        at = stretch.start
        if at:
            raw.seek(at - 1)
            at += len(raw.readline()) - 1  # the line that began before is the other stretch's
        for line in raw:
            if at >= stretch.end:
                return
            yield line, at + len(line) >= size
            advance(len(line))
            at += len(line)


def _packed_lines(stretch: Stretch, left: Left, advance: Advance) -> Iterator[tuple[bytes, bool]]:
    """Each line; the file may end with any of them."""
    with stretch.file.open("rb") as raw:
        at = 0
        try:
            for line in gzip.GzipFile(fileobj=raw):
                yield line, True
                advance(raw.tell() - at)
                at = raw.tell()
        except EOFError:
            left.cut += 1
        except (OSError, zlib.error) as error:
            raise errors.BrokenFile(file=stretch.file.name, why=error) from error


# --- the posts -------------------------------------------------------------------------------------------------------


class Pile:
    """The posts read so far, each in its newest version, and what is known of their authors and earlier versions."""

    def __init__(self, left: Left) -> None:
        """Nothing is on it; ``left`` will count what is not put on it."""
        self.left = left
        self.newest: dict[str, Post] = {}
        self.said: set[str] = set()  # the others were seen only beside these
        self.withheld: set[str] = set()
        self.names: dict[str, tuple[str, str]] = {}
        self.firsts: dict[str, str] = {}  # the first version of each that is a later one

    def add(self, line: object) -> None:
        """The posts of one line are on it."""
        if isinstance(line, list):
            for one in objects(line):
                self.add(one)
            return
        if not isinstance(line, dict):
            self.left.strange += 1
            return
        data = line.get("data")
        about = data if isinstance(data, list) else [data] if isinstance(data, dict) else []
        if not about and "id" in line:
            about = [line]
        elif not about and not _SILENT & line.keys():
            self.left.strange += 1
        around = included.included(line.get("includes"))
        for one in about:
            self._said(one if isinstance(one, dict) else {}, around)
        for one in (*around.posts.values(), *_inside(about)):
            self._beside(one, around)

    def _said(self, payload: Json, around: Included) -> None:
        try:
            post = posts.read(payload, includes=around)
        except Strange:
            self.left.strange += 1
            return
        if post.retweet:
            self.left.retweets += 1
        elif post.withheld:
            self.withheld.add(post.id)
        else:
            self._keep(post, payload)
            self.said.add(post.id)

    def _beside(self, payload: Json, around: Included) -> None:
        """What stands beside the posts of an answer is part of the talk if it is of it; often it is only half told."""
        if self._knows(str(payload.get("id"))):
            return
        try:
            post = posts.read(payload, includes=around)
        except Strange:
            return
        if post.retweet or post.withheld:
            return
        self._keep(post, payload)

    def _keep(self, post: Post, payload: Json) -> None:
        self.put(post)
        if post.name or post.username:
            self.names[post.author_id] = (post.name, post.username)
        if post.id != post.version:
            self.firsts |= dict.fromkeys(posts.chain(payload), post.id)

    def _knows(self, ident: str) -> bool:
        """Whether a post is on it with its author's name: what stands beside others tells nothing more."""
        known = self.newest.get(ident)
        return known is not None and bool(known.name)

    def put(self, post: Post) -> None:
        """The post is on it, unless a newer version is."""
        before = self.newest.get(post.id)
        if before is None or int(post.version) > int(before.version) or (post.version == before.version and post.name):
            self.newest[post.id] = post

    def join(self, later: "Pile") -> None:
        """What another pile holds is on this one, too, as if it had been read after it."""
        for post in later.newest.values():
            if post.id in later.said or not self._knows(post.id):
                self.put(post)
        self.said |= later.said
        self.withheld |= later.withheld
        self.names |= later.names
        self.firsts |= later.firsts
        self.left.join(later.left)

    def chat(self, wanted: Wanted) -> Chat:
        """What is on it of a hashtag, each post in its newest version; raises ``NoSuchHost``.

        A post counts that carries the hashtag, stands in the conversation of one that does, or quotes one.
        """
        named = self._named()
        taken = _taken(named, wanted.tag)
        self.left.withheld += len(self.withheld)
        self.left.others += sum(1 for post in named if post.id in self.said and post.id not in taken)
        heard = [post for post in named if post.id in taken and wanted.holds(post.posted_at)]
        heard.sort(key=lambda post: (post.posted_at, int(post.id)))
        host = _host(named, wanted.host)
        said = [posts.said(post, wanted.tag) for post in heard]
        return Chat(said, _questions(heard, said, host) if host else [], host[0].name if host else "")

    def _named(self) -> list[Post]:
        """The posts, each with a name of its author's where one is known, and hanging on first versions alone."""
        return [self._settled(post) for post in self.newest.values() if post.id not in self.withheld]

    def _settled(self, post: Post) -> Post:
        first = self.firsts
        if post.name and not first:
            return post
        name, username = self.names.get(post.author_id, ("", ""))
        return post._replace(
            name=post.name or name or username, username=post.username or username,
            conversation=first.get(post.conversation, post.conversation),
            replied_to=first.get(post.replied_to or "", post.replied_to),
            quoted=first.get(post.quoted or "", post.quoted),
        )  # fmt: skip


def _inside(about: list[Any]) -> Iterator[Json]:
    """The posts that twarc has put into those that refer to them."""
    for one in objects(about):
        for ref in objects(one.get("referenced_tweets")):
            if "text" in ref:
                yield ref


def _taken(named: list[Post], tag: str) -> set[str]:
    """The ids of the posts that carry the hashtag, stand in the conversation of one that does, or quote one."""
    carries = carrying(tag).search
    bearers = [post for post in named if carries(post.text.casefold())]
    ids, conversations = {post.id for post in bearers}, {post.conversation for post in bearers}
    return {
        post.id for post in named
        if post.id in ids or post.conversation in conversations or (post.quoted is not None and post.quoted in ids)
    }  # fmt: skip


# --- the questions ---------------------------------------------------------------------------------------------------


def _host(named: list[Post], wanted: str) -> list[Post]:
    """The posts of the host; none where none is wanted. Raises ``NoSuchHost``."""
    handle = wanted.strip().removeprefix("@").casefold()
    if not handle:
        return []
    found = [post for post in named if handle in {post.username.casefold(), post.author_id}]
    if not found:
        raise errors.NoSuchHost(host=handle)
    return found


def _questions(heard: list[Post], said: list[Said], host: list[Post]) -> list[Question]:
    """The first post of the host's with each label, in order of time; what the host answers others asks nothing."""
    own = {post.id for post in host}
    found: dict[int, Question] = {}
    for post, one in zip(heard, said, strict=True):
        match = _QUESTION.match(post.text) if post.id in own else None
        if match is None or (post.replied_to is not None and post.replied_to not in own):
            continue
        number, words = int(match["number"]), _LAST_TAGS.sub("", " " + match["words"]).strip()
        if number > 0 and number not in found and (words or post.files):
            found[number] = Question(one, number, words)
    return list(found.values())
