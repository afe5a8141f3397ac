"""How well messages are filed: a labelled set, told to a debate on X, half of it for tuning and half for reporting.

``python -m tests.test_filing_set`` prints the figures and, of the tuning half alone, what went wrong.
"""

import tempfile
import tomllib
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from bot.ports import House
from bot.store import review, schema, transcripts
from bot.store.engine import Store
from bot.transcript import Line

from tests.hashtag_evening import HashtagEvening

SET = Path(__file__).with_name("filing") / "messages.toml"
LANGUAGES = ("es", "en")


class Judged(NamedTuple):
    """One message of the set with the line that it became; ``half`` is ``tune`` or ``report``.

    ``marked`` says that a moderator is asked to look at it.
    """

    language: str
    half: str
    text: str
    right: Sequence[int]
    weak: bool
    marked: bool
    line: Line

    @property
    def well(self) -> bool:
        """Whether it stands where it belongs."""
        return (self.line.question or 0) in self.right


def messages() -> Iterator[tuple[str, Mapping[str, object]]]:
    """(language, message) of the whole set, in order of time."""
    found = tomllib.loads(SET.read_text("utf-8"))
    every = [(language, one) for language in LANGUAGES for one in found[language]]
    yield from sorted(every, key=lambda each: float(each[1]["at"]))


def judged(store: Store) -> list[Judged]:
    """The set told minute by minute to a debate, which has ended by now."""
    evening = HashtagEvening(store, House())
    named: dict[object, str] = {}
    told: dict[str, tuple[str, Mapping[str, object]]] = {}
    for number, (language, one) in enumerate(messages()):
        evening.until(float(str(one["at"])))
        reply = named[one["to"]] if "to" in one else one.get("reply")
        said = evening.post(
            f"{number % 60}", str(one["say"]), reply_to="1700000000000000000" if "deep" in one else _text(reply),
            thread=_text(one.get("deep")), quotes=_text(one.get("quotes")),
        )  # fmt: skip
        named[one.get("name")] = said.id
        told[said.id] = language, one
        evening.hear(said)
    evening.until(90)
    lines = list(transcripts.load(store, evening.id).lines())
    assert sorted(line.platform_id for line in lines) == sorted(told), "a message was lost, or came twice"
    doubtful = {line.id for line in evening.look(lambda tx: review.doubtful(tx, evening.id))}
    return [_judge(*told[line.platform_id], line, line.id in doubtful) for line in lines]


def _judge(language: str, one: Mapping[str, object], line: Line, marked: bool) -> Judged:
    text, q = str(one["say"]), one["q"]
    right = [int(str(number)) for number in (q if isinstance(q, list) else [q])]
    half = "report" if zlib.crc32(text.encode()) & 1 else "tune"
    return Judged(language, half, text, right, bool(one.get("weak")), marked, line)


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def share(some: Sequence[Judged]) -> float:
    """How many of them stand where they belong, of 1."""
    return sum(one.well for one in some) / len(some)


@pytest.fixture(scope="module")
def results(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Judged]:
    """The whole set, judged; as the transcript has it after the grace."""
    path = tmp_path_factory.mktemp("filing") / "set.db"
    path.write_bytes(_sqlite_template.read_bytes())
    store = Store(f"sqlite:///{path}")
    found = judged(store)
    store.close()
    return found


def test_set_is_large_and_none_of_it_is_lost(results: list[Judged]) -> None:
    """At least 400 messages, 200 of each language, a fair half of each for the report."""
    sizes = {(one.language, one.half): 0 for one in results}
    for one in results:
        sizes[one.language, one.half] += 1
    assert len(results) == len(list(messages())) >= 400
    assert min(sizes.values()) >= 100


@pytest.mark.parametrize("language", LANGUAGES)
def test_report_half_is_filed_right(results: list[Judged], language: str) -> None:
    """97 of 100 messages that no rule was made for stand where they belong, in each language."""
    assert share([one for one in results if one.half == "report" and one.language == language]) >= 0.97


def test_what_is_wrong_is_marked(results: list[Judged]) -> None:
    """A moderator who goes through the review list finds every message that stands in the wrong place."""
    assert [one.text for one in results if not one.well and not one.marked] == []


def test_what_nobody_can_be_sure_of_is_marked(results: list[Judged]) -> None:
    """A text without a label, several labels, a label against its thread: all of them are on the review list."""
    assert [one.text for one in results if one.weak and not one.marked] == []


def test_what_is_plain_is_not_marked(results: list[Judged]) -> None:
    """The list is for what needs a look: of messages that say where they belong, nine of ten are not on it."""
    plain = [one for one in results if not one.weak]
    assert sum(one.marked for one in plain) / len(plain) <= 0.1


def _report(results: Sequence[Judged]) -> None:
    for language in (*LANGUAGES, "all"):
        for half in ("tune", "report"):
            some = [one for one in results if one.half == half and language in {one.language, "all"}]
            wrong = [one for one in some if not one.well]
            plain = [one for one in some if not one.weak]
            print(  # noqa: T201
                f"{language} {half}: {len(some)} messages, {share(some):.1%} right, {len(wrong)} wrong "
                f"({sum(one.marked for one in wrong)} of them marked), weak and not marked: "
                f"{sum(one.weak and not one.marked for one in some)}, plain but marked: "
                f"{sum(one.marked for one in plain)} of {len(plain)}"
            )
    for one in results:
        if one.half == "tune" and (not one.well or (one.weak != one.marked)):
            line = one.line
            print(f"{one.text!r}: {line.question} {line.filed_by} {line.confidence}, right {one.right}")  # noqa: T201


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        mine = Store(f"sqlite:///{folder}/set.db")
        schema.upgrade(mine)
        _report(judged(mine))
        mine.close()
