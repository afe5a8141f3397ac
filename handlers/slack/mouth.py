"""Slack's mouth: one post a second in each channel, never twice, and every refusal understood.

The client it is given must not retry by itself: Slack may have stored a post whose answer was lost.
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot import errors
from bot.phrase import phrase
from bot.ports import Draft, Operation, Platform
from handlers.slack import mrkdwn, reading
from handlers.slack.features import LASTING, Features, code
from handlers.slack.looks import Look, look

# Slack takes one message a second in a channel; a little more, for two clocks never agree.
BETWEEN_POSTS = 1.05
# A post that has no answer after this long (seconds) may have arrived or not.
PATIENCE = 20.0
# How much earlier than our own first try a post is looked for: clocks differ.
MARGIN = timedelta(seconds=60)
EVENT_TYPE = "tertulia_post"
_PAGE = 200
_PAGES = 10

# What passes, or can be put right by a person within the hour: tried again.
_PASSING = frozenset(
    {
        "ratelimited", "rate_limited", "message_limit_exceeded", "service_unavailable", "request_timeout",
        "team_added_to_org", "org_login_required", "not_in_channel", "token_expired", "token_revoked", "invalid_auth",
        "account_inactive", "not_authed", "access_denied", "restricted_action_read_only_channel",
    }
)  # fmt: skip
# Slack broke down in the middle of it.
_BROKEN = frozenset({"fatal_error", "internal_error"})
# Blocks that Slack does not like are left out rather than the words.
_BLOCKS = frozenset({"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "block_mismatch"})
_NO_DIRECT = frozenset(
    {"missing_scope", "messages_tab_disabled", "cannot_dm_bot", "channel_not_found", "user_not_found", "user_disabled"}
)


class SlackMouth:
    """Says drafts in Slack, through a client that does not retry."""

    platform = Platform.SLACK

    def __init__(
        self, client: AsyncWebClient, bot_id: str, features: Features,
        *, channel_of: Callable[[int | None], str] = lambda _debate: "", between: float = BETWEEN_POSTS,
    ) -> None:  # fmt: skip
        """``channel_of`` tells the channel of a debate ("" for none): there a person reads what has no direct way."""
        self._client = client
        self._bot_id = bot_id
        self._features = features
        self._channel_of = channel_of
        self._between = between
        self._free_at: dict[str, float] = {}
        self._direct: dict[str, str] = {}

    async def send(self, draft: Draft) -> str:
        """The draft stands on Slack; returns its ts. Raises ``NotNow``, ``Unsure`` or ``NotEver``."""
        if draft.operation is Operation.UPDATE:
            return await self._update(draft)
        if draft.operation is Operation.DELETE:
            return await self._delete(draft)
        await self._turn(draft.place)
        shown = look(draft)
        try:
            return await self._post(draft, shown)
        except SlackApiError as error:
            why = code(error)
            if why in _BLOCKS and shown.blocks:
                structlog.get_logger().warning("slack refuses the blocks", kind=draft.kind, why=why)
                return await self._told(self._post(draft, Look(shown.text)), draft)
            if draft.operation is Operation.PRIVATE and why in _NO_DIRECT:
                return await self._told(self._whisper(draft, shown, error), draft)
            raise self._verdict(error, draft) from error
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise _lost(error) from error

    async def find(self, draft: Draft, since: datetime) -> str | None:
        """The ts of the draft where it stands already, or None; raises as ``send`` does."""
        if draft.operation in {Operation.UPDATE, Operation.DELETE}:
            return None  # to do these again does no harm
        try:
            return await self._find(draft, since - MARGIN)
        except SlackApiError as error:
            why = code(error)
            if why == "thread_not_found":
                return None
            seconds = _retry_after(error)
            if seconds is not None:
                raise errors.NotNow("ratelimited", seconds=seconds) from error
            # Never said twice on a guess: unless we may look, it stays unsaid.
            raise errors.Unsure(why=phrase("no se puede mirar si está: {why}", why=why)) from error
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise errors.Unsure(why=phrase("no se puede mirar si está: {why}", why=type(error).__name__)) from error

    # --- saying ------------------------------------------------------------------------------------------------------

    async def _turn(self, place: str) -> None:
        """It is this channel's turn for one more post."""
        now = monotonic()
        free = self._free_at.get(place, now)
        self._free_at[place] = max(free, now) + self._between
        if free > now:
            await asyncio.sleep(free - now)

    async def _post(self, draft: Draft, shown: Look) -> str:
        async with asyncio.timeout(PATIENCE):
            answer = await self._client.chat_postMessage(
                channel=draft.place,
                text=shown.text,
                blocks=list(shown.blocks) or None,
                thread_ts=draft.thread,
                metadata={"event_type": EVENT_TYPE, "event_payload": {"key": draft.key}},
                unfurl_links=False,
                unfurl_media=False,
            )
        if draft.operation is Operation.PRIVATE:
            self._direct[draft.place] = str(answer.get("channel") or "")
        return str(answer.get("ts") or "")

    async def _whisper(self, draft: Draft, shown: Look, error: SlackApiError) -> str:
        """Where Slack lets us write to nobody directly, the person reads it in the channel, alone."""
        self._features.refused("direct messages", error)
        channel = self._channel_of(draft.debate_id)
        if not channel:
            raise error
        async with asyncio.timeout(PATIENCE):
            answer = await self._client.chat_postEphemeral(channel=channel, user=draft.place, text=shown.text)
        return str(answer.get("message_ts") or "")

    async def _update(self, draft: Draft) -> str:
        shown = look(draft)
        call = self._client.chat_update(
            channel=draft.place, ts=draft.target or "", text=shown.text, blocks=list(shown.blocks) or None
        )
        await self._told(call, draft)
        return draft.target or ""

    async def _delete(self, draft: Draft) -> str:
        try:
            await self._told(self._client.chat_delete(channel=draft.place, ts=draft.target or ""), draft)
        except errors.NotEver as never:
            if "message_not_found" not in str(never):
                raise
        return draft.target or ""

    async def _told(self, call: Any, draft: Draft) -> str:
        """What the call returned, its failure as a mouth tells it."""
        try:
            async with asyncio.timeout(PATIENCE):
                return str(await call)
        except SlackApiError as error:
            raise self._verdict(error, draft) from error
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise _lost(error) from error

    def _verdict(self, error: SlackApiError, draft: Draft) -> errors.TertuliaError:
        why, status = code(error), _status(error)
        seconds = _retry_after(error)
        if seconds is not None:
            self._free_at[draft.place] = monotonic() + seconds
            return errors.NotNow(why or "ratelimited", seconds=seconds)
        if why in _BROKEN or (not why and (status >= 500 or status == 200)):
            return errors.Unsure(why=why or f"HTTP {status}")
        if why in LASTING:
            self._features.refused("direct messages" if draft.operation is Operation.PRIVATE else "posts", error)
            return errors.NotEver(why=why)
        if why in _PASSING or not why:
            return errors.NotNow(why or f"HTTP {status}")
        return errors.NotEver(why=why)

    # --- looking -----------------------------------------------------------------------------------------------------

    async def _find(self, draft: Draft, since: datetime) -> str | None:
        place = draft.place
        if draft.operation is Operation.PRIVATE:
            place = await self._direct_with(draft.place)
        wanted = _words(draft.text)
        oldest, cursor = f"{since.timestamp():.6f}", ""
        for _ in range(_PAGES):
            answer = await self._page(place, draft.thread, oldest, cursor)
            for message in answer.get("messages") or ():
                if self._is(message, draft, wanted, oldest):
                    return str(message["ts"])
            cursor = str((answer.get("response_metadata") or {}).get("next_cursor") or "")
            if not cursor:
                return None
        raise errors.Unsure(why="demasiados mensajes desde entonces")

    async def _direct_with(self, user: str) -> str:
        if not self._direct.get(user):
            answer = await self._client.conversations_open(users=user)
            self._direct[user] = str((answer.get("channel") or {}).get("id") or "")
        return self._direct[user]

    async def _page(self, place: str, thread: str | None, oldest: str, cursor: str) -> Any:
        async with asyncio.timeout(PATIENCE):
            if thread is not None:
                return await self._client.conversations_replies(
                    channel=place, ts=thread, oldest=oldest, limit=_PAGE, cursor=cursor, include_all_metadata=True
                )
            return await self._client.conversations_history(
                channel=place, oldest=oldest, limit=_PAGE, cursor=cursor, include_all_metadata=True
            )

    def _is(self, message: Mapping[str, Any], draft: Draft, wanted: str, oldest: str) -> bool:
        if message.get("bot_id") != self._bot_id:
            return False
        payload = (message.get("metadata") or {}).get("event_payload") or {}
        if payload.get("key"):
            return bool(payload["key"] == draft.key)
        # The metadata was dropped on the way: then the same words of ours, since we first tried.
        return str(message.get("ts") or "") >= oldest and _words(str(message.get("text") or ""), escaped=True) == wanted


def _words(text: str, *, escaped: bool = False) -> str:
    """A text as its reader sees it, whatever Slack made of its spaces and links."""
    plain, _ = reading.read(text if escaped else mrkdwn.to_mrkdwn(text), names=mrkdwn.Names())
    return " ".join(plain.split())


def _lost(error: BaseException) -> errors.TertuliaError:
    """Not connected means not sent; anything later may have arrived."""
    why = type(error).__name__
    if isinstance(error, (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)):
        return errors.NotNow(why)
    return errors.Unsure(why=why)


def _status(error: SlackApiError) -> int:
    found = getattr(error.response, "status_code", None) or getattr(error.response, "status", None)
    return found if isinstance(found, int) else 0


def _retry_after(error: SlackApiError) -> float | None:
    """The seconds that Slack asks us to wait, or None where it does not."""
    if _status(error) != 429 and code(error) not in {"ratelimited", "rate_limited"}:
        return None
    headers = getattr(error.response, "headers", None) or {}
    try:
        return max(0.0, float(headers.get("Retry-After") or 1))
    except ValueError:
        return 1.0
