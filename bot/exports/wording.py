"""What every readable format says around the messages, in the reader's language."""

from collections.abc import Mapping
from datetime import datetime

from bot import dates, emoji, localtime
from bot.exports.formats import Say
from bot.exports.sections import BEFORE, Section
from bot.poll import Kind, Result
from bot.transcript import Asked, Gap, Head, Line, Queued

_PLATFORMS = {"slack": "Slack", "x": "X", "room": "La sala"}


class Wording:
    """The words of one export: made once, because a hundred thousand lines ask for the same few."""

    def __init__(self, head: Head, say: Say) -> None:
        """``say`` is in the reader's language, which need not be the debate's."""
        self.head = head
        self.say = say
        self.deleted = say("Mensaje borrado")
        self._zone = localtime.zone(head.timezone)
        self._day = (head.opened_at or head.starts_at).astimezone(self._zone).date()
        self._notes: dict[tuple[str, int], str] = {}
        self._roles: Mapping[str, str] = {
            "member": "",
            "guest": say("persona invitada"),
            "host": say("conduce"),
            "moderator": say("modera"),
            "bot": say("bot"),
        }
        # A mark for each bit of ``_kind``.
        self._marks = (
            say("editado"), say("después del cierre"), say("colocado por la hora"),
            say("la etiqueta no cuadra con el hilo"), say("etiqueta dudosa"),
        )  # fmt: skip

    def clock(self, instant: datetime) -> str:
        """«19:03» on the debate's clocks, with its date where that is not the day of the debate."""
        local = instant.astimezone(self._zone)
        shown = f"{local.hour:02}:{local.minute:02}"
        day = local.date()
        return shown if day == self._day else f"{day} {shown}"

    def second(self, instant: datetime) -> str:
        """«2027-01-14 19:03:05» on the debate's clocks, as a spreadsheet reads it."""
        return instant.astimezone(self._zone).isoformat(" ", "seconds")[:19]

    def role(self, role: str) -> str:
        """What the person is in the debate; "" for a member like all."""
        return self._roles.get(role, role)

    def marks(self, line: Line) -> list[str]:
        """What a reader should know of a message, in words: edited, late, a guess, a conflict."""
        kind = _kind(line)
        return [mark for bit, mark in enumerate(self._marks) if kind >> bit & 1]

    def notes(self, line: Line) -> str:
        """«modera, editado»: the person's role, then the marks of the message; "" where there is nothing to know."""
        known = line.role, _kind(line)
        notes = self._notes.get(known)
        if notes is None:
            role = self.role(line.role)
            notes = self._notes[known] = ", ".join([role, *self.marks(line)] if role else self.marks(line))
        return notes

    def facts(self) -> list[str]:
        """The lines under the title: hashtag, date, host, how many said how much, what else is to be known."""
        head, say = self.head, self.say
        facts = [f"#{head.hashtag}"] if head.hashtag else []
        facts.append(dates.long(head.opened_at or head.starts_at, head.timezone, locale=say.locale))
        if head.host:
            facts.append(say("Conduce: {host}", host=head.host))
        facts.append(f"{self.messages(head.messages)} · {self.people(head.people)}")
        if head.phase in {"open", "held"}:
            facts.append(say("El debate sigue abierto: esto es lo dicho hasta ahora."))
        if head.notice:
            facts.append(head.notice)
        return facts

    def messages(self, count: int) -> str:
        """«1 mensaje», «3 mensajes»."""
        return self.say("1 mensaje") if count == 1 else self.say("{count} mensajes", count=count)

    def people(self, count: int) -> str:
        """«1 persona», «3 personas»."""
        return people(self.say, count)

    def title(self, section: Section) -> str:
        """The heading of a section, on one line."""
        if section.question is not None:
            return f"P{section.question.number}. {' '.join(section.question.text.split())}"
        return self.say("Antes de la primera pregunta") if section is BEFORE else self.say("Fuera de las preguntas")

    def poll(self, found: Result) -> list[str]:
        """What was answered before the debate: the question, a line for each option, and the free words."""
        return [f"{found.text} ({self.people(found.people)})", *poll_lines(self.say, found)]

    def asked(self, question: Asked) -> str:
        """When it was asked, and by whom where the audience asked it."""
        at = self.clock(question.asked_at)
        if question.source == "audience" and question.asker:
            return self.say("Preguntada a las {time} por {who}", time=at, who=question.asker)
        return self.say("Preguntada a las {time}", time=at)

    def queued(self, question: Queued) -> str:
        """What became of a question from the audience, with its votes and the reason it got."""
        states = {
            "pending": self.say("pendiente"),
            "approved": self.say("aprobada"),
            "declined": self.say("rechazada"),
            "merged": self.say("unida a otra"),
            "carried": self.say("guardada para otro debate"),
        }
        votes = self.say("1 voto") if question.votes == 1 else self.say("{count} votos", count=question.votes)
        told = [states.get(question.state, question.state), votes]
        if question.asker:
            told.insert(0, question.asker)
        if question.reason:
            told.append(question.reason)
        return " · ".join(told)

    def gap(self, gap: Gap) -> str:
        """When a place was not heard, and whether that was made good."""
        place = self.say(_PLATFORMS.get(gap.platform, gap.platform))
        start = self.clock(gap.start)
        if gap.end is None:
            return self.say("{place}: sin escucha desde las {start}.", place=place, start=start)
        end = self.clock(gap.end)
        if gap.closed:
            return self.say(
                "{place}: sin escucha de {start} a {end}; lo dicho se recuperó después.",
                place=place, start=start, end=end,
            )  # fmt: skip
        return self.say(
            "{place}: sin escucha de {start} a {end}; puede faltar algo.", place=place, start=start, end=end
        )


def _kind(line: Line) -> int:
    """What there is to know of a message, a bit for each mark."""
    guess = line.confidence == "guess" and line.question is not None
    return (
        (line.edited_at is not None and not line.deleted)
        | line.late << 1
        | (guess and line.filed_by != "label") << 2
        | line.conflict << 3
        | (guess and line.filed_by == "label") << 4
    )


def people(say: Say, count: int) -> str:
    """«1 persona», «3 personas»."""
    return say("1 persona") if count == 1 else say("{count} personas", count=count)


def poll_lines(say: Say, found: Result, *, most: int | None = None) -> list[str]:
    """«45 % · Ganar conocimiento (9)» for each option that somebody chose (all of a scale), then the free words.

    Of these ``most`` at the most, and how many more there are.
    """
    shown = [one for one in found.counts if one.people or found.kind is Kind.PULSE]
    made = [f"{one.percent} % · {one.text} ({one.people})" for one in shown]
    if found.wrote.people and found.kind is not Kind.PULSE:
        made.append(f"{found.wrote.percent} % · {say('Otra cosa')} ({found.wrote.people})")
    made += [say("«{text}»", text=other) for other in found.others[:most]]
    more = len(found.others) - most if most is not None else 0
    return [*made, say("Y {count} más.", count=more)] if more > 0 else made


def reaction(name: str, count: int) -> str:
    """«👍 3»; the name of an emoji of a community's own stands between colons, as it is typed."""
    return f"{emoji.character(name) or (f':{name}:' if name.isascii() else name)} {count}"
