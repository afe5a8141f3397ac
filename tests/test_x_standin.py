"""The local X answers tweepy over REST as X does, and refuses what X refuses."""

from datetime import UTC, datetime, timedelta

import pytest
from oauthlib.oauth1 import Client as Signer

from tests.standin_x.callers import Client, RefusalError, client, refusal, session, x
from tests.standin_x.server import XStandin
from tests.standin_x.weight import weighted
from tests.standin_x.world import Media

__all__ = ["client", "session", "x"]

ANA = "700000000000000002"


def detail(refused: RefusalError) -> tuple[int, str]:
    """The status and X's sentence."""
    return refused.status, refused.body["detail"]


def reasons(refused: RefusalError) -> tuple[int, list[str]]:
    """The status and the messages about parameters."""
    return refused.status, [error["message"] for error in refused.body["errors"]]


async def found(client: Client, query: str, **more: object) -> list[str]:
    """The texts that search finds, newest first."""
    page = await client.search_recent_tweets(query, **more)
    return [post["text"] for post in page.get("data", [])]


async def test_application_tokens_read_and_do_not_write(x: XStandin, client: Client) -> None:
    """The bearer token searches; posting with it is forbidden in X's words, and nothing is stored."""
    refused = await refusal(client.create_tweet(text="hola", user_auth=False))

    assert (refused.status, refused.body["title"]) == (403, "Unsupported Authentication")
    assert x.posts == []
    assert await client.search_recent_tweets("#meetalfaro") == {"meta": {"result_count": 0}}


async def test_our_account_does_not_read_the_stream_or_its_rules(client: Client) -> None:
    """Rules and connections belong to the application."""
    refused = await refusal(client._make_request("GET", "/2/tweets/search/stream/rules", user_auth=True))

    assert (refused.status, refused.body["title"]) == (403, "Unsupported Authentication")


async def test_signatures_are_verified(x: XStandin, client: Client) -> None:
    """The right keys post; one wrong secret, or a token of nobody, is 401."""
    made = await client.create_tweet(text="P1. ¿Qué perfil? #MeetAlfaro")
    times = await client.get_users_tweets(x.me.id, user_auth=True, end_time="2036-01-01T10:00:00Z")
    client.access_token_secret = "another"
    forged = await refusal(client.create_tweet(text="P2"))
    client.bearer_token = "another"
    unknown = await refusal(client.search_recent_tweets("hola"))

    assert made["data"]["text"] == "P1. ¿Qué perfil? #MeetAlfaro"
    assert [post["id"] for post in times["data"]] == [post.id for post in x.posts] == [made["data"]["id"]]
    assert (forged.status, unknown.status) == (401, 401)


async def test_a_signed_request_is_good_once(x: XStandin, client: Client) -> None:
    """The same nonce a second time is 401, so that a client that replays is seen."""
    url, headers, _ = Signer(*x.keys).sign(f"{x.url}/2/users/me")
    for status in (200, 401):
        async with client.session.get(url, headers=headers) as answer:
            assert answer.status == status


async def test_long_posts_are_refused_by_weight(client: Client) -> None:
    """280 is the most; links weigh 23, emoji and CJK two."""
    await client.create_tweet(text="a" * 257 + "https://example.org/" + "a" * 200)
    refused = await refusal(client.create_tweet(text="語" * 141))

    assert detail(refused) == (400, "Your Tweet text is too long.")


@pytest.mark.parametrize(
    ("text", "weight"),
    [
        ("ñandú – “sí”…", 14),
        ("日本", 4),
        ("👩‍👩‍👧‍👦", 2),
        ("🇪🇸👍🏽1️⃣❤️", 8),
        ("ve a example.com ya", 31),
        ("https://example.org/muy/largo?con=cosas.", 24),
        ("e\u0301", 1),
    ],
)
def test_texts_are_weighed_as_twitter_text_does(text: str, weight: int) -> None:
    """The third version of twitter-text's configuration."""
    assert weighted(text) == weight


async def test_the_same_text_is_refused_until_it_is_deleted(x: XStandin, client: Client) -> None:
    """A duplicate is 403 in X's words; so it is again when blanks and case differ."""
    first = await client.create_tweet(text="P1. ¿Qué perfil?")
    refused = await refusal(client.create_tweet(text="p1.  ¿qué perfil?"))
    await client.delete_tweet(first["data"]["id"])
    again = await client.create_tweet(text="P1. ¿Qué perfil?")

    assert detail(refused) == (403, "You are not allowed to create a Tweet with duplicate content.")
    assert [post.id for post in x.posts] == [first["data"]["id"], again["data"]["id"]]


async def test_replies_go_to_ourselves_and_to_those_who_called_us(x: XStandin, client: Client) -> None:
    """Own posts, posts that name us, and posts that quote us; a bare answer to us is not enough, a like neither."""
    ours = (await client.create_tweet(text="P1"))["data"]["id"]
    allowed = [
        ours,
        await x.post("ana", "oye @Tertulia_Bot, ¿dónde?"),
        await x.post("ana", "muy bueno", quotes=ours),
    ]
    for number, target in enumerate(allowed):
        await client.create_tweet(text=f"respuesta {number}", in_reply_to_tweet_id=target)
    bare = await refusal(
        client.create_tweet(text="no", in_reply_to_tweet_id=await x.post("ana", "R1 hola", reply_to=ours))
    )

    expected = "You can only reply to or quote posts where you are mentioned or are the author."
    assert detail(bare) == (403, expected)
    assert [(post.reply_to, post.lead) for post in x.posts[1:]] == [
        (ours, ""),
        (allowed[1], "@ana "),
        (allowed[2], "@ana "),
    ]
    assert x.unasked == []
    assert x.meter.counts == {"post": 2, "summoned_reply": 2}


async def test_what_self_serve_may_not_do_is_refused(x: XStandin, client: Client) -> None:
    """Quotes, likes and follows are not part of the product; another's post cannot be deleted; the unknown is 404."""
    posted = await x.post("ana", "hola")
    calls = [
        client.create_tweet(text="mira", quote_tweet_id=posted),
        client.like(posted),
        client.follow_user(ANA),
        client.delete_tweet(posted),
        client._make_request("GET", "/2/usage/credits"),
    ]

    assert [(await refusal(call)).status for call in calls] == [403, 403, 403, 403, 404]
    assert [request.path for request in x.asked("")] == ["/2/usage/credits"]


async def test_malformed_posts_are_refused(client: Client) -> None:
    """Empty text, unknown keys, answers to the gone, polls out of bounds: 400 or 403, and nothing is stored."""

    async def status(**body: object) -> int:
        return (await refusal(client._make_request("POST", "/2/tweets", json=body, user_auth=True))).status

    poll = {"options": ["sí", "x" * 26], "duration_minutes": 60}
    assert await status(text=" ") == 400
    assert await status(text="hola", colour="red") == 400
    assert await status(text="hola", reply={"in_reply_to_tweet_id": "12"}) == 403
    assert await status(text="hola", reply="12") == 400
    assert await status(text="hola", poll=poll) == 400
    assert await status(text="$AAA $BBB") == 403


async def test_search_lags(x: XStandin, client: Client) -> None:
    """Search knows a post some time after it was posted, and some it never knows."""
    x.search_lag = 60
    await x.post("ana", "antes #meetalfaro", at=datetime.now(UTC) - timedelta(seconds=61))
    await x.post("ana", "ahora #meetalfaro")
    late = await found(client, "#MeetAlfaro")
    x.search_lag = 0
    await x.post("ana", "perdido #meetalfaro", indexed=False)

    assert late == ["antes #meetalfaro"]
    assert await found(client, "#MeetAlfaro") == ["ahora #meetalfaro", "antes #meetalfaro"]


async def test_search_pages_newest_first(x: XStandin, client: Client) -> None:
    """Pages follow each other by their tokens, and a token is good for its own query alone."""
    posted = [await x.post("ana", f"R{number} #meetalfaro") for number in range(23)]
    pages, token = [], None
    while True:
        page = await client.search_recent_tweets("#meetalfaro", max_results=10, next_token=token)
        pages.append(page)
        if "next_token" not in page["meta"]:
            break
        token = page["meta"]["next_token"]
    stolen = await refusal(client.search_recent_tweets("#other", next_token=token))

    assert [post["id"] for page in pages for post in page["data"]] == posted[::-1]
    assert [page["meta"]["result_count"] for page in pages] == [10, 10, 3]
    assert (pages[0]["meta"]["newest_id"], pages[2]["meta"]["oldest_id"]) == (posted[-1], posted[0])
    assert reasons(stolen) == (400, [f"The `next_token` query parameter value [{token}] is not valid"])
    assert x.meter.counts == {"post_read": 23}


async def test_search_hears_only_after_since_id(x: XStandin, client: Client) -> None:
    """`since_id` leaves out that post and those before it."""
    first, *_ = [await x.post("ana", f"R{number} #meetalfaro") for number in range(3)]

    assert await found(client, "#meetalfaro", since_id=first) == ["R2 #meetalfaro", "R1 #meetalfaro"]


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"query": "x" * 513}, "Invalid 'query':'xxxxxxxxxxxxxxxxxxxx'. 'query' must be at least 1 and at most 512"),
        ({"since_id": "1"}, "'since_id' must be a tweet id created after"),
        ({"since_id": "uno"}, "The `since_id` query parameter value [uno] is not valid"),
        ({"since_id": "9", "start_time": "2026-01-01T00:00:00Z"}, "'since_id' and 'start_time' cannot be used"),
        ({"start_time": "2026-01-01T00:00:00Z"}, "Invalid 'start_time': it must be within the last 7 days"),
        ({"start_time": "ayer"}, "The `start_time` query parameter value [ayer] is not an RFC3339 date-time"),
        ({"max_results": "101"}, "The `max_results` query parameter value [101] is not between 10 and 100"),
        ({"sort_order": "best"}, "The `sort_order` query parameter value [best] is not one of ["),
        ({"colour": "red"}, "The query parameter [colour] is not one of ["),
    ],
)  # fmt: skip
async def test_search_refuses_what_it_cannot_do(client: Client, asked: dict[str, str], message: str) -> None:
    """400 with the parameter named."""
    query = {"query": "#meetalfaro"} | asked
    refused = await refusal(client.request("GET", "/2/tweets/search/recent", params=query))

    assert (refused.status, refused.body["errors"][0]["message"][: len(message)]) == (400, message)


async def test_partial_errors_come_with_200(x: XStandin, client: Client) -> None:
    """Deleted, protected, suspended and withheld everywhere are errors beside the data; countries are a field."""
    read, gone, hidden, banned, withheld, partly = [await x.post(f"autor{n}", f"hola {n}") for n in range(6)]
    x.delete(gone)
    x.protect("autor2")
    x.suspend("autor3")
    x.withhold(withheld, "XX")
    x.withhold(partly, "ES", "FR")
    answer = await client.get_tweets([read, gone, hidden, banned, withheld, partly], tweet_fields=["withheld"])

    kinds = [(error["value"], error["type"].rpartition("/")[2]) for error in answer["errors"]]
    assert [post["id"] for post in answer["data"]] == [read, partly]
    assert answer["data"][1]["withheld"] == {"copyright": False, "country_codes": ["ES", "FR"]}
    assert kinds == [
        (gone, "resource-not-found"),
        (hidden, "not-authorized-for-resource"),
        (banned, "resource-not-found"),
        (withheld, "resource-unavailable"),
    ]
    assert await found(client, "hola") == ["hola 5", "hola 0"]
    assert x.meter.counts == {"post_read": 2}


async def test_people_are_looked_up(x: XStandin, client: Client) -> None:
    """Who is there comes as data, who is not as errors; renamed and protected accounts say so."""
    x.rename("ana", "Ana María", "anam")
    x.protect("bea")
    x.suspend("cris")
    cris = x.world.who("cris").id
    people = await client.get_users(ids=[ANA, "700000000000000003", cris, "13"], user_fields=["protected"])

    assert [(each["name"], each["username"], each["protected"]) for each in people["data"]] == [
        ("Ana María", "anam", False),
        ("Bea", "bea", True),
    ]
    assert [error["title"] for error in people["errors"]] == ["Forbidden", "Not Found Error"]
    assert (await client.get_me())["data"] == {"id": x.me.id, "name": "Tertulia", "username": "tertulia_bot"}
    assert x.meter.counts == {"user_read": 3}


async def test_our_own_timeline_is_cheap_and_up_to_date(x: XStandin, client: Client) -> None:
    """What our account posted and what names it, billed as owned reads when our account asks."""
    x.search_lag = 60
    ours = (await client.create_tweet(text="P1"))["data"]["id"]
    called = await x.post("ana", "@tertulia_bot STOP")
    posts = await client.get_users_tweets(x.me.id, user_auth=True)
    mentions = await client.get_users_mentions(x.me.id, user_auth=True)

    assert [post["id"] for post in posts["data"]] == [ours]
    assert [post["id"] for post in mentions["data"]] == [called]
    assert x.meter.counts == {"post": 1, "owned_read": 2}


async def test_the_bill_counts_each_post_once_a_day(client: Client, x: XStandin) -> None:
    """Read twice, paid once; a link in a post is what costs; counting costs by the call."""
    await x.post("ana", "R1 #meetalfaro")
    await found(client, "#meetalfaro")
    await found(client, "#meetalfaro", expansions=["author_id"])
    counted = await client.get_recent_tweets_count("#meetalfaro")
    await client.create_tweet(text="Fin: https://example.org/crónica")

    assert counted["meta"] == {"total_tweet_count": 1}
    assert x.meter.counts == {"post_read": 1, "user_read": 1, "counts": 1, "post_with_link": 1}
    assert x.meter.usd == 0.22
    yesterday = x.clock
    x.clock = lambda: yesterday() + timedelta(days=1)
    await found(client, "#meetalfaro")
    assert x.meter.counts["post_read"] == 2


async def test_full_windows_are_429_until_they_open(x: XStandin, client: Client) -> None:
    """Headers count down; the answer of a full window says when it opens."""
    x.limits.allowed["search", ""] = 2
    seen = []
    for _ in range(2):
        answer = await client.request("GET", "/2/tweets/search/recent", params={"query": "hola"})
        seen.append(answer.headers["x-rate-limit-remaining"])
    refused = await refusal(client.search_recent_tweets("hola"))
    now = x.clock
    x.clock = lambda: now() + timedelta(minutes=15, seconds=1)

    posted = await client.request("POST", "/2/tweets", json={"text": "P1"}, user_auth=True)
    assert seen == ["1", "0"]
    assert (posted.headers["x-rate-limit-limit"], posted.headers["x-app-limit-24hour-remaining"]) == ("100", "9999")
    assert (refused.status, refused.body["title"]) == (429, "Too Many Requests")
    assert await found(client, "hola") == []


async def test_posts_have_what_was_asked_for(x: XStandin, client: Client) -> None:
    """A reply with a picture, a link and an ampersand: t.co and escapes in the text, entities beside it."""
    question = (await client.create_tweet(text="P1. ¿Qué perfil?"))["data"]["id"]
    picture = Media(alt="una pizarra")
    answer = await x.post(
        "ana", "R1 I+D & <datos> https://example.org/a #MeetAlfaro", reply_to=question, media=[picture]
    )
    asked = {"tweet_fields": ["entities", "conversation_id", "referenced_tweets", "in_reply_to_user_id", "nonsense"]}
    more = {"expansions": ["attachments.media_keys"], "media_fields": ["alt_text", "url"]}
    body = await client.get_tweets([answer], **asked, **more)
    post = body["data"][0]
    link, photo = post["entities"]["urls"]

    assert post["text"] == (f"@tertulia_bot R1 I+D &amp; &lt;datos&gt; {link['url']} #MeetAlfaro {photo['url']}")
    assert (link["expanded_url"], photo["media_key"]) == ("https://example.org/a", f"3_{answer}")
    assert [mention["username"] for mention in post["entities"]["mentions"]] == ["tertulia_bot"]
    assert post["conversation_id"] == question
    assert post["referenced_tweets"] == [{"type": "replied_to", "id": question}]
    assert post["in_reply_to_user_id"] == x.me.id
    assert body["includes"]["media"] == [
        {"media_key": f"3_{answer}", "type": "photo", "url": picture.url, "alt_text": "una pizarra"}
    ]
    always = {"id", "text", "edit_history_tweet_ids", "attachments"}
    assert set(post) == always | {*asked["tweet_fields"]} - {"nonsense"}


async def test_both_dialects_are_spoken(x: XStandin, client: Client) -> None:
    """Asked in post.fields it answers in post.fields, and drops the names of the other dialect in silence."""
    question = await x.post("ana", "P1")
    await x.post("bea", "R1 " + "muy largo " * 40, quotes=question)
    query = {"query": f"quotes_of_tweet_id:{question}", "expansions": "referenced_posts"}
    fields = {"post.fields": "note_post,referenced_posts,public_metrics,note_tweet"}
    answer = await client.request("GET", "/2/tweets/search/recent", params=query | fields)
    modern = (await answer.json())["data"][0]
    body = await answer.json()
    x.dialect = "post"
    forced = (await client.search_recent_tweets("muy", tweet_fields=["note_tweet"]))["data"][0]

    assert set(modern) == {"id", "text", "edit_history_post_ids", "note_post", "referenced_posts", "public_metrics"}
    assert modern["note_post"]["text"] == ("R1 " + "muy largo " * 40)
    assert "repost_count" in modern["public_metrics"]
    assert [post["id"] for post in body["includes"]["posts"]] == [question]
    assert set(forced) == {"id", "text", "edit_history_post_ids", "note_post"}


async def test_edited_posts_are_their_newest_version(x: XStandin, client: Client) -> None:
    """Search has the new text under the new id alone; each version knows the chain; deleting one deletes all."""
    first = await x.post("ana", "R1 estudois #meetalfaro")
    second = x.edit(first, "R1 estudios #meetalfaro")
    page = await client.search_recent_tweets("#meetalfaro", tweet_fields=["edit_controls", "conversation_id"])
    old = await client.get_tweets([first])
    x.delete(first)

    newest = page["data"][0]
    assert (newest["id"], newest["text"], newest["conversation_id"]) == (second, "R1 estudios #meetalfaro", second)
    assert newest["edit_history_tweet_ids"] == old["data"][0]["edit_history_tweet_ids"] == [first, second]
    assert (old["data"][0]["text"], newest["edit_controls"]["edits_remaining"]) == ("R1 estudois #meetalfaro", 4)
    assert await found(client, "#meetalfaro") == []
