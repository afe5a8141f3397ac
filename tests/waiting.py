"""Waiting for what comes by itself: as long as a busy machine needs, and no longer."""

import asyncio
from collections.abc import Callable

# Nothing here takes a second on a machine that is free; one that has much to do fails no test by being slow.
PATIENCE = 30.0


async def until(condition: Callable[[], object], seconds: float = PATIENCE) -> None:
    """The condition holds; fails the test when it does not within these seconds."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  (the world outside gives no signal)
            await asyncio.sleep(0.01)
