"""X's end of the wire, in a process of its own: a lean local X whose stream says as much a second as it is told to.

    python -m bench.x_stream_source PEOPLE

Orders and answers are lines of JSON (``running.Child``). Nothing is checked here: that is what ``tests/standin_x`` is
for. Its search finds nothing, so that what the stream loses is lost, and shows. A post is a real one in shape, about
1.5 kB: every other one answers the question that stands here, the rest bear the hashtag.
"""

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from bench import data

KEYS = {
    "X_BEARER_TOKEN": "bench", "X_API_KEY": "bench", "X_API_SECRET": "bench", "X_ACCESS_TOKEN": "1-bench",
    "X_ACCESS_TOKEN_SECRET": "bench",
}  # fmt: skip
ME = {"id": "1", "username": "tertulia_bench", "name": "Tertulia"}
# Lines are written in portions, so many a second, as X's come in chunks.
PORTIONS = 200
KEEP_ALIVE = 10.0
_FIRST_MS = 1_288_834_974_657


class Source:
    """A stream with one reader, the rules that it was given, and the posts that the bot made."""

    def __init__(self, people: int) -> None:
        self.rules: list[dict[str, str]] = []
        self.posts: list[dict[str, str]] = []
        self._readers: set[web.StreamResponse] = set()
        self._said = data.Community(data.Shape(messages=2_000, people=people)).posts
        self._idents = _idents()

    async def obey(self, order: dict[str, Any]) -> dict[str, Any]:
        """What came of an order."""
        match order["do"]:
            case "blast":
                return await self._blast(order["count"], order["rate"])
            case "ready":
                hears = any(rule["value"].startswith("#") for rule in self.rules)
                return {"readers": len(self._readers) if hears else 0, "question": bool(self._question())}
        return {"error": f"no such order: {order['do']}"}

    async def _blast(self, number: int, rate: float) -> dict[str, Any]:
        """Posts at a rate, whether or not anybody understands them so fast; a reader that does not read stops it."""
        lines = self.lines(number)
        loop = asyncio.get_running_loop()
        started = loop.time()
        sent = 0
        while sent < number:
            due = min(number, int((loop.time() - started) * rate) + 1)
            portion = b"".join(next(lines) for _ in range(due - sent))
            sent = due
            if portion:
                await asyncio.gather(*(reader.write(portion) for reader in self._readers))
            await asyncio.sleep(1 / PORTIONS)
        return {"sent": number, "rate": number / (loop.time() - started)}

    def lines(self, number: int) -> Iterator[bytes]:
        """So many lines of the stream, each about another post, said now."""
        rule = next(one for one in self.rules if one["value"].startswith("#"))
        hashtag, question = rule["value"].split()[0], self._question()
        matching = [{"id": rule["id"], "tag": rule["tag"]}]
        for each in range(number):
            post = self._said[each % len(self._said)]
            told = _post(next(self._idents), post, hashtag, question if each % 2 else "")
            told |= {"matching_rules": matching}
            yield json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode() + b"\r\n"

    def _question(self) -> str:
        return next((post["id"] for post in self.posts if post["text"].startswith("P1 ")), "")

    # --- routes ------------------------------------------------------------------------------------------------------

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """The stream, for as long as it is read."""
        response = web.StreamResponse(headers={"Content-Type": "application/json; charset=utf-8"})
        response.enable_chunked_encoding()
        await response.prepare(request)
        self._readers.add(response)
        try:
            while True:
                await asyncio.sleep(KEEP_ALIVE)
                await response.write(b"\r\n")
        finally:
            self._readers.discard(response)

    async def listed(self, _request: web.Request) -> web.Response:
        """The rules."""
        return web.json_response({"data": self.rules, "meta": {"sent": _when(time.time())}})

    async def changed(self, request: web.Request) -> web.Response:
        """Rules were added, or taken away."""
        asked = await request.json()
        gone = set(asked.get("delete", {}).get("ids", ()))
        self.rules = [rule for rule in self.rules if rule["id"] not in gone]
        added = [{**rule, "id": next(self._idents)} for rule in asked.get("add", ())]
        self.rules += added
        return web.json_response({"data": added, "meta": {"sent": _when(time.time())}}, status=201 if added else 200)

    async def created(self, request: web.Request) -> web.Response:
        """A post of the bot stands here."""
        post = {"id": next(self._idents), "text": str((await request.json())["text"])}
        self.posts.append(post)
        return web.json_response({"data": post}, status=201)


async def _me(_request: web.Request) -> web.Response:
    return web.json_response({"data": ME})


async def _nothing(_request: web.Request) -> web.Response:
    return web.json_response({"meta": {"result_count": 0}})


def _idents() -> Iterator[str]:
    """Ids that tell the time at which they were asked for, none twice."""
    last = 0
    while True:
        last = max(last + 1, (int(time.time() * 1000) - _FIRST_MS) << 22)
        yield str(last)


def _post(ident: str, said: data.Post, hashtag: str, question: str) -> dict[str, Any]:
    """A line about a post that says this, now: in answer to the question where there is one, else with the hashtag."""
    now = time.time()
    words = " ".join(part.text for part in said.parts)
    text = f"@{ME['username']} {words}" if question else f"{words} {hashtag}"
    place = {"start": len(text) - len(hashtag), "end": len(text), "tag": hashtag[1:]}
    mention = {"start": 0, "end": len(ME["username"]) + 1, "username": ME["username"], "id": ME["id"]}
    told: dict[str, Any] = {
        "id": ident, "text": text, "author_id": str(1_000 + said.user), "created_at": _when(now), "lang": "es",
        "conversation_id": question or ident, "edit_history_tweet_ids": [ident],
        "edit_controls": {"edits_remaining": 5, "is_edit_eligible": not question, "editable_until": _when(now + 3600)},
        "entities": {"mentions": [mention]} if question else {"hashtags": [place]},
        "possibly_sensitive": False, "reply_settings": "everyone",
        "public_metrics": {
            "retweet_count": 0, "reply_count": 0, "like_count": 0, "quote_count": 0, "bookmark_count": 0,
            "impression_count": 0,
        },
    }  # fmt: skip
    if question:
        told["in_reply_to_user_id"] = ME["id"]
        told["referenced_tweets"] = [{"type": "replied_to", "id": question}]
    return {"data": told}


def _when(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


async def main(people: int) -> None:
    """Orders are taken until there are no more."""
    source = Source(people)
    app = web.Application()
    app.add_routes([
        web.get("/2/users/me", _me), web.get("/2/users", _nothing), web.get("/2/users/{id}/tweets", _nothing),
        web.get("/2/tweets/search/recent", _nothing), web.get("/2/tweets/search/stream", source.stream),
        web.get("/2/tweets/search/stream/rules", source.listed),
        web.post("/2/tweets/search/stream/rules", source.changed), web.post("/2/tweets", source.created),
    ])  # fmt: skip
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    _tell({"url": f"http://{host}:{port}"})
    while line := await asyncio.to_thread(sys.stdin.readline):
        _tell(await source.obey(json.loads(line)))


def _tell(answer: dict[str, Any]) -> None:
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
