"""collectstatic inside the project's own Python."""

from __future__ import annotations

import os
import shutil
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


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir())


def test_into_the_destination_where_static_root_is_unset(python: str, tmp_path: Path) -> None:
    project = project_with_assets(tmp_path / "site", "print('noise')\n")
    out = write(tmp_path / "collected", {"left-by-an-attempt.txt": ""})
    found = collect(python, project, str(out))
    assert found["ok"] is True, found
    assert (found["copied"], found["unmodified"], found["post_processed"], found["destination"]) == (2, 0, 0, str(out))
    assert ((out / "site.css").read_text(), names(out)) == ("body {}", ["a.txt", "site.css"])


def test_what_earlier_releases_collected_is_kept_as_long_as_they_are_there(python: str, tmp_path: Path) -> None:
    project, static = project_with_assets(tmp_path / "site"), tmp_path / "static"
    static.mkdir()
    assert collect(python, project, str(static / "9"))["kept"] == 0
    (project / "assets" / "a.txt").unlink()
    write(project, {"assets/b.txt": "b", "assets/site.css": "new", "assets/odd\nname.css": "odd"})
    assert collect(python, project, str(static / "10"))["kept"] == 1
    assert names(static / "10") == ["a.txt", "b.txt", "odd\nname.css", "site.css"]
    assert ((static / "10" / "site.css").read_text(), (static / "9" / "site.css").read_text()) == ("new", "body {}")
    assert (static / "10" / "a.txt").samefile(static / "9" / "a.txt"), "shared, not copied"
    shutil.rmtree(static / "9")
    (static / "9.list").unlink()
    (project / "assets" / "odd\nname.css").unlink()
    assert collect(python, project, str(static / "11"))["kept"] == 1
    assert names(static / "11") == ["b.txt", "odd\nname.css", "site.css"]


def test_the_newest_of_the_earlier_releases_wins(python: str, tmp_path: Path) -> None:
    project, static = project_with_assets(tmp_path / "site"), tmp_path / "static"
    for number, text in enumerate(("two", "ten"), start=9):
        write(project, {"assets/a.txt": text})
        static.mkdir(exist_ok=True)
        collect(python, project, str(static / str(number)))
    (project / "assets" / "a.txt").unlink()
    collect(python, project, str(static / "11"))
    assert (static / "11" / "a.txt").read_text() == "ten"


def test_a_file_that_has_become_a_folder(python: str, tmp_path: Path) -> None:
    project, static = project_with_assets(tmp_path / "site"), tmp_path / "static"
    static.mkdir()
    collect(python, project, str(static / "1"))
    (project / "assets" / "a.txt").unlink()
    write(project, {"assets/a.txt/inner.txt": "inner"})
    found = collect(python, project, str(static / "2"))
    assert (found["ok"], found["kept"], names(static / "2")) == (True, 0, ["a.txt/inner.txt", "site.css"])
    shutil.rmtree(project / "assets" / "a.txt")
    write(project, {"assets/a.txt": "a"})
    assert collect(python, project, str(static / "3"))["kept"] == 0


def test_a_release_that_serves_already_loses_nothing(python: str, tmp_path: Path) -> None:
    project, out = project_with_assets(tmp_path / "site"), tmp_path / "7"
    collect(python, project, str(out), again=True)
    (project / "assets" / "a.txt").unlink()
    write(project, {"assets/b.txt": "b"})
    assert collect(python, project, str(out), again=True)["unmodified"] == 1
    assert names(out) == ["a.txt", "b.txt", "site.css"]


def test_a_failure_leaves_no_half_of_a_release(python: str, tmp_path: Path) -> None:
    project, out = project_with_assets(tmp_path / "site", MANIFEST, css="a { background: url('gone.png') }"), tmp_path / "7"
    assert collect(python, project, str(out))["ok"] is False
    assert not out.exists()
    write(out, {"served.css": "served"})
    assert collect(python, project, str(out), again=True)["ok"] is False
    assert (out / "served.css").exists()


def test_files_of_static_root_get_a_second_name_in_the_destination(python: str, tmp_path: Path) -> None:
    project = project_with_assets(tmp_path / "site", "STATIC_ROOT = 'collected'\n")
    write(project, {"collected/by-hand.txt": "mine", "collected/by-hand.txt.gz": "packed"})
    out = tmp_path / "7"
    found = collect(python, project, str(out))
    assert (found["copied"], found["destination"]) == (2, str(project / "collected"))
    assert names(out) == names(project / "collected") == ["a.txt", "by-hand.txt", "by-hand.txt.gz", "site.css"]
    assert (out / "by-hand.txt").samefile(project / "collected" / "by-hand.txt")
    assert not (out / "by-hand.txt.gz").samefile(project / "collected" / "by-hand.txt.gz")
    later = (out / "site.css").stat().st_mtime + 10
    os.utime(write(project, {"assets/site.css": "new"}) / "assets" / "site.css", (later, later))
    assert collect(python, project, str(tmp_path / "8"))["copied"] == 1
    assert ((out / "site.css").read_text(), (tmp_path / "8" / "site.css").read_text()) == ("body {}", "new")
    assert collect(python, project, str(out), again=True)["ok"] is True
    assert (out / "site.css").read_text() == "new"


def test_links_in_static_root_lead_where_they_led(python: str, tmp_path: Path) -> None:
    project = project_with_assets(tmp_path / "site", "STATIC_ROOT = 'collected'\n")
    write(project, {"shared/x.txt": "x", "collected/sub/y.txt": "y"})
    (project / "collected" / "folder").symlink_to("../shared")
    (project / "collected" / "sub" / "file.txt").symlink_to("../../shared/x.txt")
    (project / "collected" / "sub" / "broken").symlink_to("nowhere")
    collect(python, project, str(tmp_path / "7"))
    assert (tmp_path / "7" / "folder" / "x.txt").read_text() == "x"
    assert (tmp_path / "7" / "sub" / "file.txt").read_text() == "x"


def test_what_grows_while_the_site_serves_is_linked_to(python: str, tmp_path: Path) -> None:
    settings = (
        "STATIC_ROOT = BASE_DIR / 'collected'\nMEDIA_ROOT = STATIC_ROOT / 'up' / 'media'\nCOMPRESS_ROOT = STATIC_ROOT\n"
    )
    project = project_with_assets(tmp_path / "site", settings + "INSTALLED_APPS += ['compressor']\n")
    write(project, {"compressor/__init__.py": "", "collected/up/media/early.txt": "early"})
    for _ in range(2):
        assert collect(python, project, str(tmp_path / "7"), again=True)["ok"] is True
        write(project, {"collected/CACHE/later.css": "later", "collected/up/media/later.txt": "later"})
        assert (tmp_path / "7" / "up" / "media" / "early.txt").read_text() == "early"
        assert (tmp_path / "7" / "up" / "media" / "later.txt").read_text() == "later"
        assert (tmp_path / "7" / "CACHE" / "later.css").read_text() == "later"


def test_a_static_root_around_the_destination(python: str, tmp_path: Path) -> None:
    project = project_with_assets(tmp_path / "site", "STATIC_ROOT = BASE_DIR.parent / 'all'\n")
    static = tmp_path / "all" / "state" / "static"
    static.mkdir(parents=True)
    for number in ("1", "2"):
        assert collect(python, project, str(static / number))["ok"] is True
        assert names(static / number) == ["a.txt", "site.css"]


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
    static = tmp_path / "static"
    static.mkdir(0o555)
    found = collect(python, project_with_assets(tmp_path / "site"), str(static / "1"))
    assert (found["type"], found["errno"]) == ("PermissionError", 13)
    assert found["path"].startswith(str(static))


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
