"""The commands that a screen advises are those for the project it is about."""

from __future__ import annotations

from pathlib import Path

import pytest

from portico.cli.output import Screen
from portico.model.errors import Exit
from portico.model.finding import Kind
from portico.model.result import Result

TAKEN = Kind("test.E001", "nginx", "The port is taken", "Two cannot have it.", shows="-", example="-", cure="-")
FIX = (
    "portico up --listen auto   # any free port",
    "portico -C blog down",
    "or: portico down",
    "ss -ltn   # not portico up",
)


def _advised(about: Path, capsys: pytest.CaptureFixture[str]) -> list[str]:
    finding = TAKEN.found(cause="it is", evidence=["seen"], fix=FIX)
    Screen(as_json=False, project=about).show(Result("up", {"headline": ""}, (finding,), Exit.USAGE))
    lines = capsys.readouterr().err.splitlines()
    at = next(n for n, line in enumerate(lines) if line.startswith("  do"))
    return [line[9:] for line in lines[at : at + len(FIX)]]


def test_a_project_that_was_named_is_named_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "shop").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("shutil.which", lambda _: None)
    up, other, down, foreign = _advised(Path("shop"), capsys)
    assert up.endswith(" -C shop up --listen auto   # any free port")
    assert (other, foreign) == (FIX[1], FIX[3])
    assert down.startswith("or: ")
    assert down.endswith(" -C shop down")


def test_here_nothing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    assert not any(" -C shop" in row for row in _advised(Path(), capsys))
