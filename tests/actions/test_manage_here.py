"""How manage.py is called from where the user stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from portico.actions.manage_here import manage_here, not_in_shell
from portico.model.origin import Origin
from portico.model.plan import Plan
from support.plans import make_plan

OF_MANAGE = Origin("detected", "manage.py")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("DJANGO_SETTINGS_MODULE", raising=False)
    folder = tmp_path / "my site"
    folder.mkdir()
    (folder / "manage.py").touch()
    return folder


def plan_of(project: Path, origin: Origin = OF_MANAGE) -> Plan:
    return make_plan(str(project), origins={"settings": origin})


def test_from_the_folder_itself_and_from_elsewhere(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python = f"'{project}/.venv/bin/python'"
    assert manage_here(plan_of(project), "", "migrate") == f"cd '{project}' && {python} manage.py migrate"
    monkeypatch.chdir(project)
    assert manage_here(plan_of(project), "", "migrate") == f"{python} manage.py migrate"


def test_root_becomes_the_account_of_the_application(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    command = manage_here(plan_of(project), "ana", "migrate")
    assert command == f"runuser -u ana -- '{project}/.venv/bin/python' manage.py migrate"


@pytest.mark.parametrize(
    ("origin", "shell", "named"),
    [
        (OF_MANAGE, "", False),
        (Origin("file", "settings in portico.toml"), "", True),
        (Origin("flag", "--settings"), "", True),
        (Origin("detected", ".env"), "", True),
        (Origin("environment", "DJANGO_SETTINGS_MODULE"), "destiny.settings", False),
        (Origin("file", "settings in portico.toml"), "destiny.settings_test", True),
    ],
)
def test_settings_are_named_where_manage_py_would_not_take_them(
    project: Path, monkeypatch: pytest.MonkeyPatch, origin: Origin, shell: str, named: bool
) -> None:
    if shell:
        monkeypatch.setenv("DJANGO_SETTINGS_MODULE", shell)
    assert manage_here(plan_of(project, origin), "", "migrate").endswith(" --settings destiny.settings") is named


def test_a_project_without_manage_py_is_called_through_django(project: Path) -> None:
    (project / "manage.py").unlink()
    command = manage_here(plan_of(project), "", "migrate")
    assert command.endswith("python' -m django migrate --settings destiny.settings --pythonpath .")


def test_what_the_shell_has_otherwise_is_named_without_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAME", "1")
    site = {"SAME": "1", "DATABASE_URL": "postgresql://a:b@c/d", "HOME": "/other", "DJANGO_SETTINGS_MODULE": "a"}
    assert not_in_shell(site) == ("DATABASE_URL",)
