"""The JSON shapes of the contract (docs/design.md, 8): rows as plain data. Ids are strings, times ISO 8601 in UTC."""

import json
from typing import Any

from bot import localtime
from bot.actions import invited
from bot.actions.series import season_of
from bot.store import attendance, debates, people, questions, seasons
from bot.store import guests as guests_store
from bot.store import outbox as posts
from bot.store.engine import Tx
from bot.tables import Cue, Debate, Gap, Question
from bot.tables_year import Guest

Shape = dict[str, Any]


def debate(tx: Tx, row: Debate) -> Shape:
    """A debate as ``debate list --json`` has it; ``local`` is its start on the clocks of its own zone."""
    return {
        "id": str(row.id),
        "title": row.title,
        "phase": row.phase,
        "season": seasons.slug_of(tx, row.season_id) or (season_of(row) if row.series_id and row.occurrence else None),
        "starts_at": localtime.iso(row.starts_at),
        "timezone": row.timezone,
        "local": localtime.wall(row.starts_at, row.timezone).isoformat(),
        "places": [place.platform for place in debates.places(tx, debates.ident(row))],
    }


def whole(tx: Tx, row: Debate) -> Shape:
    """A debate as ``debate show --json`` has it."""
    ident = debates.ident(row)
    return {
        **debate(tx, row),
        "slug": row.slug,
        "hashtag": row.hashtag,
        "host": row.host,
        "locale": row.locale,
        "ends_at": localtime.iso(row.ends_at),
        "opened_at": localtime.iso(row.opened_at),
        "closed_at": localtime.iso(row.closed_at),
        "imported": row.imported,
        "rehearsal": row.rehearsal,
        "pace": json.loads(row.pace),
        "addresses": {place.platform: place.address for place in debates.places(tx, ident)},
        "questions": asked(tx, ident),
        "cues": [cue(one) for one in debates.cues(tx, ident)],
        "gaps": [gap(one) for one in debates.gaps(tx, ident)],
        "counts": counts(tx, ident),
        "attendance": attendance.counts(tx, ident)[ident]._asdict(),
    }


def asked(tx: Tx, debate_id: int) -> list[Shape]:
    """Every question of a debate in the order of its run-sheet."""
    votes = questions.votes(tx, debate_id)
    return [question(tx, one, votes=votes.get(one.id or 0, 0)) for one in debates.questions(tx, debate_id)]


def question(tx: Tx, row: Question, *, votes: int) -> Shape:
    """One question; ``asker`` is PLATFORM:ID, or null for those of the run-sheet."""
    asker = people.identity(tx, row.asker_id) if row.asker_id is not None else None
    return {
        "id": str(row.id),
        "number": row.number,
        "text": row.text,
        "answer": row.answer or None,
        "state": row.state,
        "source": row.source,
        "asked_at": localtime.iso(row.asked_at),
        "votes": votes,
        "asker": f"{asker.platform}:{asker.platform_id}" if asker else None,
        "reason": row.reason or None,
        "merged_into": str(row.merged_into) if row.merged_into is not None else None,
    }


def cue(row: Cue) -> Shape:
    """One thing the clock does."""
    done = localtime.iso(row.done_at)
    return {"key": row.key, "due_at": localtime.iso(row.due_at), "state": row.state, "done_at": done, "why": row.why}


def gap(row: Gap) -> Shape:
    """A stretch in which a place was not heard."""
    return {
        "platform": row.platform,
        "place": row.place,
        "from": localtime.iso(row.from_at),
        "to": localtime.iso(row.to_at),
        "closed": row.closed_at is not None,
        "why": row.why,
    }


def counts(tx: Tx, debate_id: int) -> dict[str, int]:
    """How much of what a debate has; ``posts`` are the bot's own, ``waiting`` and ``failed`` those of them not sent."""
    states = [row.state for row in posts.of_debate(tx, debate_id)]
    return {
        "messages": debates.message_count(tx, debate_id),
        "people": people.participants(tx, debate_id),
        "questions": len(debates.questions(tx, debate_id)),
        "posts": len(states),
        "waiting": sum(state in {"queued", "sending"} for state in states),
        "failed": states.count("failed"),
    }


def guests(tx: Tx, row: Debate) -> list[Shape]:
    """The guests of a debate as ``guest list --json`` has them; what they wrote is for who moderates, and not here."""
    return [_guest(tx, row, one) for one in guests_store.of_debate(tx, debates.ident(row))]


def _guest(tx: Tx, row: Debate, one: Guest) -> Shape:
    who, done = people.identity(tx, one.identity_id), invited.progress(tx, row, one)
    framing = "out" if one.framed_at else "approved" if one.approved_at else "written" if one.framing else ""
    return {
        "id": str(one.id),
        "name": one.name,
        "slack": who.platform_id if who is not None and who.platform == "slack" else None,
        "answered": done.answered,
        "questions": done.questions,
        "framing": framing,
        "seen_at": localtime.iso(one.seen_at),
    }
