"""What X is asked to tell of deletions, and what it tells. Pure.

One subscription a person, for the event ``post.delete``. Whoever subscribed, the activity stream of an app brings
everything that any program of the app subscribed to: what is no deletion is none of our business.
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from handlers.x.client import Subscription
from handlers.x.posts import Strange
from handlers.x.refused import objects
from handlers.x.terms import LIMITS

EVENT = "post.delete"
# Every subscription of ours has this tag; those of somebody else on the same app are left alone.
TAG = "tertulia:deletions"
# An id has at most this many figures (64 bits).
_LONGEST_ID = 20


@dataclass(frozen=True, slots=True)
class Change:
    """What must be done to the subscriptions that stand at X: ids to delete, then people to subscribe to."""

    delete: Sequence[str]
    add: Sequence[str]


def change(wanted: Sequence[str], standing: Sequence[Subscription], *, barred: Collection[str] = ()) -> Change:
    """How the subscriptions at X come to be one for each of these people, as far as X's limit lets them.

    The first of the wanted are the last to be left out. Who is ``barred`` is not asked for. Where another program has
    the same subscription, it does for us, too.
    """
    others = [one for one in standing if one.tag != TAG]
    theirs = {one.user for one in others if one.event == EVENT}
    mine = [user for user in wanted if user not in theirs][: max(0, LIMITS.subscriptions - len(others))]
    want, have = set(mine), set[str]()
    delete = []
    for one in standing:
        if one.tag == TAG and one.event == EVENT and one.user in want and one.user not in have:
            have.add(one.user)
        elif one.tag == TAG:
            delete.append(one.id)
    return Change(delete, [user for user in mine if user not in have and user not in barred])


@dataclass(frozen=True, slots=True)
class Taken:
    """X tells that somebody deleted a post, or one version of it; ``event`` is X's id for the telling, or ""."""

    post: str
    event: str


def taken(raw: str | bytes) -> list[Taken]:
    """The deletions of which a line of the activity stream tells; raises ``Strange`` where it is nothing we know.

    Other events, errors and disconnections tell of none.
    """
    try:
        told = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise Strange(f"no JSON: {error}"[:200]) from error
    if not isinstance(told, dict):
        raise Strange("no object")
    data = told.get("data")
    events = objects(data if isinstance(data, list) else [data])
    if not events and not isinstance(told.get("errors"), list):
        raise Strange("neither data nor errors")
    return [_taken(one) for one in events if one.get("event_type") == EVENT]


def _taken(event: dict[str, Any]) -> Taken:
    payload = event.get("payload")
    post = payload.get("id") if isinstance(payload, dict) else None
    if not (isinstance(post, str) and post.isdecimal() and post.isascii() and len(post) <= _LONGEST_ID):
        raise Strange("a deletion of no post")
    return Taken(post, str(event.get("event_uuid") or ""))
