"""Everything that the routes share: the world, the bill, the troubles, and what has arrived."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from aiohttp import web

from tests.standin_x.activity import Activities
from tests.standin_x.faults import Faults
from tests.standin_x.keys import Doorkeeper, Keys
from tests.standin_x.limits import Limits
from tests.standin_x.meter import Meter
from tests.standin_x.problems import Answer, Json
from tests.standin_x.rulebook import Rulebook
from tests.standin_x.shapes import Fields, Page, Shaper, renamed
from tests.standin_x.stream import Hub
from tests.standin_x.world import Post, World


@dataclass(frozen=True)
class Arrived:
    """One request as it came: who signed it, and the status with which it was answered (0 for none)."""

    method: str
    path: str
    query: Mapping[str, str]
    body: Any
    route: str
    agent: str = ""
    answered: list[int] = field(default_factory=list)

    @property
    def status(self) -> int:
        """The HTTP status of the answer, 0 while there is none."""
        return self.answered[-1] if self.answered else 0


@dataclass
class Tempo:
    """How slow X is, in seconds."""

    rule_delay: float
    search_lag: float
    keep_alive: float
    slot_release: float


class Backend:
    """The state of one stand-in."""

    def __init__(self, clock: Callable[[], datetime], tempo: Tempo, *, strict_rates: bool) -> None:
        self.clock = clock
        self.tempo = tempo
        self.dialect = ""
        keys = Keys("standin-key", "standin-secret", "7-standin-access", "standin-access-secret")
        self.door = Doorkeeper("standin-app-only-token", keys)
        self.world = World(clock)
        self.me = self.world.add_person("Tertulia", "tertulia_bot")
        self.meter = Meter()
        self.faults = Faults()
        self.limits = Limits(strict_rates)
        self.rulebook = Rulebook(self.world)
        self.hub = Hub(self.rulebook, self.world, self.faults, self.meter)
        self.activities = Activities(self)
        self.posts: list[Post] = []
        self.requests: list[Arrived] = []

    @property
    def bearer(self) -> str:
        """The application's token, good for reading alone."""
        return self.door.bearer

    @property
    def keys(self) -> Keys:
        """The four values with which our account signs."""
        return self.door.keys

    def bill(self, page: Page, *, owned: bool = False) -> None:
        """What is in the answer is billed, once a UTC day."""
        now = self.clock()
        self.meter.read("owned_read" if owned else "post_read", page.posts, now)
        self.meter.read("user_read", page.people, now)


@dataclass
class Call:
    """A request that may be answered: who calls, and what they ask."""

    x: Backend
    request: web.Request
    query: dict[str, str]
    body: Any
    caller: str = ""

    @property
    def fields(self) -> Fields:
        """The fields that are asked for."""
        return Fields.of(self.query, self.x.dialect)

    def shaper(self) -> Shaper:
        """An empty answer in the form that is asked for."""
        return Shaper(self.x.world, self.fields)

    def answer(self, shaper: Shaper, meta: Mapping[str, object] | None = None, *, one: bool = False) -> Answer:
        """The page as an answer in the dialect of the request."""
        body = shaper.page.body(one=one) | ({"meta": dict(meta)} if meta is not None else {})
        return Answer(200, shaper.in_dialect(body))

    def answer_body(self, body: Json, status: int = 200) -> Answer:
        """The JSON as an answer in the dialect of the request."""
        return Answer(status, renamed(body) if self.fields.modern else body)
