"""What is measured on: a community that never was, told alike at every run, in Spanish sentences made of our own words.

By default 100,000 messages of 1,096 people in 31 channels over 90 days, 93 % of them replies in threads: the shape of a
large real export. A message is made of parts, and told both ways that Slack tells it: as mrkdwn and as blocks.
"""

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import Any, NamedTuple

SEED = 20_260_923
START = 1_758_175_200  # a Thursday in September 2025, Unix seconds
DAYS = 90
TEAM = "T0BENCH"
WORDS = 20_000
FORMAT = 2  # raise it when what is written changes, so that no run measures on an older one's files

_OPENINGS = (
    "Yo creo que", "En mi empresa", "La verdad,", "Desde mi experiencia", "Para mí", "Totalmente de acuerdo:",
    "No sé si", "Hace un año", "Si os fijáis,", "Con los años he visto que", "Una duda:", "Lo primero,",
    "Por cierto,", "Ojo:", "",
)  # fmt: skip
_SUBJECTS = (
    "el cliente", "la experiencia", "el equipo", "la encuesta", "el directivo", "la confianza", "el servicio",
    "la queja", "el empleado", "la tienda", "el dato", "la marca", "el proceso", "la llamada", "el chatbot",
    "la promesa", "el líder", "la cultura", "el diseño", "la métrica", "el recuerdo", "la emoción", "el viaje",
    "la espera", "el silencio",
)  # fmt: skip
_VERBS = (
    "cambia", "sostiene", "rompe", "necesita", "explica", "esconde", "mide", "escucha", "mejora", "olvida",
    "cuesta", "empieza por", "depende de", "termina en", "pide", "crece con", "se gana con", "se pierde por",
    "vuelve a",
)  # fmt: skip
_TAILS = (
    "cuando nadie mira", "desde el primer día", "aunque no lo parezca", "y eso se nota", "¿no os parece?",
    "más que nunca", "sin pedir permiso", "en cada contacto", "y luego vienen las prisas", "como siempre",
    "pero hay que contarlo mejor", "en septiembre y en enero", "antes de hablar de tecnología", "¡y qué bien!",
    "por mucho que se diga", "",
)  # fmt: skip
_SYLLABLES = (
    "ba", "cen", "do", "fal", "gui", "lo", "mar", "nés", "ño", "pi", "ra", "sol", "ta", "ur", "ve", "zo", "lle", "tri",
    "cué", "jan",
)  # fmt: skip
_EMOJI = ("smile", "+1", "heart", "fire", "eyes", "clap", "tada", "thinking_face", "rocket", "raised_hands")
_NAMES = ("Ana", "Luis", "Marta", "Iván", "Nuria", "Óscar", "Pilar", "Toño", "Begoña", "Hugo", "Inés", "Jon", "Lucía")
_FAMILIES = ("del Río", "Soto", "Vidal", "Peña", "Ibarra", "Núñez", "Campos", "Rey", "Lara", "Gil", "Mora", "Sanz")


class Part(NamedTuple):
    """One run of a message: its kind (text, bold, italic, code, link, user, emoji), its words, and a link's address."""

    kind: str
    text: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Post:
    """One message of the community; ``at`` in microseconds since 1970, ``thread`` the ``at`` of its root or None."""

    at: int
    channel: int
    user: int
    parts: Sequence[Part]
    thread: int | None = None
    reactions: Sequence[tuple[str, Sequence[int]]] = ()

    @property
    def ts(self) -> str:
        """Its name in Slack."""
        return ts(self.at)


@dataclass(frozen=True)
class Shape:
    """How large the community is; ``replies`` is the share of messages that stand in a thread of another."""

    messages: int = 100_000
    channels: int = 31
    people: int = 1_096
    replies: float = 0.93


@dataclass(frozen=True)
class Community:
    """The same posts at every call, in the order of time."""

    shape: Shape = field(default_factory=Shape)

    @cached_property
    def posts(self) -> list[Post]:
        """Everything that was said."""
        return list(_talk(self.shape))

    def export(self, folder: Path, *, channels: int | None = None) -> Path:
        """A standard Slack export stands below the folder, made once; ``channels=1`` puts all of it in one channel."""
        count = channels or self.shape.channels
        wanted = json.dumps([FORMAT, SEED, asdict(self.shape), count])
        made = folder / "made.json"
        if not (made.is_file() and made.read_text() == wanted):
            _write_export(self, folder, count)
            made.write_text(wanted)
        return folder


def ts(at: int) -> str:
    """Microseconds since 1970 as Slack names a message."""
    return f"{at // 1_000_000}.{at % 1_000_000:06}"


def person(number: int) -> str:
    """The Slack id of a person."""
    return f"U{number:07X}"


def name(number: int) -> str:
    """What a person is called: no two alike."""
    return f"{_NAMES[number % len(_NAMES)]} {_FAMILIES[number % len(_FAMILIES)]} {number}"


def channel(number: int) -> str:
    """The Slack id of a channel."""
    return f"C{number:07X}"


def mrkdwn(parts: Sequence[Part]) -> str:
    """The parts as Slack writes them in ``text``."""
    return "".join([_MRKDWN[part.kind].format(text=_escaped(part.text), url=part.url) for part in parts])


def blocks(parts: Sequence[Part]) -> list[dict[str, Any]]:
    """The parts as Slack writes them in ``blocks``."""
    section = {"type": "rich_text_section", "elements": [_element(part) for part in parts]}
    return [{"type": "rich_text", "block_id": "b1", "elements": [section]}]


def message(post: Post) -> dict[str, Any]:
    """The post as a message of an export or of the Events API."""
    user = person(post.user)
    told: dict[str, Any] = {
        "client_msg_id": f"{post.at:032x}", "type": "message", "text": mrkdwn(post.parts), "user": user, "ts": post.ts,
        "team": TEAM, "user_team": TEAM, "source_team": TEAM,
    }  # fmt: skip
    if post.at % 10:  # nine of ten were typed in a client of today
        told["user_profile"] = {
            "avatar_hash": "", "image_72": "", "first_name": name(post.user).partition(" ")[0], "team": TEAM,
            "real_name": name(post.user), "display_name": name(post.user), "name": user.lower(), "is_restricted": False,
            "is_ultra_restricted": False,
        }  # fmt: skip
        told["blocks"] = blocks(post.parts)
    if post.thread is not None:
        told["thread_ts"] = ts(post.thread)
    if post.reactions:
        told["reactions"] = [
            {"name": emoji, "users": [person(one) for one in who], "count": len(who)} for emoji, who in post.reactions
        ]
    return told


def vocabulary() -> list[str]:
    """Words that nobody says, some often and most hardly ever: what makes a search rare or common."""
    rng = random.Random(SEED)
    words: dict[str, None] = {}
    while len(words) < WORDS:
        words["".join(rng.choices(_SYLLABLES, k=rng.randint(2, 5)))] = None
    return list(words)


# --- telling it ------------------------------------------------------------------------------------------------------

_MRKDWN = {
    "text": "{text}", "bold": "*{text}*", "italic": "_{text}_", "code": "`{text}`", "link": "<{url}|{text}>",
    "user": "<@{text}>", "emoji": ":{text}:",
}  # fmt: skip


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _element(part: Part) -> dict[str, Any]:
    match part.kind:
        case "link":
            return {"type": "link", "url": part.url, "text": part.text}
        case "user":
            return {"type": "user", "user_id": part.text}
        case "emoji":
            return {"type": "emoji", "name": part.text}
        case "text":
            return {"type": "text", "text": part.text}
        case style:
            return {"type": "text", "text": part.text, "style": {style: True}}


# --- making it up ----------------------------------------------------------------------------------------------------


class _Tongue:
    """Sentences, some words far commoner than others."""

    def __init__(self, rng: random.Random, people: int) -> None:
        self._rng = rng
        self._people = people
        self._words = vocabulary()
        self._weights = list(accumulate(1 / (rank + 3) for rank in range(len(self._words))))

    def parts(self) -> list[Part]:
        """One message: about 100 characters, with a mention, a link, an emoji or some emphasis now and then."""
        rng = self._rng
        said = [Part("text", " ".join(self._sentence() for _ in range(rng.choices((1, 2, 3, 6), (60, 28, 10, 2))[0])))]
        luck = rng.random()
        if luck < 0.12:
            said = [Part("user", person(rng.randrange(self._people))), Part("text", f" {said[0].text}")]
        elif luck < 0.20:
            said += [Part("text", " "), Part("emoji", rng.choice(_EMOJI))]
        elif luck < 0.27:
            word = self._word()
            address = f"https://{word}.example/{rng.randrange(9999)}"
            said += [Part("text", " Lo cuentan en "), Part("link", word, address)]
        elif luck < 0.35:
            style = rng.choice(("bold", "italic", "code"))
            said += [Part("text", " Se llama "), Part(style, self._word()), Part("text", "\ny no es poco.")]
        return said

    def _word(self) -> str:
        return self._rng.choices(self._words, cum_weights=self._weights)[0]

    def _sentence(self) -> str:
        rng = self._rng
        words = [rng.choice(each) for each in (_OPENINGS, _SUBJECTS, _VERBS, _SUBJECTS, _TAILS)]
        said = [*words[:4], self._word(), words[4]]
        return " ".join(filter(None, said)).rstrip("?!") + "."


def _talk(shape: Shape) -> Iterator[Post]:
    rng = random.Random(SEED + 1)
    tongue = _Tongue(rng, shape.people)
    step = DAYS * 86_400_000_000 // shape.messages
    recent: list[list[int]] = [[] for _ in range(shape.channels)]
    for number in range(shape.messages):
        at = START * 1_000_000 + number * step + rng.randrange(step)
        where = min(int(rng.expovariate(4 / shape.channels)), shape.channels - 1)
        roots = recent[where]
        thread = rng.choice(roots[-12:]) if roots and rng.random() < shape.replies else None
        if thread is None:
            roots.append(at)
        # The few say most.
        user = min(int(rng.expovariate(8 / shape.people)), shape.people - 1)
        yield Post(at, where, user, tongue.parts(), thread, _reactions(rng, shape.people))


def _reactions(rng: random.Random, people: int) -> list[tuple[str, list[int]]]:
    if rng.random() > 0.18:
        return []
    given = rng.sample(_EMOJI, rng.randint(1, 3))
    return [(emoji, rng.sample(range(people), min(people, rng.randint(1, 5)))) for emoji in given]


def _write_export(community: Community, folder: Path, channels: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    threads: dict[tuple[int, int], list[Post]] = {}
    for post in community.posts:
        if post.thread is not None:
            threads.setdefault((post.channel, post.thread), []).append(post)
    days: dict[tuple[int, int], list[dict[str, Any]]] = {}
    for post in community.posts:
        told = message(post)
        replies = threads.get((post.channel, post.at)) if post.thread is None else None
        if replies:
            told |= _root(post, replies)
        days.setdefault((post.channel % channels, (post.at // 1_000_000 - START) // 86_400), []).append(told)
    for (where, day), messages in days.items():
        path = folder / f"canal-{where}" / f"{_date(day)}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(messages, ensure_ascii=False, indent=1), encoding="utf-8")
    _write_lists(community, folder, channels)


def _root(post: Post, replies: Sequence[Post]) -> dict[str, Any]:
    who = list(dict.fromkeys(person(one.user) for one in replies))
    return {
        "thread_ts": post.ts, "reply_count": len(replies), "reply_users_count": len(who), "reply_users": who[:5],
        "latest_reply": replies[-1].ts, "replies": [{"user": person(one.user), "ts": one.ts} for one in replies],
    }  # fmt: skip


def _write_lists(community: Community, folder: Path, channels: int) -> None:
    everybody = [
        {
            "id": person(one), "team_id": TEAM, "name": person(one).lower(), "deleted": False, "is_bot": False,
            "real_name": name(one),
            "profile": {"real_name": name(one), "display_name": name(one), "image_72": "", "team": TEAM},
        }
        for one in range(community.shape.people)
    ]  # fmt: skip
    rooms = [
        {
            "id": channel(one), "name": f"canal-{one}", "created": START, "creator": person(0), "is_archived": False,
            "is_general": one == 0, "members": [person(each) for each in range(community.shape.people)],
            "topic": {"value": "", "creator": "", "last_set": 0},
            "purpose": {"value": "", "creator": "", "last_set": 0},
        }
        for one in range(channels)
    ]  # fmt: skip
    for file, content in (("users.json", everybody), ("channels.json", rooms), ("integration_logs.json", [])):
        (folder / file).write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def _date(day: int) -> str:
    return datetime.fromtimestamp(START + day * 86_400, UTC).date().isoformat()
