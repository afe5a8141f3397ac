"""When organisers are asked whether a series goes on in a season, and until when somebody has to say so. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.localtime import apart

# Before the first date of the season: long enough to find a host, and to announce a week ahead what was confirmed.
ASKED_AHEAD = timedelta(days=28)
LAPSES_AHEAD = timedelta(days=10)
# Whoever adds a series later than that has at least this long to confirm it.
AT_LEAST = timedelta(days=1)
# Dates of a series are planned this far ahead, and more of them as time goes on.
HORIZON = timedelta(days=180)


@dataclass(frozen=True, slots=True)
class Deadlines:
    """When it is asked whether a series goes on in a season, and when its dates leave the calendar unconfirmed."""

    ask_at: datetime
    lapse_at: datetime


def deadlines(first: datetime, zone: str, *, since: datetime) -> Deadlines:
    """Those of a season whose first date is at ``first``, of a series that there is since ``since``; none after it.

    Their days are counted on the clocks of the zone.
    """
    lapse_at = max(apart(first, -LAPSES_AHEAD, zone), min(since + AT_LEAST, first))
    return Deadlines(min(max(apart(first, -ASKED_AHEAD, zone), since), lapse_at), lapse_at)
