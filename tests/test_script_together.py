"""A debate on X, in Slack and in the room at once as a readable script, and the one transcript that it must give.

Each line is told as its place would tell it: X's stream, Slack's Events API, the room's pages. For the golden files see
``tests/test_scripts.py``.
"""

import json
from dataclasses import replace
from functools import partial

from bot.actions import inbox, names, send
from bot.actions.inbox import Delivery
from bot.ports import Draft, House, Incoming, Operation, Platform
from bot.store import messages, transcripts
from bot.store.engine import Store, Tx
from handlers.x import posts

from tests.standin_x.shapes import post_object
from tests.standin_x.world import Post, World
from tests.stories import CHANNEL, Evening
from tests.test_scripts import HERE, VERBS, RoomVoice, SlackVoice, Voice, assert_golden, written

HASHTAG = "meetalfaro"
TITLE = "La voz del cliente"
QUESTIONS = ["¿Dónde se le escucha de verdad?", "¿Qué hacemos con lo que dice?", "¿Cómo sabrá que le hicimos caso?"]
FILE = (
    f'title = "{TITLE}"\nstarts = 2027-01-14T19:00:00\ntimezone = "Europe/Madrid"\nhost = "Elena"\n'
    f'hashtag = "MeetAlfaro"\nquestions = {QUESTIONS!r}\n[where]\nslack = "{CHANNEL}"\nx = true\n'
)


class Together(Evening):
    """An evening on all three; ``world`` is who and what is on X, ``on_x`` the ids of the questions' posts there."""

    def __init__(self, store: Store, house: House) -> None:
        """The debate is planned."""
        super().__init__(store, house, FILE)
        self.world = World(lambda: self.now)
        self.account = self.world.add_person("Tertulia", "tertulia")
        self.on_x: dict[str, str] = {}

    def _deliver(self, tx: Tx) -> None:
        super()._deliver(tx)
        while claimed := send.claim(tx, Platform.X, owner="test", now=self.now):
            for row_id, draft, _ in claimed:
                send.landed(tx, row_id, self._posted(draft), now=self.now)

    def _posted(self, draft: Draft) -> str:
        assert draft.operation is Operation.POST
        ident = self.world.new_id(self.now)
        self.world.add_post(Post(ident, self.account, draft.text, self.now, ident))
        if draft.kind == "question":
            self.on_x[draft.text.split(" ")[0]] = ident
        return ident


class XVoice(Voice):
    """Through the lines of X's stream and the reader of them."""

    def __init__(self, evening: Together) -> None:
        """Bind to an evening."""
        super().__init__(evening)
        self.world = evening.world
        self.on_x = evening.on_x

    def tell(self, event: str, *lines: dict[str, object]) -> None:
        """Each line arrives twice, for search brings again what the stream has brought."""
        for told in (*lines, *lines):
            line = posts.line(json.dumps(told))
            now, heard = self.evening.now, list[Incoming]()
            if line.post is not None:
                assert line.missing == ()
                heard = [posts.said(line.post, HASHTAG)]
            elif line.deleted:
                heard = [posts.gone(line.deleted, HASHTAG, now)]
            self.evening.store.write(partial(inbox.take, deliveries=[Delivery(Platform.X, event, heard)], now=now))

    def says(self, who: str, text: str, *, reply_to: str | None = None, quotes: str | None = None) -> None:
        """A new post."""
        now, author = self.evening.now, self.world.named(who) or self.world.add_person(who, who.lower())
        ident = self.world.new_id(now)
        self._post(who, self.world.add_post(Post(ident, author, text, now, ident, reply_to, quotes)))

    def answers(self, who: str, label: str, text: str) -> None:
        """A reply to the post of a question."""
        self.says(who, text, reply_to=self.on_x[label])

    def replies(self, who: str, whom: str, text: str) -> None:
        """A reply to somebody's last post."""
        self.says(who, text, reply_to=self.last[whom].id)

    def quotes(self, who: str, what: str, text: str) -> None:
        """A post that quotes the post of a question."""
        self.says(who, text, quotes=self.on_x[what])

    def corrects(self, who: str, text: str) -> None:
        """The last post has a later version."""
        self._post(who, self.world.add_version(self.last[who], text, self.evening.now))

    def deletes(self, who: str) -> None:
        """The last post is taken back."""
        ident = self.last[who].chain[0]
        self.tell(f"x:gone:{ident}", {"data": {"event_type": "post.delete", "payload": {"id": ident}}})

    def named(self) -> None:
        """Everybody's name was looked up, as after the close."""
        called = {person.id: person.name for person in self.world.people.values()}
        self.evening.store.write(lambda tx: names.learn(tx, Platform.X, called, now=self.evening.now))

    def _post(self, who: str, post: Post) -> None:
        self.last[who] = post
        matched = [{"id": "1", "tag": f"{HASHTAG}:tag"}]
        self.tell(f"x:post:{post.id}", {"data": post_object(self.world, post), "matching_rules": matched})


class Everywhere:
    """Who speaks where, and how the room answers what was said elsewhere."""

    def __init__(self, evening: Together) -> None:
        """Nobody has spoken."""
        self.evening = evening
        self.x, self.slack, self.room = XVoice(evening), SlackVoice(evening), RoomVoice(evening)
        self.where: dict[str, str] = {}

    def does(self, who: str, where: str, verb: str, said: str) -> None:
        """One line of the script has happened."""
        self.where[who] = where
        voices: dict[str, XVoice | SlackVoice | RoomVoice] = {"x": self.x, "slack": self.slack, "sala": self.room}
        voice = voices[where]
        match VERBS.get(verb, verb):
            case "says":
                voice.says(who, said)
            case "corrects":
                voice.corrects(who, said)
            case "deletes":
                voice.deletes(who)
            case "to":
                whom, text = said.split(maxsplit=1)
                self._meet(voice, whom)
                voice.replies(who, whom, text)
            case "reacts":
                whom, name = said.split()
                self._meet(voice, whom)
                assert not isinstance(voice, XVoice), "X tells nobody of likes"
                voice.reacts(who, whom, name)
            case "cita":
                self.x.quotes(who, *said.split(maxsplit=1))
            case "moderates":
                getattr(self.evening, said)()
            case label:
                voice.answers(who, label, said)

    def _meet(self, voice: Voice, whom: str) -> None:
        """The room shows what people of other places have said."""
        if isinstance(voice, RoomVoice) and self.where[whom] != "sala":
            last = self.x.last[whom].chain[0] if self.where[whom] == "x" else self.slack.last[whom]["ts"]
            voice.last[whom] = self.evening.look(lambda tx: messages.find(tx, self.evening.id, last))


def played(evening: Together) -> None:
    """Every line of the script has happened at its time, and the debate is over."""
    everywhere = Everywhere(evening)
    for line in (HERE / "scripts" / "juntos.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        at, who, verb, *rest = line.split(maxsplit=3)
        minutes, seconds = at.split(":")
        evening.until(int(minutes) + int(seconds) / 60)
        name, _, where = who.partition("@")
        everywhere.does(name, where, verb, rest[0] if rest else "")
    evening.until(90)
    everywhere.x.named()


def test_one_debate_on_three_places_gives_one_transcript(sqlite_store: Store, house: House) -> None:
    """JSONL and Markdown, byte for byte but for ids drawn by lot."""
    played(Together(sqlite_store, replace(house, x=True)))

    for name in ("jsonl", "md"):
        assert_golden(f"script-juntos.{name}", written(sqlite_store, name, "es"))


def test_one_debate_on_three_places_is_the_same_on_every_database(store: Store, house: House) -> None:
    """Who said what, where, under which question, why, and how sure that is."""
    played(Together(store, replace(house, x=True)))
    found = [
        (line.platform, line.author, line.text, line.question, line.filed_by, line.confidence)
        for line in transcripts.load(store, 1).lines()
    ]
    golden = (HERE / "golden" / "script-juntos.jsonl").read_text(encoding="utf-8").splitlines()
    told = [one for one in map(json.loads, golden) if one["type"] == "message"]
    assert found == [
        (one["platform"], one["author"]["name"] or "", one["text"] or "", one["question"], one["filed_by"],
         one["confidence"])
        for one in told
    ]  # fmt: skip
