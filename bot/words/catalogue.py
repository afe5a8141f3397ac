"""The bot's sentences in a language: ``say = words("en"); say("{count} mensajes", count=3)``."""

import functools
import gettext
from collections.abc import Callable
from importlib import resources

from bot import errors

LANGUAGES = ("es", "en")

Say = Callable[..., str]


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
        fields = {name: self(value) if isinstance(value, str) else value for name, value in error.fields.items()}
        return self._catalogue.gettext(error.template()).format(**fields)


@functools.cache
def words(locale: str) -> Words:
    """The sentences in a language, read once."""
    return Words(locale)
