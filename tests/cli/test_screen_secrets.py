"""Whatever a verb tells, no form of output has a secret of the site in it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from portico.cli import output
from portico.cli.output import Screen
from portico.cli.screens import text
from portico.model.config import Config
from portico.model.errors import Exit
from portico.model.finding import Kind
from portico.model.result import Result
from support.stack import Project, Ran

BAD = Kind("django.E001", "django", "It fails", "-", shows="-", example="-", cure="-")
SECRETS = ("word-of-database", "word-of-settings", "word-of-table", "word-in-query", "word-in-header")
TOLD = "postgres://joe:word-of-database@db/x word-of-settings word-of-table /?token=word-in-query Bearer word-in-header1"
HIDDEN = "postgres://***@db/x *** *** /?token=*** Bearer ***"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / ".env").write_text("DATABASE_URL=postgres://joe:word-of-database@db/x\n")
    (tmp_path / "settings.py").write_text('SECRET_KEY = "word-of-settings"\n')
    (tmp_path / "portico.toml").write_text('[env]\nAPI_TOKEN = "word-of-table"\n')
    return tmp_path


def _result(data: dict[str, object]) -> Result:
    finding = BAD.found(cause=TOLD, evidence=[TOLD], fix=[TOLD], title=TOLD)
    return Result("check", {"checked": [TOLD], "unknown": [], **data}, (finding,), Exit.FINDINGS)


def _shown(source: pytest.CaptureFixture[str] | Ran) -> str:
    told = source if isinstance(source, Ran) else source.readouterr()
    assert not [secret for secret in SECRETS if secret in told.out + told.err], told
    return told.out + told.err


@pytest.mark.parametrize("form", ["text", "json", "sarif", "github"])
def test_an_answer(project: Path, form: str, capsys: pytest.CaptureFixture[str]) -> None:
    Screen(False, form, project).show(_result({"by name": {TOLD: TOLD}}))
    assert "/?token=***" in _shown(capsys)


def test_an_answer_keeps_its_form(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Screen(True, project=project).show(_result({"rows": [1, None, True, {"said": (TOLD,)}], "where": str(project)}))
    told = json.loads(_shown(capsys))
    assert told["result"]["rows"] == [1, None, True, {"said": [HIDDEN]}]
    assert told["result"]["where"] == str(project)
    assert told["findings"][0]["cause"] == HIDDEN


def test_progress_and_remarks(project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output, "_is_terminal", lambda stream: True)
    screen = Screen(False, project=project)
    screen.say(TOLD)
    screen.note(TOLD)
    screen.at(TOLD)
    assert _shown(capsys).count("Bearer ***") == 3


def test_what_somebody_asks_to_see_is_shown(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen(True, project=project)
    screen.reveals = True
    screen.show(_result({}))
    assert "word-of-database" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [[], ["--json"], ["--status", "5xx"]])
def test_logs(project: Path, arguments: list[str]) -> None:
    log = project / "state" / "log"
    log.mkdir(parents=True)
    (project / "portico.toml").write_text('state_dir = "state"\n[env]\nAPI_TOKEN = "word-of-table"\n')
    record = {"t": 1.0, "rid": "abc", "level": "ERROR", "path": f"/?x={TOLD}", "exc": f"Traceback\n  {TOLD}\nError: {TOLD}"}
    (log / "uwsgi.log").write_text(f"{TOLD}\n{json.dumps(record)}\n")
    ran = Project(project).portico("logs", *arguments)
    assert ran.code == 0, ran.err
    assert "Bearer ***" in _shown(ran)


NAMED = {
    "a target": ["up", "nope:word-of-database"],
    "a flag's value": ["logs", "--since", "http://joe:word-in-header@h/"],
    "what a flag does not take": ["trace", "--timeout", "word-of-settings"],
    "a word too many": ["down", "word-of-table"],
}


@pytest.mark.parametrize("arguments", NAMED.values(), ids=NAMED)
@pytest.mark.parametrize("form", [[], ["--json"]], ids=["text", "json"])
def test_what_the_command_line_names(project: Path, arguments: list[str], form: list[str]) -> None:
    ran = Project(project).portico(*arguments, *form)
    assert ran.code == 2, ran.out + ran.err
    assert "***" in _shown(ran)


def test_the_schema_and_the_words_of_a_screen_are_none(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    schema = Result("config", {"schema": Config.model_json_schema()})
    Screen(False, project=project).show(schema)
    assert capsys.readouterr().out == text(schema) + "\n"
