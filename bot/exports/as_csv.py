"""CSV, for spreadsheets: RFC 4180, UTF-8 with its mark (Excel guesses wrong without), one line a message."""

import re
from functools import lru_cache
from typing import TextIO

from bot import richtext
from bot.exports.formats import Say
from bot.exports.wording import Wording, reaction
from bot.localtime import iso
from bot.transcript import Line, Transcript

# What a spreadsheet may take for the start of a formula, also full-width, also behind what nobody sees; and the
# characters that may push what follows into a cell of its own.
_FORMULA = re.compile(
    r"[\s\x00-\x20\x7f-\xa0\xad\u061c\u180e\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20"
    r"\ufe62\ufe63\ufe66\ufe6b\u2212]|[\t\r\n\x00]"
)


def defused(cell: str) -> str:
    """The cell as text and nothing else: behind an apostrophe where a spreadsheet could take it for a formula."""
    if not cell or (cell[0].isalnum() and cell.isprintable()):
        return cell
    shown = richtext.visible(cell)
    return "'" + shown if _FORMULA.match(cell) else shown


def write(transcript: Transcript, out: TextIO, say: Say) -> None:
    """A heading and a row for each message in reading order, every cell harmless."""
    wording = Wording(transcript.head, say)
    put = out.write
    columns = [
        say("Pregunta"), say("Fecha y hora"), say("Persona"), say("Papel"), say("Texto"), say("Enlaces"),
        say("Archivos"), say("Reacciones"), say("Notas"), say("Plataforma"), say("Identificador"),
        say("Responde a"), say("Fecha y hora (UTC)"),
    ]  # fmt: skip
    put("\ufeff" + ",".join(map(_cell, columns)) + "\r\n")
    if transcript.head.notice:
        put(f",,,,,,,,{_cell(transcript.head.notice)},,,,\r\n")  # among the notes
    for line in transcript.lines():
        put(_row(line, wording))


def _cell(text: str) -> str:
    """The text as a cell: harmless, and between quotes where it needs them."""
    safe = defused(text)
    if '"' in safe or "," in safe or "\n" in safe or "\r" in safe:
        return '"' + safe.replace('"', '""') + '"'
    return safe


_name = lru_cache(maxsize=4096)(_cell)  # the same few hundred people say it all


def _row(line: Line, wording: Wording) -> str:
    """One message. Written by hand: the general writer looks at every character of cells that are ours."""
    gone = line.deleted
    marks = wording.marks(line)
    notes = "; ".join([wording.deleted, *marks] if gone else marks)
    said = ",," if gone else _said(line)
    reactions = " ".join([reaction(name, count) for name, count in line.reactions.items()])
    return (
        f"{'' if line.question is None else f'P{line.question}'},{wording.second(line.posted_at)},"
        f"{'' if gone else _name(line.author)},{_name(wording.role(line.role))},{said},"
        f"{_cell(reactions) if reactions else ''},{_cell(notes) if notes else ''},{line.platform},"
        f"{_cell(line.told_id)},"
        f"{_cell(_answered(line))},{iso(line.posted_at)}\r\n"
    )


def _answered(line: Line) -> str:
    answered = line.reply_to or line.thread or ""
    return "" if answered == line.platform_id else answered


def _said(line: Line) -> str:
    """Three cells: the text, its links, its files."""
    links = richtext.links(line.text, line.rich)
    linked = _cell("\n".join(links)) if links else ""
    filed = _cell("\n".join([file.name for file in line.files])) if line.files else ""
    return f"{_cell(line.text)},{linked},{filed}"
