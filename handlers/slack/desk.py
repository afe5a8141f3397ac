"""The desk at which people are served: who asks, in which language, and how they are answered in private."""

import asyncio
import functools
import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeAlias, TypeVar

import aiohttp
import structlog
from slack_bolt.async_app import AsyncRespond
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from bot import errors
from bot.actions.now import Now, where_are_we
from bot.ports import Actor, House
from bot.store import debates, people
from bot.store.engine import Store, Tx
from bot.tables import Debate
from bot.words.catalogue import Words, words
from bot.writer import Writer
from handlers.slack.blocks import Block, Page
from handlers.slack.features import Features, code
from handlers.slack.mrkdwn import Names, to_mrkdwn

T = TypeVar("T")
Json: TypeAlias = Mapping[str, Any]
"""A payload of Slack, of whatever shape."""

# How long a person's name, language and zone are believed; and how long it is believed that they have none.
FRESH = timedelta(hours=1)
UNKNOWN_FRESH = timedelta(minutes=1)
MOST_PROFILES = 5_000
# The best answers of a crowded debate take long to find (0.6 s among 20,000), and many ask at once.
STALE = timedelta(seconds=2)
# People wait for their answer, not for their profile.
PROFILE_SECONDS = 0.7
# Slack cuts a text at 4,000 characters; blocks carry the rest.
LONGEST_TEXT = 3_500


@dataclass(frozen=True, slots=True)
class Profile:
    """What a person's account says of them; ``name`` is empty where it could not be read."""

    name: str
    locale: str
    zone: str


@dataclass(frozen=True, slots=True)
class Caller:
    """One person doing one thing: where (``channel`` is empty on the Home tab), and how they can be answered.

    ``respond`` uses the response_url and is None where Slack gave none; ``trigger`` opens one modal within 3 s;
    ``home`` is True when it was done on the Home tab, ``view`` is the modal or the tab that it was done in.
    """

    user: str
    team: str
    channel: str
    say: Words
    name: str = ""
    zone: str = ""
    trigger: str = ""
    respond: AsyncRespond | None = None
    home: bool = False
    view: Json | None = None

    @property
    def who(self) -> str:
        """The caller as a person: ``slack:U123``."""
        return f"slack:{self.user}"


@dataclass
class Desk:
    """What serving people needs: the database, the installation, the client with its token, and the clock.

    ``features`` and ``names`` are shared with ears and mouth, where there are any.
    """

    writer: Writer
    store: Store
    house: House
    client: AsyncWebClient
    team_id: str
    now: Callable[[], datetime]
    features: Features = field(default_factory=Features)
    names: Names = field(default_factory=Names)
    _profiles: dict[str, tuple[Profile, datetime]] = field(default_factory=dict)
    _seen: dict[int, tuple[datetime, object, Now]] = field(default_factory=dict)
    _looking: threading.Lock = field(default_factory=threading.Lock)

    async def read(self, reading: Callable[[Tx], T]) -> T:
        """What the reading finds among what is committed."""

        def work() -> T:
            with self.store.read() as tx:
                return reading(tx)

        return await asyncio.to_thread(work)

    def where(self, tx: Tx, debate: Debate) -> Now:
        """Where the debate stands; its best answers may be ``STALE`` old, so that a crowd costs no more than one."""
        debate_id, now, moment = debates.ident(debate), self.now(), (debate.phase, debate.asked_at, debate.ends_at)
        with self._looking:
            seen = self._seen.get(debate_id)
            if seen is None or seen[1] != moment or not timedelta(0) <= now - seen[0] < STALE:
                seen = self._seen[debate_id] = now, moment, where_are_we(tx, debate, now=now)
        return seen[2]

    async def call(self, method: str, sending: Callable[[], Awaitable[Any]]) -> Json | None:
        """The answer of a Web API call, or None when it is refused or lost: that costs this one feature."""
        if not self.features.has(method):
            return None
        try:
            answer = await sending()
        except SlackApiError as error:
            if not self.features.refused(method, error):
                structlog.get_logger().warning("slack said no", method=method, why=code(error))
            return None
        except (SlackClientError, aiohttp.ClientError, TimeoutError, OSError) as error:
            structlog.get_logger().warning("slack not reached", method=method, why=type(error).__name__)
            return None
        found: Json = answer.data if isinstance(answer.data, dict) else {}
        return found

    async def profile(self, user: str) -> Profile:
        """The person's name, language and zone; the installation's own where Slack does not say."""
        known = self._profiles.get(user)
        if known is not None and known[1] > self.now():
            return known[0]

        def asking() -> Awaitable[Any]:
            return asyncio.wait_for(self.client.users_info(user=user, include_locale=True), PROFILE_SECONDS)

        answer = await self.call("users.info", asking)
        found = _profile((answer or {}).get("user") or {}, self.house)
        if len(self._profiles) >= MOST_PROFILES:
            self._profiles.pop(next(iter(self._profiles)))
        self._profiles[user] = found, self.now() + (FRESH if found.name else UNKNOWN_FRESH)
        return found

    async def caller(
        self, user: str, team: str, channel: str, *, trigger: str = "", respond: AsyncRespond | None = None
    ) -> Caller:
        """The person with their name and the words of their language; no ``channel`` means the Home tab."""
        known = await self.profile(user)
        usable = respond if respond is not None and respond.response_url else None
        return Caller(
            user, team, channel, words(known.locale), name=known.name, zone=known.zone, trigger=trigger,
            respond=usable, home=not channel,
        )  # fmt: skip

    def is_member(self, caller: Caller) -> bool:
        """Whether the person belongs to this workspace; guests from other organisations can press buttons too."""
        return not caller.team or caller.team == self.team_id

    # --- answering ---------------------------------------------------------------------------------------------------

    async def reply(self, caller: Caller, page: Page | str, *, replace: bool = False) -> None:
        """The caller alone reads the page; ``replace`` puts it in the place of the private message they pressed in.

        A plain sentence is shown as it is, whatever people wrote in it.
        """
        text, blocks = (to_mrkdwn(page), ()) if isinstance(page, str) else (page.text, page.blocks)
        if caller.respond is not None:
            body = {"text": text[:LONGEST_TEXT], "blocks": list(blocks)}
            sending = caller.respond(**body, response_type="ephemeral", replace_original=replace)  # type: ignore[arg-type]  # blocks are plain dicts
            try:
                answer = await sending
                if answer.status_code == 200:
                    return
                structlog.get_logger().warning("response_url refused", why=answer.body)
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                structlog.get_logger().warning("response_url not reached", why=type(error).__name__)
        await self.whisper(caller.user, caller.channel, text, blocks)

    async def whisper(self, user: str, channel: str, text: str, blocks: Sequence[Block] = ()) -> None:
        """The person alone reads the text: in the channel while they look at it, else in their talk with the bot."""
        body: dict[str, Any] = {"text": text[:LONGEST_TEXT], "blocks": list(blocks) or None}
        if channel and not channel.startswith("D"):
            post = functools.partial(self.client.chat_postEphemeral, channel=channel, user=user, **body)
            if await self.call("chat.postEphemeral", post) is not None:
                return
        post = functools.partial(self.client.chat_postMessage, channel=user, **body, unfurl_links=False)
        await self.call("chat.postMessage", post)


def actor(tx: Tx, caller: Caller) -> Actor:
    """The caller with the role they have at this moment."""
    return Actor(caller.who, caller.name, moderator=people.is_moderator(tx, caller.who))


def meant(tx: Tx, channel: str, *, also_elsewhere: bool) -> Debate:
    """The debate that a command in a channel means; raises ``NoDebateHere``.

    ``also_elsewhere`` (asking and looking) takes the one that is on, or the next to come, when it is held in another
    channel; so does a direct talk with the bot, where no other can be meant.
    """
    found = debates.at_place(tx, "slack", channel, drafts=not also_elsewhere)
    if found is None and (also_elsewhere or not channel or channel.startswith("D")):
        for one in (*debates.listening(tx), *debates.coming(tx)):
            if any(place.platform == "slack" for place in debates.places(tx, debates.ident(one))):
                return one
    if found is None:
        raise errors.NoDebateHere
    return found


def _profile(user: Json, house: House) -> Profile:
    profile = user.get("profile") or {}
    name = profile.get("display_name") or profile.get("real_name") or user.get("real_name") or user.get("name") or ""
    return Profile(str(name), str(user.get("locale") or house.locale), str(user.get("tz") or house.timezone))
