"""What a debate costs on X: what ``tertulia debate check`` said before it is what X's own meter says after it."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.console import Terminal, tertulia
from tests.test_x_together import Evening, evening
from tests.waiting import until

__all__ = ["tertulia"]

POSTS, PEOPLE = 1_000, 150
DEBATE = """
title = "El CXO"
starts = {starts}
timezone = "UTC"
hashtag = "CXO"
questions = ["¿Qué perfil?", "¿De quién depende?", "¿Qué mide?"]
[pace]
minutes = "20s"
first = "1s"
every = "3s"
label = "2s"
warning = "0s"
wrap_up = "1s"
grace = "12s"
announce = "0s"
reminders = []
[where]
slack = false
x = true
"""


async def test_debate_of_a_thousand_posts_costs_what_was_forecast(tmp_path: Path, tertulia: Terminal) -> None:
    """The whole evening on X, with edits, reposts, a stream that breaks and the sweeps after it: within a tenth."""
    tertulia.monkeypatch.setenv("TERTULIA_WEB_URL", "http://debates.example.org")
    forecast = _forecast(tertulia)
    async with evening(tmp_path) as held:
        held.slug = "1"
        await _talked(held)
        await until(lambda: held.phase() == "closed", 90)
        await until(lambda: _count(held, "message WHERE platform = 'x'") == POSTS and _swept(held), 60)
        await until(lambda: _count(held, "identity WHERE name != ''") == PEOPLE)
        bill, counts = held.x.meter.usd, dict(held.x.meter.counts)

    said = {item["kind"]: item["count"] for item in forecast["items"]}
    assert (bill, forecast["usd"] * 0.9 <= bill <= forecast["usd"] * 1.1) == (bill, True), (said, counts)
    assert set(counts) <= set(said) | {"owned_read"}
    assert {kind: counts[kind] for kind in said if kind != "post_read"} == {
        kind: count for kind, count in said.items() if kind != "post_read"
    }


def _forecast(tertulia: Terminal) -> dict[str, Any]:
    """What a debate that begins in some seconds will cost, says ``debate check``; it is debate 1."""
    starts = datetime.now(UTC) + timedelta(seconds=5)
    tertulia.write("debate.toml", DEBATE.format(starts=f"{starts:%Y-%m-%dT%H:%M:%S}"))
    assert tertulia("debate", "add", "debate.toml").out == "1\n"
    asked = ("--posts", str(POSTS), "--people", str(PEOPLE), "--json")
    forecast: dict[str, Any] = tertulia("debate", "check", "1", *asked).json["forecast"]
    return forecast


async def _talked(held: Evening) -> None:
    """A thousand posts, half of them in answer to the question that stands; one in fifty is edited or reposted."""
    await until(lambda: any(post.text.startswith("P1 ") for post in held.x.posts))
    people = [held.x.person(f"Persona {number}", f"persona{number}") for number in range(PEOPLE)]
    for number in range(POSTS):
        question = [post.id for post in held.x.posts if post.text.startswith("P")][-1]
        text, author = f"R1 Idea {number} #CXO", people[number % PEOPLE]
        posted = await held.x.post(author, text, reply_to=question if number % 2 else None)
        if number % 50 == 0:
            held.x.edit(posted, f"R1 Idea {number}, mejor dicha #CXO")
        if number % 50 == 1:
            await held.x.repost(people[0], posted)
        if number == POSTS // 2:
            held.x.disconnect()
        if number % 10 == 0:
            await asyncio.sleep(0.02)


def _count(held: Evening, what: str) -> int:
    with held.app.store.read() as tx:
        return int(tx.conn.exec_driver_sql(f"SELECT count(*) FROM {what}").scalar_one())


def _swept(held: Evening) -> bool:
    platform = held.app.x
    return platform is not None and platform.ears is not None and platform.ears.reconciler.counts.sweeps > 0
