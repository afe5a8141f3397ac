"""A client of X and the stand-in that it speaks to, for the tests: what it asked, and what it said was billed."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from handlers.x.client import Keys, XClient, XRefused

from tests.standin_x.server import XStandin


class Caller:
    """A client, the stand-in that it speaks to, and what it said was billed."""

    def __init__(self, x: XStandin, client: XClient, bill: list[tuple[str, list[str]]]) -> None:
        self.x = x
        self.client = client
        self.bill = bill

    def billed(self) -> dict[str, int]:
        """How many of each kind were billed, each id once, as the stand-in reckons too."""
        kinds: dict[str, set[str]] = {}
        for kind, ids in self.bill:
            kinds.setdefault(kind, set()).update(ids)
        return {kind: len(ids) for kind, ids in kinds.items()}


def keys_of(x: XStandin) -> Keys:
    """What lets us into the stand-in."""
    return Keys(x.bearer, *x.keys)


@pytest.fixture
async def caller() -> AsyncIterator[Caller]:
    """A started client at a stand-in where search lags behind nothing."""
    async with XStandin(rule_delay=0, search_lag=0) as x:
        bill: list[tuple[str, list[str]]] = []
        client = XClient(keys_of(x), x.url, billed=lambda kind, ids: bill.append((str(kind), list(ids))))
        await client.start()
        yield Caller(x, client, bill)
        await client.close()


async def refused(call: Any) -> XRefused:
    """What the call was refused with."""
    with pytest.raises(XRefused) as error:
        await call
    return error.value
