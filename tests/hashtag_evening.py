"""A debate held on X alone, for tests: its questions are posts there, and people answer with posts of their own."""

import pytest

from bot.actions import log, send
from bot.ports import Author, Draft, House, Operation, Platform, Said
from bot.store.engine import Store, Tx

from tests.stories import Channel, Evening

HASHTAG = "meetalfaro"
FILE = """
title = "¿Quién es el CXO?"
starts = 2027-01-14T19:00:00
timezone = "Europe/Madrid"
hashtag = "MeetAlfaro"
questions = ["¿Qué perfil?", "¿De quién depende?", "¿Qué mide?", "¿Qué equipo?", "¿Qué viene?"]
[where]
slack = false
room = false
x = true
"""


class HashtagEvening(Evening):
    """P1 is asked in minute 10, and then another every ten minutes; ``slack.ids`` has where each stands."""

    def __init__(self, store: Store, house: House) -> None:
        """The debate is planned."""
        super().__init__(store, house, FILE)
        self.count = 0

    def post(
        self, who: str, text: str, *, reply_to: str | None = None, thread: str | None = None, quotes: str | None = None
    ) -> Said:
        """A post as X tells it: its conversation is that of what it answers, or ``thread``; it is not heard yet."""
        self.count += 1
        ident = f"19{self.count:017}"
        ids = self.slack.ids
        above = ids.get(reply_to, reply_to) if reply_to is not None else None
        quoted = ids.get(quotes, quotes) if quotes is not None else None
        conversation = ids.get(thread, thread) if thread is not None else None
        if conversation is None and above is not None:
            parent = self.messages.get(above)
            conversation = parent.thread or parent.id if parent is not None else above
        said = Said(
            Platform.X, HASHTAG, ident, Author(f"7{who}", who), text, self.now,
            thread=conversation, reply_to=above, quotes=quoted,
        )  # fmt: skip
        self.messages[ident] = said
        return said

    def posts(self, who: str, text: str, *, reply_to: str | None = None, quotes: str | None = None) -> str:
        """Somebody posts, and it is heard; returns its id."""
        said = self.post(who, text, reply_to=reply_to, quotes=quotes)
        self.store.write(lambda tx: log.hear(tx, [said], now=self.now))
        return said.id

    def _deliver(self, tx: Tx) -> None:
        while claimed := send.claim(tx, Platform.X, owner="test", now=self.now):
            for row_id, draft, _ in claimed:
                send.landed(tx, row_id, _take(self.slack, draft), now=self.now)


@pytest.fixture
def evening(store: Store, house: House) -> HashtagEvening:
    """P3 has been asked on X, on SQLite and on PostgreSQL."""
    evening = HashtagEvening(store, house)
    evening.until(31)
    return evening


@pytest.fixture
def alone(sqlite_store: Store, house: House) -> HashtagEvening:
    """The same, on SQLite alone."""
    evening = HashtagEvening(sqlite_store, house)
    evening.until(31)
    return evening


def _take(place: Channel, draft: Draft) -> str:
    """The draft stands on X; returns its id."""
    place.keys.append(draft.key)
    ident = f"18{len(place.keys):017}"
    if draft.operation is Operation.POST and draft.kind == "question":
        place.ids[f"P{1 + len(place.ids)}"] = ident
    return ident
