"""The sections of a transcript: before the questions, each question, and what belongs to none."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from bot.transcript import Asked, Head, Line, Transcript


@dataclass(frozen=True, slots=True)
class Section:
    """Its anchor (``antes``, ``p1`` …, ``otros``), and the question that it answers, where there is one."""

    anchor: str
    question: Asked | None = None


BEFORE = Section("antes")
AFTER = Section("otros")


def sections(transcript: Transcript) -> Iterator[tuple[Section, Iterator[Line]]]:
    """Each section in reading order with its lines; every question has one, also that which nobody answered."""
    ordered = [BEFORE, *_asked(transcript.head), AFTER]
    at = 1
    for place, lines in groupby(transcript.lines(), _Places(transcript.head)):
        while at < place and at <= len(transcript.head.questions):
            yield ordered[at], iter(())
            at += 1
        yield ordered[place], lines
        at = max(at, place + 1)
    for silent in ordered[at:-1]:
        yield silent, iter(())


def _asked(head: Head) -> list[Section]:
    return [Section(f"p{asked.number}", asked) for asked in head.questions]


class _Places:
    """The place of a line's section in the order."""

    def __init__(self, head: Head) -> None:
        self._rank = {asked.number: at for at, asked in enumerate(head.questions, start=1)}
        self._last = len(head.questions) + 1
        self._first = min((asked.asked_at for asked in head.questions), default=None)

    def __call__(self, line: Line) -> int:
        place = self._rank.get(line.question) if line.question is not None else None
        if place is not None:
            return place
        return 0 if self._first is None or line.posted_at < self._first else self._last
