"""Markdown (CommonMark), to be put in a wiki, a repository or a newsletter."""

from functools import lru_cache
from typing import TextIO

from bot.exports.formats import Say
from bot.exports.sections import Section, sections
from bot.exports.wording import Wording, reaction
from bot.richtext import to_markdown
from bot.transcript import Head, Line, Transcript


def write(transcript: Transcript, out: TextIO, say: Say) -> None:
    """A heading for each question, and below it a list item for each message, replies one step in."""
    wording = Wording(transcript.head, say)
    put = out.write
    put(_head(transcript.head, wording))
    for section, lines in sections(transcript):
        put(_section(section, wording))
        for line in lines:
            put(_line(line, wording))
    put(_tail(transcript.head, wording))


@lru_cache(maxsize=4096)  # the same few hundred people say it all
def _one_line(text: str) -> str:
    return to_markdown(" ".join(text.split()))


def _head(head: Head, wording: Wording) -> str:
    facts = [_one_line(fact) for fact in wording.facts()]
    return f"# {_one_line(head.title)}\n\n" + "  \n".join(facts) + "\n" + _polls(head, wording)


def _polls(head: Head, wording: Wording) -> str:
    rows = [f"- {_one_line(row)}\n" for found in head.polls for row in wording.poll(found)]
    return f"\n## {wording.say('La encuesta de antes')}\n\n{''.join(rows)}" if rows else ""


def _section(section: Section, wording: Wording) -> str:
    heading = f"\n## {_one_line(wording.title(section))}\n\n"
    if section.question is None:
        return heading
    asked = f"_{_one_line(wording.asked(section.question))} · {wording.messages(section.question.messages)}_\n\n"
    if section.question.answer:
        asked += _quoted(to_markdown(section.question.answer)) + "\n\n"
    return heading + asked


def _quoted(block: str) -> str:
    return "> " + block.replace("\n", "\n> ")


def _line(line: Line, wording: Wording) -> str:
    known = wording.notes(line)
    notes = f" _({known})_" if known else ""
    step = "  " * line.depth
    if line.deleted:
        return f"{step}- {wording.clock(line.posted_at)} · _{wording.deleted}_{notes}\n"
    text = to_markdown(line.text, line.rich)
    who = f"**{_one_line(line.author)}** · " if line.author else ""
    begin = f"{step}- {who}{wording.clock(line.posted_at)}{notes}"
    parts = [text] if text else []
    if line.files or line.reactions:
        parts += _extras(line, wording)
    body = "  \n".join(parts)
    if "\n" in body:
        body = body.replace("\n", f"\n{step}  ")
    # Two spaces end a line, but a block (code, quote) needs a line of its own before it.
    gap = f"\n\n{step}  " if text.startswith(("```", "> ")) else f"  \n{step}  "
    return f"{begin}{gap}{body}\n" if body else f"{begin}\n"


def _extras(line: Line, wording: Wording) -> list[str]:
    extras = [f"_{wording.say('Archivo')}: {_one_line(file.name)}_" for file in line.files]
    if line.reactions:
        extras.append(" · ".join(_one_line(reaction(name, count)) for name, count in line.reactions.items()))
    return extras


def _tail(head: Head, wording: Wording) -> str:
    tail = ""
    if head.queue:
        tail += f"\n## {wording.say('Preguntas de la comunidad')}\n\n"
        tail += "".join(f"- {_one_line(one.text)}  \n  _{_one_line(wording.queued(one))}_\n" for one in head.queue)
    if head.gaps:
        tail += f"\n## {wording.say('Lo que no se oyó')}\n\n"
        tail += "".join(f"- {_one_line(wording.gap(gap))}\n" for gap in head.gaps)
    return tail
