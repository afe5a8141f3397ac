"""The room's door: the socket it listens on, and the server behind it."""

import contextlib
import socket
from collections.abc import Callable, Iterator

import uvicorn

from bot import errors
from bot.config import Settings


class Server(uvicorn.Server):
    """uvicorn in our loop; the signals are ours."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Nothing is captured."""
        yield


@contextlib.contextmanager
def listening(settings: Settings, say: Callable[..., str]) -> Iterator[socket.socket]:
    """The socket of the room; raises ``BadSetting`` when its place is taken."""
    family = socket.AF_INET6 if ":" in settings.web_host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((settings.web_host, settings.web_port))
        except OSError as error:
            where = f"{settings.web_host}:{settings.web_port}"
            why = say(
                "no se puede abrir {where} ({why}); elige otro TERTULIA_WEB_PORT", where=where, why=error.strerror
            )
            raise errors.BadSetting(why=why) from error
        listener.setblocking(False)
        yield listener


def inside(listener: socket.socket) -> str:
    """The address at which this machine reaches the room."""
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)  # noqa: S104  (compared)
    return f"http://{host}:{port}"
