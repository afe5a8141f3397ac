"""What planning a season looks like in Slack: the form, the preview page by page, what was written, the year ahead.

Pure builders and readers.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from bot import dates, errors, hours, rhythm
from bot.actions.seasons import Fate, Line, Preview, Wanted
from bot.phrase import phrase
from bot.rhythm import Rhythm
from bot.subjects import Kind
from bot.words.catalogue import Words
from handlers.slack import blocks, forms
from handlers.slack.blocks import Block, Page
from handlers.slack.mrkdwn import to_mrkdwn

FORM, PREVIEW = "season", "season_plan"
PAGE, PLAN, CHANGE = "season_page", "season_new", "season_change"
# Slack takes 100 blocks in a modal and 250,000 bytes; a phone shows this many dates without end.
DATES_A_PAGE = 20
LONGEST_LINE = 1_500
MOST_PER_WEEK = 3
YEARS_AHEAD = 3
# From here on, whoever plans a season means the next year.
AUTUMN = 10
# In the private answer to what was written; the rest is in the calendar.
MOST_LINKS = 30
# So many seasons have a button of their own on the Home tab.
MOST_CHANGED = 4
# What the fields of a rhythm are called in this form.
LABELS: Mapping[str, str] = {
    "weekday": phrase("Día de la semana"), "at": phrase("Hora"), "timezone": phrase("Zona horaria"),
    "per_week": phrase("Debates por semana"), "skip": phrase("Fechas que se saltan"),
}  # fmt: skip
_CODES = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_SPANISH_DATE = re.compile(r"(?<!\d)(\d{1,2})/(\d{1,2})/(\d{4})(?!\d)")


@dataclass(frozen=True, slots=True)
class Chosen:
    """What somebody chose in the form; ``season`` is the short name of one planned already, which alone is changed."""

    year: int = 0
    typed: Mapping[str, str] = field(default_factory=dict)
    kinds: tuple[Kind, ...] = ()
    season: str = ""

    def wanted(self) -> Wanted:
        """As the action takes it."""
        return Wanted(year=self.year, typed=self.typed, season=self.season, kinds=self.kinds)


@dataclass(frozen=True, slots=True)
class Offer:
    """What the form has to choose from, and the titles of the seasons that are planned already."""

    zones: Sequence[str]
    years: Sequence[int]
    planned: Sequence[str] = ()


def usual_year(today: date) -> int:
    """The year that somebody means who names none."""
    return today.year + (today.month >= AUTUMN)


# --- the form --------------------------------------------------------------------------------------------------------


def season_form(say: Words, beat: Rhythm, *, offer: Offer, chosen: Chosen, keep: str) -> Block:
    """The form for seasons, which begins with the rhythm ``beat``; of one that is planned only that can change."""
    options = [
        forms.option(zone, zone) for zone in list(dict.fromkeys((beat.timezone, *offer.zones)))[: forms.MOST_ZONES]
    ]
    days = [forms.option(one, code) for one, code in zip(_weekdays(say), _CODES, strict=True)]
    many = [forms.option(f"{one}", f"{one}") for one in range(1, max(MOST_PER_WEEK, beat.per_week) + 1)]
    skip = ", ".join(day.isoformat() for day in beat.skip)
    made = [
        *([blocks.said(_planned(say, offer.planned))] if offer.planned else []),
        *([] if chosen.season else _which(say, offer.years, chosen)),
        blocks.field("weekday", say.again(LABELS["weekday"]), _select(days, beat.weekdays[0])),
        blocks.field(
            "at", say.again(LABELS["at"]), {"type": "timepicker", "initial_time": f"{beat.at:%H:%M}"},
            hint=say("La de los relojes de la zona que elijas."),
        ),
        blocks.field("timezone", say.again(LABELS["timezone"]), _select(options, 0)),
        blocks.field("per_week", say.again(LABELS["per_week"]), _select(many, beat.per_week - 1)),
        blocks.field(
            "skip", say.again(LABELS["skip"]),
            {
                "type": "plain_text_input", "max_length": 1_500,
                "placeholder": blocks.plain("2027-01-21, 2027-09-30"), **({"initial_value": skip} if skip else {}),
            },
            hint=say("Separadas por comas. El 6 de enero se salta siempre."), optional=True,
        ),
    ]  # fmt: skip
    return blocks.modal(FORM, say("Temporada"), made, submit=say("Vista previa"), close=say("Cancelar"), keep=keep)


def _which(say: Words, years: Sequence[int], chosen: Chosen) -> list[Block]:
    listed = [forms.option(f"{one}", f"{one}") for one in years]
    offers = [forms.option(label, kind.value) for kind, label in kinds(say).items()]
    ticked = [one for one in offers if not chosen.kinds or one["value"] in chosen.kinds]
    if not chosen.kinds:  # the quiet months are quiet until somebody wants them otherwise
        ticked = [one for one in offers if one["value"] != Kind.QUIET]
    return [
        blocks.field("year", say("Año"), _select(listed, list(years).index(chosen.year))),
        blocks.field(
            "kinds", say("Qué temporadas"), {"type": "checkboxes", "options": offers, "initial_options": ticked}
        ),
    ]


def _planned(say: Words, titles: Sequence[str]) -> str:
    return say(
        "Ya están planificadas: {titles}. Cambiar el ritmo mueve solo los debates que nadie ha tocado.",
        titles=", ".join(titles),
    )


def kinds(say: Words) -> Mapping[Kind, str]:
    """The seasons of a year, as they are offered."""
    return {
        Kind.JANUARY: say("Enero, cada semana desde la segunda"),
        Kind.SEPTEMBER: say("Septiembre, cada semana desde la segunda"),
        Kind.CX_DAY: say("Día de la CX, primer martes de octubre"),
        Kind.QUIET: say("El resto del año, una vez al mes"),
    }


def _select(options: Sequence[Block], first: int) -> Block:
    return {"type": "static_select", "options": list(options), "initial_option": options[first]}


def _weekdays(say: Words) -> tuple[str, ...]:
    return (
        say("lunes"), say("martes"), say("miércoles"), say("jueves"), say("viernes"), say("sábado"), say("domingo"),
    )  # fmt: skip


def read(values: forms.Filled, *, season: str) -> tuple[Chosen, dict[str, errors.Refusal]]:
    """What was filled in, and what is wrong with each field by block id, every fault at once."""
    faults: dict[str, errors.Refusal] = {}
    skip = _SPANISH_DATE.sub(lambda m: f"{m[3]}-{int(m[2]):02}-{int(m[1]):02}", forms.text_of(values, "skip"))
    typed = {
        "weekday": forms.chosen(values, "weekday"), "at": forms.value(values, "at", "selected_time"),
        "timezone": forms.chosen(values, "timezone"), "per_week": forms.chosen(values, "per_week"),
        "skip": skip.strip() or "-",
    }  # fmt: skip
    for name, text in typed.items():
        if not text:
            faults[name] = errors.Empty(what="este campo")
            continue
        try:
            rhythm.read({name: text})
        except errors.BadRhythm as fault:
            faults[name] = rhythm.called(fault, LABELS)
    if season:
        return Chosen(typed=typed, season=season), faults
    ticked = tuple(Kind(one) for one in forms.ticked(values, "kinds") if one in set(Kind))
    if not ticked:
        faults["kinds"] = errors.Empty(what="las temporadas: elige al menos una")
    year = forms.chosen(values, "year")
    typed["quiet"] = "monthly" if Kind.QUIET in ticked else "none"
    return Chosen(int(year) if year.isdecimal() and len(year) == 4 else 0, typed, ticked), faults


# --- the preview -----------------------------------------------------------------------------------------------------


def preview_view(say: Words, preview: Preview, *, page: int, keep: str, title: str, notice: str = "") -> Block:
    """One page of the preview: each date with its subject, host, hours and collisions; the submit plans them all."""
    last = max(0, (len(preview.lines) - 1) // DATES_A_PAGE)
    page = min(max(page, 0), last)
    made = [blocks.said(notice)] if notice else []
    made += [blocks.header(title), blocks.said(summary(say, preview))]
    for line in preview.lines[page * DATES_A_PAGE : (page + 1) * DATES_A_PAGE]:
        made.append(blocks.marked(blocks.cut(_line(say, line), LONGEST_LINE)))
    if last:
        made.append(blocks.small(say("Página {page} de {pages}", page=page + 1, pages=last + 1)))
        made.append(_pager(say, page, last))
    return blocks.modal(
        PREVIEW, say("Vista previa"), made, submit="" if preview.nothing else say("Planificar"),
        close=say("Volver"), keep=keep,
    )  # fmt: skip


def summary(say: Words, preview: Preview) -> str:
    """How many dates there are, what a yes would do, and how many of them collide with something."""
    count = preview.count
    told = [
        sentence for number, sentence in (
            (count(Fate.NEW), say("{count} nuevos", count=count(Fate.NEW))),
            (count(Fate.MOVE), say("{count} que se mueven", count=count(Fate.MOVE))),
            (count(Fate.DROP), say("{count} que se retiran", count=count(Fate.DROP))),
            (count(Fate.STAY), say("{count} que ya están", count=count(Fate.STAY))),
            (count(Fate.LEFT), say("{count} que se dejan como están", count=count(Fate.LEFT))),
            (count(Fate.TAKEN), say("{count} que no caben", count=count(Fate.TAKEN))),
            (count(Fate.PAST), say("{count} ya pasados", count=count(Fate.PAST))),
        ) if number
    ]  # fmt: skip
    clashes = sum(bool(one.collisions) for one in preview.lines)
    lines = [say("Debates: {counts}.", counts=", ".join(told) or "0")]
    if clashes:
        lines.append(say("Fechas con algún aviso: {count}.", count=clashes))
    if preview.nothing:
        lines.append(say("No hay nada que cambiar: ya está así."))
    else:
        lines.append(say("No se ha escrito nada todavía. «Planificar» lo escribe todo de una vez."))
    return "\n".join(lines)


def _line(say: Words, line: Line) -> str:
    occurrence = line.occurrence
    when = f"*{to_mrkdwn(dates.long(occurrence.instant, occurrence.zone, locale=say.locale))}* · {fate_of(say, line)}"
    who = " · ".join(one for one in (line.title, line.host) if one)
    rows = [when, to_mrkdwn(who), _hours(say, line)]
    rows += [to_mrkdwn(say("Aviso: {what}.", what=say.again(one.what))) for one in line.collisions]
    return "\n".join(row for row in rows if row)


def fate_of(say: Words, line: Line) -> str:
    """What becomes of a date, in words."""
    why = f": {to_mrkdwn(say.again(line.why))}" if line.why else ""
    was = dates.long(line.was, line.occurrence.zone, locale=say.locale) if line.was else ""
    return {
        Fate.NEW: say("nuevo"), Fate.MOVE: say("se mueve (estaba el {was})", was=to_mrkdwn(was)),
        Fate.STAY: say("ya está"), Fate.LEFT: say("se deja como está") + why, Fate.DROP: say("se retira") + why,
        Fate.TAKEN: say("no cabe") + why, Fate.PAST: say("ya ha pasado"),
    }[line.fate]  # fmt: skip


def _hours(say: Words, line: Line) -> str:
    """The hour on the clocks of each zone of the community."""
    occurrence = line.occurrence
    zones = [one.zone for one in line.hours]
    return to_mrkdwn(hours.everywhere(occurrence.instant, occurrence.zone, zones, say=say))


def _pager(say: Words, page: int, last: int) -> Block:
    made = []
    if page > 0:
        made.append(blocks.button(f"{PAGE}_back", say("Anteriores"), str(page - 1)))
    if page < last:
        made.append(blocks.button(f"{PAGE}_on", say("Más fechas"), str(page + 1)))
    return blocks.actions(*made)


def waiting(say: Words, external: str = "") -> Block:
    """What is before the person's eyes while the dates are looked for."""
    made = blocks.modal(
        "wait", say("Temporada"), [blocks.said(say("Un momento: se comprueban las fechas…"))], close=say("Cerrar")
    )
    return made | ({"external_id": external} if external else {})


def trouble(say: Words, sentence: str) -> Block:
    """A refusal in a modal that has no field for it."""
    return blocks.modal("wait", say("Temporada"), [blocks.said(sentence)], close=say("Volver"))


# --- what was written ------------------------------------------------------------------------------------------------


def written_page(say: Words, done: Preview, now: Preview, *, url: str) -> Page:
    """What was written, with a link to each debate; ``now`` is how the dates stand since."""
    if done.nothing:
        return Page(say("No había nada que cambiar: la temporada ya está así."))
    head = say(
        "Hecho. Debates nuevos: {new}; movidos: {moved}; retirados: {dropped}.", new=done.count(Fate.NEW),
        moved=done.count(Fate.MOVE), dropped=done.count(Fate.DROP),
    )  # fmt: skip
    lines = [_linked(say, one, url) for one in now.lines if one.slug and one.fate is Fate.STAY]
    more = len(lines) - MOST_LINKS
    rest = [say("Y {count} más en el calendario: {url}", count=more, url=f"{url}/")] if more > 0 else []
    text = "\n".join([head, *lines[:MOST_LINKS], *rest])
    made = [blocks.said(head)]
    for start in range(0, min(len(lines), MOST_LINKS), 10):
        made.append(blocks.marked("\n".join(lines[start : min(start + 10, MOST_LINKS)])))
    return Page(text, [*made, *(blocks.said(one) for one in rest)])


def _linked(say: Words, line: Line, url: str) -> str:
    when = dates.long(line.occurrence.instant, line.occurrence.zone, locale=say.locale)
    return f"• {to_mrkdwn(when)}: <{url}/d/{line.slug}|{to_mrkdwn(line.title)}>"


# --- the year ahead --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ahead:
    """A season as it stands: its short name, its title, and the days of its debates still to come."""

    slug: str
    title: str
    days: tuple[date, ...]


def year_ahead(say: Words, seasons: Sequence[Ahead], *, moderator: bool, year: int) -> list[Block]:
    """The seasons that come, each in a line; for a moderator also the buttons that plan one and change its rhythm."""
    found = [one for one in seasons if one.days]
    lines = [_ahead_of(say, one) for one in found]
    made: list[Block] = [blocks.header(say("Las temporadas que vienen"))] if lines or moderator else []
    made += [blocks.said("\n".join(lines))] if lines else []
    if not moderator:
        return made
    if not lines:
        made.append(blocks.said(say("No hay ninguna temporada planificada.")))
    made.append(blocks.actions(
        blocks.button(PLAN, say("Planificar la temporada"), str(year)),
        *(blocks.button(f"{CHANGE}_{number}", say("Cambiar ritmo: {season}", season=one.title), one.slug)
          for number, one in enumerate(found[:MOST_CHANGED])),
    ))  # fmt: skip
    return made


def _ahead_of(say: Words, season: Ahead) -> str:
    first, last = min(season.days), max(season.days)
    span = _day(first) if first == last else say("{first} a {last}", first=_day(first), last=_day(last))
    count = say("1 debate") if len(season.days) == 1 else say("{count} debates", count=len(season.days))
    return f"• {season.title}: {count}, {span}"


def _day(day: date) -> str:
    return f"{day:%d/%m/%Y}"
