"""The bodies with which X refuses, by name: its own problem types, and sentences of ours where X's vary."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
PROBLEMS = "https://api.x.com/2/problems/"
BLANK = "about:blank"


@dataclass(frozen=True)
class Answer:
    """What goes back: a JSON body, or raw text of some content type."""

    status: int
    body: Json | None = None
    text: str = ""
    content_type: str = "application/json; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)


class RefusedError(Exception):
    """X does not do it; `answer` says why."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status, answer.body)
        self.answer = answer


def problem(status: int, title: str, detail: str, kind: str = BLANK, **more: object) -> Answer:
    """A problem document with that status."""
    body = {"title": title, "detail": detail, "type": kind, "status": status, **more}
    return Answer(status, body, content_type="application/problem+json")


def bad_parameter(message: str, **parameters: object) -> Answer:
    """400, as X says it of a query parameter."""
    shown = {name: [str(value)] for name, value in parameters.items()}
    return Answer(
        400,
        {
            "errors": [{"parameters": shown, "message": message}],
            "title": "Invalid Request",
            "detail": "One or more parameters to your request was invalid.",
            "type": PROBLEMS + "invalid-request",
        },
    )


def unsupported(given: str, wanted: str) -> Answer:
    """403: this route is not for tokens of that sort."""
    detail = (
        f"Authenticating with {given} is forbidden for this endpoint. Supported authentication types are [{wanted}]."
    )
    return problem(403, "Unsupported Authentication", detail, PROBLEMS + "unsupported-authentication")


def forbidden(detail: str, kind: str = BLANK) -> Answer:
    """403 with that detail."""
    return problem(403, "Forbidden", detail, kind)


def too_many(limit: int, reset: int) -> Answer:
    """429 of a full window that opens again at `reset` (epoch seconds)."""
    headers = {"x-rate-limit-limit": str(limit), "x-rate-limit-remaining": "0", "x-rate-limit-reset": str(reset)}
    return Answer(429, _blank(429, "Too Many Requests"), headers=headers)


def _blank(status: int, title: str) -> Json:
    return {"title": title, "detail": title, "type": BLANK, "status": status}


UNAUTHORIZED = problem(401, "Unauthorized", "Unauthorized")
DUPLICATE = forbidden("You are not allowed to create a Tweet with duplicate content.")
REPLY_RULE = forbidden(
    "You can only reply to or quote posts where you are mentioned or are the author.",
    PROBLEMS + "not-authorized-for-resource",
)
QUOTE_RULE = forbidden("Quoting posts is not part of your product.", PROBLEMS + "not-authorized-for-resource")
ENTERPRISE = forbidden("This is not part of your product.", PROBLEMS + "client-not-enrolled")
TOO_LONG = problem(400, "Bad Request", "Your Tweet text is too long.")
NO_RULES = problem(
    409, "ConnectionException", "The stream has no rules.", PROBLEMS + "streaming-connection",
    connection_issue="RuleConfigurationIssue",
)  # fmt: skip
CONNECTIONS = Answer(
    429,
    {
        "title": "ConnectionException",
        "detail": "This stream is currently at the maximum allowed connection limit.",
        "connection_issue": "TooManyConnections",
        "type": PROBLEMS + "streaming-connection",
    },
)


def named(kind: str) -> Answer:
    """The refusal with this name, as tests lay it in the way of a request; KeyError when there is none."""
    reset = int(time.time()) + 900
    day = {"x-user-limit-24hour-limit": "100", "x-user-limit-24hour-remaining": "0"}
    app = {"x-rate-limit-remaining": "1079999", "x-app-limit-24hour-remaining": "9900"}
    return {
        "credits": problem(402, "Payment Required", "credits depleted", PROBLEMS + "credits-depleted"),
        "credits-old": Answer(402, {"title": "CreditsDepleted", "detail": "The account has no credits left.",
                                    "type": "https://api.twitter.com/2/problems/credits"}),
        "unauthorized": UNAUTHORIZED,
        "reply": REPLY_RULE,
        "reply-old": forbidden("Reply to this conversation is not allowed because you have not been mentioned "
                               "or otherwise engaged by the author of the post you are replying to."),
        "duplicate": DUPLICATE,
        "permissions": forbidden("Your client app is not configured with the appropriate oauth1 app permissions.",
                                 "https://api.twitter.com/2/problems/oauth1-permissions"),
        "rate": too_many(450, reset),
        "rate-bare": Answer(429, _blank(429, "Too Many Requests")),
        "rate-day": Answer(429, _blank(429, "Too Many Requests"),
                           headers=day | app | {"x-user-limit-24hour-reset": str(reset)}),
        "capped": Answer(429, {"account_id": 1, "product_name": "standin", "title": "UsageCapExceeded",
                               "period": "Monthly", "scope": "Product",
                               "detail": "Usage cap exceeded: Monthly product cap",
                               "type": "https://api.twitter.com/2/problems/usage-capped"}),
        "connections": CONNECTIONS,
        "no-rules": NO_RULES,
        "html": Answer(503, text="<html><head><title>503</title></head><body>upstream</body></html>",
                       content_type="text/html"),
        "empty": Answer(503),
        "json": Answer(503, _blank(503, "Service Unavailable")),
    }[kind]  # fmt: skip
