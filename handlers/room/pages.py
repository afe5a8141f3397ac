"""The pages that are read: the board, a debate, one message."""

from collections.abc import Mapping, Sequence

from starlette.datastructures import URL
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from bot import errors
from bot.debate import Phase
from bot.store import debates, messages
from bot.store.engine import Tx
from bot.tables import Debate
from bot.transcript import Line
from handlers.room import ballots, invitations, looks
from handlers.room.artist import MOST_SHOWN
from handlers.room.context import Visitor, address_of, ident_of, page, room_of, visitor_of
from handlers.room.spoken import LONGEST, answerable
from handlers.room.stream import Reader

# The board shows this many past debates until somebody asks for all.
PAST_SHOWN = 12
# And a year of a weekly debate to come.
COMING_SHOWN = 52
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


async def board(request: Request) -> Response:
    """What is on, what comes, what was; on an empty database, how to begin."""
    return show_board(request)


def show_board(request: Request, *, problem: str = "", status: int = 200) -> Response:
    """The board, with what went wrong."""
    visitor = visitor_of(request)
    most = debates.LARGEST_ID if "todos" in request.query_params else 0
    with room_of(request).store.read() as tx:
        live = debates.listening(tx)
        coming = debates.coming(tx, limit=most or COMING_SHOWN + 1)
        past = debates.past(tx, limit=most or PAST_SHOWN + 1)
        empty = not (live or coming or past) and debates.empty(tx)
        shown, earlier = (coming, past) if most else (coming[:COMING_SHOWN], past[:PAST_SHOWN])
        views = {one.id: looks.scene(tx, one, one.rev) for one in live}
        invited = invitations.on_board(tx, shown, visitor)
    return page(
        request, "board.html", status=status, visitor=visitor, live=live, coming=shown, views=views,
        past=[_past(one) for one in earlier], more_past=len(past) > len(earlier),
        more_coming=len(coming) > len(shown), empty=empty, problem=problem,
        may_rehearse=may_rehearse(request, visitor, empty=empty), invited=invited,
    )  # fmt: skip


def may_rehearse(request: Request, visitor: Visitor, *, empty: bool) -> bool:
    """Whether the visitor may start a rehearsal: a moderator, or whoever sits at the machine of an empty database."""
    return room_of(request).start_rehearsal is not None and (visitor.moderator or (empty and _at_the_machine(request)))


def _at_the_machine(request: Request) -> bool:
    """Whether the request was made on the machine itself; behind a proxy everybody seems to be."""
    public = URL(room_of(request).house.url).hostname
    near = {address_of(request), request.url.hostname or "", public or ""} <= _LOOPBACK
    return near and not any(name in request.headers for name in ("x-forwarded-for", "forwarded", "x-real-ip", "via"))


def _past(one: Debate) -> dict[str, object]:
    names = ("slug", "title", "host", "hashtag", "timezone", "rehearsal")
    mine = {name: getattr(one, name) for name in names}
    return {**mine, "starts_at": one.opened_at or one.starts_at, "missed": one.phase == Phase.MISSED, "why": one.why}


async def debate(request: Request) -> Response:
    """A debate's page: the question now, the clock, the stream by question, the composer."""
    slug = request.path_params["slug"]
    with room_of(request).store.read() as tx:
        row = debates.get(tx, slug)
        if row.phase == Phase.DRAFT and not visitor_of(request).moderator:
            raise errors.NoSuchDebate(debate=slug)  # nobody was told of it, and it may never be
        if row.slug != slug:
            return RedirectResponse(f"/d/{row.slug}", 302)
    reply = request.query_params.get("reply", "")
    return show_debate(request, slug, reply=int(reply) if reply.isdecimal() and len(reply) < 12 else None)


def show_debate(
    request: Request,
    slug: str,
    *,
    status: int = 200,
    reply: int | None = None,
    kept: Mapping[str, object] | None = None,
    visitor: Visitor | None = None,
) -> Response:
    """A debate's page, with what its composer kept (``text``, ``chosen``) and what went wrong (``problem``)."""
    room, visitor = room_of(request), visitor or visitor_of(request)
    with room.store.read() as tx:
        row = debates.get(tx, slug)
        view, stream_html = room.artist.whole(tx, row, visitor.locale)
        poll_panels = ballots.panels(tx, row, visitor, now=room.clock())
        invited = invitations.on_page(tx, row, visitor)
        answered = answerable(tx, view.id, reply)
        pressed = _pressed(tx, view, visitor)
        skipped = looks.skipped(debates.cues(tx, view.id)) if visitor.moderator else []
        # On X it is the close's one link that leads to the next date.
        following = debates.following(tx, view.id, after=room.clock()) if view.ended else None
    hidden = max(0, len(view.feed.lines) - MOST_SHOWN)
    return page(
        request, "debate.html", status=status, visitor=visitor, view=view, now=room.clock(),
        stream=stream_html, hidden_lines=hidden, shown_lines=MOST_SHOWN, pressed=" ".join(pressed),
        whispers=looks.notices_for(view, view.slug) if visitor.moderator else [],
        personal=personal(view, visitor), poll_panels=poll_panels, invited=invited, skipped=skipped,
        following=following,
        **{**composer_values(view), "poll_problem": "", **(kept or {}), "reply": answered},
    )  # fmt: skip


def composer_values(view: looks.Scene) -> dict[str, object]:
    """What the composer's template wants, where nothing was kept and nothing went wrong."""
    return {
        "open": view.listening and view.held_here, "problem": "", "kept": "", "chosen": None, "name": "", "reply": None,
        "asked_text": "", "longest": LONGEST,
    }  # fmt: skip


def personal(view: looks.Scene, visitor: Visitor) -> Sequence[object]:
    """What the bot told the visitor alone about their questions."""
    ident = visitor.actor.who.removeprefix("room:") if visitor.actor else ""
    return looks.notices_for(view, ident) if ident and ident != view.slug else []


def _pressed(tx: Tx, view: looks.Scene, visitor: Visitor) -> list[str]:
    """The keys of the buttons that the visitor has pressed: their reactions and their votes."""
    if visitor.actor is None:
        return []
    who = visitor.actor.who
    given = messages.given(tx, view.id, (who, who.removeprefix("room:")))
    keys = [f"r{ident}:{name}" for ident, name in sorted(given)]
    return keys + [f"v{ident}" for ident in sorted(messages.voted(tx, view.id, who))]


async def message(request: Request) -> Response:
    """One message: its author may change or take it back, a moderator says which question it answers."""
    return show_message(request)


def show_message(request: Request, *, status: int = 200, problem: str = "", kept: str | None = None) -> Response:
    """The page of one message, with what went wrong."""
    visitor = visitor_of(request)
    with room_of(request).store.read() as tx:
        row = debates.get(tx, request.path_params["slug"])
        view = looks.scene(tx, row, 0)
        spoken = messages.get(tx, view.id, ident_of(request, "message"))
    lines: list[Line] = [one for one in view.feed.lines if one.id == spoken.id]
    if not lines:
        raise errors.NoSuchMessage
    mine = visitor.actor is not None and visitor.actor.who == spoken.author_id
    return page(
        request, "message.html", status=status, visitor=visitor, view=view, one=looks.entry(lines[0], view), mine=mine,
        problem=problem, kept=spoken.text if kept is None else kept, longest=LONGEST,
    )  # fmt: skip


async def stream(request: Request) -> Response:
    """The debate's events from where the browser was (``Last-Event-ID``, or the page's ``since``)."""
    room, visitor = room_of(request), visitor_of(request)
    with room.store.read() as tx:
        debate_id = debates.ident(debates.get(tx, request.path_params["slug"]))
    last = request.headers.get("last-event-id") or request.query_params.get("since", "")
    since = int(last) if last.isdecimal() and len(last) < 18 else 0
    who = visitor.actor.who.removeprefix("room:") if visitor.actor else ""
    events = room.hub.listen(debate_id, Reader(visitor.locale, visitor.moderator), since, who=who)
    # X-Accel-Buffering: a proxy that gathers bytes would hold each event back.
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(events, media_type="text/event-stream", headers=headers)
