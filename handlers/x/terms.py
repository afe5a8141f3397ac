"""X's terms, in one place and with their date: prices, limits, and the fields that we ask for.

X changed its prices or its rules six times in 2026, and will again. Nothing else in the house knows a figure of X.
Sources: ``xdevplatform/docs`` of 2026-08-22 (``pricing.mdx``, ``rate-limits.mdx``, ``post-cap.mdx``, ``openapi.json``,
``activity/introduction.mdx``), and its page on the prices of events as it stood in November.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum


class Billed(StrEnum):
    """What X puts on the bill: the ``kind`` of ``XClient``'s ``billed`` and of the meter's rows."""

    POST_READ = "post_read"
    USER_READ = "user_read"
    OWNED_READ = "owned_read"
    POST = "post"
    POST_WITH_LINK = "post_with_link"
    SUMMONED_REPLY = "summoned_reply"
    DELETE = "delete"
    COUNTS = "counts"
    DELETE_EVENT = "delete_event"


@dataclass(frozen=True, slots=True)
class Prices:
    """What one of each costs, in USD, pay-per-use; a resource is paid once a UTC day however often it is read."""

    post_read: Decimal
    user_read: Decimal
    owned_read: Decimal
    post: Decimal
    post_with_link: Decimal
    summoned_reply: Decimal
    delete: Decimal
    counts: Decimal
    delete_event: Decimal
    as_of: date

    def by_kind(self) -> Mapping[str, Decimal]:
        """The prices by ``Billed``: what ``bot/budget.py`` reckons with."""
        return {kind.value: getattr(self, kind.value) for kind in Billed}


PRICES = Prices(
    post_read=Decimal("0.005"),
    user_read=Decimal("0.010"),
    owned_read=Decimal("0.001"),
    post=Decimal("0.015"),
    post_with_link=Decimal("0.200"),
    summoned_reply=Decimal("0.010"),
    delete=Decimal("0.010"),
    counts=Decimal("0.005"),
    # X's pages differ: its price list, and that of events, say that `post.delete` is not billed; the introduction of
    # its Activity API says "billed as a Post". Reckoned as the dearer of the two, the bill can only be lower.
    delete_event=Decimal("0.005"),
    as_of=date(2026, 8, 22),
)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much X takes: calls a quarter of an hour unless said, sizes in X's own units."""

    as_of: date
    search: int = 450
    search_page: int = 100  # posts
    query: int = 512  # characters
    counts: int = 300
    lookup: int = 3_500
    lookup_page: int = 100  # ids
    users: int = 300
    own_posts: int = 900
    own_page: int = 100  # posts
    create: int = 100
    create_a_day: int = 10_000
    delete: int = 50
    stream_connects: int = 50
    stream_connections: int = 1
    drop_connections: int = 25
    rules: int = 1_000
    rule: int = 1_024  # characters
    rules_changed: int = 100
    rules_read: int = 450
    subscriptions: int = 1_500  # of the Activity API, all programs of the app together
    subscriptions_page: int = 1_000
    subscriptions_deleted: int = 100  # ids in a call
    subscriptions_changed: int = 500
    activity_connects: int = 450
    activity_connections: int = 2
    posts_read_a_month: int = 3_000_000
    post: int = 280  # weighted characters (handlers/x/weight.py)
    downloaded_a_day: int = 500  # posts and users that one person may download a day (policy: redistribution)


LIMITS = Limits(as_of=date(2026, 8, 22))


class Dialect(StrEnum):
    """How posts are called on the wire: ``tweet.fields`` as ever, or ``post.fields`` since July 2026."""

    TWEET = "tweet"
    POST = "post"


_SHARED = ("attachments", "conversation_id", "created_at", "edit_controls", "entities", "lang", "possibly_sensitive",
           "public_metrics", "reply_settings", "withheld")  # fmt: skip
_OF_A_POST: Mapping[Dialect, Sequence[str]] = {
    Dialect.TWEET: (*_SHARED, "author_id", "edit_history_tweet_ids", "in_reply_to_user_id", "note_tweet",
                    "referenced_tweets"),
    Dialect.POST: (*_SHARED, "note_post"),
}  # fmt: skip
# `expansions=author_id` bills a user for every author: profiles are asked for once, at the end. In X's document of the
# newer dialect, though, there is no other way to learn who wrote a post, nor what it answers.
_EXPANSIONS: Mapping[Dialect, Sequence[str]] = {
    Dialect.TWEET: ("attachments.media_keys", "attachments.poll_ids"),
    Dialect.POST: ("attachments.media_keys", "attachments.poll_ids", "author_id", "referenced_posts"),
}
_OF_WHAT_HANGS_ON_IT = {
    "media.fields": "type,url,preview_image_url,alt_text",
    "poll.fields": "options,voting_status,end_datetime",
}
FIELDS: Mapping[Dialect, Mapping[str, str]] = {
    dialect: {
        f"{dialect}.fields": ",".join(sorted(_OF_A_POST[dialect])),
        "expansions": ",".join(_EXPANSIONS[dialect]),
        **_OF_WHAT_HANGS_ON_IT,
    }
    for dialect in Dialect
}
USER_FIELDS: Mapping[str, str] = {"user.fields": "name,profile_image_url,protected,username"}
# The stream speaks the older dialect alone, in both of X's documents.
STREAM_FIELDS: Mapping[str, str] = FIELDS[Dialect.TWEET]
# What every post has when our fields were heard; X drops fields that it does not know without a word, and bills.
ALWAYS_THERE: Sequence[str] = ("author_id", "created_at", "conversation_id")
