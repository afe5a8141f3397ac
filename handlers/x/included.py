"""What comes beside a post: people, media and polls, by their ids; in X's two dialects, and as twarc flattens them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.ports import Attachment
from bot.richtext import storable

Json = Mapping[str, Any]

# The kind of a medium by the first figures of its key, where nothing else of it came.
_KINDS = {"3": "photo", "7": "video", "13": "video", "16": "animated_gif"}
_TYPES = {"photo": "image/jpeg", "video": "video/mp4", "animated_gif": "video/mp4"}


@dataclass(frozen=True, slots=True)
class Included:
    """The ``includes`` of an answer, each thing by its id."""

    users: Mapping[str, Json] = field(default_factory=dict)
    media: Mapping[str, Json] = field(default_factory=dict)
    polls: Mapping[str, Json] = field(default_factory=dict)
    posts: Mapping[str, Json] = field(default_factory=dict)


NOTHING = Included()


def included(raw: object) -> Included:
    """The ``includes`` object of an answer, looked through once; what has no id is left out."""
    if not isinstance(raw, dict) or not raw:
        return NOTHING
    return Included(
        _by("id", raw.get("users")),
        _by("media_key", raw.get("media")),
        _by("id", raw.get("polls")),
        _by("id", raw.get("tweets")) | _by("id", raw.get("posts")),
    )


def word(value: object) -> str:
    """A string as every database can keep it; "" for anything else."""
    if not isinstance(value, str):
        return ""
    return value if value.isprintable() else storable(value)


def objects(value: object) -> Sequence[Json]:
    """The objects of a list; nothing for anything else."""
    if not value:
        return ()
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else ()


def strings(value: object) -> Sequence[str]:
    """The strings of a list; nothing for anything else."""
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else ()


def files(post: Json, around: Included) -> tuple[Attachment, ...]:
    """The media of a post: named by their description, else by their kind."""
    attached = post.get("attachments")
    if not isinstance(attached, dict):
        return ()
    known = _by("media_key", attached.get("media"))  # as twarc flattens it
    told = _by("media_key", post.get("media_metadata"))
    entities = post.get("entities")
    links = _by("media_key", entities.get("urls")) if isinstance(entities, dict) else {}
    found = []
    for key in dict.fromkeys([*strings(attached.get("media_keys")), *known]):
        medium = known.get(key) or around.media.get(key) or {}
        described = word(medium.get("alt_text")) or word(told.get(key, {}).get("alt_text"))
        found.append(_file(key, medium, described.strip(), word(links.get(key, {}).get("expanded_url"))))
    return tuple(found)


def choices(post: Json, around: Included) -> list[str]:
    """The choices of a post's poll, in their order; empty without one."""
    attached = post.get("attachments")
    if not isinstance(attached, dict):
        return []
    flattened = attached.get("poll")
    polls = [flattened] if isinstance(flattened, dict) else list(objects(flattened))
    polls += [around.polls[one] for one in strings(attached.get("poll_ids")) if one in around.polls]
    options = objects(polls[0].get("options")) if polls else ()
    labels = [(one.get("position"), word(one.get("label"))) for one in options]
    return [label for _, label in sorted(labels, key=lambda pair: pair[0] if isinstance(pair[0], int) else 0) if label]


def _by(key: str, listed: object) -> dict[str, Json]:
    return {one[key]: one for one in objects(listed) if isinstance(one.get(key), str)}


def _file(key: str, medium: Json, described: str, page: str) -> Attachment:
    kind = word(medium.get("type")) or _KINDS.get(key.partition("_")[0], "media")
    url, mimetype = word(medium.get("url")), _TYPES.get(kind, "")
    films = [one for one in objects(medium.get("variants")) if one.get("content_type") == "video/mp4"]
    if films and not url:
        url = word(max(films, key=_rate).get("url"))
    if url.partition("?")[0].endswith(".png"):
        mimetype = "image/png"
    return Attachment(described or kind, mimetype, url or word(medium.get("preview_image_url")) or page)


def _rate(film: Json) -> int:
    rate = film.get("bit_rate")
    return rate if isinstance(rate, int) else 0
