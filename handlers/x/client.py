"""X's REST in the words of the house: no call sleeps, none is tried again, every refusal has its kind.

The stream has a loop of its own (``handlers/x/stream.py``), which shares ``refusal`` and the addresses here.
"""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote, urlencode

from handlers.x.refused import Json, Kind, XRefused, objects, refusal, sort
from handlers.x.terms import ALWAYS_THERE, FIELDS, LIMITS, STREAM_FIELDS, USER_FIELDS, Billed, Dialect
from handlers.x.weight import addresses
from handlers.x.wire import Keys, Wire, user_agent

# What whoever speaks to X needs with the client.
__all__ = ["Keys", "Kind", "Page", "Rule", "Subscription", "XClient", "XRefused", "refusal", "user_agent"]

X_API = "https://api.x.com"
RULES = "/2/tweets/search/stream/rules"
SUBSCRIPTIONS = "/2/activity/subscriptions"
POST_FIELDS = FIELDS[Dialect.TWEET]  # tweepy's dialect; Wire says them in the other one where needed


@dataclass(frozen=True, slots=True)
class Page:
    """One page of posts, newest first, as they came; ``errors`` are posts that X won't show (gone, protected …).

    ``missing`` names fields that we asked for and no post of the page had: X did not understand them.
    """

    posts: list[Json]
    includes: Json
    errors: list[Json]
    next_token: str | None = None
    newest_id: str | None = None
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the filtered stream; ``id`` is X's, empty before it is added."""

    value: str
    tag: str
    id: str = ""


@dataclass(frozen=True, slots=True)
class Subscription:
    """What X tells the activity stream: one kind of event of one person (by X's id); ``id`` is X's."""

    event: str
    user: str
    tag: str
    id: str


class XClient:
    """One app and one account of X, spoken to over one session."""

    def __init__(
        self, keys: Keys, base_url: str = X_API, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        billed: Callable[[str, Sequence[str]], None] = lambda _kind, _ids: None,
    ) -> None:  # fmt: skip
        """``billed`` is told (``terms.Billed``, ids) of what X bills, after each answer; nothing is asked yet."""
        self._base = base_url.rstrip("/")
        self._wire = Wire(keys, self._base, clock)
        self._billed = billed
        self._keys = keys
        self._me: Json | None = None

    @property
    def dialect(self) -> Dialect:
        """How X is asked for posts now; it changes once, by itself, where X does not understand the first."""
        return self._wire.dialect

    @property
    def stream_url(self) -> str:
        """Where the filtered stream is, with the fields that we ask for."""
        return f"{self._base}/2/tweets/search/stream?{urlencode(STREAM_FIELDS, quote_via=quote)}"

    @property
    def activity_url(self) -> str:
        """Where the activity stream is: it tells what was subscribed to."""
        return f"{self._base}/2/activity/stream"

    @property
    def stream_headers(self) -> dict[str, str]:
        """What a stream's loop says of itself; it holds the bearer token."""
        return {"Authorization": f"Bearer {self._keys.bearer}", "User-Agent": user_agent()}

    async def start(self) -> None:
        """There is a session; nothing was asked of X."""
        await self._wire.start()

    async def close(self) -> None:
        """The session is closed; what was under way has failed."""
        await self._wire.close()

    # --- reading -----------------------------------------------------------------------------------------------------

    async def me(self) -> Json:
        """Our own account: ``id``, ``name``, ``username``; asked once, then remembered."""
        if self._me is None:
            data = (await self._wire.get_me(**_arguments(USER_FIELDS))).get("data")
            ident = _text(data, "id")
            if ident is None:
                raise XRefused(200, Kind.UPSET, "no account in the answer")
            self._billed(Billed.USER_READ, [ident])
            self._me = dict(data)
        return self._me

    async def search(self, query: str, *, since_id: str | None = None, next_token: str | None = None) -> Page:
        """One page of recent search, newest first; ``next_token`` of the page before asks for the one after it."""
        answer = await self._wire.search_recent_tweets(
            query, max_results=LIMITS.search_page, since_id=since_id, next_token=next_token, **_arguments(POST_FIELDS)
        )
        return self._page(answer, Billed.POST_READ)

    async def lookup(self, ids: Sequence[str]) -> Page:
        """The posts of the ids as they are now; those that X won't show are in ``errors``."""
        pages = [
            self._page(await self._wire.get_tweets(list(some), **_arguments(POST_FIELDS)), Billed.POST_READ)
            for some in _portions(ids, LIMITS.lookup_page)
        ]
        includes: Json = {}
        for page in pages:
            for name, rows in page.includes.items():
                includes.setdefault(name, []).extend(rows)
        return Page(
            [post for page in pages for post in page.posts], includes, [one for page in pages for one in page.errors],
            missing=next((page.missing for page in pages if page.missing), ()),
        )  # fmt: skip

    async def users(self, ids: Sequence[str]) -> list[Json]:
        """The profiles of the ids that X shows: ``id``, ``name``, ``username`` …"""
        found: list[Json] = []
        for some in _portions(ids, LIMITS.lookup_page):
            people = objects((await self._wire.get_users(ids=list(some), **_arguments(USER_FIELDS))).get("data"))
            self._bill(Billed.USER_READ, people)
            found += people
        return found

    async def own_posts(self, *, since_id: str | None = None) -> Page:
        """Our own newest posts, one page: whether a post is there whose answer never came."""
        ident = (await self.me())["id"]
        answer = await self._wire.get_users_tweets(
            ident, max_results=LIMITS.own_page, since_id=since_id, user_auth=True, **_arguments(POST_FIELDS)
        )
        return self._page(answer, Billed.OWNED_READ)

    async def own_mentions(self, *, since_id: str | None = None, next_token: str | None = None) -> Page:
        """The newest posts that name us, one page."""
        ident = (await self.me())["id"]
        answer = await self._wire.get_users_mentions(
            ident, max_results=LIMITS.own_page, since_id=since_id, pagination_token=next_token, user_auth=True,
            **_arguments(POST_FIELDS),
        )  # fmt: skip
        return self._page(answer, Billed.OWNED_READ)

    async def counts(self, query: str, *, start: datetime, end: datetime | None = None) -> int:
        """How many posts of the last seven days match since ``start``, as X reckons; billed for each call."""
        answer = await self._wire.get_recent_tweets_count(query, start_time=start, end_time=end, granularity="hour")
        self._billed(Billed.COUNTS, [uuid.uuid4().hex])
        meta = answer.get("meta") or {}
        total = meta.get("total_tweet_count", meta.get("total_post_count"))
        if not isinstance(total, int):
            raise XRefused(200, Kind.UPSET, "no count in the answer")
        return total

    # --- writing -----------------------------------------------------------------------------------------------------

    async def create(self, text: str, *, reply_to: str | None = None) -> str:
        """The text stands on X as a post of ours; returns its id. An address in it costs more (``terms.PRICES``)."""
        answer = await self._wire.create_tweet(text=text, in_reply_to_tweet_id=reply_to)
        ident = _text(answer.get("data"), "id")
        if ident is None:
            raise XRefused(201, Kind.UPSET, "no post in the answer")
        self.landed(ident, text)
        return ident

    def landed(self, ident: str, text: str) -> None:
        """A post of ours with this text stands on X, which has put it on the bill, whether or not it has answered."""
        self._billed(Billed.POST_WITH_LINK if addresses(text) else Billed.POST, [ident])

    async def delete(self, post_id: str) -> None:
        """A post of ours is gone; raises ``XRefused`` of kind ``GONE`` where it was not there."""
        answer = await self._wire.delete_tweet(post_id)
        if (answer.get("data") or {}).get("deleted") is not True:
            raise XRefused(200, Kind.GONE, "nothing to delete")
        self._billed(Billed.DELETE, [post_id])

    # --- the stream's surroundings -----------------------------------------------------------------------------------

    async def rules(self) -> list[Rule]:
        """The rules of the stream as X has them now."""
        answer = await self._wire.request("GET", RULES)
        return [_rule(one) for one in objects((await answer.json()).get("data"))]

    async def add_rules(self, rules: Sequence[Rule]) -> list[Rule]:
        """The rules are in force (in some 20 s); returns them with X's ids. One that was there already is no fault.

        Raises ``XRefused`` of kind ``REFUSED`` where X finds one of them wrong; the others may stand.
        """
        if not rules:
            return []
        wanted = [{"value": rule.value, "tag": rule.tag} if rule.tag else {"value": rule.value} for rule in rules]
        answer = await (await self._wire.request("POST", RULES, json={"add": wanted})).json()
        errors = objects(answer.get("errors"))
        bad = next((one for one in errors if "duplicate" not in sort(one)), None)
        if bad is not None:
            raise XRefused(200, Kind.REFUSED, str(bad.get("title") or "a rule is wrong")[:200])
        tags = {rule.value: rule.tag for rule in rules}
        there = [Rule(str(one.get("value")), tags.get(str(one.get("value")), ""), str(one["id"]))
                 for one in errors if one.get("id")]  # fmt: skip
        return [_rule(one) for one in objects(answer.get("data"))] + there

    async def delete_rules(self, ids: Sequence[str]) -> None:
        """The rules of the ids are gone."""
        if ids:
            await self._wire.request("POST", RULES, json={"delete": {"ids": list(ids)}})

    async def drop_connections(self) -> None:
        """No stream of this app is connected any more, not even one that X still counts."""
        await self._wire.request("DELETE", "/2/connections/all")

    # --- what people take back ---------------------------------------------------------------------------------------

    async def subscriptions(self) -> list[Subscription]:
        """The subscriptions of this app, whoever made them."""
        found: dict[str, Subscription] = {}
        params: dict[str, object] = {"max_results": LIMITS.subscriptions_page}
        while True:
            answer = await (await self._wire.request("GET", SUBSCRIPTIONS, params)).json()
            page = {one.id: one for one in map(_subscription, objects(answer.get("data")))}
            fresh, token = page.keys() - found.keys(), _text(answer.get("meta"), "next_token")
            found |= page
            if token is None or not fresh:
                return list(found.values())
            params["pagination_token"] = token

    async def subscribe(self, event: str, user: str, tag: str) -> Subscription:
        """X tells of this event of this person from now on."""
        body = {"event_type": event, "filter": {"user_id": user}, "tag": tag}
        answer = await (await self._wire.request("POST", SUBSCRIPTIONS, json=body)).json()
        ident = _text(_made(answer.get("data")), "subscription_id")
        if ident is None:
            bad = next(iter(objects(answer.get("errors"))), {})
            duplicate = "duplicate" in sort(bad)
            kind = Kind.DUPLICATE if duplicate else Kind.REFUSED if bad else Kind.UPSET
            raise XRefused(200, kind, str(bad.get("title") or "no subscription in the answer")[:200])
        return Subscription(event, user, tag, ident)

    async def unsubscribe(self, ids: Sequence[str]) -> None:
        """The subscriptions of the ids are gone; those that were not there are no fault."""
        for some in _portions(ids, LIMITS.subscriptions_deleted):
            await self._wire.request("DELETE", SUBSCRIPTIONS, {"ids": ",".join(some)})

    # --- what an answer holds ----------------------------------------------------------------------------------------

    def _page(self, answer: Json, kind: Billed) -> Page:
        posts, includes = objects(answer.get("data")), answer.get("includes")
        includes = {name: objects(rows) for name, rows in includes.items()} if isinstance(includes, dict) else {}
        self._bill(kind, posts)
        self._bill(Billed.POST_READ, [*includes.get("tweets", ()), *includes.get("posts", ())])
        self._bill(Billed.USER_READ, includes.get("users", ()))
        missing = tuple(name for name in ALWAYS_THERE if posts and not any(name in post for post in posts))
        if missing:
            self._wire.other_dialect()
        meta = answer.get("meta")
        next_token, newest_id = _text(meta, "next_token"), _text(meta, "newest_id")
        return Page(posts, includes, objects(answer.get("errors")), next_token, newest_id, missing)

    def _bill(self, kind: Billed, rows: Sequence[Json]) -> None:
        ids = [str(row["id"]) for row in rows if row.get("id")]
        if ids:
            self._billed(kind, ids)


# --- reading answers -------------------------------------------------------------------------------------------------


def _arguments(fields: Mapping[str, str]) -> dict[str, str]:
    """The fields as tweepy's keyword arguments, which have no dots."""
    return {name.replace(".", "_"): value for name, value in fields.items()}


def _portions(ids: Sequence[str], size: int) -> list[Sequence[str]]:
    return [ids[start : start + size] for start in range(0, len(ids), size)]


def _text(value: object, name: str) -> str | None:
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, str) and found else None


def _rule(one: Json) -> Rule:
    return Rule(str(one.get("value") or ""), str(one.get("tag") or ""), str(one.get("id") or ""))


def _subscription(one: Json) -> Subscription:
    about = one.get("filter")
    user = str(about.get("user_id") or "") if isinstance(about, dict) else ""
    told = (str(one.get(name) or "") for name in ("tag", "subscription_id"))
    return Subscription(str(one.get("event_type") or ""), user, *told)


def _made(data: object) -> object:
    """The new subscription in any of the three shapes that X's pages show: wrapped, bare, or in a list."""
    one = data[0] if isinstance(data, list) and data else data
    return one["subscription"] if isinstance(one, dict) and "subscription" in one else one
