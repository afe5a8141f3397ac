"""Posts and people as X's JSON: only the fields that were asked for, in the dialect in which they were asked for."""

import base64
import hashlib
import html
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from tests.standin_x.problems import PROBLEMS, Json
from tests.standin_x.weight import LINK, LONGEST, weighted
from tests.standin_x.world import MENTION, TAG, Person, Post, Standing, World, stamp

CUT = 270
EDIT_WINDOW = timedelta(minutes=60)
ALWAYS = ("id", "text", "edit_history_tweet_ids")
RENAMED = {
    "edit_history_tweet_ids": "edit_history_post_ids",
    "note_tweet": "note_post",
    "referenced_tweets": "referenced_posts",
    "tweets": "posts",
    "retweet_count": "repost_count",
    "tweet_count": "post_count",
    "total_tweet_count": "total_post_count",
    "most_recent_tweet_id": "most_recent_post_id",
    "pinned_tweet_id": "pinned_post_id",
}
LEGACY = {new: old for old, new in RENAMED.items()}
LEGACY_EXPANSIONS = {"referenced_posts": "referenced_tweets.id", "edit_history_post_ids": "edit_history_tweet_ids"}


@dataclass(frozen=True)
class Fields:
    """What a request asks for, in legacy names; `modern` is whether it asked in the new ones."""

    modern: bool = False
    post: frozenset[str] = frozenset()
    user: frozenset[str] = frozenset()
    media: frozenset[str] = frozenset()
    poll: frozenset[str] = frozenset()
    expansions: frozenset[str] = frozenset()

    @staticmethod
    def of(query: Mapping[str, str], dialect: str = "") -> "Fields":
        """Read from the query; names of the other dialect, and names that nobody knows, are dropped in silence."""
        modern = "post.fields" in query
        asked = _listed(query, "post.fields" if modern else "tweet.fields")
        expansions = _listed(query, "expansions")
        if modern:
            asked = {LEGACY.get(name, name) for name in asked - set(RENAMED)}
            expansions = {LEGACY_EXPANSIONS.get(name, name) for name in expansions - set(LEGACY_EXPANSIONS.values())}
        return Fields(
            modern=dialect == "post" if dialect else modern,
            post=frozenset(asked),
            user=frozenset(_listed(query, "user.fields")),
            media=frozenset(_listed(query, "media.fields")),
            poll=frozenset(_listed(query, "poll.fields")),
            expansions=frozenset(expansions),
        )


@dataclass
class Page:
    """An answer in the making: what is in it, what could not be, and what X bills for it."""

    data: list[Json] = field(default_factory=list)
    includes: dict[str, dict[str, Json]] = field(default_factory=dict)
    errors: list[Json] = field(default_factory=list)
    posts: list[str] = field(default_factory=list)
    people: list[str] = field(default_factory=list)

    def body(self, *, one: bool = False) -> Json:
        """The JSON of it in legacy names."""
        body: Json = {}
        if self.data:
            body["data"] = self.data[0] if one else self.data
        if self.includes:
            body["includes"] = {name: list(each.values()) for name, each in self.includes.items()}
        if self.errors:
            body["errors"] = self.errors
        return body


class Shaper:
    """Fills a page for one request."""

    def __init__(self, world: World, fields: Fields) -> None:
        self._world = world
        self._fields = fields
        self.page = Page()

    def add_post(self, post: Post) -> None:
        """The post is in the answer, with what is to be expanded around it."""
        self.page.data.append(self._post(post))
        self.page.posts.append(post.id)
        asked = self._fields.expansions
        if "author_id" in asked:
            self._include_person(post.author)
        if "attachments.media_keys" in asked:
            for number, media in enumerate(post.media):
                key = media_key(post, number)
                self._include("media", key, media_object(key, media.kind, media.alt, media.url, self._fields.media))
        if "attachments.poll_ids" in asked and post.poll:
            self._include("polls", poll_id(post), self._poll(post))
        if "referenced_tweets.id" in asked:
            for _, other in references(post):
                self._include_post(other)
        if "edit_history_tweet_ids" in asked:
            for version in self._world.versions(post.id):
                self._include("tweets", version.id, self._post(version))
                self.page.posts.append(version.id)

    def add_person(self, person: Person) -> None:
        """The account is in the answer."""
        self.page.data.append(user_object(person, self._fields.user))
        self.page.people.append(person.id)

    def in_dialect(self, body: Json) -> Json:
        """The body in the names of the request's dialect."""
        return renamed(body) if self._fields.modern else body

    def look_up(self, post_id: str, parameter: str, *, section: str = "") -> None:
        """The post is in the answer, or the reason why it cannot be."""
        post = self._world.posts.get(post_id)
        reason = why_not(post)
        if post is None or reason:
            self.page.errors.append(lookup_error(post_id, parameter, reason, section))
        else:
            self.add_post(post)

    def _include(self, kind: str, key: str, value: Json) -> None:
        self.page.includes.setdefault(kind, {})[key] = value

    def _include_person(self, person: Person) -> None:
        self._include("users", person.id, user_object(person, self._fields.user))
        self.page.people.append(person.id)

    def _include_post(self, post_id: str) -> None:
        post = self._world.posts.get(post_id)
        reason = why_not(post)
        if post is None or reason:
            self.page.errors.append(lookup_error(post_id, "referenced_tweets.id", reason, "includes"))
            return
        self._include("tweets", post.id, self._post(post))
        self.page.posts.append(post.id)

    def _post(self, post: Post) -> Json:
        whole = post_object(self._world, post)
        asked = {*ALWAYS, *self._fields.post}
        if "author_id" in self._fields.expansions:
            asked.add("author_id")
        if "referenced_tweets.id" in self._fields.expansions:
            asked.add("referenced_tweets")
        if {"attachments.media_keys", "attachments.poll_ids"} & self._fields.expansions:
            asked.add("attachments")
        return {name: value for name, value in whole.items() if name in asked}

    def _poll(self, post: Post) -> Json:
        options = [{"position": place, "label": label, "votes": 0} for place, label in enumerate(post.poll, 1)]
        whole = {"id": poll_id(post), "options": options, "voting_status": "open", "duration_minutes": 60,
                 "end_datetime": stamp(post.posted_at + timedelta(minutes=60))}  # fmt: skip
        return {name: value for name, value in whole.items() if name in {"id", "options", *self._fields.poll}}


def renamed(value: object) -> Json:
    """The same JSON with the new names for the old ones."""
    found = _renamed(value)
    assert isinstance(found, dict)
    return found


def _renamed(value: object) -> object:
    if isinstance(value, dict):
        return {RENAMED.get(name, name): _renamed(each) for name, each in value.items()}
    return [_renamed(each) for each in value] if isinstance(value, list) else value


def _listed(query: Mapping[str, str], name: str) -> set[str]:
    return {part for part in query.get(name, "").split(",") if part}


def why_not(post: Post | None) -> str:
    """Why nobody may read this post: `gone`, `protected`, `withheld`, or nothing."""
    if post is None or post.deleted or post.author.standing is Standing.SUSPENDED:
        return "gone"
    if post.author.standing is Standing.PROTECTED:
        return "protected"
    return "withheld" if post.nowhere else ""


def lookup_error(resource: str, parameter: str, reason: str, section: str = "", kind: str = "tweet") -> Json:
    """The partial error that goes with HTTP 200 for that resource."""
    named = f"{kind} with {parameter}: [{resource}]"
    says = {
        "gone": ("Not Found Error", f"Could not find {named}.", "resource-not-found"),
        "protected": ("Authorization Error", f"Sorry, you may not see the {named}.", "not-authorized-for-resource"),
        "suspended": ("Forbidden", f"User has been suspended: [{resource}].", "resource-not-found"),
        "withheld": ("Resource Unavailable", f"The {named} is withheld.", "resource-unavailable"),
    }
    title, detail, problem = says[reason]
    error = {"value": resource, "resource_id": resource, "resource_type": kind, "parameter": parameter, "title": title,
             "detail": detail, "type": PROBLEMS + problem}  # fmt: skip
    return error | ({"section": section} if section else {})


def references(post: Post) -> list[tuple[str, str]]:
    """The posts that this one refers to, with how."""
    kinds = (("retweeted", post.retweets), ("quoted", post.quotes), ("replied_to", post.reply_to))
    return [(kind, other) for kind, other in kinds if other]


def media_key(post: Post, number: int) -> str:
    """The key of a picture of the post."""
    return f"3_{int(post.chain[0]) + number}"


def poll_id(post: Post) -> str:
    """The id of the post's poll."""
    return str(int(post.chain[0]) + 1)


def media_object(key: str, kind: str, alt: str, url: str, asked: Iterable[str]) -> Json:
    """A picture as X includes it."""
    whole = {"media_key": key, "type": kind, "url": url} | ({"alt_text": alt} if alt else {})
    return {name: value for name, value in whole.items() if name in {"media_key", "type", *asked}}


def user_object(person: Person, asked: Iterable[str]) -> Json:
    """An account as X includes it."""
    whole: Json = {
        "id": person.id,
        "name": person.name,
        "username": person.username,
        "profile_image_url": f"https://pbs.twimg.com/profile_images/{person.id}/normal.jpg",
        "protected": person.standing is Standing.PROTECTED,
        "verified": False,
        "created_at": "2020-01-01T00:00:00.000Z",
        "description": "",
    }
    if person.withheld:
        whole["withheld"] = {"country_codes": list(person.withheld), "scope": "user"}
    return {name: value for name, value in whole.items() if name in {"id", "name", "username", *asked}}


def post_object(world: World, post: Post) -> Json:
    """Every field of the post that the stand-in knows."""
    text, entities, note = written(world, post)
    answered = world.posts.get(post.reply_to or "")
    whole: Json = {
        "id": post.id,
        "text": text,
        "edit_history_tweet_ids": list(post.chain),
        "author_id": post.author.id,
        "conversation_id": post.conversation,
        "created_at": stamp(post.posted_at),
        "edit_controls": _edit_controls(world, post),
        "lang": "es",
        "possibly_sensitive": False,
        "reply_settings": "everyone",
        "public_metrics": {"retweet_count": 0, "reply_count": 0, "like_count": 0, "quote_count": 0,
                           "bookmark_count": 0, "impression_count": 0},
        "entities": entities,
        "note_tweet": note,
        "referenced_tweets": [{"type": kind, "id": other} for kind, other in references(post)],
        "in_reply_to_user_id": answered.author.id if answered else None,
        "attachments": _attachments(post),
        "withheld": _withheld(post),
    }  # fmt: skip
    return {name: value for name, value in whole.items() if value not in (None, {}, [])}


def _edit_controls(world: World, post: Post) -> Json:
    until = world.posts[post.chain[0]].posted_at + EDIT_WINDOW
    left = max(0, 6 - len(post.chain))
    eligible = not post.poll and not post.reply_to
    return {"edits_remaining": left, "is_edit_eligible": eligible, "editable_until": stamp(until)}


def _attachments(post: Post) -> Json:
    keys = [media_key(post, number) for number in range(len(post.media))]
    return ({"media_keys": keys} if keys else {}) | ({"poll_ids": [poll_id(post)]} if post.poll else {})


def _withheld(post: Post) -> Json:
    codes = (*post.withheld, *post.author.withheld)
    return {"copyright": False, "country_codes": list(codes)} if codes else {}


def written(world: World, post: Post) -> tuple[str, Json, Json | None]:
    """Its text as X gives it (links short, escaped), the entities of it, and the note when it is a long post."""
    tail = [f"https://x.com/{post.author.username}/status/{post.chain[0]}/photo/1"] if post.media else []
    quoted = world.posts.get(post.quotes or "")
    if post.quotes:
        owner = quoted.author.username if quoted else "i"
        tail.append(f"https://x.com/{owner}/status/{post.quotes}")
    whole = post.lead + (post.note or post.text)
    if post.note is None and weighted(post.text) <= LONGEST:
        text, entities = with_entities(world, " ".join([whole, *tail]).strip())
        return text, entities, None
    long_text, long_entities = with_entities(world, whole)
    itself = f"https://x.com/i/web/status/{post.id}"
    start = post.lead + post.text if post.note is not None and weighted(post.text) < LONGEST - 30 else whole[:CUT]
    text, entities = with_entities(world, " ".join([f"{start.rstrip()}… {itself}", *tail]))
    return text, entities, {"text": long_text} | ({"entities": long_entities} if long_entities else {})


def with_entities(world: World, plain: str) -> tuple[str, Json]:
    """The text with t.co for each link and `&`, `<`, `>` escaped, and its entities by their places in it."""
    parts: list[str] = []
    found: dict[str, list[Json]] = {}
    at = length = 0
    for match in re.finditer(f"(?:{LINK.pattern})|(?:{TAG.pattern})|(?:{MENTION.pattern})", plain, re.IGNORECASE):
        before = html.escape(plain[at : match.start()], quote=False)
        kind, entity, shown = _entity(world, match[0])
        start = length + len(before)
        length = start + len(shown)
        found.setdefault(kind, []).append({"start": start, "end": length} | entity)
        parts += [before, shown]
        at = match.end()
    parts.append(html.escape(plain[at:], quote=False))
    return "".join(parts), dict(found)


def _entity(world: World, token: str) -> tuple[str, Json, str]:
    if token[0] in "#＃":
        return "hashtags", {"tag": token[1:]}, token
    if token.startswith("@"):
        named = world.named(token[1:])
        return "mentions", {"username": token[1:]} | ({"id": named.id} if named else {}), token
    full = token if token.startswith(("http://", "https://")) else f"http://{token}"
    shown = re.sub(r"^https?://(www\.)?", "", full)
    short = short_link(full)
    entity: Json = {"url": short, "expanded_url": full, "display_url": shown[:26] + ("…" if shown[26:] else "")}
    if full.endswith("/photo/1"):
        entity |= {"display_url": f"pic.x.com/{short[-10:]}", "media_key": f"3_{full.split('/')[-3]}"}
    return "urls", entity, short


def short_link(link: str) -> str:
    """The t.co link that X puts in the place of this one, always the same for it."""
    return "https://t.co/" + base64.b32encode(hashlib.blake2b(link.encode()).digest())[:10].decode()
