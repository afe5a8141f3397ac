"""A platform that could not be reached at the start is joined when it is back; the debate goes on without it."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import count

import structlog

from bot import errors

# How long at most to wait before it is tried again (seconds).
LONGEST_WAIT = 60.0


async def later(enter: Callable[[], Awaitable[None]], platform: str) -> None:
    """``enter`` has done it, or has found that our keys will never do; ``NotNow`` is what it raises until then."""
    for attempt in count():
        await asyncio.sleep(min(2.0 * 2 ** min(attempt, 5), LONGEST_WAIT))
        try:
            await enter()
        except errors.NotNow:
            continue
        except errors.BadToken as bad:
            structlog.get_logger().error(f"{platform} does not let us in", why=str(bad))
        return
