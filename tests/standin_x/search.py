"""Recent search, its counts, and the timelines: newest first, page by page."""

import zlib
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile

from tests.standin_x.backend import Call
from tests.standin_x.matching import BadQueryError, Place, reads
from tests.standin_x.problems import Answer, Json, RefusedError, bad_parameter
from tests.standin_x.world import Post, snowflake, stamp

LONGEST_QUERY = 512
DAYS = 7


def search_recent(call: Call) -> Answer:
    """The posts of seven days that the query wants and the index has."""
    page, meta = paged(call, _found(call), least=10)
    shaper = call.shaper()
    for post in page:
        shaper.add_post(post)
    if "next_token" not in meta and page and call.x.faults.strike("repeat_page_token"):
        meta["next_token"] = token(int(page[0].id) + 1, call)
    call.x.bill(shaper.page)
    return call.answer(shaper, meta)


def counts_recent(call: Call) -> Answer:
    """How many posts the query wants, by the hour unless it says otherwise."""
    found = list(_found(call))
    call.x.meter.wrote("counts")
    size = {"minute": 60, "hour": 3600, "day": 86400}[call.query.get("granularity", "hour")]
    buckets: dict[int, int] = {}
    for post in found:
        start = int(post.posted_at.timestamp()) // size * size
        buckets[start] = buckets.get(start, 0) + 1
    data: list[Json] = [
        {"start": stamp(_at(start)), "end": stamp(_at(start + size)), "tweet_count": buckets[start]}
        for start in sorted(buckets)
    ]
    return call.answer_body({"data": data, "meta": {"total_tweet_count": len(found)}})


def timeline(call: Call, posts: Iterable[Post], *, owned: bool) -> Answer:
    """Those of the posts that the request's bounds let through."""
    _check_ids(call)
    excluded = call.query.get("exclude", "").split(",")
    kept = (post for post in posts if not ("replies" in excluded and post.reply_to))
    page, meta = paged(call, (post for post in kept if within(call, post)), least=5)
    shaper = call.shaper()
    for post in page:
        shaper.add_post(post)
    call.x.bill(shaper.page, owned=owned)
    return call.answer(shaper, meta)


def _found(call: Call) -> Iterable[Post]:
    query = call.query.get("query", "")
    if not 1 <= len(query) <= LONGEST_QUERY:
        message = f"Invalid 'query':'{query[:20]}'. 'query' must be at least 1 and at most {LONGEST_QUERY} characters"
        raise RefusedError(bad_parameter(message, query=query))
    _check_ids(call)
    _check_week(call)
    try:
        wanted = reads(query, Place.SEARCH, call.x.world)
    except BadQueryError as wrong:
        raise RefusedError(bad_parameter(f"There were errors processing your request: {wrong}", query=query)) from wrong
    indexed = call.x.clock() - timedelta(seconds=call.x.tempo.search_lag)
    oldest = call.x.clock() - timedelta(days=DAYS)
    lowest = max(int(call.query.get("since_id", 0)), snowflake(oldest))
    for post in takewhile(lambda post: int(post.id) > lowest, call.x.world.public()):
        if post.indexed and post.posted_at <= indexed and within(call, post) and wanted(post):
            yield post


def _check_ids(call: Call) -> None:
    for name in ("since_id", "until_id"):
        given = call.query.get(name, "0")
        if not (given.isdigit() and len(given) <= 19):
            message = f"The `{name}` query parameter value [{given}] is not valid"
            raise RefusedError(bad_parameter(message, **{name: given}))


def _check_week(call: Call) -> None:
    query = call.query
    if "since_id" in query and "start_time" in query:
        message = "'since_id' and 'start_time' cannot be used together"
        raise RefusedError(bad_parameter(message, since_id=query["since_id"]))
    oldest = call.x.clock() - timedelta(days=DAYS)
    if int(query.get("since_id", 2**62)) < snowflake(oldest):
        message = f"'since_id' must be a tweet id created after {stamp(oldest)}. Please use a 'since_id' that is larger"
        raise RefusedError(bad_parameter(message, since_id=query["since_id"]))
    for name in ("start_time", "end_time"):
        if name in query and not oldest <= time_of(call, name) <= call.x.clock():
            message = f"Invalid '{name}': it must be within the last {DAYS} days"
            raise RefusedError(bad_parameter(message, **{name: query[name]}))


def time_of(call: Call, name: str) -> datetime:
    """The moment that this parameter names; 400 when it is none."""
    found: datetime | None
    try:
        found = datetime.fromisoformat(call.query[name])
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        message = f"The `{name}` query parameter value [{call.query[name]}] is not an RFC3339 date-time"
        raise RefusedError(bad_parameter(message, **{name: call.query[name]}))
    return found


def within(call: Call, post: Post) -> bool:
    """Whether the post lies between the ids and times that the request names."""
    query, number = call.query, int(post.id)
    if number <= int(query.get("since_id", 0)) or number >= int(query.get("until_id", 2**63)):
        return False
    if "start_time" in query and post.posted_at < time_of(call, "start_time"):
        return False
    return "end_time" not in query or post.posted_at < time_of(call, "end_time")


def paged(call: Call, found: Iterable[Post], *, least: int) -> tuple[list[Post], Json]:
    """The page that the request asks for, and the `meta` that goes with it."""
    size = _size(call, least)
    start = _start(call)
    rest = list(islice((post for post in found if int(post.id) < start), size + 1))
    page = rest[:size]
    meta: Json = {"result_count": len(page)}
    if page:
        meta |= {"newest_id": page[0].id, "oldest_id": page[-1].id}
    if len(rest) > size:
        meta["next_token"] = token(int(page[-1].id), call)
    return page, meta


def _size(call: Call, least: int) -> int:
    given = call.query.get("max_results", "10")
    if not given.isdigit() or not least <= int(given) <= 100:
        message = f"The `max_results` query parameter value [{given}] is not between {least} and 100"
        raise RefusedError(bad_parameter(message, max_results=given))
    return int(given)


def _start(call: Call) -> int:
    given = call.query.get("next_token") or call.query.get("pagination_token")
    if not given:
        return 2**63
    number = int(given[8:], 36) if given[8:].isalnum() else 0
    if given != token(number, call):
        raise RefusedError(
            bad_parameter(f"The `next_token` query parameter value [{given}] is not valid", next_token=given)
        )
    return number


def token(until: int, call: Call) -> str:
    """The token of the page below this id, good for this query alone."""
    subject = f"{call.request.path}|{call.query.get('query', '')}"
    digits = ""
    while until:
        until, digit = divmod(until, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
    return f"{zlib.crc32(subject.encode()):08x}{digits}"


def _at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
