"""The moderators' tray and everybody's buttons: what is shown, to whom, and what is kept of a press. No script here."""

import html
import re
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlmodel import col, select
from starlette.testclient import TestClient

from bot import errors
from bot.actions import clock, drafts, log, run, send
from bot.ports import OPERATOR, Actor, Author, Deleted, House, Platform, Reacted, Said
from bot.store import debates, feed, people
from bot.store.engine import Store, Tx
from bot.tables import Audit, Debate, Place

from tests import stories
from tests.room_evening import Evening, browser
from tests.test_room import enter, join

MARTA = Actor("room:marta", "Marta", moderator=True)
TAG = "meetalfaro"


class OnX:
    """An evening that is held on X, too, where every post of ours lands at once, unless it is told to wait."""

    def __init__(self, folder: Path, *, asked: int = 2, lands: bool = True, live: bool = False) -> None:
        """A debate with questions asked, in the room and on X."""
        self.evening = Evening(folder, house=House(slack_channel="C0123456"), live=live)
        self.evening.plan(opened=False)
        self.evening.act(_also_on_x)
        self.evening.act(lambda tx, debate: run.open_now(tx, debate, actor=OPERATOR, now=self.evening.now))
        for _ in range(asked):
            self.ask(lands=lands)

    def ask(self, *, lands: bool = True) -> None:
        """The next question is asked, and stands on X."""
        self.evening.now += timedelta(minutes=2)
        self.evening.act(lambda tx, debate: run.ask_next(tx, debate, actor=OPERATOR, now=self.evening.now, really=True))
        if lands:
            self.land()

    def land(self) -> None:
        """Every post that waits for X stands there; the post of P2 has the id 1000000002."""
        self.evening.store.write(self._land)

    def _land(self, tx: Tx) -> None:
        while claimed := send.claim(tx, Platform.X, owner="test", now=self.evening.now):
            for row_id, draft, _ in claimed:
                number = re.match(r"P(\d+)", draft.text) if draft.kind == "question" else None
                ident = f"{1_000_000_000 + int(number[1])}" if number else f"{2_000_000_000 + row_id}"
                send.landed(tx, row_id, ident, now=self.evening.now)

    def says(self, who: str, text: str, *, to: str | None = None, **named: str) -> str:
        """Somebody posted it on X; returns the post's id."""
        self.evening.now += timedelta(seconds=1)
        ident = f"{3_000_000_000 + round(self.evening.now.timestamp())}"
        said = Said(
            Platform.X, TAG, ident, Author(f"{900 + len(who)}{ord(who[0])}", named.get("name", who)), text,
            self.evening.now, thread=named.get("thread", to), reply_to=to,
        )  # fmt: skip
        self.hear(said)
        return ident

    def close(self) -> None:
        """The hour is over; late answers are still taken."""
        now = self.evening.now
        self.evening.act(lambda tx, debate: run.close(tx, debate, actor=OPERATOR, now=now, house=self.evening.house))

    def end(self) -> None:
        """The grace after the close has passed."""
        self.evening.now += timedelta(hours=2)
        while self.evening.store.write(lambda tx: clock.do_due(tx, now=self.evening.now, house=self.evening.house)):
            pass

    def hear(self, *incoming: Said | Deleted | Reacted) -> None:
        """What X tells is in the log."""
        self.evening.store.write(lambda tx: log.hear(tx, incoming, now=self.evening.now))

    def tray(self, actor: Actor = MARTA) -> drafts.Tray:
        """The tray as a moderator finds it."""
        with self.evening.store.read() as tx:
            return drafts.tray(tx, debates.get(tx, self.evening.slug), actor=actor)

    def audit(self) -> Sequence[tuple[str, str, str]]:
        """(who, action, detail) of what was done to drafts."""
        query = select(Audit.who, Audit.action, Audit.detail).where(col(Audit.action).startswith("draft "))
        with self.evening.store.read() as tx:
            return [(row[0], row[1], row[2]) for row in tx.session.exec(query.order_by(col(Audit.id))).all()]


def _also_on_x(tx: Tx, debate: Debate) -> None:
    tx.session.merge(Place(debate_id=debates.ident(debate), platform=Platform.X, address=TAG))


@pytest.fixture
def x(tmp_path: Path) -> Iterator[OnX]:
    """A debate in the room and on X, two questions out."""
    made = OnX(tmp_path)
    yield made
    made.evening.stop()


def keys(found: Sequence[object]) -> list[str]:
    """The kinds of drafts, in order."""
    return [str(getattr(one, "key", "")).partition(":")[0] for one in found]


def hands(page: str) -> list[tuple[str, str, str]]:
    """(label, text, target) of every button that opens a composer, in the order of the page."""
    found = re.findall(r'<a class="chip hand" href="([^"]+)" target="_blank" rel="noopener"[^>]*>([^<]+)<', page)
    read = [(label, parse_qs(urlsplit(html.unescape(address)).query)) for address, label in found]
    return [(label, query["text"][0], query.get("in_reply_to", [""])[0]) for label, query in read]


# --- everybody's buttons ---------------------------------------------------------------------------------------------


def test_debate_on_x_has_a_button_beside_each_question(x: OnX) -> None:
    """P2, open now, is answered from the top of the page; each question from its heading."""
    with browser(x.evening) as visitor:
        page = visitor.get(f"/d/{x.evening.slug}").text
    p1 = ("Responder a P1 en X", "R1  #MeetAlfaro", "1000000001")
    p2 = ("Responder a P2 en X", "R2  #MeetAlfaro", "1000000002")
    assert hands(page) == [p2, ("Escribir en X", "#MeetAlfaro ", ""), p1, p2]


def test_board_has_the_buttons_of_the_debate_that_is_on(x: OnX) -> None:
    """From the board, too, the open question is answered on X."""
    with browser(x.evening) as visitor:
        page = visitor.get("/").text
    assert hands(page) == [
        ("Responder a P2 en X", "R2  #MeetAlfaro", "1000000002"), ("Escribir en X", "#MeetAlfaro ", ""),
    ]  # fmt: skip


def test_debate_elsewhere_has_no_such_buttons(tmp_path: Path) -> None:
    """A debate that is not on X says nothing of it, nor shows moderators a way to a tray."""
    evening = Evening(tmp_path)
    evening.plan()
    with browser(evening) as visitor:
        enter(visitor, evening)
        pages = [visitor.get(path).text for path in ("/", f"/d/{evening.slug}")]
        tray = visitor.get(f"/d/{evening.slug}/drafts").text
    evening.stop()
    assert [(hands(page), "/drafts" in page) for page in pages] == [([], False)] * 2
    assert "No hay nada que enviar" in tray


def test_question_that_x_has_not_taken_yet_is_answered_by_its_label(tmp_path: Path) -> None:
    """X may be slow or down: the button is there, without a post to answer; once it stands there, below it."""
    x = OnX(tmp_path, asked=1, lands=False)
    with browser(x.evening) as visitor:
        before = hands(visitor.get(f"/d/{x.evening.slug}").text)
        x.land()
        after = hands(visitor.get(f"/d/{x.evening.slug}").text)
    x.evening.stop()
    assert [before[0][2], after[0][2]] == ["", "1000000001"]


def test_landing_on_x_is_a_change_that_live_pages_are_told(tmp_path: Path) -> None:
    """From one reading of the clock to the next the questions are sent again, the new target with them; then not."""
    x = OnX(tmp_path, asked=1, lands=False)
    rev = x.evening.debate().rev
    x.land()
    later = x.evening.debate().rev
    with x.evening.store.read() as tx:
        debate_id = debates.ident(debates.get(tx, x.evening.slug))
        told = [[one.x_post for one in feed.since(tx, debate_id, since).questions] for since in (rev, later)]
    x.evening.stop()
    assert told == [["1000000001", None, None], []]


def test_debate_that_is_over_offers_x_no_more(x: OnX) -> None:
    """After the close answers are still taken; after the grace nothing on X is heard."""
    x.close()
    with browser(x.evening) as visitor:
        late = hands(visitor.get(f"/d/{x.evening.slug}").text)
        x.end()
        over = hands(visitor.get(f"/d/{x.evening.slug}").text)
    assert ([label for label, _, _ in late], over) == (
        ["Escribir en X", "Responder a P1 en X", "Responder a P2 en X"], [],
    )  # fmt: skip


# --- the tray --------------------------------------------------------------------------------------------------------


def test_tray_has_welcomes_thanks_and_follow_ups(x: OnX) -> None:
    """Two people spoke on X, one found an echo there and in the room; two questions are out."""
    ana = x.says("Ana", "R2 De la dirección general", to="1000000002")
    x.says("Luis", "Muy de acuerdo con Ana", to=ana, thread="1000000002")
    x.hear(Reacted(Platform.X, TAG, ana, "heart", "room:eva", x.evening.now))
    found = x.tray()
    assert (keys(found.waiting), found.done) == (["welcome", "welcome", "thanks", "follow", "follow"], [])
    (thanks,) = [one for one in found.waiting if one.kind == "thanks"]
    assert (thanks.name, thanks.said, f"in_reply_to={ana}" in thanks.address) == (
        "Ana", "R2 De la dirección general", True,
    )  # fmt: skip


def test_nobody_is_an_echo_of_their_own(x: OnX) -> None:
    """Ana went on in a second post below her first: that is no reason to thank her."""
    ana = x.says("Ana", "R2 De la dirección", to="1000000002")
    x.says("Ana", "y de nadie más", to=ana, thread="1000000002")
    assert keys(x.tray().waiting) == ["welcome", "follow", "follow"]


def test_people_of_slack_and_room_moderators_and_bots_are_not_in_the_tray(x: OnX) -> None:
    """Only who took part on X, and does not moderate, can be answered there."""
    x.evening.slack("R1 Desde el canal")
    x.says("Elena", "R1 Yo modero")
    x.evening.store.write(lambda tx: people.appoint(tx, [f"x:905{ord('E')}"]))
    assert keys(x.tray().waiting) == ["follow", "follow"]


def test_what_a_moderator_answered_on_x_leaves_the_tray_by_itself(x: OnX) -> None:
    """Elena has written to Ana and below P1 from her own account: both are heard, and both drafts are gone."""
    ana = x.says("Ana", "R2 De la dirección", to="1000000002")
    x.says("Elena", "¡Hola, Ana!", to=ana, thread="1000000002")
    x.says("Elena", "¿Y quién lo ve de otra manera?", to="1000000001")
    x.evening.store.write(lambda tx: people.appoint(tx, [f"x:905{ord('E')}"]))
    found = x.tray().waiting
    assert [(one.kind.value, one.question) for one in found] == [("follow", 2)]


def test_post_that_was_taken_back_takes_its_drafts_along(x: OnX) -> None:
    """Nothing of it is quoted any more."""
    ana = x.says("Ana", "R2 Esto lo borro", to="1000000002")
    x.hear(Deleted(Platform.X, TAG, ana, x.evening.now))
    assert keys(x.tray().waiting) == ["follow", "follow"]


def test_draft_that_was_sent_is_put_away_once_and_can_be_brought_back(x: OnX) -> None:
    """Two moderators press at once: one audit row; brought back, it waits again. The keys hold no id of X."""
    x.says("Ana", "R2 De la dirección", to="1000000002")
    key = x.tray().waiting[0].key
    for way in (drafts.put_away, drafts.put_away, drafts.bring_back, drafts.put_away):
        x.evening.act(lambda tx, debate, way=way: way(tx, debate, key, actor=MARTA, now=x.evening.now))
    found = x.tray()
    assert (keys(found.waiting), keys(found.done)) == (["follow", "follow"], ["welcome"])
    assert x.audit() == [("room:marta", f"draft {what}", key) for what in ("done", "back", "done")]
    assert re.fullmatch(r"welcome:\d{1,3}", key)


def test_quoted_words_neither_mention_nor_tag_nor_link_anybody(x: OnX) -> None:
    """In none of the letters in which X takes a sign for that, the wide ones of Japanese keyboards too."""
    x.says("Ana", "R2 ＠carla y @dani dicen ＃otra #cosa en tienda.es", to="1000000002")
    texts = [one.text for one in x.tray().waiting if one.key.startswith("welcome")]
    assert [re.findall(r"[@＠＃]|#otra|#cosa|tienda", text) for text in texts] == [[]]
    assert "«y dicen en»" in texts[0]


@pytest.mark.parametrize("key", ["", "welcome:999", "follow", "thanks:1;drop", "welcome:" + "9" * 40])
def test_draft_that_is_not_there_is_refused(x: OnX, key: str) -> None:
    """What was never there, or is there no more, is said and nothing kept."""
    with pytest.raises(errors.NoSuchDraft):
        x.evening.act(lambda tx, debate: drafts.put_away(tx, debate, key, actor=MARTA, now=x.evening.now))
    assert x.audit() == []


def test_tray_is_the_same_on_every_database(store: Store, house: House) -> None:
    """Welcome, thanks and put away, on SQLite and on PostgreSQL."""
    evening = stories.Evening(store, house).until(12)
    store.write(lambda tx: _also_on_x(tx, debates.get(tx, evening.id)))
    ids = ("3000000001", "3000000002")
    for ident, who, to in zip(ids, ("Ana", "Luis"), (None, ids[0]), strict=True):
        evening.hear(Said(Platform.X, TAG, ident, Author(who, who), "R1 Sí", evening.now, thread=to, reply_to=to))

    def seen(tx: Tx) -> drafts.Tray:
        return drafts.tray(tx, debates.get(tx, evening.id), actor=MARTA)

    before = keys(evening.look(seen).waiting)
    key = evening.look(seen).waiting[-1].key
    store.write(lambda tx: drafts.put_away(tx, debates.get(tx, evening.id), key, actor=MARTA, now=evening.now))
    after = evening.look(seen)
    assert (before, keys(after.waiting), keys(after.done)) == (
        ["welcome", "welcome", "thanks"], ["welcome", "welcome"], ["thanks"],
    )  # fmt: skip


# --- its page --------------------------------------------------------------------------------------------------------


def test_moderator_sends_and_puts_away_without_a_script(x: OnX) -> None:
    """The link opens the composer below Ana's post; «Hecho» brings the page back without her; «Devolver», with her."""
    ana = x.says("Ana", "R2 De la dirección", to="1000000002")
    with browser(x.evening) as elena:
        enter(elena, x.evening)
        assert f'href="/d/{x.evening.slug}/drafts"' in elena.get(f"/d/{x.evening.slug}").text
        before = elena.get(f"/d/{x.evening.slug}/drafts").text
        (key, _) = re.findall(r'name="key" value="(welcome:\d+)"', before) * 2
        after = elena.post(f"/d/{x.evening.slug}/drafts/done", data={"key": key})
        back = elena.post(f"/d/{x.evening.slug}/drafts/back", data={"key": key}, follow_redirects=False)
        again = elena.get(f"/d/{x.evening.slug}/drafts").text
    assert [targets(page) for page in (before, after.text, again)] == [
        [ana, "1000000001", "1000000002"], ["1000000001", "1000000002"], [ana, "1000000001", "1000000002"],
    ]  # fmt: skip
    assert (back.status_code, back.headers["location"]) == (303, f"/d/{x.evening.slug}/drafts")


def targets(page: str) -> list[str]:
    """The posts below which the drafts of a page go."""
    return [target for _, _, target in hands(page)]


def test_tray_is_for_moderators_alone(x: OnX) -> None:
    """A visitor and a member neither read nor press, and are told which role it needs."""
    path = f"/d/{x.evening.slug}/drafts"
    with browser(x.evening) as visitor:
        codes = _tries(visitor, path)
        join(visitor, x.evening, "Ana")
        codes += _tries(visitor, path)
        shown = visitor.get(f"/d/{x.evening.slug}").text
    assert (codes, "/drafts" in shown, x.audit()) == ([403] * 4, False, [])
    with pytest.raises(errors.NotModerator):
        x.tray(Actor("room:ana", "Ana"))


def _tries(client: TestClient, path: str) -> list[int]:
    return [client.get(path).status_code, client.post(f"{path}/done", data={"key": "follow:1"}).status_code]


def test_pressing_what_is_gone_says_so_and_shows_the_rest(x: OnX) -> None:
    """An old page: the draft was answered meanwhile."""
    path = f"/d/{x.evening.slug}/drafts"
    with browser(x.evening) as elena:
        enter(elena, x.evening)
        gone = elena.post(f"{path}/done", data={"key": "welcome:77"})
        odd = elena.post(f"{path}/burn", data={"key": "follow:1"})
        none = elena.get("/d/nada/drafts")
    assert (gone.status_code, odd.status_code, none.status_code) == (404, 404, 404)
    assert ("Ese borrador ya no está en la bandeja" in gone.text, len(targets(gone.text))) == (True, 2)


def test_script_is_sent_the_list_alone_and_what_was_put_away(x: OnX) -> None:
    """A piece of the page, with a way to undo; a look every now and then has neither."""
    x.says("Ana", "R2 De la dirección", to="1000000002")
    path = f"/d/{x.evening.slug}/drafts"
    with browser(x.evening) as elena:
        enter(elena, x.evening)
        script = {"hx-request": "true"}
        look = elena.get(path, headers=script).text
        key = x.tray().waiting[0].key
        done = elena.post(f"{path}/done", data={"key": key}, headers=script).text
    assert [("<html" in piece, piece.count('role="status"'), "Deshacer" in piece) for piece in (look, done)] == [
        (False, 0, False), (False, 1, True),
    ]  # fmt: skip


def test_names_and_texts_of_x_are_shown_not_obeyed(x: OnX) -> None:
    """Markup in a name or a post is text on the page and in the address."""
    x.says("<b>Ana</b>", "R2 <script>alert(1)</script> \"'&", to="1000000002", name='<img src=x onerror="1">')
    with browser(x.evening) as elena:
        enter(elena, x.evening)
        page = elena.get(f"/d/{x.evening.slug}/drafts").text
    assert ("<script>alert" in page, "<img" in page, "&lt;img src=x" in page) == (False, False, True)


def test_long_trays_show_the_first_thirty_of_a_kind(x: OnX) -> None:
    """Forty people at once: thirty to begin with, the count of all, and how many wait behind."""
    for number in range(40):
        said = Said(
            Platform.X, TAG, f"40000000{number:02}", Author(f"77{number:02}", ""), f"Opinión {number}", x.evening.now
        )
        x.hear(said)
    with browser(x.evening) as elena:
        enter(elena, x.evening)
        page = elena.get(f"/d/{x.evening.slug}/drafts").text
    assert (page.count('name="key" value="welcome:'), ">40</span>" in page, "Y 10 más" in page) == (30, True, True)
