from __future__ import annotations

import sys
from pathlib import Path

import pytest

from portico.hops.wsgi.checks import check
from portico.hops.wsgi.facts import CallableFacts, InspectFailure, parse
from portico.hops.wsgi.kinds import DEAD_THREADS
from portico.model.plan import Uwsgi
from support.inside_projects import URLS, django_project, inspect


def test_a_real_answer(tmp_path: Path) -> None:
    seen = parse(inspect(sys.executable, django_project(tmp_path)))
    assert seen.framework == "django"
    assert seen.failure is None
    assert seen.python is not None
    assert (seen.python.executable, seen.python.version) == (sys.executable, f"3.{sys.version_info[1]}")
    assert seen.python.uwsgi is not None
    assert seen.python.uwsgi.kind == "pyuwsgi"
    place = CallableFacts("mysite.wsgi", "", "application", "django.core.handlers.wsgi.WSGIHandler", "wsgi")
    assert seen.callable == place
    assert seen.django is not None
    assert seen.django["settings"] == "mysite.settings"


def test_a_real_failure(tmp_path: Path) -> None:
    seen = parse(inspect(sys.executable, django_project(tmp_path, "import absent_package\n")))
    assert seen.failure is not None
    assert (seen.failure.stage, seen.failure.type, seen.failure.missing_module) == (
        "settings",
        "ModuleNotFoundError",
        "absent_package",
    )
    settings = tmp_path / "mysite" / "settings.py"
    assert seen.failure.place == f"{settings}:{len(settings.read_text().splitlines())}"
    assert seen.failure.traceback[-1] == "ModuleNotFoundError: No module named 'absent_package'"


@pytest.mark.parametrize("daemon", [True, False])
def test_threads_started_by_the_import(tmp_path: Path, daemon: bool) -> None:
    start = f"threading.Thread(target=threading.Event().wait, name='scheduler', daemon={daemon}).start()"
    urls = f"import threading\n{start}\n{URLS}"
    seen = parse(inspect(sys.executable, django_project(tmp_path, urls=urls)))
    (finding,) = check(seen)
    assert (finding.id, finding.evidence) == (DEAD_THREADS.id, ("thread scheduler",))
    assert check(parse(inspect(sys.executable, django_project(tmp_path / "calm")))) == []


def test_the_least_that_can_arrive() -> None:
    assert parse({}).failure == InspectFailure("", "", "")
    python = {"version": "3.12", "executable": "/p", "uwsgi": {"kind": "binary", "path": "/u"}}
    seen = parse({"ok": True, "python": python})
    assert seen.python is not None
    assert seen.python.uwsgi == Uwsgi("binary", "/u", "")
    assert parse({"ok": True, "python": {**python, "uwsgi": None}}).python is not None
