"""A sentence of ours that a rule says before anybody knows in which language it will be read. Pure."""

from collections.abc import Mapping, Sequence


class Phrase(str):
    """A sentence in Spanish, filled, that still knows its fields: `words` can say it again in another language."""

    __slots__ = ("fields", "sentence")

    sentence: str
    fields: Mapping[str, object]


def phrase(sentence: str, /, **fields: object) -> Phrase:
    """The sentence with its ``{fields}`` filled; the sentence itself is the key of its translation."""
    made = Phrase(sentence.format(**fields) if fields else sentence)
    made.sentence, made.fields = sentence, fields
    return made


def several(phrases: Sequence[str]) -> str:
    """All of them in one line, parted by semicolons."""
    line, *others = phrases
    for other in others:
        line = phrase("{one}; {other}", one=line, other=other)
    return line


def listed(phrases: Sequence[str]) -> str:
    """All of them in one line, parted by commas."""
    line, *others = phrases
    for other in others:
        line = phrase("{one}, {other}", one=line, other=other)
    return line
