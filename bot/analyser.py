"""From words to search terms: one analyser for the index and for the question, in Spanish and English. Pure.

Each word is lowered, loses its accents and becomes its Spanish and its English stem, so that «debates», «Debate» and
«débate» meet. There are no stop words: «The Who» and «vosotros» can be looked for too. SQLite and PostgreSQL index the
same terms, and so find the same.
"""

import re
from collections.abc import Sequence
from functools import cache, lru_cache
from threading import Lock
from typing import Protocol
from unicodedata import is_normalized, normalize

# PostgreSQL refuses words above 2 kB; nobody looks for one longer than this, and longer ones are cut in pieces.
_WORD = re.compile(r"[^\W_]{1,64}")
# A question of more words than this finds nothing more, and costs the database a long plan.
MOST_WORDS = 32
# Some 250 bytes each: the words of a large community fit in 8 MB, once as they stand and once as stems.
_KEPT_WORDS = 1 << 15
# A longer text is analysed word by word, so that nothing long is ever kept.
_SHORT_TEXT = 1000


class _Stemmer(Protocol):
    def stemWord(self, word: str) -> str: ...  # noqa: N802  # Snowball's own name


def terms(text: str) -> str:
    """The terms under which a text is found, a space between each: what the index keeps."""
    if len(text) > _SHORT_TEXT:
        return " ".join(filter(None, map(_terms_of, _words(text))))
    return " ".join(filter(None, map(_terms_between_spaces, text.split())))


def query(words: str) -> list[list[str]]:
    """What was asked as groups of terms: a text is found that has at least one term of every group.

    A term is made of lower-case letters and digits alone, whatever was typed. No word typed, no group.
    """
    wanted = dict.fromkeys(map(_terms_of, _words(words)))
    wanted.pop("", None)
    return [group.split(" ") for group in list(wanted)[:MOST_WORDS]]


def found(text: str, groups: Sequence[Sequence[str]]) -> list[tuple[int, int]]:
    """Where in the text the words stand that answer the groups: (start, end) of each, for highlighting."""
    wanted = {term for group in groups for term in group}
    return [match.span() for match in _WORD.finditer(text) if not wanted.isdisjoint(_terms_of(match[0]).split(" "))]


def _words(text: str) -> list[str]:
    # An accent that follows its letter as a character of its own would cut the word in two.
    if not is_normalized("NFC", text):
        text = normalize("NFC", text)
    return _WORD.findall(text)


@lru_cache(maxsize=_KEPT_WORDS)
def _terms_between_spaces(chunk: str) -> str:
    return " ".join(filter(None, map(_terms_of, _words(chunk))))


@lru_cache(maxsize=_KEPT_WORDS)
def _terms_of(word: str) -> str:
    """The Spanish and the English stem, once where they are the same; "" where nothing is left of the word."""
    folded = "".join([letter for letter in normalize("NFKD", word.lower()) if letter.isalnum()])
    if not folded:
        return ""
    spanish, english, one_at_a_time = _stemmers()
    with one_at_a_time:
        return " ".join(dict.fromkeys((spanish.stemWord(folded), english.stemWord(folded))))


@cache
def _stemmers() -> tuple[_Stemmer, _Stemmer, Lock]:
    """Both stemmers, and the lock that they need: they keep a state while they work."""
    import snowballstemmer

    return snowballstemmer.stemmer("spanish"), snowballstemmer.stemmer("english"), Lock()
