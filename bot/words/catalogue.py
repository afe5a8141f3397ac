"""The bot's sentences in a language: ``say = words("en"); say("{count} mensajes", count=3)``."""

import functools
import gettext
from collections.abc import Callable, Mapping
from importlib import resources

from bot import errors
from bot.phrase import Phrase

LANGUAGES = ("es", "en")

Say = Callable[..., str]

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
        return _terms(self, field).get(code, code)

    def _fields(self, fields: Mapping[str, object]) -> dict[str, object]:
        return {name: self._field(name, value) for name, value in fields.items()}

    def _field(self, name: str, value: object) -> object:
        # What people typed or named is theirs; and the empty key is the catalogue's own header.
        if not isinstance(value, str) or (name in AS_TYPED and not isinstance(value, Phrase)):
            return value
        return _terms(self, name).get(value) or self.again(value)


def _terms(say: Words, field: str) -> Mapping[str, str]:
    """What people call the codes of a field; empty where its values are words already."""
    if field == "phase":
        return {
            "draft": say("en borrador"), "scheduled": say("programado"), "open": say("abierto"),
            "held": say("en pausa"), "grace": say("recogiendo las últimas respuestas"), "closed": say("cerrado"),
            "cancelled": say("cancelado"), "missed": say("sin celebrar"),
        }  # fmt: skip
    if field == "verb":
        return {
            "open": say("abrir"), "next": say("pasar a la siguiente pregunta"), "hold": say("pausar"),
            "resume": say("seguir"), "extend": say("extender"), "skip": say("saltar una pregunta"),
            "reorder": say("reordenar"), "add": say("añadir preguntas"), "close": say("cerrar"),
            "cancel": say("cancelar"), "abort": say("anular"), "join": say("añadir un lugar"),
            "leave": say("quitar un lugar"),
            "edit": say("cambiar"), "move": say("cambiar de fecha"),
        }  # fmt: skip
    if field in {"state", "wanted"}:
        return {
            "pending": say("pendiente"), "approved": say("aprobada"), "asked": say("ya hecha"),
            "answered": say("ya respondida"), "declined": say("rechazada"), "merged": say("unida a otra"),
            "carried": say("guardada para otro día"),
        }  # fmt: skip
    if field == "cue":
        return {
            "planned": say("prevista"), "held": say("parada"), "done": say("hecha"), "skipped": say("saltada"),
            "cancelled": say("retirada"),
        }  # fmt: skip
    if field == "cue_kind":  # bot/cues.py
        return {
            "announce": say("anuncio"), "remind": say("recordatorio"), "open": say("apertura"),
            "label": say("cómo se etiqueta"), "warn": say("aviso de la pregunta"), "ask": say("pregunta"),
            "wrap_up": say("últimos minutos"), "close": say("cierre"),
            "forgotten_hold": say("fin de una pausa olvidada"), "end_grace": say("fin de las últimas respuestas"),
            "recap": say("resumen"), "confirm": say("confirmación de la serie"),
            "lapse": say("retirada de la serie sin confirmar"), "guest": say("aviso a quien está invitado"),
            "nudge": say("recordatorio en privado"), "pulse": say("encuesta de después"),
            "poll_end": say("fin de la encuesta"), "teaser": say("anticipo del siguiente"),
        }  # fmt: skip
    if field == "fate":  # of a date that is proposed for a season (bot/actions/seasons.py)
        return {
            "new": say("nuevo"), "move": say("cambia de fecha"), "stay": say("se queda"), "left": say("no se toca"),
            "drop": say("se retira"), "taken": say("ocupado"), "past": say("ya pasó"),
        }  # fmt: skip
    if field == "country":  # where we have no name, its two letters
        return {
            "AR": say("Argentina"), "BO": say("Bolivia"), "CL": say("Chile"), "CO": say("Colombia"),
            "CR": say("Costa Rica"), "CU": say("Cuba"), "DO": say("República Dominicana"), "EC": say("Ecuador"),
            "ES": say("España"), "GT": say("Guatemala"), "HN": say("Honduras"), "MX": say("México"),
            "NI": say("Nicaragua"), "PA": say("Panamá"), "PE": say("Perú"), "PR": say("Puerto Rico"),
            "PT": say("Portugal"), "PY": say("Paraguay"), "SV": say("El Salvador"), "US": say("Estados Unidos"),
            "UY": say("Uruguay"), "VE": say("Venezuela"),
        }  # fmt: skip
    if field == "doubt":
        return {
            "time": say("colocado por la hora"), "label": say("etiqueta dudosa"),
            "conversation": say("colocado como lo que responde"), "conflict": say("la etiqueta no cuadra con el hilo"),
        }  # fmt: skip
    if field == "count":
        return {
            "messages": say("mensajes"), "people": say("personas"), "questions": say("preguntas"),
            "posts": say("publicaciones"), "waiting": say("por enviar"), "failed": say("sin enviar"),
        }  # fmt: skip
    return {}


@functools.cache
def words(locale: str) -> Words:
    """The sentences in a language, read once."""
    return Words(locale)
