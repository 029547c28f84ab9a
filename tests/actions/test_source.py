"""Which code a release is made of."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from portico.actions.source import Source, source_of
from portico.model.site import StaticMap
from support.plans import make_plan
from support.stack import ROOT


@pytest.fixture
def project() -> Iterator[Path]:
    """In a folder that every account may enter: another run of pytest closes those of pytest again."""
    with tempfile.TemporaryDirectory(prefix="source-") as name:
        Path(name).chmod(0o755)
        folder = Path(name).resolve() / "project"
        folder.mkdir()
        (folder / "app.py").write_text("one")
        yield folder


def seen(project: Path, *maps: StaticMap) -> Source:
    plan = make_plan(str(project), site={"directory": str(project), "python_path": (str(project),), "maps": maps})
    python = replace(plan.interpreter, executable=str(project / ".venv" / "bin" / "python"))
    return source_of(project, plan.site, python)


def test_code_and_installed_packages_count_and_data_does_not(project: Path) -> None:
    before = seen(project)
    assert (before.files, before.revision, before.dirty) == (1, "", False)
    for name in ("portico.toml", "db.sqlite3", "data.json", ".portico/state.json", "uploads/page.html", "collected/x.css"):
        (project / name).parent.mkdir(exist_ok=True)
        (project / name).write_text("x")
    maps = (
        StaticMap("/media/", f"{project}/uploads/", "media"),
        StaticMap("/static/", "/elsewhere/", "static", source=f"{project}/collected"),
    )
    assert seen(project, *maps) == before
    (project / "app.py").write_text("two")
    changed = seen(project, *maps)
    assert changed.digest != before.digest
    packages = project / ".venv" / "lib" / "python3.11" / "site-packages"
    packages.mkdir(parents=True)
    (project / ".venv" / "pyvenv.cfg").touch()
    (packages / "django-5.2.dist-info").mkdir()
    installed = seen(project, *maps)
    assert installed.digest != changed.digest
    (packages / "django-5.2.dist-info").rename(packages / "django-5.2.1.dist-info")
    assert seen(project, *maps).digest != installed.digest


def test_a_project_that_is_gone_is_an_empty_one(project: Path) -> None:
    shutil.rmtree(project)
    assert seen(project).files == 0


@pytest.mark.skipif(shutil.which("git") is None, reason="no git")
@pytest.mark.parametrize("account", ["ours", pytest.param("nobody", marks=pytest.mark.skipif(not ROOT, reason="only root"))])
def test_the_commit_of_a_repository_whoever_owns_it(project: Path, account: str) -> None:
    named = ("-c", "user.name=n", "-c", "user.email=e@example.com", "-c", "commit.gpgsign=false")
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "first"]):
        subprocess.run(["git", "-C", str(project), *named, *words], check=True)
    if account == "nobody":
        owner = pwd.getpwnam("nobody")
        for path in (project, *project.rglob("*")):
            os.chown(path, owner.pw_uid, owner.pw_gid)
    found = seen(project)
    assert (len(found.revision), found.subject, found.dirty) == (40, "first", False)
    (project / "app.py").write_text("two")
    again = seen(project)
    assert (again.revision, again.dirty) == (found.revision, True)
    assert again.digest != found.digest
