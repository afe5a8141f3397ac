"""What a guest is asked to do before a debate, and when: the timeline. Pure, ``now`` is an argument."""

import re
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.cues import Cue, Kind
from bot.localtime import apart

MOST_GUESTS = 10  # more is a panel whom nobody prepares one by one
# It goes to every place as one post; X shows what fits into 280 of it.
LONGEST_FRAMING = 1_000
# A link and the page behind it are good until so long after the debate's end.
STAYS = timedelta(days=1)


# What readers would take for a link: with a scheme, or as one writes the name of a site; that in small letters, for
# «del cliente.La empresa» lacks a space.
_ENDINGS = (
    "com org net info edu biz app dev blog online site web link shop store cat eus gal es eu ai ar be bo br cl co cr "
    "cu do ec fr gl gt hn io it ly me mx ni pa pe pr pt py sv to tv uk us uy ve"
)
_REST = r"[^\s\u00ab\u00bb\u201c\u201d\u2026]"
_LINK = re.compile(
    rf"\b[a-z][a-z0-9+.-]*://{_REST}+|\bmailto:{_REST}+|\bwww\.\w{_REST}*"
    rf"|(?<![\w@.-])(?:[\w-]+\.)+(?-i:{_ENDINGS.replace(' ', '|')})(?![\w@-]|\.\w)(?:[/?#]{_REST}*)?",
    re.IGNORECASE,
)

# How Slack names a person.
SLACK_PERSON = re.compile(r"[UW][A-Z0-9]{2,}")


class Step(StrEnum):
    """One step of a guest's timeline; its cue is ``guest:`` and its name."""

    TOPIC = "topic"  # they know the subject, the day, and where their page is
    QUESTIONS = "questions"  # their answers are prepared
    FRAMING = "framing"  # the post that frames the subject is written
    EARLY = "early"  # they come a little before the start

    @property
    def key(self) -> str:
        """The key of its cue."""
        return f"{Kind.GUEST}:{self.value}"


# How long before the start each is due, in the order of the timeline; days by the debate's clocks (`localtime.apart`).
AHEAD: Mapping[Step, timedelta] = {
    Step.TOPIC: timedelta(days=21),
    Step.QUESTIONS: timedelta(days=14),
    Step.FRAMING: timedelta(days=10),
    Step.EARLY: timedelta(hours=1),
}


@dataclass(frozen=True, slots=True)
class Invited:
    """Somebody who is to be a guest: their name, and who they are in Slack where that is known."""

    name: str
    slack: str = ""


class Standing(StrEnum):
    """Where a guest stands with a step."""

    DONE = "done"
    NEXT = "next"  # the first that is not done, before its time
    LATE = "late"  # its time has come, and it is not done
    AHEAD = "ahead"


@dataclass(frozen=True, slots=True)
class Progress:
    """What a guest has done: opened their page, answered so many of the questions to come, written the framing."""

    seen: bool = False
    answered: int = 0
    questions: int = 0
    framing: bool = False
    begun: bool = False  # the debate has

    @property
    def left(self) -> int:
        """How many questions have no answer yet."""
        return max(self.questions - self.answered, 0)


@dataclass(frozen=True, slots=True)
class Milestone:
    """A step, when it is due, and where the guest stands with it."""

    step: Step
    due_at: datetime
    standing: Standing


def link_in(text: str) -> str:
    """The first link in a text; "" where there is none."""
    found = _LINK.search(text)
    return found[0].rstrip(string.punctuation) if found else ""


def cues(starts_at: datetime, zone: str, *, now: datetime) -> list[Cue]:
    """The cues of the steps whose time has not come, in order; what has passed is said at once (``passed``)."""
    planned = [Cue(step.key, due_at) for step, due_at in _due(starts_at, zone).items()]
    return [cue for cue in planned if cue.due_at > now]


def passed(starts_at: datetime, zone: str, *, now: datetime) -> Step | None:
    """The last step whose time has come: who is invited late is told of it, and with it of all that is missing."""
    gone = [step for step, due_at in _due(starts_at, zone).items() if due_at <= now]
    return gone[-1] if gone else None


def done(step: Step, progress: Progress) -> bool:
    """Whether the guest has done the step, and needs no nudge."""
    match step:
        case Step.TOPIC:
            return progress.seen
        case Step.QUESTIONS:
            return progress.questions > 0 and not progress.left
        case Step.FRAMING:
            return progress.framing
        case Step.EARLY:
            return progress.begun


def timeline(starts_at: datetime, zone: str, progress: Progress, *, now: datetime) -> Sequence[Milestone]:
    """Every step in order of time, with what is done, what is late, and which comes next."""
    found: list[Milestone] = []
    for step, due_at in _due(starts_at, zone).items():
        if done(step, progress):
            standing = Standing.DONE
        elif due_at <= now:
            standing = Standing.LATE
        elif any(one.standing is Standing.NEXT for one in found):
            standing = Standing.AHEAD
        else:
            standing = Standing.NEXT
        found.append(Milestone(step, due_at, standing))
    return found


def _due(starts_at: datetime, zone: str) -> Mapping[Step, datetime]:
    return {step: apart(starts_at, -ahead, zone) for step, ahead in AHEAD.items()}


def missing(step: Step, progress: Progress) -> list[Step]:
    """What the guest has still to do of the steps up to this one, in order; coming early cannot be done beforehand."""
    order = list(AHEAD)
    upto = order[: order.index(step) + 1]
    return [one for one in upto if one not in {Step.TOPIC, Step.EARLY} and not done(one, progress)]
