"""What a refusal of X means: its kind, told by status and body, and when to come back. Pure."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

# Windows that may be exhausted; a 429 is over when all of those that are have been reset.
_WINDOWS = ("x-rate-limit", "x-user-limit-24hour", "x-app-limit-24hour")

Json = dict[str, Any]


class Kind(StrEnum):
    """Why X did not do it, told by status and body (X changes the wording, so the status counts first)."""

    CREDITS = "credits"  # 402: no credits, or the spend limit: every call stops
    CAPPED = "capped"  # 429: the month's posts have been read
    LIMITED = "limited"  # 429: a window is full until `retry_at`
    CONNECTIONS = "connections"  # 429: the old stream still counts
    UNAUTHORISED = "unauthorised"  # 401
    FORBIDDEN = "forbidden"  # 403: a permission is missing
    REPLY_RULE = "reply_rule"  # 403: only to who mentioned us: never again
    DUPLICATE = "duplicate"  # 403: the same text stands there already
    GONE = "gone"  # 404, or 403 of a reply to what is no more
    CONFLICT = "conflict"  # 409: the stream has no rules
    REFUSED = "refused"  # another 4xx: the request is wrong
    UPSET = "upset"  # 5xx, or an answer that is no JSON: it may have been done
    NETWORK = "network"  # no answer: it may have been done


class XRefused(Exception):
    """X did not do what was asked; ``status`` is 0 without an answer. Its text never holds a key of ours.

    ``retry_at`` is when all exhausted windows are open again, or None where X did not say.
    """

    def __init__(self, status: int, kind: Kind, title: str = "", retry_at: datetime | None = None) -> None:
        """``title`` is X's own short word for it."""
        self.status, self.kind, self.title, self.retry_at = status, kind, title, retry_at
        super().__init__(f"{status} {kind.value}: {title}" if title else f"{status} {kind.value}")


def refusal(
    status: int, headers: Mapping[str, str], raw: bytes, *, now: datetime, secrets: Sequence[str] = ()
) -> XRefused:
    """What an answer of X that is no success means, for REST and for the stream alike; ``secrets`` are not repeated."""
    problem = _problem(raw)
    title = str(problem.get("title") or problem.get("detail") or problem.get("message") or looks(raw))
    for one in secrets:
        title = title.replace(one, "…")
    return XRefused(status, _kind(status, problem), title[:200], _retry_at(headers, now) if status == 429 else None)


# --- reading answers -------------------------------------------------------------------------------------------------


def objects(value: object) -> list[Json]:
    """The JSON objects of a list; none where it is no list."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def decoded(raw: bytes) -> Json | None:
    """The object in the body, or None where there is none."""
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):  # bytes that are no UTF-8, too; or nested without end
        return None
    return value if isinstance(value, dict) else None


def _problem(raw: bytes) -> Json:
    """What X says of its refusal; some of it comes one level down."""
    body = decoded(raw) or {}
    inner = objects(body.get("errors"))
    return {**inner[0], **body} if inner else body


def looks(raw: bytes) -> str:
    """What a body is that is no JSON object of X's: ``empty``, ``html`` or ``not json``."""
    text = raw.lstrip()
    return "empty" if not text else "html" if text.startswith(b"<") else "not json"


def sort(problem: Json) -> str:
    """All that tells one problem from another, in small letters."""
    return f"{problem.get('type')} {problem.get('title')} {problem.get('connection_issue')}".lower()


def _kind(status: int, problem: Json) -> Kind:
    known = {401: Kind.UNAUTHORISED, 402: Kind.CREDITS, 404: Kind.GONE, 409: Kind.CONFLICT, 410: Kind.GONE}
    if status in known:
        return known[status]
    if status == 403:
        return _forbidden(problem)
    if status == 429:
        return _limited(problem)
    return Kind.REFUSED if 300 <= status < 500 else Kind.UPSET


def _forbidden(problem: Json) -> Kind:
    detail = str(problem.get("detail") or problem.get("message") or "").lower()
    if "duplicate" in detail:
        return Kind.DUPLICATE
    if "reply" in detail and "mentioned" in detail:
        return Kind.REPLY_RULE
    if "deleted or not visible" in detail:
        return Kind.GONE
    return Kind.FORBIDDEN


def _limited(problem: Json) -> Kind:
    words = sort(problem)
    if "usage-capped" in words or "usagecap" in words:
        return Kind.CAPPED
    if "streaming-connection" in words or "toomanyconnections" in words or "connectionexception" in words:
        return Kind.CONNECTIONS
    return Kind.LIMITED


def _retry_at(headers: Mapping[str, str], now: datetime) -> datetime | None:
    """When all exhausted windows are open again; without a count of what is left, when the window ends."""
    values = {name.lower(): value for name, value in headers.items()}
    exhausted = [one for one in _WINDOWS if values.get(f"{one}-remaining") == "0"]
    uncounted = [one for one in _WINDOWS[:1] if f"{one}-remaining" not in values]
    resets = [_instant(values.get(f"{one}-reset", "")) for one in exhausted or uncounted]
    times = [one for one in resets if one is not None]
    wait = values.get("retry-after", "")
    if wait.isdecimal() and len(wait) < 7:
        times.append(now + timedelta(seconds=int(wait)))
    return max([now, *times]) if times else None


def _instant(epoch: str) -> datetime | None:
    return datetime.fromtimestamp(int(epoch), UTC) if epoch.isdecimal() and len(epoch) < 12 else None
