"""One grammar of commands for Slack and the room: text -> Command, in Spanish and English, and what each one does.

The table ``GRAMMAR`` is the feature list: every command with its words, who may give it, what it does in one
sentence, and the action behind it. Reading a text is pure; ``obey`` runs the action.
"""

import difflib
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bot import dates, errors
from bot.actions import plan, run
from bot.ports import Actor, House
from bot.store.engine import Tx
from bot.tables import Debate
from bot.words.catalogue import Words

# A word that nobody typed on purpose is not read back whole.
LONGEST_WORD = 40
# Below this likeness the nearest command is no help, and the way to the help is.
LIKENESS = 0.5

_MINUTES = re.compile(r"(\d{1,4}(?:[.,]\d{1,2})?)\s*(?:m|min|mins|minutos?|minutes?)?", re.ASCII)
_REALLY = re.compile(r"(?:[\s,]+(?:si|yes|--yes|really|¿?de verdad)[.!?]*)+\s*$")
_ADDRESS = re.compile(r"/?tertulia(?=\s|$)\s*|/", re.IGNORECASE)


class Order(StrEnum):
    """What may be asked of the bot."""

    OPEN = "open"
    NEXT = "next"
    HOLD = "hold"
    RESUME = "resume"
    EXTEND = "extend"
    SKIP = "skip"
    CLOSE = "close"
    CANCEL = "cancel"
    ABORT = "abort"
    NEW = "new"
    SEASON = "season"
    NOW = "now"
    CALENDAR = "calendar"
    GOING = "going"
    REMIND = "remind"
    QUESTIONS = "questions"
    ASK = "ask"
    HELP = "help"


@dataclass(frozen=True, slots=True)
class Command:
    """What somebody typed, understood; ``minutes`` belongs to EXTEND, ``text`` to ASK, NEW, GOING and REMIND."""

    order: Order
    really: bool = False
    minutes: float = 0.0
    text: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """The circumstances of a command: who gave it, when, and in whose words to answer."""

    actor: Actor
    now: datetime
    house: House
    say: Words


Action = Callable[[Tx, Debate, Command, Request], str]
"""Does the command to the debate and returns the sentence that says so; raises Refusal."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One command: its words (the first of each language is its name), what it takes, what it does."""

    order: Order
    es: Sequence[str]
    en: Sequence[str]
    about: Callable[[Words], str]
    moderator: bool = False
    argument: Mapping[str, str] = field(default_factory=dict)  # by language, as it is shown after the name
    example: Mapping[str, str] = field(default_factory=dict)
    action: Action | None = None  # None: each platform shows it in its own way

    def name(self, language: str) -> str:
        """The command as it is written in a language, with its argument: ``extender N``."""
        word = self.en[0] if language == "en" else self.es[0]
        return f"{word} {self.argument[language]}" if self.argument else word

    def sample(self, language: str) -> str:
        """One example of its use in a language."""
        return self.example[language] if self.example else self.name(language)


# --- what each command does ------------------------------------------------------------------------------------------


def _open(tx: Tx, debate: Debate, _command: Command, by: Request) -> str:
    run.open_now(tx, debate, actor=by.actor, now=by.now)
    return by.say("«{title}» está abierto: sale la bienvenida.", title=debate.title)


def _next(tx: Tx, debate: Debate, command: Command, by: Request) -> str:
    question = run.ask_next(tx, debate, actor=by.actor, now=by.now, really=command.really)
    return by.say("Sale la P{number}: «{text}».", number=question.number, text=question.text)


def _hold(tx: Tx, debate: Debate, _command: Command, by: Request) -> str:
    run.hold(tx, debate, actor=by.actor, now=by.now)
    return by.say("En pausa: el reloj está parado y se siguen recogiendo respuestas. Sigue con «seguir».")


def _resume(tx: Tx, debate: Debate, _command: Command, by: Request) -> str:
    run.resume(tx, debate, actor=by.actor, now=by.now)
    return by.say("El reloj vuelve a andar; acaba a las {time}.", time=dates.clock(debate.ends_at, debate.timezone))


def _extend(tx: Tx, debate: Debate, command: Command, by: Request) -> str:
    run.extend(tx, debate, command.minutes, actor=by.actor, now=by.now)
    ends = dates.clock(debate.ends_at, debate.timezone)
    return by.say("Hay {minutes} min más; el debate acaba a las {time}.", minutes=f"{command.minutes:g}", time=ends)


def _skip(tx: Tx, debate: Debate, _command: Command, by: Request) -> str:
    question = run.skip(tx, debate, actor=by.actor, now=by.now)
    return by.say("Se salta «{text}»; queda guardada para otro día.", text=question.text)


def _close(tx: Tx, debate: Debate, _command: Command, by: Request) -> str:
    run.close(tx, debate, actor=by.actor, now=by.now, house=by.house)
    return by.say("«{title}» está cerrado. La transcripción: {link}", title=debate.title, link=_link(debate, by.house))


def _cancel(tx: Tx, debate: Debate, _command: Command, by: Request) -> str:
    when = dates.long(debate.starts_at, debate.timezone, locale=by.say.locale)
    if plan.cancel(tx, debate, actor=by.actor, now=by.now):
        return by.say("«{title}» ({when}) no se celebrará; se avisa donde se anunció.", title=debate.title, when=when)
    return by.say("«{title}» ({when}) no se celebrará; no se publica nada.", title=debate.title, when=when)


def _abort(tx: Tx, debate: Debate, command: Command, by: Request) -> str:
    title = debate.title  # the row will be gone
    run.abort(tx, debate, actor=by.actor, now=by.now, really=command.really)
    return by.say("«{title}» está anulado: no queda rastro de él.", title=title)


def _link(debate: Debate, house: House) -> str:
    return f"{house.url}/d/{debate.slug}"


GRAMMAR: Sequence[Rule] = (
    Rule(
        Order.NOW, ("ahora", "dónde"), ("now", "where"),
        lambda say: say("por dónde vamos: la pregunta, los minutos que quedan y las mejores respuestas"),
    ),
    Rule(Order.CALENDAR, ("calendario", "agenda"), ("calendar",), lambda say: say("los debates que vienen")),
    Rule(
        Order.GOING, ("voy", "iré", "asistir"), ("going", "rsvp"),
        lambda say: say("di si vienes al próximo debate: sí, quizá o no"),
        argument={"es": "[quizá/no]", "en": "[maybe/no]"}, example={"es": "voy", "en": "going"},
    ),
    Rule(
        Order.REMIND, ("recordar", "recuérdame", "avisos"), ("remind", "reminders"),
        lambda say: say("que te avise por privado antes de cada debate, o no; solo del próximo: recordar 30m este"),
        argument={"es": "[30m/no]", "en": "[30m/no]"}, example={"es": "recordar 30m", "en": "remind 30m"},
    ),
    Rule(
        Order.QUESTIONS, ("preguntas",), ("questions",),
        lambda say: say("las preguntas propuestas: votar, y quien modera las aprueba o rechaza"),
    ),
    Rule(
        Order.ASK, ("pregunta", "preguntar"), ("ask", "question"), lambda say: say("propone una pregunta al debate"),
        argument={"es": "TEXTO", "en": "TEXT"},
        example={"es": "pregunta ¿De quién depende?", "en": "ask Who owns it?"},
    ),
    Rule(Order.HELP, ("ayuda", "?"), ("help",), lambda say: say("esta ayuda")),
    Rule(
        Order.NEW, ("nuevo", "nueva", "programar"), ("new", "schedule"),
        lambda say: say("programa un debate, con palabras o en un formulario"), moderator=True,
        argument={"es": "[CUÁNDO TÍTULO]", "en": "[WHEN TITLE]"},
        example={"es": "nuevo jueves 19:00 ¿Quién es el CXO?", "en": "new Thursday 7pm Who is the CXO?"},
    ),
    Rule(
        Order.SEASON, ("temporada", "temporadas"), ("season", "seasons"),
        lambda say: say("planifica las temporadas de un año, con vista previa; o cambia su ritmo"), moderator=True,
        argument={"es": "[AÑO]", "en": "[YEAR]"}, example={"es": "temporada 2027", "en": "season 2027"},
    ),
    Rule(
        Order.OPEN, ("abrir", "abre", "empezar"), ("open", "start"), lambda say: say("abre el debate ahora"),
        moderator=True, action=_open,
    ),
    Rule(
        Order.NEXT, ("siguiente", "próxima"), ("next",), lambda say: say("hace ya la pregunta siguiente"),
        moderator=True, action=_next,
    ),
    Rule(
        Order.HOLD, ("pausa", "pausar", "parar"), ("hold", "pause"), lambda say: say("para el reloj"),
        moderator=True, action=_hold,
    ),
    Rule(
        Order.RESUME, ("seguir", "sigue", "reanudar", "continuar"), ("resume", "continue"),
        lambda say: say("vuelve a poner el reloj en marcha"), moderator=True, action=_resume,
    ),
    Rule(
        Order.EXTEND, ("extender", "ampliar", "alargar"), ("extend",),
        lambda say: say("da N minutos más a la pregunta que está abierta"), moderator=True, action=_extend,
        argument={"es": "N", "en": "N"}, example={"es": "extender 5", "en": "extend 5"},
    ),
    Rule(
        Order.SKIP, ("saltar", "salta"), ("skip",), lambda say: say("salta la pregunta que venía"),
        moderator=True, action=_skip,
    ),
    Rule(
        Order.CLOSE, ("cerrar", "cierra", "terminar"), ("close", "end"), lambda say: say("cierra el debate"),
        moderator=True, action=_close,
    ),
    Rule(
        Order.CANCEL, ("cancelar",), ("cancel",), lambda say: say("cancela el debate que iba a venir"),
        moderator=True, action=_cancel,
    ),
    Rule(
        Order.ABORT, ("anular",), ("abort",), lambda say: say("borra sin rastro un debate abierto por error"),
        moderator=True, action=_abort,
    ),
)  # fmt: skip


# What people ask in a whole phrase, as it is compared.
PHRASES: Mapping[str, Order] = {"por donde vamos": Order.NOW, "where are we": Order.NOW}


# --- reading ---------------------------------------------------------------------------------------------------------


def parse(text: str, *, prefix: str = "", language: str = "es") -> Command:
    """The command of a text; nothing at all asks for help. ``prefix`` stands before the examples (``/tertulia ``).

    ``language`` is that of the example for a word which is like no command.

    Raises ``UnknownCommand`` with the nearest one, and ``MissingArgument``.
    """
    typed = _ADDRESS.sub("", text.strip(), count=1) if text.lstrip().startswith("/") else text.strip()
    parts = typed.split(None, 1)
    if not parts:
        return Command(Order.HELP)
    if _bare(typed) in PHRASES:
        return Command(PHRASES[_bare(typed)])
    return _understood(parts[0].strip("¿¡.,;:!?") or parts[0], parts[1] if len(parts) > 1 else "", prefix, language)


def rule(order: Order) -> Rule:
    """The rule of an order."""
    return next(one for one in GRAMMAR if one.order is order)


def obey(tx: Tx, debate: Debate, command: Command, by: Request) -> str:
    """The command was done to the debate; returns the sentence that says so. Raises Refusal, and nothing was done."""
    action = rule(command.order).action
    if action is None:
        raise ValueError(f"{command.order} is shown, not done")
    return action(tx, debate, command, by)


def fold(text: str) -> str:
    """The text as it is compared: no accents, no capitals."""
    return "".join(one for one in unicodedata.normalize("NFKD", text) if not unicodedata.combining(one)).casefold()


def _bare(text: str) -> str:
    return " ".join(fold(text[:LONGEST_WORD]).strip("¿?¡!. ").split())


def _understood(first: str, rest: str, prefix: str, reader: str) -> Command:
    found = _find(first)
    if found is None:
        raise _unknown(first, prefix, reader)
    one, language = found
    if one.order is Order.ASK:
        if not rest:
            raise _missing(one, language, "el texto de la pregunta", prefix)
        return Command(one.order, text=rest)
    if one.order in {Order.NEW, Order.SEASON, Order.GOING, Order.REMIND}:
        return Command(one.order, text=rest.strip())
    really, argument = _really(rest)
    if one.order is not Order.EXTEND:
        return Command(one.order, really=really)
    minutes = _MINUTES.fullmatch(argument)
    if minutes is None:
        raise _missing(one, language, "cuántos minutos", prefix)
    return Command(one.order, really=really, minutes=float(minutes[1].replace(",", ".")))


def _really(rest: str) -> tuple[bool, str]:
    folded = fold(rest)
    bare = _REALLY.sub("", f" {folded}")
    return bare.strip() != folded.strip(), bare.strip()


def _find(word: str) -> tuple[Rule, str] | None:
    wanted = fold(word)
    for one in GRAMMAR:
        for language, words in (("es", one.es), ("en", one.en)):
            if wanted in (fold(name) for name in words):
                return one, language
    return None


def _unknown(word: str, prefix: str, reader: str) -> errors.UnknownCommand:
    names = {fold(name): name for one in GRAMMAR for name in (*one.es, *one.en)}
    near = difflib.get_close_matches(fold(word)[:LONGEST_WORD], list(names), n=1, cutoff=LIKENESS)
    nearest = names[near[0]] if near else rule(Order.HELP).name(reader)
    one, language = _find(nearest) or (rule(Order.HELP), "es")
    return errors.UnknownCommand(word=word[:LONGEST_WORD], nearest=nearest, example=prefix + one.sample(language))


def _missing(one: Rule, language: str, what: str, prefix: str) -> errors.MissingArgument:
    word = one.en[0] if language == "en" else one.es[0]
    return errors.MissingArgument(word=word, what=what, example=prefix + one.sample(language))
