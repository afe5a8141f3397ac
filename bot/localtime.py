"""Local times and zones: a debate is planned at a wall-clock time, and kept as an instant in UTC."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot import errors
from bot.phrase import phrase

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(s|min|m|h|d)", re.IGNORECASE)
_UNITS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400}


class Clock(StrEnum):
    """What the clocks of a zone do at a local time: it exists once, not at all (``gap``), or twice (``fold``)."""

    NORMAL = "normal"
    GAP = "gap"
    FOLD = "fold"


@dataclass(frozen=True, slots=True)
class Settled:
    """A local time as an instant in UTC, and what the clocks do there."""

    instant: datetime
    kind: Clock


def zone(name: str) -> ZoneInfo:
    """The zone of an IANA name such as ``Europe/Madrid``; ``ValueError`` when there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(phrase("«{name}» no es una zona horaria (por ejemplo Europe/Madrid)", name=name)) from error


def resolve(local: datetime, zone_name: str) -> datetime:
    """The instant in UTC of a local time that exists exactly once in its zone.

    A time with an offset of its own is taken as it is. Raises ``NoSuchTime`` in the gap of a clock change and
    ``TwoTimes`` in its fold, both readings named (docs/design.md, 6).
    """
    if local.tzinfo is not None:
        return local.astimezone(UTC)
    tz = zone(zone_name)
    first, second = local.replace(tzinfo=tz, fold=0), local.replace(tzinfo=tz, fold=1)
    if first.utcoffset() == second.utcoffset():
        return first.astimezone(UTC)
    if first.astimezone(UTC).astimezone(tz).replace(tzinfo=None) == local:
        raise errors.TwoTimes(
            local=f"{local:%H:%M}", zone=zone_name, first=first.isoformat(), second=second.isoformat()
        )
    # In a gap the earlier offset reads it after the change, the later one before it.
    after, before = first.astimezone(UTC).astimezone(tz), second.astimezone(UTC).astimezone(tz)
    raise errors.NoSuchTime(local=f"{local:%H:%M}", zone=zone_name, before=f"{before:%H:%M}", after=f"{after:%H:%M}")


def settle(local: datetime, zone_name: str) -> Settled:
    """The instant of a naive local time whatever the clocks do: RFC 5545, 3.3.5, for dates that nobody plans by hand.

    A time that does not exist moves forward by what the clocks skip; one that exists twice is the first.
    """
    tz = zone(zone_name)
    first, second = local.replace(tzinfo=tz, fold=0), local.replace(tzinfo=tz, fold=1)
    before, after = first.utcoffset(), second.utcoffset()
    # The offset before the change reads a skipped time after it, and a repeated one the first time.
    instant = first.astimezone(UTC)
    if before == after or before is None or after is None:
        return Settled(instant, Clock.NORMAL)
    return Settled(instant, Clock.GAP if before < after else Clock.FOLD)


def wall(instant: datetime, zone_name: str) -> datetime:
    """The instant as the clocks of the zone show it."""
    return instant.astimezone(zone(zone_name))


def apart(instant: datetime, by: timedelta, zone_name: str) -> datetime:
    """The instant so long after another (before it: ``by`` is negative), days by the zone's clocks, hours as they pass.

    Three weeks before a debate at 19:00 it is 19:00, also where the clocks change in between; see ``settle`` for a time
    that they skip or repeat.
    """
    days, rest = divmod(abs(by), timedelta(days=1))
    sign = -1 if by < timedelta(0) else 1
    if days:
        local = wall(instant, zone_name).replace(tzinfo=None) + sign * timedelta(days=days)
        instant = settle(local, zone_name).instant
    return instant + sign * rest


def written(local: datetime) -> str:
    """A time on the clocks of its zone as it is kept: ``2027-01-14T19:00``, with seconds only where it has some."""
    bare = local.replace(tzinfo=None)
    return bare.isoformat(timespec="auto" if bare.second or bare.microsecond else "minutes")


def iso(instant: datetime | None) -> str | None:
    """ISO 8601 in UTC with ``Z``, to the microsecond only where there is one; None stays None."""
    if instant is None:
        return None
    utc = instant if instant.tzinfo is UTC else instant.astimezone(UTC)
    return utc.isoformat()[: -len("+00:00")] + "Z"


def duration(text: str) -> timedelta:
    """``"90s"``, ``"10m"``, ``"1h"``, ``"7d"`` or ``"1h30m"`` as a length of time; ``ValueError`` otherwise."""
    compact = text.strip()
    parts = _DURATION.findall(compact)
    if not parts or _DURATION.sub("", compact).strip():
        raise ValueError(phrase("«{text}» no es una duración (por ejemplo 90s, 10m, 1h)", text=text))
    try:
        return timedelta(seconds=sum(float(amount) * _UNITS[unit.lower()] for amount, unit in parts))
    except OverflowError as error:
        raise ValueError(phrase("«{text}» no es una duración que quepa en un calendario", text=text)) from error
