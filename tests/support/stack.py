"""A real stack for tests: run the command line as a user would, and never leave a process behind."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from support.forked import Commands, Started

T = TypeVar("T")
ROOT = os.geteuid() == 0
COMMANDS = Commands()


@dataclass(frozen=True)
class Ran:
    """What one call of the command line did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        return json.loads(self.out)

    @property
    def ids(self) -> list[str]:
        return [finding["id"] for finding in self.json["findings"]]

    @property
    def result(self) -> dict[str, Any]:
        return self.json["result"]


@dataclass(frozen=True)
class Answer:
    """An HTTP answer; header names are lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class Project:
    """A project folder and its stack."""

    folder: Path
    environ: dict[str, str] = field(default_factory=dict)
    url: str = ""

    def portico(self, *arguments: str, environ: Mapping[str, str] | None = None, timeout: float = 120) -> Ran:
        """Run `portico -C FOLDER ...`."""
        done = COMMANDS.run(["-C", str(self.folder), *arguments], self._environ(environ), timeout)
        assert "Traceback (most recent call last)" not in done.stderr or "cause" in done.stderr, done.stderr
        return Ran(done.returncode, done.stdout, done.stderr)

    def start(self, *arguments: str) -> Started:
        """Begin the same and go on meanwhile; whoever starts it waits for its end with `communicate`."""
        return COMMANDS.start(["-C", str(self.folder), *arguments], self._environ())

    def _environ(self, environ: Mapping[str, str] | None = None) -> dict[str, str]:
        return {**clean_environ(), **self.environ, **(environ or {})}

    def up(self, *arguments: str, **kwargs: Any) -> Ran:
        """`up -d --listen auto --json`, with the permission root needs for files of its own."""
        flags = ["--allow-root-app"] if ROOT else []
        ran = self.portico("up", "-d", "--json", "--listen", "auto", *flags, *arguments, **kwargs)
        if ran.code in (0, 1) and ran.result.get("url"):
            self.url = ran.result["url"]
        return ran

    def status(self) -> Ran:
        return self.portico("status", "--json")

    def hop(self, name: str) -> dict[str, Any]:
        return next(hop for hop in self.status().result["hops"] if hop["hop"] == name)

    def get(self, path: str, method: str = "GET", body: bytes | None = None, timeout: float = 20, **headers: str) -> Answer:
        """One request with `Host: localhost`; header names are written with underscores for dashes."""
        port = int(self.url.rsplit(":", 1)[1].strip("/"))
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
        try:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body=body, headers={"Host": "localhost", **named})
            response = connection.getresponse()
            data = response.read()
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, data)
        finally:
            connection.close()

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path


def clean_environ() -> dict[str, str]:
    """The environment without what the developer's shell happens to set for Django or Portico."""
    dropped = ("DJANGO_SETTINGS_MODULE", "VIRTUAL_ENV", "PYTHONPATH", "DATABASE_URL")
    return {name: value for name, value in os.environ.items() if name not in dropped}


def until(condition: Callable[[], T], timeout: float = 20, what: str = "") -> T:
    """Wait for a condition; fails with `what` when it never comes true. It is asked once more after its time is over: it or
    we may have been held up meanwhile."""
    deadline = time.monotonic() + timeout
    while True:
        is_last = time.monotonic() >= deadline
        reason: Exception | None = None
        try:
            if answer := condition():
                return answer
        except (OSError, http.client.HTTPException) as error:
            reason = error
        if is_last:
            raise AssertionError(f"never came true: {what or condition}") from reason
        time.sleep(0.02)


def start_project(folder: Path, name: str = "mysite", allowed: str = "['localhost', '127.0.0.1']") -> Path:
    """A fresh `django-admin startproject`, with DEBUG off and hosts allowed, as for production."""
    for path, (text, mode) in _started(name).items():
        made = folder / path
        made.parent.mkdir(parents=True, exist_ok=True)
        made.write_text(text)
        made.chmod(mode)
    settings = folder / name / "settings.py"
    text = (
        settings.read_text()
        .replace("DEBUG = True", "DEBUG = False")
        .replace("ALLOWED_HOSTS = []", f"ALLOWED_HOSTS = {allowed}")
    )
    settings.write_text(text)
    return folder


@cache
def _started(name: str) -> dict[str, tuple[str, int]]:
    """The text and the mode of each file that Django makes; it makes them once in a session."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "django", "startproject", name, "."]
        subprocess.run(command, cwd=folder, check=True, timeout=60, env=clean_environ())
        made = [path for path in Path(folder).rglob("*") if path.is_file()]
        return {str(path.relative_to(folder)): (path.read_text(), path.stat().st_mode & 0o777) for path in made}


def processes_of(folder: Path) -> list[str]:
    """Command lines of live processes that mention the folder or work in it."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            here = str((entry / "cwd").readlink())
            state = (entry / "stat").read_text().rsplit(")", 1)[1].split()[0]
        except OSError:
            continue
        if state != "Z" and "portico" in command + here and (str(folder) in command or here == str(folder)):
            found.append(f"{entry.name}: {command}")
    return found


def remove(project: Project) -> None:
    """Stop whatever runs for a project; the test fails if something survives."""
    ran = project.portico("down", "--json")
    assert ran.code == 0, ran.err + ran.out
    left = project.status().result
    assert not left["running"], left
    if ROOT:
        for base in ("/var/lib/portico", "/run/portico"):
            for path in Path(base).glob("*"):
                link = project.folder / ".portico" / "conf"
                if link.is_symlink() and link.readlink().parent == path:
                    shutil.rmtree(path, ignore_errors=True)
