"""The exported page in a real browser, from a file and without a network: it reads, it filters, it prints."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.test_browser import axe
from tests.test_exports import written

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser: Browser, tmp_path: Path) -> AsyncIterator[Page]:
    """The golden debate's page, open in Chromium; whatever the page may not do fails the test."""
    file = tmp_path / "debate.html"
    file.write_bytes(written("html"))
    complaints: list[str] = []
    context = await browser.new_context(locale="es-ES", offline=True)
    opened = await context.new_page()
    opened.on("console", lambda message: complaints.append(message.text))
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("dialog", lambda dialog: complaints.append(dialog.message))
    await opened.goto(file.as_uri())
    yield opened
    await context.close()
    assert complaints == []


async def shown(page: Page) -> list[str]:
    """The anchors of the messages that are not filtered away."""
    anchors = await page.eval_on_selector_all("article:not([hidden])", "found => found.map(one => one.id)")
    return [str(anchor) for anchor in anchors]


async def test_page_filters_by_words_and_person(page: Page) -> None:
    """Accents and case do not matter, both boxes count, what is left is told, and emptied boxes show all again."""
    words, who = page.get_by_label("Buscar en los mensajes"), page.get_by_label("Persona")
    await words.fill("CODIGO")
    await expect(page.get_by_role("status")).to_have_text("1 mensaje")
    assert await shown(page) == ["m6"]
    assert await page.locator("#p2").is_hidden()
    await words.fill("r1")
    await who.fill("elena")
    await expect(page.locator("#m6")).to_be_hidden()
    assert await shown(page) == ["m2"]
    await words.fill("nadie dijo esto")
    await expect(page.get_by_role("status")).to_have_text("0 mensajes")
    await words.fill("")
    await who.fill("")
    await expect(page.get_by_role("status")).to_have_text("")
    assert len(await shown(page)) == 12
    assert await page.locator("#p3").is_visible()


async def test_page_link_to_a_filtered_message_shows_it(page: Page) -> None:
    """Who follows a link within the page arrives, whatever the filter says."""
    await page.get_by_label("Buscar en los mensajes").fill("código")
    await expect(page.locator("#m8")).to_be_hidden()
    await page.evaluate("location.hash = '#m8'")
    await expect(page.locator("#m8")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_page_is_accessible(page: Page, scheme: str) -> None:
    """Axe finds nothing, by day and by night, on a phone."""
    await page.set_viewport_size({"width": 390, "height": 800})
    await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    assert await axe(page) == []
    wide = await page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    assert wide is False


async def test_page_on_paper_has_no_filter(page: Page) -> None:
    """The printed page has the messages and the addresses, and no box to type in."""
    await page.emulate_media(media="print")
    assert await page.locator(".filter").is_hidden()
    assert await page.locator("#m6").is_visible()
