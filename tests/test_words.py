"""Every sentence in both languages: the catalogue holds what the program says, and each reader understands it."""

import ast
import functools
import gettext
import re
import string
from collections.abc import Iterator

import pytest

from bot import debatefile, errors
from bot.cues import Cue, judge
from bot.dates import Moment
from bot.debate import Phase
from bot.phrase import phrase, several
from bot.words.catalogue import Words, words
from handlers.room import refusals

from tests import harvest
from tests.stories import STARTS

# Read by who asks for it: every process of a run imports this file, and few run its tests.
said = functools.cache(harvest.harvest)
translations = functools.cache(harvest.translations)

# What looks like Spanish and is no sentence: what people type, a grammar, and words that are the same for all.
NO_SENTENCES = frozenset(
    {
        "miércoles", "sábado", " de ", "línea de órdenes", "es-ES", "¿De qué hablamos?", "por donde vamos", "dónde",
        "próxima", "pregunta", "preguntas", "pregunta ¿De quién depende?", "¿¡.,;:!?", "¿?¡!. ",
        "[CUÁNDO TÍTULO]", "nuevo jueves 19:00 ¿Quién es el CXO?", "[AÑO]", "una|one", "que viene",
        '«"“', "«»", "«", "»",
        "iré", "recuérdame", "[quizá/no]",
        "pensar-desde-el-cliente", "quien-es-el-cxo", "sin-lider-no-hay-experiencia",
    }
)  # fmt: skip
PATTERN = re.compile(r"\\[a-z]|\(\?|\[\^")  # a regular expression reads Spanish, and says none
SPANISH = re.compile(
    r"[áéíóúñ¿¡«»]|\b(?:el|los|las|que|una|con|para|por|ya|del|hay|está|pregunta|preguntas|quien|aquí|sala)\b",
    re.IGNORECASE,
)
# Words of the program that stay as they are in every language: commands, settings, examples.
KEPT = re.compile(r"/pregunta|/tertulia \w+|slack:U123|room:ana|--\w+|Europe/Madrid|El Salvador|Bogotá|Asunción")
FOREIGN = re.compile(r"\b(?:the|and|you|your|with|not|is|are|this|that|of|from|was|does)\b", re.IGNORECASE)


def fields(sentence: str) -> set[str]:
    """The names in braces."""
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


def described(sentence: str) -> bool:
    """Whether the sentence is said as it is: it has no fields, so that its braces mean themselves."""
    return "{ " in sentence


def loose() -> Iterator[str]:
    """Texts in the source that look like Spanish and are not in the catalogue."""
    for path in harvest.sources():
        name = path.relative_to(harvest.ROOT).as_posix()
        tree = ast.parse(path.read_text("utf-8"))
        notes = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        texts = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in notes]
        for text in (node.value for node in texts if isinstance(node.value, str)):
            spanish = SPANISH.search(KEPT.sub("", text)) and not PATTERN.search(text)
            if spanish and text not in said() and text not in NO_SENTENCES:
                yield f"{name}: {text}"


def refused(kind: type[errors.TertuliaError]) -> errors.TertuliaError:
    """One of the kind, each field filled with its own name."""
    if issubclass(kind, errors.NotNow):
        return kind("why")
    return kind(**{name: name for name in fields(kind.template())})


def kinds(kind: type[errors.TertuliaError]) -> Iterator[type[errors.TertuliaError]]:
    """The class and all that are made from it, in our packages."""
    yield kind
    for below in kind.__subclasses__():
        if below.__module__.startswith(("bot.", "handlers.")):
            yield from kinds(below)


KINDS = sorted(set(kinds(errors.TertuliaError)), key=lambda kind: kind.__name__)


def test_every_sentence_has_its_english_and_nothing_else_is_kept() -> None:
    """The catalogue's keys are the sentences of the source; `make words` brings in new ones."""
    assert sorted(translations()) == sorted(said())
    assert [sentence for sentence, english in translations().items() if not english] == []


def test_english_has_the_fields_of_the_spanish() -> None:
    """What is filled in Spanish is filled in English."""
    whole = {sentence: english for sentence, english in translations().items() if not described(sentence)}
    assert {s: e for s, e in whole.items() if fields(s) != fields(e)} == {}


def test_compiled_catalogue_is_the_written_one() -> None:
    """bot/words/en.mo says what bot/words/en.po says."""
    with harvest.MO.open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    assert {sentence: compiled.gettext(sentence) for sentence in translations()} == translations()


def test_catalogue_is_as_make_words_leaves_it() -> None:
    """Collecting anew changes no byte of the written catalogue."""
    assert harvest.written(said(), translations()) == harvest.PO.read_text("utf-8")


def test_no_spanish_is_left_in_the_translations() -> None:
    """Neither letters, marks nor small words of Spanish."""
    assert {e for e in translations().values() if SPANISH.search(KEPT.sub("", re.sub(r"\{\w+\}", "", e)))} == set()


def test_spanish_is_spanish() -> None:
    """Questions and exclamations open as they close, quotes are angular, and no small word is English."""
    bare = {sentence: KEPT.sub("", re.sub(r"\{\w+\}", "", sentence)) for sentence in said()}
    unmatched = {
        sentence for sentence in bare
        if sentence.count("¿") != sentence.count("?") or sentence.count("¡") != sentence.count("!")
        or sentence.count("«") != sentence.count("»") or "“" in sentence
    }  # fmt: skip
    assert unmatched == set()
    assert {sentence for sentence, text in bare.items() if FOREIGN.search(text)} == set()


def test_no_sentence_passes_the_catalogue_by() -> None:
    """Nothing Spanish is said that a reader of English would read in Spanish."""
    assert list(loose()) == []


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_refusal_is_said_in_both_languages(kind: type[errors.TertuliaError]) -> None:
    """Each with its fields filled; the English is the one of the catalogue."""
    error = refused(kind)
    names = {name: name for name in fields(kind.template())}
    assert words("es").error(error) == kind.template().format(**names)
    assert words("en").error(error) == translations()[kind.template()].format(**names)


def test_room_refusals_are_among_them() -> None:
    """The list above is not of one module alone."""
    assert refusals.NotStarted in KINDS


def test_reason_of_a_cue_is_read_in_the_language_of_the_debate() -> None:
    """A rule speaks before it knows who reads: its fields, a phase among them, are said again."""
    late = judge(Cue("remind:1h", STARTS), Phase.CLOSED, starts_at=STARTS, ends_at=STARTS, now=STARTS)
    assert words("en").again(late.why) == "the debate is closed"
    assert words("es").again(late.why) == "el debate está cerrado"


def test_faults_of_a_debate_file_are_read_in_translations() -> None:
    """Every fault, its line and its key."""
    with pytest.raises(errors.BadDebateFile) as caught:
        debatefile.parse('title = ""\nstarts = 2027-03-28T02:30:00\ntimezone = "Europe/Madrid"\nquestions = [""]\n')
    assert words("en").error(caught.value) == (
        "The debate file has faults and nothing has been saved: line 1, title: the title is missing; "
        "line 4, questions[1]: is empty; line 2, starts: 02:30 does not exist in Europe/Madrid: "
        "the clocks change that day. Choose 01:30 or 03:30."
    )


def test_an_instant_in_a_refusal_is_read_in_the_language_of_the_reader() -> None:
    """With its day, its hour and its zone, in a reason that is kept, too."""
    overlap = errors.Overlap(title="Otro", starts=Moment(STARTS, "America/Lima"), place="slack:C1")
    assert "«Otro» (jueves 14 de enero de 2027, 13:00 (America/Lima))" in words("es").error(overlap)
    assert "(Thursday, 14 January 2027, 13:00 (America/Lima))" in words("en").error(overlap)
    assert words("en").again(phrase(overlap.template(), **overlap.fields)) == words("en").error(overlap)


def test_phrase_is_its_spanish() -> None:
    """It is a text like any other, and braces without fields mean themselves."""
    assert phrase("{count} caracteres", count=3) == "3 caracteres"
    assert phrase("{ text }") == "{ text }"
    assert several([phrase("es o en"), phrase("está vacía")]) == "es o en; está vacía"


def test_unknown_language_is_spanish() -> None:
    """Who reads Dutch gets Spanish, and so does an empty locale."""
    assert [Words(name).locale for name in ("nl", "", "en-US", "en_GB.UTF-8", "ES")] == ["es", "es", "en", "en", "es"]
