"""Planning with free words in Slack: read in full, confirmed, and never planned from words alone."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.ports import House
from bot.store import debates
from bot.store.engine import Store
from handlers.slack import forms, planning

from tests.slack_scene import ANA, BRIT, CHANNEL, MOD, Scene, buttons, slack_scene, words_of
from tests.waiting import until


@pytest.fixture
async def scene(sqlite_store: Store, house: House) -> AsyncIterator[Scene]:
    """A planned debate, its moderator and its people in Slack; it is Monday, 11 January 2027, 19:00."""
    async with slack_scene(sqlite_store, house) as made:
        yield made


def planned(scene: Scene) -> list[str]:
    """The titles of the debates that are planned."""
    return [one.title for one in scene.evening.look(debates.coming)]


def initials(view: dict[str, Any]) -> dict[str, str]:
    """What stands in the form from the beginning."""
    found = {}
    for block in view["blocks"]:
        element = block.get("element", {})
        for key in ("initial_value", "initial_date", "initial_time", "initial_conversation"):
            if key in element:
                found[block["block_id"]] = element[key]
        if "initial_option" in element:
            found[block["block_id"]] = element["initial_option"]["value"]
    return found


async def test_free_words_are_read_back_in_full(scene: Scene) -> None:
    """Weekday, day, month and year on the clocks of every zone of the community; the title; nothing is planned."""
    page = await scene.page(MOD, "nuevo el jueves 21 a las 19:00 ¿Quién manda aquí?")
    assert words_of(page)[:2] == [
        "Entiendo: jueves 21 de enero de 2027, 19:00 (Europe/Madrid).",
        "• jueves 21 de enero de 2027, 12:00 (America/Mexico_City)\n"
        "• jueves 21 de enero de 2027, 13:00 (America/Bogota)\n"
        "• jueves 21 de enero de 2027, 13:00 (America/Lima)\n"
        "• jueves 21 de enero de 2027, 15:00 (America/Santiago)\n"
        "• jueves 21 de enero de 2027, 15:00 (America/Argentina/Buenos_Aires)\n"
        "Título: «¿Quién manda aquí?».\n"
        "No se ha programado nada todavía: ¿es eso?",
    ]
    assert words_of(page)[2].startswith("en tu hora: <!date^1800554400^")
    assert buttons(page) == ["Sí: abrir el formulario", "No es eso"]
    assert planned(scene) == ["¿Quién es el CXO?"]


async def test_the_form_is_filled_in_with_what_was_understood_and_plans_it(scene: Scene) -> None:
    """Date, hour, zone and title stand in it; the submit plans, as from an empty form."""
    page = await scene.page(MOD, "nuevo 21 de enero 19:00 Bogotá ¿Quién manda aquí?")
    view = await scene.modal(await scene.slack.press(MOD, page["message_ts"], "new_at"), MOD)
    assert initials(view) == {
        "title": "¿Quién manda aquí?", "date": "2027-01-21", "time": "19:00", "zone": "America/Bogota",
        "channel": CHANNEL,
    }  # fmt: skip
    sent = await scene.slack.submit_view(MOD, view["id"], {"questions": {"questions": "¿Una?\n¿Dos?"}})
    assert sent.payload == {}
    made = scene.evening.look(lambda tx: debates.get(tx, "2027-01-21-quien-manda-aqui"))
    assert (made.starts_at, made.timezone) == (datetime(2027, 1, 22, 0, 0, tzinfo=UTC), "America/Bogota")


async def test_what_can_be_read_in_two_ways_is_said(scene: Scene) -> None:
    """The nearest is taken, the other is named, before anything is planned."""
    page = await scene.page(MOD, "nuevo 5/2 a las 19:00")
    assert "Ojo: lo leo como día/mes, no como mes/día: 05/02 es el viernes 05/02/2027." in words_of(page)[1]


async def test_no_es_eso_takes_it_back(scene: Scene) -> None:
    """Nothing was planned; the empty form and an example are at hand."""
    page = await scene.page(MOD, "nuevo jueves 21 19:00")
    after = await scene.presses(MOD, page, "not_that")
    assert after["text"] == (
        "De acuerdo: no se ha programado nada. Dilo de otra manera (/tertulia nuevo jueves 19:00 ¿Quién es el CXO?) "
        "o elige día y hora en el formulario."
    )
    view = await scene.modal(await scene.slack.press(MOD, after["message_ts"], "new"), MOD)
    assert initials(view) == {"zone": "Europe/Madrid", "channel": CHANNEL}


@pytest.mark.parametrize(
    ("text", "why", "known"),
    [
        ("cuando se pueda", "no veo ni el día ni la hora. Por ejemplo: jueves 19:00", {}),
        ("21 de enero", "falta la hora del jueves 21/01/2027. Por ejemplo: 21/01/2027 19:00", {"date": "2027-01-21"}),
        ("21 de enero a las 7", "«7:00» puede ser las 07:00 o las 19:00.", {"date": "2027-01-21"}),
        ("el 10 de enero de 2027 19:00", "domingo 10 de enero de 2027, 19:00 (Europe/Madrid), ya ha pasado", {}),
        ("28 de marzo 02:30", "Las 02:30 no existen en Europe/Madrid", {}),
        ("21 de enero 19:00 " + "t" * 201, "Caben como mucho 200 caracteres en el título; esto ocupa 201.", {}),
    ],
)
async def test_what_is_not_understood_offers_the_form_as_far_as_it_was(
    scene: Scene, text: str, why: str, known: dict[str, str]
) -> None:
    """The sentence why, an example, and the form with the day that was clear."""
    page = await scene.page(MOD, f"nuevo {text}")
    assert why in page["text"]
    assert buttons(page) == ["Abrir el formulario"]
    view = await scene.modal(await scene.slack.press(MOD, page["message_ts"], "new_at"), MOD)
    assert initials(view) == {"zone": "Europe/Madrid", "channel": CHANNEL, **known}
    assert planned(scene) == ["¿Quién es el CXO?"]


async def test_an_hour_that_comes_twice_is_asked_for_in_the_form(scene: Scene) -> None:
    """The form has the day and the hour, and asks which of the two when it is sent."""
    page = await scene.page(MOD, "nuevo 31 de octubre 02:30 ¿Quién manda?")
    assert page["text"].startswith("Las 02:30 ocurren dos veces en Europe/Madrid")
    view = await scene.modal(await scene.slack.press(MOD, page["message_ts"], "new_at"), MOD)
    assert (initials(view)["date"], initials(view)["time"]) == ("2027-10-31", "02:30")
    values = {"title": {"title": "¿Quién manda?"}, "questions": {"questions": "¿Una?"}}
    sent = await scene.slack.submit_view(MOD, view["id"], values)
    assert "which" in [block["block_id"] for block in sent.payload["view"]["blocks"]]


async def test_a_member_plans_nothing_with_words(scene: Scene) -> None:
    """Neither by typing nor by pressing, and both are in the audit."""
    assert (await scene.types(ANA, "nuevo jueves 21 19:00")).startswith("Eso lo puede hacer quien modera")
    page = await scene.page(MOD, "nuevo jueves 21 19:00")
    scene.appoint()
    after = await scene.presses(MOD, page, "new_at")
    assert after["text"].startswith("Eso lo puede hacer quien modera")
    assert [one for one in scene.audit() if one[1] == "refused"] == [
        (f"slack:{ANA}", "refused", "/tertulia"), (f"slack:{MOD}", "refused", "new_at"),
    ]  # fmt: skip


async def test_a_form_that_slack_would_not_open_is_tried_again_with_all_that_was_said(scene: Scene) -> None:
    """The trigger lives three seconds; the button in its place carries the same."""
    page = await scene.page(MOD, "nuevo jueves 21 19:00 ¿Quién manda?")
    scene.slack.faults.error("views.open", "expired_trigger_id")
    again = await scene.presses(MOD, page, "new_at")
    view = await scene.modal(await scene.slack.press(MOD, again["message_ts"], "new_at"), MOD)
    assert (initials(view)["title"], initials(view)["date"]) == ("¿Quién manda?", "2027-01-21")


@pytest.mark.parametrize(
    "value", ["", "[]", "no json", '["t", "2027-02-30", "19:00", ""]', '["t", "x", "", ""]', "[1]", "null", "7",
              '["t", "2027-01-21", "19:00", "Mars/Base"]', '[{}, [], 3, null]'],
)  # fmt: skip
def test_a_button_that_is_not_ours_opens_the_empty_form(value: str) -> None:
    """Whatever it carries, the form is one that Slack takes."""
    assert planning.given_in(value) == forms.NOTHING


async def test_an_english_speaker_reads_english(scene: Scene) -> None:
    """Their words, their language; the same date."""
    scene.appoint(MOD, BRIT)
    page = await scene.page(BRIT, "new next Monday at 7:30 Who is the CXO?")
    assert words_of(page)[0] == "I understand: Monday, 18 January 2027, 07:30 (Europe/Madrid)."
    assert "Title: “Who is the CXO?”." in words_of(page)[1]
    assert "Mind: it is 07:30, in the morning; in the afternoon it would be 19:30." in words_of(page)[1]
    refused = await scene.page(BRIT, "new Thursday")
    assert refused["text"].endswith("the hour of Thursday 14/01/2027 is missing. For example: 14/01/2027 19:00")


async def test_in_the_talk_with_the_bot_a_date_is_no_question(scene: Scene) -> None:
    """«nuevo jueves …?» plans; any other sentence with a question mark is a question for the debate."""
    text = "nuevo jueves 21 19:00 ¿Quién manda de verdad aquí?"
    await scene.slack.dm(MOD, text)
    await until(lambda: bool(scene.slack.record.posts))
    assert scene.slack.record.posts[-1].text.startswith("Entiendo: jueves 21 de enero de 2027, 19:00")
