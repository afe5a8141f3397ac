"""A debate that has not begun, changed from Slack: one form with its words and its date, filled in as they are."""

from collections.abc import Mapping
from datetime import datetime

from bot import dates, errors, localtime
from bot.actions import moving, plan
from bot.actions.moving import When, Wording
from bot.debate import Verb
from bot.debatefile import LONGEST_HASHTAG, LONGEST_HOST, LONGEST_TITLE
from bot.store import debates
from bot.store.engine import Tx
from bot.tables import Debate
from bot.words.catalogue import Words
from handlers.slack import blocks, forms, modal
from handlers.slack import desk as border
from handlers.slack.blocks import Block
from handlers.slack.desk import Caller, Desk, Json
from handlers.slack.forms import Filled

# The button beside a coming debate, for who moderates, and the form that it opens.
CHANGE = "change"
# The field on which a refusal is shown; any other is the date's.
_FIELD: Mapping[type[errors.TertuliaError], str] = {
    errors.NoSuchTime: "time", errors.TwoTimes: "time", errors.BadHashtag: "hashtag", errors.NoHashtag: "hashtag",
    errors.Empty: "title", errors.FilledUp: "title",
}  # fmt: skip


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

    await modal.finish(desk, caller, ack, lambda error: _FIELD.get(type(error), "date"), doing())


def _form(say: Words, debate: Debate, zones: list[str], *, keep: str) -> Block:
    starts = localtime.wall(debate.starts_at, debate.timezone)
    options = [forms.option(one, one) for one in list(dict.fromkeys([debate.timezone, *zones]))[: forms.MOST_ZONES]]
    made = [
        blocks.field("title", say("Título"), _line(debate.title, LONGEST_TITLE)),
        blocks.field("host", say("Quién conduce"), _line(debate.host, LONGEST_HOST), optional=True),
        blocks.field("hashtag", say("Etiqueta"), _line(debate.hashtag, LONGEST_HASHTAG), optional=True),
        blocks.field("date", say("Fecha"), {"type": "datepicker", "initial_date": f"{starts:%Y-%m-%d}"}),
        blocks.field(
            "time", say("Hora"), {"type": "timepicker", "initial_time": f"{starts:%H:%M}"},
            hint=say("La de los relojes de la zona que elijas."),
        ),
        blocks.field(
            "zone", say("Zona horaria"), {"type": "static_select", "options": options, "initial_option": options[0]},
            hint=say("Si cambia la fecha y ya se ha anunciado, se avisa donde se anunció."),
        ),
    ]  # fmt: skip
    return blocks.modal(CHANGE, say("Cambiar el debate"), made, submit=say("Guardar"), close=say("Cancelar"), keep=keep)


def _line(text: str, longest: int) -> Block:
    element: Block = {"type": "plain_text_input", "max_length": longest}
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
