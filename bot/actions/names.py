"""Names of people, looked up on their platform."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from bot.actions import log
from bot.ports import Platform, Renamed
from bot.store import names as store
from bot.store.engine import Tx

# A name is looked up again after this long, for those who changed theirs while nobody was told.
FRESH = timedelta(hours=24)


def known(tx: Tx, platform: Platform) -> dict[str, str]:
    """The names by platform id, of everybody who has one."""
    return store.known(tx, platform)


def to_look_up(tx: Tx, platform: Platform, *, now: datetime, limit: int = 50) -> list[str]:
    """The platform ids of people whose name is unknown or older than ``FRESH``."""
    return store.stale(tx, platform, now - FRESH, limit=limit)


def nameless(tx: Tx, platform: Platform, debate_id: int, *, limit: int) -> list[str]:
    """The platform ids of those who spoke in a debate and whose name nobody has asked for yet."""
    return store.nameless(tx, platform, debate_id, limit=limit)


def learn(tx: Tx, platform: Platform, names: Mapping[str, str], *, now: datetime) -> None:
    """People are called as the platform says ("" for those it does not name), as of now."""
    for who, name in names.items():
        if name:
            log.rename(tx, Renamed(platform, who, name))
    store.seen(tx, platform, names, now=now)
