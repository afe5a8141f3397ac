"""Pages that stand open while a debate begins or is called off: what is over leaves them by itself."""

import pytest
from playwright.async_api import expect

from bot.actions import plan, polls, run
from bot.poll import Kind, Planned
from bot.ports import OPERATOR

from tests.test_browser import PHONE, Room, room

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
