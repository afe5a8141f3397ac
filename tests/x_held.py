"""A debate that was held on X, in the log and on the stand-in, for those who look it up again."""

from datetime import UTC, datetime, timedelta

from sqlmodel import col, select

from bot.actions import inbox, plan, run
from bot.actions.inbox import Delivery
from bot.actions.sync import Bill, Found
from bot.debate import Phase
from bot.debatefile import DebateFile, PlannedQuestion
from bot.ports import CLOCK, OPERATOR, Author, House, Platform, Said
from bot.store import debates
from bot.store.engine import Store, Tx
from bot.tables import Message
from bot.writer import Writer
from handlers.x import posts
from handlers.x.sync import Sync
from handlers.x.wire import Keys

from tests.standin_x.server import XStandin

NOW = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
HOUSE = House(hashtag="Coral", x=True)


class Log:
    """A debate at #coral (or another tag) that has closed, the X that it was held on, and whoever looks it up again."""

    def __init__(self, x: XStandin, store: Store, writer: Writer, *, tag: str = "Coral") -> None:
        self.x = x
        self.store = store
        self.writer = writer
        self.now = NOW
        self.tag = tag
        self.debate_id = store.write(self._held)

    def _held(self, tx: Tx) -> int:
        opened = NOW - timedelta(days=2, hours=1)
        wanted = DebateFile("Los corales", (PlannedQuestion("¿Una?"),), starts=opened, x=True, hashtag=self.tag)
        debate = plan.add(tx, wanted, house=HOUSE, actor=OPERATOR, now=opened - timedelta(days=1))
        run.open_now(tx, debate, actor=CLOCK, now=opened)
        return debates.ident(debate)

    def close(self) -> None:
        """The debate took its last answer two days ago."""

        def close(tx: Tx) -> None:
            debate, ended = debates.get(tx, self.debate_id), NOW - timedelta(days=2)
            run.close(tx, debate, actor=OPERATOR, now=ended, house=HOUSE)
            debate.phase, debate.grace_until = Phase.CLOSED, ended
            tx.session.add(debate)

        self.store.write(close)

    async def says(self, who: str, text: str, *, reply_to: str | None = None) -> str:
        """Somebody said it in the debate, and it was heard; returns the id of the post."""
        made = NOW - timedelta(days=2, minutes=50 - len(self.texts(gone=True)) % 40)
        ident = await self.x.post(who, text, reply_to=reply_to, at=made)
        self.hears(ident)
        return ident

    def hears(self, ident: str) -> None:
        """A post of X is in the log."""
        post, place = self.x.world.posts[ident], self.tag.casefold()
        at, author = posts.time_of(ident) or post.posted_at, Author(post.author.id, post.author.name)
        said = Said(Platform.X, place, ident, author, post.text, at, reply_to=post.reply_to)
        self.store.write(lambda tx: inbox.take(tx, [Delivery(Platform.X, f"x:post:{ident}", [said])], now=at))

    def rows(self) -> list[Message]:
        """Every row of the log, in the order in which it came."""
        with self.store.read() as tx:
            return list(tx.session.exec(select(Message).order_by(col(Message.id))).all())

    def texts(self, *, gone: bool = False) -> list[str]:
        """What stands in the log; ``gone``: with an empty text for what does not."""
        return [row.text for row in self.rows() if gone or row.deleted_at is None]

    def syncing(self) -> Sync:
        """Somebody who looks up."""
        return Sync(Keys(self.x.bearer), self.x.url, self.store, self.writer, clock=lambda: self.now)

    def bill(self) -> Bill:
        """What that costs now."""
        return self.syncing().bill()

    async def look(self) -> Found:
        """Everything has been looked up."""
        found = Found()
        async with self.syncing() as looking:
            for due in looking.bill().due:
                found += await looking.run(due, who=OPERATOR.who)
        return found

    def metered(self) -> dict[str, int]:
        """What is on record of X's bill, by kind."""
        with self.store.read() as tx:
            rows = tx.conn.exec_driver_sql("SELECT kind, count(*) FROM metered GROUP BY kind").all()
            return {str(kind): int(count) for kind, count in rows}

    def looked_up(self) -> list[int]:
        """How many ids each call asked for."""
        return [len(one.query["ids"].split(",")) for one in self.x.asked("lookup")]
