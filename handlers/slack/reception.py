"""Where what people do comes in: one listener for each kind of payload, routed by the tables below.

Acknowledged first, then done; whoever asks is told in private what became of it, in their own language.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import replace
from typing import Any

import structlog
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond

from bot import errors
from bot.invitation import Answer
from bot.store import debates
from handlers.slack import (
    attending,
    changing,
    commands,
    confirming,
    home,
    invitations,
    looks,
    modal,
    planning,
    polls,
    questions,
    reading,
    season,
    season_views,
    shortcuts,
)
from handlers.slack.blocks import Page
from handlers.slack.desk import Caller, Desk, Json

_ALL = re.compile(r"[\s\S]*")
# Direct messages come again when an acknowledgement is lost; these are remembered as answered.
REMEMBERED = 1_000

Do = Callable[[Desk, Caller, str], Awaitable[Page | str | None]]
"""Does what a button stands for, by its value; what it returns is shown in the place of the button's message."""


async def _approve(desk: Desk, caller: Caller, value: str) -> Page:
    return await questions.approve(desk, caller, value, first=False)


async def _first(desk: Desk, caller: Caller, value: str) -> Page:
    return await questions.approve(desk, caller, value, first=True)


async def _vote(desk: Desk, caller: Caller, value: str) -> Page:
    return await questions.vote(desk, caller, value, wanted=True)


async def _unvote(desk: Desk, caller: Caller, value: str) -> Page:
    return await questions.vote(desk, caller, value, wanted=False)


async def _new(desk: Desk, caller: Caller, _value: str) -> None:
    await modal.open_new_debate(desk, caller)


async def _ask(desk: Desk, caller: Caller, _value: str) -> None:
    await modal.open_question(desk, caller)


async def _now(desk: Desk, caller: Caller, _value: str) -> None:
    await commands.typed(desk, caller, "ahora")


async def _opened_by_slack(_desk: Desk, _caller: Caller, _value: str) -> None:
    """A link needs no answer."""


def _going(wanted: Answer | None) -> Do:
    async def press(desk: Desk, caller: Caller, value: str) -> Page:
        return await attending.answer(desk, caller, value, wanted)

    return press


BUTTONS: Mapping[str, Do] = {
    "now": _now,
    "approve": _approve,
    "first": _first,
    "decline": modal.open_reason,
    "vote": _vote,
    "unvote": _unvote,
    "page_back": questions.turn,
    "page_on": questions.turn,
    "really": commands.really,
    "new": _new,
    "new_at": planning.open_at,
    "not_that": planning.not_that,
    season_views.PLAN: season.open_for,
    **{f"{season_views.CHANGE}_{number}": season.open_change for number in range(season_views.MOST_CHANGED)},
    f"{season_views.PAGE}_back": season.turn,
    f"{season_views.PAGE}_on": season.turn,
    "ask": _ask,
    **{invitations.GOING[one]: _going(one) for one in Answer},
    invitations.NOT_SAID: _going(None),
    invitations.REMIND: attending.remind,
    invitations.REMIND_OFF: attending.remind_off,
    invitations.REMINDERS: attending.open_form,
    changing.CHANGE: changing.open_form,
    changing.CLONE: changing.open_clone,
    invitations.CALENDAR: _opened_by_slack,
    looks.POLL: polls.open_form,
    looks.CONFIRM: confirming.confirm,
}
VIEWS: Mapping[str, Callable[[Desk, Caller, Json, modal.Ack], Awaitable[None]]] = {
    "new_debate": modal.debate_sent,
    "ask": modal.question_sent,
    "decline": modal.reason_sent,
    season_views.FORM: season.form_sent,
    season_views.PREVIEW: season.plan_sent,
    invitations.REMINDERS: attending.form_sent,
    changing.CHANGE: changing.sent,
    changing.CLONE: changing.clone_sent,
    looks.POLL: polls.sent,
}
SHORTCUTS: Mapping[str, Callable[[Desk, Caller, Json], Awaitable[None]]] = {
    shortcuts.MESSAGE: shortcuts.from_message,
    shortcuts.GLOBAL: shortcuts.from_anywhere,
}
COMMANDS: Mapping[str, Callable[[Desk, Caller, str], Awaitable[None]]] = {
    commands.PREFIX.strip(): commands.typed,
    "/pregunta": commands.asked,
}


class Reception:
    """Takes what people do in Slack to the desk (the ``Listeners`` of ``app.py``)."""

    kinds: Collection[str] = frozenset({"app_home_opened", "message.im"})

    def __init__(self, desk: Desk) -> None:
        """Nothing is registered yet."""
        self.desk = desk
        self._quiet = home.Quiet()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._answered: dict[str, None] = {}

    def register(self, app: AsyncApp) -> None:
        """Four listeners are on the app: commands, presses, modals and shortcuts."""

        @app.command(_ALL)
        async def command(ack: AsyncAck, body: dict[str, Any], respond: AsyncRespond) -> None:
            await ack()
            self._begun()
            await self._typed(body, respond)

        @app.action(_ALL)
        async def press(ack: AsyncAck, body: dict[str, Any], respond: AsyncRespond) -> None:
            await ack()
            self._begun()
            await self._pressed(body, respond)

        @app.view(_ALL)
        async def sent(ack: AsyncAck, body: dict[str, Any]) -> None:
            self._begun()
            await self._sent(body, ack)

        @app.shortcut(_ALL)
        async def shortcut(ack: AsyncAck, body: dict[str, Any], respond: AsyncRespond) -> None:
            await ack()
            self._begun()
            await self._chosen(body, respond)

    async def event(self, kind: str, event: Mapping[str, Any], event_id: str) -> None:
        """The Home tab that was opened is being made, or the direct message answered."""
        if kind == "app_home_opened" and event.get("tab") == "home":
            self._start(self._opened(str(event.get("user") or "")))
        elif kind == "message.im" and _from_a_person(event) and event_id not in self._answered:
            if len(self._answered) >= REMEMBERED:
                self._answered.pop(next(iter(self._answered)))
            self._answered[event_id] = None
            self._start(self._addressed(event))

    async def drain(self) -> None:
        """What was begun is done, and who waited for an answer has it."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    # --- each kind -------------------------------------------------------------------------------------------------

    async def _typed(self, body: Json, respond: AsyncRespond) -> None:
        doing = COMMANDS.get(str(body.get("command")), commands.typed)
        caller = await self.desk.caller(
            str(body.get("user_id")), str(body.get("team_id") or ""), str(body.get("channel_id") or ""),
            trigger=str(body.get("trigger_id") or ""), respond=respond,
        )  # fmt: skip
        text, _looks = reading.read(body.get("text"), names=self.desk.names)
        await self._attempt(caller, doing(self.desk, caller, text), what=str(body.get("command")))

    async def _pressed(self, body: Json, respond: AsyncRespond) -> None:
        caller = await self._caller(body, str((body.get("channel") or {}).get("id") or ""), respond)
        caller = replace(caller, view=body.get("view"))
        pressed = (body.get("actions") or [{}])[0]
        doing = BUTTONS.get(str(pressed.get("action_id")))
        if doing is not None:  # a picker inside a form, or a button of an older version: nothing to do
            value = str(pressed.get("value") or "")
            # What everybody sees is no one's private list: it is answered below, never replaced.
            alone = bool((body.get("container") or {}).get("is_ephemeral")) or caller.channel.startswith("D")
            answering = self._answer(caller, doing, value, replace=alone)
            await self._attempt(caller, answering, what=str(pressed.get("action_id")))

    async def _answer(self, caller: Caller, doing: Do, value: str, *, replace: bool) -> None:
        shown = await doing(self.desk, caller, value)
        if shown is None:
            return
        if caller.home:
            notice = shown if isinstance(shown, str) else shown.text.partition("\n")[0]
            await self._quiet.do(caller.user, lambda: home.publish(self.desk, caller, notice=notice))
        else:
            await self.desk.reply(caller, shown, replace=replace)

    async def _sent(self, body: Json, ack: AsyncAck) -> None:
        view = body.get("view") or {}
        doing = VIEWS.get(str(view.get("callback_id")))
        if doing is None:
            await ack()
            return
        caller = await self._caller(body, modal.kept_in(view).get("channel", ""), None)
        once = modal.Once(ack)
        what = str(view.get("callback_id"))
        told = await self._attempt(caller, doing(self.desk, caller, view, once), what=what, keep=True)
        if told and not once.done:
            # The form stays open with what was written in it.
            first = next((one["block_id"] for one in view.get("blocks", ()) if one.get("type") == "input"), "")
            await once(response_action="errors", errors={first: told})
        elif told:
            await self.desk.reply(caller, told)
        await once()

    async def _chosen(self, body: Json, respond: AsyncRespond) -> None:
        doing = SHORTCUTS.get(str(body.get("callback_id")))
        caller = await self._caller(body, str((body.get("channel") or {}).get("id") or ""), respond)
        if doing is not None:
            await self._attempt(caller, doing(self.desk, caller, body), what=str(body.get("callback_id")))

    async def _opened(self, user: str) -> None:
        caller = await self.desk.caller(user, "", "")
        await self._quiet.do(user, lambda: home.publish(self.desk, caller))

    async def _addressed(self, event: Json) -> None:
        text, _looks = reading.read(event.get("text"), event.get("blocks"), names=self.desk.names)
        caller = await self.desk.caller(
            str(event["user"]), str(event.get("team") or ""), str(event.get("channel") or "")
        )
        # A whole sentence with a question mark is a question for the debate; a few words, or a date, are an order.
        question = "?" in text and len(text.split()) > 3 and not planning.means_a_date(self.desk, text)
        doing = commands.asked if question else commands.typed
        await self._attempt(caller, doing(self.desk, caller, text), what="direct message")

    # --- what all have in common -----------------------------------------------------------------------------------

    async def _caller(self, body: Json, channel: str, respond: AsyncRespond | None) -> Caller:
        user, team = body.get("user") or {}, body.get("team") or {}
        return await self.desk.caller(
            str(user.get("id") or ""), str(user.get("team_id") or team.get("id") or ""), channel,
            trigger=str(body.get("trigger_id") or ""), respond=respond,
        )  # fmt: skip

    async def _attempt(self, caller: Caller, doing: Awaitable[None], *, what: str, keep: bool = False) -> str:
        """The doing was done, or the caller knows why not; who is no member of the workspace may do nothing here.

        With ``keep`` a failure that is not the caller's is returned in place of being told.
        """
        desk, say = self.desk, caller.say
        try:
            if desk.is_member(caller):
                await doing
                return ""
            getattr(doing, "close", lambda: None)()
            sentence = say("Esto es solo para quienes son de este espacio de Slack; en los hilos sí puedes responder.")
        except errors.NotModerator as refusal:
            await self._note(caller, what)
            sentence = say.error(refusal)
        except errors.TertuliaError as error:
            sentence = say.error(error)
        except Exception:  # noqa: BLE001  (whatever broke, the person waits for an answer)
            structlog.get_logger().exception("an answer failed", what=what)
            sentence = say("Algo ha fallado por dentro. Vuelve a intentarlo en un momento.")
            if keep:
                return sentence
        await desk.reply(caller, sentence)
        return ""

    async def _note(self, caller: Caller, what: str) -> None:
        """An audit row says who tried what without the role for it."""
        now = self.desk.now()
        await self.desk.writer.do(
            lambda tx: debates.record(tx, who=caller.who, action="refused", debate_id=None, now=now, detail=what)
        )

    def _begun(self) -> None:
        """Bolt's own task, which outlives its acknowledgement, counts among what was begun."""
        task = asyncio.current_task()
        if task is not None:
            self._remember(task)

    def _start(self, doing: Awaitable[None]) -> None:
        self._remember(asyncio.ensure_future(self._safely(doing)))

    def _remember(self, task: "asyncio.Task[Any]") -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    @staticmethod
    async def _safely(doing: Awaitable[None]) -> None:
        try:
            await doing
        except Exception:  # noqa: BLE001  (nobody awaits this task)
            structlog.get_logger().exception("an answer failed")


def _from_a_person(event: Json) -> bool:
    return bool(event.get("user")) and not event.get("bot_id") and not event.get("subtype") and bool(event.get("text"))
