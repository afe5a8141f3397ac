"""The bot's sentences in a language: ``say = words("en"); say("{count} mensajes", count=3)``."""

import functools
import gettext
from collections.abc import Mapping
from importlib import resources

from bot import errors
from bot.dates import Moment
from bot.phrase import Phrase
from bot.words import terms

LANGUAGES = ("es", "en")

# Fields of errors that hold somebody's own words: a title «Abierto» stays what it is.
AS_TYPED = frozenset(
    {"word", "nearest", "example", "title", "text", "name", "who", "debate", "question", "channel", "file"}
)


class Words:
    """Sentences in one language. A Spanish sentence is its own key, so Spanish needs no catalogue."""

    def __init__(self, locale: str) -> None:
        """``locale`` such as ``es``, ``en`` or ``en-US``; Spanish for any language we do not speak."""
        language = locale.replace("_", "-").partition("-")[0].lower()
        self.locale = language if language in LANGUAGES else LANGUAGES[0]
        self._catalogue: gettext.NullTranslations = gettext.NullTranslations()
        if self.locale != LANGUAGES[0]:
            with resources.files("bot.words").joinpath(f"{self.locale}.mo").open("rb") as file:
                self._catalogue = gettext.GNUTranslations(file)

    def __call__(self, sentence: str, /, **fields: object) -> str:
        """The sentence in this language, its ``{fields}`` filled."""
        translated = self._catalogue.gettext(sentence)
        return translated.format(**fields) if fields else translated

    def error(self, error: errors.TertuliaError) -> str:
        """What an error says to its reader, in this language."""
        return self._catalogue.gettext(error.template()).format(**self._fields(error.fields))

    def again(self, said: str) -> str:
        """What a rule said, in this language: a phrase with its fields, any other text looked up as it is."""
        if isinstance(said, Phrase):
            return self(said.sentence, **self._fields(said.fields))
        return self(said) if said else said

    def term(self, field: str, code: str) -> str:
        """What people call a code of ours: ``term("phase", "held")`` is «en pausa»; the code where we have no word."""
        return terms.of(self, field).get(code, code)

    def _fields(self, fields: Mapping[str, object]) -> dict[str, object]:
        return {name: self._field(name, value) for name, value in fields.items()}

    def _field(self, name: str, value: object) -> object:
        if isinstance(value, Moment):
            return value.said(self.locale)
        # What people typed or named is theirs; and the empty key is the catalogue's own header.
        if not isinstance(value, str) or (name in AS_TYPED and not isinstance(value, Phrase)):
            return value
        return terms.of(self, name).get(value) or self.again(value)


@functools.cache
def words(locale: str) -> Words:
    """The sentences in a language, read once."""
    return Words(locale)
