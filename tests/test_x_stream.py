"""X's stream: when it is tried again, when it is given up, and what a broken line does to the log (nothing)."""

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.store.engine import Store
from handlers.x.backoff import Backoff, End, Pace
from handlers.x.refused import Kind
from handlers.x.stream import Address, State, Stream

from tests.standin_x.problems import Answer
from tests.standin_x.server import XStandin
from tests.waiting import until
from tests.x_listening import HASTY, Listening, bot, listening, opened, x

__all__ = ["bot", "x"]

NOW = datetime(2027, 1, 14, 18, 0, tzinfo=UTC)


# --- when it is tried again ------------------------------------------------------------------------------------------


def pauses(end: End, times: int, **late: datetime) -> list[float]:
    """What is waited after so many failures of one kind, in seconds, one failure a day."""
    backoff = Backoff(Pace())
    return [backoff.pause(end, NOW + timedelta(days=day), **late) for day in range(times)]


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        (End.NETWORK, [0.0, 0.25, 0.5, 0.75]),
        (End.CLOSED, [0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0]),
        (End.UPSET, [5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 320.0, 320.0]),
        (End.LIMITED, [60.0, 120.0, 240.0, 480.0, 960.0, 960.0]),
        (End.TOO_MANY, [30.0, 60.0, 90.0, 120.0, 120.0]),
    ],
)
def test_each_kind_of_failure_has_x_s_own_pauses(end: End, expected: list[float]) -> None:
    """At once after a broken line, then a little more; doubling after 5xx and 429."""
    assert pauses(end, len(expected)) == expected


def test_a_network_that_stays_away_is_tried_every_sixteen_seconds() -> None:
    """The pause grows by a quarter of a second up to sixteen."""
    assert pauses(End.NETWORK, 80)[-1] == 16.0


def test_a_limit_with_a_reset_is_waited_for_until_then() -> None:
    """X says when: the pause is until then, and a second for its whole seconds."""
    backoff = Backoff(Pace())
    assert backoff.pause(End.LIMITED, NOW, retry_at=NOW + timedelta(seconds=400)) == 401.0


def test_a_reset_that_is_past_is_believed_once() -> None:
    """Our clock goes ahead of X's: the second refusal is waited for as if X had not told when."""
    backoff = Backoff(Pace())
    past = NOW - timedelta(seconds=90)
    assert [backoff.pause(End.LIMITED, NOW, retry_at=past) for _ in range(3)] == [1.0, 120.0, 240.0]


def test_a_connection_that_lived_makes_the_next_failure_a_first_one() -> None:
    """What failed before is forgotten."""
    backoff = Backoff(Pace())
    before = [backoff.pause(End.UPSET, NOW) for _ in range(3)]
    backoff.lived()
    assert [*before, backoff.pause(End.UPSET, NOW)] == [5.0, 10.0, 20.0, 5.0]


def test_kinds_of_failure_are_counted_apart() -> None:
    """A 503 between two closings does not make the second a first one."""
    backoff = Backoff(Pace())
    assert [backoff.pause(end, NOW) for end in (End.CLOSED, End.UPSET, End.CLOSED)] == [0.0, 5.0, 1.0]


def test_no_more_than_forty_connections_in_a_quarter_of_an_hour() -> None:
    """The forty-first waits until the first is fifteen minutes old, however short its own pause would be."""
    backoff = Backoff(Pace())
    for second in range(40):
        backoff.tried(NOW + timedelta(seconds=second))
    assert backoff.pause(End.NETWORK, NOW + timedelta(seconds=100)) == 800.0


# --- lines -----------------------------------------------------------------------------------------------------------


def reader() -> tuple[Stream, list[bytes]]:
    """A stream that is connected to nothing, and the lines that it hands on."""
    lines: list[bytes] = []
    return Stream(Address("http://127.0.0.1:9/", {}), lines.append, pace=Pace(longest_line=100)), lines


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_lines_are_whole_however_the_bytes_are_cut(size: int) -> None:
    """Half lines wait for their other half; a blank line is a sign of life and nothing else."""
    stream, lines = reader()
    raw = '\r\n{"a":"ñ"}\r\n\r\n{"b":1}\r\n{"c"'.encode()
    for start in range(0, len(raw), size):
        stream._chunk(raw[start : start + size])
    assert lines == ['{"a":"ñ"}'.encode(), b'{"b":1}']
    assert (stream.counts.lines, stream.counts.keepalives) == (2, 2)


def test_a_line_without_end_costs_no_memory_and_not_the_next_one() -> None:
    """Of a line too long the beginning is handed on; the one behind it comes whole."""
    stream, lines = reader()
    for _ in range(50):
        stream._chunk(b"x" * 60)
    stream._chunk(b"xx\n{}\n")
    assert [line[:1] for line in lines] == [b"x", b"{"]
    assert (stream.counts.too_long, len(stream._rest)) == (1, 0)


@pytest.mark.parametrize(
    ("recorded", "told"),
    [
        ("disconnect.01.Operational.json", "UpstreamOperationalDisconnect"),
        ("disconnect.02.Too.json", "TooManyConnections"),
    ],
)
def test_what_x_says_of_a_connection_s_end_is_understood(recorded: str, told: str) -> None:
    """As its documents show it, in one line of the stream."""
    stream, lines = reader()
    line = json.dumps(json.loads(shared("docs-examples", recorded)))
    stream._chunk(f"{line}\r\n".encode())
    assert (stream._told, lines) == (told, [line.encode()])


def test_a_recorded_stream_that_was_cut_is_read_to_its_last_whole_line() -> None:
    """A capture that ends in the middle of a post: all lines before it are whole, the last is none."""
    raw = shared("twarc-csv", "streaming_output_with_error.jsonl")
    stream = Stream(Address("http://127.0.0.1:9/", {}), lambda _line: None)
    stream._chunk(raw)
    stream._ended(NOW)
    assert (stream.counts.lines, stream.counts.cut) == (raw.count(b"\n"), 1)


def shared(*path: str) -> bytes:
    """A recorded payload, or the test is skipped."""
    found = Path(__file__).resolve().parents[2].joinpath("shared", "data", "x", *path)
    if not found.exists():
        pytest.skip(f"no recorded payloads of X: {found} is not there")
    return found.read_bytes()


# --- on the wire -----------------------------------------------------------------------------------------------------


async def test_a_post_of_the_hashtag_is_in_the_log(bot: Listening) -> None:
    """Heard by the rule, committed as one delivery, billed once."""
    ident = await bot.x.post("ana", "Un coral es un animal #Coral")
    await until(lambda: bot.texts() == ["Un coral es un animal #Coral"])
    assert list(bot.inbox().values()) == ["done"]
    assert bot.billed == [ident]


async def test_posts_that_are_nobody_s_answer_are_left_out(bot: Listening) -> None:
    """Our own posts and reposts are no messages; what has no word of ours never comes."""
    ident = await bot.x.post("ana", "hola #coral")
    await bot.x.post(bot.x.me.username, "Bienvenidas #coral")
    await bot.x.repost("bea", ident)
    await bot.x.post("bea", "otra cosa")
    await bot.x.post("bea", "adiós #coral")
    await until(lambda: bot.texts() == ["hola #coral", "adiós #coral"])


async def test_a_line_cut_in_the_middle_loses_nothing(bot: Listening) -> None:
    """The connection ends inside a post: search brings it, and the gap is closed."""
    await bot.x.post("ana", "antes #coral")
    await until(lambda: len(bot.texts()) == 1)
    bot.x.faults.cut_line()
    await bot.x.post("ana", "cortado #coral")
    await until(lambda: bot.texts() == ["antes #coral", "cortado #coral"])
    await until(bot.covered)
    assert (bot.ears.stream.counts.cut, bot.intake.counts.quarantined) == (1, 0)


async def test_a_connection_that_breaks_inside_a_line_loses_nothing(bot: Listening) -> None:
    """Broken off without an end: the same."""
    bot.x.faults.cut_line(clean=False)
    await bot.x.post("ana", "roto #coral")
    await until(lambda: bot.texts() == ["roto #coral"])
    await until(bot.covered)


async def test_silence_is_a_dead_connection(bot: Listening) -> None:
    """No byte for too long, not even a keep-alive: connected again, and what was missed is fetched."""
    bot.x.faults.silence()
    await bot.x.post("ana", "no se oye #coral")
    await until(lambda: bot.ears.stream.counts.silences == 1)
    await until(lambda: bot.texts() == ["no se oye #coral"])
    await until(bot.covered)


async def test_keep_alives_alone_keep_the_connection(x: XStandin, sqlite_store: Store) -> None:
    """X that has nothing to say but that it is there is heard."""
    x.tempo.keep_alive = 0.05
    async with listening(x, sqlite_store) as bot:
        await asyncio.sleep(0.8)
        assert (len(x.connections), bot.ears.stream.state, bot.gaps()) == (1, State.LIVE, [])
        assert bot.ears.stream.counts.keepalives > 4


async def test_closing_after_each_200_is_never_hammered(x: XStandin, sqlite_store: Store) -> None:
    """X takes us in and shuts the door, again and again: pauses grow, it is one gap, and search goes on."""
    async with listening(x, sqlite_store) as bot:
        x.faults.close_after(0, times=1_000)
        x.disconnect()
        await asyncio.sleep(0.3)
        await x.post("ana", "¿se oye? #coral")
        await until(lambda: bot.texts() == ["¿se oye? #coral"])
        await asyncio.sleep(0.7)
        # At once, after 0.1, 0.2, and then every 0.4 seconds.
        assert len(x.connections) <= 7
        assert bot.gaps() == [False]
        x.faults.clear()
        await until(bot.covered)


async def test_too_many_connections_are_dropped_once_and_waited_for(x: XStandin, sqlite_store: Store) -> None:
    """The old connection still counts: X is told to forget it, once, and then there is nothing but waiting."""
    x.faults.too_many_connections(times=3)
    async with listening(x, sqlite_store) as bot:
        assert len(x.asked("drop_connections")) == 1
        assert [one.answered for one in x.asked("stream")] == [[429], [429], [429], [200]]
        await x.post("ana", "por fin #coral")
        await until(lambda: bot.texts() == ["por fin #coral"])


@pytest.mark.parametrize("kind", ["html", "empty", ""])
async def test_an_upset_x_is_waited_for(x: XStandin, sqlite_store: Store, kind: str) -> None:
    """503 as HTML, as nothing, as JSON: the stream comes back, and search was there meanwhile."""
    x.faults.status("stream", 503, kind, times=3)
    async with listening(x, sqlite_store, live=False) as bot:
        await x.post("ana", "mientras tanto #coral")
        await until(lambda: bot.texts() == ["mientras tanto #coral"])
        await until(lambda: bot.ears.stream.live)
        assert [one.answered for one in x.asked("stream")] == [[503], [503], [503], [200]]


@pytest.mark.parametrize(("status", "kind"), [(401, ""), (403, "")])
async def test_a_refusal_ends_the_stream_with_its_reason_and_search_goes_on(
    x: XStandin, sqlite_store: Store, status: int, kind: str
) -> None:
    """A person must see to it: asked once, the reason kept, the gap open, and every post found all the same."""
    x.faults.status("stream", status, kind, times=1_000)
    async with listening(x, sqlite_store, live=False) as bot:
        await until(lambda: bot.ears.stream.state is State.STOPPED)
        await x.post("ana", "por la búsqueda #coral")
        await until(lambda: bot.texts() == ["por la búsqueda #coral"])
        assert (len(x.asked("stream")), [one.status for one in bot.refused]) == (1, [status])
        assert bot.gaps() == [False]
        assert bot.ears.health()["ok"] is False


@pytest.mark.parametrize("old", [False, True])
async def test_without_credit_every_call_stops_at_once(bot: Listening, old: bool) -> None:
    """402 in the middle of a debate: nothing is asked any more, the log stays as it is, and the gap says since when."""
    await bot.x.post("ana", "con crédito #coral")
    await until(lambda: len(bot.texts()) == 1)
    bot.x.faults.credits_gone(old=old)
    bot.x.disconnect()
    await until(lambda: bot.ears.halted != "")
    await bot.ears.halt(bot.ears.halted)
    await asyncio.sleep(0.1)  # what was on its way to X at that moment arrives there
    asked = len(bot.x.requests)
    await bot.x.post("ana", "sin crédito #coral")
    await asyncio.sleep(0.6)
    assert len(bot.x.requests) == asked
    assert (bot.texts(), bot.gaps()) == (["con crédito #coral"], [False])
    bot.x.faults.clear()
    bot.ears.resume()
    await until(lambda: bot.texts() == ["con crédito #coral", "sin crédito #coral"])
    await until(bot.covered)


async def test_a_refusal_that_repeats_our_token_is_told_without_it(x: XStandin, sqlite_store: Store) -> None:
    """A proxy on the way shows what it was sent: neither log nor health nor moderators get it to read."""
    x.faults.respond("stream", Answer(403, {"title": f"no entry for Bearer {x.bearer}"}), times=1_000)
    async with listening(x, sqlite_store, live=False) as bot:
        await until(lambda: bot.ears.stream.state is State.STOPPED)
        assert str(bot.refused[0]) == "403 forbidden: no entry for Bearer …"


async def test_a_month_s_cap_ends_the_stream(x: XStandin, sqlite_store: Store) -> None:
    """The month's posts have been read: that is no limit that passes in a minute."""
    x.faults.status("stream", 429, "capped", times=1_000)
    async with listening(x, sqlite_store, live=False) as bot:
        await until(lambda: bot.ears.stream.state is State.STOPPED)
        assert len(x.asked("stream")) == 1


async def test_a_long_line_is_one_like_any_other(bot: Listening) -> None:
    """A line of more than a megabyte is read whole."""
    bot.x.faults.long_line(1_500_000)
    await bot.x.post("ana", "largo #coral")
    await bot.x.post("ana", "corto #coral")
    await until(lambda: bot.texts() == ["largo #coral", "corto #coral"])
    assert len(bot.x.connections) == 1


async def test_a_line_beyond_all_measure_is_left_to_search(x: XStandin, sqlite_store: Store) -> None:
    """Its beginning is kept to be looked at, the next line is read, and search brings what was in it."""
    tempo = replace(HASTY, stream=replace(HASTY.stream, longest_line=100_000), search=replace(HASTY.search, up=0.3))
    async with listening(x, sqlite_store, tempo=tempo) as bot:
        x.faults.long_line(1_500_000)
        await x.post("ana", "desmesurado #coral")
        await x.post("ana", "corto #coral")
        await until(lambda: bot.texts() == ["desmesurado #coral", "corto #coral"])
        assert sorted(bot.inbox().values()) == ["done", "done", "quarantined"]


async def test_a_strange_line_is_kept_and_disturbs_nothing(bot: Listening) -> None:
    """What nobody understands is in the quarantine as it came; the post behind it is in the log."""
    bot.x.faults.strange_line()
    await bot.x.post("ana", "detrás #coral")
    await until(lambda: bot.texts() == ["detrás #coral"])
    assert sorted(bot.inbox().values()) == ["done", "quarantined"]
    assert len(bot.x.connections) == 1


async def test_a_trouble_that_x_tells_of_in_the_stream_is_kept(bot: Listening) -> None:
    """Neither a post nor a goodbye: somebody may look at what X meant, and the stream goes on."""
    trouble = {"title": "Upstream trouble", "type": "https://api.twitter.com/2/problems/rule-evaluation"}
    bot.x.faults.strange_line(json.dumps({"errors": [trouble]}).encode())
    await bot.x.post("ana", "detrás #coral")
    await until(lambda: bot.texts() == ["detrás #coral"])
    assert sorted(bot.inbox().values()) == ["done", "quarantined"]
    assert len(bot.x.connections) == 1


async def test_a_refusal_that_comes_in_pieces_is_read_to_its_end() -> None:
    """The month's posts have been read; what says so is in the second half of the body."""
    body = b'{"title": "UsageCapExceeded", "status": 429, "type": "https://api.twitter.com/2/problems/usage-capped"}'

    gone = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body[:20]))
        await asyncio.sleep(0.05)
        writer.write(body[20:])
        await reader.read()  # until the other side has closed
        writer.close()
        gone.set()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        stream = Stream(Address(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/", {}), lambda _line: None)
        stream.start()
        await until(lambda: not stream.running)
        await gone.wait()
    assert (stream.state, stream.refused is not None and stream.refused.kind) == (State.STOPPED, Kind.CAPPED)


async def test_a_rule_without_a_tag_disturbs_nothing(bot: Listening) -> None:
    """The post says itself where it belongs."""
    bot.x.faults.rule_without_tag()
    await bot.x.post("ana", "sin etiqueta #coral")
    await until(lambda: bot.texts() == ["sin etiqueta #coral"])


async def test_a_line_that_comes_twice_is_one_message(bot: Listening) -> None:
    """Once by the stream, once more by the stream: one row."""
    bot.x.faults.duplicate_lines(3)
    for number in range(3):
        await bot.x.post("ana", f"mensaje {number} #coral")
    await until(lambda: bot.ears.hearing.counts.posts == 6)
    await bot.ears.hearing.settled()
    assert bot.texts() == ["mensaje 0 #coral", "mensaje 1 #coral", "mensaje 2 #coral"]


async def test_disorder_ends_in_the_same_log(bot: Listening) -> None:
    """The edit before its post: the newest version is the one that stands."""
    bot.x.faults.reorder(2)
    ident = await bot.x.post("ana", "primera versión #coral")
    bot.x.edit(ident, "segunda versión #coral")
    await until(lambda: bot.ears.hearing.counts.posts == 2)
    await bot.ears.hearing.settled()
    (row,) = bot.rows()
    assert (row.platform_id, row.text, row.edited_at is not None) == (ident, "segunda versión #coral", True)


async def test_an_operational_disconnect_is_connected_again_at_once(bot: Listening) -> None:
    """X says that it ends the connection: no quarantine, a new connection, and the gap closed."""
    bot.x.faults.operational_disconnect()
    await bot.x.post("ana", "antes del corte #coral")
    await until(lambda: len(bot.x.connections) == 2)
    await bot.x.post("ana", "después del corte #coral")
    await until(lambda: bot.texts() == ["antes del corte #coral", "después del corte #coral"])
    await until(bot.covered)
    assert bot.intake.counts.quarantined == 0


async def test_what_the_log_could_not_take_is_fetched_again(x: XStandin, sqlite_store: Store) -> None:
    """More lines than may wait: those beyond are missed, said so by a gap, and brought by search."""
    async with listening(x, sqlite_store) as bot:
        bot.ears.hearing._most = 5
        for number in range(40):
            x.hub.publish(x.world.posts[await x.post("ana", f"mensaje {number:02} #coral")])
        await until(lambda: bot.texts() == [f"mensaje {number:02} #coral" for number in range(40)])
        await until(lambda: False not in bot.gaps())


async def test_nobody_is_connected_while_no_debate_is_near(x: XStandin, sqlite_store: Store) -> None:
    """A debate in three days: not a byte is paid for."""
    debate_id = opened(sqlite_store)
    async with listening(x, sqlite_store, debate_id=debate_id) as bot:
        await bot.close()
        await until(lambda: not x.live)
        await until(lambda: bot.tags() == [])
        assert bot.ears.stream.state is State.IDLE
