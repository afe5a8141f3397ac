"""Polls: what can be asked, what counts as an answer, and how answers are counted. Pure."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot import errors
from bot.debate import COMING, Phase
from bot.phrase import phrase
from bot.richtext import storable

LONGEST_TEXT = 300
# Slack's boxes to tick: no more of them, and none with a longer label.
MOST_OPTIONS = 10
LONGEST_OPTION = 75
FEWEST_OPTIONS = 2
LONGEST_OTHER = 500
# An anonymous survey is not shown below this many answers: in a smaller circle people are known by what they say.
ENOUGH = 5


class Kind(StrEnum):
    """What is asked: before a debate, on the next subject, or how a debate was."""

    BEFORE = "before"
    TOPIC = "topic"
    PULSE = "pulse"


def kind_of(name: str) -> Kind:
    """The kind of that name; raises ``NoSuchPoll``."""
    try:
        return Kind(name)
    except ValueError:
        raise errors.NoSuchPoll from None


@dataclass(frozen=True, slots=True)
class Planned:
    """A poll as it is written down: ``several`` choices or one, and perhaps an ``other`` in free words."""

    text: str
    options: tuple[str, ...]
    several: bool = False
    other: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """One person's answer: the numbers of the options, from 1 on, and free words ("" for none)."""

    options: tuple[int, ...]
    other: str = ""


@dataclass(frozen=True, slots=True)
class Count:
    """How many people chose an option, and how many in a hundred of those who answered that is."""

    text: str
    people: int
    percent: int


@dataclass(frozen=True, slots=True)
class Result:
    """What came out: ``people`` answered; ``others`` are the free words, ``wrote`` how many chose them."""

    kind: Kind
    text: str
    several: bool
    people: int
    counts: tuple[Count, ...]
    others: tuple[str, ...] = ()
    wrote: Count = Count("", 0, 0)


def planned(text: str, options: Iterable[str], *, several: bool = False, other: bool = False) -> Planned:
    """The poll, tidied; raises ``BadPoll`` with what is wrong with it."""
    made = tidied(text, options, several=several, other=other)
    for _key, fault in faults(made):
        raise errors.BadPoll(why=fault)
    return made


def tidied(text: str, options: Iterable[str], *, several: bool, other: bool) -> Planned:
    """The poll with each text on one line; ``faults`` says what is wrong with it."""
    return Planned(_tidy(text), tuple(_tidy(option) for option in options), several, other)


def faults(poll: Planned) -> list[tuple[str, str]]:
    """Everything that is wrong with a poll, as (key of the debate file, what is wrong)."""
    found: list[tuple[str, str]] = []
    if not poll.text:
        found.append(("text", phrase("falta el texto")))
    elif len(poll.text) > LONGEST_TEXT:
        found.append(("text", _too_long(poll.text, LONGEST_TEXT)))
    if not FEWEST_OPTIONS <= len(poll.options) <= MOST_OPTIONS:
        few, most, count = FEWEST_OPTIONS, MOST_OPTIONS, len(poll.options)
        if count == 0:
            fault = phrase("no hay opciones; van de {few} a {most}", few=few, most=most)
        elif count == 1:
            fault = phrase("hay 1 opción; van de {few} a {most}", few=few, most=most)
        else:
            fault = phrase("hay {count} opciones; van de {few} a {most}", count=count, few=few, most=most)
        found.append(("options", fault))
    seen: set[str] = set()
    for number, option in enumerate(poll.options, start=1):
        key = f"options[{number}]"
        if not option:
            found.append((key, phrase("está vacía")))
        elif len(option) > LONGEST_OPTION:
            found.append((key, _too_long(option, LONGEST_OPTION)))
        elif option.casefold() in seen:
            found.append((key, phrase("está repetida: «{option}»", option=option)))
        seen.add(option.casefold())
    return found


def choice(kind: Kind, poll: Planned, options: Iterable[int], other: str = "") -> Choice:
    """The answer, when it is one; raises ``BadBallot``. In a pulse the free words come beside the choice."""
    chosen = tuple(sorted(set(options)))
    words = _tidy(other)
    if any(not 1 <= number <= len(poll.options) for number in chosen):
        raise errors.BadBallot(why="esa opción no está en la encuesta")
    if words and not poll.other:
        raise errors.BadBallot(why="esta encuesta no lleva texto libre")
    if len(words) > LONGEST_OTHER:
        raise errors.BadBallot(why=_too_long(words, LONGEST_OTHER))
    beside = kind is Kind.PULSE
    if words and not beside and not poll.several:
        chosen = ()  # a choice of one cannot be unticked in a form: who writes words of their own means those
    count = len(chosen) + (1 if words and not beside else 0)
    if not count:
        raise errors.BadBallot(why="elige una opción" if beside or not poll.other else "elige algo, o escríbelo")
    if count > 1 and not poll.several:
        raise errors.BadBallot(why="aquí se elige una sola cosa")
    return Choice(chosen, words)


def tally(kind: Kind, poll: Planned, answers: Iterable[Choice]) -> Result:
    """How many chose what: the most chosen first (a pulse's scale stays in its order), equals as they were offered.

    Hundredths are of people, so those of a poll with several choices add up to more than a hundred. Free words that
    say the same are told once, the most frequent first.
    """
    given = list(answers)
    people = len(given)
    chosen = Counter(number for one in given for number in one.options)
    counts = [
        Count(text, chosen[number], percent(chosen[number], people))
        for number, text in enumerate(poll.options, start=1)
    ]
    if kind is not Kind.PULSE:
        counts.sort(key=lambda one: -one.people)
    wrote = sum(1 for one in given if one.other)
    return Result(
        kind, poll.text, poll.several, people, tuple(counts), _others(one.other for one in given if one.other),
        Count("", wrote, percent(wrote, people)),
    )  # fmt: skip


def percent(part: int, whole: int) -> int:
    """How many in a hundred, rounded; a half goes up, as people round."""
    return (200 * part + whole) // (2 * whole) if whole else 0


def is_open(kind: Kind, *, opens_at: datetime | None, closed_at: datetime | None, phase: Phase, now: datetime) -> bool:
    """Whether the poll of a debate in that phase takes answers now."""
    if opens_at is None or now < opens_at or closed_at is not None:
        return False
    if kind is Kind.PULSE:
        return phase is Phase.CLOSED
    return phase in COMING if kind is Kind.TOPIC else phase is Phase.SCHEDULED


def enough(result: Result) -> bool:
    """Whether the result may be shown: an anonymous one only when it is not known from a few who said what."""
    return result.kind is not Kind.PULSE or result.people >= ENOUGH


def _others(texts: Iterable[str]) -> tuple[str, ...]:
    spoken: dict[str, str] = {}
    times: Counter[str] = Counter()
    # In the order of the alphabet first: what is told must not tell who was early.
    for text in sorted(texts):
        spoken.setdefault(text.casefold(), text)
        times[text.casefold()] += 1
    return tuple(spoken[key] for key in sorted(spoken, key=lambda key: (-times[key], key)))


def _tidy(text: str) -> str:
    return " ".join(storable(text).split())


def _too_long(text: str, limit: int) -> str:
    return phrase("demasiado largo ({size} caracteres; caben {limit})", size=len(text), limit=limit)
