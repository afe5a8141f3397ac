"""What the bot says on X: once, within 280, naming nobody, with one link, whatever happens on the way."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from bot import errors
from bot.outbox import LEASE
from bot.ports import Draft, Operation, Platform
from handlers.x.client import Keys, Kind, XClient, XRefused
from handlers.x.looks import fitted, look, same
from handlers.x.mouth import PATIENCE, XMouth
from handlers.x.weight import LONGEST, addresses, weighted

from tests.standin_x.server import XStandin

SLUG = "2027-01-14-el-cxo"
LINK = f"https://debates.example.org/d/{SLUG}"


def draft(text: str = "Hola #MeetAlfaro", kind: str = "question", **more: object) -> Draft:
    """Something to say under #MeetAlfaro."""
    fields: dict[str, object] = {
        "key": "1-question-x-abc", "kind": kind, "platform": Platform.X, "place": "meetalfaro", "text": text,
        "extra": {"slug": SLUG},
    }  # fmt: skip
    return Draft(**(fields | more))  # type: ignore[arg-type]  # the fields are checked by the dataclass


# --- looks -----------------------------------------------------------------------------------------------------------


def test_nobody_is_called_and_nothing_is_linked_in_a_question() -> None:
    """What a question says of people, firms and prices is said, and X makes nothing of it."""
    text = look(draft("P1 ¿Qué opina @ana de Booking.com, de https://example.org/a.b y de $AAPL? #MeetAlfaro"))

    assert text.replace("\u2060", "") == (
        "P1 ¿Qué opina @ana de Booking.com, de https://example.org/a.b y de $AAPL? #MeetAlfaro"
    )
    assert addresses(text) == []
    assert ("@\u2060ana" in text, "$\u2060AAPL" in text) == (True, True)


@pytest.mark.parametrize("text", ["Dice Elena:@ana", "Elenaé@ana", "＠ana", "@2027cx", "(@_ana)", "Sí.@ana"])
def test_nobody_is_called_wherever_their_name_stands(text: str) -> None:
    """A guest writes as people do: X finds a name behind a stop, an accent or a bracket; addresses and prices stay."""
    said = look(draft(f"{text} #CX", kind="framing"))

    assert said.replace("\u2060", "") == f"{text} #CX"
    assert "@\u2060" in said or "＠\u2060" in said
    assert look(draft("Vale $5, o ana@ejemplo #CX")) == "Vale $5, o ana@ejemplo #CX"


def test_the_closing_has_its_one_link() -> None:
    """The debate's own page is linked; an address in its title is not."""
    text = look(draft(f"Gracias por «example.com». Transcripción: {LINK} #MeetAlfaro", kind="closing"))

    assert addresses(text) == [LINK]


def test_a_link_is_for_the_closing_alone() -> None:
    """Thirteen times the price, for each question."""
    assert addresses(look(draft(f"P1 ¿Habéis leído {LINK}? #MeetAlfaro"))) == []


@pytest.mark.parametrize("text", ["P1 " + "qué " * 200 + "#MeetAlfaro", "問" * 300, "x" * 900 + " #MeetAlfaro",
                                  "Participa " + "問 " * 300 + "con #MeetAlfaro."])  # fmt: skip
def test_what_is_too_long_is_cut_and_keeps_its_hashtag(text: str) -> None:
    """As many words as fit; the hashtag at the end stays, or the question would be under none."""
    cut = fitted(text)

    assert (weighted(cut) <= LONGEST, weighted(cut) > LONGEST - 12) == (True, True)
    assert (cut.rstrip(".").endswith("… #MeetAlfaro"), "…" in cut) == ("#MeetAlfaro" in text, True)


def test_variants_read_the_same_and_are_never_the_same() -> None:
    """X refuses a text that it has had; what comes in its stead is found again as the same."""
    every = [look(draft("Hola " * 56 + "#CX"), variant=number) for number in range(4)]

    assert len(set(every)) == 4
    assert max(weighted(text) for text in every) <= LONGEST
    assert same(look(draft(), variant=3), look(draft()))
    assert not same(look(draft("P2 ¿Otra?")), look(draft("P1 ¿Otra?")))


# --- the mouth -------------------------------------------------------------------------------------------------------


class Desk:
    """A mouth on a stand-in, what it was stopped by, and which posts are another draft's."""

    def __init__(self, x: XStandin, client: XClient, *, speaks: bool = True, patience: float = 5.0) -> None:
        self.x = x
        self.taken: set[str] = set()
        self.stopped: list[Kind] = []
        self.mouth = XMouth(client, speaks=speaks, taken=self.taken.__contains__, patience=patience)
        self.mouth.on_stop = self._stop

    def _stop(self, refused: XRefused) -> None:
        self.stopped.append(refused.kind)

    def texts(self) -> list[str]:
        """What stands on X of ours."""
        return [post.text for post in self.x.posts if not post.deleted]


def keys_of(x: XStandin) -> Keys:
    """The right keys."""
    return Keys(x.bearer, x.keys.api_key, x.keys.api_secret, x.keys.access_token, x.keys.access_token_secret)


@asynccontextmanager
async def desk_on(x: XStandin, *, speaks: bool = True, patience: float = 5.0) -> AsyncIterator[Desk]:
    """A desk with a client of its own."""
    client = XClient(keys_of(x), x.url)
    await client.start()
    try:
        yield Desk(x, client, speaks=speaks, patience=patience)
    finally:
        await client.close()


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    """A desk on a fresh X."""
    async with XStandin() as x, desk_on(x) as made:
        yield made


def since() -> datetime:
    """A moment ago."""
    return datetime.now(UTC) - timedelta(seconds=5)


async def test_a_question_is_a_post_of_its_own(desk: Desk) -> None:
    """Two questions are two conversations, and a post costs what it costs without a link."""
    first = await desk.mouth.send(draft("P1 ¿Una? #MeetAlfaro", key="a"))
    second = await desk.mouth.send(draft("P2 ¿Otra? #MeetAlfaro", key="b"))

    assert [(post.id, post.text, post.conversation) for post in desk.x.posts] == [
        (first, "P1 ¿Una? #MeetAlfaro", first), (second, "P2 ¿Otra? #MeetAlfaro", second),
    ]  # fmt: skip
    assert desk.x.meter.counts["post"] == 2
    assert desk.x.meter.counts["post_with_link"] == 0


async def test_an_answer_goes_below_our_own_question(desk: Desk) -> None:
    """A reply to ourselves, which X allows."""
    question = await desk.mouth.send(draft("P1 ¿Una?"))
    await desk.mouth.send(draft("Sí.", kind="answer", thread=question))

    assert desk.x.posts[1].reply_to == question


async def test_a_reply_that_x_forbids_is_never_tried_again(desk: Desk) -> None:
    """Somebody who did not call us."""
    theirs = await desk.x.post("ana", "Hola a todos")

    with pytest.raises(errors.NotEver, match="reply_rule"):
        await desk.mouth.send(draft("Gracias", thread=theirs))


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"operation": Operation.PRIVATE}, "en X no se escribe a nadie en privado"),
        ({"operation": Operation.UPDATE, "target": "1"}, "en X no se corrige lo publicado"),
    ],
)
async def test_what_x_has_no_way_for_is_said_so(desk: Desk, more: dict[str, object], why: str) -> None:
    """Nothing is asked of X, and the reason is kept."""
    with pytest.raises(errors.NotEver, match=why):
        await desk.mouth.send(draft(**more))  # type: ignore[arg-type]  # the fields are checked by the dataclass
    assert desk.x.requests == []


async def test_a_post_is_taken_back_and_again(desk: Desk) -> None:
    """A start made by mistake: what is gone already is gone."""
    landed = await desk.mouth.send(draft())
    gone = draft(operation=Operation.DELETE, target=landed, text="")

    assert [await desk.mouth.send(gone), await desk.mouth.send(gone)] == [landed, landed]
    assert desk.texts() == []


async def test_an_answer_that_was_lost_is_unsure_and_then_found(desk: Desk) -> None:
    """The post stands, the answer never came: nobody knows, until our timeline is read."""
    desk.x.faults.drop_after_store()
    wanted = draft(f"Gracias & adiós: {LINK} #MeetAlfaro", kind="closing")
    with pytest.raises(errors.Unsure):
        await desk.mouth.send(wanted)

    assert await desk.mouth.find(wanted, since()) == desk.x.posts[0].id
    assert await desk.mouth.find(draft("Otra cosa"), since()) is None


async def test_a_post_whose_answer_was_lost_is_paid_for() -> None:
    """X has billed it; found on our timeline or called a duplicate, it is on our bill and on its debate's."""
    billed: dict[str, set[str]] = {}
    async with XStandin() as x:
        client = XClient(keys_of(x), x.url, billed=lambda kind, ids: billed.setdefault(kind, set()).update(ids))
        await client.start()
        mouth, owners = Desk(x, client).mouth, dict[str, int | None]()
        mouth.on_posted = owners.__setitem__
        closing = draft(f"Gracias: {LINK} #MeetAlfaro", kind="closing", key="c", debate_id=7)
        for one in (draft(debate_id=7), closing):
            x.faults.drop_after_store()
            with pytest.raises(errors.Unsure):
                await mouth.send(one)
        await mouth.find(closing, since())
        await mouth.send(draft(debate_id=7))
        await client.close()

        question, last = (post.id for post in x.posts)
        assert owners == {question: 7, last: 7}
        assert {kind: len(ids) for kind, ids in billed.items()} == {k: n for k, n in x.meter.counts.items() if n}


async def test_an_answer_that_never_comes_is_not_waited_for() -> None:
    """The post must be looked for while it is still this process's to send: its lease is a minute."""
    async with XStandin() as x, desk_on(x, patience=0.4) as hasty:
        x.faults.hang_after_store()
        with pytest.raises(errors.Unsure):
            await hasty.mouth.send(draft())
        x.faults.hang("own_posts")
        with pytest.raises(errors.Unsure, match="no se puede mirar si está"):
            await hasty.mouth.find(draft(), since())

        assert await hasty.mouth.find(draft(), since()) == x.posts[0].id
        assert timedelta(seconds=2 * PATIENCE) < LEASE


async def test_what_is_not_there_is_not_found(desk: Desk) -> None:
    """The connection broke before X stored it: it may be sent again."""
    desk.x.faults.drop_before_store()
    with pytest.raises(errors.Unsure):
        await desk.mouth.send(draft())

    assert await desk.mouth.find(draft(), since()) is None


async def test_a_duplicate_is_the_post_that_is_there(desk: Desk) -> None:
    """X says that it has it: it is ours, and it is not said again."""
    desk.x.faults.drop_after_store()
    with pytest.raises(errors.Unsure):
        await desk.mouth.send(draft())

    assert await desk.mouth.send(draft()) == desk.x.posts[0].id
    assert desk.texts() == ["Hola #MeetAlfaro"]


async def test_a_duplicate_of_another_draft_is_said_in_another_way(desk: Desk) -> None:
    """A debate held again the same day: its questions are posts of their own, with answers of their own."""
    first = await desk.mouth.send(draft(key="a"))
    desk.taken.add(first)
    second = await desk.mouth.send(draft(key="b"))
    desk.taken.add(second)

    assert await desk.mouth.send(draft(key="c")) != second
    assert desk.texts() == ["Hola #MeetAlfaro", "Hola #MeetAlfaro ·", "Hola #MeetAlfaro · ·"]


async def test_a_post_of_another_draft_is_not_found_for_this_one(desk: Desk) -> None:
    """The same words, landed for another row of the outbox."""
    desk.taken.add(await desk.mouth.send(draft(key="a")))

    assert await desk.mouth.find(draft(key="b"), since()) is None


async def test_a_duplicate_that_nobody_sees_is_looked_for_before_it_is_said_otherwise(desk: Desk) -> None:
    """Our timeline may lag behind; after a while it is a post that was taken back."""
    desk.x.faults.status("create", 403, "duplicate", times=3)
    for _ in range(2):
        with pytest.raises(errors.Unsure):
            await desk.mouth.send(draft())
    await desk.mouth.send(draft())

    assert desk.texts() == ["Hola #MeetAlfaro ·"]


@pytest.mark.parametrize(("kind", "least", "most"), [("rate", 890, 902), ("rate-day", 890, 902), ("rate-bare", 60, 60)])
async def test_a_full_window_is_waited_for(desk: Desk, kind: str, least: float, most: float) -> None:
    """As long as X says, also where only the day's window is full; a minute where it says nothing."""
    desk.x.faults.status("create", 429, kind)
    with pytest.raises(errors.NotNow) as caught:
        await desk.mouth.send(draft())

    assert least <= (caught.value.seconds or 0) <= most
    assert desk.texts() == []


@pytest.mark.parametrize(("kind", "status"), [("credits", 402), ("credits-old", 402), ("capped", 429)])
async def test_without_credits_everything_stops(desk: Desk, kind: str, status: int) -> None:
    """Whoever listens is told at once, and the post waits."""
    desk.x.faults.status("create", status, kind)
    with pytest.raises(errors.NotNow):
        await desk.mouth.send(draft())

    assert desk.stopped == [Kind.CREDITS if status == 402 else Kind.CAPPED]


@pytest.mark.parametrize(
    ("kind", "status", "what"),
    [("unauthorized", 401, "unauthorised"), ("permissions", 403, "forbidden"), ("reply-old", 403, "reply_rule")],
)
async def test_what_x_forbids_is_never_tried_again(desk: Desk, kind: str, status: int, what: str) -> None:
    """The reason is kept with the post; where it may be the keys' fault, somebody is told."""
    desk.x.faults.status("create", status, kind)
    with pytest.raises(errors.NotEver, match=what):
        await desk.mouth.send(draft())

    assert [told.value for told in desk.stopped] == ([] if what == "reply_rule" else [what])


@pytest.mark.parametrize("kind", ["html", "empty", "json"])
async def test_an_x_that_is_upset_may_have_done_it(desk: Desk, kind: str) -> None:
    """503 in all its forms: looked for before it is said again."""
    desk.x.faults.status("create", 503, kind)
    with pytest.raises(errors.Unsure):
        await desk.mouth.send(draft())


async def test_an_x_that_is_away_has_nothing(desk: Desk) -> None:
    """Nobody answered the door: nothing left this machine."""
    client = XClient(keys_of(desk.x), "http://127.0.0.1:9")
    await client.start()
    with pytest.raises(errors.NotNow):
        await Desk(desk.x, client).mouth.send(draft())
    await client.close()


async def test_who_may_not_look_does_not_guess(desk: Desk) -> None:
    """Our timeline is not to be had: the post stays unsaid."""
    desk.x.faults.status("own_posts", 503, "html")
    with pytest.raises(errors.Unsure, match="no se puede mirar si está"):
        await desk.mouth.find(draft(), since())


async def test_while_x_is_left_nothing_is_asked_of_it(desk: Desk) -> None:
    """The budget is spent: what waits stays where it is."""
    desk.mouth.closed = "presupuesto agotado"
    for call in (desk.mouth.send(draft()), desk.mouth.find(draft(), since())):
        with pytest.raises(errors.NotNow, match="presupuesto agotado"):
            await call
    assert desk.x.requests == []


async def test_with_the_bearer_alone_nothing_is_said() -> None:
    """X is heard; each post is refused with the reason, and X is not even asked."""
    async with XStandin() as x, desk_on(x, speaks=False) as silent:
        with pytest.raises(errors.NotEver, match="en X solo se oye"):
            await silent.mouth.send(draft())
        assert (await silent.mouth.find(draft(), since()), x.requests) == (None, [])
