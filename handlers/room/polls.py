"""Polls in the room: people answer on the debate's page; moderators plan and close them on a page of their own.

Each is a form that works without a script. Of an anonymous poll nothing that was answered is on any page before it is
closed, and then only the whole, when enough have answered.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from starlette.requests import Request
from starlette.responses import Response

from bot import errors, poll
from bot.actions import after, carry, leftovers, polls
from bot.debate import COMING, OVER
from bot.exports.wording import poll_lines
from bot.poll import Choice, Kind, Planned
from bot.ports import Actor
from bot.store import debates
from bot.store import polls as store
from bot.store.engine import Tx
from bot.tables import Debate
from bot.tables_year import Poll
from bot.words.catalogue import Words, words
from handlers.room import forms, problems
from handlers.room.context import back_to, page, room_of, slow_down, visitor_of
from handlers.room.limits import MEMBER
from handlers.room.pages import show_debate

Action = Callable[[Tx, Debate, Actor], None]


@dataclass(frozen=True, slots=True)
class Row:
    """A poll as moderators see it; ``result`` is empty while it may not be shown."""

    kind: Kind
    text: str
    state: str  # planned, open, closed or off
    people: int
    result: Sequence[str] = ()
    others: Sequence[str] = ()  # free words, which a moderator may strike out


# --- people answer ---------------------------------------------------------------------------------------------------


async def answer(request: Request) -> Response:
    """The visitor's answer counts; refused, the page says why."""
    room, visitor, slug = room_of(request), visitor_of(request), request.path_params["slug"]
    form = await forms.read(request)
    try:
        actor, kind = visitor.known(), poll.kind_of(request.path_params["kind"])
        slow_down(request, visitor, MEMBER)
        given = read(form)
        await room.writer.do(
            lambda tx: polls.answer(tx, debates.get(tx, slug), kind, given, voter=actor, now=room.clock()).kind
        )
    except errors.TertuliaError as error:
        kept = {"poll_problem": words(visitor.locale).error(error)}
        return problems.wait(error, show_debate(request, slug, status=problems.status(error), kept=kept))
    return back_to(f"/d/{slug}#poll-{kind}")


def read(form: Mapping[str, str]) -> Choice:
    """What was ticked (``o1``, ``o2`` … or ``one``) and written."""
    ticked = [name[1:] for name, value in form.items() if name[:1] == "o" and name[1:].isdecimal() and value]
    ticked += [form["one"]] if form.get("one") else []
    # What is no number is no option.
    return Choice(tuple(int(one) if one.isdecimal() and len(one) < 4 else 0 for one in ticked), form.get("other", ""))


# --- moderators plan -------------------------------------------------------------------------------------------------


async def desk(request: Request) -> Response:
    """The polls of a debate and the questions that earlier ones left open, for who moderates."""
    return _desk(request)


async def plan(request: Request) -> Response:
    """The debate has the poll that was written down; with a fault, the form comes back as it was."""
    form = await forms.read(request)
    typed = Planned(
        form.get("text", ""), tuple(line for line in form.get("options", "").splitlines() if line.strip()),
        form.get("several") == "1", form.get("other") == "1",
    )  # fmt: skip

    def action(tx: Tx, debate: Debate, actor: Actor) -> None:
        polls.add(tx, debate, typed, kind=Kind.BEFORE, actor=actor, now=room_of(request).clock())

    return await _do(request, action, typed=typed)


async def step(request: Request) -> Response:
    """A poll is closed, people vote on the subject, or open questions have come from another debate."""
    form, way, now = await forms.read(request), request.path_params["way"], room_of(request).clock()

    def action(tx: Tx, debate: Debate, actor: Actor) -> None:
        if way == "close":
            polls.close(tx, debate, poll.kind_of(form.get("kind", "")), actor=actor, now=now)
        elif way == "strike":
            polls.strike(tx, debate, poll.kind_of(form.get("kind", "")), form.get("text", ""), actor=actor, now=now)
        elif way == "topic":
            after.choose_topic(tx, debate, actor=actor, now=now)
        elif way == "carry":
            carry.carry(tx, debates.get(tx, form.get("source", "")), debate, actor=actor, now=now)
        else:
            raise errors.NoSuchPoll

    return await _do(request, action)


async def _do(request: Request, action: Action, *, typed: Planned | None = None) -> Response:
    room, visitor, slug = room_of(request), visitor_of(request), request.path_params["slug"]
    actor = visitor.moderating()
    try:
        await room.writer.do(lambda tx: action(tx, debates.get(tx, slug), actor))
    except errors.Refusal as error:
        sentence = words(visitor.locale).error(error)
        return _desk(request, status=problems.status(error), problem=sentence, typed=typed)
    return back_to(f"/d/{slug}/polls")


def _desk(request: Request, *, status: int = 200, problem: str = "", typed: Planned | None = None) -> Response:
    room, visitor = room_of(request), visitor_of(request)
    visitor.moderating()
    with room.store.read() as tx:
        debate = debates.get(tx, request.path_params["slug"])
        debate_id = debates.ident(debate)
        say = words(visitor.locale)
        rows = [_row(tx, one, debate, request, say) for one in store.every(tx, debate_id)]
        before = store.of(tx, debate_id, Kind.BEFORE)
        coming = debate.phase in COMING
        left = leftovers.waiting(tx, debate) if coming else []
        return page(
            request, "polls.html", status=status, visitor=visitor, slug=debate.slug, title=debate.title, rows=rows,
            problem=problem, may_plan=coming and (before is None or before.opens_at is None),
            typed=typed or (store.planned(before) if before is not None else Planned("", ())),
            may_vote=coming and store.of(tx, debate_id, Kind.TOPIC) is None,
            left=[(source, [one.text for one in open_ones]) for source, open_ones in left],
            limits=(poll.LONGEST_TEXT, poll.MOST_OPTIONS, poll.LONGEST_OPTION),
            may_silence=debate.phase not in OVER and not any(one.kind is Kind.PULSE for one in rows),
        )  # fmt: skip


def _row(tx: Tx, row: Poll, debate: Debate, request: Request, say: Words) -> Row:
    kind = Kind(row.kind)
    found = store.result(tx, row)
    state = polls.state_of(row, debate, now=room_of(request).clock())
    if not (polls.may_show(row, found) and found.people):
        return Row(kind, row.text, state, found.people)
    lines = poll_lines(say, replace(found, others=()))
    return Row(kind, row.text, state, found.people, lines, found.others)
