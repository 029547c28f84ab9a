"""Asking git for a commit, in repositories that nobody vouches for."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from portico.hops.wsgi import git
from portico.system.run import run

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{COMMIT}\nA subject\n", (COMMIT, "A subject")),
        (f"{COMMIT}\n\n", (COMMIT, "")),
        (COMMIT, (COMMIT, "")),
        (f"{'ab' * 32}\nsha256\n", ("ab" * 32, "sha256")),
        (f"{COMMIT}\n{'x' * 500}\n", (COMMIT, "x" * 200)),
        ("", ("", "")),
        ("fatal: not a git repository\n", ("", "")),
        (f"{COMMIT.upper()}\nx\n", ("", "")),
    ],
)
def test_what_git_says(text: str, expected: tuple[str, str]) -> None:
    assert git.parse_head(text) == expected


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    if shutil.which("git") is None:
        pytest.skip("no git")
    (tmp_path / "app.py").write_text("one")
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "it's: first\n\nand more"]):
        do(tmp_path, *words)
    return tmp_path


def do(folder: Path, *words: str) -> None:
    named = ("-c", "user.name=n", "-c", "user.email=e@example.com", "-c", "commit.gpgsign=false")
    subprocess.run(["git", "-C", str(folder), *named, *words], check=True, capture_output=True)


def test_a_commit_and_changes_after_it(repository: Path) -> None:
    revision, subject = git.parse_head(run(git.head(str(repository), None)).stdout)
    assert (len(revision), subject) == (40, "it's: first")
    assert run(git.status(str(repository), None)).stdout == ""
    (repository / "untracked.py").touch()
    assert run(git.status(str(repository), None)).stdout == ""
    (repository / "app.py").write_text("two")
    assert "app.py" in run(git.status(str(repository), None)).stdout


def test_a_repository_without_a_commit_and_no_repository(tmp_path: Path) -> None:
    if shutil.which("git") is None:
        pytest.skip("no git")
    assert not run(git.head(str(tmp_path), None)).ok
    do(tmp_path, "init", "-q")
    assert git.parse_head(run(git.head(str(tmp_path), None)).stdout) == ("", "")


def test_programs_that_a_repository_names_are_not_run(repository: Path) -> None:
    marker = repository.parent / f"{repository.name}-ran"
    program = repository / ".git" / "program"
    program.write_text(f"#!/bin/sh\ntouch {marker}\n")
    program.chmod(0o755)
    for key in ("core.fsmonitor", "core.pager", "gpg.program", "core.sshCommand", "core.editor"):
        do(repository, "config", key, str(program))
    do(repository, "config", "log.showSignature", "true")
    do(repository, "config", "core.hooksPath", str(repository / ".git"))
    # Objects that are missing would be fetched from a promisor remote, whose program is anybody's.
    for key, value in (("url", f"ext::{program}"), ("promisor", "true"), ("uploadpack", str(program))):
        do(repository, "config", f"remote.origin.{key}", value)
    do(repository, "config", "protocol.allow", "always")
    do(repository, "config", "extensions.partialClone", "origin")
    (repository / "app.py").write_text("two")
    assert run(git.head(str(repository), None)).ok
    assert "app.py" in run(git.status(str(repository), None)).stdout
    for path in (repository / ".git" / "objects").glob("??/*"):
        path.unlink()
    assert git.parse_head(run(git.head(str(repository), None)).stdout) == ("", "")
    run(git.status(str(repository), None))
    assert not marker.exists()
