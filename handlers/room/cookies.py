"""Who is there: a signed cookie with a member's name, and the secret of a moderator's session."""

import secrets
from dataclasses import dataclass

from itsdangerous import BadData, URLSafeTimedSerializer
from starlette.requests import Request
from starlette.responses import Response

from bot.ports import Actor
from bot.store import passes
from bot.store.engine import Tx

MEMBER = "tertulia"
MODERATOR = "tertulia_moderator"
_KEY = "cookie key"
MEMBER_LASTS = 400 * 86400  # the longest that browsers keep a cookie
MODERATOR_LASTS = 30 * 86400
GUEST_LASTS = 120 * 86400


def guest_cookie(guest_id: int) -> str:
    """The name of the cookie with a guest's session: one browser may be several guests'."""
    return f"tertulia_guest_{guest_id}"


@dataclass(frozen=True, slots=True)
class Cookies:
    """Signs and reads the cookies of one installation; ``secure`` where the house is reached by https."""

    signer: URLSafeTimedSerializer
    secure: bool

    @classmethod
    def make(cls, key: str, url: str) -> "Cookies":
        """Cookies under a key, for the house at an address."""
        return cls(URLSafeTimedSerializer(key, salt="member"), url.startswith("https://"))

    def read(self, request: Request) -> Actor | None:
        """The member that the cookie names; None without a cookie of ours, or with one that is too old."""
        try:
            ident, name = self.signer.loads(request.cookies.get(MEMBER, ""), max_age=MEMBER_LASTS)
        except (BadData, ValueError, TypeError):
            return None
        return Actor(f"room:{ident}", str(name))

    def remember(self, request: Request, response: Response, actor: Actor) -> None:
        """The browser will say who the member is."""
        value = str(self.signer.dumps([actor.who.removeprefix("room:"), actor.name]))
        self._set(request, response, MEMBER, value, MEMBER_LASTS)

    def let_in(self, request: Request, response: Response, secret: str) -> None:
        """The browser will show the moderator's session."""
        self._set(request, response, MODERATOR, secret, MODERATOR_LASTS)

    def seat(self, request: Request, response: Response, guest_id: int, secret: str) -> None:
        """The browser will show the guest's session, on their own page alone."""
        name, path = guest_cookie(guest_id), f"/invitado/{guest_id}"
        self._set(request, response, name, secret, GUEST_LASTS, path=path)

    def forget(self, response: Response) -> None:
        """The browser has neither cookie any more."""
        response.delete_cookie(MEMBER, path="/", httponly=True, samesite="lax")
        response.delete_cookie(MODERATOR, path="/", httponly=True, samesite="lax")

    def _set(self, request: Request, response: Response, name: str, value: str, lasts: int, path: str = "/") -> None:
        secure = self.secure or request.url.scheme == "https"
        response.set_cookie(name, value, max_age=lasts, path=path, secure=secure, httponly=True, samesite="lax")


def key(tx: Tx) -> str:
    """The key that signs this installation's cookies, made at the first need and kept in its database."""
    return passes.kept(tx, _KEY) or passes.first(tx, _KEY, secrets.token_urlsafe(32))
