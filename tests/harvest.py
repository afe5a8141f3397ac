"""Every sentence that the program says, collected from its source and kept in the catalogue.

``python -m tests.harvest`` (`make words`): bot/words/en.po holds each sentence once with the English it had, what
nobody says any more is gone, what has no English yet is named, and bot/words/en.mo equals it.
"""

import ast
import io
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from jinja2 import Environment, nodes

from bot.words.catalogue import AS_TYPED, LANGUAGES

ROOT = Path(__file__).parents[1]
PO, MO = ROOT / "bot/words/en.po", ROOT / "bot/words/en.mo"
HEADER = "# Tertulia in English. The Spanish sentence is the key; `make words` brings in new ones and compiles."
BORN = datetime(2026, 11, 22, tzinfo=UTC)  # a date of today would change the files with nothing new in them

# Calls whose first argument is a sentence; ``words(locale)(…)`` and ``speaking()(…)`` are known by their form.
SAYING = frozenset({"say", "_say", "phrase"})
NAMED = frozenset({"text", "words"})  # only as plain names: `sa.text` is SQL
SPEAKERS = frozenset({"words", "speaking"})
# How many of the first arguments are codes.
CODES = {"Finding": 2, "_fault": 1}
# Where sentences stand that are said later: tables, variables, arguments by name, and calls, by file.
ELSEWHERE: Mapping[str, frozenset[str]] = {
    "bot/actions/ask.py": frozenset({"what"}),
    "bot/actions/send.py": frozenset({"why"}),
    "bot/config.py": frozenset({"_FAULTS", "ValueError"}),
    "bot/debate.py": frozenset({"ValueError"}),
    "bot/debatefile.py": frozenset({"_fault", "hint"}),
    "bot/doctor.py": frozenset({"advice", "seen", "Finding"}),
    "bot/exports/wording.py": frozenset({"_PLATFORMS"}),
    "bot/question.py": frozenset({"what"}),
    "handlers/commands.py": frozenset({"_missing"}),
    "handlers/slack/checkup.py": frozenset({"NEEDED", "WANTED", "_REFUSALS", "advice", "Finding"}),
    "handlers/slack/platform.py": frozenset({"_ADVICE", "why", "advice"}),
    "handlers/x/checkup.py": frozenset({"_ADVICE", "_KEYS", "advice", "Finding"}),
    "handlers/x/platform.py": frozenset({"_ADVICE"}),
    "handlers/x/reconciler.py": frozenset({"why"}),
}
# Stand-ins are for the tests and speak English; nobody reads a migration.
SILENT = ("handlers/slack/standin/", "bot/migrations/")


def sources() -> Iterator[Path]:
    """Every Python file that ships and speaks."""
    for package in ("bot", "handlers", "schedules"):
        for path in sorted((ROOT / package).rglob("*.py")):
            if not path.relative_to(ROOT).as_posix().startswith(SILENT):
                yield path


def harvest() -> dict[str, list[str]]:
    """Every sentence with the files that say it, in the order of the files."""
    trees = {path.relative_to(ROOT).as_posix(): ast.parse(path.read_text("utf-8")) for path in sources()}
    refusals = _error_classes(trees.values())
    found: dict[str, list[str]] = {}
    for name, tree in trees.items():
        for sentence in _Reader(refusals, ELSEWHERE.get(name, frozenset())).sentences(tree):
            found.setdefault(sentence, []).append(name)
    for path in sorted((ROOT / "handlers").rglob("*.html")):
        for sentence in _of_template(path):
            found.setdefault(sentence, []).append(path.relative_to(ROOT).as_posix())
    return {sentence: sorted(set(places)) for sentence, places in found.items() if _spoken(sentence)}


class _Reader:
    """Finds the sentences in one file's syntax tree."""

    def __init__(self, refusals: frozenset[str], elsewhere: frozenset[str]) -> None:
        """``refusals`` are the names of error classes; ``elsewhere`` the names that hold sentences in this file."""
        self.refusals, self.elsewhere = refusals, elsewhere

    def sentences(self, tree: ast.Module) -> Iterator[str]:
        """Every sentence of the file."""
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and node.name in self.refusals:
                yield " ".join((ast.get_docstring(node) or "").split())
            elif isinstance(node, ast.Call):
                yield from self._of_call(node)
            elif isinstance(node, ast.Assign):
                yield from self._assigned(node.targets[0], node.value)
            elif isinstance(node, ast.AnnAssign) and node.value is not None:
                yield from self._assigned(node.target, node.value)
            elif isinstance(node, ast.arguments):
                yield from self._defaults(node)

    def _of_call(self, call: ast.Call) -> Iterator[str]:
        name = _name(call.func)
        speaks = isinstance(call.func, ast.Call) and _name(call.func.func) in SPEAKERS
        if speaks or name in SAYING or (isinstance(call.func, ast.Name) and name in NAMED):
            for first in call.args[:1]:
                yield from (one for one in literals(first) if one not in LANGUAGES)
        elif name in self.elsewhere:
            for argument in call.args[CODES.get(name, 0) :]:
                yield from literals(argument)
        for word in call.keywords:
            if word.arg in self.elsewhere or (name in self.refusals and word.arg not in AS_TYPED | {"platform"}):
                yield from literals(word.value)

    def _assigned(self, target: ast.expr, value: ast.expr) -> Iterator[str]:
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            for one, part in zip(target.elts, value.elts, strict=True):
                yield from self._assigned(one, part)
        elif _name(target) in self.elsewhere:
            yield from literals(value)

    def _defaults(self, arguments: ast.arguments) -> Iterator[str]:
        named = [*zip(reversed(arguments.args), reversed(arguments.defaults), strict=False)]
        for one, default in [*named, *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)]:
            if one.arg in self.elsewhere and default is not None:
                yield from literals(default)


def literals(node: ast.expr) -> Iterator[str]:
    """The literal texts that an expression may be: itself, an end of a choice, a value of a table or its default."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
        return
    within: list[ast.expr] = []
    if isinstance(node, ast.IfExp):
        within = [node.body, node.orelse]
    elif isinstance(node, ast.Dict):
        within = node.values
    elif isinstance(node, ast.Tuple | ast.List):
        within = node.elts
    elif isinstance(node, ast.Call) and _name(node.func) == "get":
        within = node.args[1:]
    for one in within:
        yield from literals(one)


def keep(found: Mapping[str, Iterable[str]]) -> list[str]:
    """The catalogue and its compiled form hold what was found; returns the sentences that have no English yet."""
    english = translations()
    PO.write_text(written(found, english), "utf-8")
    with MO.open("wb") as file:
        write_mo(file, _catalogue(found, english))
    return [sentence for sentence in found if not english.get(sentence)]


def written(found: Mapping[str, Iterable[str]], english: Mapping[str, str]) -> str:
    """The text of the catalogue that holds what was found, with its English."""
    with io.BytesIO() as file:
        write_po(file, _catalogue(found, english), width=120, include_lineno=False)
        # Whose hand wrote it is no part of what it says.
        return re.sub(r'"Generated-By:.*\n', "", file.getvalue().decode())


def _catalogue(found: Mapping[str, Iterable[str]], english: Mapping[str, str]) -> Catalog:
    catalogue = Catalog(
        "en", header_comment=HEADER, project="Tertulia", version="0", creation_date=BORN, revision_date=BORN,
        last_translator="the Tertulia authors", language_team="English", msgid_bugs_address="none",
        copyright_holder="the Tertulia authors", charset="utf-8", fuzzy=False,
    )  # fmt: skip
    for sentence, places in found.items():
        catalogue.add(sentence, english.get(sentence, ""), locations=[(place, 1) for place in places])
    return catalogue


def translations() -> dict[str, str]:
    """The English of every sentence in the catalogue; "" where it has none."""
    if not PO.exists():
        return {}
    with PO.open("rb") as file:
        return {str(one.id): str(one.string) for one in read_po(file) if one.id}


def _error_classes(trees: Iterable[ast.Module]) -> frozenset[str]:
    classes = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    known: frozenset[str] = frozenset({"TertuliaError"})
    while True:
        more = known | {one.name for one in classes if any(_name(base) in known for base in one.bases)}
        if more == known:
            return known
        known = more


def _of_template(path: Path) -> Iterator[str]:
    tree = Environment(autoescape=True).parse(path.read_text("utf-8"))
    for call in tree.find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name == "say" and call.args:
            for one in (call.args[0], *call.args[0].find_all(nodes.Const)):
                if isinstance(one, nodes.Const) and isinstance(one.value, str):
                    yield one.value


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else ""


def _spoken(sentence: str) -> bool:
    # Quotation marks are words too: «so» they stand in Spanish.
    return any(letter.isalpha() or letter in "«»" for letter in re.sub(r"\{\w*\}", "", sentence))


if __name__ == "__main__":
    sys.exit("\n".join(f"no English yet: {sentence}" for sentence in keep(harvest())) or 0)
