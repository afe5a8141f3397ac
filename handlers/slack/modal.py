"""What happens around a modal: opened within three seconds, filled, sent; faults come back on their field."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from bot import dates, errors, localtime, places
from bot.actions import plan
from bot.dates import Moment
from bot.debatefile import DebateFile
from bot.store import debates
from bot.store.engine import Tx
from bot.words.catalogue import Words
from handlers.slack import desk as border
from handlers.slack import forms, questions, views
from handlers.slack.blocks import Block
from handlers.slack.desk import Caller, Desk, Json
from handlers.slack.mrkdwn import to_mrkdwn

# Slack waits 3 s for the answer to a submission; what takes longer is finished behind a closed modal.
PATIENCE_SECONDS = 2.0

Ack = Callable[..., Awaitable[Any]]
Field = Callable[[errors.TertuliaError], str]
"""The field of a form on which a fault is shown."""


class Once:
    """An acknowledgement that can be given once; ``done`` tells whether it was."""

    def __init__(self, ack: Ack) -> None:
        """Not given yet."""
        self._ack = ack
        self.done = False

    async def __call__(self, **answer: Any) -> None:
        """Slack has the answer, unless it had one already."""
        if not self.done:
            self.done = True
            await self._ack(**answer)


# --- opening ---------------------------------------------------------------------------------------------------------


async def open_new_debate(
    desk: Desk, caller: Caller, given: forms.Given = forms.NOTHING, *, again: str = "new", value: str = ""
) -> None:
    """The form for a new debate is before the moderator, with what is ``given``; raises ``NotModerator``.

    A light modal comes first: the trigger lives three seconds, and what the form needs must not use them up.
    """
    await desk.read(lambda tx: plan.require_moderator(border.actor(tx, caller)))
    opened = await open_view(desk, caller, forms.waiting(caller.say), again=again, value=value)
    if opened is None:
        return
    zones = await desk.read(lambda tx: zones_of(tx, desk, caller))
    channel = caller.channel if caller.channel[:1] in {"C", "G"} else desk.house.slack_channel
    given = replace(given, channel=channel)
    form = forms.debate_form(caller.say, zones=zones, given=given, keep=keep(caller), hashtag=_hashtag(desk))
    view = opened.get("view") or {}
    await desk.call(
        "views.update", lambda: desk.client.views_update(view_id=view.get("id"), hash=view.get("hash"), view=form)
    )


async def open_question(desk: Desk, caller: Caller, text: str = "") -> None:
    """The form for a question is before the caller."""
    await open_view(desk, caller, forms.question_form(caller.say, text=text, keep=keep(caller)), again="ask")


async def open_reason(desk: Desk, caller: Caller, value: str) -> None:
    """The form for the reason of a refusal is before the moderator; raises ``NotModerator`` or ``NoSuchQuestion``."""
    ident = value.partition(":")[0]

    def reading(tx: Tx) -> str:
        plan.require_moderator(border.actor(tx, caller))
        return debates.question(tx, None, int(ident) if ident.isdecimal() and len(ident) < 12 else 0).text

    text = await desk.read(reading)
    form = forms.reason_form(caller.say, question=text, keep=keep(caller, question=ident))
    await open_view(desk, caller, form, again="decline", value=value)


async def open_view(desk: Desk, caller: Caller, view: Block, *, again: str, value: str = "") -> Json | None:
    """The modal is open, or the caller has a button that tries it ``again``."""
    opened = await desk.call("views.open", lambda: desk.client.views_open(trigger_id=caller.trigger, view=view))
    if opened is None:
        sentence = caller.say("Slack no ha dejado abrir el formulario a tiempo. Vuelve a intentarlo:")
        await desk.reply(caller, views.form_page(caller.say, sentence, again, caller.say("Abrir el formulario"), value))
    return opened


def zones_of(tx: Tx, desk: Desk, caller: Caller) -> list[str]:
    """The community's own zones: the house's, the moderator's, those of the debates so far; then the usual ones."""
    mine = [caller.zone] if _is_zone(caller.zone) else []
    return [desk.house.timezone, *mine, *debates.zones(tx), *places.USUAL]


def _hashtag(desk: Desk) -> str:
    """Under which debates are held on X; "" where X is off."""
    return desk.house.hashtag.lstrip("#") if desk.house.x else ""


def _is_zone(name: str) -> bool:
    try:
        return bool(name) and localtime.zone(name) is not None
    except ValueError:
        return False


def keep(caller: Caller, **more: str) -> str:
    """What travels with a modal: the channel that it was opened in, and more ids."""
    return json.dumps({"channel": caller.channel, **more})


# --- sent ------------------------------------------------------------------------------------------------------------


async def debate_sent(desk: Desk, caller: Caller, view: Json, ack: Ack) -> None:
    """The debate is planned and its moderator knows when, or every fault stands on its field."""
    new = forms.read_debate(view["state"]["values"])
    planned, faults = forms.plan_of(new, locale=desk.house.locale, hashtag=_hashtag(desk))
    if planned is None:
        await faulty(caller.say, ack, faults)
        return
    try:
        saved = await _in_time(desk, caller, ack, _add(desk, caller, planned))
    except errors.TwoTimes as twice:
        await ack(response_action="update", view=_asking_which(desk, caller, view, new, twice))
    except errors.NotModerator:
        raise
    except errors.TertuliaError as error:
        field = "time" if isinstance(error, errors.NoSuchTime) else "date"
        await faulty(caller.say, ack, {field: readable(caller.say, error, planned.timezone)})
    else:
        if saved:
            await _tell(desk, caller, saved + await _missing_in(desk, caller, new.channel))


async def question_sent(desk: Desk, caller: Caller, view: Json, ack: Ack) -> None:
    """The question waits for a moderator and its asker knows, or the fault stands on the field."""
    text = forms.text_of(view["state"]["values"], "question")
    await finish(desk, caller, ack, "question", questions.propose(desk, caller, text))


async def reason_sent(desk: Desk, caller: Caller, view: Json, ack: Ack) -> None:
    """The question is declined with the reason, or the fault stands on the field."""
    kept = kept_in(view)
    reason = forms.text_of(view["state"]["values"], "reason")
    ident = kept.get("question", "")
    question = int(ident) if ident.isdecimal() and len(ident) < 12 else 0
    await finish(desk, caller, ack, "reason", questions.decline(desk, caller, question, reason))


def kept_in(view: Json) -> dict[str, str]:
    """What travelled with the modal; empty where it is not ours to read."""
    try:
        found = json.loads(view.get("private_metadata") or "{}")
    except ValueError:
        return {}
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}


async def finish(desk: Desk, caller: Caller, ack: Ack, field: str | Field, doing: Awaitable[str]) -> None:
    """What the modal was sent for is done and the caller told, or the fault stands on the field (or on its own)."""
    try:
        told = await _in_time(desk, caller, ack, doing)
    except errors.NotModerator:
        raise
    except errors.TertuliaError as error:
        await faulty(caller.say, ack, {field if isinstance(field, str) else field(error): error})
    else:
        await _tell(desk, caller, told)


async def _in_time(desk: Desk, caller: Caller, ack: Ack, doing: Awaitable[str]) -> str:
    """What the doing says, the modal closed; a slow one closes it first, and its refusal is told in private ("")."""
    task = asyncio.ensure_future(doing)
    done, _ = await asyncio.wait({task}, timeout=PATIENCE_SECONDS)
    if done:
        told = task.result()
        await ack()
        return told
    await ack()
    try:
        return await task
    except errors.TertuliaError as error:
        await _tell(desk, caller, caller.say.error(error))
        return ""


async def _tell(desk: Desk, caller: Caller, sentence: str) -> None:
    if sentence:
        await desk.whisper(caller.user, caller.channel, to_mrkdwn(sentence))


async def _missing_in(desk: Desk, caller: Caller, channel: str) -> str:
    """What is still to be done before the bot can speak in the channel; empty when nothing is, or nobody knows."""
    if not channel:
        return ""
    answer = await desk.call("conversations.info", lambda: desk.client.conversations_info(channel=channel))
    if answer is None or (answer.get("channel") or {}).get("is_member", True):
        return ""
    return " " + caller.say("Falta una cosa: invítame a ese canal con /invite, o no podré hablar en él.")


async def faulty(say: Words, ack: Ack, faults: Mapping[str, errors.TertuliaError]) -> None:
    """The form stays open, each fault on its field."""
    await ack(response_action="errors", errors={name: say.error(fault) for name, fault in faults.items()})


async def _add(desk: Desk, caller: Caller, planned: DebateFile) -> str:
    now = desk.now()

    def action(tx: Tx) -> str:
        debate = plan.add(tx, planned, house=desk.house, actor=border.actor(tx, caller), now=now)
        return caller.say(
            "Programado: «{title}», {when}, con {questions} preguntas. {link}", title=debate.title,
            when=dates.long(debate.starts_at, debate.timezone, locale=caller.say.locale),
            questions=len(planned.questions), link=f"{desk.house.url}/d/{debate.slug}",
        )  # fmt: skip

    return await desk.writer.do(action)


def _asking_which(desk: Desk, caller: Caller, view: Json, new: forms.NewDebate, twice: errors.TwoTimes) -> Block:
    """The same form, its answers kept by their ids, with the question which of the two times is meant."""
    zones = [new.zone, desk.house.timezone, *places.USUAL]
    readings = (str(twice.fields["first"]), str(twice.fields["second"]))
    kept = str(view.get("private_metadata") or "{}")
    given = forms.Given(channel=new.channel)
    return forms.debate_form(caller.say, zones=zones, given=given, keep=kept, hashtag=_hashtag(desk), twice=readings)


def readable(say: Words, refusal: errors.TertuliaError, zone: str) -> errors.TertuliaError:
    """The same refusal with its instant on the clocks of the form's zone, and its place without ids."""
    fields = dict(refusal.fields)
    if isinstance(starts := fields.get("starts"), Moment):
        fields["starts"] = Moment(starts.instant, zone)
    if "place" in fields:
        platform = str(fields["place"]).partition(":")[0]
        fields["place"] = {"slack": say("ese canal"), "room": say("la sala")}.get(platform, "X")
    return type(refusal)(**fields)
