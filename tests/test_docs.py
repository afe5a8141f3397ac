"""The pages are true: commands, settings, formats, keys, pictures and links in them are those of the program."""

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest
import typer
from typer.core import TyperGroup

import bot
from bot import config, debatefile, errors
from bot.cli.main import build
from bot.exports import formats
from bot.poll import Choice, Planned, tally
from bot.poll import Kind as PollKind
from bot.ports import Attachment
from bot.transcript import Asked, Gap, Head, Line, Queued, Transcript
from bot.words.catalogue import words
from handlers.commands import GRAMMAR
from handlers.room import site

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")])
DESIGN = ROOT / "docs" / "design.md"
OPERATOR = ROOT / "docs" / "operator.md"
DEVELOPER = ROOT / "docs" / "developer.md"
ORGANISER = [ROOT / "docs" / language / "organiser.md" for language in ("es", "en")]
MODERATOR = [ROOT / "docs" / language / "moderator.md" for language in ("es", "en")]
EMPTY = {"empty": "", "vacío": ""}
WHEN = datetime(2027, 1, 14, 18, tzinfo=UTC)

each_sheet = pytest.mark.parametrize("sheet", PAGES, ids=lambda sheet: str(sheet.relative_to(ROOT)))


def text(sheet: Path) -> str:
    """What a page says."""
    return sheet.read_text(encoding="utf-8")


def fences(sheet: Path, language: str) -> list[str]:
    """The blocks of code of a page in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text(sheet), re.DOTALL | re.MULTILINE)


def rows(sheet: Path, heading: str) -> list[list[str]]:
    """The cells of the tables of a page whose heads are these, without the ticks around them."""
    found: list[list[str]] = []
    for table in re.findall(r"(?:^\|.*\n)+", text(sheet), re.MULTILINE):
        first, _rule, *rest = table.splitlines()
        if first == heading:
            found += [[cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip("|"))] for line in rest]
    return found


def ticked(cell: str) -> list[str]:
    """The words of a cell that stand between ticks."""
    return re.findall(r"`([^`]+)`", cell)


# --- commands --------------------------------------------------------------------------------------------------------


def commands() -> dict[str, typer.core.TyperCommand]:
    """Every command of the program by its full name."""

    def below(group: TyperGroup, name: str) -> Iterator[tuple[str, typer.core.TyperCommand]]:
        for word, one in group.commands.items():
            if isinstance(one, TyperGroup):
                yield from below(one, f"{name} {word}".strip())
            elif isinstance(one, typer.core.TyperCommand):
                yield f"{name} {word}".strip(), one

    return dict(below(build(words("es")), ""))


def called(line: str) -> list[str]:
    """What stands behind «tertulia» at the beginning of a line of shell, up to a comment or a pipe."""
    return re.findall(r"^(?:\.venv/bin/)?tertulia ([a-z][^#|\n]*)", line.strip())


def spoken(sheet: Path) -> list[str]:
    """The commands of the command line that a page names."""
    source = text(sheet).replace("\\\n", " ")
    inline = re.findall(r"`((?:\.venv/bin/)?tertulia [^`]+)`", source)
    shell = [line for block in fences(sheet, "sh") for line in block.replace("\\\n", " ").splitlines()]
    return [found for line in [*inline, *shell] for found in called(line)]


@each_sheet
def test_page_names_only_commands_and_options_there_are(sheet: Path) -> None:
    """What a page tells its reader to type exists, with its options."""
    known = commands()
    for one in spoken(sheet):
        name = next((name for name in known if f"{one} ".startswith(f"{name} ")), None)
        assert name is not None, one
        options = {option for param in known[name].params for option in param.opts}
        given = {word.split("=")[0] for word in re.findall(r"(?<=\s)--[a-z-]+", one)}
        assert given <= options | {"--help"}, one


def test_design_lists_every_command() -> None:
    """The contract's table of commands is the program's, none left out."""
    listed = [
        re.sub(r" (?:[A-Z\[].*|--.*)$", "", ticked(row[0])[0]).removeprefix("tertulia ")
        for row in rows(DESIGN, "| command | what it does |")
    ]
    assert sorted(listed) == sorted(commands())


def test_design_lists_the_words_of_slack() -> None:
    """The contract's table of words is the grammar, in both languages, with who may use them."""
    listed = {
        (tuple(ticked(spanish)), tuple(ticked(english)), who)
        for spanish, english, who in rows(DESIGN, "| Spanish | English | who |")
    }
    assert listed == {
        (tuple(rule.es), tuple(rule.en), "moderators" if rule.moderator else "everybody") for rule in GRAMMAR
    }


@each_sheet
def test_page_names_only_words_of_slack_there_are(sheet: Path) -> None:
    """Behind /tertulia stands a word of the grammar."""
    known = {word for rule in GRAMMAR for word in (*rule.es, *rule.en)}
    for one in re.findall(r"`/tertulia ([^`\s]+)", text(sheet)):
        assert one in known


@pytest.mark.parametrize("sheet", MODERATOR, ids=["es", "en"])
def test_moderator_page_tells_every_verb(sheet: Path) -> None:
    """Each command of a moderator is in the table, by its name in the page's language."""
    language = sheet.parent.name
    said = set(re.findall(r"`/tertulia ([^`\s]+)", text(sheet)))
    names = {(rule.es if language == "es" else rule.en)[0] for rule in GRAMMAR if rule.moderator}
    assert names - said == set()
    say = words(language)
    for button in ("Abrir ya", "Siguiente pregunta", "Pausar", "Reanudar", "Extender", "Saltar", "Cerrar el debate"):
        assert f"**{say(button)}**" in text(sheet)


# --- settings --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sheet", "heading"),
    [
        (DESIGN, "| name | default |"),
        (OPERATOR, "| name | default | what it is |"),
        (ROOT / "docs" / "es" / "operator.md", "| nombre | si no se pone | qué es |"),
    ],
    ids=["design", "operator", "es"],
)
def test_settings_are_those_of_the_program(sheet: Path, heading: str) -> None:
    """Every setting is in the table with its default, in the order of the code."""
    listed = [(ticked(row[0])[0], EMPTY.get(row[1], row[1].strip("`"))) for row in rows(sheet, heading)]
    assert listed == list(config.names().items())


def test_env_example_is_the_settings() -> None:
    """.env.example has every setting with its default, and nothing else."""
    lines = [line for line in text(ROOT / ".env.example").splitlines() if line and not line.startswith("#")]
    assert dict(line.split("=", 1) for line in lines) == config.names()


def test_operator_page_has_every_metric() -> None:
    """Every metric that /metrics can show is in the table."""
    code = text(ROOT / "handlers" / "room" / "health.py")
    made = {
        name + ("_total" if kind == "Counter" else "")
        for kind, name in re.findall(r'(Counter|Gauge)MetricFamily\("(tertulia_\w+)"', code)
    }
    assert {ticked(row[0])[0] for row in rows(OPERATOR, "| name | what |")} == made


# --- formats ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sheet", ORGANISER, ids=["es", "en"])
def test_organiser_page_has_every_format(sheet: Path) -> None:
    """The table of formats is what can be exported."""
    heading = {"es": "| formato | para |", "en": "| format | for |"}[sheet.parent.name]
    assert {ticked(row[0])[0] for row in rows(sheet, heading)} == set(formats.FORMATS)


def everything() -> Transcript:
    """A debate with one of everything that a transcript can hold."""
    line = Line(
        1, "room", "p1", "room:ana", "Ana", "member", "hola", None, [Attachment("a.png", "image/png")], WHEN, None,
        False, 1, "time", "guess", False, False, None, None, {"heart": 1}, 0,
    )  # fmt: skip
    head = Head(
        "1", "d", "Debate", "Tag", "Elena", "es", "Europe/Madrid", "closed", WHEN, WHEN, WHEN,
        [Asked(1, "¿Qué?", WHEN)], [Queued("¿Y?", "pending", "Ana", 1)], [Gap("slack", WHEN, WHEN, True)], 1, 1,
        polls=[tally(PollKind.BEFORE, Planned("¿Qué?", ("a", "b"), other=True), [Choice((1,))])],
    )  # fmt: skip
    return Transcript(head, lambda: iter([line]))


@pytest.mark.parametrize("sheet", [DESIGN, *ORGANISER], ids=["design", "es", "en"])
def test_jsonl_keys_are_those_that_are_written(sheet: Path) -> None:
    """The tables of keys say exactly what the export writes, in its order."""
    out = BytesIO()
    formats.named("jsonl").write(everything(), out, words("es"))
    debate, message, gap, poll = (json.loads(line) for line in out.getvalue().decode().splitlines())
    kinds = {
        "debate": debate, "questions[]": debate["questions"][0], "queue[]": debate["queue"][0], "message": message,
        "author": message["author"], "files[]": message["files"][0], "gap": gap,
        "poll": poll, "options[]": poll["options"][0], "other": poll["other"],
    }  # fmt: skip
    written = {kind: [key for key in value if key != "type"] for kind, value in kinds.items()}
    heading = "| `type` | claves |" if sheet.parent.name == "es" else "| `type` | keys |"
    assert {ticked(row[0])[0]: ticked(row[1]) for row in rows(sheet, heading)} == written


@pytest.mark.parametrize("sheet", [DESIGN, *ORGANISER], ids=["design", "es", "en"])
def test_debate_file_shown_has_every_key(sheet: Path) -> None:
    """The longest debate file of the page has every key that is understood, with its default where it has one."""
    longest = max(fences(sheet, "toml"), key=len)
    data = tomllib.loads(longest)
    plan = debatefile.parse(longest)
    usual = debatefile.parse('title = "t"\nquestions = ["q"]', needs_start=False)
    with pytest.raises(errors.BadDebateFile) as fault:
        debatefile.parse('title = "t"\nquestions = ["q"]\nnone = 1\n[pace]\nnone = 1', needs_start=False)
    keys, pace = re.findall(r"\(valen ([a-z_, ]+)\)", str(fault.value))
    assert sorted(data) == keys.split(", ")
    assert sorted(data["pace"]) == pace.split(", ")
    assert plan.pace.fitted(5) == usual.pace.fitted(5)


@each_sheet
def test_debate_files_in_pages_are_understood(sheet: Path) -> None:
    """What a reader copies works."""
    for source in fences(sheet, "toml"):
        assert debatefile.parse(source).questions


def test_addresses_of_the_web_are_those_of_the_room() -> None:
    """Every address of the contract's table leads somewhere."""
    paths = {getattr(route, "path", "") for route in site._routes()} | {"/slack/events"}  # the table of the room itself
    for row in rows(DESIGN, "| address | what |"):
        wanted = ticked(row[0])[0].replace("SLUG", "{slug}").replace("FORMAT", "{format:str}")
        wanted = wanted.replace("SEASON", "{season}")
        assert wanted in paths


# --- the house -------------------------------------------------------------------------------------------------------


def test_picture_of_the_house_is_one() -> None:
    """The two pictures in the package's own words, the developer's page and the design are the same."""
    said = "\n".join(line.removeprefix("    ") for line in (bot.__doc__ or "").splitlines())
    flow, layers = fences(DEVELOPER, "")[:2]
    assert flow.strip() in said
    assert layers.strip() in said
    assert fences(DESIGN, "")[0] == flow


def test_layers_of_the_picture_exist() -> None:
    """Every file and folder in the picture of the house stands in it."""
    named = re.findall(r"(?:bot|handlers|schedules)/[\w/]*(?:\.py)?", fences(DEVELOPER, "")[1])
    assert len(named) > 15
    assert [one for one in named if not (ROOT / one).exists()] == []


@each_sheet
def test_files_that_a_page_names_exist(sheet: Path) -> None:
    """A path of this repository between ticks leads somewhere."""
    for one in re.findall(r"`((?:bot|handlers|schedules|tests|bench|docs)/[\w/.-]+)`", text(sheet)):
        if one != "bench/RESULTS.md":  # made by `make bench`
            assert (ROOT / one).exists(), one


# --- links and manners -----------------------------------------------------------------------------------------------


def anchors(sheet: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    heads = re.findall(
        r"^#+ (.+)$", re.sub(r"^```.*?^```", "", text(sheet), flags=re.DOTALL | re.MULTILINE), re.MULTILINE
    )
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@each_sheet
def test_links_inside_lead_somewhere(sheet: Path) -> None:
    """Every link to a page, a picture or a heading of ours resolves."""
    for target in re.findall(r"\]\(([^)\s]+)\)", text(sheet)):
        if re.match(r"https?://|mailto:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (sheet.parent / path).resolve() if path else sheet
        assert file.exists(), target
        if anchor:
            assert anchor in anchors(file), target


def test_every_picture_is_shown() -> None:
    """One that is on no page is nobody's to keep up to date."""
    shown = {Path(one).name for sheet in PAGES for one in re.findall(r"!\[[^\]]+\]\(([^)\s]+)\)", text(sheet))}
    shown |= {Path(one).name for sheet in PAGES for one in re.findall(r'<img[^>]* src="([^"]+)"', text(sheet))}
    assert {one.name for one in (ROOT / "docs" / "images").iterdir()} - shown == set()


def test_readme_has_the_two_commands_and_a_link_for_each_reader() -> None:
    """Three lines, a picture, two commands, and where to read on."""
    readme = text(ROOT / "README.md")
    assert [line.split("#")[0].strip() for line in fences(ROOT / "README.md", "sh")[0].splitlines()] == [
        "make run",
        "make test",
    ]
    assert "![" in readme
    for reader in ("member", "moderator", "organiser", "slack"):
        assert f"docs/es/{reader}.md" in readme
        assert f"docs/en/{reader}.md" in readme
    assert {"docs/operator.md", "docs/developer.md"} <= set(re.findall(r"\(([^)]+)\)", readme))


@each_sheet
def test_make_targets_in_pages_exist(sheet: Path) -> None:
    """What a page tells its reader to make can be made."""
    targets = set(re.findall(r"^([a-z]+):", text(ROOT / "Makefile"), re.MULTILINE))
    named = re.findall(r"`make ([a-z]+)", text(sheet))
    named += [name for block in fences(sheet, "sh") for name in re.findall(r"^make ([a-z]+)", block, re.MULTILINE)]
    assert set(named) <= targets


def test_no_machine_paths_and_no_registries() -> None:
    """Nothing in the repository tells on which machine, or with which registry, it was made."""
    tracked = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.split("\0")
    if not any(tracked):
        pytest.skip("not a checkout: nothing says which files are the repository's")
    strange = re.compile(r"(?<![\w.])/(?:root|home/\w+)/|index-url\s*=")
    found = []
    for name in filter(None, tracked):
        file = ROOT / name
        if file.suffix in {".md", ".py", ".toml", ".lock", ".html", ".json", ".sh", ""} and file.is_file():
            found += [
                f"{name}: {match[0]}"
                for match in strange.finditer(file.read_text(encoding="utf-8", errors="ignore"))
                if file != Path(__file__).resolve()
            ]
    assert found == []


def test_citations_of_pages_are_pages() -> None:
    """A page that the code refers to is in the repository."""
    known = {str(sheet.relative_to(ROOT)) for sheet in PAGES} | {sheet.name for sheet in PAGES}
    known |= {"transcript.md"}  # what an export may be called
    cited = [
        f"{file.relative_to(ROOT)}: {name}"
        for folder in ("bot", "handlers", "schedules")
        for file in sorted((ROOT / folder).rglob("*.py"))
        for name in re.findall(r"(?<![\w/{}-])((?:[\w-]+/)*[\w-]+\.md)\b", text(file))
        if name not in known
    ]
    assert cited == []


def test_help_speaks_of_the_same_program() -> None:
    """`python -m bot` is the program that the pages call tertulia."""
    told = subprocess.run([sys.executable, "-m", "bot", "--help"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "tertulia" in told.stdout
