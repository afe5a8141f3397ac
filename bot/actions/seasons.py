"""Seasons: the dates of a year proposed, shown with all they collide with, and written only when somebody says so.

What is proposed is compared with what is planned already, so that planning again moves the debates that nobody has
touched, leaves the others, and doubles none.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from bot import cues, errors, localtime, rhythm, subjects
from bot import season as rules
from bot import series as recurring
from bot.actions import dated, plan, series
from bot.debate import Phase
from bot.phrase import phrase
from bot.ports import Actor, House
from bot.rhythm import Rhythm
from bot.season import Collision, Ground, Hour, Proposal, Stretch, Taken
from bot.series import Occurrence
from bot.store import debates
from bot.store import seasons as store
from bot.store.engine import Tx
from bot.subjects import Kind, Subject
from bot.tables import Debate, Place
from bot.tables_year import Season
from bot.words.catalogue import words


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody wants planned: a year, one season of it, or a stretch of their own with a title.

    ``typed`` is what they said of the rhythm, named as in ``Rhythm.fields``; what they did not say stays as it was, or
    as it usually is. ``subjects`` are what can be debated, the ready-made debates where there is none.
    """

    year: int = 0
    typed: Mapping[str, str] = field(default_factory=dict)
    subjects: tuple[Subject, ...] = ()
    season: str = ""  # the short name of one that is planned already: it alone is changed, and no year is needed
    title: str = ""  # of a season of one's own, from ``begins`` to ``ends`` in ``typed``
    kinds: tuple[Kind, ...] = ()  # of the year's seasons, those that are meant; none: all of them


class Fate(StrEnum):
    """What becomes of a date."""

    NEW = "new"  # a debate will be planned
    MOVE = "move"  # one that nobody touched goes there
    STAY = "stay"  # one stands there already
    LEFT = "left"  # one that a person touched or cancelled, or that cannot move, stays as it is
    DROP = "drop"  # one that nobody touched has no date any more
    TAKEN = "taken"  # another debate is on in the same place: nothing is planned
    PAST = "past"  # it is too late


# What a yes would change.
CHANGES = frozenset({Fate.NEW, Fate.MOVE, Fate.DROP})


@dataclass(frozen=True, slots=True)
class Line:
    """One date of the preview. ``debate`` and ``slug`` are of the debate that there is already, ``was`` where it is."""

    fate: Fate
    season: Stretch
    occurrence: Occurrence
    title: str
    host: str = ""
    hours: tuple[Hour, ...] = ()
    collisions: tuple[Collision, ...] = ()
    debate: int | None = None
    slug: str = ""
    was: datetime | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Preview:
    """The dates in order of time, with what becomes of each; nothing is written yet."""

    wanted: Wanted
    rhythms: Mapping[str, Rhythm]  # by the season's short name
    lines: tuple[Line, ...]
    renewed: tuple[str, ...] = ()  # the seasons that are not as they are kept

    @property
    def nothing(self) -> bool:
        """Whether a yes would change nothing at all."""
        return not self.renewed and not any(one.fate in CHANGES for one in self.lines)

    @property
    def mark(self) -> str:
        """Stands for what was shown: what is written after a yes must still be the same."""
        shown = [(one.fate.value, one.occurrence.key, one.occurrence.zone, one.debate, one.title) for one in self.lines]
        return hashlib.sha256(repr((shown, self.renewed)).encode()).hexdigest()[:16]

    def count(self, *fates: Fate) -> int:
        """How many dates have one of these fates."""
        return sum(one.fate in fates for one in self.lines)


@dataclass(frozen=True, slots=True)
class _Plan:
    """One season compared with what stands of it."""

    stretch: Stretch
    rhythm: Rhythm
    row: Season | None
    proposals: Mapping[str, Proposal]
    changes: recurring.Changes


def propose(tx: Tx, wanted: Wanted, *, house: House, now: datetime) -> Preview:
    """The dates of what is wanted, and what would become of each; nothing is written.

    Raises ``BadYear``, ``BadRhythm``, ``NoSuchSeason``, ``NoSuchCountry``, and ``NoDates`` where nothing is to come.
    """
    return _preview(tx, wanted, _compare(tx, wanted, house, now), house, now)


def write(tx: Tx, wanted: Wanted, *, house: House, actor: Actor, now: datetime, seen: str = "") -> Preview:
    """The seasons and their debates are as the preview says; returns it, with what was made. Twice changes nothing.

    ``seen`` is the mark of the preview that somebody said yes to: where something else would be written by now, nothing
    is, and ``SeasonStale`` is raised. Raises as ``propose`` does.
    """
    plan.require_moderator(actor)
    store.lock(tx)
    plans = _compare(tx, wanted, house, now)
    preview = _preview(tx, wanted, plans, house, now)
    if preview.nothing:
        return preview
    if seen and seen != preview.mark:
        raise errors.SeasonStale
    will = {(one.season.slug, one.occurrence.key): one.fate for one in preview.lines if one.fate in CHANGES}
    made: dict[tuple[str, str], Debate] = {}
    for one in plans:
        slug = one.stretch.slug
        if slug not in preview.renewed and all(slug != changed for changed, _ in will):
            continue
        season = _keep(tx, one, house=house, actor=actor, now=now)
        for standing in one.changes.drop:
            debate = debates.get(tx, standing.id)
            dated.take_back(tx, debate, phrase("cambió el ritmo de su temporada"), actor=actor, now=now)
        moves = [move for move in one.changes.move if will.get((slug, move.to.key)) is Fate.MOVE]
        dated.shift(tx, moves, house=house, now=now)
        dated.stand_in(tx, one.changes.stead)
        for date in one.changes.add:
            if will.get((slug, date.key)) is Fate.NEW:
                proposal = one.proposals[date.key]
                made[slug, date.key] = _add(tx, season, proposal, house=house, actor=actor, now=now)
    return replace(preview, lines=tuple(_with(one, made) for one in preview.lines))


def _with(line: Line, made: Mapping[tuple[str, str], Debate]) -> Line:
    """The line, with the debate that came of it."""
    debate = made.get((line.season.slug, line.occurrence.key)) if line.fate is Fate.NEW else None
    return line if debate is None else replace(line, debate=debate.id, slug=debate.slug)


def of_series_alone(tx: Tx, slug: str) -> tuple[Stretch, Sequence[Debate]]:
    """A season that nobody has planned, with the debates that series have in it; raises ``NoSuchSeason``."""
    year = slug[:4]
    known = rules.stretches(int(year)) if year.isascii() and year.isdecimal() and rules.is_year(int(year)) else ()
    for stretch in known:
        found = [one for one in store.of_series(tx, stretch.year) if series.season_of(one) == slug]
        if stretch.slug == slug and found:
            return stretch, sorted(found, key=lambda one: (one.starts_at, one.id or 0))
    raise errors.NoSuchSeason(season=slug)


# --- comparing -------------------------------------------------------------------------------------------------------


def _compare(tx: Tx, wanted: Wanted, house: House, now: datetime) -> list[_Plan]:
    chosen = wanted.subjects or subjects.ready_made()
    seasons = [(stretch, row, _rhythm(wanted, row, house)) for stretch, row in _meant(tx, wanted, house)]
    ours = {store.ident(row) for _, row, _ in seasons if row is not None}
    ground = rules.ground(house, _taken(tx, seasons[0][0].year, but=ours))
    years: dict[Rhythm, list[Proposal]] = {}
    found = []
    for stretch, row, beat in seasons:
        if stretch.kind is Kind.OWN:
            proposals = rules.plan_season(stretch, beat, chosen, ground)
        else:
            if beat not in years:
                years[beat] = rules.plan(stretch.year, beat, chosen, ground)
            proposals = [one for one in years[beat] if one.season.slug == stretch.slug]
        _check_hours(proposals)
        coming = [one.occurrence for one in proposals if one.occurrence.instant > now]
        here = localtime.written(localtime.wall(now, beat.timezone))
        there = store.planned(tx, store.ident(row)) if row is not None else ()
        standing = [dated.standing(one, now=now) for one in there if one.occurrence >= here]
        by_key = {one.occurrence.key: one for one in proposals}
        found.append(_Plan(stretch, beat, row, by_key, recurring.reconcile(coming, standing)))
    if not any(one.row or any(date.occurrence.instant > now for date in one.proposals.values()) for one in found):
        raise errors.NothingAhead(year=seasons[0][0].year)
    return found


def _meant(tx: Tx, wanted: Wanted, house: House) -> list[tuple[Stretch, Season | None]]:
    """The seasons that are wanted, with what is kept of them."""
    if wanted.season:
        row = store.get(tx, wanted.season)
        return [(Stretch(Kind(row.kind), row.year, row.slug, row.title), row)]
    if wanted.title.strip():
        begins = rhythm.read(wanted.typed, Rhythm(timezone=house.timezone)).begins
        if begins is None:
            raise errors.BadRhythm(faults=phrase("una temporada propia necesita su primer y su último día"))
        own = rules.own(wanted.title, begins)
        if any(own.slug == one.slug for one in rules.stretches(own.year)):
            faults = phrase("«{title}» ya es una temporada del año: elige otro título", title=wanted.title)
            raise errors.BadRhythm(faults=faults)
        return [(own, store.season(tx, own.slug))]
    meant = [one for one in rules.stretches(wanted.year) if not wanted.kinds or one.kind in wanted.kinds]
    return [(one, store.season(tx, one.slug)) for one in meant]


def _rhythm(wanted: Wanted, row: Season | None, house: House) -> Rhythm:
    base = rhythm.from_json(row.rhythm) if row is not None else Rhythm(timezone=house.timezone)
    return rhythm.read(wanted.typed, base)


def _taken(tx: Tx, year: int, *, but: set[int]) -> list[Taken]:
    """The debates around a year that stand in the calendar, but for those of the seasons that are compared."""
    found: dict[int, Debate] = {debates.ident(one): one for one, _ in _standing(tx, year)}
    others = [one for one in found.values() if one.series_id is not None or one.season_id not in but]
    return [Taken(one.title, one.starts_at, one.ends_at) for one in others if not one.rehearsal]


def _standing(tx: Tx, year: int) -> Sequence[tuple[Debate, Place]]:
    """What is held where around a year. A season of one's own may reach into the next."""
    start = datetime(year, 1, 1, tzinfo=UTC) - timedelta(days=2)
    return store.standing(tx, start=start, end=start + 2 * rules.LONGEST_OWN)


def _check_hours(proposals: Iterable[Proposal]) -> None:
    """Every question has its time in the minutes that the rhythm gives; raises ``BadRhythm``."""
    for one in proposals:
        file = one.file()
        if cues.overrun(file.pace, questions=len(file.questions)) is not None:
            fault = phrase("en {count} min no caben las preguntas de «{title}»", count=one.minutes,
                           title=one.subject.title)  # fmt: skip
            raise rhythm.refused([("minutes", fault)])


# --- showing ---------------------------------------------------------------------------------------------------------


def _preview(tx: Tx, wanted: Wanted, plans: Sequence[_Plan], house: House, now: datetime) -> Preview:
    leaving = {one.id for each in plans for one in each.changes.drop}
    leaving |= {move.standing.id for each in plans for move in each.changes.move}
    room = [(debate, place) for debate, place in _standing(tx, plans[0].stretch.year) if debate.id not in leaving]
    lines = [line for one in plans for line in _lines(tx, one, room, house, now)]
    lines.sort(key=lambda line: (line.occurrence.instant, line.debate or 0))
    changed = {line.season.slug for line in lines if line.fate in CHANGES}
    renewed = [one.stretch.slug for one in plans if _renewed(one, changed)]
    return Preview(wanted, {one.stretch.slug: one.rhythm for one in plans}, tuple(lines), tuple(renewed))


def _renewed(one: _Plan, changed: set[str]) -> bool:
    """Whether the season must be kept, or kept anew; one without any date is not."""
    return one.stretch.slug in changed if one.row is None else one.row.rhythm != one.rhythm.to_json()


def _lines(tx: Tx, one: _Plan, room: Sequence[tuple[Debate, Place]], house: House, now: datetime) -> Iterable[Line]:
    there = {debates.ident(debate): debate for debate in store.planned(tx, store.ident(one.row))} if one.row else {}
    keys = {debate.occurrence for debate in there.values()}
    ground = rules.ground(house)
    for standing in (*one.changes.keep, *one.changes.drop):
        debate = there[standing.id]
        fate = Fate.DROP if standing in one.changes.drop else Fate.LEFT if standing.fixed else Fate.STAY
        why = _why_left(debate) if fate is Fate.LEFT else ""
        if fate is Fate.LEFT and standing.key in one.proposals and debate.starts_at > now and not debate.touched:
            fate = Fate.STAY
        yield _of_debate(one, debate, fate, ground, why)
    for move in one.changes.move:
        debate = there[move.standing.id]
        held = [(place.platform, place.address) for place in debates.places(tx, move.standing.id)]
        end = move.to.instant + (debate.ends_at - debate.starts_at)
        taken = _overlap(room, held, move.to.instant, end)
        if taken:
            yield _of_debate(one, debate, Fate.LEFT, ground, taken)
        else:
            yield _of_proposal(one, move.to, Fate.MOVE, debate)
    for date in one.changes.add:
        file = one.proposals[date.key].file()
        held = plan.wanted_places(file, house)
        taken = _overlap(room, held, date.instant, date.instant + file.pace.minutes)
        yield _of_proposal(one, date, Fate.TAKEN if taken else Fate.NEW, why=taken)
    for key, proposal in one.proposals.items():
        if proposal.occurrence.instant <= now and key not in keys:
            yield _of_proposal(one, proposal.occurrence, Fate.PAST)


def _of_proposal(one: _Plan, date: Occurrence, fate: Fate, debate: Debate | None = None, *, why: str = "") -> Line:
    proposal = one.proposals[date.key]
    title, hours, collisions = proposal.subject.title, proposal.hours, proposal.collisions
    if debate is None:
        return Line(fate, one.stretch, date, title, proposal.host, hours, collisions, why=why)
    return Line(
        fate, one.stretch, date, debate.title, debate.host, hours, collisions, debate.id, debate.slug, debate.starts_at,
        why,
    )  # fmt: skip


def _of_debate(one: _Plan, debate: Debate, fate: Fate, ground: Ground, why: str) -> Line:
    wall = localtime.wall(debate.starts_at, debate.timezone).replace(tzinfo=None)
    kind = localtime.Clock(debate.settled) if debate.settled else localtime.Clock.NORMAL
    asked = datetime.fromisoformat(debate.local_at) if debate.local_at else wall
    checked = rules.check([Occurrence(asked, wall, debate.starts_at, kind, debate.timezone)], ground)[0]
    return Line(
        fate, one.stretch, checked.occurrence, debate.title, debate.host, checked.hours, checked.collisions, debate.id,
        debate.slug, debate.starts_at, why,
    )  # fmt: skip


def _why_left(debate: Debate) -> str:
    if debate.phase == Phase.CANCELLED:
        return phrase("está cancelado")
    return phrase("alguien lo ha cambiado a mano") if debate.touched else phrase("ya ha empezado")


def _overlap(
    room: Iterable[tuple[Debate, Place]], held: Iterable[tuple[str, str]], start: datetime, end: datetime
) -> str:
    """Which debate is on then in one of the places; "" where none is."""
    wanted = {(str(platform), address) for platform, address in held}
    for debate, place in room:
        if (place.platform, place.address) in wanted and debate.starts_at < end and debate.ends_at > start:
            return phrase("se solapa con «{title}»", title=debate.title)
    return ""


# --- writing ---------------------------------------------------------------------------------------------------------


def _keep(tx: Tx, one: _Plan, *, house: House, actor: Actor, now: datetime) -> Season:
    """The season is kept with its rhythm; the dates of series that fall in it are its own from now on."""
    beat, row = one.rhythm.to_json(), one.row
    if row is None:
        title = words(house.locale).again(one.stretch.title)
        row = Season(
            slug=one.stretch.slug, year=one.stretch.year, kind=one.stretch.kind, title=title,
            timezone=one.rhythm.timezone, rhythm=beat, created_at=now, changed_at=now,
        )  # fmt: skip
        tx.session.add(row)
        tx.session.flush()
        store.adopt(tx, row, [one for one in store.of_series(tx, row.year) if series.season_of(one) == row.slug])
    elif row.rhythm != beat:
        row.rhythm, row.timezone, row.changed_at = beat, one.rhythm.timezone, now
        tx.session.add(row)
    debates.record(tx, who=actor.who, action="plan season", debate_id=None, now=now, detail=row.slug)
    return row


def _add(tx: Tx, season: Season, proposal: Proposal, *, house: House, actor: Actor, now: datetime) -> Debate:
    debate = plan.add(tx, proposal.file(), house=house, actor=actor, now=now)
    debate.season_id = store.ident(season)
    dated.mark(tx, debate, proposal.occurrence, now=now)
    return debate
