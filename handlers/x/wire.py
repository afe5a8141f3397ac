"""How X's REST is asked: signed, in X's dialect of the day, once; and answered with JSON or ``XRefused``.

tweepy shapes the requests (``AsyncClient``). Its own ``request`` sleeps, retries, reads HTML as JSON and logs the keys;
ours does none of that.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from urllib.parse import quote, urlencode

import aiohttp
from oauthlib.oauth1 import Client as OAuth1
from tweepy.asynchronous import AsyncClient
from yarl import URL

from handlers.x.refused import Json, Kind, XRefused, decoded, looks, refusal
from handlers.x.terms import FIELDS, Dialect

# How long X has for an answer (seconds); a POST that took longer may have been stored: look before sending again.
TIMEOUT = 30.0


@dataclass(frozen=True, slots=True)
class Keys:
    """What lets us in: an app's bearer token to read, its four OAuth 1.0a keys to write; never shown."""

    bearer: str = field(default="", repr=False)
    api_key: str = field(default="", repr=False)
    api_secret: str = field(default="", repr=False)
    access_token: str = field(default="", repr=False)
    access_token_secret: str = field(default="", repr=False)

    @property
    def can_read(self) -> bool:
        """Whether the stream and search will have us."""
        return bool(self.bearer)

    @property
    def can_post(self) -> bool:
        """Whether all four keys of an account are there."""
        return all((self.api_key, self.api_secret, self.access_token, self.access_token_secret))

    @property
    def secrets(self) -> tuple[str, ...]:
        """All that is set of them: what must stand in no text."""
        keys = (self.bearer, self.api_key, self.api_secret, self.access_token, self.access_token_secret)
        return tuple(one for one in keys if one)


def user_agent() -> str:
    """How we introduce ourselves, as X asks: ``Tertulia/<version>``."""
    try:
        return f"Tertulia/{version('tertulia-debates')}"
    except PackageNotFoundError:  # run from a folder that is not installed
        return "Tertulia/0"


class Answer:
    """An answer that was a success and was JSON, in the form in which tweepy wants it."""

    def __init__(self, body: Json) -> None:
        """``body`` has been read already."""
        self._body = body

    async def json(self) -> Json:
        """The object that X sent."""
        return self._body


class Wire(AsyncClient):  # type: ignore[misc]  # tweepy ships no types
    """tweepy's client, with another way to ask: to our address, in X's dialect of the day, and once."""

    def __init__(self, keys: Keys, base_url: str, clock: Callable[[], datetime]) -> None:
        """Nothing is asked before ``start``."""
        super().__init__(return_type=dict, wait_on_rate_limit=False)
        # It writes what it signs with into its log.
        logging.getLogger("oauthlib").setLevel(logging.WARNING)
        self._keys, self._base, self._clock = keys, base_url, clock
        self.session: aiohttp.ClientSession | None = None
        self.dialect = Dialect.TWEET
        self._fixed = False

    async def start(self) -> None:
        """There is a session; nothing was asked of X."""
        if self.session is None:
            self.session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT))

    async def close(self) -> None:
        """The session is closed; what was under way has failed."""
        if self.session is not None:
            await self.session.close()
            self.session = None

    def other_dialect(self) -> None:
        """Posts are asked for in the other dialect from now on; it is done once, lest we go to and fro."""
        if not self._fixed:
            self._fixed, self.dialect = True, Dialect.POST

    async def request(
        self, method: str, route: str, params: Mapping[str, object] | None = None, json: Json | None = None,
        user_auth: bool = False,
    ) -> Answer:  # fmt: skip
        """The answer, which is JSON; raises ``XRefused`` for everything else."""
        if self.session is None:
            raise XRefused(0, Kind.NETWORK, "not started")
        query = urlencode(sorted(self._spoken(params or {}).items()), quote_via=quote)
        url = f"{self._base}{route}?{query}" if query else f"{self._base}{route}"
        headers = {"User-Agent": user_agent(), **self._signed(method, url, user_auth)}
        try:
            async with self.session.request(
                method, URL(url, encoded=True), json=json, headers=headers, allow_redirects=False
            ) as answer:
                raw = await answer.read()
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            # Not `from error`: what aiohttp raises may show the headers, and in them the keys.
            raise XRefused(0, Kind.NETWORK, type(error).__name__) from None
        if not 200 <= answer.status < 300:
            self._misunderstood(answer.status, raw)
            secrets = self._keys.secrets
            raise refusal(answer.status, answer.headers, raw, now=self._clock(), secrets=secrets)
        body = decoded(raw)
        if body is None:
            raise XRefused(answer.status, Kind.UPSET, looks(raw))
        return Answer(body)

    def _spoken(self, params: Mapping[str, object]) -> dict[str, str]:
        """The parameters as X wants them: tweepy speaks the older dialect alone."""
        spoken = {name: str(value) for name, value in params.items()}
        if self.dialect is Dialect.POST and "tweet.fields" in spoken:
            del spoken["tweet.fields"]
            spoken.update(FIELDS[Dialect.POST])
        return spoken

    def _signed(self, method: str, url: str, user_auth: bool) -> dict[str, str]:
        keys = self._keys
        if not user_auth:
            return {"Authorization": f"Bearer {keys.bearer}"}
        signer = OAuth1(keys.api_key, keys.api_secret, keys.access_token, keys.access_token_secret)
        _url, headers, _body = signer.sign(url, method)
        return dict(headers)

    def _misunderstood(self, status: int, raw: bytes) -> None:
        if status == 400 and f"{self.dialect}.fields".encode() in raw:
            self.other_dialect()
