"""X's posts, as they come in both dialects, by stream, search and archive, as ``Post`` and as what the log hears. Pure.

Nothing is looked up by a field's position: what X leaves out is left out, what cannot be a post is ``Strange``.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from pydantic_core import from_json

from bot.filing import Marks
from bot.ports import Attachment, Author, Deleted, Platform, Said, Span
from handlers.x import included as beside
from handlers.x.included import Included, objects, strings, word
from handlers.x.wording import Around, wording

Json = Mapping[str, Any]

# An id has at most this many figures (64 bits).
_LONGEST_ID = 20
# Since November 2010 an id tells its time: milliseconds since this one, above 22 bits.
_FIRST_MS = 1_288_834_974_657
_SNOWFLAKE_BITS = 22
_FIRST_SNOWFLAKE = 29_700_859_247
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# What we ask of every post, by its names in the two dialects; a post without one came from an answer without it.
_ALWAYS = (
    ("author_id",), ("conversation_id",), ("created_at",), ("edit_history_tweet_ids", "edit_history_post_ids"),
)  # fmt: skip
_USUAL = frozenset(names[0] for names in _ALWAYS)


class Strange(Exception):
    """The payload does not have the shape of a post."""


class Post(NamedTuple):
    """One post as it is now: ``id`` is the first of its edit chain, ``version`` the one that was read.

    ``name`` and ``username`` are "" where nobody told; ``conversation`` is the id of the post it all began with.
    ``mentions`` are the ids of the people it names, ``tags`` those of the rules that it matched, ``later`` the ids of
    all versions but the first. ``terms`` and ``marks`` are as in ``ports.Said``.
    """

    id: str
    version: str
    author_id: str
    name: str
    username: str
    text: str
    rich: Sequence[Span] | None
    posted_at: datetime
    edited_at: datetime | None
    conversation: str
    replied_to: str | None
    quoted: str | None
    files: tuple[Attachment, ...]
    retweet: bool
    withheld: bool
    tags: tuple[str, ...] = ()
    mentions: tuple[str, ...] = ()
    later: tuple[str, ...] = ()
    terms: str | None = None
    marks: Marks | None = None


class Line(NamedTuple):
    """One line of the stream: a post, or why we are cut off, or what went wrong, or only a sign of life.

    ``deleted`` is the id of a post that was taken back; ``missing`` are the fields that we asked for and did not get.
    """

    post: Post | None = None
    disconnect: str = ""
    errors: Sequence[Json] = ()
    keepalive: bool = False
    deleted: str = ""
    missing: Sequence[str] = ()


def read(payload: object, *, includes: "Mapping[str, Any] | Included | None" = None, tags: Sequence[str] = ()) -> Post:
    """The post in a post object of either dialect; raises ``Strange`` with the reason, and nothing else."""
    if not isinstance(payload, dict):
        raise Strange("no object")
    if not isinstance(payload.get("text"), str):
        raise Strange("no text")
    around = includes if isinstance(includes, Included) else beside.included(includes)
    version = _ident(payload.get("id"), "id")
    first = _first(payload, version)
    refs = _references(payload)
    replied_to, quoted = refs.get("replied_to"), refs.get("quoted")
    attached = bool(payload.get("attachments"))
    files = beside.files(payload, around) if attached else ()
    text, rich = wording(payload, Around(bool(replied_to), bool(files), bool(quoted), (quoted, version, first)))
    if attached and (choices := beside.choices(payload, around)):
        text, rich = _with_choices(text, rich, choices)
    author_id = _ident(payload.get("author_id"), "author_id")
    name, username = _called(payload, author_id, around)
    created_at = _created(payload, version)
    edited = version != first
    return Post(
        first, version, author_id, name, username, text, rich,
        _first_time(first, created_at, around) if edited else created_at,
        (time_of(version) or created_at) if edited else None,
        _optional(payload.get("conversation_id")) or first, replied_to, quoted, files,
        "retweeted" in refs or "reposted" in refs, bool(payload.get("withheld")),
        tuple(tags), _mentions(payload), _later(payload, first, version),
    )  # fmt: skip


def line(raw: str | bytes) -> Line:
    """One line of the stream, as it came; raises ``Strange`` where it is none: cut short, no JSON, of no known kind."""
    if not raw.strip():
        return Line(keepalive=True)
    try:
        told = parsed(raw)
    except (ValueError, RecursionError) as error:
        raise Strange(f"no JSON: {error}"[:200]) from error
    if not isinstance(told, dict):
        raise Strange("no object")
    data, errors = told.get("data"), objects(told.get("errors"))
    if isinstance(data, dict):
        deleted = _deleted(data)
        if deleted:
            return Line(errors=errors, deleted=deleted)
        post_of = _unwrapped(data)
        around = beside.included(told.get("includes") or data.get("includes"))
        tags = [tag for rule in objects(told.get("matching_rules")) if (tag := word(rule.get("tag")))]
        post = read(post_of, includes=around, tags=tags)
        return Line(post, _disconnect(told, errors), errors, missing=missing(post_of))
    disconnect = _disconnect(told, errors)
    if not errors and not disconnect:
        raise Strange("neither data nor errors")
    return Line(disconnect=disconnect, errors=errors)


def parsed(raw: str | bytes) -> object:
    """The JSON of a line; raises ``ValueError`` or ``RecursionError`` where it is none."""
    try:
        return from_json(raw, cache_strings="keys")
    except ValueError:  # half a surrogate pair, which only the slower reader takes, or no JSON at all
        return json.loads(raw)


def said(post: Post, place: str) -> Said:
    """The post as the log hears it, in a debate's place (its hashtag, casefolded, without ``#``)."""
    alone = post.conversation in {post.id, post.version}
    return Said(
        Platform.X, place, post.id, Author(post.author_id, post.name), post.text, post.posted_at, post.rich,
        None if alone else post.conversation, post.replied_to, post.quoted, post.edited_at, post.files,
        versions=post.later, terms=post.terms, marks=post.marks,
    )  # fmt: skip


def gone(post_id: str, place: str, at: datetime) -> Deleted:
    """The post, named by the first id of its edit chain, was taken back."""
    return Deleted(Platform.X, place, post_id, at, time_of(post_id))


def missing(payload: Json) -> tuple[str, ...]:
    """The fields that we always ask for and that did not arrive; X drops a field that it does not know in silence."""
    if payload.keys() >= _USUAL:
        return ()
    return tuple(names[0] for names in _ALWAYS if not any(name in payload for name in names))


def chain(payload: Json) -> list[str]:
    """The ids of all versions of a post, as far as it tells them."""
    told = strings(payload.get("edit_history_tweet_ids") or payload.get("edit_history_post_ids"))
    return [one for one in told if _is_id(one)] if told else []


def time_of(ident: str) -> datetime | None:
    """When the post of an id was made, to the millisecond; None for an id from before ids told it, or that is none."""
    if not _is_id(ident) or int(ident) < _FIRST_SNOWFLAKE:
        return None
    return _EPOCH + timedelta(milliseconds=(int(ident) >> _SNOWFLAKE_BITS) + _FIRST_MS)


def id_at(instant: datetime) -> str:
    """The least id that a post made at the instant can have, for ``since_id``."""
    millis = (instant - _EPOCH) // timedelta(milliseconds=1)
    return str(max(0, millis - _FIRST_MS) << _SNOWFLAKE_BITS)


# --- ids and times ---------------------------------------------------------------------------------------------------


def _ident(value: object, field: str) -> str:
    ident = _optional(value)
    if ident is None:
        raise Strange(f"no {field}: {value[:40]!r}" if isinstance(value, str) else f"no {field}")
    return ident


def _optional(value: object) -> str | None:
    if isinstance(value, str):
        return value if _is_id(value) else None
    # Ids are strings; some archives have made numbers of them.
    return str(value) if type(value) is int and 0 < value < 10**_LONGEST_ID else None


def _is_id(value: str) -> bool:
    return value.isdigit() and value.isascii() and len(value) <= _LONGEST_ID


def _first(payload: Json, version: str) -> str:
    """The first id of the edit chain."""
    told = payload.get("edit_history_tweet_ids")
    if told == [version]:
        return version  # most posts are never edited
    return min(chain(payload), key=int, default=version)


def _later(payload: Json, first: str, version: str) -> tuple[str, ...]:
    """The ids of all versions but the first."""
    if first == version and payload.get("edit_history_tweet_ids") == [version]:
        return ()
    return tuple(one for one in dict.fromkeys([*chain(payload), version]) if one != first)


def _created(payload: Json, version: str) -> datetime:
    told = payload.get("created_at")
    if isinstance(told, str):
        try:
            instant = datetime.fromisoformat(told)
            if instant.tzinfo is UTC:
                return instant
            return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    instant_of_id = time_of(version)
    if instant_of_id is None:
        raise Strange("no created_at")
    return instant_of_id


def _first_time(first: str, created_at: datetime, around: Included) -> datetime:
    """When the first version was made, as that version itself told it: to the second."""
    before = around.posts.get(first)
    if before is not None and isinstance(before.get("created_at"), str):
        return _created(before, first)
    told = time_of(first)
    return created_at if told is None else told.replace(microsecond=0)


# --- parts of a post -------------------------------------------------------------------------------------------------


def _references(payload: Json) -> dict[str, str]:
    """The id of the post that is replied to, quoted, retweeted."""
    told = payload.get("referenced_tweets") or payload.get("referenced_posts")
    found: dict[str, str] = {}
    for one in objects(told) if told else ():
        kind, ident = one.get("type"), _optional(one.get("id"))
        if isinstance(kind, str) and ident is not None:
            found[kind] = ident
    return found


def _called(payload: Json, author_id: str, around: Included) -> tuple[str, str]:
    """The author's display name and handle, from beside the post or, as twarc flattens it, inside."""
    inside = payload.get("author")
    user = around.users.get(author_id) or (inside if isinstance(inside, dict) else {})
    return word(user.get("name")).strip(), word(user.get("username")) or word(payload.get("username"))


def _mentions(payload: Json) -> tuple[str, ...]:
    entities = payload.get("entities")
    named = objects(entities.get("mentions")) if isinstance(entities, dict) and "mentions" in entities else ()
    if not named:
        return ()
    return tuple(dict.fromkeys(ident for one in named if (ident := _optional(one.get("id"))) is not None))


def _with_choices(
    text: str, rich: Sequence[Span] | None, choices: Sequence[str]
) -> tuple[str, Sequence[Span] | None]:  # fmt: skip
    """A poll's choices stand below its question, one a line; who chose what is not said in the debate."""
    lines = "".join(f"\n○ {choice}" for choice in choices)
    if not text:
        lines = lines.removeprefix("\n")
    return text + lines, None if rich is None else [*rich, ("", lines)]


# --- other lines -----------------------------------------------------------------------------------------------------


def _deleted(data: Json) -> str:
    """The id of the post that a delete event is about, of the Activity API or of a compliance stream; "" for others."""
    about: object = None
    if data.get("event_type") == "post.delete":
        about = data.get("payload")
    elif isinstance(data.get("delete"), dict):
        about = data["delete"].get("tweet") or data["delete"].get("post")
    return (_optional(about.get("id")) or "") if isinstance(about, dict) else ""


def _unwrapped(data: Json) -> Json:
    """The post object of an event of the Activity API, else the object itself."""
    payload = data.get("payload")
    return payload if isinstance(data.get("event_type"), str) and isinstance(payload, dict) else data


def _disconnect(told: Json, errors: Sequence[Json]) -> str:
    """Why X ends the connection, in its own word; "" where it does not."""
    for one in (*errors, told):
        why = one.get("disconnect_type") or one.get("connection_issue")
        if isinstance(why, str) and why:
            return why
        if str(one.get("type")).endswith("/operational-disconnect"):
            return word(one.get("title")) or "operational-disconnect"
    return ""
