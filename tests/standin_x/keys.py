"""Who is calling: the application by its bearer token, or our account by a signature that holds."""

from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote

from aiohttp import web
from oauthlib.oauth1.rfc5849 import signature

from tests.standin_x.problems import UNAUTHORIZED, RefusedError

DRIFT = 300


class Keys(NamedTuple):
    """The four values with which an OAuth 1.0a client signs."""

    api_key: str
    api_secret: str
    access_token: str
    access_token_secret: str


@dataclass(frozen=True)
class _Signed:
    """A request in the form that oauthlib verifies."""

    http_method: str
    uri: str
    params: list[tuple[str, str]]
    signature: str


@dataclass
class Doorkeeper:
    """Knows the bearer token and the keys, and which nonces it has seen."""

    bearer: str
    keys: Keys
    _nonces: set[tuple[str, str]] = field(default_factory=set)

    def caller(self, request: web.Request, now: float) -> str:
        """`app` or `user`; `RefusedError` with 401 when it is neither."""
        scheme, _, rest = request.headers.get("Authorization", "").partition(" ")
        if scheme == "Bearer" and unquote(rest) == unquote(self.bearer):
            return "app"
        if scheme == "OAuth" and self._signed(request, rest, now):
            return "user"
        raise RefusedError(UNAUTHORIZED)

    def _signed(self, request: web.Request, header: str, now: float) -> bool:
        pairs = [pair.strip().partition("=") for pair in header.split(",")]
        given = {unquote(name): unquote(value.strip('"')) for name, _, value in pairs}
        known = (given.get("oauth_consumer_key"), given.get("oauth_token"))
        if known != (self.keys.api_key, self.keys.access_token) or given.get("oauth_signature_method") != "HMAC-SHA1":
            return False
        nonce, at = given.get("oauth_nonce", ""), given.get("oauth_timestamp", "")
        if not nonce or not at.isdigit() or abs(int(at) - now) > DRIFT or (at, nonce) in self._nonces:
            return False
        if not self._holds(request, given):
            return False
        self._nonces.add((at, nonce))
        return True

    def _holds(self, request: web.Request, given: dict[str, str]) -> bool:
        query = parse_qsl(request.rel_url.raw_query_string, keep_blank_values=True)
        spoken = [(name, value) for name, value in given.items() if name not in {"oauth_signature", "realm"}]
        uri = f"{request.scheme}://{request.host}{request.rel_url.raw_path}"
        signed = _Signed(request.method, uri, query + spoken, given.get("oauth_signature", ""))
        return bool(signature.verify_hmac_sha1(signed, self.keys.api_secret, self.keys.access_token_secret))
