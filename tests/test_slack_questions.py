"""Questions from the audience in Slack: proposed, voted for, decided; each press safe to repeat."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.ports import House
from bot.store import debates, questions
from bot.store.engine import Store
from bot.words.catalogue import words
from handlers.slack import blocks, views
from handlers.slack.standin.limits import block_faults

from tests.slack_scene import ANA, CHANNEL, EVA, MOD, Scene, buttons, slack_scene, words_of
from tests.waiting import until

ASKED = "¿Quién lo paga?"


@pytest.fixture
async def scene(sqlite_store: Store, house: House) -> AsyncIterator[Scene]:
    """A planned debate, its moderator and its people in Slack."""
    async with slack_scene(sqlite_store, house) as made:
        yield made


def states(scene: Scene) -> dict[str, str]:
    """The state of each question by its text."""
    return {text: state for text, _number, state in scene.evening.questions()}


def votes(scene: Scene) -> int:
    """How many votes all questions have together."""
    return sum(scene.evening.look(lambda tx: questions.votes(tx, scene.evening.id)).values())


def private(scene: Scene) -> list[tuple[str, str, str]]:
    """(person, kind, text) of what the bot sent to single people, once it has been delivered."""
    scene.evening.deliver()
    return [(place, kind, text) for _minute, place, kind, text in scene.evening.slack.private]


async def ask(scene: Scene, user: str, text: str) -> str:
    """The question was asked with /pregunta; what its asker alone reads."""
    return await scene.types(user, text, command="/pregunta")


async def test_a_question_waits_for_a_moderator_and_its_asker_knows(scene: Scene) -> None:
    """It has its asker's vote, and the moderators are told."""
    assert await ask(scene, ANA, f"  {ASKED} ") == (
        "Recogida para «¿Quién es el CXO?»: «¿Quién lo paga?». "
        "Ya tiene tu voto; te avisaré de lo que decida quien modera."
    )
    assert (states(scene)[ASKED], votes(scene)) == ("pending", 1)
    assert private(scene) == [(MOD, "proposed", "Nueva pregunta de Ana: «¿Quién lo paga?».")]


async def test_the_same_question_again_is_a_vote_for_the_first(scene: Scene) -> None:
    """Asked twice by one it counts once; asked by another it has two votes."""
    await ask(scene, ANA, ASKED)
    assert await ask(scene, ANA, ASKED) == "Alguien la había propuesto ya: «¿Quién lo paga?». Tu voto cuenta (1)."
    scene.evening.minute += 1
    assert (
        await ask(scene, EVA, ASKED.upper()) == "Alguien la había propuesto ya: «¿Quién lo paga?». Tu voto cuenta (2)."
    )
    assert list(states(scene)).count(ASKED) == 1


async def test_what_people_wrote_is_shown_as_it_is_and_wakes_nobody(scene: Scene) -> None:
    """Markup, mentions and entities in a question stay text."""
    told = await ask(scene, ANA, "¿Qué dice &lt;!channel&gt; @here &amp; *todos*?")
    assert "«¿Qué dice &lt;!channel&gt; @\u2060here &amp; todos?»" in told
    assert states(scene)["¿Qué dice <!channel> @here & todos?"] == "pending"


async def test_pregunta_without_words_offers_the_form(scene: Scene) -> None:
    """What is missing is named with an example, and the button opens the form that asks for it."""
    page = await scene.page(ANA, "", command="/pregunta")
    assert page["text"].startswith("A «/pregunta» le falta un dato: el texto de la pregunta.")
    form = await scene.modal(await scene.slack.press(ANA, page["message_ts"], "ask"), ANA)
    await scene.slack.submit_view(ANA, form["id"], {"question": {"question": ASKED}})
    assert (await scene.told(ANA, 2)).startswith("Recogida para «¿Quién es el CXO?»: «¿Quién lo paga?».")
    assert states(scene)[ASKED] == "pending"


async def test_a_question_that_is_too_long_stays_in_its_form(scene: Scene) -> None:
    """The fault stands on the field, and what was written is not lost."""
    form = await scene.modal(await scene.slack.shortcut(ANA, "propose_question"), ANA)
    sent = await scene.slack.submit_view(ANA, form["id"], {"question": {"question": "a" * 1001}})
    assert sent.payload["response_action"] == "errors"
    assert sent.payload["errors"]["question"].startswith(
        "Caben como mucho 1000 caracteres en la pregunta; esto ocupa 1001."
    )
    empty = await scene.slack.submit_view(ANA, form["id"], {"question": {"question": "   "}})
    assert empty.payload["errors"] == {"question": "No has escrito nada en la pregunta. Escríbelo y vuelve a enviarlo."}


async def test_the_global_shortcut_answers_in_the_talk_with_the_bot(scene: Scene) -> None:
    """It is used from anywhere: there is no channel in which to answer."""
    form = await scene.modal(await scene.slack.shortcut(ANA, "propose_question"), ANA)
    await scene.slack.submit_view(ANA, form["id"], {"question": {"question": ASKED}})
    await until(lambda: bool(scene.slack.record.posts))
    assert [(post.channel, post.text[:14]) for post in scene.slack.record.posts] == [("DANA", "Recogida para ")]


async def test_a_message_is_proposed_as_a_question(scene: Scene) -> None:
    """Whoever uses the shortcut has proposed it; lines and mentions become plain text."""
    ts = await scene.slack.say(CHANNEL, EVA, "¿Y quién manda,\n<@UEVA>?")
    answer = await scene.answer(await scene.slack.shortcut(ANA, "propose_message", ts))
    assert answer["text"].startswith("Recogida para «¿Quién es el CXO?»:")
    assert states(scene)["¿Y quién manda, @Eva?"] == "pending"
    assert private(scene)[0][2].startswith("Nueva pregunta de Ana:")


async def test_a_message_too_long_for_a_question_opens_in_the_form(scene: Scene) -> None:
    """What fits stands in the field, to be made shorter."""
    ts = await scene.slack.say(CHANNEL, EVA, "palabra " * 300)
    form = await scene.modal(await scene.slack.shortcut(ANA, "propose_message", ts), ANA)
    assert len(form["blocks"][0]["element"]["initial_value"]) == 1000


async def test_members_vote_once_however_often_they_press(scene: Scene) -> None:
    """The button says what it wants: pressed twice in an old list it does nothing more."""
    await ask(scene, ANA, ASKED)
    pending = await scene.page(EVA, "preguntas")
    assert pending["text"].endswith("No hay ninguna todavía. Propón la tuya con /pregunta.")
    await scene.presses(MOD, await scene.page(MOD, "preguntas"), "approve")

    page = await scene.page(EVA, "preguntas")
    assert (words_of(page)[1:], buttons(page)) == (
        ["Preguntas para «¿Quién es el CXO?»", "¿Quién lo paga? (aprobada · Ana · 1 voto)"],
        ["Votar"],
    )
    voted = await scene.presses(EVA, page, "vote")
    assert (words_of(voted)[0], buttons(voted)) == ("Has votado por «¿Quién lo paga?»: 2 votos.", ["Quitar mi voto"])
    await scene.presses(EVA, page, "vote")
    assert votes(scene) == 2
    for _ in range(2):
        await scene.presses(EVA, voted, "unvote")
    assert votes(scene) == 1


async def test_the_asker_sees_their_own_question_and_cannot_vote_for_it(scene: Scene) -> None:
    """Their own vote is in it already; what is planned can be read above."""
    await ask(scene, ANA, ASKED)
    page = await scene.page(ANA, "preguntas")
    assert (words_of(page)[2:], buttons(page)) == (["¿Quién lo paga? (pendiente de aprobar · tuya · 1 voto)"], [])


async def test_a_moderator_approves_once_and_the_asker_is_told_once(scene: Scene) -> None:
    """Pressed again, the run-sheet stays as it is."""
    await ask(scene, ANA, ASKED)
    await ask(scene, EVA, "¿Y después?")
    page = await scene.page(MOD, "preguntas")
    assert buttons(page)[:3] == ["Aprobar", "Que sea la siguiente", "Rechazar…"]
    first, second = (str(ident) for ident in scene.evening.question_ids()[-2:])
    done = await scene.presses(MOD, page, "approve", f"{first}:0")
    assert words_of(done)[0] == "Aprobada: «¿Quién lo paga?»."
    await scene.presses(MOD, page, "approve", f"{second}:0")
    order = scene.evening.question_ids()
    await scene.presses(MOD, page, "approve", f"{first}:0")

    assert scene.evening.question_ids() == order
    told = [one for one in private(scene) if one[1] == "approved"]
    assert told == [
        (ANA, "approved", "Tu pregunta «¿Quién lo paga?» está aprobada y saldrá en el debate."),
        (EVA, "approved", "Tu pregunta «¿Y después?» está aprobada y saldrá en el debate."),
    ]


async def test_a_moderator_puts_a_question_first_and_it_is_asked_next(scene: Scene) -> None:
    """From pending to the top of the run-sheet in one press."""
    await ask(scene, ANA, ASKED)
    scene.evening.until(5)
    page = await scene.page(MOD, "preguntas")
    done = await scene.presses(MOD, page, "first")
    assert words_of(done)[0] == "Será la siguiente: «¿Quién lo paga?»."
    assert words_of(done)[2] == "¿Quién lo paga? (es la siguiente · Ana · 1 voto)"
    await scene.presses(MOD, page, "first")
    assert await scene.types(MOD, "siguiente") == "Sale la P1: «¿Quién lo paga?»."
    assert private(scene)[-1] == (ANA, "asked", "Tu pregunta acaba de salir como P1.")


async def test_a_refusal_needs_a_reason_which_the_asker_reads(scene: Scene) -> None:
    """The form shows the question; without a reason it stays open."""
    await ask(scene, ANA, ASKED)
    page = await scene.page(MOD, "preguntas")
    form = await scene.modal(await scene.slack.press(MOD, page["message_ts"], "decline"), MOD)
    assert words_of(form)[0] == ASKED
    empty = await scene.slack.submit_view(MOD, form["id"], {"reason": {"reason": " "}})
    assert empty.payload["errors"] == {"reason": "No has escrito nada en el motivo. Escríbelo y vuelve a enviarlo."}

    await scene.slack.submit_view(MOD, form["id"], {"reason": {"reason": "Ya la hicimos en mayo"}})
    assert await scene.told(MOD, 2) == (
        "Rechazada: «¿Quién lo paga?». Quien la propuso sabrá el motivo: Ya la hicimos en mayo"
    )
    assert states(scene)[ASKED] == "declined"
    assert private(scene)[-1] == (
        ANA, "declined", "Tu pregunta «¿Quién lo paga?» no saldrá. Motivo: Ya la hicimos en mayo",
    )  # fmt: skip


async def test_who_no_longer_moderates_decides_nothing(scene: Scene) -> None:
    """Neither the old list nor the form that is open already is a way round; both tries are noted."""
    await ask(scene, ANA, ASKED)
    page = await scene.page(MOD, "preguntas")
    form = await scene.modal(await scene.slack.press(MOD, page["message_ts"], "decline"), MOD)
    scene.appoint()
    for button in ("approve", "first", "decline"):
        refused = await scene.presses(MOD, page, button)
        assert refused["text"].startswith("Eso lo puede hacer quien modera")
    sent = await scene.slack.submit_view(MOD, form["id"], {"reason": {"reason": "no"}})
    assert (sent.acked, sent.payload) == (True, {})
    await scene.told(MOD, 5)
    assert states(scene)[ASKED] == "pending"
    assert [detail for _who, action, detail in scene.audit() if action == "refused"] == [
        "approve", "first", "decline", "decline",
    ]  # fmt: skip


async def test_a_list_goes_on_to_further_pages(scene: Scene) -> None:
    """Twenty on a page, with buttons to go on and back; a press keeps the page."""
    for number in range(23):
        scene.evening.add(f"Pregunta {number}")
    first = await scene.page(MOD, "preguntas")
    assert (buttons(first)[-1], len(first["blocks"])) == ("Más preguntas", 42)
    second = await scene.presses(MOD, first, "page_on")
    assert (len(words_of(second)), buttons(second)[-1]) == (7, "Anteriores")
    ident = str(scene.evening.question_ids()[-1])
    kept = await scene.presses(MOD, second, "first", f"{ident}:1")
    assert words_of(kept)[0] == "Será la siguiente: «Pregunta 22»."
    assert buttons(kept)[-1] == "Anteriores"


async def test_a_button_that_means_nothing_is_refused_kindly(scene: Scene) -> None:
    """A value from elsewhere, a question that is gone: a sentence, and nothing else."""
    for value in ("", "x", "1:y", "9" * 30, "99999:0"):
        button: dict[str, Any] = {"type": "button", "action_id": "vote", "text": {"type": "plain_text", "text": "V"}}
        button |= {"value": value} if value else {}
        row = {"type": "actions", "block_id": "b", "elements": [button]}
        ts = await scene.slack.say(CHANNEL, ANA, "x", blocks=[row])
        answer = await scene.answer(await scene.slack.press(EVA, ts, "vote"))
        assert answer["text"].startswith("No hay ninguna pregunta «")


async def test_a_vote_in_the_channel_leaves_the_message_of_all_as_it_is(scene: Scene) -> None:
    """Who votes there is answered alone."""
    ident = scene.evening.add("¿Y mañana?")
    button = {"type": "button", "action_id": "vote", "value": f"{ident}:0", "text": {"type": "plain_text", "text": "V"}}
    row = {"type": "actions", "block_id": "b", "elements": [button]}
    ts = await scene.slack.say(CHANNEL, ANA, "Vota", blocks=[row])
    answer = await scene.answer(await scene.slack.press(EVA, ts, "vote"))
    assert (answer["replace_original"], answer["response_type"]) == (False, "ephemeral")
    assert scene.slack.workspace.channels[CHANNEL].messages[ts]["text"] == "Vota"
    assert votes(scene) == 1


@pytest.mark.parametrize("moderator", [True, False])
@pytest.mark.parametrize("count", [0, 1, 20, 21, 45, 500])
def test_pages_keep_to_the_limits_of_slack(moderator: bool, count: int) -> None:
    """However many questions and however long: every page is one that Slack takes."""
    cards = [
        views.Card(
            n,
            "¿" + "w" * 999,
            "pending" if n % 2 else "approved",
            n,
            "n" * 80,
            mine=False,
            voted=n % 3 == 0,
            next=False,
        )
        for n in range(count)
    ]
    for page in range(count // views.CARDS_A_PAGE + 1):
        made = views.questions_page(words("es"), "t" * 200, cards, moderator=moderator, page=page, notice="n" * 4000)
        assert len(made.blocks) <= blocks.MOST_BLOCKS
        assert block_faults(made.blocks, "message") == []


async def test_planned_questions_can_be_read_once_announced(scene: Scene) -> None:
    """By members, above those of the audience, without the prepared answers; not before the announcement."""
    scene.evening.store.write(lambda tx: debates.plan_cue(tx, scene.evening.id, "announce", scene.evening.now))
    assert "¿Qué mide?" not in (await scene.page(ANA, "preguntas"))["text"]

    scene.evening.until(scene.evening.minute + 1)

    text = (await scene.page(ANA, "preguntas"))["text"]
    assert text.startswith(
        "Las preguntas previstas:\n1. ¿Qué perfil?\n2. ¿De quién depende?\n3. ¿Qué mide?\n\nPreguntas para"
    )
    assert "Del comité." not in text
