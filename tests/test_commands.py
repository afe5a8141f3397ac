"""The grammar of commands: both languages, typing as people type, and one action behind each command."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import errors
from bot.words.catalogue import words
from handlers.commands import GRAMMAR, Command, Order, fold, parse, rule


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("abrir", Command(Order.OPEN)),
        ("open", Command(Order.OPEN)),
        ("siguiente", Command(Order.NEXT)),
        ("next", Command(Order.NEXT)),
        ("pausa", Command(Order.HOLD)),
        ("hold", Command(Order.HOLD)),
        ("seguir", Command(Order.RESUME)),
        ("resume", Command(Order.RESUME)),
        ("extender 5", Command(Order.EXTEND, minutes=5.0)),
        ("extend 5", Command(Order.EXTEND, minutes=5.0)),
        ("saltar", Command(Order.SKIP)),
        ("skip", Command(Order.SKIP)),
        ("cerrar", Command(Order.CLOSE)),
        ("close", Command(Order.CLOSE)),
        ("ahora", Command(Order.NOW)),
        ("now", Command(Order.NOW)),
        ("calendario", Command(Order.CALENDAR)),
        ("calendar", Command(Order.CALENDAR)),
        ("preguntas", Command(Order.QUESTIONS)),
        ("questions", Command(Order.QUESTIONS)),
        ("ayuda", Command(Order.HELP)),
        ("help", Command(Order.HELP)),
        ("nuevo", Command(Order.NEW)),
        ("new", Command(Order.NEW)),
        ("anular", Command(Order.ABORT)),
        ("abort", Command(Order.ABORT)),
        ("cancelar", Command(Order.CANCEL)),
        ("cancel", Command(Order.CANCEL)),
        ("pregunta ¿De quién depende?  Sí", Command(Order.ASK, text="¿De quién depende?  Sí")),
        ("ask Really?", Command(Order.ASK, text="Really?")),
        ("nuevo jueves 19:00 ¿Sí?", Command(Order.NEW, text="jueves 19:00 ¿Sí?")),
        ("new Thursday 7pm", Command(Order.NEW, text="Thursday 7pm")),
        ("temporada 2027", Command(Order.SEASON, text="2027")),
        ("season", Command(Order.SEASON)),
    ],
)
def test_every_word_of_the_contract_is_understood(text: str, command: Command) -> None:
    """Spanish and English words mean the same commands."""
    assert parse(text) == command


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("", Command(Order.HELP)),
        ("   ", Command(Order.HELP)),
        ("?", Command(Order.HELP)),
        ("  SIGUIENTE  ", Command(Order.NEXT)),
        ("Siguiente.", Command(Order.NEXT)),
        ("proxima", Command(Order.NEXT)),
        ("¿dónde?", Command(Order.NOW)),
        ("¿Por dónde vamos?", Command(Order.NOW)),
        ("Where are we?", Command(Order.NOW)),
        ("/siguiente", Command(Order.NEXT)),
        ("/tertulia siguiente", Command(Order.NEXT)),
        ("/tertulia", Command(Order.HELP)),
        ("extender 5m", Command(Order.EXTEND, minutes=5.0)),
        ("extender  5 minutos", Command(Order.EXTEND, minutes=5.0)),
        ("extend 2,5 min", Command(Order.EXTEND, minutes=2.5)),
        ("siguiente de verdad", Command(Order.NEXT, really=True)),
        ("siguiente ¿de verdad?", Command(Order.NEXT, really=True)),
        ("next really", Command(Order.NEXT, really=True)),
        ("siguiente, sí", Command(Order.NEXT, really=True)),
        ("siguiente si", Command(Order.NEXT, really=True)),
        ("anular sí, de verdad", Command(Order.ABORT, really=True)),
        ("abort --yes", Command(Order.ABORT, really=True)),
        ("siguiente pregunta", Command(Order.NEXT)),
        ("siguiente así", Command(Order.NEXT)),
        ("extender 5 de verdad", Command(Order.EXTEND, really=True, minutes=5.0)),
    ],
)
def test_typing_is_taken_as_people_type(text: str, command: Command) -> None:
    """Capitals, accents, surplus space, a leading slash and «de verdad» are all understood."""
    assert parse(text) == command


@pytest.mark.parametrize(
    ("text", "nearest", "example"),
    [
        ("siguente", "siguiente", "/tertulia siguiente"),
        ("extnder 5", "extender", "/tertulia extender 5"),
        ("rezume", "resume", "/tertulia resume"),
        ("calendar1o", "calendario", "/tertulia calendario"),
        ("xyzzy", "ayuda", "/tertulia ayuda"),
        ("w" * 500, "ayuda", "/tertulia ayuda"),
    ],
)
def test_an_unknown_word_gets_the_nearest_and_one_example(text: str, nearest: str, example: str) -> None:
    """A typo is never done; it is answered with what was probably meant, in the same language."""
    with pytest.raises(errors.UnknownCommand) as refused:
        parse(text, prefix="/tertulia ")
    fields = {"word": text.split(maxsplit=1)[0][:40], "nearest": nearest, "example": example}
    assert refused.value.fields == fields


@pytest.mark.parametrize(
    ("text", "word", "what", "example"),
    [
        ("extender", "extender", "cuántos minutos", "extender 5"),
        ("extend", "extend", "cuántos minutos", "extend 5"),
        ("ampliar mucho", "extender", "cuántos minutos", "extender 5"),
        ("extender -5", "extender", "cuántos minutos", "extender 5"),
        ("pregunta", "pregunta", "el texto de la pregunta", "pregunta ¿De quién depende?"),
    ],
)
def test_a_missing_argument_is_named_with_an_example(text: str, word: str, what: str, example: str) -> None:
    """What is missing stands in the refusal, and how it would be right."""
    with pytest.raises(errors.MissingArgument) as refused:
        parse(text)
    assert refused.value.fields == {"word": word, "what": what, "example": example}


@given(st.text(max_size=200))
def test_any_text_is_a_command_or_a_refusal(text: str) -> None:
    """Nothing that can be typed makes the reading fail."""
    with contextlib.suppress(errors.UnknownCommand, errors.MissingArgument):
        assert isinstance(parse(text), Command)


@given(st.sampled_from([name for one in GRAMMAR for name in (*one.es, *one.en)]), st.text(max_size=60))
def test_any_argument_is_a_command_or_a_refusal(word: str, rest: str) -> None:
    """A known word with anything behind it is that command, or a missing argument."""
    with contextlib.suppress(errors.MissingArgument):
        assert isinstance(parse(f"{word} {rest}"), Command)


def test_no_word_means_two_things() -> None:
    """Each word, as it is compared, belongs to one command in the whole table."""
    every = [fold(name) for one in GRAMMAR for name in {*one.es, *one.en}]
    assert sorted(every) == sorted(set(every))


def test_the_table_holds_every_order_once() -> None:
    """The table is the feature list: each order once, with a sentence about it and an example that parses."""
    assert sorted(one.order for one in GRAMMAR) == sorted(Order)
    for one in GRAMMAR:
        assert one.about(words("es"))
        assert {parse(one.sample(language)).order for language in ("es", "en")} == {one.order}


def test_exactly_what_changes_the_hour_has_an_action_and_needs_a_moderator() -> None:
    """What is only shown has no action; the form for a new debate is a moderator's too."""
    assert {one.order for one in GRAMMAR if one.action} == {
        Order.OPEN, Order.NEXT, Order.HOLD, Order.RESUME, Order.EXTEND, Order.SKIP, Order.CLOSE, Order.CANCEL,
        Order.ABORT,
    }  # fmt: skip
    assert [one.order for one in GRAMMAR if one.moderator and not one.action] == [Order.NEW, Order.SEASON]
    assert rule(Order.EXTEND).name("en") == "extend N"
