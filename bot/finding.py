"""What a check-up has found: a sentence, and what to do about it. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

Say = Callable[..., str]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report: the part, ``ok``, ``warning`` or ``fault``, what was seen, and what to do about it.

    Sentences are kept in Spanish with their fields apart, so that they can be said in either language.
    """

    part: str
    state: Literal["ok", "warning", "fault"]
    seen: str
    advice: str = ""
    fields: Mapping[str, object] = field(default_factory=dict)

    def what(self, say: Say) -> str:
        """What was seen, in a language."""
        return say(self.seen, **self.fields)

    def advise(self, say: Say) -> str:
        """What to do, in a language; empty where there is nothing to do."""
        return say(self.advice, **self.fields) if self.advice else ""
