"""A debate held by three people in three pages of a real browser, one of them a phone; axe-core finds nothing.

With ``TERTULIA_SCREENSHOTS=folder`` the pictures of the README are taken on the way.
"""

import asyncio
import os
import re
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, expect

from bot.actions import ask, guests, plan
from bot.debatefile import DebateFile
from bot.guest import Invited
from bot.ports import OPERATOR, Actor, Reacted
from bot.ports import Platform as Where
from bot.store import debates
from handlers.room import composer, limits

from tests.room_evening import QUESTIONS, Evening, hear, served, slack_said

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
AXE = Path(__file__).parent / "vendor" / "axe.min.js"
# All that axe-core knows of a page takes a second to bring over here, what is wrong with it nothing.
FAULTS = """;
axe.run(document, {resultTypes: ["violations"]}).then(
  found => found.violations.map(one => `${one.id}: ${one.nodes.map(node => node.target)}`))
"""
DESK = {"width": 1280, "height": 860}
PHONE = {"width": 390, "height": 844}
# A busy machine is waited for.
PATIENCE_MS = 20_000
expect.set_options(timeout=PATIENCE_MS)
# Each is what somebody of a channel says while the three talk in the room.
CHANNEL = (
    ("Marta Ríos", "Alguien que haya pasado tiempo al teléfono con clientes. Eso no se aprende en un máster.", 20),
    ("Jon Etxea", "R1 Mano izquierda: casi todo lo que cambia depende de equipos que no son suyos.", 45),
    ("Paula Neira", "Datos y oído. Con uno solo no basta.", 70),
)  # fmt: skip


class Room:
    """A served room, and the browsers that look at it."""

    def __init__(self, evening: Evening, browser: Browser, url: str) -> None:
        """Nobody looks yet."""
        self.evening = evening
        self.url = url
        self.faults: list[str] = []
        self._browser = browser
        self._contexts: list[BrowserContext] = []

    async def page(self, path: str = "", *, size: dict[str, int] = DESK, script: bool = True, **options: str) -> Page:
        """A new person's browser at a page."""
        context = await self._browser.new_context(
            viewport={"width": size["width"], "height": size["height"]}, locale="es-ES", java_script_enabled=script,
            color_scheme="dark" if options.get("dark") else "light", device_scale_factor=1,
            timezone_id=options.get("timezone", "Europe/Madrid"),
        )  # fmt: skip
        self._contexts.append(context)
        page = await context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", lambda message: self.faults.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        await page.goto(self.url + (path or f"/d/{self.evening.slug}"))
        return page

    async def close(self) -> None:
        """All browsers are closed."""
        for context in self._contexts:
            await context.close()


@pytest_asyncio.fixture(loop_scope="session")
async def room(browser: Browser, tmp_path: Path) -> AsyncIterator[Room]:
    """A room at an hour that runs, with a debate whose first question is out."""

    async def rehearse() -> str:
        return evening.slug

    evening = Evening(tmp_path, live=True, start_rehearsal=rehearse)
    async with served(evening.app) as url:
        made = Room(evening, browser, url)
        yield made
        await made.close()
    evening.stop()


async def join(page: Page, name: str) -> None:
    """The person is in the room."""
    await page.get_by_label("¿Cómo te llamas?").fill(name)
    await page.get_by_role("button", name="Entrar", exact=True).click()
    await expect(page.get_by_label("Tu respuesta", exact=True)).to_be_visible()


async def say(page: Page, text: str) -> None:
    """The person has sent an answer."""
    await page.get_by_label("Tu respuesta", exact=True).fill(text)
    await page.keyboard.press("Control+Enter")


async def enter(room: Room, *, name: str = "Elena Alfaro") -> Page:
    """A moderator's page, entered by a link."""
    page = await room.page(f"/entrar/{room.evening.link()}")
    await page.get_by_label("Tu nombre").fill(name)
    await page.get_by_role("button", name="Entrar a moderar").click()
    await page.goto(f"{room.url}/d/{room.evening.slug}")
    return page


async def axe(page: Page) -> list[str]:
    """What axe-core finds wrong, each with its place."""
    found: list[str] = await page.evaluate(AXE.read_text(encoding="utf-8") + FAULTS)
    return found


async def picture(page: Page, name: str) -> None:
    """A picture of the page, where somebody wants pictures."""
    folder = os.environ.get("TERTULIA_SCREENSHOTS", "")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        await asyncio.sleep(0.4)
        await page.screenshot(path=str(Path(folder) / name))


async def channel(room: Room) -> None:
    """What the channel says meanwhile, with some hands up."""
    evening = room.evening
    began = evening.clock()
    said = [slack_said(text, name=name, at=began + timedelta(seconds=seconds)) for name, text, seconds in CHANNEL]
    await hear(evening, said)
    hands = [("+1", 5), ("heart", 2)]
    await hear(
        evening,
        [
            Reacted(Where.SLACK, said[0].place, said[0].id, name, f"U{number}", began)
            for name, count in hands
            for number in range(count)
        ],
    )


async def test_debate_of_three_people_in_three_pages(room: Room) -> None:
    """Ana on a desk, Luis on a phone, Elena moderating: each sees what the others do, as they do it."""
    room.evening.plan(title="¿Quién es el Chief Customer Experience Officer?", asked=1)
    ana, luis, elena = await room.page(), await room.page(size=PHONE), await enter(room)
    await join(ana, "Ana Beltrán")
    await join(luis, "Luis Prieto")
    await say(ana, "Alguien que sepa escuchar y que además sepa leer una cuenta de resultados.")
    for page in (ana, luis, elena):
        await expect(page.locator("#q1 .entry .said").last).to_contain_text("sepa escuchar")
    await expect(ana.get_by_label("Tu respuesta", exact=True)).to_be_focused()
    await expect(ana.get_by_label("Tu respuesta", exact=True)).to_have_value("")
    await channel(room)
    await _reply_and_react(ana, luis)
    room.evening.now += timedelta(minutes=4)
    await _propose_and_ask(ana, luis, elena)
    await expect(elena.locator("#stream .reply .said")).to_have_text("De acuerdo, y que se pueda medir.")
    assert [await axe(page) for page in (ana, luis, elena)] == [[], [], []]
    assert room.faults == []
    await _pictures(ana, luis, elena)


async def _reply_and_react(ana: Page, luis: Page) -> None:
    """Luis answers Ana and likes what Marta said in the channel; Ana sees both."""
    await luis.locator("article", has_text="sepa escuchar").get_by_role("link", name="Responder").click()
    await expect(luis.get_by_text("Respondes a Ana Beltrán")).to_be_visible()
    await say(luis, "De acuerdo, y que se pueda medir.")
    await expect(ana.locator("article.reply")).to_contain_text("se pueda medir")
    liked = luis.locator("article", has_text="al teléfono")
    await liked.get_by_role("button", name="+1").click()
    await expect(liked.get_by_role("button", name="+1")).to_have_attribute("aria-pressed", "true")
    seen = ana.locator("article", has_text="al teléfono").get_by_role("button", name="+1")
    await expect(seen).to_contain_text("6")
    await expect(seen).to_have_attribute("aria-pressed", "false")


async def _propose_and_ask(ana: Page, luis: Page, elena: Page) -> None:
    """Luis proposes a question, Ana votes for it, Elena makes it the next one; what Ana was writing stays hers."""
    await luis.get_by_label("Propón una pregunta").fill("¿Y en una pyme, quién hace ese papel?")
    await luis.get_by_role("button", name="Proponer").click()
    await expect(luis.get_by_label("Propón una pregunta")).to_have_value("")
    vote = ana.locator("#proposals li", has_text="pyme").get_by_role("button")
    await vote.click()
    await expect(vote).to_contain_text("2")
    await expect(vote).to_have_attribute("aria-pressed", "true")
    await expect(elena.locator("#whispers")).to_contain_text("Nueva pregunta de Luis Prieto")
    await elena.get_by_role("button", name="La siguiente").click()
    await expect(luis.locator("#personal")).to_contain_text("está aprobada")
    await ana.get_by_label("Tu respuesta", exact=True).fill("Todavía pensando en la primera")
    await elena.get_by_role("button", name="Siguiente pregunta").click()
    for page in (ana, luis, elena):
        await expect(page.locator("#now-title")).to_contain_text("P2 ¿Y en una pyme")
    await expect(ana.get_by_label("Para la")).to_have_value("1")


async def _pictures(ana: Page, luis: Page, elena: Page) -> None:
    await ana.get_by_label("Tu respuesta", exact=True).fill("")
    for page, name in ((ana, "debate.png"), (luis, "phone.png"), (elena, "moderator.png")):
        await page.evaluate("document.activeElement.blur(); window.scrollTo(0, document.body.scrollHeight / 3)")
        await picture(page, name)


async def test_new_question_arrives_and_what_is_being_written_stays(room: Room) -> None:
    """The empty box turns to the new question; a box with text keeps the question it was begun for."""
    room.evening.plan(asked=0)
    idle, busy, elena = await room.page(), await room.page(), await enter(room)
    await join(idle, "Ana")
    await join(busy, "Luis")
    await elena.get_by_role("button", name="Siguiente pregunta").click()
    for page in (idle, busy):
        await expect(page.locator("#now-title")).to_contain_text("P1")
        await expect(page.get_by_label("Para la")).to_have_value("1")
    await busy.get_by_label("Tu respuesta", exact=True).fill("A medias")
    room.evening.now += timedelta(minutes=3)
    await elena.get_by_role("button", name="Siguiente pregunta").click()
    for page, chosen in ((idle, "2"), (busy, "1")):
        await expect(page.locator("#now-title")).to_contain_text("P2")
        await expect(page.get_by_label("Para la")).to_have_value(chosen)
    await expect(busy.get_by_label("Tu respuesta", exact=True)).to_have_value("A medias")
    assert room.faults == []


async def test_page_catches_up_after_the_line_was_cut(room: Room) -> None:
    """What was said while a page was cut off is there once it is back, and once only."""
    room.evening.plan(asked=1)
    page = await room.page()
    await join(page, "Ana")
    await page.context.set_offline(True)
    room.evening.app.state.hub.close()
    await hear(room.evening, [slack_said("Dicho entretanto", name="Marta", at=room.evening.clock())])
    room.evening.app.state.hub.start()
    await page.context.set_offline(False)
    await expect(page.locator("article", has_text="Dicho entretanto")).to_have_count(1)


async def test_answer_that_could_not_be_sent_stays_in_the_box_and_its_person_is_told(room: Room) -> None:
    """Whatever the box said before; once the line is back the same text goes out, and the word of trouble with it."""
    room.evening.plan(asked=1)
    page = await room.page()
    await join(page, "Ana")
    await say(page, "   ")
    await expect(page.locator("#composer .problem")).to_contain_text("No has escrito nada")
    await page.context.set_offline(True)
    await say(page, "A medio camino")
    await expect(page.locator("#composer .problem")).to_contain_text("No se ha podido enviar")
    await expect(page.locator("#composer .problem")).to_have_count(1)
    await expect(page.get_by_label("Tu respuesta", exact=True)).to_have_value("A medio camino")
    await page.context.set_offline(False)
    await page.keyboard.press("Control+Enter")
    await expect(page.locator("article", has_text="A medio camino")).to_have_count(1)
    await expect(page.locator("#composer .problem")).to_have_count(0)


async def test_refusal_keeps_the_text_in_the_box(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a script, too: the seventh message at once stays where it was written."""
    monkeypatch.setattr(composer, "MEMBER", limits.Rate(limits.MEMBER.burst, every=600.0))  # on a slow machine, too
    room.evening.plan(asked=1)
    page = await room.page()
    await join(page, "Ana")
    for number in range(limits.MEMBER.burst):
        await say(page, f"Punto {number}")
        await expect(page.locator("article", has_text=f"Punto {number}")).to_be_visible()
        await expect(page.get_by_label("Tu respuesta", exact=True)).to_have_value("")
    await say(page, "Uno de más")
    await expect(page.locator("#composer .problem")).to_contain_text("Vas muy deprisa")
    await expect(page.get_by_label("Tu respuesta", exact=True)).to_have_value("Uno de más")


async def test_debate_without_a_script(room: Room) -> None:
    """Scripts switched off: a name, an answer, a reply, a vote, and the clock in minutes."""
    room.evening.plan(asked=1)
    page = await room.page(script=False, size=PHONE)
    await join(page, "Ana")
    await page.get_by_label("Tu respuesta", exact=True).fill("Sin guion ni programa")
    await page.get_by_role("button", name="Enviar").click()
    await page.locator("article", has_text="Sin guion").get_by_role("link", name="Responder").click()
    await expect(page.get_by_text("Respondes a Ana")).to_be_visible()
    await page.get_by_label("Tu respuesta", exact=True).fill("Y me respondo")
    await page.get_by_role("button", name="Enviar").click()
    await expect(page.locator("article.reply")).to_contain_text("Y me respondo")
    assert re.search(r"\d+ min", await page.locator("#now .clocks").inner_text())


async def test_keyboard_alone_is_enough(room: Room) -> None:
    """From the top of the page: skip to the box, write, send; and back in it for the next."""
    room.evening.plan(asked=1)
    page = await room.page()
    await join(page, "Ana")
    await page.reload()
    await page.keyboard.press("Tab")
    await expect(page.get_by_text("Saltar a escribir")).to_be_focused()
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    await expect(page.get_by_label("Tu respuesta", exact=True)).to_be_focused()
    await page.keyboard.type("Solo con teclas")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator("article", has_text="Solo con teclas")).to_be_visible()
    await expect(page.get_by_label("Tu respuesta", exact=True)).to_be_focused()


async def test_board_is_clean_empty_and_full_by_day_and_night(room: Room) -> None:
    """axe-core finds nothing on the board, the forms and the debate, in both colour schemes."""
    found = [await axe(await room.page("/"))]
    room.evening.plan(title="¿Quién es el Chief Customer Experience Officer?", asked=1)
    await _propose_some(room)
    for dark in ("", "yes"):
        for path in ("/", "/entrar", f"/d/{room.evening.slug}", f"/entrar/{room.evening.link()}", "/nada"):
            page = await room.page(path, dark=dark)
            found.append(await axe(page))
    elena = await enter(room)
    await elena.goto(room.url + "/programar")
    found.append(await axe(elena))
    assert found == [[]] * 12
    await _board_picture(room)


async def test_a_year_is_planned_on_a_phone_and_its_peaks_are_seen_by_day_and_night(room: Room) -> None:
    """The form, the preview and the picture, with scripts and without: axe-core finds nothing, nothing sticks out."""
    found: list[list[str]] = []
    elena = await room.page(f"/entrar/{room.evening.link()}", size=PHONE, script=True)
    await elena.get_by_label("Tu nombre").fill("Elena Alfaro")
    await elena.get_by_role("button", name="Entrar a moderar").click()
    await elena.get_by_role("link", name="El año", exact=True).click()
    await elena.get_by_role("link", name="2028").click()
    await elena.get_by_role("link", name="Planificar 2028").click()
    found.append(await looked_at(elena))
    await elena.get_by_label("Los demás meses").select_option("monthly")
    await elena.get_by_role("button", name="Ver las fechas").click()
    await expect(elena.get_by_text("nuevo: 16")).to_be_visible()
    # The yes stands below the last date, and is in sight from the first one on.
    await expect(elena.get_by_role("button", name="Sí, guardar estas fechas")).to_be_in_viewport()
    found.append(await looked_at(elena))
    await picture(elena, "season-phone.png")
    await elena.get_by_role("button", name="Sí, guardar estas fechas").click()
    await expect(elena.get_by_text("Fechas cambiadas: 16")).to_be_visible()
    for dark in ("", "yes"):
        found.append(await looked_at(await room.page("/temporadas?year=2028", size=PHONE, dark=dark)))
    page = await room.page("/temporadas?year=2028", script=False)
    assert found == [[]] * 4
    peak = page.locator("tr", has_text="Enero").locator("td.heat3")
    assert [(await one.inner_text()).split()[0] for one in await peak.all()] == ["13", "20", "27"]
    await picture(page, "year.png")
    await peak.first.get_by_role("link").click()
    await expect(page.get_by_role("heading", name="Formarse en CX: ¿qué buscas de verdad?")).to_be_visible()


async def looked_at(page: Page) -> list[str]:
    """What axe-core finds, and what is wider than the screen."""
    wide = await page.evaluate("document.documentElement.scrollWidth > innerWidth")
    return [*await axe(page), *(["wider than the screen"] if wide else [])]


async def _propose_some(room: Room) -> None:
    for name, text in (("Eva", "¿Cuánto debería cobrar?"), ("Iker", "¿Hace falta el cargo?")):
        await room.evening.writer.do(
            lambda tx, name=name, text=text: ask.propose(  # type: ignore[misc]  # mypy cannot infer such a lambda
                tx, debates.get(tx, room.evening.slug), text, asker=Actor(f"slack:{name}", name),
                now=room.evening.clock(),
            )
        )  # fmt: skip
    await channel(room)


async def _board_picture(room: Room) -> None:
    from datetime import datetime

    from bot.actions import plan
    from bot.ports import OPERATOR

    from tests.room_evening import ready_made

    coming = (("formarse-en-cx", 28), ("pensar-desde-el-cliente", 21))
    for name, day in coming:
        file = ready_made(name).starting(datetime(2027, 1, day, 19, 0), "Europe/Madrid")  # noqa: DTZ001
        await room.evening.writer.do(
            lambda tx, file=file: (
                plan.add(  # type: ignore[misc]  # mypy cannot infer such a lambda
                    tx, file, house=room.evening.house, actor=OPERATOR, now=room.evening.clock()
                ).id
            )
        )
    await picture(await room.page("/"), "board.png")


# --- a guest ---------------------------------------------------------------------------------------------------------


async def invited(room: Room) -> str:
    """A debate in twelve days has a guest; the path of a link to their page."""
    evening = room.evening
    evening.now -= timedelta(days=12)
    house = evening.house
    file = DebateFile(
        title="¿Quién es el Chief Customer Experience Officer?", questions=QUESTIONS, timezone="Europe/Madrid",
        starts=datetime(2027, 1, 14, 19, 0), host="Elena Alfaro", hashtag="MeetAlfaro",  # noqa: DTZ001
        guests=(Invited("Bruno Salas"),),
    )  # fmt: skip
    now = evening.clock()
    evening.slug = evening.store.write(lambda tx: plan.add(tx, file, house=house, actor=OPERATOR, now=now).slug)
    secret = evening.store.write(lambda tx: guests.make_link(tx, 1, actor=OPERATOR, now=now))
    return f"/invitado/1/{secret}"


async def test_a_guest_prepares_on_a_phone(room: Room) -> None:
    """In by the link; what is saved says when; what was not saved outlives the page; nothing is cut at 390 px."""
    phone = await room.page(await invited(room), size=PHONE)
    await phone.get_by_role("button", name="Abrir mi página").click()
    first, second = phone.locator(".answer-to").nth(0), phone.locator(".answer-to").nth(1)
    await first.get_by_role("textbox").fill("Alguien que haya escuchado a clientes\nantes de mandar.")
    await first.get_by_role("button", name="Guardar").click()
    await expect(first.locator(".hint").first).to_contain_text("Guardado a las")
    await second.get_by_role("textbox").fill("Esto no llegué a guardarlo.")

    await phone.reload()

    await expect(first.get_by_role("textbox")).to_have_value("Alguien que haya escuchado a clientes\nantes de mandar.")
    await expect(second.get_by_role("textbox")).to_have_value("Esto no llegué a guardarlo.")
    await expect(second.locator(".unsaved")).to_be_visible()
    await expect(first.locator(".unsaved")).to_be_hidden()
    assert await phone.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert await axe(phone) == []
    await second.get_by_role("button", name="Guardar").click()
    await expect(second.locator(".hint").first).to_contain_text("Guardado a las")
    await phone.reload()
    await expect(second.locator(".unsaved")).to_be_hidden()
    await expect(second.get_by_role("textbox")).to_have_value("Esto no llegué a guardarlo.")
    assert room.faults == []
    await picture(phone, "guest-phone.png")


async def test_a_moderator_sees_the_guests(room: Room) -> None:
    """What they prepared, their framing to approve, and a link that is shown once; without a script, too."""
    link = await invited(room)
    guest = await room.page(link, script=False)
    await guest.get_by_role("button", name="Abrir mi página").click()
    await guest.get_by_label("Texto de presentación").fill("Nadie nace sabiendo qué hace un CXO.")
    await guest.locator(".answer-to").nth(0).get_by_role("textbox").fill("Alguien que escuche.")
    await guest.locator("#a0").get_by_role("button", name="Guardar").click()
    await expect(guest.locator("#a0 .hint").nth(1)).to_contain_text("Guardado a las")
    elena = await enter(room)
    await elena.get_by_role("link", name="Personas invitadas").click()
    await elena.get_by_text("Lo que ha preparado").click()
    await expect(elena.get_by_text("Alguien que escuche.")).to_be_visible()
    await elena.get_by_role("button", name="Dar el visto bueno").click()
    await expect(elena.get_by_text("Con visto bueno: sale a su hora.")).to_be_visible()
    await elena.get_by_role("button", name="Sacar un enlace").click()
    await expect(elena.locator(".secret")).to_contain_text("/invitado/1/")
    assert await axe(elena) == []
    assert room.faults == []
    await picture(elena, "guests.png")
    await picture(guest, "guest-desk.png")
