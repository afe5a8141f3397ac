"""Saying in Slack whether one comes, and when to be reminded: buttons below posts and at Home, a form, commands."""

from collections.abc import AsyncIterator

import pytest

from bot import errors, invitation
from bot.actions import attendance, reminders
from bot.invitation import Answer
from bot.ports import Actor, Draft, House, Operation, Platform
from bot.store import debates, people
from bot.store.engine import Store, Tx
from handlers.commands import Order, parse
from handlers.slack.looks import look
from handlers.slack.standin.shapes import Interaction

from tests.slack_scene import ANA, CHANNEL, ELSEWHERE, EVA, GUEST, MOD, Scene, buttons, slack_scene, words_of
from tests.stories import Evening
from tests.waiting import until


@pytest.fixture
async def scene(sqlite_store: Store, house: House) -> AsyncIterator[Scene]:
    """A debate three days ahead."""
    async with slack_scene(sqlite_store, house) as scene:
        yield scene


def counts(scene: Scene) -> tuple[int, ...]:
    """How many said yes, maybe and no."""
    return scene.evening.look(lambda tx: attendance.counts(tx, debates.get(tx, scene.evening.id)))


def reminded(scene: Scene, user: str = ANA) -> tuple[int, ...]:
    """How long before the debate somebody is reminded."""
    return scene.evening.look(lambda tx: reminders.chosen(tx, f"slack:{user}", debates.get(tx, scene.evening.id)).ahead)


async def posted(scene: Scene, kind: str = "announce", operation: Operation = Operation.POST) -> str:
    """A post of the bot stands in the channel as Slack shows it; returns its ts."""
    extra = {"locale": "es", "starts": "1799949600"}
    shown = look(
        Draft("k", kind, Platform.SLACK, CHANNEL, "Próximo debate", operation, debate_id=scene.evening.id, extra=extra)
    )
    place = CHANNEL if operation is Operation.POST else ANA
    answer = await scene.desk.client.chat_postMessage(channel=place, text=shown.text, blocks=list(shown.blocks))
    return str(answer["ts"])


async def send(scene: Scene, **values: object) -> Interaction:
    """The form that Ana sees is sent with these values; what is not named stays as it is there."""
    filled = {name: {name: value} for name, value in values.items()}
    return await scene.slack.submit_view(ANA, scene.top(ANA)["id"], filled)


@pytest.mark.parametrize("kind", ["announce", "remind", "moved"])
async def test_the_post_that_invites_has_three_answers_and_a_reminder(scene: Scene, kind: str) -> None:
    """Pressed, it answers the person alone; the post stays as it is for everybody."""
    ts = await posted(scene, kind)
    await scene.answer(await scene.slack.press(ANA, ts, "going_yes"))

    told = scene.whispers(ANA)[-1]
    assert told["text"] == (
        "Apuntado: vas a «¿Quién es el CXO?», jueves 14 de enero de 2027, 19:00 (Europe/Madrid).\n"
        "Van a venir: 1. Quizá: 0.\n"
        "Si quieres, te aviso por privado; si no, no te escribo."
    )
    assert buttons(told) == ["Recuérdamelo 1 h antes y 10 min antes", "Avisos…", "Quitar mi respuesta"]
    assert (counts(scene), reminded(scene)) == ((1, 0, 0), ())


def test_an_invitation_tells_each_reader_the_hour_on_their_own_clock() -> None:
    """Slack puts it there; where it cannot, the text has the debate's, with its zone. And the way to a calendar."""
    when, there = "jueves 14 de enero de 2027, 19:00 (Europe/Madrid)", "https://debates.example.org/d/a/calendar.ics"
    extra = {"locale": "es", "starts": "1799949600", "when": when, "calendar": there}
    shown = look(Draft("k", "announce", Platform.SLACK, CHANNEL, "Próximo debate", debate_id=7, extra=extra))

    assert [one["text"]["text"] for one in shown.blocks if one["type"] == "section"] == [
        f"En tu hora: <!date^1799949600^{{date_long_pretty}} {{time}}|{when}>"
    ]
    assert shown.blocks[-1]["elements"][-1]["url"] == there
    assert shown.text == "Próximo debate"


async def test_an_answer_is_changed_and_taken_back(scene: Scene) -> None:
    """Pressed twice it is the same; the private message follows."""
    ts = await posted(scene)
    await scene.answer(await scene.slack.press(ANA, ts, "going_yes"))
    await scene.answer(await scene.slack.press(ANA, ts, "going_yes"))
    await scene.answer(await scene.slack.press(EVA, ts, "going_maybe"))
    await scene.answer(await scene.slack.press(ANA, ts, "going_no"))
    assert counts(scene) == (0, 1, 1)

    gone = await scene.presses(ANA, scene.whispers(ANA)[-1], "going_off")

    assert gone["text"].startswith("Tu respuesta a «¿Quién es el CXO?» está quitada.\nVan a venir: 0. Quizá: 1.")
    assert counts(scene) == (0, 1, 0)


async def test_one_press_reminds_and_one_takes_it_back(scene: Scene) -> None:
    """The house's two times; nobody is written to before they pressed, nor after they said no more."""
    await scene.answer(await scene.slack.press(ANA, await posted(scene), "remind"))
    page = scene.whispers(ANA)[-1]
    assert page["text"] == "Te avisaré por privado de «¿Quién es el CXO?», 1 h antes y 10 min antes."
    assert reminded(scene) == invitation.DEFAULT

    page = await scene.presses(ANA, page, "remind_off")

    assert page["text"] == "No te avisaré de «¿Quién es el CXO?»."
    assert buttons(page) == ["Avisos…"]
    assert reminded(scene) == ()


async def test_the_reminder_that_one_reads_can_be_ended_where_it_stands(scene: Scene) -> None:
    """Below the direct message is a button for no more, and it says the hour on the reader's clock."""
    await scene.types(ANA, "recordar 30m")
    ts = await posted(scene, "nudge", Operation.PRIVATE)

    await scene.answer(await scene.slack.press(ANA, ts, "remind_off"))

    assert reminded(scene) == ()
    shown = look(
        Draft("k", "nudge", Platform.SLACK, ANA, "x", Operation.PRIVATE, debate_id=1, extra={"starts": "1799949600"})
    )
    assert words_of({"blocks": shown.blocks[1:]})[0] == (
        "En tu hora: <!date^1799949600^{date_long_pretty} {time}|2027-01-14 18:00 UTC>"
    )


async def test_the_calendar_has_the_buttons_beside_each_debate(scene: Scene) -> None:
    """With the answer that was given, the numbers, and when one is reminded."""
    await scene.types(ANA, "voy")
    await scene.types(EVA, "voy quizá")
    await scene.types(ANA, "recordar 1h este")

    page = await scene.page(ANA, "calendario")

    assert buttons(page) == ["✓ Iré", "Quizá", "No", "Recuérdamelo", "Añadir a mi calendario"]
    assert page["text"].endswith("(Europe/Madrid). Van a venir: 1. Quizá: 1. Te avisaré 1 h antes.")
    assert buttons(await scene.page(EVA, "calendario")) == [
        "Iré",
        "✓ Quizá",
        "No",
        "Recuérdamelo",
        "Añadir a mi calendario",
    ]


async def test_the_home_tab_has_the_buttons_and_says_what_was_done(scene: Scene) -> None:
    """Pressed there, the tab is made anew with the answer on it."""
    await scene.slack.open_home(ANA)
    await until(lambda: ANA in scene.slack.backend.views.homes)
    await scene.slack.press(ANA, scene.slack.backend.views.homes[ANA]["id"], "going_maybe")

    await until(lambda: "✓ Quizá" in buttons(scene.slack.backend.views.homes[ANA]))
    assert words_of(scene.slack.backend.views.homes[ANA])[0].startswith("Anotado: quizá vas a «¿Quién es el CXO?»")


async def test_the_form_shows_what_is_and_takes_what_is_ticked(scene: Scene) -> None:
    """Two boxes and a time of one's own, for this debate; the next time it shows them ticked."""
    ts = await posted(scene)
    await scene.answer(await scene.slack.press(ANA, ts, "remind"))
    pressed = await scene.slack.press(ANA, scene.whispers(ANA)[-1]["message_ts"], "reminders")
    view = await scene.modal(pressed, ANA)
    boxes = next(one for one in view["blocks"] if one.get("block_id") == "ahead")["element"]
    assert [one["value"] for one in boxes["initial_options"]] == ["3600", "600"]
    assert [one["block_id"] for one in view["blocks"] if one["type"] == "input"] == ["of", "ahead", "other"]

    await send(scene, ahead=["86400", "600"], other="45m")

    await until(lambda: reminded(scene) == (86_400, 2_700, 600))
    assert await scene.told(ANA, 2) == (
        "Te avisaré por privado de «¿Quién es el CXO?», 1 día antes, 45 min antes y 10 min antes."
    )


async def test_a_time_that_is_none_stands_on_its_field(scene: Scene) -> None:
    """The form stays open, and nothing has changed."""
    await scene.answer(await scene.slack.press(ANA, await posted(scene), "remind"))
    await scene.modal(await scene.slack.press(ANA, scene.whispers(ANA)[-1]["message_ts"], "reminders"), ANA)

    sent = await send(scene, other="mañana")

    assert sent.payload["errors"]["other"].startswith("«mañana» no vale para avisarte")
    assert reminded(scene) == invitation.DEFAULT


async def test_who_has_two_accounts_chooses_where(scene: Scene) -> None:
    """Only one's own accounts are offered."""
    await scene.types(ANA, "voy")

    def link(tx: Tx) -> None:
        other = people.ensure(tx, "room", "ana")
        other.person_id = people.find(tx, f"slack:{ANA}").person_id
        tx.session.add(other)

    scene.evening.store.write(link)
    await scene.modal(await scene.slack.press(ANA, scene.whispers(ANA)[-1]["message_ts"], "reminders"), ANA)

    await send(scene, ahead=["600"], where="room:ana")

    await until(lambda: reminded(scene) == (600,))
    chosen = scene.evening.look(
        lambda tx: reminders.chosen(tx, f"slack:{ANA}", debates.get(tx, scene.evening.id)).where
    )
    assert chosen == "room:ana"


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("recordar 30m", "Te avisaré por privado de cada debate, 30 min antes."),
        ("recordar", "No te aviso de ningún debate. Para que lo haga: /tertulia recordar 30m, o el botón."),
        ("recordar 1h y 10m este", "Te avisaré por privado de «¿Quién es el CXO?», 1 h antes y 10 min antes."),
        ("recordar no debate 1", "No te avisaré de «¿Quién es el CXO?»."),
        ("remind 2h #1", "Te avisaré por privado de «¿Quién es el CXO?», 2 h antes."),
        ("recordar nunca jamás", "«nunca jamás» no vale para avisarte"),
        ("recordar 30m debate 99", "No hay ningún debate «99»."),
        ("voy 99", "No hay ningún debate «99»."),
        ("going maybe", "Anotado: quizá vas a «¿Quién es el CXO?»"),
        ("iré no", "Anotado: no vas a «¿Quién es el CXO?»."),
        ("voy 2027-01-14-quien-es-el-cxo", "Apuntado: vas a «¿Quién es el CXO?»"),
    ],
)
async def test_typed(scene: Scene, typed: str, told: str) -> None:
    """In both languages, of the next debate or of one that is named; what is not understood changes nothing."""
    assert (await scene.types(ANA, typed)).startswith(told)


async def test_typed_elsewhere_it_means_the_next_debate(scene: Scene) -> None:
    """Wherever that is; without one it says so."""
    assert (await scene.types(ANA, "voy", channel=ELSEWHERE)).startswith("Apuntado: vas a «¿Quién es el CXO?»")
    await scene.types(MOD, "cancelar")
    assert (await scene.types(ANA, "voy")).startswith("No hay ningún debate por venir.")


async def test_once_it_has_begun_there_is_nothing_to_answer(scene: Scene) -> None:
    """The buttons of the old post are still there; they say how things are."""
    ts = await posted(scene)
    scene.evening.until(5)

    for button in ("going_yes", "remind"):
        answer = await scene.answer(await scene.slack.press(ANA, ts, button))
        assert answer["text"] == (
            "«¿Quién es el CXO?» está abierto: ya no se apunta nadie, ni hay de qué avisar. No se ha cambiado nada."
        )


async def test_a_guest_of_another_workspace_does_not_answer(scene: Scene) -> None:
    """Buttons can be pressed by whoever sees them; this is for members."""
    answer = await scene.answer(await scene.slack.press(GUEST, await posted(scene), "going_yes"))

    assert answer["text"].startswith("Esto es solo para quienes son de este espacio de Slack")
    assert counts(scene) == (0, 0, 0)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("", (Answer.YES, "")), ("no", (Answer.NO, "")), ("Quizás", (Answer.MAYBE, "")), ("sí 12", (Answer.YES, "12")),
        ("#12", (Answer.YES, "12")), ("maybe mi-debate", (Answer.MAYBE, "mi-debate")),
    ],
)  # fmt: skip
def test_a_reply_is_read(text: str, meant: tuple[Answer, str]) -> None:
    """An answer first, where there is one; the rest names the debate."""
    assert invitation.reply(text) == meant


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("45m", (2700,)), ("1h, 10 min", (3600, 600)), ("1 h y 10 min", (3600, 600)), ("1h30", (5400,)),
        ("1,5h", (5400,)), ("un", None), ("2 días antes", (172_800,)), ("no", ()), ("Sí", invitation.DEFAULT),
        ("30", (1800,)), ("0", None), ("15d", None), ("99999999999h", None), ("1h 2x", None), ("90s", None),
    ],
)  # fmt: skip
def test_how_long_before_is_read(text: str, meant: tuple[int, ...] | None) -> None:
    """As people write it; what is no time to remind at is refused."""
    if meant is None:
        with pytest.raises(errors.BadLead):
            invitation.ahead(text)
    else:
        assert invitation.ahead(text) == meant


def test_commands_are_in_the_grammar() -> None:
    """Accents and capitals do not matter."""
    assert parse("IRE quizá").order is Order.GOING
    assert parse("recuerdame 30m").order is Order.REMIND
    assert parse("/tertulia remind 30m").text == "30m"


def test_nobody_answers_for_a_draft(sqlite_store: Store, house: House) -> None:
    """Of what nobody was told, nobody is told by asking."""
    evening = Evening(sqlite_store, house)
    evening.store.write(lambda tx: tx.conn.exec_driver_sql("UPDATE debate SET phase = 'draft'"))

    with pytest.raises(errors.NotToCome):
        evening.store.write(
            lambda tx: attendance.answer(
                tx, debates.get(tx, evening.id), Answer.YES, actor=Actor("slack:UANA"), now=evening.now
            )
        )
