"""A moderator changes a coming debate from Slack's calendar: one form with its words and its date."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.actions import guests, polls
from bot.errors import NotModerator
from bot.guest import Invited
from bot.poll import Kind, Planned
from bot.ports import OPERATOR, House
from bot.store import debates
from bot.store.engine import Store, Tx
from bot.tables import Debate

from tests.slack_scene import ANA, MOD, Scene, buttons, slack_scene

NOT_MODERATOR = NotModerator.template()


@pytest.fixture
async def scene(sqlite_store: Store, house: House) -> AsyncIterator[Scene]:
    """A planned debate, its moderator and its people in Slack."""
    async with slack_scene(sqlite_store, house) as made:
        yield made


def debate(scene: Scene) -> Debate:
    """The debate as it is."""
    return scene.evening.look(lambda tx: debates.get(tx, scene.evening.id))


async def form(scene: Scene, button: str = "change") -> dict[str, Any]:
    """The form that a button beside the debate opens."""
    page = await scene.page(MOD, "calendario")
    assert buttons(page)[-2:] == ["Cambiar o mover…", "Repetir en otra fecha…"]
    pressed = await scene.slack.press(MOD, page["message_ts"], button)
    return await scene.modal(pressed, MOD)


async def send(scene: Scene, button: str = "change", **values: str) -> dict[str, Any]:
    """The form is sent with these values; what is not named stays as it is there."""
    view = await form(scene, button)
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
    assert {"Cambiar o mover…", "Repetir en otra fecha…"}.isdisjoint(buttons(page))


async def test_another_one_like_it_is_planned(scene: Scene) -> None:
    """A week later on the same clocks, if nothing else is said; what comes along is told before and after."""

    def before(tx: Tx) -> None:
        row, now = debates.get(tx, scene.evening.id), scene.evening.now
        polls.add(tx, row, Planned("¿Vienes?", ("Sí", "No")), kind=Kind.BEFORE, actor=OPERATOR, now=now)
        guests.add(tx, row, Invited("Bruno Salas"), house=scene.desk.house, actor=OPERATOR, now=now)

    scene.evening.store.write(before)
    pattern = debate(scene).model_dump()
    along = (
        "Lleva las mismas preguntas, y la misma encuesta sin ninguna respuesta. No lleva a sus invitados (Bruno "
        "Salas), que aceptaron una fecha: invítalos otra vez."
    )
    view = await form(scene, "clone")
    first = {block.get("block_id"): block.get("element") for block in view["blocks"]}
    assert view["blocks"][0]["text"]["text"] == f"¿Quién es el CXO?\n{along}"
    assert (first["date"]["initial_date"], first["time"]["initial_time"]) == ("2027-01-21", "19:00")
    assert await send(scene, "clone", zone="America/Santiago") == {}

    assert await scene.told(MOD, 3) == (
        "Programado otro igual: «¿Quién es el CXO?», jueves 21 de enero de 2027, 19:00 (America/Santiago). "
        f"{along} <https://tertulia.example/d/2027-01-21-quien-es-el-cxo>"
    )
    made = scene.evening.look(lambda tx: debates.get(tx, "2027-01-21-quien-es-el-cxo"))
    assert (made.starts_at, made.timezone) == (datetime(2027, 1, 21, 22, tzinfo=UTC), "America/Santiago")
    assert {**debate(scene).model_dump(), "rev": 0} == {**pattern, "rev": 0}
    assert ("slack:UMOD", "clone") in [(who, action) for who, action, _ in scene.audit()]


@pytest.mark.parametrize(
    ("values", "field", "told"),
    [
        ({"date": "2020-01-01"}, "date", "ya ha pasado"),
        ({"date": "2027-03-28", "time": "02:30"}, "time", "no existen en Europe/Madrid"),
        ({"date": "2027-10-31", "time": "02:30"}, "time", "ocurren dos veces en Europe/Madrid"),
        ({"date": "2027-01-14", "time": "19:30"}, "date", "(jueves 14 de enero de 2027, 19:00 (Europe/Madrid)) en ese"),
    ],
)
async def test_a_date_that_cannot_be_repeats_nothing(
    scene: Scene, values: dict[str, str], field: str, told: str
) -> None:
    """The fault stands on its field, and there is one debate as before."""
    answer = await send(scene, "clone", **values)
    assert list(answer["errors"]) == [field]
    assert told in answer["errors"][field]
    assert len(scene.evening.look(debates.every)) == 1


async def test_who_does_not_moderate_any_more_repeats_nothing(scene: Scene) -> None:
    """Neither with the button that still stands, nor with a form that is still open."""
    view = await form(scene, "clone")
    button = scene.whispers(MOD)[-1]
    scene.appoint()
    sent = await scene.slack.submit_view(MOD, view["id"])
    assert sent.acked
    assert await scene.told(MOD, 2) == NOT_MODERATOR
    await scene.slack.press(MOD, button["message_ts"], "clone")
    assert await scene.told(MOD, 3) == NOT_MODERATOR
    assert len(scene.evening.look(debates.every)) == 1
