"""The run-sheet's sentences as X takes them: short, under the hashtag, no two alike, and one link in all of them.

What is too long all the same is cut by X's mouth (handlers/x/looks.py), which knows how X counts.
"""

import math
from datetime import timedelta

from bot import calendars, dates, hours
from bot.actions import say
from bot.ports import House
from bot.tables import Debate
from bot.words.catalogue import words

# Titles and names that leave room for the sentence around them, in 280 letters.
LONGEST_TITLE = 70
LONGEST_HOST = 36
# In the closing, which has a link and the next date, too.
LONGEST_CLOSED, LONGEST_NEXT = 42, 30
# With a hashtag longer than this they are shorter by as much.
USUAL_TAG = 10
SHORTEST_TITLE = 16


def invitation(debate: Debate, house: House) -> say.Worded:
    """The invitation in full and in short, with the way into one's calendar."""
    full, short = say.announcement(debate, house), announcement(debate, house)
    return say.Worded(full, short, calendars.alone(house, debate.slug))


def announcement(debate: Debate, house: House) -> str:
    """The invitation, a week ahead."""
    return words(debate.locale)(
        "Próximo debate: «{title}», {when}.{host} Participa con #{hashtag}.",
        title=_title(debate), when=_when(debate, house), host=_host(debate), hashtag=debate.hashtag,
    )  # fmt: skip


def moved(debate: Debate, house: House) -> str:
    """The new date, for those who know of the old one."""
    return words(debate.locale)(
        "Cambio de fecha: «{title}» será el {when}. #{hashtag}",
        title=_title(debate), when=_when(debate, house), hashtag=debate.hashtag,
    )  # fmt: skip


def cancelled(debate: Debate) -> str:
    """What those read who know of a debate that will not be held."""
    return words(debate.locale)(
        "«{title}», {when}, no se celebrará. #{hashtag}",
        title=_title(debate), when=say.when(debate), hashtag=debate.hashtag,
    )  # fmt: skip


def reminder(debate: Debate, house: House, *, ahead: timedelta) -> str:
    """The reminder before the start."""
    when = _when(debate, house) if ahead >= say.ON_THE_EVE else say.when(debate)
    return words(debate.locale)(
        "En {left}: «{title}», {when}. Participa con #{hashtag}.",
        left=say.left(debate, ahead), title=_title(debate), when=when, hashtag=debate.hashtag,
    )  # fmt: skip


def welcome(debate: Debate, *, questions: int) -> str:
    """The opening: how to take part, the notice that it is kept, and how to stay out of it."""
    return words(debate.locale)(
        "Empieza «{title}».{host} {questions} preguntas: responde a cada una, o con R1, R2… y #{hashtag}. Se registra "
        "y se publicará la transcripción; para no figurar, menciónanos con STOP.",
        title=_title(debate), host=_host(debate), questions=questions, hashtag=debate.hashtag,
    )  # fmt: skip


def label_reminder(debate: Debate) -> str:
    """The reminder of the labels, shortly before the first question."""
    return words(debate.locale)(
        "Enseguida llega la P1 de «{title}». Para que tu respuesta quede en su sitio, responde a la pregunta o empieza "
        "con R1. #{hashtag}",
        title=_title(debate), hashtag=debate.hashtag,
    )  # fmt: skip


def wrap_up(debate: Debate) -> str:
    """The last minutes."""
    return words(debate.locale)(
        "Vamos cerrando: ¿con qué idea te quedas de «{title}»? #{hashtag}", title=_title(debate), hashtag=debate.hashtag
    )


def closing(debate: Debate, following: Debate | None, house: House) -> str:
    """The thanks, the one link, and the next date."""
    text = words(debate.locale)
    next_date = ""
    if following is not None:
        # The city alone: with the whole name of Buenos Aires' zone the date would be cut.
        city = hours.city(following.timezone, locale=text.locale)
        day = dates.day(following.starts_at, following.timezone, locale=text.locale)
        when = f"{day}, {dates.clock(following.starts_at, following.timezone)} {city}"
        title = _shortened(debate, following.title, LONGEST_NEXT, share=0.5)
        next_date = " " + text("Próximo debate: «{title}», {when}.", title=title, when=when)
    return text(
        "Gracias por participar en «{title}».{late} Transcripción: {link}{next} #{hashtag}",
        title=_shortened(debate, debate.title, LONGEST_CLOSED, share=1 if following is None else 0.5),
        late=say.still_taken(debate), link=f"{house.url}/d/{debate.slug}", next=next_date, hashtag=debate.hashtag,
    )  # fmt: skip


def teaser(debate: Debate, following: Debate, house: House) -> str:
    """What comes next, a day after a debate; no link, for the close had the one."""
    title, when = _shortened(following, following.title, LONGEST_TITLE), _when(following, house)
    tag = following.hashtag or debate.hashtag
    return words(debate.locale)("Lo próximo: «{title}», {when}. #{hashtag}", title=title, when=when, hashtag=tag)


def _when(debate: Debate, house: House) -> str:
    """The day, and the hour in each zone of the community as long as that is short."""
    text = words(debate.locale)
    told = hours.shortly(debate.starts_at, debate.timezone, house.zones, say=text)
    if not told:
        return say.when(debate)
    return f"{dates.day(debate.starts_at, debate.timezone, locale=text.locale)}: {told}"


def _title(debate: Debate) -> str:
    return _shortened(debate, debate.title, LONGEST_TITLE)


def _shortened(debate: Debate, name: str, longest: int, *, share: float = 1) -> str:
    """The name, shorter by its share of what the hashtag has more letters than usual."""
    over = max(0, len(debate.hashtag) - USUAL_TAG)
    return clipped(name, max(SHORTEST_TITLE, longest - math.ceil(over * share)))


def _host(debate: Debate) -> str:
    host = clipped(debate.host, LONGEST_HOST)
    return " " + words(debate.locale)("Conduce {host}.", host=host).replace("….", "…") if host else ""


def clipped(text: str, longest: int) -> str:
    """The text, or as many whole words of it as fit into that many letters, and «…»."""
    if len(text) <= longest:
        return text
    head, _, _ = text[: longest - 1].rpartition(" ")
    return f"{head or text[: longest - 1]}…"
