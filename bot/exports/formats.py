"""Which formats there are, and how each is written."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import TextIOWrapper
from typing import BinaryIO, Protocol, TextIO

from bot import errors
from bot.phrase import phrase
from bot.transcript import Transcript


class Say(Protocol):
    """Our sentences in the reader's language: ``say("{count} mensajes", count=3)``; the Spanish one is the key."""

    @property
    def locale(self) -> str:
        """The language that is spoken: ``es`` or ``en``."""
        ...

    def __call__(self, sentence: str, /, **fields: object) -> str:
        """The sentence in that language, its ``{fields}`` filled."""
        ...


TextWriter = Callable[[Transcript, TextIO, Say], None]
BinaryWriter = Callable[[Transcript, BinaryIO, Say], None]


@dataclass(frozen=True, slots=True)
class Format:
    """A format: its file extension, its media type, and what writes it (imported when it is first wanted)."""

    extension: str
    media_type: str
    text: Callable[[], TextWriter] | None = None
    binary: Callable[[], BinaryWriter] | None = None

    def write(self, transcript: Transcript, out: BinaryIO, say: Say) -> None:
        """The whole transcript stands in ``out``, text in UTF-8; ``BadExport`` where a part for it is missing."""
        if self.binary is not None:
            self.binary()(transcript, out, say)
        elif self.text is not None:
            letters = TextIOWrapper(out, encoding="utf-8", errors="replace", newline="")
            try:
                self.text()(transcript, letters, say)
            finally:
                letters.flush()
                letters.detach()


def _html() -> TextWriter:
    from bot.exports import as_html

    return as_html.write


def _markdown() -> TextWriter:
    from bot.exports import as_markdown

    return as_markdown.write


def _txt() -> TextWriter:
    from bot.exports import as_txt

    return as_txt.write


def _csv() -> TextWriter:
    from bot.exports import as_csv

    return as_csv.write


def _jsonl() -> TextWriter:
    from bot.exports import as_jsonl

    return as_jsonl.write


def _pdf() -> BinaryWriter:
    from bot.exports import as_pdf

    return as_pdf.write


FORMATS: Mapping[str, Format] = {
    "html": Format("html", "text/html; charset=utf-8", text=_html),
    "md": Format("md", "text/markdown; charset=utf-8", text=_markdown),
    "txt": Format("txt", "text/plain; charset=utf-8", text=_txt),
    "csv": Format("csv", "text/csv; charset=utf-8; header=present", text=_csv),
    "jsonl": Format("jsonl", "application/x-ndjson; charset=utf-8", text=_jsonl),
    "pdf": Format("pdf", "application/pdf", binary=_pdf),
}


def named(name: str) -> Format:
    """The format of a name such as ``html``; ``BadExport`` names those there are."""
    if name not in FORMATS:
        raise errors.BadExport(
            why=phrase("no hay formato «{name}»; los hay: {known}", name=name, known=", ".join(FORMATS))
        )
    return FORMATS[name]
