"""The local X's stream: rules that take their time, one connection, and every way in which it breaks."""

import asyncio
import json
from collections.abc import AsyncIterator

import aiohttp
import pytest

from tests.standin_x.callers import FIELDS, Client, RefusalError, added, line, listening, refusal, until, with_rules
from tests.standin_x.server import XStandin

TAGGED = {"value": "#meetalfaro -is:retweet", "tag": "c1:tag"}


@pytest.fixture
async def x() -> AsyncIterator[XStandin]:
    """A started X with Ana and Bea on it, whose rules are in force at once."""
    async with XStandin(rule_delay=0, keep_alive=0.05) as started:
        started.person("Ana", "ana")
        started.person("Bea", "bea")
        yield started


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """One session for the whole test."""
    async with aiohttp.ClientSession() as opened:
        yield opened


@pytest.fixture
def client(x: XStandin, session: aiohttp.ClientSession) -> Client:
    """Tweepy with the right keys."""
    return Client(x, session)


async def end(lines: "asyncio.Queue[bytes]") -> list[bytes]:
    """What still came until the stream ended."""
    rest = []
    while part := await asyncio.wait_for(lines.get(), 2):
        rest.append(part)
    return rest


async def test_stream_carries_what_a_rule_wants(x: XStandin, client: Client, session: aiohttp.ClientSession) -> None:
    """A line has the post in the fields asked for, and the rules with their tags; the bill has that post alone."""
    await with_rules(x, client, TAGGED, {"value": "@tertulia_bot OR to:tertulia_bot"})
    async with listening(x, session, **{"tweet.fields": FIELDS}) as lines:
        await x.post("ana", "sin etiqueta")
        wanted = await x.post("ana", "R1 @tertulia_bot estudios & ganas #MeetAlfaro")
        heard = await line(lines)

    assert (heard["data"]["id"], heard["data"]["author_id"]) == (wanted, x.world.who("ana").id)
    assert heard["data"]["text"] == "R1 @tertulia_bot estudios &amp; ganas #MeetAlfaro"
    assert heard["matching_rules"] == [{"id": x.rules[0].id, "tag": "c1:tag"}, {"id": x.rules[1].id}]
    assert x.meter.counts == {"post_read": 1}


@pytest.mark.parametrize(
    ("rule", "heard"),
    [
        ("#MEETALFARO", [0, 1, 3]),
        ("#meetalfaro -is:retweet", [0, 1]),
        ("@tertulia_bot", [2]),
        ("to:tertulia_bot", [2]),
        ("from:bea (#otra OR #meetalfaro)", [3]),
        ("conversation_id:ROOT -is:retweet", [2]),
        ("in_reply_to_tweet_id:ROOT", [2]),
        ('"la mañana" OR tarde', [4]),
    ],
)
async def test_rules_match_as_they_say(x: XStandin, client: Client, rule: str, heard: list[int]) -> None:
    """Tags without regard to case, quoted texts included; people, conversations, words, OR and brackets."""
    question = (await client.create_tweet(text="P1 #MeetAlfaro"))["data"]["id"]
    await with_rules(x, client, {"value": rule.replace("ROOT", question)})
    async with listening(x, client.session) as lines:
        posted = [
            await x.post("ana", "uno #meetalfaro"),
            await x.post("ana", "cito", quotes=question),
            await x.post("ana", "R1 respondo", reply_to=question),
        ]
        posted += [await x.repost("bea", posted[0]), await x.post("bea", "por LA MAÑANA, temprano")]
        ids = [(await line(lines))["data"]["id"] for _ in heard]

    assert ids == [posted[number] for number in heard]


async def test_search_matches_without_accents_and_by_own_text(x: XStandin, client: Client) -> None:
    """Search is looser with accents than the stream, knows quotes by their operator, and no retweets."""
    x.search_lag = 0
    question = (await client.create_tweet(text="P1 #Opinión"))["data"]["id"]
    plain = await x.post("ana", "uno #opinion")
    quote = await x.post("ana", "cito", quotes=question)
    await x.repost("bea", plain)

    async def found(query: str) -> list[str]:
        return [post["id"] for post in (await client.search_recent_tweets(query)).get("data", [])]

    assert await found("#opinión") == [plain, question]
    assert await found(f"(#opinion OR quotes_of_tweet_id:{question}) -is:retweet") == [quote, plain, question]


async def test_rules_take_their_time(x: XStandin, client: Client, session: aiohttp.ClientSession) -> None:
    """A rule is listed at once, and in force after `rule_delay`; so is its leaving."""
    x.rule_delay = 0.2
    await with_rules(x, client, TAGGED)
    async with listening(x, session) as lines:
        await added(client, {"value": "#otra"})
        assert [rule.value for rule in x.rules] == ["#meetalfaro -is:retweet", "#otra"]
        await x.post("ana", "pronto #otra")
        await asyncio.sleep(0.21)
        await x.post("ana", "después #otra")
        gone = {"delete": {"ids": [x.rules[1].id]}}
        await client._make_request("POST", "/2/tweets/search/stream/rules", json=gone)
        await x.post("ana", "todavía #otra")
        await asyncio.sleep(0.21)
        await x.post("ana", "nunca #otra")
        await x.post("ana", "fin #meetalfaro")
        texts = [(await line(lines))["data"]["text"] for _ in range(3)]

    assert texts == ["después #otra", "todavía #otra", "fin #meetalfaro"]


@pytest.mark.parametrize(
    ("value", "title"),
    [
        ("#meetalfaro -is:retweet", "DuplicateRule"),
        ("#a" + " OR #a" * 170 + "bcd", "UnprocessableEntity"),
        ("quotes_of_tweet_id:12", "UnprocessableEntity"),
        ("colour:red", "UnprocessableEntity"),
        ("-is:retweet", "UnprocessableEntity"),
        ("(#a OR #b", "UnprocessableEntity"),
        ("#a OR", "UnprocessableEntity"),
        ("#a)", "UnprocessableEntity"),
        ("#123", "UnprocessableEntity"),
        ("conversation_id:uno", "UnprocessableEntity"),
        ("", "UnprocessableEntity"),
    ],
)
async def test_bad_rules_are_refused(x: XStandin, client: Client, value: str, title: str) -> None:
    """Each comes back in `errors` with its value, with HTTP 200, and the good one beside it is added."""
    await with_rules(x, client, TAGGED)
    answer = await added(client, {"value": value}, {"value": "#buena"})

    assert [(error["value"], error["title"]) for error in answer["errors"]] == [(value, title)]
    assert answer["meta"]["summary"] == {"created": 1, "not_created": 1, "valid": 1, "invalid": 1}
    assert [rule.value for rule in x.rules] == ["#meetalfaro -is:retweet", "#buena"]


async def test_rules_are_a_thousand_at_most(x: XStandin, client: Client) -> None:
    """The one too many is refused; a dry run changes nothing; a rule that is not there cannot go."""
    path = "/2/tweets/search/stream/rules"
    await added(client, *[{"value": f"#t{number}"} for number in range(1000)])
    answer = await added(client, {"value": "#una"})
    gone = {"delete": {"ids": [x.rules[0].id, "12"]}}
    dry = await client.request("POST", path, params={"dry_run": "true"}, json=gone)
    wet = await client._make_request("POST", path, json=gone)
    refused = await refusal(client._make_request("POST", path, json={"delete": {}}))

    assert answer["errors"][0]["title"] == "RulesCapExceeded"
    assert (await dry.json())["meta"]["summary"] == wet["meta"]["summary"] == {"deleted": 1, "not_deleted": 1}
    assert len(x.rules) == 999
    assert len((await client._make_request("GET", path))["data"]) == 999
    assert refused.status == 400


async def test_without_rules_there_is_no_stream(x: XStandin, session: aiohttp.ClientSession) -> None:
    """409 with the reason."""
    with pytest.raises(RefusalError) as refused:
        async with listening(x, session):
            pass

    assert (refused.value.status, refused.value.body["connection_issue"]) == (409, "RuleConfigurationIssue")


async def test_one_connection_at_a_time(x: XStandin, client: Client, session: aiohttp.ClientSession) -> None:
    """The second one is 429 while the first is counted, which it may be for a while after its end."""
    x.tempo.slot_release = 0.2
    await with_rules(x, client, TAGGED)
    issues = []
    for _ in range(2):
        async with listening(x, session):
            with pytest.raises(RefusalError) as refused:
                await listening(x, session).__aenter__()
            issues.append((refused.value.status, refused.value.body["connection_issue"]))
        await until(lambda: not x.live)
        with pytest.raises(RefusalError):
            await listening(x, session).__aenter__()
        await asyncio.sleep(0.21)

    assert issues == [(429, "TooManyConnections")] * 2


async def test_connections_can_be_dropped(x: XStandin, client: Client, session: aiohttp.ClientSession) -> None:
    """DELETE /2/connections/all ends the stream, and frees its place at once."""
    x.tempo.slot_release = 60
    await with_rules(x, client, TAGGED)
    async with listening(x, session) as lines:
        answer = await client._make_request("DELETE", "/2/connections/all")
        assert await end(lines) == []
    async with listening(x, session):
        assert [connection.open for connection in x.connections] == [False, True]

    assert answer["data"]["successful_kills"] == 1


async def test_an_idle_stream_says_blank_lines(x: XStandin, client: Client, session: aiohttp.ClientSession) -> None:
    """`\\r\\n` every `keep_alive` seconds without a line."""
    await with_rules(x, client, TAGGED)
    headers = {"Authorization": f"Bearer {x.bearer}"}
    async with session.get(f"{x.url}/2/tweets/search/stream", headers=headers) as response:
        assert await asyncio.wait_for(response.content.readexactly(6), 2) == b"\r\n\r\n\r\n"


async def test_an_edit_comes_as_a_post(x: XStandin, client: Client, session: aiohttp.ClientSession) -> None:
    """The new version has an id of its own and the chain; a deletion is not said; a protected author not heard."""
    await with_rules(x, client, TAGGED)
    async with listening(x, session) as lines:
        first = await x.post("ana", "R1 estudois #meetalfaro")
        second = x.edit(first, "R1 estudios #meetalfaro")
        x.delete(first)
        x.protect("ana")
        await x.post("ana", "en privado #meetalfaro")
        await x.post("bea", "perdida #meetalfaro", heard=False)
        await x.post("bea", "fin #meetalfaro")
        chains = [(await line(lines))["data"]["edit_history_tweet_ids"] for _ in range(3)]

    assert chains[:2] == [[first], [first, second]]
    assert len(chains[2]) == 1


async def test_long_posts_come_cut_with_the_whole_beside(x: XStandin, client: Client) -> None:
    """Over 280 the text is cut and the note has all of it; a tag in the rest counts."""
    said = "palabra " * 50 + "A1 #MeetAlfaro"
    await with_rules(x, client, TAGGED)
    async with listening(x, client.session, **{"tweet.fields": "note_tweet"}) as lines:
        await x.post("ana", said)
        await x.post("ana", "el principio", note="el principio y lo demás #meetalfaro")
        long, given = [(await line(lines))["data"] for _ in range(2)]

    assert (long["note_tweet"]["text"], "#MeetAlfaro" in long["text"]) == (said, False)
    assert given["note_tweet"]["text"] == "el principio y lo demás #meetalfaro"
    assert given["text"].startswith("el principio… https://t.co/")


async def test_lines_are_cut_in_the_middle(x: XStandin, client: Client, session: aiohttp.ClientSession) -> None:
    """Half a line and then the end, of the answer or of the connection."""
    await with_rules(x, client, TAGGED)
    x.faults.cut_line()
    async with listening(x, session) as lines:
        await x.post("ana", "uno #meetalfaro")
        half = await end(lines)
    x.faults.cut_line(clean=False)
    async with listening(x, session) as lines:
        await x.post("ana", "uno #meetalfaro")
        broken = await end(lines)

    assert [part[:9] for part in half] == [b'{"data":{']
    with pytest.raises(json.JSONDecodeError):
        json.loads(half[0])
    assert broken == [b"broken"]
    assert x.faults.fired == {"cut_line": 2}
    assert x.meter.counts == {}


async def test_silence_is_an_open_connection_that_says_nothing(
    x: XStandin, client: Client, session: aiohttp.ClientSession
) -> None:
    """Neither lines nor keep-alives come, and the next connection is a good one."""
    await with_rules(x, client, TAGGED)
    async with listening(x, session) as lines:
        x.faults.silence()
        await until(lambda: x.faults.fired["silence"])
        await x.post("ana", "uno #meetalfaro")
        said = x.connections[0].keep_alives
        await asyncio.sleep(0.15)
        assert (lines.qsize(), x.connections[0].keep_alives) == (0, said)
    await until(lambda: not x.live)
    async with listening(x, session) as lines:
        await x.post("ana", "dos #meetalfaro")
        assert (await line(lines))["data"]["text"] == "dos #meetalfaro"


async def test_connections_close_after_some_lines(x: XStandin, client: Client, session: aiohttp.ClientSession) -> None:
    """200 and then the end: at once, or after so many lines; then X is well again."""
    await with_rules(x, client, TAGGED)
    x.faults.close_after(0)
    x.faults.close_after(1)
    async with listening(x, session) as lines:
        assert await end(lines) == []
    async with listening(x, session) as lines:
        await x.post("ana", "uno #meetalfaro")
        assert len(await end(lines)) == 1
    async with listening(x, session) as lines:
        await x.post("ana", "dos #meetalfaro")
        await x.post("ana", "tres #meetalfaro")
        assert [(await line(lines))["data"]["text"] for _ in range(2)] == ["dos #meetalfaro", "tres #meetalfaro"]
    assert x.faults.fired == {"close_after": 2}


async def test_x_announces_that_it_disconnects(x: XStandin, client: Client, session: aiohttp.ClientSession) -> None:
    """A line with the kind of disconnect, then the end; and the end without a word."""
    await with_rules(x, client, TAGGED)
    x.faults.operational_disconnect()
    async with listening(x, session) as lines:
        await x.post("ana", "uno #meetalfaro")
        await line(lines)
        last = json.loads((await end(lines))[0])
    async with listening(x, session) as lines:
        x.disconnect()
        assert await end(lines) == []

    assert [error["disconnect_type"] for error in last["errors"]] == ["UpstreamOperationalDisconnect"]


async def test_strange_lines(x: XStandin, client: Client, session: aiohttp.ClientSession) -> None:
    """A shape of its own, a rule without a tag, a line of two megabytes, twice the same, and the wrong order."""
    await with_rules(x, client, TAGGED)
    async with listening(x, session) as lines:
        x.faults.strange_line(b'{"extra": true}')
        x.faults.rule_without_tag()
        x.faults.duplicate_lines()
        await x.post("ana", "uno #meetalfaro")
        strange, bare, twice = [await line(lines) for _ in range(3)]
        x.faults.reorder(2)
        await x.post("ana", "dos #meetalfaro")
        await x.post("ana", "tres #meetalfaro")
        turned = [(await line(lines))["data"]["text"] for _ in range(2)]

    assert strange == {"extra": True}
    assert bare == twice
    assert bare["matching_rules"] == [{"id": x.rules[0].id}]
    assert turned == ["tres #meetalfaro", "dos #meetalfaro"]
    assert x.faults.fired == {"strange_line": 1, "rule_without_tag": 1, "duplicate_lines": 1, "reorder": 1}


async def test_lines_can_be_longer_than_readers_like(x: XStandin, client: Client) -> None:
    """The whole line comes, whatever its length."""
    await with_rules(x, client, TAGGED)
    x.faults.long_line(2_000_000)
    headers = {"Authorization": f"Bearer {x.bearer}"}
    async with client.session.get(f"{x.url}/2/tweets/search/stream", headers=headers) as response:
        await x.post("ana", "uno #meetalfaro")
        raw = b""
        async with asyncio.timeout(5):
            while not raw.endswith(b"}\r\n"):
                raw += await response.content.readany()

    assert len(raw) > 2_000_000
    assert json.loads(raw)["data"]["text"] == "uno #meetalfaro"


@pytest.mark.parametrize(
    ("lay", "status", "starts"),
    [
        (lambda faults: faults.status("search", 500), 500, '{"title": "Trouble"'),
        (lambda faults: faults.status("search", 429, "capped"), 429, '{"account_id": 1'),
        (lambda faults: faults.status("*", 429, "rate-bare"), 429, '{"title": "Too Many Requests"'),
        (lambda faults: faults.html_503("search"), 503, "<html>"),
        (lambda faults: faults.empty_503(), 503, ""),
        (lambda faults: faults.credits_gone(times=1), 402, '{"title": "Payment Required"'),
        (lambda faults: faults.credits_gone(old=True, times=1), 402, '{"title": "CreditsDepleted"'),
    ],
)
async def test_answers_of_trouble(x: XStandin, client: Client, lay: object, status: int, starts: str) -> None:
    """Each body with its status, once; other routes are well."""
    assert callable(lay)
    lay(x.faults)
    if status != 402:
        await client.get_users(ids=["1"]) if x.faults.laid[0].route == "search" else None
    url, headers = f"{x.url}/2/tweets/search/recent?query=hola", {"Authorization": f"Bearer {x.bearer}"}
    async with client.session.get(url, headers=headers) as answer:
        text = await answer.text()
    async with client.session.get(url, headers=headers) as well:
        assert well.status == 200

    assert answer.status == status
    assert text[: len(starts)] == starts
    assert (text == "") is (starts == "")
    assert ("x-rate-limit-remaining" in answer.headers) is (status == 402)
    assert x.faults.laid == []


async def test_credits_that_are_gone_stay_gone(x: XStandin, client: Client) -> None:
    """402 for every call, also once the bill has reached the limit; then nothing more is billed."""
    x.spend_limit = 0.015
    await client.create_tweet(text="P1")
    refused = [await refusal(client.create_tweet(text="P2")), await refusal(client.get_me())]
    x.spend_limit = None
    x.faults.credits_gone()
    refused += [await refusal(client.search_recent_tweets("hola")), await refusal(client.get_me())]

    assert [each.status for each in refused] == [402] * 4
    assert x.meter.usd == 0.015


async def test_posts_are_stored_and_not_answered_for(x: XStandin, client: Client) -> None:
    """The connection breaks, or nothing ever comes: after the post was stored, or before."""
    x.faults.drop_after_store()
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await client.create_tweet(text="P1")
    x.faults.drop_before_store()
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await client.create_tweet(text="P2")
    x.faults.hang_after_store()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(client.create_tweet(text="P3"), 0.1)
    x.faults.hang("create")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(client.create_tweet(text="P4"), 0.1)

    assert [post.text for post in x.posts] == ["P1", "P3"]
    assert [request.status for request in x.asked("create")] == [0, 0, 0, 0]
    assert sum(x.faults.fired.values()) == 4


async def test_page_tokens_may_repeat_for_ever(x: XStandin, client: Client) -> None:
    """The last page leads to itself, as often as one asks."""
    x.search_lag = 0
    posted = [await x.post("ana", f"R{number} #meetalfaro") for number in range(12)]
    x.faults.repeat_page_token()
    token, pages = None, []
    for _ in range(4):
        page = await client.search_recent_tweets("#meetalfaro", next_token=token)
        token = page["meta"]["next_token"]
        pages.append([post["id"] for post in page["data"]])

    assert pages == [posted[:1:-1], posted[1::-1], posted[1::-1], posted[1::-1]]
    assert x.faults.fired == {"repeat_page_token": 3}


async def test_too_many_connections_can_be_laid(x: XStandin, client: Client, session: aiohttp.ClientSession) -> None:
    """As if an old connection was still counted, so many times."""
    await with_rules(x, client, TAGGED)
    x.faults.too_many_connections(2)
    for _ in range(2):
        with pytest.raises(RefusalError) as refused:
            await listening(x, session).__aenter__()
        assert refused.value.body["connection_issue"] == "TooManyConnections"
    async with listening(x, session):
        assert len(x.connections) == 1
