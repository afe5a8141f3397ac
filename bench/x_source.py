"""The community's posts as they would lie in an archive of X: answers of a hundred posts, as twarc writes them."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zlib import crc32

from bench.data import Community, Part, Post, name

TAG = "TertuliaBench"
_PAGE = 100
_FIRST_MS = 1_288_834_974_657


def archive(community: Community, folder: Path) -> Path:
    """A file of JSON Lines in the folder that holds every post once, the newest first, as search tells them."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "posts.jsonl"
    newest_first = community.posts[::-1]
    known = {post.at: post for post in community.posts}
    with path.open("w", encoding="utf-8") as file:
        for at in range(0, len(newest_first), _PAGE):
            file.write(json.dumps(_page(newest_first[at : at + _PAGE], known), ensure_ascii=False) + "\n")
    return path


def ident(post: Post) -> str:
    """The id of a post, which tells its time."""
    return str(((post.at // 1000 - _FIRST_MS) << 22) + post.at % 1000 + (post.channel << 10))


def _page(posts: Sequence[Post], known: dict[int, Post]) -> dict[str, Any]:
    roots = {post.thread: known[post.thread] for post in posts if post.thread is not None}
    people = {post.user for post in [*posts, *roots.values()]}
    return {
        "data": [_post(post, known) for post in posts],
        "includes": {
            "users": [_user(one) for one in sorted(people)],
            "tweets": [_post(one, known) for one in roots.values()],
        },
        "meta": {"newest_id": ident(posts[0]), "oldest_id": ident(posts[-1]), "result_count": len(posts)},
        "__twarc": {"url": "https://api.example/2/tweets/search/all", "version": "2.14.0", "retrieved_at": _when(0)},
    }


def _post(post: Post, known: dict[int, Post]) -> dict[str, Any]:
    root = known[post.thread] if post.thread is not None else None
    text = f"{_text(post.parts)} #{TAG}".replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    urls = [part for part in post.parts if part.kind == "link"]
    ident_ = ident(post)
    told: dict[str, Any] = {
        "id": ident_, "author_id": str(post.user + 1), "text": text, "created_at": _when(post.at), "lang": "es",
        "conversation_id": ident(root) if root else ident_, "edit_history_tweet_ids": [ident_],
        "edit_controls": {"edits_remaining": 5, "is_edit_eligible": False, "editable_until": _when(post.at)},
        "public_metrics": {
            "retweet_count": 0, "reply_count": 0, "like_count": len(post.reactions), "quote_count": 0,
            "bookmark_count": 0, "impression_count": 0,
        },
        "entities": {"hashtags": [{"start": len(text) - len(TAG) - 1, "end": len(text), "tag": TAG}]},
        "possibly_sensitive": False, "reply_settings": "everyone",
    }  # fmt: skip
    if urls:
        told["entities"]["urls"] = [
            {"start": 0, "end": 23, "url": _tco(part), "expanded_url": part.url, "display_url": part.text}
            for part in urls
        ]
    if root is not None:
        told["in_reply_to_user_id"] = str(root.user + 1)
        told["referenced_tweets"] = [{"type": "replied_to", "id": ident(root)}]
    return told


def _text(parts: Sequence[Part]) -> str:
    shown = {"user": "@{text}", "emoji": "🙂", "link": "{tco}"}
    return "".join(shown.get(part.kind, "{text}").format(text=part.text, tco=_tco(part)) for part in parts)


def _tco(part: Part) -> str:
    return f"https://t.co/{crc32(part.url.encode()):010x}"


def _user(number: int) -> dict[str, Any]:
    return {
        "id": str(number + 1), "name": name(number), "username": f"persona{number}", "created_at": _when(0),
        "description": "Hablo de clientes, y a veces con ellos", "location": "Madrid", "protected": False,
        "verified": False, "url": "", "profile_image_url": f"https://pbs.example/{number}_normal.jpg",
        "public_metrics": {"followers_count": 10, "following_count": 10, "tweet_count": 100, "listed_count": 0},
    }  # fmt: skip


def _when(at: int) -> str:
    return datetime.fromtimestamp(at // 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
