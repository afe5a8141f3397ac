"""Draws a debate: whole for a page, what changed for the stream. A whole stream is drawn once for all who load it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from handlers.room import looks
from handlers.room.stream import Reader
from handlers.room.views import Views

# A page shows at most this many messages; the transcript has them all.
MOST_SHOWN = 3000


@dataclass(frozen=True, slots=True)
class Artist:
    """Draws scenes with our templates; ``clock`` says what time it is."""

    views: Views
    clock: Callable[[], datetime]

    def draw(self, view: looks.Scene, reader: Reader) -> str:
        """What changed, for all readers of a kind."""
        headings: Sequence[looks.Section] = ()
        if view.questions_changed:
            headings = [looks.heading(f"q{number}", view) for number, _ in view.asked_at]
        return self.views.page(
            "event.html", reader.locale, view=view, now=self.clock(), asked_changed=view.questions_changed,
            headings=headings, entries=looks.entries(view), moderator=reader.moderator,
            whispers=looks.notices_for(view, view.slug),
        )  # fmt: skip

    def whisper(self, view: looks.Scene, reader: Reader, who: str) -> str:
        """What one member alone is told."""
        # A member may have chosen the debate's own name: what is for the moderators is never theirs.
        mine = looks.notices_for(view, who) if who and who != view.slug else []
        return self.views.page("whispers.html", reader.locale, whispers=mine, view=view) if mine else ""
