"""The best answers to each question: what a late joiner is told, and what the recap starts from. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

# How many answers of a question are worth telling a newcomer, and how much of each.
BEST = 3
SNIPPET = 240


class Answer(NamedTuple):
    """An answer with what it found: how many reactions and how many replies."""

    question: int
    author: str
    text: str
    reactions: int
    replies: int


@dataclass(frozen=True, slots=True)
class Best:
    """One of the best answers, shortened for a summary."""

    author: str
    text: str
    reactions: int


def best(answers: Iterable[Answer], *, most: int = BEST) -> dict[int, list[Best]]:
    """The answers of each question that found most echo: reactions and replies alike, the earlier first in a tie."""
    by_question: dict[int, list[Answer]] = {}
    for one in answers:
        by_question.setdefault(one.question, []).append(one)
    return {
        number: [
            Best(one.author, shorten(one.text), one.reactions)
            for one in sorted(found, key=lambda one: -(one.reactions + one.replies))[:most]
        ]
        for number, found in by_question.items()
    }


def shorten(text: str, limit: int = SNIPPET) -> str:
    """The text on one line, cut at a word with an ellipsis when it is longer than the limit."""
    line = " ".join(text.split())
    if len(line) <= limit:
        return line
    cut = line[:limit].rsplit(" ", 1)[0]
    return f"{cut}…"
