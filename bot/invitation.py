"""An invitation to a debate: what people answer to it, and how long before it they want to be reminded. Pure."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from bot import errors
from bot.words.catalogue import Words


class Answer(StrEnum):
    """What a person says to an invitation."""

    YES = "yes"
    MAYBE = "maybe"
    NO = "no"


class Counts(NamedTuple):
    """How many people gave each answer."""

    yes: int = 0
    maybe: int = 0
    no: int = 0


# What «recuérdamelo» means where nobody says more: time to keep the hour free, and time to sit down.
DEFAULT = (3600, 600)
# What a form offers to tick, in seconds; any other can be written.
SENSIBLE = (86_400, 10_800, 3_600, 1_800, 600)
# A reminder comes to the minute, and nobody remembers having asked for one longer ago than this.
SHORTEST, LONGEST = 60, 14 * 86_400
# More reminders of one debate are noise.
MOST = 5
# So many private messages a second: Slack takes one a second in each channel and, over all, some hundreds a minute;
# what the debate itself says must find room between them.
A_SECOND = 4.0
# Of the time that is left until the debate, this much may be spent on telling everybody.
SHARE = 0.5

# A comma between figures is a decimal one.
_PART = re.compile(r"\s*(?:[;+]|(?<!\d),|,(?!\d)|\by\b|\band\b)\s*")
_TIMES = re.compile(r"(\d+(?:[.,]\d+)?)\s*([a-z]*)")
_UNITS = {
    **dict.fromkeys(("m", "min", "mins", "minuto", "minutos", "minute", "minutes", ""), 60),
    **dict.fromkeys(("h", "hs", "hr", "hrs", "hora", "horas", "hour", "hours"), 3600),
    **dict.fromkeys(("d", "dia", "dias", "day", "days"), 86400),
}
_ANSWERS = {
    **dict.fromkeys(("si", "voy", "yes", "claro"), Answer.YES),
    **dict.fromkeys(("quiza", "quizas", "maybe", "perhaps"), Answer.MAYBE),
    **dict.fromkeys(("no", "not"), Answer.NO),
}
# «30m este», «30m debate 12», «30m #12»
_OF_ONE = re.compile(r"(?:^|\s)(?:est[ea]|this|(?:debate\s+|#)(?P<name>\S{1,80}))\s*$", re.IGNORECASE)
_OFF = frozenset({"no", "nunca", "nada", "ninguno", "quitar", "off", "never", "none", "stop"})
_USUAL = frozenset({"", "si", "yes", "on", "vale", "ok"})


def ahead(text: str) -> tuple[int, ...]:
    """How long before, in seconds, as somebody wrote it: ``45m``, ``1h, 10 min``, ``1 día``; ``no`` is not at all.

    A bare number counts minutes; nothing, and ``sí``, is ``DEFAULT``. Raises ``BadLead``.
    """
    tidy = " ".join(re.sub(r"\b(?:antes|before)\b", " ", _plain(text)).split()).strip(" .!")
    if tidy in _OFF:
        return ()
    if tidy in _USUAL:
        return DEFAULT
    return checked(_seconds(part, text) for part in _PART.split(tidy) if part)


def reply(text: str) -> tuple[Answer, str]:
    """The answer that somebody wrote, and the debate that they named ("" for the next): ``no``, ``quizá 12``."""
    first, _, rest = text.strip().partition(" ")
    found = _ANSWERS.get(_plain(first).strip(".!,"))
    if found is not None:
        return found, rest.strip().lstrip("#")
    return Answer.YES, text.strip().lstrip("#")


def wish(text: str) -> tuple[str, str | None]:
    """How long before, as somebody wrote it, and of which debate: None for all, "" for the next, else its name."""
    found = _OF_ONE.search(text)
    if found is None:
        return text.strip(), None
    return text[: found.start()].strip(), found["name"] or ""


def checked(seconds: Iterable[int]) -> tuple[int, ...]:
    """Each once, the longest first; raises ``BadLead`` for one that is no time to remind at, and for too many."""
    found = tuple(sorted(set(seconds), reverse=True))
    wrong = [one for one in found if not SHORTEST <= one <= LONGEST or one % 60]
    if wrong or len(found) > MOST:
        raise errors.BadLead(text=f"{(wrong or found)[0] / 60:g} min", most=MOST)
    return found


def span(say: Words, seconds: float) -> str:
    """A length of time as people say it: «1 día», «3 h», «1 h 30 min», «10 min»."""
    minutes = max(1, round(seconds / 60))
    days, rest = divmod(minutes, 24 * 60)
    hours, left = divmod(rest, 60)
    parts = [] if not days else [say("1 día") if days == 1 else say("{count} días", count=days)]
    parts += [f"{hours} h"] if hours else []
    parts += [f"{left} min"] if left else []
    return " ".join(parts)


def before(say: Words, seconds: Sequence[int]) -> str:
    """«1 h antes y 10 min antes»; each with its own «antes», or it would read as one sum."""
    said = [say("{time} antes", time=span(say, one)) for one in seconds]
    return say("{list} y {last}", list=", ".join(said[:-1]), last=said[-1]) if len(said) > 1 else "".join(said)


def moments(count: int, *, now: datetime, starts_at: datetime) -> list[datetime]:
    """When each of so many reminders may leave: one behind the other, and all of them well before the start."""
    left = max((starts_at - now).total_seconds(), 0.0)
    gap = timedelta(seconds=min(1 / A_SECOND, left * SHARE / max(count, 1)))
    return [now + at * gap for at in range(count)]


def _plain(text: str) -> str:
    return "".join(one for one in unicodedata.normalize("NFKD", text) if not unicodedata.combining(one)).casefold()


def _seconds(part: str, text: str) -> int:
    total = 0.0
    for amount, unit in _TIMES.findall(part):
        if unit not in _UNITS or len(amount) > 6:
            raise errors.BadLead(text=text[:40], most=MOST)
        total += float(amount.replace(",", ".")) * _UNITS[unit]
    if _TIMES.sub("", part).strip() or not total:
        raise errors.BadLead(text=text[:40], most=MOST)
    return round(total / 60) * 60
