"""Pages that stand open while a debate begins or is called off: what is over leaves them by itself."""

import re

import pytest
from playwright.async_api import Locator, Page, expect

from bot.actions import after, guests, plan, polls, run
from bot.guest import Invited
from bot.poll import Kind, Planned
from bot.ports import OPERATOR
from bot.store.engine import Tx
from bot.tables import Debate

from tests.test_browser import PHONE, Room, enter, join, room, say

__all__ = ["room"]

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
ASKED = Planned("¿Qué te mueve?", ("Aprender", "Un título"), several=True, other=True)
LONG = "Luis Ortega Fernández de la Vega y Montenegro de los Montero"


async def test_a_poll_leaves_the_page_when_the_debate_begins(room: Room) -> None:
    """It is shut then: a form that stayed would only be refused."""
    evening = room.evening
    evening.plan(opened=False)
    evening.act(lambda tx, row: polls.add(tx, row, ASKED, kind=Kind.BEFORE, actor=OPERATOR, now=evening.clock()).id)
    ana = await room.page()
    await ana.get_by_label("¿Cómo te llamas?").fill("Ana")
    await ana.get_by_role("button", name="Entrar", exact=True).click()
    await expect(ana.get_by_label("Aprender")).to_be_visible()
    evening.act(lambda tx, row: run.open_now(tx, row, actor=OPERATOR, now=evening.clock()))
    await expect(ana.get_by_label("Tu respuesta", exact=True)).to_be_visible()
    await expect(ana.get_by_label("Aprender")).to_have_count(0)
    assert room.faults == []


async def test_a_poll_comes_and_goes_while_somebody_writes_in_another(room: Room) -> None:
    """What is ticked and written there stays; so does what is being proposed."""
    evening = room.evening
    evening.plan(opened=False)
    ana = await room.page()
    await ana.get_by_label("¿Cómo te llamas?").fill("Ana")
    await ana.get_by_role("button", name="Entrar", exact=True).click()
    await ana.get_by_label("Propón una pregunta").fill("¿Y si")
    evening.act(lambda tx, row: after.choose_topic(tx, row, actor=OPERATOR, now=evening.clock()).id)
    topic = ana.locator("#poll-topic")
    await expect(topic).to_be_visible()
    await topic.get_by_role("checkbox").first.check()
    await topic.get_by_label("Otra cosa").fill("Los datos")
    await topic.get_by_label("Otra cosa").focus()

    evening.act(lambda tx, row: polls.add(tx, row, ASKED, kind=Kind.BEFORE, actor=OPERATOR, now=evening.clock()).id)
    await expect(ana.get_by_label("Aprender")).to_be_visible()
    await expect(ana.locator("#status")).to_have_text("Encuesta: ¿Qué te mueve?")
    await expect(topic.get_by_label("Otra cosa")).to_be_focused()
    await expect(ana.locator('.jump a[href^="#poll-"]')).to_have_attribute("href", "#poll-topic")
    evening.act(lambda tx, row: polls.close(tx, row, Kind.BEFORE, actor=OPERATOR, now=evening.clock()).id)
    await expect(ana.get_by_label("Aprender")).to_have_count(0)
    await expect(topic.get_by_role("checkbox").first).to_be_checked()
    await expect(topic.get_by_label("Otra cosa")).to_have_value("Los datos")
    await expect(ana.get_by_label("Propón una pregunta")).to_have_value("¿Y si")
    assert room.faults == []


async def test_the_pulse_comes_to_a_page_that_stands_open(room: Room) -> None:
    """Nobody has to load it again to say how it was; once it is closed nobody is asked."""
    evening = room.evening
    evening.plan()
    ana = await room.page()
    await join(ana, "Ana")

    def over(tx: Tx, row: Debate) -> None:
        run.close(tx, row, actor=OPERATOR, now=evening.clock(), house=evening.house)
        run.settle(tx, row, now=evening.clock(), house=evening.house)

    evening.act(over)
    await expect(ana.get_by_role("link", name="Leer la transcripción")).to_be_visible()
    evening.act(lambda tx, row: after.pulse(tx, row, now=evening.clock()))
    await ana.get_by_label("5 · mucha").check()
    evening.act(lambda tx, row: polls.close(tx, row, Kind.PULSE, actor=OPERATOR, now=evening.clock()).id)
    await expect(ana.get_by_label("5 · mucha")).to_have_count(0)
    assert room.faults == []


async def test_the_browser_complains_of_nothing_on_a_page_with_everything_open(room: Room) -> None:
    """A poll, the invitation, a guest's framing, a box pulled larger by hand and sent: no style that we forbid."""
    evening = room.evening
    evening.plan(opened=False)

    def framed(tx: Tx, row: Debate) -> None:
        polls.add(tx, row, ASKED, kind=Kind.BEFORE, actor=OPERATOR, now=evening.clock())
        guest = guests.add(tx, row, Invited("Bruno"), house=evening.house, actor=OPERATOR, now=evening.clock())
        guest.framing = "Lo que cambia cuando se escucha."
        guests.release(tx, guest.id or 0, actor=OPERATOR, now=evening.clock(), at_once=True)

    evening.act(framed)
    ana, elena = await room.page(), await enter(room)
    await ana.get_by_label("¿Cómo te llamas?").fill("Ana")
    await ana.get_by_role("button", name="Entrar", exact=True).click()
    await ana.get_by_role("button", name="Iré", exact=True).click()
    await ana.get_by_role("button", name="Recuérdamelo").click()
    await expect(elena.get_by_text("Van a venir: 1.")).to_be_visible()
    await ana.get_by_label("Aprender").check()
    await ana.get_by_role("button", name="Enviar", exact=True).click()
    await expect(ana.get_by_text("Tu respuesta cuenta")).to_be_visible()
    evening.act(lambda tx, row: run.open_now(tx, row, actor=OPERATOR, now=evening.clock()))
    await _pull_larger(ana, ana.get_by_label("Tu respuesta", exact=True))
    await say(ana, "Hola a todas")
    for page in (ana, elena):
        await expect(page.locator("article").get_by_text("Hola a todas")).to_be_visible()
    await expect(ana.get_by_label("Tu respuesta", exact=True)).to_have_value("")
    assert room.faults == []


async def _pull_larger(page: Page, box: Locator) -> None:
    """The box is pulled larger at its corner."""
    await expect(box).to_be_visible()
    found = await box.bounding_box()
    assert found is not None
    right, bottom = found["x"] + found["width"] - 5, found["y"] + found["height"] - 5
    await page.mouse.move(right, bottom)
    await page.mouse.down()
    await page.mouse.move(right, bottom + 30)
    await page.mouse.move(right, bottom + 60)
    await page.mouse.up()
    await expect(box).to_have_attribute("style", re.compile("height"))


async def test_a_page_of_a_debate_that_is_called_off_asks_for_nothing_more(room: Room) -> None:
    """Neither for questions, nor who comes."""
    evening = room.evening
    evening.plan(opened=False)
    ana = await room.page()
    await ana.get_by_label("¿Cómo te llamas?").fill("Ana")
    await ana.get_by_role("button", name="Entrar", exact=True).click()
    await expect(ana.get_by_label("Propón una pregunta")).to_be_visible()
    evening.act(lambda tx, row: plan.cancel(tx, row, actor=OPERATOR, now=evening.clock()))
    await expect(ana.get_by_text("Este debate no se va a celebrar")).to_be_visible()
    await expect(ana.get_by_text("Aquí ya no se recogen respuestas.")).to_be_visible()
    await expect(ana.get_by_text("Ya no se recogen preguntas.")).to_be_visible()
    for gone in ("Propón una pregunta", "¿Vienes?", "Añadir a mi calendario"):
        await expect(ana.get_by_text(gone)).to_have_count(0)
    assert room.faults == []


async def test_a_long_name_stays_on_a_phone(room: Room) -> None:
    """It is cut short in the head of the page, and pushes nothing aside."""
    room.evening.plan(opened=False)
    luis = await room.page(size=PHONE)
    await luis.get_by_label("¿Cómo te llamas?").fill(LONG)
    await luis.get_by_role("button", name="Entrar", exact=True).click()
    await expect(luis.get_by_text("Cuando empiece podrás responder")).to_be_visible()
    assert await luis.evaluate("document.documentElement.scrollWidth - innerWidth") == 0
