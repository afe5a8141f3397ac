"""The writer: one thread that owns the write connection and commits in groups.

It takes all that waits, runs each action in its own savepoint, commits once, and then answers each caller. An
action that fails is rolled back alone; a commit that fails fails everybody who was in it. One that another process's
commit waited for, and that waited for that one, is done again, each action by itself.
"""

import asyncio
import queue
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, NamedTuple, TypeVar

import sqlalchemy as sa
import structlog

from bot import errors
from bot.store import index
from bot.store.engine import TRIES, Store, Tx, gave_way

T = TypeVar("T")
_log = structlog.get_logger(__name__)

# More actions than this waiting means the disk does not keep up: callers are told, platforms send again.
MOST_WAITING = 20_000
# Search's index follows the log at this pace (seconds), in pieces that keep nobody waiting for long (messages).
INDEX_SECONDS = 0.1
INDEX_AT_ONCE = 250
INDEX_AGAIN_SECONDS = 5.0
# One commit takes at most this many actions, so that the first does not wait for the last.
GROUP = 256
# So long (seconds) what is patient lets others go before it.
LET_BY_SECONDS = 0.05


class _Job(NamedTuple):
    """An action, the loop in which its caller waits, and the caller's answer.

    What is patient lets others go before it until ``turn`` (monotonic seconds; None: it is not); what is ``told_again``
    may be lost when the power fails.
    """

    action: Callable[[Tx], Any]
    loop: asyncio.AbstractEventLoop
    answer: "asyncio.Future[Any]"
    turn: float | None
    told_again: bool


class Committed:
    """What one group commit changed: ids of debates, and whether posts or cues wait."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.debates: set[int] = set()
        self.outbox = False
        self.cues = False
        self.scrub = False
        self.unindexed = False

    def add(self, tx: Tx) -> None:
        """Take up what one action noted."""
        self.debates |= tx.touched
        self.outbox |= tx.outbox
        self.cues |= tx.cues
        self.scrub |= tx.scrub
        self.unindexed |= tx.unindexed


def _first(error: Exception) -> Exception:
    """What went wrong in the database at first: a full disk undoes the savepoints, and then those are missed."""
    while isinstance(error.__context__, sa.exc.DBAPIError):
        error = error.__context__
    return error


def _in_trouble(error: Exception) -> bool:
    """Whether the database is locked, full or gone, or has shut us out: nothing of the group is safe then."""
    return isinstance(error, sa.exc.OperationalError) or (
        isinstance(error, sa.exc.DBAPIError) and error.connection_invalidated
    )


class Writer:
    """Runs actions one after the other on the one write connection."""

    def __init__(self, store: Store) -> None:
        """Bind to a store; ``start`` begins."""
        self._store = store
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._waiting = 0
        self._patient: deque[_Job] = deque()  # those that let others go before them
        self._pausing: set[asyncio.Future[None]] = set()
        self._stopped = False
        self._thread = threading.Thread(target=self._work, name="writer", daemon=True)
        self._listeners: list[Callable[[Committed], None]] = []
        self._memory: dict[object, Any] = {}
        self._behind = True  # a writer that was killed may have left the index some of its messages
        self._index_at: float | None = None
        self.trouble: str = ""  # why the last commit failed; empty while all is well
        self.last_commit = time.monotonic()

    def start(self) -> None:
        """The thread runs."""
        self._thread.start()

    def stop(self) -> None:
        """What was waiting is committed and the thread has ended."""
        self._stopped = True
        self._jobs.put(None)
        self._thread.join()

    def on_commit(self, listener: Callable[[Committed], None]) -> None:
        """The listener is called in the writer's thread after each commit that touched something."""
        self._listeners.append(listener)

    def do(self, action: Callable[[Tx], T], *, patient: bool = False, told_again: bool = False) -> Awaitable[T]:
        """An awaitable of the action's result, done once it is committed; raises ``Overloaded`` at once when full.

        What is ``patient`` lets others go before it, for a moment, and shares no commit with them. What is
        ``told_again``, should it be lost, is safe from a kill when it is done, and from a cut of the power a second
        later.
        """
        if self._waiting >= MOST_WAITING or self._stopped:
            raise errors.Overloaded
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._waiting += 1
        turn = time.monotonic() + LET_BY_SECONDS if patient else None
        self._jobs.put(_Job(action, loop, future, turn, told_again))
        return future

    async def pause(self, at_most: float) -> None:
        """Nobody waits for a commit, or the time (seconds) is over: the moment for work that can wait."""
        if not self._waiting:
            return
        pause: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._pausing.add(pause)
        try:
            async with asyncio.timeout(at_most):
                await pause
        except TimeoutError:
            pass
        finally:
            self._pausing.discard(pause)

    def _work(self) -> None:
        conn: sa.Connection | None = None
        ending = False
        while not ending:
            jobs, ending = self._take(self._index_at)
            if jobs:
                conn = self._together(conn, jobs)
            if self._index_at is not None and (ending or self._index_due(self._index_at)):
                conn = self._index(conn, most=index.ALL if ending else INDEX_AT_ONCE)
        if conn is not None:
            conn.close()

    def _together(self, conn: sa.Connection | None, jobs: list[_Job], tries: int = TRIES) -> sa.Connection | None:
        """The jobs are done in one commit and answered; returns the connection, or None where a new one is needed."""
        try:
            if conn is None:
                conn = self._store.writing()
            done, committed = self._commit(conn, jobs)
        except Exception as raised:  # noqa: BLE001  (whatever the disk did, each caller must hear of it)
            error = _first(raised)
            self._memory.clear()
            self._reopen(conn)
            if gave_way(error) and tries > 1:
                return self._one_by_one(jobs, tries - 1)
            self.trouble = f"{type(error).__name__}: {error}".splitlines()[0]
            self._answer([(job, None, error) for job in jobs])
            return None
        self.trouble = ""
        self.last_commit = time.monotonic()
        self._answer(done)
        if self._store.sqlite and self._index_at is None and (committed.unindexed or self._behind):
            self._index_at, self._behind = self.last_commit + INDEX_SECONDS, False
        if committed.debates or committed.outbox or committed.cues or committed.scrub:
            self._tell(committed)
        return conn

    def _one_by_one(self, jobs: list[_Job], tries: int) -> sa.Connection | None:
        """Each job is done in a commit of its own: what is alone seldom waits for two things in another's hand."""
        conn = None
        for job in jobs:
            conn = self._together(conn, [job], tries)
        return conn

    def _index_due(self, at: float) -> bool:
        """Whether search's index, that was to follow then, does so now: who waits goes before it, for a moment."""
        late = time.monotonic() - at
        return late >= LET_BY_SECONDS or (late >= 0.0 and self._jobs.empty())

    def _index(self, conn: sa.Connection | None, *, most: int) -> sa.Connection | None:
        """Search's index has followed for a piece; what keeps it from that now may be gone a moment later."""
        try:
            if conn is None:
                conn = self._store.writing()
            with self._store.begin(conn, lazily=True):  # what is lost of it is made again from the log
                more = index.follow(conn, most=most)
        except Exception as error:  # noqa: BLE001  (locked, full, away: who writes hears of it, search comes later)
            _log.warning("search is behind the log", why=f"{type(error).__name__}: {error}".splitlines()[0])
            self._index_at = time.monotonic() + INDEX_AGAIN_SECONDS
            return self._reopen(conn)
        self._index_at = time.monotonic() + INDEX_SECONDS if more else None
        return conn

    def _tell(self, committed: Committed) -> None:
        for listener in self._listeners:
            try:
                listener(committed)
            except Exception:  # noqa: BLE001  (who listens must not end the only thread that writes)
                _log.exception("writer.listener_failed")

    def _take(self, until: float | None) -> tuple[list[_Job], bool]:
        """All that waits, up to a group, and whether it was the last; nothing where nothing came until then.

        What is patient comes by itself, when nothing else waits or it has waited for long enough.
        """
        if self._patient and (self._patient[0].turn or 0.0) <= time.monotonic():
            return [self._patient.popleft()], False
        jobs, ending = self._waited(0.0 if self._patient else until)
        if ending:
            return [*self._patient, *jobs], True
        self._patient += [job for job in jobs if job.turn is not None]
        hurried = [job for job in jobs if job.turn is None]
        if not hurried and self._patient:
            return [self._patient.popleft()], False
        return hurried, False

    def _waited(self, until: float | None) -> tuple[list[_Job], bool]:
        try:
            first = self._jobs.get(timeout=None if until is None else max(until - time.monotonic(), 0.0))
        except queue.Empty:
            return [], False
        if first is None:
            return [], True
        jobs = [first]
        while len(jobs) < GROUP:
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                break
            if job is None:
                return jobs, True
            jobs.append(job)
        return jobs, False

    def _commit(
        self, conn: sa.Connection, jobs: list[_Job]
    ) -> tuple[list[tuple[_Job, Any, BaseException | None]], Committed]:
        committed = Committed()
        begin = partial(self._store.begin, conn, lazily=all(job.told_again for job in jobs))
        if len(jobs) == 1:
            # Alone it needs no savepoint: what fails takes only itself back.
            return [self._act(conn, jobs[0], begin, committed)], committed
        with begin():
            return [self._act(conn, job, conn.begin_nested, committed) for job in jobs], committed

    def _act(
        self, conn: sa.Connection, job: _Job, begin: Callable[[], sa.Transaction], committed: Committed
    ) -> tuple[_Job, Any, BaseException | None]:
        """The action has run in its transaction or savepoint, or is undone with its error; a disk in trouble raises."""
        tx = Tx(conn, self._memory)
        transaction = begin()
        try:
            result = job.action(tx)
            tx.finish()
        except Exception as error:  # an action's own failure is its caller's
            if transaction.is_active:  # a failed flush has rolled it back already
                transaction.rollback()
            if _in_trouble(error):
                raise
            self._memory.clear()  # it may remember what has just been undone
            return job, None, error
        finally:
            tx.drop()
        transaction.commit()
        committed.add(tx)
        return job, result, None

    @staticmethod
    def _reopen(conn: sa.Connection | None) -> None:
        if conn is not None:
            conn.invalidate()
            conn.close()

    def _answer(self, done: list[tuple[_Job, Any, BaseException | None]]) -> None:
        by_loop: dict[asyncio.AbstractEventLoop, list[tuple[_Job, Any, BaseException | None]]] = {}
        for one in done:
            by_loop.setdefault(one[0].loop, []).append(one)
        for loop, answers in by_loop.items():
            try:
                loop.call_soon_threadsafe(self._settle, answers)
            except RuntimeError:  # the loop has closed: nobody is waiting any more
                self._waiting -= len(answers)

    def _settle(self, answers: list[tuple[_Job, Any, BaseException | None]]) -> None:
        self._waiting -= len(answers)
        if not self._waiting:
            for pause in self._pausing:
                if not pause.done():
                    pause.set_result(None)
        for job, result, error in answers:
            if job.answer.cancelled():
                continue
            if error is None:
                job.answer.set_result(result)
            else:
                job.answer.set_exception(error)
