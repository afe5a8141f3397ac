"""Whether the bot is well: `/healthz` for whoever restarts it, `/metrics` for whoever watches it."""

import asyncio
import shutil
from collections.abc import Callable, Iterable, Mapping

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bot import localtime
from bot.store import debates, outbox, passes
from bot.store.engine import Store
from bot.writer import Writer
from handlers.room.context import Health, Room, room_of
from handlers.room.stream import Hub

# A commit that takes longer than this counts as a disk that does not answer.
PATIENCE_SECONDS = 2.0
# With less than this free, the next evening's log may not fit.
LEAST_FREE_BYTES = 50 * 1024 * 1024

Part = Mapping[str, object]


async def healthz(request: Request) -> Response:
    """200 when every part is well, 503 when one is not that the debate cannot do without; JSON tells which."""
    room = room_of(request)
    parts = {"database": await _database(room), "disk": _disk(room.store), **dict(room.health())}
    ill = [part for part in parts.values() if not part.get("ok", True)]
    # A debate goes on without Slack: to start the bot anew for it would only take the room away as well.
    well = all(part.get("vital") is False for part in ill)
    body = {"status": "ok" if not ill else "degraded" if well else "unwell", "parts": parts}
    return JSONResponse(body, 200 if well else 503, headers={"cache-control": "no-store"})


async def metrics(request: Request) -> Response:
    """Counts and gauges for Prometheus."""
    body = await asyncio.to_thread(generate_latest, request.app.state.registry)
    return Response(body, headers={"content-type": CONTENT_TYPE_LATEST, "cache-control": "no-store"})


async def _database(room: Room) -> Part:
    """A row is written and committed: a lock, a full disk and a file that is gone all show here."""
    before = room.writer.trouble
    now = localtime.iso(room.clock()) or ""
    try:
        await asyncio.wait_for(room.writer.do(lambda tx: passes.keep(tx, "last probe", now)), PATIENCE_SECONDS)
    except TimeoutError:
        return {"ok": False, "why": f"no commit within {PATIENCE_SECONDS:g} s"}
    except Exception as error:  # noqa: BLE001  (whatever it is, it is the answer)
        return {"ok": False, "why": room.writer.trouble or f"{type(error).__name__}"}
    return {"ok": True, "kind": room.store.url.get_backend_name(), **({"recovered_from": before} if before else {})}


def _disk(store: Store) -> Part:
    if store.path is None:
        return {"ok": True}
    try:
        free = shutil.disk_usage(store.path.absolute().parent).free
    except OSError as error:
        return {"ok": False, "why": str(error)}
    return {"ok": free > LEAST_FREE_BYTES, "free_mb": free // (1024 * 1024)}


class Gauges(Collector):
    """What the room knows of the bot, read when it is asked for."""

    def __init__(self, store: Store, writer: Writer, hub: Hub, health: Health) -> None:
        """Bind to the parts."""
        self._store = store
        self._writer = writer
        self._hub = hub
        self._health = health

    def collect(self) -> Iterable[Metric]:
        """The metrics as they are now."""
        yield GaugeMetricFamily("tertulia_stream_readers", "Open pages of the room", value=self._hub.readers)
        yield CounterMetricFamily("tertulia_stream_events", "Changes sent to open pages", value=self._hub.events)
        yield CounterMetricFamily("tertulia_stream_dropped", "Pages too slow, let go", value=self._hub.dropped)
        yield GaugeMetricFamily("tertulia_writer_ok", "1 while commits succeed", value=not self._writer.trouble)
        up = GaugeMetricFamily("tertulia_part_ok", "1 while a part is well", labels=["part"])
        told = GaugeMetricFamily("tertulia_part_value", "What a part counts of itself", labels=["part", "name"])
        for name, part in self._health().items():
            up.add_metric([name], float(bool(part.get("ok", True))))
            for what, value in part.items():
                if isinstance(value, int | float) and not isinstance(value, bool):
                    told.add_metric([name, what], value)
        yield up
        yield told
        with self._store.read() as tx:
            waiting, phases = outbox.backlog(tx), debates.phases(tx)
        backlog = GaugeMetricFamily("tertulia_outbox_waiting", "Posts that wait", labels=["platform"])
        for platform, count in waiting.items():
            backlog.add_metric([platform], count)
        yield backlog
        held = GaugeMetricFamily("tertulia_debates", "Debates by phase", labels=["phase"])
        for phase, count in sorted(phases.items()):
            held.add_metric([phase], count)
        yield held

    def describe(self) -> Iterable[Metric]:
        """Nothing beforehand: registering must not read the database."""
        return []


def registry(store: Store, writer: Writer, hub: Hub, health: Callable[[], Mapping[str, Part]]) -> CollectorRegistry:
    """A registry of this room's own."""
    made = CollectorRegistry(auto_describe=False)
    made.register(Gauges(store, writer, hub, health))
    return made
