"""X's posts as they come, in both dialects and in every ugliness, become what the log hears."""

import contextlib
import json
import re
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.ports import Attachment, Author, Deleted, Platform, Said
from handlers.x import posts
from handlers.x.posts import Line, Post, Strange

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data" / "x"

# 2027-01-14, 19:00 and 19:10 in Madrid; ids tell their time.
ROOT, ANSWER, EDITED = "2011144448409600000", "2011146965012480000", "2011147000000000000"


def payload(ident: str = ANSWER, text: str = "R1: Un puesto #MeetAlfaro", **more: Any) -> dict[str, Any]:
    """A post object of the legacy dialect, alone in its conversation."""
    return {
        "id": ident, "author_id": "42", "text": text, "created_at": "2026-01-13T18:10:00.000Z",
        "conversation_id": ident, "edit_history_tweet_ids": [ident], **more,
    }  # fmt: skip


def reply(text: str, **more: Any) -> dict[str, Any]:
    """A post object that answers the root."""
    refs = [{"type": "replied_to", "id": ROOT}]
    return payload(text=text, conversation_id=ROOT, referenced_tweets=refs, in_reply_to_user_id="7", **more)


def in_new_words(old: Mapping[str, Any]) -> dict[str, Any]:
    """The same object in the vocabulary of 2026."""
    new = {"edit_history_tweet_ids": "edit_history_post_ids", "referenced_tweets": "referenced_posts"} | {
        "note_tweet": "note_post",
        "tweets": "posts",
    }
    return {new.get(key, key): value for key, value in old.items()}


def url(short: str, leads: str, **more: Any) -> dict[str, Any]:
    """An address of a post, as its entities tell it."""
    return {"start": 0, "end": 23, "url": f"https://t.co/{short}", "expanded_url": leads, "display_url": "…", **more}


def entities(*urls: Mapping[str, Any]) -> dict[str, Any]:
    """The entities of a post that has these addresses."""
    return {"urls": list(urls)}


INCLUDES: dict[str, list[dict[str, Any]]] = {
    "users": [{"id": "42", "name": "Ana 🌱", "username": "ana_x"}],
    "media": [
        {"media_key": "3_1", "type": "photo", "url": "https://pbs.example/1.png", "alt_text": "Una pizarra"},
        {
            "media_key": "7_2", "type": "video", "preview_image_url": "https://pbs.example/2.jpg", "variants": [
                {"content_type": "application/x-mpegURL", "url": "https://video.example/2.m3u8"},
                {"content_type": "video/mp4", "bit_rate": 256, "url": "https://video.example/low.mp4"},
                {"content_type": "video/mp4", "bit_rate": 832, "url": "https://video.example/high.mp4"},
            ],
        },
    ],
    "polls": [
        {"id": "9", "options": [
            {"position": 2, "label": "No", "votes": 1}, {"position": 1, "label": "Sí & ya", "votes": 7},
        ]},
    ],
}  # fmt: skip


def text_of(raw: Mapping[str, Any], includes: Mapping[str, Any] | None = None) -> str:
    """The words of a post."""
    return posts.read(raw, includes=includes).text


# --- a post ----------------------------------------------------------------------------------------------------------


def test_post_is_what_the_log_hears() -> None:
    """Who, what, when, in which conversation and to whom; the name only where somebody told it."""
    post = posts.read(reply("@host Un puesto", public_metrics={"like_count": 3}), includes=INCLUDES, tags=("c42:tag",))

    assert post == Post(
        ANSWER, ANSWER, "42", "Ana 🌱", "ana_x", "Un puesto", None, datetime(2026, 1, 13, 18, 10, tzinfo=UTC), None,
        ROOT, ROOT, None, (), retweet=False, withheld=False, tags=("c42:tag",),
    )  # fmt: skip
    assert posts.said(post, "meetalfaro") == Said(
        Platform.X, "meetalfaro", ANSWER, Author("42", "Ana 🌱"), "Un puesto",
        datetime(2026, 1, 13, 18, 10, tzinfo=UTC), thread=ROOT, reply_to=ROOT,
    )  # fmt: skip


def test_both_dialects_say_the_same() -> None:
    """A long, edited reply that quotes; beside it its author and the first version."""
    refs = [{"type": "replied_to", "id": ROOT}, {"type": "quoted", "id": "7"}]
    raw = payload(
        EDITED, "corto…", conversation_id=ROOT, edit_history_tweet_ids=[ANSWER, EDITED], referenced_tweets=refs,
        note_tweet={"text": "@host largo, y con R2: al final"},
    )  # fmt: skip
    beside = INCLUDES | {"tweets": [payload(created_at="2026-01-13T18:09:59.000Z")]}
    old, new = posts.read(raw, includes=beside), posts.read(in_new_words(raw), includes=in_new_words(beside))

    assert old == new
    assert (old.text, old.quoted, old.replied_to, old.posted_at) == (
        "largo, y con R2: al final", "7", ROOT, datetime(2026, 1, 13, 18, 9, 59, tzinfo=UTC),
    )  # fmt: skip


def test_edited_post_keeps_its_first_id_and_time() -> None:
    """Its own time is that of the version, told by the version's id; the first one's is told by the first id."""
    post = posts.read(payload(EDITED, "mejor", edit_history_tweet_ids=[EDITED, ANSWER], conversation_id=EDITED))

    assert (post.id, post.version) == (ANSWER, EDITED)
    assert post.posted_at == posts.time_of(ANSWER).replace(microsecond=0)  # type: ignore[union-attr]  # a snowflake
    assert post.edited_at == posts.time_of(EDITED)
    assert posts.said(post, "x").thread is None


def test_later_version_of_an_old_post_has_the_times_that_it_tells() -> None:
    """Ids from before November 2010 say nothing of time."""
    post = posts.read(payload("20", edit_history_tweet_ids=["10", "20"]))

    assert (post.posted_at, post.edited_at) == (datetime(2026, 1, 13, 18, 10, tzinfo=UTC),) * 2


def test_quote_is_a_conversation_of_its_own() -> None:
    """With the id of what it quotes, and without the link to it."""
    raw = payload(
        text="R3) Depende https://t.co/qqq", referenced_tweets=[{"type": "quoted", "id": ROOT}],
        entities=entities(url("qqq", f"https://twitter.com/alguien/status/{ROOT}")),
    )  # fmt: skip
    said = posts.said(posts.read(raw), "x")

    assert (said.text, said.quotes, said.thread, said.reply_to) == ("R3) Depende", ROOT, None, None)


def test_retweets_and_withheld_posts_are_known_as_such() -> None:
    """Both are left out of the log by whoever reads them."""
    again = posts.read(payload(text="RT @ana: …", referenced_tweets=[{"type": "retweeted", "id": ROOT}]))
    hidden = posts.read(payload(withheld={"copyright": False, "country_codes": ["XY"]}))

    assert [(one.retweet, one.withheld) for one in (again, hidden)] == [(True, False), (False, True)]


def test_people_named_in_a_post_are_known_by_their_ids() -> None:
    """Each once; that is how a mention of us is heard."""
    named = [{"id": "9", "username": "tertulia"}, {"username": "sin_id"}, {"id": "9"}, {"id": "8"}]

    assert posts.read(payload(entities={"mentions": named})).mentions == ("9", "8")


# --- its words -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("@host @ana_x  R1: hola @ana_x", "R1: hola @ana_x"),
        ("＠host hola", "hola"),
        ("@host\nhola", "hola"),
        ("hola @host", "hola @host"),
        ("@host, hola", "@host, hola"),
        ("@host @ana_x", "@host @ana_x"),
        ("@nombredemasiadolargoparaserlo hola", "@nombredemasiadolargoparaserlo hola"),
    ],
)
def test_names_before_a_reply_are_not_its_words(text: str, said: str) -> None:
    """X puts them there; a reply of names alone keeps them."""
    assert text_of(reply(text)) == said


def test_names_before_a_post_of_its_own_are_its_words() -> None:
    """Nobody is answered: somebody is spoken to."""
    assert text_of(payload(text="@tertulia BAJA")) == "@tertulia BAJA"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("R&amp;D &lt;3 &gt; todo", "R&D <3 > todo"),
        ("&amp;lt;b&amp;gt; &amp;amp;", "&lt;b&gt; &amp;"),
        ("a &copy; &nbsp;b ?x=1&copy=2", "a &copy; &nbsp;b ?x=1&copy=2"),
    ],
)
def test_escapes_are_taken_out_once(text: str, said: str) -> None:
    """Only those three that X puts in; what a person typed to look like one stays."""
    assert text_of(payload(text=text)) == said


def test_addresses_are_those_that_t_co_hides() -> None:
    """The whole address; where the text alone would end it elsewhere, the spans tell; an unknown one stays as it is."""
    raw = payload(
        text="mirad https://t.co/aaa y https://t.co/bbb, https://t.co/zzz",
        entities=entities(url("aaa", "https://es.example/a?b=1&c=2"), url("bbb", "https://es.example/(x).")),
    )
    post = posts.read(raw)

    assert post.text == "mirad https://es.example/a?b=1&c=2 y https://es.example/(x)., https://t.co/zzz"
    assert post.rich == [
        ("", "mirad "), ("l", "https://es.example/a?b=1&c=2", "https://es.example/a?b=1&c=2"), ("", " y "),
        ("l", "https://es.example/(x).", "https://es.example/(x)."), ("", ", https://t.co/zzz"),
    ]  # fmt: skip


def test_long_post_is_whole_and_has_the_addresses_of_its_whole_text() -> None:
    """The cut text ends in a link to itself, which is not said by anybody."""
    long = "Empieza. " + "Sigue y sigue. " * 30 + "R2: acaba en https://t.co/fin"
    raw = payload(
        text=long[:270] + "… https://t.co/ella",
        entities=entities(url("ella", f"https://x.com/i/web/status/{ANSWER}")),
        note_tweet={"text": long, "entities": entities(url("fin", "https://es.example/fin"))},
    )
    cut = {key: value for key, value in raw.items() if key != "note_tweet"}

    assert text_of(raw) == long.replace("https://t.co/fin", "https://es.example/fin")
    assert text_of(cut) == long[:270] + "…"


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        ("\u202eal revés\u202c \u200f שלום", "\u202eal revés\u202c \u200f שלום"),
        ("cero\u200bancho \u2066x\u2069", "cero\u200bancho \u2066x\u2069"),
        ("medio \ud83d par", "medio \ufffd par"),
        ("nulo \x00 dentro", "nulo ␀ dentro"),
        ("línea\r\ndos", "línea\ndos"),
        ("👩‍👩‍👧‍👦 🇪🇸", "👩‍👩‍👧‍👦 🇪🇸"),
    ],
)
def test_odd_characters_are_kept_as_said_and_can_be_stored(raw: str, kept: str) -> None:
    """In the text, in a name and in a description."""
    beside = {
        "users": [{"id": "42", "name": raw}], "media": [{"media_key": "3_1", "type": "photo", "alt_text": raw}],
    }  # fmt: skip
    post = posts.read(payload(text=raw, attachments={"media_keys": ["3_1"]}), includes=beside)

    assert (post.text, post.name, post.files[0].name) == (kept, kept, kept)
    assert (post.text + post.name).encode()


# --- media and polls -------------------------------------------------------------------------------------------------


def test_media_are_files_named_by_their_description() -> None:
    """Else by their kind; their t.co links, which lead to themselves, are not said."""
    raw = payload(
        text="R1 así https://t.co/mmm", attachments={"media_keys": ["3_1", "7_2"]},
        entities=entities(
            url("mmm", f"https://x.com/ana_x/status/{ANSWER}/photo/1", media_key="3_1"),
            url("mmm", f"https://x.com/ana_x/status/{ANSWER}/photo/1", media_key="7_2"),
        ),
    )  # fmt: skip
    post = posts.read(raw, includes=INCLUDES)

    assert (post.text, post.rich) == ("R1 así", None)
    assert post.files == (
        Attachment("Una pizarra", "image/png", "https://pbs.example/1.png"),
        Attachment("video", "video/mp4", "https://video.example/high.mp4"),
    )


def test_media_of_which_nothing_came_are_known_by_their_keys() -> None:
    """Their kind is in the key; their page, where the post tells it; their link may have no entity at all."""
    raw = payload(
        text="mira https://t.co/mmm", attachments={"media_keys": ["16_5", "13_6", "99_7"]},
        entities=entities(url("nnn", "https://x.com/a/status/1/photo/1", media_key="16_5")),
    )  # fmt: skip
    post = posts.read(raw)

    assert post.text == "mira"
    assert post.files == (
        Attachment("animated_gif", "video/mp4", "https://x.com/a/status/1/photo/1"),
        Attachment("video", "video/mp4"),
        Attachment("media"),
    )


def test_description_is_found_in_the_new_dialect_too() -> None:
    """There it stands in the post itself."""
    told = [{"media_key": "3_5", "alt_text": "Un gato"}]

    assert posts.read(payload(attachments={"media_keys": ["3_5"]}, media_metadata=told)).files == (
        Attachment("Un gato", "image/jpeg"),
    )


def test_poll_is_lines_of_text_in_its_order() -> None:
    """Without votes: they change by the minute, and nobody edited anything."""
    raw = payload(text="¿Puesto o función?", attachments={"poll_ids": ["9"]})

    assert text_of(raw, INCLUDES) == "¿Puesto o función?\n○ Sí & ya\n○ No"
    assert text_of(raw) == "¿Puesto o función?"


def test_what_twarc_flattens_is_read_alike() -> None:
    """Author, media and poll inside the post instead of beside it."""
    keys = {"media_keys": ["3_1"], "poll_ids": ["9"]}
    inside = keys | {"media": INCLUDES["media"][:1], "poll": INCLUDES["polls"][0]}

    assert posts.read(payload(attachments=inside, author=INCLUDES["users"][0])) == posts.read(
        payload(attachments=keys), includes=INCLUDES
    )


# --- what is none ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (None, "no object"),
        ([payload()], "no object"),
        ({}, "no text"),
        (payload() | {"text": None}, "no text"),
        (payload() | {"id": "²"}, "no id: '²'"),
        (payload() | {"id": True}, "no id"),
        (payload() | {"id": "1" * 21}, "no id: '111111111111111111111'"),
        (payload() | {"author_id": None}, "no author_id"),
        (payload("20") | {"created_at": "ayer"}, "no created_at"),
    ],
)
def test_what_cannot_be_a_post_is_strange(raw: object, why: str) -> None:
    """And the reason is told, for whoever looks at the quarantine."""
    with pytest.raises(Strange, match=f"^{re.escape(why)}$"):
        posts.read(raw)


def test_post_without_its_time_has_that_of_its_id() -> None:
    """An answer that left out what we asked for loses no post."""
    raw = {"id": ANSWER, "author_id": 42, "text": "hola"}
    post = posts.read(raw)

    assert (post.posted_at, post.author_id, post.conversation) == (posts.time_of(ANSWER), "42", ANSWER)
    assert posts.missing(raw) == ("conversation_id", "created_at", "edit_history_tweet_ids")
    assert posts.missing(in_new_words(payload())) == ()


def test_least_id_of_an_instant_is_the_bound_of_its_posts() -> None:
    """What ``since_id`` is made of; ids of before ids told time have none."""
    at = datetime(2026, 1, 13, 18, 10, tzinfo=UTC)

    assert posts.time_of(posts.id_at(at)) == at
    assert posts.time_of(str(int(posts.id_at(at)) - 1)) != at
    assert (posts.time_of("20"), posts.time_of("x"), posts.id_at(datetime(2001, 1, 1, tzinfo=UTC))) == (None, None, "0")


def test_post_that_is_gone_is_deleted_at_its_place() -> None:
    """Its id tells when it had been said."""
    at = datetime(2026, 1, 13, 20, tzinfo=UTC)

    assert posts.gone(ANSWER, "x", at) == Deleted(Platform.X, "x", ANSWER, at, posts.time_of(ANSWER))


# --- lines of the stream ---------------------------------------------------------------------------------------------


def test_line_has_its_post_and_the_tags_of_its_rules() -> None:
    """A rule without a tag is a rule all the same."""
    rules = [{"id": "1", "tag": "c42:tag"}, {"id": "2"}]
    line = posts.line(json.dumps({"data": payload(), "includes": INCLUDES, "matching_rules": rules}).encode())

    assert line == Line(posts.read(payload(), includes=INCLUDES, tags=("c42:tag",)))


@pytest.mark.parametrize("raw", [b"\r\n", b"", "  \n"])
def test_empty_line_is_a_sign_of_life(raw: str | bytes) -> None:
    """Every 20 seconds."""
    assert posts.line(raw) == Line(keepalive=True)


def test_line_tells_why_we_are_cut_off() -> None:
    """In each of the ways that X has."""
    operational = {"title": "operational-disconnect", "disconnect_type": "UpstreamOperationalDisconnect"}
    bare = {"title": "operational-disconnect", "type": "https://api.x.com/2/problems/operational-disconnect"}
    full = {"title": "ConnectionException", "connection_issue": "TooManyConnections"}

    assert posts.line(json.dumps({"errors": [operational]})) == Line(
        disconnect="UpstreamOperationalDisconnect", errors=[operational]
    )
    assert posts.line(json.dumps({"errors": [bare]})).disconnect == "operational-disconnect"
    assert posts.line(json.dumps(full)) == Line(disconnect="TooManyConnections")


def test_line_with_a_post_and_an_error_has_both() -> None:
    """The post it quotes is gone: that is no disconnect."""
    error = {"title": "Not Found Error", "type": "https://api.twitter.com/2/problems/resource-not-found"}
    line = posts.line(json.dumps({"data": payload(), "errors": [error]}))

    assert (line.post == posts.read(payload()), line.errors, line.disconnect) == (True, [error], "")


def test_line_tells_of_deletions() -> None:
    """By the Activity API and by a compliance stream."""
    activity = {"data": {"event_type": "post.delete", "payload": {"id": ANSWER, "author_id": "42"}}}
    compliance = {"data": {"delete": {"tweet": {"id": ANSWER, "author_id": "42"}, "event_at": "2026-01-13T20:00:00Z"}}}

    assert [posts.line(json.dumps(one)) for one in (activity, compliance)] == [Line(deleted=ANSWER)] * 2


def test_event_of_the_activity_api_has_its_post() -> None:
    """In an envelope of its own."""
    envelope = {"data": {"event_type": "post.mention.create", "payload": payload(), "includes": INCLUDES}}

    assert posts.line(json.dumps(envelope)).post == posts.read(payload(), includes=INCLUDES)


@pytest.mark.parametrize("raw", [b'{"data": {"id": "1', b"\xff\xfe\xfd", "[" * 100_000, "[]", "{}", '{"data": null}'])
def test_line_cut_short_or_unknown_is_strange(raw: str | bytes) -> None:
    """Kept raw by whoever asked; the stream goes on."""
    with pytest.raises(Strange):
        posts.line(raw)


# --- anything --------------------------------------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from([ANSWER, ROOT]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
FIELDS = (
    "attachments", "author", "author_id", "conversation_id", "created_at", "edit_history_post_ids",
    "edit_history_tweet_ids", "entities", "id", "includes", "media", "media_keys", "media_metadata", "mentions", "name",
    "note_post", "note_tweet", "options", "poll", "poll_ids", "polls", "posts", "referenced_posts",
    "referenced_tweets", "text", "tweets", "type", "url", "urls", "expanded_url", "users", "variants", "withheld",
)  # fmt: skip
SHAPED = st.recursive(
    JSON,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=8),
    max_leaves=20,
)


@given(raw=SHAPED, includes=SHAPED)
def test_reading_anything_raises_nothing_but_strange(raw: object, includes: Any) -> None:
    """X may send what it likes."""
    good = payload(text="https://t.co/a") | (raw if isinstance(raw, dict) else {})
    for one in (raw, good):
        try:
            post = posts.read(one, includes=includes)
        except Strange:
            continue
        assert posts.said(post, "x").text.encode() == post.text.encode()


@given(SHAPED | st.text() | st.binary())
def test_line_of_anything_raises_nothing_but_strange(raw: object) -> None:
    """So that the loop that reads the stream never ends for it."""
    with contextlib.suppress(Strange):
        posts.line(raw if isinstance(raw, str | bytes) else json.dumps({"data": raw}))


@pytest.mark.parametrize("run", [" " * 25_000, "@a " * 8_000, "&amp;" * 5_000, "https://t.co/ " * 2_000, "#" * 25_000])
def test_longest_post_is_read_at_once(run: str) -> None:
    """25,000 characters of anything cost milliseconds, whatever they are."""
    started = time.process_time()
    text_of(reply(f"a{run}b https://t.co/x{run}", attachments={"media_keys": ["3_1"]}))

    assert time.process_time() - started < 0.5


@given(st.text(), st.text())
def test_text_of_a_post_is_never_more_than_it_said(before: str, after: str) -> None:
    """Whatever stands around an address, spans and text agree, and nothing of a post's words is lost."""
    raw = payload(text=f"{before} https://t.co/aaa {after}", entities=entities(url("aaa", "https://es.example/a")))
    post = posts.read(raw)

    assert "https://es.example/a" in post.text
    assert post.rich is None or "".join(span[1] for span in post.rich) == post.text


# --- real payloads ---------------------------------------------------------------------------------------------------


def documents() -> Iterator[tuple[str, Any]]:
    """Every JSON document of the shared payloads: files, lines, and the bodies of recorded answers."""
    for file in sorted(SHARED.rglob("*")):
        if "openapi" in file.parts or not file.is_file():
            continue
        if file.suffix in {".json", ".jsonl"}:
            for text in [file.read_text(encoding="utf-8"), *file.read_text(encoding="utf-8").splitlines()]:
                yield from _parsed(file.name, text)
        elif file.suffix == ".yaml":
            # Two kinds of quotes, both folded: all of YAML that has to be known here.
            recorded = file.read_text(encoding="utf-8")
            for told in re.findall(r"string: '((?:[^']|'')*)'", recorded):
                yield from _parsed(file.name, re.sub(r"\n\s+", " ", told).replace("''", "'"))
            for told in re.findall(r'string: ("(?:[^"\\]|\\.)*")', recorded, re.DOTALL):
                unfolded = re.sub(r"\\\n\s*(\\ )?", lambda end: " " if end[1] else "", told)
                yield from _parsed(file.name, json.loads(re.sub(r"\n\s+", " ", unfolded)))


def _parsed(name: str, text: str | bytes) -> Iterator[tuple[str, Any]]:
    try:
        yield name, json.loads(text)
    except ValueError:
        return


def objects(found: Any) -> Iterator[dict[str, Any]]:
    """Every object in it that has an id and a text."""
    if isinstance(found, dict):
        if "id" in found and "text" in found:
            yield found
        for one in found.values():
            yield from objects(one)
    elif isinstance(found, list):
        for one in found:
            yield from objects(one)


def test_every_shared_payload_is_read_whole() -> None:
    """A post with an author is a post; its text has no escape and no link to its own media left; its spans agree."""
    if not SHARED.is_dir():
        pytest.skip("the recorded payloads are not here: ../shared/data/x")
    read = bodiless = 0
    for name, document in documents():
        includes = document.get("includes") if isinstance(document, dict) else None
        for raw in objects(document):
            if "author_id" not in raw:
                with pytest.raises(Strange, match=r"^no author_id$"):
                    posts.read(raw, includes=includes)
                bodiless += 1
                continue
            post = posts.read(raw, includes=includes)
            read += 1
            assert not re.search(r"&(?:amp|lt|gt);|pic\.twitter\.com", post.text), name
            assert post.edited_at is None or post.id != post.version, name
            assert (post.text + post.name).encode(), name

    assert read > 150
    assert bodiless < read / 2


def test_every_shared_line_is_heard() -> None:
    """A stream's lines, of which the last one is cut in its middle."""
    file = SHARED / "twarc-csv" / "streaming_output_with_error.jsonl"
    if not file.is_file():
        pytest.skip("the recorded stream is not here: ../shared/data/x")
    lines = file.read_bytes().splitlines()
    heard = [posts.line(one) for one in lines[:-1]]

    assert [line.post is not None and line.missing for line in heard] == [("edit_history_tweet_ids",)] * len(heard)
    assert [line.post.tags for line in heard if line.post] == [()] * len(heard)  # its rules had no tag
    with pytest.raises(Strange):
        posts.line(lines[-1])
