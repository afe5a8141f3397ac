"""PDF, tagged for screen readers (PDF/UA-1), set by Typst.

What people wrote is handed over as a JSON file and never becomes part of the Typst source, which is code.
"""

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

from bot import errors, richtext
from bot.exports.formats import Say
from bot.exports.sections import Section, sections
from bot.exports.wording import Wording, reaction
from bot.phrase import phrase
from bot.ports import Span
from bot.transcript import Head, Line, Transcript

TEMPLATE = "transcript.typ"
# Typst sets a book of this size in some 20 s and 700 MB; nobody reads it on paper.
MOST_MESSAGES = 10_000
# Letters that every machine with Typst has come with it; the others are looked for on this machine, in this order.
_LETTERS = ("Libertinus Serif",)
_MORE_LETTERS = (
    "DejaVu Sans",
    "Noto Sans",
    "Noto Sans Arabic",
    "Noto Sans Hebrew",
    "Noto Sans CJK JP",
    "Noto Sans CJK SC",
)
_EMOJI_FONTS = ("Noto Color Emoji", "Apple Color Emoji", "Segoe UI Emoji", "Twitter Color Emoji")
_EMOJI = re.compile("[\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff]")
_JOINING = re.compile("[\u200d\ufe0e\ufe0f\u20e3\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]")

# Few fonts have the pictures of control characters.
_PICTURES = re.compile("[\u2400-\u241f]")

_Data = dict[str, object]


def write(transcript: Transcript, out: BinaryIO, say: Say) -> None:
    """The transcript as a PDF; ``BadExport`` says what to install where Typst is missing."""
    try:
        import typst
    except ImportError as missing:
        raise errors.BadExport(why="falta Typst; instálalo con: pip install 'tertulia-debates[pdf]'") from missing
    if transcript.head.messages > MOST_MESSAGES:
        raise errors.BadExport(
            why=phrase("un PDF lleva como mucho {limit} mensajes; elige html, que no tiene límite", limit=MOST_MESSAGES)
        )
    families = set(typst.Fonts().families())
    data = _Setting(transcript.head, say, families).data(transcript)
    with TemporaryDirectory() as folder:
        source = Path(folder, TEMPLATE)
        source.write_text(Path(__file__).with_name(TEMPLATE).read_text(encoding="utf-8"), encoding="utf-8")
        Path(folder, "transcript.json").write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
        when = transcript.head.closed_at or transcript.head.starts_at  # not now: the same debate, the same bytes
        when = when.replace(microsecond=0)  # Typst refuses what is finer than a second
        try:
            made = typst.compile(str(source), pdf_standards=["ua-1"], timestamp=when)
        except typst.TypstError:
            # A letter that no font here has is refused by the standard; a PDF with a box in it is better than none.
            made = typst.compile(str(source), timestamp=when)
    out.write(made)


class _Setting:
    """The transcript as plain data for the template."""

    def __init__(self, head: Head, say: Say, families: Iterable[str]) -> None:
        self._head, self._say = head, say
        self._wording = Wording(head, say)
        here = set(families)
        emoji = [family for family in _EMOJI_FONTS if family in here][:1]
        self._fonts = [family for family in (*_LETTERS, *_MORE_LETTERS) if family in here] + emoji
        self._spell_emoji = not emoji

    def data(self, transcript: Transcript) -> _Data:
        head, say, wording = self._head, self._say, self._wording
        tail: list[_Data] = []
        if head.queue:
            rows = [self._text(f"{one.text}\n{wording.queued(one)}") for one in head.queue]
            tail.append({"title": say("Preguntas de la comunidad"), "rows": rows})
        if head.gaps:
            tail.append({"title": say("Lo que no se oyó"), "rows": [wording.gap(gap) for gap in head.gaps]})
        asked = [self._text(row) for found in head.polls for row in wording.poll(found)]
        return {
            "polls": [{"title": say("La encuesta de antes"), "rows": asked}] if asked else [],
            "title": self._text(head.title),
            "host": self._text(head.host),
            "lang": say.locale,
            "fonts": self._fonts,
            "facts": [self._text(fact) for fact in wording.facts()],
            "contents": say("Índice"),
            "sections": [self._section(section, lines) for section, lines in sections(transcript)],
            "tail": tail,
        }

    def _section(self, section: Section, lines: Iterator[Line]) -> _Data:
        asked = section.question
        about = f"{self._wording.asked(asked)} · {self._wording.messages(asked.messages)}" if asked else ""
        return {
            "title": self._text(self._wording.title(section)),
            "asked": self._text(about),
            "answer": self._text(asked.answer) if asked else "",
            "lines": [self._line(line) for line in lines],
        }

    def _line(self, line: Line) -> Mapping[str, object]:
        wording = self._wording
        role = wording.role(line.role)
        about = [wording.clock(line.posted_at), *([role] if role else []), *wording.marks(line)]
        spans: Sequence[Span] = [("i", wording.deleted)] if line.deleted else richtext.spelled_out(line.text, line.rich)
        extras = [] if line.deleted else [f"{self._say('Archivo')}: {file.name}" for file in line.files]
        if line.reactions:
            extras.append(" · ".join(reaction(name, count) for name, count in line.reactions.items()))
        return {
            "author": self._text(line.author) if not line.deleted else "",
            "about": " · ".join(about),
            "depth": line.depth,
            "parts": self._parts(spans),
            "extras": [self._text(extra) for extra in extras],
        }

    def _parts(self, spans: Sequence[Span]) -> list[_Data]:
        """Code blocks and quotes by themselves; the line feeds beside them are their own margins."""
        parts: list[_Data] = []
        for kind, run in groupby(spans, richtext.block_of):
            said = [[span[0], self._text(span[1]), *span[2:]] for span in run]
            said[0][1] = said[0][1].removeprefix("\n") if kind or parts else said[0][1]
            said[-1][1] = said[-1][1].rstrip("\n")
            if any(text for _style, text, *_ in said):
                parts.append({"kind": kind, "spans": said})
        return parts

    def _text(self, text: str) -> str:
        """The text as it is set: nothing in it acts, and emoji are spelled where there is no font for them."""
        shown = _PICTURES.sub(lambda picture: f"[U+{ord(picture[0]) - 0x2400:04X}]", richtext.visible(text))
        if not self._spell_emoji or shown.isascii():
            return shown
        return _EMOJI.sub(_spelled, _JOINING.sub("", shown))


def _spelled(match: re.Match[str]) -> str:
    return f":{unicodedata.name(match[0], 'emoji').lower().replace(' ', '-')}:"
