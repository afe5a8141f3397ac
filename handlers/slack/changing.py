"""A debate that has not begun, changed from Slack: one form with its words and its date, filled in as they are.

Another form asks for the date of another one like it.
"""

from collections.abc import Mapping
from datetime import datetime

from bot import dates, errors, localtime
from bot.actions import moving, plan
from bot.actions.moving import When, Wording
from bot.debate import Verb
from bot.debatefile import LONGEST_HOST, LONGEST_TITLE
from bot.ports import LONGEST_HASHTAG
from bot.store import debates
from bot.store.engine import Tx
from bot.tables import Debate
from bot.words.catalogue import Words
from handlers.slack import blocks, forms, modal
from handlers.slack import desk as border
from handlers.slack.blocks import Block
from handlers.slack.desk import Caller, Desk, Json
from handlers.slack.forms import Filled

# The buttons beside a coming debate, for who moderates, and the forms that they open.
CHANGE, CLONE = "change", "clone"
# The field on which a refusal is shown; any other is the date's.
_FIELD: Mapping[type[errors.TertuliaError], str] = {
    errors.NoSuchTime: "time", errors.TwoTimes: "time", errors.BadHashtag: "hashtag", errors.NoHashtag: "hashtag",
    errors.Empty: "title",
}  # fmt: skip

_TIMES = (errors.NoSuchTime, errors.TwoTimes)


async def open_form(desk: Desk, caller: Caller, value: str) -> None:
    """The form is before the moderator, as the debate is now; raises ``NotModerator``, ``WrongPhase``."""

    def reading(tx: Tx) -> Block:
        debate = debates.get(tx, value)
        plan.may(tx, debate, Verb.EDIT, border.actor(tx, caller))
        return _form(caller.say, debate, modal.zones_of(tx, desk, caller), keep=modal.keep(caller, debate=value))

    form = await desk.read(reading)
    await modal.open_view(desk, caller, form, again=CHANGE, value=value)


async def sent(desk: Desk, caller: Caller, view: Json, ack: modal.Ack) -> None:
    """The debate is as the form says, in one piece, and the moderator knows when it is; or the fault stands there."""
    ident, values, now = modal.kept_in(view).get("debate", ""), view["state"]["values"], desk.now()

    def action(tx: Tx) -> str:
        debate, actor = debates.get(tx, ident), border.actor(tx, caller)
        edited = moving.edit(tx, debate, _wording(values), actor=actor, now=now)
        wanted = _when(values)
        # The form knows minutes alone, and not which of two equal hours it shows: untouched it moves nothing.
        here = localtime.wall(debate.starts_at, debate.timezone).replace(second=0, microsecond=0, tzinfo=None)
        moved = (wanted.local, wanted.zone) != (here, debate.timezone) and moving.move(
            tx, debate, wanted, house=desk.house, actor=actor, now=now
        )
        when = dates.long(debate.starts_at, debate.timezone, locale=caller.say.locale)
        if not (edited or moved):
            return caller.say("«{title}» ya era así: {when}. No cambia nada.", title=debate.title, when=when)
        return caller.say("Cambiado: «{title}», {when}.", title=debate.title, when=when)

    async def doing() -> str:
        try:
            return await desk.writer.do(action)
        except errors.Refusal as refusal:
            raise modal.readable(caller.say, refusal, forms.chosen(values, "zone")) from refusal

    await modal.finish(desk, caller, ack, _field, doing())


def _field(error: errors.TertuliaError) -> str:
    """On which field of the form a fault stands."""
    if isinstance(error, errors.FilledUp):
        return {"la etiqueta": "hashtag", "quién conduce": "host"}.get(str(error.fields["what"]), "title")
    return _FIELD.get(type(error), "date")


# --- another one like it ---------------------------------------------------------------------------------------------


async def open_clone(desk: Desk, caller: Caller, value: str) -> None:
    """The moderator is asked when another debate like it is to be, and reads what comes along; or ``NotModerator``."""

    def reading(tx: Tx) -> Block:
        plan.require_moderator(border.actor(tx, caller))
        debate = debates.get(tx, value)
        along = moving.comes_along(tx, debate, caller.say)
        zones, keep = modal.zones_of(tx, desk, caller), modal.keep(caller, debate=value)
        return _clone_form(caller.say, debate, zones, along=along, keep=keep)

    await modal.open_view(desk, caller, await desk.read(reading), again=CLONE, value=value)


async def clone_sent(desk: Desk, caller: Caller, view: Json, ack: modal.Ack) -> None:
    """Another debate like it is planned and the moderator knows when and with what; or the fault stands there."""
    ident, values, now = modal.kept_in(view).get("debate", ""), view["state"]["values"], desk.now()

    def action(tx: Tx) -> str:
        pattern, actor = debates.get(tx, ident), border.actor(tx, caller)
        made = moving.clone(tx, pattern, _when(values), house=desk.house, actor=actor, now=now)
        return caller.say(
            "Programado otro igual: «{title}», {when}. {along} {link}", title=made.title,
            when=dates.long(made.starts_at, made.timezone, locale=caller.say.locale),
            along=moving.comes_along(tx, pattern, caller.say), link=f"{desk.house.url}/d/{made.slug}",
        )  # fmt: skip

    async def doing() -> str:
        try:
            return await desk.writer.do(action)
        except errors.Refusal as refusal:
            raise modal.readable(caller.say, refusal, forms.chosen(values, "zone")) from refusal

    await modal.finish(desk, caller, ack, lambda error: "time" if type(error) in _TIMES else "date", doing())


# --- the forms -------------------------------------------------------------------------------------------------------


def _clone_form(say: Words, debate: Debate, zones: list[str], *, along: str, keep: str) -> Block:
    starts = localtime.wall(debate.starts_at, debate.timezone) + moving.LATER
    hint = say("La fecha de este debate no cambia.")
    made = [blocks.said(f"{debate.title}\n{along}"), *_date_fields(say, starts, debate.timezone, zones, hint=hint)]
    return blocks.modal(
        CLONE, say("Repetir el debate"), made, submit=say("Programar"), close=say("Cancelar"), keep=keep
    )


def _form(say: Words, debate: Debate, zones: list[str], *, keep: str) -> Block:
    starts = localtime.wall(debate.starts_at, debate.timezone)
    hint = say("Si cambia la fecha y ya se ha anunciado, se avisa donde se anunció.")
    made = [
        blocks.field("title", say("Título"), _line(debate.title, LONGEST_TITLE)),
        blocks.field("host", say("Quién conduce"), _line(debate.host, LONGEST_HOST), optional=True),
        blocks.field("hashtag", say("Etiqueta"), _line(debate.hashtag, LONGEST_HASHTAG), optional=True),
        *_date_fields(say, starts, debate.timezone, zones, hint=hint),
    ]  # fmt: skip
    return blocks.modal(CHANGE, say("Cambiar el debate"), made, submit=say("Guardar"), close=say("Cancelar"), keep=keep)


def _date_fields(say: Words, starts: datetime, zone: str, zones: list[str], *, hint: str) -> list[Block]:
    """The fields of a day, an hour and a zone, filled in."""
    options = [forms.option(one, one) for one in list(dict.fromkeys([zone, *zones]))[: forms.MOST_ZONES]]
    return [
        blocks.field("date", say("Fecha"), {"type": "datepicker", "initial_date": f"{starts:%Y-%m-%d}"}),
        blocks.field(
            "time", say("Hora"), {"type": "timepicker", "initial_time": f"{starts:%H:%M}"},
            hint=say("La de los relojes de la zona que elijas."),
        ),
        blocks.field(
            "zone", say("Zona horaria"), {"type": "static_select", "options": options, "initial_option": options[0]},
            hint=hint,
        ),
    ]  # fmt: skip


def _line(text: str, longest: int) -> Block:
    # What an import brought, or an older version took, may be longer: Slack would open no form with it.
    element: Block = {"type": "plain_text_input", "max_length": max(longest, len(text))}
    return {**element, "initial_value": text} if text else element


def _wording(values: Filled) -> Wording:
    return Wording(*(forms.text_of(values, name) for name in ("title", "host", "hashtag")))


def _when(values: Filled) -> When:
    day, time = forms.value(values, "date", "selected_date"), forms.value(values, "time", "selected_time")
    zone = forms.chosen(values, "zone")
    try:
        return When(datetime.fromisoformat(f"{day}T{time}"), zone)
    except ValueError as error:
        raise errors.BadStart(starts=f"{day} {time}".strip(), zone=zone) from error
