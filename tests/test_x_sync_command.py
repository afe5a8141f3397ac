"""``tertulia x sync``: the price first, then the look, then what it has found."""

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from bot.store import gone, schema
from bot.store.engine import Store
from bot.writer import Writer

from tests.console import Terminal, tertulia
from tests.standin_x.server import XStandin
from tests.x_held import Log

__all__ = ["tertulia"]  # a fixture

T = TypeVar("T")


class Apart:
    """A strict X in a thread of its own, and a debate that was held there, in the folder of a terminal."""

    def __init__(self, store: Store) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever)
        self._thread.start()
        self.x = self.do(XStandin(strict_rates=False).__aenter__())
        self.held = Log(self.x, store, Writer(store))

    def do(self, work: Coroutine[object, object, T]) -> T:
        """What the work returns, done over there."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(10)

    def end(self) -> None:
        """X is away."""
        self.do(self.x.__aexit__(None, None, None))
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()


@pytest.fixture
def apart(tertulia: Terminal, tmp_path: Path) -> Iterator[Apart]:
    """The X that the terminal's settings name, with two posts in the log of which one is gone."""
    store = Store(f"sqlite:///{tmp_path / 'tertulia.db'}")
    schema.upgrade(store)
    found = Apart(store)
    taken_back = found.do(found.held.says("anacleta", "El xilofonista #coral"))
    found.do(found.held.says("bea", "Una planta #coral"))
    found.x.delete(taken_back)
    tertulia.write(".env", f"X_BEARER_TOKEN={found.x.bearer}\nX_API_URL={found.x.url}\n")
    yield found
    found.end()
    store.close()


def test_the_price_is_named_and_nothing_asked_without_a_yes(tertulia: Terminal, apart: Apart) -> None:
    """A script that does not say --yes is refused with the price."""
    got = tertulia("x", "sync")

    assert (got.code, got.out) == (1, "")
    assert got.err.splitlines()[0].startswith("Mirar 2 publicaciones en X cuesta 0.01 $: 2 a 0.005 $ (precios del 2026")
    assert got.err.splitlines()[1] == (
        "Mirar 2 publicaciones en X cuesta 0.01 $. No se ha mirado nada; si te parece bien, añade --yes."
    )
    assert apart.x.requests == []


def test_a_yes_makes_the_log_as_x_stands(tertulia: Terminal, apart: Apart, tmp_path: Path) -> None:
    """No byte of what went is left in the file or in its log; who does it again pays nothing, and need not say yes."""
    got = tertulia("x", "sync", "1", "--yes")
    assert (got.code, got.out) == (0, "«Los corales»: 2 miradas, 1 borradas, 0 cambiadas.\n")
    again = tertulia("x", "sync")
    assert (again.code, again.out) == (0, "«Los corales»: 1 miradas, 0 borradas, 0 cambiadas.\n")

    left = b"".join(one.read_bytes() for one in tmp_path.glob("tertulia.db*"))
    ident = apart.held.rows()[0].platform_id
    assert ident.startswith(gone.MARK)
    assert [word for word in ("xilofonista", "Anacleta", *apart.x.world.posts) if word.encode() in left] == [
        apart.held.rows()[1].platform_id
    ]


def test_a_program_gets_figures(tertulia: Terminal, apart: Apart) -> None:
    """With --json: what it cost, and what was found in each debate."""
    refused = tertulia("x", "sync", "--json")
    assert (refused.code, refused.err.count("\n")) == (1, 1)

    assert tertulia("x", "sync", "--yes", "--json").json == {
        "usd": 0.01,
        "paid": 2,
        "debates": [{"id": "1", "title": "Los corales", "posts": 2, "deleted": 1, "edited": 0, "unclear": 0}],
    }


def test_a_yes_does_not_pass_the_budget(tertulia: Terminal, apart: Apart) -> None:
    """The figures are told, and nothing is asked."""
    tertulia.monkeypatch.setenv("X_BUDGET_USD", "0.005")
    got = tertulia("x", "sync", "--yes")

    assert got.err.splitlines()[-1] == (
        "Mirar 2 publicaciones en X cuesta 0.01 $ y el tope es 0.01 $ (X_BUDGET_USD). No se ha mirado nada."
    )
    assert (got.code, apart.x.requests) == (1, [])


def test_without_a_token_nothing_is_looked_up(tertulia: Terminal) -> None:
    """The missing setting is named."""
    assert "X_BEARER_TOKEN" in tertulia("x", "sync").refusal
