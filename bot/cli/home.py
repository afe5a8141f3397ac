"""What a command works with: the settings of this folder, the database brought up to date, the time, the language."""

from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

from bot.cli.language import speaking

if TYPE_CHECKING:
    from bot.config import Settings
    from bot.store.engine import Store, Tx
    from bot.tables import Debate

T = TypeVar("T")

# How long one thread may keep the interpreter. With Python's own 5 ms the writer's thread keeps the loop from sending
# what it has just committed: measured with Slack events on a busy machine, this halves the latency at 200/s.
SWITCH_SECONDS = 0.0001


def settings() -> "Settings":
    """The settings; raises ``BadSetting`` in the language of the terminal."""
    from bot.config import load

    return load(speaking().locale)


@contextmanager
def opened() -> "Iterator[Store]":
    """The database, made or brought up to date on first use, closed afterwards."""
    from bot.store import schema
    from bot.store.engine import Store

    store = Store(settings().database_url)
    try:
        schema.upgrade(store)
        yield store
    finally:
        store.close()


def run(work: "Coroutine[object, object, T]") -> T:
    """What the work returns, on the quickest loop that this system has."""
    import asyncio
    import sys

    sys.setswitchinterval(SWITCH_SECONDS)
    try:
        from uvloop import new_event_loop
    except ImportError:  # Windows has none
        return asyncio.run(work)
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(work)


def write(action: "Callable[[Tx], T]", *, once: bool = False) -> T:
    """The action's change is committed; a running bot sees it within a second. ``once`` as for ``Store.write``."""
    with opened() as store:
        return store.write(action, once=once)


def read(action: "Callable[[Tx], T]") -> T:
    """What the action reads from the database."""
    with opened() as store, store.read() as tx:
        return action(tx)


def on_debate(debate: str, verb: "Callable[[Tx, Debate], T]") -> T:
    """The verb is done to the debate of an id or slug, and committed; raises ``NoSuchDebate``."""
    from bot.store import debates

    return write(lambda tx: verb(tx, debates.get(tx, debate)))


def now() -> datetime:
    """The time of this command, in UTC."""
    return datetime.now(UTC)
