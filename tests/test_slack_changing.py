"""A moderator changes a coming debate from Slack's calendar: one form with its words and its date."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.ports import House
from bot.store import debates
from bot.store.engine import Store
from bot.tables import Debate

from tests.slack_scene import ANA, MOD, Scene, buttons, slack_scene


@pytest.fixture
async def scene(sqlite_store: Store, house: House) -> AsyncIterator[Scene]:
    """A planned debate, its moderator and its people in Slack."""
    async with slack_scene(sqlite_store, house) as made:
        yield made


def debate(scene: Scene) -> Debate:
    """The debate as it is."""
    return scene.evening.look(lambda tx: debates.get(tx, scene.evening.id))


async def form(scene: Scene) -> dict[str, Any]:
    """The form that the button beside the debate opens."""
    page = await scene.page(MOD, "calendario")
    assert buttons(page)[-1] == "Cambiar o mover…"
    pressed = await scene.slack.press(MOD, page["message_ts"], "change")
    return await scene.modal(pressed, MOD)


async def send(scene: Scene, **values: str) -> dict[str, Any]:
    """The form is sent with these values; what is not named stays as it is there."""
    view = await form(scene)
    sent = await scene.slack.submit_view(MOD, view["id"], {name: {name: one} for name, one in values.items()})
    assert sent.acked
    return sent.payload


async def test_a_debate_is_reworded_and_moved_in_one_form(scene: Scene) -> None:
    """The form stands as the debate is; what is changed is told with its date."""
    view = await form(scene)
    first = {block["block_id"]: block["element"] for block in view["blocks"]}
    assert (first["title"]["initial_value"], first["date"]["initial_date"], first["time"]["initial_time"]) == (
        "¿Quién es el CXO?", "2027-01-14", "19:00",
    )  # fmt: skip
    assert await send(scene, title="Otro", host="Elena", date="2027-02-04", zone="America/Santiago") == {}

    assert await scene.told(MOD, 3) == "Cambiado: «Otro», jueves 4 de febrero de 2027, 19:00 (America/Santiago)."
    found = debate(scene)
    assert (found.title, found.host, found.touched) == ("Otro", "Elena", True)
    assert found.starts_at == datetime(2027, 2, 4, 22, tzinfo=UTC)


async def test_a_form_sent_as_it_is_changes_nothing(scene: Scene) -> None:
    """Neither number nor date; the moderator reads so."""
    before = debate(scene).model_dump()
    await send(scene)
    assert "ya era así" in await scene.told(MOD, 2)
    assert debate(scene).model_dump() == before


@pytest.mark.parametrize(
    ("values", "field", "told"),
    [
        ({"date": "2020-01-01"}, "date", "ya ha pasado"),
        ({"date": "2027-03-28", "time": "02:30"}, "time", "no existen en Europe/Madrid"),
        ({"hashtag": "dos palabras"}, "hashtag", "no vale como etiqueta"),
    ],
)
async def test_a_fault_stands_on_its_field(scene: Scene, values: dict[str, str], field: str, told: str) -> None:
    """And nothing of the form is kept, not even what was good."""
    before = debate(scene).model_dump()
    answer = await send(scene, title="Otro", **values)
    assert list(answer["errors"]) == [field]
    assert told in answer["errors"][field]
    assert debate(scene).model_dump() == before


async def test_a_member_has_no_such_button(scene: Scene) -> None:
    """It is for who moderates."""
    page = await scene.page(ANA, "calendario")
    assert "Cambiar o mover…" not in buttons(page)
