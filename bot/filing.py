"""Which question does a message answer, why, and how sure are we? (docs/design.md, 5.) Pure."""

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Reason(StrEnum):
    """Why a message stands under its question."""

    HAND = "hand"
    THREAD = "thread"
    QUOTE = "quote"
    CONVERSATION = "conversation"
    LABEL = "label"
    TIME = "time"


class Confidence(StrEnum):
    """How sure we are of it; a guess goes on the review list."""

    CERTAIN = "certain"
    LIKELY = "likely"
    GUESS = "guess"


@dataclass(frozen=True, slots=True)
class Filing:
    """The number of the question (None: said before the first one), the reason, the certainty.

    ``conflict`` is True where a label contradicted the thread that the message stands in.
    """

    question: int | None
    reason: Reason
    confidence: Confidence
    conflict: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """The questions asked so far: ``posts`` maps the platform id of each of their posts to their number.

    ``times`` and ``numbers`` are the same questions in order of asking.
    """

    times: Sequence[datetime]
    numbers: Sequence[int]
    posts: Mapping[str, int]

    def open_at(self, when: datetime) -> int | None:
        """The number of the question that was open at that time, or None before the first."""
        at = bisect_right(self.times, when)
        return self.numbers[at - 1] if at else None


# R1, A1, P1, Q1 and their everyday spellings: "R.1", "r1)", "R-1:", "R 1.", "#R1".
_START = re.compile(
    r"""^\s*(?:[#@][\w.-]+[\s,:]+|[*_"'«“(\[¡¿])*+   # greeted or tagged first, or wrapped in marks
        \#?(?P<kind>[RAPQ])\s?[.\-–_]?\s?(?P<number>\d{1,2})
        (?P<after>\s*[:.)\]\-–—,;/*_"'»”]|\s+|$)(?P<rest>.*)""",
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
_TAG = re.compile(r"(?<![\w#&])#(?P<kind>[RAPQ])[._-]?(?P<number>\d{1,2})(?!\w)", re.IGNORECASE)
# A label at the end has at most a few tags behind it; looking no further keeps a long text quick.
_SIGNATURE = 120
_END = re.compile(r"(?<![\w.,/-])(?P<kind>[RPQ])\.?(?P<number>\d{1,2})[.)!]*(?:\s+[#@][\w.-]+)*\s*$")
# "A4 paper", "A 4 manos": the label letter that is also a word needs more than a space behind its number.
_NOT_A_LABEL = re.compile(
    r"\s*(?:paper|papel|sheets?|size|format|hojas?|folios?|landscape|portrait|manos|veces|euros?|%|horas?|días?)\b",
    re.IGNORECASE,
)


def label(text: str, known: Mapping[int, int] | Sequence[int]) -> tuple[int, Confidence] | None:
    """The number of a known question that the text is labelled with, and how sure that is; None without one."""
    if not known:
        return None
    match = _START.match(text)
    if match and int(match["number"]) in known and not _is_a_word(match):
        return int(match["number"]), Confidence.CERTAIN
    match = _TAG.search(text)
    if match and int(match["number"]) in known:
        return int(match["number"]), Confidence.CERTAIN
    match = _END.search(text, max(0, len(text) - _SIGNATURE))
    if match and int(match["number"]) in known:
        return int(match["number"]), Confidence.LIKELY
    return None


def _is_a_word(match: re.Match[str]) -> bool:
    if match["after"].strip():
        return False
    if _NOT_A_LABEL.match(match["rest"]):
        return True
    # "A 4 de mayo", "a 3 clientes": a spaced A is the preposition.
    return match["kind"] in "Aa" and match.end("kind") < match.start("number")


def file(text: str, posted_at: datetime, asked: Asked, place: Filing | None = None) -> Filing:
    """Where a message stands that nobody has filed by hand; ``place`` is what ``by_place`` says of it."""
    return _settle(label(text, asked.numbers), posted_at, asked, place)


def file_again(before: Filing, posted_at: datetime, asked: Asked, place: Filing | None = None) -> Filing:
    """Where a message stands whose words are gone: the label that filed it is kept, the rest is looked at anew."""
    said = None
    if before.reason is Reason.LABEL and before.question is not None:
        said = (before.question, before.confidence)
    return _settle(said, posted_at, asked, place)


def by_place(
    asked: Asked,
    *,
    thread: str | None = None,
    reply_to: str | None = None,
    quotes: str | None = None,
    parent: Filing | None = None,
) -> Filing | None:
    """Where a message stands by what it hangs on, or None where that tells nothing.

    ``thread``, ``reply_to`` and ``quotes`` are platform ids: of the conversation's first post, of what it answers, of
    what it quotes; ``parent`` is the filing of the message that it answers, where that is one of the log.
    """
    direct = thread if reply_to is None else reply_to
    if direct is not None and direct in asked.posts:
        return Filing(asked.posts[direct], Reason.THREAD, Confidence.CERTAIN)
    if quotes is not None and quotes in asked.posts:
        return Filing(asked.posts[quotes], Reason.QUOTE, Confidence.LIKELY)
    # A parent that stands by the hour alone was never heard: the conversation knows more.
    if thread is not None and thread in asked.posts and (parent is None or parent.reason is Reason.TIME):
        return Filing(asked.posts[thread], Reason.CONVERSATION, Confidence.LIKELY)
    if parent is None:
        return None
    certain = parent.reason in {Reason.HAND, Reason.LABEL, Reason.THREAD} and parent.confidence is Confidence.CERTAIN
    return Filing(parent.question, Reason.CONVERSATION, Confidence.LIKELY if certain else parent.confidence)


def _settle(said: tuple[int, Confidence] | None, posted_at: datetime, asked: Asked, place: Filing | None) -> Filing:
    """Label, place or time: which of them decides."""
    if said is not None:
        number, confidence = said
        if place is None or place.question is None:
            return Filing(number, Reason.LABEL, confidence)
        if place.question == number and place.confidence is not confidence is Confidence.CERTAIN:
            return Filing(number, Reason.LABEL, confidence)  # surer than the conversation around it
        if place.question != number and confidence is Confidence.CERTAIN:
            return Filing(number, Reason.LABEL, confidence, conflict=True)
    if place is not None:
        return place
    return Filing(asked.open_at(posted_at), Reason.TIME, Confidence.GUESS)
