"""Debate files: what is read, and every fault at once with its line and key."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot import errors
from bot.debatefile import DebateFile, PlannedQuestion, parse, read
from bot.guest import Invited

WHOLE = """
title     = "¿Quién es el Chief Customer Experience Officer?"
starts    = 2027-01-14T19:00:00        # local time in `timezone`
timezone  = "Europe/Madrid"
hashtag   = "MeetAlfaro"
host      = "Elena Alfaro"
questions = ["¿Qué perfil necesita un CXO?", { text = "¿De quién depende?", answer = "prepared, released on cue" }]
[pace]
minutes = 60
first = "10m"
every = "10m"
warning = "2m"
wrap_up = "5m"
grace = "15m"
[where]
slack = "C0123456"
x = true
room = true
"""
LEAST = 'title = "T"\nstarts = 2027-01-14T19:00:00\nquestions = ["Q?"]\n'


def faults(source: str, *, needs_start: bool = True) -> list[str]:
    """The faults of a debate file, in the order in which they are told."""
    with pytest.raises(errors.BadDebateFile) as refused:
        parse(source, needs_start=needs_start)
    return str(refused.value.fields["faults"]).split("; ")


def test_whole_file_of_the_contract_is_read() -> None:
    """The example of the contract, word for word."""
    plan = parse(WHOLE)

    assert plan.title == "¿Quién es el Chief Customer Experience Officer?"
    assert plan.starts == datetime(2027, 1, 14, 19, 0)  # noqa: DTZ001  (local to its zone)
    assert (plan.timezone, plan.hashtag, plan.host) == ("Europe/Madrid", "MeetAlfaro", "Elena Alfaro")
    assert plan.questions == (
        PlannedQuestion("¿Qué perfil necesita un CXO?"),
        PlannedQuestion("¿De quién depende?", "prepared, released on cue"),
    )
    assert (plan.pace.minutes, plan.pace.every) == (timedelta(minutes=60), timedelta(minutes=10))
    assert (plan.slack, plan.room) == ("C0123456", True)


def test_least_file_has_the_defaults() -> None:
    """Everything else comes from the settings: zone, hashtag, channel."""
    plan = parse(LEAST)

    assert plan == DebateFile(title="T", questions=(PlannedQuestion("Q?"),), starts=plan.starts)


def test_every_fault_is_told_at_once_with_line_and_key() -> None:
    """Ten faults, one reading."""
    source = "\n".join([
        'title = "  "',  # 1
        "starts = 2027-03-28T02:30:00",  # 2
        'timezone = "Europe/Madrid"',  # 3
        'hashtag = "dos palabras"',  # 4
        "host = 7",  # 5
        'questions = ["", 3, { text = "x", respuesta = "y" }]',  # 6
        'color = "rojo"',  # 7
        "[pace]",  # 8
        'first = "un rato"',  # 9
        "speed = 2",  # 10
        "[where]",  # 11
        'slack = "general"',  # 12
        "discord = true",  # 13
        'room = "sí"',  # 14
    ])  # fmt: skip

    assert faults(source) == [
        "línea 7, color: clave desconocida (valen guests, hashtag, host, locale, pace, poll, pulse, questions, "
        "questions_public, starts, timezone, title, where)",
        "línea 1, title: falta el título",
        "línea 6, questions[1]: está vacía",
        'línea 6, questions[2]: debe ser un texto, o { text = "…", answer = "…" }',
        "línea 6, questions[3]: clave desconocida «respuesta» (valen text y answer)",
        "línea 9, pace.first: «un rato» no es una duración (por ejemplo 90s, 10m, 1h)",
        "línea 10, pace.speed: clave desconocida (valen announce, every, first, grace, label, minutes, reminders, "
        "warning, wrap_up)",
        "línea 13, where.discord: lugar desconocido (valen slack, x y room)",
        'línea 12, where.slack: el identificador de un canal, por ejemplo "C0123456", o false',
        "línea 14, where.room: true o false",
        "línea 4, hashtag: solo letras, cifras y guion bajo, sin espacios",
        "línea 2, starts: Las 02:30 no existen en Europe/Madrid: ese día cambia la hora. Elige 01:30 o 03:30.",
        "línea 5, host: debe ser un texto entre comillas",
    ]


def test_a_hashtag_is_as_long_as_a_post_on_x_has_room_for() -> None:
    """Its sign is not counted."""
    source = 'title = "t"\nquestions = ["q"]\nhashtag = "#{}"\n'
    assert parse(source.format("x" * 45), needs_start=False).hashtag == "x" * 45
    with pytest.raises(errors.BadDebateFile, match=r"línea 3, hashtag: demasiado largo \(46 caracteres; caben 45\)"):
        parse(source.format("x" * 46), needs_start=False)


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("pace = 5", "línea 4, pace: debe ser una tabla [pace]"),
        ("pace.minutes = 0", "línea 4, pace.minutes: un debate dura más de 0 minutos"),
        ("pace.minutes = nan", 'línea 4, pace.minutes: debe ser una duración, por ejemplo "10m"'),
        ("pace.minutes = inf", "línea 4, pace.minutes: debe estar entre 0 y 60 días"),
        ("pace.minutes = 99999999999999999", "línea 4, pace.minutes: debe estar entre 0 y 60 días"),
        ('pace.first = "-5m"', "línea 4, pace.first: «-5m» no es una duración (por ejemplo 90s, 10m, 1h)"),
        ("pace.grace = true", 'línea 4, pace.grace: debe ser una duración, por ejemplo "10m"'),
        ('pace.reminders = "1h"', 'línea 4, pace.reminders: debe ser una lista, por ejemplo ["24h", "1h"]'),
        ('pace.first = "60m"', "línea 4, pace: la pregunta 1 saldría cuando el debate ya ha cerrado"),
        ("where = 1", "línea 4, where: debe ser una tabla [where]"),
        ('where.slack = ["C0"]', 'línea 4, where.slack: el identificador de un canal, por ejemplo "C0123456", o false'),
        ("where.slack = 1", 'línea 4, where.slack: el identificador de un canal, por ejemplo "C0123456", o false'),
        ('timezone = "Madrid"', "línea 4, timezone: «Madrid» no es una zona horaria (por ejemplo Europe/Madrid)"),
        ('locale = "fr"', "línea 4, locale: es o en"),
        ('guests = "Elena"', 'línea 4, guests: debe ser una lista, por ejemplo ["Elena Alfaro"]'),
        ("guests = [3]", 'línea 4, guests[1]: debe ser un nombre, o { name = "…", slack = "U0123456" }'),
        ('guests = ["Elena", " elena "]', "línea 4, guests[2]: elena ya está en la lista"),
        ('guests = [{ name = "A", slack = "U123" }, { name = "B", slack = "U123" }]',
         "línea 4, guests[2]: B ya está en la lista"),
        ('guests = [{ name = "A", slack = "ana" }]',
         "línea 4, guests[1]: «ana» no es una persona de Slack, por ejemplo U0123456"),
        ('guests = [{ name = "A", x = "ana" }]', "línea 4, guests[1]: clave desconocida «x» (valen name y slack)"),
        ("questions_public = 1", "línea 4, questions_public: true o false"),
    ],
)  # fmt: skip
def test_fault_names_its_line_and_key(line: str, fault: str) -> None:
    """One fault in a file that is right otherwise."""
    assert faults(LEAST + line + "\n") == [fault]


def test_there_are_no_more_guests_than_ten() -> None:
    """The eleventh is refused with both numbers."""
    with pytest.raises(errors.BadDebateFile, match=r"línea 4, guests: demasiados \(11; caben 10\)"):
        parse(LEAST + f"guests = {[str(number) for number in range(11)]}\n")


def test_guests_are_names_with_or_without_slack() -> None:
    """In the order of the file; nobody is one where it says nothing."""
    plan = parse(
        LEAST + 'guests = ["  Bruno   Salas ", { name = "Elena", slack = "U123" }]\nquestions_public = false\n'
    )

    assert plan.guests == (Invited("Bruno Salas"), Invited("Elena", "U123"))
    assert (plan.questions_public, parse(LEAST).questions_public, parse(LEAST).guests) == (False, True, ())


def test_text_that_is_too_long_is_told_with_both_lengths() -> None:
    """What it has and what fits."""
    assert "; ".join(faults(LEAST + f'host = "{"x" * 101}"')) == (
        "línea 4, host: demasiado largo (101 caracteres; caben 100)"
    )


@pytest.mark.parametrize(
    ("starts", "fault"),
    [
        ("2027-01-14", "lleva fecha y hora, por ejemplo 2027-01-14T19:00:00"),
        ("19:00:00", "debe ser fecha y hora, por ejemplo 2027-01-14T19:00:00"),
        ('"mañana"', "debe ser fecha y hora, por ejemplo 2027-01-14T19:00:00"),
        ("9999-12-31T23:59:59", "el año no parece el de un debate (entre 1970 y 2200)"),
        ("0001-01-01T00:00:00", "el año no parece el de un debate (entre 1970 y 2200)"),
    ],
)
def test_start_that_is_none_is_told(starts: str, fault: str) -> None:
    """A date alone, an hour alone, a word, the ends of the calendar."""
    source = f'title = "T"\nstarts = {starts}\ntimezone = "America/Santiago"\nquestions = ["Q?"]\n'

    assert faults(source) == [f"línea 2, starts: {fault}"]


def test_start_may_be_left_out_of_a_ready_made_debate() -> None:
    """Who plans it gives the time then."""
    source = 'title = "T"\nquestions = ["Q?"]\n'

    assert faults(source) == ["starts: falta la hora de comienzo, por ejemplo 2027-01-14T19:00:00"]
    plan = parse(source, needs_start=False).starting(datetime(2027, 1, 14, 18, tzinfo=UTC), "Europe/Madrid")
    assert plan.starts == datetime(2027, 1, 14, 18, tzinfo=UTC)


def test_start_with_an_offset_is_an_instant() -> None:
    """The way out of an hour that comes twice."""
    source = 'title = "T"\nstarts = 2027-10-31T02:30:00+01:00\ntimezone = "Europe/Madrid"\nquestions = ["Q?"]\n'

    starts = parse(source).starts

    assert starts is not None
    assert starts.astimezone(UTC) == datetime(2027, 10, 31, 1, 30, tzinfo=UTC)


def test_text_that_is_no_toml_says_where() -> None:
    """The parser's own line and column."""
    assert faults('title = "T\n') == ["no es TOML válido: Illegal character '\\n' (at line 1, column 11)"]


def test_slack_false_is_not_there_and_true_is_the_usual_channel() -> None:
    """An empty channel is none; no channel named is the one of the settings."""
    assert parse(LEAST + "where.slack = false\n").slack == ""
    assert parse(LEAST + "where.slack = true\n").slack is None


def test_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    """Not there, or not text: one line, not a traceback. A byte-order mark does no harm."""
    with pytest.raises(errors.BadDebateFile):
        read(tmp_path / "none.toml")
    bad = tmp_path / "bad.toml"
    bad.write_bytes(b"title = \xff")
    with pytest.raises(errors.BadDebateFile):
        read(bad)
    good = tmp_path / "good.toml"
    good.write_bytes(b"\xef\xbb\xbf" + LEAST.replace("\n", "\r\n").encode())
    assert read(good).title == "T"
