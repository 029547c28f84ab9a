"""collectstatic inside the project's own Python."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from support.inside_projects import MANAGE, PYTHONS, django_project, run_script, write

MANIFEST = (
    "STORAGES = {'default': {'BACKEND': 'django.core.files.storage.FileSystemStorage'}, "
    "'staticfiles': {'BACKEND': 'django.contrib.staticfiles.storage.ManifestStaticFilesStorage'}}\n"
)
DIRS = "STATICFILES_DIRS = [BASE_DIR / 'assets']\n"


@pytest.fixture(params=PYTHONS)
def python(request: pytest.FixtureRequest) -> str:
    return request.param


def collect(python: str, project: Path, destination: str = "", **request: Any) -> dict[str, Any]:
    answer, done = run_script("collect_static.py", python, project, destination=destination, **request)
    assert answer is not None, done
    return answer


def project_with_assets(folder: Path, settings: str = "", css: str = "body {}") -> Path:
    return write(django_project(folder, DIRS + settings), {"assets/site.css": css, "assets/a.txt": "a"})


def test_into_the_destination_where_static_root_is_unset(python: str, tmp_path: Path) -> None:
    project = project_with_assets(tmp_path / "site", "print('noise')\n")
    out = tmp_path / "collected"
    found = collect(python, project, str(out))
    assert found["ok"] is True, found
    assert (found["copied"], found["unmodified"], found["post_processed"], found["destination"]) == (2, 0, 0, str(out))
    assert (out / "site.css").read_text() == "body {}"
    assert (project / "assets" / "a.txt").unlink() is None
    again = collect(python, project, str(out))
    assert (again["copied"], again["unmodified"]) == (0, 1)
    assert (out / "a.txt").exists(), "nothing is cleared"


def test_static_root_of_the_project_wins(python: str, tmp_path: Path) -> None:
    project = project_with_assets(tmp_path / "site", "STATIC_ROOT = 'collected'\n")
    found = collect(python, project, str(tmp_path / "unused"))
    assert (found["copied"], found["destination"]) == (2, str(project / "collected"))
    assert not (tmp_path / "unused").exists()


def test_manifest_storage(python: str, tmp_path: Path) -> None:
    project = project_with_assets(tmp_path / "site", MANIFEST)
    found = collect(python, project, str(tmp_path / "out"))
    assert (found["ok"], found["copied"], found["post_processed"]) == (True, 2, 2)
    assert (tmp_path / "out" / "staticfiles.json").exists()


def test_manifest_storage_with_a_reference_to_nothing(python: str, tmp_path: Path) -> None:
    project = project_with_assets(tmp_path / "site", MANIFEST, css="body { background: url('gone.png') }")
    found = collect(python, project, str(tmp_path / "out"))
    assert (found["ok"], found["stage"]) == (False, "collect")
    assert "gone.png" in found["message"]
    assert any("site.css" in line for line in found["output"])


def test_settings_that_know_the_command(python: str, tmp_path: Path) -> None:
    settings = "import os, sys\nif 'collectstatic' not in sys.argv:\n    os.environ['NEEDED_TO_SERVE']\n"
    assert collect(python, project_with_assets(tmp_path / "site", settings), str(tmp_path / "out"))["ok"] is True


def test_what_manage_py_prepares_is_there(python: str, tmp_path: Path) -> None:
    project = project_with_assets(tmp_path / "site", "import os\nos.environ['FROM_MANAGE']\n")
    write(project, {"manage.py": "import os\nos.environ['FROM_MANAGE'] = '1'\n" + MANAGE})
    assert collect(python, project, str(tmp_path / "out"), settings="mysite.settings")["ok"] is True


def test_a_command_of_the_projects_own(python: str, tmp_path: Path) -> None:
    command = (
        "from django.contrib.staticfiles.management.commands.collectstatic import Command as Base\n"
        "class Command(Base):\n    def collect(self):\n"
        "        self.stdout.write('own command')\n        return super().collect()\n"
    )
    project = project_with_assets(tmp_path / "site", "INSTALLED_APPS = ['mysite'] + INSTALLED_APPS\n")
    packages = {f"mysite/{name}/__init__.py": "" for name in ("management", "management/commands")}
    write(project, {**packages, "mysite/management/commands/collectstatic.py": command})
    found = collect(python, project, str(tmp_path / "out"))
    assert (found["ok"], found["copied"], found["output"]) == (True, 2, ["own command"])


def test_without_the_staticfiles_application(python: str, tmp_path: Path) -> None:
    project = django_project(tmp_path / "site", "INSTALLED_APPS = []\n")
    found = collect(python, project, str(tmp_path / "out"))
    assert (found["stage"], found["type"]) == ("collect", "NoCommand")


def test_nowhere_to_put_the_files(python: str, tmp_path: Path) -> None:
    found = collect(python, project_with_assets(tmp_path / "site"))
    assert (found["stage"], found["type"]) == ("collect", "ImproperlyConfigured")
    assert "STATIC_ROOT" in found["message"]


def test_a_destination_that_cannot_be_made(python: str, tmp_path: Path) -> None:
    write(tmp_path, {"file": ""})
    found = collect(python, project_with_assets(tmp_path / "site"), str(tmp_path / "file" / "out"))
    assert (found["ok"], found["errno"]) == (False, 20)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_destination_that_may_not_be_written(python: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir(0o555)
    found = collect(python, project_with_assets(tmp_path / "site"), str(out))
    assert (found["type"], found["errno"]) == ("PermissionError", 13)
    assert found["path"].startswith(str(out))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_full_disk(python: str, tmp_path: Path) -> None:
    storage = (
        "from django.contrib.staticfiles.storage import StaticFilesStorage\n"
        "class Full(StaticFilesStorage):\n    def _save(self, name, content):\n"
        "        with open('/dev/full', 'wb', buffering=0) as file:\n            file.write(b'x')\n"
    )
    setting = MANIFEST.replace("django.contrib.staticfiles.storage.ManifestStaticFilesStorage", "mysite.full.Full")
    project = write(project_with_assets(tmp_path / "site", setting), {"mysite/full.py": storage})
    found = collect(python, project, str(tmp_path / "out"))
    assert (found["type"], found["errno"]) == ("OSError", 28)


def test_settings_that_fail(python: str, tmp_path: Path) -> None:
    found = collect(python, django_project(tmp_path / "site", "import absent_package\n"), str(tmp_path / "out"))
    assert (found["stage"], found["missing_module"]) == ("settings", "absent_package")
