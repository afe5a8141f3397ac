"""Slack's mrkdwn as text with its looks, and our text as mrkdwn.

Nothing here raises on any input: what is not understood stays as text.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

from bot import emoji, richtext
from bot.ports import Span


@dataclass(frozen=True, slots=True)
class Names:
    """How people, channels and groups of people are called by their ids; None for the unknown."""

    person: Callable[[str], str | None] = lambda _id: None
    channel: Callable[[str], str | None] = lambda _id: None
    group: Callable[[str], str | None] = lambda _id: None


def to_mrkdwn(text: str) -> str:
    """A text that Slack shows as it is and that wakes nobody: no entities of its own, no @channel, @here, @everyone."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _WAKES.sub("@\u2060", escaped)  # a word joiner: unseen, but the word is another one


_WAKES = re.compile(r"@(?=(?:channel|here|everyone|canal|aquí|todos)\b)", re.IGNORECASE)


# --- what its entities show ----------------------------------------------------------------------------------------


def text_of(value: object) -> str:
    """A value of Slack's as text that can be kept; "" for what is none."""
    return richtext.storable(value) if isinstance(value, str) else ""


def person(id: str, label: str, names: Names) -> str:
    """``@name`` of a person: by the name they have here, by the label Slack gave, or by the id."""
    return "@" + text_of(names.person(id) or label or id).removeprefix("@")


def channel(id: str, label: str, names: Names) -> str:
    """``#name`` of a channel, found as that of a person is."""
    return "#" + text_of(names.channel(id) or label or id).removeprefix("#")


def group(id: str, label: str, names: Names) -> str:
    """``@name`` of a group of people, found as that of a person is."""
    return "@" + text_of(names.group(id) or label or id).removeprefix("@")


def moment(stamp: object) -> str:
    """A Unix time in seconds as date and time in UTC; what is none, as it stands."""
    try:
        return f"{datetime.fromtimestamp(int(str(stamp)), UTC):%Y-%m-%d %H:%M} UTC"
    except (ValueError, OverflowError, OSError):
        return text_of(stamp)


# --- its looks ------------------------------------------------------------------------------------------------------

_ENTITY = re.compile(r"<([^<>\n]+)>")
_CODE_BLOCK = re.compile(r"```\n?(.+?)\n?```", re.DOTALL)
_CODE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_QUOTE = re.compile(r"^(?:>>> ?(?s:(?P<rest>.*))|> ?(?P<line>[^\n]*))", re.MULTILINE)
# A mark opens after anything but a letter or digit, and closes before it: snake_case and 2*3*4 stay whole.
_LOOKS = [
    (letter, re.compile(rf"{mark}(?<![^\W_]{mark})(?=[^\s{mark}])([^{mark}\n]*[^\s{mark}]){mark}(?![^\W_])"))
    for letter, mark in (("b", r"\*"), ("i", "_"), ("s", "~"))
]
_MARKS = {"p": "```", "c": "`", "b": "*", "i": "_", "s": "~"}
_SPECIAL = re.compile(r"[<>&*_~`:]")
MARKED_UP = re.compile(r"[<>&*_~`]|://")
_GONE, _WHOLE = "-", "!"  # beside the letters of richtext: not shown; shown as it is


@dataclass(frozen=True, slots=True)
class _Range:
    """From ``start`` to before ``end`` the text has this style."""

    start: int
    end: int
    style: str
    url: str = ""


def spans(text: str, names: Names) -> Iterator[Span]:
    """The text in mrkdwn, cut where its looks change.

    The looks are found in a twin of the text, as long as it, in which what may not be read as markup (what an
    entity or code shows) is blotted out by full stops; so there is no placeholder that a message could forge.
    """
    if _SPECIAL.search(text) is None:
        return iter([("", text)] if text else ())
    shown, ranges = _without_entities(text, names)
    twin = _blotted(shown, ranges)
    for style, pattern in (("p", _CODE_BLOCK), ("c", _CODE)):
        coded = list(_marked(twin, style, pattern))
        twin = _blotted(twin, coded)
        ranges += coded
    ranges += _quoted(twin)
    for style, pattern in _LOOKS:
        ranges += _marked(twin, style, pattern)
    return _cut(shown, ranges)


def _without_entities(text: str, names: Names) -> tuple[str, list[_Range]]:
    """The text with what its ``<…>`` show, and where that stands."""
    shown: list[str] = []
    ranges = []
    length = at = 0
    for match in _ENTITY.finditer(text):
        before = _unescaped(text[at : match.start()])
        said, url = _entity(match[1], names)
        length += len(before)
        ranges.append(_Range(length, length + len(said), _WHOLE + "l" if url else _WHOLE, url))
        shown += before, said
        length += len(said)
        at = match.end()
    shown.append(_unescaped(text[at:]))
    return "".join(shown), ranges


def _unescaped(text: str) -> str:
    if "&" not in text:
        return text
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _entity(content: str, names: Names) -> tuple[str, str]:
    """What ``<content>`` shows, and where it leads ("" for nowhere)."""
    target, _, label = content.partition("|")
    target, label = _unescaped(target), _unescaped(label)
    if target.startswith("@"):
        return person(target[1:], label, names), ""
    if target.startswith("#"):
        return channel(target[1:], label, names), ""
    if target.startswith("!"):
        return _special(target[1:], label, names), ""
    if richtext.safe_url(target):
        return label or target.removeprefix("mailto:"), target
    if ":" in target:
        return label or target, ""
    return _unescaped(f"<{content}>"), ""


def _special(target: str, label: str, names: Names) -> str:
    kind, _, rest = target.partition("^")
    if kind == "date":
        return label or moment(rest.partition("^")[0])
    if kind == "subteam":
        return group(rest, label, names)
    return "@" + (label or kind).removeprefix("@")


def _blotted(text: str, ranges: Sequence[_Range]) -> str:
    """The text, as long as before, with full stops in these ranges; line feeds stay."""
    if not ranges:
        return text
    parts: list[str] = []
    at = 0
    for covered in sorted(ranges, key=lambda one: one.start):
        parts += text[at : covered.start], re.sub(r"[^\n]", ".", text[covered.start : covered.end])
        at = covered.end
    return "".join([*parts, text[at:]])


def _marked(twin: str, style: str, pattern: re.Pattern[str]) -> Iterator[_Range]:
    """What stands between two marks, and the marks."""
    if twin.count(_MARKS[style]) < 2:
        return
    for match in pattern.finditer(twin):
        start, end = match.span(1)
        yield _Range(match.start(), start, _GONE)
        yield _Range(start, end, style)
        yield _Range(end, match.end(), _GONE)


def _quoted(twin: str) -> Iterator[_Range]:
    if ">" not in twin:
        return
    for match in _QUOTE.finditer(twin):
        start, end = match.span("rest" if match["rest"] is not None else "line")
        yield _Range(match.start(), start, _GONE)
        # The line feed between two lines of one quote belongs to it.
        yield _Range(start, end + 1 if twin.startswith("\n>", end) else end, "q")


def _cut(text: str, ranges: Sequence[_Range]) -> Iterator[Span]:
    """The text in pieces of one style each."""
    changes: dict[int, list[tuple[int, _Range]]] = {0: [], len(text): []}
    for one in ranges:
        changes.setdefault(one.start, []).append((1, one))
        changes.setdefault(one.end, []).append((-1, one))
    depth = dict.fromkeys(richtext.LETTERS + _GONE + _WHOLE, 0)
    url = ""
    places = sorted(changes)
    for start, end in pairwise(places):
        for step, one in changes[start]:
            url = one.url if one.url and step > 0 else url
            for letter in one.style:
                depth[letter] += step
        if depth[_GONE]:
            continue
        style = "".join([letter for letter in richtext.LETTERS if depth[letter]])
        said = text[start:end]
        said = said if depth[_WHOLE] or depth["c"] or depth["p"] else emoji.shown(said)
        yield (style, said, url) if depth["l"] else (style, said)
