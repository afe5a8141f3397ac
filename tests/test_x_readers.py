"""A full stream is read by a second process, which says of a line what the bot would say, whatever becomes of it."""

import asyncio
import json
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import pytest
import uvloop

from bot import analyser, filing
from bot.store.engine import Store
from handlers.x import readers
from handlers.x.readers import Read, Reader, read

from tests.standin_x.server import XStandin
from tests.waiting import until
from tests.x_listening import Listening, bot, listening, x

__all__ = ["bot", "x"]


def line(number: int, text: str) -> bytes:
    """A line of the stream about a post."""
    ident = str(1_900_000_000_000_000_000 + number)
    post = {
        "id": ident, "text": text, "author_id": "7", "conversation_id": ident, "edit_history_tweet_ids": [ident],
        "created_at": "2027-01-14T18:00:00.000Z",
    }  # fmt: skip
    return json.dumps({"data": post, "matching_rules": [{"id": "1", "tag": "tertulia:coral"}]}).encode()


LINES = [
    line(1, "R1 Los debates de quien llama #coral"),
    b"",
    line(2, "ni pregunta ni número 🪸 #coral"),
    b'{"data": {"id": "1900000000000000003", "text": "cort',
    b'{"data": {"event_type": "post.delete", "payload": {"id": "1900000000000000001"}}}',
    b'{"errors": [{"title": "operational-disconnect", "disconnect_type": "UpstreamOperationalDisconnect"}]}',
    b"[1]",
    b'{"data": {"id": "x", "text": "sin id"}}',
    line(9, "\ud83d media letra"),
]


@pytest.fixture
async def reader() -> AsyncIterator[Reader]:
    """A reader for whom two lines are a full stream."""
    reader = Reader(full=2)
    yield reader
    await reader.close()


async def helping(reader: Reader) -> int:
    """The second process of a reader that wants one is there; returns its id."""
    await until(lambda: reader._second is not None and reader._second.returncode is None)
    assert reader._second is not None
    return reader._second.pid


async def second(reader: Reader) -> int:
    """The second process of a reader, which was given enough to want one; returns its id."""
    await reader.read(LINES)
    return await helping(reader)


def alive(pid: int) -> bool:
    """Whether the process is there and no corpse."""
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


def here(lines: Sequence[bytes]) -> list[Read]:
    """What this process says of the lines."""
    return [read(one) for one in lines]


def test_a_line_is_read_with_all_that_can_be_known_of_its_words() -> None:
    """The post has its terms and the marks of its labels; a line that says nothing says why."""
    told = here(LINES)
    assert told[0].line is not None
    post = told[0].line.post
    assert post is not None
    assert (post.terms, post.marks) == (analyser.terms(post.text), filing.marks(post.text))
    assert post.marks is not None
    assert post.marks.firm == (1,)
    assert [one.line is None for one in told] == [False, False, False, True, False, False, True, True, False]
    assert [one.why for one in told if one.line is None] == [told[3].why, "no object", "no id: 'x'"]
    assert told[3].why.startswith("no JSON: ")


async def test_the_second_process_says_what_the_first_would_say(reader: Reader) -> None:
    """Posts, signs of life, deletions, cut and strange lines: the same, in their order."""
    pid = await second(reader)
    assert await reader.read(LINES) == here(LINES)
    assert await reader.read(LINES * 500) == here(LINES) * 500
    assert reader._second is not None
    assert reader._second.pid == pid


async def test_few_lines_are_read_where_they_come() -> None:
    """An ordinary evening starts no process."""
    reader = Reader()
    for one in LINES:
        assert await reader.read([one]) == [read(one)]
    assert (reader._second, reader._starting) == (None, None)


async def test_the_second_process_knows_no_secret(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the bot's environment it has the way to the code and nothing else."""
    monkeypatch.setenv("X_BEARER_TOKEN", "a-secret-of-x")
    pid = await second(reader)
    names = [one.partition(b"=")[0] for one in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0") if one]
    assert names == [b"PYTHONPATH"]


async def test_a_second_process_that_is_killed_costs_no_line(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    """The bot reads on; another one helps as soon as it may be tried again."""
    monkeypatch.setattr(readers, "AGAIN_SECONDS", 0.0)
    pid = await second(reader)
    os.kill(pid, signal.SIGKILL)
    for _ in range(20):
        assert await reader.read(LINES) == here(LINES)
    assert await second(reader) != pid


def test_a_bot_s_own_loop_bears_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bot runs on uvloop, whose pipes break in their own way."""
    monkeypatch.setattr(readers, "AGAIN_SECONDS", 0.0)

    async def story() -> None:
        reader = Reader(full=2)
        for _ in range(5):
            os.kill(await second(reader), signal.SIGKILL)
            for _ in range(5):
                assert await reader.read(LINES) == here(LINES)
        pid = await second(reader)
        await reader.close()
        assert not alive(pid)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(story())


def fewer(_answer: bytes) -> list[Read]:
    """An answer about one line."""
    return [read(LINES[0])]


def newer(_answer: bytes) -> list[Read]:
    """An answer of a Tertulia that was upgraded meanwhile."""
    raise AttributeError("no such class")


@pytest.mark.parametrize("loads", [fewer, newer])
async def test_what_makes_no_sense_is_not_believed(
    reader: Reader, monkeypatch: pytest.MonkeyPatch, loads: Callable[[bytes], list[Read]]
) -> None:  # fmt: skip
    """The second process is ended, and the lines are read here."""
    pid = await second(reader)
    with monkeypatch.context() as patch:
        patch.setattr(pickle, "loads", loads)
        assert await reader.read(LINES) == here(LINES)
    assert not alive(pid)


async def test_a_second_process_that_stands_still_is_not_waited_for(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    """After its time it is ended, the bot reads on, and does not try again at once."""
    pid = await second(reader)
    monkeypatch.setattr(readers, "PATIENCE_SECONDS", 0.2)
    os.kill(pid, signal.SIGSTOP)
    assert await reader.read(LINES) == here(LINES)
    assert not alive(pid)
    assert await reader.read(LINES) == here(LINES)
    assert (reader._second, reader._starting) == (None, None)


async def test_where_no_second_process_can_be_started_the_bot_reads_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """No memory, no interpreter: every line is read all the same."""
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    reader = Reader(full=2)
    for _ in range(3):
        assert await reader.read(LINES) == here(LINES)
        await asyncio.sleep(0.01)
    assert (reader._second, reader._starting) == (None, None)
    await reader.close()


async def test_closing_ends_the_second_process_also_while_it_starts() -> None:
    """Nothing of it is left behind."""
    ready, starting = Reader(full=2), Reader(full=2)
    pid = await second(ready)
    await starting.read(LINES)
    await asyncio.sleep(0.05)
    await asyncio.gather(ready.close(), starting.close())
    assert not alive(pid)
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
    assert [one for one in children if b"readers" in Path(f"/proc/{one}/cmdline").read_bytes()] == []


@pytest.mark.parametrize("idle", [60.0, 0.1])
def test_the_second_process_ends_when_nobody_asks_any_more(idle: float) -> None:
    """Whoever asked was killed, and its pipe is closed; or nobody has asked for long, and it is open."""
    code = f"from handlers.x import readers; readers.IDLE_SECONDS = {idle}; readers.serve()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as serving:
        assert serving.stdin is not None
        if idle > 1:
            serving.stdin.close()
        assert serving.wait(timeout=30) == 0


async def test_a_full_stream_loses_nothing_though_the_second_process_is_killed(
    x: XStandin, sqlite_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    """Hundreds of posts in a breath, two helpers shot on the way: each in the log, once, with its terms."""
    monkeypatch.setattr(readers, "AGAIN_SECONDS", 0.0)
    shot: set[int] = set()
    texts: list[str] = []

    async def say(count: int) -> None:
        for _ in range(count):
            texts.append(f"R1 mensaje {len(texts):03} #coral")
            await x.post("ana", texts[-1])

    async def another(reader: Reader) -> int:
        """A helper that was not shot, which is called as long as something is said."""
        async with asyncio.timeout(30):
            while (helper := reader._second) is None or helper.returncode is not None or helper.pid in shot:
                await say(1)
                await asyncio.sleep(0.01)
        return helper.pid

    async with listening(x, sqlite_store) as bot:
        reader = bot.ears.hearing._reader = Reader(full=1)
        for _ in range(2):
            await say(100)
            helper = await another(reader)
            os.kill(helper, signal.SIGKILL)
            shot.add(helper)
        await say(100)
        await until(lambda: len(bot.rows()) == len(texts))
        await bot.ears.hearing.settled()
        rows = bot.rows()
        assert [row.text for row in rows] == texts
        assert [row.terms for row in rows] == [analyser.terms(text) for text in texts]
        assert (len(shot), bot.intake.counts.quarantined) == (2, 0)


async def test_what_is_read_elsewhere_is_no_more_strange_than_here(bot: Listening) -> None:
    """A line of no known kind is kept to be looked at, by its own reason."""
    for number in range(40):
        bot.ears.hearing.take(b'{"data": {"id": "x", "text": "%d"}}' % number)
    await bot.ears.hearing.settled()
    assert bot.ears.hearing.counts.strange == 40
    assert bot.intake.counts.quarantined == 40
