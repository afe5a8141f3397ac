"""CSV, for spreadsheets: RFC 4180, UTF-8 with its mark (Excel guesses wrong without), one line a message."""

import csv
import re
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
    if cell[:1].isalnum() and cell.isprintable():
        return cell
    shown = richtext.visible(cell)
    return "'" + shown if _FORMULA.match(cell) else shown


def write(transcript: Transcript, out: TextIO, say: Say) -> None:
    """A heading and a row for each message in reading order, every cell harmless."""
    wording = Wording(transcript.head, say)
    out.write("\ufeff")
    rows = csv.writer(out, lineterminator="\r\n")
    rows.writerow(
        [
            say("Pregunta"), say("Fecha y hora"), say("Persona"), say("Papel"), say("Texto"), say("Enlaces"),
            say("Archivos"), say("Reacciones"), say("Notas"), say("Plataforma"), say("Identificador"),
            say("Responde a"), say("Fecha y hora (UTC)"),
        ]
    )  # fmt: skip
    rows.writerows(_row(line, wording) for line in transcript.lines())


def _row(line: Line, wording: Wording) -> list[str]:
    gone = line.deleted
    links = [] if gone else richtext.links(line.text, line.rich)
    return [
        f"P{line.question}" if line.question is not None else "",
        wording.second(line.posted_at),
        "" if gone else defused(line.author),
        wording.role(line.role),
        "" if gone else defused(line.text),
        defused("\n".join(links)) if links else "",
        defused("\n".join([file.name for file in line.files])) if line.files and not gone else "",
        defused(" ".join([reaction(name, count) for name, count in line.reactions.items()])) if line.reactions else "",
        "; ".join([wording.deleted, *wording.marks(line)] if gone else wording.marks(line)),
        line.platform,
        "" if gone and line.platform == "x" else defused(line.platform_id),
        defused(line.reply_to or line.thread or ""),
        iso(line.posted_at) or "",
    ]
