"""The calendar that people subscribe to: a debate keeps its name through every change.

What is written is read back by two libraries, and by a third for the zones. After a wanted change of the format:
``TERTULIA_WRITE_GOLDEN=1 pytest tests/test_ics.py``, and read the difference.
"""

import io
import os
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from dateutil import tz
from hypothesis import given, settings
from hypothesis import strategies as st
from ical.calendar_stream import IcsCalendarStream
from icalendar import Calendar, Component
from starlette.testclient import TestClient

from bot import calendars
from bot.actions import clock, moving, plan, run
from bot.actions.moving import When, Wording
from bot.ports import OPERATOR, House
from bot.store import debates
from bot.store.engine import Tx
from bot.tables import Cue
from bot.tables_year import Season
from handlers.room import vcalendar
from handlers.room.vcalendar import Event, Sheet
from handlers.room.vtimezone import vtimezone

from tests.room_evening import START, Evening

GOLDEN = Path(__file__).with_name("golden")
SHEET = Sheet(
    "Tertulia", "https://debates.example.org", "https://debates.example.org/calendar.ics", "Europe/Madrid", "es"
)


@pytest.fixture
def evening(tmp_path: Path) -> Iterator[Evening]:
    """A planned debate."""
    made = Evening(tmp_path, house=House(url="https://debates.example.org"))
    made.plan(title="¿Quién es el CXO?; una coma, y «comillas»", opened=False)
    yield made
    made.stop()


def events(evening: Evening, path: str = "/calendar.ics") -> list[Component]:
    """The events of the calendar, as a calendar program reads them."""
    with TestClient(evening.app) as client:
        answer = client.get(path)
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    return Calendar.from_ical(answer.content).walk("VEVENT")


def sequence(event: Component) -> int:
    """How often the event has changed."""
    return int(event.decoded("sequence"))


def test_calendar_holds_a_debate_at_its_local_time(evening: Evening) -> None:
    """Title, zone, length and address as they were planned."""
    (event,) = events(evening)
    assert str(event["summary"]) == "¿Quién es el CXO?; una coma, y «comillas»"
    assert event["dtstart"].params["TZID"] == "Europe/Madrid"
    assert (event.decoded("dtstart"), event.decoded("dtend")) == (START, START + timedelta(hours=1))
    assert str(event["url"]) == f"https://debates.example.org/d/{evening.slug}"
    assert event["status"] == "CONFIRMED"
    assert [one.decoded("trigger") for one in event.walk("VALARM")] == [timedelta(days=-1), timedelta(minutes=-15)]


def test_calendar_explains_its_zones(evening: Evening) -> None:
    """A phone abroad knows what Madrid's clocks do: the zone comes with the event."""
    with TestClient(evening.app) as client:
        found = Calendar.from_ical(client.get("/calendar.ics").content)
    assert [str(zone["tzid"]) for zone in found.walk("VTIMEZONE")] == ["Europe/Madrid"]


def test_event_keeps_its_name_and_counts_its_changes(evening: Evening) -> None:
    """A change is the same event with a higher sequence, and a cancellation says so."""
    (before,) = events(evening)
    evening.act(lambda tx, debate: plan.cancel(tx, debate, actor=OPERATOR, now=evening.now))
    (after,) = events(evening)
    assert before["uid"] == after["uid"]
    assert (sequence(after) > sequence(before), after["status"]) == (True, "CANCELLED")


def test_sequence_never_falls_back(evening: Evening) -> None:
    """Opening, asking and closing leave the event as new as it was, or newer."""
    found = [sequence(events(evening)[0])]
    evening.act(lambda tx, debate: run.open_now(tx, debate, actor=OPERATOR, now=evening.now))
    found.append(sequence(events(evening)[0]))
    evening.act(lambda tx, debate: run.close(tx, debate, actor=OPERATOR, now=evening.now, house=evening.house))
    found.append(sequence(events(evening)[0]))
    assert found == sorted(found)


def test_one_debate_can_be_kept_alone(evening: Evening) -> None:
    """The link beside a debate holds that debate, under the same name as in the whole calendar."""
    (whole,), (alone,) = events(evening), events(evening, f"/d/{evening.slug}/calendar.ics")
    assert whole["uid"] == alone["uid"]


def test_only_what_a_calendar_shows_raises_the_sequence(evening: Evening) -> None:
    """A date, a title: yes. Questions and votes: no; and what has not changed keeps its stamp."""
    first = events(evening)[0]
    evening.act(lambda tx, debate: plan.add_question(tx, debate, "¿Y?", actor=OPERATOR, now=evening.now))
    assert events(evening)[0] == first
    later = evening.now + timedelta(hours=1)
    evening.act(lambda tx, debate: moving.edit(tx, debate, Wording(title="Otro"), actor=OPERATOR, now=later))
    second = events(evening)[0]
    assert (sequence(second), second.decoded("last-modified"), str(second["summary"])) == (1, later, "Otro")
    when = When(datetime.fromisoformat("2027-02-04T20:00"), "America/Santiago")
    house = evening.house
    evening.act(lambda tx, debate: moving.move(tx, debate, when, house=house, actor=OPERATOR, now=later))
    third = events(evening)[0]
    assert (sequence(third), third["uid"], str(third["url"])) == (2, first["uid"], str(first["url"]))
    assert third["dtstart"].params["TZID"] == "America/Santiago"
    assert third.decoded("dtstart") == datetime(2027, 2, 4, 23, tzinfo=UTC)


def test_a_cancelled_debate_keeps_its_last_date_and_says_why(evening: Evening) -> None:
    """It rings no more."""
    evening.act(lambda tx, debate: plan.cancel(tx, debate, actor=OPERATOR, now=evening.now, why="Es fiesta."))
    (event,) = events(evening)
    assert (event["status"], event.decoded("dtstart"), event.walk("VALARM")) == ("CANCELLED", START, [])
    assert str(event["description"]).startswith("No se celebra. Es fiesta.\n")


def test_a_missed_debate_is_not_promised(evening: Evening) -> None:
    """Its hour passed while nobody was there."""
    late = evening.now + timedelta(hours=5)
    evening.act(lambda tx, _debate: clock.do_all_due(tx, now=late, house=evening.house, most=99) and None)
    assert [event["status"] for event in events(evening)] == ["CANCELLED"]


def test_an_extended_debate_stands_as_it_was_promised(evening: Evening) -> None:
    """A calendar hears of it when it is over; without a change of the hour it must not change."""
    before = events(evening)
    evening.act(lambda tx, debate: run.open_now(tx, debate, actor=OPERATOR, now=evening.now))
    evening.act(lambda tx, debate: run.extend(tx, debate, 30, actor=OPERATOR, now=evening.now))
    assert events(evening) == before


def test_a_draft_is_in_nobodys_calendar(evening: Evening) -> None:
    """Neither is one that was cancelled before anybody confirmed it; one that had been promised stays, cancelled."""

    def draft(tx: Tx, phase: str) -> None:
        debate = debates.get(tx, evening.slug)
        debate.phase = phase
        tx.session.add(debate)

    evening.store.write(lambda tx: draft(tx, "draft"))
    assert events(evening) == []
    with TestClient(evening.app) as client:
        assert client.get(f"/d/{evening.slug}/calendar.ics").status_code == 404
    evening.store.write(lambda tx: draft(tx, "cancelled"))
    assert [event["status"] for event in events(evening)] == ["CANCELLED"]
    evening.act(lambda tx, debate: tx.session.add(Cue(debate_id=debate.id, key="lapse", due_at=START, state="done")))
    assert events(evening) == []
    evening.act(
        lambda tx, debate: debates.record(tx, who="slack:UMOD", action="confirm", debate_id=debate.id, now=START)
    )
    assert [event["status"] for event in events(evening)] == ["CANCELLED"]


def test_a_season_has_a_calendar_of_its_own(evening: Evening) -> None:
    """What falls into January is in January's, planned in it or by hand; a season that is none is not found."""

    def season(tx: Tx, slug: str, title: str) -> None:
        tx.session.add(
            Season(
                slug=slug, year=2027, kind=slug[5:], title=title, timezone="Europe/Madrid", created_at=START,
                changed_at=START,
            )
        )  # fmt: skip

    evening.store.write(lambda tx: season(tx, "2027-enero", "Enero 2027"))
    evening.store.write(lambda tx: season(tx, "2027-septiembre", "Septiembre 2027"))
    assert [str(one["uid"]) for one in events(evening, "/calendar/2027-enero.ics")] == [
        str(one["uid"]) for one in events(evening)
    ]
    assert events(evening, "/calendar/2027-septiembre.ics") == []
    with TestClient(evening.app) as client:
        assert client.get("/calendar/2031-enero.ics").status_code == 404
        assert b"X-WR-CALNAME:Tertulia \xc2\xb7 Enero 2027\r\n" in client.get("/calendar/2027-enero.ics").content


def test_what_has_not_changed_is_not_sent_again(evening: Evening) -> None:
    """A calendar asks every hour; it is told that there is nothing new, until there is."""
    with TestClient(evening.app) as client:
        first = client.get("/calendar.ics")
        mark = {"if-none-match": f'"other", {first.headers["etag"]}'}
        again = client.get("/calendar.ics", headers=mark)
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
        evening.act(lambda tx, debate: plan.cancel(tx, debate, actor=OPERATOR, now=evening.now))
        assert client.get("/calendar.ics", headers=mark).status_code == 200


# --- the format ------------------------------------------------------------------------------------------------------


def event(**changes: object) -> Event:
    """A debate at 19:00 in Madrid."""
    made = Event(
        id=7, slug="2027-01-14-cxo", title="¿Quién es el CXO?", host="Elena Alfaro", hashtag="MeetAlfaro",
        timezone="Europe/Madrid", starts_at=START, ends_at=START + timedelta(hours=1),
        created_at=datetime(2026, 12, 1, 9, tzinfo=UTC), phase="scheduled", sequence=0,
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]  # the fields' own types


def year() -> list[Event]:
    """Debates in five zones, one of them cancelled, with titles as people write them."""
    rows = [
        ("Europe/Madrid", "2027-01-14T18:00", "¿Quién es el Chief Customer Experience Officer? Perfil, sueldo; y jefe"),
        ("America/Santiago", "2027-04-04T22:00", "Experiencia de cliente 🚀 en Chile, «sin» Excel \\ ni PowerPoint"),
        ("America/Bogota", "2027-09-09T00:00", "Ñoñerías"),
        ("America/Argentina/Buenos_Aires", "2027-10-05T22:00", "CX Day"),
        ("UTC", "2027-11-02T18:00", "Reloj de nadie"),
    ]
    found = []
    for number, (zone, starts, title) in enumerate(rows, start=1):
        at = datetime.fromisoformat(starts).replace(tzinfo=UTC)
        found.append(
            event(
                id=number, slug=f"2027-{number}", timezone=zone, title=title, starts_at=at,
                ends_at=at + timedelta(minutes=90), sequence=number,
                changed_at=datetime(2026, 12, number, tzinfo=UTC),
            )
        )  # fmt: skip
    found[2] = replace(found[2], phase="cancelled", why="Se junta con otro, en octubre.")
    return found


def lines(made: bytes) -> list[bytes]:
    """The lines as they are sent."""
    assert made.endswith(b"END:VCALENDAR\r\n")
    return made.removesuffix(b"\r\n").split(b"\r\n")


def test_a_calendar_equals_its_golden_file() -> None:
    """Byte for byte."""
    made = vcalendar.write(year(), SHEET)
    golden = GOLDEN / "calendar.ics"
    if os.environ.get("TERTULIA_WRITE_GOLDEN"):
        golden.write_bytes(made)
    assert made.decode() == golden.read_bytes().decode()


def test_two_libraries_read_what_is_written() -> None:
    """The same instants, texts and numbers; every zone is explained, and every explanation used."""
    made, wanted = vcalendar.write(year(), SHEET), year()
    first = Calendar.from_ical(made)
    second = IcsCalendarStream.calendar_from_ics(made.decode())
    assert [(one.decoded("dtstart"), str(one["summary"]), sequence(one)) for one in first.walk("VEVENT")] == [
        (one.starts_at, one.title, one.sequence) for one in wanted
    ]
    assert [(one.start, one.end, one.summary, one.sequence) for one in second.events] == [
        (one.starts_at, one.ends_at, one.title, one.sequence) for one in wanted
    ]
    assert [one.status and one.status.value for one in second.events] == [
        str(one["status"]) for one in first.walk("VEVENT")
    ]
    assert first.errors == []
    assert {str(zone["tzid"]) for zone in first.walk("VTIMEZONE")} == {one.timezone for one in wanted} - {"UTC"}
    assert first.get_missing_tzids() == set()


def test_what_rfc_5545_demands_stands_in_it() -> None:
    """Of the calendar and of each event; in lines of at most 75 octets, whole letters on each."""
    made = vcalendar.write(year(), SHEET)
    assert max(len(line) for line in lines(made)) <= 75
    for line in lines(made):
        line.decode()
    unfolded = made.replace(b"\r\n ", b"").decode().split("\r\n")
    assert unfolded[:4] == ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Tertulia//debates//ES", "CALSCALE:GREGORIAN"]
    for name in ("METHOD:PUBLISH", "X-PUBLISHED-TTL:PT1H", "REFRESH-INTERVAL;VALUE=DURATION:PT1H"):
        assert unfolded.count(name) == 1
    for entry in Calendar.from_ical(made).walk("VEVENT"):
        assert {"UID", "DTSTAMP", "DTSTART", "DTEND", "SEQUENCE", "STATUS", "LAST-MODIFIED"} <= set(entry)


@pytest.mark.parametrize(
    "title",
    [
        "A\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nSUMMARY:Otro",
        "A\nATTENDEE:mailto:x@example.org",
        "A\rBEGIN:VALARM", "A\x0bBEGIN:VEVENT", "A\x85BEGIN:VEVENT", "A\u2028BEGIN:VEVENT", "A\x00\x1b[2J",
        "\\, \\; \\n \\\\", "\\" * 200, "a" + "\\" * 200, "ñ" * 37 + "\\" + "🎉" * 40,
    ],
)  # fmt: skip
def test_a_hostile_title_stays_a_title(title: str) -> None:
    """One event, with what was written in it, whoever reads it; no line begins with what it says."""
    made = vcalendar.write([event(title=title, host=title, hashtag=title, why=title, phase="missed")], SHEET)
    kept = re.sub("[\x00-\x08\x0b-\x1f\x7f\x85\u2028\u2029]+", " ", title)
    (read,) = Calendar.from_ical(made).walk("VEVENT")
    (again,) = IcsCalendarStream.calendar_from_ics(made.decode()).events
    assert (str(read["summary"]), again.summary) == (kept, kept)
    assert made.decode().split("\r\n") == [*made.decode().splitlines(), ""]
    assert [line for line in lines(made) if line.startswith((b"ATTENDEE", b"BEGIN:VALARM"))] == []


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=120))
def test_any_title_comes_back(title: str) -> None:
    """Whatever people write, lines stay short and letters whole."""
    made = vcalendar.write([event(title=title)], SHEET)
    (read,) = Calendar.from_ical(made).walk("VEVENT")
    assert str(read["summary"]) == re.sub("[\x00-\x08\x0b-\x1f\x7f\x85\u2028\u2029]+", " ", title)
    assert max(len(line) for line in lines(made)) <= 75


# --- zones -----------------------------------------------------------------------------------------------------------


def explained(zone: str, first: int, last: int) -> tzinfo | None:
    """The zone as a program has it that knows nothing but the file."""
    text = b"BEGIN:VCALENDAR\r\n" + vtimezone(zone, first, last) + b"END:VCALENDAR\r\n"
    return tz.tzical(io.StringIO(text.decode().replace("\r\n ", "").replace("\r\n", "\n"))).get(zone)


@pytest.mark.parametrize(
    "zone",
    [
        "Europe/Madrid", "America/Santiago", "America/Bogota", "America/Mexico_City", "America/Argentina/Buenos_Aires",
        "America/New_York", "Atlantic/Canary", "Europe/Dublin", "Africa/Casablanca", "Asia/Kolkata",
    ],
)  # fmt: skip
def test_a_zone_is_explained_as_its_clocks_go(zone: str) -> None:
    """Every three hours of five years, read by a third library: Chile's odd Sundays, Ramadan, no change at all."""
    read, real = explained(zone, 2026, 2030), ZoneInfo(zone)
    at, wrong = datetime(2026, 1, 1, tzinfo=UTC), list[str]()
    while at < datetime(2031, 1, 1, tzinfo=UTC):
        local = at.astimezone(real)
        # An hour that exists twice is told apart in another way by each library; no debate is planned in one.
        clear = local.utcoffset() == local.replace(fold=1 - local.fold).utcoffset()
        if clear and local.replace(tzinfo=read).utcoffset() != local.utcoffset():
            wrong.append(local.isoformat())
        at += timedelta(hours=3)
    assert wrong == []


def test_summer_time_begins_with_the_gap() -> None:
    """On the clocks as they were before: at 2 in Madrid, at midnight in Santiago; what ended is not said to go on."""
    madrid = vtimezone("Europe/Madrid", 2027, 2027).decode()
    assert "DTSTART:20260329T020000\r\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3\r\n" in madrid
    # The first Sunday from the second on: 3 April 2033 is one, 8 April 2029, too. No rule of a weekday says that.
    santiago = vtimezone("America/Santiago", 2027, 2028).decode()
    assert "DTSTART:20260405T000000\r\nRDATE:20270404T000000,20280402T000000,20290408T000000\r\n" in santiago
    mexico = vtimezone("America/Mexico_City", 2010, 2027).decode()
    assert "RRULE:FREQ=YEARLY;UNTIL=20221030T070000Z;BYDAY=-1SU;BYMONTH=10\r\n" in mexico


# --- how long it takes -----------------------------------------------------------------------------------------------


def ten_years() -> Sequence[Event]:
    """2,600 debates, five a week, in five zones."""
    zones = ("Europe/Madrid", "America/Santiago", "America/Bogota", "America/Mexico_City", "America/Lima")
    found = []
    for number in range(2_600):
        at = START + timedelta(weeks=number // 5, days=number % 5)
        title = f"Debate {number}: ¿qué es «lealtad», y de quién depende en una empresa de servicios?"
        found.append(
            event(id=number, title=title, timezone=zones[number % 5], starts_at=at, ends_at=at + timedelta(hours=1))
        )
    return found


def test_ten_years_are_written_in_a_second() -> None:
    """Of the processor's time, zones and all; the best of some, for machines are busy."""
    debates_of_ten_years = ten_years()

    def cost() -> float:
        vtimezone.cache_clear()
        began = time.process_time()
        made = vcalendar.write(debates_of_ten_years, SHEET)
        took = time.process_time() - began
        assert made.count(b"BEGIN:VEVENT") == 2_600
        return took

    assert min(cost() for _ in range(3)) < 1.0


# --- where one subscribes --------------------------------------------------------------------------------------------


def test_each_calendar_is_given_the_address_it_takes() -> None:
    """Google wants webcal:, Outlook https:, both encoded; neither reaches a machine at home."""
    there = calendars.subscription(House(url="https://debates.example.org"), season="2027-enero")
    assert there.webcal == "webcal://debates.example.org/calendar/2027-enero.ics"
    assert there.google.endswith("?cid=webcal%3A%2F%2Fdebates.example.org%2Fcalendar%2F2027-enero.ics")
    assert "?url=https%3A%2F%2Fdebates.example.org%2Fcalendar%2F2027-enero.ics&name=Tertulia" in there.outlook
    assert there.public
    for url in ("http://127.0.0.1:8000", "http://192.168.1.7", "http://localhost:8000", "http://bot.local"):
        assert not calendars.subscription(House(url=url)).public
