"""What comes after a debate: the pulse half an hour after the last answers, and a day later what comes next."""

from datetime import UTC, datetime, timedelta

from bot import cues as rules
from bot import errors, localtime, poll
from bot import subjects as ready
from bot.actions import brief, polls, say
from bot.actions.plan import require_moderator
from bot.debate import COMING
from bot.poll import Kind, Planned
from bot.ports import Actor, House, Platform
from bot.store import debates, people
from bot.store import polls as store
from bot.store.engine import Tx
from bot.tables import Debate
from bot.tables_year import Poll
from bot.words.catalogue import words

TEASER_AFTER = timedelta(days=1)
# The last answers and the way out come first: people are not asked how it was while they are still saying goodbye.
PULSE_AFTER = timedelta(minutes=30)
# A subject that was debated this little ago is not offered again.
NOT_LATELY = timedelta(days=180)


def settled(tx: Tx, debate: Debate, *, now: datetime) -> None:
    """The debate is over for good: the pulse is planned, where it is wanted, and for the next day what comes next."""
    if debate.rehearsal or debate.imported:
        return
    debate_id = debates.ident(debate)
    debates.plan_cue(tx, debate_id, rules.Kind.TEASER, teased_at(debate, debate.closed_at or now))
    held = {place.platform for place in debates.places(tx, debate_id)}
    if store.of(tx, debate_id, Kind.PULSE) is None and held - {Platform.X} and people.participants(tx, debate_id):
        debates.plan_cue(tx, debate_id, rules.Kind.PULSE, now + PULSE_AFTER)


def pulse(tx: Tx, debate: Debate, *, now: datetime) -> None:
    """Whoever was there can say how it was, for three days, and nobody can know who said what."""
    debate_id = debates.ident(debate)
    if store.of(tx, debate_id, Kind.PULSE) is not None:
        return  # switched off in the meantime
    row = store.put(tx, debate_id, Kind.PULSE, survey(debate.locale))
    row.opens_at = now
    tx.session.add(row)
    debates.plan_cue(
        tx, debate_id, f"{rules.Kind.POLL_END}:{row.id}", localtime.apart(now, polls.PULSE_LASTS, debate.timezone)
    )
    text = words(debate.locale)(
        "«{title}» ha terminado. Una pregunta anónima: {text} No se guarda quién respondió qué, y tu respuesta no se "
        "publica.",
        title=debate.title, text=row.text,
    )  # fmt: skip
    polls.ask(tx, debate, Kind.PULSE, text, now=now)


def teased_at(debate: Debate, closed_at: datetime) -> datetime:
    """When people read what comes next: the day after the debate, at the same hour."""
    return localtime.apart(closed_at, TEASER_AFTER, debate.timezone)


def survey(locale: str) -> Planned:
    """The pulse: a scale whose two ends are worded alike, and free words; nothing is chosen beforehand."""
    text = words(locale)
    return Planned(
        text("Del 1 al 5, ¿qué utilidad ha tenido para ti este debate?"),
        (text("1 · muy poca"), "2", "3", "4", text("5 · mucha")), several=False, other=True,
    )  # fmt: skip


def poll_end(tx: Tx, debate: Debate, cue: rules.Cue, *, now: datetime) -> None:
    """The poll that the cue names takes no more answers."""
    row = store.get(tx, int(cue.key.partition(":")[2]))
    if row.closed_at is None:
        polls.end(tx, debate, row, now=now)


def teaser(tx: Tx, debate: Debate, *, now: datetime, house: House) -> None:
    """Who was there reads what comes next; where that has no subject yet, in a season, they vote on it."""
    coming = debates.following(tx, debates.ident(debate), after=now)
    if coming is None:
        return
    worded = say.Worded(_teaser(debate, coming, house), brief.teaser(debate, coming, house))
    say.everywhere(tx, debate, "teaser", worded, now=now)
    bare = coming.season_id is not None and not debates.questions(tx, debates.ident(coming))
    if bare and store.of(tx, debates.ident(coming), Kind.TOPIC) is None:
        _vote(tx, coming, now=now)


def choose_topic(tx: Tx, debate: Debate, *, actor: Actor, now: datetime) -> Poll:
    """People vote on what the debate to come is about; raises ``PollOpen`` where they did already."""
    require_moderator(actor)
    debates.lock(tx, debates.ident(debate))
    if debate.phase not in COMING:
        raise errors.WrongPhase(phase=debate.phase, verb="votar el tema")
    if store.of(tx, debates.ident(debate), Kind.TOPIC) is not None:
        raise errors.PollOpen
    debates.record(tx, who=actor.who, action="add poll", debate_id=debate.id, now=now, detail=Kind.TOPIC)
    return _vote(tx, debate, now=now)


def subjects(tx: Tx, debate: Debate, *, now: datetime) -> Planned:
    """The vote on a subject: the ready-made ones that were not debated lately, and any other that somebody proposes.

    Where too few are left, those that were, the longest ago first. Never the one just debated, nor the debate's own.
    """
    held = store.titles_held(tx)
    past = {title: at for title, at in held.items() if at <= now}
    out = {debate.title.casefold(), max(past, key=past.__getitem__, default="")}
    titles = [one.title for one in ready.ready_made() if one.title.casefold() not in out]
    fresh = [one for one in titles if one.casefold() not in held or held[one.casefold()] < now - NOT_LATELY]
    if len(fresh) < poll.FEWEST_OPTIONS:
        fresh = sorted(titles, key=lambda one: held.get(one.casefold(), datetime.min.replace(tzinfo=UTC)))
    options = [brief.clipped(one, poll.LONGEST_OPTION) for one in fresh[: poll.MOST_OPTIONS]]
    return Planned(words(debate.locale)("Elige los temas que te interesan, o propón otro."), tuple(options), True, True)


def _vote(tx: Tx, debate: Debate, *, now: datetime) -> Poll:
    row = store.put(tx, debates.ident(debate), Kind.TOPIC, subjects(tx, debate, now=now))
    polls.open_topic(tx, debate, row, now=now)
    return row


def _teaser(debate: Debate, following: Debate, house: House) -> str:
    return words(debate.locale)(
        "Lo próximo: «{title}», {when}.{hours} Ya puedes apuntarte y proponer preguntas: {link}",
        title=following.title, when=say.when(following), hours=say.by_zone(following, house),
        link=f"{house.url}/d/{following.slug}",
    )  # fmt: skip
