"""Examine a project as the doctor does, as ourselves or as an account that may not do everything."""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import django
import pytest

from portico.hops.wsgi.examination import Examination, parse
from support.inside_projects import INSIDE, PYTHONS, clean_environ

STRANGER = "nobody"


def answer(
    project: Path,
    environ: dict[str, str] | None = None,
    python: str = PYTHONS[0],
    user: str | None = None,
    script: Path = INSIDE / "examine_project.py",
    **request: Any,
) -> tuple[dict[str, Any] | None, subprocess.CompletedProcess[str]]:
    """The raw answer and what the process did. The module is `mysite.wsgi` where the request names none."""
    folder = project.parent / f"{project.name}-asked"
    folder.mkdir(exist_ok=True)
    if user:
        os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
    full = {
        "out": str(folder / "answer.json"),
        "project": str(project),
        "module": "" if request.get("file") else "mysite.wsgi",
        "file": "",
        "callable": "application",
        "python_path": [str(project)],
        "settings": "",
        "path": "/",
        "host": "example.com",
        "method": "GET",
        "timeout_s": 20,
        **request,
    }
    (folder / "request.json").write_text(json.dumps(full), encoding="utf-8")
    out = Path(full["out"])
    out.unlink(missing_ok=True)
    account: dict[str, Any] = {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []} if user else {}
    done = subprocess.run(
        [python, str(script), str(folder / "request.json")],
        cwd=project,
        env=clean_environ(**(environ or {})),
        capture_output=True,
        text=True,
        timeout=60,
        stdin=subprocess.DEVNULL,
        check=False,
        **account,
    )
    return (json.loads(out.read_text(encoding="utf-8")) if out.exists() else None), done


def examine(project: Path, environ: dict[str, str] | None = None, **request: Any) -> Examination:
    found, done = answer(project, environ, **request)
    assert found is not None, done
    return parse(found)


@dataclass(frozen=True)
class Stranger:
    """An account that permissions hold for (`user` None: ourselves), and a Python with Django that it can run."""

    user: str | None
    python: str
    environ: dict[str, str]

    def examine(self, project: Path, environ: dict[str, str] | None = None, **request: Any) -> Examination:
        found, done = answer(project, {**self.environ, **(environ or {})}, self.python, self.user, **request)
        assert found is not None, done
        return parse(found)


@contextlib.contextmanager
def stranger() -> Iterator[tuple[Stranger, Path]]:
    """The account, and a folder that it can reach (those of pytest are closed). Skips where root finds none."""
    with tempfile.TemporaryDirectory(prefix="portico-test-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield _stranger(folder), folder


def _stranger(folder: Path) -> Stranger:
    if os.geteuid() != 0:
        return Stranger(None, sys.executable, {})
    packages = str(Path(django.__file__).parent.parent)
    looks = f"import django, os, sqlite3; os.listdir({str(folder)!r}); open({str(INSIDE / 'loading.py')!r})"
    for python in (sys.executable, "/usr/bin/python3"):
        for environ in ({}, {"PYTHONPATH": packages}):
            with contextlib.suppress(OSError):
                seen = subprocess.run(
                    [python, "-c", looks],
                    env=clean_environ(**environ),
                    cwd="/",
                    user=STRANGER,
                    extra_groups=[],
                    capture_output=True,
                    check=False,
                )
                if seen.returncode == 0:
                    return Stranger(STRANGER, python, environ)
    pytest.skip(f"{STRANGER} can run no Python with Django here")


@contextlib.contextmanager
def mode(path: Path, bits: int) -> Iterator[None]:
    """The permissions of a path for a while."""
    before = path.stat().st_mode
    path.chmod(bits)
    try:
        yield
    finally:
        path.chmod(before)


def contents(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Every file below a folder, with what is in it and when it was last changed (ns)."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}
