"""Planning a debate in a form, and the Home tab: what a moderator and a member see and send."""

import asyncio
import functools
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from importlib import resources
from typing import Any

import pytest
import structlog

from bot.places import USUAL
from bot.ports import House
from bot.store import debates
from bot.store.engine import Store
from bot.words.catalogue import words
from handlers.slack import forms, home, modal
from handlers.slack.standin.limits import check_view

from tests.slack_scene import ANA, BRIT, CHANNEL, EVA, MOD, Scene, buttons, slack_scene, words_of
from tests.waiting import until

GOOD = {
    "title": {"title": "¿Quién manda  aquí?"},
    "date": {"date": "2027-02-11"},
    "time": {"time": "19:00"},
    "zone": {"zone": "Europe/Madrid"},
    "questions": {"questions": "1. ¿Una?\n\n- ¿Dos?\n¿Tres?\n"},
}
SUMMARY = (
    "Programado: «¿Quién manda aquí?», jueves 11 de febrero de 2027, 19:00 (Europe/Madrid), con 3 preguntas. "
    "<https://tertulia.example/d/2027-02-11-quien-manda-aqui>"
)


@pytest.fixture
async def scene(sqlite_store: Store, house: House) -> AsyncIterator[Scene]:
    """A planned debate, its moderator and its people in Slack."""
    async with slack_scene(sqlite_store, house) as made:
        yield made


async def form(scene: Scene, user: str = MOD) -> dict[str, Any]:
    """The form for a new debate before somebody's eyes."""
    return await scene.modal(await scene.slack.slash(user, CHANNEL, "/tertulia", "nuevo"), user)


async def send(scene: Scene, view: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The form was sent with the good answers and these changes; what the bot answered Slack."""
    values = GOOD | {name: {name: value} for name, value in changes.items()}
    sent = await scene.slack.submit_view(MOD, view["id"], values)
    assert sent.acked
    return sent.payload


def planned(scene: Scene) -> Sequence[str]:
    """The slugs of the debates that are planned."""
    return [one.slug for one in scene.evening.look(debates.coming)]


async def test_a_debate_is_planned_in_a_form(scene: Scene) -> None:
    """Questions one a line, numbers and bullets taken off; the summary has the time in the debate's zone."""
    view = await form(scene)
    assert await send(scene, view) == {}
    assert await scene.told(MOD) == SUMMARY
    made = scene.evening.look(lambda tx: debates.get(tx, "2027-02-11-quien-manda-aqui"))
    assert (made.starts_at, made.timezone) == (datetime(2027, 2, 11, 18, 0, tzinfo=UTC), "Europe/Madrid")
    questions = scene.evening.look(lambda tx: debates.questions(tx, made.id or 0))
    places = scene.evening.look(lambda tx: debates.places(tx, made.id or 0))
    assert [one.text for one in questions] == ["¿Una?", "¿Dos?", "¿Tres?"]
    assert [(one.platform, one.address) for one in places] == [("room", made.slug), ("slack", CHANNEL)]


async def test_a_light_form_comes_first_and_a_slow_profile_does_not_use_up_the_trigger(scene: Scene) -> None:
    """Two calls: the trigger is used at once, the whole form follows."""
    await form(scene)
    calls = [call.method for call in scene.slack.record.calls if call.method.startswith("views.")]
    assert calls == ["views.open", "views.update"]


async def test_the_zones_are_the_communitys_own_and_the_default_comes_first(scene: Scene) -> None:
    """The house's zone is chosen, the moderator's own comes next, and each is there once."""
    scene.slack.workspace.users[MOD].tz = "America/Bogota"
    view = await form(scene)
    zone = next(block["element"] for block in view["blocks"] if block["block_id"] == "zone")
    values = [option["value"] for option in zone["options"]]
    assert zone["initial_option"]["value"] == "Europe/Madrid"
    assert values[:2] == ["Europe/Madrid", "America/Bogota"]
    assert sorted(values) == sorted({*USUAL})


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"title": "   "}, "title", "No has escrito nada en el título. Escríbelo y vuelve a enviarlo."),
        ({"title": "t" * 201}, "title", "Caben como mucho 200 caracteres en el título; esto ocupa 201."),
        ({"date": None}, "date", "No has escrito nada en la fecha."),
        ({"date": "2026-12-01"}, "date", "El comienzo, martes 1 de diciembre de 2026, 19:00 (Europe/Madrid)"),
        ({"date": "2027-03-28", "time": "02:30"}, "time", "Las 02:30 no existen en Europe/Madrid: ese día"),
        (
            {"date": "2027-01-14", "time": "19:30"}, "date",
            "Se solapa con «¿Quién es el CXO?» (jueves 14 de enero de 2027, 19:00 (Europe/Madrid)) en ese canal.",
        ),
        ({"questions": " \n \n"}, "questions", "No has escrito nada en las preguntas."),
        ({"questions": "a" * 1001}, "questions", "Caben como mucho 1000 caracteres en la pregunta; esto ocupa 1001."),
        ({"questions": "¿Y?\n" * 51}, "questions", "Caben como mucho 50 preguntas en un debate; esto ocupa 51."),
        ({"channel": None, "room": []}, "channel", "No has escrito nada en los lugares: elige un canal o la sala."),
    ],
)  # fmt: skip
async def test_each_fault_comes_back_on_its_field(scene: Scene, changes: dict[str, Any], field: str, said: str) -> None:
    """The form stays open with all that was written in it, and nothing is stored."""
    answer = await send(scene, await form(scene), **changes)
    assert (answer["response_action"], list(answer["errors"])) == ("errors", [field])
    assert answer["errors"][field].startswith(said)
    assert planned(scene) == ["2027-01-14-quien-es-el-cxo"]


async def test_all_faults_come_back_at_once(scene: Scene) -> None:
    """Nobody has to send a form three times to hear of three faults."""
    answer = await send(scene, await form(scene), title=" ", time=None, questions="")
    assert sorted(answer["errors"]) == ["questions", "time", "title"]


async def test_a_time_that_occurs_twice_is_asked_for(scene: Scene) -> None:
    """The form comes back with one question more, its answers kept; then it is planned at the second reading."""
    view = await form(scene)
    answer = await send(scene, view, date="2027-10-31", time="02:30")
    assert answer["response_action"] == "update"
    which = next(block for block in answer["view"]["blocks"] if block["block_id"] == "which")
    options = which["element"]["options"]
    assert [option["text"]["text"] for option in options] == ["02:30 (UTC+02:00)", "02:30 (UTC+01:00)"]

    second = options[1]["value"]
    assert await send(scene, scene.top(MOD), date="2027-10-31", time="02:30", which=second) == {}
    made = scene.evening.look(lambda tx: debates.get(tx, "2027-10-31-quien-manda-aqui"))
    assert made.starts_at == datetime(2027, 10, 31, 1, 30, tzinfo=UTC)


def test_a_reading_counts_only_for_the_time_it_was_chosen_for() -> None:
    """A date or a zone picked afterwards is not bent by it."""
    new = forms.NewDebate(
        "t",
        "2027-10-30",
        "02:30",
        "Europe/Madrid",
        "¿?",
        "C1",
        room=True,
        x=False,
        which="2027-10-31T02:30:00+01:00",
    )
    plan, _faults = forms.plan_of(new, locale="es")
    assert plan is not None
    assert plan.starts == datetime(2027, 10, 30, 2, 30)  # noqa: DTZ001  (a local time: its zone stands beside it)


# --- with X ----------------------------------------------------------------------------------------------------------


@pytest.fixture
async def with_x(sqlite_store: Store, house: House) -> AsyncIterator[Scene]:
    """The same scene in a house that is on X."""
    async with slack_scene(sqlite_store, replace(house, x=True, hashtag="MeetAlfaro")) as made:
        yield made


def offered(view: dict[str, Any]) -> list[str]:
    """What can be ticked in a form, as it is offered."""
    boxes = [block["element"] for block in view["blocks"] if block.get("element", {}).get("type") == "checkboxes"]
    return [option["text"]["text"] for element in boxes for option in element["initial_options"]]


def places(scene: Scene, slug: str = "2027-02-11-quien-manda-aqui") -> list[tuple[str, str]]:
    """Where a debate is held."""
    held = scene.evening.look(lambda tx: debates.places(tx, debates.get(tx, slug).id or 0))
    return [(one.platform, one.address) for one in held]


async def test_x_is_offered_where_it_is_set_up_and_held_there_is_what_is_left_ticked(with_x: Scene) -> None:
    """Ticked from the beginning, as for a debate from a file; with the hashtag, that nobody be surprised."""
    view = await form(with_x)
    assert offered(view) == ["También en la sala web", "También en X, con #MeetAlfaro"]
    assert await send(with_x, view) == {}
    assert places(with_x) == [("room", "2027-02-11-quien-manda-aqui"), ("slack", CHANNEL), ("x", "meetalfaro")]


async def test_without_its_tick_a_debate_is_not_on_x(with_x: Scene) -> None:
    """X costs money: who takes the tick away is believed."""
    assert await send(with_x, await form(with_x), x=[]) == {}
    assert [platform for platform, _ in places(with_x)] == ["room", "slack"]


async def test_on_x_alone_is_a_place_and_nowhere_is_none(with_x: Scene) -> None:
    """The fault names what there is to choose from; X is enough."""
    answer = await send(with_x, await form(with_x), channel=None, room=[], x=[])
    assert answer["errors"]["channel"].startswith("No has escrito nada en los lugares: elige un canal, la sala o X.")
    assert await send(with_x, await form(with_x), channel=None, room=[]) == {}
    assert places(with_x) == [("x", "meetalfaro")]


async def test_a_clash_on_x_is_told_by_its_name(with_x: Scene) -> None:
    """At the same hour under the same hashtag: neither a channel nor the room."""
    await send(with_x, await form(with_x), channel=None, room=[])
    answer = await send(with_x, await form(with_x), channel=None, title="Otro")
    assert answer["errors"]["date"].startswith("Se solapa con «¿Quién manda aquí?»")
    assert "en X. No se ha guardado nada" in answer["errors"]["date"]


async def test_a_form_that_comes_back_still_offers_x(with_x: Scene) -> None:
    """With the question which of two equal times is meant."""
    answer = await send(with_x, await form(with_x), date="2027-10-31", time="02:30", x=[])
    assert offered(answer["view"])[1] == "También en X, con #MeetAlfaro"
    second = answer["view"]["blocks"][3]["element"]["options"][1]["value"]
    assert await send(with_x, with_x.top(MOD), date="2027-10-31", time="02:30", which=second, x=[]) == {}
    assert [one for one, _ in places(with_x, "2027-10-31-quien-manda-aqui")] == ["room", "slack"]


@pytest.mark.parametrize("how", [{"x": False, "hashtag": "MeetAlfaro"}, {"x": True, "hashtag": ""}])
async def test_without_x_or_a_hashtag_nothing_is_said_of_it(
    sqlite_store: Store, house: House, how: dict[str, Any]
) -> None:
    """There is nothing to tick; what a form from before says of X is not believed."""
    async with slack_scene(sqlite_store, replace(house, **how)) as scene:
        view = await form(scene)
        assert offered(view) == ["También en la sala web"]
        assert "X" not in [block.get("label", {}).get("text") for block in view["blocks"]]
        assert await send(scene, view) == {}
        assert [platform for platform, _ in places(scene)] == ["room", "slack"]
    new = forms.NewDebate("t", "2027-10-30", "02:30", "UTC", "¿?", "C1", room=True, x=True, which="")
    plan, _faults = forms.plan_of(new, locale="es")
    assert plan is not None
    assert plan.x is False


async def test_sent_twice_it_is_planned_once(scene: Scene) -> None:
    """The second copy overlaps with the first."""
    view = await form(scene)
    await send(scene, view)
    answer = await send(scene, await form(scene))
    assert answer["errors"]["date"].startswith("Se solapa con «¿Quién manda aquí?»")


async def test_a_channel_without_the_bot_is_planned_with_a_hint(scene: Scene) -> None:
    """The bot must be invited before it can speak there."""
    scene.slack.workspace.add_channel("C0LEJOS", "lejos", [MOD])
    await send(scene, await form(scene), channel="C0LEJOS")
    assert (await scene.told(MOD)).endswith(
        "Falta una cosa: invítame a ese canal con /invite, o no podré hablar en él."
    )


async def test_a_member_gets_no_form(scene: Scene) -> None:
    """Nothing is opened; the answer names the role."""
    assert (await scene.types(ANA, "nuevo")).startswith("Eso lo puede hacer quien modera")
    assert [call for call in scene.slack.record.calls if call.method == "views.open"] == []


async def test_who_no_longer_moderates_plans_nothing(scene: Scene) -> None:
    """The role is looked at when the form is sent."""
    view = await form(scene)
    scene.appoint()
    assert await send(scene, view) == {}
    assert (await scene.told(MOD)).startswith("Eso lo puede hacer quien modera")
    assert planned(scene) == ["2027-01-14-quien-es-el-cxo"]


async def test_a_form_that_slack_would_not_open_can_be_tried_again(scene: Scene) -> None:
    """The most frequent failure of modals has a button."""
    scene.slack.faults.error("views.open", "expired_trigger_id")
    interaction = await scene.slack.slash(MOD, CHANNEL, "/tertulia", "nuevo")
    await scene.answer(interaction)
    page = scene.whispers(MOD)[-1]
    assert buttons(page) == ["Abrir el formulario"]
    view = await scene.modal(await scene.slack.press(MOD, page["message_ts"], "new"), MOD)
    assert view["callback_id"] == "new_debate"


async def test_a_slow_disk_closes_the_form_and_tells_later(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Slack waits three seconds and no longer; the refusal of a slow one is told in private."""
    view = await form(scene)
    monkeypatch.setattr(modal, "PATIENCE_SECONDS", 0.05)
    with scene.evening.store.writing() as conn:
        conn.begin()
        sending = asyncio.ensure_future(send(scene, view, date="2027-01-14"))
        assert await sending == {}
        conn.rollback()
    assert (await scene.told(MOD)).startswith("Se solapa con «¿Quién es el CXO?»")


async def test_a_broken_database_keeps_the_form_open(scene: Scene) -> None:
    """What was written is not lost: it can be sent again when the disk is well."""
    view = await form(scene)
    scene.evening.store.write(lambda tx: tx.conn.exec_driver_sql("ALTER TABLE place RENAME TO lost"))
    with structlog.testing.capture_logs() as written:
        answer = await send(scene, view)
    assert [(one["event"], one["what"]) for one in written] == [("an answer failed", "new_debate")]
    assert answer["errors"] == {"title": "Algo ha fallado por dentro. Vuelve a intentarlo en un momento."}
    scene.evening.store.write(lambda tx: tx.conn.exec_driver_sql("ALTER TABLE lost RENAME TO place"))
    assert await send(scene, view) == {}
    assert await scene.told(MOD) == SUMMARY


@pytest.mark.parametrize("locale", ["es"])
def test_forms_keep_to_the_limits_of_slack(locale: str) -> None:
    """Whatever the community's zones and the question's length: Slack takes the form."""
    say = words(locale)
    zones = [*USUAL, *(f"Etc/Zone{n}" for n in range(200))]
    twice = ("2027-10-31T02:30:00+02:00", "2027-10-31T02:30:00+01:00")
    for view in (
        forms.waiting(say),
        forms.debate_form(say, zones=zones, given=forms.NOTHING, keep="{}", hashtag="x" * 100, twice=twice),
        forms.question_form(say, text="x" * 5000, keep="{}"),
        forms.reason_form(say, question="x" * 5000, keep="{}"),
    ):
        assert check_view(view, "modal") == view


# --- the Home tab ----------------------------------------------------------------------------------------------------


async def opened(scene: Scene, user: str) -> dict[str, Any]:
    """The Home tab that this person sees after opening it."""
    await scene.slack.open_home(user)
    await until(lambda: user in scene.slack.record.homes)
    return scene.slack.record.homes[user]


async def test_home_shows_what_comes_and_what_can_be_done(scene: Scene) -> None:
    """Before a debate: the calendar, help, and a moderator's button."""
    member, moderator = await opened(scene, ANA), await opened(scene, MOD)
    assert words_of(member)[0] == "Ahora no hay ningún debate en marcha"
    assert "*¿Quién es el CXO?*" in "\n".join(words_of(member))
    assert buttons(member) == ["Proponer pregunta", "Iré", "Quizá", "No", "Recuérdamelo", "Añadir a mi calendario"]
    assert "Programar un debate" in buttons(moderator)


async def test_a_vote_on_the_home_tab_is_shown_there(scene: Scene) -> None:
    """What is on, the questions to vote for, and on top what the press has done."""
    scene.evening.until(12)
    await scene.types(ANA, "¿Quién lo paga?", command="/pregunta")
    await scene.presses(MOD, await scene.page(MOD, "preguntas"), "approve")
    tab = await opened(scene, EVA)
    assert "Vamos por la P1: ¿Qué perfil?" in "\n".join(words_of(tab))
    assert buttons(tab) == ["Votar", "Proponer pregunta"]

    await scene.slack.press(EVA, tab["id"], "vote")
    await until(lambda: buttons(scene.slack.record.homes[EVA])[0] == "Quitar mi voto")
    assert words_of(scene.slack.record.homes[EVA])[0] == "Has votado por «¿Quién lo paga?»: 2 votos."


async def test_a_moderator_decides_on_the_home_tab(scene: Scene) -> None:
    """There is no message to answer below: the tab itself is made anew."""
    await scene.types(ANA, "¿Quién lo paga?", command="/pregunta")
    tab = await opened(scene, MOD)
    assert "Preguntas por decidir: 1." in "\n".join(words_of(tab))
    await scene.slack.press(MOD, tab["id"], "approve")
    await until(lambda: words_of(scene.slack.record.homes[MOD])[0] == "Aprobada: «¿Quién lo paga?».")
    assert "Preguntas por decidir: 0." in "\n".join(words_of(scene.slack.record.homes[MOD]))


async def test_the_home_button_opens_the_form_for_a_debate(scene: Scene) -> None:
    """Planned from the Home tab, the summary comes in the talk with the bot, and the usual channel is proposed."""
    tab = await opened(scene, MOD)
    view = await scene.modal(await scene.slack.press(MOD, tab["id"], "new"), MOD)
    await send(scene, view)
    await until(lambda: bool(scene.slack.record.posts))
    assert [(post.channel, post.text) for post in scene.slack.record.posts] == [("DMOD", SUMMARY)]


async def test_a_workspace_without_home_tab_loses_nothing_else(scene: Scene) -> None:
    """Refused for good, it is not tried again."""
    scene.slack.faults.error("views.publish", "not_enabled", times=9)
    for _ in range(3):
        await scene.slack.open_home(ANA)
        await scene.slack.settled()
        await scene.reception.drain()
    assert [call.outcome for call in scene.slack.record.calls if call.method == "views.publish"] == ["not_enabled"]
    assert (await scene.types(ANA, "calendario")).startswith("Los próximos debates:")


async def test_many_presses_make_few_tabs() -> None:
    """The first at once, the last when it is quiet again, those between not at all."""
    done: list[int] = []
    quiet = home.Quiet(0.05)

    async def doing(number: int) -> None:
        done.append(number)

    await asyncio.gather(*(quiet.do("UANA", functools.partial(doing, number)) for number in range(5)))
    assert done == [0, 4]
    await quiet.do("UEVA", functools.partial(doing, 9))
    assert done == [0, 4, 9]


async def test_people_are_answered_in_the_language_of_their_account(scene: Scene) -> None:
    """English for who has Slack in English, Spanish for everybody else."""
    if not resources.files("bot.words").joinpath("en.mo").is_file():
        pytest.skip("bot/words/en.mo is not built")
    scene.evening.until(12)
    assert (await scene.types(BRIT, "ahora")).startswith("We are at P1: ¿Qué perfil?")
    assert (await scene.types(ANA, "now")).startswith("Vamos por la P1: ¿Qué perfil?")
