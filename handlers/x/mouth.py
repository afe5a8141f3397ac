"""X's mouth: posts of our own and replies to them, each once, and every refusal understood.

It never likes, follows, quotes or mentions anybody, and says nothing in private: X lets a bot do none of that unasked.
"""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from bot import errors
from bot.phrase import phrase
from bot.ports import Draft, Operation, Platform
from handlers.x import posts
from handlers.x.client import Kind, Page, XClient, XRefused
from handlers.x.looks import look, same
from handlers.x.posts import Strange

# Looking and saying together (seconds each) must end before the post's lease does (bot/outbox.py).
PATIENCE = 25.0
# How much earlier than our own first try a post is looked for: clocks differ.
MARGIN = timedelta(seconds=60)
# After a 429 that does not say until when (seconds).
PAUSE = 60.0
# While X is left (its budget is spent, its credits are gone), what waits is looked at again after this long (seconds).
LEFT = 300.0
# So many texts that read the same are tried before a post is given up.
VARIANTS = 5
# After X has said so often that a post is there which nobody can see, it is another one that was taken back.
UNSEEN = 3

# Nothing can be asked of X any more before a person has seen to it.
_EVERYTHING_STOPS = frozenset({Kind.CREDITS, Kind.CAPPED})
# Perhaps no other post will be taken either: somebody must look.
_SHUT = frozenset({Kind.UNAUTHORISED, Kind.FORBIDDEN})
# It never left this machine.
_NOT_SENT = frozenset({"ClientConnectorError", "ClientConnectorDNSError", "ConnectionTimeoutError", "not started"})


class XMouth:
    """Says drafts on X; nothing at all while ``closed`` says why, and nothing for debates that are ``spent``."""

    platform = Platform.X

    def __init__(
        self, client: XClient, *, speaks: bool, taken: Callable[[str], bool],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC), patience: float = PATIENCE,
    ) -> None:  # fmt: skip
        """``speaks``: there are keys to post with; ``taken`` tells of a post of ours whether it is another draft's."""
        self._patience = patience
        self._client = client
        self._speaks = speaks
        self._taken = taken
        self._clock = clock
        self._unseen: dict[str, int] = {}
        self.closed = ""
        self.spent: Callable[[int], bool] = lambda _debate_id: False  # whether a debate may cost no more
        self.on_posted: Callable[[str, int | None], None] = lambda _post_id, _debate_id: None
        self.on_stop: Callable[[XRefused], None] = lambda _refused: None

    async def send(self, draft: Draft) -> str:
        """The draft stands on X; returns its id. Raises ``NotNow``, ``Unsure`` or ``NotEver``."""
        if draft.operation is Operation.PRIVATE:
            raise errors.NotEver(why=phrase("en X no se escribe a nadie en privado"))
        if draft.operation is Operation.UPDATE:
            raise errors.NotEver(why=phrase("en X no se corrige lo publicado"))
        self._may_speak(draft)
        try:
            async with asyncio.timeout(self._patience):
                return await (self._delete(draft) if draft.operation is Operation.DELETE else self._post(draft))
        except XRefused as refused:
            raise self._verdict(refused) from refused
        except TimeoutError as error:
            raise errors.Unsure(why=type(error).__name__) from error

    async def find(self, draft: Draft, since: datetime) -> str | None:
        """The id of the draft where it stands already, or None; raises as ``send`` does."""
        if draft.operation is not Operation.POST or not self._speaks:
            return None  # to delete again does no harm, the rest is never sent
        self._may_speak(draft)
        try:
            async with asyncio.timeout(self._patience):
                page = await self._client.own_posts(since_id=posts.id_at(since - MARGIN))
        except XRefused as refused:
            raise self._unseeing(refused) from refused
        except TimeoutError as error:
            why = phrase("no se puede mirar si está: {why}", why=type(error).__name__)
            raise errors.Unsure(why=why) from error
        mine, _others = self._read(page, draft)
        if mine is None and page.next_token is not None:
            raise errors.Unsure(why=phrase("demasiados mensajes desde entonces"))
        return self._found(mine, draft)

    # --- saying ------------------------------------------------------------------------------------------------------

    def _may_speak(self, draft: Draft) -> None:
        if not self._speaks:
            raise errors.NotEver(why=phrase("sin las cuatro claves de la cuenta, en X solo se oye"))
        if draft.debate_id is not None and self.spent(draft.debate_id):
            raise errors.NotEver(why=phrase("el debate ha gastado lo que podía gastar en X"))
        if self.closed:
            raise errors.NotNow(self.closed, seconds=LEFT)

    async def _post(self, draft: Draft) -> str:
        for variant in range(VARIANTS):
            try:
                landed = await self._client.create(look(draft, variant=variant), reply_to=draft.thread)
            except XRefused as refused:
                if refused.kind is not Kind.DUPLICATE:
                    raise
            else:
                self.on_posted(landed, draft.debate_id)
                return landed
            there = await self._there(draft)
            if there is not None:
                return there
        raise errors.NotEver(why=phrase("X dice que ya está publicado, y es otro mensaje"))

    async def _there(self, draft: Draft) -> str | None:
        """The post that X means by "duplicate", if it is this draft's; None where an older one says the same."""
        try:
            page = await self._client.own_posts()
        except XRefused as refused:
            raise self._unseeing(refused) from refused
        mine, others = self._read(page, draft)
        if mine is not None or others:
            return self._found(mine, draft)
        seen = self._unseen[draft.key] = self._unseen.get(draft.key, 0) + 1
        if seen < UNSEEN:
            raise errors.Unsure(why=phrase("X dice que ya está, y todavía no se ve"))
        return None

    async def _delete(self, draft: Draft) -> str:
        target = draft.target or ""
        try:
            await self._client.delete(target)
        except XRefused as refused:
            if refused.kind is not Kind.GONE and refused.status != 200:  # 200: X has nothing left to delete
                raise
        return target

    # --- looking -----------------------------------------------------------------------------------------------------

    def _found(self, post_id: str | None, draft: Draft) -> str | None:
        """A post whose answer never came is paid for like any other."""
        if post_id is not None:
            self._client.landed(post_id, look(draft))
            self.on_posted(post_id, draft.debate_id)
        return post_id

    def _read(self, page: Page, draft: Draft) -> tuple[str | None, int]:
        """The id of the draft's post on a page, and how many others say the same and are another draft's."""
        wanted, others = look(draft), 0
        for payload in page.posts:
            try:
                post = posts.read(payload, includes=page.includes)
            except Strange:
                continue
            if not same(post.text, wanted):
                continue
            if not self._taken(post.id):
                return post.id, others
            others += 1
        return None, others

    # --- refusals ----------------------------------------------------------------------------------------------------

    def _verdict(self, refused: XRefused) -> errors.TertuliaError:
        why = str(refused)
        if refused.kind in _EVERYTHING_STOPS:
            return self._stopped(refused)
        if refused.status == 429:
            return errors.NotNow(why, seconds=self._wait(refused))
        if refused.kind is Kind.NETWORK and refused.title in _NOT_SENT:
            return errors.NotNow(why)
        if refused.kind in {Kind.UPSET, Kind.NETWORK}:
            return errors.Unsure(why=why)
        if refused.kind in _SHUT:
            self.on_stop(refused)
        return errors.NotEver(why=why)

    def _unseeing(self, refused: XRefused) -> errors.TertuliaError:
        """Never said twice on a guess: unless we may look, it stays unsaid."""
        if refused.kind in _EVERYTHING_STOPS:
            return self._stopped(refused)
        if refused.status == 429:
            return errors.NotNow(str(refused), seconds=self._wait(refused))
        return errors.Unsure(why=phrase("no se puede mirar si está: {why}", why=str(refused)))

    def _stopped(self, refused: XRefused) -> errors.TertuliaError:
        self.on_stop(refused)
        return errors.NotNow(str(refused), seconds=LEFT)

    def _wait(self, refused: XRefused) -> float:
        if refused.retry_at is None:
            return PAUSE
        # X tells whole seconds.
        return max((refused.retry_at - self._clock()).total_seconds(), 0.0) + 1.0
