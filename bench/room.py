"""The room with 500 open pages: how long a post takes from its author's press to each reader's page.

The bot is ``tertulia run``; posts go in through the composer's form, one a second, by members in turn; the readers are
a process of their own on the same machine.
"""

import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from email.message import Message
from urllib.parse import urlsplit

from bench import stock
from bench.measure import Job, Row, Unavailable, percentile, remark
from bench.running import bot, child

# One member may write a line every two seconds.
MEMBERS = 4


class _Stay(urllib.request.HTTPRedirectHandler):
    """The answer to a form is what counts, not the page that it leads to."""

    def redirect_request(self, *_about: object) -> None:
        """No redirect is followed."""


_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}), _Stay)


def measure(job: Job) -> list[Row]:
    """Delivery to every page, and the writer's own wait."""
    home = job.folder("room")
    store = stock.empty(home / "tertulia.db")
    _, slug = stock.opened(store, "La sala llena")
    store.close()
    with bot(home) as running:
        address = urlsplit(running.url)
        path = f"/d/{slug}"
        members = [_joined(running.url + path, f"Persona {number}") for number in range(MEMBERS)]
        where = (str(address.hostname), str(address.port), f"{path}/stream?since=1", str(job.size.readers))
        with child("room_readers", *where) as readers:
            time.sleep(2)
            sent, waited = _posted(running.url + path, members, job.size.posts)
            time.sleep(2)
            told = readers.ask(do="tell")
    late = [(at - sent[number]) * 1000 for number, at in told["seen"] if number in sent]
    wanted = job.size.readers * job.size.posts
    if not late:
        raise Unavailable("no post reached a page")
    worst = percentile(late, 0.99)
    figures = " / ".join(f"{figure:,.1f}" for figure in (percentile(late, 0.5), worst, max(late)))
    name = f"from press to page, {job.size.readers} pages, a post a second: p50, p99, most"
    return [
        Row(name, f"{figures} ms", "", "", "p99 < 250 ms", worst < 250),
        Row("posts that did not reach a page", str(wanted - len(late)), "", "", "0", len(late) == wanted),
        Row("the author's own wait: p50, most", f"{percentile(waited, 0.5):,.1f} / {max(waited):,.1f} ms"),
        remark(f"{told['open']} of {job.size.readers} pages were open at the end"),
    ]


def _joined(url: str, name: str) -> str:
    """The cookie of a new member."""
    _, headers = _post(f"{url}/join", {"name": name})
    cookies = [str(one).partition(";")[0] for one in headers.get_all("set-cookie", [])]
    if not cookies:
        raise Unavailable("the room lets nobody in")
    return "; ".join(cookies)


def _posted(url: str, cookies: Sequence[str], count: int) -> tuple[dict[int, float], list[float]]:
    """When each post was sent (monotonic seconds), and the milliseconds until each was answered."""
    sent: dict[int, float] = {}
    waited: list[float] = []
    begun = time.monotonic()
    for number in range(count):
        time.sleep(max(0.0, begun + number - time.monotonic()))
        sent[number] = time.monotonic()
        status, _ = _post(
            f"{url}/say", {"text": f"marca-{number}-fin: esto es lo que digo."}, cookies[number % len(cookies)]
        )
        waited.append((time.monotonic() - sent[number]) * 1000)
        if status >= 400:
            raise Unavailable(f"the room answered {status} to a post")
    return sent, waited


def _post(url: str, fields: Mapping[str, str], cookie: str = "") -> tuple[int, Message]:
    headers = {"Cookie": cookie, "HX-Request": "true"} if cookie else {}
    request = urllib.request.Request(url, urllib.parse.urlencode(fields).encode(), headers)  # noqa: S310  (our own bot)
    try:
        with _OPENER.open(request, timeout=10) as answer:
            answer.read()
            return answer.status, answer.headers
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.headers
