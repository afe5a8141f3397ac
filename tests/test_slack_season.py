"""Planning a season in Slack: a form, a preview of every date, a yes that writes them once; a rhythm changed later."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from bot.actions import seasons
from bot.actions.seasons import Fate, Line, Preview, Wanted
from bot.ports import OPERATOR, House
from bot.rhythm import Rhythm
from bot.season import Clash, Collision, Hour, stretches
from bot.series import occurrence
from bot.store import debates
from bot.store import seasons as store
from bot.store.engine import Store
from bot.subjects import Kind
from bot.tables import Debate
from bot.words.catalogue import words
from handlers.slack import modal, season_views
from handlers.slack.season_views import Chosen, Offer
from handlers.slack.standin.limits import check_view

from tests.slack_scene import ANA, BRIT, CHANNEL, MOD, Scene, buttons, slack_scene, words_of
from tests.waiting import until

ALL = [kind.value for kind in (Kind.JANUARY, Kind.SEPTEMBER, Kind.CX_DAY)]


@pytest.fixture
async def scene(sqlite_store: Store, house: House) -> AsyncIterator[Scene]:
    """An empty house on 11 January 2027, its moderator and its people in Slack."""
    async with slack_scene(sqlite_store, house, planned=False) as made:
        yield made


async def form(scene: Scene, text: str = "temporada 2028", user: str = MOD) -> dict[str, Any]:
    """The form for a season before somebody's eyes."""
    return await scene.modal(await scene.slack.slash(user, CHANNEL, "/tertulia", text), user)


async def preview(scene: Scene, view: dict[str, Any], user: str = MOD, **values: Any) -> dict[str, Any]:
    """The form was sent with these values; the preview that lies on it."""
    sent = await scene.slack.submit_view(user, view["id"], {name: {name: value} for name, value in values.items()})
    assert sent.payload["response_action"] == "push"
    await until(lambda: scene.top(user)["callback_id"] != "wait")  # where the disk was slow it comes behind the answer
    return scene.top(user)


async def yes(scene: Scene, view: dict[str, Any], user: str = MOD) -> Any:
    """What Slack was answered to the yes, once its moderator was told what was written."""
    before = len(scene.whispers(user))
    answer = (await scene.slack.submit_view(user, view["id"])).payload
    await scene.told(user, before + 1)
    return answer


def planned(scene: Scene) -> Sequence[Debate]:
    """The debates that are planned."""
    return scene.evening.look(lambda tx: debates.coming(tx, limit=200))


def days(scene: Scene) -> list[str]:
    """Their days."""
    return [f"{one.starts_at:%Y-%m-%d}" for one in planned(scene)]


def texts(view: dict[str, Any]) -> str:
    """All that a modal says."""
    return "\n".join(words_of(view))


async def test_a_season_is_planned_from_slack(scene: Scene) -> None:
    """Form, preview with every date, subject, host and hour, a yes; then the links, and the debates are there."""
    view = await form(scene)
    shown = await preview(scene, view)
    assert texts(shown).startswith(
        "Temporadas de 2028\n"
        "Debates: 7 nuevos.\n"
        "Fechas con algún aviso: 4.\n"
        "No se ha escrito nada todavía. «Planificar» lo escribe todo de una vez.\n"
        "*jueves 13 de enero de 2028, 19:00 (Europe/Madrid)* · nuevo\n"
    )
    assert planned(scene) == []
    assert await yes(scene, shown) == {"response_action": "clear"}
    assert days(scene) == [
        "2028-01-13", "2028-01-20", "2028-01-27", "2028-09-14", "2028-09-21", "2028-09-28", "2028-10-03",
    ]  # fmt: skip
    told = await scene.told(MOD)
    assert told.startswith("Hecho. Debates nuevos: 7; movidos: 0; retirados: 0.")
    assert "• jueves 13 de enero de 2028, 19:00 (Europe/Madrid): <https://tertulia.example/d/2028-01-13-" in told
    assert ("slack:UMOD", "plan season", "2028-enero") in scene.audit()


async def test_what_is_chosen_in_the_form_is_what_is_planned(scene: Scene) -> None:
    """Another weekday and hour, twice a week, in Bogotá, September alone, and a day that is left out."""
    shown = await preview(
        scene, await form(scene), kinds=["september"], weekday="TU", at="12:30", timezone="America/Bogota",
        per_week="2", skip="12/9/2028, 2028-09-26",
    )  # fmt: skip
    await yes(scene, shown)
    found = planned(scene)
    assert {one.timezone for one in found} == {"America/Bogota"}
    assert {f"{one.starts_at:%H:%M}" for one in found} == {"17:30"}
    assert {one.starts_at.weekday() for one in found} == {1, 4}
    assert not {"2028-09-12", "2028-09-26"} & {*days(scene)}


async def test_the_quiet_months_are_planned_where_they_are_ticked(scene: Scene) -> None:
    """Once a month."""
    shown = await preview(scene, await form(scene), kinds=["quiet"])
    await yes(scene, shown)
    assert [int(one[5:7]) for one in days(scene)] == [2, 3, 4, 5, 6, 7, 8, 11, 12]


FAULTY = "El ritmo de la temporada tiene fallos y no se ha guardado nada"


@pytest.mark.parametrize(
    ("values", "field", "said"),
    [
        ({"skip": "el 6 de enero"}, "skip", f"{FAULTY}: Fechas que se saltan: «el 6 de enero» no es una fecha, por"),
        ({"skip": "2028-02-30"}, "skip", f"{FAULTY}: Fechas que se saltan: «2028-02-30» no es una fecha"),
        ({"kinds": []}, "kinds", "No has escrito nada en las temporadas: elige al menos una."),
        ({"at": None}, "at", "No has escrito nada en este campo."),
    ],
)
async def test_each_fault_comes_back_on_its_field(scene: Scene, values: dict[str, Any], field: str, said: str) -> None:
    """The form stays open and nothing is stored."""
    view = await form(scene)
    sent = await scene.slack.submit_view(MOD, view["id"], {name: {name: value} for name, value in values.items()})
    assert list(sent.payload["errors"]) == [field]
    assert sent.payload["errors"][field].startswith(said)


async def test_a_year_that_is_over_is_refused_on_its_field(scene: Scene) -> None:
    """There is no date to come; of a year that is none the command itself says so."""
    scene.evening.minute += 60 * 24 * 340
    view = await form(scene, "temporada 2027")
    sent = await scene.slack.submit_view(MOD, view["id"])
    assert sent.payload["errors"]["year"].startswith("En 2027 ya no queda ninguna fecha por llegar.")
    assert (await scene.types(MOD, "temporada ya")).startswith("A «ya» le falta un dato: el año.")
    assert (await scene.types(MOD, "temporada 0001")).startswith("El año 1 no parece el de un debate")


async def test_pressed_twice_it_is_written_once(scene: Scene) -> None:
    """The same preview sent again changes nothing, and says so."""
    shown = await preview(scene, await form(scene))
    both = await asyncio.gather(scene.slack.submit_view(MOD, shown["id"]), scene.slack.submit_view(MOD, shown["id"]))
    assert [one.acked for one in both] == [True, True]
    await scene.told(MOD, 2)
    heads = sorted(one["text"].partition("\n")[0] for one in scene.whispers(MOD))
    assert heads == [
        "Hecho. Debates nuevos: 7; movidos: 0; retirados: 0.",
        "No había nada que cambiar: la temporada ya está así.",
    ]
    assert len(planned(scene)) == 7


async def test_planned_again_there_is_nothing_to_plan(scene: Scene) -> None:
    """The form says what is there already; the preview has no button to plan with."""
    shown = await preview(scene, await form(scene))
    await yes(scene, shown)
    view = await form(scene)
    assert "Ya están planificadas: Enero de 2028, Septiembre de 2028, Día de la CX de 2028." in texts(view)
    again = await preview(scene, view)
    assert "submit" not in again
    assert "Debates: 7 que ya están." in texts(again)


async def test_what_changed_since_the_preview_is_shown_before_it_is_written(scene: Scene) -> None:
    """Somebody else planned January meanwhile: the preview comes back as things are, and then it is written."""
    shown = await preview(scene, await form(scene))
    wanted = Wanted(year=2028, kinds=(Kind.JANUARY,))
    now = scene.evening.now
    scene.evening.store.write(lambda tx: seasons.write(tx, wanted, house=scene.evening.house, actor=OPERATOR, now=now))
    answer = await scene.slack.submit_view(MOD, shown["id"])
    assert answer.payload["response_action"] == "update"
    assert texts(scene.top(MOD)).startswith("Entretanto ha cambiado el calendario")
    assert len(planned(scene)) == 3
    await yes(scene, scene.top(MOD))
    assert len(planned(scene)) == 7


async def test_a_rhythm_is_changed_from_the_home_tab(scene: Scene) -> None:
    """What moves and what stays is shown; a debate that a person touched is left where it is."""
    shown = await preview(scene, await form(scene))
    await yes(scene, shown)
    touched = planned(scene)[0].slug
    scene.evening.store.write(
        lambda tx: setattr(debates.get(tx, touched), "touched", True)  # as if somebody had edited it
    )
    await scene.slack.open_home(MOD)
    await until(lambda: MOD in scene.slack.record.homes)
    tab = scene.slack.record.homes[MOD]
    assert "• Enero de 2028: 3 debates, 13/01/2028 a 27/01/2028" in texts(tab)
    assert "Cambiar ritmo: Enero de 2028" in buttons(tab)

    view = await scene.modal(await scene.slack.press(MOD, tab["id"], "season_change_0"), MOD)
    assert "Ya están planificadas: Enero de 2028." in texts(view)
    changed = await preview(scene, view, weekday="TU")
    said = texts(changed)
    assert "Debates: 2 que se mueven, 1 que se dejan como están." in said
    assert "se deja como está: alguien lo ha cambiado a mano" in said
    assert "se mueve (estaba el jueves 20 de enero de 2028, 19:00 (Europe/Madrid))" in said
    await scene.slack.submit_view(MOD, changed["id"])
    await until(lambda: days(scene)[:3] == ["2028-01-13", "2028-01-18", "2028-01-25"])


async def test_a_long_season_is_turned_page_by_page(scene: Scene) -> None:
    """Three debates a week and the quiet months: more dates than a page has, and each page is one that Slack takes."""
    shown = await preview(scene, await form(scene), kinds=[*ALL, "quiet"], per_week="3")
    assert "Página 1 de 2" in texts(shown)
    first = texts(shown)
    await scene.slack.press(MOD, shown["id"], "season_page_on")
    await until(lambda: "Página 2 de 2" in texts(scene.top(MOD)))
    assert buttons(scene.top(MOD)) == ["Anteriores"]
    await scene.slack.press(MOD, scene.top(MOD)["id"], "season_page_back")
    await until(lambda: "Página 1 de 2" in texts(scene.top(MOD)))
    assert texts(scene.top(MOD)) == first
    await scene.slack.submit_view(MOD, scene.top(MOD)["id"])
    assert (await scene.told(MOD)).startswith("Hecho. Debates nuevos: ")


async def test_a_page_that_is_turned_when_the_calendar_has_changed_begins_again(scene: Scene) -> None:
    """Nobody says yes to half of one plan and half of another."""
    shown = await preview(scene, await form(scene), kinds=[*ALL, "quiet"], per_week="3")
    now, house = scene.evening.now, scene.evening.house
    wanted = Wanted(year=2028, kinds=(Kind.CX_DAY,))
    scene.evening.store.write(lambda tx: seasons.write(tx, wanted, house=house, actor=OPERATOR, now=now))
    await scene.slack.press(MOD, shown["id"], "season_page_on")
    await until(lambda: texts(scene.top(MOD)).startswith("Entretanto ha cambiado el calendario"))
    assert "Página 1 de 2" in texts(scene.top(MOD))


async def test_a_form_that_slack_would_not_open_can_be_tried_again(scene: Scene) -> None:
    """The trigger lives three seconds: a light modal comes first, and a button where even that was late."""
    scene.slack.faults.error("views.open", "expired_trigger_id")
    interaction = await scene.slack.slash(MOD, CHANNEL, "/tertulia", "temporada 2029")
    await scene.answer(interaction)
    page = scene.whispers(MOD)[-1]
    assert buttons(page) == ["Abrir el formulario"]
    view = await scene.modal(await scene.slack.press(MOD, page["message_ts"], "season_new"), MOD)
    year = next(block["element"] for block in view["blocks"] if block["block_id"] == "year")
    assert year["initial_option"]["value"] == "2029"
    calls = [call.method for call in scene.slack.record.calls if call.method.startswith("views.")]
    assert calls == ["views.open", "views.open", "views.update"]


async def test_a_slow_disk_is_waited_for_in_sight(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Slack has its answer in time: the preview is filled in behind it, the yes is told in private."""
    view = await form(scene)
    monkeypatch.setattr(modal, "PATIENCE_SECONDS", 0.0)
    sent = await scene.slack.submit_view(MOD, view["id"])
    assert sent.payload["response_action"] == "push"
    assert sent.payload["view"]["callback_id"] == "wait"
    await until(lambda: scene.top(MOD)["callback_id"] == "season_plan")
    assert (await scene.slack.submit_view(MOD, scene.top(MOD)["id"])).payload == {"response_action": "clear"}
    assert (await scene.told(MOD)).startswith("Hecho. Debates nuevos: 7")


async def test_a_member_plans_no_season(scene: Scene) -> None:
    """Neither the form nor, once the role is gone, what was open; each is in the audit."""
    assert (await scene.types(ANA, "temporada")).startswith("Eso lo puede hacer quien modera")
    shown = await preview(scene, await form(scene))
    scene.appoint()
    await scene.slack.submit_view(MOD, shown["id"])
    assert (await scene.told(MOD)).startswith("Eso lo puede hacer quien modera")
    assert planned(scene) == []
    assert [one for one in scene.audit() if one[1] == "refused"] == [
        (f"slack:{ANA}", "refused", "/tertulia"), (f"slack:{MOD}", "refused", "season_plan"),
    ]  # fmt: skip


async def test_an_english_speaker_plans_in_english(scene: Scene) -> None:
    """The form, the preview and what was written."""
    scene.appoint(BRIT)
    view = await form(scene, "season 2028", BRIT)
    assert view["submit"]["text"] == "Preview"
    shown = await preview(scene, view, BRIT, kinds=["cx_day"])
    assert "Debates: 1 new." in texts(shown)
    assert "*Tuesday, 3 October 2028, 19:00 (Europe/Madrid)* · new" in texts(shown)
    await scene.slack.submit_view(BRIT, shown["id"])
    assert (await scene.told(BRIT)).startswith("Done. New debates: 1; moved: 0; withdrawn: 0.")


async def test_members_see_the_year_ahead_on_their_home_tab(scene: Scene) -> None:
    """Without the buttons that plan it."""
    shown = await preview(scene, await form(scene))
    await scene.slack.submit_view(MOD, shown["id"])
    await scene.slack.open_home(ANA)
    await until(lambda: ANA in scene.slack.record.homes)
    tab = scene.slack.record.homes[ANA]
    assert "• Septiembre de 2028: 3 debates, 14/09/2028 a 28/09/2028" in texts(tab)
    assert [one for one in buttons(tab) if "ritmo" in one or "temporada" in one] == []
    assert scene.evening.look(lambda tx: len(store.every(tx))) == 3


# --- builders --------------------------------------------------------------------------------------------------------


def crowded(count: int) -> Preview:
    """A preview in which every date has all that a date can have, and long."""
    season = stretches(2028)[0]
    found = []
    for number in range(count):
        there = occurrence(datetime(2028, 1, 1, 19) + timedelta(days=number), "Europe/Madrid")  # noqa: DTZ001
        hours = tuple(Hour(f"Etc/GMT+{one}", there.wall - timedelta(hours=one)) for one in range(12))
        clashes = tuple(Collision(Clash.HOLIDAY, f"festivo en XX: {'<n>' * 60}", "XX") for _ in range(20))
        found.append(
            Line(Fate.MOVE, season, there, "<t>" * 66, "h" * 100, hours, clashes, number, "s",
                 datetime(2028, 1, 1, tzinfo=UTC), "w" * 300)
        )  # fmt: skip
    return Preview(Wanted(year=2028), {}, tuple(found))


@pytest.mark.parametrize("locale", ["es", "en"])
@pytest.mark.parametrize("count", [0, 1, 20, 21, 366])
def test_every_page_keeps_to_the_limits_of_slack(locale: str, count: int) -> None:
    """However long the season and whatever collides: 100 blocks, 3,000 characters in each, 250,000 bytes."""
    say, whole = words(locale), crowded(count)
    for page in range(count // season_views.DATES_A_PAGE + 1):
        view = season_views.preview_view(say, whole, page=page, keep="{}", title="t" * 300, notice="n" * 4_000)
        assert check_view(view, "modal") == view


@pytest.mark.parametrize("locale", ["es", "en"])
@pytest.mark.parametrize("chosen", [Chosen(year=2028), Chosen(season="2028-enero")])
def test_the_form_keeps_to_the_limits_of_slack(locale: str, chosen: Chosen) -> None:
    """A hundred days to skip, any number of zones, and a rhythm that nobody would have chosen here."""
    skip = tuple(date(2028, 1, 1) + timedelta(days=number) for number in range(100))
    beat = Rhythm(timezone="Asia/Kathmandu", weekdays=(6,), per_week=7, skip=skip)
    offer = Offer([f"Etc/Zone{n}" for n in range(200)], [2027, 2028], ["t" * 200] * 20)
    view = season_views.season_form(words(locale), beat, offer=offer, chosen=chosen, keep="{}")
    assert check_view(view, "modal") == view
