"""A browser far from the debate: the reader's own hour beside the debate's, and without a script the debate's alone."""

import pytest
from playwright.async_api import expect

from tests.test_browser import Room, looked_at, room

__all__ = ["room"]

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_a_reader_in_santiago_sees_their_hour_beside_madrids(room: Room) -> None:
    """On the debate's page and on the board; another day is named with the hour."""
    room.evening.plan(opened=False)
    when = "jueves 14 de enero de 2027, 19:00 (Europe/Madrid)"
    for path in ("", "/"):
        page = await room.page(path, timezone="America/Santiago")
        await expect(page.get_by_text(f"{when} · en tu hora: 15:00")).to_be_visible()
        assert await looked_at(page) == []
    far = await room.page("", timezone="Pacific/Auckland")
    await expect(far.get_by_text(f"{when} · en tu hora: viernes, 15 de enero, 07:00")).to_be_visible()


async def test_where_it_is_the_same_hour_nothing_is_said_twice(room: Room) -> None:
    """In Madrid, and without a script."""
    room.evening.plan(opened=False)
    for page in (await room.page(""), await room.page("", script=False, timezone="America/Santiago")):
        await expect(page.get_by_text("jueves 14 de enero de 2027, 19:00 (Europe/Madrid)").first).to_be_visible()
        assert await page.get_by_text("en tu hora").count() == 0


async def test_a_moderator_moves_a_debate_and_subscribes(room: Room) -> None:
    """From the debate's page to the form and back; the calendar's address can be copied."""
    room.evening.plan(opened=False)
    elena = await room.page(f"/entrar/{room.evening.link()}")
    await elena.get_by_label("Tu nombre").fill("Elena Alfaro")
    await elena.get_by_role("button", name="Entrar a moderar").click()
    await elena.goto(f"{room.url}/d/{room.evening.slug}")
    await elena.get_by_text("Suscribirte a todos los debates").click()
    await expect(elena.get_by_label("O pega esta dirección")).to_have_value(f"{room.evening.house.url}/calendar.ics")
    await elena.get_by_role("link", name="Cambiarlo, moverlo o repetirlo").click()
    assert await looked_at(elena) == []
    await elena.locator("#move-starts").fill("2027-01-21T20:30")
    await elena.get_by_role("button", name="Mover", exact=True).click()
    await expect(elena.get_by_text("jueves 21 de enero de 2027, 20:30 (Europe/Madrid)").first).to_be_visible()
    assert room.faults == []
