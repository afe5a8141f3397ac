"""One analyser for what is indexed and for what is asked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import analyser


def finds(asked: str, said: str) -> bool:
    """Whether the question finds the text, as both databases decide it: one term at least of every group."""
    indexed = set(analyser.terms(said).split(" "))
    groups = analyser.query(asked)
    return bool(groups) and all(indexed & set(group) for group in groups)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("debates", "Hoy hay debate"),
        ("debate", "los DEBATES de enero"),
        ("regulación", "las regulaciones europeas"),
        ("regulacion", "la regulación"),
        ("preguntas", "¿quién preguntó eso?"),
        ("pregunta", "preguntas y respuestas"),
        ("proximo", "el próximo jueves"),
        ("próximo", "EL PROXIMO"),
        ("próximos", "el próximo"),
        ("líderes", "un líder"),
        ("clientes", "la experiencia de cliente"),
        ("customers", "the customer's journey"),
        ("experiences", "an experience"),
        ("running", "we run fast"),
        ("año", "dos años"),
        ("the who", "The Who toca hoy"),
        ("foo:bar", "bar, foo"),
        ('"abc', "el abc"),
        ("a-b", "a/b"),
        ("¿qué? AND", "and que"),
        ("NEAR(", "near"),
        ("*", "nunca *"),
        ("2027", "en 2027."),
        ("snake", "snake_case"),
        ("pro\u0301ximo", "próximo"),
        ("𝗵𝗼𝗹𝗮", "hola"),
        ("ﬁn", "fin"),
        ("#MeetAlfaro", "meetalfaro"),
    ],
)
def test_query_finds(asked: str, said: str) -> None:
    """Number, gender, accents, case and punctuation do not matter, in Spanish and in English."""
    assert finds(asked, said) is (asked != "*")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("debate", "combate"),
        ("suben", "bajan"),
        ("debate cliente", "un debate"),
        ("perro", "perrera"),
        ("", "nada"),
        ("¿?", "¿?"),
    ],
)
def test_query_does_not_find(asked: str, said: str) -> None:
    """Other words, and texts with only some of the words."""
    assert not finds(asked, said)


def test_terms_are_the_stems_of_each_word_in_order() -> None:
    """What stands in the index: the Spanish and the English stem, once where they agree."""
    assert analyser.terms("¡Las Regulaciones, cliente!") == "las regul regulacion client"
    assert analyser.terms("") == ""


def test_query_groups_each_word_once() -> None:
    """A word said twice is asked for once, and no question is longer than the limit."""
    assert analyser.query("Cliente clientes regulación") == [["client"], ["regul", "regulacion"]]
    assert len(analyser.query(" ".join(f"palabra{number}" for number in range(100)))) == analyser.MOST_WORDS


@given(st.text(st.characters(codec=None), max_size=200))
def test_terms_are_safe_in_every_query_language(text: str) -> None:
    """Terms are letters and digits of bounded length, so that no text can be taken for an operator."""
    for group in analyser.query(text):
        for term in group:
            assert term.isalnum()
            assert len(term) <= 64 * 18  # one ligature may stand for 18 letters
    assert finds(text, text) is (analyser.query(text) != [])


def test_found_shows_where_the_words_stand() -> None:
    """Where to put the light: on the words as they were written."""
    said = "Los Debates, y el próximo debate."
    spots = analyser.found(said, analyser.query("debate proximo"))
    assert [said[start:end] for start, end in spots] == ["Debates", "próximo", "debate"]
