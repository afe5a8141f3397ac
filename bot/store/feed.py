"""What changed in a debate since a reading of its clock: what live pages and late joiners are sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import col, select

from bot.ports import Operation, Platform
from bot.store import debates, questions
from bot.store.engine import Prepared, Tx
from bot.store.transcripts import LINE, line, reactions_of
from bot.tables import Message, Outbox, Question
from bot.transcript import Line

_m = Message.__table__.c  # type: ignore[attr-defined]  # SQLModel makes it
# Asked for with every change that live pages are told.
_LANDED = Prepared(
    sa.text(
        "SELECT 1 FROM outbox WHERE debate_id = :id AND rev > :rev AND platform = 'x' AND kind = 'question' "
        "AND landed IS NOT NULL LIMIT 1"
    ),
    ("id", "rev"),
)


@dataclass(frozen=True, slots=True)
class FeedQuestion:
    """A question as live pages show it.

    ``post`` is the platform id of its post in the room, to answer under; ``x_post`` of that on X, once it stands there.
    """

    id: int
    number: int | None
    text: str
    state: str
    source: str
    asker_id: int | None
    reason: str
    votes: int
    asked_at: datetime | None
    post: str | None
    answer: str
    position: int
    x_post: str | None = None


@dataclass(frozen=True, slots=True)
class FeedPost:
    """Something the bot said in the room; ``private`` ones are for the person (or moderators) of ``reader``."""

    key: str
    kind: str
    text: str
    at: datetime
    private: bool
    reader: str


@dataclass(frozen=True, slots=True)
class Feed:
    """All that changed after a reading of the debate's clock; ``rev`` is the reading it brings one to."""

    rev: int
    phase: str
    questions: Sequence[FeedQuestion]
    lines: Sequence[Line]
    posts: Sequence[FeedPost]


def since(tx: Tx, debate_id: int, rev: int, *, moderator: bool = False) -> Feed:
    """What changed in a debate after ``rev`` (0: everything); private posts only for moderators.

    Questions are always given whole where any of them changed: they are few, and their order matters.
    """
    rev = min(rev, debates.LARGEST_ID)  # a browser says which it has seen
    debate = debates.get(tx, debate_id)
    rows = tx.conn.execute(
        LINE.where(_m.debate_id == debate_id, _m.rev > rev)
        .where(sa.or_(_m.identity_id.is_not(None), _m.deleted_at.is_not(None)))
        .order_by(_m.posted_at, _m.id)
    ).all()
    reactions = reactions_of(tx, [row[0] for row in rows])
    lines = [line(row, reactions.get(row[0], {}), 0) for row in rows]
    return Feed(debate.rev, debate.phase, _questions(tx, debate_id, rev), lines, _posts(tx, debate_id, rev, moderator))


def revs(tx: Tx, debate_ids: Sequence[int]) -> dict[int, int]:
    """The clocks of debates: how a process notices what another has changed."""
    query = sa.text("SELECT id, rev FROM debate WHERE id IN :ids").bindparams(sa.bindparam("ids", expanding=True))
    return {int(row[0]): int(row[1]) for row in tx.conn.execute(query, {"ids": list(debate_ids)})}


def all_questions(tx: Tx, debate_id: int) -> Sequence[FeedQuestion]:
    """Every question of a debate as live pages show it, whenever it changed."""
    return _questions(tx, debate_id, 0)


def _questions(tx: Tx, debate_id: int, rev: int) -> list[FeedQuestion]:
    everything = debates.questions(tx, debate_id)
    if rev and not any(one.rev > rev for one in everything) and not _landed_since(tx, debate_id, rev):
        return []
    votes = questions.votes(tx, debate_id)
    query = select(Outbox.question_id, Outbox.platform, Outbox.landed).where(
        Outbox.debate_id == debate_id, col(Outbox.platform).in_((Platform.ROOM, Platform.X)), Outbox.kind == "question",
        col(Outbox.landed).is_not(None),  # a place that was left and joined again waits for its second post
    )  # fmt: skip
    posts = {(ident, platform): landed for ident, platform, landed in tx.session.exec(query).all()}
    return [_question(one, votes, posts) for one in everything]


def _landed_since(tx: Tx, debate_id: int, rev: int) -> bool:
    """Whether a question's post has come to stand on X since: its page can now say where to answer it there."""
    return bool(_LANDED.fetch(tx.conn, debate_id, rev))


def _question(one: Question, votes: dict[int, int], posts: dict[tuple[int | None, str], str | None]) -> FeedQuestion:
    return FeedQuestion(
        id=one.id or 0, number=one.number, text=one.text, state=one.state, source=one.source, asker_id=one.asker_id,
        reason=one.reason, votes=votes.get(one.id or 0, 0), asked_at=one.asked_at,
        post=posts.get((one.id, Platform.ROOM)), answer=one.answer if one.number is not None else "",
        position=one.position, x_post=posts.get((one.id, Platform.X)),
    )  # fmt: skip


def _posts(tx: Tx, debate_id: int, rev: int, moderator: bool) -> list[FeedPost]:
    query = select(Outbox).where(Outbox.debate_id == debate_id, Outbox.platform == Platform.ROOM, col(Outbox.rev) > rev)
    if not moderator:
        query = query.where(Outbox.operation != Operation.PRIVATE)
    return [
        FeedPost(row.key, row.kind, row.text, row.created_at, row.operation == Operation.PRIVATE, row.place)
        for row in tx.session.exec(query.order_by(col(Outbox.id))).all()
    ]
