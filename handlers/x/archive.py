"""Posts that were collected before, as v2 JSON Lines: what the API, its streams and twarc write, plain or gzipped.

A line is an answer (``data`` and ``includes``), a line of the stream, or a single post as twarc flattens it. A file
that was cut in the middle of its last line keeps all others; every line that says nothing we know is counted.
"""

import gzip
import json
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from bot import errors
from bot.ports import Said
from handlers.x import included, posts
from handlers.x.included import Included, objects
from handlers.x.posts import Post, Strange
from handlers.x.wording import hashtags

Json = Mapping[str, Any]
Advance = Callable[[int], None]

_ENDINGS = (".jsonl", ".ndjson", ".json", ".jsonl.gz", ".ndjson.gz", ".json.gz")
# What an answer may say without saying any post.
_SILENT = frozenset({"meta", "errors", "includes"})
_QUESTION = re.compile(
    r"[^\w#@]*(?:[#@]\w+[\s,:]+)*[^\w#@]*(?:P|Q|Pregunta|Question)[\s.]{0,2}(?P<number>\d{1,2})(?:\s*[:.)\]/–—-]+\s*|\s+)"
    r"(?P<words>\S.*)",
    re.IGNORECASE | re.DOTALL,
)
_LAST_TAGS = re.compile(r"(?:\s+#\w+)+\s*\Z")


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


def files(path: Path) -> list[Path]:
    """The files of an archive: itself, or those of a folder in order of name; raises ``NotAnArchive``."""
    found = sorted(one for one in path.rglob("*") if one.name.lower().endswith(_ENDINGS)) if path.is_dir() else [path]
    found = [one for one in found if one.is_file()]
    if not found:
        raise errors.NotAnArchive(path=path)
    return found


def size(found: Iterable[Path]) -> int:
    """How many bytes the files have as they lie there."""
    return sum(one.stat().st_size for one in found)


def chat(path: Path, wanted: Wanted, left: Left, advance: Advance = lambda _bytes: None) -> Chat:
    """What an archive holds of a hashtag, each post in its newest version; ``left`` counts what was left out.

    A post counts that carries the hashtag, stands in the conversation of one that does, or quotes one. Raises
    ``NotAnArchive``, ``BrokenFile`` or ``NoSuchHost``.
    """
    pile = _Pile(left)
    for file in files(path):
        for line in _lines(file, left, advance):
            pile.add(line)
    if not pile.newest:
        raise errors.NotAnArchive(path=path)
    named = pile.named()
    taken = _taken(named, wanted.tag)
    left.others += sum(1 for post in named if post.id not in taken and post.id not in pile.beside)
    heard = [post for post in named if post.id in taken and wanted.holds(post.posted_at)]
    heard.sort(key=lambda post: (post.posted_at, int(post.id)))
    host = _host(named, wanted.host)
    said = [posts.said(post, wanted.tag) for post in heard]
    return Chat(said, _questions(heard, said, host) if host else [], host[0].name if host else "")


# --- the files -------------------------------------------------------------------------------------------------------


def _lines(file: Path, left: Left, advance: Advance) -> Iterator[object]:
    """The JSON of each line; the last one may be cut short, any other that is no JSON is strange."""
    failed = False
    for line in _raw(file, left, advance):
        if not line.strip():
            continue
        left.strange += failed
        failed = False
        try:
            yield json.loads(line)
        except (ValueError, RecursionError):
            failed = True
    left.cut += failed


def _raw(file: Path, left: Left, advance: Advance) -> Iterator[bytes]:
    with file.open("rb") as raw:
        packed = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        lines: IO[bytes] | gzip.GzipFile = gzip.GzipFile(fileobj=raw) if packed else raw
        at = 0
        try:
            for line in lines:
                yield line
                now = raw.tell()
                advance(now - at)
                at = now
        except EOFError:  # a gzip that was cut
            left.cut += 1
        except (OSError, zlib.error) as error:
            raise errors.BrokenFile(file=file.name, why=error) from error


# --- the posts -------------------------------------------------------------------------------------------------------


class _Pile:
    """The posts read so far, each in its newest version, and what is known of their authors and earlier versions."""

    def __init__(self, left: Left) -> None:
        self.newest: dict[str, Post] = {}
        self.beside: set[str] = set()  # seen only beside others
        self._left = left
        self._names: dict[str, tuple[str, str]] = {}
        self._firsts: dict[str, str] = {}
        self._withheld: set[str] = set()

    def add(self, line: object) -> None:
        """The posts of one line are among them."""
        if isinstance(line, list):
            for one in objects(line):
                self.add(one)
            return
        if not isinstance(line, dict):
            self._left.strange += 1
            return
        data = line.get("data")
        about = data if isinstance(data, list) else [data] if isinstance(data, dict) else []
        if not about and "id" in line:
            about = [line]
        elif not about and not _SILENT & line.keys():
            self._left.strange += 1
        around = included.included(line.get("includes"))
        for one in about:
            self._said(one if isinstance(one, dict) else {}, around)
        for one in (*around.posts.values(), *_inside(about)):
            self._beside(one, around)

    def _said(self, payload: Json, around: Included) -> None:
        try:
            post = posts.read(payload, includes=around)
        except Strange:
            self._left.strange += 1
            return
        if post.retweet:
            self._left.retweets += 1
        elif post.withheld:
            self._withheld.add(post.id)
        else:
            self._keep(post, payload)
            self.beside.discard(post.id)

    def _beside(self, payload: Json, around: Included) -> None:
        """What stands beside the posts of an answer is part of the talk if it is of it; often it is only half told."""
        known = self.newest.get(str(payload.get("id")))
        if known is not None and known.name:
            return
        try:
            post = posts.read(payload, includes=around)
        except Strange:
            return
        if post.retweet or post.withheld:
            return
        if post.id not in self.newest:
            self.beside.add(post.id)
        self._keep(post, payload)

    def _keep(self, post: Post, payload: Json) -> None:
        before = self.newest.get(post.id)
        if before is None or int(post.version) > int(before.version) or (post.version == before.version and post.name):
            self.newest[post.id] = post
        if post.name or post.username:
            self._names[post.author_id] = (post.name, post.username)
        if post.id != post.version:
            self._firsts |= dict.fromkeys(posts.chain(payload), post.id)

    def named(self) -> list[Post]:
        """The posts, each with a name of its author's where one is known, and hanging on first versions alone."""
        self._left.withheld += len(self._withheld)
        return [self._settled(post) for post in self.newest.values() if post.id not in self._withheld]

    def _settled(self, post: Post) -> Post:
        first = self._firsts
        if post.name and not first:
            return post
        name, username = self._names.get(post.author_id, ("", ""))
        return replace(
            post, name=post.name or name or username, username=post.username or username,
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
    carrying = [post for post in named if tag in hashtags(post.text)]
    ids, conversations = {post.id for post in carrying}, {post.conversation for post in carrying}
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
        number = int(match["number"])
        if number > 0 and number not in found:
            found[number] = Question(one, number, _LAST_TAGS.sub("", match["words"]).strip())
    return list(found.values())
