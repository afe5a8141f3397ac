"""Plain text, to be read in a terminal, an e-mail or by ear."""

from typing import TextIO

from bot.exports.formats import Say
from bot.exports.sections import Section, sections
from bot.exports.wording import Wording, reaction
from bot.richtext import visible
from bot.transcript import Head, Line, Transcript


def write(transcript: Transcript, out: TextIO, say: Say) -> None:
    """The questions underlined, and each message behind its time and name; replies are one step in."""
    wording = Wording(transcript.head, say)
    put = out.write
    put(_head(transcript.head, wording))
    for section, lines in sections(transcript):
        put(_section(section, wording))
        for line in lines:
            put(_line(line, wording))
    put(_tail(transcript.head, wording))


def _underlined(text: str, mark: str) -> str:
    shown = visible(text)
    return f"{shown}\n{mark * min(len(shown), 78)}\n"


def _head(head: Head, wording: Wording) -> str:
    return _underlined(head.title, "=") + visible("\n".join(wording.facts())) + "\n" + _polls(head, wording)


def _polls(head: Head, wording: Wording) -> str:
    rows = [f"* {visible(row)}\n" for found in head.polls for row in wording.poll(found)]
    return "\n\n" + _underlined(wording.say("La encuesta de antes"), "-") + "\n" + "".join(rows) if rows else ""


def _section(section: Section, wording: Wording) -> str:
    heading = "\n\n" + _underlined(wording.title(section), "-")
    if section.question is None:
        return heading + "\n"
    asked = f"{visible(wording.asked(section.question))} · {wording.messages(section.question.messages)}\n\n"
    if section.question.answer:
        asked += "    " + visible(section.question.answer).replace("\n", "\n    ") + "\n\n"
    return heading + asked


def _line(line: Line, wording: Wording) -> str:
    known = wording.notes(line)
    notes = f" ({known})" if known else ""
    step = "    " * line.depth
    begin = f"{step}[{wording.clock(line.posted_at)}] "
    if line.deleted:
        return f"{begin}{wording.deleted}{notes}\n"
    who = f"{visible(line.author)}{notes}".lstrip()
    text = f"{who}: {_with_targets(line)}" if who else _with_targets(line)
    for file in line.files:
        text += f"\n{wording.say('Archivo')}: {visible(file.name)}"
    if line.reactions:
        text += "\n" + " · ".join([visible(reaction(name, count)) for name, count in line.reactions.items()])
    return begin + text.replace("\n", f"\n{step}        ") + "\n"


def _with_targets(line: Line) -> str:
    """The text, with the address of a named link behind its name."""
    if line.rich is None:
        return visible(line.text)
    parts = [
        f"{span[1]} <{span[2]}>" if len(span) == 3 and span[2].removeprefix("mailto:") != span[1] else span[1]
        for span in line.rich
    ]
    return visible("".join(parts))


def _tail(head: Head, wording: Wording) -> str:
    tail = ""
    if head.queue:
        tail += "\n\n" + _underlined(wording.say("Preguntas de la comunidad"), "-") + "\n"
        tail += "".join(f"* {visible(one.text)}\n  {visible(wording.queued(one))}\n" for one in head.queue)
    if head.gaps:
        tail += "\n\n" + _underlined(wording.say("Lo que no se oyó"), "-") + "\n"
        tail += "".join(f"* {wording.gap(gap)}\n" for gap in head.gaps)
    return tail
