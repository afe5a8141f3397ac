"""How long a text is for X: twitter-text's own examples, and what our questions are made of."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.x.weight import LONGEST, addresses, weighted


@pytest.mark.parametrize(
    ("text", "weight"),
    [
        ("", 0),
        ("This is a test.", 15),
        ("¿Qué es un CXO? Ñandú, «sí» — o no…", 36),  # the three dots in one weigh 2
        ("http://test.com", 23),
        ("https://test.com", 23),
        ("test.com", 23),
        ("Test https://test.com test https://test.com test.com test", 86),
        ("\U00010000\U0010ffff", 4),
        ("저찀쯿쿿", 8),
        ("H🐱☺👨‍👩‍👧‍👦", 7),
        ("ΩЖאب", 4),
        ("漢字かなカナ", 12),
    ],
)
def test_weight_is_that_of_twitter_text(text: str, weight: int) -> None:
    """Latin, Greek, Cyrillic, Hebrew and Arabic letters weigh 1, CJK and emoji 2, an address 23."""
    assert weighted(text) == weight


@pytest.mark.parametrize("emoji", ["😀", "👍🏽", "🇪🇸", "1️⃣", "#️⃣", "❤️", "❤", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "👩🏽‍🚀", "👩‍❤️‍💋‍👨", "🏳️‍🌈", "©️", "⌚"])
def test_emoji_weighs_2_however_many_characters_it_is_made_of(emoji: str) -> None:
    """Skin, sex, families, flags and keycaps are one sign."""
    assert (weighted(emoji), weighted(f"a{emoji}b"), weighted(emoji * 3)) == (2, 4, 6)


def test_signs_that_are_emoji_only_when_asked_for_weigh_1() -> None:
    """A figure, and a copyright sign as text."""
    assert (weighted("1"), weighted("#"), weighted("©"), weighted("®")) == (1, 1, 1, 1)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("léelo en https://example.com/a/b?c=d#e.", ["https://example.com/a/b?c=d#e"]),
        ("(véase https://es.example.org/wiki/X_(letra))", ["https://es.example.org/wiki/X_(letra)"]),
        ("WWW.EJEMPLO.ES, y t.co/abc!", ["WWW.EJEMPLO.ES", "t.co/abc"]),
        ("https://uno.com https://dos.es/", ["https://uno.com", "https://dos.es/"]),
        ("https://camión.es/año", ["https://camión.es/año"]),
        ("https://nuevo.nombrequenadieconoce/x", ["https://nuevo.nombrequenadieconoce/x"]),
        ("escribe a ana@example.com", []),
        ("se acabó.Empieza otra", []),
        ("son 3.14 y 2.718, i.e. poco", []),
        ("@ana.com #lema.com", []),
        ("http://sinpunto/x", []),
    ],
)
def test_addresses_are_those_that_become_links(text: str, found: list[str]) -> None:
    """With a scheme or without, as far as the sentence around them begins."""
    assert addresses(text) == found


def test_long_address_of_an_unknown_ending_counts_in_full() -> None:
    """If X does not know the ending either, every letter of it counts; we never promise less than that."""
    url = "https://nuevo.nombrequenadieconoce/" + "x" * 30

    assert weighted(url) == len(url)
    assert weighted("https://nuevo.nombrex") == 23


def test_longest_post_is_280_of_the_letters_we_write() -> None:
    """The limit and the measure are those of the same version."""
    assert weighted("ñ" * LONGEST) == LONGEST == 280


@given(st.text())
def test_weight_is_bounded_by_the_letters(text: str) -> None:
    """Nothing raises; no letter is free, none weighs more than 2, an address aside; composed or not is the same."""
    plain = unicodedata.normalize("NFC", text)
    found = addresses(text)

    assert 0 <= weighted(text) <= 2 * len(plain) + 23 * len(found)
    assert weighted(text) == weighted(unicodedata.normalize("NFD", text))
