"""Which question does a message answer, why, and how sure are we? (docs/design.md, 5.) Pure."""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import NamedTuple

# The letters of labels, where nobody says otherwise: respuesta, answer, pregunta, question, topic.
LABELS = "RAPQT"


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


class Filing(NamedTuple):
    """The number of the question (None: said before the first one), the reason, the certainty.

    ``conflict`` is True where a label contradicted the thread that the message stands in.
    """

    question: int | None
    reason: Reason
    confidence: Confidence
    conflict: bool = False


# --- the letters of labels --------------------------------------------------------------------------------------------

_NUMBERS = {
    word: number
    for number, words in enumerate(
        ("uno primera one first", "dos segunda two second", "tres tercera three third", "cuatro cuarta four fourth",
         "cinco quinta five fifth", "seis sexta six sixth", "siete seven seventh", "ocho octava eight eighth"),
        start=1,
    )
    for word in words.split()
}  # fmt: skip
_WORDED = "|".join(_NUMBERS)
_NEVER = r"(?!)"
# Of these two letters, "A 4 de mayo" and "T 20" are words more often than labels: they need more than to be there.
_ALSO_WORDS = "AT"
_NUMBER = r"(?P<number>\d{1,2})"


@dataclass(frozen=True, slots=True)
class Letters:
    """How labels with the letters of a debate are written (``letters_of``)."""

    start: re.Pattern[str]
    tag: re.Pattern[str]
    end: re.Pattern[str]
    end_of_sentence: re.Pattern[str]
    middle: re.Pattern[str]
    spelled: re.Pattern[str]
    another: re.Pattern[str]


@cache
def letters_of(letters: str) -> Letters:
    """The patterns of labels with these capital letters, as ``LABELS``."""
    kind = rf"(?P<kind>[{letters}])"
    plain = "".join(one for one in letters if one not in _ALSO_WORDS)
    return Letters(
        # R1, A1, P1, Q1 and their everyday spellings at the start of a line: "R.1", "r1)", "R-1:", "R 1.", "RR1" …
        start=re.compile(
            rf"""^(?:[#@][\w.-]+[\s,:]+|[^\w#@\n]|_)*+   # greeted or tagged first, or wrapped in marks
                (?P<lead>(?:re|sobre|para|respecto\s+a|a|mi|on|for|to|my|about|regarding|back\s+to|vuelvo\s+a)
                    (?:\s?:\s?|\s)(?:la\s)?)?
                \#?{kind}(?P=kind)?\s?(?:[.\-–_:\#]|no?\.?)?\s?{_NUMBER}
                (?P<after>\s*[^\w\s]|\s+|$|_
                    |(?=(?-i:[A-ZÁÉÍÓÚÑ][a-záéíóúñ])|(?:del?|el|las?|los|un|una|the|an)\b))""",
            re.IGNORECASE | re.VERBOSE | re.MULTILINE,
        ),
        tag=re.compile(rf"(?<![\w#&])#{kind}[._-]?{_NUMBER}(?!\w)", re.IGNORECASE),
        end=re.compile(rf"(?<![\w.,/-])(?P<kind>[{plain}])\.?{_NUMBER}[.)\]!]*(?:\s+[#@][\w.-]+)*\s*$"),
        end_of_sentence=re.compile(
            rf"(?<=[.!?…(\[])\s*(?P<kind>A){_NUMBER}[.)\]!]*(?:\s+[#@][\w.-]+)*\s*$" if "A" in letters else _NEVER
        ),
        middle=re.compile(rf"(?<![\w.,/#@&-]){kind}\.?{_NUMBER}(?P<after>\s?[^\w\s]|(?=\s)|$)", re.IGNORECASE),
        # In words or the other way round, as in "Respuesta 3", "Answer five", "A five" and "3R".
        spelled=re.compile(
            rf"""^[^\w\n]*+(?:
                (?:respuesta|resp|rpta|pregunta|preg|answer|ans|question|tema|topic)\.?\s?:?\s?(?:no?\.?\s?|\#\s?)?
                    (?P<number>\d{{1,2}}|(?:{_WORDED})\b)(?P<after>\s*[^\w\s]|\s|$)
                | [{letters.replace("T", "")}]\s(?P<worded>{_WORDED})\s?[:.)\-–—]
                | (?P<before>\d)[{letters.replace("T", "")}]\s?[:.)\-–—] )""",
            re.IGNORECASE | re.VERBOSE | re.MULTILINE,
        ),
        another=re.compile(rf"\s?(?:y|e|o|and|or|&|/|\+|,)\s?#?[{letters}][.\-_]?{_NUMBER}(?!\w)", re.IGNORECASE),
    )


_EVERYDAY = letters_of(LABELS)


# --- the questions ----------------------------------------------------------------------------------------------------

# The platform's clock and ours differ by so much.
EARLY = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Asked:
    """The questions asked so far: ``posts`` maps the platform id of each of their posts to their number.

    ``times`` and ``numbers`` are the same questions in order of asking; ``letters`` those of the debate's labels.
    """

    times: Sequence[datetime]
    numbers: Sequence[int]
    posts: Mapping[str, int]
    letters: Letters = _EVERYDAY

    def by(self, when: datetime) -> Sequence[int]:
        """The numbers of the questions asked by that time: a label of a later one is none."""
        return self.numbers[: bisect_right(self.times, when + EARLY)]

    def open_at(self, when: datetime) -> int | None:
        """The number of the question that was open at that time, or None before the first."""
        at = bisect_right(self.times, when)
        return self.numbers[at - 1] if at else None


# --- the label in a text ---------------------------------------------------------------------------------------------

# What is not the writer's own words: forwarded text, lines that quote, long quotations, addresses.
_NOT_OWN = re.compile(
    r"""\bRT\s@.*+ | ^[ \t]*>.*$ | https?://\S++ | \bwww\.\S++
    | “[^“”]{8,400}+” | «[^«»]{8,400}+» | "[^"\n]{8,400}+" """,
    re.VERBOSE | re.MULTILINE,
)
# Marks that nobody sees (zero width, direction, keycaps) and raised letters: "R3ª", "R nº3".
_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufe0e\ufe0f\u20e3\ufeffºª°]")
# A label at the end has at most a few tags behind it; looking no further keeps a long text quick.
_SIGNATURE = 120
_ARTICLE = 8_000
_QUOTING = ("RT @", ">", "http", "www.", '"')
# As in "a la quinta pregunta" and "5th question".
_ORDINAL = re.compile(
    rf"\b(?P<number>\d|{_WORDED})(?:st|nd|rd|th)?\s(?:pregunta|question)(?P<after>\s?:)?", re.IGNORECASE
)
# "A4 paper", "A 4 manos", "R2 D2", "Q3 results": what is also something else needs more than a space behind it.
_NOT_A_LABEL = re.compile(
    r"""\s*(?:paper|papel|sheets?|size|tamaño|formato?|hojas?|folios?|landscape|portrait|manos|veces|euros?|%|horas?|días?
    |personas?|clientes|steak|sauce|milk|motorway|road|nivel|level|D2|C3PO|results?|resultados|earnings|sales|ventas
    |revenue|budget|presupuesto|figures|targets?|incidents?|incidencias?|priority|closed|cerrado)\b""",
    re.IGNORECASE | re.VERBOSE,
)
_DIGIT = re.compile(r"\d")
_FIRM = re.compile(r"\s*[:.)\]\-–—>=→|/;,]")


class Marks(NamedTuple):
    """The labels in a text with the everyday letters: those that leave no doubt, and those that may be meant."""

    firm: Sequence[int] = ()
    passing: Sequence[tuple[int, Confidence]] = ()


_UNMARKED = Marks()


def marks(text: str) -> Marks:
    """All labels in a text, in their order, whichever questions there are."""
    if not _may_be_labelled(text, _EVERYDAY):
        return _UNMARKED
    own = _own(text)
    return Marks(tuple(_firm(own, _EVERYDAY)), tuple(_passing(own, _EVERYDAY)))


def label(
    text: str, known: Sequence[int], letters: Letters = _EVERYDAY, found: Marks | None = None
) -> tuple[int, Confidence] | None:
    """The number of a known question that the text is labelled with, and how sure that is; None without one.

    A guess is a label in passing ("as was said in R1"), or the first of several. ``found`` are the text's ``marks``,
    where they are known.
    """
    if not known:
        return None
    if found is not None and letters is _EVERYDAY:
        return _chosen(found.firm, found.passing, known)
    if not _may_be_labelled(text, letters):
        return None  # as most texts, at once
    own = _own(text)
    return _chosen(_firm(own, letters), _passing(own, letters), known)


def _chosen(
    firm: Iterable[int], passing: Iterable[tuple[int, Confidence]], known: Sequence[int]
) -> tuple[int, Confidence] | None:
    meant = [one for one in firm if one in known]
    if meant:
        return meant[0], Confidence.GUESS if len(set(meant)) > 1 else Confidence.CERTAIN
    return next((one for one in passing if one[0] in known), None)


def _may_be_labelled(text: str, letters: Letters) -> bool:
    return _DIGIT.search(text) is not None or _in_words(text, letters)


def _in_words(text: str, letters: Letters) -> bool:
    return _named(text) or letters.spelled.search(text) is not None


def _named(text: str) -> bool:
    low = text.lower()
    return "pregunta" in low or "question" in low


def _own(text: str) -> str:
    """The writer's own words, in plain letters; of an article, its beginning and its end."""
    if len(text) > _ARTICLE:
        text = f"{text[:_ARTICLE]} {text[-_SIGNATURE:]}"
    if text.isascii() and not any(mark in text for mark in _QUOTING):
        return text
    return _NOT_OWN.sub(" ", unicodedata.normalize("NFKC", _UNSEEN.sub("", text)))


def _firm(own: str, letters: Letters) -> Iterator[int]:
    """The numbers of labels that leave no doubt, in their order: at the start of a line, as a tag, before a colon."""
    started = 0
    for match in letters.start.finditer(own):
        if not _is_a_word(match, own):
            started = match.end()
            yield int(match["number"])
            another = letters.another.match(own, match.end("number"))
            if another:
                yield int(another["number"])
    if started and not _DIGIT.search(own, started):
        return
    for match in letters.spelled.finditer(own):
        if match["number"] is None or (match["after"] or "").strip():
            started = match.end()
            yield _number(match["number"] or match["worded"] or match["before"])
    if not started:
        yield from (int(match["number"]) for match in letters.tag.finditer(own))
    yield from (int(match["number"]) for match in letters.middle.finditer(own) if match["after"].strip() == ":")


def _passing(own: str, letters: Letters) -> Iterator[tuple[int, Confidence]]:
    """Labels that may be meant: at the end, in brackets or at the start of a sentence; then those within one."""
    at_the_end = letters.end.search(own, max(0, len(own) - _SIGNATURE))
    for match in (at_the_end, letters.end_of_sentence.search(own[-_SIGNATURE:])):
        if match:
            yield int(match["number"]), Confidence.LIKELY
    spelled = letters.spelled.search(own)
    if spelled and spelled["number"]:
        yield _number(spelled["number"]), Confidence.LIKELY
    within = [match for match in letters.middle.finditer(own) if not _NOT_A_LABEL.match(own, match.end())]
    for match in within:
        if match["after"].strip() in {")", "]", "-", "–", "—", "."}:
            yield int(match["number"]), Confidence.LIKELY
    ordinal = _ORDINAL.search(own, 0, _SIGNATURE) if _named(own) else None
    if ordinal:
        yield _number(ordinal["number"]), Confidence.LIKELY if ordinal["after"] else Confidence.GUESS
    for match in within:
        if match["kind"].upper() not in _ALSO_WORDS:
            yield int(match["number"]), Confidence.GUESS


def _number(found: str) -> int:
    return int(found) if found.isdecimal() else _NUMBERS[found.lower()]


def _is_a_word(match: re.Match[str], own: str) -> bool:
    if _FIRM.match(own, match.end("number")):
        return False
    if match["kind"] in "Tt" or (match["lead"] and match["kind"] in "Aa"):
        return True
    if _NOT_A_LABEL.match(own, match.end("number")):
        return True
    # "A 4 de mayo", "a 3 clientes": a spaced A is the preposition.
    return match["kind"] in "Aa" and own[match.end("kind") : match.start("number")].isspace()


# --- where it stands -------------------------------------------------------------------------------------------------


def file(
    text: str, posted_at: datetime, asked: Asked, place: Filing | None = None, found: Marks | None = None
) -> Filing:
    """Where a message stands that nobody has filed by hand.

    ``place`` is what ``by_place`` says of it, ``found`` are the text's ``marks``, where they are known.
    """
    return _settle(label(text, asked.by(posted_at), asked.letters, found), posted_at, asked, place)


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
    certain = parent.confidence is Confidence.CERTAIN and parent.reason in {Reason.HAND, Reason.LABEL, Reason.THREAD}
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
