"""The local X's stream: rules that take their time, one connection, a line for each post and version."""

import asyncio

import aiohttp
import pytest

from tests.standin_x.callers import (
    FIELDS,
    TAGGED,
    Client,
    RefusalError,
    added,
    client,
    line,
    listening,
    refusal,
    session,
    until_end,
    with_rules,
    x,
)
from tests.standin_x.server import XStandin
from tests.waiting import PATIENCE, until

__all__ = ["client", "session", "x"]


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
        assert await until_end(lines) == []
    async with listening(x, session):
        assert [connection.open for connection in x.connections] == [False, True]

    assert answer["data"]["successful_kills"] == 1


async def test_an_idle_stream_says_blank_lines(x: XStandin, client: Client, session: aiohttp.ClientSession) -> None:
    """`\\r\\n` every `keep_alive` seconds without a line."""
    await with_rules(x, client, TAGGED)
    headers = {"Authorization": f"Bearer {x.bearer}"}
    async with session.get(f"{x.url}/2/tweets/search/stream", headers=headers) as response:
        assert await asyncio.wait_for(response.content.readexactly(6), PATIENCE) == b"\r\n\r\n\r\n"


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


async def test_replies_begin_with_everybody_they_go_to(x: XStandin, client: Client) -> None:
    """X puts the answered author, and whom that one answered, before the text, but for those who are named in it."""
    question = (await client.create_tweet(text="P1"))["data"]["id"]
    await with_rules(x, client, {"value": f"conversation_id:{question}"})
    async with listening(x, client.session, **{"tweet.fields": "conversation_id"}) as lines:
        answer = await x.post("ana", "R1 sí", reply_to=question)
        nested = await x.post("bea", "no creo", reply_to=answer)
        await x.post("ana", "te digo que sí, @bea", reply_to=nested)
        await x.post("ana", "y más", reply_to=answer)
        said = [(await line(lines))["data"] for _ in range(4)]

    assert {post["conversation_id"] for post in said} == {question}
    assert [post["text"] for post in said] == [
        "@tertulia_bot R1 sí",
        "@ana @tertulia_bot no creo",
        "@tertulia_bot te digo que sí, @bea",
        "@tertulia_bot y más",
    ]


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
