"""Series: a rule whose dates become debates, season by season, once a person has said that it goes on.

The dates ahead stand as drafts. Organisers are asked in time; what nobody confirms leaves the calendar.
"""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot import cues as rules
from bot import dates, debatefile, errors, localtime
from bot import season as year
from bot import series as recurring
from bot.actions import dated, plan, reminders, say
from bot.actions.dated import Left
from bot.confirming import HORIZON, Deadlines, deadlines
from bot.debate import Phase
from bot.debatefile import DebateFile
from bot.phrase import phrase
from bot.ports import CLOCK, Actor, House
from bot.series import Occurrence, Recurrence
from bot.store import debates
from bot.store import seasons as store
from bot.store.engine import Tx
from bot.tables import Cue, Debate
from bot.tables_year import Series
from bot.words.catalogue import words

# A season is no longer than this.
LONGEST_SEASON = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Terms:
    """When a series is held, as a person says it: its rule, its first date on the clocks of a zone; blank as it was."""

    rule: str = ""
    starts: datetime | None = None
    zone: str = ""


@dataclass(slots=True)
class Done:
    """What came of it: debates by what became of them, and the dates that were left as they were."""

    made: list[Debate] = field(default_factory=list)
    moved: list[Debate] = field(default_factory=list)
    confirmed: list[Debate] = field(default_factory=list)
    cancelled: list[Debate] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)


def read(series: Series) -> Recurrence:
    """The rule of a series."""
    return Recurrence(series.rule, datetime.fromisoformat(series.starts), series.timezone)


def season_of(debate: Debate) -> str:
    """The short name of the season in which an occurrence of a series falls, wherever it has been moved since."""
    return year.of_day(datetime.fromisoformat(debate.occurrence).date()).slug


# --- what organisers do ----------------------------------------------------------------------------------------------


def add(tx: Tx, source: str, terms: Terms, *, house: House, actor: Actor, now: datetime) -> tuple[Series, Done]:
    """There is a series whose debates are made from a debate file (``source``), and its dates ahead stand as drafts.

    It begins when the terms say, or else the file. Raises ``BadRule``, ``BadDebateFile``, ``SeriesThere`` where there
    is the same already, and ``NoDates`` where none is still to come.
    """
    plan.require_moderator(actor)
    store.lock(tx)
    wanted = debatefile.parse(source, needs_start=False)
    recurrence = _parsed(terms.rule, terms.starts or wanted.starts, terms.zone or wanted.timezone or house.timezone)
    _with_dates(recurrence, now)
    for other in store.every_series(tx, ended=False):
        if (other.title, read(other)) == (wanted.title, recurrence):
            raise errors.SeriesThere(series=other.id, title=other.title)
    series = Series(
        title=wanted.title, rule=recurrence.rule, starts=localtime.written(recurrence.starts),
        timezone=recurrence.zone, plan=json.dumps({"file": source}), created_at=now,
    )  # fmt: skip
    tx.session.add(series)
    tx.session.flush()
    _record(tx, series, "add series", actor, now)
    return series, _extend(tx, series, house=house, actor=actor, now=now)


def change(tx: Tx, series: Series, terms: Terms, *, house: House, actor: Actor, now: datetime) -> Done:
    """The series has those terms from now on, and its debates to come follow, but for those that a person has touched.

    Raises ``BadRule``, ``NoDates`` and ``SeriesOver``.
    """
    _may(tx, series, actor)
    before = read(series)
    recurrence = _parsed(terms.rule or before.rule, terms.starts or before.starts, terms.zone or before.zone)
    if recurrence == before:
        return Done()
    _with_dates(recurrence, now)
    series.rule, series.starts = recurrence.rule, localtime.written(recurrence.starts)
    series.timezone = recurrence.zone
    tx.session.add(series)
    _record(tx, series, "change series", actor, now)
    here = localtime.written(localtime.wall(now, recurrence.zone))
    there = store.occurrences(tx, store.series_ident(series))
    standing = [dated.standing(one, now=now) for one in there if one.occurrence >= here]
    changes = recurring.reconcile([date for _, group in _seasons(tx, series, now) for date in group], standing)
    done = Done()
    for one in changes.drop:
        debate = debates.get(tx, one.id)
        dated.take_back(tx, debate, phrase("cambió la regla de su serie"), actor=actor, now=now)
        done.cancelled.append(debate)
    done.moved, done.left = dated.shift(tx, changes.move, house=house, now=now)
    dated.stand_in(tx, changes.stead)
    more = _extend(tx, series, house=house, actor=actor, now=now)
    done.made, done.left = more.made, [*done.left, *more.left]
    return done


def confirm(tx: Tx, series: Series, season: str, *, house: House, actor: Actor, now: datetime) -> Done:
    """A person has said that the series goes on in the season: its dates are no drafts any more.

    What had lapsed before somebody said so comes back, where its hour is still to come and its place is free.
    Raises ``NotInSeason`` where the series has no date to come in a season of that name, and ``SeriesOver``.
    """
    _may(tx, series, actor)
    ident = store.series_ident(series)
    ahead = sorted({slug for slug, _ in _seasons(tx, series, now, lapsed=True)})
    if season not in ahead:
        raise errors.NotInSeason(series=series.id, season=season, seasons=", ".join(ahead) or "—")
    if store.confirm(tx, ident, season, who=actor.who, now=now):
        _record(tx, series, "confirm series", actor, now, season)
    done = Done()
    for debate in store.occurrences(tx, ident):
        if season_of(debate) != season or debate.starts_at <= now:
            continue
        _look_again(tx, debate)
        lapsed = _has_lapsed(tx, debate)
        if debate.phase != Phase.DRAFT and not lapsed:
            continue
        if lapsed and (why := _taken(tx, debate)):
            done.left.append(Left(debate.occurrence, why))
            continue
        _promise(tx, debate, actor=actor, now=now)
        done.confirmed.append(debate)
    more = _extend(tx, series, house=house, actor=actor, now=now)
    done.made, done.left = more.made, [*done.left, *more.left]
    return done


def goes_on(tx: Tx, debate: Debate, *, house: House, actor: Actor, now: datetime) -> Done:
    """The series of a debate is confirmed for the season of that; raises as ``confirm``, and ``NoSuchSeries``."""
    plan.require_moderator(actor)
    if debate.series_id is None or not debate.occurrence:
        raise errors.NoSuchSeries(series=debate.title)
    series = store.one_series(tx, debate.series_id)
    return confirm(tx, series, season_of(debate), house=house, actor=actor, now=now)


def end(tx: Tx, series: Series, *, actor: Actor, now: datetime) -> Done:
    """The series has no further dates, and its debates to come are cancelled, but for those that a person touched."""
    _may(tx, series, actor)
    series.ended_at = now
    tx.session.add(series)
    _record(tx, series, "end series", actor, now)
    done = Done()
    for debate in store.unheld(tx, store.series_ident(series)):
        if debate.touched:
            done.left.append(Left(debate.occurrence, phrase("alguien lo ha cambiado a mano")))
            continue
        why = phrase("terminó su serie")
        if debate.phase == Phase.DRAFT:
            dated.take_back(tx, debate, why, actor=actor, now=now)
        else:
            plan.cancel(tx, debate, actor=actor, now=now, why=words(debate.locale).again(why))
        done.cancelled.append(debate)
    return done


# --- what the clock does ---------------------------------------------------------------------------------------------


def extend(tx: Tx, *, house: House, now: datetime) -> list[Debate]:
    """Each series has its debates as far ahead as they are planned; returns those that were made."""
    running = store.every_series(tx, ended=False)
    if not running:
        return []
    store.lock(tx)
    made: list[Debate] = []
    for series in running:
        with suppress(errors.BadDebateFile):  # an older version took its file: what there is of it is held all the same
            made += _extend(tx, series, house=house, actor=CLOCK, now=now).made
    return made


def ask(tx: Tx, debate: Debate, *, house: House, now: datetime) -> None:
    """The organisers have been asked, once, whether the series of a draft goes on in its season, and how to say so."""
    drafts = _drafts(tx, debate)
    for one in drafts:
        for cue in debates.cues(tx, debates.ident(one)):
            if cue.key == rules.Kind.CONFIRM and cue.state == "planned":
                cue.state, cue.done_at = "skipped", now
                cue.why = words(one.locale)("ya se había preguntado por toda la serie")
                tx.session.add(cue)
    lapses = [cue.due_at for cue in debates.cues(tx, debates.ident(debate)) if cue.key == rules.Kind.LAPSE]
    text = words(debate.locale)(
        "¿Sigue la serie «{title}»? Sus fechas en la temporada {season} están en borrador: {count}; la primera, "
        "{when}. Si sigue, confírmala antes del {day}, en {link} o con «tertulia season confirm {series} {season}». Si "
        "nadie la confirma, esas fechas salen del calendario.",
        title=_title(tx, debate), season=season_of(debate), count=len(drafts), when=say.when(drafts[0]),
        day=dates.day(min(lapses, default=debate.starts_at), debate.timezone, locale=debate.locale),
        series=debate.series_id, link=f"{house.url}/d/{drafts[0].slug}",
    )  # fmt: skip
    say.to_moderators(tx, debate, "confirm", text, now=now)


def lapse(tx: Tx, debate: Debate, *, now: datetime) -> None:
    """Nobody has confirmed the series of a draft in time: its dates in the season leave the calendar."""
    gone = [one for one in _drafts(tx, debate) if one.id == debate.id or _is_due(tx, one, now)]
    for one in gone:
        _look_again(tx, one)
    gone = [one for one in gone if one.phase == Phase.DRAFT]  # somebody may confirm the series at this very moment
    for one in gone:
        dated.take_back(tx, one, phrase("nadie confirmó su serie a tiempo"), actor=CLOCK, now=now, lapsed=True)
    text = words(debate.locale)(
        "Nadie ha confirmado la serie «{title}» para la temporada {season}, y sus fechas han salido del calendario: "
        "{count}. Si sigue, todavía vuelven con «tertulia season confirm {series} {season}».",
        title=_title(tx, debate), season=season_of(debate), count=len(gone), series=debate.series_id,
    )  # fmt: skip
    say.to_moderators(tx, debate, "lapsed", text, now=now)


# --- what they are made of -------------------------------------------------------------------------------------------


def _may(tx: Tx, series: Series, actor: Actor) -> None:
    plan.require_moderator(actor)
    store.lock(tx)
    tx.session.refresh(series)
    if series.ended_at is not None:
        raise errors.SeriesOver(series=series.id, title=series.title)


def _parsed(rule: str, starts: datetime | None, zone: str) -> Recurrence:
    if starts is None:
        raise errors.BadRule(rule=rule, why=phrase("falta su primera fecha"))
    try:
        return recurring.parse(rule, starts, zone)
    except ValueError as error:
        raise errors.BadRule(rule=rule, why=error.args[0]) from error


def _with_dates(recurrence: Recurrence, now: datetime) -> None:
    """Raises ``NoDates`` where a rule has none that is still to come."""
    first = localtime.settle(recurrence.starts, recurrence.zone).instant
    if not recurring.expand(recurrence, now, max(now, first) + recurring.BARREN):
        raise errors.NoDates(rule=recurrence.rule)


def _seasons(tx: Tx, series: Series, now: datetime, *, lapsed: bool = False) -> list[tuple[str, list[Occurrence]]]:
    """The dates to come of a series, as far as they are planned ahead, by the short name of their season.

    Without ``lapsed`` those seasons are left out which nobody has confirmed in time.
    """
    known = store.confirmed(tx, store.series_ident(series))
    found = []
    for slug, group in _ahead(series, now).items():
        late = slug not in known and _deadlines(series, group).lapse_at <= now
        coming = [date for date in group if date.instant > now]
        if coming and (lapsed or not late):
            found.append((slug, coming))
    return found


def _ahead(series: Series, now: datetime) -> dict[str, list[Occurrence]]:
    """The dates of a series by season, those counted with which the season that is on began."""
    since = max(series.created_at, now - LONGEST_SEASON)
    seasons: dict[str, list[Occurrence]] = {}
    for date in recurring.expand(read(series), since, now + HORIZON):
        seasons.setdefault(year.of_day(date.asked.date()).slug, []).append(date)
    return seasons


def _deadlines(series: Series, group: Sequence[Occurrence]) -> Deadlines:
    return deadlines(group[0].instant, group[0].zone, since=series.created_at)


def _extend(tx: Tx, series: Series, *, house: House, actor: Actor, now: datetime) -> Done:
    """The debates of the dates ahead are made, but for those that there are, or were, wherever a person put them."""
    ident = store.series_ident(series)
    held = store.occurrences(tx, ident)
    there, begun = {one.occurrence for one in held}, {season_of(one) for one in held}
    known = store.confirmed(tx, ident)
    limits = {slug: _deadlines(series, group) for slug, group in _ahead(series, now).items()}
    wanted: DebateFile | None = None
    done = Done()
    for slug, group in _seasons(tx, series, now):
        for date in group:
            if date.key in there:
                continue
            wanted = wanted or debatefile.parse(json.loads(series.plan)["file"], needs_start=False)
            try:
                debate = plan.add(tx, wanted.starting(date.instant, date.zone), house=house, actor=actor, now=now)
            except (errors.Overlap, errors.NoHashtag) as error:
                done.left.append(Left(date.key, dated.why(error)))
                continue
            debate.series_id = ident
            season = store.season(tx, slug)
            debate.season_id = season.id if season else None
            if slug not in known:
                # Dates that come into sight in a season that was asked for are no reason to ask once more.
                _draft(tx, debate, limits[slug], ask=slug not in begun or limits[slug].ask_at > now)
            dated.mark(tx, debate, date, now=now)
            done.made.append(debate)
    tx.session.flush()
    return done


def _draft(tx: Tx, debate: Debate, limits: Deadlines, *, ask: bool) -> None:
    debate.phase = Phase.DRAFT
    tx.session.add(debate)
    ident = debates.ident(debate)
    if ask:
        debates.plan_cue(tx, ident, rules.Kind.CONFIRM, limits.ask_at)
    debates.plan_cue(tx, ident, rules.Kind.LAPSE, min(limits.lapse_at, debate.starts_at))


def _promise(tx: Tx, debate: Debate, *, actor: Actor, now: datetime) -> None:
    """A draft, or what had been one, will be held; what should have been said of it by now is said at once."""
    debate.phase, debate.why = Phase.SCHEDULED, ""
    plan.changed(tx, debate, now=now, by_hand=False)
    missed: dict[str, Cue] = {}
    for cue in debates.cues(tx, debates.ident(debate)):
        kind = cue.key.partition(":")[0]
        if kind in {rules.Kind.CONFIRM, rules.Kind.LAPSE}:
            if cue.state in {"planned", "done"}:
                cue.state, cue.why = "cancelled", words(debate.locale)("alguien confirmó la serie")
        elif cue.state == "cancelled" and cue.due_at > now:
            cue.state, cue.why = "planned", ""
        elif cue.state in {"cancelled", "skipped"} and kind in {rules.Kind.ANNOUNCE, rules.Kind.GUEST}:
            missed[kind] = cue  # the last of its kind: the guest is not told of every step at once
        tx.session.add(cue)
    for cue in missed.values():
        debates.plan_cue(tx, debates.ident(debate), cue.key, now)
    tx.session.flush()
    reminders.settle(tx, [debate], now=now)  # people may have asked for others meanwhile
    tx.cues = True
    debates.record(tx, who=actor.who, action="confirm", debate_id=debate.id, now=now)
    debates.bump(tx, debates.ident(debate))


def _look_again(tx: Tx, debate: Debate) -> None:
    """Nobody else changes the debate until this is committed, and what they did before is known."""
    debates.lock(tx, debates.ident(debate))
    tx.session.refresh(debate)


def _taken(tx: Tx, debate: Debate) -> str:
    """Why a debate that had lapsed cannot come back: what stands in its places by now; "" when nothing does."""
    held = [(place.platform, place.address) for place in debates.places(tx, debates.ident(debate))]
    try:
        plan.clear(tx, held, start=debate.starts_at, end=debate.ends_at, but=debate.id)
    except errors.Overlap as error:
        return dated.why(error)
    return ""


def _has_lapsed(tx: Tx, debate: Debate) -> bool:
    if debate.phase != Phase.CANCELLED or debate.touched:
        return False
    cues = debates.cues(tx, debates.ident(debate))
    return any(cue.key == rules.Kind.LAPSE and cue.state == "done" for cue in cues)


def _drafts(tx: Tx, debate: Debate) -> list[Debate]:
    """The drafts of the same series in the same season, the debate itself among them."""
    if debate.series_id is None:
        return [debate]
    season = season_of(debate)
    unheld = store.unheld(tx, debate.series_id)
    return [one for one in unheld if one.phase == Phase.DRAFT and season_of(one) == season]


def _is_due(tx: Tx, debate: Debate, now: datetime) -> bool:
    cues = debates.cues(tx, debates.ident(debate))
    return any(cue.key == rules.Kind.LAPSE and cue.state == "planned" and cue.due_at <= now for cue in cues)


def _title(tx: Tx, debate: Debate) -> str:
    """What the series is called, whatever its occurrence is called by now."""
    return store.one_series(tx, debate.series_id).title if debate.series_id is not None else debate.title


def _record(tx: Tx, series: Series, action: str, actor: Actor, now: datetime, detail: str = "") -> None:
    told = f"{series.id}: {detail or series.title}"
    debates.record(tx, who=actor.who, action=action, debate_id=None, now=now, detail=told)
