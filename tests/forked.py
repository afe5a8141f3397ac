"""The bot in a process of its own that is up at once: forked from one that has loaded the program and done nothing yet.

What runs is what ``python -m bot run`` runs, in its own folder, with its own settings and output; the second or two
that loading takes are spent once for all of them.
"""

import multiprocessing
import os
import sys
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
