"""A date that nobody has confirmed, in the room and in Slack: hidden from the public, confirmed by one button."""

from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from bot import errors
from bot.actions import ask, series
from bot.actions.series import Terms
from bot.ports import OPERATOR, Actor, Draft, House, Operation, Platform
from bot.store import debates
from bot.store.engine import Store, Tx
from handlers.slack.looks import CONFIRM, look

from tests.planned_year import THURSDAYS
from tests.room_evening import Evening
from tests.slack_scene import ANA, MOD, Scene, buttons, slack_scene

TERMS = Terms("FREQ=WEEKLY;BYDAY=TH;COUNT=2", datetime(2027, 2, 4, 19, 0))  # noqa: DTZ001
SLUG = "2027-02-04-cafe-de-cx"


def phases(store: Store) -> list[str]:
    """The phases of the series' two debates."""
    with store.read() as tx:
        return [one.phase for one in sorted(debates.every(tx), key=lambda one: one.starts_at) if one.series_id]


# --- in the room -----------------------------------------------------------------------------------------------------


@pytest.fixture
def evening(tmp_path: Path) -> Iterator[Evening]:
    """A room with a series whose dates are drafts."""
    made = Evening(tmp_path)
    made.store.write(lambda tx: series.add(tx, THURSDAYS, TERMS, house=made.house, actor=OPERATOR, now=made.now)[0])
    yield made
    made.stop()


def test_the_public_does_not_find_a_draft(evening: Evening) -> None:
    """Neither on the board nor at its own address; a question for it is refused."""
    with TestClient(evening.app, headers={"sec-fetch-site": "same-origin"}) as ana:
        assert "Café de CX" not in ana.get("/").text
        assert [ana.get(f"/d/{SLUG}{what}").status_code for what in ("", "/transcript.md", "/calendar.ics")] == [
            404
        ] * 3
        assert "Café" not in ana.get("/calendar.ics").text

    def propose(tx: Tx) -> None:
        ask.propose(tx, debates.get(tx, SLUG), "¿Y yo?", asker=Actor("room:ana", "Ana"), now=evening.now)

    with pytest.raises(errors.WrongPhase, match="draft"):
        evening.store.write(propose)


def test_a_moderator_confirms_it_on_its_page(evening: Evening) -> None:
    """All the dates of the season with it; then the public finds them, and the button is gone."""
    with TestClient(evening.app, headers={"sec-fetch-site": "same-origin"}) as marta:
        marta.post(f"/entrar/{evening.link()}", data={"name": "Marta"})
        assert "Confirmar la serie en su temporada" in marta.get(f"/d/{SLUG}").text
        assert marta.post(f"/d/{SLUG}/do/confirm", follow_redirects=False).status_code == 303
        assert "Confirmar la serie en su temporada" not in marta.get(f"/d/{SLUG}").text
    assert phases(evening.store) == ["scheduled", "scheduled"]
    with TestClient(evening.app, headers={"sec-fetch-site": "same-origin"}) as ana:
        assert "Café de CX" in ana.get("/").text
        assert ana.get(f"/d/{SLUG}").status_code == 200


def test_nobody_else_confirms_it(evening: Evening) -> None:
    """The button's address is no way around it."""
    with TestClient(evening.app, headers={"sec-fetch-site": "same-origin"}) as ana:
        assert ana.post(f"/d/{SLUG}/do/confirm", follow_redirects=False).status_code in {401, 403}
    assert phases(evening.store) == ["draft", "draft"]


# --- in Slack --------------------------------------------------------------------------------------------------------


@pytest.fixture
async def scene(sqlite_store: Store, house: House) -> AsyncIterator[Scene]:
    """Slack, with a series whose dates are drafts."""
    async with slack_scene(sqlite_store, house) as scene:
        store, now = scene.evening.store, scene.evening.now
        store.write(lambda tx: series.add(tx, THURSDAYS, TERMS, house=house, actor=OPERATOR, now=now)[0])
        yield scene


async def asked(scene: Scene, kind: str) -> str:
    """The private question stands where a moderator reads it; returns its ts."""
    with scene.evening.store.read() as tx:
        debate = debates.get(tx, SLUG)
        shown = look(Draft("k", kind, Platform.SLACK, MOD, "¿Sigue?", Operation.PRIVATE, debate_id=debate.id))
    assert buttons({"blocks": shown.blocks}) == ["Sí, sigue"]
    answer = await scene.desk.client.chat_postMessage(channel=MOD, text=shown.text, blocks=list(shown.blocks))
    return str(answer["ts"])


@pytest.mark.parametrize("kind", ["confirm", "lapsed"])
async def test_the_button_below_the_question_confirms(scene: Scene, kind: str) -> None:
    """Pressed again it says that it was; the question is answered where it stands."""
    ts = await asked(scene, kind)
    first = await scene.answer(await scene.slack.press(MOD, ts, CONFIRM))
    again = await scene.answer(await scene.slack.press(MOD, await asked(scene, kind), CONFIRM))

    assert first["text"] == "«Café de CX» sigue en 2027-resto; fechas confirmadas: 2."
    assert again["text"] == "«Café de CX» ya estaba confirmada en 2027-resto."
    assert phases(scene.evening.store) == ["scheduled", "scheduled"]


async def test_only_who_moderates_confirms(scene: Scene) -> None:
    """Whoever else presses it is told so, and nothing is changed."""
    told = await scene.answer(await scene.slack.press(ANA, await asked(scene, "confirm"), CONFIRM))
    assert "quien modera" in told["text"]
    assert phases(scene.evening.store) == ["draft", "draft"]


async def test_members_do_not_hear_of_drafts(scene: Scene) -> None:
    """The calendar lists what will be held; where a channel has nothing but a draft, nothing is meant there."""
    assert "Café" not in await scene.types(ANA, "calendario")
    with scene.evening.store.read() as tx:
        assert debates.at_place(tx, "slack", "C0CAFE") is None
        meant = debates.at_place(tx, "slack", "C0CAFE", drafts=True)
        assert meant is not None
        assert meant.slug == SLUG
