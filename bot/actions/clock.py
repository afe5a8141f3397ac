"""What is due: the clock does it at its time, skips it, or finds that the hour is over. One branch a kind of cue."""

from datetime import datetime, timedelta

from bot import calendars
from bot import cues as rules
from bot.actions import after, brief, invited, plan, polls, reminders, run, say, series
from bot.cues import Kind
from bot.debate import Phase, Verb
from bot.phrase import phrase
from bot.ports import CLOCK, House
from bot.store import debates
from bot.store.engine import Tx
from bot.tables import Cue, Debate
from bot.words.catalogue import words

# What another process has in hand is looked at again after this time: it is done by then, or that one has failed.
ELSEWHERE = timedelta(seconds=0.05)


def do_due(tx: Tx, *, now: datetime, house: House) -> str | None:
    """The cue that is due longest has been done or skipped, with the reason kept; returns its key, None when none is.

    One cue an action: claim, decision and posts are one commit, so a cue is done once however many processes ask.
    """
    due = debates.due_cues(tx, now, 1)
    for row in due:
        _turn(tx, row, now=now, house=house)
    return due[0].key if due else None


def _turn(tx: Tx, row: Cue, *, now: datetime, house: House) -> None:
    debate = debates.get(tx, row.debate_id)
    cue = rules.Cue(row.key, row.due_at)
    verdict = rules.judge(cue, Phase(debate.phase), starts_at=debate.starts_at, ends_at=debate.ends_at, now=now)
    if verdict.fate is rules.Fate.DO and cue.kind is Kind.ASK and run.next_question(tx, row.debate_id) is None:
        verdict = rules.Verdict(rules.Fate.SKIP, phrase("no quedaba ninguna pregunta"))
    why = words(debate.locale).again(verdict.why)
    if verdict.fate is rules.Fate.MISS:
        _miss(tx, debate, row, why, now)
    elif verdict.fate is rules.Fate.SKIP:
        debates.skipped(tx, row, now, why)
    else:
        row.why = why
        debates.done(tx, row, now)
        _perform(tx, debate, cue, now=now, house=house)
        if verdict.shift:
            run.shift(tx, row.debate_id, verdict.shift)
            debate.ends_at += verdict.shift
            tx.session.add(debate)
    debates.ticked(tx, row.debate_id)


def do_all_due(tx: Tx, *, now: datetime, house: House, most: int) -> datetime | None:
    """All that is due (``most`` cues at the most) has been done in one commit; returns when to look again, or None.

    That is when the next cue is due, or in a moment where another process has in hand what is due now.
    """
    due = debates.due_cues(tx, now, most)
    _held = debates.of(tx, {row.debate_id for row in due})  # looked up in one go: each turn asks for its own
    for row in due:
        if debates.is_due(row, now):  # what was done before it may have put it off, or made it needless
            _turn(tx, row, now=now, house=house)
    soonest = debates.next_due(tx)
    return now + ELSEWHERE if not due and soonest is not None and soonest <= now else soonest


def give_up(tx: Tx, *, now: datetime, why: str) -> None:
    """The cue that is due longest cannot be done and is skipped with the reason, so that the clock goes on."""
    for row in debates.due_cues(tx, now, 1):
        debates.skipped(tx, row, now, why)
        debates.ticked(tx, row.debate_id)


def _perform(tx: Tx, debate: Debate, cue: rules.Cue, *, now: datetime, house: House) -> None:  # noqa: C901, PLR0912  (one branch a kind)
    match cue.kind:
        case Kind.ANNOUNCE:
            plan.announce(tx, debate, house, now=now)
            polls.invite(tx, debate, now=now)
        case Kind.REMIND:
            ahead = rules.ahead(cue, starts_at=debate.starts_at, now=now)
            text = say.Worded(
                say.reminder(debate, house, ahead=ahead),
                brief.reminder(debate, house, ahead=ahead),
                calendars.alone(house, debate.slug),
            )
            say.everywhere(tx, debate, "remind", text, now=now)
            polls.invite(tx, debate, now=now)
        case Kind.OPEN:
            run.open_now(tx, debate, actor=CLOCK, now=now)
        case Kind.LABEL:
            text = say.Worded(say.label_reminder(debate), brief.label_reminder(debate))
            say.everywhere(tx, debate, "label", text, now=now)
        case Kind.WARN:
            _warn(tx, debate, now=now)
        case Kind.ASK:
            run.ask_next(tx, debate, actor=CLOCK, now=now)
        case Kind.WRAP_UP:
            text = say.Worded(say.wrap_up(debate), brief.wrap_up(debate))
            say.everywhere(tx, debate, "wrap_up", text, now=now)
        case Kind.CLOSE | Kind.FORGOTTEN_HOLD:
            run.close(tx, debate, actor=CLOCK, now=now, house=house)
        case Kind.END_GRACE:
            run.settle(tx, debate, now=now, house=house)
        case Kind.RECAP:
            say.to_moderators(tx, debate, "ready", say.ready(debate, house), now=now)
        case Kind.CONFIRM:
            series.ask(tx, debate, house=house, now=now)
        case Kind.LAPSE:
            series.lapse(tx, debate, now=now)
        case Kind.GUEST:
            invited.nudge(tx, debate, cue, house=house, now=now)
        case Kind.NUDGE:
            reminders.nudge(tx, debate, cue, now=now, house=house)
        case Kind.POLL_END:
            after.poll_end(tx, debate, cue, now=now)
        case Kind.PULSE:
            after.pulse(tx, debate, now=now)
        case Kind.TEASER:
            after.teaser(tx, debate, now=now, house=house)


def _warn(tx: Tx, debate: Debate, *, now: datetime) -> None:
    debate_id = debates.ident(debate)
    question = run.next_question(tx, debate_id)
    pending = [rules.Cue(cue.key, cue.due_at) for cue in debates.cues(tx, debate_id) if cue.state == "planned"]
    ask = rules.next_ask(pending)
    if question is not None and ask is not None:
        number = sum(1 for one in debates.questions(tx, debate_id) if one.number is not None) + 1
        text = say.warning(debate, question, number=number, left=ask.due_at - now)
        say.to_moderators(tx, debate, "warning", text, now=now)


def _miss(tx: Tx, debate: Debate, row: Cue, why: str, now: datetime) -> None:
    debate.phase, debate.why = Phase.MISSED, why
    plan.changed(tx, debate, now=now, by_hand=False)
    for cue in debates.pending_cues(tx, row.debate_id):
        debates.skipped(tx, cue, now, why)
    reminders.over(tx, debate)
    say.to_moderators(tx, debate, "missed", say.missed(debate), now=now)
    debates.record(tx, who=CLOCK.who, action=Verb.MISS, debate_id=row.debate_id, now=now, detail=why)
