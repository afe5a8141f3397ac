"""A debate file (TOML; docs/design.md, 8) read whole: either a plan, or every fault at once with its line and key."""

import re
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path

from bot import cues, errors, localtime, people
from bot import poll as polls
from bot.debate import Pace, pace_from_file
from bot.guest import MOST_GUESTS, SLACK_PERSON, Invited
from bot.phrase import phrase, several
from bot.ports import LONGEST_HASHTAG
from bot.question import LONGEST

LONGEST_TITLE = 200
LONGEST_HOST = 100
MOST_QUESTIONS = 50
LONGEST_ANSWER = 3_000
# How Slack names a channel.
CHANNEL = re.compile(r"[CGD][A-Z0-9]{2,}")
YEARS = (1970, 2200)  # beyond them calendars and zones run out of numbers
_KEYS = {
    "title", "starts", "timezone", "hashtag", "host", "locale", "questions", "pace", "where",
    "poll", "pulse", "guests", "questions_public",
}  # fmt: skip
_WHERE = {"slack", "x", "room"}
_GUEST = {"name", "slack"}
_POLL = {"text", "options", "several", "other"}


@dataclass(frozen=True, slots=True)
class PlannedQuestion:
    """A question of the run-sheet, with the answer that is released with it."""

    text: str
    answer: str = ""


@dataclass(frozen=True, slots=True)
class DebateFile:
    """A debate as its file says. ``starts`` is local to ``timezone``.

    ``slack`` None means the usual channel, ``x`` None that it is held on X where X is on.
    """

    title: str
    questions: tuple[PlannedQuestion, ...]
    starts: datetime | None = None
    timezone: str = ""
    hashtag: str | None = None
    host: str = ""
    locale: str = ""
    pace: Pace = field(default_factory=Pace)
    slack: str | None = None  # a channel id, "" for not there
    room: bool = True
    x: bool | None = None
    rehearsal: bool = False
    poll: polls.Planned | None = None  # what is asked before the debate
    pulse: bool = True  # the survey after it
    guests: tuple[Invited, ...] = ()
    questions_public: bool = True  # they can be read once it is announced

    def starting(self, starts: datetime, timezone: str = "") -> "DebateFile":
        """The same plan at a time: what makes a ready-made debate a planned one."""
        return replace(self, starts=starts, timezone=timezone or self.timezone)


def read(path: Path, *, needs_start: bool = True) -> DebateFile:
    """The plan in a file; raises ``BadDebateFile`` with every fault."""
    return parse(text_of(path), needs_start=needs_start)


def text_of(path: Path) -> str:
    """The text of a file; raises ``BadDebateFile`` where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise errors.BadDebateFile(faults=phrase("no existe el fichero {path}", path=path)) from error
    except (OSError, UnicodeDecodeError) as error:
        raise errors.BadDebateFile(faults=f"{path}: {error}") from error


def parse(source: str, *, needs_start: bool = True) -> DebateFile:
    """The plan in the text of a debate file; raises ``BadDebateFile`` with every fault, its line and key."""
    try:
        data = tomllib.loads(source)
    except tomllib.TOMLDecodeError as error:
        raise errors.BadDebateFile(faults=phrase("no es TOML válido: {error}", error=error)) from error
    reader = _Reader(data)
    plan = reader.plan(needs_start=needs_start)
    if reader.faults:
        raise errors.BadDebateFile(faults=several([_told(source, key, fault) for key, fault in reader.faults]))
    return plan


class _Reader:
    """Takes a debate file's data apart and notes every fault as (key, what is wrong)."""

    def __init__(self, data: Mapping[str, object]) -> None:
        self.data = data
        self.faults: list[tuple[str, str]] = []

    def plan(self, *, needs_start: bool) -> DebateFile:
        for key in sorted(set(self.data) - _KEYS):
            self._fault(key, phrase("clave desconocida (valen {known})", known=", ".join(sorted(_KEYS))))
        title = self._text("title", limit=LONGEST_TITLE)
        if not title.strip():
            self._fault("title", "falta el título")
        questions = self._questions()
        pace = self._pace(len(questions))
        where = self._where()
        zone = self._zone()
        hashtag = self._hashtag() if "hashtag" in self.data else None
        locale = self._text("locale", limit=10)
        if locale not in {"", "es", "en"}:
            self._fault("locale", "es o en")
        if where[2] and hashtag == "":
            self._fault("where.x", "en X se participa con una etiqueta: pon hashtag, o x = false")
        asked = self._poll()
        return DebateFile(
            title=" ".join(title.split()), questions=questions, starts=self._starts(zone, needed=needs_start),
            timezone=zone, hashtag=hashtag, host=self._text("host", limit=LONGEST_HOST), locale=locale, pace=pace,
            slack=where[0], room=where[1], x=where[2], poll=asked, pulse=self._flag(self.data, "pulse", otherwise=True),
            guests=self._guests(), questions_public=self._flag(self.data, "questions_public", otherwise=True),
        )  # fmt: skip

    def _fault(self, key: str, what: str) -> None:
        self.faults.append((key, what))

    def _text(self, key: str, *, limit: int = 0) -> str:
        value = self.data.get(key, "")
        if not isinstance(value, str):
            self._fault(key, "debe ser un texto entre comillas")
            return ""
        if limit:
            self._fits(key, value, limit=limit)
        return value

    def _fits(self, key: str, text: str, *, limit: int) -> None:
        if len(text) > limit:
            self._fault(key, phrase("demasiado largo ({size} caracteres; caben {limit})", size=len(text), limit=limit))

    def _hashtag(self) -> str:
        hashtag = self._text("hashtag").lstrip("#")
        self._fits("hashtag", hashtag, limit=LONGEST_HASHTAG)
        if hashtag and not re.fullmatch(r"\w+", hashtag):
            self._fault("hashtag", "solo letras, cifras y guion bajo, sin espacios")
        return hashtag

    def _zone(self) -> str:
        name = self._text("timezone", limit=60)
        if name:
            try:
                localtime.zone(name)
            except ValueError as error:
                self._fault("timezone", error.args[0])
                return ""
        return name

    def _starts(self, zone: str, *, needed: bool) -> datetime | None:
        value = self.data.get("starts")
        if value is None:
            if needed:
                self._fault("starts", "falta la hora de comienzo, por ejemplo 2027-01-14T19:00:00")
            return None
        if isinstance(value, str):
            with suppress(ValueError):  # what is no date is named below
                value = datetime.fromisoformat(value)
        if isinstance(value, datetime) and not YEARS[0] <= value.year <= YEARS[1]:
            first, last = YEARS
            odd = phrase("el año no parece el de un debate (entre {first} y {last})", first=first, last=last)
            self._fault("starts", odd)
            return None
        if not isinstance(value, datetime):
            hint = "lleva fecha y hora" if isinstance(value, date) else "debe ser fecha y hora"
            self._fault("starts", phrase("{hint}, por ejemplo 2027-01-14T19:00:00", hint=hint))
            return None
        if zone:
            try:
                localtime.resolve(value, zone)
            except errors.Refusal as error:
                self._fault("starts", phrase(error.template(), **error.fields))
        return value

    def _questions(self) -> tuple[PlannedQuestion, ...]:
        value = self.data.get("questions")
        if not isinstance(value, list) or not value:
            self._fault("questions", "falta la lista de preguntas")
            return ()
        if len(value) > MOST_QUESTIONS:
            many = phrase("demasiadas ({count}; caben {limit})", count=len(value), limit=MOST_QUESTIONS)
            self._fault("questions", many)
        found = [self._question(f"questions[{number}]", one) for number, one in enumerate(value, start=1)]
        return tuple(one for one in found if one is not None)

    def _question(self, key: str, value: object) -> PlannedQuestion | None:
        answer: object = ""
        if isinstance(value, dict):
            for extra in sorted(set(value) - {"text", "answer"}):
                self._fault(key, phrase("clave desconocida «{key}» (valen text y answer)", key=extra))
            answer, value = value.get("answer", ""), value.get("text")
        if not isinstance(value, str) or not isinstance(answer, str):
            self._fault(key, 'debe ser un texto, o { text = "…", answer = "…" }')
            return None
        text = " ".join(value.split())
        if not text:
            self._fault(key, "está vacía")
        if len(text) > LONGEST:
            long = phrase("demasiado larga ({size} caracteres; caben {limit})", size=len(text), limit=LONGEST)
            self._fault(key, long)
        if len(answer) > LONGEST_ANSWER:
            size, limit = len(answer), LONGEST_ANSWER
            long = phrase("respuesta demasiado larga ({size} caracteres; caben {limit})", size=size, limit=limit)
            self._fault(key, long)
        return PlannedQuestion(text, answer.strip())

    def _guests(self) -> tuple[Invited, ...]:
        value = self.data.get("guests", [])
        if not isinstance(value, list):
            self._fault("guests", 'debe ser una lista, por ejemplo ["Elena Alfaro"]')
            return ()
        if len(value) > MOST_GUESTS:
            many = phrase("demasiados ({count}; caben {limit})", count=len(value), limit=MOST_GUESTS)
            self._fault("guests", many)
        found: list[Invited] = []
        for number, raw in enumerate(value, start=1):
            key = f"guests[{number}]"
            one = self._guest(key, raw)
            if one is None:
                continue
            if any(one.name.casefold() == other.name.casefold() or one.slack == other.slack != "" for other in found):
                self._fault(key, phrase("{name} ya está en la lista", name=one.name))
            found.append(one)
        return tuple(found)

    def _guest(self, key: str, value: object) -> Invited | None:
        slack: object = ""
        if isinstance(value, dict):
            for extra in sorted(set(value) - _GUEST):
                self._fault(key, phrase("clave desconocida «{key}» (valen name y slack)", key=extra))
            slack, value = value.get("slack", ""), value.get("name")
        if not isinstance(value, str) or not isinstance(slack, str):
            self._fault(key, 'debe ser un nombre, o { name = "…", slack = "U0123456" }')
            return None
        if slack and not SLACK_PERSON.fullmatch(slack):
            self._fault(key, phrase("«{who}» no es una persona de Slack, por ejemplo U0123456", who=slack))
        try:
            name = people.person_name(value)
            people.room_id(name)
        except errors.Refusal as error:
            self._fault(key, phrase(error.template(), **error.fields))
            return None
        return Invited(name, slack)

    def _pace(self, questions: int) -> Pace:
        table = self.data.get("pace", {})
        if not isinstance(table, dict):
            self._fault("pace", "debe ser una tabla [pace]")
            return Pace()
        pace, faults = pace_from_file(table)
        self.faults += faults
        if not faults and not pace.minutes:
            self._fault("pace.minutes", "un debate dura más de 0 minutos")
        elif not faults and (number := cues.overrun(pace, questions=questions)):
            self._fault("pace", phrase("la pregunta {number} saldría cuando el debate ya ha cerrado", number=number))
        return pace

    def _poll(self) -> polls.Planned | None:
        table = self.data.get("poll")
        if table is None:
            return None
        if not isinstance(table, dict):
            self._fault("poll", "debe ser una tabla [poll]")
            return None
        for key in sorted(set(table) - _POLL):
            known = ", ".join(sorted(_POLL))
            self._fault(f"poll.{key}", phrase("clave desconocida (valen {known})", known=known))
        text, options = table.get("text", ""), table.get("options", [])
        several = self._flag(table, "several", table="poll.", otherwise=False)
        other = self._flag(table, "other", table="poll.", otherwise=False)
        if not isinstance(text, str):
            self._fault("poll.text", "debe ser un texto entre comillas")
        elif not isinstance(options, list) or not all(isinstance(one, str) for one in options):
            self._fault("poll.options", "debe ser una lista de textos")
        else:
            made = polls.tidied(text, options, several=several, other=other)
            self.faults += [(f"poll.{key}", fault) for key, fault in polls.faults(made)]
            return made
        return None

    def _flag(self, data: Mapping[str, object], key: str, *, table: str = "", otherwise: bool) -> bool:
        value = data.get(key, otherwise)
        if not isinstance(value, bool):
            self._fault(f"{table}{key}", "true o false")
            return otherwise
        return value

    def _where(self) -> tuple[str | None, bool, bool | None]:
        table = self.data.get("where", {})
        if not isinstance(table, dict):
            self._fault("where", "debe ser una tabla [where]")
            return None, True, None
        for key in sorted(set(table) - _WHERE):
            self._fault(f"where.{key}", "lugar desconocido (valen slack, x y room)")
        slack, room = table.get("slack"), table.get("room", True)
        channel: str | None = None
        if slack is False:
            channel = ""
        elif isinstance(slack, str) and CHANNEL.fullmatch(slack):
            channel = slack
        elif slack is not None and slack is not True:
            self._fault("where.slack", 'el identificador de un canal, por ejemplo "C0123456", o false')
        x = table.get("x")
        for key, value in (("x", x), ("room", room)):
            if not isinstance(value, bool | None):
                self._fault(f"where.{key}", "true o false")
        return channel, room is not False, x if isinstance(x, bool) else None


def _told(source: str, key: str, fault: str) -> str:
    """«línea 3, pace.first: …», or without the line where the key is not found in the file."""
    line = _line(source, key)
    if line is None:
        return phrase("{where}: {fault}", where=key, fault=fault)
    return phrase("línea {line}, {where}: {fault}", line=line, where=key, fault=fault)


def _line(source: str, key: str) -> int | None:
    """The number of the key's line in the file, where it can be found."""
    table, _, leaf = re.split(r"\[", key)[0].rpartition(".")
    ways = [rf"\[?{re.escape(leaf)}\b"]
    if table:  # under its [table], in one line with it, or in a table written on one line
        ways += [rf"{re.escape(table)}\s*\.\s*{re.escape(leaf)}\b", rf"{re.escape(table)}\s*="]
    for way in ways:
        for number, line in enumerate(source.splitlines(), start=1):
            if re.match(rf"\s*{way}", line):
                return number
    return None
