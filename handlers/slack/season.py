"""Planning a season in Slack: a form, a preview of every date, and a yes that writes them; a rhythm changed later.

The preview travels as what was chosen and a mark of what was shown: what is written is what somebody said yes to.
"""

import asyncio
import json
import uuid
from collections.abc import Mapping
from dataclasses import replace

from bot import errors, localtime, rhythm
from bot import season as rules
from bot.actions import plan, seasons
from bot.actions.seasons import Preview
from bot.rhythm import Rhythm
from bot.store import seasons as store
from bot.store.engine import Tx
from bot.subjects import Kind
from handlers.slack import desk as border
from handlers.slack import modal, season_views
from handlers.slack.blocks import Block, Page
from handlers.slack.desk import Caller, Desk, Json
from handlers.slack.modal import Ack
from handlers.slack.season_views import Ahead, Chosen, Offer

# A view that was just pushed may not be there yet when what fills it is ready.
TRIES, BETWEEN_TRIES = 4, 0.5

# --- opening ---------------------------------------------------------------------------------------------------------


async def open_for(desk: Desk, caller: Caller, value: str) -> None:
    """The form for the seasons of a year (the usual one where none is named) is before the moderator."""
    today = localtime.wall(desk.now(), desk.house.timezone).date()
    year = value.strip() or str(season_views.usual_year(today))
    if not (year.isdecimal() and year.isascii() and len(year) == 4):
        raise errors.MissingArgument(word=value[:40], what="el año", example=f"/tertulia temporada {today.year + 1}")
    rules.stretches(int(year))
    await _open(desk, caller, Chosen(year=int(year)), again=season_views.PLAN, value=year)


async def open_change(desk: Desk, caller: Caller, slug: str) -> None:
    """The form for the rhythm of one season is before the moderator; raises ``NoSuchSeason``."""
    await _open(desk, caller, Chosen(season=slug), again=f"{season_views.CHANGE}_0", value=slug)


async def _open(desk: Desk, caller: Caller, chosen: Chosen, *, again: str, value: str) -> None:
    def reading(tx: Tx) -> tuple[Rhythm, list[str]]:
        plan.require_moderator(border.actor(tx, caller))
        return _kept(tx, chosen, desk)

    beat, kept = await desk.read(reading)
    opened = await modal.open_view(desk, caller, season_views.waiting(caller.say), again=again, value=value)
    if opened is None:
        return
    today = localtime.wall(desk.now(), desk.house.timezone).year
    years = sorted({*range(today, today + season_views.YEARS_AHEAD), chosen.year or today})
    zones = await desk.read(lambda tx: modal.zones_of(tx, desk, caller))
    offer = Offer([*desk.house.zones, *zones], years, kept)
    form = season_views.season_form(
        caller.say, beat, offer=offer, chosen=chosen, keep=modal.keep(caller, season=chosen.season)
    )
    view = opened.get("view") or {}
    await desk.call(
        "views.update", lambda: desk.client.views_update(view_id=view.get("id"), hash=view.get("hash"), view=form)
    )


def _kept(tx: Tx, chosen: Chosen, desk: Desk) -> tuple[Rhythm, list[str]]:
    """The rhythm to begin with, and the titles of what is planned by it already."""
    rows = [store.get(tx, chosen.season)] if chosen.season else list(store.every(tx, year=chosen.year))
    if not rows:
        return Rhythm(timezone=desk.house.timezone), []
    return rhythm.from_json(rows[0].rhythm), [one.title for one in rows]


# --- the preview -----------------------------------------------------------------------------------------------------


async def form_sent(desk: Desk, caller: Caller, view: Json, ack: Ack) -> None:
    """The preview lies on the form, or every fault stands on its field; a slow one is waited for in sight."""
    kept = modal.kept_in(view)
    chosen, faults = season_views.read(view["state"]["values"], season=kept.get("season", ""))
    if faults:
        await modal.faulty(caller.say, ack, faults)
        return
    looking = asyncio.ensure_future(_look(desk, caller, chosen))
    done, _ = await asyncio.wait({looking}, timeout=modal.PATIENCE_SECONDS)
    if done:
        try:
            preview = looking.result()
        except errors.NotModerator:
            raise
        except errors.Refusal as refusal:
            await modal.faulty(caller.say, ack, {"weekday" if chosen.season else "year": refusal})
        else:
            await ack(response_action="push", view=_shown(desk, caller, chosen, preview))
        return
    external = f"season-{uuid.uuid4()}"
    await ack(response_action="push", view=season_views.waiting(caller.say, external))
    try:
        found = _shown(desk, caller, chosen, await looking)
    except errors.NotModerator:
        raise
    except errors.Refusal as refusal:
        found = season_views.trouble(caller.say, caller.say.error(refusal))
    await _fill(desk, external, found)


async def turn(desk: Desk, caller: Caller, value: str) -> None:
    """Another page of the preview is before the moderator, as the dates are now."""
    view = caller.view or {}
    kept = modal.kept_in(view)
    chosen, caller = _chosen(kept), replace(caller, channel=kept.get("channel", ""))
    page = int(value) if value.isdecimal() and len(value) < 5 else 0
    preview = await _look(desk, caller, chosen)
    # Half of one plan and half of another is nothing that anybody can say yes to.
    notice = "" if preview.mark == kept.get("mark") else caller.say.error(errors.SeasonStale())
    shown = _shown(desk, caller, chosen, preview, page=0 if notice else page, notice=notice)
    await desk.call(
        "views.update", lambda: desk.client.views_update(view_id=view.get("id"), hash=view.get("hash"), view=shown)
    )


async def _look(desk: Desk, caller: Caller, chosen: Chosen) -> Preview:
    now = desk.now()

    def reading(tx: Tx) -> Preview:
        plan.require_moderator(border.actor(tx, caller))
        return seasons.propose(tx, chosen.wanted(), house=desk.house, now=now)

    return await desk.read(reading)


def _shown(desk: Desk, caller: Caller, chosen: Chosen, preview: Preview, *, page: int = 0, notice: str = "") -> Block:
    keep = modal.keep(
        caller, year=str(chosen.year), typed=json.dumps(dict(chosen.typed)), kinds=",".join(chosen.kinds),
        season=chosen.season, mark=preview.mark,
    )  # fmt: skip
    titles = dict.fromkeys(caller.say.again(one.season.title) for one in preview.lines)
    title = ", ".join(titles) if chosen.season else caller.say("Temporadas de {year}", year=chosen.year)
    return season_views.preview_view(caller.say, preview, page=page, keep=keep, title=title, notice=notice)


def _chosen(kept: Mapping[str, str]) -> Chosen:
    """What travelled with a preview; nothing of it is believed that the rules would not take."""
    try:
        typed = {str(name): str(text) for name, text in json.loads(kept.get("typed") or "{}").items()}
        kinds = tuple(Kind(one) for one in kept.get("kinds", "").split(",") if one)
        return Chosen(int(kept.get("year") or 0), typed, kinds, kept.get("season", ""))
    except (ValueError, AttributeError) as error:
        raise errors.SeasonStale from error


async def _fill(desk: Desk, external: str, found: Block) -> None:
    for _ in range(TRIES):
        answer = await desk.call("views.update", lambda: desk.client.views_update(external_id=external, view=found))
        if answer is not None:
            return
        await asyncio.sleep(BETWEEN_TRIES)


# --- the yes ---------------------------------------------------------------------------------------------------------


async def plan_sent(desk: Desk, caller: Caller, view: Json, ack: Ack) -> None:
    """What the preview shows is written, once, and its moderator has the links; where it is stale it is shown anew."""
    kept = modal.kept_in(view)
    chosen = _chosen(kept)
    writing = asyncio.ensure_future(_write(desk, caller, chosen, kept.get("mark", "")))
    done, _ = await asyncio.wait({writing}, timeout=modal.PATIENCE_SECONDS)
    if not done:
        await ack(response_action="clear")
    try:
        page = await writing
    except errors.SeasonStale as stale:
        if not done:
            await desk.whisper(caller.user, caller.channel, caller.say.error(stale))
            return
        preview = await _look(desk, caller, chosen)
        await ack(response_action="update", view=_shown(desk, caller, chosen, preview, notice=caller.say.error(stale)))
    else:
        await ack(response_action="clear")
        await desk.whisper(caller.user, caller.channel, page.text, page.blocks)


async def _write(desk: Desk, caller: Caller, chosen: Chosen, mark: str) -> Page:
    now = desk.now()

    def action(tx: Tx) -> Page:
        who = border.actor(tx, caller)
        done = seasons.write(tx, chosen.wanted(), house=desk.house, actor=who, now=now, seen=mark)
        since = seasons.propose(tx, chosen.wanted(), house=desk.house, now=now)
        return season_views.written_page(caller.say, done, since, url=desk.house.url)

    return await desk.writer.do(action)


# --- the Home tab ----------------------------------------------------------------------------------------------------


def ahead(tx: Tx, desk: Desk, caller: Caller, *, moderator: bool) -> list[Block]:
    """The seasons that are planned and still to come, for the Home tab."""
    now = desk.now()
    today = localtime.wall(now, desk.house.timezone).date()
    found = []
    for row in store.every(tx):
        if row.year < today.year - 1:  # a season of one's own may reach into the next year
            continue
        coming = [
            one for one in store.planned(tx, store.ident(row)) if one.phase == "scheduled" and one.starts_at > now
        ]
        days = tuple(localtime.wall(one.starts_at, one.timezone).date() for one in coming)
        found.append(Ahead(row.slug, row.title, days))
    year = season_views.usual_year(today)
    return season_views.year_ahead(caller.say, found, moderator=moderator, year=year)
