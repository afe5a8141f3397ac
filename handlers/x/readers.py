"""Who reads the lines of the stream: the bot itself while few come, a second process while the stream is full.

Reading a post, and finding in it the labels and the words that search goes by, takes as long as all the rest that
happens to it on its way into the log, and meanwhile nobody else would get a word in. The second process knows nothing
but the lines: it has no settings, no database and no secrets. Where it stops, the bot reads on by itself.
"""

import asyncio
import contextlib
import os
import pickle
import select
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from typing import NamedTuple

import structlog

from bot import analyser, filing
from handlers.x import posts
from handlers.x.posts import Line, Strange

# So many lines at once make a stream full; fewer are read in less time than it takes to ask somebody.
FULL = 6
# The second process has so long to answer (seconds), and is given another try so long after it failed.
PATIENCE_SECONDS = 5.0
AGAIN_SECONDS = 60.0
# When nobody has asked it anything for so long (seconds), it ends.
IDLE_SECONDS = 300.0
_LENGTH = 4  # the bytes that say how long a question or an answer is
_LIMIT = 1 << 20  # so much of an answer may wait in its pipe (bytes)


class Read(NamedTuple):
    """What a line says, its post with terms and marks; or (``line`` is None) why it says nothing."""

    line: Line | None
    why: str = ""


def read(raw: bytes) -> Read:
    """What a line of the stream says; raises nothing, for a line may be anything and the next one must be read."""
    try:
        line = posts.line(raw)
        post = line.post
        if post is None:
            return Read(line)
        return Read(line._replace(post=post._replace(terms=analyser.terms(post.text), marks=filing.marks(post.text))))
    except Strange as strange:
        return Read(None, why=str(strange))
    except Exception as error:  # noqa: BLE001  (a defect of ours: the line is kept with its name)
        return Read(None, why=f"{type(error).__name__}: {error}")


class Reader:
    """Reads lines here or in a second process, which ``close`` ends."""

    def __init__(self, *, full: int = FULL) -> None:
        """``full``: from so many lines at once on a second process reads them."""
        self._full = full
        self._second: Process | None = None
        self._starting: asyncio.Task[None] | None = None
        self._again_at = float("-inf")

    async def read(self, lines: Sequence[bytes]) -> Sequence[Read]:
        """What the lines say, each by itself, in their order."""
        if len(lines) >= self._full:
            if self._second is not None and self._second.returncode is None:
                try:
                    return await _ask(self._second, lines)
                except Exception as error:  # noqa: BLE001  (killed, upgraded beneath us: the lines are read all the same)
                    await self._lost(self._second, error)
            elif self._starting is None and asyncio.get_running_loop().time() >= self._again_at:
                self._starting = asyncio.create_task(self._start())
        return [read(one) for one in lines]

    async def close(self) -> None:
        """The second process has ended."""
        starting, second = self._starting, self._second
        self._starting = self._second = None
        if starting is not None:
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)
        if second is not None:
            await _end(second)

    async def _start(self) -> None:
        """The second process is there and has answered once; until then everything is read here."""
        second: Process | None = None
        try:
            # It is given the way to our code, and none of our secrets.
            second = await asyncio.create_subprocess_exec(
                sys.executable, "-P", "-c", f"from {__name__} import serve; serve()", stdin=PIPE, stdout=PIPE,
                env={"PYTHONPATH": os.pathsep.join(sys.path)}, limit=_LIMIT,
            )  # fmt: skip
            await _ask(second, [b""])
        except Exception as error:  # noqa: BLE001  (no memory, no interpreter: it is not missed)
            await self._lost(second, error)
        except asyncio.CancelledError:
            if second is not None:
                await _end(second)
            raise
        else:
            self._second = second
        finally:
            self._starting = None

    async def _lost(self, second: Process | None, error: Exception) -> None:
        structlog.get_logger().warning("x's stream is read without help", why=f"{type(error).__name__}: {error}")
        self._again_at = asyncio.get_running_loop().time() + AGAIN_SECONDS
        self._second = None
        if second is not None:
            await _end(second)


async def _ask(second: Process, lines: Sequence[bytes]) -> Sequence[Read]:
    if second.stdin is None or second.stdout is None:
        raise EOFError
    async with asyncio.timeout(PATIENCE_SECONDS):
        second.stdin.write(_framed(b"\n".join(lines)))
        await second.stdin.drain()
        length = int.from_bytes(await second.stdout.readexactly(_LENGTH))
        told: Sequence[Read] = pickle.loads(await second.stdout.readexactly(length))  # noqa: S301  (our own words)
    if len(told) != len(lines):
        raise EOFError
    return told


async def _end(second: Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        second.kill()
    await second.wait()


def _framed(content: bytes) -> bytes:
    return len(content).to_bytes(_LENGTH) + content


# --- the second process ----------------------------------------------------------------------------------------------


def serve() -> None:
    """Lines are read and answered until nobody asks any more, or whoever asked has ended or was killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who asks ends it, and says nothing about it
    os.nice(5)  # for whoever waits for an answer of the bot's it must not be in the way
    questions, answers = sys.stdin.buffer, sys.stdout.buffer
    while select.select([questions], [], [], IDLE_SECONDS)[0] and (length := questions.read(_LENGTH)):
        lines = questions.read(int.from_bytes(length)).split(b"\n")
        answers.write(_framed(pickle.dumps([read(one) for one in lines], protocol=pickle.HIGHEST_PROTOCOL)))
        answers.flush()
