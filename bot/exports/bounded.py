"""A transcript whose part of X is ids and links: X lets no more be handed on than so many objects a person a day. Pure.

A post and its author are an object each. Every format writes such a transcript as it writes any other.
"""

from collections.abc import Iterator
from dataclasses import replace

from bot.exports.formats import Say
from bot.ports import Platform
from bot.transcript import Line, Transcript


def bounded(transcript: Transcript, why: str) -> Transcript:
    """The same debate, of what was said on X its link, time and question alone; ``why`` is told at its head."""
    return Transcript(replace(transcript.head, notice=why), lambda: _bare(transcript))


def too_much(say: Say, most: int) -> str:
    """Why somebody gets no more of X than links, where ``most`` objects a day are theirs."""
    begin = say("Lo dicho en X va aquí solo como enlaces.")
    if not most:
        return begin
    why = say("Cada persona puede descargar {most} objetos de X al día (publicaciones y autores), y con este debate "
              "pasarías de ahí.", most=most)  # fmt: skip
    return f"{begin} {why}"


def _bare(transcript: Transcript) -> Iterator[Line]:
    for line in transcript.lines():
        yield line if line.platform != Platform.X or line.deleted else _link(line)


def _link(line: Line) -> Line:
    return line._replace(
        platform_id=line.told_id,
        text=line.on_x,
        rich=None,
        files=(),
        reactions={},
        author="",
        author_id="",
        role="member",
        edited_at=None,
    )
