"""Draws a debate: whole for a page, what changed for the stream. A whole stream is drawn once for all who load it."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

from markupsafe import Markup

from bot.store import debates
from bot.store.engine import Tx
from bot.tables import Debate
from handlers.room import looks
from handlers.room.stream import Reader
from handlers.room.views import Views

T = TypeVar("T")

# A page shows at most this many messages; the transcript has them all.
MOST_SHOWN = 3000
# Whole debates that are kept drawn: the one that is live, in two languages, and a few that people read again.
KEPT = 6

_Key = tuple[int, datetime, int]


class Artist:
    """Draws scenes with our templates; ``clock`` says what time it is."""

    def __init__(self, views: Views, clock: Callable[[], datetime]) -> None:
        """Nothing is drawn yet."""
        self._views = views
        self._clock = clock
        self._scenes: dict[_Key, looks.Scene] = {}
        self._streams: dict[tuple[_Key, str], Markup] = {}

    def whole(self, tx: Tx, debate: Debate, locale: str) -> tuple[looks.Scene, Markup]:
        """All that a debate's page shows, and its stream as HTML; from memory while the debate's clock stands."""
        key = (debates.ident(debate), debate.created_at, debate.rev)
        view = self._scenes.get(key)
        if view is None:
            view = _keep(self._scenes, key, looks.scene(tx, debate, 0))
        html = self._streams.get((key, locale))
        if html is None:
            shown = looks.shortened(view, MOST_SHOWN) if len(view.feed.lines) > MOST_SHOWN else view
            drawn = self._views.page("sections.html", locale, view=view, sections=looks.sections(shown))
            html = _keep(self._streams, (key, locale), Markup(drawn))  # noqa: S704  (a template of ours, escaped)
        return view, html

    def draw(self, view: looks.Scene, reader: Reader) -> str:
        """What changed, for all readers of a kind."""
        headings: Sequence[looks.Section] = ()
        if view.questions_changed:
            headings = [looks.heading(f"q{number}", view) for number, _ in view.asked_at]
        return self._views.page(
            "event.html", reader.locale, view=view, now=self._clock(), asked_changed=view.questions_changed,
            headings=headings, entries=looks.entries(view), moderator=reader.moderator,
            whispers=looks.notices_for(view, view.slug),
        )  # fmt: skip

    def whisper(self, view: looks.Scene, reader: Reader, who: str) -> str:
        """What one member alone is told."""
        # A member may have chosen the debate's own name: what is for the moderators is never theirs.
        mine = looks.notices_for(view, who) if who and who != view.slug else []
        return self._views.page("whispers.html", reader.locale, whispers=mine, view=view) if mine else ""


K = TypeVar("K")


def _keep(kept: dict[K, T], key: K, value: T) -> T:
    while len(kept) >= KEPT:
        del kept[next(iter(kept))]
    kept[key] = value
    return value
