"""Spans and the looks made of them: nothing said is lost, nothing said becomes markup."""

import re
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from bot import richtext
from bot.ports import Span

ANY_TEXT = st.text(st.characters(codec=None), max_size=60)
MARKUP = st.text(st.sampled_from("ab1 \n<>&\"'*_~`[]()#!|\\-+=.:/\u202e\0é"), max_size=40)
URLS = st.sampled_from(
    ["https://a.es", "http://b.org/x_y?q=1&r=(2)", "mailto:a@b.es", "javascript:alert(1)", "", "https://"]
)
STYLES = st.text(st.sampled_from("bisc"), max_size=3) | st.sampled_from(["p", "q", "qb"])
SPANS = st.lists(
    st.tuples(STYLES, MARKUP | ANY_TEXT) | st.tuples(STYLES.map(lambda style: style + "l"), MARKUP, URLS), max_size=6
)


class _Page(HTMLParser):
    """What a browser reads: the text, the elements and where the links lead."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text = ""
        self.tags: list[str] = []
        self.targets: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag == "br":
            self.text += "\n"
        for name, value in attrs:
            assert name in {"href", "rel"}
            if name == "href":
                self.targets.append(value or "")
            else:
                assert value == "nofollow noopener ugc"

    def handle_data(self, data: str) -> None:
        self.text += data


def page(html: str) -> _Page:
    """The HTML as a browser reads it."""
    parsed = _Page()
    parsed.feed(html)
    parsed.close()
    return parsed


XSS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "<!-- x --><![CDATA[y]]>",
    "&lt;b&gt; &#x3c;i&#x3e;",
    "</div></main><style>*{display:none}</style>",
    "javascript:alert(1)",
    "https://a.es/\"onmouseover='x'",
]


@pytest.mark.parametrize("text", XSS)
def test_to_html_shows_markup_as_it_was_typed(text: str) -> None:
    """A browser reads back exactly what was said, and no element but our own links."""
    read = page(richtext.to_html(text))
    assert read.text == text
    assert set(read.tags) <= {"a"}


@given(ANY_TEXT | MARKUP)
def test_to_html_of_plain_text_reads_back_as_said(text: str) -> None:
    """Every visible character survives; controls and direction overrides are shown instead of obeyed."""
    read = page(richtext.to_html(text))
    assert read.text == richtext.visible(text)
    assert set(read.tags) <= {"a", "br"}


@given(SPANS)
def test_to_html_of_spans_holds_our_elements_alone(spans: list[Span]) -> None:
    """Whatever the spans are, the page has the known elements, and its links lead to the web or to an address."""
    read = page(richtext.to_html(richtext.plain(spans), spans))
    assert set(read.tags) <= {"a", "br", "strong", "em", "s", "code", "pre", "blockquote"}
    assert all(re.match(r"(?i)https?://|mailto:", target) for target in read.targets)
    said = re.sub(r"\n", "", richtext.visible(richtext.plain(spans)))
    assert read.text.replace("\n", "") == said


@given(SPANS)
def test_normalise_keeps_text_and_comes_to_rest(spans: list[Span]) -> None:
    """The text stays, neighbours differ, and a second pass changes nothing; kept as JSON it comes back the same."""
    tidy = richtext.normalise(spans)
    if tidy is None:
        assert richtext.dump(tidy) is None
        return
    assert richtext.plain(tidy) == richtext.plain(spans)
    assert richtext.normalise(tidy) == tidy
    assert all(a[0] != b[0] or a[2:] != b[2:] for a, b in pairwise(tidy))
    kept = richtext.dump(tidy)
    assert richtext.load(kept) == tidy


def test_normalise_says_none_where_plain_text_says_it_all() -> None:
    """Plain runs, and a link that shows its own address, need no spans."""
    assert richtext.normalise([("", "Hola "), ("", "mundo")]) is None
    assert richtext.normalise([("", "ver "), ("l", "https://a.es", "https://a.es"), ("", ".")]) is None
    assert richtext.normalise([("ib", "a"), ("bi", "b"), ("", "")]) == [("bi", "ab")]
    assert richtext.normalise([("bl", "x", "javascript:alert(1)")]) == [("b", "x")]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ver https://a.es/x.", ["https://a.es/x"]),
        ("(https://es.wikipedia.org/wiki/Rey_(ajedrez))", ["https://es.wikipedia.org/wiki/Rey_(ajedrez)"]),
        ("«HTTP://A.es», https://b.es/?q=1&r=2!", ["HTTP://A.es", "https://b.es/?q=1&r=2"]),
        ("https://a.es y https://a.es", ["https://a.es"]),
        ("javascript://a.es xhttps://b.es https:// http:///x", []),
        ("https://bueno.es\u202emoc.olam", ["https://bueno.es"]),
        ("*https://a.es*", ["https://a.es"]),
    ],
)
def test_links_of_plain_text(text: str, found: list[str]) -> None:
    """Addresses are found without the punctuation of the sentence, each once."""
    assert richtext.links(text) == found


def test_links_of_spans() -> None:
    """A named link, an address within bold text, but none within code."""
    spans: list[Span] = [
        ("l", "web", "https://a.es"),
        ("b", " y https://b.es "),
        ("c", "https://c.es"),
        ("l", "yo", "mailto:yo@a.es"),
    ]
    assert richtext.links(richtext.plain(spans), spans) == ["https://a.es", "https://b.es", "mailto:yo@a.es"]


def test_to_html_of_each_look() -> None:
    """Every letter has its element; blocks take the line feeds beside them."""
    spans: list[Span] = [
        ("b", "a"),
        ("i", "b"),
        ("s", "c"),
        ("c", "<d>"),
        ("", "\n"),
        ("p", "x\n  y"),
        ("", "\n"),
        ("q", "uno\ndos"),
        ("", "\nfin "),
        ("bl", "web", "https://a.es/?a=1&b=2"),
    ]
    assert richtext.to_html(richtext.plain(spans), spans) == (
        "<strong>a</strong><em>b</em><s>c</s><code>&lt;d&gt;</code><pre>x\n  y</pre>"
        "<blockquote>uno<br>dos</blockquote>fin "
        '<strong><a href="https://a.es/?a=1&amp;b=2" rel="nofollow noopener ugc">web</a></strong>'
    )


def test_to_markdown_of_each_look() -> None:
    """The same in Markdown."""
    spans: list[Span] = [
        ("b", "a "),
        ("i", "b"),
        ("", " "),
        ("s", "c"),
        ("", " "),
        ("c", "x`y"),
        ("", "\n"),
        ("p", "x\n  *y*"),
        ("", "\n"),
        ("q", "uno\ndos"),
        ("", "\nfin "),
        ("l", "web", "https://a.es/(x)"),
    ]
    assert richtext.to_markdown(richtext.plain(spans), spans) == (
        "**a** *b* ~~c~~ ``x`y``\n\n```\nx\n  *y*\n```\n\n> uno  \n> dos\n\nfin [web](<https://a.es/%28x%29>)"
    )


@given(MARKUP)
def test_to_markdown_reads_as_said(text: str) -> None:
    """A Markdown reader shows the words that were said: no list, heading, quote or emphasis comes of them."""
    html = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(richtext.to_markdown(text))
    read = page(html)
    assert set(read.tags) <= {"p", "br", "a"}
    assert read.text.split() == richtext.visible(text).split()


def test_visible_shows_what_would_act() -> None:
    """Controls, and the marks that turn direction, are seen; line feeds, joiners and Arabic are left alone."""
    assert richtext.visible("a\0b\x1b[31m\x7f\x85\u202ec\u2066\ud800") == "a␀b␛[31m␡[U+0085][U+202E]c[U+2066]\ufffd"
    assert richtext.visible("a\n\tb 👩‍💻 مرحبا") == "a\n\tb 👩‍💻 مرحبا"


def test_storable_holds_in_every_database() -> None:
    """What neither UTF-8 nor PostgreSQL can keep is replaced by what shows it."""
    assert richtext.storable("a\0b\ud83dc\r\nd\re") == "a␀b\ufffdc\nd\re"
