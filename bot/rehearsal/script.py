"""The script of a rehearsal: who is there and what they do when. Pure."""

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.debate import Pace
from bot.debatefile import DebateFile, PlannedQuestion
from bot.ports import Said

# An export's conversation is spread over the hour between these minutes.
FIRST_MINUTE, LAST_MINUTE = 1.0, 58.0


@dataclass(frozen=True, slots=True)
class Voice:
    """Somebody who takes part: where from, and from which minute on."""

    id: str
    name: str
    place: str  # slack or room
    arrives_minute: float = 0.0
    moderator: bool = False


@dataclass(frozen=True, slots=True)
class Act:
    """Something a voice does, so many minutes after the opening; ``to`` names an earlier act, or a question (``P2``).

    ``question`` is where a person would file it: 0 for none, None where nobody has said.
    """

    at: float
    who: str
    kind: str  # say, reply, react, edit, delete, ask or vote
    text: str = ""
    to: str = ""
    name: str = ""
    emoji: str = ""
    question: int | None = None


@dataclass(frozen=True, slots=True)
class Script:
    """A rehearsal: the debate, its voices, and what they do in order of time."""

    title: str
    hashtag: str
    host: str
    questions: Sequence[PlannedQuestion]
    voices: Sequence[Voice]
    acts: Sequence[Act]

    def voice(self, ident: str) -> Voice:
        """The voice of an id; ``KeyError`` when there is none."""
        return next(voice for voice in self.voices if voice.id == ident)

    def plan(self, *, starts: datetime, speed: float, slack: str, room: bool = True) -> DebateFile:
        """The debate as it would be planned, its hour passing ``speed`` times as fast."""
        return DebateFile(
            title=self.title, questions=tuple(self.questions), starts=starts, timezone="", hashtag=self.hashtag,
            host=self.host, pace=quick(Pace(), speed, questions=len(self.questions)), slack=slack, room=room,
            rehearsal=True,
        )  # fmt: skip


def quick(pace: Pace, speed: float, *, questions: int) -> Pace:
    """The pace with every length of the hour ``speed`` times as short, and no announcement days ahead."""
    fitted = pace.fitted(questions)
    return Pace(
        minutes=fitted.minutes / speed, first=fitted.first / speed, every=fitted.step / speed,
        warning=fitted.warning / speed, wrap_up=fitted.wrap_up / speed, grace=fitted.grace / speed,
        label=fitted.label / speed, announce=timedelta(0), reminders=(),
    )  # fmt: skip


def parse(source: str) -> Script:
    """The script in the text of a voices file; ``KeyError`` or ``ValueError`` where it is not one."""
    data = tomllib.loads(source)
    debate = data["debate"]
    questions = [
        PlannedQuestion(one) if isinstance(one, str) else PlannedQuestion(one["text"], one.get("answer", ""))
        for one in debate["questions"]
    ]
    voices = [
        Voice(one["id"], one["name"], one["place"], float(one["arrives_minute"]), one.get("style") == "moderator")
        for one in data["voices"]
    ]
    acts = [Act(**{**line, "at": float(line["at"])}) for line in data["lines"]]
    return Script(debate["title"], debate["hashtag"], debate["host"], questions, voices, _in_order(acts))


def from_conversation(said: Sequence[Said], *, title: str) -> Script:
    """A script made of what people once said: the same voices and threads, in Slack, spread over the hour."""
    kept = [one for one in said if one.text.strip() and not one.author.bot]
    if not kept:
        return Script(title, "", "", (), (), ())
    first, last = min(one.posted_at for one in kept), max(one.posted_at for one in kept)
    span = max((last - first).total_seconds(), 1.0)
    names = {one.author.id: one.author.name or one.author.id for one in kept}
    known = {one.id for one in kept}
    acts = [
        Act(
            at=FIRST_MINUTE + (LAST_MINUTE - FIRST_MINUTE) * (one.posted_at - first).total_seconds() / span,
            who=one.author.id, kind="reply" if one.thread in known and one.thread != one.id else "say", text=one.text,
            to=one.thread or "" if one.thread in known and one.thread != one.id else "", name=one.id,
        )
        for one in kept
    ]  # fmt: skip
    roots = [one.text for one in kept if one.thread in {None, one.id}]
    questions = [PlannedQuestion(" ".join(text.split())[:200]) for text in sorted(roots, key=len, reverse=True)[:5]]
    voices = [Voice(ident, name, "slack") for ident, name in names.items()]
    return Script(title, "", "", questions or [PlannedQuestion("¿De qué hablamos?")], voices, _in_order(acts))


def _in_order(acts: Iterable[Act]) -> list[Act]:
    return sorted(acts, key=lambda act: act.at)
