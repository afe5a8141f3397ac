"""Many open pages, in a process of their own: each reads the stream of a debate as a browser does.

python -m bench.room_readers HOST PORT PATH READERS
"""

import asyncio
import json
import re
import sys
import time
from typing import Any

_MARK = re.compile(rb"marca-(\d+)-fin")
# An event may come in two pieces; a mark is not longer than this.
_TAIL = 32


class Page(asyncio.Protocol):
    """One open page; notes when each mark came first."""

    def __init__(self, request: bytes, seen: list[tuple[int, float]]) -> None:
        self._request = request
        self._seen = seen
        self._known: set[int] = set()
        self._tail = b""
        self.open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The page is asked for."""
        if isinstance(transport, asyncio.Transport):
            transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """A piece of the stream has come."""
        now = time.monotonic()
        self.open = True
        text = self._tail + data
        for mark in _MARK.findall(text):
            number = int(mark)
            if number not in self._known:
                self._known.add(number)
                self._seen.append((number, now))
        self._tail = text[-_TAIL:]

    def connection_lost(self, _error: Exception | None) -> None:
        """The stream has ended."""
        self.open = False


async def main(host: str, port: int, path: str, readers: int) -> None:
    """All pages are open; then, at each line that comes in, what was seen so far is told."""
    head = (
        f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nAccept: text/event-stream\r\nAccept-Encoding: gzip, br\r\n\r\n"
    )
    seen: list[tuple[int, float]] = []
    loop = asyncio.get_running_loop()
    pages: list[Page] = []
    for _ in range(readers):
        _, page = await loop.create_connection(lambda: Page(head.encode(), seen), host, port)
        pages.append(page)
    _tell({"opened": len(pages)})
    while await asyncio.to_thread(sys.stdin.readline):
        _tell({"seen": seen, "open": sum(page.open for page in pages)})


def _tell(answer: dict[str, Any]) -> None:
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])))
