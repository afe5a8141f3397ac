"""What the bot writes of itself: for people on a terminal, as JSON lines anywhere else; secrets never.

Everything, also what libraries say through ``logging``, ends in one formatter, and what that has written is searched
for secrets once more, whatever it came from: a value, an exception's text, an address.
"""

import logging
import os
import re
import sys
import threading
from collections.abc import Iterable
from types import TracebackType
from typing import TextIO

import structlog
from structlog.typing import Processor

HIDDEN = "[oculto]"
# A secret of fewer letters would be found in ordinary words, and is none.
SHORTEST_SECRET = 6

_SECRETS = re.compile(
    r"""(?:xox[a-z]|xapp|xoxe\.xox[a-z])-[\w.-]+            # Slack's tokens, whatever their kind
    |(?<=://)[^\s/@:'"]+:[^\s/@'"]+(?=@)                    # user and password in an address
    |(?<=hooks\.slack\.com/)(?:services|commands|actions|workflows|app)/[^\s'"<>]+
    |(?<=/entrar/)[\w-]{16,}                              # a moderator's way in
    |(?i:(?<=bearer\s)|(?<=basic\s))[\w.~+/=-]{6,}
    |(?i:(?<=ticket=)|(?<=token=)|(?<=secret=)|(?<=password=)|(?<=signature=))[^\s&'"<>,)}\]]+
    |(?i:(?<="token":\s")|(?<='token':\s')|(?<="ticket":\s")|(?<='ticket':\s'))[^'"]+""",
    re.VERBOSE,
)


class Redactor:
    """Takes secrets out of a text: the ones it was told, and whatever looks like one."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        """``secrets`` are exact values, such as those of the settings."""
        told = sorted({one for one in secrets if len(one) >= SHORTEST_SECRET}, key=len, reverse=True)
        self._told = re.compile("|".join(map(re.escape, told))) if told else None

    def __call__(self, text: str) -> str:
        """The text without its secrets."""
        if self._told is not None:
            text = self._told.sub(HIDDEN, text)
        return _SECRETS.sub(HIDDEN, text)


class _Formatter(structlog.stdlib.ProcessorFormatter):
    """Writes a record, and then looks at what it wrote."""

    def __init__(self, redact: Redactor, *, processors: list[Processor], before: list[Processor]) -> None:
        super().__init__(processors=processors, foreign_pre_chain=before)
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        """The record as one text without secrets."""
        return self._redact(super().format(record))


# Libraries that tell of each step they take; what they warn of is worth reading.
CHATTY = ("alembic", "apscheduler", "uvicorn", "asyncio", "aiohttp.access", "slack_bolt", "slack_sdk")


def set_up(level: str = "info", *, secrets: Iterable[str] = (), stream: TextIO | None = None) -> None:
    """Everything from ``level`` on goes to the stream (standard error), secrets hidden; also what nobody has caught."""
    out = stream if stream is not None else sys.stderr
    people = out.isatty()
    before: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="%H:%M:%S" if people else "iso", utc=not people),
    ]
    handler = logging.StreamHandler(out)
    handler.setFormatter(_Formatter(Redactor(secrets), processors=_writing(people), before=before))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for chatty in CHATTY:
        logging.getLogger(chatty).setLevel(max(logging.WARNING, root.level))
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *before,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    sys.excepthook = _uncaught
    threading.excepthook = lambda caught: _uncaught(caught.exc_type, caught.exc_value, caught.exc_traceback)


def _writing(people: bool) -> list[Processor]:
    """What turns an event into text. Tracebacks are plain: those with local variables would show what is in them."""
    meta = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    if people:
        colours = "NO_COLOR" not in os.environ
        plain = structlog.dev.plain_traceback
        return [meta, structlog.dev.ConsoleRenderer(colors=colours, exception_formatter=plain)]
    return [
        meta,
        structlog.processors.format_exc_info,
        structlog.processors.UnicodeDecoder(),
        structlog.processors.JSONRenderer(ensure_ascii=False),
    ]


def _uncaught(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    known = (kind, error, trace) if error is not None else None
    logging.getLogger("tertulia").critical("nadie lo ha recogido", exc_info=known)
