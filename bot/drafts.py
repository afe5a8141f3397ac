"""What a moderator may want to say on X from their own account: welcomes, thanks, follow-ups, ready to send. Pure.

Each is an address that opens their own composer (``bot/intents.py``); nothing is sent by the program. No two texts are
alike, for X refuses a text that one has just posted: they name whom they are for, and quote a few of their words.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from bot import intents
from bot.recap import BEST, shorten
from bot.words.catalogue import Words

# Who is called longer than this is greeted without a name.
LONGEST_NAME = 30
# So many words of theirs are quoted.
QUOTED = 6
# Letters with what stands between them in a name; anything else could mention or tag somebody.
_NAME = re.compile(r"[^\W\d_]+(?:[ '’-][^\W\d_]+)*")
# What holds an emoji together, beside its signs: a joiner and a variation mark.
_OF_EMOJI = "\u200d\ufe0f"
# Quotation marks: the quote gets its own.
_MARKS = re.compile(r"[\"\xab\xbb\u201c\u201d]")
# Words that would do something in a post: mention, tag, link, or file it under another question.
_ACTING = re.compile(r"[@＠#＃]|\S\.\w|://|^\W*[A-Z][.\-–_]?\d{1,2}\W*$", re.IGNORECASE)


class Kind(StrEnum):
    """What a draft is for."""

    WELCOME = "welcome"
    THANKS = "thanks"
    FOLLOW_UP = "follow"


class Speech(NamedTuple):
    """A post of a participant on X; ``echo`` counts its reactions and replies.

    ``answered`` says that a moderator has replied to it on X; ``hidden`` that the archive knows its author by an alias.
    """

    id: int
    who: int
    name: str
    post: str
    text: str
    question: int | None
    echo: int
    answered: bool
    hidden: bool


class Asked(NamedTuple):
    """A question that stands on X; ``answered`` says that a moderator has replied to it there."""

    id: int
    number: int
    text: str
    post: str
    answered: bool


@dataclass(frozen=True, slots=True)
class Draft:
    """Something to send: ``key`` names it within its debate; ``name`` and ``said`` tell what it answers."""

    key: str
    kind: Kind
    name: str
    said: str
    question: int | None
    text: str
    address: str


def drafts(speeches: Iterable[Speech], asked: Iterable[Asked], *, hashtag: str, say: Words) -> list[Draft]:
    """All there is to say, but what a moderator has said already: welcomes, thanks by question, follow-ups.

    ``speeches`` come oldest first, ``asked`` by number; ``say`` speaks the debate's language.
    """
    said = list(speeches)
    return [
        *(_welcome(one, hashtag, say) for one in _newcomers(said)),
        *(_thanks(one, hashtag, say) for one in _best(said)),
        *(_follow_up(one, hashtag, say) for one in asked if not one.answered),
    ]


def _newcomers(said: Sequence[Speech]) -> list[Speech]:
    """The first post of everybody to whom no moderator has replied yet."""
    known = {one.who for one in said if one.answered}
    first: dict[int, Speech] = {}
    for one in said:
        if one.who not in known:
            first.setdefault(one.who, one)
    return list(first.values())


def _best(said: Sequence[Speech]) -> list[Speech]:
    """The answers of each question that found most echo, the earlier first in a tie; none without any."""
    by_question: dict[int, list[Speech]] = {}
    for one in said:
        if one.question is not None and one.echo:
            by_question.setdefault(one.question, []).append(one)
    best = [sorted(by_question[number], key=lambda one: -one.echo)[:BEST] for number in sorted(by_question)]
    return [one for found in best for one in found if not one.answered]


def _welcome(one: Speech, hashtag: str, say: Words) -> Draft:
    name, words = _name(one), _quoted(one.text)
    hello = say("¡Hola, {name}!", name=name) if name else say("¡Hola!")
    read = [say("He leído lo de «{quote}».", quote=words)] if words else []
    ways = (
        say("Te damos la bienvenida al debate: responde a cada pregunta en su hilo, a todas o a las que quieras."),
        say("Qué bien leerte aquí. Lee también a los demás y respóndeles: de eso va esta hora."),
        say("Gracias por sumarte. Si algo de lo que leas no te convence, dilo: así se aprende más."),
    )
    text = " ".join([hello, *read, ways[one.id % len(ways)]])
    return _draft(Kind.WELCOME, one, text, ident=one.who, hashtag=hashtag)


def _thanks(one: Speech, hashtag: str, say: Words) -> Draft:
    ways = (
        say("Es de lo que más eco está teniendo. ¿Nos das un ejemplo?"),
        say("Ha dado que hablar. ¿Por dónde empezarías tú?"),
        say("Se queda en la transcripción para quien no ha podido venir."),
    )
    text = f"{_thank(_name(one), _quoted(one.text), say)} {ways[one.id % len(ways)]}"
    return _draft(Kind.THANKS, one, text, ident=one.id, hashtag=hashtag)


def _thank(name: str, words: str, say: Words) -> str:
    if name and words:
        return say("Gracias, {name}, por lo de «{quote}».", name=name, quote=words)
    if words:
        return say("Gracias por lo de «{quote}».", quote=words)
    return say("Gracias, {name}.", name=name) if name else say("Gracias por tu respuesta.")


def _follow_up(one: Asked, hashtag: str, say: Words) -> Draft:
    ways = (
        say("¿Quién lo ha vivido de otra manera? Contadlo aquí con un ejemplo."),
        say("De lo que se está diciendo aquí, ¿con qué no estáis de acuerdo?"),
        say("Una sola cosa, la primera: ¿qué haríais el lunes?"),
        say("¿Qué dato o qué anécdota falta en esta conversación?"),
        say("Si hubiera que quedarse con una respuesta de este hilo, ¿cuál sería y por qué?"),
    )
    lap, way = divmod(one.number - 1, len(ways))
    text = ways[way] if not lap else say("Sobre «{quote}»: {text}", quote=_quoted(one.text), text=ways[way])
    address = intents.reply(text, hashtag, to=one.post)
    kind = Kind.FOLLOW_UP
    return Draft(f"{kind}:{one.id}", kind, "", one.text, one.number, intents.fitted(text, hashtag), address)


def _draft(kind: Kind, one: Speech, text: str, *, ident: int, hashtag: str) -> Draft:
    return Draft(
        f"{kind}:{ident}", kind, one.name, shorten(one.text), one.question, intents.fitted(text, hashtag),
        intents.reply(text, hashtag, to=one.post),
    )  # fmt: skip


def _name(one: Speech) -> str:
    """How they are greeted; "" where the name is hidden, too long, or could mention, tag or link."""
    whole = unicodedata.normalize("NFC", one.name)
    plain = "".join(char for char in whole if unicodedata.category(char)[0] != "S" and char not in _OF_EMOJI)
    name = " ".join(plain.split())
    return name if not one.hidden and len(name) <= LONGEST_NAME and _NAME.fullmatch(name) else ""


def _quoted(text: str) -> str:
    """The first words of a text, without those that would do something in a post."""
    words = [word for word in _MARKS.sub("", text).split() if not _ACTING.search(word)]
    shown = shorten(" ".join(words[:QUOTED]), 60)
    return f"{shown}…" if len(words) > QUOTED and not shown.endswith("…") else shown.rstrip(".,;:")
