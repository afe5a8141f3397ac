"""The platform's end of the wire, in a process of its own: a local Slack that is told what to send.

    python -m bench.slack_source PEOPLE CHANNELS [sockets]

Orders and answers are lines of JSON (``running.Child``). Events are real ones in shape: a message of a thread, with
blocks, in the full envelope of the Events API, about 1.5 kB.
"""

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from itertools import count
from typing import Any

from handlers.slack.standin.server import SlackStandin
from handlers.slack.standin.shapes import InstalledApp, Timing

from bench import data
from bench.measure import percentile

BOT_TOKEN, APP_TOKEN = "xoxb-bench", "xapp-bench"
# One in so many begins a thread of its own; the others answer in it.
THREAD = 14


class Source:
    """The stand-in and what it has been made to send."""

    def __init__(self, slack: SlackStandin, people: int) -> None:
        self.slack = slack
        self._events = _events(people)

    async def obey(self, order: dict[str, Any]) -> dict[str, Any]:
        """What came of an order."""
        match order["do"]:
            case "blast":
                return await self._blast(order["count"], order["rate"])
            case "flood":
                return await self._flood(order["count"], order["width"])
            case "posts":
                posts = self.slack.record.posts
                return {"posts": [{"channel": one.channel, "at": one.at, "text": one.text} for one in posts]}
            case "connections":
                return {"connections": len(self.slack.sockets.connections)}
        return {"error": f"no such order: {order['do']}"}

    async def _blast(self, number: int, rate: float) -> dict[str, Any]:
        """Events at a rate, whether or not the last ones were acknowledged."""
        before = len(self.slack.record.acked)
        done = await self.slack.blast((next(self._events) for _ in range(number)), rate)
        again = sum(ack.attempt > 0 for ack in self.slack.record.acked[before:])
        each = [seconds * 1000 for seconds in done.latencies]
        return {
            "sent": done.sent, "lost": done.lost, "again": again, "rate": done.sent / done.seconds, "each": each,
            "p50": percentile(each, 0.5), "p99": percentile(each, 0.99),
        }  # fmt: skip

    async def _flood(self, number: int, width: int) -> dict[str, Any]:
        """Events as fast as they are acknowledged, so many under way at a time."""
        left = iter(range(number))
        lost = 0

        async def one_after_the_other() -> None:
            nonlocal lost
            for _ in left:
                lost += not await self.slack.deliver(next(self._events))

        started = time.perf_counter()
        await asyncio.gather(*(one_after_the_other() for _ in range(width)))
        return {"sent": number, "lost": lost, "rate": number / (time.perf_counter() - started)}


def _events(people: int) -> Iterator[dict[str, Any]]:
    """Messages as Slack delivers them, for ever; each with a ts of its own, not before now."""
    said = data.Community(data.Shape(messages=2_000, people=people)).posts
    last = root = 0
    for number in count():
        last = max(last + 1, int(time.time() * 1e6))
        thread, root = (None, last) if number % THREAD == 0 else (root, root)
        post = said[number % len(said)]
        message = data.message(data.Post(last, 0, post.user, post.parts, thread))
        yield {
            "token": "bench", "team_id": data.TEAM, "api_app_id": "A0BENCH", "type": "event_callback",
            "event": {**message, "channel": data.channel(0), "channel_type": "channel", "event_ts": message["ts"]},
            "event_id": f"Ev{last:X}", "event_time": last // 1_000_000, "is_ext_shared_channel": False,
            "authorizations": [
                {"enterprise_id": None, "team_id": data.TEAM, "user_id": "U0STANDIN", "is_bot": True,
                 "is_enterprise_install": False}
            ],
            "event_context": f"4-{last:x}",
        }  # fmt: skip


async def main(people: int, channels: int) -> None:
    """Orders are taken until there are no more."""
    app = InstalledApp(bot_token=BOT_TOKEN, app_token=APP_TOKEN, team_id=data.TEAM)
    async with SlackStandin(app, Timing(ack_seconds=10)) as slack:
        for one in range(people):
            slack.workspace.add_user(data.person(one), data.name(one))
        members = [slack.app.bot_user_id, *(data.person(one) for one in range(people))]
        for one in range(channels):
            slack.workspace.add_channel(data.channel(one), f"canal-{one}", members)
        source = Source(slack, people)
        _tell({"url": slack.url})
        while line := await asyncio.to_thread(sys.stdin.readline):
            _tell(await source.obey(json.loads(line)))


def _tell(answer: dict[str, Any]) -> None:
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
