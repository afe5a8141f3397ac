"""The bot in a process of its own that is up at once: forked from one that has loaded the program and done nothing yet.

What runs is what ``python -m bot run`` runs, in its own folder, with its own settings and output; the second or two
that loading takes are spent once for all of them.
"""

import asyncio
import multiprocessing
import os
import signal
import sys
import threading
from datetime import UTC, datetime
from multiprocessing.process import BaseProcess
from pathlib import Path

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(
    [__name__, "bot.cli.main", "bot.app", "handlers.slack.platform", "handlers.slack.reception", "handlers.x.platform"]
)


def bot_in(folder: Path, environment: dict[str, str]) -> BaseProcess:
    """``tertulia run`` is on its way; what it says is added to ``output.txt`` in its folder."""
    process = _FORKS.Process(target=_run, args=(folder, environment), daemon=True)
    process.start()
    return process


def _run(folder: Path, environment: dict[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    output = os.open("output.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(output, 1)
    os.dup2(output, 2)
    sys.argv = ["tertulia", "run"]
    from bot.cli.main import main

    main()


def freezing_clock_on(database: str, thawed: Path) -> BaseProcess:
    """The clock of a bot goes in a process that stands still as soon as it has done a cue, before that is committed.

    Sent on, it writes into ``thawed`` what became of its change, and goes on as a clock.
    """
    process = _FORKS.Process(target=_freeze, args=(database, thawed), daemon=True)
    process.start()
    return process


def _freeze(database: str, thawed: Path) -> None:
    from bot import logs
    from bot.actions import clock
    from bot.ports import House
    from bot.store.engine import Store, Tx
    from bot.writer import Writer
    from schedules.runner import Runner

    # What is to be seen is what it writes into ``thawed``; structlog's own way of painting an error takes ten seconds.
    logs.set_up("critical")
    real, frozen, troubles = clock.do_all_due, list[bool](), list[str]()

    def do_all_due(tx: Tx, *, now: datetime, house: House, most: int) -> datetime | None:
        if writer.trouble:
            troubles.append(writer.trouble)  # it is forgotten with the next commit
        soonest = real(tx, now=now, house=house, most=most)
        tx.finish()
        if not frozen:
            frozen.append(True)
            # To this thread: one that is sent to the process may let it go on to the commit.
            signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)
        return soonest

    clock.do_all_due = do_all_due
    store = Store(database)
    writer = Writer(store)

    async def go() -> None:
        writer.start()
        Runner(store, writer, House(), now=lambda: datetime.now(UTC)).start()
        while not (trouble := next(iter(troubles), "") or writer.trouble):  # noqa: ASYNC110  (a thread sets it)
            await asyncio.sleep(0.01)
        # It looks twice more meanwhile, and would do again what it had been doing.
        await asyncio.sleep(1.2)
        thawed.write_text(trouble)
        await asyncio.sleep(60)

    asyncio.run(go())
