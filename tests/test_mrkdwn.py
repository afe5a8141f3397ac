"""Slack's text and blocks, as plain text with its looks."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import emoji, richtext
from bot.ports import Span
from handlers.slack import mrkdwn, reading

NAMES = mrkdwn.Names({"U1": "Ana", "U2": "*Luis*", "U3": "<b>"}.get, {"C1": "general"}.get, {"S1": "moderadores"}.get)
SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.mark.parametrize(
    ("said", "text", "rich"),
    [
        ("Hola, mundo", "Hola, mundo", None),
        ("<@U1> y <@U9> y <@U9|pep>", "@Ana y @U9 y @pep", None),
        ("<@U2> es <@U3>", "@*Luis* es @<b>", None),
        ("<#C1> <#C9|otro> <#C9>", "#general #otro #C9", None),
        (
            "<!here> <!channel|@channel> <!subteam^S1> <!subteam^S9|@equipo>",
            "@here @channel @moderadores @equipo",
            None,
        ),
        ("<!date^1392734382^{date}|18 feb> <!date^0^{date}>", "18 feb 1970-01-01 00:00 UTC", None),
        ("&lt;b&gt; &amp;amp; R&amp;D", "<b> &amp; R&D", None),
        ("<https://a.es/?a=1&amp;b=2>", "https://a.es/?a=1&b=2", None),
        ("<https://a.es|web>", "web", [("l", "web", "https://a.es")]),
        ("<mailto:a@b.es|a@b.es>", "a@b.es", [("l", "a@b.es", "mailto:a@b.es")]),
        ("<javascript:alert(1)|pulsa> <data:text/html,x>", "pulsa data:text/html,x", None),
        ("*b*", "b", [("b", "b")]),
        ("_i_ ~s~", "i s", [("i", "i"), ("", " "), ("s", "s")]),
        ("*_los dos_*", "los dos", [("bi", "los dos")]),
        ("*a _b* c_", "a b c", [("b", "a "), ("bi", "b"), ("i", " c")]),
        ("*<https://a.es|web>*", "web", [("bl", "web", "https://a.es")]),
        ("snake_case_name 2*3*4 ~~ ** _ _ * a *", "snake_case_name 2*3*4 ~~ ** _ _ * a *", None),
        ("*no\nsigue*", "*no\nsigue*", None),
        ("`*x* :wave: &lt;`", "*x* :wave: <", [("c", "*x* :wave: <")]),
        (
            "ver:\n```\ndef f(_x_):\n  pass\n```",
            "ver:\ndef f(_x_):\n  pass",
            [("", "ver:\n"), ("p", "def f(_x_):\n  pass")],
        ),
        ("&gt; uno\n&gt; *dos*\ntres", "uno\ndos\ntres", [("q", "uno\n"), ("qb", "dos"), ("", "\ntres")]),
        ("&gt;&gt;&gt;todo\nlo demás", "todo\nlo demás", [("q", "todo\nlo demás")]),
        ("a &gt; b", "a > b", None),
        (":wave: :+1::skin-tone-3: :flag-es: :party_parrot: 10:30:45", "👋 👍🏼 🇪🇸 :party_parrot: 10:30:45", None),
        (":woman-raising-hand::skin-tone-6: :couplekiss:", "🙋🏿‍♀️ 💏", None),
        ("\0*a*\x01", "␀a\x01", [("", "␀"), ("b", "a"), ("", "\x01")]),
        ("\ud83d", "\ufffd", None),
        ("<foo bar> <> <@> <|>", "<foo bar> <> @ <|>", None),
        ("", "", None),
    ],
)
def test_read_of_text(said: str, text: str, rich: list[Span] | None) -> None:
    """Each kind of mrkdwn, and what only looks like it."""
    assert reading.read(said, names=NAMES) == (text, rich)


def section(*elements: dict[str, object], kind: str = "rich_text_section", **more: object) -> dict[str, object]:
    """One element of a rich_text block."""
    return {"type": kind, "elements": list(elements), **more}


def words(text: str, **style: bool) -> dict[str, object]:
    """One run of text of a rich_text block."""
    return {"type": "text", "text": text, "style": style} if style else {"type": "text", "text": text}


def rich_text(*elements: dict[str, object]) -> list[dict[str, object]]:
    """The blocks of a message that a person wrote."""
    return [{"type": "rich_text", "elements": list(elements)}]


def test_read_of_what_a_person_wrote() -> None:
    """Every element that Slack's composer makes, in one message; what text says is not read then."""
    blocks = rich_text(
        section(
            words("Hola "),
            {"type": "user", "user_id": "U1"},
            words(" de "),
            {"type": "channel", "channel_id": "C1"},
            words(" "),
            {"type": "usergroup", "usergroup_id": "S1"},
            words(" "),
            {"type": "broadcast", "range": "here"},
            words(" *no* "),
            words("sí", bold=True, italic=True),
            words(" "),
            words("x_y", code=True),
            words(" "),
            {"type": "emoji", "name": "wave", "skin_tone": 3},
            {"type": "emoji", "name": "raised_hand", "unicode": "270b-1f3fd"},
            {"type": "emoji", "name": "party_parrot"},
            words(" "),
            {"type": "link", "url": "https://a.es", "text": "web", "style": {"bold": True}},
            words(" "),
            {"type": "link", "url": "javascript:alert(1)", "text": "mal"},
            words(" "),
            {"type": "date", "timestamp": 1392734382, "format": "{date}", "fallback": "18 feb"},
            words(" "),
            {"type": "date", "timestamp": 1392734382, "format": "{date}"},
            words(" "),
            {"type": "color", "value": "#ff0000"},
            words(" "),
            {"type": "workflow_mention", "label": "Alta"},
            words("\n"),
        ),
        section(
            section(words("uno\n")), section(words("dos", strike=True)), kind="rich_text_list", style="bullet", indent=0
        ),
        section(section(words("tres")), kind="rich_text_list", style="ordered", indent=1, offset=2),
        section(words("cita"), kind="rich_text_quote"),
        section(words("def f():\n  pass"), kind="rich_text_preformatted"),
        section(words("fin\n\n")),
    )
    text, rich = reading.read("otra cosa", blocks, names=NAMES)
    assert text == (
        "Hola @Ana de #general @moderadores @here *no* sí x_y 👋🏼✋🏽:party_parrot: web mal "
        "18 feb 2014-02-18 14:39 UTC #ff0000 Alta\n• uno\n• dos\n    3. tres\ncita\ndef f():\n  pass\nfin"
    )
    assert rich == [
        ("", "Hola @Ana de #general @moderadores @here *no* "),
        ("bi", "sí"),
        ("", " "),
        ("c", "x_y"),
        ("", " 👋🏼✋🏽:party_parrot: "),
        ("bl", "web", "https://a.es"),
        ("", " mal 18 feb 2014-02-18 14:39 UTC #ff0000 Alta\n• uno\n• "),
        ("s", "dos"),
        ("", "\n    3. tres\n"),
        ("q", "cita"),
        ("", "\n"),
        ("p", "def f():\n  pass"),
        ("", "\nfin"),
    ]


def test_read_of_what_a_bot_posts() -> None:
    """Sections, headers, contexts, images and tables each on their lines; dividers and buttons say nothing."""
    blocks: list[dict[str, object]] = [
        {"type": "header", "text": {"type": "plain_text", "text": "Encuesta :wave:"}},
        {"type": "divider"},
        {
            "type": "section",
            "text": {"type": "mrkdwn", "text": "*¿Sí?* <@U1>"},
            "fields": [{"type": "plain_text", "text": "*a*"}],
        },
        {"type": "actions", "elements": [{"type": "button", "text": {"type": "plain_text", "text": "Votar"}}]},
        {
            "type": "context",
            "elements": [{"type": "image", "alt_text": "logo"}, {"type": "mrkdwn", "text": "_75 votos_"}],
        },
        {"type": "image", "alt_text": "una mesa", "title": {"type": "plain_text", "text": "La mesa"}},
        {"type": "table", "rows": [[{"type": "raw_text", "text": "a"}, rich_text(section(words("b", bold=True)))[0]]]},
    ]
    text, rich = reading.read("", blocks, names=NAMES)
    assert text == "Encuesta 👋\n¿Sí? @Ana\n*a*\nlogo\n75 votos\nLa mesa\na | b"
    assert rich is not None
    assert [span for span in rich if span[0]] == [("b", "¿Sí?"), ("i", "75 votos"), ("b", "b")]


def test_read_falls_back_to_text_then_to_attachments() -> None:
    """Blocks without words leave the text to be read, and without text the attachments of older bots."""
    nothing = [{"type": "divider"}]
    attachments = [{"title": "Aviso", "text": "*ya*", "fallback": "no"}, {"fallback": "solo esto"}]
    assert reading.read("hola", nothing, attachments, names=NAMES) == ("hola", None)
    assert reading.read("", nothing, attachments, names=NAMES) == (
        "Aviso\nya\nsolo esto",
        [("", "Aviso\n"), ("b", "ya"), ("", "\nsolo esto")],
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "type",
                    "elements",
                    "text",
                    "style",
                    "url",
                    "name",
                    "unicode",
                    "rows",
                    "timestamp",
                    "indent",
                    "offset",
                    "fields",
                    "title",
                    "user_id",
                    "value",
                    "skin_tone",
                    "fallback",
                ]
            ),
            inner
            | st.sampled_from(
                [
                    "rich_text",
                    "rich_text_section",
                    "rich_text_list",
                    "table",
                    "section",
                    "link",
                    "emoji",
                    "date",
                    "text",
                    "1f44d",
                    "mrkdwn",
                    "rich_text_quote",
                    "context",
                    "bold",
                ]
            ),
            max_size=5,
        )
    ),
    max_leaves=25,
)
MARKS = st.text(st.sampled_from("ab \n*_~`<>&|:@#!^\0;ltgamp/"), max_size=60) | st.text(
    st.characters(codec=None), max_size=30
)


@given(MARKS, JSON, JSON)
def test_read_never_raises_and_its_spans_are_its_text(text: str, blocks: object, attachments: object) -> None:
    """Whatever Slack sends: the spans are the text, it can be stored, and its HTML has no markup of its own."""
    said, rich = reading.read(text, blocks, attachments, names=NAMES)
    assert rich is None or richtext.plain(rich) == said
    assert said == richtext.storable(said)
    said.encode()
    html = richtext.to_html(said, rich)
    left = html
    for tag in ("strong", "em", "s", "code", "pre", "blockquote", "a"):
        left = left.replace(f"<{tag}>", "").replace(f"</{tag}>", "")
    left = left.replace("<br>", "")
    assert "<" not in left.replace('<a href="', "")


def test_read_stays_fast_on_hostile_text() -> None:
    """40,000 characters of open marks are read: no mark makes the reader go over the text again and again."""
    for hostile in ("<", "*a", "`", "```", "_ ", "&gt;", "<@U1>", ":a", "* _ ~ "):
        text = (hostile * 40_000)[:40_000]
        assert reading.read(text, names=NAMES)[0]


def test_read_of_a_real_communitys_messages() -> None:
    """Every message of the BcnEng export is read, and no entity or known emoji's name is left in what people wrote."""
    folder = SHARED / "slack-exports" / "bcneng-2020-05"
    if not folder.is_dir():
        pytest.skip("the BcnEng export is not on this machine")
    count = 0
    for day in sorted(folder.glob("*/*.json")):
        for message in json.loads(day.read_text(encoding="utf-8")):
            text, rich = reading.read(
                message.get("text"), message.get("blocks"), message.get("attachments"), names=NAMES
            )
            alone, _ = reading.read(message.get("text"), names=NAMES)
            assert rich is None or richtext.plain(rich) == text
            assert "<@" not in text + alone
            assert "&amp;" not in alone.replace("&amp;amp;", "")
            count += bool(text)
    assert count > 1200


@pytest.mark.parametrize(
    ("name", "tone", "expected"),
    [
        ("wave", None, "👋"),
        ("wave", "2", "👋🏻"),
        ("+1::skin-tone-6", None, "👍🏿"),
        ("es", None, "🇪🇸"),
        ("flag-es", None, "🇪🇸"),
        ("heart", "3", "❤️"),
        ("raised_hand_with_fingers_splayed", "4", "🖐🏽"),
        ("wave", "9", "👋"),
        ("party_parrot", None, None),
    ],
)
def test_emoji_of_each_kind(name: str, tone: str | None, expected: str | None) -> None:
    """Names, tones and flags as Slack spells them; a community's own emoji has no character."""
    assert emoji.character(name, tone) == expected


def test_to_mrkdwn_wakes_nobody() -> None:
    """What was typed is shown, and none of it is obeyed."""
    assert mrkdwn.to_mrkdwn("R&D <!here> <@U1> @here, @Channel @everyone @hereby a@b.es") == (
        "R&amp;D &lt;!here&gt; &lt;@U1&gt; @\u2060here, @\u2060Channel @\u2060everyone @hereby a@b.es"
    )
    assert reading.read(mrkdwn.to_mrkdwn("<b> & <@U1>"), names=NAMES) == ("<b> & <@U1>", None)


@pytest.mark.parametrize("text", ["hola", "hola\n\n", "con :smile: y <b>", "a\x00b", "https://a.es", "", "\n", "*no*"])
def test_one_run_of_text_reads_like_any_other(text: str) -> None:
    """The short way for blocks that are one run gives what the long way gives."""
    alone = rich_text({"type": "rich_text_section", "elements": [{"type": "text", "text": text}]})
    styled = rich_text({"type": "rich_text_section", "elements": [{"type": "text", "text": text, "style": {}}]})

    assert reading.read("", alone, names=mrkdwn.Names()) == reading.read("", styled, names=mrkdwn.Names())
