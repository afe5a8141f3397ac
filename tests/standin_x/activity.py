"""X's Activity API: subscriptions to what people do, and the stream that tells of it to whoever listens just then."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from tests.standin_x.problems import CONNECTIONS, PROBLEMS, Answer, Json, RefusedError, bad_parameter, problem
from tests.standin_x.shapes import Fields
from tests.standin_x.stream import Connection, Hub
from tests.standin_x.world import Person, Post, Standing, stamp

if TYPE_CHECKING:
    from tests.standin_x.backend import Backend, Call

MOST, MOST_CONNECTIONS, MOST_DELETED, LONGEST_TAG = 1_500, 2, 100, 200
DELETED = "post.delete"
PUBLIC = {
    DELETED, "post.create", "profile.update.bio", "profile.update.screenname", "profile.update.handle",
    "profile.update.profile_picture",
}  # fmt: skip
KEYS = {"event_type", "filter", "tag", "webhook_id"}
DUPLICATE = problem(409, "Duplicate Subscription", "This subscription exists already.", PROBLEMS + "duplicate")
FULL = problem(403, "Subscription Limit", f"At most {MOST} subscriptions.", PROBLEMS + "subscription-limit")
NOT_ENROLLED = problem(403, "Client Forbidden", "This is not part of your product.", PROBLEMS + "client-not-enrolled")


@dataclass(frozen=True)
class Subscription:
    """One event of one person that is to be told."""

    id: str
    event: str
    user: str
    tag: str
    at: datetime

    def shown(self) -> Json:
        """As X lists it."""
        tag = {"tag": self.tag} if self.tag else {}
        about = {"event_type": self.event, "filter": {"user_id": self.user}, "subscription_id": self.id}
        return about | tag | {"created_at": stamp(self.at), "updated_at": stamp(self.at)}


class Activities(Hub):
    """The subscriptions, by their ids, and who reads what they tell. `page` is how many a list shows at a time."""

    def __init__(self, x: "Backend") -> None:
        super().__init__(x.rulebook, x.world, x.faults, x.meter)
        self.x = x
        self.page = 1_000
        self.subscriptions: dict[str, Subscription] = {}
        self.told = 0

    def users(self, tag: str = "") -> list[str]:
        """Whom the subscriptions (of a tag) are about, in their order."""
        return [one.user for one in self.subscriptions.values() if not tag or one.tag == tag]

    def add(self, event: str, user: str, tag: str) -> Subscription:
        """The event of this person is told from now on; `RefusedError` where X does not let it."""
        person = self.x.world.people.get(user)
        if person is None or person.standing is not Standing.ACTIVE:
            kind = "resource-not-found" if person is None else "not-authorized-for-resource"
            raise RefusedError(problem(404 if person is None else 403, "Not Found", f"user {user}", PROBLEMS + kind))
        if any((one.event, one.user) == (event, user) for one in self.subscriptions.values()):
            raise RefusedError(DUPLICATE)
        if len(self.subscriptions) >= MOST:
            raise RefusedError(FULL)
        now = self.x.clock()
        made = Subscription(self.x.world.new_id(now), event, user, tag, now)
        self.subscriptions[made.id] = made
        return made

    def deleted(self, post: Post, version: str = "") -> None:
        """Whoever subscribed to its author and listens is told; X names the newest version, or the one given."""
        self.tell(DELETED, post.author, {"id": version or post.chain[-1], "author_id": post.author.id})

    def tell(self, event: str, person: Person, payload: Json) -> None:
        """The event goes to every connection, once for each subscription to it."""
        for one in self.subscriptions.values():
            if (one.event, one.user) == (event, person.id):
                self.told += 1
                said = {
                    "event_uuid": str(self.told), "filter": {"user_id": person.id}, "event_type": event,
                    "payload": payload,
                } | ({"tag": one.tag} if one.tag else {})  # fmt: skip
                for connection in self.live:
                    connection.say({"data": said})
                if self.live:
                    self.x.meter.read("delete_event", [str(self.told)], self.x.clock())

    def admit(self, fields: Fields) -> Connection:
        """A new connection; `RefusedError` while two others are counted."""
        now = asyncio.get_running_loop().time()
        self._counted = {ident: until for ident, until in self._counted.items() if until > now}
        if len(self._counted) >= MOST_CONNECTIONS:
            raise RefusedError(CONNECTIONS)
        connection = Connection(fields, self._faults, self.most_waiting)
        self._counted[connection.id] = float("inf")
        self.opened.append(connection)
        return connection


def subscribe(call: "Call") -> Answer:
    """A subscription is made, in the shape of X's documents."""
    body = call.body if isinstance(call.body, dict) else {}
    strange = set(body) - KEYS
    about = body.get("filter")
    event, tag = body.get("event_type"), body.get("tag", "t")
    if strange or not isinstance(about, dict) or set(about) != {"user_id"} or event not in PUBLIC:
        raise RefusedError(bad_parameter("JSON doesn't match expected schema"))
    if not isinstance(tag, str) or not 1 <= len(tag) <= LONGEST_TAG:
        raise RefusedError(bad_parameter("$.tag: 1 to 200 characters", tag=tag))
    made = call.x.activities.add(event, str(about["user_id"]), body.get("tag", ""))
    meta = {"total_subscriptions": len(call.x.activities.subscriptions)}
    return Answer(200, {"data": {"subscription": made.shown()}, "meta": meta})


def subscriptions(call: "Call") -> Answer:
    """A page of the subscriptions, oldest first."""
    most = call.query.get("max_results", str(call.x.activities.page))
    if not most.isdecimal() or not 1 <= int(most) <= 1_000:
        raise RefusedError(bad_parameter(f"The `max_results` query parameter value [{most}] is not valid"))
    size = min(int(most), call.x.activities.page)
    start = _start(call.query.get("pagination_token", ""))
    shown = [one.shown() for one in call.x.activities.subscriptions.values()]
    page = shown[start : start + size]
    more = {"next_token": f"{start + size:016}"} if len(shown) > start + size else {}
    return Answer(200, {"data": page, "meta": {"result_count": len(page), **more}})


def _start(token: str) -> int:
    if token and not (token.isdecimal() and len(token) == 16):
        raise RefusedError(bad_parameter(f"The `pagination_token` query parameter value [{token}] is not valid"))
    return int(token or 0)


def unsubscribe(call: "Call") -> Answer:
    """The subscriptions of the ids are gone; in the newer dialect what was not there stands in `errors`."""
    ids = [one for one in call.query.get("ids", "").split(",") if one]
    if not 1 <= len(ids) <= MOST_DELETED or not all(one.isdecimal() and len(one) <= 19 for one in ids):
        raise RefusedError(bad_parameter(f"The number of values in the `ids` query parameter list [{len(ids)}]"))
    book = call.x.activities.subscriptions
    gone = [one for one in ids if book.pop(one, None) is not None]
    meta = {"total_subscriptions": len(book)}
    if not call.fields.modern:
        return Answer(200, {"data": {"deleted": bool(gone)}, "meta": meta})
    missing = [one for one in ids if one not in gone]
    errors = [{"subscription_id": one, "reason": "not_found", "message": f"no {one}"} for one in missing]
    told: Json = {"data": [{"deleted": True, "subscription_id": one} for one in gone], "meta": meta}
    return Answer(200, told | ({"errors": errors} if errors else {}))
