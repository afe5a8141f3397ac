"""Every route that the stand-in serves: who may ask it, how often, and with which parameters."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.standin_x import activity, rest, search
from tests.standin_x.backend import Call
from tests.standin_x.problems import ENTERPRISE, Answer, Json, RefusedError, bad_parameter, unsupported

APP = "OAuth 2.0 Application-Only"
USER = "OAuth 1.0a User Context, OAuth 2.0 User Context"
SHAPE = {"tweet.fields", "post.fields", "expansions", "media.fields", "poll.fields", "user.fields", "place.fields"}
BOUNDS = {"start_time", "end_time", "since_id", "until_id", "max_results", "next_token", "pagination_token"}
MONTHLY_READS = 3_000_000
CHOICES = {
    "sort_order": {"recency", "relevancy"},
    "granularity": {"minute", "hour", "day"},
    "exclude": {"replies", "retweets", "replies,retweets", "retweets,replies"},
    "dry_run": {"true", "false"},
}
TIMELINE = (SHAPE | BOUNDS) - {"next_token"}


@dataclass(frozen=True)
class Route:
    """A route by its name; `app` and `user` are requests in 15 minutes, 0 where such a caller is refused."""

    name: str
    method: str
    path: str
    does: Callable[[Call], Answer] | None
    app: int
    user: int
    parameters: frozenset[str]

    def check(self, caller: str, query: dict[str, str]) -> None:
        """The caller may ask this in this way, or `RefusedError` says what is wrong."""
        if caller == "app" and not self.app:
            raise RefusedError(unsupported(APP, USER))
        if caller == "user" and not self.user:
            raise RefusedError(unsupported("OAuth 1.0a User Context", APP))
        strange = sorted(set(query) - self.parameters) if self.name else []
        if strange:
            listed = ",".join(sorted(self.parameters))
            message = f"The query parameter [{strange[0]}] is not one of [{listed}]"
            raise RefusedError(bad_parameter(message, **{strange[0]: query[strange[0]]}))
        for name in sorted(CHOICES.keys() & query.keys()):
            if query[name] not in CHOICES[name]:
                message = f"The `{name}` query parameter value [{query[name]}] is not one of {sorted(CHOICES[name])}"
                raise RefusedError(bad_parameter(message, **{name: query[name]}))


def list_rules(call: Call) -> Answer:
    """The rules as they were added."""
    ids = call.query.get("ids", "")
    shown = [rule.shown() for rule in call.x.rulebook.listed if not ids or rule.id in ids.split(",")]
    meta: Json = {"sent": call.x.clock().isoformat(), "result_count": len(shown)}
    return call.answer_body(({"data": shown} if shown else {}) | {"meta": meta})


def change_rules(call: Call) -> Answer:
    """Rules come or go; what is wrong with one of them stands in `errors`."""
    body = call.body if isinstance(call.body, dict) else {}
    book, delay, dry = call.x.rulebook, call.x.tempo.rule_delay, call.query.get("dry_run") == "true"
    if isinstance(body.get("add"), list) and set(body) == {"add"} and all("value" in rule for rule in body["add"]):
        answer = book.add(body["add"], delay, dry=dry)
        return Answer(201 if "data" in answer else 200, answer)
    gone = body.get("delete")
    if isinstance(gone, dict) and set(body) == {"delete"} and (gone.get("ids") or gone.get("values")):
        return Answer(
            200, book.remove([str(each) for each in gone.get("ids", [])], gone.get("values", []), delay, dry=dry)
        )
    raise RefusedError(bad_parameter("JSON doesn't match expected schema"))


def not_for_us(_call: Call) -> Answer:
    """What self-serve applications may no longer do."""
    raise RefusedError(ENTERPRISE)


def unknown(_call: Call) -> Answer:
    """404 without a body, as X says it of a path that it does not have."""
    return Answer(404, content_type="text/plain")


def drop_connections(call: Call) -> Answer:
    """Every stream ends, and its slot is free."""
    ended = call.x.hub.drop() + call.x.activities.drop()
    results = [{"success": True, "uuid": each.id} for each in ended]
    return Answer(200, {"data": {"successful_kills": len(ended), "failed_kills": 0, "results": results}})


def usage(call: Call) -> Answer:
    """What of the monthly cap is used."""
    used, cap = call.x.meter.counts["post_read"], MONTHLY_READS
    modern = call.fields.modern
    told: Json = {"project_cap": str(cap) if modern else cap, "project_usage": str(used) if modern else used}
    return Answer(200, {"data": {"project_id": "1", "cap_reset_day": 1} | told})


def _route(name: str, where: str, does: Callable[[Call], Answer] | None, app: int, user: int, *names: str) -> Route:
    method, path = where.split(" ")
    return Route(name, method, path, does, app, user, frozenset(names))


ROUTES = (
    _route("create", "POST /2/tweets", rest.create, 0, 100),
    _route("delete", "DELETE /2/tweets/{id}", rest.delete, 0, 50),
    _route("lookup", "GET /2/tweets", rest.lookup, 3500, 5000, *SHAPE, "ids"),
    _route("search", "GET /2/tweets/search/recent", search.search_recent, 450, 300,
           *SHAPE, *BOUNDS, "query", "sort_order"),
    _route("counts", "GET /2/tweets/counts/recent", search.counts_recent, 300, 0, "query", "granularity",
           "search_count.fields", *(BOUNDS - {"max_results"})),
    _route("stream", "GET /2/tweets/search/stream", None, 50, 0, *SHAPE),
    _route("rules", "GET /2/tweets/search/stream/rules", list_rules, 450, 0, "ids", "max_results", "pagination_token"),
    _route("change_rules", "POST /2/tweets/search/stream/rules", change_rules, 100, 0, "dry_run"),
    _route("lookup_one", "GET /2/tweets/{id}", rest.lookup_one, 450, 900, *SHAPE),
    _route("quotes", "GET /2/tweets/{id}/quote_tweets", rest.quotes, 75, 75, *TIMELINE, "exclude"),
    _route("users", "GET /2/users", rest.users, 300, 900, *SHAPE, "ids"),
    _route("users_by", "GET /2/users/by", rest.users_by, 300, 900, *SHAPE, "usernames"),
    _route("me", "GET /2/users/me", rest.me, 0, 75, *SHAPE),
    _route("own_posts", "GET /2/users/{id}/tweets", rest.own_posts, 10000, 900, *TIMELINE, "exclude"),
    _route("mentions", "GET /2/users/{id}/mentions", rest.mentions, 450, 300, *TIMELINE),
    _route("drop_connections", "DELETE /2/connections/all", drop_connections, 25, 0),
    _route("activity", "GET /2/activity/stream", None, 450, 0, "backfill_minutes", "start_time", "end_time"),
    _route("subscriptions", "GET /2/activity/subscriptions", activity.subscriptions, 500, 500,
           "max_results", "pagination_token"),
    _route("subscribe", "POST /2/activity/subscriptions", activity.subscribe, 500, 500),
    _route("unsubscribe", "DELETE /2/activity/subscriptions", activity.unsubscribe, 500, 0, "ids"),
    _route("usage", "GET /2/usage/tweets", usage, 50, 0, "days", "usage.fields"),
)  # fmt: skip
NOT_FOR_US = (
    _route("like", "POST /2/users/{id}/likes", not_for_us, 0, 50),
    _route("follow", "POST /2/users/{id}/following", not_for_us, 0, 50),
)
UNKNOWN = _route("", "* /{path:.*}", unknown, 1000, 1000)
