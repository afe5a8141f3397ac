"""The debate files and the rehearsal script that ship with the product keep the rules that anyone may count on."""

import re
import tomllib
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import TypedDict, cast

import pytest

BOT = Path(__file__).resolve().parents[1] / "bot"
DEBATES = sorted((BOT / "debates").glob("*.toml"))
VOICES = BOT / "rehearsal" / "voices.toml"

READY_MADE = [
    "dia-de-la-cx",
    "formarse-en-cx",
    "pensar-desde-el-cliente",
    "quien-es-el-cxo",
    "sin-lider-no-hay-experiencia",
]
# 280 characters are the narrowest place a question goes to; `P1 ` and the hashtag need room beside it.
LONGEST_QUESTION = 200
# A prepared answer goes out as one post with its label.
LONGEST_ANSWER = 260
# Minutes that the last question needs before the clock turns to the wrap-up.
SHORTEST_TURN = 5.0
HOUR_AND_GRACE = 75.0
POSTED_BY_THE_BOT = {"P1", "P2", "P3", "P4", "P5"}
SPEAKING = {"say", "reply", "ask"}
POINTING = {"reply", "react", "edit", "delete", "vote"}
# Threads and reactions stay where their message is; a vote reaches the one queue from any place.
SAME_PLACE = {"reply", "react"}


class PreparedQuestion(TypedDict):
    """A question that brings the answer it is to be opened with."""

    text: str
    answer: str


class Debate(TypedDict, total=False):
    """A debate file as far as the ready-made ones use it."""

    title: str
    starts: object
    timezone: str
    hashtag: str
    host: str
    questions: list[str | PreparedQuestion]
    pace: dict[str, str | int]


class Voice(TypedDict):
    """One invented participant of the rehearsal."""

    id: str
    name: str
    place: str
    arrives_minute: float
    style: str


class Line(TypedDict, total=False):
    """One thing that a voice does during the rehearsal."""

    at: float
    who: str
    name: str
    kind: str
    to: str
    question: int
    text: str
    emoji: str


class Script(TypedDict):
    """The whole rehearsal."""

    debate: Debate
    voices: list[Voice]
    lines: list[Line]


def texts(debate: Debate) -> list[str]:
    """The questions of a debate as plain text, in order."""
    return [question if isinstance(question, str) else question["text"] for question in debate["questions"]]


def answers(debate: Debate) -> list[str]:
    """The prepared answers of a debate, in order."""
    return [question["answer"] for question in debate["questions"] if not isinstance(question, str)]


def minutes(pace: dict[str, str | int], key: str, default: float) -> float:
    """A stretch of the pace in minutes; ready-made files write whole minutes only."""
    written = pace.get(key)
    return default if written is None else float(str(written).removesuffix("m"))


def is_open_question(text: str) -> bool:
    """Whether a text ends in one question in Spanish, with both of its marks."""
    return text.endswith("?") and text.count("¿") == text.count("?") >= 1


@pytest.fixture(params=DEBATES, ids=lambda path: path.stem)
def debate(request: pytest.FixtureRequest) -> Debate:
    """Each ready-made debate in turn."""
    return cast(Debate, tomllib.loads(cast(Path, request.param).read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def script() -> Script:
    """The rehearsal, read once."""
    return cast(Script, tomllib.loads(VOICES.read_text(encoding="utf-8")))


def test_ready_made_debates_are_the_five_subjects() -> None:
    """The five subjects of the community ship under names that fit an address."""
    assert [path.stem for path in DEBATES] == READY_MADE


def test_ready_made_debate_leaves_its_date_to_the_planner(debate: Debate) -> None:
    """A ready-made debate has the contract's keys, and perhaps a poll, but no date and no zone."""
    assert set(debate) - {"pace", "poll"} == {"title", "hashtag", "host", "questions"}
    assert (debate["hashtag"], debate["host"]) == ("MeetAlfaro", "Elena Alfaro")


def test_ready_made_debate_has_five_to_seven_different_questions(debate: Debate) -> None:
    """A ready-made debate asks five to seven questions and none of them twice."""
    assert 5 <= len(debate["questions"]) <= 7
    assert [text for text, times in Counter(texts(debate)).items() if times > 1] == []


def test_ready_made_questions_fit_a_post_and_are_questions(debate: Debate) -> None:
    """Every question fits the narrowest place with its label and hashtag, and is written as a question."""
    assert [text for text in texts(debate) if len(text) > LONGEST_QUESTION or text != text.strip()] == []
    assert [text for text in texts(debate) if not is_open_question(text)] == []


def test_ready_made_answers_fit_a_post(debate: Debate) -> None:
    """Every prepared answer fits one post."""
    assert [text for text in answers(debate) if not 40 <= len(text) <= LONGEST_ANSWER] == []


def test_ready_made_debate_fits_its_hour(debate: Debate) -> None:
    """The last question is asked five minutes before the wrap-up or earlier."""
    pace = debate.get("pace", {})
    last = minutes(pace, "first", 10) + minutes(pace, "every", 10) * (len(debate["questions"]) - 1)
    wrap_up = minutes(pace, "minutes", 60) - minutes(pace, "wrap_up", 5)

    assert wrap_up - last >= SHORTEST_TURN


@pytest.mark.parametrize("path", DEBATES, ids=lambda path: path.stem)
def test_ready_made_debate_says_what_it_is_for_and_when(path: Path) -> None:
    """The head of each file tells its purpose, its season and the command that plans it by name."""
    head = path.read_text(encoding="utf-8").split("\n\n")[0]

    assert re.findall(r"^# (Para qué sirve|Cuándo encaja): ", head, re.MULTILINE) == ["Para qué sirve", "Cuándo encaja"]
    assert re.findall(r"debate add --ready (\S+) --starts", head) == [path.stem]


def test_rehearsal_debate_runs_at_the_default_pace(script: Script) -> None:
    """The rehearsal asks five questions, one with a prepared answer, without a date of its own."""
    debate = script["debate"]

    assert set(debate) == {"title", "hashtag", "host", "questions"}
    assert (len(debate["questions"]), len(answers(debate))) == (5, 1)
    assert [text for text in texts(debate) if len(text) > LONGEST_QUESTION or not is_open_question(text)] == []


def test_rehearsal_has_twenty_five_voices_and_a_moderator(script: Script) -> None:
    """Twenty-five people and one moderator, each with an id and a name of their own, in a place we have."""
    voices = script["voices"]

    assert [voice["id"] for voice in voices if voice["style"] == "moderator"] == ["marisa"]
    assert len(voices) == len({voice["id"] for voice in voices}) == len({voice["name"] for voice in voices}) == 26
    assert {voice["place"] for voice in voices} == {"slack", "room"}
    assert {line["who"] for line in script["lines"]} == {voice["id"] for voice in voices}


def test_rehearsal_lines_come_in_order_inside_the_hour_and_its_grace(script: Script) -> None:
    """Every line is later than the one before, and the last falls inside the grace."""
    times = [line["at"] for line in script["lines"]]

    assert [later for earlier, later in pairwise(times) if later <= earlier] == []
    assert 0 <= times[0] < 60 < times[-1] < HOUR_AND_GRACE


def test_rehearsal_voices_are_silent_before_they_arrive(script: Script) -> None:
    """Nobody does anything before the minute of their arrival."""
    arrives = {voice["id"]: voice["arrives_minute"] for voice in script["voices"]}

    assert [line for line in script["lines"] if line["at"] < arrives[line["who"]]] == []


def test_rehearsal_lines_carry_what_their_kind_needs(script: Script) -> None:
    """A line has the keys of its kind and no other; `name` is free."""
    keys = {
        "say": {"question", "text"},
        "reply": {"to", "question", "text"},
        "ask": {"question", "text"},
        "edit": {"to", "question", "text"},
        "react": {"to", "emoji"},
        "delete": {"to"},
        "vote": {"to"},
    }

    wrong = [line for line in script["lines"] if set(line) - {"name"} != {"at", "who", "kind"} | keys[line["kind"]]]

    assert wrong == []
    assert [line for line in script["lines"] if not line.get("text", "text").strip()] == []


def test_rehearsal_lines_point_at_earlier_lines(script: Script) -> None:
    """Names are unique and unlike the bot's own, and what a line points at has already been said."""
    said_at = {line["name"]: line["at"] for line in script["lines"] if "name" in line}
    asked_at = {f"P{number}": number * 10.0 for number in range(1, 6)}
    names = [line["name"] for line in script["lines"] if "name" in line]

    assert len(names) == len(said_at)
    assert POSTED_BY_THE_BOT & set(names) == set()
    pointing = [line for line in script["lines"] if line["kind"] in POINTING]
    assert [line for line in pointing if (said_at | asked_at).get(line["to"], HOUR_AND_GRACE) >= line["at"]] == []


def test_rehearsal_threads_and_reactions_stay_in_their_place(script: Script) -> None:
    """Replies and reactions answer what the voice can see: a line of its own place or a question of the bot."""
    place = {voice["id"]: voice["place"] for voice in script["voices"]}
    where = {line["name"]: place[line["who"]] for line in script["lines"] if "name" in line}
    seen = [line for line in script["lines"] if line["kind"] in SAME_PLACE and line["to"] not in POSTED_BY_THE_BOT]

    assert [line for line in seen if where[line["to"]] != place[line["who"]]] == []


def test_rehearsal_edits_and_deletions_are_the_author_s_own(script: Script) -> None:
    """One message is edited and another deleted, each by the person who wrote it."""
    author = {line["name"]: line["who"] for line in script["lines"] if "name" in line}
    changes = [line for line in script["lines"] if line["kind"] in {"edit", "delete"}]

    assert sorted(line["kind"] for line in changes) == ["delete", "edit"]
    assert [line for line in changes if author[line["to"]] != line["who"]] == []


def test_rehearsal_votes_reach_questions_once_a_person(script: Script) -> None:
    """Three questions are asked; each voter has one vote on each; the best one leads clearly."""
    asked = [line["name"] for line in script["lines"] if line["kind"] == "ask"]
    votes = [(line["to"], line["who"]) for line in script["lines"] if line["kind"] == "vote"]

    assert len(votes) == len(set(votes))
    tally = {"pregunta-incompleta": 7, "pregunta-publico": 3, "pregunta-programa": 1}
    assert Counter(name for name, _ in votes) == tally
    assert asked == list(tally)


def test_rehearsal_files_lines_under_questions_already_asked(script: Script) -> None:
    """No line is filed under a question that the clock has not asked yet, and all five are answered by many."""
    filed = [line for line in script["lines"] if line["kind"] in SPEAKING]

    assert [line for line in filed if line["question"] not in range(6) or line["at"] <= line["question"] * 10] == []
    assert [n for n in range(1, 6) if len({line["who"] for line in filed if line["question"] == n}) < 15] == []


def test_rehearsal_holds_the_hard_cases(script: Script) -> None:
    """The trials a moderator should see once before the real evening are all there."""
    lines = {line["name"]: line for line in script["lines"] if "name" in line}
    said = [line["text"] for line in script["lines"] if "text" in line]
    spellings = ["R1 ", "R.1 ", "r1) ", "R 1 ", "R1- ", "#R1 ", "A1 ", "P2: ", "R.3 ", "R5) ", "R5: "]

    assert [label for label in spellings if not any(text.startswith(label) for text in said)] == []
    assert (lines["cruzada"]["to"], lines["cruzada"]["question"]) == ("P3", 2)
    assert (lines["tardia"]["at"], lines["tardia"]["text"][:3], lines["tardia"]["question"]) == (43.0, "R2 ", 2)
    assert (lines["papel"]["text"][:8], lines["papel"]["question"]) == ("A4 paper", 2)
    assert len({lines[f"promo-{n}"]["text"] for n in (1, 2, 3)}) == 1
    assert lines["planilla"]["text"].startswith("=SUMA(1;2)")
    assert [line["name"] for line in script["lines"] if len(line.get("text", "")) > 1200] == ["reclamaciones"]
