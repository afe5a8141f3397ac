"""Who comes and who wants to be reminded, as Slack sees it: three answers, one button for a reminder, a form for more.

Each press says what it wants, so that pressed twice it does the same; what it came to is told to the person alone.
"""

from collections.abc import Mapping
from typing import Any

from bot import errors, invitation
from bot.actions import attendance, reminders
from bot.debate import Phase
from bot.invitation import Answer
from bot.ports import Actor
from bot.store import debates, people
from bot.store.engine import Tx
from bot.tables import Debate
from handlers.slack import modal
from handlers.slack.blocks import Block, Page
from handlers.slack.desk import Caller, Desk, Json
from handlers.slack.invitations import ALL, REMINDERS, Invited, chosen_page, form, told

# --- answering the invitation ----------------------------------------------------------------------------------------


async def answer(desk: Desk, caller: Caller, value: str, wanted: Answer | None) -> Page:
    """The caller's answer is the wanted one (None: taken back); what to tell them. Raises Refusal."""
    now = desk.now()

    def action(tx: Tx) -> Page:
        debate = _debate(tx, value)
        attendance.answer(tx, debate, wanted, actor=Actor(caller.who, caller.name), now=now)
        return told(caller.say, debate, invited(tx, debate, caller))

    return await desk.writer.do(action)


async def typed(desk: Desk, caller: Caller, text: str) -> Page:
    """What ``/tertulia voy [quizá/no] [DEBATE]`` asks for is done; what to tell the caller. Raises Refusal."""
    wanted, name = invitation.reply(text)
    value = await desk.read(lambda tx: str(_meant(tx, caller, name).id))
    return await answer(desk, caller, value, wanted)


def invited(tx: Tx, debate: Debate, caller: Caller) -> Invited:
    """The debate as the caller sees it now."""
    actor = Actor(caller.who)
    mine = attendance.mine(tx, actor).get(debates.ident(debate))
    return Invited(attendance.counts(tx, debate), mine, reminders.chosen(tx, caller.who, debate))


# --- reminders -------------------------------------------------------------------------------------------------------


async def remind(desk: Desk, caller: Caller, value: str) -> Page:
    """The caller is reminded of the debate as the house usually does; one who asked otherwise keeps that."""
    now = desk.now()

    def action(tx: Tx) -> Page:
        debate = _debate(tx, value)
        actor = Actor(caller.who, caller.name)
        before = reminders.chosen(tx, caller.who, debate)
        said_no = attendance.mine(tx, actor).get(debates.ident(debate)) is Answer.NO
        if not before.ahead or said_no:
            wanted = before.ahead or invitation.DEFAULT
            reminders.choose(tx, wanted, debate=debate, actor=actor, now=now)
        return chosen_page(caller.say, reminders.chosen(tx, caller.who, debate), debate)

    return await desk.writer.do(action)


async def remind_off(desk: Desk, caller: Caller, value: str) -> Page:
    """The caller is not reminded of the debate, or (``ALL``) of any."""
    return await _choose(desk, caller, (), None if value == ALL else value)


async def typed_wish(desk: Desk, caller: Caller, text: str) -> Page:
    """What ``/tertulia recordar [30m/no] [este/debate N]`` asks for is done; alone it tells how things are."""
    lead, name = invitation.wish(text)
    value = None if name is None else await desk.read(lambda tx: str(_meant(tx, caller, name or "").id))
    if not lead and value is None:
        return await desk.read(lambda tx: chosen_page(caller.say, reminders.chosen(tx, caller.who), None))
    return await _choose(desk, caller, invitation.ahead(lead), value)


async def _choose(desk: Desk, caller: Caller, ahead: tuple[int, ...], value: str | None, where: str = "") -> Page:
    now = desk.now()

    def action(tx: Tx) -> Page:
        debate = _debate(tx, value) if value is not None else None
        actor = Actor(caller.who, caller.name)
        chosen = reminders.choose(tx, ahead, debate=debate, actor=actor, now=now, where=where)
        return chosen_page(caller.say, chosen, debate)

    return await desk.writer.do(action)


# --- the form --------------------------------------------------------------------------------------------------------


async def open_form(desk: Desk, caller: Caller, value: str) -> None:
    """The form for reminders, of a debate or of all, is before the caller, as they have them now."""

    def reading(tx: Tx) -> Block:
        debate = _debate(tx, value) if value != ALL else None
        keep = modal.keep(caller, debate=str(debate.id) if debate is not None else ALL)
        return form(caller.say, reminders.chosen(tx, caller.who, debate), debate, _ways(tx, caller), keep)

    await modal.open_view(desk, caller, await desk.read(reading), again=REMINDERS, value=value)


async def form_sent(desk: Desk, caller: Caller, view: Json, ack: modal.Ack) -> None:
    """The person is reminded as they ticked, and knows it, or the fault stands on its field."""
    values, value = view["state"]["values"], modal.kept_in(view).get("debate", ALL)
    await modal.finish(desk, caller, ack, "other", _form_done(desk, caller, values, value))


async def _form_done(desk: Desk, caller: Caller, values: Mapping[str, Any], value: str) -> str:
    ticked = [int(one["value"]) for one in _field(values, "ahead").get("selected_options") or ()]
    other = str(_field(values, "other").get("value") or "").strip()
    of = str((_field(values, "of").get("selected_option") or {}).get("value") or value)
    where = str((_field(values, "where").get("selected_option") or {}).get("value") or "")
    ahead = invitation.checked([*ticked, *(invitation.ahead(other) if other else ())])
    page = await _choose(desk, caller, ahead, None if of == ALL else of, where)
    return str(page.blocks[0]["text"]["text"])


def _field(values: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = (values.get(name) or {}).get(name) or {}
    return found if isinstance(found, dict) else {}


# --- what is meant ---------------------------------------------------------------------------------------------------


def _ways(tx: Tx, caller: Caller) -> list[str]:
    """The accounts of the caller in which they can be told, the one they ask from first."""
    try:
        me = people.find(tx, caller.who)
    except errors.NoSuchPerson:
        return [caller.who]
    names = [f"{one.platform}:{one.platform_id}" for one in people.identities(tx, me.person_id)]
    return [caller.who, *(one for one in names if one != caller.who and one.partition(":")[0] in reminders.WAYS)][:10]


def _meant(tx: Tx, caller: Caller, name: str) -> Debate:
    """The debate of a name, or the next to come: in the caller's channel, else anywhere. Raises ``NothingComing``."""
    if name:
        return _debate(tx, name)
    here = debates.at_place(tx, "slack", caller.channel)
    if here is not None and here.phase == Phase.SCHEDULED:
        return here
    soonest = debates.coming(tx, limit=1)
    if not soonest:
        raise errors.NothingComing
    return soonest[0]


def _debate(tx: Tx, name: str) -> Debate:
    """The debate of an id or slug; of a draft nobody was told, so it is none."""
    debate = debates.get(tx, name)
    if debate.phase == Phase.DRAFT:
        raise errors.NoSuchDebate(debate=name)
    return debate
