"""A debate that is on X, too, in a real browser: the buttons that open one's own composer, and the moderators' tray.

X itself is never reached: whatever a page opens there is answered here, and its address is kept.
"""

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, Route, expect

from tests.room_evening import served
from tests.test_browser import PHONE, Room, axe, enter, join, picture
from tests.test_tray import OnX

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


class Held:
    """A debate in the room and on X, served; the first question is out and stands there."""

    def __init__(self, x: OnX, room: Room) -> None:
        """Nobody has opened anything on X."""
        self.x = x
        self.room = room
        self.opened: list[str] = []

    async def page(self, path: str = "", **options: object) -> Page:
        """A new person's browser, in which X is ours."""
        page = await self.room.page(path, **options)  # type: ignore[arg-type]  # passed on as they came
        await self.guard(page)
        return page

    async def guard(self, page: Page) -> None:
        """What the page opens on X does not leave this machine."""
        await page.context.route("https://x.com/**", self._on_x)

    async def tap(self, page: Page, label: str) -> dict[str, str]:
        """The link opened a page of its own on X; returns what the composer there would begin with."""
        async with page.context.expect_page() as opening:
            await page.get_by_role("link", name=label).first.click()
        tab = await opening.value
        await tab.wait_for_load_state()
        assert (await tab.evaluate("window.opener"), tab.url != page.url) == (None, True)
        await tab.close()
        return {name: values[0] for name, values in parse_qs(urlsplit(self.opened[-1]).query).items()}

    async def _on_x(self, route: Route) -> None:
        self.opened.append(route.request.url)
        assert "referer" not in route.request.headers
        await route.fulfill(status=200, content_type="text/html", body="<title>X</title>")


@pytest_asyncio.fixture(loop_scope="session")
async def held(browser: Browser, tmp_path: Path) -> AsyncIterator[Held]:
    """A debate in two places, its clock running."""
    x = OnX(tmp_path, asked=1, live=True)
    async with served(x.evening.app) as url:
        room = Room(x.evening, browser, url)
        yield Held(x, room)
        await room.close()
    x.evening.stop()


async def test_new_question_arrives_with_its_button_live(held: Held) -> None:
    """P2 comes while the page is open: first by its label alone, then, once X has it, below its post. axe clean."""
    page, phone = await held.page(), await held.page(size=PHONE)
    await join(page, "Ana")
    assert await held.tap(page, "Responder a P1 en X") == {"text": "R1  #MeetAlfaro", "in_reply_to": "1000000001"}
    held.x.ask(lands=False)
    heading = page.locator("#q2").get_by_role("link", name="Responder a P2 en X")
    await expect(heading).to_have_attribute("href", "https://x.com/intent/post?text=R2%20%20%23MeetAlfaro")
    await heading.focus()
    held.x.land()
    await expect(heading).to_have_attribute(
        "href", "https://x.com/intent/post?text=R2%20%20%23MeetAlfaro&in_reply_to=1000000002"
    )
    await expect(heading).to_be_focused()
    assert await held.tap(page, "Responder a P2 en X") == {"text": "R2  #MeetAlfaro", "in_reply_to": "1000000002"}
    assert await held.tap(phone, "Escribir en X") == {"text": "#MeetAlfaro "}
    assert [await axe(page), await axe(phone), held.room.faults] == [[], [], []]
    await picture(page, "x-debate.png")
    await picture(phone, "x-phone.png")


async def test_buttons_work_without_a_script(held: Held) -> None:
    """Scripts switched off: on the board and in the debate each is a link like any other."""
    page = await held.page("/", script=False)
    assert await held.tap(page, "Responder a P1 en X") == {"text": "R1  #MeetAlfaro", "in_reply_to": "1000000001"}
    await picture(page, "x-board.png")
    await page.get_by_role("link", name="Entrar al debate").click()
    assert await held.tap(page, "Escribir en X") == {"text": "#MeetAlfaro "}


async def test_buttons_go_when_the_hour_is_over(held: Held) -> None:
    """A page that was open all the time shows them no more: nobody listens on X now."""
    page = await held.page()
    await expect(page.locator("#q1").get_by_role("link", name="Responder a P1 en X")).to_be_visible()
    held.x.close()
    held.x.end()
    await expect(page.locator("#now")).to_have_class("now closed")
    await expect(page.locator("#q1").get_by_role("link", name="Responder a P1 en X")).to_be_hidden()


async def test_moderator_sends_what_waits_in_the_tray(held: Held) -> None:
    """One tap opens Ana's welcome in Elena's own composer, one more puts it away; undone, it waits again. axe clean."""
    ana = held.x.says("Ana", "R1 Alguien que haya pasado tiempo al teléfono con clientes", to="1000000001")
    held.x.says("Luis", "Eso no se aprende en un máster", to=ana, thread="1000000001")
    elena = await enter(held.room)
    await held.guard(elena)
    await elena.get_by_role("link", name="Borradores para enviar desde tu cuenta de X").click()
    first = elena.locator("#tray li").first
    await expect(first).to_contain_text("¡Hola, Ana!")
    sent = await held.tap(elena, "Abrir en X")
    assert (sent["in_reply_to"], sent["text"].startswith("¡Hola, Ana! He leído lo de «Alguien que haya")) == (ana, True)
    found = [await axe(elena)]
    await first.get_by_role("button", name="Hecho").click()
    await expect(elena.get_by_role("status")).to_be_focused()
    await expect(first).to_contain_text("¡Hola, Luis!")
    found.append(await axe(elena))
    await elena.get_by_role("status").get_by_role("button", name="Deshacer").click()
    await expect(first).to_contain_text("¡Hola, Ana!")
    assert (found, held.room.faults) == ([[], []], [])
    await picture(elena, "x-tray.png")


async def test_tray_is_looked_after_while_it_is_open(held: Held) -> None:
    """Somebody writes on X: the page shows it within its turn, and the hands of who uses it stay where they are."""
    elena = await enter(held.room)
    await elena.clock.install()
    await elena.goto(f"{held.room.url}/d/{held.x.evening.slug}/drafts")
    follow = elena.get_by_role("region", name="Seguir la conversación").get_by_role("link")
    await follow.focus()
    held.x.says("Ana", "R1 Que sepa escuchar", to="1000000001")
    await elena.clock.fast_forward(21_000)
    await expect(elena.locator("#tray li").first).to_contain_text("¡Hola, Ana!")
    await expect(follow).to_be_focused()


@pytest.mark.parametrize("dark", ["", "yes"])
async def test_board_and_tray_are_clean_by_day_and_night(held: Held, dark: str) -> None:
    """axe-core finds nothing, in both colour schemes."""
    held.x.says("Ana", "R1 Que sepa escuchar", to="1000000001")
    board = await held.page("/", dark=dark)
    elena = await held.page(f"/entrar/{held.x.evening.link()}", dark=dark)
    await elena.get_by_label("Tu nombre").fill("Elena Alfaro")
    await elena.get_by_role("button", name="Entrar a moderar").click()
    found = [await axe(board)]
    for path in ("", "/drafts"):
        await elena.goto(f"{held.room.url}/d/{held.x.evening.slug}{path}")
        found.append(await axe(elena))
        await picture(elena, f"x-night{path.replace('/', '-')}.png" if dark else f"x-day{path.replace('/', '-')}.png")
    assert found == [[], [], []]
