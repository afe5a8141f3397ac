"""What people type in Slack, and what they alone are answered."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from bot.ports import House
from bot.store import debates
from bot.store.engine import Store
from bot.writer import Writer
from handlers.slack.desk import Desk
from handlers.slack.platform import Keys, SlackPlatform, Surroundings
from handlers.slack.reception import Reception
from handlers.slack.standin.server import SlackStandin
from handlers.slack.standin.shapes import InstalledApp

from tests.slack_scene import ANA, CHANNEL, ELSEWHERE, EVA, GUEST, MOD, Scene, buttons, slack_scene, words_of
from tests.stories import Evening
from tests.waiting import until


@pytest.fixture
async def scene(sqlite_store: Store, house: House) -> AsyncIterator[Scene]:
    """A planned debate, its moderator and its people in Slack."""
    async with slack_scene(sqlite_store, house) as made:
        yield made


async def test_a_moderator_takes_a_debate_through_its_hour(scene: Scene) -> None:
    """Every command of the hour is done and answered in one private sentence."""
    scene.evening.until(0)
    scene.evening.until(5)
    said = [await scene.types(MOD, text) for text in ("siguiente", "pausa", "seguir", "extender 5", "saltar", "cerrar")]
    assert said == [
        "Sale la P1: «¿Qué perfil?».",
        "En pausa: el reloj está parado y se siguen recogiendo respuestas. Sigue con «seguir».",
        "El reloj vuelve a andar; acaba a las 20:00.",
        "Hay 5 min más; el debate acaba a las 20:05.",
        "Se salta «¿De quién depende?»; queda guardada para otro día.",
        "«¿Quién es el CXO?» está cerrado. La transcripción: https://tertulia.example/d/2027-01-14-quien-es-el-cxo",
    ]
    assert scene.evening.debate.phase == "grace"


async def test_opening_ahead_of_time_and_in_english(scene: Scene) -> None:
    """English words do the same; who types them is answered in their own language all the same."""
    scene.evening.until(-30)
    assert await scene.types(MOD, "open") == "«¿Quién es el CXO?» está abierto: sale la bienvenida."
    assert await scene.types(MOD, "next") == "Sale la P1: «¿Qué perfil?»."


async def test_a_debate_that_has_not_begun_is_cancelled(scene: Scene) -> None:
    """Nothing is published; the calendar is empty afterwards."""
    assert await scene.types(MOD, "cancelar") == (
        "«¿Quién es el CXO?» (jueves 14 de enero de 2027, 19:00 (Europe/Madrid)) no se celebrará; no se publica nada."
    )
    assert await scene.types(MOD, "calendario") == "No hay ningún debate programado todavía."


async def test_a_member_may_not_moderate_and_it_is_noted(scene: Scene) -> None:
    """The reply names the role that is needed, nothing changes, and an audit row says who tried."""
    scene.evening.until(5)
    assert await scene.types(ANA, "cerrar") == (
        "Eso lo puede hacer quien modera; pide a un moderador que te dé el papel. No se ha cambiado nada."
    )
    assert scene.evening.debate.phase == "open"
    assert scene.audit()[-1] == (f"slack:{ANA}", "refused", "/tertulia")


async def test_a_role_that_was_taken_away_counts_at_once(scene: Scene) -> None:
    """The role is looked at when the order is done, not when somebody was made a moderator."""
    scene.evening.until(5)
    scene.appoint()
    assert (await scene.types(MOD, "pausa")).startswith("Eso lo puede hacer quien modera")


async def test_a_typo_gets_the_nearest_command_with_an_example(scene: Scene) -> None:
    """A typo is answered, not done."""
    assert await scene.types(MOD, "siguente") == (
        "No conozco «siguente». ¿Querías decir «siguiente»? Por ejemplo: /tertulia siguiente"
    )
    assert (await scene.types(ANA, "&lt;b&gt;")).startswith("No conozco «&lt;b&gt;».")
    assert await scene.types(MOD, "extender") == (
        "A «extender» le falta un dato: cuántos minutos. Por ejemplo: /tertulia extender 5"
    )


async def test_an_order_at_the_wrong_moment_is_refused_in_words(scene: Scene) -> None:
    """What the debate is, and what cannot be done so, as people say it."""
    assert await scene.types(MOD, "cerrar") == (
        "El debate está programado y así no se puede cerrar. No se ha cambiado nada."
    )
    scene.evening.until(5)
    assert await scene.types(MOD, "abrir") == "El debate está abierto y así no se puede abrir. No se ha cambiado nada."


async def test_orders_in_another_channel_touch_nothing(scene: Scene) -> None:
    """An order means the debate of its channel; looking works from anywhere."""
    scene.evening.until(12)
    assert await scene.types(MOD, "cerrar", channel=ELSEWHERE) == (
        "Ahora no hay ningún debate en marcha aquí. Con «calendario» ves los que vienen."
    )
    assert (await scene.types(ANA, "ahora", channel=ELSEWHERE)).startswith("Vamos por la P1: ¿Qué perfil?")
    assert scene.evening.debate.phase == "open"


async def test_a_second_next_is_refused_as_a_double_press(scene: Scene) -> None:
    """One question goes out, whoever pressed twice."""
    scene.evening.until(5)
    await scene.types(MOD, "siguiente")
    assert await scene.types(MOD, "siguiente de verdad") == (
        "La última pregunta salió hace 0 s: parece una doble pulsación. Espera un minuto entre una y otra."
    )


async def test_next_amid_answers_asks_really_and_the_button_repeats_it_once(scene: Scene) -> None:
    """«¿De verdad?» has a button; pressed again later it does nothing, because the debate has gone on."""
    evening = scene.evening
    evening.until(12)
    for number in range(6):
        evening.says("Ana", f"respuesta {number}", under="P1")
    page = await scene.page(MOD, "siguiente")
    assert page["text"].startswith("Siguen llegando respuestas (6 en 20 s). ¿De verdad?")
    assert buttons(page) == ["Sí, de verdad"]

    done = await scene.presses(MOD, page, "really")
    assert done["text"] == "Sale la P2: «¿De quién depende?»."
    evening.minute = 14
    again = await scene.presses(MOD, page, "really")
    assert again["text"] == "El debate ha seguido desde entonces; no se ha hecho nada."
    assert [number for _, number, _ in evening.questions() if number] == [1, 2]


async def test_a_member_cannot_press_a_moderators_button(scene: Scene) -> None:
    """Who presses is looked at anew: a private message of another is no way round."""
    evening = scene.evening
    evening.until(12)
    for number in range(6):
        evening.says("Ana", f"respuesta {number}", under="P1")
    page = await scene.page(MOD, "siguiente")
    scene.appoint()
    refused = await scene.presses(MOD, page, "really")
    assert refused["text"].startswith("Eso lo puede hacer quien modera")
    assert [number for _, number, _ in evening.questions() if number] == [1]


async def test_an_abort_of_what_people_said_needs_the_button_and_leaves_nothing(scene: Scene) -> None:
    """Without words it would go at once; with them it asks first."""
    evening = scene.evening
    evening.until(12)
    evening.says("Ana", "hola", under="P1")
    page = await scene.page(MOD, "anular")
    assert page["text"].startswith("Ya hay mensajes (1) y anular los borraría.")
    done = await scene.presses(MOD, page, "really")
    assert done["text"] == "«¿Quién es el CXO?» está anulado: no queda rastro de él."
    assert evening.look(debates.every) == []
    again = await scene.presses(MOD, page, "really")
    assert again["text"].startswith("No hay ningún debate «1».")


async def test_now_says_question_time_and_best_answers_within_two_seconds(scene: Scene) -> None:
    """Privately, with the text whole for screen readers and the blocks for eyes."""
    evening = scene.evening
    evening.until(12)
    first = evening.says("Ana", "Alguien que escucha <a todos>", under="P1")
    evening.says("Eva", "Del negocio", under="P1")
    evening.reacts("Eva", first, "+1")
    begun = time.monotonic()
    page = await scene.page(ANA, "ahora")
    assert time.monotonic() - begun < 2
    assert page["text"] == (
        "Vamos por la P1: ¿Qué perfil?\n"
        "Tiempo: 8 min para esta pregunta · 48 min en total.\n"
        "Lo mejor hasta ahora:\n"
        "• Ana: Alguien que escucha &lt;a todos&gt; (1 reacción)\n"
        "• Eva: Del negocio"
    )
    assert words_of(page)[0] == "¿Quién es el CXO?"
    assert scene.slack.record.posts == []


async def test_now_is_found_once_for_a_crowd_and_anew_for_the_next_question(scene: Scene) -> None:
    """Within two seconds of one question everybody reads the same; the next question is seen at once."""
    evening = scene.evening
    evening.until(12)
    assert (await scene.types(ANA, "ahora")).endswith("Aún no hay respuestas: estrena tú el hilo.")
    evening.says("Ana", "Alguien que escucha", under="P1")
    assert (await scene.types(EVA, "ahora")).endswith("Aún no hay respuestas: estrena tú el hilo.")
    evening.minute += 0.05
    assert (await scene.types(EVA, "ahora")).endswith("• Ana: Alguien que escucha")
    await scene.types(MOD, "siguiente")
    assert (await scene.types(EVA, "ahora")).startswith("Vamos por la P2")


async def test_now_tells_of_earlier_questions_and_of_a_pause(scene: Scene) -> None:
    """A late joiner reads what was asked before; while the clock stands, no minutes are promised."""
    evening = scene.evening
    evening.until(12)
    evening.says("Ana", "Alguien que escucha", under="P1")
    evening.until(21)
    await scene.types(MOD, "pausa")
    page = await scene.page(EVA, "¿por dónde vamos?")
    assert page["text"] == (
        "Vamos por la P2: ¿De quién depende?\n"
        "El debate está en pausa: el reloj no corre.\n"
        "Aún no hay respuestas: estrena tú el hilo.\n"
        "P1 ¿Qué perfil?\n"
        "• Ana: Alguien que escucha"
    )


async def test_now_before_the_debate_and_when_there_is_none(scene: Scene) -> None:
    """Somebody who is early learns when it is; without any debate they learn where to look."""
    assert await scene.types(ANA, "ahora") == (
        "Todavía no ha empezado: jueves 14 de enero de 2027, 19:00 (Europe/Madrid)."
    )
    await scene.types(MOD, "cancelar")
    assert await scene.types(ANA, "ahora") == (
        "Ahora no hay ningún debate en marcha aquí. Con «calendario» ves los que vienen."
    )


async def test_the_calendar_has_both_clocks(scene: Scene) -> None:
    """The debate's own zone in words, the reader's by Slack's date markup."""
    page = await scene.page(ANA, "calendario")
    assert page["text"] == (
        "Los próximos debates:\n¿Quién es el CXO?: jueves 14 de enero de 2027, 19:00 (Europe/Madrid)"
    )
    assert words_of(page)[1] == (
        "*¿Quién es el CXO?*\njueves 14 de enero de 2027, 19:00 (Europe/Madrid) · en tu hora: "
        "<!date^1799949600^{date_long_pretty} {time}|jueves 14 de enero de 2027, 19:00 (Europe/Madrid)>"
        " · <#C0DEBATE> · <https://tertulia.example/d/2027-01-14-quien-es-el-cxo|en la web>"
    )


async def test_help_shows_members_less_than_moderators(scene: Scene) -> None:
    """A bare command asks for help too; everything in it can be typed."""
    member, moderator = await scene.types(ANA, ""), await scene.types(MOD, "help")
    assert "`/tertulia ahora`" in member
    assert "`/pregunta TEXTO`" in member
    assert "siguiente" not in member
    assert "`/tertulia extender N`: da N minutos más a la pregunta que está abierta" in moderator


async def test_direct_messages_are_answered_in_the_same_talk(scene: Scene) -> None:
    """A few words are an order, a whole question is one for the debate; the same event twice is answered once."""
    scene.evening.until(12)
    await scene.slack.dm(ANA, "ahora")
    await scene.slack.dm(EVA, "¿Quién paga todo esto al final?")
    await until(lambda: len(scene.slack.record.posts) == 2)
    answers = {post.channel: post.text for post in scene.slack.record.posts}
    assert answers["DANA"].startswith("Vamos por la P1: ¿Qué perfil?")
    assert answers["DEVA"].startswith("Recogida para «¿Quién es el CXO?»: «¿Quién paga todo esto al final?».")
    event = {"user": ANA, "channel": "DANA", "text": "ayuda", "channel_type": "im"}
    for _ in range(2):
        await scene.reception.event("message.im", event, "Ev1")
    await scene.reception.drain()
    assert len(scene.slack.record.posts) == 3


async def test_guests_of_other_organisations_are_refused(scene: Scene) -> None:
    """Slack lets them press what they see; the desk does not serve them."""
    scene.evening.until(12)
    page = await scene.page(MOD, "calendario")
    assert page["user"] == MOD
    button = {"type": "button", "action_id": "ask", "text": {"type": "plain_text", "text": "Proponer"}}
    ts = await scene.slack.say(CHANNEL, ANA, "x", blocks=[{"type": "actions", "block_id": "b", "elements": [button]}])
    answer = await scene.answer(await scene.slack.press(GUEST, ts, "ask"))
    assert answer["text"] == "Esto es solo para quienes son de este espacio de Slack; en los hilos sí puedes responder."
    assert scene.slack.backend.views.stacks.get(GUEST, []) == []


async def test_an_answer_gets_through_without_its_response_url(scene: Scene) -> None:
    """When Slack will not take the answer there, the person still reads it."""
    interaction = await scene.slack.slash(ANA, CHANNEL, "/tertulia", "calendario")
    await scene.answer(interaction)
    scene.slack.backend._hooks.clear()
    await scene.slack.slash(ANA, CHANNEL, "/tertulia", "calendario")
    await until(lambda: len(scene.whispers(ANA)) == 2)
    assert scene.whispers(ANA)[0]["text"] == scene.whispers(ANA)[1]["text"]


async def test_a_missing_scope_costs_the_name_alone(scene: Scene) -> None:
    """Without users:read people are served in the installation's language, and Slack is not asked again."""
    scene.slack.faults.error("users.info", "missing_scope", times=9)
    for user in (ANA, EVA):
        assert (await scene.types(user, "calendario")).startswith("Los próximos debates:")
    assert [call.outcome for call in scene.slack.record.calls if call.method == "users.info"] == ["missing_scope"]


async def test_a_slow_profile_does_not_delay_the_answer(scene: Scene) -> None:
    """Who waits for «ahora» does not wait for their own name."""
    scene.evening.until(12)
    scene.slack.faults.slow("users.info", 5.0)
    begun = time.monotonic()
    assert (await scene.types(ANA, "ahora")).startswith("Vamos por la P1")
    assert time.monotonic() - begun < 2


async def test_commands_at_once_are_all_answered(scene: Scene) -> None:
    """Many late joiners ask at the same time; each has an answer."""
    scene.evening.until(12)
    answers = await asyncio.gather(*(scene.types(user, "ahora") for user in (ANA, EVA, MOD) * 5))
    assert len(set(answers)) == 1


async def test_the_whole_platform_serves_people(sqlite_store: Store, house: House) -> None:
    """Through our own sockets, with ears and mouth beside the desk: commands, direct messages and the Home tab."""
    evening = Evening(sqlite_store, house)
    evening.until(12)
    slack = SlackStandin(InstalledApp(commands=("/tertulia", "/pregunta")), strict_rates=False)
    slack.workspace.add_user(ANA, "ana", display_name="Ana")
    slack.workspace.add_channel(CHANNEL, "debates", [ANA, slack.app.bot_user_id])
    writer = Writer(sqlite_store)
    writer.start()

    def listeners(around: Surroundings) -> Reception:
        space = around.workspace
        desk = Desk(
            writer, sqlite_store, house, space.client, around.bot.team_id, lambda: evening.now, space.features,
            around.people.names,
        )  # fmt: skip
        return Reception(desk)

    async with slack:
        keys = Keys(slack.app.bot_token, slack.app.app_token, api_url=slack.url)
        platform = SlackPlatform(keys, sqlite_store, writer, house, listeners=listeners)
        await platform.start()
        try:
            await until(lambda: bool(slack.sockets.connections))
            interaction = await slack.slash(ANA, CHANNEL, "/tertulia", "ahora")
            await until(lambda: bool(interaction.posts))
            assert interaction.posts[0]["text"].startswith("Vamos por la P1: ¿Qué perfil?")
            await slack.dm(ANA, "calendario")
            await until(lambda: any(post.channel == "DANA" for post in slack.record.posts))
            await slack.open_home(ANA)
            await until(lambda: ANA in slack.record.homes)
        finally:
            await platform.stop()
    await asyncio.to_thread(writer.stop)
