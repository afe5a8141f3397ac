"""A post on its way: claimed under a lease, sent by a publisher, and marked with where it landed."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta

from bot import outbox as rules
from bot.actions import doors, refile, say
from bot.ports import Draft, Operation, Platform
from bot.store import debates
from bot.store import log as messages
from bot.store import outbox as store
from bot.store.engine import Tx
from bot.tables import Outbox

# Since when a post is looked for that was tried at a time which is still to come: nobody knows when that was.
LONG_AGO = timedelta(days=1)

Claimed = tuple[int, Draft, datetime | None]
"""A post that is held: its row id, what to say, and since when it may be standing there already (None: it is not)."""


def claim(tx: Tx, platform: Platform, *, owner: str, now: datetime, limit: int = 20) -> list[Claimed]:
    """Posts that this process now holds for ``outbox.LEASE``.

    Stale ones expire instead; an answer below a question waits until the question has landed.
    """
    claimed: list[Claimed] = []
    for row in store.claimable(tx, platform, now, limit=limit):
        if rules.stale(row.kind, row.created_at, now) and row.first_try_at is None:
            _settle(tx, row, "expired", why="llegaba demasiado tarde", now=now)
            continue
        thread = _thread(tx, row)
        if row.under is not None and thread is None:
            _settle(tx, row, "failed", why="no salió aquello a lo que responde", now=now)
            continue
        before = row.first_try_at
        row.state, row.attempts = "sending", row.attempts + 1
        row.lease_owner, row.lease_until = owner, now + rules.LEASE
        row.first_try_at = row.first_try_at or now
        tx.session.add(row)
        claimed.append((row.id or 0, _draft(row, thread, doors.signed(tx, row, now=now)), before))
    return claimed


def landed(tx: Tx, row_id: int, platform_id: str, *, now: datetime) -> None:
    """The post stands on its platform; answers that came before this was known are filed again.

    A second one, said by a process that was frozen as it said it, is taken back.
    """
    row = store.get(tx, row_id)
    if row is None or row.state == "sent":
        if row is not None and row.operation == Operation.POST and row.landed != platform_id:
            say.take_back(tx, row, now=now, landed=platform_id)
        return
    row.landed = platform_id
    _settle(tx, row, "sent", why="", now=now)
    if row.kind == rules.ABORTED:
        say.take_back(tx, row, now=now)
    if row.debate_id is not None and row.kind == "question" and messages.asked(tx, row.debate_id):
        rev = debates.bump(tx, row.debate_id)
        row.rev = rev
        refile.below(tx, row.debate_id, [(platform_id, None)], roots={}, rev=rev)


def again(  # noqa: PLR0913  (what became of a try)
    tx: Tx, row_id: int, *, owner: str, why: str, now: datetime, seconds: float | None = None, unsent: bool = False
) -> bool:
    """The post will be tried again later, as the platform asked; returns False once it is given up for good.

    So it is where the debate has left the place meanwhile, or is gone. ``unsent`` says that it surely does not stand
    there, so that nobody needs to look before it is tried again. What ``owner`` holds no more is left as it is.
    """
    row = store.get(tx, row_id)
    if row is None:
        return False
    if row.lease_owner != owner:
        return True
    if seconds is None and rules.hopeless(row.attempts):
        _settle(tx, row, "failed", why=why, now=now)
        return False
    if (unsent and row.kind == rules.ABORTED) or _left(tx, row):
        _settle(tx, row, "expired", why=why, now=now)
        return False
    row.state, row.lease_until, row.lease_owner, row.error = "queued", None, "", why
    row.next_at = now + rules.wait(row.attempts, seconds)
    if unsent:
        row.first_try_at = None
    tx.session.add(row)
    tx.outbox = True
    return True


def abandoned(tx: Tx, platform: Platform, *, dead: Callable[[str], bool]) -> int:
    """Posts held by a process that is dead may be claimed at once; returns how many."""
    rows = [row for row in store.held(tx, platform) if dead(row.lease_owner)]
    for row in rows:
        row.lease_until, row.lease_owner = None, ""
        tx.session.add(row)
    return len(rows)


def stands(tx: Tx, platform: Platform, platform_id: str) -> bool:
    """Whether what a platform has under this id is a post of the outbox that has landed."""
    return store.stands(tx, platform, platform_id)


def due(tx: Tx, platform: Platform) -> datetime | None:
    """When the next post of a platform may be tried, or None when none waits."""
    return store.next_at(tx, platform)


def set_right(tx: Tx, platform: Platform, *, before: datetime, now: datetime) -> None:
    """The machine's clock went from ``before`` to ``now``: what waits is tried, what is held is held for a lease.

    Put back by an hour it would keep what waits for so long; put forward it would give away what is being sent.
    """
    for row in store.waiting(tx, platform):
        tried = row.first_try_at
        if tried is not None:
            # By the platform's own clock: since then it may be standing there.
            row.first_try_at = now - LONG_AGO if tried > before else min(tried, tried + (now - before))
        if row.created_at > now:
            row.created_at = row.next_at = now
        elif now < before:
            row.next_at = min(row.next_at, now)
        if row.lease_until is not None and row.lease_until > before:
            row.lease_until = now + rules.LEASE if now > before else min(row.lease_until, now + rules.LEASE)
        tx.session.add(row)
    tx.outbox = True


def refused(tx: Tx, row_id: int, *, owner: str, why: str, now: datetime) -> None:
    """The platform will not take the post; it is not tried again, and the reason is kept.

    What ``owner`` holds no more is left as it is.
    """
    row = store.get(tx, row_id)
    if row is not None and row.lease_owner == owner:
        _settle(tx, row, "failed", why=why, now=now)


def _left(tx: Tx, row: Outbox) -> bool:
    """Whether the post is for a place where its debate is held no more."""
    if row.debate_id is None or row.operation != Operation.POST:
        return False
    places = debates.places(tx, row.debate_id)
    return all((one.platform, one.address) != (row.platform, row.place) for one in places)


def _settle(tx: Tx, row: Outbox, state: str, *, why: str, now: datetime) -> None:
    row.state, row.error, row.lease_until, row.lease_owner = state, why, None, ""
    row.sent_at = now if state == "sent" else None
    if row.kind == rules.ABORTED:
        row.text = ""  # it was kept to know the post by
    if row.debate_id is not None:
        row.rev = debates.bump(tx, row.debate_id)
    tx.session.add(row)
    tx.session.flush()
    tx.outbox = True  # the next one of this place may go


def _thread(tx: Tx, row: Outbox) -> str | None:
    parent = store.get(tx, row.under) if row.under is not None else None
    return parent.landed if parent is not None else None


def _draft(row: Outbox, thread: str | None, text: str) -> Draft:
    return Draft(
        key=row.key, kind=row.kind, platform=Platform(row.platform), place=row.place, text=text,
        operation=Operation(row.operation), debate_id=row.debate_id, question_id=row.question_id, target=row.target,
        thread=thread, extra=json.loads(row.extra),
    )  # fmt: skip
