"""The year: five weekly series with all their checks, and ten years of them as a calendar to subscribe to."""

import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr
from icalendar import Alarm, Calendar
from icalendar import Event as Entry

from bot import holiday, season, series
from bot.ports import COUNTRIES
from bot.season import Checked, Ground, Taken
from bot.series import Occurrence
from handlers.room import vcalendar

from bench.measure import ROOT, Job, Row, against, held, pairs, remark, run

FIRST = datetime(2027, 1, 1, tzinfo=UTC)
# Days, hours and zones that meet every clock change of Madrid and Santiago.
SERIES = (
    ("FREQ=WEEKLY;BYDAY=TH", "2027-01-07T19:00", "Europe/Madrid"),
    ("FREQ=WEEKLY;BYDAY=TU", "2027-01-05T20:30", "America/Mexico_City"),
    ("FREQ=WEEKLY;BYDAY=SU", "2027-01-03T00:30", "America/Santiago"),
    ("FREQ=WEEKLY;BYDAY=WE", "2027-01-06T13:00", "America/Bogota"),
    ("FREQ=WEEKLY;BYDAY=SU", "2027-01-03T02:30", "Europe/Madrid"),
)
YEARS = 10
TITLE = "Pensar desde el cliente, no en el cliente"
HOME = "https://tertulia.example"
SHEET = vcalendar.Sheet("Tertulia", HOME, f"{HOME}/calendar.ics", "Europe/Madrid", "es")
HOUR = timedelta(hours=1)
# What a bot pays once, for the library of holidays: told by a process of its own.
COLD = """
import time
from bot import holiday
started = time.perf_counter()
for country in {countries}:
    holiday.of_year(country, 2027)
print(time.perf_counter() - started)
"""


def measure(job: Job) -> list[Row]:
    """The year in turn with the dates alone from another library, then the library of holidays, then the calendar."""
    holiday.check(COUNTRIES)  # once unmeasured: what that costs is told by itself
    count = job.size.pairs * 4
    whole = [_timed(lambda: _year(2027)) for _ in range(count)]
    first = [_first_of_a_year(2028 + number) for number in range(count)]
    taken = pairs(lambda: _timed(lambda: _dates(2027)), lambda: _timed(lambda: _plainly(2027)), count)
    checked, kinds = _year(2027), {one.value for one in season.Clash}
    told = {clash.kind.value for one in checked for clash in one.collisions}
    return [
        held(f"{len(checked)} dates of 5 series in a year, all checks", whole, "s", below=0.1),
        held("the same for a year whose holidays nobody has asked for yet", first, "s", below=0.1),
        against("their dates alone, against dateutil and zoneinfo", taken),
        held("the library of holidays read for 6 countries, once in a bot's life", _cold(job), "s"),
        *_calendar(job),
        remark(f"collisions of every kind were found: {', '.join(sorted(told))}" if told == kinds else f"only {told}"),
    ]


def _year(year: int) -> list[Checked]:
    """Every series expanded and held against the holidays, the other four, and the clocks."""
    each = _dates(year)
    found: list[Checked] = []
    for number, dates in enumerate(each):
        others = (date for other, theirs in enumerate(each) if other != number for date in theirs)
        taken = tuple(Taken("Otro debate", date.instant, date.instant + HOUR) for date in others)
        found += season.check(dates, Ground(taken=taken))
    return found


def _calendar(job: Job) -> list[Row]:
    """Ten years of the series as a calendar; and the same events by the library that others write theirs with."""
    events = [_event(number, one) for number, one in enumerate(_ten_years(), start=1)]
    written = vcalendar.write(events, SHEET)
    taken = pairs(
        lambda: _timed(lambda: vcalendar.write(events, SHEET)), lambda: _timed(lambda: _by_icalendar(events)),
        job.size.pairs,
    )  # fmt: skip
    what = f"{written.count(b'BEGIN:VEVENT')} events of 10 years written ({len(written) / 2**20:.1f} MiB)"
    return [
        held(what, [one.ours for one in taken], "s", below=1.0),
        against("the same events, with their alarms and no zones, against icalendar", taken),
    ]


def _ten_years() -> list[Occurrence]:
    return [one for year in range(2027, 2027 + YEARS) for each in _dates(year) for one in each]


def _event(number: int, one: Occurrence) -> vcalendar.Event:
    return vcalendar.Event(
        id=number, slug=f"{one.asked:%Y-%m-%d}-pensar-desde-el-cliente", title=TITLE,
        host="Elena Alfaro", hashtag="MeetAlfaro", timezone=one.zone, starts_at=one.instant, ends_at=one.instant + HOUR,
        created_at=FIRST, phase="scheduled", sequence=number % 3, changed_at=FIRST,
    )  # fmt: skip


def _by_icalendar(events: list[vcalendar.Event]) -> bytes:
    made = Calendar()
    made.add("prodid", "-//bench//ES")
    made.add("version", "2.0")
    for one in events:
        entry, tz = Entry(), ZoneInfo(one.timezone)
        entry.add("uid", f"{one.id}@tertulia")
        entry.add("dtstamp", one.created_at)
        entry.add("last-modified", one.changed_at)
        entry.add("sequence", one.sequence)
        entry.add("dtstart", one.starts_at.astimezone(tz))
        entry.add("dtend", one.ends_at.astimezone(tz))
        entry.add("summary", one.title)
        entry.add("description", f"Conduce {one.host}\n#{one.hashtag}\n{HOME}/d/{one.slug}")
        entry.add("url", f"{HOME}/d/{one.slug}")
        for ahead in vcalendar.ALARMS:
            alarm = Alarm()
            alarm.add("action", "DISPLAY")
            alarm.add("description", one.title)
            alarm.add("trigger", -ahead)
            entry.add_component(alarm)
        made.add_component(entry)
    return bytes(made.to_ical())


def _dates(year: int) -> list[list[Occurrence]]:
    since, until = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
    return [_expanded(number, since, until) for number in range(len(SERIES))]


def _expanded(number: int, since: datetime, until: datetime) -> list[Occurrence]:
    rule, starts, zone = SERIES[number]
    return series.expand(series.parse(rule, datetime.fromisoformat(starts), zone), since, until)


def _plainly(year: int) -> list[datetime]:
    """The same dates as one would write them: dateutil in naive local time, then zoneinfo."""
    found: list[datetime] = []
    for rule, starts, zone in SERIES:
        made = rrulestr(f"{rule};UNTIL={year}1231T235959", dtstart=datetime.fromisoformat(starts))
        tz = ZoneInfo(zone)
        found += [date.replace(tzinfo=tz).astimezone(UTC) for date in made if date.year == year]
    return found


def _first_of_a_year(year: int) -> float:
    return _timed(lambda: _year(year))


def _cold(job: Job) -> list[float]:
    """Seconds, as fresh processes tell them."""
    program = COLD.format(countries=COUNTRIES)
    argv = [sys.executable, "-c", program]
    return [float(run(argv, cwd=job.folder("year"), env={"PYTHONPATH": str(ROOT)}).out) for _ in range(job.size.pairs)]


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
