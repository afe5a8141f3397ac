"""The calendar that people subscribe to: a debate keeps its name through every change."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from icalendar import Calendar, Component
from starlette.testclient import TestClient

from bot.actions import plan, run
from bot.ports import OPERATOR, House
from handlers.room import ics

from tests.room_evening import START, Evening


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


def test_calendar_lines_are_folded_and_escaped() -> None:
    """Long and odd titles follow the format: lines of at most 75 octets, CRLF, commas and line feeds escaped."""
    event = ics.Event(
        id=1, slug="a", title="Ñandú, «sí»; " * 20 + "\nATTENDEE:mailto:x@example.org", host="", hashtag="",
        timezone="America/Santiago", starts_at=datetime(2027, 4, 4, 3, 0, tzinfo=UTC),
        ends_at=datetime(2027, 4, 4, 4, 0, tzinfo=UTC), created_at=START, phase="scheduled", sequence=3,
    )  # fmt: skip
    made = ics.write([event], url="http://127.0.0.1:8000", locale="es")
    assert max(len(line) for line in made.split(b"\r\n")) <= 75
    assert [line for line in made.split(b"\r\n") if line.startswith(b"ATTENDEE")] == []
    (read,) = Calendar.from_ical(made).walk("VEVENT")
    assert str(read["summary"]) == event.title
