"""Polls in Slack: a button below the invitation, boxes to tick, an answer that can be changed, and one that cannot."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
import structlog
from sqlmodel import select

from bot import errors
from bot.poll import Choice, Kind, Planned
from bot.ports import Draft, House, Platform
from bot.store import polls as kept
from bot.store.engine import Store
from bot.tables import Inbox
from bot.tables_year import Ballot
from bot.words.catalogue import words
from handlers.slack import looks, polls
from handlers.slack.standin.limits import check_view

from tests.slack_scene import ANA, BRIT, CHANNEL, GUEST, Scene, slack_scene, words_of
from tests.stories import MODERATOR
from tests.test_polls import ASKED, add


@pytest.fixture
async def scene(sqlite_store: Store, house: House) -> AsyncIterator[Scene]:
    """A debate planned three days ahead, whose poll is open."""
    async with slack_scene(sqlite_store, house) as made:
        add(made.evening, ASKED, actor=MODERATOR)
        yield made


async def invited(scene: Scene, kind: str = "poll") -> dict[str, Any]:
    """The post that invites stands in the channel."""
    text = next(text for _minute, one, text in scene.evening.slack.posts if one == kind)
    look = looks.look(Draft("k", kind, Platform.SLACK, CHANNEL, text, debate_id=scene.evening.id))
    posted = await scene.desk.client.chat_postMessage(channel=CHANNEL, text=look.text, blocks=list(look.blocks))
    return {"message_ts": posted["ts"]}


async def form(scene: Scene, user: str, page: Mapping[str, Any]) -> dict[str, Any]:
    """The form that the button opens."""
    return await scene.modal(await scene.slack.press(user, page["message_ts"], "poll"), user)


async def send(scene: Scene, user: str, view: Mapping[str, Any], *ticked: int, other: str = "") -> dict[str, Any]:
    """The form was sent; what the bot answered Slack."""
    several = view["blocks"][1]["element"]["type"] == "checkboxes"
    chosen: Any = [str(number) for number in ticked]
    values = {"choice": {"choice": chosen if several else chosen[0]}, "other": {"other": other or None}}
    sent = await scene.slack.submit_view(user, view["id"], values)
    assert sent.acked
    return dict(sent.payload or {})


def answers(scene: Scene, kind: Kind = Kind.BEFORE) -> list[Choice]:
    """All answers."""
    return scene.evening.look(lambda tx: kept.answers(tx, kept.needed(tx, scene.evening.id, kind).id or 0))


async def test_the_button_opens_the_boxes_and_the_answer_counts(scene: Scene) -> None:
    """Ticked and written; whoever answered is thanked alone."""
    view = await form(scene, ANA, await invited(scene))
    assert words_of({"blocks": view["blocks"][:1]}) == ["¿Qué te mueve?"]
    assert [one["text"]["text"] for one in view["blocks"][1]["element"]["options"]] == list(ASKED.options)
    assert "initial_options" not in view["blocks"][1]["element"]

    await send(scene, ANA, view, 1, 3, other="Ayudar")
    assert answers(scene) == [Choice((1, 3), "Ayudar")]
    assert await scene.told(ANA) == "Gracias, tu respuesta cuenta. Puedes cambiarla hasta que empiece el debate."


async def test_what_was_answered_is_there_to_be_changed(scene: Scene) -> None:
    """One person, one answer."""
    page = await invited(scene)
    await send(scene, ANA, await form(scene, ANA, page), 1, other="Ayudar")
    await scene.told(ANA)
    view = await form(scene, ANA, page)
    assert [one["value"] for one in view["blocks"][1]["element"]["initial_options"]] == ["1"]
    assert view["blocks"][2]["element"]["initial_value"] == "Ayudar"
    await send(scene, ANA, view, 2)
    await scene.told(ANA, 2)
    assert answers(scene) == [Choice((2,))]


async def test_a_fault_stands_on_the_choice_and_the_form_stays(scene: Scene) -> None:
    """In the reader's language."""
    view = await form(scene, ANA, await invited(scene))
    answered = await send(scene, ANA, view)
    assert answered["response_action"] == "errors"
    assert answered["errors"] == {"choice": "Tu respuesta no se ha guardado: elige algo, o escríbelo."}
    assert answers(scene) == []


async def test_a_poll_that_is_over_says_so(scene: Scene) -> None:
    """Its button in an old post, and a form that was open when it was closed."""
    page = await invited(scene)
    view = await form(scene, ANA, page)
    scene.evening.until(1)
    answered = await send(scene, ANA, view, 1)
    assert "Esta encuesta no está abierta ahora" in answered["errors"]["choice"]
    await scene.slack.press(ANA, page["message_ts"], "poll")
    assert (await scene.told(ANA)).startswith("Esta encuesta no está abierta ahora")


async def test_somebody_of_another_workspace_answers_nothing(scene: Scene) -> None:
    """They see the button, and are told."""
    await scene.slack.press(GUEST, (await invited(scene))["message_ts"], "poll")
    assert (await scene.told(GUEST)).startswith("Esto es solo para quienes son de este espacio")


async def test_the_pulse_keeps_nothing_of_who_answered(scene: Scene, capfd: pytest.CaptureFixture[str]) -> None:
    """Radio buttons, none chosen; once; neither inbox nor log knows of it."""
    scene.evening.until(12).says("Ana", "hola", under="P1")
    scene.evening.until(110)
    page = await invited(scene, "pulse")
    view = await form(scene, ANA, page)
    element = view["blocks"][1]["element"]
    assert (element["type"], "initial_option" in element) == ("radio_buttons", False)

    with structlog.testing.capture_logs() as logged:
        await send(scene, ANA, view, 4, other="palabra secreta")
        assert await scene.told(ANA) == "Gracias. Tu respuesta es anónima: está entre las demás y no se sabe cuál es."
    assert "palabra" not in str(logged) + "".join(capfd.readouterr())
    assert [
        (one.person_id, one.at) for one in scene.evening.look(lambda tx: tx.session.exec(select(Ballot)).all())
    ] == [(None, None)]
    assert scene.evening.look(lambda tx: tx.session.exec(select(Inbox)).all()) == []
    await scene.slack.press(ANA, page["message_ts"], "poll")
    assert (await scene.told(ANA, 2)).startswith("Ya respondiste a esta encuesta.")


async def test_a_button_that_is_none_of_ours_finds_nothing(scene: Scene) -> None:
    """Whatever its value says."""
    for value in ("", "before", "before:", "before:99", "nada:1", "before:" + "9" * 40):
        caller = await scene.desk.caller(BRIT, "", CHANNEL)
        with pytest.raises((errors.NoSuchPoll, errors.NoSuchDebate)):
            await polls.open_form(scene.desk, caller, value)


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("several", [True, False])
def test_the_largest_poll_fits_into_a_modal(kind: Kind, several: bool) -> None:
    """In both languages, with everything chosen and written."""
    asked = Planned("x" * 300, tuple(f"{number}{'y' * 73}" for number in range(10)), several, True)
    mine = Choice(tuple(range(1, 11)) if several else (10,), "z" * 500)
    for locale in ("es", "en"):
        check_view(polls.form(words(locale), kind, asked, mine, keep="{}"), "modal")


def test_what_is_no_option_is_read_as_none() -> None:
    """A form that was tampered with."""
    assert polls.read({}) == Choice(())
    odd = {"choice": {"choice": {"selected_options": [{"value": "x"}, {"value": "99999"}, {"value": "2"}]}}}
    assert polls.read(odd) == Choice((0, 0, 2))
