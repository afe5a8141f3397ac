"""A terminal for the tests: runs a command as a person would, and remembers what came of it."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bot.cli.main import main

OURS = ("TERTULIA_", "SLACK_", "X_", "LC_", "LANG")


@dataclass(frozen=True)
class Answer:
    """What a command left behind: its exit code and both its outputs."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The output read as JSON."""
        return json.loads(self.out)

    @property
    def refusal(self) -> str:
        """The one line of a refusal, having seen that it is one: exit 1, nothing on the output, one line of error."""
        assert (self.code, self.out, self.err.count("\n")) == (1, "", 1)
        return self.err.rstrip("\n")


class Terminal:
    """A folder with a shell in it."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self._capsys = capsys
        self.monkeypatch = monkeypatch

    def __call__(self, *args: str) -> Answer:
        """The command has run."""
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(args)
        out, err = self._capsys.readouterr()
        return Answer(int(ended.value.code or 0), out, err)

    def write(self, name: str, text: str) -> Path:
        """A file of the folder has this text."""
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path


@pytest.fixture
def tertulia(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A terminal in an empty folder, with none of our settings in its environment."""
    for name in [one for one in os.environ if one.startswith(OURS)]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return Terminal(tmp_path, capsys, monkeypatch)
