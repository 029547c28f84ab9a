"""Django's own checks, run inside the project's own Python."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support.inside_projects import PYTHONS, django_project, run_script, write


@pytest.fixture(params=PYTHONS)
def python(request: pytest.FixtureRequest) -> str:
    return request.param


def checks(python: str, project: Path, **request: Any) -> dict[str, Any]:
    answer, done = run_script("deploy_checks.py", python, project, **request)
    assert answer is not None, done
    return answer


def by_id(answer: dict[str, Any]) -> dict[str, dict[str, Any]]:
    assert answer["ok"], answer
    return {message["id"]: message for message in answer["messages"]}


OWN = """
from django.core.checks import Critical, Error, Info, register

class Odd:
    def __str__(self):
        raise RuntimeError("no name")

@register(deploy=True)
def mine(app_configs, **kwargs):
    found = [Critical("worst", hint="run", id="own.C1"), Info("by the way", id="own.I1")]
    return [*found, Error("odd", obj=Odd(), id="own.E1")]
"""


def test_what_manage_py_check_deploy_says(python: str, tmp_path: Path) -> None:
    project = django_project(tmp_path / "site", "CSRF_TRUSTED_ORIGINS = ['example.com']\nprint('noise')\n")
    found = by_id(checks(python, project))
    assert found["4_0.E001"]["level"] == 40
    assert "scheme" in found["4_0.E001"]["message"]
    assert found["security.W009"]["level"] == 30
    assert "very-secret-key" not in str(found)


def test_checks_of_the_project_itself_count_with_their_levels_and_hints(python: str, tmp_path: Path) -> None:
    project = write(django_project(tmp_path / "site", "import mysite.own\n"), {"mysite/own.py": OWN})
    found = by_id(checks(python, project))
    assert [found[name]["level"] for name in ("own.C1", "own.I1", "own.E1")] == [50, 20, 40]
    assert (found["own.C1"]["hint"], found["own.E1"]["object"]) == ("run", "")


def test_silenced_ones_are_only_named(python: str, tmp_path: Path) -> None:
    project = django_project(tmp_path / "site", "SILENCED_SYSTEM_CHECKS = ['security.W009']\n")
    answer = checks(python, project)
    assert "security.W009" not in by_id(answer)
    assert answer["silenced"] == ["security.W009"]


def test_a_check_that_breaks_is_a_failure_and_not_silence(python: str, tmp_path: Path) -> None:
    own = "from django.core.checks import register\n@register\ndef mine(app_configs, **kwargs):\n    1 / 0\n"
    project = write(django_project(tmp_path / "site", "import mysite.own\n"), {"mysite/own.py": own})
    answer = checks(python, project)
    assert (answer["ok"], answer["stage"], answer["type"]) == (False, "checks", "ZeroDivisionError")
    assert answer["file"].endswith("own.py")


def test_a_check_that_hangs_is_told_as_one(python: str, tmp_path: Path) -> None:
    own = (
        "import threading\nfrom django.core.checks import register\n"
        "@register\ndef mine(app_configs, **kwargs):\n    threading.Event().wait()\n"
    )
    project = write(django_project(tmp_path / "site", "import mysite.own\n"), {"mysite/own.py": own})
    answer = checks(python, project, timeout_s=8)
    assert (answer["ok"], answer["stage"]) == (False, "checks")
