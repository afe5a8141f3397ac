"""X's REST as our client asks it: signed and once, billed as X bills, every refusal of its kind, no key in any text."""

import json
import logging
import re
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from handlers.x import wire
from handlers.x.client import Keys, Kind, Page, Rule, XClient, refusal, user_agent
from handlers.x.terms import LIMITS, Dialect

from tests.standin_x.faults import Laid
from tests.standin_x.problems import Answer, bad_parameter
from tests.x_caller import Caller, caller, keys_of, refused

__all__ = ["caller"]

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data" / "x"
NOW = datetime(2027, 1, 14, 18, 0, tzinfo=UTC)


# --- what it asks and gets -------------------------------------------------------------------------------------------


async def test_search_pages_to_the_end(caller: Caller) -> None:
    """Newest first, a hundred a page; every post has the fields that were asked for."""
    posted = [await caller.x.post("ana", f"R1. Idea {number} #MeetAlfaro") for number in range(120)]

    first = await caller.client.search("#MeetAlfaro -is:retweet")
    second = await caller.client.search("#MeetAlfaro -is:retweet", next_token=first.next_token)

    assert [one["id"] for one in first.posts + second.posts] == posted[::-1]
    assert (len(first.posts), len(second.posts), second.next_token) == (100, 20, None)
    assert (first.newest_id, first.missing, first.errors) == (posted[-1], (), [])
    assert {"author_id", "conversation_id", "created_at", "edit_history_tweet_ids"} <= first.posts[0].keys()
    assert caller.billed() == {"post_read": 120}


async def test_search_since_an_id_brings_only_what_came_after(caller: Caller) -> None:
    """And an empty page, which X does not bill, is no error."""
    old = await caller.x.post("ana", "Uno #MeetAlfaro")
    new = await caller.x.post("ana", "Dos #MeetAlfaro")

    page = await caller.client.search("#MeetAlfaro", since_id=old)
    none = await caller.client.search("#MeetAlfaro", since_id=new)

    assert [one["id"] for one in page.posts] == [new]
    assert none == Page([], {}, [], None, none.newest_id)
    assert caller.billed() == {"post_read": 1}


async def test_lookup_brings_what_is_there_and_errors_for_the_rest(caller: Caller) -> None:
    """More than a hundred ids are asked for in portions."""
    there = [await caller.x.post("ana", f"Idea {number}") for number in range(101)]
    gone = there[50]
    caller.x.delete(gone)

    page = await caller.client.lookup(there)

    assert [one["id"] for one in page.posts] == [one for one in there if one != gone]
    assert [one["value"] for one in page.errors] == [gone]
    assert [len(one.query["ids"].split(",")) for one in caller.x.asked("lookup")] == [100, 1]
    assert caller.billed() == {"post_read": 100}


async def test_users_brings_the_profiles_that_x_shows(caller: Caller) -> None:
    """A suspended account is left out; asked for nobody, nobody is asked."""
    ana, luis = caller.x.person("Ana", "ana"), caller.x.person("Luis", "luis")
    caller.x.suspend(luis)

    found = await caller.client.users([ana, luis])

    assert [(one["id"], one["name"], one["username"]) for one in found] == [(ana, "Ana", "ana")]
    assert await caller.client.users([]) == []
    assert len(caller.x.asked("users")) == 1
    assert caller.billed() == {"user_read": 1}


async def test_create_posts_and_answers_our_own(caller: Caller) -> None:
    """Signed with the four keys; whatever signs a word wrongly would be refused here."""
    question = await caller.client.create("P1 ¿Qué perfil? Ñandú & café, 100 % «así» + 🙂 #MeetAlfaro")
    answer = await caller.client.create("Una respuesta preparada.", reply_to=question)

    assert [(one.id, one.text, one.reply_to) for one in caller.x.posts] == [
        (question, "P1 ¿Qué perfil? Ñandú & café, 100 % «así» + 🙂 #MeetAlfaro", None),
        (answer, "Una respuesta preparada.", question),
    ]
    assert caller.billed() == {"post": 2}


async def test_create_with_an_address_is_billed_as_such(caller: Caller) -> None:
    """A bare domain is one, too; so says the stand-in's own meter."""
    await caller.client.create("La transcripción: https://tertulia.example/d/cxo #MeetAlfaro")
    await caller.client.create("Está en ejemplo.com #MeetAlfaro")

    assert caller.billed() == {"post_with_link": 2} == dict(caller.x.meter.counts)


async def test_delete_takes_back_once(caller: Caller) -> None:
    """The second time there is nothing to take back, and nothing to pay."""
    post = await caller.client.create("Con una errata")

    await caller.client.delete(post)
    again = await refused(caller.client.delete(post))

    assert again.kind is Kind.GONE
    assert caller.billed() == {"post": 1, "delete": 1} == dict(caller.x.meter.counts)


async def test_own_posts_shows_what_stands_there(caller: Caller) -> None:
    """Owned reads, at their own price; who we are is asked once."""
    first = await caller.client.create("Uno")
    second = await caller.client.create("Dos")

    page = await caller.client.own_posts()
    later = await caller.client.own_posts(since_id=first)

    assert [one["id"] for one in page.posts] == [second, first]
    assert [one["id"] for one in later.posts] == [second]
    assert [one["username"] for one in [await caller.client.me()]] == ["tertulia_bot"]
    assert len(caller.x.asked("me")) == 1
    assert caller.billed() == {"post": 2, "user_read": 1, "owned_read": 2} == dict(caller.x.meter.counts)


async def test_rules_are_added_listed_and_deleted(caller: Caller) -> None:
    """A rule that stands already is no fault and keeps its id; nothing to do is not asked."""
    rule = Rule("#MeetAlfaro -is:retweet", "c1:tag")

    added = await caller.client.add_rules([rule, Rule("@tertulia_bot -is:retweet", "c1:bot")])
    again = await caller.client.add_rules([rule])
    listed = await caller.client.rules()
    await caller.client.delete_rules([one.id for one in added])
    await caller.client.delete_rules([])

    assert [(one.value, one.tag) for one in added] == [(rule.value, "c1:tag"), ("@tertulia_bot -is:retweet", "c1:bot")]
    assert listed == added
    assert again == added[:1]
    assert await caller.client.rules() == []
    assert len(caller.x.asked("change_rules")) == 3
    assert caller.bill == []


async def test_rule_that_x_does_not_take_is_refused(caller: Caller) -> None:
    """Longer than X allows."""
    error = await refused(caller.client.add_rules([Rule("a" * (LIMITS.rule + 1), "c1:tag")]))

    assert error.kind is Kind.REFUSED
    assert await caller.client.rules() == []


async def test_counts_says_how_many_and_is_billed_for_each_call(caller: Caller) -> None:
    """In the older dialect and in the newer one."""
    for number in range(3):
        await caller.x.post("ana", f"{number} #MeetAlfaro")
    start = caller.x.clock() - timedelta(hours=1)

    first = await caller.client.counts("#MeetAlfaro", start=start)
    caller.x.dialect = "post"
    second = await caller.client.counts("#MeetAlfaro", start=start)

    assert (first, second) == (3, 3)
    assert caller.billed() == {"counts": 2} == dict(caller.x.meter.counts)


async def test_connections_are_dropped(caller: Caller) -> None:
    """What the stream's loop does before it connects anew."""
    await caller.client.drop_connections()

    assert [one.status for one in caller.x.asked("drop_connections")] == [200]


# --- dialects --------------------------------------------------------------------------------------------------------


async def test_other_dialect_once_x_refuses_the_first(caller: Caller) -> None:
    """The call that was refused stays refused; from the next one on X is asked as it wants, and not back again."""
    await caller.x.post("ana", "Una idea #MeetAlfaro")
    no = bad_parameter("The query parameter [tweet.fields] is not one of [query,post.fields]")
    back = bad_parameter("The query parameter [post.fields] is not one of [query,tweet.fields]")
    caller.x.faults.laid.append(Laid("status", 1, "search", no))

    error = await refused(caller.client.search("#MeetAlfaro"))
    page = await caller.client.search("#MeetAlfaro")
    caller.x.faults.laid.append(Laid("status", 1, "search", back))
    await refused(caller.client.search("#MeetAlfaro"))

    assert error.kind is Kind.REFUSED
    assert [sorted(one.query) for one in caller.x.asked("search")][:2] == [
        ["expansions", "max_results", "media.fields", "poll.fields", "query", "tweet.fields"],
        ["expansions", "max_results", "media.fields", "poll.fields", "post.fields", "query"],
    ]
    assert {"author_id", "edit_history_post_ids"} <= page.posts[0].keys()
    assert caller.client.dialect is Dialect.POST


async def test_fields_that_do_not_arrive_are_named(caller: Caller) -> None:
    """X drops what it does not know without a word; the page says so, and the next is asked in the other dialect."""
    bare = Answer(200, {"data": [{"id": "1", "text": "hola", "author_id": "2"}], "meta": {"result_count": 1}})
    caller.x.faults.laid.append(Laid("status", 1, "search", bare))

    page = await caller.client.search("#MeetAlfaro")

    assert page.missing == ("created_at", "conversation_id")
    assert caller.client.dialect is Dialect.POST


# --- refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        ("credits", 402, Kind.CREDITS), ("credits-old", 402, Kind.CREDITS), ("rate", 429, Kind.LIMITED),
        ("rate-bare", 429, Kind.LIMITED), ("rate-day", 429, Kind.LIMITED), ("capped", 429, Kind.CAPPED),
        ("connections", 429, Kind.CONNECTIONS), ("unauthorized", 401, Kind.UNAUTHORISED),
        ("permissions", 403, Kind.FORBIDDEN), ("reply", 403, Kind.REPLY_RULE), ("reply-old", 403, Kind.REPLY_RULE),
        ("duplicate", 403, Kind.DUPLICATE), ("no-rules", 409, Kind.CONFLICT), ("html", 503, Kind.UPSET),
        ("empty", 503, Kind.UPSET), ("json", 503, Kind.UPSET), ("", 404, Kind.GONE), ("", 410, Kind.GONE),
        ("", 400, Kind.REFUSED), ("", 302, Kind.REFUSED), ("", 500, Kind.UPSET), ("html", 200, Kind.UPSET),
        ("empty", 200, Kind.UPSET),
    ],
)  # fmt: skip
async def test_every_refusal_has_its_kind_and_is_asked_once(caller: Caller, body: str, status: int, kind: Kind) -> None:
    """Nothing sleeps, nothing is tried again, and no page of HTML breaks anything."""
    caller.x.faults.status("create", status, body)

    error = await refused(caller.client.create("Hola"))

    assert (error.status, error.kind) == (status, kind)
    assert len(caller.x.asked("create")) == 1
    assert (caller.x.posts, caller.bill) == ([], [])


@pytest.mark.parametrize("body", ["html", "empty"])
async def test_what_is_no_json_is_told_apart(caller: Caller, body: str) -> None:
    """An empty answer and a page of somebody in between."""
    caller.x.faults.status("search", 503, body)

    assert (await refused(caller.client.search("#MeetAlfaro"))).title == body


async def test_answer_that_never_comes_is_a_kind_of_its_own(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """The post may stand there: whoever sent it has to look."""
    await caller.client.close()
    monkeypatch.setattr(wire, "TIMEOUT", 0.3)
    await caller.client.start()
    caller.x.faults.hang_after_store()
    late = await refused(caller.client.create("Uno"))
    caller.x.faults.drop_after_store()
    broken = await refused(caller.client.create("Dos"))

    assert [(one.status, one.kind) for one in (late, broken)] == [(0, Kind.NETWORK)] * 2
    assert [one.text for one in caller.x.posts] == ["Uno", "Dos"]
    assert caller.bill == []


async def test_client_that_was_not_started_or_finds_nobody_says_network() -> None:
    """Before the start, and where nobody listens."""
    client = XClient(Keys("b", "k", "s", "t", "u"), "http://127.0.0.1:9")
    before = await refused(client.search("#MeetAlfaro"))
    await client.start()
    nobody = await refused(client.search("#MeetAlfaro"))
    await client.close()

    assert [(one.status, one.kind) for one in (before, nobody)] == [(0, Kind.NETWORK)] * 2


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ({"data": []}, Kind.UPSET), ({"data": {"text": "hola"}}, Kind.UPSET), ({"data": {"id": 7}}, Kind.UPSET),
        ({}, Kind.UPSET),
    ],
)  # fmt: skip
async def test_success_without_a_post_is_none(caller: Caller, answer: dict[str, Any], kind: Kind) -> None:
    """Whether it stands there is for the timeline to say."""
    caller.x.faults.laid.append(Laid("status", 1, "create", Answer(201, answer)))

    assert (await refused(caller.client.create("Hola"))).kind is kind


def test_errors_that_were_seen_in_the_wild_have_their_kinds() -> None:
    """The transcribed bodies, every one."""
    path = SHARED / "transcribed-errors" / "errors.json"
    if not path.exists():
        pytest.skip("no recorded errors of X beside the repository")
    found = {}
    for name, one in json.loads(path.read_text("utf-8")).items():
        if isinstance(one, dict) and one.get("status", 200) >= 400:
            raw = json.dumps(one["body"]).encode() if "body" in one else one["body_text"].encode()
            found[name] = refusal(one["status"], one.get("headers", {}), raw, now=NOW).kind.value

    assert found == {
        "402_credits_2026-07_new": "credits", "402_credits_2026-02_old": "credits",
        "403_reply_not_summoned_current": "reply_rule", "403_reply_not_summoned_feb2026": "reply_rule",
        "403_duplicate": "duplicate", "403_oauth1_permissions": "forbidden", "429_rate": "limited",
        "429_24h_user": "limited", "429_usage_capped": "capped", "429_stream_too_many_connections": "connections",
        "503_html": "upset", "503_empty": "upset", "503_json": "upset", "404_empty_usage_credits": "gone",
    }  # fmt: skip


# --- when to come back -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"x-rate-limit-remaining": "0", "x-rate-limit-reset": "+900"}, 900),
        ({"X-Rate-Limit-Remaining": "0", "X-Rate-Limit-Reset": "+900"}, 900),
        ({"x-rate-limit-remaining": "7", "x-rate-limit-reset": "+900",
          "x-user-limit-24hour-remaining": "0", "x-user-limit-24hour-reset": "+50000"}, 50_000),
        ({"x-rate-limit-remaining": "0", "x-rate-limit-reset": "+900",
          "x-user-limit-24hour-remaining": "0", "x-user-limit-24hour-reset": "+300",
          "x-app-limit-24hour-remaining": "0", "x-app-limit-24hour-reset": "+7000"}, 7_000),
        ({"x-rate-limit-reset": "+60"}, 60),
        ({"retry-after": "30"}, 30),
        ({"x-rate-limit-remaining": "0", "x-rate-limit-reset": "-5"}, 0),
        ({"x-rate-limit-remaining": "0", "x-rate-limit-reset": "soon"}, None),
        ({"x-rate-limit-remaining": "0", "x-rate-limit-reset": "9" * 30}, None),
        ({"x-rate-limit-remaining": "12", "x-rate-limit-reset": "+900"}, None),
        ({}, None),
    ],
)  # fmt: skip
def test_limit_is_over_when_every_exhausted_window_has_been_reset(
    headers: Mapping[str, str], seconds: int | None
) -> None:
    """Of all windows that X tells of; a time that it does not tell, or that is none, is None."""
    sent = {name: _epoch(value) for name, value in headers.items()}
    found = refusal(429, sent, b"", now=NOW).retry_at

    assert found == (None if seconds is None else NOW + timedelta(seconds=seconds))


def _epoch(value: str) -> str:
    return str(int(NOW.timestamp()) + int(value)) if re.fullmatch(r"[+-]\d+", value) else value


def test_only_a_limit_says_when() -> None:
    """Without credits the windows look healthy; there is nothing to wait for."""
    headers = {"x-rate-limit-remaining": "0", "x-rate-limit-reset": str(int(NOW.timestamp()) + 900)}
    assert refusal(402, headers, b"{}", now=NOW).retry_at is None


# --- secrets ---------------------------------------------------------------------------------------------------------


async def test_no_key_stands_in_a_text_or_a_log(caller: Caller, caplog: pytest.LogCaptureFixture) -> None:
    """Not even where X repeats one, the network breaks, or everything is logged."""
    caplog.set_level(logging.DEBUG)
    secrets = keys_of(caller.x).secrets
    echo = Answer(401, {"title": f"Unauthorized: {secrets[0]} {secrets[4]}", "status": 401})
    caller.x.faults.laid.append(Laid("status", 1, "create", echo))
    errors = [await refused(caller.client.create("Uno"))]
    caller.x.faults.drop_after_store()
    errors.append(await refused(caller.client.create("Dos")))

    texts = [repr(keys_of(caller.x)), caplog.text]
    texts += [text for one in errors for text in (str(one), repr(one), one.title, *traceback.format_exception(one))]
    assert [text for text in texts if any(secret in text for secret in secrets)] == []
    assert errors[0].title == "Unauthorized: … …"


def test_keys_say_what_they_open() -> None:
    """Reading needs the bearer token, writing all four of the others."""
    found = [(one.can_read, one.can_post) for one in (Keys(), Keys("b"), Keys("b", "k", "s", "t"), Keys("", *"kstu"))]
    assert found == [(False, False), (True, False), (True, False), (False, True)]


async def test_we_say_who_we_are(caller: Caller) -> None:
    """X asks for a name that identifies the program; the stream's loop gives the same."""
    assert caller.client.stream_headers == {"Authorization": f"Bearer {caller.x.bearer}", "User-Agent": user_agent()}
    assert re.fullmatch(r"Tertulia/\d[\w.]*", user_agent())
